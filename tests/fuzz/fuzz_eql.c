/* fuzz_eql.c - any text as an EQL query. */
#include "tests/fuzz/query_target.h"

QUERY_TARGET("eql")

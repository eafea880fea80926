/* fuzz_esql.c - any text as an ES|QL query. */
#include "tests/fuzz/query_target.h"

QUERY_TARGET("esql")

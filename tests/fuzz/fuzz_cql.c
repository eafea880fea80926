/* fuzz_cql.c - any text as a LogScale query. */
#include "tests/fuzz/query_target.h"

QUERY_TARGET("cql")

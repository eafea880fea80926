/* fuzz_kql.c - any text as a KQL query. */
#include "tests/fuzz/query_target.h"

QUERY_TARGET("kql")

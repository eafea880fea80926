/* fuzz_spl.c - any text as a Splunk search. */
#include "tests/fuzz/query_target.h"

QUERY_TARGET("spl")

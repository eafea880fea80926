/* fuzz_lucene.c - any text as a Lucene query. */
#include "tests/fuzz/query_target.h"

QUERY_TARGET("lucene")

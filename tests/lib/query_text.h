/* query_text.h - a query as text in; readable formula, messages or verdicts on an event out.
 *
 * So that tables can be read, a ' in queries and events stands for a ", and \1 for a ' (which the
 * languages hardly have).
 */
#ifndef WEIR_TESTS_LIB_QUERY_TEXT_H
#define WEIR_TESTS_LIB_QUERY_TEXT_H

#include "base/arena.h"
#include "base/base.h"

/* The dumped formula (rule/dump.h), " ! line:col: text" for each warning; or "status: line:col:
 * text; line:col: text". */
struct str query_document(struct arena *a, const char *language, const char *query);

/* Does the query match the event? Asked of the reference and of the compiled matcher, which must
 * agree; a query that does not load fails the test. */
bool query_fires(const char *language, const char *query, const char *json);

#endif

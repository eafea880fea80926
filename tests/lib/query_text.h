/* query_text.h - a query as text in; readable formula, messages or verdicts on an event out.
 *
 * So that tables can be read, a ' in queries and events stands for a ", and \1 for a ' (which the
 * languages hardly have). Addresses have places: 192.0.2.x is in Berlin (52.5 north), 198.51.100.x
 * in the United States, all others are unknown.
 */
#ifndef WEIR_TESTS_LIB_QUERY_TEXT_H
#define WEIR_TESTS_LIB_QUERY_TEXT_H

#include "base/arena.h"
#include "base/base.h"
#include "rule/rule.h"

/* `owners`: WEB1, db1, web1, bare, case aside, with a column `owner` (alice, bob, carol, none)
 * beside the entries' own, `host`; `patterns`: the same as patterns; `assets`: Get, x, y, as they
 * are written, with a column `risk` (7, 1, none) beside `a`. */
extern const struct list_source QUERY_TEST_LISTS;
#include "base/buf.h"

/* The dumped formula (rule/dump.h), " ! line:col: text" for each warning; or "status: line:col:
 * text; line:col: text". */
struct str query_document(struct arena *a, const char *language, const char *query);

/* A row of a table: what query_document() must say of the query. */
struct query_row {
    const char *query, *out;
};
void query_check(const char *language, const struct query_row *rows, size_t n);

/* The first thing that is said of a query, quotes as they are: "status: line:col: text", or "ok".
 */
struct str query_verdict(struct arena *a, const char *language, const char *query);
/* `out` is the whole verdict. */
void query_verdicts_check(const char *language, const struct query_row *rows, size_t n);

/* Fails unless what query_document() says of the text begins so; start NULL: unless it is a
 * formula. Releases the text. */
void query_check_limit(const char *language, struct buf *text, const char *start);

/* before, n times what, after. The caller releases it. */
struct buf query_repeated(const char *before, const char *what, size_t n, const char *after);

/* Does the query match the event? Asked of the reference and of the compiled matcher, which must
 * agree; a query that does not load fails the test. */
bool query_fires(const char *language, const char *query, const char *json);

/* The same of a query as it is (quotes are not changed), on several events: into fires. What the
 * query is refused for, or the empty text. */
struct str query_fires_each(struct arena *a, const char *language, struct str query,
                            const struct str *events, size_t n, bool *fires);

/* A row of a table of meanings. */
struct query_case {
    const char *query, *event;
    bool fires;
};
void query_cases_check(const char *language, const struct query_case *cases, size_t n);

struct query_pair_counts {
    unsigned n_bad; /* queries that do not load */
    unsigned n_verdicts, n_matches;
};

/* The same of a query as it is, on several events: an engine that disagrees fails the test. */
void query_engines_agree(const char *language, struct str query, const struct str *events, size_t n,
                         struct query_pair_counts *counts);

#endif

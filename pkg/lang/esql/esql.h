/* esql.h - the ES|QL front end: the subset of pipelines that detection rules use.
 *
 *     FROM logs-* | WHERE a == "x" | EVAL b = TO_LOWER(c) | STATS n = COUNT(*) BY user.name | WHERE
 * n > 5
 *
 * FROM, WHERE, EVAL, KEEP, DROP, RENAME, MV_EXPAND, GROK, DISSECT, STATS ... BY, SORT and LIMIT
 * (which say nothing about a stream), INLINE STATS. Others are refused by name: LOOKUP JOIN,
 * ENRICH, COMPLETION, FORK ... Sources of the meaning: Elastic's documentation of ES|QL; facts
 * only. Inside the folder:
 *
 *     lex.c         text to tokens with places
 *     expression.c  conditions and values, by precedence, straight to the builder (lang/pipe)
 *     function.c    functions by name
 *     command.c     the steps
 *     stats.c       STATS: aggregates and keys; inline.c: INLINE STATS, with the rows beside them
 *     grok.c        GROK's and DISSECT's patterns as regexes
 *
 * Three-valued: a comparison with null is null, and so is one with a field of several values.
 * @timestamp is the event's time; NOW() is the time at which a group is judged. In a filter about
 * single events a lower bound by NOW() is always met: events come when they happen.
 *
 * Memory   as query.h.
 */
#ifndef WEIR_LANG_ESQL_ESQL_H
#define WEIR_LANG_ESQL_ESQL_H

#include "base/base.h"
#include "lang/query.h"

/* The query as `rule`. options may be NULL. False: see scope->diag. */
bool esql_load(struct query_scope *s, struct str query, const struct query_options *options,
               struct rule *rule);

#endif

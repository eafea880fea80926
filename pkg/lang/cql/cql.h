/* cql.h - the LogScale front end: queries of CrowdStrike's query language, to the rule IR.
 *
 *     #event_simpleName=ProcessRollup2 | FileName=/^(?<tool>psexec|wmic)/i
 *     | groupBy([ComputerName, tool], function=count(as=n)) | n > 5
 *
 * Sources of the meaning: CrowdStrike's grammar guide and function pages; facts only
 * (docs/languages.md has the readings). Inside the folder:
 *
 *     scan.c        words, quoted texts, regexes, places
 *     argument.c    what stands between a function's parentheses
 *     filter.c      filters: OR before AND, patterns, regexes, free text
 *     expression.c  what stands behind := and inside test()
 *     condition.c   functions that say yes or no; value.c: those that make a value
 *     step.c        the steps between the bars, case, match, names
 *     group.c       groupBy and its like
 *     header.c      what the first comments say
 *     document.c    files of LogScale's packages: queries, alerts, dashboards
 *
 * Each step is one of lang/pipe. What CrowdStrike's own grammar refuses and what its meaning can be
 * told of is taken all the same, with a warning for each such production, unless the rule says
 * `strict: true` (the lenient dialect). A query that needed one of them takes a missing field of
 * groupBy() as the empty text; strictly its events are in no group.
 *
 * Memory   as query.h.
 * Limits   QUERY_DEPTH_MAX, QUERY_VALUES_MAX, CQL_ARGUMENTS_MAX; those of lang/pipe.
 */
#ifndef WEIR_LANG_CQL_CQL_H
#define WEIR_LANG_CQL_CQL_H

#include "doc/doc.h"
#include "lang/query.h"

enum { CQL_ARGUMENTS_MAX = 64 /* of one call */ };

/* A value that a query's ?name stands for, where nobody gives another one. */
struct cql_parameter {
    struct str name, value;
};

/* A query as the formula of `rule`. options may be NULL. */
bool cql_load(struct query_scope *s, struct str query, const struct query_options *options,
              struct rule *rule);

#endif

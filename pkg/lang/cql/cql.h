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
 *     column.c      fields and columns by their names
 *     capture.c     regexes and their named groups
 *     filter.c      filters: OR before AND, patterns, regexes, free text
 *     expression.c  what stands behind := and inside test()
 *     condition.c   functions that say yes or no; value.c: those that make a value;
 *                   text.c: some of these; format.c: format()
 *     array.c       functions of arrays
 *     join.c        queries inside a query; selfjoin.c: selfJoinFilter()
 *     correlate.c   correlate()
 *     shown.c       functions that only add what is shown
 *     absent.c      what to write instead of those that are not done
 *     step.c        the steps between the bars, case, match, names
 *     group.c       groupBy and its like; aggregate.c: what they are asked
 *     source.c      queries that have events of their own
 *     header.c      what the first comments say
 *     saved.c       queries that others call; helper.c: those that weir brings along
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
#include "lang/settings.h"

enum { CQL_ARGUMENTS_MAX = 64 /* of one call */ };

enum { CQL_SAVED_DEPTH = 8 /* saved queries inside each other */ };

/* Values that a query's ?names stand for, where nobody gives others. */
struct cql_parameter {
    struct str name, value;
};
struct cql_parameters {
    const struct cql_parameter *items;
    size_t n;
};
struct cql_parameters cql_parameters_copy(struct arena *a, struct cql_parameters p);

/* Queries that others may call by their names. Texts are copied into the arena. */
struct cql_saved;
struct cql_saved *cql_saved_new(struct arena *a);
void cql_saved_add(struct cql_saved *s, struct str name, struct str query);
/* All of `from`. */
void cql_saved_join(struct cql_saved *to, const struct cql_saved *from);

/* A query as the formula of `rule`. options may be NULL. */
bool cql_load(struct query_scope *s, struct str query, const struct query_options *options,
              struct rule *rule);

/* ---- files of packages --------------------------------------------------------------------- */

enum cql_kind {
    CQL_NOTHING,
    CQL_QUERY, /* a saved query, an alert, a scheduled search */
    CQL_DASHBOARD,
    CQL_OTHER /* a part of a package that asks nothing */
};
enum cql_kind cql_kind_of(const struct doc_node *document);

/* What a file says of one query. */
struct cql_document {
    bool is_there; /* a widget may have none */
    bool is_file;  /* the file is the query */
    bool is_widget, is_strict;
    struct str query;
    struct place at;
    int64_t window_ms; /* 0: it says nothing */
    struct cql_parameters parameters;
    bool has_settings;
    struct rule_settings settings;
};

/* Of CQL_QUERY: its metadata go to `rule`, texts of *out to `keep`. False: see scope->diag. */
bool cql_document_read(struct query_scope *s, struct arena *keep, const struct doc_node *document,
                       struct rule *rule, struct cql_document *out);
/* Of widget i of CQL_DASHBOARD. */
void cql_widget_read(struct query_scope *s, struct arena *keep, const struct doc_node *document,
                     size_t i, struct rule *rule, struct cql_document *out);
struct cql_parameters cql_parameters_read(struct arena *a, const struct doc_node *document);

#endif

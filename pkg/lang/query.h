/* query.h - what the query languages share: who asks, where a text stands, how it is read, and
 * the atoms that come of it; and which language reads a text.
 *
 * A query is a whole file, or a string inside a rule file: scope->at says where its first byte
 * stands there, so that messages name places of the file. A rule file that embeds queries (in
 * whatever language) calls query_load() and needs to know no language.
 *
 * Memory   the rule in scope->a, everything else in scope->scratch, which the loader resets.
 * Limits   those of every query language are below; FORMULA_DEPTH_MAX and GLOB_PARTS_MAX of rule.h.
 */
#ifndef WEIR_LANG_QUERY_H
#define WEIR_LANG_QUERY_H

#include "base/arena.h"
#include "base/base.h"
#include "lang/diag.h"
#include "lang/names.h"
#include "lang/quoted.h"
#include "rule/expr.h"
#include "rule/rule.h"

enum {
    QUERY_BYTES_MAX = 1024 * 1024,
    QUERY_DEPTH_MAX = 100,   /* parentheses, nots, calls and signs inside each other */
    QUERY_VALUES_MAX = 10000 /* literals of one query */
};

struct spl_macros;     /* lang/spl/spl.h */
struct geo_source;     /* rule/expr.h */
struct cql_parameters; /* lang/cql/cql.h */
struct cql_saved;

struct query_scope {
    struct arena *a, *scratch;
    struct names *names;
    struct diag *diag;
    struct place at; /* of the query's first byte in its file; {1, 1} for a file that is a query */
    const struct list_source *lists; /* NULL: there are none */
    const struct geo_source *geo;    /* rule/expr.h; NULL: nobody knows where addresses are */
    struct quoted *quoted; /* of a text in quotes: says the places, instead of `at`; or NULL */
};

/* What a rule file may say around its query. */
struct query_options {
    struct str category_field;       /* EQL's event category; empty: event.category */
    const struct spl_macros *macros; /* SPL's; NULL: none */
    int64_t window_ms;   /* how far back the rule looks, for queries with groups and samples; 0:
                            unknown */
    int64_t interval_ms; /* how often it was meant to run; 0: unknown */
    const struct cql_parameters *parameters; /* of CQL's ?names, by the file; NULL: none */
    const struct cql_saved *saved;           /* queries that CQL's may call; NULL: none */
    bool is_strict;                          /* CQL: without the lenient dialect */
    bool is_scalar; /* scope->at is where a YAML scalar begins whose value the query is */
};

/* The query as the formula of `rule` (or as its correlation). options may be NULL. False: see
 * scope->diag. `language` is one of those of query_language_is_known(). */
bool query_load(struct query_scope *s, struct str language, struct str query,
                const struct query_options *options, struct rule *rule);
bool query_language_is_known(struct str language);
/* The i-th known one; empty behind the last. */
struct str query_language_at(size_t i);
/* The language of this name or ending of files, case aside; empty if there is none. */
struct str query_language_named(struct str word);

/* A condition about single events in a language that has such texts (KQL), as part of something
 * larger: a filter, an exception, an argument. NULL: see scope->diag. */
struct formula *query_condition(struct query_scope *s, struct str language, struct str query);

/* `FIELD SIGN VALUE` as KQL has it, by what the field is; an empty field: some field. The texts are
 * as they are, but a `*` in the field stands for any name. is_quoted: the value as one text; else
 * its words, and a truth value is one. NULL: see scope->diag, whose places are `at`. */
struct formula *query_search(struct query_scope *s, struct place at, struct str field,
                             const char *sign, struct str value, bool is_quoted);
/* How Elasticsearch searches the field without quotes: by its whole value, by its words, or by
 * those of a script. */
enum query_analysis { QUERY_WHOLE, QUERY_WORDS, QUERY_SCRIPT };
enum query_analysis query_analysis_of(struct str field);
/* A field as a query names it: f.keyword and its like are f indexed in another way, and both names
 * are asked. */
struct query_field {
    struct str names[2];
    size_t n_names;
    bool is_caseless; /* the whole value, case aside */
    enum query_analysis analysis;
};
void query_field_read(struct str field, struct query_field *out);
/* The atom under each name of the field. */
struct formula *query_under_names(struct query_scope *s, struct place at,
                                  const struct query_field *f, const struct atom *atom);
/* Some value of the field matches the pattern, or, where it is searched by word, some word of it.
 * is_caseless: also where it is compared as written. The pattern's texts live as long as the rule.
 * NULL: a script's words have no patterns. */
struct formula *query_pattern(struct query_scope *s, struct place at, struct str field,
                              const struct glob *g, bool is_caseless);
/* The same of a pattern of texts and GLOB_ANY. */
struct formula *query_search_glob(struct query_scope *s, struct place at, struct str field,
                                  const struct glob *g);

/* ---- for the languages ---------------------------------------------------------------------- */

/* Where a text is being read. */
struct query_reader {
    struct str text;
    size_t next;       /* the next byte */
    size_t line_start; /* its line's first byte */
    uint32_t line;
    uint32_t first_col; /* of that byte */
    struct quoted *quoted;
};

/* False if the text is larger than QUERY_BYTES_MAX. */
bool query_reader_init(struct query_reader *r, struct query_scope *s, struct str text);
/* The place of a byte of the line at hand. */
struct place query_place(const struct query_reader *r, size_t at);
/* Step over the next byte. */
void query_step(struct query_reader *r);
/* Does `what` stand at byte `at`? */
bool query_has(const struct query_reader *r, size_t at, const char *what);

/* 0 to 15, or -1. */
int query_hex(char c);

/* An atom about a field; its texts are interned, what it leaves out is made empty. */
struct formula *query_atom(struct query_scope *s, struct place at, struct str field,
                           struct atom atom);

/* The cheapest operation that says what the glob says: text alone is EQ, one open end PREFIX or
 * SUFFIX, both CONTAINS, anything else a glob. Sets op, text, glob and fold only. The texts of the
 * parts must be interned. */
void query_glob_atom(const struct glob *g, enum fold fold, struct atom *atom);
/* How letters fold: not at all, or by ASCII unless the text has others. */
enum fold query_fold(struct str text, bool is_caseless);
/* The atom compares its text, pattern or regex case aside. */
void query_atom_caseless(struct atom *atom);

/* A value that was computed at load as the constant it is: kind, value and text only. */
struct expr query_constant(struct query_scope *s, const struct expr_value *v);

/* A warning if the regex, which regex_check() passed, is matched by backtracking alone. */
void query_warn_of_slow_regex(struct diag *d, struct place at, struct str pattern);

/* False after an error, if `spare` more levels around it would be more than FORMULA_DEPTH_MAX. */
bool query_check_depth(struct query_scope *s, struct place at, const struct formula *f,
                       unsigned spare);

#endif

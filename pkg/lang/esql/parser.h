/* parser.h - what the files of the front end share.
 *
 * Functions return NULL or false after an error in the diag. */
#ifndef WEIR_LANG_ESQL_PARSER_H
#define WEIR_LANG_ESQL_PARSER_H

#include "lang/esql/esql.h"
#include "lang/pipe/pipe.h"

/* Marks of nodes, in expr.group. */
enum {
    ESQL_NOW = PIPE_NOW, /* of EXPR_TIME: NOW() */
    ESQL_SPAN,           /* of a number: milliseconds of a length of time */
    ESQL_MONTHS,         /* ... so many months */
    ESQL_MOMENT,         /* ... a time; of a column of groups, too */
    ESQL_RANKED          /* of a literal: TO_IP() or TO_VERSION() gave it an order of its own */
};

enum esql_type {
    ESQL_TYPE_ANY, /* a field's: nobody knows */
    ESQL_TYPE_NULL,
    ESQL_TYPE_TEXT,
    ESQL_TYPE_NUMBER,
    ESQL_TYPE_BOOL,
    ESQL_TYPE_TIME,
    ESQL_TYPE_SPAN,
    ESQL_TYPE_MONTHS
};

enum esql_kind { ESQL_END, ESQL_WORD, ESQL_STRING, ESQL_NUMBER, ESQL_SIGN };

struct esql_token {
    enum esql_kind kind;
    struct place at;
    struct str text;     /* of a word: without back quotes */
    bool is_quoted;      /* a word with back quotes: no keyword */
    size_t start, end;   /* bytes of the query */
    struct place inside; /* ESQL_STRING: of its first character */
    bool has_escapes;    /* ... some characters are written as two */
};

struct esql_parser {
    struct query_scope *s;
    struct query_reader reader;
    struct esql_token token; /* the next one */
    size_t last_end;         /* where the one before it ended */
    bool takes_stars;        /* words may have * in them: names of KEEP, patterns of FROM */
    unsigned depth;
    size_t n_values;
    struct pipe *pipe;
    struct str *dropped; /* patterns of DROP: fields of the events that are no columns any more */
    size_t n_dropped, cap_dropped;
    /* Inside STATS: calls of aggregates become these. */
    struct pipe_aggregate *aggregates;
    size_t n_aggregates;
    struct expr **leaves; /* which stand for them, by number */
    bool is_in_stats;
    /* Behind INLINE STATS (inline.c): the rows have more columns. Line 0: there was none. */
    struct place rows_at;
    struct expr *row_condition; /* what one row must be; NULL: nothing */
    bool is_shown;              /* what is read says nothing of rows: SORT */
    struct place months_at; /* of NOW() - 1 month, whose length depends on the day; line 0: none */
    struct str *metadata;   /* columns behind METADATA */
    size_t n_metadata, cap_metadata;
    struct str told; /* the first of these that a step asks; empty: none */
    struct place told_at;
    struct place limit_at; /* of a LIMIT; line 0: none */
    bool has_expanded;     /* MV_EXPAND: several rows may be of one event */
};

/* ---- lex.c ---- */
bool esql_advance(struct esql_parser *p);
bool esql_is_sign(const struct esql_parser *p, const char *sign);
/* A keyword, case aside. */
bool esql_is_word(const struct esql_parser *p, const char *word);
bool esql_expect_sign(struct esql_parser *p, const char *sign, const char *where);
/* "expected X, found Y"; false. */
bool esql_expected(struct esql_parser *p, const char *what);
/* Milliseconds of "minutes", "h" ...; 0: it is no unit of time, or *months are what it has. */
int64_t esql_unit_ms(struct str word, int64_t *months);

/* ---- expression.c ---- */
struct expr *esql_expression(struct esql_parser *p);
bool esql_has_column(const struct esql_parser *p, struct str name);
/* The named column, or the time. */
struct expr *esql_column(struct esql_parser *p, struct place at, struct str name);
/* x.keyword becomes a column that is assigned, so that steps may take it for one. */
bool esql_settle(struct esql_parser *p, struct place at, struct str name);
bool esql_is_now(const struct expr *e);
/* A column of METADATA: what Elasticsearch knows of a document, and an event does not. */
bool esql_is_metadata(const struct esql_parser *p, const struct expr *e);
/* The columns of METADATA that were named since `before` may be null: nothing is asked of them. */
void esql_forgive(struct esql_parser *p, struct str before);
/* n units as a length of time. NULL: it is no unit, or too much, which is in the diag. */
struct expr *esql_span(struct esql_parser *p, struct place at, int64_t n, struct str unit);

/* ---- function.c ---- */
/* The name was read, the parenthesis is next. */
struct expr *esql_call(struct esql_parser *p, struct place at, struct str name);

/* ---- type.c ---- */
/* e: NULL is of no known type. */
enum esql_type esql_type_of(const struct expr *e);
/* Letters as in call.h. */
bool esql_type_fits(char letter, enum esql_type type);
const char *esql_type_name(char letter);
const char *esql_type_shown(enum esql_type type);
/* False after "WHAT, not a number". */
bool esql_is_condition(struct esql_parser *p, struct place at, const struct expr *e,
                       const char *what);
bool esql_types_compare(struct esql_parser *p, struct place at, const struct expr *a,
                        const struct expr *b);
/* type: "string" "long" "double" "boolean" "datetime" "time_duration" */
struct expr *esql_convert(struct esql_parser *p, struct place at, const char *type, struct expr *e);
/* A number that is a time, so marked. */
struct expr *esql_moment(struct expr *e);
/* A time, of whatever reads as one. */
struct expr *esql_as_time(struct esql_parser *p, struct expr *e);

/* ---- search.c ---- */
/* field : text. */
struct expr *esql_match(struct esql_parser *p, struct place at, const struct expr *field,
                        const struct expr *value);
/* KQL(), QSTR(), MATCH(), from the parenthesis on; *is_known: the name is one of them. */
struct expr *esql_search(struct esql_parser *p, struct place at, struct str name, bool *is_known);

/* ---- inline.c ---- */
/* INLINE STATS, from behind it on. */
bool esql_inline_stats(struct esql_parser *p, struct place at);
/* Behind it: is it a column that the groups do not have? */
bool esql_has_row_column(const struct esql_parser *p, struct str name);
/* What it is; null if it is none. */
struct expr *esql_row_column(struct esql_parser *p, struct place at, struct str name);
bool esql_asks_rows(const struct esql_parser *p, const struct expr *e);
/* WHERE, and EVAL of what asks rows. */
bool esql_inline_where(struct esql_parser *p, struct place at, struct expr *e);
bool esql_inline_eval(struct esql_parser *p, struct place at, struct str name, struct expr *value);
/* Steps about columns between the two are about those of the rows. */
void esql_rows_begin(struct esql_parser *p);
bool esql_rows_end(struct esql_parser *p, struct place at);
/* STATS behind it, whose aggregates are read. */
bool esql_stats_of_rows(struct esql_parser *p, struct place at, const struct pipe_key *keys,
                        size_t n_keys);
/* Behind the last step. */
bool esql_inline_end(struct esql_parser *p);

/* ---- lookup.c ---- */
/* LOOKUP JOIN, ENRICH, from behind the command's first word on. */
bool esql_lookup_join(struct esql_parser *p, struct place at);
bool esql_enrich(struct esql_parser *p, struct place at);

/* ---- stats.c ---- */
bool esql_stats(struct esql_parser *p, struct place at);
/* The call of an aggregate, from the parenthesis on; *is_known: the name is one. */
struct expr *esql_aggregate(struct esql_parser *p, struct place at, struct str name,
                            bool *is_known);
/* "name =" may stand before; the text of the expression is its name otherwise (then empty). */
bool esql_read_name(struct esql_parser *p, struct str *name);
/* What was read since byte `start`. */
struct str esql_text_since(const struct esql_parser *p, size_t start);
bool esql_is_aggregate(struct str name);
/* For hints; returns how many. */
size_t esql_aggregate_names(struct str *out, size_t most);

/* ---- grok.c ---- */
bool esql_grok(struct esql_parser *p, struct place at, struct expr *subject, struct str pattern);
/* between: what stands between the parts of one field. */
bool esql_dissect(struct esql_parser *p, struct place at, struct expr *subject, struct str pattern,
                  struct str between);

#endif

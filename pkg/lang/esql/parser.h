/* parser.h - what the files of the front end share.
 *
 * Functions return NULL or false after an error in the diag. */
#ifndef WEIR_LANG_ESQL_PARSER_H
#define WEIR_LANG_ESQL_PARSER_H

#include "lang/esql/esql.h"
#include "lang/pipe/pipe.h"

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
    /* Inside STATS: calls of aggregates become these. */
    struct pipe_aggregate *aggregates;
    size_t n_aggregates;
    struct expr **leaves; /* which stand for them, by number */
    bool is_in_stats;
};

/* ---- lex.c ---- */
bool esql_advance(struct esql_parser *p);
bool esql_is_sign(const struct esql_parser *p, const char *sign);
/* A keyword, case aside. */
bool esql_is_word(const struct esql_parser *p, const char *word);
bool esql_expect_sign(struct esql_parser *p, const char *sign, const char *where);
/* "expected X, found Y"; false. */
bool esql_expected(struct esql_parser *p, const char *what);
/* Milliseconds of "minutes", "h" ...; 0: it is no unit of time. */
int64_t esql_unit_ms(struct str word);

/* ---- expression.c ---- */
struct expr *esql_expression(struct esql_parser *p);
/* The named column, or the time. */
struct expr *esql_column(struct esql_parser *p, struct place at, struct str name);
bool esql_is_now(const struct expr *e);

/* ---- function.c ---- */
/* The name was read, the parenthesis is next. */
struct expr *esql_call(struct esql_parser *p, struct place at, struct str name);
/* A time, of whatever reads as one. */
struct expr *esql_as_time(struct esql_parser *p, struct expr *e);

/* ---- search.c ---- */
/* field : text. */
struct expr *esql_match(struct esql_parser *p, struct place at, const struct expr *field,
                        const struct expr *value);
/* KQL(), QSTR(), MATCH(), from the parenthesis on; *is_known: the name is one of them. */
struct expr *esql_search(struct esql_parser *p, struct place at, struct str name, bool *is_known);

/* ---- stats.c ---- */
bool esql_stats(struct esql_parser *p, struct place at);
/* The call of an aggregate, from the parenthesis on; *is_known: the name is one. */
struct expr *esql_aggregate(struct esql_parser *p, struct place at, struct str name,
                            bool *is_known);

/* ---- grok.c ---- */
bool esql_grok(struct esql_parser *p, struct place at, struct expr *subject, struct str pattern);
bool esql_dissect(struct esql_parser *p, struct place at, struct expr *subject, struct str pattern);

#endif

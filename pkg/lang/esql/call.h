/* call.h - what the files of functions share: a call as it was read, and their tables.
 *
 * Private to the front end. */
#ifndef WEIR_LANG_ESQL_CALL_H
#define WEIR_LANG_ESQL_CALL_H

#include "lang/esql/parser.h"

enum { ESQL_ARGS_MAX = 500 };

struct esql_call {
    struct esql_parser *p;
    struct place at;
    struct str name; /* as the table has it */
    struct expr **args;
    size_t n;
};

struct esql_function {
    const char *name;
    enum expr_op op;
    size_t least, most;                              /* arguments */
    struct expr *(*make)(const struct esql_call *c); /* NULL: the operator itself */
    /* What arguments may be, a letter each: t text, n number, b truth value, d time, * anything.
     * The last one is that of all that follow; NULL: anything. */
    const char *takes;
};

struct esql_functions {
    const struct esql_function *items;
    size_t n;
};
extern const struct esql_functions ESQL_TEXT_FUNCTIONS;  /* call_text.c */
extern const struct esql_functions ESQL_VALUE_FUNCTIONS; /* call_value.c */
extern const struct esql_functions ESQL_TIME_FUNCTIONS;  /* call_time.c */
extern const struct esql_functions ESQL_OTHER_FUNCTIONS; /* call_other.c */

static inline struct expr *esql_whole(const struct esql_call *c, int64_t n)
{
    return pipe_whole(c->p->pipe, n);
}

static inline struct expr *esql_call1(const struct esql_call *c, enum expr_op op, struct expr *a)
{
    return pipe_call1(c->p->pipe, c->at, op, a);
}

static inline struct expr *esql_call2(const struct esql_call *c, enum expr_op op, struct expr *a,
                                      struct expr *b)
{
    return pipe_call2(c->p->pipe, c->at, op, a, b);
}

static inline struct expr *esql_call3(const struct esql_call *c, enum expr_op op, struct expr *a,
                                      struct expr *b, struct expr *d)
{
    return pipe_call3(c->p->pipe, c->at, op, a, b, d);
}

/* The operator of one argument, of each of several values. */
struct expr *esql_call_each(const struct esql_call *c, enum expr_op op, struct expr *a);

/* "X: not in this version"; NULL. */
struct expr *esql_unsupported(const struct esql_call *c, const char *what);

#endif

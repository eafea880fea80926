/* group.h - a step of groups as it is being read; shared by group.c and aggregate.c. */
#ifndef WEIR_LANG_CQL_GROUP_H
#define WEIR_LANG_CQL_GROUP_H

#include "lang/cql/scan.h"

enum { CQL_ROW_COLUMNS_MAX = 16 }; /* of head(1) | select([...]) */

#define CQL_SLIDING "slidingTimeWindow"

/* One event that stands for the group, by head(1) or tail(1); or all of them, by tail(max). */
enum cql_row { CQL_ROW_NONE, CQL_ROW_FIRST, CQL_ROW_LAST, CQL_ROW_ALL };

struct cql_row_column {
    struct str as, name;
    enum cql_row row; /* CQL_ROW_NONE: not said yet */
};

struct cql_grouping {
    struct pipe_aggregate items[CORRELATION_COLUMNS_MAX];
    size_t n;
    struct pipe_key keys[CORRELATION_GROUP_MAX];
    size_t n_keys;
    struct cql_row_column columns[CQL_ROW_COLUMNS_MAX];
    size_t n_columns;
    enum cql_row row;        /* what is left of the group's events */
    struct expr *filter;     /* of the block at hand; NULL: none */
    unsigned n_functions;    /* that stand side by side */
    struct place inner_at;   /* a group inside; line 0: none */
    struct place sliding_at; /* slidingTimeWindow(); line 0: none */
};

bool cql_add_key(struct cql *x, const struct cql_call *call, struct cql_grouping *g,
                 struct str name, struct expr *value);
bool cql_add_keys(struct cql *x, const struct cql_call *call, struct cql_grouping *g,
                  const struct cql_argument *a);
bool cql_add_aggregate(struct cql *x, const struct cql_call *call, struct cql_grouping *g,
                       struct pipe_aggregate a);
/* The field, texts as the numbers that they are. */
struct expr *cql_number_in(struct cql *x, struct place at, struct str field);

/* selfjoin.c: what its conditions need of the groups behind it, before pipe_stats(), and the
 * conditions, behind it. */
bool cql_self_join_group(struct cql *x, const struct cql_call *call, struct cql_grouping *g);
bool cql_self_join_done(struct cql *x);

const char *cql_aggregate_name(size_t i); /* NULL: there are not so many */
bool cql_is_aggregate(struct str name);
/* A call as a function of the group. */
bool cql_read_function(struct cql *x, struct cql_call *call, struct cql_grouping *g);
/* One, a list of them, a block. */
bool cql_read_functions(struct cql *x, struct cql_grouping *g);
bool cql_functions_of(struct cql *x, const struct cql_argument *a, struct cql_grouping *g);

#endif

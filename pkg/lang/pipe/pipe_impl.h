/* pipe_impl.h - what the files of the builder share.
 *
 *     value.c      expressions, constants computed at once, limits
 *     environment.c columns: setting, renaming, keeping
 *     case.c       clauses
 *     lower.c      conditions to formulas; hint.c: plain conditions that must hold beside computed
 *     bind.c       an expression for the rule: its fields by slot, shared nodes marked
 *     lookup.c     lists with columns
 *     group.c      aggregates and what is behind them; extreme.c: conditions on rows beside them
 *     finish.c     the rule; idiom.c: cheaper operators that say the same
 *
 * Private to lang/pipe. */
#ifndef WEIR_LANG_PIPE_PIPE_IMPL_H
#define WEIR_LANG_PIPE_PIPE_IMPL_H

#include "lang/pipe/pipe.h"

struct pipe_column_entry {
    struct str name;
    struct expr *value; /* NULL: taken away */
};

/* "properties.*" to "*". */
struct pipe_pattern {
    struct str head, tail;
    bool has_star;
};
struct pipe_rename_entry {
    struct pipe_pattern from, to;
    size_t n_columns; /* columns that were set before it */
};

struct pipe_env {
    struct pipe_column_entry *columns; /* the last of a name counts */
    size_t n, cap;
    struct pipe_rename_entry renames[PIPE_RENAMES_MAX];
    size_t n_renames;
    bool is_closed; /* names that are no columns are not there, unless a pattern has them */
    const struct pipe_pattern *kept;
    size_t n_kept;
};

struct pipe_conditions {
    struct expr **items;
    size_t n, cap;
};

struct pipe_clause {
    struct pipe_conditions conditions;
    struct pipe_env env;
    bool is_discarded;
};

struct pipe_case {
    struct pipe_env before;
    struct pipe_clause *clauses;
    size_t n, cap;
    struct place at;
};

/* A column with a row for each member. */
struct pipe_expanded {
    struct expr *member, *list;
};

struct pipe_joined {
    struct pipe *sub;
    const struct pipe_key *keys, *sub_keys;
    size_t n;
    struct place at;
};

struct pipe_linked {
    const struct pipe_member_rows *members;
    size_t n, n_keys;
    bool is_ordered;
    int64_t window_ms; /* 0: that of the ending */
    struct place at;
};

struct pipe {
    struct query_scope *s;
    struct pipe_dialect dialect;
    struct pipe_env env;
    struct pipe_conditions filters;
    struct pipe_case cases[PIPE_CASES_MAX];
    size_t n_cases;
    struct expr *list; /* pipe_expand(): what rows are made of; NULL: none */
    struct pipe_expanded expanded[PIPE_EXPANDED_MAX];
    size_t n_expanded;
    bool is_numbered;    /* there may be several of them */
    struct expr *n_rows; /* then: of those so far */
    struct str_list evidence, dedup;
    bool has_dedup, has_keep;

    /* Groups. */
    bool is_grouped;
    struct pipe_env ungrouped;   /* columns of the rows */
    struct pipe_env rows_before; /* pipe_rows_begin() */
    struct expr *having_row;     /* pipe_where_row(), if it asks aggregates, too */
    struct str *columns;         /* while it is lowered: of the rows */
    size_t *n_columns;
    struct place stats_at;
    const struct pipe_aggregate *aggregates;
    size_t n_aggregates;
    const struct pipe_key *keys;
    size_t n_keys;
    struct pipe_conditions having;
    /* Of a first step of groups, whose rows the second one groups again. */
    bool has_inner;
    const struct pipe_aggregate *inner_aggregates;
    size_t n_inner_aggregates;
    const struct pipe_key *inner_keys;
    size_t n_inner_keys;
    struct pipe_conditions inner_having;
    bool is_of_rows;        /* pipe_stats_of_rows() */
    struct expr *inner_row; /* then: what rows must be; NULL: nothing */
    size_t n_apart;         /* the last keys are none of the first step's */

    struct pipe_joined *join;       /* NULL: none */
    struct pipe_linked *linked;     /* NULL: none */
    const struct logsource *source; /* of the rows; NULL: that of the rule */

    /* The end. */
    struct derived *derived;
    size_t n_derived, cap_derived;
    struct str *raw; /* fields that are named as they are */
    size_t n_raw, cap_raw;
};

/* ---- value.c ---- */
struct expr *pipe_node(struct pipe *p, struct place at, struct expr e);
struct expr *pipe_unsupported(struct pipe *p, struct place at, const char *what);
bool pipe_is_literal(const struct expr *e);
static inline bool pipe_is_call(const struct expr *e, enum expr_op op)
{
    return e->kind == EXPR_CALL && e->op == op;
}
/* A call whose second argument is about the members of its first. */
bool pipe_binds(const struct expr *e);
bool pipe_has_condition(const struct expr *e);
/* Conditions of other languages inside, as expressions; NULL after an error. */
struct expr *pipe_without_conditions(struct pipe *p, struct expr *e);
static inline struct place pipe_place(const struct expr *e)
{
    return (struct place){e->line, e->col};
}

/* ---- environment.c ---- */
struct pipe_env pipe_env_copy(struct pipe *p, const struct pipe_env *env);
/* NULL: not there. */
struct expr *pipe_env_get(struct pipe *p, const struct pipe_env *env, struct str name);
bool pipe_env_set(struct pipe *p, struct place at, struct pipe_env *env, struct str name,
                  struct expr *value);
struct pipe_pattern pipe_pattern_of(struct str text);
bool pipe_pattern_has(const struct pipe_pattern *pattern, struct str name);
void pipe_conditions_add(struct pipe *p, struct pipe_conditions *c, struct expr *e);
/* All of them; NULL: none. */
struct expr *pipe_conditions_all(struct pipe *p, const struct pipe_conditions *c);

/* ---- lower.c, hint.c ---- */
struct formula *pipe_lower(struct pipe *p, struct expr *e, bool is_positive);
/* A plain condition that holds wherever e (a call) is true; NULL: none is known. */
struct formula *pipe_hint(struct pipe *p, struct expr *e);
/* The same wherever e, a comparison, is false: `case(x like "a*", "A", "") != ""`. */
struct formula *pipe_hint_against(struct pipe *p, struct expr *e);
/* A comparison of a raw field with literals as atoms; NULL: it is none. */
struct formula *pipe_atoms(struct pipe *p, const struct expr *e, bool is_positive);

/* ---- bind.c ---- */
struct pipe_bound {
    const struct expr *expr;
    struct str_list fields;
};
struct pipe_bound pipe_bind(struct pipe *p, const struct expr *e);

/* ---- finish.c ---- */
/* The name by which things behind the formula get at the value: a field's, or a derived one's. */
struct str pipe_name_of(struct pipe *p, struct expr *value, struct str preferred);

/* What a value of groups is in terms of the event, if it is made of keys alone; NULL: it is not, or
 * it is too large. */
struct expr *pipe_of_keys(struct pipe *p, struct expr *e);

/* A silent rule of the rows, what the correlation `rule` listens to. NULL after an error. Whatever
 * pipe_name_of() makes later is its own, too, once pipe_set_evidence() was called. */
struct rule *pipe_new_part(struct pipe *p, const struct rule *rule, unsigned number);
/* Columns of the rows that a finding shows. */
void pipe_set_evidence(struct pipe *p, struct rule *part);

/* ---- join.c ---- */
bool pipe_finish_join(struct pipe *p, const struct pipe_ending *ending, struct rule *rule);
bool pipe_finish_linked(struct pipe *p, const struct pipe_ending *ending, struct rule *rule);

/* ---- group.c ---- */
/* What is made of rows and keys as it is of a row. */
struct expr *pipe_in_rows(struct pipe *p, struct expr *e);
/* The column that one more aggregate makes. */
struct expr *pipe_one_more(struct pipe *p, const struct pipe_aggregate *aggregate);

/* ---- idiom.c ---- */
/* True: the groups became `c` (all but inputs) and need no OPERATOR_GROUP. */
bool pipe_idiom(struct pipe *p, const struct pipe_ending *ending, struct correlation *c);

#endif

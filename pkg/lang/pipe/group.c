/* group.c - the step from events to groups: what comes behind knows keys and aggregates alone. */
#include "lang/pipe/pipe_impl.h"

#include "base/str.h"

/* A column of the rows of groups: by slot, keys first. */
static struct expr *row_leaf(struct pipe *p, struct place at, struct str name, size_t slot)
{
    return pipe_node(p, at,
                     (struct expr){.kind = EXPR_FIELD,
                                   .text = names_intern(p->s->names, name),
                                   .slot = (uint32_t)slot});
}

static bool check(struct pipe *p, struct place at, const struct pipe_aggregate *aggregates,
                  size_t n_aggregates, const struct pipe_key *keys, size_t n_keys)
{
    if (p->has_inner)
        return diag_unsupported(p->s->diag, at, "a third %s: not in this version",
                                p->dialect.aggregation);
    for (size_t i = 0; p->is_grouped && !p->is_of_rows && i < n_keys; i++)
        if (keys[i].value &&
            (keys[i].value->kind != EXPR_FIELD || keys[i].value->slot >= p->n_keys))
            return diag_unsupported(p->s->diag, at,
                                    "groups of groups by something that the first %s does not "
                                    "group by: not in this version",
                                    p->dialect.aggregation);
    if (p->n_cases)
        return diag_unsupported(p->s->diag, at, "%s inside a clause: not in this version",
                                p->dialect.aggregation);
    if (n_keys > CORRELATION_GROUP_MAX)
        return diag_error(p->s->diag, at, "more than %d columns to group by",
                          CORRELATION_GROUP_MAX);
    if (n_aggregates > CORRELATION_COLUMNS_MAX)
        return diag_error(p->s->diag, at, "more than %d aggregates", CORRELATION_COLUMNS_MAX);
    for (size_t i = 0; i < n_keys; i++)
        if (!keys[i].value)
            return false;
    for (size_t i = 0; i < n_aggregates; i++)
        if (!aggregates[i].arg && aggregates[i].kind != GROUP_COUNT)
            return false;
    return !diag_failed(p->s->diag);
}

/* What the first step made becomes what the second one is made of. */
static void go_inside(struct pipe *p)
{
    p->has_inner = true;
    p->inner_aggregates = p->aggregates;
    p->n_inner_aggregates = p->n_aggregates;
    p->inner_keys = p->keys;
    p->n_inner_keys = p->n_keys;
    p->inner_having = p->having;
    p->having = (struct pipe_conditions){0};
}

/* ---- groups of one row each ---------------------------------------------------------------- */

/* Who groups by all keys of the groups there are has each row in a group of its own. */
static bool is_finer(const struct pipe *p, const struct pipe_key *keys, size_t n)
{
    size_t n_found = 0;

    if (!p->is_grouped || p->has_inner || p->join)
        return false;
    for (size_t i = 0; i < p->n_keys; i++)
        for (size_t k = 0; k < n; k++)
            if (keys[k].value && keys[k].value->kind == EXPR_FIELD && keys[k].value->slot == i) {
                n_found++;
                break;
            }
    return n_found == p->n_keys && n > p->n_keys;
}

/* The aggregate of one row. */
static struct expr *of_one(struct pipe *p, const struct pipe_aggregate *a)
{
    bool is_count = a->kind == GROUP_COUNT || a->kind == GROUP_DISTINCT;
    struct expr *args[] = {a->filter ? a->filter : pipe_bool(p, true), NULL};

    if (a->kind == GROUP_COUNT_TRUE || a->kind == GROUP_DEVIATION)
        return diag_unsupported(p->s->diag, a->at, "this aggregate of one row"), NULL;
    if (!is_count) {
        args[1] = a->arg;
        return pipe_call_exactly(p, a->at, &(struct expr){.op = EXPR_CASE}, args, 2);
    }
    struct expr *counts = a->arg ? pipe_call2(p, a->at, EXPR_AND, args[0],
                                              pipe_call1(p, a->at, EXPR_IS_THERE, a->arg))
                                 : args[0];
    return pipe_call3(p, a->at, EXPR_CASE, counts, pipe_whole(p, 1), pipe_whole(p, 0));
}

static bool refine(struct pipe *p, struct place at, const struct pipe_aggregate *aggregates,
                   size_t n_aggregates, const struct pipe_key *keys, size_t n_keys)
{
    struct pipe_env rows = {.is_closed = true};

    for (size_t i = 0; i < n_keys; i++) {
        bool is_key = keys[i].value->kind == EXPR_FIELD && keys[i].value->slot < p->n_keys;
        if (p->dialect.group_missing == MISSING_DROP && !is_key)
            pipe_conditions_add(p, &p->having, pipe_call1(p, at, EXPR_IS_THERE, keys[i].value));
        if (!pipe_env_set(p, at, &rows, keys[i].name, keys[i].value))
            return false;
    }
    for (size_t i = 0; i < n_aggregates; i++) {
        struct expr *value = of_one(p, &aggregates[i]);
        if (!value || !pipe_env_set(p, at, &rows, aggregates[i].name, value))
            return false;
    }
    p->env = rows;
    return !diag_failed(p->s->diag);
}

bool pipe_stats(struct pipe *p, struct place at, const struct pipe_aggregate *aggregates,
                size_t n_aggregates, const struct pipe_key *keys, size_t n_keys)
{
    struct pipe_env rows = {.is_closed = true};
    if (!p->is_of_rows && is_finer(p, keys, n_keys) && !p->n_cases)
        return refine(p, at, aggregates, n_aggregates, keys, n_keys);
    struct pipe_aggregate *own = ARENA_ARRAY(p->s->scratch, n_aggregates, struct pipe_aggregate);
    struct pipe_key *own_keys = ARENA_ARRAY(p->s->scratch, n_keys, struct pipe_key);
    bool is_good = check(p, at, aggregates, n_aggregates, keys, n_keys);

    for (size_t i = 0; is_good && i < n_keys; i++) {
        own_keys[i] = (struct pipe_key){names_intern(p->s->names, keys[i].name), keys[i].value};
        own_keys[i].value = pipe_without_conditions(p, own_keys[i].value);
        is_good = own_keys[i].value &&
                  pipe_env_set(p, at, &rows, keys[i].name, row_leaf(p, at, keys[i].name, i));
    }
    for (size_t i = 0; is_good && i < n_aggregates; i++) {
        own[i] = aggregates[i];
        own[i].name = names_intern(p->s->names, own[i].name);
        own[i].arg = pipe_without_conditions(p, own[i].arg);
        own[i].filter = pipe_without_conditions(p, own[i].filter);
        is_good = pipe_env_set(p, own[i].at, &rows, own[i].name,
                               row_leaf(p, own[i].at, own[i].name, n_keys + i));
    }
    if (!is_good || diag_failed(p->s->diag))
        return false;
    if (p->is_grouped)
        go_inside(p);
    else
        p->ungrouped = p->env;
    p->aggregates = own;
    p->n_aggregates = n_aggregates;
    p->keys = own_keys;
    p->n_keys = n_keys;
    p->stats_at = at;
    p->env = rows;
    p->is_grouped = true;
    p->evidence.n = 0;
    p->has_keep = false;
    return true;
}

/* A key of the first step. */
static bool is_shared(const struct pipe *p, const struct pipe_key *k)
{
    return k->value && pipe_is_key(p, k->value);
}

bool pipe_stats_of_rows(struct pipe *p, struct place at, struct expr *condition,
                        const struct pipe_aggregate *aggregates, size_t n_aggregates,
                        const struct pipe_key *keys, size_t n_keys)
{
    struct pipe_key *sorted = ARENA_ARRAY(p->s->scratch, n_keys, struct pipe_key);
    size_t n = 0;

    ASSERT(p->is_grouped);
    if (p->has_inner)
        return diag_unsupported(p->s->diag, at, "a third %s: not in this version",
                                p->dialect.aggregation);
    for (size_t i = 0; i < n_keys; i++)
        if (is_shared(p, &keys[i]))
            sorted[n++] = keys[i];
    p->n_apart = n_keys - n;
    for (size_t i = 0; i < n_keys; i++) {
        if (keys[i].value && (pipe_asks(p, keys[i].value) & PIPE_ASKS_GROUPS))
            return diag_unsupported(p->s->diag, at, "%s by what asks aggregates of the one before",
                                    p->dialect.aggregation);
        if (!is_shared(p, &keys[i]))
            sorted[n++] = keys[i];
    }
    p->is_of_rows = true;
    p->inner_row = condition ? pipe_without_conditions(p, condition) : NULL;
    if (condition && !p->inner_row)
        return false;
    return pipe_stats(p, at, aggregates, n_aggregates, sorted, n_keys);
}

/* ---- columns of one row ------------------------------------------------------------------ */

struct expr *pipe_one_more(struct pipe *p, const struct pipe_aggregate *aggregate)
{
    struct pipe_aggregate *own;

    if (p->n_aggregates == CORRELATION_COLUMNS_MAX) {
        diag_error(p->s->diag, aggregate->at, "more than %d aggregates", CORRELATION_COLUMNS_MAX);
        return NULL;
    }
    own = ARENA_ARRAY(p->s->scratch, p->n_aggregates + 1, struct pipe_aggregate);
    if (p->n_aggregates)
        memcpy(own, p->aggregates, p->n_aggregates * sizeof *own);
    own[p->n_aggregates] = *aggregate;
    own[p->n_aggregates].name = names_intern(p->s->names, aggregate->name);
    p->aggregates = own;
    return row_leaf(p, aggregate->at, aggregate->name, p->n_keys + p->n_aggregates++);
}

static struct expr *add_aggregate(struct pipe *p, struct place at, enum group_kind kind,
                                  struct str name, struct expr *arg)
{
    return pipe_one_more(
        p, &(struct pipe_aggregate){.kind = kind, .name = name, .at = at, .arg = arg});
}

bool pipe_add_aggregate(struct pipe *p, const struct pipe_aggregate *aggregate)
{
    struct pipe_aggregate own = *aggregate;

    ASSERT(p->is_grouped && !p->has_inner);
    own.arg = pipe_without_conditions(p, own.arg);
    struct expr *e = own.arg ? pipe_one_more(p, &own) : NULL;
    return e && pipe_env_set(p, own.at, &p->env, own.name, e);
}

struct expr *pipe_row_value(struct pipe *p, struct str name)
{
    return pipe_env_get(p, &p->ungrouped, name);
}

struct expr *pipe_in_rows(struct pipe *p, struct expr *e)
{
    if (pipe_is_key(p, e))
        return p->keys[e->slot].value;
    ASSERT(e->kind != EXPR_FIELD); /* an aggregate */
    if (e->kind != EXPR_CALL)
        return e;
    return pipe_of_args(p, e, pipe_in_rows);
}

bool pipe_is_list(const struct pipe *p, const struct expr *e)
{
    if (!p->is_grouped || e->kind != EXPR_FIELD || e->slot < p->n_keys)
        return false;
    ASSERT(e->slot - p->n_keys < p->n_aggregates);
    enum group_kind kind = p->aggregates[e->slot - p->n_keys].kind;
    return kind == GROUP_COLLECT || kind == GROUP_LIST;
}

bool pipe_set_row_value(struct pipe *p, struct place at, struct str name, struct expr *value)
{
    ASSERT(p->is_grouped && !p->has_inner);
    struct expr *e = pipe_without_conditions(p, value);

    return e && pipe_env_set(p, at, &p->ungrouped, name, e);
}

unsigned pipe_asks(const struct pipe *p, const struct expr *e)
{
    unsigned sides = 0;

    switch (e->kind) {
    case EXPR_FIELD:
        return pipe_is_key(p, e) ? 0 : PIPE_ASKS_GROUPS;
    case EXPR_TIME:
        return e->group == PIPE_NOW ? PIPE_ASKS_GROUPS : PIPE_ASKS_ROWS;
    case EXPR_MEMBERS:
    case EXPR_MEMBER:
    case EXPR_CONDITION:
        return PIPE_ASKS_ROWS;
    case EXPR_CALL:
        for (size_t i = 0; i < e->n_args; i++)
            sides |= pipe_asks(p, e->args[i]);
        return sides;
    default:
        return 0;
    }
}

static void swap_rows(struct pipe *p)
{
    struct pipe_env groups = p->env;

    p->env = p->ungrouped;
    p->ungrouped = groups;
}

void pipe_rows_begin(struct pipe *p)
{
    ASSERT(p->is_grouped && !p->has_inner);
    p->rows_before = pipe_env_copy(p, &p->ungrouped);
    swap_rows(p);
}

void pipe_rows_end(struct pipe *p, struct str *clash)
{
    swap_rows(p);
    *clash = STR("");
    for (size_t i = 0; i < p->ungrouped.n; i++) {
        const struct pipe_column_entry *c = &p->ungrouped.columns[i];
        bool is_old = i < p->rows_before.n && p->rows_before.columns[i].value == c->value;
        if (!is_old && c->value && pipe_was_column(p, c->name))
            *clash = c->name;
    }
}

bool pipe_where_row(struct pipe *p, struct place at, struct expr *condition)
{
    struct pipe_aggregate a = {.kind = GROUP_COUNT, .name = STR("rows that are so"), .at = at};

    ASSERT(p->is_grouped && !p->has_inner);
    if (pipe_asks(p, condition) & PIPE_ASKS_GROUPS) {
        ASSERT(!p->having_row);
        p->having_row = pipe_without_conditions(p, condition);
        return p->having_row != NULL;
    }
    a.filter = pipe_in_rows(p, condition);
    a.filter = a.filter ? pipe_without_conditions(p, a.filter) : NULL;
    struct expr *n = a.filter ? pipe_one_more(p, &a) : NULL;
    return n && pipe_where(p, at, pipe_call2(p, at, EXPR_GE, n, pipe_whole(p, 1)));
}

/* A row without the column has none, even if the one before it had: it is asked for both. */
bool pipe_row_column(struct pipe *p, struct place at, struct str as, struct expr *value,
                     enum group_kind kind)
{
    ASSERT(kind == GROUP_FIRST || kind == GROUP_LAST);
    if (!p->is_grouped || p->has_inner)
        return diag_unsupported(p->s->diag, at, "columns of one row behind two %s",
                                p->dialect.aggregation);
    if (value->kind == EXPR_TIME) {
        struct expr *time =
            add_aggregate(p, at, kind == GROUP_LAST ? GROUP_MAX : GROUP_MIN, as, value);
        return time && pipe_env_set(p, at, &p->env, as, time);
    }
    struct str flag = arena_printf(p->s->a, "%.*s is there", (int)as.n, as.p);
    struct expr *there = pipe_call3(p, at, EXPR_CASE, pipe_call1(p, at, EXPR_IS_THERE, value),
                                    pipe_whole(p, 1), pipe_whole(p, 0));
    struct expr *is_there = add_aggregate(p, at, kind, flag, there);
    struct expr *last = add_aggregate(p, at, kind, as, value);
    if (!is_there || !last)
        return false;
    struct expr *e =
        pipe_call2(p, at, EXPR_CASE, pipe_call2(p, at, EXPR_EQ, is_there, pipe_whole(p, 1)), last);
    return e && pipe_env_set(p, at, &p->env, as, e);
}

bool pipe_ungroup(struct pipe *p, struct place at)
{
    struct pipe_conditions more = {0};
    struct pipe_env env = {.is_closed = true};

    for (size_t i = 0; i < p->having.n; i++) {
        struct expr *e = p->has_inner ? NULL : pipe_of_keys(p, p->having.items[i]);
        if (!e)
            return false;
        pipe_conditions_add(p, &more, e);
    }
    for (size_t i = 0; i < p->n_keys; i++)
        if (p->dialect.group_missing == MISSING_DROP && p->keys[i].value->kind != EXPR_TIME)
            pipe_conditions_add(p, &more, pipe_call1(p, at, EXPR_IS_THERE, p->keys[i].value));
    for (size_t i = 0; i < p->env.n; i++) {
        const struct pipe_column_entry *c = &p->env.columns[i];
        struct expr *e = c->value ? pipe_of_keys(p, c->value) : NULL;
        if (!pipe_env_set(p, at, &env, c->name, e))
            return false;
    }
    for (size_t i = 0; i < more.n; i++)
        pipe_conditions_add(p, &p->filters, more.items[i]);
    p->having = (struct pipe_conditions){0};
    p->env = env;
    p->is_grouped = false;
    p->n_keys = p->n_aggregates = 0;
    p->evidence.n = 0;
    p->has_keep = false;
    return !p->has_inner;
}

static struct expr_value of_nothing(void *context, uint32_t slot)
{
    const struct pipe *p = context;
    enum group_kind kind = p->aggregates[slot].kind;
    bool is_count = kind == GROUP_COUNT || kind == GROUP_COUNT_TRUE || kind == GROUP_DISTINCT;

    return is_count ? expr_value_whole(0) : (struct expr_value){.type = EXPR_VALUE_NULL};
}

bool pipe_holds_of_nothing(const struct pipe *p, struct place *where)
{
    struct expr_scope scope = {.field = of_nothing,
                               .members = of_nothing,
                               .context = (void *)(uintptr_t)p,
                               .space = p->s->scratch};
    bool holds = p->is_grouped && !p->has_inner && !p->having_row && !p->n_keys && p->having.n;

    for (size_t i = 0; holds && i < p->having.n; i++)
        holds = expr_truth(p->having.items[i], &scope) == TRUTH_TRUE;
    *where = p->stats_at;
    return holds;
}

bool pipe_is_key(const struct pipe *p, const struct expr *e)
{
    return p->is_grouped && e->kind == EXPR_FIELD && e->slot < p->n_keys;
}

bool pipe_is_grouped(const struct pipe *p)
{
    return p->is_grouped;
}

void pipe_group_missing(struct pipe *p, enum on_missing missing)
{
    p->dialect.group_missing = missing;
}

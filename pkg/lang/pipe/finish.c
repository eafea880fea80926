/* finish.c - the pipeline as a rule.
 *
 * Without groups the rule is its formula. With them the formula is a part of its own, which is
 * silent, and the rule is a correlation over it; except that groups nobody asks anything of are a
 * plain rule, whose findings fold by the group. */
#include "lang/pipe/pipe_impl.h"

#include "base/str.h"
#include "base/vec.h"

/* ---- names of values -------------------------------------------------------------------- */

static bool is_raw_name(const struct pipe *p, struct str name)
{
    for (size_t i = 0; i < p->n_raw; i++)
        if (str_eq(p->raw[i], name))
            return true;
    return false;
}

static bool is_derived_name(const struct pipe *p, struct str name)
{
    for (size_t i = 0; i < p->n_derived; i++)
        if (str_eq(p->derived[i].name, name))
            return true;
    return false;
}

static struct str add_derived(struct pipe *p, struct expr *value, struct str name)
{
    struct pipe_bound b = pipe_bind(p, value);

    for (size_t i = 0; i < p->n_derived; i++)
        if (expr_equal(p->derived[i].expr, b.expr) && p->derived[i].fields.n == b.fields.n &&
            (b.fields.n == 0 || str_eq(p->derived[i].fields.items[0], b.fields.items[0])))
            return p->derived[i].name;
    /* A field of this name is wanted as it is, or another value has it. */
    for (unsigned n = 2; is_raw_name(p, name) || is_derived_name(p, name); n++)
        name = arena_printf(p->s->a, "%.*s#%u", (int)name.n, name.p, n);
    p->derived = vec_room(p->s->a, p->derived, p->n_derived, &p->cap_derived, sizeof *p->derived);
    p->derived[p->n_derived++] =
        (struct derived){names_intern(p->s->names, name), b.expr, b.fields};
    return p->derived[p->n_derived - 1].name;
}

struct str pipe_name_of(struct pipe *p, struct expr *value, struct str preferred)
{
    if (value->kind != EXPR_MEMBERS || is_derived_name(p, value->text))
        return add_derived(p, value, preferred);
    if (!is_raw_name(p, value->text)) {
        p->raw = vec_room(p->s->scratch, p->raw, p->n_raw, &p->cap_raw, sizeof *p->raw);
        p->raw[p->n_raw++] = value->text;
    }
    return value->text;
}

/* ---- the formula ------------------------------------------------------------------------ */

static struct expr *with_null_member(struct pipe *p, struct expr *e)
{
    if (e->kind == EXPR_MEMBER)
        return pipe_null(p);
    if (!pipe_has_member(e) || pipe_binds(e))
        return e; /* a list of its own: unbound members in it are null anyway */
    return pipe_of_args(p, e, with_null_member);
}

/* True of none, whatever event there is. */
static bool is_never(const struct expr *e)
{
    bool is_and = e->kind == EXPR_CALL && e->op == EXPR_AND;
    size_t n_never = 0;

    if (pipe_is_literal(e))
        return e->kind != EXPR_BOOL || !e->value;
    if (e->kind != EXPR_CALL || (!is_and && e->op != EXPR_OR))
        return false;
    for (size_t i = 0; i < e->n_args; i++)
        n_never += is_never(e->args[i]);
    return is_and ? n_never > 0 : n_never == e->n_args;
}

/* With three values a list that is missing has one row all the same, in which the member is null.
 * `any` holds of the other rows. Conditions that null cannot fulfil stay as they are. */
static struct expr *or_of_no_member(struct pipe *p, struct expr *any, struct expr *condition)
{
    struct place at = pipe_place(p->list);

    if (p->dialect.is_two_valued || p->is_numbered)
        return any;
    condition = with_null_member(p, condition);
    if (!condition || is_never(condition))
        return condition ? any : NULL;
    struct expr *args[] = {pipe_call1(p, at, EXPR_IS_NULL, p->list), condition};
    args[1] = pipe_call_exactly(p, at, &(struct expr){.op = EXPR_AND}, args, 2);
    args[0] = any;
    return pipe_call_exactly(p, at, &(struct expr){.op = EXPR_OR}, args, 2);
}

/* Filters about the member of pipe_expand() hold of one and the same. */
static struct formula *formula_of(struct pipe *p, struct expr **condition)
{
    struct pipe_conditions plain = {0}, of_member = {0};
    struct expr *all;

    for (size_t i = 0; i < p->filters.n; i++)
        pipe_conditions_add(p, pipe_has_member(p->filters.items[i]) ? &of_member : &plain,
                            p->filters.items[i]);
    *condition = pipe_conditions_all(p, &of_member);
    if (*condition) {
        struct expr *args[] = {p->list, pipe_without_conditions(p, *condition)};
        *condition = args[1];
        struct expr *any =
            pipe_call_exactly(p, pipe_place(args[0]), &(struct expr){.op = EXPR_ANY_OF}, args, 2);
        if (any)
            any = or_of_no_member(p, any, *condition);
        if (!any)
            return NULL;
        pipe_conditions_add(p, &plain, any);
    }
    all = pipe_conditions_all(p, &plain);
    struct formula *f = all ? pipe_lower(p, all, true) : formula_const(p->s->a, true);
    return f && query_check_depth(p->s, p->s->at, f, 2) ? f : NULL;
}

/* List and condition are evaluated in one place and have slots in common. */
static const struct match_rows *rows_of(struct pipe *p, struct expr *condition)
{
    struct match_rows *rows;
    struct expr *args[] = {p->list, condition ? condition : pipe_bool(p, true)};

    if (!p->list)
        return NULL;
    struct expr *both =
        pipe_call_exactly(p, pipe_place(p->list), &(struct expr){.op = EXPR_ANY_OF}, args, 2);
    if (!both || both->kind != EXPR_CALL)
        return NULL;
    struct pipe_bound b = pipe_bind(p, both);
    rows = ARENA_NEW(p->s->a, struct match_rows);
    *rows = (struct match_rows){b.expr->args[0], b.expr->args[1], b.fields};
    return rows;
}

/* ---- a rule about single events ------------------------------------------------------------ */

enum { EVIDENCE_MAX = 32 };

static bool has_name(const struct str *names, size_t n, struct str name)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(names[i], name))
            return true;
    return false;
}

/* What is kept by its name, and what the rule has computed and not dropped. */
static struct str_list evidence_of(struct pipe *p)
{
    struct str *names = ARENA_ARRAY(p->s->a, EVIDENCE_MAX, struct str);
    size_t n = 0, n_kept = p->evidence.n;

    for (size_t i = 0; i < n_kept + p->env.n && n < EVIDENCE_MAX; i++) {
        struct str name = i < n_kept ? p->evidence.items[i] : p->env.columns[i - n_kept].name;
        struct expr *value = pipe_env_get(p, &p->env, name);
        if (!value || pipe_is_literal(value))
            continue;
        struct str known = pipe_name_of(p, value, name);
        if (!has_name(names, n, known))
            names[n++] = known;
    }
    return (struct str_list){names, n};
}

struct expr *pipe_of_keys(struct pipe *p, struct expr *e)
{
    if (e->kind == EXPR_FIELD) {
        if (e->slot >= p->n_keys || p->has_inner)
            return NULL;
        struct expr *value = p->keys[e->slot].value;
        return p->dialect.group_missing == MISSING_EMPTY
                   ? pipe_call2(p, pipe_place(e), EXPR_COALESCE, value, pipe_text(p, STR("")))
                   : value;
    }
    if (e->kind != EXPR_CALL)
        return e->kind == EXPR_TIME ? NULL : e;
    return pipe_of_args(p, e, pipe_of_keys);
}

/* The words of levels, as rules write them. */
static void set_levels(struct pipe *p, const struct pipe_ending *ending, struct rule *rule)
{
    static const struct level_case WORDS[] = {
        {{NULL, 0}, {"LOW", 3}, LEVEL_LOW},           {{NULL, 0}, {"Low", 3}, LEVEL_LOW},
        {{NULL, 0}, {"low", 3}, LEVEL_LOW},           {{NULL, 0}, {"MEDIUM", 6}, LEVEL_MEDIUM},
        {{NULL, 0}, {"Medium", 6}, LEVEL_MEDIUM},     {{NULL, 0}, {"medium", 6}, LEVEL_MEDIUM},
        {{NULL, 0}, {"HIGH", 4}, LEVEL_HIGH},         {{NULL, 0}, {"High", 4}, LEVEL_HIGH},
        {{NULL, 0}, {"high", 4}, LEVEL_HIGH},         {{NULL, 0}, {"CRITICAL", 8}, LEVEL_CRITICAL},
        {{NULL, 0}, {"Critical", 8}, LEVEL_CRITICAL}, {{NULL, 0}, {"critical", 8}, LEVEL_CRITICAL}};
    struct expr *value = NULL;

    for (size_t i = 0; ending->level_column.n && i < p->env.n; i++)
        if (str_eq(p->env.columns[i].name, ending->level_column))
            value = p->env.columns[i].value;
    if (value && p->is_grouped)
        value = pipe_of_keys(p, value);
    if (!value || rule->by_value.n_levels)
        return;
    struct level_case *levels = ARENA_ARRAY(p->s->a, ARRAY_LEN(WORDS), struct level_case);
    struct str field = pipe_name_of(p, value, ending->level_column);
    for (size_t i = 0; i < ARRAY_LEN(WORDS); i++) {
        levels[i] = WORDS[i];
        levels[i].field = field;
    }
    rule->by_value.levels = levels;
    rule->by_value.n_levels = ARRAY_LEN(WORDS);
}

static struct rule_state *state_of(struct pipe *p, struct rule *rule)
{
    struct rule_state *state = ARENA_NEW(p->s->a, struct rule_state);

    if (rule->state)
        *state = *rule->state;
    rule->state = state;
    return state;
}

/* False: the rule says itself how its findings fold. */
static bool fold_by(struct pipe *p, struct rule *rule, const struct str *names, size_t n,
                    int64_t period_ms)
{
    struct rule_state *state = state_of(p, rule);

    if (state->dedup.is_set)
        return false;
    state->dedup = (struct dedup){
        .is_set = true, .has_fields = true, .fields = names, .n_fields = n, .period_ms = period_ms};
    return true;
}

static void give_derived(const struct pipe *p, struct rule *rule)
{
    rule->derived = p->derived;
    rule->n_derived = p->n_derived;
}

static bool finish_events(struct pipe *p, const struct pipe_ending *ending, struct rule *rule)
{
    struct expr *condition;
    struct str *names = ARENA_ARRAY(p->s->a, p->dedup.n + 1, struct str);
    size_t n = 0;

    rule->formula = formula_of(p, &condition);
    if (!rule->formula)
        return false;
    for (size_t i = 0; i < p->dedup.n && n < CORRELATION_GROUP_MAX; i++) {
        struct expr *value = pipe_env_get(p, &p->env, p->dedup.items[i]);
        if (value && !pipe_has_member(value))
            names[n++] = pipe_name_of(p, value, p->dedup.items[i]);
    }
    if (p->has_dedup)
        (void)fold_by(p, rule, names, n, ending->window_ms);
    /* A member is a row's, and the rule has none: its list is evidence. */
    for (size_t i = 0; i < p->env.n; i++)
        for (size_t k = 0; k < p->n_expanded; k++)
            if (p->env.columns[i].value == p->expanded[k].member)
                p->env.columns[i].value = p->expanded[k].list;
    struct str_list evidence = evidence_of(p);
    if (evidence.n)
        rule->fields = evidence;
    set_levels(p, ending, rule);
    give_derived(p, rule);
    return true;
}

/* ---- groups ------------------------------------------------------------------------------- */

static bool is_always_there(const struct expr *e)
{
    if (e->kind == EXPR_TIME || (pipe_is_literal(e) && e->kind != EXPR_NULL))
        return true;
    if (pipe_is_call(e, EXPR_TIME_TRUNC))
        return is_always_there(e->args[0]);
    return pipe_is_call(e, EXPR_COALESCE) && is_always_there(e->args[e->n_args - 1]);
}

/* Where a row without a key is in no group, it is in none that folds either. */
static void require_keys(struct pipe *p)
{
    if (p->dialect.group_missing != MISSING_DROP)
        return;
    for (size_t i = 0; i < p->n_keys; i++) {
        struct expr *value = p->keys[i].value;
        if (!is_always_there(value))
            pipe_conditions_add(p, &p->filters,
                                pipe_call1(p, pipe_place(value), EXPR_IS_THERE, value));
    }
}

/* Groups of rows that are not the event's: it may be in several. */
static bool has_member_key(const struct pipe *p)
{
    for (size_t i = 0; p->list && i < p->n_keys; i++)
        if (pipe_has_member(p->keys[i].value))
            return true;
    return false;
}

/* A column that is computed from the groups' aggregates: the rows must be kept to have it. */
static bool needs_rows(struct pipe *p)
{
    if (has_member_key(p))
        return true;
    for (size_t i = 0; i < p->env.n; i++) {
        struct expr *e = p->env.columns[i].value;
        if (e && e->kind == EXPR_CALL && !pipe_of_keys(p, e))
            return true;
    }
    return false;
}

/* Columns that were computed of the keys. */
static void add_computed(struct pipe *p, struct str *fields, size_t *n)
{
    for (size_t i = 0; i < p->env.n && *n < EVIDENCE_MAX; i++) {
        struct expr *e = p->env.columns[i].value;
        struct expr *value = e && e->kind == EXPR_CALL ? pipe_of_keys(p, e) : NULL;
        if (value && !pipe_is_literal(value))
            fields[(*n)++] = pipe_name_of(p, value, p->env.columns[i].name);
    }
}

/* Each group is one finding, told again when its period is over. */
static bool finish_folded(struct pipe *p, const struct pipe_ending *ending, struct rule *rule)
{
    struct expr *condition;
    struct str *names = ARENA_ARRAY(p->s->a, p->n_keys + 1, struct str);
    struct str *fields =
        ARENA_ARRAY(p->s->a, p->n_keys + p->n_aggregates + EVIDENCE_MAX, struct str);
    size_t n = 0;

    require_keys(p);
    rule->formula = formula_of(p, &condition);
    if (!rule->formula)
        return false;
    for (size_t i = 0; i < p->n_keys; i++)
        names[i] = fields[n++] = pipe_name_of(p, p->keys[i].value, p->keys[i].name);
    for (size_t i = 0; i < p->n_aggregates; i++)
        if (p->aggregates[i].arg && p->aggregates[i].arg->kind != EXPR_TIME &&
            !pipe_is_literal(p->aggregates[i].arg))
            fields[n++] = pipe_name_of(p, p->aggregates[i].arg, p->aggregates[i].name);
    add_computed(p, fields, &n);
    bool is_mine = fold_by(p, rule, names, p->n_keys, ending->window_ms);
    if (is_mine) /* each member of a list is a group */
        rule->state->dedup.array = DEDUP_EACH;
    state_of(p, rule)->dedup.is_group = true;
    set_levels(p, ending, rule);
    rule->fields = (struct str_list){fields, n};
    give_derived(p, rule);
    return true;
}

static uint32_t named_column(struct pipe *p, struct str *columns, size_t *n, struct expr *value,
                             struct str name)
{
    struct str field = pipe_name_of(p, value, name);

    for (size_t i = 0; i < *n; i++)
        if (str_eq(columns[i], field))
            return (uint32_t)i;
    columns[*n] = field;
    return (uint32_t)(*n)++;
}

static uint32_t column_of(struct pipe *p, struct str *columns, size_t *n, struct expr *value,
                          struct str name)
{
    if (!value)
        return GROUP_NO_COLUMN;
    if (value->kind == EXPR_TIME)
        return GROUP_TIME_COLUMN;
    return named_column(p, columns, n, value, name);
}

/* A filter of its own: rows of which it is not true have no value. */
static struct expr *filtered(struct pipe *p, const struct pipe_aggregate *a)
{
    struct expr *args[] = {a->filter, a->arg};

    if (!a->filter)
        return a->arg;
    if (!a->arg)
        return a->filter;
    return pipe_call_exactly(p, a->at, &(struct expr){.op = EXPR_CASE}, args, 2);
}

/* Aggregates of the rows themselves: what they are made of becomes columns. */
static const struct group_aggregate *of_rows(struct pipe *p, const struct pipe_aggregate *all,
                                             size_t n_all, struct str *columns, size_t *n_columns)
{
    struct group_aggregate *out = ARENA_ARRAY(p->s->a, n_all, struct group_aggregate);

    for (size_t i = 0; i < n_all; i++) {
        const struct pipe_aggregate *a = &all[i];
        struct expr *value = filtered(p, a);
        if (!value && (a->arg || a->filter))
            return NULL;
        out[i] =
            (struct group_aggregate){.kind = a->kind,
                                     .name = a->name,
                                     .column = column_of(p, columns, n_columns, value, a->name),
                                     .order = column_of(p, columns, n_columns, a->order, a->name),
                                     .percentile_micro = a->percentile_micro,
                                     .limit = a->limit};
        if (a->kind == GROUP_COUNT && !a->arg && a->filter)
            out[i].kind = GROUP_COUNT_TRUE;
        if (a->order && a->order->kind == EXPR_TIME)
            out[i].order = GROUP_NO_COLUMN;
    }
    return out;
}

/* The columns of the outer aggregates, by the expression that each is of the inner groups' rows. */
struct outer_columns {
    const struct expr **values;
    size_t n;
};

static uint32_t outer_column(struct outer_columns *o, const struct expr *e)
{
    if (!e)
        return GROUP_NO_COLUMN;
    for (size_t i = 0; i < o->n; i++)
        if (expr_equal(o->values[i], e))
            return (uint32_t)i;
    o->values[o->n] = e;
    return (uint32_t)o->n++;
}

/* What asks rows alone is a column of them; what asks aggregates as well is computed of both. */
static struct expr *beside_rows(struct pipe *p, struct expr *e)
{
    unsigned sides = pipe_asks(p, e);

    if (!(sides & PIPE_ASKS_ROWS))
        return e;
    if ((sides & PIPE_ASKS_GROUPS) && e->kind == EXPR_CALL)
        return pipe_of_args(p, e, beside_rows);
    struct expr leaf = {.kind = EXPR_FIELD, .text = STR("a row's time"), .slot = GROUP_TIME_COLUMN};
    if (e->kind != EXPR_TIME) {
        e = pipe_in_rows(p, e);
        if (!e)
            return NULL;
        uint32_t i = named_column(p, p->columns, p->n_columns, e, STR("of a row"));
        leaf.text = p->columns[i];
        leaf.slot = (uint32_t)(p->n_keys + p->n_aggregates) + i;
    }
    return pipe_node(p, pipe_place(e), leaf);
}

/* As the first step sees it: its keys and aggregates. */
static void look_inside(struct pipe *p)
{
    const struct pipe_aggregate *aggregates = p->aggregates;
    const struct pipe_key *keys = p->keys;
    size_t n_aggregates = p->n_aggregates, n_keys = p->n_keys;

    p->aggregates = p->inner_aggregates;
    p->n_aggregates = p->n_inner_aggregates;
    p->keys = p->inner_keys;
    p->n_keys = p->n_inner_keys;
    p->inner_aggregates = aggregates;
    p->n_inner_aggregates = n_aggregates;
    p->inner_keys = keys;
    p->n_inner_keys = n_keys;
}

/* What the outer step is made of, as the inner one has it. */
static struct expr *of_inside(struct pipe *p, struct expr *e)
{
    if (!e || !p->is_of_rows)
        return e;
    look_inside(p);
    e = beside_rows(p, e);
    look_inside(p);
    return e;
}

static const struct group_aggregate *of_groups(struct pipe *p, struct outer_columns *o)
{
    struct group_aggregate *out = ARENA_ARRAY(p->s->a, p->n_aggregates, struct group_aggregate);

    for (size_t i = 0; i < p->n_aggregates; i++) {
        const struct pipe_aggregate *a = &p->aggregates[i];
        struct expr *value = of_inside(p, filtered(p, a)), *order = of_inside(p, a->order);
        if ((!value && (a->arg || a->filter)) || (!order && a->order))
            return NULL;
        out[i] = (struct group_aggregate){.kind = a->kind,
                                          .name = a->name,
                                          .column = outer_column(o, value),
                                          .order = outer_column(o, order),
                                          .percentile_micro = a->percentile_micro,
                                          .limit = a->limit};
        if (a->kind == GROUP_COUNT && !a->arg && a->filter)
            out[i].kind = GROUP_COUNT_TRUE;
    }
    return out;
}

static bool set_inner(struct pipe *p, struct group_stats *g, struct str *columns)
{
    struct group_inner *in = ARENA_NEW(p->s->a, struct group_inner);
    uint32_t *keys = ARENA_ARRAY(p->s->a, p->n_inner_keys, uint32_t);
    uint32_t *apart = ARENA_ARRAY(p->s->a, p->n_apart, uint32_t);
    struct outer_columns o = {
        .values = ARENA_ARRAY(p->s->a, 2 * p->n_aggregates + p->n_apart, const struct expr *)};

    p->columns = columns;
    p->n_columns = &g->n_columns;

    for (size_t i = 0; i < p->n_inner_keys; i++)
        keys[i] =
            named_column(p, columns, &g->n_columns, p->inner_keys[i].value, p->inner_keys[i].name);
    in->keys = keys;
    in->n_keys = p->n_inner_keys;
    in->aggregates = of_rows(p, p->inner_aggregates, p->n_inner_aggregates, columns, &g->n_columns);
    in->n_aggregates = p->n_inner_aggregates;
    struct expr *row = of_inside(p, p->inner_row);
    if (p->inner_row && !row)
        return false;
    if (row)
        pipe_conditions_add(p, &p->inner_having, row);
    in->having = pipe_conditions_all(p, &p->inner_having);
    g->aggregates = of_groups(p, &o);
    for (size_t i = 0; i < p->n_apart; i++) {
        struct expr *value = of_inside(p, p->keys[p->n_keys - p->n_apart + i].value);
        if (!value)
            return false;
        apart[i] = outer_column(&o, value);
    }
    in->apart = apart;
    in->is_rows = p->is_of_rows;
    in->values = o.values;
    in->n_values = o.n;
    g->inner = in;
    return in->aggregates != NULL;
}

static bool set_row_condition(struct pipe *p, struct group_stats *g, struct str *columns)
{
    if (!p->having_row)
        return true;
    p->columns = columns;
    p->n_columns = &g->n_columns;
    g->having_row = beside_rows(p, p->having_row);
    return g->having_row != NULL;
}

static size_t size_of(const struct expr *e)
{
    return e ? e->size : 0;
}

static bool set_aggregates(struct pipe *p, struct group_stats *g)
{
    size_t room = 2 * (p->n_aggregates + p->n_inner_aggregates) + p->n_inner_keys +
                  size_of(p->having_row) + size_of(p->inner_row);

    for (size_t i = 0; i < p->n_aggregates; i++)
        room += size_of(p->aggregates[i].arg) + size_of(p->aggregates[i].filter) +
                size_of(p->aggregates[i].order);
    for (size_t i = 0; i < p->n_keys; i++)
        room += size_of(p->keys[i].value);
    struct str *columns = ARENA_ARRAY(p->s->a, room, struct str);
    bool is_good = true;

    if (p->has_inner)
        is_good = set_inner(p, g, columns);
    else
        g->aggregates = of_rows(p, p->aggregates, p->n_aggregates, columns, &g->n_columns);
    is_good = is_good && set_row_condition(p, g, columns);
    if (g->n_columns > CORRELATION_COLUMNS_MAX)
        return diag_error(p->s->diag, p->stats_at, "more than %d different columns are aggregated",
                          CORRELATION_COLUMNS_MAX);
    g->columns = columns;
    g->n_aggregates = p->n_aggregates;
    return is_good && g->aggregates;
}

/* Times as people read them. */
static struct expr *shown(struct pipe *p, struct expr *e)
{
    if (e->kind != EXPR_FIELD || e->slot < p->n_keys)
        return e;
    const struct pipe_aggregate *a = &p->aggregates[e->slot - p->n_keys];
    bool is_one = a->kind == GROUP_MIN || a->kind == GROUP_MAX || a->kind == GROUP_FIRST ||
                  a->kind == GROUP_LAST;
    bool is_time = is_one && a->arg->kind == EXPR_TIME && (!p->has_inner || p->is_of_rows);
    return is_time ? pipe_call1(p, a->at, EXPR_TIME_TEXT, e) : e;
}

/* Columns that a finding shows: what the last steps kept, without the keys. */
static void set_outputs(struct pipe *p, struct group_stats *g)
{
    struct group_output *out = ARENA_ARRAY(p->s->a, p->env.n, struct group_output);
    size_t n = 0;

    for (size_t i = 0; i < p->env.n && n < CORRELATION_COLUMNS_MAX; i++) {
        const struct pipe_column_entry *c = &p->env.columns[i];
        bool is_key = c->value && c->value->kind == EXPR_FIELD && c->value->slot < p->n_keys;
        if (c->value && !is_key && !pipe_is_literal(c->value))
            out[n++] = (struct group_output){c->name, shown(p, c->value)};
    }
    g->outputs = out;
    g->n_outputs = n;
}

static bool use_group(struct pipe *p, struct correlation *c)
{
    struct group_stats *g = ARENA_NEW(p->s->a, struct group_stats);

    c->kind = OPERATOR_GROUP;
    c->stats = g;
    g->having = pipe_conditions_all(p, &p->having);
    set_outputs(p, g);
    return set_aggregates(p, g) && !diag_failed(p->s->diag);
}

struct rule *pipe_new_part(struct pipe *p, const struct rule *rule, unsigned number)
{
    struct rule *part = ARENA_NEW(p->s->a, struct rule);
    struct expr *condition;

    *part = *rule;
    part->uid = arena_printf(p->s->a, "%.*s/%u", (int)rule->uid.n, rule->uid.p, number);
    part->name = STR("");
    if (p->source)
        part->logsource = *p->source;
    part->is_part = true;
    part->channel = CHANNEL_INTERNAL;
    part->correlation = NULL;
    part->state = NULL;
    state_of(p, part)->is_referenced = true;
    part->formula = formula_of(p, &condition);
    part->rows = rows_of(p, condition);
    return part->formula && !diag_failed(p->s->diag) ? part : NULL;
}

void pipe_set_evidence(struct pipe *p, struct rule *part)
{
    if (!p->is_grouped)
        part->fields = evidence_of(p);
    give_derived(p, part);
}

/* What the aggregates are made of goes into capsules as far as there is room. */
static void set_part_fields(struct pipe *p, struct rule *part)
{
    struct str *fields = ARENA_ARRAY(p->s->a, p->n_aggregates, struct str);
    size_t n = 0;

    for (size_t i = 0; !p->has_inner && i < p->n_aggregates; i++) {
        struct expr *arg = p->aggregates[i].arg;
        if (arg && arg->kind != EXPR_TIME && !pipe_is_literal(arg))
            fields[n++] = pipe_name_of(p, arg, p->aggregates[i].name);
    }
    part->fields = (struct str_list){fields, n};
}

/* Key i in terms of the event. */
static struct expr *key_of_event(struct pipe *p, size_t i)
{
    struct expr *value = p->keys[i].value;

    if (!p->has_inner)
        return value;
    if (!p->is_of_rows) /* a key of the inner groups, too */
        return p->inner_keys[value->slot].value;
    look_inside(p);
    value = pipe_in_rows(p, value);
    look_inside(p);
    return value;
}

static bool finish_groups(struct pipe *p, const struct pipe_ending *ending, struct rule *rule)
{
    struct correlation *c = ARENA_NEW(p->s->a, struct correlation);
    struct correlation_input *input = ARENA_NEW(p->s->a, struct correlation_input);
    struct str *names = ARENA_ARRAY(p->s->a, p->n_keys + 1, struct str);
    struct str *keys = ARENA_ARRAY(p->s->a, p->n_keys + 1, struct str);
    struct rule *part = pipe_new_part(p, rule, 1);

    if (!part)
        return false;
    *c = (struct correlation){.inputs = input,
                              .n_inputs = 1,
                              .n_group = p->n_keys,
                              .n_apart = p->n_apart,
                              .window_ms = ending->window_ms,
                              .on_missing = p->dialect.group_missing,
                              .actor_field = STR(""),
                              .scope = STR(""),
                              .line = p->stats_at.line,
                              .col = p->stats_at.col};
    for (size_t i = 0; i < p->n_keys; i++) {
        struct expr *value = key_of_event(p, i);
        if (!value)
            return false;
        names[i] = pipe_name_of(p, value, p->keys[i].name);
        keys[i] = p->keys[i].name;
    }
    c->group = keys;
    *input = (struct correlation_input){.reference = part->uid,
                                        .line = c->line,
                                        .col = c->col,
                                        .rule = part,
                                        .group_fields = names};
    if ((p->having_row || !pipe_idiom(p, ending, c)) && !use_group(p, c))
        return false;
    if (c->kind == OPERATOR_FIRST_SEEN) /* each term is a finding */
        (void)fold_by(p, rule, c->fields, c->n_fields, 0);
    set_part_fields(p, part);
    give_derived(p, part);
    rule->correlation = c;
    rule->formula = formula_const(p->s->a, false);
    return true;
}

bool pipe_finish(struct pipe *p, const struct pipe_ending *ending, struct rule *rule)
{
    struct pipe_ending own = *ending;
    bool is_good;

    ASSERT(p->n_cases == 0);
    if (diag_failed(p->s->diag))
        return false;
    bool is_linked = p->join || (p->linked && !p->linked->window_ms);
    if ((p->is_grouped || is_linked) && !own.window_ms) {
        own.window_ms = PIPE_WINDOW_DEFAULT_MS;
        diag_warn(p->s->diag,
                  p->join     ? p->join->at
                  : p->linked ? p->linked->at
                              : p->stats_at,
                  "the query says nothing of how far back it looks: %s of the last hour",
                  is_linked ? "rows are joined" : "groups are");
    }
    if (p->linked)
        is_good = pipe_finish_linked(p, &own, rule);
    else if (p->join)
        is_good = pipe_finish_join(p, &own, rule);
    else if (!p->is_grouped)
        is_good = finish_events(p, &own, rule);
    else if (p->having.n == 0 && !p->having_row && !p->has_inner && !needs_rows(p))
        is_good = finish_folded(p, &own, rule);
    else
        is_good = finish_groups(p, &own, rule);
    if (!rule->has_level)
        rule->level = LEVEL_MEDIUM;
    return is_good && !diag_failed(p->s->diag);
}

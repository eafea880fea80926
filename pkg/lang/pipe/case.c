/* case.c - clauses: the event takes the first whose filters hold.
 *
 * Each clause has an environment of its own. At the end a column that some clause set becomes an
 * EXPR_CASE over the clauses' conditions, and the filter is that one of them holds. */
#include "lang/pipe/pipe_impl.h"

#include "base/str.h"
#include "base/vec.h"

bool pipe_case_begin(struct pipe *p, struct place at)
{
    if (p->n_cases == PIPE_CASES_MAX)
        return diag_error(p->s->diag, at, "more than %d cases inside each other", PIPE_CASES_MAX);
    p->cases[p->n_cases++] = (struct pipe_case){.before = pipe_env_copy(p, &p->env), .at = at};
    return true;
}

/* What the clause has set stays with it. */
static void leave_clause(struct pipe *p, struct pipe_case *c)
{
    if (c->n)
        c->clauses[c->n - 1].env = p->env;
    p->env = pipe_env_copy(p, &c->before);
}

bool pipe_clause_begin(struct pipe *p, struct place at)
{
    ASSERT(p->n_cases);
    struct pipe_case *c = &p->cases[p->n_cases - 1];

    if (c->n == PIPE_CLAUSES_MAX)
        return diag_error(p->s->diag, at, "more than %d clauses", PIPE_CLAUSES_MAX);
    leave_clause(p, c);
    c->clauses = vec_room(p->s->scratch, c->clauses, c->n, &c->cap, sizeof *c->clauses);
    c->clauses[c->n++] = (struct pipe_clause){0};
    return true;
}

bool pipe_discard(struct pipe *p, struct place at)
{
    if (!p->n_cases)
        return pipe_where(p, at, pipe_bool(p, false));
    struct pipe_case *c = &p->cases[p->n_cases - 1];
    ASSERT(c->n);
    c->clauses[c->n - 1].is_discarded = true;
    return true;
}

static struct expr *is_true(struct pipe *p, struct expr *e)
{
    struct expr *args[] = {e, pipe_bool(p, true), pipe_bool(p, false)};

    return p->dialect.is_two_valued
               ? e
               : pipe_call_exactly(p, pipe_place(e), &(struct expr){.op = EXPR_CASE}, args, 3);
}

static struct expr *condition_of(struct pipe *p, const struct pipe_clause *clause)
{
    struct expr *all = pipe_conditions_all(p, &clause->conditions);

    return all ? all : pipe_bool(p, true);
}

/* One of the clauses that keep the event takes it. */
static bool add_filter(struct pipe *p, const struct pipe_case *c, bool has_rest)
{
    struct pipe_conditions ways = {0}, not_before = {0};
    struct expr *filter;

    for (size_t i = 0; i < c->n + has_rest; i++) {
        bool is_rest = i == c->n;
        struct expr *own = is_rest ? pipe_bool(p, true) : condition_of(p, &c->clauses[i]);
        if (!is_rest && c->clauses[i].is_discarded) {
            struct expr *held = is_true(p, own);
            struct expr *no = held ? pipe_call1(p, c->at, EXPR_NOT, held) : NULL;
            if (!no)
                return false;
            pipe_conditions_add(p, &not_before, no);
            continue;
        }
        struct pipe_conditions both = {0};
        pipe_conditions_add(p, &both, own);
        for (size_t k = 0; k < not_before.n; k++)
            pipe_conditions_add(p, &both, not_before.items[k]);
        pipe_conditions_add(p, &ways, pipe_conditions_all(p, &both));
    }
    for (size_t i = 0; i < ways.n; i++) /* whatever comes goes on */
        if (ways.items[i] && ways.items[i]->kind == EXPR_BOOL && ways.items[i]->value)
            return true;
    filter = pipe_call_exactly(p, c->at, &(struct expr){.op = EXPR_OR}, ways.items, ways.n);
    if (ways.n == 0)
        filter = pipe_bool(p, false);
    return pipe_where(p, c->at, filter);
}

/* Without a rest the event has taken one of the clauses. */
static bool set_column(struct pipe *p, const struct pipe_case *c, bool has_rest, struct str name)
{
    struct pipe_conditions args = {0};
    struct expr *old = pipe_env_get(p, &c->before, name);
    bool is_changed = false;

    for (size_t i = 0; i < c->n; i++) {
        const struct pipe_clause *clause = &c->clauses[i];
        struct expr *value = pipe_env_get(p, &clause->env, name);
        if (clause->is_discarded)
            continue;
        struct expr *condition = pipe_without_conditions(p, condition_of(p, clause));
        if (!condition)
            return false;
        is_changed |= value != old;
        pipe_conditions_add(p, &args, condition);
        pipe_conditions_add(p, &args, value ? value : pipe_null(p));
    }
    if (has_rest)
        pipe_conditions_add(p, &args, old ? old : pipe_null(p));
    struct expr *value =
        pipe_call_exactly(p, c->at, &(struct expr){.op = EXPR_CASE}, args.items, args.n);
    return !is_changed || (value && pipe_env_set(p, c->at, &p->env, name, value));
}

bool pipe_case_end(struct pipe *p, struct place at, bool has_rest)
{
    ASSERT(p->n_cases);
    struct pipe_case *c = &p->cases[p->n_cases - 1];
    struct pipe_case own;
    bool is_good = true;

    leave_clause(p, c);
    own = *c;
    own.at = at;
    p->n_cases--;
    is_good = add_filter(p, &own, has_rest);
    for (size_t i = 0; is_good && i < own.n; i++)
        for (size_t k = 0; is_good && k < own.clauses[i].env.n; k++)
            is_good = set_column(p, &own, has_rest, own.clauses[i].env.columns[k].name);
    return is_good;
}

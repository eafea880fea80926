/* idiom.c - groups that an operator of its own says for less.
 *
 *     COUNT(*) >= n                      event_count
 *     COUNT_DISTINCT(x) >= n             value_count
 *     MIN(@timestamp) >= NOW() - i       first_seen, whose history is how far back the groups look
 *
 * Only if nothing else is asked: one condition more and it is OPERATOR_GROUP. */
#include "lang/pipe/pipe_impl.h"

#include "base/str.h"

enum { TERMS_MAX = 10000000 }; /* of one first_seen within its history */

/* column >= number, either way round. */
struct least {
    size_t aggregate; /* number */
    int64_t n;        /* whole */
};

static bool is_aggregate(const struct pipe *p, const struct expr *e, size_t *i)
{
    if (e->kind != EXPR_FIELD || e->slot < p->n_keys)
        return false;
    *i = e->slot - p->n_keys;
    return true;
}

static bool read_least(const struct pipe *p, const struct expr *e, struct least *out)
{
    bool is_turned = e->kind == EXPR_CALL && e->n_args == 2 && pipe_is_literal(e->args[0]);
    const struct expr *column, *number;
    int64_t n;

    if (e->kind != EXPR_CALL || e->n_args != 2)
        return false;
    column = e->args[is_turned];
    number = e->args[!is_turned];
    enum expr_op more = is_turned ? EXPR_LT : EXPR_GT, same = is_turned ? EXPR_LE : EXPR_GE;
    if ((e->op != more && e->op != same) || !is_aggregate(p, column, &out->aggregate) ||
        number->kind != EXPR_NUMBER || !str_to_i64(number->text, &n))
        return false;
    out->n = n + (e->op == more);
    return out->n >= 1 && out->n <= CORRELATION_COUNT_MAX;
}

static struct bound at_least(int64_t n)
{
    return (struct bound){BOUND_GTE, n * CORRELATION_MICRO};
}

static bool use_count(struct pipe *p, const struct pipe_aggregate *a, int64_t n,
                      struct correlation *c)
{
    if (a->kind == GROUP_COUNT && !a->arg && !a->filter) {
        c->kind = OPERATOR_COUNT;
    } else if (a->kind == GROUP_DISTINCT && !a->filter) {
        struct str *field = ARENA_NEW(p->s->a, struct str);
        *field = pipe_name_of(p, a->arg, a->name);
        c->kind = OPERATOR_DISTINCT;
        c->fields = field;
        c->n_fields = 1;
    } else {
        return false;
    }
    c->bounds[0] = at_least(n);
    c->n_bounds = 1;
    return true;
}

/* MIN(time) >= now - i, or the difference of the two in units at most n. */
static bool is_recent(const struct pipe *p, const struct expr *e)
{
    const struct expr *column;
    size_t i;

    if (e->kind != EXPR_CALL || e->n_args != 2)
        return false;
    const struct expr *x = e->args[0], *y = e->args[1];
    if (e->op == EXPR_GE || e->op == EXPR_GT) {
        if (!pipe_is_call(y, EXPR_SUBTRACT) || y->args[0]->kind != EXPR_TIME ||
            !pipe_is_literal(y->args[1]))
            return false;
        column = x;
    } else if (e->op == EXPR_LE || e->op == EXPR_LT) {
        if (!pipe_is_call(x, EXPR_TIME_DIFF) || x->args[1]->kind != EXPR_TIME ||
            !pipe_is_literal(y))
            return false;
        column = x->args[0];
    } else {
        return false;
    }
    return is_aggregate(p, column, &i) && p->aggregates[i].kind == GROUP_MIN &&
           p->aggregates[i].arg->kind == EXPR_TIME && !p->aggregates[i].filter;
}

/* The terms are the keys; a key that is not there is one, too. */
static bool use_first_seen(struct pipe *p, const struct pipe_ending *ending, struct correlation *c)
{
    struct str *fields = ARENA_ARRAY(p->s->a, p->n_keys, struct str);

    if (p->n_keys == 0 || p->n_keys > CORRELATION_FIELDS_MAX)
        return false;
    for (size_t i = 0; i < p->n_keys; i++) {
        struct expr *value = p->keys[i].value;
        if (p->dialect.group_missing != MISSING_DROP)
            value = pipe_call2(p, p->stats_at, EXPR_COALESCE, value, pipe_text(p, STR("")));
        fields[i] = pipe_name_of(p, value, p->keys[i].name);
    }
    c->kind = OPERATOR_FIRST_SEEN;
    c->fields = fields;
    c->n_fields = p->n_keys;
    c->n_group = 0;
    c->history_ms = c->training_ms = ending->window_ms; /* silent until it is known */
    c->terms_max = TERMS_MAX;
    return true;
}

bool pipe_idiom(struct pipe *p, const struct pipe_ending *ending, struct correlation *c)
{
    struct least least;
    const struct expr *only = p->having.n == 1 ? p->having.items[0] : NULL;

    if (!only || p->has_inner)
        return false;
    if (read_least(p, only, &least))
        return use_count(p, &p->aggregates[least.aggregate], least.n, c);
    return is_recent(p, only) && use_first_seen(p, ending, c);
}

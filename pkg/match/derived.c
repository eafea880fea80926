/* derived.c - expressions over looked-up values. */
#include "match/derived.h"

#include "match/field_expr.h"

struct asking {
    struct arena *a;
    const struct event_tree *event;
    struct str_list fields;
};

static struct expr_value members(void *context, uint32_t slot)
{
    const struct asking *x = context;
    struct field_values values = event_lookup(x->a, x->event, x->fields.items[slot]);
    struct expr_value *all = ARENA_ARRAY(x->a, values.n, struct expr_value);

    for (size_t i = 0; i < values.n; i++)
        all[i] = field_expr_value(values.items[i].kind, values.items[i].text);
    return expr_value_list(x->a, all, values.n);
}

static struct expr_value first(void *context, uint32_t slot)
{
    struct expr_value v = members(context, slot);

    return v.type == EXPR_VALUE_LIST ? v.items[0] : v;
}

static struct expr_scope scope_of(struct asking *x, int64_t t_ms)
{
    return (struct expr_scope){.field = first,
                               .members = members,
                               .context = x,
                               .space = x->a,
                               .has_time = true,
                               .time_ms = t_ms};
}

/* False: the rule has no rows, or none of this event. */
static bool first_row(struct arena *a, const struct rule *r, const struct event_tree *event,
                      int64_t t_ms, struct expr_value *out)
{
    struct asking x = {a, event, r->rows ? r->rows->fields : (struct str_list){0}};
    struct expr_scope scope = scope_of(&x, t_ms);
    size_t n = 0;

    if (!r->rows)
        return false;
    struct expr_value list = expr_value_of(r->rows->list, &scope);
    const struct expr_value *items = expr_value_items(&list, &n);
    for (size_t i = 0; i < n; i++) {
        scope.member = &items[i];
        *out = items[i];
        if (!r->rows->condition || expr_truth(r->rows->condition, &scope) == TRUTH_TRUE)
            return true;
    }
    return false;
}

struct expr_value derived_of_event(struct arena *a, const struct rule *r, const struct derived *d,
                                   const struct event_tree *event, int64_t t_ms)
{
    struct asking x = {a, event, d->fields};
    struct expr_scope scope = scope_of(&x, t_ms);
    struct expr_value member;

    if (first_row(a, r, event, t_ms, &member))
        scope.member = &member;
    return expr_value_of(d->expr, &scope);
}

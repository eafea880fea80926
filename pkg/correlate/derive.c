/* derive.c - expressions over the values that extraction has sliced out. */
#include "correlate/derive.h"

#include "base/str.h"
#include "base/vec.h"
#include "json/scan.h"

struct slot {
    const struct derived *of;
    const uint32_t *numbers; /* of the event's fields, by slot of the expression */
    uint64_t stamp;          /* of the row that `value` is of */
    struct expr_value value;
};

struct rows {
    const struct match_rows *of;
    const uint32_t *numbers;
};

struct derive {
    struct arena *own, *space;
    const struct field_table *fields;
    struct slot *slots;
    size_t n, cap;
    struct rows *rows;
    size_t n_rows, cap_rows;

    const struct event *event;
    int64_t t_ms;
    const struct expr_value *member;
    uint64_t stamp;
};

struct derive *derive_new(struct arena *own, const struct field_table *fields)
{
    struct derive *d = ARENA_NEW(own, struct derive);

    d->own = own;
    d->fields = fields;
    return d;
}

static const uint32_t *numbers_of(struct derive *d, struct str_list names)
{
    uint32_t *out = ARENA_ARRAY(d->own, names.n, uint32_t);

    for (size_t i = 0; i < names.n; i++)
        out[i] = field_find(d->fields, names.items[i]);
    return out;
}

uint32_t derive_number(struct derive *d, const struct rule *r, struct str name)
{
    uint32_t i = r ? rule_derived_find(r, name) : RULE_NO_DERIVED;

    if (i == RULE_NO_DERIVED)
        return field_find(d->fields, name);
    for (size_t k = 0; k < d->n; k++)
        if (d->slots[k].of == &r->derived[i])
            return DERIVED | (uint32_t)k;
    d->slots = vec_room(d->own, d->slots, d->n, &d->cap, sizeof *d->slots);
    d->slots[d->n] =
        (struct slot){.of = &r->derived[i], .numbers = numbers_of(d, r->derived[i].fields)};
    return DERIVED | (uint32_t)d->n++;
}

struct str derive_name(const struct derive *d, uint32_t number)
{
    return derive_is(number) ? d->slots[number & ~DERIVED].of->name : field_name(d->fields, number);
}

void derive_begin(struct derive *d, struct arena *space, const struct event *event, int64_t t_ms)
{
    d->space = space;
    d->event = event;
    d->t_ms = t_ms;
    d->member = NULL;
    d->stamp++;
}

void derive_row(struct derive *d, const struct expr_value *member)
{
    d->member = member;
    d->stamp++;
}

/* ---- fields of the event ------------------------------------------------------------------ */

static struct expr_value value_of(struct derive *d, const struct event_value *v)
{
    struct str raw = {v->p, v->n};
    unsigned flags;

    switch ((enum json_kind)v->kind) {
    case JSON_STRING:
        if (v->flags & JSON_ESCAPED) {
            char *out = arena_alloc(d->space, raw.n * 3);
            raw = (struct str){out, json_unescape(raw, out, &flags)};
        }
        return expr_value_text(raw);
    case JSON_NUMBER:
        return expr_value_number(raw);
    case JSON_TRUE:
    case JSON_FALSE:
        return expr_value_bool(v->kind == JSON_TRUE);
    default:
        return (struct expr_value){.type = EXPR_VALUE_NULL};
    }
}

static struct expr_value field_value(struct derive *d, uint32_t field, bool is_first)
{
    struct expr_value *all = NULL, first = {.type = EXPR_VALUE_NULL};
    size_t n = 0;

    for (uint32_t i = 0; i < d->event->n_values && n < EXPR_LIST_MAX; i++) {
        if (d->event->values[i].field != field)
            continue;
        struct expr_value v = value_of(d, &d->event->values[i]);
        if (v.type == EXPR_VALUE_NULL)
            continue;
        if (is_first)
            return v;
        if (n == 1) {
            all = ARENA_ARRAY(d->space, EXPR_LIST_MAX, struct expr_value);
            all[0] = first;
        }
        if (n++)
            all[n - 1] = v;
        else
            first = v;
    }
    return n < 2 ? first : expr_value_list(d->space, all, n);
}

struct asking {
    struct derive *d;
    const uint32_t *numbers;
};

static struct expr_value first_member(void *context, uint32_t slot)
{
    const struct asking *a = context;

    return field_value(a->d, a->numbers[slot], true);
}

static struct expr_value all_members(void *context, uint32_t slot)
{
    const struct asking *a = context;

    return field_value(a->d, a->numbers[slot], false);
}

static struct expr_scope scope_of(struct asking *a, const struct expr_value *member)
{
    return (struct expr_scope){.field = first_member,
                               .members = all_members,
                               .context = a,
                               .space = a->d->space,
                               .member = member,
                               .has_time = true,
                               .time_ms = a->d->t_ms};
}

struct expr_value derive_value(struct derive *d, uint32_t number)
{
    if (number == FIELD_NONE)
        return (struct expr_value){.type = EXPR_VALUE_NULL};
    if (!derive_is(number))
        return field_value(d, number, false);
    struct slot *s = &d->slots[number & ~DERIVED];
    struct asking a = {d, s->numbers};
    struct expr_scope scope = scope_of(&a, d->member);
    if (s->stamp != d->stamp) {
        s->value = expr_value_of(s->of->expr, &scope);
        s->stamp = d->stamp;
    }
    return s->value;
}

/* ---- rows ------------------------------------------------------------------------------------ */

static const uint32_t *numbers_of_rows(struct derive *d, const struct match_rows *rows)
{
    for (size_t i = 0; i < d->n_rows; i++)
        if (d->rows[i].of == rows)
            return d->rows[i].numbers;
    d->rows = vec_room(d->own, d->rows, d->n_rows, &d->cap_rows, sizeof *d->rows);
    d->rows[d->n_rows] = (struct rows){rows, numbers_of(d, rows->fields)};
    return d->rows[d->n_rows++].numbers;
}

struct expr_value derive_rows(struct derive *d, const struct match_rows *rows)
{
    struct asking a = {d, numbers_of_rows(d, rows)};
    struct expr_scope scope = scope_of(&a, NULL);
    struct expr_value list = expr_value_of(rows->list, &scope);
    size_t n, n_kept = 0;
    const struct expr_value *items = expr_value_items(&list, &n);
    struct expr_value *kept = ARENA_ARRAY(d->space, n, struct expr_value);

    for (size_t i = 0; i < n; i++) {
        scope.member = &items[i];
        if (!rows->condition || expr_truth(rows->condition, &scope) == TRUTH_TRUE)
            kept[n_kept++] = items[i];
    }
    return expr_value_list(d->space, kept, n_kept);
}

/* bind.c - a copy of an expression for one place of the rule: fields are numbered, those without
 * which it is not true first, and nodes that stand in several places are marked, so that they are
 * computed once. */
#include "lang/pipe/pipe_impl.h"

#include "base/hash.h"
#include "base/str.h"

struct made {
    const struct expr *of;
    struct expr *copy;
    bool has_member;
};

struct binder {
    struct pipe *p;
    struct str *fields;
    size_t n_fields, cap;
    struct made *made; /* open addressing */
    size_t mask;
};

static struct made *place_of(struct binder *b, const struct expr *e)
{
    size_t i = hash_bytes(&e, sizeof e) & b->mask;

    while (b->made[i].of && b->made[i].of != e)
        i = (i + 1) & b->mask;
    return &b->made[i];
}

static uint32_t slot_of(struct binder *b, struct str field)
{
    for (size_t i = 0; i < b->n_fields; i++)
        if (str_eq(b->fields[i], field))
            return (uint32_t)i;
    ASSERT(b->n_fields < b->cap);
    b->fields[b->n_fields] = field;
    return (uint32_t)b->n_fields++;
}

/* *has_member: EXPR_MEMBER is below, whoever binds it. */
static struct expr *copy_of(struct binder *b, const struct expr *e, bool *has_member)
{
    struct made *m = place_of(b, e);

    if (m->of) {
        *has_member |= m->has_member;
        m->copy->is_shared = e->kind == EXPR_CALL && !m->has_member;
        return m->copy;
    }
    struct expr *out = ARENA_NEW(b->p->s->a, struct expr);
    bool own_member = e->kind == EXPR_MEMBER;
    *out = *e;
    bool has_field =
        e->kind == EXPR_FIELD || e->kind == EXPR_MEMBERS || (e->kind == EXPR_TIME && e->text.n);
    if (has_field)
        out->slot = slot_of(b, e->text);
    if (e->kind == EXPR_CALL) {
        out->args = ARENA_ARRAY(b->p->s->a, e->n_args, struct expr *);
        for (size_t i = 0; i < e->n_args; i++)
            out->args[i] = copy_of(b, e->args[i], &own_member);
    }
    m = place_of(b, e); /* others may have come first */
    *m = (struct made){e, out, own_member};
    *has_member |= own_member;
    return out;
}

static void swap_slots(struct expr *e, uint32_t a)
{
    bool has_field =
        e->kind == EXPR_FIELD || e->kind == EXPR_MEMBERS || (e->kind == EXPR_TIME && e->text.n);

    if (has_field)
        e->slot = e->slot == a ? 0 : e->slot == 0 ? a : e->slot;
}

/* The first field that it requires becomes slot 0. */
static void put_required_first(struct binder *b, const struct expr *e)
{
    uint32_t i = 0;

    while (i < b->n_fields && !expr_requires(e, i))
        i++;
    if (i == 0 || i >= b->n_fields)
        return;
    struct str field = b->fields[0];
    b->fields[0] = b->fields[i];
    b->fields[i] = field;
    for (size_t k = 0; k <= b->mask; k++)
        if (b->made[k].of)
            swap_slots(b->made[k].copy, i);
}

struct pipe_bound pipe_bind(struct pipe *p, const struct expr *e)
{
    struct binder b = {.p = p, .mask = 15, .cap = e->size};
    bool has_member = false;

    while (b.mask < 2 * (size_t)e->size)
        b.mask = b.mask * 2 + 1;
    b.made = ARENA_ARRAY(p->s->scratch, b.mask + 1, struct made);
    b.fields = ARENA_ARRAY(p->s->scratch, e->size, struct str);
    struct expr *copy = copy_of(&b, e, &has_member);
    put_required_first(&b, copy);
    struct str *fields = ARENA_ARRAY(p->s->a, b.n_fields, struct str);
    if (b.n_fields)
        memcpy(fields, b.fields, b.n_fields * sizeof *fields);
    return (struct pipe_bound){copy, {fields, b.n_fields}};
}

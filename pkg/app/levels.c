/* levels.c - see levels.h. */
#include "app/levels.h"

#include "base/hash.h"
#include "base/str.h"

uint64_t level_wanted(const struct correlation *c)
{
    uint64_t n = 0;

    switch (c->kind) {
    case OPERATOR_COUNT:
    case OPERATOR_DISTINCT: {
        const struct bound *b = c->n_bounds == 1 ? &c->bounds[0] : NULL;
        if (!b || (b->op != BOUND_GTE && b->op != BOUND_GT) || b->micro < 0)
            return 0;
        n = (uint64_t)b->micro / CORRELATION_MICRO;
        return b->op == BOUND_GT || b->micro % CORRELATION_MICRO ? n + 1 : n;
    }
    case OPERATOR_SET:
        return c->n_bounds || c->seen ? 0 : c->n_inputs;
    case OPERATOR_ORDERED:
        return c->n_inputs;
    case OPERATOR_SEQUENCE:
        for (size_t i = 0; i < c->n_inputs; i++)
            n += c->items[i].kind == SEQUENCE_STAGE ? c->items[i].runs : 0;
        return n;
    default:
        return 0;
    }
}

uint32_t level_step(const struct correlation *c, uint64_t level)
{
    for (uint32_t i = 0; i < c->n_inputs; i++) {
        uint64_t runs = 1;
        if (c->kind == OPERATOR_SEQUENCE)
            runs = c->items[i].kind == SEQUENCE_STAGE ? c->items[i].runs : 0;
        if (level < runs)
            return i;
        level -= runs;
    }
    return UINT32_MAX;
}

bool level_raises(const struct correlation *c, const struct level_hit *hits, size_t i, size_t j,
                  uint64_t level)
{
    if (c->kind == OPERATOR_COUNT)
        return true;
    if (c->kind == OPERATOR_ORDERED || c->kind == OPERATOR_SEQUENCE)
        return hits[j].label == level_step(c, level);
    for (size_t k = i; k < j; k++)
        if (c->kind == OPERATOR_SET ? hits[k].label == hits[j].label
                                    : hits[k].value == hits[j].value)
            return false;
    return true;
}

uint64_t level_hash(struct arena *a, const struct event_tree *tree, const struct str *fields,
                    size_t n)
{
    uint64_t hash = hash_str(STR("fields"));

    for (size_t i = 0; i < n; i++) {
        struct field_values values = event_lookup(a, tree, fields[i]);
        uint64_t parts[] = {hash, values.n ? hash_str(values.items[0].text) : 0};
        hash = hash_bytes(parts, sizeof parts);
    }
    return hash;
}

int level_order(const void *x, const void *y)
{
    const struct level_hit *a = x, *b = y;

    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    if (a->t_ms != b->t_ms)
        return a->t_ms < b->t_ms ? -1 : 1;
    return (a->number > b->number) - (a->number < b->number);
}

/* route.c - bitmaps of rules and fields per logsource, joined per shape. */
#include "plan/route.h"

#include <string.h>

struct group {
    uint64_t *rules;
    uint64_t *fields;
};

struct route {
    const struct plan *plan;
    struct group *groups; /* one per plan->logsources */
    uint32_t rule_words, field_words;
};

static void set_bit(uint64_t *bits, uint32_t i)
{
    bits[i / 64] |= 1ull << (i % 64);
}

/* Mark the fields of all atoms below a node. Nodes are shared, trees small: a plain walk. */
static void mark_fields(const struct plan *p, uint32_t node, uint64_t *fields)
{
    const struct plan_node *n = &p->nodes[node];

    if (n->kind == FORMULA_ATOM) {
        if (p->atoms[n->atom].field != (uint32_t)FIELD_NONE)
            set_bit(fields, p->atoms[n->atom].field);
        if (p->atoms[n->atom].other != (uint32_t)FIELD_NONE)
            set_bit(fields, p->atoms[n->atom].other);
        for (size_t i = 0; i < p->atoms[n->atom].atom->expr_fields.n; i++)
            set_bit(fields, p->atoms[n->atom].expr_fields[i]);
    }
    for (uint32_t i = 0; i < n->n_children; i++)
        mark_fields(p, p->children[n->first_child + i], fields);
}

const struct route *route_new(struct arena *a, const struct plan *plan)
{
    struct route *r = ARENA_NEW(a, struct route);

    r->plan = plan;
    r->rule_words = (plan->n_rules + 63) / 64;
    r->field_words = (field_count(plan->fields) + 63) / 64;
    r->groups = ARENA_ARRAY(a, plan->n_logsources, struct group);
    for (uint32_t i = 0; i < plan->n_logsources; i++) {
        r->groups[i].rules = ARENA_ARRAY(a, r->rule_words, uint64_t);
        r->groups[i].fields = ARENA_ARRAY(a, r->field_words, uint64_t);
    }
    for (uint32_t i = 0; i < plan->n_rules; i++) {
        struct group *g = &r->groups[plan->rules[i].logsource];
        set_bit(g->rules, i);
        mark_fields(plan, plan->rules[i].root, g->fields);
    }
    return r;
}

uint32_t route_rule_words(const struct route *r)
{
    return r->rule_words;
}

uint32_t route_field_words(const struct route *r)
{
    return r->field_words;
}

uint32_t route_shape(const struct route *r, const struct logsource_facts *facts, uint64_t *rules,
                     uint64_t *fields)
{
    const struct plan *p = r->plan;
    uint32_t n = 0;

    memset(rules, 0, r->rule_words * sizeof *rules);
    memset(fields, 0, r->field_words * sizeof *fields);
    for (uint32_t i = 0; i < p->n_logsources; i++) {
        if (p->is_routed && !logsource_allows(facts, &p->logsources[i]))
            continue;
        for (uint32_t w = 0; w < r->rule_words; w++)
            rules[w] |= r->groups[i].rules[w];
        for (uint32_t w = 0; w < r->field_words; w++)
            fields[w] |= r->groups[i].fields[w];
    }
    for (uint32_t w = 0; w < r->rule_words; w++)
        n += (uint32_t)__builtin_popcountll(rules[w]);
    return n;
}

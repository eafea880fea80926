/* plan.c - linking: names to numbers, equal parts to one part.
 *
 * Atoms and nodes are interned in open-addressing tables that live only while linking. A
 * node's identity is its kind and its children's numbers (sorted for AND and OR, whose order
 * carries no meaning), so two rules that select the same thing share the node.
 */
#include "plan/plan.h"

#include "base/hash.h"
#include "base/str.h"
#include "base/vec.h"
#include "rule/expr.h"

#include <stdlib.h>
#include <string.h>

struct slot_table {
    uint32_t *slots; /* index + 1; 0 is empty */
    uint32_t mask;
    uint32_t used;
};

struct linker {
    struct arena *arena; /* the plan's */
    struct arena *temp;  /* gone after linking */
    struct field_table *fields;
    struct vec atoms, nodes, children, logsources;
    struct slot_table atom_slots, node_slots;
    struct vec atom_hashes, node_hashes; /* uint64_t, parallel to the vectors; in temp */
};

static uint64_t hash_at(const struct vec *hashes, uint32_t i)
{
    return ((const uint64_t *)hashes->items)[i];
}

static void slots_grow(struct linker *l, struct slot_table *t, const struct vec *hashes)
{
    uint32_t size = t->slots ? (t->mask + 1) * 2 : 1024;
    uint32_t *slots = ARENA_ARRAY(l->temp, size, uint32_t);

    for (uint32_t i = 0; i < t->used; i++) {
        uint32_t at = (uint32_t)hash_at(hashes, i) & (size - 1);
        while (slots[at])
            at = (at + 1) & (size - 1);
        slots[at] = i + 1;
    }
    t->slots = slots;
    t->mask = size - 1;
}

/* ---- atoms ---------------------------------------------------------------------- */

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash ^= value + 0x9e3779b97f4a7c15u + (hash << 6) + (hash >> 2);
    return hash * 0xff51afd7ed558ccdu;
}

static uint64_t atom_hash(const struct atom *x)
{
    uint64_t h = hash_str(x->field);

    h = mix(h, hash_str(x->text));
    h = mix(h, (uint64_t)x->op << 24 | (uint64_t)x->fold << 16 | (uint64_t)x->miss << 8 |
                   (uint64_t)x->array);
    for (size_t i = 0; i < x->glob.n_parts; i++)
        h = mix(h, hash_str(x->glob.parts[i].text) + (uint64_t)x->glob.parts[i].kind);
    h = mix(h, hash_str(x->regex.pattern));
    h = mix(h, hash_str(x->other));
    h = mix(h, expr_hash(x->expr));
    h = mix(h, x->list ? x->list->number + 1u : 0);
    h = mix(h, (uint64_t)x->time_ms);
    h = mix(h, (uint64_t)x->time.at_ms + x->time.n_steps);
    return mix(h, (uint64_t)x->cmp << 16 | (uint64_t)x->part << 8 | x->is_true);
}

static bool time_equal(const struct rule_time *a, const struct rule_time *b)
{
    if (a->is_relative != b->is_relative || a->at_ms != b->at_ms || a->n_steps != b->n_steps ||
        a->rounds_up != b->rounds_up)
        return false;
    for (size_t i = 0; i < a->n_steps; i++)
        if (a->steps[i].unit != b->steps[i].unit || a->steps[i].is_round != b->steps[i].is_round ||
            a->steps[i].n != b->steps[i].n)
            return false;
    return true;
}

static bool atom_equal(const struct atom *a, const struct atom *b);

/* Of parts of the event: rare and small, so they are compared as they are written. */
static bool formula_equal(const struct formula *a, const struct formula *b)
{
    if (a == b || !a || !b)
        return a == b;
    if (a->kind != b->kind || a->value != b->value || a->n_children != b->n_children)
        return false;
    if (a->kind == FORMULA_ATOM)
        return atom_equal(a->atom, b->atom);
    for (size_t i = 0; i < a->n_children; i++)
        if (!formula_equal(a->children[i], b->children[i]))
            return false;
    return true;
}

static bool atom_equal(const struct atom *a, const struct atom *b)
{
    return a->op == b->op && a->fold == b->fold && a->miss == b->miss && a->array == b->array &&
           a->cmp == b->cmp && a->part == b->part && a->is_true == b->is_true &&
           str_eq(a->field, b->field) && str_eq(a->text, b->text) && str_eq(a->other, b->other) &&
           a->is_gated == b->is_gated && a->list == b->list && a->time_ms == b->time_ms &&
           glob_equal(&a->glob, &b->glob) && regex_equal(&a->regex, &b->regex) &&
           expr_equal(a->expr, b->expr) && time_equal(&a->time, &b->time) &&
           formula_equal(a->inner, b->inner) && str_list_eq(&a->except, &b->except);
}

static const uint32_t *link_expr_fields(struct linker *l, const struct atom *atom)
{
    uint32_t *numbers = ARENA_ARRAY(l->arena, atom->expr_fields.n, uint32_t);

    for (size_t i = 0; i < atom->expr_fields.n; i++)
        numbers[i] = field_intern(l->fields, atom->expr_fields.items[i]);
    return numbers;
}

static uint32_t link_atom(struct linker *l, const struct atom *atom)
{
    uint64_t hash = atom_hash(atom);
    struct slot_table *t = &l->atom_slots;

    if (t->used * 2 >= t->mask)
        slots_grow(l, t, &l->atom_hashes);
    uint32_t at = (uint32_t)hash & t->mask;
    const struct plan_atom *atoms = l->atoms.items;
    for (; t->slots[at]; at = (at + 1) & t->mask) {
        uint32_t i = t->slots[at] - 1;
        if (hash_at(&l->atom_hashes, i) == hash && atom_equal(atoms[i].atom, atom))
            return i;
    }
    *(uint64_t *)vec_push(l->temp, &l->atom_hashes, sizeof hash) = hash;
    t->slots[at] = ++t->used;
    struct plan_atom *linked = vec_push(l->arena, &l->atoms, sizeof *linked);
    linked->atom = atom;
    linked->field =
        atom->op == ATOM_BEFORE ? (uint32_t)FIELD_NONE : field_intern(l->fields, atom->field);
    linked->other =
        atom->op == ATOM_FIELD_CMP ? field_intern(l->fields, atom->other) : (uint32_t)FIELD_NONE;
    linked->expr_fields = link_expr_fields(l, atom);
    return t->used - 1;
}

/* ---- nodes ---------------------------------------------------------------------- */

static struct plan_node *node_at(struct linker *l, uint32_t i)
{
    return (struct plan_node *)l->nodes.items + i;
}

static const uint32_t *children_of(struct linker *l, const struct plan_node *n)
{
    return (const uint32_t *)l->children.items + n->first_child;
}

/* The number of a node with these parts, made if there is none yet. */
static uint32_t intern_node(struct linker *l, struct plan_node want, const uint32_t *children)
{
    uint64_t hash = mix((uint64_t)want.kind << 8 | want.value, want.atom);
    struct slot_table *t = &l->node_slots;

    for (uint32_t i = 0; i < want.n_children; i++)
        hash = mix(hash, children[i]);
    if (t->used * 2 >= t->mask)
        slots_grow(l, t, &l->node_hashes);
    uint32_t at = (uint32_t)hash & t->mask;
    for (; t->slots[at]; at = (at + 1) & t->mask) {
        uint32_t i = t->slots[at] - 1;
        const struct plan_node *n = node_at(l, i);
        if (hash_at(&l->node_hashes, i) == hash && n->kind == want.kind && n->value == want.value &&
            n->atom == want.atom && n->n_children == want.n_children &&
            (want.n_children == 0 ||
             memcmp(children_of(l, n), children, want.n_children * sizeof *children) == 0))
            return i;
    }
    *(uint64_t *)vec_push(l->temp, &l->node_hashes, sizeof hash) = hash;
    t->slots[at] = ++t->used;
    want.first_child = l->children.n;
    for (uint32_t i = 0; i < want.n_children; i++)
        *(uint32_t *)vec_push(l->arena, &l->children, sizeof(uint32_t)) = children[i];
    *(struct plan_node *)vec_push(l->arena, &l->nodes, sizeof want) = want;
    return t->used - 1;
}

static uint32_t const_node(struct linker *l, bool value)
{
    struct plan_node n = {.kind = FORMULA_CONST, .value = value, .atom = PLAN_NONE};

    return intern_node(l, n, NULL);
}

static int compare_numbers(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

/* Children sorted and each once; returns how many are left. */
static uint32_t sort_unique(uint32_t *numbers, uint32_t n)
{
    uint32_t kept = 0;

    qsort(numbers, n, sizeof *numbers, compare_numbers);
    for (uint32_t i = 0; i < n; i++)
        if (kept == 0 || numbers[kept - 1] != numbers[i])
            numbers[kept++] = numbers[i];
    return kept;
}

static uint32_t link_formula(struct linker *l, const struct formula *f);

/* AND or OR: children of the same kind are taken up, constants decide or vanish. */
static uint32_t link_join(struct linker *l, const struct formula *f)
{
    bool absorbing = f->kind == FORMULA_OR; /* true absorbs OR, false absorbs AND */
    struct vec kept = {0};

    for (size_t i = 0; i < f->n_children; i++) {
        uint32_t child = link_formula(l, f->children[i]);
        struct plan_node n = *node_at(l, child);
        if (n.kind == FORMULA_CONST && n.value == absorbing)
            return child;
        if (n.kind == FORMULA_CONST)
            continue;
        if (n.kind != f->kind) {
            *(uint32_t *)vec_push(l->temp, &kept, sizeof(uint32_t)) = child;
            continue;
        }
        for (uint32_t k = 0; k < n.n_children; k++)
            *(uint32_t *)vec_push(l->temp, &kept, sizeof(uint32_t)) = children_of(l, &n)[k];
    }
    uint32_t *numbers = kept.items;
    uint32_t n = kept.n ? sort_unique(numbers, kept.n) : 0;
    if (n == 0)
        return const_node(l, !absorbing);
    if (n == 1)
        return numbers[0];
    struct plan_node join = {.kind = f->kind, .atom = PLAN_NONE, .n_children = n};
    return intern_node(l, join, numbers);
}

static uint32_t link_not(struct linker *l, const struct formula *f)
{
    uint32_t child = link_formula(l, f->children[0]);
    struct plan_node n = *node_at(l, child);

    if (n.kind == FORMULA_CONST)
        return const_node(l, !n.value);
    if (n.kind == FORMULA_NOT)
        return children_of(l, &n)[0];
    struct plan_node not = {.kind = FORMULA_NOT, .atom = PLAN_NONE, .n_children = 1};
    return intern_node(l, not, &child);
}

/* Depth is bounded by FORMULA_DEPTH_MAX, which front ends hold. */
static uint32_t link_formula(struct linker *l, const struct formula *f)
{
    switch (f->kind) {
    case FORMULA_AND:
    case FORMULA_OR:
        return link_join(l, f);
    case FORMULA_NOT:
        return link_not(l, f);
    case FORMULA_CONST:
        return const_node(l, f->value);
    case FORMULA_ATOM:
        break;
    }
    struct plan_node n = {.kind = FORMULA_ATOM, .atom = link_atom(l, f->atom)};
    return intern_node(l, n, NULL);
}

/* ---- logsources ------------------------------------------------------------------ */

static uint32_t link_logsource(struct linker *l, const struct logsource *source)
{
    const struct logsource *all = l->logsources.items;

    for (uint32_t i = 0; i < l->logsources.n; i++)
        if (str_eq(all[i].product, source->product) && str_eq(all[i].category, source->category) &&
            str_eq(all[i].service, source->service) &&
            str_list_eq(&all[i].streams, &source->streams))
            return i;
    *(struct logsource *)vec_push(l->arena, &l->logsources, sizeof *source) = *source;
    return l->logsources.n - 1;
}

const struct plan *plan_new(struct arena *a, struct rule *const *rules, size_t n,
                            const struct profile_set *profiles, const struct plan_options *options)
{
    struct linker l = {.arena = a, .temp = arena_new(0), .fields = field_table_new(a)};
    struct plan *p = ARENA_NEW(a, struct plan);

    uint32_t any = field_intern(l.fields, STR(FIELD_ANY_NAME));
    ASSERT(any == FIELD_ANY);
    p->arena = a;
    p->profiles = profiles;
    p->extract = options->extract;
    p->is_routed = !options->no_routing;
    p->rules = ARENA_ARRAY(a, n, struct plan_rule);
    p->n_rules = (uint32_t)n;
    bool wants_leaves = false;
    for (size_t i = 0; i < n; i++) {
        p->rules[i].rule = rules[i];
        p->rules[i].root = link_formula(&l, rules[i]->formula);
        p->rules[i].logsource = link_logsource(&l, &rules[i]->logsource);
    }
    for (size_t i = 0; i < options->n_fields; i++)
        (void)field_intern(l.fields, options->fields[i]);
    p->fields = l.fields;
    p->atoms = l.atoms.items;
    p->n_atoms = l.atoms.n;
    p->nodes = l.nodes.items;
    p->n_nodes = l.nodes.n;
    p->children = l.children.items;
    p->n_children = l.children.n;
    p->logsources = l.logsources.items;
    p->n_logsources = l.logsources.n;
    for (uint32_t i = 0; i < p->n_atoms; i++)
        wants_leaves |= p->atoms[i].field == FIELD_ANY;
    arena_free(l.temp);
    p->extractor = extractor_new(a, profiles, p->fields, wants_leaves, &options->extract);
    return p;
}

/* exercise.c - which atoms tests have made true and false. */
#include "app/exercise.h"

#include "base/vec.h"

struct exercise {
    struct arena *a;
    struct reference *reference;
    struct vec rules; /* struct exercised * */
};

struct exercise *exercise_new(struct arena *a, struct reference *reference)
{
    struct exercise *x = ARENA_NEW(a, struct exercise);

    *x = (struct exercise){.a = a, .reference = reference};
    return x;
}

struct adding {
    struct arena *a;
    struct vec atoms; /* struct exercised_atom */
};

static void add_atom(const struct atom *atom, void *context)
{
    struct adding *adding = context;
    struct exercised_atom *slot = vec_push(adding->a, &adding->atoms, sizeof *slot);

    *slot = (struct exercised_atom){.atom = atom};
}

static struct exercised *find(const struct exercise *x, const struct rule *rule)
{
    struct exercised *const *all = x->rules.items;

    /* Tests come rule by rule, so it mostly is the last one. */
    for (size_t i = x->rules.n; i-- > 0;)
        if (all[i]->rule == rule)
            return all[i];
    return NULL;
}

static struct exercised *of_rule(struct exercise *x, const struct rule *rule)
{
    struct adding adding = {.a = x->a};
    struct exercised *e = find(x, rule);

    if (e)
        return e;
    e = ARENA_NEW(x->a, struct exercised);
    e->rule = rule;
    formula_each_atom(rule->formula, add_atom, &adding);
    e->atoms = adding.atoms.items;
    e->n_atoms = adding.atoms.n;
    *(struct exercised **)vec_push(x->a, &x->rules, sizeof e) = e;
    return e;
}

void exercise_rule(struct exercise *x, const struct rule *rule)
{
    of_rule(x, rule);
}

void exercise_event(struct exercise *x, const struct rule *rule, const struct event_tree *event)
{
    struct exercised *e = of_rule(x, rule);

    if (!logsource_allows(&event->shape.facts, &rule->logsource))
        return;
    e->events++;
    for (size_t i = 0; i < e->n_atoms; i++) {
        enum truth t = reference_atom(x->reference, e->atoms[i].atom, event);
        e->atoms[i].was_true |= t == TRUTH_TRUE;
        e->atoms[i].was_false |= t == TRUTH_FALSE;
    }
}

void exercise_edges(struct exercise *x, const struct rule *rule, unsigned edges)
{
    of_rule(x, rule)->edges |= edges;
}

size_t exercise_count(const struct exercise *x)
{
    return x->rules.n;
}

const struct exercised *exercise_at(const struct exercise *x, size_t i)
{
    return ((struct exercised *const *)x->rules.items)[i];
}

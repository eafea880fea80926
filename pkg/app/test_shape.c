/* test_shape.c - which profile the events of a rule test are read by.
 *
 * Each profile is tried on the first event: does its logsource go with a rule's (how many of
 * product, category and service does it know to be the rule's), how many of the rules' fields does
 * it find, and how many entities? Of equal ones the last in the order in which profiles are tried,
 * which begins with the special ones: wrapped, renamed, of one vendor.
 */
#include "app/test_shape.h"

#include "base/arena.h"
#include "base/str.h"
#include "event/lookup.h"
#include "json/tree.h"

enum { EVENTS_LOOKED_AT = 64 };

struct fit {
    uint32_t known, found, entities;
};

/* By the first number that differs. */
static bool is_as_good(const struct fit *a, const struct fit *b)
{
    if (a->known != b->known)
        return a->known > b->known;
    if (a->found != b->found)
        return a->found > b->found;
    return a->entities >= b->entities;
}

/* ---- the source ----------------------------------------------------------------------------- */

static bool names_it(const struct logsource_values *known, struct str wanted)
{
    for (uint32_t i = 0; wanted.n && known->is_known && i < known->n; i++)
        if (str_eq_ci(known->values[i], wanted))
            return true;
    return false;
}

static uint32_t known_of(const struct logsource_facts *facts, const struct logsource *source)
{
    return (uint32_t)names_it(&facts->product, source->product) +
           names_it(&facts->category, source->category) +
           names_it(&facts->service, source->service);
}

/* ---- the fields ----------------------------------------------------------------------------- */

struct counting {
    struct arena *a;
    const struct event_tree *tree;
    uint32_t found;
};

static void count_field(const struct atom *atom, void *context)
{
    struct counting *c = context;

    if (!str_eq(atom->field, STR(FIELD_ANY_NAME)))
        c->found += event_lookup(c->a, c->tree, atom->field).n > 0;
}

static struct fit fit_of(struct arena *a, const struct profile_set *profiles,
                         const struct profile *profile, const struct json_node *root,
                         struct rule *const *rules, size_t n_rules)
{
    const struct extract_options pinned = {.pinned = profile};
    struct event_entity *entities;
    struct event_tree tree;
    struct fit best = {0};

    event_tree_init(&tree, profiles, root, &pinned);
    for (size_t i = 0; i < n_rules; i++) {
        struct counting counting = {.a = a, .tree = &tree};
        uint32_t known = known_of(&tree.shape.facts, &rules[i]->logsource);
        if (!known || !logsource_allows(&tree.shape.facts, &rules[i]->logsource))
            continue;
        formula_each_atom(rules[i]->formula, count_field, &counting);
        best.known = known > best.known ? known : best.known;
        best.found += counting.found;
    }
    if (best.known)
        best.entities = (uint32_t)event_entities(a, &tree, &entities);
    return best;
}

/* ---- the choice ----------------------------------------------------------------------------- */

static bool is_recognised(const struct profile_set *profiles, const struct json_node *root)
{
    struct event_tree tree;

    event_tree_init(&tree, profiles, root, NULL);
    return tree.shape.profile != NULL;
}

static const struct profile *best_for(struct arena *a, const struct profile_set *profiles,
                                      const struct json_node *root, struct rule *const *rules,
                                      size_t n_rules)
{
    const struct profile *best = NULL;
    struct fit best_fit = {0};

    for (uint32_t i = 0; i < profile_count(profiles); i++) {
        const struct profile *p = profile_at(profiles, i);
        struct fit fit = fit_of(a, profiles, p, root, rules, n_rules);
        if (!fit.known || !is_as_good(&fit, &best_fit))
            continue;
        best = p;
        best_fit = fit;
    }
    return best;
}

const struct profile *test_shape_choose(const struct profile_set *profiles,
                                        struct rule *const *rules, size_t n_rules,
                                        const struct script *script)
{
    struct arena *a = arena_new(0);
    const struct profile *best = NULL;
    size_t n_events = 0;
    bool is_plain = true;

    for (size_t i = 0; i < script->n && is_plain && n_events < EVENTS_LOOKED_AT; i++) {
        const struct statement *s = &script->statements[i];
        struct json_node *root;
        struct str text;
        if (s->kind != SAY_EVENT || s->is_again ||
            script_event_text(a, &s->event, 0, 0, &text, NULL) != WEIR_OK ||
            json_tree_parse(a, text, &root, NULL) != JSON_OK)
            continue;
        is_plain = !is_recognised(profiles, root);
        if (is_plain && n_events++ == 0)
            best = best_for(a, profiles, root, rules, n_rules);
    }
    arena_free(a);
    return is_plain ? best : NULL;
}

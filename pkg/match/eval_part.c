/* eval_part.c - atoms about parts of an event: some field of many, some object of a list, all texts
 * but some.
 *
 * Extraction knows only names that rules wrote down, so these atoms read the event as a tree, once
 * for all of them. Rules that hold one pay for it only in events where their other atoms leave the
 * question open.
 */
#include "match/eval_impl.h"

#include "base/str.h"
#include "match/fold.h"
#include "match/reference.h"

/* Where an inner formula is asked. */
struct part {
    struct evaluator *e;
    const struct event_tree *tree; /* the event, or an object in it */
    struct str named;              /* the field of atoms that name none */
};

static enum truth inner_truth(const struct part *p, const struct net_inner *n);

/* False: no tree can be made of the event, which extraction would not have let through. */
static bool read_tree(struct evaluator *e)
{
    const struct plan *plan = e->net->plan;
    struct json_node *root;

    if (e->tree_stamp == e->stamp)
        return true;
    arena_reset(e->part_space);
    if (json_tree_parse(e->part_space, e->event->record, &root, NULL) != JSON_OK)
        return false;
    event_tree_init_read(&e->tree, plan->profiles, root, &plan->extract, e->profile);
    e->tree_stamp = e->stamp;
    e->has_names = false;
    return true;
}

static struct prepared_value prepared(struct evaluator *e, const struct field_value *value)
{
    struct prepared_value v = {.kind = (uint8_t)value->kind, .is_ready = true};

    if (!value_has_text(&v))
        return v;
    v.text = value->kind == JSON_TRUE    ? STR("true")
             : value->kind == JSON_FALSE ? STR("false")
                                         : value->text;
    char *folded = arena_alloc(e->part_space, v.text.n + 1);
    v.is_ascii = !fold_ascii(folded, v.text.p, v.text.n);
    v.folded = folded;
    return v;
}

/* Names of the whole event are made once for all atoms. */
static struct str_list names_of(const struct part *p)
{
    struct evaluator *e = p->e;

    if (p->tree != &e->tree)
        return event_names(e->part_space, p->tree);
    if (!e->has_names)
        e->names = event_names(e->part_space, p->tree);
    e->has_names = true;
    return e->names;
}

/* A name can only be there if its parts stand in the record as keys, or if the profile has names of
 * its own. Most events lack them, and are not read at all then. */
static bool may_have_name(struct evaluator *e, const struct net_lazy *lazy)
{
    struct name_memo *memo = &e->name_memos[lazy - e->net->lazies];
    struct str record = e->event->record;

    if (lazy->text.n == 0)
        return true;
    if (!memo->is_known || memo->profile != e->profile)
        *memo = (struct name_memo){
            e->profile, true,
            event_profile_may_name(e->net->plan->profiles, e->profile, lazy->text)};
    return memo->may_name || str_find(record, lazy->text, 0) != SIZE_MAX ||
           str_find(record, STR("\\u"), 0) != SIZE_MAX;
}

static enum truth some_field(const struct part *p, const struct net_lazy *lazy)
{
    struct str_list names = names_of(p);
    size_t n_asked = 0;

    for (size_t i = 0; i < names.n && n_asked < MATCH_NAMES_MAX; i++) {
        struct part one = {p->e, p->tree, names.items[i]};
        if (!glob_match(lazy->glob, names.items[i]))
            continue;
        n_asked++;
        if (inner_truth(&one, lazy->inner) == TRUTH_TRUE)
            return TRUTH_TRUE;
    }
    return TRUTH_FALSE;
}

static enum truth some_member(const struct part *p, const struct net_lazy *lazy)
{
    struct field_values values = event_lookup(p->e->part_space, p->tree, lazy->atom->field);

    for (size_t i = 0; i < values.n; i++) {
        struct event_tree object;
        if (values.items[i].kind != JSON_OBJECT)
            continue;
        event_tree_init_part(&object, p->tree, values.items[i].object);
        struct part one = {p->e, &object, STR("")};
        if (inner_truth(&one, lazy->inner) == TRUTH_TRUE)
            return TRUTH_TRUE;
    }
    return TRUTH_FALSE;
}

static enum truth part_atom(const struct part *p, const struct net_lazy *lazy)
{
    const struct atom *x = lazy->atom;
    struct member_count m = {0};

    if (x->op == ATOM_SOME_FIELD)
        return some_field(p, lazy);
    if (x->op == ATOM_SOME_MEMBER)
        return some_member(p, lazy);
    struct field_values values =
        x->except.n ? event_texts(p->e->part_space, p->tree, &x->except)
                    : event_lookup(p->e->part_space, p->tree, x->field.n ? x->field : p->named);
    for (size_t i = 0; i < values.n; i++) {
        struct prepared_value v = prepared(p->e, &values.items[i]);
        member_add(&m, evaluator_test_value(p->e, lazy, &v));
    }
    return m.n ? evaluator_members(x->array, &m) : evaluator_missing(x);
}

/* Kleene's, as everywhere. */
static enum truth inner_truth(const struct part *p, const struct net_inner *n)
{
    bool is_and = n->kind == FORMULA_AND;
    enum truth result = is_and ? TRUTH_TRUE : TRUTH_FALSE, stop = (enum truth)(TRUTH_TRUE - result);

    switch (n->kind) {
    case FORMULA_CONST:
        return n->value ? TRUTH_TRUE : TRUTH_FALSE;
    case FORMULA_ATOM:
        return part_atom(p, &n->lazy);
    case FORMULA_NOT:
        return (enum truth)(TRUTH_TRUE - inner_truth(p, &n->children[0]));
    default:
        break;
    }
    for (size_t i = 0; i < n->n_children && result != stop; i++) {
        enum truth t = inner_truth(p, &n->children[i]);
        if (is_and ? t < result : t > result)
            result = t;
    }
    return result;
}

enum truth evaluator_parts(struct evaluator *e, const struct net_lazy *lazy)
{
    struct part whole = {e, &e->tree, STR("")};

    if (lazy->atom->op == ATOM_SOME_FIELD && !may_have_name(e, lazy))
        return TRUTH_FALSE;
    return read_tree(e) ? part_atom(&whole, lazy) : TRUTH_FALSE;
}

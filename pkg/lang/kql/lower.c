/* lower.c - logic to formulas, and whole queries. */
#include "lang/kql/lower.h"

#include "base/str.h"
#include "lang/kql/kql.h"

static struct formula *lower(struct query_scope *s, const struct kql_node *n);

static struct formula *lower_joined(struct query_scope *s, const struct kql_node *n)
{
    struct formula **parts = ARENA_ARRAY(s->scratch, n->n_children, struct formula *);
    bool is_good = true;

    for (size_t i = 0; i < n->n_children; i++) {
        parts[i] = lower(s, n->children[i]);
        is_good &= parts[i] != NULL;
    }
    if (!is_good)
        return NULL;
    return formula_join(s->a, n->kind == KQL_AND ? FORMULA_AND : FORMULA_OR, parts, n->n_children);
}

/* One object of the field that is so. */
static struct formula *lower_nested(struct query_scope *s, const struct kql_node *n)
{
    struct formula *inner = lower(s, n->children[0]);

    if (n->field->glob.n_parts) {
        diag_error(s->diag, n->field->at, "a field before { ... } takes no wildcards");
        return NULL;
    }
    if (!inner)
        return NULL;
    return query_atom(s, n->at, n->field->text,
                      (struct atom){.op = ATOM_SOME_MEMBER, .inner = inner});
}

static struct formula *lower(struct query_scope *s, const struct kql_node *n)
{
    struct formula *child;

    switch (n->kind) {
    case KQL_AND:
    case KQL_OR:
        return lower_joined(s, n);
    case KQL_NOT:
        child = lower(s, n->children[0]);
        return child ? formula_not(s->a, child) : NULL;
    case KQL_NESTED:
        return lower_nested(s, n);
    default:
        return kql_leaf(s, n);
    }
}

struct formula *kql_condition(struct query_scope *s, struct str query)
{
    struct kql_node *tree;

    if (!kql_parse(s, query, &tree))
        return NULL;
    struct formula *f = tree ? lower(s, tree) : formula_const(s->a, true);
    if (!f || !query_check_depth(s, s->at, f, 1)) /* a filter may be joined to it */
        return NULL;
    return f;
}

bool kql_load(struct query_scope *s, struct str query, UNUSED const struct query_options *options,
              struct rule *rule)
{
    rule->formula = kql_condition(s, query);
    return rule->formula && !diag_failed(s->diag);
}

/* load.c - a whole EQL text to a rule: the category is one more condition, on event.category. */
#include "lang/eql/eql.h"

#include "base/str.h"
#include "lang/eql/lower.h"

static unsigned depth_of(const struct formula *f)
{
    unsigned deepest = 0;

    for (size_t i = 0; i < f->n_children; i++) {
        unsigned depth = depth_of(f->children[i]);
        deepest = depth > deepest ? depth : deepest;
    }
    return deepest + 1;
}

static struct formula *category_formula(struct eql_scope *s, const struct eql_options *options,
                                        const struct eql_item *item)
{
    bool has_field = options && options->category_field.n;
    struct atom *atom = ARENA_NEW(s->a, struct atom);

    *atom = (struct atom){.op = ATOM_EQ,
                          .field = names_intern(s->names, has_field ? options->category_field
                                                                    : STR("event.category")),
                          .text = names_intern(s->names, item->category),
                          .regex.pattern = STR(""),
                          .other = STR(""),
                          .line = item->at.line,
                          .col = item->at.col};
    return formula_atom(s->a, atom);
}

struct formula *eql_item_formula(struct eql_scope *s, const struct eql_options *options,
                                 const struct eql_item *item)
{
    struct formula *parts[2], *condition = eql_condition_lower(s, item->condition);

    if (!condition)
        return NULL;
    if (depth_of(condition) + 2 > FORMULA_DEPTH_MAX) { /* the category, and a filter */
        diag_error(s->diag, item->at, "the condition is nested deeper than %d",
                   FORMULA_DEPTH_MAX - 2);
        return NULL;
    }
    if (item->is_any)
        return condition;
    parts[0] = category_formula(s, options, item);
    parts[1] = condition;
    return formula_join(s->a, FORMULA_AND, parts, 2);
}

/* Read and checked whole, so that what is wrong is said, too. */
static bool refuse_sample(struct eql_scope *s, const struct eql_options *options,
                          const struct eql_query *q)
{
    for (size_t i = 0; i < q->n_items; i++)
        (void)eql_item_formula(s, options, &q->items[i]);
    return diag_unsupported(s->diag, q->at, "sample: not in this version");
}

bool eql_load(struct eql_scope *s, struct str query, const struct eql_options *options,
              struct rule *rule)
{
    struct eql_query q;

    if (!eql_parse(s, query, &q))
        return false;
    if (q.shape == EQL_SEQUENCE)
        return eql_sequence_load(s, &q, options, rule);
    if (q.shape == EQL_SAMPLE)
        return refuse_sample(s, options, &q);
    rule->formula = eql_item_formula(s, options, q.items);
    return rule->formula && !diag_failed(s->diag);
}

/* load.c - a whole EQL text to a rule: the category is one more condition, on event.category. */
#include "lang/eql/eql.h"

#include "base/str.h"
#include "lang/eql/lower.h"

static struct formula *category_formula(struct query_scope *s, const struct query_options *options,
                                        const struct eql_item *item)
{
    bool has_field = options && options->category_field.n;

    return query_atom(s, item->at, has_field ? options->category_field : STR("event.category"),
                      (struct atom){.op = ATOM_EQ, .text = item->category});
}

struct formula *eql_item_formula(struct query_scope *s, const struct query_options *options,
                                 const struct eql_item *item)
{
    struct formula *parts[2], *condition = eql_condition_lower(s, item->condition);

    if (!condition)
        return NULL;
    if (!query_check_depth(s, item->at, condition, 2)) /* the category, and a filter */
        return NULL;
    if (item->is_any)
        return condition;
    parts[0] = category_formula(s, options, item);
    parts[1] = condition;
    return formula_join(s->a, FORMULA_AND, parts, 2);
}

bool eql_load(struct query_scope *s, struct str query, const struct query_options *options,
              struct rule *rule)
{
    struct eql_query q;

    if (!eql_parse(s, query, &q))
        return false;
    if (q.shape == EQL_SEQUENCE || q.shape == EQL_SAMPLE)
        return eql_sequence_load(s, &q, options, rule);
    rule->formula = eql_item_formula(s, options, q.items);
    return rule->formula && !diag_failed(s->diag);
}

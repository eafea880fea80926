/* filter.c - Sigma filters: a user's condition AND-ed to rules of others.
 *
 * pySigma joins `(rule) and (filter)`, so an exclusion is written `condition: not selection`.
 * The specification's only example means an exclusion by `condition: selection`; weir follows
 * pySigma, warns where the condition has no `not` at its top, and has a switch.
 *
 * A filter's selections are resolved among themselves, so `them` in a rule never sees them.
 *
 * Pipelines come behind filters, as in pySigma: a filter is about the log source that the rule has
 * been written for, and the pipelines that change the rule change what the filter adds to it. So
 * with pipelines a filter is lowered anew for each of its rules.
 */
#include "lang/sigma/sigma.h"

#include "base/str.h"
#include "lang/rule_id.h"

static void load_reference(struct sigma_scope *s, const struct doc_node *node, struct str *items,
                           size_t *n)
{
    if (doc_is_scalar(node) && node->text.n)
        items[(*n)++] = names_intern(s->names, node->text);
    else
        diag_error(s->diag, sigma_at(node), "a rule is named by its id or name, not by %s",
                   doc_type_name(node));
}

static void load_references(struct sigma_scope *s, const struct doc_node *body,
                            struct sigma_filter *filter)
{
    const struct doc_node *rules = doc_get(body, STR("rules"));

    if (!rules) {
        diag_error(s->diag, sigma_at(body),
                   "'filter' has no 'rules': a list of ids or names, or 'any'");
        return;
    }
    if (rules->type == DOC_STRING && str_eq_ci(rules->text, STR("any")))
        return;
    size_t n_items = rules->type == DOC_LIST ? rules->n_items : 1, n = 0;
    struct str *items = ARENA_ARRAY(s->a, n_items, struct str);
    if (rules->type == DOC_LIST)
        for (size_t i = 0; i < n_items; i++)
            load_reference(s, &rules->items[i], items, &n);
    else
        load_reference(s, rules, items, &n);
    filter->rules = (struct str_list){items, n};
}

/* In evidence a filter's selection should not be taken for the rule's own. */
static void label_selections(struct sigma_scope *s, struct sigma_selection *list, size_t n,
                             struct str title)
{
    for (size_t i = 0; i < n; i++)
        if (list[i].formula)
            list[i].formula->label =
                arena_printf(s->a, "filter %.*s: %.*s", SHOWN(title), SHOWN(list[i].name));
}

static void load_condition(struct sigma_scope *s, const struct doc_node *body,
                           struct sigma_filter *filter)
{
    static const struct str SKIP[] = {{"condition", 9}, {"rules", 5}};
    const struct doc_node *condition = doc_get(body, STR("condition"));
    size_t n;

    struct sigma_selection *list = sigma_selections_load(s, body, SKIP, ARRAY_LEN(SKIP), &n);
    label_selections(s, list, n, filter->title);
    if (!condition || condition->type != DOC_STRING) {
        diag_error(s->diag, sigma_at(condition ? condition : body),
                   "a filter has one condition, as text");
        return;
    }
    if (!sigma_condition_load(s, condition, list, n, &filter->formula) || diag_failed(s->diag))
        return;
    if (!filter->formula.formula)
        diag_error(s->diag, sigma_at(condition), "nothing is left of the condition");
    else if (filter->formula.depth + 2 > FORMULA_DEPTH_MAX)
        diag_error(s->diag, sigma_at(condition), "the filter is nested deeper than %d",
                   FORMULA_DEPTH_MAX - 2);
    else if (!filter->formula.has_top_not)
        diag_warn(s->diag, sigma_at(condition),
                  "the filter keeps only what its condition matches: an exclusion is written "
                  "'not selection'");
}

bool sigma_filter_load(struct sigma_scope *s, const struct doc_node *document, struct rule *head,
                       struct sigma_filter *filter)
{
    const struct doc_node *body = doc_get(document, STR("filter"));

    *filter = (struct sigma_filter){0};
    s->is_filter = true;
    sigma_metadata_load(s, document, head);
    filter->logsource = head->logsource;
    filter->title = head->title.n ? head->title : head->uid;
    if (body->type != DOC_MAP)
        return diag_error(s->diag, sigma_at(body), "'filter' must be a map, not %s",
                          doc_type_name(body));
    load_references(s, body, filter);
    load_condition(s, body, filter);
    if (s->pipelines)
        filter->body = doc_copy(s->a, body);
    return !diag_failed(s->diag);
}

/* ---- applying ------------------------------------------------------------------------------ */

static bool is_contained(struct str filter, struct str rule)
{
    return filter.n == 0 || str_eq(filter, rule);
}

bool sigma_filter_covers(const struct sigma_filter *filter, const struct rule *rule)
{
    const struct logsource *source = rule->written_source ? rule->written_source : &rule->logsource;

    if (!is_contained(filter->logsource.product, source->product) ||
        !is_contained(filter->logsource.category, source->category) ||
        !is_contained(filter->logsource.service, source->service))
        return false;
    if (filter->rules.n == 0)
        return true;
    for (size_t i = 0; i < filter->rules.n; i++) {
        struct str reference = filter->rules.items[i];
        if (rule_id_eq(reference, rule->uid) || (rule->name.n && str_eq(reference, rule->name)))
            return true;
    }
    return false;
}

bool sigma_filter_pass(struct sigma_scope *s, const struct sigma_filter *filter,
                       const struct rule *rule, struct sigma_filter *out)
{
    struct rule written = *rule; /* conditions of pipelines ask what they asked of the rule */

    *out = *filter;
    if (!filter->body || !str_eq(rule->language, STR("sigma")))
        return true;
    if (rule->written_source)
        written.logsource = *rule->written_source;
    s->is_filter = true;
    if (!sigma_pipelines_begin(s, &written))
        return false;
    load_condition(s, filter->body, out);
    return !diag_failed(s->diag);
}

bool sigma_filter_apply(struct arena *a, const struct sigma_filter *filter, struct rule *rule,
                        bool excludes)
{
    struct formula *parts[2] = {rule->formula, filter->formula.formula};
    size_t n_nodes;
    unsigned depth;

    sigma_measure(rule->formula, &n_nodes, &depth);
    unsigned other = filter->formula.depth + excludes;
    if ((depth > other ? depth : other) + 1 > FORMULA_DEPTH_MAX ||
        n_nodes + filter->formula.n_nodes > SIGMA_FORMULA_MAX)
        return false;
    if (excludes)
        parts[1] = formula_not(a, parts[1]);
    rule->formula = formula_join(a, FORMULA_AND, parts, 2);
    return true;
}

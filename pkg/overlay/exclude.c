/* exclude.c - what a rule is not to match any more: read as a Sigma detection, joined to the rule's
 * formula as AND NOT (exclusion AND the event is older than the expiry).
 *
 * The formula is the rule's own afterwards: the matcher, the reference and the alert's evidence
 * know nothing of overlays. An expiry is an atom like others, so that a worker needs no clock for
 * it.
 */
#include "overlay/overlay_impl.h"

#include "base/str.h"
#include "doc/doc.h"
#include "lang/amount.h"
#include "lang/sigma/sigma.h"
#include "rule/correlation.h"

/* Selections and a condition, or the body of one selection. */
static bool lower(struct sigma_scope *s, const struct doc_node *node, struct sigma_formula *out)
{
    static const struct str SKIP[] = {{"condition", 9}};
    const struct doc_node *condition = doc_get(node, SKIP[0]);
    size_t n;

    if (!condition) {
        out->formula = sigma_detection_lower(s, node);
        if (out->formula)
            sigma_measure(out->formula, &out->n_nodes, &out->depth);
        return out->formula != NULL;
    }
    struct sigma_selection *list = sigma_selections_load(s, node, SKIP, ARRAY_LEN(SKIP), &n);
    if (condition->type != DOC_STRING)
        return diag_error(s->diag, doc_place(condition), "an exclusion has one condition, as text");
    if (!sigma_condition_load(s, condition, list, n, out))
        return false;
    return out->formula || diag_error(s->diag, doc_place(condition),
                                      "nothing is left of the condition: its selectors match no "
                                      "selection");
}

/* Selections that are nothing but a map called by their name would be meant as a condition's: one
 * without a condition is a slip. */
static bool looks_like_detection(const struct doc_node *node)
{
    if (node->type != DOC_MAP || node->n_items == 0 || doc_get(node, STR("condition")))
        return false;
    for (size_t i = 0; i < node->n_items; i++)
        if (node->items[i].type != DOC_MAP)
            return false;
    return true;
}

bool overlay_read_exclude(struct overlay_reader *r, const struct doc_node *node, struct entry *e)
{
    struct sigma_scope s = {.a = r->set->a,
                            .scratch = r->scratch,
                            .names = r->set->names,
                            .lists = r->set->lists,
                            .diag = &r->diag,
                            .is_filter = true};
    struct sigma_formula f = {0};

    if (looks_like_detection(node))
        return diag_error(&r->diag, doc_place(node), "'exclude' has selections and no 'condition'");
    if (!lower(&s, node, &f) || diag_failed(&r->diag))
        return false;
    if (f.depth + 4 > FORMULA_DEPTH_MAX) /* not, and, the rule's and */
        return diag_error(&r->diag, doc_place(node), "the exclusion is nested deeper than %d",
                          FORMULA_DEPTH_MAX - 4);
    f.formula->label = arena_printf(r->set->a, "overlay %.*s", SHOWN(r->name));
    e->shown.excludes = f.formula;
    e->shown.exclude = (struct overlay_key){STR("exclude"), node->line, node->col};
    e->n_exclude_nodes = f.n_nodes;
    e->exclude_depth = f.depth;
    return true;
}

/* ---- on rules ------------------------------------------------------------------------------- */

static struct formula *until(struct arena *a, const struct entry *e)
{
    struct formula *parts[2] = {(struct formula *)(uintptr_t)e->shown.excludes, NULL};
    struct atom *before;

    if (e->shown.expires_ms == OVERLAY_NEVER)
        return parts[0];
    before = ARENA_NEW(a, struct atom);
    *before = (struct atom){.op = ATOM_BEFORE,
                            .fold = FOLD_NONE,
                            .field = STR(FIELD_TIME_NAME),
                            .time_ms = e->shown.expires_ms};
    parts[1] = formula_atom(a, before);
    return formula_join(a, FORMULA_AND, parts, 2);
}

static struct str exclude_from(struct arena *a, const struct entry *e, struct rule *rule)
{
    size_t n_nodes;
    unsigned depth;

    sigma_measure(rule->formula, &n_nodes, &depth);
    if (depth + 1 > FORMULA_DEPTH_MAX || n_nodes + e->n_exclude_nodes + 4 > SIGMA_FORMULA_MAX)
        return arena_printf(a, "the rule '%.*s' is too large or too deep for one more exclusion",
                            SHOWN(rule->uid));
    struct formula *f = rule->formula, *no = formula_not(a, until(a, e));
    bool is_open = f->kind == FORMULA_AND && f->label.n == 0;
    size_t n = is_open ? f->n_children : 1;
    struct formula **parts = ARENA_ARRAY(a, n + 1, struct formula *);
    for (size_t i = 0; i < n; i++)
        parts[i] = is_open ? f->children[i] : f;
    parts[n] = no;
    rule->formula = formula_join(a, FORMULA_AND, parts, n + 1);
    return STR("");
}

struct str overlay_exclude(struct arena *a, const struct entry *e, struct rule *rule)
{
    const struct correlation *c = rule->correlation;
    size_t n = 0;

    if (!c)
        return exclude_from(a, e, rule);
    for (size_t i = 0; i < c->n_inputs; i++) {
        if (!c->inputs[i].rule || !c->inputs[i].rule->is_part || c->inputs[i].rule->correlation)
            continue;
        struct str why = exclude_from(a, e, c->inputs[i].rule);
        if (why.n)
            return why;
        n++;
    }
    if (n)
        return STR("");
    return arena_printf(
        a, "'%.*s' sees no events itself: exclude in the rules that it listens to%s%.*s",
        SHOWN(rule->uid), c->n_inputs ? ", the first is " : "",
        SHOWN(c->n_inputs ? c->inputs[0].reference : STR("")));
}

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
    if (f.depth + 5 > FORMULA_DEPTH_MAX) /* or, and, not, the rule's and */
        return diag_error(&r->diag, doc_place(node), "the exclusion is nested deeper than %d",
                          FORMULA_DEPTH_MAX - 5);
    f.formula->label = arena_printf(r->set->a, "overlay %.*s", SHOWN(r->name));
    e->shown.excludes = f.formula;
    e->shown.exclude = (struct overlay_key){STR("exclude"), node->line, node->col};
    e->n_exclude_nodes = f.n_nodes;
    return true;
}

/* ---- on rules ------------------------------------------------------------------------------- */

/* This end was met at an earlier entry. */
static bool is_done(const struct overlay_entry *const *entries, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (entries[k]->expires_ms == entries[i]->expires_ms)
            return true;
    return false;
}

static struct formula *before(struct arena *a, int64_t time_ms)
{
    struct atom *atom = ARENA_NEW(a, struct atom);

    *atom = (struct atom){
        .op = ATOM_BEFORE, .fold = FOLD_NONE, .field = STR(FIELD_TIME_NAME), .time_ms = time_ms};
    return formula_atom(a, atom);
}

/* All that ends with entry i, as one OR: plain texts in it become one signal of the matcher, so
 * that a hundred exclusions cost a rule what one does (tools/bench overlays: 0.66 -> 0.92 of the
 * speed without). */
static struct formula *until(struct arena *a, const struct overlay_entry *const *entries, size_t n,
                             size_t i)
{
    struct formula **parts = ARENA_ARRAY(a, n, struct formula *);
    size_t n_parts = 0;

    for (size_t k = i; k < n; k++)
        if (entries[k]->expires_ms == entries[i]->expires_ms)
            parts[n_parts++] = (struct formula *)(uintptr_t)entries[k]->excludes;
    struct formula *any = formula_join(a, FORMULA_OR, parts, n_parts);
    if (entries[i]->expires_ms == OVERLAY_NEVER)
        return any;
    return formula_join(a, FORMULA_AND,
                        (struct formula *[]){any, before(a, entries[i]->expires_ms)}, 2);
}

static bool fits(const struct overlay_entry *const *entries, size_t n, const struct rule *rule)
{
    size_t n_nodes;
    unsigned depth;

    sigma_measure(rule->formula, &n_nodes, &depth);
    for (size_t i = 0; i < n; i++)
        n_nodes += entry_of(entries[i])->n_exclude_nodes + 4;
    return depth + 1 <= FORMULA_DEPTH_MAX && n_nodes <= SIGMA_FORMULA_MAX;
}

static struct str exclude_from(struct arena *a, const struct overlay_entry *const *entries,
                               size_t n, struct rule *rule)
{
    struct formula *f = rule->formula;
    bool is_open = f->kind == FORMULA_AND && f->label.n == 0;
    size_t n_parts = is_open ? f->n_children : 1;
    struct formula **parts = ARENA_ARRAY(a, n_parts + n, struct formula *);

    if (!fits(entries, n, rule))
        return arena_printf(a, "the rule '%.*s' is too large or too deep for one more exclusion",
                            SHOWN(rule->uid));
    for (size_t i = 0; i < n_parts; i++)
        parts[i] = is_open ? f->children[i] : f;
    for (size_t i = 0; i < n; i++)
        if (!is_done(entries, i))
            parts[n_parts++] = formula_not(a, until(a, entries, n, i));
    rule->formula = formula_join(a, FORMULA_AND, parts, n_parts);
    return STR("");
}

struct str overlay_exclude(struct arena *a, const struct overlay_entry *const *entries, size_t n,
                           struct rule *rule)
{
    const struct correlation *c = rule->correlation;
    size_t n_parts = 0;

    if (!c)
        return exclude_from(a, entries, n, rule);
    for (size_t i = 0; i < c->n_inputs; i++) {
        if (!c->inputs[i].rule || !c->inputs[i].rule->is_part || c->inputs[i].rule->correlation)
            continue;
        struct str why = exclude_from(a, entries, n, c->inputs[i].rule);
        if (why.n)
            return why;
        n_parts++;
    }
    if (n_parts)
        return STR("");
    return arena_printf(
        a, "'%.*s' sees no events itself: exclude in the rules that it listens to%s%.*s",
        SHOWN(rule->uid), c->n_inputs ? ", the first is " : "",
        SHOWN(c->n_inputs ? c->inputs[0].reference : STR("")));
}

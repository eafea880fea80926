/* reason.c - see reason.h.
 *
 * One walk makes the list, with the truth of each node and what it costs to turn it: a test costs
 * one, AND and OR cost what the cheapest way to the other answer does (all children that stand in
 * the way, or the one that is cheapest), NOT costs what its child does. A second walk marks the
 * cheapest ways. Unknown is not true: it has to be turned to become true, and stands as it is
 * otherwise.
 */
#include "match/reason.h"

#include "base/str.h"
#include "rule/dump.h"

struct walk {
    struct reference *reference;
    struct arena *arena;
    const struct event_tree *event;
    struct reason **tail;
};

/* A node while it is being judged. */
struct node {
    struct reason *reason;
    struct node *children;
    size_t n_children;
    uint32_t to_true, to_false; /* tests to turn until it is so; 0: it is */
};

enum { NEVER = REASON_NEVER /* constants */ };

static uint32_t add(uint32_t a, uint32_t b)
{
    return a + b > NEVER ? NEVER : a + b;
}

/* ---- tests ---------------------------------------------------------------------------------- */

static bool same_words(const struct atom *a, const struct atom *b)
{
    return a->op == b->op && a->array == b->array && a->fold == b->fold && a->cmp == b->cmp &&
           a->part == b->part && a->miss == b->miss && str_eq(a->field, b->field) &&
           a->op != ATOM_EXPR && a->op != ATOM_FIELD_CMP && !a->inner &&
           str_list_eq(&a->except, &b->except);
}

/* AND or OR over atoms that differ in their operand only. */
static bool is_one_test(const struct formula *f)
{
    if (f->kind != FORMULA_AND && f->kind != FORMULA_OR)
        return false;
    for (size_t i = 0; i < f->n_children; i++) {
        const struct formula *c = f->children[i];
        if (c->kind != FORMULA_ATOM || c->label.n || !same_words(c->atom, f->children[0]->atom))
            return false;
    }
    return f->n_children > 1;
}

static void note_values(struct walk *w, struct reason *t, const struct atom *atom)
{
    struct field_values values = atom->except.n ? event_texts(w->arena, w->event, &atom->except)
                                                : event_lookup(w->arena, w->event, atom->field);

    for (size_t i = 0; i < values.n; i++) {
        struct str text;
        if (t->n_values == REASON_VALUES_MAX) {
            t->n_more = values.n - i;
            return;
        }
        if (!reference_text_of(&values.items[i], &text))
            text = values.items[i].kind == JSON_NULL     ? STR("null")
                   : values.items[i].kind == JSON_OBJECT ? STR("{...}")
                                                         : STR("[]");
        t->values[t->n_values++] = text;
    }
}

static void judge_atoms(struct walk *w, struct reason *t)
{
    enum truth least = TRUTH_TRUE, greatest = TRUTH_FALSE;

    for (size_t i = 0; i < t->n_atoms; i++) {
        enum truth truth = reference_atom(w->reference, t->atoms[i], w->event);
        least = truth < least ? truth : least;
        greatest = truth > greatest ? truth : greatest;
        if (truth != TRUTH_TRUE)
            continue;
        t->first_true = t->n_true++ ? t->first_true : t->atoms[i];
    }
    t->truth = t->wants_all ? least : greatest;
}

static void make_test(struct walk *w, const struct formula *f, struct reason *t)
{
    bool is_single = f->kind == FORMULA_ATOM;
    size_t n = is_single ? 1 : f->n_children;
    const struct atom **atoms = ARENA_ARRAY(w->arena, n, const struct atom *);

    for (size_t i = 0; i < n; i++)
        atoms[i] = is_single ? f->atom : f->children[i]->atom;
    t->kind = FORMULA_ATOM;
    t->atoms = atoms;
    t->n_atoms = n;
    t->wants_all = f->kind == FORMULA_AND;
    note_values(w, t, atoms[0]);
    judge_atoms(w, t);
}

/* ---- the walk ------------------------------------------------------------------------------- */

static struct reason *push(struct walk *w, const struct formula *f, struct str selection,
                           uint32_t depth)
{
    struct reason *r = ARENA_NEW(w->arena, struct reason);

    *r = (struct reason){.kind = f->kind,
                         .depth = depth,
                         .label = f->label,
                         .selection = f->label.n ? f->label : selection};
    *w->tail = r;
    w->tail = &r->next;
    return r;
}

static void price(struct node *n, const struct formula *f)
{
    switch (n->reason->kind) {
    case FORMULA_CONST:
        n->to_true = f->value ? 0 : NEVER;
        n->to_false = f->value ? NEVER : 0;
        return;
    case FORMULA_ATOM:
        n->to_true = n->reason->truth != TRUTH_TRUE;
        n->to_false = n->reason->truth != TRUTH_FALSE;
        return;
    case FORMULA_NOT:
        n->to_true = n->children[0].to_false;
        n->to_false = n->children[0].to_true;
        return;
    default:
        break;
    }
    bool is_and = n->reason->kind == FORMULA_AND;
    uint32_t all = 0, one = NEVER;
    for (size_t i = 0; i < n->n_children; i++) {
        const struct node *c = &n->children[i];
        uint32_t each = is_and ? c->to_true : c->to_false, any = is_and ? c->to_false : c->to_true;
        all = add(all, each);
        one = any < one ? any : one;
    }
    n->to_true = is_and ? all : one;
    n->to_false = is_and ? one : all;
}

static enum truth truth_of(const struct node *n, const struct formula *f)
{
    bool is_and = n->reason->kind == FORMULA_AND;
    enum truth t = is_and ? TRUTH_TRUE : TRUTH_FALSE;

    if (n->reason->kind == FORMULA_CONST)
        return f->value ? TRUTH_TRUE : TRUTH_FALSE;
    if (n->reason->kind == FORMULA_NOT)
        return (enum truth)(TRUTH_TRUE - n->children[0].reason->truth);
    for (size_t i = 0; i < n->n_children; i++) {
        enum truth c = n->children[i].reason->truth;
        if (is_and ? c < t : c > t)
            t = c;
    }
    return t;
}

/* Depth is bounded by FORMULA_DEPTH_MAX. */
static void visit(struct walk *w, const struct formula *f, struct str selection, uint32_t depth,
                  struct node *out)
{
    *out = (struct node){.reason = push(w, f, selection, depth)};
    if (f->kind == FORMULA_ATOM || is_one_test(f)) {
        make_test(w, f, out->reason);
        price(out, f);
        return;
    }
    out->n_children = f->kind == FORMULA_NOT ? 1 : f->kind == FORMULA_CONST ? 0 : f->n_children;
    out->children = ARENA_ARRAY(w->arena, out->n_children, struct node);
    for (size_t i = 0; i < out->n_children; i++)
        visit(w, f->children[i], out->reason->selection, depth + 1, &out->children[i]);
    out->reason->truth = truth_of(out, f);
    price(out, f);
}

/* Down the cheapest ways to the wanted answer. */
static void mark(struct node *n, bool wants_true)
{
    uint32_t cost = wants_true ? n->to_true : n->to_false;
    bool is_and = n->reason->kind == FORMULA_AND;

    if (cost == 0 || cost >= NEVER)
        return;
    if (n->reason->kind == FORMULA_ATOM) {
        n->reason->is_deciding = true;
        return;
    }
    if (n->reason->kind == FORMULA_NOT) {
        mark(&n->children[0], !wants_true);
        return;
    }
    for (size_t i = 0; i < n->n_children; i++) {
        uint32_t child = wants_true ? n->children[i].to_true : n->children[i].to_false;
        if (is_and == wants_true || child == cost)
            mark(&n->children[i], wants_true);
    }
}

static void tell_costs(struct node *n)
{
    n->reason->to_flip = n->reason->truth == TRUTH_TRUE ? n->to_false : n->to_true;
    for (size_t i = 0; i < n->n_children; i++)
        tell_costs(&n->children[i]);
}

const struct reason *reason_of(struct reference *r, struct arena *a, const struct formula *formula,
                               const struct event_tree *event)
{
    struct reason *first = NULL;
    struct walk w = {.reference = r, .arena = a, .event = event, .tail = &first};
    struct node root;

    visit(&w, formula, STR(""), 0, &root);
    tell_costs(&root);
    mark(&root, first->truth != TRUTH_TRUE);
    return first;
}

const struct atom *reason_atom(const struct reason *test)
{
    return test->truth == TRUTH_TRUE && test->first_true ? test->first_true : test->atoms[0];
}

bool reason_is_near(const struct reason *whole)
{
    return whole->to_flip == 1;
}

/* ---- words ---------------------------------------------------------------------------------- */

void reason_dump_test(struct buf *out, const struct reason *test, size_t max)
{
    const struct atom *first = test->atoms[0];

    if (test->n_atoms == 1) {
        atom_dump(out, first);
        return;
    }
    buf_printf(out, "%.*s %s %s ", (int)first->field.n, first->field.p, atom_op_name(first->op),
               test->wants_all ? "all of" : "any of");
    for (size_t i = 0; i < test->n_atoms && i < max; i++) {
        if (i)
            buf_add(out, STR(", "));
        atom_dump_operand(out, test->atoms[i]);
    }
    if (test->n_atoms > max)
        buf_printf(out, " and %zu more", test->n_atoms - max);
}

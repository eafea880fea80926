/* net.c - compiling the plan: atoms to sources and signals, formulas to nodes, rules to wakers.
 *
 * Three passes: every plan node becomes a net node (bottom up, so children come first),
 * making signals, gates and sources as it goes; then each rule gets its wakers (net_wake.c); then
 * sources are sorted into per-field tables (net_table.c).
 */
#include "match/net.h"

#include "base/decimal.h"
#include "base/hash.h"
#include "base/str.h"
#include "base/vec.h"
#include "base/words.h"
#include "match/fold.h"
#include "match/net_impl.h"
#include "match/regex_batch.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A text this common is nearly everywhere: finding each of its places and telling every rule costs
 * more than looking for it when a rule comes to ask, and no rule is woken by it anyway. */
enum { COMMON_RARITY = 20, COMMON_TEXT_MAX = 64 };

/* What so many formulas ask for is what a stream mostly is: `event.type == "start"`. */
static const double POPULAR = 200;

static void push_number(struct compiler *c, struct vec *v, uint32_t number)
{
    *(uint32_t *)vec_push(c->temp, v, sizeof number) = number;
}

/* ---- sources ----------------------------------------------------------------------- */

static double usual_share(const struct compiler *c, uint32_t field)
{
    return field < field_count(c->plan->fields) ? c->usual[field] : 0;
}

/* Guessed shares: only their order matters, and only for which waker is chosen. */
static double source_weight(const struct compiler *c, const struct source *s)
{
    double rarity = s->text.n ? literal_rarity(s->text) : 0;
    double share = exp2(-rarity / 8.0);

    switch (s->kind) {
    case SOURCE_EXACT:
    case SOURCE_CASED:
        return fmax(share * 0.2, usual_share(c, s->field));
    case SOURCE_NUMBER:
        return fmax(0.05, usual_share(c, s->field)); /* an event id names a few per cent of a log */
    case SOURCE_LITERAL:
        return s->where == LITERAL_ANYWHERE ? share : share * 0.5;
    case SOURCE_BEYOND:
        return 0.02;
    }
    return 1.0;
}

static uint64_t source_hash(const struct source *s)
{
    return (hash_str(s->text) ^ (uint64_t)s->field * 0x9e3779b97f4a7c15u) +
           ((uint64_t)s->kind << 3 | s->where) * 0xff51afd7ed558ccdu;
}

static void grow_slots(struct compiler *c)
{
    uint32_t size = c->slots ? (c->slot_mask + 1) * 2 : 4096;
    const struct source *all = c->sources.items;

    c->slots = ARENA_ARRAY(c->temp, size, uint32_t);
    c->slot_mask = size - 1;
    for (uint32_t i = 0; i < c->sources.n; i++) {
        uint32_t at = (uint32_t)source_hash(&all[i]) & c->slot_mask;
        while (c->slots[at])
            at = (at + 1) & c->slot_mask;
        c->slots[at] = i + 1;
    }
}

uint32_t net_source_for(struct compiler *c, struct source want)
{
    if (c->sources.n * 2 >= c->slot_mask)
        grow_slots(c);
    uint32_t at = (uint32_t)source_hash(&want) & c->slot_mask;
    for (; c->slots[at]; at = (at + 1) & c->slot_mask) {
        const struct source *s = (const struct source *)c->sources.items + (c->slots[at] - 1);
        if (s->kind == want.kind && s->where == want.where && s->field == want.field &&
            str_eq(s->text, want.text))
            return c->slots[at] - 1;
    }
    want.weight = source_weight(c, &want);
    *(struct source *)vec_push(c->temp, &c->sources, sizeof want) = want;
    c->slots[at] = c->sources.n;
    return c->sources.n - 1;
}

static struct str folded_copy(struct compiler *c, struct str text)
{
    char *p = arena_alloc(c->arena, text.n + 1);

    fold_ascii(p, text.p, text.n);
    return (struct str){p, text.n};
}

/* ---- signals ------------------------------------------------------------------------ */

static uint32_t signal_new(struct compiler *c)
{
    *(double *)vec_push(c->temp, &c->weights, sizeof(double)) = 0;
    return c->n_signals++;
}

static double *signal_weight(struct compiler *c, uint32_t signal)
{
    return (double *)c->weights.items + signal;
}

static void raises(struct compiler *c, struct source source, uint32_t signal)
{
    uint32_t from = net_source_for(c, source);
    struct pair *p = vec_push(c->temp, &c->pairs, sizeof *p);

    *p = (struct pair){from, signal};
    *signal_weight(c, signal) += ((const struct source *)c->sources.items)[from].weight;
}

static bool is_common(struct str text)
{
    char folded[COMMON_TEXT_MAX];

    if (text.n <= 1 || text.n > sizeof folded)
        return text.n <= 1;
    fold_ascii(folded, text.p, text.n);
    return literal_rarity((struct str){folded, text.n}) < COMMON_RARITY;
}

/* An atom whose truth is exactly "its source was found". */
static bool has_plain_form(const struct atom *x)
{
    if (x->miss != MISS_FALSE || x->array != ARRAY_ANY || x->except.n)
        return false;
    if (x->op == ATOM_NUM_EQ || (x->op == ATOM_EQ && x->fold == FOLD_NONE))
        return true;
    if (x->fold != FOLD_ASCII)
        return false;
    if (x->op == ATOM_EQ)
        return true;
    if (x->op != ATOM_PREFIX && x->op != ATOM_SUFFIX && x->op != ATOM_CONTAINS)
        return false;
    if (x->text.n == 0 || x->text.n > LITERAL_BYTES_MAX)
        return false;
    return !is_common(x->text);
}

/* Every OR above an atom asks. */
static bool is_plain(struct compiler *c, uint32_t atom)
{
    enum nature *nature = &c->natures[atom];

    if (*nature == NATURE_UNKNOWN)
        *nature = has_plain_form(c->plan->atoms[atom].atom) ? NATURE_PLAIN : NATURE_LAZY;
    return *nature == NATURE_PLAIN;
}

static enum literal_where where_of(enum atom_op op)
{
    return op == ATOM_PREFIX   ? LITERAL_AT_START
           : op == ATOM_SUFFIX ? LITERAL_AT_END
                               : LITERAL_ANYWHERE;
}

static struct str canonical(struct compiler *c, struct str number)
{
    size_t size = number.n + 64;
    char *p = arena_alloc(c->arena, size);
    size_t n = decimal_canonical(number, p, size);

    ASSERT(n > 0); /* front ends hand over JSON numbers only */
    return (struct str){p, n};
}

/* The whole text, and with it, where the letters must be these, one that tells so. */
static struct source whole_text(struct compiler *c, const struct atom *x, uint32_t field)
{
    struct source whole = {.kind = SOURCE_EXACT, .field = field, .text = folded_copy(c, x->text)};
    struct source cased = {.kind = SOURCE_CASED, .field = field, .text = x->text};

    if (x->fold != FOLD_NONE)
        return whole;
    uint32_t from = net_source_for(c, whole), known = c->sources.n;
    uint32_t to = net_source_for(c, cased);
    if (to == known) { /* met for the first time */
        *(struct pair *)vec_push(c->temp, &c->casings, sizeof(struct pair)) =
            (struct pair){from, c->cased.n};
        *(struct net_cased *)vec_push(c->arena, &c->cased, sizeof(struct net_cased)) =
            (struct net_cased){x->text, to};
    }
    return cased;
}

static void weigh_popular(struct compiler *c, uint32_t atom, uint32_t signal)
{
    double share = fmin(1, c->askers[atom] / POPULAR);

    if (share > *signal_weight(c, signal))
        *signal_weight(c, signal) = share;
}

static void plain_raises(struct compiler *c, uint32_t atom, uint32_t signal)
{
    const struct plan_atom *pa = &c->plan->atoms[atom];
    const struct atom *x = pa->atom;
    struct source s = {.field = pa->field};

    if (x->op == ATOM_NUM_EQ) {
        s.kind = SOURCE_NUMBER;
        s.text = canonical(c, x->text);
    } else if (x->op == ATOM_EQ) {
        s = whole_text(c, x, pa->field);
    } else {
        s.kind = SOURCE_LITERAL;
        s.where = where_of(x->op);
        s.text = folded_copy(c, x->text);
    }
    raises(c, s, signal);
    if (x->op == ATOM_EQ)
        weigh_popular(c, atom, signal);
}

static uint32_t atom_signal(struct compiler *c, uint32_t atom)
{
    if (c->signal_of[atom] == NET_NONE) {
        c->signal_of[atom] = signal_new(c);
        plain_raises(c, atom, c->signal_of[atom]);
    }
    return c->signal_of[atom];
}

/* ---- lazy atoms and their gates ------------------------------------------------------- */

static void gate_on(struct compiler *c, const struct net_lazy *lazy, enum source_kind kind)
{
    raises(c, (struct source){.kind = kind, .field = lazy->field}, lazy->gate);
}

/* One signal serves all atoms of a field that only need it to be there. */
static void gate_on_presence(struct compiler *c, struct net_lazy *lazy)
{
    uint32_t *signal = &c->present_of[lazy->field];

    if (*signal == NET_NONE) {
        *signal = signal_new(c);
        *signal_weight(c, *signal) = 1;
    }
    lazy->gate = *signal;
}

static void gate_open(struct compiler *c, struct net_lazy *lazy)
{
    lazy->gate = signal_new(c);
}

/* The gate opens on a literal that every match contains. Values are folded by ASCII only: for
 * texts that compare by Unicode folding, a value beyond ASCII opens the gate by itself. */
static void gate_on_text(struct compiler *c, const struct net_lazy *lazy, struct str text,
                         enum literal_where where)
{
    struct source s = {.kind = SOURCE_LITERAL, .field = lazy->field, .where = where};

    s.text = folded_copy(c, text);
    raises(c, s, lazy->gate);
}

static void gate_regex(struct compiler *c, struct net_lazy *lazy)
{
    struct str texts[REGEX_TEXTS_MAX];
    size_t n = regex_required_texts(c->temp, &lazy->atom->regex, texts);

    for (size_t i = 0; i < n; i++)
        if (texts[i].n < 2 || texts[i].n > LITERAL_BYTES_MAX)
            n = 0;
    if (n == 0) {
        gate_on_presence(c, lazy);
        return;
    }
    gate_open(c, lazy);
    for (size_t i = 0; i < n; i++)
        gate_on_text(c, lazy, texts[i], LITERAL_ANYWHERE);
    gate_on(c, lazy, SOURCE_BEYOND); /* caseless letters beyond ASCII: the Kelvin sign is a k */
}

static struct str longest_word(struct str text)
{
    struct str longest = {"", 0}, word;
    size_t at = 0;

    while (words_next(text, &at, &word))
        longest = word.n > longest.n ? word : longest;
    return longest;
}

/* Texts compared by simple folding, or case-sensitively, or globs, or words. */
static void gate_text(struct compiler *c, struct net_lazy *lazy)
{
    const struct atom *x = lazy->atom;
    struct str text = lazy->text;
    enum literal_where where = where_of(x->op);

    if (lazy->glob)
        text = glob_required_text(lazy->glob);
    else if (x->op == ATOM_WORDS)
        text = longest_word(text);
    if (x->op == ATOM_GLOB || x->op == ATOM_WORDS)
        where = LITERAL_ANYWHERE;
    if (x->op != ATOM_EQ && (is_common(text) || text.n > LITERAL_BYTES_MAX)) {
        gate_on_presence(c, lazy);
        return;
    }
    gate_open(c, lazy);
    /* An ASCII value folds to ASCII; one beyond may fold to anything. */
    if (x->fold == FOLD_SIMPLE)
        gate_on(c, lazy, SOURCE_BEYOND);
    if (x->fold == FOLD_SIMPLE && !str_is_ascii(text))
        return;
    if (x->op == ATOM_EQ)
        raises(c, whole_text(c, x, lazy->field), lazy->gate);
    else
        gate_on_text(c, lazy, text, where);
}

static void make_gate(struct compiler *c, struct net_lazy *lazy)
{
    const struct atom *x = lazy->atom;

    if (x->op == ATOM_EXPR) {
        if (x->is_gated)
            gate_on_presence(c, lazy);
        return;
    }
    if (x->op == ATOM_IS_NULL || x->op == ATOM_BEFORE || x->miss == MISS_TRUE)
        return; /* can hold for a missing field */
    if (x->op == ATOM_SOME_FIELD)
        return; /* of no field in particular */
    /* Whichever the members that must satisfy it: without one that does it is not true. */
    if (x->op == ATOM_REGEX)
        gate_regex(c, lazy);
    else if (x->op <= ATOM_GLOB || x->op == ATOM_WORDS)
        gate_text(c, lazy);
    else
        gate_on_presence(c, lazy);
}

/* Without its gate the atom is not true: false, if it is never unknown or nobody can tell the
 * difference, since no NOT stands above it. */
static uint32_t gate_of_node(const struct net_lazy *lazy, bool is_negated)
{
    const struct atom *x = lazy->atom;

    if (!is_negated)
        return lazy->gate;
    return x->miss == MISS_FALSE && x->op != ATOM_EXPR && x->array != ARRAY_SINGLE ? lazy->gate
                                                                                   : NET_NONE;
}

static uint32_t lazy_atom(struct compiler *c, uint32_t atom)
{
    if (c->lazy_of[atom] != NET_NONE)
        return c->lazy_of[atom];
    const struct plan_atom *pa = &c->plan->atoms[atom];
    ASSERT(pa->atom->except.n == 0 || /* as rule.h says: what no text of all says is not true */
           (pa->field == FIELD_ANY && pa->atom->op <= ATOM_REGEX && pa->atom->miss == MISS_FALSE &&
            pa->atom->array == ARRAY_ANY));
    struct net_lazy lazy = {
        .atom = pa->atom, .field = pa->field, .other = pa->other, .gate = NET_NONE};
    lazy.expr_fields = pa->expr_fields;
    net_operand(c->arena, &lazy);
    make_gate(c, &lazy);
    if (pa->atom->op == ATOM_EQ && lazy.gate != NET_NONE)
        weigh_popular(c, atom, lazy.gate);
    *(struct net_lazy *)vec_push(c->arena, &c->lazies, sizeof lazy) = lazy;
    return c->lazy_of[atom] = c->lazies.n - 1;
}

/* ---- nodes ----------------------------------------------------------------------------- */

static const struct net_node *net_node_at(struct compiler *c, uint32_t i)
{
    return (const struct net_node *)c->nodes.items + i;
}

static uint32_t node_push(struct compiler *c, struct net_node n)
{
    *(struct net_node *)vec_push(c->arena, &c->nodes, sizeof n) = n;
    return c->nodes.n - 1;
}

static uint32_t signal_node(struct compiler *c, uint32_t signal)
{
    return node_push(c, (struct net_node){.op = NET_SIGNAL, .number = signal, .gate = NET_NONE});
}

static uint32_t lazy_node(struct compiler *c, uint32_t number, bool is_negated)
{
    const struct net_lazy *lazy = (const struct net_lazy *)c->lazies.items + number;

    return node_push(c, (struct net_node){.op = NET_LAZY,
                                          .number = number,
                                          .gate = gate_of_node(lazy, is_negated)});
}

static bool is_plain_node(struct compiler *c, uint32_t plan_node)
{
    const struct plan_node *n = &c->plan->nodes[plan_node];

    return n->kind == FORMULA_ATOM && is_plain(c, n->atom);
}

/* How dear a child is to ask: bits first, then formulas of bits, then tests of values, those that
 * are programs last. */
static int child_cost(struct compiler *c, const struct net_node *n)
{
    if (n->op != NET_LAZY)
        return 1;
    const struct atom *x = ((const struct net_lazy *)c->lazies.items)[n->number].atom;
    if (x->except.n)
        return 4; /* reads the event as a tree */
    switch (x->op) {
    case ATOM_REGEX:
        return 3;
    case ATOM_EXPR:
    case ATOM_SOME_FIELD:
    case ATOM_SOME_MEMBER:
        return 4;
    default:
        return 2;
    }
}

static void sort_children(struct compiler *c, uint32_t *children, uint32_t n)
{
    for (uint32_t i = 1; i < n; i++) {
        uint32_t child = children[i], at = i;
        int cost = child_cost(c, net_node_at(c, child));
        while (at > 0 && child_cost(c, net_node_at(c, children[at - 1])) > cost) {
            children[at] = children[at - 1];
            at--;
        }
        children[at] = child;
    }
}

/* For AND the rare signals first, so that it fails early; for OR the common ones. */
static void sort_signals(struct compiler *c, uint32_t *signals, uint32_t n, bool rare_first)
{
    for (uint32_t i = 1; i < n; i++) {
        uint32_t signal = signals[i], at = i;
        double weight = *signal_weight(c, signal);
        while (at > 0 && (rare_first ? *signal_weight(c, signals[at - 1]) > weight
                                     : *signal_weight(c, signals[at - 1]) < weight)) {
            signals[at] = signals[at - 1];
            at--;
        }
        signals[at] = signal;
    }
}

/* An atom of this many lists keeps a signal of its own: `endswith \\powershell.exe` stands in
 * some hundred OR-lists, and finding it would raise a signal for each. */
enum { COMMON_PARENTS = 6 };

/* An OR's plain atoms become one signal together, those common to many rules one each. */
static void or_signals(struct compiler *c, const struct plan_node *n, uint32_t n_plain,
                       struct vec *signals)
{
    uint32_t group = NET_NONE;

    for (uint32_t i = 0; i < n->n_children; i++) {
        uint32_t child = c->plan->children[n->first_child + i];
        if (!is_plain_node(c, child))
            continue;
        uint32_t atom = c->plan->nodes[child].atom;
        if (n_plain == 1 || c->parents[child] >= COMMON_PARENTS) {
            push_number(c, signals, atom_signal(c, atom));
            continue;
        }
        if (group == NET_NONE) {
            group = signal_new(c);
            push_number(c, signals, group);
        }
        plain_raises(c, atom, group);
    }
}

static void put_numbers(struct compiler *c, struct vec *to, const struct vec *numbers)
{
    for (uint32_t i = 0; i < numbers->n; i++)
        *(uint32_t *)vec_push(c->arena, to, sizeof(uint32_t)) = ((uint32_t *)numbers->items)[i];
}

/* An OR of fewer gated atoms asks their gates. */
enum { GATED_MIN = 4 };

/* Has it a gate that says something, and few that want it raised? */
static bool is_groupable(const struct compiler *c, uint32_t plan_node, const struct net_node *n)
{
    const struct net_lazy *lazies = c->lazies.items;

    if (n->gate == NET_NONE || c->parents[plan_node] >= COMMON_PARENTS)
        return false;
    return n->op == NET_AND ||
           (n->op == NET_LAZY && n->gate != c->present_of[lazies[n->number].field]);
}

/* An OR's gated atoms move into an OR of their own with one gate, which whatever raises one of
 * theirs raises: a list of sixty globs is one bit in most events. */
static void group_gated(struct compiler *c, const struct plan_node *n, struct vec *children)
{
    struct net_node group = {.op = NET_OR, .gate = NET_NONE, .first_signal = c->signals.n};
    struct vec gated = {0}, others = {0};

    for (uint32_t i = 0; i < n->n_children; i++) {
        uint32_t child = c->plan->children[n->first_child + i];
        if (is_plain_node(c, child) || net_node_at(c, c->node_of[child])->op == NET_SIGNAL)
            continue;
        bool is_gated = is_groupable(c, child, net_node_at(c, c->node_of[child]));
        push_number(c, is_gated ? &gated : &others, c->node_of[child]);
    }
    if (gated.n < GATED_MIN)
        return;
    group.gate = signal_new(c);
    for (uint32_t i = 0; i < gated.n; i++) {
        uint32_t gate = net_node_at(c, ((uint32_t *)gated.items)[i])->gate;
        *(struct pair *)vec_push(c->temp, &c->groups, sizeof(struct pair)) =
            (struct pair){gate, group.gate};
    }
    group.first_child = c->children.n;
    group.n_children = gated.n;
    put_numbers(c, &c->children, &gated);
    *children = others;
    push_number(c, children, node_push(c, group));
}

/* Do sources alone raise it? Presence is told of the field. */
static bool is_raised(const struct compiler *c, uint32_t signal)
{
    for (uint32_t i = 0; i < field_count(c->plan->fields); i++)
        if (c->present_of[i] == signal)
            return false;
    return true;
}

static uint32_t compile_join(struct compiler *c, const struct plan_node *n)
{
    struct net_node join = {.op = n->kind == FORMULA_AND ? NET_AND : NET_OR, .gate = NET_NONE};
    struct vec signals = {0}, children = {0};
    uint32_t n_plain = 0;

    for (uint32_t i = 0; i < n->n_children; i++)
        n_plain += is_plain_node(c, c->plan->children[n->first_child + i]);
    if (join.op == NET_OR && n_plain)
        or_signals(c, n, n_plain, &signals);
    for (uint32_t i = 0; i < n->n_children; i++) {
        uint32_t child = c->plan->children[n->first_child + i];
        if (join.op == NET_OR && is_plain_node(c, child))
            continue;
        uint32_t compiled = c->node_of[child];
        const struct net_node *cn = net_node_at(c, compiled);
        if (cn->op == NET_SIGNAL)
            push_number(c, &signals, cn->number);
        else
            push_number(c, &children, compiled);
    }
    if (children.n == 0 && signals.n == 1)
        return signal_node(c, *(uint32_t *)signals.items);
    if (join.op == NET_OR && children.n >= GATED_MIN)
        group_gated(c, n, &children);
    if (children.n == 1 && signals.n == 0 && join.op == NET_OR)
        return *(uint32_t *)children.items;
    if (signals.n)
        sort_signals(c, signals.items, signals.n, join.op == NET_AND);
    if (children.n)
        sort_children(c, children.items, children.n);
    join.first_signal = c->signals.n;
    join.n_signals = signals.n;
    put_numbers(c, &c->signals, &signals);
    join.first_child = c->children.n;
    join.n_children = children.n;
    put_numbers(c, &c->children, &children);
    if (join.op == NET_AND && signals.n && is_raised(c, *(uint32_t *)signals.items))
        join.gate = *(uint32_t *)signals.items;
    return node_push(c, join);
}

/* Is the plain atom at this node asked for by anything but ORs (which take its sources into a
 * signal of their own)? Then it needs a signal itself. */
static void mark_needed(const struct plan *p, bool *is_needed, uint32_t *parents)
{
    for (uint32_t i = 0; i < p->n_nodes; i++)
        for (uint32_t k = 0; k < p->nodes[i].n_children; k++) {
            uint32_t child = p->children[p->nodes[i].first_child + k];
            parents[child]++;
            if (p->nodes[i].kind != FORMULA_OR)
                is_needed[child] = true;
        }
    for (uint32_t i = 0; i < p->n_rules; i++) {
        parents[p->rules[i].root]++;
        is_needed[p->rules[i].root] = true;
    }
}

/* Parents come behind their children. */
static void mark_negated(const struct plan *p, bool *is_negated)
{
    for (uint32_t i = p->n_nodes; i-- > 0;)
        for (uint32_t k = 0; k < p->nodes[i].n_children; k++)
            is_negated[p->children[p->nodes[i].first_child + k]] |=
                is_negated[i] || p->nodes[i].kind == FORMULA_NOT;
}

static uint32_t compile_node(struct compiler *c, uint32_t plan_node, bool is_needed)
{
    const struct plan_node *n = &c->plan->nodes[plan_node];

    switch (n->kind) {
    case FORMULA_CONST:
        return node_push(c,
                         (struct net_node){.op = NET_CONST, .value = n->value, .gate = NET_NONE});
    case FORMULA_ATOM:
        if (!is_plain(c, n->atom))
            return lazy_node(c, lazy_atom(c, n->atom), c->is_negated[plan_node]);
        if (!is_needed)
            return NET_NONE; /* lives on in the signals of its ORs */
        return signal_node(c, atom_signal(c, n->atom));
    case FORMULA_NOT: {
        struct net_node not = {
            .op = NET_NOT, .gate = NET_NONE, .first_child = c->children.n, .n_children = 1};
        *(uint32_t *)vec_push(c->arena, &c->children, sizeof(uint32_t)) =
            c->node_of[c->plan->children[n->first_child]];
        return node_push(c, not );
    }
    case FORMULA_AND:
    case FORMULA_OR:
        break;
    }
    return compile_join(c, n);
}

/* Whoever says what a stream mostly is chooses from a few values: a field that many rules ask for,
 * but for few values, has each of these often, however rare the text is by its letters. */
static void guess_usual(struct compiler *c)
{
    uint32_t n = field_count(c->plan->fields);
    uint32_t *texts = ARENA_ARRAY(c->temp, n, uint32_t),
             *askers = ARENA_ARRAY(c->temp, n, uint32_t);

    c->usual = ARENA_ARRAY(c->temp, n, double);
    for (uint32_t i = 0; i < c->plan->n_atoms; i++) {
        const struct plan_atom *pa = &c->plan->atoms[i];
        if (pa->field == FIELD_NONE)
            continue;
        texts[pa->field] += pa->atom->op == ATOM_EQ || pa->atom->op == ATOM_NUM_EQ;
        askers[pa->field] += c->askers[i];
    }
    for (uint32_t i = 0; i < n; i++)
        c->usual[i] = fmin(1.0, askers[i] / POPULAR) / (texts[i] + 1);
}

static void compile_nodes(struct compiler *c)
{
    const struct plan *p = c->plan;
    bool *is_needed = ARENA_ARRAY(c->temp, p->n_nodes, bool);

    c->parents = ARENA_ARRAY(c->temp, p->n_nodes, uint32_t);
    c->is_negated = ARENA_ARRAY(c->temp, p->n_nodes, bool);
    mark_needed(p, is_needed, c->parents);
    mark_negated(p, c->is_negated);
    for (uint32_t i = 0; i < p->n_nodes; i++)
        if (p->nodes[i].kind == FORMULA_ATOM)
            c->askers[p->nodes[i].atom] += c->parents[i];
    guess_usual(c);
    for (uint32_t i = 0; i < p->n_nodes; i++) {
        c->node_of[i] = compile_node(c, i, is_needed[i]);
        if (c->node_of[i] != NET_NONE && c->parents[i] > 1)
            ((struct net_node *)c->nodes.items)[c->node_of[i]].is_shared = true;
    }
}

static int compare_pairs(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;

    if (x->from != y->from)
        return x->from < y->from ? -1 : 1;
    return (x->to > y->to) - (x->to < y->to);
}

struct net_lists net_lists_of(struct compiler *c, struct vec *pairs, uint32_t n_from)
{
    struct pair *all = pairs->items;
    uint32_t *first = ARENA_ARRAY(c->arena, (size_t)n_from + 1, uint32_t), n = 0;

    if (pairs->n)
        qsort(all, pairs->n, sizeof *all, compare_pairs);
    uint32_t *at = ARENA_ARRAY(c->arena, (size_t)pairs->n + 1, uint32_t);
    for (uint32_t i = 0; i < pairs->n; i++) {
        if (i && all[i].from == all[i - 1].from && all[i].to == all[i - 1].to)
            continue;
        at[n++] = all[i].to;
        first[all[i].from + 1] = n;
    }
    for (uint32_t i = 1; i <= n_from; i++)
        if (first[i] == 0)
            first[i] = first[i - 1];
    return (struct net_lists){first, at};
}

/* What raises the gate of an atom raises those of the ORs over it. */
static void raise_groups(struct compiler *c)
{
    struct net_lists groups = net_lists_of(c, &c->groups, c->n_signals);
    uint32_t n = c->pairs.n;

    for (uint32_t i = 0; i < n; i++) {
        struct pair p = ((const struct pair *)c->pairs.items)[i];
        for (uint32_t k = groups.first[p.to]; k < groups.first[p.to + 1]; k++) {
            *(struct pair *)vec_push(c->temp, &c->pairs, sizeof p) =
                (struct pair){p.from, groups.at[k]};
            *signal_weight(c, groups.at[k]) +=
                ((const struct source *)c->sources.items)[p.from].weight;
        }
    }
}

/* ---- numbers of signals ---------------------------------------------------------------------- */

struct weighed {
    double weight;
    uint32_t signal;
};

static int compare_weighed(const void *a, const void *b)
{
    const struct weighed *x = a, *y = b;

    if (x->weight != y->weight)
        return x->weight > y->weight ? -1 : 1;
    return (x->signal > y->signal) - (x->signal < y->signal);
}

/* Old number -> new one. */
static const uint32_t *order_signals(struct compiler *c)
{
    struct weighed *all = ARENA_ARRAY(c->temp, c->n_signals, struct weighed);
    uint32_t *number = ARENA_ARRAY(c->temp, c->n_signals, uint32_t);

    for (uint32_t i = 0; i < c->n_signals; i++)
        all[i] = (struct weighed){*signal_weight(c, i), i};
    if (c->n_signals)
        qsort(all, c->n_signals, sizeof *all, compare_weighed);
    for (uint32_t i = 0; i < c->n_signals; i++) {
        number[all[i].signal] = i;
        *signal_weight(c, i) = all[i].weight;
    }
    return number;
}

static void renumber(const uint32_t *number, uint32_t *signal)
{
    if (*signal != NET_NONE)
        *signal = number[*signal];
}

/* Those that are raised often get the low numbers: what an event raises is then in a few lines of
 * its bits. */
static void number_signals(struct compiler *c)
{
    const uint32_t *number = order_signals(c);
    struct net_node *nodes = c->nodes.items;
    struct net_lazy *lazies = c->lazies.items;
    struct pair *pairs = c->pairs.items;

    for (uint32_t i = 0; i < c->nodes.n; i++) {
        renumber(number, &nodes[i].gate);
        if (nodes[i].op == NET_SIGNAL)
            renumber(number, &nodes[i].number);
    }
    for (uint32_t i = 0; i < c->signals.n; i++)
        renumber(number, (uint32_t *)c->signals.items + i);
    for (uint32_t i = 0; i < c->lazies.n; i++)
        renumber(number, &lazies[i].gate);
    for (uint32_t i = 0; i < c->pairs.n; i++)
        renumber(number, &pairs[i].to);
    for (uint32_t i = 0; i < field_count(c->plan->fields); i++)
        renumber(number, &c->present_of[i]);
}

/* ---- the net --------------------------------------------------------------------------------- */

static uint32_t *numbers_none(struct arena *a, uint32_t n)
{
    uint32_t *p = ARENA_ARRAY(a, n, uint32_t);

    memset(p, 0xff, (size_t)n * sizeof *p);
    return p;
}

static void give_regexes(struct compiler *c, const struct regex_batch *regexes)
{
    struct net_lazy *lazies = c->lazies.items;

    for (uint32_t i = 0; i < c->plan->n_atoms; i++)
        if (c->lazy_of[i] != NET_NONE && c->plan->atoms[i].atom->op == ATOM_REGEX)
            lazies[c->lazy_of[i]].regex = regex_batch_of(regexes, i);
}

enum weir_rc net_new(struct arena *a, const struct plan *plan, const struct net **out,
                     struct weir_err *err)
{

    struct compiler c = {.arena = a, .temp = arena_new(0), .plan = plan};
    struct net *net = ARENA_NEW(a, struct net);

    c.node_of = numbers_none(c.temp, plan->n_nodes);
    c.natures = ARENA_ARRAY(c.temp, plan->n_atoms, enum nature);
    c.signal_of = numbers_none(c.temp, plan->n_atoms);
    c.lazy_of = numbers_none(c.temp, plan->n_atoms);
    c.askers = ARENA_ARRAY(c.temp, plan->n_atoms, uint32_t);
    c.present_of = numbers_none(c.temp, field_count(plan->fields));
    struct regex_batch *regexes = regex_batch_start(c.temp, plan);
    net->plan = plan;
    net->route = route_new(a, plan);
    compile_nodes(&c);
    raise_groups(&c);
    number_signals(&c);
    net_wake_rules(&c, net);
    net_make_joints(&c, net);
    net_make_tables(&c, net);
    net->source_signals = net_lists_of(&c, &c.pairs, c.sources.n);
    net->casings = net_lists_of(&c, &c.casings, c.sources.n);
    net->cased = c.cased.items;
    double *weights = ARENA_ARRAY(a, c.n_signals, double);
    if (c.n_signals)
        memcpy(weights, c.weights.items, c.n_signals * sizeof *weights);
    net->signal_weight = weights;
    net->n_sources = c.sources.n;
    net->n_signals = c.n_signals;
    net->lazies = c.lazies.items;
    net->n_lazies = c.lazies.n;
    net->nodes = c.nodes.items;
    net->n_nodes = c.nodes.n;
    net->children = c.children.items;
    net->signals = c.signals.items;
    enum weir_rc rc = regex_batch_join(regexes, a, &net->regexes, &net->n_regexes, err);
    if (rc == WEIR_OK)
        give_regexes(&c, regexes);
    arena_free(c.temp);
    if (rc != WEIR_OK) {
        net_free(net);
        return rc;
    }
    *out = net;
    return WEIR_OK;
}

void net_free(const struct net *net)
{
    if (!net)
        return;
    for (uint32_t i = 0; i < net->n_regexes; i++)
        regex_free(net->regexes[i]);
}

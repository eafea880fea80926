/* net_gate.c - atoms that a table cannot decide, and their gates.
 *
 * A gate is a signal that every match of the atom raises: mostly by a literal that the values which
 * match must have, at least by the field being there. An atom that can hold for a missing field has
 * none, and is always asked.
 */
#include "match/net_impl.h"

#include <math.h>

#include "base/str.h"
#include "base/words.h"
#include "match/glob.h"
#include "match/regex.h"

/* A text as rare as this may wake a rule that has nothing better, though it is common. */
enum { SPARE_RARITY = 12 };

static const double NEARLY = 0.95;

static void gate_on(struct compiler *c, const struct net_lazy *lazy, enum source_kind kind)
{
    net_raises(c, (struct source){.kind = kind, .field = lazy->field}, lazy->gate);
}

/* One signal serves all atoms of a field that only need it to be there. */
static void gate_on_presence(struct compiler *c, struct net_lazy *lazy)
{
    uint32_t *signal = &c->present_of[lazy->field];

    if (*signal == NET_NONE) {
        *signal = net_signal_new(c);
        *net_signal_weight(c, *signal) = net_presence_share(c, lazy->field);
    }
    lazy->gate = *signal;
}

static void gate_open(struct compiler *c, struct net_lazy *lazy)
{
    lazy->gate = net_signal_new(c);
}

/* The gate opens on a literal that every match contains. Values are folded by ASCII only: for
 * texts that compare by Unicode folding, a value beyond ASCII opens the gate by itself. */
static void gate_on_text(struct compiler *c, const struct net_lazy *lazy, struct str text,
                         enum literal_where where)
{
    struct source s = {.kind = SOURCE_LITERAL, .field = lazy->field, .where = where};

    s.text = net_folded_copy(c, text);
    net_raises(c, s, lazy->gate);
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
    /* Texts that stand in one another are found together: many of them are no more often there than
     * some of them, and never more often than the field. */
    double *weight = net_signal_weight(c, lazy->gate);
    *weight = fmin(*weight, NEARLY * net_presence_share(c, lazy->field));
}

static struct str longest_word(struct str text)
{
    struct str longest = {"", 0}, word;
    size_t at = 0;

    while (words_next(text, &at, &word))
        longest = word.n > longest.n ? word : longest;
    return longest;
}

/* What stands in every value that satisfies the atom; of texts compared by simple folding, in
 * those that are ASCII. */
static struct str text_of(const struct net_lazy *lazy)
{
    return lazy->glob                     ? glob_required_text(lazy->glob)
           : lazy->atom->op == ATOM_WORDS ? longest_word(lazy->text)
                                          : lazy->text;
}

static enum literal_where place_of(enum atom_op op)
{
    return op == ATOM_GLOB || op == ATOM_WORDS ? LITERAL_ANYWHERE : net_where_of(op);
}

/* Texts compared by simple folding, or case-sensitively, or globs, or words. */
static void gate_text(struct compiler *c, struct net_lazy *lazy)
{
    const struct atom *x = lazy->atom;
    struct str text = text_of(lazy);
    enum literal_where where = place_of(x->op);

    if (x->op != ATOM_EQ && (net_is_common(text) || text.n > LITERAL_BYTES_MAX)) {
        gate_on_presence(c, lazy);
        return;
    }
    gate_open(c, lazy);
    /* An ASCII value folds to ASCII; one beyond may fold to anything. */
    if (x->fold == FOLD_SIMPLE)
        gate_on(c, lazy, SOURCE_BEYOND);
    if (x->fold == FOLD_SIMPLE && !str_is_ascii(text))
        return;
    if (x->op == ATOM_EQ && x->fold == FOLD_SIMPLE) /* the Kelvin sign is a k */
        net_raises(c, (struct source){.kind = SOURCE_EXACT, .field = lazy->field, .text = text},
                   lazy->gate);
    else if (x->op == ATOM_EQ)
        net_raises(c, net_whole_text(c, x, lazy->field), lazy->gate);
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

/* Without its gate the atom is not true: it is false, if it is never unknown or nobody can tell the
 * difference, since no NOT stands above it. */
uint32_t net_gate_of(const struct net_lazy *lazy, bool is_negated)
{
    const struct atom *x = lazy->atom;

    if (!is_negated)
        return lazy->gate;
    return x->miss == MISS_FALSE && x->op != ATOM_EXPR && x->array != ARRAY_SINGLE ? lazy->gate
                                                                                   : NET_NONE;
}

/* Has the atom a text of that kind: common, but not so common that it says nothing? */
static bool has_spare_text(const struct net_lazy *lazy)
{
    const struct atom *x = lazy->atom;
    struct str text = text_of(lazy);
    bool is_text = x->op == ATOM_PREFIX || x->op == ATOM_SUFFIX || x->op == ATOM_CONTAINS ||
                   x->op == ATOM_GLOB || x->op == ATOM_WORDS;

    return is_text && lazy->gate != NET_NONE && net_is_common(text) && text.n > 1 &&
           text.n <= LITERAL_BYTES_MAX && str_is_ascii(text) &&
           literal_rarity(text) >= SPARE_RARITY;
}

double net_spare_weight(const struct compiler *c, const struct net_lazy *lazy)
{
    struct source s = {.kind = SOURCE_LITERAL, .field = lazy->field};

    if (!has_spare_text(lazy))
        return INFINITY;
    s.where = place_of(lazy->atom->op);
    s.text = text_of(lazy);
    return net_source_weight(c, &s);
}

uint32_t net_spare_gate(struct compiler *c, const struct net_lazy *lazy)
{
    struct net_lazy spare = *lazy;

    gate_open(c, &spare);
    if (lazy->atom->fold == FOLD_SIMPLE)
        gate_on(c, &spare, SOURCE_BEYOND);
    gate_on_text(c, &spare, text_of(lazy), place_of(lazy->atom->op));
    return spare.gate;
}

uint32_t net_lazy_atom(struct compiler *c, uint32_t atom)
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
        net_weigh_popular(c, atom, lazy.gate);
    *(struct net_lazy *)vec_push(c->arena, &c->lazies, sizeof lazy) = lazy;
    return c->lazy_of[atom] = c->lazies.n - 1;
}

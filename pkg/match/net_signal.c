/* net_signal.c - what is looked for in values (sources), the signals that it raises, and atoms that
 * are no more than that.
 *
 * How often an event has a source is guessed from its text and from what rules ask of its field: it
 * decides what wakes a rule and what is asked first, never what matches.
 */
#include "match/net_impl.h"

#include <math.h>
#include <stdlib.h>

#include "base/decimal.h"
#include "base/hash.h"
#include "base/str.h"
#include "match/fold.h"

/* A text this common is nearly everywhere: finding each of its places and telling every rule costs
 * more than looking for it when a rule comes to ask, and no rule is woken by it anyway. */
enum { COMMON_RARITY = 20, COMMON_TEXT_MAX = 64 };

/* What so many formulas ask for is what a stream mostly is: `event.type == "start"`. */
static const double POPULAR = 200;
/* It is a good part of what they ask of the field: of names of programs none is, though hundreds of
 * rules ask for `powershell.exe`. */
static const double CHOSEN = 0.1;

/* ---- sources ----------------------------------------------------------------------- */

static double usual_share(const struct compiler *c, uint32_t field)
{
    return field < field_count(c->plan->fields) ? c->usual[field] : 0;
}

/* Guessed shares: only their order matters, and only for which waker is chosen. */
double net_source_weight(const struct compiler *c, const struct source *s)
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
    want.weight = net_source_weight(c, &want);
    *(struct source *)vec_push(c->temp, &c->sources, sizeof want) = want;
    c->slots[at] = c->sources.n;
    return c->sources.n - 1;
}

struct str net_folded_copy(struct compiler *c, struct str text)
{
    char *p = arena_alloc(c->arena, text.n + 1);

    fold_ascii(p, text.p, text.n);
    return (struct str){p, text.n};
}

/* ---- signals ------------------------------------------------------------------------ */

uint32_t net_signal_new(struct compiler *c)
{
    *(double *)vec_push(c->temp, &c->weights, sizeof(double)) = 0;
    return c->n_signals++;
}

void net_raises(struct compiler *c, struct source source, uint32_t signal)
{
    uint32_t from = net_source_for(c, source);
    struct pair *p = vec_push(c->temp, &c->pairs, sizeof *p);

    *p = (struct pair){from, signal};
    *net_signal_weight(c, signal) += ((const struct source *)c->sources.items)[from].weight;
}

/* ---- plain atoms ---------------------------------------------------------------------- */

bool net_is_common(struct str text)
{
    char folded[COMMON_TEXT_MAX];

    if (text.n <= 1 || text.n > sizeof folded)
        return text.n <= 1;
    fold_ascii(folded, text.p, text.n);
    return literal_rarity((struct str){folded, text.n}) < COMMON_RARITY;
}

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
    return !net_is_common(x->text);
}

/* Every OR above an atom asks. */
bool net_is_plain(struct compiler *c, uint32_t atom)
{
    enum nature *nature = &c->natures[atom];

    if (*nature == NATURE_UNKNOWN)
        *nature = has_plain_form(c->plan->atoms[atom].atom) ? NATURE_PLAIN : NATURE_LAZY;
    return *nature == NATURE_PLAIN;
}

enum literal_where net_where_of(enum atom_op op)
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

/* Where the letters must be these, a second source tells so where the folded text was found. */
struct source net_whole_text(struct compiler *c, const struct atom *x, uint32_t field)
{
    struct source whole = {
        .kind = SOURCE_EXACT, .field = field, .text = net_folded_copy(c, x->text)};
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

void net_weigh_popular(struct compiler *c, uint32_t atom, uint32_t signal)
{
    uint32_t field = c->plan->atoms[atom].field;
    double askers = c->same_askers[atom];
    double of_field = field == FIELD_NONE ? 1 : askers / fmax(1, c->field_askers[field]);
    double share = fmin(of_field < CHOSEN ? of_field : 1, askers / POPULAR);

    if (share > *net_signal_weight(c, signal))
        *net_signal_weight(c, signal) = share;
}

/* What few rules ask for, few events have. */
double net_presence_share(const struct compiler *c, uint32_t field)
{
    static const double LEAST = 0.3;

    return fmax(LEAST, fmin(1, c->field_askers[field] / POPULAR));
}

void net_plain_raises(struct compiler *c, uint32_t atom, uint32_t signal)
{
    const struct plan_atom *pa = &c->plan->atoms[atom];
    const struct atom *x = pa->atom;
    struct source s = {.field = pa->field};

    if (x->op == ATOM_NUM_EQ) {
        s.kind = SOURCE_NUMBER;
        s.text = canonical(c, x->text);
    } else if (x->op == ATOM_EQ) {
        s = net_whole_text(c, x, pa->field);
    } else {
        s.kind = SOURCE_LITERAL;
        s.where = net_where_of(x->op);
        s.text = net_folded_copy(c, x->text);
    }
    net_raises(c, s, signal);
    if (x->op == ATOM_EQ)
        net_weigh_popular(c, atom, signal);
}

uint32_t net_atom_signal(struct compiler *c, uint32_t atom)
{
    if (c->signal_of[atom] == NET_NONE) {
        c->signal_of[atom] = net_signal_new(c);
        net_plain_raises(c, atom, c->signal_of[atom]);
    }
    return c->signal_of[atom];
}

/* A whole value of a field that atoms ask for. */
struct asked {
    uint64_t hash;
    uint32_t atom;
};

static int by_hash(const void *a, const void *b)
{
    const struct asked *x = a, *y = b;

    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return (x->atom > y->atom) - (x->atom < y->atom);
}

/* Languages ask for one value by atoms of their own: together they tell how often it is asked for.
 */
static void add_askers(struct compiler *c)
{
    struct asked *all = ARENA_ARRAY(c->temp, c->plan->n_atoms, struct asked);
    uint32_t n = 0;

    c->same_askers = ARENA_ARRAY(c->temp, c->plan->n_atoms, uint32_t);
    for (uint32_t i = 0; i < c->plan->n_atoms; i++) {
        const struct plan_atom *pa = &c->plan->atoms[i];
        if (pa->atom->op != ATOM_EQ)
            continue;
        char *folded = arena_alloc(c->temp, pa->atom->text.n + 1);
        fold_ascii(folded, pa->atom->text.p, pa->atom->text.n);
        all[n++] = (struct asked){hash_str((struct str){folded, pa->atom->text.n}) ^
                                      (uint64_t)pa->field * 0x9e3779b97f4a7c15u,
                                  i};
    }
    if (n)
        qsort(all, n, sizeof *all, by_hash);
    for (uint32_t from = 0, to; from < n; from = to) {
        uint32_t sum = 0;
        for (to = from; to < n && all[to].hash == all[from].hash; to++)
            sum += c->askers[all[to].atom];
        for (uint32_t k = from; k < to; k++)
            c->same_askers[all[k].atom] = sum;
    }
}

/* Whoever says what a stream mostly is chooses from a few values: a field that many rules ask for,
 * but for few values, has each of these often, however rare the text is by its letters. */
void net_guess_usual(struct compiler *c)
{
    uint32_t n = field_count(c->plan->fields);
    uint32_t *texts = ARENA_ARRAY(c->temp, n, uint32_t);
    uint32_t *askers = ARENA_ARRAY(c->temp, n, uint32_t);

    add_askers(c);
    c->field_askers = askers;
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

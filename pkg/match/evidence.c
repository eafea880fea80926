/* evidence.c - see evidence.h.
 *
 * The reference asks whether a formula is true, then goes down the true branches and asks again.
 * Here one walk does both: what an atom gives is noted at once, and what was noted below a node
 * that turns out not to be true is taken back. Since a thing noted is only ever taken back
 * together with all that came after it, dropping a repeated one at once is safe.
 */
#include "match/evidence.h"

#include "base/str.h"
#include "match/fold.h"

#include <stdlib.h>

#include <emmintrin.h> /* SSE2 is part of x86-64, so there is no choice of kernels here */

enum {
    FIELDS_KEPT = 64, /* of one event: what comes after is looked up each time */
    NEEDLE_MAX = 256, /* longer texts of rules are the reference's */
    LANES = 16,
    JOINED_FROM = 4 /* values: then they are searched together first */
};

/* A value that atoms ask about. */
struct kept_value {
    const struct field_value *value;
    struct str text;         /* what text operations see */
    struct str folded;       /* p NULL: not folded yet; LANES readable bytes follow */
    bool has_text, is_ascii; /* is_ascii: once folded */
};

struct kept_field {
    struct str name;
    struct kept_value *values;
    size_t n;
    struct str joined; /* p NULL: not made yet; all values folded, LANES readable bytes follow */
    bool is_ascii;     /* all of them; once joined */
};

struct evidence_finder {
    struct reference *reference;
    struct arena *arena; /* one event */
    const struct event_tree *event;
    struct kept_field *fields[FIELDS_KEPT];
    size_t n_fields;
    struct match_evidence items[EVIDENCE_MAX];
    size_t n;
    bool is_over; /* one more than EVIDENCE_MAX was met */
};

struct evidence_finder *evidence_finder_new(void)
{
    struct evidence_finder *f = calloc(1, sizeof(*f));

    ASSERT(f);
    f->reference = reference_new();
    f->arena = arena_new(0);
    return f;
}

void evidence_finder_free(struct evidence_finder *f)
{
    if (!f)
        return;
    reference_free(f->reference);
    arena_free(f->arena);
    free(f);
}

void evidence_use_lists(struct evidence_finder *f, const struct list_view *lists)
{
    reference_use_lists(f->reference, lists);
}

void evidence_begin(struct evidence_finder *f, const struct event_tree *event)
{
    arena_reset(f->arena);
    f->event = event;
    f->n_fields = 0;
}

/* ---- values --------------------------------------------------------------------------- */

/* It lives as long as the event. */
static struct kept_field *field_of(struct evidence_finder *f, struct str name)
{
    for (size_t i = 0; i < f->n_fields; i++)
        if (str_eq(f->fields[i]->name, name))
            return f->fields[i];
    struct field_values values = event_lookup_listed(f->arena, f->event, name);
    struct kept_field *field = arena_alloc(f->arena, sizeof(*field));
    *field =
        (struct kept_field){.name = name,
                            .values = arena_alloc(f->arena, values.n * sizeof(struct kept_value)),
                            .n = values.n};
    for (size_t i = 0; i < values.n; i++) {
        struct kept_value *v = &field->values[i];
        *v = (struct kept_value){.value = &values.items[i]};
        v->has_text = reference_text_of(v->value, &v->text);
    }
    if (f->n_fields < FIELDS_KEPT)
        f->fields[f->n_fields++] = field;
    return field;
}

static void fold_value(struct evidence_finder *f, struct kept_value *v)
{
    char *out;

    if (v->folded.p)
        return;
    out = arena_alloc(f->arena, v->text.n + LANES);
    v->is_ascii = !fold_ascii(out, v->text.p, v->text.n);
    memset(out + v->text.n, 0, LANES);
    v->folded = (struct str){out, v->text.n};
}

static void join_values(struct evidence_finder *f, struct kept_field *field)
{
    size_t n = 0, at = 0;

    if (field->joined.p)
        return;
    field->is_ascii = true;
    for (size_t i = 0; i < field->n; i++)
        n += field->values[i].has_text ? field->values[i].text.n + 1 : 0;
    char *out = arena_alloc(f->arena, n + LANES);
    for (size_t i = 0; i < field->n; i++) {
        struct kept_value *v = &field->values[i];
        if (!v->has_text)
            continue;
        fold_value(f, v);
        field->is_ascii &= v->is_ascii;
        memcpy(out + at, v->folded.p, v->folded.n);
        at += v->folded.n;
        out[at++] = '\0';
    }
    memset(out + n, 0, LANES);
    field->joined = (struct str){out, n};
}

/* ---- texts ---------------------------------------------------------------------------- */

/* LANES bytes behind the value can be read. */
static bool contains(struct str value, struct str needle)
{
    if (needle.n == 0)
        return true;
    if (needle.n > value.n)
        return false;
    /* Places where its first and its last byte stand right; only there the rest is compared. */
    const __m128i first = _mm_set1_epi8(needle.p[0]), last = _mm_set1_epi8(needle.p[needle.n - 1]);
    size_t places = value.n - needle.n + 1;

    for (size_t at = 0; at < places; at += LANES) {
        __m128i head = _mm_loadu_si128((const __m128i *)(value.p + at));
        __m128i tail = _mm_loadu_si128((const __m128i *)(value.p + at + needle.n - 1));
        unsigned hits = (unsigned)_mm_movemask_epi8(
            _mm_and_si128(_mm_cmpeq_epi8(head, first), _mm_cmpeq_epi8(tail, last)));
        for (; hits; hits &= hits - 1) {
            size_t place = at + (size_t)__builtin_ctz(hits);
            if (place < places && memcmp(value.p + place, needle.p, needle.n) == 0)
                return true;
        }
    }
    return false;
}

static bool compare(enum atom_op op, struct str value, struct str text)
{
    switch (op) {
    case ATOM_EQ:
        return str_eq(value, text);
    case ATOM_PREFIX:
        return str_starts(value, text);
    case ATOM_SUFFIX:
        return str_ends(value, text);
    default:
        return contains(value, text);
    }
}

/* The atom's text folded into space; false if that is the reference's business. */
static bool needle_of(const struct atom *atom, char space[static NEEDLE_MAX], struct str *needle)
{
    if (atom->text.n > NEEDLE_MAX)
        return false;
    bool is_ascii = !fold_ascii(space, atom->text.p, atom->text.n);
    *needle = (struct str){space, atom->text.n};
    return is_ascii || atom->fold == FOLD_ASCII;
}

static bool is_text_op(const struct atom *atom)
{
    switch (atom->op) {
    case ATOM_EQ:
    case ATOM_PREFIX:
    case ATOM_SUFFIX:
    case ATOM_CONTAINS:
        return atom->fold == FOLD_ASCII || atom->fold == FOLD_SIMPLE;
    default:
        return false;
    }
}

/* Tells most values of a list of endings apart before the operand is folded: its last letter, or
 * its first, is another one. Letters of ASCII fold to letters of ASCII alone, whatever the fold. */
static bool is_plainly_false(struct evidence_finder *f, const struct atom *atom,
                             struct kept_value *v)
{
    struct str text = atom->text;

    if (text.n == 0 || atom->op == ATOM_CONTAINS || !v->has_text)
        return false;
    fold_value(f, v);
    if (!v->is_ascii)
        return false;
    char last = text.p[text.n - 1], first = text.p[0];
    if (atom->op != ATOM_PREFIX && (uint8_t)last < 0x80)
        return v->folded.n == 0 || v->folded.p[v->folded.n - 1] != ascii_lower(last);
    if (atom->op != ATOM_SUFFIX && (uint8_t)first < 0x80)
        return v->folded.n == 0 || v->folded.p[0] != ascii_lower(first);
    return false;
}

/* Does the value satisfy the atom? needle: NULL if only the reference can tell. */
static bool value_matches(struct evidence_finder *f, const struct atom *atom,
                          const struct str *needle, struct kept_value *v)
{
    if (!needle)
        return reference_value(f->reference, atom, f->event, v->value);
    if (!v->has_text)
        return false;
    fold_value(f, v);
    if (!v->is_ascii && atom->fold != FOLD_ASCII)
        return reference_value(f->reference, atom, f->event, v->value);
    return compare(atom->op, v->folded, *needle);
}

/* No value contains the needle, as a search of all together tells. */
static bool is_nowhere(struct evidence_finder *f, const struct atom *atom, struct str needle,
                       struct kept_field *field)
{
    if (field->n < JOINED_FROM || atom->op != ATOM_CONTAINS)
        return false;
    join_values(f, field);
    return (field->is_ascii || atom->fold == FOLD_ASCII) && !contains(field->joined, needle);
}

/* ---- atoms and formulas ----------------------------------------------------------------- */

/* What a true atom rests on. */
struct found {
    struct str field, value;
    const struct field_value *raw; /* NULL: none, or none that outlives the next question */
    bool is_missing;
};

/* v: NULL if the field is missing. */
static struct found found_in(const struct atom *atom, const struct kept_value *v)
{
    return (struct found){atom->field, v && v->has_text ? v->text : (struct str){"", 0},
                          v ? v->value : NULL, v == NULL};
}

/* Rare, and slow anyway. */
static enum truth part_truth(struct evidence_finder *f, const struct atom *atom, struct found *by)
{
    struct atom_witness w = {NULL, atom->field};
    enum truth t = reference_atom_by(f->reference, atom, f->event, &w);
    struct str text = {"", 0};

    if (w.value)
        (void)reference_text_of(w.value, &text);
    *by = (struct found){arena_str(f->arena, w.field), arena_str(f->arena, text), NULL,
                         w.value == NULL};
    return t;
}

/* by: the first member that satisfied a true atom. */
static enum truth atom_truth(struct evidence_finder *f, const struct atom *atom, struct found *by)
{
    if (atom->op == ATOM_SOME_FIELD || atom->op == ATOM_SOME_MEMBER || atom->except.n)
        return part_truth(f, atom, by);
    *by = found_in(atom, NULL);
    if (atom->op == ATOM_BEFORE)
        return reference_atom(f->reference, atom, f->event);
    struct kept_field *field = field_of(f, atom->field);
    size_t asked = atom->array == ARRAY_FIRST && field->n ? 1 : field->n, n_true = 0;
    char space[NEEDLE_MAX];
    struct str needle = {0};

    if (atom->op == ATOM_EXPR) {
        *by = found_in(atom, field->n ? &field->values[0] : NULL);
        return reference_atom(f->reference, atom, f->event);
    }
    if (field->n == 0)
        return reference_truth_of_missing(atom);
    if (atom->array == ARRAY_SINGLE && field->n > 1)
        return TRUTH_UNKNOWN;
    bool is_text = is_text_op(atom), is_quick = false, has_needle = false;
    if (is_text && asked >= JOINED_FROM) {
        is_quick = needle_of(atom, space, &needle);
        has_needle = true;
        if (is_quick && is_nowhere(f, atom, needle, field))
            return TRUTH_FALSE;
    }
    for (size_t i = 0; i < asked; i++) {
        if (is_text && is_plainly_false(f, atom, &field->values[i]))
            continue;
        if (is_text && !has_needle)
            is_quick = needle_of(atom, space, &needle);
        has_needle = true;
        if (!value_matches(f, atom, is_quick ? &needle : NULL, &field->values[i]))
            continue;
        if (n_true++ == 0)
            *by = found_in(atom, &field->values[i]);
        if (atom->array == ARRAY_ANY)
            break;
    }
    bool is_true = atom->array == ARRAY_ALL ? n_true == asked : n_true > 0;
    return is_true ? TRUTH_TRUE : TRUTH_FALSE;
}

static void note(struct evidence_finder *f, struct str selection, const struct atom *atom,
                 const struct found *by)
{
    for (size_t i = 0; i < f->n; i++)
        if (f->items[i].atom == atom && str_eq(f->items[i].value, by->value))
            return;
    if (f->n == EVIDENCE_MAX) {
        f->is_over = true;
        return;
    }
    struct match_evidence *e = &f->items[f->n++];
    *e = (struct match_evidence){.selection = selection,
                                 .atom = atom,
                                 .field = by->field,
                                 .value = by->value,
                                 .is_missing = by->is_missing};
    if (atom->op == ATOM_LIST && by->raw)
        e->row = reference_row(f->reference, atom, f->event, by->raw, &e->list);
}

/* Rules lie far apart and each is rarely asked: the parts of a long list come from memory all at
 * once instead of one after the other. */
static void fetch_ahead(const struct formula *g)
{
    enum { WORTH_IT = 4 };

    if (g->n_children < WORTH_IT)
        return;
    for (size_t i = 0; i < g->n_children; i++)
        PREFETCH(g->children[i]);
    for (size_t i = 0; i < g->n_children; i++)
        if (g->children[i]->kind == FORMULA_ATOM) {
            PREFETCH(g->children[i]->atom);
            PREFETCH((const char *)g->children[i]->atom + 64);
        }
    for (size_t i = 0; i < g->n_children; i++)
        if (g->children[i]->kind == FORMULA_ATOM)
            PREFETCH(g->children[i]->atom->text.p);
}

/* Kleene's truth of g; what it rests on is noted if that is wanted and if it is true. */
static enum truth walk(struct evidence_finder *f, const struct formula *g, struct str selection,
                       bool is_noting)
{
    struct found by;
    size_t before = f->n;

    if (g->label.n)
        selection = g->label;
    switch (g->kind) {
    case FORMULA_CONST:
        return g->value ? TRUTH_TRUE : TRUTH_FALSE;
    case FORMULA_NOT:
        return (enum truth)(TRUTH_TRUE - walk(f, g->children[0], selection, false));
    case FORMULA_ATOM: {
        enum truth t = atom_truth(f, g->atom, &by);
        if (t == TRUTH_TRUE && is_noting)
            note(f, selection, g->atom, &by);
        return t;
    }
    default:
        break;
    }
    bool is_and = g->kind == FORMULA_AND;
    fetch_ahead(g);
    enum truth result = is_and ? TRUTH_TRUE : TRUTH_FALSE;
    for (size_t i = 0; i < g->n_children; i++) {
        /* Once an OR is true its other branches matter only for what they note. */
        if (is_and ? result == TRUTH_FALSE : result == TRUTH_TRUE && !is_noting)
            break;
        enum truth t =
            walk(f, g->children[i], selection, is_noting && (!is_and || result == TRUTH_TRUE));
        if (is_and ? t < result : t > result)
            result = t;
    }
    if (result != TRUTH_TRUE)
        f->n = before;
    return result;
}

size_t evidence_of(struct evidence_finder *f, const struct rule *rule, struct match_evidence **out)
{
    f->n = 0;
    f->is_over = false;
    (void)walk(f, rule->formula, (struct str){"", 0}, true);
    *out = f->items;
    if (f->is_over) /* what was taken back may have pushed out what should stay */
        return reference_evidence(f->reference, f->arena, rule, f->event, out);
    return f->n;
}

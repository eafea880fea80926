/* keyword_filter.c - see keyword_filter.h.
 *
 * Of each keyword the rarest three letters in a row are its anchor; where one could stand, the
 * whole run of plain letters around it is compared. Plain are the printable ASCII bytes but quotes,
 * backslashes and slashes: JSON may write any other way only by \u.
 */
#include "match/keyword_filter.h"

#include "base/cpu.h"
#include "base/str.h"
#include "event/field.h"
#include "match/literal_set.h"

/* A keyword's run of plain letters, folded. */
struct run {
    struct str text;
    size_t anchor_at;
    uint32_t next; /* 1 + the next run of its chain; 0: none */
};

enum { CHAINS = 256 };

struct keyword_filter {
    keyword_next_fn *next;
    struct grams grams;
    uint32_t chains[CHAINS]; /* 1 + the first run with such an anchor */
    size_t n_runs;
    struct run runs[KEYWORDS_FILTERED_MAX];
};

static bool is_plain(char c)
{
    return c >= ' ' && c <= '~' && c != '"' && c != '\\' && c != '/';
}

static uint32_t chain_of(const char *p)
{
    uint32_t gram =
        (uint32_t)(uint8_t)p[0] | (uint32_t)(uint8_t)p[1] << 8 | (uint32_t)(uint8_t)p[2] << 16;

    return ((gram | 0x202020u) * 0x9E3779B1u) >> 24;
}

/* ---- when rules load ------------------------------------------------------------------- */

struct collector {
    struct arena *arena;
    const struct plan *plan;
    struct keyword_filter *filter;
    uint64_t *seen; /* bitmap of plan nodes */
    bool is_refused;
};

/* How rare the window of four is; less is known of three at the end of a run. */
static int rarity_at(struct str text, size_t at)
{
    uint32_t gram = 0;

    if (at + sizeof(gram) > text.n)
        return 0;
    memcpy(&gram, text.p + at, sizeof(gram));
    return (int)gram_level_above(gram, 0) + 1;
}

/* The run of plain letters with the rarest anchor; false: none is long enough. */
static bool best_run(struct str text, struct run *out)
{
    int best = -1;

    for (size_t from = 0, to; from < text.n; from = to + 1) {
        for (to = from; to < text.n && is_plain(text.p[to]);)
            to++;
        for (size_t at = from; at + GRAMS_BYTES <= to; at++) {
            int rarity = rarity_at((struct str){text.p, to}, at);
            if (rarity <= best)
                continue;
            best = rarity;
            *out = (struct run){.text = str_sub(text, from, to - from), .anchor_at = at - from};
        }
    }
    return best >= 0;
}

static void add_text(struct collector *c, struct str text)
{
    struct keyword_filter *f = c->filter;
    struct run run;

    /* Without zero bytes: the fold of "no byte" would be one of its letters. */
    text = arena_lower(c->arena, text);
    if (f->n_runs == KEYWORDS_FILTERED_MAX || !best_run(text, &run)) {
        c->is_refused = true;
        return;
    }
    uint32_t *chain = &f->chains[chain_of(run.text.p + run.anchor_at)];
    run.next = *chain;
    f->runs[f->n_runs++] = run;
    *chain = (uint32_t)f->n_runs;
}

/* Any text of a glob will do; the one with the rarest anchor is not worth the search. */
static void add_glob(struct collector *c, const struct glob *glob)
{
    struct run run;

    for (size_t i = 0; i < glob->n_parts; i++)
        if (glob->parts[i].kind == GLOB_TEXT && best_run(glob->parts[i].text, &run)) {
            add_text(c, glob->parts[i].text);
            return;
        }
    c->is_refused = true;
}

static bool asks_any(const struct plan_atom *x)
{
    bool does = x->field == FIELD_ANY || x->other == FIELD_ANY;

    for (size_t i = 0; i < x->atom->expr_fields.n; i++)
        does |= x->expr_fields[i] == FIELD_ANY;
    return does;
}

/* An atom that is false of every text without its letters, and of an event without texts. */
static void add_atom(struct collector *c, const struct plan_atom *x)
{
    const struct atom *atom = x->atom;

    if (!asks_any(x))
        return;
    if (x->field != FIELD_ANY || atom->miss != MISS_FALSE || atom->array != ARRAY_ANY) {
        c->is_refused = true;
        return;
    }
    switch (atom->op) {
    case ATOM_EQ:
    case ATOM_PREFIX:
    case ATOM_SUFFIX:
    case ATOM_CONTAINS:
        add_text(c, atom->text);
        break;
    case ATOM_GLOB:
        add_glob(c, &atom->glob);
        break;
    default:
        c->is_refused = true;
    }
}

static void collect(struct collector *c, uint32_t node)
{
    const struct plan_node *n = &c->plan->nodes[node];

    if (c->is_refused || (c->seen[node / 64] >> (node % 64) & 1))
        return;
    c->seen[node / 64] |= 1ull << (node % 64);
    if (n->kind == FORMULA_ATOM)
        add_atom(c, &c->plan->atoms[n->atom]);
    for (uint32_t i = 0; i < n->n_children; i++)
        collect(c, c->plan->children[n->first_child + i]);
}

const struct keyword_filter *keyword_filter_new(struct arena *a, const struct plan *plan,
                                                const uint64_t *rules)
{
    static const char escapes[] = "\\u0\\u1\\u2\\u3\\u4\\u5\\u6\\u7\\u8\\u9"
                                  "\\ua\\ub\\uc\\ud\\ue\\uf";
    static keyword_next_fn *const kernels[] = {keyword_next_scalar, keyword_next_avx2,
                                               keyword_next_avx512};
    enum { ESCAPES = sizeof(escapes) / GRAMS_BYTES };
    const char *anchors[KEYWORDS_FILTERED_MAX + ESCAPES];
    struct arena *scratch = arena_new(0);
    struct keyword_filter *f = ARENA_NEW(a, struct keyword_filter);
    struct collector c = {a, plan, f, NULL, false};

    c.seen = ARENA_ARRAY(scratch, plan->n_nodes / 64 + 1, uint64_t);
    for (uint32_t i = 0; i < plan->n_rules; i++)
        if (rules[i / 64] >> (i % 64) & 1)
            collect(&c, plan->rules[i].root);
    arena_free(scratch);
    if (c.is_refused)
        return NULL;
    f->next = kernels[cpu_simd()];
    for (size_t i = 0; i < f->n_runs; i++)
        anchors[i] = f->runs[i].text.p + f->runs[i].anchor_at;
    for (size_t i = 0; i < ESCAPES; i++)
        anchors[f->n_runs + i] = escapes + i * GRAMS_BYTES;
    grams_build(&f->grams, anchors, f->n_runs + ESCAPES);
    return f;
}

/* ---- for each record ---------------------------------------------------------------------- */

size_t keyword_next_scalar(const struct grams *g, struct str text, size_t from)
{
    for (size_t i = from; i < text.n; i++) {
        if ((uint8_t)text.p[i] >= 128)
            return i;
        if (i + GRAMS_BYTES <= text.n && grams_at(g, text.p + i))
            return i;
    }
    return text.n;
}

/* Is there \u, and no \\u? */
static bool is_escape(struct str record, size_t at)
{
    size_t before = at;

    if (record.p[at] != '\\' || at + 1 >= record.n || record.p[at + 1] != 'u')
        return false;
    while (before > 0 && record.p[before - 1] == '\\')
        before--;
    return (at - before) % 2 == 0;
}

static bool is_run_at(const struct keyword_filter *f, struct str record, size_t at)
{
    for (uint32_t i = f->chains[chain_of(record.p + at)]; i; i = f->runs[i - 1].next) {
        const struct run *run = &f->runs[i - 1];
        if (run->anchor_at > at || run->text.n - run->anchor_at > record.n - at)
            continue;
        if (str_eq_ci(str_sub(record, at - run->anchor_at, run->text.n), run->text))
            return true;
    }
    return false;
}

bool keyword_filter_may(const struct keyword_filter *f, struct str record)
{
    for (size_t at = 0; (at = f->next(&f->grams, record, at)) < record.n; at++) {
        if ((uint8_t)record.p[at] >= 128 || is_escape(record, at))
            return true;
        if (at + GRAMS_BYTES <= record.n && is_run_at(f, record, at))
            return true;
    }
    return false;
}

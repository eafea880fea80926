/* test_keyword_filter.c - records without keywords are told from the others, however JSON writes
 * them: against the reference, which knows of no filter, and kernel against kernel. */
#include "tests/lib/match_rig.h"
#include "tests/lib/rng.h"
#include "tests/lib/test.h"

#include "base/cpu.h"
#include "match/keyword_filter.h"
#include "match/matcher.h"
#include "match/reference.h"

#include <stdlib.h>

static struct atom *keyword(struct arena *a, enum atom_op op, const char *text)
{
    struct atom *x = ARENA_NEW(a, struct atom);

    x->op = op;
    x->field = STR(FIELD_ANY_NAME);
    x->text = str_from(text);
    x->fold = FOLD_SIMPLE;
    return x;
}

static void rig_init(struct match_rig *g, const struct atom *const *atoms, uint32_t n,
                     bool is_negated)
{
    struct rule **rules = ARENA_ARRAY(g->a, n, struct rule *);

    for (uint32_t i = 0; i < n; i++) {
        rules[i] = ARENA_NEW(g->a, struct rule);
        rules[i]->formula = formula_atom(g->a, atoms[i]);
        if (is_negated)
            rules[i]->formula = formula_not(g->a, rules[i]->formula);
        rules[i]->uid = arena_printf(g->a, "rule-%u", i);
    }
    match_rig_init(g, rules, n, false);
}

/* How many rules matched; *is_dropped: the event came without its texts. */
static size_t check_event(struct match_rig *g, struct str text, bool *is_dropped)
{
    struct arena *scratch = arena_new(0);
    const struct match *matches;
    struct event_tree tree;
    struct json_node *root;
    struct event event;
    size_t at = 0;

    CHECK_EQ(extract_event(g->worker, text, (struct event_ref){0}, &event), EVENT_OK);
    size_t n = matcher_run(g->matcher, &event, 1, &matches);
    CHECK_EQ(json_tree_parse(scratch, text, &root, NULL), JSON_OK);
    event_tree_init(&tree, g->profiles, root, NULL);
    for (uint32_t r = 0; r < g->plan->n_rules; r++) {
        bool compiled = at < n && matches[at].rule == r;
        at += compiled;
        if (reference_match(g->reference, g->plan->rules[r].rule, &tree) != compiled)
            fail_msg("rule %u: compiled says %d of %.*s", r, compiled, (int)text.n, text.p);
    }
    *is_dropped = event.has_no_leaves;
    extract_batch_reset(g->worker);
    arena_free(scratch);
    return n;
}

/* A letter as JSON may write it. */
static void put_letter(struct rng *rng, struct buf *out, char c)
{
    uint32_t how = rng_below(rng, 24);

    if (how == 0)
        buf_printf(out, "\\u%04x", (unsigned)c);
    else if (how == 1 && c == 'k')
        buf_add(out, STR("\xe2\x84\xaa")); /* the Kelvin sign folds to k */
    else if (c == '"' || c == '\\' || (c == '/' && how < 12))
        buf_printf(out, "\\%c", c);
    else
        buf_add_char(out, how < 6 && c >= 'a' && c <= 'z' ? (char)(c - 32) : c);
}

static void random_event(struct rng *rng, struct buf *out)
{
    static const char *const parts[] = {"dpapi::masterkey",
                                        "\\perfc.dat",
                                        "token/kept",
                                        "masterkey",
                                        "perfc",
                                        "c:\\users\\",
                                        " and ",
                                        "kept",
                                        "say \"so\"",
                                        "dat",
                                        "u0041"};

    buf_add(out, STR("{\"n\":1"));
    for (uint32_t k = rng_below(rng, 4); k > 0; k--) {
        buf_printf(out, ",\"f%u\":%s\"", k, rng_below(rng, 3) ? "" : "[\"x\",");
        bool is_list = out->p[out->n - 2] == ',';
        for (uint32_t i = rng_below(rng, 3); i > 0; i--)
            for (const char *p = parts[rng_below(rng, ARRAY_LEN(parts))]; *p; p++)
                put_letter(rng, out, *p);
        buf_add(out, is_list ? STR("\"]") : STR("\""));
    }
    buf_add_char(out, '}');
}

TEST(keywords_are_found_however_they_are_written)
{
    static const char *const texts[] = {"dpapi::masterkey", "\\perfc.dat", "token/kept",
                                        "say \"so\""};
    struct rng rng = rng_start("test_keyword_filter");
    size_t n_matches = 0, n_dropped = 0, n_events = 0;

    for (int round = 0; round < 4; round++) {
        struct match_rig g = {.a = arena_new(0)};
        const struct atom *atoms[ARRAY_LEN(texts)];
        struct buf text = {0};
        for (size_t i = 0; i < ARRAY_LEN(texts); i++)
            atoms[i] = keyword(g.a, round == 1 && i == 1 ? ATOM_SUFFIX : ATOM_CONTAINS, texts[i]);
        rig_init(&g, atoms, ARRAY_LEN(atoms), round == 3);
        for (int i = 0; i < 2000; i++, n_events++) {
            bool is_dropped;
            buf_clear(&text);
            random_event(&rng, &text);
            size_t n = check_event(&g, buf_str(&text), &is_dropped);
            n_matches += round < 3 ? n : 0;
            n_dropped += is_dropped;
        }
        buf_release(&text);
        match_rig_release(&g);
    }
    CHECK(n_matches > 50);
    CHECK(n_dropped > n_events / 10);
    CHECK(n_dropped < n_events);
}

/* What no run of plain letters decides leaves all texts to the rules. */
TEST(keywords_without_plain_letters_are_not_filtered)
{
    static const struct {
        enum atom_op op;
        const char *text;
        enum miss miss;
        bool is_filtered;
    } cases[] = {{ATOM_CONTAINS, "abc", MISS_FALSE, true},
                 {ATOM_CONTAINS, "a/c\\d", MISS_FALSE, false},
                 {ATOM_CONTAINS, "\xc3\xa4rger", MISS_FALSE, true},
                 {ATOM_CONTAINS, "ab", MISS_FALSE, false},
                 {ATOM_CONTAINS, "abc", MISS_TRUE, false},
                 {ATOM_EXISTS, "", MISS_FALSE, false}};

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct match_rig g = {.a = arena_new(0)};
        struct atom *x = keyword(g.a, cases[i].op, cases[i].text);
        x->miss = cases[i].miss;
        rig_init(&g, (const struct atom *const *)&x, 1, false);
        uint64_t rules = 1;
        if ((keyword_filter_new(g.a, g.plan, &rules) != NULL) != cases[i].is_filtered)
            fail_msg("'%s' is%s filtered", cases[i].text, cases[i].is_filtered ? " not" : "");
        match_rig_release(&g);
    }
}

TEST(kernels_find_the_same_places)
{
    static const char *const anchors[] = {"abc", "xyz", "::k", "\\u0"};
    struct rng rng = rng_start("test_keyword_filter");
    struct grams grams;
    enum { TEXT_MAX = 200 };

    grams_build(&grams, anchors, ARRAY_LEN(anchors));
    for (int round = 0; round < 20000; round++) {
        size_t n = rng_below(&rng, TEXT_MAX);
        char *text = malloc(n + 1); /* no byte behind it may be read */
        struct str s = {text + 1, n};
        for (size_t i = 0; i < s.n; i++)
            text[i + 1] =
                rng_below(&rng, 500) ? "abcxyz:K\\u0 -\"{~"[rng_below(&rng, 16)] : (char)0xe4;
        size_t from = s.n ? rng_below(&rng, (uint32_t)s.n) : 0;
        size_t want = keyword_next_scalar(&grams, s, from);
        if (cpu_simd() >= SIMD_AVX2)
            CHECK_EQ(keyword_next_avx2(&grams, s, from), want);
        if (cpu_simd() >= SIMD_AVX512)
            CHECK_EQ(keyword_next_avx512(&grams, s, from), want);
        free(text);
    }
}

TEST_MAIN(ENTRY(keywords_are_found_however_they_are_written),
          ENTRY(keywords_without_plain_letters_are_not_filtered),
          ENTRY(kernels_find_the_same_places))

/* test_literal.c - the literal engine against a plain search, for every kernel that this
 * machine has.
 *
 * The model asks memmem() for each pair of value and literal. Some values lie at the very
 * end of their mapping (with the pad that the contract asks for), so that a kernel that
 * reads too far is killed.
 */
#include "match/literal.h"
#include "tests/lib/rng.h"
#include "tests/lib/test.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { VALUES_MAX = 200, VALUE_BYTES_MAX = 3000, LITERALS_MAX = 1200 };

static struct rng rng;

/* ---- what was found, and what should have been --------------------------------------- */

struct found {
    uint8_t *pairs; /* [tag * n_ids + id] */
    uint32_t n_tags, n_ids;
    uint32_t flushes;
    uint32_t largest;
};

static void on_flush(void *context, const struct literal_hit *hits, uint32_t n)
{
    struct found *f = context;

    f->flushes++;
    f->largest = n > f->largest ? n : f->largest;
    for (uint32_t i = 0; i < n; i++) {
        CHECK(hits[i].tag < f->n_tags);
        CHECK(hits[i].id < f->n_ids);
        f->pairs[hits[i].tag * f->n_ids + hits[i].id] = 1;
    }
}

static bool model_matches(const struct literal *l, const struct literal_value *v)
{
    if (l->text.n > v->n)
        return false;
    switch (l->where) {
    case LITERAL_AT_START:
        return memcmp(v->p, l->text.p, l->text.n) == 0;
    case LITERAL_AT_END:
        return memcmp(v->p + v->n - l->text.n, l->text.p, l->text.n) == 0;
    case LITERAL_WHOLE:
        return v->n == l->text.n && memcmp(v->p, l->text.p, l->text.n) == 0;
    case LITERAL_ANYWHERE:
        break;
    }
    return memmem(v->p, v->n, l->text.p, l->text.n) != NULL;
}

struct problem {
    const struct literal *literals;
    size_t n;
    const struct literal_value *values; /* tagged 0 .. n_values - 1 */
    size_t n_values;
    uint32_t cap; /* of the hit buffer */
};

static uint8_t *model_scan(struct arena *a, const struct problem *p)
{
    uint8_t *pairs = arena_zalloc(a, p->n_values * (p->n + 1));

    for (size_t v = 0; v < p->n_values; v++)
        for (size_t i = 0; i < p->n; i++)
            if (model_matches(&p->literals[i], &p->values[v]))
                pairs[v * (p->n + 1) + p->literals[i].id] = 1;
    return pairs;
}

static void check_kernel(enum simd_level level, const struct problem *p, const uint8_t *wanted)
{
    struct arena *a = arena_new(0);
    const struct literal_set *set = literal_set_new_with(a, p->literals, p->n, level);
    struct found found = {.n_tags = (uint32_t)p->n_values, .n_ids = (uint32_t)p->n + 1};
    struct literal_hits hits = {.cap = p->cap, .flush = on_flush, .context = &found};

    found.pairs = arena_zalloc(a, p->n_values * (p->n + 1));
    hits.at = malloc(p->cap * sizeof *hits.at);
    literal_scan(set, p->values, p->n_values, &hits);
    CHECK_EQ(hits.n, 0);
    CHECK(found.largest <= p->cap);
    for (size_t i = 0; i < p->n_values * (p->n + 1); i++)
        if (found.pairs[i] != wanted[i]) {
            const struct literal_value *v = &p->values[i / (p->n + 1)];
            print_error("%s: value \"%.*s\", id %zu: found %d, wanted %d\n", cpu_simd_name(level),
                        (int)v->n, v->p, i % (p->n + 1), found.pairs[i], wanted[i]);
            CHECK(false);
        }
    free(hits.at);
    arena_free(a);
}

static void check_all(const struct literal *literals, size_t n, const struct literal_value *values,
                      size_t n_values, uint32_t cap)
{
    struct problem p = {literals, n, values, n_values, cap};
    struct arena *a = arena_new(0);
    const uint8_t *wanted = model_scan(a, &p);

    for (int level = SIMD_SCALAR; level <= (int)cpu_simd_max(); level++)
        check_kernel((enum simd_level)level, &p, wanted);
    arena_free(a);
}

/* ---- memory that ends where the contract says ------------------------------------------ */

struct edge {
    char *map;
    size_t bytes;
};

static void edge_init(struct edge *e)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    e->bytes = page;
    e->map = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(e->map != MAP_FAILED);
    CHECK_EQ(mprotect(e->map + page, page, PROT_NONE), 0);
}

static void edge_release(struct edge *e)
{
    munmap(e->map, 2 * e->bytes);
}

/* Where a value of n bytes ends LITERAL_PAD bytes before the page does. */
static char *edge_place(struct edge *e, size_t n)
{
    char *p = e->map + e->bytes - LITERAL_PAD - n;

    memset(p + n, 'a', LITERAL_PAD); /* tempting bytes: they belong to no value */
    return p;
}

/* ---- random material ---------------------------------------------------------------- */

static const char *const WORDS[] = {"c:\\windows\\system32\\",
                                    "cmd.exe",
                                    "powershell",
                                    " -enc ",
                                    "rundll32.exe",
                                    "http://",
                                    "\\appdata\\local\\temp\\",
                                    ".dll",
                                    " /c ",
                                    "users\\",
                                    "svchost.exe",
                                    "-k netsvcs",
                                    "hklm\\software\\",
                                    "::",
                                    "--type=",
                                    "00ff3a",
                                    "program files",
                                    "\xc3\xa9t\xc3\xa9"};

enum alphabet { ALPHABET_TWO, ALPHABET_SIX, ALPHABET_BYTES, ALPHABET_WORDS, ALPHABETS };

static void random_text(char *p, size_t n, enum alphabet alphabet)
{
    static const uint32_t SIZES[] = {2, 6, 256};

    if (alphabet != ALPHABET_WORDS) {
        for (size_t i = 0; i < n; i++)
            p[i] = (char)('a' + rng_below(&rng, SIZES[alphabet]));
        return;
    }
    for (size_t i = 0; i < n;) {
        const char *word = WORDS[rng_below(&rng, ARRAY_LEN(WORDS))];
        for (size_t j = rng_below(&rng, 2); word[j] && i < n; j++)
            p[i++] = word[j];
    }
}

struct material {
    struct arena *arena;
    struct literal literals[LITERALS_MAX];
    size_t n_literals;
    struct literal_value values[VALUES_MAX];
    size_t n_values;
};

static void random_values(struct material *m, enum alphabet alphabet)
{
    static const uint32_t MOST[] = {1, 8, 70, 70, 150, 300, VALUE_BYTES_MAX};

    m->n_values = rng_below(&rng, VALUES_MAX + 1);
    for (size_t i = 0; i < m->n_values; i++) {
        uint32_t n = rng_below(&rng, MOST[rng_below(&rng, ARRAY_LEN(MOST))] + 1);
        char *p = arena_alloc(m->arena, n + LITERAL_PAD + 64);
        p += rng_below(&rng, 64); /* any alignment */
        random_text(p, n, alphabet);
        memset(p + n, 'a', LITERAL_PAD);
        m->values[i] = (struct literal_value){p, n, (uint32_t)i};
    }
}

/* Mostly short and telemetry-like lengths, now and then a long one. */
static uint32_t random_length(uint32_t most)
{
    static const uint32_t MOST[] = {3, 8, 20, 40, 200};
    uint32_t n = 1 + rng_below(&rng, MOST[rng_below(&rng, ARRAY_LEN(MOST))]);

    return n < most ? n : most;
}

/* Half of the literals are cut from a value, so that they occur. */
static struct str random_literal_text(struct material *m, enum alphabet alphabet,
                                      const struct literal_value *from)
{
    bool has_bytes = from && from->n > 0;
    uint32_t n = random_length(has_bytes ? from->n : 200);
    char *p = arena_alloc(m->arena, n);

    if (has_bytes && rng_below(&rng, 2) == 0)
        memcpy(p, from->p + rng_below(&rng, from->n - n + 1), n);
    else
        random_text(p, n, alphabet);
    return (struct str){p, n};
}

static void random_literals(struct material *m, enum alphabet alphabet, size_t n, bool is_anchored)
{
    m->n_literals = n;
    for (size_t i = 0; i < n; i++) {
        struct literal *l = &m->literals[i];
        const struct literal_value *from =
            m->n_values ? &m->values[rng_below(&rng, (uint32_t)m->n_values)] : NULL;

        *l = (struct literal){.text = random_literal_text(m, alphabet, from), .id = (uint32_t)i};
        if (is_anchored)
            l->where = (enum literal_where)rng_below(&rng, 4);
        if (i > 0 && rng_below(&rng, 20) == 0) /* duplicates */
            l->text = m->literals[rng_below(&rng, (uint32_t)i)].text;
        if (l->where == LITERAL_WHOLE && from && from->n > 0 && rng_below(&rng, 2) == 0)
            l->text = (struct str){from->p, from->n};
        if (i > 0 && rng_below(&rng, 50) == 0) /* shared ids */
            l->id = m->literals[rng_below(&rng, (uint32_t)i)].id;
    }
}

static void random_round(struct material *m, size_t n_literals, bool is_anchored)
{
    enum alphabet alphabet = (enum alphabet)rng_below(&rng, ALPHABETS);
    uint32_t cap = rng_below(&rng, 2) ? 64 : 4096;

    m->arena = arena_new(0);
    random_values(m, alphabet);
    random_literals(m, alphabet, n_literals, is_anchored);
    check_all(m->literals, m->n_literals, m->values, m->n_values, cap);
    arena_free(m->arena);
}

/* ---- the tests ----------------------------------------------------------------------- */

TEST(random_sets_of_every_size_equal_a_plain_search)
{
    static const size_t SIZES[] = {0, 1, 2, 3, 8, 20, 33, 100, 1000};
    struct material *m = calloc(1, sizeof *m);

    rng = rng_start("random sets");
    for (size_t round = 0; round < 10; round++)
        for (size_t i = 0; i < ARRAY_LEN(SIZES); i++) {
            random_round(m, SIZES[i], false);
            random_round(m, SIZES[i], true);
        }
    free(m);
}

TEST(values_at_the_end_of_memory_are_read_no_further_than_the_pad)
{
    struct literal literals[100];
    char texts[100][32];
    struct edge e;

    rng = rng_start("page edge");
    edge_init(&e);
    for (uint32_t i = 0; i < ARRAY_LEN(literals); i++) {
        uint32_t n = 1 + i % 31;
        random_text(texts[i], n, ALPHABET_TWO);
        literals[i] = (struct literal){{texts[i], n}, i, (enum literal_where)(i % 7 ? 0 : i % 4)};
    }
    for (uint32_t n = 0; n <= 300; n++) {
        char *p = edge_place(&e, n);
        struct literal_value v = {p, n, 0};
        random_text(p, n, ALPHABET_TWO);
        check_all(literals, ARRAY_LEN(literals), &v, 1, 64);
        check_all(literals, 10, &v, 1, 64);
    }
    edge_release(&e);
}

TEST(a_literal_is_found_at_every_position)
{
    static const char *const TEXTS[] = {"x", "xy", "xyz", "xyzx", "xyzxyzxyzxyzxyzxyzxyzxyzxyz"};
    char p[400 + LITERAL_PAD];

    for (size_t t = 0; t < ARRAY_LEN(TEXTS); t++) {
        struct literal l = {str_from(TEXTS[t]), 0, LITERAL_ANYWHERE};
        for (uint32_t at = 0; at + l.text.n <= 200; at++) {
            struct literal_value v = {p, 200, 0};
            memset(p, '-', sizeof p);
            memcpy(p + at, l.text.p, l.text.n);
            check_all(&l, 1, &v, 1, 64);
            v.n = (uint32_t)(at + l.text.n - 1); /* cut off by one byte: not there */
            check_all(&l, 1, &v, 1, 64);
        }
    }
}

/* Kernels may look at values together: a text that begins in one and ends in the next is in none.
 */
TEST(many_short_values_are_told_apart)
{
    enum { VALUES = 1500, LITERALS = 60 };
    struct literal_value *values = calloc(VALUES, sizeof *values);
    struct literal literals[LITERALS];
    char texts[LITERALS][8], *block = calloc(VALUES, 12 + LITERAL_PAD), *to = block;

    rng = rng_start("many short values");
    for (uint32_t i = 0; i < VALUES; i++) {
        uint32_t n = rng_below(&rng, 13);
        random_text(to, n, ALPHABET_SIX);
        values[i] = (struct literal_value){to, n, i};
        to += n; /* the next one is this one's pad */
    }
    random_text(to, LITERAL_PAD, ALPHABET_SIX);
    for (uint32_t i = 0; i < LITERALS; i++) {
        uint32_t n = 1 + i % 8;
        random_text(texts[i], n, ALPHABET_SIX);
        literals[i] = (struct literal){{texts[i], n}, i, (enum literal_where)(i % 9 ? 0 : i % 4)};
    }
    check_all(literals, LITERALS, values, VALUES, 64);
    check_all(literals, 6, values, VALUES, 64); /* nothing but short ones */
    free(block);
    free(values);
}

TEST(an_anchored_literal_counts_at_its_end_only)
{
    static const struct {
        const char *value;
        bool start, end, whole;
    } CASES[] = {
        {"cmd.exe", true, true, true},     {"cmd.exe /c", true, false, false},
        {"\\cmd.exe", false, true, false}, {"xcmd.exex", false, false, false},
        {"cmd.ex", false, false, false},   {"cmd.exe-cmd.exe", true, true, false},
        {"", false, false, false},
    };

    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        char p[32 + LITERAL_PAD] = {0};
        struct literal literals[] = {{STR("cmd.exe"), 0, LITERAL_AT_START},
                                     {STR("cmd.exe"), 1, LITERAL_AT_END},
                                     {STR("cmd.exe"), 2, LITERAL_WHOLE}};
        struct literal_value v = {p, (uint32_t)strlen(CASES[i].value), 0};
        memcpy(p, CASES[i].value, v.n);
        CHECK_EQ(model_matches(&literals[0], &v), CASES[i].start);
        CHECK_EQ(model_matches(&literals[1], &v), CASES[i].end);
        CHECK_EQ(model_matches(&literals[2], &v), CASES[i].whole);
        check_all(literals, ARRAY_LEN(literals), &v, 1, 64);
    }
}

TEST(long_anchored_literals_with_equal_ends_are_told_apart)
{
    static const char COMMON[] = "c:\\windows\\system32\\windowspowershell\\v1.0\\";
    struct literal literals[120];
    struct literal_value values[40];
    char texts[40][120 + LITERAL_PAD];

    memset(texts, 0, sizeof texts);
    for (uint32_t i = 0; i < ARRAY_LEN(values); i++) {
        int n = snprintf(texts[i], 120, "%s%02u-%s", COMMON, i, i % 2 ? COMMON : "module");
        values[i] = (struct literal_value){texts[i], (uint32_t)n, i};
    }
    for (uint32_t i = 0; i < ARRAY_LEN(literals); i++) {
        struct str whole = {texts[i % 40], values[i % 40].n};
        enum literal_where where = (enum literal_where)(1 + i / 40);
        struct str text = where == LITERAL_AT_START ? str_sub(whole, 0, sizeof COMMON + 2)
                          : where == LITERAL_AT_END ? str_sub(whole, sizeof COMMON - 4, 120)
                                                    : whole;
        literals[i] = (struct literal){text, i, where};
    }
    check_all(literals, ARRAY_LEN(literals), values, ARRAY_LEN(values), 64);
}

TEST(the_longest_literal_is_found)
{
    enum { N = LITERAL_BYTES_MAX };
    char *p = calloc(1, N + 10 + LITERAL_PAD);
    struct literal l = {{p + 10, N}, 0, LITERAL_ANYWHERE};
    struct literal_value v = {p, N + 10, 0};

    rng = rng_start("longest literal");
    random_text(p, N + 10, ALPHABET_WORDS);
    for (int where = LITERAL_ANYWHERE; where <= LITERAL_WHOLE; where++) {
        l.where = (enum literal_where)where;
        check_all(&l, 1, &v, 1, 64);
    }
    v.n--;
    check_all(&l, 1, &v, 1, 64);
    free(p);
}

TEST(a_full_buffer_is_flushed_and_starts_again)
{
    char p[1000 + LITERAL_PAD];
    struct literal l = {STR("aaaa"), 0, LITERAL_ANYWHERE};
    struct literal_value v[] = {{p, 1000, 0}, {p + 1, 999, 1}, {p + 500, 500, 2}};
    struct literal_hit at[64];

    memset(p, 'a', sizeof p);
    for (int level = SIMD_SCALAR; level <= (int)cpu_simd_max(); level++) {
        struct arena *a = arena_new(0);
        uint8_t pairs[3] = {0};
        struct found found = {.pairs = pairs, .n_tags = 3, .n_ids = 1};
        struct literal_hits hits = {at, 0, 64, on_flush, &found};
        literal_scan(literal_set_new_with(a, &l, 1, (enum simd_level)level), v, 3, &hits);
        CHECK(pairs[0] && pairs[1] && pairs[2]);
        CHECK(found.flushes >= 1);
        CHECK(found.largest <= 64);
        CHECK_EQ(hits.n, 0);
        arena_free(a);
    }
}

TEST(a_short_literal_is_reported_once_for_each_value)
{
    static const char *const TEXTS[] = {"a", "ab", "aba"};
    struct literal_hit at[64];
    char p[300 + LITERAL_PAD];

    for (size_t i = 0; i < sizeof p; i++)
        p[i] = "ab"[i % 2];
    for (size_t t = 0; t < ARRAY_LEN(TEXTS); t++)
        for (int level = SIMD_SCALAR; level <= (int)cpu_simd_max(); level++) {
            struct literal_value v[] = {{p, 100, 0}, {p, 100, 1}, {p, 100, 2}};
            struct literal l = {str_from(TEXTS[t]), 0, LITERAL_ANYWHERE};
            struct arena *a = arena_new(0);
            uint8_t pairs[3] = {0};
            struct found found = {.pairs = pairs, .n_tags = 3, .n_ids = 1};
            struct literal_hits hits = {at, 0, 64, on_flush, &found};
            literal_scan(literal_set_new_with(a, &l, 1, (enum simd_level)level), v, 3, &hits);
            CHECK(pairs[0] && pairs[1] && pairs[2]);
            CHECK_EQ(found.flushes, 1);
            CHECK_EQ(found.largest, 3);
            arena_free(a);
        }
}

TEST(large_sets_with_two_filters_equal_a_plain_search)
{
    enum { N = 20000, VALUES = 40 };
    struct material *m = calloc(1, sizeof *m);
    struct literal *literals = calloc(N, sizeof *literals);

    rng = rng_start("large sets");
    m->arena = arena_new(0);
    do
        random_values(m, ALPHABET_WORDS);
    while (m->n_values < VALUES);
    for (uint32_t i = 0; i < N; i++) {
        uint32_t n = 1 + rng_below(&rng, 30);
        char *p = arena_alloc(m->arena, n);
        const struct literal_value *from = &m->values[rng_below(&rng, VALUES)];
        if (i % 8 == 0 && from->n >= n)
            memcpy(p, from->p + rng_below(&rng, from->n - n + 1), n);
        else
            random_text(p, n, i % 2 ? ALPHABET_BYTES : ALPHABET_WORDS);
        literals[i] = (struct literal){{p, n}, i, LITERAL_ANYWHERE};
    }
    check_all(literals, N, m->values, VALUES, 1024);
    arena_free(m->arena);
    free(literals);
    free(m);
}

TEST(rarity_orders_texts_as_telemetry_does)
{
    CHECK(literal_rarity(STR("e")) < literal_rarity(STR("mimikatz")));
    CHECK(literal_rarity(STR(".exe")) < 40);
    CHECK(literal_rarity(STR("\\windows\\system32\\")) < 40);
    CHECK(literal_rarity(STR("invoke-mimikatz")) > 60);
    CHECK(literal_rarity(STR("\x01\xfe\x02\xfd")) <= 100);
    CHECK_EQ(literal_rarity(STR("")), 0);
    CHECK(literal_rarity(STR(".exe")) <= literal_rarity(STR("q7.exe")));
}

TEST_MAIN(ENTRY(random_sets_of_every_size_equal_a_plain_search),
          ENTRY(values_at_the_end_of_memory_are_read_no_further_than_the_pad),
          ENTRY(a_literal_is_found_at_every_position), ENTRY(many_short_values_are_told_apart),
          ENTRY(an_anchored_literal_counts_at_its_end_only),
          ENTRY(long_anchored_literals_with_equal_ends_are_told_apart),
          ENTRY(the_longest_literal_is_found), ENTRY(a_full_buffer_is_flushed_and_starts_again),
          ENTRY(a_short_literal_is_reported_once_for_each_value),
          ENTRY(large_sets_with_two_filters_equal_a_plain_search),
          ENTRY(rarity_orders_texts_as_telemetry_does))

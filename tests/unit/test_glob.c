/* test_glob.c - globs: the table of meanings, and a naive recursive matcher as the model. */
#include "match/glob.h"

#include "tests/lib/rng.h"
#include "tests/lib/test.h"

#include "base/utf8.h"

/* Patterns of the tables: '*' and '?', '[..]' a set, all else text; built by hand here because
 * escapes belong to the front end. */
static struct glob glob_from(struct arena *a, const char *pattern)
{
    struct str s = arena_str(a, str_from(pattern));
    struct glob_part *parts = ARENA_ARRAY(a, GLOB_PARTS_MAX, struct glob_part);
    size_t n = 0;

    for (size_t i = 0; i < s.n;) {
        if (s.p[i] == '*') {
            if (n == 0 || parts[n - 1].kind != GLOB_ANY)
                parts[n++].kind = GLOB_ANY;
            i++;
        } else if (s.p[i] == '?') {
            parts[n++].kind = GLOB_ONE;
            i++;
        } else if (s.p[i] == '[') {
            size_t end = str_find_char(s, ']', i);
            parts[n++] = (struct glob_part){GLOB_SET, str_sub(s, i + 1, end - i - 1)};
            i = end + 1;
        } else {
            size_t end = i;
            while (end < s.n && !memchr("*?[", s.p[end], 3))
                end++;
            parts[n++] = (struct glob_part){GLOB_TEXT, str_sub(s, i, end - i)};
            i = end;
        }
    }
    return (struct glob){parts, n};
}

static const struct {
    const char *pattern, *value;
    bool is_match;
} meanings[] = {
    {"", "", true},
    {"", "a", false},
    {"*", "", true},
    {"*", "anything", true},
    {"?", "", false},
    {"?", "a", true},
    {"?", "ab", false},
    {"?", "\xC3\xA9", true}, /* one character of two bytes */
    {"??", "\xC3\xA9", false},
    {"?", "\xE2\x82\xAC", true},
    {"*??", "\xE2\x82\xAC", false}, /* ANY does not cut a character */
    {"??*", "\xE2\x82\xAC", false},
    {"?", "\xF0\x9F\x98\x80", true},
    {"?", "\xFF", true}, /* an invalid byte is one character */
    {"??", "\xC3\x28", true},
    {"???", "\xED\xA0\x80", true}, /* a surrogate is no character: three bytes */
    {"abc", "abc", true},
    {"abc", "abcd", false},
    {"abc", "xabc", false},
    {"a*", "a", true},
    {"a*", "ba", false},
    {"*a", "a", true},
    {"*a", "ab", false},
    {"*a", "aab", false},
    {"*aab", "aaab", true},
    {"a*a", "a", false}, /* the two texts do not share a byte */
    {"a*a", "aa", true},
    {"ab*ba", "aba", false},
    {"*ab*ab*", "ab", false},
    {"*ab*ab*", "abab", true},
    {"*ab*ab*", "aabb", false},
    {"*ab*bc*cd", "abbccd", true},
    {"*ab*bc*cd", "abccd", false},
    {"a?c", "abc", true},
    {"a?c", "ac", false},
    {"*a?c*", "aac xabc", true},
    {"*a?c*", "acc", true},
    {"*?b", "b", false},
    {"*?b", "ab", true},
    {"*?b*", "b", false},
    {"*?b*", "bb", true},
    {"*??b*", "bab", true},
    {"*??b*", "ab", false},
    {"*[-/]e*", "powershell /e x", true},
    {"*[-/]e*", "powershell e x", false},
    {"*[-/\xE2\x80\x93]e",
     "x \xE2\x80\x93"
     "e",
     true}, /* windash: the en dash */
    {"[-/\xE2\x80\x93]e",
     "\x93"
     "e",
     false}, /* not the last byte of it */
    {"*[ab][cd]", "xbc", true},
    {"*[ab][cd]", "xcb", false},
    {"?*?", "a", false},
    {"?*?", "ab", true},
    {"*\\cmd.exe", "C:\\Windows\\cmd.exe", true},
    {"C:\\*\\*.exe", "C:\\a.exe", false},
    {"C:\\*\\*.exe", "C:\\\\.exe", true},
};

TEST(a_glob_means_what_its_parts_say)
{
    struct arena *a = arena_new(0);

    for (size_t i = 0; i < ARRAY_LEN(meanings); i++) {
        struct glob glob = glob_from(a, meanings[i].pattern);
        const struct glob_program *g = glob_compile(a, &glob, FOLD_NONE);
        if (glob_match(g, str_from(meanings[i].value)) != meanings[i].is_match)
            fail_msg("row %zu: %s against %s", i, meanings[i].pattern, meanings[i].value);
    }
    arena_free(a);
}

TEST(texts_and_sets_are_folded_when_compiled)
{
    struct arena *a = arena_new(0);
    struct glob glob = glob_from(a, "*CMD[XY]\xC3\x89*");

    CHECK(glob_match(glob_compile(a, &glob, FOLD_ASCII), STR("a cmdx\xC3\x89 b")));
    CHECK(!glob_match(glob_compile(a, &glob, FOLD_ASCII), STR("a cmdx\xC3\xA9 b")));
    CHECK(!glob_match(glob_compile(a, &glob, FOLD_NONE), STR("a cmdx\xC3\x89 b")));
    CHECK(glob_match(glob_compile(a, &glob, FOLD_SIMPLE), STR("a cmdx\xC3\xA9 b")));
    CHECK(!glob_match(glob_compile(a, &glob, FOLD_SIMPLE), STR("a cmdx\xC3\x89 b")));
    arena_free(a);
}

TEST(nul_is_a_byte_like_any_other)
{
    struct arena *a = arena_new(0);
    struct glob_part parts[] = {{GLOB_TEXT, STR("a\0b")}, {GLOB_ONE, {NULL, 0}}};
    struct glob glob = {parts, 2};
    const struct glob_program *g = glob_compile(a, &glob, FOLD_ASCII);

    CHECK(glob_match(g, STR("a\0b\0")));
    CHECK(!glob_match(g, STR("a\0c\0")));
    arena_free(a);
}

TEST(the_required_text_is_the_longest_part)
{
    struct arena *a = arena_new(0);
    struct glob glob = glob_from(a, "*ab?CDE*f");

    CHECK_STR(glob_required_text(glob_compile(a, &glob, FOLD_ASCII)), "cde");
    glob = glob_from(a, "*?[ab]*");
    CHECK_STR(glob_required_text(glob_compile(a, &glob, FOLD_ASCII)), "");
    arena_free(a);
}

/* The model: try everything. */
static bool naive(const struct glob_part *parts, size_t n, struct str value, size_t at)
{
    if (n == 0)
        return at == value.n;
    if (parts->kind == GLOB_ANY) {
        for (;; at += utf8_char(value, at)) {
            if (naive(parts + 1, n - 1, value, at))
                return true;
            if (at == value.n)
                return false;
        }
    }
    struct str text = parts->text;
    if (parts->kind == GLOB_TEXT) {
        return text.n <= value.n - at && memcmp(value.p + at, text.p, text.n) == 0 &&
               utf8_is_boundary(value, at + text.n) && naive(parts + 1, n - 1, value, at + text.n);
    }
    if (at == value.n)
        return false;
    size_t taken = utf8_char(value, at);
    bool has = parts->kind == GLOB_ONE;
    for (size_t i = 0; i < text.n; i += utf8_char(text, i))
        has |= utf8_char(text, i) == taken && memcmp(text.p + i, value.p + at, taken) == 0;
    return has && naive(parts + 1, n - 1, value, at + taken);
}

static struct rng rng;

static struct str random_text(struct arena *a, uint32_t pieces_max)
{
    static const char *const pieces[] = {"a", "b", "a", "\xC3\xA9", "\xC3", "\xA9", "\xE2\x82\xAC"};
    char *out = arena_alloc(a, 3 * (size_t)pieces_max + 1);
    size_t n = 0;

    for (uint32_t left = rng_below(&rng, pieces_max + 1); left > 0; left--) {
        struct str piece = str_from(pieces[rng_below(&rng, ARRAY_LEN(pieces))]);
        memcpy(out + n, piece.p, piece.n);
        n += piece.n;
    }
    return (struct str){out, n};
}

static struct glob random_glob(struct arena *a)
{
    size_t n = rng_below(&rng, 7);
    struct glob_part *parts = ARENA_ARRAY(a, n, struct glob_part);

    for (size_t i = 0; i < n; i++) {
        enum glob_kind kind = (enum glob_kind)rng_below(&rng, 4);
        if (i && kind == parts[i - 1].kind && (kind == GLOB_ANY || kind == GLOB_TEXT))
            kind = GLOB_ONE;
        parts[i].kind = kind;
        if (kind == GLOB_SET)
            parts[i].text = STR("a\xC3\xA9");
        while (kind == GLOB_TEXT && parts[i].text.n == 0)
            parts[i].text = random_text(a, 3);
    }
    return (struct glob){parts, n};
}

TEST(random_globs_agree_with_trying_everything)
{
    enum { ROUNDS = 100000, SEED = 11 };
    struct arena *a = arena_new(0);
    size_t n_matches = 0;

    rng.state = SEED;
    for (int round = 0; round < ROUNDS; round++) {
        arena_reset(a);
        struct glob glob = random_glob(a);
        struct str value = random_text(a, 9);
        bool got = glob_match(glob_compile(a, &glob, FOLD_NONE), value);
        if (got != naive(glob.parts, glob.n_parts, value, 0))
            fail_msg("seed %d, round %d: glob_match says %d", SEED, round, got);
        n_matches += got;
    }
    CHECK(n_matches > ROUNDS / 50);
    arena_free(a);
}

TEST_MAIN(ENTRY(a_glob_means_what_its_parts_say), ENTRY(texts_and_sets_are_folded_when_compiled),
          ENTRY(nul_is_a_byte_like_any_other), ENTRY(the_required_text_is_the_longest_part),
          ENTRY(random_globs_agree_with_trying_everything))

/* fuzz_regex.c - any pattern on any value: both engines agree (unless a limit was met), and a match
 * contains one of the required texts.
 *
 * Input: a byte of flags, the pattern up to the first newline, then the value.
 */
#include "base/str.h"
#include "match/reference_text.h"
#include "match/regex.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The compiler of libhs takes seconds for large repeats of large patterns: not what we look for. */
enum { PATTERN_MAX = 64, VALUE_MAX = 512 };

static struct arena *arena;

static bool has_text(struct str value, const struct str *texts, size_t n)
{
    struct str folded = reference_fold(arena, FOLD_ASCII, value);

    for (size_t i = 0; i < n; i++)
        if (reference_compare(ATOM_CONTAINS, folded, reference_fold(arena, FOLD_ASCII, texts[i])))
            return true;
    return n == 0;
}

/* A repeat above 99: costly to compile, and no other code of ours. */
static bool has_large_number(struct str pattern)
{
    size_t digits = 0;

    for (size_t i = 0; i < pattern.n; i++) {
        digits = pattern.p[i] >= '0' && pattern.p[i] <= '9' ? digits + 1 : 0;
        if (digits > 2)
            return true;
    }
    return false;
}

static void test(const struct regex *regex, struct str value)
{
    struct match_regex *re;
    struct str texts[REGEX_TEXTS_MAX];
    size_t n = regex_required_texts(arena, regex, texts);

    if (regex_compile(regex, &re, NULL) != WEIR_OK)
        return;
    struct regex_scratch *s = regex_scratch_new(&re, 1);
    enum regex_result slow = regex_test_pcre(re, s, value, str_is_ascii(value));
    enum regex_result fast = regex_test(re, s, value, str_is_ascii(value));
    ASSERT(fast == slow || slow == REGEX_OVER_LIMIT);
    ASSERT(slow != REGEX_YES || has_text(value, texts, n));
    regex_scratch_free(s);
    regex_free(re);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str pattern, value;

    if (size == 0)
        return 0;
    if (!arena)
        arena = arena_new(0);
    arena_reset(arena);
    str_cut((struct str){(const char *)data + 1, size - 1}, '\n', &pattern, &value);
    if (pattern.n > PATTERN_MAX || has_large_number(pattern))
        return 0;
    struct regex regex = {.pattern = pattern,
                          .is_caseless = data[0] & 1,
                          .is_multiline = data[0] & 2,
                          .is_dotall = data[0] & 4,
                          .is_whole_value = data[0] & 8};
    test(&regex, str_sub(value, 0, VALUE_MAX));
    return 0;
}

/* fuzz_glob.c - any pattern on any value: the compiled glob and the reference's must agree, and
 * a match must contain the required text.
 *
 * Input: the pattern up to the first newline, then the value. In the pattern '*' is ANY, '?' ONE,
 * and what stands between '[' and ']' a set.
 */
#include "base/str.h"
#include "match/glob.h"
#include "match/reference_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Both matchers are at most value x pattern; beyond this a run only takes time. */
enum { VALUE_MAX = 4096 };

static struct arena *arena;

static size_t take_part(struct str s, struct glob_part *part)
{
    size_t n = 1;

    *part = (struct glob_part){.kind = GLOB_TEXT};
    if (s.p[0] == '*') {
        part->kind = GLOB_ANY;
    } else if (s.p[0] == '?') {
        part->kind = GLOB_ONE;
    } else if (s.p[0] == '[') {
        size_t end = str_find_char(s, ']', 0);
        end = end == SIZE_MAX ? s.n : end;
        *part = (struct glob_part){GLOB_SET, str_sub(s, 1, end - 1)};
        n = end < s.n ? end + 1 : s.n;
    } else {
        while (n < s.n && !memchr("*?[", s.p[n], 3))
            n++;
        part->text = str_sub(s, 0, n);
    }
    return n;
}

static struct glob glob_from(struct str s)
{
    struct glob_part *parts = ARENA_ARRAY(arena, GLOB_PARTS_MAX, struct glob_part);
    size_t n = 0;

    while (s.n && n < GLOB_PARTS_MAX) {
        size_t taken = take_part(s, &parts[n]);
        bool is_double = n && parts[n].kind == GLOB_ANY && parts[n - 1].kind == GLOB_ANY;
        n += !is_double;
        s = str_sub(s, taken, s.n);
    }
    return (struct glob){parts, n};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str pattern, value;

    if (!arena)
        arena = arena_new(0);
    arena_reset(arena);
    str_cut((struct str){(const char *)data, size}, '\n', &pattern, &value);
    value = str_sub(value, 0, VALUE_MAX);
    struct glob glob = glob_from(pattern);
    for (int i = FOLD_NONE; i <= FOLD_SIMPLE; i++) {
        enum fold fold = (enum fold)i;
        const struct glob_program *g = glob_compile(arena, &glob, fold);
        struct str folded = reference_fold(arena, fold, value);
        bool is_match = glob_match(g, folded);
        ASSERT(is_match == reference_glob(arena, &glob, fold, folded));
        ASSERT(!is_match || str_find(folded, glob_required_text(g), 0) != SIZE_MAX);
    }
    return 0;
}

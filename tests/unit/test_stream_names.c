/* test_stream_names.c - two patterns of streams meet where some name is both. */
#include "event/stream.h"
#include "tests/lib/test.h"

enum { PATTERN_MAX = 4, NAME_MAX_BYTES = 6, BASE = 3 };

/* Does the whole name fit, `*` for any bytes? */
static bool fits(struct str pattern, struct str name)
{
    if (pattern.n == 0)
        return name.n == 0;
    struct str rest = str_sub(pattern, 1, SIZE_MAX);
    if (pattern.p[0] == '*')
        return fits(rest, name) || (name.n > 0 && fits(pattern, str_sub(name, 1, SIZE_MAX)));
    return name.n > 0 && ascii_lower(pattern.p[0]) == name.p[0] &&
           fits(rest, str_sub(name, 1, SIZE_MAX));
}

/* The number-th text of up to max letters; its length, SIZE_MAX behind the last. */
static size_t nth_text(const char *letters, size_t n_letters, size_t max, size_t number, char *out)
{
    size_t of_length = 1;

    for (size_t n = 0; n <= max; n++, of_length *= n_letters) {
        if (number >= of_length) {
            number -= of_length;
            continue;
        }
        for (size_t i = 0; i < n; i++, number /= n_letters)
            out[i] = letters[number % n_letters];
        return n;
    }
    return SIZE_MAX;
}

static bool some_name_is_both(struct str a, struct str b)
{
    char name[NAME_MAX_BYTES];
    size_t n;

    for (size_t i = 0; (n = nth_text("ab", 2, sizeof name, i, name)) != SIZE_MAX; i++)
        if (fits(a, (struct str){name, n}) && fits(b, (struct str){name, n}))
            return true;
    return false;
}

/* Of two patterns of four letters, a name that is both need not have more than six. */
TEST(patterns_meet_where_a_name_is_both)
{
    char a[PATTERN_MAX], b[PATTERN_MAX];
    size_t n_a, n_b, n_met = 0, n_all = 0;

    for (size_t i = 0; (n_a = nth_text("aB*", BASE, sizeof a, i, a)) != SIZE_MAX; i++)
        for (size_t k = 0; (n_b = nth_text("Ab*", BASE, sizeof b, k, b)) != SIZE_MAX; k++) {
            struct str x = {a, n_a}, y = {b, n_b};
            bool meet = stream_names_meet(x, y);
            if (meet != some_name_is_both(x, y))
                print_error("'%.*s' and '%.*s': %d\n", (int)n_a, a, (int)n_b, b, meet);
            CHECK_EQ(meet, some_name_is_both(x, y));
            n_met += meet;
            n_all++;
        }
    CHECK(n_met > 1000 && n_all - n_met > 1000);
}

TEST_MAIN(ENTRY(patterns_meet_where_a_name_is_both))

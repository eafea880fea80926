/* test_distance.c - how far a name is from what somebody typed, for "did you mean". */
#include "base/str.h"
#include "tests/lib/test.h"

TEST(letters_more_less_other_and_swapped_count_one_each)
{
    static const struct {
        const char *a, *b;
        unsigned want;
    } cases[] = {
        {"", "", 0},           {"", "ab", 2},
        {"from", "from", 0},   {"From", "fROM", 0},
        {"frm", "from", 1},    {"frmo", "from", 1},
        {"fromat", "from", 2}, {"ab", "ba", 1},
        {"abc", "cab", 2},     {"ca", "abc", 3},
        {"abcd", "badc", 2},   {"fromat", "format", 1},
        {"", "x", 1},          {"kitten", "sitting", 3},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct str a = str_from(cases[i].a), b = str_from(cases[i].b);
        if (str_distance(a, b) != cases[i].want || str_distance(b, a) != cases[i].want)
            fail_msg("%s and %s: %u, not %u", cases[i].a, cases[i].b, str_distance(a, b),
                     cases[i].want);
    }
}

TEST(the_nearest_name_is_the_one_with_two_letters_swapped)
{
    static const struct str names[] = {{"from", 4}, {"format", 6}, {"to", 2}};

    CHECK_STR(str_nearest(STR("fromat"), names, ARRAY_LEN(names)), "format");
    CHECK_STR(str_nearest(STR("frm"), names, ARRAY_LEN(names)), "from");
    CHECK_STR(str_nearest(STR("profile"), names, ARRAY_LEN(names)), "");
}

TEST_MAIN(ENTRY(letters_more_less_other_and_swapped_count_one_each),
          ENTRY(the_nearest_name_is_the_one_with_two_letters_swapped))

/* test_number.c - numbers and truth values: which values of an event compare with a rule's. */
#include "match/number.h"

#include "tests/lib/test.h"

static const struct {
    enum json_kind kind;
    const char *value, *operand;
    bool eq, lt;
} numbers[] = {
    {JSON_NUMBER, "4688", "4688", true, false},
    {JSON_STRING, "4688", "4688", true, false},
    {JSON_STRING, "4688", "4688.0", true, false},
    {JSON_NUMBER, "5.0", "5", true, false},
    {JSON_NUMBER, "50e-1", "5", true, false},
    {JSON_NUMBER, "-0", "0", true, false},
    {JSON_NUMBER, "9007199254740993", "9007199254740992", false, false},
    {JSON_NUMBER, "9007199254740992", "9007199254740993", false, true},
    {JSON_NUMBER, "-5", "3", false, true},
    {JSON_STRING, "007", "7", false, false},
    {JSON_STRING, " 7", "7", false, false},
    {JSON_STRING, "7 ", "7", false, false},
    {JSON_STRING, "+7", "7", false, false},
    {JSON_STRING, "0x7", "7", false, false},
    {JSON_STRING, "7.", "7", false, false},
    {JSON_STRING, "", "0", false, false},
    {JSON_STRING, "seven", "7", false, false},
    {JSON_NUMBER, "1e999999999", "7", false, false}, /* beyond what weir compares */
    {JSON_TRUE, "true", "1", false, false},
    {JSON_FALSE, "false", "0", false, false},
    {JSON_FALSE, "false", "1", false, false},
    {JSON_NULL, "null", "0", false, false},
    {JSON_NULL, "null", "1", false, false},
    {JSON_OBJECT, "", "1", false, false},
    {JSON_EMPTY_ARRAY, "", "1", false, false},
};

TEST(a_number_compares_with_numbers_and_with_texts_that_are_numbers)
{
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        struct str value = str_from(numbers[i].value), operand = str_from(numbers[i].operand);
        if (number_matches(ATOM_NUM_EQ, numbers[i].kind, value, operand) != numbers[i].eq ||
            number_matches(ATOM_NUM_LT, numbers[i].kind, value, operand) != numbers[i].lt)
            fail_msg("row %zu: %s and %s", i, numbers[i].value, numbers[i].operand);
    }
}

TEST(the_five_comparisons_order_numbers)
{
    static const struct {
        const char *a;
        bool lt, le, eq, ge, gt;
    } rows[] = {{"9", true, true, false, false, false},
                {"10", false, true, true, true, false},
                {"11", false, false, false, true, true}};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct str a = str_from(rows[i].a), b = STR("10");
        CHECK_EQ(number_compare(ATOM_NUM_LT, a, b), rows[i].lt);
        CHECK_EQ(number_compare(ATOM_NUM_LE, a, b), rows[i].le);
        CHECK_EQ(number_compare(ATOM_NUM_EQ, a, b), rows[i].eq);
        CHECK_EQ(number_compare(ATOM_EQ, a, b), rows[i].eq);
        CHECK_EQ(number_compare(ATOM_NUM_GE, a, b), rows[i].ge);
        CHECK_EQ(number_compare(ATOM_NUM_GT, a, b), rows[i].gt);
    }
}

TEST(a_boolean_is_itself_or_its_text)
{
    CHECK(boolean_matches(JSON_TRUE, STR("true"), true));
    CHECK(!boolean_matches(JSON_TRUE, STR("true"), false));
    CHECK(boolean_matches(JSON_FALSE, STR("false"), false));
    CHECK(boolean_matches(JSON_STRING, STR("TRUE"), true));
    CHECK(boolean_matches(JSON_STRING, STR("False"), false));
    CHECK(!boolean_matches(JSON_STRING, STR("False"), true));
    CHECK(!boolean_matches(JSON_STRING, STR("true "), true));
    CHECK(!boolean_matches(JSON_STRING, STR("1"), true));
    CHECK(!boolean_matches(JSON_NUMBER, STR("1"), true));
    CHECK(!boolean_matches(JSON_NULL, STR("null"), false));
    CHECK(!boolean_matches(JSON_OBJECT, STR(""), true));
}

TEST_MAIN(ENTRY(a_number_compares_with_numbers_and_with_texts_that_are_numbers),
          ENTRY(the_five_comparisons_order_numbers), ENTRY(a_boolean_is_itself_or_its_text))

/* test_field.c - names of fields as numbers. */
#include "tests/lib/test.h"

#include "event/field.h"
#include "rule/rule.h"

TEST(the_first_number_is_the_pseudo_field_of_keywords)
{
    struct arena *a = arena_new(0);
    struct field_table *t = field_table_new(a);

    CHECK_EQ(field_count(t), 1);
    CHECK_STR(field_name(t, FIELD_ANY), FIELD_ANY_NAME);
    CHECK_EQ(field_intern(t, STR(FIELD_ANY_NAME)), FIELD_ANY);
    arena_free(a);
}

TEST(numbers_are_given_in_order_of_first_asking_and_stay)
{
    enum { N = 5000 }; /* well past several doublings */
    struct arena *a = arena_new(0);
    struct field_table *t = field_table_new(a);
    char name[32];

    for (int round = 0; round < 2; round++)
        for (uint32_t i = 0; i < N; i++) {
            int n = snprintf(name, sizeof name, "field.%u", i);
            struct str text = {name, (size_t)n};
            if (round == 0)
                CHECK_EQ(field_find(t, text), FIELD_NONE);
            CHECK_EQ(field_intern(t, text), i + 1);
            CHECK_EQ(field_find(t, text), i + 1);
        }
    CHECK_EQ(field_count(t), N + 1);
    CHECK_STR(field_name(t, 4711), "field.4710");
    CHECK_EQ(field_find(t, STR("Field.1")), FIELD_NONE); /* names keep their case */
    CHECK_EQ(field_find(t, STR("")), FIELD_NONE);
    arena_free(a);
}

TEST_MAIN(ENTRY(the_first_number_is_the_pseudo_field_of_keywords),
          ENTRY(numbers_are_given_in_order_of_first_asking_and_stay))

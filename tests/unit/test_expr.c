/* test_expr.c - computed values: the vectors of EQL's functions on literals and what is null.
 *
 * Written as EQL, since that is where they come from: constants are computed while loading, so a
 * condition over constants becomes true or false (null: never true, not even under `not`).
 */
#include "tests/lib/query_text.h"
#include "tests/lib/test.h"

#include "rule/expr.h"

static const char *const holding[] = {
    /* arithmetic */
    "7 / 3 == 2",
    "-7 / 3 == -2",
    "divide(4, 3) == 1",
    "divide(4, 3.0) > 1.33 and divide(4, 3.0) < 1.34",
    "7 / 3.0 > 2.33 and 7 / 3.0 < 2.34",
    "7 % 3 == 1",
    "modulo(10, -6) == 4",
    "modulo(-10, -6) == -4",
    "3+4-5*6/7 == 3",
    "((3+4)-5)*6/7 == 1",
    "add(1, 2) == 3 and subtract(-2, 4) == -6 and subtract(-2, -4) == 2",
    "multiply(2, 2) == 4 and multiply(0.25, 2) == 0.5",
    "007 == 7 and .5 == 0.5 and 5. == 5 and 1e3 == 1000",
    "- -5 == 5 and +5 == 5",
    "9223372036854775807 > 9223372036854775806",
    /* between */
    "between('welcome to the planet', 'welcome', 'e', false) == ' to th'",
    "between('welcome to the planet', 'welcome', 'e', true) == ' to the plan'",
    "between('welcome to the planet', 'welcome', 'e') == ' to th'",
    "between('welcome to the planet', '', '', true) == 'welcome to the planet'",
    "between('welcome to the planet', '', '', false) == ''",
    "between('welcome to the planet', '', 'planet', false) == 'welcome to the '",
    "between('welcome', 'x', 'y') == ''",
    "between('', 'x', 'y') == ''",
    "between~('a K:v b', 'k:', ' ') == 'v'",
    /* indexOf */
    "indexOf('foobarbaz', 'o', 2) == 2",
    "indexOf('foobarbaz', 'o') == 1",
    "indexOf('foobarbaz', 'o', -3) == 1",
    "indexOf('foobarbaz', 'o', 3) == null",
    "indexOf('abc', '', 100) == null",
    "indexOf('abc', '') == 0",
    "indexOf('abc', '', 2) == 2",
    "indexOf('a.b', '.', null) == null",
    "indexOf('abc', 'B') == null and indexOf~('abc', 'B') == 1",
    "indexOf('\303\251a', 'a') == 1",
    /* substring */
    "substring('hello world', 5, -1) == ' worl'",
    "substring('hello world', -5) == 'world'",
    "substring('hello world', -60, 5) == 'hello'",
    "substring('hello world', 0, 500) == 'hello world'",
    "substring('hello world', 6, 3) == ''",
    "substring('hello world', 6) == 'world'",
    /* the others */
    "concat('a', '||', null) == null",
    "concat('a', 42.5, true) == 'a42.5true'",
    "length('') == 0 and length('abc') == 3 and length(null) == null",
    "string(42.5) == '42.5' and string(true) == 'true' and string(null) == null",
    "string(1 + 1) == '2' and string(1 + 1.0) == '2.0'",
    "number('deadbeef', 16) == 3735928559",
    "number('052403', 8) == 21763",
    "number('0x10') == 16 and number('0x10', null) == 16 and number('0x10', 16) == 16",
    "number('  -3.5  ') == -3.5 and number('+7') == 7 and number('007') == 7",
    "number('x') == null and number('12x', 10) == null and number('9', 8) == null",
    "number('--5') == null and number('-') == null and number('') == null",
    "startsWith('abc', '') and endsWith('abc', '')",
    "not stringContains('abc', '') and stringContains('abc', 'bc')",
    "startsWith~('ABC', 'ab') and endsWith~('ABC', 'bc') and stringContains~('ABC', 'b')",
    "'abc' == 'abc' and 'abc' != 'ABC' and 'abc' < 'abd' and 'B' < 'a'",
    "'abc' : 'A*' and 'abc' like 'a?c' and not 'abc' like 'A*'",
    "'abc' in ('x', 'abc') and 'ABC' in~ ('abc', 'x')",
    "true == true and true != false",
    "null == null",
    "true or null",
};

/* Neither they nor their negations hold: null. */
static const char *const nothing[] = {
    "null",
    "false or null",
    "true and null",
    "startsWith('abc', null)",
    "stringContains(null, 'a')",
    "1 > null",
    "length(null) > 1",
    "concat('a', null) == 'a'",
    "9223372036854775807 + 1 == 5",
    "number('x') > 1",
};

static bool holds(const char *condition, bool is_negated)
{
    char query[1024];

    snprintf(query, sizeof query, is_negated ? "any where not (%s)" : "any where %s", condition);
    return query_fires("eql", query, "{}");
}

TEST(vectors_of_the_functions_hold)
{
    for (size_t i = 0; i < ARRAY_LEN(holding); i++)
        if (!holds(holding[i], false) || holds(holding[i], true))
            fail_msg("%s", holding[i]);
}

TEST(null_is_neither_true_nor_false)
{
    for (size_t i = 0; i < ARRAY_LEN(nothing); i++)
        if (holds(nothing[i], false) || holds(nothing[i], true))
            fail_msg("%s", nothing[i]);
}

TEST(false_and_null_is_false)
{
    CHECK(!holds("false and null", false));
    CHECK(holds("false and null", true));
}

static struct expr_value texts(void *context, uint32_t slot)
{
    return expr_value_text(((const struct str *)context)[slot]);
}

TEST(results_over_the_limit_are_null)
{
    struct arena *a = arena_new(0);
    char *big = arena_zalloc(a, EXPR_TEXT_MAX);
    struct str values[] = {{big, EXPR_TEXT_MAX}, STR("x")};
    struct expr f[] = {{.kind = EXPR_FIELD, .slot = 0}, {.kind = EXPR_FIELD, .slot = 1}};
    struct expr *args[] = {&f[0], &f[1]};
    struct expr concat = {.kind = EXPR_CALL, .op = EXPR_CONCAT, .args = args, .n_args = 1};
    struct expr_scope scope = {.field = texts, .context = values, .space = a};

    CHECK_EQ(expr_eval(&concat, &scope).type, EXPR_VALUE_TEXT);
    concat.n_args = 2;
    CHECK_EQ(expr_eval(&concat, &scope).type, EXPR_VALUE_NULL);
    arena_free(a);
}

TEST(what_an_expression_needs_is_known)
{
    struct expr f[] = {{.kind = EXPR_FIELD, .slot = 0}, {.kind = EXPR_FIELD, .slot = 1}};
    struct expr *args[] = {&f[0], &f[1]};
    struct expr call = {.kind = EXPR_CALL, .op = EXPR_STARTS, .args = args, .n_args = 2};
    struct expr *inner[] = {&call};
    struct expr is_null = {.kind = EXPR_CALL, .op = EXPR_IS_NULL, .args = inner, .n_args = 1};

    CHECK(expr_needs(&call, 0) && expr_needs(&call, 1) && !expr_needs(&call, 2));
    CHECK(!expr_needs(&is_null, 0));
    call.op = EXPR_NUMBER_OF; /* the base may be null */
    CHECK(expr_needs(&call, 0) && !expr_needs(&call, 1));
}

TEST_MAIN(ENTRY(vectors_of_the_functions_hold), ENTRY(null_is_neither_true_nor_false),
          ENTRY(false_and_null_is_false), ENTRY(results_over_the_limit_are_null),
          ENTRY(what_an_expression_needs_is_known))

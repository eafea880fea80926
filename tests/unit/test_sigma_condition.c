/* test_sigma_condition.c - the condition language: shape, words, selectors, refusals. */
#include "base/buf.h"
#include "tests/lib/sigma_rows.h"

/* Selections a, b, c, sel_1, sel_2, _private, notepad, other-name, each one atom of its own name.
 */
static struct str condition(struct arena *a, const char *text)
{
    return sigma_detection(a, arena_printf(a,
                                           "  a: {f: a}\n  b: {f: b}\n  c: {f: c}\n"
                                           "  sel_1: {f: 1}\n  sel_2: {f: 2}\n  _p1: {f: p}\n"
                                           "  notepad: {f: n}\n  other-name: {f: o}\n"
                                           "  condition: %s",
                                           text)
                                  .p);
}

/* The same without the warnings: most rows leave selections unused. */
static struct str shape(struct arena *a, const char *text)
{
    struct str s = condition(a, text), rest;
    size_t at = str_find(s, STR(" ! "), 0);

    str_cut(s, '!', &rest, &rest);
    return at == SIZE_MAX ? s : str_sub(s, 0, at);
}

#define A "a: f eq \"a\""
#define B "b: f eq \"b\""
#define C "c: f eq \"c\""
#define S1 "sel_1: f eq 1"
#define S2 "sel_2: f eq 2"
#define P1 "_p1: f eq \"p\""
#define N "notepad: f eq \"n\""
#define O "other-name: f eq \"o\""

TEST(operators_bind_as_in_the_specification)
{
    static const struct sigma_row ROWS[] = {
        {"a", A},
        {"a and b", "and(" A ", " B ")"},
        {"a or b and c", "or(" A ", and(" B ", " C "))"},
        {"a and b or c", "or(and(" A ", " B "), " C ")"},
        {"(a or b) and c", "and(or(" A ", " B "), " C ")"},
        {"not a and b", "and(not(" A "), " B ")"},
        {"not (a and b)", "not(and(" A ", " B "))"},
        {"not not a", "not(not(" A "))"},
        {"a and not b or not c", "or(and(" A ", not(" B ")), not(" C "))"},
        {"a and b and c", "and(" A ", " B ", " C ")"},
        {"((a))", A},
        {"(a)and(b)", "and(" A ", " B ")"},
        {"a\n    and\n    b", "and(" A ", " B ")"},
        {"|\n    a\n    and b\n", "and(" A ", " B ")"},
        {"[a, b and c]", "or(" A ", and(" B ", " C "))"},
        {"a and a", "and(" A ", " A ")"},
    };
    sigma_check_rows(shape, ROWS, ARRAY_LEN(ROWS));
}

TEST(words_are_whole_words)
{
    static const struct sigma_row ROWS[] = {
        {"notepad", N},
        {"not notepad", "not(" N ")"},
        {"other-name and a", "and(" O ", " A ")"},
    };
    sigma_check_rows(shape, ROWS, ARRAY_LEN(ROWS));
}

TEST(selectors_choose_by_pattern_and_spare_private_names)
{
    static const struct sigma_row ROWS[] = {
        {"1 of sel_*", "or(" S1 ", " S2 ")"},
        {"any of sel_*", "or(" S1 ", " S2 ")"},
        {"all of sel_*", "and(" S1 ", " S2 ")"},
        {"all of sel_1", S1},
        {"1 of *_1", S1},
        {"1 of s*_*2", S2},
        {"1 of *", "or(" A ", " B ", " C ", " S1 ", " S2 ", " N ", " O ")"},
        {"all of them", "and(" A ", " B ", " C ", " S1 ", " S2 ", " N ", " O ")"},
        {"1 of _p*", P1},
        {"1 of _*", P1},
        {"not 1 of sel_*", "not(or(" S1 ", " S2 "))"},
        {"a and not 1 of filter_*", A},
        {"a or all of nothing*", A},
        {"a and (b or not 1 of filter_*)", "and(" A ", " B ")"},
    };
    sigma_check_rows(shape, ROWS, ARRAY_LEN(ROWS));
}

TEST(odd_conditions_are_remarked_on)
{
    static const struct sigma_row ROWS[] = {
        {"  a: {f: 1}\n  b: {f: 2}\n  condition: a AND NOT b",
         "and(a: f eq 1, not(b: f eq 2)) ! 6:16: 'AND' is written 'and' in Sigma ! 6:20: 'NOT' is "
         "written 'not' in Sigma"},
        {"  a: {f: 1}\n  condition: a Or a",
         "or(a: f eq 1, a: f eq 1) ! 5:16: 'Or' is written 'or' in Sigma"},
        {"  a: {f: 1}\n  condition: a and not 1 of filter_*",
         "a: f eq 1 ! 5:29: no selection matches 'filter_*': the part is dropped"},
        {"  a: {f: 1}\n  b: {f: 2}\n  condition: a",
         "a: f eq 1 ! 5:3: the selection 'b' is not used by the condition"},
        {"  all: {f: 1}\n  any: {f: 2}\n  condition: all and any", "and(all: f eq 1, any: f eq 2)"},
    };
    sigma_check_rows(sigma_detection, ROWS, ARRAY_LEN(ROWS));
}

TEST(faults_are_named_at_their_place)
{
    static const struct sigma_row ROWS[] = {
        {"sel1", "error: 12:14: no selection 'sel1' (did you mean 'sel_1'?)"},
        {"a and\n    sle_2", "error: 13:5: no selection 'sle_2' (did you mean 'sel_2'?)"},
        {"|\n    a and\n    sle_2", "error: 14:5: no selection 'sle_2' (did you mean 'sel_2'?)"},
        {"'a and zzzzzz'", "error: 12:21: no selection 'zzzzzz'"},
        {"a and", "error: 12:19: the condition ends too early"},
        {"a b", "error: 12:16: 'b' where 'and', 'or' or the end should be"},
        {"(a", "error: 12:14: this parenthesis is not closed"},
        {"a)", "error: 12:15: ')' where 'and', 'or' or the end should be"},
        {"and a", "error: 12:14: 'and' where a selection should be"},
        {"not", "error: 12:17: the condition ends too early"},
        {"()", "error: 12:15: ')' where a selection should be"},
        {"''", "error: 12:14: the condition is empty"},
        {"1 of", "error: 12:18: 'of' needs 'them' or a pattern such as selection_*"},
        {"1 of (a)", "error: 12:19: 'of' needs 'them' or a pattern such as selection_*"},
        {"2 of sel_*", "error: 12:14: '2 of' is not Sigma: only '1 of', 'any of' and 'all of'"},
        {"a & b", "error: 12:16: '&' has no meaning in a condition"},
        {"a | count() > 5", "unsupported: 12:16: an aggregation in the condition (behind '|'): "
                            "Sigma has correlation rules for this"},
        {"1 of filter_*",
         "error: 12:14: nothing is left of the condition: its selectors match no selection"},
        {"not 1 of filter_*",
         "error: 12:14: nothing is left of the condition: its selectors match no selection"},
        {"[]", "error: 12:14: the condition is empty"},
        {"{a: b}", "error: 12:14: 'condition' must be text, not a map"},
        {"", "error: 12:13: 'condition' must be text, not nothing"},
    };
    sigma_check_rows(condition, ROWS, ARRAY_LEN(ROWS));
}

TEST(missing_and_outdated_parts_are_refused)
{
    static const struct sigma_row ROWS[] = {
        {"  a: {f: 1}", "error: 4:3: 'detection' has no 'condition'"},
        {"  a: {f: 1}\n  conditon: a",
         "error: 5:3: no 'condition', but 'conditon' (did you mean 'condition'?)"},
        {"  a: {f: 1}\n  timeframe: 5m\n  condition: a",
         "unsupported: 5:14: 'timeframe' belongs to aggregations: Sigma has correlation rules for "
         "this"},
    };
    sigma_check_rows(sigma_detection, ROWS, ARRAY_LEN(ROWS));
}

TEST(nesting_and_repetition_are_bounded)
{
    struct arena *a = arena_new(0);
    struct buf text = {0};

    for (int i = 0; i < 60; i++)
        buf_add_char(&text, '(');
    buf_add(&text, STR("a"));
    for (int i = 0; i < 60; i++)
        buf_add_char(&text, ')');
    CHECK_STR(condition(a, arena_str(a, buf_str(&text)).p), "error: 12:64: nested deeper than 50");

    buf_clear(&text);
    buf_add(&text, STR("  a: {f: ["));
    for (int i = 0; i < 1000; i++)
        buf_printf(&text, "v%d, ", i);
    buf_add(&text, STR("x]}\n  condition: a"));
    for (int i = 0; i < 1000; i++)
        buf_add(&text, STR(" or a"));
    CHECK_STR(sigma_detection(a, arena_str(a, buf_str(&text)).p),
              "error: 5:14: the condition repeats more than 1000000 parts");
    buf_release(&text);
    arena_free(a);
}

TEST_MAIN(ENTRY(operators_bind_as_in_the_specification), ENTRY(words_are_whole_words),
          ENTRY(selectors_choose_by_pattern_and_spare_private_names),
          ENTRY(odd_conditions_are_remarked_on), ENTRY(faults_are_named_at_their_place),
          ENTRY(missing_and_outdated_parts_are_refused), ENTRY(nesting_and_repetition_are_bounded))

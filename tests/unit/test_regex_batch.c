/* test_regex_batch.c - the regexes of a plan: each once, the first error in the plan's order. */
#include "match/regex_batch.h"

#include "base/str.h"
#include "tests/lib/test.h"

enum { N_ATOMS = 6 };

/* The numbers of equal rows must be equal; the atom that is no regex has none. */
static const struct {
    enum atom_op op;
    const char *pattern;
    bool is_caseless;
    int number;
} rows[N_ATOMS] = {
    {ATOM_REGEX, "x+y", false, 0}, {ATOM_EQ, "", false, -1},     {ATOM_REGEX, "a.*b.*c", true, 1},
    {ATOM_REGEX, "x+y", false, 0}, {ATOM_REGEX, "x+y", true, 2}, {ATOM_REGEX, "a.*b.*c", true, 1},
};

static void plan_fill(struct plan *plan, struct plan_atom *linked, struct atom *atoms)
{
    for (uint32_t i = 0; i < N_ATOMS; i++) {
        atoms[i] = (struct atom){.op = rows[i].op, .line = 10 + i, .col = 3};
        atoms[i].regex.pattern = str_from(rows[i].pattern);
        atoms[i].regex.is_caseless = rows[i].is_caseless;
        linked[i].atom = &atoms[i];
    }
    *plan = (struct plan){.atoms = linked, .n_atoms = N_ATOMS};
}

TEST(equal_regexes_are_compiled_once)
{
    struct arena *a = arena_new(0);
    struct plan plan;
    struct plan_atom linked[N_ATOMS] = {0};
    struct atom atoms[N_ATOMS];
    struct match_regex **all;
    struct weir_err err;
    uint32_t n;

    plan_fill(&plan, linked, atoms);
    struct regex_batch *b = regex_batch_start(a, &plan);
    CHECK_EQ(regex_batch_join(b, a, &all, &n, &err), WEIR_OK);
    CHECK_EQ(n, 3);
    for (uint32_t i = 0; i < N_ATOMS; i++)
        if (rows[i].number >= 0)
            CHECK(regex_batch_of(b, i) == all[rows[i].number]);
    struct regex_scratch *s = regex_scratch_new(all, n);
    CHECK_EQ(regex_test(all[0], s, STR("XXY"), true), REGEX_NO);
    CHECK_EQ(regex_test(all[1], s, STR("A-B-C"), true), REGEX_YES);
    CHECK_EQ(regex_test(all[2], s, STR("XXY"), true), REGEX_YES);
    regex_scratch_free(s);
    for (uint32_t i = 0; i < n; i++)
        regex_free(all[i]);
    arena_free(a);
}

TEST(the_first_error_of_the_plan_is_told_and_the_good_ones_are_given)
{
    struct arena *a = arena_new(0);
    struct plan plan;
    struct plan_atom linked[N_ATOMS] = {0};
    struct atom atoms[N_ATOMS];
    struct match_regex **all;
    struct weir_err err = {0};
    uint32_t n;

    plan_fill(&plan, linked, atoms);
    atoms[2].regex.pattern = STR("(");
    atoms[4].regex.pattern = STR("[");
    struct regex_batch *b = regex_batch_start(a, &plan);
    CHECK_EQ(regex_batch_join(b, a, &all, &n, &err), WEIR_SYNTAX);
    CHECK_EQ(err.line, 12);
    CHECK_EQ(err.col, 3);
    CHECK_EQ(n, 2);
    for (uint32_t i = 0; i < n; i++)
        regex_free(all[i]);
    arena_free(a);
}

TEST(a_plan_without_regexes_has_none)
{
    struct arena *a = arena_new(0);
    struct plan plan = {0};
    struct match_regex **all;
    struct weir_err err;
    uint32_t n;

    CHECK_EQ(regex_batch_join(regex_batch_start(a, &plan), a, &all, &n, &err), WEIR_OK);
    CHECK_EQ(n, 0);
    arena_free(a);
}

TEST_MAIN(ENTRY(equal_regexes_are_compiled_once),
          ENTRY(the_first_error_of_the_plan_is_told_and_the_good_ones_are_given),
          ENTRY(a_plan_without_regexes_has_none))

/* test_pipe.c - the builder of pipelines: what steps become.
 *
 * The languages' own tests have their queries; here are the steps themselves, as rules. */
#include "lang/pipe/pipe.h"
#include "rule/dump.h"

#include "tests/lib/test.h"

static const struct pipe_dialect TWO = {.is_two_valued = true,
                                        .is_loose = true,
                                        .is_any_member = true,
                                        .group_missing = MISSING_DROP,
                                        .aggregation = "groupBy()"};
static const struct pipe_dialect THREE = {.group_missing = MISSING_GROUP, .aggregation = "STATS"};
static const struct place AT = {1, 1};

struct bench {
    struct arena *a;
    struct diag diag;
    struct query_scope scope;
    struct rule rule;
    struct pipe *p;
};

static void begin(struct bench *b, const struct pipe_dialect *dialect)
{
    memset(b, 0, sizeof *b);
    b->a = arena_new(0);
    diag_init(&b->diag, b->a, STR(""), 1);
    b->scope = (struct query_scope){
        .a = b->a, .scratch = b->a, .names = names_new(b->a, b->a), .diag = &b->diag, .at = {1, 1}};
    b->rule.uid = STR("u");
    b->rule.name = STR("");
    b->p = pipe_new(&b->scope, dialect);
}

/* Dump of the formula; of groups, that of the part. Or the first message. */
static struct str end(struct bench *b)
{
    struct pipe_ending ending = {.at = AT, .window_ms = 60000};
    struct buf out = {0};

    if (!pipe_finish(b->p, &ending, &b->rule))
        buf_add(&out, b->diag.messages[0].text);
    else if (b->rule.correlation)
        formula_dump(&out, b->rule.correlation->inputs[0].rule->formula);
    else
        formula_dump(&out, b->rule.formula);
    struct str s = arena_str(b->a, buf_str(&out));
    buf_release(&out);
    return s;
}

static struct expr *col(struct bench *b, const char *name)
{
    return pipe_column(b->p, AT, str_from(name));
}

static bool where_eq(struct bench *b, const char *name, const char *text)
{
    return pipe_where(b->p, AT,
                      pipe_call2(b->p, AT, EXPR_EQ, col(b, name), pipe_text(b->p, str_from(text))));
}

TEST(raw_fields_become_atoms_and_what_was_set_is_put_in)
{
    struct bench b;

    begin(&b, &TWO);
    CHECK(where_eq(&b, "a", "x"));
    CHECK(pipe_set(b.p, AT, STR("c"), pipe_call1(b.p, AT, EXPR_LOWER, col(&b, "b"))));
    CHECK(where_eq(&b, "c", "y"));
    CHECK_STR(end(&b), "and(a eq cased \"x\", and(b eq \"y\", eq(lower(b[]), \"y\") any))");
    arena_free(b.a);

    begin(&b, &THREE);
    CHECK(where_eq(&b, "a", "x"));
    CHECK(pipe_rename(b.p, AT, STR("p.*"), STR("*")));
    CHECK(pipe_set(b.p, AT, STR("k"), pipe_text(b.p, STR("one"))));
    CHECK(where_eq(&b, "k", "one"));
    CHECK(pipe_where(b.p, AT, pipe_call1(b.p, AT, EXPR_IS_THERE, col(&b, "q"))));
    CHECK_STR(end(&b), "and(a eq cased \"x\" single, true, and(or(p.q contains cased \"\", "
                       "q contains cased \"\"), is_there(coalesce(p.q[], q[]))))");
    arena_free(b.a);
}

TEST(a_case_is_its_clauses_and_decides_what_they_set)
{
    struct bench b;

    begin(&b, &TWO);
    CHECK(pipe_case_begin(b.p, AT));
    CHECK(pipe_clause_begin(b.p, AT));
    CHECK(where_eq(&b, "a", "1x"));
    CHECK(pipe_set(b.p, AT, STR("v"), pipe_text(b.p, STR("one"))));
    CHECK(pipe_clause_begin(b.p, AT));
    CHECK(where_eq(&b, "a", "2x"));
    CHECK(pipe_set(b.p, AT, STR("v"), pipe_text(b.p, STR("two"))));
    CHECK(pipe_case_end(b.p, AT, false));
    CHECK(where_eq(&b, "v", "two"));
    CHECK_STR(end(&b), "and(or(a eq cased \"1x\", a eq cased \"2x\"), and(a eq cased \"2x\", "
                       "eq(case(eq(a[], \"1x\") "
                       "any, \"one\", eq(a[], \"2x\") any, \"two\"), \"two\") any))");
    arena_free(b.a);
}

TEST(groups_become_the_cheapest_operator_that_says_the_same)
{
    struct bench b;

    for (int i = 0; i < 4; i++) {
        begin(&b, &THREE);
        struct pipe_key key = {STR("user"), col(&b, "user.name")};
        struct pipe_aggregate all[] = {
            {.kind = GROUP_COUNT, .name = STR("n"), .at = AT},
            {.kind = GROUP_DISTINCT, .name = STR("d"), .at = AT, .arg = col(&b, "ip")}};
        CHECK(where_eq(&b, "a", "x"));
        CHECK(pipe_stats(b.p, AT, all, 2, &key, 1));
        struct expr *n = pipe_call2(b.p, AT, EXPR_GT, col(&b, "n"), pipe_whole(b.p, 4));
        struct expr *d = pipe_call2(b.p, AT, EXPR_GE, col(&b, "d"), pipe_whole(b.p, 3));
        CHECK(!(i & 1) || pipe_where(b.p, AT, n));
        CHECK(!(i & 2) || pipe_where(b.p, AT, d));
        CHECK_STR(end(&b), "a eq cased \"x\" single");
        if (i == 0) { /* nothing is asked: folds by the group */
            CHECK(!b.rule.correlation && b.rule.state->dedup.n_fields == 1);
        } else {
            static const enum operator_kind KINDS[] = {0, OPERATOR_COUNT, OPERATOR_DISTINCT,
                                                       OPERATOR_GROUP};
            CHECK_EQ(b.rule.correlation->kind, KINDS[i]);
            CHECK_STR(b.rule.correlation->group[0], "user");
            CHECK_STR(b.rule.correlation->inputs[0].group_fields[0], "user.name");
        }
        arena_free(b.a);
    }
}

TEST_MAIN(ENTRY(raw_fields_become_atoms_and_what_was_set_is_put_in),
          ENTRY(a_case_is_its_clauses_and_decides_what_they_set),
          ENTRY(groups_become_the_cheapest_operator_that_says_the_same))

/* test_lucene_random.c - random query strings with the classic parser's own logic (AND, OR, NOT, +
 * and - are marks of clauses, there is no precedence) on random events: parser, lowering and both
 * engines say what the clauses were made to mean.
 *
 * A clause is necessary if AND stands on one of its sides or + before it, forbidden behind NOT or
 * -, else possible; possible ones count only where none is necessary. A level of forbidden ones
 * alone is true of everything else, as Elasticsearch has it. WEIR_SEED repeats a run, WEIR_ROUNDS
 * makes it longer.
 */
#include "tests/lib/query_text.h"
#include "tests/lib/rng.h"
#include "tests/lib/test.h"

#include "base/buf.h"
#include "base/str.h"

#include <string.h>

#if TEST_IS_SANITIZED
enum { QUERIES = 300 };
#else
enum { QUERIES = 4000 };
#endif
enum { EVENTS = 8, FIELDS = 4, MEMBERS = 3, DEPTH = 3, CLAUSES = 4 };

/* ---- events ------------------------------------------------------------------------------ */

static const char *const NAMES[FIELDS] = {"a", "b.c", "d1", "d2"};
/* In the event as JSON, as a text, and as a number if it is one. */
static const struct value {
    const char *json, *text;
    int number;
} VALUES[] = {{"\"ab\"", "ab", -1},    {"\"abc\"", "abc", -1},
              {"\"AB\"", "AB", -1},    {"5", "5", 5},
              {"7", "7", 7},           {"\"7\"", "7", 7},
              {"true", "true", -1},    {"\"a b\"", "a b", -1},
              {"\"*\"", "*", -1},      {"\"or\"", "or", -1},
              {"\"\"", "", -1},        {"\"a:b\"", "a:b", -1},
              {"\"OR\"", "OR", -1},    {"\"a\\\\b\"", "a\\b", -1},
              {"\"(ab)\"", "(ab)", -1}};

struct an_event {
    unsigned n[FIELDS]; /* 0: missing, null or an empty list */
    const struct value *members[FIELDS][MEMBERS];
};

static void make_event(struct rng *r, struct an_event *e, struct buf *out)
{
    buf_printf(out, "{\"k\":0");
    for (unsigned f = 0; f < FIELDS; f++) {
        unsigned kind = rng_below(r, 8);
        e->n[f] = kind < 2 ? 0 : kind < 6 ? 1 : 2 + rng_below(r, 2);
        if (kind == 0)
            continue;
        buf_printf(out, ",\"%s\":%s", NAMES[f], e->n[f] == 1 ? "" : "[");
        for (unsigned i = 0; i < e->n[f]; i++) {
            e->members[f][i] = &VALUES[rng_below(r, ARRAY_LEN(VALUES))];
            buf_printf(out, "%s%s", i ? "," : "", e->members[f][i]->json);
        }
        buf_printf(out, e->n[f] == 1 ? "" : e->n[f] || rng_below(r, 2) ? "]" : "null]");
    }
    buf_printf(out, "}");
}

/* ---- clauses ----------------------------------------------------------------------------- */

enum test { TEST_EQUAL, TEST_LIKE, TEST_ANY, TEST_RANGE };
static const struct leaf {
    enum test test;
    const char *query, *operand; /* a text, a pattern, or a range as `least most` */
} LEAVES[] = {
    {TEST_EQUAL, "ab", "ab"},
    {TEST_EQUAL, "\"ab\"", "ab"},
    {TEST_EQUAL, "\"a b\"", "a b"},
    {TEST_EQUAL, "a\\ b", "a b"},
    {TEST_EQUAL, "a\\:b", "a:b"},
    {TEST_EQUAL, "\"a:b\"", "a:b"},
    {TEST_EQUAL, "a\\\\b", "a\\b"},
    {TEST_EQUAL, "\"a\\\\b\"", "a\\b"},
    {TEST_EQUAL, "\\(ab\\)", "(ab)"},
    {TEST_EQUAL, "\"(ab)\"", "(ab)"},
    {TEST_EQUAL, "\\*", "*"},
    {TEST_EQUAL, "\"*\"", "*"},
    {TEST_EQUAL, "or", "or"},
    {TEST_EQUAL, "\"OR\"", "OR"},
    {TEST_EQUAL, "\\OR", "OR"},
    {TEST_EQUAL, "5", "5"},
    {TEST_EQUAL, "\"7\"", "7"},
    {TEST_EQUAL, "true", "true"},
    {TEST_EQUAL, "\\u0061b", "ab"},
    {TEST_LIKE, "ab*", "ab*"},
    {TEST_LIKE, "*b", "*b"},
    {TEST_LIKE, "*b*", "*b*"},
    {TEST_LIKE, "a?", "a?"},
    {TEST_LIKE, "a?b", "a?b"},
    {TEST_LIKE, "a\\?b*", "a!*"}, /* a question mark, which no text has */
    {TEST_LIKE, "?B", "?B"},
    {TEST_LIKE, "a\\ ?", "a ?"},
    {TEST_LIKE, "/ab.*/", "ab*"},
    {TEST_LIKE, "/a.b/", "a?b"},
    {TEST_ANY, "*", ""},
    {TEST_RANGE, "[5 TO 7]", "57"},
    {TEST_RANGE, "{5 TO 7]", "67"},
    {TEST_RANGE, "[5 TO 7}", "56"},
    {TEST_RANGE, "[6 TO *]", "69"},
    {TEST_RANGE, "{* TO 7}", "06"},
    {TEST_RANGE, ">5", "69"},
    {TEST_RANGE, "<=5", "05"},
    {TEST_RANGE, "[\"5\" TO \"6\"]", "56"},
};

enum joint { JOINT_NONE, JOINT_AND, JOINT_OR };
enum mark { MARK_NONE, MARK_PLUS, MARK_MINUS };
struct clause {
    enum joint joint; /* with the clause before */
    enum mark mark;
    const struct leaf *leaf; /* NULL: a level of its own */
    bool is_exists;
    unsigned field; /* FIELDS: d\* */
    struct level *level;
};
struct level {
    struct clause clauses[CLAUSES];
    unsigned n;
    unsigned field; /* of all below, if it is under UINT32_MAX */
};

struct maker {
    struct rng rng;
    struct arena *arena;
};

/* Unsupported: `?` and regexes there. */
static bool is_of_many_fields(const struct leaf *l)
{
    return l->test != TEST_LIKE || !strpbrk(l->query, "?/");
}

static struct level *make(struct maker *m, unsigned depth, unsigned field)
{
    struct level *l = ARENA_NEW(m->arena, struct level);

    l->n = 1 + rng_below(&m->rng, CLAUSES);
    l->field = field;
    for (unsigned i = 0; i < l->n; i++) {
        struct clause *c = &l->clauses[i];
        c->joint = i ? (enum joint)rng_below(&m->rng, 3) : JOINT_NONE;
        c->mark = rng_below(&m->rng, 2) ? MARK_NONE : (enum mark)rng_below(&m->rng, 3);
        c->field = field != UINT32_MAX ? field : rng_below(&m->rng, FIELDS + 1);
        if (depth && rng_below(&m->rng, 3) == 0) {
            bool is_of_one = field == UINT32_MAX && rng_below(&m->rng, 2);
            c->level = make(m, depth - 1, is_of_one ? c->field : field);
            continue;
        }
        do
            c->leaf = &LEAVES[rng_below(&m->rng, ARRAY_LEN(LEAVES))];
        while (c->field == FIELDS && !is_of_many_fields(c->leaf));
        c->is_exists = field == UINT32_MAX && c->field < FIELDS && rng_below(&m->rng, 12) == 0;
    }
    return l;
}

/* ---- what they mean ---------------------------------------------------------------------- */

static bool like(const char *s, const char *pattern)
{
    if (*pattern == '\0')
        return *s == '\0';
    if (*pattern == '*')
        return like(s, pattern + 1) || (*s && like(s + 1, pattern));
    return *s && (*pattern == '?' || *s == *pattern) && like(s + 1, pattern + 1);
}

static bool value_holds(const struct leaf *l, const struct value *v)
{
    switch (l->test) {
    case TEST_EQUAL:
        return strcmp(v->text, l->operand) == 0;
    case TEST_LIKE:
        return like(v->text, l->operand);
    case TEST_RANGE:
        return v->number >= l->operand[0] - '0' && v->number <= l->operand[1] - '0';
    case TEST_ANY:
        return true;
    }
    return false;
}

static bool field_holds(const struct an_event *e, const struct clause *c, unsigned field)
{
    bool any = false;

    for (unsigned i = 0; i < e->n[field]; i++)
        any |= c->is_exists || value_holds(c->leaf, e->members[field][i]);
    return any;
}

static bool level_holds(const struct an_event *e, const struct level *l);

static bool clause_holds(const struct an_event *e, const struct clause *c)
{
    if (c->level)
        return level_holds(e, c->level);
    if (c->field < FIELDS)
        return field_holds(e, c, c->field);
    return field_holds(e, c, 2) || field_holds(e, c, 3);
}

static bool level_holds(const struct an_event *e, const struct level *l)
{
    bool is_good = true, has_possible = false, has_necessary = false, some = false;

    for (unsigned i = 0; i < l->n; i++) {
        const struct clause *c = &l->clauses[i];
        bool has_and = c->joint == JOINT_AND || (i + 1 < l->n && c[1].joint == JOINT_AND);
        bool is_forbidden = c->mark == MARK_MINUS;
        bool is_necessary = !is_forbidden && (c->mark == MARK_PLUS || has_and);
        bool is_true = clause_holds(e, c);
        if (is_forbidden || is_necessary)
            is_good &= is_true != is_forbidden;
        else
            some |= is_true;
        has_necessary |= is_necessary;
        has_possible |= !is_forbidden && !is_necessary;
    }
    return is_good && (has_necessary || !has_possible || some);
}

/* ---- printing ---------------------------------------------------------------------------- */

static const char *one_of(struct maker *m, const char *a, const char *b)
{
    return rng_below(&m->rng, 2) ? a : b;
}

static void print_level(struct maker *m, const struct level *l, struct buf *out);

static void print_name(struct maker *m, unsigned field, struct buf *out)
{
    buf_printf(out, "%s:%s", field < FIELDS ? NAMES[field] : "d\\*",
               rng_below(&m->rng, 6) ? "" : " ");
}

static void print_clause(struct maker *m, const struct level *in, const struct clause *c,
                         struct buf *out)
{
    if (c->mark != MARK_NONE)
        buf_printf(out, "%s",
                   c->mark == MARK_PLUS    ? "+"
                   : rng_below(&m->rng, 3) ? one_of(m, "NOT ", "-")
                                           : "!");
    if (c->level) {
        if (in->field != c->level->field)
            print_name(m, c->field, out);
        buf_printf(out, "(%s", rng_below(&m->rng, 4) ? "" : " ");
        print_level(m, c->level, out);
        buf_printf(out, rng_below(&m->rng, 8) ? ")" : " )^2");
        return;
    }
    if (c->is_exists) {
        buf_printf(out, "_exists_:%s", NAMES[c->field]);
        return;
    }
    if (in->field == UINT32_MAX)
        print_name(m, c->field, out);
    buf_printf(out, "%s%s", c->leaf->query, rng_below(&m->rng, 12) ? "" : "^1.5");
}

static void print_level(struct maker *m, const struct level *l, struct buf *out)
{
    for (unsigned i = 0; i < l->n; i++) {
        const struct clause *c = &l->clauses[i];
        if (i)
            buf_printf(out, rng_below(&m->rng, 8) ? " " : "\n ");
        if (c->joint == JOINT_AND)
            buf_printf(out, "%s ", one_of(m, "AND", "&&"));
        if (c->joint == JOINT_OR)
            buf_printf(out, "%s ", one_of(m, "OR", "||"));
        print_clause(m, l, c, out);
    }
}

/* ---- the test ---------------------------------------------------------------------------- */

static unsigned one_query(struct maker *m)
{
    struct buf query = {0}, texts[EVENTS] = {0};
    struct str events[EVENTS];
    struct an_event made[EVENTS];
    bool fires[EVENTS];
    unsigned n_matches = 0;

    const struct level *l = make(m, DEPTH, UINT32_MAX);
    print_level(m, l, &query);
    for (unsigned i = 0; i < EVENTS; i++) {
        make_event(&m->rng, &made[i], &texts[i]);
        events[i] = buf_str(&texts[i]);
    }
    struct str refusal =
        query_fires_each(m->arena, "lucene", buf_str(&query), events, EVENTS, fires);
    if (refusal.n)
        fail_msg("%.*s\n%.*s", (int)query.n, query.p, (int)refusal.n, refusal.p);
    for (unsigned i = 0; i < EVENTS; i++) {
        bool want = level_holds(&made[i], l);
        n_matches += want;
        if (fires[i] != want)
            fail_msg("%.*s\non %.*s\nshould be %d", (int)query.n, query.p, (int)texts[i].n,
                     texts[i].p, want);
        buf_release(&texts[i]);
    }
    buf_release(&query);
    return n_matches;
}

TEST(query_strings_mean_what_their_clauses_were_made_to_mean)
{
    struct maker m = {.rng = rng_start(__func__)};
    unsigned n = QUERIES * rng_rounds(), n_matches = 0;

    for (unsigned i = 0; i < n; i++) {
        m.arena = arena_new(0);
        n_matches += one_query(&m);
        arena_free(m.arena);
    }
    printf("%u queries, %u of %u verdicts are matches\n", n, n_matches, n * EVENTS);
    CHECK(n_matches * 10 > n * EVENTS && n_matches * 10 < 9 * n * EVENTS);
}

TEST_MAIN(ENTRY(query_strings_mean_what_their_clauses_were_made_to_mean))

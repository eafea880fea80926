/* test_sigma_random.c - random Sigma detections (maps, lists of maps, keywords, most modifiers, `1
 * of` and `all of`) on random events with lists, numbers, truth values and nulls: parser, lowering
 * and both engines say what a model of the specification says.
 *
 * Each item of the table says as a pattern or a comparison what its value means, which was worked
 * out by hand (base64, UTF-16, dashes). tests/e2e/test_sigma_random has pySigma's reading beside
 * this. WEIR_SEED repeats a run, WEIR_ROUNDS makes it longer.
 */
#include "tests/lib/query_text.h"
#include "tests/lib/rng.h"
#include "tests/lib/test.h"

#include "base/buf.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#if TEST_IS_SANITIZED
enum { RULES = 200 };
#else
enum { RULES = 1500 };
#endif
enum { EVENTS = 8, FIELDS = 3, MEMBERS = 3, ITEMS = 3, SELECTIONS = 4, DEPTH = 3 };

/* ---- events ------------------------------------------------------------------------------ */

static const char *const NAMES[FIELDS] = {"f", "a.b", "Odd Name"};
static const struct value {
    const char *json, *text;
    bool is_text;
} VALUES[] = {
    {"\"foo\"", "foo", true},
    {"\"FOO\"", "FOO", true},
    {"\"foobar\"", "foobar", true},
    {"\"Foo bar\"", "Foo bar", true},
    {"\"a*b\"", "a*b", true},
    {"\"axb\"", "axb", true},
    {"\"\"", "", true},
    {"\"-enc x\"", "-enc x", true},
    {"\"/enc x\"", "/enc x", true},
    {"\"\u2013enc x\"", "\u2013enc x", true},
    {"\"enc x\"", "enc x", true},
    {"\"10.1.2.3\"", "10.1.2.3", true},
    {"\"192.0.2.7\"", "192.0.2.7", true},
    {"\"fd00::1\"", "fd00::1", true},
    {"\"5\"", "5", true},
    {"5", "5", false},
    {"7", "7", false},
    {"5.5", "5.5", false},
    {"true", "true", false},
    {"false", "false", false},
    {"\"Zm9v\"", "Zm9v", true},
    {"\"xxZvbxx\"", "xxZvbxx", true},
    {"\"ZgBvAG8A\"", "ZgBvAG8A", true},
    {"\"AGYAbwBv\"", "AGYAbwBv", true},
    {"\"//5mAG8AbwA=\"", "//5mAG8AbwA=", true},
    {"\"_mAG8AbwA\"", "_mAG8AbwA", true},
    {"\"C:\\\\x\"", "C:\\x", true},
    {"\"one\\nfoo\"", "one\nfoo", true},
    {"\"WEB1\"", "WEB1", true},
    {"\"bare\"", "bare", true},
};

struct an_event {
    bool is_there[FIELDS];
    unsigned n[FIELDS]; /* values; 0: missing, null or an empty list */
    const struct value *members[FIELDS][MEMBERS];
};

static void make_event(struct rng *r, struct an_event *e, struct buf *out)
{
    buf_printf(out, "{\"k\":0");
    for (unsigned f = 0; f < FIELDS; f++) {
        unsigned kind = rng_below(r, 10);
        e->is_there[f] = kind > 1;
        e->n[f] = kind < 3 ? 0 : kind < 8 ? 1 : 2 + rng_below(r, 2);
        if (kind < 2)
            continue;
        buf_printf(out, ",\"%s\":%s", NAMES[f], e->n[f] == 1 ? "" : e->n[f] ? "[" : "null");
        for (unsigned i = 0; i < e->n[f]; i++) {
            e->members[f][i] = &VALUES[rng_below(r, ARRAY_LEN(VALUES))];
            buf_printf(out, "%s%s", i ? "," : "", e->members[f][i]->json);
        }
        buf_printf(out, e->n[f] > 1 ? "]" : "");
    }
    buf_printf(out, "}");
}

/* ---- items ------------------------------------------------------------------------------- */

enum test {
    TEST_LIKE,
    TEST_LIKE_CASED,
    TEST_LESS,
    TEST_MORE,
    TEST_NULL,
    TEST_EXISTS,
    TEST_SAME_AS,
    TEST_STARTS_AS
};
/* any: patterns of * and ?, a backslash before what is neither; or a number. */
static const struct item {
    const char *modifiers, *value; /* as in the rule */
    enum test test;
    const char *any[4];
    bool are_all, is_negated;
} TABLE[] = {
    {"", "foo", TEST_LIKE, {"foo"}, 0, 0},
    {"", "'fo*'", TEST_LIKE, {"fo*"}, 0, 0},
    {"", "'a?b'", TEST_LIKE, {"a?b"}, 0, 0},
    {"", "'a\\*b'", TEST_LIKE, {"a\\*b"}, 0, 0},
    {"", "'C:\\x'", TEST_LIKE, {"C:\\\\x"}, 0, 0},
    {"", "'C:\\\\*'", TEST_LIKE, {"C:\\\\*"}, 0, 0},
    {"", "''", TEST_LIKE, {""}, 0, 0},
    {"", "5", TEST_LIKE, {"5"}, 0, 0},
    {"", "'5'", TEST_LIKE, {"5"}, 0, 0},
    {"", "5.5", TEST_LIKE, {"5.5"}, 0, 0},
    {"", "true", TEST_LIKE, {"true"}, 0, 0},
    {"", "null", TEST_NULL, {""}, 0, 0},
    {"", "[foo, 'axb', 7]", TEST_LIKE, {"foo", "axb", "7"}, 0, 0},
    {"|all", "['f*', '*r']", TEST_LIKE, {"f*", "*r"}, 1, 0},
    {"|contains", "O", TEST_LIKE, {"*o*"}, 0, 0},
    {"|contains", "['x', 'bar']", TEST_LIKE, {"*x*", "*bar*"}, 0, 0},
    {"|contains|all", "['fo', 'ob']", TEST_LIKE, {"*fo*", "*ob*"}, 1, 0},
    {"|contains", "'a*b'", TEST_LIKE, {"*a*b*"}, 0, 0},
    {"|startswith", "Fo", TEST_LIKE, {"fo*"}, 0, 0},
    {"|endswith", "['AR', 'x']", TEST_LIKE, {"*ar", "*x"}, 0, 0},
    {"|cased", "foo", TEST_LIKE_CASED, {"foo"}, 0, 0},
    {"|contains|cased", "FO", TEST_LIKE_CASED, {"*FO*"}, 0, 0},
    {"|startswith|cased", "['F', 'a']", TEST_LIKE_CASED, {"F*", "a*"}, 0, 0},
    {"|neq", "foo", TEST_LIKE, {"foo"}, 0, 1},
    {"|neq", "[foo, 'a*']", TEST_LIKE, {"foo", "a*"}, 0, 1},
    {"|contains|neq", "o", TEST_LIKE, {"*o*"}, 0, 1},
    {"|contains|all|neq", "['fo', 'ob']", TEST_LIKE, {"*fo*", "*ob*"}, 1, 1},
    {"|re", "'fo+'", TEST_LIKE_CASED, {"*fo*"}, 0, 0},
    {"|re", "'^foo$'", TEST_LIKE_CASED, {"foo"}, 0, 0},
    {"|re|i", "'^FOO'", TEST_LIKE, {"foo*"}, 0, 0},
    {"|re|m", "'^foo$'", TEST_LIKE_CASED, {"foo", "*\nfoo"}, 0, 0},
    {"|re", "'e.f'", TEST_LIKE_CASED, {"*exf*"}, 0, 0},
    {"|re|s", "'e.f'", TEST_LIKE_CASED, {"*e\nf*"}, 0, 0},
    {"|cidr", "'10.0.0.0/8'", TEST_LIKE, {"10.*"}, 0, 0},
    {"|cidr", "['192.0.2.0/24', 'fd00::/8']", TEST_LIKE, {"192.0.2.*", "fd00:*"}, 0, 0},
    {"|gt", "5", TEST_MORE, {"5.2"}, 0, 0},
    {"|gte", "5", TEST_MORE, {"4.9"}, 0, 0},
    {"|lt", "7", TEST_LESS, {"6.9"}, 0, 0},
    {"|lte", "5.5", TEST_LESS, {"5.6"}, 0, 0},
    {"|exists", "true", TEST_EXISTS, {""}, 0, 0},
    {"|exists", "false", TEST_EXISTS, {""}, 0, 1},
    {"|base64", "foo", TEST_LIKE, {"zm9v"}, 0, 0},
    {"|base64offset|contains", "foo", TEST_LIKE, {"*zm9v*", "*zvb*", "*mb2*"}, 0, 0},
    {"|wide|base64", "foo", TEST_LIKE, {"zgbvag8a"}, 0, 0},
    {"|utf16le|base64", "foo", TEST_LIKE, {"zgbvag8a"}, 0, 0},
    {"|utf16be|base64", "foo", TEST_LIKE, {"agyabwbv"}, 0, 0},
    {"|utf16|base64", "foo", TEST_LIKE, {"//5mag8abwa="}, 0, 0},
    {"|wide|base64offset|contains",
     "foo",
     TEST_LIKE,
     {"*zgbvag8a*", "*yabwbva*", "*mag8abw*"},
     0,
     0},
    {"|windash|contains", "'-enc'", TEST_LIKE, {"*-enc*", "*/enc*", "*\u2013enc*"}, 0, 0},
    {"|windash|startswith", "'/e'", TEST_LIKE, {"-e*", "/e*", "\u2013e*"}, 0, 0},
    {"|contains|all|windash", "['-enc', ' x']", TEST_LIKE, {"*?enc*", "*enc x*"}, 1, 0},
    {"|expand", "'%owners%'", TEST_LIKE, {"web1", "db1", "bare"}, 0, 0},
    {"|fieldref", "a.b", TEST_SAME_AS, {""}, 0, 0},
    {"|fieldref|startswith", "a.b", TEST_STARTS_AS, {""}, 0, 0},
};

enum { KEYWORDS = 4 };
static const struct {
    const char *text, *pattern;
} KEYWORD[KEYWORDS] = {
    {"foo", "*foo*"}, {"'A*B'", "*a*b*"}, {"'5'", "*5*"}, {"'ENC X'", "*enc x*"}};

/* ---- what they mean ---------------------------------------------------------------------- */

static bool like(const char *s, const char *pattern, bool is_caseless)
{
    if (*pattern == '\0')
        return *s == '\0';
    if (*pattern == '*')
        return like(s, pattern + 1, is_caseless) || (*s && like(s + 1, pattern, is_caseless));
    if (*pattern == '?')
        return *s && like(s + 1, pattern + 1, is_caseless);
    pattern += *pattern == '\\';
    bool is_same = is_caseless ? strncasecmp(s, pattern, 1) == 0 : *s == *pattern;
    return *s && is_same && like(s + 1, pattern + 1, is_caseless);
}

static bool value_holds(const struct item *t, const char *any, const struct value *v)
{
    char *end;
    double n = strtod(v->text, &end);
    bool is_number = *end == '\0' && *v->text;

    if (t->test == TEST_LESS || t->test == TEST_MORE)
        return is_number && (t->test == TEST_LESS ? n < strtod(any, NULL) : n > strtod(any, NULL));
    return like(v->text, any, t->test == TEST_LIKE);
}

static bool some_holds(const struct an_event *e, unsigned f, const struct item *t, const char *any)
{
    for (unsigned i = 0; i < e->n[f]; i++)
        if (value_holds(t, any, e->members[f][i]))
            return true;
    return false;
}

/* Some value is, or begins with, some value of a.b, case aside. */
static bool refers(const struct an_event *e, unsigned f, bool is_start)
{
    for (unsigned i = 0; i < e->n[f]; i++)
        for (unsigned k = 0; k < e->n[1]; k++) {
            const char *a = e->members[f][i]->text, *b = e->members[1][k]->text;
            if (is_start ? strncasecmp(a, b, strlen(b)) == 0 : strcasecmp(a, b) == 0)
                return true;
        }
    return false;
}

static bool item_holds(const struct an_event *e, unsigned f, const struct item *t)
{
    bool any = false, all = true;

    if (t->test == TEST_NULL)
        return e->n[f] == 0;
    if (t->test == TEST_EXISTS)
        return e->is_there[f] != t->is_negated;
    if (t->test == TEST_SAME_AS || t->test == TEST_STARTS_AS)
        return refers(e, f, t->test == TEST_STARTS_AS);
    for (size_t i = 0; i < ARRAY_LEN(t->any) && t->any[i]; i++) {
        bool one = some_holds(e, f, t, t->any[i]);
        any |= one;
        all &= one;
    }
    return (t->are_all ? all : any) != t->is_negated;
}

static bool keyword_holds(const struct an_event *e, unsigned keyword)
{
    for (unsigned f = 0; f < FIELDS; f++)
        for (unsigned i = 0; i < e->n[f]; i++)
            if (e->members[f][i]->is_text &&
                like(e->members[f][i]->text, KEYWORD[keyword].pattern, true))
                return true;
    return false;
}

/* ---- detections -------------------------------------------------------------------------- */

enum shape { SHAPE_MAP, SHAPE_MAPS, SHAPE_KEYWORDS, SHAPE_ALL_KEYWORDS };
struct selection {
    enum shape shape;
    unsigned n, fields[ITEMS], keywords[ITEMS];
    const struct item *items[ITEMS];
};
static const char *const SELECTION[SELECTIONS] = {"sel_a", "sel_b", "filter_x", "_own"};

static void make_selection(struct rng *r, struct selection *s, struct buf *out)
{
    unsigned kind = rng_below(r, 8);

    *s = (struct selection){.shape = kind < 5   ? SHAPE_MAP
                                     : kind < 6 ? SHAPE_MAPS
                                     : kind < 7 ? SHAPE_KEYWORDS
                                                : SHAPE_ALL_KEYWORDS,
                            .n = 1 + rng_below(r, ITEMS)};
    buf_printf(out, s->shape == SHAPE_ALL_KEYWORDS ? "\n    '|all':" : "");
    for (unsigned i = 0; i < s->n; i++) {
        s->fields[i] = s->shape == SHAPE_MAP ? i : rng_below(r, FIELDS); /* a key comes once */
        s->items[i] = &TABLE[rng_below(r, ARRAY_LEN(TABLE))];
        s->keywords[i] = rng_below(r, KEYWORDS);
        buf_printf(out, s->shape == SHAPE_MAP ? "\n    " : "\n      - ");
        if (s->shape < SHAPE_KEYWORDS)
            buf_printf(out, "%s%s: %s", NAMES[s->fields[i]], s->items[i]->modifiers,
                       s->items[i]->value);
        else
            buf_printf(out, "%s", KEYWORD[s->keywords[i]].text);
    }
}

static bool selection_holds(const struct an_event *e, const struct selection *s)
{
    bool any = false, all = true;

    for (unsigned i = 0; i < s->n; i++) {
        bool one = s->shape < SHAPE_KEYWORDS ? item_holds(e, s->fields[i], s->items[i])
                                             : keyword_holds(e, s->keywords[i]);
        any |= one;
        all &= one;
    }
    return s->shape == SHAPE_MAP || s->shape == SHAPE_ALL_KEYWORDS ? all : any;
}

/* A condition is printed and, for each event, answered on the same walk. */
struct walk {
    struct rng *rng;
    const bool (*holds)[SELECTIONS]; /* of each event */
    struct buf *out;
};

struct answers {
    bool of[EVENTS];
};

/* Selections from..to-1, all of them or one. */
static struct answers some(const struct walk *w, unsigned from, unsigned to, bool are_all)
{
    struct answers a;

    for (unsigned k = 0; k < EVENTS; k++) {
        a.of[k] = are_all;
        for (unsigned i = from; i < to; i++)
            a.of[k] = are_all ? a.of[k] && w->holds[k][i] : a.of[k] || w->holds[k][i];
    }
    return a;
}

static struct answers condition(const struct walk *w, unsigned depth, unsigned level);

static struct answers leaf(const struct walk *w)
{
    static const struct {
        const char *text;
        unsigned from, to;
        bool are_all;
    } OF[] = {{"1 of them", 0, 3, false},  {"all of them", 0, 3, true},
              {"1 of sel_*", 0, 2, false}, {"all of sel_*", 0, 2, true},
              {"any of _*", 3, 4, false},  {"1 of *_x", 2, 3, false},
              {"all of *l*", 0, 3, true}};
    unsigned n = ARRAY_LEN(OF), i = rng_below(w->rng, n + SELECTIONS);

    buf_printf(w->out, "%s", i < n ? OF[i].text : SELECTION[i - n]);
    return i < n ? some(w, OF[i].from, OF[i].to, OF[i].are_all) : some(w, i - n, i - n + 1, true);
}

/* level: 0 or, 1 and, 2 not; what binds less stands in parentheses. */
static struct answers condition(const struct walk *w, unsigned depth, unsigned level)
{
    unsigned kind = depth ? rng_below(w->rng, 4) : 3;
    struct answers a, b;

    if (kind == 3)
        return leaf(w);
    bool is_wrapped = kind < level || rng_below(w->rng, 5) == 0;
    buf_printf(w->out, is_wrapped ? "(" : "");
    if (kind == 2) {
        buf_printf(w->out, "not ");
        a = condition(w, depth - 1, 2);
    } else {
        a = condition(w, depth - 1, kind);
        buf_printf(w->out, kind ? " and " : " or ");
        b = condition(w, depth - 1, kind + 1);
    }
    for (unsigned k = 0; k < EVENTS; k++)
        a.of[k] = kind == 2 ? !a.of[k] : kind ? a.of[k] && b.of[k] : a.of[k] || b.of[k];
    buf_printf(w->out, is_wrapped ? ")" : "");
    return a;
}

/* ---- the test ---------------------------------------------------------------------------- */

static unsigned one_rule(struct rng *rng)
{
    struct arena *arena = arena_new(0);
    struct buf rule = {0}, texts[EVENTS] = {0};
    struct selection selections[SELECTIONS];
    struct str events[EVENTS];
    bool holds[EVENTS][SELECTIONS], fires[EVENTS];
    unsigned n_matches = 0;

    buf_printf(&rule, "title: t\nlogsource:\n  category: test\ndetection:");
    for (unsigned i = 0; i < SELECTIONS; i++) {
        buf_printf(&rule, "\n  %s:", SELECTION[i]);
        make_selection(rng, &selections[i], &rule);
    }
    for (unsigned k = 0; k < EVENTS; k++) {
        struct an_event e;
        make_event(rng, &e, &texts[k]);
        events[k] = buf_str(&texts[k]);
        for (unsigned i = 0; i < SELECTIONS; i++)
            holds[k][i] = selection_holds(&e, &selections[i]);
    }
    buf_printf(&rule, "\n  condition: ");
    struct answers want =
        condition(&(struct walk){rng, (const bool(*)[SELECTIONS])holds, &rule}, DEPTH, 0);
    buf_printf(&rule, "\n");
    struct str refusal = query_fires_each(arena, "sigma", buf_str(&rule), events, EVENTS, fires);
    if (refusal.n)
        fail_msg("%.*s\n%.*s", (int)rule.n, rule.p, (int)refusal.n, refusal.p);
    for (unsigned k = 0; k < EVENTS; k++) {
        n_matches += want.of[k];
        if (fires[k] != want.of[k])
            fail_msg("%.*s\non %.*s\nshould be %d", (int)rule.n, rule.p, (int)texts[k].n,
                     texts[k].p, want.of[k]);
        buf_release(&texts[k]);
    }
    buf_release(&rule);
    arena_free(arena);
    return n_matches;
}

TEST(detections_mean_what_they_were_made_to_mean)
{
    struct rng rng = rng_start(__func__);
    unsigned n = RULES * rng_rounds(), n_matches = 0;

    for (unsigned i = 0; i < n; i++)
        n_matches += one_rule(&rng);
    printf("%u rules, %u of %u verdicts are matches\n", n, n_matches, n * EVENTS);
    CHECK(n_matches * 10 > n * EVENTS && n_matches * 10 < 9 * n * EVENTS);
}

TEST_MAIN(ENTRY(detections_mean_what_they_were_made_to_mean))

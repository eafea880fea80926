/* test_matcher.c - the compiled matcher against the reference evaluator.
 *
 * Formulas, atoms and events are random over a small alphabet, so that values and operands meet
 * often; every difference is a bug in one of the two. WEIR_SEED repeats a run.
 */
#include "match/matcher.h"

#include "base/str.h"
#include "event/lookup.h"
#include "match/reference.h"
#include "rule/expr.h"
#include "detect/synth.h"
#include "tests/lib/match_rig.h"
#include "tests/lib/test.h"

#include <stdlib.h>

enum { N_RULES = 60, N_EVENTS = 400, N_ROUNDS = 12, N_SMALL = 240 };

static const char *const FIELDS[] = {"a", "b", "c.d", "e"};
/* Events have the first of them. The Kelvin sign and the long s fold to letters of ASCII. */
static const char *const TEXTS[] = {
    "x", "xy",  "Xyz",  "5",        "5.0",          "abcde",   "ABCDEF", "true",
    "",  "cde", "k",    "S",        "\\x.exe",      "ÄRGER",   "ärger",  "kk",
    "z", "xyz", "null", "10.1.2.3", "\xE2\x84\xAA", "\xC5\xBF"};
enum { N_EVENT_TEXTS = 12 };
static const char *const PATTERNS[] = {"x.z", "^ab", "[0-9]+", "(?:cde|xyz)$", "k+", "\\.exe$"};

static struct str pick_text(struct synth *s)
{
    return str_from(TEXTS[synth_below(s, ARRAY_LEN(TEXTS))]);
}

static struct glob pick_glob(struct arena *a, struct synth *s)
{
    struct glob_part *parts = ARENA_ARRAY(a, 3, struct glob_part);
    size_t n = 0;

    if (synth_below(s, 2))
        parts[n++] = (struct glob_part){GLOB_ANY, STR("")};
    parts[n++] = (struct glob_part){GLOB_TEXT, STR("y")};
    parts[n++] = synth_below(s, 2) ? (struct glob_part){GLOB_ONE, STR("")}
                                   : (struct glob_part){GLOB_SET, STR("zä")};
    return (struct glob){parts, n};
}

static struct expr *expr_node(struct arena *a, struct expr e)
{
    struct expr *out = ARENA_NEW(a, struct expr);

    *out = e;
    if (!out->text.p)
        out->text = STR("");
    return out;
}

/* One field against another, or how long one is, or that two have nothing in common. */
static void pick_expr(struct arena *a, struct synth *s, struct atom *x)
{
    static const enum expr_op OPS[] = {EXPR_STARTS, EXPR_ENDS, EXPR_CONTAINS, EXPR_EQ, EXPR_LT};
    struct str *fields = ARENA_ARRAY(a, 2, struct str);
    struct expr **args = ARENA_ARRAY(a, 2, struct expr *),
                **inner = ARENA_ARRAY(a, 1, struct expr *);

    for (uint32_t i = 0; i < 2; i++) {
        fields[i] = str_from(FIELDS[synth_below(s, ARRAY_LEN(FIELDS))]);
        args[i] = expr_node(a, (struct expr){.kind = EXPR_FIELD, .text = fields[i], .slot = i});
    }
    struct expr *e = expr_node(a, (struct expr){.kind = EXPR_CALL,
                                                .op = OPS[synth_below(s, ARRAY_LEN(OPS))],
                                                .fold = synth_below(s, 2) ? FOLD_ASCII : FOLD_NONE,
                                                .args = args,
                                                .n_args = 2});
    if (synth_below(s, 4) == 0) {
        inner[0] = e;
        e = expr_node(
            a, (struct expr){.kind = EXPR_CALL, .op = EXPR_IS_NULL, .args = inner, .n_args = 1});
    }
    x->field = fields[0];
    x->expr = e;
    x->expr_fields = (struct str_list){fields, 2};
    x->is_gated = expr_needs(e, 0);
}

static struct formula *random_formula(struct arena *a, struct synth *s, unsigned depth);

/* What is asked inside: some field by a pattern, or some object. */
static void pick_inner(struct arena *a, struct synth *s, struct atom *x)
{
    static const char *const INNER[] = {"d", "x", "d.d", FIELD_ANY_NAME};
    static const struct glob_part ANY = {GLOB_ANY, {"", 0}};
    struct glob_part *parts = ARENA_ARRAY(a, 2, struct glob_part);
    bool is_field = x->op == ATOM_SOME_FIELD;
    struct formula *two[2];

    for (size_t i = 0; i < 2; i++) {
        struct atom *y = ARENA_NEW(a, struct atom);
        static const enum atom_op OPS[] = {ATOM_EQ,     ATOM_CONTAINS, ATOM_EXISTS,  ATOM_HAS_VALUE,
                                           ATOM_NUM_EQ, ATOM_NUM_LT,   ATOM_IS_NULL, ATOM_WORDS,
                                           ATOM_CIDR,   ATOM_GLOB,     ATOM_TIME_CMP};
        y->op = OPS[synth_below(s, ARRAY_LEN(OPS))];
        y->field = is_field ? STR("") : str_from(INNER[synth_below(s, ARRAY_LEN(INNER))]);
        y->fold = (enum fold)synth_below(s, 3);
        y->array = (enum array_rule)synth_below(s, 4);
        y->text = y->op == ATOM_CIDR                             ? STR("10.0.0.0/8")
                  : y->op == ATOM_NUM_EQ || y->op == ATOM_NUM_LT ? STR("5")
                                                                 : pick_text(s);
        y->cmp = ATOM_NUM_LE;
        y->time = (struct rule_time){.is_relative = true, .steps = NULL};
        if (y->op == ATOM_GLOB)
            y->glob = pick_glob(a, s);
        two[i] = formula_atom(a, y);
        if (synth_below(s, 3) == 0)
            two[i] = formula_not(a, two[i]);
    }
    x->inner = formula_join(a, synth_below(s, 2) ? FORMULA_AND : FORMULA_OR, two, 2);
    parts[0] = (struct glob_part){GLOB_TEXT, synth_below(s, 2) ? STR("c") : STR("a")};
    parts[1] = ANY;
    x->glob = synth_below(s, 3) ? (struct glob){parts, 2} : (struct glob){&ANY, 1};
    if (!is_field && synth_below(s, 4) == 0) { /* an object in an object */
        struct atom *outer = ARENA_NEW(a, struct atom);
        *outer = *x;
        outer->field = STR("d");
        x->inner = formula_atom(a, outer);
    }
}

static void pick_time(struct arena *a, struct synth *s, struct atom *x)
{
    static const char UNITS[] = "yMwdhms";
    struct time_step *steps = ARENA_ARRAY(a, 2, struct time_step);

    steps[0] =
        (struct time_step){.unit = UNITS[synth_below(s, 7)], .n = -(int64_t)synth_below(s, 3)};
    steps[1] = (struct time_step){.unit = UNITS[synth_below(s, 7)], .is_round = true};
    x->time = (struct rule_time){.is_relative = synth_below(s, 2),
                                 .at_ms = 1783404000000, /* 2026-07-07T06:00:00Z */
                                 .steps = steps,
                                 .n_steps = synth_below(s, 3),
                                 .rounds_up = synth_below(s, 2)};
}

static struct formula *random_atom(struct arena *a, struct synth *s)
{
    static const enum atom_op OPS[] = {
        ATOM_EQ,          ATOM_EQ,         ATOM_PREFIX,    ATOM_SUFFIX,   ATOM_CONTAINS,
        ATOM_CONTAINS,    ATOM_GLOB,       ATOM_REGEX,     ATOM_CIDR,     ATOM_NUM_EQ,
        ATOM_NUM_EQ,      ATOM_NUM_LT,     ATOM_NUM_GE,    ATOM_BOOL,     ATOM_EXISTS,
        ATOM_IS_NULL,     ATOM_FIELD_CMP,  ATOM_TIME_PART, ATOM_EXPR,     ATOM_HAS_VALUE,
        ATOM_WORDS,       ATOM_WORDS,      ATOM_TEXT_CMP,  ATOM_TIME_CMP, ATOM_SOME_FIELD,
        ATOM_SOME_MEMBER, ATOM_SOME_MEMBER};
    static const enum atom_op ORDERS[] = {ATOM_EQ,     ATOM_NUM_EQ, ATOM_NUM_LT,
                                          ATOM_NUM_LE, ATOM_NUM_GT, ATOM_NUM_GE};
    struct atom *x = ARENA_NEW(a, struct atom);

    x->op = OPS[synth_below(s, ARRAY_LEN(OPS))];
    x->field = synth_below(s, 12) ? str_from(FIELDS[synth_below(s, ARRAY_LEN(FIELDS))])
                                  : STR(FIELD_ANY_NAME);
    x->text = pick_text(s);
    x->other = str_from(FIELDS[synth_below(s, ARRAY_LEN(FIELDS))]);
    x->cmp = ATOM_EQ;
    x->fold = synth_below(s, 5) ? FOLD_ASCII : synth_below(s, 2) ? FOLD_NONE : FOLD_SIMPLE;
    x->miss = synth_below(s, 4) ? MISS_FALSE : synth_below(s, 2) ? MISS_UNKNOWN : MISS_TRUE;
    x->array = synth_below(s, 5) ? ARRAY_ANY : (enum array_rule)synth_below(s, 4);
    if (x->op == ATOM_GLOB)
        x->glob = pick_glob(a, s);
    if (x->op == ATOM_REGEX) {
        x->regex.pattern = str_from(PATTERNS[synth_below(s, ARRAY_LEN(PATTERNS))]);
        x->regex.is_caseless = synth_below(s, 2);
    }
    if (x->op == ATOM_CIDR)
        x->text = STR("10.0.0.0/8");
    if (x->op >= ATOM_NUM_EQ && x->op <= ATOM_NUM_GE)
        x->text = STR("5");
    if (x->op == ATOM_TIME_PART) {
        x->part = (enum time_part)synth_below(s, PART_YEAR + 1);
        x->cmp = ORDERS[synth_below(s, ARRAY_LEN(ORDERS))];
        x->text = STR("7");
    }
    if (x->op == ATOM_EXPR)
        pick_expr(a, s, x);
    if (x->op == ATOM_WORDS && synth_below(s, 3) == 0)
        x->glob = pick_glob(a, s);
    if (x->op == ATOM_TEXT_CMP || x->op == ATOM_TIME_CMP)
        x->cmp = ORDERS[2 + synth_below(s, 4)];
    if (x->op == ATOM_TIME_CMP)
        pick_time(a, s, x);
    if (x->op == ATOM_SOME_FIELD || x->op == ATOM_SOME_MEMBER) {
        x->field = x->op == ATOM_SOME_FIELD ? STR("c*") : synth_below(s, 2) ? STR("a") : STR("c");
        pick_inner(a, s, x);
    }
    if (str_eq(x->field, STR(FIELD_ANY_NAME)) && x->op <= ATOM_REGEX && synth_below(s, 2)) {
        static const struct str EXCEPT[] = {{"a", 1}, {"c*", 2}};
        x->miss = MISS_FALSE;
        x->array = ARRAY_ANY;
        x->except = (struct str_list){EXCEPT, 1 + synth_below(s, 2)};
    }
    return formula_atom(a, x);
}

static struct formula *random_formula(struct arena *a, struct synth *s, unsigned depth)
{
    struct formula *children[4];
    uint32_t kind = depth ? synth_below(s, 8) : 0;

    if (kind < 3)
        return random_atom(a, s);
    if (kind == 3)
        return formula_not(a, random_formula(a, s, depth - 1));
    size_t n = 1 + synth_below(s, 4);
    for (size_t i = 0; i < n; i++)
        children[i] = random_formula(a, s, depth - 1);
    return formula_join(a, kind < 6 ? FORMULA_AND : FORMULA_OR, children, n);
}

static void random_value(struct synth *s, struct buf *out, unsigned depth)
{
    switch (synth_below(s, depth ? 10 : 7)) {
    case 0:
        buf_add(out, STR("null"));
        break;
    case 1:
        buf_add(out, STR("5.00"));
        break;
    case 2:
        buf_add(out, synth_below(s, 2) ? STR("true") : STR("7"));
        break;
    case 3:
        buf_printf(out, "\"2026-07-0%uT0%u:0%u:00Z\"", 6 + synth_below(s, 3), 6 + synth_below(s, 3),
                   6 + synth_below(s, 3));
        break;
    case 7:
        buf_add_char(out, '[');
        for (uint32_t n = synth_below(s, 4), i = 0; i < n; i++) {
            if (i)
                buf_add_char(out, ',');
            random_value(s, out, depth - 1);
        }
        buf_add_char(out, ']');
        break;
    case 8:
        buf_add(out, STR("{\"d\":"));
        random_value(s, out, depth - 1);
        if (synth_below(s, 2)) {
            buf_add(out, STR(",\"x\":"));
            random_value(s, out, 0);
        }
        buf_add_char(out, '}');
        break;
    default:
        buf_printf(out, "\"%s%s%s\"", synth_below(s, 3) ? "" : "\\u212A\\\\",
                   strcmp(TEXTS[synth_below(s, N_EVENT_TEXTS)], "\\x.exe") ? "" : "q",
                   synth_below(s, 4) ? TEXTS[synth_below(s, N_EVENT_TEXTS)] : "\xc4rger\\\\x.EXE");
    }
}

static void random_event(struct synth *s, struct buf *out)
{
    static const char *const KEYS[] = {"a", "b", "c", "c.d", "e", "a", "@timestamp"};

    buf_add_char(out, '{');
    for (uint32_t n = synth_below(s, 6), i = 0; i < n; i++) {
        if (i)
            buf_add_char(out, ',');
        buf_printf(out, "\"%s\":", KEYS[synth_below(s, ARRAY_LEN(KEYS))]);
        random_value(s, out, 2);
    }
    buf_add_char(out, '}');
}

static struct rule *rule_of(struct arena *a, struct formula *f, uint32_t number)
{
    struct rule *r = ARENA_NEW(a, struct rule);

    r->formula = f;
    r->uid = arena_printf(a, "rule-%u", number);
    r->logsource = (struct logsource){STR(""), STR(""), STR(""), {NULL, 0}};
    return r;
}

/* One event through both engines. */
static void check_event(struct match_rig *g, struct str text, uint64_t seed)
{
    struct event event;
    struct json_node *root;
    struct event_tree tree;
    const struct match *matches;
    struct arena *scratch = arena_new(0);

    CHECK_EQ(extract_event(g->worker, text, (struct event_ref){0}, &event), EVENT_OK);
    size_t n = matcher_run(g->matcher, &event, 1, &matches), at = 0;
    CHECK_EQ(json_tree_parse(scratch, text, &root, NULL), JSON_OK);
    event_tree_init(&tree, g->profiles, root, NULL);
    for (uint32_t r = 0; r < g->plan->n_rules; r++) {
        bool reference = reference_match(g->reference, g->plan->rules[r].rule, &tree);
        bool compiled = at < n && matches[at].rule == r;
        at += compiled;
        if (reference != compiled) {
            struct buf dump = {0};
            net_dump_rule(g->net, r, &dump);
            print_error("seed %llu: compiled %d, reference %d\nevent %.*s\n%.*s",
                        (unsigned long long)seed, compiled, reference, (int)text.n, text.p,
                        (int)dump.n, dump.p);
            buf_release(&dump);
        }
        CHECK_EQ(reference, compiled);
    }
    CHECK_EQ(at, n);
    extract_batch_reset(g->worker);
    arena_free(scratch);
}

/* Returns whether the net has joints. */
static bool check_random(uint64_t seed, bool has_cache, struct str profile, uint32_t n_rules,
                         int n_events)
{
    struct synth s = {seed};
    struct match_rig g = {.a = arena_new(0), .profile = profile};
    struct rule *rules[N_RULES];
    struct buf text = {0};

    for (uint32_t i = 0; i < n_rules; i++)
        rules[i] = rule_of(g.a, random_formula(g.a, &s, 4), i);
    match_rig_init(&g, rules, n_rules, has_cache);
    bool has_joints = g.net->n_tables > field_count(g.plan->fields);
    for (int i = 0; i < n_events; i++) {
        buf_clear(&text);
        random_event(&s, &text);
        check_event(&g, buf_str(&text), seed);
    }
    buf_release(&text);
    match_rig_release(&g);
    return has_joints;
}

static uint64_t first_seed(void)
{
    const char *given = getenv("WEIR_SEED");

    return given ? strtoull(given, NULL, 10) : 20261121;
}

TEST(equals_the_reference_on_random_rules_and_events)
{
    uint64_t seed = first_seed();

    for (int round = 0; round < N_ROUNDS; round++, seed++)
        CHECK(!check_random(seed, round % 2, STR(""), N_RULES, N_EVENTS));
}

/* Of events with an `a`, b is what a is, and e what c.d is; of the others each is its own. */
#define TWO_NAMES                                                               \
    "name: two_names\ndescription: one value under two names\npriority: 1000\n" \
    "match:\n  - all:\n      - exists: a\n"                                     \
    "fields:\n  b: [a, b]\n  e: [c.d]\n"

TEST(equals_the_reference_where_one_path_has_several_names)
{
    uint64_t seed = first_seed();

    for (int round = 0; round < N_ROUNDS; round++, seed++)
        CHECK(check_random(seed, round % 2, STR(TWO_NAMES), N_RULES, N_EVENTS));
}

/* Few rules leave fields that wake none of them. */
TEST(equals_the_reference_with_few_rules)
{
    uint64_t seed = first_seed();

    for (int round = 0; round < N_SMALL; round++, seed++)
        check_random(seed, round % 2, round % 3 ? STR("") : STR(TWO_NAMES), 1 + (uint32_t)round % 4,
                     N_EVENTS / 8);
}

/* Compared by Unicode. */
static struct formula *equals(struct arena *a, const char *field, const char *text)
{
    struct atom *x = ARENA_NEW(a, struct atom);

    x->op = ATOM_EQ;
    x->field = str_from(field);
    x->text = str_from(text);
    x->fold = FOLD_SIMPLE;
    return formula_atom(a, x);
}

static struct formula *contains(struct arena *a, const char *field, const char *text)
{
    struct atom *x = ARENA_NEW(a, struct atom);

    x->op = ATOM_CONTAINS;
    x->field = str_from(field);
    x->text = str_from(text);
    x->fold = FOLD_ASCII;
    return formula_atom(a, x);
}

/* The lines, as one batch, match so. */
static void finds(struct match_rig *g, const char *const *lines, size_t n, struct event *events,
                  const struct match *want, size_t n_want)
{
    const struct match *matches;

    for (size_t i = 0; i < n; i++)
        CHECK_EQ(extract_event(g->worker, str_from(lines[i]), (struct event_ref){0}, &events[i]),
                 EVENT_OK);
    CHECK_EQ(matcher_run(g->matcher, events, n, &matches), n_want);
    for (size_t i = 0; i < n_want; i++) {
        CHECK_EQ(matches[i].event, want[i].event);
        CHECK_EQ(matches[i].rule, want[i].rule);
    }
}

/* Without an `a` the two fields are not one, whatever stands beside each other and is as long. */
TEST(fields_that_share_a_path_elsewhere_are_looked_at_apart_where_they_do_not)
{
    static const char *const LINES[] = {"{\"c\":{\"d\":\"first\"},\"e\":\"other\"}",
                                        "{\"e\":\"other\",\"c\":{\"d\":\"first\"}}",
                                        "{\"a\":1,\"e\":\"other\",\"c\":{\"d\":\"first\"}}"};
    static const struct match WANT[] = {{0, 0}, {0, 1}, {1, 0}, {1, 1}, {2, 0}};
    struct match_rig g = {.a = arena_new(0), .profile = STR(TWO_NAMES)};
    struct rule *rules[] = {rule_of(g.a, contains(g.a, "c.d", "first"), 0),
                            rule_of(g.a, contains(g.a, "e", "other"), 1)};
    struct event events[ARRAY_LEN(LINES)];

    match_rig_init(&g, rules, ARRAY_LEN(rules), false);
    CHECK(g.net->n_tables > field_count(g.plan->fields));
    finds(&g, LINES, ARRAY_LEN(LINES), events, WANT, ARRAY_LEN(WANT));
    match_rig_release(&g);
}

/* Three names of one path in the one profile; in the other, the third is something else. */
#define THREE_NAMES                                                                 \
    "name: three_names\ndescription: one value under three names\npriority: 1002\n" \
    "match:\n  - all:\n      - exists: x\n"                                         \
    "fields:\n  a: [p]\n  b: [p]\n  e: [p]\n"
#define TWO_AND_ANOTHER                                                          \
    "name: two_and_another\ndescription: one is another value\npriority: 1001\n" \
    "match:\n  - all:\n      - exists: z\n"                                      \
    "fields:\n  a: [y]\n  b: [p]\n  e: [p]\n"

TEST(what_two_names_share_is_not_found_in_a_third)
{
    static const char *const LINES[] = {"{\"x\":1,\"p\":\"first\"}",
                                        "{\"z\":1,\"p\":\"first\",\"y\":\"other\"}",
                                        "{\"z\":1,\"p\":\"other\",\"y\":\"first\"}"};
    static const struct match WANT[] = {{0, 0}, {0, 1}, {0, 2}, {1, 1}, {1, 2}, {2, 0}};
    struct match_rig g = {
        .a = arena_new(0), .profile = STR(THREE_NAMES), .second_profile = STR(TWO_AND_ANOTHER)};
    struct rule *rules[] = {rule_of(g.a, contains(g.a, "a", "first"), 0),
                            rule_of(g.a, contains(g.a, "b", "first"), 1),
                            rule_of(g.a, contains(g.a, "e", "first"), 2)};
    struct event events[ARRAY_LEN(LINES)];

    match_rig_init(&g, rules, ARRAY_LEN(rules), false);
    CHECK(g.net->n_tables > field_count(g.plan->fields));
    finds(&g, LINES, ARRAY_LEN(LINES), events, WANT, ARRAY_LEN(WANT));
    match_rig_release(&g);
}

/* What is common wakes nobody; it is looked for when what is rare was found. */
TEST(a_field_that_wakes_no_rule_is_looked_at_when_one_asks)
{
    static const char *const LINES[] = {
        "{\"a\":\"zqxvkj wq\",\"b\":\"an powershell\"}",
        "{\"a\":\"zqxvkj wq\",\"b\":[\"x\",\"PowerShell\"]}", "{\"a\":\"zqxvkj wq\",\"b\":\"x\"}",
        "{\"a\":\"m\",\"b\":\"powershell\"}", "{\"a\":\"zqxvkj wq\"}"};
    struct match_rig g = {.a = arena_new(0)};
    struct formula *both[] = {contains(g.a, "a", "zqxvkj wq"), contains(g.a, "b", "powershell")};
    struct formula * not [] = {contains(g.a, "a", "zqxvkj wq"),
                               formula_not(g.a, contains(g.a, "b", "powershell"))};
    struct rule *rules[] = {rule_of(g.a, formula_join(g.a, FORMULA_AND, both, 2), 0),
                            rule_of(g.a, formula_join(g.a, FORMULA_AND, not, 2), 1)};
    static const struct match WANT[] = {{0, 0}, {1, 0}, {2, 1}, {4, 1}};
    struct event events[ARRAY_LEN(LINES)];

    match_rig_init(&g, rules, ARRAY_LEN(rules), false);
    finds(&g, LINES, ARRAY_LEN(LINES), events, WANT, ARRAY_LEN(WANT));
    uint32_t shape = events[0].shape;
    CHECK(matcher_field_lazy(g.matcher, shape, field_find(g.plan->fields, STR("b"))));
    CHECK(!matcher_field_lazy(g.matcher, shape, field_find(g.plan->fields, STR("a"))));
    match_rig_release(&g);
}

/* ---- what wakes a rule ---- */

static struct formula *whole_text(struct arena *a, const char *field, struct str text,
                                  enum fold fold)
{
    struct atom *x = ARENA_NEW(a, struct atom);

    x->op = ATOM_EQ;
    x->field = str_from(field);
    x->text = text;
    x->fold = fold;
    return formula_atom(a, x);
}

/* An event starts something, and its name is one of n of 20. */
static struct formula *starts_one_of(struct arena *a, uint32_t from, uint32_t step, uint32_t n,
                                     enum fold fold)
{
    struct formula *names[20], *both[2];

    for (uint32_t i = 0; i < n; i++)
        names[i] = whole_text(a, "name", arena_printf(a, "name%02u.exe", (from + i * step) % 20),
                              FOLD_ASCII);
    both[0] = whole_text(a, "type", STR("start"), fold);
    both[1] = formula_join(a, FORMULA_OR, names, n);
    return formula_join(a, FORMULA_AND, both, 2);
}

static struct formula *starts_with_port(struct arena *a)
{
    struct atom *x = ARENA_NEW(a, struct atom);
    struct formula *both[2] = {whole_text(a, "type", STR("start"), FOLD_ASCII)};

    x->op = ATOM_NUM_LT;
    x->field = STR("port");
    x->text = STR("5");
    both[1] = formula_atom(a, x);
    return formula_join(a, FORMULA_AND, both, 2);
}

/* Names that each of many rules asks for are rarer than the one type that all of them ask for,
 * whichever way a language asks for it; so is a field that few rules ask for. */
TEST(what_all_rules_ask_for_wakes_none_that_asks_for_names)
{
    enum { MANY = 300, NAMES = MANY, PORT };
    static const char *const OTHERS[] = {"{\"type\":\"start\",\"name\":\"other\"}"};
    static const char *const LINES[] = {"{\"type\":\"start\",\"name\":\"NAME01.exe\"}",
                                        "{\"type\":\"start\",\"port\":4}"};
    struct match_rig g = {.a = arena_new(0)};
    struct rule *rules[PORT + 1];
    struct event events[ARRAY_LEN(LINES)];
    const struct match *matches;

    for (uint32_t i = 0; i < MANY; i++)
        rules[i] = rule_of(g.a, starts_one_of(g.a, i % 20, 1 + i / 20, 4, FOLD_ASCII), i);
    rules[NAMES] = rule_of(g.a, starts_one_of(g.a, 0, 1, 10, FOLD_NONE), NAMES);
    rules[PORT] = rule_of(g.a, starts_with_port(g.a), PORT);
    match_rig_init(&g, rules, ARRAY_LEN(rules), false);
    finds(&g, OTHERS, ARRAY_LEN(OTHERS), events, NULL, 0); /* the first batch is sampled */
    CHECK_EQ(matcher_rule_stats(g.matcher, NAMES)->evaluations, 0);
    CHECK_EQ(matcher_rule_stats(g.matcher, PORT)->evaluations, 0);
    for (size_t i = 0; i < ARRAY_LEN(LINES); i++)
        CHECK_EQ(extract_event(g.worker, str_from(LINES[i]), (struct event_ref){0}, &events[i]),
                 EVENT_OK);
    size_t n = matcher_run(g.matcher, events, ARRAY_LEN(LINES), &matches);
    CHECK(n > 2);
    CHECK_EQ(matches[n - 2].rule, NAMES);
    CHECK_EQ(matches[n - 1].rule, PORT);
    match_rig_release(&g);
}

/* The image ends so, and is no other's. */
static struct formula *ends_but(struct arena *a, enum atom_op op, const char *text, const char *but)
{
    struct atom *x = ARENA_NEW(a, struct atom);
    struct glob_part *parts = ARENA_ARRAY(a, 3, struct glob_part);
    struct formula *both[2];

    parts[0].kind = parts[2].kind = GLOB_ANY;
    parts[1] = (struct glob_part){GLOB_TEXT, str_from(text)};
    x->op = op;
    x->field = STR("image");
    x->text = str_from(text);
    x->glob = (struct glob){parts, 3};
    x->fold = FOLD_ASCII;
    both[0] = formula_atom(a, x);
    both[1] = formula_not(a, contains(a, "image", but));
    return formula_join(a, FORMULA_AND, both, 2);
}

/* A field that many rules ask for is in most events: a text wakes a rule less often, even one that
 * is too common to be looked for otherwise. */
TEST(a_rule_with_nothing_rarer_is_woken_by_a_common_text)
{
    enum { MANY = 300, END = MANY, GLOB, N };
    static const char *const OTHERS[] = {"{\"image\":\"c:\\\\other.bin\"}"};
    static const char *const LINES[] = {
        "{\"image\":\"c:\\\\SVCHOST.exe\"}", "{\"image\":\"c:\\\\svchost.exe.its\"}",
        "{\"image\":\"c:\\\\its\\\\svchost.exe\"}", "{\"image\":\"d:\\\\Program Files\\\\x\"}"};
    static const struct match WANT[] = {{0, END}, {3, GLOB}};
    struct match_rig g = {.a = arena_new(0)};
    struct rule *rules[N];
    struct event events[ARRAY_LEN(LINES)];

    for (uint32_t i = 0; i < MANY; i++)
        rules[i] =
            rule_of(g.a, whole_text(g.a, "image", arena_printf(g.a, "name%u", i), FOLD_ASCII), i);
    rules[END] = rule_of(g.a, ends_but(g.a, ATOM_SUFFIX, "\\svchost.exe", "its"), END);
    rules[GLOB] = rule_of(g.a, ends_but(g.a, ATOM_GLOB, "Program Files", "its"), GLOB);
    match_rig_init(&g, rules, N, false);
    finds(&g, OTHERS, ARRAY_LEN(OTHERS), events, NULL, 0); /* the first batch is sampled */
    CHECK_EQ(matcher_rule_stats(g.matcher, END)->evaluations, 0);
    CHECK_EQ(matcher_rule_stats(g.matcher, GLOB)->evaluations, 0);
    finds(&g, LINES, ARRAY_LEN(LINES), events, WANT, ARRAY_LEN(WANT));
    match_rig_release(&g);
}

TEST(a_batch_gives_matches_ordered_by_event_then_rule)
{
    struct match_rig g = {.a = arena_new(0)};
    struct rule *rules[] = {rule_of(g.a, contains(g.a, "a", "two"), 0),
                            rule_of(g.a, formula_not(g.a, contains(g.a, "a", "one")), 1),
                            rule_of(g.a, contains(g.a, "a", "o"), 2)};
    static const char *const LINES[] = {"{\"a\":\"one\"}", "{\"a\":\"two\"}", "{}"};
    static const struct match WANT[] = {{0, 2}, {1, 0}, {1, 1}, {1, 2}, {2, 1}};
    struct event events[3];
    const struct match *matches;

    match_rig_init(&g, rules, 3, false);
    for (size_t i = 0; i < 3; i++)
        CHECK_EQ(extract_event(g.worker, str_from(LINES[i]), (struct event_ref){0}, &events[i]),
                 EVENT_OK);
    CHECK_EQ(matcher_run(g.matcher, events, 3, &matches), ARRAY_LEN(WANT));
    for (size_t i = 0; i < ARRAY_LEN(WANT); i++) {
        CHECK_EQ(matches[i].event, WANT[i].event);
        CHECK_EQ(matches[i].rule, WANT[i].rule);
    }
    CHECK_EQ(matcher_rule_stats(g.matcher, 2)->matches, 2);
    CHECK(matcher_field_seen(g.matcher, events[0].shape, field_find(g.plan->fields, STR("a"))));
    match_rig_release(&g);
}

TEST(matches_of_a_full_batch_have_the_numbers_of_their_events)
{
    struct match_rig g = {.a = arena_new(0)};
    struct rule *rules[] = {rule_of(g.a, contains(g.a, "a", "two"), 0)};
    struct event events[MATCH_BATCH_MAX];
    const struct match *matches;

    match_rig_init(&g, rules, 1, false);
    for (size_t i = 0; i < MATCH_BATCH_MAX; i++)
        CHECK_EQ(extract_event(g.worker, i % 3 ? STR("{\"a\":\"one\"}") : STR("{\"a\":\"two\"}"),
                               (struct event_ref){0}, &events[i]),
                 EVENT_OK);
    CHECK_EQ(matcher_run(g.matcher, events, MATCH_BATCH_MAX, &matches), (MATCH_BATCH_MAX + 2) / 3);
    for (uint32_t i = 0; i < (MATCH_BATCH_MAX + 2) / 3; i++)
        CHECK_EQ(matches[i].event, 3 * i);
    match_rig_release(&g);
}

TEST(equal_parts_of_rules_become_one_node)
{
    struct match_rig g = {.a = arena_new(0)};
    struct formula *x = contains(g.a, "a", "one"), *y = contains(g.a, "b", "two");
    struct formula *xy[] = {x, y}, *yx[] = {y, contains(g.a, "a", "one")};
    struct rule *rules[] = {rule_of(g.a, formula_join(g.a, FORMULA_AND, xy, 2), 0),
                            rule_of(g.a, formula_join(g.a, FORMULA_AND, yx, 2), 1),
                            rule_of(g.a, formula_not(g.a, formula_not(g.a, x)), 2)};

    match_rig_init(&g, rules, 3, false);
    CHECK_EQ(g.plan->n_atoms, 2);
    CHECK_EQ(g.plan->rules[0].root, g.plan->rules[1].root);
    CHECK_EQ(g.plan->nodes[g.plan->rules[2].root].kind, FORMULA_ATOM);
    match_rig_release(&g);
}

enum { PAIRS = 40 }; /* so many that both rules share their steps */

/* One of many pairs of texts, in two fields; the first texts of some overlap. */
static struct formula *one_of_pairs(struct arena *a)
{
    struct formula *pairs[PAIRS];

    for (uint32_t i = 0; i < PAIRS; i++) {
        struct str first = arena_printf(a, "job-%u%c", i / 2, '\0'),
                   second = arena_printf(a, "svc%c-%c", 'a' + (char)(i % 3), '\0');
        struct formula *both[] = {contains(a, "a", first.p), contains(a, "b", second.p)};
        pairs[i] = formula_join(a, FORMULA_AND, both, 2);
    }
    return formula_join(a, FORMULA_OR, pairs, PAIRS);
}

/* What exclusions of several conditions become: the pairs have one gate, which each must open. */
TEST(one_of_many_pairs_is_found_and_excluded)
{
    struct match_rig g = {.a = arena_new(0)};
    struct formula *left_out[] = {contains(g.a, "c", "here"), formula_not(g.a, one_of_pairs(g.a))};
    struct rule *rules[] = {rule_of(g.a, one_of_pairs(g.a), 0),
                            rule_of(g.a, formula_join(g.a, FORMULA_AND, left_out, 2), 1)};
    struct buf text = {0};

    match_rig_init(&g, rules, 2, false);
    for (uint32_t i = 0; i < PAIRS * PAIRS; i++) {
        buf_clear(&text);
        buf_printf(&text, "{\"a\":\"x job-%u\",\"b\":\"svc%c-\",\"c\":\"here\"}", i / PAIRS,
                   'a' + (char)(i % PAIRS));
        check_event(&g, buf_str(&text), i);
    }
    check_event(&g, STR("{\"a\":\"job-1\",\"c\":\"here\"}"), 0);
    check_event(&g, STR("{\"b\":\"svca-\",\"c\":\"here\"}"), 0);
    CHECK(matcher_rule_stats(g.matcher, 0)->matches > 0);
    CHECK(matcher_rule_stats(g.matcher, 1)->matches > 0);
    buf_release(&text);
    match_rig_release(&g);
}

/* What is compared by Unicode may be ASCII in the event: the Kelvin sign is a k, the long s an s.
 */
TEST(a_letter_that_folds_to_ascii_equals_it)
{
    static const char *const EVENTS[] = {"k", "K", "\xE2\x84\xAA", "s", "\xC5\xBF", "x"};
    struct match_rig g = {.a = arena_new(0)};
    struct formula *k = equals(g.a, "a", "\xE2\x84\xAA"), *s = equals(g.a, "a", "\xC5\xBF");
    struct formula *plain = contains(g.a, "a", "xy");
    struct rule *rules[] = {rule_of(g.a, k, 0), rule_of(g.a, formula_not(g.a, s), 1),
                            rule_of(g.a, plain, 2)};
    struct buf text = {0};

    match_rig_init(&g, rules, 3, false);
    for (size_t i = 0; i < ARRAY_LEN(EVENTS); i++) {
        buf_clear(&text);
        buf_printf(&text, "{\"a\":\"%s\"}", EVENTS[i]);
        check_event(&g, buf_str(&text), i);
    }
    CHECK_EQ(matcher_rule_stats(g.matcher, 0)->matches, 3);
    CHECK_EQ(matcher_rule_stats(g.matcher, 1)->matches, 4);
    buf_release(&text);
    match_rig_release(&g);
}

TEST_MAIN(ENTRY(equals_the_reference_on_random_rules_and_events),
          ENTRY(equals_the_reference_where_one_path_has_several_names),
          ENTRY(equals_the_reference_with_few_rules),
          ENTRY(what_two_names_share_is_not_found_in_a_third),
          ENTRY(a_field_that_wakes_no_rule_is_looked_at_when_one_asks),
          ENTRY(what_all_rules_ask_for_wakes_none_that_asks_for_names),
          ENTRY(a_rule_with_nothing_rarer_is_woken_by_a_common_text),
          ENTRY(fields_that_share_a_path_elsewhere_are_looked_at_apart_where_they_do_not),
          ENTRY(a_batch_gives_matches_ordered_by_event_then_rule),
          ENTRY(matches_of_a_full_batch_have_the_numbers_of_their_events),
          ENTRY(equal_parts_of_rules_become_one_node),
          ENTRY(one_of_many_pairs_is_found_and_excluded),
          ENTRY(a_letter_that_folds_to_ascii_equals_it))

/* test_sight.c - which rules are blind to what comes, and how that reaches the metrics. */
#include "worker/sight.h"

#include "base/arena.h"
#include "event/profile.h"
#include "tests/lib/test.h"

enum { RULES_MAX = 128 };

struct world {
    struct arena *arena;
    struct rule *rules[RULES_MAX];
    size_t n;
    const struct profile_set *profiles;
    struct engine *engine;
    struct metric_board *board;
    struct metric_lane *lane;
};

static struct formula *is(struct arena *a, const char *field, const char *value)
{
    struct atom *x = ARENA_NEW(a, struct atom);

    *x = (struct atom){.op = ATOM_EQ, .field = str_from(field), .text = str_from(value)};
    return formula_atom(a, x);
}

static struct formula *has(struct arena *a, const char *field)
{
    return is(a, field, "v");
}

static struct formula *is_null(struct arena *a, const char *field)
{
    struct atom *x = ARENA_NEW(a, struct atom);

    *x = (struct atom){.op = ATOM_IS_NULL, .field = str_from(field)};
    return formula_atom(a, x);
}

static struct formula *join(struct arena *a, enum formula_kind kind, struct formula *x,
                            struct formula *y)
{
    struct formula **both = ARENA_ARRAY(a, 2, struct formula *);

    both[0] = x;
    both[1] = y;
    return formula_join(a, kind, both, 2);
}

static void add_rule(struct world *w, const char *category, struct formula *f)
{
    struct rule *r = ARENA_NEW(w->arena, struct rule);

    r->uid = arena_printf(w->arena, "r-%zu", w->n);
    r->logsource = (struct logsource){.product = STR("windows"), .category = str_from(category)};
    r->formula = f;
    w->rules[w->n++] = r;
}

static int64_t now_zero(UNUSED void *context)
{
    return 0;
}

/* Compile, and count by a board of one lane. */
static void begin(struct world *w)
{
    const struct engine_options options = {.kind = ENGINE_COMPILED};
    struct str uids[RULES_MAX];
    struct weir_err err;

    CHECK_EQ(profile_set_load(w->arena, STR(""), &w->profiles, &err), WEIR_OK);
    CHECK_EQ(engine_new(w->rules, w->n, w->profiles, &options, &w->engine, &err), WEIR_OK);
    w->board = metric_board_new(&(struct metric_options){.n_lanes = 1, .now_ms = now_zero});
    w->lane = metric_reader(w->board, 0);
    for (size_t i = 0; i < w->n; i++)
        uids[i] = w->rules[i]->uid;
    metric_set_rules(w->board,
                     &(struct metric_ruleset){.number = 1, .rules = uids, .n_rules = w->n});
    metric_use_rules(w->lane, 1);
}

static void end(struct world *w)
{
    metric_board_free(w->board);
    engine_free(w->engine);
    arena_free(w->arena);
}

static void feed(struct world *w, const char *record)
{
    const struct engine_match *matches;
    struct event event;

    CHECK_EQ(
        extract_event(engine_worker(w->engine), str_from(record), (struct event_ref){0}, &event),
        EVENT_OK);
    (void)engine_run(w->engine, &event, 1, &matches);
    extract_batch_reset(engine_worker(w->engine));
}

#define SYSMON                                                                                   \
    "{\"EventID\":1,\"Channel\":\"Microsoft-Windows-Sysmon/Operational\",\"Provider_Name\":"     \
    "\"Microsoft-Windows-Sysmon\",\"Computer\":\"h\",\"Image\":\"C:\\\\a.exe\",\"CommandLine\":" \
    "\"x\",\"UtcTime\":\"2026-01-01 00:00:00.000\"}"

TEST(a_rule_is_blind_if_its_formula_cannot_become_true)
{
    struct world w = {.arena = arena_new(0)};
    struct arena *a = w.arena;
    static const enum engine_sight want[] = {
        ENGINE_SEES, ENGINE_NO_FIELD, ENGINE_NO_FIELD, ENGINE_SEES,
        ENGINE_SEES, ENGINE_SEES,     ENGINE_SEES,     ENGINE_NO_SOURCE,
    };

    add_rule(&w, "process_creation", has(a, "Image"));
    add_rule(&w, "process_creation", has(a, "NoSuch"));
    add_rule(&w, "process_creation", join(a, FORMULA_AND, has(a, "Image"), has(a, "NoSuch")));
    add_rule(&w, "process_creation", join(a, FORMULA_OR, has(a, "Image"), has(a, "NoSuch")));
    add_rule(&w, "process_creation",
             join(a, FORMULA_AND, has(a, "Image"), formula_not(a, has(a, "NoSuch"))));
    add_rule(&w, "process_creation", is_null(a, "NoSuch"));
    add_rule(&w, "process_creation", formula_const(a, false)); /* a correlation */
    add_rule(&w, "dns_query", has(a, "Image"));
    begin(&w);
    for (uint32_t i = 0; i < w.n; i++) /* nothing has come */
        CHECK_EQ(engine_sight(w.engine, i), i == 6 ? ENGINE_SEES : ENGINE_NO_SOURCE);
    feed(&w, SYSMON);
    for (uint32_t i = 0; i < w.n; i++)
        CHECK_EQ(engine_sight(w.engine, i), want[i]);
    end(&w);
}

static bool has_line(struct world *w, const char *line)
{
    struct buf text = {0};

    metric_text(w->board, &text);
    bool is_there = str_find(buf_str(&text), str_from(line), 0) != SIZE_MAX;
    buf_release(&text);
    return is_there;
}

TEST(blindness_is_told_after_a_while_and_a_few_rules_at_a_time)
{
    struct world w = {.arena = arena_new(0)};
    struct sight s;

    for (size_t i = 0; i < RULES_MAX; i++)
        add_rule(&w, "process_creation", has(w.arena, i ? "NoSuch" : "Image"));
    begin(&w);
    sight_init(&s, 1000);
    feed(&w, SYSMON);
    for (unsigned i = 0; i < 10; i++)
        sight_turn(&s, w.engine, w.n, w.lane, 1000 + SIGHT_AFTER_MS - 1);
    CHECK(has_line(&w, "weir_rules_blind{reason=\"no_field\"} 0\n")); /* too early to say */
    sight_turn(&s, w.engine, w.n, w.lane, 1000 + SIGHT_AFTER_MS);
    CHECK(has_line(&w, "weir_rules_blind{reason=\"no_field\"} 0\n")); /* the round is young */
    sight_turn(&s, w.engine, w.n, w.lane, 1000 + SIGHT_AFTER_MS + SIGHT_ROUND_MS);
    CHECK(has_line(&w, "weir_rules_blind{reason=\"no_field\"} 63\n"));
    CHECK(!has_line(&w, "weir_rule_blind{rule=\"r-0\""));
    sight_turn(&s, w.engine, w.n, w.lane, 1000 + SIGHT_AFTER_MS + SIGHT_ROUND_MS);
    CHECK(has_line(&w, "weir_rules_blind{reason=\"no_field\"} 127\n"));
    end(&w);
}

/* The first batch is one of those that are sampled. */
TEST(cost_is_told_once_and_adds_up_over_engines)
{
    struct world w = {.arena = arena_new(0)};
    struct sight s, sibling;

    add_rule(&w, "process_creation", is(w.arena, "CommandLine", "x")); /* it matches */
    begin(&w);
    struct engine *owner = w.engine, *other = engine_sibling(owner);
    sight_init(&s, 0);
    sight_init(&sibling, 0);
    feed(&w, SYSMON);
    for (int64_t t = 1; t < 4; t++) {
        sight_turn(&s, w.engine, w.n, w.lane, t * SIGHT_ROUND_MS);
        sight_turn(&sibling, other, w.n, w.lane, t * SIGHT_ROUND_MS);
    }
    CHECK(has_line(&w, "weir_rule_evaluations_sampled_total{rule=\"r-0\"} 1\n"));
    w.engine = other;
    feed(&w, SYSMON);
    sight_turn(&sibling, other, w.n, w.lane, 4 * SIGHT_ROUND_MS);
    CHECK(has_line(&w, "weir_rule_evaluations_sampled_total{rule=\"r-0\"} 2\n"));
    w.engine = owner;
    end(&w);
}

TEST_MAIN(ENTRY(a_rule_is_blind_if_its_formula_cannot_become_true),
          ENTRY(blindness_is_told_after_a_while_and_a_few_rules_at_a_time),
          ENTRY(cost_is_told_once_and_adds_up_over_engines))

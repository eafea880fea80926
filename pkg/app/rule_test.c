/* rule_test.c - NAME.test.yml to scripts: the file, its tests, their steps.
 *
 * The clock of a test is at 0s when it begins; `at` sets it, `advance` moves it, events that repeat
 * take it along. Each step is a batch.
 */
#include "app/rule_test.h"

#include <stdarg.h>
#include <stdio.h>

#include "app/player.h"
#include "app/rule_test_impl.h"
#include "app/scenario.h"
#include "base/str.h"
#include "base/time.h"

#define REACH_MAX_MS (INT64_C(3660) * 86400000) /* as that of spans: script_span() */

/* Where a test is when it has been read so far. */
struct clockwork {
    int64_t now_ms, arrived_ms;
    bool has_event, has_ended, has_expected;
};

/* ---- faults --------------------------------------------------------------------------------- */

enum weir_rc fault_at(struct test_reader *r, uint32_t line, uint32_t col, const char *fmt, ...)
{
    char text[ERR_TEXT_MAX];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    return err_at(r->err, WEIR_SYNTAX, line, col, "%s", text);
}

struct str hint_of(struct test_reader *r, struct str wrong, const struct str *names, size_t n)
{
    struct str near = str_nearest(wrong, names, n);

    return near.n ? arena_printf(r->a, " (did you mean '%.*s'?)", (int)near.n, near.p) : STR("");
}

enum weir_rc check_keys(struct test_reader *r, const struct doc_node *map, const struct str *known,
                        size_t n, const char *where)
{
    for (size_t i = 0; i < map->n_items; i++) {
        const struct doc_key *key = &map->keys[i];
        size_t k = 0;
        while (k < n && !str_eq(key->text, known[k]))
            k++;
        if (k < n)
            continue;
        struct str hint = hint_of(r, key->text, known, n);
        return fault_at(r, key->line, key->col, "unknown key '%.*s' %s%.*s", CUT(key->text), where,
                        CUT(hint));
    }
    return WEIR_OK;
}

enum weir_rc take_text(struct test_reader *r, const struct doc_node *map, const char *key,
                       struct str *out)
{
    const struct doc_node *node = doc_get(map, str_from(key));

    *out = STR("");
    if (!node)
        return WEIR_OK;
    if (!doc_is_scalar(node) || node->type == DOC_NULL || str_trim(node->text).n == 0)
        return fault_at(r, node->line, node->col, "'%s' must be text, not %s", key,
                        doc_is_scalar(node) ? "nothing" : doc_type_name(node));
    *out = str_trim(node->text);
    return WEIR_OK;
}

struct statement *push_statement(struct test_reader *r, enum statement_kind kind,
                                 const struct doc_node *at)
{
    struct statement *s = vec_push(r->a, &r->statements, sizeof *s);

    *s = (struct statement){.kind = kind, .line = at->line};
    return s;
}

static enum weir_rc take_span(struct test_reader *r, const struct doc_node *map, const char *key,
                              bool *is_there, int64_t *out)
{
    const struct doc_node *node = doc_get(map, str_from(key));

    *is_there = node != NULL;
    if (!node)
        return WEIR_OK;
    if (doc_is_scalar(node) && script_span(node->text, out))
        return WEIR_OK;
    struct str shown = doc_is_scalar(node) ? node->text : STR("");
    return fault_at(r, node->line, node->col,
                    "'%s': '%.*s' is no span of time (5s, 10m, 1h30m, 999ms, 2d; at most 3660d)",
                    key, CUT(shown));
}

static enum weir_rc take_count(struct test_reader *r, const struct doc_node *map, const char *key,
                               uint64_t max, uint64_t *out)
{
    const struct doc_node *node = doc_get(map, str_from(key));

    if (!node || (node->type == DOC_INT && str_to_u64(node->number, out) && *out <= max))
        return WEIR_OK;
    return fault_at(r, node->line, node->col, "'%s' must be a whole number of at most %llu", key,
                    (unsigned long long)max);
}

/* ---- steps with events ---------------------------------------------------------------------- */

/* What stands under the keys of a step with events. */
struct event_step {
    const struct doc_node *node;
    struct event_list events;
    uint64_t n, partition;
    int64_t at_ms, arrives_ms, every_ms;
    bool has_at, has_arrives, is_again;
};

static enum weir_rc take_base(struct test_reader *r, const struct doc_node *map,
                              struct event_list *out)
{
    if (r->base.n == 0)
        return fault_at(r, map->line, map->col,
                        "no 'event' here, and the file has no 'base' to start from");
    *out = (struct event_list){ARENA_ARRAY(r->a, r->base.n, struct script_event), r->base.n};
    for (size_t i = 0; i < r->base.n; i++)
        out->items[i] = r->base.items[i];
    return WEIR_OK;
}

static enum weir_rc take_repeat(struct test_reader *r, const struct doc_node *map, size_t n_varied,
                                struct event_step *step)
{
    const struct doc_node *repeat = doc_get(map, STR("repeat")),
                          *every = doc_get(map, STR("every"));
    const struct doc_node *at = repeat ? repeat : every;
    bool has_every;

    step->n = n_varied ? n_varied : 1;
    TRY(take_count(r, map, "repeat", SCRIPT_EVENTS_MAX, &step->n));
    if (step->n == 0)
        return fault_at(r, repeat->line, repeat->col, "'repeat' must be 1 or more");
    TRY(take_span(r, map, "every", &has_every, &step->every_ms));
    if (at && step->events.n != 1)
        return fault_at(r, at->line, at->col,
                        "only one event can be repeated, here are %zu (FILE#NUMBER is one of a "
                        "file)",
                        step->events.n);
    int64_t every_ms = step->every_ms < 0 ? -step->every_ms : step->every_ms;
    if (every_ms && (int64_t)step->n > REACH_MAX_MS / every_ms)
        return fault_at(r, at->line, at->col, "these events reach too far: at most 3660d");
    return WEIR_OK;
}

/* redelivered: N, the last N events come again. */
static enum weir_rc take_again(struct test_reader *r, const struct doc_node *map,
                               struct event_step *step)
{
    const struct doc_node *again = doc_get(map, STR("redelivered"));

    if (!again)
        return WEIR_OK;
    if (doc_get(map, STR("event")) || doc_get(map, STR("set")) || doc_get(map, STR("repeat")))
        return fault_at(r, again->line, again->col,
                        "'redelivered: N' stands alone: the last N events come again");
    step->is_again = true;
    return take_count(r, map, "redelivered", SCRIPT_EVENTS_MAX, &step->n);
}

static enum weir_rc take_event_step(struct test_reader *r, const struct doc_node *map,
                                    struct event_step *step)
{
    const struct doc_node *event = doc_get(map, STR("event"));
    size_t n_varied = 0;

    *step = (struct event_step){.node = map, .n = 1};
    TRY(take_again(r, map, step));
    TRY(take_count(r, map, "partition", PLAYER_PARTITIONS_MAX - 1, &step->partition));
    TRY(take_span(r, map, "at", &step->has_at, &step->at_ms));
    TRY(take_span(r, map, "arrives", &step->has_arrives, &step->arrives_ms));
    if (step->is_again)
        return WEIR_OK;
    TRY(event ? take_events(r, event, &step->events) : take_base(r, map, &step->events));
    TRY(take_changes(r, map, &step->events, &n_varied));
    return take_repeat(r, map, n_varied, step);
}

static enum weir_rc check_arrival(struct test_reader *r, const struct event_step *step,
                                  struct clockwork *clock)
{
    const struct doc_node *arrives = doc_get(step->node, STR("arrives"));

    if (!step->has_arrives)
        return WEIR_OK;
    if (step->arrives_ms < step->at_ms)
        return fault_at(r, arrives->line, arrives->col, "it cannot arrive before it happens");
    if (step->arrives_ms < clock->arrived_ms)
        return fault_at(r, arrives->line, arrives->col,
                        "steps stand in the order in which they arrive: another one has arrived "
                        "later than this");
    clock->arrived_ms = step->arrives_ms;
    return WEIR_OK;
}

/* A statement per event, all in one batch. */
static enum weir_rc push_events(struct test_reader *r, struct event_step *step,
                                struct clockwork *clock)
{
    size_t n = step->is_again ? 1 : step->events.n;

    if (!step->has_at)
        step->at_ms = clock->now_ms;
    TRY(check_arrival(r, step, clock));
    for (size_t i = 0; i < n; i++) {
        struct statement *s = push_statement(r, SAY_EVENT, step->node);
        s->is_step = i == 0;
        s->is_joined = i > 0;
        s->n = step->n;
        s->at_ms = step->at_ms;
        s->every_ms = step->every_ms;
        s->has_arrives = step->has_arrives;
        s->arrives_ms = step->arrives_ms;
        s->partition = (uint32_t)step->partition;
        s->is_again = step->is_again;
        if (!step->is_again)
            s->event = step->events.items[i];
    }
    /* An event that arrives late does not turn the clock back. */
    int64_t last_ms = step->at_ms + (step->n ? (int64_t)step->n - 1 : 0) * step->every_ms;
    clock->now_ms = step->has_arrives ? step->arrives_ms : last_ms;
    clock->has_event = true;
    return WEIR_OK;
}

/* ---- other steps ---------------------------------------------------------------------------- */

static enum weir_rc push_advance(struct test_reader *r, const struct doc_node *map,
                                 struct clockwork *clock)
{
    const struct doc_node *node = doc_get(map, STR("advance"));
    int64_t span;
    bool is_there;

    TRY(take_span(r, map, "advance", &is_there, &span));
    if (span < 0)
        return fault_at(r, node->line, node->col, "the clock goes forward only");
    clock->now_ms += span;
    push_statement(r, SAY_TIME, node)->at_ms = clock->now_ms;
    return WEIR_OK;
}

static enum weir_rc push_restart(struct test_reader *r, const struct doc_node *map)
{
    static const struct str words[] = {{"worker", 6}, {"before_commit", 13}};
    const struct doc_node *node = doc_get(map, STR("restart"));
    bool is_before = doc_is_scalar(node) && str_eq(node->text, words[1]);

    if (!is_before && !(doc_is_scalar(node) && str_eq(node->text, words[0]))) {
        struct str hint =
            doc_is_scalar(node) ? hint_of(r, node->text, words, ARRAY_LEN(words)) : STR("");
        return fault_at(r, node->line, node->col,
                        "'restart' is worker or before_commit (what the last step found was not "
                        "published yet)%.*s",
                        CUT(hint));
    }
    push_statement(r, SAY_RESTART, node)->is_before_commit = is_before;
    return WEIR_OK;
}

static enum weir_rc push_end(struct test_reader *r, const struct doc_node *map,
                             struct clockwork *clock)
{
    const struct doc_node *node = doc_get(map, STR("end"));

    if (node->type != DOC_BOOL || !node->is_true)
        return fault_at(r, node->line, node->col, "'end' must be true");
    push_statement(r, SAY_END, node);
    clock->has_ended = true;
    return WEIR_OK;
}

static const struct str step_keys[] = {
    {"event", 5},  {"set", 3},     {"unset", 5},   {"at", 2},        {"arrives", 7},
    {"repeat", 6}, {"every", 5},   {"vary", 4},    {"partition", 9}, {"redelivered", 11},
    {"expect", 6}, {"advance", 7}, {"restart", 7}, {"end", 3}};
enum { EVENT_KEYS = 10 /* the first of them make a step with events */ };

static bool has_event_key(const struct doc_node *map)
{
    for (size_t i = 0; i < EVENT_KEYS; i++)
        if (doc_get(map, step_keys[i]))
            return true;
    return false;
}

/* One of them alone, beside `expect`. */
static enum weir_rc push_other(struct test_reader *r, const struct doc_node *map,
                               struct clockwork *clock)
{
    static const char *const names[] = {"advance", "restart", "end"};
    size_t n = has_event_key(map);

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const struct doc_node *node = doc_get(map, str_from(names[i]));
        if (!node)
            continue;
        if (n++)
            return fault_at(r, node->line, node->col,
                            "'%s' is a step of its own: begin another one for it", names[i]);
    }
    if (doc_get(map, STR("advance")))
        return push_advance(r, map, clock);
    if (doc_get(map, STR("restart")))
        return push_restart(r, map);
    return doc_get(map, STR("end")) ? push_end(r, map, clock) : WEIR_OK;
}

static enum weir_rc take_step(struct test_reader *r, const struct doc_node *map,
                              struct clockwork *clock)
{
    const struct doc_node *expect = doc_get(map, STR("expect"));
    struct event_step step;

    if (map->type != DOC_MAP || map->n_items == 0)
        return fault_at(r, map->line, map->col, "a step is a map, not %s", doc_type_name(map));
    TRY(check_keys(r, map, step_keys, ARRAY_LEN(step_keys), "in a step"));
    if (clock->has_ended && (map->n_items > 1 || !expect))
        return fault_at(r, map->line, map->col, "behind 'end' only 'expect' may stand");
    TRY(push_other(r, map, clock));
    if (has_event_key(map)) {
        TRY(take_event_step(r, map, &step));
        TRY(push_events(r, &step, clock));
    }
    if (!expect)
        return WEIR_OK;
    clock->has_expected = true;
    return take_expectations(r, expect, has_event_key(map));
}

static enum weir_rc take_steps(struct test_reader *r, const struct doc_node *list,
                               struct clockwork *clock)
{
    if (list->type != DOC_LIST || list->n_items == 0)
        return fault_at(r, list->line, list->col, "'steps' must be a list of steps, not %s",
                        list->type == DOC_LIST ? "an empty one" : doc_type_name(list));
    if (list->n_items > RULE_TEST_STEPS_MAX)
        return fault_at(r, list->line, list->col, "more than %d steps", RULE_TEST_STEPS_MAX);
    for (size_t i = 0; i < list->n_items; i++)
        TRY(take_step(r, &list->items[i], clock));
    return WEIR_OK;
}

/* ---- history -------------------------------------------------------------------------------- */

/* Without `at` history ends one `every` before the test begins. */
static enum weir_rc take_old_events(struct test_reader *r, const struct doc_node *map,
                                    struct clockwork *clock)
{
    struct event_step step;

    if (map->type != DOC_MAP)
        return fault_at(r, map->line, map->col, "'prime' has steps with events, not %s",
                        doc_type_name(map));
    TRY(check_keys(r, map, step_keys, EVENT_KEYS - 1, "in a step of 'prime'"));
    TRY(take_event_step(r, map, &step));
    int64_t reach = (int64_t)(step.n ? step.n - 1 : 0) * step.every_ms;
    if (!step.has_at)
        step.at_ms = -reach - step.every_ms;
    step.has_at = true;
    if (step.at_ms > 0 || step.at_ms + reach > 0)
        return fault_at(r, map->line, map->col,
                        "history lies before the test: 'at' is negative (-30d), and so are the "
                        "times of all that repeats");
    return push_events(r, &step, clock);
}

/* Whatever is decided later than its event is decided before the test begins, or it would be
 * counted as the test's. Events that have their own times may all be older than its clock. */
static enum weir_rc take_prime(struct test_reader *r, const struct doc_node *node,
                               bool has_own_times)
{
    struct clockwork before = {.now_ms = 0, .arrived_ms = INT64_MIN};
    bool is_list = node->type == DOC_LIST;
    size_t n = is_list ? node->n_items : 1;

    if (n == 0 || n > RULE_TEST_STEPS_MAX)
        return fault_at(r, node->line, node->col, "'prime' has between 1 and %d steps",
                        RULE_TEST_STEPS_MAX);
    for (size_t i = 0; i < n; i++)
        TRY(take_old_events(r, is_list ? &node->items[i] : node, &before));
    if (!has_own_times)
        push_statement(r, SAY_TIME, node)->at_ms = 0;
    push_statement(r, SAY_FORGET, node);
    return WEIR_OK;
}

/* ---- a test --------------------------------------------------------------------------------- */

/* `profile`, `rule`, `start` and `times` of a file, or of a test over those. */
static enum weir_rc take_setting(struct test_reader *r, const struct doc_node *map,
                                 struct rule_test *out)
{
    static const struct str words[] = {{"clock", 5}, {"own", 3}};
    const struct doc_node *start = doc_get(map, STR("start"));
    struct str text;

    TRY(take_text(r, map, "rule", &text));
    out->rule = text.n ? text : out->rule;
    TRY(take_text(r, map, "profile", &text));
    out->profile = text.n ? text : out->profile;
    TRY(take_text(r, map, "start", &text));
    if (text.n && !time_parse_ms(text, &out->start_ms))
        return fault_at(r, start->line, start->col, "'%.*s' is no time (2026-01-05T09:00:00Z)",
                        CUT(text));
    TRY(take_text(r, map, "times", &text));
    if (text.n && !str_eq(text, words[0]) && !str_eq(text, words[1])) {
        const struct doc_node *times = doc_get(map, STR("times"));
        struct str hint = hint_of(r, text, words, ARRAY_LEN(words));
        return fault_at(r, times->line, times->col,
                        "'times' is clock (the test's) or own (the events')%.*s", CUT(hint));
    }
    out->has_own_times = text.n ? str_eq(text, words[1]) : out->has_own_times;
    return WEIR_OK;
}

/* Its events are told in `steps`, or by the keys of one step beside its name. */
static enum weir_rc take_body(struct test_reader *r, const struct doc_node *map,
                              struct clockwork *clock)
{
    const struct doc_node *steps = doc_get(map, STR("steps"));
    struct event_step step;

    if (steps) {
        if (has_event_key(map))
            return fault_at(r, steps->line, steps->col,
                            "a test has 'steps', or else an event of its own (event, set, at ...)");
        return take_steps(r, steps, clock);
    }
    TRY(take_event_step(r, map, &step));
    return push_events(r, &step, clock);
}

/* At the end everything is told that can be. */
static enum weir_rc take_last_expect(struct test_reader *r, const struct doc_node *map,
                                     struct clockwork *clock)
{
    const struct doc_node *expect = doc_get(map, STR("expect"));

    if (!expect && clock->has_expected)
        return WEIR_OK;
    if (!expect)
        return fault_at(r, map->line, map->col,
                        "this test expects nothing: 'expect' is missing (match, no_match, alert "
                        "...)");
    if (!clock->has_ended)
        push_statement(r, SAY_END, expect);
    return take_expectations(r, expect, false);
}

static enum weir_rc take_test(struct test_reader *r, const struct doc_node *map,
                              struct rule_test *out)
{
    static const struct str own_keys[] = {{"name", 4},  {"rule", 4},  {"profile", 7},
                                          {"start", 5}, {"times", 5}, {"prime", 5},
                                          {"steps", 5}, {"expect", 6}};
    struct str keys[ARRAY_LEN(own_keys) + EVENT_KEYS];
    struct clockwork clock = {.arrived_ms = INT64_MIN};
    const struct doc_node *prime = doc_get(map, STR("prime"));

    if (map->type != DOC_MAP)
        return fault_at(r, map->line, map->col, "a test is a map, not %s", doc_type_name(map));
    for (size_t i = 0; i < ARRAY_LEN(own_keys); i++)
        keys[i] = own_keys[i];
    for (size_t i = 0; i < EVENT_KEYS; i++)
        keys[ARRAY_LEN(own_keys) + i] = step_keys[i];
    TRY(check_keys(r, map, keys, ARRAY_LEN(keys), "in a test"));
    TRY(take_text(r, map, "name", &out->name));
    if (!out->name.n)
        return fault_at(r, map->line, map->col, "a test needs a 'name'");
    out->line = map->line;
    out->col = map->col;
    TRY(take_setting(r, map, out));
    r->rule = out->rule;
    r->statements = (struct vec){0};
    if (prime)
        TRY(take_prime(r, prime, out->has_own_times));
    TRY(take_body(r, map, &clock));
    TRY(take_last_expect(r, map, &clock));
    out->script = (struct script){r->statements.items, r->statements.n};
    return WEIR_OK;
}

/* ---- the file ------------------------------------------------------------------------------- */

static enum weir_rc take_rules(struct test_reader *r, const struct doc_node *file,
                               struct rule_tests *out)
{
    const struct doc_node *node = doc_get(file, STR("rules"));

    if (!node)
        return WEIR_OK;
    const struct doc_node *items = node->type == DOC_LIST ? node->items : node;
    size_t n = node->type == DOC_LIST ? node->n_items : 1;
    struct str *paths = ARENA_ARRAY(r->a, n, struct str);
    for (size_t i = 0; i < n; i++) {
        if (!doc_is_scalar(&items[i]) || items[i].text.n == 0)
            return fault_at(r, items[i].line, items[i].col,
                            "'rules' is a rule file or a list of them");
        paths[i] = items[i].text;
    }
    out->rules = (struct str_list){paths, n};
    return WEIR_OK;
}

static enum weir_rc take_tests(struct test_reader *r, const struct doc_node *file,
                               struct rule_tests *out)
{
    const struct doc_node *tests = doc_get(file, STR("tests"));
    struct rule_test all = {.start_ms = SCENARIO_START_MS};

    if (!tests || tests->type != DOC_LIST || tests->n_items == 0)
        return fault_at(r, tests ? tests->line : file->line, tests ? tests->col : file->col,
                        "'tests' must be a list of tests");
    if (tests->n_items > RULE_TESTS_MAX)
        return fault_at(r, tests->line, tests->col, "more than %d tests", RULE_TESTS_MAX);
    TRY(take_setting(r, file, &all));
    out->items = ARENA_ARRAY(r->a, tests->n_items, struct rule_test);
    for (size_t i = 0; i < tests->n_items; i++) {
        out->items[i] = all;
        TRY(take_test(r, &tests->items[i], &out->items[i]));
        for (size_t k = 0; k < i; k++)
            if (str_eq(out->items[i].name, out->items[k].name))
                return fault_at(r, tests->items[i].line, tests->items[i].col,
                                "a second test with the name '%.*s' (the first: line %u)",
                                CUT(out->items[i].name), out->items[k].line);
    }
    out->n = tests->n_items;
    return WEIR_OK;
}

static enum weir_rc take_file(struct test_reader *r, const struct doc_node *file,
                              struct rule_tests *out)
{
    static const struct str keys[] = {{"rules", 5}, {"rule", 4}, {"profile", 7}, {"start", 5},
                                      {"times", 5}, {"base", 4}, {"events", 6},  {"tests", 5}};
    const struct doc_node *events, *base;

    if (file->type != DOC_MAP)
        return fault_at(r, file->line, file->col, "a test file is a map with 'tests', not %s",
                        doc_type_name(file));
    TRY(check_keys(r, file, keys, ARRAY_LEN(keys), "in a test file"));
    TRY(take_rules(r, file, out));
    events = doc_get(file, STR("events"));
    base = doc_get(file, STR("base"));
    if (events)
        TRY(take_named_events(r, events));
    if (base)
        TRY(take_events(r, base, &r->base));
    return take_tests(r, file, out);
}

enum weir_rc rule_tests_parse(struct arena *a, struct str text,
                              const struct rule_test_reader *reader, struct rule_tests *out,
                              struct weir_err *err)
{
    struct test_reader r = {.a = a, .files = reader, .err = err};
    struct rule_tests tests = {0};
    struct doc_node *docs;
    size_t n_docs;

    if (text.n > RULE_TEST_BYTES_MAX)
        return fault_at(&r, 1, 1, "a test file has at most %d bytes", RULE_TEST_BYTES_MAX);
    TRY(doc_parse_yaml(a, text, &docs, &n_docs, err));
    if (n_docs == 0)
        return fault_at(&r, 1, 1, "the file is empty: a test file is a map with 'tests'");
    if (n_docs > 1)
        return fault_at(&r, docs[1].line, docs[1].col, "a test file has one document");
    TRY(take_file(&r, &docs[0], &tests));
    *out = tests;
    return WEIR_OK;
}

bool rule_test_is_path(struct str path, struct str *name)
{
    static const struct str endings[] = {{".test.yml", 9}, {".test.yaml", 10}};

    for (size_t i = 0; i < ARRAY_LEN(endings); i++)
        if (path.n > endings[i].n && str_ends(path, endings[i])) {
            *name = str_sub(path, 0, path.n - endings[i].n);
            return true;
        }
    return false;
}

/* test_first_seen.c - new terms: the definition's edges, and random streams against a model that
 * looks through the whole list.
 */
#include "correlate/first_seen.h"

#include "tests/lib/operator_run.h"
#include "tests/lib/step_runner.h"
#include "tests/lib/test.h"

#include <stdlib.h>

enum { GROUPS = 3, TERM_MAX = 6, EVENTS_MAX = 120 };

struct event {
    int64_t t_ms;
    uint32_t group, term;
};

struct rig {
    struct correlation c;
    struct operator_spec spec;
    struct operator_run *run;
};

static void rig_start(struct rig *r, int64_t history, int64_t training, int64_t activation)
{
    r->c = (struct correlation){.kind = OPERATOR_FIRST_SEEN,
                                .history_ms = history,
                                .training_ms = training,
                                .activation_ms = activation};
    r->spec = (struct operator_spec){.correlation = &r->c, .is_final = true};
    r->run = operator_run_new(&operator_first_seen, &r->spec);
}

static void rig_hit(struct rig *r, const struct event *e)
{
    char text[8], keys[8];
    snprintf(text, sizeof text, "t%u", e->term);
    snprintf(keys, sizeof keys, "g%u", e->group);
    struct hit hit = {.count = 1,
                      .value = e->term + 1000,
                      .group_key = operator_run_key(e->group, 0),
                      .keys = str_from(keys),
                      .value_text = str_from(text)};

    operator_run_hit(r->run, operator_run_key(e->group, e->term + 1), e->t_ms, &hit);
}

static size_t rig_count(struct rig *r, const struct event *events, size_t n)
{
    size_t met;

    for (size_t i = 0; i < n; i++)
        rig_hit(r, &events[i]);
    operator_run_watermark(r->run, INT64_MAX);
    operator_run_met(r->run, &met);
    operator_run_free(r->run);
    return met;
}

TEST(term_is_new_once_and_again_after_the_history)
{
    static const struct {
        struct event events[4];
        size_t n, met;
    } rows[] = {
        {{{0, 1, 1}}, 1, 1},
        {{{0, 1, 1}, {5, 1, 1}}, 2, 1},
        {{{0, 1, 1}, {0, 1, 1}}, 2, 1},
        {{{0, 1, 1}, {100, 1, 1}}, 2, 1},
        {{{0, 1, 1}, {101, 1, 1}}, 2, 2},
        {{{101, 1, 1}, {0, 1, 1}}, 2, 2},
        {{{101, 1, 1}, {0, 1, 1}, {1, 1, 1}}, 3, 1},
        {{{200, 1, 1}, {0, 1, 1}, {100, 1, 1}}, 3, 1},
        {{{0, 1, 1}, {0, 2, 1}, {0, 1, 2}}, 3, 3},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct rig r;
        rig_start(&r, 100, 0, 0);
        CHECK_EQ(rig_count(&r, rows[i].events, rows[i].n), rows[i].met);
    }
}

TEST(group_is_silent_until_its_first_event_is_old_enough)
{
    static const struct event before[] = {{0, 1, 1}, {99, 1, 2}}, at[] = {{0, 1, 1}, {100, 1, 2}},
                              shuffled[] = {{150, 1, 2}, {40, 1, 3}, {0, 1, 1}};
    struct rig r;

    rig_start(&r, 1000, 100, 0);
    CHECK_EQ(rig_count(&r, before, 2), 0);
    rig_start(&r, 1000, 100, 0);
    CHECK_EQ(rig_count(&r, at, 2), 1);
    rig_start(&r, 1000, 20, 100); /* the longer of training and activation */
    CHECK_EQ(rig_count(&r, before, 2), 0);
    rig_start(&r, 1000, 100, 0);
    CHECK_EQ(rig_count(&r, shuffled, 3), 1);
}

/* A term that is seen again later must not make the silence before it shorter. */
TEST(group_that_was_silent_trains_again)
{
    static const struct event silent[] = {{0, 1, 1}, {5000, 1, 2}, {5500, 1, 2}},
                              heard[] = {{0, 1, 1}, {1900, 1, 1}, {3800, 1, 2}};
    struct rig r;

    rig_start(&r, 1000, 1000, 0);
    CHECK_EQ(rig_count(&r, silent, 3), 0);
    rig_start(&r, 1000, 1000, 0);
    CHECK_EQ(rig_count(&r, heard, 3), 2); /* term 1 anew at 1900, term 2 */
}

TEST(finding_names_the_term_and_the_group)
{
    struct rig r;
    struct event e = {7, 2, 3};
    size_t n;

    rig_start(&r, 1000, 0, 0);
    rig_hit(&r, &e);
    operator_run_watermark(r.run, 7);
    operator_run_met(r.run, &n);
    CHECK_EQ(n, 0); /* more hits at 7 may come */
    operator_run_watermark(r.run, 8);
    const struct met *met = operator_run_met(r.run, &n);
    CHECK_EQ(n, 1);
    CHECK_EQ(met->t_ms, 7);
    CHECK_STR(str_from(met->keys), "g2");
    CHECK_STR(str_from(met->text), "t3");
    CHECK_STR(str_from(met->detail), "new: t3");
    struct state_key key = operator_run_key(2, 0);
    CHECK(memcmp(&met->key, &key, sizeof key) == 0);
    operator_run_free(r.run);
}

TEST(term_that_is_told_takes_little_memory)
{
    struct rig r;
    struct event e = {7, 2, 3};

    rig_start(&r, 1000, 0, 0);
    rig_hit(&r, &e);
    operator_run_watermark(r.run, 8);
    size_t with_one = step_runner_bytes(operator_run_steps(r.run), false);
    e.term = 4;
    e.t_ms = 9;
    rig_hit(&r, &e);
    operator_run_watermark(r.run, 10);
    CHECK_EQ(step_runner_bytes(operator_run_steps(r.run), false) - with_one, 19);
    operator_run_free(r.run);
}

/* The cells of terms are not needed to see this: the group's stage by itself. */
TEST(group_with_too_many_terms_says_so_once_and_remembers_in_a_filter)
{
    struct correlation c = {.kind = OPERATOR_FIRST_SEEN, .history_ms = 1000000, .training_ms = 1};
    struct operator_spec spec = {.correlation = &c, .is_final = true};
    struct operator_kind_info group = {.n_stages = 1, .steps = {first_seen_group_step}};
    struct operator_run *run = operator_run_new(&group, &spec);
    uint64_t value = 0;
    size_t n;

    for (uint32_t i = 0; i < FIRST_SEEN_TERMS_MAX + 500u; i++) {
        value = value * 6364136223846793005u + 1442695040888963407u;
        struct hit hit = {.value = value, .keys = STR("g")};
        operator_run_hit(run, operator_run_key(1, 0), 1, &hit);
        if (i % 4096 == 4095) /* all at one time, so that training tells none of them */
            operator_run_watermark(run, 2);
    }
    operator_run_watermark(run, 2);
    const struct met *met = operator_run_met(run, &n);
    CHECK_EQ(n, 1);
    CHECK(strncmp(met->detail, "cardinality exploded", 20) == 0);
    size_t bytes = step_runner_bytes(operator_run_steps(run), false);
    CHECK(bytes > FIRST_SEEN_BLOOM_BYTES && bytes < FIRST_SEEN_BLOOM_BYTES + 200);

    struct hit again = {.value = value, .keys = STR("g")}, fresh = {.value = 77, .keys = STR("g")};
    operator_run_hit(run, operator_run_key(1, 0), 10, &again);
    operator_run_watermark(run, 11);
    operator_run_met(run, &n);
    CHECK_EQ(n, 1);
    operator_run_hit(run, operator_run_key(1, 0), 11, &fresh);
    operator_run_watermark(run, 12);
    operator_run_met(run, &n);
    CHECK_EQ(n, 2);
    operator_run_hit(run, operator_run_key(1, 0), 2000000, &again); /* the count begins anew */
    operator_run_watermark(run, 2000001);
    met = operator_run_met(run, &n);
    CHECK_EQ(n, 3);
    CHECK(step_runner_bytes(operator_run_steps(run), false) < 200);
    operator_run_free(run);
}

/* ---- the model ----------------------------------------------------------------------------- */

static int by_time(const void *x, const void *y)
{
    const struct event *a = x, *b = y;

    if (a->t_ms != b->t_ms)
        return a->t_ms < b->t_ms ? -1 : 1;
    if (a->group != b->group)
        return a->group < b->group ? -1 : 1;
    return a->term < b->term ? -1 : a->term > b->term;
}

static bool model_is_new(const struct event *events, size_t i, int64_t history, int64_t training)
{
    const struct event *e = &events[i];
    int64_t first = INT64_MAX;

    for (size_t k = 0; k < i; k++) {
        const struct event *b = &events[k];
        if (b->group == e->group && b->term == e->term && b->t_ms >= e->t_ms - history)
            return false; /* in the history, or the same time told already */
    }
    for (size_t k = 0; k <= i; k++)
        if (events[k].group == e->group && events[k].t_ms < first)
            first = events[k].t_ms;
    return e->t_ms - first >= training;
}

/* A group that is silent for so long is forgotten, about when: the model keeps away from it. */
static bool has_long_silence(const struct event *events, size_t n, int64_t history)
{
    for (uint32_t g = 0; g < GROUPS; g++) {
        int64_t last = INT64_MAX;
        for (size_t i = 0; i < n; i++) {
            if (events[i].group != g)
                continue;
            if (last != INT64_MAX && events[i].t_ms - last > history * 3 / 2)
                return true;
            last = events[i].t_ms;
        }
    }
    return false;
}

static void random_window(struct rng *rng, uint64_t *windows)
{
    struct event events[EVENTS_MAX], sorted[EVENTS_MAX];
    struct arrival order[EVENTS_MAX];
    int64_t times[EVENTS_MAX], history = 50 + rng_below(rng, 200), lateness = rng_below(rng, 150),
                               training = rng_below(rng, 3) ? rng_below(rng, 100) : 0, t = -100;
    size_t n = 2 + rng_below(rng, EVENTS_MAX - 2), n_met, at = 0;
    int64_t newest = INT64_MIN;
    struct rig r;

    for (size_t i = 0; i < n; i++) {
        uint32_t kind = rng_below(rng, 20);
        t += kind == 0 ? history + rng_below(rng, 3) - 1 : kind < 10 ? 0 : rng_below(rng, 12);
        times[i] = t;
        events[i] = (struct event){t, rng_below(rng, GROUPS), rng_below(rng, TERM_MAX)};
    }
    memcpy(sorted, events, sizeof sorted);
    qsort(sorted, n, sizeof *sorted, by_time);
    if (has_long_silence(sorted, n, history))
        return;
    ++*windows;
    arrivals_shuffle(rng, times, n, lateness, order);
    rig_start(&r, history, training, 0);
    for (size_t i = 0; i < n; i++) {
        rig_hit(&r, &events[order[i].index]);
        if (order[i].t_ms > newest)
            newest = order[i].t_ms;
        if (rng_below(rng, 3) == 0) {
            operator_run_watermark(r.run, newest - lateness);
            operator_run_sweep(r.run);
        }
    }
    operator_run_watermark(r.run, INT64_MAX);
    const struct met *met = operator_run_met(r.run, &n_met);
    for (size_t i = 0; i < n; i++) {
        if (!model_is_new(sorted, i, history, training))
            continue;
        CHECK(at < n_met);
        CHECK_EQ(met[at].t_ms, sorted[i].t_ms);
        CHECK_EQ(met[at].value, sorted[i].term + 1000);
        at++;
    }
    CHECK_EQ(at, n_met);
    operator_run_free(r.run);
}

TEST(random_streams_find_what_the_model_finds)
{
    struct rng rng = rng_start("first_seen");
    uint64_t windows = 0;

    while (windows < 5000)
        random_window(&rng, &windows);
}

TEST_MAIN(ENTRY(term_is_new_once_and_again_after_the_history),
          ENTRY(group_is_silent_until_its_first_event_is_old_enough),
          ENTRY(group_that_was_silent_trains_again), ENTRY(finding_names_the_term_and_the_group),
          ENTRY(term_that_is_told_takes_little_memory),
          ENTRY(group_with_too_many_terms_says_so_once_and_remembers_in_a_filter),
          ENTRY(random_streams_find_what_the_model_finds))

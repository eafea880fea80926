/* test_rarity.c - seldom values by count, days and actors: edges, and random streams against a
 * model.
 */
#include "correlate/rarity.h"

#include "tests/lib/operator_run.h"
#include "tests/lib/test.h"

#include <stdlib.h>

enum { EVENTS_MAX = 120, VALUES = 3, ACTORS = 4 };
#define MICRO ((int64_t)CORRELATION_MICRO)
#define DAY 86400000ll

struct event {
    int64_t t_ms;
    uint32_t value, actor;
};

struct rig {
    struct correlation c;
    struct operator_spec spec;
    struct operator_run *run;
};

static void rig_start(struct rig *r, unsigned by, int64_t limit, int64_t history, int64_t training)
{
    r->c = (struct correlation){.kind = OPERATOR_RARITY,
                                .n_bounds = 1,
                                .bounds = {{BOUND_LTE, limit * MICRO}},
                                .rarity_by = by,
                                .history_ms = history,
                                .training_ms = training};
    r->spec = (struct operator_spec){.correlation = &r->c, .is_final = true};
    r->run = operator_run_new(&operator_rarity, &r->spec);
}

static void rig_hit(struct rig *r, const struct event *e)
{
    char text[8];
    snprintf(text, sizeof text, "v%u", e->value);
    struct hit hit = {.count = 1,
                      .value = e->value,
                      .actor = e->actor + 10,
                      .group_key = operator_run_key(1, 0),
                      .keys = STR("g"),
                      .value_text = str_from(text)};

    operator_run_hit(r->run, operator_run_key(1, e->value + 1), e->t_ms, &hit);
}

TEST(value_is_seldom_up_to_the_limit_of_its_history)
{
    static const struct {
        unsigned by;
        int64_t limit, history;
        struct event events[5];
        size_t n, met;
    } rows[] = {
        {RARITY_COUNT, 1, 100, {{0, 1, 0}, {1, 1, 0}, {2, 1, 0}}, 3, 2},
        {RARITY_COUNT, 1, 100, {{2, 1, 0}, {1, 1, 0}, {0, 1, 0}}, 3, 2},
        {RARITY_COUNT, 1, 100, {{0, 1, 0}, {1, 1, 0}, {101, 1, 0}}, 3, 3},
        {RARITY_COUNT, 0, 100, {{0, 1, 0}, {100, 1, 0}, {201, 1, 0}}, 3, 2},
        {RARITY_COUNT, 1, 100, {{0, 1, 0}, {0, 1, 0}, {0, 1, 0}, {1, 1, 0}}, 4, 1},
        {RARITY_DAYS, 1, 2 * DAY, {{0, 1, 0}, {1, 1, 0}, {DAY, 1, 0}, {2 * DAY, 1, 0}}, 4, 2},
        {RARITY_DAYS, 0, 2 * DAY, {{0, 1, 0}, {3 * DAY - 1, 1, 0}, {6 * DAY, 1, 0}}, 3, 2},
        {RARITY_ACTORS, 1, 100, {{0, 1, 0}, {1, 1, 0}, {2, 1, 1}, {3, 1, 2}}, 4, 2},
        {RARITY_ACTORS, 0, 100, {{0, 1, 0}, {90, 1, 0}, {180, 1, 0}, {281, 1, 1}}, 4, 2},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct rig r;
        size_t n;
        rig_start(&r, rows[i].by, rows[i].limit, rows[i].history, 0);
        for (size_t k = 0; k < rows[i].n; k++)
            rig_hit(&r, &rows[i].events[k]);
        operator_run_watermark(r.run, INT64_MAX);
        const struct met *met = operator_run_met(r.run, &n);
        CHECK_EQ(n, rows[i].met);
        CHECK_STR(str_from(met->detail), "seldom: v1");
        operator_run_free(r.run);
    }
}

TEST(hot_value_keeps_a_bounded_cell_and_stays_exact)
{
    struct rig r;
    size_t n;

    rig_start(&r, RARITY_COUNT, 2, 1000000, 0);
    for (int64_t t = 0; t < 20000; t++)
        rig_hit(&r, &(struct event){t, 1, 0});
    operator_run_watermark(r.run, INT64_MAX);
    operator_run_met(r.run, &n);
    CHECK_EQ(n, 3);
    operator_run_free(r.run);
}

/* ---- the model ----------------------------------------------------------------------------- */

static int64_t floor_day(int64_t t_ms)
{
    return (t_ms + 1000 * DAY) / DAY - 1000;
}

/* Is this hit one that is judged? The first of its time, of its day, of its actor's run. */
static bool model_is_judged(const struct correlation *c, const struct event *events, size_t i)
{
    const struct event *e = &events[i];

    for (size_t k = 0; k < i; k++) {
        const struct event *b = &events[k];
        if (b->value != e->value)
            continue;
        if (c->rarity_by == RARITY_COUNT && b->t_ms == e->t_ms)
            return false;
        if (c->rarity_by == RARITY_DAYS && floor_day(b->t_ms) == floor_day(e->t_ms))
            return false;
        if (c->rarity_by == RARITY_ACTORS && b->actor == e->actor &&
            b->t_ms >= e->t_ms - c->history_ms)
            return false;
    }
    return true;
}

static int64_t model_frequency(const struct correlation *c, const struct event *events, size_t i)
{
    const struct event *e = &events[i];
    int64_t n = 0, days = c->history_ms / DAY;
    bool has[ACTORS] = {false};

    if (c->rarity_by == RARITY_DAYS) {
        for (int64_t day = floor_day(e->t_ms) - days; day < floor_day(e->t_ms); day++) {
            bool is_on = false;
            for (size_t k = 0; k < i; k++)
                is_on |= events[k].value == e->value && floor_day(events[k].t_ms) == day;
            n += is_on;
        }
        return n;
    }
    for (size_t k = 0; k < i; k++) {
        const struct event *b = &events[k];
        if (b->value != e->value || b->t_ms >= e->t_ms || b->t_ms < e->t_ms - c->history_ms)
            continue;
        n += c->rarity_by == RARITY_COUNT || !has[b->actor];
        has[b->actor] = true;
    }
    return n;
}

static int by_time(const void *x, const void *y)
{
    const struct event *a = x, *b = y;

    if (a->t_ms != b->t_ms)
        return a->t_ms < b->t_ms ? -1 : 1;
    return a->value < b->value ? -1 : a->value > b->value;
}

static void random_window(struct rng *rng)
{
    struct event events[EVENTS_MAX], sorted[EVENTS_MAX];
    struct arrival order[EVENTS_MAX];
    unsigned by = rng_below(rng, 3);
    int64_t unit = by == RARITY_DAYS ? DAY / 7 : 10, history = unit * (8 + rng_below(rng, 30));
    int64_t times[EVENTS_MAX], t = -30 * unit, newest = INT64_MIN,
                               lateness = rng_below(rng, (uint32_t)(12 * unit));
    size_t n = 1 + rng_below(rng, EVENTS_MAX), n_met, at = 0;
    struct rig r;

    for (size_t i = 0; i < n; i++) {
        uint32_t kind = rng_below(rng, 30);
        t += kind == 0   ? history + rng_below(rng, 3) - 1
             : kind < 10 ? 0
                         : rng_below(rng, (uint32_t)(2 * unit));
        times[i] = t;
        events[i] = (struct event){t, rng_below(rng, VALUES), rng_below(rng, ACTORS)};
    }
    memcpy(sorted, events, sizeof sorted);
    qsort(sorted, n, sizeof *sorted, by_time);
    arrivals_shuffle(rng, times, n, lateness, order);
    rig_start(&r, by, rng_below(rng, 5), history, rng_below(rng, 2) * 20 * unit);
    for (size_t i = 0; i < n; i++) {
        rig_hit(&r, &events[order[i].index]);
        newest = order[i].t_ms > newest ? order[i].t_ms : newest;
        if (rng_below(rng, 3) == 0) {
            operator_run_watermark(r.run, newest - lateness);
            operator_run_sweep(r.run);
        }
    }
    operator_run_watermark(r.run, INT64_MAX);
    const struct met *met = operator_run_met(r.run, &n_met);
    for (size_t i = 0; i < n; i++) {
        if (!model_is_judged(&r.c, sorted, i) ||
            sorted[i].t_ms < sorted[0].t_ms + r.c.training_ms ||
            model_frequency(&r.c, sorted, i) * MICRO > r.c.bounds[0].micro)
            continue;
        CHECK(at < n_met);
        CHECK_EQ(met[at].t_ms, sorted[i].t_ms);
        CHECK_EQ(met[at].value, sorted[i].value);
        CHECK_EQ(met[at].measured_micro, model_frequency(&r.c, sorted, i) * MICRO);
        at++;
    }
    CHECK_EQ(at, n_met);
    operator_run_free(r.run);
}

TEST(random_streams_find_what_the_model_finds)
{
    struct rng rng = rng_start("rarity");

    for (int i = 0; i < 15000; i++) /* 5,000 of each kind */
        random_window(&rng);
}

TEST_MAIN(ENTRY(value_is_seldom_up_to_the_limit_of_its_history),
          ENTRY(hot_value_keeps_a_bounded_cell_and_stays_exact),
          ENTRY(random_streams_find_what_the_model_finds))

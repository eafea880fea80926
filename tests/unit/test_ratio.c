/* test_ratio.c - parts of a population: edges, many actors, and random streams against a model. */
#include "correlate/ratio.h"

#include "tests/lib/operator_run.h"
#include "tests/lib/test.h"

#include <stdlib.h>

enum { EVENTS_MAX = 120, VALUES = 3, ACTORS = 8 };
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

static void rig_start(struct rig *r, int64_t most_micro, int64_t days, int64_t minimum,
                      int64_t training_ms)
{
    r->c = (struct correlation){.kind = OPERATOR_RATIO,
                                .n_bounds = 1,
                                .bounds = {{BOUND_LTE, most_micro}},
                                .history_ms = days * DAY,
                                .minimum_micro = minimum * MICRO,
                                .training_ms = training_ms};
    r->spec = (struct operator_spec){.correlation = &r->c, .is_final = true};
    r->run = operator_run_new(&operator_ratio, &r->spec);
}

/* Spread like a hash. */
static uint64_t actor_hash(uint32_t actor)
{
    return (actor + 1) * 0x9e3779b97f4a7c15u;
}

static void rig_hit(struct rig *r, const struct event *e)
{
    char text[16];
    snprintf(text, sizeof text, "app%u", e->value);
    struct hit hit = {.count = 1,
                      .value = e->value,
                      .actor = actor_hash(e->actor),
                      .group_key = operator_run_key(1, 0),
                      .keys = STR("g"),
                      .value_text = str_from(text)};

    operator_run_hit(r->run, operator_run_key(1, e->value + 1), e->t_ms, &hit);
}

/* Day 1: 20 users have app 0, `with` of them app 1 too. Day 2: another one uses app 1. */
static size_t met_with(uint32_t with, int64_t minimum, int64_t training_ms)
{
    struct rig r;
    size_t n;

    rig_start(&r, MICRO / 20, 30, minimum, training_ms);
    for (uint32_t i = 0; i < 20; i++) {
        rig_hit(&r, &(struct event){DAY + i, 0, i});
        if (i < with)
            rig_hit(&r, &(struct event){DAY + i, 1, i});
    }
    rig_hit(&r, &(struct event){2 * DAY, 1, 19});
    operator_run_watermark(r.run, INT64_MAX);
    const struct met *met = operator_run_met(r.run, &n);
    if (n && with == 1)
        CHECK_STR(str_from(met->detail), "app1: 1 of 20 actors");
    operator_run_free(r.run);
    return n;
}

TEST(value_is_met_up_to_its_part_of_the_population)
{
    CHECK_EQ(met_with(0, 0, 0), 1);
    CHECK_EQ(met_with(1, 0, 0), 1);
    CHECK_EQ(met_with(2, 0, 0), 0);
    CHECK_EQ(met_with(1, 20, 0), 1);
    CHECK_EQ(met_with(1, 21, 0), 0);
    CHECK_EQ(met_with(1, 0, DAY), 1);
    CHECK_EQ(met_with(1, 0, DAY + 1), 0);
}

TEST(thousands_of_actors_are_counted_exactly)
{
    enum { MANY = 20000 };
    struct rig r;
    size_t n;

    rig_start(&r, MICRO, 30, 0, 0);
    for (uint32_t i = 0; i < MANY; i++) {
        rig_hit(&r, &(struct event){DAY + i, 0, i});
        if (i % 1000 == 999)
            operator_run_watermark(r.run, DAY + i + 1);
    }
    rig_hit(&r, &(struct event){31 * DAY, 0, 5});
    rig_hit(&r, &(struct event){31 * DAY + 1, 1, 6}); /* the last day that counts day 1 */
    rig_hit(&r, &(struct event){32 * DAY, 0, 7});
    operator_run_watermark(r.run, INT64_MAX);
    const struct met *met = operator_run_met(r.run, &n);
    CHECK_EQ(n, 3);
    CHECK_STR(str_from(met[0].detail), "app0: 20000 of 20000 actors");
    CHECK_STR(str_from(met[1].detail), "app1: 0 of 20000 actors");
    CHECK_STR(str_from(met[2].detail), "app0: 1 of 2 actors");
    operator_run_free(r.run);
}

/* ---- the model ----------------------------------------------------------------------------- */

static bool model_is_judged(const struct event *events, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (events[k].value == events[i].value && events[k].actor == events[i].actor &&
            events[k].t_ms / DAY == events[i].t_ms / DAY)
            return false;
    return true;
}

/* Actors with the value (-1: any) on the days before that of `day`. */
static int64_t model_actors(const struct event *events, size_t n, int value, int64_t day,
                            int64_t days)
{
    bool has[ACTORS] = {false};
    int64_t count = 0;

    for (size_t k = 0; k < n; k++) {
        const struct event *e = &events[k];
        int64_t of = e->t_ms / DAY;
        if ((value >= 0 && e->value != (uint32_t)value) || of < day - days || of >= day)
            continue;
        count += !has[e->actor];
        has[e->actor] = true;
    }
    return count;
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
    int64_t times[EVENTS_MAX], days = 1 + rng_below(rng, 5), t = 50 * DAY + rng_below(rng, DAY),
                               newest = INT64_MIN, lateness = rng_below(rng, 2 * (uint32_t)DAY);
    size_t n = 1 + rng_below(rng, EVENTS_MAX), n_met, at = 0;
    struct rig r;

    for (size_t i = 0; i < n; i++) {
        t += rng_below(rng, 3) ? rng_below(rng, (uint32_t)DAY / 2) : 0;
        times[i] = t;
        events[i] = (struct event){t, rng_below(rng, VALUES), rng_below(rng, ACTORS)};
    }
    memcpy(sorted, events, sizeof sorted);
    qsort(sorted, n, sizeof *sorted, by_time);
    arrivals_shuffle(rng, times, n, lateness, order);
    rig_start(&r, rng_below(rng, (uint32_t)MICRO), days, rng_below(rng, 5),
              rng_below(rng, 2) * 2 * DAY);
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
        int64_t day = sorted[i].t_ms / DAY;
        int64_t with = model_actors(sorted, n, (int)sorted[i].value, day, days);
        int64_t all = model_actors(sorted, n, -1, day, days);
        if (!model_is_judged(sorted, i) || sorted[i].t_ms < sorted[0].t_ms + r.c.training_ms ||
            all == 0 || all * MICRO < r.c.minimum_micro || with * MICRO / all > r.c.bounds[0].micro)
            continue;
        CHECK(at < n_met);
        CHECK_EQ(met[at].t_ms, sorted[i].t_ms);
        CHECK_EQ(met[at].value, sorted[i].value);
        CHECK_EQ(met[at].measured_micro, with * MICRO / all);
        at++;
    }
    CHECK_EQ(at, n_met);
    operator_run_free(r.run);
}

TEST(random_streams_find_what_the_model_finds)
{
    struct rng rng = rng_start("ratio");

    for (int i = 0; i < 5000; i++)
        random_window(&rng);
}

TEST_MAIN(ENTRY(value_is_met_up_to_its_part_of_the_population),
          ENTRY(thousands_of_actors_are_counted_exactly),
          ENTRY(random_streams_find_what_the_model_finds))

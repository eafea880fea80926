/* test_volume.c - a group against its own baseline: the edges, and random streams against a model.
 */
#include "correlate/volume.h"

#include "tests/lib/operator_run.h"
#include "tests/lib/test.h"

#include <stdlib.h>

enum { EVENTS_MAX = 150, W = 10 };
#define MICRO ((int64_t)CORRELATION_MICRO)

struct rig {
    struct correlation c;
    struct operator_spec spec;
    struct operator_run *run;
};

static void rig_start(struct rig *r, int64_t baseline, int64_t training, int64_t factor,
                      int64_t minimum)
{
    r->c = (struct correlation){.kind = OPERATOR_VOLUME,
                                .window_ms = W,
                                .baseline_ms = baseline,
                                .training_ms = training,
                                .factor_micro = factor,
                                .minimum_micro = minimum};
    r->spec = (struct operator_spec){.correlation = &r->c, .is_final = true};
    r->run = operator_run_new(&operator_volume, &r->spec);
}

static void rig_hits(struct rig *r, int64_t t_ms, uint32_t n)
{
    struct hit hit = {.count = 1, .keys = STR("g")};

    for (uint32_t i = 0; i < n; i++)
        operator_run_hit(r->run, operator_run_key(1, 0), t_ms, &hit);
}

TEST(window_is_met_at_factor_times_the_mean_and_the_minimum)
{
    static const struct {
        uint32_t hits[6]; /* of windows 0, 1 ... */
        int64_t factor, minimum;
        size_t met;
    } rows[] = {
        {{2, 2, 6}, 3 * MICRO, 0, 1},
        {{2, 2, 5}, 3 * MICRO, 0, 0},
        {{2, 2, 6}, 3 * MICRO, 6 * MICRO, 1},
        {{2, 2, 6}, 3 * MICRO, 7 * MICRO, 0},
        {{2, 0, 3}, 3 * MICRO, 0, 1},     /* an empty window counts */
        {{2, 9}, 3 * MICRO, 0, 0},        /* training: two windows */
        {{4, 4, 1, 8}, 3 * MICRO, 0, 1},  /* the baseline is two windows: 4 and 1 */
        {{5, 0, 0, 50}, 3 * MICRO, 0, 0}, /* silent for a baseline: begins anew */
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct rig r;
        size_t n;
        rig_start(&r, 2 * W, 0, rows[i].factor, rows[i].minimum);
        for (uint32_t k = 0; k < 6; k++)
            rig_hits(&r, k * W + k, rows[i].hits[k]);
        operator_run_watermark(r.run, INT64_MAX);
        operator_run_met(r.run, &n);
        CHECK_EQ(n, rows[i].met);
        operator_run_free(r.run);
    }
}

TEST(window_is_decided_at_its_end_and_tells_value_and_baseline)
{
    struct rig r;
    size_t n;

    rig_start(&r, 2 * W, 0, 3 * MICRO, 0);
    rig_hits(&r, 0, 1);
    rig_hits(&r, W, 2);
    rig_hits(&r, 2 * W, 5);
    operator_run_watermark(r.run, 3 * W - 1);
    operator_run_met(r.run, &n);
    CHECK_EQ(n, 0);
    operator_run_watermark(r.run, 3 * W);
    const struct met *met = operator_run_met(r.run, &n);
    CHECK_EQ(n, 1);
    CHECK_EQ(met->t_ms, 3 * W - 1);
    CHECK_EQ(met->measured_micro, 5 * MICRO);
    CHECK_STR(str_from(met->detail), "baseline 1.500 over 2 windows");
    operator_run_free(r.run);
}

/* ---- the model ----------------------------------------------------------------------------- */

static int64_t model_sum(const int64_t *times, size_t n, int64_t window)
{
    int64_t sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += times[i] / W == window;
    return sum;
}

/* Walks all windows; *first: of the group as it was known before this one, -1: not. */
static bool model_meets(const struct correlation *c, const int64_t *times, size_t n, int64_t window,
                        int64_t *first)
{
    int64_t windows = c->baseline_ms / W, total = 0, value = model_sum(times, n, window);
    int64_t training = c->training_ms ? c->training_ms / W : windows;

    for (int64_t w = window - windows; w < window; w++)
        total += model_sum(times, n, w);
    if (value == 0)
        return false;
    if (total == 0) {
        *first = window;
        return false;
    }
    int64_t age = window - *first;
    if (age < training || value * MICRO < c->minimum_micro)
        return false;
    return value * (age < windows ? age : windows) * MICRO >= c->factor_micro * total;
}

static void random_window(struct rng *rng)
{
    struct arrival order[EVENTS_MAX];
    int64_t times[EVENTS_MAX], t = 0, first = -1, newest = 0, lateness = rng_below(rng, 60);
    size_t n = 1 + rng_below(rng, EVENTS_MAX), n_met, at = 0;
    struct rig r;

    rig_start(&r, W * (1 + rng_below(rng, 8)), W * rng_below(rng, 6),
              MICRO + rng_below(rng, 3 * MICRO), rng_below(rng, 4) * MICRO);
    for (size_t i = 0; i < n; i++) {
        uint32_t kind = rng_below(rng, 30);
        t += kind == 0   ? r.c.baseline_ms + rng_below(rng, 3) * W
             : kind < 20 ? 1
                         : rng_below(rng, 15);
        times[i] = t;
    }
    arrivals_shuffle(rng, times, n, lateness, order);
    for (size_t i = 0; i < n; i++) {
        rig_hits(&r, order[i].t_ms, 1);
        newest = order[i].t_ms > newest ? order[i].t_ms : newest;
        if (rng_below(rng, 4) == 0) {
            operator_run_watermark(r.run, newest - lateness);
            operator_run_sweep(r.run);
        }
    }
    operator_run_watermark(r.run, INT64_MAX);
    const struct met *met = operator_run_met(r.run, &n_met);
    for (int64_t w = 0; w <= t / W; w++) {
        if (!model_meets(&r.c, times, n, w, &first))
            continue;
        CHECK(at < n_met);
        CHECK_EQ(met[at].t_ms, (w + 1) * W - 1);
        CHECK_EQ(met[at].measured_micro, model_sum(times, n, w) * MICRO);
        at++;
    }
    CHECK_EQ(at, n_met);
    operator_run_free(r.run);
}

TEST(random_streams_find_what_the_model_finds)
{
    struct rng rng = rng_start("volume");

    for (int i = 0; i < 5000; i++)
        random_window(&rng);
}

TEST_MAIN(ENTRY(window_is_met_at_factor_times_the_mean_and_the_minimum),
          ENTRY(window_is_decided_at_its_end_and_tells_value_and_baseline),
          ENTRY(random_streams_find_what_the_model_finds))

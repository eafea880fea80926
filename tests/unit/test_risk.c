/* test_risk.c - accumulated risk: decay, caps, the threshold's edges, and random streams against a
 * model that adds up the whole list for each alert.
 */
#include "correlate/risk.h"

#include "tests/lib/operator_run.h"
#include "tests/lib/step_runner.h"
#include "tests/lib/test.h"

#include <math.h>
#include <stdlib.h>

enum { HOUR = RISK_HOUR_MS, EVENTS_MAX = 60 };
#define MICRO ((int64_t)CORRELATION_MICRO)

struct alert {
    int64_t t_ms;
    uint32_t rule, points;
};

struct rig {
    struct correlation c;
    struct operator_spec spec;
    struct operator_run *run;
};

static void rig_start(struct rig *r, int64_t threshold, int64_t half_life_ms)
{
    r->c = (struct correlation){.kind = OPERATOR_RISK,
                                .n_bounds = 1,
                                .bounds = {{BOUND_GTE, threshold * MICRO}},
                                .half_life_ms = half_life_ms};
    r->spec = (struct operator_spec){.correlation = &r->c, .is_final = true};
    r->run = operator_run_new(&operator_risk, &r->spec);
}

static void rig_alert(struct rig *r, const struct alert *a)
{
    char text[32];
    snprintf(text, sizeof text, "rule%u,T100%u", a->rule, a->rule);
    struct hit hit = {.count = 1,
                      .value = a->rule,
                      .number_micro = a->points * MICRO,
                      .keys = STR("alice"),
                      .value_text = str_from(text)};

    operator_run_hit(r->run, operator_run_key(1, 0), a->t_ms, &hit);
}

TEST(decay_is_that_of_the_formula)
{
    static const int64_t half_lives[] = {1, HOUR / 7, HOUR, 5 * HOUR + 13, 24 * HOUR, 9000000000};

    for (size_t i = 0; i < ARRAY_LEN(half_lives); i++)
        for (int64_t hours = 0; hours < RISK_BUCKETS; hours++) {
            double want = exp2(-(double)hours * HOUR / (double)half_lives[i]);
            double got = (double)risk_decay(hours, half_lives[i]) / 4294967296.0;
            CHECK(fabs(want - got) < 1e-7);
        }
    CHECK_EQ(risk_decay(0, HOUR), 1ull << 32);
    CHECK_EQ(risk_decay(RISK_BUCKETS, 9000000000), 0);
}

TEST(threshold_is_met_at_its_edge_and_caps_hold)
{
    static const struct {
        struct alert alerts[4];
        size_t n, met;
    } rows[] = {
        {{{0, 1, 50}, {1, 2, 49}}, 2, 0},
        {{{0, 1, 50}, {1, 2, 50}}, 2, 1},
        {{{1, 2, 50}, {0, 1, 50}}, 2, 1},
        {{{0, 1, 50}, {0, 2, 50}}, 2, 1},           /* one time, one judgement */
        {{{0, 1, 50}, {1, 1, 49}}, 2, 0},           /* the same rule adds too */
        {{{0, 1, 70}, {1, 1, 70}}, 2, 1},           /* up to 100 an hour */
        {{{0, 1, 99}, {HOUR, 2, 50}}, 2, 0},        /* half of 99 is left */
        {{{0, 1, 100}, {HOUR, 2, 50}}, 2, 2},       /* half of 100 is left */
        {{{HOUR - 1, 1, 60}, {HOUR, 2, 60}}, 2, 0}, /* hours are steps */
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct rig r;
        size_t n;
        rig_start(&r, 100, HOUR);
        for (size_t k = 0; k < rows[i].n; k++)
            rig_alert(&r, &rows[i].alerts[k]);
        operator_run_watermark(r.run, INT64_MAX);
        operator_run_met(r.run, &n);
        CHECK_EQ(n, rows[i].met);
        operator_run_free(r.run);
    }
}

TEST(finding_names_the_score_the_rules_and_their_techniques)
{
    struct rig r;
    size_t n;

    rig_start(&r, 100, 0);
    rig_alert(&r, &(struct alert){5, 1, 60});
    rig_alert(&r, &(struct alert){6, 2, 60});
    operator_run_watermark(r.run, 7);
    const struct met *met = operator_run_met(r.run, &n);
    CHECK_EQ(n, 1);
    CHECK_EQ(met->t_ms, 6);
    CHECK_EQ(met->measured_micro, 120 * MICRO);
    CHECK_STR(str_from(met->detail), "rule1,T1001; rule2,T1002");
    CHECK_STR(str_from(met->keys), "alice");
    operator_run_free(r.run);
}

/* More alerts than can be kept apart: the oldest become part of their hours, no point is lost. */
TEST(a_flood_of_alerts_loses_no_points)
{
    enum { RULES = 8, EACH = 40, POINTS = 2 };
    struct rig r;
    size_t n;

    _Static_assert(RULES * EACH > 2 * RISK_PENDING_MAX, "not a flood");
    rig_start(&r, RULES * EACH * POINTS, 0);
    for (uint32_t i = 0; i < RULES * EACH; i++)
        rig_alert(&r, &(struct alert){i, i % RULES, POINTS});
    const struct met *met = operator_run_met(r.run, &n);
    CHECK_EQ(n, 1);
    CHECK_EQ(met->t_ms, RULES * EACH - 1);
    operator_run_watermark(r.run, INT64_MAX);
    operator_run_met(r.run, &n);
    CHECK_EQ(n, 1);
    operator_run_free(r.run);
}

/* ---- the model ----------------------------------------------------------------------------- */

static int64_t hour_of(int64_t t_ms)
{
    return (t_ms + 1000 * (int64_t)HOUR) / HOUR - 1000;
}

/* The score at t with all alerts up to t, each rule's hour capped. */
static int64_t model_level(const struct alert *alerts, size_t n, int64_t t_ms, int64_t half_life)
{
    unsigned __int128 level = 0;

    for (int64_t ago = 0; ago < RISK_BUCKETS; ago++)
        for (uint32_t rule = 0; rule < 5; rule++) {
            int64_t sum = 0;
            for (size_t i = 0; i < n; i++)
                if (alerts[i].rule == rule && alerts[i].t_ms <= t_ms &&
                    hour_of(alerts[i].t_ms) == hour_of(t_ms) - ago)
                    sum += alerts[i].points * MICRO;
            if (sum > RISK_RULE_HOUR_MAX * MICRO)
                sum = RISK_RULE_HOUR_MAX * MICRO;
            level += (unsigned __int128)sum * risk_decay(ago, half_life);
        }
    return (int64_t)(level >> 32);
}

static int by_time(const void *x, const void *y)
{
    const struct alert *a = x, *b = y;

    return a->t_ms < b->t_ms ? -1 : a->t_ms > b->t_ms;
}

static void random_window(struct rng *rng)
{
    struct alert alerts[EVENTS_MAX], sorted[EVENTS_MAX];
    struct arrival order[EVENTS_MAX];
    int64_t times[EVENTS_MAX], half_life = HOUR / 4 + rng_below(rng, 20 * HOUR), newest = INT64_MIN;
    int64_t lateness = rng_below(rng, 3 * HOUR), t = -5 * HOUR;
    size_t n = 1 + rng_below(rng, EVENTS_MAX), n_met, at = 0;
    struct rig r;

    for (size_t i = 0; i < n; i++) {
        uint32_t kind = rng_below(rng, 10);
        t += kind == 0 ? rng_below(rng, 60 * HOUR) : kind < 5 ? 0 : rng_below(rng, HOUR / 2);
        times[i] = t;
        alerts[i] = (struct alert){t, rng_below(rng, 5), 10 + rng_below(rng, 60)};
    }
    memcpy(sorted, alerts, sizeof sorted);
    qsort(sorted, n, sizeof *sorted, by_time);
    arrivals_shuffle(rng, times, n, lateness, order);
    rig_start(&r, 40 + rng_below(rng, 200), half_life);
    for (size_t i = 0; i < n; i++) {
        rig_alert(&r, &alerts[order[i].index]);
        newest = order[i].t_ms > newest ? order[i].t_ms : newest;
        if (rng_below(rng, 3) == 0) {
            operator_run_watermark(r.run, newest - lateness);
            operator_run_sweep(r.run);
        }
    }
    operator_run_watermark(r.run, INT64_MAX);
    const struct met *met = operator_run_met(r.run, &n_met);
    for (size_t i = 0; i < n; i++) {
        int64_t level = model_level(sorted, n, sorted[i].t_ms, half_life);
        if ((i && sorted[i - 1].t_ms == sorted[i].t_ms) || level < r.c.bounds[0].micro)
            continue;
        CHECK(at < n_met);
        CHECK_EQ(met[at].t_ms, sorted[i].t_ms);
        /* As of when it was told; roundings of the parts. */
        CHECK(met[at].measured_micro >= r.c.bounds[0].micro &&
              met[at].measured_micro <= level + 48);
        at++;
    }
    CHECK_EQ(at, n_met);
    operator_run_free(r.run);
}

TEST(random_streams_find_what_the_model_finds)
{
    struct rng rng = rng_start("risk");

    for (int i = 0; i < 5000; i++)
        random_window(&rng);
}

/* ---- asked by the score -------------------------------------------------------------------- */

static uint8_t memory_bytes[65536];
static bool grow(struct cell_memory *m, struct cell_part *part, uint32_t room, bool is_side)
{
    (void)m;
    if (is_side || room > sizeof memory_bytes)
        return false;
    part->p = memory_bytes;
    part->room = sizeof memory_bytes;
    return true;
}

TEST(level_can_be_asked_at_any_time)
{
    struct cell_memory memory = {grow};
    struct cell cell = {.due_ms = CELL_NEVER, .memory = &memory};
    struct step_clock clock = {INT64_MIN};
    struct rig r;

    rig_start(&r, 1000, HOUR);
    struct hit hit = {.value = 1, .number_micro = 40 * MICRO, .keys = STR("a")};
    for (int64_t t = 0; t < 3 * HOUR; t += HOUR) {
        struct state_op op = {.t_ms = t, .payload = &hit};
        risk_step(&r.spec, &op, &cell, &clock, NULL);
    }
    struct str bytes = {(const char *)cell.main.p, cell.main.n};
    CHECK_EQ(risk_level(&r.spec, bytes, -1), 0);
    CHECK_EQ(risk_level(&r.spec, bytes, 0), 40 * MICRO);
    CHECK_EQ(risk_level(&r.spec, bytes, HOUR), 60 * MICRO);
    CHECK_EQ(risk_level(&r.spec, bytes, 2 * HOUR), 70 * MICRO);
    CHECK_EQ(risk_level(&r.spec, bytes, 3 * HOUR), 35 * MICRO);
    CHECK_EQ(risk_level(&r.spec, bytes, 60 * (int64_t)HOUR), 0);
    CHECK_EQ(risk_level(&r.spec, STR("nonsense"), 0), 0);
    operator_run_free(r.run);
}

TEST(points_go_by_the_share_of_the_threshold)
{
    static const struct {
        struct bound bounds[2];
        size_t n;
        int64_t level;
        int32_t want;
    } ROWS[] = {
        {{{BOUND_GTE, 100 * MICRO}}, 1, 0, 0},
        {{{BOUND_GTE, 100 * MICRO}}, 1, 5 * MICRO - 1, 0},
        {{{BOUND_GTE, 100 * MICRO}}, 1, 5 * MICRO, 1},
        {{{BOUND_GT, 100 * MICRO}}, 1, 73 * MICRO, 14},
        {{{BOUND_GTE, 100 * MICRO}}, 1, 100 * MICRO - 1, 19},
        {{{BOUND_GTE, 100 * MICRO}}, 1, 100 * MICRO, 20},
        {{{BOUND_GTE, 100 * MICRO}}, 1, 153600 * MICRO, 20}, /* all that a cell can hold */
        {{{BOUND_GTE, 100 * MICRO}, {BOUND_LT, 200 * MICRO}}, 2, 50 * MICRO, 10},
        {{{BOUND_LT, 200 * MICRO}}, 1, 50 * MICRO, 0},
        {{{BOUND_GTE, 0}}, 1, 50 * MICRO, 0},
    };

    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
        struct correlation c = {.n_bounds = ROWS[i].n};
        memcpy(c.bounds, ROWS[i].bounds, sizeof ROWS[i].bounds);
        CHECK_EQ(risk_points(&c, ROWS[i].level), ROWS[i].want);
    }
}

/* Give a risk an alert with its finding; what comes out, and the addend that it has. */
static void pass_alert(struct step_runner *steps, int64_t t_ms, const struct finding *in,
                       struct finding *out)
{
    static char room[4096];
    struct buf finding = {0}, passing = {0};
    struct passing p;
    size_t n;

    finding_pack(in, &finding);
    passing_pack(&(struct passing){STR("t"), STR("uid"), buf_str(&finding)}, &passing);
    struct hit hit = {.count = 1, .value = 1, .number_micro = 40 * MICRO};
    hit.addends = buf_str(&passing);
    struct state_op op = {.key = {{1}}, .t_ms = t_ms, .payload = &hit};
    step_runner_apply(steps, &op);
    const struct emission *e = step_runner_take(steps, &n);
    CHECK(n == 1 || n == 2); /* that the risk is met comes behind it */
    CHECK(e->bytes.n <= sizeof room);
    memcpy(room, e->bytes.p, e->bytes.n);
    CHECK(passing_unpack((struct str){room, e->bytes.n}, &p));
    CHECK_STR(p.tenant, "t");
    CHECK_STR(p.rule_uid, "uid");
    CHECK(finding_unpack(p.finding, out));
    buf_release(&finding);
    buf_release(&passing);
}

TEST(a_finding_that_passes_through_learns_what_was_there_before_it)
{
    static const struct str group = {"user.name", 9};
    struct correlation c = {.kind = OPERATOR_RISK, .n_bounds = 1, .group = &group, .n_group = 1};
    struct operator_spec spec = {.correlation = &c, .is_final = true};
    struct step_runner *steps = step_runner_new();
    struct finding in = {.activity = FINDING_CREATE, .cause = CAUSE_NONE, .at_ms = 9}, out;

    c.bounds[0] = (struct bound){BOUND_GTE, 100 * MICRO};
    (void)step_runner_add(steps, risk_step, &spec);
    pass_alert(steps, 5, &in, &out);
    CHECK_EQ(out.n_addends, 0);
    pass_alert(steps, 6, &in, &out);
    CHECK_EQ(out.n_addends, 1);
    CHECK_STR(out.addends[0].name, "entity_risk");
    CHECK_STR(out.addends[0].why, "risk of user.name was 40 of 100");
    CHECK_EQ(out.addends[0].value, 8);
    /* A greater one of another risk stays, a smaller one does not. */
    in.n_addends = 1;
    in.addends[0] = (struct finding_addend){STR("entity_risk"), 17, STR("other")};
    pass_alert(steps, 7, &in, &out);
    CHECK_EQ(out.n_addends, 1);
    CHECK_EQ(out.addends[0].value, 17);
    CHECK_STR(out.addends[0].why, "other");
    in.addends[0].value = 3;
    pass_alert(steps, 8, &in, &out);
    CHECK_EQ(out.n_addends, 1);
    CHECK_EQ(out.addends[0].value, 20); /* a rule adds 100 in an hour */
    step_runner_free(steps);
}

TEST_MAIN(ENTRY(decay_is_that_of_the_formula), ENTRY(threshold_is_met_at_its_edge_and_caps_hold),
          ENTRY(finding_names_the_score_the_rules_and_their_techniques),
          ENTRY(a_flood_of_alerts_loses_no_points), ENTRY(random_streams_find_what_the_model_finds),
          ENTRY(level_can_be_asked_at_any_time), ENTRY(points_go_by_the_share_of_the_threshold),
          ENTRY(a_finding_that_passes_through_learns_what_was_there_before_it))

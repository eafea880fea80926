/* test_lost_history.c - rarity, ratio and volume lose their cells, get what the journal has, and
 * read the last hour again, with half an hour of it left to that: together they tell what one tells
 * that lost nothing.
 *
 * Rarity may count what is old by a part of the history less than the history itself (facts.h): it
 * may tell more, but nothing that a history shorter by a part would not tell.
 */
#include "correlate/facts.h"
#include "correlate/operator.h"

#include "base/str.h"
#include "tests/lib/operator_run.h"
#include "tests/lib/step_runner.h"
#include "tests/lib/test.h"

#include <stdlib.h>

enum { EVENTS_MAX = 400, VALUES = 3, ACTORS = 5, FACTS_MAX = 8192, MET_MAX = 2048 };
#define MINUTE 60000ll
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define MICRO ((int64_t)CORRELATION_MICRO)

struct event {
    int64_t t_ms;
    uint32_t value, actor;
};

static struct stream {
    const struct operator_kind_info *kind;
    struct correlation c;
    struct operator_spec spec;
    struct event events[EVENTS_MAX];
    struct arrival order[EVENTS_MAX];
    int64_t lateness;
    size_t n;
} stream;

/* What was published, and what is to be read again. */
static struct journal {
    struct fact facts[FACTS_MAX];
    size_t n;
    struct met met[MET_MAX];
    size_t n_met;
} journal;

/* ---- streams ------------------------------------------------------------------------------- */

static void make_rule(struct rng *rng)
{
    static const struct operator_kind_info *const kinds[] = {&operator_rarity, &operator_ratio,
                                                             &operator_volume};
    struct correlation *c = &stream.c;

    stream.kind = kinds[rng_below(rng, 3)];
    *c = (struct correlation){.kind = stream.kind->kind, .n_bounds = 1};
    c->training_ms = rng_below(rng, 2) * 2 * DAY;
    c->history_ms = (6 + (int64_t)rng_below(rng, 40)) * 6 * HOUR;
    c->rarity_by = rng_below(rng, 3);
    c->bounds[0].op = BOUND_LTE;
    c->bounds[0].micro = stream.kind == &operator_ratio ? rng_below(rng, 10) * MICRO / 10
                                                        : rng_below(rng, 5) * MICRO;
    c->minimum_micro = rng_below(rng, 3) * MICRO;
    c->window_ms = stream.kind == &operator_volume ? (1 + rng_below(rng, 5)) * 10 * MINUTE : 0;
    c->baseline_ms = (4 + (int64_t)rng_below(rng, 20)) * HOUR;
    c->factor_micro = 2 * CORRELATION_MICRO;
    if (stream.kind == &operator_volume)
        c->training_ms = rng_below(rng, 2) * 3 * HOUR;
    stream.spec = (struct operator_spec){.correlation = c, .is_final = true};
}

/* Minutes apart mostly, hours and days at times. */
static void make_events(struct rng *rng)
{
    static const int64_t gaps[] = {0, 0, 1, MINUTE, 7 * MINUTE, 20 * MINUTE, 5 * HOUR, 30 * HOUR};
    int64_t times[EVENTS_MAX], t = 10 * DAY + rng_below(rng, DAY);
    uint32_t most = stream.kind == &operator_volume ? 7 : 8;

    stream.n = 20 + rng_below(rng, EVENTS_MAX - 20);
    for (size_t i = 0; i < stream.n; i++) {
        uint32_t kind = rng_below(rng, most);
        if (kind >= 6 && rng_below(rng, 4))
            kind = 3;
        t += gaps[kind] ? rng_below(rng, (uint32_t)gaps[kind]) : 0;
        times[i] = t;
        stream.events[i] = (struct event){t, rng_below(rng, VALUES), rng_below(rng, ACTORS)};
    }
    stream.lateness = rng_below(rng, 2) * rng_below(rng, 5 * MINUTE);
    arrivals_shuffle(rng, times, stream.n, stream.lateness, stream.order);
}

static void hit(struct operator_run *run, size_t at)
{
    const struct event *e = &stream.events[stream.order[at].index];
    bool is_volume = stream.kind == &operator_volume;
    char text[8];

    snprintf(text, sizeof text, "v%u", e->value);
    struct hit hit = {.count = 1,
                      .value = e->value,
                      .actor = ((uint64_t)e->actor + 10) << 40,
                      .group_key = operator_run_key(1, 0),
                      .keys = STR("g"),
                      .value_text = str_from(text)};
    operator_run_hit(run, operator_run_key(1, is_volume ? 0 : e->value + 1), e->t_ms, &hit);
}

/* Arrivals [from, to), in batches: timers are behind by some minutes at most. The newest time. */
static int64_t feed(struct operator_run *run, size_t from, size_t to, struct rng *rng)
{
    int64_t newest = INT64_MIN;

    for (size_t i = from; i < to; i++) {
        int64_t t_ms = stream.order[i].t_ms, was = newest;
        newest = t_ms > newest ? t_ms : newest;
        if (was > INT64_MIN && newest > was + 10 * MINUTE)
            operator_run_watermark(run, was - stream.lateness);
        hit(run, i);
        if (rng_below(rng, 3) == 0 || (was > INT64_MIN && newest > was + 10 * MINUTE)) {
            operator_run_watermark(run, newest - stream.lateness);
            operator_run_sweep(run);
        }
    }
    return newest;
}

/* ---- the journal --------------------------------------------------------------------------- */

/* As a set: what a replay tells again is claimed. */
static void publish(struct operator_run *run)
{
    static const uint8_t identity[FACT_IDENTITY_BYTES] = "lost history";
    size_t n;
    const struct met *met = operator_run_met(run, &n);

    for (size_t i = 0; i < n; i++) {
        size_t k = 0;
        CHECK_STR(str_from(met[i].keys), "g");
        while (k < journal.n_met &&
               (journal.met[k].t_ms != met[i].t_ms || journal.met[k].value != met[i].value))
            k++;
        CHECK(k < MET_MAX);
        journal.met[k] = met[i];
        journal.n_met += k == journal.n_met;
    }
    const struct signal *told = operator_run_facts(run, &n);
    for (size_t i = 0; i < n; i++) {
        CHECK(journal.n < FACTS_MAX);
        CHECK(fact_of_signal(&told[i], identity, &journal.facts[journal.n]));
        CHECK(journal.facts[journal.n].kind == stream.kind->fact_kind);
        journal.n++;
    }
}

static void compact(void)
{
    size_t n = 0;

    for (size_t i = 0; i < journal.n; i++) {
        uint8_t name[FACT_NAME_BYTES], other[FACT_NAME_BYTES];
        bool is_replaced = false;
        fact_name(&journal.facts[i], name);
        for (size_t k = i + 1; k < journal.n && !is_replaced; k++) {
            fact_name(&journal.facts[k], other);
            is_replaced = memcmp(name, other, sizeof name) == 0;
        }
        if (!is_replaced)
            journal.facts[n++] = journal.facts[i];
    }
    journal.n = n;
}

static void restore(struct operator_run *run, int64_t fresh_ms, struct rng *rng)
{
    if (rng_below(rng, 2))
        compact();
    uint32_t from = rng_below(rng, (uint32_t)journal.n + 1), times = 1 + rng_below(rng, 2);
    for (size_t i = 0; i < journal.n * times; i++) {
        struct fact f, *at = &journal.facts[(from + i * 7919) % journal.n];
        struct state_op term, group;
        struct hit payload;
        struct buf b = {0};
        fact_pack(at, &b);
        CHECK(fact_unpack(buf_str(&b), &f));
        buf_release(&b);
        f.fresh_ms = fresh_ms;
        size_t n_ops = fact_ops(&f, i < journal.n, &payload, &term, &group);
        CHECK_EQ(n_ops, stream.kind->n_stages);
        group.space = 1;
        step_runner_apply(operator_run_steps(run), &term);
        if (n_ops > 1)
            step_runner_apply(operator_run_steps(run), &group);
    }
    operator_run_sweep(run);
}

/* ---- losses -------------------------------------------------------------------------------- */

/* The first arrival that a replay reads: all that is not older than since_ms comes behind it. */
static size_t replay_from(size_t at, int64_t since_ms)
{

    for (size_t i = 0; i < at; i++)
        if (stream.order[i].t_ms >= since_ms)
            return i;
    return at;
}

static void run_with_losses(struct rng *rng)
{
    size_t at = 0, from = 0;
    struct operator_run *run = operator_run_new(stream.kind, &stream.spec);

    journal.n = journal.n_met = 0;
    for (uint32_t losses = rng_below(rng, 4); losses > 0; losses--) {
        at += rng_below(rng, (uint32_t)(stream.n - at));
        if (at == from)
            continue;
        int64_t newest = feed(run, from, at, rng);
        publish(run);
        operator_run_free(run);
        int64_t top = newest - stream.lateness;
        run = operator_run_new(stream.kind, &stream.spec);
        restore(run, top - 30 * MINUTE, rng);
        from = replay_from(at, top - HOUR - rng_below(rng, 2 * HOUR));
    }
    feed(run, from, stream.n, rng);
    operator_run_watermark(run, INT64_MAX);
    publish(run);
    operator_run_free(run);
}

static void run_without(struct met *met, size_t *n, struct rng *rng)
{
    struct operator_run *run = operator_run_new(stream.kind, &stream.spec);

    feed(run, 0, stream.n, rng);
    operator_run_watermark(run, INT64_MAX);
    const struct met *all = operator_run_met(run, n);
    CHECK(*n <= MET_MAX);
    for (size_t i = 0; i < *n; i++) /* all may be NULL where nothing was met */
        met[i] = all[i];
    operator_run_free(run);
}

static const struct met *find(const struct met *met, size_t n, const struct met *m)
{
    for (size_t i = 0; i < n; i++)
        if (met[i].t_ms == m->t_ms && met[i].value == m->value)
            return &met[i];
    return NULL;
}

static void random_losses(struct rng *rng)
{
    static struct met whole[MET_MAX], shorter[MET_MAX];
    size_t n_whole, n_shorter = 0;

    make_rule(rng);
    make_events(rng);
    run_without(whole, &n_whole, rng);
    run_with_losses(rng);
    for (size_t i = 0; i < n_whole; i++) {
        const struct met *m = find(journal.met, journal.n_met, &whole[i]);
        CHECK(m);
        if (stream.kind != &operator_rarity) {
            CHECK_EQ(m->measured_micro, whole[i].measured_micro);
            CHECK_STR(str_from(m->detail), whole[i].detail);
        }
    }
    if (stream.kind == &operator_rarity) {
        stream.c.history_ms -= stream.c.history_ms / FACT_PARTS + 1;
        run_without(shorter, &n_shorter, rng);
    }
    for (size_t i = 0; i < journal.n_met; i++)
        CHECK(find(whole, n_whole, &journal.met[i]) || find(shorter, n_shorter, &journal.met[i]));
}

TEST(what_was_lost_comes_back_from_the_journal)
{
    struct rng rng = rng_start("lost_history");

    for (int i = 0; i < 3000; i++)
        random_losses(&rng);
}

TEST_MAIN(ENTRY(what_was_lost_comes_back_from_the_journal))

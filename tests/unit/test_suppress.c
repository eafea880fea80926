/* test_suppress.c - dedup against a model that looks at the whole list: buckets of the key, or
 * intervals that the first match opens.
 */
#include <stdlib.h>

#include "correlate/book.h"
#include "correlate/record.h"
#include "state/capsule.h"
#include "state/finding.h"
#include "state/uid.h"
#include "tests/lib/rng.h"
#include "tests/lib/step_runner.h"
#include "tests/lib/test.h"

enum { HITS_MAX = 400, WINDOWS = 5000, PERIOD_MS = 1000 };

struct hit_at {
    int64_t t_ms, arrival_ms;
    uint32_t count;
};

struct told {
    int64_t start_ms;
    uint64_t hits;
    int64_t first_ms, last_ms;
    uint32_t creates, closes;
};

struct list {
    struct told items[HITS_MAX];
    uint32_t n;
};

static const struct str keys = {"\1\3\0\0\0ann", 8};

static int by_arrival(const void *x, const void *y)
{
    const struct hit_at *a = x, *b = y;

    return (a->arrival_ms > b->arrival_ms) - (a->arrival_ms < b->arrival_ms);
}

static int by_time(const void *x, const void *y)
{
    const struct hit_at *a = x, *b = y;

    return (a->t_ms > b->t_ms) - (a->t_ms < b->t_ms);
}

static int by_start(const void *x, const void *y)
{
    const struct told *a = x, *b = y;

    return (a->start_ms > b->start_ms) - (a->start_ms < b->start_ms);
}

static struct told *told_at(struct list *l, int64_t start_ms)
{
    for (uint32_t i = 0; i < l->n; i++)
        if (l->items[i].start_ms == start_ms)
            return &l->items[i];
    l->items[l->n] =
        (struct told){.start_ms = start_ms, .first_ms = INT64_MAX, .last_ms = INT64_MIN};
    return &l->items[l->n++];
}

/* Of an interval it cites no event before it, and none behind what is told if it has others. */
static void check_cited(const struct finding *f)
{
    uint32_t n_later = 0;
    struct capsule c;

    for (uint32_t i = 0; i < f->n_capsules; i++) {
        CHECK(capsule_unpack(f->capsules[i], &c));
        CHECK(c.t_ms >= f->bucket_start_ms && c.t_ms < f->bucket_end_ms);
        n_later += c.t_ms > f->at_ms;
    }
    CHECK(n_later == 0 || n_later == f->n_capsules);
    /* What lifts the score is that of the match that opens the interval. */
    if (f->n_capsules && f->activity == FINDING_CREATE) {
        CHECK_EQ(f->n_addends, 1);
        CHECK_EQ(f->addends[0].value, f->bucket_start_ms % 100);
    }
}

static void take(struct step_runner *r, struct list *out)
{
    size_t n;
    const struct emission *e = step_runner_take(r, &n);
    struct finding f;

    for (size_t i = 0; i < n; i++) {
        CHECK(finding_unpack(e[i].bytes, &f));
        check_cited(&f);
        struct told *t = told_at(out, f.bucket_start_ms);
        t->hits = f.hits;
        t->first_ms = f.first_ms;
        t->last_ms = f.last_ms;
        t->creates += f.activity == FINDING_CREATE;
        t->closes += f.activity == FINDING_CLOSE;
    }
}

static void run(struct operator_spec *spec, struct hit_at *hits, uint32_t n, struct rng *rng,
                int64_t lateness_ms, struct list *out)
{
    struct step_runner *r = step_runner_new();
    int64_t newest = INT64_MIN;

    out->n = 0;
    qsort(hits, n, sizeof *hits, by_arrival);
    (void)step_runner_add(r, suppress_step, spec);
    for (uint32_t i = 0; i < n; i++) {
        struct hit hit = {.count = hits[i].count, .keys = keys};
        struct capsule capsule = {.input = STR("a"), .offset = i, .t_ms = hits[i].t_ms};
        struct buf packed = {0}, addends = {0};
        struct finding_addend addend = {STR("of_time"), (int32_t)(hits[i].t_ms % 100), STR("")};
        if (spec->fold.is_of_events) {
            capsule_pack(&capsule, &packed);
            hit.capsule = buf_str(&packed);
            finding_addends_pack(&addend, 1, &addends);
            hit.addends = buf_str(&addends);
        }
        step_runner_apply(r, &(struct state_op){.t_ms = hits[i].t_ms, .payload = &hit});
        buf_release(&packed);
        buf_release(&addends);
        newest = hits[i].t_ms > newest ? hits[i].t_ms : newest;
        if (rng_below(rng, 8) == 0)
            step_runner_watermark(r, newest - lateness_ms);
        if (rng_below(rng, 8) == 0)
            step_runner_sweep(r);
        take(r, out);
    }
    step_runner_watermark(r, INT64_MAX);
    take(r, out);
    CHECK_EQ(step_runner_cells(r), 0);
    step_runner_free(r);
}

static void expect(const struct operator_spec *spec, struct hit_at *hits, uint32_t n,
                   struct list *out)
{
    struct str parts[] = {STR("r"), STR("ann")};
    struct digest d;
    int64_t open = INT64_MIN;

    out->n = 0;
    qsort(hits, n, sizeof *hits, by_time);
    for (uint32_t i = 0; i < n; i++) {
        int64_t t = hits[i].t_ms;
        if (!spec->fold.is_anchored)
            open = uid_bucket_start(&d, parts, 2, t, PERIOD_MS);
        else if (open == INT64_MIN || t - open >= PERIOD_MS)
            open = t;
        struct told *told = told_at(out, open);
        told->hits += hits[i].count;
        told->first_ms = t < told->first_ms ? t : told->first_ms;
        told->last_ms = t > told->last_ms ? t : told->last_ms;
        told->creates = told->closes = 1;
    }
}

static uint32_t check_one(struct rng *rng, bool is_anchored)
{
    static struct hit_at hits[HITS_MAX];
    static struct list got, want;
    struct operator_spec spec = {
        .fold = {.rule_uid = STR("r"), .period_ms = PERIOD_MS, .threshold = 1}};
    uint32_t n = 1 + rng_below(rng, HITS_MAX), lateness = rng_below(rng, 3) * 900;
    int64_t t = 1700000000000;

    spec.fold.is_anchored = spec.fold.is_of_events = is_anchored;
    for (uint32_t i = 0; i < n; i++) {
        static const uint32_t steps[] = {0, 1, 100, 300, PERIOD_MS - 1, PERIOD_MS, PERIOD_MS + 1};
        t += steps[rng_below(rng, ARRAY_LEN(steps))];
        hits[i] = (struct hit_at){t, t + rng_below(rng, lateness + 1), 1 + rng_below(rng, 3)};
    }
    run(&spec, hits, n, rng, lateness, &got);
    expect(&spec, hits, n, &want);
    qsort(got.items, got.n, sizeof *got.items, by_start);
    CHECK_EQ(got.n, want.n);
    for (uint32_t i = 0; i < got.n; i++) {
        CHECK_EQ(got.items[i].start_ms, want.items[i].start_ms);
        CHECK_EQ(got.items[i].hits, want.items[i].hits);
        CHECK_EQ(got.items[i].first_ms, want.items[i].first_ms);
        CHECK_EQ(got.items[i].last_ms, want.items[i].last_ms);
        CHECK_EQ(got.items[i].creates, 1);
        CHECK_EQ(got.items[i].closes, 1);
    }
    return got.n;
}

TEST(buckets_equal_those_of_the_whole_list)
{
    struct rng rng = rng_start("suppress");

    for (uint32_t told = 0; told < WINDOWS;)
        told += check_one(&rng, false);
}

TEST(anchored_intervals_equal_those_of_the_whole_list)
{
    struct rng rng = rng_start("suppress, anchored");

    for (uint32_t told = 0; told < WINDOWS;)
        told += check_one(&rng, true);
}

TEST_MAIN(ENTRY(buckets_equal_those_of_the_whole_list),
          ENTRY(anchored_intervals_equal_those_of_the_whole_list))

/* test_ordered.c - temporal_ordered against an exhaustive search for chains. */
#include "correlate/operator.h"

#include "correlate/hit.h"
#include "state/finding.h"
#include "tests/lib/step_runner.h"
#include "tests/lib/test.h"
#include "tests/lib/window_stream.h"

static struct stream stream;
static struct rng rng;

/* Is there a hit of each stage up to `stage` in [from, to) in order, the last at or before t? All
 * in the window already. Tries every hit, latest or not. */
static bool has_chain(const struct stream *s, uint32_t from, uint32_t to, uint32_t stage,
                      int64_t t_ms)
{
    for (uint32_t i = from; i < to && s->hits[i].t_ms <= t_ms; i++)
        if (s->hits[i].label == stage &&
            (stage == 0 || has_chain(s, from, to, stage - 1, s->hits[i].t_ms)))
            return true;
    return false;
}

/* At the last time of [from, to), which begins at that time - W. */
static bool model(const struct stream *s, uint32_t from, uint32_t to)
{
    uint32_t last = (uint32_t)s->correlation.n_inputs - 1;
    int64_t t_ms = s->hits[to - 1].t_ms;

    for (uint32_t i = to; i-- > from && s->hits[i].t_ms == t_ms;)
        if (s->hits[i].label == last && (last == 0 || has_chain(s, from, to, last - 1, t_ms)))
            return true;
    return false;
}

static void set_spec(struct stream *s)
{
    static const uint32_t windows[] = {7, 40, 1000};
    uint32_t w = windows[rng_below(&rng, 3)];
    uint32_t periods[] = {w / 3, w, w + 1, 3 * w, 20 * w};
    uint32_t lateness[] = {0, 1, w / 2, w, 3 * w};

    s->correlation = (struct correlation){
        .kind = OPERATOR_ORDERED, .window_ms = w, .n_inputs = 2 + rng_below(&rng, 4)};
    s->spec = (struct operator_spec){
        .correlation = &s->correlation,
        .window_ms = w,
        .lateness_ms = lateness[rng_below(&rng, 5)],
        .fold = {.rule_uid = STR("r"), .period_ms = periods[rng_below(&rng, 5)], .threshold = 1}};
    s->density = 8 + rng_below(&rng, 16);
}

static uint32_t check_orders(void)
{
    uint32_t n, labels = (uint32_t)stream.correlation.n_inputs;

    stream_fill(&stream, &rng, 20 + rng_below(&rng, 150), 1, labels);
    n = stream_check(&stream, &operator_ordered, model, &rng);
    for (uint32_t i = 0; i < stream.n; i++)
        stream.hits[i].is_late = false;
    for (int again = 0; again < 2; again++) {
        stream_shuffle(&stream, &rng);
        n += stream_check(&stream, &operator_ordered, model, &rng);
    }
    return n;
}

TEST(early_findings_are_those_of_the_search_in_every_order)
{
    uint32_t told = 0;

    rng = rng_start("ordered");
    for (int round = 0; round < 400; round++) {
        set_spec(&stream);
        told += check_orders();
    }
    CHECK(told > 1000);
}

TEST(final_forms_tell_each_end_of_a_chain)
{
    uint32_t told = 0;

    rng = rng_start("ordered, final");
    for (int round = 0; round < 300; round++) {
        set_spec(&stream);
        stream.spec.is_final = true;
        told += check_orders();
    }
    CHECK(told > 1000);
}

/* The second stage comes when the first has had n times that may all still matter. */
static bool is_exact_after(uint32_t n)
{
    struct step_runner *r = step_runner_new();
    struct finding f = {.is_exact = false};
    struct hit hit = {.count = 1, .keys = STR("\1\1\0\0\0a")};
    size_t n_told;

    set_spec(&stream);
    stream.correlation.n_inputs = 2;
    stream.spec.window_ms = 100000;
    stream.spec.fold.period_ms = 1000000;
    step_runner_add(r, operator_ordered.steps[0], &stream.spec);
    for (uint32_t i = 0; i <= n; i++) {
        struct state_op op = {.t_ms = i, .payload = &hit};
        hit.label = i == n;
        step_runner_apply(r, &op);
    }
    const struct emission *told = step_runner_take(r, &n_told);
    CHECK_EQ(n_told, 1);
    CHECK(finding_unpack(told[0].bytes, &f));
    CHECK_EQ(f.activity, FINDING_CREATE);
    step_runner_free(r);
    return f.is_exact;
}

TEST(a_row_that_is_full_still_finds_but_says_that_it_is_not_exact)
{
    CHECK(is_exact_after(1024));
    CHECK(!is_exact_after(1025));
}

TEST(times_behind_the_watermark_take_little_room)
{
    struct step_runner *r = step_runner_new();
    struct hit hit = {.count = 1, .keys = STR("\1\1\0\0\0a")};

    set_spec(&stream);
    stream.correlation.n_inputs = 3;
    stream.spec.window_ms = 1000000;
    stream.spec.fold.period_ms = 1000000;
    step_runner_add(r, operator_ordered.steps[0], &stream.spec);
    for (uint32_t i = 0; i < 5000; i++) {
        struct state_op op = {.t_ms = i, .payload = &hit};
        hit.label = i % 2;
        step_runner_apply(r, &op);
        step_runner_watermark(r, i);
    }
    CHECK(step_runner_bytes(r, false) < 200);
    step_runner_free(r);
}

TEST_MAIN(ENTRY(early_findings_are_those_of_the_search_in_every_order),
          ENTRY(final_forms_tell_each_end_of_a_chain),
          ENTRY(a_row_that_is_full_still_finds_but_says_that_it_is_not_exact),
          ENTRY(times_behind_the_watermark_take_little_room))

/* test_count.c - event_count against its model. */
#include "correlate/operator.h"

#include "correlate/book.h"
#include "correlate/record.h"
#include "tests/lib/step_runner.h"
#include "tests/lib/test.h"
#include "tests/lib/window_stream.h"

enum { WINDOWS = 5000 };

static bool is_met(const struct stream *s, uint32_t from, uint32_t to)
{
    int64_t n = to - from, bound;

    for (size_t i = 0; i < s->correlation.n_bounds; i++) {
        bound = s->correlation.bounds[i].micro / CORRELATION_MICRO;
        switch (s->correlation.bounds[i].op) {
        case BOUND_GT:
            if (n <= bound)
                return false;
            break;
        case BOUND_GTE:
            if (n < bound)
                return false;
            break;
        case BOUND_LT:
            if (n >= bound)
                return false;
            break;
        case BOUND_LTE:
            if (n > bound)
                return false;
            break;
        case BOUND_EQ:
            if (n != bound)
                return false;
            break;
        case BOUND_NEQ:
            if (n == bound)
                return false;
            break;
        }
    }
    return true;
}

static struct stream stream;

static void set_up(struct rng *rng, uint32_t n, enum bound_op op)
{
    static const int64_t windows[] = {1, 7, 100, 1000, 60000};

    stream.correlation = (struct correlation){.kind = OPERATOR_COUNT,
                                              .window_ms = windows[rng_below(rng, 5)],
                                              .n_bounds = 1,
                                              .bounds = {{op, (int64_t)n * CORRELATION_MICRO}}};
    stream.spec = (struct operator_spec){.correlation = &stream.correlation,
                                         .window_ms = stream.correlation.window_ms,
                                         .fold = {.rule_uid = STR("r"), .threshold = n}};
    stream.spec.lateness_ms = rng_below(rng, 4) * stream.spec.window_ms / 2;
    stream.spec.fold.period_ms = stream.spec.window_ms * (1 + rng_below(rng, 6)) / 2 + 1;
    stream.density = 8 + rng_below(rng, 4 * n);
    stream.is_tumbling = op != BOUND_GT && op != BOUND_GTE;
}

static uint32_t check_orders(struct rng *rng)
{
    uint32_t told = stream_check(&stream, &operator_count, is_met, rng);

    for (uint32_t i = 0; i < stream.n; i++)
        stream.hits[i].is_late = false;
    for (int again = 0; again < 2; again++) {
        stream_shuffle(&stream, rng);
        told += stream_check(&stream, &operator_count, is_met, rng);
    }
    return told;
}

TEST(early_counts_equal_those_of_the_whole_list)
{
    struct rng rng = rng_start("count");

    for (uint32_t told = 0; told < WINDOWS;) {
        set_up(&rng, 1 + rng_below(&rng, 12), BOUND_GTE);
        stream_fill(&stream, &rng, 1 + rng_below(&rng, 600), 1, 1);
        told += check_orders(&rng);
    }
}

TEST(final_counts_equal_those_of_the_whole_list)
{
    struct rng rng = rng_start("count, final");

    for (enum bound_op op = BOUND_GT; op <= BOUND_NEQ; op++)
        for (uint32_t told = 0; told < WINDOWS;) {
            set_up(&rng, 1 + rng_below(&rng, 6), op);
            stream.spec.is_final = true;
            if (op == BOUND_NEQ) /* and a range */
                stream.correlation.bounds[stream.correlation.n_bounds++] =
                    (struct bound){BOUND_LTE, 9 * CORRELATION_MICRO};
            stream_fill(&stream, &rng, 1 + rng_below(&rng, 200), 1, 1);
            told += check_orders(&rng);
        }
}

/* ---- by hand ------------------------------------------------------------------------------- */

struct by_hand {
    struct correlation correlation;
    struct operator_spec spec;
    struct step_runner *r;
    uint64_t hits; /* of the last record */
};

static void by_hand_start(struct by_hand *h, uint32_t n)
{
    *h = (struct by_hand){.r = step_runner_new()};
    h->correlation = (struct correlation){.kind = OPERATOR_COUNT,
                                          .window_ms = 1000,
                                          .n_bounds = 1,
                                          .bounds = {{BOUND_GTE, (int64_t)n * CORRELATION_MICRO}}};
    h->spec = (struct operator_spec){
        .correlation = &h->correlation,
        .window_ms = 1000,
        .fold = {.rule_uid = STR("r"), .period_ms = 3600000, .threshold = n}};
    (void)step_runner_add(h->r, operator_count.steps[0], &h->spec);
}

/* How many records were told by this hit. */
static size_t by_hand_hit(struct by_hand *h, int64_t t_ms, uint32_t count, uint64_t id)
{
    struct hit hit = {.count = count, .event_id = id, .keys = STR("\1\5\0\0\0alice")};
    struct finding f;
    size_t n;

    step_runner_apply(h->r, &(struct state_op){.t_ms = t_ms, .payload = &hit});
    const struct emission *e = step_runner_take(h->r, &n);
    for (size_t i = 0; i < n; i++) {
        CHECK(finding_unpack(e[i].bytes, &f));
        h->hits = f.hits;
    }
    return n;
}

TEST(an_event_in_several_records_counts_once)
{
    struct by_hand h;

    by_hand_start(&h, 3);
    CHECK_EQ(by_hand_hit(&h, 10, 1, 77), 0);
    CHECK_EQ(by_hand_hit(&h, 10, 1, 77), 0);
    CHECK_EQ(by_hand_hit(&h, 10, 1, 78), 0);
    CHECK_EQ(by_hand_hit(&h, 20, 1, 79), 1);
    CHECK_EQ(h.hits, 3);
    step_runner_free(h.r);
}

/* The same of what is judged at the watermark. */
TEST(an_event_in_several_records_counts_once_in_the_end)
{
    struct by_hand h;
    size_t n;

    by_hand_start(&h, 3);
    h.spec.is_final = true;
    CHECK_EQ(by_hand_hit(&h, 10, 1, 77), 0);
    CHECK_EQ(by_hand_hit(&h, 10, 1, 77), 0);
    CHECK_EQ(by_hand_hit(&h, 20, 1, 78), 0);
    step_runner_watermark(h.r, 100);
    (void)step_runner_take(h.r, &n);
    CHECK_EQ(n, 0);
    CHECK_EQ(by_hand_hit(&h, 110, 1, 77), 0); /* another time: another event */
    step_runner_watermark(h.r, 200);
    (void)step_runner_take(h.r, &n);
    CHECK_EQ(n, 1);
    step_runner_free(h.r);
}

TEST(ids_may_begin_with_a_later_hit)
{
    struct by_hand h;

    by_hand_start(&h, 4);
    CHECK_EQ(by_hand_hit(&h, 10, 1, 0), 0);
    CHECK_EQ(by_hand_hit(&h, 30, 1, 0), 0);
    CHECK_EQ(by_hand_hit(&h, 20, 1, 5), 0);
    CHECK_EQ(by_hand_hit(&h, 20, 1, 5), 0);
    CHECK_EQ(by_hand_hit(&h, 20, 1, 6), 1);
    CHECK_EQ(h.hits, 4);
    step_runner_free(h.r);
}

TEST(folded_hits_count_as_many_as_they_are)
{
    struct by_hand h;

    by_hand_start(&h, 5);
    CHECK_EQ(by_hand_hit(&h, 10, 4, 0), 0);
    CHECK_EQ(by_hand_hit(&h, 1011, 1, 0), 0);
    CHECK_EQ(by_hand_hit(&h, 1010, 2000000000, 0), 1);
    CHECK_EQ(h.hits, 2000000005);
    step_runner_free(h.r);
}

static bool no_room(struct cell_memory *memory, struct cell_part *part, uint32_t room, bool is_side)
{
    (void)memory;
    (void)is_side;
    return part->p && room <= part->room;
}

TEST(a_cell_with_one_hit_is_made_again_from_its_short_form)
{
    struct correlation c = {.n_bounds = 1, .bounds = {{BOUND_GTE, 3 * CORRELATION_MICRO}}};
    struct operator_spec spec = {
        .correlation = &c,
        .window_ms = 1000,
        .fold = {.rule_uid = STR("r"), .period_ms = 60000, .threshold = 3}};
    struct cell_memory memory = {no_room};
    struct step_clock clock = {INT64_MIN};
    struct hit hit = {.count = 1, .level = 5, .keys = STR("\1\5\0\0\0alice")};
    struct state_op op = {.t_ms = 1700000012345, .payload = &hit};
    uint8_t bytes[2][256];
    struct cell one = {.main = {bytes[0], 0, 256}, .due_ms = CELL_NEVER, .idle_ms = CELL_NEVER};
    struct cell two = {.main = {bytes[1], 0, 256}, .due_ms = CELL_NEVER, .idle_ms = CELL_NEVER};
    int64_t t_ms;
    uint32_t value;

    one.memory = two.memory = &memory;
    operator_count.steps[0](&spec, &op, &one, &clock, NULL);
    CHECK(operator_count.shrink(&spec, &one, &t_ms, &value));
    operator_count.regrow(&spec, t_ms, value, &two);
    CHECK_EQ(one.main.n, two.main.n);
    CHECK(memcmp(bytes[0], bytes[1], one.main.n) == 0);
    CHECK_EQ(one.idle_ms, two.idle_ms);
    CHECK_EQ(one.weight, two.weight);
    operator_count.steps[0](&spec, &op, &one, &clock, NULL);
    CHECK(!operator_count.shrink(&spec, &one, &t_ms, &value));
}

TEST(a_group_with_four_hits_is_small)
{
    struct by_hand h;

    by_hand_start(&h, 5);
    for (int i = 0; i < 4; i++)
        CHECK_EQ(by_hand_hit(&h, i, 1, 0), 0);
    CHECK(step_runner_bytes(h.r, false) <= 70);
    step_runner_free(h.r);
}

TEST_MAIN(ENTRY(early_counts_equal_those_of_the_whole_list),
          ENTRY(final_counts_equal_those_of_the_whole_list),
          ENTRY(an_event_in_several_records_counts_once),
          ENTRY(an_event_in_several_records_counts_once_in_the_end),
          ENTRY(ids_may_begin_with_a_later_hit), ENTRY(folded_hits_count_as_many_as_they_are),
          ENTRY(a_cell_with_one_hit_is_made_again_from_its_short_form),
          ENTRY(a_group_with_four_hits_is_small))

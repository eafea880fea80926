/* test_align.c - which partitions wait for which. */
#include "worker/align.h"
#include "tests/lib/test.h"

#define NONE INT64_MIN

struct expected {
    struct {
        int64_t time_ms;
        bool is_at_end;
    } parts[3];
    size_t n;
    int64_t group_ms;
    const char *read; /* one letter each: r read, w waits */
    bool is_by_group;
};

TEST(partitions_far_ahead_of_the_slowest_wait)
{
    static const struct expected table[] = {
        {{{0, false}, {100, false}, {101, false}}, 3, NONE, "rrw", false},
        {{{0, true}, {500, false}, {601, false}}, 3, NONE, "rrw", false}, /* idle: holds nobody */
        {{{NONE, false}, {500, false}, {601, false}}, 3, NONE, "rrw", false}, /* no time yet */
        {{{NONE, true}, {NONE, false}, {7, false}}, 3, NONE, "rrr", false},
        {{{0, true}, {500, true}, {0, true}}, 3, NONE, "rrr", false}, /* nothing to be held for */
        {{{700, false}}, 1, NONE, "r", false},
        {{{200, false}, {210, false}}, 2, 150, "rr", true},
        {{{200, false}, {260, false}}, 2, 150, "rw", true},
        {{{300, false}, {400, false}}, 2, 150, "ww", true}, /* its owner reads the slowest */
        {{{300, false}, {400, false}}, 2, 300, "rr", false},
        {{{100, true}, {400, false}}, 2, 100, "rr", false}, /* our own idle one holds the group */
        {{{NONE, false}, {400, false}}, 2, 100, "rr", false},
        {{{INT64_MAX - 1, false}, {INT64_MAX - 1, false}}, 2, NONE, "rr", false},
    };

    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        const struct expected *e = &table[i];
        struct align_part parts[3];
        bool is_by_group;
        for (size_t k = 0; k < e->n; k++)
            parts[k] = (struct align_part){e->parts[k].time_ms, e->parts[k].is_at_end, false};
        int64_t limit = align_limit(parts, e->n, e->group_ms, 100, &is_by_group);
        CHECK_EQ(is_by_group, e->is_by_group);
        for (size_t k = 0; k < e->n; k++)
            CHECK_EQ(align_may_read(&parts[k], limit), e->read[k] == 'r');
    }
}

/* Its own old mark may be what the group waits for, or what its neighbour does. */
TEST(what_was_read_before_is_read_again_at_once)
{
    static const struct align_part parts[] = {{300, false, false}, {500, false, true}};
    bool is_by_group;
    int64_t limit = align_limit(parts, 2, 150, 100, &is_by_group);

    CHECK(is_by_group);
    CHECK(!align_may_read(&parts[0], limit));
    CHECK(align_may_read(&parts[1], limit));
    limit = align_limit(parts, 2, NONE, 100, &is_by_group);
    CHECK(align_may_read(&parts[1], limit));
}

/* Whatever the times: without a group somebody that is not at its end may be read. */
TEST(somebody_is_always_read)
{
    for (unsigned bits = 0; bits < 4096; bits++) {
        struct align_part parts[3];
        bool has_work = false, is_read = false, is_by_group;
        for (unsigned i = 0; i < 3; i++) {
            unsigned b = bits >> (4 * i) & 15;
            parts[i] =
                (struct align_part){(b & 7) == 7 ? NONE : (int64_t)(b & 7) * 60, b & 8, false};
            has_work |= !parts[i].is_at_end;
        }
        int64_t limit = align_limit(parts, 3, NONE, 100, &is_by_group);
        for (unsigned i = 0; i < 3; i++)
            is_read |= !parts[i].is_at_end && align_may_read(&parts[i], limit);
        CHECK_EQ(is_read, has_work);
    }
}

/* A watermark that goes `speed` times as fast as the clock, asked every second; how many of the
 * seconds it is waited for. */
static int patient_seconds(struct align_patience *p, int64_t *now_ms, int64_t *group_ms,
                           double speed, int seconds, bool is_waiting)
{
    int n = 0;

    for (int i = 0; i < seconds; i++) {
        *now_ms += 1000;
        *group_ms += (int64_t)(1000 * speed);
        n += align_is_patient(p, is_waiting, *group_ms, *now_ms);
    }
    return n;
}

TEST(a_group_is_waited_for_as_long_as_it_catches_up)
{
    struct align_patience p = {0};
    int64_t now_ms = 7, group_ms = 1000;

    CHECK_EQ(patient_seconds(&p, &now_ms, &group_ms, 0, 100, false), 100); /* nothing waits */
    CHECK_EQ(patient_seconds(&p, &now_ms, &group_ms, 3, 100, true), 100);  /* it catches up */
    /* An idle partition's, and that of a source which is late for good. */
    p = (struct align_patience){0};
    CHECK_EQ(patient_seconds(&p, &now_ms, &group_ms, 0, 100, true), 20);
    p = (struct align_patience){0};
    CHECK_EQ(patient_seconds(&p, &now_ms, &group_ms, 1, 100, true), 20);
    /* It catches up after all: noticed at the next look. */
    CHECK_EQ(patient_seconds(&p, &now_ms, &group_ms, 50, 41, true), 41);
    /* Whoever has read all begins anew. */
    CHECK_EQ(patient_seconds(&p, &now_ms, &group_ms, 0, 60, true), 19);
    CHECK_EQ(patient_seconds(&p, &now_ms, &group_ms, 0, 1, false), 1);
    CHECK_EQ(patient_seconds(&p, &now_ms, &group_ms, 0, 60, true), 19);
}

TEST_MAIN(ENTRY(what_was_read_before_is_read_again_at_once),
          ENTRY(partitions_far_ahead_of_the_slowest_wait), ENTRY(somebody_is_always_read),
          ENTRY(a_group_is_waited_for_as_long_as_it_catches_up));

/* test_post.c - what goes between a reader and its lane. */
#include "worker/post.h"
#include "tests/lib/test.h"

#include <pthread.h>

static const struct kafka_partition parts[] = {{"a", 0}, {"a", 1}, {"b", 0}};

TEST(batches_come_in_the_order_they_went)
{
    struct post *p = post_new();
    struct batch *sent[POST_BATCHES];

    for (size_t i = 0; i < POST_BATCHES; i++) {
        sent[i] = post_empty(p);
        CHECK(sent[i] != NULL);
        post_push(p, sent[i]);
    }
    CHECK(post_empty(p) == NULL);
    for (size_t i = 0; i < POST_BATCHES; i++)
        CHECK(post_take(p) == sent[i]);
    CHECK(post_take(p) == NULL);
    for (size_t i = 0; i < POST_BATCHES; i++)
        post_give(p, sent[i]);
    CHECK(post_empty(p) == sent[POST_BATCHES - 1]);
    post_give(p, sent[POST_BATCHES - 1]);
    post_free(p);
}

TEST(an_assignment_is_told_once_and_waits_to_be_released)
{
    struct post *p = post_new();
    const struct kafka_partition *list;
    uint64_t number = 0;
    size_t n;

    CHECK(!post_group(p, &number, &list, &n));
    CHECK_EQ(post_assign(p, parts, 3), 1);
    CHECK(post_group(p, &number, &list, &n));
    CHECK_EQ(n, 3);
    CHECK_EQ(list[1].partition, 1);
    CHECK(!post_group(p, &number, &list, &n));
    CHECK(!post_wait_release(p, 1));
    post_release(p, number);
    CHECK(post_wait_release(p, 1));
    CHECK_EQ(post_assign(p, NULL, 0), 2);
    CHECK(!post_wait_release(p, 1));
    CHECK(post_group(p, &number, &list, &n));
    CHECK_EQ(n, 0);
    post_free(p);
}

/* A lost assignment is followed by the next one without a word of the lane. */
TEST(what_the_lane_was_told_stays_while_the_group_speaks_again)
{
    enum { MANY = 1000 };
    static struct kafka_partition many[MANY];
    struct post *p = post_new();
    const struct kafka_partition *list, *later;
    uint64_t number = 0;
    size_t n;

    for (size_t i = 0; i < MANY; i++)
        many[i] = (struct kafka_partition){"c", (int32_t)i};
    (void)post_assign(p, parts, 3);
    CHECK(post_group(p, &number, &list, &n));
    (void)post_assign(p, many, MANY);
    for (size_t i = 0; i < 3; i++) {
        CHECK(list[i].topic == parts[i].topic);
        CHECK_EQ(list[i].partition, parts[i].partition);
    }
    CHECK(post_group(p, &number, &later, &n));
    CHECK_EQ(n, MANY);
    CHECK_EQ(later[MANY - 1].partition, MANY - 1);
    post_free(p);
}

TEST(a_plan_for_an_earlier_assignment_is_none)
{
    struct post *p = post_new();
    struct post_plan plan = {0}, taken = {0};

    (void)post_assign(p, parts, 3);
    post_plan_size(&plan, 3);
    plan.number = 1;
    plan.group = 1;
    plan.seeks[2].position = 77;
    (void)post_assign(p, parts, 2);
    post_plan_put(p, &plan);
    CHECK(!post_plan_take(p, &taken));
    post_plan_size(&plan, 2);
    plan.number = 2;
    plan.group = 2;
    plan.seeks[1].position = 78;
    post_plan_put(p, &plan);
    CHECK(post_plan_take(p, &taken));
    CHECK_EQ(taken.number, 2);
    CHECK_EQ(taken.seeks[1].position, 78);
    CHECK(!post_plan_take(p, &taken));
    post_plan_release(&plan);
    post_plan_release(&taken);
    post_free(p);
}

static void *stop(void *post)
{
    post_stop(post);
    return NULL;
}

/* Without the ring this waits for ever: the test's own timeout tells. */
TEST(the_end_wakes_the_lane)
{
    struct post *p = post_new();
    pthread_t thread;

    CHECK_EQ(pthread_create(&thread, NULL, stop, p), 0);
    while (!post_is_stopping(p))
        post_wait(p, 0, true, 60 * 1000);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    post_free(p);
}

TEST_MAIN(ENTRY(batches_come_in_the_order_they_went),
          ENTRY(an_assignment_is_told_once_and_waits_to_be_released),
          ENTRY(what_the_lane_was_told_stays_while_the_group_speaks_again),
          ENTRY(a_plan_for_an_earlier_assignment_is_none), ENTRY(the_end_wakes_the_lane))

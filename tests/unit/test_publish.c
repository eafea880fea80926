/* test_publish.c - where records of findings go (docs/topics.md). */
#include "worker/publish.h"

#include <malloc.h>

#include "base/slack.h"
#include "tests/lib/test.h"

struct expected {
    enum finding_activity activity;
    enum finding_cause cause;
    bool is_braked, is_flood, is_full;
    enum rule_channel channel;
    enum config_topic topic;
};

TEST(records_go_where_the_table_says)
{
    static const struct expected table[] = {
        {FINDING_CREATE, CAUSE_NONE, false, false, false, CHANNEL_ALERT, TOPIC_ALERTS},
        {FINDING_UPDATE, CAUSE_SEVERITY, false, false, false, CHANNEL_ALERT, TOPIC_ALERTS},
        {FINDING_UPDATE, CAUSE_HITS, false, false, false, CHANNEL_ALERT, TOPIC_LIFECYCLE},
        {FINDING_UPDATE, CAUSE_PERIOD, false, false, false, CHANNEL_ALERT, TOPIC_LIFECYCLE},
        {FINDING_CLOSE, CAUSE_NONE, false, false, false, CHANNEL_ALERT, TOPIC_LIFECYCLE},
        {FINDING_CREATE, CAUSE_NONE, true, false, false, CHANNEL_ALERT, TOPIC_LIFECYCLE},
        {FINDING_CREATE, CAUSE_NONE, false, false, false, CHANNEL_SHADOW, TOPIC_SHADOW},
        {FINDING_CREATE, CAUSE_NONE, true, false, false, CHANNEL_SHADOW, TOPIC_SHADOW},
        {FINDING_UPDATE, CAUSE_SEVERITY, false, false, false, CHANNEL_SHADOW, TOPIC_SHADOW},
        {FINDING_CLOSE, CAUSE_NONE, false, false, false, CHANNEL_SHADOW, TOPIC_SHADOW},
        {FINDING_CREATE, CAUSE_NONE, false, true, false, CHANNEL_ALERT, TOPIC_HEALTH},
        {FINDING_UPDATE, CAUSE_HITS, false, true, false, CHANNEL_SHADOW, TOPIC_HEALTH},
        {FINDING_CREATE, CAUSE_NONE, false, true, true, CHANNEL_ALERT, TOPIC_HEALTH},
    };

    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        const struct expected *e = &table[i];
        struct finding f = {.activity = e->activity,
                            .cause = e->cause,
                            .is_braked = e->is_braked,
                            .is_flood = e->is_flood,
                            .is_full = e->is_full};
        CHECK_EQ(publish_topic_of(&f, e->channel), e->topic);
    }
}

/* Of malloc's, in all its heaps. */
static size_t in_use(void)
{
    struct mallinfo2 m = mallinfo2();

    return m.uordblks + m.hblkhd;
}

static void publish(struct publisher *p, int n)
{
    static const char text[1000];

    publisher_begin(p, NULL, NULL, 0);
    for (int i = 0; i < n; i++)
        publisher_fact(p, STR("key"), (struct str){text, sizeof text});
    CHECK_EQ(publisher_count(p), n);
    CHECK_EQ(publisher_record(p, (size_t)n - 1)->value.n, sizeof text);
}

TEST(the_documents_of_a_large_batch_leave_no_room_behind_for_good)
{
    static const struct config config;
    struct publisher *p = publisher_new(&(struct publish_options){.config = &config});

    publish(p, 1);
    size_t small = in_use();
    publish(p, 4000);
    CHECK(TEST_IS_SANITIZED || in_use() > small + 4000 * 1000);
    for (int i = 0; i < 2 * SLACK_ROUNDS; i++)
        publish(p, 1);
    CHECK(in_use() <= small + SLACK_KEPT);
    publisher_free(p);
}

TEST_MAIN(ENTRY(records_go_where_the_table_says),
          ENTRY(the_documents_of_a_large_batch_leave_no_room_behind_for_good))

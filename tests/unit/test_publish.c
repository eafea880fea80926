/* test_publish.c - where records of findings go (docs/topics.md). */
#include "worker/publish.h"
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

TEST_MAIN(ENTRY(records_go_where_the_table_says))

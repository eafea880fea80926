/* test_lane_transaction.c - what a lane notes of a transaction, it notes when that is committed.
 * The lane is made by hand, without a broker. */
#include "worker/lane_impl.h"

#include "base/str.h"
#include "tests/lib/test.h"

/* How many documents the batch has, told anew. */
static size_t tell(struct lane *l)
{
    lane_make_documents(l);
    return publisher_count(l->publisher);
}

TEST(ends_of_overlays_are_told_until_it_is_committed)
{
    static const struct lane_topic topics[] = {{"events", 1, 1}};
    const struct ruleset_end end = {.overlay = STR("o"), .target = STR("r"), .expires_ms = 1};
    const struct ruleset first = {.number = 1, .ends = &end, .n_ends = 1};
    const struct ruleset second = {.number = 2, .ends = &end, .n_ends = 1};
    struct config c = {.at_least_once = true};
    struct metric_board *board = metric_board_new(&(struct metric_options){.n_lanes = 1});
    struct publish_options publish = {.config = &c, .metrics = metric_lane(board, 0)};
    struct kafka_partition owned = {.topic = "events", .partition = 0};
    struct lane_part part = {0};
    struct kafka_offset offset = {0};
    uint64_t begins = 0;

    c.topics[TOPIC_HEALTH] = STR("health");
    struct lane l = {.options = {.config = &c, .topics = topics, .n_topics = ARRAY_LEN(topics)},
                     .config = &c,
                     .ruleset = &first,
                     .metrics = metric_lane(board, 0),
                     .is_stateless = true,
                     .publisher = publisher_new(&publish),
                     .facts = fact_batch_new(),
                     .batch = batch_new(),
                     .owned = &owned,
                     .parts = &part,
                     .offsets = &offset,
                     .begins = &begins,
                     .n = 1};

    publisher_use(l.publisher, &first);
    CHECK_EQ(tell(&l), 1);
    CHECK_EQ(lane_abort(&l), PROTOCOL_DONE);
    CHECK_EQ(tell(&l), 1); /* the batch was given up, and another one is at hand */
    CHECK_EQ(lane_commit(&l), PROTOCOL_DONE);
    CHECK_EQ(tell(&l), 0); /* once a day */
    CHECK_EQ(lane_commit(&l), PROTOCOL_DONE);
    l.ruleset = &second;
    CHECK_EQ(tell(&l), 1);

    publisher_free(l.publisher);
    fact_batch_free(l.facts);
    batch_free(l.batch);
    metric_board_free(board);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ENTRY(ends_of_overlays_are_told_until_it_is_committed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

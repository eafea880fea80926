/* test_batch.c - a batch keeps the room that batches need, not that of the largest there ever was.
 */
#include "worker/batch.h"

#include "tests/lib/test.h"

enum { LARGE = 4000, RECORD = 500 };

static void fill(struct batch *b, int n)
{
    static const char record[RECORD];

    for (int i = 0; i < n; i++) {
        struct batch_event *e = batch_add_event(b);
        e->record = batch_copy(b, (struct str){record, sizeof record});
        buf_add(&b->gathered, (struct str){record, 100});
        batch_add_dead(b)->value = e->record;
        batch_add_rule(b, (uint32_t)i);
    }
    b->n_records = (uint64_t)n;
}

static size_t room(const struct batch *b)
{
    return b->bytes.cap + b->gathered.cap + b->cap_events * sizeof *b->events +
           b->cap_dead * sizeof *b->dead + b->cap_rules * sizeof *b->rules;
}

TEST(a_large_batch_leaves_no_room_behind_for_good)
{
    struct batch *b = batch_new();

    fill(b, LARGE);
    size_t large = room(b);
    CHECK(large > (size_t)LARGE * RECORD);
    for (int i = 0; i < 2 * SLACK_ROUNDS; i++) {
        batch_clear(b);
        fill(b, 3);
        CHECK_EQ(b->n_events, 3);
        CHECK_EQ(batch_str(b, b->events[2].record).n, RECORD);
    }
    CHECK(room(b) < large / 32);
    batch_free(b);
}

TEST(batches_of_one_size_ask_for_no_more_room)
{
    struct batch *b = batch_new();

    fill(b, LARGE);
    const void *bytes = b->bytes.p, *events = b->events;
    for (int i = 0; i < 10 * SLACK_ROUNDS; i++) {
        batch_clear(b);
        fill(b, i % 8 ? 1 : LARGE);
    }
    CHECK(b->bytes.p == bytes && b->events == events);
    batch_free(b);
}

TEST_MAIN(ENTRY(a_large_batch_leaves_no_room_behind_for_good),
          ENTRY(batches_of_one_size_ask_for_no_more_room))

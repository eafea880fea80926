/* test_passing.c - what is told does not depend on how many events of a key come in one batch:
 * capsules that pass their book by (correlate/book.h) are not missed.
 */
#include "state/store_mem.h"
#include "tests/lib/rng.h"
#include "tests/lib/rule_rig.h"
#include "tests/lib/test.h"

#define RULES                                             \
    "title: a\nid: a\nlogsource: {product: p}\n"          \
    "detection: {s: {f: x}, condition: s}\nfields: [n]\n" \
    "weir: {dedup: {fields: [u], period: 1m}}\n"

enum {
    BATCHES = 12,
    EVENTS = 300, /* of a batch */
    FEW = 30,     /* so few that none is known to pass */
    KEYS = 3
};

struct happening {
    int64_t t_ms;
    uint32_t key, record;
};

/* How far times go back, and how fast they go on; mixing: records of several partitions, so that
 * their numbers go up and down. */
struct stream {
    uint32_t disorder_ms, step_ms, mixing;
};

static struct rule_rig *play(const struct happening *all, uint32_t chunk)
{
    struct graph_options options = {0};
    struct rule_rig *r = rule_rig_new(RULES, &options, store_mem_new());
    int64_t before_ms = 0;
    char json[64];

    for (uint32_t b = 0; b < BATCHES; b++) {
        int64_t newest_ms = before_ms;
        for (uint32_t i = 0; i < EVENTS; i++) {
            const struct happening *h = &all[b * EVENTS + i];
            snprintf(json, sizeof json, "{\"f\":\"x\",\"u\":\"%u\",\"n\":%u}", h->key, i);
            rule_rig_event(r, 0, h->t_ms, h->record, json);
            newest_ms = h->t_ms > newest_ms ? h->t_ms : newest_ms;
            if ((i + 1) % chunk == 0 && i + 1 < EVENTS)
                rule_rig_run(r, before_ms);
        }
        before_ms = newest_ms - 5000;
        rule_rig_run(r, before_ms);
    }
    rule_rig_run(r, INT64_MAX);
    return r;
}

static void compare(const struct stream *stream, struct rng *rng)
{
    static struct happening all[BATCHES * EVENTS];

    for (uint32_t i = 0; i < BATCHES * EVENTS; i++) {
        int64_t t = 1000000 + (int64_t)i * stream->step_ms / 10;
        all[i] = (struct happening){t - rng_below(rng, stream->disorder_ms + 1),
                                    rng_below(rng, KEYS), i ^ stream->mixing};
    }
    struct rule_rig *one = play(all, EVENTS), *many = play(all, FEW);
    CHECK_EQ(one->n_told, many->n_told);
    CHECK(one->n_told > 2 * KEYS);
    for (size_t i = 0; i < one->n_told; i++) {
        CHECK_EQ(one->told[i].activity, many->told[i].activity);
        CHECK_EQ(one->told[i].hits, many->told[i].hits);
        CHECK_EQ(one->told[i].cited, many->told[i].cited);
    }
    rule_rig_free(one);
    rule_rig_free(many);
}

TEST(what_is_cited_does_not_depend_on_batches)
{
    static const struct stream STREAMS[] = {
        {0, 1000, 0},    /* in order */
        {0, 1, 0},       /* many of the same time */
        {0, 1, 63},      /* these, and of several partitions */
        {3, 10, 0},      /* nearly */
        {4000, 1000, 7}, /* not at all */
        {60, 10000, 0},  /* a bucket has few */
    };
    struct rng rng = rng_start("test_passing");

    for (size_t i = 0; i < ARRAY_LEN(STREAMS); i++)
        compare(&STREAMS[i], &rng);
}

TEST_MAIN(ENTRY(what_is_cited_does_not_depend_on_batches))

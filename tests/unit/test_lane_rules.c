/* test_lane_rules.c - a rule set that comes to a lane while its store is away: the batch that
 * brings it is not lost. The lane is made by hand, without a broker. */
#include "worker/lane_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/ruleset_load.h"
#include "base/str.h"
#include "state/store_redis.h"
#include "tests/lib/redis_test.h"

enum { PATH = 128, RECORDS = 3 };

static struct redis_server server;

struct files {
    char dir[PATH], rule[PATH];
    struct str paths[1];
    const char *topics[1];
};

static void write_rule(const struct files *f, const char *word)
{
    FILE *out = fopen(f->rule, "w");

    CHECK(out);
    fprintf(out,
            "title: A\nid: rule-a\nlogsource: {}\ndetection:\n  s: {what: %s}\n  condition: s\n",
            word);
    CHECK_EQ(fclose(out), 0);
}

static struct config config_of(struct files *f, const char *state)
{
    struct config c = {.rules = f->paths,
                       .n_rules = 1,
                       .state = str_from(state),
                       .state_budget_bytes = STORE_TOTAL_DEFAULT,
                       .brake_creates = 100,
                       .n_inputs = 1};

    *f = (struct files){.dir = "/tmp/weir-lane-XXXXXX", .topics = {"events"}};
    CHECK(mkdtemp(f->dir));
    snprintf(f->rule, PATH, "%.100s/a.yml", f->dir);
    f->paths[0] = str_from(f->dir);
    c.inputs[0].topics = f->topics;
    c.inputs[0].n_topics = 1;
    return c;
}

static void open_lane(struct lane *l, const struct lane_options *o)
{
    struct publish_options publish = {.config = o->config, .metrics = o->metrics};

    *l = (struct lane){.options = *o,
                       .config = o->config,
                       .post = o->post,
                       .metrics = o->metrics,
                       .is_stateless = !o->store,
                       .publisher = publisher_new(&publish),
                       .facts = fact_batch_new()};
    CHECK_EQ(lane_use_rules(l, o->ruleset, &l->err), WEIR_OK);
    CHECK_EQ(lane_number_all(l, &l->err), WEIR_OK);
    l->n_rounds = l->is_stateless ? 1 : lane_rounds_for(l->ruleset->graph);
    lane_make_scene(l);
}

static void close_lane(struct lane *l)
{
    correlator_free(l->correlator);
    partition_book_free(l->book);
    store_free(l->store);
    publisher_free(l->publisher);
    fact_batch_free(l->facts);
    scene_free(l->scene);
    ruleset_release(l->options.shelf, l->ruleset);
    batch_free(l->batch);
}

/* As the reader does it. */
static struct batch *push_with_rules(struct post *post, struct ruleset_shelf *shelf)
{
    struct batch *b = post_empty(post);
    const struct ruleset *r = ruleset_take(shelf);

    b->ruleset = r;
    b->n_records = RECORDS;
    batch_give_ruleset(b, shelf, r);
    post_push(post, b);
    return b;
}

static void take_rules(bool has_state)
{
    static const struct lane_topic topics[] = {{"events", 2, 2}};
    struct store_redis_options redis = {.url = str_from(server.url), .timeout_ms = 2000};
    struct metric_board *board = metric_board_new(&(struct metric_options){.n_lanes = 1});
    struct protocol_told told = {0};
    struct files f;
    struct lane l;
    struct weir_err err;
    bool is_new;
    uint32_t before;
    const char *topic;
    int32_t partition;

    struct config c = config_of(&f, has_state ? server.url : "none");
    struct ruleset_source source = {&c};
    write_rule(&f, "bad");
    struct ruleset_shelf *shelf = ruleset_shelf_new(ruleset_load, ruleset_unload, &source);
    CHECK_EQ(ruleset_reload(shelf, &is_new, &err), WEIR_OK);
    struct lane_options o = {.config = &c,
                             .shelf = shelf,
                             .ruleset = ruleset_take(shelf),
                             .post = post_new(),
                             .metrics = metric_lane(board, 0),
                             .store = has_state ? &redis : NULL,
                             .topics = topics,
                             .n_topics = ARRAY_LEN(topics)};
    open_lane(&l, &o);
    /* A partition that was added behind those of the start. */
    CHECK_EQ(partition_book_number(l.book, NULL, "events", 7, &before, &err), WEIR_OK);
    write_rule(&f, "worse");
    CHECK_EQ(ruleset_reload(shelf, &is_new, &err), WEIR_OK);
    CHECK(is_new);
    struct batch *b = push_with_rules(o.post, shelf);
    redis_server_kill(&server);
    enum protocol_outcome outcome = lane_poll(&l, &told);
    CHECK(redis_server_restart(&server, NULL));
    for (int turn = 0; turn < 4 && outcome != PROTOCOL_DONE; turn++)
        outcome = lane_poll(&l, &told);

    CHECK_EQ(outcome, PROTOCOL_DONE);
    CHECK(l.batch == b);
    CHECK_EQ(b->n_records, RECORDS);
    CHECK(l.ruleset == b->ruleset);
    CHECK(partition_book_name(l.book, before, &topic, &partition)); /* who reads it asks by it */
    CHECK_EQ(partition, 7);
    close_lane(&l);
    post_free(o.post);
    ruleset_shelf_free(shelf);
    metric_board_free(board);
    unlink(f.rule);
    CHECK_EQ(rmdir(f.dir), 0);
}

TEST(rules_that_come_while_the_store_is_away_cost_no_record)
{
    take_rules(true);
}

TEST(partitions_keep_their_numbers_without_a_store)
{
    take_rules(false);
}

REDIS_TEST_MAIN(server, ENTRY(rules_that_come_while_the_store_is_away_cost_no_record),
                ENTRY(partitions_keep_their_numbers_without_a_store))

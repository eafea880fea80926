/* test_partition_book.c - numbers of partitions, local ones and those of a Redis of the test's own.
 */
#include "worker/partition_book.h"

#include "base/str.h"
#include "state/emissions.h"
#include "state/store_redis.h"
#include "tests/lib/redis_test.h"
#include "worker/slot.h"

#include <stdio.h>
#include <stdlib.h>

static struct redis_server server;

static struct store *open_store_as(const char *url, const char *password, const char *group)
{
    struct store_redis_options o = {.url = str_from(url),
                                    .password_file = str_from(password),
                                    .group = str_from(group),
                                    .patience_ms = 60000};
    struct weir_err err = {0};
    struct store *s = NULL;

    if (store_redis_new(&o, &s, &err) != WEIR_OK)
        print_error("%s\n", err.text);
    CHECK(s);
    return s;
}

static struct store *open_store(const char *group)
{
    return open_store_as(server.url, "", group);
}

static uint32_t number(struct partition_book *b, const char *incarnation, const char *topic,
                       int32_t partition)
{
    struct weir_err err = {0};
    uint32_t n = UINT32_MAX;

    CHECK_EQ(partition_book_number(b, incarnation, topic, partition, &n, &err), WEIR_OK);
    return n;
}

static void check_name(const struct partition_book *b, uint32_t n, const char *topic,
                       int32_t partition)
{
    const char *got;
    int32_t p;

    CHECK(partition_book_name(b, n, &got, &p));
    CHECK_STR(str_from(got), topic);
    CHECK_EQ(p, partition);
}

TEST(local_numbers_follow_each_other)
{
    struct partition_book *b = partition_book_new(NULL);
    struct weir_err err;
    const char *topic;
    uint32_t n;
    int32_t p;

    for (int32_t i = 0; i < 300; i++)
        CHECK_EQ(number(b, i % 2 ? "x" : "y", i % 3 ? "a" : "b.c_d-e", i), (uint32_t)i);
    CHECK_EQ(number(b, "x", "a", 7), 7);
    CHECK_EQ(number(b, "x", "b.c_d-e", 7), 300); /* another topic's 7 */
    CHECK_EQ(partition_book_count(b), 301);
    check_name(b, 299, "a", 299);
    CHECK_EQ(partition_book_renew(b, "a", 7, 5, &n, &err), WEIR_OK);
    CHECK_EQ(n, 301);
    CHECK(!partition_book_name(b, 7, &topic, &p));
    CHECK_EQ(number(b, "x", "a", 7), 301);
    CHECK_EQ(number(b, "x", "a", 8), 8);
    partition_book_free(b);
}

TEST(two_workers_have_the_same_numbers)
{
    struct store *s[] = {open_store("same"), open_store("same")};
    struct partition_book *a = partition_book_new(s[0]), *b = partition_book_new(s[1]);
    struct weir_err err = {0};

    CHECK_EQ(number(a, "i-1", "logs", 3), 0);
    CHECK_EQ(number(b, "i-1", "audit", 0), 1);
    CHECK_EQ(number(b, "i-1", "logs", 3), 0);
    CHECK_EQ(partition_book_number_topic(a, "logs", 5, &err), WEIR_OK);
    CHECK_EQ(partition_book_count(a), 6);
    check_name(a, 1, "audit", 0); /* others' are known, too */
    CHECK_EQ(number(b, "i-1", "logs", 4), 5);
    partition_book_free(a);
    partition_book_free(b);
    store_free(s[0]);
    store_free(s[1]);
}

/* Somebody wrote into the server by hand: numbers that several logs have would fill the table. */
TEST(a_damaged_book_is_told)
{
    enum { LOGS = 300 };
    struct store *s = open_store("damaged");
    struct partition_book *b = partition_book_new(s);
    struct weir_err err = {0};
    char line[300];
    uint32_t n;

    CHECK_EQ(number(b, "i-1", "logs", 0), 0);
    snprintf(line, sizeof line,
             "for book in $(redis-cli -p %u keys '*:book}'); do for i in $(seq 1 %d); do "
             "echo hset \"$book\" logs/$i 1; done; done | redis-cli -p %u >/dev/null",
             server.port, LOGS, server.port);
    CHECK_EQ(system(line), 0);
    CHECK_EQ(partition_book_number(b, "i-2", "logs", 1, &n, &err), WEIR_IO);
    CHECK_STR(str_from(err.text), "the book of partitions in the store is damaged");
    partition_book_free(b);
    store_free(s);
}

TEST(another_incarnation_may_have_other_numbers)
{
    struct store *s = open_store("flushed");
    struct partition_book *b = partition_book_new(s);
    char line[200];

    CHECK_EQ(number(b, "i-1", "logs", 0), 0);
    CHECK_EQ(number(b, "i-1", "logs", 1), 1);
    snprintf(line, sizeof line, "redis-cli -p %u flushall >/dev/null", server.port);
    CHECK_EQ(system(line), 0);
    CHECK_EQ(number(b, "i-1", "logs", 1), 1); /* remembered */
    CHECK_EQ(number(b, "i-2", "logs", 1), 0);
    CHECK_EQ(number(b, NULL, "logs", 0), 1);
    partition_book_free(b);
    store_free(s);
}

static enum store_answer mark(struct store *s, const char *incarnation, uint32_t partition,
                              int64_t ms, int64_t *least_ms)
{
    struct weir_err err = {0};
    enum store_answer answer;
    uint64_t epoch;

    CHECK_EQ(store_acquire(s, partition, incarnation, &epoch, &answer, &err), WEIR_OK);
    struct store_mark m = {partition, epoch, &ms};
    CHECK_EQ(store_mark(s, incarnation, &m, 1, 1, least_ms, &answer, &err), WEIR_OK);
    return answer;
}

static void bless(struct store *s, char incarnation[static STORE_RUN_ID_MAX])
{
    struct store_lease lease = {.token = 7, .ttl_ms = 10000};
    struct store_run run;
    struct weir_err err = {0};
    enum store_answer answer;

    CHECK_EQ(store_run(s, &run, &err), WEIR_OK);
    memcpy(lease.run_id, run.run_id, sizeof lease.run_id);
    memcpy(lease.incarnation, run.blessed, sizeof lease.incarnation);
    CHECK_EQ(store_lease(s, &lease, &answer, &err), WEIR_OK);
    struct store_claim claim = {.shard = 3, .kind = 1};
    CHECK_EQ(store_restore(s, &lease, &claim, 1, &answer, &err), WEIR_OK);
    CHECK_EQ(store_set_replay(s, &lease, 9, &(struct store_applied){{1, 1}, 0}, &answer, &err),
             WEIR_OK);
    CHECK_EQ(store_bless(s, &lease, (const uint32_t[]){0}, 0, &answer, &err), WEIR_OK);
    CHECK_EQ(answer, STORE_DONE);
    store_incarnation(&lease, incarnation);
}

static bool is_logs(UNUSED void *context, const char *topic, UNUSED int32_t partition)
{
    return strcmp(topic, "logs") == 0;
}

TEST(partitions_that_nobody_reads_hold_no_watermark)
{
    struct store *s = open_store("retired");
    struct partition_book *b = partition_book_new(s);
    char incarnation[STORE_RUN_ID_MAX];
    struct weir_err err = {0};
    int64_t least_ms;

    bless(s, incarnation);
    uint32_t logs = number(b, incarnation, "logs", 0), gone = number(b, incarnation, "gone", 0);
    CHECK_EQ(mark(s, incarnation, gone, 100, &least_ms), STORE_DONE);
    CHECK_EQ(mark(s, incarnation, logs, 900, &least_ms), STORE_DONE);
    CHECK_EQ(least_ms, 100);
    CHECK_EQ(partition_book_retire(b, is_logs, NULL, &err), WEIR_OK);
    CHECK_EQ(mark(s, incarnation, logs, 900, &least_ms), STORE_DONE);
    CHECK_EQ(least_ms, 900);
    partition_book_free(b);
    store_free(s);
}

TEST(a_topic_made_anew_gets_a_new_number_once)
{
    struct store *s[] = {open_store("anew"), open_store("anew")};
    struct partition_book *a = partition_book_new(s[0]), *b = partition_book_new(s[1]);
    char incarnation[STORE_RUN_ID_MAX];
    struct weir_err err = {0};
    int64_t least_ms;
    uint32_t n, again;

    bless(s[0], incarnation);
    uint32_t old = number(a, incarnation, "logs", 0), other = number(a, incarnation, "logs", 1);
    CHECK_EQ(mark(s[0], incarnation, old, 100, &least_ms), STORE_DONE);
    CHECK_EQ(mark(s[0], incarnation, other, 900, &least_ms), STORE_DONE);
    CHECK_EQ(partition_book_renew(a, "logs", 0, 5000, &n, &err), WEIR_OK);
    CHECK_EQ(n, 2);
    CHECK_EQ(partition_book_renew(b, "logs", 0, 5000, &again, &err), WEIR_OK);
    CHECK_EQ(again, n); /* the next owner sees the same committed offset */
    CHECK_EQ(partition_book_renew(b, "logs", 0, 70, &again, &err), WEIR_OK);
    CHECK_EQ(again, 3); /* and again another log */
    CHECK_EQ(number(b, incarnation, "logs", 1), other);
    CHECK_EQ(mark(s[0], incarnation, other, 900, &least_ms), STORE_DONE);
    CHECK_EQ(least_ms, 900); /* the old one holds nothing */
    partition_book_free(a);
    partition_book_free(b);
    store_free(s[0]);
    store_free(s[1]);
}

TEST(groups_have_nothing_in_common)
{
    struct store *s[] = {open_store("one"), open_store("other")};
    struct partition_book *a = partition_book_new(s[0]), *b = partition_book_new(s[1]);
    char one[STORE_RUN_ID_MAX];
    struct store_run run;
    struct weir_err err = {0};

    bless(s[0], one);
    CHECK_EQ(number(a, "x", "logs", 0), 0);
    CHECK_EQ(number(a, "x", "logs", 1), 1);
    CHECK_EQ(number(b, "x", "logs", 1), 0);
    CHECK_EQ(store_run(s[0], &run, &err), WEIR_OK);
    CHECK(store_is_whole(&run));
    CHECK_EQ(store_run(s[1], &run, &err), WEIR_OK);
    CHECK(!store_is_whole(&run));
    partition_book_free(a);
    partition_book_free(b);
    store_free(s[0]);
    store_free(s[1]);
}

/* ---- rights -------------------------------------------------------------------------------- */

/* The user that docs/state.md asks for. */
static const char acl[] =
    "acl setuser weir reset on '>pw' '~{w:*' resetchannels -@all +ping +auth +select +role +info "
    "+fcall +'function|list' +'function|load' +get +set +getrange +setrange +del +unlink +exists "
    "+expire +pttl +hget +hset +hsetnx +hdel +hmget +hgetall +hkeys +hlen +hexists +hincrby "
    "+hrandfield "
    "+lindex +lpop +lrange +rpush +zadd +zrem +zrangebyscore";

static void run_cli(const char *words)
{
    char line[1000];

    snprintf(line, sizeof line, "redis-cli -p %u %s | grep -qi err && exit 1 || exit 0",
             server.port, words);
    CHECK_EQ(system(line), 0);
}

static void write_password(char path[static 300])
{
    snprintf(path, 300, "%.200s/password", server.dir);
    FILE *f = fopen(path, "we");
    CHECK(f);
    fputs("pw\n", f);
    fclose(f);
}

static void touching_step(UNUSED void *context, const struct state_op *op, struct cell *cell,
                          UNUSED const struct step_clock *clock, struct emissions *out)
{
    emissions_add(out, STR("x"));
    cell->due_ms = op ? op->t_ms + 10 : CELL_NEVER;
    if (cell_resize(cell, op ? 1 : 0) && op)
        cell->main.p[0] = 1;
}

/* Every call that a worker makes, with operations, timers and an outbox. */
static void use_all(struct store *s, const char *incarnation, uint32_t partition)
{
    struct store_at last[STORE_SHARDS] = {{0}};
    struct store_applied upto = {{7, 1}, 0}, applied[STORE_SHARDS];
    struct state_op op = {.t_ms = 5, .at = {8, 0}};
    struct weir_err err = {0};
    enum store_answer answer;
    const struct emission *told;
    uint64_t epoch;
    size_t n;

    CHECK_EQ(store_acquire(s, partition, incarnation, &epoch, &answer, &err), WEIR_OK);
    CHECK_EQ(store_applied(s, partition, 0, applied, &err), WEIR_OK);
    CHECK_EQ(store_lift(s, incarnation, partition, epoch, &upto, 1, &answer, &err), WEIR_OK);
    CHECK_EQ(store_end_replay(s, incarnation, partition, epoch, &answer, &err), WEIR_OK);
    for (uint64_t i = 0; i < 3; i++) {
        struct store_part part = {.partition = partition,
                                  .epoch = epoch,
                                  .upto = {8 + i, 2 + i},
                                  .acked = {7 + i, 1 + i},
                                  .last = last};
        struct store_batch b = {.ops = &op,
                                .n_ops = i == 0,
                                .timer_ms = i ? 1000 : INT64_MIN,
                                .parts = &part,
                                .n_parts = 1,
                                .incarnation = incarnation,
                                .is_sweep = true};
        CHECK_EQ(store_apply(s, &b, &told, &n, &answer, &err), WEIR_OK);
        CHECK_EQ(answer, STORE_DONE);
        CHECK_EQ(n, i < 2); /* the operation, then its timer */
    }
}

TEST(a_user_with_these_rights_can_work)
{
    struct space_spec spec = {.identity = {9}, .name = STR("x"), .step = touching_step};
    char password[300], url[100], incarnation[STORE_RUN_ID_MAX];
    struct weir_err err = {0};
    uint32_t n;

    run_cli("flushall");
    run_cli("function flush");
    run_cli(acl);
    write_password(password);
    snprintf(url, sizeof url, "redis://weir@127.0.0.1:%u/0", server.port);
    struct store *s = open_store_as(url, password, "acl");
    struct partition_book *b = partition_book_new(s);
    store_add_space(s, &spec);
    bless(s, incarnation);
    use_all(s, incarnation, number(b, incarnation, "logs", 0));
    CHECK_EQ(partition_book_renew(b, "logs", 0, 1, &n, &err), WEIR_OK);
    CHECK_EQ(partition_book_retire(b, is_logs, NULL, &err), WEIR_OK);
    partition_book_free(b);
    store_free(s);

    struct store_redis_options o = {
        .url = str_from(url), .password_file = str_from(password), .group = STR("acl")};
    struct slots_wish wish = {.store = &o, .worker = STR("w"), .first = -1, .n = 1, .n_max = 1};
    struct slots *slots;
    CHECK_EQ(slots_take(&wish, &n, &slots, &err), WEIR_OK);
    slots_free(slots);
    wish.first = 0;
    CHECK_EQ(slots_take(&wish, &n, &slots, &err), WEIR_OK);
    slots_free(slots);
}

int main(void)
{
    static const struct CMUnitTest alone[] = {ENTRY(local_numbers_follow_each_other)};
    static const struct CMUnitTest tests[] = {
        ENTRY(two_workers_have_the_same_numbers),
        ENTRY(a_damaged_book_is_told),
        ENTRY(another_incarnation_may_have_other_numbers),
        ENTRY(partitions_that_nobody_reads_hold_no_watermark),
        ENTRY(a_topic_made_anew_gets_a_new_number_once),
        ENTRY(groups_have_nothing_in_common),
        ENTRY(a_user_with_these_rights_can_work),
    };

    return cmocka_run_group_tests(alone, NULL, NULL) +
           redis_tests(&server, false, tests, ARRAY_LEN(tests));
}

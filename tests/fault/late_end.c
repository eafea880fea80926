/* late_end.c - what a late EndTxn does to the transaction that is open when it arrives.
 *
 *     late_end BOOTSTRAP TOPIC PAIRS taint|without
 *
 * kafka_proxy takes its orders from stdout and answers on stdin. Each pair is two transactions of
 * one producer, a record each. An EndTxn of the first stays with the proxy:
 *
 *     take   and the connection is cut: librdkafka sends it again, and the transaction ends well
 *     copy   the broker's answer is lost with the connection: likewise
 *     hold   the connection is silent until the request times out (a few pairs: it takes its time)
 *
 * and reaches the broker when the second transaction has its record there. In even pairs the first
 * commits and the second aborts, so an EndTxn that counts makes an aborted record visible; in odd
 * pairs it is the other way round. With taint handling a new producer, of a higher epoch, begins
 * the second transaction, and the broker refuses the late EndTxn.
 *
 * Told on stderr, for whoever reads the topic: `commit KEY` or `abort KEY` for what was asked of a
 * transaction, then `done` or `failed`; at the end `late N taken N`, the broker's answers.
 */
#include "kafka/producer.h"

#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_BYTES = 32, LINE_BYTES = 256, TRIES_MAX = 100, HOLD_EVERY = 25 };

static struct weir_err err;
static uint64_t n_late,
    n_late_taken; /* of the EndTxns that came late: the broker did as they say */

/* One order; waits for its `ok`, or for a line that begins with `until`. */
static void order(const char *text, const char *until)
{
    char line[LINE_BYTES];

    if (text) {
        puts(text);
        fflush(stdout);
    }
    while (fgets(line, sizeof line, stdin)) {
        n_late += str_starts(str_from(line), STR("late EndTxn answered"));
        n_late_taken += str_starts(str_from(line), STR("late EndTxn answered 0"));
        if (strncmp(line, until, strlen(until)) == 0)
            return;
    }
    fprintf(stderr, "the proxy is gone\n");
    exit(1);
}

static void must(const char *what, enum kafka_outcome o)
{
    if (o == KAFKA_DONE)
        return;
    fprintf(stderr, "%s: outcome %d: %s\n", what, o, err.text);
    exit(1);
}

static void renew(struct kafka_producer *p)
{
    enum kafka_outcome o = KAFKA_AGAIN;

    if (kafka_producer_renew(p, &err) != WEIR_OK)
        o = KAFKA_FATAL;
    for (int i = 0; i < TRIES_MAX && o == KAFKA_AGAIN; i++)
        o = kafka_producer_init(p, &err);
    must("renew", o);
}

/* A transaction with one record, which is with the broker when this returns. The proxy lets go
 * what it holds just before that record's answer. */
static void begin_with(struct kafka_producer *p, const char *topic, const char *key)
{
    struct kafka_record r = {.topic = topic, .key = str_from(key), .value = str_from(key)};

    order("release after Produce", "ok");
    must("begin", kafka_producer_begin(p, &err));
    must("produce", kafka_producer_produce(p, &r, &err));
    order(NULL, "released");
}

static enum kafka_outcome end(struct kafka_producer *p, const char *key, bool is_commit)
{
    enum kafka_outcome o = KAFKA_AGAIN;

    for (int i = 0; i < TRIES_MAX && o == KAFKA_AGAIN; i++)
        o = is_commit ? kafka_producer_commit(p, &err) : kafka_producer_abort(p, &err);
    fprintf(stderr, "%s %s %s\n", is_commit ? "commit" : "abort", key,
            o == KAFKA_DONE ? "done" : "failed");
    return o;
}

static const char *fault_of(uint64_t pair)
{
    if (pair % HOLD_EVERY == HOLD_EVERY - 1)
        return "on EndTxn hold";
    return pair % 4 < 2 ? "on EndTxn take" : "on EndTxn copy";
}

static void one_pair(struct kafka_producer *p, const char *topic, uint64_t pair)
{
    bool is_commit = pair % 2 == 0;
    char key[KEY_BYTES];

    snprintf(key, sizeof key, "first-%lu", pair);
    begin_with(p, topic, key);
    order(fault_of(pair), "ok");
    must("the first transaction", end(p, key, is_commit));
    if (kafka_producer_is_tainted(p))
        renew(p);

    snprintf(key, sizeof key, "second-%lu", pair);
    begin_with(p, topic, key);
    if (end(p, key, !is_commit) != KAFKA_DONE)
        renew(p);
}

static void add_property(struct kafka_props *props, const char *name, const char *value)
{
    if (kafka_props_add(props, KAFKA_COMMON, str_from(name), str_from(value), &err) != WEIR_OK)
        must(name, KAFKA_FATAL);
}

int main(int argc, char **argv)
{
    struct kafka_props props = {.arena = arena_new(0)};
    struct kafka_producer *p;
    uint64_t pairs;

    if (argc != 5 || !str_to_u64(str_from(argv[3]), &pairs)) {
        fprintf(stderr, "usage: late_end BOOTSTRAP TOPIC PAIRS taint|without\n");
        return 2;
    }
    add_property(&props, "bootstrap.servers", argv[1]);
    add_property(&props, "reconnect.backoff.ms", "1");
    add_property(&props, "reconnect.backoff.max.ms", "10");
    add_property(&props, "socket.timeout.ms", "1000"); /* what ends a `hold` */
    const char *topics[] = {argv[2]};
    struct kafka_producer_options o = {.common = &props,
                                       .transactional_id = str_from(argv[2]),
                                       .topics = topics,
                                       .n_topics = 1,
                                       .without_taint = strcmp(argv[4], "without") == 0};
    if (kafka_producer_new(&o, &p, &err) != WEIR_OK)
        must("new", KAFKA_FATAL);
    order(NULL, "ready");
    renew(p);
    for (uint64_t i = 0; i < pairs; i++)
        one_pair(p, argv[2], i);
    order("count EndTxn", "ok"); /* reads what the proxy told before it */
    fprintf(stderr, "late %lu taken %lu\n", n_late, n_late_taken);
    kafka_producer_free(p);
    arena_free(props.arena);
    return 0;
}

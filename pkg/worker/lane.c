/* lane.c - a lane: what is done for each thing that the protocol asks for.
 *
 *   POLL     the batch before goes back, the next one is taken; its operations are lent to the
 *            correlator until the batch is over
 *   APPLY    the correlator's level on the store; after the last one the documents are made
 *   PRODUCE  they go out, as often as the transaction is begun anew
 *
 * Seeks are collected and given to the reader as one plan at the POLL behind them; batches of an
 * older plan are thrown away (post.h).
 */
#include "worker/lane.h"

#include "base/str.h"
#include "correlate/claim.h"
#include "correlate/correlator.h"
#include "kafka/producer.h"
#include "kafka/reader.h"
#include "worker/crash.h"
#include "worker/fact_batch.h"

#include "worker/log.h"

#include "worker/partition_book.h"
#include "worker/protocol.h"
#include "worker/protocol_meta.h"

#include "worker/publish.h"
#include "worker/recover.h"

#include "worker/scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    PAUSE_MIN_MS = 20,
    IDLE_MS = 1000,    /* nothing to do: the bell rings when there is */
    NOT_READY_MS = 50, /* an open transaction of somebody, a lease that is taken */
    QUEUE_FULL_MS = 5,
    COUNT_EVICTED_MS = 1000,
    LEASE_OVER_MS = 1,
    ASK_MARKS_MS = 500, /* how often a reader that is held by the group asks again */
    TRANSACTIONAL_ID_MAX = 300
};

struct lane_part { /* an owned one */
    uint32_t number;
    struct batch_part last;    /* as the last batch left it, or the seek */
    uint64_t gap_from, gap_to; /* to be told with the next transaction */
    uint64_t counted;          /* position that the metrics know of */
    uint64_t replay_to;        /* below it is read for the second time; 0: nothing is */
};

struct lane {
    struct lane_options options;
    const struct config *config;
    const struct ruleset *ruleset;
    struct post *post;
    struct metric_lane *metrics;
    bool is_stateless;

    struct kafka_producer *producer;
    bool is_producer_fresh; /* made, not initialised */
    bool is_begun;          /* a transaction is open */
    size_t n_sent;
    uint64_t begun_ns;
    uint64_t evicted; /* cells, as last counted */
    int64_t evicted_ms;
    char transactional_id[TRANSACTIONAL_ID_MAX];
    const char *outputs[CONFIG_TOPICS];

    size_t n_outputs;

    struct store *store; /* NULL: stateless */
    struct correlator *correlator;
    struct partition_book *book;
    struct fact_batch *facts;
    struct protocol *protocol;
    uint32_t n_rounds;
    struct publisher *publisher;
    struct store_run run;

    uint64_t group;       /* number of the assignment in hand */
    bool owes_assignment; /* its partitions have no numbers yet: the store was out of reach */
    struct kafka_partition *owned;
    struct lane_part *parts;
    struct protocol_taken *taken;
    struct kafka_offset *offsets;
    uint32_t *numbers;
    uint64_t *begins; /* offsets that were committed at the seek: a replay reads below them */
    size_t n, cap;
    struct scene *scene;
    struct post_plan plan;
    uint64_t plan_number;
    bool has_plan; /* seeks that the reader was not told yet */

    struct batch *batch; /* in hand; NULL: none */
    bool is_applied;     /* correlator_begin() was called */
    bool is_told;        /* its documents are made */

    struct store_applied *applied;
    int64_t least_ms[STORE_ROUNDS_MAX];
    struct buf metadata;
    uint64_t committed; /* of the last READ_COMMITTED, as the group has it */
    bool has_committed;
    uint64_t lease_token;      /* of a recovery that is not over; 0: none */
    int64_t top_prefix_ms;     /* of all metadata that a recovery has read */
    bool is_whole_replay;      /* of that recovery: from the first record that ever was */
    struct unclosed *unclosed; /* of a recovery of an empty store, from claims to facts; or NULL */
    uint32_t failures;
    int64_t stopping_ms, asked_ms;
    enum protocol_do last;
    struct weir_err err;
};

static int64_t wall_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static uint64_t nanoseconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

static int64_t monotonic_ms(void)
{
    return (int64_t)(nanoseconds() / 1000000);
}

/* ---- store and rule set -------------------------------------------------------------------------
 */

static uint32_t rounds_for(const struct graph *g)
{
    uint32_t levels = g->n_levels ? g->n_levels : 1;

    return (levels + LANE_ROUNDS - 1) / LANE_ROUNDS * LANE_ROUNDS;
}

static enum weir_rc open_store(struct lane *l, const struct ruleset *r, struct store **out,
                               struct weir_err *err)
{
    struct store_redis_options o = *l->options.store;
    struct store *s;

    o.patience_ms = LANE_PATIENCE_MS;
    TRY(store_redis_new(&o, &s, err));
    graph_attach(r->graph, s);
    store_set_claim_reader(s, claim_read);
    enum weir_rc rc = store_redis_check_budget(s, err);
    if (rc != WEIR_OK) {
        store_free(s);
        return rc;
    }
    *out = s;
    return WEIR_OK;
}

/* All partitions of all inputs, and those that others have numbered. */
static enum weir_rc number_all(struct lane *l, struct weir_err *err)
{
    for (size_t i = 0; i < l->options.n_topics; i++)
        TRY(partition_book_number_topic(l->book, l->options.topics[i].name,
                                        l->options.topics[i].n_partitions, err));
    return WEIR_OK;
}

static bool is_input(void *lane, const char *topic, int32_t partition)
{
    const struct lane *l = lane;

    for (size_t i = 0; i < l->options.n_topics; i++)
        if (strcmp(l->options.topics[i].name, topic) == 0)
            return (uint32_t)partition < l->options.topics[i].n_partitions;
    return false;
}

static void new_protocol(struct lane *l)
{
    uint32_t count = partition_book_count(l->book);
    struct protocol_config c = {.slot = l->options.slot,
                                .n_slots = l->config->slots_max,
                                .n_partitions = count ? count : 1,
                                .n_rounds = l->n_rounds,
                                .is_stateless = l->is_stateless,
                                .token = l->options.token};

    protocol_free(l->protocol);
    l->protocol = protocol_new(&c);
    free(l->applied);
    l->applied = calloc((size_t)l->n_rounds * STORE_SHARDS, sizeof *l->applied);
    ASSERT(l->applied);
}

/* Everything that is made of a rule set; the store connection too: its spaces are the graph's. On
 * failure nothing has changed. */
static enum weir_rc use_rules(struct lane *l, const struct ruleset *r, struct weir_err *err)
{
    struct store *store = NULL;

    if (!l->is_stateless)
        TRY(open_store(l, r, &store, err));
    correlator_free(l->correlator);
    l->correlator = NULL;
    partition_book_free(l->book);
    if (l->store)
        store_free(l->store);
    l->store = store;
    l->book = partition_book_new(store);
    if (store) {
        l->correlator = correlator_new(r->graph, store);
        fact_batch_listen(l->facts, r->graph, l->correlator);
    }
    l->ruleset = r;
    publisher_use(l->publisher, r);
    metric_use_rules(l->metrics, r->number);
    metric_set(l->metrics, GAUGE_HAS_RULES, 1);
    metric_set(l->metrics, GAUGE_RULESET, r->number);
    return WEIR_OK;
}

static void make_scene(struct lane *l)
{
    scene_free(l->scene);
    l->scene = scene_new(l->config, l->ruleset, l->owned, l->n);
}

/* ---- life ---------------------------------------------------------------------------------------
 */

static enum weir_rc open_producer(struct lane *l, struct weir_err *err)
{
    const struct config *c = l->config;

    for (size_t i = 0; i < CONFIG_TOPICS; i++) {
        const char *name = publisher_topic(l->publisher, (enum config_topic)i);
        if (name)
            l->outputs[l->n_outputs++] = name;
    }

    snprintf(l->transactional_id, sizeof l->transactional_id, "weir-%.*s-%u", (int)c->group.n,
             c->group.p, l->options.slot);
    struct kafka_producer_options o = {.common = &c->common,
                                       .own = &c->producer,
                                       .transactional_id = str_from(l->transactional_id),
                                       .topics = l->outputs,
                                       .n_topics = l->n_outputs};
    if (c->at_least_once)
        o.transactional_id = STR("");
    TRY(kafka_producer_new(&o, &l->producer, err));
    l->is_producer_fresh = true;
    return WEIR_OK;
}

static enum weir_rc open_lane(struct lane *l, struct weir_err *err)
{
    struct publish_options publish = {.config = l->config,
                                      .worker = l->options.worker,
                                      .version = l->options.version,
                                      .metrics = l->metrics};

    if (l->options.topic_bytes)
        memcpy(publish.topic_bytes, l->options.topic_bytes, sizeof publish.topic_bytes);
    l->publisher = publisher_new(&publish);
    l->facts = fact_batch_new();

    TRY(use_rules(l, l->options.ruleset, err));
    l->n_rounds = l->is_stateless ? 1 : rounds_for(l->ruleset->graph);
    TRY(number_all(l, err));
    TRY(partition_book_retire(l->book, is_input, l, err));
    new_protocol(l);
    make_scene(l);
    return open_producer(l, err);
}

enum weir_rc lane_new(const struct lane_options *o, struct lane **out, struct weir_err *err)
{
    struct lane *l = calloc(1, sizeof *l);

    ASSERT(l);
    l->options = *o;
    l->config = o->config;
    l->post = o->post;
    l->metrics = o->metrics;
    l->is_stateless = !o->store;
    metric_set(l->metrics, GAUGE_SLOT, o->slot);
    metric_set(l->metrics, GAUGE_STATE_OK, 1);
    enum weir_rc rc = open_lane(l, err);
    if (rc != WEIR_OK) {
        lane_free(l);
        return rc;
    }
    *out = l;
    return WEIR_OK;
}

void lane_free(struct lane *l)
{
    if (!l)
        return;
    kafka_producer_free(l->producer);

    correlator_free(l->correlator);
    partition_book_free(l->book);
    if (l->store)
        store_free(l->store);
    protocol_free(l->protocol);
    publisher_free(l->publisher);
    unclosed_free(l->unclosed);
    fact_batch_free(l->facts);
    scene_free(l->scene);
    post_plan_release(&l->plan);
    ruleset_release(l->options.shelf, l->ruleset ? l->ruleset : l->options.ruleset);
    batch_free(l->batch);
    free(l->owned);
    free(l->parts);
    free(l->taken);
    free(l->offsets);
    free(l->numbers);
    free(l->begins);
    free(l->applied);
    buf_release(&l->metadata);
    free(l);
}

/* ---- the group ----------------------------------------------------------------------------------
 */

static void *grown(void *list, size_t n, size_t size)
{
    list = reallocarray(list, n, size);
    ASSERT(list);
    return list;
}

static void room_for(struct lane *l, size_t n)
{
    if (n > l->cap) {
        l->owned = grown(l->owned, n, sizeof *l->owned);
        l->parts = grown(l->parts, n, sizeof *l->parts);
        l->taken = grown(l->taken, n, sizeof *l->taken);
        l->offsets = grown(l->offsets, n, sizeof *l->offsets);
        l->numbers = grown(l->numbers, n, sizeof *l->numbers);
        l->begins = grown(l->begins, n, sizeof *l->begins);
        l->cap = n;
    }
    l->n = n;
    if (n)
        memset(l->parts, 0, n * sizeof *l->parts);
}

static enum weir_rc number_owned(struct lane *l, const char *incarnation, struct weir_err *err)
{
    for (size_t i = 0; i < l->n; i++)
        TRY(partition_book_number(l->book, incarnation, l->owned[i].topic, l->owned[i].partition,
                                  &l->numbers[i], err));
    return WEIR_OK;
}

static void assign(struct lane *l)
{
    protocol_grow(l->protocol, partition_book_count(l->book));
    for (size_t i = 0; i < l->n; i++)
        l->parts[i].number = l->numbers[i];
    protocol_assign(l->protocol, l->numbers, l->n);
    l->owes_assignment = false;
    l->has_plan = false;
    post_plan_size(&l->plan, l->n);
}

static void tell_metrics_partitions(struct lane *l)
{
    struct metric_owned *owned = calloc(l->n + 1, sizeof *owned);

    ASSERT(owned);
    for (size_t i = 0; i < l->n; i++)
        owned[i] = (struct metric_owned){l->owned[i].topic, l->owned[i].partition};
    metric_partitions(l->metrics, owned, l->n);
    metric_set(l->metrics, GAUGE_JOINED, 1);
    metric_add(l->metrics, METRIC_REBALANCES, 1);
    free(owned);
}

/* What the group has said since. Its partitions are nobody's until they have numbers: the protocol
 * lets go of the old ones at once. */
static void learn_group(struct lane *l)
{
    const struct kafka_partition *list;
    size_t n;

    if (post_group(l->post, &l->group, &list, &n)) {
        room_for(l, n);
        if (n)
            memcpy(l->owned, list, n * sizeof *list);
        make_scene(l);
        tell_metrics_partitions(l);
        l->owes_assignment = true;
        if (n == 0)
            assign(l);
        else
            protocol_assign(l->protocol, NULL, 0);
        LOG(LOG_INFO, "partitions assigned", LOG_U("lane", l->options.number), LOG_U("n", n));
    }
    if (!l->owes_assignment)
        return;
    if (number_owned(l, NULL, &l->err) == WEIR_OK)
        assign(l);
    else
        LOG(LOG_WARN, "partitions wait for the store", LOG_S("error", str_from(l->err.text)),
            LOG_U("lane", l->options.number));
}

/* ---- outcomes -----------------------------------------------------------------------------------
 */

static enum protocol_outcome store_outcome(struct lane *l, enum weir_rc rc,
                                           enum store_answer answer)
{
    static const enum protocol_outcome outcomes[] = {
        [STORE_DONE] = PROTOCOL_DONE,
        [STORE_FENCED] = PROTOCOL_FENCED,
        [STORE_GAP] = PROTOCOL_GAP,
        [STORE_NEWINC] = PROTOCOL_NEWINC,
    };

    metric_set(l->metrics, GAUGE_STATE_OK, rc == WEIR_OK);
    if (rc != WEIR_OK) {
        metric_add(l->metrics, METRIC_STATE_ERRORS, 1);
        metric_pause(l->metrics, PAUSE_STATE);
        LOG(LOG_WARN, "the store does not answer", LOG_S("error", str_from(l->err.text)),
            LOG_S("what", str_from(protocol_word(l->last))), LOG_U("lane", l->options.number));
        return PROTOCOL_UNKNOWN;
    }
    metric_pause(l->metrics, PAUSE_NONE);
    if (answer != STORE_DONE)
        metric_add(l->metrics, METRIC_STATE_FENCED, 1);
    return outcomes[answer];
}

static enum protocol_outcome kafka_outcome(struct lane *l, enum kafka_outcome o)
{
    static const enum protocol_outcome outcomes[] = {
        [KAFKA_DONE] = PROTOCOL_DONE,           [KAFKA_AGAIN] = PROTOCOL_UNKNOWN,
        [KAFKA_ABORTABLE] = PROTOCOL_ABORTABLE, [KAFKA_FENCED] = PROTOCOL_FATAL,
        [KAFKA_FATAL] = PROTOCOL_FATAL,         [KAFKA_TOO_LARGE] = PROTOCOL_ABORTABLE,
        [KAFKA_DENIED] = PROTOCOL_UNKNOWN,
    };

    if (o != KAFKA_DONE)
        LOG(o == KAFKA_AGAIN ? LOG_DEBUG : LOG_WARN, "kafka says no",
            LOG_S("error", str_from(l->err.text)), LOG_S("what", str_from(protocol_word(l->last))),
            LOG_U("lane", l->options.number));
    return outcomes[o];
}

/* ---- Kafka --------------------------------------------------------------------------------------
 */

static enum protocol_outcome do_init(struct lane *l)
{
    l->is_begun = false;
    if (!l->is_producer_fresh) {
        metric_add(l->metrics, METRIC_PRODUCERS_RENEWED, 1);
        if (kafka_producer_renew(l->producer, &l->err) != WEIR_OK)
            return kafka_outcome(l, KAFKA_AGAIN);
        l->is_producer_fresh = true;
    }
    enum kafka_outcome o =
        l->config->at_least_once ? KAFKA_DONE : kafka_producer_init(l->producer, &l->err);
    /* Who was refused (fenced, or without a right) is of no use any more: a new client, then. */
    if (o != KAFKA_AGAIN)
        l->is_producer_fresh = false;
    return o == KAFKA_DONE ? PROTOCOL_DONE : (kafka_outcome(l, o), PROTOCOL_UNKNOWN);
}

static enum protocol_outcome do_fence(struct lane *l, uint32_t slot)
{
    const struct config *c = l->config;
    char id[TRANSACTIONAL_ID_MAX];

    snprintf(id, sizeof id, "weir-%.*s-%u", (int)c->group.n, c->group.p, slot);
    struct kafka_producer_options o = {
        .common = &c->common, .own = &c->producer, .transactional_id = str_from(id)};
    enum kafka_outcome k = kafka_fence(&o, &l->err);
    return k == KAFKA_DONE ? PROTOCOL_DONE : (kafka_outcome(l, k), PROTOCOL_UNKNOWN);
}

static bool is_added(const struct lane *l, const char *topic, int32_t partition)
{
    for (size_t i = 0; i < l->options.n_topics; i++)
        if (strcmp(l->options.topics[i].name, topic) == 0)
            return (uint32_t)partition >= l->options.topics[i].first_added;
    return false;
}

/* Where a partition begins that the group has no offset of. */
static enum weir_rc beginning(struct lane *l, const char *topic, int32_t partition, int64_t low,
                              int64_t high, int64_t *out, struct weir_err *err)
{
    const struct config_input *input = &l->config->inputs[scene_input_of(l->config, topic)];

    if (input->start == START_AT)
        return kafka_consumer_offset_at(l->options.consumer, topic, partition, input->start_ms,
                                        LANE_ASK_MS, out, err);
    *out = input->start == START_EARLIEST || is_added(l, topic, partition) ? low : high;
    return WEIR_OK;
}

static enum weir_rc ask_offsets(struct lane *l, const char *topic, int32_t partition,
                                struct kafka_committed *c, struct protocol_told *t)
{
    int64_t low, high, at;

    TRY(kafka_consumer_committed(l->options.consumer, topic, partition, LANE_ASK_MS, c, &l->err));
    buf_clear(&l->metadata);
    buf_add(&l->metadata, c->metadata);
    c->metadata = buf_str(&l->metadata);

    TRY(kafka_consumer_bounds(l->options.consumer, topic, partition, LANE_ASK_MS, &low, &high,
                              &l->err));
    l->has_committed = c->has;
    l->committed = c->has ? (uint64_t)c->offset : 0;
    if (c->has && c->offset > high) { /* another log under this name: recover_is_other_log() */
        *c = (struct kafka_committed){0};
        t->log_start = t->committed = (uint64_t)low;
        return WEIR_OK;
    }
    t->has_committed = c->has;

    t->log_start = (uint64_t)low;
    if (c->has)
        at = c->offset;
    else
        TRY(beginning(l, topic, partition, low, high, &at, &l->err));
    t->committed = (uint64_t)at;
    if (!l->is_stateless && c->has) {
        int64_t prefix_ms = protocol_meta_prefix_ms(c->metadata);
        at = low;
        if (prefix_ms > wall_ms()) /* event time may run ahead, times of records do not */
            prefix_ms = wall_ms();
        if (prefix_ms != INT64_MIN)
            TRY(kafka_consumer_offset_at(l->options.consumer, topic, partition,
                                         prefix_ms - l->config->state_replay_max_ms, LANE_ASK_MS,
                                         &at, &l->err));
        t->replay_start = (uint64_t)at;
    }
    t->metadata = buf_str(&l->metadata);
    return WEIR_OK;
}

static enum protocol_outcome do_read_committed(struct lane *l, uint32_t number,
                                               struct protocol_told *t)
{
    struct kafka_committed c = {0};
    const char *topic;
    int32_t partition;

    if (!partition_book_name(l->book, number, &topic, &partition)) {
        t->has_committed = false; /* nobody's any more */
        return PROTOCOL_DONE;
    }
    if (ask_offsets(l, topic, partition, &c, t) != WEIR_OK) {
        LOG(LOG_WARN, "cannot ask for offsets", LOG_S("error", str_from(l->err.text)),
            LOG_S("topic", str_from(topic)), LOG_I("partition", partition),
            LOG_U("lane", l->options.number));
        return PROTOCOL_UNKNOWN;
    }
    int64_t prefix_ms = protocol_meta_prefix_ms(t->metadata);
    l->top_prefix_ms = prefix_ms > l->top_prefix_ms ? prefix_ms : l->top_prefix_ms;
    l->is_whole_replay &= !t->has_committed || (t->log_start == 0 && t->replay_start == 0);
    return c.is_unstable ? PROTOCOL_UNSTABLE : PROTOCOL_DONE;
}

static void tell_gaps(struct lane *l)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->parts[i].gap_from < l->parts[i].gap_to) {
            publisher_gap(l->publisher, l->owned[i].topic, l->owned[i].partition,
                          l->parts[i].gap_from, l->parts[i].gap_to);
            metric_add(l->metrics, METRIC_GAPS, l->parts[i].gap_to - l->parts[i].gap_from);
        }
}

static void tell_facts(struct lane *l)
{
    struct str key, value;

    for (size_t i = 0; l->config->topics[TOPIC_STATE].n && i < fact_batch_count(l->facts); i++) {
        fact_batch_record(l->facts, i, &key, &value);
        publisher_fact(l->publisher, key, value);
    }
}

/* What the batch says, made once. */
static void make_documents(struct lane *l)
{
    uint64_t begin = nanoseconds();

    publisher_begin(l->publisher, l->batch, l->scene, wall_ms());
    if (l->is_stateless && l->batch)
        publisher_matches(l->publisher);
    else if (l->is_applied)
        ASSERT(correlator_tell(l->correlator, publisher_finding, l->publisher, &l->err) ==
               WEIR_OK); /* publisher_finding() cannot fail */
    if (l->batch)
        publisher_dead(l->publisher, l->begins);
    tell_gaps(l);
    if (l->is_applied)
        tell_facts(l);
    l->is_told = true;
    metric_add(l->metrics, METRIC_STAGE_WRITE_NS, nanoseconds() - begin);
}

/* Full queues empty themselves: librdkafka sends while we wait a little. */
static enum kafka_outcome produce_one(struct lane *l, size_t i)
{
    const struct kafka_record *r = publisher_record(l->publisher, i);

    for (;;) {
        enum kafka_outcome o = kafka_producer_produce(l->producer, r, &l->err);
        if (o != KAFKA_AGAIN || post_is_stopping(l->post) || kafka_producer_is_tainted(l->producer))
            return o;
        post_wait(l->post, l->group, false, QUEUE_FULL_MS);
    }
}

static enum protocol_outcome too_large(struct lane *l, size_t i)
{
    if (!publisher_shrink(l->publisher, i))
        LOG(LOG_ERROR, "a topic refuses records of the smallest size",
            LOG_S("error", str_from(l->err.text)), LOG_U("lane", l->options.number));
    return PROTOCOL_ABORTABLE;
}

static enum protocol_outcome do_produce(struct lane *l, bool is_pin)
{
    if (is_pin && !l->is_told)
        make_documents(l);
    if (!l->is_begun && !l->config->at_least_once) {
        l->begun_ns = nanoseconds();
        enum kafka_outcome o = kafka_producer_begin(l->producer, &l->err);
        if (o != KAFKA_DONE)
            return kafka_outcome(l, o);
    }
    if (!l->is_begun)
        l->n_sent = 0;
    l->is_begun = true;
    for (; l->n_sent < publisher_count(l->publisher); l->n_sent++) {
        enum kafka_outcome o = produce_one(l, l->n_sent);
        if (o == KAFKA_TOO_LARGE)
            return too_large(l, l->n_sent);
        if (o != KAFKA_DONE)
            return kafka_outcome(l, o);
    }
    return PROTOCOL_DONE;
}

/* How a call ended that may be the first to hear of a record that a broker found too large. */
static enum protocol_outcome outcome_of(struct lane *l, enum kafka_outcome o)
{
    bool is_too_large;
    uint64_t refused;

    if (o == KAFKA_ABORTABLE && kafka_producer_refused(l->producer, &refused, &is_too_large) &&
        is_too_large)
        return too_large(l, refused);
    return kafka_outcome(l, o);
}

static enum protocol_outcome do_offsets(struct lane *l, const struct protocol_action *a)
{
    for (size_t i = 0; i < a->n_parts; i++)
        l->offsets[i] = (struct kafka_offset){.topic = l->owned[i].topic,
                                              .partition = l->owned[i].partition,
                                              .offset = (int64_t)a->commits[i],
                                              .metadata = a->metadata[i]};
    uint64_t begin = nanoseconds();
    enum kafka_outcome o = kafka_producer_send_offsets(l->producer, l->options.consumer, l->offsets,
                                                       a->n_parts, &l->err);
    metric_add(l->metrics, METRIC_STAGE_COMMIT_NS, nanoseconds() - begin);
    return outcome_of(l, o);
}

/* While a replay goes on the committed offset stays ahead of the position. */
static void count_replay(struct lane *l, size_t i)
{
    struct lane_part *p = &l->parts[i];

    if (l->offsets[i].offset > (int64_t)p->last.position)
        p->replay_to = (uint64_t)l->offsets[i].offset;
    uint64_t to = p->last.position < p->replay_to ? p->last.position : p->replay_to;
    if (to > p->counted)
        metric_add(l->metrics, METRIC_REPLAYED, to - p->counted);
    p->counted = p->last.position;
}

/* What the rules' spaces had to give up; asking all of them is not for every transaction. */
static void count_evicted(struct lane *l)
{
    int64_t now = monotonic_ms();
    uint64_t evicted = 0;

    if (!l->correlator || now - l->evicted_ms < COUNT_EVICTED_MS)
        return;
    for (uint32_t i = 0; i < l->ruleset->graph->n_spaces; i++)
        evicted += store_stats(l->store, i).evicted;
    if (evicted > l->evicted) /* a new connection counts from zero */
        metric_add(l->metrics, METRIC_STATE_EVICTED, evicted - l->evicted);
    l->evicted = evicted;
    l->evicted_ms = now;
}

static void note_commit(struct lane *l)
{
    int64_t now = wall_ms();

    l->is_begun = false;
    metric_add(l->metrics, METRIC_TRANSACTIONS, 1);
    metric_add(l->metrics, METRIC_BATCHES, 1);
    metric_time(l->metrics, METRIC_COMMIT_TIME, nanoseconds() - l->begun_ns);
    publisher_count_published(l->publisher, now);
    if (l->batch)
        metric_add(l->metrics, METRIC_STATE_OPERATIONS, l->batch->n_operations);
    count_evicted(l);
    for (size_t i = 0; i < l->n; i++) {
        struct lane_part *p = &l->parts[i];
        p->gap_from = p->gap_to = 0;
        count_replay(l, i);
        metric_partition(l->metrics, i,
                         &(struct metric_place){
                             .committed = l->offsets[i].offset,
                             .end = kafka_consumer_end(l->options.consumer, i),
                             .watermark_ms = p->last.prefix_ms,
                             .record_ms = p->last.record_at_ms,
                         });
    }
}

static enum protocol_outcome do_commit(struct lane *l)
{
    uint64_t begin = nanoseconds();
    enum kafka_outcome o =
        l->config->at_least_once ? KAFKA_DONE : kafka_producer_commit(l->producer, &l->err);

    metric_add(l->metrics, METRIC_STAGE_COMMIT_NS, nanoseconds() - begin);
    if (o == KAFKA_DONE)
        note_commit(l);
    return outcome_of(l, o);
}

static enum protocol_outcome do_abort(struct lane *l)
{
    enum kafka_outcome o = KAFKA_DONE;

    if (l->is_begun && !l->config->at_least_once)
        o = kafka_producer_abort(l->producer, &l->err);
    if (o == KAFKA_DONE) {
        l->is_begun = false;
        metric_add(l->metrics, METRIC_TRANSACTIONS_ABORTED, 1);
    }
    return kafka_outcome(l, o);
}

/* ---- batches ------------------------------------------------------------------------------------
 */

static size_t part_of(const struct lane *l, uint32_t number)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->parts[i].number == number)
            return i;
    ASSERT(false); /* a partition that is not owned */
    return 0;
}

/* The batch in hand is over, or given up. */
static void end_batch(struct lane *l)
{
    if (l->correlator)
        correlator_drop(l->correlator);
    l->is_applied = l->is_told = false;
    l->n_sent = 0;
    if (!l->batch)
        return;
    batch_clear(l->batch);
    post_give(l->post, l->batch);
    l->batch = NULL;
}

static enum protocol_outcome do_seek(struct lane *l, const struct protocol_action *a)
{
    size_t i = part_of(l, a->partition);
    struct post_seek *s = &l->plan.seeks[i];
    struct lane_part *p = &l->parts[i];

    if (!l->has_plan && !(l->batch && l->batch->gives_ruleset))
        end_batch(l); /* given up */
    l->is_told = false;
    s->position = a->upto.at.position;
    s->prefix_ms = a->upto.prefix_ms;
    s->again_to = a->sweep_to;
    s->n_extra = a->extra.n <= sizeof s->extra ? (uint32_t)a->extra.n : 0;
    if (s->n_extra)
        memcpy(s->extra, a->extra.p, s->n_extra);
    p->last = (struct batch_part){.position = s->position,
                                  .prefix_ms = s->prefix_ms,
                                  .mark_ms = s->prefix_ms,
                                  .newest_ms = INT64_MIN,
                                  .n_extra = s->n_extra};
    if (s->n_extra)
        memcpy(p->last.extra, s->extra, s->n_extra);
    l->begins[i] = a->committed;
    p->gap_from = a->gap_from;
    p->gap_to = a->gap_to;
    p->counted = s->position;
    p->replay_to = 0;
    l->has_plan = true;
    LOG(LOG_INFO, "partition begins", LOG_S("topic", str_from(l->owned[i].topic)),
        LOG_I("partition", l->owned[i].partition), LOG_U("offset", s->position),
        LOG_U("lane", l->options.number));
    return PROTOCOL_DONE;
}

static void put_plan(struct lane *l)
{
    l->plan.number = ++l->plan_number;
    l->plan.group = l->group;
    l->plan.n = l->n;
    post_plan_put(l->post, &l->plan);
    post_plan_size(&l->plan, l->n);
    l->has_plan = false;
    kafka_consumer_wake(l->options.consumer);
}

/* The batch is the first of another rule set, whose hold came with it. */
static enum weir_rc follow_rules(struct lane *l)
{
    const struct ruleset *old = l->ruleset;

    if (!l->batch->gives_ruleset)
        return WEIR_OK;
    TRY(use_rules(l, l->batch->ruleset, &l->err));
    l->batch->gives_ruleset = false;
    ruleset_release(l->options.shelf, old);
    make_scene(l);
    TRY(number_all(l, &l->err));
    LOG(LOG_INFO, "rules taken", LOG_S("ruleset", l->ruleset->generation),
        LOG_U("lane", l->options.number));
    if (l->is_stateless || rounds_for(l->ruleset->graph) == l->n_rounds)
        return WEIR_OK;
    l->n_rounds = rounds_for(l->ruleset->graph);
    new_protocol(l);
    l->plan_number++; /* what was read is read again, once the partitions are acquired */
    l->owes_assignment = true;
    return WEIR_OK;
}

static void lend_events(struct lane *l)
{
    const struct batch *b = l->batch;

    for (uint32_t i = 0; i < b->n_events; i++) {
        const struct batch_event *e = &b->events[i];
        correlator_lend(l->correlator, batch_str(b, e->gathered),
                        &(struct correlator_event){.event = i,
                                                   .t_ms = e->t_ms,
                                                   .lateness = e->lateness,
                                                   .part = e->part,
                                                   .position = e->offset + 1});
    }
}

static void take_places(struct lane *l)
{
    for (size_t i = 0; i < l->n; i++) {
        struct lane_part *p = &l->parts[i];
        if (l->batch)
            p->last = l->batch->parts[i];
        l->taken[i] = (struct protocol_taken){
            .position = p->last.position,
            .prefix_ms = p->last.prefix_ms,
            .mark_ms = p->last.mark_ms,
            .extra = {(const char *)p->last.extra, p->last.n_extra},
        };
    }
}

/* The next batch that was read under the plan in force; NULL: there is none. False: its rule set
 * cannot be taken yet. */
static bool next_batch(struct lane *l)
{
    while (!l->batch) {
        l->batch = post_take(l->post);
        if (!l->batch)
            return true;
        if (follow_rules(l) != WEIR_OK)
            return false;
        if (l->batch->plan != l->plan_number || l->batch->n_parts != l->n)
            end_batch(l);
    }
    return true;
}

static enum protocol_outcome do_poll(struct lane *l, struct protocol_told *t)
{
    bool owes_rules = l->batch && l->batch->gives_ruleset;

    if (l->has_plan)
        put_plan(l);
    if (!owes_rules)
        end_batch(l);
    else if (follow_rules(l) != WEIR_OK)
        return store_outcome(l, WEIR_IO, STORE_DONE);
    else if (l->batch->plan != l->plan_number)
        end_batch(l);
    if (!next_batch(l))
        return store_outcome(l, WEIR_IO, STORE_DONE);
    if (l->owes_assignment)
        return PROTOCOL_UNKNOWN;
    if (l->batch && l->batch->is_gone)
        return PROTOCOL_GONE;
    take_places(l);
    if (l->batch && l->correlator)
        lend_events(l);
    t->taken = l->taken;
    if (l->is_stateless) {
        make_documents(l);
        t->has_records = publisher_count(l->publisher) > 0;
    }
    return PROTOCOL_DONE;
}

/* ---- the store ----------------------------------------------------------------------------------
 */

static enum protocol_outcome do_apply(struct lane *l, const struct protocol_action *a,
                                      struct protocol_told *t)
{
    const struct graph *g = l->ruleset->graph;
    enum store_answer answer = STORE_DONE;
    enum weir_rc rc = WEIR_OK;
    struct correlator_frame frame = {.watermark_ms = a->watermark_ms,
                                     .timer_ms = a->timer_ms,
                                     .parts = a->parts,
                                     .n_parts = a->n_parts,
                                     .incarnation = a->incarnation,
                                     .is_sweep = a->is_sweep};

    if (!l->is_applied) {
        fact_batch_clear(l->facts);
        correlator_begin(l->correlator);
    }

    l->is_applied = true;
    if (a->round < g->n_levels) {
        uint64_t begin = nanoseconds();
        rc = correlator_apply(l->correlator, a->round, &frame, &answer, &l->err);
        uint64_t took = nanoseconds() - begin;
        metric_time(l->metrics, METRIC_STATE_TIME, took);
        metric_add(l->metrics, METRIC_STAGE_APPLY_NS, took);
    }
    enum protocol_outcome o = store_outcome(l, rc, answer);
    uint32_t last = g->n_levels ? g->n_levels - 1 : 0;
    if (o == PROTOCOL_DONE && a->round == last)
        make_documents(l);
    t->has_records = l->is_told && publisher_count(l->publisher) > 0;
    return o;
}

/* The own partition that the level's watermark waits for. */
static uint32_t holder_of(const struct protocol_action *a, uint32_t level, int64_t least_ms)
{
    for (uint32_t i = 0; i < a->n_parts; i++)
        if (a->marks[i].watermark_ms[level] == least_ms)
            return i;
    return METRIC_ELSEWHERE;
}

/* Rounds that no level uses have nothing to wait for. */
static void forget_unused_levels(struct lane *l)
{
    for (uint32_t r = l->ruleset->graph->n_levels; r < l->n_rounds; r++)
        l->least_ms[r] = INT64_MIN;
}

static enum protocol_outcome do_mark(struct lane *l, const struct protocol_action *a,
                                     struct protocol_told *t)
{
    enum store_answer answer = STORE_DONE;
    enum weir_rc rc = store_mark(l->store, a->incarnation, a->marks, a->n_parts, l->n_rounds,
                                 l->least_ms, &answer, &l->err);

    t->least_ms = l->least_ms;
    if (rc == WEIR_OK && answer == STORE_DONE) {
        for (uint32_t r = 0; r < l->ruleset->graph->n_levels; r++)
            metric_level(l->metrics, r, l->least_ms[r], holder_of(a, r, l->least_ms[r]));
        forget_unused_levels(l);
        post_set_group_ms(l->post, l->least_ms[0]);
    }
    return store_outcome(l, rc, answer);
}

/* How far are the others by now? The reader may be held for them, and levels may be due that their
 * partitions held back. Who is held calls nothing else, so this is also where it hears that the
 * store is another by now: its marks are gone, and others wait for them. */
static enum protocol_outcome ask_marks(struct lane *l, const char *incarnation,
                                       struct protocol_told *t)
{
    enum store_answer answer = STORE_DONE;
    int64_t now = monotonic_ms();

    if (l->is_stateless || l->n == 0 || now - l->asked_ms < ASK_MARKS_MS)
        return PROTOCOL_DONE;
    l->asked_ms = now;
    if (store_mark(l->store, incarnation, NULL, 0, l->n_rounds, l->least_ms, &answer, &l->err) !=
        WEIR_OK)
        return PROTOCOL_DONE;
    if (answer != STORE_DONE)
        return store_outcome(l, WEIR_OK, answer);
    post_set_group_ms(l->post, l->least_ms[0]);
    forget_unused_levels(l);
    t->least_ms = l->least_ms;
    return PROTOCOL_DONE;
}

/* The topic was deleted and made again: what the store knows is of another log. The partition gets
 * a new number and is acquired under that. */
static enum weir_rc renew_if_other(struct lane *l, uint32_t number, bool *is_other)
{
    struct recover_log log = {.has_committed = l->has_committed,
                              .committed = l->committed,
                              .applied = l->applied,
                              .n = (size_t)l->n_rounds * STORE_SHARDS};
    const char *topic;
    int32_t partition;
    int64_t low, high;
    uint32_t renewed;

    if (!partition_book_name(l->book, number, &topic, &partition))
        return WEIR_OK;
    TRY(kafka_consumer_bounds(l->options.consumer, topic, partition, LANE_ASK_MS, &low, &high,
                              &l->err));
    log.end = (uint64_t)high;
    if (!recover_is_other_log(&log))
        return WEIR_OK;
    LOG(LOG_WARN, "a topic was made anew: its partition begins again",
        LOG_S("topic", str_from(topic)), LOG_I("partition", partition),
        LOG_U("lane", l->options.number));
    TRY(partition_book_renew(l->book, topic, partition,
                             l->has_committed ? l->committed : PARTITION_BOOK_NONE, &renewed,
                             &l->err));
    *is_other = renewed != number; /* else it was noticed before, at this offset */
    if (!*is_other)
        return WEIR_OK;
    TRY(number_owned(l, NULL, &l->err));
    assign(l);
    return WEIR_OK;
}

static enum protocol_outcome do_read_applied(struct lane *l, const struct protocol_action *a,
                                             struct protocol_told *t)
{
    uint32_t number = a->partition;
    enum weir_rc rc = WEIR_OK;
    bool is_other = false;

    for (uint32_t r = 0; r < l->n_rounds && rc == WEIR_OK; r++)
        rc = store_applied(l->store, number, r, l->applied + (size_t)r * STORE_SHARDS, &l->err);
    if (rc == WEIR_OK)
        rc = store_replay_from(l->store, number, &t->has_replay, &t->replay, &l->err);
    t->applied = l->applied;
    if (rc == WEIR_OK && !a->is_recovery)
        rc = renew_if_other(l, number, &is_other);
    enum protocol_outcome o = store_outcome(l, rc, STORE_DONE);
    return o == PROTOCOL_DONE && is_other ? PROTOCOL_UNKNOWN : o;
}

/* Another incarnation of the store: its numbers of partitions are others. */
static enum protocol_outcome do_read_run(struct lane *l, struct protocol_told *t)
{
    enum weir_rc rc = store_run(l->store, &l->run, &l->err);

    if (rc == WEIR_OK && l->n && store_is_whole(&l->run))
        rc = number_owned(l, l->run.blessed, &l->err);
    t->run = &l->run;
    enum protocol_outcome o = store_outcome(l, rc, STORE_DONE);
    for (size_t i = 0; o == PROTOCOL_DONE && i < l->n; i++)
        if (l->numbers[i] != l->parts[i].number) {
            assign(l);
            break;
        }
    return o;
}

static enum protocol_outcome do_store(struct lane *l, const struct protocol_action *a,
                                      struct protocol_told *t)
{
    enum store_answer answer = STORE_DONE;
    enum weir_rc rc;

    if (a->what == PROTOCOL_ACQUIRE)
        rc = store_acquire(l->store, a->partition, a->incarnation, &t->epoch, &answer, &l->err);
    else if (a->what == PROTOCOL_LIFT)
        rc = store_lift(l->store, a->incarnation, a->partition, a->epoch, &a->upto, l->n_rounds,
                        &answer, &l->err);
    else
        rc = store_end_replay(l->store, a->incarnation, a->partition, a->epoch, &answer, &l->err);
    return store_outcome(l, rc, answer);
}

/* ---- recovery -----------------------------------------------------------------------------------
 */

static struct store_lease lease_of(const struct lane *l, uint64_t token, uint64_t ttl_ms)
{
    struct store_lease lease = {.token = token, .ttl_ms = ttl_ms};

    memcpy(lease.run_id, l->run.run_id, sizeof lease.run_id);
    memcpy(lease.incarnation, l->run.blessed, sizeof lease.incarnation);
    return lease;
}

/* A recovery that was broken off: whoever takes it up, under another token, need not wait until the
 * lease runs out. If the store cannot be reached it does that. */
static void give_lease_back(struct lane *l)
{
    struct store_lease lease = lease_of(l, l->lease_token, LEASE_OVER_MS);
    enum store_answer answer;
    struct weir_err err;

    if (l->lease_token && store_lease(l->store, &lease, &answer, &err) != WEIR_OK)
        LOG(LOG_DEBUG, "a lease runs out by itself", LOG_S("error", str_from(err.text)),
            LOG_U("lane", l->options.number));
    l->lease_token = 0;
}

static bool is_ending(void *context)
{
    struct lane *l = context;

    metric_beat(l->metrics, wall_ms());
    return post_is_stopping(l->post);
}

/* Output topics that carry claims, each once; or the topic of facts. */
static size_t recovery_topics(const struct lane *l, bool wants_facts, const char **out)
{
    static const enum config_topic claims[] = {TOPIC_ALERTS, TOPIC_LIFECYCLE, TOPIC_SHADOW,
                                               TOPIC_HEALTH};
    static const enum config_topic facts[] = {TOPIC_STATE};
    const enum config_topic *list = wants_facts ? facts : claims;
    size_t n_list = wants_facts ? ARRAY_LEN(facts) : ARRAY_LEN(claims), n = 0;

    for (size_t i = 0; i < n_list; i++) {
        const char *name = publisher_topic(l->publisher, list[i]);
        bool is_there = !name;
        for (size_t k = 0; k < n && !is_there; k++)
            is_there = strcmp(out[k], name) == 0;
        if (!is_there)
            out[n++] = name;
    }
    return n;
}

static enum weir_rc read_back(struct lane *l, struct recover *r, bool wants_facts,
                              enum store_answer *answer)
{
    const struct graph *g = l->ruleset->graph;
    const char *topics[CONFIG_TOPICS];
    struct kafka_reader *reader;
    struct kafka_reader_options o = {
        .common = &l->config->common,
        .own = &l->config->consumer,
        .topics = topics,
        .n_topics = recovery_topics(l, wants_facts, topics),
        .partition = -1,
        .from_ms = wants_facts ? INT64_MIN : recover_claims_from(g, wall_ms()),
        .to_ms = INT64_MAX,
        .from_offset = -1,
    };

    if (!o.n_topics)
        return WEIR_OK;
    TRY(kafka_reader_new(&o, &reader, &l->err));
    struct recover_source source = recover_source_kafka(reader);
    enum weir_rc rc =
        wants_facts
            ? recover_facts(r, g,
                            recover_fresh_ms(l->top_prefix_ms, l->config->state_replay_max_ms),
                            &source, answer, &l->err)
            : recover_claims(r, &source, answer, &l->err);
    kafka_reader_free(reader);
    return rc;
}

/* What an empty store owes: Closes of findings whose Create is out. */
static enum weir_rc reopen_findings(struct lane *l, const struct store_lease *lease,
                                    enum store_answer *answer)
{
    int64_t fresh_ms = recover_fresh_ms(l->top_prefix_ms, l->config->state_replay_max_ms);
    struct reopen_reach reach = {.events_ms = l->is_whole_replay ? INT64_MIN : fresh_ms,
                                 .facts_ms =
                                     l->config->topics[TOPIC_STATE].n ? fresh_ms : INT64_MIN};
    struct unclosed_counts counts;
    enum weir_rc rc = unclosed_restore(l->unclosed, l->store, lease, l->ruleset->graph, reach,
                                       &counts, answer, &l->err);

    LOG(LOG_INFO, "findings restored", LOG_U("open", counts.open),
        LOG_U("restored", counts.restored), LOG_U("beyond", counts.beyond),
        LOG_U("lane", l->options.number));
    if (rc == WEIR_OK && *answer == STORE_DONE) {
        unclosed_free(l->unclosed);
        l->unclosed = NULL;
    }
    return rc;
}

/* Claims, then (behind the positions of all partitions) facts. */
static enum protocol_outcome do_read_back(struct lane *l, const struct store_lease *lease,
                                          bool wants_facts)
{
    enum store_answer answer = STORE_DONE;
    struct recover r = {.store = l->store, .lease = *lease, .must_end = is_ending, .context = l};
    bool is_empty = lease->incarnation[0] == '\0';
    enum weir_rc rc = wants_facts ? WEIR_OK : number_all(l, &l->err);

    metric_set(l->metrics, GAUGE_RECOVERING, 1);
    if (!wants_facts && rc == WEIR_OK) {
        protocol_grow(l->protocol, partition_book_count(l->book));
        l->top_prefix_ms = INT64_MIN;
        l->is_whole_replay = true;
        unclosed_free(l->unclosed);
        r.unclosed = l->unclosed = is_empty ? unclosed_new() : NULL;
    }
    if (rc == WEIR_OK)
        rc = read_back(l, &r, wants_facts, &answer);
    if (rc == WEIR_OK && wants_facts && answer == STORE_DONE && l->unclosed)
        rc = reopen_findings(l, lease, &answer);
    LOG(LOG_INFO, "recovery", LOG_S("read", wants_facts ? STR("facts") : STR("claims")),
        LOG_U("records", r.records), LOG_U("claims", r.claims), LOG_U("facts", r.facts),
        LOG_U("foreign", r.foreign), LOG_U("lane", l->options.number));
    return store_outcome(l, rc, answer);
}

static enum weir_rc bless(struct lane *l, const struct store_lease *lease,
                          enum store_answer *answer)
{
    uint32_t n = partition_book_count(l->book);
    uint32_t *all = calloc(n + 1, sizeof *all);

    ASSERT(all);
    for (uint32_t i = 0; i < n; i++)
        all[i] = i;
    enum weir_rc rc = store_bless(l->store, lease, all, n, answer, &l->err);
    free(all);
    if (rc == WEIR_OK && *answer == STORE_DONE) {
        l->lease_token = 0;
        metric_add(l->metrics, METRIC_RECOVERIES, 1);
        metric_set(l->metrics, GAUGE_RECOVERING, 0);
        LOG(LOG_INFO, "the store is whole again", LOG_U("lane", l->options.number));
    }
    return rc;
}

static enum weir_rc take_lease(struct lane *l, const struct store_lease *lease,
                               enum store_answer *answer)
{
    if (l->lease_token != lease->token)
        give_lease_back(l); /* a store that came back remembers it */
    enum weir_rc rc = store_lease(l->store, lease, answer, &l->err);
    l->lease_token = rc == WEIR_OK && *answer != STORE_DONE ? 0 : lease->token;
    return rc;
}

static enum protocol_outcome do_recovery(struct lane *l, const struct protocol_action *a)
{
    struct store_lease lease = lease_of(l, a->token, PROTOCOL_LEASE_MS);
    enum store_answer answer = STORE_DONE;
    enum weir_rc rc;

    if (a->what == PROTOCOL_READ_CLAIMS)
        return do_read_back(l, &lease, false);
    if (a->what == PROTOCOL_READ_FACTS)
        return do_read_back(l, &lease, true);

    if (a->what == PROTOCOL_LEASE)
        rc = take_lease(l, &lease, &answer);
    else if (a->what == PROTOCOL_SET_REPLAY)
        rc = store_set_replay(l->store, &lease, a->partition, &a->upto, &answer, &l->err);
    else
        rc = bless(l, &lease, &answer);
    return store_outcome(l, rc, answer);
}

/* ---- the loop -----------------------------------------------------------------------------------
 */

static enum protocol_outcome do_wait(struct lane *l, const struct protocol_action *a,
                                     struct protocol_told *t)
{
    enum protocol_outcome o = a->is_idle ? ask_marks(l, a->incarnation, t) : PROTOCOL_DONE;

    if (o != PROTOCOL_DONE)
        return o;
    post_wait(l->post, l->group, a->is_idle && l->n > 0,
              !a->is_idle             ? NOT_READY_MS
              : post_is_held(l->post) ? ASK_MARKS_MS
                                      : IDLE_MS);
    return PROTOCOL_DONE;
}

static enum protocol_outcome act(struct lane *l, const struct protocol_action *a,
                                 struct protocol_told *t)
{
    switch (a->what) {
    case PROTOCOL_WAIT:
        return do_wait(l, a, t);
    case PROTOCOL_INIT_PRODUCER:
        return do_init(l);
    case PROTOCOL_FENCE_SLOT:
        return do_fence(l, a->slot);
    case PROTOCOL_READ_COMMITTED:
        return do_read_committed(l, a->partition, t);
    case PROTOCOL_READ_RUN:
        return do_read_run(l, t);
    case PROTOCOL_READ_APPLIED:
        return do_read_applied(l, a, t);
    case PROTOCOL_SEEK:
        return do_seek(l, a);
    case PROTOCOL_POLL:
        return do_poll(l, t);
    case PROTOCOL_APPLY:
        return do_apply(l, a, t);
    case PROTOCOL_MARK:
        return do_mark(l, a, t);
    case PROTOCOL_PRODUCE:
        return do_produce(l, a->is_pin);
    case PROTOCOL_SEND_OFFSETS:
        return do_offsets(l, a);
    case PROTOCOL_COMMIT:
        return do_commit(l);
    case PROTOCOL_ABORT:
        return do_abort(l);
    case PROTOCOL_LEASE:
    case PROTOCOL_READ_CLAIMS:
    case PROTOCOL_SET_REPLAY:
    case PROTOCOL_READ_FACTS:
    case PROTOCOL_BLESS:
        return do_recovery(l, a);
    default:
        return do_store(l, a, t);
    }
}

/* Growing pauses while something does not answer; the bell cuts them short. */
static void pause_after(struct lane *l, enum protocol_outcome o)
{
    if (o == PROTOCOL_DONE) {
        l->failures = 0;
        return;
    }
    uint32_t ms = (uint32_t)PAUSE_MIN_MS << (l->failures < 7 ? l->failures : 7);
    l->failures++;
    post_wait(l->post, l->group, false, ms < LANE_PAUSE_MAX_MS ? ms : LANE_PAUSE_MAX_MS);
}

/* A batch that is on its way is finished, as long as that goes on. */
static bool must_end(struct lane *l, const struct protocol_action *a)
{
    if (!post_is_stopping(l->post))
        return false;
    if (!l->stopping_ms)
        l->stopping_ms = monotonic_ms();
    bool is_under_way = a->what >= PROTOCOL_APPLY && a->what <= PROTOCOL_ABORT &&
                        (l->failures == 0 || protocol_is_bound(l->protocol));
    return !is_under_way || monotonic_ms() - l->stopping_ms > LANE_END_MS;
}

/* From the fencing of all slots to the blessing; it has ended for certain when events are read. */
static void tell_recovery(struct lane *l, enum protocol_do what)
{
    if (what >= PROTOCOL_LEASE && what <= PROTOCOL_BLESS)
        metric_set(l->metrics, GAUGE_RECOVERING, 1);
    else if (what == PROTOCOL_POLL || what == PROTOCOL_ACQUIRE)
        metric_set(l->metrics, GAUGE_RECOVERING, 0);
}

void *lane_main(void *lane)
{
    struct lane *l = lane;

    crash_thread();
    for (;;) {
        struct protocol_action a;
        struct protocol_told t = {.outcome = PROTOCOL_DONE};

        metric_beat(l->metrics, wall_ms());
        learn_group(l);
        protocol_next(l->protocol, &a);
        if (!protocol_is_bound(l->protocol))
            post_release(l->post, l->group);
        if (must_end(l, &a))
            break;
        l->last = a.what;
        tell_recovery(l, a.what);
        t.outcome = act(l, &a, &t);
        if (a.what != PROTOCOL_WAIT && a.what != PROTOCOL_POLL)
            LOG(LOG_DEBUG, "protocol", LOG_S("what", str_from(protocol_word(a.what))),
                LOG_U("partition", a.partition), LOG_U("round", a.round),
                LOG_U("outcome", t.outcome), LOG_U("lane", l->options.number));

        t.is_tainted = a.what >= PROTOCOL_PRODUCE && a.what <= PROTOCOL_ABORT &&
                       kafka_producer_is_tainted(l->producer);
        protocol_tell(l->protocol, &t);
        pause_after(l, t.outcome);
    }
    give_lease_back(l);
    LOG(LOG_DEBUG, "lane ends", LOG_U("lane", l->options.number));
    return NULL;
}

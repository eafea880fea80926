/* lane_transaction.c - a batch's transaction: its documents, offsets, commit or abort.
 *
 * Documents are made once a batch, and go out as often as the transaction is begun anew. A record
 * that a broker found too large halves the cap of its topic: aborted, told again, shorter.
 */
#include "worker/lane_impl.h"

#include "worker/log.h"

#include <string.h>

enum { QUEUE_FULL_MS = 5, COUNT_STORE_MS = 1000, DAY_MS = 86400 * 1000 };

static void tell_gaps(struct lane *l)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->parts[i].gap_from < l->parts[i].gap_to) {
            publisher_gap(l->publisher, l->owned[i].topic, l->owned[i].partition,
                          l->parts[i].gap_from, l->parts[i].gap_to);
            metric_add(l->metrics, METRIC_GAPS, l->parts[i].gap_to - l->parts[i].gap_from);
        }
}

/* The lane that has the first partition of the first topic speaks for all. */
static bool is_speaker(const struct lane *l)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->options.n_topics && l->owned[i].partition == 0 &&
            strcmp(l->owned[i].topic, l->options.topics[0].name) == 0)
            return true;
    return false;
}

/* Overlays that end within a week, once a day and rule set: noted at the commit, since what was
 * told may be aborted and its batch given up. */
static void tell_ends(struct lane *l)
{
    int64_t now_ms = now_wall_ms();

    if (!l->config->topics[TOPIC_HEALTH].n || !is_speaker(l) ||
        (l->ends_number == l->ruleset->number && now_ms < l->ends_again_ms))
        return;
    l->ends_told_ms = now_ms;
    for (size_t i = 0; i < l->ruleset->n_ends; i++)
        if (l->ruleset->ends[i].expires_ms - now_ms <= RULESET_ENDS_MS)
            publisher_end(l->publisher, &l->ruleset->ends[i]);
}

static void note_ends(struct lane *l)
{
    if (!l->ends_told_ms)
        return;
    l->ends_number = l->ruleset->number;
    l->ends_again_ms = l->ends_told_ms + DAY_MS;
    l->ends_told_ms = 0;
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
void lane_make_documents(struct lane *l)
{
    uint64_t begin = now_monotonic_ns();

    publisher_begin(l->publisher, l->batch, l->scene, now_wall_ms());
    l->ends_told_ms = 0;
    if (l->is_stateless && l->batch)
        publisher_matches(l->publisher);
    else if (l->is_applied)
        ASSERT(correlator_tell(l->correlator, publisher_finding, l->publisher, &l->err) ==
               WEIR_OK); /* publisher_finding() cannot fail */
    if (l->batch)
        publisher_dead(l->publisher, l->begins);
    tell_gaps(l);
    if (l->batch)
        tell_ends(l);
    if (l->is_applied)
        tell_facts(l);
    l->is_told = true;
    metric_add(l->metrics, METRIC_STAGE_WRITE_NS, now_monotonic_ns() - begin);
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

enum protocol_outcome lane_produce(struct lane *l, bool is_pin)
{
    if (is_pin && !l->is_told)
        lane_make_documents(l);
    if (!l->is_begun && !l->config->at_least_once) {
        l->begun_ns = now_monotonic_ns();
        enum kafka_outcome o = kafka_producer_begin(l->producer, &l->err);
        if (o != KAFKA_DONE)
            return lane_kafka_outcome(l, o);
    }
    if (!l->is_begun)
        l->n_sent = 0;
    l->is_begun = true;
    for (; l->n_sent < publisher_count(l->publisher); l->n_sent++) {
        enum kafka_outcome o = produce_one(l, l->n_sent);
        if (o == KAFKA_TOO_LARGE)
            return too_large(l, l->n_sent);
        if (o != KAFKA_DONE)
            return lane_kafka_outcome(l, o);
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
    return lane_kafka_outcome(l, o);
}

enum protocol_outcome lane_send_offsets(struct lane *l, const struct protocol_action *a)
{
    for (size_t i = 0; i < a->n_parts; i++)
        l->offsets[i] = (struct kafka_offset){.topic = l->owned[i].topic,
                                              .partition = l->owned[i].partition,
                                              .offset = (int64_t)a->commits[i],
                                              .metadata = a->metadata[i]};
    uint64_t begin = now_monotonic_ns();
    metric_call(l->metrics, true); /* it waits for the group's coordinator: producer.h */
    enum kafka_outcome o = kafka_producer_send_offsets(l->producer, l->options.consumer, l->offsets,
                                                       a->n_parts, &l->err);
    metric_call(l->metrics, false);
    metric_add(l->metrics, METRIC_STAGE_COMMIT_NS, now_monotonic_ns() - begin);
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

void lane_count_store(struct lane *l)
{
    struct store_timers timers = store_timers(l->store);
    uint64_t evicted = 0;

    for (uint32_t i = 0; i < l->ruleset->graph->n_spaces; i++)
        evicted += store_stats(l->store, i).evicted;
    metric_add(l->metrics, METRIC_STATE_EVICTED, evicted - l->evicted);
    metric_add(l->metrics, METRIC_STATE_TIMERS_ASIDE, timers.set_aside - l->timers.set_aside);
    metric_add(l->metrics, METRIC_STATE_TIMERS_BACK, timers.taken_back - l->timers.taken_back);
    l->evicted = evicted;
    l->timers = timers;
    l->store_counted_ms = now_monotonic_ms();
}

static void note_commit(struct lane *l)
{
    int64_t now = now_wall_ms();

    l->is_begun = false;
    metric_add(l->metrics, METRIC_TRANSACTIONS, 1);
    metric_add(l->metrics, METRIC_BATCHES, 1);
    metric_time(l->metrics, METRIC_COMMIT_TIME, now_monotonic_ns() - l->begun_ns);
    publisher_count_published(l->publisher, now);
    note_ends(l);
    if (l->batch)
        metric_add(l->metrics, METRIC_STATE_OPERATIONS, l->batch->n_operations);
    if (l->correlator && now_monotonic_ms() - l->store_counted_ms >= COUNT_STORE_MS)
        lane_count_store(l); /* asking all spaces is not for every transaction */
    for (size_t i = 0; i < l->n; i++) {
        struct lane_part *p = &l->parts[i];
        p->gap_from = p->gap_to = 0;
        count_replay(l, i);
        metric_partition(l->metrics, i,
                         &(struct metric_place){
                             .committed = l->offsets[i].offset,
                             .watermark_ms = p->last.prefix_ms,
                             .record_ms = p->last.record_at_ms,
                         });
    }
}

enum protocol_outcome lane_commit(struct lane *l)
{
    uint64_t begin = now_monotonic_ns();
    enum kafka_outcome o =
        l->config->at_least_once ? KAFKA_DONE : kafka_producer_commit(l->producer, &l->err);

    metric_add(l->metrics, METRIC_STAGE_COMMIT_NS, now_monotonic_ns() - begin);
    if (o == KAFKA_DONE)
        note_commit(l);
    return outcome_of(l, o);
}

enum protocol_outcome lane_abort(struct lane *l)
{
    enum kafka_outcome o = KAFKA_DONE;

    if (l->is_begun && !l->config->at_least_once)
        o = kafka_producer_abort(l->producer, &l->err);
    if (o == KAFKA_DONE) {
        l->is_begun = false;
        metric_add(l->metrics, METRIC_TRANSACTIONS_ABORTED, 1);
    }
    return lane_kafka_outcome(l, o);
}

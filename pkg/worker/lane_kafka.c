/* lane_kafka.c - a lane's producer as a member of its slot, and where its partitions begin.
 *
 * Who was refused (fenced, or without a right) gets a new client; everything else is asked again.
 */
#include "worker/lane_impl.h"

#include "base/str.h"
#include "worker/log.h"
#include "worker/protocol_meta.h"

#include <stdio.h>
#include <string.h>

/* Of metrics alone, where no broker answers: each question costs the lane LANE_ASK_MS. */
enum { ASK_AGAIN_MS = 10000 };

enum protocol_outcome lane_kafka_outcome(struct lane *l, enum kafka_outcome o)
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

enum protocol_outcome lane_init_producer(struct lane *l)
{
    l->is_begun = false;
    if (!l->is_producer_fresh) {
        metric_add(l->metrics, METRIC_PRODUCERS_RENEWED, 1);
        if (kafka_producer_renew(l->producer, &l->err) != WEIR_OK)
            return lane_kafka_outcome(l, KAFKA_AGAIN);
        l->is_producer_fresh = true;
    }
    enum kafka_outcome o =
        l->config->at_least_once ? KAFKA_DONE : kafka_producer_init(l->producer, &l->err);
    /* Who was refused (fenced, or without a right) is of no use any more: a new client, then. */
    if (o != KAFKA_AGAIN)
        l->is_producer_fresh = false;
    return o == KAFKA_DONE ? PROTOCOL_DONE : (lane_kafka_outcome(l, o), PROTOCOL_UNKNOWN);
}

enum protocol_outcome lane_fence(struct lane *l, uint32_t slot)
{
    const struct config *c = l->config;
    char id[LANE_TRANSACTIONAL_ID_MAX];

    snprintf(id, sizeof id, "weir-%.*s-%u", (int)c->group.n, c->group.p, slot);
    struct kafka_producer_options o = {
        .common = &c->common, .own = &c->producer, .transactional_id = str_from(id)};
    enum kafka_outcome k = kafka_fence(&o, &l->err);
    return k == KAFKA_DONE ? PROTOCOL_DONE : (lane_kafka_outcome(l, k), PROTOCOL_UNKNOWN);
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

/* from_ms: what was read of the partition and judged, less state_replay_max. */
static enum weir_rc replay_start(struct lane *l, const char *topic, int32_t partition,
                                 int64_t from_ms, int64_t committed, int64_t *out)
{
    struct kafka_consumer *k = l->options.consumer;
    int64_t claims_ms = recover_claims_from(l->ruleset->graph, now_wall_ms()), claimed;

    TRY(kafka_consumer_offset_at(k, topic, partition, from_ms, LANE_ASK_MS, out, &l->err));
    if (from_ms >= claims_ms)
        return WEIR_OK;
    TRY(kafka_consumer_offset_at(k, topic, partition, claims_ms, LANE_ASK_MS, &claimed, &l->err));
    *out = recover_replay_start(*out, claimed, committed);
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
        int64_t from_ms = protocol_meta_replay_ms(c->metadata);
        at = low;
        if (from_ms > now_wall_ms()) /* event time may run ahead, times of records do not */
            from_ms = now_wall_ms();
        if (from_ms != INT64_MIN)
            TRY(replay_start(l, topic, partition, from_ms - l->config->state_replay_max_ms,
                             c->offset, &at));
        t->replay_start = (uint64_t)at;
    }
    t->metadata = buf_str(&l->metadata);
    return WEIR_OK;
}

static void tell_committed(struct lane *l, size_t i, const struct kafka_committed *c)
{
    if (c->is_unstable)
        return;
    if (c->has && !l->parts[i].has_told_committed)
        metric_partition_committed(l->metrics, i, c->offset);
    l->parts[i].has_told_committed = true;
}

void lane_tell_committed(struct lane *l)
{
    struct kafka_committed c;

    if (now_monotonic_ms() < l->ask_due_ms)
        return;
    for (size_t i = 0; i < l->n; i++) {
        const struct kafka_partition *p = &l->owned[i];
        if (l->parts[i].has_told_committed)
            continue;
        if (kafka_consumer_committed(l->options.consumer, p->topic, p->partition, LANE_ASK_MS, &c,
                                     &l->err) != WEIR_OK) {
            l->ask_due_ms = now_monotonic_ms() + ASK_AGAIN_MS;
            return;
        }
        tell_committed(l, i, &c);
    }
}

enum protocol_outcome lane_read_committed(struct lane *l, uint32_t number, struct protocol_told *t)
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
    for (size_t i = 0; i < l->n; i++)
        if (!l->owes_assignment && l->numbers[i] == number)
            tell_committed(l, i, &c);
    int64_t prefix_ms = protocol_meta_prefix_ms(t->metadata);
    l->top_prefix_ms = prefix_ms > l->top_prefix_ms ? prefix_ms : l->top_prefix_ms;
    l->replay_floor = t->log_start > t->replay_start ? t->log_start : t->replay_start;
    l->is_whole_replay &= !t->has_committed || (t->log_start == 0 && t->replay_start == 0);
    return c.is_unstable ? PROTOCOL_UNSTABLE : PROTOCOL_DONE;
}

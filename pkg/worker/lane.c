/* lane.c - a lane: its life, and its loop: what the protocol asks for is done, and told.
 *
 *   POLL     the batch before goes back, the next one is taken; its operations are lent to the
 *            correlator until the batch is over                         lane_batch.c
 *   APPLY    the correlator's level on the store; after the last one the documents are made
 *                                                                       lane_store.c
 *   PRODUCE  they go out, as often as the transaction is begun anew     lane_transaction.c
 *
 * Besides: the group (lane_group.c), rule sets (lane_rules.c), the producer and beginnings
 * (lane_kafka.c), a store that lost something (lane_recovery.c).
 */
#include "worker/lane.h"

#include "base/str.h"
#include "worker/crash.h"
#include "worker/lane_impl.h"
#include "worker/log.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PAUSE_MIN_MS = 20,
    IDLE_MS = 1000,    /* nothing to do: the bell rings when there is */
    NOT_READY_MS = 50, /* an open transaction of somebody, a lease that is taken */
    HELD_MS = 500,     /* a reader that is held by the group: how often it asks again */
    TELL_ENDS_MS = 100
};

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

    TRY(lane_use_rules(l, l->options.ruleset, err));
    l->n_rounds = l->is_stateless ? 1 : lane_rounds_for(l->ruleset->graph);
    TRY(lane_number_all(l, err));
    TRY(lane_retire_others(l, err));
    lane_new_protocol(l);
    lane_make_scene(l);
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

static enum protocol_outcome do_wait(struct lane *l, const struct protocol_action *a,
                                     struct protocol_told *t)
{
    enum protocol_outcome o = a->is_idle ? lane_ask_marks(l, a->incarnation, t) : PROTOCOL_DONE;

    if (o != PROTOCOL_DONE)
        return o;
    post_wait(l->post, l->group, a->is_idle && l->n > 0,
              !a->is_idle             ? NOT_READY_MS
              : post_is_held(l->post) ? HELD_MS
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
        return lane_init_producer(l);
    case PROTOCOL_FENCE_SLOT:
        return lane_fence(l, a->slot);
    case PROTOCOL_READ_COMMITTED:
        return lane_read_committed(l, a->partition, t);
    case PROTOCOL_READ_RUN:
        return lane_read_run(l, t);
    case PROTOCOL_READ_APPLIED:
        return lane_read_applied(l, a, t);
    case PROTOCOL_SEEK:
        return lane_seek(l, a);
    case PROTOCOL_POLL:
        return lane_poll(l, t);
    case PROTOCOL_APPLY:
        return lane_apply(l, a, t);
    case PROTOCOL_MARK:
        return lane_mark(l, a, t);
    case PROTOCOL_PRODUCE:
        return lane_produce(l, a->is_pin);
    case PROTOCOL_SEND_OFFSETS:
        return lane_send_offsets(l, a);
    case PROTOCOL_COMMIT:
        return lane_commit(l);
    case PROTOCOL_ABORT:
        return lane_abort(l);
    case PROTOCOL_LEASE:
    case PROTOCOL_READ_CLAIMS:
    case PROTOCOL_SET_REPLAY:
    case PROTOCOL_READ_FACTS:
    case PROTOCOL_BLESS:
        return lane_recover(l, a);
    default:
        return lane_store_call(l, a, t);
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
        l->stopping_ms = now_monotonic_ms();
    bool is_under_way = a->what >= PROTOCOL_APPLY && a->what <= PROTOCOL_ABORT &&
                        (l->failures == 0 || protocol_is_bound(l->protocol));
    return !is_under_way || now_monotonic_ms() - l->stopping_ms > LANE_END_MS;
}

/* In each turn, as the reader's housekeeping hears of them: the lag of a lane that cannot commit
 * rises, and that of one with nothing to do is not what its last commit saw. */
static void tell_ends(struct lane *l)
{
    int64_t now_ms = now_monotonic_ms();

    if (now_ms < l->ends_due_ms)
        return;
    for (size_t i = 0; i < l->n; i++)
        metric_partition_end(l->metrics, i, kafka_consumer_end(l->options.consumer, i));
    if (l->failures)
        lane_tell_committed(l);
    l->ends_due_ms = now_ms + TELL_ENDS_MS;
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
    (void)pthread_setname_np(pthread_self(), "weir-lane");
    for (;;) {
        struct protocol_action a;
        struct protocol_told t = {.outcome = PROTOCOL_DONE};

        metric_beat(l->metrics, now_wall_ms());
        lane_learn_group(l);
        tell_ends(l);
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
    lane_give_lease_back(l);
    LOG(LOG_DEBUG, "lane ends", LOG_U("lane", l->options.number));
    return NULL;
}

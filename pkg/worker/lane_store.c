/* lane_store.c - the protocol's calls to the store: levels applied, marks, what it knows of a
 * partition. */
#include "worker/lane_impl.h"

#include "base/str.h"
#include "worker/log.h"

enum { ASK_MARKS_MS = 500 /* at most so often */ };

enum protocol_outcome lane_store_outcome(struct lane *l, enum weir_rc rc, enum store_answer answer)
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
        LOG(LOG_WARN,
            rc == WEIR_BUSY ? "the store is busy with the same keys" : "the store does not answer",
            LOG_S("error", str_from(l->err.text)), LOG_S("what", str_from(protocol_word(l->last))),
            LOG_U("lane", l->options.number));
        return PROTOCOL_UNKNOWN;
    }
    bool is_recovering = l->last >= PROTOCOL_LEASE && l->last <= PROTOCOL_BLESS;
    metric_pause(l->metrics, is_recovering ? PAUSE_RECOVERY : PAUSE_NONE);
    if (answer != STORE_DONE)
        metric_add(l->metrics, METRIC_STATE_FENCED, 1);
    return outcomes[answer];
}

enum protocol_outcome lane_apply(struct lane *l, const struct protocol_action *a,
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
        uint64_t begin = now_monotonic_ns();
        rc = correlator_apply(l->correlator, a->round, &frame, &answer, &l->err);
        uint64_t took = now_monotonic_ns() - begin;
        metric_time(l->metrics, METRIC_STATE_TIME, took);
        metric_add(l->metrics, METRIC_STAGE_APPLY_NS, took);
    }
    enum protocol_outcome o = lane_store_outcome(l, rc, answer);
    uint32_t last = g->n_levels ? g->n_levels - 1 : 0;
    if (o == PROTOCOL_DONE && a->round == last)
        lane_make_documents(l);
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

enum protocol_outcome lane_mark(struct lane *l, const struct protocol_action *a,
                                struct protocol_told *t)
{
    enum store_answer answer = STORE_DONE;
    enum weir_rc rc = store_mark(l->store, a->incarnation, a->marks, a->n_parts, l->n_rounds,
                                 l->least_ms, &answer, &l->err);

    t->least_ms = l->least_ms;
    t->n_levels = l->ruleset->graph->n_levels;
    if (rc == WEIR_OK && answer == STORE_DONE) {
        for (uint32_t r = 0; r < l->ruleset->graph->n_levels; r++)
            metric_level(l->metrics, r, l->least_ms[r], holder_of(a, r, l->least_ms[r]));
        forget_unused_levels(l);
        post_set_group_ms(l->post, l->least_ms[0]);
    }
    return lane_store_outcome(l, rc, answer);
}

/* How far are the others by now? The reader may be held for them, and levels may be due that their
 * partitions held back. Who is held calls nothing else, so this is also where it hears that the
 * store is another by now: its marks are gone, and others wait for them. */
enum protocol_outcome lane_ask_marks(struct lane *l, const char *incarnation,
                                     struct protocol_told *t)
{
    enum store_answer answer = STORE_DONE;
    int64_t now = now_monotonic_ms();

    if (l->is_stateless || l->n == 0 || now - l->asked_ms < ASK_MARKS_MS)
        return PROTOCOL_DONE;
    l->asked_ms = now;
    if (store_mark(l->store, incarnation, NULL, 0, l->n_rounds, l->least_ms, &answer, &l->err) !=
        WEIR_OK)
        return PROTOCOL_DONE;
    if (answer != STORE_DONE)
        return lane_store_outcome(l, WEIR_OK, answer);
    post_set_group_ms(l->post, l->least_ms[0]);
    forget_unused_levels(l);
    t->least_ms = l->least_ms;
    t->n_levels = l->ruleset->graph->n_levels;
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
    TRY(lane_number_owned(l, NULL, &l->err));
    lane_assign(l);
    return WEIR_OK;
}

enum protocol_outcome lane_read_applied(struct lane *l, const struct protocol_action *a,
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
    enum protocol_outcome o = lane_store_outcome(l, rc, STORE_DONE);
    return o == PROTOCOL_DONE && is_other ? PROTOCOL_UNKNOWN : o;
}

/* Another incarnation of the store: its numbers of partitions are others. */
enum protocol_outcome lane_read_run(struct lane *l, struct protocol_told *t)
{
    enum weir_rc rc = store_run(l->store, &l->run, &l->err);

    if (rc == WEIR_OK && l->n && store_is_whole(&l->run))
        rc = lane_number_owned(l, l->run.blessed, &l->err);
    t->run = &l->run;
    enum protocol_outcome o = lane_store_outcome(l, rc, STORE_DONE);
    for (size_t i = 0; o == PROTOCOL_DONE && i < l->n; i++)
        if (l->numbers[i] != l->parts[i].number) {
            lane_assign(l);
            break;
        }
    return o;
}

enum protocol_outcome lane_store_call(struct lane *l, const struct protocol_action *a,
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
    return lane_store_outcome(l, rc, answer);
}

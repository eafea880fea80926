/* protocol.c - the state machine of exactly once.
 *
 *   INIT -> RUN -> for each partition: COMMITTED [-> LAST] -> ACQUIRE -> APPLIED -> LIFT, END or
 *   neither -> SEEK; [a transaction without a batch: pin();] then POLL -> APPLY (each round) ->
 * MARK -> PRODUCE -> OFFSETS -> COMMIT -> POLL
 *
 *   a rebalance, an abort, a fenced store call      -> RUN: everything in hand is dropped
 *   a fatal producer, a tainted one                 -> INIT, then RUN or POLL
 *   another run of the store, a gap                 -> LEASE -> OWN, FENCE (each slot) -> CLAIMS ->
 *       for each partition R_COMMITTED -> R_APPLIED [-> R_SET]; FACTS -> BLESS -> RUN
 *
 * Two rules carry most of it. Results that came from the store die with anything that goes wrong
 * behind them: the store gives them again, from its outbox. And nobody believes a transaction
 * to be over before he was told so by a producer that he can trust: hence taint and fencing.
 */
#include "worker/protocol.h"

#include <stdlib.h>
#include <string.h>

enum step {
    S_INIT,
    S_RUN,
    S_COMMITTED,
    S_LAST,
    S_ACQUIRE,
    S_APPLIED,
    S_LIFT,
    S_END,
    S_SEEK,
    S_POLL,
    S_APPLY,
    S_MARK,
    S_PRODUCE,
    S_OFFSETS,
    S_COMMIT,
    S_ABORT,
    S_WAIT,
    S_LEASE,
    S_OWN,
    S_FENCE,
    S_CLAIMS,
    S_R_COMMITTED,
    S_R_APPLIED,
    S_R_SET,
    S_FACTS,
    S_BLESS
};

/* An owned partition. Positions are "next offsets": everything below is done. */
struct owned {
    uint32_t partition;
    uint64_t epoch;
    uint64_t committed;  /* C */
    uint64_t position;   /* done by this owner */
    uint64_t sweep_to;   /* up to here an earlier owner has been */
    uint64_t applied_to; /* and has left something, perhaps; not beyond what a shard has applied */
    struct store_at acked;
    uint64_t tick;
    int64_t prefix_ms;
    bool is_fresh;     /* no batch yet */
    bool is_replaying; /* position < committed, or was so and is not lifted yet */
    bool has_note;     /* the store has a beginning of a replay noted */
    bool is_long;      /* its metadata has become long */
    bool was_last_fenced;
    bool has_extra; /* meta.extra belongs to the position it begins at */
    uint64_t log_start, replay_start;
    uint64_t gap_from, gap_to; /* gone from the log, not read; equal: nothing */
    bool has_committed;
    bool owes_commit; /* of a gap, or of the first offset: where the partition begins */
    struct protocol_meta meta;
    struct store_at *durable; /* [n_rounds][STORE_SHARDS]: of the commit metadata; never falls */
    struct store_at *last;    /* the same as known now: what a call must find */
    struct protocol_taken taken;
    int64_t marked_ms; /* last mark of level 0 */
    int64_t *marks;    /* [n_rounds]: of this batch */
    struct buf text;   /* metadata of this batch */
};

struct protocol {
    struct protocol_config config;
    enum step step, after_wait, after_init;
    struct owned *owned;
    size_t n_owned, cap_owned, at; /* at: partition at work */
    uint32_t *assigned;            /* not yet taken over */
    size_t n_assigned, cap_assigned;
    bool has_assignment;
    char incarnation[STORE_RUN_ID_MAX];
    bool is_tainted;
    bool is_fenced; /* a recovery has begun since the producer was made, and not by us: it is of no
                       use any more */
    bool has_blessed; /* the incarnation that will be read next is of our own making */
    /* the batch */
    uint32_t round;
    bool is_sweep, has_timers, has_records; /* is_sweep: all shards are asked */
    bool is_pin;                            /* the transaction has no batch */
    bool owes_timers;                       /* the last batch ran none */
    struct store_part *parts;
    struct store_mark *mark_list;
    struct str *texts;
    uint64_t *commits;
    int64_t *least_ms; /* [n_rounds]: watermarks of the levels, as of the last MARK */
    uint32_t n_levels; /* those that the rules have */
    int64_t *used_ms;  /* [n_rounds]: those of the last batch */
    /* recovery */
    uint32_t slot, partition;
    uint64_t token, n_recoveries;
    struct store_applied replay;
    struct protocol_meta meta;
    struct store_at *seen; /* [n_rounds][STORE_SHARDS] */
};

static bool has(const struct protocol *p, enum protocol_defence d)
{
    return !(p->config.without & (uint32_t)d);
}

static size_t n_pairs(const struct protocol *p)
{
    return (size_t)p->config.n_rounds * STORE_SHARDS;
}

static void *some(size_t n, size_t size)
{
    void *m = calloc(n ? n : 1, size);

    ASSERT(m);
    return m;
}

struct protocol *protocol_new(const struct protocol_config *config)
{
    struct protocol *p = some(1, sizeof *p);

    ASSERT(config->n_rounds == 1 || !config->is_stateless);
    ASSERT(config->n_rounds > 0 && config->n_rounds <= STORE_ROUNDS_MAX);
    ASSERT(config->slot < config->n_slots && config->token != 0);
    p->config = *config;
    p->step = S_INIT;
    p->after_init = S_RUN;
    p->seen = some(n_pairs(p), sizeof *p->seen);
    p->least_ms = some(config->n_rounds, sizeof *p->least_ms);
    p->used_ms = some(config->n_rounds, sizeof *p->used_ms);
    return p;
}

static void owned_release(struct owned *o)
{
    free(o->durable);
    free(o->last);
    free(o->marks);
    buf_release(&o->text);
}

static void free_owned(struct protocol *p)
{
    for (size_t i = 0; i < p->cap_owned; i++)
        owned_release(&p->owned[i]);
    free(p->owned);
    free(p->parts);
    free(p->mark_list);
    free(p->texts);
    free(p->commits);
}

void protocol_free(struct protocol *p)
{
    if (!p)
        return;
    free_owned(p);
    free(p->assigned);
    free(p->least_ms);
    free(p->used_ms);
    free(p->seen);
    free(p);
}

void protocol_grow(struct protocol *p, uint32_t n_partitions)
{
    if (n_partitions > p->config.n_partitions)
        p->config.n_partitions = n_partitions;
}

void protocol_assign(struct protocol *p, const uint32_t *partitions, size_t n)
{
    if (n > p->cap_assigned) {
        p->assigned = reallocarray(p->assigned, n, sizeof *p->assigned);
        ASSERT(p->assigned);
        p->cap_assigned = n;
    }
    for (size_t i = 0; i < n; i++) {
        ASSERT(partitions[i] < p->config.n_partitions);
        p->assigned[i] = partitions[i];
    }
    p->n_assigned = n;
    p->has_assignment = true;
}

/* ---- acquiring ------------------------------------------------------------------------------ */

static void room_for(struct protocol *p, size_t n)
{
    if (n <= p->cap_owned)
        return;
    free_owned(p);
    p->owned = some(n, sizeof *p->owned);
    p->parts = some(n, sizeof *p->parts);
    p->mark_list = some(n, sizeof *p->mark_list);
    p->texts = some(n, sizeof *p->texts);
    p->commits = some(n, sizeof *p->commits);
    for (size_t i = 0; i < n; i++) {
        p->owned[i].durable = some(n_pairs(p), sizeof *p->owned[i].durable);
        p->owned[i].last = some(n_pairs(p), sizeof *p->owned[i].last);
        p->owned[i].marks = some(p->config.n_rounds, sizeof *p->owned[i].marks);
    }
    p->cap_owned = n;
}

static void take_assignment(struct protocol *p)
{
    room_for(p, p->n_assigned);
    for (size_t i = 0; i < p->n_assigned; i++)
        p->owned[i].partition = p->assigned[i];
    p->n_owned = p->n_assigned;
    p->has_assignment = false;
}

/* Everything in hand is dropped; the partitions are acquired anew. */
static void begin_again(struct protocol *p)
{
    p->at = 0;
    for (size_t i = 0; i < p->n_owned; i++)
        p->owned[i].was_last_fenced = false;
    for (uint32_t r = 0; r < p->config.n_rounds; r++)
        p->least_ms[r] = p->used_ms[r] = INT64_MIN;
    p->owes_timers = p->is_pin = false;
    p->step = S_RUN;
}

static void wait_then(struct protocol *p, enum step next)
{
    p->after_wait = next;
    p->step = S_WAIT;
}

static void pin(struct protocol *p);

static void next_partition(struct protocol *p)
{
    p->at++;
    p->step = p->at < p->n_owned ? S_COMMITTED : S_POLL;
    for (size_t i = 0; i < p->n_owned && p->step == S_POLL; i++)
        if (p->owned[i].owes_commit)
            pin(p);
}

/* Another token each time: it becomes part of the incarnation's name (SplitMix64, Steele 2014). */
static void begin_recovery(struct protocol *p)
{
    uint64_t z = p->config.token + ++p->n_recoveries * 0x9e3779b97f4a7c15U;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
    z = (z ^ z >> 27) * 0x94d049bb133111ebU;
    z ^= z >> 31;
    p->token = z ? z : 1;
    p->is_fenced = true;
    p->step = S_LEASE;
}

/* A new producer now, rather than when the first transaction fails and all is acquired again. */
static void renew_producer(struct protocol *p)
{
    p->after_init = S_RUN;
    p->step = S_INIT;
}

static void tell_run(struct protocol *p, const struct protocol_told *t)
{
    if (t->outcome != PROTOCOL_DONE)
        return;
    if (p->incarnation[0] && !p->has_blessed &&
        memcmp(p->incarnation, t->run->blessed, sizeof p->incarnation) != 0)
        p->is_fenced = true;
    p->has_blessed = false;
    memcpy(p->incarnation, t->run->blessed, sizeof p->incarnation);
    if (!store_is_whole(t->run))
        begin_recovery(p);
    else if (p->is_fenced)
        renew_producer(p);
    else if (p->n_owned == 0)
        wait_then(p, S_RUN);
    else
        p->step = S_COMMITTED;
}

/* A partition that was never committed has no metadata; nothing of it can be lacking. */
static void read_meta(const struct protocol *p, const struct protocol_told *t,
                      struct protocol_meta *meta, struct store_at *last)
{
    struct str text = t->has_committed ? t->metadata : (struct str){0};

    if (!protocol_meta_unpack(text, meta, last, p->config.n_rounds))
        meta->slot = UINT32_MAX;
}

/* Nothing to compare with, nothing to sweep up. */
static void begin_stateless(struct protocol *p, struct owned *o)
{
    o->position = o->sweep_to = o->applied_to = o->committed;
    o->tick = o->meta.tick;
    o->prefix_ms = o->meta.prefix_ms;
    o->acked = (struct store_at){o->position, o->tick};
    o->has_extra = true;
    o->is_replaying = o->has_note = o->is_long = o->is_fresh = false;
    o->marked_ms = INT64_MAX; /* there are no marks */
    p->step = S_SEEK;
}

/* An open transaction of a dead committer would hold the offset until it times out. Who is alive
 * and has only lost the partition gets a new producer and acquires again: that is the price. */
static void tell_committed(struct protocol *p, const struct protocol_told *t)
{
    struct owned *o = &p->owned[p->at];

    if (t->outcome != PROTOCOL_DONE && t->outcome != PROTOCOL_UNSTABLE)
        return;
    read_meta(p, t, &o->meta, o->durable);
    if (t->outcome == PROTOCOL_UNSTABLE) {
        if (o->meta.slot < p->config.n_slots && o->meta.slot != p->config.slot &&
            !o->was_last_fenced)
            p->step = S_LAST;
        else
            wait_then(p, S_COMMITTED);
        return;
    }
    o->committed = t->committed;
    o->log_start = t->log_start;
    o->replay_start = t->replay_start;
    o->gap_from = o->gap_to = 0;
    if (has(p, PROTOCOL_LOG_START) && o->committed < t->log_start) {
        if (t->has_committed) {
            o->gap_from = o->committed;
            o->gap_to = t->log_start;
        }
        o->committed = t->log_start;
    }
    o->has_committed = t->has_committed;
    o->owes_commit = !t->has_committed || o->gap_from < o->gap_to;
    buf_clear(&o->text); /* to be committed again as it is: pin() */
    buf_add(&o->text, t->metadata);
    if (p->config.is_stateless)
        begin_stateless(p, o);
    else
        p->step = S_ACQUIRE;
}

/* True: a shard has less than was committed; *from: the least of those, what a replay begins
 * behind. */
static bool find_loss(const struct protocol *p, const struct store_applied *applied,
                      const struct store_at *durable, struct store_applied *from)
{
    bool is_lost = false;

    if (!has(p, PROTOCOL_COMPARE))
        return false;
    for (size_t i = 0; i < n_pairs(p); i++) {
        struct store_at a = applied[i].at, d = durable[i];
        if (!has(p, PROTOCOL_TICK))
            a.tick = d.tick = 0;
        if (!store_at_less(a, d) || (is_lost && !store_at_less(applied[i].at, from->at)))
            continue;
        *from = applied[i];
        if (from->at.position == 0)
            from->prefix_ms = INT64_MIN;
        is_lost = true;
    }
    return is_lost;
}

/* A replay begins where there is something to read and not before replay_start; what lies below was
 * read once, so it is no gap of the input. */
static void move_into_log(const struct protocol *p, struct owned *o)
{
    uint64_t floor = has(p, PROTOCOL_LOG_START) ? o->log_start : 0;

    if (o->is_replaying && o->replay_start > floor)
        floor = o->replay_start < o->committed ? o->replay_start : o->committed;
    if (o->position < floor)
        o->position = floor;
}

/* Where this owner begins, and what it may take for published. */
static void choose_beginning(const struct protocol *p, struct owned *o,
                             const struct protocol_told *t)
{
    struct store_applied from = {{o->committed, o->meta.tick}, o->meta.prefix_ms};
    struct store_applied lost;
    bool is_same = memcmp(o->meta.incarnation, p->incarnation, sizeof p->incarnation) == 0;

    o->is_replaying = false;
    if (is_same && has(p, PROTOCOL_GOES_ON)) {
        o->is_replaying = o->meta.is_replay;
        if (o->is_replaying)
            from.at.position = o->meta.replay_position;
    } else if (t->has_replay) {
        from = t->replay;
        o->is_replaying = true;
    } else if (find_loss(p, t->applied, o->durable, &lost)) {
        from = lost;
        o->is_replaying = true;
    }
    o->has_extra = !o->is_replaying || from.at.position == o->meta.replay_position;
    if (!has(p, PROTOCOL_PREFIX) && o->is_replaying)
        from.prefix_ms = INT64_MIN;
    o->position = from.at.position;
    move_into_log(p, o);
    o->acked = from.at;
    if (!has(p, PROTOCOL_ACKED))
        o->acked = (struct store_at){o->committed, o->meta.tick};
    o->prefix_ms = from.prefix_ms;
}

static void tell_last(struct protocol *p, const struct protocol_told *t)
{
    if (t->outcome != PROTOCOL_DONE)
        return;
    p->owned[p->at].was_last_fenced = true;
    p->step = S_COMMITTED;
}

static void tell_acquire(struct protocol *p, const struct protocol_told *t)
{
    if (t->outcome != PROTOCOL_DONE)
        return;
    p->owned[p->at].epoch = t->epoch;
    p->step = S_APPLIED;
}

/* The tick must be above any that an earlier owner used, and so must the sweep. */
static void tell_applied(struct protocol *p, const struct protocol_told *t)
{
    struct owned *o = &p->owned[p->at];

    if (t->outcome != PROTOCOL_DONE)
        return;
    choose_beginning(p, o, t);
    o->applied_to = 0;
    o->tick = o->meta.tick;
    for (size_t i = 0; i < n_pairs(p); i++) {
        o->last[i] = t->applied[i].at;
        if (o->last[i].position > o->applied_to)
            o->applied_to = o->last[i].position;
        if (o->last[i].tick > o->tick)
            o->tick = o->last[i].tick;
    }
    o->sweep_to = o->applied_to > o->committed ? o->applied_to : o->committed;
    if (t->has_replay && t->replay.at.tick > o->tick)
        o->tick = t->replay.at.tick;
    o->is_fresh = true;
    o->has_note = t->has_replay;
    o->is_long = false;
    o->marked_ms = INT64_MIN;
    p->step = o->is_replaying ? S_SEEK : S_LIFT;
}

static struct store_applied done_so_far(const struct owned *o)
{
    return (struct store_applied){{o->position, o->acked.tick}, o->prefix_ms};
}

static void raise(struct store_at *pairs, size_t n, struct store_at to)
{
    for (size_t i = 0; i < n; i++)
        if (store_at_less(pairs[i], to))
            pairs[i] = to;
}

/* While acquiring, the seek follows; after a commit, the next partition that needs one. */
static void after_lift(struct protocol *p);

static void tell_lift(struct protocol *p, const struct protocol_told *t)
{
    struct owned *o = &p->owned[p->at];

    if (t->outcome != PROTOCOL_DONE)
        return;
    if (p->step == S_LIFT) {
        raise(o->last, n_pairs(p), (struct store_at){o->position, o->acked.tick});
        raise(o->durable, n_pairs(p), (struct store_at){o->position, o->acked.tick});
        o->is_long = false;
        if (o->position < o->committed) { /* long metadata in the midst of a replay */
            after_lift(p);
            return;
        }
        if (o->has_note) {
            p->step = S_END;
            return;
        }
    } else {
        o->has_note = false;
    }
    o->is_replaying = false;
    after_lift(p);
}

static void tell_seek(struct protocol *p, const struct protocol_told *t)
{
    if (t->outcome == PROTOCOL_DONE)
        next_partition(p);
    else if (t->outcome == PROTOCOL_GONE)
        begin_again(p);
}

/* ---- a batch ------------------------------------------------------------------------------- */

static bool is_sweeping(const struct owned *o)
{
    return o->is_fresh || o->position < o->sweep_to;
}

/* A replay into an empty store sweeps to its end, and has nobody to ask: that would be most of its
 * calls. */
static bool may_find(const struct owned *o)
{
    return o->is_fresh || o->position < o->applied_to;
}

static bool is_any_sweeping(const struct protocol *p)
{
    for (size_t i = 0; i < p->n_owned; i++)
        if (is_sweeping(&p->owned[i]))
            return true;
    return false;
}

/* What an earlier owner left may wait yet: no mark of the partition rises. */
static bool is_held(const struct protocol *p, const struct owned *o)
{
    return is_sweeping(o) && has(p, PROTOCOL_QUIET);
}

/* Its mark would rise. One that is held would not, however often it is asked for. */
static bool owes_mark(const struct protocol *p, const struct owned *o)
{
    return o->taken.mark_ms > o->marked_ms && !is_held(p, o);
}

static void begin_batch(struct protocol *p)
{
    p->is_sweep = false;
    p->has_timers = true;
    for (size_t i = 0; i < p->n_owned; i++) {
        struct owned *o = &p->owned[i];
        o->tick++;
        if (may_find(o))
            p->is_sweep = true;
        if (is_held(p, o))
            p->has_timers = false;
    }
    p->owes_timers = !p->has_timers;
    p->round = 0;
    memcpy(p->used_ms, p->least_ms, p->config.n_rounds * sizeof *p->used_ms);
    p->step = S_APPLY;
}

static void end_batch(struct protocol *p);

static void tell_poll(struct protocol *p, const struct protocol_told *t)
{
    bool is_due = memcmp(p->used_ms, p->least_ms, p->config.n_rounds * sizeof *p->used_ms) != 0 ||
                  t->has_records;

    /* While it sweeps it would run none again: that waits for records. */
    is_due |= p->owes_timers && !is_any_sweeping(p);

    if (t->outcome == PROTOCOL_GONE)
        begin_again(p);
    if (t->outcome != PROTOCOL_DONE)
        return;
    for (size_t i = 0; i < p->n_owned; i++) {
        struct owned *o = &p->owned[i];
        ASSERT(t->taken[i].position >= o->position);
        ASSERT(t->taken[i].extra.n <= PROTOCOL_EXTRA_MAX);
        o->taken = t->taken[i];
        if (o->taken.position > o->position || owes_mark(p, o) || o->is_fresh)
            is_due = true;
    }
    if (!is_due) {
        wait_then(p, S_POLL);
        return;
    }
    begin_batch(p);
    p->has_records = t->has_records;
    if (p->config.is_stateless)
        end_batch(p);
}

static void fill_parts(struct protocol *p)
{
    for (size_t i = 0; i < p->n_owned; i++) {
        struct owned *o = &p->owned[i];
        p->parts[i] = (struct store_part){
            .partition = o->partition,
            .epoch = o->epoch,
            .upto = {o->taken.position, has(p, PROTOCOL_TICK) ? o->tick : 0},
            .acked = o->acked,
            .last = o->last + (size_t)p->round * STORE_SHARDS,
            .prefix_ms = o->taken.prefix_ms,
        };
    }
}

static void tell_apply(struct protocol *p, const struct protocol_told *t)
{
    if (t->outcome != PROTOCOL_DONE)
        return;
    p->has_records = p->has_records || t->has_records;
    if (++p->round == p->config.n_rounds)
        p->step = S_MARK;
}

/* A level's mark may rise to what the level below has been brought to in this batch: its timers up
 * to there have run, and what they emitted has been applied above. Not while an earlier owner's
 * emissions may still wait. */
static void fill_marks(struct protocol *p)
{
    for (size_t i = 0; i < p->n_owned; i++) {
        struct owned *o = &p->owned[i];
        for (uint32_t r = 0; r < p->config.n_rounds; r++) {
            int64_t below_ms = r == 0 ? o->taken.mark_ms : p->used_ms[r - 1];
            if (r > 0 && !has(p, PROTOCOL_LEVELS))
                below_ms = o->taken.mark_ms;
            o->marks[r] = is_held(p, o) || (r > 0 && !p->has_timers) ? INT64_MIN : below_ms;
        }
        p->mark_list[i] = (struct store_mark){o->partition, o->epoch, o->marks};
    }
}

static bool is_worth_commit(const struct protocol *p)
{
    for (size_t i = 0; i < p->n_owned; i++) {
        const struct owned *o = &p->owned[i];
        if (o->taken.position > o->position)
            return true;
        for (size_t k = 0; k < n_pairs(p); k++)
            if (o->last[k].tick == o->tick) /* a shard was called in this batch */
                return true;
    }
    return p->has_records;
}

/* What is said to be applied must not go beyond what is committed: a shard may have more, of an
 * earlier owner's batch that is not committed; a loss of that must not move the beginning of a
 * replay. */
static void note_durable(const struct protocol *p, struct owned *o)
{
    struct store_at upto = {o->taken.position, o->tick};

    for (size_t k = 0; k < n_pairs(p); k++) {
        struct store_at at = store_at_less(upto, o->last[k]) ? upto : o->last[k];
        if (store_at_less(o->durable[k], at))
            o->durable[k] = at;
    }
}

static void pack_meta(const struct protocol *p, struct owned *o)
{
    o->meta.slot = p->config.slot;
    memcpy(o->meta.incarnation, p->incarnation, sizeof p->incarnation);
    buf_clear(&o->text);
    protocol_meta_pack(&o->meta, o->durable, p->config.n_rounds, &o->text);
    o->is_long =
        !p->config.is_stateless && o->text.n > PROTOCOL_LIFT_BYTES + o->meta.n_extra * 4 / 3;
}

/* The watermark of the group's slowest level; INT64_MIN: one has none yet. */
static int64_t group_ms(const struct protocol *p)
{
    int64_t least = p->least_ms[0];

    for (uint32_t r = 1; r < p->n_levels; r++)
        if (p->least_ms[r] < least)
            least = p->least_ms[r];
    return least;
}

/* Replays commit no offset below C; where they are stands in the metadata. */
static void fill_commits(struct protocol *p)
{
    int64_t now_ms = group_ms(p);

    for (size_t i = 0; i < p->n_owned; i++) {
        struct owned *o = &p->owned[i];
        uint64_t position = o->taken.position;
        int64_t known_ms = o->meta.group_ms; /* an emptied store says little for a while */
        note_durable(p, o);
        o->meta = (struct protocol_meta){
            .tick = has(p, PROTOCOL_TICK) ? o->tick : 0,
            .prefix_ms = o->taken.prefix_ms,
            .group_ms = now_ms > known_ms ? now_ms : known_ms,
            .is_replay = position < o->committed,
            .replay_position = position,
            .n_extra = o->taken.extra.n,
        };
        if (o->taken.extra.n)
            memcpy(o->meta.extra, o->taken.extra.p, o->taken.extra.n);
        pack_meta(p, o);
        p->texts[i] = buf_str(&o->text);
        p->commits[i] = position > o->committed ? position : o->committed;
    }
}

/* Before the first batch: where partitions begin that nothing was committed of, and those whose log
 * has moved on. So what is applied always has a committed offset before it (recover.h tells by
 * that when a log is another one), and a gap is told once. All others as they were read. */
static void pin(struct protocol *p)
{
    for (size_t i = 0; i < p->n_owned; i++) {
        struct owned *o = &p->owned[i];
        if (!o->has_committed) {
            o->meta.prefix_ms = o->prefix_ms;
            o->meta.replay_position = o->position;
            pack_meta(p, o);
        }
        p->texts[i] = buf_str(&o->text);
        p->commits[i] = o->committed;
    }
    p->is_pin = true;
    p->step = S_PRODUCE;
}

static void end_batch(struct protocol *p)
{
    if (is_worth_commit(p)) {
        fill_commits(p);
        p->step = S_PRODUCE;
        return;
    }
    for (size_t i = 0; i < p->n_owned; i++)
        p->owned[i].is_fresh = false;
    p->step = S_POLL;
}

static void close_batch(struct protocol *p)
{
    for (size_t i = 0; i < p->n_owned; i++) {
        struct owned *o = &p->owned[i];
        o->position = o->taken.position;
        o->acked = (struct store_at){o->position, has(p, PROTOCOL_TICK) ? o->tick : 0};
        if (!has(p, PROTOCOL_ACKED) && o->position < o->committed)
            o->acked.position = o->committed;
        if (o->position > o->committed)
            o->committed = o->position;
        o->prefix_ms = o->taken.prefix_ms;
        o->is_fresh = false;
    }
}

static void after_lift(struct protocol *p)
{
    if (p->owned[p->at].is_fresh) {
        p->step = S_SEEK;
        return;
    }
    for (p->at = 0; p->at < p->n_owned; p->at++) {
        const struct owned *o = &p->owned[p->at];
        if ((o->is_replaying && o->position >= o->committed) || o->is_long) {
            p->step = S_LIFT;
            return;
        }
    }
    p->step = S_POLL;
}

static void after_success(struct protocol *p)
{
    if (p->is_pin) {
        for (size_t i = 0; i < p->n_owned; i++)
            p->owned[i].owes_commit = false;
        p->is_pin = false;
        p->step = S_POLL;
    } else {
        close_batch(p);
        p->at = 0;
        after_lift(p);
    }
    if (p->is_tainted && has(p, PROTOCOL_RECYCLE)) {
        p->after_init = p->step;
        p->step = S_INIT;
    }
    p->is_tainted = false;
}

static void learn_marks(struct protocol *p, const struct protocol_told *t)
{
    memcpy(p->least_ms, t->least_ms, p->config.n_rounds * sizeof *p->least_ms);
    p->n_levels =
        t->n_levels && t->n_levels < p->config.n_rounds ? t->n_levels : p->config.n_rounds;
}

static void tell_wait(struct protocol *p, const struct protocol_told *t)
{
    if (t->least_ms && p->after_wait == S_POLL)
        learn_marks(p, t);
    p->step = p->after_wait;
}

static void tell_mark(struct protocol *p, const struct protocol_told *t)
{
    if (t->outcome != PROTOCOL_DONE)
        return;
    learn_marks(p, t);
    for (size_t i = 0; i < p->n_owned; i++)
        p->owned[i].marked_ms = p->owned[i].marks[0];
    end_batch(p);
}

/* Tainted: a request of the transaction may still be on its way and reach the next one. */
static void tell_transaction(struct protocol *p, const struct protocol_told *t)
{
    p->is_tainted |= t->is_tainted;
    switch (t->outcome) {
    case PROTOCOL_DONE:
        if (p->step == S_COMMIT)
            after_success(p);
        else
            p->step = p->step == S_PRODUCE ? S_OFFSETS : S_COMMIT;
        break;
    case PROTOCOL_UNKNOWN:
        p->is_tainted = true;
        break;
    case PROTOCOL_ABORTABLE:
        p->step = S_ABORT;
        break;
    default:
        p->is_tainted = false;
        p->after_init = S_RUN;
        p->step = S_INIT;
    }
}

static void tell_abort(struct protocol *p, const struct protocol_told *t)
{
    p->is_tainted |= t->is_tainted;
    if (t->outcome == PROTOCOL_UNKNOWN) {
        p->is_tainted = true;
        return;
    }
    bool is_lost = t->outcome != PROTOCOL_DONE;
    begin_again(p);
    if (is_lost || (p->is_tainted && has(p, PROTOCOL_RECYCLE))) {
        p->after_init = S_RUN;
        p->step = S_INIT;
    }
    p->is_tainted = false;
}

static void tell_init(struct protocol *p, const struct protocol_told *t)
{
    if (t->outcome != PROTOCOL_DONE)
        return;
    p->is_tainted = p->is_fenced = false;
    if (p->after_init == S_RUN)
        begin_again(p);
    p->step = p->after_init;
}

/* ---- recovery ------------------------------------------------------------------------------ */

static void tell_lease(struct protocol *p, const struct protocol_told *t)
{
    if (t->outcome == PROTOCOL_UNKNOWN)
        return;
    if (t->outcome != PROTOCOL_DONE) {
        begin_again(p);
        wait_then(p, S_RUN);
        return;
    }
    p->slot = 0;
    p->partition = 0;
    p->step = has(p, PROTOCOL_FENCE_ALL) ? S_OWN : S_CLAIMS;
}

static void next_slot(struct protocol *p)
{
    if (p->slot == p->config.slot)
        p->slot++;
    p->step = p->slot < p->config.n_slots ? S_FENCE : S_CLAIMS;
}

static void next_lost(struct protocol *p)
{
    p->partition++;
    p->step = p->partition < p->config.n_partitions ? S_R_COMMITTED : S_FACTS;
}

/* Nothing is open any more, so an offset that is not stable is a fence that has not arrived. */
static void tell_r_committed(struct protocol *p, const struct protocol_told *t)
{
    if (t->outcome == PROTOCOL_UNSTABLE)
        wait_then(p, S_R_COMMITTED);
    if (t->outcome != PROTOCOL_DONE)
        return;
    read_meta(p, t, &p->meta, p->seen);
    p->step = S_R_APPLIED;
}

static void tell_r_applied(struct protocol *p, const struct protocol_told *t)
{
    if (t->outcome != PROTOCOL_DONE)
        return;
    if (find_loss(p, t->applied, p->seen, &p->replay) && has(p, PROTOCOL_NOTE))
        p->step = S_R_SET;
    else
        next_lost(p);
}

static void tell_recovery(struct protocol *p, const struct protocol_told *t)
{
    if (t->outcome != PROTOCOL_DONE)
        return;
    switch (p->step) {
    case S_OWN:
        p->is_tainted = p->is_fenced = false;
        next_slot(p);
        break;
    case S_FENCE:
        p->slot++;
        next_slot(p);
        break;
    case S_CLAIMS:
        p->step = S_R_COMMITTED;
        break;
    case S_R_SET:
        next_lost(p);
        break;
    case S_FACTS:
        p->step = S_BLESS;
        break;
    default:
        p->has_blessed = true;
        begin_again(p);
    }
}

/* ---- what to do, and how it went ------------------------------------------------------------- */

/* True: the store refuses; what follows was decided. */
static bool was_refused(struct protocol *p, enum protocol_outcome outcome)
{
    bool is_recovering = p->step >= S_LEASE;

    if (outcome != PROTOCOL_FENCED && outcome != PROTOCOL_GAP && outcome != PROTOCOL_NEWINC)
        return false;
    if (p->step == S_LEASE)
        return false;
    begin_again(p);
    if (outcome == PROTOCOL_FENCED || is_recovering)
        wait_then(p, S_RUN);
    else if (outcome == PROTOCOL_GAP)
        begin_recovery(p);
    return true;
}

void protocol_tell(struct protocol *p, const struct protocol_told *t)
{
    if (was_refused(p, t->outcome))
        return;
    switch (p->step) {
    case S_INIT:
        tell_init(p, t);
        break;
    case S_RUN:
        tell_run(p, t);
        break;
    case S_COMMITTED:
        tell_committed(p, t);
        break;
    case S_LAST:
        tell_last(p, t);
        break;
    case S_ACQUIRE:
        tell_acquire(p, t);
        break;
    case S_APPLIED:
        tell_applied(p, t);
        break;
    case S_LIFT:
    case S_END:
        tell_lift(p, t);
        break;
    case S_SEEK:
        tell_seek(p, t);
        break;
    case S_POLL:
        tell_poll(p, t);
        break;
    case S_APPLY:
        tell_apply(p, t);
        break;
    case S_MARK:
        tell_mark(p, t);
        break;
    case S_PRODUCE:
    case S_OFFSETS:
    case S_COMMIT:
        tell_transaction(p, t);
        break;
    case S_ABORT:
        tell_abort(p, t);
        break;
    case S_WAIT:
        tell_wait(p, t);
        break;
    case S_LEASE:
        tell_lease(p, t);
        break;
    case S_R_COMMITTED:
        tell_r_committed(p, t);
        break;
    case S_R_APPLIED:
        tell_r_applied(p, t);
        break;
    default:
        tell_recovery(p, t);
    }
}

/* A rebalance is obeyed at once, except where something must be finished first: a commit whose
 * answer is not known, an abort, a producer in the making, a recovery. */
static void obey_assignment(struct protocol *p)
{
    if (!p->has_assignment || p->step == S_INIT || p->step == S_COMMIT || p->step == S_ABORT ||
        p->step >= S_LEASE || (p->step == S_WAIT && p->after_wait >= S_LEASE))
        return;
    bool is_open = p->step == S_OFFSETS || (p->step == S_PRODUCE && p->is_tainted);
    take_assignment(p);
    if (is_open) {
        p->step = S_ABORT;
        return;
    }
    begin_again(p);
}

static const enum protocol_do what_of[] = {
    [S_INIT] = PROTOCOL_INIT_PRODUCER,
    [S_RUN] = PROTOCOL_READ_RUN,
    [S_COMMITTED] = PROTOCOL_READ_COMMITTED,
    [S_LAST] = PROTOCOL_FENCE_SLOT,
    [S_ACQUIRE] = PROTOCOL_ACQUIRE,
    [S_APPLIED] = PROTOCOL_READ_APPLIED,
    [S_LIFT] = PROTOCOL_LIFT,
    [S_END] = PROTOCOL_END_REPLAY,
    [S_SEEK] = PROTOCOL_SEEK,
    [S_POLL] = PROTOCOL_POLL,
    [S_APPLY] = PROTOCOL_APPLY,
    [S_MARK] = PROTOCOL_MARK,
    [S_PRODUCE] = PROTOCOL_PRODUCE,
    [S_OFFSETS] = PROTOCOL_SEND_OFFSETS,
    [S_COMMIT] = PROTOCOL_COMMIT,
    [S_ABORT] = PROTOCOL_ABORT,
    [S_WAIT] = PROTOCOL_WAIT,
    [S_LEASE] = PROTOCOL_LEASE,
    [S_OWN] = PROTOCOL_INIT_PRODUCER,
    [S_FENCE] = PROTOCOL_FENCE_SLOT,
    [S_CLAIMS] = PROTOCOL_READ_CLAIMS,
    [S_R_COMMITTED] = PROTOCOL_READ_COMMITTED,
    [S_R_APPLIED] = PROTOCOL_READ_APPLIED,
    [S_R_SET] = PROTOCOL_SET_REPLAY,
    [S_FACTS] = PROTOCOL_READ_FACTS,
    [S_BLESS] = PROTOCOL_BLESS,
};

static void describe_batch(struct protocol *p, struct protocol_action *out)
{
    out->n_parts = p->n_owned;
    if (p->step == S_APPLY) {
        fill_parts(p);
        out->round = p->round;
        out->parts = p->parts;
        out->watermark_ms = p->used_ms[p->round];
        out->timer_ms = p->has_timers ? p->used_ms[p->round] : INT64_MIN;
        out->is_sweep = p->is_sweep && has(p, PROTOCOL_SWEEP);
    } else if (p->step == S_MARK) {
        fill_marks(p);
        out->marks = p->mark_list;
    } else if (p->step == S_PRODUCE) {
        out->is_pin = p->is_pin;
    } else if (p->step == S_OFFSETS) {
        out->metadata = p->texts;
        out->commits = p->commits;
    }
}

static void describe_partition(const struct protocol *p, struct protocol_action *out)
{
    if (p->step == S_R_COMMITTED || p->step == S_R_APPLIED || p->step == S_R_SET) {
        out->partition = p->partition;
        out->upto = p->replay;
        out->is_recovery = true;
    } else if (p->at < p->n_owned) {
        const struct owned *o = &p->owned[p->at];
        out->partition = o->partition;
        out->upto = done_so_far(o);
        out->epoch = o->epoch;
        if (p->step != S_SEEK)
            return;
        if (o->has_extra)
            out->extra = (struct str){(const char *)o->meta.extra, o->meta.n_extra};
        out->gap_from = o->gap_from;
        out->gap_to = o->gap_to;
        out->committed = o->committed;
        out->sweep_to = o->sweep_to;
    }
}

/* Without a store there is no run to read: the partitions are acquired at once. */
static void pass_store(struct protocol *p)
{
    if (p->step == S_RUN && p->n_owned > 0)
        p->step = S_COMMITTED;
    else if (p->step == S_RUN)
        wait_then(p, S_RUN);
}

void protocol_next(struct protocol *p, struct protocol_action *out)
{
    obey_assignment(p);
    if (p->config.is_stateless)
        pass_store(p);
    *out = (struct protocol_action){.what = what_of[p->step], .incarnation = p->incarnation};
    out->token = p->token;
    out->slot = p->step == S_LAST    ? p->owned[p->at].meta.slot
                : p->step == S_FENCE ? p->slot
                                     : p->config.slot;
    out->is_idle = p->step == S_WAIT && (p->after_wait == S_POLL || p->n_owned == 0);
    describe_partition(p, out);
    describe_batch(p, out);
}

bool protocol_is_bound(const struct protocol *p)
{
    return p->step == S_PRODUCE || p->step == S_OFFSETS || p->step == S_COMMIT ||
           p->step == S_ABORT;
}

const char *protocol_word(enum protocol_do what)
{
    static const char *const words[] = {
        "wait",         "init_producer", "fence_slot",   "read_committed", "read_run", "acquire",
        "read_applied", "lift",          "end_replay",   "seek",           "poll",     "apply",
        "mark",         "produce",       "send_offsets", "commit",         "abort",    "lease",
        "read_claims",  "set_replay",    "read_facts",   "bless",
    };

    ASSERT((size_t)what < ARRAY_LEN(words));
    return words[what];
}

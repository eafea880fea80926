/* worker.c - what a worker does with each thing the protocol asks for (worker.h). */
#include "worker.h"

#include "worker/protocol.h"
#include "worker/protocol_meta.h"
#include "worker/recover.h"

#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

enum { STACK_BYTES = 256 * 1024, CLAIMS_AT_ONCE = 4 };

struct sim_worker {
    struct sim_world *w;
    uint32_t slot, member, epoch, generation;
    struct protocol *protocol;
    const struct sim_form *form;
    struct sim_detector *detector;
    struct store *store; /* the detector's */
    ucontext_t own, caller;
    char *stack;
    bool waits, recovers;
    /* sources: by partition number */
    uint64_t position[SIM_PARTS_MAX];
    int64_t prefix_ms[SIM_PARTS_MAX];
    uint32_t parts[SIM_PARTS_MAX];
    size_t n_parts;
    struct protocol_taken taken[SIM_PARTS_MAX];
    size_t n_sent, n_facts_sent; /* records of the batch that were produced already */
    /* answers that protocol_tell() looks at */
    struct store_run run;
    struct store_applied applied[SIM_ROUNDS_MAX * STORE_SHARDS];
    int64_t least_ms[SIM_ROUNDS_MAX];
    uint64_t token;
    /* of a recovery, as in lane_recovery.c */
    int64_t top_prefix_ms;
    uint64_t replay_floor; /* of the partition asked for last */
    bool is_covered;       /* replays begin where they ought to */
};

static void worker_pause(void *context, const char *what)
{
    struct sim_worker *k = context;

    sim_trace(k->w, "  member %u: %s", k->member, what);
    swapcontext(&k->own, &k->caller);
}

static void worker_trace(void *context, const char *text)
{
    const struct sim_worker *k = context;

    sim_trace(k->w, "  %s", text);
}

static bool chance(struct sim_worker *k, uint32_t in_64)
{
    return rng_below(&k->w->rng, 64) < in_64;
}

static bool happens(struct sim_worker *k, uint32_t in_64)
{
    return !k->w->is_calm && chance(k, in_64);
}

static enum protocol_outcome outcome_of(enum weir_rc rc, enum store_answer answer)
{
    static const enum protocol_outcome outcomes[] = {
        [STORE_DONE] = PROTOCOL_DONE,
        [STORE_FENCED] = PROTOCOL_FENCED,
        [STORE_GAP] = PROTOCOL_GAP,
        [STORE_NEWINC] = PROTOCOL_NEWINC,
    };

    return rc != WEIR_OK ? PROTOCOL_UNKNOWN : outcomes[answer];
}

/* ---- the group ----------------------------------------------------------------------------- */

static void learn_assignment(struct sim_worker *k)
{
    const struct sim_broker *b = &k->w->broker;

    if (k->generation == b->generation)
        return;
    k->generation = b->generation;
    k->n_parts = 0;
    for (uint32_t p = 0; p < b->n_parts; p++)
        if (b->owner[p] == k->member)
            k->parts[k->n_parts++] = p;
    protocol_assign(k->protocol, k->parts, k->n_parts);
}

/* ---- reading ------------------------------------------------------------------------------- */

static uint64_t visible(const struct sim_worker *k, uint32_t p)
{
    const struct sim_broker *b = &k->w->broker;
    uint64_t n = 0;

    while (n < b->n_events[p] && b->events[p][n].append_ms <= k->w->now_ms)
        n++;
    return n;
}

/* At its end for a while: its mark follows the clock, as far as the next event will say that the
 * silence was. */
static int64_t mark_of(const struct sim_worker *k, uint32_t p, uint64_t end)
{
    const struct sim_broker *b = &k->w->broker;

    if (k->position[p] < end)
        return k->prefix_ms[p];
    if (end == 0)
        return k->w->now_ms - SIM_LATENESS_MS - SIM_IDLE_MS;
    return sim_silent(k->prefix_ms[p], k->w->now_ms - b->events[p][end - 1].append_ms);
}

static void clear(struct sim_worker *k)
{
    k->form->clear(k->detector);
    k->n_sent = k->n_facts_sent = 0;
}

static void poll(struct sim_worker *k)
{
    clear(k);
    for (uint32_t i = 0; i < k->n_parts; i++) {
        uint32_t p = k->parts[i];
        uint64_t end = visible(k, p), to = k->position[p] + rng_below(&k->w->rng, 7);
        if (to > end)
            to = end > k->position[p] ? end : k->position[p];
        for (; k->position[p] < to; k->position[p]++) {
            const struct sim_event *e = &k->w->broker.events[p][k->position[p]];
            if (k->position[p] > 0)
                k->prefix_ms[p] = sim_silent(k->prefix_ms[p], e->append_ms - e[-1].append_ms);
            k->form->add(k->detector, i, p, k->position[p] + 1,
                         e->t_ms < k->prefix_ms[p] ? k->prefix_ms[p] - e->t_ms : 0);
            if (e->t_ms - SIM_LATENESS_MS > k->prefix_ms[p])
                k->prefix_ms[p] = e->t_ms - SIM_LATENESS_MS;
        }
        k->taken[i] = (struct protocol_taken){
            .position = k->position[p],
            .prefix_ms = k->prefix_ms[p],
            .mark_ms = mark_of(k, p, end),
            .extra = {(const char *)&k->prefix_ms[p], sizeof k->prefix_ms[p]},
        };
    }
}

static size_t n_facts(const struct sim_worker *k)
{
    return k->form->n_facts ? k->form->n_facts(k->detector) : 0;
}

static void do_apply(struct sim_worker *k, const struct protocol_action *a, struct protocol_told *t)
{
    enum store_answer answer = STORE_DONE;

    t->outcome = outcome_of(k->form->apply(k->detector, a, &answer), answer);
    t->has_records =
        t->outcome == PROTOCOL_DONE && (k->form->n_records(k->detector) > 0 || n_facts(k) > 0);
}

/* ---- the transaction ----------------------------------------------------------------------- */

static enum protocol_outcome produce_facts(struct sim_worker *k)
{
    struct sim_broker *b = &k->w->broker;
    enum protocol_outcome o = PROTOCOL_DONE;

    for (; k->n_facts_sent < n_facts(k) && o == PROTOCOL_DONE; k->n_facts_sent++) {
        o = sim_produce_fact(b, k->slot, k->epoch, k->w->now_ms,
                             k->form->fact_at(k->detector, k->n_facts_sent));
        if (o == PROTOCOL_DONE && k->w->without_store & SIM_TOGETHER)
            b->facts[b->n_facts - 1].state = SIM_COMMITTED;
    }
    return o;
}

static enum protocol_outcome do_produce(struct sim_worker *k)
{
    for (; k->n_sent < k->form->n_records(k->detector); k->n_sent++) {
        const struct sim_published *x = k->form->record(k->detector, k->n_sent);
        sim_trace(k->w, "  produce %02x%02x space %u kind %u/%llu count %u", x->claim.uid[0],
                  x->claim.uid[1], x->space, x->claim.kind, (unsigned long long)x->claim.sequence,
                  x->count);
        worker_pause(k, "produce");
        enum protocol_outcome o = sim_produce(&k->w->broker, k->slot, k->epoch, k->w->now_ms, x);
        if (o != PROTOCOL_DONE)
            return o;
    }
    enum protocol_outcome o = produce_facts(k);
    if (o != PROTOCOL_DONE)
        return o;
    if (happens(k, 2)) {
        k->w->counts->aborts++;
        return PROTOCOL_ABORTABLE;
    }
    return PROTOCOL_DONE;
}

static enum protocol_outcome do_offsets(struct sim_worker *k, const struct protocol_action *a)
{
    for (size_t i = 0; i < a->n_parts; i++) {
        worker_pause(k, "send offsets");
        enum protocol_outcome o =
            sim_send_offset(&k->w->broker, k->slot, k->epoch, k->w->now_ms, k->generation,
                            k->member, k->parts[i], a->commits[i], a->metadata[i]);
        if (o != PROTOCOL_DONE)
            return o;
    }
    return happens(k, 1) ? PROTOCOL_UNKNOWN : PROTOCOL_DONE;
}

static enum protocol_outcome do_end(struct sim_worker *k, bool is_commit)
{
    worker_pause(k, is_commit ? "commit" : "abort");
    if (happens(k, 4)) { /* the request is held up, the client gives up on it */
        k->w->counts->late_ends++;
        sim_hold_up(&k->w->broker, k->slot, k->epoch, is_commit);
        return PROTOCOL_UNKNOWN;
    }
    enum protocol_outcome o = sim_end(&k->w->broker, k->slot, k->epoch, is_commit);
    if (o == PROTOCOL_DONE && happens(k, 2))
        return PROTOCOL_UNKNOWN;
    return o;
}

static enum protocol_outcome do_init(struct sim_worker *k)
{
    worker_pause(k, "init producer");
    k->epoch = sim_init_producer(&k->w->broker, k->slot);
    k->w->counts->recycled++;
    return PROTOCOL_DONE;
}

/* The first offset of a record that is not older. */
static uint64_t offset_at(const struct sim_broker *b, uint32_t p, int64_t append_ms)
{
    uint64_t at = 0;

    while (at < b->n_events[p] && b->events[p][at].append_ms < append_ms)
        at++;
    return at;
}

/* What the group has judged was not known yet when that was committed: a replay may be short. */
static bool is_unjudged(const struct protocol_told *t)
{
    struct store_at last[STORE_SHARDS];
    struct protocol_meta meta;

    return protocol_meta_unpack(t->metadata, &meta, last, 1) && meta.group_ms == INT64_MIN;
}

/* As ask_offsets() of lane_kafka.c. */
static void bound_replay(struct sim_worker *k, const struct protocol_action *a,
                         struct protocol_told *t)
{
    int64_t prefix_ms = protocol_meta_prefix_ms(t->metadata);
    int64_t from_ms =
        k->w->without_store & SIM_BEHIND ? prefix_ms : protocol_meta_replay_ms(t->metadata);

    if (k->form->replay_max_ms && t->has_committed && from_ms != INT64_MIN)
        t->replay_start = offset_at(&k->w->broker, a->partition, from_ms - k->form->replay_max_ms);
    if (prefix_ms > k->top_prefix_ms)
        k->top_prefix_ms = prefix_ms;
    k->replay_floor = t->log_start > t->replay_start ? t->log_start : t->replay_start;
    k->w->is_short |= a->is_recovery && t->replay_start > 0 && is_unjudged(t);
}

static enum protocol_outcome
do_read_committed(struct sim_worker *k, const struct protocol_action *a, struct protocol_told *t)
{
    struct sim_broker *b = &k->w->broker;

    worker_pause(k, "read committed");
    const struct sim_offset *o = &b->committed[a->partition];
    t->has_committed = o->has;
    t->committed = o->has ? o->offset : 0;
    t->log_start = b->log_start[a->partition];
    t->metadata = (struct str){o->metadata, o->n_metadata};
    bound_replay(k, a, t);
    return sim_is_stable(b, a->partition) ? PROTOCOL_DONE : PROTOCOL_UNSTABLE;
}

/* ---- the store ----------------------------------------------------------------------------- */

static enum protocol_outcome do_read_applied(struct sim_worker *k, uint32_t partition,
                                             struct protocol_told *t)
{
    enum weir_rc rc = WEIR_OK;

    for (uint32_t r = 0; r < k->form->n_rounds() && rc == WEIR_OK; r++)
        rc = store_applied(k->store, partition, r, k->applied + (size_t)r * STORE_SHARDS, NULL);
    if (rc == WEIR_OK)
        rc = store_replay_from(k->store, partition, &t->has_replay, &t->replay, NULL);
    t->applied = k->applied;
    return outcome_of(rc, STORE_DONE);
}

static struct store_lease lease_of(const struct sim_worker *k, const struct protocol_action *a)
{
    struct store_lease l = {.token = a->token, .ttl_ms = 120};

    memcpy(l.run_id, k->run.run_id, sizeof l.run_id);
    memcpy(l.incarnation, k->run.blessed, sizeof l.incarnation);
    return l;
}

/* All that is committed now, a few at a time. */
static enum protocol_outcome do_read_claims(struct sim_worker *k, const struct store_lease *lease)
{
    const struct sim_broker *b = &k->w->broker;
    uint32_t end = b->n_output;
    enum store_answer answer = STORE_DONE;

    k->top_prefix_ms = INT64_MIN;
    k->is_covered = true;
    for (uint32_t i = 0; i < end;) {
        struct store_claim claims[CLAIMS_AT_ONCE];
        size_t n = 0;
        for (; i < end && n < CLAIMS_AT_ONCE; i++)
            if (b->output[i].state == SIM_COMMITTED)
                claims[n++] = b->output[i].record.claim;
        enum weir_rc rc = store_restore(k->store, lease, claims, n, &answer, NULL);
        if (rc != WEIR_OK || answer != STORE_DONE)
            return outcome_of(rc, answer);
    }
    return PROTOCOL_DONE;
}

/* The same records: nobody adds to them under the lease. */
static enum protocol_outcome do_reopen(struct sim_worker *k, const struct store_lease *lease)
{
    static const struct sim_published *records[SIM_OUTPUT_MAX];
    const struct sim_broker *b = &k->w->broker;
    enum store_answer answer = STORE_DONE;
    size_t n = 0;

    if (!k->form->reopen || !k->form->is_empty(lease))
        return PROTOCOL_DONE;
    for (uint32_t i = 0; i < b->n_output; i++)
        if (b->output[i].state == SIM_COMMITTED)
            records[n++] = &b->output[i].record;
    enum weir_rc rc = k->form->reopen(k->detector, lease, records, n, &answer);
    return outcome_of(rc, answer);
}

/* A compacted topic: of those of one name only the last is sure to be there. */
static bool is_replaced(const struct sim_broker *b, uint32_t at)
{
    uint8_t name[FACT_NAME_BYTES], other[FACT_NAME_BYTES];

    fact_name(&b->facts[at].fact, name);
    for (uint32_t i = at + 1; i < b->n_facts; i++) {
        if (b->facts[i].state != SIM_COMMITTED)
            continue;
        fact_name(&b->facts[i].fact, other);
        if (memcmp(name, other, sizeof name) == 0)
            return true;
    }
    return false;
}

/* A store that has lost only a little has what it learnt, or reads of it again. */
static bool wants_facts(const struct sim_worker *k, const struct store_lease *lease)
{
    return k->form->learn && !(k->w->without_store & SIM_FACTS) &&
           (k->form->is_empty(lease) || !k->is_covered);
}

static enum protocol_outcome do_learn(struct sim_worker *k, const struct store_lease *lease)
{
    static struct fact facts[SIM_FACTS_MAX];
    const struct sim_broker *b = &k->w->broker;
    enum store_answer answer = STORE_DONE;
    enum weir_rc rc = WEIR_OK;
    int64_t fresh_ms = k->form->replay_max_ms
                           ? recover_fresh_ms(k->top_prefix_ms, k->form->replay_max_ms)
                           : INT64_MAX;
    size_t n = 0;

    if (!wants_facts(k, lease))
        return PROTOCOL_DONE;
    bool is_compacted = chance(k, 32);
    for (uint32_t i = 0; i < b->n_facts; i++)
        if (b->facts[i].state == SIM_COMMITTED && !(is_compacted && is_replaced(b, i)))
            facts[n++] = b->facts[i].fact;
    if (n > 0)
        rc = k->form->learn(k->detector, lease, facts, n, fresh_ms, &answer);
    return outcome_of(rc, answer);
}

static enum protocol_outcome do_read_facts(struct sim_worker *k, const struct store_lease *lease)
{
    enum protocol_outcome o = do_learn(k, lease);

    return o == PROTOCOL_DONE ? do_reopen(k, lease) : o;
}

static enum protocol_outcome do_recovery(struct sim_worker *k, const struct protocol_action *a)
{
    static const uint32_t all[SIM_PARTS_MAX] = {0, 1, 2, 3};
    struct store_lease lease = lease_of(k, a);
    enum store_answer answer = STORE_DONE;
    enum weir_rc rc = WEIR_OK;

    switch (a->what) {
    case PROTOCOL_LEASE:
        rc = store_lease(k->store, &lease, &answer, NULL);
        break;
    case PROTOCOL_READ_CLAIMS:
        return do_read_claims(k, &lease);
    case PROTOCOL_READ_FACTS:
        return do_read_facts(k, &lease);
    case PROTOCOL_SET_REPLAY:
        k->w->counts->replays++;
        k->is_covered &= a->upto.at.position >= k->replay_floor;
        rc = store_set_replay(k->store, &lease, a->partition, &a->upto, &answer, NULL);
        break;
    default:
        rc = store_bless(k->store, &lease, all, k->w->broker.n_parts, &answer, NULL);
        k->w->counts->recoveries += rc == WEIR_OK && answer == STORE_DONE;
    }
    return outcome_of(rc, answer);
}

static enum protocol_outcome do_store(struct sim_worker *k, const struct protocol_action *a,
                                      struct protocol_told *t)
{
    enum store_answer answer = STORE_DONE;
    enum weir_rc rc = WEIR_OK;
    uint32_t p = a->partition;

    switch (a->what) {
    case PROTOCOL_READ_RUN:
        rc = store_run(k->store, &k->run, NULL);
        t->run = &k->run;
        break;
    case PROTOCOL_ACQUIRE:
        rc = store_acquire(k->store, p, a->incarnation, &t->epoch, &answer, NULL);
        break;
    case PROTOCOL_LIFT:
        rc = store_lift(k->store, a->incarnation, p, a->epoch, &a->upto, k->form->n_rounds(),
                        &answer, NULL);
        break;
    case PROTOCOL_END_REPLAY:
        rc = store_end_replay(k->store, a->incarnation, p, a->epoch, &answer, NULL);
        break;
    default:
        rc = store_mark(k->store, a->incarnation, a->marks, a->n_parts, k->form->n_rounds(),
                        k->least_ms, &answer, NULL);
        t->least_ms = k->least_ms;
    }
    return outcome_of(rc, answer);
}

/* ---- the loop ------------------------------------------------------------------------------ */

static enum protocol_outcome do_poll(struct sim_worker *k, struct protocol_told *t)
{
    poll(k);
    t->taken = k->taken;
    k->w->counts->batches++;
    return PROTOCOL_DONE;
}

/* What was kept beside a position comes back with it: here the watermark of the prefix. */
static void check_extra(const struct sim_worker *k, const struct protocol_action *a)
{
    int64_t kept_ms;

    if (a->extra.n == 0 || k->w->without_protocol)
        return;
    ASSERT(a->extra.n == sizeof kept_ms);
    memcpy(&kept_ms, a->extra.p, sizeof kept_ms);
    ASSERT(kept_ms == a->upto.prefix_ms);
}

static enum protocol_outcome do_seek(struct sim_worker *k, const struct protocol_action *a)
{
    uint32_t p = a->partition;

    if (a->upto.at.position < k->w->broker.log_start[p]) {
        worker_pause(k, "offset out of range");
        return PROTOCOL_GONE;
    }
    k->position[p] = a->upto.at.position;
    k->prefix_ms[p] = a->upto.prefix_ms;
    check_extra(k, a);
    clear(k); /* what was in hand is dropped: a transaction without a batch may follow */
    return PROTOCOL_DONE;
}

/* Others may have gone on since. */
static void ask_marks(struct sim_worker *k, const struct protocol_action *a,
                      struct protocol_told *t)
{
    enum store_answer answer = STORE_DONE;

    if (store_mark(k->store, a->incarnation, NULL, 0, k->form->n_rounds(), k->least_ms, &answer,
                   NULL) == WEIR_OK &&
        answer == STORE_DONE)
        t->least_ms = k->least_ms;
}

static void act(struct sim_worker *k, const struct protocol_action *a, struct protocol_told *t)
{
    switch (a->what) {
    case PROTOCOL_WAIT:
        if (a->is_idle && chance(k, 32))
            ask_marks(k, a, t);
        k->waits = true;
        worker_pause(k, "wait");
        k->waits = false;
        learn_assignment(k);
        break;
    case PROTOCOL_INIT_PRODUCER:
        t->outcome = do_init(k);
        break;
    case PROTOCOL_FENCE_SLOT:
        worker_pause(k, "fence slot");
        k->w->counts->fenced_slots++;
        (void)sim_init_producer(&k->w->broker, a->slot);
        break;
    case PROTOCOL_READ_COMMITTED:
        t->outcome = do_read_committed(k, a, t);
        break;
    case PROTOCOL_READ_APPLIED:
        t->outcome = do_read_applied(k, a->partition, t);
        break;
    case PROTOCOL_SEEK:
        t->outcome = do_seek(k, a);
        break;
    case PROTOCOL_POLL:
        t->outcome = do_poll(k, t);
        break;
    case PROTOCOL_APPLY:
        do_apply(k, a, t);
        break;
    case PROTOCOL_PRODUCE:
        t->outcome = do_produce(k);
        break;
    case PROTOCOL_SEND_OFFSETS:
        t->outcome = do_offsets(k, a);
        break;
    case PROTOCOL_COMMIT:
        t->outcome = do_end(k, true);
        break;
    case PROTOCOL_ABORT:
        t->outcome = do_end(k, false);
        break;
    case PROTOCOL_LEASE:
    case PROTOCOL_READ_CLAIMS:
    case PROTOCOL_READ_FACTS:
    case PROTOCOL_SET_REPLAY:
    case PROTOCOL_BLESS:
        t->outcome = do_recovery(k, a);
        break;
    default:
        t->outcome = do_store(k, a, t);
    }
}

static void run(unsigned high, unsigned low)
{
    struct sim_worker *k = (struct sim_worker *)((uintptr_t)high << 32 | low);

    for (;;) {
        struct protocol_action a;
        struct protocol_told t = {.outcome = PROTOCOL_DONE};
        /* A rebalance is noticed sooner or later. */
        if (k->w->is_calm || chance(k, 16))
            learn_assignment(k);
        protocol_next(k->protocol, &a);
        if (a.what == PROTOCOL_READ_CLAIMS)
            k->recovers = true;
        else if (a.what == PROTOCOL_READ_RUN || a.what == PROTOCOL_LEASE)
            k->recovers = false;
        act(k, &a, &t);
        sim_trace(k->w, "member %u: %s p%u r%u upto %llu/%llu -> %d", k->member,
                  protocol_word(a.what), a.partition, a.round,
                  (unsigned long long)a.upto.at.position, (unsigned long long)a.upto.at.tick,
                  (int)t.outcome);
        protocol_tell(k->protocol, &t);
    }
}

struct sim_worker *sim_worker_new(struct sim_world *w, uint32_t slot, uint32_t member)
{
    struct sim_worker *k = malloc(sizeof *k);
    struct protocol_config config = {
        .slot = slot,
        .n_slots = SIM_SLOTS,
        .n_partitions = (uint32_t)w->broker.n_parts,
        .n_rounds = w->form->n_rounds(),
        .token = member + 1,
        .without = w->without_protocol,
    };

    ASSERT(k);
    memset(k, 0, sizeof *k);
    k->w = w;
    k->slot = slot;
    k->member = member;
    k->generation = UINT32_MAX;
    k->protocol = protocol_new(&config);
    k->form = w->form;
    k->detector = k->form->detector_new(&(struct sim_link){
        .rng = &w->rng,
        .now_ms = &w->now_ms,
        .without = w->without_store,
        .is_calm = &w->is_calm,
        .is_traced = w->is_traced,
        .lost_in_64 = 1,
        .pause = worker_pause,
        .trace = worker_trace,
        .context = k,
        .n_lost = &w->counts->lost_answers,
        .n_conflicts = &w->counts->conflicts,
    });
    k->store = k->form->store(k->detector);
    k->stack = malloc(STACK_BYTES);
    ASSERT(k->stack && getcontext(&k->own) == 0);
    k->own.uc_stack.ss_sp = k->stack;
    k->own.uc_stack.ss_size = STACK_BYTES;
    uintptr_t self = (uintptr_t)k;
    makecontext(&k->own, (void (*)(void))(void *)run, 2, (unsigned)(self >> 32), (unsigned)self);
    return k;
}

void sim_worker_free(struct sim_worker *k)
{
    if (!k)
        return;
    protocol_free(k->protocol);
    k->form->detector_free(k->detector);
    free(k->stack);
    free(k);
}

void sim_worker_step(struct sim_worker *k)
{
    swapcontext(&k->caller, &k->own);
}

bool sim_worker_waits(const struct sim_worker *k)
{
    return k->waits;
}

bool sim_worker_recovers(const struct sim_worker *k)
{
    return k->recovers;
}

uint32_t sim_worker_member(const struct sim_worker *k)
{
    return k->member;
}

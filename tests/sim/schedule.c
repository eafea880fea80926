/* schedule.c - build a world from a seed, let it suffer, let it come to rest, and compare.
 *
 * The world suffers for FAULT_STEPS steps, then it is calm: workers live, nothing is lost. It must
 * then come to rest: everything consumed, all watermarks behind the last Close, nothing open.
 */
#include "schedule.h"

#include "state/finding.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FAULT_STEPS = 1600,
    STEPS_MAX = 40000,
    REST_STEPS = 300, /* after the watermarks are behind everything: the last batches commit */
    TIME_SPAN_MS = 700
};

struct schedule {
    struct sim_world *w;
    struct sim_worker *workers[SIM_SLOTS];
    struct sim_worker *twin;    /* a second process under a slot that is taken */
    uint32_t asleep[SIM_SLOTS]; /* until this step */
    uint32_t n_slots, n_members;
    uint32_t step, n_faults;
    int64_t horizon_ms; /* every Close is due by then */
    /* Losses of writes: copy at .step, fall back to it at .back. */
    struct {
        uint32_t step, back;
        bool is_taken;
    } losses[SIM_SNAPSHOTS];
    uint32_t n_losses;
    bool is_trimmed, is_inexact, is_rolled_back;
    struct sim_log log;
    uint32_t rest;
    uint64_t n_runs;
};

void sim_trace(const struct sim_world *w, const char *fmt, ...)
{
    va_list args;

    if (!w->is_traced)
        return;
    printf("%6lld ", (long long)w->now_ms);
    va_start(args, fmt);
    vprintf(fmt, args);
    va_end(args);
    putchar('\n');
}

static uint32_t below(struct schedule *s, uint32_t n)
{
    return rng_below(&s->w->rng, n);
}

/* ---- the events ---------------------------------------------------------------------------- */

/* Appended in order of append_ms; on time within the lateness of the wall clock, or late by the
 * partition's own watermark: that depends on the log alone. */
static void append(struct schedule *s, uint32_t p, int64_t append_ms, uint8_t key,
                   int64_t *prefix_ms)
{
    struct sim_broker *b = &s->w->broker;
    struct sim_event *e = &b->events[p][b->n_events[p]++];

    *e = (struct sim_event){append_ms - (int64_t)below(s, SIM_LATENESS_MS), append_ms, key, 0};
    if (b->n_events[p] > 1)
        *prefix_ms = sim_silent(*prefix_ms, append_ms - e[-1].append_ms);
    if (below(s, 12) == 0 && *prefix_ms != INT64_MIN && !s->w->form->replay_max_ms)
        e->t_ms = *prefix_ms - 1 - (int64_t)below(s, 30);
    if (below(s, 10) == 0 && b->n_events[p] > 1 && append_ms - e[-1].t_ms < SIM_LATENESS_MS) {
        e->t_ms = e[-1].t_ms; /* the producer repeats itself */
        e->key = e[-1].key;
    }
    if (s->w->form->replay_max_ms && e->t_ms < *prefix_ms)
        e->t_ms = *prefix_ms;
    e->late_by_ms = e->t_ms < *prefix_ms ? *prefix_ms - e->t_ms : 0;
    if (e->t_ms - SIM_LATENESS_MS > *prefix_ms)
        *prefix_ms = e->t_ms - SIM_LATENESS_MS;
}

/* Bursts of a key, several close together, over bucket edges, spread over partitions. */
static void make_events(struct schedule *s)
{
    struct sim_broker *b = &s->w->broker;
    int64_t prefix_ms[SIM_PARTS_MAX];
    uint8_t key = 0;
    uint32_t left = 0;

    for (uint32_t p = 0; p < SIM_PARTS_MAX; p++)
        prefix_ms[p] = INT64_MIN;
    for (int64_t t = 0; t < TIME_SPAN_MS; t += 1 + below(s, left ? 12 : 60)) {
        if (left == 0) {
            left = 1 + below(s, 8);
            key = (uint8_t)below(s, SIM_KEYS);
        }
        left--;
        uint32_t p = below(s, (uint32_t)b->n_parts);
        if (b->n_events[p] < SIM_EVENTS_MAX)
            append(s, p, t, below(s, 6) ? key : (uint8_t)below(s, SIM_KEYS), &prefix_ms[p]);
    }
    s->horizon_ms = TIME_SPAN_MS + s->w->form->rest_ms;
}

/* ---- faults -------------------------------------------------------------------------------- */

static void start(struct schedule *s, uint32_t slot)
{
    s->workers[slot] = sim_worker_new(s->w, slot, s->n_members++);
}

static void rebalance(struct schedule *s)
{
    struct sim_broker *b = &s->w->broker;

    b->generation++;
    s->w->counts->rebalances++;
    for (uint32_t p = 0; p < b->n_parts; p++) {
        struct sim_worker *k = s->workers[below(s, s->n_slots)];
        if (s->twin && below(s, 4) == 0)
            k = s->twin;
        b->owner[p] = sim_worker_member(k);
    }
    sim_trace(s->w, "rebalance: generation %u", b->generation);
}

static void kill_worker(struct schedule *s, uint32_t slot)
{
    sim_trace(s->w, "kill slot %u", slot);
    s->w->counts->kills++;
    sim_worker_free(s->workers[slot]);
    start(s, slot);
    s->asleep[slot] = below(s, 3) ? 0 : s->step + below(s, 60);
    rebalance(s);
}

/* A recovery that sleeps past its lease is what leases are for, so it is met on purpose. */
static void pause_worker(struct schedule *s, uint32_t slot)
{
    struct sim_broker *b = &s->w->broker;
    bool recovers = sim_worker_recovers(s->workers[slot]);

    s->w->counts->pauses++;
    s->asleep[slot] = s->step + 10 + below(s, recovers ? 900 : 150);
    rebalance(s);
    for (uint32_t p = 0; p < b->n_parts; p++)
        b->owner[p] = sim_worker_member(s->workers[(slot + 1) % s->n_slots]);
    sim_trace(s->w, "slot %u sleeps until step %u", slot, s->asleep[slot]);
}

/* A second process claims a slot that is in use, and leaves after a while. */
static void start_twin(struct schedule *s)
{
    if (s->twin) {
        sim_worker_free(s->twin);
        s->twin = NULL;
    } else {
        s->w->counts->twin_slots++;
        s->twin = sim_worker_new(s->w, below(s, s->n_slots), s->n_members++);
    }
    rebalance(s);
}

static void new_run(struct schedule *s)
{
    s->w->form->set_run(2 + s->n_runs++);
}

/* Losing state when part of the log is gone: what was in it cannot be made again. */
static void note_loss(struct schedule *s)
{
    s->is_inexact = s->is_inexact || s->is_trimmed;
}

static void flush(struct schedule *s)
{
    sim_trace(s->w, "FLUSHALL");
    s->w->counts->flushes++;
    s->w->form->flush();
    if (below(s, 2))
        new_run(s);
    for (uint32_t i = 0; i < s->n_losses; i++)
        s->losses[i].is_taken = false;
    note_loss(s);
}

static void trim_log(struct schedule *s)
{
    struct sim_broker *b = &s->w->broker;
    uint32_t p = below(s, (uint32_t)b->n_parts);
    uint64_t to = b->committed[p].has ? b->committed[p].offset : 0;

    to -= to > 3 ? below(s, 3) : to;
    if (to <= b->log_start[p] || s->w->form->replay_max_ms)
        return;
    sim_trace(s->w, "log of %u begins at %llu", p, (unsigned long long)to);
    s->w->counts->trims++;
    b->log_start[p] = to;
    s->is_trimmed = true;
    if (s->w->form->needs_log(p))
        s->is_inexact = true; /* it was needed */
}

static void one_fault(struct schedule *s)
{
    uint32_t slot = below(s, s->n_slots);

    switch (below(s, 16)) {
    case 0:
    case 1:
    case 2:
    case 3:
        kill_worker(s, slot);
        break;
    case 4:
    case 5:
    case 6:
    case 7:
        pause_worker(s, slot);
        break;
    case 8:
    case 9:
        rebalance(s);
        break;
    case 10:
    case 11:
        s->w->counts->time_outs++;
        sim_time_out(&s->w->broker, slot);
        break;
    case 12:
        s->w->counts->restarts++;
        new_run(s);
        break;
    case 13:
        if (below(s, 3) == 0 || s->w->form->replay_max_ms)
            flush(s);
        break;
    case 14:
        if (below(s, 4) == 0)
            trim_log(s);
        break;
    default:
        start_twin(s);
    }
}

/* A fall-back loses the suffix of writes since the copy was made, and is another run. */
static void losses(struct schedule *s)
{
    for (uint32_t i = 0; i < s->n_losses; i++) {
        if (s->losses[i].step == s->step) {
            s->w->form->save(i);
            s->losses[i].is_taken = true;
        }
        if (s->losses[i].back != s->step || !s->losses[i].is_taken)
            continue;
        sim_trace(s->w, "the store falls back to step %u", s->losses[i].step);
        s->w->form->fall_back(i);
        s->is_rolled_back = true;
        s->w->counts->rollbacks++;
        new_run(s);
        note_loss(s);
        for (uint32_t k = 0; k < s->n_losses; k++) /* what came after is no past any more */
            if (s->losses[k].step > s->losses[i].step)
                s->losses[k].is_taken = false;
    }
}

static void plan_faults(struct schedule *s)
{
    if (s->w->is_calm)
        return;
    s->n_faults = below(s, 14);
    s->n_losses = s->w->form->replay_max_ms ? 0 : below(s, SIM_SNAPSHOTS + 1);
    for (uint32_t i = 0; i < s->n_losses; i++) {
        s->losses[i].step = below(s, FAULT_STEPS);
        s->losses[i].back = s->losses[i].step + 1 + below(s, below(s, 3) ? 60 : 600);
    }
}

/* ---- the run ------------------------------------------------------------------------------- */

static void become_calm(struct schedule *s)
{
    if (s->w->is_calm)
        return;
    sim_trace(s->w, "calm");
    s->w->is_calm = true;
    memset(s->asleep, 0, sizeof s->asleep);
    if (s->twin)
        start_twin(s);
}

static void faults(struct schedule *s)
{
    struct sim_broker *b = &s->w->broker;

    losses(s);
    if (s->n_faults && below(s, 50) == 0) {
        s->n_faults--;
        one_fault(s);
    }
    for (uint32_t i = 0; i < s->n_slots && s->n_faults; i++)
        if (s->step < FAULT_STEPS && sim_worker_recovers(s->workers[i]) &&
            s->asleep[i] <= s->step && below(s, 150) == 0)
            pause_worker(s, i);
    if (s->step > FAULT_STEPS && b->n_late == 0)
        become_calm(s);
}

static void broker_time(struct schedule *s)
{
    struct sim_broker *b = &s->w->broker;

    if (b->n_late && below(s, 12) == 0)
        sim_arrive(b, below(s, b->n_late));
    for (uint32_t i = 0; i < SIM_SLOTS; i++)
        if (b->slots[i].is_open && s->w->now_ms - b->slots[i].since_ms > SIM_TRANSACTION_MS)
            sim_time_out(b, i);
}

static bool all_wait(const struct schedule *s)
{
    for (uint32_t i = 0; i < s->n_slots; i++)
        if (!sim_worker_waits(s->workers[i]))
            return false;
    return true;
}

static bool is_consumed(const struct schedule *s)
{
    const struct sim_broker *b = &s->w->broker;

    for (uint32_t p = 0; p < b->n_parts; p++)
        if (b->n_events[p] && (!b->committed[p].has || b->committed[p].offset != b->n_events[p]))
            return false;
    return !sim_any_open(b) && b->n_late == 0;
}

static bool is_at_rest(struct schedule *s)
{
    if (!s->w->is_calm || !is_consumed(s))
        return false;
    uint32_t n = (uint32_t)s->w->broker.n_parts;
    if (s->w->form->mark_ms(n) < s->horizon_ms)
        return false;
    for (uint32_t p = 0; p < n; p++)
        if (s->w->form->needs_log(p))
            return false;
    return ++s->rest > REST_STEPS;
}

static void one_step(struct schedule *s)
{
    uint32_t slot = below(s, s->n_slots + (s->twin ? 1 : 0));

    faults(s);
    broker_time(s);
    if (slot == s->n_slots)
        sim_worker_step(s->twin ? s->twin : s->workers[0]);
    else if (s->asleep[slot] <= s->step)
        sim_worker_step(s->workers[slot]);
    s->w->now_ms += below(s, 2);
    if (s->w->is_calm && all_wait(s))
        s->w->now_ms += 10;
    s->w->counts->steps++;
}

/* ---- the check ----------------------------------------------------------------------------- */

static bool is_of(const struct sim_expected *e, const struct sim_published *o)
{
    return memcmp(e->uid, o->claim.uid, sizeof e->uid) == 0;
}

static void check_finding(const struct schedule *s, const struct sim_expected *e,
                          struct sim_result *r)
{
    const struct sim_world *w = s->w;
    const struct sim_broker *b = &w->broker;
    uint32_t creates = 0, closes = 0;

    for (uint32_t i = 0; i < b->n_output; i++) {
        const struct sim_published *o = &b->output[i].record;
        if (b->output[i].state != SIM_COMMITTED || !is_of(e, o))
            continue;
        creates += o->activity == FINDING_CREATE;
        closes += o->activity == FINDING_CLOSE;
        bool is_last = o->activity == (e->has_close ? FINDING_CLOSE : FINDING_CREATE);
        if (is_last && e->count && o->count != e->count && !r->is_inexact) {
            sim_trace(w, "space %u: a finding ends with %u, not %u", o->space, o->count, e->count);
            r->wrong++;
        }
    }
    bool is_owed = creates > 0 && w->form->reopen && !s->is_rolled_back;
    if (r->is_inexact && !is_owed) /* an empty store still owes the Closes of what was told */
        return;
    if (creates == 0 || closes < e->has_close)
        sim_trace(w, "finding %02x%02x%02x%02x of count %u: %u Creates, %u Closes", e->uid[0],
                  e->uid[1], e->uid[2], e->uid[3], e->count, creates, closes);
    r->lost += creates == 0;
    r->lost += closes < e->has_close;
}

static bool is_expected(const struct sim_world *w, const struct sim_expected *e, size_t n,
                        const struct sim_published *o)
{
    for (size_t i = 0; i < n; i++)
        if (is_of(&e[i], o))
            return true;
    sim_trace(w, "space %u: nobody expects %02x%02x%02x%02x kind %u count %u", o->space,
              o->claim.uid[0], o->claim.uid[1], o->claim.uid[2], o->claim.uid[3], o->claim.kind,
              o->count);
    return false;
}

/* Two records of one uid: a finding's Create and Close once, an Update once per sequence. */
static bool is_same_record(const struct sim_published *a, const struct sim_published *b)
{
    return a->claim.kind == b->claim.kind && a->claim.sequence == b->claim.sequence &&
           memcmp(a->claim.uid, b->claim.uid, sizeof a->claim.uid) == 0;
}

static void check(const struct schedule *s, struct sim_result *r)
{
    static struct sim_expected expected[SIM_EXPECTED_MAX];
    const struct sim_broker *b = &s->w->broker;

    r->is_inexact = s->is_inexact || s->w->is_short;
    r->expected = (uint32_t)s->w->form->model(&s->log, expected);
    for (size_t i = 0; i < r->expected; i++)
        check_finding(s, &expected[i], r);
    for (uint32_t i = 0; i < b->n_output; i++) {
        if (b->output[i].state != SIM_COMMITTED)
            continue;
        r->records++;
        r->wrong +=
            !r->is_inexact && !is_expected(s->w, expected, r->expected, &b->output[i].record);
        for (uint32_t k = 0; k < i; k++)
            r->doubled += b->output[k].state == SIM_COMMITTED &&
                          is_same_record(&b->output[k].record, &b->output[i].record);
    }
    r->early = r->is_inexact ? 0 : (uint32_t)s->w->form->too_late();
}

static void make_log(struct schedule *s)
{
    const struct sim_broker *b = &s->w->broker;

    s->log.n_parts = b->n_parts;
    for (uint32_t p = 0; p < b->n_parts; p++) {
        s->log.events[p] = b->events[p];
        s->log.n_events[p] = b->n_events[p];
    }
}

static void set_up(struct schedule *s, struct sim_world *w, uint64_t seed)
{
    sim_broker_init(&w->broker);
    w->broker.n_parts = 1 + below(s, 3);
    for (uint32_t p = 0; p < w->broker.n_parts; p++) {
        static struct sim_event room[SIM_PARTS_MAX][SIM_EVENTS_MAX];
        w->broker.events[p] = room[p];
    }
    make_events(s);
    make_log(s);
    w->form->start(seed, &s->log);
    plan_faults(s);
    s->n_slots = 1 + below(s, SIM_SLOTS);
    for (uint32_t i = 0; i < s->n_slots; i++)
        start(s, i);
    rebalance(s);
}

struct sim_result sim_run_schedule(const struct sim_form *form, uint64_t seed,
                                   const struct sim_without *without, struct sim_counts *counts,
                                   bool is_traced)
{
    static struct sim_world w;
    struct sim_result r = {0};
    struct schedule s = {.w = &w};

    memset(&w, 0, offsetof(struct sim_world, broker));
    w.form = form;
    w.rng.state = seed;
    w.counts = counts;
    w.without_protocol = without->protocol;
    w.without_store = without->store;
    w.is_calm = without->is_calm;
    w.is_traced = is_traced;
    w.is_short = false;
    set_up(&s, &w, seed);
    while (s.step < STEPS_MAX && !is_at_rest(&s)) {
        s.step++;
        one_step(&s);
    }
    r.stuck = s.step >= STEPS_MAX;
    check(&s, &r);
    for (uint32_t i = 0; i < s.n_slots; i++)
        sim_worker_free(s.workers[i]);
    sim_worker_free(s.twin);
    return r;
}

/* ---- defences ------------------------------------------------------------------------------ */

static const struct {
    const char *name;
    struct sim_without without;
    uint32_t seeds;
} defences[] = {
    {"recycle", {.protocol = PROTOCOL_RECYCLE}, 6000},
    {"fence_all", {.protocol = PROTOCOL_FENCE_ALL}, 6000},
    {"note", {.protocol = PROTOCOL_NOTE}, 6000},
    {"goes_on", {.protocol = PROTOCOL_GOES_ON}, 6000},
    {"acked", {.protocol = PROTOCOL_ACKED}, 6000},
    {"tick", {.protocol = PROTOCOL_TICK}, 6000},
    {"quiet", {.protocol = PROTOCOL_QUIET}, 6000},
    {"levels", {.protocol = PROTOCOL_LEVELS}, 6000},
    {"sweep", {.protocol = PROTOCOL_SWEEP}, 6000},
    {"compare", {.protocol = PROTOCOL_COMPARE}, 6000},
    {"prefix", {.protocol = PROTOCOL_PREFIX}, 6000},
    {"log_start", {.protocol = PROTOCOL_LOG_START}, 6000},
    {"newinc", {.store = SIM_NEWINC}, 6000},
    {"epoch", {.store = SIM_EPOCH}, 6000},
    {"claims", {.store = SIM_CLAIMS}, 6000},
    {"mark", {.store = SIM_MARK}, 6000},
    {"lease", {.store = SIM_LEASE}, 6000},
    {"again", {.store = SIM_AGAIN}, 6000},
    {"applied", {.store = SIM_APPLIED}, 6000},
    {"derive", {.store = SIM_DERIVE}, 6000},
    {"judged", {.store = SIM_JUDGED}, 6000},
    {"together", {.store = SIM_TOGETHER}, 6000},
    {"facts", {.store = SIM_FACTS}, 6000},
    {"behind", {.store = SIM_BEHIND}, 6000},
};

bool sim_without(const char *name, struct sim_without *out)
{
    *out = (struct sim_without){0};
    for (size_t i = 0; name && i < ARRAY_LEN(defences); i++)
        if (strcmp(defences[i].name, name) == 0) {
            *out = defences[i].without;
            return true;
        }
    return name == NULL;
}

const char *sim_defence_name(size_t i)
{
    return i < ARRAY_LEN(defences) ? defences[i].name : NULL;
}

bool sim_defence_is_of(size_t i, const struct sim_form *form)
{
    const struct sim_without *w = &defences[i].without;

    return !(w->store & ~form->without) && !(w->protocol & form->rare);
}

uint32_t sim_defence_seeds(size_t i)
{
    return defences[i].seeds;
}

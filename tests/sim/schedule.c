/* schedule.c - build a world from a seed, let it suffer, let it come to rest, and compare.
 *
 * The world suffers for FAULT_STEPS steps, then it is calm: workers live, nothing is lost. It must
 * then come to rest: everything consumed, all watermarks behind the last Close, nothing open.
 */
#include "schedule.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FAULT_STEPS = 1600,
    STEPS_MAX = 40000,
    REST_STEPS = 300, /* after the watermarks are behind everything: the last batches commit */
    TIME_SPAN_MS = 700,
    SNAPSHOTS = 4
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
    } losses[SNAPSHOTS];
    uint32_t n_losses;
    bool is_trimmed, is_inexact;
    uint32_t rest;
    uint64_t n_runs;
};

static struct sim_server snapshots[SNAPSHOTS];

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

/* ---- the events -------------------------------------------------------------------------------
 */

/* Appended in order of append_ms; on time within the lateness of the wall clock, or late by the
 * partition's own watermark: that depends on the log alone. */
static void append(struct schedule *s, uint32_t p, int64_t append_ms, uint8_t key,
                   int64_t *prefix_ms)
{
    struct sim_broker *b = &s->w->broker;
    struct sim_event *e = &b->events[p][b->n_events[p]++];

    *e = (struct sim_event){append_ms - (int64_t)below(s, SIM_LATENESS_MS), append_ms, key, false};
    if (below(s, 12) == 0 && *prefix_ms != INT64_MIN) {
        e->t_ms = *prefix_ms - 1 - (int64_t)below(s, 30);
        e->is_late = true;
    }
    if (below(s, 10) == 0 && b->n_events[p] > 1 && append_ms - e[-1].t_ms < SIM_LATENESS_MS) {
        e->t_ms = e[-1].t_ms; /* the producer repeats itself */
        e->key = e[-1].key;
        e->is_late = e->t_ms < *prefix_ms;
    }
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
    s->horizon_ms = TIME_SPAN_MS + SIM_PERIOD_MS + 2;
}

/* ---- faults -----------------------------------------------------------------------------------
 */

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
    s->w->server.run = 2 + s->n_runs++;
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
    sim_server_flush(&s->w->server);
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
    if (to <= b->log_start[p])
        return;
    sim_trace(s->w, "log of %u begins at %llu", p, (unsigned long long)to);
    s->w->counts->trims++;
    b->log_start[p] = to;
    s->is_trimmed = true;
    if (s->w->server.has_replay[p] || s->w->server.run != s->w->server.blessed_run)
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
        if (below(s, 3) == 0)
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
            sim_server_copy(&snapshots[i], &s->w->server);
            s->losses[i].is_taken = true;
        }
        if (s->losses[i].back != s->step || !s->losses[i].is_taken)
            continue;
        sim_trace(s->w, "the store falls back to step %u", s->losses[i].step);
        sim_server_copy(&s->w->server, &snapshots[i]);
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
    s->n_faults = below(s, 14);
    s->n_losses = below(s, SNAPSHOTS + 1);
    for (uint32_t i = 0; i < s->n_losses; i++) {
        s->losses[i].step = below(s, FAULT_STEPS);
        s->losses[i].back = s->losses[i].step + 1 + below(s, below(s, 3) ? 60 : 600);
    }
}

/* ---- the run ----------------------------------------------------------------------------------
 */

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
    for (uint32_t p = 0; p < s->w->broker.n_parts; p++)
        if (s->w->server.marks[p][SIM_ROUNDS - 1] < s->horizon_ms || s->w->server.has_replay[p])
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

/* ---- the check --------------------------------------------------------------------------------
 */

static void check_finding(const struct sim_world *w, const struct sim_expected *e,
                          struct sim_result *r)
{
    const struct sim_broker *b = &w->broker;
    uint32_t creates = 0, closes = 0;

    for (uint32_t i = 0; i < b->n_output; i++) {
        const struct sim_record *o = &b->output[i].record;
        if (b->output[i].state != SIM_COMMITTED || o->space != e->space || o->key != e->key ||
            o->bucket_ms != e->bucket_ms)
            continue;
        creates += o->activity == SIM_CREATE;
        closes += o->activity == SIM_CLOSE;
        if (o->activity == SIM_CLOSE && o->count != e->count && !r->is_inexact) {
            sim_trace(w, "space %u key %u bucket %lld: closed with %u, not %u", e->space, e->key,
                      (long long)e->bucket_ms, o->count, e->count);
            r->wrong++;
        }
    }
    if (r->is_inexact)
        return;
    if (creates == 0 || closes == 0)
        sim_trace(w, "space %u key %u bucket %lld: %u Creates, %u Closes", e->space, e->key,
                  (long long)e->bucket_ms, creates, closes);
    r->lost += creates == 0;
    r->lost += closes == 0 && e->space != SPACE_RISK;
}

static bool is_expected(const struct sim_expected *e, size_t n, const struct sim_record *o)
{
    for (size_t i = 0; i < n; i++)
        if (e[i].space == o->space && e[i].key == o->key && e[i].bucket_ms == o->bucket_ms)
            return true;
    return false;
}

/* Two records of one uid: a finding's Create and Close once, an Update once per sequence. */
static bool is_same_record(const struct sim_record *a, const struct sim_record *b)
{
    return a->space == b->space && a->key == b->key && a->bucket_ms == b->bucket_ms &&
           a->activity == b->activity && (a->activity != SIM_UPDATE || a->sequence == b->sequence);
}

static void check(const struct schedule *s, struct sim_result *r)
{
    struct sim_expected expected[SIM_EXPECTED_MAX];
    const struct sim_broker *b = &s->w->broker;
    const struct sim_event *events[SIM_PARTS_MAX];

    for (uint32_t p = 0; p < b->n_parts; p++)
        events[p] = b->events[p];
    r->is_inexact = s->is_inexact;
    r->expected = (uint32_t)sim_model(events, b->n_events, b->n_parts, expected);
    for (size_t i = 0; i < r->expected; i++)
        check_finding(s->w, &expected[i], r);
    for (uint32_t i = 0; i < b->n_output; i++) {
        if (b->output[i].state != SIM_COMMITTED)
            continue;
        r->records++;
        r->wrong += !r->is_inexact && !is_expected(expected, r->expected, &b->output[i].record);
        for (uint32_t k = 0; k < i; k++)
            r->doubled += b->output[k].state == SIM_COMMITTED &&
                          is_same_record(&b->output[k].record, &b->output[i].record);
    }
    r->early = r->is_inexact ? 0 : (uint32_t)sim_too_late;
}

static void set_up(struct schedule *s, struct sim_world *w)
{
    sim_server_init(&w->server);
    w->server.run = 1;
    sim_broker_init(&w->broker);
    w->broker.n_parts = 1 + below(s, 3);
    for (uint32_t p = 0; p < w->broker.n_parts; p++) {
        static struct sim_event room[SIM_PARTS_MAX][SIM_EVENTS_MAX];
        w->broker.events[p] = room[p];
    }
    make_events(s);
    plan_faults(s);
    s->n_slots = 1 + below(s, SIM_SLOTS);
    for (uint32_t i = 0; i < s->n_slots; i++)
        start(s, i);
    rebalance(s);
}

struct sim_result sim_run_schedule(uint64_t seed, const struct sim_without *without,
                                   struct sim_counts *counts, bool is_traced)
{
    static struct sim_world w;
    struct sim_result r = {0};
    struct schedule s = {.w = &w};

    memset(&w, 0, offsetof(struct sim_world, server));
    w.rng.state = seed;
    w.counts = counts;
    w.without_protocol = without->protocol;
    w.without_store = without->store;
    w.is_derive_off = without->is_derive_off;
    w.is_calm = false;
    w.is_traced = is_traced;
    sim_too_late = 0;
    set_up(&s, &w);
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

/* ---- defences ---------------------------------------------------------------------------------
 */

static const struct {
    const char *name;
    struct sim_without without;
    uint32_t seeds;
} defences[] = {
    {"recycle", {PROTOCOL_RECYCLE, 0, false}, 6000},
    {"fence_all", {PROTOCOL_FENCE_ALL, 0, false}, 6000},
    {"note", {PROTOCOL_NOTE, 0, false}, 6000},
    {"goes_on", {PROTOCOL_GOES_ON, 0, false}, 6000},
    {"acked", {PROTOCOL_ACKED, 0, false}, 6000},
    {"tick", {PROTOCOL_TICK, 0, false}, 6000},
    {"quiet", {PROTOCOL_QUIET, 0, false}, 6000},
    {"levels", {PROTOCOL_LEVELS, 0, false}, 6000},
    {"sweep", {PROTOCOL_SWEEP, 0, false}, 6000},
    {"compare", {PROTOCOL_COMPARE, 0, false}, 6000},
    {"prefix", {PROTOCOL_PREFIX, 0, false}, 6000},
    {"log_start", {PROTOCOL_LOG_START, 0, false}, 6000},
    {"newinc", {0, SIM_NEWINC, false}, 6000},
    {"epoch", {0, SIM_EPOCH, false}, 6000},
    {"claims", {0, SIM_CLAIMS, false}, 6000},
    {"mark", {0, SIM_MARK, false}, 6000},
    {"lease", {0, SIM_LEASE, false}, 6000},
    {"again", {0, SIM_AGAIN, false}, 6000},
    {"applied", {0, SIM_APPLIED, false}, 6000},
    {"derive", {0, 0, true}, 6000},
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

uint32_t sim_defence_seeds(size_t i)
{
    return defences[i].seeds;
}

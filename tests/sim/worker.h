/* worker.h - a simulated worker thread: protocol.h driven against the simulated store and broker.
 *
 * Each runs in a coroutine of its own, so that its code reads straight on while anything can
 * happen between two of its calls: it is resumed by sim_worker_step(), stops at each call that
 * leaves the process, and is simply dropped when it is killed.
 */
#ifndef WEIR_TESTS_SIM_WORKER_H
#define WEIR_TESTS_SIM_WORKER_H

#include "broker.h"

struct sim_counts {
    uint64_t steps, kills, pauses, rebalances, time_outs, lost_answers, conflicts, late_ends,
        aborts;
    uint64_t restarts, rollbacks, flushes, trims, recoveries, replays, recycled, batches;
    uint64_t fenced_slots, twin_slots;
};

struct sim_world {
    struct rng rng;
    int64_t now_ms;
    const struct sim_form *form;
    struct sim_broker broker;
    struct sim_counts *counts;
    uint32_t without_protocol, without_store;
    bool is_calm;  /* no more faults */
    bool is_short; /* a replay may not reach back to all that was not judged */
    bool is_traced;
};

struct sim_worker;

/* member: id in the group, never used twice. */
struct sim_worker *sim_worker_new(struct sim_world *w, uint32_t slot, uint32_t member);
void sim_worker_free(struct sim_worker *k);
/* On to its next call. */
void sim_worker_step(struct sim_worker *k);
/* It has nothing to do. */
bool sim_worker_waits(const struct sim_worker *k);
/* It is in the midst of a recovery. */
bool sim_worker_recovers(const struct sim_worker *k);
uint32_t sim_worker_member(const struct sim_worker *k);

void sim_trace(const struct sim_world *w, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif

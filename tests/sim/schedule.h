/* schedule.h - one schedule of the simulator: a seed is a world, its faults, and what came of it.
 */
#ifndef WEIR_TESTS_SIM_SCHEDULE_H
#define WEIR_TESTS_SIM_SCHEDULE_H

#include "worker.h"

struct sim_result {
    uint32_t lost;    /* findings or Closes that are not there */
    uint32_t doubled; /* record uids that are there twice */
    uint32_t wrong;   /* unexpected findings, counts of Closes that are not the model's */
    uint32_t stuck;   /* not consumed, or open for ever */
    uint32_t early;   /* operations that timers had passed */
    uint32_t expected, records;
    bool is_inexact; /* part of the log was gone when it was needed */
};

/* One defence by its name, switched off: false: no such name. NULL: none. */
struct sim_without {
    uint32_t protocol, store;
    bool is_calm; /* nothing goes wrong at all: what the rules alone do */
};
bool sim_without(const char *name, struct sim_without *out);
/* Names in order; NULL past the end. */
const char *sim_defence_name(size_t i);
/* The form can do without it, so that one sees. */
bool sim_defence_is_of(size_t i, const struct sim_form *form);
/* How many seeds it may take until a schedule without it goes wrong. */
uint32_t sim_defence_seeds(size_t i);

struct sim_result sim_run_schedule(const struct sim_form *form, uint64_t seed,
                                   const struct sim_without *without, struct sim_counts *counts,
                                   bool is_traced);

static inline bool sim_is_bad(const struct sim_result *r)
{
    return r->lost || r->doubled || r->wrong || r->stuck || r->early;
}

#endif

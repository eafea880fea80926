/* plan.h - the planted part of a load: attacks whose outcome is known, and when each of their
 * events arrives.
 *
 * An attack is one user of its own doing something that a rule of loadtest/rules looks for, or just
 * not: a hit too few, a millisecond too long, one event too late. All events of all attacks are
 * made before the first is sent, so that a seed says everything.
 *
 * Time     t is the event's own; it arrives at `arrival`, never before t. As all events of the
 *          planted profile keep to that, an event is late exactly if its attack wants it: it then
 *          comes right behind a tick (an event no rule looks for) on its partition.
 * Truth    one NDJSON line per attack: {"attack","family","case","rule","key","fires","events"};
 *          fires null: only a model knows. No code of weir's operators has a part in it.
 */
#ifndef WEIR_LOADTEST_PLAN_H
#define WEIR_LOADTEST_PLAN_H

#include "base/buf.h"
#include "tests/lib/rng.h"

enum {
    PLAN_ANY = -1,       /* any partition */
    PLAN_JITTER_MS = 900 /* an event that is in no hurry arrives within this */
};

struct plan_event {
    int64_t arrival_ms, t_ms;
    uint64_t number;   /* in order of planning: between equal arrivals */
    size_t at, n;      /* its record in plan.text; n = 0: a tombstone */
    uint32_t attack;   /* its number */
    int32_t partition; /* PLAN_ANY: the sender's choice */
    const char *bad;   /* why it is a dead letter; NULL: it is none */
};

struct plan_options {
    uint64_t seed;
    uint32_t n_attacks, n_bad;
    uint32_t n_partitions;
    int64_t start_ms, span_ms; /* first events of attacks lie in it */
    int64_t lateness_ms;       /* of the profile loadtest */
    const char *prefix;        /* of users and hosts: another load, other entities */
};

struct plan {
    struct plan_event *events; /* by arrival */
    size_t n, cap;
    struct buf text, truth;
    uint32_t n_attacks, n_bad;
};

void plan_make(const struct plan_options *o, struct plan *out);
void plan_release(struct plan *p);

#endif

/* operator_run.h - an operator of several stages on the step runner: hits in, met conditions out.
 *
 * Signals go to their stage and timers run again, as the correlator does with its levels.
 */
#ifndef WEIR_TESTS_LIB_OPERATOR_RUN_H
#define WEIR_TESTS_LIB_OPERATOR_RUN_H

#include "correlate/operator.h"
#include "correlate/record.h"
#include "tests/lib/rng.h"

enum { MET_TEXT = 160, MET_CITED = 16 };

struct met {
    int64_t t_ms;
    struct state_key key;
    uint64_t value;
    int64_t measured_micro;
    char keys[16]; /* as the signal had them */
    char text[MET_TEXT], detail[MET_TEXT];
    uint64_t cited[MET_CITED]; /* offsets of the events that it cites, in its order */
    size_t n_cited;
};

struct operator_run;

struct operator_run *operator_run_new(const struct operator_kind_info *info,
                                      struct operator_spec *spec);
void operator_run_free(struct operator_run *r);

void operator_run_hit(struct operator_run *r, struct state_key key, int64_t t_ms,
                      const struct hit *hit);
void operator_run_watermark(struct operator_run *r, int64_t ms);
/* Drop what says that it is idle: nothing may change by it. */
void operator_run_sweep(struct operator_run *r);
struct step_runner *operator_run_steps(struct operator_run *r);

/* All that were met so far, in order of (t, key, value); valid until the next call of anything. */
const struct met *operator_run_met(struct operator_run *r, size_t *n);

/* Facts that were told so far, without the texts of a hit; valid until the next call of anything.
 */
const struct signal *operator_run_facts(const struct operator_run *r, size_t *n);

/* A key that is as good as number `a`, `b`. */
struct state_key operator_run_key(uint32_t a, uint32_t b);

/* An order of arrival in which no event is more than lateness_ms behind the newest before it. */
struct arrival {
    int64_t at_ms; /* scratch */
    int64_t t_ms;
    uint32_t index; /* of the event */
};
/* times[n], in any order, to out[n]. */
void arrivals_shuffle(struct rng *rng, const int64_t *times, size_t n, int64_t lateness_ms,
                      struct arrival *out);

#endif

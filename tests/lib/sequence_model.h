/* sequence_model.h - what a sequence must tell of the events of one key, from the whole list: a
 * state machine over them in their order, with missing items looked up afterwards in all events.
 */
#ifndef WEIR_TESTS_LIB_SEQUENCE_MODEL_H
#define WEIR_TESTS_LIB_SEQUENCE_MODEL_H

#include "rule/correlation.h"

enum { SEQUENCE_MODEL_STAGES = 16 }; /* runs counted */

struct sequence_event {
    int64_t t_ms;
    uint64_t value;  /* order of events of one time */
    uint32_t labels; /* bit i: it is item i */
};

struct sequence_told {
    int64_t t_ms;
    size_t n_steps, at[SEQUENCE_MODEL_STAGES]; /* numbers of the events */
};

/* In the order that the model takes them in. */
void sequence_events_sort(struct sequence_event *events, size_t n);

/* Appends what is told, in the order of the last events; an event completes one at most. */
size_t sequence_model(const struct correlation *c, int64_t window_ms,
                      const struct sequence_event *events, size_t n, struct sequence_told *out);

#endif

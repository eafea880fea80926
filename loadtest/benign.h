/* benign.h - the telemetry around the attacks: lines of a shared lane in a circle, or made up.
 *
 * Made up    processes of some hundred hosts and users with an own time, product `benign`, about
 *            400 bytes; every line is another.
 * A lane     events without a time of their own: the record's counts.
 */
#ifndef WEIR_LOADTEST_BENIGN_H
#define WEIR_LOADTEST_BENIGN_H

#include "base/buf.h"
#include "tests/lib/rng.h"

struct benign {
    struct rng rng;
    struct buf lane; /* its lines; empty: made up */
    size_t *ends;    /* of each line in it */
    size_t n_lines, cap, next;
    struct buf made;
};

/* lane: NAME of lane-NAME of the shared data; NULL: made up. False: it is not there. */
bool benign_init(struct benign *b, uint64_t seed, const char *lane);
void benign_release(struct benign *b);
/* Valid until the next call. */
struct str benign_next(struct benign *b, int64_t t_ms);

#endif

/* tally.h - the findings of one run over files, each with its name and its last count: to be
 * compared with those of another run.
 *
 * Events go through state in the order of their times, as `weir replay` takes them by default, and
 * everything ends at the end.
 *
 * Memory   graph and store must outlive it. At most TALLY_MAX findings; later ones are counted.
 * Threads  belongs to one thread.
 */
#ifndef WEIR_APP_TALLY_H
#define WEIR_APP_TALLY_H

#include "base/err.h"
#include "correlate/graph.h"
#include "detect/pick.h"

enum { TALLY_MAX = 4 * 1024 * 1024 };

struct tallied {
    uint32_t rule; /* of the graph, then whatever the caller makes of it */
    uint8_t uid[16];
    uint64_t count;
    int64_t first_ms;
};

struct tally;

struct tally *tally_new(const struct graph *graph, struct store *store);
void tally_free(struct tally *t);

/* A picked event with its operations. */
MUST_USE enum weir_rc tally_add(struct tally *t, const struct picked *e, struct weir_err *err);
/* No more events: all of them, in no order. They live as long as the tally. */
MUST_USE enum weir_rc tally_finish(struct tally *t, struct tallied **out, size_t *n,
                                   struct weir_err *err);
uint64_t tally_beyond(const struct tally *t);

#endif

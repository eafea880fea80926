/* pressure.h - a rule's state is full: who has to know.
 *
 * Whoever floods a rule with keys makes its space forget some of them. What the spaces of a rule
 * had to give up is added up over each minute of event time, and one finding tells it (state/
 * finding.h, is_full): which minute a batch belongs to is where the watermark stands behind it, and
 * a minute is told once the watermark has left it. The uid is made of tenant, rule uid and
 * "state:" with the minute's start in ms, so a replay gives the same ones.
 *
 * Limits   the numbers are what this store gave up on behalf of this program: another store
 *          gives up others. What the unfinished minute had is forgotten with the program. Several
 *          workers on one store each tell what they made it give up, under the same uid; such a
 *          finding is made beside the outbox, so a batch that is done again may tell it less or
 *          not.
 * Threads  belongs to one thread, that of the store.
 * Memory   graph and store must outlive it; counts per rule and space are made once.
 */
#ifndef WEIR_CORRELATE_PRESSURE_H
#define WEIR_CORRELATE_PRESSURE_H

#include "base/base.h"
#include "correlate/graph.h"
#include "state/finding.h"
#include "state/store.h"

struct pressure;

/* The graph's spaces are attached to the store; what it counted before does not concern us. */
struct pressure *pressure_new(const struct graph *g, const struct store *s);
void pressure_free(struct pressure *p);

/* An operation goes to this space; t_ms: its event time. */
void pressure_touch(struct pressure *p, uint32_t space, int64_t t_ms);

/* Behind each store_apply(): spaces that had no operations may have given something up for those
 * that had. */
void pressure_touch_givers(struct pressure *p);

/* The batch is applied. watermark_ms: behind it; INT64_MIN: not known, then the newest event counts
 * as far as time has come; INT64_MAX: the end. Afterwards pressure_next() tells what is due, by
 * rule; the texts are valid until it is called again. */
void pressure_end_batch(struct pressure *p, int64_t watermark_ms);
bool pressure_next(struct pressure *p, uint32_t *rule, struct finding *out);

struct pressure_counts {
    uint64_t findings;
    uint64_t most_bytes; /* that the fullest space had at the end of a batch */
    uint64_t most_capsule_bytes;
};
struct pressure_counts pressure_counts(const struct pressure *p);

#endif

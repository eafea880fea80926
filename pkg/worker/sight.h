/* sight.h - what a lane's engine knows of its rules, told to the metrics a few rules at a time:
 * what they cost (sampled), and which of them are blind.
 *
 * A rule is blind when nothing that it may see has come (SIGHT_NO_SOURCE), or when its formula
 * cannot become true by the fields that its sources had so far (SIGHT_NO_FIELD): an atom about a
 * field that no event of a shape had counts as false there, its negation as possible. Judged once
 * the engine has run for SIGHT_AFTER_MS.
 *
 * Cost     a turn looks at SIGHT_RULES rules; a round over all begins at most every SIGHT_ROUND_MS.
 * Threads  that of the engine.
 */
#ifndef WEIR_WORKER_SIGHT_H
#define WEIR_WORKER_SIGHT_H

#include "base/base.h"
#include "detect/engine.h"
#include "worker/metric.h"

enum { SIGHT_RULES = 64, SIGHT_ROUND_MS = 10 * 1000, SIGHT_AFTER_MS = 10 * 60 * 1000 };

/* One for each engine, new with each rule set that is taken. */
struct sight {
    int64_t begun_ms, round_ms;
    uint32_t next;
};

void sight_init(struct sight *s, int64_t now_ms);
/* At a batch edge. `rules` as metric_use_rules() has them. */
void sight_turn(struct sight *s, struct engine *e, size_t n_rules, struct metric_lane *l,
                int64_t now_ms);

#endif

/* first_seen.h - terms that a group has not shown before.
 *
 * Stage 0 has a cell per (group, term), stage 1 one per group. A term's hits are kept as runs:
 * hits with gaps of at most the history H between them. A run's first hit is a new term, whatever
 * the order in which the hits came: runs are the connected pieces of all hits. Once the watermark
 * is behind a run's start, stage 0 tells the group; only the run's ends stay (18 bytes).
 *
 * The group judges its new terms in time order: is it
 * trained, are there too many terms? Past FIRST_SEEN_TERMS_MAX it tells once that its cardinality
 * exploded; from then on a Bloom filter of bounded size knows the terms whose own cells the store
 * had to give up.
 *
 * What was judged is what a fact journal is made of (facts.h): a term began, a term is still there
 * (each FACT_PARTS-th of H).
 *
 * Source   Elastic's new_terms and Cortex's training and activation periods; docs/state.md.
 */
#ifndef WEIR_CORRELATE_FIRST_SEEN_H
#define WEIR_CORRELATE_FIRST_SEEN_H

#include "correlate/operator.h"

enum {
    FIRST_SEEN_TERMS_MAX = 100000, /* of a group, within H */
    FIRST_SEEN_RUNS_MAX = 64,      /* of a term that are not decided yet */
    FIRST_SEEN_PENDING_MAX = 8192, /* new terms of a group that one watermark brings; more of them
                                      are counted, not told */
    FIRST_SEEN_BLOOM_BYTES = 65536,
    FIRST_SEEN_TEXT_MAX = 102 /* bytes of a term in clear */
};
/* Between the values of a term of several fields, where they are told in clear. */
#define FIRST_SEEN_BETWEEN '\x1f'
#define FIRST_SEEN_HISTORY_MS (30 * 86400000ll) /* if the rule says nothing */

/* hit.label of signals to stage 1: the term is there from the time in number_micro (milliseconds
 * here) to t. */
enum first_seen_label {
    FIRST_SEEN_NEW = 0,           /* begins */
    FIRST_SEEN_STILL = 0x46530001 /* is still there */
};

cell_step first_seen_term_step, first_seen_group_step;
int64_t first_seen_history_ms(const struct correlation *c);

#endif

/* fact_batch.h - what a batch has taught: records for topics.state, in the transaction of the
 * batch.
 *
 *     fact_batch_listen(f, graph, correlator)     with each new correlator
 *     fact_batch_clear(f)                         before correlator_begin()
 *     fact_batch_record(f, i, &key, &value)       for i below fact_batch_count(f), at PRODUCE
 *
 * Facts come out of the store with what was told of them (correlate/facts.h): published here in the
 * same transaction, so a fact that can be read says that its finding is out. Those of a batch that
 * was aborted lie in the outbox and come again; a repeated one changes nothing.
 *
 * Memory   grows with the batch; kept as long as batches of late need it. Threads: belongs to one.
 */
#ifndef WEIR_WORKER_FACT_BATCH_H
#define WEIR_WORKER_FACT_BATCH_H

#include "correlate/correlator.h"
#include "correlate/graph.h"

struct fact_batch;

struct fact_batch *fact_batch_new(void);
void fact_batch_free(struct fact_batch *f);

void fact_batch_listen(struct fact_batch *f, const struct graph *g, struct correlator *c);
void fact_batch_clear(struct fact_batch *f);
size_t fact_batch_count(const struct fact_batch *f);
/* Valid until the next call. */
void fact_batch_record(struct fact_batch *f, size_t i, struct str *key, struct str *value);

#endif

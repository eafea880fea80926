/* bench_sample.h - the rules that can see the inputs, or a fixed sample of them.
 *
 * For the question how cost grows with the number of rules: all that can see a lane against a
 * hundred of them. A rule's place in the sample depends on its uid and the seed alone, so the same
 * rules are drawn on every machine and in every order of loading.
 */
#ifndef WEIR_APP_BENCH_SAMPLE_H
#define WEIR_APP_BENCH_SAMPLE_H

#include "app/rules.h"
#include "app/source.h"
#include "base/buf.h"

enum { BENCH_FEED_BYTES = 1024 * 1024 /* as a replay reads */ };

/* Leave in the book at most n of the rules whose logsource allows at least one event of `texts`
 * (one per input of `source`), in their old order; *n_visible is how many such rules there are. */
MUST_USE enum weir_rc bench_sample(struct rule_book *book, const struct extract_options *extract,
                                   const struct source *source, const struct buf *texts, uint64_t n,
                                   uint64_t seed, size_t *n_visible, struct weir_err *err);

/* All bytes of all inputs through a stream, in blocks as a replay reads them. */
MUST_USE enum weir_rc bench_feed(struct stream *stream, const struct source *source,
                                 const struct buf *texts, struct weir_err *err);

#endif

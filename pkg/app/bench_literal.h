/* bench_literal.h - the literal engine alone: how fast, and is it right?
 *
 * All texts that rules look for inside values (contains, startswith, endswith), field by field,
 * against the values that the events of the inputs have and that a rule of their source asks for,
 * in batches as the matcher has them. Unescaping and folding are done before. A sample of the
 * values is searched by memmem() and memcmp() too, and each pair of value and text that only one of
 * the two finds is a difference.
 */
#ifndef WEIR_APP_BENCH_LITERAL_H
#define WEIR_APP_BENCH_LITERAL_H

#include "app/rules.h"
#include "app/source.h"
#include "base/buf.h"

struct bench_literal_options {
    double seconds;
    bool is_json;
    const struct extract_options *extract;
};

/* Appends the figures to `out`. *is_exact: the sample showed no difference. */
MUST_USE enum weir_rc bench_literals(const struct rule_book *book,
                                     const struct bench_literal_options *options,
                                     const struct source *source, const struct buf *texts,
                                     struct buf *out, bool *is_exact, struct weir_err *err);

#endif

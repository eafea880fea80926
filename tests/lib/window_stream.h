/* window_stream.h - random streams for the window operators, and what they told in the end.
 *
 * A stream is a list of hits of one group, and an order of arrival: each hit up to the lateness
 * behind its time, never below the watermark, except for those that are late on purpose, which an
 * operator must ignore. The model of an operator looks at the hits in time order and says at
 * which times its condition holds; here follows what must be told of that.
 */
#ifndef WEIR_TESTS_LIB_WINDOW_STREAM_H
#define WEIR_TESTS_LIB_WINDOW_STREAM_H

#include "correlate/operator.h"
#include "tests/lib/rng.h"

enum { STREAM_MAX = 4096 };

struct stream_hit {
    int64_t t_ms, arrival_ms;
    uint64_t value;
    uint32_t label;
    bool is_late; /* arrives when the watermark has passed it */
};

struct stream {
    struct stream_hit hits[STREAM_MAX]; /* in time order */
    uint32_t n;
    struct correlation correlation;
    struct operator_spec spec; /* points to the correlation */
    uint32_t density;          /* hits per window, about; at least 8 */
    bool is_tumbling;          /* final: at the ends of windows, not at each hit */
};

/* Does the condition hold for the hits [from, to), in time order? Of them hits[to - 1] is one of
 * the last time. */
typedef bool stream_model(const struct stream *s, uint32_t from, uint32_t to);

/* Times that fit the window (spec.window_ms): bursts, W - 1, W, W + 1, long silences. */
void stream_fill(struct stream *s, struct rng *rng, uint32_t n, uint32_t values, uint32_t labels);
/* A new order of arrival. */
void stream_shuffle(struct stream *s, struct rng *rng);

/* Run the operator (watermark calls and sweeps at random) and compare with the model: findings by
 * bucket with their final counts, or times of signals. Fails the test if they differ. Gives how
 * many findings or signals there were. */
uint32_t stream_check(const struct stream *s, const struct operator_kind_info *info,
                      stream_model *model, struct rng *rng);

#endif

/* distinct_window.h - which values were seen in [e - W, e], for any e that may still matter,
 * whatever the order they came in.
 *
 * Time is cut into bins: at each whole multiple of W and at each bucket edge. Of each value and
 * bin the first and the last time is kept, of a bin at most the values with the `keep` smallest
 * firsts and the `keep` largest lasts. That is enough to say at every candidate (below) exactly
 * whether at least `keep` values are in the window; distinct_window.c has the proof.
 *
 * The window is the head of a cell; what the operator keeps besides (its book) is the tail, which
 * is moved along as the window grows.
 *
 * Units    milliseconds; for W over DISTINCT_FINE_MS whole seconds: times are then rounded down.
 * Memory   32 bytes, and 20 for each value and bin (24 to 32 where there are more than
 *          DISTINCT_SMALL, with an index). When the cell cannot grow the value is not kept and
 *          distinct_window_is_exact() is false from then on.
 * Threads  as the cell.
 */
#ifndef WEIR_CORRELATE_DISTINCT_WINDOW_H
#define WEIR_CORRELATE_DISTINCT_WINDOW_H

#include "base/base.h"
#include "state/cell.h"

#define DISTINCT_FINE_MS (INT64_C(1) << 30) /* about 12 days */
enum { DISTINCT_SMALL = 48, DISTINCT_VALUES_MAX = 300000 };

struct distinct_window {
    struct cell *cell;
    int64_t window_ms;              /* > 0 */
    int64_t bucket_ms, bucket_zero; /* length of buckets, start of any one of them */
    uint32_t keep;                  /* the threshold, > 0 */
};

/* What adding a time changed. */
struct distinct_change {
    bool is_none;      /* nothing: it lies between the first and the last of its value and bin */
    bool is_candidate; /* a first of its bin: the condition may hold at it */
    bool is_newest;    /* no later time is known */
    int64_t gap_ms;    /* then: since the newest time before; 0 for the first */
    int64_t t_ms;      /* as the window sees it (rounded) */
    /* Only windows that end in [from, to] have gained the value; empty if from > to. */
    int64_t from_ms, to_ms;
};

/* Lay out an empty window in a new cell. False: no memory. */
MUST_USE bool distinct_window_init(const struct distinct_window *w);
/* The bytes are a window of this version. */
bool distinct_window_is_valid(const struct distinct_window *w);
/* Where the tail of the cell begins. */
uint32_t distinct_window_bytes(const struct distinct_window *w);

/* The value was seen at t_ms, which is not below the watermark. */
struct distinct_change distinct_window_add(const struct distinct_window *w, int64_t t_ms,
                                           uint64_t value, int64_t watermark_ms);

/* Distinct values in [at - W, at]: exact up to keep, from there on at least keep. */
uint32_t distinct_window_count(const struct distinct_window *w, int64_t at_ms);
/* The values in [at - W, at] as bits, for values below 64. */
uint64_t distinct_window_mask(const struct distinct_window *w, int64_t at_ms);

/* The firsts, in no order: if a condition that more values cannot undo holds at any time of a
 * bucket, it holds at one of these in that bucket. */
uint32_t distinct_window_n(const struct distinct_window *w);
int64_t distinct_window_candidate(const struct distinct_window *w, uint32_t i);

/* The newest time that it knows of; it is not empty. */
int64_t distinct_window_newest(const struct distinct_window *w);

/* Two numbers that the operator keeps here: what the count is at most at the newest time, and at
 * the other candidates. */
struct distinct_bounds {
    uint32_t at_newest, elsewhere;
};
struct distinct_bounds distinct_window_bounds(const struct distinct_window *w);
void distinct_window_set_bounds(const struct distinct_window *w, struct distinct_bounds b);

/* Forget what no window that ends at the watermark or later can hold. */
void distinct_window_expire(const struct distinct_window *w, int64_t watermark_ms);
bool distinct_window_is_exact(const struct distinct_window *w);

#endif

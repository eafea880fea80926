/* sorter.h - items put in order of (time, number) with bounded memory.
 *
 * Items are kept up to SORTER_MEMORY_MAX bytes; then they are sorted and spilled to a nameless
 * temporary file (TMPDIR, default /tmp) as a run; runs are merged at the end. Past
 * SORTER_RUNS_MAX runs they are merged into one before the next is written.
 *
 * Memory   an item handed out is valid until the next call.
 * Threads  belongs to one thread.
 * Errors   WEIR_IO, with one line: the temporary file cannot be made, written or read.
 */
#ifndef WEIR_APP_SORTER_H
#define WEIR_APP_SORTER_H

#include "base/base.h"
#include "base/err.h"

enum { SORTER_MEMORY_MAX = 64 * 1024 * 1024, SORTER_RUNS_MAX = 64 };

struct sort_item {
    int64_t time_ms;
    uint64_t number; /* among equal times: the lower first; no two items have both equal */
    struct str bytes;
};

struct sorter;

/* memory_max 0: SORTER_MEMORY_MAX. */
struct sorter *sorter_new(size_t memory_max);
void sorter_free(struct sorter *s);

/* The bytes are copied. */
MUST_USE enum weir_rc sorter_add(struct sorter *s, const struct sort_item *item,
                                 struct weir_err *err);

/* Call fn for every item in order; then the sorter is empty. */
typedef enum weir_rc sorter_fn(void *context, const struct sort_item *item, struct weir_err *err);
MUST_USE enum weir_rc sorter_drain(struct sorter *s, sorter_fn *fn, void *context,
                                   struct weir_err *err);

#endif

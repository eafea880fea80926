/* source.h - all input files of a command, one after the other, into a stream or into memory. */
#ifndef WEIR_APP_SOURCE_H
#define WEIR_APP_SOURCE_H

#include "app/progress.h"
#include "app/stream.h"
#include "app/text_list.h"
#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"

struct source {
    struct arena *arena;
    struct text_list files; /* names by number */
    bool has_stdin;
    uint64_t bytes_total; /* on disk; 0 if one of them has no size */
};

/* Find the files that the paths mean and check that each can be opened, before any work. */
MUST_USE enum weir_rc source_open(const struct text_list *paths, struct source *out,
                                  struct weir_err *err);
void source_release(struct source *s);

/* Feed everything to the stream. A file whose packed data is damaged is complained about; what
 * was read before counts, the other files go on, and *n_damaged tells. */
MUST_USE enum weir_rc source_run(const struct source *s, struct stream *stream,
                                 struct progress *progress, unsigned *n_damaged,
                                 struct weir_err *err);

/* All bytes of all files, in memory: texts[i] is file i; for benchmarks. */
MUST_USE enum weir_rc source_slurp(const struct source *s, struct buf *texts, struct weir_err *err);

#endif

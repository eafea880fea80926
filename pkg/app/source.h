/* source.h - all input files of a command, one after the other, to whoever takes them. */
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

/* Who takes the bytes: of one file in order between begin and end. Anything but WEIR_OK ends the
 * reading with that code. */
struct source_sink {
    void *context;
    void (*begin)(void *context, uint32_t input);
    enum weir_rc (*feed)(void *context, const char *p, size_t n, struct weir_err *err);
    enum weir_rc (*end)(void *context, struct weir_err *err);
    /* The packed data of the file is damaged: what was fed is all there is of it. */
    void (*damaged)(void *context, const struct weir_err *err);
    /* After each feed: bytes on disk, of all files, that have been taken. */
    void (*passed)(void *context, uint64_t position);
    /* Nothing more has come for a while (input_pauses); NULL: nobody asks. */
    enum weir_rc (*paused)(void *context, struct weir_err *err);
};

/* Read all files. Of a damaged file counts what was read before; the other files go on. */
MUST_USE enum weir_rc source_read(const struct source *s, const struct source_sink *sink,
                                  struct weir_err *err);

/* Called when the inputs pause. */
struct source_pause {
    enum weir_rc (*fn)(void *context, struct weir_err *err);
    void *context;
};

/* The same into a stream on this thread. Damaged files are complained about and counted. pause may
 * be NULL. */
MUST_USE enum weir_rc source_run(const struct source *s, struct stream *stream,
                                 struct progress *progress, const struct source_pause *pause,
                                 unsigned *n_damaged, struct weir_err *err);

/* All bytes of all files, in memory: texts[i] is file i; for benchmarks. */
MUST_USE enum weir_rc source_slurp(const struct source *s, struct buf *texts, struct weir_err *err);

#endif

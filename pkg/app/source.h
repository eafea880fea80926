/* source.h - all inputs of a command, one after the other, to whoever takes them: files, then
 * stretches of Kafka topics, where each partition is an input (stretch.h). */
#ifndef WEIR_APP_SOURCE_H
#define WEIR_APP_SOURCE_H

#include "app/progress.h"
#include "app/stream.h"
#include "app/stretch.h"
#include "app/text_list.h"
#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "detect/origin.h"

struct source {
    struct arena *arena;
    struct origin_input *inputs; /* by number: files, then partitions of topics */
    size_t n_inputs, n_files;
    struct stretch **stretches;
    size_t n_stretches;
    bool has_stdin;
    bool is_read_again; /* set by who reads it twice: what is damaged has been told */
    /* Of what the sink's passed() counts, bytes on disk or offsets; 0 if not known, or both. */
    uint64_t total;
};

/* Find the files that the paths mean and check that each can be opened, before any work; the same
 * with kafka://, if `access` is there: NULL refuses it. */
MUST_USE enum weir_rc source_open(const struct text_list *paths,
                                  const struct stretch_access *access, struct source *out,
                                  struct weir_err *err);
void source_release(struct source *s);

/* Of a damaged file, on stderr; nothing where an earlier reading has told it. */
void source_complain(const struct source *s, const struct weir_err *err);

/* What rules ask of records beside their bytes; see stretch_want(). */
void source_want(const struct source *s, const struct transport_names *names);

/* What will be read, as bytes: the same again if a later run would read the same. */
void source_identify(const struct source *s, struct buf *out);

/* Who takes the bytes: of one file in order between begin and end; of a topic its records instead.
 * Anything but WEIR_OK ends the reading with that code. */
struct source_sink {
    void *context;
    void (*begin)(void *context, uint32_t input);
    enum weir_rc (*feed)(void *context, const char *p, size_t n, struct weir_err *err);
    /* Valid during the call; NULL: the source was opened without access to topics. */
    enum weir_rc (*messages)(void *context, const struct stream_message *m, size_t n,
                             struct weir_err *err);
    enum weir_rc (*end)(void *context, struct weir_err *err);
    /* The packed data of the file is damaged: what was fed is all there is of it. */
    void (*damaged)(void *context, const struct weir_err *err);
    /* After each feed: bytes on disk, of all files, that have been taken; or so many offsets. */
    void (*passed)(void *context, uint64_t position);
    /* Nothing more has come for a while (input_pauses); NULL: nobody asks. */
    enum weir_rc (*paused)(void *context, struct weir_err *err);
};

/* Read all inputs. Of a damaged file counts what was read before; the others go on. */
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

/* All bytes of all files, in memory: texts[i] is file i; for benchmarks. No topics. */
MUST_USE enum weir_rc source_slurp(const struct source *s, struct buf *texts, struct weir_err *err);

#endif

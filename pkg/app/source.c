/* source.c - all input files of a command, one after the other. */
#include "app/source.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "app/files.h"
#include "app/input.h"
#include "app/outcome.h"
#include "base/str.h"

enum { READ_BYTES = 1024 * 1024 };

static enum weir_rc try_open(struct source *s, struct str path, bool *is_sized,
                             struct weir_err *err)
{
    struct input *in;
    struct stat st;

    if (str_eq(path, STR("-"))) {
        if (s->has_stdin)
            return err_set(err, WEIR_BADARG, "stdin (-) is named twice");
        s->has_stdin = true;
        *is_sized = false;
        return WEIR_OK;
    }
    /* A pipe can be read only once: it is opened when its turn comes. */
    if (stat(path.p, &st) == 0 && !S_ISREG(st.st_mode)) {
        *is_sized = false;
        return WEIR_OK;
    }
    TRY(input_open(path, &in, err));
    s->bytes_total += input_size(in);
    *is_sized = *is_sized && input_size(in) > 0;
    input_close(in);
    return WEIR_OK;
}

static enum weir_rc open_all(const struct text_list *paths, struct source *s, struct weir_err *err)
{
    static const struct files_request request = {
        is_event_path, "event files (.json, .ndjson, .jsonl, .log; also .gz, .zst)", true, false};
    bool is_sized = true;

    TRY(files_collect(s->arena, paths, &request, &s->files, err));
    for (size_t i = 0; i < s->files.n; i++)
        TRY(try_open(s, s->files.items[i], &is_sized, err));
    if (!is_sized)
        s->bytes_total = 0;
    return WEIR_OK;
}

enum weir_rc source_open(const struct text_list *paths, struct source *out, struct weir_err *err)
{
    *out = (struct source){.arena = arena_new(0)};
    enum weir_rc rc = open_all(paths, out, err);
    if (rc != WEIR_OK)
        source_release(out);
    return rc;
}

void source_release(struct source *s)
{
    text_list_release(&s->files);
    if (s->arena)
        arena_free(s->arena);
    *s = (struct source){0};
}

static enum weir_rc read_file(const struct source_sink *sink, struct input *in, char *block,
                              uint64_t before, struct weir_err *err)
{
    for (;;) {
        size_t n = 0;
        if (sink->paused && input_pauses(in))
            TRY(sink->paused(sink->context, err));
        enum weir_rc rc = input_read(in, block, READ_BYTES, &n, err);
        if (rc != WEIR_OK)
            sink->damaged(sink->context, err);
        if (n > 0)
            TRY(sink->feed(sink->context, block, n, err));
        if (rc != WEIR_OK || n == 0)
            return sink->end(sink->context, err);
        sink->passed(sink->context, before + input_position(in));
    }
}

enum weir_rc source_read(const struct source *s, const struct source_sink *sink,
                         struct weir_err *err)
{
    char *block = calloc(READ_BYTES, 1);
    enum weir_rc rc = WEIR_OK;
    uint64_t before = 0;

    ASSERT(block);
    for (size_t i = 0; i < s->files.n && rc == WEIR_OK; i++) {
        struct input *in;
        rc = input_open(s->files.items[i], &in, err);
        if (rc != WEIR_OK)
            break;
        sink->begin(sink->context, (uint32_t)i);
        rc = read_file(sink, in, block, before, err);
        before += input_position(in);
        input_close(in);
    }
    free(block);
    return rc;
}

/* ---- into a stream ------------------------------------------------------------------ */

struct stream_sink {
    struct stream *stream;
    struct progress *progress;
    const struct source_pause *pause;
    unsigned n_damaged;
};

static void begin_stream(void *context, uint32_t input)
{
    stream_begin(((struct stream_sink *)context)->stream, input);
}

static enum weir_rc feed_stream(void *context, const char *p, size_t n, struct weir_err *err)
{
    return stream_feed(((struct stream_sink *)context)->stream, p, n, err);
}

static enum weir_rc end_stream(void *context, struct weir_err *err)
{
    return stream_end(((struct stream_sink *)context)->stream, err);
}

static void tell_damage(void *context, const struct weir_err *err)
{
    struct stream_sink *s = context;

    progress_hide(s->progress);
    complain(err);
    s->n_damaged++;
}

static void tell_progress(void *context, uint64_t position)
{
    struct stream_sink *s = context;

    progress_update(s->progress, position, stream_counts(s->stream)->events);
}

static enum weir_rc tell_pause(void *context, struct weir_err *err)
{
    struct stream_sink *s = context;

    return s->pause->fn(s->pause->context, err);
}

enum weir_rc source_run(const struct source *s, struct stream *stream, struct progress *progress,
                        const struct source_pause *pause, unsigned *n_damaged, struct weir_err *err)
{
    struct stream_sink to = {stream, progress, pause, 0};
    struct source_sink sink = {&to,
                               begin_stream,
                               feed_stream,
                               end_stream,
                               tell_damage,
                               tell_progress,
                               pause ? tell_pause : NULL};
    enum weir_rc rc = source_read(s, &sink, err);

    *n_damaged = to.n_damaged;
    return rc;
}

/* ---- into memory ---------------------------------------------------------------------- */

static enum weir_rc slurp_file(struct str path, struct buf *text, struct weir_err *err)
{
    struct input *in;
    enum weir_rc rc;
    size_t n;

    TRY(input_open(path, &in, err));
    do {
        char *p = buf_reserve(text, READ_BYTES);
        rc = input_read(in, p, READ_BYTES, &n, err);
        text->n += n;
    } while (rc == WEIR_OK && n > 0);
    input_close(in);
    return rc;
}

enum weir_rc source_slurp(const struct source *s, struct buf *texts, struct weir_err *err)
{
    for (size_t i = 0; i < s->files.n; i++)
        TRY(slurp_file(s->files.items[i], &texts[i], err));
    return WEIR_OK;
}

/* source.c - all inputs of a command, one after the other. */
#include "app/source.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "app/files.h"
#include "app/input.h"
#include "app/outcome.h"
#include "base/pack.h"
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
    s->total += input_size(in);
    *is_sized = *is_sized && input_size(in) > 0;
    input_close(in);
    return WEIR_OK;
}

static enum weir_rc open_files(const struct text_list *paths, struct source *s,
                               struct weir_err *err)
{
    static const struct files_request request = {
        is_event_path, "event files (.json, .ndjson, .jsonl, .log; also .gz, .zst)", true, false};
    struct text_list files = {0};
    bool is_sized = true;

    enum weir_rc rc = files_collect(s->arena, paths, &request, &files, err);
    s->inputs = ARENA_ARRAY(s->arena, files.n, struct origin_input);
    for (size_t i = 0; i < files.n && rc == WEIR_OK; i++) {
        s->inputs[s->n_inputs++].name = files.items[i];
        rc = try_open(s, files.items[i], &is_sized, err);
    }
    s->n_files = s->n_inputs;
    if (!is_sized)
        s->total = 0;
    text_list_release(&files);
    return rc;
}

/* Its partitions become inputs. */
static enum weir_rc open_stretch(struct source *s, const struct stretch_access *access,
                                 struct str path, struct weir_err *err)
{
    struct stretch *stretch;
    size_t n;

    TRY(stretch_open(access, path, &stretch, err));
    s->stretches[s->n_stretches++] = stretch;
    const struct kafka_reader_part *parts = stretch_parts(stretch, &n);
    struct origin_input *all = ARENA_ARRAY(s->arena, s->n_inputs + n, struct origin_input);
    for (size_t i = 0; i < s->n_inputs; i++)
        all[i] = s->inputs[i];
    s->inputs = all;
    for (size_t i = 0; i < n; i++) {
        all[s->n_inputs++] = (struct origin_input){
            .name = str_from(parts[i].topic),
            .partition = (uint32_t)parts[i].partition,
            .is_topic = true,
            .partition_text = arena_printf(s->arena, "%d", parts[i].partition),
        };
        s->total += (uint64_t)(parts[i].to - parts[i].from);
    }
    return WEIR_OK;
}

static enum weir_rc open_topics(const struct text_list *paths, const struct stretch_access *access,
                                struct source *s, struct weir_err *err)
{
    s->stretches = ARENA_ARRAY(s->arena, paths->n, struct stretch *);
    for (size_t i = 0; i < paths->n; i++)
        TRY(open_stretch(s, access, paths->items[i], err));
    if (s->n_files && paths->n)
        s->total = 0;
    return WEIR_OK;
}

static enum weir_rc open_all(const struct text_list *paths, const struct stretch_access *access,
                             struct source *s, struct weir_err *err)
{
    struct text_list files = {0}, topics = {0};
    enum weir_rc rc = WEIR_OK;

    for (size_t i = 0; i < paths->n; i++)
        text_list_add(is_stretch(paths->items[i]) ? &topics : &files, paths->items[i]);
    if (topics.n && !access)
        rc = err_set(err, WEIR_UNSUPPORTED,
                     "%.*s: topics are read by `weir explain` and `weir replay`, and not for "
                     "--compare (elsewhere: kcat -C ... > FILE)",
                     (int)topics.items[0].n, topics.items[0].p);
    if (rc == WEIR_OK)
        rc = open_files(&files, s, err);
    if (rc == WEIR_OK)
        rc = open_topics(&topics, access, s, err);
    text_list_release(&files);
    text_list_release(&topics);
    return rc;
}

enum weir_rc source_open(const struct text_list *paths, const struct stretch_access *access,
                         struct source *out, struct weir_err *err)
{
    *out = (struct source){.arena = arena_new(0)};
    enum weir_rc rc = open_all(paths, access, out, err);
    if (rc != WEIR_OK)
        source_release(out);
    return rc;
}

void source_release(struct source *s)
{
    for (size_t i = 0; i < s->n_stretches; i++)
        stretch_free(s->stretches[i]);
    if (s->arena)
        arena_free(s->arena);
    *s = (struct source){0};
}

void source_complain(const struct source *s, const struct weir_err *err)
{
    if (!s->is_read_again)
        complain(err);
}

void source_want(const struct source *s, const struct transport_names *names)
{
    for (size_t i = 0; i < s->n_stretches; i++)
        stretch_want(s->stretches[i], names);
}

void source_identify(const struct source *s, struct buf *out)
{
    for (size_t i = 0; i < s->n_inputs; i++)
        pack_str(out, s->inputs[i].name);
    for (size_t i = 0; i < s->n_stretches; i++)
        stretch_identify(s->stretches[i], out);
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

static enum weir_rc read_files(const struct source *s, const struct source_sink *sink,
                               uint64_t *before, struct weir_err *err)
{
    char *block = calloc(READ_BYTES, 1);
    enum weir_rc rc = WEIR_OK;

    ASSERT(block);
    for (size_t i = 0; i < s->n_files && rc == WEIR_OK; i++) {
        struct input *in;
        rc = input_open(s->inputs[i].name, &in, err);
        if (rc != WEIR_OK)
            break;
        sink->begin(sink->context, (uint32_t)i);
        rc = read_file(sink, in, block, *before, err);
        *before += input_position(in);
        input_close(in);
    }
    free(block);
    return rc;
}

enum weir_rc source_read(const struct source *s, const struct source_sink *sink,
                         struct weir_err *err)
{
    uint32_t input = (uint32_t)s->n_files;
    uint64_t before = 0;

    TRY(read_files(s, sink, &before, err));
    for (size_t i = 0; i < s->n_stretches; i++) {
        size_t n;
        TRY(stretch_read(s->stretches[i], input, sink, before, err));
        const struct kafka_reader_part *parts = stretch_parts(s->stretches[i], &n);
        for (size_t k = 0; k < n; k++)
            before += (uint64_t)(parts[k].to - parts[k].from);
        input += (uint32_t)n;
    }
    return WEIR_OK;
}

/* ---- into a stream ------------------------------------------------------------------ */

struct stream_sink {
    const struct source *source;
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

static enum weir_rc messages_to_stream(void *context, const struct stream_message *m, size_t n,
                                       struct weir_err *err)
{
    struct stream *stream = ((struct stream_sink *)context)->stream;

    for (size_t i = 0; i < n; i++)
        TRY(stream_message(stream, &m[i], err));
    return stream_flush(stream, err);
}

static enum weir_rc end_stream(void *context, struct weir_err *err)
{
    return stream_end(((struct stream_sink *)context)->stream, err);
}

static void tell_damage(void *context, const struct weir_err *err)
{
    struct stream_sink *s = context;

    progress_hide(s->progress);
    source_complain(s->source, err);
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
    struct stream_sink to = {s, stream, progress, pause, 0};
    struct source_sink sink = {.context = &to,
                               .begin = begin_stream,
                               .feed = feed_stream,
                               .messages = messages_to_stream,
                               .end = end_stream,
                               .damaged = tell_damage,
                               .passed = tell_progress,
                               .paused = pause ? tell_pause : NULL};
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
    for (size_t i = 0; i < s->n_files; i++)
        TRY(slurp_file(s->inputs[i].name, &texts[i], err));
    return WEIR_OK;
}

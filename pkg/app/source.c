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

/* One file; *is_damaged: its error has been told, and what came before it has been fed. */
static enum weir_rc run_file(struct stream *stream, struct input *in, char *block,
                             struct progress *progress, uint64_t before, bool *is_damaged,
                             struct weir_err *err)
{
    for (;;) {
        size_t n = 0;
        enum weir_rc rc = input_read(in, block, READ_BYTES, &n, err);
        if (rc != WEIR_OK) {
            progress_hide(progress);
            complain(err);
            *is_damaged = true;
        }
        if (n > 0)
            TRY(stream_feed(stream, block, n, err));
        if (rc != WEIR_OK || n == 0)
            return stream_end(stream, err);
        progress_update(progress, before + input_position(in), stream_counts(stream)->events);
    }
}

enum weir_rc source_run(const struct source *s, struct stream *stream, struct progress *progress,
                        unsigned *n_damaged, struct weir_err *err)
{
    char *block = calloc(READ_BYTES, 1);
    enum weir_rc rc = WEIR_OK;
    uint64_t before = 0;

    ASSERT(block);
    *n_damaged = 0;
    for (size_t i = 0; i < s->files.n && rc == WEIR_OK; i++) {
        struct input *in;
        bool is_damaged = false;
        rc = input_open(s->files.items[i], &in, err);
        if (rc != WEIR_OK)
            break;
        stream_begin(stream, (uint32_t)i);
        rc = run_file(stream, in, block, progress, before, &is_damaged, err);
        *n_damaged += is_damaged;
        before += input_position(in);
        input_close(in);
    }
    free(block);
    return rc;
}

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

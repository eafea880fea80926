/* resume.c - a replay that comes back after a crash. */
#include "app/resume.h"

#include <string.h>

#include "base/pack.h"
#include "base/str.h"
#include "state/store_dir.h"

enum { POSITION_VERSION = 1, RUNS_ON = 0, OVER = 1, OVER_AND_KEPT = 2 };

enum weir_rc resume_open(struct resume *r, struct store *store, uint64_t run, struct weir_err *err)
{
    struct buf position = {0};

    *r = (struct resume){.store = store, .run = run, .watermark_ms = INT64_MIN};
    enum weir_rc rc = store_dir_load(store, &position, err);
    if (rc == WEIR_OK && position.n) {
        struct unpack u = unpack_from(buf_str(&position));
        uint8_t version = unpack_u8(&u), end = unpack_u8(&u);
        uint64_t was = unpack_u64(&u), seen = unpack_u64(&u);
        int64_t watermark = unpack_i64(&u);
        uint64_t start = unpack_u64(&u);
        if (version != POSITION_VERSION || !unpack_ok(&u)) {
            rc = err_set(err, WEIR_BADARG, "--state: the directory's position is not readable");
        } else if (end == OVER_AND_KEPT) { /* another run, on the windows of the one before */
            r->watermark_ms = watermark;
            r->journal_start = store_dir_journal_bytes(store);
        } else if (was != run) {
            rc = err_set(err, WEIR_BADARG,
                         "--state: the directory holds a run over other rules, inputs or options "
                         "(another directory, or remove it)");
        } else {
            r->seen = seen;
            r->watermark_ms = watermark;
            r->is_over = end == OVER;
            r->journal_start = start;
        }
    }
    buf_release(&position);
    return rc;
}

void resume_release(struct resume *r)
{
    buf_release(&r->lines);
}

void resume_line(struct resume *r, struct str line)
{
    buf_add(&r->lines, line);
    buf_add_char(&r->lines, '\n');
}

enum weir_rc resume_commit(struct resume *r, uint64_t seen, int64_t watermark_ms, bool is_last,
                           bool keeps, struct weir_err *err)
{
    struct buf position = {0};
    uint8_t end = !is_last ? RUNS_ON : keeps ? OVER_AND_KEPT : OVER;

    pack_u8(&position, POSITION_VERSION);
    pack_u8(&position, end);
    pack_u64(&position, r->run);
    pack_u64(&position, seen);
    pack_i64(&position, watermark_ms);
    pack_u64(&position, r->journal_start);
    enum weir_rc rc = store_dir_commit(r->store, buf_str(&position), buf_str(&r->lines), err);
    buf_release(&position);
    buf_clear(&r->lines);
    return rc;
}

/* Pieces of the journal to whole lines. */
struct lines {
    resume_fn *fn;
    void *context;
    struct buf rest; /* a line that is not whole yet */
    uint64_t skip;   /* bytes of earlier runs */
    struct weir_err *err;
    enum weir_rc rc;
};

/* A store_dir_write. */
static bool take(void *context, struct str bytes)
{
    struct lines *l = context;

    size_t skip = l->skip < bytes.n ? (size_t)l->skip : bytes.n;
    l->skip -= skip;
    bytes = str_sub(bytes, skip, bytes.n);
    while (bytes.n && l->rc == WEIR_OK) {
        const char *end = memchr(bytes.p, '\n', bytes.n);
        size_t n = end ? (size_t)(end - bytes.p) : bytes.n;
        if (!end || l->rest.n)
            buf_add(&l->rest, str_sub(bytes, 0, n));
        if (end) {
            l->rc = l->fn(l->context, l->rest.n ? buf_str(&l->rest) : str_sub(bytes, 0, n), l->err);
            buf_clear(&l->rest);
        }
        bytes = str_sub(bytes, n + (end != NULL), bytes.n);
    }
    return l->rc == WEIR_OK;
}

enum weir_rc resume_finish(struct resume *r, resume_fn *fn, void *context, struct weir_err *err)
{
    struct lines l = {.fn = fn, .context = context, .skip = r->journal_start, .err = err};

    TRY(store_dir_finish(r->store, err));
    enum weir_rc rc = store_dir_journal(r->store, take, &l, err);
    buf_release(&l.rest);
    return l.rc != WEIR_OK ? l.rc : rc;
}

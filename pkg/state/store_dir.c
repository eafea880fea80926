/* store_dir.c - a store_mem that is watched: each commit appends what has changed to a log.
 *
 * Order of a commit: the output goes to the journal, then one frame with the changed cells, the
 * position, and length and running checksum of the journal goes to the log. The frame decides: a
 * journal longer than the last whole frame says is cut. Frames are numbered without gaps; a
 * snapshot has the number of the commit that it shows, and frames up to that number are skipped,
 * so a crash between a snapshot and the new log does no harm.
 *
 *     new log, no snapshot --commit--> log grows --too long--> snapshot (written beside, renamed),
 *     then a new log (written beside, renamed) */
#include "state/store_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "state/store_dir_impl.h"

static struct dir_store *dir_of(struct store *s);

/* ---- what changes -------------------------------------------------------------------------- */

static void note_change(void *context, uint32_t space, const struct state_key *key)
{
    struct dir_store *d = context;

    if (d->n_changes == d->cap_changes) {
        d->cap_changes = d->cap_changes ? d->cap_changes * 2 : 1024;
        d->changes = reallocarray(d->changes, d->cap_changes, sizeof *d->changes);
        ASSERT(d->changes);
    }
    d->changes[d->n_changes++] = (struct dir_change){space, *key};
}

static int by_space_and_key(const void *a, const void *b)
{
    const struct dir_change *x = a, *y = b;

    if (x->space != y->space)
        return x->space < y->space ? -1 : 1;
    return memcmp(&x->key, &y->key, sizeof x->key);
}

static void drop_repeated(struct dir_store *d)
{
    size_t n = 0;

    if (d->n_changes > 1)
        qsort(d->changes, d->n_changes, sizeof *d->changes, by_space_and_key);
    for (size_t i = 0; i < d->n_changes; i++)
        if (i == 0 || by_space_and_key(&d->changes[i], &d->changes[n - 1]) != 0)
            d->changes[n++] = d->changes[i];
    d->n_changes = n;
}

/* ---- errors -------------------------------------------------------------------------------- */

enum weir_rc dir_blame(const struct dir_store *d, const char *name, struct weir_err *err)
{
    char path[ERR_FILE_MAX + 16];
    int n = snprintf(path, sizeof path, "%s%s%s", d->path, name ? "/" : "", name ? name : "");

    err_file(err, (struct str){path, (size_t)n});
    return err->code;
}

/* ---- commits ------------------------------------------------------------------------------- */

static void pack_commit(struct dir_store *d)
{
    drop_repeated(d);
    buf_clear(&d->frame);
    size_t place = dir_frame_begin(&d->frame, FRAME_COMMIT, d->number);
    dir_pack_end(d, &d->frame);
    pack_u32(&d->frame, (uint32_t)d->n_changes);
    for (size_t i = 0; i < d->n_changes; i++)
        dir_pack_change(d, &d->changes[i]);
    dir_frame_end(&d->frame, place);
    d->n_changes = 0;
}

static enum weir_rc sync_files(struct dir_store *d, struct weir_err *err)
{
    if (fdatasync(d->journal) != 0 || fdatasync(d->log) != 0)
        return err_set(err, WEIR_IO, "cannot sync the state: %s", strerror(errno));
    return WEIR_OK;
}

static enum weir_rc commit(struct dir_store *d, struct str position, struct str output,
                           struct weir_err *err)
{
    TRY(dir_write_all(d->journal, output, "journal", err));
    d->journal_bytes += output.n;
    if (output.n)
        XXH3_64bits_update(d->journal_sum, output.p, output.n);
    buf_clear(&d->position);
    buf_add(&d->position, position);
    d->number++;
    pack_commit(d);
    TRY(dir_write_all(d->log, buf_str(&d->frame), "log", err));
    d->log_bytes += d->frame.n;
    if (d->is_synced)
        TRY(sync_files(d, err));
    return d->log_bytes > d->log_max_bytes ? dir_make_snapshot(d, err) : WEIR_OK;
}

enum weir_rc store_dir_commit(struct store *s, struct str position, struct str output,
                              struct weir_err *err)
{
    struct dir_store *d = dir_of(s);

    ASSERT(d->is_loaded && !d->is_looking);
    return commit(d, position, output, err) == WEIR_OK ? WEIR_OK : dir_blame(d, NULL, err);
}

enum weir_rc store_dir_finish(struct store *s, struct weir_err *err)
{
    return sync_files(dir_of(s), err) == WEIR_OK ? WEIR_OK : dir_blame(dir_of(s), NULL, err);
}

uint64_t store_dir_journal_bytes(const struct store *s)
{
    return ((const struct dir_store *)s)->journal_bytes;
}

enum weir_rc store_dir_journal(struct store *s, store_dir_write *write, void *context,
                               struct weir_err *err)
{
    struct dir_store *d = dir_of(s);
    struct str file;

    if (dir_map(d->dir, "journal", &file, err) != WEIR_OK)
        return dir_blame(d, NULL, err);
    bool goes_on = true;
    for (size_t at = 0; goes_on && at < d->journal_bytes; at += DIR_PIECE_BYTES)
        goes_on = write(context, str_sub(str_sub(file, 0, d->journal_bytes), at, DIR_PIECE_BYTES));
    dir_unmap(file);
    return goes_on ? WEIR_OK : WEIR_CLOSED;
}

/* ---- opening ------------------------------------------------------------------------------- */

enum weir_rc dir_open_file(struct dir_store *d, const char *name, int flags, int *fd,
                           struct weir_err *err)
{
    *fd = openat(d->dir, name, flags | O_CLOEXEC, 0600);
    if (*fd < 0)
        return err_set(err, WEIR_IO, "cannot open '%s': %s", name, strerror(errno));
    return WEIR_OK;
}

static enum weir_rc take_lock(struct dir_store *d, struct weir_err *err)
{
    char text[32] = "";

    TRY(dir_open_file(d, "lock", O_RDWR | O_CREAT, &d->lock, err));
    if (flock(d->lock, LOCK_EX | LOCK_NB) != 0) {
        ssize_t n = read(d->lock, text, sizeof text - 1);
        return err_set(err, WEIR_IO, "in use by another weir (process %.*s)", n > 0 ? (int)n : 1,
                       n > 0 ? text : "?");
    }
    int n = snprintf(text, sizeof text, "%ld", (long)getpid());
    if (ftruncate(d->lock, 0) != 0)
        return err_set(err, WEIR_IO, "cannot write the lock: %s", strerror(errno));
    return dir_write_all(d->lock, (struct str){text, (size_t)n}, "lock", err);
}

static enum weir_rc open_dir(struct dir_store *d, const struct store_dir_options *o,
                             struct weir_err *err)
{
    char path[4096];

    if (o->path.n == 0 || o->path.n >= sizeof path)
        return err_set(err, WEIR_BADARG, "the path of the state is empty or too long");
    memcpy(path, o->path.p, o->path.n);
    path[o->path.n] = '\0';
    if (!o->is_looking && mkdir(path, 0700) != 0 && errno != EEXIST)
        return err_set(err, WEIR_IO, "cannot make the directory: %s", strerror(errno));
    d->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (d->dir < 0)
        return err_set(err, WEIR_IO, "cannot open the directory: %s", strerror(errno));
    if (o->is_looking)
        return WEIR_OK;
    TRY(take_lock(d, err));
    return dir_open_file(d, "journal", O_RDWR | O_CREAT, &d->journal, err);
}

enum weir_rc store_dir_load(struct store *s, struct buf *position, struct weir_err *err)
{
    struct dir_store *d = dir_of(s);

    ASSERT(!d->is_loaded);
    if ((d->is_looking ? dir_load_to_look(d, err) : dir_load_files(d, err)) != WEIR_OK)
        return dir_blame(d, NULL, err);
    d->is_loaded = true;
    if (!d->is_looking) {
        store_mem_pool(d->mem)->watch = note_change;
        store_mem_pool(d->mem)->watch_context = d;
    }
    buf_clear(position);
    buf_add(position, buf_str(&d->position));
    return WEIR_OK;
}

/* ---- the store's face ---------------------------------------------------------------------- */

static uint32_t dir_add_space(struct store *s, const struct space_spec *spec)
{
    ASSERT(!dir_of(s)->is_loaded);
    return store_add_space(dir_of(s)->mem, spec);
}

static enum weir_rc dir_apply(struct store *s, const struct store_batch *b,
                              const struct emission **out, size_t *n, enum store_answer *answer,
                              struct weir_err *err)
{
    ASSERT(dir_of(s)->is_loaded && !b->parts);
    return store_apply(dir_of(s)->mem, b, out, n, answer, err);
}

static int64_t dir_next_due(const struct store *s)
{
    return store_next_due(((const struct dir_store *)s)->mem);
}

static void dir_set_total(struct store *s, uint64_t bytes)
{
    store_set_total(dir_of(s)->mem, bytes);
}

static const uint32_t *dir_gave(const struct store *s, size_t *n)
{
    return store_gave(((const struct dir_store *)s)->mem, n);
}

static enum weir_rc dir_look(struct store *s, uint32_t space, const struct state_key *key,
                             struct store_glance *out, struct weir_err *err)
{
    ASSERT(dir_of(s)->is_loaded);
    return store_look(dir_of(s)->mem, space, key, out, err);
}

static struct store_stats dir_stats(const struct store *s, uint32_t space)
{
    return store_stats(((const struct dir_store *)s)->mem, space);
}

static void close_fd(int fd)
{
    if (fd >= 0)
        close(fd);
}

static void dir_free(struct store *s)
{
    struct dir_store *d = dir_of(s);

    store_free(d->mem);
    close_fd(d->log);
    close_fd(d->journal);
    close_fd(d->lock);
    close_fd(d->dir);
    XXH3_freeState(d->journal_sum);
    buf_release(&d->position);
    buf_release(&d->frame);
    free(d->changes);
    free(d->map);
    free(d);
}

static const struct store_vtable dir_vtable = {
    .set_total = dir_set_total,
    .add_space = dir_add_space,
    .gave = dir_gave,
    .apply = dir_apply,
    .next_due = dir_next_due,
    .look = dir_look,
    .stats = dir_stats,
    .free = dir_free,
};

static struct dir_store *dir_of(struct store *s)
{
    ASSERT(s->vtable == &dir_vtable);
    return (struct dir_store *)s;
}

struct store *store_dir_open(const struct store_dir_options *o, struct weir_err *err)
{
    struct dir_store *d = calloc(1, sizeof *d);

    ASSERT(d);
    *d = (struct dir_store){.base.vtable = &dir_vtable,
                            .dir = -1,
                            .lock = -1,
                            .log = -1,
                            .journal = -1,
                            .is_synced = o->is_synced,
                            .is_looking = o->is_looking,
                            .log_max_bytes =
                                o->log_max_bytes ? o->log_max_bytes : STORE_DIR_LOG_DEFAULT};
    memcpy(d->fingerprint, o->fingerprint, DIR_FINGERPRINT);
    snprintf(d->path, sizeof d->path, "%.*s", (int)o->path.n, o->path.p ? o->path.p : "");
    d->mem = store_mem_new();
    d->journal_sum = XXH3_createState();
    ASSERT(d->journal_sum);
    XXH3_64bits_reset(d->journal_sum);
    if (open_dir(d, o, err) != WEIR_OK) {
        err_file(err, o->path);
        dir_free(&d->base);
        return NULL;
    }
    return &d->base;
}

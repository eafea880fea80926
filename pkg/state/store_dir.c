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

#include "base/pack.h"
#include "base/str.h"
#include "state/dir_file.h"
#include "state/store_impl.h"
#include "state/store_mem.h"
#include "state/store_mem_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

enum frame_type {
    FRAME_SPACES = 1, /* identities, in the order of the numbers that follow */
    FRAME_COMMIT,     /* what changed, position, journal */
    FRAME_CELLS,      /* snapshot: cells */
    FRAME_SMALL,      /* snapshot: small records of a space */
    FRAME_END         /* snapshot: position, journal; a snapshot without it is damaged */
};

enum entry_kind { ENTRY_GONE, ENTRY_CELL, ENTRY_SMALL };

enum {
    PIECE_BYTES = 1024 * 1024, /* of a snapshot's frame, and of reading the journal */
    NO_SPACE = UINT16_MAX
};

/* A key that was changed since the last commit. */
struct change {
    uint32_t space;
    struct state_key key;
};

struct dir_store {
    struct store base; /* first */
    struct store *mem;
    int dir, lock, log, journal;
    char fingerprint[DIR_FINGERPRINT + 1];
    uint64_t log_max_bytes, log_bytes;
    bool is_synced, is_loaded, is_looking;
    uint64_t number; /* of the last commit */
    uint64_t journal_bytes;
    XXH3_state_t *journal_sum;
    struct buf position;
    struct change *changes;
    size_t n_changes, cap_changes;
    struct buf frame;
    uint16_t *map; /* spaces of the file that is being read -> ours, NO_SPACE */
    size_t n_map;
};

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
    d->changes[d->n_changes++] = (struct change){space, *key};
}

static int by_space_and_key(const void *a, const void *b)
{
    const struct change *x = a, *y = b;

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

/* ---- entries ------------------------------------------------------------------------------- */

static void pack_cell(struct buf *out, uint32_t space, const struct state_key *key,
                      const struct cell *c)
{
    pack_u8(out, ENTRY_CELL);
    pack_u32(out, space);
    pack_bytes(out, key, sizeof *key);
    pack_i64(out, c->due_ms);
    pack_i64(out, c->idle_ms);
    pack_u8(out, c->weight);
    pack_str(out, (struct str){(const char *)c->main.p, c->main.n});
    pack_str(out, (struct str){(const char *)c->side.p, c->side.n});
}

static void pack_change(struct dir_store *d, const struct change *c)
{
    uint32_t n_spaces, value;
    int64_t t_ms;
    const struct mem_space *sp = store_mem_space(d->mem, c->space, &n_spaces);
    struct cell cell;

    if (mem_space_get(store_mem_pool(d->mem), sp, &c->key, &cell)) {
        pack_cell(&d->frame, c->space, &c->key, &cell);
        return;
    }
    bool is_small = small_table_peek(&sp->small, &c->key, &t_ms, &value);
    pack_u8(&d->frame, is_small ? ENTRY_SMALL : ENTRY_GONE);
    pack_u32(&d->frame, c->space);
    pack_bytes(&d->frame, &c->key, sizeof c->key);
    if (!is_small)
        return;
    pack_i64(&d->frame, t_ms);
    pack_u32(&d->frame, value);
    pack_i64(&d->frame, sp->small_life_ms);
}

static struct mem_space *space_in_file(struct dir_store *d, uint32_t number)
{
    uint32_t n_spaces;

    if (number >= d->n_map || d->map[number] == NO_SPACE)
        return NULL;
    return store_mem_space(d->mem, d->map[number], &n_spaces);
}

static struct cell_part part_of(struct str bytes)
{
    return (struct cell_part){(uint8_t *)(uintptr_t)bytes.p, (uint32_t)bytes.n, (uint32_t)bytes.n};
}

static void load_cell(struct dir_store *d, struct unpack *u, struct mem_space *sp,
                      const struct state_key *key)
{
    struct cell c = {.due_ms = unpack_i64(u), .idle_ms = unpack_i64(u), .weight = unpack_u8(u)};

    c.main = part_of(unpack_str(u));
    c.side = part_of(unpack_str(u));
    if (sp && unpack_ok(u))
        mem_space_put(store_mem_pool(d->mem), sp, key, &c);
}

/* False: not what was written, though the checksum is right. */
static bool load_entry(struct dir_store *d, struct unpack *u)
{
    uint8_t kind = unpack_u8(u);
    struct mem_space *sp = space_in_file(d, unpack_u32(u));
    struct state_key key;
    struct cell none = {0};

    unpack_bytes(u, &key, sizeof key);
    if (kind == ENTRY_CELL) {
        load_cell(d, u, sp, &key);
    } else if (kind == ENTRY_SMALL) {
        int64_t t_ms = unpack_i64(u);
        uint32_t value = unpack_u32(u);
        int64_t life_ms = unpack_i64(u);
        if (sp && life_ms > sp->small_life_ms)
            sp->small_life_ms = life_ms;
        if (sp && unpack_ok(u))
            mem_space_put_small(store_mem_pool(d->mem), sp, &key, t_ms, value);
    } else if (sp) {
        mem_space_put(store_mem_pool(d->mem), sp, &key, &none);
    }
    return unpack_ok(u) && kind <= ENTRY_SMALL;
}

static void pack_spaces(struct dir_store *d, struct buf *out)
{
    uint32_t n_spaces;

    (void)store_mem_space(d->mem, 0, &n_spaces);
    size_t place = dir_frame_begin(out, FRAME_SPACES, d->number);
    pack_u32(out, n_spaces);
    for (uint32_t i = 0; i < n_spaces; i++)
        pack_bytes(out, store_mem_space(d->mem, i, &n_spaces)->spec.identity, 16);
    dir_frame_end(out, place);
}

static uint16_t space_of_identity(struct dir_store *d, const uint8_t identity[static 16])
{
    uint32_t n_spaces = 1;

    for (uint32_t i = 0; i < n_spaces; i++) {
        const struct mem_space *sp = store_mem_space(d->mem, i, &n_spaces);
        if (sp && memcmp(sp->spec.identity, identity, 16) == 0)
            return (uint16_t)i;
    }
    return NO_SPACE;
}

static bool load_spaces(struct dir_store *d, struct unpack *u)
{
    uint32_t n = unpack_u32(u);
    uint8_t identity[16];

    if (n > STORE_SPACES_MAX)
        return false;
    d->map = reallocarray(d->map, n ? n : 1, sizeof *d->map);
    ASSERT(d->map);
    d->n_map = n;
    for (uint32_t i = 0; i < n; i++) {
        unpack_bytes(u, identity, sizeof identity);
        d->map[i] = space_of_identity(d, identity);
    }
    return unpack_ok(u);
}

/* ---- the end of a commit: position and journal --------------------------------------------- */

static void pack_end(struct dir_store *d, struct buf *out)
{
    pack_str(out, buf_str(&d->position));
    pack_u64(out, d->journal_bytes);
    pack_u64(out, XXH3_64bits_digest(d->journal_sum));
}

struct end {
    struct str position;
    uint64_t journal_bytes, journal_sum;
};

static struct end unpack_end(struct unpack *u)
{
    struct end e;

    e.position = unpack_str(u);
    e.journal_bytes = unpack_u64(u);
    e.journal_sum = unpack_u64(u);
    return e;
}

/* The journal is cut to what was committed, and must be what it was. */
static enum weir_rc check_journal(struct dir_store *d, uint64_t want_sum, struct weir_err *err)
{
    struct str file;

    TRY(dir_map(d->dir, "journal", &file, err));
    if (file.n < d->journal_bytes) {
        size_t n = file.n;
        dir_unmap(file);
        return err_set(err, WEIR_SYNTAX, "the journal has lost its end: %zu bytes of %llu", n,
                       (unsigned long long)d->journal_bytes);
    }
    XXH3_64bits_update(d->journal_sum, file.p ? file.p : "", d->journal_bytes);
    dir_unmap(file);
    if (d->number > 0 && XXH3_64bits_digest(d->journal_sum) != want_sum)
        return err_set(err, WEIR_SYNTAX, "the journal is damaged: its checksum is wrong");
    if (ftruncate(d->journal, (off_t)d->journal_bytes) != 0 || lseek(d->journal, 0, SEEK_END) < 0)
        return err_set(err, WEIR_IO, "cannot cut the journal: %s", strerror(errno));
    return WEIR_OK;
}

/* ---- opening ------------------------------------------------------------------------------- */

static enum weir_rc open_file(struct dir_store *d, const char *name, int flags, int *fd,
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

    TRY(open_file(d, "lock", O_RDWR | O_CREAT, &d->lock, err));
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
    return open_file(d, "journal", O_RDWR | O_CREAT, &d->journal, err);
}

static enum weir_rc sync_dir(struct dir_store *d, struct weir_err *err)
{
    if (fsync(d->dir) != 0)
        return err_set(err, WEIR_IO, "cannot sync the directory: %s", strerror(errno));
    return WEIR_OK;
}

/* What is in d->frame becomes file `name`, or nothing happens to it. */
static enum weir_rc replace_file(struct dir_store *d, const char *name, int fd,
                                 struct weir_err *err)
{
    TRY(dir_write_all(fd, buf_str(&d->frame), name, err));
    if (fsync(fd) != 0)
        return err_set(err, WEIR_IO, "cannot sync '%s': %s", name, strerror(errno));
    if (renameat(d->dir, "new", d->dir, name) != 0)
        return err_set(err, WEIR_IO, "cannot rename '%s': %s", name, strerror(errno));
    return sync_dir(d, err);
}

static enum weir_rc new_log(struct dir_store *d, struct weir_err *err)
{
    int fd;

    TRY(open_file(d, "new", O_RDWR | O_CREAT | O_TRUNC, &fd, err));
    buf_clear(&d->frame);
    dir_header_pack("log ", d->fingerprint, &d->frame);
    pack_spaces(d, &d->frame);
    enum weir_rc rc = replace_file(d, "log", fd, err);
    if (rc != WEIR_OK) {
        close(fd);
        return rc;
    }
    if (d->log >= 0)
        close(d->log);
    d->log = fd;
    d->log_bytes = d->frame.n;
    return WEIR_OK;
}

/* ---- loading ------------------------------------------------------------------------------- */

static bool load_small(struct dir_store *d, struct unpack *u)
{
    struct mem_space *sp = space_in_file(d, unpack_u32(u));
    int64_t life_ms = unpack_i64(u);

    if (sp)
        sp->small_life_ms = life_ms;
    while (unpack_left(u) >= sizeof(struct small_record)) {
        struct small_record r;
        r.name_time = unpack_u64(u);
        r.time_value = unpack_u64(u);
        if (sp)
            mem_space_put_record(store_mem_pool(d->mem), sp, r);
    }
    return unpack_ok(u) && unpack_left(u) == 0;
}

/* What was committed with the frame or snapshot at hand. */
static void take_end(struct dir_store *d, const struct end *e, uint64_t number, uint64_t *sum)
{
    buf_clear(&d->position);
    buf_add(&d->position, e->position);
    d->journal_bytes = e->journal_bytes;
    *sum = e->journal_sum;
    d->number = number;
}

static bool load_snapshot_frame(struct dir_store *d, const struct dir_frame *f, uint64_t *sum,
                                bool *is_whole)
{
    struct unpack u = unpack_from(f->bytes);

    switch (f->type) {
    case FRAME_SPACES:
        return load_spaces(d, &u);
    case FRAME_CELLS:
        while (unpack_left(&u))
            if (!load_entry(d, &u))
                return false;
        return true;
    case FRAME_SMALL:
        return load_small(d, &u);
    case FRAME_END: {
        struct end e = unpack_end(&u);
        take_end(d, &e, f->number, sum);
        *is_whole = unpack_ok(&u);
        return *is_whole;
    }
    default:
        return false;
    }
}

static enum weir_rc load_snapshot(struct dir_store *d, uint64_t *sum, struct weir_err *err)
{
    struct str file;
    struct dir_frame f;
    size_t at = DIR_HEADER_BYTES;
    bool is_whole = false, is_sound = true;

    enum weir_rc rc = dir_map(d->dir, "snapshot", &file, err);
    if (rc == WEIR_NOTFOUND)
        return WEIR_OK;
    if (rc == WEIR_OK)
        rc = dir_header_check(file, "snap", d->fingerprint, err);
    while (rc == WEIR_OK && is_sound && !is_whole && dir_frame_next(file, &at, &f))
        is_sound = load_snapshot_frame(d, &f, sum, &is_whole);
    if (rc == WEIR_OK && (!is_sound || !is_whole || at != file.n))
        rc = err_set(err, WEIR_SYNTAX, "damaged: a checksum is wrong or its end is missing");
    if (rc != WEIR_OK)
        err_file(err, STR("snapshot"));
    dir_unmap(file);
    return rc;
}

static bool load_commit(struct dir_store *d, const struct dir_frame *f, uint64_t *sum)
{
    struct unpack u = unpack_from(f->bytes);
    struct end e = unpack_end(&u);
    uint32_t n = unpack_u32(&u);

    if (!unpack_ok(&u))
        return false;
    for (uint32_t i = 0; i < n; i++)
        if (!load_entry(d, &u))
            return false;
    take_end(d, &e, f->number, sum);
    return unpack_left(&u) == 0;
}

/* Frames up to the first that is not whole; *end: where that is. */
static enum weir_rc load_frames(struct dir_store *d, struct str file, size_t *end, uint64_t *sum,
                                struct weir_err *err)
{
    struct dir_frame f;

    *end = DIR_HEADER_BYTES;
    while (dir_frame_next(file, end, &f)) {
        struct unpack u = unpack_from(f.bytes);
        bool is_sound = true;
        if (f.type == FRAME_SPACES)
            is_sound = load_spaces(d, &u);
        else if (f.type == FRAME_COMMIT && f.number == d->number + 1)
            is_sound = load_commit(d, &f, sum);
        else
            is_sound = f.type == FRAME_COMMIT && f.number <= d->number; /* before the snapshot */
        if (!is_sound)
            return err_set(err, WEIR_SYNTAX,
                           "damaged: record %llu does not follow %llu or is not sound",
                           (unsigned long long)f.number, (unsigned long long)d->number);
    }
    return WEIR_OK;
}

static enum weir_rc load_log(struct dir_store *d, uint64_t *sum, struct weir_err *err)
{
    struct str file;
    size_t end = 0;

    enum weir_rc rc = dir_map(d->dir, "log", &file, err);
    if (rc == WEIR_NOTFOUND && d->number > 0)
        return err_set(err, WEIR_SYNTAX, "there is a snapshot but no log");
    if (rc == WEIR_NOTFOUND)
        return new_log(d, err);
    if (rc == WEIR_OK)
        rc = dir_header_check(file, "log ", d->fingerprint, err);
    if (rc == WEIR_OK)
        rc = load_frames(d, file, &end, sum, err);
    dir_unmap(file);
    if (rc != WEIR_OK) {
        err_file(err, STR("log"));
        return rc;
    }
    TRY(open_file(d, "log", O_RDWR, &d->log, err));
    buf_clear(&d->frame);
    pack_spaces(d, &d->frame); /* the numbers of spaces as they are now */
    if (ftruncate(d->log, (off_t)end) != 0 || lseek(d->log, 0, SEEK_END) < 0)
        return err_set(err, WEIR_IO, "cannot cut the log: %s", strerror(errno));
    d->log_bytes = end + d->frame.n;
    return dir_write_all(d->log, buf_str(&d->frame), "log", err);
}

/* As the last commit left it, whoever is at work on it. The log is taken first, as a whole: if a
 * snapshot comes about meanwhile, that log ends with what the snapshot has or before it. What is
 * being written at its end is no whole frame yet. */
static enum weir_rc load_to_look(struct dir_store *d, struct weir_err *err)
{
    struct buf log = {0};
    uint64_t sum = 0;
    size_t end;

    enum weir_rc rc = dir_read(d->dir, "log", &log, err);
    if (rc == WEIR_NOTFOUND)
        return err_set(err, WEIR_NOTFOUND, "the directory holds no state");
    if (rc == WEIR_OK)
        rc = dir_header_check(buf_str(&log), "log ", d->fingerprint, err);
    if (rc != WEIR_OK)
        err_file(err, STR("log"));
    if (rc == WEIR_OK)
        rc = load_snapshot(d, &sum, err);
    if (rc == WEIR_OK)
        rc = load_frames(d, buf_str(&log), &end, &sum, err);
    buf_release(&log);
    return rc;
}

enum weir_rc store_dir_load(struct store *s, struct buf *position, struct weir_err *err)
{
    struct dir_store *d = dir_of(s);
    uint64_t sum = 0;

    ASSERT(!d->is_loaded);
    if (d->is_looking) {
        TRY(load_to_look(d, err));
        d->is_loaded = true;
        buf_clear(position);
        buf_add(position, buf_str(&d->position));
        return WEIR_OK;
    }
    TRY(load_snapshot(d, &sum, err));
    TRY(load_log(d, &sum, err));
    TRY(check_journal(d, sum, err));
    d->is_loaded = true;
    store_mem_pool(d->mem)->watch = note_change;
    store_mem_pool(d->mem)->watch_context = d;
    buf_clear(position);
    buf_add(position, buf_str(&d->position));
    return WEIR_OK;
}

/* ---- snapshots ----------------------------------------------------------------------------- */

/* Frames of a snapshot are written as they fill up. */
struct snapshot {
    struct dir_store *d;
    int fd;
    uint32_t space;
    size_t place; /* of the open frame */
    enum weir_rc rc;
    struct weir_err *err;
};

static void flush(struct snapshot *w, enum frame_type type)
{
    struct dir_store *d = w->d;

    dir_frame_end(&d->frame, w->place);
    if (w->rc == WEIR_OK)
        w->rc = dir_write_all(w->fd, buf_str(&d->frame), "snapshot", w->err);
    buf_clear(&d->frame);
    w->place = dir_frame_begin(&d->frame, type, d->number);
}

static void snapshot_cell(void *context, const struct state_key *key, const struct cell *c)
{
    struct snapshot *w = context;

    pack_cell(&w->d->frame, w->space, key, c);
    if (w->d->frame.n > PIECE_BYTES)
        flush(w, FRAME_CELLS);
}

static void begin_small(struct snapshot *w, const struct mem_space *sp)
{
    flush(w, FRAME_SMALL);
    pack_u32(&w->d->frame, w->space);
    pack_i64(&w->d->frame, sp->small_life_ms);
}

static void snapshot_small(void *context, const struct small_record *r)
{
    struct snapshot *w = context;
    uint32_t n_spaces;

    pack_u64(&w->d->frame, r->name_time);
    pack_u64(&w->d->frame, r->time_value);
    if (w->d->frame.n > PIECE_BYTES)
        begin_small(w, store_mem_space(w->d->mem, w->space, &n_spaces));
}

static enum weir_rc write_snapshot(struct dir_store *d, int fd, struct weir_err *err)
{
    struct snapshot w = {.d = d, .fd = fd, .err = err};
    uint32_t n_spaces;

    buf_clear(&d->frame);
    dir_header_pack("snap", d->fingerprint, &d->frame);
    pack_spaces(d, &d->frame);
    w.place = dir_frame_begin(&d->frame, FRAME_CELLS, d->number);
    (void)store_mem_space(d->mem, 0, &n_spaces);
    for (w.space = 0; w.space < n_spaces; w.space++)
        mem_space_each(store_mem_pool(d->mem), store_mem_space(d->mem, w.space, &n_spaces),
                       snapshot_cell, &w);
    for (w.space = 0; w.space < n_spaces; w.space++) {
        const struct mem_space *sp = store_mem_space(d->mem, w.space, &n_spaces);
        if (sp->small.n == 0)
            continue;
        begin_small(&w, sp);
        small_table_each(&sp->small, snapshot_small, &w);
    }
    flush(&w, FRAME_END);
    pack_end(d, &d->frame);
    dir_frame_end(&d->frame, w.place);
    TRY(w.rc);
    return replace_file(d, "snapshot", fd, err);
}

static enum weir_rc make_snapshot(struct dir_store *d, struct weir_err *err)
{
    int fd;

    /* The journal must be as safe as the snapshot that speaks of it. */
    if (fdatasync(d->journal) != 0)
        return err_set(err, WEIR_IO, "cannot sync the journal: %s", strerror(errno));
    TRY(open_file(d, "new", O_RDWR | O_CREAT | O_TRUNC, &fd, err));
    enum weir_rc rc = write_snapshot(d, fd, err);
    close(fd);
    TRY(rc);
    return new_log(d, err);
}

/* ---- commits ------------------------------------------------------------------------------- */

static void pack_commit(struct dir_store *d)
{
    drop_repeated(d);
    buf_clear(&d->frame);
    size_t place = dir_frame_begin(&d->frame, FRAME_COMMIT, d->number);
    pack_end(d, &d->frame);
    pack_u32(&d->frame, (uint32_t)d->n_changes);
    for (size_t i = 0; i < d->n_changes; i++)
        pack_change(d, &d->changes[i]);
    dir_frame_end(&d->frame, place);
    d->n_changes = 0;
}

static enum weir_rc sync_files(struct dir_store *d, struct weir_err *err)
{
    if (fdatasync(d->journal) != 0 || fdatasync(d->log) != 0)
        return err_set(err, WEIR_IO, "cannot sync the state: %s", strerror(errno));
    return WEIR_OK;
}

enum weir_rc store_dir_commit(struct store *s, struct str position, struct str output,
                              struct weir_err *err)
{
    struct dir_store *d = dir_of(s);

    ASSERT(d->is_loaded && !d->is_looking);
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
    return d->log_bytes > d->log_max_bytes ? make_snapshot(d, err) : WEIR_OK;
}

enum weir_rc store_dir_finish(struct store *s, struct weir_err *err)
{
    return sync_files(dir_of(s), err);
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

    TRY(dir_map(d->dir, "journal", &file, err));
    bool goes_on = true;
    for (size_t at = 0; goes_on && at < d->journal_bytes; at += PIECE_BYTES)
        goes_on = write(context, str_sub(str_sub(file, 0, d->journal_bytes), at, PIECE_BYTES));
    dir_unmap(file);
    return goes_on ? WEIR_OK : WEIR_CLOSED;
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

/* store_dir_impl.h - the inside of a store_dir. For pkg/state/store_dir*.c alone.
 *
 *     store_dir.c           the store's face, opening, commits
 *     store_dir_entry.c     cells, spaces and the end of a commit as bytes, and back
 *     store_dir_load.c      snapshot, log and journal are read and checked
 *     store_dir_snapshot.c  a new snapshot, a new log
 *
 * Below, "packs" appends to a buffer; "loads" puts what was read into the store_mem, and false says
 * that the bytes are not what was written, though their checksum is right.
 */
#ifndef WEIR_STATE_STORE_DIR_IMPL_H
#define WEIR_STATE_STORE_DIR_IMPL_H

#include <xxhash.h>

#include "base/pack.h"
#include "state/dir_file.h"
#include "state/store_dir.h"
#include "state/store_impl.h"
#include "state/store_mem.h"
#include "state/store_mem_impl.h"

enum dir_frame_type {
    FRAME_SPACES = 1, /* identities, in the order of the numbers that follow */
    FRAME_COMMIT,     /* what changed, position, journal */
    FRAME_CELLS,      /* snapshot: cells */
    FRAME_SMALL,      /* snapshot: small records of a space */
    FRAME_END         /* snapshot: position, journal; a snapshot without it is damaged */
};

enum { DIR_PIECE_BYTES = 1024 * 1024 }; /* of a snapshot's frame, and of reading the journal */

/* A key that was changed since the last commit. */
struct dir_change {
    uint32_t space;
    struct state_key key;
};

struct dir_store {
    struct store base; /* first */
    struct store *mem;
    char path[ERR_FILE_MAX]; /* as it was given, for errors; cut if it is longer */
    int dir, lock, log, journal;
    char fingerprint[DIR_FINGERPRINT + 1];
    uint64_t log_max_bytes, log_bytes;
    bool is_synced, is_loaded, is_looking;
    uint64_t number; /* of the last commit */
    uint64_t journal_bytes;
    XXH3_state_t *journal_sum;
    struct buf position;
    struct dir_change *changes;
    size_t n_changes, cap_changes;
    struct buf frame;
    uint16_t *map; /* spaces of the file that is being read -> ours; store_dir_entry.c */
    size_t n_map;
};

/* Names the file of an error (NULL: the directory), if nothing has named one; returns its code. */
enum weir_rc dir_blame(const struct dir_store *d, const char *name, struct weir_err *err);

/* ---- bytes (store_dir_entry.c) --------------------------------------------------------------- */

void dir_pack_cell(struct buf *out, uint32_t space, const struct state_key *key,
                   const struct cell *c);
/* Into d->frame: the key as it is now. */
void dir_pack_change(struct dir_store *d, const struct dir_change *c);
/* What either has packed. */
bool dir_load_entry(struct dir_store *d, struct unpack *u);
/* All small records of a space. */
bool dir_load_small(struct dir_store *d, struct unpack *u);

/* The identities of our spaces; what follows in the file speaks of them by number. */
void dir_pack_spaces(struct dir_store *d, struct buf *out);
bool dir_load_spaces(struct dir_store *d, struct unpack *u);

/* The end of a commit: position and journal. */
struct dir_end {
    struct str position;
    uint64_t journal_bytes, journal_sum;
};

void dir_pack_end(struct dir_store *d, struct buf *out);
struct dir_end dir_unpack_end(struct unpack *u);

/* ---- files ---------------------------------------------------------------------------------- */

enum weir_rc dir_open_file(struct dir_store *d, const char *name, int flags, int *fd,
                           struct weir_err *err);
/* An empty one takes the place of the log (store_dir_snapshot.c). */
enum weir_rc dir_new_log(struct dir_store *d, struct weir_err *err);
/* All cells as they are now; then a new log. */
enum weir_rc dir_make_snapshot(struct dir_store *d, struct weir_err *err);
/* Snapshot, log and journal, which is cut to what was committed (store_dir_load.c). */
enum weir_rc dir_load_files(struct dir_store *d, struct weir_err *err);
/* As the last commit left it, whoever is at work on it; nothing is changed. */
enum weir_rc dir_load_to_look(struct dir_store *d, struct weir_err *err);

#endif

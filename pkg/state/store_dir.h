/* store_dir.h - state in the process that comes back after a crash: a directory beside it.
 *
 *     struct store *s = store_dir_open(&options, &err);   lock, look at the files
 *     store_add_space(s, ...)                             as always, all of them
 *     store_dir_load(s, &position, &err)                  empty position: start anew
 *     for each batch from that position on:
 *         store_apply(s, ...)                             all rounds
 *         store_dir_commit(s, position, output, &err)     batch, position and output at once
 *     store_dir_finish(s, &err)
 *     store_dir_journal(s, write, context, &err)          all output, from the first batch on
 *     store_free(s)
 *
 * A commit makes three things true together: the cells as they are now, the position (bytes that
 * only the caller understands: where the input stands, its clocks), and the output so far. After
 * a crash at any moment load gives back the last commit: what came behind it is gone, and reading
 * the input again from the position makes it again. So output must be made from the journal
 * alone, not from what batches emitted along the way.
 *
 * Files    `lock`; `snapshot` (all cells at one commit); `log` (what each commit since has
 *          changed); `journal` (the output). Records carry a checksum; a torn or damaged end of
 *          the log is cut off, which only means an earlier commit. A snapshot or journal that is
 *          not what it was is an error, as is a directory of another version or another secret.
 * Safety   a commit survives the death of the process; with is_synced also that of the machine.
 * Limits   cells of spaces that no rule has any more are dropped at load. Which cells are evicted
 *          under a full budget may differ after a restart.
 * Threads  belongs to one thread; one process (a lock says so).
 */
#ifndef WEIR_STATE_STORE_DIR_H
#define WEIR_STATE_STORE_DIR_H

#include "base/buf.h"
#include "state/store.h"

enum { STORE_DIR_LOG_DEFAULT = 64 * 1024 * 1024 };

struct store_dir_options {
    struct str path;         /* made if it is absent; its parent must be there */
    const char *fingerprint; /* of the secret: 16 characters (state_secret_fingerprint) */
    uint64_t log_max_bytes;  /* a snapshot is made when the log has grown beyond; 0: default */
    bool is_synced;          /* each commit waits for the disk */
    bool is_looking;         /* as it was last committed; for store_look() alone */
};

/* NULL: err says why (in use by process N, not a directory, another version ...). With is_looking
 * the directory must be there, and may be in use: nothing in it is locked, made, cut or written. */
MUST_USE struct store *store_dir_open(const struct store_dir_options *o, struct weir_err *err);

/* Once, when all spaces are there. *position: that of the last commit (cleared and filled). */
MUST_USE enum weir_rc store_dir_load(struct store *s, struct buf *position, struct weir_err *err);

/* WEIR_IO: nothing of the commit counts, and the store must be given up. */
MUST_USE enum weir_rc store_dir_commit(struct store *s, struct str position, struct str output,
                                       struct weir_err *err);

/* All is on the disk. */
MUST_USE enum weir_rc store_dir_finish(struct store *s, struct weir_err *err);

/* Bytes of output committed so far. */
uint64_t store_dir_journal_bytes(const struct store *s);

/* The output from the beginning, in pieces. `write` false: stop (WEIR_CLOSED). */
typedef bool store_dir_write(void *context, struct str bytes);
MUST_USE enum weir_rc store_dir_journal(struct store *s, store_dir_write *write, void *context,
                                        struct weir_err *err);

#endif

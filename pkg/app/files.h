/* files.h - which files a list of paths means.
 *
 * A file stands for itself, whatever its ending. A directory stands for the files below it
 * that `wanted` takes, sorted by path; names that begin with a dot are left out. Symbolic
 * links are followed, but not back up to a directory that the walk is in.
 */
#ifndef WEIR_APP_FILES_H
#define WEIR_APP_FILES_H

#include "app/text_list.h"
#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"

enum { FILES_DEPTH_MAX = 64 };

struct files_request {
    bool (*wanted)(struct str path);
    const char *what; /* "rule files (.yml, .yaml ...)": for the error about an empty directory */
    bool takes_stdin; /* "-" is a file of its own */
    bool is_unique;   /* a file that was met before (same inode) is left out */
};

/* Append the files to out; texts are copied into the arena, each followed by a NUL.
 * WEIR_NOTFOUND for a missing path or a directory without wanted files, WEIR_IO for one that
 * cannot be read; err->file names it. */
MUST_USE enum weir_rc files_collect(struct arena *a, const struct text_list *paths,
                                    const struct files_request *request, struct text_list *out,
                                    struct weir_err *err);

/* True for .json, .ndjson, .jsonl and .log, also with .gz or .zst behind. */
bool is_event_path(struct str path);

/* The whole file as text in the arena. WEIR_LIMIT if it has more than max bytes. */
MUST_USE enum weir_rc file_read(struct arena *a, struct str path, size_t max, struct str *out,
                                struct weir_err *err);

#endif

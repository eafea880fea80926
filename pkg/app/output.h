/* output.h - where data goes: stdout, or a file that appears whole or not at all.
 *
 * A file is written under no name (or a temporary one in the same directory where the
 * system has no nameless files), synced, and renamed at output_commit(). Without commit
 * nothing is left and an older file of that name is untouched. Devices and pipes are
 * written to directly.
 *
 * Errors  WEIR_IO with one line that names the file; WEIR_CLOSED when the reader of a pipe went
 *         away (SIGPIPE has to be ignored: main does).
 * Memory  the path is copied.
 * Threads belongs to one thread.
 */
#ifndef WEIR_APP_OUTPUT_H
#define WEIR_APP_OUTPUT_H

#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"

struct output;

/* Empty path or "-": stdout. */
MUST_USE enum weir_rc output_open(struct str path, struct output **out, struct weir_err *err);

/* Buffered; a failure may show at a later call. */
MUST_USE enum weir_rc output_write(struct output *o, struct str text, struct weir_err *err);
MUST_USE enum weir_rc output_line(struct output *o, struct str text, struct weir_err *err);
/* The same without a copy: what is appended to the buffer is a line once output_end_line() is
 * called; nothing else is written in between. */
struct buf *output_begin_line(struct output *o);
MUST_USE enum weir_rc output_end_line(struct output *o, struct weir_err *err);

/* What is buffered goes out. */
MUST_USE enum weir_rc output_flush(struct output *o, struct weir_err *err);

/* Flush; a file: sync and rename. Nothing may be written afterwards. */
MUST_USE enum weir_rc output_commit(struct output *o, struct weir_err *err);

/* Writes all of text, commits and frees o; text is released. Whatever comes back, both are gone. */
MUST_USE enum weir_rc output_finish(struct output *o, struct buf *text, struct weir_err *err);

/* Not committed: what was written to a file is gone. */
void output_free(struct output *o);

/* True if a person reads it directly. */
bool output_is_terminal(const struct output *o);
uint64_t output_lines(const struct output *o);
/* Handed to output_write() and output_line() so far. */
uint64_t output_bytes(const struct output *o);

#endif

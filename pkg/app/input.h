/* input.h - the bytes of one event file, unpacked as they are read.
 *
 * gzip and zstd are told by their first bytes, not by the name, so they work on stdin
 * too; several members or frames behind each other are one text.
 *
 * Errors  a file that cannot be opened, or whose packed data is damaged or cut off, gives
 *         WEIR_IO with one line that names it; the bytes before the damage have been given out.
 * Memory  the path is copied; bytes go to the caller's room.
 * Threads belongs to one thread.
 */
#ifndef WEIR_APP_INPUT_H
#define WEIR_APP_INPUT_H

#include "base/base.h"
#include "base/err.h"

struct input;

/* "-" is stdin. */
MUST_USE enum weir_rc input_open(struct str path, struct input **out, struct weir_err *err);
void input_close(struct input *in);

/* The next bytes, at most cap; *n == 0 at the end. On an error, too, *n bytes are good. */
MUST_USE enum weir_rc input_read(struct input *in, char *p, size_t cap, size_t *n,
                                 struct weir_err *err);

/* True if there is nothing more to read at the moment and nothing has come for INPUT_PAUSE_MS: a
 * pipe whose writer takes a rest. Waits up to that long. */
enum { INPUT_PAUSE_MS = 200 };
bool input_pauses(struct input *in);

/* Bytes taken from the file itself (packed), and its size, 0 if it has none (a pipe). */
uint64_t input_position(const struct input *in);
uint64_t input_size(const struct input *in);

#endif

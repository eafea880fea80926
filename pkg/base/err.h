/* err.h - what went wrong, told so that a person can mend it.
 *
 * A function returns enum weir_rc for its caller and fills a struct weir_err for the
 * reader. The text names the cause; file, line and column say where. Rendered as
 * `file:line:col: error: text`, followed by the source line where it is known.
 */
#ifndef WEIR_BASE_ERR_H
#define WEIR_BASE_ERR_H

#include "base/base.h"

enum { ERR_TEXT_MAX = 512, ERR_FILE_MAX = 512 };

struct weir_err {
    enum weir_rc code;
    uint32_t line; /* 1-based; 0: no position */
    uint32_t col;  /* 1-based, in characters; 0: no column */
    char file[ERR_FILE_MAX];
    char text[ERR_TEXT_MAX];
};

/* Fill *err (which may be NULL) and return `code`, so that a failing function can end
 * with `return err_at(...)`. The file is set by whoever knows it: err_file(). */
enum weir_rc err_at(struct weir_err *err, enum weir_rc code, uint32_t line, uint32_t col,
                    const char *fmt, ...) PRINTF_LIKE(5, 6);
enum weir_rc err_set(struct weir_err *err, enum weir_rc code, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

/* Name the file if none is named yet: callers further out do not overwrite. */
void err_file(struct weir_err *err, struct str path);

/* "file:line:col: error: text" without a newline, cut to size; returns out. */
const char *err_format(const struct weir_err *err, char *out, size_t size);

#endif

/* err.c - error records, and the end of the program when a demand on ourselves fails. */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void weir_assert_failed(const char *what, const char *file, int line)
{
    fprintf(stderr, "weir: internal error: %s:%d: %s does not hold\n", file, line, what);
    abort();
}

static void fill(struct weir_err *err, enum weir_rc code, uint32_t line, uint32_t col,
                 const char *fmt, va_list args)
{
    if (!err)
        return;
    err->code = code;
    err->line = line;
    err->col = col;
    err->file[0] = '\0';
    vsnprintf(err->text, sizeof err->text, fmt, args);
}

enum weir_rc err_at(struct weir_err *err, enum weir_rc code, uint32_t line, uint32_t col,
                    const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    fill(err, code, line, col, fmt, args);
    va_end(args);
    return code;
}

enum weir_rc err_set(struct weir_err *err, enum weir_rc code, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    fill(err, code, 0, 0, fmt, args);
    va_end(args);
    return code;
}

void err_file(struct weir_err *err, struct str path)
{
    if (!err || err->file[0])
        return;
    size_t n = path.n < sizeof err->file - 1 ? path.n : sizeof err->file - 1;
    memcpy(err->file, path.p, n);
    err->file[n] = '\0';
}

const char *err_format(const struct weir_err *err, char *out, size_t size)
{
    if (err->file[0] && err->line && err->col)
        snprintf(out, size, "%s:%u:%u: error: %s", err->file, err->line, err->col, err->text);
    else if (err->file[0] && err->line)
        snprintf(out, size, "%s:%u: error: %s", err->file, err->line, err->text);
    else if (err->file[0])
        snprintf(out, size, "%s: error: %s", err->file, err->text);
    else
        snprintf(out, size, "error: %s", err->text);
    return out;
}

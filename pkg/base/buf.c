/* buf.c - text that grows by doubling. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { BUF_MIN = 256 };

void buf_release(struct buf *b)
{
    free(b->p);
    *b = (struct buf){0};
}

void buf_grow(struct buf *b, size_t more)
{
    size_t cap = b->cap ? b->cap : BUF_MIN;

    while (cap - b->n < more) {
        ASSERT(cap <= SIZE_MAX / 2);
        cap *= 2;
    }
    b->p = realloc(b->p, cap);
    ASSERT(b->p != NULL);
    b->cap = cap;
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list args, again;

    va_start(args, fmt);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    ASSERT(n >= 0);
    vsnprintf(buf_reserve(b, (size_t)n + 1), (size_t)n + 1, fmt, again);
    va_end(again);
    b->n += (size_t)n;
}

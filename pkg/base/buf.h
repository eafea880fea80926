/* buf.h - text that grows: for output documents and messages.
 *
 * Memory   owns one malloc'd block that doubles; buf_clear() keeps it, so a buffer
 *          that lives as long as its thread stops allocating after its largest text.
 * Threads  belongs to one thread.
 */
#ifndef WEIR_BASE_BUF_H
#define WEIR_BASE_BUF_H

#include "base/base.h"

#include <string.h>

struct buf {
    char *p;
    size_t n;   /* bytes in use */
    size_t cap; /* bytes held */
};

/* A struct buf of zeros is a valid, empty buffer. */
void buf_release(struct buf *b);
static inline void buf_clear(struct buf *b)
{
    b->n = 0;
}

/* Make cap at least n + more. */
void buf_grow(struct buf *b, size_t more);

/* Room for n more bytes; returns where they go (b->n is not moved). */
static inline char *buf_reserve(struct buf *b, size_t n)
{
    if (b->cap - b->n < n)
        buf_grow(b, n);
    return b->p + b->n;
}

static inline void buf_add(struct buf *b, struct str s)
{
    if (s.n == 0)
        return;
    memcpy(buf_reserve(b, s.n), s.p, s.n);
    b->n += s.n;
}

static inline void buf_add_char(struct buf *b, char c)
{
    *buf_reserve(b, 1) = c;
    b->n++;
}

void buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Some n bytes more will be added, but not yet: memory that nobody has touched for long is on its
 * way meanwhile. A buffer that has no room for them does no harm. */
static inline void buf_expect(const struct buf *b, size_t n)
{
    enum { LINE = 64, EXPECTED_MAX = 1024 };

    n = n < EXPECTED_MAX ? n : EXPECTED_MAX;
    for (size_t i = 0; i < n; i += LINE)
        PREFETCH_WRITE(b->p + b->n + i);
}

static inline struct str buf_str(const struct buf *b)
{
    return (struct str){b->p, b->n};
}

#endif

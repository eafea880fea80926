/* cell.c - parts of cells grow and shrink; the store says where the room comes from. */
#include "state/cell.h"

#include <string.h>

static bool resize(struct cell *c, struct cell_part *part, uint32_t n, bool is_side)
{
    if (n > part->room && !c->memory->grow(c->memory, part, n, is_side))
        return false;
    if (n > part->n)
        memset(part->p + part->n, 0, n - part->n);
    part->n = n;
    return true;
}

bool cell_resize(struct cell *c, uint32_t n)
{
    return n <= CELL_BYTES_MAX && resize(c, &c->main, n, false);
}

bool cell_open(struct cell *c, uint32_t at, uint32_t n)
{
    uint32_t was = c->main.n;

    ASSERT(at <= was);
    if (n > CELL_BYTES_MAX || !cell_resize(c, was + n))
        return false;
    memmove(c->main.p + at + n, c->main.p + at, was - at);
    memset(c->main.p + at, 0, n);
    return true;
}

void cell_close(struct cell *c, uint32_t at, uint32_t n)
{
    uint32_t was = c->main.n;

    ASSERT(n <= was && at <= was - n);
    memmove(c->main.p + at, c->main.p + at + n, was - n - at);
    c->main.n = was - n; /* smaller: nothing to ask the store for */
}

bool cell_insert(struct cell *c, uint32_t at, struct str bytes)
{
    if (bytes.n == 0 || bytes.n > CELL_BYTES_MAX || !cell_open(c, at, (uint32_t)bytes.n))
        return false;
    memcpy(c->main.p + at, bytes.p, bytes.n);
    return true;
}

bool cell_resize_side(struct cell *c, uint32_t n)
{
    return n <= CELL_SIDE_MAX && resize(c, &c->side, n, true);
}

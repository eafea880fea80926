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

bool cell_insert(struct cell *c, uint32_t at, struct str bytes)
{
    uint32_t n = c->main.n;

    ASSERT(at <= n);
    if (bytes.n == 0 || bytes.n > CELL_BYTES_MAX || !cell_resize(c, n + (uint32_t)bytes.n))
        return false;
    memmove(c->main.p + at + bytes.n, c->main.p + at, n - at);
    memcpy(c->main.p + at, bytes.p, bytes.n);
    return true;
}

bool cell_resize_side(struct cell *c, uint32_t n)
{
    return n <= CELL_SIDE_MAX && resize(c, &c->side, n, true);
}

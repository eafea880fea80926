/* cell_target.h - any bytes as the cell of an operator, for the fuzz targets that step it:
 *
 *     byte 0: what is stepped and how, bytes 1 and 2: times, then the cell
 */
#ifndef WEIR_TESTS_FUZZ_CELL_TARGET_H
#define WEIR_TESTS_FUZZ_CELL_TARGET_H

#include <stdlib.h>
#include <string.h>

#include "state/cell.h"

static bool cell_target_grow(struct cell_memory *memory, struct cell_part *part, uint32_t room,
                             bool is_side)
{
    (void)memory;
    (void)is_side;
    part->p = realloc(part->p, room);
    part->room = room;
    return part->p;
}

static struct cell_memory cell_target_memory = {cell_target_grow};

/* False: too short, or no memory. */
static bool cell_target_begin(struct cell *cell, const uint8_t *data, size_t size)
{
    *cell =
        (struct cell){.due_ms = CELL_NEVER, .idle_ms = CELL_NEVER, .memory = &cell_target_memory};
    if (size < 3 || !cell_resize(cell, (uint32_t)(size - 3)))
        return false;
    if (size > 3)
        memcpy(cell->main.p, data + 3, size - 3);
    return true;
}

static void cell_target_end(struct cell *cell)
{
    free(cell->main.p);
    free(cell->side.p);
}

#endif

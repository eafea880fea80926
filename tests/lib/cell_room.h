/* cell_room.h - memory for a cell of a test: as much as it asks for.
 *
 * Parts are the caller's to free().
 */
#ifndef WEIR_TESTS_LIB_CELL_ROOM_H
#define WEIR_TESTS_LIB_CELL_ROOM_H

#include <stdlib.h>

#include "state/cell.h"

static bool cell_room_grow(struct cell_memory *memory, struct cell_part *part, uint32_t room,
                           bool is_side)
{
    (void)memory;
    (void)is_side;
    uint8_t *p = realloc(part->p, room);
    if (!p)
        return false;
    part->p = p;
    part->room = room;
    return true;
}

static struct cell_memory cell_room = {cell_room_grow};

#endif

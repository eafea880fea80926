/* cell_target.h - any bytes as the cell of an operator, for the fuzz targets that step it:
 *
 *     byte 0: what is stepped and how, bytes 1 and 2: times, then the cell
 *
 * If byte 2 is odd the store has no memory to give each third time that it is asked.
 */
#ifndef WEIR_TESTS_FUZZ_CELL_TARGET_H
#define WEIR_TESTS_FUZZ_CELL_TARGET_H

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "state/cell.h"
#include "state/store.h"

static bool cell_target_is_short;
static uint32_t cell_target_asked;

static bool cell_target_grow(struct cell_memory *memory, struct cell_part *part, uint32_t room,
                             bool is_side)
{
    (void)memory;
    (void)is_side;
    if (cell_target_is_short && ++cell_target_asked % 3 == 0)
        return false;
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
    cell_target_is_short = false;
    cell_target_asked = 0;
    if (size < 3 || !cell_resize(cell, (uint32_t)(size - 3)))
        return false;
    cell_target_is_short = data[2] & 1;
    if (size > 3)
        memcpy(cell->main.p, data + 3, size - 3);
    return true;
}

typedef void cell_target_step(uint8_t which, const struct state_op *op, struct cell *cell,
                              int64_t watermark_ms);

/* The timer's steps: with a watermark a while behind the first time, then behind all. */
static void cell_target_timer(struct cell *cell, const uint8_t *data, cell_target_step *step)
{
    for (int i = 0; i < 2 && cell->main.n; i++) {
        int64_t watermark_ms = i ? INT64_MAX : data[1] * 100 + 1000;
        step(data[0], NULL, cell, watermark_ms);
        /* Or the store, which takes empty cells away, would call it for ever. */
        ASSERT(!cell->main.n || cell->due_ms > watermark_ms || cell->due_ms == CELL_NEVER);
    }
}

static void cell_target_end(struct cell *cell)
{
    free(cell->main.p);
    free(cell->side.p);
}

#endif

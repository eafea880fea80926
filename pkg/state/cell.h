/* cell.h - the bytes of one key while a step changes them.
 *
 * A cell is plain packed memory without pointers: it is stored, sent and snapshotted as it is.
 * Its first byte is the version of its layout, written by the step that makes it; a step reads
 * the version before its own.
 *
 * The main part is what decisions rest on. The side part holds capsules (capsule.h): what a
 * window remembers of its events so that alerts can cite them; it has a budget of its own, may be
 * refused, and decisions never depend on it.
 *
 * Memory   bytes belong to the store and are valid during the step; they move with a resize.
 */
#ifndef WEIR_STATE_CELL_H
#define WEIR_STATE_CELL_H

#include "base/base.h"

enum {
    CELL_BYTES_MAX = 8 * 1024 * 1024, /* main part: a count of 100,000 needs some of it */
    CELL_SIDE_MAX = 64 * 1024         /* side part: a capsule book, or the events of what waits */
};

#define CELL_NEVER INT64_MAX

struct cell_part {
    uint8_t *p;
    uint32_t n;    /* bytes in use */
    uint32_t room; /* bytes that are there */
};

/* The store's side: how parts get more room. Keeps the first part->n bytes; false: none to give. */
struct cell_memory {
    bool (*grow)(struct cell_memory *memory, struct cell_part *part, uint32_t room, bool is_side);
};

struct cell {
    struct cell_part main, side; /* main.n == 0: new */
    int64_t due_ms;  /* call the step at this watermark though nothing comes; CELL_NEVER */
    int64_t idle_ms; /* from this watermark on the cell means nothing and may be dropped, once what
                        is due by then was called */
    uint8_t weight;  /* 0: as good as nothing is lost by forgetting it ... 255: keep to the last */
    struct cell_memory *memory;
};

/* Times that a step may rest on. No operation below watermark_ms will come any more: what is
 * older than that by a window can be forgotten, and what must be judged in time order can be. */
struct step_clock {
    int64_t watermark_ms; /* INT64_MIN: nothing is known */
};

/* The main part gets n bytes; new ones are zero. False: over CELL_BYTES_MAX, or the store has no
 * memory to give (counted there); the cell is then unchanged. */
MUST_USE bool cell_resize(struct cell *c, uint32_t n);
/* n more bytes, zero, at `at` (at most main.n) of the main part; what stood there is behind them.
 * False, and nothing has changed: there is no room for them (as cell_resize()). */
MUST_USE bool cell_open(struct cell *c, uint32_t at, uint32_t n);
/* n bytes at `at` go; what is behind moves down. */
void cell_close(struct cell *c, uint32_t at, uint32_t n);
/* The bytes come to stand at `at` (at most main.n) of the main part, what stood there behind them.
 * False, and nothing has changed: there are none, or there is no room for them (as cell_resize()).
 */
MUST_USE bool cell_insert(struct cell *c, uint32_t at, struct str bytes);
/* cell_resize() for the side part. False is no fault: capsules are not kept then. */
MUST_USE bool cell_resize_side(struct cell *c, uint32_t n);

#endif

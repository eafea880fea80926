/* due_heap.h - which cells may be due, earliest first.
 *
 * Entries are promises to look, not facts: when a cell's due time changes, its old entry stays
 * until it comes up and is then found to be wrong. So a cell needs no link into the heap. Who
 * uses it makes the heap anew when it holds many more entries than there are cells with timers.
 *
 * An entry names its cell by 64 bits of the key (due_name), which survive a move of the cell.
 * Times are kept from -2^47 to 2^47 - 2 milliseconds (the year 6429); what is beyond is cut.
 */
#ifndef WEIR_STATE_DUE_HEAP_H
#define WEIR_STATE_DUE_HEAP_H

#include "base/base.h"
#include "state/cell.h"
#include "state/key.h"

/* 48 bits that are in order of time; DUE_NEVER for CELL_NEVER. */
#define DUE_NEVER (((uint64_t)1 << 48) - 1)

struct due_entry {
    uint64_t due_space; /* 48 bits of time, 16 of space */
    uint64_t name;
};

struct due_heap {
    struct due_entry *items;
    size_t n, cap;
};

static inline uint64_t due_pack(int64_t ms)
{
    const int64_t edge = (int64_t)1 << 47;

    if (ms == CELL_NEVER)
        return DUE_NEVER;
    ms = ms < -edge ? -edge : ms > edge - 2 ? edge - 2 : ms;
    return (uint64_t)(ms + edge);
}

static inline int64_t due_unpack(uint64_t packed)
{
    return packed == DUE_NEVER ? CELL_NEVER : (int64_t)packed - ((int64_t)1 << 47);
}

static inline uint64_t due_name(const struct state_key *key)
{
    uint64_t name;

    __builtin_memcpy(&name, key->bytes + 4, sizeof name);
    return name;
}

void due_heap_release(struct due_heap *h);
void due_heap_copy(struct due_heap *to, const struct due_heap *from);
void due_heap_push(struct due_heap *h, struct due_entry e);
/* There is one. */
struct due_entry due_heap_pop(struct due_heap *h);

#endif

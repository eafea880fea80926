/* redis_value.h - a cell as Redis keeps it: a header that the library knows, then both parts.
 *
 *     0 version 1 weight 2 stamp(8) 10 due(8) 18 idle(8) 26 main bytes(4) 30 side bytes(4) 34 main,
 * side
 *
 * Little-endian. The stamp is the shard's sequence at the time of writing: no two values of one
 * cell have the same, so it tells whether the cell was changed.
 */
#ifndef WEIR_STATE_REDIS_VALUE_H
#define WEIR_STATE_REDIS_VALUE_H

#include "base/buf.h"
#include "state/cell.h"

enum {
    REDIS_VALUE_VERSION = 1,
    REDIS_STAMP_BYTES = 10, /* version, weight and stamp */
    REDIS_VALUE_HEADER = 34,
    /* What Redis 7.0 takes for a cell besides its main part: an entry of the hash (24), its field
     * and value with their headers, a slot of the table (8 to 16), rounding of the allocator. */
    REDIS_CELL_OVERHEAD = 128,
    REDIS_TIMER_OVERHEAD = 144 /* sorted set: dictionary entry, member, node of the skip list */
};

struct redis_value {
    uint8_t weight;
    uint64_t stamp;
    int64_t due_ms, idle_ms;
    struct str main, side; /* slices */
};

void redis_value_pack(const struct redis_value *v, struct buf *out);
/* False: damaged, or of a version that this program does not know. */
MUST_USE bool redis_value_unpack(struct str bytes, struct redis_value *out);
/* Bytes that a cell costs, its side part aside. */
uint32_t redis_value_cost(size_t main_bytes, int64_t due_ms);

#endif

/* mem_space.h - one space of store_mem: its cells, their bytes, its budget.
 *
 * A cell is one block of the slab: a head of 36 bytes (key, times, weight, last use) and the main
 * part behind it; the side part is a block of its own. A step works on the bytes in place through
 * the store's one `live` cell; mem_space_begin() and mem_space_end() go round each step.
 *
 * Budget   cells, index, small table and timers together; capsules have theirs. When it is
 *          full a few cells are looked at and the weakest (weight, then last use) goes: into the
 *          small table if it can be shrunk, else it is evicted. When the pool's total is reached
 *          its largest space gives (mem_total.h).
 * Threads  belongs to one thread.
 */
#ifndef WEIR_STATE_MEM_SPACE_H
#define WEIR_STATE_MEM_SPACE_H

#include "state/cell_index.h"
#include "state/due_heap.h"
#include "state/emissions.h"
#include "state/slab.h"
#include "state/small_table.h"
#include "state/store.h"

struct mem_space {
    struct space_spec spec; /* budgets filled in */
    uint32_t number;
    struct cell_index index;
    struct small_table small;
    uint64_t cell_bytes, capsule_bytes;          /* blocks */
    uint64_t counted;                            /* of all that, in mem_pool.used */
    uint64_t n_timers;                           /* entries of this space in the heap */
    uint64_t uses;                               /* steps run: the clock of "last use" */
    uint32_t evict_hand, sweep_hand, strip_hand; /* buckets */
    uint32_t sweep_now;                          /* operations of this batch */
    int64_t small_life_ms;       /* a record older than this means nothing; CELL_NEVER */
    struct store_stats counters; /* what stats cannot be told from the above */
};

/* Told of each key whose cell or record was changed, made or dropped. */
typedef void mem_watch_fn(void *context, uint32_t space, const struct state_key *key);

/* What the spaces of a store share. */
struct mem_pool {
    /* The total (mem_total.h). */
    uint64_t total, used;      /* bytes; used: sum of what spaces have counted */
    uint32_t n_spaces, n_used; /* that have any */
    struct mem_space *spaces;  /* the store's */
    uint64_t *sizes;           /* what each has counted, side by side: to be looked through */
    uint32_t largest;          /* space; a bit less than the largest may do */
    uint64_t largest_bytes;    /* that it had when we looked */
    uint32_t *gave;            /* spaces that gave something up in this batch */
    size_t n_gave, cap_gave;
    mem_watch_fn *watch; /* NULL: nobody */
    void *watch_context;
    struct slab slab;
    struct due_heap due[STORE_ROUNDS_MAX]; /* by level */
    uint64_t n_due[STORE_ROUNDS_MAX];      /* cells with a due time */
};

/* The cell whose step runs. */
struct mem_live {
    struct cell_memory memory; /* first: cells point here */
    struct mem_pool *pool;
    struct mem_space *space;
    struct state_key key;
    struct cell cell;
    uint32_t block, side; /* SLAB_NONE: none yet */
    bool is_indexed;      /* it was there before */
    bool is_tentative;    /* may become a small record: not counted yet */
    bool has_timer;       /* an entry at old_due or before is in the heap */
    uint64_t old_due;
};

/* Caps that the spec leaves open are those of the pool's total. */
void mem_space_init(struct mem_space *sp, const struct mem_pool *pool,
                    const struct space_spec *spec, uint32_t number);
void mem_space_release(struct mem_space *sp);
void mem_space_copy(struct mem_space *to, const struct mem_space *from);

uint64_t mem_space_bytes(const struct mem_space *sp);
/* Give something back for the sake of others: side parts, records, the weakest cell, room in
 * the index. The cell in block `spare` stays as it is. False: there is nothing. */
bool mem_space_give(struct mem_pool *pool, struct mem_space *sp, uint32_t spare);
struct store_stats mem_space_stats(const struct mem_space *sp);

/* The cell of the key, or an empty one, into *live. */
void mem_space_begin(struct mem_pool *pool, struct mem_space *sp, const struct state_key *key,
                     struct mem_live *live);
/* Keep what the step has left: the cell, a small record, or nothing. */
void mem_space_end(struct mem_live *live, int64_t watermark_ms);

/* Due time of a cell's block, in due_heap.h's form. */
uint64_t mem_space_due(const struct mem_pool *pool, uint32_t block);
/* The entry that the heap had for it is used up. */
void mem_space_timer_gone(struct mem_pool *pool, uint32_t block);
/* Entries for all cells that have a due time: the heap is made anew. */
void mem_space_queue_all(struct mem_pool *pool, struct mem_space *sp);

/* Look at about n cells and drop those that mean nothing any more. */
void mem_space_sweep(struct mem_pool *pool, struct mem_space *sp, uint32_t n, int64_t watermark_ms);

/* Fetch what the key will need: first its bucket, some operations later its cell. */
void mem_space_fetch_bucket(const struct mem_space *sp, const struct state_key *key);
void mem_space_fetch_side(const struct mem_pool *pool, const struct mem_space *sp,
                          const struct state_key *key);
void mem_space_fetch_cell(const struct mem_pool *pool, const struct mem_space *sp,
                          const struct state_key *key);

/* The cell of the key, to look at until the next change; false: there is none. */
bool mem_space_get(const struct mem_pool *pool, const struct mem_space *sp,
                   const struct state_key *key, struct cell *out);
/* Make the key's cell what `c` says (nothing, if it has no bytes); a small record of it goes. */
void mem_space_put(struct mem_pool *pool, struct mem_space *sp, const struct state_key *key,
                   const struct cell *c);
/* A small record, by key or as it was in a table. */
void mem_space_put_small(struct mem_pool *pool, struct mem_space *sp, const struct state_key *key,
                         int64_t t_ms, uint32_t value);
void mem_space_put_record(struct mem_pool *pool, struct mem_space *sp, struct small_record r);

/* Each cell, in no order: for snapshots. The bytes are valid during the call. */
typedef void mem_cell_fn(void *context, const struct state_key *key, const struct cell *cell);
void mem_space_each(const struct mem_pool *pool, const struct mem_space *sp, mem_cell_fn *fn,
                    void *context);

#endif

/* ring.c - pointers from one thread to one other, in order.
 *
 * `pushed` and `popped` only grow; their difference is the fill. Each side owns one of them and
 * keeps a copy of the other's that it renews only when that copy says full or empty, so that the
 * two cache lines travel seldom.
 *
 * Sleeping needs an order between two variables: the sleeper announces itself and then looks at
 * the other side's count; the other side moves its count and then looks for sleepers. If both use
 * sequentially consistent operations, one of them sees the other (Dekker). The futex word is a
 * count of wake-ups, read before the announcement: a wake-up in between makes the wait return at
 * once.
 */
#include "base/ring.h"

#include <linux/futex.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { CACHE_LINE = 64 };

/* Where one side sleeps. */
struct bed {
    _Atomic uint32_t wakeups; /* futex word */
    _Atomic bool is_taken;
};

struct ring {
    size_t slots;
    _Atomic bool is_closed;
    struct bed empty; /* the popping side sleeps here */
    struct bed full;  /* the pushing side */
    /* Of the pushing side. */
    _Alignas(CACHE_LINE) _Atomic size_t pushed;
    size_t popped_seen;
    /* Of the popping side. */
    _Alignas(CACHE_LINE) _Atomic size_t popped;
    size_t pushed_seen;
    _Alignas(CACHE_LINE) void *items[];
};

struct ring *ring_new(size_t slots)
{
    size_t bytes = sizeof(struct ring) + slots * sizeof(void *);
    struct ring *r;

    ASSERT(slots > 0 && slots <= RING_SLOTS_MAX);
    r = aligned_alloc(CACHE_LINE, (bytes + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE);
    ASSERT(r);
    r->slots = slots;
    r->popped_seen = r->pushed_seen = 0;
    atomic_init(&r->is_closed, false);
    atomic_init(&r->pushed, 0);
    atomic_init(&r->popped, 0);
    for (int i = 0; i < 2; i++) {
        struct bed *b = i ? &r->full : &r->empty;
        atomic_init(&b->wakeups, 0);
        atomic_init(&b->is_taken, false);
    }
    return r;
}

void ring_free(struct ring *r)
{
    free(r);
}

/* ---- sleeping ------------------------------------------------------------------------- */

static void wake(struct bed *b)
{
    /* release: who reads the new count sees why; pairs with sleep_unless_moved(). */
    atomic_fetch_add_explicit(&b->wakeups, 1, memory_order_release);
    syscall(SYS_futex, &b->wakeups, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void wake_if_asleep(struct bed *b)
{
    /* seq_cst: after our count moved; pairs with the store in sleep_unless_moved(). */
    if (atomic_load_explicit(&b->is_taken, memory_order_seq_cst))
        wake(b);
}

/* Sleep until `count` is no longer `seen` or the ring is closed; may return early. */
static void sleep_unless_moved(struct ring *r, struct bed *b, _Atomic size_t *count, size_t seen)
{
    /* acquire: pairs with wake(). Who did not see that would sleep over a ring that is closed. */
    uint32_t wakeups = atomic_load_explicit(&b->wakeups, memory_order_acquire);

    /* seq_cst: before we look at the count; pairs with the load in wake_if_asleep(). */
    atomic_store_explicit(&b->is_taken, true, memory_order_seq_cst);
    /* seq_cst: after the announcement; pair with the stores in ring_push(), ring_pop() and
     * ring_close(). */
    if (atomic_load_explicit(count, memory_order_seq_cst) == seen &&
        !atomic_load_explicit(&r->is_closed, memory_order_seq_cst))
        syscall(SYS_futex, &b->wakeups, FUTEX_WAIT_PRIVATE, wakeups, NULL, NULL, 0);
    /* relaxed: a wake-up too many does no harm. */
    atomic_store_explicit(&b->is_taken, false, memory_order_relaxed);
}

/* ---- the two sides ---------------------------------------------------------------------- */

bool ring_push(struct ring *r, void *item)
{
    /* relaxed: our own. */
    size_t at = atomic_load_explicit(&r->pushed, memory_order_relaxed);

    ASSERT(item);
    for (;;) {
        /* acquire: pairs with ring_close(); not to push into a ring that nobody empties. */
        if (atomic_load_explicit(&r->is_closed, memory_order_acquire))
            return false;
        if (at - r->popped_seen < r->slots)
            break;
        /* acquire: the slot has been read; pairs with the store in ring_pop(). */
        r->popped_seen = atomic_load_explicit(&r->popped, memory_order_acquire);
        if (at - r->popped_seen == r->slots)
            sleep_unless_moved(r, &r->full, &r->popped, r->popped_seen);
    }
    r->items[at % r->slots] = item;
    /* seq_cst: publishes the item, and comes before the look for sleepers; pairs with ring_pop()
     * and sleep_unless_moved(). */
    atomic_store_explicit(&r->pushed, at + 1, memory_order_seq_cst);
    wake_if_asleep(&r->empty);
    return true;
}

void *ring_pop(struct ring *r)
{
    /* relaxed: our own. */
    size_t at = atomic_load_explicit(&r->popped, memory_order_relaxed);

    while (at == r->pushed_seen) {
        /* acquire: pairs with ring_close(). Before the count: what was pushed earlier is seen. */
        bool is_closed = atomic_load_explicit(&r->is_closed, memory_order_acquire);
        /* acquire: the items; pairs with the store in ring_push(). */
        r->pushed_seen = atomic_load_explicit(&r->pushed, memory_order_acquire);
        if (at != r->pushed_seen)
            break;
        if (is_closed)
            return NULL;
        sleep_unless_moved(r, &r->empty, &r->pushed, at);
    }
    void *item = r->items[at % r->slots];
    /* seq_cst: gives the slot back, and comes before the look for sleepers; pairs with ring_push()
     * and sleep_unless_moved(). */
    atomic_store_explicit(&r->popped, at + 1, memory_order_seq_cst);
    wake_if_asleep(&r->full);
    return item;
}

void ring_close(struct ring *r)
{
    /* seq_cst: pairs with the loads in ring_push(), ring_pop() and sleep_unless_moved(). */
    atomic_store_explicit(&r->is_closed, true, memory_order_seq_cst);
    wake(&r->empty);
    wake(&r->full);
}

/* ring.h - pointers from one thread to one other, in order: how work passes between threads.
 *
 * Bounded: a push into a full ring waits, a pop from an empty one too; nothing is dropped. As long
 * as neither side has to wait, a pass is a few loads and stores: no lock, no system call. Who
 * waits sleeps in the kernel (futex) and is woken by the other side.
 *
 * Items    what a pointer points to is handed over with it: everything written before the push is
 *          seen after the pop. Not NULL.
 * Threads  one thread pushes, one pops; anyone may close. A ring is freed when both are done.
 */
#ifndef WEIR_BASE_RING_H
#define WEIR_BASE_RING_H

#include "base/base.h"

enum { RING_SLOTS_MAX = 1024 };

struct ring;

/* `slots` 1 to RING_SLOTS_MAX. */
struct ring *ring_new(size_t slots);
/* Items still inside belong to the caller, who keeps account of them. */
void ring_free(struct ring *r);

/* False: the ring is closed and the item stays with the caller. */
MUST_USE bool ring_push(struct ring *r, void *item);
/* NULL: the ring is closed and empty. */
void *ring_pop(struct ring *r);

/* Nothing goes in any more; what is inside still comes out. Wakes whoever waits. */
void ring_close(struct ring *r);

#endif

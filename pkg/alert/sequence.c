/* sequence.c - see sequence.h. A uid is a hash already: its first bytes are the slot. */
#include "alert/sequence.h"

#include "base/str.h"

#include <stdlib.h>

struct slot {
    struct uid uid;
    uint64_t count; /* 0: free */
};

struct generation {
    struct slot *slots;
    size_t n, mask; /* mask + 1 slots, a power of two; at most half are taken */
};

struct sequence_table {
    struct generation young, old;
    size_t findings_max;
    size_t moved; /* of the old ones: seen again, so the young generation has them */
    uint64_t forgotten;
};

enum { SLOTS_FIRST = 1024 };

static struct generation generation_new(size_t slots)
{
    struct generation g = {.slots = calloc(slots, sizeof(struct slot)), .mask = slots - 1};

    ASSERT(g.slots);
    return g;
}

struct sequence_table *sequence_new(size_t findings_max)
{
    struct sequence_table *t = calloc(1, sizeof(*t));

    ASSERT(t && findings_max > 0);
    t->findings_max = findings_max;
    t->young = generation_new(SLOTS_FIRST);
    return t;
}

void sequence_free(struct sequence_table *t)
{
    if (!t)
        return;
    free(t->young.slots);
    free(t->old.slots);
    free(t);
}

/* The slot of the uid, or the free one where it belongs. */
static struct slot *find(const struct generation *g, const struct uid *uid)
{
    uint64_t hash;

    memcpy(&hash, uid->bytes, sizeof(hash));
    for (size_t i = hash & g->mask;; i = (i + 1) & g->mask)
        if (g->slots[i].count == 0 || memcmp(&g->slots[i].uid, uid, sizeof(*uid)) == 0)
            return &g->slots[i];
}

static void grow(struct generation *g)
{
    struct generation wider = generation_new(2 * (g->mask + 1));

    for (size_t i = 0; i <= g->mask; i++)
        if (g->slots[i].count)
            *find(&wider, &g->slots[i].uid) = g->slots[i];
    wider.n = g->n;
    free(g->slots);
    *g = wider;
}

static void turn(struct sequence_table *t)
{
    t->forgotten += t->old.n - t->moved;
    t->moved = 0;
    free(t->old.slots);
    t->old = t->young;
    t->young = generation_new(SLOTS_FIRST);
}

uint64_t sequence_next(struct sequence_table *t, struct uid finding)
{
    struct slot *slot = find(&t->young, &finding);
    uint64_t before = 0;

    if (slot->count)
        return ++slot->count;
    if (t->old.slots) {
        before = find(&t->old, &finding)->count; /* stays there, so that look-ups go past it */
        t->moved += before != 0;
    }
    if (t->young.n == t->findings_max)
        turn(t);
    else if (2 * (t->young.n + 1) > t->young.mask)
        grow(&t->young);
    slot = find(&t->young, &finding);
    *slot = (struct slot){finding, before + 1};
    t->young.n++;
    return slot->count;
}

uint64_t sequence_forgotten(const struct sequence_table *t)
{
    return t->forgotten;
}

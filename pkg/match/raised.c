/* raised.c - see raised.h. */
#include "match/raised.h"

#include <string.h>

enum { LIST_ROOM = 128 }; /* a process event with all rules of two corpora raises some fifty */

void raised_init(struct raised *r, struct arena *home, struct arena *batch, uint32_t n_signals)
{
    *r = (struct raised){.arena = batch, .met = ARENA_ARRAY(home, n_signals / 64 + 1, uint64_t)};
}

void raised_begin(struct raised *r, size_t n_events)
{
    uint32_t *at = arena_alloc(r->arena, n_events * LIST_ROOM * sizeof *at);

    for (size_t i = 0; i < n_events; i++)
        r->lists[i] = (struct raised_list){.at = at + i * LIST_ROOM, .cap = LIST_ROOM};
}

static void leave_each_once(struct raised *r, struct raised_list *l)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < l->n; i++) {
        uint64_t *word = &r->met[l->at[i] / 64], bit = 1ull << (l->at[i] % 64);
        if (!(*word & bit))
            l->at[n++] = l->at[i];
        *word |= bit;
    }
    l->n = n;
    for (uint32_t i = 0; i < n; i++)
        r->met[l->at[i] / 64] = 0;
}

void raised_add_many(struct raised *r, uint32_t event, const uint32_t *signals, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        raised_add(r, event, signals[i]);
}

void raised_make_room(struct raised *r, struct raised_list *l)
{
    r->n_rooms++;
    leave_each_once(r, l);
    if (l->n <= l->cap / 2)
        return;
    uint32_t *at = arena_alloc(r->arena, 2 * (size_t)l->cap * sizeof *at);
    memcpy(at, l->at, l->n * sizeof *at);
    *l = (struct raised_list){at, l->n, 2 * l->cap};
}

/* raised.h - the signals that the events of a stage have raised.
 *
 * Values are looked at table by table, so signals of all events of a stage come in turn: a bitmap
 * for each event would be a quarter of a MiB that is touched here and there. Until its turn an
 * event has a list, a signal perhaps more than once; while its rules are evaluated it has the one
 * bitmap there is, which stays in the first-level cache.
 *
 * Bounds   a list holds each signal once when it is full, so it is at most twice as long as there
 *          are signals, whatever a record repeats.
 * Memory   lists belong to the arena of the batch, bitmaps to that of the matcher.
 * Threads  one.
 */
#ifndef WEIR_MATCH_RAISED_H
#define WEIR_MATCH_RAISED_H

#include "base/arena.h"
#include "base/base.h"

/* Stages go over so many events: what they write of them (values, texts, signals) stays in the
 * second-level cache, and tables are used often enough before the next. With rules that look at
 * forty values of an event, 64 take 0.9 of the time of 128. */
enum { STAGE_EVENTS = 64 };

struct raised_list {
    uint32_t *at;
    uint32_t n, cap;
};

struct raised {
    struct raised_list lists[STAGE_EVENTS];
    struct arena *arena;
    uint64_t *up;  /* signals of the event that is evaluated; else all zero */
    uint64_t *met; /* for raised_make_room(); else all zero */
    uint32_t evaluated;
};

void raised_init(struct raised *r, struct arena *home, struct arena *batch, uint32_t n_signals);
/* Forget all lists; the batch's arena was reset. */
void raised_begin(struct raised *r, size_t n_events);
/* For raised_add(): a full list. */
void raised_make_room(struct raised *r, struct raised_list *l);

static inline void raised_add(struct raised *r, uint32_t event, uint32_t signal)
{
    struct raised_list *l = &r->lists[event];

    if (l->n == l->cap)
        raised_make_room(r, l);
    l->at[l->n++] = signal;
    if (event == r->evaluated)
        r->up[signal / 64] |= 1ull << (signal % 64);
}

/* The event's rules have been evaluated: its bits go down again. */
static inline void raised_lower(struct raised *r)
{
    const struct raised_list *l = &r->lists[r->evaluated];

    for (uint32_t i = 0; i < l->n; i++)
        r->up[l->at[i] / 64] = 0;
    r->evaluated = UINT32_MAX;
}

#endif

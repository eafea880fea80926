/* raised.h - the signals that the events of a stage have raised.
 *
 * Values are looked at table by table, so signals of all events of a stage come in turn: what is
 * known of each signal (signal.h) for each event would be a MiB that is touched here and there.
 * Until its turn an event has a list, a signal perhaps more than once; while its rules are
 * evaluated it has the signals of its shape, of which few lines are touched.
 *
 * Bounds   a list holds each signal once when it is full, so it is at most twice as long as there
 *          are signals, whatever a record repeats.
 * Memory   lists belong to the arena of the batch, signals to the matcher's shapes.
 * Threads  one.
 */
#ifndef WEIR_MATCH_RAISED_H
#define WEIR_MATCH_RAISED_H

#include "base/arena.h"
#include "base/base.h"
#include "match/signal.h"

#include <string.h>

/* Stages go over so many events: what they write of them (values, texts, signals) stays in the
 * second-level cache, and tables are used often enough before the next. With rules that look at
 * forty values of an event, 64 take 0.9 of the time of 128. */
enum { STAGE_EVENTS = 64 };

/* Lists of signals that are added have so many numbers more behind them, less one. */
enum { RAISED_AT_ONCE = 4 };

struct raised_list {
    uint32_t *at;
    uint32_t n, cap;
};

struct raised {
    struct raised_list lists[STAGE_EVENTS];
    struct arena *arena;
    uint64_t *met;      /* for raised_make_room(); else all zero */
    uint32_t evaluated; /* the event whose rules are evaluated */
    uint8_t *signals;   /* of its shape: at rest, but for what it has raised */
    uint32_t n_rooms;   /* how often a list was put together anew */
};

void raised_init(struct raised *r, struct arena *home, struct arena *batch, uint32_t n_signals);
/* Forget all lists; the batch's arena was reset. */
void raised_begin(struct raised *r, size_t n_events);
/* For raised_add(): a full list. */
void raised_make_room(struct raised *r, struct raised_list *l);
void raised_add_many(struct raised *r, uint32_t event, const uint32_t *signals, uint32_t n);

/* The event has raised the signal. If it is the one that is evaluated: raised_since(). */
static inline void raised_add(struct raised *r, uint32_t event, uint32_t signal)
{
    struct raised_list *l = &r->lists[event];

    if (l->n == l->cap)
        raised_make_room(r, l);
    l->at[l->n++] = signal;
}

/* The same for n signals, which lie as RAISED_AT_ONCE says. Mostly there are one to three, and how
 * many is hard to predict. */
static inline void raised_add_all(struct raised *r, uint32_t event, const uint32_t *signals,
                                  uint32_t n)
{
    struct raised_list *l = &r->lists[event];

    if (__builtin_expect(n > RAISED_AT_ONCE || l->n + RAISED_AT_ONCE > l->cap, 0)) {
        raised_add_many(r, event, signals, n);
        return;
    }
    memcpy(l->at + l->n, signals, RAISED_AT_ONCE * sizeof *signals);
    l->n += n;
}

/* What the event that is evaluated has raised so far. */
struct raised_mark {
    uint32_t n, n_rooms;
};

static inline struct raised_mark raised_mark(const struct raised *r)
{
    return (struct raised_mark){r->lists[r->evaluated].n, r->n_rooms};
}

/* What it has raised since then goes up. */
static inline void raised_since(struct raised *r, struct raised_mark mark)
{
    const struct raised_list *l = &r->lists[r->evaluated];

    for (uint32_t i = mark.n_rooms == r->n_rooms ? mark.n : 0; i < l->n; i++)
        (void)signal_raise(&r->signals[l->at[i]]);
}

/* The event's rules have been evaluated: its signals are at rest again. */
static inline void raised_lower(struct raised *r)
{
    const struct raised_list *l = &r->lists[r->evaluated];

    for (uint32_t i = 0; i < l->n; i++)
        signal_lower(&r->signals[l->at[i]]);
}

#endif

/* actor_days.h - the last day of each actor: a table inside a cell, changed where it lies.
 *
 * The cell: a head, texts (keys, then value), the table, what waits for the watermark (entries of
 * one size that begin with their time and actor). A slot holds 48 bits of the actor's keyed hash
 * and 16 bits of day: so two of 10,000 actors are taken for one with odds of 1 in 5 millions.
 */
#ifndef WEIR_CORRELATE_ACTOR_DAYS_H
#define WEIR_CORRELATE_ACTOR_DAYS_H

#include "correlate/hit.h"
#include "state/cell.h"
#include "state/store.h"

/* Further actors of a cell are not counted: what is told is a lower bound from then on. */
enum { ACTOR_DAYS_MAX = 49152 };

struct actor_days {
    uint8_t version, log2_slots;
    uint8_t is_restored; /* first_ms is known from facts */
    uint8_t is_full;     /* on `day`: nobody goes until another one */
    uint16_t keys_n, text_n;
    uint32_t n_waiting, n_actors;
    int32_t day; /* that `before` was counted for */
    uint32_t before;
    int64_t first_ms;
    uint64_t value;
    struct state_key group, own;
};

/* Of the start of an entry. */
struct actor_wait {
    int64_t t_ms;
    uint64_t actor;
};

int32_t actor_day_of(int64_t t_ms);

/* False: nothing there that this code wrote. */
bool actor_days_load(const struct cell *cell, struct actor_days *d, uint32_t entry_bytes);
/* An empty one. False: no memory. */
bool actor_days_begin(struct cell *cell, struct actor_days *d, const struct state_op *op,
                      struct state_key group, uint32_t entry_bytes);
/* Names for one that has none (a fact restored it). */
void actor_days_name(struct cell *cell, struct actor_days *d, const struct hit *hit,
                     uint32_t entry_bytes);
struct str actor_days_keys(const struct cell *cell, const struct actor_days *d);
struct str actor_days_text(const struct cell *cell, const struct actor_days *d);

/* The actor's last day, INT32_MIN: it is not in the table. */
int32_t actor_days_last(const struct cell *cell, const struct actor_days *d, uint64_t actor);
/* Its last day is `day`. The n_days before the first day that is asked for are counted into
 * d->before, and what is older is dropped when the table has to grow. */
void actor_days_turn(struct cell *cell, struct actor_days *d, int32_t day, int32_t n_days);
void actor_days_set(struct cell *cell, struct actor_days *d, uint64_t actor, int32_t day,
                    int32_t n_days, uint32_t entry_bytes);

/* Entries that wait; add keeps the order of (t, actor). False: no memory. */
uint8_t *actor_days_waiting(struct cell *cell, const struct actor_days *d, uint32_t i,
                            uint32_t entry_bytes);
bool actor_days_add(struct cell *cell, struct actor_days *d, const void *entry,
                    uint32_t entry_bytes);
void actor_days_drop(struct cell *cell, struct actor_days *d, uint32_t from, uint32_t n,
                     uint32_t entry_bytes);
/* The head back into the cell. */
void actor_days_put(struct cell *cell, const struct actor_days *d);

#endif

/* actor_days.c - open addressing with linear probing; nothing is ever taken out, a table that is
 * full is made anew from what is still of use, and grows only if that fills half of it: actors who
 * come once and never again would else make it twice as large each time.
 */
#include "correlate/actor_days.h"

#include "base/buf.h"
#include "base/utf8.h"
#include "correlate/final.h"
#include "correlate/span.h"

#include <string.h>

enum { DAYS_VERSION = 2, LOG2_FIRST = 2, LOG2_MAX = 16, SLOT = 8 };
_Static_assert((1 << LOG2_MAX) / 4 * 3 == ACTOR_DAYS_MAX, "a table is at most three quarters full");

int32_t actor_day_of(int64_t t_ms)
{
    int64_t day = span_floor(t_ms, 86400000) / 86400000;

    return day < 1 ? 1 : day > UINT16_MAX ? UINT16_MAX : (int32_t)day;
}

static uint32_t n_slots(const struct actor_days *d)
{
    return d->log2_slots ? 1u << d->log2_slots : 0;
}

static uint32_t table_at(const struct actor_days *d)
{
    return (uint32_t)sizeof *d + d->keys_n + d->text_n;
}

static uint32_t waiting_at(const struct actor_days *d)
{
    return table_at(d) + n_slots(d) * SLOT;
}

static uint32_t bytes_of(const struct actor_days *d, uint32_t entry_bytes)
{
    return waiting_at(d) + d->n_waiting * entry_bytes;
}

bool actor_days_load(const struct cell *cell, struct actor_days *d, uint32_t entry_bytes)
{
    if (cell->main.n < sizeof *d)
        return false;
    memcpy(d, cell->main.p, sizeof *d);
    return d->version == DAYS_VERSION && d->log2_slots <= LOG2_MAX &&
           d->n_waiting <= CELL_BYTES_MAX / entry_bytes && cell->main.n == bytes_of(d, entry_bytes);
}

void actor_days_put(struct cell *cell, const struct actor_days *d)
{
    memcpy(cell->main.p, d, sizeof *d);
}

bool actor_days_begin(struct cell *cell, struct actor_days *d, const struct state_op *op,
                      struct state_key group, uint32_t entry_bytes)
{
    const struct hit *hit = op->payload;

    *d = (struct actor_days){
        .version = DAYS_VERSION, .value = hit->value, .group = group, .own = op->key};
    if (!cell_resize(cell, bytes_of(d, entry_bytes)))
        return false;
    actor_days_put(cell, d);
    actor_days_name(cell, d, hit, entry_bytes);
    return true;
}

void actor_days_name(struct cell *cell, struct actor_days *d, const struct hit *hit,
                     uint32_t entry_bytes)
{
    struct str keys = hit->keys.n <= UINT16_MAX ? hit->keys : STR("");
    struct str text = utf8_cut(hit->value_text, FINAL_TEXT_MAX);
    uint32_t more = (uint32_t)(keys.n + text.n), behind = bytes_of(d, entry_bytes) - table_at(d);

    if (d->keys_n || d->text_n || more == 0 || !cell_resize(cell, cell->main.n + more))
        return;
    uint8_t *at = cell->main.p + sizeof *d;
    memmove(at + more, at, behind);
    if (keys.n)
        memcpy(at, keys.p, keys.n);
    if (text.n)
        memcpy(at + keys.n, text.p, text.n);
    d->keys_n = (uint16_t)keys.n;
    d->text_n = (uint16_t)text.n;
    actor_days_put(cell, d);
}

struct str actor_days_keys(const struct cell *cell, const struct actor_days *d)
{
    return (struct str){(const char *)cell->main.p + sizeof *d, d->keys_n};
}

struct str actor_days_text(const struct cell *cell, const struct actor_days *d)
{
    return (struct str){(const char *)cell->main.p + sizeof *d + d->keys_n, d->text_n};
}

/* ---- the table ----------------------------------------------------------------------------- */

static uint64_t slot_get(const uint8_t *table, uint32_t i)
{
    uint64_t slot;

    memcpy(&slot, table + (size_t)i * SLOT, SLOT);
    return slot;
}

static void slot_set(uint8_t *table, uint32_t i, uint64_t slot)
{
    memcpy(table + (size_t)i * SLOT, &slot, SLOT);
}

static int32_t slot_day(uint64_t slot)
{
    return (int32_t)(slot & 0xffff);
}

/* The actor's slot, or the free one where it would go. A day is never 0, so a slot of 0 is free.
 * Tables have free slots; in one that somebody else filled the search ends after one turn. */
static uint32_t find(const uint8_t *table, uint32_t n, uint64_t actor)
{
    uint32_t i = (uint32_t)(actor >> 16) & (n - 1);

    for (uint32_t turn = 0; turn < n; turn++, i = (i + 1) & (n - 1)) {
        uint64_t slot = slot_get(table, i);
        if (slot == 0 || slot >> 16 == actor >> 16)
            return i;
    }
    return i;
}

int32_t actor_days_last(const struct cell *cell, const struct actor_days *d, uint64_t actor)
{
    const uint8_t *table = cell->main.p + table_at(d);

    if (n_slots(d) == 0)
        return INT32_MIN;
    uint64_t slot = slot_get(table, find(table, n_slots(d), actor));
    return slot ? slot_day(slot) : INT32_MIN;
}

void actor_days_turn(struct cell *cell, struct actor_days *d, int32_t day, int32_t n_days)
{
    const uint8_t *table = cell->main.p + table_at(d);

    if (d->day == day)
        return;
    d->day = day;
    d->before = 0;
    d->is_full = false;
    for (uint32_t i = 0; i < n_slots(d); i++) {
        uint64_t slot = slot_get(table, i);
        d->before += slot && slot_day(slot) >= day - n_days && slot_day(slot) < day;
    }
}

/* A table of 2^log2 slots with the actors seen since `since`. False: no memory. */
static bool rebuild(struct cell *cell, struct actor_days *d, uint8_t log2, int32_t since,
                    uint32_t entry_bytes)
{
    struct buf old = {0};
    uint32_t n_old = n_slots(d), from = waiting_at(d), bytes = d->n_waiting * entry_bytes;
    struct actor_days made = *d;

    made.log2_slots = log2;
    made.n_actors = 0;
    if (!cell_resize(cell, bytes_of(&made, entry_bytes)))
        return false;
    uint8_t *table = cell->main.p + table_at(d);
    buf_add(&old, (struct str){(const char *)table, (size_t)n_old * SLOT});
    memmove(cell->main.p + waiting_at(&made), cell->main.p + from, bytes);
    memset(table, 0, (size_t)n_slots(&made) * SLOT);
    for (uint32_t i = 0; i < n_old; i++) {
        uint64_t slot = slot_get((const uint8_t *)old.p, i);
        if (slot == 0 || slot_day(slot) < since)
            continue;
        slot_set(table, find(table, n_slots(&made), slot), slot);
        made.n_actors++;
    }
    buf_release(&old);
    *d = made;
    return true;
}

/* Of a table that is full, if only those since `since` are taken over. */
static uint8_t log2_for(const struct cell *cell, const struct actor_days *d, int32_t since)
{
    const uint8_t *table = cell->main.p + table_at(d);
    uint32_t n = n_slots(d), kept = 0;

    if (n == 0)
        return LOG2_FIRST;
    for (uint32_t i = 0; i < n; i++)
        kept += slot_day(slot_get(table, i)) >= since; /* a free slot's is 0 */
    return (uint8_t)(d->log2_slots + (kept > n / 2 && d->log2_slots < LOG2_MAX));
}

static bool has_room(const struct actor_days *d)
{
    return (d->n_actors + 1) * 4 <= n_slots(d) * 3;
}

/* Room for one more. A table that stays full is not looked through for each actor that comes. */
static bool make_room(struct cell *cell, struct actor_days *d, int32_t day, int32_t n_days,
                      uint32_t entry_bytes)
{
    int32_t since = day - n_days > 1 ? day - n_days : 1;

    if (has_room(d))
        return true;
    if (d->is_full && day <= d->day)
        return false;
    if (!rebuild(cell, d, log2_for(cell, d, since), since, entry_bytes))
        return false;
    d->is_full = !has_room(d);
    return !d->is_full;
}

void actor_days_set(struct cell *cell, struct actor_days *d, uint64_t actor, int32_t day,
                    int32_t n_days, uint32_t entry_bytes)
{
    if (actor_days_last(cell, d, actor) == INT32_MIN &&
        !make_room(cell, d, day, n_days, entry_bytes))
        return; /* counts are lower bounds from now on */
    uint8_t *table = cell->main.p + table_at(d);
    uint32_t at = find(table, n_slots(d), actor);
    d->n_actors += slot_get(table, at) == 0;
    slot_set(table, at, (actor & ~(uint64_t)0xffff) | (uint64_t)day);
}

/* ---- what waits ---------------------------------------------------------------------------- */

uint8_t *actor_days_waiting(struct cell *cell, const struct actor_days *d, uint32_t i,
                            uint32_t entry_bytes)
{
    return cell->main.p + waiting_at(d) + (size_t)i * entry_bytes;
}

static bool comes_before(const uint8_t *x, const uint8_t *y)
{
    struct actor_wait a, b;

    memcpy(&a, x, sizeof a);
    memcpy(&b, y, sizeof b);
    return a.t_ms != b.t_ms ? a.t_ms < b.t_ms : a.actor < b.actor;
}

bool actor_days_add(struct cell *cell, struct actor_days *d, const void *entry,
                    uint32_t entry_bytes)
{
    uint32_t at = d->n_waiting;

    if (!cell_resize(cell, cell->main.n + entry_bytes))
        return false;
    while (at > 0 && comes_before(entry, actor_days_waiting(cell, d, at - 1, entry_bytes)))
        at--;
    uint8_t *p = actor_days_waiting(cell, d, at, entry_bytes);
    memmove(p + entry_bytes, p, (size_t)(d->n_waiting - at) * entry_bytes);
    memcpy(p, entry, entry_bytes);
    d->n_waiting++;
    return true;
}

void actor_days_drop(struct cell *cell, struct actor_days *d, uint32_t from, uint32_t n,
                     uint32_t entry_bytes)
{
    uint8_t *p = actor_days_waiting(cell, d, from, entry_bytes);

    memmove(p, p + (size_t)n * entry_bytes, (size_t)(d->n_waiting - from - n) * entry_bytes);
    d->n_waiting -= n;
    final_shrink(cell, bytes_of(d, entry_bytes));
}

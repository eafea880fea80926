/* rarity.c - the value's side: entries that are judged in time order.
 *
 * An entry is (first, last, number): by count a time and its hits; by days the first hit of a day
 * and the day; by actors a run of an actor's hits with no gap over H in it. Entries below
 * settled_ms are judged, and so are those that a fact has restored, which the top bit of their
 * number tells: a replay may bring their hits again.
 *
 * Bounded: no frequency above `limit` can be met, so entries with more than limit others around
 * them on both sides, all within H, decide nothing (thin_out), and of judged ones the newest
 * limit + 1 are enough (forget).
 */
#include "correlate/rarity.h"

#include "base/utf8.h"
#include "correlate/facts.h"
#include "correlate/final.h"
#include "correlate/kept.h"
#include "correlate/span.h"

#include <string.h>

enum { RARITY_VERSION = 2, ENTRIES_MAX = RARITY_PENDING_MAX + RARITY_LIMIT_MAX + 1 };
#define DAY_MS 86400000ll
#define RESTORED (UINT64_C(1) << 63) /* of entry.number */

struct head {
    uint8_t version, pad;
    uint16_t keys_n, text_n, n;
    int64_t settled_ms;
    uint64_t value;
    struct state_key group, own;
};

struct entry {
    int64_t first, last;
    uint64_t number; /* hits, day or actor, in 63 bits; RESTORED */
};

struct rarity {
    struct head head;
    struct str keys, text;
    struct entry entries[ENTRIES_MAX]; /* in order of first */
};

static int64_t history_of(const struct correlation *c)
{
    int64_t ms = c->history_ms > 0 ? c->history_ms : RARITY_HISTORY_MS;

    return c->rarity_by == RARITY_DAYS && ms < DAY_MS ? DAY_MS : ms;
}

static int64_t day_of(int64_t t_ms)
{
    return span_floor(t_ms, DAY_MS) / DAY_MS;
}

static uint64_t number_of(const struct entry *e)
{
    return e->number & ~RESTORED;
}

static bool is_judged(const struct rarity *r, const struct entry *e)
{
    return e->first < r->head.settled_ms || e->number & RESTORED;
}

/* The largest whole number that the bounds may let through. */
static uint64_t limit_of(const struct correlation *c)
{
    int64_t limit = RARITY_LIMIT_MAX;

    for (size_t i = 0; i < c->n_bounds; i++) {
        int64_t micro = c->bounds[i].micro - (c->bounds[i].op == BOUND_LT);
        bool is_upper = c->bounds[i].op == BOUND_LT || c->bounds[i].op == BOUND_LTE ||
                        c->bounds[i].op == BOUND_EQ;
        if (is_upper && micro / CORRELATION_MICRO < limit)
            limit = micro / CORRELATION_MICRO;
    }
    return limit > 0 ? (uint64_t)limit : 0;
}

/* ---- bytes --------------------------------------------------------------------------------- */

static uint32_t bytes_of(const struct head *h)
{
    return (uint32_t)sizeof *h + h->keys_n + h->text_n + h->n * (uint32_t)sizeof(struct entry);
}

static bool load(const struct cell_part *p, struct rarity *r)
{
    const struct head *h = &r->head;

    if (p->n < sizeof *h)
        return false;
    memcpy(&r->head, p->p, sizeof *h);
    if (h->version != RARITY_VERSION || h->n > ENTRIES_MAX || p->n != bytes_of(h))
        return false;
    r->keys = (struct str){(const char *)p->p + sizeof *h, h->keys_n};
    r->text = (struct str){r->keys.p + h->keys_n, h->text_n};
    memcpy(r->entries, r->text.p + h->text_n, h->n * sizeof *r->entries);
    for (uint32_t i = 0; i < h->n; i++)
        if (!final_is_time(r->entries[i].first) || !final_is_time(r->entries[i].last))
            return false;
    return true;
}

static void note_names(struct rarity *r, const struct hit *hit)
{
    r->keys = hit->keys.n <= UINT16_MAX ? hit->keys : STR("");
    r->text = utf8_cut(hit->value_text, FINAL_TEXT_MAX);
    r->head.keys_n = (uint16_t)r->keys.n;
    r->head.text_n = (uint16_t)r->text.n;
}

static void begin(struct rarity *r, const struct state_op *op)
{
    const struct hit *hit = op->payload;

    r->head = (struct head){.version = RARITY_VERSION,
                            .settled_ms = INT64_MIN,
                            .value = hit->value,
                            .group = hit->group_key,
                            .own = op->key};
    note_names(r, hit);
}

/* has_names: keys and text are the cell's own. */
static void store(struct cell *cell, const struct rarity *r, bool has_names)
{
    const struct head *h = &r->head;

    if (!cell_resize(cell, bytes_of(h)))
        return;
    memcpy(cell->main.p, h, sizeof *h);
    uint8_t *p = cell->main.p + sizeof *h;
    if (!has_names && r->keys.n)
        memcpy(p, r->keys.p, r->keys.n);
    if (!has_names && r->text.n)
        memcpy(p + h->keys_n, r->text.p, r->text.n);
    memcpy(p + h->keys_n + h->text_n, r->entries, h->n * sizeof *r->entries);
}

/* ---- entries ------------------------------------------------------------------------------- */

static void drop(struct rarity *r, uint32_t at)
{
    r->head.n--;
    memmove(&r->entries[at], &r->entries[at + 1], (r->head.n - at) * sizeof *r->entries);
}

static bool insert(struct rarity *r, struct entry e)
{
    uint32_t at = r->head.n;

    if (r->head.n == ENTRIES_MAX)
        return false;
    while (at > 0 && (r->entries[at - 1].first > e.first || (r->entries[at - 1].first == e.first &&
                                                             r->entries[at - 1].number > e.number)))
        at--;
    memmove(&r->entries[at + 1], &r->entries[at], (r->head.n - at) * sizeof e);
    r->entries[at] = e;
    r->head.n++;
    return true;
}

static bool add_time(struct rarity *r, int64_t t_ms, uint64_t hits)
{
    for (uint32_t i = r->head.n; i-- > 0;)
        if (r->entries[i].first == t_ms) {
            if (!(r->entries[i].number & RESTORED)) /* which has all hits */
                r->entries[i].number += hits;
            return true;
        }
    return insert(r, (struct entry){t_ms, t_ms, hits});
}

static uint64_t day_number(int64_t t_ms)
{
    return (uint64_t)day_of(t_ms) & ~RESTORED;
}

static int64_t day_of_number(uint64_t number)
{
    return (int64_t)(number << 1) >> 1;
}

static bool add_day(struct rarity *r, int64_t t_ms)
{
    uint64_t number = day_number(t_ms);

    for (uint32_t i = r->head.n; i-- > 0;) {
        struct entry e = r->entries[i];
        if (number_of(&e) != number)
            continue;
        if (e.first <= t_ms || e.first < r->head.settled_ms)
            return true;
        drop(r, i);
        break;
    }
    return insert(r, (struct entry){t_ms, t_ms, number});
}

/* The run and the actor's runs that it touches become one. It is restored if its start is. */
static bool add_run(struct rarity *r, struct entry run, int64_t history)
{
    for (uint32_t i = 0; i < r->head.n; i++) {
        const struct entry *e = &r->entries[i];
        if (number_of(e) != number_of(&run) || span_add(e->last, history) < run.first ||
            e->first > span_add(run.last, history))
            continue;
        if (e->first < run.first)
            run.number = e->number;
        else if (e->first == run.first)
            run.number |= e->number;
        run.first = e->first < run.first ? e->first : run.first;
        run.last = e->last > run.last ? e->last : run.last;
        drop(r, i--);
    }
    return insert(r, run);
}

/* Exact up to the limit, above it as good. */
static uint64_t frequency(const struct correlation *c, const struct rarity *r, uint32_t at)
{
    const struct entry *e = &r->entries[at];
    int64_t history = history_of(c);
    uint64_t n = 0, limit = limit_of(c);

    for (uint32_t i = at; i-- > 0 && n <= limit;) {
        const struct entry *b = &r->entries[i];
        if (c->rarity_by == RARITY_DAYS)
            n += number_of(&(struct entry){.number = e->number - b->number - 1}) <
                 (uint64_t)(history / DAY_MS); /* 1 .. D days ago */
        else if (b->first < e->first && b->last >= span_add(e->first, -history))
            n += c->rarity_by == RARITY_COUNT ? number_of(b) : 1;
    }
    return n;
}

/* The entry that begins at t_ms, as things are. What comes later only makes it less rare. */
static bool may_be_told(const struct correlation *c, const struct rarity *r, int64_t t_ms)
{
    for (uint32_t i = r->head.n; i-- > 0;)
        if (r->entries[i].first == t_ms)
            return !is_judged(r, &r->entries[i]) && frequency(c, r, i) <= limit_of(c);
    return false;
}

/* By count: of each stretch of H the first and the last limit + 1 times are enough. */
static void thin_out(struct rarity *r, int64_t history, uint32_t keep)
{
    uint32_t out = 0;

    for (uint32_t from = 0, to; from < r->head.n; from = to) {
        int64_t stretch = span_floor(r->entries[from].first, history);
        for (to = from; to < r->head.n; to++)
            if (span_floor(r->entries[to].first, history) != stretch)
                break;
        for (uint32_t i = from; i < to; i++)
            if (i - from < keep || to - i <= keep)
                r->entries[out++] = r->entries[i];
    }
    r->head.n = (uint16_t)out;
}

/* Judged entries: what is behind the history of all to come, and all but the limit + 1 that
 * reach furthest. */
static void forget(const struct correlation *c, struct rarity *r, uint64_t limit)
{
    int64_t settled = r->head.settled_ms, history = history_of(c), n_judged = 0;

    for (uint32_t i = 0; i < r->head.n; i++) {
        const struct entry *e = &r->entries[i];
        bool is_old = c->rarity_by == RARITY_DAYS
                          ? day_of_number(e->number) < day_of(settled) - history / DAY_MS
                          : e->last < span_add(settled, -history);
        if (e->first < settled && is_old)
            drop(r, i--);
        else
            n_judged += e->first < settled;
    }
    for (; n_judged > (int64_t)limit + 1; n_judged--) {
        uint32_t least = 0;
        for (uint32_t i = 1; i < (uint32_t)n_judged; i++)
            if (r->entries[i].last < r->entries[least].last)
                least = i;
        drop(r, least);
    }
}

/* ---- steps --------------------------------------------------------------------------------- */

static void set_times(const struct correlation *c, struct cell *cell, const struct rarity *r)
{
    int64_t last = INT64_MIN, history = history_of(c);

    cell->due_ms = CELL_NEVER;
    for (uint32_t i = r->head.n; i-- > 0;) {
        if (!is_judged(r, &r->entries[i]))
            cell->due_ms = span_add(r->entries[i].first, 1);
        last = r->entries[i].last > last ? r->entries[i].last : last;
    }
    if (r->head.n == 0)
        cell->idle_ms = INT64_MIN;
    else if (c->rarity_by == RARITY_DAYS)
        cell->idle_ms = span_add(span_floor(last, DAY_MS), (history / DAY_MS + 1) * DAY_MS);
    else
        cell->idle_ms = span_add(span_add(last, history), 1);
    cell->weight = r->head.n > 100 ? 100 : (uint8_t)r->head.n;
}

/* Entries before it in its part of the history; a day is a part. */
static uint64_t place_in_part(const struct correlation *c, const struct rarity *r, uint32_t at)
{
    int64_t history = history_of(c), part = fact_part(r->entries[at].first, history);
    uint64_t n = 0;

    if (c->rarity_by == RARITY_DAYS)
        return 0;
    for (uint32_t i = at; i-- > 0 && fact_part(r->entries[i].first, history) == part;)
        n++;
    return n;
}

/* Of which fact this is an update. An actor that was forgotten may begin another run in the same
 * part, so runs have names by their starts. */
static uint64_t slot_of(const struct correlation *c, const struct rarity *r, uint32_t at)
{
    const struct entry *e = &r->entries[at];
    int64_t history = history_of(c), parts = fact_steps(FACT_PARTS, history / FACT_PARTS + 1);
    int64_t days = fact_steps(history / DAY_MS, DAY_MS);

    if (c->rarity_by == RARITY_ACTORS)
        return number_of(e) ^ (uint64_t)e->first;
    if (c->rarity_by == RARITY_DAYS)
        return (uint64_t)(day_of(e->first) % days + days);
    return (uint64_t)(fact_part(e->first, history) % parts + parts) * (RARITY_LIMIT_MAX + 1) +
           place_in_part(c, r, at) % (RARITY_LIMIT_MAX + 1);
}

static void tell(const struct correlation *c, const struct rarity *r, uint32_t at,
                 const struct hit *what, struct emissions *out)
{
    struct signal s = {
        .stage = 1, .key = r->head.group, .t_ms = r->entries[at].first, .hit = *what};

    s.hit.count = 1;
    s.hit.value = r->head.value;
    s.hit.actor = number_of(&r->entries[at]);
    s.hit.event_id = slot_of(c, r, at);
    s.hit.group_key = r->head.own;
    final_signal(out, &s);
}

static void tell_seldom(const struct correlation *c, const struct rarity *r, uint32_t at,
                        const struct cell *cell, uint64_t n, struct emissions *out)
{
    struct hit seldom = {.label = RARITY_SELDOM,
                         .number_micro = (int64_t)n * CORRELATION_MICRO,
                         .keys = r->keys,
                         .value_text = r->text,
                         .capsule = kept_find(cell, r->entries[at].first, r->head.value)};

    tell(c, r, at, &seldom, out);
}

static void tell_kept(const struct correlation *c, const struct rarity *r, uint32_t at,
                      struct emissions *out)
{
    struct hit kept = {.label = RARITY_KEPT, .number_micro = r->entries[at].last, .keys = r->keys};

    tell(c, r, at, &kept, out);
}

/* Frequencies above the limit are as good as one above it: only so many entries of each part of the
 * history must be known after a restore. */
static void judge(const struct correlation *c, const struct rarity *r, uint32_t at,
                  const struct cell *cell, struct emissions *out)
{
    const struct entry *e = &r->entries[at];
    uint64_t n = frequency(c, r, at), limit = limit_of(c);
    int64_t history = history_of(c);
    bool is_told = n <= limit && final_bounds_hold(c, (int64_t)n * CORRELATION_MICRO);

    if (is_told)
        tell_seldom(c, r, at, cell, n, out);
    if (fact_part(e->last, history) > fact_part(e->first, history) ||
        (!is_told && place_in_part(c, r, at) <= limit))
        tell_kept(c, r, at, out);
}

static void settle(const struct correlation *c, struct cell *cell, int64_t watermark_ms,
                   struct emissions *out)
{
    struct rarity r;

    if (!load(&cell->main, &r)) {
        cell->due_ms = CELL_NEVER;
        return;
    }
    for (uint32_t i = 0; i < r.head.n && r.entries[i].first < watermark_ms; i++)
        if (!is_judged(&r, &r.entries[i]))
            judge(c, &r, i, cell, out);
    r.head.settled_ms = watermark_ms;
    if (watermark_ms < INT64_MAX)
        forget(c, &r, limit_of(c));
    store(cell, &r, true);
    set_times(c, cell, &r);
    kept_forget(cell, watermark_ms);
}

static bool add(const struct correlation *c, struct rarity *r, int64_t t_ms, const struct hit *hit)
{
    switch (c->rarity_by) {
    case RARITY_COUNT:
        if (r->head.n == ENTRIES_MAX)
            thin_out(r, history_of(c), (uint32_t)limit_of(c) + 1);
        return add_time(r, t_ms, hit->count);
    case RARITY_DAYS:
        return add_day(r, t_ms);
    case RARITY_ACTORS:
        return add_run(r, (struct entry){t_ms, t_ms, hit->actor & ~RESTORED}, history_of(c));
    }
    return false;
}

/* The judged run that a hit of its actor at t_ms falls into or goes on with; UINT32_MAX. */
static uint32_t find_run(const struct rarity *r, int64_t t_ms, uint64_t actor, int64_t history)
{
    for (uint32_t i = 0; i < r->head.n; i++) {
        const struct entry *e = &r->entries[i];
        if (number_of(e) == (actor & ~RESTORED) && e->first <= t_ms &&
            span_add(e->last, history) >= t_ms && is_judged(r, e))
            return i;
    }
    return UINT32_MAX;
}

/* A run that goes on into another part of the history. */
static void tell_still(const struct correlation *c, const struct rarity *r, int64_t t_ms,
                       const struct hit *hit, int64_t was_ms, struct emissions *out)
{
    int64_t history = history_of(c);
    uint32_t at = find_run(r, t_ms, hit->actor, history);

    if (at != UINT32_MAX && fact_part(r->entries[at].last, history) > fact_part(was_ms, history))
        tell_kept(c, r, at, out);
}

static void take(const struct correlation *c, const struct state_op *op, struct cell *cell,
                 struct emissions *out)
{
    const struct hit *hit = op->payload;
    int64_t was_ms = INT64_MAX;
    struct rarity r;

    bool has_names = load(&cell->main, &r);
    if (!has_names) {
        begin(&r, op);
    } else if (r.head.keys_n == 0) { /* it was restored */
        note_names(&r, hit);
        has_names = false;
    }
    if (c->rarity_by == RARITY_ACTORS) {
        uint32_t at = find_run(&r, op->t_ms, hit->actor, history_of(c));
        was_ms = at == UINT32_MAX ? INT64_MAX : r.entries[at].last;
    }
    if (!add(c, &r, op->t_ms, hit))
        return;
    if (was_ms != INT64_MAX)
        tell_still(c, &r, op->t_ms, hit, was_ms, out);
    store(cell, &r, has_names);
    set_times(c, cell, &r);
    if (may_be_told(c, &r, op->t_ms))
        kept_add(cell, op->t_ms, r.head.value, hit->capsule);
}

/* ---- facts --------------------------------------------------------------------------------- */

/* The entry that tells the same; UINT32_MAX. */
static uint32_t find_same(const struct correlation *c, const struct rarity *r,
                          const struct entry *e)
{
    for (uint32_t i = 0; i < r->head.n; i++)
        if (c->rarity_by == RARITY_COUNT ? r->entries[i].first == e->first
                                         : number_of(&r->entries[i]) == number_of(e))
            return i;
    return UINT32_MAX;
}

/* With too many the one goes that reaches least. */
static void make_room(const struct correlation *c, struct rarity *r)
{
    uint32_t least = 0;

    if (r->head.n == ENTRIES_MAX && c->rarity_by == RARITY_COUNT)
        thin_out(r, history_of(c), (uint32_t)limit_of(c) + 1);
    if (r->head.n < ENTRIES_MAX)
        return;
    for (uint32_t i = 1; i < r->head.n; i++)
        if (r->entries[i].last < r->entries[least].last)
            least = i;
    drop(r, least);
}

static void restore_entry(const struct correlation *c, struct rarity *r, const struct fact *f)
{
    struct entry e = {f->first_ms, f->first_ms, f->number | RESTORED};

    if (c->rarity_by == RARITY_DAYS)
        e.number = day_number(f->first_ms) | RESTORED;
    if (c->rarity_by == RARITY_ACTORS) {
        e.last = f->last_ms;
        make_room(c, r);
        (void)add_run(r, e, history_of(c));
        return;
    }
    uint32_t same = find_same(c, r, &e);
    if (same != UINT32_MAX) {
        const struct entry *was = &r->entries[same];
        if (c->rarity_by == RARITY_COUNT && number_of(was) > number_of(&e))
            e.number = was->number | RESTORED;
        if (c->rarity_by == RARITY_DAYS && was->first < e.first)
            e.first = e.last = was->first;
        drop(r, same);
    }
    make_room(c, r);
    (void)insert(r, e);
}

static void restore(const struct correlation *c, const struct state_op *op, struct cell *cell)
{
    const struct hit *hit = op->payload;
    struct rarity r;

    if (fact_is_fresh(hit->fact))
        return;
    bool has_names = load(&cell->main, &r);
    if (!has_names)
        begin(&r, op);
    restore_entry(c, &r, hit->fact);
    store(cell, &r, has_names);
    set_times(c, cell, &r);
}

void rarity_value_step(void *context, const struct state_op *op, struct cell *cell,
                       const struct step_clock *clock, struct emissions *out)
{
    const struct operator_spec *spec = context;

    if (!op)
        settle(spec->correlation, cell, clock->watermark_ms, out);
    else if (((const struct hit *)op->payload)->fact)
        restore(spec->correlation, op, cell);
    else
        take(spec->correlation, op, cell, out);
}

const struct operator_kind_info operator_rarity = {
    .kind = OPERATOR_RARITY,
    .name = "rarity",
    .n_stages = 2,
    .steps = {rarity_value_step, rarity_group_step},
    .always_final = true,
    .fact_kind = FACT_ENTRY,
};

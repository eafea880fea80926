/* correlator.c - batches of operations through all levels of state.
 *
 * Levels are the graph's: every way in it leads to a higher one. So a batch is one pass over the
 * levels, and each level is one call of the store.
 */
#include "correlate/correlator.h"

#include <stdlib.h>

#include "correlate/correlator_impl.h"
#include "state/uid.h"

struct correlator *correlator_new(const struct graph *g, struct store *store)
{
    struct correlator *c = calloc(1, sizeof *c);

    ASSERT(c);
    c->g = g;
    c->store = store;
    c->arena = arena_new(0);
    c->digest = digest_new();
    c->pressure = pressure_new(g, store);
    c->cap_added = CORRELATOR_EVENTS_MAX;
    c->added = calloc(c->cap_added, sizeof *c->added);
    c->levels = calloc(g->n_levels, sizeof *c->levels);
    ASSERT(c->added && c->levels);
    c->watermark_ms = INT64_MIN;
    return c;
}

/* What grows with the operations of a batch, as the arena does. */
static void release_room(struct correlator *c)
{
    for (uint32_t i = 0; i < c->g->n_levels; i++) {
        free(c->levels[i].ops);
        c->levels[i] = (struct level){0};
    }
    free(c->sorted);
    free(c->placed);
    free(c->told);
    c->sorted = NULL;
    c->placed = NULL;
    c->told = NULL;
    c->cap_sorted = c->cap_told = 0;
}

void correlator_free(struct correlator *c)
{
    if (!c)
        return;
    release_room(c);
    free(c->levels);
    free(c->added);
    buf_release(&c->bytes);
    buf_release(&c->scratch);
    digest_free(c->digest);
    pressure_free(c->pressure);
    arena_free(c->arena);
    free(c);
}

/* Who takes whole records adds more than he wanted to when the last one holds many events. */
static struct added *next_added(struct correlator *c)
{
    if (c->n_added == c->cap_added) {
        c->cap_added *= 2;
        c->added = reallocarray(c->added, c->cap_added, sizeof *c->added);
        ASSERT(c->added);
    }
    return &c->added[c->n_added++];
}

void correlator_add(struct correlator *c, struct str gathered, const struct correlator_event *e)
{
    if (gathered.n == 0)
        return;
    *next_added(c) = (struct added){.from = c->bytes.n, .n = gathered.n, .event = *e};
    buf_add(&c->bytes, gathered);
}

void correlator_lend(struct correlator *c, struct str gathered, const struct correlator_event *e)
{
    if (gathered.n == 0)
        return;
    *next_added(c) = (struct added){.lent = gathered, .n = gathered.n, .event = *e};
}

bool correlator_is_full(const struct correlator *c)
{
    return c->n_added >= CORRELATOR_EVENTS_MAX || c->bytes.n >= CORRELATOR_BYTES_MAX;
}

int64_t correlator_watermark(const struct correlator *c)
{
    return c->watermark_ms;
}

void correlator_set_watermark(struct correlator *c, int64_t watermark_ms)
{
    c->watermark_ms = watermark_ms;
}

struct correlator_counts correlator_counts(const struct correlator *c)
{
    struct correlator_counts counts = c->counts;

    counts.pressure = pressure_counts(c->pressure);
    return counts;
}

void correlator_hear(struct correlator *c, correlator_signal_fn *fn, void *context)
{
    c->hears = fn;
    c->hearing = context;
}

/* ---- into a batch -------------------------------------------------------------------------- */

/* How much too late an event is for a rule: one that waits for longer than the source takes what is
 * late for others. */
static int64_t late_for(const struct correlator *c, uint32_t rule, const struct clock_lateness *l)
{
    int64_t wait = c->g->rules[rule].behind_ms - l->source_ms;

    return l->late_by_ms - (wait > 0 ? wait : 0);
}

static void take_added(struct correlator *c, const struct added *a)
{
    const struct correlator_event *e = &a->event;
    struct str rest = a->lent.n ? a->lent : (struct str){c->bytes.p + a->from, a->n};
    struct gathered *got = arena_alloc(c->arena, sizeof *got);
    struct origin origin = {.order = (uint64_t)e->event << ORDER_BITS,
                            .part = e->part,
                            .shard = FINDING_NO_SHARD,
                            .at = {e->position, 0}};
    const struct origin *from = &origin;

    for (; gathered_next(&rest, got); origin.order++) {
        if (got->space == SPACE_NONE) {
            struct str name = gathered_name(c->arena, got);
            correlator_sole_finding(c, from, got->rule, e->t_ms, &got->hit, NULL, name);
            continue;
        }
        int64_t late_ms = late_for(c, got->rule, &e->lateness);
        if (late_ms > 0 && c->g->spaces[got->space].role != SPACE_SUPPRESS) {
            c->counts.late++;
            continue;
        }
        struct state_op *op = correlator_wait_in(c, got->space, from);
        /* The bucket of a late event may be closed: dedup counts it when it was seen, at the
         * watermark that it met. The log alone says when that was, so a replay agrees. */
        op->t_ms = e->t_ms + (late_ms > 0 ? late_ms : 0);
        op->key = got->key;
        /* While the capsule is near: when it is asked for (correlator_level.c) all others of the
         * batch have come by. */
        got->hit.has_place = capsule_place(got->hit.capsule, &got->hit.offset, &got->hit.index);
        op->payload = &got->hit; /* where it was read to */
        if (rest.n)
            got = arena_alloc(c->arena, sizeof *got);
    }
}

void correlator_begin(struct correlator *c)
{
    if (arena_reset_round(c->arena))
        release_room(c);
    c->n_told = 0;
    c->has_others = false;
    for (size_t i = 0; i < c->n_added; i++)
        take_added(c, &c->added[i]);
    for (uint32_t i = 0; i < c->g->n_levels; i++)
        correlator_mark_runs(c, &c->levels[i]);
}

/* ---- through its levels --------------------------------------------------------------------- */

static void take_emission(struct correlator *c, const struct emission *e, uint32_t level)
{
    struct str record = arena_str(c->arena, e->bytes);
    bool is_foreign = e->space == STORE_SPACE_FOREIGN;
    uint32_t here = is_foreign ? 0 : c->g->spaces[e->space].spec.level;
    struct origin from = {.order = e->order,
                          .part = e->part,
                          .shard = e->shard,
                          .at = e->at,
                          .is_restored = e->is_restored,
                          .is_others = is_foreign || here != level};

    if (record_kind_of(record) == RECORD_PASSING)
        correlator_take_passing(c, e, record, &from);
    else if (record_kind_of(record) == RECORD_SIGNAL && !is_foreign && here >= level)
        correlator_take_signal(c, e, record, &from);
    else if (from.is_others)
        correlator_take_stray(c, e, record, &from);
    else
        correlator_take_finding(c, e, record, &from);
}

enum weir_rc correlator_apply(struct correlator *c, uint32_t level,
                              const struct correlator_frame *frame, enum store_answer *answer,
                              struct weir_err *err)
{
    struct level *l = &c->levels[level];
    const struct emission *emissions;
    size_t n;

    const struct state_op *ops = correlator_line_up(c, l);
    for (size_t done = 0;;) {
        /* With parts a round is one call, since upto is its end: whoever has parts keeps his
         * batches small enough. */
        size_t part = l->n - done < STORE_OPS_MAX ? l->n - done : STORE_OPS_MAX;
        bool is_last = done + part == l->n;
        ASSERT(is_last || !frame->n_parts);
        struct store_batch batch = {.round = level,
                                    .ops = ops ? ops + done : NULL,
                                    .n_ops = part,
                                    .clock = {frame->watermark_ms},
                                    .timer_ms = is_last ? frame->timer_ms : INT64_MIN,
                                    .parts = frame->parts,
                                    .n_parts = frame->n_parts,
                                    .incarnation = frame->incarnation,
                                    .is_sweep = frame->is_sweep};
        TRY(store_apply(c->store, &batch, &emissions, &n, answer, err));
        if (*answer != STORE_DONE)
            return WEIR_OK;
        pressure_touch_givers(c->pressure);
        for (size_t i = 0; i < n; i++)
            take_emission(c, &emissions[i], level);
        done += part;
        if (is_last)
            break;
    }
    for (size_t i = 0; i < l->n; i++)
        pressure_touch(c->pressure, ops[i].space, ops[i].t_ms);
    c->timer_ms = frame->timer_ms;
    c->counts.operations += l->n;
    l->n = 0;
    l->is_mixed = false;
    return WEIR_OK;
}

void correlator_drop(struct correlator *c)
{
    for (uint32_t i = 0; i < c->g->n_levels; i++) {
        c->levels[i].n = 0;
        c->levels[i].is_mixed = false;
    }
    c->n_told = 0;
    c->has_others = false;
    c->n_added = 0;
    buf_clear(&c->bytes);
}

enum weir_rc correlator_run(struct correlator *c, int64_t watermark_ms, correlator_fn *fn,
                            void *context, struct weir_err *err)
{
    struct correlator_frame frame = {.watermark_ms = c->watermark_ms, .timer_ms = watermark_ms};
    enum store_answer answer = STORE_DONE;

    correlator_begin(c);
    for (uint32_t level = 0; level < c->g->n_levels; level++)
        if (c->levels[level].n || store_next_due(c->store) <= watermark_ms)
            TRY(correlator_apply(c, level, &frame, &answer, err));
    ASSERT(answer == STORE_DONE); /* without parts there is nothing to be fenced off from */
    if (watermark_ms > c->watermark_ms)
        c->watermark_ms = watermark_ms;
    return correlator_tell(c, fn, context, err);
}

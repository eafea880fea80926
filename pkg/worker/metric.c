/* metric.c - the blocks that threads count in, and the board that holds them.
 *
 * A block is some KiB, aligned so that no two share a cache line; adding is a load, an add and a
 * store of the owner's own line.
 */
#include "worker/metric.h"

#include <stdlib.h>
#include <time.h>
#include <x86intrin.h>

#include "base/arena.h"
#include "base/str.h"
#include "worker/config.h"
#include "worker/dead_letter.h"
#include "worker/metric_impl.h"

_Static_assert((int)DEAD_REASONS <= (int)METRIC_VALUES_MAX, "a cell for each reason");
_Static_assert((int)CONFIG_TOPICS <= (int)METRIC_VALUES_MAX, "a cell for each topic");
_Static_assert((int)PAUSES <= (int)METRIC_VALUES_MAX, "a cell for each pause");

/* ---- the board -------------------------------------------------------------------------- */

static uint64_t clock_ns(clockid_t which)
{
    struct timespec t;

    clock_gettime(which, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

int64_t board_now_ms(const struct metric_board *b)
{
    if (b->options.now_ms)
        return b->options.now_ms(b->options.clock_context);
    return (int64_t)(clock_ns(CLOCK_REALTIME) / 1000000);
}

static void begin_writer(struct metric_board *b, size_t i)
{
    struct metric_lane *l = &b->writers[i];

    l->board = b;
    l->writer = (uint32_t)i;
    for (size_t level = 0; level < STORE_ROUNDS_MAX; level++) {
        cell_set(&l->levels[level].watermark_ms, (uint64_t)INT64_MIN);
        cell_set(&l->levels[level].holder, METRIC_ELSEWHERE);
    }
}

struct metric_board *metric_board_new(const struct metric_options *o)
{
    struct metric_board *b = calloc(1, sizeof *b);

    ASSERT(b && o->n_lanes > 0 && o->n_lanes <= CONFIG_LANES_MAX);
    b->arena = arena_new(0);
    b->options = *o;
    b->options.version = arena_str(b->arena, o->version);
    b->options.worker = arena_str(b->arena, o->worker);
    b->options.group = arena_str(b->arena, o->group);
    b->n_writers = o->n_lanes * 2;
    b->writers = aligned_alloc(64, b->n_writers * sizeof *b->writers);
    ASSERT(b->writers);
    memset(b->writers, 0, b->n_writers * sizeof *b->writers);
    for (size_t i = 0; i < b->n_writers; i++)
        begin_writer(b, i);
    b->begun_ms = board_now_ms(b);
    b->begun_cycles = __rdtsc();
    b->begun_ns = clock_ns(CLOCK_MONOTONIC);
    pthread_mutex_init(&b->lock, NULL);
    pthread_mutex_init(&b->sets_lock, NULL);
    return b;
}

static void rows_release(struct metric_rows *r)
{
    free(r->items);
    free(r->names);
    *r = (struct metric_rows){0};
}

void metric_board_free(struct metric_board *b)
{
    if (!b)
        return;
    metric_sets_free(b);
    for (size_t i = 0; i < b->n_writers; i++)
        rows_release(&b->writers[i].rows);
    pthread_mutex_destroy(&b->lock);
    pthread_mutex_destroy(&b->sets_lock);
    arena_free(b->arena);
    free(b->writers);
    free(b);
}

struct metric_lane *metric_lane(struct metric_board *b, size_t i)
{
    ASSERT(i < board_lanes(b));
    return &b->writers[i];
}

struct metric_lane *metric_reader(struct metric_board *b, size_t i)
{
    ASSERT(i < board_lanes(b));
    return board_reader(b, i);
}

/* ---- adding ------------------------------------------------------------------------------ */

void metric_add(struct metric_lane *l, enum metric m, uint64_t n)
{
    DASSERT(m < METRICS);
    cell_add(&l->counters[m][0], n);
}

void metric_add_by(struct metric_lane *l, enum metric m, uint32_t by, uint64_t n)
{
    ASSERT(m < METRICS && by < METRIC_VALUES_MAX);
    cell_add(&l->counters[m][by], n);
}

void metric_set(struct metric_lane *l, enum metric_gauge g, uint64_t value)
{
    ASSERT(g < METRIC_GAUGES);
    cell_set(&l->gauges[g], value);
}

/* The pause in force has gone on until now. */
static void count_pause(struct metric_lane *l)
{
    uint64_t now_ns = clock_ns(CLOCK_MONOTONIC);

    cell_add(&l->counters[METRIC_PAUSED_NS][cell_get(&l->pause)], now_ns - l->paused_ns);
    l->paused_ns = now_ns;
}

void metric_pause(struct metric_lane *l, enum metric_pause reason)
{
    ASSERT(reason < PAUSES);
    if (cell_get(&l->pause) == reason)
        return;
    if (cell_get(&l->pause) == PAUSE_NONE)
        l->paused_ns = clock_ns(CLOCK_MONOTONIC);
    else
        count_pause(l);
    cell_set(&l->pause, reason);
}

void metric_beat(struct metric_lane *l, int64_t now_ms)
{
    if (cell_get(&l->pause) != PAUSE_NONE)
        count_pause(l);
    cell_set(&l->beat_ms, (uint64_t)now_ms);
}

void metric_call(struct metric_lane *l, bool is_inside)
{
    cell_set(&l->is_calling, is_inside);
}

void metric_time(struct metric_lane *l, enum metric_histogram h, uint64_t ns)
{
    struct metric_times *t = &l->times[h];
    size_t bucket = 0;

    while (bucket < METRIC_BUCKETS && ns > (uint64_t)METRIC_BUCKET_MS[bucket] * 1000000)
        bucket++;
    cell_add(&t->buckets[bucket], 1);
    cell_add(&t->sum_ns, ns);
}

void metric_latency(struct metric_lane *l, uint64_t ms)
{
    /* A record's time is whatever its producer says: a thousand years of ms must not wrap. */
    metric_time(l, METRIC_ALERT_LATENCY, ms < UINT64_MAX / 1000000 ? ms * 1000000 : UINT64_MAX);
}

void metric_level(struct metric_lane *l, uint32_t level, int64_t watermark_ms, uint32_t holder)
{
    ASSERT(level < STORE_ROUNDS_MAX);
    cell_set(&l->levels[level].holder, holder);
    cell_set(&l->levels[level].watermark_ms, (uint64_t)watermark_ms);
}

/* ---- partitions ---------------------------------------------------------------------------- */

static void row_begin(struct metric_row *r, const struct metric_owned *o, char *name, size_t n,
                      int64_t now_ms)
{
    memcpy(name, o->topic, n);
    r->topic = (struct str){name, n};
    r->partition = o->partition;
    r->begun_ms = now_ms;
    cell_set(&r->committed, (uint64_t)-1);
    cell_set(&r->end, (uint64_t)-1);
    cell_set(&r->watermark_ms, (uint64_t)INT64_MIN);
}

void metric_partitions(struct metric_lane *l, const struct metric_owned *owned, size_t n)
{
    struct metric_rows rows, before;
    size_t bytes = 1, at = 0;
    int64_t now_ms = board_now_ms(l->board);

    rows.n = n = n < METRIC_PARTITIONS_MAX ? n : METRIC_PARTITIONS_MAX;
    for (size_t i = 0; i < n; i++)
        bytes += strlen(owned[i].topic);
    rows.items = calloc(n + 1, sizeof *rows.items);
    rows.names = calloc(bytes, 1);
    ASSERT(rows.items && rows.names);
    for (size_t i = 0; i < n; i++) {
        size_t length = strlen(owned[i].topic);
        row_begin(&rows.items[i], &owned[i], rows.names + at, length, now_ms);
        at += length;
    }
    pthread_mutex_lock(&l->board->lock);
    before = l->rows;
    l->rows = rows;
    /* The holders were indexes into the old list. */
    for (size_t level = 0; level < STORE_ROUNDS_MAX; level++)
        cell_set(&l->levels[level].holder, METRIC_ELSEWHERE);
    pthread_mutex_unlock(&l->board->lock);
    rows_release(&before);
}

void metric_partition(struct metric_lane *l, size_t i, const struct metric_place *place)
{
    if (i >= l->rows.n)
        return;
    struct metric_row *r = &l->rows.items[i];
    cell_set(&r->committed, (uint64_t)place->committed);
    cell_set(&r->watermark_ms, (uint64_t)place->watermark_ms);
    cell_set(&r->record_ms, (uint64_t)place->record_ms);
}

void metric_partition_committed(struct metric_lane *l, size_t i, int64_t committed)
{
    if (i < l->rows.n)
        cell_set(&l->rows.items[i].committed, (uint64_t)committed);
}

void metric_partition_end(struct metric_lane *l, size_t i, int64_t end)
{
    if (i < l->rows.n)
        cell_set(&l->rows.items[i].end, (uint64_t)end);
}

/* ---- what others ask ------------------------------------------------------------------------- */

uint64_t board_gauge(const struct metric_board *b, size_t lane, enum metric_gauge g)
{
    uint64_t own = cell_get(&b->writers[lane].gauges[g]);
    uint64_t readers = cell_get(&board_reader(b, lane)->gauges[g]);

    return own > readers ? own : readers;
}

enum metric_pause board_pause(const struct metric_board *b, size_t lane)
{
    uint64_t own = cell_get(&b->writers[lane].pause);

    return (enum metric_pause)(own ? own : cell_get(&board_reader(b, lane)->pause));
}

bool board_is_ready(const struct metric_board *b)
{
    for (size_t i = 0; i < board_lanes(b); i++)
        if (!board_gauge(b, i, GAUGE_HAS_RULES) || !board_gauge(b, i, GAUGE_JOINED) ||
            !board_gauge(b, i, GAUGE_STATE_OK))
            return false;
    return true;
}

uint64_t board_counter(const struct metric_board *b, enum metric m)
{
    uint64_t sum = 0;

    for (size_t w = 0; w < b->n_writers; w++)
        for (size_t v = 0; v < METRIC_VALUES_MAX; v++)
            sum += cell_get(&b->writers[w].counters[m][v]);
    return sum;
}

size_t board_level_lane(const struct metric_board *b, uint32_t level)
{
    size_t best = SIZE_MAX;
    int64_t most = INT64_MIN;

    for (size_t lane = 0; lane < board_lanes(b); lane++) {
        int64_t ms = (int64_t)cell_get(&b->writers[lane].levels[level].watermark_ms);
        if (ms > most) {
            most = ms;
            best = lane;
        }
    }
    return best;
}

const struct metric_row *board_level_holder(const struct metric_board *b, uint32_t level,
                                            size_t lane)
{
    const struct metric_lane *l = &b->writers[lane];
    uint64_t holder = cell_get(&l->levels[level].holder);

    return holder < l->rows.n ? &l->rows.items[holder] : NULL;
}

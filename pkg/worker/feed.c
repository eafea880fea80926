/* feed.c - the reader of a lane: its life, the orders it takes, and its turns.
 *
 * A turn: orders, then up to FEED_CHUNK records from the partitions in turn (feed_read.c), matched
 * at once while they are lent (feed_match.c); then the batch is handed on, or not yet
 * (feed_deliver.c). Rule sets: feed_rules.c.
 */
#include "worker/feed.h"

#include "base/pack.h"
#include "base/str.h"
#include "worker/crash.h"
#include "worker/feed_impl.h"
#include "worker/log.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    SERVE_MS = 100,     /* nothing to do */
    PENDING_MS = 2,     /* something waits for the lane */
    SERVE_EVERY_MS = 20 /* the group is served while there are records */
};

void feed_look_at_clock(struct feed *f)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
    f->now_ms = (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
    clock_gettime(CLOCK_REALTIME_COARSE, &t);
    f->wall_ms = (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

struct feed *feed_new(const struct feed_options *o)
{
    struct feed *f = calloc(1, sizeof *f);

    ASSERT(f);
    f->options = *o;
    f->ruleset = o->ruleset;
    f->consumer = o->consumer;
    f->metrics = o->metrics;
    f->post = o->post;
    f->arena = arena_new(0);
    f->batch = post_empty(f->post);
    f->batch->ruleset = f->ruleset;
    feed_look_at_clock(f);
    feed_make_engines(f);
    return f;
}

void feed_free(struct feed *f)
{
    if (!f)
        return;
    feed_free_engines(f);
    scene_free(f->scene);
    batch_free(f->batch);
    ruleset_release(f->options.shelf, f->ruleset);
    post_plan_release(&f->plan);
    crash_book_free(f->options.crashes);
    free(f->parts);
    free(f->align);
    free(f->rules);
    buf_release(&f->packed);
    arena_free(f->arena);
    free(f);
}

static void drop_batch(struct feed *f)
{
    bool gives = f->batch->gives_ruleset;

    batch_clear(f->batch);
    f->batch->gives_ruleset = gives;
    f->batch->ruleset = f->ruleset;
}

/* The engines' past is of other batches, their constants of other partitions. */
static void begin_parts(struct feed *f, size_t n)
{
    if (n > f->cap_parts) {
        f->parts = reallocarray(f->parts, n, sizeof *f->parts);
        f->align = reallocarray(f->align, n, sizeof *f->align);
        ASSERT(f->parts && f->align);
        f->cap_parts = n;
    }
    f->n_parts = n;
    f->turn = 0;
    f->patience = (struct align_patience){0};
}

static void unpack_extra(struct feed_part *p, const struct post_seek *seek)
{
    struct str extra = {(const char *)seek->extra, seek->n_extra};
    struct unpack u = unpack_from(extra);
    int64_t record_ms = unpack_i64(&u);

    if (unpack_ok(&u) &&
        log_clock_unpack(&p->clock, str_sub(extra, extra.n - unpack_left(&u), extra.n),
                         seek->prefix_ms))
        p->record_ms = record_ms;
    else
        log_clock_init(&p->clock, seek->prefix_ms);
}

static void read_note(struct feed *f, size_t part)
{
    const struct scene_part *s = &f->scene->parts[part];
    struct feed_part *p = &f->parts[part];
    struct weir_err err;

    if (!f->options.crashes)
        return;
    enum weir_rc rc = crash_book_read(f->options.crashes, s->topic, s->partition, &p->note, &err);
    if (rc == WEIR_OK && p->note.count && (int64_t)p->position > p->note.to) {
        p->note.count = 0; /* it was committed meanwhile */
        rc = crash_book_write(f->options.crashes, s->topic, s->partition, &p->note, &err);
    }
    if (rc != WEIR_OK) {
        p->note.count = 0;
        LOG(LOG_WARN, "notes of crashes cannot be read", LOG_S("error", str_from(err.text)),
            LOG_U("lane", f->options.lane));
    } else if (p->note.count) {
        LOG(LOG_WARN, "records of which a worker died are read with care", LOG_S("topic", s->name),
            LOG_I("partition", s->partition), LOG_I("from", p->note.from), LOG_I("to", p->note.to),
            LOG_U("lane", f->options.lane));
    }
}

static void begin_part(struct feed *f, size_t i, const struct post_seek *seek)
{
    struct feed_part *p = &f->parts[i];
    struct weir_err err;

    *p = (struct feed_part){.position = seek->position,
                            .again_to = seek->again_to,
                            .read_ms = f->now_ms,
                            .record_ms = INT64_MIN,
                            .is_dirty = true};
    unpack_extra(p, seek);
    read_note(f, i);

    if (kafka_consumer_seek(f->consumer, i, (int64_t)seek->position, &err) != WEIR_OK) {
        LOG(LOG_ERROR, "cannot read a partition", LOG_S("error", str_from(err.text)),
            LOG_U("lane", f->options.lane));
        feed_tell_gone(f, i);
    }
}

static void take_plan(struct feed *f)
{
    if (!post_plan_take(f->post, &f->plan))
        return;
    drop_batch(f);
    ASSERT(f->plan.n == f->scene->n);
    begin_parts(f, f->plan.n);
    f->is_reading = true;
    for (size_t i = 0; i < f->plan.n; i++)
        begin_part(f, i, &f->plan.seeks[i]);
    f->pushed_ms = f->now_ms;
}

/* The lane ends or aborts its transaction first; how long that may take is bounded by its calls. So
 * also when the partitions are lost already: a batch of theirs that is committed after the next
 * assignment would go under the new generation, and the broker would take it. */
static void let_go(struct feed *f)
{
    f->is_reading = false;
    f->n_parts = 0;
    drop_batch(f);
    (void)post_assign(f->post, NULL, 0);
    metric_pause(f->metrics, PAUSE_GROUP);
    while (!post_wait_release(f->post, SERVE_MS) && !post_is_stopping(f->post)) {
        feed_look_at_clock(f);
        metric_beat(f->metrics, f->wall_ms);
    }
    kafka_consumer_accept(f->consumer);
}

static void take_hold(struct feed *f)
{
    const struct kafka_partition *partitions;

    f->is_reading = false;
    f->n_parts = 0;
    drop_batch(f);
    feed_make_scene(f);
    size_t n = kafka_consumer_partitions(f->consumer, &partitions);
    (void)post_assign(f->post, partitions, n);
    metric_pause(f->metrics, PAUSE_NONE);
    metric_set(f->metrics, GAUGE_JOINED, 1);
}

static void serve(struct feed *f, uint32_t ms)
{
    struct weir_err err;

    switch (kafka_consumer_serve(f->consumer, ms, &err)) {
    case KAFKA_ASSIGNED:
        take_hold(f);
        break;
    case KAFKA_LOST: /* thrown out, or the group's broker has not answered for a whole session */
        metric_set(f->metrics, GAUGE_JOINED, 0);
        let_go(f);
        break;
    case KAFKA_REVOKED:
        let_go(f);
        break;
    case KAFKA_TROUBLE:
        LOG(LOG_WARN, "kafka", LOG_S("error", str_from(err.text)), LOG_U("lane", f->options.lane));
        break;
    default:
        break;
    }
    feed_look_at_clock(f);
    f->served_ms = f->now_ms;
}

static void turn(struct feed *f)
{
    take_plan(f);
    if (ruleset_is_old(f->options.shelf, f->ruleset) && f->batch->n_records == 0 &&
        !f->batch->is_gone)
        feed_renew_rules(f);
    size_t n = f->is_reading ? feed_fetch(f) : 0;
    if (n)
        feed_take_chunk(f, n);
    feed_look_at_clock(f);
    metric_beat(f->metrics, f->wall_ms);
    if (!feed_deliver(f))
        serve(f, PENDING_MS);
    else if (!n)
        serve(f, batch_is_urgent(f->batch) ? PENDING_MS
                 : f->batch->n_records     ? SERVE_EVERY_MS
                                           : SERVE_MS);
    else if (f->now_ms - f->served_ms >= SERVE_EVERY_MS)
        serve(f, 0);
}

void *feed_main(void *feed)
{
    struct feed *f = feed;

    crash_thread();
    (void)pthread_setname_np(pthread_self(), "weir-reader"); /* as top -H shows it */
    while (!post_is_stopping(f->post))
        turn(f);
    return NULL;
}

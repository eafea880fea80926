/* feed_read.c - which partition is read next, and how much of it.
 *
 * Partitions take turns. One that is too far ahead of the others waits (align.h); records of which
 * a worker died are read one at a time.
 */
#include "worker/feed_impl.h"

#include "worker/log.h"

/* As of the last read; one that was not read yet may be at its end by its position alone: held by
 * others, it would never be read and never learn that. */
static bool is_at_end(const struct feed *f, size_t i)
{
    const struct feed_part *p = &f->parts[i];

    return p->is_at_end ||
           (p->record_at_ms == 0 && kafka_consumer_end(f->consumer, i) == (int64_t)p->position);
}

/* Something is there, beyond the limit. */
static bool is_waiting(const struct feed *f, int64_t limit)
{
    for (size_t i = 0; i < f->n_parts; i++)
        if (!f->align[i].is_at_end && !align_may_read(&f->align[i], limit))
            return true;
    return false;
}

static int64_t align(struct feed *f)
{
    bool is_by_group;

    if (f->n_parts < 2 && post_group_ms(f->post) == INT64_MIN)
        return INT64_MAX;
    for (size_t i = 0; i < f->n_parts; i++) {
        const struct feed_part *p = &f->parts[i];
        f->align[i] = (struct align_part){p->clock.prefix_ms, is_at_end(f, i),
                                          .is_again = p->position < p->again_to};
    }
    int64_t group_ms = post_group_ms(f->post), max_ms = f->options.config->align_max_ms;
    int64_t limit = align_limit(f->align, f->n_parts, group_ms, max_ms, &is_by_group);
    post_set_held(f->post, is_by_group);
    bool was_over = f->patience.is_over;
    if (align_is_patient(&f->patience, is_by_group && is_waiting(f, limit), group_ms, f->now_ms))
        return limit;
    if (!was_over)
        LOG(LOG_INFO, "the group's watermark does not catch up: partitions wait for it no more",
            LOG_I("watermark_ms", group_ms), LOG_U("lane", f->options.lane));
    return align_limit(f->align, f->n_parts, INT64_MIN, max_ms, &is_by_group);
}

/* The log has no such position any more: the lane acquires everything anew. */
void feed_tell_gone(struct feed *f, size_t part)
{
    LOG(LOG_WARN, "the log begins behind the position by now",
        LOG_S("topic", f->scene->parts[part].name),
        LOG_I("partition", f->scene->parts[part].partition),
        LOG_U("position", f->parts[part].position), LOG_U("lane", f->options.lane));
    f->batch->is_gone = true;
    f->is_reading = false;
}

/* Fewer where they are large: a chunk is some FEED_CHUNK_BYTES. */
static size_t usual_chunk(const struct feed *f)
{
    size_t n = f->mean_bytes ? FEED_CHUNK_BYTES / f->mean_bytes : FEED_CHUNK;

    return n < 1 ? 1 : n < FEED_CHUNK ? n : FEED_CHUNK;
}

/* How many records may be looked at together: those that a worker died of alone in their batch. */
static size_t chunk_of(const struct feed *f, size_t part)
{
    const struct feed_part *p = &f->parts[part];

    if (!p->note.count || (int64_t)p->position > p->note.to)
        return usual_chunk(f);
    if (feed_care_of(f, part, (int64_t)p->position) == CRASH_NO_CARE)
        return 1;
    return f->batch->n_records ? 0 : 1;
}

static bool may_read(const struct feed *f, size_t part, int64_t limit)
{
    const struct feed_part *p = &f->parts[part];
    struct align_part a = {p->clock.prefix_ms, .is_again = p->position < p->again_to};

    return align_may_read(&a, limit);
}

/* Up to a chunk, from the next partition that has something. */
size_t feed_fetch(struct feed *f)
{
    int64_t limit = align(f);
    size_t n = 0, n_ahead = 0;
    uint64_t begin = now_monotonic_ns();

    for (size_t k = 0; k < f->n_parts && !n && f->is_reading; k++) {
        size_t i = (f->turn + k) % f->n_parts;
        struct feed_part *p = &f->parts[i];
        bool is_gone = false;
        size_t max = chunk_of(f, i);
        if (!may_read(f, i, limit)) {
            n_ahead++;
            continue;
        }
        if (!max)
            continue;
        n = kafka_consumer_read(f->consumer, i, f->messages, max, &p->is_at_end, &is_gone);
        f->message_part = (uint32_t)i;
        if (n) {
            p->read_ms = f->now_ms;
            p->record_at_ms = f->wall_ms;
            p->is_dirty = true;
        }
        f->has_caught_up |= p->is_dirty && p->is_at_end;
        if (is_gone)
            feed_tell_gone(f, i);
    }
    f->turn = f->n_parts ? (f->turn + 1) % f->n_parts : 0;
    metric_pause(f->metrics, n == 0 && n_ahead ? PAUSE_ALIGN : PAUSE_NONE);
    metric_add(f->metrics, METRIC_STAGE_FETCH_NS, now_monotonic_ns() - begin);
    return n;
}

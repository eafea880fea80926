/* feed_deliver.c - when a batch goes to the lane, and what it says of each partition. */
#include "worker/feed_impl.h"

#include "base/pack.h"
#include "worker/due.h"

#include <string.h>

static bool is_idle(const struct feed *f, const struct feed_part *p)
{
    return p->is_at_end && f->now_ms - p->read_ms >= CLOCK_IDLE_MS;
}

static int64_t idle_mark(const struct feed *f, const struct feed_part *p)
{
    if (p->record_ms != INT64_MIN)
        return log_clock_idle(&p->clock, f->wall_ms - p->record_ms);
    return p->clock.n ? INT64_MIN : f->wall_ms - CLOCK_IDLE_MS - LOG_CLOCK_UNKNOWN_MS;
}

static void pack_part(struct feed *f, struct feed_part *p)
{
    struct batch_part *b = &p->packed;

    if (p->is_dirty) {
        buf_clear(&f->packed);
        pack_i64(&f->packed, p->record_ms);
        log_clock_pack(&p->clock, &f->packed);
        ASSERT(f->packed.n <= sizeof b->extra);
        memcpy(b->extra, f->packed.p, f->packed.n);
        b->n_extra = (uint32_t)f->packed.n;
        p->is_dirty = false;
    }
    b->position = p->position;
    b->prefix_ms = log_clock_prefix(&p->clock);
    b->newest_ms = p->clock.newest_ms;
    b->record_at_ms = p->record_at_ms;
    b->mark_ms = b->prefix_ms;
    if (is_idle(f, p)) {
        int64_t idle_ms = idle_mark(f, p);

        b->mark_ms = idle_ms > b->mark_ms ? idle_ms : b->mark_ms;
    }
}

static void hand_on(struct feed *f)
{
    struct batch *next = post_empty(f->post), *b = f->batch;

    ASSERT(next);
    batch_set_parts(b, f->n_parts);
    for (size_t i = 0; i < f->n_parts; i++) {
        pack_part(f, &f->parts[i]);
        b->parts[i] = f->parts[i].packed;
    }
    b->plan = f->plan.number;
    b->ruleset = f->ruleset;
    f->batch = next;
    batch_clear(next);
    f->has_caught_up = false;
    next->ruleset = f->ruleset;
    post_push(f->post, b);
    f->pushed_ms = f->now_ms;
    for (size_t i = 0; i < f->n_engines; i++)
        sight_turn(&f->engines[i]->sight, f->engines[i]->engine, f->ruleset->n_rules, f->metrics,
                   f->wall_ms);
}

static bool has_idle_part(const struct feed *f)
{
    for (size_t i = 0; i < f->n_parts; i++)
        if (is_idle(f, &f->parts[i]))
            return true;
    return false;
}

static bool is_all_read(const struct feed *f)
{
    for (size_t i = 0; i < f->n_parts; i++)
        if (!f->parts[i].is_at_end)
            return false;
    return true;
}

static struct due due_of(const struct feed *f)
{
    return (struct due){
        .batch_ms = f->options.config->batch_ms,
        .age_ms = f->now_ms - f->batch->first_ms,
        .pushed_ms = f->now_ms - f->pushed_ms,
        .waited_ms = f->waited_ms,
        .has_caught_up = f->has_caught_up,
        .is_all_read = is_all_read(f),
        .has_to_publish = batch_is_urgent(f->batch),
    };
}

/* The batch should go as soon as the lane wants one. */
static bool is_due(const struct feed *f)
{
    const struct batch *b = f->batch;

    if (b->n_records == 0 && !b->is_gone)
        return (b->gives_ruleset || (!f->options.is_stateless && has_idle_part(f))) &&
               f->now_ms - f->pushed_ms >= FEED_MARK_MS;
    struct due due = due_of(f);
    return batch_is_full(b, f->options.config->batch_events * due_times(&due)) || due_is(&due) ||
           ruleset_is_old(f->options.shelf, f->ruleset);
}

/* False: the batch takes no more, and there is no other. */
bool feed_deliver(struct feed *f)
{
    uint32_t stretched = f->options.config->batch_events * BATCH_STRETCH;

    if (!is_due(f) || (!post_is_hungry(f->post) && !batch_is_full(f->batch, stretched)))
        return true;
    struct batch *probe = post_empty(f->post);
    if (!probe)
        return !batch_is_full(f->batch, stretched);
    post_give(f->post, probe); /* only we take them: it is still there */
    hand_on(f);
    return true;
}

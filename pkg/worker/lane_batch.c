/* lane_batch.c - batches and plans: what a lane takes from its reader, and where that is to read.
 *
 * The batch before goes back at the POLL behind it. Seeks are collected and given to the reader as
 * one plan; batches of an older plan are thrown away (post.h).
 */
#include "worker/lane_impl.h"

#include "base/str.h"
#include "worker/log.h"

#include <string.h>

static size_t part_of(const struct lane *l, uint32_t number)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->parts[i].number == number)
            return i;
    ASSERT(false); /* a partition that is not owned */
    return 0;
}

/* The batch in hand is over, or given up. */
static void end_batch(struct lane *l)
{
    if (l->correlator)
        correlator_drop(l->correlator);
    l->is_applied = l->is_told = false;
    l->n_sent = 0;
    if (!l->batch)
        return;
    batch_clear(l->batch);
    post_give(l->post, l->batch);
    l->batch = NULL;
}

enum protocol_outcome lane_seek(struct lane *l, const struct protocol_action *a)
{
    size_t i = part_of(l, a->partition);
    struct post_seek *s = &l->plan.seeks[i];
    struct lane_part *p = &l->parts[i];

    if (!l->has_plan && !(l->batch && l->batch->gives_ruleset))
        end_batch(l); /* given up */
    l->is_told = false;
    s->position = a->upto.at.position;
    s->prefix_ms = a->upto.prefix_ms;
    s->again_to = a->sweep_to;
    s->n_extra = a->extra.n <= sizeof s->extra ? (uint32_t)a->extra.n : 0;
    if (s->n_extra)
        memcpy(s->extra, a->extra.p, s->n_extra);
    p->last = (struct batch_part){.position = s->position,
                                  .prefix_ms = s->prefix_ms,
                                  .mark_ms = s->prefix_ms,
                                  .newest_ms = INT64_MIN,
                                  .n_extra = s->n_extra};
    if (s->n_extra)
        memcpy(p->last.extra, s->extra, s->n_extra);
    l->begins[i] = a->committed;
    p->gap_from = a->gap_from;
    p->gap_to = a->gap_to;
    p->counted = s->position;
    p->replay_to = 0;
    l->has_plan = true;
    LOG(LOG_INFO, "partition begins", LOG_S("topic", str_from(l->owned[i].topic)),
        LOG_I("partition", l->owned[i].partition), LOG_U("offset", s->position),
        LOG_U("lane", l->options.number));
    return PROTOCOL_DONE;
}

static void put_plan(struct lane *l)
{
    l->plan.number = ++l->plan_number;
    l->plan.group = l->group;
    l->plan.n = l->n;
    post_plan_put(l->post, &l->plan);
    post_plan_size(&l->plan, l->n);
    l->has_plan = false;
    kafka_consumer_wake(l->options.consumer);
}

static void lend_events(struct lane *l)
{
    const struct batch *b = l->batch;

    for (uint32_t i = 0; i < b->n_events; i++) {
        const struct batch_event *e = &b->events[i];
        correlator_lend(l->correlator, batch_gathered(b, e->gathered),
                        &(struct correlator_event){.event = i,
                                                   .t_ms = e->t_ms,
                                                   .lateness = e->lateness,
                                                   .part = e->part,
                                                   .position = e->offset + 1});
    }
}

static void take_places(struct lane *l)
{
    for (size_t i = 0; i < l->n; i++) {
        struct lane_part *p = &l->parts[i];
        if (l->batch)
            p->last = l->batch->parts[i];
        l->taken[i] = (struct protocol_taken){
            .position = p->last.position,
            .prefix_ms = p->last.prefix_ms,
            .mark_ms = p->last.mark_ms,
            .extra = {(const char *)p->last.extra, p->last.n_extra},
        };
    }
}

/* The next batch that was read under the plan in force; NULL: there is none. False: its rule set
 * cannot be taken yet. */
static bool next_batch(struct lane *l)
{
    while (!l->batch) {
        l->batch = post_take(l->post);
        if (!l->batch)
            return true;
        if (lane_follow_rules(l) != WEIR_OK)
            return false;
        if (l->batch->plan != l->plan_number || l->batch->n_parts != l->n)
            end_batch(l);
    }
    return true;
}

enum protocol_outcome lane_poll(struct lane *l, struct protocol_told *t)
{
    bool owes_rules = l->batch && l->batch->gives_ruleset;

    if (l->has_plan)
        put_plan(l);
    if (!owes_rules)
        end_batch(l);
    else if (lane_follow_rules(l) != WEIR_OK)
        return lane_store_outcome(l, WEIR_IO, STORE_DONE);
    else if (l->batch->plan != l->plan_number)
        end_batch(l);
    if (!next_batch(l))
        return lane_store_outcome(l, WEIR_IO, STORE_DONE);
    if (l->owes_assignment)
        return PROTOCOL_UNKNOWN;
    if (l->batch && l->batch->is_gone)
        return PROTOCOL_GONE;
    take_places(l);
    if (l->batch && l->correlator)
        lend_events(l);
    t->taken = l->taken;
    if (l->is_stateless) {
        lane_make_documents(l);
        t->has_records = publisher_count(l->publisher) > 0;
    }
    return PROTOCOL_DONE;
}

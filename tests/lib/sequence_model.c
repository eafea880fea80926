/* sequence_model.c - see sequence_model.h. */
#include "tests/lib/sequence_model.h"

#include <stdlib.h>
#include <string.h>

struct list {
    const struct correlation *c;
    int64_t window_ms;
    const struct sequence_event *events;
    size_t n;
    uint32_t item_of[SEQUENCE_MODEL_STAGES], n_stages;
};

struct partial {
    bool is_there;
    size_t at[SEQUENCE_MODEL_STAGES]; /* the event of each stage */
};

static int by_order(const void *a, const void *b)
{
    const struct sequence_event *x = a, *y = b;

    if (x->t_ms != y->t_ms)
        return x->t_ms < y->t_ms ? -1 : 1;
    return (x->value > y->value) - (x->value < y->value);
}

void sequence_events_sort(struct sequence_event *events, size_t n)
{
    qsort(events, n, sizeof events[0], by_order);
}

static void flatten(struct list *l)
{
    for (uint32_t i = 0; i < l->c->n_inputs; i++)
        for (uint32_t k = 0; l->c->items[i].kind == SEQUENCE_STAGE && k < l->c->items[i].runs;
             k++) {
            ASSERT(l->n_stages < SEQUENCE_MODEL_STAGES);
            l->item_of[l->n_stages++] = i;
        }
}

static bool has(const struct sequence_event *e, uint32_t item)
{
    return e->labels >> item & 1;
}

/* Some event of the item in (from, to), by number. */
static bool any_between(const struct list *l, uint32_t item, size_t from, size_t to)
{
    for (size_t i = from + 1; i < to; i++)
        if (has(&l->events[i], item))
            return true;
    return false;
}

static int64_t latest_before(const struct list *l, uint32_t item, size_t first)
{
    int64_t latest_ms = INT64_MIN;

    for (size_t k = 0; k < first; k++)
        if (has(&l->events[k], item) && l->events[k].t_ms > latest_ms)
            latest_ms = l->events[k].t_ms;
    return latest_ms;
}

static int64_t earliest_behind(const struct list *l, uint32_t item, size_t last)
{
    int64_t earliest_ms = INT64_MAX;

    for (size_t k = last + 1; k < l->n; k++)
        if (has(&l->events[k], item) && l->events[k].t_ms < earliest_ms)
            earliest_ms = l->events[k].t_ms;
    return earliest_ms;
}

static bool is_spoiled_inside(const struct list *l, const struct partial *p, uint32_t item)
{
    for (uint32_t k = 1; k < l->n_stages; k++)
        if (l->item_of[k - 1] < item && item < l->item_of[k] &&
            any_between(l, item, p->at[k - 1], p->at[k]))
            return true;
    return false;
}

/* The time it is told, or INT64_MIN if a missing item spoils it. */
static int64_t judged(const struct list *l, const struct partial *p)
{
    int64_t w = l->window_ms, first = l->events[p->at[0]].t_ms;
    size_t last_at = p->at[l->n_stages - 1];
    int64_t last = l->events[last_at].t_ms, lead = INT64_MIN, trail = INT64_MAX;
    bool has_lead = false, has_trail = false;

    for (uint32_t i = 0; i < l->c->n_inputs; i++) {
        if (l->c->items[i].kind != SEQUENCE_MISSING)
            continue;
        if (i < l->item_of[0]) {
            int64_t at = latest_before(l, i, p->at[0]);
            lead = at > lead ? at : lead;
            has_lead = true;
        } else if (i > l->item_of[l->n_stages - 1]) {
            int64_t at = earliest_behind(l, i, last_at);
            trail = at < trail ? at : trail;
            has_trail = true;
        } else if (is_spoiled_inside(l, p, i)) {
            return INT64_MIN;
        }
    }
    if (has_lead && has_trail) {
        if (lead == INT64_MIN || lead + w < last)
            return last;
        return trail != INT64_MAX && trail - lead <= w ? INT64_MIN : lead + w;
    }
    if (has_lead)
        return lead != INT64_MIN && last - lead <= w ? INT64_MIN : last;
    if (has_trail)
        return trail != INT64_MAX && trail - first <= w ? INT64_MIN : first + w;
    return last;
}

/* Event e is the next of what waits behind stage k - 1: true, and told, if that completes it. */
static bool reach(const struct list *l, struct partial *pending, uint32_t k, size_t e,
                  struct sequence_told *out)
{
    struct partial p = {.is_there = true};

    if (k > 0) {
        p = pending[k - 1];
        pending[k - 1].is_there = false;
        if (!p.is_there || l->events[e].t_ms - l->events[p.at[0]].t_ms > l->window_ms)
            return false;
    }
    p.at[k] = e;
    if (k < l->n_stages - 1) {
        pending[k] = p;
        return false;
    }
    *out = (struct sequence_told){.t_ms = judged(l, &p), .n_steps = l->n_stages};
    memcpy(out->at, p.at, sizeof out->at);
    return out->t_ms != INT64_MIN;
}

size_t sequence_model(const struct correlation *c, int64_t window_ms,
                      const struct sequence_event *events, size_t n, struct sequence_told *out)
{
    struct list l = {.c = c, .window_ms = window_ms, .events = events, .n = n};
    struct partial pending[SEQUENCE_MODEL_STAGES] = {0};
    uint32_t last = (uint32_t)c->n_inputs - 1;
    size_t n_told = 0;

    flatten(&l);
    for (size_t e = 0; e < n; e++) {
        for (uint32_t k = l.n_stages; k-- > 0;)
            if (has(&events[e], l.item_of[k]))
                n_told += reach(&l, pending, k, e, &out[n_told]);
        if (c->items[last].kind == SEQUENCE_UNTIL && has(&events[e], last))
            memset(pending, 0, sizeof pending);
    }
    return n_told;
}

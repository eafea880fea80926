/* batch.c - what the reader hands to its lane. */
#include "worker/batch.h"

#include "base/str.h"

#include <stdlib.h>
#include <string.h>

struct batch *batch_new(void)
{
    struct batch *b = calloc(1, sizeof *b);

    ASSERT(b);
    return b;
}

/* All that grows with what comes in. */
static void release_room(struct batch *b)
{
    free(b->events);
    free(b->dead);
    free(b->rules);
    b->events = NULL;
    b->dead = NULL;
    b->rules = NULL;
    b->cap_events = b->cap_dead = b->cap_rules = 0;
    buf_release(&b->bytes);
    buf_release(&b->gathered);
}

void batch_free(struct batch *b)
{
    if (!b)
        return;
    if (b->gives_ruleset)
        ruleset_release(b->shelf, b->ruleset);
    release_room(b);
    free(b->parts);
    free(b);
}

static size_t room_of(const struct batch *b, size_t events, size_t dead, size_t rules)
{
    return events * sizeof *b->events + dead * sizeof *b->dead + rules * sizeof *b->rules;
}

static bool has_slack(struct batch *b)
{
    size_t used = room_of(b, b->n_events, b->n_dead, b->n_rules) + b->bytes.n + b->gathered.n;
    size_t held =
        room_of(b, b->cap_events, b->cap_dead, b->cap_rules) + b->bytes.cap + b->gathered.cap;

    return slack_is_too_much(&b->slack, used, held);
}

void batch_clear(struct batch *b)
{
    if (has_slack(b))
        release_room(b);
    b->n_parts = b->n_events = b->n_dead = b->n_rules = 0;
    b->n_records = b->n_operations = 0;
    b->is_gone = b->gives_ruleset = b->is_alone = false;
    b->first_ms = 0;
    buf_clear(&b->bytes);
    buf_clear(&b->gathered);
}

void batch_give_ruleset(struct batch *b, struct ruleset_shelf *s, const struct ruleset *r)
{
    if (b->gives_ruleset)
        ruleset_release(b->shelf, b->ruleset);
    b->gives_ruleset = true;
    b->shelf = s;
    b->ruleset = r;
}

/* Room for one more. */
static void *room(void *list, size_t n, size_t *cap, size_t size)
{
    if (n < *cap)
        return list;
    *cap = *cap ? *cap * 2 : 64;
    list = reallocarray(list, *cap, size);
    ASSERT(list);
    return list;
}

struct batch_slice batch_copy(struct batch *b, struct str bytes)
{
    struct batch_slice s = {b->bytes.n, bytes.n};

    buf_add(&b->bytes, bytes);
    return s;
}

struct batch_event *batch_add_event(struct batch *b)
{
    b->events = room(b->events, b->n_events, &b->cap_events, sizeof *b->events);
    return &b->events[b->n_events++];
}

struct batch_dead *batch_add_dead(struct batch *b)
{
    b->dead = room(b->dead, b->n_dead, &b->cap_dead, sizeof *b->dead);
    return &b->dead[b->n_dead++];
}

void batch_add_rule(struct batch *b, uint32_t rule)
{
    b->rules = room(b->rules, b->n_rules, &b->cap_rules, sizeof *b->rules);
    b->rules[b->n_rules++] = rule;
}

void batch_set_parts(struct batch *b, size_t n)
{
    if (n > b->cap_parts) {
        b->parts = reallocarray(b->parts, n, sizeof *b->parts);
        ASSERT(b->parts);
        b->cap_parts = n;
    }
    b->n_parts = n;
}

bool batch_is_full(const struct batch *b, uint32_t events_max)
{
    return b->n_records >= events_max || b->n_events >= BATCH_MATCHED_MAX ||
           b->n_operations >= BATCH_OPERATIONS_MAX || b->n_dead >= BATCH_DEAD_MAX ||
           b->bytes.n + b->gathered.n >= BATCH_BYTES_MAX || b->is_gone || b->is_alone;
}

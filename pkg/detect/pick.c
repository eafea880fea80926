/* pick.c - from batches of events to those that match, each with its time and its operations. */
#include "detect/pick.h"

#include <stdlib.h>

#include "detect/when.h"

void picker_init(struct picker *p, struct engine *engine, const struct graph *graph,
                 const struct profile_set *profiles, const struct extract_options *extract,
                 const struct origin_input *inputs)
{
    *p = (struct picker){.engine = engine, .inputs = inputs};
    if (!graph)
        return;
    p->gatherer = gatherer_new(graph, engine_fields(engine), profiles);
    p->origin = calloc(1, sizeof *p->origin);
    ASSERT(p->origin);
    origin_init(p->origin, extract, inputs);
}

void picker_release(struct picker *p)
{
    gatherer_free(p->gatherer);
    if (p->origin)
        origin_release(p->origin);
    free(p->origin);
    free(p->rules);
    buf_release(&p->gathered);
}

/* Records of files have no time: their number times step stands in, counted and marked. */
static void tell_time(struct picker *p, const struct event *event, struct picked *out)
{
    int64_t standin_ms = p->time_start_ms + (int64_t)event->ref.record * p->time_step_ms;
    struct when when = when_of(engine_worker(p->engine), event, event->record_ms, standin_ms);

    out->time_ms = when.t_ms;
    out->time_is_standin = when.is_standin;
    p->time_standins += when.is_standin;
    p->time_clamped += when.is_clamped;
}

static void mark_time(struct picker *p, const struct picked *e)
{
    uint32_t input = e->event->ref.input;

    if (p->has_marked && p->marked_input == input && p->marked_profile == e->profile &&
        p->marked_ms >= e->time_ms)
        return;
    p->has_marked = true;
    p->marked_input = input;
    p->marked_profile = e->profile;
    p->marked_ms = e->time_ms;
    p->mark(p->context, input, e->profile, e->time_ms);
}

static void gather_operations(struct picker *p, struct picked *e)
{
    if (e->n_matches > p->cap_rules) {
        p->cap_rules = e->n_matches * 2;
        p->rules = reallocarray(p->rules, p->cap_rules, sizeof *p->rules);
        ASSERT(p->rules);
    }
    for (size_t i = 0; i < e->n_matches; i++)
        p->rules[i] = e->matches[i].rule;
    const struct origin_input *input = &p->inputs[e->event->ref.input];
    struct gather_event event = {.event = e->event,
                                 .profile = e->profile,
                                 .t_ms = e->time_ms,
                                 .input = input->name,
                                 .partition = input->partition,
                                 .origin = origin_options(p->origin, e->event->ref.input)};
    buf_clear(&p->gathered);
    gather(p->gatherer, &event, p->rules, e->n_matches, &p->gathered);
    e->gathered = buf_str(&p->gathered);
}

enum weir_rc pick_batch(void *picker, const struct event *events, const uint64_t *numbers, size_t n,
                        struct weir_err *err)
{
    struct picker *p = picker;
    const struct engine_match *matches;
    size_t n_matches = engine_run(p->engine, events, n, &matches);
    size_t at = 0;

    for (size_t i = 0; i < n; i++) {
        struct picked e = {.event = &events[i],
                           .profile =
                               extract_shape(engine_worker(p->engine), events[i].shape)->profile,
                           .number = numbers[i],
                           .matches = matches + at};
        tell_time(p, &events[i], &e);
        for (; at < n_matches && matches[at].event == i; at++)
            e.n_matches++;
        if (p->mark)
            mark_time(p, &e);
        if (!e.n_matches)
            continue;
        if (p->gatherer)
            gather_operations(p, &e);
        TRY(p->fn(p->context, &e, err));
    }
    return WEIR_OK;
}

/* pick.c - from batches of events to those that match, each with its time. */
#include "app/pick.h"

/* Event time, or its stand-in: record number times step, counted and marked. */
static void tell_time(struct picker *p, const struct event *event, struct emit_event *out)
{
    if (extract_time_ms(engine_worker(p->engine), event, &out->time_ms))
        return;
    out->time_is_standin = true;
    out->time_ms = p->time_start_ms + (int64_t)event->ref.record * p->time_step_ms;
    p->time_standins++;
}

enum weir_rc pick_batch(void *picker, const struct event *events, const uint64_t *numbers, size_t n,
                        struct weir_err *err)
{
    struct picker *p = picker;
    const struct engine_match *matches;
    size_t n_matches = engine_run(p->engine, events, n, &matches);
    size_t at = 0;

    for (size_t i = 0; i < n; i++) {
        struct emit_event e = {
            .event = &events[i],
            .profile = extract_shape(engine_worker(p->engine), events[i].shape)->profile,
            .number = numbers[i],
            .matches = matches + at};
        tell_time(p, &events[i], &e);
        for (; at < n_matches && matches[at].event == i; at++)
            e.n_matches++;
        if (e.n_matches)
            TRY(p->fn(p->context, &e, err));
    }
    return WEIR_OK;
}

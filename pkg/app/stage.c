/* stage.c - the state stage of a replay: batches of matched events through the correlator. */
#include "app/stage.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/str.h"
#include "correlate/clock.h"

/* An event of the batch; its record lies in bytes. */
struct kept {
    struct stage_event event;
    size_t from;
};

struct stage {
    struct stage_options options;
    struct correlator *correlator;
    struct clock *clock;
    struct kept *kept;
    uint32_t n;
    struct buf bytes;
    int64_t newest_ms;
    uint32_t input;  /* the last one that was read */
    uint64_t seen;   /* events that state has seen, those of an earlier start included */
    uint64_t passed; /* events that came by */
};

struct stage *stage_new(const struct stage_options *o)
{
    struct stage *s = calloc(1, sizeof *s);

    ASSERT(s);
    s->options = *o;
    s->correlator = correlator_new(o->graph, o->store);
    correlator_hear(s->correlator, o->hear, o->context);
    s->clock = clock_new();
    s->kept = calloc(CORRELATOR_EVENTS_MAX, sizeof *s->kept);
    ASSERT(s->kept);
    s->newest_ms = INT64_MIN;
    s->seen = o->seen;
    correlator_set_watermark(s->correlator, o->watermark_ms);
    return s;
}

void stage_free(struct stage *s)
{
    if (!s)
        return;
    correlator_free(s->correlator);
    clock_free(s->clock);
    free(s->kept);
    buf_release(&s->bytes);
    free(s);
}

void stage_mark(struct stage *s, uint32_t input, const struct profile *profile, int64_t t_ms)
{
    if (input != s->input) {
        clock_idle(s->clock, s->input);
        s->input = input;
    }
    clock_advance(s->clock, input, profile, t_ms);
}

/* A correlator_fn: with the event at hand. */
static enum weir_rc tell(void *context, const struct finding *f, uint32_t event,
                         struct weir_err *err)
{
    struct stage *s = context;

    if (event == UINT32_MAX)
        return s->options.fn(s->options.context, f, NULL, err);
    ASSERT(event < s->n);
    struct stage_event e = s->kept[event].event;
    e.record.p = s->bytes.p + s->kept[event].from;
    e.transport.p = e.record.p + e.record.n;
    return s->options.fn(s->options.context, f, &e, err);
}

static int64_t watermark(const struct stage *s)
{
    if (s->options.is_by_time)
        return s->newest_ms;
    return s->input + 1 < s->options.n_inputs ? INT64_MIN : clock_watermark(s->clock);
}

static enum weir_rc run(struct stage *s, int64_t watermark_ms, bool is_last, struct weir_err *err)
{
    enum weir_rc rc = correlator_run(s->correlator, watermark_ms, tell, s, err);

    s->seen += s->n;
    s->n = 0;
    buf_clear(&s->bytes);
    if (rc == WEIR_OK && s->options.batch)
        rc = s->options.batch(s->options.context, s->seen, correlator_watermark(s->correlator),
                              is_last, err);
    return rc;
}

enum weir_rc stage_add(struct stage *s, const struct stage_event *e, struct str gathered,
                       struct weir_err *err)
{
    if (gathered.n == 0)
        return WEIR_OK;
    struct clock_lateness lateness = {0, 0};

    if (!s->options.is_by_time)
        lateness = clock_note(s->clock, e->ref.input, e->profile, e->time_ms);

    s->newest_ms = e->time_ms > s->newest_ms ? e->time_ms : s->newest_ms;
    if (++s->passed <= s->options.seen)
        return WEIR_OK;
    s->kept[s->n] = (struct kept){*e, s->bytes.n};
    buf_add(&s->bytes, e->record);
    buf_add(&s->bytes, e->transport);
    correlator_add(
        s->correlator, gathered,
        &(struct correlator_event){.event = s->n, .t_ms = e->time_ms, .lateness = lateness});
    s->n++;
    bool is_full = correlator_is_full(s->correlator) || s->bytes.n >= STAGE_BYTES_MAX;
    return is_full ? run(s, watermark(s), false, err) : WEIR_OK;
}

enum weir_rc stage_pause(struct stage *s, struct weir_err *err)
{
    return s->n ? run(s, watermark(s), false, err) : WEIR_OK;
}

enum weir_rc stage_finish(struct stage *s, bool flush, struct weir_err *err)
{
    TRY(run(s, watermark(s), !flush, err));
    return flush ? run(s, INT64_MAX, true, err) : WEIR_OK;
}

struct stage_counts stage_counts(const struct stage *s)
{
    struct stage_counts counts = {.correlator = correlator_counts(s->correlator),
                                  .late_events = clock_late(s->clock)};

    for (uint32_t i = 0; i < s->options.graph->n_spaces; i++) {
        struct store_stats stats = store_stats(s->options.store, i);
        counts.evicted += stats.evicted;
        counts.shrunk += stats.shrunk;
        counts.capsules_refused += stats.capsules_refused;
        counts.cells_refused += stats.cells_refused;
    }
    return counts;
}

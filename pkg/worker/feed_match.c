/* feed_match.c - records become matched events.
 *
 * Tenant, unwrapping, extraction, time and lateness in the order of the log; events of an engine
 * wait until the chunk is over (or the engine's own batch is full) and are matched together.
 */
#include "worker/feed_impl.h"

#include "detect/when.h"
#include "event/decode.h"
#include "worker/crash.h"
#include "worker/dead_letter.h"

#include <stdlib.h>

static void count_profiles(struct feed *f, const struct feed_engine *e)
{
    const struct profile_set *set = f->ruleset->profiles;
    uint32_t n_profiles = profile_count(set), number = METRIC_NO_PROFILE;

    for (size_t i = 0, to; i < e->n; i = to) {
        const struct profile *p = e->noted[i].profile;
        for (to = i + 1; to < e->n && e->noted[to].profile == p;)
            to++;
        for (number = 0; p && number < n_profiles && profile_at(set, number) != p;)
            number++;
        if (!p)
            metric_add(f->metrics, METRIC_EVENTS_UNKNOWN, to - i);
        metric_profile(f->metrics, p ? number : METRIC_NO_PROFILE, to - i, f->wall_ms);
    }
}

static void take_match(struct feed *f, struct feed_engine *e, uint32_t i,
                       const struct engine_match *matches, size_t n)
{
    const struct event *event = &e->events[i];
    const struct noted *noted = &e->noted[i];
    const struct scene_part *part = &f->scene->parts[event->ref.input];

    if (n > f->cap_rules) {
        f->cap_rules = n * 2;
        f->rules = reallocarray(f->rules, f->cap_rules, sizeof *f->rules);
        ASSERT(f->rules);
    }
    for (size_t k = 0; k < n; k++) {
        f->rules[k] = matches[k].rule;
        metric_rule_match(f->metrics, matches[k].rule);
    }
    size_t at = f->batch->gathered.n;
    if (e->gatherer)
        gather(e->gatherer,
               &(struct gather_event){.event = event,
                                      .profile = noted->profile,
                                      .t_ms = noted->t_ms,
                                      .input = part->name,
                                      .partition = (uint32_t)part->partition,
                                      .tenant = noted->tenant,
                                      .origin = &part->options},
               f->rules, n, &f->batch->gathered);
    struct batch_slice gathered = {at, f->batch->gathered.n - at};
    if (e->gatherer && !gathered.n)
        return; /* nobody is told, nobody listens */
    struct batch_event *b = batch_add_event(f->batch);
    *b = (struct batch_event){.part = event->ref.input,
                              .index = event->ref.index,
                              .tenant = noted->tenant,
                              .offset = event->ref.record,
                              .t_ms = noted->t_ms,
                              .record_ms = noted->record_ms,
                              .profile = noted->profile,
                              .lateness = noted->lateness,
                              .gathered = gathered,
                              .is_standin = noted->is_standin};
    b->record = batch_copy(f->batch, event->record);
    b->transport = batch_copy(f->batch, event->transport);
    b->first_rule = (uint32_t)f->batch->n_rules;
    b->n_rules = e->gatherer ? 0 : (uint32_t)n;
    for (size_t k = 0; k < b->n_rules; k++)
        batch_add_rule(f->batch, f->rules[k]);
    /* What the next event writes may be as long: a batch is tens of MiB, so its memory is in no
     * cache any more, and stores that wait for it hold up what comes behind them. */
    buf_expect(&f->batch->bytes, event->record.n);
    buf_expect(&f->batch->gathered, gathered.n);
    PREFETCH_WRITE(b + 1);
}

/* What waits in an engine is matched. */
static void match(struct feed *f, struct feed_engine *e)
{
    const struct engine_match *matches;

    if (!e->n)
        return;
    size_t n = engine_run(e->engine, e->events, e->n, &matches);
    metric_add(f->metrics, METRIC_EVENTS, e->n);
    metric_add(f->metrics, METRIC_MATCHES, n);
    count_profiles(f, e);
    for (size_t at = 0, to; at < n; at = to) {
        for (to = at + 1; to < n && matches[to].event == matches[at].event;)
            to++;
        if (e->gatherer && to < n)
            gather_expect(&e->events[matches[to].event]);
        take_match(f, e, matches[at].event, matches + at, to - at);
    }
    e->n = 0;
    extract_batch_reset(engine_worker(e->engine));
}

/* Time of the event, and how late it is: in the order of the log. */
static void note_time(struct feed *f, struct feed_engine *e, const struct kafka_message *m,
                      uint32_t tenant)
{
    struct event *event = &e->events[e->n];
    struct noted *noted = &e->noted[e->n];
    struct feed_part *part = &f->parts[event->ref.input];
    struct when when = when_of(engine_worker(e->engine), event, m->timestamp_ms, f->wall_ms);

    noted->tenant = tenant;
    noted->record_ms = m->timestamp_ms;
    event->record_ms = m->timestamp_ms;
    noted->profile = extract_shape(engine_worker(e->engine), event->shape)->profile;
    noted->t_ms = when.t_ms;
    noted->is_standin = when.is_standin;
    if (when.is_standin)
        metric_add(f->metrics, METRIC_TIME_STANDINS, 1);
    if (when.is_clamped)
        metric_add(f->metrics, METRIC_TIME_CLAMPED, 1);
    noted->lateness = log_clock_note(&part->clock, noted->profile, noted->t_ms);
    if (noted->lateness.late_by_ms)
        metric_add(f->metrics, METRIC_LATE, 1);
    e->n++;
}

static void refuse(struct feed *f, uint32_t part, const struct kafka_message *m, uint32_t reason,
                   struct str tenant)
{
    struct batch_dead *d = batch_add_dead(f->batch);

    *d = (struct batch_dead){.reason = reason,
                             .part = part,
                             .offset = m->offset,
                             .timestamp_ms = m->timestamp_ms,
                             .has_value = m->has_value,
                             .is_append_time = m->is_append_time};
    d->tenant = batch_copy(f->batch, tenant);
    d->value = batch_copy(f->batch, m->has_value ? m->value : STR(""));
    metric_add_by(f->metrics, METRIC_DEAD_LETTERS, reason, 1);
}

/* Its constants are those of the partition from here on. */
static void set_part(struct feed *f, struct feed_engine *e, uint32_t part)
{
    struct constant_field fields[ORIGIN_FIELDS_MAX];

    if (e->part == part)
        return;
    extract_set_pseudo_fields(engine_worker(e->engine), fields,
                              origin_fields(&f->scene->parts[part].origin, fields));
    e->part = part;
}

/* What rules ask of the record beside its bytes. */
static void set_transport(struct feed *f, struct feed_engine *e, const struct kafka_message *m)
{
    buf_clear(&f->packed);
    transport_of(&e->transport, m, &f->packed);
    extract_set_transport(engine_worker(e->engine), arena_str(f->arena, buf_str(&f->packed)));
}

struct unwrapping {
    struct feed *feed;
    struct feed_engine *engine;
    const struct kafka_message *message;
    uint32_t part, tenant;
    enum event_reject why; /* of the first member that is none */
};

static void take_member(void *context, struct str text, uint32_t index)
{
    struct unwrapping *u = context;
    struct feed_engine *e = u->engine;

    if (e->n == ENGINE_BATCH_MAX)
        match(u->feed, e);
    enum event_reject why =
        extract_event(engine_worker(e->engine), text,
                      (struct event_ref){
                          .input = u->part, .index = index, .record = (uint64_t)u->message->offset},
                      &e->events[e->n]);
    if (why == EVENT_OK)
        note_time(u->feed, e, u->message, u->tenant);
    else if (u->why == EVENT_OK)
        u->why = why;
}

/* An envelope, an array, or something that is wrong: one dead letter for the record, whatever
 * other members gave. */
static void unwrap(struct feed *f, struct feed_engine *e, uint32_t part, uint32_t tenant,
                   const struct kafka_message *m)
{
    struct unwrapping u = {f, e, m, part, tenant, EVENT_OK};
    enum event_reject why =
        decode_record(f->arena, f->ruleset->profiles, m->value, take_member, &u);

    if (why == EVENT_OK)
        why = u.why;
    if (why != EVENT_OK)
        refuse(f, part, m, (uint32_t)why, f->ruleset->tenants[tenant]);
}

/* SCENE_NO_TENANT: the header is missing or names nobody. */
static uint32_t tenant_of(const struct feed *f, const struct scene_part *p,
                          const struct kafka_message *m, struct str *name)
{
    const struct config_input *input = &f->options.config->inputs[p->input];

    *name = STR("");
    if (p->tenant != SCENE_BY_HEADER)
        return p->tenant;
    /* The default tenant has no name; a header never means it. */
    if (!kafka_message_header(m, input->tenant_header.p, name) || name->n == 0)
        return SCENE_NO_TENANT;
    return scene_tenant(f->ruleset, *name);
}

static void note_record(struct feed_part *p, const struct kafka_message *m)
{
    p->position = (uint64_t)m->offset + 1;
    if (m->timestamp_ms == INT64_MIN)
        return;
    if (p->record_ms != INT64_MIN && m->timestamp_ms - p->record_ms > CLOCK_IDLE_MS)
        log_clock_silence(&p->clock, m->timestamp_ms - p->record_ms);
    p->record_ms = m->timestamp_ms;
}

enum crash_care feed_care_of(const struct feed *f, size_t part, int64_t offset)
{
    return crash_care_of(&f->parts[part].note, offset, f->options.config->crash_max);
}

static void take_record(struct feed *f, uint32_t part, const struct kafka_message *m)
{
    const struct scene_part *p = &f->scene->parts[part];
    struct str name;

    note_record(&f->parts[part], m);
    if (f->parts[part].note.count && feed_care_of(f, part, m->offset) == CRASH_PASS_OVER) {
        refuse(f, part, m, DEAD_CRASHED, STR(""));
        return;
    }
    if (!m->has_value) {
        refuse(f, part, m, DEAD_TOMBSTONE, STR(""));
        return;
    }
    uint32_t tenant = tenant_of(f, p, m, &name);
    if (tenant == SCENE_NO_TENANT) {
        refuse(f, part, m, DEAD_UNKNOWN_TENANT, name);
        return;
    }
    struct feed_engine *e =
        f->engines[f->ruleset->engine_of[tenant * f->ruleset->n_inputs + p->input]];
    if (e->n == ENGINE_BATCH_MAX)
        match(f, e);
    set_part(f, e, part);
    if (e->transport.n)
        set_transport(f, e, m);
    struct event_ref ref = {.input = part, .record = (uint64_t)m->offset};
    if (extract_whole(engine_worker(e->engine), f->ruleset->profiles, m->value, ref,
                      &e->events[e->n]))
        note_time(f, e, m, tenant);
    else
        unwrap(f, e, part, tenant, m);
}

static uint64_t operations_of(const struct feed *f)
{
    uint64_t n = 0;

    for (size_t i = 0; i < f->n_engines; i++)
        if (f->engines[i]->gatherer)
            n += gather_counts(f->engines[i]->gatherer).operations;
    return n;
}

/* Records come from another core's cache or from memory: the next ones are on their way while this
 * one is looked at (indexing a record took twice the time that it takes of a file in memory). */
enum { AHEAD = 3 };

static void expect(const struct kafka_message *m)
{
    enum { LINE = 64, LINES_MAX = 32 };

    for (size_t i = 0; i < LINES_MAX && i * LINE < m->value.n; i++)
        PREFETCH(m->value.p + i * LINE);
}

void feed_take_chunk(struct feed *f, size_t n)
{
    uint64_t bytes = 0, begin = now_monotonic_ns();

    if (f->batch->n_records == 0) {
        f->batch->first_ms = f->now_ms;
        f->waited_ms = f->messages[0].timestamp_ms == INT64_MIN
                           ? INT64_MAX
                           : f->wall_ms - f->messages[0].timestamp_ms;
    }
    const struct scene_part *part = &f->scene->parts[f->message_part];
    crash_at(part->topic, part->partition, f->messages[0].offset, f->messages[n - 1].offset);
    f->batch->is_alone = n == 1 && f->parts[f->message_part].note.count &&
                         feed_care_of(f, f->message_part, f->messages[0].offset) != CRASH_NO_CARE;
    for (size_t i = 1; i < AHEAD && i < n; i++)
        expect(&f->messages[i]);
    for (size_t i = 0; i < n; i++) {
        if (i + AHEAD < n)
            expect(&f->messages[i + AHEAD]);
        bytes += f->messages[i].value.n;
        take_record(f, f->message_part, &f->messages[i]);
    }
    for (size_t i = 0; i < f->n_engines; i++)
        match(f, f->engines[i]);
    crash_nowhere();
    kafka_messages_release(f->messages, n);
    arena_reset(f->arena);
    f->mean_bytes = bytes / n;
    uint64_t operations = operations_of(f);
    f->batch->n_operations += operations - f->operations;
    f->operations = operations;
    f->batch->n_records += n;
    metric_add(f->metrics, METRIC_RECORDS, n);
    metric_add(f->metrics, METRIC_BYTES, bytes);
    metric_add(f->metrics, METRIC_STAGE_MATCH_NS, now_monotonic_ns() - begin);
}

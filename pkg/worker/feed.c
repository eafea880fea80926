/* feed.c - the reader of a lane: from Kafka records to batches of matched events.
 *
 * A turn: orders, then up to FEED_CHUNK records from the partitions in turn, matched at once while
 * they are lent; then the batch is handed on, or not yet. Events of an engine wait until the
 * chunk is over (or the engine's own batch is full); times are judged before, as records come.
 */
#include "worker/feed.h"

#include "base/arena.h"
#include "base/pack.h"

#include "base/str.h"
#include "correlate/gather.h"
#include "detect/when.h"
#include "event/decode.h"
#include "worker/align.h"
#include "worker/crash.h"

#include "worker/dead_letter.h"
#include "worker/log.h"
#include "worker/scene.h"
#include "worker/sight.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    SERVE_MS = 100,     /* nothing to do */
    PENDING_MS = 2,     /* something waits for the lane */
    SERVE_EVERY_MS = 20 /* the group is served while there are records */
};

struct feed_part {
    uint64_t position;
    uint64_t again_to;    /* what lies below was read before */
    int64_t read_ms;      /* monotonic: when its last record came, or when it began */
    int64_t record_at_ms; /* wall clock of the same; 0: none yet */
    int64_t record_ms;    /* time of its last record by the log; INT64_MIN: not known */

    struct log_clock clock;
    struct crash_note note; /* count 0: none */
    bool is_at_end, is_dirty;
    struct batch_part packed; /* as it goes into batches */
};

/* What is known of an event beside the event. */
struct noted {
    int64_t t_ms, record_ms;
    struct clock_lateness lateness;
    const struct profile *profile;
    uint32_t tenant;
    bool is_standin;
};

struct feed_engine {
    struct engine *engine;
    struct gatherer *gatherer; /* NULL: without state */
    struct sight sight;
    uint32_t part; /* whose constants the worker has; UINT32_MAX: none */
    size_t n;
    struct event events[ENGINE_BATCH_MAX];
    struct noted noted[ENGINE_BATCH_MAX];
};

struct feed {
    struct feed_options options;
    const struct ruleset *ruleset;
    struct kafka_consumer *consumer;
    struct metric_lane *metrics;
    struct post *post;
    struct scene *scene;
    struct feed_engine **engines;
    size_t n_engines;
    struct feed_part *parts;
    struct align_part *align;
    size_t n_parts, cap_parts, turn;
    struct post_plan plan;
    bool is_reading; /* there is a plan for the assignment */
    struct batch *batch;
    int64_t now_ms, wall_ms, served_ms, pushed_ms;
    struct arena *arena; /* unwrapped records, gathering */
    struct buf gathered, packed;
    uint32_t *rules;
    size_t cap_rules;
    struct kafka_message messages[FEED_CHUNK];
    size_t mean_bytes; /* of the records of the last chunk; 0: none yet */
    uint32_t message_part;
    uint64_t operations; /* of all gatherers, as last asked */
};

static void look_at_clock(struct feed *f)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
    f->now_ms = (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
    clock_gettime(CLOCK_REALTIME_COARSE, &t);
    f->wall_ms = (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static uint64_t nanoseconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

/* ---- the rule set -------------------------------------------------------------------------------
 */

static void free_engines(struct feed *f)
{
    for (size_t i = 0; i < f->n_engines; i++) {
        gatherer_free(f->engines[i]->gatherer);
        free(f->engines[i]);
    }
    free(f->engines);
    f->engines = NULL;
    f->n_engines = 0;
}

static void make_engines(struct feed *f)
{
    const struct ruleset *r = f->ruleset;

    f->n_engines = r->n_engines;
    f->engines = calloc(r->n_engines, sizeof *f->engines);
    ASSERT(f->engines);
    for (size_t i = 0; i < r->n_engines; i++) {
        struct feed_engine *e = calloc(1, sizeof *e);
        ASSERT(e);
        e->engine = ruleset_engine(f->options.shelf, r, i);
        e->part = UINT32_MAX;
        if (!f->options.is_stateless)
            e->gatherer = gatherer_new(r->graph, engine_fields(e->engine), r->profiles);
        sight_init(&e->sight, f->wall_ms);
        f->engines[i] = e;
    }
    f->operations = 0;
    metric_use_rules(f->metrics, r->number);
}

static void make_scene(struct feed *f)
{
    const struct kafka_partition *partitions;
    size_t n = kafka_consumer_partitions(f->consumer, &partitions);

    scene_free(f->scene);
    f->scene = scene_new(f->options.config, f->ruleset, partitions, n);
    for (size_t i = 0; i < f->n_engines; i++)
        f->engines[i]->part = UINT32_MAX;
}

/* Two holds on one set: one for the lane. */
static const struct ruleset *take_twice(struct ruleset_shelf *shelf)
{
    for (;;) {
        const struct ruleset *a = ruleset_take(shelf), *b = ruleset_take(shelf);
        if (a == b)
            return a;
        ruleset_release(shelf, a);
        ruleset_release(shelf, b);
    }
}

/* The batch is empty: it and those that follow are of the newest set. */
static void renew_rules(struct feed *f)
{
    const struct ruleset *old = f->ruleset;

    free_engines(f);
    f->ruleset = take_twice(f->options.shelf);
    make_engines(f);
    make_scene(f);
    for (size_t i = 0; i < f->n_parts; i++)
        log_clock_forget_profiles(&f->parts[i].clock);
    f->batch->gives_ruleset = true;
    f->batch->ruleset = f->ruleset;
    ruleset_release(f->options.shelf, old);
}

/* ---- life ---------------------------------------------------------------------------------------
 */

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
    look_at_clock(f);
    make_engines(f);
    return f;
}

void feed_free(struct feed *f)
{
    if (!f)
        return;
    free_engines(f);
    scene_free(f->scene);
    if (f->batch && f->batch->gives_ruleset)
        ruleset_release(f->options.shelf, f->ruleset);
    batch_free(f->batch);
    ruleset_release(f->options.shelf, f->ruleset);
    post_plan_release(&f->plan);
    crash_book_free(f->options.crashes);
    free(f->parts);
    free(f->align);
    free(f->rules);
    buf_release(&f->gathered);
    buf_release(&f->packed);
    arena_free(f->arena);
    free(f);
}

/* ---- events -------------------------------------------------------------------------------------
 */

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
    buf_clear(&f->gathered);
    if (e->gatherer)
        gather(e->gatherer,
               &(struct gather_event){.event = event,
                                      .profile = noted->profile,
                                      .t_ms = noted->t_ms,
                                      .input = part->name,
                                      .partition = (uint32_t)part->partition,
                                      .tenant = noted->tenant,
                                      .origin = &part->options},
               f->rules, n, &f->gathered);
    if (e->gatherer && !f->gathered.n)
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
                              .is_standin = noted->is_standin};
    b->record = batch_copy(f->batch, event->record);
    b->gathered = batch_copy(f->batch, buf_str(&f->gathered));
    b->first_rule = (uint32_t)f->batch->n_rules;
    b->n_rules = e->gatherer ? 0 : (uint32_t)n;
    for (size_t k = 0; k < b->n_rules; k++)
        batch_add_rule(f->batch, f->rules[k]);
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

/* ---- records ------------------------------------------------------------------------------------
 */

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
    struct constant_field topic = {STR(SCENE_TOPIC_FIELD), f->scene->parts[part].name};

    if (e->part == part)
        return;
    extract_set_pseudo_fields(engine_worker(e->engine), &topic, 1);
    e->part = part;
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

static enum crash_care care_of(const struct feed *f, size_t part, int64_t offset)
{
    return crash_care_of(&f->parts[part].note, offset, f->options.config->crash_max);
}

static void take_record(struct feed *f, uint32_t part, const struct kafka_message *m)
{
    const struct scene_part *p = &f->scene->parts[part];
    struct str name;

    note_record(&f->parts[part], m);
    if (f->parts[part].note.count && care_of(f, part, m->offset) == CRASH_PASS_OVER) {
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
    struct event_ref ref = {.input = part, .record = (uint64_t)m->offset};
    if (extract_whole(engine_worker(e->engine), f->ruleset->profiles, m->value, ref,
                      &e->events[e->n]))
        note_time(f, e, m, tenant);
    else
        unwrap(f, e, part, tenant, m);
}

/* ---- reading ------------------------------------------------------------------------------------
 */

static int64_t align(struct feed *f)
{
    bool is_by_group;

    if (f->n_parts < 2 && post_group_ms(f->post) == INT64_MIN)
        return INT64_MAX;
    for (size_t i = 0; i < f->n_parts; i++) {
        const struct feed_part *p = &f->parts[i];
        f->align[i] = (struct align_part){p->clock.prefix_ms, p->is_at_end,
                                          .is_again = p->position < p->again_to};
    }
    int64_t limit = align_limit(f->align, f->n_parts, post_group_ms(f->post),
                                f->options.config->align_max_ms, &is_by_group);
    post_set_held(f->post, is_by_group);
    return limit;
}

/* The log has no such position any more: the lane acquires everything anew. */
static void tell_gone(struct feed *f, size_t part)
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
    if (care_of(f, part, (int64_t)p->position) == CRASH_NO_CARE)
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
static size_t fetch(struct feed *f)
{
    int64_t limit = align(f);
    size_t n = 0, n_ahead = 0;
    uint64_t begin = nanoseconds();

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
        if (is_gone)
            tell_gone(f, i);
    }
    f->turn = f->n_parts ? (f->turn + 1) % f->n_parts : 0;
    metric_pause(f->metrics, n == 0 && n_ahead ? PAUSE_ALIGN : PAUSE_NONE);
    metric_add(f->metrics, METRIC_STAGE_FETCH_NS, nanoseconds() - begin);
    return n;
}

static uint64_t operations_of(const struct feed *f)
{
    uint64_t n = 0;

    for (size_t i = 0; i < f->n_engines; i++)
        if (f->engines[i]->gatherer)
            n += gather_counts(f->engines[i]->gatherer).operations;
    return n;
}

static void take_chunk(struct feed *f, size_t n)
{
    uint64_t bytes = 0, begin = nanoseconds();

    if (f->batch->n_records == 0)
        f->batch->first_ms = f->now_ms;
    const struct scene_part *part = &f->scene->parts[f->message_part];
    crash_at(part->topic, part->partition, f->messages[0].offset, f->messages[n - 1].offset);
    f->batch->is_alone = n == 1 && f->parts[f->message_part].note.count &&
                         care_of(f, f->message_part, f->messages[0].offset) != CRASH_NO_CARE;
    for (size_t i = 0; i < n; i++) {
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
    metric_add(f->metrics, METRIC_STAGE_MATCH_NS, nanoseconds() - begin);
}

/* ---- handing on ---------------------------------------------------------------------------------
 */

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

/* The batch should go as soon as the lane wants one: what is said of few events waits for no
 * others, but of a backlog the more go together the fewer transactions there are. */
static bool is_due(const struct feed *f)
{
    const struct config *c = f->options.config;
    const struct batch *b = f->batch;

    if (b->n_records == 0 && !b->is_gone)
        return (b->gives_ruleset || (!f->options.is_stateless && has_idle_part(f))) &&
               f->now_ms - f->pushed_ms >= FEED_MARK_MS;
    return batch_is_full(b, c->batch_events) || f->now_ms - b->first_ms >= c->batch_ms ||
           (batch_is_urgent(b) && is_all_read(f)) || ruleset_is_old(f->options.shelf, f->ruleset);
}

/* False: the batch takes no more, and there is no other. */
static bool deliver(struct feed *f)
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

/* ---- orders -------------------------------------------------------------------------------------
 */

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
        tell_gone(f, i);
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
        look_at_clock(f);
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
    make_scene(f);
    size_t n = kafka_consumer_partitions(f->consumer, &partitions);
    (void)post_assign(f->post, partitions, n);
    metric_pause(f->metrics, PAUSE_NONE);
}

static void serve(struct feed *f, uint32_t ms)
{
    struct weir_err err;

    switch (kafka_consumer_serve(f->consumer, ms, &err)) {
    case KAFKA_ASSIGNED:
        take_hold(f);
        break;
    case KAFKA_REVOKED:
    case KAFKA_LOST:
        let_go(f);
        break;
    case KAFKA_TROUBLE:
        LOG(LOG_WARN, "kafka", LOG_S("error", str_from(err.text)), LOG_U("lane", f->options.lane));
        break;
    default:
        break;
    }
    look_at_clock(f);
    f->served_ms = f->now_ms;
}

static void turn(struct feed *f)
{
    take_plan(f);
    if (ruleset_is_old(f->options.shelf, f->ruleset) && f->batch->n_records == 0 &&
        !f->batch->is_gone)
        renew_rules(f);
    size_t n = f->is_reading ? fetch(f) : 0;
    if (n)
        take_chunk(f, n);
    look_at_clock(f);
    metric_beat(f->metrics, f->wall_ms);
    if (!deliver(f))
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
    while (!post_is_stopping(f->post))
        turn(f);
    return NULL;
}

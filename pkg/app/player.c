/* player.c - rules and events on a virtual clock. */
#include "app/player.h"

#include <stdlib.h>
#include <string.h>

#include "app/player_impl.h"
#include "base/str.h"
#include "json/tree.h"

enum { LEASE_MS = 10000 };

/* ---- life ---------------------------------------------------------------------------------- */

/* A mark_fn. */
static void mark(void *context, uint32_t input, const struct profile *profile, int64_t t_ms)
{
    struct player *p = context;

    if (p->arrives_ms != INT64_MIN)
        clock_advance(p->clock, input, profile, p->arrives_ms);
    clock_advance(p->clock, input, profile, t_ms);
}

/* The rules that matched, told of the event that is handed on. */
static void note_rules(struct player *p, const struct picked *e)
{
    struct logged *l = &p->partitions[p->at].log[p->position - 1];

    l->rules = ARENA_ARRAY(p->arena, e->n_matches, uint32_t);
    l->n_rules = e->n_matches;
    for (size_t i = 0; i < e->n_matches; i++) {
        l->rules[i] = e->matches[i].rule;
        p->rule_matches[e->matches[i].rule]++;
    }
}

static struct batch_event *next_of_batch(struct player *p)
{
    if (p->n_batch == p->cap_batch) {
        p->cap_batch = p->cap_batch ? p->cap_batch * 2 : 64;
        p->batch = reallocarray(p->batch, p->cap_batch, sizeof *p->batch);
        ASSERT(p->batch);
    }
    return &p->batch[p->n_batch++];
}

/* A pick_fn. */
static enum weir_rc take(void *context, const struct picked *e, UNUSED struct weir_err *err)
{
    struct player *p = context;
    struct clock_lateness lateness =
        clock_note(p->clock, e->event->ref.input, e->profile, e->time_ms);

    /* The script has said that all sources are as far as told_ms. */
    if (p->told_ms > e->time_ms && p->told_ms - e->time_ms > lateness.late_by_ms)
        lateness.late_by_ms = p->told_ms - e->time_ms;
    note_rules(p, e);
    p->partitions[p->at].log[p->position - 1].is_late |= lateness.late_by_ms > 0;
    *next_of_batch(p) = (struct batch_event){.partition = p->at,
                                             .index = e->event->ref.index,
                                             .offset = e->event->ref.record,
                                             .record = arena_str(p->arena, e->event->record),
                                             .profile = e->profile,
                                             .t_ms = e->time_ms,
                                             .is_standin = e->time_is_standin};
    correlator_add(p->correlator, e->gathered,
                   &(struct correlator_event){.event = p->n_batch - 1,
                                              .t_ms = e->time_ms,
                                              .lateness = lateness,
                                              .part = p->at,
                                              .position = p->position});
    return WEIR_OK;
}

/* A stream_fn: the events of one record. On the virtual clock they happen when that says so. */
static enum weir_rc take_events(void *context, const struct event *events, const uint64_t *numbers,
                                size_t n, struct weir_err *err)
{
    struct player *p = context;
    struct event timed[ENGINE_BATCH_MAX];

    if (!p->options.has_clock)
        return pick_batch(&p->picker, events, numbers, n, err);
    ASSERT(n <= ENGINE_BATCH_MAX);
    for (size_t i = 0; i < n; i++) {
        timed[i] = events[i];
        timed[i].has_time = true;
        timed[i].time_ms = p->partitions[p->at].log[p->position - 1].t_ms;
    }
    return pick_batch(&p->picker, timed, numbers, n, err);
}

/* A store that nobody has used is whole: there is nothing to recover. */
static enum weir_rc bless_new(struct player *p, struct weir_err *err)
{
    uint32_t all[PLAYER_PARTITIONS_MAX];
    struct store_lease lease = {.token = 1, .ttl_ms = LEASE_MS};
    enum store_answer answer;

    if (p->run.blessed[0])
        return WEIR_OK;
    memcpy(lease.run_id, p->run.run_id, sizeof lease.run_id);
    for (uint32_t i = 0; i < PLAYER_PARTITIONS_MAX; i++)
        all[i] = i;
    TRY(store_lease(p->state.store, &lease, &answer, err));
    TRY(store_bless(p->state.store, &lease, all, PLAYER_PARTITIONS_MAX, &answer, err));
    return store_run(p->state.store, &p->run, err);
}

static enum weir_rc acquire(struct player *p, struct weir_err *err)
{
    enum store_answer answer;

    TRY(store_run(p->state.store, &p->run, err));
    TRY(bless_new(p, err));
    for (uint32_t i = 0; i < PLAYER_PARTITIONS_MAX; i++) {
        p->parts[i].partition = i;
        TRY(store_acquire(p->state.store, i, p->run.blessed, &p->parts[i].epoch, &answer, err));
        if (answer != STORE_DONE)
            return err_set(err, WEIR_IO, "the store was changed by somebody else");
    }
    p->is_first = true;
    return WEIR_OK;
}

/* What is late was decided by the clock that was published with the offsets. */
static enum weir_rc start(struct player *p, struct weir_err *err)
{
    p->correlator = correlator_new(p->state.graph, p->state.store);
    p->clock = p->committed ? clock_copy(p->committed) : clock_new();
    return acquire(p, err);
}

static enum weir_rc take_rules(struct player *p, struct weir_err *err)
{
    const struct player_options *o = &p->options;

    if (o->book) {
        p->book = o->book;
        p->rules = o->chosen;
        p->n_rules = o->n_chosen;
    } else {
        p->book = &p->own_book;
        TRY(rule_book_load(&o->rules, &p->own_book, err));
        if (rule_book_report(p->book, &o->rules) != EXIT_FINE)
            return err_set(err, WEIR_SYNTAX, "the rules do not load");
        p->rules = p->book->rules;
        p->n_rules = p->book->n_rules;
    }
    p->rule_matches = ARENA_ARRAY(p->arena, p->n_rules, uint64_t);
    return WEIR_OK;
}

static enum weir_rc prepare(struct player *p, struct weir_err *err)
{
    const struct player_options *o = &p->options;

    TRY(take_rules(p, err));
    TRY(rule_book_engine_options(p->book, &o->rules, o->profile, &p->engine_options, err));
    struct state_options state = o->state;
    state.score_lists = p->book->score_lists;
    state.profiles = p->book->profiles;
    state.geoip = p->book->geoip;
    TRY(state_open(&p->state, p->arena, p->rules, p->n_rules, &state, err));
    p->engine_options.fields = p->state.graph->fields;
    p->engine_options.n_fields = p->state.graph->n_fields;
    p->engine_options.inputs = p->inputs;
    TRY(engine_new(p->rules, p->n_rules, p->book->profiles, &p->engine_options, &p->engine, err));
    picker_init(&p->picker, p->engine, p->state.graph, p->book->profiles,
                &p->engine_options.extract, p->inputs);
    p->picker.fn = take;
    p->picker.mark = mark;
    p->picker.context = p;
    p->stream = stream_new(engine_worker(p->engine), p->book->profiles, p->inputs, take_events, p);
    struct alert_options alert = {.is_deterministic = true,
                                  .generation = p->book->generation,
                                  .version = o->version,
                                  .profiles = p->book->profiles,
                                  .lists = p->book->list_view};
    p->writer = alert_writer_new(&alert);
    p->last = calloc((size_t)p->state.graph->n_levels * PLAYER_PARTITIONS_MAX * STORE_SHARDS,
                     sizeof *p->last);
    ASSERT(p->last);
    return start(p, err);
}

enum weir_rc player_new(const struct player_options *o, struct player **out, struct weir_err *err)
{
    struct player *p = calloc(1, sizeof *p);

    ASSERT(p);
    p->options = *o;
    p->arena = arena_new(0);
    p->watermark_ms = p->told_ms = p->arrives_ms = INT64_MIN;
    for (unsigned i = 0; i < PLAYER_PARTITIONS_MAX; i++)
        p->inputs[i].name = arena_printf(p->arena, "partition-%u", i);
    enum weir_rc rc = prepare(p, err);
    if (rc != WEIR_OK) {
        player_free(p);
        return rc;
    }
    *out = p;
    return WEIR_OK;
}

void player_free(struct player *p)
{
    if (!p)
        return;
    stream_free(p->stream);
    picker_release(&p->picker);
    correlator_free(p->correlator);
    clock_free(p->clock);
    clock_free(p->applied);
    clock_free(p->committed);
    state_release(&p->state);
    engine_free(p->engine);
    alert_writer_free(p->writer);
    rule_book_release(&p->own_book);
    for (size_t i = 0; i < PLAYER_PARTITIONS_MAX; i++)
        free(p->partitions[i].log);
    free(p->last);
    free(p->come);
    free(p->batch);
    free(p->arrivals);
    arena_free(p->arena);
    free(p);
}

/* ---- events -------------------------------------------------------------------------------- */

static enum weir_rc hand_on(struct player *p, uint32_t partition, uint64_t offset,
                            struct weir_err *err)
{
    struct partition *q = &p->partitions[partition];
    struct str json = q->log[offset].json;

    p->at = partition;
    p->position = offset + 1;
    p->picker.has_marked = false;
    stream_begin_at(p->stream, partition, offset, false);
    TRY(stream_record(p->stream, json, true, EVENT_OK, err));
    TRY(stream_flush(p->stream, err));
    if (stream_counts(p->stream)->events == 0)
        return err_set(err, WEIR_SYNTAX, "this is no event: %.*s", (int)json.n, json.p);
    if (offset + 1 > q->position)
        q->position = offset + 1;
    return WEIR_OK;
}

static void note_arrival(struct player *p, uint32_t partition, size_t offset)
{
    if (p->n_arrivals == p->cap_arrivals) {
        p->cap_arrivals = p->cap_arrivals ? p->cap_arrivals * 2 : 64;
        p->arrivals = reallocarray(p->arrivals, p->cap_arrivals, sizeof *p->arrivals);
        ASSERT(p->arrivals);
    }
    p->arrivals[p->n_arrivals++] = (struct arrival){partition, offset};
}

enum weir_rc player_event(struct player *p, uint32_t partition, struct str json,
                          struct weir_err *err)
{
    struct partition *q = &p->partitions[partition];

    ASSERT(partition < PLAYER_PARTITIONS_MAX);
    if (q->n == q->cap) {
        q->cap = q->cap ? q->cap * 2 : 64;
        q->log = reallocarray(q->log, q->cap, sizeof *q->log);
        ASSERT(q->log);
    }
    /* A line's newline stands behind it, as in an input. */
    struct str line = arena_printf(p->arena, "%.*s\n", (int)json.n, json.p);
    q->log[q->n] = (struct logged){.json = str_sub(line, 0, json.n), .t_ms = p->clock_ms};
    note_arrival(p, partition, q->n++);
    return hand_on(p, partition, q->n - 1, err);
}

enum weir_rc player_again(struct player *p, uint32_t partition, size_t n, struct weir_err *err)
{
    struct partition *q = &p->partitions[partition];

    if (n > q->n)
        return err_set(err, WEIR_BADARG, "only %zu events can come again", q->n);
    for (size_t i = q->n - n; i < q->n; i++)
        TRY(hand_on(p, partition, i, err));
    return WEIR_OK;
}

static void advance(struct player *p, int64_t t_ms)
{
    if (t_ms > p->watermark_ms)
        p->watermark_ms = t_ms;
}

void player_clock(struct player *p, int64_t t_ms)
{
    p->clock_ms = t_ms;
}

void player_arrives(struct player *p, int64_t t_ms)
{
    p->arrives_ms = t_ms;
}

void player_forget(struct player *p)
{
    p->history = (struct player_counts){0};
    p->history = player_counts(p, STR(""));
    for (size_t i = 0; i < p->n_come; i++)
        p->come[i].is_history = true;
    for (size_t i = 0; i < p->n_rules; i++)
        p->rule_matches[i] = 0;
    for (size_t i = 0; i < p->n_arrivals; i++)
        p->partitions[p->arrivals[i].partition].log[p->arrivals[i].offset].is_history = true;
}

void player_time(struct player *p, int64_t t_ms)
{
    if (t_ms > p->told_ms)
        p->told_ms = t_ms;
}

/* ---- what comes out ------------------------------------------------------------------------ */

/* The same record may come again after a restart: it was never published then. */
static void note_if_again(struct player *p, const struct come *x)
{
    for (size_t i = 0; i < p->n_come; i++)
        if (!memcmp(p->come[i].uid, x->uid, sizeof x->uid) &&
            p->come[i].activity == FINDING_CREATE && x->activity == FINDING_CREATE)
            p->dedup_hits++;
}

/* The event that completed a finding, as the alert tells it. */
static bool trigger_of(struct player *p, uint32_t event, struct event_tree *tree,
                       struct alert_match *out)
{
    struct json_node *root;

    if (event >= p->n_batch)
        return false;
    const struct batch_event *e = &p->batch[event];
    if (json_tree_parse(p->arena, e->record, &root, NULL) != JSON_OK)
        return false;
    event_tree_init_known(tree, p->book->profiles, root,
                          origin_options(p->picker.origin, e->partition), e->profile);
    *out = (struct alert_match){.event = tree,
                                .record = e->record,
                                .input = p->inputs[e->partition].name,
                                .offset = e->offset,
                                .index = e->index,
                                .time_ms = e->t_ms,
                                .time_is_standin = e->is_standin,
                                .now_ms = e->t_ms};
    return true;
}

/* A correlator_fn. */
static enum weir_rc come_out(void *context, const struct finding *f, uint32_t event,
                             UNUSED struct weir_err *err)
{
    struct player *p = context;
    struct event_tree tree;
    struct alert_match trigger;
    struct buf text = {0};
    struct alert_finding told = {.rule = p->state.graph->rules[f->rule].rule,
                                 .finding = f,
                                 .now_ms = f->at_ms,
                                 .tenant = graph_tenant_of(p->state.graph, f->rule)};

    if (trigger_of(p, event, &tree, &trigger)) {
        trigger.rule = told.rule;
        trigger.tenant = told.tenant;
        told.trigger = &trigger;
    }
    if (p->n_come == p->cap_come) {
        p->cap_come = p->cap_come ? p->cap_come * 2 : 64;
        p->come = reallocarray(p->come, p->cap_come, sizeof *p->come);
        ASSERT(p->come);
    }
    struct come x = {.rule = f->rule,
                     .activity = f->activity,
                     .cause = f->cause,
                     .sequence = f->sequence,
                     .hits = f->hits,
                     .is_braked = f->is_braked,
                     .is_flood = f->is_flood,
                     .is_pending = true};
    memcpy(x.uid, f->uid, sizeof x.uid);
    alert_write_finding(p->writer, &told, &text);
    x.document = arena_str(p->arena, buf_str(&text));
    buf_release(&text);
    note_if_again(p, &x);
    p->come[p->n_come++] = x;
    return WEIR_OK;
}

/* ---- batches ------------------------------------------------------------------------------- */

static struct store_at *last_of(struct player *p, uint32_t level, uint32_t partition)
{
    return p->last + ((size_t)level * PLAYER_PARTITIONS_MAX + partition) * STORE_SHARDS;
}

static enum weir_rc apply(struct player *p, int64_t before_ms, struct weir_err *err)
{
    struct correlator_frame frame = {.watermark_ms = before_ms,
                                     .timer_ms = p->watermark_ms,
                                     .parts = p->parts,
                                     .n_parts = PLAYER_PARTITIONS_MAX,
                                     .incarnation = p->run.blessed,
                                     .is_sweep = p->is_first};
    enum store_answer answer = STORE_DONE;

    for (uint32_t i = 0; i < PLAYER_PARTITIONS_MAX; i++) {
        struct partition *q = &p->partitions[i];
        p->parts[i].upto = (struct store_at){q->position, ++q->tick};
        p->parts[i].acked = (struct store_at){q->committed, q->committed_tick};
        p->parts[i].prefix_ms = p->watermark_ms;
    }
    correlator_begin(p->correlator);
    for (uint32_t level = 0; level < p->state.graph->n_levels; level++) {
        for (uint32_t i = 0; i < PLAYER_PARTITIONS_MAX; i++)
            p->parts[i].last = last_of(p, level, i);
        TRY(correlator_apply(p->correlator, level, &frame, &answer, err));
        if (answer != STORE_DONE)
            return err_set(err, WEIR_IO, "the store refuses: fenced, or it has lost something");
    }
    p->is_first = false;
    clock_free(p->applied);
    p->applied = clock_copy(p->clock);
    return correlator_tell(p->correlator, come_out, p, err);
}

static enum weir_rc pause_at(struct player *p, int64_t watermark_ms, struct weir_err *err)
{
    int64_t before = p->watermark_ms;

    player_commit(p); /* what the batch before has found is out by now */
    advance(p, p->told_ms);
    advance(p, watermark_ms);
    TRY(apply(p, before, err));
    p->n_batch = 0;
    return WEIR_OK;
}

enum weir_rc player_pause(struct player *p, struct weir_err *err)
{
    return pause_at(p, clock_watermark(p->clock), err);
}

enum weir_rc player_end(struct player *p, struct weir_err *err)
{
    TRY(player_pause(p, err));
    return pause_at(p, INT64_MAX, err);
}

void player_commit(struct player *p)
{
    for (size_t i = 0; i < p->n_come; i++)
        p->come[i].is_pending = false;
    for (size_t i = 0; i < PLAYER_PARTITIONS_MAX; i++) {
        p->partitions[i].committed = p->parts[i].upto.position;
        p->partitions[i].committed_tick = p->parts[i].upto.tick;
    }
    if (!p->applied)
        return;
    clock_free(p->committed);
    p->committed = p->applied;
    p->applied = NULL;
}

enum weir_rc player_restart(struct player *p, struct weir_err *err)
{
    for (size_t i = 0; i < p->n_come; i++)
        p->come[i].is_dropped |= p->come[i].is_pending;
    for (size_t i = 0; i < PLAYER_PARTITIONS_MAX; i++) {
        struct partition *q = &p->partitions[i];
        q->position = q->committed;
        p->parts[i].upto = (struct store_at){q->committed, q->committed_tick};
    }
    clock_free(p->applied);
    p->applied = NULL;
    p->n_batch = 0;
    p->late_before += correlator_counts(p->correlator).late;
    correlator_free(p->correlator);
    clock_free(p->clock);
    memset(p->last, 0,
           (size_t)p->state.graph->n_levels * PLAYER_PARTITIONS_MAX * STORE_SHARDS *
               sizeof *p->last);
    return start(p, err);
}

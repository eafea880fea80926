/* player.c - rules and events on a virtual clock. */
#include "app/player.h"

#include <stdlib.h>
#include <string.h>

#include "alert/alert.h"
#include "detect/pick.h"
#include "app/stream.h"
#include "base/arena.h"
#include "base/str.h"
#include "correlate/clock.h"
#include "correlate/correlator.h"
#include "json/tree.h"

enum { LEASE_MS = 10000 };

/* An event in the log of its partition. */
struct logged {
    struct str json;
};

struct partition {
    struct logged *log;
    size_t n, cap;
    uint64_t position;  /* behind the last event that was handed on */
    uint64_t committed; /* the same, published */
    uint64_t tick, committed_tick;
};

/* A record that came out. */
struct come {
    uint32_t rule;
    enum finding_activity activity;
    enum finding_cause cause;
    uint8_t uid[16];
    uint64_t sequence, hits;
    bool is_braked, is_flood, is_pending;
    bool is_dropped; /* was never published */
    struct str document;
};

struct player {
    struct player_options options;
    struct rule_book book;
    struct engine_options engine_options;
    struct engine *engine;
    struct state state;
    struct correlator *correlator;
    struct clock *clock;
    struct clock *applied, *committed; /* as it was when the last batch was applied, published */
    struct picker picker;
    struct stream *stream;
    struct alert_writer *writer;
    struct arena *arena;
    struct origin_input inputs[PLAYER_PARTITIONS_MAX];
    struct partition partitions[PLAYER_PARTITIONS_MAX];
    struct store_part parts[PLAYER_PARTITIONS_MAX];
    struct store_at *last; /* [levels][partitions][STORE_SHARDS] */
    struct store_run run;
    uint32_t at; /* partition of the event at hand */
    uint64_t position;
    uint32_t n_batch;              /* events of the batch */
    int64_t watermark_ms, told_ms; /* told_ms: by player_time() */
    bool is_first;                 /* after a start: all shards are asked */

    struct come *come;
    size_t n_come, cap_come;
    uint64_t matches, dedup_hits, late_before;
};

/* ---- life -------------------------------------------------------------------------------------
 */

/* A mark_fn. */
static void mark(void *context, uint32_t input, const struct profile *profile, int64_t t_ms)
{
    struct player *p = context;

    clock_advance(p->clock, input, profile, t_ms);
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
    p->matches += e->n_matches;
    correlator_add(p->correlator, e->gathered,
                   &(struct correlator_event){.event = p->n_batch++,
                                              .t_ms = e->time_ms,
                                              .lateness = lateness,
                                              .part = p->at,
                                              .position = p->position});
    return WEIR_OK;
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

static enum weir_rc prepare(struct player *p, struct weir_err *err)
{
    const struct player_options *o = &p->options;

    TRY(rule_book_load(&o->rules, &p->book, err));
    if (rule_book_report(&p->book, &o->rules) != EXIT_FINE)
        return err_set(err, WEIR_SYNTAX, "the rules do not load");
    TRY(rule_book_engine_options(&p->book, &o->rules, o->profile, &p->engine_options, err));
    struct state_options state = o->state;
    state.score_lists = p->book.score_lists;
    state.profiles = p->book.profiles;
    TRY(state_open(&p->state, p->book.arena, p->book.rules, p->book.n_rules, &state, err));
    p->engine_options.fields = p->state.graph->fields;
    p->engine_options.n_fields = p->state.graph->n_fields;
    p->engine_options.inputs = p->inputs;
    TRY(engine_new(p->book.rules, p->book.n_rules, p->book.profiles, &p->engine_options, &p->engine,
                   err));
    picker_init(&p->picker, p->engine, p->state.graph, p->book.profiles, &p->engine_options.extract,
                p->inputs);
    p->picker.fn = take;
    p->picker.mark = mark;
    p->picker.context = p;
    p->stream =
        stream_new(engine_worker(p->engine), p->book.profiles, p->inputs, pick_batch, &p->picker);
    struct alert_options alert = {.is_deterministic = true,
                                  .generation = p->book.generation,
                                  .version = o->version,
                                  .profiles = p->book.profiles,
                                  .lists = p->book.list_view};
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
    p->watermark_ms = p->told_ms = INT64_MIN;
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
    rule_book_release(&p->book);
    for (size_t i = 0; i < PLAYER_PARTITIONS_MAX; i++)
        free(p->partitions[i].log);
    free(p->last);
    free(p->come);
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
    q->log[q->n++].json = str_sub(line, 0, json.n);
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

/* A correlator_fn. */
static enum weir_rc come_out(void *context, const struct finding *f, UNUSED uint32_t event,
                             UNUSED struct weir_err *err)
{
    struct player *p = context;
    struct buf text = {0};
    struct alert_finding told = {.rule = p->state.graph->rules[f->rule].rule,
                                 .finding = f,
                                 .now_ms = f->at_ms,
                                 .tenant = graph_tenant_of(p->state.graph, f->rule)};

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

/* ---- batches ----------------------------------------------------------------------------------
 */

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
    p->n_batch = 0;
    return apply(p, before, err);
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
    p->late_before += correlator_counts(p->correlator).late;
    correlator_free(p->correlator);
    clock_free(p->clock);
    memset(p->last, 0,
           (size_t)p->state.graph->n_levels * PLAYER_PARTITIONS_MAX * STORE_SHARDS *
               sizeof *p->last);
    return start(p, err);
}

/* ---- counts --------------------------------------------------------------------------------- */

static bool is_called(const struct rule *r, struct str rule)
{
    return rule.n == 0 || str_eq(rule, r->uid) || str_eq(rule, r->name);
}

static bool is_of(const struct player *p, const struct come *x, struct str rule)
{
    return is_called(p->book.rules[x->rule], rule);
}

bool player_has_rule(const struct player *p, struct str rule)
{
    for (size_t i = 0; i < p->book.n_rules; i++)
        if (is_called(p->book.rules[i], rule))
            return true;
    return false;
}

/* No later record of the finding. */
static bool is_latest(const struct player *p, size_t i)
{
    for (size_t k = i + 1; k < p->n_come; k++)
        if (!p->come[k].is_dropped &&
            memcmp(p->come[k].uid, p->come[i].uid, sizeof(p->come[i].uid)) == 0)
            return false;
    return true;
}

static void count_record(struct player_counts *c, const struct come *x, bool is_shadow)
{
    bool is_create = x->activity == FINDING_CREATE && !x->is_braked && !x->is_flood;
    bool is_raise = x->activity == FINDING_UPDATE && x->cause == CAUSE_SEVERITY;

    c->creates += is_create && !is_shadow;
    c->shadow += is_create && is_shadow;
    c->braked += x->is_braked;
    c->floods += x->is_flood;
    c->raises += is_raise;
    c->updates += x->activity == FINDING_UPDATE && !is_raise;
    c->closes += x->activity == FINDING_CLOSE;
}

struct player_counts player_counts(const struct player *p, struct str rule)
{
    struct gather_counts gathered = gather_counts(p->picker.gatherer);
    struct player_counts c = {.dedup_hits = p->dedup_hits,
                              .late = p->late_before + correlator_counts(p->correlator).late,
                              .matches = p->matches,
                              .missing_group = gathered.missing_group,
                              .missing_value = gathered.missing_value,
                              .keys_cut = gathered.keys_cut,
                              .no_entity = gathered.no_entity};

    for (size_t i = 0; i < p->n_come; i++) {
        const struct come *x = &p->come[i];
        if (x->is_dropped || !is_of(p, x, rule))
            continue;
        count_record(&c, x, p->book.rules[x->rule]->channel == CHANNEL_SHADOW);
        c.hits += !x->is_flood && is_latest(p, i) ? x->hits : 0;
    }
    return c;
}

bool player_count_named(const struct player_counts *c, struct str name, uint64_t *out)
{
    const struct {
        const char *name;
        uint64_t n;
    } counts[] = {{"alerts", c->creates + c->raises},
                  {"creates", c->creates},
                  {"raises", c->raises},
                  {"updates", c->updates},
                  {"closes", c->closes},
                  {"braked", c->braked},
                  {"floods", c->floods},
                  {"shadow", c->shadow},
                  {"hits", c->hits},
                  {"dedup_hits", c->dedup_hits},
                  {"late", c->late},
                  {"matches", c->matches},
                  {"missing_group", c->missing_group},
                  {"missing_value", c->missing_value},
                  {"keys_cut", c->keys_cut},
                  {"no_entity", c->no_entity}};

    for (size_t i = 0; i < ARRAY_LEN(counts); i++)
        if (str_eq(name, str_from(counts[i].name))) {
            *out = counts[i].n;
            return true;
        }
    return false;
}

bool player_document(const struct player *p, struct str rule, struct str activity, struct str *out)
{
    static const char *const names[] = {"", "create", "update", "close"};

    for (size_t i = p->n_come; i-- > 0;) {
        const struct come *x = &p->come[i];
        if (x->is_dropped || !is_of(p, x, rule) ||
            (activity.n && !str_eq(activity, str_from(names[x->activity]))))
            continue;
        *out = x->document;
        return true;
    }
    return false;
}

void player_documents(struct player *p, struct buf *out)
{
    for (size_t i = 0; i < p->n_come; i++) {
        if (p->come[i].is_dropped)
            continue;
        buf_add(out, p->come[i].document);
        buf_add_char(out, '\n');
    }
}

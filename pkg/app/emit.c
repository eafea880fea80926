/* emit.c - what a replay writes for the events that match.
 *
 * Alerts come from the state stage; an alert needs the event as a tree, which only events that
 * bring one about pay for. To be sorted, a matched event is packed: a fixed head, its operations,
 * its bytes.
 */
#include "app/emit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert/redact.h"
#include "state/uid.h"
#include "app/findings.h"
#include "app/measure.h"
#include "detect/origin.h"
#include "app/output.h"
#include "app/sequence_line.h"
#include "app/sorter.h"
#include "app/stage.h"
#include "app/matched.h"
#include "app/table.h"
#include "base/arena.h"
#include "base/hash.h"
#include "base/str.h"
#include "event/lookup.h"
#include "json/tree.h"
#include "json/write.h"

enum {
    MATCHES_SHOWN_MAX = 100000, /* rows of a table that somebody reads */
    ENTITY_BYTES_MAX = 256,
    MATCHED_WIDTH_MAX = 200,
    PROGRESS_EVERY = 64 /* alerts */
};

struct emitter {
    struct emit_options options;
    struct output *lines;  /* NULL: none wanted */
    struct output *people; /* the table; NULL: none wanted */
    struct alert_writer *alerts;
    struct findings *findings; /* alerts as a table */
    struct table *matches;     /* matches as a table */
    struct matched *matched;   /* and why they match */
    uint64_t n_matches;        /* told so far, in the table or beyond it */
    struct sorter *sorter;
    struct digest *digest;
    struct redactor *redactor; /* of what the table shows */
    struct origin origin;
    struct arena *arena; /* one event */
    struct buf text;
    struct progress *progress; /* while finishing */
    uint64_t n_sorted, n_told; /* events through the sorter */
    bool is_terminal;

    struct stage *stage; /* alerts, sequences */
    /* Sequences among matches. */
    struct sorter *order;     /* of lines, by event; NULL: they go straight out */
    uint64_t n_ordered;       /* lines */
    struct step_texts *texts; /* for the table */
    struct buf gathered;
    enum weir_rc rc; /* the first failure of what was heard */
    struct weir_err err;

    struct event_tree tree; /* of the event at hand, in arena */
    uint64_t n_trees;
    const char *tree_record;
    struct event_ref tree_ref; /* memory is used again: the address alone says nothing */
    bool has_tree;
};

static stage_fn tell_finding;
static stage_batch_fn end_batch;
static correlator_signal_fn hear_sequence;
static stage_fn ignore_finding;

static struct table *match_table(void)
{
    static const struct table_column columns[] = {{"EVENT", true, 0},
                                                  {"LEVEL", false, 0},
                                                  {"TITLE", false, 80},
                                                  {"RULE", false, 60},
                                                  {"MATCHED", false, MATCHED_WIDTH_MAX}};

    return table_new(columns, ARRAY_LEN(columns));
}

static enum weir_rc open_outputs(struct emitter *m, struct weir_err *err)
{
    const struct emit_options *o = &m->options;
    struct output *first;

    TRY(output_open(o->path, &first, err));
    bool wants_table = o->format == FORMAT_TABLE;
    m->is_terminal = output_is_terminal(first);
    if (o->format == FORMAT_AUTO && m->is_terminal && !o->resume)
        wants_table = true;
    if (!wants_table || o->path.n)
        m->lines = first;
    else
        m->people = first;
    if (wants_table && !m->people)
        TRY(output_open(STR(""), &m->people, err));
    return WEIR_OK;
}

enum weir_rc emitter_new(const struct emit_options *options, struct emitter **out,
                         struct weir_err *err)
{
    struct emitter *m = calloc(1, sizeof *m);

    ASSERT(m);
    m->options = *options;
    enum weir_rc rc = open_outputs(m, err);
    if (rc != WEIR_OK) {
        emitter_free(m);
        return rc;
    }
    m->arena = arena_new(0);
    origin_init(&m->origin, options->extract, options->inputs);
    struct stage_options stage = {.graph = options->graph,
                                  .store = options->store,
                                  .is_by_time = options->is_by_time,
                                  .n_inputs = options->n_inputs,
                                  .fn = tell_finding,
                                  .context = m,
                                  .watermark_ms = INT64_MIN};
    m->sorter = options->graph && options->is_by_time ? sorter_new(0) : NULL;
    if (options->kind == EMIT_ALERTS) {
        m->alerts = alert_writer_new(&options->alert);
        if (m->people) {
            m->findings = findings_new();
            m->digest = digest_new();
            m->redactor = redactor_new(m->digest);
        }
        if (options->resume) {
            stage.seen = options->resume->seen;
            stage.watermark_ms = options->resume->watermark_ms;
            stage.batch = end_batch;
        }
        m->stage = stage_new(&stage);
    } else {
        m->matches = m->people ? match_table() : NULL;
        m->matched = m->people ? matched_new(options->alert.lists) : NULL;
        if (options->graph) {
            m->order = options->is_by_time ? sorter_new(0) : NULL;
            m->texts = m->people ? step_texts_new() : NULL;
            stage.fn = ignore_finding;
            stage.hear = hear_sequence;
            m->stage = stage_new(&stage);
        }
    }
    *out = m;
    return WEIR_OK;
}

void emitter_free(struct emitter *m)
{
    if (!m)
        return;
    output_free(m->lines);
    output_free(m->people);
    alert_writer_free(m->alerts);
    findings_free(m->findings);
    redactor_free(m->redactor);
    digest_free(m->digest);
    table_free(m->matches);
    matched_free(m->matched);
    sorter_free(m->sorter);
    sorter_free(m->order);
    step_texts_free(m->texts);
    buf_release(&m->gathered);
    stage_free(m->stage);
    origin_release(&m->origin);
    if (m->arena)
        arena_free(m->arena);
    buf_release(&m->text);
    free(m);
}

/* ---- matches -------------------------------------------------------------------- */

static const struct event_tree *tree_of(struct emitter *m, const struct stage_event *e);

static struct stage_event stage_event_of(const struct picked *e)
{
    return (struct stage_event){.ref = e->event->ref,
                                .profile = e->profile,
                                .time_ms = e->time_ms,
                                .time_is_standin = e->time_is_standin,
                                .record = e->event->record,
                                .transport = e->event->transport};
}

/* The fields that it matches by. */
static struct str matched_text(struct emitter *m, const struct picked *e, const struct rule *rule)
{
    struct stage_event event = stage_event_of(e);
    const struct event_tree *tree = tree_of(m, &event);

    buf_clear(&m->text);
    if (tree)
        matched_add(m->matched, m->arena, rule, tree, &m->text);
    return buf_str(&m->text);
}

static void add_row(struct emitter *m, uint64_t number, const struct rule *rule, struct str matched)
{
    table_count(m->matches, number);
    table_cell(m->matches, str_from(rule_level_word(rule)));
    table_cell(m->matches, rule->title);
    table_cell(m->matches, rule->uid);
    table_cell(m->matches, matched);
}

/* m->text, now or in the order of events. */
static enum weir_rc put_match(struct emitter *m, uint64_t number, struct weir_err *err)
{
    if (!m->order)
        return output_line(m->lines, buf_str(&m->text), err);
    struct sort_item item = {(int64_t)number, m->n_ordered++, buf_str(&m->text)};
    return sorter_add(m->order, &item, err);
}

/* A sorter_fn. */
static enum weir_rc take_line(void *context, const struct sort_item *item, struct weir_err *err)
{
    struct emitter *m = context;

    return output_line(m->lines, item->bytes, err);
}

static enum weir_rc tell_match(struct emitter *m, const struct picked *e, uint32_t number,
                               struct weir_err *err)
{
    const struct rule *rule = m->options.rules[number];

    if (rule->channel == CHANNEL_OFF)
        return WEIR_OK;
    if (m->options.graph && sequence_line_is_step(m->options.graph, number)) {
        if (m->texts && step_texts_has_room(m->texts))
            step_texts_add(m->texts, e->number, rule, matched_text(m, e, rule));
        return WEIR_OK;
    }
    if (m->matches && m->n_matches++ < MATCHES_SHOWN_MAX)
        add_row(m, e->number, rule, matched_text(m, e, rule));
    if (!m->lines)
        return WEIR_OK;
    buf_clear(&m->text);
    buf_printf(&m->text, "{\"event\":%llu,\"rule\":\"", (unsigned long long)e->number);
    json_escape(&m->text, rule->uid);
    buf_add(&m->text, STR("\"}"));
    return put_match(m, e->number, err);
}

/* A row for each step. */
static void add_sequence(struct emitter *m, const struct rule *rule, const uint64_t *events,
                         size_t n)
{
    uint32_t steps[SEQUENCE_STAGES_MAX];

    sequence_line_steps(rule->correlation, n, steps);
    for (size_t i = 0; i < n; i++) {
        if (m->n_matches++ >= MATCHES_SHOWN_MAX)
            continue; /* counted */
        const struct rule *step = rule->correlation->inputs[steps[i]].rule;
        add_row(m, events[i], step, step_texts_find(m->texts, events[i], step));
    }
}

/* A correlator_signal_fn. */
static void hear_sequence(void *context, uint32_t space, const struct signal *s)
{
    struct emitter *m = context;
    const struct rule *rule = sequence_line_rule(m->options.graph, space, s);
    uint64_t events[SEQUENCE_STAGES_MAX];

    if (!rule || m->rc != WEIR_OK)
        return;
    size_t n = sequence_line_events(s, events);
    m->options.rule_matches[m->options.graph->spaces[space].rule]++;
    if (m->matches)
        add_sequence(m, rule, events, n);
    if (!m->lines || n == 0)
        return;
    buf_clear(&m->text);
    sequence_line_put(&m->text, rule->uid, events, n);
    m->rc = put_match(m, events[n - 1], &m->err);
}

/* A stage_fn: of sequences among matches the operator is heard, not what folds them. */
static enum weir_rc ignore_finding(void *context, const struct finding *f,
                                   const struct stage_event *e, struct weir_err *err)
{
    (void)context;
    (void)f;
    (void)e;
    (void)err;
    return WEIR_OK;
}

/* ---- alerts --------------------------------------------------------------------- */

/* Who or what it is about: the first value it folds by (a key may be empty: the event lacked it),
 * else the event's first entity. A table is a way out too: redacted. */
static void name_finding(struct emitter *m, const struct finding *f, const struct event_tree *tree)
{
    struct str field = STR("-"), value = STR("-");
    struct event_entity *entities;
    size_t key = 0;

    while (key < f->n_keys && !f->keys[key].n)
        key++;
    if (key < f->n_keys) {
        field = f->key_names[key];
        value = f->keys[key];
    } else if (tree && event_entities(m->arena, tree, &entities)) {
        field = entities[0].field;
        value = entities[0].value;
    }
    if (tree)
        redactor_begin(m->redactor, m->arena, tree);
    else
        redactor_begin_without(m->redactor, m->arena);
    struct redacted shown = redact_value(m->redactor, field, value, ENTITY_BYTES_MAX);
    findings_name(m->findings, shown.text, shown.is_changed ? hash_str(value) : 0);
}

static bool ref_eq(const struct event_ref *a, const struct event_ref *b)
{
    return a->input == b->input && a->index == b->index && a->record == b->record;
}

/* The event as a tree, made once for all findings that it brings about. */
static const struct event_tree *tree_of(struct emitter *m, const struct stage_event *e)
{
    struct json_node *root;

    if (m->has_tree && m->tree_record == e->record.p && ref_eq(&m->tree_ref, &e->ref))
        return &m->tree;
    arena_reset(m->arena);
    m->tree_record = e->record.p;
    m->tree_ref = e->ref;
    m->has_tree = json_tree_parse_lent(m->arena, e->record, &root, NULL) == JSON_OK;
    if (!m->has_tree)
        return NULL; /* cannot be: extraction took it, and both accept the same documents */
    event_tree_init_known(&m->tree, m->options.profiles, root,
                          origin_options(&m->origin, e->ref.input), e->profile);
    m->tree.transport = e->transport;
    m->tree.serial = ++m->n_trees;
    return &m->tree;
}

/* A stage_fn. */
static enum weir_rc tell_finding(void *context, const struct finding *f,
                                 const struct stage_event *e, struct weir_err *err)
{
    struct emitter *m = context;
    struct alert_finding told = {.rule = m->options.graph->rules[f->rule].rule,
                                 .finding = f,
                                 .now_ms = wall_clock_ms(),
                                 .tenant = graph_tenant_of(m->options.graph, f->rule)};
    struct alert_match trigger;
    const struct event_tree *tree = e ? tree_of(m, e) : NULL;

    if (tree) {
        const struct origin_input *input = &m->options.inputs[e->ref.input];
        trigger = (struct alert_match){.rule = told.rule,
                                       .tenant = told.tenant,
                                       .event = tree,
                                       .record = e->record,
                                       .input = input->name,
                                       .partition = input->partition,
                                       .is_topic = input->is_topic,
                                       .offset = e->ref.record,
                                       .index = e->ref.index,
                                       .time_ms = e->time_ms,
                                       .time_is_standin = e->time_is_standin,
                                       .now_ms = told.now_ms};
        told.trigger = &trigger;
    }
    if (m->findings && !findings_note(m->findings, told.rule, f))
        name_finding(m, f, tree);
    if (!m->lines)
        return WEIR_OK;
    if (!m->options.resume) {
        alert_write_finding(m->alerts, &told, output_begin_line(m->lines));
        return output_end_line(m->lines, err);
    }
    buf_clear(&m->text);
    alert_write_finding(m->alerts, &told, &m->text);
    resume_line(m->options.resume, buf_str(&m->text));
    return WEIR_OK;
}

/* A stage_batch_fn: state, place and lines become one commit. */
static enum weir_rc end_batch(void *context, uint64_t seen, int64_t watermark_ms, bool is_last,
                              struct weir_err *err)
{
    struct emitter *m = context;

    return resume_commit(m->options.resume, seen, watermark_ms, is_last, m->options.keeps, err);
}

/* A resume_fn. */
static enum weir_rc put_line(void *context, struct str line, struct weir_err *err)
{
    struct emitter *m = context;

    return output_line(m->lines, line, err);
}

/* ---- packing for the sorter ------------------------------------------------------- */

struct packed {
    struct stage_event event;
    size_t gathered_n; /* operations follow, then the event's transport and its record */
};

static enum weir_rc sort_event(struct emitter *m, const struct stage_event *e, uint64_t number,
                               struct str gathered, struct weir_err *err)
{
    struct packed head = {*e, gathered.n};

    buf_clear(&m->text);
    buf_add(&m->text, (struct str){(const char *)&head, sizeof head});
    buf_add(&m->text, gathered);
    buf_add(&m->text, e->transport);
    buf_add(&m->text, e->record);
    struct sort_item item = {e->time_ms, number, buf_str(&m->text)};
    m->n_sorted++;
    return sorter_add(m->sorter, &item, err);
}

/* A sorter_fn. */
static enum weir_rc take_sorted(void *context, const struct sort_item *item, struct weir_err *err)
{
    struct emitter *m = context;
    struct packed head;

    ASSERT(item->bytes.n >= sizeof head);
    memcpy(&head, item->bytes.p, sizeof head);
    struct str gathered = str_sub(item->bytes, sizeof head, head.gathered_n);
    size_t at = sizeof head + head.gathered_n;
    head.event.transport = str_sub(item->bytes, at, head.event.transport.n);
    head.event.record = str_sub(item->bytes, at + head.event.transport.n, item->bytes.n);
    if (++m->n_told % PROGRESS_EVERY == 0)
        progress_step(m->progress, "events through the rules' state", m->n_told, m->n_sorted);
    return stage_add(m->stage, &head.event, gathered, err);
}

/* ---- the way through -------------------------------------------------------------- */

/* What went wrong while signals were heard, who cannot say so. */
static enum weir_rc heard(const struct emitter *m, struct weir_err *err)
{
    if (m->rc != WEIR_OK)
        *err = m->err;
    return m->rc;
}

enum weir_rc emitter_add(struct emitter *m, const struct picked *e, struct weir_err *err)
{
    struct stage_event event = stage_event_of(e);
    struct str gathered = e->gathered;

    if (m->options.kind != EMIT_ALERTS) {
        for (size_t i = 0; i < e->n_matches; i++)
            TRY(tell_match(m, e, e->matches[i].rule, err));
        if (!m->stage || !gathered.n)
            return WEIR_OK;
        buf_clear(&m->gathered);
        buf_add(&m->gathered, gathered);
        gathered_set_order(m->gathered.p, m->gathered.n, e->number);
        gathered = buf_str(&m->gathered);
        event.record = event.transport = STR("");
    }
    if (m->sorter)
        return gathered.n ? sort_event(m, &event, e->number, gathered, err) : WEIR_OK;
    TRY(stage_add(m->stage, &event, gathered, err));
    return heard(m, err);
}

void emitter_mark(void *emitter, uint32_t input, const struct profile *profile, int64_t t_ms)
{
    struct emitter *m = emitter;

    stage_mark(m->stage, input, profile, t_ms);
}

enum weir_rc emitter_pause(void *emitter, struct weir_err *err)
{
    struct emitter *m = emitter;

    if (m->stage && !m->sorter)
        TRY(stage_pause(m->stage, err));
    TRY(heard(m, err));
    return m->lines && !m->options.path.n ? output_flush(m->lines, err) : WEIR_OK;
}

bool emitter_wants_marks(const struct emitter *m)
{
    return m->stage && !m->sorter;
}

static enum weir_rc print_tables(struct emitter *m, struct weir_err *err)
{
    buf_clear(&m->text);
    if (m->findings)
        findings_print(m->findings, &m->text);
    if (m->matches)
        table_print(m->matches, 0, &m->text);
    if (m->n_matches > MATCHES_SHOWN_MAX)
        buf_printf(&m->text, "... and %llu more matches (--format json writes them all)\n",
                   (unsigned long long)(m->n_matches - MATCHES_SHOWN_MAX));
    TRY(output_write(m->people, buf_str(&m->text), err));
    return output_commit(m->people, err);
}

enum weir_rc emitter_finish(struct emitter *m, struct progress *progress, struct weir_err *err)
{
    m->progress = progress;
    if (m->sorter)
        TRY(sorter_drain(m->sorter, take_sorted, m, err));
    if (m->stage && !(m->options.resume && m->options.resume->is_over))
        TRY(stage_finish(m->stage, !m->options.keeps, err));
    TRY(heard(m, err));
    if (m->order)
        TRY(sorter_drain(m->order, take_line, m, err));
    if (m->options.resume)
        TRY(resume_finish(m->options.resume, put_line, m, err));
    if (m->lines)
        TRY(output_commit(m->lines, err));
    if (!m->people)
        return WEIR_OK;
    progress_hide(progress);
    return print_tables(m, err);
}

bool emitter_streams_to_terminal(const struct emitter *m)
{
    return m->is_terminal && m->lines;
}

struct stage_counts emitter_stage_counts(const struct emitter *m)
{
    return m->stage ? stage_counts(m->stage) : (struct stage_counts){0};
}

uint64_t emitter_lines(const struct emitter *m)
{
    return m->lines ? output_lines(m->lines) : 0;
}

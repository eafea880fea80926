/* emit.c - what a replay writes for the events that match.
 *
 * An alert needs the event as a tree, which only matched events pay for. To be sorted, a
 * matched event is packed: a fixed head, the numbers of its rules, its bytes.
 */
#include "app/emit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert/redact.h"
#include "state/uid.h"
#include "app/findings.h"
#include "app/measure.h"
#include "app/origin.h"
#include "app/output.h"
#include "app/sorter.h"
#include "app/table.h"
#include "base/arena.h"
#include "base/str.h"
#include "event/lookup.h"
#include "json/tree.h"
#include "json/write.h"

enum {
    MATCHES_SHOWN_MAX = 100000, /* rows of a table that somebody reads */
    ENTITY_BYTES_MAX = 256,
    PROGRESS_EVERY = 64 /* alerts */
};

struct emitter {
    struct emit_options options;
    struct output *lines;  /* NULL: none wanted */
    struct output *people; /* the table; NULL: none wanted */
    struct alert_writer *alerts;
    struct findings *findings; /* alerts as a table */
    struct table *matches;     /* matches as a table */
    uint64_t n_matches;        /* told so far, in the table or beyond it */
    struct sorter *sorter;
    struct digest *digest;
    struct redactor *redactor; /* of what the table shows */
    struct origin origin;
    struct arena *arena; /* one event */
    struct buf text;
    struct progress *progress; /* while finishing */
    uint64_t n_sorted, n_told; /* events through the sorter */
    uint32_t *rules;           /* of the event at hand */
    size_t cap_rules;
    bool is_terminal;
};

/* An event that is told: where it comes from does not matter any more. */
struct told {
    struct event_ref ref;
    const struct profile *profile;
    uint64_t number;
    int64_t time_ms;
    bool time_is_standin;
    const uint32_t *rules;
    size_t n_rules;
    struct str record;
};

static struct table *match_table(void)
{
    static const struct table_column columns[] = {
        {"EVENT", true, 0}, {"LEVEL", false, 0}, {"TITLE", false, 80}, {"RULE", false, 60}};

    return table_new(columns, ARRAY_LEN(columns));
}

static enum weir_rc open_outputs(struct emitter *m, struct weir_err *err)
{
    const struct emit_options *o = &m->options;
    struct output *first;

    TRY(output_open(o->path, &first, err));
    bool wants_table = o->format == FORMAT_TABLE;
    m->is_terminal = output_is_terminal(first);
    if (o->format == FORMAT_AUTO && m->is_terminal)
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
    if (options->kind == EMIT_ALERTS) {
        m->alerts = alert_writer_new(&options->alert);
        if (m->people) {
            m->findings = findings_new();
            m->digest = digest_new();
            m->redactor = redactor_new(m->digest);
        }
        m->sorter = options->is_by_time ? sorter_new(0) : NULL;
    } else {
        m->matches = m->people ? match_table() : NULL;
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
    sorter_free(m->sorter);
    origin_release(&m->origin);
    if (m->arena)
        arena_free(m->arena);
    buf_release(&m->text);
    free(m->rules);
    free(m);
}

/* ---- matches -------------------------------------------------------------------- */

static enum weir_rc tell_match(struct emitter *m, uint64_t number, const struct rule *rule,
                               struct weir_err *err)
{
    if (m->matches && m->n_matches++ < MATCHES_SHOWN_MAX) {
        table_count(m->matches, number);
        table_cell(m->matches, str_from(rule_level_name(rule->level)));
        table_cell(m->matches, rule->title);
        table_cell(m->matches, rule->uid);
    }
    if (!m->lines)
        return WEIR_OK;
    buf_clear(&m->text);
    buf_printf(&m->text, "{\"event\":%llu,\"rule\":\"", (unsigned long long)number);
    json_escape(&m->text, rule->uid);
    buf_add(&m->text, STR("\"}"));
    return output_line(m->lines, buf_str(&m->text), err);
}

/* ---- alerts --------------------------------------------------------------------- */

/* The event's first entity: who or what it is about. A table is a way out too: redacted. */
static void name_finding(struct emitter *m, const struct event_tree *tree)
{
    struct event_entity *entities;
    size_t n = event_entities(m->arena, tree, &entities);

    if (n == 0) {
        findings_name(m->findings, STR("-"));
        return;
    }
    redactor_begin(m->redactor, m->arena, tree);
    struct redacted shown =
        redact_value(m->redactor, entities[0].field, entities[0].value, ENTITY_BYTES_MAX);
    findings_name(m->findings, shown.text);
}

static enum weir_rc tell_alert(struct emitter *m, const struct told *t,
                               const struct event_tree *tree, const struct rule *rule,
                               struct weir_err *err)
{
    struct alert_match match = {
        .rule = rule,
        .event = tree,
        .record = t->record,
        .input = m->options.inputs[t->ref.input],
        .partition = 0,
        .offset = t->ref.record,
        .index = t->ref.index,
        .time_ms = t->time_ms,
        .time_is_standin = t->time_is_standin,
        .now_ms = wall_clock_ms(),
    };

    buf_clear(&m->text);
    struct alert_ids ids = alert_write(m->alerts, &match, &m->text);
    if (m->findings && !findings_count(m->findings, ids.finding_uid, rule, t->time_ms))
        name_finding(m, tree);
    return m->lines ? output_line(m->lines, buf_str(&m->text), err) : WEIR_OK;
}

static enum weir_rc tell_alerts(struct emitter *m, const struct told *t, struct weir_err *err)
{
    struct json_node *root;
    struct event_tree tree;

    arena_reset(m->arena);
    if (json_tree_parse(m->arena, t->record, &root, NULL) != JSON_OK)
        return WEIR_OK; /* cannot be: extraction took it, and both accept the same documents */
    event_tree_init_known(&tree, m->options.profiles, root,
                          origin_options(&m->origin, t->ref.input), t->profile);
    for (size_t i = 0; i < t->n_rules; i++)
        TRY(tell_alert(m, t, &tree, m->options.rules[t->rules[i]], err));
    return WEIR_OK;
}

/* ---- packing for the sorter ------------------------------------------------------- */

struct packed {
    struct event_ref ref;
    const struct profile *profile;
    uint32_t n_rules;
    bool time_is_standin;
};

static enum weir_rc sort_told(struct emitter *m, const struct told *t, struct weir_err *err)
{
    struct packed head = {t->ref, t->profile, (uint32_t)t->n_rules, t->time_is_standin};

    buf_clear(&m->text);
    buf_add(&m->text, (struct str){(const char *)&head, sizeof head});
    buf_add(&m->text, (struct str){(const char *)t->rules, t->n_rules * sizeof *t->rules});
    buf_add(&m->text, t->record);
    struct sort_item item = {t->time_ms, t->number, buf_str(&m->text)};
    m->n_sorted++;
    return sorter_add(m->sorter, &item, err);
}

static void reserve_rules(struct emitter *m, size_t n)
{
    if (n <= m->cap_rules)
        return;
    m->cap_rules = n * 2;
    m->rules = reallocarray(m->rules, m->cap_rules, sizeof *m->rules);
    ASSERT(m->rules);
}

static enum weir_rc tell_sorted(void *context, const struct sort_item *item, struct weir_err *err)
{
    struct emitter *m = context;
    struct packed head;

    ASSERT(item->bytes.n >= sizeof head);
    memcpy(&head, item->bytes.p, sizeof head);
    reserve_rules(m, head.n_rules);
    size_t rule_bytes = head.n_rules * sizeof *m->rules;
    memcpy(m->rules, item->bytes.p + sizeof head, rule_bytes);
    struct told t = {head.ref,
                     head.profile,
                     item->number,
                     item->time_ms,
                     head.time_is_standin,
                     m->rules,
                     head.n_rules,
                     str_sub(item->bytes, sizeof head + rule_bytes, item->bytes.n)};
    if (++m->n_told % PROGRESS_EVERY == 0)
        progress_step(m->progress, "alerts written", m->n_told, m->n_sorted);
    return tell_alerts(m, &t, err);
}

/* ---- the way through -------------------------------------------------------------- */

enum weir_rc emitter_add(struct emitter *m, const struct emit_event *e, struct weir_err *err)
{
    if (m->options.kind == EMIT_MATCHES) {
        for (size_t i = 0; i < e->n_matches; i++)
            TRY(tell_match(m, e->number, m->options.rules[e->matches[i].rule], err));
        return WEIR_OK;
    }
    reserve_rules(m, e->n_matches);
    for (size_t i = 0; i < e->n_matches; i++)
        m->rules[i] = e->matches[i].rule;
    struct told t = {e->event->ref,      e->profile, e->number,    e->time_ms,
                     e->time_is_standin, m->rules,   e->n_matches, e->event->record};
    return m->sorter ? sort_told(m, &t, err) : tell_alerts(m, &t, err);
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
        TRY(sorter_drain(m->sorter, tell_sorted, m, err));
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

uint64_t emitter_findings_forgotten(const struct emitter *m)
{
    return m->alerts ? alert_findings_forgotten(m->alerts) : 0;
}

uint64_t emitter_lines(const struct emitter *m)
{
    return m->lines ? output_lines(m->lines) : 0;
}

uint64_t emitter_bytes(const struct emitter *m)
{
    return m->lines ? output_bytes(m->lines) : 0;
}

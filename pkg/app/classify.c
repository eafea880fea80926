/* classify.c - `weir classify`: which shapes of telemetry are in some files.
 *
 * An extractor for all fields that any profile lists is run over the events; per shape it is
 * noted which of them were there. What a profile lists and no event had is "not resolved". Of
 * an unknown shape the first event's own keys are shown: what a new profile would start from.
 */
#include "app/classify.h"

#include <stdlib.h>

#include "app/measure.h"
#include "app/output.h"
#include "app/rules.h"
#include "app/source.h"
#include "app/stream.h"
#include "app/summary.h"
#include "app/table.h"
#include "base/str.h"
#include "event/field.h"
#include "event/profile.h"
#include "json/tree.h"
#include "json/write.h"

enum { FIELDS_SHOWN_MAX = 8, KEYS_MAX = 64 };

/* What is known of one shape. */
struct tally {
    uint64_t events, first;
    bool *seen;            /* per field */
    struct text_list keys; /* unknown shape: keys of its first event */
};

struct classify {
    const struct classify_options *options;
    struct arena *arena;
    const struct profile_set *profiles;
    struct field_table *fields;
    struct extract_worker *worker;
    struct source source;
    struct stream *stream;
    struct tally tallies[SHAPES_MAX];
    unsigned n_damaged;
};

static void note_keys(struct classify *c, struct tally *t, struct str record)
{
    struct json_node *root;
    struct arena *scratch = arena_new(0);

    if (json_tree_parse(scratch, record, &root, NULL) == JSON_OK)
        for (const struct json_node *k = root->first; k && t->keys.n < KEYS_MAX; k = k->next)
            text_list_add(&t->keys, arena_str(c->arena, k->key));
    arena_free(scratch);
}

static void begin_tally(struct classify *c, struct tally *t, const struct event *event,
                        uint64_t number)
{
    t->first = number;
    t->seen = ARENA_ARRAY(c->arena, field_count(c->fields), bool);
    if (!extract_shape(c->worker, event->shape)->profile)
        note_keys(c, t, event->record);
}

static enum weir_rc on_batch(void *context, const struct event *events, const uint64_t *numbers,
                             size_t n, UNUSED struct weir_err *err)
{
    struct classify *c = context;

    for (size_t i = 0; i < n; i++) {
        struct tally *t = &c->tallies[events[i].shape];
        if (t->events++ == 0)
            begin_tally(c, t, &events[i], numbers[i]);
        for (uint32_t v = 0; v < events[i].n_values; v++)
            t->seen[events[i].values[v].field] = true;
    }
    return WEIR_OK;
}

/* The profile's fields that no event of the shape had. */
static void unresolved(const struct classify *c, uint32_t shape, struct text_list *out)
{
    const struct profile *p = extract_shape(c->worker, shape)->profile;

    for (uint32_t i = 0; p && i < profile_field_count(p); i++) {
        struct str name = profile_field_at(p, i);
        uint32_t field = field_find(c->fields, name);
        if (field != FIELD_NONE && !c->tallies[shape].seen[field])
            text_list_add(out, name);
    }
}

/* ---- printing --------------------------------------------------------------------- */

static void join(const struct text_list *l, struct buf *out)
{
    for (size_t i = 0; i < l->n && i < FIELDS_SHOWN_MAX; i++) {
        if (i)
            buf_add(out, STR(", "));
        buf_add(out, l->items[i]);
    }
    if (l->n > FIELDS_SHOWN_MAX)
        buf_printf(out, " and %zu more", l->n - FIELDS_SHOWN_MAX);
    if (l->n == 0)
        buf_add_char(out, '-');
}

static void add_row(const struct classify *c, uint32_t i, struct table *t, struct buf *text)
{
    const struct shape *shape = extract_shape(c->worker, i);
    struct text_list missing = {0};

    table_count(t, c->tallies[i].events);
    table_cell(t, shape->profile ? profile_name(shape->profile) : STR("(unknown)"));
    buf_clear(text);
    facts_describe(&shape->facts, text);
    table_cell(t, buf_str(text));
    table_count(t, c->tallies[i].first);
    unresolved(c, i, &missing);
    buf_clear(text);
    if (!shape->profile)
        buf_add(text, STR("keys: "));
    join(shape->profile ? &missing : &c->tallies[i].keys, text);
    table_cell(t, buf_str(text));
    text_list_release(&missing);
}

static void print_table(const struct classify *c, struct buf *out)
{
    static const struct table_column columns[] = {
        {"EVENTS", true, 0},
        {"PROFILE", false, 0},
        {"LOGSOURCE", false, 100},
        {"FIRST EVENT", true, 0},
        {"FIELDS NOT RESOLVED", false, 0},
    };
    struct table *t = table_new(columns, ARRAY_LEN(columns));
    struct buf text = {0};

    for (uint32_t i = 0; i < extract_shape_count(c->worker); i++)
        if (c->tallies[i].events)
            add_row(c, i, t, &text);
    table_print(t, 0, out);
    buf_release(&text);
    table_free(t);
}

static void json_facts(struct json_writer *w, const char *key, const struct logsource_values *v)
{
    json_key(w, str_from(key));
    if (!v->is_known) {
        json_put_null(w);
        return;
    }
    json_open_array(w);
    for (uint32_t i = 0; i < v->n; i++)
        json_put_str(w, v->values[i]);
    json_close_array(w);
}

static void json_texts(struct json_writer *w, const char *key, const struct text_list *l)
{
    json_key(w, str_from(key));
    json_open_array(w);
    for (size_t i = 0; i < l->n; i++)
        json_put_str(w, l->items[i]);
    json_close_array(w);
}

static void print_shape_json(const struct classify *c, uint32_t i, struct buf *out)
{
    const struct shape *shape = extract_shape(c->worker, i);
    struct text_list missing = {0};
    struct json_writer w;

    unresolved(c, i, &missing);
    json_writer_init(&w, out);
    json_open_object(&w);
    json_key(&w, STR("profile"));
    if (shape->profile)
        json_put_str(&w, profile_name(shape->profile));
    else
        json_put_null(&w);
    json_facts(&w, "product", &shape->facts.product);
    json_facts(&w, "category", &shape->facts.category);
    json_facts(&w, "service", &shape->facts.service);
    json_kv_i64(&w, "events", (int64_t)c->tallies[i].events);
    json_kv_i64(&w, "first_event", (int64_t)c->tallies[i].first);
    json_texts(&w, "unresolved", &missing);
    json_texts(&w, "keys", &c->tallies[i].keys);
    json_close_object(&w);
    buf_add_char(out, '\n');
    text_list_release(&missing);
}

static enum weir_rc print_result(const struct classify *c, struct weir_err *err)
{
    struct output *out;
    struct buf text = {0};

    TRY(output_open(STR(""), &out, err));
    if (c->options->format == FORMAT_TABLE ||
        (c->options->format == FORMAT_AUTO && output_is_terminal(out)))
        print_table(c, &text);
    else
        for (uint32_t i = 0; i < extract_shape_count(c->worker); i++)
            if (c->tallies[i].events)
                print_shape_json(c, i, &text);
    return output_finish(out, &text, err);
}

static void print_summary(const struct classify *c)
{
    const struct stream_counts *counts = stream_counts(c->stream);
    struct buf text = {0};
    uint64_t unknown = 0;

    for (uint32_t i = 0; i < extract_shape_count(c->worker); i++)
        if (!extract_shape(c->worker, i)->profile)
            unknown += c->tallies[i].events;
    buf_add(&text, STR("classify: "));
    add_counted(&text, counts->events, "event");
    buf_add(&text, STR(", "));
    add_count(&text, unknown);
    buf_add(&text, STR(" of unknown shape (they see every rule)\n"));
    rejects_print(counts, c->source.inputs, &text);
    tell(&text);
    buf_release(&text);
}

/* ---- the command -------------------------------------------------------------------- */

static void intern_fields(struct classify *c)
{
    c->fields = field_table_new(c->arena);
    for (uint32_t i = 0; i < profile_count(c->profiles); i++) {
        const struct profile *p = profile_at(c->profiles, i);
        for (uint32_t f = 0; f < profile_field_count(p); f++)
            field_intern(c->fields, profile_field_at(p, f));
    }
}

static enum weir_rc run(struct classify *c, struct weir_err *err)
{
    const struct classify_options *o = c->options;
    struct extract_options extract = {0};

    TRY(profile_set_load(c->arena, o->profiles_dir, &c->profiles, err));
    if (o->profile.n)
        TRY(rule_profile(c->profiles, o->profile, &extract.pinned, err));
    TRY(source_open(&o->inputs, NULL, &c->source, err));
    intern_fields(c);
    c->worker =
        extract_worker_new(extractor_new(c->arena, c->profiles, c->fields, false, &extract));
    c->stream = stream_new(c->worker, c->profiles, c->source.inputs, on_batch, c);
    struct progress *progress = progress_new(c->source.total, true);
    enum weir_rc rc = source_run(&c->source, c->stream, progress, NULL, &c->n_damaged, err);
    progress_free(progress);
    TRY(rc);
    TRY(print_result(c, err));
    print_summary(c);
    return WEIR_OK;
}

enum exit_code classify_run(const struct classify_options *o)
{
    struct classify *c = calloc(1, sizeof *c);
    struct weir_err err;

    ASSERT(c);
    c->options = o;
    c->arena = arena_new(0);
    enum exit_code code = end_with(run(c, &err), &err);
    if (code == EXIT_FINE)
        code = exit_of_inputs(stream_counts(c->stream), c->n_damaged);
    for (size_t i = 0; i < SHAPES_MAX; i++)
        text_list_release(&c->tallies[i].keys);
    stream_free(c->stream);
    extract_worker_free(c->worker);
    source_release(&c->source);
    arena_free(c->arena);
    free(c);
    return code;
}

/* explain.c - `weir explain`: events through the reference evaluator, test by test. */
#include "app/explain.h"

#include "app/explain_print.h"
#include "app/output.h"
#include "app/source.h"
#include "app/store_view.h"
#include "app/summary.h"
#include "app/window_view.h"
#include "base/str.h"
#include "detect/engine.h"
#include "json/tree.h"
#include "rule/correlation.h"

struct explain {
    const struct explain_options *options;
    struct arena *arena, *event; /* of the run, of the event at hand */
    struct rule_options rules;   /* with the labels of a worker's configuration */
    struct text_list constants;
    struct stretch_access access;
    struct transport_names transport; /* what rules ask of records */
    struct rule_book book;
    struct engine_options engine_options;
    struct engine *engine;
    struct source source;
    struct origin origin;
    struct reference *reference;
    struct digest *digest;
    struct redactor *redactor;
    struct output *out;
    struct buf text;
    struct window_view *windows; /* --state memory */
    struct store_view *store;    /* --state of a store */
    struct picker picker;        /* with it */
    bool is_table, has_origin;
    uint64_t n_events, n_explained, n_left_out, n_shown;
};

/* ---- an event ------------------------------------------------------------------------------- */

static enum weir_rc show(struct explain *x, const struct explained *e, struct weir_err *err)
{
    bool is_match = e->is_seen && e->reason->truth == TRUTH_TRUE;

    if (x->options->is_near && (is_match || !e->is_seen || !reason_is_near(e->reason)))
        return WEIR_OK;
    buf_clear(&x->text);
    if (!x->is_table)
        explain_json(&x->text, x->redactor, e);
    else if (x->options->is_near)
        explain_near(&x->text, x->redactor, e);
    else
        explain_tree(&x->text, x->redactor, e);
    x->n_shown++;
    return output_write(x->out, buf_str(&x->text), err);
}

static enum weir_rc explain_rule(struct explain *x, struct explained *e, const struct rule *rule,
                                 struct weir_err *err)
{
    e->rule = rule;
    e->is_seen =
        x->options->rules.no_routing || logsource_allows(&e->tree->shape.facts, &rule->logsource);
    e->reason = reason_of(x->reference, x->event, rule->formula, e->tree);
    return show(x, e, err);
}

/* The steps of a correlation; those that are correlations themselves have steps of their own. */
static enum weir_rc explain_steps(struct explain *x, struct explained *e, const struct rule *rule,
                                  struct weir_err *err)
{
    const struct correlation *c = rule->correlation;

    for (size_t i = 0; i < c->n_inputs; i++) {
        const struct rule *input = c->inputs[i].rule;
        if (!input || input->correlation || (x->options->is_near && !input->is_part))
            continue; /* near misses of rules by themselves are told of those */
        e->listener = rule;
        e->step = i;
        e->n_steps = c->n_inputs;
        TRY(explain_rule(x, e, input, err));
    }
    e->listener = NULL;
    return WEIR_OK;
}

/* The event at hand as a tree; the redactor has begun it. */
static bool begin_event(struct explain *x, const struct event *event, struct event_tree *tree)
{
    struct json_node *root;

    arena_reset(x->event);
    if (json_tree_parse(x->event, event->record, &root, NULL) != JSON_OK)
        return false; /* cannot be: extraction took it */
    event_tree_init(tree, x->book.profiles, root, origin_options(&x->origin, event->ref.input));
    tree->transport = event->transport;
    tree->has_at = true;
    tree->at_ms = event_at_ms(event);
    redactor_begin(x->redactor, x->event, tree);
    return true;
}

/* The file, or topic/partition/offset. */
static struct str place_of(const struct explain *x, const struct event_ref *ref)
{
    const struct origin_input *input = &x->source.inputs[ref->input];

    if (!input->is_topic)
        return input->name;
    return arena_printf(x->event, "%.*s/%u/%llu", (int)input->name.n, input->name.p,
                        input->partition, (unsigned long long)ref->record);
}

static enum weir_rc explain_event(struct explain *x, const struct event *event, uint64_t number,
                                  struct weir_err *err)
{
    struct event_tree tree;

    if (!begin_event(x, event, &tree))
        return WEIR_OK;
    struct explained e = {.number = number, .input = place_of(x, &event->ref), .tree = &tree};
    for (size_t i = 0; i < x->book.n_rules; i++) {
        const struct rule *rule = x->book.rules[i];
        /* Pulled in for a correlation, or made for one: told as its steps. */
        if (rule->is_part || !select_rule(&x->options->rules.select, rule))
            continue;
        TRY(rule->correlation ? explain_steps(x, &e, rule, err) : explain_rule(x, &e, rule, err));
    }
    return WEIR_OK;
}

/* What correlations would keep of the events that match. Without a time of their own events have
 * no place in a window: their number stands in, in milliseconds, as in a replay. */
static void watch_batch(struct explain *x, const struct event *events, const uint64_t *numbers,
                        size_t n)
{
    const struct engine_match *matches;
    size_t n_matches = engine_run(x->engine, events, n, &matches), at = 0;

    for (size_t i = 0; i < n; i++) {
        struct event_tree tree;
        bool has_tree =
            at < n_matches && matches[at].event == i && begin_event(x, &events[i], &tree);
        int64_t at_ms = event_at_ms(&events[i]);
        int64_t t_ms = at_ms == INT64_MIN ? (int64_t)numbers[i] : at_ms;
        x->n_events++;
        x->n_explained++;
        for (; at < n_matches && matches[at].event == i; at++)
            if (has_tree)
                window_view_match(x->windows, x->redactor, &tree, x->book.rules[matches[at].rule],
                                  t_ms, numbers[i]);
    }
}

/* A pick_fn. */
static enum weir_rc on_picked(void *context, const struct picked *e, struct weir_err *err)
{
    struct explain *x = context;
    struct event_tree tree;

    if ((x->options->has_number && e->number != x->options->number) ||
        !begin_event(x, e->event, &tree))
        return WEIR_OK;
    buf_clear(&x->text);
    TRY(store_view_event(x->store, e, x->redactor, !x->is_table, &x->text, err));
    return output_write(x->out, buf_str(&x->text), err);
}

/* A stream_fn. */
static enum weir_rc on_batch(void *context, const struct event *events, const uint64_t *numbers,
                             size_t n, struct weir_err *err)
{
    struct explain *x = context;

    if (x->windows) {
        watch_batch(x, events, numbers, n);
        return WEIR_OK;
    }
    if (x->store) {
        x->n_events += n;
        x->n_explained += n;
        return pick_batch(&x->picker, events, numbers, n, err);
    }
    for (size_t i = 0; i < n; i++) {
        x->n_events++;
        if (x->options->has_number && numbers[i] != x->options->number)
            continue;
        if (x->n_explained == EXPLAIN_EVENTS_MAX) {
            x->n_left_out++;
            continue;
        }
        x->n_explained++;
        TRY(explain_event(x, &events[i], numbers[i], err));
    }
    return WEIR_OK;
}

/* ---- the command ---------------------------------------------------------------------------- */

static bool has_topics(const struct explain_options *o)
{
    for (size_t i = 0; i < o->inputs.n; i++)
        if (is_stretch(o->inputs.items[i]))
            return true;
    return false;
}

/* Topics are read as the worker of the configuration reads them. */
static enum weir_rc load_access(struct explain *x, struct str *profile, struct weir_err *err)
{
    const struct explain_options *o = x->options;

    *profile = o->profile;
    x->rules = o->rules;
    if (!has_topics(o))
        return WEIR_OK;
    TRY(stretch_access_load(&o->kafka, &o->inputs, o->tenant, x->arena, &x->access, err));
    if (!x->access.input)
        return WEIR_OK;
    if (!profile->n)
        *profile = x->access.input->profile;
    stretch_constants(&x->access, x->arena, &o->rules.set, &x->constants);
    x->rules.set = x->constants;
    return WEIR_OK;
}

/* Before the engine: it extracts what the windows' groups are made of. */
static enum weir_rc open_store(struct explain *x, struct weir_err *err)
{
    struct state_options state = x->options->state;

    if (!state.where.n || str_eq(state.where, STR("memory")))
        return WEIR_OK;
    state.is_looking = true;
    state.tenant = x->options->tenant;
    state.profiles = x->book.profiles;
    state.geoip = x->book.geoip;
    TRY(store_view_open(&state, x->book.arena, x->book.rules, x->book.n_rules, &x->store, err));
    store_view_only(x->store, x->options->key);
    x->engine_options.fields = store_view_graph(x->store)->fields;
    x->engine_options.n_fields = store_view_graph(x->store)->n_fields;
    return WEIR_OK;
}

static enum weir_rc open_windows(struct explain *x, struct weir_err *err)
{
    const struct explain_options *o = x->options;
    size_t n = 0;

    if (!str_eq(o->state.where, STR("memory")))
        return WEIR_OK;
    x->windows = window_view_new(o->key);
    for (size_t i = 0; i < x->book.n_rules; i++) {
        if (!x->book.rules[i]->correlation || !select_rule(&o->rules.select, x->book.rules[i]))
            continue;
        window_view_rule(x->windows, x->book.rules[i]);
        n++;
    }
    return n ? WEIR_OK
             : err_set(err, WEIR_NOTFOUND,
                       "--state: none of the rules has windows (a correlation "
                       "or a sequence)");
}

static enum weir_rc tell_windows(struct explain *x, struct weir_err *err)
{
    if (x->store && store_view_told(x->store) == 0)
        note("no event leads to a window of these rules");
    if (!x->windows)
        return WEIR_OK;
    buf_clear(&x->text);
    if (window_view_print(x->windows, !x->is_table, &x->text) == 0)
        note("nothing stands in the windows");
    return output_write(x->out, buf_str(&x->text), err);
}

static enum weir_rc prepare(struct explain *x, struct str profile, struct weir_err *err)
{
    TRY(open_windows(x, err));
    TRY(rule_book_engine_options(&x->book, &x->rules, profile, &x->engine_options, err));
    TRY(source_open(&x->options->inputs, &x->access, &x->source, err));
    x->engine_options.inputs = x->source.inputs;
    TRY(open_store(x, err));
    TRY(engine_new(x->book.rules, x->book.n_rules, x->book.profiles, &x->engine_options, &x->engine,
                   err));
    x->transport = transport_names_of(engine_fields(x->engine), x->arena);
    source_want(&x->source, &x->transport);
    origin_init(&x->origin, &x->engine_options.extract, x->source.inputs);
    x->has_origin = true;
    if (x->store) {
        picker_init(&x->picker, x->engine, store_view_graph(x->store), x->book.profiles,
                    &x->engine_options.extract, x->source.inputs);
        x->picker.time_step_ms = 1;
        x->picker.fn = on_picked;
        x->picker.context = x;
    }
    x->reference = reference_new();
    reference_use_lists(x->reference, x->book.list_view);
    x->digest = digest_new();
    x->redactor = redactor_new(x->digest);
    TRY(output_open(STR(""), &x->out, err));
    x->is_table = x->options->format == FORMAT_TABLE ||
                  (x->options->format == FORMAT_AUTO && output_is_terminal(x->out));
    return WEIR_OK;
}

static enum weir_rc run(struct explain *x, struct weir_err *err)
{
    unsigned n_damaged = 0;
    struct stream *stream =
        stream_new(engine_worker(x->engine), x->book.profiles, x->source.inputs, on_batch, x);
    struct progress *progress = progress_new(x->source.total, false);
    enum weir_rc rc = source_run(&x->source, stream, progress, NULL, &n_damaged, err);

    uint64_t n_rejected = rejects_count(stream_counts(stream));
    progress_free(progress);
    stream_free(stream);
    if (rc == WEIR_OK)
        rc = tell_windows(x, err);
    if (rc == WEIR_OK)
        rc = output_commit(x->out, err);
    if (rc != WEIR_OK)
        return rc;
    if (x->n_left_out)
        note("events explained: %llu, left out: %llu (--event N explains one of them)",
             (unsigned long long)x->n_explained, (unsigned long long)x->n_left_out);
    if (x->n_events == 0)
        return err_set(err, WEIR_NOTFOUND, "no event was read, records rejected: %llu%s",
                       (unsigned long long)n_rejected,
                       n_rejected ? " ('weir classify' says why)" : "");
    if (n_rejected)
        note("records rejected: %llu, events read: %llu ('weir classify' says why)",
             (unsigned long long)n_rejected, (unsigned long long)x->n_events);
    if (x->n_explained == 0)
        return err_set(err, WEIR_NOTFOUND, "no such event: %llu were read",
                       (unsigned long long)x->n_events);
    if (x->options->is_near && x->n_shown == 0)
        note("no rule missed by one test");
    return n_damaged ? err_set(err, WEIR_IO, "an input is damaged") : WEIR_OK;
}

static void release(struct explain *x)
{
    output_free(x->out);
    window_view_free(x->windows);
    picker_release(&x->picker);
    store_view_free(x->store);
    redactor_free(x->redactor);
    digest_free(x->digest);
    if (x->reference)
        reference_free(x->reference);
    if (x->has_origin)
        origin_release(&x->origin);
    engine_free(x->engine);
    source_release(&x->source);
    rule_book_release(&x->book);
    text_list_release(&x->constants);
    buf_release(&x->text);
    arena_free(x->event);
    arena_free(x->arena);
}

static enum exit_code load_and_run(struct explain *x, struct weir_err *err)
{
    struct str profile;
    enum weir_rc rc = load_access(x, &profile, err);

    if (rc == WEIR_OK)
        rc = rule_book_load(&x->rules, &x->book, err);
    if (rc != WEIR_OK)
        return end_with(rc, err);
    enum exit_code code = rule_book_report(&x->book, &x->rules);
    if (code != EXIT_FINE)
        return code;
    rc = prepare(x, profile, err);
    if (rc == WEIR_OK)
        rc = run(x, err);
    return end_with(rc, err);
}

enum exit_code explain_run(const struct explain_options *o)
{
    struct explain x = {.options = o, .arena = arena_new(0), .event = arena_new(0)};
    struct weir_err err = {0};
    enum exit_code code = load_and_run(&x, &err);

    release(&x);
    return code;
}

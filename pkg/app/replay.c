/* replay.c - `weir replay`: events from files or topics through the rules, alerts or matches out.
 *
 * Everything that can be refused is refused before the first event is read: rules, inputs, the
 * output's place. After that only the world can stop the run.
 */
#include "app/replay.h"

#include <stdlib.h>

#include "app/measure.h"
#include "app/overwrite.h"
#include "app/pipeline.h"
#include "app/progress.h"
#include "app/sequence_line.h"
#include "app/source.h"
#include "app/summary.h"
#include "base/hash.h"
#include "base/pack.h"
#include "base/str.h"

struct replay {
    const struct replay_options *options;
    struct replay_options own; /* with what a configuration adds */
    struct arena *arena;       /* access */
    struct stretch_access access;
    struct transport_names transport; /* what rules ask of records */
    struct text_list constants;       /* labels, then those of --set */
    struct rule_book book;
    struct source source;
    struct engine_options engine_options;
    struct engine *engine;
    struct state state;
    struct resume resume;
    struct emitter *emitter;
    uint64_t *rule_matches;
    struct pipeline_totals totals;
    double start;
};

/* A pick_fn. */
static enum weir_rc on_event(void *context, const struct picked *e, struct weir_err *err)
{
    struct replay *r = context;

    for (size_t i = 0; i < e->n_matches; i++)
        if (r->book.rules[e->matches[i].rule]->channel != CHANNEL_OFF)
            r->rule_matches[e->matches[i].rule]++;
    return emitter_add(r->emitter, e, err);
}

/* A mark_fn. */
static void on_mark(void *context, uint32_t input, const struct profile *profile, int64_t t_ms)
{
    struct replay *r = context;

    emitter_mark(r->emitter, input, profile, t_ms);
}

static enum weir_rc open_emitter(struct replay *r, struct weir_err *err)
{
    const struct replay_options *o = r->options;
    struct emit_options emit = {
        .kind = o->emit,
        .format = o->format,
        .is_by_time = o->order == ORDER_TIME || (o->order == ORDER_AUTO && !r->source.has_stdin),
        .path = o->out,
        .rules = r->book.rules,
        .profiles = r->book.profiles,
        .extract = &r->engine_options.extract,
        .inputs = r->source.inputs,
        .n_inputs = (uint32_t)r->source.n_inputs,
        .graph = r->state.graph,
        .store = r->state.store,
        .rule_matches = r->rule_matches,
        .keeps = o->keeps,
        .resume = r->state.is_dir ? &r->resume : NULL,
        .alert = {.is_deterministic = o->is_deterministic,
                  .raw = o->raw,
                  .generation = r->book.generation,
                  .lists = r->book.list_view,
                  .worker = STR("replay"),
                  .version = o->version,
                  .profiles = r->book.profiles},
    };

    return emitter_new(&emit, &r->emitter, err);
}

/* The output would take the place of what it was made from. */
static enum weir_rc refuse_to_overwrite(const struct replay *r, struct weir_err *err)
{
    struct overwrite w;

    overwrite_init(&w, "--output", r->options->out);
    TRY(overwrite_refuse_rules(&w, &r->book, &r->options->rules, err));
    TRY(overwrite_refuse_file(&w, r->options->kafka.config, err));
    for (size_t i = 0; i < r->source.n_files; i++)
        TRY(overwrite_refuse_file(&w, r->source.inputs[i].name, err));
    return WEIR_OK;
}

/* A rule that cannot run is told before the run, and counted after it. */
static void warn_of_rules_off(const struct graph *g)
{
    for (size_t i = 0; i < g->n_rules; i++) {
        const struct rule *rule = g->rules[i].rule;
        if (g->rules[i].is_off)
            note("warning: %.*s:%u:%u: this rule is off: %s needs places of addresses "
                 "(--geoip FILE)",
                 (int)rule->path.n, rule->path.p, rule->correlation->line, rule->correlation->col,
                 g->rules[i].kind->name);
    }
}

/* A sequence is one line when it is complete; of what else is about several events the lines say
 * less than they seem to. */
static void tell_of_parts(const struct rule_book *book)
{
    const struct rule *first = NULL;
    size_t n = 0;

    for (size_t i = 0; i < book->n_rules; i++) {
        const struct rule *rule = book->rules[i];
        const struct correlation *c = rule->correlation;
        if (!c || c->kind == OPERATOR_SEQUENCE || rule->channel == CHANNEL_OFF ||
            c->n_inputs == 0 || !c->inputs[0].rule || !c->inputs[0].rule->is_part)
            continue;
        first = first ? first : c->inputs[0].rule;
        n++;
    }
    if (n)
        note("rules about several events: %zu; their matches (%.*s%s) are the events that are "
             "asked, whether or not they are enough: findings need --emit alerts",
             n, (int)first->uid.n, first->uid.p, n > 1 ? " ..." : "");
}

/* What makes two runs the same: what they read, and what they make of it. */
static uint64_t run_of(const struct replay *r)
{
    const struct replay_options *o = r->options;
    struct buf text = {0};

    pack_str(&text, r->book.generation);
    pack_str(&text, o->tenant);
    pack_u64(&text, o->state.brake);
    pack_u8(&text, o->state.no_dedup);
    pack_u8(&text, o->state.assume_trained);
    pack_u8(&text, (uint8_t)o->order);
    pack_u8(&text, (uint8_t)o->raw);
    pack_i64(&text, o->time_start_ms);
    pack_i64(&text, o->time_step_ms);
    source_identify(&r->source, &text);
    uint64_t hash = hash_str(buf_str(&text));
    buf_release(&text);
    return hash;
}

static enum weir_rc open_resume(struct replay *r, struct weir_err *err)
{
    if (r->source.has_stdin)
        return err_set(err, WEIR_BADARG,
                       "--state dir: reads its inputs again after a crash: "
                       "files are wanted, not stdin");
    if (r->options->format == FORMAT_TABLE)
        return err_set(err, WEIR_BADARG, "--state dir: writes lines (--format json)");
    return resume_open(&r->resume, r->state.store, run_of(r), err);
}

static enum weir_rc prepare(struct replay *r, struct weir_err *err)
{
    const struct replay_options *o = r->options;

    TRY(rule_book_engine_options(&r->book, &o->rules, o->profile, &r->engine_options, err));
    r->engine_options.kind = o->engine;
    r->engine_options.no_cache = o->no_cache;
    TRY(source_open(&o->inputs, &r->access, &r->source, err));
    r->engine_options.inputs = r->source.inputs;
    if (o->emit == EMIT_MATCHES && !o->is_quiet)
        tell_of_parts(&r->book);
    struct rule *const *rules = o->emit == EMIT_STEPS ? NULL : r->book.rules;
    if (o->emit == EMIT_MATCHES)
        rules = sequence_line_rules(r->book.arena, r->book.rules, r->book.n_rules);
    if (rules) {
        struct state_options state = o->state;
        if (o->emit == EMIT_MATCHES)
            state = (struct state_options){.tenant = o->state.tenant, .lists_steps = true};
        state.score_lists = r->book.score_lists;
        state.profiles = r->book.profiles;
        state.geoip = r->book.geoip;
        TRY(state_open(&r->state, r->book.arena, rules, r->book.n_rules, &state, err));
        warn_of_rules_off(r->state.graph);
        r->engine_options.fields = r->state.graph->fields;
        r->engine_options.n_fields = r->state.graph->n_fields;
    }
    TRY(engine_new(r->book.rules, r->book.n_rules, r->book.profiles, &r->engine_options, &r->engine,
                   err));
    r->transport = transport_names_of(engine_fields(r->engine), r->arena);
    source_want(&r->source, &r->transport);
    TRY(refuse_to_overwrite(r, err));
    if (r->state.is_dir)
        TRY(open_resume(r, err));
    r->rule_matches = calloc(r->book.n_rules + 1, sizeof *r->rule_matches);
    ASSERT(r->rule_matches);
    return open_emitter(r, err);
}

/* Losing records is no matter of taste: quiet means shorter here. */
static void tell_rejects(const struct replay *r)
{
    const struct stream_counts *counts = &r->totals.counts;
    uint64_t n = rejects_count(counts);

    if (n)
        note("records rejected: %llu, events read: %llu (without --quiet: the reasons)",
             (unsigned long long)n, (unsigned long long)counts->events);
}

static void print_written(const struct replay *r, struct buf *out)
{
    add_counted(out, emitter_lines(r->emitter), "line");
    buf_printf(out, " written to %.*s\n", (int)r->options->out.n, r->options->out.p);
}

static void print_summary(const struct replay *r)
{
    struct summary s = {
        .command = "replay",
        .engine = r->engine,
        .counts = &r->totals.counts,
        .rules = r->book.rules,
        .n_rules = r->book.n_rules,
        .rule_matches = r->rule_matches,
        .inputs = r->source.inputs,
        .time_standins = r->totals.time_standins,
        .time_clamped = r->totals.time_clamped,
        .has_state = r->state.graph && r->options->emit == EMIT_ALERTS,
        .rules_off = r->state.graph ? r->state.graph->n_off : 0,
        .state = emitter_stage_counts(r->emitter),
        .gathered = r->totals.gathered,
        .seconds = now_seconds() - r->start,
    };
    struct buf text = {0};

    summary_print(&s, &text);
    if (r->options->out.n)
        print_written(r, &text);
    tell(&text);
    buf_release(&text);
}

static enum weir_rc run(struct replay *r, struct weir_err *err)
{
    bool is_quiet = emitter_streams_to_terminal(r->emitter);
    struct progress *progress = progress_new(r->source.total, !is_quiet);

    struct pipeline_options pipeline = {
        .engine = r->engine,
        .n_threads = r->options->threads,
        .source = &r->source,
        .profiles = r->book.profiles,
        .time_start_ms = r->options->time_start_ms,
        .time_step_ms = r->options->time_step_ms,
        .fn = on_event,
        .mark = emitter_wants_marks(r->emitter) ? on_mark : NULL,
        .context = r,
        .pause = {r->source.has_stdin ? emitter_pause : NULL, r->emitter},
        .graph = r->state.graph,
        .extract = &r->engine_options.extract,
        .progress = progress};

    r->start = now_seconds();
    enum weir_rc rc = pipeline_run(&pipeline, &r->totals, err);
    if (rc == WEIR_OK)
        rc = emitter_finish(r->emitter, progress, err);
    progress_free(progress);
    if (rc != WEIR_OK)
        return rc;
    if (!r->options->is_quiet)
        print_summary(r);
    else
        tell_rejects(r);
    return rc;
}

static void release(struct replay *r)
{
    emitter_free(r->emitter);
    resume_release(&r->resume);
    state_release(&r->state);
    engine_free(r->engine);
    source_release(&r->source);
    rule_book_release(&r->book);
    text_list_release(&r->constants);
    free(r->rule_matches);
    arena_free(r->arena);
}

/* What a worker would do to records of these topics: its profile, its labels, its tenant. */
static void apply_input(struct replay *r, const struct config_input *input)
{
    struct replay_options *own = &r->own;

    if (!own->profile.n)
        own->profile = input->profile;
    own->tenant = own->state.tenant = r->access.tenant;
    stretch_constants(&r->access, r->arena, &own->rules.set, &r->constants);
    own->rules.set = r->constants;
}

static bool has_topics(const struct replay_options *o)
{
    for (size_t i = 0; i < o->inputs.n; i++)
        if (is_stretch(o->inputs.items[i]))
            return true;
    return false;
}

static enum weir_rc load_access(struct replay *r, struct weir_err *err)
{
    const struct replay_options *o = &r->own;
    const struct stretch_options *k = &o->kafka;

    if (!has_topics(o)) {
        if (k->from.n || k->to.n || k->config.n || k->properties.n)
            return err_set(err, WEIR_BADARG,
                           "--from, --to, -c and -X are for topics (-i kafka://TOPIC)");
        return WEIR_OK;
    }
    TRY(stretch_access_load(k, &o->inputs, o->tenant, r->arena, &r->access, err));
    if (r->access.input)
        apply_input(r, r->access.input);
    return WEIR_OK;
}

static enum exit_code load_and_run(struct replay *r, struct weir_err *err)
{
    const struct replay_options *o = r->options;

    enum weir_rc rc = load_access(r, err);
    if (rc == WEIR_OK)
        rc = rule_book_load(&o->rules, &r->book, err);
    if (rc != WEIR_OK)
        return end_with(rc, err);
    enum exit_code code = rule_book_report(&r->book, &o->rules);
    if (code != EXIT_FINE)
        return code;
    rc = prepare(r, err);
    if (rc == WEIR_OK)
        rc = run(r, err);
    code = end_with(rc, err);
    if (code == EXIT_FINE)
        code = exit_of_inputs(&r->totals.counts, r->totals.n_damaged);
    return code;
}

enum exit_code replay_run(const struct replay_options *o)
{
    struct replay r = {.own = *o, .arena = arena_new(0)};
    struct weir_err err;

    r.options = &r.own;
    enum exit_code code = load_and_run(&r, &err);
    release(&r);
    return code;
}

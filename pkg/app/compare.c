/* compare.c - two runs over the same events, their matches as sorted pairs of event and rule, their
 * findings sorted by name.
 *
 * Rules of both sets are numbered by id, once for all; a run gives (event, number) in the order of
 * events. Merging the two lists tells what is added, gone and the same.
 */
#include "app/compare.h"

#include <stdlib.h>
#include <string.h>

#include "alert/redact.h"
#include "app/measure.h"
#include "app/output.h"
#include "app/overwrite.h"
#include "app/pipeline.h"
#include "app/source.h"
#include "app/summary.h"
#include "app/table.h"
#include "app/tally.h"
#include "base/buf.h"
#include "base/str.h"
#include "base/time.h"
#include "base/vec.h"
#include "json/tree.h"
#include "json/write.h"
#include "state/uid.h"

enum { EXAMPLES_MAX = 3, EXCERPT_MAX = 256 };

struct compared {
    uint64_t event;
    uint32_t rule; /* of the joined numbering */
};

struct example {
    uint64_t event;
    struct str input, excerpt;
    uint64_t record;
};

/* A finding that one side has, or both with different counts; 0: it has not. */
struct difference {
    uint8_t uid[16];
    int64_t first_ms;
    uint64_t was, is;
};

/* What became of one rule. */
struct row {
    struct str uid, title;
    bool in_old, in_new;
    uint64_t n_added, n_gone, n_same;
    struct example added[EXAMPLES_MAX], gone[EXAMPLES_MAX];
    size_t n_added_shown, n_gone_shown;
    uint64_t found_added, found_gone, found_changed, found_same; /* findings */
    struct difference found[EXAMPLES_MAX];
    size_t n_found_shown;
};

/* One set of rules and what it matched. */
struct side {
    struct rule_options options;
    struct rule_book book;
    uint32_t *number_of; /* rule of the book -> row */
    struct buf hits;     /* struct compared */
    struct state state;
    struct tally *tally;
    struct tallied *found; /* by uid */
    size_t n_found;
};

struct compare {
    const struct compare_options *options;
    struct arena *a;
    struct side old, now;
    struct row *rows;
    size_t n_rows;
    struct source source;
    struct arena *scratch; /* one event */
    struct redactor *redactor;
    struct digest *digest;
    const struct side *at;         /* being run */
    struct pipeline_totals totals; /* of the last run; the inputs are the same */
    bool is_showing;               /* the third run: only examples of what is gone */
};

/* ---- hits ------------------------------------------------------------------------------------ */

static const struct compared *hits_of(const struct side *s, size_t *n)
{
    *n = s->hits.n / sizeof(struct compared);
    return (const struct compared *)(const void *)s->hits.p;
}

static int by_place(const void *x, const void *y)
{
    const struct compared *a = x, *b = y;

    if (a->event != b->event)
        return a->event < b->event ? -1 : 1;
    return (a->rule > b->rule) - (a->rule < b->rule);
}

/* The other side matches this, too. */
static bool has_hit(const struct side *s, struct compared h)
{
    size_t n;
    const struct compared *all = hits_of(s, &n);

    return n && bsearch(&h, all, n, sizeof h, by_place);
}

/* ---- examples ------------------------------------------------------------------------------ */

static struct str excerpt_of(struct compare *c, const struct picked *e)
{
    struct json_node *root;
    struct event_tree tree;

    arena_reset(c->scratch);
    if (json_tree_parse(c->scratch, e->event->record, &root, NULL) != JSON_OK)
        return STR("");
    event_tree_init_known(&tree, c->at->book.profiles, root, NULL, e->profile);
    redactor_begin(c->redactor, c->scratch, &tree);
    return arena_str(c->a, redact_record(c->redactor, e->event->record, EXCERPT_MAX).text);
}

static void show(struct compare *c, const struct picked *e, struct example *list, size_t *n)
{
    if (*n == EXAMPLES_MAX)
        return;
    list[(*n)++] = (struct example){.event = e->number,
                                    .input = c->source.inputs[e->event->ref.input].name,
                                    .record = e->event->ref.record,
                                    .excerpt = excerpt_of(c, e)};
}

/* A pick_fn. */
static enum weir_rc on_event(void *context, const struct picked *e, struct weir_err *err)
{
    struct compare *c = context;
    struct side *side = c->at == &c->now ? &c->now : &c->old;

    if (!c->is_showing)
        TRY(tally_add(side->tally, e, err));
    for (size_t i = 0; i < e->n_matches; i++) {
        struct compared h = {e->number, side->number_of[e->matches[i].rule]};
        struct row *row = &c->rows[h.rule];
        if (!c->is_showing)
            buf_add(&side->hits, (struct str){(const char *)&h, sizeof h});
        if (side == &c->now && !has_hit(&c->old, h))
            show(c, e, row->added, &row->n_added_shown);
        if (c->is_showing && !has_hit(&c->now, h))
            show(c, e, row->gone, &row->n_gone_shown);
    }
    return WEIR_OK;
}

/* ---- runs ---------------------------------------------------------------------------------- */

/* State of its own, in memory, and who counts its findings. */
static enum weir_rc open_state(struct compare *c, struct side *s, struct weir_err *err)
{
    struct state_options state = *c->options->state;

    state.where = STR("memory");
    state.score_lists = s->book.score_lists;
    state.profiles = s->book.profiles;
    state.geoip = s->book.geoip;
    TRY(state_open(&s->state, s->book.arena, s->book.rules, s->book.n_rules, &state, err));
    s->tally = tally_new(s->state.graph, s->state.store);
    return WEIR_OK;
}

static enum weir_rc end_state(struct side *s, struct weir_err *err)
{
    TRY(tally_finish(s->tally, &s->found, &s->n_found, err));
    if (tally_beyond(s->tally))
        note("findings beyond %d are not compared", TALLY_MAX);
    for (size_t i = 0; i < s->n_found; i++)
        s->found[i].rule = s->number_of[s->found[i].rule];
    return WEIR_OK;
}

static enum weir_rc run_side(struct compare *c, struct side *s, struct weir_err *err)
{
    const struct compare_options *o = c->options;
    struct engine_options options;
    struct engine *engine;

    c->at = s;
    TRY(rule_book_engine_options(&s->book, &s->options, o->profile, &options, err));
    options.no_cache = o->no_cache;
    options.inputs = c->source.inputs;
    if (!c->is_showing)
        TRY(open_state(c, s, err));
    options.fields = s->state.graph->fields;
    options.n_fields = s->state.graph->n_fields;
    TRY(engine_new(s->book.rules, s->book.n_rules, s->book.profiles, &options, &engine, err));
    struct progress *progress = progress_new(c->source.total, true);
    struct pipeline_options pipeline = {.engine = engine,
                                        .n_threads = o->threads,
                                        .source = &c->source,
                                        .profiles = s->book.profiles,
                                        .time_start_ms = o->time_start_ms,
                                        .time_step_ms = o->time_step_ms,
                                        .fn = on_event,
                                        .context = c,
                                        .graph = c->is_showing ? NULL : s->state.graph,
                                        .extract = &options.extract,
                                        .progress = progress};
    enum weir_rc rc = pipeline_run(&pipeline, &c->totals, err);
    if (rc == WEIR_OK && !c->is_showing)
        rc = end_state(s, err);
    progress_free(progress);
    engine_free(engine);
    size_t n;
    const struct compared *hits = hits_of(s, &n);
    if (n)
        qsort((void *)(uintptr_t)hits, n, sizeof *hits, by_place);
    return rc;
}

static void count(struct compare *c)
{
    size_t n_old, n_new, i = 0, k = 0;
    const struct compared *old = hits_of(&c->old, &n_old), *now = hits_of(&c->now, &n_new);

    while (i < n_old || k < n_new) {
        int order = i == n_old ? 1 : k == n_new ? -1 : by_place(&old[i], &now[k]);
        if (order < 0)
            c->rows[old[i++].rule].n_gone++;
        else if (order > 0)
            c->rows[now[k++].rule].n_added++;
        else {
            c->rows[old[i++].rule].n_same++;
            k++;
        }
    }
}

/* The counts of a finding in both runs; 0: it is not there. */
static void count_finding(struct row *r, const struct tallied *old, const struct tallied *now)
{
    const struct tallied *any = now ? now : old;

    if (old && now && old->count == now->count) {
        r->found_same++;
        return;
    }
    *(!old ? &r->found_added : !now ? &r->found_gone : &r->found_changed) += 1;
    if (r->n_found_shown == EXAMPLES_MAX)
        return;
    struct difference *d = &r->found[r->n_found_shown++];
    *d = (struct difference){
        .first_ms = any->first_ms, .was = old ? old->count : 0, .is = now ? now->count : 0};
    memcpy(d->uid, any->uid, sizeof d->uid);
}

static void count_findings(struct compare *c)
{
    const struct tallied *old = c->old.found, *now = c->now.found;
    size_t i = 0, k = 0;

    while (i < c->old.n_found || k < c->now.n_found) {
        int order = i == c->old.n_found   ? 1
                    : k == c->now.n_found ? -1
                                          : memcmp(old[i].uid, now[k].uid, sizeof old->uid);
        uint32_t rule = order <= 0 ? old[i].rule : now[k].rule;
        count_finding(&c->rows[rule], order <= 0 ? &old[i] : NULL, order >= 0 ? &now[k] : NULL);
        i += order <= 0;
        k += order >= 0;
    }
}

static bool is_any_gone(const struct compare *c)
{
    for (size_t i = 0; i < c->n_rows; i++)
        if (c->rows[i].n_gone)
            return true;
    return false;
}

/* ---- rules by id --------------------------------------------------------------------------- */

static int by_uid(const void *x, const void *y)
{
    return str_cmp(((const struct row *)x)->uid, ((const struct row *)y)->uid);
}

static void add_rows(struct compare *c, const struct side *s)
{
    for (size_t i = 0; i < s->book.n_rules; i++)
        c->rows[c->n_rows++] =
            (struct row){.uid = s->book.rules[i]->uid, .title = s->book.rules[i]->title};
}

static void number_rules(struct compare *c, struct side *s)
{
    s->number_of = ARENA_ARRAY(c->a, s->book.n_rules, uint32_t);
    for (size_t i = 0; i < s->book.n_rules; i++) {
        struct row key = {.uid = s->book.rules[i]->uid};
        struct row *row = bsearch(&key, c->rows, c->n_rows, sizeof key, by_uid);
        ASSERT(row);
        s->number_of[i] = (uint32_t)(row - c->rows);
        row->in_new |= s == &c->now;
        row->in_old |= s == &c->old;
    }
}

static void join_rules(struct compare *c)
{
    size_t kept = 0;

    c->rows = ARENA_ARRAY(c->a, c->old.book.n_rules + c->now.book.n_rules, struct row);
    add_rows(c, &c->now);
    add_rows(c, &c->old);
    qsort(c->rows, c->n_rows, sizeof *c->rows, by_uid);
    for (size_t i = 0; i < c->n_rows; i++)
        if (!kept || !str_eq(c->rows[kept - 1].uid, c->rows[i].uid))
            c->rows[kept++] = c->rows[i];
    c->n_rows = kept;
    number_rules(c, &c->now);
    number_rules(c, &c->old);
}

/* ---- printing ------------------------------------------------------------------------------ */

static bool differs(const struct row *r)
{
    return r->n_added || r->n_gone || r->found_added || r->found_gone || r->found_changed;
}

static struct str uid_text(const struct difference *d, char space[UID_TEXT])
{
    struct uid uid;

    memcpy(uid.bytes, d->uid, sizeof uid.bytes);
    uid_format(uid, space);
    return str_from(space);
}

static void json_findings(struct json_writer *w, const struct row *r)
{
    char uid[UID_TEXT], time[TIME_TEXT_MAX];

    json_key(w, STR("findings"));
    json_open_object(w);
    json_kv_i64(w, "added", (int64_t)r->found_added);
    json_kv_i64(w, "gone", (int64_t)r->found_gone);
    json_kv_i64(w, "changed", (int64_t)r->found_changed);
    json_kv_i64(w, "same", (int64_t)r->found_same);
    json_key(w, STR("examples"));
    json_open_array(w);
    for (size_t i = 0; i < r->n_found_shown; i++) {
        const struct difference *d = &r->found[i];
        json_open_object(w);
        json_kv_str(w, "uid", uid_text(d, uid));
        json_kv_str(w, "first", (struct str){time, time_format_ms(d->first_ms, time)});
        json_kv_i64(w, "old_count", (int64_t)d->was);
        json_kv_i64(w, "new_count", (int64_t)d->is);
        json_close_object(w);
    }
    json_close_array(w);
    json_close_object(w);
}

static void json_examples(struct json_writer *w, const char *key, const struct example *list,
                          size_t n)
{
    json_key(w, str_from(key));
    json_open_array(w);
    for (size_t i = 0; i < n; i++) {
        json_open_object(w);
        json_kv_i64(w, "event", (int64_t)list[i].event);
        json_kv_str(w, "input", list[i].input);
        json_kv_i64(w, "record", (int64_t)list[i].record);
        json_kv_str(w, "excerpt", list[i].excerpt);
        json_close_object(w);
    }
    json_close_array(w);
}

static void add_json(const struct row *r, struct buf *out)
{
    struct json_writer w;

    json_writer_init(&w, out);
    json_open_object(&w);
    json_kv_str(&w, "rule", r->uid);
    json_kv_str(&w, "title", r->title);
    if (!r->in_old || !r->in_new)
        json_kv_str(&w, "only", r->in_new ? STR("new") : STR("old"));
    json_kv_i64(&w, "added", (int64_t)r->n_added);
    json_kv_i64(&w, "gone", (int64_t)r->n_gone);
    json_kv_i64(&w, "same", (int64_t)r->n_same);
    json_examples(&w, "added_events", r->added, r->n_added_shown);
    json_examples(&w, "gone_events", r->gone, r->n_gone_shown);
    json_findings(&w, r);
    json_close_object(&w);
    buf_add_char(out, '\n');
}

static void add_examples(const char *what, const struct example *list, size_t n, struct buf *out)
{
    for (size_t i = 0; i < n; i++) {
        buf_printf(out, "    %s  event %llu (", what, (unsigned long long)list[i].event);
        add_printable(out, list[i].input);
        buf_printf(out, ", record %llu)  ", (unsigned long long)list[i].record);
        add_printable(out, list[i].excerpt);
        buf_add_char(out, '\n');
    }
}

static void add_findings(const struct row *r, struct buf *out)
{
    char uid[UID_TEXT], time[TIME_TEXT_MAX];

    if (!r->found_added && !r->found_gone && !r->found_changed)
        return;
    buf_printf(out,
               "    findings added: %llu, gone: %llu, with another count: %llu, the same: %llu\n",
               (unsigned long long)r->found_added, (unsigned long long)r->found_gone,
               (unsigned long long)r->found_changed, (unsigned long long)r->found_same);
    for (size_t i = 0; i < r->n_found_shown; i++) {
        const struct difference *d = &r->found[i];
        struct str name = uid_text(d, uid);
        size_t n = time_format_ms(d->first_ms, time);
        buf_printf(out, "    %s  finding %.*s (%.*s)  count %llu, was %llu\n",
                   !d->was  ? "added"
                   : !d->is ? "gone "
                            : "other",
                   (int)name.n, name.p, (int)n, time, (unsigned long long)d->is,
                   (unsigned long long)d->was);
    }
}

static void add_table(const struct compare *c, struct buf *out)
{
    static const struct table_column COLUMNS[] = {{"ADDED", true, 0},
                                                  {"GONE", true, 0},
                                                  {"SAME", true, 0},
                                                  {"TITLE", false, 60},
                                                  {"RULE", false, 0}};
    struct table *t = table_new(COLUMNS, ARRAY_LEN(COLUMNS));

    for (size_t i = 0; i < c->n_rows; i++) {
        if (!differs(&c->rows[i]))
            continue;
        table_count(t, c->rows[i].n_added);
        table_count(t, c->rows[i].n_gone);
        table_count(t, c->rows[i].n_same);
        table_cell(t, c->rows[i].title);
        table_cell(t, c->rows[i].uid);
    }
    if (table_rows(t))
        table_print(t, 0, out);
    table_free(t);
    for (size_t i = 0; i < c->n_rows; i++) {
        if (!differs(&c->rows[i]))
            continue;
        add_printable(out, c->rows[i].uid);
        buf_add_char(out, '\n');
        add_examples("added", c->rows[i].added, c->rows[i].n_added_shown, out);
        add_examples("gone ", c->rows[i].gone, c->rows[i].n_gone_shown, out);
        add_findings(&c->rows[i], out);
    }
}

static void print_sum(const struct compare *c)
{
    uint64_t added = 0, gone = 0, same = 0, found[4] = {0};
    size_t n = 0;

    for (size_t i = 0; i < c->n_rows; i++) {
        added += c->rows[i].n_added;
        gone += c->rows[i].n_gone;
        same += c->rows[i].n_same;
        found[0] += c->rows[i].found_added;
        found[1] += c->rows[i].found_gone;
        found[2] += c->rows[i].found_changed;
        found[3] += c->rows[i].found_same;
        n += differs(&c->rows[i]);
    }
    note("matches added: %llu, gone: %llu, the same: %llu; rules that differ: %zu of %zu",
         (unsigned long long)added, (unsigned long long)gone, (unsigned long long)same, n,
         c->n_rows);
    note("findings added: %llu, gone: %llu, with another count: %llu, the same: %llu",
         (unsigned long long)found[0], (unsigned long long)found[1], (unsigned long long)found[2],
         (unsigned long long)found[3]);
}

static enum weir_rc print(const struct compare *c, struct weir_err *err)
{
    struct output *out;
    struct buf text = {0};

    TRY(output_open(c->options->out, &out, err));
    if (c->options->format == FORMAT_TABLE ||
        (c->options->format == FORMAT_AUTO && output_is_terminal(out)))
        add_table(c, &text);
    else
        for (size_t i = 0; i < c->n_rows; i++)
            if (differs(&c->rows[i]) || c->rows[i].n_same || c->rows[i].found_same)
                add_json(&c->rows[i], &text);
    return output_finish(out, &text, err);
}

/* ---- the command --------------------------------------------------------------------------- */

static enum weir_rc load(struct side *s, enum exit_code *code, struct weir_err *err)
{
    TRY(rule_book_load(&s->options, &s->book, err));
    *code = rule_book_report(&s->book, &s->options);
    return WEIR_OK;
}

static enum weir_rc refuse_to_overwrite(const struct compare *c, struct weir_err *err)
{
    struct overwrite w;

    overwrite_init(&w, "--output", c->options->out);
    TRY(overwrite_refuse_rules(&w, &c->old.book, &c->old.options, err));
    TRY(overwrite_refuse_rules(&w, &c->now.book, &c->now.options, err));
    for (size_t i = 0; i < c->source.n_files; i++)
        TRY(overwrite_refuse_file(&w, c->source.inputs[i].name, err));
    return WEIR_OK;
}

static enum weir_rc compare(struct compare *c, enum exit_code *code, struct weir_err *err)
{
    TRY(load(&c->old, code, err));
    if (*code == EXIT_FINE)
        TRY(load(&c->now, code, err));
    if (*code != EXIT_FINE)
        return WEIR_OK;
    TRY(source_open(c->options->inputs, NULL, &c->source, err));
    if (c->source.has_stdin)
        return err_set(err, WEIR_BADARG,
                       "--compare reads its inputs more than once: files are wanted, not stdin");
    TRY(refuse_to_overwrite(c, err));
    join_rules(c);
    TRY(run_side(c, &c->old, err));
    c->source.is_read_again = true;
    TRY(run_side(c, &c->now, err));
    count(c);
    count_findings(c);
    if (is_any_gone(c)) {
        c->is_showing = true;
        TRY(run_side(c, &c->old, err));
    }
    TRY(print(c, err));
    print_sum(c);
    rejects_tell(&c->totals.counts, c->source.inputs);
    *code = exit_of_inputs(&c->totals.counts, c->totals.n_damaged);
    return WEIR_OK;
}

enum exit_code compare_run(const struct compare_options *o)
{
    struct compare c = {.options = o, .a = arena_new(0), .scratch = arena_new(0)};
    struct weir_err err;
    enum exit_code code = EXIT_FINE;

    c.digest = digest_new();
    c.redactor = redactor_new(c.digest);
    c.now.options = c.old.options = *o->rules;
    c.old.options.paths = *o->old;
    c.old.options.overlays = *o->overlays;
    enum weir_rc rc = compare(&c, &code, &err);
    if (rc != WEIR_OK)
        code = end_with(rc, &err);
    tally_free(c.old.tally);
    tally_free(c.now.tally);
    state_release(&c.old.state);
    state_release(&c.now.state);
    source_release(&c.source);
    rule_book_release(&c.old.book);
    rule_book_release(&c.now.book);
    buf_release(&c.old.hits);
    buf_release(&c.now.hits);
    redactor_free(c.redactor);
    digest_free(c.digest);
    arena_free(c.scratch);
    arena_free(c.a);
    return code;
}

/* coverage.c - techniques from rules' tags, counted; sources from the shapes that events have. */
#include "app/coverage.h"

#include <stdlib.h>
#include <unistd.h>

#include "alert/attack.h"
#include "app/output.h"
#include "app/overwrite.h"
#include "app/pipeline.h"
#include "app/source.h"
#include "app/summary.h"
#include "app/table.h"
#include "base/str.h"
#include "base/vec.h"
#include "json/write.h"
#include "rule/correlation.h"

struct technique {
    struct str id, name;
    size_t n_rules, n_tested, n_present;
};

struct coverage {
    const struct coverage_options *options;
    struct arena *a;
    struct rule_book book;
    struct source source;
    struct technique *techniques;
    size_t n, cap;
    const char *attack_version;
    struct engine_shape *shapes; /* recognised ones of the input */
    size_t n_shapes;
    bool has_input;
    struct pipeline_totals totals; /* of the input */
};

/* ---- sources --------------------------------------------------------------------------------- */

/* A pick_fn: which rule matches is no matter here. */
static enum weir_rc pass(void *context, const struct picked *e, struct weir_err *err)
{
    (void)context;
    (void)e;
    (void)err;
    return WEIR_OK;
}

static enum weir_rc run(struct coverage *c, struct engine *engine, struct weir_err *err)
{
    struct progress *progress = progress_new(c->source.total, true);
    struct pipeline_options pipeline = {.engine = engine,
                                        .n_threads = 1,
                                        .source = &c->source,
                                        .profiles = c->book.profiles,
                                        .fn = pass,
                                        .progress = progress};
    enum weir_rc rc = pipeline_run(&pipeline, &c->totals, err);

    progress_free(progress);
    return rc;
}

static bool is_seen(const struct coverage *c, const struct rule *rule)
{
    const struct correlation *k = rule->correlation;

    if (k && k->kind != OPERATOR_RISK) {
        for (size_t i = 0; i < k->n_inputs; i++)
            if (k->inputs[i].rule && !is_seen(c, k->inputs[i].rule))
                return false;
        return true;
    }
    for (size_t i = 0; i < c->n_shapes; i++)
        if (c->shapes[i].shape->profile &&
            logsource_allows(&c->shapes[i].shape->facts, &rule->logsource))
            return true;
    return false;
}

/* ---- tests --------------------------------------------------------------------------------- */

/* "dir/name.yml" -> "dir/name.test.yml" is there. */
static bool is_tested(const struct coverage *c, const struct rule *rule)
{
    size_t end = rule->path.n;

    for (size_t i = rule->path.n; i-- > 0 && rule->path.p[i] != '/';)
        if (rule->path.p[i] == '.') {
            end = i;
            break;
        }
    struct str test = arena_printf(c->a, "%.*s.test.yml", (int)end, rule->path.p);
    return access(test.p, R_OK) == 0;
}

/* ---- techniques ---------------------------------------------------------------------------- */

static struct technique *technique_of(struct coverage *c, const struct attack_name *name)
{
    for (size_t i = 0; i < c->n; i++)
        if (str_eq(c->techniques[i].id, name->uid))
            return &c->techniques[i];
    c->techniques = vec_room(c->a, c->techniques, c->n, &c->cap, sizeof *c->techniques);
    c->techniques[c->n] = (struct technique){.id = name->uid, .name = name->name};
    return &c->techniques[c->n++];
}

static void add_rule(struct coverage *c, const struct rule *rule)
{
    struct attack attacks[ATTACKS_MAX];
    size_t n = attack_of_tags(c->a, rule->tags, attacks);
    bool tested = is_tested(c, rule), present = c->has_input && is_seen(c, rule);

    for (size_t i = 0; i < n; i++) {
        const struct attack_name *name =
            attacks[i].sub_technique.uid.n ? &attacks[i].sub_technique : &attacks[i].technique;
        c->attack_version = attacks[i].version;
        if (!name->uid.n)
            continue;
        struct technique *t = technique_of(c, name);
        t->n_rules++;
        t->n_tested += tested;
        t->n_present += present;
    }
}

static int by_id(const void *x, const void *y)
{
    return str_cmp(((const struct technique *)x)->id, ((const struct technique *)y)->id);
}

static void collect(struct coverage *c)
{
    for (size_t i = 0; i < c->book.n_rules; i++)
        if (!c->book.rules[i]->is_part && c->book.rules[i]->channel != CHANNEL_OFF)
            add_rule(c, c->book.rules[i]);
    if (c->n)
        qsort(c->techniques, c->n, sizeof *c->techniques, by_id);
}

/* ---- printing ------------------------------------------------------------------------------ */

static void add_json(const struct coverage *c, const struct technique *t, struct buf *out)
{
    struct json_writer w;

    json_writer_init(&w, out);
    json_open_object(&w);
    json_kv_str(&w, "technique", t->id);
    json_kv_str(&w, "name", t->name);
    json_kv_i64(&w, "rules", (int64_t)t->n_rules);
    json_kv_i64(&w, "tested", (int64_t)t->n_tested);
    if (c->has_input)
        json_kv_i64(&w, "with_source", (int64_t)t->n_present);
    json_close_object(&w);
    buf_add_char(out, '\n');
}

static void add_table(const struct coverage *c, struct buf *out)
{
    static const struct table_column COLUMNS[] = {{"TECHNIQUE", false, 0},
                                                  {"NAME", false, 50},
                                                  {"RULES", true, 0},
                                                  {"TESTED", true, 0},
                                                  {"WITH SOURCE", true, 0}};
    struct table *t = table_new(COLUMNS, ARRAY_LEN(COLUMNS) - !c->has_input);

    for (size_t i = 0; i < c->n; i++) {
        table_cell(t, c->techniques[i].id);
        table_cell(t, c->techniques[i].name);
        table_count(t, c->techniques[i].n_rules);
        table_count(t, c->techniques[i].n_tested);
        if (c->has_input)
            table_count(t, c->techniques[i].n_present);
    }
    table_print(t, 0, out);
    table_free(t);
}

static void layer_technique(const struct coverage *c, const struct technique *t,
                            struct json_writer *w)
{
    struct str comment =
        c->has_input ? arena_printf(c->a, "rules: %zu, tested: %zu, with a source: %zu", t->n_rules,
                                    t->n_tested, t->n_present)
                     : arena_printf(c->a, "rules: %zu, tested: %zu", t->n_rules, t->n_tested);

    json_open_object(w);
    json_kv_str(w, "techniqueID", t->id);
    json_kv_i64(w, "score", (int64_t)(c->has_input ? t->n_present : t->n_rules));
    json_kv_str(w, "comment", comment);
    json_kv_bool(w, "enabled", true);
    json_close_object(w);
}

static void layer_head(const struct coverage *c, struct json_writer *w)
{
    json_kv_str(w, "name", STR("weir"));
    json_key(w, STR("versions"));
    json_open_object(w);
    if (c->attack_version) /* the Navigator knows whole numbers */
        json_kv_str(w, "attack",
                    str_sub(str_from(c->attack_version), 0,
                            str_find_char(str_from(c->attack_version), '.', 0)));
    json_kv_str(w, "navigator", STR("5.1.0"));
    json_kv_str(w, "layer", STR("4.5"));
    json_close_object(w);
    json_kv_str(w, "domain", STR("enterprise-attack"));
    json_kv_str(w, "description",
                STR("score: rules about the technique (with events: those that "
                    "have a source among them)"));
}

static void add_layer(const struct coverage *c, struct buf *out)
{
    struct json_writer w;
    size_t most = 1;

    for (size_t i = 0; i < c->n; i++)
        if ((c->has_input ? c->techniques[i].n_present : c->techniques[i].n_rules) > most)
            most = c->has_input ? c->techniques[i].n_present : c->techniques[i].n_rules;
    json_writer_init(&w, out);
    json_open_object(&w);
    layer_head(c, &w);
    json_key(&w, STR("techniques"));
    json_open_array(&w);
    for (size_t i = 0; i < c->n; i++)
        layer_technique(c, &c->techniques[i], &w);
    json_close_array(&w);
    json_key(&w, STR("gradient"));
    json_open_object(&w);
    json_key(&w, STR("colors"));
    json_open_array(&w);
    json_put_str(&w, STR("#ff6666ff"));
    json_put_str(&w, STR("#ffe766ff"));
    json_put_str(&w, STR("#8ec843ff"));
    json_close_array(&w);
    json_kv_i64(&w, "minValue", 0);
    json_kv_i64(&w, "maxValue", (int64_t)most);
    json_close_object(&w);
    json_close_object(&w);
    buf_add_char(out, '\n');
}

/* To a file, or to stdout (path empty). */
static enum weir_rc put(struct str path, const struct coverage *c,
                        void (*write)(const struct coverage *, struct buf *), struct weir_err *err)
{
    struct output *out;
    struct buf text = {0};

    TRY(output_open(path, &out, err));
    bool is_table = c->options->format == FORMAT_TABLE ||
                    (c->options->format == FORMAT_AUTO && output_is_terminal(out));
    if (write)
        write(c, &text);
    else if (is_table)
        add_table(c, &text);
    else
        for (size_t i = 0; i < c->n; i++)
            add_json(c, &c->techniques[i], &text);
    return output_finish(out, &text, err);
}

static void print_sum(const struct coverage *c)
{
    size_t n_tested = 0, n_present = 0, n = 0;

    for (size_t i = 0; i < c->book.n_rules; i++) {
        const struct rule *rule = c->book.rules[i];
        if (rule->is_part)
            continue;
        n++;
        n_tested += is_tested(c, rule);
        n_present += c->has_input && is_seen(c, rule);
    }
    if (c->has_input)
        note("rules: %zu, tested: %zu, with a source in the events: %zu; techniques: %zu", n,
             n_tested, n_present, c->n);
    else
        note("rules: %zu, tested: %zu; techniques: %zu", n, n_tested, c->n);
}

/* ---- the command --------------------------------------------------------------------------- */

static enum weir_rc refuse_to_overwrite(const struct coverage *c, struct weir_err *err)
{
    struct overwrite w;

    overwrite_init(&w, "--layer", c->options->layer);
    TRY(overwrite_refuse_rules(&w, &c->book, &c->options->rules, err));
    for (size_t i = 0; i < c->source.n_files; i++)
        TRY(overwrite_refuse_file(&w, c->source.inputs[i].name, err));
    return WEIR_OK;
}

static enum weir_rc tell_all(struct coverage *c, struct weir_err *err)
{
    collect(c);
    /* First the file: if it cannot be written nothing is. */
    if (c->options->layer.n) {
        TRY(refuse_to_overwrite(c, err));
        TRY(put(c->options->layer, c, add_layer, err));
    }
    TRY(put(STR(""), c, NULL, err));
    print_sum(c);
    rejects_tell(&c->totals.counts, c->source.inputs);
    return WEIR_OK;
}

static enum weir_rc look(struct coverage *c, struct weir_err *err)
{
    struct engine_options options;
    struct engine *engine;

    c->has_input = c->options->inputs.n > 0;
    if (!c->has_input)
        return tell_all(c, err);
    TRY(rule_book_engine_options(&c->book, &c->options->rules, STR(""), &options, err));
    TRY(source_open(&c->options->inputs, NULL, &c->source, err));
    options.inputs = c->source.inputs;
    TRY(engine_new(c->book.rules, c->book.n_rules, c->book.profiles, &options, &engine, err));
    enum weir_rc rc = run(c, engine, err);
    c->n_shapes = engine_shapes(engine, &c->shapes);
    if (rc == WEIR_OK)
        rc = tell_all(c, err);
    free(c->shapes);
    engine_free(engine);
    return rc;
}

enum exit_code coverage_run(const struct coverage_options *o)
{
    struct coverage c = {.options = o, .a = arena_new(0)};
    struct weir_err err;
    enum exit_code code = EXIT_FINE;

    enum weir_rc rc = rule_book_load(&o->rules, &c.book, &err);
    if (rc == WEIR_OK) {
        code = rule_book_report(&c.book, &o->rules);
        if (code == EXIT_FINE)
            rc = look(&c, &err);
    }
    if (rc != WEIR_OK)
        code = end_with(rc, &err);
    else if (code == EXIT_FINE)
        code = exit_of_inputs(&c.totals.counts, c.totals.n_damaged);
    source_release(&c.source);
    rule_book_release(&c.book);
    arena_free(c.a);
    return code;
}

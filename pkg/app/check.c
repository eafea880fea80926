/* check.c - `weir check`: what the front end said of each document, then our own lints on the
 * rules that came of it, printed as lines for people or as JSON objects. */
#include "app/check.h"

#include <stdlib.h>

#include "app/check_against.h"
#include "app/check_effective.h"
#include "app/measure.h"
#include "app/output.h"
#include "app/table.h"
#include "base/str.h"
#include "base/time.h"
#include "correlate/operator.h"
#include "json/write.h"
#include "match/regex.h"
#include "rule/correlation.h"
#include "rule/dump.h"

enum { LINTS_MAX = 32 /* of our own, per rule */ };

/* What there is to say about one document. */
struct finding_list {
    struct verdict_message items[LINTS_MAX];
    size_t n;
};

struct check {
    const struct check_options *options;
    struct rule_book book;
    struct output *out;
    bool is_table;
    struct buf text;
    size_t n_by_status[VERDICT_STATUSES];
    const struct rule *rule; /* being linted */
    struct finding_list lints;
};

/* ---- our own lints ------------------------------------------------------------------ */

static void add_lint(struct check *c, uint32_t line, uint32_t col, struct str text)
{
    struct finding_list *l = &c->lints;

    for (size_t i = 0; i < l->n; i++)
        if (str_eq(l->items[i].text, text))
            return; /* once per rule is enough */
    if (l->n == LINTS_MAX)
        return;
    if (l->n == LINTS_MAX - 1)
        text = STR("more remarks: only the first ones are shown");
    l->items[l->n++] = (struct verdict_message){.line = line, .col = col, .text = text};
}

/* Given by --set: every event has it. */
static bool is_constant(const struct check *c, struct str field)
{
    for (size_t i = 0; i < c->book.n_constants; i++)
        if (str_eq(c->book.constants[i].name, field))
            return true;
    return false;
}

static void lint_field(struct check *c, const struct atom *atom, struct str field)
{
    if (is_constant(c, field))
        return;
    if (profile_set_knows_field(c->book.profiles, &c->rule->logsource, field))
        return;
    struct str near = profile_set_nearest_field(c->book.profiles, &c->rule->logsource, field);
    struct str text =
        arena_printf(c->book.arena, "no profile of the rule's sources has the field '%.*s'",
                     (int)field.n, field.p);
    if (near.n)
        text = arena_printf(c->book.arena, "%.*s (did you mean '%.*s'?)", (int)text.n, text.p,
                            (int)near.n, near.p);
    if (!atom->line)
        text = arena_printf(c->book.arena, "by a filter or an overlay: %.*s", (int)text.n, text.p);
    add_lint(c, atom->line, atom->col, text);
}

static void lint_regex(struct check *c, const struct atom *atom)
{
    struct match_regex *re;
    struct weir_err err;

    if (regex_compile(&atom->regex, &re, &err) != WEIR_OK) {
        add_lint(c, atom->line, atom->col, arena_printf(c->book.arena, "regex: %s", err.text));
        return;
    }
    if (!regex_has_fast_path(re))
        add_lint(c, atom->line, atom->col,
                 STR("this regex has no fast path: it is tested by backtracking, within limits"));
    regex_free(re);
}

static void lint_atom(const struct atom *atom, void *context)
{
    struct check *c = context;

    if (atom->op == ATOM_BEFORE)
        return; /* it has no field */
    if (atom->op != ATOM_SOME_FIELD)
        lint_field(c, atom, atom->field);
    if (atom->op == ATOM_FIELD_CMP)
        lint_field(c, atom, atom->other);
    for (size_t i = 1; i < atom->expr_fields.n; i++)
        lint_field(c, atom, atom->expr_fields.items[i]);
    if (atom->op == ATOM_REGEX)
        lint_regex(c, atom);
}

static void lint_source(struct check *c, const struct rule *rule)
{
    const char *key;
    struct str wrong, right;

    if (profile_set_doubtful_source(c->book.profiles, &rule->logsource, &key, &wrong, &right))
        add_lint(c, rule->line, 1,
                 arena_printf(c->book.arena,
                              "no profile knows the %s '%.*s' (did you mean '%.*s'?)", key,
                              (int)wrong.n, wrong.p, (int)right.n, right.p));
}

/* The fields of a dedup key. A correlation's may be aliases. */
static void lint_dedup(struct check *c, const struct rule *rule)
{
    const struct atom nowhere = {.line = rule->line, .col = 1};

    if (!rule->state || rule->correlation)
        return;
    for (size_t i = 0; i < rule->state->dedup.n_fields; i++)
        if (rule_derived_find(rule, rule->state->dedup.fields[i]) == RULE_NO_DERIVED)
            lint_field(c, &nowhere, rule->state->dedup.fields[i]);
}

static void lint_emit(struct check *c, const struct rule *rule)
{
    const struct rule_state *s = rule->state;

    if (rule->correlation && s && s->has_emit && s->emit == EMIT_EARLY &&
        operator_is_final(rule->correlation))
        add_lint(c, rule->line, 1,
                 STR("'emit: early' changes nothing: such a condition is decided when the time of "
                     "its window has passed"));
}

/* Streams that no profile is about: nobody knows what events from there look like. */
static void note_streams(struct check *c, const struct rule *rule)
{
    struct str_list streams = rule->logsource.streams;
    struct str all = STR("");

    for (size_t i = 0; i < streams.n; i++) {
        struct str name = streams.items[i];
        if (name.n == 0 || name.p[0] == '-' || profile_set_names_stream(c->book.profiles, name))
            continue;
        all = arena_printf(c->book.arena, "%.*s%s'%.*s'", (int)all.n, all.p, all.n ? ", " : "",
                           (int)name.n, name.p);
    }
    if (all.n && c->lints.n < LINTS_MAX)
        c->lints.items[c->lints.n++] = (struct verdict_message){
            .line = rule->line,
            .col = 1,
            .text = arena_printf(c->book.arena, "no profile is about events of %.*s", (int)all.n,
                                 all.p),
            .is_note = true};
}

static bool has_warning(const struct finding_list *l)
{
    for (size_t i = 0; i < l->n; i++)
        if (!l->items[i].is_note)
            return true;
    return false;
}

static enum verdict_status judge(struct check *c, const struct verdict *v)
{
    c->lints.n = 0;
    c->rule = v->rule;
    if (v->rule) {
        lint_source(c, v->rule);
        lint_dedup(c, v->rule);
        lint_emit(c, v->rule);
        formula_each_atom(v->rule->formula, lint_atom, c);
        note_streams(c, v->rule);
    }
    return v->status == VERDICT_OK && has_warning(&c->lints) ? VERDICT_WARNING : v->status;
}

/* ---- printing --------------------------------------------------------------------- */

static void json_messages(struct json_writer *w, const struct verdict_message *items, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        json_open_object(w);
        json_kv_i64(w, "line", items[i].line);
        json_kv_i64(w, "col", items[i].col);
        json_kv_str(w, "text", items[i].text);
        json_kv_str(w, "severity",
                    items[i].is_error  ? STR("error")
                    : items[i].is_note ? STR("note")
                                       : STR("warning"));
        json_close_object(w);
    }
}

static void json_overlay(struct json_writer *w, const struct overlay_entry *e)
{
    json_open_object(w);
    json_kv_str(w, "overlay", e->overlay);
    json_kv_str(w, "file", e->path);
    json_kv_i64(w, "line", e->line);
    json_key(w, STR("sets"));
    json_open_array(w);
    for (size_t i = 0; i < e->n_keys; i++)
        json_put_str(w, e->keys[i].name);
    json_close_array(w);
    if (e->excludes)
        json_kv_bool(w, "excludes", true);
    if (e->expires_ms != OVERLAY_NEVER) {
        char text[TIME_TEXT_MAX];
        json_kv_str(w, "expires", (struct str){text, time_format_ms(e->expires_ms, text)});
    }
    if (e->reason.n)
        json_kv_str(w, "reason", e->reason);
    json_close_object(w);
}

static void json_overlays(struct check *c, struct json_writer *w, struct str uid)
{
    size_t n = 0;
    const struct overlay_entry *const *entries =
        c->book.overlays ? overlay_entries_of(c->book.overlays, uid, &n) : NULL;

    json_key(w, STR("overlays"));
    json_open_array(w);
    for (size_t i = 0; i < n; i++)
        json_overlay(w, entries[i]);
    json_close_array(w);
}

static enum weir_rc print_json(struct check *c, const struct verdict *v, enum verdict_status status,
                               struct weir_err *err)
{
    struct json_writer w;

    buf_clear(&c->text);
    json_writer_init(&w, &c->text);
    json_open_object(&w);
    json_kv_str(&w, "file", v->path);
    json_kv_str(&w, "rule", v->uid);
    json_kv_str(&w, "title", v->title);
    json_kv_str(&w, "language", v->language);
    json_kv_str(&w, "kind", v->kind);
    json_kv_i64(&w, "line", v->line);
    json_kv_str(&w, "status", str_from(verdict_status_name(status)));
    json_key(&w, STR("messages"));
    json_open_array(&w);
    json_messages(&w, v->messages, v->n_messages);
    json_messages(&w, c->lints.items, c->lints.n);
    json_close_array(&w);
    json_overlays(c, &w, v->uid);
    json_close_object(&w);
    return output_line(c->out, buf_str(&c->text), err);
}

static void add_messages(struct check *c, const struct verdict *v,
                         const struct verdict_message *items, size_t n)
{
    struct buf raw = {0};

    for (size_t i = 0; i < n; i++) {
        buf_clear(&raw);
        verdict_message_format(&raw, v, &items[i]);
        buf_add(&c->text, STR("             "));
        add_printable(&c->text, buf_str(&raw));
        buf_add_char(&c->text, '\n');
    }
    buf_release(&raw);
}

static enum weir_rc print_lines(struct check *c, const struct verdict *v,
                                enum verdict_status status, struct weir_err *err)
{
    buf_clear(&c->text);
    buf_printf(&c->text, "%-11s  ", verdict_status_name(status));
    add_printable(&c->text, v->path);
    if (v->title.n) {
        buf_add(&c->text, STR("  "));
        add_printable(&c->text, v->title);
    }
    buf_add_char(&c->text, '\n');
    add_messages(c, v, v->messages, v->n_messages);
    add_messages(c, v, c->lints.items, c->lints.n);
    return output_write(c->out, buf_str(&c->text), err);
}

static enum weir_rc print_verdicts(struct check *c, struct weir_err *err)
{
    for (size_t i = 0; i < c->book.loaded.n_verdicts; i++) {
        const struct verdict *v = &c->book.loaded.verdicts[i];
        if (!c->book.is_selected[i])
            continue;
        enum verdict_status status = judge(c, v);
        c->n_by_status[status]++;
        if ((status == VERDICT_OK || status == VERDICT_SKIPPED) && c->options->only_problems)
            continue;
        TRY(c->is_table ? print_lines(c, v, status, err) : print_json(c, v, status, err));
    }
    return WEIR_OK;
}

static void print_summary(const struct check *c)
{
    static const struct table_column columns[] = {{"STATUS", false, 0}, {"RULES", true, 0}};
    struct table *t = table_new(columns, ARRAY_LEN(columns));
    struct buf text = {0};
    size_t total = 0;

    for (int s = VERDICT_OK; s <= VERDICT_ERROR; s++) {
        table_cell(t, str_from(verdict_status_name((enum verdict_status)s)));
        table_count(t, c->n_by_status[s]);
        total += c->n_by_status[s];
    }
    table_cell(t, STR("all"));
    table_count(t, total);
    if (c->n_by_status[VERDICT_SKIPPED]) {
        table_cell(t, STR("skipped"));
        table_count(t, c->n_by_status[VERDICT_SKIPPED]);
    }
    table_print(t, 0, &text);
    buf_printf(&text, "loaded in %.2f s\n", c->book.load_seconds);
    tell(&text);
    buf_release(&text);
    table_free(t);
}

/* ---- one rule's plan ------------------------------------------------------------------ */

/* By uid, else by name, else by title or path, ASCII case aside. */
static size_t find_rule(const struct rule_book *b, struct str name)
{
    for (size_t i = 0; i < b->n_rules; i++)
        if (str_eq(b->rules[i]->uid, name))
            return i;
    for (size_t i = 0; i < b->n_rules; i++)
        if (str_eq(b->rules[i]->name, name))
            return i;
    for (size_t i = 0; i < b->n_rules; i++)
        if (str_eq_ci(b->rules[i]->title, name) || str_eq_ci(b->rules[i]->path, name))
            return i;
    return SIZE_MAX;
}

/* The rule may be one that does not load: then its errors are the answer. */
static enum weir_rc tell_bad(const struct check *c, struct str name, enum exit_code *code,
                             struct weir_err *err)
{
    for (size_t i = 0; i < c->book.loaded.n_verdicts; i++) {
        const struct verdict *v = &c->book.loaded.verdicts[i];
        if (!verdict_is_bad(v->status) || !(str_eq(v->uid, name) || str_eq(v->name, name) ||
                                            str_eq_ci(v->title, name) || str_eq_ci(v->path, name)))
            continue;
        rule_book_print_errors(v);
        *code = EXIT_RULES;
        return WEIR_OK;
    }
    return err_set(err, WEIR_NOTFOUND, "--%s: no rule has the id, name, title or path '%.*s'",
                   c->options->plan.n ? "plan" : "effective", (int)name.n, name.p);
}

/* "overlay NAME sets level, window (the reason)", a line each. */
static void add_overlays(struct check *c, struct str uid)
{
    size_t n = 0;
    const struct overlay_entry *const *entries =
        c->book.overlays ? overlay_entries_of(c->book.overlays, uid, &n) : NULL;

    for (size_t i = 0; i < n; i++) {
        const struct overlay_entry *e = entries[i];
        buf_add(&c->text, STR("  overlay   "));
        add_printable(&c->text, e->overlay);
        for (size_t k = 0; k < e->n_keys; k++) {
            buf_add(&c->text, k ? STR(", ") : STR(" sets "));
            add_printable(&c->text, e->keys[k].name);
        }
        if (e->excludes)
            buf_add(&c->text, e->n_keys ? STR(", excludes") : STR(" excludes"));
        if (e->reason.n) {
            buf_add(&c->text, STR(" ("));
            add_printable(&c->text, e->reason);
            buf_add_char(&c->text, ')');
        }
        buf_add_char(&c->text, '\n');
    }
}

static enum weir_rc print_plan(struct check *c, enum exit_code *code, struct weir_err *err)
{
    struct str name = c->options->plan;
    struct engine_options options;
    struct engine *engine;
    size_t i = find_rule(&c->book, name);

    if (i == SIZE_MAX)
        return tell_bad(c, name, code, err);
    TRY(rule_book_engine_options(&c->book, &c->options->rules, STR(""), &options, err));
    if (c->book.rules[i]->correlation) {
        buf_printf(&c->text, "rule        %.*s\n  title     %.*s\n", (int)c->book.rules[i]->uid.n,
                   c->book.rules[i]->uid.p, (int)c->book.rules[i]->title.n,
                   c->book.rules[i]->title.p);
        correlation_dump(&c->text, c->book.rules[i]);
        add_overlays(c, c->book.rules[i]->uid);
        return output_write(c->out, buf_str(&c->text), err);
    }
    TRY(engine_new(c->book.rules, c->book.n_rules, c->book.profiles, &options, &engine, err));
    engine_dump_rule(engine, (uint32_t)i, &c->text);
    add_overlays(c, c->book.rules[i]->uid);
    engine_free(engine);
    return output_write(c->out, buf_str(&c->text), err);
}

static enum weir_rc print_effective(struct check *c, enum exit_code *code, struct weir_err *err)
{
    size_t i = find_rule(&c->book, c->options->effective);

    if (i == SIZE_MAX)
        return tell_bad(c, c->options->effective, code, err);
    check_effective(&c->book, c->book.rules[i], c->is_table, &c->text);
    return output_write(c->out, buf_str(&c->text), err);
}

/* ---- beside old rules ------------------------------------------------------------------- */

/* Of new rules that do not load nothing can be said but that. */
static enum weir_rc print_against(struct check *c, enum exit_code *code, struct weir_err *err)
{
    struct check_against against = {.options = &c->options->rules,
                                    .book = &c->book,
                                    .old = &c->options->against,
                                    .is_table = c->is_table};

    *code = rule_book_report(&c->book, &c->options->rules);
    return *code == EXIT_FINE ? check_against(&against, c->out, err) : WEIR_OK;
}

/* ---- the command -------------------------------------------------------------------- */

static enum exit_code verdict_code(const struct check *c)
{
    size_t n_bad = c->n_by_status[VERDICT_UNSUPPORTED] + c->n_by_status[VERDICT_ERROR];
    size_t n_good = c->n_by_status[VERDICT_OK] + c->n_by_status[VERDICT_WARNING];

    if (n_bad && (!c->options->rules.skip_bad || !n_good))
        return EXIT_RULES;
    return c->options->is_strict && c->n_by_status[VERDICT_WARNING] ? EXIT_FINDINGS : EXIT_FINE;
}

static size_t n_judged(const struct check *c)
{
    size_t n = 0;

    for (size_t s = 0; s < VERDICT_STATUSES; s++)
        n += c->n_by_status[s];
    return n;
}

static enum weir_rc run(struct check *c, enum exit_code *code, struct weir_err *err)
{
    TRY(output_open(STR(""), &c->out, err));
    c->is_table = c->options->format == FORMAT_TABLE ||
                  (c->options->format == FORMAT_AUTO && output_is_terminal(c->out));
    if (c->options->plan.n) {
        TRY(print_plan(c, code, err));
        return output_commit(c->out, err);
    }
    if (c->options->effective.n) {
        TRY(print_effective(c, code, err));
        return output_commit(c->out, err);
    }
    if (c->options->against.n) {
        TRY(print_against(c, code, err));
        return output_commit(c->out, err);
    }
    TRY(print_verdicts(c, err));
    TRY(output_commit(c->out, err));
    if (c->n_by_status[VERDICT_SKIPPED] == n_judged(c)) {
        *code = rule_book_report_empty(&c->book);
        return WEIR_OK;
    }
    print_summary(c);
    *code = verdict_code(c);
    return WEIR_OK;
}

enum exit_code check_run(const struct check_options *o)
{
    struct check c = {.options = o};
    struct weir_err err;
    enum exit_code code = EXIT_FINE;

    enum weir_rc rc = rule_book_load(&o->rules, &c.book, &err);
    if (rc != WEIR_OK)
        return end_with(rc, &err);
    rc = run(&c, &code, &err);
    if (rc != WEIR_OK)
        code = end_with(rc, &err);
    else if (rule_book_report_overlays(&c.book) != EXIT_FINE)
        code = EXIT_RULES;
    output_free(c.out);
    buf_release(&c.text);
    rule_book_release(&c.book);
    return code;
}

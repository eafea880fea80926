/* explain_print.c - explanations for people and for programs. */
#include "app/explain_print.h"

#include "app/outcome.h"
#include "app/reason_text.h"
#include "base/str.h"
#include "json/write.h"
#include "rule/correlation.h"
#include "rule/dump.h"

static const char *const truth_words[] = {"false", "unknown", "true"};

static bool is_match(const struct explained *e)
{
    return e->is_seen && e->reason->truth == TRUTH_TRUE;
}

/* ---- a tree --------------------------------------------------------------------------------- */

static void add_place(struct buf *out, const struct atom *atom)
{
    if (atom->line)
        buf_printf(out, "  (%u:%u)", atom->line, atom->col);
}

static void add_node(struct buf *out, struct redactor *redactor, const struct reason *r)
{
    static const char *const kinds[] = {[FORMULA_AND] = "all of",
                                        [FORMULA_OR] = "any of",
                                        [FORMULA_NOT] = "not",
                                        [FORMULA_CONST] = "always the same"};
    struct buf words = {0};

    buf_printf(out, "  %s %*s%-7s ", r->is_deciding ? ">" : " ", (int)r->depth * 2, "",
               truth_words[r->truth]);
    if (r->label.n) {
        add_printable(out, r->label);
        buf_add(out, STR(": "));
    }
    if (r->kind != FORMULA_ATOM) {
        buf_add(out, str_from(kinds[r->kind]));
        buf_add_char(out, '\n');
        return;
    }
    reason_dump_test(&words, r, REASON_OPERANDS_MAX);
    add_printable(out, buf_str(&words));
    buf_release(&words);
    buf_add(out, STR("; has "));
    reason_add_values(out, redactor, r);
    add_place(out, reason_atom(r));
    buf_add_char(out, '\n');
}

static void add_values(struct buf *out, const struct logsource_values *values)
{
    for (uint32_t i = 0; i < values->n; i++)
        buf_printf(out, "%s%.*s", i ? "," : "", (int)values->values[i].n, values->values[i].p);
    if (!values->is_known || values->n == 0)
        buf_add(out, values->is_known ? STR("none") : STR("unknown"));
}

static void add_sources(struct buf *out, const struct explained *e)
{
    const struct logsource_facts *facts = &e->tree->shape.facts;
    const struct logsource *wanted = &e->rule->logsource;

    buf_add(out, STR("  not seen: the rule is for product "));
    add_printable(out, wanted->product.n ? wanted->product : STR("any"));
    buf_add(out, STR(", category "));
    add_printable(out, wanted->category.n ? wanted->category : STR("any"));
    buf_add(out, STR(", service "));
    add_printable(out, wanted->service.n ? wanted->service : STR("any"));
    buf_add(out, STR("; the event is product "));
    add_values(out, &facts->product);
    buf_add(out, STR(", category "));
    add_values(out, &facts->category);
    buf_add(out, STR(", service "));
    add_values(out, &facts->service);
    buf_add_char(out, '\n');
}

static void add_head(struct buf *out, const struct explained *e)
{
    struct str profile =
        e->tree->shape.profile ? profile_name(e->tree->shape.profile) : STR("unknown");

    buf_printf(out, "event %llu (", (unsigned long long)e->number);
    add_printable(out, e->input);
    buf_add(out, STR(", "));
    add_printable(out, profile);
    buf_add(out, STR(")  "));
    if (e->listener) {
        add_printable(out, e->listener->title);
        buf_printf(out, ", step %zu of %zu: ", e->step + 1, e->n_steps);
    }
    add_printable(out, e->rule->title);
    buf_add(out, is_match(e) ? STR(": match") : STR(": no match"));
    if (!is_match(e) && e->is_seen && e->reason->to_flip >= REASON_NEVER)
        buf_add(out, STR(", whatever the event"));
    else if (!is_match(e) && e->is_seen)
        buf_printf(out, ", by %u test%s", e->reason->to_flip, e->reason->to_flip == 1 ? "" : "s");
    buf_add(out, STR("  ["));
    add_printable(out, e->rule->path);
    buf_add(out, STR("]\n"));
}

void explain_tree(struct buf *out, struct redactor *redactor, const struct explained *e)
{
    add_head(out, e);
    if (!e->is_seen)
        add_sources(out, e);
    for (const struct reason *r = e->reason; r; r = r->next)
        add_node(out, redactor, r);
    buf_add_char(out, '\n');
}

void explain_near(struct buf *out, struct redactor *redactor, const struct explained *e)
{
    add_head(out, e);
    for (const struct reason *r = e->reason; r; r = r->next) {
        if (!r->is_deciding)
            continue;
        buf_add(out, STR("    "));
        reason_add_line(out, redactor, e->rule, r);
        buf_add_char(out, '\n');
    }
}

/* ---- JSON ----------------------------------------------------------------------------------- */

static void put_operands(struct json_writer *w, const struct reason *r)
{
    struct buf words = {0};

    json_key(w, STR("operands"));
    json_open_array(w);
    for (size_t i = 0; i < r->n_atoms; i++) {
        buf_clear(&words);
        atom_dump_operand(&words, r->atoms[i]);
        json_put_str(w, buf_str(&words));
    }
    json_close_array(w);
    buf_release(&words);
}

static void put_values(struct json_writer *w, struct redactor *redactor, const struct reason *r)
{
    json_key(w, STR("values"));
    json_open_array(w);
    for (size_t i = 0; i < r->n_values; i++)
        json_put_str(
            w, redact_value(redactor, r->atoms[0]->field, r->values[i], REASON_VALUE_BYTES).text);
    json_close_array(w);
    if (r->n_more)
        json_kv_i64(w, "more_values", (int64_t)r->n_more);
}

static void put_test(struct json_writer *w, struct redactor *redactor, const struct reason *r)
{
    const struct atom *atom = reason_atom(r);

    json_kv_str(w, "selection", r->selection);
    json_kv_str(w, "field", atom->field);
    json_kv_str(w, "op", str_from(atom_op_name(atom->op)));
    if (r->n_atoms > 1)
        json_kv_str(w, "wants", r->wants_all ? STR("all") : STR("any"));
    put_operands(w, r);
    put_values(w, redactor, r);
    json_kv_bool(w, "is_missing", r->n_values == 0);
    json_kv_bool(w, "decides", r->is_deciding);
    json_kv_i64(w, "line", atom->line);
    json_kv_i64(w, "col", atom->col);
}

static void put_node(struct json_writer *w, struct redactor *redactor, const struct reason *r)
{
    static const char *const kinds[] = {[FORMULA_AND] = "and",
                                        [FORMULA_OR] = "or",
                                        [FORMULA_NOT] = "not",
                                        [FORMULA_ATOM] = "test",
                                        [FORMULA_CONST] = "constant"};

    json_open_object(w);
    json_kv_i64(w, "depth", r->depth);
    json_kv_str(w, "kind", str_from(kinds[r->kind]));
    json_kv_str(w, "truth", str_from(truth_words[r->truth]));
    if (r->label.n)
        json_kv_str(w, "label", r->label);
    if (r->kind == FORMULA_ATOM)
        put_test(w, redactor, r);
    json_close_object(w);
}

void explain_json(struct buf *out, struct redactor *redactor, const struct explained *e)
{
    struct json_writer w;

    json_writer_init(&w, out);
    json_open_object(&w);
    json_kv_i64(&w, "event", (int64_t)e->number);
    json_kv_str(&w, "input", e->input);
    json_kv_str(&w, "profile",
                e->tree->shape.profile ? profile_name(e->tree->shape.profile) : STR("unknown"));
    json_kv_str(&w, "rule", e->rule->uid);
    json_kv_str(&w, "title", e->rule->title);
    json_kv_str(&w, "file", e->rule->path);
    if (e->listener) {
        json_kv_str(&w, "step_of", e->listener->uid);
        json_kv_i64(&w, "step", (int64_t)e->step);
    }
    json_kv_bool(&w, "seen", e->is_seen);
    json_kv_bool(&w, "match", is_match(e));
    if (!is_match(e) && e->reason->to_flip < REASON_NEVER)
        json_kv_i64(&w, "missed_by", e->reason->to_flip);
    json_key(&w, STR("tests"));
    json_open_array(&w);
    for (const struct reason *r = e->reason; r; r = r->next)
        put_node(&w, redactor, r);
    json_close_array(&w);
    json_close_object(&w);
    buf_add_char(out, '\n');
}

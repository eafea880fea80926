/* status.c - `weir status`: the worker's own JSON, passed on or as tables for people.
 *
 * What the worker says is foreign text here: members that are absent or of another kind show as
 * `-`, so that a newer or older worker can be asked, too.
 */
#include "app/status.h"

#include <inttypes.h>
#include <poll.h>

#include "app/http_get.h"
#include "app/measure.h"
#include "app/output.h"
#include "app/table.h"
#include "base/arena.h"
#include "base/str.h"
#include "json/tree.h"
#include "worker/metric_table.h"

enum { HTTP_OK = 200, ROWS_SHOWN_MAX = 40, INDENT = 2 };

#define CLEAR "\033[H\033[J" /* to the first place, and everything behind it away */

struct status {
    const struct status_options *options;
    struct http_address at;
    struct output *out;
    struct arena *arena; /* of one answer */
    struct buf answer, text;
    bool is_table;
};

/* ---- members ------------------------------------------------------------------------------ */

static struct str text_of(const struct json_node *object, const char *key)
{
    const struct json_node *n = json_tree_get(object, str_from(key));

    return n && (n->type == JSON_T_STRING || n->type == JSON_T_NUMBER) ? n->text : STR("-");
}

static bool number_of(const struct json_node *object, const char *key, int64_t *out)
{
    const struct json_node *n = json_tree_get(object, str_from(key));

    return n && n->type == JSON_T_NUMBER && str_to_i64(n->text, out);
}

static bool is_true(const struct json_node *object, const char *key)
{
    const struct json_node *n = json_tree_get(object, str_from(key));

    return n && n->type == JSON_T_BOOL && n->is_true;
}

static const struct json_node *items_of(const struct json_node *object, const char *key)
{
    const struct json_node *n = json_tree_get(object, str_from(key));

    return n && n->type == JSON_T_ARRAY ? n->first : NULL;
}

static void count_cell(struct table *t, const struct json_node *object, const char *key)
{
    int64_t n;

    if (number_of(object, key, &n) && n >= 0)
        table_count(t, (uint64_t)n);
    else
        table_cell(t, STR("-"));
}

/* "3.2 s", "5 min", "2 h", "4 d" */
static void add_span(struct buf *out, int64_t ms)
{
    if (ms < 0)
        buf_add(out, STR("0 s"));
    else if (ms < 120 * 1000)
        buf_printf(out, "%.1f s", (double)ms / 1000);
    else if (ms < 120 * 60 * 1000)
        buf_printf(out, "%" PRId64 " min", ms / (60 * 1000));
    else if (ms < INT64_C(48) * 3600 * 1000)
        buf_printf(out, "%" PRId64 " h", ms / (3600 * 1000));
    else
        buf_printf(out, "%" PRId64 " d", ms / (24 * 3600 * 1000));
}

/* How long ago the member's time is, by the worker's clock. */
static void ago_cell(struct table *t, const struct json_node *root, const struct json_node *object,
                     const char *key)
{
    struct buf span = {0};
    int64_t then, now;

    if (number_of(object, key, &then) && number_of(root, "now_ms", &now) &&
        !__builtin_sub_overflow(now, then, &then))
        add_span(&span, then);
    else
        buf_add_char(&span, '-');
    table_cell(t, buf_str(&span));
    buf_release(&span);
}

/* ---- parts of the page ----------------------------------------------------------------------- */

static void put_head(struct status *s, const struct json_node *root)
{
    const struct json_node *rules = json_tree_get(root, STR("ruleset"));
    int64_t now, then, failed;
    struct buf *out = &s->text;

    buf_add(out, STR("worker "));
    add_printable(out, text_of(root, "worker"));
    buf_add(out, STR(" of group "));
    add_printable(out, text_of(root, "group"));
    buf_add(out, STR(", weir "));
    add_printable(out, text_of(root, "version"));
    if (number_of(root, "now_ms", &now) && number_of(root, "started_ms", &then) &&
        !__builtin_sub_overflow(now, then, &then)) {
        buf_add(out, STR(", up "));
        add_span(out, then);
    }
    buf_add(out, is_true(root, "ready") ? STR(", ready\n") : STR(", NOT READY\n"));
    for (const struct json_node *r = items_of(root, "reasons"); r; r = r->next) {
        buf_add(out, STR("  "));
        add_printable(out, r->text);
        buf_add_char(out, '\n');
    }
    buf_add(out, STR("rules "));
    add_printable(out, text_of(rules, "generation"));
    buf_add(out, STR(": "));
    add_printable(out, text_of(rules, "rules"));
    if (number_of(rules, "reloads_failed", &failed) && failed > 0)
        buf_printf(out, ", %" PRId64 " reloads failed", failed);
    buf_add(out, STR("\n\n"));
}

static struct str lane_state(const struct json_node *lane)
{
    if (is_true(lane, "recovering"))
        return STR("recovers");
    if (!is_true(lane, "has_rules"))
        return STR("no rules yet");
    if (!is_true(lane, "joined"))
        return STR("joins the group");
    if (!is_true(lane, "state_ok"))
        return STR("state out of reach");
    struct str paused = text_of(lane, "paused");
    return str_eq(paused, STR("none")) ? STR("reads") : paused;
}

static void put_lanes(struct status *s, const struct json_node *root)
{
    static const struct table_column columns[] = {
        {"LANE", true, 0},   {"SLOT", true, 0},       {"RULES", true, 0},
        {"STATE", false, 0}, {"PARTITIONS", true, 0}, {"LAG", true, 0},
    };
    struct table *t = table_new(columns, ARRAY_LEN(columns));

    for (const struct json_node *l = items_of(root, "lanes"); l; l = l->next) {
        table_cell(t, text_of(l, "lane"));
        table_cell(t, text_of(l, "slot"));
        table_cell(t, text_of(l, "ruleset"));
        table_cell(t, lane_state(l));
        count_cell(t, l, "partitions");
        count_cell(t, l, "lag");
    }
    table_print(t, INDENT, &s->text);
    table_free(t);
    buf_add_char(&s->text, '\n');
}

static void put_partitions(struct status *s, const struct json_node *root)
{
    static const struct table_column columns[] = {
        {"TOPIC", false, 60}, {"PARTITION", true, 0}, {"LANE", true, 0},   {"COMMITTED", true, 0},
        {"END", true, 0},     {"LAG", true, 0},       {"BEHIND", true, 0},
    };
    struct table *t = table_new(columns, ARRAY_LEN(columns));
    size_t n = 0;

    for (const struct json_node *p = items_of(root, "partitions"); p; p = p->next) {
        if (n++ >= ROWS_SHOWN_MAX)
            continue;
        table_cell(t, text_of(p, "topic"));
        table_cell(t, text_of(p, "partition"));
        table_cell(t, text_of(p, "lane"));
        count_cell(t, p, "committed");
        count_cell(t, p, "end");
        count_cell(t, p, "lag");
        ago_cell(t, root, p, "watermark_ms");
    }
    table_print(t, INDENT, &s->text);
    table_free(t);
    if (n > ROWS_SHOWN_MAX)
        buf_printf(&s->text, "  and %zu more (--format json has them)\n", n - ROWS_SHOWN_MAX);
    buf_add_char(&s->text, '\n');
}

static void put_levels(struct status *s, const struct json_node *root)
{
    static const struct table_column columns[] = {{"LEVEL", true, 0},
                                                  {"BEHIND", true, 0},
                                                  {"HELD BACK BY", false, 60},
                                                  {"PARTITION", true, 0}};
    struct table *t = table_new(columns, ARRAY_LEN(columns));

    for (const struct json_node *l = items_of(root, "levels"); l; l = l->next) {
        struct str topic = text_of(l, "topic");
        table_cell(t, text_of(l, "level"));
        ago_cell(t, root, l, "watermark_ms");
        table_cell(t, str_eq(topic, STR("-")) ? STR("another worker") : topic);
        table_cell(t, text_of(l, "partition"));
    }
    if (table_rows(t)) {
        table_print(t, INDENT, &s->text);
        buf_add_char(&s->text, '\n');
    }
    table_free(t);
}

static void put_counts(struct status *s, const struct json_node *root)
{
    static const struct table_column columns[] = {
        {"SINCE START", false, 0}, {"COUNT", true, 0}, {"A SECOND", true, 0}};
    const struct json_node *counts = json_tree_get(root, STR("counts"));
    const struct json_node *rates = json_tree_get(root, STR("rates"));
    struct table *t = table_new(columns, ARRAY_LEN(columns));

    for (const struct json_node *c = counts ? counts->first : NULL; c; c = c->next) {
        const struct json_node *rate = json_tree_get(rates, c->key);
        int64_t n;
        table_cell(t, c->key);
        if (c->type == JSON_T_NUMBER && str_to_i64(c->text, &n) && n >= 0)
            table_count(t, (uint64_t)n);
        else
            table_cell(t, STR("-"));
        table_cell(t, rate && rate->type == JSON_T_NUMBER ? str_sub(rate->text, 0, 12) : STR("-"));
    }
    table_print(t, INDENT, &s->text);
    table_free(t);
}

static void put_page(struct status *s, const struct json_node *root)
{
    put_head(s, root);
    put_lanes(s, root);
    put_partitions(s, root);
    put_levels(s, root);
    put_counts(s, root);
}

/* ---- the command --------------------------------------------------------------------------- */

static enum weir_rc show_once(struct status *s, struct weir_err *err)
{
    struct http_answer answer;
    struct json_node *root;

    TRY(http_get(&s->at, "/status", &s->answer, &answer, err));
    struct str body = str_trim(answer.body);
    arena_reset(s->arena);
    if (answer.status != HTTP_OK || json_tree_parse(s->arena, body, &root, NULL) != JSON_OK ||
        root->type != JSON_T_OBJECT || str_find_char(body, '\n', 0) != SIZE_MAX)
        return err_set(err, WEIR_IO, "what answers at %s is no worker of weir", s->at.text);
    buf_clear(&s->text);
    if (s->is_table && s->options->watches && output_is_terminal(s->out))
        buf_add(&s->text, STR(CLEAR));
    if (s->is_table) {
        put_page(s, root);
    } else {
        buf_add(&s->text, body);
        buf_add_char(&s->text, '\n');
    }
    TRY(output_write(s->out, buf_str(&s->text), err));
    return output_flush(s->out, err);
}

static enum weir_rc show(struct status *s, struct weir_err *err)
{
    TRY(http_address_parse(s->options->address, &s->at, err));
    TRY(output_open(STR(""), &s->out, err));
    s->is_table = s->options->format == FORMAT_TABLE ||
                  (s->options->format == FORMAT_AUTO && output_is_terminal(s->out));
    TRY(show_once(s, err));
    while (s->options->watches) {
        poll(NULL, 0, STATUS_WATCH_MS); /* what is asked for: a look now and then */
        TRY(show_once(s, err));
    }
    return output_commit(s->out, err);
}

enum exit_code status_run(const struct status_options *o)
{
    struct status s = {.options = o, .arena = arena_new(0)};
    struct weir_err err;
    enum exit_code code = end_with(show(&s, &err), &err);

    output_free(s.out);
    arena_free(s.arena);
    buf_release(&s.answer);
    buf_release(&s.text);
    return code;
}

static enum weir_rc list_metrics(struct weir_err *err)
{
    struct output *out;
    struct buf text = {0};

    TRY(output_open(STR(""), &out, err));
    metric_document(&text);
    return output_finish(out, &text, err);
}

enum exit_code status_list_metrics(void)
{
    struct weir_err err;

    return end_with(list_metrics(&err), &err);
}

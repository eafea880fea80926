/* window_view.c - see window_view.h.
 *
 * The hits of a key are put in order of time; the window shown is the one that may still come to
 * something: of steps in an order the furthest chain that began last, else what lies within one
 * window before the newest hit.
 */
#include "app/window_view.h"

#include <stdlib.h>

#include "app/levels.h"
#include "app/outcome.h"
#include "base/str.h"
#include "base/time.h"
#include "base/vec.h"
#include "json/write.h"
#include "rule/correlation.h"
#include "rule/dump.h"

enum { KEY_BYTES_MAX = 200, SLOTS_START = 64 };

struct group {
    uint64_t key;
    struct str text; /* "user.username=ann, host=x", redacted */
};

struct watched {
    const struct rule *rule;
    struct vec hits;   /* struct level_hit */
    struct vec groups; /* struct group, as they were met */
    uint32_t *slots;   /* hash table over groups, at most half full: numbers plus 1 */
    size_t n_slots;
};

struct window_view {
    struct arena *a, *brief;
    struct str key;
    struct vec rules; /* struct watched */
    uint64_t n_hits, n_left_out;
};

struct window_view *window_view_new(struct str key)
{
    struct arena *a = arena_new(0);
    struct window_view *v = ARENA_NEW(a, struct window_view);

    *v = (struct window_view){.a = a, .brief = arena_new(0), .key = key};
    return v;
}

void window_view_free(struct window_view *v)
{
    if (!v)
        return;
    arena_free(v->brief);
    arena_free(v->a); /* v itself is in it */
}

void window_view_rule(struct window_view *v, const struct rule *rule)
{
    struct watched *w = vec_push(v->a, &v->rules, sizeof *w);

    *w = (struct watched){.rule = rule};
}

/* ---- what comes ----------------------------------------------------------------------------- */

static bool is_asked(const struct window_view *v, const struct event_tree *tree,
                     const struct str *fields, size_t n)
{
    for (size_t i = 0; v->key.n && i < n; i++) {
        struct field_values values = event_lookup(v->brief, tree, fields[i]);
        if (values.n && str_eq(values.items[0].text, v->key))
            return true;
    }
    return v->key.n == 0;
}

static struct str key_text(struct window_view *v, struct redactor *redactor,
                           const struct event_tree *tree, const struct str *fields, size_t n)
{
    struct buf text = {0};

    for (size_t i = 0; i < n; i++) {
        struct field_values values = event_lookup(v->brief, tree, fields[i]);
        struct str value = values.n ? values.items[0].text : STR("");
        buf_printf(&text, "%s%.*s=", i ? ", " : "", (int)fields[i].n, fields[i].p);
        buf_add(&text, redact_value(redactor, fields[i], value, KEY_BYTES_MAX).text);
    }
    struct str copy = arena_str(v->a, buf_str(&text));
    buf_release(&text);
    return copy;
}

/* The slot of a key, or the free one where it goes. There are slots. */
static uint32_t *slot_of(const struct watched *w, uint64_t key)
{
    const struct group *groups = w->groups.items;
    size_t at = key & (w->n_slots - 1);

    while (w->slots[at] && groups[w->slots[at] - 1].key != key)
        at = (at + 1) & (w->n_slots - 1);
    return &w->slots[at];
}

static void grow_slots(struct window_view *v, struct watched *w)
{
    const struct group *groups = w->groups.items;

    if (w->groups.n * 2 < w->n_slots)
        return;
    w->n_slots = w->n_slots ? w->n_slots * 2 : SLOTS_START;
    w->slots = ARENA_ARRAY(v->a, w->n_slots, uint32_t);
    for (uint32_t i = 0; i < w->groups.n; i++)
        *slot_of(w, groups[i].key) = i + 1;
}

static void add_hit(struct window_view *v, struct watched *w, struct redactor *redactor,
                    const struct event_tree *tree, uint32_t label, int64_t t_ms, uint64_t number)
{
    const struct correlation *c = w->rule->correlation;
    const struct str *group =
        c->inputs[label].group_fields ? c->inputs[label].group_fields : c->group;

    if (!is_asked(v, tree, group, c->n_group))
        return;
    if (v->n_hits == WINDOW_HITS_MAX) {
        v->n_left_out++;
        return;
    }
    v->n_hits++;
    struct level_hit *h = vec_push(v->a, &w->hits, sizeof *h);
    *h = (struct level_hit){.t_ms = t_ms,
                            .key = level_hash(v->brief, tree, group, c->n_group),
                            .value = level_hash(v->brief, tree, c->fields, c->n_fields),
                            .label = label,
                            .number = (size_t)number};
    grow_slots(v, w);
    uint32_t *slot = slot_of(w, h->key);
    if (*slot)
        return;
    struct group *g = vec_push(v->a, &w->groups, sizeof *g);
    *g = (struct group){h->key, key_text(v, redactor, tree, group, c->n_group)};
    *slot = w->groups.n;
}

void window_view_match(struct window_view *v, struct redactor *redactor,
                       const struct event_tree *tree, const struct rule *rule, int64_t t_ms,
                       uint64_t number)
{
    struct watched *all = v->rules.items;

    arena_reset(v->brief);
    for (size_t i = 0; i < v->rules.n; i++)
        for (uint32_t k = 0; k < all[i].rule->correlation->n_inputs; k++)
            if (all[i].rule->correlation->inputs[k].rule == rule)
                add_hit(v, &all[i], redactor, tree, k, t_ms, number);
}

/* ---- which window --------------------------------------------------------------------------- */

struct window {
    const struct level_hit *hits; /* of the key, in order of time */
    size_t from, n;               /* in the window: [from, n) */
    uint64_t level, wanted;       /* wanted 0: the condition is more than a number */
    uint32_t missing;             /* the step that is missing; UINT32_MAX: none, or no steps */
    int64_t until_ms;             /* INT64_MAX: nothing ends it */
};

static bool has_order(const struct correlation *c)
{
    return c->kind == OPERATOR_ORDERED || c->kind == OPERATOR_SEQUENCE;
}

static bool is_within(const struct correlation *c, int64_t from_ms, int64_t t_ms)
{
    return c->window_ms <= 0 || t_ms - from_ms <= c->window_ms;
}

static uint64_t level_from(const struct correlation *c, const struct level_hit *hits, size_t i,
                           size_t n)
{
    uint64_t level = 0;

    for (size_t j = i; j < n && is_within(c, hits[i].t_ms, hits[j].t_ms); j++)
        level += level_raises(c, hits, i, j, level);
    return level;
}

/* Steps in an order: the furthest chain that is still alive, of equal ones the latest. */
static void find_chain(const struct correlation *c, struct window *w)
{
    int64_t newest_ms = w->hits[w->n - 1].t_ms;

    w->from = w->n;
    for (size_t i = 0; i < w->n; i++) {
        uint64_t level = level_from(c, w->hits, i, w->n);
        if (!level || level < w->level || !is_within(c, w->hits[i].t_ms, newest_ms))
            continue;
        w->level = level;
        w->from = i;
    }
}

static void find_span(const struct correlation *c, struct window *w)
{
    int64_t newest_ms = w->hits[w->n - 1].t_ms;

    while (!is_within(c, w->hits[w->from].t_ms, newest_ms))
        w->from++;
    w->level = level_from(c, w->hits, w->from, w->n);
}

static uint32_t missing_input(const struct correlation *c, const struct window *w)
{
    if (has_order(c))
        return level_step(c, w->level);
    for (uint32_t label = 0; c->kind == OPERATOR_SET && label < c->n_inputs; label++) {
        bool is_there = false;
        for (size_t i = w->from; i < w->n; i++)
            is_there |= w->hits[i].label == label;
        if (!is_there)
            return label;
    }
    return UINT32_MAX;
}

static struct window window_of(const struct correlation *c, const struct level_hit *hits, size_t n)
{
    if (n > WINDOW_LOOK_MAX) {
        hits += n - WINDOW_LOOK_MAX;
        n = WINDOW_LOOK_MAX;
    }
    struct window w = {.hits = hits, .n = n, .wanted = level_wanted(c), .until_ms = INT64_MAX};

    has_order(c) ? find_chain(c, &w) : find_span(c, &w);
    w.missing = missing_input(c, &w);
    int64_t span_ms = c->window_ms > 0 ? c->window_ms : c->history_ms;
    if (w.from < n && span_ms > 0) {
        /* A history goes with its last hit, a window with its first. */
        int64_t t_ms = hits[c->window_ms > 0 ? w.from : n - 1].t_ms;
        if (__builtin_add_overflow(t_ms, span_ms, &w.until_ms))
            w.until_ms = INT64_MAX;
    }
    return w;
}

/* ---- printing ------------------------------------------------------------------------------- */

static struct str time_text(int64_t ms, char space[TIME_TEXT_MAX])
{
    return (struct str){space, time_format_ms(ms, space)};
}

static struct str input_name(const struct correlation *c, uint32_t label)
{
    const struct rule *rule = c->inputs[label].rule;

    return rule && rule->title.n ? rule->title : c->inputs[label].reference;
}

static void print_level(const struct correlation *c, const struct window *w, struct buf *out)
{
    bool is_steps = has_order(c) || c->kind == OPERATOR_SET;

    if (!w->wanted) {
        buf_printf(out, "%zu matches", w->n - w->from);
        return;
    }
    buf_printf(out, "%llu of %llu%s", (unsigned long long)w->level, (unsigned long long)w->wanted,
               is_steps                       ? " steps"
               : c->kind == OPERATOR_DISTINCT ? " different values"
                                              : "");
    if (w->missing != UINT32_MAX && w->level < w->wanted) {
        buf_printf(out, ", missing step %u: ", w->missing + 1);
        add_printable(out, input_name(c, w->missing));
    } else if (w->level < w->wanted) {
        buf_printf(out, ", missing %llu", (unsigned long long)(w->wanted - w->level));
    }
}

static void print_tree(const struct correlation *c, const struct group *g, const struct window *w,
                       struct buf *out)
{
    char space[TIME_TEXT_MAX];
    size_t shown = 0;

    buf_add(out, STR("  "));
    add_printable(out, g->text.n ? g->text : STR("(one group)"));
    buf_add(out, STR(": "));
    print_level(c, w, out);
    if (w->until_ms != INT64_MAX) {
        struct str until = time_text(w->until_ms, space);
        buf_printf(out, "; until %.*s", (int)until.n, until.p);
    }
    buf_add_char(out, '\n');
    for (size_t i = w->from; i < w->n && shown < WINDOW_EVENTS_SHOWN; i++, shown++) {
        struct str at = time_text(w->hits[i].t_ms, space);
        buf_printf(out, "    %.*s  event %zu  ", (int)at.n, at.p, w->hits[i].number);
        add_printable(out, input_name(c, w->hits[i].label));
        buf_add_char(out, '\n');
    }
    if (w->n - w->from > shown)
        buf_printf(out, "    ... and %zu more\n", w->n - w->from - shown);
}

static void put_time(struct json_writer *w, const char *key, int64_t ms)
{
    char space[TIME_TEXT_MAX];

    json_kv_str(w, key, time_text(ms, space));
}

static void put_hits(struct json_writer *j, const struct correlation *c, const struct window *w)
{
    json_key(j, STR("matches"));
    json_open_array(j);
    for (size_t i = w->from; i < w->n && i - w->from < WINDOW_EVENTS_SHOWN; i++) {
        json_open_object(j);
        put_time(j, "time", w->hits[i].t_ms);
        json_kv_i64(j, "event", (int64_t)w->hits[i].number);
        json_kv_i64(j, "step", w->hits[i].label);
        json_kv_str(j, "rule", input_name(c, w->hits[i].label));
        json_close_object(j);
    }
    json_close_array(j);
    json_kv_i64(j, "n_matches", (int64_t)(w->n - w->from));
}

static void print_json(const struct rule *rule, const struct group *g, const struct window *w,
                       struct buf *out)
{
    const struct correlation *c = rule->correlation;
    struct json_writer j;

    json_writer_init(&j, out);
    json_open_object(&j);
    json_kv_str(&j, "rule", rule->uid);
    json_kv_str(&j, "title", rule->title);
    json_kv_str(&j, "type", str_from(correlation_type_name(c)));
    json_kv_str(&j, "key", g->text);
    if (w->wanted) {
        json_kv_i64(&j, "level", (int64_t)w->level);
        json_kv_i64(&j, "wanted", (int64_t)w->wanted);
    }
    if (w->missing != UINT32_MAX && w->level < w->wanted) {
        json_kv_i64(&j, "missing_step", w->missing);
        json_kv_str(&j, "missing", input_name(c, w->missing));
    }
    if (w->until_ms != INT64_MAX)
        put_time(&j, "until", w->until_ms);
    put_hits(&j, c, w);
    json_close_object(&j);
    buf_add_char(out, '\n');
}

static size_t print_rule(struct watched *w, bool is_json, struct buf *out)
{
    struct level_hit *hits = w->hits.items;
    size_t n_groups = 0;

    if (!is_json) {
        add_printable(out, w->rule->title);
        buf_printf(out, "  (%s", correlation_type_name(w->rule->correlation));
        if (w->rule->correlation->window_ms > 0) {
            buf_add(out, STR(" within "));
            span_dump(out, w->rule->correlation->window_ms);
        }
        buf_add(out, STR(")\n"));
    }
    if (w->hits.n)
        qsort(hits, w->hits.n, sizeof *hits, level_order);
    for (size_t from = 0, to; from < w->hits.n; from = to, n_groups++) {
        for (to = from + 1; to < w->hits.n && hits[to].key == hits[from].key;)
            to++;
        struct window window = window_of(w->rule->correlation, hits + from, to - from);
        const struct group *g =
            (const struct group *)w->groups.items + *slot_of(w, hits[from].key) - 1;
        if (is_json)
            print_json(w->rule, g, &window, out);
        else
            print_tree(w->rule->correlation, g, &window, out);
    }
    return n_groups;
}

size_t window_view_print(struct window_view *v, bool is_json, struct buf *out)
{
    struct watched *all = v->rules.items;
    size_t n_groups = 0;

    for (size_t i = 0; i < v->rules.n; i++)
        n_groups += print_rule(&all[i], is_json, out);
    if (v->n_left_out)
        note("matches looked at: %llu, left out: %llu", (unsigned long long)v->n_hits,
             (unsigned long long)v->n_left_out);
    return n_groups;
}

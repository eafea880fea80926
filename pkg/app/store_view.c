/* store_view.c - an event's operations, each taken to the store as a question. */
#include "app/store_view.h"

#include <stdlib.h>

#include "base/pack.h"
#include "base/str.h"
#include "correlate/span.h"
#include "base/time.h"
#include "json/write.h"
#include "state/capsule.h"
#include "state/store_dir.h"

enum { KEY_BYTES_MAX = 256 };

struct store_view {
    struct state state;
    struct str key;  /* only groups with this value; empty: all */
    struct buf text; /* scratch: the group's values */
    uint64_t n_told;
};

/* What was found for one operation of an event. */
struct window {
    const struct graph_rule *rule;
    uint64_t number;
    int64_t at_ms;
    struct str key; /* redacted */
    struct store_glance glance;
    struct operator_look look;
    bool is_there, has_look;
    struct str capsules[CAPSULES_FIRST + CAPSULES_LAST];
    size_t n_capsules;
    uint64_t n_seen;
};

enum weir_rc store_view_open(const struct state_options *o, struct arena *a,
                             struct rule *const *rules, size_t n_rules, struct store_view **out,
                             struct weir_err *err)
{
    struct store_view *v = calloc(1, sizeof *v);
    struct buf position = {0};

    ASSERT(v && o->is_looking);
    enum weir_rc rc = state_open(&v->state, a, rules, n_rules, o, err);
    if (rc == WEIR_OK && v->state.is_dir) {
        rc = store_dir_load(v->state.store, &position, err);
        if (rc != WEIR_OK)
            err_file(err, str_sub(o->where, 4, o->where.n));
    }
    buf_release(&position);
    if (rc != WEIR_OK) {
        store_view_free(v);
        return rc;
    }
    *out = v;
    return WEIR_OK;
}

void store_view_free(struct store_view *v)
{
    if (!v)
        return;
    state_release(&v->state);
    buf_release(&v->text);
    free(v);
}

const struct graph *store_view_graph(const struct store_view *v)
{
    return v->state.graph;
}

uint64_t store_view_told(const struct store_view *v)
{
    return v->n_told;
}

void store_view_only(struct store_view *v, struct str key)
{
    v->key = key;
}

/* ---- what is there -------------------------------------------------------------------------- */

/* The values of the group, packed as in hit.keys, beside their names. */
static void add_keys(struct buf *out, struct redactor *redactor, const struct correlation *c,
                     struct str packed)
{
    struct unpack u = unpack_from(packed);
    uint8_t n = unpack_u8(&u);

    for (uint8_t i = 0; i < n && i < c->n_group; i++) {
        struct str value = unpack_str(&u);
        buf_printf(out, "%s%.*s=", i ? ", " : "", (int)c->group[i].n, c->group[i].p);
        buf_add(out, redact_value(redactor, c->group[i], value, KEY_BYTES_MAX).text);
    }
}

static bool is_asked(const struct store_view *v, struct str packed)
{
    struct unpack u = unpack_from(packed);
    uint8_t n = unpack_u8(&u);

    for (uint8_t i = 0; v->key.n && i < n; i++)
        if (str_eq(unpack_str(&u), v->key))
            return true;
    return v->key.n == 0;
}

static struct cell cell_of(const struct store_glance *g)
{
    return (struct cell){
        .main = {(uint8_t *)(uintptr_t)g->main.p, (uint32_t)g->main.n, (uint32_t)g->main.n},
        .side = {(uint8_t *)(uintptr_t)g->side.p, (uint32_t)g->side.n, (uint32_t)g->side.n},
        .due_ms = g->due_ms,
        .idle_ms = g->idle_ms};
}

static void read_window(struct window *w)
{
    const struct graph_rule *r = w->rule;
    struct cell cell = cell_of(&w->glance);

    w->is_there = w->glance.main.n > 0 || w->glance.is_small;
    if (w->glance.is_small) {
        w->look = (struct operator_look){.n = w->glance.small_ms <= w->at_ms &&
                                              w->glance.small_ms >=
                                                  span_add(w->at_ms, -r->spec.window_ms),
                                         .first_ms = w->glance.small_ms,
                                         .last_ms = w->glance.small_ms,
                                         .is_exact = true};
        w->has_look = true;
        return;
    }
    if (!w->is_there)
        return;
    w->has_look = r->kind->look && r->kind->look(&r->spec, &cell, w->at_ms, &w->look);
    if (w->has_look && w->look.last_ms > w->at_ms) /* it has gone on since */
        w->has_look = r->kind->look(&r->spec, &cell, w->look.last_ms, &w->look);
    w->n_capsules = capsule_book_list(&cell.side, w->capsules, &w->n_seen);
}

/* ---- telling it ----------------------------------------------------------------------------- */

static struct str time_text(int64_t ms, char space[TIME_TEXT_MAX])
{
    return (struct str){space, time_format_ms(ms, space)};
}

/* From when on the window has nothing of what is there now; CELL_NEVER: not known. */
static int64_t ends_ms(const struct window *w)
{
    return w->has_look && w->rule->kind->kind != OPERATOR_FIRST_SEEN
               ? span_add(w->look.last_ms, w->rule->spec.window_ms)
               : CELL_NEVER;
}

static const char *noun_of(const struct window *w)
{
    switch (w->rule->kind->kind) {
    case OPERATOR_COUNT:
        return "matches";
    case OPERATOR_DISTINCT:
        return "different values";
    case OPERATOR_SET:
        return "steps";
    default:
        return "in it";
    }
}

static void print_steps(const struct window *w, struct buf *out)
{
    const struct correlation *c = w->rule->spec.correlation;

    for (size_t i = 0; w->rule->kind->kind == OPERATOR_SET && i < c->n_inputs; i++)
        if (!(w->look.steps >> i & 1) && c->inputs[i].rule)
            buf_printf(out, "        missing: %.*s\n", (int)c->inputs[i].rule->title.n,
                       c->inputs[i].rule->title.p);
}

static void print_look(const struct window *w, struct buf *out)
{
    char first[TIME_TEXT_MAX], last[TIME_TEXT_MAX], until[TIME_TEXT_MAX];
    struct str from = time_text(w->look.first_ms, first), to = time_text(w->look.last_ms, last);

    if (w->rule->kind->kind == OPERATOR_FIRST_SEEN) {
        buf_printf(out, "seen since %.*s, last %.*s\n", (int)from.n, from.p, (int)to.n, to.p);
        return;
    }
    buf_printf(out, "%llu of %llu %s", (unsigned long long)w->look.n,
               (unsigned long long)(w->rule->kind->kind == OPERATOR_SET
                                        ? w->rule->spec.correlation->n_inputs
                                        : w->rule->spec.fold.threshold),
               noun_of(w));
    if (w->look.n)
        buf_printf(out, ", first %.*s", (int)from.n, from.p);
    struct str end = time_text(ends_ms(w), until);
    buf_printf(out, ", last %.*s, until %.*s%s\n", (int)to.n, to.p, (int)end.n, end.p,
               w->look.is_exact ? "" : " (a bound bit: at least)");
    print_steps(w, out);
}

static void print_events(const struct window *w, struct buf *out)
{
    for (size_t i = 0; i < w->n_capsules; i++) {
        struct capsule c;
        char space[TIME_TEXT_MAX];
        if (!capsule_unpack(w->capsules[i], &c))
            continue;
        struct str time = time_text(c.t_ms, space);
        buf_printf(out, "        %.*s  %.*s/%u/%llu\n", (int)time.n, time.p, (int)c.input.n,
                   c.input.p, c.partition, (unsigned long long)c.offset);
    }
    if (w->n_seen > w->n_capsules)
        buf_printf(out, "        ... of %llu\n", (unsigned long long)w->n_seen);
}

static void print_tree(const struct window *w, struct buf *out)
{
    const struct rule *rule = w->rule->rule;

    buf_printf(out, "event %llu  %.*s  (%s)\n    %.*s: ", (unsigned long long)w->number,
               (int)rule->title.n, rule->title.p, correlation_type_name(rule->correlation),
               (int)w->key.n, w->key.p);
    if (!w->is_there)
        buf_add(out, STR("nothing\n"));
    else if (w->has_look)
        print_look(w, out);
    else
        buf_printf(out, "%zu bytes of state\n", w->glance.main.n);
    print_events(w, out);
}

static void put_time(struct json_writer *j, const char *key, int64_t ms)
{
    char space[TIME_TEXT_MAX];

    if (ms != CELL_NEVER && ms != INT64_MAX && ms != INT64_MIN)
        json_kv_str(j, key, time_text(ms, space));
}

static void put_events(struct json_writer *j, const struct window *w)
{
    json_key(j, STR("events"));
    json_open_array(j);
    for (size_t i = 0; i < w->n_capsules; i++) {
        struct capsule c;
        if (!capsule_unpack(w->capsules[i], &c))
            continue;
        json_open_object(j);
        put_time(j, "time", c.t_ms);
        json_kv_str(j, "input", c.input);
        json_kv_i64(j, "partition", c.partition);
        json_kv_i64(j, "offset", (int64_t)c.offset);
        json_close_object(j);
    }
    json_close_array(j);
    json_kv_i64(j, "n_events", (int64_t)w->n_seen);
}

static void print_json(const struct window *w, struct buf *out)
{
    const struct rule *rule = w->rule->rule;
    struct json_writer j;

    json_writer_init(&j, out);
    json_open_object(&j);
    json_kv_i64(&j, "event", (int64_t)w->number);
    json_kv_str(&j, "rule", rule->uid);
    json_kv_str(&j, "title", rule->title);
    json_kv_str(&j, "type", str_from(correlation_type_name(rule->correlation)));
    json_kv_str(&j, "key", w->key);
    json_kv_i64(&j, "bytes", (int64_t)w->glance.main.n);
    if (w->has_look) {
        json_kv_i64(&j, "n", (int64_t)w->look.n);
        put_time(&j, "first", w->look.first_ms);
        put_time(&j, "last", w->look.last_ms);
        put_time(&j, "until", ends_ms(w));
        json_kv_bool(&j, "exact", w->look.is_exact);
    }
    if (w->glance.main.n)
        put_time(&j, "due", w->glance.due_ms);
    put_events(&j, w);
    json_close_object(&j);
    buf_add(out, STR("\n"));
}

enum weir_rc store_view_event(struct store_view *v, const struct picked *e,
                              struct redactor *redactor, bool is_json, struct buf *out,
                              struct weir_err *err)
{
    const struct graph *g = v->state.graph;
    struct str rest = e->gathered;
    struct gathered op;

    while (gathered_next(&rest, &op)) {
        if (op.space == SPACE_NONE || g->spaces[op.space].role != SPACE_OPERATOR ||
            !is_asked(v, op.hit.keys))
            continue;
        struct window w = {.rule = &g->rules[op.rule], .number = e->number, .at_ms = e->time_ms};
        buf_clear(&v->text);
        add_keys(&v->text, redactor, w.rule->rule->correlation, op.hit.keys);
        w.key = buf_str(&v->text);
        TRY(store_look(v->state.store, op.space, &op.key, &w.glance, err));
        read_window(&w);
        (is_json ? print_json : print_tree)(&w, out);
        v->n_told++;
    }
    return WEIR_OK;
}

/* check_effective.c - a list of values first, then printed one way or the other. */
#include "app/check_effective.h"

#include "app/outcome.h"
#include "base/str.h"
#include "base/time.h"
#include "json/write.h"
#include "rule/correlation.h"
#include "rule/dump.h"
#include "rule/setting.h"

enum { VALUES_MAX = 48 + RULE_PARAMETERS_MAX + OVERLAY_PARAMS_MAX + OVERLAY_RULE_MAX };

struct value {
    struct str name, text;
    const struct overlay_entry *from; /* NULL: the rule's own */
    const struct overlay_key *at;
};

struct effective {
    const struct rule_book *book;
    const struct rule *rule;
    struct arena *a; /* the book's */
    struct value values[VALUES_MAX];
    size_t n;
};

/* ---- values ------------------------------------------------------------------------------ */

static struct value *add(struct effective *e, struct str name, struct str text)
{
    struct value *v = &e->values[e->n < VALUES_MAX ? e->n++ : VALUES_MAX - 1];

    *v = (struct value){.name = name, .text = text};
    if (e->book->overlays)
        v->from = overlay_origin(e->book->overlays, e->rule->uid, name, &v->at);
    return v;
}

static void add_if(struct effective *e, const char *name, struct str text)
{
    if (text.n)
        add(e, str_from(name), text);
}

/* What a function writes. */
static struct str dumped(struct effective *e, void (*fn)(struct buf *, const struct rule *))
{
    struct buf text = {0};

    fn(&text, e->rule);
    struct str out = arena_str(e->a, str_trim(buf_str(&text)));
    buf_release(&text);
    return out;
}

static void dump_source(struct buf *out, const struct rule *rule)
{
    const struct logsource *l = &rule->logsource;

    if (l->product.n)
        buf_printf(out, "product=%.*s ", (int)l->product.n, l->product.p);
    if (l->category.n)
        buf_printf(out, "category=%.*s ", (int)l->category.n, l->category.p);
    if (l->service.n)
        buf_printf(out, "service=%.*s", (int)l->service.n, l->service.p);
}

static void dump_dedup(struct buf *out, const struct rule *rule)
{
    const struct dedup *d = rule->state ? &rule->state->dedup : NULL;

    if (!d || !d->is_set)
        return;
    if (d->is_off) {
        buf_add(out, STR("off"));
        return;
    }
    for (size_t i = 0; i < d->n_fields; i++)
        buf_printf(out, "%s%.*s", i ? ", " : "by ", (int)d->fields[i].n, d->fields[i].p);
    if (d->period_ms) {
        buf_add(out, STR(" within "));
        span_dump(out, d->period_ms);
    }
    if (d->is_anchored)
        buf_add(out, STR(" from the first"));
}

static void dump_group(struct buf *out, const struct rule *rule)
{
    const struct correlation *c = rule->correlation;

    for (size_t i = 0; i < c->n_group; i++)
        buf_printf(out, "%s%.*s", i ? ", " : "", (int)c->group[i].n, c->group[i].p);
    if (c->n_group == 0)
        buf_add(out, STR("nothing: one group"));
}

static void dump_window(struct buf *out, const struct rule *rule)
{
    span_dump(out, rule->correlation->window_ms);
}

static void dump_lateness(struct buf *out, const struct rule *rule)
{
    if (rule->state && rule->state->lateness_ms)
        span_dump(out, rule->state->lateness_ms);
}

static void dump_formula(struct buf *out, const struct rule *rule)
{
    formula_dump(out, rule->formula);
}

static void dump_bounds(struct buf *out, const struct rule *rule)
{
    static const char *const OPS[] = {
        [BOUND_GT] = "gt",   [BOUND_GTE] = "gte", [BOUND_LT] = "lt",
        [BOUND_LTE] = "lte", [BOUND_EQ] = "eq",   [BOUND_NEQ] = "neq"};
    const struct correlation *c = rule->correlation;

    for (size_t i = 0; i < c->n_bounds; i++) {
        buf_printf(out, "%s%s ", i ? ", " : "", OPS[c->bounds[i].op]);
        micro_dump(out, c->bounds[i].micro);
    }
}

static void add_correlation(struct effective *e)
{
    add(e, STR("type"), str_from(correlation_type_name(e->rule->correlation)));
    add(e, STR("group-by"), dumped(e, dump_group));
    add_if(e, "threshold", dumped(e, dump_bounds));
    add(e, STR("window"), dumped(e, dump_window));
}

/* What the rule offers to be set by name, and what it stands at. */
static void add_parameters(struct effective *e)
{
    struct buf text = {0};

    for (size_t i = 0; i < e->rule->n_parameters; i++) {
        const struct rule_parameter *p = &e->rule->parameters[i];
        buf_clear(&text);
        if (p->sets.n) {
            buf_printf(&text, "%.*s ", (int)p->sets.n, p->sets.p);
            setting_show(&text, setting_find(p->sets), e->rule->correlation);
        } else {
            buf_printf(&text, "list %.*s", (int)p->list.n, p->list.p);
        }
        buf_printf(&text, ": %.*s", (int)p->description.n, p->description.p);
        add(e, arena_printf(e->a, "params.%.*s", (int)p->name.n, p->name.p),
            arena_str(e->a, buf_str(&text)));
    }
    buf_release(&text);
}

/* Settings that have no line of their own here: that they are said, and by whom. */
static void add_others(struct effective *e, const struct overlay_entry *entry)
{
    for (size_t k = 0; k < entry->n_keys; k++) {
        bool is_known = false;
        for (size_t i = 0; i < e->n && !is_known; i++)
            is_known = str_eq(e->values[i].name, entry->keys[k].name);
        if (!is_known)
            add(e, entry->keys[k].name, STR("set"));
    }
}

static struct str exclusion_text(struct effective *e, const struct overlay_entry *entry)
{
    struct buf text = {0};

    formula_dump(&text, entry->excludes);
    struct str out = arena_str(e->a, buf_str(&text));
    buf_release(&text);
    return out;
}

static void add_overlays(struct effective *e)
{
    size_t n = 0;
    const struct overlay_entry *const *entries =
        e->book->overlays ? overlay_entries_of(e->book->overlays, e->rule->uid, &n) : NULL;

    for (size_t i = 0; i < n; i++)
        add_others(e, entries[i]);
    for (size_t i = 0; i < n; i++) {
        if (!entries[i]->excludes)
            continue;
        struct value *v = add(e, STR("exclude"), exclusion_text(e, entries[i]));
        v->from = entries[i];
        v->at = &entries[i]->exclude;
    }
}

static void collect(struct effective *e)
{
    const struct rule *r = e->rule;

    add(e, STR("uid"), r->uid);
    add_if(e, "title", r->title);
    add(e, STR("language"), r->language);
    add(e, STR("sha256"), str_from(r->sha256));
    add(e, STR("level"), str_from(rule_level_name(r->level)));
    add_if(e, "status", str_from(rule_status_name(r->status)));
    add(e, STR("channel"), str_from(rule_channel_name(r->channel)));
    add_if(e, "logsource", dumped(e, dump_source));
    add_if(e, "owner", r->owner);
    add_if(e, "runbook", r->runbook);
    add_if(e, "message", r->message);
    add_if(e, "dedup", dumped(e, dump_dedup));
    add_if(e, "lateness", dumped(e, dump_lateness));
    if (r->correlation)
        add_correlation(e);
    add_parameters(e);
    add_overlays(e);
    if (!r->correlation)
        add(e, STR("condition"), dumped(e, dump_formula));
}

/* ---- printing ------------------------------------------------------------------------------- */

static void add_origin(const struct effective *e, const struct value *v, struct buf *out)
{
    char when[TIME_TEXT_MAX];

    if (!v->from) {
        buf_printf(out, "%.*s:%u", (int)e->rule->path.n, e->rule->path.p, e->rule->line);
        return;
    }
    buf_printf(out, "overlay %.*s, %.*s:%u:%u", (int)v->from->overlay.n, v->from->overlay.p,
               (int)v->from->path.n, v->from->path.p, v->at->line, v->at->col);
    if (v->from->reason.n)
        buf_printf(out, ": %.*s", (int)v->from->reason.n, v->from->reason.p);
    if (v->from->expires_ms != OVERLAY_NEVER)
        buf_printf(out, " (until %.*s)", (int)time_format_ms(v->from->expires_ms, when), when);
}

static void print_lines(const struct effective *e, struct buf *out)
{
    struct buf raw = {0};

    for (size_t i = 0; i < e->n; i++) {
        const struct value *v = &e->values[i];
        buf_printf(out, "%-12.*s ", (int)v->name.n, v->name.p);
        add_printable(out, v->text);
        buf_add(out, STR("\n               from "));
        buf_clear(&raw);
        add_origin(e, v, &raw);
        add_printable(out, buf_str(&raw));
        buf_add_char(out, '\n');
    }
    buf_release(&raw);
}

static void json_origin(struct json_writer *w, const struct effective *e, const struct value *v)
{
    char when[TIME_TEXT_MAX];

    json_kv_str(w, "file", v->from ? v->from->path : e->rule->path);
    json_kv_i64(w, "line", v->from ? v->at->line : e->rule->line);
    if (!v->from)
        return;
    json_kv_i64(w, "col", v->at->col);
    json_kv_str(w, "overlay", v->from->overlay);
    if (v->from->reason.n)
        json_kv_str(w, "reason", v->from->reason);
    if (v->from->expires_ms != OVERLAY_NEVER)
        json_kv_str(w, "expires", (struct str){when, time_format_ms(v->from->expires_ms, when)});
}

static void print_json(const struct effective *e, struct buf *out)
{
    struct json_writer w;

    json_writer_init(&w, out);
    json_open_object(&w);
    json_kv_str(&w, "rule", e->rule->uid);
    json_key(&w, STR("values"));
    json_open_array(&w);
    for (size_t i = 0; i < e->n; i++) {
        json_open_object(&w);
        json_kv_str(&w, "name", e->values[i].name);
        json_kv_str(&w, "value", e->values[i].text);
        json_origin(&w, e, &e->values[i]);
        json_close_object(&w);
    }
    json_close_array(&w);
    json_close_object(&w);
    buf_add_char(out, '\n');
}

void check_effective(const struct rule_book *b, const struct rule *rule, bool is_table,
                     struct buf *out)
{
    struct effective *e = ARENA_NEW(b->arena, struct effective);

    e->book = b;
    e->rule = rule;
    e->a = b->arena;
    collect(e);
    if (is_table)
        print_lines(e, out);
    else
        print_json(e, out);
}

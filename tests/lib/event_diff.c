/* event_diff.c - the two ways to read an event, against each other. */
#include "tests/lib/event_diff.h"

#include <stdlib.h>

#include "base/str.h"
#include "event/lookup.h"

struct event_diff {
    const struct profile_set *profiles;
    const struct field_table *fields;
    const struct extract_options *options;
    struct arena *arena;   /* of the extractor */
    struct arena *scratch; /* of one event */
    const struct extractor *extractor;
    struct extract_worker *worker;
    uint64_t n_events, n_values;
};

struct event_diff *event_diff_new(const struct profile_set *profiles,
                                  const struct field_table *fields,
                                  const struct extract_options *options)
{
    struct event_diff *d = calloc(1, sizeof *d);

    ASSERT(d);
    d->profiles = profiles;
    d->fields = fields;
    d->options = options;
    d->arena = arena_new(0);
    d->scratch = arena_new(0);
    d->extractor = extractor_new(d->arena, profiles, fields, true, options);
    d->worker = extract_worker_new(d->extractor);
    return d;
}

void event_diff_free(struct event_diff *d)
{
    extract_worker_free(d->worker);
    arena_free(d->arena);
    arena_free(d->scratch);
    free(d);
}

uint64_t event_diff_events(const struct event_diff *d)
{
    return d->n_events;
}

uint64_t event_diff_values(const struct event_diff *d)
{
    return d->n_values;
}

static bool same_facts(const struct logsource_values *a, const struct logsource_values *b)
{
    if (a->is_known != b->is_known || a->n != b->n)
        return false;
    for (uint32_t i = 0; i < a->n; i++)
        if (!str_eq_ci(a->values[i], b->values[i]))
            return false;
    return true;
}

static bool same_shape(const struct shape *a, const struct shape *b, struct buf *why)
{
    if (a->profile != b->profile) {
        buf_printf(why, "profile %s, by the tree %s",
                   a->profile ? profile_name(a->profile).p : "none",
                   b->profile ? profile_name(b->profile).p : "none");
        return false;
    }
    if (same_facts(&a->facts.product, &b->facts.product) &&
        same_facts(&a->facts.category, &b->facts.category) &&
        same_facts(&a->facts.service, &b->facts.service))
        return true;
    buf_printf(why, "logsource facts differ");
    return false;
}

/* What the event path hands on is raw: unescape it here, as a matcher would. */
static struct str text_of(struct arena *a, const struct event_value *v)
{
    unsigned flags = 0;

    if (v->kind == JSON_OBJECT || v->kind == JSON_EMPTY_ARRAY)
        return (struct str){0};
    if (v->kind != JSON_STRING)
        return (struct str){v->p, v->n};
    char *out = arena_alloc(a, (size_t)v->n * 3);
    if (!(v->flags & JSON_ESCAPED)) {
        /* A text of a value map or constant: a backslash in it is a backslash. */
        if (memchr(v->p, '\\', v->n))
            return (struct str){v->p, v->n};
    }
    return (struct str){out, json_unescape((struct str){v->p, v->n}, out, &flags)};
}

static bool same_field(struct event_diff *d, const struct event *e, const struct event_tree *t,
                       uint32_t field, struct buf *why)
{
    struct str name = field_name(d->fields, field);
    struct field_values want = event_lookup(d->scratch, t, name);
    size_t n = 0;

    for (uint32_t i = 0; i < e->n_values; i++) {
        const struct event_value *v = &e->values[i];
        if (v->field != field)
            continue;
        struct str text = text_of(d->scratch, v);
        if (n >= want.n || want.items[n].kind != v->kind || !str_eq(want.items[n].text, text)) {
            buf_printf(why, "field %.*s, value %zu: kind %d '%.*s'; by the tree ", (int)name.n,
                       name.p, n, v->kind, (int)text.n, text.p);
            if (n < want.n)
                buf_printf(why, "kind %d '%.*s'", (int)want.items[n].kind,
                           (int)want.items[n].text.n, want.items[n].text.p);
            else
                buf_printf(why, "only %zu values", want.n);
            return false;
        }
        n++;
    }
    d->n_values += n;
    if (n == want.n)
        return true;
    buf_printf(why, "field %.*s: %zu values, by the tree %zu", (int)name.n, name.p, n, want.n);
    return false;
}

static bool same_time(struct event_diff *d, const struct event *e, const struct event_tree *t,
                      struct buf *why)
{
    int64_t ms = -1, tree_ms = -1;
    bool has = extract_time_ms(d->worker, e, &ms);

    if (has == event_tree_time_ms(t, &tree_ms) && ms == tree_ms)
        return true;
    buf_printf(why, "time %lld, by the tree %lld", (long long)ms, (long long)tree_ms);
    return false;
}

static bool compare(struct event_diff *d, struct str record, struct buf *why)
{
    struct json_node *root;
    struct event event;
    struct event_tree tree;
    enum event_reject got = extract_event(d->worker, record, (struct event_ref){0}, &event);
    enum json_reason reason = json_tree_parse(d->scratch, record, &root, NULL);

    if (reason == JSON_OK && root->type != JSON_T_OBJECT)
        reason = JSON_NOT_OBJECT;
    if (got != event_reject_of(reason)) {
        buf_printf(why, "%s, by the tree %s", event_reject_name(got), json_reason_name(reason));
        return false;
    }
    if (got != EVENT_OK)
        return true;
    d->n_events++;
    if (event.record.p != record.p &&
        json_tree_parse(d->scratch, event.record, &root, NULL) != JSON_OK) {
        buf_printf(why, "what was put in place is no JSON");
        return false;
    }
    event_tree_init(&tree, d->profiles, root, d->options);
    if (!same_shape(extract_shape(d->worker, event.shape), &tree.shape, why) ||
        !same_time(d, &event, &tree, why))
        return false;
    for (uint32_t f = 0; f < field_count(d->fields); f++)
        if (!same_field(d, &event, &tree, f, why))
            return false;
    return true;
}

bool event_diff_agrees(struct event_diff *d, struct str record, struct buf *why)
{
    bool agrees = compare(d, record, why);

    arena_reset(d->scratch);
    extract_batch_reset(d->worker);
    /* Random products are so many shapes that a worker would end up with the one for too many. */
    if (extract_shape_count(d->worker) >= SHAPES_MAX / 2) {
        extract_worker_free(d->worker);
        d->worker = extract_worker_new(d->extractor);
    }
    return agrees;
}

/* gather_value.c - values of the event at hand: those that extraction has sliced out, what rules
 * compute of them, and, where that is not enough, the event as a tree.
 *
 * Many rules ask for the same fields: where the values of a field begin is noted once an event, its
 * first text and the event's entities are kept.
 */
#include "correlate/gather_impl.h"

#include <string.h>

#include "base/hash.h"
#include "base/str.h"
#include "event/profile_impl.h"
#include "json/tree.h"
#include "json/write.h"
#include "state/uid.h"

static struct str whole_text(struct gatherer *w, const struct event_value *v)
{
    struct str raw = {v->p, v->n};

    if (v->flags & JSON_ESCAPED) {
        char *out = arena_alloc(w->arena, raw.n * 3);
        unsigned flags;
        raw = (struct str){out, json_unescape(raw, out, &flags)};
    }
    return raw;
}

static struct str text_of(struct gatherer *w, const struct event_value *v)
{
    return str_sub(whole_text(w, v), 0, GATHER_VALUE_MAX);
}

/* Fields are asked for many times an event, values are few: each has its place noted once. From the
 * last one back and without a branch, since which values are asked for cannot be foreseen: what
 * nobody asks for goes to place 0. */
void gather_note_begins(struct gatherer *w)
{
    const struct event *e = w->at->event;

    if (++w->event_number == 0) { /* once in four thousand million events */
        memset(w->begins, 0, (w->n_begins + 1) * sizeof *w->begins);
        memset(w->texts, 0, (w->n_begins + 1) * sizeof *w->texts);
        w->event_number = 1;
    }
    uint64_t number = (uint64_t)w->event_number << 32, *begins = w->begins;
    const uint32_t *begin_at = w->begin_at;
    const struct event_value *values = e->values;
#pragma GCC unroll 4
    for (size_t i = e->n_values; i-- > 0;) {
        DASSERT(values[i].field < w->n_fields);
        begins[begin_at[values[i].field]] = number + i;
    }
}

static bool is_value(const struct event_value *v)
{
    enum { MASK = 1 << JSON_STRING | 1 << JSON_NUMBER | 1 << JSON_TRUE | 1 << JSON_FALSE };

    return MASK >> v->kind & 1;
}

/* From value i on, the next of the field; n_values: there is none. */
static uint32_t next_of(const struct event *e, uint32_t field, uint32_t i)
{
    while (i < e->n_values && (e->values[i].field != field || !is_value(&e->values[i])))
        i++;
    return i;
}

/* Some value behind value i is of the field too, if only a null. Without a branch a value: most
 * fields have one value, and all that follow must be looked at. */
static bool has_more(const struct event *e, uint32_t field, uint32_t i)
{
    bool has = false;

#pragma GCC unroll 4
    for (size_t k = i + 1; k < e->n_values; k++)
        has |= e->values[k].field == field;
    return has;
}

/* The field has values from the one at `begin` on: the first that is one. NULL: all are null. */
static struct first_text *make_first(struct gatherer *w, uint32_t field, uint32_t place,
                                     uint32_t begin)
{
    const struct event *e = w->at->event;
    uint32_t i = next_of(e, field, begin);

    if (i == e->n_values)
        return NULL;
    w->texts[place] = (struct first_text){text_of(w, &e->values[i]), w->event_number, i, false};
    return &w->texts[place];
}

/* Of the field that has that place in begins; NULL: it has no value. Several rules that match an
 * event ask for the same ones. */
static inline struct first_text *first_at(struct gatherer *w, uint32_t field, uint32_t place)
{
    uint64_t begin = w->begins[place];
    struct first_text *t = &w->texts[place];

    if (begin >> 32 != w->event_number)
        return NULL;
    return t->event == w->event_number ? t : make_first(w, field, place, (uint32_t)begin);
}

static inline struct first_text *first_of(struct gatherer *w, uint32_t field)
{
    if (field >= w->n_fields)
        return NULL;
    DASSERT(w->begin_at[field]);
    return first_at(w, field, w->begin_at[field]);
}

/* Texts of what a rule computes. */
static size_t derived_values(struct gatherer *w, uint32_t number, struct str *out, size_t max)
{
    struct expr_value v = derive_value(w->derive, number);
    size_t n_items, n = 0;
    const struct expr_value *items = expr_value_items(&v, &n_items);

    for (size_t i = 0; i < n_items; i++) {
        if (n == max) {
            w->counts.keys_cut += max == MEMBERS_MAX;
            break;
        }
        if (expr_value_string(w->arena, &items[i], &out[n]))
            n++;
    }
    for (size_t i = 0; i < n; i++)
        out[i] = str_sub(out[i], 0, GATHER_VALUE_MAX);
    return n;
}

bool gather_value(struct gatherer *w, uint32_t field, struct str *out)
{
    if (derive_is(field))
        return derived_values(w, field, out, 1) > 0;
    const struct first_text *first = first_of(w, field);
    if (!first)
        return false;
    *out = first->text;
    return true;
}

size_t gather_single(struct gatherer *w, uint32_t field, struct str *out)
{
    const struct event *e = w->at->event;

    if (derive_is(field))
        return GATHER_SEVERAL;
    struct first_text *first = first_of(w, field);
    if (!first)
        return 0;
    if (!first->is_only && has_more(e, field, first->at))
        return GATHER_SEVERAL;
    first->is_only = true;
    *out = first->text;
    return 1;
}

size_t gather_values(struct gatherer *w, uint32_t field, struct str *out, size_t max)
{
    const struct event *e = w->at->event;
    uint32_t i;
    size_t n = 1;

    if (max == 1) /* who asks for the first wants no other */
        return gather_value(w, field, out);
    if (derive_is(field))
        return derived_values(w, field, out, max);
    struct first_text *first = first_of(w, field);
    if (!first)
        return 0;
    out[0] = first->text;
    i = first->at;
    while (!first->is_only && (i = next_of(e, field, i + 1)) < e->n_values) {
        if (n == max) {
            w->counts.keys_cut++;
            break;
        }
        out[n++] = text_of(w, &e->values[i]);
    }
    first->is_only = n == 1;
    return n;
}

size_t gather_distinct(struct str *values, size_t n)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++) {
        size_t k = 0;
        while (k < kept && !str_eq(values[k], values[i]))
            k++;
        if (k == kept)
            values[kept++] = values[i];
    }
    return kept;
}

/* A list as one value: ["a","b"]; a value alone as it is. False: it is not there. */
bool gather_whole(struct gatherer *w, uint32_t field, struct str *out)
{
    struct str members[MEMBERS_MAX];
    size_t n = gather_values(w, field, members, MEMBERS_MAX);
    struct json_writer json;

    *out = n ? members[0] : STR("");
    if (n < 2)
        return n > 0;
    buf_clear(&w->whole);
    json_writer_init(&json, &w->whole);
    json_open_array(&json);
    for (size_t i = 0; i < n; i++)
        json_put_str(&json, members[i]);
    json_close_array(&json);
    *out = str_sub(arena_str(w->arena, buf_str(&w->whole)), 0, GATHER_VALUE_MAX);
    return true;
}

/* ---- the event as a tree, for what is told by itself --------------------------------------- */

static const struct event_tree *tree_of(struct gatherer *w)
{
    struct json_node *root;

    if (w->has_tree || w->has_no_tree)
        return w->has_tree ? &w->tree : NULL;
    if (json_tree_parse(w->arena, w->at->event->record, &root, NULL) != JSON_OK) {
        w->has_no_tree = true; /* cannot be: extraction took it */
        return NULL;
    }
    event_tree_init_known(&w->tree, w->profiles, root, w->at->origin, w->at->profile);
    w->tree.transport = w->at->event->transport;
    w->has_tree = true;
    return &w->tree;
}

static struct str own_id(struct gatherer *w)
{
    const struct event_tree *tree = tree_of(w);

    return tree ? event_tree_id(w->arena, tree) : STR("");
}

/* The event's own id as a number; 0: it has none. */
uint64_t gather_event_id(struct gatherer *w)
{
    if (!w->has_event_id) {
        struct str id = own_id(w);
        w->event_id = id.n ? hash_bytes(id.p, id.n) | 1 : 0;
        w->has_event_id = true;
    }
    return w->event_id;
}

/* Who and what the event is about. */
size_t gather_entities(struct gatherer *w)
{
    if (!w->has_entities) {
        const struct event_tree *tree = tree_of(w);
        w->n_entities = tree ? event_entities(w->arena, tree, &w->entities) : 0;
        w->has_entities = true;
    }
    return w->n_entities;
}

/* Of the event's profile in namings and readers. */
static uint32_t profile_place(const struct gatherer *w)
{
    return w->at->profile ? w->at->profile->index : profile_count(w->profiles);
}

void gather_find_named(struct gatherer *w)
{
    uint32_t entity = UINT32_MAX;

    w->n_named = 0;
    for (const struct naming *e = w->namings[profile_place(w)]; e->field != FIELD_NONE; e++) {
        if (e->entity == entity)
            continue;
        const struct first_text *first = first_at(w, e->field, e->place);
        if (!first || !event_entity_says(first->text))
            continue;
        w->named[w->n_named++] = (struct named){e->name, first->text};
        if (w->n_named == CAPSULE_FIELDS)
            break;
        entity = e->entity;
    }
}

/* The part of its name that makes a finding this event's alone. */
struct str gather_sole_part(struct gatherer *w)
{
    struct str id = own_id(w);
    char hex[DIGEST_TEXT];

    if (id.n)
        return arena_printf(w->arena, "event:%.*s", (int)id.n, id.p);
    digest_sha256_hex(w->digest, w->at->event->record, hex);
    return arena_printf(w->arena, SOLE_RAW "%s", hex); /* the index: gathered_name() */
}

/* The key of the event's first entity, from what extraction has sliced out: as gather_entities()
 * has it. p NULL: there is none.
 */
static struct str find_first_key(struct gatherer *w)
{
    const struct event *event = w->at->event;
    uint32_t profile = profile_place(w);

    for (const struct naming *e = w->namings[profile]; e->field != FIELD_NONE; e++) {
        const struct first_text *first = first_at(w, e->field, e->place);
        for (uint32_t i = first ? first->at : event->n_values; i < event->n_values;
             i = next_of(event, e->field, i + 1)) {
            const struct event_value *v = &event->values[i];
            if (v->kind != JSON_STRING && v->kind != JSON_NUMBER)
                continue;
            struct str text = whole_text(w, v);
            if (event_entity_says(text))
                return event_entity_key(w->arena, w->readers[profile], e->entity, text);
        }
    }
    return (struct str){0};
}

/* Asked by each rule that matches the event. */
bool gather_first_entity(struct gatherer *w, struct str *key)
{
    if (!w->has_first_key)
        w->first_key = find_first_key(w);
    w->has_first_key = true;
    *key = w->first_key;
    return key->p != NULL;
}

/* extract_value.c - from the hits of a scan to the values of fields.
 *
 * A walk over the hits turns them into values by the profile's table. A field with one possible
 * source is taken as it comes, and so are own paths, as long as they all come nested, or all as one
 * key, and none of their rivals is met; others are ranked while walking, and only if a better
 * source showed up after a worse one the values are swept once more.
 *
 * Nothing is cleared per event but a few words: ranks carry the number of the event that
 * wrote them.
 */
#include "event/extract_impl.h"

#include "base/str.h"
#include "event/transport.h"

#include <string.h>

enum {
    NULL_RANK = 0x8000, /* added to a source of which only nulls were seen */
    NO_RANK = UINT16_MAX,
    VALUES_BLOCK = 8192 /* values of many events */
};

/* Make room for n more. An event's values lie in one piece of the batch's memory, where the next
 * event's will follow. */
static void values_reserve(struct extract_worker *w, size_t n)
{
    size_t needed = w->n_values + n;

    if (needed > w->sources_cap)
        extract_sources_grow(w, needed);
    if (needed <= w->values_cap)
        return;
    size_t cap = needed > VALUES_BLOCK / 2 ? 2 * needed : VALUES_BLOCK;
    struct event_value *values = arena_alloc(w->batch, cap * sizeof *values);
    if (w->n_values)
        memcpy(values, w->values, w->n_values * sizeof *values);
    w->values = values;
    w->values_cap = cap;
}

static inline struct event_value value_of(const struct json_hit *hit, uint32_t field)
{
    return (struct event_value){hit->p, hit->n, field, hit->kind, hit->flags};
}

static void put(struct extract_worker *w, uint32_t at, const struct json_hit *hit,
                const struct entry *e, uint16_t source)
{
    const struct value_map *map = w->treatments[e->treatment].map;

    w->sources[at] = source;
    w->values[at] = value_of(hit, e->target);
    if (!map || !extract_is_scalar(hit->kind))
        return;

    struct str text = extract_plain_text(w, (struct str){hit->p, hit->n}, hit->flags);
    struct str mapped = value_map_apply(map, text);
    if (mapped.p != text.p)
        w->values[at] =
            (struct event_value){mapped.p, (uint32_t)mapped.n, e->target, JSON_STRING, 0};
}

/* There is room for it: begin_values() has seen to that. */
static void push(struct extract_worker *w, const struct json_hit *hit, const struct entry *e,
                 uint16_t source)
{
    put(w, w->n_values++, hit, e, source);
}

static uint16_t source_of(const struct json_hit *hit, const struct entry *e)
{
    return (uint16_t)(e->source + (hit->is_flat ? 0 : e->nested_step));
}

/* The first value of a field that is met in the event. Its rank is as in take_ranked(). */
static inline void note_first(struct best *best, uint32_t epoch, const struct json_hit *hit,
                              uint16_t source, uint32_t at)
{
    unsigned rank = source + (hit->kind == JSON_NULL ? (unsigned)NULL_RANK : 0);

    *best = (struct best){epoch, (uint16_t)rank, true, at};
}

/* Take a value unless a better source is known. A null is kept even then: its source may
 * still turn out to be the best, by a value that follows. */
static void take_ranked(struct extract_worker *w, const struct json_hit *hit, const struct entry *e)
{
    struct best *best = &w->best[e->target];
    uint16_t source = source_of(hit, e);
    uint16_t rank = (uint16_t)(source + (hit->kind == JSON_NULL ? NULL_RANK : 0));

    if (best->epoch != w->epoch) {
        note_first(best, w->epoch, hit, source, w->n_values);
        push(w, hit, e, source);
        return;
    }
    if (rank < best->rank) {
        bool is_other = source != (best->rank & ~NULL_RANK);
        bool is_place = best->is_alone && !(best->rank & NULL_RANK);
        best->rank = rank;
        if (is_other && is_place) { /* the better one takes the place of the worse */
            put(w, best->at, hit, e, source);
            return;
        }
        w->has_conflict |= is_other;
    } else if (source != (best->rank & ~NULL_RANK)) {
        if (hit->kind != JSON_NULL)
            return;
        w->has_conflict = true;
    }
    best->is_alone = false;
    push(w, hit, e, source);
}

static void take_probe(struct extract_worker *w, const struct json_hit *hit, const struct entry *e)
{
    struct probe *probe = &w->probes[e->target];
    uint16_t rank = source_of(hit, e);

    if (hit->kind == JSON_NULL || rank > probe->rank)
        return;
    if (rank < probe->rank)
        *probe = (struct probe){.rank = rank};
    if (probe->has_value || !extract_is_scalar(hit->kind))
        return;
    probe->has_value = true;
    probe->flags = hit->flags;
    probe->text = (struct str){hit->p, hit->n};
}

static unsigned form_of(const struct json_hit *hit)
{
    return hit->is_flat ? FORM_FLAT : FORM_NESTED;
}

static void take_text(struct extract_worker *w, const struct json_hit *hit, const struct entry *e)
{
    if (e->kind == ENTRY_PROBE) {
        take_probe(w, hit, e);
    } else if (e->is_sole) {
        push(w, hit, e, e->source);
    } else if (e->is_own && !w->ranks_all) {
        w->forms |= form_of(hit);
        push(w, hit, e, e->source);
    } else {
        w->forms |= e->is_rival ? FORM_FLAT | FORM_NESTED : 0;
        take_ranked(w, hit, e);
    }
}

/* The values that the profile's steps make of a hit, if any. */
static void take_derived(struct extract_worker *w, const struct json_hit *hit,
                         const struct entry *e)
{
    struct str texts[DERIVE_VALUES_MAX];
    struct str text = extract_plain_text(w, (struct str){hit->p, hit->n}, hit->flags);
    size_t n = derive_apply(w->batch, w->treatments[e->treatment].derive, text, texts);

    values_reserve(w, w->n_hits_left + n);
    for (size_t i = 0; i < n; i++) {
        struct json_hit made = {.p = texts[i].p,
                                .n = (uint32_t)texts[i].n,
                                .slot = hit->slot,
                                .kind = JSON_STRING,
                                .is_flat = hit->is_flat};
        take_text(w, &made, e);
    }
}

static void take_embedded(struct extract_worker *w, const struct json_hit *hit)
{
    struct str text = str_trim((struct str){hit->p, hit->n});

    if (hit->kind == JSON_STRING && text.n > 1 && (text.p[0] == '{' || text.p[0] == '[') &&
        w->n_embedded < EMBEDDED_TEXTS_MAX)
        w->embedded[w->n_embedded++] = (struct str){hit->p, hit->n};
}

/* Keep only the values of each field's best source. */
static void sweep(struct extract_worker *w)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < w->n_values; i++) {
        const struct best *best = &w->best[w->values[i].field];
        if (best->epoch == w->epoch && w->sources[i] != (best->rank & ~NULL_RANK))
            continue;
        w->values[kept++] = w->values[i];
    }
    w->n_values = kept;
}

static void next_epoch(struct extract_worker *w)
{
    if (++w->epoch == 0) { /* once in 2^32 events */
        memset(w->best, 0, w->x->n_fields * sizeof *w->best);
        w->epoch = 1;
    }
}

static void take_entry(struct extract_worker *w, const struct json_hit *hit, const struct entry *e)
{
    if (e->kind == ENTRY_EMBEDDED)
        take_embedded(w, hit);
    else if (w->treatments[e->treatment].derive && extract_is_scalar(hit->kind))
        take_derived(w, hit, e);
    else
        take_text(w, hit, e);
}

static void begin_values(struct extract_worker *w, const struct reader *r, size_t n)
{
    next_epoch(w);
    w->n_values = 0;
    w->n_embedded = 0;
    w->has_conflict = false;
    w->forms = 0;
    w->treatments = r->treatments;
    for (uint32_t i = 0; i < r->n_inputs + r->n_times; i++)
        w->probes[i] = (struct probe){.rank = NO_RANK};
    values_reserve(w, n * r->values_per_hit + 1); /* values is never NULL */
}

/* All that the entries of a hit's slot ask for, from the first. What is plain is done here: values
 * go to *out, which is held in a register, since stores of values may alias w. Returns the place
 * behind the last. */
static inline struct event_value *take_hit(struct extract_worker *w, const struct json_hit *hit,
                                           const struct entry *e, struct event_value *out)
{
    for (;; e++) {
        struct best *best = &w->best[e->target];
        if (e->is_plain_own && !w->ranks_all) {
            w->forms |= form_of(hit);
            *out++ = value_of(hit, e->target);
        } else if (e->is_plain_ranked && best->epoch != w->epoch) {
            uint32_t at = (uint32_t)(out - w->values);
            uint16_t source = source_of(hit, e);
            note_first(best, w->epoch, hit, source, at);
            w->sources[at] = source;
            *out++ = value_of(hit, e->target);
        } else {
            w->n_values = (uint32_t)(out - w->values);
            take_entry(w, hit, e);
            out = w->values + w->n_values;
        }
        if (e->is_last)
            return out;
    }
}

static void take_hits(struct extract_worker *w, const struct reader *r, const struct json_hit *hits,
                      size_t n)
{
    uint32_t plain = w->ranks_all ? 0 : OWN_PATH;
    unsigned forms = 0;

    begin_values(w, r, n);
    struct event_value *out = w->values;
    for (const struct json_hit *hit = hits; hit < hits + n; hit++) {
        uint32_t at = r->first[hit->slot];
        if (at & PLAIN_FIELD) {
            *out++ = value_of(hit, at & ~PLAIN_FIELD);
        } else if (at & plain) {
            forms |= form_of(hit);
            *out++ = value_of(hit, r->entries[at & ~OWN_PATH].target);
        } else if (at) {
            w->n_hits_left = (size_t)(hits + n - hit) * r->values_per_hit;
            out = take_hit(w, hit, &r->entries[at & ~OWN_PATH], out);
        }
    }
    w->forms |= forms;
    w->n_values = (uint32_t)(out - w->values);
}

void extract_read_values(struct extract_worker *w, const struct reader *r,
                         const struct json_hit *hits, size_t n)
{
    w->ranks_all = false;
    take_hits(w, r, hits, n);
    if (w->forms == (FORM_FLAT | FORM_NESTED)) { /* perhaps one field by both: once more */
        w->ranks_all = true;
        take_hits(w, r, hits, n);
    }
    if (w->has_conflict)
        sweep(w);
}

static void add_constants(struct extract_worker *w, const struct constant_value *list, size_t n)
{
    values_reserve(w, n);
    for (size_t i = 0; i < n; i++)
        w->values[w->n_values++] = (struct event_value){list[i].value.p, (uint32_t)list[i].value.n,
                                                        list[i].field, JSON_STRING, 0};
}

static void add_transport(struct extract_worker *w)
{
    struct str rest = w->transport;
    struct constant_value v;
    struct str name;

    while (transport_next(&rest, &name, &v.value)) {
        v.field = field_find(w->x->fields, name);
        if (v.field != FIELD_NONE)
            add_constants(w, &v, 1);
    }
}

static bool is_part(const struct extract_worker *w, uint32_t i, uint32_t field)
{
    return w->values[i].field == field && extract_is_scalar(w->values[i].kind);
}

/* The field's scalar values as one text. */
static struct str join_texts(struct extract_worker *w, const struct joined_field *j, size_t bytes)
{
    char *out = arena_alloc(w->batch, bytes);
    size_t n = 0;
    bool is_first = true;

    for (uint32_t i = 0; i < w->n_values; i++) {
        const struct event_value *v = &w->values[i];
        unsigned ignored = 0;
        if (!is_part(w, i, j->field))
            continue;
        if (!is_first) {
            memcpy(out + n, j->with.p, j->with.n);
            n += j->with.n;
        }
        is_first = false;
        if (v->flags & JSON_ESCAPED) {
            n += json_unescape((struct str){v->p, v->n}, out + n, &ignored);
        } else if (v->n) {
            memcpy(out + n, v->p, v->n);
            n += v->n;
        }
    }
    return (struct str){out, n};
}

/* Several values of the field become one. */
static void join_field(struct extract_worker *w, const struct joined_field *j)
{
    size_t bytes = 0;
    uint32_t n = 0, kept = 0;

    for (uint32_t i = 0; i < w->n_values; i++)
        if (is_part(w, i, j->field)) {
            bytes += (size_t)w->values[i].n * 3 + j->with.n;
            n++;
        }
    if (n < 2)
        return;
    struct str text = join_texts(w, j, bytes);
    bool is_put = false;
    for (uint32_t i = 0; i < w->n_values; i++) {
        if (w->values[i].field != j->field)
            w->values[kept++] = w->values[i];
        else if (!is_put)
            w->values[kept++] =
                (struct event_value){text.p, (uint32_t)text.n, j->field, JSON_STRING, 0};
        is_put |= w->values[i].field == j->field;
    }
    w->n_values = kept;
}

void extract_add_values(struct extract_worker *w, const struct reader *r)
{
    for (size_t i = 0; i < r->n_joins; i++)
        join_field(w, &r->joins[i]);
    if (r->n_fixed)
        add_constants(w, r->fixed, r->n_fixed);
    add_constants(w, w->x->constants, w->x->n_constants);
    add_constants(w, w->pseudo, w->n_pseudo);
    if (w->transport.n)
        add_transport(w);
}

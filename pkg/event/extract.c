/* extract.c - from the bytes of a record to an event: the event path.
 *
 * One scan finds the hits of all profiles' paths. A first walk over the hits sets the bits of
 * the markers that were met, which gives the profile; a second walk turns hits into values by that
 * profile's table. A field with one possible source is taken as it comes, and so are own paths, as
 * long as they all come nested, or all as one key, and none of their rivals is met; others are
 * ranked while walking, and only if a better source showed up after a worse one the values are
 * swept once more. The logsource inputs then lead, through a small cache, to the shape.
 *
 * Nothing is cleared per event but a few words: ranks carry the number of the event that
 * wrote them.
 */
#include "event/extract.h"

#include "base/hash.h"
#include "base/str.h"
#include "event/decode.h"
#include "event/extractor.h"
#include "event/transport.h"
#include "base/time.h"

#include <stdlib.h>
#include <string.h>

enum {
    NULL_RANK = 0x8000, /* added to a source of which only nulls were seen */
    NO_RANK = UINT16_MAX,
    PROFILE_CACHE = 64,  /* marker bits -> profile */
    SHAPE_CACHE = 1024,  /* profile and logsource inputs -> shape */
    SHAPE_KEY_MAX = 200, /* longer inputs are worked out each time */
    VALUES_START = 256,
    EMBEDDED_TEXTS_MAX = 16, /* of a record; the rest stays text */
    EMBEDDED_ROUNDS_MAX = 2  /* JSON in JSON in JSON */
};

/* How a path is written: as one key, or as objects in objects. */
enum { FORM_FLAT = 1, FORM_NESTED = 2 };

/* The best source of a field in the event of that number. */
struct best {
    uint32_t epoch;
    uint16_t rank;
    bool is_alone; /* the field has one value so far */
    uint32_t at;   /* where it is */
};

/* A value that the extractor itself asks for: the first scalar of the best source. */
struct probe {
    uint16_t rank;
    bool has_value;
    uint8_t flags;
    struct str text;
};

struct profile_slot {
    uint64_t seen[MARKER_WORDS];
    uint32_t reader; /* index + 1; 0: free */
};

struct shape_slot {
    uint32_t n; /* bytes of key; 0: free */
    uint32_t shape;
    char key[SHAPE_KEY_MAX];
};

struct extract_worker {
    const struct extractor *x;
    struct json_scanner *scanner;
    struct arena *batch; /* values of the events handed out */
    struct arena *kept;  /* texts of shapes */

    struct event_value *values; /* of the event being read */
    uint16_t *sources;          /* where values[i] came from */
    uint32_t n_values, values_cap;
    bool has_conflict; /* some value has lost to a better source */
    bool ranks_all;    /* something may compete with own paths: they are ranked, too */
    unsigned forms;    /* of own paths met: FORM_FLAT, FORM_NESTED; both if a rival was */
    struct best *best; /* per field */
    uint32_t epoch;
    struct probe probes[PROBES_MAX];
    struct str embedded[EMBEDDED_TEXTS_MAX]; /* slices of the record that may be JSON */
    uint32_t n_embedded;
    size_t n_hits_left; /* room that the hits from the current one on may need */

    struct constant_value pseudo[PSEUDO_FIELDS_MAX];
    size_t n_pseudo;
    struct str transport; /* of the record at hand */

    struct shape shapes[SHAPES_MAX];
    struct {
        const struct reader *reader; /* NULL: nothing is remembered */
        uint32_t shape, n;
        char key[SHAPE_KEY_MAX];
    } last;                     /* the last event's source */
    bool no_leaves[SHAPES_MAX]; /* nobody asks about keywords of this shape */
    struct {
        extract_leaves_fn *fn; /* NULL: always */
        const void *context;
    } leaves_filter[SHAPES_MAX];
    bool leaves_guess;         /* the next event will want its leaves */
    uint32_t n_wanting_always; /* shapes that were said to want leaves, and have no filter */
    uint32_t n_shapes;
    uint64_t n_overflowed;
    struct profile_slot profile_cache[PROFILE_CACHE];
    struct shape_slot shape_cache[SHAPE_CACHE];
};

/* ---- life -------------------------------------------------------------------------- */

static void values_grow(struct extract_worker *w, uint32_t cap)
{
    w->values = realloc(w->values, cap * sizeof *w->values);
    w->sources = realloc(w->sources, cap * sizeof *w->sources);
    ASSERT(w->values && w->sources);
    w->values_cap = cap;
}

struct extract_worker *extract_worker_new(const struct extractor *x)
{
    struct extract_worker *w = calloc(1, sizeof *w);

    ASSERT(w);
    w->x = x;
    w->scanner = json_scanner_new();
    json_scan_remember(w->scanner, x->no_memo ? NULL : x->paths);
    w->batch = arena_new(0);
    w->kept = arena_new(0);
    w->best = calloc(x->n_fields, sizeof *w->best);
    ASSERT(w->best);
    w->leaves_guess = x->has_leaves;
    values_grow(w, VALUES_START);
    return w;
}

void extract_worker_free(struct extract_worker *w)
{
    if (!w)
        return;
    json_scanner_free(w->scanner);
    arena_free(w->batch);
    arena_free(w->kept);
    free(w->values);
    free(w->sources);
    free(w->best);
    free(w);
}

void extract_set_pseudo_fields(struct extract_worker *w, const struct constant_field *fields,
                               size_t n)
{
    w->n_pseudo = 0;
    for (size_t i = 0; i < n; i++) {
        ASSERT(field_is_pseudo(fields[i].name));
        uint32_t field = field_find(w->x->fields, fields[i].name);
        if (field == FIELD_NONE)
            continue;
        ASSERT(w->n_pseudo < PSEUDO_FIELDS_MAX);
        w->pseudo[w->n_pseudo++] = (struct constant_value){field, fields[i].value};
    }
}

void extract_set_transport(struct extract_worker *w, struct str packed)
{
    w->transport = packed;
}

void extract_batch_reset(struct extract_worker *w)
{
    arena_reset(w->batch);
}

/* ---- texts of hits -------------------------------------------------------------------- */

static bool is_scalar(uint8_t kind)
{
    return kind == JSON_STRING || kind == JSON_NUMBER || kind == JSON_TRUE || kind == JSON_FALSE;
}

/* The text without escapes and invalid bytes; in batch memory if there were any. */
static struct str plain_text(struct extract_worker *w, struct str text, uint8_t flags)
{
    unsigned ignored = 0;

    if (!(flags & JSON_ESCAPED))
        return text;
    char *out = arena_alloc(w->batch, text.n * 3);
    return (struct str){out, json_unescape(text, out, &ignored)};
}

/* ---- recognising the profile ------------------------------------------------------------ */

/* Marker bits met so far, and a hash of which they are: each bit counts once. */
struct seen {
    uint64_t bits[MARKER_WORDS];
    uint64_t hash;
};

static void see(struct seen *s, uint32_t bit)
{
    uint64_t mask = (uint64_t)1 << (bit % 64);

    s->hash ^= s->bits[bit / 64] & mask ? 0 : (bit + 1) * 0x9e3779b97f4a7c15;
    s->bits[bit / 64] |= mask;
}

static bool list_has(const struct str_list *list, struct str text)
{
    for (size_t i = 0; i < list->n; i++)
        if (list->items[i].n == text.n && str_eq_ci(list->items[i], text))
            return true;
    return false;
}

static void mark(struct extract_worker *w, const struct marker *m, const struct json_hit *hit,
                 struct seen *seen)
{
    if (hit->kind == JSON_NULL)
        return;
    if (m->has_exists)
        see(seen, m->exists_bit);
    if (!(hit->flags & JSON_ESCAPED) && !(m->lengths & marker_length(hit->n)))
        return;
    if (m->n_tests == 0 || !is_scalar(hit->kind))
        return;
    struct str text = plain_text(w, (struct str){hit->p, hit->n}, hit->flags);
    for (size_t i = 0; i < m->n_tests; i++)
        if ((m->tests[i].lengths & marker_length(text.n)) && list_has(&m->tests[i].values, text))
            see(seen, m->tests[i].bit);
}

static bool masks_hold(const struct marker_masks *m, const uint64_t *seen)
{
    bool has_any = !m->has_any;

    for (int i = 0; i < MARKER_WORDS; i++) {
        if ((seen[i] & m->all[i]) != m->all[i] || (seen[i] & m->none[i]))
            return false;
        has_any = has_any || (seen[i] & m->any[i]) || (~seen[i] & m->any_absent[i]);
    }
    return has_any;
}

static bool is_of(const struct reader *r, const uint64_t *seen)
{
    for (size_t i = 0; i < r->n_masks; i++)
        if (masks_hold(&r->masks[i], seen))
            return true;
    return false;
}

/* The first reader whose masks hold; the last one is the fallback and always does. */
static uint32_t find_reader(const struct extractor *x, const uint64_t *seen)
{
    uint32_t i = 0;

    while (i + 1 < x->n_readers && !is_of(&x->readers[i], seen))
        i++;
    return i;
}

static const struct reader *recognise(struct extract_worker *w, const struct json_hit *hits,
                                      size_t n)
{
    const struct extractor *x = w->x;
    struct seen seen = {0};

    if (x->pinned)
        return x->pinned;
    for (size_t i = 0; i < n; i++) {
        uint32_t marker = x->marker_of[hits[i].slot];
        if (marker)
            mark(w, &x->markers[marker - 1], &hits[i], &seen);
    }
    struct profile_slot *slot = &w->profile_cache[seen.hash >> 58];
    if (slot->reader == 0 || memcmp(slot->seen, seen.bits, sizeof seen.bits) != 0) {
        memcpy(slot->seen, seen.bits, sizeof seen.bits);
        slot->reader = find_reader(x, seen.bits) + 1;
    }
    return &x->readers[slot->reader - 1];
}

/* ---- values --------------------------------------------------------------------------------- */

/* Make room for n more. */
static void values_reserve(struct extract_worker *w, size_t n)
{
    uint32_t cap = w->values_cap;

    while (cap - w->n_values < n)
        cap *= 2;
    if (cap != w->values_cap)
        values_grow(w, cap);
}

static inline struct event_value value_of(const struct json_hit *hit, uint32_t field)
{
    return (struct event_value){hit->p, hit->n, field, hit->kind, hit->flags};
}

static void put(struct extract_worker *w, uint32_t at, const struct json_hit *hit,
                const struct entry *e, uint16_t source)
{
    w->sources[at] = source;
    w->values[at] = value_of(hit, e->target);
    if (!e->map || !is_scalar(hit->kind))
        return;

    struct str text = plain_text(w, (struct str){hit->p, hit->n}, hit->flags);
    struct str mapped = value_map_apply(e->map, text);
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

/* Take a value unless a better source is known. A null is kept even then: its source may
 * still turn out to be the best, by a value that follows. */
static void take_ranked(struct extract_worker *w, const struct json_hit *hit, const struct entry *e)
{
    struct best *best = &w->best[e->target];
    uint16_t source = source_of(hit, e);
    uint16_t rank = (uint16_t)(source + (hit->kind == JSON_NULL ? NULL_RANK : 0));

    if (best->epoch != w->epoch) {
        *best = (struct best){w->epoch, rank, true, w->n_values};
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
    if (probe->has_value || !is_scalar(hit->kind))
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
    struct str text = plain_text(w, (struct str){hit->p, hit->n}, hit->flags);
    size_t n = derive_apply(w->batch, e->derive, text, texts);

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

/* All that the entries of a hit's slot ask for, from the first. */
static void take_hit(struct extract_worker *w, const struct json_hit *hit, const struct entry *e)
{
    for (;; e++) {
        if (e->kind == ENTRY_EMBEDDED)
            take_embedded(w, hit);
        else if (e->derive && is_scalar(hit->kind))
            take_derived(w, hit, e);
        else
            take_text(w, hit, e);
        if (e->is_last)
            return;
    }
}

static void begin_values(struct extract_worker *w, const struct reader *r, size_t n)
{
    next_epoch(w);
    w->n_values = 0;
    w->n_embedded = 0;
    w->has_conflict = false;
    w->forms = 0;
    for (uint32_t i = 0; i < r->n_inputs + r->n_times; i++)
        w->probes[i] = (struct probe){.rank = NO_RANK};
    values_reserve(w, n * r->values_per_hit);
}

static void take_hits(struct extract_worker *w, const struct reader *r, const struct json_hit *hits,
                      size_t n)
{
    uint32_t plain = w->ranks_all ? 0 : OWN_PATH;
    unsigned forms = 0;

    begin_values(w, r, n);
    struct event_value *out = w->values; /* in a register: stores of values may alias w */
    for (const struct json_hit *hit = hits; hit < hits + n; hit++) {
        uint32_t at = r->first[hit->slot];
        if (at & PLAIN_FIELD) {
            *out++ = value_of(hit, at & ~PLAIN_FIELD);
        } else if (at & plain) {
            forms |= form_of(hit);
            *out++ = value_of(hit, r->entries[at & ~OWN_PATH].target);
        } else if (at) {
            w->n_values = (uint32_t)(out - w->values);
            w->n_hits_left = (size_t)(hits + n - hit) * r->values_per_hit;
            take_hit(w, hit, &r->entries[at & ~OWN_PATH]);
            out = w->values + w->n_values;
        }
    }
    w->forms |= forms;
    w->n_values = (uint32_t)(out - w->values);
}

static void read_values(struct extract_worker *w, const struct reader *r,
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

/* ---- shapes -------------------------------------------------------------------------------- */

static void keep_values(struct extract_worker *w, struct logsource_values *v)
{
    for (uint32_t i = 0; i < v->n; i++)
        v->values[i] = arena_str(w->kept, v->values[i]);
}

static bool shape_eq(const struct shape *a, const struct shape *b)
{
    return a->profile == b->profile && logsource_values_eq(&a->facts.product, &b->facts.product) &&
           logsource_values_eq(&a->facts.category, &b->facts.category) &&
           logsource_values_eq(&a->facts.service, &b->facts.service) &&
           stream_facts_cmp(&a->facts.streams, &b->facts.streams) == 0;
}

/* The last shape is kept for the events that find the table full. */
static uint32_t intern_shape(struct extract_worker *w, struct shape *shape)
{
    for (uint32_t i = 0; i < w->n_shapes; i++)
        if (shape_eq(&w->shapes[i], shape))
            return i;
    if (w->n_shapes >= SHAPES_MAX - 1) {
        w->shapes[SHAPES_MAX - 1] = (struct shape){0};
        w->n_shapes = SHAPES_MAX;
        w->n_overflowed++;
        return SHAPES_MAX - 1;
    }
    keep_values(w, &shape->facts.product);
    keep_values(w, &shape->facts.category);
    keep_values(w, &shape->facts.service);
    for (size_t i = 0; i < STREAM_SLOTS_MAX; i++)
        if (shape->facts.streams.slots[i].p)
            shape->facts.streams.slots[i] = arena_str(w->kept, shape->facts.streams.slots[i]);
    w->shapes[w->n_shapes] = *shape;
    return w->n_shapes++;
}

static uint32_t work_out_shape(struct extract_worker *w, const struct reader *r,
                               const struct str *inputs)
{
    struct shape shape = {.profile = r->is_fallback ? NULL : r->profile};

    if (!r->is_fallback)
        profile_facts(r->profile, inputs, &shape.facts);
    return intern_shape(w, &shape);
}

/* Inputs as one text: reader, then length and bytes of each. 0 if it is too long. */
static uint32_t shape_key(const struct extract_worker *w, const struct reader *r,
                          const struct str *inputs, char *key)
{
    uint32_t n = 2;
    uint16_t index = (uint16_t)(r - w->x->readers);

    memcpy(key, &index, sizeof index);
    for (uint32_t i = 0; i < r->n_inputs; i++) {
        if (inputs[i].n > SHAPE_KEY_MAX || n + 2 + inputs[i].n > SHAPE_KEY_MAX)
            return 0;
        key[n++] = (char)(inputs[i].p ? 1 : 0);
        key[n++] = (char)inputs[i].n;
        if (inputs[i].n)
            memcpy(key + n, inputs[i].p, inputs[i].n);
        n += (uint32_t)inputs[i].n;
    }
    return n;
}

static uint32_t find_shape_of_key(struct extract_worker *w, const struct reader *r,
                                  const struct str *inputs, struct str key)
{
    struct shape_slot *slot = &w->shape_cache[hash_bytes(key.p, key.n) % SHAPE_CACHE];

    if (slot->n == key.n && memcmp(slot->key, key.p, key.n) == 0) {
        w->n_overflowed += slot->shape == SHAPES_MAX - 1;
        return slot->shape;
    }
    uint32_t shape = work_out_shape(w, r, inputs);
    slot->n = (uint32_t)key.n;
    slot->shape = shape;
    memcpy(slot->key, key.p, key.n);
    return shape;
}

/* The memo of the event before: most events of a source follow one of their own shape. Its key
 * is as shape_key() writes it. */
static void keep_source(struct extract_worker *w, const struct reader *r, struct str key,
                        uint32_t shape)
{
    w->last.reader = r;
    w->last.shape = shape;
    w->last.n = (uint32_t)key.n;
    memcpy(w->last.key, key.p, key.n);
}

static bool is_last_source(const struct extract_worker *w, const struct reader *r,
                           const struct str *inputs)
{
    const char *key = w->last.key + 2;
    size_t left = w->last.n;

    if (w->last.reader != r)
        return false;
    left -= 2;
    for (uint32_t i = 0; i < r->n_inputs; i++) {
        size_t n = inputs[i].n;
        if (left < 2 + n || key[0] != (inputs[i].p != NULL) || (unsigned char)key[1] != n)
            return false;
        if (n && memcmp(key + 2, inputs[i].p, n) != 0)
            return false;
        key += 2 + n;
        left -= 2 + n;
    }
    return true;
}

static uint32_t find_shape(struct extract_worker *w, const struct reader *r)
{
    struct str inputs[SOURCE_INPUTS_MAX] = {0};
    char key[SHAPE_KEY_MAX];

    for (uint32_t i = 0; i < r->n_inputs; i++) {
        const struct probe *probe = &w->probes[i];
        if (r->inputs[i].p)
            inputs[i] = r->inputs[i];
        else if (probe->has_value)
            inputs[i] = plain_text(w, probe->text, probe->flags);
    }
    if (is_last_source(w, r, inputs))
        return w->last.shape;
    uint32_t n = shape_key(w, r, inputs, key);
    if (n == 0)
        return work_out_shape(w, r, inputs);
    uint32_t shape = find_shape_of_key(w, r, inputs, (struct str){key, n});
    if (!w->x->no_memo && shape != SHAPES_MAX - 1)
        keep_source(w, r, (struct str){key, n}, shape);
    return shape;
}

void extract_want_leaves(struct extract_worker *w, uint32_t shape, bool wants)
{
    ASSERT(shape < SHAPES_MAX);
    w->no_leaves[shape] = !wants;
    w->n_wanting_always += wants;
}

void extract_filter_leaves(struct extract_worker *w, uint32_t shape, extract_leaves_fn *fn,
                           const void *context)
{
    ASSERT(shape < SHAPES_MAX && !w->no_leaves[shape] && w->n_wanting_always > 0);
    w->leaves_filter[shape].fn = fn;
    w->leaves_filter[shape].context = context;
    w->n_wanting_always--;
}

uint32_t extract_shape_count(const struct extract_worker *w)
{
    return w->n_shapes;
}

const struct shape *extract_shape(const struct extract_worker *w, uint32_t shape)
{
    ASSERT(shape < SHAPES_MAX);
    return &w->shapes[shape];
}

uint64_t extract_shapes_overflowed(const struct extract_worker *w)
{
    return w->n_overflowed;
}

/* ---- time ---------------------------------------------------------------------------------- */

static void find_time(struct extract_worker *w, const struct reader *r, struct event *out)
{
    out->time_text = (struct str){0};
    out->time_ms = 0;
    out->time_rule = 0;
    out->has_time = false;
    out->record_ms = INT64_MIN;
    for (uint32_t i = 0; i < r->n_times && !out->has_time; i++) {
        const struct probe *probe = &w->probes[r->n_inputs + i];
        if (!probe->has_value)
            continue;
        struct str text = plain_text(w, probe->text, probe->flags);
        out->has_time = time_parse_ms(text, &out->time_ms);
        if (!out->has_time && out->time_text.p)
            continue;
        out->time_text = text;
        out->time_rule = (uint8_t)i;
    }
}

bool extract_time_ms(const struct extract_worker *w, const struct event *e, int64_t *ms)
{
    (void)w;
    if (e->has_time)
        *ms = e->time_ms;
    return e->has_time;
}

/* ---- one event ----------------------------------------------------------------------------- */

/* ---- texts that are JSON themselves -------------------------------------------------------- */

/* The text without its escapes if that is a whole JSON document; p NULL if not. */
static struct str document_in(struct extract_worker *w, struct str text)
{
    enum json_reason reason;
    unsigned ignored = 0;
    char *out = arena_alloc(w->batch, text.n * 3);
    struct str plain = str_trim((struct str){out, json_unescape(text, out, &ignored)});

    if (plain.n == 0 || (plain.p[0] != '{' && plain.p[0] != '['))
        return (struct str){0};
    return json_document_length(plain, &reason) == plain.n ? plain : (struct str){0};
}

/* The record with the documents in place of the texts that hold them; the same if there are none.
 * Texts are in document order, each between its quotes. */
static struct str put_in_place(struct extract_worker *w, struct str record)
{
    struct str documents[EMBEDDED_TEXTS_MAX];
    size_t total = record.n, n = 0;
    const char *from = record.p;

    for (uint32_t i = 0; i < w->n_embedded; i++) {
        documents[i] = document_in(w, w->embedded[i]);
        total += documents[i].n;
    }
    char *out = arena_alloc(w->batch, total);
    for (uint32_t i = 0; i < w->n_embedded; i++) {
        if (!documents[i].p)
            continue;
        size_t before = (size_t)(w->embedded[i].p - 1 - from);
        memcpy(out + n, from, before);
        memcpy(out + n + before, documents[i].p, documents[i].n);
        n += before + documents[i].n;
        from = w->embedded[i].p + w->embedded[i].n + 1;
    }
    if (from == record.p)
        return record;
    size_t rest = (size_t)(record.p + record.n - from);
    memcpy(out + n, from, rest);
    return (struct str){out, n + rest};
}

/* Everything about the hits but their values as they are handed out. */
static const struct reader *read_hits(struct extract_worker *w)
{
    size_t n;
    const struct json_hit *hits = json_scan_hits(w->scanner, &n);
    const struct reader *r = recognise(w, hits, n);

    read_values(w, r, hits, n);
    return r;
}

/* Scan without knowing yet whether the shape wants the string leaves: the last event's shape is the
 * guess; without a memo it is yes if any shape wants them whatever is in its records. *has_leaves
 * says what was done. */
static enum json_reason scan(struct extract_worker *w, struct str record, bool *has_leaves)
{
    *has_leaves = w->leaves_guess;
    json_scan_want_leaves(w->scanner, *has_leaves);
    enum json_reason reason = json_scan(w->scanner, w->x->paths, record, NULL);
    if (reason != JSON_TOO_MANY_VALUES || !*has_leaves)
        return reason;
    /* Perhaps it is only the leaves, and the shape can do without them. */
    *has_leaves = false;
    json_scan_want_leaves(w->scanner, false);
    return json_scan_again(w->scanner, w->x->paths, record);
}

/* The event's shape wants leaves: once more with them. */
static enum json_reason add_leaves(struct extract_worker *w, struct str record)
{
    json_scan_want_leaves(w->scanner, true);
    enum json_reason reason = json_scan_again(w->scanner, w->x->paths, record);
    if (reason == JSON_OK)
        (void)read_hits(w);
    return reason;
}

static bool is_part(const struct extract_worker *w, uint32_t i, uint32_t field)
{
    return w->values[i].field == field && is_scalar(w->values[i].kind);
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

static void hand_out_values(struct extract_worker *w, const struct reader *r, struct event *out)
{
    for (size_t i = 0; i < r->n_joins; i++)
        join_field(w, &r->joins[i]);
    if (r->n_fixed)
        add_constants(w, r->fixed, r->n_fixed);
    add_constants(w, w->x->constants, w->x->n_constants);
    add_constants(w, w->pseudo, w->n_pseudo);
    if (w->transport.n)
        add_transport(w);
    out->transport = w->transport;
    struct event_value *values = arena_alloc(w->batch, w->n_values * sizeof *values);
    memcpy(values, w->values, w->n_values * sizeof *values);
    out->values = values;
    out->n_values = w->n_values;
}

/* What was scanned has texts that may be JSON: scan it again with these put in place. It may then
 * be of another profile. */
static enum json_reason scan_embedded(struct extract_worker *w, const struct reader **r,
                                      struct str *record, bool *has_leaves)
{
    for (int round = 0; round < EMBEDDED_ROUNDS_MAX && w->n_embedded > 0; round++) {
        struct str whole = put_in_place(w, *record);
        if (whole.p == record->p)
            break;
        enum json_reason reason = scan(w, whole, has_leaves);
        if (reason != JSON_OK)
            return reason;
        *record = whole;
        *r = read_hits(w);
    }
    return JSON_OK;
}

/* Do the rules that see the shape want the leaves of this record? */
static bool asks_leaves(const struct extract_worker *w, uint32_t shape, struct str record)
{
    if (!w->x->has_leaves || w->no_leaves[shape])
        return false;
    return !w->leaves_filter[shape].fn ||
           w->leaves_filter[shape].fn(w->leaves_filter[shape].context, record);
}

/* The event that was just scanned. Fails if its leaves are wanted, but too many. */
static enum event_reject make_event(struct extract_worker *w, struct str record, bool has_leaves,
                                    struct event_ref ref, struct event *out)
{
    const struct reader *r = read_hits(w);

    if (w->n_embedded > 0) {
        enum json_reason scanned = scan_embedded(w, &r, &record, &has_leaves);
        if (scanned != JSON_OK)
            return event_reject_of(scanned);
    }
    uint32_t shape = find_shape(w, r);
    bool wants_leaves = asks_leaves(w, shape, record);
    enum json_reason reason = JSON_OK;

    if (wants_leaves && !has_leaves)
        reason = add_leaves(w, record);
    w->leaves_guess = w->x->no_memo ? w->n_wanting_always > 0 : wants_leaves;
    if (reason != JSON_OK)
        return event_reject_of(reason);
    out->ref = ref;
    out->record = record;
    out->shape = shape;
    out->has_no_leaves = !wants_leaves;
    hand_out_values(w, r, out);
    find_time(w, r, out);
    return EVENT_OK;
}

enum event_reject extract_event(struct extract_worker *w, struct str record, struct event_ref ref,
                                struct event *out)
{
    bool has_leaves;
    enum json_reason reason = scan(w, record, &has_leaves);

    if (reason != JSON_OK)
        return event_reject_of(reason);
    return make_event(w, record, has_leaves, ref, out);
}

bool extract_whole(struct extract_worker *w, const struct profile_set *profiles, struct str record,
                   struct event_ref ref, struct event *out)
{
    bool has_leaves;

    if (scan(w, record, &has_leaves) != JSON_OK ||
        (json_scan_has_array(w->scanner) && decode_is_envelope(profiles, record)))
        return false;
    return make_event(w, record, has_leaves, ref, out) == EVENT_OK;
}

bool extract_line(struct extract_worker *w, const struct profile_set *profiles, struct str text,
                  struct event_ref ref, struct event *out)
{
    bool has_leaves = w->leaves_guess;
    struct str line;

    json_scan_want_leaves(w->scanner, has_leaves);
    if (!json_scan_line(w->scanner, w->x->paths, text, &line) ||
        (json_scan_has_array(w->scanner) && decode_is_envelope(profiles, line)))
        return false;
    /* The caller goes on behind the event's record: that must be the line itself. */
    return make_event(w, line, has_leaves, ref, out) == EVENT_OK && out->record.p == line.p;
}

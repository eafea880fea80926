/* extract_shape.c - which shape an event is of: its profile and what its logsource inputs say.
 *
 * The inputs lead, through a small cache, to the number of the shape; the last event's inputs are
 * tried before.
 */
#include "event/extract_impl.h"

#include "base/hash.h"

#include <string.h>

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

uint32_t extract_find_shape(struct extract_worker *w, const struct reader *r)
{
    struct str inputs[SOURCE_INPUTS_MAX] = {0};
    char key[SHAPE_KEY_MAX];

    for (uint32_t i = 0; i < r->n_inputs; i++) {
        const struct probe *probe = &w->probes[i];
        if (r->inputs[i].p)
            inputs[i] = r->inputs[i];
        else if (probe->has_value)
            inputs[i] = extract_plain_text(w, probe->text, probe->flags);
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

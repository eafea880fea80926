/* small_table.c - two choices by the halves of one 48-bit name; both can be told from the record,
 * so that a bucket can be split. Invariant: a record lies in one of its two buckets. */
#include "state/small_table.h"

#include <stdlib.h>
#include <string.h>

enum {
    BUCKETS_IN_SEGMENT = SMALL_SEGMENT_BYTES / (SMALL_BUCKET * (int)sizeof(struct small_record)),
    CROWDED_PERCENT = 80, /* then another segment is asked for */
    EASY_PERCENT = 50,
    DISPLACE = 1 /* with 0 one record in a hundred finds no place at 80 percent */
};
#define TIME_ZERO ((uint64_t)1 << 47) /* times are kept from -2^47 to 2^47 - 1 */

typedef struct small_record small_bucket[SMALL_BUCKET];

void small_table_release(struct small_table *t)
{
    for (uint32_t i = 0; i < t->n_segments; i++)
        free(t->segments[i]);
    free(t->segments);
    *t = (struct small_table){0};
}

static small_bucket *new_segment(void)
{
    small_bucket *s = aligned_alloc(64, SMALL_SEGMENT_BYTES);

    ASSERT(s);
    memset(s, 0, SMALL_SEGMENT_BYTES);
    return s;
}

void small_table_copy(struct small_table *to, const struct small_table *from)
{
    *to = *from;
    if (!from->cap_segments)
        return;
    to->segments = reallocarray(NULL, from->cap_segments, sizeof(*to->segments));
    ASSERT(to->segments);
    for (uint32_t i = 0; i < from->n_segments; i++) {
        to->segments[i] = new_segment();
        memcpy(to->segments[i], from->segments[i], SMALL_SEGMENT_BYTES);
    }
}

static uint64_t name_of_key(const struct state_key *key)
{
    uint64_t x = 0;

    memcpy(&x, key->bytes + 10, 6);
    return x ? x : 1;
}

static inline uint64_t name_of(const struct small_record *r)
{
    return r->name_time >> 16;
}

static inline uint64_t raw_time(const struct small_record *r)
{
    return (r->name_time & 0xffff) << 32 | r->time_value >> 32;
}

static uint64_t raw_of(int64_t t_ms)
{
    const int64_t edge = (int64_t)1 << 47;

    t_ms = t_ms < -edge ? -edge : t_ms > edge - 1 ? edge - 1 : t_ms;
    return (uint64_t)t_ms + TIME_ZERO;
}

/* Of a hash: bits 31 and 30 and bit `k` are the first three of a fraction, bits 0 to k - 1 the
 * group. What follows in the fraction only has to be the same each time. */
struct shape {
    uint32_t k;      /* 2^k groups */
    uint32_t g;      /* buckets of a group that was not expanded yet */
    uint32_t groups; /* that have g + 1 */
};

static inline struct shape shape_of(uint32_t n_buckets)
{
    uint32_t k = 31 - (uint32_t)__builtin_clz(n_buckets / SMALL_GROUP);

    return (struct shape){k, n_buckets >> k, n_buckets & ((1u << k) - 1)};
}

static inline uint32_t place_in(struct shape s, uint32_t hash)
{
    uint32_t group = hash & ((1u << s.k) - 1), rest = (hash & 0x3fffffff) >> s.k;
    uint32_t g = s.g + (group < s.groups);
    /* 13 bits: two, one, and ten more */
    uint32_t fraction = hash >> 30 << 11 | (rest & 1) << 10 | (rest >> 1 & 0x3ff);

    return (fraction * g >> 13 << s.k) + group;
}

static inline uint32_t place(uint32_t hash, uint32_t n_buckets)
{
    return place_in(shape_of(n_buckets), hash);
}

static inline uint32_t first_hash(uint64_t name)
{
    return (uint32_t)name;
}

static inline uint32_t second_hash(uint64_t name)
{
    return (uint32_t)((name * 0x9e3779b97f4a7c15U) >> 32);
}

static inline small_bucket *bucket(const struct small_table *t, uint32_t i)
{
    return &t->segments[i / BUCKETS_IN_SEGMENT][i % BUCKETS_IN_SEGMENT];
}

static struct small_record *find_in(const struct small_table *t, uint32_t i, uint64_t name)
{
    small_bucket *b = bucket(t, i);

    for (int k = 0; k < SMALL_BUCKET; k++)
        if (name_of(&(*b)[k]) == name)
            return &(*b)[k];
    return NULL;
}

static struct small_record *find(const struct small_table *t, uint64_t name)
{
    struct small_record *r = find_in(t, place(first_hash(name), t->n_buckets), name);

    return r ? r : find_in(t, place(second_hash(name), t->n_buckets), name);
}

bool small_table_take(struct small_table *t, const struct state_key *key, int64_t *t_ms,
                      uint32_t *value)
{
    struct small_record *r = t->n ? find(t, name_of_key(key)) : NULL;

    if (!r)
        return false;
    *t_ms = (int64_t)(raw_time(r) - TIME_ZERO);
    *value = (uint32_t)r->time_value;
    *r = (struct small_record){0};
    t->n--;
    return true;
}

bool small_table_peek(const struct small_table *t, const struct state_key *key, int64_t *t_ms,
                      uint32_t *value)
{
    const struct small_record *r = t->n ? find(t, name_of_key(key)) : NULL;

    if (!r)
        return false;
    *t_ms = (int64_t)(raw_time(r) - TIME_ZERO);
    *value = (uint32_t)r->time_value;
    return true;
}

void small_table_each(const struct small_table *t, small_record_fn *fn, void *context)
{
    for (uint32_t i = 0; i < t->n_buckets; i++)
        for (int k = 0; k < SMALL_BUCKET; k++)
            if (name_of(&(*bucket(t, i))[k]))
                fn(context, &(*bucket(t, i))[k]);
}

uint64_t small_table_wants(const struct small_table *t)
{
    return t->n_buckets == t->n_segments * BUCKETS_IN_SEGMENT ? SMALL_SEGMENT_BYTES : 0;
}

bool small_table_is_crowded(const struct small_table *t)
{
    /* Room that is there already is used early: fewer records meet full buckets. */
    uint64_t percent = small_table_wants(t) ? CROWDED_PERCENT : EASY_PERCENT;

    return t->n * 100 >= (uint64_t)t->n_buckets * SMALL_BUCKET * percent;
}

static void add_segment(struct small_table *t)
{
    if (t->n_segments == t->cap_segments) {
        t->cap_segments = t->cap_segments ? t->cap_segments * 2 : 16;
        t->segments = reallocarray(t->segments, t->cap_segments, sizeof(*t->segments));
        ASSERT(t->segments);
    }
    t->segments[t->n_segments++] = new_segment();
}

static struct small_record *empty_in(small_bucket *b)
{
    for (int k = 0; k < SMALL_BUCKET; k++)
        if (!name_of(&(*b)[k]))
            return &(*b)[k];
    return NULL;
}

/* The bucket of a record's other choice, if it lies in bucket `at`. */
static uint32_t other_place(const struct small_table *t, const struct small_record *r, uint32_t at)
{
    uint32_t first = place(first_hash(name_of(r)), t->n_buckets);

    return first == at ? place(second_hash(name_of(r)), t->n_buckets) : first;
}

/* Make an empty place in bucket `at` by sending one of its records to its other bucket; if all of
 * those are full, one of them is asked in turn (`more` times). */
static struct small_record *displace(struct small_table *t, uint32_t at, int more)
{
    small_bucket *b = bucket(t, at);

    for (int turn = 0; turn <= more; turn++)
        for (int k = 0; k < SMALL_BUCKET; k++) {
            uint32_t other = other_place(t, &(*b)[k], at);
            if (other == at)
                continue;
            struct small_record *to =
                turn == 0 ? empty_in(bucket(t, other)) : displace(t, other, more - 1);
            if (!to)
                continue;
            *to = (*b)[k];
            (*b)[k] = (struct small_record){0};
            return &(*b)[k];
        }
    return NULL;
}

/* Any place for a record that is in no bucket. */
static struct small_record *find_room(struct small_table *t, uint64_t name)
{
    uint32_t first = place(first_hash(name), t->n_buckets);
    uint32_t second = place(second_hash(name), t->n_buckets);
    struct small_record *r = empty_in(bucket(t, first));

    if (!r)
        r = empty_in(bucket(t, second));
    if (!r)
        r = displace(t, first, DISPLACE);
    return r ? r : displace(t, second, DISPLACE);
}

/* Take the records of the group's g buckets that move, and find places for them. */
static uint64_t spread(struct small_table *t, struct shape was, uint32_t group)
{
    struct small_record moved[2 * SMALL_GROUP * SMALL_BUCKET];
    size_t n = 0;
    uint64_t lost = 0;

    for (uint32_t j = 0; j <= was.g; j++)
        PREFETCH_WRITE(bucket(t, (j << was.k) + group));
    for (uint32_t j = 0; j < was.g; j++) {
        uint32_t at = (j << was.k) + group;
        for (int k = 0; k < SMALL_BUCKET; k++) {
            struct small_record *r = &(*bucket(t, at))[k];
            uint64_t name = name_of(r);
            if (!name || place(first_hash(name), t->n_buckets) == at ||
                place(second_hash(name), t->n_buckets) == at)
                continue;
            moved[n++] = *r;
            *r = (struct small_record){0};
        }
    }
    for (size_t i = 0; i < n; i++) {
        struct small_record *r = find_room(t, name_of(&moved[i]));
        if (r)
            *r = moved[i];
        else
            lost++;
    }
    t->n -= lost;
    return lost;
}

uint64_t small_table_grow(struct small_table *t)
{
    if (small_table_wants(t))
        add_segment(t);
    if (t->n_buckets == 0) {
        t->n_buckets = SMALL_GROUP;
        return 0;
    }
    struct shape was = shape_of(t->n_buckets++);
    return spread(t, was, was.groups);
}

struct choice {
    struct small_record *empty, *oldest;
    int n_empty;
};

static struct choice look(small_bucket *b, uint64_t dead, uint64_t *n)
{
    struct choice c = {NULL, &(*b)[0], 0};

    for (int k = 0; k < SMALL_BUCKET; k++) {
        struct small_record *r = &(*b)[k];
        if (name_of(r) && raw_time(r) <= dead) {
            *r = (struct small_record){0};
            (*n)--;
        }
        if (!name_of(r)) {
            c.empty = r;
            c.n_empty++;
        }
        if (raw_time(r) < raw_time(c.oldest))
            c.oldest = r;
    }
    return c;
}

static bool put(struct small_table *t, struct small_record r, uint64_t dead)
{
    uint32_t first = place(first_hash(name_of(&r)), t->n_buckets);
    uint32_t second = place(second_hash(name_of(&r)), t->n_buckets);
    struct choice a = look(bucket(t, first), dead, &t->n);
    struct choice b = look(bucket(t, second), dead, &t->n);

    struct small_record *to = a.n_empty >= b.n_empty ? a.empty : b.empty;
    if (!to)
        to = displace(t, first, DISPLACE);
    if (!to)
        to = displace(t, second, DISPLACE);
    if (to) {
        *to = r;
        t->n++;
        return true;
    }
    *(raw_time(a.oldest) <= raw_time(b.oldest) ? a.oldest : b.oldest) = r;
    return false;
}

bool small_table_put(struct small_table *t, const struct state_key *key, int64_t t_ms,
                     uint32_t value, int64_t dead_ms)
{
    uint64_t time = raw_of(t_ms);
    struct small_record r = {name_of_key(key) << 16 | time >> 32, time << 32 | value};

    /* Nothing is dead when the watermark is not known: raw 0 is the beginning of time. */
    return put(t, r, raw_of(dead_ms));
}

/* Take the records of the group's g + 1 buckets whose place is another one with one bucket less,
 * and put them anew: the way of spread() backwards. */
uint64_t small_table_shrink(struct small_table *t)
{
    struct small_record moved[2 * SMALL_GROUP * SMALL_BUCKET];
    size_t n = 0;
    uint64_t lost = t->n;

    if (t->n_buckets <= SMALL_GROUP) {
        small_table_release(t);
        return lost;
    }
    struct shape is = shape_of(--t->n_buckets);
    for (uint32_t j = 0; j <= is.g; j++) {
        uint32_t at = (j << is.k) + is.groups;
        for (int k = 0; k < SMALL_BUCKET; k++) {
            struct small_record *r = &(*bucket(t, at))[k];
            uint64_t name = name_of(r);
            if (!name || place(first_hash(name), t->n_buckets) == at ||
                place(second_hash(name), t->n_buckets) == at)
                continue;
            moved[n++] = *r;
            *r = (struct small_record){0};
        }
    }
    t->n -= n;
    for (size_t i = 0; i < n; i++)
        (void)put(t, moved[i], 0);
    if (t->n_buckets % BUCKETS_IN_SEGMENT == 0)
        free(t->segments[--t->n_segments]);
    return lost - t->n;
}

bool small_table_put_record(struct small_table *t, struct small_record r)
{
    return put(t, r, 0);
}

uint64_t small_table_sweep(struct small_table *t, uint32_t n, int64_t dead_ms)
{
    uint64_t was = t->n;

    if (t->n == 0) {
        small_table_release(t);
        return 0;
    }
    for (uint32_t i = 0; i < n; i++) {
        t->hand = t->hand + 1 < t->n_buckets ? t->hand + 1 : 0;
        look(bucket(t, t->hand), raw_of(dead_ms), &t->n);
    }
    return was - t->n;
}

uint64_t small_table_bytes(const struct small_table *t)
{
    return (uint64_t)t->n_segments * SMALL_SEGMENT_BYTES;
}

void small_table_prefetch(const struct small_table *t, const struct state_key *key)
{
    if (!t->n)
        return;
    uint64_t name = name_of_key(key);
    PREFETCH(bucket(t, place(first_hash(name), t->n_buckets)));
    PREFETCH(bucket(t, place(second_hash(name), t->n_buckets)));
}

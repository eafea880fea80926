/* exact.c - open addressing, at most half full; a slot keeps 32 bits of the hash so that a miss
 * (by far the most common answer) touches one cache line and no text. Most misses are told before
 * any hash, by length and ends that no text of the table has. */
#include "match/exact.h"

#include "base/hash.h"
#include "base/str.h"

#include <string.h>

enum { LENGTHS = 64 };

struct slot {
    uint32_t tag;   /* high bits of the hash; 0 only when empty */
    uint32_t entry; /* index into entries */
};

struct exact_table {
    const struct slot *slots;
    const struct exact_entry *entries;
    uint64_t mask;
    size_t text_max;        /* longer values cannot be in the table */
    uint64_t ends[LENGTHS]; /* by length: which first and last bytes there are */
};

static uint64_t ends_of(struct str text)
{
    unsigned first = text.n ? (unsigned char)text.p[0] : 0;
    unsigned last = text.n ? (unsigned char)text.p[text.n - 1] : 0;

    return 1ull << ((first + 5 * last) % 64);
}

static uint32_t tag_of(uint64_t hash)
{
    return (uint32_t)(hash >> 32) | 1;
}

const struct exact_table *exact_new(struct arena *a, const struct exact_entry *entries, size_t n)
{
    struct exact_table *t = ARENA_NEW(a, struct exact_table);
    struct exact_entry *copy = ARENA_ARRAY(a, n, struct exact_entry);
    uint64_t size = 2;
    size_t bytes = 0, filled = 0;

    while (size < 2 * n)
        size *= 2;
    struct slot *slots = ARENA_ARRAY(a, size, struct slot);
    for (size_t i = 0; i < n; i++)
        bytes += entries[i].text.n;
    char *texts =
        arena_alloc(a, bytes + 1); /* one behind the other: a small table is in few lines */
    t->mask = size - 1;
    for (size_t i = 0; i < n; i++) {
        uint64_t hash = hash_str(entries[i].text);
        uint64_t at = hash & t->mask;
        while (slots[at].tag)
            at = (at + 1) & t->mask;
        slots[at] = (struct slot){tag_of(hash), (uint32_t)i};
        copy[i] = (struct exact_entry){{texts + filled, entries[i].text.n}, entries[i].id};
        if (entries[i].text.n)
            memcpy(texts + filled, entries[i].text.p, entries[i].text.n);
        filled += entries[i].text.n;
        t->ends[entries[i].text.n % LENGTHS] |= ends_of(entries[i].text);
        if (entries[i].text.n > t->text_max)
            t->text_max = entries[i].text.n;
    }
    t->slots = slots;
    t->entries = copy;
    return t;
}

uint32_t exact_find(const struct exact_table *t, struct str text)
{
    if (text.n > t->text_max || !(t->ends[text.n % LENGTHS] & ends_of(text)))
        return EXACT_NONE;
    uint64_t hash = hash_str(text);
    uint32_t tag = tag_of(hash);
    for (uint64_t at = hash & t->mask; t->slots[at].tag; at = (at + 1) & t->mask) {
        const struct exact_entry *e = &t->entries[t->slots[at].entry];
        if (t->slots[at].tag == tag && str_eq(e->text, text))
            return e->id;
    }
    return EXACT_NONE;
}

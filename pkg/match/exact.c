/* exact.c - open addressing, at most half full. Short texts lie in the slots themselves, as two
 * words that their bytes fill: no text is touched, and nothing is called. For longer ones a slot
 * keeps 32 bits of the hash so that a miss (by far the most common answer) touches one cache line.
 * Most misses are told before any hash, by length and ends that no text of the table has.
 */
#include "match/exact.h"

#include "base/hash.h"
#include "base/load.h"
#include "base/str.h"
#include "match/fold.h"

#include <string.h>

enum { LENGTHS = 64, SHORT_MAX = 16 };

/* A text of at most SHORT_MAX bytes: with its length these tell it from all others. */
struct words {
    uint64_t head, tail;
};

struct short_slot {
    struct words words;
    uint32_t n; /* bytes of the text + 1; 0 only when empty */
    uint32_t id;
};

struct slot {
    uint32_t tag;   /* high bits of the hash; 0 only when empty */
    uint32_t entry; /* index into entries */
};

struct exact_table {
    const struct short_slot *shorts;
    const struct slot *slots; /* of longer texts */
    const struct exact_entry *entries;
    uint64_t short_mask, mask;
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

/* Loads that overlap: every byte is in one of them. */
static struct words words_of(struct str s)
{
    if (s.n >= 8)
        return (struct words){load64(s.p), load64(s.p + s.n - 8)};
    if (s.n >= 4)
        return (struct words){load32(s.p), load32(s.p + s.n - 4)};
    if (s.n == 0)
        return (struct words){0, 0};
    return (struct words){(unsigned char)s.p[0] | (uint64_t)(unsigned char)s.p[s.n / 2] << 8,
                          (unsigned char)s.p[s.n - 1]};
}

static uint64_t short_hash(struct words w, size_t n)
{
    uint64_t h = (w.head ^ n * 0x9e3779b97f4a7c15u) * 0xff51afd7ed558ccdu;

    h = ((h ^ h >> 32) + w.tail) * 0xc4ceb9fe1a85ec53u;
    return h >> 32;
}

static uint64_t size_for(size_t n)
{
    uint64_t size = 2;

    while (size < 2 * n)
        size *= 2;
    return size;
}

static void put_short(const struct exact_table *t, struct short_slot *shorts,
                      const struct exact_entry *e)
{
    struct words w = words_of(e->text);
    uint64_t at = short_hash(w, e->text.n) & t->short_mask;

    while (shorts[at].n)
        at = (at + 1) & t->short_mask;
    shorts[at] = (struct short_slot){w, (uint32_t)e->text.n + 1, e->id};
}

static void put_long(const struct exact_table *t, struct slot *slots, const struct exact_entry *e,
                     uint32_t entry)
{
    uint64_t hash = hash_str(e->text), at = hash & t->mask;

    while (slots[at].tag)
        at = (at + 1) & t->mask;
    slots[at] = (struct slot){tag_of(hash), entry};
}

const struct exact_table *exact_new(struct arena *a, const struct exact_entry *entries, size_t n)
{
    struct exact_table *t = ARENA_NEW(a, struct exact_table);
    size_t n_shorts = 0;

    for (size_t i = 0; i < n; i++)
        n_shorts += entries[i].text.n <= SHORT_MAX;
    t->short_mask = size_for(n_shorts) - 1;
    t->mask = size_for(n - n_shorts) - 1;
    struct short_slot *shorts = ARENA_ARRAY(a, t->short_mask + 1, struct short_slot);
    struct slot *slots = ARENA_ARRAY(a, t->mask + 1, struct slot);
    struct exact_entry *copy = ARENA_ARRAY(a, n - n_shorts, struct exact_entry);
    for (size_t i = 0, k = 0; i < n; i++) {
        struct str text = entries[i].text;
        if (text.n <= SHORT_MAX) {
            put_short(t, shorts, &entries[i]);
        } else {
            copy[k] = entries[i];
            put_long(t, slots, &entries[i], (uint32_t)k++);
        }
        t->ends[text.n % LENGTHS] |= ends_of(text);
        t->text_max = text.n > t->text_max ? text.n : t->text_max;
    }
    t->shorts = shorts;
    t->slots = slots;
    t->entries = copy;
    return t;
}

static uint32_t find_short(const struct exact_table *t, struct words w, size_t n)
{
    for (uint64_t at = short_hash(w, n) & t->short_mask; t->shorts[at].n;
         at = (at + 1) & t->short_mask) {
        const struct short_slot *s = &t->shorts[at];
        if (s->words.head == w.head && s->words.tail == w.tail && s->n == n + 1)
            return s->id;
    }
    return EXACT_NONE;
}

static uint32_t find_long(const struct exact_table *t, struct str text)
{
    uint64_t hash = hash_str(text);
    uint32_t tag = tag_of(hash);

    for (uint64_t at = hash & t->mask; t->slots[at].tag; at = (at + 1) & t->mask) {
        const struct exact_entry *e = &t->entries[t->slots[at].entry];
        if (t->slots[at].tag == tag && str_eq(e->text, text))
            return e->id;
    }
    return EXACT_NONE;
}

/* Is there a text of this length that begins and ends so? */
static bool may_have(const struct exact_table *t, struct str text)
{
    return text.n <= t->text_max && t->ends[text.n % LENGTHS] & ends_of(text);
}

uint32_t exact_find(const struct exact_table *t, struct str text)
{
    if (!may_have(t, text))
        return EXACT_NONE;
    return text.n <= SHORT_MAX ? find_short(t, words_of(text), text.n) : find_long(t, text);
}

#define EACH_BYTE(x) ((x)*UINT64_C(0x0101010101010101))

/* A to Z of eight ASCII bytes become a to z: a byte's high bit after an addition says that it is at
 * least so great. */
static uint64_t fold_word(uint64_t w)
{
    uint64_t at_least_a = w + EACH_BYTE(0x80 - 'A'), beyond_z = w + EACH_BYTE(0x80 - 'Z' - 1);

    return w | (at_least_a & ~beyond_z & EACH_BYTE(0x80)) >> 2;
}

static bool is_ascii(uint64_t w)
{
    return !(w & EACH_BYTE(0x80));
}

/* In registers: a folded copy would be read back before its write is through. */
bool exact_find_folded(const struct exact_table *t, struct str text, uint32_t *id)
{
    char folded[EXACT_FOLDED_MAX];

    DASSERT(text.n <= EXACT_FOLDED_MAX);
    if (text.n > SHORT_MAX) {
        bool is_beyond = fold_ascii(folded, text.p, text.n);
        *id = is_beyond ? EXACT_NONE : exact_find(t, (struct str){folded, text.n});
        return !is_beyond;
    }
    struct words w = words_of(text);
    if (!is_ascii(w.head | w.tail))
        return false;
    *id = text.n > t->text_max
              ? EXACT_NONE
              : find_short(t, (struct words){fold_word(w.head), fold_word(w.tail)}, text.n);
    return true;
}

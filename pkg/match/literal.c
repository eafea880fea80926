/* literal.c - builds a set of literals and runs its scans.
 *
 * Every literal becomes an entry under one key: an anchored one under a hash of its end
 * that is anchored (literal_anchor.c), a short one under itself, any other under the
 * rarest of its 4-byte windows. Sorting the drafts by key makes entries of one key
 * neighbours; tables then map a key to its first entry.
 *
 * Rarest means: rarest by gram_level_above(), less a fine for each literal that is filed there
 * already, since all of them are looked at when the window turns up. The fine was found by
 * measuring: 20,000 literals that nearly match take 156 ns a value with half a level unit
 * for each doubling, 201 with one, 331 with two (make bench-literal LITERALS=near).
 */
#include "match/literal.h"
#include "match/literal_anchor.h"
#include "match/literal_set.h"

#include <stdlib.h>

enum {
    CACHE_LINE = 64,
    WINDOWS_LOOKED_AT = 512,           /* of a longer literal the beginning offers choice enough */
    SHARED_FINE = GRAM_LEVEL_UNIT / 2, /* for each doubling of the literals under a window */
    BITS_PER_GRAM = 64,
    BITS_MIN = 9,        /* one cache line */
    FIRST_BITS_MAX = 18, /* 32 KiB: stays in the first-level cache */
    SECOND_BITS_MAX = 24,
    SLOTS_PER_KEY = 2,
    SLOTS_PER_ANCHOR = 4,
    ANCHOR_FILTER_BITS = 256, /* per key: a value asks up to 21 times */
    ANCHOR_FILTER_BITS_MAX = 17,
    GATE_BITS_PER_KEY = 32,
    GATE_BITS_MAX = 15,
    SHUFFLE_KEYS_MAX = 24, /* to a filter: above, too much passes eight buckets */
    BYTE_KEYS_MAX = 100    /* ... of whole bytes */
};

/* Which table a literal goes to; drafts are sorted by it first. */
enum kind { KIND_SHORT1, KIND_SHORT2, KIND_SHORT3, KIND_GRAM, KIND_ANCHOR };

struct draft {
    const struct literal *literal;
    const char *text; /* the set's own copy, with readable bytes behind */
    enum kind kind;
    uint64_t key;
    uint32_t at;
};

/* How many literals chose each gram so far, by hash: only a hint, so collisions of the
 * hash may be counted together. */
struct popularity {
    uint16_t *counts;
    uint32_t shift;
};

static uint32_t log2_up(uint64_t x)
{
    return x <= 1 ? 0 : (uint32_t)(64 - __builtin_clzll(x - 1));
}

static void *alloc_lines(struct arena *a, size_t n, size_t element_bytes)
{
    char *p = arena_array(a, n * element_bytes + CACHE_LINE, 1);

    return p + (CACHE_LINE - (uintptr_t)p % CACHE_LINE) % CACHE_LINE;
}

/* ---- which key a literal is filed under ------------------------------------------- */

static unsigned crowd_fine(unsigned count)
{
    return SHARED_FINE * log2_up((uint64_t)count + 1);
}

static void choose_gram(struct draft *d, const struct popularity *seen)
{
    struct str text = d->literal->text;
    int best = INT16_MIN;

    for (uint32_t i = 0; i + GRAM_BYTES <= text.n && i < WINDOWS_LOOKED_AT; i++) {
        uint32_t gram = load32(text.p + i);
        int fine = (int)crowd_fine(seen->counts[gram_hash(gram) >> seen->shift]);
        int worth = (int)gram_level_above(gram, best + fine) - fine;
        if (worth <= best)
            continue;
        best = worth;
        d->key = gram;
        d->at = i;
    }
    uint16_t *count = &seen->counts[gram_hash((uint32_t)d->key) >> seen->shift];
    if (*count < UINT16_MAX)
        (*count)++;
}

static void draft_init(struct draft *d, const struct literal *l, const char *text,
                       const struct popularity *seen)
{
    *d = (struct draft){.literal = l, .text = text};
    if (l->where != LITERAL_ANYWHERE) {
        d->kind = KIND_ANCHOR;
        d->key = anchor_key(text, l->text.n, l->where);
    } else if (l->text.n < GRAM_BYTES) {
        d->kind = (enum kind)(KIND_SHORT1 + l->text.n - 1);
        d->key = low_bytes(load32(text), l->text.n);
    } else {
        d->kind = KIND_GRAM;
        choose_gram(d, seen);
    }
}

/* By kind, key, and then by the order given, which qsort would not keep. */
static int draft_cmp(const void *a, const void *b)
{
    const struct draft *x = a, *y = b;

    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return x->literal < y->literal ? -1 : x->literal > y->literal;
}

/* All texts one behind the other; LITERAL_PAD zero bytes behind the last. */
static char *texts_new(struct arena *a, const struct literal *literals, size_t n)
{
    size_t bytes = 0;
    char *texts, *to;

    for (size_t i = 0; i < n; i++)
        bytes += literals[i].text.n;
    to = texts = arena_zalloc(a, bytes + LITERAL_PAD);
    for (size_t i = 0; i < n; i++) {
        memcpy(to, literals[i].text.p, literals[i].text.n);
        to += literals[i].text.n;
    }
    return texts;
}

static struct draft *drafts_new(struct arena *scratch, const struct literal *literals, size_t n,
                                const char *texts)
{
    struct draft *drafts = ARENA_ARRAY(scratch, n, struct draft);
    struct popularity seen;
    uint32_t bits = log2_up(n * SLOTS_PER_KEY) + 2;

    seen.shift = 32 - bits;
    seen.counts = ARENA_ARRAY(scratch, (size_t)1 << bits, uint16_t);
    for (size_t i = 0; i < n; i++) {
        ASSERT(literals[i].text.n >= 1 && literals[i].text.n <= LITERAL_BYTES_MAX);
        draft_init(&drafts[i], &literals[i], texts, &seen);
        texts += literals[i].text.n;
    }
    if (n > 1)
        qsort(drafts, n, sizeof *drafts, draft_cmp);
    return drafts;
}

/* ---- entries and tables ------------------------------------------------------------ */

static void entry_init(struct literal_entry *e, const struct draft *d)
{
    const struct literal *l = d->literal;
    uint32_t n = (uint32_t)l->text.n, check_at = 0;

    /* The eight bytes around the gram: the gram itself is known to be equal. */
    if (n > CHECK_BYTES) {
        check_at = d->at > 2 ? d->at - 2 : 0;
        check_at = check_at < n - CHECK_BYTES ? check_at : n - CHECK_BYTES;
    }
    uint8_t shift = n < CHECK_BYTES ? (uint8_t)(8 * (CHECK_BYTES - n)) : 0;
    *e = (struct literal_entry){.check = load64(d->text + check_at) << shift,
                                .check_shift = shift,
                                .text = d->text,
                                .id = l->id,
                                .n = (uint16_t)n,
                                .at = (uint16_t)d->at,
                                .check_at = (uint16_t)check_at,
                                .where = (uint8_t)l->where};
}

static void entries_init(struct arena *a, struct literal_set *set, const struct draft *drafts)
{
    struct literal_entry *entries = alloc_lines(a, set->n_entries, sizeof *entries);

    for (size_t i = 0; i < set->n_entries; i++) {
        entry_init(&entries[i], &drafts[i]);
        entries[i].is_last = i + 1 == set->n_entries || drafts[i + 1].kind != drafts[i].kind ||
                             drafts[i + 1].key != drafts[i].key;
    }
    set->entries = entries;
}

static void grams_init(struct arena *a, struct gram_table *t, const struct draft *drafts,
                       const struct literal_set *set, enum kind kind)
{
    t->n = 0;
    for (size_t i = 0; i < set->n_entries; i++)
        t->n += drafts[i].kind == kind && set->entries[i].is_last;
    if (t->n == 0)
        return;
    uint32_t bits = log2_up((uint64_t)t->n * SLOTS_PER_KEY);
    uint32_t mask = (UINT32_C(1) << bits) - 1;
    struct gram_slot *slots = alloc_lines(a, (size_t)1 << bits, sizeof *slots);

    t->slots = slots;
    t->shift = 32 - bits;
    for (size_t i = 0, first = 0; i < set->n_entries; i++) {
        if (drafts[i].kind == kind && set->entries[i].is_last) {
            uint32_t s = gram_hash((uint32_t)drafts[i].key) >> t->shift;
            while (slots[s].entry != 0)
                s = (s + 1) & mask;
            slots[s] = (struct gram_slot){(uint32_t)drafts[i].key, (uint32_t)first + 1};
        }
        first = set->entries[i].is_last ? i + 1 : first;
    }
}

static void anchor_note_class(struct anchor_table *t, const struct literal *l)
{
    uint32_t bit = UINT32_C(1) << anchor_class(l->text.n);

    if (l->where == LITERAL_AT_START)
        t->starts |= bit;
    else if (l->where == LITERAL_AT_END)
        t->ends |= bit;
    else
        t->has_whole = true;
}

static void anchor_filter_init(struct arena *a, struct anchor_table *t)
{
    uint32_t bits = log2_up((uint64_t)t->n * ANCHOR_FILTER_BITS);

    bits = bits < ANCHOR_FILTER_BITS_MAX ? bits : ANCHOR_FILTER_BITS_MAX;
    uint32_t *words = alloc_lines(a, ((size_t)1 << bits) / 32, sizeof *words);
    t->filter = words;
    t->filter_shift = 64 - bits;
    for (uint64_t i = 0; i <= UINT64_MAX >> t->shift; i++) {
        uint64_t bit = t->slots[i].key >> t->filter_shift;
        if (t->slots[i].entry != 0)
            words[bit >> 5] |= UINT32_C(1) << (bit & 31);
    }
}

static void anchors_init(struct arena *a, struct literal_set *set, const struct draft *drafts)
{
    struct anchor_table *t = &set->anchors;

    for (size_t i = 0; i < set->n_entries; i++)
        t->n += drafts[i].kind == KIND_ANCHOR && set->entries[i].is_last;
    if (t->n == 0)
        return;
    uint32_t bits = log2_up((uint64_t)t->n * SLOTS_PER_ANCHOR);
    struct anchor_slot *slots = alloc_lines(a, (size_t)1 << bits, sizeof *slots);

    t->slots = slots;
    t->shift = 64 - bits;
    for (size_t i = 0, first = 0; i < set->n_entries; i++) {
        if (drafts[i].kind == KIND_ANCHOR)
            anchor_note_class(t, drafts[i].literal);
        if (drafts[i].kind == KIND_ANCHOR && set->entries[i].is_last) {
            uint64_t s = drafts[i].key >> t->shift;
            while (slots[s].entry != 0)
                s = (s + 1) & (UINT64_MAX >> t->shift);
            slots[s] = (struct anchor_slot){.key = drafts[i].key, .entry = (uint32_t)first + 1};
        }
        first = set->entries[i].is_last ? i + 1 : first;
    }
    anchor_filter_init(a, t);
}

/* ---- filters ----------------------------------------------------------------------- */

static void bitmap_add(uint32_t *words, const struct gram_bitmap *b, uint32_t hash)
{
    uint32_t bit = hash >> b->shift;

    words[bit >> 5] |= UINT32_C(1) << (bit & 31);
}

static uint32_t *bitmap_new(struct arena *a, struct gram_bitmap *b, uint32_t bits)
{
    uint32_t *words = alloc_lines(a, ((size_t)1 << bits) / 32, sizeof *words);

    b->words = words;
    b->shift = 32 - bits;
    return words;
}

static uint32_t slots_of(const struct gram_table *t)
{
    return t->n == 0 ? 0 : 1 + (UINT32_MAX >> t->shift);
}

/* The keys of a table, hashed, in a bitmap of at most bits_max. */
static void bitmap_init(struct arena *a, struct gram_bitmap *b, const struct gram_table *t,
                        uint32_t (*hash)(uint32_t), uint32_t bits_max)
{
    uint32_t bits = log2_up((uint64_t)t->n * BITS_PER_GRAM);

    bits = bits < BITS_MIN ? BITS_MIN : bits > bits_max ? bits_max : bits;
    uint32_t *words = bitmap_new(a, b, bits);
    for (uint32_t i = 0; i < slots_of(t); i++)
        if (t->slots[i].entry != 0)
            bitmap_add(words, b, hash(t->slots[i].gram));
}

static void heads_init(struct arena *a, struct gram_bitmap *b, const struct gram_table *pairs,
                       const struct gram_table *triples)
{
    const struct gram_table *tables[] = {pairs, triples};
    uint32_t bits = log2_up(((uint64_t)pairs->n + triples->n) * BITS_PER_GRAM);

    bits = bits < BITS_MIN ? BITS_MIN : bits > FIRST_BITS_MAX ? FIRST_BITS_MAX : bits;
    uint32_t *words = bitmap_new(a, b, bits);
    for (size_t k = 0; k < ARRAY_LEN(tables); k++)
        for (uint32_t i = 0; i < slots_of(tables[k]); i++)
            if (tables[k]->slots[i].entry != 0)
                bitmap_add(words, b, gram_hash(tables[k]->slots[i].gram & PAIR_MASK));
}

/* One byte goes with any other beside it. */
static void gate_add_text(uint32_t *words, const struct gram_bitmap *g, struct str text,
                          bool is_end)
{
    uint32_t byte = (unsigned char)text.p[0];

    if (text.n >= GRAM_BYTES)
        bitmap_add(words, g, gate_quad_hash(load32(text.p + (is_end ? text.n - GRAM_BYTES : 0))));
    else if (text.n >= 2)
        bitmap_add(words, g, gate_pair_hash(load16(text.p + (is_end ? text.n - 2 : 0))));
    else
        for (uint32_t other = 0; other <= UINT8_MAX; other++)
            bitmap_add(words, g, gate_pair_hash(is_end ? other | byte << 8 : byte | other << 8));
}

static void gate_init(struct arena *a, struct gram_bitmap *g, const struct draft *drafts,
                      const struct literal_set *set, enum literal_where where)
{
    uint64_t n = 0;

    for (size_t i = 0; i < set->n_entries; i++)
        n += drafts[i].literal->where == where && set->entries[i].is_last;
    uint32_t bits = log2_up(n * GATE_BITS_PER_KEY);
    bits = bits < BITS_MIN ? BITS_MIN : bits > GATE_BITS_MAX ? GATE_BITS_MAX : bits;
    uint32_t *words = bitmap_new(a, g, bits);
    for (size_t i = 0; i < set->n_entries; i++)
        if (drafts[i].literal->where == where)
            gate_add_text(words, g, (struct str){drafts[i].text, drafts[i].literal->text.n},
                          where == LITERAL_AT_END);
}

static void bitmaps_init(struct arena *a, struct literal_set *set, const struct draft *drafts)
{
    if (set->grams.n > 0) {
        bitmap_init(a, &set->first, &set->grams, gram_hash, FIRST_BITS_MAX);
        bitmap_init(a, &set->second, &set->grams, gram_hash_second, SECOND_BITS_MAX);
    }
    if (set->has_shorts) {
        bitmap_init(a, &set->pairs, &set->shorts[1], gram_hash, FIRST_BITS_MAX);
        bitmap_init(a, &set->triples, &set->shorts[2], gram_hash, FIRST_BITS_MAX);
        heads_init(a, &set->heads, &set->shorts[1], &set->shorts[2]);
    }
    if (set->anchors.starts)
        gate_init(a, &set->anchors.start_gate, drafts, set, LITERAL_AT_START);
    if (set->anchors.ends)
        gate_init(a, &set->anchors.end_gate, drafts, set, LITERAL_AT_END);
}

/* Let a key of n bytes through bucket b; positions behind it let everything through. */
static void shuffle_add(struct shuffle_filter *f, uint32_t key, uint32_t n, uint32_t b)
{
    uint8_t bit = (uint8_t)(1u << b);

    for (uint32_t j = 0; j < GRAM_BYTES; j++) {
        uint8_t c = (uint8_t)(key >> (8 * j));
        if (j < n) {
            f->lo[j][c & 15] |= bit;
            f->hi[j][c >> 4] |= bit;
        } else {
            for (uint32_t i = 0; i < 16; i++) {
                f->lo[j][i] |= bit;
                f->hi[j][i] |= bit;
            }
        }
    }
}

/* By the first byte: what is in one bucket should have much in common. */
static int key_cmp(const void *a, const void *b)
{
    uint32_t x = __builtin_bswap32(((const struct gram_slot *)a)->gram);
    uint32_t y = __builtin_bswap32(((const struct gram_slot *)b)->gram);

    return x < y ? -1 : x > y;
}

/* Keys of some kinds of literals: gram, and in `entry` how many bytes of it count. */
struct keys {
    struct gram_slot *at;
    size_t n;
};

static struct keys keys_new(struct arena *scratch, const struct draft *drafts,
                            const struct literal_set *set, enum kind from, enum kind to)
{
    struct keys keys = {ARENA_ARRAY(scratch, set->n_entries, struct gram_slot), 0};

    for (size_t i = 0; i < set->n_entries; i++)
        if (drafts[i].kind >= from && drafts[i].kind <= to && set->entries[i].is_last) {
            uint32_t n = set->entries[i].n;
            keys.at[keys.n++] =
                (struct gram_slot){(uint32_t)drafts[i].key, n < GRAM_BYTES ? n : GRAM_BYTES};
        }
    if (keys.n > 1)
        qsort(keys.at, keys.n, sizeof *keys.at, key_cmp);
    return keys;
}

/* How many filters are needed; 0: too many, or there is no key. */
static uint32_t filters_for(size_t n_keys, uint32_t keys_max, uint32_t filters_max)
{
    size_t n = (n_keys + keys_max - 1) / keys_max;

    return n > filters_max ? 0 : (uint32_t)n;
}

/* Keys go to the buckets of all filters in runs. */
static void shuffles_init(struct shuffle_group *g, struct keys keys)
{
    g->n = filters_for(keys.n, SHUFFLE_KEYS_MAX, SHUFFLES_MAX);
    for (size_t i = 0; g->n > 0 && i < keys.n; i++) {
        size_t bucket = i * g->n * SHUFFLE_BUCKETS / keys.n;
        shuffle_add(&g->filters[bucket / SHUFFLE_BUCKETS], keys.at[i].gram, keys.at[i].entry,
                    (uint32_t)(bucket % SHUFFLE_BUCKETS));
    }
}

static void byte_add(struct byte_filter *f, struct gram_slot key, uint32_t bucket)
{
    for (uint32_t j = 0; j < GRAM_BYTES; j++)
        for (uint32_t c = 0; c < ARRAY_LEN(f->allows[j]); c++)
            if (j >= key.entry || c == (key.gram >> (8 * j) & 0x7f))
                f->allows[j][c] |= (uint8_t)(1u << bucket);
}

static void bytes_init(struct arena *a, struct byte_group *g, struct keys keys)
{
    g->n = filters_for(keys.n, BYTE_KEYS_MAX, BYTE_FILTERS_MAX);
    if (g->n == 0)
        return;
    struct byte_filter *filters = alloc_lines(a, g->n, sizeof *filters);
    for (size_t i = 0; i < keys.n; i++) {
        size_t bucket = i * g->n * SHUFFLE_BUCKETS / keys.n;
        byte_add(&filters[bucket / SHUFFLE_BUCKETS], keys.at[i],
                 (uint32_t)(bucket % SHUFFLE_BUCKETS));
    }
    g->filters = filters;
}

static void filters_init(struct arena *a, struct arena *scratch, struct literal_set *set,
                         const struct draft *drafts, enum simd_level level)
{
    struct keys grams = keys_new(scratch, drafts, set, KIND_GRAM, KIND_GRAM);
    struct keys shorts = keys_new(scratch, drafts, set, KIND_SHORT2, KIND_SHORT3);

    if (level == SIMD_AVX512) {
        bytes_init(a, &set->gram_bytes, grams);
        bytes_init(a, &set->short_bytes, shorts);
    } else {
        shuffles_init(&set->gram_shuffles, grams);
        shuffles_init(&set->short_shuffles, shorts);
    }
}

static void ones_init(struct literal_set *set, const struct draft *drafts)
{
    uint32_t n = 0;

    for (size_t i = 0, first = 0; i < set->n_entries && drafts[i].kind == KIND_SHORT1; i++) {
        if (!set->entries[i].is_last)
            continue;
        struct ones_filter *f = &set->ones[n / SHUFFLE_BUCKETS];
        uint8_t c = (uint8_t)drafts[i].key, bit = (uint8_t)(1u << (n % SHUFFLE_BUCKETS));
        f->lo[c & 15] |= bit;
        f->hi[c >> 4] |= bit;
        f->entries[n % SHUFFLE_BUCKETS] = (uint32_t)first;
        first = i + 1;
        n++;
    }
    set->n_ones = (n + SHUFFLE_BUCKETS - 1) / SHUFFLE_BUCKETS;
}

static literal_kernel *scan_kernel(enum simd_level level)
{
    switch (level) {
    case SIMD_AVX512:
        return literal_scan_avx512;
    case SIMD_AVX2:
        return literal_scan_avx2;
    case SIMD_SCALAR:
        break;
    }
    return literal_scan_scalar;
}

/* ---- the set ----------------------------------------------------------------------- */

const struct literal_set *literal_set_new_with(struct arena *a, const struct literal *literals,
                                               size_t n, enum simd_level level)
{
    struct literal_set *set = ARENA_NEW(a, struct literal_set);
    struct arena *scratch = arena_new(0);
    const struct draft *drafts = drafts_new(scratch, literals, n, texts_new(a, literals, n));

    ASSERT(level <= cpu_simd_max());
    ASSERT(n < UINT32_MAX / SLOTS_PER_ANCHOR);
    set->n_entries = n;
    entries_init(a, set, drafts);
    for (int k = KIND_SHORT1; k <= KIND_SHORT3; k++)
        grams_init(a, &set->shorts[k - KIND_SHORT1], drafts, set, (enum kind)k);
    grams_init(a, &set->grams, drafts, set, KIND_GRAM);
    anchors_init(a, set, drafts);
    set->has_shorts = set->shorts[1].n + set->shorts[2].n > 0;
    filters_init(a, scratch, set, drafts, level);
    ones_init(set, drafts);
    bitmaps_init(a, set, drafts);
    arena_free(scratch);
    if (set->grams.n > 0 || set->has_shorts || set->n_ones > 0)
        set->scan = scan_kernel(level);
    if (set->anchors.n > 0)
        set->anchored = level == SIMD_AVX512 ? literal_anchored_avx512 : literal_anchored_scalar;
    return set;
}

const struct literal_set *literal_set_new(struct arena *a, const struct literal *literals, size_t n)
{
    return literal_set_new_with(a, literals, n, cpu_simd());
}

void literal_scan(const struct literal_set *set, const struct literal_value *values, size_t n,
                  struct literal_hits *hits)
{
    if (set->anchored)
        set->anchored(set, values, n, hits);
    if (set->scan)
        set->scan(set, values, n, hits);
    if (hits->n > 0) {
        hits->flush(hits->context, hits->at, hits->n);
        hits->n = 0;
    }
}

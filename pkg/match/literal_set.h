/* literal_set.h - the inside of a literal set, shared by its builder and its kernels.
 *
 * Private to pkg/match/literal*.c: everybody else knows literal.h only.
 *
 * Three questions are asked of a value, each only if the set has such literals:
 *   anchored  at its start, its end, or as a whole: one hash look-up per length class
 *   short     1 to 3 bytes anywhere: shuffle filters over every position
 *   gram      4 bytes and more, anywhere: every 4-byte window against one or two bitmaps
 * What passes a filter at position p goes to literal_verify_*(), which is exact. A filter
 * may wake too much, never too little, so kernels are free to differ in filtering.
 */
#ifndef WEIR_MATCH_LITERAL_SET_H
#define WEIR_MATCH_LITERAL_SET_H

#include "base/load.h"
#include "match/literal.h"

#include <string.h>

enum {
    GRAM_BYTES = 4,
    SHORT_BYTES_MAX = GRAM_BYTES - 1,
    CHECK_BYTES = 8, /* compared in a register before the whole text is */
    SHUFFLE_BUCKETS = 8,
    ONES_MAX = 256 / SHUFFLE_BUCKETS,
    SEEN_WORDS = 8 /* of 64 entries each */
};

/* One literal, ready to be verified. Entries with the same key are neighbours; the last
 * of them says so. Two entries to a cache line. */
struct literal_entry {
    uint64_t check; /* text bytes from check_at on, shifted up until all are the text's */
    const char *text;
    uint32_t id;
    uint16_t n;
    uint16_t at;       /* where in the text the gram is that it is filed under */
    uint16_t check_at; /* at most n - CHECK_BYTES, or 0 */
    bool is_last;
    uint8_t where;       /* enum literal_where */
    uint8_t check_shift; /* bits: what is loaded behind a short text's end goes */
};

/* An open-addressing table of keys of one length, at most half full. */
struct gram_slot {
    uint32_t gram;
    uint32_t entry; /* number of the first entry + 1; 0: free slot */
};

struct gram_table {
    const struct gram_slot *slots; /* 2^(32 - shift) of them */
    uint32_t shift;
    uint32_t n; /* keys in it; 0: there are no slots */
};

/* A set of hashes: bit (hash >> shift) is set for each member. */
struct gram_bitmap {
    const uint32_t *words;
    uint32_t shift;
};

/* Byte j of a window passes for bucket b if bit b is set in both lo[j][low nibble] and
 * hi[j][high nibble]; the window passes if one bucket passes for all bytes. */
struct shuffle_filter {
    uint8_t lo[GRAM_BYTES][16];
    uint8_t hi[GRAM_BYTES][16];
};

/* A window passes if one of the filters lets it; n is 0 where there are too many keys. */
enum { SHUFFLES_MAX = 4 };
struct shuffle_group {
    struct shuffle_filter filters[SHUFFLES_MAX];
    uint32_t n;
};

/* The same with a table of all bytes (their low seven bits) instead of two of nibbles: it lets less
 * through, so a filter takes more keys. For AVX-512, which looks up in 128 bytes as fast as in 16.
 */
struct byte_filter {
    uint8_t allows[GRAM_BYTES][128]; /* [j][byte]: buckets */
};

enum { BYTE_FILTERS_MAX = 6 };
struct byte_group {
    const struct byte_filter *filters;
    uint32_t n; /* 0: too many keys */
};

/* Eight literals of one byte, one to a bucket, which makes the filter exact: the bits of
 * lo[low nibble] & hi[high nibble], collected over a value, are the literals in it. */
struct ones_filter {
    uint8_t lo[16];
    uint8_t hi[16];
    uint32_t entries[SHUFFLE_BUCKETS]; /* number of the first entry */
};

/* Short literals recur in a value; each is reported once. Entries of short literals come
 * first, so that their numbers are small; those beyond are reported each time. */
struct seen {
    uint64_t words[SEEN_WORDS];
};

/* Keys of anchored literals: see literal_anchor.c. */
struct anchor_slot {
    uint64_t key;
    uint32_t entry; /* number of the first entry + 1; 0: free slot */
    uint32_t pad;
};

enum { ANCHOR_CLASSES = 10 }; /* key lengths: 1 to 8, 16 and 32 bytes */

struct anchor_table {
    const struct anchor_slot *slots; /* 2^(64 - shift) of them, at most a quarter full */
    uint32_t shift;
    uint32_t n;
    const uint32_t *filter; /* bit (key >> filter_shift) is set for each key */
    uint32_t filter_shift;
    uint32_t starts; /* bit c: there is a key of class c for LITERAL_AT_START */
    uint32_t ends;   /* ... for LITERAL_AT_END */
    struct gram_bitmap start_gate, end_gate; /* where there are such classes: literal_anchor.h */
    bool has_whole;
};

typedef void literal_kernel(const struct literal_set *, const struct literal_value *, size_t,
                            struct literal_hits *);

struct literal_set {
    literal_kernel *scan;     /* short and gram questions; NULL: there are none */
    literal_kernel *anchored; /* ... anchored ones */

    struct gram_table grams;
    struct gram_bitmap first;           /* small enough for the first-level cache */
    struct gram_bitmap second;          /* another hash; asked where `first` says yes */
    struct shuffle_group gram_shuffles; /* instead of `first` where there are few */
    struct byte_group gram_bytes;       /* ... for AVX-512 */

    struct gram_table shorts[SHORT_BYTES_MAX]; /* by length - 1 */
    struct ones_filter ones[ONES_MAX];         /* all literals of one byte */
    uint32_t n_ones;
    bool has_shorts;                     /* of two or three bytes: */
    struct shuffle_group short_shuffles; /* where there are few; */
    struct byte_group short_bytes;       /* ... for AVX-512; else: */
    struct gram_bitmap heads;            /* hashes of the first two bytes of all of them */
    struct gram_bitmap pairs;            /* hashes of two-byte literals */
    struct gram_bitmap triples;          /* ... of three-byte ones */

    struct anchor_table anchors;
    const struct literal_entry *entries;
    size_t n_entries;
};

/* What of a window is hashed for literals of two and three bytes. */
enum { PAIR_MASK = 0xffff, TRIPLE_MASK = 0xffffff };

/* Multiplicative hashing: the high bits of the product are the good ones. */
enum { GRAM_HASH_FIRST = 0x9e3779b1, GRAM_HASH_SECOND = 0x85ebca6b };

static inline uint32_t gram_hash(uint32_t gram)
{
    return gram * (uint32_t)GRAM_HASH_FIRST;
}

static inline uint32_t gram_hash_second(uint32_t gram)
{
    return gram * (uint32_t)GRAM_HASH_SECOND;
}

static inline bool bitmap_has(const struct gram_bitmap *b, uint32_t hash)
{
    uint32_t bit = hash >> b->shift;

    return (b->words[bit >> 5] >> (bit & 31)) & 1;
}

/* The low n bytes of a loaded word; n is 1 to 8. */
static inline uint64_t low_bytes(uint64_t x, size_t n)
{
    return n >= sizeof x ? x : x & ((UINT64_C(1) << (8 * n)) - 1);
}

static inline void hits_add(struct literal_hits *h, uint32_t tag, uint32_t id)
{
    h->at[h->n++] = (struct literal_hit){tag, id};
    if (h->n == h->cap) {
        h->flush(h->context, h->at, h->n);
        h->n = 0;
    }
}

/* Is the literal at `start`? The caller knows that it fits: start + n <= v->n. */
static inline bool entry_is_at(const struct literal_entry *e, const char *start)
{
    if (load64(start + e->check_at) << e->check_shift != e->check)
        return false;
    if (e->n <= CHECK_BYTES)
        return true;
    if (e->n <= 2 * CHECK_BYTES) { /* two words that overlap; no call */
        size_t last = e->n - CHECK_BYTES;
        return load64(start) == load64(e->text) && load64(start + last) == load64(e->text + last);
    }
    return memcmp(start, e->text, e->n) == 0;
}

/* Report the literals filed under the 4-byte window at pos; pos + GRAM_BYTES <= v->n. */
void literal_verify_gram(const struct literal_set *set, const struct literal_value *v, uint32_t pos,
                         struct literal_hits *hits);

/* Windows that passed a filter, in the order of their values: what kernels collect before
 * anything is verified. */
enum { CANDIDATES_MAX = 512, CANDIDATES_SLACK = 16 /* a vector is stored whole */ };
struct candidates {
    uint32_t grams[CANDIDATES_MAX + CANDIDATES_SLACK];
    uint32_t positions[CANDIDATES_MAX + CANDIDATES_SLACK];
    uint32_t owners[CANDIDATES_MAX + CANDIDATES_SLACK]; /* number of the value */
    uint32_t n;
};

/* literal_verify_gram() for each of them. */
void literal_verify_grams(const struct literal_set *set, const struct literal_value *values,
                          const struct candidates *c, struct literal_hits *hits);

/* literal_verify_short() for each of them. */
void literal_verify_shorts(const struct literal_set *set, const struct literal_value *values,
                           const struct candidates *c, uint32_t n, struct literal_hits *hits);

/* Report the literals of n bytes (1 to 3) that begin at pos, if it fits there. */
void literal_verify_short(const struct literal_set *set, const struct literal_value *v,
                          uint32_t pos, uint32_t n, struct seen *seen, struct literal_hits *hits);

/* Report the one-byte literals of set->ones[i] whose bits are set. */
void literal_report_ones(const struct literal_set *set, const struct literal_value *v, uint32_t i,
                         uint32_t bits, struct literal_hits *hits);

/* The kernels behind literal_set.anchored. */
void literal_anchored_scalar(const struct literal_set *set, const struct literal_value *values,
                             size_t n, struct literal_hits *hits);
void literal_anchored_avx512(const struct literal_set *set, const struct literal_value *values,
                             size_t n, struct literal_hits *hits);

/* The kernels behind literal_set.scan. */
void literal_scan_scalar(const struct literal_set *set, const struct literal_value *values,
                         size_t n, struct literal_hits *hits);
void literal_scan_avx2(const struct literal_set *set, const struct literal_value *values, size_t n,
                       struct literal_hits *hits);
void literal_scan_avx512(const struct literal_set *set, const struct literal_value *values,
                         size_t n, struct literal_hits *hits);

/* The table of anchored literals: keys of a literal, and the same from a value. */
unsigned anchor_class(size_t n);
uint64_t anchor_key(const char *p, size_t n, enum literal_where where);

/* How often the 4-byte window is expected at a position of telemetry text:
 * -GRAM_LEVEL_UNIT * log2(probability), 0 to 255. Who only looks for the rarest says what is
 * rare enough to matter: for a level of `floor` or less, any number up to it may come back. */
enum { GRAM_LEVEL_UNIT = 6 };
unsigned gram_level_above(uint32_t gram, int floor);

#endif

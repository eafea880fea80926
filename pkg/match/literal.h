/* literal.h - which of many texts occur in which of many values?
 *
 * The question is asked for thousands of case-folded literals and batches of values at
 * once: every 4-byte window of a value is hashed and looked up in a bitmap; windows
 * that pass are verified exactly. Each literal is filed under the rarest of its 4-byte
 * windows, so that common text wakes few candidates. Literals of 1 to 3 bytes have tables
 * of their own; anchored literals are verified by their position.
 *
 * Values   are given already folded (fold.h) and with LITERAL_PAD readable bytes behind
 *          each (their contents do not matter).
 * Hits     a (value, literal) pair is reported at least once if and only if the literal
 *          occurs; repeats are possible, order is not defined.
 * Memory   a set is immutable after literal_set_new(), in the arena given; scanning
 *          needs no memory but the caller's struct literal_hits.
 * Threads  a set is shared by all.
 * Kernels  scalar, AVX2, AVX-512: chosen once at literal_set_new() by cpu_simd(); all give
 *          the same pairs.
 * Why so   docs/decisions/0006.
 */
#ifndef WEIR_MATCH_LITERAL_H
#define WEIR_MATCH_LITERAL_H

#include "base/arena.h"
#include "base/base.h"
#include "base/cpu.h"

enum { LITERAL_PAD = 64, LITERAL_BYTES_MAX = 65535 };

enum literal_where { LITERAL_ANYWHERE, LITERAL_AT_START, LITERAL_AT_END, LITERAL_WHOLE };

struct literal {
    struct str text; /* 1 to LITERAL_BYTES_MAX bytes, folded like the values will be */
    uint32_t id;     /* the caller's name for it; several literals may share one */
    enum literal_where where;
};

struct literal_value {
    const char *p; /* folded, LITERAL_PAD readable bytes behind */
    uint32_t n;
    uint32_t tag; /* the caller's name for the value, comes back in hits */
};

struct literal_hit {
    uint32_t tag;
    uint32_t id;
};

/* Where hits go. When `at` is full, `flush` is called with all of them and n starts at 0
 * again; it is also called once at the end of a scan if n > 0. */
struct literal_hits {
    struct literal_hit *at;
    uint32_t n, cap; /* cap >= 64 */
    void (*flush)(void *context, const struct literal_hit *hits, uint32_t n);
    void *context;
};

struct literal_set;

/* Copies what it needs of the literals. n may be 0. Duplicate texts are fine. */
const struct literal_set *literal_set_new(struct arena *a, const struct literal *literals,
                                          size_t n);
/* With a given kernel, for tests. */
const struct literal_set *literal_set_new_with(struct arena *a, const struct literal *literals,
                                               size_t n, enum simd_level level);

void literal_scan(const struct literal_set *set, const struct literal_value *values, size_t n,
                  struct literal_hits *hits);

/* How rare a text is expected to be in telemetry: 0 (in nearly every value) to 100 (practically
 * never). From a built-in table of 4-grams; the planner compares atoms with it. */
unsigned literal_rarity(struct str folded);

#endif

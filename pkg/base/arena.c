/* arena.c - a list of blocks, the first of which is being filled.
 *
 * Invariants: `current` is the block that allocations come from; the blocks before it
 * in the list are full, the ones after it are empty and kept from earlier rounds.
 */
#include "base/arena.h"

#include "base/slack.h"
#include "base/str.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define HAS_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_ASAN 1
#endif
#endif

#ifdef HAS_ASAN
#include <sanitizer/asan_interface.h>
#define POISON(p, n) ASAN_POISON_MEMORY_REGION((p), (n))
#define UNPOISON(p, n) ASAN_UNPOISON_MEMORY_REGION((p), (n))
#else
#define POISON(p, n) ((void)(p), (void)(n))
#define UNPOISON(p, n) ((void)(p), (void)(n))
#endif

enum { ALIGN = 16, DEFAULT_BLOCK = 64 * 1024, HUGE_PAGE = 2 * 1024 * 1024 };

#ifdef HAS_ASAN
#define MAPPED_FROM SIZE_MAX /* the sanitizers see only what comes from malloc */
#else
#define MAPPED_FROM ((size_t)HUGE_PAGE)
#endif

_Static_assert(ARENA_HUGE_BLOCK + 32 == 2 * HUGE_PAGE, "with its head a whole number of pages");

struct block {
    struct block *next;
    size_t size; /* bytes behind the header */
    size_t used;
    size_t pad; /* keeps the data 16-aligned */
};

struct arena {
    struct block *first;
    struct block *current;
    size_t block_bytes;
    size_t used;
    size_t held;
    struct slack slack; /* of arena_reset_round() */
    bool is_piecewise;  /* ARENA=malloc: every piece is a block of its own */
};

static char *block_data(struct block *b)
{
    return (char *)(b + 1);
}

static size_t rounded_up(size_t n, size_t to)
{
    ASSERT(n <= SIZE_MAX - to);
    return (n + to - 1) / to * to;
}

static size_t mapped_bytes(size_t bytes)
{
    return rounded_up(bytes, (size_t)sysconf(_SC_PAGESIZE));
}

/* From where a page of the larger kind begins: a bit more is mapped, and its edges given back. */
static void *map(size_t bytes)
{
    size_t wanted = mapped_bytes(bytes), all = wanted + HUGE_PAGE;
    char *from = mmap(NULL, all, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (from == MAP_FAILED)
        return NULL;
    size_t before = rounded_up((uintptr_t)from, HUGE_PAGE) - (uintptr_t)from;
    if (before)
        ASSERT(munmap(from, before) == 0);
    ASSERT(munmap(from + before + wanted, HUGE_PAGE - before) == 0);
    return from + before;
}

static atomic_size_t n_mapped; /* bytes, of all arenas */

size_t arena_mapped(void)
{
    return atomic_load_explicit(&n_mapped, memory_order_relaxed);
}

/* What is as large as a page of the larger kind asks for such pages, as far as it fills them. It
 * is mapped by itself: in the heap the wish would outlive the block, and whatever lay there later
 * would get 2 MiB for a few bytes in use (loadtest/soak with a reload every 3 s: workers of 50 MiB
 * instead of 70 to 84). */
static void *memory_for(size_t bytes)
{
    if (bytes < MAPPED_FROM)
        return malloc(bytes);
    void *p = map(bytes);
    if (!p)
        return NULL;
    (void)madvise(p, bytes & ~(size_t)(HUGE_PAGE - 1), MADV_HUGEPAGE); /* a wish */
    atomic_fetch_add_explicit(&n_mapped, mapped_bytes(bytes), memory_order_relaxed);
    return p;
}

static void give_back(void *p, size_t bytes)
{
    if (bytes < MAPPED_FROM) {
        free(p);
        return;
    }
    ASSERT(munmap(p, mapped_bytes(bytes)) == 0);
    atomic_fetch_sub_explicit(&n_mapped, mapped_bytes(bytes), memory_order_relaxed);
}

static struct block *block_new(struct arena *a, size_t size)
{
    struct block *b = memory_for(sizeof *b + size);

    ASSERT(b != NULL);
    b->next = NULL;
    b->size = size;
    b->used = 0;
    a->held += sizeof *b + size;
    POISON(block_data(b), size);
    return b;
}

static void block_free(struct arena *a, struct block *b)
{
    a->held -= sizeof *b + b->size;
    UNPOISON(block_data(b), b->size);
    give_back(b, sizeof *b + b->size);
}

struct arena *arena_new(size_t block_bytes)
{
    struct arena *a = calloc(1, sizeof *a);
    const char *mode = getenv("ARENA");

    ASSERT(a != NULL);
    a->block_bytes = block_bytes ? block_bytes : DEFAULT_BLOCK;
    a->is_piecewise = mode && strcmp(mode, "malloc") == 0;
    a->first = a->current = block_new(a, a->is_piecewise ? 0 : a->block_bytes);
    return a;
}

void arena_free(struct arena *a)
{
    if (!a)
        return;
    for (struct block *b = a->first, *next; b; b = next) {
        next = b->next;
        block_free(a, b);
    }
    free(a);
}

void arena_reset(struct arena *a)
{
    a->used = 0;
    if (a->is_piecewise) {
        for (struct block *b = a->first->next, *next; b; b = next) {
            next = b->next;
            block_free(a, b);
        }
        a->first->next = NULL;
        a->current = a->first;
        return;
    }
    for (struct block *b = a->first; b && (b->used || b == a->first); b = b->next) {
        POISON(block_data(b), b->used);
        b->used = 0;
    }
    a->current = a->first;
}

bool arena_reset_round(struct arena *a)
{
    bool has_slack = slack_is_too_much(&a->slack, a->used, a->held);

    arena_reset(a);
    if (!has_slack)
        return false;
    for (struct block *b = a->first->next, *next; b; b = next) {
        next = b->next;
        block_free(a, b);
    }
    a->first->next = NULL;
    return true;
}

/* A large page that is in use in part falls apart into small ones. */
void arena_trim(struct arena *a)
{
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

    for (struct block *b = a->first; b; b = b->next) {
        uintptr_t from = (uintptr_t)(block_data(b) + b->used + page - 1) & ~(page - 1);
        uintptr_t to = (uintptr_t)(block_data(b) + b->size) & ~(page - 1);
        if (from < to)
            (void)madvise((void *)from, to - from, MADV_DONTNEED); /* a wish */
    }
}

/* Blocks for large pieces come in powers of two: rounds that grow a little each time would else
 * add a block each, and keep all of the former ones. */
static size_t block_size_for(const struct arena *a, size_t n)
{
    size_t size = a->block_bytes;

    while (size < n && size <= SIZE_MAX / 2)
        size *= 2;
    return size < n ? n : size;
}

/* What is in use goes behind the first block, in front of `current` then; the rest is freed. */
void arena_adopt(struct arena *a, struct arena *other)
{
    for (struct block *b = other->first, *next; b; b = next) {
        next = b->next;
        if (b->used == 0 && !other->is_piecewise) {
            block_free(other, b);
            continue;
        }
        b->next = a->first->next;
        a->first->next = b;
        if (a->current == a->first)
            a->current = b;
    }
    a->used += other->used;
    a->held += other->held;
    free(other);
}

/* Make `current` a block with room for n bytes: one kept from an earlier round if it
 * is large enough, else a new one put in between. */
static void grow(struct arena *a, size_t n)
{
    struct block *next = a->current->next;

    if (!a->is_piecewise && next && next->size >= n) {
        a->current = next;
        return;
    }
    struct block *b = block_new(a, a->is_piecewise ? n : block_size_for(a, n));
    b->next = next;
    a->current->next = b;
    a->current = b;
}

void *arena_alloc(struct arena *a, size_t n)
{
    size_t rounded = (n + (ALIGN - 1)) & ~(size_t)(ALIGN - 1);

    ASSERT(rounded >= n);
    if (a->is_piecewise)
        rounded = n; /* no slack that would hide an overrun */
    if (a->is_piecewise || a->current->size - a->current->used < rounded)
        grow(a, rounded);
    struct block *b = a->current;
    char *p = block_data(b) + b->used;
    b->used += rounded;
    a->used += rounded;
    UNPOISON(p, n);
    return p;
}

void *arena_zalloc(struct arena *a, size_t n)
{
    return memset(arena_alloc(a, n), 0, n);
}

void *arena_array(struct arena *a, size_t n, size_t element_bytes)
{
    size_t bytes;

    ASSERT(!__builtin_mul_overflow(n, element_bytes, &bytes));
    return arena_zalloc(a, bytes);
}

struct str arena_str(struct arena *a, struct str s)
{
    char *p = arena_alloc(a, s.n + 1);

    if (s.n)
        memcpy(p, s.p, s.n);
    p[s.n] = '\0';
    return (struct str){p, s.n};
}

struct str arena_lower(struct arena *a, struct str s)
{
    char *p = arena_alloc(a, s.n + 1);

    for (size_t i = 0; i < s.n; i++)
        p[i] = ascii_lower(s.p[i]);
    p[s.n] = '\0';
    return (struct str){p, s.n};
}

struct str arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list args, again;

    va_start(args, fmt);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    ASSERT(n >= 0);
    char *p = arena_alloc(a, (size_t)n + 1);
    vsnprintf(p, (size_t)n + 1, fmt, again);
    va_end(again);
    return (struct str){p, (size_t)n};
}

size_t arena_used(const struct arena *a)
{
    return a->used;
}

size_t arena_held(const struct arena *a)
{
    return a->held;
}

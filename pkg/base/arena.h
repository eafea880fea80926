/* arena.h - memory that lives and dies together.
 *
 * A bump allocator: a rule set has one (filled by load and compile, freed whole), a
 * batch has one (reset after each). There is no free of a single piece.
 *
 * Memory   blocks come from malloc when one is full (from 2 MiB on they are mapped), never on the
 *          event path once a batch arena has met its largest batch: arena_reset() keeps the
 *          blocks.
 * Failure  an allocation that malloc refuses ends the program (ASSERT): weir's
 *          bounds are its own limits, not the allocator's.
 * Debug    free space is poisoned under ASAN; ARENA=malloc in the environment gives
 *          each piece its own allocation so that overruns are caught.
 * Threads  belongs to one thread.
 */
#ifndef WEIR_BASE_ARENA_H
#define WEIR_BASE_ARENA_H

#include "base/base.h"

struct arena;

/* Blocks of such a size lie in pages of 2 MiB where the system gives them: for what is large and
 * looked up all over. The tables of 2,814 rules in them: `weir bench --no-cache` on
 * structured_windows took 2.20 us of a core an event instead of 2.24, and 2.15 instead of 2.25
 * (medians of 8 and of 6, in turn on a busy machine), and 5 MB more. */
enum { ARENA_HUGE_BLOCK = 4 * 1024 * 1024 - 32 /* the block's head */ };

/* A new arena whose blocks have at least block_bytes (0: a default of 64 KiB). */
struct arena *arena_new(size_t block_bytes);
void arena_free(struct arena *a);

/* Everything handed out becomes invalid; the memory is kept for the next round. */
void arena_reset(struct arena *a);
/* The same at the end of a round; true: rounds have not needed all blocks of late (slack.h), and
 * all but the first went back. */
bool arena_reset_round(struct arena *a);

/* Everything in `other`, which is gone then, lives as long as `a` from now on. */
void arena_adopt(struct arena *a, struct arena *other);

/* n bytes aligned to 16, contents undefined; arena_zalloc clears them. n may be 0. */
void *arena_alloc(struct arena *a, size_t n) __attribute__((malloc));
void *arena_zalloc(struct arena *a, size_t n) __attribute__((malloc));

/* An array of n cleared elements; the product may not overflow. */
void *arena_array(struct arena *a, size_t n, size_t element_bytes);
#define ARENA_NEW(a, type) ((type *)arena_zalloc((a), sizeof(type)))
#define ARENA_ARRAY(a, n, type) ((type *)arena_array((a), (n), sizeof(type)))

/* A copy of the bytes, followed by a NUL that n does not count. */
struct str arena_str(struct arena *a, struct str s);
/* The same with the ASCII letters A to Z made small. */
struct str arena_lower(struct arena *a, struct str s);
/* As printf into the arena. */
struct str arena_printf(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Give back the whole pages behind what is in use: for what is filled once and then kept. It may
 * be filled further, at the cost of fresh pages. */
void arena_trim(struct arena *a);

/* Bytes handed out since the last reset, and bytes held from malloc or the system. */
size_t arena_used(const struct arena *a);
size_t arena_held(const struct arena *a);
/* Bytes that all arenas of the process have mapped, beside malloc. From any thread. */
size_t arena_mapped(void);

#endif

/* slab.c - a list of chunks with room for each size; blocks given back are a list inside their
 * chunk, so that a chunk knows when it is empty. */
#include "state/slab.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    FINE_MAX = 256, /* steps of 8 up to here, then eight sizes to each doubling */
    SPARE_MAX = 64, /* empty chunks whose memory is kept for the next size that needs one */
    REGION_CHUNKS = SLAB_REGION_BYTES / SLAB_CHUNK_BYTES,
    CHUNKS_MAX = 1 << (32 - SLAB_PLACE_BITS)
};

static uint32_t log2_of(uint32_t n)
{
    return 31 - (uint32_t)__builtin_clz(n);
}

uint32_t slab_round(uint32_t n)
{
    if (n <= FINE_MAX)
        return n < 2 * SLAB_STEP ? 2 * SLAB_STEP : (n + SLAB_STEP - 1) & ~(SLAB_STEP - 1u);
    uint32_t step = 1u << (log2_of(n - 1) - 3);
    return (n + step - 1) & ~(step - 1);
}

/* Of a rounded size. */
static uint32_t size_index(uint32_t n)
{
    if (n <= FINE_MAX)
        return n / SLAB_STEP;
    uint32_t l = log2_of(n - 1);
    return 32 + (l - 8) * 8 + ((n - (1u << l)) >> (l - 3));
}

void slab_release(struct slab *s)
{
    for (uint32_t i = 0; i < s->n_chunks; i++)
        if (s->chunks[i].block_bytes > SLAB_BLOCK_MAX)
            free(s->chunks[i].p);
    for (uint32_t i = 0; i < s->n_regions; i++)
        free(s->regions[i]);
    free(s->chunks);
    free(s->spare);
    free(s->regions);
    *s = (struct slab){0};
}

static uint32_t new_entry(struct slab *s)
{
    if (s->unused) {
        uint32_t i = s->unused;
        s->unused = s->chunks[i].next;
        return i;
    }
    if (s->n_chunks == s->cap_chunks) {
        s->cap_chunks = s->cap_chunks ? s->cap_chunks * 2 : 16;
        s->chunks = reallocarray(s->chunks, s->cap_chunks, sizeof *s->chunks);
        ASSERT(s->chunks);
    }
    if (s->n_chunks == 0)
        s->chunks[s->n_chunks++] = (struct slab_chunk){0};
    ASSERT(s->n_chunks < CHUNKS_MAX);
    return s->n_chunks++;
}

static void add_region(struct slab *s)
{
    if (s->n_regions == s->cap_regions) {
        s->cap_regions = s->cap_regions ? s->cap_regions * 2 : 16;
        s->regions = reallocarray(s->regions, s->cap_regions, sizeof *s->regions);
        ASSERT(s->regions);
    }
    uint8_t *p = aligned_alloc(SLAB_REGION_BYTES, SLAB_REGION_BYTES);
    ASSERT(p);
    if (s->n_regions)                                       /* a small store stays small */
        (void)madvise(p, SLAB_REGION_BYTES, MADV_HUGEPAGE); /* a wish */
    s->regions[s->n_regions++] = p;
    s->n_cut = 0;
}

static uint8_t *chunk_memory(struct slab *s)
{
    if (s->n_spare) {
        s->n_spare--;
        if (s->n_spare < s->n_cold) {
            s->n_cold = s->n_spare;
            s->held_bytes += SLAB_CHUNK_BYTES;
        }
        return s->spare[s->n_spare];
    }
    if (s->n_regions == 0 || s->n_cut == REGION_CHUNKS)
        add_region(s);
    s->held_bytes += SLAB_CHUNK_BYTES;
    return s->regions[s->n_regions - 1] + (size_t)s->n_cut++ * SLAB_CHUNK_BYTES;
}

void slab_copy(struct slab *to, const struct slab *from)
{
    *to = *from;
    to->spare = NULL;
    to->n_spare = to->n_cold = to->cap_spare = 0;
    to->regions = NULL;
    to->n_regions = to->cap_regions = 0;
    to->held_bytes = 0;
    if (!from->cap_chunks)
        return;
    to->chunks = reallocarray(NULL, from->cap_chunks, sizeof *to->chunks);
    ASSERT(to->chunks);
    memcpy(to->chunks, from->chunks, from->n_chunks * sizeof *to->chunks);
    for (uint32_t i = 0; i < from->n_chunks; i++) {
        struct slab_chunk *c = &to->chunks[i];
        if (!c->p)
            continue;
        if (c->block_bytes > SLAB_BLOCK_MAX) {
            c->p = malloc(c->block_bytes);
            to->held_bytes += c->block_bytes;
        } else {
            c->p = chunk_memory(to);
        }
        ASSERT(c->p);
        memcpy(c->p, from->chunks[i].p, c->untouched);
    }
}

static void link_in(struct slab *s, uint32_t i, uint32_t *list)
{
    s->chunks[i].prev = 0;
    s->chunks[i].next = *list;
    if (*list)
        s->chunks[*list].prev = i;
    *list = i;
}

static void unlink_from(struct slab *s, uint32_t i, uint32_t *list)
{
    struct slab_chunk *c = &s->chunks[i];

    if (c->prev)
        s->chunks[c->prev].next = c->next;
    else
        *list = c->next;
    if (c->next)
        s->chunks[c->next].prev = c->prev;
}

static uint32_t alloc_big(struct slab *s, uint32_t bytes)
{
    uint32_t i = new_entry(s);

    s->chunks[i] = (struct slab_chunk){
        .p = malloc(bytes), .block_bytes = bytes, .n_used = 1, .untouched = bytes};
    ASSERT(s->chunks[i].p);
    s->held_bytes += bytes;
    return i << SLAB_PLACE_BITS;
}

uint32_t slab_alloc(struct slab *s, uint32_t n)
{
    uint32_t bytes = slab_round(n);

    if (bytes > SLAB_BLOCK_MAX)
        return alloc_big(s, bytes);
    uint32_t *list = &s->with_room[size_index(bytes)];
    if (!*list) {
        uint32_t fresh = new_entry(s);
        s->chunks[fresh] = (struct slab_chunk){.p = chunk_memory(s), .block_bytes = bytes};
        link_in(s, fresh, list);
    }
    uint32_t i = *list, place;
    struct slab_chunk *c = &s->chunks[i];
    if (c->free_place) {
        place = c->free_place - 1;
        memcpy(&c->free_place, c->p + (size_t)place * SLAB_STEP, sizeof c->free_place);
    } else {
        place = c->untouched / SLAB_STEP;
        c->untouched += bytes;
    }
    c->n_used++;
    if (!c->free_place && c->untouched + bytes > SLAB_CHUNK_BYTES)
        unlink_from(s, i, list);
    return i << SLAB_PLACE_BITS | place;
}

static void drop_entry(struct slab *s, uint32_t i)
{
    s->chunks[i] = (struct slab_chunk){.next = s->unused};
    s->unused = i;
}

static void drop_memory(struct slab *s, uint8_t *p)
{
    if (s->n_spare == s->cap_spare) {
        s->cap_spare = s->cap_spare ? s->cap_spare * 2 : SPARE_MAX;
        s->spare = reallocarray(s->spare, s->cap_spare, sizeof *s->spare);
        ASSERT(s->spare);
    }
    s->spare[s->n_spare++] = p;
    if (s->n_spare - s->n_cold <= SPARE_MAX)
        return;
    uint32_t coldest = s->n_cold++;
    (void)madvise(s->spare[coldest], SLAB_CHUNK_BYTES, MADV_DONTNEED);
    s->held_bytes -= SLAB_CHUNK_BYTES;
}

void slab_free(struct slab *s, uint32_t block)
{
    uint32_t i = block >> SLAB_PLACE_BITS, place = block & ((1u << SLAB_PLACE_BITS) - 1);
    struct slab_chunk *c = &s->chunks[i];

    if (c->block_bytes > SLAB_BLOCK_MAX) {
        s->held_bytes -= c->block_bytes;
        free(c->p);
        drop_entry(s, i);
        return;
    }
    uint32_t *list = &s->with_room[size_index(c->block_bytes)];
    bool was_full = !c->free_place && c->untouched + c->block_bytes > SLAB_CHUNK_BYTES;
    memcpy(c->p + (size_t)place * SLAB_STEP, &c->free_place, sizeof c->free_place);
    c->free_place = place + 1;
    if (was_full)
        link_in(s, i, list);
    if (--c->n_used)
        return;
    unlink_from(s, i, list);
    drop_memory(s, c->p);
    drop_entry(s, i);
}

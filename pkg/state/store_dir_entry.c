/* store_dir_entry.c - cells, spaces and the end of a commit as bytes of a file, and back.
 *
 * Spaces have numbers that a run gives; a file says by their identities which it means.
 */
#include "state/store_dir_impl.h"

#include <stdlib.h>
#include <string.h>

enum entry_kind { ENTRY_GONE, ENTRY_CELL, ENTRY_SMALL };

enum { NO_SPACE = UINT16_MAX };

/* ---- entries ------------------------------------------------------------------------------- */

void dir_pack_cell(struct buf *out, uint32_t space, const struct state_key *key,
                   const struct cell *c)
{
    pack_u8(out, ENTRY_CELL);
    pack_u32(out, space);
    pack_bytes(out, key, sizeof *key);
    pack_i64(out, c->due_ms);
    pack_i64(out, c->idle_ms);
    pack_u8(out, c->weight);
    pack_str(out, (struct str){(const char *)c->main.p, c->main.n});
    pack_str(out, (struct str){(const char *)c->side.p, c->side.n});
}

void dir_pack_change(struct dir_store *d, const struct dir_change *c)
{
    uint32_t n_spaces, value;
    int64_t t_ms;
    const struct mem_space *sp = store_mem_space(d->mem, c->space, &n_spaces);
    struct cell cell;

    if (mem_space_get(store_mem_pool(d->mem), sp, &c->key, &cell)) {
        dir_pack_cell(&d->frame, c->space, &c->key, &cell);
        return;
    }
    bool is_small = small_table_peek(&sp->small, &c->key, &t_ms, &value);
    pack_u8(&d->frame, is_small ? ENTRY_SMALL : ENTRY_GONE);
    pack_u32(&d->frame, c->space);
    pack_bytes(&d->frame, &c->key, sizeof c->key);
    if (!is_small)
        return;
    pack_i64(&d->frame, t_ms);
    pack_u32(&d->frame, value);
    pack_i64(&d->frame, sp->small_life_ms);
}

static struct mem_space *space_in_file(struct dir_store *d, uint32_t number)
{
    uint32_t n_spaces;

    if (number >= d->n_map || d->map[number] == NO_SPACE)
        return NULL;
    return store_mem_space(d->mem, d->map[number], &n_spaces);
}

static struct cell_part part_of(struct str bytes)
{
    return (struct cell_part){(uint8_t *)(uintptr_t)bytes.p, (uint32_t)bytes.n, (uint32_t)bytes.n};
}

static void load_cell(struct dir_store *d, struct unpack *u, struct mem_space *sp,
                      const struct state_key *key)
{
    struct cell c = {.due_ms = unpack_i64(u), .idle_ms = unpack_i64(u), .weight = unpack_u8(u)};

    c.main = part_of(unpack_str(u));
    c.side = part_of(unpack_str(u));
    if (sp && unpack_ok(u))
        mem_space_put(store_mem_pool(d->mem), sp, key, &c);
}

bool dir_load_entry(struct dir_store *d, struct unpack *u)
{
    uint8_t kind = unpack_u8(u);
    struct mem_space *sp = space_in_file(d, unpack_u32(u));
    struct state_key key;
    struct cell none = {0};

    unpack_bytes(u, &key, sizeof key);
    if (kind == ENTRY_CELL) {
        load_cell(d, u, sp, &key);
    } else if (kind == ENTRY_SMALL) {
        int64_t t_ms = unpack_i64(u);
        uint32_t value = unpack_u32(u);
        int64_t life_ms = unpack_i64(u);
        if (sp && life_ms > sp->small_life_ms)
            sp->small_life_ms = life_ms;
        if (sp && unpack_ok(u))
            mem_space_put_small(store_mem_pool(d->mem), sp, &key, t_ms, value);
    } else if (sp) {
        mem_space_put(store_mem_pool(d->mem), sp, &key, &none);
    }
    return unpack_ok(u) && kind <= ENTRY_SMALL;
}

bool dir_load_small(struct dir_store *d, struct unpack *u)
{
    struct mem_space *sp = space_in_file(d, unpack_u32(u));
    int64_t life_ms = unpack_i64(u);

    if (sp)
        sp->small_life_ms = life_ms;
    while (unpack_left(u) >= sizeof(struct small_record)) {
        struct small_record r;
        r.name_time = unpack_u64(u);
        r.time_value = unpack_u64(u);
        if (sp)
            mem_space_put_record(store_mem_pool(d->mem), sp, r);
    }
    return unpack_ok(u) && unpack_left(u) == 0;
}

/* ---- spaces -------------------------------------------------------------------------------- */

void dir_pack_spaces(struct dir_store *d, struct buf *out)
{
    uint32_t n_spaces;

    (void)store_mem_space(d->mem, 0, &n_spaces);
    size_t place = dir_frame_begin(out, FRAME_SPACES, d->number);
    pack_u32(out, n_spaces);
    for (uint32_t i = 0; i < n_spaces; i++)
        pack_bytes(out, store_mem_space(d->mem, i, &n_spaces)->spec.identity, 16);
    dir_frame_end(out, place);
}

static uint16_t space_of_identity(struct dir_store *d, const uint8_t identity[static 16])
{
    uint32_t n_spaces = 1;

    for (uint32_t i = 0; i < n_spaces; i++) {
        const struct mem_space *sp = store_mem_space(d->mem, i, &n_spaces);
        if (sp && memcmp(sp->spec.identity, identity, 16) == 0)
            return (uint16_t)i;
    }
    return NO_SPACE;
}

bool dir_load_spaces(struct dir_store *d, struct unpack *u)
{
    uint32_t n = unpack_u32(u);
    uint8_t identity[16];

    if (n > STORE_SPACES_MAX)
        return false;
    d->map = reallocarray(d->map, n ? n : 1, sizeof *d->map);
    ASSERT(d->map);
    d->n_map = n;
    for (uint32_t i = 0; i < n; i++) {
        unpack_bytes(u, identity, sizeof identity);
        d->map[i] = space_of_identity(d, identity);
    }
    return unpack_ok(u);
}

/* ---- the end of a commit: position and journal --------------------------------------------- */

void dir_pack_end(struct dir_store *d, struct buf *out)
{
    pack_str(out, buf_str(&d->position));
    pack_u64(out, d->journal_bytes);
    pack_u64(out, XXH3_64bits_digest(d->journal_sum));
}

struct dir_end dir_unpack_end(struct unpack *u)
{
    struct dir_end e;

    e.position = unpack_str(u);
    e.journal_bytes = unpack_u64(u);
    e.journal_sum = unpack_u64(u);
    return e;
}

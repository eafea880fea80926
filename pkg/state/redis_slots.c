/* redis_slots.c - the cells of a batch in one shard, found by key and grouped by space, and the
 * words that calls are made of.
 *
 * Cells go by groups: those of one space, in one run of words that the library hands to HMGET or
 * HSET as they are. The order of the groups in the reply is that of the words, kept in `asked`.
 */
#include "state/store_redis_impl.h"

#include "base/pack.h"
#include "base/str.h"
#include "state/redis_small.h"

#include <stdlib.h>
#include <string.h>

enum { NUMBER_BYTES = 24, CELL_SLACK = 64, TABLE_MIN = 16 };

/* ---- words ----------------------------------------------------------------------------------- */

void redis_words_add(struct redis_words *w, struct str word)
{
    if (w->n == w->cap) {
        w->cap = w->cap ? w->cap * 2 : 256;
        w->p = reallocarray(w->p, w->cap, sizeof *w->p);
        ASSERT(w->p);
    }
    w->p[w->n++] = word;
}

struct str redis_number_text(struct arena *a, int64_t v)
{
    char *p = arena_alloc(a, NUMBER_BYTES);
    char *end = p + NUMBER_BYTES, *at = end;
    uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;

    do
        *--at = (char)('0' + u % 10);
    while ((u /= 10) > 0);
    if (v < 0)
        *--at = '-';
    return (struct str){at, (size_t)(end - at)};
}

void redis_add_number(struct store_redis *s, struct redis_words *w, int64_t v)
{
    redis_words_add(w, redis_number_text(s->arena, v));
}

void redis_add_list(struct store_redis *s, struct redis_words *w, const struct redis_words *list)
{
    redis_add_number(s, w, (int64_t)list->n);
    for (size_t i = 0; i < list->n; i++)
        redis_words_add(w, list->p[i]);
}

void redis_add_bytes(struct redis_words *w, const void *p, size_t n)
{
    redis_words_add(w, (struct str){p, n});
}

struct str redis_timer_text(struct store_redis *s)
{
    int64_t ms = s->batch->timer_ms;

    return ms == INT64_MIN   ? STR("-inf")
           : ms == INT64_MAX ? STR("+inf")
                             : redis_number_text(s->arena, ms);
}

/* ---- slots: the cells of a batch in one shard ------------------------------------------------ */

static uint64_t slot_hash(uint32_t space, const struct state_key *key)
{
    uint64_t k;

    /* The key is a keyed hash already; its first byte chose the shard. */
    memcpy(&k, key->bytes + 8, sizeof k);
    return k ^ (space * 0x9E3779B97F4A7C15ull);
}

static void table_grow(struct store_redis *s, struct redis_shard *sh, size_t n_wanted)
{
    uint32_t size = TABLE_MIN;

    while (size < n_wanted * 2)
        size *= 2;
    sh->table = arena_alloc(s->arena, size * sizeof *sh->table);
    memset(sh->table, 0xFF, size * sizeof *sh->table);
    sh->table_mask = size - 1;
    for (uint32_t i = 0; i < sh->n_slots; i++) {
        uint64_t h = slot_hash(sh->slots[i].space, &sh->slots[i].key);
        while (sh->table[h & sh->table_mask] != REDIS_NO_SLOT)
            h++;
        sh->table[h & sh->table_mask] = i;
    }
}

static struct redis_slot *slot_append(struct store_redis *s, struct redis_shard *sh)
{
    if (sh->n_slots == sh->slots_cap) {
        size_t cap = sh->slots_cap ? sh->slots_cap * 2 : TABLE_MIN;
        struct redis_slot *more = ARENA_ARRAY(s->arena, cap, struct redis_slot);
        if (sh->n_slots > 0)
            memcpy(more, sh->slots, sh->n_slots * sizeof *more);
        sh->slots = more;
        sh->slots_cap = cap;
        table_grow(s, sh, cap);
    }
    return &sh->slots[sh->n_slots++];
}

struct redis_slot *redis_slot_get(struct store_redis *s, struct redis_shard *sh, uint32_t space,
                                  const struct state_key *key)
{
    uint64_t h = slot_hash(space, key);

    if (sh->table)
        for (uint32_t i; (i = sh->table[h & sh->table_mask]) != REDIS_NO_SLOT; h++)
            if (sh->slots[i].space == space &&
                memcmp(sh->slots[i].key.bytes, key->bytes, STATE_KEY_BYTES) == 0)
                return &sh->slots[i];
    struct redis_slot *slot = slot_append(s, sh);
    *slot = (struct redis_slot){.space = space, .key = *key, .record = REDIS_NO_RECORD};
    slot->cell.due_ms = CELL_NEVER;
    slot->cell.idle_ms = INT64_MAX;
    slot->cell.memory = &s->memory.base;
    h = slot_hash(space, key);
    while (sh->table[h & sh->table_mask] != REDIS_NO_SLOT)
        h++;
    sh->table[h & sh->table_mask] = (uint32_t)(sh->n_slots - 1);
    return slot;
}

static void part_load(struct store_redis *s, struct cell_part *part, struct str bytes)
{
    part->n = (uint32_t)bytes.n;
    part->room = part->n ? part->n + CELL_SLACK : 0;
    part->p = part->room ? arena_alloc(s->arena, part->room) : NULL;
    if (part->n)
        memcpy(part->p, bytes.p, bytes.n);
}

enum weir_rc redis_slot_load(struct store_redis *s, struct redis_slot *slot,
                             const struct redis_reply *r, struct weir_err *err)
{
    if (r->type != REDIS_TEXT)
        return WEIR_OK;
    if (!redis_value_unpack(r->text, &slot->was))
        return err_set(err, WEIR_IO, "Redis: a cell of %.*s is damaged or of a newer version",
                       (int)s->spaces[slot->space].spec.name.n, s->spaces[slot->space].spec.name.p);
    slot->is_there = true;
    part_load(s, &slot->cell.main, slot->was.main);
    part_load(s, &slot->cell.side, slot->was.side);
    slot->cell.due_ms = slot->was.due_ms;
    slot->cell.idle_ms = slot->was.idle_ms;
    slot->cell.weight = slot->was.weight;
    return WEIR_OK;
}

/* ---- groups ---------------------------------------------------------------------------------- */

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

/* sh->asked: all slots, by space. */
void redis_order_slots(struct store_redis *s, struct redis_shard *sh)
{
    uint64_t *order = ARENA_ARRAY(s->arena, sh->n_slots, uint64_t);

    for (uint32_t i = 0; i < sh->n_slots; i++)
        order[i] = (uint64_t)sh->slots[i].space << 32 | i;
    qsort(order, sh->n_slots, sizeof *order, by_number);
    sh->asked = ARENA_ARRAY(s->arena, sh->n_slots, uint32_t);
    sh->n_asked = sh->n_slots;
    for (size_t i = 0; i < sh->n_slots; i++)
        sh->asked[i] = (uint32_t)order[i];
}

size_t redis_group_end(const struct redis_shard *sh, size_t from)
{
    uint32_t space = sh->slots[sh->asked[from]].space;
    size_t to = from + 1;

    while (to < sh->n_asked && to - from < REDIS_GROUP_MAX &&
           sh->slots[sh->asked[to]].space == space)
        to++;
    return to;
}

size_t redis_count_groups(const struct redis_shard *sh)
{
    size_t n = 0;

    for (size_t from = 0; from < sh->n_asked; from = redis_group_end(sh, from))
        n++;
    return n;
}

int64_t redis_limit_of(const struct store_redis *s)
{
    return (int64_t)(s->total / STORE_SHARDS);
}

int64_t redis_share_of(const struct redis_space *space)
{
    return (int64_t)(space->spec.budget_bytes / STORE_SHARDS);
}

/* Pages that the budget allows: with all of them there is an eighth left for whole cells. */
uint32_t redis_spread_of(const struct redis_space *space)
{
    int64_t n = redis_share_of(space) / 8 * 7 / redis_page_cost(REDIS_PAGE_RECORDS);

    return !space->spec.shrink ? 0 : n < 1 ? 1 : (uint32_t)n;
}

int64_t redis_bytes_of(const struct redis_usage *u)
{
    return u->bytes + u->pages;
}

bool redis_is_pressed(const struct redis_space *space, uint32_t shard)
{
    return space->spec.shrink &&
           redis_bytes_of(redis_usage_of(space, shard)) > redis_share_of(space) / 2;
}

/* Keys are spread as they were when the pages were made. */
bool redis_is_spread(const struct redis_space *space, uint32_t shard)
{
    const struct redis_usage *u = redis_usage_of(space, shard);

    return u->pages == 0 || u->spread == redis_spread_of(space);
}

void redis_add_call(struct store_redis *s, struct redis_words *w, const char *name,
                    const struct redis_shard *sh)
{
    w->n = 0;
    redis_words_add(w, STR("FCALL"));
    redis_words_add(w, str_from(name));
    redis_add_number(s, w, 1);
    redis_words_add(w, str_from(sh->tag));
}

/* redis_request.c - the words of the two calls of a shard, and what their replies say.
 *
 * Cells go by groups: those of one space, in one run of words that the library hands to HMGET or
 * HSET as they are. The order of the groups in the reply is that of the words, kept in `asked`.
 */
#include "state/store_redis_impl.h"

#include "base/pack.h"
#include "state/redis_small.h"
#include "base/str.h"

#include <endian.h>
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

static void add_number(struct store_redis *s, struct redis_words *w, int64_t v)
{
    redis_words_add(w, redis_number_text(s->arena, v));
}

static void add_list(struct store_redis *s, struct redis_words *w, const struct redis_words *list)
{
    add_number(s, w, (int64_t)list->n);
    for (size_t i = 0; i < list->n; i++)
        redis_words_add(w, list->p[i]);
}

static void add_bytes(struct redis_words *w, const void *p, size_t n)
{
    redis_words_add(w, (struct str){p, n});
}

static struct str timer_text(struct store_redis *s)
{
    int64_t ms = s->batch->timer_ms;

    return ms == INT64_MIN   ? STR("-inf")
           : ms == INT64_MAX ? STR("+inf")
                             : redis_number_text(s->arena, ms);
}

/* ---- slots: the cells of a batch in one shard --------------------------------------------------
 */

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

static enum weir_rc slot_load(struct store_redis *s, struct redis_slot *slot,
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

/* ---- groups ------------------------------------------------------------------------------------
 */

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

/* sh->asked: all slots, by space. */
static void order_slots(struct store_redis *s, struct redis_shard *sh)
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

static size_t group_end(const struct redis_shard *sh, size_t from)
{
    uint32_t space = sh->slots[sh->asked[from]].space;
    size_t to = from + 1;

    while (to < sh->n_asked && to - from < REDIS_GROUP_MAX &&
           sh->slots[sh->asked[to]].space == space)
        to++;
    return to;
}

static size_t count_groups(const struct redis_shard *sh)
{
    size_t n = 0;

    for (size_t from = 0; from < sh->n_asked; from = group_end(sh, from))
        n++;
    return n;
}

static int64_t share_of(const struct redis_space *space)
{
    uint64_t budget = space->spec.budget_bytes;

    return (int64_t)((budget ? budget : STORE_BUDGET_DEFAULT) / STORE_SHARDS);
}

/* ---- reading -----------------------------------------------------------------------------------
 */

/* Pages that the budget allows: with all of them there is an eighth left for whole cells. */
static uint32_t spread_of(const struct redis_space *space)
{
    int64_t n = share_of(space) / 8 * 7 / redis_page_cost(REDIS_PAGE_RECORDS);

    return !space->spec.shrink ? 0 : n < 1 ? 1 : (uint32_t)n;
}

static int64_t bytes_of(const struct redis_usage *u)
{
    return u->bytes + u->pages;
}

static bool is_pressed(const struct redis_space *space, uint32_t shard)
{
    return space->spec.shrink && bytes_of(&space->usage[shard]) > share_of(space) / 2;
}

/* How many cells to look at besides those asked for: some for the idle ones, enough to make room
 * for as many as come when the space is full. */
static int64_t sample_size(const struct redis_space *space, uint32_t shard, size_t n_keys)
{
    int64_t bytes = bytes_of(&space->usage[shard]), share = share_of(space), n = (int64_t)n_keys;

    if (bytes + n * REDIS_CELL_OVERHEAD > share)
        n = n * 2 + 16;
    else if (is_pressed(space, shard))
        n = n / 16 + 1; /* new keys are small: little has to go */
    else if (bytes > share / 2)
        n = n / 2 + 4;
    else
        n = n / 16 + 1;
    return n < REDIS_SAMPLE_MAX ? n : REDIS_SAMPLE_MAX;
}

static void begin_reading(struct store_redis *s, struct redis_shard *sh)
{
    const struct store_batch *b = s->batch;

    sh->slots = NULL;
    sh->table = NULL;
    sh->n_slots = sh->slots_cap = 0;
    sh->n_restored = sh->n_misplaced = 0;
    sh->pages = NULL;
    sh->is_stale = false;
    sh->has_more_timers = false;
    for (size_t i = 0; !sh->is_ops_done && i < sh->n_ops; i++) {
        const struct state_op *op = &b->ops[sh->ops[i]];
        struct redis_slot *slot = redis_slot_get(s, sh, op->space, &op->key);
        s->slot_of[sh->ops[i]] = (uint32_t)(slot - sh->slots);
    }
    order_slots(s, sh);
}

static void add_call(struct store_redis *s, struct redis_words *w, const char *name,
                     const struct redis_shard *sh)
{
    w->n = 0;
    redis_words_add(w, STR("FCALL"));
    redis_words_add(w, str_from(name));
    add_number(s, w, 1);
    redis_words_add(w, str_from(sh->tag));
}

void redis_request_read(struct store_redis *s, struct redis_shard *sh)
{
    const struct store_batch *b = s->batch;
    struct redis_words *w = &s->words;

    begin_reading(s, sh);
    add_call(s, w, "weir_v1_read", sh);
    redis_words_add(w, timer_text(s));
    add_number(s, w, (int64_t)sh->timers_skipped);
    add_number(s, w, REDIS_TIMERS_MAX);
    add_number(s, w, b->round);
    redis_words_add(w, str_from(b->run_id));
    add_number(s, w, (int64_t)b->n_parts);
    for (size_t i = 0; i < b->n_parts; i++)
        add_number(s, w, b->parts[i].partition);
    add_number(s, w, (int64_t)count_groups(sh));
    for (size_t from = 0, to; from < sh->n_asked; from = to) {
        to = group_end(sh, from);
        const struct redis_space *space = &s->spaces[sh->slots[sh->asked[from]].space];
        add_bytes(w, space->spec.identity, sizeof space->spec.identity);
        bool has_pages = is_pressed(space, sh->number) || space->usage[sh->number].pages > 0;
        int64_t sample = sample_size(space, sh->number, to - from);
        bool is_over =
            bytes_of(&space->usage[sh->number]) + (int64_t)(to - from) * REDIS_CELL_OVERHEAD >
            share_of(space);
        add_number(s, w, has_pages && is_over ? -sample : sample);
        add_number(s, w, has_pages ? spread_of(space) : 0);
        add_number(s, w, (int64_t)(to - from));
        for (size_t i = from; i < to; i++)
            add_bytes(w, sh->slots[sh->asked[i]].key.bytes, STATE_KEY_BYTES);
    }
    redis_conn_add(s->session.conn, w->p, w->n);
}

int64_t redis_due_of(const struct redis_reply *r)
{
    if (r->type != REDIS_TEXT)
        return INT64_MAX;
    double due = strtod(r->text.p, NULL); /* a NUL follows: arena_str() */
    return due < 9e18 ? (int64_t)due : INT64_MAX;
}

static void load_usage(struct redis_usage *u, const struct redis_reply *r)
{
    *u = (struct redis_usage){0};
    if (r->type == REDIS_TEXT && r->text.n == sizeof *u)
        memcpy(u, r->text.p, sizeof *u);
}

static struct redis_page *page_of(struct store_redis *s, struct redis_shard *sh, uint32_t space,
                                  uint32_t number, const struct redis_reply *text)
{
    struct redis_page *p = sh->pages;

    while (p && (p->space != space || p->number != number))
        p = p->next;
    if (p)
        return p;
    p = ARENA_NEW(s->arena, struct redis_page);
    *p = (struct redis_page){.next = sh->pages, .space = space, .number = number};
    if (text->type == REDIS_TEXT && text->text.n <= REDIS_PAGE_BYTES) {
        p->room = p->was_room = (uint32_t)(text->text.n / REDIS_RECORD_BYTES);
        p->was = text->text.p;
        memcpy(p->now, text->text.p, (size_t)p->room * REDIS_RECORD_BYTES);
    }
    sh->pages = p;
    return p;
}

/* Keys are spread as they were when the pages were made. */
static bool is_spread(const struct redis_space *space, uint32_t shard)
{
    const struct redis_usage *u = &space->usage[shard];

    return u->pages == 0 || u->spread == spread_of(space);
}

/* Where the key's small form is, or would be put; found, it becomes a cell again. */
static void load_page(struct store_redis *s, struct redis_shard *sh, struct redis_slot *slot,
                      const struct redis_reply *text)
{
    const struct redis_space *space = &s->spaces[slot->space];
    static const struct redis_reply none = {.type = REDIS_NIL};
    uint32_t number = redis_page_number(&slot->key, spread_of(space)), value;
    int64_t t_ms;
    bool is_full;

    slot->page = page_of(s, sh, slot->space, number, is_spread(space, sh->number) ? text : &none);
    slot->place = redis_page_place(slot->page, &is_full);
    if (slot->is_there)
        return;
    uint32_t i = redis_page_find(slot->page, &slot->key);
    if (i == REDIS_PAGE_RECORDS)
        return;
    slot->record = slot->place = i;
    redis_page_get(slot->page, i, &t_ms, &value);
    s->memory.shard = sh;
    s->memory.slot = slot;
    space->spec.regrow(space->spec.context, t_ms, value, &slot->cell);
}

/* Cells that were not asked for: to be dropped when idle, or when room is needed. */
static enum weir_rc load_samples(struct store_redis *s, struct redis_shard *sh, uint32_t space,
                                 const struct redis_reply *list, const struct redis_reply *pages,
                                 struct weir_err *err)
{
    for (size_t i = 0; i + 1 < list->n; i += 2) {
        struct state_key key;
        if (list->items[i]->text.n != STATE_KEY_BYTES)
            continue;
        memcpy(key.bytes, list->items[i]->text.p, STATE_KEY_BYTES);
        size_t before = sh->n_slots;
        struct redis_slot *slot = redis_slot_get(s, sh, space, &key);
        if (sh->n_slots == before)
            continue;
        slot->is_sampled = true;
        TRY(slot_load(s, slot, list->items[i + 1], err));
        if (i / 2 < pages->n)
            load_page(s, sh, slot, pages->items[i / 2]);
    }
    return WEIR_OK;
}

static enum weir_rc load_group(struct store_redis *s, struct redis_shard *sh, size_t from,
                               size_t to, const struct redis_reply *g, struct weir_err *err)
{
    uint32_t space = sh->slots[sh->asked[from]].space;

    const struct redis_usage *u = &s->spaces[space].usage[sh->number];

    if (g->type != REDIS_LIST || g->n != 5 || g->items[1]->n != to - from)
        return err_set(err, WEIR_IO, "Redis: an answer of the library is incomplete");
    load_usage(&s->spaces[space].usage[sh->number], g->items[0]);
    bool has_pages = g->items[2]->n == to - from;
    sh->is_stale |= !has_pages && u->pages > 0 && s->spaces[space].spec.shrink;
    for (size_t i = from; i < to; i++) {
        struct redis_slot *slot = &sh->slots[sh->asked[i]];
        TRY(slot_load(s, slot, g->items[1]->items[i - from], err));
        if (has_pages && !slot->is_there)
            load_page(s, sh, slot, g->items[2]->items[i - from]);
    }
    return load_samples(s, sh, space, g->items[3], g->items[4], err);
}

static uint32_t space_by_identity(const struct store_redis *s, const char *identity)
{
    for (uint32_t i = 0; i < s->n_spaces; i++)
        if (memcmp(s->spaces[i].spec.identity, identity, 16) == 0)
            return i;
    return UINT32_MAX;
}

static void misplace(struct redis_shard *sh, struct str member, int64_t due_ms, uint32_t level)
{
    sh->misplaced[sh->n_misplaced++] = (struct redis_misplaced){member, due_ms, level};
}

static enum weir_rc load_timer(struct store_redis *s, struct redis_shard *sh, struct str member,
                               const struct redis_reply *cell, struct weir_err *err)
{
    struct state_key key;
    struct redis_value v;
    uint32_t space = member.n == 32 ? space_by_identity(s, member.p) : UINT32_MAX;

    if (space == UINT32_MAX) {
        sh->timers_skipped++; /* another rule set's: its worker calls them */
        return WEIR_OK;
    }
    if (cell->type != REDIS_TEXT || !redis_value_unpack(cell->text, &v)) {
        misplace(sh, member, 0, REDIS_NO_LEVEL);
        return WEIR_OK;
    }
    if (s->spaces[space].spec.level != s->batch->round) {
        misplace(sh, member, v.due_ms, s->spaces[space].spec.level);
        return WEIR_OK;
    }
    memcpy(key.bytes, member.p + 16, STATE_KEY_BYTES);
    struct redis_slot *slot = redis_slot_get(s, sh, space, &key);
    slot->is_sampled = false;
    return slot->is_there ? WEIR_OK : slot_load(s, slot, cell, err);
}

static enum weir_rc load_timers(struct store_redis *s, struct redis_shard *sh,
                                const struct redis_reply *members, const struct redis_reply *cells,
                                struct weir_err *err)
{
    sh->misplaced = ARENA_ARRAY(s->arena, members->n, struct redis_misplaced);
    for (size_t i = 0; i < members->n; i++)
        TRY(load_timer(s, sh, members->items[i]->text, cells->items[i], err));
    sh->has_more_timers = members->n == REDIS_TIMERS_MAX;
    return WEIR_OK;
}

static struct store_at at_of(struct str text)
{
    struct unpack u = unpack_from(text);
    struct store_at at;

    at.position = unpack_u64(&u);
    at.tick = unpack_u64(&u);
    return at; /* zeros if nothing is there */
}

static void load_parts(struct store_redis *s, struct redis_shard *sh, const struct redis_reply *r,
                       enum store_answer *answer)
{
    const struct store_batch *b = s->batch;

    if (b->n_parts > 0 && r->items[2]->number != 1)
        *answer = STORE_NEWINC;
    sh->vectors = ARENA_ARRAY(s->arena, b->n_parts, struct redis_vector);
    for (uint32_t i = 0; i < b->n_parts; i++) {
        const struct store_at *last = b->parts[i].last;
        const struct redis_reply *outbox = r->items[4]->items[i];
        sh->vectors[i].text = r->items[3]->items[i]->text;
        sh->vectors[i].at = at_of(sh->vectors[i].text);
        if (*answer == STORE_DONE && last && store_at_less(sh->vectors[i].at, last[sh->number]))
            *answer = STORE_GAP;
        if (outbox->n == 2)
            redis_outbox_read(s, sh, i, outbox->items[0], outbox->items[1]);
    }
}

enum weir_rc redis_request_read_reply(struct store_redis *s, struct redis_shard *sh,
                                      const struct redis_reply *r, enum store_answer *answer,
                                      struct weir_err *err)
{
    size_t g = 0;

    if (r->type != REDIS_LIST || r->n != 8 || r->items[7]->n != count_groups(sh) ||
        r->items[5]->n != r->items[6]->n || r->items[3]->n != s->batch->n_parts ||
        r->items[5]->n > REDIS_TIMERS_MAX)
        return err_set(err, WEIR_IO, "Redis: an answer of the library is incomplete");
    sh->seq = r->items[0]->text;
    sh->next_due_ms[s->batch->round] = redis_due_of(r->items[1]);
    load_parts(s, sh, r, answer);
    for (size_t from = 0, to; from < sh->n_asked; from = to, g++) {
        to = group_end(sh, from);
        TRY(load_group(s, sh, from, to, r->items[7]->items[g], err));
    }
    return load_timers(s, sh, r->items[5], r->items[6], err);
}

/* ---- writing back ------------------------------------------------------------------------------
 */

struct group {
    struct redis_words check, set, del, page_check, page;
    struct redis_usage usage;
};

struct timers {
    struct redis_words due, gone;
};

struct commit {
    struct timers *timers[STORE_ROUNDS_MAX]; /* by level; NULL: none */
    size_t n_levels;
    struct redis_words groups;
    size_t n_groups;
};

static void words_release(struct redis_words *w)
{
    free(w->p);
    *w = (struct redis_words){0};
}

static struct str stamp_of(const struct redis_slot *slot)
{
    if (!slot->is_there)
        return (struct str){0};
    return (struct str){slot->was.main.p - REDIS_VALUE_HEADER, REDIS_STAMP_BYTES};
}

static struct str member_of(struct store_redis *s, const struct redis_slot *slot)
{
    char *p = arena_alloc(s->arena, 32);

    memcpy(p, s->spaces[slot->space].spec.identity, 16);
    memcpy(p + 16, slot->key.bytes, STATE_KEY_BYTES);
    return (struct str){p, 32};
}

static struct str part_text(const struct cell_part *p)
{
    return (struct str){(const char *)p->p, p->n};
}

static bool is_unchanged(const struct redis_slot *slot)
{
    const struct cell *c = &slot->cell;

    return slot->is_there && str_eq(part_text(&c->main), slot->was.main) &&
           str_eq(part_text(&c->side), slot->was.side) && c->due_ms == slot->was.due_ms &&
           c->idle_ms == slot->was.idle_ms && c->weight == slot->was.weight;
}

static struct timers *timers_of(struct store_redis *s, struct commit *c, uint32_t level)
{
    if (!c->timers[level]) {
        c->timers[level] = ARENA_NEW(s->arena, struct timers);
        c->n_levels++;
    }
    return c->timers[level];
}

static void write_timer(struct store_redis *s, struct redis_shard *sh, struct commit *c,
                        const struct redis_slot *slot, int64_t due_ms)
{
    int64_t was = slot->is_there ? slot->was.due_ms : CELL_NEVER;

    if (due_ms == was)
        return;
    uint32_t level = s->spaces[slot->space].spec.level;
    struct timers *t = timers_of(s, c, level);
    if (due_ms < sh->next_due_ms[level])
        sh->next_due_ms[level] = due_ms;
    if (due_ms != CELL_NEVER)
        add_number(s, &t->due, due_ms);
    redis_words_add(due_ms != CELL_NEVER ? &t->due : &t->gone, member_of(s, slot));
}

static void write_misplaced(struct store_redis *s, struct redis_shard *sh, struct commit *c)
{
    for (size_t i = 0; i < sh->n_misplaced; i++) {
        const struct redis_misplaced *m = &sh->misplaced[i];
        redis_words_add(&timers_of(s, c, s->batch->round)->gone, m->member);
        if (m->level == REDIS_NO_LEVEL)
            continue;
        if (m->due_ms < sh->next_due_ms[m->level])
            sh->next_due_ms[m->level] = m->due_ms;
        struct timers *t = timers_of(s, c, m->level);
        add_number(s, &t->due, m->due_ms);
        redis_words_add(&t->due, m->member);
    }
}

static void add_timers(struct store_redis *s, struct redis_words *w, struct commit *c)
{
    add_number(s, w, (int64_t)c->n_levels);
    for (uint32_t level = 0; level < STORE_ROUNDS_MAX; level++) {
        struct timers *t = c->timers[level];
        if (!t)
            continue;
        add_number(s, w, level);
        add_list(s, w, &t->due);
        add_list(s, w, &t->gone);
        words_release(&t->due);
        words_release(&t->gone);
    }
}

static void write_cell(struct store_redis *s, struct redis_shard *sh, struct commit *c,
                       struct group *g, const struct redis_slot *slot)
{
    uint64_t seq = 0;
    struct redis_value v = {slot->cell.weight,           0,
                            slot->cell.due_ms,           slot->cell.idle_ms,
                            part_text(&slot->cell.main), part_text(&slot->cell.side)};

    if (!str_to_u64(sh->seq, &seq))
        seq = 0;
    v.stamp = seq + 1;
    buf_clear(&s->scratch);
    redis_value_pack(&v, &s->scratch);
    add_bytes(&g->set, slot->key.bytes, STATE_KEY_BYTES);
    redis_words_add(&g->set, arena_str(s->arena, buf_str(&s->scratch)));
    write_timer(s, sh, c, slot, slot->cell.due_ms);
    g->usage.cells += 1;
    g->usage.bytes += redis_value_cost(slot->cell.main.n, slot->cell.due_ms);
    g->usage.side += slot->cell.side.n;
}

static void drop_cell(struct store_redis *s, struct redis_shard *sh, struct commit *c,
                      struct group *g, const struct redis_slot *slot)
{
    if (!slot->is_there)
        return;
    add_bytes(&g->del, slot->key.bytes, STATE_KEY_BYTES);
    write_timer(s, sh, c, slot, CELL_NEVER);
}

static void add_record(struct store_redis *s, struct redis_words *w, const struct redis_page *p,
                       uint32_t i, struct str bytes)
{
    redis_words_add(w, arena_str(s->arena, (struct str){(const char *)&p->number, 4}));
    add_number(s, w, (int64_t)i * REDIS_RECORD_BYTES);
    redis_words_add(w, bytes);
}

static void add_check(struct store_redis *s, const struct redis_shard *sh, struct group *g,
                      const struct redis_slot *slot)
{
    struct str record = {0};

    add_bytes(&g->check, slot->key.bytes, STATE_KEY_BYTES);
    redis_words_add(&g->check, stamp_of(slot));
    if (!slot->page || !is_spread(&s->spaces[slot->space], sh->number))
        return;
    /* The place that another one's record of this key would have taken too. */
    if (slot->place < slot->page->was_room)
        record = (struct str){slot->page->was + (size_t)slot->place * REDIS_RECORD_BYTES,
                              REDIS_RECORD_BYTES};
    add_record(s, &g->page_check, slot->page, slot->place, record);
}

static void write_record(struct store_redis *s, struct group *g, struct redis_page *p, uint32_t i)
{
    struct str bytes = {(const char *)p->now + (size_t)i * REDIS_RECORD_BYTES, REDIS_RECORD_BYTES};

    add_record(s, &g->page, p, i, arena_str(s->arena, bytes));
}

/* A page that has grown is set anew: growing it in place would take twice the memory. */
static void write_page(struct store_redis *s, struct group *g, struct redis_page *p,
                       uint32_t old_room)
{
    struct str bytes = {(const char *)p->now, (size_t)p->room * REDIS_RECORD_BYTES};

    redis_words_add(&g->page, arena_str(s->arena, (struct str){(const char *)&p->number, 4}));
    redis_words_add(&g->page, STR("-1"));
    redis_words_add(&g->page, arena_str(s->arena, bytes));
    g->usage.pages += (int64_t)redis_page_cost(p->room) - redis_page_cost(old_room);
}

/* The cell becomes a record, if it is one that can. */
static bool shrink(struct store_redis *s, const struct redis_shard *sh, struct group *g,
                   struct redis_slot *slot)
{
    struct redis_space *space = &s->spaces[slot->space];
    int64_t t_ms;
    uint32_t value;
    bool is_full = false;

    if (!slot->page || !is_pressed(space, sh->number) || slot->cell.main.n == 0 ||
        slot->cell.due_ms != CELL_NEVER || slot->cell.idle_ms <= s->batch->clock.watermark_ms ||
        !space->spec.shrink(space->spec.context, &slot->cell, &t_ms, &value))
        return false;
    if (slot->record == REDIS_NO_RECORD) {
        slot->record = redis_page_place(slot->page, &is_full);
        g->usage.small += !is_full;
        space->stats.evicted += is_full;
    }
    uint32_t old_room = slot->page->room;
    if (redis_page_put(slot->page, slot->record, &slot->key, t_ms, value))
        write_page(s, g, slot->page, old_room);
    else
        write_record(s, g, slot->page, slot->record);
    slot->is_shrunk = true;
    return true;
}

static void clear_record(struct store_redis *s, struct group *g, struct redis_slot *slot)
{
    if (slot->record == REDIS_NO_RECORD)
        return;
    redis_page_clear(slot->page, slot->record);
    write_record(s, g, slot->page, slot->record);
    g->usage.small--;
}

static void subtract_old(struct group *g, const struct redis_slot *slot)
{
    if (!slot->is_there)
        return;
    g->usage.cells -= 1;
    g->usage.bytes -= redis_value_cost(slot->was.main.n, slot->was.due_ms);
    g->usage.side -= (int64_t)slot->was.side.n;
}

static void write_slot(struct store_redis *s, struct redis_shard *sh, struct commit *c,
                       struct group *g, struct redis_slot *slot)
{
    if (!slot->is_stepped && !slot->is_dropped)
        return;
    add_check(s, sh, g, slot);
    if (!slot->is_dropped && is_unchanged(slot))
        return;
    subtract_old(g, slot);
    bool is_small = shrink(s, sh, g, slot);
    if (!is_small)
        clear_record(s, g, slot);
    if (is_small || slot->is_dropped || slot->cell.main.n == 0)
        drop_cell(s, sh, c, g, slot);
    else
        write_cell(s, sh, c, g, slot);
}

static void write_group(struct store_redis *s, struct redis_shard *sh, struct commit *c,
                        size_t from, size_t to)
{
    struct group g = {0};
    struct redis_space *space = &s->spaces[sh->slots[sh->asked[from]].space];
    struct redis_usage *usage = &space->usage[sh->number];

    for (size_t i = from; i < to; i++)
        write_slot(s, sh, c, &g, &sh->slots[sh->asked[i]]);
    if (g.check.n > 0) {
        add_bytes(&c->groups, space->spec.identity, sizeof space->spec.identity);
        add_number(s, &c->groups, spread_of(space));
        add_number(s, &c->groups, g.usage.cells);
        add_number(s, &c->groups, g.usage.bytes);
        add_number(s, &c->groups, g.usage.side);
        add_number(s, &c->groups, g.usage.small);
        add_number(s, &c->groups, g.usage.pages);
        add_list(s, &c->groups, &g.check);
        add_list(s, &c->groups, &g.page_check);
        add_list(s, &c->groups, &g.set);
        add_list(s, &c->groups, &g.del);
        add_list(s, &c->groups, &g.page);
        c->n_groups++;
        usage->cells += g.usage.cells;
        usage->bytes += g.usage.bytes;
        usage->side += g.usage.side;
        usage->small += g.usage.small;
        usage->pages += g.usage.pages;
    }
    words_release(&g.page_check);
    words_release(&g.page);
    words_release(&g.check);
    words_release(&g.set);
    words_release(&g.del);
}

/* ---- who has to go ------------------------------------------------------------------------------
 */

static int weakest_first(const void *a, const void *b)
{
    const struct redis_slot *x = *(struct redis_slot *const *)a;
    const struct redis_slot *y = *(struct redis_slot *const *)b;

    if (x->was.weight != y->was.weight)
        return x->was.weight < y->was.weight ? -1 : 1;
    return x->was.stamp < y->was.stamp ? -1 : x->was.stamp > y->was.stamp;
}

static int64_t growth_of(const struct redis_slot *slot)
{
    int64_t now = slot->cell.main.n ? redis_value_cost(slot->cell.main.n, slot->cell.due_ms) : 0;

    if (!slot->is_stepped)
        return 0;
    return now - (slot->is_there ? redis_value_cost(slot->was.main.n, slot->was.due_ms) : 0);
}

static void make_room(struct store_redis *s, struct redis_shard *sh, size_t from, size_t to)
{
    const struct redis_space *space = &s->spaces[sh->slots[sh->asked[from]].space];
    int64_t bytes = bytes_of(&space->usage[sh->number]), share = share_of(space);
    struct redis_slot **weak = ARENA_ARRAY(s->arena, to - from, struct redis_slot *);
    size_t n = 0;

    for (size_t i = from; i < to; i++) {
        struct redis_slot *slot = &sh->slots[sh->asked[i]];
        bytes += growth_of(slot);
        /* One that could be a record waits for a reading that has its page. */
        if (slot->is_sampled && !slot->is_dropped && (slot->page || !space->spec.shrink))
            weak[n++] = slot;
    }
    if (bytes <= share)
        return;
    qsort(weak, n, sizeof(struct redis_slot *), weakest_first);
    for (size_t i = 0; i < n && bytes > share; i++) {
        weak[i]->is_dropped = true;
        bytes -= redis_value_cost(weak[i]->was.main.n, weak[i]->was.due_ms);
    }
}

static void drop_idle(struct store_redis *s, struct redis_shard *sh)
{
    for (size_t i = 0; i < sh->n_slots; i++) {
        struct redis_slot *slot = &sh->slots[i];
        if (slot->is_sampled && slot->is_there && slot->was.idle_ms <= s->batch->clock.watermark_ms)
            slot->is_dropped = true;
    }
}

/* ---- the call -----------------------------------------------------------------------------------
 */

static struct str vector_text(struct store_redis *s, const struct store_part *p,
                              const struct redis_vector *was)
{
    struct store_at at = store_at_less(was->at, p->upto) ? p->upto : was->at;

    /* Who is behind what is applied already leaves what was kept beside it. */
    if (!store_at_less(was->at, p->upto) && was->text.n == REDIS_VECTOR_BYTES)
        return was->text;
    buf_clear(&s->scratch);
    pack_u64(&s->scratch, at.position);
    pack_u64(&s->scratch, at.tick);
    pack_i64(&s->scratch, p->prefix_ms);
    return arena_str(s->arena, buf_str(&s->scratch));
}

static void add_parts(struct store_redis *s, const struct redis_shard *sh, struct redis_words *w)
{
    const struct store_batch *b = s->batch;

    add_number(s, w, (int64_t)b->n_parts);
    for (size_t i = 0; i < b->n_parts; i++) {
        const struct store_part *p = &b->parts[i];
        uint64_t acked[2] = {htobe64(p->acked.position), htobe64(p->acked.tick)};
        add_number(s, w, p->partition);
        add_number(s, w, (int64_t)p->epoch);
        redis_words_add(w, sh->vectors[i].text);
        redis_words_add(w, vector_text(s, p, &sh->vectors[i]));
        redis_words_add(w, arena_str(s->arena, (struct str){(const char *)acked, sizeof acked}));
    }
}

static void add_outbox(struct store_redis *s, const struct redis_shard *sh, struct redis_words *w)
{
    const struct store_batch *b = s->batch;
    size_t n = b->parts ? sh->fired.n - sh->n_kept : 0;

    add_number(s, w, (int64_t)n * 2);
    for (size_t i = sh->fired.n - n; i < sh->fired.n; i++) {
        add_number(s, w, b->parts[sh->fired.items[i].part].partition);
        buf_clear(&s->scratch);
        redis_outbox_pack(s, sh, i, &s->scratch);
        redis_words_add(w, arena_str(s->arena, buf_str(&s->scratch)));
    }
}

static void add_commit(struct store_redis *s, struct redis_shard *sh, struct commit *c)
{
    struct redis_words *w = &sh->commit;

    add_call(s, w, "weir_v1_commit", sh);
    redis_words_add(w, str_from(s->client));
    add_number(s, w, (int64_t)++s->token);
    redis_words_add(w, sh->seq);
    redis_words_add(w, timer_text(s));
    add_number(s, w, s->batch->round);
    redis_words_add(w, str_from(s->batch->run_id));
    add_parts(s, sh, w);
    add_number(s, w, (int64_t)c->n_groups);
    for (size_t i = 0; i < c->groups.n; i++)
        redis_words_add(w, c->groups.p[i]);
    write_misplaced(s, sh, c);
    add_timers(s, w, c);
    add_outbox(s, sh, w);
}

bool redis_request_commit(struct store_redis *s, struct redis_shard *sh)
{
    struct commit c = {0};

    drop_idle(s, sh);
    order_slots(s, sh);
    for (size_t from = 0, to; from < sh->n_asked; from = to) {
        to = group_end(sh, from);
        make_room(s, sh, from, to);
        write_group(s, sh, &c, from, to);
    }
    bool has_work = c.n_groups > 0 || sh->n_misplaced > 0 || c.n_levels > 0 || s->batch->parts;
    if (has_work)
        add_commit(s, sh, &c);
    words_release(&c.groups);
    return has_work;
}

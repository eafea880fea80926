/* redis_read.c - the call that reads a shard: its words, and what the reply says.
 */
#include "state/store_redis_impl.h"

#include "base/pack.h"
#include "base/str.h"
#include "state/redis_small.h"

#include <stdlib.h>
#include <string.h>

/* How many cells to look at besides those asked for: some for the idle ones, enough to make room
 * for as many as come when the space is full. */
static int64_t sample_size(const struct redis_space *space, uint32_t shard, size_t n_keys)
{
    int64_t bytes = redis_bytes_of(redis_usage_of(space, shard)), share = redis_share_of(space),
            n = (int64_t)n_keys;

    bool is_pressed = redis_is_pressed(space, shard),
         is_near = bytes + n * REDIS_CELL_OVERHEAD > share;

    if (bytes > share || (is_near && !is_pressed))
        n = n * 2 + 16;
    else if (is_pressed) /* new keys are small: little has to go, but each comes with its page */
        n = is_near ? n / 4 + 16 : n / 16 + 1;
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
    sh->n_misplaced = 0;
    sh->n_back = 0;
    sh->is_behind = false;
    if (!sh->is_ops_done)
        sh->n_restored = 0;
    sh->pages = NULL;
    sh->is_stale = false;
    sh->has_more_timers = false;
    for (size_t i = 0; !sh->is_ops_done && i < sh->n_ops; i++) {
        const struct state_op *op = &b->ops[sh->ops[i]];
        struct redis_slot *slot = redis_slot_get(s, sh, op->space, &op->key);
        s->slot_of[sh->ops[i]] = (uint32_t)(slot - sh->slots);
    }
    redis_order_slots(s, sh);
}

void redis_request_read(struct store_redis *s, struct redis_shard *sh)
{
    const struct store_batch *b = s->batch;
    struct redis_words *w = &s->words;

    begin_reading(s, sh);
    redis_add_call(s, w, "weir_v3_read", sh);
    redis_words_add(w, redis_timer_text(s));
    redis_add_number(s, w, 0); /* none is passed over: those of others are set aside */
    redis_add_number(s, w, REDIS_TIMERS_MAX);
    redis_add_number(s, w, b->round);
    redis_words_add(w, str_from(b->incarnation));
    redis_add_number(s, w, (int64_t)b->n_parts);
    for (size_t i = 0; i < b->n_parts; i++)
        redis_add_number(s, w, b->parts[i].partition);
    redis_add_number(s, w, (int64_t)redis_count_groups(sh));
    for (size_t from = 0, to; from < sh->n_asked; from = to) {
        to = redis_group_end(sh, from);
        const struct redis_space *space = &s->spaces[sh->slots[sh->asked[from]].space];
        const struct redis_usage *usage = redis_usage_of(space, sh->number);
        redis_add_bytes(w, space->spec.identity, sizeof space->spec.identity);
        bool has_pages = redis_is_pressed(space, sh->number) || usage->pages > 0;
        int64_t sample = sample_size(space, sh->number, to - from);
        bool is_over = redis_bytes_of(usage) + (int64_t)(to - from) * REDIS_CELL_OVERHEAD >
                       redis_share_of(space);
        redis_add_number(s, w, has_pages && is_over ? -sample : sample);
        redis_add_number(s, w, has_pages ? redis_spread_of(space) : 0);
        redis_add_number(s, w, (int64_t)(to - from));
        for (size_t i = from; i < to; i++)
            redis_add_bytes(w, sh->slots[sh->asked[i]].key.bytes, STATE_KEY_BYTES);
    }
    redis_add_number(s, w, (int64_t)sh->aside_seen);
    redis_conn_add(s->session.conn, w->p, w->n);
}

int64_t redis_due_of(const struct redis_reply *r)
{
    if (r->type != REDIS_TEXT)
        return INT64_MAX;
    double due = strtod(r->text.p, NULL); /* a NUL follows: arena_str() */
    return due < 9e18 ? (int64_t)due : INT64_MAX;
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

/* Where the key's small form is, or would be put; found, it becomes a cell again. */
static void load_page(struct store_redis *s, struct redis_shard *sh, struct redis_slot *slot,
                      const struct redis_reply *text)
{
    const struct redis_space *space = &s->spaces[slot->space];
    static const struct redis_reply none = {.type = REDIS_NIL};
    uint32_t number = redis_page_number(&slot->key, redis_spread_of(space)), value;
    int64_t t_ms;

    slot->page =
        page_of(s, sh, slot->space, number, redis_is_spread(space, sh->number) ? text : &none);
    if (slot->is_there)
        return;
    uint32_t i = redis_page_find(slot->page, &slot->key);
    if (i == REDIS_PAGE_RECORDS)
        return;
    slot->record = i;
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
        TRY(redis_slot_load(s, slot, list->items[i + 1], err));
        if (i / 2 < pages->n)
            load_page(s, sh, slot, pages->items[i / 2]);
    }
    return WEIR_OK;
}

static enum weir_rc load_group(struct store_redis *s, struct redis_shard *sh, size_t from,
                               size_t to, const struct redis_reply *g, struct weir_err *err)
{
    uint32_t space = sh->slots[sh->asked[from]].space;

    if (g->type != REDIS_LIST || g->n != 5 || g->items[1]->n != to - from)
        return err_set(err, WEIR_IO, "Redis: an answer of the library is incomplete");
    redis_usage_load(&s->spaces[space], sh->number, g->items[0]);
    const struct redis_usage *u = redis_usage_of(&s->spaces[space], sh->number);
    bool has_pages = g->items[2]->n == to - from;
    sh->is_stale |= !has_pages && u->pages > 0 && s->spaces[space].spec.shrink;
    for (size_t i = from; i < to; i++) {
        struct redis_slot *slot = &sh->slots[sh->asked[i]];
        TRY(redis_slot_load(s, slot, g->items[1]->items[i - from], err));
        if (has_pages && !slot->is_there)
            load_page(s, sh, slot, g->items[2]->items[i - from]);
    }
    return load_samples(s, sh, space, g->items[3], g->items[4], err);
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
    uint32_t space = member.n == 32 ? redis_space_of(s, member.p) : STORE_SPACE_FOREIGN;

    /* Another rule set's, whose worker takes it back; or the cell is gone: whose it was is all the
     * same. */
    if (space == STORE_SPACE_FOREIGN || cell->type != REDIS_TEXT ||
        !redis_value_unpack(cell->text, &v)) {
        misplace(sh, member, INT64_MAX, REDIS_ASIDE);
        return WEIR_OK;
    }
    if (s->spaces[space].spec.level != s->batch->round || v.due_ms > s->batch->timer_ms) {
        misplace(sh, member, v.due_ms, s->spaces[space].spec.level);
        return WEIR_OK;
    }
    memcpy(key.bytes, member.p + 16, STATE_KEY_BYTES);
    struct redis_slot *slot = redis_slot_get(s, sh, space, &key);
    slot->is_sampled = false;
    return slot->is_there ? WEIR_OK : redis_slot_load(s, slot, cell, err);
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

/* Timers of ours that others have set aside since we looked. They come back where they were, and
 * are read with the next reading of their level: of this shard once more, if it is this one. */
static enum weir_rc load_aside(struct store_redis *s, struct redis_shard *sh,
                               const struct redis_reply *last, const struct redis_reply *list,
                               struct weir_err *err)
{
    uint64_t newest, number;

    if (!str_to_u64(last->text, &newest))
        return err_set(err, WEIR_IO, "Redis: an answer of the library is incomplete");
    sh->aside_newest = last->text;
    sh->aside_read = sh->aside_seen;
    if (newest < sh->aside_seen) { /* it was emptied since */
        sh->aside_seen = 0;
        sh->is_stale = true;
        return WEIR_OK;
    }
    sh->back = ARENA_ARRAY(s->arena, list->n / 2 + 1, struct str);
    for (size_t i = 0; i + 1 < list->n; i += 2) {
        struct str identity = list->items[i]->text;
        uint32_t space = identity.n == 16 ? redis_space_of(s, identity.p) : STORE_SPACE_FOREIGN;
        if (str_to_u64(list->items[i + 1]->text, &number))
            sh->aside_read = number;
        if (space == STORE_SPACE_FOREIGN)
            continue;
        sh->back[sh->n_back++] = identity;
        sh->is_due_known[s->spaces[space].spec.level] = false;
    }
    sh->has_more_timers |= sh->n_back > 0 || sh->aside_read > sh->aside_seen;
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
        /* What is there besides when more timers are read, the timers before have told. */
        if (outbox->n == 2 && !sh->is_ops_done)
            redis_outbox_read(s, sh, i, outbox->items[0], outbox->items[1]);
    }
}

enum weir_rc redis_request_read_reply(struct store_redis *s, struct redis_shard *sh,
                                      const struct redis_reply *r, enum store_answer *answer,
                                      struct weir_err *err)
{
    size_t g = 0;

    if (r->type != REDIS_LIST || r->n != 12 || r->items[7]->n != redis_count_groups(sh) ||
        r->items[5]->n != r->items[6]->n || r->items[3]->n != s->batch->n_parts ||
        r->items[5]->n > REDIS_TIMERS_MAX)
        return err_set(err, WEIR_IO, "Redis: an answer of the library is incomplete");
    sh->seq = r->items[0]->text;
    sh->next_due_ms[s->batch->round] = redis_due_of(r->items[1]);
    sh->held = r->items[8]->number;
    sh->n_in_use = r->items[9]->number;
    load_parts(s, sh, r, answer);
    for (size_t from = 0, to; from < sh->n_asked; from = to, g++) {
        to = redis_group_end(sh, from);
        TRY(load_group(s, sh, from, to, r->items[7]->items[g], err));
    }
    TRY(load_timers(s, sh, r->items[5], r->items[6], err));
    return load_aside(s, sh, r->items[10], r->items[11], err);
}

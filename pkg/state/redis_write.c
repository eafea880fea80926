/* redis_write.c - the call that writes a shard back: what has changed, what has to go, and what
 * must not have changed meanwhile.
 */
#include "state/store_redis_impl.h"

#include "base/pack.h"
#include "base/str.h"
#include "state/redis_small.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

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
        redis_add_number(s, &t->due, due_ms);
    redis_words_add(due_ms != CELL_NEVER ? &t->due : &t->gone, member_of(s, slot));
}

static void add_misplaced(struct store_redis *s, struct redis_shard *sh, struct redis_words *w)
{
    redis_add_number(s, w, (int64_t)sh->n_misplaced * 2);
    for (size_t i = 0; i < sh->n_misplaced; i++) {
        const struct redis_misplaced *m = &sh->misplaced[i];
        bool is_aside = m->level == REDIS_ASIDE;
        redis_words_add(w, m->member);
        redis_add_number(s, w, is_aside ? -1 : (int64_t)m->level);
        if (!is_aside && m->due_ms < sh->next_due_ms[m->level])
            sh->next_due_ms[m->level] = m->due_ms;
    }
    redis_add_number(s, w, (int64_t)sh->n_back);
    for (size_t i = 0; i < sh->n_back; i++)
        redis_words_add(w, sh->back[i]);
}

static void add_timers(struct store_redis *s, struct redis_words *w, struct commit *c)
{
    redis_add_number(s, w, (int64_t)c->n_levels);
    for (uint32_t level = 0; level < STORE_ROUNDS_MAX; level++) {
        struct timers *t = c->timers[level];
        if (!t)
            continue;
        redis_add_number(s, w, level);
        redis_add_list(s, w, &t->due);
        redis_add_list(s, w, &t->gone);
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
    redis_add_bytes(&g->set, slot->key.bytes, STATE_KEY_BYTES);
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
    redis_add_bytes(&g->del, slot->key.bytes, STATE_KEY_BYTES);
    write_timer(s, sh, c, slot, CELL_NEVER);
}

static void add_record(struct store_redis *s, struct redis_words *w, const struct redis_page *p,
                       uint32_t i, struct str bytes)
{
    redis_words_add(w, arena_str(s->arena, (struct str){(const char *)&p->number, 4}));
    redis_add_number(s, w, (int64_t)i * REDIS_RECORD_BYTES);
    redis_words_add(w, bytes);
}

static void add_page_check(struct store_redis *s, struct group *g, uint32_t page, int64_t at,
                           struct str what)
{
    redis_words_add(&g->page_check, arena_str(s->arena, (struct str){(const char *)&page, 4}));
    redis_add_number(s, &g->page_check, at);
    redis_words_add(&g->page_check, what);
}

/* The record is as it was read. */
static void add_record_check(struct store_redis *s, struct group *g, const struct redis_page *p,
                             uint32_t i)
{
    int64_t at = (int64_t)i * REDIS_RECORD_BYTES;

    add_page_check(s, g, p->number, at, (struct str){p->was + at, REDIS_RECORD_BYTES});
}

/* Where the key was: as a cell, as a record, nowhere. Another one that it was new to may have put
 * it anywhere in its page. */
static void add_check(struct store_redis *s, const struct redis_shard *sh, struct group *g,
                      const struct redis_slot *slot)
{
    uint8_t name[REDIS_NAME_BYTES];

    redis_add_bytes(&g->check, slot->key.bytes, STATE_KEY_BYTES);
    redis_words_add(&g->check, stamp_of(slot));
    if (slot->is_there || !slot->page || !redis_is_spread(&s->spaces[slot->space], sh->number))
        return;
    if (slot->record != REDIS_NO_RECORD) {
        add_record_check(s, g, slot->page, slot->record);
        return;
    }
    redis_page_name(&slot->key, name);
    add_page_check(s, g, slot->page->number, REDIS_CHECK_NO_NAME,
                   arena_str(s->arena, (struct str){(const char *)name, sizeof name}));
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

/* Would the cell be written as a record? */
static bool can_shrink(const struct store_redis *s, const struct redis_shard *sh,
                       const struct redis_slot *slot, int64_t *t_ms, uint32_t *value)
{
    const struct redis_space *space = &s->spaces[slot->space];

    return slot->page && redis_is_pressed(space, sh->number) && slot->cell.main.n > 0 &&
           slot->cell.due_ms == CELL_NEVER && slot->cell.idle_ms > s->batch->clock.watermark_ms &&
           space->spec.shrink(space->spec.context, &slot->cell, t_ms, value);
}

/* The cell becomes a record, if it is one that can. */
static bool shrink(struct store_redis *s, const struct redis_shard *sh, struct group *g,
                   struct redis_slot *slot)
{
    struct redis_space *space = &s->spaces[slot->space];
    int64_t t_ms;
    uint32_t value;
    bool is_full = false;

    if (!can_shrink(s, sh, slot, &t_ms, &value))
        return false;
    if (slot->record == REDIS_NO_RECORD) {
        slot->record = redis_page_place(slot->page, &is_full);
        g->usage.small += !is_full;
        space->stats.evicted += is_full;
    }
    struct redis_page *p = slot->page;
    uint32_t old_room = p->room;
    bool is_spread = redis_is_spread(space, sh->number);
    if (redis_page_put(p, slot->record, &slot->key, t_ms, value)) {
        write_page(s, g, p, old_room);
        if (is_spread)
            add_page_check(s, g, p->number, REDIS_CHECK_WHOLE,
                           (struct str){p->was, (size_t)p->was_room * REDIS_RECORD_BYTES});
    } else {
        write_record(s, g, p, slot->record);
        if (is_spread && slot->record < p->was_room)
            add_record_check(s, g, p, slot->record);
    }
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
    struct redis_usage *usage = redis_usage_own(space, sh->number);

    bool lacks_pages = false;
    for (size_t i = from; i < to; i++) {
        struct redis_slot *slot = &sh->slots[sh->asked[i]];
        lacks_pages |= slot->is_stepped && !slot->is_there && !slot->page;
        write_slot(s, sh, c, &g, slot);
    }
    if (lacks_pages && space->spec.shrink) /* there were none: somebody may make the first */
        add_page_check(s, &g, 0, REDIS_CHECK_NO_PAGES, (struct str){0});
    if (g.check.n > 0) {
        redis_add_bytes(&c->groups, space->spec.identity, sizeof space->spec.identity);
        redis_add_number(s, &c->groups, redis_spread_of(space));
        redis_add_number(s, &c->groups, g.usage.cells);
        redis_add_number(s, &c->groups, g.usage.bytes);
        redis_add_number(s, &c->groups, g.usage.side);
        redis_add_number(s, &c->groups, g.usage.small);
        redis_add_number(s, &c->groups, g.usage.pages);
        redis_add_list(s, &c->groups, &g.check);
        redis_add_list(s, &c->groups, &g.page_check);
        redis_add_list(s, &c->groups, &g.set);
        redis_add_list(s, &c->groups, &g.del);
        redis_add_list(s, &c->groups, &g.page);
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

/* ---- who has to go --------------------------------------------------------------------------- */

static int weakest_first(const void *a, const void *b)
{
    const struct redis_slot *x = *(struct redis_slot *const *)a;
    const struct redis_slot *y = *(struct redis_slot *const *)b;

    if (x->was.weight != y->was.weight)
        return x->was.weight < y->was.weight ? -1 : 1;
    return x->was.stamp < y->was.stamp ? -1 : x->was.stamp > y->was.stamp;
}

/* What a flood brings is small: nothing that matters has to go for it. */
static int64_t growth_of(const struct store_redis *s, const struct redis_shard *sh,
                         const struct redis_slot *slot)
{
    int64_t now = slot->cell.main.n ? redis_value_cost(slot->cell.main.n, slot->cell.due_ms) : 0;
    int64_t t_ms;
    uint32_t value;

    if (!slot->is_stepped)
        return 0;
    if (can_shrink(s, sh, slot, &t_ms, &value))
        now = slot->record == REDIS_NO_RECORD ? REDIS_RECORD_COST : 0;
    return now - (slot->is_there ? redis_value_cost(slot->was.main.n, slot->was.due_ms) : 0);
}

static void make_room(struct store_redis *s, struct redis_shard *sh, size_t from, size_t to)
{
    const struct redis_space *space = &s->spaces[sh->slots[sh->asked[from]].space];
    int64_t bytes = redis_bytes_of(redis_usage_of(space, sh->number)),
            share = redis_share_of(space);
    struct redis_slot **weak = ARENA_ARRAY(s->arena, to - from, struct redis_slot *);
    size_t n = 0;

    for (size_t i = from; i < to; i++) {
        struct redis_slot *slot = &sh->slots[sh->asked[i]];
        bytes += growth_of(s, sh, slot);
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

/* Means nothing any more, and no timer is owed: one that was not run yet may have something to
 * tell. */
static bool is_over(const struct redis_slot *slot, int64_t watermark_ms)
{
    return slot->was.idle_ms <= watermark_ms && slot->was.due_ms > watermark_ms;
}

static void drop_idle(struct store_redis *s, struct redis_shard *sh)
{
    for (size_t i = 0; i < sh->n_slots; i++) {
        struct redis_slot *slot = &sh->slots[i];
        if (slot->is_sampled && slot->is_there && is_over(slot, s->batch->clock.watermark_ms))
            slot->is_dropped = true;
    }
}

/* ---- the call -------------------------------------------------------------------------------- */

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

    redis_add_number(s, w, (int64_t)b->n_parts);
    for (size_t i = 0; i < b->n_parts; i++) {
        const struct store_part *p = &b->parts[i];
        uint64_t acked[2] = {htobe64(p->acked.position), htobe64(p->acked.tick)};
        redis_add_number(s, w, p->partition);
        redis_add_number(s, w, (int64_t)p->epoch);
        redis_words_add(w, sh->vectors[i].text);
        redis_words_add(w, vector_text(s, p, &sh->vectors[i]));
        redis_words_add(w, arena_str(s->arena, (struct str){(const char *)acked, sizeof acked}));
    }
}

static void add_outbox(struct store_redis *s, const struct redis_shard *sh, struct redis_words *w)
{
    const struct store_batch *b = s->batch;
    size_t n = b->parts ? sh->fired.n - sh->n_kept : 0;

    redis_add_number(s, w, (int64_t)n * 2);
    for (size_t i = sh->fired.n - n; i < sh->fired.n; i++) {
        redis_add_number(s, w, b->parts[sh->fired.items[i].part].partition);
        buf_clear(&s->scratch);
        redis_outbox_pack(s, sh, i, &s->scratch);
        redis_words_add(w, arena_str(s->arena, buf_str(&s->scratch)));
    }
}

/* By what right: an incarnation that partitions were acquired in, or a recovery's lease. */
static void add_right(struct store_redis *s, struct redis_words *w)
{
    const struct store_lease *l = s->batch->lease;

    redis_words_add(w, str_from(l ? l->run_id : s->batch->incarnation));
    redis_words_add(w, l ? arena_printf(s->arena, "%016llx", (unsigned long long)l->token)
                         : (struct str){0});
}

static void add_commit(struct store_redis *s, struct redis_shard *sh, struct commit *c)
{
    struct redis_words *w = &sh->commit;

    redis_add_call(s, w, "weir_v3_commit", sh);
    redis_words_add(w, str_from(s->client));
    redis_add_number(s, w, (int64_t)++s->token);
    redis_words_add(w, sh->seq);
    redis_words_add(w, redis_timer_text(s));
    redis_add_number(s, w, s->batch->round);
    add_right(s, w);
    redis_add_number(s, w, redis_limit_of(s));
    add_parts(s, sh, w);
    redis_add_number(s, w, (int64_t)c->n_groups);
    for (size_t i = 0; i < c->groups.n; i++)
        redis_words_add(w, c->groups.p[i]);
    add_timers(s, w, c);
    add_outbox(s, sh, w);
    add_misplaced(s, sh, w);
}

bool redis_request_commit(struct store_redis *s, struct redis_shard *sh)
{
    struct commit c = {0};

    drop_idle(s, sh);
    redis_order_slots(s, sh);
    for (size_t from = 0, to; from < sh->n_asked; from = to) {
        to = redis_group_end(sh, from);
        make_room(s, sh, from, to);
        write_group(s, sh, &c, from, to);
    }
    bool has_work = c.n_groups > 0 || sh->n_misplaced > 0 || sh->n_back > 0 || c.n_levels > 0 ||
                    s->batch->parts;
    if (has_work)
        add_commit(s, sh, &c);
    words_release(&c.groups);
    return has_work;
}

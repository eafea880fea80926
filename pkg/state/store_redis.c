/* store_redis.c - a batch through Redis: read all shards, run the steps here, commit all shards,
 * again for those that somebody else has changed meanwhile.
 *
 * What can go wrong on the way leaves each shard in a state from which the same call goes on
 * (store_redis_impl.h). An outage is answered by trying again with growing pauses until patience
 * ends; the pause is the one place where weir waits for time to pass, for there is nothing to be
 * woken by.
 */
#include "state/store_redis.h"

#include "state/store_redis_impl.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

enum { PAUSE_FIRST_MS = 5, PAUSE_MAX_MS = 500, TROUBLE_TEXT = 200 };
enum { SIDE_HEADROOM = 16 /* of a shard's evidence: one of so many parts */ };

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static struct store_redis *redis_of(struct store *base)
{
    return (struct store_redis *)base;
}

/* ---- memory of cells ------------------------------------------------------------------------- */

/* What this batch has put there is not counted yet: some room is left for it. */
static bool side_fits(const struct redis_memory *m, uint32_t room)
{
    const struct redis_space *space = &m->store->spaces[m->slot->space];
    const struct redis_usage *u = redis_usage_of(space, m->shard->number);
    uint64_t cap = space->spec.capsule_budget_bytes;
    int64_t limit = redis_limit_of(m->store), n = m->shard->n_in_use;

    cap -= cap / SIDE_HEADROOM;
    if (u->side + room > (int64_t)(cap / STORE_SHARDS))
        return false;
    /* Under a full total side parts are for spaces below their share. */
    return m->shard->held + room <= limit - limit / SIDE_HEADROOM ||
           (redis_bytes_of(u) + u->side + room) * (n ? n : 1) <= limit;
}

static bool grow(struct cell_memory *memory, struct cell_part *part, uint32_t room, bool is_side)
{
    struct redis_memory *m = (struct redis_memory *)memory;

    if (is_side && !side_fits(m, room)) {
        m->store->spaces[m->slot->space].stats.capsules_refused++;
        return false;
    }
    uint32_t roomy = room + room / 2;
    uint8_t *p = arena_alloc(m->store->arena, roomy);
    if (part->n > 0)
        memcpy(p, part->p, part->n);
    part->p = p;
    part->room = roomy;
    return true;
}

/* ---- a batch begins ------------------------------------------------------------------------ */

static uint64_t stir(uint64_t h, uint64_t v)
{
    h = (h ^ v) * 0x9E3779B97F4A7C15ull;
    return h ^ h >> 29;
}

/* Is it the batch that was not finished? Not if its partitions were acquired anew meanwhile: an
 * empty one may look the same otherwise. */
static uint64_t mark_of(const struct store_batch *b)
{
    uint64_t h = (uint64_t)b->timer_ms * 31 + b->round * 7 + b->n_ops;

    for (size_t i = 0; i < b->n_ops; i++) {
        uint64_t key;
        memcpy(&key, b->ops[i].key.bytes, sizeof key);
        h = stir(h, key ^ (uint64_t)b->ops[i].t_ms ^ b->ops[i].order << 32 ^ b->ops[i].space);
    }
    for (size_t i = 0; i < b->n_parts; i++) {
        const struct store_part *p = &b->parts[i];
        h = stir(stir(h, p->partition), p->epoch);
        h = stir(stir(h, p->upto.position), p->upto.tick);
        h = stir(stir(h, p->acked.position), p->acked.tick);
    }
    return stir(h, b->is_sweep);
}

static void share_out(struct store_redis *s)
{
    const struct store_batch *b = s->batch;

    for (size_t k = 0; k < STORE_SHARDS; k++)
        s->shards[k].n_ops = 0;
    for (size_t i = 0; i < b->n_ops; i++) {
        ASSERT(b->ops[i].space < s->n_spaces);
        ASSERT(!b->parts || b->ops[i].part < b->n_parts);
        s->shards[state_key_shard(&b->ops[i].key)].n_ops++;
    }
    for (size_t k = 0; k < STORE_SHARDS; k++) {
        s->shards[k].ops = ARENA_ARRAY(s->arena, s->shards[k].n_ops, uint32_t);
        s->shards[k].n_ops = 0;
    }
    for (uint32_t i = 0; i < b->n_ops; i++) {
        struct redis_shard *sh = &s->shards[state_key_shard(&b->ops[i].key)];
        sh->ops[sh->n_ops++] = i;
    }
}

static bool has_work(const struct store_redis *s, const struct redis_shard *sh)
{
    const struct store_batch *b = s->batch;

    return sh->n_ops > 0 ||
           (b->timer_ms != INT64_MIN &&
            (!sh->is_due_known[b->round] || sh->next_due_ms[b->round] <= b->timer_ms)) ||
           (b->parts && (b->is_sweep || sh->may_have_outbox[b->round]));
}

/* Nothing of the batch is written, nor may be. */
static bool is_untouched(const struct store_redis *s)
{
    for (size_t k = 0; k < STORE_SHARDS; k++) {
        const struct redis_shard *sh = &s->shards[k];
        if (sh->state == SHARD_COMMIT || sh->state == SHARD_DONE || sh->is_ops_done)
            return false;
    }
    return true;
}

/* is_again: shards that were to be read are read, whatever is known of their timers by now. */
static void begin(struct store_redis *s, bool is_again)
{
    (void)arena_reset_round(s->arena);
    s->n_gave = 0;
    s->slot_of = ARENA_ARRAY(s->arena, s->batch->n_ops, uint32_t);
    s->ordinals = NULL;
    share_out(s);
    for (size_t k = 0; k < STORE_SHARDS; k++) {
        struct redis_shard *sh = &s->shards[k];
        bool was_read = is_again && sh->state == SHARD_READ;
        sh->state = was_read || has_work(s, sh) ? SHARD_READ : SHARD_IDLE;
        sh->is_ops_done = false;
        if (s->batch->is_sweep) /* behind a recovery, perhaps: it counts from the beginning */
            sh->aside_seen = 0;
        sh->n_kept = 0;
        sh->restored = NULL;
        sh->n_restored = 0;
        emissions_clear(&sh->fired);
        if (!sh->fired.cap) {
            free(sh->notes);
            sh->notes = NULL;
            sh->notes_cap = 0;
        }
    }
}

/* ---- one round ------------------------------------------------------------------------------- */

/* What went wrong in a round, the worst of it; text for people. */
struct trouble {
    enum redis_trouble what;
    char text[TROUBLE_TEXT];
};

static void note_trouble(struct trouble *t, enum redis_trouble what, struct str text)
{
    if (what <= t->what)
        return;
    t->what = what;
    snprintf(t->text, sizeof t->text, "%.*s", (int)(text.n < 180 ? text.n : 180),
             text.p ? text.p : "");
}

static void count_dropped(struct store_redis *s, const struct redis_shard *sh)
{
    for (size_t i = 0; i < sh->n_slots; i++) {
        const struct redis_slot *slot = &sh->slots[i];
        struct store_stats *stats = &s->spaces[slot->space].stats;
        stats->shrunk += slot->is_shrunk;
        if (slot->is_shrunk)
            continue;
        if (slot->is_dropped && slot->was.idle_ms <= s->batch->clock.watermark_ms)
            stats->expired++;
        else if (slot->is_dropped)
            stats->evicted++;
    }
}

static void count_operations(struct store_redis *s, const struct redis_shard *sh)
{
    const struct store_batch *b = s->batch;

    for (size_t i = 0; i < sh->n_ops && !sh->is_ops_done; i++) {
        const struct state_op *op = &b->ops[sh->ops[i]];
        struct store_stats *stats = &s->spaces[op->space].stats;
        if (redis_has_applied(s, sh, op))
            stats->skipped++;
        else
            stats->applied++;
    }
}

static void forget_due(struct redis_shard *sh)
{
    for (size_t level = 0; level < STORE_ROUNDS_MAX; level++)
        sh->is_due_known[level] = false;
}

/* What the shard did is done: more timers, or the end. */
static void finish(struct store_redis *s, struct redis_shard *sh)
{
    const struct store_batch *b = s->batch;

    count_dropped(s, sh);
    count_operations(s, sh);
    for (size_t i = 0; i < b->n_parts; i++) {
        struct store_at *last = b->parts[i].last;
        if (last && store_at_less(last[sh->number], b->parts[i].upto))
            last[sh->number] = b->parts[i].upto;
    }
    if (b->parts)
        sh->may_have_outbox[b->round] = sh->fired.n > 0 || sh->n_restored > 0;
    sh->is_due_known[b->round] = true;
    if (sh->is_behind)
        forget_due(sh);
    sh->is_ops_done = true;
    sh->n_kept = sh->fired.n;
    sh->aside_seen = sh->aside_read;
    sh->state = sh->has_more_timers ? SHARD_READ : SHARD_DONE;
}

/* Each change of a shard counts up there: fewer than we know of, and Redis has come back without
 * its last writes, or empty. Whoever has parts is told by its applied vector what is lacking, and
 * who recovers knows; nobody else can, so that is the end. */
static bool has_lost_writes(const struct store_redis *s, const struct redis_shard *sh)
{
    uint64_t seq;

    return !s->batch->parts && !s->batch->lease && str_to_u64(sh->seq, &seq) &&
           seq < sh->seq_reached;
}

/* A commit is done: behind what was read. */
static void note_reached(struct redis_shard *sh)
{
    uint64_t seq;

    if (str_to_u64(sh->seq, &seq) && seq + 1 > sh->seq_reached)
        sh->seq_reached = seq + 1;
}

static enum weir_rc take_read(struct store_redis *s, struct redis_shard *sh,
                              const struct redis_reply *r, struct trouble *t,
                              enum store_answer *answer, struct weir_err *err)
{
    TRY(redis_request_read_reply(s, sh, r, answer, err));
    if (has_lost_writes(s, sh)) {
        note_trouble(t, REDIS_BROKEN, STR("it came back without the state that was written to it"));
        return WEIR_OK;
    }
    if (*answer != STORE_DONE || sh->is_stale) /* stale: another client has made pages */
        return WEIR_OK;
    redis_steps_run(s, sh);
    if (redis_request_commit(s, sh))
        sh->state = SHARD_COMMIT;
    else
        finish(s, sh);
    return WEIR_OK;
}

static void mark_published(struct redis_shard *sh, const struct redis_reply *flags)
{
    for (size_t i = 0; i < flags->n && sh->n_kept + i < sh->fired.n; i++)
        sh->notes[sh->n_kept + i].is_published = flags->items[i]->number != 0;
}

/* What had to go for the total: perhaps of spaces that this batch did not touch, perhaps of those
 * of another rule set, whose workers see it when they read them. */
static void take_gave(struct store_redis *s, const struct redis_shard *sh,
                      const struct redis_reply *list)
{
    for (size_t i = 0; i + 3 < list->n; i += 4) {
        struct str identity = list->items[i]->text;
        uint32_t space = identity.n == 16 ? redis_space_of(s, identity.p) : STORE_SPACE_FOREIGN;
        if (space == STORE_SPACE_FOREIGN)
            continue;
        s->spaces[space].stats.evicted += (uint64_t)list->items[i + 1]->number;
        s->spaces[space].stats.capsules_refused += (uint64_t)list->items[i + 2]->number;
        redis_usage_load(&s->spaces[space], sh->number, list->items[i + 3]);
        if (s->n_gave == s->gave_cap) {
            s->gave_cap = s->gave_cap ? s->gave_cap * 2 : 16;
            s->gave = reallocarray(s->gave, s->gave_cap, sizeof *s->gave);
            ASSERT(s->gave);
        }
        s->gave[s->n_gave++] = space;
    }
}

/* How many timers were set aside and taken back, and the number before that. Is it another one than
 * we have read, the next timer that we are told of need not be the next of ours. */
static enum weir_rc take_moved(struct store_redis *s, struct redis_shard *sh,
                               const struct redis_reply *r, struct weir_err *err)
{
    if (r->n != 3)
        return err_set(err, WEIR_IO, "Redis: an answer of the library is incomplete");
    s->timers.set_aside += (uint64_t)r->items[0]->number;
    s->timers.taken_back += (uint64_t)r->items[1]->number;
    sh->is_behind = !str_eq(r->items[2]->text, sh->aside_newest);
    return WEIR_OK;
}

static enum weir_rc take_commit(struct store_redis *s, struct redis_shard *sh,
                                const struct redis_reply *r, enum store_answer *answer,
                                struct weir_err *err)
{
    struct str word = r->type == REDIS_LIST && r->n > 0 ? r->items[0]->text : (struct str){0};

    if (str_eq(word, STR("DONE"))) {
        if (r->n != 5)
            return err_set(err, WEIR_IO, "Redis: an answer of the library is incomplete");
        TRY(take_moved(s, sh, r->items[4], err));
        sh->next_due_ms[s->batch->round] = redis_due_of(r->items[1]);
        mark_published(sh, r->items[2]);
        take_gave(s, sh, r->items[3]);
        note_reached(sh);
        finish(s, sh);
    } else if (str_eq(word, STR("CONFLICT"))) {
        sh->conflicts++;
        sh->state = SHARD_READ;
    } else if (str_eq(word, STR("FENCED"))) {
        *answer = STORE_FENCED;
    } else if (str_eq(word, STR("NEWINC"))) {
        *answer = STORE_NEWINC;
    } else {
        return err_set(err, WEIR_IO, "Redis: an answer of the library is incomplete");
    }
    return WEIR_OK;
}

static enum weir_rc take_reply(struct store_redis *s, struct redis_shard *sh, struct trouble *t,
                               enum store_answer *answer, struct weir_err *err)
{
    const struct redis_reply *r;

    TRY(redis_conn_reply(s->session.conn, s->arena, &r, err));
    enum redis_trouble what = redis_trouble_of(r);
    if (what != REDIS_FINE) {
        note_trouble(t, what, r->text);
        return WEIR_OK;
    }
    return sh->state == SHARD_READ ? take_read(s, sh, r, t, answer, err)
                                   : take_commit(s, sh, r, answer, err);
}

/* One go: the calls of all shards that are in `state`, then all replies. */
static enum weir_rc go(struct store_redis *s, enum redis_shard_state state, struct trouble *t,
                       enum store_answer *answer, struct weir_err *err)
{
    struct redis_shard *sent[STORE_SHARDS];
    size_t n = 0;

    for (size_t k = 0; k < STORE_SHARDS; k++) {
        struct redis_shard *sh = &s->shards[k];
        if (sh->state != state)
            continue;
        if (state == SHARD_READ)
            redis_request_read(s, sh);
        else
            redis_conn_add(s->session.conn, sh->commit.p, sh->commit.n);
        sent[n++] = sh;
    }
    if (n == 0)
        return WEIR_OK;
    TRY(redis_conn_send(s->session.conn, err));
    for (size_t i = 0; i < n; i++)
        TRY(take_reply(s, sent[i], t, answer, err));
    return WEIR_OK;
}

static bool is_done(const struct store_redis *s)
{
    for (size_t k = 0; k < STORE_SHARDS; k++)
        if (s->shards[k].state == SHARD_READ || s->shards[k].state == SHARD_COMMIT)
            return false;
    return true;
}

/* ---- outages --------------------------------------------------------------------------------- */

/* Whatever we knew of timers: somebody else may have set some meanwhile, or some aside. */
static enum weir_rc connect_again(struct store_redis *s, struct weir_err *err)
{
    for (size_t k = 0; k < STORE_SHARDS; k++) {
        s->shards[k].aside_seen = 0;
        forget_due(&s->shards[k]);
    }
    return redis_session_open(&s->session, err);
}

/* A full Redis: what is idle goes first, the second time the weaker half of what we look at. */
static enum weir_rc sweep(struct store_redis *s, bool is_forced, struct weir_err *err)
{
    struct redis_conn *c = s->session.conn;
    char watermark[24];

    arena_reset(s->session.scratch);
    snprintf(watermark, sizeof watermark, "%lld",
             s->batch ? (long long)s->batch->clock.watermark_ms : (long long)INT64_MIN);
    for (size_t k = 0; k < STORE_SHARDS; k++) {
        struct str words[] = {STR("FCALL"),
                              STR("weir_v3_sweep"),
                              STR("1"),
                              str_from(s->shards[k].tag),
                              str_from(watermark),
                              is_forced ? STR("1") : STR("0")};
        redis_conn_add(c, words, ARRAY_LEN(words));
    }
    TRY(redis_conn_send(c, err));
    for (size_t k = 0; k < STORE_SHARDS; k++) {
        const struct redis_reply *r;
        TRY(redis_conn_reply(c, s->session.scratch, &r, err));
    }
    return WEIR_OK;
}

static void pause_ms(uint32_t ms)
{
    poll(NULL, 0, (int)ms);
}

/* Not WEIR_OK: no use in trying again. A connection that failed is closed and opened anew next
 * time round. */
static enum weir_rc answer_trouble(struct store_redis *s, const struct trouble *t, uint32_t tries,
                                   struct weir_err *err)
{
    enum weir_rc rc = WEIR_OK;
    struct weir_err lost;

    switch (t->what) {
    case REDIS_FINE:
    case REDIS_WAIT:
        return WEIR_OK;
    case REDIS_RECONNECT:
        redis_session_close(&s->session);
        return WEIR_OK;
    case REDIS_FULL:
        rc = sweep(s, tries > 0, &lost);
        break;
    case REDIS_NO_LIBRARY:
        rc = redis_session_load_library(&s->session, &lost);
        break;
    case REDIS_BROKEN:
        return err_set(err, WEIR_IO, "Redis: %s", t->text);
    }
    if (rc != WEIR_OK)
        redis_session_close(&s->session);
    return WEIR_OK;
}

/* A go of reads and one of commits. *t says what stood in the way. */
static enum weir_rc round_trip(struct store_redis *s, struct trouble *t, enum store_answer *answer,
                               struct weir_err *err)
{
    enum weir_rc rc = WEIR_OK;

    if (!s->session.conn)
        rc = connect_again(s, err);
    if (rc == WEIR_OK)
        rc = go(s, SHARD_READ, t, answer, err);
    if (rc == WEIR_OK && *answer == STORE_DONE)
        rc = go(s, SHARD_COMMIT, t, answer, err);
    return rc;
}

static enum weir_rc run(struct store_redis *s, enum store_answer *answer, struct weir_err *err)
{
    int64_t until = now_ms() + s->patience_ms;
    uint32_t pause = PAUSE_FIRST_MS, tries = 0;
    struct weir_err why;

    while (!is_done(s) && *answer == STORE_DONE) {
        struct trouble t = {REDIS_FINE, ""};
        enum weir_rc rc = round_trip(s, &t, answer, &why);
        if (rc != WEIR_OK) {
            redis_session_close(&s->session);
            note_trouble(&t, REDIS_RECONNECT, str_from(why.text));
        }
        if (t.what == REDIS_FINE) {
            if (now_ms() > until && !is_done(s))
                return err_set(err, WEIR_BUSY, "Redis: too many others change the same keys");
            pause = PAUSE_FIRST_MS;
            continue;
        }
        TRY(answer_trouble(s, &t, tries++, err));
        if (now_ms() > until)
            return err_set(err, WEIR_IO, "%s%s", rc == WEIR_OK ? "Redis: " : "", t.text);
        pause_ms(pause);
        pause = pause * 2 < PAUSE_MAX_MS ? pause * 2 : PAUSE_MAX_MS;
    }
    return WEIR_OK;
}

static enum weir_rc ask_many(struct store_redis *s, const struct redis_words *calls, size_t n,
                             const struct redis_reply **replies, struct trouble *t,
                             struct weir_err *err)
{
    if (!s->session.conn)
        TRY(connect_again(s, err));
    for (size_t i = 0; i < n; i++)
        redis_conn_add(s->session.conn, calls[i].p, calls[i].n);
    TRY(redis_conn_send(s->session.conn, err));
    for (size_t i = 0; i < n; i++) {
        TRY(redis_conn_reply(s->session.conn, s->calls, &replies[i], err));
        note_trouble(t, redis_trouble_of(replies[i]), replies[i]->text);
    }
    return WEIR_OK;
}

enum weir_rc redis_call_many(struct store_redis *s, const struct redis_words *calls, size_t n,
                             const struct redis_reply **replies, struct weir_err *err)
{
    int64_t until = now_ms() + s->patience_ms;
    uint32_t pause = PAUSE_FIRST_MS, tries = 0;
    struct weir_err why;

    for (;;) {
        struct trouble t = {REDIS_FINE, ""};
        enum weir_rc rc = ask_many(s, calls, n, replies, &t, &why);
        if (rc == WEIR_OK && t.what == REDIS_FINE)
            return WEIR_OK;
        if (rc != WEIR_OK) {
            redis_session_close(&s->session);
            note_trouble(&t, REDIS_RECONNECT, str_from(why.text));
        }
        TRY(answer_trouble(s, &t, tries++, err));
        if (now_ms() > until)
            return err_set(err, WEIR_IO, "%s%s", rc == WEIR_OK ? "Redis: " : "", t.text);
        pause_ms(pause);
        pause = pause * 2 < PAUSE_MAX_MS ? pause * 2 : PAUSE_MAX_MS;
    }
}

static enum weir_rc apply(struct store *base, const struct store_batch *batch,
                          const struct emission **out, size_t *n, enum store_answer *answer,
                          struct weir_err *err)
{
    struct store_redis *s = redis_of(base);
    uint64_t mark = mark_of(batch);
    enum store_answer given = STORE_DONE;

    s->batch = batch;
    bool is_again = s->is_pending && s->pending_mark == mark;
    if (!is_again || is_untouched(s)) /* each reading takes memory, and an outage may be long */
        begin(s, is_again);
    s->is_pending = true;
    s->pending_mark = mark;
    TRY(run(s, &given, err));
    s->is_pending = false;
    *answer = given;
    emissions_clear(&s->out);
    if (given == STORE_DONE)
        redis_gather(s);
    *out = s->out.items;
    *n = s->out.n;
    return WEIR_OK;
}

/* ---- the rest of store.h --------------------------------------------------------------------- */

static uint32_t add_space(struct store *base, const struct space_spec *spec)
{
    struct store_redis *s = redis_of(base);

    ASSERT(s->n_spaces < STORE_SPACES_MAX);
    ASSERT(spec->level < STORE_ROUNDS_MAX);
    if (s->n_spaces == s->spaces_cap) {
        s->spaces_cap = s->spaces_cap ? s->spaces_cap * 2 : 16;
        s->spaces = reallocarray(s->spaces, s->spaces_cap, sizeof *s->spaces);
        ASSERT(s->spaces);
    }
    struct redis_space *space = &s->spaces[s->n_spaces++];
    *space = (struct redis_space){.spec = *spec};
    if (!spec->budget_bytes)
        space->spec.budget_bytes = store_cap(s->total);
    if (!spec->capsule_budget_bytes)
        space->spec.capsule_budget_bytes = space->spec.budget_bytes;
    redis_space_added(s);
    return s->n_spaces - 1;
}

static void set_total(struct store *base, uint64_t bytes)
{
    ASSERT(redis_of(base)->n_spaces == 0 && bytes > 0);
    redis_of(base)->total = bytes;
}

static struct store_timers timers(const struct store *base)
{
    return ((const struct store_redis *)base)->timers;
}

static const uint32_t *gave(const struct store *base, size_t *n)
{
    const struct store_redis *s = (const struct store_redis *)base;

    *n = s->n_gave;
    return s->gave;
}

static int64_t next_due(const struct store *base)
{
    const struct store_redis *s = (const struct store_redis *)base;
    int64_t due = INT64_MAX;

    for (size_t k = 0; k < STORE_SHARDS; k++)
        for (size_t level = 0; level < STORE_ROUNDS_MAX; level++)
            if (s->shards[k].next_due_ms[level] < due)
                due = s->shards[k].next_due_ms[level];
    return due;
}

static struct store_stats stats(const struct store *base, uint32_t space)
{
    const struct store_redis *s = (const struct store_redis *)base;

    ASSERT(space < s->n_spaces);
    struct store_stats out = s->spaces[space].stats;
    for (size_t k = 0; k < STORE_SHARDS; k++) {
        const struct redis_usage *u = redis_usage_of(&s->spaces[space], (uint32_t)k);
        out.cells += (uint64_t)u->cells;
        out.small_cells += (uint64_t)u->small;
        out.bytes += (uint64_t)u->bytes + (uint64_t)u->pages;
        out.capsule_bytes += (uint64_t)u->side;
    }
    return out;
}

static void release_shard(struct redis_shard *sh)
{
    free(sh->commit.p);
    free(sh->notes);
    emissions_release(&sh->fired);
}

static void free_store(struct store *base)
{
    struct store_redis *s = redis_of(base);

    for (size_t k = 0; k < STORE_SHARDS; k++)
        release_shard(&s->shards[k]);
    redis_session_release(&s->session);
    emissions_release(&s->out);
    buf_release(&s->scratch);
    free(s->words.p);
    for (uint32_t i = 0; i < s->n_spaces; i++)
        free(s->spaces[i].usage);
    free(s->spaces);
    free(s->gave);
    free(s->space_slots);
    if (s->arena)
        arena_free(s->arena);
    if (s->calls)
        arena_free(s->calls);
    free(s);
}

static void set_claim_reader(struct store *base, store_claim_reader *reader)
{
    redis_of(base)->claim_reader = reader;
}

static void fill_table(struct store_vtable *v)
{
    redis_protocol_fill(v);
    v->set_total = set_total;
    v->add_space = add_space;
    v->gave = gave;
    v->timers = timers;
    v->apply = apply;
    v->next_due = next_due;
    v->look = redis_look;
    v->stats = stats;
    v->free = free_store;
    v->set_claim_reader = set_claim_reader;
}

static void name_things(struct store_redis *s)
{
    uint64_t name = 0;

    ASSERT(getrandom(&name, sizeof name, 0) == sizeof name);
    snprintf(s->client, sizeof s->client, "%016llx", (unsigned long long)name);
    for (uint32_t k = 0; k < STORE_SHARDS; k++) {
        struct redis_shard *sh = &s->shards[k];
        char number[4];
        snprintf(number, sizeof number, "%u", k & 63);
        redis_session_name(&s->session, number, sh->tag);
        sh->number = k;
        for (size_t level = 0; level < STORE_ROUNDS_MAX; level++)
            sh->next_due_ms[level] = INT64_MAX;
    }
}

/* Its connection and its name: each name leaves marks for TOKEN_SECONDS, one per shard, and a
 * worker has a new store with each rule set. The one before counts on under the fresh name. */
static void take_over(struct store_redis *s, struct store_redis *before)
{
    struct redis_session *from = &before->session;
    char fresh[sizeof s->client];

    s->session.conn = from->conn;
    s->session.maxmemory = from->maxmemory;
    from->conn = NULL;
    memcpy(fresh, s->client, sizeof fresh);
    memcpy(s->client, before->client, sizeof fresh);
    memcpy(before->client, fresh, sizeof fresh);
    s->token = before->token;
}

enum weir_rc store_redis_new(const struct store_redis_options *o, struct store **out,
                             struct weir_err *err)
{
    struct store_redis *s = calloc(1, sizeof *s);

    ASSERT(s);
    fill_table(&s->vtable);
    s->base.vtable = &s->vtable;
    s->total = STORE_TOTAL_DEFAULT;
    s->calls = arena_new(0);
    s->arena = arena_new(ARENA_HUGE_BLOCK);
    s->memory = (struct redis_memory){.base = {grow}, .store = s};
    s->patience_ms = o->patience_ms ? o->patience_ms : STORE_REDIS_PATIENCE_MS;
    enum weir_rc rc = redis_session_configure(&s->session, o, err);
    name_things(s);
    if (rc == WEIR_OK && o->before)
        take_over(s, redis_of(o->before));
    if (rc == WEIR_OK && !s->session.conn)
        rc = connect_again(s, err);
    if (rc != WEIR_OK) {
        free_store(&s->base);
        return rc;
    }
    *out = &s->base;
    return WEIR_OK;
}

enum weir_rc store_redis_check_budget(struct store *base, struct weir_err *err)
{
    const struct store_redis *s = redis_of(base);

    return redis_session_check_budget(&s->session, s->total, err);
}

uint64_t store_redis_commands(const struct store *base)
{
    return redis_session_commands(&((const struct store_redis *)base)->session);
}

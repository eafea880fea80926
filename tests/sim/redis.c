/* redis.c - the server's functions and the client around them (redis.h). */
#include "redis.h"

#include "state/emissions.h"
#include "state/store_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sim_store {
    struct store base;
    struct sim_link link;
    struct sim_server *server;
    sim_note_fn *note;
    void *note_context;
    struct space_spec spaces[SIM_SPACES];
    uint32_t n_spaces;
    store_claim_reader *reader;
    struct emissions stepped; /* of one call */
    struct emissions out;
    struct cell_memory memory;
    /* The round that was called last, and which shards: called again, they are called again. */
    struct store_at called_upto;
    uint32_t called_round, called;
};

void sim_server_init(struct sim_server *s)
{
    memset(s, 0, offsetof(struct sim_server, outbox));
    s->run = 1;
}

void sim_server_copy(struct sim_server *to, const struct sim_server *from)
{
    memcpy(to, from, offsetof(struct sim_server, outbox));
    memcpy(to->outbox, from->outbox, from->n_outbox * sizeof *to->outbox);
}

void sim_server_flush(struct sim_server *s)
{
    uint64_t run = s->run;

    sim_server_init(s);
    s->run = run;
}

static struct sim_store *of(struct store *s)
{
    return (struct sim_store *)s;
}

static bool guards(const struct sim_store *s, enum sim_defence d)
{
    return !(s->link.without & (uint32_t)d);
}

static enum weir_rc go_out(struct sim_store *s, const char *what)
{
    return sim_go_out(&s->link, what);
}

static enum weir_rc come_back(struct sim_store *s)
{
    return sim_come_back(&s->link);
}

static uint64_t run_of(const char *run_id)
{
    return strtoull(run_id, NULL, 16);
}

static void incarnation_text(const struct sim_server *v, char out[static STORE_RUN_ID_MAX])
{
    memset(out, 0, STORE_RUN_ID_MAX);
    if (v->blessed_run)
        snprintf(out, STORE_RUN_ID_MAX, "%llx-%016llx", (unsigned long long)v->blessed_run,
                 (unsigned long long)v->blessed_token);
}

static bool is_blessed(const struct sim_store *s, const char *incarnation)
{
    const struct sim_server *v = s->server;
    char mine[STORE_RUN_ID_MAX];

    incarnation_text(v, mine);
    return !guards(s, SIM_NEWINC) || (v->run == v->blessed_run && strcmp(incarnation, mine) == 0);
}

static bool is_owner(const struct sim_store *s, uint32_t partition, uint64_t epoch)
{
    return !guards(s, SIM_EPOCH) || epoch >= s->server->epoch[partition];
}

/* ---- cells --------------------------------------------------------------------------------- */

static bool grow(struct cell_memory *memory, struct cell_part *part, uint32_t room, bool is_side)
{
    (void)memory;
    (void)is_side;
    return room <= part->room;
}

static void step(struct sim_store *s, const struct state_op *op, uint32_t space, uint8_t key,
                 struct emission head, const struct step_clock *clock)
{
    struct sim_cell *c = &s->server->cells[space][key];
    struct cell cell = {.main = {c->bytes, c->n, SIM_CELL_BYTES},
                        .due_ms = c->n ? c->due_ms : CELL_NEVER,
                        .idle_ms = CELL_NEVER,
                        .memory = &s->memory};

    head.space = space;
    s->stepped.head = head;
    s->spaces[space].step(s->spaces[space].context, op, &cell, clock, &s->stepped);
    c->n = cell.main.n;
    c->due_ms = cell.due_ms;
}

static bool is_due(const struct sim_store *s, uint32_t space, uint8_t key, uint32_t shard,
                   const struct store_batch *b)
{
    const struct sim_cell *c = &s->server->cells[space][key];
    struct state_key k = sim_key(space, key);

    return c->n && s->spaces[space].level == b->round && c->due_ms <= b->timer_ms &&
           c->due_ms != CELL_NEVER && state_key_shard(&k) == shard;
}

static bool any_due(const struct sim_store *s, uint32_t shard, const struct store_batch *b)
{
    for (uint32_t space = 0; space < s->n_spaces; space++)
        for (uint8_t key = 0; key < (uint8_t)SIM_KEYS; key++)
            if (is_due(s, space, key, shard, b))
                return true;
    return false;
}

/* ---- apply --------------------------------------------------------------------------------- */

static enum store_answer check(const struct sim_store *s, uint32_t shard,
                               const struct store_batch *b)
{
    const struct sim_server *v = s->server;

    if (!is_blessed(s, b->incarnation))
        return STORE_NEWINC;
    for (size_t i = 0; i < b->n_parts; i++)
        if (!is_owner(s, b->parts[i].partition, b->parts[i].epoch))
            return STORE_FENCED;
    for (size_t i = 0; i < b->n_parts; i++) {
        const struct store_part *p = &b->parts[i];
        if (store_at_less(v->shards[shard].applied[p->partition][b->round].at, p->last[shard]))
            return STORE_GAP;
    }
    return STORE_DONE;
}

static bool is_claimed(const struct sim_store *s, uint32_t shard, struct str bytes)
{
    struct store_claim c;

    if (!s->reader || !s->reader(bytes, &c))
        return false;
    for (uint32_t i = 0; i < s->server->shards[shard].n_claims; i++) {
        const struct store_claim *k = &s->server->shards[shard].claims[i];
        if (memcmp(k->uid, c.uid, sizeof c.uid) == 0 && k->kind == c.kind)
            return c.sequence <= k->sequence;
    }
    return false;
}

static void put_outbox(struct sim_store *s, uint32_t shard, const struct store_batch *b)
{
    struct sim_server *v = s->server;

    emissions_settle(&s->stepped);
    for (size_t i = 0; i < s->stepped.n; i++) {
        const struct emission *e = &s->stepped.items[i];
        ASSERT(v->n_outbox < SIM_OUTBOX_MAX);
        struct sim_entry *o = &v->outbox[v->n_outbox++];
        *o = (struct sim_entry){.shard = shard,
                                .round = b->round,
                                .partition = b->parts[e->part].partition,
                                .space = e->space,
                                .at = e->at,
                                .is_restored = is_claimed(s, shard, e->bytes)};
        if (s->note)
            s->note(s->note_context, o, e->bytes.p);
        ASSERT(e->bytes.n == sizeof o->record);
        memcpy(&o->record, e->bytes.p, sizeof o->record);
    }
    emissions_clear(&s->stepped);
}

static void run_steps(struct sim_store *s, uint32_t shard, const struct store_batch *b)
{
    struct sim_server *v = s->server;

    for (size_t i = 0; i < b->n_ops; i++) {
        const struct state_op *op = &b->ops[i];
        const struct store_part *p = &b->parts[op->part];
        struct store_at done = v->shards[shard].applied[p->partition][b->round].at;
        if (state_key_shard(&op->key) != shard ||
            (guards(s, SIM_APPLIED) && !store_at_less(done, op->at)))
            continue;
        step(s, op, op->space, sim_key_number(&op->key),
             (struct emission){.order = op->order, .part = op->part, .at = op->at}, &b->clock);
    }
    struct step_clock clock = {b->timer_ms};
    for (uint32_t space = 0; space < s->n_spaces; space++)
        for (uint8_t key = 0; key < (uint8_t)SIM_KEYS; key++)
            if (is_due(s, space, key, shard, b))
                step(s, NULL, space, key,
                     (struct emission){.order = UINT64_MAX, .part = 0, .at = b->parts[0].upto},
                     &clock);
}

static void trim(struct sim_store *s, uint32_t shard, const struct store_batch *b)
{
    struct sim_server *v = s->server;
    uint32_t n = 0;

    for (uint32_t i = 0; i < v->n_outbox; i++) {
        const struct sim_entry *o = &v->outbox[i];
        bool is_over = false;
        for (size_t k = 0; k < b->n_parts; k++)
            if (o->shard == shard && o->round == b->round &&
                o->partition == b->parts[k].partition && !store_at_less(b->parts[k].acked, o->at))
                is_over = true;
        if (!is_over)
            v->outbox[n++] = *o;
    }
    v->n_outbox = n;
}

static void give(struct sim_store *s, uint32_t shard, const struct store_batch *b)
{
    const struct sim_server *v = s->server;

    for (uint32_t i = 0; i < v->n_outbox; i++) {
        const struct sim_entry *o = &v->outbox[i];
        for (uint32_t k = 0; k < b->n_parts; k++) {
            const struct store_part *p = &b->parts[k];
            if (o->shard != shard || o->round != b->round || o->partition != p->partition ||
                !store_at_less(p->acked, o->at) || store_at_less(p->upto, o->at))
                continue;
            s->out.head = (struct emission){
                .space = o->space, .part = k, .at = o->at, .is_restored = o->is_restored};
            emissions_add(&s->out, (struct str){(const char *)&o->record, sizeof o->record});
        }
    }
}

static void lift_to(struct store_applied *a, struct store_applied to)
{
    if (store_at_less(a->at, to.at))
        *a = to;
}

/* One call of the server's function: all or nothing. */
static void write_shard(struct sim_store *s, uint32_t shard, const struct store_batch *b)
{
    struct sim_server *v = s->server;

    trim(s, shard, b);
    run_steps(s, shard, b);
    put_outbox(s, shard, b);
    for (size_t i = 0; i < b->n_parts; i++) {
        const struct store_part *p = &b->parts[i];
        lift_to(&v->shards[shard].applied[p->partition][b->round],
                (struct store_applied){p->upto, p->prefix_ms});
    }
    v->shards[shard].changes++;
    give(s, shard, b);
}

static enum weir_rc apply_shard(struct sim_store *s, uint32_t shard, const struct store_batch *b,
                                enum store_answer *answer)
{
    for (;;) {
        TRY(go_out(s, "read cells"));
        uint64_t seen = s->server->shards[shard].changes;
        *answer = check(s, shard, b);
        if (*answer != STORE_DONE)
            return WEIR_OK;
        TRY(go_out(s, "write cells"));
        *answer = check(s, shard, b);
        if (*answer != STORE_DONE)
            return WEIR_OK;
        if (s->server->shards[shard].changes != seen) {
            ++*s->link.n_conflicts;
            continue;
        }
        write_shard(s, shard, b);
        TRY(come_back(s));
        for (size_t i = 0; i < b->n_parts; i++)
            if (store_at_less(b->parts[i].last[shard], b->parts[i].upto))
                b->parts[i].last[shard] = b->parts[i].upto;
        return WEIR_OK;
    }
}

static bool has_ops(const struct store_batch *b, uint32_t shard)
{
    for (size_t i = 0; i < b->n_ops; i++)
        if (state_key_shard(&b->ops[i].key) == shard)
            return true;
    return false;
}

static enum weir_rc sim_apply(struct store *store, const struct store_batch *b,
                              const struct emission **out, size_t *n, enum store_answer *answer,
                              struct weir_err *err)
{
    struct sim_store *s = of(store);
    bool is_again = b->round == s->called_round && b->n_parts && guards(s, SIM_AGAIN) &&
                    memcmp(&s->called_upto, &b->parts[0].upto, sizeof s->called_upto) == 0;

    (void)err;
    if (!is_again)
        s->called = 0;
    s->called_round = b->round;
    s->called_upto = b->n_parts ? b->parts[0].upto : (struct store_at){0, 0};
    emissions_clear(&s->out);
    *answer = STORE_DONE;
    for (uint32_t shard = 0; shard < SIM_SHARDS; shard++) {
        if (!(s->called >> shard & 1) && !b->is_sweep && !has_ops(b, shard) &&
            !any_due(s, shard, b))
            continue;
        s->called |= 1U << shard;
        TRY(apply_shard(s, shard, b, answer));
        if (*answer != STORE_DONE)
            return WEIR_OK;
    }
    emissions_settle(&s->out);
    *out = s->out.items;
    *n = s->out.n;
    return WEIR_OK;
}

/* ---- the other calls ----------------------------------------------------------------------- */

static enum weir_rc sim_acquire(struct store *store, uint32_t partition, const char *incarnation,
                                uint64_t *epoch, enum store_answer *answer, struct weir_err *err)
{
    struct sim_store *s = of(store);
    struct sim_server *v = s->server;

    (void)err;
    TRY(go_out(s, "acquire"));
    *answer = is_blessed(s, incarnation) ? STORE_DONE : STORE_NEWINC;
    if (*answer != STORE_DONE)
        return WEIR_OK;
    *epoch = ++v->epoch[partition];
    if (!v->has_marks[partition])
        for (uint32_t r = 0; r < SIM_ROUNDS; r++)
            v->marks[partition][r] = INT64_MIN;
    v->has_marks[partition] = true;
    return come_back(s);
}

static enum weir_rc sim_applied(struct store *store, uint32_t partition, uint32_t round,
                                struct store_applied out[static STORE_SHARDS], struct weir_err *err)
{
    struct sim_store *s = of(store);

    (void)err;
    TRY(go_out(s, "read applied"));
    /* Shards that this server does not have are as far as one that it has: a lift reaches them all,
     * and one that stood still would be taken for a loss. */
    for (uint32_t shard = 0; shard < STORE_SHARDS; shard++)
        out[shard] = s->server->shards[shard % SIM_SHARDS].applied[partition][round];
    return WEIR_OK;
}

static enum weir_rc sim_lift(struct store *store, const char *incarnation, uint32_t partition,
                             uint64_t epoch, const struct store_applied *upto, uint32_t n_rounds,
                             enum store_answer *answer, struct weir_err *err)
{
    struct sim_store *s = of(store);

    (void)err;
    TRY(go_out(s, "lift"));
    *answer = !is_owner(s, partition, epoch) ? STORE_FENCED : STORE_DONE;
    if (!is_blessed(s, incarnation))
        *answer = STORE_NEWINC;
    if (*answer != STORE_DONE)
        return WEIR_OK;
    for (uint32_t shard = 0; shard < SIM_SHARDS; shard++)
        for (uint32_t r = 0; r < n_rounds; r++)
            lift_to(&s->server->shards[shard].applied[partition][r], *upto);
    return come_back(s);
}

static enum weir_rc sim_mark(struct store *store, const char *incarnation,
                             const struct store_mark *marks, size_t n, uint32_t n_levels,
                             int64_t *least_ms, enum store_answer *answer, struct weir_err *err)
{
    struct sim_store *s = of(store);
    struct sim_server *v = s->server;

    (void)err;
    TRY(go_out(s, "mark"));
    *answer = is_blessed(s, incarnation) ? STORE_DONE : STORE_NEWINC;
    for (size_t i = 0; i < n && *answer == STORE_DONE; i++)
        if (!is_owner(s, marks[i].partition, marks[i].epoch))
            *answer = STORE_FENCED;
    if (*answer != STORE_DONE)
        return WEIR_OK;
    for (uint32_t r = 0; r < n_levels; r++) {
        for (size_t i = 0; i < n; i++)
            if (marks[i].watermark_ms[r] > v->marks[marks[i].partition][r])
                v->marks[marks[i].partition][r] = marks[i].watermark_ms[r];
        least_ms[r] = INT64_MAX;
        for (uint32_t p = 0; p < SIM_PARTS_MAX; p++)
            if (v->has_marks[p] && v->marks[p][r] < least_ms[r])
                least_ms[r] = v->marks[p][r];
    }
    return come_back(s);
}

static enum weir_rc sim_run(struct store *store, struct store_run *out, struct weir_err *err)
{
    struct sim_store *s = of(store);

    (void)err;
    TRY(go_out(s, "read run"));
    const struct sim_server *v = s->server;
    uint64_t run = guards(s, SIM_NEWINC) || !v->blessed_run ? v->run : v->blessed_run;
    snprintf(out->run_id, sizeof out->run_id, "%llx", (unsigned long long)run);
    incarnation_text(v, out->blessed);
    return WEIR_OK;
}

/* ---- recovery ------------------------------------------------------------------------------ */

static bool holds_lease(const struct sim_store *s, const struct store_lease *l)
{
    const struct sim_server *v = s->server;

    if (!guards(s, SIM_LEASE))
        return true;
    return v->lease_token == l->token && *s->link.now_ms < v->lease_until_ms &&
           run_of(l->run_id) == v->run;
}

static enum weir_rc sim_lease(struct store *store, const struct store_lease *l,
                              enum store_answer *answer, struct weir_err *err)
{
    struct sim_store *s = of(store);
    struct sim_server *v = s->server;

    (void)err;
    TRY(go_out(s, "lease"));
    bool is_held = v->lease_token && v->lease_token != l->token &&
                   *s->link.now_ms < v->lease_until_ms && guards(s, SIM_LEASE);
    char mine[STORE_RUN_ID_MAX];
    incarnation_text(v, mine);
    *answer = is_held || run_of(l->run_id) != v->run || strcmp(mine, l->incarnation) != 0
                  ? STORE_FENCED
                  : STORE_DONE;
    if (*answer == STORE_DONE) {
        v->lease_token = l->token;
        v->lease_until_ms = *s->link.now_ms + (int64_t)l->ttl_ms;
    }
    return come_back(s);
}

static enum weir_rc recovery_call(struct sim_store *s, const struct store_lease *l,
                                  const char *what, enum store_answer *answer)
{
    TRY(go_out(s, what));
    *answer = holds_lease(s, l) ? STORE_DONE : STORE_FENCED;
    return WEIR_OK;
}

static enum weir_rc sim_bless(struct store *store, const struct store_lease *l,
                              const uint32_t *partitions, size_t n, enum store_answer *answer,
                              struct weir_err *err)
{
    struct sim_store *s = of(store);
    struct sim_server *v = s->server;

    (void)err;
    TRY(recovery_call(s, l, "bless", answer));
    if (*answer != STORE_DONE)
        return WEIR_OK;
    for (size_t i = 0; i < n; i++)
        if (!v->has_marks[partitions[i]]) {
            v->has_marks[partitions[i]] = true;
            for (uint32_t r = 0; r < SIM_ROUNDS; r++)
                v->marks[partitions[i]][r] = INT64_MIN;
        }
    v->blessed_run = run_of(l->run_id);
    v->blessed_token = l->token;
    v->lease_token = 0;
    return come_back(s);
}

static void note_claim(struct sim_server *v, const struct store_claim *c)
{
    uint32_t n = v->shards[c->shard].n_claims;
    struct store_claim *claims = v->shards[c->shard].claims;

    for (uint32_t i = 0; i < n; i++)
        if (memcmp(claims[i].uid, c->uid, sizeof c->uid) == 0 && claims[i].kind == c->kind) {
            if (c->sequence > claims[i].sequence)
                claims[i].sequence = c->sequence;
            return;
        }
    ASSERT(n < SIM_CLAIMS_MAX);
    claims[n] = *c;
    v->shards[c->shard].n_claims++;
}

static enum weir_rc sim_restore(struct store *store, const struct store_lease *l,
                                const struct store_claim *claims, size_t n,
                                enum store_answer *answer, struct weir_err *err)
{
    struct sim_store *s = of(store);
    struct sim_server *v = s->server;

    (void)err;
    TRY(recovery_call(s, l, "restore", answer));
    if (*answer != STORE_DONE)
        return WEIR_OK;
    for (size_t i = 0; i < n && guards(s, SIM_CLAIMS); i++)
        note_claim(v, &claims[i]);
    for (uint32_t i = 0; i < v->n_outbox && guards(s, SIM_MARK); i++) {
        struct sim_entry *o = &v->outbox[i];
        if (is_claimed(s, o->shard, (struct str){(const char *)&o->record, sizeof o->record}))
            o->is_restored = true;
    }
    return come_back(s);
}

static enum weir_rc sim_replay_from(struct store *store, uint32_t partition, bool *has,
                                    struct store_applied *from, struct weir_err *err)
{
    struct sim_store *s = of(store);

    (void)err;
    TRY(go_out(s, "read replay"));
    *has = s->server->has_replay[partition];
    *from = s->server->replay[partition];
    return WEIR_OK;
}

static enum weir_rc sim_set_replay(struct store *store, const struct store_lease *l,
                                   uint32_t partition, const struct store_applied *from,
                                   enum store_answer *answer, struct weir_err *err)
{
    struct sim_store *s = of(store);
    struct sim_server *v = s->server;

    (void)err;
    TRY(recovery_call(s, l, "set replay", answer));
    if (*answer != STORE_DONE)
        return WEIR_OK;
    if (!v->has_replay[partition] || store_at_less(from->at, v->replay[partition].at))
        v->replay[partition] = *from;
    v->has_replay[partition] = true;
    return come_back(s);
}

static enum weir_rc sim_end_replay(struct store *store, const char *incarnation, uint32_t partition,
                                   uint64_t epoch, enum store_answer *answer, struct weir_err *err)
{
    struct sim_store *s = of(store);

    (void)err;
    TRY(go_out(s, "end replay"));
    *answer = is_owner(s, partition, epoch) ? STORE_DONE : STORE_FENCED;
    if (!is_blessed(s, incarnation))
        *answer = STORE_NEWINC;
    if (*answer == STORE_DONE)
        s->server->has_replay[partition] = false;
    return come_back(s);
}

/* ---- the table ----------------------------------------------------------------------------- */

static uint32_t sim_add_space(struct store *store, const struct space_spec *spec)
{
    struct sim_store *s = of(store);

    ASSERT(s->n_spaces < SIM_SPACES);
    s->spaces[s->n_spaces] = *spec;
    return s->n_spaces++;
}

static int64_t sim_next_due(const struct store *store)
{
    (void)store;
    return INT64_MIN;
}

static struct store_stats sim_stats(const struct store *store, uint32_t space)
{
    (void)store;
    (void)space;
    return (struct store_stats){0};
}

static void sim_set_reader(struct store *store, store_claim_reader *reader)
{
    of(store)->reader = reader;
}

static void sim_free(struct store *store)
{
    struct sim_store *s = of(store);

    emissions_release(&s->stepped);
    emissions_release(&s->out);
    free(s);
}

struct store *sim_store_new(const struct sim_link *link, struct sim_server *server,
                            sim_note_fn *note, void *context)
{
    static const struct store_vtable table = {
        .add_space = sim_add_space,
        .apply = sim_apply,
        .next_due = sim_next_due,
        .stats = sim_stats,
        .free = sim_free,
        .acquire = sim_acquire,
        .applied = sim_applied,
        .lift = sim_lift,
        .mark = sim_mark,
        .run = sim_run,
        .lease = sim_lease,
        .bless = sim_bless,
        .set_claim_reader = sim_set_reader,
        .restore = sim_restore,
        .replay_from = sim_replay_from,
        .set_replay = sim_set_replay,
        .end_replay = sim_end_replay,
    };
    struct sim_store *s = calloc(1, sizeof *s);

    ASSERT(s);
    s->base.vtable = &table;
    s->link = *link;
    s->server = server;
    s->note = note;
    s->note_context = context;
    s->memory.grow = grow;
    return &s->base;
}

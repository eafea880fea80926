/* real_store.c - a worker's way to the world's store_mem: every call may be late, lost, or lose its
 * answer. A batch may also reach some shards before the others, as it does in a server with a
 * call for each shard. */
#include "real.h"

#include <stdlib.h>
#include <string.h>

#include "state/store_impl.h"
#include "state/store_mem.h"

enum { PARTLY_IN_64 = 6 };

struct client {
    struct store base; /* first */
    struct sim_link link;
    struct store *const *server;
    char incarnation[STORE_RUN_ID_MAX];
};

/* What a defence that is switched off would have asked about: the newest of the world. */
static uint64_t newest_epoch[SIM_PARTS_MAX];
static struct store_lease newest_lease;

void real_store_forget(void)
{
    memset(newest_epoch, 0, sizeof newest_epoch);
    newest_lease = (struct store_lease){.token = 0};
}

static struct client *of(struct store *s)
{
    return (struct client *)s;
}

static bool guards(const struct client *c, enum sim_defence d)
{
    return !(c->link.without & (uint32_t)d);
}

static struct store *inner(const struct client *c)
{
    store_mem_set_clock(*c->server, (uint64_t)*c->link.now_ms);
    return *c->server;
}

static const char *incarnation_of(struct client *c, const char *own)
{
    struct store_run run;

    if (guards(c, SIM_NEWINC))
        return own;
    enum weir_rc rc = store_run(inner(c), &run, NULL);
    ASSERT(rc == WEIR_OK);
    memcpy(c->incarnation, run.blessed, sizeof c->incarnation);
    return c->incarnation;
}

static uint64_t epoch_of(const struct client *c, uint32_t partition, uint64_t own)
{
    return guards(c, SIM_EPOCH) ? own : newest_epoch[partition];
}

static const struct store_lease *lease_of(struct client *c, const struct store_lease *own)
{
    enum store_answer answer;

    if (guards(c, SIM_LEASE) || !newest_lease.token)
        return own;
    enum weir_rc rc = store_lease(inner(c), &newest_lease, &answer, NULL); /* whoever has it */
    ASSERT(rc == WEIR_OK);
    return &newest_lease;
}

/* ---- a batch ------------------------------------------------------------------------------- */

/* Some shards, without timers: what a batch that was broken off has done. */
static enum weir_rc apply_partly(struct client *c, const struct store_batch *b,
                                 enum store_answer *answer)
{
    struct store_at last[SIM_PARTS_MAX][STORE_SHARDS];
    struct store_part parts[SIM_PARTS_MAX];
    struct store_batch some = *b;
    uint64_t shards =
        (uint64_t)rng_below(c->link.rng, UINT32_MAX) << 32 | rng_below(c->link.rng, UINT32_MAX);
    const struct emission *out;
    size_t n;

    for (size_t i = 0; i < b->n_parts; i++) {
        parts[i] = b->parts[i];
        memcpy(last[i], parts[i].last, sizeof last[i]);
        parts[i].last = last[i];
    }
    some.parts = parts;
    some.timer_ms = INT64_MIN;
    ++*c->link.n_conflicts;
    struct store *server = inner(c);
    store_mem_set_reach(server, shards);
    enum weir_rc rc = store_apply(server, &some, &out, &n, answer, NULL);
    store_mem_set_reach(server, UINT64_MAX);
    ASSERT(rc == WEIR_OK);
    c->link.pause(c->link.context, "apply: some shards");
    return WEIR_OK;
}

static enum weir_rc client_apply(struct store *s, const struct store_batch *b,
                                 const struct emission **out, size_t *n, enum store_answer *answer,
                                 struct weir_err *err)
{
    struct client *c = of(s);
    struct store_part parts[SIM_PARTS_MAX];
    struct store_batch now = *b;

    ASSERT(b->n_parts <= SIM_PARTS_MAX);
    TRY(sim_go_out(&c->link, "apply"));
    if (b->lease) {
        now.lease = lease_of(c, b->lease);
        TRY(store_apply(inner(c), &now, out, n, answer, err));
        return sim_come_back(&c->link);
    }
    now.incarnation = incarnation_of(c, b->incarnation);
    for (size_t i = 0; i < b->n_parts; i++) {
        parts[i] = b->parts[i];
        parts[i].epoch = epoch_of(c, parts[i].partition, parts[i].epoch);
    }
    now.parts = parts;
    *answer = STORE_DONE;
    if (b->n_ops > 1 && !*c->link.is_calm && rng_below(c->link.rng, 64) < PARTLY_IN_64)
        TRY(apply_partly(c, &now, answer));
    if (*answer == STORE_DONE)
        TRY(store_apply(inner(c), &now, out, n, answer, err));
    return sim_come_back(&c->link);
}

/* ---- the protocol's other calls ------------------------------------------------------------ */

static enum weir_rc client_acquire(struct store *s, uint32_t partition, const char *incarnation,
                                   uint64_t *epoch, enum store_answer *answer, struct weir_err *err)
{
    struct client *c = of(s);

    TRY(sim_go_out(&c->link, "acquire"));
    TRY(store_acquire(inner(c), partition, incarnation_of(c, incarnation), epoch, answer, err));
    if (*answer == STORE_DONE && newest_epoch[partition] < *epoch)
        newest_epoch[partition] = *epoch;
    return sim_come_back(&c->link);
}

static enum weir_rc client_applied(struct store *s, uint32_t partition, uint32_t round,
                                   struct store_applied out[static STORE_SHARDS],
                                   struct weir_err *err)
{
    struct client *c = of(s);

    TRY(sim_go_out(&c->link, "read applied"));
    TRY(store_applied(inner(c), partition, round, out, err));
    return sim_come_back(&c->link);
}

static enum weir_rc client_lift(struct store *s, const char *incarnation, uint32_t partition,
                                uint64_t epoch, const struct store_applied *upto, uint32_t n_rounds,
                                enum store_answer *answer, struct weir_err *err)
{
    struct client *c = of(s);

    TRY(sim_go_out(&c->link, "lift"));
    TRY(store_lift(inner(c), incarnation_of(c, incarnation), partition,
                   epoch_of(c, partition, epoch), upto, n_rounds, answer, err));
    return sim_come_back(&c->link);
}

static enum weir_rc client_mark(struct store *s, const char *incarnation,
                                const struct store_mark *marks, size_t n, uint32_t n_levels,
                                int64_t *least_ms, enum store_answer *answer, struct weir_err *err)
{
    struct client *c = of(s);
    struct store_mark now[SIM_PARTS_MAX];

    ASSERT(n <= SIM_PARTS_MAX);
    TRY(sim_go_out(&c->link, "mark"));
    for (size_t i = 0; i < n; i++) {
        now[i] = marks[i];
        now[i].epoch = epoch_of(c, now[i].partition, now[i].epoch);
    }
    TRY(store_mark(inner(c), incarnation_of(c, incarnation), now, n, n_levels, least_ms, answer,
                   err));
    return sim_come_back(&c->link);
}

static enum weir_rc client_run(struct store *s, struct store_run *out, struct weir_err *err)
{
    struct client *c = of(s);

    TRY(sim_go_out(&c->link, "run"));
    TRY(store_run(inner(c), out, err));
    return sim_come_back(&c->link);
}

static enum weir_rc client_lease(struct store *s, const struct store_lease *lease,
                                 enum store_answer *answer, struct weir_err *err)
{
    struct client *c = of(s);

    TRY(sim_go_out(&c->link, "lease"));
    TRY(store_lease(inner(c), lease, answer, err));
    if (*answer == STORE_DONE)
        newest_lease = *lease;
    return sim_come_back(&c->link);
}

static enum weir_rc client_bless(struct store *s, const struct store_lease *lease,
                                 const uint32_t *partitions, size_t n, enum store_answer *answer,
                                 struct weir_err *err)
{
    struct client *c = of(s);

    TRY(sim_go_out(&c->link, "bless"));
    TRY(store_bless(inner(c), lease_of(c, lease), partitions, n, answer, err));
    return sim_come_back(&c->link);
}

static enum weir_rc client_restore(struct store *s, const struct store_lease *lease,
                                   const struct store_claim *claims, size_t n,
                                   enum store_answer *answer, struct weir_err *err)
{
    struct client *c = of(s);

    TRY(sim_go_out(&c->link, "restore"));
    if (!guards(c, SIM_CLAIMS))
        n = 0;
    TRY(store_restore(inner(c), lease_of(c, lease), claims, n, answer, err));
    return sim_come_back(&c->link);
}

static enum weir_rc client_replay_from(struct store *s, uint32_t partition, bool *has,
                                       struct store_applied *from, struct weir_err *err)
{
    struct client *c = of(s);

    TRY(sim_go_out(&c->link, "replay from"));
    TRY(store_replay_from(inner(c), partition, has, from, err));
    return sim_come_back(&c->link);
}

static enum weir_rc client_set_replay(struct store *s, const struct store_lease *lease,
                                      uint32_t partition, const struct store_applied *from,
                                      enum store_answer *answer, struct weir_err *err)
{
    struct client *c = of(s);

    TRY(sim_go_out(&c->link, "set replay"));
    TRY(store_set_replay(inner(c), lease_of(c, lease), partition, from, answer, err));
    return sim_come_back(&c->link);
}

static enum weir_rc client_end_replay(struct store *s, const char *incarnation, uint32_t partition,
                                      uint64_t epoch, enum store_answer *answer,
                                      struct weir_err *err)
{
    struct client *c = of(s);

    TRY(sim_go_out(&c->link, "end replay"));
    TRY(store_end_replay(inner(c), incarnation_of(c, incarnation), partition,
                         epoch_of(c, partition, epoch), answer, err));
    return sim_come_back(&c->link);
}

static int64_t client_next_due(const struct store *s)
{
    return store_next_due(*((const struct client *)s)->server);
}

static struct store_stats client_stats(const struct store *s, uint32_t space)
{
    return store_stats(*((const struct client *)s)->server, space);
}

static void client_free(struct store *s)
{
    free(s);
}

struct store *real_store_new(const struct sim_link *link, struct store *const *server)
{
    static const struct store_vtable table = {
        .apply = client_apply,
        .next_due = client_next_due,
        .stats = client_stats,
        .free = client_free,
        .acquire = client_acquire,
        .applied = client_applied,
        .lift = client_lift,
        .mark = client_mark,
        .run = client_run,
        .lease = client_lease,
        .bless = client_bless,
        .restore = client_restore,
        .replay_from = client_replay_from,
        .set_replay = client_set_replay,
        .end_replay = client_end_replay,
    };
    struct client *c = malloc(sizeof *c);

    ASSERT(c);
    c->base.vtable = &table;
    c->link = *link;
    c->server = server;
    return &c->base;
}

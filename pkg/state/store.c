/* store.c - each call goes to the store that was opened. */
#include "state/store.h"

#include "state/store_impl.h"

#include <stdio.h>
#include <string.h>

bool store_is_whole(const struct store_run *r)
{
    size_t n = strlen(r->run_id);

    return n > 0 && strncmp(r->blessed, r->run_id, n) == 0 && r->blessed[n] == '-';
}

void store_incarnation(const struct store_lease *lease, char out[static STORE_RUN_ID_MAX])
{
    snprintf(out, STORE_RUN_ID_MAX, "%.45s-%016llx", lease->run_id,
             (unsigned long long)lease->token);
}

void store_set_total(struct store *s, uint64_t bytes)
{
    if (s->vtable->set_total)
        s->vtable->set_total(s, bytes);
}

uint64_t store_cap(uint64_t total_bytes)
{
    uint64_t cap = total_bytes / STORE_CAP_PART;

    if (cap < STORE_CAP_LEAST)
        cap = STORE_CAP_LEAST;
    return cap < total_bytes ? cap : total_bytes;
}

uint32_t store_add_space(struct store *s, const struct space_spec *spec)
{
    return s->vtable->add_space(s, spec);
}

int64_t store_next_due(const struct store *s)
{
    return s->vtable->next_due(s);
}

enum weir_rc store_look(struct store *s, uint32_t space, const struct state_key *key,
                        struct store_glance *out, struct weir_err *err)
{
    return s->vtable->look(s, space, key, out, err);
}

struct store_stats store_stats(const struct store *s, uint32_t space)
{
    return s->vtable->stats(s, space);
}

const uint32_t *store_gave(const struct store *s, size_t *n)
{
    *n = 0;
    return s->vtable->gave ? s->vtable->gave(s, n) : NULL;
}

struct store_timers store_timers(const struct store *s)
{
    return s->vtable->timers ? s->vtable->timers(s) : (struct store_timers){0};
}

void store_free(struct store *s)
{
    if (s)
        s->vtable->free(s);
}

void store_set_claim_reader(struct store *s, store_claim_reader *reader)
{
    if (s->vtable->set_claim_reader)
        s->vtable->set_claim_reader(s, reader);
}

/* Asking for the protocol where there is none is a mistake of ours. */
enum weir_rc store_apply(struct store *s, const struct store_batch *batch,
                         const struct emission **out, size_t *n, enum store_answer *answer,
                         struct weir_err *err)
{
    return s->vtable->apply(s, batch, out, n, answer, err);
}

enum weir_rc store_acquire(struct store *s, uint32_t partition, const char *incarnation,
                           uint64_t *epoch, enum store_answer *answer, struct weir_err *err)
{
    ASSERT(s->vtable->acquire);
    return s->vtable->acquire(s, partition, incarnation, epoch, answer, err);
}

enum weir_rc store_applied(struct store *s, uint32_t partition, uint32_t round,
                           struct store_applied out[static STORE_SHARDS], struct weir_err *err)
{
    ASSERT(s->vtable->applied);
    return s->vtable->applied(s, partition, round, out, err);
}

enum weir_rc store_lift(struct store *s, const char *incarnation, uint32_t partition,
                        uint64_t epoch, const struct store_applied *upto, uint32_t n_rounds,
                        enum store_answer *answer, struct weir_err *err)
{
    ASSERT(s->vtable->lift);
    return s->vtable->lift(s, incarnation, partition, epoch, upto, n_rounds, answer, err);
}

enum weir_rc store_mark(struct store *s, const char *incarnation, const struct store_mark *marks,
                        size_t n, uint32_t n_levels, int64_t *least_ms, enum store_answer *answer,
                        struct weir_err *err)
{
    ASSERT(s->vtable->mark);
    return s->vtable->mark(s, incarnation, marks, n, n_levels, least_ms, answer, err);
}

enum weir_rc store_run(struct store *s, struct store_run *out, struct weir_err *err)
{
    ASSERT(s->vtable->run);
    return s->vtable->run(s, out, err);
}

enum weir_rc store_lease(struct store *s, const struct store_lease *lease,
                         enum store_answer *answer, struct weir_err *err)
{
    ASSERT(s->vtable->lease);
    return s->vtable->lease(s, lease, answer, err);
}

enum weir_rc store_bless(struct store *s, const struct store_lease *lease,
                         const uint32_t *partitions, size_t n_partitions, enum store_answer *answer,
                         struct weir_err *err)
{
    ASSERT(s->vtable->bless);
    return s->vtable->bless(s, lease, partitions, n_partitions, answer, err);
}

enum weir_rc store_restore(struct store *s, const struct store_lease *lease,
                           const struct store_claim *claims, size_t n, enum store_answer *answer,
                           struct weir_err *err)
{
    ASSERT(s->vtable->restore);
    return s->vtable->restore(s, lease, claims, n, answer, err);
}

enum weir_rc store_replay_from(struct store *s, uint32_t partition, bool *has,
                               struct store_applied *from, struct weir_err *err)
{
    ASSERT(s->vtable->replay_from);
    return s->vtable->replay_from(s, partition, has, from, err);
}

enum weir_rc store_set_replay(struct store *s, const struct store_lease *lease, uint32_t partition,
                              const struct store_applied *from, enum store_answer *answer,
                              struct weir_err *err)
{
    ASSERT(s->vtable->set_replay);
    return s->vtable->set_replay(s, lease, partition, from, answer, err);
}

enum weir_rc store_end_replay(struct store *s, const char *incarnation, uint32_t partition,
                              uint64_t epoch, enum store_answer *answer, struct weir_err *err)
{
    ASSERT(s->vtable->end_replay);
    return s->vtable->end_replay(s, incarnation, partition, epoch, answer, err);
}

bool store_has_book(const struct store *s)
{
    return s->vtable->book != NULL;
}

enum weir_rc store_book(struct store *s, const struct str *names, size_t n, uint32_t max,
                        const struct store_log **out, size_t *n_out, struct weir_err *err)
{
    ASSERT(s->vtable->book);
    return s->vtable->book(s, names, n, max, out, n_out, err);
}

enum weir_rc store_book_renew(struct store *s, struct str name, uint32_t number, uint64_t committed,
                              uint32_t max, const struct store_log **out, size_t *n_out,
                              struct weir_err *err)
{
    ASSERT(s->vtable->book_renew);
    return s->vtable->book_renew(s, name, number, committed, max, out, n_out, err);
}

enum weir_rc store_retire(struct store *s, const uint32_t *partitions, size_t n,
                          struct weir_err *err)
{
    ASSERT(s->vtable->retire);
    return s->vtable->retire(s, partitions, n, err);
}

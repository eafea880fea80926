/* store_impl.h - what a store is made of, for those who make one: a table of functions.
 *
 * A store's struct begins with struct store. The contracts are those of store.h.
 */
#ifndef WEIR_STATE_STORE_IMPL_H
#define WEIR_STATE_STORE_IMPL_H

#include "state/store.h"

struct store_vtable {
    void (*set_total)(struct store *s, uint64_t bytes); /* NULL: no cells of its own */
    uint32_t (*add_space)(struct store *s, const struct space_spec *spec);
    enum weir_rc (*apply)(struct store *s, const struct store_batch *batch,
                          const struct emission **out, size_t *n, enum store_answer *answer,
                          struct weir_err *err);
    int64_t (*next_due)(const struct store *s);
    enum weir_rc (*look)(struct store *s, uint32_t space, const struct state_key *key,
                         struct store_glance *out, struct weir_err *err);
    struct store_stats (*stats)(const struct store *s, uint32_t space);
    const uint32_t *(*gave)(const struct store *s, size_t *n); /* NULL: it knows of none */
    struct store_timers (*timers)(const struct store *s);      /* NULL: nobody shares it */
    void (*free)(struct store *s);

    /* The protocol; NULL in a store that has no such side (store_dir). */
    enum weir_rc (*acquire)(struct store *s, uint32_t partition, const char *incarnation,
                            uint64_t *epoch, enum store_answer *answer, struct weir_err *err);
    enum weir_rc (*applied)(struct store *s, uint32_t partition, uint32_t round,
                            struct store_applied out[static STORE_SHARDS], struct weir_err *err);
    enum weir_rc (*lift)(struct store *s, const char *incarnation, uint32_t partition,
                         uint64_t epoch, const struct store_applied *upto, uint32_t n_rounds,
                         enum store_answer *answer, struct weir_err *err);
    enum weir_rc (*mark)(struct store *s, const char *incarnation, const struct store_mark *marks,
                         size_t n, uint32_t n_levels, int64_t *least_ms, enum store_answer *answer,
                         struct weir_err *err);
    enum weir_rc (*run)(struct store *s, struct store_run *out, struct weir_err *err);
    enum weir_rc (*lease)(struct store *s, const struct store_lease *lease,
                          enum store_answer *answer, struct weir_err *err);
    enum weir_rc (*bless)(struct store *s, const struct store_lease *lease,
                          const uint32_t *partitions, size_t n_partitions,
                          enum store_answer *answer, struct weir_err *err);
    void (*set_claim_reader)(struct store *s, store_claim_reader *reader);
    enum weir_rc (*restore)(struct store *s, const struct store_lease *lease,
                            const struct store_claim *claims, size_t n, enum store_answer *answer,
                            struct weir_err *err);
    enum weir_rc (*replay_from)(struct store *s, uint32_t partition, bool *has,
                                struct store_applied *from, struct weir_err *err);
    enum weir_rc (*set_replay)(struct store *s, const struct store_lease *lease, uint32_t partition,
                               const struct store_applied *from, enum store_answer *answer,
                               struct weir_err *err);
    enum weir_rc (*end_replay)(struct store *s, const char *incarnation, uint32_t partition,
                               uint64_t epoch, enum store_answer *answer, struct weir_err *err);

    /* Numbers of partitions; NULL: no book. */
    enum weir_rc (*book)(struct store *s, const struct str *names, size_t n, uint32_t max,
                         const struct store_log **out, size_t *n_out, struct weir_err *err);
    enum weir_rc (*book_renew)(struct store *s, struct str name, uint32_t number,
                               uint64_t committed, uint32_t max, const struct store_log **out,
                               size_t *n_out, struct weir_err *err);
    enum weir_rc (*retire)(struct store *s, const uint32_t *partitions, size_t n,
                           struct weir_err *err);
};

struct store {
    const struct store_vtable *vtable;
};

#endif

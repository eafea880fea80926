/* redis.h - the simulated state server, and a store (store.h) that talks to it.
 *
 * The server is one flat value: a snapshot is a copy, losing a suffix of its writes is copying an
 * earlier one back. Each function call of the real library is one step here: between two of them
 * anything may happen to the worker (the client's `pause`, form.h), and its answer may be
 * lost.
 */
#ifndef WEIR_TESTS_SIM_REDIS_H
#define WEIR_TESTS_SIM_REDIS_H

#include "rules.h"
#include "state/store.h"

enum { SIM_OUTBOX_MAX = 3000, SIM_CLAIMS_MAX = 512, SIM_CELL_BYTES = 832 };

struct sim_cell {
    uint32_t n;
    int64_t due_ms;
    uint8_t bytes[SIM_CELL_BYTES];
};

struct sim_entry {
    uint32_t shard, round, partition, space;
    struct store_at at;
    bool is_restored;
    struct sim_record record;
};

struct sim_server {
    uint64_t run;
    uint64_t blessed_run, blessed_token; /* the incarnation; 0: none */
    struct {
        uint64_t changes;
        struct store_applied applied[SIM_PARTS_MAX][SIM_ROUNDS];
        uint32_t n_claims;
        struct store_claim claims[SIM_CLAIMS_MAX];
    } shards[SIM_SHARDS];
    struct sim_cell cells[SIM_SPACES][SIM_KEYS];
    uint64_t epoch[SIM_PARTS_MAX];
    bool has_marks[SIM_PARTS_MAX];
    int64_t marks[SIM_PARTS_MAX][SIM_ROUNDS];
    bool has_replay[SIM_PARTS_MAX];
    struct store_applied replay[SIM_PARTS_MAX];
    uint64_t lease_token;
    int64_t lease_until_ms;
    uint32_t n_outbox;
    struct sim_entry outbox[SIM_OUTBOX_MAX]; /* last: only what is in use is copied */
};

void sim_server_init(struct sim_server *s);
void sim_server_copy(struct sim_server *to, const struct sim_server *from);
/* All data are gone, the process lives. */
void sim_server_flush(struct sim_server *s);

/* A client. note: an emission was put into the outbox; NULL: not of interest. */
typedef void sim_note_fn(void *context, const struct sim_entry *o, const char *record);
struct store *sim_store_new(const struct sim_link *link, struct sim_server *server,
                            sim_note_fn *note, void *context);

#endif

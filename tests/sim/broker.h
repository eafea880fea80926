/* broker.h - the simulated Kafka: input logs, one output topic, transactions, a consumer group.
 *
 * As the real one where it matters: a transactional id has an epoch, init_transactions aborts what
 * is open and fences older producers; offsets in a transaction are refused for a stale generation;
 * an EndTxn repeated after the end is answered OK; one that was held up on a dying connection ends
 * whatever is open under its epoch when it arrives; a transaction that stays open too long is
 * aborted and its producer fenced.
 */
#ifndef WEIR_TESTS_SIM_BROKER_H
#define WEIR_TESTS_SIM_BROKER_H

#include "form.h"
#include "worker/protocol.h"

enum {
    SIM_SLOTS = 3,
    SIM_OUTPUT_MAX = 6000,
    SIM_FACTS_MAX = 4000,
    SIM_LATE_MAX = 16, /* EndTxn requests on their way */
    SIM_TRANSACTION_MS = 400
};

enum sim_state { SIM_OPEN, SIM_COMMITTED, SIM_ABORTED };

struct sim_output {
    struct sim_published record;
    enum sim_state state;
    uint32_t slot;
};

/* On the topic of facts. */
struct sim_fact {
    struct fact fact;
    enum sim_state state;
    uint32_t slot;
};

struct sim_offset {
    bool has;
    uint64_t offset;
    uint32_t n_metadata;
    char metadata[PROTOCOL_METADATA_MAX];
};

struct sim_transaction {
    uint32_t epoch;
    bool is_open;
    int64_t since_ms;
    uint32_t first, first_fact; /* of its records in the outputs */
    struct sim_offset offsets[SIM_PARTS_MAX];
};

struct sim_late {
    uint32_t slot, epoch;
    bool is_commit;
};

struct sim_broker {
    size_t n_parts;
    struct sim_event *events[SIM_PARTS_MAX];
    size_t n_events[SIM_PARTS_MAX];
    uint64_t log_start[SIM_PARTS_MAX];
    struct sim_offset committed[SIM_PARTS_MAX];
    struct sim_transaction slots[SIM_SLOTS];
    uint32_t generation;
    uint32_t owner[SIM_PARTS_MAX]; /* id of the member */
    struct sim_late late[SIM_LATE_MAX];
    uint32_t n_late;
    uint32_t n_output, n_facts;
    struct sim_output output[SIM_OUTPUT_MAX]; /* from here on: not cleared */
    struct sim_fact facts[SIM_FACTS_MAX];
};

void sim_broker_init(struct sim_broker *b);
uint32_t sim_init_producer(struct sim_broker *b, uint32_t slot);
enum protocol_outcome sim_produce(struct sim_broker *b, uint32_t slot, uint32_t epoch,
                                  int64_t now_ms, const struct sim_published *r);
enum protocol_outcome sim_produce_fact(struct sim_broker *b, uint32_t slot, uint32_t epoch,
                                       int64_t now_ms, const struct fact *f);
enum protocol_outcome sim_send_offset(struct sim_broker *b, uint32_t slot, uint32_t epoch,
                                      int64_t now_ms, uint32_t generation, uint32_t member,
                                      uint32_t partition, uint64_t offset, struct str metadata);
enum protocol_outcome sim_end(struct sim_broker *b, uint32_t slot, uint32_t epoch, bool is_commit);
/* The request stays on its way; sim_arrive() lets one arrive. */
void sim_hold_up(struct sim_broker *b, uint32_t slot, uint32_t epoch, bool is_commit);
void sim_arrive(struct sim_broker *b, uint32_t i);
/* Abort what is open for too long; a random one with is_early. */
void sim_time_out(struct sim_broker *b, uint32_t slot);
bool sim_is_stable(const struct sim_broker *b, uint32_t partition);
bool sim_any_open(const struct sim_broker *b);

#endif

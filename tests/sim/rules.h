/* rules.h - what the simulated workers detect: five small spaces on three levels, of the shape of
 * weir's operators, and the slow model that says what must come out.
 *
 *   level 0  burst   early: 3 hits of a user in 40 ms open a finding (book: count, Updates, Close)
 *            pair    final: each hit with another one in 40 ms before it is a signal
 *   level 1  crowd   final, over signals of pair, by group: the third in 80 ms is a signal
 *            risk    early, fed by Creates of burst, by group: 2 in 400 ms open a finding
 *   level 2  told    suppress: a finding for each bucket with a signal of crowd
 */
#ifndef WEIR_TESTS_SIM_RULES_H
#define WEIR_TESTS_SIM_RULES_H

#include "form.h"

enum { SIM_SHARDS = 3, SIM_ROUNDS = 3, SIM_HITS_MAX = 60, SIM_FINDS_MAX = 12, SIM_PERIOD_MS = 200 };

enum sim_space { SPACE_BURST, SPACE_PAIR, SPACE_CROWD, SPACE_RISK, SPACE_TOLD, SIM_SPACES };
enum sim_activity { SIM_SIGNAL, SIM_CREATE, SIM_UPDATE, SIM_CLOSE };

/* What steps emit, as bytes. */
struct sim_record {
    uint8_t space, key, activity, pad;
    uint32_t sequence;
    uint32_t count;
    uint32_t pad2;
    int64_t bucket_ms;
    int64_t t_ms;
};

void sim_rules_attach(struct store *s);
struct state_key sim_key(enum sim_space space, uint8_t key);
static inline uint8_t sim_key_number(const struct state_key *k)
{
    return k->bytes[1];
}
/* Operations of an event in round 0: out has room for 2. Of a record in the next round: at most 1.
 */
size_t sim_ops_of_event(const struct sim_event *e, struct state_op *out);
size_t sim_ops_of_record(const struct sim_record *r, struct state_op *out);
uint32_t sim_level(uint32_t space);
bool sim_is_published(const struct sim_record *r);
bool sim_read_claim(struct str emission, struct store_claim *out);

/* The model: everything again from the whole list. Room for SIM_EXPECTED_MAX. */
size_t sim_model(const struct sim_event *const *events, const size_t *n, size_t n_parts,
                 struct sim_expected *out);

/* How often a step got an operation that its timers had passed already. */
extern uint64_t sim_too_late;

#endif

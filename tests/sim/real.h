/* real.h - the parts of the form with weir's own operators (form.h).
 *
 *     real.c        the form: a world's store, a worker's detector around a correlator
 *     real_rules.c  the rules, as Sigma, and what events mean to them
 *     real_store.c  a client of a store_mem, with lost requests and answers
 *     real_model.c  what must come out, from the whole list and docs/state.md; of those that learn,
 *                   what one engine tells that nothing happens to
 *
 * Times: a millisecond of the simulation is REAL_SCALE of event time, so that timespans can be
 * seconds, and all events lie in one minute: who is braked in it depends on the order, how many
 * are does not. Those that learn have midnight in their midst.
 */
#ifndef WEIR_TESTS_SIM_REAL_H
#define WEIR_TESTS_SIM_REAL_H

#include "correlate/graph.h"
#include "form.h"
#include "state/uid.h"

enum { REAL_SCALE = 72, REAL_BRAKE = 2, REAL_MINUTE_MS = 60 * 1000 };

/* The rule sets. */
enum real_set { REAL_PLAIN, REAL_BRAKED, REAL_LEARNED, REAL_SETS };

extern int64_t real_base_ms; /* event time of the beginning: of the set in use */

static inline int64_t real_ms(int64_t sim_ms)
{
    return sim_ms == INT64_MIN || sim_ms == INT64_MAX ? sim_ms : real_base_ms + sim_ms * REAL_SCALE;
}

/* ---- rules: two tenants share a log, and what they do is kept apart by the key's group ------- */

enum real_act { REAL_A, REAL_B, REAL_C, REAL_ACTS }; /* and the base rules of those numbers */
enum { REAL_VALUES = 4, REAL_TEXT = 24 };

/* An event in words. */
struct real_event {
    int64_t t_ms;
    enum real_act act;
    char user[REAL_TEXT], group[REAL_TEXT], value[REAL_TEXT];
    char peer[REAL_TEXT]; /* a user of the same tenant */
};
struct real_event real_event_of(const struct sim_event *e);

/* A sequence, and what its items are to an event: one of that act, of the user or of the peer. */
enum { REAL_SEQUENCES = 4, REAL_ITEMS = 4 };
struct real_sequence {
    const char *path, *text;
    size_t n_items;
    struct {
        enum real_act act;
        bool is_by_peer;
    } items[REAL_ITEMS];
};
extern const struct real_sequence real_sequences[REAL_SEQUENCES];

/* Made once; this one is in use from now on. */
const struct graph *real_graph(enum real_set set);
/* The index of a rule by its id; UINT32_MAX: it is not in this one. */
uint32_t real_rule(const struct graph *g, const char *uid);
/* The operations of all events, packed by gather(): valid until the next call. */
void real_gather(const struct graph *g, const struct sim_log *log);
struct str real_gathered(uint32_t partition, uint64_t position);

size_t real_model(const struct graph *g, const struct sim_log *log, struct sim_expected *out);
size_t real_learned_model(const struct graph *g, const struct sim_log *log,
                          struct sim_expected *out);

/* The world's store lies in *server; it may be replaced. */
/* A new world. */
void real_store_forget(void);
struct store *real_store_new(const struct sim_link *link, struct store *const *server);

#endif

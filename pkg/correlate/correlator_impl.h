/* correlator_impl.h - the inside of a correlator. For pkg/correlate/correlator*.c alone.
 *
 *     correlator.c          a batch through all levels: what was added goes in, emissions come out
 *     correlator_level.c    operations wait for their level; their order in it, runs of a key
 *     correlator_key.c      keys of what comes of findings and signals
 *     correlator_signal.c   a signal's way: next stage, dedup, who listens
 *     correlator_finding.c  a finding's way: novelty, brake, risks
 *     correlator_told.c     what was found, in the order of the events
 *
 * What operations carry, and all texts handed around, lie in the correlator's arena until the next
 * batch.
 */
#ifndef WEIR_CORRELATE_CORRELATOR_IMPL_H
#define WEIR_CORRELATE_CORRELATOR_IMPL_H

#include "base/arena.h"
#include "base/buf.h"
#include "correlate/correlator.h"
#include "correlate/hit.h"
#include "rule/correlation.h"
#include "state/capsule.h"
#include "state/key.h"

/* An order is the number of the event, then of its operation. */
enum { ORDER_BITS = 20 };
#define ORDER_TIMER UINT64_MAX

/* Operations that wait for their level; what they carry is in the arena. */
struct level {
    struct state_op *ops;
    size_t n, cap;
    bool is_mixed; /* not in order */
};

struct added {
    size_t from; /* in bytes, if they are not lent */
    struct str lent;
    size_t n;
    struct correlator_event event;
};

/* In whose name a derived operation is: that of the emission it came from. */
struct origin {
    uint64_t order;
    uint32_t part, shard;
    struct store_at at;
    bool is_restored;
    /* Another rule set has left it in the outbox at a place where this one does not have it: what
     * comes of it may come of this set's own ways, too. */
    bool is_others;
};

struct correlator {
    const struct graph *g;
    struct store *store;
    struct arena *arena; /* one batch */
    struct digest *digest;
    struct pressure *pressure;

    struct buf bytes; /* gathered */
    struct added *added;
    size_t n_added, cap_added;

    struct level *levels;
    struct state_op *sorted; /* of a level that was mixed: correlator_level.c */
    struct placed *placed;
    size_t cap_sorted;
    struct told *told; /* correlator_told.c */
    size_t n_told, cap_told;
    bool has_others; /* among them */

    int64_t watermark_ms; /* of the batch before */
    int64_t timer_ms;     /* of the batch at hand */
    struct buf scratch;
    struct correlator_counts counts;
    correlator_signal_fn *hears; /* NULL: nobody */
    void *hearing;
};

/* ---- operations wait for their level (correlator_level.c) ----------------------------------- */

/* A new operation of that space, with its place and order; key, time and payload are the caller's.
 */
struct state_op *correlator_wait_in(struct correlator *c, uint32_t space,
                                    const struct origin *from);
/* Its payload, to be filled. */
struct hit *correlator_new_hit(struct correlator *c, struct state_op *op);
/* Links runs of operations with one key (hit.h, book.h "passing"), of rules that tell findings of
 * single events. */
void correlator_mark_runs(struct correlator *c, struct level *l);
/* The operations as the store takes them: in order, timers' descendants last. */
const struct state_op *correlator_line_up(struct correlator *c, const struct level *l);

/* ---- keys (correlator_key.c) ---------------------------------------------------------------- */

/* Values that a derived operation can be keyed by: those of the key below, then the fields of the
 * newest capsule. */
struct known {
    const struct str *names; /* of the values */
    struct str values[FINDING_KEYS_MAX];
    size_t n;
    struct capsule capsule;
    bool has_capsule;
    /* The values of a term that is new, by the names of its fields. */
    const struct str *term_fields;
    size_t n_term_fields;
    struct str term;
};

/* Of packed keys (hit.h) and of a capsule; either may be empty. */
void known_of_key(struct known *v, const struct str *names, size_t n_names, struct str keys,
                  struct str capsule);
void known_of_finding(struct known *v, const struct finding *f);
/* False: nothing has that name. */
bool known_find(const struct known *v, struct str name, struct str *out);

/* What is the same for all keys of a kind: fields, and what becomes of their values. */
struct key_form {
    const struct str *fields;
    size_t n;
    bool may_lack, is_ci;
};

struct key_form key_form_of_group(const struct correlation *to, const struct str *fields);
/* The key that the known values make, for that rule's tenant, hashed and in clear; false: one is
 * missing and must not be. */
bool correlator_key_of(struct correlator *c, const struct graph_rule *r, const struct known *v,
                       const struct key_form *form, struct state_key *key, struct str *packed);
struct state_key correlator_tenant_key(const struct correlator *c, const struct graph_rule *r,
                                       const struct str *values, size_t n);

/* ---- signals and findings (correlator_signal.c, correlator_finding.c) ----------------------- */

/* A record that the store has emitted goes on to where its rule's way leads. One that cannot be
 * read back is counted. */
void correlator_take_signal(struct correlator *c, const struct emission *e, struct str record,
                            const struct origin *from);
void correlator_take_finding(struct correlator *c, const struct emission *e, struct str record,
                             const struct origin *from);
/* A finding out of a risk's cell: on to the next risk. */
void correlator_take_passing(struct correlator *c, const struct emission *e, struct str record,
                             const struct origin *from);
/* A record where this set does not have its space, or has it in another level. A finding is told as
 * it is, if none of this set's own ways brings it as well (correlator_told.c, drop_doubles). A
 * signal above its level has nowhere to go. */
void correlator_take_stray(struct correlator *c, const struct emission *e, struct str record,
                           const struct origin *from);
/* Dedup is off, or there is nothing to fold by: the match is a finding of its own. Its name has
 * the key's values (of an event alone, s NULL: none), and what sets it apart. */
void correlator_sole_finding(struct correlator *c, const struct origin *from, uint32_t rule,
                             int64_t t_ms, const struct hit *hit, const struct signal *s,
                             struct str apart);

/* ---- what was found (correlator_told.c) ----------------------------------------------------- */

/* A finding at the end of its way: counted, and told by correlator_tell(). */
void correlator_note(struct correlator *c, const struct origin *from, uint32_t rule,
                     const struct finding *f, struct str record);

#endif

/* facts.h - what training has taught: a journal that outlives an empty store.
 *
 * A fact is a piece of what an operator remembers for longer than a replay reaches back, and what
 * there was to be told of it is out: it comes out of the store behind the judgement, so it is
 * published in one transaction with it (SIGNAL_FACT). By kind:
 *
 *   FACT_TERM    first_seen: the group shows the term from first_ms to last_ms. Told when a term
 *                begins, and when it is still there after another part of the history; so what a
 *                restore knows is at most a FACT_PARTS-th of the history older than
 *                what was lost.
 *   FACT_ENTRY   rarity: an entry of a value (rarity.h). Of each part of the history, as above, the
 *                first ones that can matter.
 *   FACT_ACTOR   ratio: an actor had a value on a day, which was judged at first_ms.
 *   FACT_WINDOW  volume: the sum of a window.
 *
 * A later fact of the same name replaces an earlier one: a compacted topic may forget those. Names
 * are taken again when what they told cannot matter any more, to replays that go back by
 * FACT_REPLAY_MS neither. Restoring is applying each fact to its cells, in any order, also twice,
 * before any event: fact_ops(). Facts from fresh_ms on are left to the replay that follows, which
 * reads again what taught them: so their findings are counted again.
 */
#ifndef WEIR_CORRELATE_FACTS_H
#define WEIR_CORRELATE_FACTS_H

#include "base/buf.h"
#include "correlate/record.h"
#include "state/store.h"

enum { FACT_IDENTITY_BYTES = 16, FACT_NAME_BYTES = FACT_IDENTITY_BYTES + STATE_KEY_BYTES };
enum { FACT_PARTS = 8 };
#define FACT_REPLAY_MS (6 * 3600000ll)

enum fact_kind { FACT_TERM = 1, FACT_ENTRY, FACT_ACTOR, FACT_WINDOW };

struct fact {
    enum fact_kind kind;
    uint8_t identity[FACT_IDENTITY_BYTES]; /* of the first stage: space_spec.identity */
    struct state_key term_key, group_key;  /* of the cells; FACT_WINDOW: group_key alone */
    uint64_t term;
    int64_t first_ms, last_ms;
    /* All but FACT_TERM. */
    uint64_t slot;    /* which of the term's facts: a part of its name */
    int64_t since_ms; /* the group's first hit */
    uint64_t number;  /* hits, day or actor (rarity.h); the actor; the sum, as an int64_t */
    /* FACT_ACTOR: how many actors had the value and how many the group had, as frozen on the day;
     * the actor's day before that with the value and in the group, 0: none that is known. */
    uint32_t with, of;
    int32_t with_day, of_day;
    int64_t fresh_ms; /* not packed: whoever restores says it */
};

/* False: the signal teaches nothing. */
bool fact_of_signal(const struct signal *s, const uint8_t identity[FACT_IDENTITY_BYTES],
                    struct fact *out);
/* As a signal, but for its identity. (FACT_TERM has a shorter form: first_seen_group.c.) */
void fact_tell(const struct fact *f, struct emissions *out);

/* What it replaces: key of the record in a compacted topic. */
void fact_name(const struct fact *f, uint8_t out[FACT_NAME_BYTES]);
void fact_pack(const struct fact *f, struct buf *out);
MUST_USE bool fact_unpack(struct str bytes, struct fact *out);

/* The replay will teach it again. */
bool fact_is_fresh(const struct fact *f);

/* Number of the part of the history (> 0) that a time lies in. */
int64_t fact_part(int64_t t_ms, int64_t history_ms);
/* How many numbers of steps of step_ms keep facts apart that may matter at once, if those of a
 * history of n_steps do. */
int64_t fact_steps(int64_t n_steps, int64_t step_ms);

/* The operations that restore it, of the first stage's and of the group's cell: spaces, order and
 * position are the caller's to fill. `hit` is their payload and points to *f. is_counted: the first
 * fact of this name that the cells meet; the group counts its terms. How many there are: 1 (stage
 * 0 alone) or 2. */
size_t fact_ops(const struct fact *f, bool is_counted, struct hit *hit, struct state_op *term,
                struct state_op *group);

#endif

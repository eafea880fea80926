/* facts.h - what training has taught, one record per term: a journal that outlives an empty store.
 *
 * A fact says that a group has shown a term from one time to another, and has judged it: what there
 * was to be told of it came out of the store together with the fact, so it is published in one
 * transaction with it. The group tells one (SIGNAL_FACT) when a term begins, and when it is still
 * there after another part of the history; so what a restore knows is at most a
 * FIRST_SEEN_STILL_PARTS-th of the history older than what was lost.
 *
 * A later fact of the same name replaces an earlier one: a compacted topic may forget those.
 * Restoring is applying each fact to both stages, in any order, before any event: facts_ops().
 */
#ifndef WEIR_CORRELATE_FACTS_H
#define WEIR_CORRELATE_FACTS_H

#include "base/buf.h"
#include "correlate/record.h"
#include "state/store.h"

enum { FACT_IDENTITY_BYTES = 16, FACT_NAME_BYTES = FACT_IDENTITY_BYTES + STATE_KEY_BYTES };

struct fact {
    uint8_t identity[FACT_IDENTITY_BYTES]; /* of the space of the terms: space_spec.identity */
    struct state_key term_key, group_key;  /* of the cells */
    uint64_t term;
    int64_t first_ms, last_ms;
};

/* False: the signal teaches nothing. */
bool fact_of_signal(const struct signal *s, const uint8_t identity[FACT_IDENTITY_BYTES],
                    struct fact *out);

/* What it replaces: key of the record in a compacted topic. */
void fact_name(const struct fact *f, uint8_t out[FACT_NAME_BYTES]);
void fact_pack(const struct fact *f, struct buf *out);
MUST_USE bool fact_unpack(struct str bytes, struct fact *out);

/* The operations that restore it, of the term's and of the group's cell: spaces, order and position
 * are the caller's to fill. `hit` is their payload. is_counted: the first fact of this name that
 * the cells meet; the group counts its terms. */
void fact_ops(const struct fact *f, bool is_counted, struct hit *hit, struct state_op *term,
              struct state_op *group);

#endif

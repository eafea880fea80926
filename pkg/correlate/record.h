/* record.h - what steps emit: findings for the publisher, signals for the next round.
 *
 * The first byte tells which (enum record_kind, state/finding.h). Signals lead to other cells: to a
 * later stage of the same operator, or (stage SIGNAL_MET) to whoever listens to the operator: its
 * suppress space, and the correlations that list its rule; or (stage SIGNAL_FACT) to no cell: what
 * the operator has learnt, for a journal (facts.h). A finding that passes through a cell of
 * another rule (risk.h) comes out with its own tenant and rule uid in front of it: nothing else
 * tells. No record has an index of a rule, space or level in it: who reads it may have another rule
 * set.
 */
#ifndef WEIR_CORRELATE_RECORD_H
#define WEIR_CORRELATE_RECORD_H

#include "base/base.h"
#include "base/buf.h"
#include "correlate/hit.h"
#include "state/finding.h"

enum { SIGNAL_MET = 255, SIGNAL_FACT = 254 };

struct signal {
    uint8_t stage;        /* of the same operator, SIGNAL_MET or SIGNAL_FACT */
    struct state_key key; /* of the stage's cell; SIGNAL_MET: the group's, which fills keys */
    int64_t t_ms;
    int64_t measured_micro;
    bool has_measured;
    /* keys: values of the group key in clear; capsule: of the last event. The place is not packed:
     * only geo_velocity's first stage looks at it. */
    struct hit hit;
    struct str detail;
};

void signal_pack(const struct signal *s, struct buf *out);
MUST_USE bool signal_unpack(struct str bytes, struct signal *out);
enum record_kind record_kind_of(struct str bytes);

/* finding: as finding_pack() makes it. */
struct passing {
    struct str tenant, rule_uid, finding;
};
void passing_pack(const struct passing *p, struct buf *out);
/* False: damaged (the finding itself is not looked at). Slices of `bytes`. */
MUST_USE bool passing_unpack(struct str bytes, struct passing *out);

#endif

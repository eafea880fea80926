/* emissions.h - what the steps of one round have emitted, for stores: steps add, the store says
 * beforehand in whose name.
 *
 * Memory   records stay until emissions_clear(); their room is kept as long as rounds of late need
 *          it (base/slack.h).
 */
#ifndef WEIR_STATE_EMISSIONS_H
#define WEIR_STATE_EMISSIONS_H

#include "base/buf.h"
#include "base/slack.h"
#include "state/store.h"

struct emissions {
    struct emission head;   /* of what is added next; bytes aside */
    struct emission *items; /* bytes.p is set by emissions_settle() */
    size_t n, cap;
    size_t *offsets; /* of each item in bytes */
    struct buf bytes;
    struct slack slack;
};

void emissions_release(struct emissions *e);
/* Behind each round. */
void emissions_clear(struct emissions *e);
/* Forget what was added after the first n: a step is run again. */
void emissions_cut(struct emissions *e, size_t n);
/* Point the items at their bytes; nothing may be added after it. Stable order by `order`. */
void emissions_settle(struct emissions *e);

#endif

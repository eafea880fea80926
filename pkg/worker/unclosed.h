/* unclosed.h - findings that have a published Create and no published Close, as the output topics
 * tell them; and their cells given back to an empty store (correlate/reopen.h).
 *
 * Bound     UNCLOSED_MAX findings are remembered, closed ones among them (their texts are let go).
 *           Of what is beyond it a Close may be lost: counted.
 * Threads   belongs to one.
 * Memory    copies what it is told, until unclosed_free().
 */
#ifndef WEIR_WORKER_UNCLOSED_H
#define WEIR_WORKER_UNCLOSED_H

#include "correlate/reopen.h"
#include "state/store.h"

enum { UNCLOSED_MAX = 1 << 22 };

struct unclosed;

struct unclosed *unclosed_new(void);
void unclosed_free(struct unclosed *u);

/* A published record, in any order. cell: its header `weir-cell`; empty: none. */
struct unclosed_record {
    struct str rule, tenant, cell;
};
void unclosed_note(struct unclosed *u, const struct store_claim *claim,
                   const struct unclosed_record *record);

struct unclosed_counts {
    uint64_t open;     /* a Create, no Close, and the header */
    uint64_t restored; /* of them: cells given back */
    uint64_t beyond;   /* not remembered */
};
/* Cells for those that are open, under the lease of a recovery of an empty store. */
MUST_USE enum weir_rc unclosed_restore(const struct unclosed *u, struct store *store,
                                       const struct store_lease *lease, const struct graph *graph,
                                       struct reopen_reach reach, struct unclosed_counts *counts,
                                       enum store_answer *answer, struct weir_err *err);

#endif

/* sequence.h - the how-manieth time is this finding seen?
 *
 * A count per finding uid in two generations of a hash table: new counts go to the young one; when
 * that holds SEQUENCE_FINDINGS_MAX it becomes the old one and the one before it is forgotten. So a
 * count is lost only after SEQUENCE_FINDINGS_MAX other findings, and memory stays under
 * 2 * 2 * SEQUENCE_FINDINGS_MAX * 24 bytes (96 MiB; it grows as it is needed).
 */
#ifndef WEIR_ALERT_SEQUENCE_H
#define WEIR_ALERT_SEQUENCE_H

#include "state/uid.h"
#include "base/base.h"

enum { SEQUENCE_FINDINGS_MAX = 1 << 20 };

struct sequence_table;

/* findings_max: SEQUENCE_FINDINGS_MAX, or less in tests. */
struct sequence_table *sequence_new(size_t findings_max);
void sequence_free(struct sequence_table *t);

/* Count one occurrence; from 1. */
uint64_t sequence_next(struct sequence_table *t, struct uid finding);

/* Findings whose counts were forgotten. */
uint64_t sequence_forgotten(const struct sequence_table *t);

#endif

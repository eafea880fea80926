/* claim.h - what a published record claims: that this kind of record of this finding is out.
 *
 * Travels as the header `weir-claim` (docs/topics.md): "SHARD KIND SEQUENCE" in decimal, the
 * finding's uid being the record's key. A recovery reads them back from the output topics and gives
 * them to the store (store_restore), which then knows what in its outbox was published before.
 *
 * Threads  pure functions.
 */
#ifndef WEIR_CORRELATE_CLAIM_H
#define WEIR_CORRELATE_CLAIM_H

#include "base/base.h"
#include "base/buf.h"
#include "state/finding.h"
#include "state/store.h"

#define CLAIM_HEADER "weir-claim"
enum { CLAIM_TEXT_MAX = 48 };

/* Of a finding as the correlator told it. False: it lies in no outbox and has none. */
bool claim_of(const struct finding *f, struct store_claim *out);

/* A store_claim_reader: of an emission (shard aside), also of a finding that passes through risk.
 */
bool claim_read(struct str emission, struct store_claim *out);

/* The header's value; zero-terminated. */
void claim_format(const struct store_claim *c, char out[static CLAIM_TEXT_MAX]);
/* False: damaged, or not ours. key: of the record, the finding's uid as text. */
MUST_USE bool claim_parse(struct str header, struct str key, struct store_claim *out);

#endif

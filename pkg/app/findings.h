/* findings.h - alerts folded by finding, for the table that a person reads.
 *
 * Memory   bounded by FINDINGS_MAX; alerts of findings beyond are counted, not shown.
 *          Rules are pointed to and must outlive it; names are copied.
 * Threads  belongs to one thread.
 */
#ifndef WEIR_APP_FINDINGS_H
#define WEIR_APP_FINDINGS_H

#include "base/base.h"
#include "base/buf.h"
#include "rule/rule.h"
#include "state/finding.h"

enum { FINDINGS_MAX = 100000 };

struct findings;

struct findings *findings_new(void);
void findings_free(struct findings *f);

/* Note one record of a finding. True if the finding is known; false: the caller names its entity
 * with findings_name(), which must follow at once. secret: of a name that was redacted what is the
 * same for the same value (a hash), so that the table can number what it does not show; else 0. */
bool findings_note(struct findings *f, const struct rule *rule, const struct finding *finding);
void findings_name(struct findings *f, struct str entity, uint64_t secret);

/* The table, in order of first time. */
void findings_print(const struct findings *f, struct buf *out);

#endif

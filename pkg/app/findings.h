/* findings.h - alerts folded by finding, for the table that a person reads.
 *
 * Memory   bounded by FINDINGS_MAX; alerts of findings beyond are counted, not shown.
 */
#ifndef WEIR_APP_FINDINGS_H
#define WEIR_APP_FINDINGS_H

#include "base/base.h"
#include "base/buf.h"
#include "rule/rule.h"

enum { FINDINGS_MAX = 100000 };

struct findings;

struct findings *findings_new(void);
void findings_free(struct findings *f);

/* Count one alert. True if the finding is known; false: the caller names its entity with
 * findings_name(), which must follow at once. */
bool findings_count(struct findings *f, const char uid[37], const struct rule *rule,
                    int64_t time_ms);
void findings_name(struct findings *f, struct str entity);

/* The table, in order of first time. */
void findings_print(const struct findings *f, struct buf *out);

#endif

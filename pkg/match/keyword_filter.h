/* keyword_filter.h - can any text of this record hold a keyword?
 *
 * Rules with keywords ask every string of an event, so a single one of them that sees a kind of
 * event would send all of its texts through the engine a second time, where hardly ever anything
 * is found. The filter looks at the record's bytes instead, once: each keyword has a run of letters
 * that JSON writes as they are.
 *
 * It errs on one side: false is certain, true means "look". Bytes beyond ASCII and \u escapes are
 * always looked at, since a letter may hide in them.
 *
 * Memory   in the arena given; read-only afterwards.
 * Threads  may be shared.
 */
#ifndef WEIR_MATCH_KEYWORD_FILTER_H
#define WEIR_MATCH_KEYWORD_FILTER_H

#include "base/arena.h"
#include "base/base.h"
#include "base/grams.h"
#include "plan/plan.h"

enum { KEYWORDS_FILTERED_MAX = 256 };

struct keyword_filter;

/* For what the rules of the bitmap ask of FIELD_ANY. NULL: there is none, since one of them asks
 * what no run of letters decides (a regex, absence), or they ask for too much. */
const struct keyword_filter *keyword_filter_new(struct arena *a, const struct plan *plan,
                                                const uint64_t *rules);
bool keyword_filter_may(const struct keyword_filter *f, struct str record);

/* The first place at or after `from` where an anchor could stand, or a byte beyond ASCII is; n if
 * there is none. The kernels say the same, but for the last two bytes, where no anchor has room:
 * vector ones may name them.
 */
typedef size_t keyword_next_fn(const struct grams *g, struct str text, size_t from);
keyword_next_fn keyword_next_scalar, keyword_next_avx2, keyword_next_avx512;

#endif

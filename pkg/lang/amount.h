/* amount.h - values with a unit, as rules write them: spans of time, distances, speeds, shares.
 *
 *     15m  1h  30d     timespan: <int><s|m|h|d|w|M|y>, M = 2,629,746 s, y = 31,556,952 s (pySigma)
 *     500km  300m      distance
 *     800km/h          speed
 *     0.05             a number, exactly, in millionths
 *
 * Each says in the diag what is wrong and returns false; `key` is the name under which the value
 * stands. Nothing is guessed: a bare number has no unit, 1.5h and 1h30m are not spans.
 */
#ifndef WEIR_LANG_AMOUNT_H
#define WEIR_LANG_AMOUNT_H

#include "base/base.h"
#include "doc/doc.h"
#include "lang/diag.h"

#define AMOUNT_SPAN_MAX_MS (INT64_C(10) * 31556952 * 1000) /* ten years */
#define AMOUNT_METRES_MAX INT64_C(1000000000)

/* > 0 and at most AMOUNT_SPAN_MAX_MS. */
bool amount_span(struct diag *d, const struct doc_node *node, const char *key, int64_t *ms);
/* > 0 and at most AMOUNT_METRES_MAX. */
bool amount_distance(struct diag *d, const struct doc_node *node, const char *key, int64_t *m);
bool amount_speed(struct diag *d, const struct doc_node *node, const char *key, int64_t *m_per_h);
bool amount_number(struct diag *d, const struct doc_node *node, const char *key, int64_t *micro);

static inline struct place doc_place(const struct doc_node *node)
{
    return (struct place){node->line, node->col};
}

#endif

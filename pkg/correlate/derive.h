/* derive.h - values that rules compute (rule.h, struct derived), of the event at hand.
 *
 * A derived field has a number as a field has, with DERIVED in it, so that lists of numbers may
 * hold both. Computed when it is asked for, once for an event and row.
 *
 * Memory   the table in the arena of the start; values in the arena of the event.
 * Threads  belongs to one thread.
 */
#ifndef WEIR_CORRELATE_DERIVE_H
#define WEIR_CORRELATE_DERIVE_H

#include "base/arena.h"
#include "base/base.h"
#include "event/event.h"
#include "event/field.h"
#include "rule/expr.h"
#include "rule/rule.h"

#define DERIVED (UINT32_C(1) << 31) /* set in numbers of derived fields; FIELD_NONE is none */

struct derive;

struct derive *derive_new(struct arena *own, const struct field_table *fields);

/* Number of the name as the rule means it: a derived field of its, else a field of the event; else
 * FIELD_NONE. */
uint32_t derive_number(struct derive *d, const struct rule *r, struct str name);
struct str derive_name(const struct derive *d, uint32_t number);
static inline bool derive_is(uint32_t number)
{
    return number != FIELD_NONE && (number & DERIVED);
}

/* Another event. space: that of its values; t_ms: its time. */
void derive_begin(struct derive *d, struct arena *space, const struct event *event, int64_t t_ms);
/* The members for which the match stands (rule.h, struct match_rows); a list, one or null. */
struct expr_value derive_rows(struct derive *d, const struct match_rows *rows);
/* Another row: its member; NULL: none. */
void derive_row(struct derive *d, const struct expr_value *member);

/* Of a derived field or a field of the event: null, a value or a list. */
struct expr_value derive_value(struct derive *d, uint32_t number);

#endif

/* timepart.h - the hour, the day, the week ... of a time as it is written.
 *
 * Sigma's `hour`, `minute` and their like: the number comes from the text itself, no zone is
 * applied. A value that is no time (base/time.h) has no parts and matches nothing.
 */
#ifndef WEIR_MATCH_TIMEPART_H
#define WEIR_MATCH_TIMEPART_H

#include "base/base.h"
#include "json/scan.h"
#include "rule/rule.h"

/* cmp is ATOM_EQ or one of ATOM_NUM_*; operand is a number by decimal_is_number(). */
bool time_part_matches(enum time_part part, enum atom_op cmp, enum json_kind kind, struct str value,
                       struct str operand);

/* ATOM_TIME_CMP: the time in the value, beside that of the atom. now_ms: when the event happened,
 * INT64_MIN if it has no time; asked only if the atom counts from it. */
bool time_matches(const struct atom *atom, int64_t now_ms, enum json_kind kind, struct str value);

#endif

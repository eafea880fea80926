/* number.h - does a value compare with a rule's number?
 *
 * A JSON number compares by its exact decimal value. A string does too if the whole of it is
 * written as a JSON number: "5" and "5.0" equal 5, while "007", " 7", "+7" and "0x7" are text
 * that equals no number. Booleans, null, objects and arrays compare with nothing.
 */
#ifndef WEIR_MATCH_NUMBER_H
#define WEIR_MATCH_NUMBER_H

#include "base/base.h"
#include "json/scan.h"
#include "rule/rule.h"

/* op is one of ATOM_NUM_*; operand is a number by decimal_is_number(). Strings unescaped. */
bool number_matches(enum atom_op op, enum json_kind kind, struct str value, struct str operand);

/* op is one of ATOM_NUM_* or ATOM_EQ, here and below. Does an order (below, at or above 0, as
 * str_cmp gives it) satisfy the comparison? */
bool order_satisfies(enum atom_op op, int order);
/* Of two numbers by decimal_is_number(). */
bool number_compare(enum atom_op op, struct str a, struct str b);

/* ATOM_BOOL: JSON true or false, or a string that says so in any ASCII case. */
bool boolean_matches(enum json_kind kind, struct str value, bool wanted);

#endif

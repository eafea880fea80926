/* number.c - numbers and truth values of events against those of rules. */
#include "match/number.h"

#include "base/decimal.h"
#include "base/str.h"

bool order_satisfies(enum atom_op op, int order)
{
    switch (op) {
    case ATOM_EQ:
    case ATOM_NUM_EQ:
        return order == 0;
    case ATOM_NUM_LT:
        return order < 0;
    case ATOM_NUM_LE:
        return order <= 0;
    case ATOM_NUM_GT:
        return order > 0;
    default:
        ASSERT(op == ATOM_NUM_GE);
        return order >= 0;
    }
}

bool number_compare(enum atom_op op, struct str a, struct str b)
{
    return order_satisfies(op, decimal_cmp(a, b));
}

bool number_matches(enum atom_op op, enum json_kind kind, struct str value, struct str operand)
{
    if (kind != JSON_NUMBER && kind != JSON_STRING)
        return false;
    /* Asked of numbers too: an exponent beyond DECIMAL_EXPONENT_MAX is legal JSON. */
    if (!decimal_is_number(value))
        return false;
    return number_compare(op, value, operand);
}

bool boolean_matches(enum json_kind kind, struct str value, bool wanted)
{
    if (kind == JSON_TRUE || kind == JSON_FALSE)
        return (kind == JSON_TRUE) == wanted;
    return kind == JSON_STRING && str_eq_ci(value, wanted ? STR("true") : STR("false"));
}

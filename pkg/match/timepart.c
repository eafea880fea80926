/* timepart.c - a part of a time, compared as a number. */
#include "match/timepart.h"

#include "base/time.h"
#include "match/number.h"

#include <stdio.h>

enum { PART_TEXT_MAX = 16 };

static int part_of(const struct time_fields *t, enum time_part part)
{
    switch (part) {
    case PART_MINUTE:
        return t->minute;
    case PART_HOUR:
        return t->hour;
    case PART_DAY:
        return t->day;
    case PART_WEEK:
        return t->week;
    case PART_MONTH:
        return t->month;
    default:
        ASSERT(part == PART_YEAR);
        return t->year;
    }
}

bool time_part_matches(enum time_part part, enum atom_op cmp, enum json_kind kind, struct str value,
                       struct str operand)
{
    struct time_fields fields;
    char text[PART_TEXT_MAX];

    if (kind != JSON_STRING && kind != JSON_NUMBER)
        return false;
    if (!time_parse_fields(value, &fields))
        return false;
    int n = snprintf(text, sizeof(text), "%d", part_of(&fields, part));
    return number_compare(cmp, (struct str){text, (size_t)n}, operand);
}

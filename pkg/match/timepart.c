/* timepart.c - a part of a time, compared as a number; and whole times. */
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

/* False if there is no time to count from, or counting leaves the range of times. */
static bool point_of(const struct rule_time *t, int64_t now_ms, int64_t *ms)
{
    *ms = t->is_relative ? now_ms : t->at_ms;
    if (t->is_relative && now_ms < 0)
        return false;
    for (size_t i = 0; t->is_relative && i < t->n_steps; i++) {
        if (t->steps[i].is_round)
            time_round(ms, t->steps[i].unit, t->rounds_up);
        else if (!time_add_units(ms, t->steps[i].unit, t->steps[i].n))
            return false;
    }
    return true;
}

bool time_matches(const struct atom *atom, int64_t now_ms, enum json_kind kind, struct str value)
{
    int64_t ms, point;

    if (kind != JSON_STRING && kind != JSON_NUMBER)
        return false;
    if (!time_parse_ms(value, &ms) || !point_of(&atom->time, now_ms, &point))
        return false;
    return order_satisfies(atom->cmp, (ms > point) - (ms < point));
}

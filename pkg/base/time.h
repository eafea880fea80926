/* time.h - times as telemetry writes them, to milliseconds since 1970 UTC and back.
 *
 * Formats  ISO 8601 / RFC 3339 with any fraction and offset ('T' or blank, no zone = UTC), the
 *          Windows "2026-07-28 11:44:53.919", epoch seconds, milliseconds, microseconds or
 *          nanoseconds by magnitude (as number or digits), syslog "Jul 28 11:28:41" is refused:
 *          it has no year.
 * Range    years 1970 to 2200; anything else is no time.
 */
#ifndef WEIR_BASE_TIME_H
#define WEIR_BASE_TIME_H

#include "base/base.h"

bool time_parse_ms(struct str text, int64_t *ms);

struct time_fields {
    int year, month, day, hour, minute, second, millisecond; /* as written, no zone applied */
    int week;                                                /* ISO 8601 week of the written date */
};

/* The parts as they are written in the text (Sigma: no time-zone handling); false if no time. */
bool time_parse_fields(struct str text, struct time_fields *out);

/* Units of the calendar, in UTC: y M w d h m s (weeks begin on Monday). n units later or earlier;
 * of a month that is shorter its last day. False if the result is no time in the range. */
bool time_add_units(int64_t *ms, char unit, int64_t n);
/* Back to the start of the unit, or on to its last millisecond. */
void time_round(int64_t *ms, char unit, bool is_up);

enum { TIME_TEXT_MAX = 32 };
/* "2026-07-28T11:44:53.919Z" into out; returns its length. */
size_t time_format_ms(int64_t ms, char out[TIME_TEXT_MAX]);

#endif

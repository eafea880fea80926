/* zone.c - `timezone=`: how far its clocks are from UTC.
 *
 * A fixed distance is exact. What a place's clocks show (Europe/Berlin, EST) depends on its laws:
 * where the value is only shown it stays empty, with a warning; whoever asks it is unsupported.
 */
#include "lang/cql/value.h"

#include "base/str.h"

enum { MINUTE_MS = 60000, HOUR_MAX = 18 };

static bool take_digits(struct str *s, size_t n, int64_t *out)
{
    for (size_t i = 0; i < n; i++)
        if (i >= s->n || s->p[i] < '0' || s->p[i] > '9')
            return false;
    if (!str_to_i64(str_sub(*s, 0, n), out))
        return false;
    *s = str_sub(*s, n, SIZE_MAX);
    return true;
}

/* +2, +02, +0200, +02:00. */
static bool read_offset(struct str s, int64_t *ms)
{
    int64_t hours, minutes = 0;

    if (s.n < 2 || (s.p[0] != '+' && s.p[0] != '-'))
        return false;
    bool is_west = s.p[0] == '-';
    s = str_sub(s, 1, SIZE_MAX);
    if (!take_digits(&s, s.n == 1 ? 1 : 2, &hours))
        return false;
    if (s.n && s.p[0] == ':')
        s = str_sub(s, 1, SIZE_MAX);
    if ((s.n && !take_digits(&s, 2, &minutes)) || s.n || hours > HOUR_MAX || minutes > 59)
        return false;
    *ms = (hours * 60 + minutes) * MINUTE_MS * (is_west ? -1 : 1);
    return true;
}

static bool fixed(struct str zone, int64_t *ms)
{
    static const struct str NAMES[] = {{"Z", 1},   {"UTC", 3}, {"Etc/UTC", 7},
                                       {"GMT", 3}, {"UT", 2},  {"", 0}};

    for (size_t i = 0; i < ARRAY_LEN(NAMES); i++) {
        size_t n = NAMES[i].n;
        *ms = 0;
        if (str_eq_ci(zone, NAMES[i]) && n)
            return true;
        if (n != 1 && str_eq_ci(str_sub(zone, 0, n), NAMES[i]) &&
            read_offset(str_sub(zone, n, SIZE_MAX), ms))
            return true;
    }
    return false;
}

enum cql_zone cql_zone_of(struct cql *x, const struct cql_call *call, const struct cql_argument *a,
                          int64_t *ms)
{
    struct str zone;

    *ms = 0;
    if (!a)
        return CQL_ZONE_FIXED;
    if (!cql_text_of(x, a, &zone))
        return CQL_ZONE_BAD;
    if (fixed(zone, ms))
        return CQL_ZONE_FIXED;
    if (!x->made_of) {
        (void)cql_refuse(x, call, "in the time zone of a place");
        return CQL_ZONE_BAD;
    }
    struct cql_unknown_column *u = ARENA_NEW(x->s->scratch, struct cql_unknown_column);
    *u = (struct cql_unknown_column){
        .source = arena_printf(x->s->a, "%.*s() in the time zone of a place", SHOWN(call->name)),
        .lack = CQL_NOT_COMPUTED};
    *x->made_of = u;
    diag_warn(x->s->diag, cql_place(x, a->begin),
              "%.*s is not computed: what it would add stays empty", SHOWN(u->source));
    return CQL_ZONE_OF_PLACE;
}

/* time.c - what a search says of times: now(), relative_time(), earliest= and latest=.
 *
 * On a stream an event comes at its own time, which is "now" for it; behind stats now is the time
 * at which a group is judged. Days, weeks and the snapping to them are those of UTC. How far back a
 * search looks is how far back its groups look; where it begins and ends says nothing else.
 */
#include "lang/spl/scan.h"

#include "base/str.h"

#define SECOND_MS INT64_C(1000)
#define DAY_MS (86400 * SECOND_MS)
#define WEEK_MS (7 * DAY_MS)

/* ---- "-1d@d" ------------------------------------------------------------------------------- */

struct shift {
    bool is_snap;
    int64_t ms;        /* added, or the step that is snapped to */
    int64_t anchor_ms; /* of weeks: when one began */
};
enum { SHIFTS_MAX = 8 };

static int64_t unit_ms(struct str unit)
{
    static const struct {
        const char *names[5];
        int64_t ms;
    } UNITS[] = {{{"s", "sec", "secs", "second", "seconds"}, SECOND_MS},
                 {{"m", "min", "minute", "minutes", "mins"}, 60 * SECOND_MS},
                 {{"h", "hr", "hrs", "hour", "hours"}, 3600 * SECOND_MS},
                 {{"d", "day", "days", "", ""}, DAY_MS},
                 {{"w", "week", "weeks", "", ""}, WEEK_MS}};

    for (size_t i = 0; i < ARRAY_LEN(UNITS); i++)
        for (size_t k = 0; unit.n && k < ARRAY_LEN(UNITS[i].names); k++)
            if (str_eq(unit, str_from(UNITS[i].names[k])))
                return UNITS[i].ms;
    return 0;
}

static struct str letters_at(struct str text, size_t i)
{
    size_t n = 0;

    while (i + n < text.n && ascii_lower(text.p[i + n]) >= 'a' && ascii_lower(text.p[i + n]) <= 'z')
        n++;
    return str_sub(text, i, n);
}

static size_t digits_at(struct str text, size_t i)
{
    size_t n = 0;

    while (i + n < text.n && text.p[i + n] >= '0' && text.p[i + n] <= '9')
        n++;
    return n;
}

/* @d, @w (Sunday), @w1 (Monday) ...; returns the bytes taken, 0: none that is known. */
static size_t read_snap(struct str text, struct shift *out)
{
    enum { SUNDAY = 3 }; /* days from Thursday, 1970-01-01, to the first one */
    struct str unit = letters_at(text, 1);
    int64_t day = 0;
    size_t n_digits = digits_at(text, 1 + unit.n);

    *out = (struct shift){.is_snap = true, .ms = unit_ms(unit)};
    if (!out->ms || (n_digits && (out->ms != WEEK_MS || n_digits > 1)))
        return 0;
    if (n_digits && (!str_to_i64(str_sub(text, 1 + unit.n, 1), &day) || day > 7))
        return 0;
    if (out->ms == WEEK_MS)
        out->anchor_ms = (SUNDAY + day % 7) * DAY_MS;
    return 1 + unit.n + n_digits;
}

/* -1d, +5m, -h; returns the bytes taken, 0: none that is known. */
static size_t read_offset(struct str text, struct shift *out)
{
    bool has_sign = text.p[0] == '-' || text.p[0] == '+';
    size_t n_digits = digits_at(text, has_sign);
    struct str unit = letters_at(text, has_sign + n_digits);
    int64_t count = 1;

    if (n_digits > 6 || (n_digits && !str_to_i64(str_sub(text, has_sign, n_digits), &count)))
        return 0;
    *out = (struct shift){.ms = count * unit_ms(unit) * (text.p[0] == '-' ? -1 : 1)};
    return unit_ms(unit) ? has_sign + n_digits + unit.n : 0;
}

/* False: something that is no such text, or months, whose length differs. */
static bool read_shifts(struct str text, struct shift *out, size_t *n)
{
    *n = 0;
    if (str_starts(text, STR("now")))
        text = str_sub(text, 3, SIZE_MAX);
    for (size_t taken; text.n; text = str_sub(text, taken, SIZE_MAX)) {
        if (*n == SHIFTS_MAX)
            return false;
        taken = text.p[0] == '@' ? read_snap(text, &out[*n]) : read_offset(text, &out[*n]);
        if (!taken)
            return false;
        (*n)++;
    }
    return true;
}

struct expr *spl_relative_time(struct spl *x, struct place at, struct expr *seconds,
                               struct str modifier)
{
    struct shift shifts[SHIFTS_MAX];
    size_t n;

    if (!read_shifts(modifier, shifts, &n) || n == 0)
        return (void)diag_unsupported(x->s->diag, at, "relative_time() by \"%.*s\"",
                                      SHOWN(modifier)),
               NULL;
    struct expr *e = spl_as_ms(x, at, seconds);
    for (size_t i = 0; i < n; i++) {
        struct expr *ms = pipe_whole(x->pipe, shifts[i].ms);
        struct expr *anchor = pipe_whole(x->pipe, shifts[i].anchor_ms);
        if (!shifts[i].is_snap) {
            e = pipe_call2(x->pipe, at, EXPR_ADD, e, ms);
            continue;
        }
        if (shifts[i].anchor_ms)
            e = pipe_call2(x->pipe, at, EXPR_SUBTRACT, e, anchor);
        e = pipe_call2(x->pipe, at, EXPR_TIME_TRUNC, e, ms);
        if (shifts[i].anchor_ms)
            e = pipe_call2(x->pipe, at, EXPR_ADD, e, anchor);
    }
    return pipe_call2(x->pipe, at, EXPR_QUOTIENT, e, pipe_whole(x->pipe, SECOND_MS));
}

/* ---- now ----------------------------------------------------------------------------------- */

/* Of an event it is marked, so that comparisons with the event's own time can be told. */
struct expr *spl_now(struct spl *x, struct place at)
{
    struct expr *now = pipe_time(x->pipe, at, STR("_time"));

    if (now && spl_has_rows(x))
        now->group = PIPE_NOW; /* not the row's */
    if (!pipe_is_grouped(x->pipe))
        now = pipe_call1(x->pipe, at, EXPR_TIME_OF, now);
    return pipe_call2(x->pipe, at, EXPR_QUOTIENT, now, pipe_whole(x->pipe, SECOND_MS));
}

static bool is_now(const struct expr *e)
{
    return e->kind == EXPR_CALL && e->op == EXPR_TIME_OF && e->args[0]->kind == EXPR_TIME;
}

/* Nothing but now, shifted by constants. */
static bool is_made_of_now(const struct expr *e)
{
    struct expr_value v;
    bool has_now = is_now(e);

    if (has_now || e->kind != EXPR_CALL)
        return has_now;
    for (size_t i = 0; i < e->n_args; i++) {
        bool is_now_too = is_made_of_now(e->args[i]);
        if (!is_now_too && !pipe_constant(e->args[i], &v))
            return false;
        has_now |= is_now_too;
    }
    return has_now;
}

/* _time, also in a bin. */
static bool is_event_time(const struct expr *e)
{
    if (e->kind == EXPR_CALL && (e->op == EXPR_QUOTIENT || e->op == EXPR_TIME_TRUNC))
        return is_event_time(e->args[0]);
    return e->kind == EXPR_TIME;
}

/* `_time >= relative_time(now(), "-1h")`, of an event that comes now. */
bool spl_is_time_against_now(const struct spl *x, const struct expr *a, const struct expr *b)
{
    return a && b && !pipe_is_grouped(x->pipe) &&
           ((is_event_time(a) && is_made_of_now(b)) || (is_made_of_now(a) && is_event_time(b)));
}

struct expr *spl_time_against_now(struct spl *x, struct place at, enum expr_op op,
                                  const struct expr *a)
{
    bool is_left = is_event_time(a);
    bool wants_newer = is_left ? op == EXPR_GE || op == EXPR_GT : op == EXPR_LE || op == EXPR_LT;

    if (wants_newer)
        return pipe_bool(x->pipe, true);
    diag_unsupported(x->s->diag, at,
                     "events that are older than a time before now(): events come as they happen");
    return NULL;
}

/* ---- earliest, latest ------------------------------------------------------------------------ */

bool spl_is_time_modifier(struct str name)
{
    return str_eq(name, STR("earliest")) || str_eq(name, STR("latest")) ||
           str_eq(name, STR("_index_earliest")) || str_eq(name, STR("_index_latest"));
}

/* How long before now it is; what it snaps to adds up to a step, which a stream does not. */
static bool before_now(struct spl *x, struct place at, struct str value, int64_t *ms)
{
    struct shift shifts[SHIFTS_MAX];
    size_t n;

    *ms = 0;
    if (!read_shifts(value, shifts, &n))
        return diag_unsupported(x->s->diag, at, "a search that begins or ends at '%.*s'",
                                SHOWN(value));
    for (size_t i = 0; i < n; i++)
        *ms -= shifts[i].is_snap ? 0 : shifts[i].ms;
    if (n == 1 && shifts[0].is_snap)
        *ms = shifts[0].ms;
    return true;
}

bool spl_time_modifier(struct spl *x, struct place at, struct str name, struct str value)
{
    int64_t ms;

    if (str_starts(name, STR("_index"))) /* when somebody stored an event, not when it was */
        return true;
    if (!before_now(x, at, value, &ms))
        return false;
    if (str_eq(name, STR("earliest")))
        x->earliest_ms = ms;
    else
        x->latest_ms = ms;
    return true;
}

int64_t spl_window(const struct spl *x)
{
    int64_t ms = x->earliest_ms - x->latest_ms;

    if (x->window_ms)
        return x->window_ms;
    return x->bucket_ms && !x->is_timeless ? x->bucket_ms : ms > 0 ? ms : 0;
}

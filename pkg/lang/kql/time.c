/* time.c - times behind a comparison: dates, and date math from them or from now.
 *
 *     2026-01-31   2026-01-31T10:00   now   now-15m   now-1d/d   2026-01-31||+1M/d   1772359200000
 *
 * A stream has no time of asking: now is the time of the event. Of a date that says less than
 * milliseconds, > and <= mean its last one: "> 2026-01-31" is from the first of February on. The
 * same goes for what is rounded.
 */
#include "lang/kql/lower.h"

#include "base/str.h"
#include "base/vec.h"
#include "base/time.h"

enum { STEPS_MAX = 16 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool rounds_up(enum atom_op op)
{
    return op == ATOM_NUM_GT || op == ATOM_NUM_LE;
}

static enum kql_time bad(struct query_scope *s, const struct kql_node *n, const char *why)
{
    diag_error(s->diag, n->value->at, "'%.*s': %s", SHOWN(n->value->text), why);
    return KQL_TIME_BAD;
}

/* One of +1d, -15m, /d at the start of *text, which goes on behind it. */
static bool read_step(struct str *text, struct time_step *step)
{
    size_t at = 1;
    char sign = text->p[0];

    *step = (struct time_step){.is_round = sign == '/', .n = 0};
    if (sign != '+' && sign != '-' && sign != '/')
        return false;
    while (sign != '/' && at < text->n && is_digit(text->p[at]))
        at++;
    if (at > 10 || at >= text->n || !strchr("yMwdhHms", text->p[at]))
        return false;
    if (at > 1)
        (void)str_to_i64(str_sub(*text, 1, at - 1), &step->n);
    else
        step->n = 1; /* now-d */
    if (sign == '-')
        step->n = -step->n;
    step->unit = text->p[at] == 'H' ? 'h' : text->p[at];
    *text = str_sub(*text, at + 1, SIZE_MAX);
    return true;
}

static bool read_steps(struct query_scope *s, struct str text, struct rule_time *out)
{
    struct time_step *steps = ARENA_ARRAY(s->a, STEPS_MAX, struct time_step);
    size_t n = 0;

    while (text.n)
        if (n == STEPS_MAX || !read_step(&text, &steps[n++]))
            return false;
    out->steps = steps;
    out->n_steps = n;
    return true;
}

/* "2026", "2026-01", a date or a date and clock; `unit` is what it says least of, 0: nothing is
 * left open. Elasticsearch rounds the clock up, never month or day. */
static bool read_date(struct str text, int64_t *ms, char *unit)
{
    char full[16];
    size_t n_colons = 0;
    bool has_clock = text.n > 10;

    for (size_t i = 0; i < text.n && i < 19; i++)
        n_colons += text.p[i] == ':';
    if (text.n < 4 || !is_digit(text.p[0]) || (text.n > 4 && text.p[4] != '-'))
        return false;
    *unit = !has_clock ? 'd' : n_colons == 1 ? 'm' : str_find_char(text, '.', 0) < text.n ? 0 : 's';
    if (text.n == 4 || text.n == 7) {
        memcpy(full, text.p, text.n);
        memcpy(full + text.n, text.n == 4 ? "-01-01" : "-01", text.n == 4 ? 6 : 3);
        return time_parse_ms((struct str){full, 10}, ms);
    }
    return time_parse_ms(text, ms);
}

static bool apply(struct rule_time *t)
{
    for (size_t i = 0; i < t->n_steps; i++) {
        if (t->steps[i].is_round)
            time_round(&t->at_ms, t->steps[i].unit, t->rounds_up);
        else if (!time_add_units(&t->at_ms, t->steps[i].unit, t->steps[i].n))
            return false;
    }
    t->n_steps = 0;
    t->steps = NULL;
    return true;
}

enum kql_time kql_time(struct query_scope *s, const struct kql_node *n, bool has_epoch,
                       struct rule_time *out)
{
    struct str text = n->value->text, date, math;
    size_t bars = str_find(text, STR("||"), 0);
    char unit;

    *out = (struct rule_time){.rounds_up = rounds_up(n->op)};
    if (has_epoch && text.n > 4 && str_to_i64(text, &out->at_ms))
        return KQL_TIME_READ;
    if (str_starts(text, STR("now"))) {
        math = str_sub(text, 3, SIZE_MAX);
        if (math.n && !strchr("+-/", math.p[0]))
            return KQL_TIME_NONE;
        out->is_relative = true;
        return read_steps(s, math, out)
                   ? KQL_TIME_READ
                   : bad(s, n, "not a time from now (now, now-15m, now-1d/d; y M w d h m s)");
    }
    date = bars == SIZE_MAX ? text : str_sub(text, 0, bars);
    math = bars == SIZE_MAX ? STR("") : str_sub(text, bars + 2, SIZE_MAX);
    if (!read_date(date, &out->at_ms, &unit))
        return KQL_TIME_NONE;
    if (math.n == 0 && out->rounds_up && unit)
        time_round(&out->at_ms, unit, true);
    if (math.n && (!read_steps(s, math, out) || !apply(out)))
        return bad(s, n, "not a time (2026-01-31||+1M/d; y M w d h m s)");
    return KQL_TIME_READ;
}

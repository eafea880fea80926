/* scan.c - reading byte by byte; what a name of a field stands for. */
#include "lang/spl/scan.h"

#include "base/str.h"
#include "base/vec.h"

#include <stdio.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

void spl_blanks(struct spl *x)
{
    while (x->next < x->end && is_blank(x->text.text.p[x->next]))
        x->next++;
}

char spl_peek(const struct spl *x)
{
    return x->next < x->end ? x->text.text.p[x->next] : '\0';
}

bool spl_is_end(struct spl *x)
{
    spl_blanks(x);
    return x->next >= x->end;
}

static struct str rest_of(const struct spl *x)
{
    return str_sub(x->text.text, x->next, x->end - x->next);
}

bool spl_take(struct spl *x, const char *sign)
{
    struct str s = str_from(sign);

    spl_blanks(x);
    if (!str_starts(rest_of(x), s))
        return false;
    x->next += s.n;
    return true;
}

static bool is_word_byte(char c)
{
    return (c >= '0' && c <= '9') || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') || c == '_' ||
           (unsigned char)c >= 0x80;
}

bool spl_take_word(struct spl *x, const char *word, bool is_caseless)
{
    struct str w = str_from(word);

    spl_blanks(x);
    struct str rest = rest_of(x), head = str_sub(rest, 0, w.n);
    if (head.n < w.n || !(is_caseless ? str_eq_ci(head, w) : str_eq(head, w)))
        return false;
    if (rest.n > w.n && (is_word_byte(rest.p[w.n]) || rest.p[w.n] == '.' || rest.p[w.n] == '='))
        return false;
    x->next += w.n;
    return true;
}

struct place spl_here(const struct spl *x)
{
    return spl_place(x->s, &x->text, x->next);
}

bool spl_expected(struct spl *x, const char *what)
{
    spl_blanks(x);
    if (x->next < x->end)
        return diag_error(x->s->diag, spl_here(x), "expected %s, found '%.*s'", what,
                          (int)(x->end - x->next > 20 ? 20 : x->end - x->next),
                          x->text.text.p + x->next);
    return diag_error(x->s->diag, spl_here(x), "expected %s, found the end of the %s", what,
                      x->end < x->text.text.n ? "command" : "search");
}

bool spl_quoted(struct spl *x, struct str *out)
{
    size_t begin = x->next;
    char quote = spl_peek(x), *p = arena_alloc(x->s->scratch, x->end - x->next + 1);
    size_t n = 0;

    for (x->next++; x->next < x->end; x->next++) {
        char c = x->text.text.p[x->next];
        if (c == quote) {
            x->next++;
            *out = (struct str){p, n};
            return true;
        }
        if (c == '\\' && x->next + 1 < x->end &&
            (x->text.text.p[x->next + 1] == quote || x->text.text.p[x->next + 1] == '\\'))
            c = x->text.text.p[++x->next];
        p[n++] = c;
    }
    return diag_error(x->s->diag, spl_place(x->s, &x->text, begin), "a %c that is never closed",
                      quote);
}

static bool is_word_next(const struct spl *x, const char *word)
{
    struct spl look = *x;

    return spl_take_word(&look, word, true);
}

void spl_skip_to(struct spl *x, const char *word)
{
    static const char SIGNS[] = "()=,<>!\"";
    unsigned depth = 0;

    while (!spl_is_end(x) && (depth > 0 || !is_word_next(x, word))) {
        char c = spl_peek(x);
        depth += c == '(';
        depth -= c == ')' && depth > 0;
        if (c == '"')
            for (x->next++; spl_peek(x) && spl_peek(x) != '"'; x->next++)
                x->next += spl_peek(x) == '\\' && x->next + 1 < x->end;
        if (spl_word(x, SIGNS).n == 0 && x->next < x->end)
            x->next++;
    }
}

struct str spl_word(struct spl *x, const char *stops)
{
    size_t begin = x->next;

    while (x->next < x->end && !is_blank(spl_peek(x)) && !strchr(stops, spl_peek(x)))
        x->next++;
    return str_sub(x->text.text, begin, x->next - begin);
}

bool spl_name(struct spl *x, const char *stops, struct str *out)
{
    spl_blanks(x);
    if (spl_peek(x) == '"' || spl_peek(x) == '\'')
        return spl_quoted(x, out);
    *out = spl_word(x, stops);
    return out->n > 0 || spl_expected(x, "the name of a field");
}

/* `1d@d`, the sign taken: where such spans begin anyway. */
static bool snaps_to_itself(struct spl *x, struct place at, struct str span)
{
    struct str unit = spl_word(x, ",)");

    return (unit.n && (str_eq(unit, span) ||
                       (span.p[0] == '1' && str_eq(unit, str_sub(span, 1, SIZE_MAX))))) ||
           diag_unsupported(x->s->diag, at, "a span that begins elsewhere ('%.*s@%.*s')",
                            SHOWN(span), SHOWN(unit));
}

bool spl_span(struct spl *x, int64_t *ms)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } UNITS[] = {{"s", 1000},         {"sec", 1000},      {"secs", 1000},     {"second", 1000},
                 {"seconds", 1000},   {"m", 60000},       {"min", 60000},     {"mins", 60000},
                 {"minute", 60000},   {"minutes", 60000}, {"h", 3600000},     {"hr", 3600000},
                 {"hrs", 3600000},    {"hour", 3600000},  {"hours", 3600000}, {"d", 86400000},
                 {"day", 86400000},   {"days", 86400000}, {"w", 604800000},   {"week", 604800000},
                 {"weeks", 604800000}};
    struct place at = spl_here(x);
    struct str word = spl_word(x, ",)@");
    size_t n = 0;
    int64_t count = 1;

    while (n < word.n && word.p[n] >= '0' && word.p[n] <= '9')
        n++;
    if (n > 0 && (n > 6 || !str_to_i64(str_sub(word, 0, n), &count) || count <= 0))
        return diag_error(x->s->diag, at, "'%.*s' is no span of time", SHOWN(word));
    for (size_t i = 0; i < ARRAY_LEN(UNITS); i++)
        if (str_eq(str_sub(word, n, SIZE_MAX), str_from(UNITS[i].unit))) {
            *ms = count * UNITS[i].ms;
            /* 1d@d: what spans begin at anyway. */
            return !spl_take(x, "@") || snaps_to_itself(x, at, word);
        }
    return diag_error(x->s->diag, at, "'%.*s' is no span of time (30s, 5m, 1h, 1d)", SHOWN(word));
}

bool spl_count_value(struct spl *x)
{
    if (x->n_values++ < QUERY_VALUES_MAX)
        return true;
    return diag_error(x->s->diag, spl_here(x), "more than %d values", QUERY_VALUES_MAX);
}

bool spl_enter(struct spl *x)
{
    if (x->depth++ < QUERY_DEPTH_MAX)
        return true;
    return diag_error(x->s->diag, spl_here(x), "parentheses nested deeper than %d",
                      QUERY_DEPTH_MAX);
}

/* ---- columns ------------------------------------------------------------------------------- */

struct str spl_field(struct spl *x, struct str name)
{
    name = spl_without_dataset(x, name);
    char *p = arena_alloc(x->s->scratch, name.n + 1);
    size_t n = 0;

    for (size_t i = 0; i < name.n; i++) {
        if (name.p[i] == '{' && i + 1 < name.n && name.p[i + 1] == '}')
            i++;
        else
            p[n++] = name.p[i];
    }
    return names_intern(x->s->names, (struct str){p, n});
}

static bool is_assigned(const struct spl *x, struct str name)
{
    for (size_t i = 0; i < x->n_assigned; i++)
        if (str_eq(x->assigned[i], name))
            return true;
    return false;
}

/* The JSON may be a text, or an object that a profile has made of it. */
static struct expr *in_opened(struct spl *x, struct place at, struct str name, struct expr *else_)
{
    const struct spl_opened *order[SPL_OPENED_MAX];
    size_t n = 0;

    for (const struct spl_opened *o = x->opened; o; o = o->before)
        order[n++] = o;
    while (n-- > 0) { /* the last one goes before all others */
        struct str below = arena_printf(x->s->scratch, "%.*s.%.*s", (int)order[n]->name.n,
                                        order[n]->name.p, (int)name.n, name.p);
        else_ = pipe_call3(x->pipe, at, EXPR_COALESCE, spl_json(x, at, order[n]->json, name),
                           pipe_column(x->pipe, at, spl_field(x, below)), else_);
    }
    return else_;
}

bool spl_settle(struct spl *x, struct str name)
{
    struct str field = spl_field(x, name);

    if (!spl_need_column(x, x->at, field))
        return false;
    if (!x->opened || pipe_was_column(x->pipe, field))
        return true;
    if (str_find_char(name, '*', 0) != SIZE_MAX)
        return diag_unsupported(x->s->diag, x->at,
                                "names with a wildcard behind spath without a path");
    return pipe_set(x->pipe, x->at, field, spl_column(x, x->at, name));
}

struct expr *spl_date_part(struct spl *x, struct place at, struct str name)
{
    static const struct {
        const char *name, *part, *format; /* a number, or a word in small letters */
    } PARTS[] = {{"date_hour", "hour", NULL},     {"date_mday", "day", NULL},
                 {"date_minute", "minute", NULL}, {"date_month", NULL, "%B"},
                 {"date_second", "second", NULL}, {"date_wday", NULL, "%A"},
                 {"date_year", "year", NULL}};

    for (size_t i = 0; i < ARRAY_LEN(PARTS); i++) {
        if (!str_eq(name, str_from(PARTS[i].name)))
            continue;
        struct expr *time = pipe_time(x->pipe, at, STR("_time"));
        if (PARTS[i].part)
            return pipe_call2(x->pipe, at, EXPR_TIME_PART, time,
                              pipe_text(x->pipe, str_from(PARTS[i].part)));
        return pipe_call1(x->pipe, at, EXPR_LOWER,
                          pipe_call2(x->pipe, at, EXPR_TIME_FORMAT, time,
                                     pipe_text(x->pipe, str_from(PARTS[i].format))));
    }
    return NULL;
}

struct expr *spl_column(struct spl *x, struct place at, struct str name)
{
    struct str field = spl_field(x, name);
    struct expr *e;

    bool is_of_rows = spl_has_rows(x) && !spl_added(x, field) && !pipe_has_column(x->pipe, field);
    if (is_of_rows && (x->may_ask_rows || !x->is_shown))
        return spl_row_column(x, at, field);
    if (!spl_may_ask(x, at, field))
        return NULL;
    if (spl_added(x, field)) {
        if (!x->is_shown)
            diag_unsupported(x->s->diag, at, "'%.*s', a column that %s would add", SHOWN(name),
                             spl_added(x, field)->command);
        return x->is_shown ? pipe_null(x->pipe) : NULL;
    }
    if (!spl_need_column(x, at, field))
        return NULL;
    if (x->model && str_eq(field, STR("nodename")))
        return (void)diag_unsupported(x->s->diag, at, "a part of a data model (nodename)"), NULL;
    if (!is_assigned(x, field))
        field = spl_model_field(x, field);

    if (str_eq(field, STR("_time")) && !is_assigned(x, field) && !pipe_was_column(x->pipe, field) &&
        !pipe_is_grouped(x->pipe))
        return pipe_time(x->pipe, at, STR("_time"));
    e = pipe_column(x->pipe, at, field);
    struct expr *part = pipe_is_grouped(x->pipe) || pipe_was_column(x->pipe, field)
                            ? NULL
                            : spl_date_part(x, at, field);
    if (part)
        e = pipe_call2(x->pipe, at, EXPR_COALESCE, e, part);
    if (x->opened && !pipe_was_column(x->pipe, field))
        e = in_opened(x, at, name, e);
    if (x->has_fill && !pipe_is_grouped(x->pipe) && !is_assigned(x, field))
        e = pipe_call2(x->pipe, at, EXPR_COALESCE, e, pipe_text(x->pipe, x->fill));
    return e;
}

/* ---- times ------------------------------------------------------------------------------------
 *
 * A search has them in seconds, expressions in milliseconds. */

enum { SECOND_MS = 1000 };

void spl_note_time(struct spl *x, struct str name)
{
    x->times = vec_room(x->s->scratch, x->times, x->n_times, &x->cap_times, sizeof *x->times);
    x->times[x->n_times++] = name;
}

bool spl_is_noted_time(const struct spl *x, struct str name)
{
    for (size_t i = 0; i < x->n_times; i++)
        if (str_eq(x->times[i], name))
            return true;
    return false;
}

static bool is_time(const struct spl *x, struct str field, const struct expr *e)
{
    if (pipe_is_grouped(x->pipe) && e->kind == EXPR_FIELD)
        return spl_is_noted_time(x, field);
    if (pipe_is_grouped(x->pipe) && !spl_has_rows(x))
        return false;
    return e->kind == EXPR_TIME || (e->kind == EXPR_CALL && e->op == EXPR_TIME_TRUNC);
}

/* What asks it is not meant so: a slip of the pen, or a field that stats does not keep. */
static void warn_of_lost(struct spl *x, struct place at, struct str name)
{
    struct str field = spl_field(x, name);

    if (!x->is_shown && !x->opened && !spl_has_rows(x) && !pipe_has_column(x->pipe, field) &&
        !spl_added(x, field) && !diag_failed(x->s->diag))
        diag_warn(x->s->diag, at, "there is no '%.*s' here any more (%s): it is null", SHOWN(name),
                  pipe_is_grouped(x->pipe) ? "stats keeps what it makes and what stands behind BY"
                                           : "a command before this one left it out");
}

struct expr *spl_operand(struct spl *x, struct place at, struct str name)
{
    if (x->each && str_eq(x->each->name, name))
        return pipe_member(x->pipe);
    if (x->each && x->each->is_only)
        return (void)diag_error(x->s->diag, at, "mvfilter() is about one field, %.*s",
                                SHOWN(x->each->name)),
               NULL;
    struct expr *e = spl_column(x, at, name);

    warn_of_lost(x, at, name);
    if (!e || !is_time(x, spl_field(x, name), e))
        return e;
    return pipe_call2(x->pipe, at, EXPR_QUOTIENT, e, pipe_whole(x->pipe, SECOND_MS));
}

struct expr *spl_as_ms(struct spl *x, struct place at, struct expr *seconds)
{
    struct expr_value by;
    bool is_made = seconds && seconds->kind == EXPR_CALL && seconds->op == EXPR_QUOTIENT &&
                   pipe_constant(seconds->args[1], &by) && by.whole == SECOND_MS;

    return is_made
               ? seconds->args[0]
               : pipe_call2(x->pipe, at, EXPR_MULTIPLY, seconds, pipe_whole(x->pipe, SECOND_MS));
}

bool spl_assign(struct spl *x, struct place at, struct str name, struct expr *value)
{
    struct str field = spl_field(x, name);
    struct spl_added *added = spl_added(x, field);

    if (added)
        added->name = STR("");
    if (!is_assigned(x, field)) {
        x->assigned = vec_room(x->s->scratch, x->assigned, x->n_assigned, &x->cap_assigned,
                               sizeof *x->assigned);
        x->assigned[x->n_assigned++] = field;
    }
    return spl_set(x, at, field, value);
}

/* ---- options ------------------------------------------------------------------------------- */

bool spl_options(struct spl *x, struct spl_option *options, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t here = x->next;
        spl_blanks(x);
        struct place at = spl_here(x);
        if (!spl_take(x, options[i].name) || !spl_take(x, "=")) {
            x->next = here;
            continue;
        }
        options[i].at = at;
        spl_blanks(x);
        if (spl_peek(x) == '"' ? !spl_quoted(x, &options[i].value)
                               : (options[i].value = spl_word(x, ",\"|")).n == 0)
            return spl_expected(x, "a value");
        i = SIZE_MAX; /* from the first one again */
    }
    return true;
}

bool spl_is_false(struct str value)
{
    return str_eq_ci(value, STR("false")) || str_eq_ci(value, STR("f")) || str_eq(value, STR("0"));
}

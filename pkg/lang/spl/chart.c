/* chart.c - top, chart, timechart: groups that are shown in another way than those of stats.
 *
 *     top [limit=N] f g [by h]            as `stats count by f g h`
 *     chart AGGREGATES by a               as `stats AGGREGATES by a`
 *     timechart span=5m AGGREGATES        as `bin _time span=5m | stats AGGREGATES by _time`
 *     chart ... by a b, timechart ... by b   a row for each a; the values of b are columns, which
 *                                         are made when something asks them by their names
 *
 * How many of them are shown (limit, useother ...) changes nothing here; what columns are called
 * (nullstr, sep) does.
 */
#include "lang/spl/scan.h"

#include "base/str.h"

/* Of chart and timechart. */
enum {
    LIMIT,
    USE_OTHER,
    OTHER_NAME,
    USE_NULL,
    NULL_NAME,
    AGGREGATE,
    CONT,
    PARTIAL,
    SEPARATOR,
    FORMAT,
    FIXED_RANGE,
    N_OPTIONS
};
static const char *const OPTIONS[N_OPTIONS] = {
    [LIMIT] = "limit",      [USE_OTHER] = "useother",    [OTHER_NAME] = "otherstr",
    [USE_NULL] = "usenull", [NULL_NAME] = "nullstr",     [AGGREGATE] = "agg",
    [CONT] = "cont",        [PARTIAL] = "partial",       [SEPARATOR] = "sep",
    [FORMAT] = "format",    [FIXED_RANGE] = "fixedrange"};

struct chart {
    struct spl_option options[N_OPTIONS];
    struct pipe_aggregate aggregates[SPL_AGGREGATES_MAX];
    struct pipe_key keys[CORRELATION_GROUP_MAX];
    size_t n, n_keys;
    bool has_columns; /* the values of the last key are names of columns */
};

static bool expected_field(struct spl *x)
{
    return spl_expected(x, "the name of a field");
}

static bool add_key(struct spl *x, struct chart *c)
{
    struct place at = spl_here(x);
    struct str name;

    if (c->n_keys == CORRELATION_GROUP_MAX)
        return diag_unsupported(x->s->diag, at, "more than %d fields behind BY",
                                CORRELATION_GROUP_MAX);
    if (!spl_name(x, ",\"'|()=", &name))
        return false;
    struct pipe_key *key = &c->keys[c->n_keys++];
    key->name = spl_field(x, name);
    key->value = spl_model_key(x, at, spl_column(x, at, name));
    (void)spl_take(x, ",");
    return key->value != NULL;
}

static struct str option(struct spl *x, const struct chart *c, size_t i, struct str otherwise)
{
    const struct str *value = &c->options[i].value;

    return value->p ? names_intern(x->s->names, *value) : otherwise;
}

/* What names the columns, and what each of them is made of. */
static bool split(struct spl *x, struct chart *c)
{
    struct spl_split *s = ARENA_NEW(x->s->scratch, struct spl_split);

    s->by = c->keys[--c->n_keys].value;
    s->has_null = !spl_is_false(c->options[USE_NULL].value);
    s->null = option(x, c, NULL_NAME, STR("NULL"));
    s->other = option(x, c, OTHER_NAME, STR("OTHER"));
    s->separator = option(x, c, SEPARATOR, STR(": "));
    s->aggregates = ARENA_ARRAY(x->s->scratch, c->n, struct pipe_aggregate);
    memcpy(s->aggregates, c->aggregates, c->n * sizeof *s->aggregates);
    s->n = c->n;
    s->is_made = x->n_columns_made > 0 || pipe_is_grouped(x->pipe) ||
                 (c->n > 1 && c->options[FORMAT].value.p);
    x->split = s;
    return s->by != NULL;
}

static bool finish(struct spl *x, struct chart *c)
{
    struct str names[SPL_AGGREGATES_MAX];
    struct spl_split *s = NULL;

    if (c->has_columns && !split(x, c))
        return false;
    s = x->split;
    if (!spl_group(x, c->aggregates, c->n, c->keys, c->n_keys))
        return false;
    x->split = s;
    for (size_t i = 0; i < c->n; i++)
        names[i] = c->aggregates[i].name;
    return !c->has_columns || pipe_drop(x->pipe, x->at, names, c->n);
}

/* Which aggregate the column is of, and for which value; NULL: of none. */
static const struct pipe_aggregate *aggregate_of(const struct spl_split *s, struct str name,
                                                 struct str *value)
{
    *value = name;
    if (s->n == 1)
        return s->aggregates;
    for (size_t i = 0; i < s->n; i++) {
        struct str own = s->aggregates[i].name;
        if (str_starts(name, own) && str_starts(str_sub(name, own.n, SIZE_MAX), s->separator)) {
            *value = str_sub(name, own.n + s->separator.n, SIZE_MAX);
            return &s->aggregates[i];
        }
    }
    return NULL;
}

/* The row has this column: some value of the field is its name, or there is none. */
static struct expr *is_in_column(struct spl *x, struct place at, const struct spl_split *s,
                                 struct str name)
{
    struct expr *text = pipe_call1(x->pipe, at, EXPR_STRING, pipe_member(x->pipe));
    struct expr *is = pipe_call2(x->pipe, at, EXPR_ANY_OF, s->by,
                                 pipe_call2(x->pipe, at, EXPR_EQ, text, pipe_text(x->pipe, name)));

    if (!s->has_null || !str_eq(name, s->null))
        return is;
    struct expr *there = pipe_call1(x->pipe, at, EXPR_IS_THERE, s->by);
    return pipe_call2(x->pipe, at, EXPR_OR, pipe_call1(x->pipe, at, EXPR_NOT, there), is);
}

bool spl_split_column(struct spl *x, struct place at, struct str name)
{
    const struct spl_split *s = x->split;
    struct str value;

    if (!s || !pipe_is_grouped(x->pipe) || pipe_was_column(x->pipe, name) ||
        str_find_char(name, '*', 0) != SIZE_MAX)
        return true;
    const struct pipe_aggregate *of = aggregate_of(s, name, &value);
    if (!of && !s->is_made)
        return true;
    if (s->is_made || x->is_of_unique || str_eq(value, s->other) ||
        (of->arg && of->arg->kind == EXPR_TIME))
        return diag_unsupported(x->s->diag, at, "'%.*s', a column of this chart", SHOWN(name));
    struct pipe_aggregate a = *of;
    struct expr *is = is_in_column(x, at, s, value);
    if (a.filter)
        is = pipe_call2(x->pipe, at, EXPR_AND, is, a.filter);
    a.arg = pipe_call2(x->pipe, at, EXPR_CASE, is, a.arg ? a.arg : pipe_whole(x->pipe, 1));
    a.filter = NULL;
    a.name = name;
    a.at = at;
    return a.arg && pipe_add_aggregate(x->pipe, &a);
}

/* ---- top ---------------------------------------------------------------------------------------
 */

bool spl_top(struct spl *x)
{
    enum { COUNT_FIELD, PERCENT_FIELD, SHOW_PERCENT };
    struct spl_option o[] = {{.name = "countfield"}, {.name = "percentfield"}, {.name = "showperc"},
                             {.name = "showcount"},  {.name = "limit"},        {.name = "useother"},
                             {.name = "otherstr"}};
    struct chart c = {.n = 1};
    size_t begin;

    x->is_shown = true;
    spl_blanks(x);
    begin = x->next;
    while (spl_peek(x) >= '0' && spl_peek(x) <= '9') /* top 5 f: a limit */
        x->next++;
    if (spl_peek(x) && !strchr(" \t\r\n", spl_peek(x)))
        x->next = begin;
    while (spl_options(x, o, ARRAY_LEN(o)) && !spl_is_end(x)) {
        if (spl_take_word(x, "by", true) && (c.n_keys == 0 || spl_is_end(x)))
            return expected_field(x);
        if (!add_key(x, &c))
            return false;
    }
    if (diag_failed(x->s->diag))
        return false;
    if (c.n_keys == 0)
        return expected_field(x);
    if (spl_groups_are_shown(x))
        return true;
    c.aggregates[0] = (struct pipe_aggregate){
        .kind = GROUP_COUNT,
        .at = x->at,
        .name = o[COUNT_FIELD].value.p ? spl_field(x, o[COUNT_FIELD].value) : STR("count")};
    struct str percent = o[PERCENT_FIELD].value.p ? o[PERCENT_FIELD].value : STR("percent");
    bool has_percent = !o[SHOW_PERCENT].value.p || !spl_is_false(o[SHOW_PERCENT].value);
    return finish(x, &c) && (!has_percent || spl_add_shown(x, spl_field(x, percent), "top", false));
}

/* ---- chart, timechart --------------------------------------------------------------------------
 */

/* Those that say how much is shown, and the span of timechart. */
static bool read_options(struct spl *x, struct chart *c, bool is_time, int64_t *ms)
{
    for (size_t i = 0; i < N_OPTIONS; i++)
        c->options[i].name = OPTIONS[i];
    for (;;) {
        if (!spl_options(x, c->options, N_OPTIONS))
            return false;
        size_t here = x->next;
        if (!spl_take(x, "span") || !spl_take(x, "=")) {
            x->next = here;
            return true;
        }
        if (!is_time)
            return diag_unsupported(x->s->diag, x->at, "chart with a span");
        spl_blanks(x);
        if (!spl_span(x, ms))
            return false;
    }
}

static bool read_aggregates(struct spl *x, struct chart *c, bool is_time, int64_t *ms)
{
    x->n_wildcards = 0;
    for (;;) {
        struct spl look;
        if (!read_options(x, c, is_time, ms))
            return false;
        look = *x;
        if (spl_is_end(x) || spl_take_word(&look, "by", true) || spl_take_word(&look, "over", true))
            break;
        if (!spl_aggregate(x, c->aggregates, &c->n))
            return false;
    }
    if (x->n_wildcards)
        return diag_unsupported(x->s->diag, x->at, "aggregates by a wildcard in a chart");
    return c->n > 0 || spl_expected(x, "an aggregate");
}

/* over a by b, by a b, by a */
static bool read_axes(struct spl *x, struct chart *c, bool is_time)
{
    size_t most = is_time ? 1 : 2, n = 0;

    (void)spl_take_word(x, "over", true);
    while (!spl_is_end(x)) {
        int64_t ms = 0;
        if (spl_take_word(x, "by", true) && spl_is_end(x))
            return expected_field(x);
        if (n == most)
            return diag_error(x->s->diag, spl_here(x), "%s by more than %zu field%s",
                              is_time ? "timechart" : "chart", most, most > 1 ? "s" : "");
        if (!add_key(x, c) || !read_options(x, c, false, &ms))
            return false;
        n++;
    }
    c->has_columns = n == most;
    return true;
}

bool spl_chart(struct spl *x)
{
    struct chart c = {0};
    int64_t ms = 0;

    x->is_shown = true;
    if (!read_aggregates(x, &c, false, &ms) || !read_axes(x, &c, false))
        return false;
    if (c.n_keys == 0)
        return spl_expected(x, "BY and a field");
    return spl_groups_are_shown(x) || finish(x, &c);
}

bool spl_timechart(struct spl *x)
{
    struct chart c = {.n_keys = 1};
    int64_t ms = 0;

    x->is_shown = true;
    if (!read_aggregates(x, &c, true, &ms) || !read_axes(x, &c, true))
        return false;
    if (!ms)
        return diag_unsupported(x->s->diag, x->at,
                                "timechart without span= (Splunk chooses one by the time range)");
    if (spl_groups_are_shown(x))
        return true;
    x->bucket_ms = ms;
    c.keys[0].name = STR("_time");
    c.keys[0].value = pipe_call2(x->pipe, x->at, EXPR_TIME_TRUNC,
                                 spl_column(x, x->at, STR("_time")), pipe_whole(x->pipe, ms));
    return c.keys[0].value && finish(x, &c);
}

/* stats.c - stats: aggregates, then BY and the keys of the groups.
 *
 * Aggregates that no group knows are computed of those that it does: range() of max() and min(),
 * stdev() of stdevp() and how many there are ... These stand beside it under names of their own,
 * which are dropped when the column is made. `latest(*) as *` is made for the columns that somebody
 * asks for.
 *
 * A row without one of the keys is in no group; a key with several members is several groups.
 * first() and last() go by the order of a search's results, which begins with the newest event.
 */
#include "lang/spl/scan.h"

#include "base/str.h"

static const struct {
    const char *name;
    enum group_kind kind;
    bool needs_field;
} KINDS[] = {
    {"count", GROUP_COUNT, false},     {"c", GROUP_COUNT, false},
    {"dc", GROUP_DISTINCT, true},      {"distinct_count", GROUP_DISTINCT, true},
    {"estdc", GROUP_DISTINCT, true},   {"values", GROUP_VALUES, true},
    {"list", GROUP_LIST, true},        {"min", GROUP_MIN, true},
    {"max", GROUP_MAX, true},          {"sum", GROUP_SUM, true},
    {"avg", GROUP_AVERAGE, true},      {"mean", GROUP_AVERAGE, true},
    {"stdevp", GROUP_DEVIATION, true}, {"earliest", GROUP_FIRST, true},
    {"latest", GROUP_LAST, true},      {"first", GROUP_LAST, true},
    {"last", GROUP_FIRST, true},
};

static const struct {
    const char *name;
    enum spl_made made;
} MADE_OF_OTHERS[] = {
    {"earliest_time", SPL_FIRST_TIME},
    {"latest_time", SPL_LAST_TIME},
    {"median", SPL_MEDIAN},
    {"range", SPL_RANGE},
    {"stdev", SPL_DEVIATION},
    {"sumsq", SPL_SQUARES},
    {"var", SPL_VARIANCE},
    {"varp", SPL_VARIANCE_ALL},
};

/* "95", "99.9" in millionths; false: it is none, or not between 0 and 100. */
static bool read_percent(struct str text, int64_t *micro)
{
    enum { PLACES = 6 };
    size_t dot = str_find_char(text, '.', 0);
    struct str part = dot == SIZE_MAX ? STR("") : str_sub(text, dot + 1, SIZE_MAX);
    int64_t whole, fraction = 0;

    if (!str_to_i64(str_sub(text, 0, dot), &whole) || whole < 0 || whole > 100 || part.n > PLACES)
        return false;
    if (part.n && (part.p[0] == '-' || part.p[0] == '+' || !str_to_i64(part, &fraction)))
        return false;
    for (size_t i = part.n; i < PLACES; i++)
        fraction *= 10;
    *micro = whole * CORRELATION_MICRO + fraction;
    return *micro > 0 && *micro <= 100 * (int64_t)CORRELATION_MICRO;
}

/* perc95, p95, exactperc99.9 ... Up to a thousand values all of them are exact. */
static bool is_percentile(struct str name, int64_t *micro)
{
    static const char *const WORDS[] = {"exactperc", "upperperc", "perc", "p"};

    for (size_t i = 0; i < ARRAY_LEN(WORDS); i++) {
        struct str word = str_from(WORDS[i]);
        if (name.n > word.n && str_eq_ci(str_sub(name, 0, word.n), word))
            return read_percent(str_sub(name, word.n, SIZE_MAX), micro);
    }
    return false;
}

static bool kind_of(struct spl *x, struct place at, struct str name, struct pipe_aggregate *a,
                    bool *needs_field)
{
    *needs_field = true;
    for (size_t i = 0; i < ARRAY_LEN(MADE_OF_OTHERS); i++)
        if (str_eq_ci(str_from(MADE_OF_OTHERS[i].name), name)) {
            x->made = MADE_OF_OTHERS[i].made;
            a->kind = GROUP_SUM; /* until they are known */
            return true;
        }
    for (size_t i = 0; i < ARRAY_LEN(KINDS); i++)
        if (str_eq_ci(str_from(KINDS[i].name), name)) {
            a->kind = KINDS[i].kind;
            *needs_field = KINDS[i].needs_field;
            return true;
        }
    if (is_percentile(name, &a->percentile_micro)) {
        a->kind = GROUP_PERCENTILE;
        return true;
    }
    return diag_unsupported(x->s->diag, at, "%.*s() in stats", SHOWN(name));
}

/* Splunk's own that no condition of weir's can ask: they may be shown. */
static const char *only_shown(struct str name)
{
    static const char *const NAMES[] = {"sparkline",  "mode",       "rate",     "rate_avg",
                                        "rate_sum",   "per_day",    "per_hour", "per_minute",
                                        "per_second", "estdc_error"};

    for (size_t i = 0; i < ARRAY_LEN(NAMES); i++)
        if (str_eq_ci(str_from(NAMES[i]), name))
            return NAMES[i];
    return NULL;
}

/* Of columns of events as they are; one star, which stands for the same in both names. */
static bool may_have_wildcard(const struct spl *x, const struct pipe_aggregate *a, struct str name)
{
    size_t star = str_find_char(name, '*', 0);

    return !pipe_is_grouped(x->pipe) && !x->model && !x->opened && x->made == SPL_NOT_MADE &&
           a->kind != GROUP_COUNT && str_find_char(name, '*', star + 1) == SIZE_MAX &&
           x->n_wildcards < SPL_WILDCARDS_MAX;
}

/* (field) or (eval(condition)), the parenthesis taken; *wildcard: the field, if it has a star. */
static bool read_argument(struct spl *x, struct pipe_aggregate *a, struct str *text,
                          struct str *wildcard)
{
    size_t begin = x->next;
    struct str name;

    spl_blanks(x);
    struct place at = spl_here(x);
    if (spl_take(x, "eval(")) {
        struct expr *e = spl_eval(x);
        if (!e || !spl_take(x, ")"))
            return e && spl_expected(x, "')'");
        if (a->kind == GROUP_COUNT)
            a->filter = e;
        else
            a->arg = e;
    } else if (!spl_name(x, "),\"'|", &name)) {
        return false;
    } else if (str_find_char(name, '*', 0) != SIZE_MAX) {
        if (!may_have_wildcard(x, a, name))
            return diag_unsupported(x->s->diag, at, "aggregates of '%.*s'", SHOWN(name));
        *wildcard = name;
    } else {
        const struct spl_added *added = spl_added(x, spl_field(x, name));
        a->arg = spl_column(x, at, name);
        if (!a->arg)
            return false;
        if (added)
            x->of_added = added->command;
    }
    *text = str_trim(str_sub(x->text.text, begin, x->next - begin));
    return spl_take(x, ")") || spl_expected(x, "')'");
}

/* sparkline(count(f), 5m), the parenthesis taken. */
static bool skip_argument(struct spl *x, struct str *text)
{
    size_t begin = x->next;

    for (unsigned depth = 1; spl_peek(x); x->next++) {
        depth += spl_peek(x) == '(';
        depth -= spl_peek(x) == ')';
        if (depth == 0) {
            *text = str_trim(str_sub(x->text.text, begin, x->next - begin));
            return spl_take(x, ")");
        }
    }
    return spl_expected(x, "')'");
}

static bool read_aggregate(struct spl *x, struct pipe_aggregate *a, struct str *wildcard)
{
    struct str argument = STR("");
    bool needs_field;

    *a = (struct pipe_aggregate){.at = spl_here(x)};
    struct str name = spl_word(x, "(,\"'|");
    if (name.n == 0)
        return spl_expected(x, "an aggregate");
    x->of_added = only_shown(name);
    bool is_chart = str_eq_ci(name, STR("sparkline"));
    if (!x->of_added && !kind_of(x, a->at, name, a, &needs_field))
        return false;
    needs_field = x->of_added ? !is_chart : needs_field;
    bool has_argument = spl_take(x, "(");
    if (has_argument && is_chart ? !skip_argument(x, &argument)
                                 : has_argument && !read_argument(x, a, &argument, wildcard))
        return false;
    if (!has_argument && needs_field)
        return spl_expected(x, "'(' behind the name of an aggregate");
    a->name = has_argument
                  ? names_intern(x->s->names, arena_printf(x->s->scratch, "%.*s(%.*s)", (int)name.n,
                                                           name.p, (int)argument.n, argument.p))
                  : names_intern(x->s->names, is_chart ? name : STR("count"));
    if (!spl_take_word(x, "as", true))
        return true;
    if (!spl_name(x, ",\"'|", &name))
        return false;
    a->name = spl_field(x, name);
    return true;
}

static bool read_keys(struct spl *x, struct pipe_key *keys, size_t *n)
{
    struct str name;

    while (!spl_is_end(x)) {
        struct place at = spl_here(x);
        if (*n == CORRELATION_GROUP_MAX)
            return diag_unsupported(x->s->diag, at, "more than %d fields behind BY",
                                    CORRELATION_GROUP_MAX);
        if (!spl_name(x, ",\"'|()=", &name))
            return false;
        keys[*n].name = spl_field(x, name);
        const struct spl_added *added = spl_added(x, keys[*n].name);
        if (added && !x->is_joined)
            return diag_unsupported(x->s->diag, at, "'%.*s', a column that %s would add, behind BY",
                                    SHOWN(name), added->command);
        keys[(*n)++].value = spl_model_key(x, at, spl_column(x, at, name));
        (void)spl_take(x, ",");
    }
    return *n > 0 || spl_expected(x, "the name of a field behind BY");
}

/* ---- columns that are made of others --------------------------------------------------------- */

/* Times count in seconds. */
static struct expr *in_seconds(struct spl *x, struct place at, struct expr *e)
{
    return e && e->kind == EXPR_TIME
               ? pipe_call2(x->pipe, at, EXPR_QUOTIENT, e, pipe_whole(x->pipe, 1000))
               : e;
}

/* The members that are numbers, or their squares. */
static struct expr *numbers(struct spl *x, struct place at, struct expr *e, bool is_square)
{
    struct expr *one =
        pipe_call2(x->pipe, at, EXPR_ADD, pipe_member(x->pipe), pipe_whole(x->pipe, 0));

    if (is_square)
        one = pipe_call2(x->pipe, at, EXPR_MULTIPLY, one, one);
    return pipe_call2(x->pipe, at, EXPR_MAP, in_seconds(x, at, e), one);
}

static void hide(struct spl *x, struct pipe_aggregate *a, enum group_kind kind, const char *word,
                 struct str *name)
{
    *name = names_intern(
        x->s->names, arena_printf(x->s->scratch, "%s of %.*s", word, (int)a->name.n, a->name.p));
    a->kind = kind;
    a->name = *name;
}

/* The aggregate at `a` becomes those that it is made of: one, or two beside each other. */
static size_t take_apart(struct spl *x, struct pipe_aggregate *a)
{
    static const struct {
        enum group_kind kinds[2];
        const char *words[2];
    } PARTS[] = {[SPL_RANGE] = {{GROUP_MIN, GROUP_MAX}, {"least", "most"}},
                 [SPL_DEVIATION] = {{GROUP_COUNT, GROUP_DEVIATION}, {"numbers", "deviation"}},
                 [SPL_VARIANCE] = {{GROUP_COUNT, GROUP_DEVIATION}, {"numbers", "deviation"}},
                 [SPL_VARIANCE_ALL] = {{GROUP_COUNT, GROUP_DEVIATION}, {"numbers", "deviation"}}};
    enum { JUST_ABOVE_HALF = 50 * CORRELATION_MICRO + 1 }; /* of two in the middle the higher one */
    struct spl_made_column *column;

    switch (x->made) {
    case SPL_NOT_MADE:
        if (a->kind != GROUP_MIN && a->kind != GROUP_MAX && a->kind != GROUP_FIRST &&
            a->kind != GROUP_LAST)
            a->arg = in_seconds(x, a->at, a->arg);
        return 1;
    case SPL_MEDIAN:
        a->kind = GROUP_PERCENTILE;
        a->percentile_micro = JUST_ABOVE_HALF;
        a->arg = in_seconds(x, a->at, a->arg);
        return 1;
    case SPL_SQUARES:
        a->arg = numbers(x, a->at, a->arg, true);
        return 1;
    case SPL_FIRST_TIME:
    case SPL_LAST_TIME:
        a->kind = x->made == SPL_FIRST_TIME ? GROUP_MIN : GROUP_MAX;
        a->filter = pipe_call1(x->pipe, a->at, EXPR_IS_THERE, a->arg);
        a->arg = pipe_time(x->pipe, a->at, STR("_time"));
        return 1;
    default:
        break;
    }
    if (!x->columns_made)
        x->columns_made = ARENA_ARRAY(x->s->scratch, SPL_AGGREGATES_MAX, struct spl_made_column);
    column = &x->columns_made[x->n_columns_made];
    *column = (struct spl_made_column){.made = x->made, .name = a->name};
    a->arg = numbers(x, a->at, a->arg, false);
    a[1] = a[0];
    for (size_t i = 0; i < 2; i++)
        hide(x, &a[i], PARTS[x->made].kinds[i], PARTS[x->made].words[i], &column->of[i]);
    x->n_columns_made++;
    return 2;
}

/* The sample's deviation or variance of that of all: n - 1 of n are free. One value has none: 0. */
static struct expr *of_sample(struct spl *x, struct expr *n, struct expr *e, bool is_root)
{
    struct place at = x->at;
    struct expr *one = pipe_whole(x->pipe, 1);
    struct expr *more =
        pipe_call2(x->pipe, at, EXPR_QUOTIENT, n, pipe_call2(x->pipe, at, EXPR_SUBTRACT, n, one));
    struct expr *args[] = {
        pipe_call2(x->pipe, at, EXPR_GT, n, one),
        pipe_call2(x->pipe, at, EXPR_MULTIPLY, e,
                   is_root ? pipe_call1(x->pipe, at, EXPR_SQUARE_ROOT, more) : more),
        pipe_call2(x->pipe, at, EXPR_EQ, n, one), pipe_whole(x->pipe, 0)};

    return pipe_call(x->pipe, at, &(struct expr){.op = EXPR_CASE}, args, ARRAY_LEN(args));
}

static bool make_columns(struct spl *x)
{
    for (size_t i = 0; i < x->n_columns_made; i++) {
        const struct spl_made_column *c = &x->columns_made[i];
        struct expr *first = pipe_column(x->pipe, x->at, c->of[0]), *e;
        struct expr *second = pipe_column(x->pipe, x->at, c->of[1]);
        if (c->made == SPL_RANGE)
            e = pipe_call2(x->pipe, x->at, EXPR_SUBTRACT, second, first);
        else if (c->made == SPL_DEVIATION)
            e = of_sample(x, first, second, true);
        else
            e = pipe_call2(x->pipe, x->at, EXPR_MULTIPLY, second, second);
        if (c->made == SPL_VARIANCE)
            e = of_sample(x, first, e, false);
        if (!e || !pipe_drop(x->pipe, x->at, c->of, 2) || !pipe_set(x->pipe, x->at, c->name, e))
            return false;
    }
    x->n_columns_made = 0;
    return true;
}

/* ---- wildcards ------------------------------------------------------------------------------- */

static void keep_wildcard(struct spl *x, const struct pipe_aggregate *a, struct str of)
{
    if (!x->wildcards)
        x->wildcards = ARENA_ARRAY(x->s->scratch, SPL_WILDCARDS_MAX, struct spl_wildcard);
    x->wildcards[x->n_wildcards++] = (struct spl_wildcard){*a, spl_field(x, of), a->name};
    x->has_wild_fill = x->has_fill;
    x->wild_fill = x->fill;
}

void spl_all_columns(struct spl *x, enum group_kind kind)
{
    struct pipe_aggregate a = {.kind = kind, .name = STR("*"), .at = x->at};

    x->n_wildcards = 0;
    keep_wildcard(x, &a, STR("*"));
}

/* What stands for the star of `pattern` in the name; false: it is not of that pattern. */
static bool star_of(struct str pattern, struct str name, struct str *out)
{
    size_t star = str_find_char(pattern, '*', 0), n_behind = pattern.n - star - 1;

    if (star == SIZE_MAX || name.n < pattern.n || name.p[0] == '_' ||
        !str_starts(name, str_sub(pattern, 0, star)) ||
        !str_eq(str_sub(name, name.n - n_behind, SIZE_MAX), str_sub(pattern, star + 1, SIZE_MAX)))
        return false;
    *out = str_sub(name, star, name.n - star - n_behind);
    return true;
}

/* Of several that make the column the one that says most of its name. */
static const struct spl_wildcard *wildcard_of(const struct spl *x, struct str name)
{
    const struct spl_wildcard *best = NULL;
    struct str part;

    for (size_t i = 0; i < x->n_wildcards; i++)
        if (star_of(x->wildcards[i].as, name, &part) &&
            (!best || x->wildcards[i].as.n > best->as.n))
            best = &x->wildcards[i];
    return best;
}

bool spl_need_column(struct spl *x, struct place at, struct str name)
{
    struct str part;

    if (!spl_split_column(x, at, name))
        return false;
    if (!x->n_wildcards || !pipe_is_grouped(x->pipe) || pipe_was_column(x->pipe, name) ||
        str_find_char(name, '*', 0) != SIZE_MAX)
        return true;
    const struct spl_wildcard *w = wildcard_of(x, name);
    if (!w || !star_of(w->as, name, &part))
        return true;
    if (x->is_of_unique)
        return diag_unsupported(x->s->diag, at, "'%.*s', of groups behind dedup", SHOWN(name));
    size_t star = str_find_char(w->of, '*', 0);
    struct str of = arena_printf(x->s->scratch, "%.*s%.*s%.*s", (int)star, w->of.p, (int)part.n,
                                 part.p, (int)(w->of.n - star - 1), w->of.p + star + 1);
    struct pipe_aggregate a = w->aggregate;
    a.name = name;
    a.at = at;
    a.arg = pipe_row_value(x->pipe, names_intern(x->s->names, of));
    if (a.arg && x->has_wild_fill)
        a.arg = pipe_call2(x->pipe, at, EXPR_COALESCE, a.arg, pipe_text(x->pipe, x->wild_fill));
    return !a.arg || pipe_add_aggregate(x->pipe, &a);
}

/* ---- the step -------------------------------------------------------------------------------- */

static bool is_time_column(const struct expr *e)
{
    if (e && e->kind == EXPR_CALL && e->op == EXPR_TIME_TRUNC)
        e = e->args[0];
    return e && e->kind == EXPR_TIME;
}

/* Aggregates that may be shown: those of columns that are. */
static bool add_shown(struct spl *x)
{
    for (size_t i = 0; i < x->n_aggregates_shown; i++) {
        const struct spl_added *a = &x->aggregates_shown[i];
        if (!spl_added(x, a->name) && !spl_add_shown(x, a->name, a->command, false))
            return false;
    }
    x->n_aggregates_shown = 0;
    return true;
}

bool spl_group(struct spl *x, const struct pipe_aggregate *given, size_t n,
               const struct pipe_key *keys, size_t n_keys)
{
    struct pipe_aggregate *aggregates = ARENA_ARRAY(x->s->scratch, n + 1, struct pipe_aggregate);

    if (n)
        memcpy(aggregates, given, n * sizeof *aggregates);
    x->is_of_unique = x->n_dedup > 0;
    if (x->n_dedup && !spl_of_unique(x, aggregates, n, keys, n_keys))
        return false;
    x->has_fill = false;
    x->opened = NULL;
    x->split = NULL;
    x->n_times = 0;
    for (size_t i = 0; i < n; i++) {
        enum group_kind kind = aggregates[i].kind;
        bool is_one =
            kind == GROUP_MIN || kind == GROUP_MAX || kind == GROUP_FIRST || kind == GROUP_LAST;
        if (is_one && aggregates[i].arg && aggregates[i].arg->kind == EXPR_TIME)
            spl_note_time(x, aggregates[i].name);
    }
    for (size_t i = 0; i < n_keys; i++)
        if (str_eq(keys[i].name, STR("_time")) || is_time_column(keys[i].value))
            spl_note_time(x, keys[i].name);
    return pipe_stats(x->pipe, x->at, aggregates, n, keys, n_keys) && make_columns(x) &&
           add_shown(x);
}

bool spl_aggregate(struct spl *x, struct pipe_aggregate *aggregates, size_t *n)
{
    if (*n >= SPL_AGGREGATES_MAX - 1) /* one may become two */
        return diag_error(x->s->diag, spl_here(x), "more than %d aggregates",
                          SPL_AGGREGATES_MAX - 2);
    struct str wildcard = STR("");
    x->made = SPL_NOT_MADE;
    if (!read_aggregate(x, &aggregates[*n], &wildcard))
        return false;
    if (!x->aggregates_shown)
        x->aggregates_shown = ARENA_ARRAY(x->s->scratch, SPL_AGGREGATES_MAX, struct spl_added);
    if (x->of_added && x->n_aggregates_shown == SPL_AGGREGATES_MAX)
        return diag_error(x->s->diag, x->at, "more than %d aggregates", SPL_AGGREGATES_MAX);
    if (x->of_added)
        x->aggregates_shown[x->n_aggregates_shown++] =
            (struct spl_added){aggregates[*n].name, x->of_added, false};
    else if (wildcard.n)
        keep_wildcard(x, &aggregates[*n], wildcard);
    else
        *n += take_apart(x, &aggregates[*n]);
    (void)spl_take(x, ",");
    return true;
}

/* How much of what is shown where; what adds only numbers to aggregates of numbers is as it is. */
static bool read_options(struct spl *x)
{
    struct spl_option o[] = {
        {.name = "allnum"}, {.name = "dedup_splitvals"}, {.name = "delim"}, {.name = "partitions"}};

    if (!spl_options(x, o, ARRAY_LEN(o)))
        return false;
    for (size_t i = 0; i < 2; i++) /* what would change a group's values */
        if (o[i].value.p && !spl_is_false(o[i].value))
            return diag_unsupported(x->s->diag, o[i].at, "stats with %s", o[i].name);
    return true;
}

bool spl_read_groups(struct spl *x, struct spl_groups *g)
{
    bool has_by = false;

    g->n = g->n_keys = 0;
    x->n_wildcards = 0;
    x->n_aggregates_shown = 0;
    x->is_shown = true;
    if (!read_options(x))
        return false;
    while (!spl_is_end(x) && !has_by) {
        has_by = spl_take_word(x, "by", true);
        if (has_by)
            break;
        if (!spl_aggregate(x, g->aggregates, &g->n))
            return false;
    }
    if (g->n + x->n_wildcards + x->n_aggregates_shown == 0)
        return spl_expected(x, "an aggregate");
    return !has_by || read_keys(x, g->keys, &g->n_keys);
}

bool spl_more_aggregates(struct spl *x, struct spl_groups *g)
{
    for (size_t i = 0; i < g->n; i++) {
        struct pipe_aggregate *a = &g->aggregates[i];
        if (!a->arg)
            a->arg = pipe_whole(x->pipe, 1);
        if (a->filter)
            a->arg = pipe_call2(x->pipe, a->at, EXPR_CASE, a->filter, a->arg);
        a->filter = NULL;
        if (!a->arg || !pipe_add_aggregate(x->pipe, a))
            return false;
        if (a->arg->kind == EXPR_TIME)
            spl_note_time(x, a->name);
    }
    return make_columns(x) && add_shown(x);
}

/* Groups of transactions are of all that there are as far as the search looks back: what is known
 * is the one at hand. */
bool spl_groups_are_shown(struct spl *x)
{
    if (x->rows == SPL_ROWS_ASKED && !x->is_of_transactions)
        return false;
    if (x->rows == SPL_ROWS_ASKED) {
        x->rows_at = x->at;
        x->rows_command = "groups of transactions";
    }
    x->rows = SPL_ALL_SHOWN;
    return true;
}

bool spl_stats(struct spl *x)
{
    struct spl_groups g;

    if (!spl_read_groups(x, &g))
        return false;
    return spl_groups_are_shown(x) || spl_group(x, g.aggregates, g.n, g.keys, g.n_keys);
}

/* stats.c - stats: aggregates, then BY and the keys of the groups.
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

static bool kind_of(struct spl *x, struct place at, struct str name, struct pipe_aggregate *a,
                    bool *needs_field)
{
    int64_t percent;

    *needs_field = true;
    for (size_t i = 0; i < ARRAY_LEN(KINDS); i++)
        if (str_eq_ci(str_from(KINDS[i].name), name)) {
            a->kind = KINDS[i].kind;
            *needs_field = KINDS[i].needs_field;
            return true;
        }
    size_t n = str_starts(name, STR("perc")) ? 4 : str_starts(name, STR("p")) ? 1 : 0;
    if (n && str_to_i64(str_sub(name, n, SIZE_MAX), &percent) && percent > 0 && percent <= 100) {
        a->kind = GROUP_PERCENTILE;
        a->percentile_micro = percent * CORRELATION_MICRO;
        return true;
    }
    return diag_unsupported(x->s->diag, at, "%.*s() in stats", SHOWN(name));
}

/* (field) or (eval(condition)), the parenthesis taken. */
static bool read_argument(struct spl *x, struct pipe_aggregate *a, struct str *text)
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
        return diag_unsupported(x->s->diag, at, "aggregates of '%.*s'", SHOWN(name));
    } else {
        a->arg = spl_column(x, at, name);
        if (!a->arg)
            return false;
    }
    *text = str_trim(str_sub(x->text.text, begin, x->next - begin));
    return spl_take(x, ")") || spl_expected(x, "')'");
}

static bool read_aggregate(struct spl *x, struct pipe_aggregate *a)
{
    struct str argument = STR("");
    bool needs_field;

    *a = (struct pipe_aggregate){.at = spl_here(x)};
    struct str name = spl_word(x, "(,\"'|");
    if (name.n == 0)
        return spl_expected(x, "an aggregate");
    if (!kind_of(x, a->at, name, a, &needs_field))
        return false;
    bool has_argument = spl_take(x, "(");
    if (has_argument && !read_argument(x, a, &argument))
        return false;
    if (!has_argument && needs_field)
        return spl_expected(x, "'(' behind the name of an aggregate");
    a->name = has_argument
                  ? names_intern(x->s->names, arena_printf(x->s->scratch, "%.*s(%.*s)", (int)name.n,
                                                           name.p, (int)argument.n, argument.p))
                  : STR("count");
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
        keys[(*n)++].value = spl_column(x, at, name);
        (void)spl_take(x, ",");
    }
    return *n > 0 || spl_expected(x, "the name of a field behind BY");
}

bool spl_group(struct spl *x, const struct pipe_aggregate *aggregates, size_t n,
               const struct pipe_key *keys, size_t n_keys)
{
    x->has_fill = false;
    x->opened = NULL;
    x->n_times = 0;
    for (size_t i = 0; i < n; i++) {
        enum group_kind kind = aggregates[i].kind;
        bool is_one =
            kind == GROUP_MIN || kind == GROUP_MAX || kind == GROUP_FIRST || kind == GROUP_LAST;
        if (is_one && aggregates[i].arg && aggregates[i].arg->kind == EXPR_TIME)
            spl_note_time(x, aggregates[i].name);
    }
    for (size_t i = 0; i < n_keys; i++)
        if (str_eq(keys[i].name, STR("_time")))
            spl_note_time(x, keys[i].name);
    return pipe_stats(x->pipe, x->at, aggregates, n, keys, n_keys);
}

bool spl_aggregate(struct spl *x, struct pipe_aggregate *aggregates, size_t *n)
{
    if (*n == SPL_AGGREGATES_MAX)
        return diag_error(x->s->diag, spl_here(x), "more than %d aggregates", SPL_AGGREGATES_MAX);
    if (!read_aggregate(x, &aggregates[(*n)++]))
        return false;
    (void)spl_take(x, ",");
    return true;
}

bool spl_stats(struct spl *x)
{
    struct pipe_aggregate aggregates[SPL_AGGREGATES_MAX];
    struct pipe_key keys[CORRELATION_GROUP_MAX];
    size_t n = 0, n_keys = 0;
    bool has_by = false;

    while (!spl_is_end(x) && !has_by) {
        has_by = spl_take_word(x, "by", true);
        if (has_by)
            break;
        if (!spl_aggregate(x, aggregates, &n))
            return false;
    }
    if (n == 0)
        return spl_expected(x, "an aggregate");
    if (has_by && !read_keys(x, keys, &n_keys))
        return false;
    return spl_group(x, aggregates, n, keys, n_keys);
}

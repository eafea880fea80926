/* command.c - the commands between the bars, each a step of the pipeline.
 *
 * A command that only shapes what people see (sort, head, table's order, ctime) changes nothing.
 * What weir does not do is unsupported by its name: nothing is passed over.
 */
#include "lang/spl/scan.h"

#include "base/str.h"
#include "rule/expr_regex.h"

/* ---- search, where, eval ------------------------------------------------------------------- */

/* `search *`, in which Splunk's own content ends, asks for nothing. */
static bool do_search(struct spl *x)
{
    struct place at = spl_here(x);
    bool is_all;
    struct expr *e = spl_search(x, &is_all);
    struct expr_value v;

    x->is_first = false;
    if (is_all)
        return true;
    if (e && pipe_constant(e, &v) && v.type == EXPR_VALUE_BOOL && v.is_true)
        return true;
    return e && spl_where(x, at, e);
}

static bool do_where(struct spl *x)
{
    struct place at = spl_here(x);
    struct expr *e = spl_eval(x);

    return e && spl_where(x, at, e);
}

/* `eval {a}=...` sets the field that the value of `a` names. */
static bool is_known_name(struct spl *x, struct place at, struct str name)
{
    for (size_t i = 0; i + 1 < name.n; i++)
        if (name.p[i] == '{' && name.p[i + 1] != '}')
            return diag_unsupported(x->s->diag, at,
                                    "'%.*s', a field whose name is the value of another (case() "
                                    "with the names that there are says the same)",
                                    SHOWN(name));
    return true;
}

static bool do_eval(struct spl *x)
{
    struct str name;

    do {
        struct place at = spl_here(x);
        if (!spl_name(x, "=,()\"'|", &name))
            return false;
        if (!spl_take(x, "="))
            return spl_expected(x, "'=' behind the name of a field");
        struct expr *value = spl_eval(x);
        if (!value || !is_known_name(x, at, name) || !spl_assign(x, at, name, value))
            return false;
    } while (spl_take(x, ","));
    return true;
}

/* ---- names --------------------------------------------------------------------------------- */

/* A column that may only be shown: so is what it is called now. */
static bool take_shown(struct spl *x, struct str from, struct str to)
{
    struct spl_added *added = spl_added(x, from);

    if (added)
        added->name = to;
    if (added || x->rows == SPL_ROWS_ASKED || pipe_has_column(x->pipe, from) ||
        str_find_char(from, '*', 0) != SIZE_MAX)
        return added != NULL;
    x->are_rows_closed = true;
    return pipe_drop(x->pipe, x->at, &to, 1);
}

static bool do_rename(struct spl *x)
{
    struct str from, to;

    do {
        spl_blanks(x);
        struct place at = spl_here(x);
        if (!spl_name(x, ",\"'|", &from))
            return false;
        if (!spl_take_word(x, "as", true))
            return spl_expected(x, "AS");
        if (!spl_name(x, ",\"'|", &to) || !spl_settle(x, from))
            return false;
        from = spl_field(x, from);
        to = spl_field(x, to);
        if (take_shown(x, from, to)) {
            (void)spl_take(x, ",");
            continue;
        }
        if (!str_eq(from, to) && !pipe_rename(x->pipe, at, from, to))
            return false;
        if (spl_is_noted_time(x, from))
            spl_note_time(x, to);
        (void)spl_take(x, ",");
    } while (!spl_is_end(x));
    return true;
}

enum { NAMES_MAX = 256 };

static bool read_names(struct spl *x, struct str *names, size_t *n)
{
    *n = 0;
    while (!spl_is_end(x)) {
        if (*n == NAMES_MAX)
            return diag_error(x->s->diag, spl_here(x), "more than %d fields", NAMES_MAX);
        if (!spl_name(x, ",\"'|()=", &names[*n]) || !spl_settle(x, names[*n]))
            return false;
        names[*n] = spl_field(x, names[*n]);
        (*n)++;
        (void)spl_take(x, ",");
    }
    return *n > 0 || spl_expected(x, "the name of a field");
}

static bool keep(struct spl *x, const struct str *names, size_t n)
{
    x->opened = NULL; /* what is kept are columns now, and all else is gone */
    x->n_wildcards = 0;
    x->split = NULL;
    x->are_rows_closed = true;
    return pipe_keep(x->pipe, x->at, names, n);
}

static bool do_fields(struct spl *x)
{
    struct str names[NAMES_MAX];
    size_t n;
    bool drops = spl_take(x, "-");

    if (!drops)
        (void)spl_take(x, "+");
    if (!read_names(x, names, &n))
        return false;
    x->are_rows_closed |= drops;
    return drops ? pipe_drop(x->pipe, x->at, names, n) : keep(x, names, n);
}

/* At the end of a search inside a search: its rows as terms, which they are anyway. */
static bool do_format(struct spl *x)
{
    if (!x->is_inside || !spl_is_end(x))
        return diag_unsupported(x->s->diag, x->at,
                                x->is_inside ? "format with options" : "command 'format'");
    return true;
}

/* return N field ...: the fields of N rows. */
static bool do_return(struct spl *x)
{
    struct str names[NAMES_MAX];
    size_t n;
    int64_t count = 1;

    if (!x->is_inside)
        return diag_unsupported(x->s->diag, x->at, "command 'return'");
    spl_blanks(x);
    if (spl_peek(x) >= '0' && spl_peek(x) <= '9' && !str_to_i64(spl_word(x, ",|"), &count))
        return spl_expected(x, "a number of rows");
    if (count <= 1)
        return diag_unsupported(x->s->diag, x->at, "return of one row");
    spl_blanks(x);
    if (spl_peek(x) == '$')
        return diag_unsupported(x->s->diag, x->at, "return of values without their fields ($)");
    return read_names(x, names, &n) && keep(x, names, n);
}

static bool do_table(struct spl *x)
{
    struct str names[NAMES_MAX];
    size_t n;

    return read_names(x, names, &n) && keep(x, names, n);
}

/* ---- which rows ---------------------------------------------------------------------------- */

/* dedup fields [sortby ...]: which of those alike is kept is only shown; a row without one of the
 * fields goes. */
static bool do_dedup(struct spl *x)
{
    struct spl_option o[] = {
        {.name = "keepevents"}, {.name = "keepempty"}, {.name = "consecutive"}};
    struct str names[NAMES_MAX];
    size_t n = 0;

    spl_blanks(x);
    if (!spl_take_word(x, "1", false) && spl_peek(x) >= '0' && spl_peek(x) <= '9')
        return diag_unsupported(x->s->diag, spl_here(x), "dedup that keeps more than one");
    while (spl_options(x, o, ARRAY_LEN(o)) && !spl_is_end(x) && n < NAMES_MAX) {
        if (spl_take_word(x, "sortby", true)) {
            x->next = x->end;
            break;
        }
        if (!spl_name(x, ",\"'|()=", &names[n]) || !spl_settle(x, names[n]))
            return false;
        names[n] = spl_field(x, names[n]);
        n++;
        (void)spl_take(x, ",");
    }
    for (size_t i = 0; i < ARRAY_LEN(o); i++)
        if (o[i].value.p && !spl_is_false(o[i].value))
            return diag_unsupported(x->s->diag, x->at, "dedup with %s", o[i].name);
    if (n == 0)
        return spl_expected(x, "the name of a field");
    for (size_t i = 0; !pipe_is_grouped(x->pipe) && i < n; i++) {
        struct expr *e = spl_column(x, x->at, names[i]);
        if (!e || !pipe_where(x->pipe, x->at, pipe_call1(x->pipe, x->at, EXPR_IS_THERE, e)))
            return false;
    }
    return !diag_failed(x->s->diag) && spl_note_dedup(x, names, n) &&
           pipe_dedup(x->pipe, x->at, names, n);
}

static bool do_fillnull(struct spl *x)
{
    struct spl_option value = {.name = "value"};
    struct str names[NAMES_MAX];
    size_t n = 0;

    if (!spl_options(x, &value, 1))
        return false;
    struct str fill = value.value.p ? names_intern(x->s->names, value.value) : STR("0");
    if (spl_is_end(x)) {
        if (x->has_fill)
            return diag_unsupported(x->s->diag, x->at, "a second fillnull of all fields");
        x->has_fill = true;
        x->fill = fill;
        x->n_assigned = 0;
        return true;
    }
    if (!read_names(x, names, &n))
        return false;
    for (size_t i = 0; i < n; i++) {
        struct expr *e = pipe_call2(x->pipe, x->at, EXPR_COALESCE, spl_column(x, x->at, names[i]),
                                    pipe_text(x->pipe, fill));
        if (!spl_assign(x, x->at, names[i], e))
            return false;
    }
    return true;
}

/* ---- lists of values ----------------------------------------------------------------------- */

/* The first group of each match. */
static struct expr *tokens(struct spl *x, struct str pattern, struct expr *subject)
{
    const struct expr_regex *compiled;
    struct regex re;
    struct regex_fault fault;

    spl_regex(x, x->at, pattern, &re);
    if (expr_regex_new(x->s->a, &re, &compiled, &fault) != WEIR_OK || !expr_regex_groups(compiled))
        return (void)diag_error(x->s->diag, x->at,
                                "the tokenizer of makemv is a regex with a group"),
               NULL;
    return pipe_regex(x->pipe, x->at, EXPR_LIST_CAPTURE, &re, 1, &subject, 1);
}

static bool do_makemv(struct spl *x)
{
    struct spl_option o[] = {
        {.name = "delim"}, {.name = "tokenizer"}, {.name = "allowempty"}, {.name = "setsv"}};
    struct str name;

    if (!spl_options(x, o, ARRAY_LEN(o)) || !spl_name(x, ",\"'|", &name))
        return false;
    if (o[3].value.p)
        return diag_unsupported(x->s->diag, x->at, "makemv with setsv");
    if (o[1].value.p)
        return spl_assign(x, x->at, name, tokens(x, o[1].value, spl_column(x, x->at, name)));
    struct str delim = o[0].value.p ? o[0].value : STR(" ");
    struct expr *e = pipe_call2(x->pipe, x->at, EXPR_SPLIT, spl_column(x, x->at, name),
                                pipe_text(x->pipe, delim));
    if (!o[2].value.p || !str_eq_ci(o[2].value, STR("true")))
        e = pipe_call2(x->pipe, x->at, EXPR_FILTER, e,
                       pipe_call1(x->pipe, x->at, EXPR_NOT,
                                  pipe_call2(x->pipe, x->at, EXPR_EQ, pipe_member(x->pipe),
                                             pipe_text(x->pipe, STR("")))));
    return spl_assign(x, x->at, name, e);
}

static bool do_mvexpand(struct spl *x)
{
    struct str name;

    struct spl_option limit = {.name = "limit"};
    int64_t most = 0;

    if (!spl_options(x, &limit, 1) || !spl_name(x, ",\"'|", &name) || !spl_options(x, &limit, 1))
        return false;
    if (limit.value.p && (!str_to_i64(limit.value, &most) || most < 0))
        return diag_error(x->s->diag, limit.at, "limit must be a number of members");
    if (!spl_is_end(x))
        return spl_expected(x, "'|' or the end of the search");
    if (!spl_settle(x, name))
        return false;
    if (most > 0 && !spl_assign(x, x->at, name,
                                pipe_call3(x->pipe, x->at, EXPR_LIST_AT, spl_column(x, x->at, name),
                                           pipe_whole(x->pipe, 0), pipe_whole(x->pipe, most - 1))))
        return false;
    x->n_dedup = x->n_dedup ? SIZE_MAX : 0;
    return pipe_expand(x->pipe, x->at, spl_field(x, name));
}

/* One value: the members, a line each. */
static bool do_nomv(struct spl *x)
{
    struct str name;

    return spl_name(x, ",\"'|", &name) &&
           spl_assign(x, x->at, name,
                      pipe_call2(x->pipe, x->at, EXPR_LIST_JOIN, spl_column(x, x->at, name),
                                 pipe_text(x->pipe, STR("\n"))));
}

/* ---- texts --------------------------------------------------------------------------------- */

/* strcat [allrequired=t] a "text" b ... to: what is missing is the empty text. */
static bool do_strcat(struct spl *x)
{
    enum { PARTS_MAX = 64 };
    struct spl_option all = {.name = "allrequired"};
    struct expr *parts[PARTS_MAX];
    struct str name = STR("");
    size_t n = 0;

    if (!spl_options(x, &all, 1))
        return false;
    bool is_all =
        all.value.p && (str_eq_ci(all.value, STR("t")) || str_eq_ci(all.value, STR("true")));
    for (bool is_text = false; !spl_is_end(x); n++) {
        if (n == PARTS_MAX)
            return diag_error(x->s->diag, x->at, "more than %d parts", PARTS_MAX);
        spl_blanks(x);
        is_text = spl_peek(x) == '"';
        if (!spl_name(x, ",\"'|", &name))
            return false;
        if (spl_is_end(x) && (is_text || n == 0))
            return spl_expected(x, "the name of a field");
        struct expr *e = is_text ? pipe_text(x->pipe, name) : spl_column(x, x->at, name);
        parts[n] = is_text || is_all
                       ? e
                       : pipe_call2(x->pipe, x->at, EXPR_COALESCE, e, pipe_text(x->pipe, STR("")));
    }
    if (n < 2)
        return spl_expected(x, "fields, and the name of a new one");
    return spl_assign(x, x->at, name,
                      pipe_call(x->pipe, x->at, &(struct expr){.op = EXPR_CONCAT}, parts, n - 1));
}

/* replace old WITH new, old WITH new ... IN fields: whole values, `*` stands for anything. */
static bool do_replace(struct spl *x)
{
    enum { PAIRS_MAX = 32 };
    struct str old[PAIRS_MAX], new[PAIRS_MAX], names[NAMES_MAX];
    size_t n = 0, n_names;

    do {
        if (n == PAIRS_MAX)
            return diag_error(x->s->diag, x->at, "more than %d replacements", PAIRS_MAX);
        if (!spl_name(x, ",\"'|", &old[n]))
            return false;
        if (!spl_take_word(x, "with", true))
            return spl_expected(x, "WITH");
        if (!spl_name(x, ",\"'|", &new[n]))
            return false;
        if (str_find_char(new[n], '*', 0) != SIZE_MAX)
            return diag_unsupported(x->s->diag, x->at, "replace WITH a wildcard");
        n++;
        (void)spl_take(x, ",");
    } while (!spl_is_end(x) && !spl_take_word(x, "in", true));
    if (spl_is_end(x))
        return diag_unsupported(x->s->diag, x->at, "replace in all fields (no IN)");
    if (!read_names(x, names, &n_names))
        return false;
    for (size_t i = 0; i < n_names; i++) {
        struct expr *value = spl_column(x, x->at, names[i]), *e = value;
        for (size_t k = n; k-- > 0;) {
            struct glob g;
            if (!pipe_glob(x->pipe, x->at, old[k], '*', 0, 0, &g))
                return false;
            e = pipe_call3(x->pipe, x->at, EXPR_CASE,
                           pipe_match_glob(x->pipe, x->at, value, &g, FOLD_NONE),
                           pipe_text(x->pipe, new[k]), e);
        }
        if (!spl_assign(x, x->at, names[i], e))
            return false;
    }
    return true;
}

/* addtotals [fieldname=NAME] fields: their sum; what is no number adds nothing. */
static bool do_addtotals(struct spl *x)
{
    struct spl_option o[] = {{.name = "fieldname"},
                             {.name = "row"},
                             {.name = "col"},
                             {.name = "labelfield"},
                             {.name = "label"}};
    struct str names[NAMES_MAX];
    size_t n;

    if (!spl_options(x, o, ARRAY_LEN(o)))
        return false;
    for (size_t i = 1; i < ARRAY_LEN(o); i++)
        if (o[i].value.p)
            return diag_unsupported(x->s->diag, x->at, "addtotals with %s", o[i].name);
    if (spl_is_end(x))
        return diag_unsupported(x->s->diag, x->at, "addtotals of all fields");
    if (!read_names(x, names, &n))
        return false;
    struct expr *sum = pipe_whole(x->pipe, 0);
    for (size_t i = 0; i < n; i++) {
        if (str_find_char(names[i], '*', 0) != SIZE_MAX)
            return diag_unsupported(x->s->diag, x->at, "addtotals of '%.*s'", SHOWN(names[i]));
        struct expr *number = pipe_call2(x->pipe, x->at, EXPR_ADD, spl_column(x, x->at, names[i]),
                                         pipe_whole(x->pipe, 0));
        sum = pipe_call2(x->pipe, x->at, EXPR_ADD, sum,
                         pipe_call2(x->pipe, x->at, EXPR_COALESCE, number, pipe_whole(x->pipe, 0)));
    }
    return spl_assign(x, x->at, o[0].value.p ? o[0].value : STR("Total"), sum);
}

/* ---- places -------------------------------------------------------------------------------- */

/* iplocation [prefix=P] ip: fields that nobody knows stay away. */
static bool do_iplocation(struct spl *x)
{
    static const struct {
        const char *name;
        enum geo_part part;
    } PARTS[] = {{"City", GEO_CITY},
                 {"Country", GEO_COUNTRY},
                 {"Region", GEO_REGION},
                 {"lat", GEO_LATITUDE},
                 {"lon", GEO_LONGITUDE}};
    struct spl_option o[] = {{.name = "prefix"}, {.name = "allfields"}, {.name = "lang"}};
    struct str name;

    if (!spl_options(x, o, ARRAY_LEN(o)) || !spl_name(x, ",\"'|", &name) ||
        !spl_options(x, o, ARRAY_LEN(o)))
        return false;
    for (size_t i = 1; i < ARRAY_LEN(o); i++)
        if (o[i].value.p)
            return diag_unsupported(x->s->diag, x->at, "iplocation with %s", o[i].name);
    struct expr *address = spl_column(x, x->at, name);
    struct str prefix = o[0].value.p ? o[0].value : STR("");
    for (size_t i = 0; i < ARRAY_LEN(PARTS); i++) {
        struct str field =
            arena_printf(x->s->scratch, "%.*s%s", (int)prefix.n, prefix.p, PARTS[i].name);
        if (!spl_assign(x, x->at, field,
                        pipe_geo(x->pipe, x->at, "iplocation", address, PARTS[i].part)))
            return false;
    }
    return true;
}

/* ---- time, display ------------------------------------------------------------------------- */

static bool do_bin(struct spl *x)
{
    struct str name = STR(""), as = STR("");
    int64_t ms = 0;

    while (!spl_is_end(x)) {
        if (name.n && spl_take_word(x, "as", true)) {
            if (!spl_name(x, "=,\"'|", &as))
                return false;
        } else if (spl_take(x, "span")) {
            if (!spl_take(x, "="))
                return spl_expected(x, "'=' behind span");
            spl_blanks(x);
            if (!spl_span(x, &ms))
                return false;
        } else if (!spl_name(x, "=,\"'|", &name)) {
            return false;
        } else if (spl_peek(x) == '=') {
            return diag_unsupported(x->s->diag, x->at, "bin with %.*s", SHOWN(name));
        }
    }
    if (!str_eq(name, STR("_time")) || ms == 0)
        return diag_unsupported(x->s->diag, x->at, "bin of anything but _time with a span");
    x->bucket_ms = ms;
    return spl_assign(x, x->at, as.n ? as : name,
                      pipe_call2(x->pipe, x->at, EXPR_TIME_TRUNC, spl_column(x, x->at, name),
                                 pipe_whole(x->pipe, ms)));
}

static bool do_nothing(struct spl *x)
{
    x->next = x->end;
    return true;
}

/* Where rows are written to, and who is told: weir's findings go to its topics. */
static bool do_sink(struct spl *x)
{
    diag_warn(x->s->diag, x->at, "what this command would write or send is not: findings are");
    return do_nothing(x);
}

/* One function of convert of one field, as what is set. */
static struct expr *converted(struct spl *x, struct place at, struct str function,
                              struct str format, struct str field)
{
    struct expr *e;

    if (str_eq_ci(function, STR("ctime")))
        return pipe_call2(x->pipe, at, EXPR_TIME_FORMAT,
                          spl_as_ms(x, at, spl_operand(x, at, field)), pipe_text(x->pipe, format));
    if (str_eq_ci(function, STR("mktime"))) {
        e = pipe_call2(x->pipe, at, EXPR_TIME_READ, spl_column(x, at, field),
                       pipe_text(x->pipe, format));
        return pipe_call2(x->pipe, at, EXPR_QUOTIENT, e, pipe_whole(x->pipe, 1000));
    }
    if (str_eq_ci(function, STR("num")))
        return pipe_call2(x->pipe, at, EXPR_ADD, spl_operand(x, at, field), pipe_whole(x->pipe, 0));
    return (void)diag_unsupported(x->s->diag, at, "convert %.*s()", SHOWN(function)), NULL;
}

/* ctime() of a field in its place writes a time for people, and changes nothing; the others change
 * values. */
static bool do_convert(struct spl *x)
{
    struct spl_option o = {.name = "timeformat"};

    if (!spl_options(x, &o, 1))
        return false;
    struct str format = o.value.p ? o.value : STR("%m/%d/%Y %H:%M:%S"), field, as;
    while (!spl_is_end(x)) {
        spl_blanks(x);
        struct place at = spl_here(x);
        struct str word = spl_word(x, "(,|");
        if (!spl_take(x, "("))
            return spl_expected(x, "'(' behind a function of convert");
        if (!spl_name(x, ",()\"'|", &field) || !(spl_take(x, ")") || spl_expected(x, "')'")))
            return false;
        as = field;
        if (spl_take_word(x, "as", true) && !spl_name(x, ",\"'|", &as))
            return false;
        (void)spl_take(x, ",");
        if (str_eq(as, field) && str_eq_ci(word, STR("ctime")))
            continue;
        if (!spl_assign(x, at, as, converted(x, at, word, format, field)))
            return false;
    }
    return true;
}

/* ---- the table ----------------------------------------------------------------------------- */

static const struct command {
    const char *name;
    bool (*run)(struct spl *x);
    bool is_mere;  /* it changes no column */
    bool is_group; /* it makes groups of what tstats leaves to it */
    bool asks_row; /* it may be about rows behind eventstats */
} COMMANDS[] = {
    {"addtotals", do_addtotals, false, false, false},
    {"bin", do_bin, false, false, false},
    {"bucket", do_bin, false, false, false},
    {"chart", spl_chart, false, true, false},
    {"collect", do_sink, true, false, false},
    {"convert", do_convert, false, false, false},
    {"datamodel", spl_datamodel, true, false, false},
    {"dedup", do_dedup, false, false, false},
    {"eval", do_eval, false, false, true},
    {"eventstats", spl_eventstats, false, false, true},
    {"fieldformat", do_nothing, true, false, false},
    {"fields", do_fields, false, false, false},
    {"fillnull", do_fillnull, false, false, false},
    {"foreach", spl_foreach, false, false, false},
    {"format", do_format, true, false, false},
    {"from", spl_from, true, false, false},
    {"head", do_nothing, true, false, false},
    {"highlight", do_nothing, true, false, false},
    {"iplocation", do_iplocation, false, false, false},
    {"join", spl_join, false, false, false},
    {"lookup", spl_lookup, false, false, false},
    {"makemv", do_makemv, false, false, false},
    {"mvexpand", do_mvexpand, false, false, false},
    {"nomv", do_nomv, false, false, false},
    {"noop", do_nothing, true, false, false},
    {"outputcsv", do_sink, true, false, false},
    {"outputlookup", do_sink, true, false, false},
    {"rangemap", spl_rangemap, false, false, false},
    {"regex", spl_where_regex, true, false, true},
    {"rename", do_rename, false, false, false},
    {"replace", do_replace, false, false, false},
    {"return", do_return, false, false, false},
    {"reverse", spl_reverse, true, false, false},
    {"rex", spl_rex, false, false, false},
    {"search", do_search, true, false, true},
    {"sendalert", do_sink, true, false, false},
    {"sendemail", do_sink, true, false, false},
    {"sort", spl_sort, true, false, false},
    {"spath", spl_spath, true, false, false},
    {"stats", spl_stats, false, true, false},
    {"streamstats", spl_streamstats, false, false, false},
    {"strcat", do_strcat, false, false, false},
    {"table", do_table, false, false, false},
    {"tail", do_nothing, true, false, false},
    {"timechart", spl_timechart, false, true, false},
    {"top", spl_top, false, false, false},
    {"transaction", spl_transaction, false, false, false},
    {"tstats", spl_tstats, false, false, false},
    {"where", do_where, true, false, true},
};

bool spl_command(struct spl *x, struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(COMMANDS); i++) {
        if (!str_eq_ci(str_from(COMMANDS[i].name), name))
            continue;
        x->is_shown = false;
        if (x->is_partial && !COMMANDS[i].is_group)
            return diag_unsupported(x->s->diag, x->at,
                                    "tstats with prestats, without stats behind it");
        x->is_partial = false;
        x->may_ask_rows = COMMANDS[i].asks_row;
        if (!COMMANDS[i].run(x))
            return false;
        x->has_set |= !COMMANDS[i].is_mere;
        return spl_is_end(x) || spl_expected(x, "'|' or the end of the search");
    }
    if (spl_absent(x, name))
        return false;
    struct str names[ARRAY_LEN(COMMANDS)];
    for (size_t i = 0; i < ARRAY_LEN(COMMANDS); i++)
        names[i] = str_from(COMMANDS[i].name);
    struct str hint = diag_hint(x->s->diag, name, names, ARRAY_LEN(names));
    return diag_unsupported(x->s->diag, x->at, "command '%.*s'%.*s", SHOWN(name), SHOWN(hint));
}

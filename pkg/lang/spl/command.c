/* command.c - the commands between the bars, each a step of the pipeline, and the whole search.
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

/* The part of "s/old/new/g" up to the next slash that no backslash stands before; what is behind
 * the slash is left in *rest. False: there is none. */
static bool sed_part(struct str *rest, struct str *out)
{
    for (size_t i = 0; i < rest->n; i++) {
        if (rest->p[i] == '\\') {
            i++;
        } else if (rest->p[i] == '/') {
            *out = str_sub(*rest, 0, i);
            *rest = str_sub(*rest, i + 1, SIZE_MAX);
            return true;
        }
    }
    return false;
}

/* All matches with the flag g, else the first; the groups of the match are \1, \2 ... */
static bool rex_sed(struct spl *x, struct place at, struct str field, struct str script)
{
    struct str rest = str_sub(script, 2, SIZE_MAX), old, new;

    if (!str_starts(script, STR("s/")))
        return diag_unsupported(x->s->diag, at,
                                "rex mode=sed with anything but s/old/new/ and s/old/new/g");
    if (!sed_part(&rest, &old) || !sed_part(&rest, &new))
        return diag_error(x->s->diag, at, "expected s/old/new/ or s/old/new/g");
    bool is_all = str_eq(rest, STR("g"));
    if (!is_all && rest.n)
        return diag_unsupported(x->s->diag, at, "rex mode=sed with the flag '%.*s'", SHOWN(rest));
    struct expr *args[] = {spl_column(x, x->at, field), pipe_text(x->pipe, new),
                           pipe_bool(x->pipe, true)};
    return spl_assign(x, x->at, field,
                      spl_regex_of(x, at, EXPR_REPLACE, old, args, is_all ? 2 : 3));
}

static bool do_rex(struct spl *x)
{
    struct spl_option o[] = {
        {.name = "field"}, {.name = "max_match"}, {.name = "mode"}, {.name = "offset_field"}};
    struct str pattern;
    struct regex re;
    size_t n_groups;
    int64_t most = 1;

    if (!spl_options(x, o, ARRAY_LEN(o)))
        return false;
    spl_blanks(x);
    struct place at = spl_here(x);
    if (spl_peek(x) != '"')
        return spl_expected(x, "a regex in quotes");
    if (!spl_quoted(x, &pattern) || !spl_options(x, o, ARRAY_LEN(o)))
        return false;
    if (o[3].value.p)
        return diag_unsupported(x->s->diag, o[3].at, "rex with offset_field");
    if (!o[0].value.p) /* as Splunk has it */
        o[0].value = STR("_raw");
    if (o[2].value.p && str_eq_ci(o[2].value, STR("sed")))
        return rex_sed(x, at, o[0].value, pattern);
    if (o[2].value.p)
        return diag_error(x->s->diag, x->at, "rex knows mode=sed, not '%.*s'", SHOWN(o[2].value));
    if (o[1].value.p && (!str_to_i64(o[1].value, &most) || most < 0 || most > EXPR_LIST_MAX * 100))
        return diag_error(x->s->diag, x->at, "max_match must be a number of matches");
    spl_regex(x, at, pattern, &re);
    struct expr *subject = spl_column(x, x->at, o[0].value);
    if (most == 1 ? !pipe_capture(x->pipe, at, subject, &re, true, &n_groups)
                  : !pipe_capture_all(x->pipe, at, subject, &re, most, &n_groups))
        return false;
    return n_groups > 0 ||
           diag_error(x->s->diag, at, "the regex of rex has no named group, as (?<name>...)");
}

/* regex f="..."  regex f!="..." */
static bool do_regex(struct spl *x)
{
    struct str name, pattern;

    spl_blanks(x);
    struct place at = spl_here(x);
    bool is_not = false;
    if (spl_peek(x) == '"') { /* as Splunk has it */
        name = STR("_raw");
    } else {
        if (!spl_name(x, "=!\"|", &name))
            return false;
        is_not = spl_take(x, "!=");
        if (!is_not && !spl_take(x, "="))
            return spl_expected(x, "'=' or '!='");
    }
    spl_blanks(x);
    if (spl_peek(x) != '"')
        return spl_expected(x, "a regex in quotes");
    if (!spl_quoted(x, &pattern))
        return false;
    struct expr *subject = spl_column(x, at, name);
    struct expr *e = spl_regex_of(x, at, EXPR_REGEX, pattern, &subject, 1);
    e = is_not ? pipe_call1(x->pipe, at, EXPR_NOT, e) : e;
    return e && spl_where(x, at, e);
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

/* All that stands in it: any name asked from here on is looked for there first. */
static bool open_json(struct spl *x, struct str input)
{
    struct spl_opened *o = ARENA_NEW(x->s->scratch, struct spl_opened);

    if (x->opened && x->opened->depth == SPL_OPENED_MAX)
        return diag_unsupported(x->s->diag, x->at, "more than %d spath without a path",
                                SPL_OPENED_MAX);
    if (x->has_set)
        return diag_unsupported(x->s->diag, x->at,
                                "spath without a path behind commands that make columns");
    *o = (struct spl_opened){.json = spl_column(x, x->at, input),
                             .name = names_intern(x->s->names, input),
                             .before = x->opened,
                             .depth = x->opened ? x->opened->depth + 1 : 1};
    x->opened = o;
    return o->json != NULL;
}

/* A field that is JSON: as text, or as the object that a profile made of it. */
static bool spath_of(struct spl *x, struct str input, struct str path, struct str output)
{
    if (!path.p)
        return open_json(x, input);
    struct str below =
        arena_printf(x->s->scratch, "%.*s.%.*s", (int)input.n, input.p, (int)path.n, path.p);
    struct expr *e = pipe_call2(x->pipe, x->at, EXPR_COALESCE,
                                spl_json(x, x->at, spl_column(x, x->at, input), path),
                                spl_column(x, x->at, below));
    x->has_set = true;
    return spl_assign(x, x->at, output.p ? output : path, e);
}

/* Fields of JSON are there by themselves; a path may get another name. */
static bool do_spath(struct spl *x)
{
    struct spl_option o[] = {{.name = "output"}, {.name = "path"}, {.name = "input"}};
    struct str path;

    if (!spl_options(x, o, ARRAY_LEN(o)))
        return false;
    path = o[1].value;
    if (!spl_is_end(x) && !path.p && (!spl_name(x, ",\"'|", &path) || !spl_options(x, o, 3)))
        return false;
    if (o[2].value.p && !str_eq(o[2].value, STR("_raw")))
        return spath_of(x, o[2].value, path, o[0].value);
    if (!path.p || !o[0].value.p)
        return true;
    x->has_set = true;
    return spl_assign(x, x->at, o[0].value, spl_column(x, x->at, path));
}

/* ---- lookup -------------------------------------------------------------------------------- */

/* NAME [AS OTHER] */
static bool read_pair(struct spl *x, struct str *name, struct str *other)
{
    if (!spl_name(x, ",\"'|()=", name))
        return false;
    *other = *name;
    return !spl_take_word(x, "as", true) || spl_name(x, ",\"'|()=", other);
}

/* There is a list of nearly this name. */
static bool is_slip(const struct spl *x, struct str list)
{
    const struct list_source *lists = x->s->lists;

    return lists && lists->nearest && lists->nearest(lists->context, list).n > 0;
}

/* Nobody has the list: what would be added may be shown. */
static bool lookup_shown(struct spl *x, struct place at, struct str list)
{
    struct str column, to;

    const char *command =
        arena_printf(x->s->scratch, "lookup in a list that is not given (--list %.*s=FILE.csv)",
                     SHOWN(list))
            .p;

    diag_warn(x->s->diag, at,
              "there is no list '%.*s' (--list %.*s=FILE.csv): what lookup would add stays empty",
              SHOWN(list), SHOWN(list));
    do {
        if (!read_pair(x, &column, &to))
            return false;
        struct spl_added *added = spl_added(x, spl_field(x, to));
        if (added)
            added->command = command;
        else if (!spl_add_shown(x, spl_field(x, to), command, false))
            return false;
        (void)spl_take(x, ",");
    } while (!spl_is_end(x));
    return true;
}

/* The rows before it are asked for the fields behind the first one, too. */
static bool read_keys(struct spl *x, struct str *key, struct expr **value, size_t *n)
{
    struct str name, field;

    for (*n = 0; !spl_is_end(x); (*n)++) {
        struct spl look = *x;
        if (spl_take_word(&look, "outputnew", true) || spl_take_word(&look, "output", true))
            return true;
        if (!read_pair(x, &name, &field))
            return false;
        bool was_shown = x->is_shown;
        x->is_shown = true;
        struct expr *e = spl_column(x, x->at, field);
        x->is_shown = was_shown;
        if (!e)
            return false;
        if (*n == 0) {
            *key = name;
            *value = e;
        }
        (void)spl_take(x, ",");
    }
    return true;
}

/* lookup NAME key [AS field] OUTPUT|OUTPUTNEW column [AS field] ... */
static bool do_lookup(struct spl *x)
{
    struct str list, key, column, to;
    struct spl_option o[] = {{.name = "local"}, {.name = "update"}};
    struct expr *value;
    size_t n_keys;

    if (!spl_options(x, o, ARRAY_LEN(o)))
        return false;
    spl_blanks(x);
    struct place at = spl_here(x);
    if (!spl_name(x, ",\"'|()=", &list) || !read_keys(x, &key, &value, &n_keys))
        return false;
    if (n_keys == 0)
        return spl_expected(x, "the name of a field");
    bool is_new = spl_take_word(x, "outputnew", true);
    if (!is_new && !spl_take_word(x, "output", true))
        return diag_unsupported(x->s->diag, x->at, "lookup without OUTPUT");
    struct str known = spl_list_named(x, list);
    if (!known.n && !is_slip(x, list))
        return lookup_shown(x, at, list);
    if (n_keys > 1)
        return diag_unsupported(x->s->diag, at, "lookup by more than one field");
    do {
        if (!read_pair(x, &column, &to))
            return false;
        struct expr *found = pipe_lookup(x->pipe, at, known.n ? known : list, key, value, column);
        if (found && is_new)
            found = pipe_call2(x->pipe, at, EXPR_COALESCE, spl_column(x, at, to), found);
        if (!found || !spl_assign(x, at, to, found))
            return false;
        (void)spl_take(x, ",");
    } while (!spl_is_end(x));
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
    {"lookup", do_lookup, false, false, false},
    {"makemv", do_makemv, false, false, false},
    {"mvexpand", do_mvexpand, false, false, false},
    {"nomv", do_nomv, false, false, false},
    {"noop", do_nothing, true, false, false},
    {"outputcsv", do_sink, true, false, false},
    {"outputlookup", do_sink, true, false, false},
    {"rangemap", spl_rangemap, false, false, false},
    {"regex", do_regex, true, false, true},
    {"rename", do_rename, false, false, false},
    {"replace", do_replace, false, false, false},
    {"return", do_return, false, false, false},
    {"reverse", spl_reverse, true, false, false},
    {"rex", do_rex, false, false, false},
    {"search", do_search, true, false, true},
    {"sendalert", do_sink, true, false, false},
    {"sendemail", do_sink, true, false, false},
    {"sort", spl_sort, true, false, false},
    {"spath", do_spath, true, false, false},
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

/* ---- the whole ----------------------------------------------------------------------------- */

/* Up to the next bar outside quotes and brackets. */
static size_t command_end(struct str text, size_t i)
{
    unsigned depth = 0;

    for (; i < text.n; i++) {
        if (text.p[i] == '\\') {
            i++;
        } else if (text.p[i] == '"') {
            for (i++; i < text.n && text.p[i] != '"'; i++)
                i += text.p[i] == '\\';
        } else if (text.p[i] == '[') {
            depth++;
        } else if (text.p[i] == ']' && depth > 0) {
            depth--;
        } else if (text.p[i] == '|' && depth == 0) {
            return i;
        }
    }
    return text.n;
}

static bool run_one(struct spl *x, bool is_first)
{
    spl_blanks(x);
    x->at = spl_here(x);
    size_t begin = x->next;
    x->begin = begin;
    struct str name = spl_word(x, "=(\"'<>!|[");
    if (is_first && !str_eq_ci(name, STR("search"))) {
        x->next = begin; /* what stands before the first bar is a search without the word */
        name = STR("search");
    }
    if (name.n == 0)
        return spl_expected(x, "a command");
    x->is_first = is_first;
    x->n_commands++;
    return spl_command(x, name);
}

static bool run_all(struct spl *x, size_t begin, size_t end)
{
    struct str text = str_sub(x->text.text, 0, end);
    size_t i = begin;
    bool is_first = true;

    x->next = begin;
    x->end = end;
    spl_blanks(x);
    if (spl_peek(x) == '|') { /* a search that begins with a command of its own */
        i = x->next + 1;
        is_first = false;
    }
    for (;;) {
        x->next = i;
        x->end = command_end(text, i);
        i = x->end + 1;
        if (!run_one(x, is_first))
            return false;
        if (x->end >= text.n)
            return true;
        is_first = false;
    }
}

bool spl_run(struct spl *x, size_t begin, size_t end)
{
    x->search_begin = begin;
    return run_all(x, begin, end) && spl_eventstats_end(x);
}

bool spl_run_in_place(struct spl *x, size_t end)
{
    return run_all(x, 0, end);
}

struct pipe *spl_pipe_new(struct query_scope *s)
{
    static const struct pipe_dialect DIALECT = {.is_loose = true,
                                                .is_plain = true,
                                                .is_any_member = true,
                                                .group_missing = MISSING_DROP,
                                                .aggregation = "stats"};

    return pipe_new(s, &DIALECT);
}

bool spl_load(struct query_scope *s, struct str query, const struct query_options *options,
              struct rule *rule)
{
    struct spl x = {.s = s, .pipe = spl_pipe_new(s)};

    if (!spl_expand(s, options ? options->macros : NULL, query, &x.text))
        return false;
    if (str_trim(x.text.text).n == 0)
        return diag_error(s->diag, s->at, "the search is empty");
    if (!spl_run(&x, 0, x.text.text.n))
        return false;
    if (x.is_partial)
        return diag_unsupported(s->diag, s->at, "tstats with prestats, without stats behind it");
    if (x.row_keys)
        diag_warn(s->diag, x.rows_at, "%s: a finding is of a group, not of each of its rows",
                  x.rows_command);
    spl_give_source(&x, rule);
    struct pipe_ending ending = {.at = s->at, .window_ms = spl_window(&x)};
    return pipe_finish(x.pipe, &ending, rule);
}

/* step.c - the steps between the bars, and the whole query.
 *
 * A step that only says how rows are shown (sort, head, tail, how many of them) changes nothing.
 * What weir does not do is unsupported by its name: nothing is passed over.
 */
#include "lang/cql/scan.h"

#include "base/str.h"

static bool need(struct cql *x, const struct cql_call *call, const char *what)
{
    return diag_error(x->s->diag, call->at, "%.*s() without %s", SHOWN(call->name), what);
}

/* ---- names ------------------------------------------------------------------------------- */

static bool keep(struct cql *x, struct cql_call *call)
{
    struct str_list names;

    if (!cql_bind(x, call, "fields limit sortby order reverse type", SIZE_MAX))
        return false;
    if (!call->bound[0])
        return need(x, call, "fields");
    if (!cql_fields_of(x, call->bound[0], &names))
        return false;
    for (size_t i = 0; i < names.n; i++) {
        if (x->parsed && str_find_char(names.items[i], '*', 0) != SIZE_MAX)
            return diag_unsupported(x->s->diag, call->at, "%.*s() of all fields behind parseJson()",
                                    SHOWN(call->name));
        if (!cql_need_row(x, call->at, names.items[i]) ||
            !cql_parsed_column(x, call->at, names.items[i]))
            return false;
    }
    x->parsed = NULL; /* what stays is a column */
    x->has_row = false;
    return pipe_keep(x->pipe, call->at, names.items, names.n);
}

static bool drop(struct cql *x, struct cql_call *call)
{
    struct str_list names;

    if (!cql_bind(x, call, "fields", SIZE_MAX))
        return false;
    if (call->bound[0])
        return cql_fields_of(x, call->bound[0], &names) &&
               pipe_drop(x->pipe, call->at, names.items, names.n);
    return cql_lenient(x, x->next, CQL_DROP_ALL) && pipe_discard(x->pipe, call->at);
}

static bool drop_event(struct cql *x, struct cql_call *call)
{
    return cql_bind(x, call, "", SIZE_MAX) && pipe_discard(x->pipe, call->at);
}

static bool rename_one(struct cql *x, struct place at, struct str from, struct str to)
{
    from = names_intern(x->s->names, from);
    to = names_intern(x->s->names, to);
    const struct cql_unknown_column *u = cql_unknown_column(x, from);
    if (u)
        cql_add_unknown(x, to, u->source, u->lack);
    return cql_need_row(x, at, from) && cql_parsed_column(x, at, from) &&
           pipe_rename(x->pipe, at, from, to);
}

/* [[a, b], [c, d]] */
static bool rename_pairs(struct cql *x, const struct cql_argument *a)
{
    struct cql_window w = cql_open(x, a->begin, a->end);
    bool is_good = cql_take(x, "[");

    do {
        struct str from, to;
        struct place at = cql_here(x);
        is_good = is_good && (cql_take(x, "[") || cql_expected(x, "'['")) && cql_name(x, &from) &&
                  (cql_take(x, ",") || cql_expected(x, "','")) && cql_name(x, &to) &&
                  (cql_take(x, "]") || cql_expected(x, "']'")) && rename_one(x, at, from, to);
    } while (is_good && cql_take(x, ",") && !cql_is_at(x, "]"));
    is_good = is_good && (cql_take(x, "]") || cql_expected(x, "',' or ']'"));
    return cql_close(x, w) && is_good;
}

static bool is_list_of_lists(struct cql *x, const struct cql_argument *a)
{
    struct cql_window w = cql_open(x, a->begin, a->end);
    bool is_list = cql_take(x, "[") && cql_is_at(x, "[");

    x->next = w.next;
    x->end = w.end;
    return is_list;
}

static bool rename_field(struct cql *x, struct cql_call *call)
{
    struct str from, to;

    if (!cql_bind(x, call, "field as", SIZE_MAX))
        return false;
    if (!call->bound[0])
        return need(x, call, "a field");
    if (is_list_of_lists(x, call->bound[0]))
        return rename_pairs(x, call->bound[0]);
    if (!call->bound[1])
        return need(x, call, "'as'");
    return cql_field_of(x, call->bound[0], &from) && cql_field_of(x, call->bound[1], &to) &&
           rename_one(x, call->at, from, to);
}

/* ---- values ------------------------------------------------------------------------------- */

/* What is missing (or empty) becomes the value. */
static bool set_default(struct cql *x, struct cql_call *call)
{
    struct str_list names;
    struct str value;
    bool is_empty_too = false;

    if (!cql_bind(x, call, "field value replaceEmpty", SIZE_MAX))
        return false;
    if (!call->bound[0] || !call->bound[1])
        return need(x, call, "a field and a value");
    if (!cql_fields_of(x, call->bound[0], &names) || !cql_text_of(x, call->bound[1], &value) ||
        (call->bound[2] && !cql_flag_of(x, call->bound[2], &is_empty_too)))
        return false;
    for (size_t i = 0; i < names.n; i++) {
        if (cql_is_lacking(x, names.items[i]))
            continue;
        struct expr *old = cql_column(x, call->at, names.items[i]);
        struct expr *text = pipe_text(x->pipe, value);
        struct expr *e = pipe_call2(x->pipe, call->at, EXPR_COALESCE, old, text);
        if (is_empty_too)
            e = pipe_call3(x->pipe, call->at, EXPR_CASE,
                           cql_ask(x, call->at, (struct expr){.op = EXPR_EQ}, old,
                                   pipe_text(x->pipe, STR(""))),
                           text, e);
        if (!pipe_set(x->pipe, call->at, names.items[i], e))
            return false;
    }
    return true;
}

/* eval(a = b + 1) */
static bool eval(struct cql *x, struct cql_call *call)
{
    if (call->n == 0)
        return need(x, call, "name=value");
    for (size_t i = 0; i < call->n; i++) {
        if (!call->items[i].name.n)
            return need(x, call, "name=value");
        if (!pipe_set(x->pipe, call->at, call->items[i].name,
                      cql_expression_of(x, &call->items[i])))
            return false;
    }
    return true;
}

/* ipLocation(ip): fields behind the name of the address; what nobody knows stays away. */
static bool ip_location(struct cql *x, struct cql_call *call)
{
    static const struct {
        const char *name;
        enum geo_part part;
    } PARTS[] = {{"country", GEO_COUNTRY_CODE},
                 {"city", GEO_CITY},
                 {"lat", GEO_LATITUDE},
                 {"lon", GEO_LONGITUDE}};
    struct str field = STR("ip"), as;

    if (!x->s->geo)
        return cql_no_places(x, call);
    if (!cql_bind(x, call, "field as", SIZE_MAX) ||
        (call->bound[0] && !cql_field_of(x, call->bound[0], &field)))
        return false;
    as = field;
    if (call->bound[1] && !cql_field_of(x, call->bound[1], &as))
        return false;
    struct expr *address = cql_column(x, call->at, field);
    for (size_t i = 0; i < ARRAY_LEN(PARTS); i++)
        if (!pipe_set(x->pipe, call->at,
                      arena_printf(x->s->a, "%.*s.%s", (int)as.n, as.p, PARTS[i].name),
                      pipe_geo(x->pipe, call->at, "ipLocation()", address, PARTS[i].part)))
            return false;
    return true;
}

/* A row for each member of a list. */
static bool split(struct cql *x, struct cql_call *call)
{
    struct str name;

    if (!cql_bind(x, call, "field", SIZE_MAX))
        return false;
    if (!call->bound[0])
        return need(x, call, "a field");
    if (!cql_field_of(x, call->bound[0], &name))
        return false;
    x->split = name;
    return cql_parsed_column(x, call->at, name) && pipe_expand(x->pipe, call->at, name);
}

/* setField(target="name", value=expression) */
static bool set_field(struct cql *x, struct cql_call *call)
{
    struct expr_value name;

    if (!cql_bind(x, call, "target value", SIZE_MAX))
        return false;
    if (!call->bound[0] || !call->bound[1])
        return need(x, call, "a target and a value");
    struct expr *target = cql_expression_of(x, call->bound[0]);
    if (!target)
        return false;
    if (!pipe_constant(target, &name) || name.type != EXPR_VALUE_TEXT)
        return diag_unsupported(x->s->diag, call->at, "setField() of a name that is computed");
    return cql_set(x, call->at, names_intern(x->s->names, name.text),
                   cql_expression_of(x, call->bound[1]));
}

/* lowercase(field): the fields themselves, for which queries should have lower(). */
static bool lowercase(struct cql *x, struct cql_call *call)
{
    struct str_list names;
    struct str include = STR("values");

    if (!cql_bind(x, call, "field include locale", SIZE_MAX))
        return false;
    if (!call->bound[0])
        return need(x, call, "fields");
    if (!cql_fields_of(x, call->bound[0], &names) ||
        (call->bound[1] && !cql_text_of(x, call->bound[1], &include)))
        return false;
    for (size_t i = 0; i < names.n; i++) {
        if (!str_eq(include, STR("values")) || str_eq(names.items[i], STR("*")))
            return diag_unsupported(x->s->diag, call->at, "lowercase() of names of fields, or all");
        struct expr *e =
            pipe_call1(x->pipe, call->at, EXPR_LOWER, cql_column(x, call->at, names.items[i]));
        if (!cql_set(x, call->at, names.items[i], e))
            return false;
    }
    return true;
}

/* setTimeInterval(start=7d): how far back the groups of the query look. */
static bool set_time_interval(struct cql *x, struct cql_call *call)
{
    enum { START, END };
    struct str start, end = STR("now");

    if (x->is_inner || x->n_clauses)
        return diag_unsupported(x->s->diag, call->at,
                                "setTimeInterval() inside of another query or a case");
    if (!cql_bind(x, call, "start end timezone", SIZE_MAX))
        return false;
    if (!call->bound[START])
        return need(x, call, "start");
    if (!cql_text_of(x, call->bound[START], &start) ||
        (call->bound[END] && !cql_text_of(x, call->bound[END], &end)))
        return false;
    if (!str_eq_ci(end, STR("now")))
        return diag_unsupported(x->s->diag, call->at, "setTimeInterval() that does not end now");
    if (!cql_span(start, &x->interval_ms))
        return diag_unsupported(x->s->diag, cql_place(x, call->bound[START]->begin),
                                "setTimeInterval() from '%.*s' on (a span: 30m, 7d)", SHOWN(start));
    x->window_ms = x->interval_ms;
    return true;
}

static bool nothing(struct cql *x, struct cql_call *call)
{
    (void)x;
    (void)call;
    return true;
}

static const struct {
    const char *name;
    bool (*run)(struct cql *x, struct cql_call *call);
} STEPS[] = {
    {"array:append", cql_array_step},
    {"array:dedup", cql_array_step},
    {"array:drop", cql_array_step},
    {"array:eval", cql_array_step},
    {"array:filter", cql_array_step},
    {"array:rename", cql_array_step},
    {"bitfield:extractFlags", cql_extract_flags},
    {"bitfield:extractFlagsAsArray", cql_extract_flags_as_array},
    {"bitfield:extractFlagsAsString", cql_extract_flags_as_string},
    {"correlate", cql_correlate},
    {"createEvents", cql_create_events},
    {"default", set_default},
    {"defineTable", cql_define_table},
    {"drop", drop},
    {"dropEvent", drop_event},
    {"eval", eval},
    {"head", nothing},
    {"ipLocation", ip_location},
    {"join", cql_join},
    {"kvParse", cql_parse_event},
    {"lowercase", lowercase},
    {"parseJson", cql_parse_json},
    {"readFile", cql_read_file},
    {"rename", rename_field},
    {"reverse", nothing},
    {"select", keep},
    {"selfJoinFilter", cql_self_join_filter},
    {"setField", set_field},
    {"setTimeInterval", set_time_interval},
    {"sort", nothing},
    {"split", split},
    {"table", keep},
    {"tail", nothing},
    {"transpose", cql_transpose},
};

bool cql_is_step(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(STEPS); i++)
        if (str_eq_ci(name, str_from(STEPS[i].name)))
            return true;
    return false;
}

/* They would make other rows of the events that selfJoinFilter() counts. */
static bool makes_rows(struct str name)
{
    return str_eq_ci(name, STR("split")) || str_eq_ci(name, STR("join"));
}

bool cql_step(struct cql *x, struct cql_call *call)
{
    if (x->self_join && makes_rows(call->name))
        return diag_unsupported(x->s->diag, call->at, "%.*s() behind selfJoinFilter()",
                                SHOWN(call->name));
    for (size_t i = 0; i < ARRAY_LEN(STEPS); i++)
        if (str_eq_ci(call->name, str_from(STEPS[i].name)))
            return STEPS[i].run(x, call);
    return cql_unknown(x, call);
}

enum { NAMES_MAX = 192 };
bool cql_unknown(struct cql *x, const struct cql_call *call)
{
    struct str names[NAMES_MAX];
    size_t n = 0;
    const char *name, *instead = cql_instead_of(call->name);

    if (instead)
        return diag_unsupported(x->s->diag, call->at, "the function %.*s() (%s)", SHOWN(call->name),
                                instead);
    for (size_t i = 0; i < ARRAY_LEN(STEPS); i++)
        names[n++] = str_from(STEPS[i].name);
    for (size_t i = 0; (name = cql_condition_name(i)) != NULL && n < NAMES_MAX; i++)
        names[n++] = str_from(name);
    for (size_t i = 0; (name = cql_value_name(i)) != NULL && n < NAMES_MAX; i++)
        names[n++] = str_from(name);
    for (size_t i = 0; (name = cql_group_name(i)) != NULL && n < NAMES_MAX; i++)
        names[n++] = str_from(name);
    struct str hint = diag_hint(x->s->diag, call->name, names, n);
    return diag_unsupported(x->s->diag, call->at, "the function %.*s()%.*s", SHOWN(call->name),
                            SHOWN(hint));
}

/* ---- case, match --------------------------------------------------------------------------- */

/* Steps up to the semicolon or the brace. */
static bool clause(struct cql *x)
{
    x->n_clauses++;
    bool is_good = cql_steps(x);
    x->n_clauses--;
    if (!is_good)
        return false;
    return cql_take(x, ";") || cql_is_at(x, "}") || cql_expected(x, "'|', ';' or '}'");
}

static bool case_step(struct cql *x, struct place at)
{
    if (!cql_take(x, "{"))
        return cql_expected(x, "'{' behind case");
    if (!cql_enter(x) || !pipe_case_begin(x->pipe, at))
        return false;
    while (!cql_take(x, "}"))
        if (!pipe_clause_begin(x->pipe, cql_here(x)) || !clause(x))
            return false;
    cql_leave(x);
    return pipe_case_end(x->pipe, at, false);
}

/* The value of a clause of match; *e NULL: any. */
static bool match_value(struct cql *x, struct str field, struct expr **e)
{
    struct place at = cql_here(x);
    struct str_list values;
    struct cql_call call;
    struct regex re;

    *e = NULL;
    cql_blanks(x);
    if (cql_peek(x) == '/')
        return cql_regex_literal(x, &re) &&
               (*e = cql_matches(x, at, cql_column(x, at, field), re)) != NULL;
    size_t begin = x->next;
    struct str name = cql_word(x);
    if (name.n && cql_is_at(x, "("))
        return cql_read_call(x, begin, name, &call) && (*e = cql_condition(x, &call, field));
    x->next = begin;
    if (!cql_values(x, &values))
        return false;
    if (values.n == 1 && str_eq(values.items[0], STR("*")))
        return true;
    for (size_t i = 0; i < values.n; i++) {
        struct expr *one = cql_pattern(x, at, cql_column(x, at, field), values.items[i], false);
        *e = *e ? pipe_call2(x->pipe, at, EXPR_OR, *e, one) : one;
    }
    return *e != NULL;
}

/* field match { value => steps; ... } */
static bool match_step(struct cql *x, struct place at, struct str field)
{
    struct expr *e;

    if (!cql_take(x, "{"))
        return cql_expected(x, "'{' behind match");
    if (!cql_enter(x) || !pipe_case_begin(x->pipe, at))
        return false;
    while (!cql_take(x, "}")) {
        struct place here = cql_here(x);
        if (!pipe_clause_begin(x->pipe, here) || !match_value(x, field, &e))
            return false;
        if (!cql_take(x, "=>"))
            return cql_expected(x, "'=>' behind the value");
        if ((e && !pipe_where(x->pipe, here, e)) || !clause(x))
            return false;
    }
    cql_leave(x);
    return pipe_case_end(x->pipe, at, false);
}

/* ---- one step ------------------------------------------------------------------------------ */

static bool filter(struct cql *x)
{
    cql_blanks(x);
    struct place at = cql_here(x);
    struct expr *e = cql_filter(x);

    if (!e)
        return false;
    return (e->kind == EXPR_BOOL && e->value) || pipe_where(x->pipe, at, e);
}

/* What is made of an unknown column is one, too. */
static bool set_shown(struct cql *x, struct place at, struct str name, struct expr *e,
                      const struct cql_unknown_column *made_of)
{
    if (diag_failed(x->s->diag))
        return false;
    if (!made_of)
        return e && cql_set(x, at, name, e);
    cql_add_unknown(x, names_intern(x->s->names, name), made_of->source, made_of->lack);
    return true;
}

/* name := value, the sign taken. `x := rename(y)` and `x := count()` say the name of what they
 * make. */
static bool assignment(struct cql *x, struct place at, struct str name)
{
    cql_blanks(x);
    size_t begin = x->next;
    struct cql_call call;
    struct str function = cql_word(x), from;

    if (function.n && cql_is_at(x, "(") &&
        (str_eq_ci(function, STR("rename")) || cql_is_group(function))) {
        if (!cql_read_call(x, begin, function, &call))
            return false;
        if (cql_is_group(function))
            return cql_group(x, &call, name);
        return cql_bind(x, &call, "field", SIZE_MAX) &&
               (call.bound[0] ? cql_field_of(x, call.bound[0], &from)
                              : need(x, &call, "a field")) &&
               rename_one(x, at, from, name);
    }
    if (function.n && cql_is_at(x, "(") && cql_is_addition(function))
        return cql_read_call(x, begin, function, &call) && cql_addition(x, &call, name);
    x->next = begin;
    const struct cql_unknown_column *made_of = NULL;
    x->made_of = &made_of;
    struct expr *e = cql_expression(x);
    x->made_of = NULL;
    return set_shown(x, at, name, e, made_of);
}

/* A call that is a step of its own; *is_one: it is. */
static bool call_step(struct cql *x, size_t begin, struct str name, bool *is_one)
{
    struct cql_call call;
    struct str as;

    *is_one = true;
    if (!cql_read_call(x, begin, name, &call))
        return false;
    *is_one = !cql_is_condition(name) && cql_is_step_end(x);
    if (!*is_one)
        return true;
    if (cql_is_step(name))
        return cql_step(x, &call);
    if (cql_is_group(name))
        return cql_group(x, &call, STR(""));
    if (cql_is_addition(name))
        return cql_addition(x, &call, STR(""));
    if (!cql_is_value(name))
        return cql_unknown(x, &call);
    const struct cql_unknown_column *made_of = NULL;
    x->made_of = &made_of;
    struct expr *e = cql_value(x, &call, &as);
    x->made_of = NULL;
    return set_shown(x, call.at, as, e, made_of);
}

/* What begins with a name and is no filter; *is_known: it is that. */
static bool named_step(struct cql *x, bool *is_known)
{
    size_t begin = x->next;
    struct place at = cql_here(x);
    bool is_quoted = cql_peek(x) == '"';
    struct str name;

    *is_known = true;
    if (is_quoted ? !cql_quoted(x, &name) : (name = cql_bare(x)).n == 0) {
        *is_known = diag_failed(x->s->diag);
        x->next = begin;
        return !*is_known;
    }
    if (cql_take(x, ":="))
        return assignment(x, at, names_intern(x->s->names, name));
    size_t behind = x->next;
    if (cql_take_word(x, "match") && cql_is_at(x, "{"))
        return match_step(x, at, names_intern(x->s->names, name));
    x->next = behind;
    bool is_case = !is_quoted && str_eq_ci(name, STR("case")) && !cql_is_step_end(x);
    if (is_case && !strchr("=!<>(", cql_peek(x)))
        return case_step(x, at);
    if (!is_quoted && cql_is_at(x, "(") && !str_eq_ci(name, STR("not"))) {
        bool is_good = call_step(x, begin, name, is_known);
        if (*is_known || !is_good)
            return is_good;
    }
    *is_known = false;
    x->next = begin;
    return true;
}

/* `where` and a filter behind it. */
static bool take_where(struct cql *x)
{
    size_t begin = x->next;

    if (x->is_strict || !cql_take_word(x, "where"))
        return true;
    if (cql_is_step_end(x) || strchr("=!<>:", cql_peek(x)) || cql_take_word(x, "like")) {
        x->next = begin; /* a field or a text of this name */
        return true;
    }
    return cql_lenient(x, begin, CQL_WHERE);
}

/* $name(...), $"package:name"(...) */
static bool saved_step(struct cql *x)
{
    size_t begin = x->next;
    struct cql_call call;
    struct str name;

    x->next++;
    if (!cql_name(x, &name) || !cql_read_call(x, begin, names_intern(x->s->names, name), &call))
        return false;
    return cql_saved_call(x, &call);
}

static bool one_step(struct cql *x)
{
    bool is_known = false;

    cql_blanks(x);
    if (x->is_linked)
        return cql_linked_step(x);
    if (!take_where(x))
        return false;
    cql_blanks(x);
    if (cql_peek(x) == '$')
        return saved_step(x);
    if (cql_peek(x) == '[')
        return cql_group_list(x);
    if (!strchr("/?(!", cql_peek(x)) && !named_step(x, &is_known))
        return false;
    if (is_known)
        return true;
    if (cql_is_step_end(x))
        return cql_expected(x, "a filter or a function");
    return filter(x);
}

bool cql_steps(struct cql *x)
{
    do {
        size_t n_tables = x->n_tables;
        if (!one_step(x) || diag_failed(x->s->diag))
            return false;
        x->n_steps += x->n_tables == n_tables; /* behind tables the query begins */
    } while (cql_take(x, "|"));
    return true;
}

/* ---- the whole ----------------------------------------------------------------------------- */

static bool run(struct cql *x)
{
    cql_blanks(x);
    size_t begin = x->next;

    if (cql_is_end(x))
        return !diag_failed(x->s->diag) && diag_error(x->s->diag, x->s->at, "the query is empty");
    if (cql_take(x, "|") && !cql_lenient(x, begin, CQL_LEADING_BAR))
        return false;
    if (!cql_steps(x))
        return false;
    return cql_is_end(x) || cql_expected(x, "'|' or the end of the query");
}

/* A query that is no CQL was written for people who want the groups that it names. */
static void settle_missing(struct cql *x)
{
    bool was_lenient = false;

    for (size_t i = 0; i < CQL_LENIENTS; i++)
        was_lenient |= x->was_lenient[i];
    if (!was_lenient || !pipe_is_grouped(x->pipe))
        return;
    pipe_group_missing(x->pipe, MISSING_EMPTY);
    diag_warn(
        x->s->diag, x->grouped_at,
        "lenient: a missing field of groupBy() is the empty text (strictly its event is in no "
        "group)");
}

struct pipe *cql_pipe_new(struct query_scope *s)
{
    static const struct pipe_dialect DIALECT = {.is_two_valued = true,
                                                .is_loose = true,
                                                .is_plain = true,
                                                .is_any_member = true,
                                                .is_null_no_set = true,
                                                .group_missing = MISSING_DROP,
                                                .aggregation = "groupBy()"};

    return pipe_new(s, &DIALECT);
}

bool cql_load(struct query_scope *s, struct str query, const struct query_options *options,
              struct rule *rule)
{
    struct cql x = {.s = s, .options = options, .pipe = cql_pipe_new(s)};

    struct pipe_ending ending = {.at = s->at, .level_column = STR("riskLabel")};
    if (options) {
        x.is_strict = options->is_strict;
        ending.window_ms = options->window_ms;
        ending.interval_ms = options->interval_ms;
    }
    if (!cql_start(&x, query) || !cql_header(&x, &ending.window_ms))
        return false;
    x.window_ms = ending.window_ms;
    if (!run(&x) || !cql_self_join_end(&x))
        return false;
    settle_missing(&x);
    if (x.has_source) {
        rule->channel = CHANNEL_OFF;
        rule->is_display = true;
    }
    if (x.interval_ms) /* the query itself says it */
        ending.window_ms = x.interval_ms;
    if (x.table_ms > ending.window_ms)
        ending.window_ms = x.table_ms;
    if (!ending.window_ms)
        ending.window_ms = x.bucket_ms;
    return pipe_finish(x.pipe, &ending, rule);
}

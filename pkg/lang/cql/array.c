/* array.c - functions of arrays: of the members of a field, which LogScale writes "a[]".
 *
 * array:exists() asks of one member; array:reduceAll() groups rows of them, one for each member of
 * each event. A field with one value is an array of one here.
 */
#include "lang/cql/scan.h"

#include "base/str.h"

/* "a[]": the field a. */
static bool array_of(struct cql *x, const struct cql_call *call, struct str *out)
{
    if (!call->bound[0])
        return diag_error(x->s->diag, call->at, "%.*s() without an array", SHOWN(call->name));
    if (!cql_text_of(x, call->bound[0], out))
        return false;
    if (str_ends(*out, STR("[]")))
        out->n -= 2;
    return str_find_char(*out, '[', 0) == SIZE_MAX ||
           diag_unsupported(x->s->diag, call->at, "%.*s() of arrays in arrays", SHOWN(call->name));
}

struct expr *cql_array_contains(struct cql *x, struct cql_call *call)
{
    struct str name, value;

    if (!call->bound[1])
        return (void)diag_error(x->s->diag, call->at, "array:contains() without a value"), NULL;
    if (!array_of(x, call, &name) || !cql_text_of(x, call->bound[1], &value))
        return NULL;
    return cql_ask(x, call->at, (struct expr){.op = EXPR_EQ}, cql_column(x, call->at, name),
                   pipe_text(x->pipe, value));
}

/* A filter, or filters with bars between them, in braces. */
static struct expr *condition_of(struct cql *x, const struct cql_argument *a)
{
    struct cql_window w = cql_open(x, a->begin, a->end);
    bool is_block = cql_take(x, "{");
    struct place at = cql_here(x);
    struct expr *e = cql_filter(x);

    while (e && is_block && cql_take(x, "|"))
        e = pipe_call2(x->pipe, at, EXPR_AND, e, cql_filter(x));
    if (e && is_block && !cql_take(x, "}"))
        return (void)cql_expected(x, "'|' or '}'"), NULL;
    return cql_close(x, w) ? e : NULL;
}

/* What `a` says of a member, which is called `var` there: its array, if nobody says. */
static struct expr *about_member(struct cql *x, struct str array, const struct cql_argument *var,
                                 const struct cql_argument *a,
                                 struct expr *(*read)(struct cql *x, const struct cql_argument *a))
{
    bool was_condition = x->is_condition;
    struct str name = array, outer = x->member;

    if (var && !cql_field_of(x, var, &name))
        return NULL;
    if (str_ends(name, STR("[]")))
        name.n -= 2;
    x->member = names_intern(x->s->names, name);
    x->is_condition = true;
    struct expr *e = read(x, a);
    x->is_condition = was_condition;
    x->member = outer;
    return e;
}

enum { EXISTS_ARRAY, EXISTS_CONDITION, EXISTS_VAR };
struct expr *cql_array_exists(struct cql *x, struct cql_call *call)
{
    struct str name;

    if (!call->bound[EXISTS_CONDITION])
        return (void)diag_error(x->s->diag, call->at, "array:exists() without a condition"), NULL;
    if (!array_of(x, call, &name))
        return NULL;
    struct expr *list = cql_column(x, call->at, name);
    struct expr *e =
        about_member(x, name, call->bound[EXISTS_VAR], call->bound[EXISTS_CONDITION], condition_of);
    struct expr *args[] = {list, e};
    return pipe_call_exactly(x->pipe, call->at,
                             &(struct expr){.op = EXPR_ANY_OF, .is_false_on_null = true}, args, 2);
}

enum { REGEX_ARRAY, REGEX_REGEX, REGEX_FLAGS };
struct expr *cql_array_regex(struct cql *x, struct cql_call *call)
{
    const struct cql_argument *flags = call->bound[REGEX_FLAGS];
    struct str name, letters;
    struct regex re = {0};

    if (!call->bound[REGEX_REGEX])
        return (void)diag_error(x->s->diag, call->at, "array:regex() without a regex"), NULL;
    if (!array_of(x, call, &name) || !cql_text_of(x, call->bound[REGEX_REGEX], &re.pattern) ||
        (flags &&
         (!cql_text_of(x, flags, &letters) || !cql_regex_flags(x, flags->begin, letters, &re))))
        return NULL;
    return cql_matches(x, call->at, cql_column(x, call->at, name), re);
}

struct expr *cql_array_length(struct cql *x, struct cql_call *call)
{
    struct str name;

    if (!array_of(x, call, &name))
        return NULL;
    struct expr *n = pipe_call1(x->pipe, call->at, EXPR_LIST_COUNT, cql_column(x, call->at, name));
    return pipe_call2(x->pipe, call->at, EXPR_COALESCE, n, pipe_whole(x->pipe, 0));
}

/* ---- steps: what makes an array ------------------------------------------------------------- */

/* { var := value }, of a member. */
static struct expr *value_of(struct cql *x, const struct cql_argument *a)
{
    struct cql_window w = cql_open(x, a->begin, a->end);
    struct str name;

    if (!cql_take(x, "{"))
        return (void)cql_expected(x, "'{'"), NULL;
    cql_blanks(x);
    size_t at = x->next;
    if (!cql_name(x, &name))
        return NULL;
    if (!str_eq(name, x->member) || !cql_take(x, ":="))
        return (void)diag_unsupported(x->s->diag, cql_place(x, at),
                                      "a function that does anything but '%.*s := value'",
                                      SHOWN(x->member)),
               NULL;
    struct expr *e = cql_expression(x);
    if (e && !cql_take(x, "}"))
        return (void)cql_expected(x, "'}'"), NULL;
    return cql_close(x, w) ? e : NULL;
}

static struct expr *appended(struct cql *x, struct place at, struct expr *list,
                             const struct cql_argument *a)
{
    struct expr *items[CQL_ARGUMENTS_MAX] = {list};
    struct cql_window w = cql_open(x, a->begin, a->end);
    size_t n = 1;

    if (!cql_take(x, "["))
        return (void)cql_expected(x, "'[' and values"), NULL;
    do {
        if (n == CQL_ARGUMENTS_MAX)
            return (void)diag_error(x->s->diag, at, "array:append() of so many values"), NULL;
        items[n] = cql_expression(x);
        if (!items[n++])
            return NULL;
    } while (cql_take(x, ","));
    if (!cql_take(x, "]"))
        return (void)cql_expected(x, "',' or ']'"), NULL;
    return cql_close(x, w) ? pipe_call(x->pipe, at, &(struct expr){.op = EXPR_LIST}, items, n)
                           : NULL;
}

static const struct maker {
    const char *name, *parameters;
    enum expr_op op;
} MAKERS[] = {
    {"array:append", "array values", EXPR_LIST},
    {"array:dedup", "array asArray", EXPR_LIST_DISTINCT},
    {"array:drop", "array", EXPR_OPS},
    {"array:eval", "array asArray function var", EXPR_MAP},
    {"array:filter", "array asArray function var", EXPR_FILTER},
    {"array:rename", "array asArray", EXPR_LIST_AT},
};

enum { MAKE_ARRAY, MAKE_AS, MAKE_FUNCTION, MAKE_VAR };

static struct expr *made(struct cql *x, const struct cql_call *call, enum expr_op op,
                         struct str name)
{
    struct expr *list = cql_column(x, call->at, name);
    const struct cql_argument *how = call->bound[op == EXPR_LIST ? MAKE_AS : MAKE_FUNCTION];

    if (op == EXPR_LIST_DISTINCT)
        return pipe_call1(x->pipe, call->at, op, list);
    if (!how)
        return (void)diag_error(x->s->diag, call->at, "%.*s() without %s", SHOWN(call->name),
                                op == EXPR_LIST ? "values" : "a function"),
               NULL;
    if (op == EXPR_LIST)
        return appended(x, call->at, list, how);
    return pipe_call2(x->pipe, call->at, op, list,
                      about_member(x, name, call->bound[MAKE_VAR], how,
                                   op == EXPR_MAP ? value_of : condition_of));
}

bool cql_array_step(struct cql *x, struct cql_call *call)
{
    const struct maker *m = MAKERS;
    struct str name, as;

    while (!str_eq_ci(call->name, str_from(m->name)))
        m++;
    if (!cql_bind(x, call, m->parameters, SIZE_MAX) || !array_of(x, call, &name))
        return false;
    name = names_intern(x->s->names, name);
    as = name;
    if (m->op != EXPR_LIST && call->bound[MAKE_AS] && !cql_text_of(x, call->bound[MAKE_AS], &as))
        return false;
    if (str_ends(as, STR("[]")))
        as.n -= 2;
    as = names_intern(x->s->names, as);
    if (m->op == EXPR_OPS)
        return pipe_drop(x->pipe, call->at, &name, 1);
    if (m->op == EXPR_LIST_AT)
        return cql_parsed_column(x, call->at, name) && pipe_rename(x->pipe, call->at, name, as);
    struct expr *e = made(x, call, m->op, name);
    /* An array without members is no field: it does not stay as it was. */
    return e && pipe_drop(x->pipe, call->at, &as, 1) && cql_set(x, call->at, as, e);
}

enum { REDUCE_ARRAY, REDUCE_FUNCTION, REDUCE_VAR };
/* split(array) | function, says the manual; the member is called `var`. */
bool cql_reduce_all(struct cql *x, struct cql_call *call)
{
    struct str name, var;

    if (!cql_bind(x, call, "array function var", SIZE_MAX))
        return false;
    if (!call->bound[REDUCE_FUNCTION] || !call->bound[REDUCE_VAR])
        return diag_error(x->s->diag, call->at, "array:reduceAll() without function and var");
    if (!array_of(x, call, &name) || !cql_field_of(x, call->bound[REDUCE_VAR], &var))
        return false;
    return pipe_expand_values(x->pipe, call->at, cql_column(x, call->at, name)) &&
           cql_set(x, call->at, var, pipe_member(x->pipe)) &&
           cql_group_by_nothing(x, call, call->bound[REDUCE_FUNCTION]);
}

/* array.c - functions of arrays: of the members of a field, which LogScale writes "a[]".
 *
 * array:exists() asks of one member; array:reduceAll() groups rows of them, one for each member of
 * each event.
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

enum { EXISTS_ARRAY, EXISTS_CONDITION, EXISTS_VAR };
struct expr *cql_array_exists(struct cql *x, struct cql_call *call)
{
    struct str name, var;
    bool was_condition = x->is_condition;

    if (!call->bound[EXISTS_CONDITION])
        return (void)diag_error(x->s->diag, call->at, "array:exists() without a condition"), NULL;
    if (!array_of(x, call, &name))
        return NULL;
    var = name;
    if (call->bound[EXISTS_VAR] && !cql_field_of(x, call->bound[EXISTS_VAR], &var))
        return NULL;
    struct expr *list = cql_column(x, call->at, name);
    struct str outer = x->member;
    x->member = names_intern(x->s->names, var);
    x->is_condition = true;
    struct expr *e = condition_of(x, call->bound[EXISTS_CONDITION]);
    x->is_condition = was_condition;
    x->member = outer;
    struct expr *args[] = {list, e};
    return pipe_call_exactly(x->pipe, call->at,
                             &(struct expr){.op = EXPR_ANY_OF, .is_false_on_null = true}, args, 2);
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

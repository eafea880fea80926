/* function.c - what functions there are, and whether a call is one of them.
 *
 * The documentation writes camelCase, rules write what they like: names are found in any case. */
#include "lang/eql/lower.h"

#include "base/str.h"

#define TEXTS EQL_TYPE_TEXT, EQL_TYPE_TEXT
#define NUMBERS EQL_TYPE_NUMBER, EQL_TYPE_NUMBER

enum { ARGS_MAX = 1000 };

static const struct eql_function FUNCTIONS[] = {
    {"add", EXPR_ADD, EQL_TYPE_NUMBER, {NUMBERS}, 2, 2, false},
    {"subtract", EXPR_SUBTRACT, EQL_TYPE_NUMBER, {NUMBERS}, 2, 2, false},
    {"multiply", EXPR_MULTIPLY, EQL_TYPE_NUMBER, {NUMBERS}, 2, 2, false},
    {"divide", EXPR_DIVIDE, EQL_TYPE_NUMBER, {NUMBERS}, 2, 2, false},
    {"modulo", EXPR_MODULO, EQL_TYPE_NUMBER, {NUMBERS}, 2, 2, false},
    {"between", EXPR_BETWEEN, EQL_TYPE_TEXT, {TEXTS, EQL_TYPE_TEXT, EQL_TYPE_BOOL}, 3, 4, true},
    {"cidrMatch", EXPR_IN_NETWORK, EQL_TYPE_BOOL, {TEXTS}, 2, ARGS_MAX, false},
    {"concat", EXPR_CONCAT, EQL_TYPE_TEXT, {EQL_TYPE_ANY}, 1, ARGS_MAX, false},
    {"endsWith", EXPR_ENDS, EQL_TYPE_BOOL, {TEXTS}, 2, 2, true},
    {"startsWith", EXPR_STARTS, EQL_TYPE_BOOL, {TEXTS}, 2, 2, true},
    {"stringContains", EXPR_CONTAINS, EQL_TYPE_BOOL, {TEXTS}, 2, 2, true},
    {"indexOf", EXPR_INDEX_OF, EQL_TYPE_NUMBER, {TEXTS, EQL_TYPE_NUMBER}, 2, 3, true},
    {"length", EXPR_LENGTH, EQL_TYPE_NUMBER, {EQL_TYPE_TEXT}, 1, 1, false},
    {"number", EXPR_NUMBER_OF, EQL_TYPE_NUMBER, {EQL_TYPE_TEXT, EQL_TYPE_NUMBER}, 1, 2, false},
    {"string", EXPR_STRING, EQL_TYPE_TEXT, {EQL_TYPE_ANY}, 1, 1, false},
    {"substring", EXPR_SUBSTRING, EQL_TYPE_TEXT, {EQL_TYPE_TEXT, NUMBERS}, 2, 3, false},
};

/* Functions of the older engine, and what to write instead. */
static const struct {
    const char *name, *instead;
} OLD[] = {{"wildcard", "x : (\"a*\", \"b*\") or x like (...)"},
           {"match", "x regex \"...\""},
           {"matchLite", "x regex \"...\""},
           {"arrayContains", "x == \"a\": any member of an array"},
           {"arraySearch", NULL},
           {"arrayCount", NULL},
           {"safe", NULL}};

const char *eql_type_name(enum eql_type type)
{
    static const char *const NAMES[] = {"a value", "true or false", "a number", "a string"};

    return NAMES[type];
}

static const struct eql_function *unknown(struct query_scope *s, const struct eql_node *call)
{
    struct str names[ARRAY_LEN(FUNCTIONS)];

    for (size_t i = 0; i < ARRAY_LEN(OLD); i++) {
        if (!str_eq_ci(call->text, str_from(OLD[i].name)))
            continue;
        diag_unsupported(s->diag, call->at, "%s(): not part of Elasticsearch's EQL%s%s",
                         OLD[i].name, OLD[i].instead ? "; write " : "",
                         OLD[i].instead ? OLD[i].instead : "");
        return NULL;
    }
    for (size_t i = 0; i < ARRAY_LEN(FUNCTIONS); i++)
        names[i] = str_from(FUNCTIONS[i].name);
    struct str hint = diag_hint(s->diag, call->text, names, ARRAY_LEN(names));
    diag_error(s->diag, call->at, "unknown function '%.*s'%.*s", SHOWN(call->text), SHOWN(hint));
    return NULL;
}

static bool check_call(struct query_scope *s, const struct eql_node *call,
                       const struct eql_function *f)
{
    size_t n = call->n_children;

    if (call->is_caseless && !f->has_caseless)
        return diag_error(s->diag, call->at, "%s() has no form with '~'", f->name);
    if (n >= f->min_args && n <= f->max_args)
        return true;
    if (f->min_args == f->max_args)
        return diag_error(s->diag, call->at, "%s() takes %zu argument%s, not %zu", f->name,
                          f->min_args, f->min_args == 1 ? "" : "s", n);
    return diag_error(s->diag, call->at, "%s() takes %zu to %zu arguments, not %zu", f->name,
                      f->min_args, f->max_args, n);
}

const struct eql_function *eql_function_of(struct query_scope *s, const struct eql_node *call)
{
    for (size_t i = 0; i < ARRAY_LEN(FUNCTIONS); i++)
        if (str_eq_ci(call->text, str_from(FUNCTIONS[i].name)))
            return check_call(s, call, &FUNCTIONS[i]) ? &FUNCTIONS[i] : NULL;
    return unknown(s, call);
}

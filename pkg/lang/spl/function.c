/* function.c - what `eval` and `where` can call: a table of names, and those that need more. */
#include "lang/spl/scan.h"

#include "base/str.h"
#include "rule/regex_check.h"

enum { ARGS_MAX = 64 };

/* A call of a function whose arguments are read. */
struct call {
    struct spl *x;
    struct pipe *p;
    struct place at;
    const char *name;
    enum expr_op op;
    struct expr **args;
    size_t n;
};

struct function {
    const char *name;
    size_t min, max;
    enum expr_op op;
    struct expr *(*build)(const struct call *c); /* NULL: the operator itself */
};

/* ---- constants among the arguments --------------------------------------------------------- */

static bool text_of(struct spl *x, struct place at, const struct expr *e, const char *what,
                    struct str *out)
{
    struct expr_value v;

    if (!e)
        return false;
    if (!pipe_constant(e, &v) || v.type != EXPR_VALUE_TEXT)
        return diag_unsupported(x->s->diag, at, "%s that is computed", what);
    *out = v.text;
    return true;
}

void spl_regex(struct spl *x, struct place at, struct str pattern, struct regex *out)
{
    struct regex_fault fault;

    *out = (struct regex){.pattern = names_intern(x->s->names, pattern)};
    if (regex_check(out, &fault) == WEIR_OK) /* what is wrong is told by who takes it */
        query_warn_of_slow_regex(x->s->diag, at, pattern);
}

struct expr *spl_regex_of(struct spl *x, struct place at, enum expr_op op, struct str pattern,
                          struct expr **args, size_t n)
{
    struct regex re;

    spl_regex(x, at, pattern, &re);
    return pipe_regex(x->pipe, at, op, &re, 0, args, n);
}

struct expr *spl_like(struct spl *x, struct place at, struct expr *subject, struct expr *like)
{
    struct str pattern;
    struct glob g;

    if (!text_of(x, at, like, "a pattern", &pattern) ||
        !pipe_glob(x->pipe, at, pattern, '%', '_', 0, &g))
        return NULL;
    return pipe_match_glob(x->pipe, at, subject, &g, FOLD_NONE);
}

/* ---- those that need more ------------------------------------------------------------------ */

static struct expr *build_case(const struct call *c)
{
    if (c->n % 2)
        return (void)diag_error(c->x->s->diag, c->at, "%s() takes pairs of a condition and a value",
                                c->name),
               NULL;
    return pipe_call(c->p, c->at, &(struct expr){.op = c->op}, c->args, c->n);
}

/* validate(condition, value ...): the value of the first condition that is false. */
static struct expr *build_validate(const struct call *c)
{
    for (size_t i = 0; i < c->n; i += 2)
        c->args[i] = pipe_call1(c->p, c->at, EXPR_NOT, c->args[i]);
    return build_case(c);
}

static struct expr *build_is_not_null(const struct call *c)
{
    return pipe_call1(c->p, c->at, EXPR_NOT, pipe_call1(c->p, c->at, EXPR_IS_NULL, c->args[0]));
}

static struct expr *build_null_if(const struct call *c)
{
    struct expr *is = pipe_call2(c->p, c->at, EXPR_EQ, c->args[0], c->args[1]);

    return pipe_call3(c->p, c->at, EXPR_CASE, is, pipe_null(c->p), c->args[0]);
}

/* match, mvfind, replace: the second argument is a regex, a third one a value. */
static struct expr *build_regex(const struct call *c)
{
    struct expr *args[] = {c->args[0], c->n > 2 ? c->args[2] : NULL};
    struct str pattern;

    if (!text_of(c->x, c->at, c->args[1], "a regex", &pattern))
        return NULL;
    return spl_regex_of(c->x, c->at, c->op, pattern, args, c->n - 1);
}

static struct expr *build_like(const struct call *c)
{
    return spl_like(c->x, c->at, c->args[0], c->args[1]);
}

static struct expr *build_network(const struct call *c)
{
    struct str network;

    return text_of(c->x, c->at, c->args[0], "a network", &network)
               ? pipe_in_networks(c->p, c->at, c->args[1], &network, 1)
               : NULL;
}

static struct expr *build_in(const struct call *c)
{
    struct expr call = {.kind = EXPR_CALL, .op = EXPR_IN, .is_any = true, .is_loose = true};

    return pipe_call_exactly(c->p, c->at, &call, c->args, c->n);
}

/* A place that is not known yet: a text that is written as a whole number is one. */
static struct expr *place_of(const struct call *c, struct expr *e)
{
    return pipe_call1(c->p, c->at, EXPR_WHOLE, e);
}

/* The same where places are computed. Counted from the end, what would reach behind it is all that
 * is left; less than no characters are none, and null. */
static struct expr *computed_substr(const struct call *c)
{
    struct expr *zero = pipe_whole(c->p, 0), *from = place_of(c, c->args[1]);
    struct expr *is_front = pipe_call2(c->p, c->at, EXPR_GT, from, zero);
    struct expr *begin =
        pipe_call3(c->p, c->at, EXPR_CASE, is_front,
                   pipe_call2(c->p, c->at, EXPR_SUBTRACT, from, pipe_whole(c->p, 1)), from);
    if (c->n == 2)
        return pipe_call2(c->p, c->at, EXPR_SUBSTRING, c->args[0], begin);

    struct expr *count = place_of(c, c->args[2]);
    struct expr *end = pipe_call2(c->p, c->at, EXPR_ADD, begin, count);
    struct expr *is_open =
        pipe_call2(c->p, c->at, EXPR_AND, pipe_call2(c->p, c->at, EXPR_LT, begin, zero),
                   pipe_call2(c->p, c->at, EXPR_GE, end, zero));
    struct expr *to = pipe_call3(c->p, c->at, EXPR_CASE, is_open,
                                 pipe_call1(c->p, c->at, EXPR_LENGTH, c->args[0]), end);
    return pipe_call2(c->p, c->at, EXPR_CASE, pipe_call2(c->p, c->at, EXPR_GE, count, zero),
                      pipe_call3(c->p, c->at, EXPR_SUBSTRING, c->args[0], begin, to));
}

/* Characters from 1 (0 is taken for it); negative ones from the end. */
static struct expr *build_substr(const struct call *c)
{
    struct expr_value from, count;

    if (!pipe_constant(c->args[1], &from) || from.type != EXPR_VALUE_INT ||
        (c->n == 3 &&
         (!pipe_constant(c->args[2], &count) || count.type != EXPR_VALUE_INT || count.whole < 0)))
        return computed_substr(c);
    int64_t begin = from.whole > 0 ? from.whole - 1 : from.whole;
    int64_t end = 0;
    bool is_open =
        c->n == 2 || __builtin_add_overflow(begin, count.whole, &end) || (begin < 0 && end >= 0);
    struct expr *args[] = {c->args[0], pipe_whole(c->p, begin), pipe_whole(c->p, end)};
    return pipe_call(c->p, c->at, &(struct expr){.op = EXPR_SUBSTRING}, args, is_open ? 2 : 3);
}

/* The operator with a second argument, which may be left out. */
static struct expr *with_second(const struct call *c, struct expr *otherwise)
{
    return pipe_call2(c->p, c->at, c->op, c->args[0], c->n > 1 ? c->args[1] : otherwise);
}

/* With a base of texts; without one what is a number already stays one. */
static struct expr *build_to_number(const struct call *c)
{
    if (c->n == 1)
        return pipe_call2(c->p, c->at, EXPR_ADD, c->args[0], pipe_whole(c->p, 0));
    return with_second(c, pipe_null(c->p));
}

static struct expr *build_round(const struct call *c)
{
    return with_second(c, pipe_whole(c->p, 0));
}

static struct expr *build_log(const struct call *c)
{
    return with_second(c, pipe_whole(c->p, 10));
}

static struct expr *build_time_format(const struct call *c)
{
    return pipe_call2(c->p, c->at, EXPR_TIME_FORMAT, spl_as_ms(c->x, c->at, c->args[0]),
                      c->args[1]);
}

static struct expr *build_now(const struct call *c)
{
    return spl_now(c->x, c->at);
}

static struct expr *build_relative_time(const struct call *c)
{
    struct str modifier;

    return text_of(c->x, c->at, c->args[1], "a shift of relative_time()", &modifier)
               ? spl_relative_time(c->x, c->at, c->args[0], modifier)
               : NULL;
}

static struct expr *build_true(const struct call *c)
{
    return pipe_bool(c->p, true);
}

static struct expr *build_false(const struct call *c)
{
    return pipe_bool(c->p, false);
}

static struct expr *build_null(const struct call *c)
{
    return pipe_null(c->p);
}

/* A truth value of the search's own; what a field has is a text or a number. */
static bool is_truth(const struct expr *e)
{
    if (e->kind != EXPR_CALL)
        return e->kind == EXPR_BOOL || e->kind == EXPR_CONDITION;
    return (e->op >= EXPR_STARTS && e->op <= EXPR_NOT) || e->op == EXPR_IN ||
           e->op == EXPR_ANY_OF || e->op == EXPR_REGEX || e->op == EXPR_IS_JSON;
}

static struct expr *build_is_truth(const struct call *c)
{
    return pipe_bool(c->p, is_truth(c->args[0]));
}

/* tostring(x), tostring(x, "hex"|"commas"|"duration") */
static struct expr *build_to_string(const struct call *c)
{
    struct str form = STR("");

    if (c->n == 1 && is_truth(c->args[0]))
        return pipe_call3(c->p, c->at, EXPR_CASE, c->args[0], pipe_text(c->p, STR("True")),
                          pipe_text(c->p, STR("False")));
    if (c->n == 1)
        return pipe_call1(c->p, c->at, EXPR_STRING, c->args[0]);
    if (!text_of(c->x, c->at, c->args[1], "a form of tostring()", &form))
        return NULL;
    if (!str_eq(form, STR("hex")) && !str_eq(form, STR("commas")) && !str_eq(form, STR("duration")))
        return (void)diag_error(
                   c->x->s->diag, c->at,
                   "tostring() knows \"hex\", \"commas\" and \"duration\", not \"%.*s\"",
                   SHOWN(form)),
               NULL;
    return pipe_call2(c->p, c->at, EXPR_NUMBER_TEXT, c->args[0], c->args[1]);
}

/* The kind of the value is one of these. Fields are numbers where they look like them, texts of the
 * search are texts. */
static struct expr *is_of_kind(const struct call *c, const char *const *kinds, size_t n)
{
    struct expr_value constant;
    struct expr call = {
        .kind = EXPR_CALL, .op = EXPR_KIND_OF, .is_loose = !pipe_constant(c->args[0], &constant)};
    struct expr *kind = pipe_call_exactly(c->p, c->at, &call, c->args, 1), *is = NULL;

    for (size_t i = 0; i < n; i++) {
        struct expr *one =
            pipe_call2(c->p, c->at, EXPR_EQ, kind, pipe_text(c->p, str_from(kinds[i])));
        is = is ? pipe_call2(c->p, c->at, EXPR_OR, is, one) : one;
    }
    return is;
}

static struct expr *build_is_number(const struct call *c)
{
    static const char *const KINDS[] = {"whole", "real"};

    return is_of_kind(c, KINDS, ARRAY_LEN(KINDS));
}

static struct expr *build_is_whole(const struct call *c)
{
    static const char *const KINDS[] = {"whole"};

    return is_of_kind(c, KINDS, ARRAY_LEN(KINDS));
}

static struct expr *build_is_text(const struct call *c)
{
    static const char *const KINDS[] = {"text"};

    return is_of_kind(c, KINDS, ARRAY_LEN(KINDS));
}

/* typeof(x), with Splunk's names of kinds. */
static struct expr *build_type(const struct call *c)
{
    static const char *const NUMBER[] = {"whole", "real"}, *const LIST[] = {"list"};
    struct expr *items[] = {pipe_call1(c->p, c->at, EXPR_IS_NULL, c->args[0]),
                            pipe_text(c->p, STR("Invalid")),
                            is_of_kind(c, NUMBER, ARRAY_LEN(NUMBER)),
                            pipe_text(c->p, STR("Number")),
                            is_of_kind(c, LIST, ARRAY_LEN(LIST)),
                            pipe_text(c->p, STR("Multivalue")),
                            pipe_text(c->p, STR("String"))};

    if (is_truth(c->args[0]))
        items[6] = pipe_text(c->p, STR("Boolean"));
    return pipe_call(c->p, c->at, &(struct expr){.op = EXPR_CASE}, items, ARRAY_LEN(items));
}

/* md5, sha1, sha256, sha512: of a text in its bytes. */
static struct expr *build_hash(const struct call *c)
{
    return pipe_call2(c->p, c->at, EXPR_HASH, pipe_call1(c->p, c->at, EXPR_STRING, c->args[0]),
                      pipe_text(c->p, str_from(c->name)));
}

/* sum, avg: of the arguments that are numbers, also those in lists. */
static struct expr *build_of_numbers(const struct call *c)
{
    struct expr *all = pipe_call(c->p, c->at, &(struct expr){.op = EXPR_LIST}, c->args, c->n);
    struct expr *one = pipe_call2(c->p, c->at, EXPR_ADD, pipe_member(c->p), pipe_whole(c->p, 0));

    return pipe_call1(c->p, c->at, c->op, pipe_call2(c->p, c->at, EXPR_MAP, all, one));
}

/* seconds = strptime(text, format) */
static struct expr *build_time_read(const struct call *c)
{
    struct str format = STR("");

    if (!text_of(c->x, c->at, c->args[1], "a format of strptime()", &format))
        return NULL;
    return pipe_call2(c->p, c->at, EXPR_QUOTIENT,
                      pipe_call2(c->p, c->at, EXPR_TIME_READ, c->args[0], c->args[1]),
                      pipe_whole(c->p, 1000));
}

struct expr *spl_json(struct spl *x, struct place at, struct expr *text, struct str path)
{
    return pipe_call2(x->pipe, at, EXPR_JSON_AT, text, pipe_text(x->pipe, path));
}

/* json_extract(text, path) of one value; several paths, and {} for all, give JSON. */
static struct expr *build_json_extract(const struct call *c)
{
    struct str path;

    if (!text_of(c->x, c->at, c->args[1], "a path", &path))
        return NULL;
    if (str_find(path, STR("{}"), 0) != SIZE_MAX)
        return (void)diag_unsupported(c->x->s->diag, c->at, "json_extract() of all members ({})"),
               NULL;
    return spl_json(c->x, c->at, c->args[0], path);
}

static struct expr *build_spath(const struct call *c)
{
    struct str path;

    return text_of(c->x, c->at, c->args[1], "a path", &path)
               ? spl_json(c->x, c->at, c->args[0], path)
               : NULL;
}

static struct expr *build_json_members(const struct call *c)
{
    return spl_json(c->x, c->at, c->args[0], STR("{}"));
}

static struct expr *build_zip(const struct call *c)
{
    return pipe_call3(c->p, c->at, EXPR_LIST_ZIP, c->args[0], c->args[1],
                      c->n > 2 ? c->args[2] : pipe_text(c->p, STR(",")));
}

static struct expr *build_range(const struct call *c)
{
    return pipe_call3(c->p, c->at, EXPR_LIST_RANGE, c->args[0], c->args[1],
                      c->n > 2 ? c->args[2] : pipe_whole(c->p, 1));
}

static struct expr *build_exponential(const struct call *c)
{
    return pipe_call2(c->p, c->at, EXPR_POWER, pipe_number(c->p, c->at, STR("2.718281828459045")),
                      c->args[0]);
}

static struct expr *build_pi(const struct call *c)
{
    return pipe_number(c->p, c->at, STR("3.141592653589793"));
}

static struct expr *search_inside(struct spl *x, struct str text)
{
    struct spl inner = *x;
    bool is_all;

    inner.text = spl_text_inside(x->s, &x->text, x->next, text);
    inner.next = 0;
    inner.end = text.n;
    inner.is_first = false;
    struct expr *e = spl_search(&inner, &is_all);
    x->n_values = inner.n_values;
    return is_all ? pipe_bool(x->pipe, true) : e;
}

/* searchmatch("a=x b=y"): true of what a search finds. */
static struct expr *build_search_match(const struct call *c)
{
    struct str text;

    return text_of(c->x, c->at, c->args[0], "a search in searchmatch()", &text)
               ? search_inside(c->x, text)
               : NULL;
}

struct expr *spl_quoted_search(struct spl *x)
{
    struct str text;

    return spl_quoted(x, &text) ? search_inside(x, text) : NULL;
}

/* ---- functions that go through the members of a field --------------------------------------- */

/* The argument about each member of the field, up to the closing parenthesis. */
static struct expr *read_each(struct spl *x, struct place at, enum expr_op op, struct str field,
                              bool is_only)
{
    struct spl_each each = {.name = field, .is_only = is_only};
    struct expr *list = spl_column(x, at, field);

    x->each = &each;
    struct expr *about = spl_eval(x);
    x->each = NULL;
    if (!about || !(spl_take(x, ")") || spl_expected(x, "')'")))
        return NULL;
    return pipe_call2(x->pipe, at, op, list, about);
}

/* mvmap(field, value) */
static struct expr *call_mvmap(struct spl *x, struct place at)
{
    struct str field;

    spl_blanks(x);
    if (!spl_name(x, ",()\"'", &field) || !spl_take(x, ","))
        return (void)diag_unsupported(x->s->diag, at, "mvmap() of anything but a field"), NULL;
    return read_each(x, at, EXPR_MAP, field, false);
}

/* mvfilter(condition): the one field that it names. */
static struct expr *call_mvfilter(struct spl *x, struct place at)
{
    size_t begin = x->next;
    struct str field = spl_first_field(x);

    x->next = begin;
    if (!field.n)
        return (void)diag_error(x->s->diag, at, "mvfilter() wants a condition about a field"), NULL;
    return read_each(x, at, EXPR_FILTER, field, true);
}

/* ---- the table ----------------------------------------------------------------------------- */

static const struct function FUNCTIONS[] = {
    {"abs", 1, 1, EXPR_ABSOLUTE, NULL},
    {"avg", 1, ARGS_MAX, EXPR_LIST_AVERAGE, build_of_numbers},
    {"case", 2, ARGS_MAX, EXPR_CASE, build_case},
    {"ceil", 1, 1, EXPR_CEILING, NULL},
    {"ceiling", 1, 1, EXPR_CEILING, NULL},
    {"cidrmatch", 2, 2, 0, build_network},
    {"coalesce", 1, ARGS_MAX, EXPR_COALESCE, NULL},
    {"exact", 1, 1, EXPR_COALESCE, NULL},
    {"exp", 1, 1, 0, build_exponential},
    {"false", 0, 0, 0, build_false},
    {"floor", 1, 1, EXPR_FLOOR, NULL},
    {"if", 3, 3, EXPR_CASE, NULL},
    {"in", 2, ARGS_MAX, 0, build_in},
    {"isbool", 1, 1, 0, build_is_truth},
    {"isint", 1, 1, 0, build_is_whole},
    {"isnotnull", 1, 1, 0, build_is_not_null},
    {"isnull", 1, 1, EXPR_IS_NULL, NULL},
    {"isnum", 1, 1, 0, build_is_number},
    {"isstr", 1, 1, 0, build_is_text},
    {"json_array_to_mv", 1, 1, 0, build_json_members},
    {"json_extract", 2, 2, 0, build_json_extract},
    {"json_valid", 1, 1, EXPR_IS_JSON, NULL},
    {"len", 1, 1, EXPR_LENGTH, NULL},
    {"like", 2, 2, 0, build_like},
    {"ln", 1, 1, EXPR_LOGARITHM, NULL},
    {"log", 1, 2, EXPR_LOGARITHM, build_log},
    {"lower", 1, 1, EXPR_LOWER, NULL},
    {"ltrim", 1, 2, EXPR_TRIM_LEFT, NULL},
    {"match", 2, 2, EXPR_REGEX, build_regex},
    {"max", 1, ARGS_MAX, EXPR_GREATEST, NULL},
    {"md5", 1, 1, 0, build_hash},
    {"min", 1, ARGS_MAX, EXPR_LEAST, NULL},
    {"mvappend", 1, ARGS_MAX, EXPR_LIST, NULL},
    {"mvcount", 1, 1, EXPR_LIST_COUNT, NULL},
    {"mvdedup", 1, 1, EXPR_LIST_DISTINCT, NULL},
    {"mvfind", 2, 2, EXPR_LIST_FIND, build_regex},
    {"mvindex", 2, 3, EXPR_LIST_AT, NULL},
    {"mvjoin", 2, 2, EXPR_LIST_JOIN, NULL},
    {"mvrange", 2, 3, 0, build_range},
    {"mvsort", 1, 1, EXPR_LIST_SORT, NULL},
    {"mvzip", 2, 3, 0, build_zip},
    {"now", 0, 0, 0, build_now},
    {"null", 0, 0, 0, build_null},
    {"nullif", 2, 2, 0, build_null_if},
    {"pi", 0, 0, 0, build_pi},
    {"pow", 2, 2, EXPR_POWER, NULL},
    {"relative_time", 2, 2, 0, build_relative_time},
    {"replace", 3, 3, EXPR_REPLACE, build_regex},
    {"round", 1, 2, EXPR_ROUND, build_round},
    {"rtrim", 1, 2, EXPR_TRIM_RIGHT, NULL},
    {"searchmatch", 1, 1, 0, build_search_match},
    {"sha1", 1, 1, 0, build_hash},
    {"sha256", 1, 1, 0, build_hash},
    {"sha512", 1, 1, 0, build_hash},
    {"spath", 2, 2, 0, build_spath},
    {"split", 2, 2, EXPR_SPLIT, NULL},
    {"sqrt", 1, 1, EXPR_SQUARE_ROOT, NULL},
    {"strftime", 2, 2, 0, build_time_format},
    {"strptime", 2, 2, 0, build_time_read},
    {"substr", 2, 3, 0, build_substr},
    {"sum", 1, ARGS_MAX, EXPR_LIST_SUM, build_of_numbers},
    {"time", 0, 0, 0, build_now},
    {"tonumber", 1, 2, EXPR_NUMBER_OF, build_to_number},
    {"tostring", 1, 2, 0, build_to_string},
    {"trim", 1, 2, EXPR_TRIM, NULL},
    {"true", 0, 0, 0, build_true},
    {"typeof", 1, 1, 0, build_type},
    {"upper", 1, 1, EXPR_UPPER, NULL},
    {"urldecode", 1, 1, EXPR_URL_DECODE, NULL},
    {"validate", 2, ARGS_MAX, EXPR_CASE, build_validate},
};

static bool read_arguments(struct spl *x, struct expr **args, size_t *n)
{
    *n = 0;
    if (spl_take(x, ")"))
        return true;
    do {
        if (*n == ARGS_MAX)
            return diag_error(x->s->diag, spl_here(x), "more than %d arguments", ARGS_MAX);
        args[*n] = spl_eval(x);
        if (!args[(*n)++])
            return false;
    } while (spl_take(x, ","));
    return spl_take(x, ")") || spl_expected(x, "')' or ','");
}

/* Splunk's own that are not here: no slips of the pen. */
static bool is_absent(struct str name)
{
    static const char *const ABSENT[] = {"cluster",
                                         "commands",
                                         "ipmask",
                                         "json_keys",
                                         "json_object",
                                         "json_set",
                                         "json_append",
                                         "json_array",
                                         "json_extend",
                                         "json_delete",
                                         "json_entries",
                                         "json_extract_exact",
                                         "json_has_key_exact",
                                         "json_set_exact",
                                         "printf",
                                         "random",
                                         "sigfig",
                                         "tojson",
                                         "sin",
                                         "cos",
                                         "tan",
                                         "asin",
                                         "acos",
                                         "atan",
                                         "atan2",
                                         "sinh",
                                         "cosh",
                                         "tanh",
                                         "asinh",
                                         "acosh",
                                         "atanh",
                                         "hypot",
                                         "mvreverse",
                                         "mv_to_json_array",
                                         "isarray",
                                         "isdouble",
                                         "ismv",
                                         "isobject",
                                         "bit_and",
                                         "bit_or",
                                         "bit_not",
                                         "bit_xor",
                                         "bit_shift_left",
                                         "bit_shift_right"};

    for (size_t i = 0; i < ARRAY_LEN(ABSENT); i++)
        if (str_eq_ci(str_from(ABSENT[i]), name))
            return true;
    return false;
}

static const struct function *function_of(struct spl *x, struct place at, struct str name)
{
    struct str names[ARRAY_LEN(FUNCTIONS)];

    for (size_t i = 0; i < ARRAY_LEN(FUNCTIONS); i++) {
        names[i] = str_from(FUNCTIONS[i].name);
        if (str_eq_ci(names[i], name))
            return &FUNCTIONS[i];
    }
    struct str near =
        is_absent(name) ? STR("") : diag_hint(x->s->diag, name, names, ARRAY_LEN(names));
    (void)diag_unsupported(x->s->diag, at, "%.*s()%.*s", SHOWN(name), (int)near.n, near.p);
    return NULL;
}

/* Of a column that a join adds nothing is known but that it is there. */
static bool take_added(struct spl *x)
{
    size_t begin = x->next;
    struct str name;

    spl_blanks(x);
    name = spl_word(x, ",()\"' |");
    const struct spl_added *a = name.n ? spl_added(x, spl_field(x, name)) : NULL;
    if (a && a->is_always && spl_take(x, ")"))
        return true;
    x->next = begin;
    return false;
}

struct expr *spl_call(struct spl *x, struct place at, struct str name)
{
    bool is_map = str_eq_ci(name, STR("mvmap")), is_filter = str_eq_ci(name, STR("mvfilter"));
    struct expr *args[ARGS_MAX];
    size_t n;

    if ((is_map || is_filter) && x->each)
        return (void)diag_unsupported(x->s->diag, at, "mvmap() or mvfilter() inside one of them"),
               NULL;
    if (is_map || is_filter)
        return is_map ? call_mvmap(x, at) : call_mvfilter(x, at);
    if (str_eq_ci(name, STR("isnotnull")) && take_added(x))
        return pipe_bool(x->pipe, true);
    const struct function *f = function_of(x, at, name);
    if (!f || !read_arguments(x, args, &n))
        return NULL;
    if (n < f->min || n > f->max)
        return (void)diag_error(x->s->diag, at, "%s() takes %zu%s arguments, not %zu", f->name,
                                f->min, f->max > f->min ? " or more" : "", n),
               NULL;
    struct call c = {x, x->pipe, at, f->name, f->op, args, n};
    return f->build ? f->build(&c) : pipe_call(c.p, at, &(struct expr){.op = c.op}, args, n);
}

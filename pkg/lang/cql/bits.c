/* bits.c - bitfield:extractFlags() and its like: names for the bits of a number, of which 0 is the
 * lowest. What is no whole number from -2^63 on and below 2^63 has no bits.
 */
#include "lang/cql/value.h"

#include "base/str.h"

enum { FLAGS_MAX = 64 };

struct flag {
    uint64_t bit;
    struct str name;
};

struct flags {
    struct flag items[FLAGS_MAX]; /* the lowest first */
    size_t n;
};

static bool add(struct cql *x, struct place at, struct flags *f, uint64_t bit, struct str name)
{
    size_t i = f->n;

    for (size_t k = 0; k < f->n; k++)
        if (f->items[k].bit == bit || str_eq(f->items[k].name, name))
            return diag_error(x->s->diag, at, "the flag '%.*s', or its bit, is there twice",
                              SHOWN(name));
    for (; i > 0 && f->items[i - 1].bit > bit; i--)
        f->items[i] = f->items[i - 1];
    f->items[i] = (struct flag){bit, names_intern(x->s->names, name)};
    f->n++;
    return true;
}

/* [3, name] */
static bool read_flag(struct cql *x, struct flags *f)
{
    struct str number, name;
    uint64_t bit;

    if (!cql_take(x, "["))
        return cql_expected(x, "'[' and a bit");
    cql_blanks(x);
    struct place at = cql_here(x);
    if (!cql_count_value(x) || !cql_name(x, &number))
        return false;
    if (!str_to_u64(number, &bit) || bit >= FLAGS_MAX)
        return diag_error(x->s->diag, at, "a bit is a number from 0 to 63, not '%.*s'",
                          SHOWN(number));
    return (cql_take(x, ",") || cql_expected(x, "','")) && cql_name(x, &name) &&
           (cql_take(x, "]") || cql_expected(x, "']'")) && add(x, at, f, bit, name);
}

/* [[3, name], [0, other]] */
static bool read_flags(struct cql *x, const struct cql_argument *a, struct flags *f)
{
    struct cql_window w = cql_open(x, a->begin, a->end);
    bool is_good = cql_take(x, "[") || cql_expected(x, "'[' and flags");

    f->n = 0;
    do {
        is_good = is_good && read_flag(x, f);
    } while (is_good && cql_take(x, ",") && !cql_is_at(x, "]"));
    is_good = is_good && (cql_take(x, "]") || cql_expected(x, "',' or ']'"));
    return cql_close(x, w) && is_good;
}

static struct expr *call2(struct cql *x, struct place at, enum expr_op op, struct expr *a,
                          struct expr *b)
{
    return pipe_call2(x->pipe, at, op, a, b);
}

/* The number where it has bits; else null. */
static struct expr *whole(struct cql *x, struct place at, struct expr *field)
{
    struct expr *n = cql_as_number(x, at, field);
    struct expr *limit = pipe_number(x->pipe, at, STR("9223372036854775808"));
    struct expr *least = pipe_number(x->pipe, at, STR("-9223372036854775808"));

    struct expr *fits =
        call2(x, at, EXPR_AND, call2(x, at, EXPR_LT, n, limit), call2(x, at, EXPR_GE, n, least));
    fits = call2(x, at, EXPR_AND, fits,
                 call2(x, at, EXPR_EQ, n, pipe_call1(x->pipe, at, EXPR_FLOOR, n)));
    return call2(x, at, EXPR_CASE, fits, pipe_call1(x->pipe, at, EXPR_WHOLE, n));
}

/* Is the bit set? Of a negative number that of its two's complement. */
static struct expr *is_set(struct cql *x, struct place at, struct expr *n, uint64_t bit)
{
    struct expr *zero = pipe_whole(x->pipe, 0);

    if (bit == FLAGS_MAX - 1)
        return call2(x, at, EXPR_LT, n, zero);
    struct expr *one = pipe_whole(x->pipe, INT64_C(1) << bit);
    struct expr *below = call2(x, at, EXPR_MODULO,
                               call2(x, at, EXPR_ADD, call2(x, at, EXPR_MODULO, n, one), one), one);
    struct expr *shifted = call2(x, at, EXPR_DIVIDE, call2(x, at, EXPR_SUBTRACT, n, below), one);
    struct expr *odd = call2(x, at, EXPR_MODULO, shifted, pipe_whole(x->pipe, 2));
    return cql_not(x, at, call2(x, at, EXPR_EQ, odd, zero));
}

static bool set_each(struct cql *x, const struct cql_call *call, struct expr *n,
                     const struct flags *f, bool is_only_true)
{
    for (size_t i = 0; i < f->n; i++) {
        struct expr *args[] = {is_set(x, call->at, n, f->items[i].bit),
                               pipe_text(x->pipe, STR("true")), pipe_text(x->pipe, STR("false"))};
        struct expr *value = pipe_call(x->pipe, call->at, &(struct expr){.op = EXPR_CASE}, args,
                                       is_only_true ? 2 : 3);
        struct expr *there = pipe_call1(x->pipe, call->at, EXPR_IS_THERE, n);
        if (!cql_set(x, call->at, f->items[i].name, call2(x, call->at, EXPR_CASE, there, value)))
            return false;
    }
    return true;
}

/* The names of the bits that are set, as a list. */
static struct expr *names_of(struct cql *x, struct place at, struct expr *n, const struct flags *f)
{
    struct expr *items[FLAGS_MAX];

    for (size_t i = 0; i < f->n; i++)
        items[i] = call2(x, at, EXPR_CASE, is_set(x, at, n, f->items[i].bit),
                         pipe_text(x->pipe, f->items[i].name));
    return pipe_call(x->pipe, at, &(struct expr){.op = EXPR_LIST}, items, f->n);
}

static struct expr *number_of(struct cql *x, const struct cql_call *call, struct flags *f)
{
    if (!call->bound[0] || !call->bound[1])
        return cql_need(x, call, "a field and flags");
    return read_flags(x, call->bound[1], f) ? whole(x, call->at, cql_subject(x, call)) : NULL;
}

bool cql_extract_flags(struct cql *x, struct cql_call *call)
{
    struct flags f;
    bool is_only_true = false;

    if (!cql_bind(x, call, "field output onlyTrue", SIZE_MAX) ||
        (call->bound[2] && !cql_flag_of(x, call->bound[2], &is_only_true)))
        return false;
    struct expr *n = number_of(x, call, &f);
    return n && set_each(x, call, n, &f, is_only_true);
}

bool cql_extract_flags_as_string(struct cql *x, struct cql_call *call)
{
    struct flags f;
    struct str as = STR("_flags"), separator = STR(" ");

    if (!cql_bind(x, call, "field flagNames as separator", SIZE_MAX) ||
        (call->bound[2] && !cql_field_of(x, call->bound[2], &as)) ||
        (call->bound[3] && !cql_text_of(x, call->bound[3], &separator)))
        return false;
    struct expr *n = number_of(x, call, &f);
    if (!n)
        return false;
    struct expr *text = call2(x, call->at, EXPR_LIST_JOIN, names_of(x, call->at, n, &f),
                              pipe_text(x->pipe, separator));
    text = call2(x, call->at, EXPR_COALESCE, text, pipe_text(x->pipe, STR("")));
    struct expr *there = pipe_call1(x->pipe, call->at, EXPR_IS_THERE, n);
    return cql_set(x, call->at, as, call2(x, call->at, EXPR_CASE, there, text));
}

bool cql_extract_flags_as_array(struct cql *x, struct cql_call *call)
{
    struct flags f;
    struct str as = STR("_flags[]");

    if (!cql_bind(x, call, "field flagNames asArray", SIZE_MAX) ||
        (call->bound[2] && !cql_text_of(x, call->bound[2], &as)))
        return false;
    if (str_ends(as, STR("[]")))
        as.n -= 2;
    as = names_intern(x->s->names, as);
    struct expr *n = number_of(x, call, &f);
    if (!n)
        return false;
    struct expr *args[] = {pipe_call1(x->pipe, call->at, EXPR_IS_THERE, n),
                           names_of(x, call->at, n, &f), cql_column(x, call->at, as)};
    struct expr *e = pipe_call(x->pipe, call->at, &(struct expr){.op = EXPR_CASE}, args, 3);
    /* An array without members is no field: it does not stay as it was. */
    return e && pipe_drop(x->pipe, call->at, &as, 1) && cql_set(x, call->at, as, e);
}

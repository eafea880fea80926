/* format.c - format(): signs of printf, one for each field.
 *
 *     %[-][0][,][width][.precision] and s, d, i, f, x or X
 *
 * A field that is missing is "null". Of a text the precision is how much of it, of a whole number
 * how many digits at least, of %f how many behind the point (6 if nobody says).
 */
#include "lang/cql/scan.h"

#include "base/str.h"
#include "base/vec.h"

#include <ctype.h>

enum { DECIMALS_MAX = 6, WIDTH_MAX = 256, HEX_DIGITS = 16 };

struct sign {
    char kind; /* s, d, f, x, X or %; 0: none that is known */
    bool is_left, has_zeros, has_commas, has_precision;
    unsigned width, precision;
    size_t bytes; /* behind the % */
};

static bool read_number(struct str s, size_t *i, unsigned *out)
{
    for (*out = 0; *i < s.n && isdigit((unsigned char)s.p[*i]); (*i)++)
        if ((*out = *out * 10 + (unsigned)(s.p[*i] - '0')) > WIDTH_MAX)
            return false;
    return true;
}

static struct sign read_sign(struct str s)
{
    struct sign out = {0};
    size_t i = 0;

    for (; i < s.n && s.p[i] && strchr("-0,", s.p[i]); i++) {
        out.is_left |= s.p[i] == '-';
        out.has_zeros |= s.p[i] == '0';
        out.has_commas |= s.p[i] == ',';
    }
    bool is_good = read_number(s, &i, &out.width);
    out.has_precision = i < s.n && s.p[i] == '.';
    i += out.has_precision;
    is_good = is_good && (!out.has_precision || read_number(s, &i, &out.precision));
    char kind = i < s.n ? s.p[i] : '\0';
    out.kind = kind == 'i' ? 'd' : kind;
    out.bytes = i + 1;
    is_good = is_good && kind && strchr("sdifxX%", kind) && (kind != '%' || i == 0) &&
              (kind != 'f' || out.precision <= DECIMALS_MAX);
    if (!is_good)
        out.kind = '\0';
    return out;
}

/* ---- texts ----------------------------------------------------------------------------------- */

/* So many of one character. */
static struct expr *filling(struct cql *x, char c, unsigned n)
{
    char *p = arena_alloc(x->s->a, n);

    memset(p, c, n);
    return pipe_text(x->pipe, (struct str){p, n});
}

/* The text, made so wide with the character. */
static struct expr *padded(struct cql *x, struct place at, struct expr *text, unsigned width,
                           char c, bool is_left)
{
    struct pipe *p = x->pipe;

    if (width == 0)
        return text;
    struct expr *length = pipe_call1(p, at, EXPR_LENGTH, text);
    struct expr *rest = pipe_call2(p, at, EXPR_SUBSTRING, filling(x, c, width), length);
    return pipe_call3(
        p, at, EXPR_CASE, pipe_call2(p, at, EXPR_LT, length, pipe_whole(p, (int64_t)width)),
        pipe_call2(p, at, EXPR_CONCAT, is_left ? text : rest, is_left ? rest : text), text);
}

/* ---- numbers --------------------------------------------------------------------------------- */

/* A whole number in digits, with a comma every thousand. */
static struct expr *with_commas(struct cql *x, struct place at, struct expr *digits)
{
    struct regex re = {.pattern = STR("(\\d)(?=(\\d{3})+$)")};
    struct expr *args[] = {digits, pipe_text(x->pipe, STR("$1,"))};

    return pipe_regex(x->pipe, at, EXPR_REPLACE, &re, 0, args, 2);
}

/* The digits of a number above 0: what is before the point, the point, what is behind. */
static struct expr *digits_of(struct cql *x, struct place at, struct expr *e, struct sign sign)
{
    struct pipe *p = x->pipe;
    int64_t scale = 1;
    unsigned decimals = sign.kind != 'f' ? 0 : sign.has_precision ? sign.precision : DECIMALS_MAX;

    for (unsigned i = 0; i < decimals; i++)
        scale *= 10;
    struct expr *scaled =
        pipe_call1(p, at, EXPR_WHOLE,
                   pipe_call2(p, at, EXPR_ROUND,
                              pipe_call2(p, at, EXPR_MULTIPLY, pipe_call1(p, at, EXPR_ABSOLUTE, e),
                                         pipe_whole(p, scale)),
                              pipe_whole(p, 0)));
    struct expr *before = pipe_call1(p, at, EXPR_STRING,
                                     pipe_call2(p, at, EXPR_DIVIDE, scaled, pipe_whole(p, scale)));
    struct expr *behind = pipe_call2(
        p, at, EXPR_SUBSTRING,
        pipe_call1(p, at, EXPR_STRING,
                   pipe_call2(p, at, EXPR_ADD, pipe_whole(p, scale),
                              pipe_call2(p, at, EXPR_MODULO, scaled, pipe_whole(p, scale)))),
        pipe_whole(p, 1));
    if (sign.kind == 'd' && sign.has_precision)
        before = padded(x, at, before, sign.precision, '0', false);
    struct expr *parts[] = {sign.has_commas ? with_commas(x, at, before) : before,
                            pipe_text(p, STR(".")), behind};

    return decimals ? pipe_call(p, at, &(struct expr){.op = EXPR_CONCAT}, parts, ARRAY_LEN(parts))
                    : parts[0];
}

/* Zeros stand behind the minus and are as many as leave room for it. */
static struct expr *with_minus(struct cql *x, struct place at, struct expr *e, struct sign sign)
{
    struct pipe *p = x->pipe;
    unsigned zeros = sign.has_zeros && !sign.is_left ? sign.width : 0;
    struct expr *digits = digits_of(x, at, e, sign);
    struct expr *below = padded(x, at, digits, zeros ? zeros - 1 : 0, '0', false);

    return pipe_call3(p, at, EXPR_CASE, pipe_call2(p, at, EXPR_LT, e, pipe_whole(p, 0)),
                      pipe_call2(p, at, EXPR_CONCAT, pipe_text(p, STR("-")), below),
                      padded(x, at, digits, zeros, '0', false));
}

/* A whole number from 0 on, in hexadecimal. */
static struct expr *hexadecimal(struct cql *x, struct place at, struct expr *e, struct sign sign)
{
    struct pipe *p = x->pipe;
    struct str letters = sign.kind == 'x' ? STR("0123456789abcdef") : STR("0123456789ABCDEF");
    struct expr *whole = pipe_call1(p, at, EXPR_WHOLE, e), *parts[HEX_DIGITS];
    int64_t scale = 1;

    for (size_t i = HEX_DIGITS; i > 0; i--, scale *= i > 0 ? 16 : 1) {
        struct expr *digit = pipe_call2(p, at, EXPR_MODULO,
                                        pipe_call2(p, at, EXPR_DIVIDE, whole, pipe_whole(p, scale)),
                                        pipe_whole(p, 16));
        parts[i - 1] = pipe_call3(p, at, EXPR_SUBSTRING, pipe_text(p, letters), digit,
                                  pipe_call2(p, at, EXPR_ADD, digit, pipe_whole(p, 1)));
    }
    struct expr *all = pipe_call(p, at, &(struct expr){.op = EXPR_CONCAT}, parts, HEX_DIGITS);
    struct expr *args[] = {all, pipe_text(p, STR(""))};
    struct regex zeros = {.pattern = STR("^0+(?=.)")};
    all = pipe_regex(p, at, EXPR_REPLACE, &zeros, 0, args, 2);
    struct expr *text =
        pipe_call2(p, at, EXPR_CASE, pipe_call2(p, at, EXPR_GE, whole, pipe_whole(p, 0)), all);
    return sign.has_zeros && !sign.is_left ? padded(x, at, text, sign.width, '0', false) : text;
}

/* ---- the function ---------------------------------------------------------------------------- */

static struct expr *formatted(struct cql *x, struct place at, struct expr *e, struct sign sign)
{
    struct pipe *p = x->pipe;
    bool is_number = sign.kind != 's' &&
                     (sign.kind != 'd' || sign.has_commas || sign.has_zeros || sign.has_precision);
    bool is_cut = sign.kind == 's' && sign.has_precision;

    if (is_number)
        e = cql_as_number(x, at, e);
    if (sign.kind == 'x' || sign.kind == 'X')
        e = hexadecimal(x, at, e, sign);
    else if (is_number)
        e = with_minus(x, at, e, sign);
    else if (sign.width || is_cut)
        e = pipe_call1(p, at, EXPR_STRING, e);
    e = pipe_call2(p, at, EXPR_COALESCE, e, pipe_text(p, STR("null")));
    if (is_cut)
        e = pipe_call3(p, at, EXPR_SUBSTRING, e, pipe_whole(p, 0),
                       pipe_whole(p, (int64_t)sign.precision));
    return padded(x, at, e, sign.width, ' ', sign.is_left);
}

struct pieces {
    struct expr **items;
    size_t n, cap;
};

static void add_piece(struct cql *x, struct pieces *p, struct expr *e)
{
    p->items = vec_room(x->s->scratch, p->items, p->n, &p->cap, sizeof *p->items);
    p->items[p->n++] = e;
}

/* The sign behind a %; *next: the field that it stands for. */
static bool add_sign(struct cql *x, struct place at, struct pieces *p, struct sign sign,
                     struct str_list fields, size_t *next)
{
    if (!sign.kind)
        return diag_unsupported(x->s->diag, at,
                                "format() with other signs than %%s, %%d, %%i, %%f, %%x, %%X and "
                                "%%%%");
    if (sign.kind == '%') {
        add_piece(x, p, pipe_text(x->pipe, STR("%")));
        return true;
    }
    if (*next == fields.n)
        return diag_error(x->s->diag, at, "format() without a field for each %% sign");
    struct expr *e = formatted(x, at, cql_column(x, at, fields.items[(*next)++]), sign);
    add_piece(x, p, e);
    return e != NULL;
}

enum { FORMAT_FORMAT, FORMAT_FIELD };
struct expr *cql_format(struct cql *x, struct cql_call *call)
{
    struct str format;
    struct str_list fields = {NULL, 0};
    struct pieces p = {0};
    size_t next = 0;

    if (!call->bound[FORMAT_FORMAT])
        return (void)diag_error(x->s->diag, call->at, "format() without a format"), NULL;
    if (!cql_text_of(x, call->bound[FORMAT_FORMAT], &format) ||
        (call->bound[FORMAT_FIELD] && !cql_fields_of(x, call->bound[FORMAT_FIELD], &fields)))
        return NULL;
    while (format.n) {
        size_t percent = str_find_char(format, '%', 0);
        struct str text = str_sub(format, 0, percent);
        if (text.n)
            add_piece(x, &p, pipe_text(x->pipe, text));
        if (percent == SIZE_MAX)
            break;
        format = str_sub(format, percent + 1, SIZE_MAX);
        struct sign sign = read_sign(format);
        if (!add_sign(x, call->at, &p, sign, fields, &next))
            return NULL;
        format = str_sub(format, sign.bytes, SIZE_MAX);
    }
    add_piece(x, &p, pipe_text(x->pipe, STR("")));
    return pipe_call(x->pipe, call->at, &(struct expr){.op = EXPR_CONCAT}, p.items, p.n);
}

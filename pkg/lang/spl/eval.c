/* eval.c - the expressions of `eval` and `where`, by precedence.
 *
 *     xor  := or ("XOR" or)*      or := and ("OR" and)*      and := not ("AND" not)*
 *     not  := "NOT"? compare      compare := add ((= == != < <= > >=) add | LIKE add | IN (...))?
 *     add  := multiply ((+ - .) multiply)*      multiply := unary ((* / %) unary)*
 *     unary := "-"? one           one := "(" xor ")" | number | "text" | 'field' | field | call
 *
 * Case matters to texts. Whatever is compared with null is null, and so is NOT of it.
 */
#include "lang/spl/scan.h"

#include "base/decimal.h"
#include "base/str.h"

static struct expr *eval_xor(struct spl *x);

static struct expr *compare(struct spl *x, struct place at, enum expr_op op, struct expr *a,
                            struct expr *b)
{
    struct expr call = {.kind = EXPR_CALL, .op = op, .is_any = true, .is_loose = true};
    struct expr *args[] = {a, b};

    if (spl_is_time_against_now(x, a, b))
        return spl_time_against_now(x, at, op, a);
    return pipe_call_exactly(x->pipe, at, &call, args, 2);
}

static struct expr *eval_field(struct spl *x, struct place at)
{
    struct str name;

    if (!spl_quoted(x, &name))
        return NULL;
    return spl_operand(x, at, name);
}

static bool is_digit_at(const struct spl *x, size_t n)
{
    return x->next + n < x->end && x->text.text.p[x->next + n] >= '0' &&
           x->text.text.p[x->next + n] <= '9';
}

static bool is_sign_at(const struct spl *x, size_t n)
{
    return x->next + n < x->end &&
           (x->text.text.p[x->next + n] == '-' || x->text.text.p[x->next + n] == '+');
}

/* 5, 1.5, .5, 1e3 */
static struct expr *eval_number(struct spl *x, struct place at)
{
    size_t begin = x->next;

    while (spl_peek(x) >= '0' && spl_peek(x) <= '9')
        x->next++;
    if (spl_peek(x) == '.' && is_digit_at(x, 1))
        for (x->next++; spl_peek(x) >= '0' && spl_peek(x) <= '9';)
            x->next++;
    bool has_sign = ascii_lower(spl_peek(x)) == 'e' && (is_sign_at(x, 1) && is_digit_at(x, 2));
    if (has_sign || (ascii_lower(spl_peek(x)) == 'e' && is_digit_at(x, 1)))
        for (x->next += has_sign ? 2U : 1U; spl_peek(x) >= '0' && spl_peek(x) <= '9';)
            x->next++;
    struct str text = str_sub(x->text.text, begin, x->next - begin);
    if (text.p[0] == '.')
        text = arena_printf(x->s->scratch, "0%.*s", (int)text.n, text.p);
    return spl_count_value(x) ? pipe_number(x->pipe, at, text) : NULL;
}

static bool is_field_byte(char c)
{
    return (c >= '0' && c <= '9') || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') || c == '_' ||
           c == ':' || c == '{' || c == '}' || (unsigned char)c >= 0x80;
}

static bool is_keyword(struct str word)
{
    static const char *const WORDS[] = {"and", "or", "not", "xor", "in", "like"};

    for (size_t i = 0; i < ARRAY_LEN(WORDS); i++)
        if (str_eq_ci(word, str_from(WORDS[i])))
            return true;
    return false;
}

static struct expr *eval_word(struct spl *x, struct place at)
{
    size_t begin = x->next;

    while (is_field_byte(spl_peek(x)))
        x->next++;
    struct str word = str_sub(x->text.text, begin, x->next - begin);
    if (word.n == 0)
        return (void)spl_expected(x, "a value"), NULL;
    if (spl_take(x, "("))
        return spl_call(x, at, word);
    return spl_operand(x, at, word);
}

struct str spl_first_field(struct spl *x)
{
    struct str name;

    while (spl_blanks(x), spl_peek(x)) {
        char c = spl_peek(x);
        size_t begin = x->next;
        if (c == '"' || c == '\'') {
            if (!spl_quoted(x, &name) || c == '\'')
                return c == '\'' ? name : STR("");
            continue;
        }
        while (is_field_byte(spl_peek(x)))
            x->next++;
        name = str_sub(x->text.text, begin, x->next - begin);
        bool is_number = c >= '0' && c <= '9';
        if (name.n && !is_number && !is_keyword(name) && !spl_take(x, "("))
            return name;
        x->next += name.n == 0;
    }
    return STR("");
}

static struct expr *eval_one(struct spl *x)
{
    struct place at;
    struct str text;
    struct expr *e;

    spl_blanks(x);
    at = spl_here(x);
    if ((spl_peek(x) >= '0' && spl_peek(x) <= '9') || (spl_peek(x) == '.' && is_digit_at(x, 1)))
        return eval_number(x, at);
    if (spl_peek(x) == '"')
        return spl_count_value(x) && spl_quoted(x, &text) ? pipe_text(x->pipe, text) : NULL;
    if (spl_peek(x) == '\'')
        return eval_field(x, at);
    if (spl_peek(x) == '[')
        return (void)diag_unsupported(x->s->diag, at, "a search inside a search ([...])"), NULL;
    if (!spl_take(x, "("))
        return eval_word(x, at);
    if (!spl_enter(x))
        return NULL;
    e = eval_xor(x);
    spl_leave(x);
    if (e && !spl_take(x, ")"))
        return (void)spl_expected(x, "')' or an operator"), NULL;
    return e;
}

static struct expr *eval_unary(struct spl *x)
{
    struct place at = spl_here(x);

    if (!spl_take(x, "-"))
        return eval_one(x);
    if (!spl_enter(x))
        return NULL;
    struct expr *e = eval_unary(x);
    spl_leave(x);
    return pipe_call1(x->pipe, at, EXPR_NEGATE, e);
}

static bool take_sign(struct spl *x, const char *signs, char *out)
{
    spl_blanks(x);
    if (!spl_peek(x) || !strchr(signs, spl_peek(x)))
        return false;
    *out = spl_peek(x);
    x->next++;
    return true;
}

static struct expr *eval_multiply(struct spl *x)
{
    struct expr *e = eval_unary(x);
    char sign;

    while (e && take_sign(x, "*/%", &sign)) {
        struct place at = spl_here(x);
        enum expr_op op = sign == '*' ? EXPR_MULTIPLY : sign == '/' ? EXPR_QUOTIENT : EXPR_MODULO;
        e = pipe_call2(x->pipe, at, op, e, eval_unary(x));
    }
    return e;
}

/* Is the value a text, whatever the event? Of a field nobody knows. */
static bool is_text(const struct expr *e)
{
    return (e->kind == EXPR_TEXT && !decimal_is_number(e->text)) ||
           (e->kind == EXPR_CALL && e->op == EXPR_CONCAT);
}

/* a + b: the sum of numbers; texts one behind the other. */
static struct expr *add(struct spl *x, struct place at, struct expr *a, struct expr *b)
{
    bool joins = a && b && (is_text(a) || is_text(b));

    if (joins && (a->kind == EXPR_NUMBER || b->kind == EXPR_NUMBER))
        return (void)diag_error(x->s->diag, at, "'+' of a number and a text"), NULL;
    return pipe_call2(x->pipe, at, joins ? EXPR_CONCAT : EXPR_ADD, a, b);
}

static struct expr *eval_add(struct spl *x)
{
    struct expr *e = eval_multiply(x);
    char sign;

    while (e && take_sign(x, "+-.", &sign)) {
        struct place at = spl_here(x);
        struct expr *next = eval_multiply(x);
        e = sign == '+'
                ? add(x, at, e, next)
                : pipe_call2(x->pipe, at, sign == '-' ? EXPR_SUBTRACT : EXPR_CONCAT, e, next);
    }
    return e;
}

static struct expr *eval_in(struct spl *x, struct place at, struct expr *subject)
{
    struct expr *e = NULL;

    if (!spl_take(x, "("))
        return (void)spl_expected(x, "'(' behind IN"), NULL;
    do {
        struct expr *is = compare(x, at, EXPR_EQ, subject, eval_add(x));
        e = e ? pipe_call2(x->pipe, at, EXPR_OR, e, is) : is;
    } while (e && spl_take(x, ","));
    if (e && !spl_take(x, ")"))
        return (void)spl_expected(x, "')' or ','"), NULL;
    return e;
}

static struct expr *eval_compare(struct spl *x)
{
    static const struct {
        const char *sign;
        enum expr_op op;
    } SIGNS[] = {{"<=", EXPR_LE}, {">=", EXPR_GE}, {"!=", EXPR_EQ}, {"==", EXPR_EQ},
                 {"=", EXPR_EQ},  {"<", EXPR_LT},  {">", EXPR_GT}};
    struct expr *e = eval_add(x);
    struct place at = spl_here(x);

    for (size_t i = 0; e && i < ARRAY_LEN(SIGNS); i++) {
        if (!spl_take(x, SIGNS[i].sign))
            continue;
        e = compare(x, at, SIGNS[i].op, e, eval_add(x));
        return SIGNS[i].sign[0] == '!' ? pipe_call1(x->pipe, at, EXPR_NOT, e) : e;
    }
    if (e && spl_take_word(x, "IN", true))
        return eval_in(x, at, e);
    if (e && spl_take_word(x, "LIKE", true))
        return spl_like(x, at, e, eval_add(x));
    return e;
}

static struct expr *eval_not(struct spl *x)
{
    struct place at = spl_here(x);

    if (!spl_take_word(x, "NOT", true))
        return eval_compare(x);
    if (!spl_enter(x))
        return NULL;
    struct expr *e = eval_not(x);
    spl_leave(x);
    return pipe_call1(x->pipe, at, EXPR_NOT, e);
}

static struct expr *eval_and(struct spl *x)
{
    struct expr *e = eval_not(x);

    while (e && spl_take_word(x, "AND", true)) {
        struct place at = spl_here(x);
        e = pipe_call2(x->pipe, at, EXPR_AND, e, eval_not(x));
    }
    return e;
}

static struct expr *eval_or(struct spl *x)
{
    struct expr *e = eval_and(x);

    while (e && spl_take_word(x, "OR", true)) {
        struct place at = spl_here(x);
        e = pipe_call2(x->pipe, at, EXPR_OR, e, eval_and(x));
    }
    return e;
}

/* a XOR b is (a or b) and not (a and b), null if one of them is. */
static struct expr *eval_xor(struct spl *x)
{
    struct expr *e = eval_or(x);

    while (e && spl_take_word(x, "XOR", true)) {
        struct place at = spl_here(x);
        struct expr *b = eval_or(x);
        struct expr *both = pipe_call2(x->pipe, at, EXPR_AND, e, b);
        e = pipe_call2(x->pipe, at, EXPR_AND, pipe_call2(x->pipe, at, EXPR_OR, e, b),
                       pipe_call1(x->pipe, at, EXPR_NOT, both));
    }
    return e;
}

struct expr *spl_eval(struct spl *x)
{
    if (!spl_enter(x))
        return NULL;
    struct expr *e = eval_xor(x);
    spl_leave(x);
    return e;
}

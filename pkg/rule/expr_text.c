/* expr_text.c - the operators of expressions that work on texts.
 *
 * Places are counted in characters outside and in bytes inside. */
#include "base/decimal.h"
#include "base/ip.h"
#include "base/str.h"
#include "base/utf8.h"
#include "rule/expr_impl.h"

/* ---- characters and bytes ------------------------------------------------------- */

static int64_t count_characters(struct str s)
{
    int64_t n = 0;

    for (size_t at = 0; at < s.n; at += utf8_char(s, at))
        n++;
    return n;
}

/* The byte where character `n` starts; the end if there are fewer. */
static size_t byte_of(struct str s, int64_t n)
{
    size_t at = 0;

    while (n-- > 0 && at < s.n)
        at += utf8_char(s, at);
    return at;
}

/* ---- comparing ---------------------------------------------------------------- */

static bool same(struct str a, struct str b, enum fold fold)
{
    return fold == FOLD_NONE ? str_eq(a, b) : str_eq_ci(a, b);
}

size_t expr_find(struct str s, struct str part, size_t from, enum fold fold)
{
    if (fold == FOLD_NONE)
        return from <= s.n ? str_find(s, part, from) : SIZE_MAX;
    for (size_t at = from; at + part.n <= s.n; at++)
        if (str_eq_ci(str_sub(s, at, part.n), part))
            return at;
    return SIZE_MAX;
}

static size_t find_last(struct str s, struct str part, size_t from, enum fold fold)
{
    size_t last = SIZE_MAX;

    for (size_t at = from; at <= s.n && (at = expr_find(s, part, at, fold)) != SIZE_MAX; at++)
        last = at;
    return last;
}

static bool has_affix(const struct expr_args *a, struct str s, struct str part)
{
    if (part.n > s.n)
        return false;
    size_t at = a->e->op == EXPR_STARTS ? 0 : s.n - part.n;
    return same(str_sub(s, at, part.n), part, a->e->fold);
}

static bool set_has(struct str set, struct str s, size_t at, size_t n)
{
    for (size_t i = 0; i < set.n; i += utf8_char(set, i))
        if (str_eq(str_sub(set, i, utf8_char(set, i)), str_sub(s, at, n)))
            return true;
    return false;
}

/* Bytes that the part takes at `at`; SIZE_MAX: it does not stand there. */
static size_t part_takes(const struct glob_part *part, struct str s, size_t at, enum fold fold)
{
    if (part->kind == GLOB_TEXT)
        return same(str_sub(s, at, part->text.n), part->text, fold) ? part->text.n : SIZE_MAX;
    if (at >= s.n)
        return SIZE_MAX;
    size_t n = utf8_char(s, at);
    return part->kind == GLOB_ONE || set_has(part->text, s, at, n) ? n : SIZE_MAX;
}

/* The last ANY takes one character more whenever what follows it does not fit: enough, since the
 * left-most place is the best one behind each ANY. */
bool expr_glob_fits(const struct glob *g, struct str s, enum fold fold)
{
    size_t at = 0, part = 0, any_part = SIZE_MAX, any_at = 0;

    while (at < s.n || part < g->n_parts) {
        if (part < g->n_parts && g->parts[part].kind == GLOB_ANY) {
            any_part = part++;
            any_at = at;
            continue;
        }
        size_t n = part < g->n_parts ? part_takes(&g->parts[part], s, at, fold) : SIZE_MAX;
        if (n != SIZE_MAX) {
            at += n;
            part++;
            continue;
        }
        if (any_part == SIZE_MAX || any_at >= s.n)
            return false;
        any_at += utf8_char(s, any_at);
        at = any_at;
        part = any_part + 1;
    }
    return true;
}

/* ---- parts of texts ------------------------------------------------------------- */

/* A place counted from the end if it is negative, clamped to the text. */
static int64_t clamp_place(int64_t n, int64_t length)
{
    if (n < 0)
        n = n < -length ? 0 : n + length;
    return n > length ? length : n;
}

static struct expr_value substring(const struct expr_args *a, struct str s)
{
    int64_t length = count_characters(s), from, to = length;

    if (a->items[1].type != EXPR_VALUE_INT || (a->n > 2 && a->items[2].type != EXPR_VALUE_INT))
        return EXPR_NOTHING;
    from = clamp_place(a->items[1].whole, length);
    if (a->n > 2)
        to = clamp_place(a->items[2].whole, length);
    if (from >= to)
        return expr_value_text(STR(""));
    size_t start = byte_of(s, from);
    return expr_value_text(str_sub(s, start, byte_of(s, to) - start));
}

static struct expr_value between(const struct expr_args *a, struct str s)
{
    struct str left = a->items[1].text, right = a->items[2].text;

    if (a->items[1].type != EXPR_VALUE_TEXT || a->items[2].type != EXPR_VALUE_TEXT)
        return EXPR_NOTHING;
    size_t start = expr_find(s, left, 0, a->e->fold);
    if (start == SIZE_MAX)
        return expr_value_text(STR(""));
    start += left.n;
    if (right.n == 0) /* everything up to the end, greedy or not: there is no text to stop at */
        return expr_value_text(a->e->is_greedy ? str_sub(s, start, SIZE_MAX) : STR(""));
    size_t end = a->e->is_greedy ? find_last(s, right, start, a->e->fold)
                                 : expr_find(s, right, start, a->e->fold);
    return expr_value_text(end == SIZE_MAX ? STR("") : str_sub(s, start, end - start));
}

static struct expr_value whole(int64_t n)
{
    return (struct expr_value){.type = EXPR_VALUE_INT, .whole = n, .real = (double)n};
}

static struct expr_value index_of(const struct expr_args *a, struct str s)
{
    int64_t from = 0;

    if (a->items[1].type != EXPR_VALUE_TEXT)
        return EXPR_NOTHING;
    if (a->n > 2) {
        if (a->items[2].type != EXPR_VALUE_INT)
            return EXPR_NOTHING;
        from = a->items[2].whole < 0 ? 0 : a->items[2].whole;
    }
    if (from > count_characters(s))
        return EXPR_NOTHING;
    size_t at = expr_find(s, a->items[1].text, byte_of(s, from), a->e->fold);
    return at == SIZE_MAX ? EXPR_NOTHING : whole(count_characters(str_sub(s, 0, at)));
}

static struct expr_value concat(const struct expr_args *a)
{
    struct str *texts = ARENA_ARRAY(a->scope->space, a->n, struct str);
    size_t n = 0;

    for (size_t i = 0; i < a->n; i++) {
        if (!expr_value_string(a->scope->space, &a->items[i], &texts[i]))
            return EXPR_NOTHING;
        n += texts[i].n;
    }
    if (n > EXPR_TEXT_MAX)
        return EXPR_NOTHING;
    char *out = arena_alloc(a->scope->space, n + 1), *at = out;
    for (size_t i = 0; i < a->n; i++) {
        if (texts[i].n)
            memcpy(at, texts[i].p, texts[i].n);
        at += texts[i].n;
    }
    return expr_value_text((struct str){out, n});
}

/* ---- numbers out of texts --------------------------------------------------------- */

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'z' ? c - 'a' + 10 : 36;
}

static struct expr_value digits(struct str s, int64_t base, bool is_negative)
{
    int64_t n = 0;

    if (s.n == 0)
        return EXPR_NOTHING;
    for (size_t i = 0; i < s.n; i++) {
        int d = digit_of(s.p[i]);
        if (d >= base || __builtin_mul_overflow(n, base, &n) || __builtin_add_overflow(n, d, &n))
            return EXPR_NOTHING;
    }
    return whole(is_negative ? -n : n);
}

/* Decimal with a fraction or an exponent; leading zeros are let through. */
static struct expr_value decimal(const struct expr_args *a, struct str s, bool is_negative)
{
    while (s.n > 1 && s.p[0] == '0' && s.p[1] >= '0' && s.p[1] <= '9')
        s = str_sub(s, 1, SIZE_MAX);
    if (s.n && s.p[0] == '-') /* the sign was taken already */
        return EXPR_NOTHING;
    struct expr_value v = expr_value_number(
        arena_printf(a->scope->space, "%s%.*s", is_negative ? "-" : "", (int)s.n, s.p));
    v.text = (struct str){"", 0};
    return v;
}

static struct expr_value number_of(const struct expr_args *a, struct str s)
{
    bool has_base = a->n > 1 && a->items[1].type != EXPR_VALUE_NULL;
    int64_t base = has_base ? a->items[1].whole : 10;

    if (has_base && (a->items[1].type != EXPR_VALUE_INT || base < 2 || base > 36))
        return EXPR_NOTHING;
    s = str_trim(s);
    bool is_negative = s.n && s.p[0] == '-';
    if (s.n && (s.p[0] == '-' || s.p[0] == '+'))
        s = str_sub(s, 1, SIZE_MAX);
    bool is_hex = s.n > 2 && s.p[0] == '0' && ascii_lower(s.p[1]) == 'x';
    if (is_hex && (!has_base || base == 16))
        return digits(str_sub(s, 2, SIZE_MAX), 16, is_negative);
    return base == 10 ? decimal(a, s, is_negative) : digits(s, base, is_negative);
}

/* ---- calls -------------------------------------------------------------------- */

static bool in_networks(const struct expr_args *a, struct str address)
{
    struct ip_address ip;
    struct ip_network net;

    if (!ip_parse(address, &ip))
        return false;
    for (size_t i = 1; i < a->n; i++)
        if (a->items[i].type == EXPR_VALUE_TEXT && ip_network_parse(a->items[i].text, &net) &&
            ip_in_network(&ip, &net))
            return true;
    return false;
}

/* Two texts and a yes or no. */
static struct expr_value ask(const struct expr_args *a, struct str s)
{
    struct str part = a->items[1].text;

    if (a->items[1].type != EXPR_VALUE_TEXT)
        return EXPR_NOTHING;
    if (a->e->op == EXPR_CONTAINS)
        return expr_value_bool(part.n && expr_find(s, part, 0, a->e->fold) != SIZE_MAX);
    return expr_value_bool(has_affix(a, s, part));
}

static struct expr_value string_of(const struct expr_args *a)
{
    struct str s;

    return expr_value_string(a->scope->space, &a->items[0], &s) ? expr_value_text(s) : EXPR_NOTHING;
}

/* In a loose call a number's or a truth value's text, too. */
static bool text_of(const struct expr_args *a, struct str *out)
{
    const struct expr_value *v = &a->items[0];

    *out = v->text;
    if (v->type == EXPR_VALUE_TEXT)
        return true;
    return a->e->is_loose && v->type != EXPR_VALUE_LIST &&
           expr_value_string(a->scope->space, v, out);
}

struct expr_value expr_text_call(const struct expr_args *a)
{
    struct str s = a->items[0].text;

    if (a->e->op == EXPR_CONCAT)
        return concat(a);
    if (a->e->op == EXPR_STRING)
        return string_of(a);
    if (!text_of(a, &s))
        return EXPR_NOTHING;
    switch (a->e->op) {
    case EXPR_NUMBER_OF:
        return number_of(a, s);
    case EXPR_LENGTH:
        return whole(count_characters(s));
    case EXPR_BYTES:
        return whole((int64_t)s.n);
    case EXPR_SUBSTRING:
        return substring(a, s);
    case EXPR_BETWEEN:
        return between(a, s);
    case EXPR_INDEX_OF:
        return index_of(a, s);
    case EXPR_IN_NETWORK:
        return expr_value_bool(in_networks(a, s));
    case EXPR_GLOB:
        return expr_value_bool(expr_glob_fits(&a->e->glob, s, a->e->fold));
    default:
        return ask(a, s);
    }
}

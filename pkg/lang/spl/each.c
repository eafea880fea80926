/* each.c - foreach: commands that are written once for several fields; rangemap: a case by ranges
 * of numbers, written short.
 *
 *     foreach user host [ eval <<FIELD>>=lower('<<FIELD>>') ]
 *     rangemap field=count low=0-10 high=11-100 default=none
 */
#include "lang/spl/scan.h"

#include "base/buf.h"
#include "base/str.h"

enum { FIELDS_MAX = 64, RANGES_MAX = 64 };

/* ---- foreach ------------------------------------------------------------------------------- */

/* The template with the field put in, as commands. */
static struct str put_in(struct spl *x, struct str template, struct str field)
{
    static const char MARK[] = "<<FIELD>>";
    struct buf out = {0};
    size_t i = 0, next;

    buf_add(&out, STR("| "));
    while ((next = str_find(template, STR(MARK), i)) != SIZE_MAX) {
        buf_add(&out, str_sub(template, i, next - i));
        buf_add(&out, field);
        i = next + STR(MARK).n;
    }
    buf_add(&out, str_sub(template, i, SIZE_MAX));
    struct str text = arena_str(x->s->scratch, buf_str(&out));
    buf_release(&out);
    return text;
}

static bool run_template(struct spl *x, size_t at, struct str commands)
{
    struct spl_text text = x->text;
    size_t next = x->next, end = x->end;

    x->text = spl_text_inside(x->s, &text, at, commands);
    bool is_good = spl_run_in_place(x, commands.n);
    x->text = text;
    x->next = next;
    x->end = end;
    return is_good;
}

static bool check_template(struct spl *x, struct place at, struct str template)
{
    for (size_t i = 0; (i = str_find(template, STR("<<"), i)) != SIZE_MAX; i += 2)
        if (!str_starts(str_sub(template, i, SIZE_MAX), STR("<<FIELD>>")))
            return diag_unsupported(x->s->diag, at, "foreach with anything but <<FIELD>>");
    return true;
}

bool spl_foreach(struct spl *x)
{
    struct spl_option o[] = {{.name = "mode"},      {.name = "fieldstr"}, {.name = "matchstr"},
                             {.name = "matchseg1"}, {.name = "itemstr"},  {.name = "iterstr"}};
    struct str names[FIELDS_MAX];
    size_t n = 0;

    if (x->is_in_each)
        return diag_unsupported(x->s->diag, x->at, "foreach inside foreach");
    while (spl_options(x, o, ARRAY_LEN(o)) && !spl_is_end(x) && spl_peek(x) != '[') {
        struct place at = spl_here(x);
        if (n == FIELDS_MAX)
            return diag_error(x->s->diag, at, "more than %d fields", FIELDS_MAX);
        if (!spl_name(x, ",[\"'|", &names[n]))
            return false;
        if (str_find_char(names[n++], '*', 0) != SIZE_MAX)
            return diag_unsupported(x->s->diag, at, "foreach of fields by a wildcard");
        (void)spl_take(x, ",");
    }
    for (size_t i = 0; i < ARRAY_LEN(o); i++)
        if (o[i].value.p && (i > 0 || !str_eq_ci(o[i].value, STR("multifield"))))
            return diag_unsupported(x->s->diag, o[i].at, "foreach with %s", o[i].name);
    if (diag_failed(x->s->diag))
        return false;
    if (n == 0)
        return spl_expected(x, "the name of a field");
    struct place at = spl_here(x);
    size_t begin = x->next + 1;
    if (!spl_take(x, "["))
        return spl_expected(x, "'[' and commands");
    size_t end = spl_bracket_end(x);
    if (end == x->end)
        return diag_error(x->s->diag, at, "a [ that is never closed");
    struct str template = str_trim(str_sub(x->text.text, begin, end - begin));
    if (!check_template(x, at, template) || !spl_enter(x))
        return false;
    bool is_good = true;
    x->is_in_each = true;
    for (size_t i = 0; is_good && i < n; i++)
        is_good = run_template(x, begin, put_in(x, template, names[i]));
    x->is_in_each = false;
    spl_leave(x);
    x->next = end + 1;
    return is_good;
}

/* ---- rangemap ------------------------------------------------------------------------------ */

/* "0", "-5", "2.5" at the beginning of *rest; what is behind it is left there. */
static struct expr *take_number(struct spl *x, struct place at, struct str *rest)
{
    size_t n = rest->n && rest->p[0] == '-';

    while (n < rest->n && ((rest->p[n] >= '0' && rest->p[n] <= '9') || rest->p[n] == '.'))
        n++;
    struct expr *e = n ? pipe_number(x->pipe, at, str_sub(*rest, 0, n)) : NULL;
    *rest = str_sub(*rest, n, SIZE_MAX);
    return e;
}

/* The name where the value is in the range, both ends in it. */
static struct expr *of_range(struct spl *x, struct place at, struct expr *value, struct str name,
                             struct str range)
{
    struct str rest = range;
    struct expr *low = take_number(x, at, &rest), *high = NULL;

    if (low && str_starts(rest, STR("-"))) {
        rest = str_sub(rest, 1, SIZE_MAX);
        high = take_number(x, at, &rest);
    }
    if (!high || rest.n)
        return (void)diag_error(x->s->diag, at, "a range is written 0-10, not '%.*s'",
                                SHOWN(range)),
               NULL;
    struct expr *is_in =
        pipe_call2(x->pipe, at, EXPR_AND, pipe_call2(x->pipe, at, EXPR_GE, value, low),
                   pipe_call2(x->pipe, at, EXPR_LE, value, high));
    return pipe_call2(x->pipe, at, EXPR_CASE, is_in, pipe_text(x->pipe, name));
}

bool spl_rangemap(struct spl *x)
{
    struct spl_option field = {.name = "field"};
    struct expr *items[RANGES_MAX], *value = NULL;
    struct str name, range, otherwise = STR("None");
    size_t n = 0;

    if (!spl_options(x, &field, 1))
        return false;
    if (!field.value.p)
        return spl_expected(x, "field=NAME");
    value = spl_operand(x, field.at, field.value);
    while (value && !spl_is_end(x)) {
        struct place at = spl_here(x);
        if (!spl_name(x, "=,\"'|", &name))
            return false;
        if (!spl_take(x, "="))
            return spl_expected(x, "'=' behind the name of a range");
        spl_blanks(x);
        if (!spl_name(x, ",\"'|", &range))
            return false;
        if (str_eq_ci(name, STR("default"))) {
            otherwise = range;
            continue;
        }
        if (n == RANGES_MAX)
            return diag_error(x->s->diag, at, "more than %d ranges", RANGES_MAX);
        items[n] = of_range(x, at, value, name, range);
        if (!items[n++])
            return false;
    }
    if (!value || n == 0)
        return value && spl_expected(x, "NAME=FROM-TO");
    struct expr *found =
        n == 1 ? items[0] : pipe_call(x->pipe, x->at, &(struct expr){.op = EXPR_LIST}, items, n);
    return spl_assign(
        x, x->at, STR("range"),
        pipe_call2(x->pipe, x->at, EXPR_COALESCE, found, pipe_text(x->pipe, otherwise)));
}

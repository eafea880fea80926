/* rex.c - rex: fields from the groups of a regex, and texts written over; regex: rows by one. */
#include "lang/spl/scan.h"

#include "base/str.h"

/* The part of "s/old/new/g" up to the next slash that no backslash stands before; what is behind
 * the slash is left in *rest. False: there is none. */
static bool sed_part(struct str *rest, struct str *out)
{
    for (size_t i = 0; i < rest->n; i++) {
        if (rest->p[i] == '\\') {
            i++;
        } else if (rest->p[i] == '/') {
            *out = str_sub(*rest, 0, i);
            *rest = str_sub(*rest, i + 1, SIZE_MAX);
            return true;
        }
    }
    return false;
}

/* All matches with the flag g, else the first; the groups of the match are \1, \2 ... */
static bool rex_sed(struct spl *x, struct place at, struct str field, struct str script)
{
    struct str rest = str_sub(script, 2, SIZE_MAX), old, new;

    if (!str_starts(script, STR("s/")))
        return diag_unsupported(x->s->diag, at,
                                "rex mode=sed with anything but s/old/new/ and s/old/new/g");
    if (!sed_part(&rest, &old) || !sed_part(&rest, &new))
        return diag_error(x->s->diag, at, "expected s/old/new/ or s/old/new/g");
    bool is_all = str_eq(rest, STR("g"));
    if (!is_all && rest.n)
        return diag_unsupported(x->s->diag, at, "rex mode=sed with the flag '%.*s'", SHOWN(rest));
    struct expr *args[] = {spl_column(x, x->at, field), pipe_text(x->pipe, new),
                           pipe_bool(x->pipe, true)};
    return spl_assign(x, x->at, field,
                      spl_regex_of(x, at, EXPR_REPLACE, old, args, is_all ? 2 : 3));
}

bool spl_rex(struct spl *x)
{
    struct spl_option o[] = {
        {.name = "field"}, {.name = "max_match"}, {.name = "mode"}, {.name = "offset_field"}};
    struct str pattern;
    struct regex re;
    size_t n_groups;
    int64_t most = 1;

    if (!spl_options(x, o, ARRAY_LEN(o)))
        return false;
    spl_blanks(x);
    struct place at = spl_here(x);
    if (spl_peek(x) != '"')
        return spl_expected(x, "a regex in quotes");
    if (!spl_quoted(x, &pattern) || !spl_options(x, o, ARRAY_LEN(o)))
        return false;
    if (o[3].value.p)
        return diag_unsupported(x->s->diag, o[3].at, "rex with offset_field");
    if (!o[0].value.p) /* as Splunk has it */
        o[0].value = STR("_raw");
    if (o[2].value.p && str_eq_ci(o[2].value, STR("sed")))
        return rex_sed(x, at, o[0].value, pattern);
    if (o[2].value.p)
        return diag_error(x->s->diag, x->at, "rex knows mode=sed, not '%.*s'", SHOWN(o[2].value));
    if (o[1].value.p && (!str_to_i64(o[1].value, &most) || most < 0 || most > EXPR_LIST_MAX * 100))
        return diag_error(x->s->diag, x->at, "max_match must be a number of matches");
    spl_regex(x, at, pattern, &re);
    struct expr *subject = spl_column(x, x->at, o[0].value);
    if (most == 1 ? !pipe_capture(x->pipe, at, subject, &re, true, &n_groups)
                  : !pipe_capture_all(x->pipe, at, subject, &re, most, &n_groups))
        return false;
    return n_groups > 0 ||
           diag_error(x->s->diag, at, "the regex of rex has no named group, as (?<name>...)");
}

/* regex f="..."  regex f!="..." */
bool spl_where_regex(struct spl *x)
{
    struct str name, pattern;

    spl_blanks(x);
    struct place at = spl_here(x);
    bool is_not = false;
    if (spl_peek(x) == '"') { /* as Splunk has it */
        name = STR("_raw");
    } else {
        if (!spl_name(x, "=!\"|", &name))
            return false;
        is_not = spl_take(x, "!=");
        if (!is_not && !spl_take(x, "="))
            return spl_expected(x, "'=' or '!='");
    }
    spl_blanks(x);
    if (spl_peek(x) != '"')
        return spl_expected(x, "a regex in quotes");
    if (!spl_quoted(x, &pattern))
        return false;
    struct expr *subject = spl_column(x, at, name);
    struct expr *e = spl_regex_of(x, at, EXPR_REGEX, pattern, &subject, 1);
    e = is_not ? pipe_call1(x->pipe, at, EXPR_NOT, e) : e;
    return e && spl_where(x, at, e);
}

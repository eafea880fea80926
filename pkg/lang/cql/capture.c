/* capture.c - regexes: that they match, and what their named groups capture.
 *
 * With repeat a match is a row, whose groups are those of the text that it has: so nothing in the
 * regex may be about what stands around it, if there are several.
 */
#include "lang/cql/scan.h"

#include "base/str.h"
#include "rule/expr_regex.h"

struct groups {
    struct str names[EXPR_GROUPS_MAX];
    uint32_t numbers[EXPR_GROUPS_MAX];
    size_t n;
    uint32_t n_all;
};

static size_t class_end(struct str s, size_t i)
{
    i += i + 1 < s.n && s.p[i + 1] == '^' ? 2 : 1;
    i += i < s.n && s.p[i] == ']'; /* a leading one is a member */
    for (; i < s.n && s.p[i] != ']'; i++)
        i += s.p[i] == '\\';
    return i < s.n ? i : s.n - 1;
}

/* Length of "?<name>" behind a parenthesis, 0 if there is none. */
static size_t name_length(struct str s)
{
    size_t begin = str_starts(s, STR("?<")) ? 2 : str_starts(s, STR("?P<")) ? 3 : 0;
    size_t close = begin ? str_find_char(s, '>', begin) : SIZE_MAX;

    if (close == SIZE_MAX || close == begin || s.p[begin] == '=' || s.p[begin] == '!')
        return 0;
    return close + 1;
}

/* A named group behind the parenthesis at `i`: noted. Bytes of its name; SIZE_MAX: too many. */
static size_t take_group(struct groups *out, struct str s, size_t i)
{
    struct str rest = str_sub(s, i + 1, SIZE_MAX);
    size_t length = name_length(rest), begin = length && rest.p[1] == '<' ? 2 : 3;

    out->n_all += length > 0 || rest.n == 0 || (rest.p[0] != '?' && rest.p[0] != '*');
    if (length == 0)
        return 0;
    if (out->n == EXPR_GROUPS_MAX)
        return SIZE_MAX;
    out->names[out->n] = str_sub(rest, begin, length - 1 - begin);
    out->numbers[out->n++] = out->n_all;
    return length;
}

/* Names of groups are names of fields, in which PCRE takes no dots: taken out of the pattern. */
static bool take_names(struct cql *x, struct place at, struct regex *re, struct groups *out)
{
    struct str s = re->pattern;
    char *p = arena_alloc(x->s->scratch, s.n + 1);
    size_t n = 0;

    out->n = out->n_all = 0;
    for (size_t i = 0; i < s.n; i++) {
        size_t end = s.p[i] == '\\' && i + 1 < s.n ? i + 1 : s.p[i] == '[' ? class_end(s, i) : i;
        bool is_group = s.p[i] == '(';
        for (; i <= end; i++)
            p[n++] = s.p[i];
        i--;
        size_t length = is_group ? take_group(out, s, i) : 0;
        if (length == SIZE_MAX)
            return diag_error(x->s->diag, at, "more than %d named groups", EXPR_GROUPS_MAX);
        i += length;
        if (length && i + 1 < s.n && (s.p[i + 1] == '?' || s.p[i + 1] == '*'))
            return diag_error(x->s->diag, at,
                              "not a valid regex: nothing to repeat at the start of group '%.*s'",
                              SHOWN(out->names[out->n - 1]));
    }
    re->pattern = names_intern(x->s->names, (struct str){p, n});
    return true;
}

/* Are all parts of the regex about the match itself? Behind it and before it there is nothing when
 * the match is matched again. */
static bool is_about_the_match(struct str s)
{
    static const struct str AROUND[] = {{"(?=", 3}, {"(?!", 3}, {"(?<", 3}};

    for (size_t i = 0; i < s.n; i++) {
        struct str rest = str_sub(s, i, SIZE_MAX);
        if (s.p[i] == '\\') {
            if (i + 1 < s.n && strchr("bBAzZGK", s.p[i + 1]))
                return false;
            i++;
        } else if (s.p[i] == '[') {
            i = class_end(s, i);
        } else if (s.p[i] == '^' || s.p[i] == '$') {
            return false;
        }
        for (size_t k = 0; k < ARRAY_LEN(AROUND); k++)
            if (str_starts(rest, AROUND[k]))
                return false;
    }
    return true;
}

static bool set_groups(struct cql *x, struct place at, struct expr *subject, const struct regex *re,
                       const struct groups *g)
{
    for (size_t i = 0; i < g->n; i++)
        if (!cql_set(x, at, g->names[i],
                     pipe_regex(x->pipe, at, EXPR_CAPTURE, re, g->numbers[i], &subject, 1)))
            return false;
    return true;
}

/* The regex matches; *g: the groups that are to be set, none inside a NOT. */
static struct expr *matches(struct cql *x, struct place at, struct expr *subject, struct regex *re,
                            struct groups *g)
{
    if (!subject || !take_names(x, at, re, g))
        return NULL;
    struct expr *e = pipe_regex(x->pipe, at, EXPR_REGEX, re, 0, &subject, 1);
    if (x->is_negated) /* where it does not match, nothing is captured */
        g->n = 0;
    if (e && g->n && x->is_condition)
        return (void)diag_unsupported(x->s->diag, at, "named groups inside an expression"), NULL;
    return e;
}

struct expr *cql_matches(struct cql *x, struct place at, struct expr *subject, struct regex re)
{
    struct groups g;
    struct expr *e = matches(x, at, subject, &re, &g);

    return e && set_groups(x, at, subject, &re, &g) ? e : NULL;
}

enum { MATCHES_MAX = 100 }; /* of one event, as in LogScale */
static bool expand_matches(struct cql *x, struct place at, struct expr *subject,
                           const struct regex *re, uint32_t group)
{
    struct expr *all = pipe_regex(x->pipe, at, EXPR_LIST_CAPTURE, re, group, &subject, 1);

    return pipe_expand_values(x->pipe, at,
                              pipe_call3(x->pipe, at, EXPR_LIST_AT, all, pipe_whole(x->pipe, 0),
                                         pipe_whole(x->pipe, MATCHES_MAX - 1)));
}

/* A row is a match: its groups are those of the text that it has. */
struct expr *cql_matches_all(struct cql *x, struct place at, struct expr *subject, struct regex re)
{
    struct groups g;
    struct expr *e = matches(x, at, subject, &re, &g);

    if (!e || g.n == 0)
        return e;
    if (g.n == 1)
        return expand_matches(x, at, subject, &re, g.numbers[0]) &&
                       cql_set(x, at, g.names[0], pipe_member(x->pipe))
                   ? e
                   : NULL;
    if (!is_about_the_match(re.pattern))
        return (void)diag_unsupported(x->s->diag, at,
                                      "regex() with repeat, several groups and parts that are "
                                      "about what stands around a match"),
               NULL;
    return expand_matches(x, at, subject, &re, 0) &&
                   set_groups(x, at, pipe_member(x->pipe), &re, &g)
               ? e
               : NULL;
}

bool cql_without_names(struct cql *x, struct place at, struct regex *re)
{
    struct groups g;

    if (!take_names(x, at, re, &g))
        return false;
    if (g.n == 0 || x->is_negated) /* where it does not match, nothing is captured */
        return true;
    if (x->is_condition)
        return diag_unsupported(x->s->diag, at, "named groups inside an expression");
    diag_warn(x->s->diag, at,
              "named groups in a regex without a field are not computed: what they would add stays "
              "empty");
    for (size_t i = 0; i < g.n; i++)
        cql_add_unknown(x, names_intern(x->s->names, g.names[i]),
                        STR("named groups in a regex without a field"), CQL_NOT_COMPUTED);
    return true;
}

/* join.c - join: rows that have a row of another search, with the same values of some fields.
 *
 *     ... | join [type=inner] field, field [ search ... | stats ... by field ]
 *
 * On a stream both must be there within the window, in whatever order; findings fold by the fields.
 * A row of tstats and its like is there as soon as an event of it is: groups before the join, and
 * in the other search, are events again, if nobody asks their aggregates. What the other search
 * adds, and writes over columns of the same name, may be shown and not be asked. type=left leaves
 * nothing out and only adds.
 */
#include "lang/spl/scan.h"

#include "base/str.h"

struct join {
    struct str keys[CORRELATION_GROUP_MAX];
    size_t n_keys;
    bool is_left;
};

size_t spl_bracket_end(const struct spl *x)
{
    unsigned depth = 1;

    for (size_t i = x->next; i < x->end; i++) {
        char c = x->text.text.p[i];
        if (c == '\\') {
            i++;
        } else if (c == '"') {
            for (i++; i < x->end && x->text.text.p[i] != '"'; i++)
                i += x->text.text.p[i] == '\\';
        } else if (c == '[') {
            depth++;
        } else if (c == ']' && --depth == 0) {
            return i;
        }
    }
    return x->end;
}

/* NAME=VALUE, the sign taken. */
static bool take_option(struct spl *x, struct place at, struct str name, struct join *j)
{
    struct str value;

    if (!spl_name(x, ",[|", &value))
        return false;
    if (str_eq_ci(name, STR("type"))) {
        j->is_left = str_eq_ci(value, STR("left")) || str_eq_ci(value, STR("outer"));
        return j->is_left || str_eq_ci(value, STR("inner")) ||
               diag_error(x->s->diag, at, "join knows type=inner, left and outer, not '%.*s'",
                          SHOWN(value));
    }
    bool is_harmless = str_eq_ci(name, STR("max")) || str_eq_ci(name, STR("overwrite"));
    bool is_off = str_eq_ci(value, STR("false")) || str_eq_ci(value, STR("f"));
    return is_harmless || (str_eq_ci(name, STR("usetime")) && is_off) ||
           diag_unsupported(x->s->diag, at, "join with %.*s", SHOWN(name));
}

static bool read_head(struct spl *x, struct join *j)
{
    struct str name;

    while (spl_blanks(x), spl_peek(x) && spl_peek(x) != '[') {
        struct place at = spl_here(x);
        if (!spl_name(x, "=,[\"'|", &name))
            return false;
        if (spl_take(x, "=")) {
            if (!take_option(x, at, name, j))
                return false;
            continue;
        }
        if (j->n_keys == CORRELATION_GROUP_MAX)
            return diag_error(x->s->diag, at, "more than %d fields", CORRELATION_GROUP_MAX);
        j->keys[j->n_keys++] = spl_field(x, name);
        (void)spl_take(x, ",");
    }
    if (!spl_take(x, "["))
        return spl_expected(x, "'[' and a search");
    return j->n_keys > 0 ||
           diag_unsupported(x->s->diag, x->at, "join by all fields that both have");
}

/* The search up to the bracket, with a pipeline of its own. */
static bool read_search(struct spl *x, struct spl *inner)
{
    size_t end = spl_bracket_end(x);

    if (end == x->end)
        return diag_error(x->s->diag, spl_here(x), "a [ that is never closed");
    if (!spl_enter(x))
        return false;
    *inner = (struct spl){.s = x->s,
                          .pipe = spl_pipe_new(x->s),
                          .text = x->text,
                          .depth = x->depth,
                          .is_inside = x->is_inside,
                          .n_values = x->n_values};
    bool is_good = spl_run(inner, x->next, end);
    spl_leave(x);
    x->n_values = inner->n_values;
    x->next = end + 1;
    return is_good;
}

bool spl_add_shown(struct spl *x, struct str name, const char *command, bool is_always)
{
    if (!x->added)
        x->added = ARENA_ARRAY(x->s->scratch, SPL_ADDED_MAX, struct spl_added);
    if (x->n_added == SPL_ADDED_MAX)
        return diag_error(x->s->diag, x->at, "%s of more than %d columns", command, SPL_ADDED_MAX);
    x->added[x->n_added++] = (struct spl_added){name, command, is_always};
    return true;
}

static bool keep_added(struct spl *x, struct str name, bool is_always)
{
    return spl_add_shown(x, name, "join", is_always);
}

struct spl_added *spl_added(const struct spl *x, struct str name)
{
    for (size_t i = 0; i < x->n_added; i++)
        if (str_eq(x->added[i].name, name))
            return &x->added[i];
    return NULL;
}

static bool is_key(const struct join *j, struct str name)
{
    for (size_t i = 0; i < j->n_keys; i++)
        if (str_eq(j->keys[i], name))
            return true;
    return false;
}

bool spl_ungroup(struct spl *x, struct spl *of, const char *command)
{
    struct str names[SPL_ADDED_MAX];
    size_t n;

    if (!pipe_is_grouped(of->pipe))
        return true;
    if (!pipe_columns(of->pipe, names, ARRAY_LEN(names), &n) || !pipe_ungroup(of->pipe, x->at))
        return diag_unsupported(x->s->diag, x->at, "%s of groups with conditions on aggregates",
                                command);
    for (size_t i = 0; i < n; i++)
        if (!pipe_has_column(of->pipe, names[i]) && !spl_add_shown(of, names[i], command, false))
            return false;
    return true;
}

/* Columns of the other search: those of keys are always there. */
static bool add_columns(struct spl *x, const struct spl *inner, const struct join *j,
                        bool is_grouped)
{
    struct str names[SPL_ADDED_MAX];
    size_t n;

    if (!pipe_columns(inner->pipe, names, ARRAY_LEN(names), &n))
        return diag_unsupported(x->s->diag, x->at,
                                "join with a search that names no columns (fields, table, stats)");
    for (size_t i = 0; i < n; i++)
        if (!is_key(j, names[i]) && !keep_added(x, names[i], is_grouped && !j->is_left))
            return false;
    for (size_t i = 0; i < inner->n_added; i++)
        if (!is_key(j, inner->added[i].name) && !keep_added(x, inner->added[i].name, false))
            return false;
    return true;
}

static bool set_keys(struct spl *x, struct spl *of, const struct join *j, struct pipe_key *keys)
{
    for (size_t i = 0; i < j->n_keys; i++) {
        if (spl_added(of, j->keys[i]))
            return diag_unsupported(x->s->diag, x->at, "join by an aggregate, '%.*s'",
                                    SHOWN(j->keys[i]));
        keys[i] = (struct pipe_key){j->keys[i], spl_column(of, x->at, j->keys[i])};
        if (!keys[i].value)
            return false;
        bool is_bin = keys[i].value->kind == EXPR_CALL && keys[i].value->op == EXPR_TIME_TRUNC;
        x->is_timeless &= !is_bin;
    }
    return true;
}

static bool join_inner(struct spl *x, struct spl *inner, const struct join *j)
{
    struct pipe_key *own = ARENA_ARRAY(x->s->scratch, j->n_keys, struct pipe_key);
    struct pipe_key *others = ARENA_ARRAY(x->s->scratch, j->n_keys, struct pipe_key);
    struct logsource *source = ARENA_NEW(x->s->a, struct logsource);
    struct rule rule = {0};

    x->is_timeless = true;
    if (!set_keys(x, x, j, own) || !set_keys(x, inner, j, others))
        return false;
    spl_give_source(inner, &rule);
    *source = rule.logsource;
    pipe_set_source(inner->pipe, source);
    x->is_joined = true;
    return pipe_join(x->pipe, x->at, inner->pipe, own, others, j->n_keys);
}

bool spl_join(struct spl *x)
{
    struct join j = {0};
    struct spl inner;

    if (!read_head(x, &j) || !read_search(x, &inner))
        return false;
    bool is_grouped = pipe_is_grouped(inner.pipe);
    if (!spl_ungroup(x, &inner, "join") || (!j.is_left && !spl_ungroup(x, x, "join")))
        return false;
    if (j.is_left)
        diag_warn(x->s->diag, x->at,
                  "join type=left leaves nothing out: what it would add stays empty");
    else if (!join_inner(x, &inner, &j))
        return false;
    return add_columns(x, &inner, &j, is_grouped);
}

/* ---- a search inside a search ---------------------------------------------------------------- */

static bool refuse_inside(struct spl *x, struct place at, const char *what)
{
    return diag_unsupported(x->s->diag, at, "a search inside a search ([...]) %s", what);
}

/* Values of a search compare case aside. */
static struct expr *folded(struct spl *x, struct place at, struct expr *e)
{
    struct expr *one = pipe_call1(x->pipe, at, EXPR_LOWER,
                                  pipe_call1(x->pipe, at, EXPR_STRING, pipe_member(x->pipe)));

    return pipe_call2(x->pipe, at, EXPR_MAP, e, one);
}

static bool join_fields(struct spl *x, struct place at, struct spl *inner, const struct str *names,
                        size_t n)
{
    struct pipe_key *own = ARENA_ARRAY(x->s->scratch, n, struct pipe_key);
    struct pipe_key *others = ARENA_ARRAY(x->s->scratch, n, struct pipe_key);
    struct logsource *source = ARENA_NEW(x->s->a, struct logsource);
    struct rule rule = {0};

    for (size_t i = 0; i < n; i++) {
        bool is_term = str_eq(names[i], STR("search")) || str_eq(names[i], STR("query"));
        if (is_term || (names[i].n && names[i].p[0] == '_'))
            return refuse_inside(x, at,
                                 is_term ? "whose values are terms (a field 'search' or 'query')"
                                         : "of a field that Splunk makes");
        if (!pipe_has_column(inner->pipe, names[i]) || spl_added(inner, names[i]))
            return refuse_inside(x, at, "of aggregates (fields NAME leaves them out)");
        struct expr *a = spl_column(x, at, names[i]), *b = spl_column(inner, at, names[i]);
        if (!a || !b)
            return false;
        own[i] = (struct pipe_key){names[i], folded(x, at, a)};
        others[i] = (struct pipe_key){names[i], folded(inner, at, b)};
    }
    spl_give_source(inner, &rule);
    *source = rule.logsource;
    pipe_set_source(inner->pipe, source);
    x->is_joined = true;
    return pipe_join(x->pipe, at, inner->pipe, own, others, n);
}

struct expr *spl_inside(struct spl *x)
{
    struct place at = spl_here(x);
    struct spl *inner = ARENA_NEW(x->s->scratch, struct spl);
    struct str *names = ARENA_ARRAY(x->s->scratch, SPL_ADDED_MAX, struct str);
    size_t n;

    (void)spl_take(x, "[");
    spl_blanks(x);
    size_t begin = x->next;
    bool is_search = spl_take_word(x, "search", true) || spl_take(x, "|");
    x->next = begin;
    if (!is_search || x->n_choices > 0 || pipe_is_grouped(x->pipe) || x->is_inside)
        return (void)refuse_inside(x, at,
                                   !is_search     ? "that reads no list"
                                   : x->n_choices ? "under NOT or in an OR, that reads no list"
                                   : x->is_inside ? "inside another one"
                                                  : "behind groups, that reads no list"),
               NULL;
    x->is_inside = true;
    bool is_good = read_search(x, inner);
    x->is_inside = false;
    if (!is_good)
        return NULL;
    if (!pipe_columns(inner->pipe, names, CORRELATION_GROUP_MAX, &n) || n == 0)
        return (void)refuse_inside(x, at, "that does not name its fields (fields NAME)"), NULL;
    struct place outer = x->at;
    x->at = at;
    is_good = spl_ungroup(x, inner, "a search inside a search ([...])") &&
              join_fields(x, at, inner, names, n);
    x->at = outer;
    return is_good ? pipe_bool(x->pipe, true) : NULL;
}

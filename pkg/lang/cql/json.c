/* json.c - parseJson(): what stands in a text that is JSON are fields from then on.
 *
 * Their names are known to those who ask: each name that somebody asks is looked for in the text,
 * and goes before what the event has of this name. Members of an array are the values of its name,
 * as in events; an object is its text. Of @rawstring the fields are the event's own, if that came
 * as JSON.
 */
#include "lang/cql/scan.h"

#include "base/buf.h"
#include "base/str.h"

/* Each name that is asked is looked for in the texts of all of them. */
enum { PARSED_MAX = 16 };

struct cql_parsed {
    struct expr *text;
    struct str prefix;
    bool is_event;
    uint32_t number; /* from 1 on */
    const struct cql_parsed *before;
};

/* "a[0].b" as a path is "a{0}.b". Empty: it is none. */
static struct str path_of(struct cql *x, struct str name)
{
    char *p = arena_alloc(x->s->scratch, name.n + 1);

    if (name.n == 0 || name.p[0] == '@' || name.p[0] == '#' || name.p[0] == '.' ||
        name.p[name.n - 1] == '.' || str_find_char(name, '{', 0) != SIZE_MAX ||
        str_find(name, STR(".."), 0) != SIZE_MAX)
        return STR("");
    for (size_t i = 0; i < name.n; i++)
        p[i] = name.p[i] == '[' ? '{' : name.p[i] == ']' ? '}' : name.p[i];
    return names_intern(x->s->names, (struct str){p, name.n});
}

static struct expr *at_path(struct cql *x, struct place at, struct expr *text, struct str path)
{
    return pipe_call2(x->pipe, at, EXPR_JSON_AT, text, pipe_text(x->pipe, path));
}

static struct expr *with(struct cql *x, struct place at, const struct cql_parsed *p,
                         struct str name, struct expr *own)
{
    if (!p)
        return own;
    own = with(x, at, p->before, name, own);
    struct str rest = str_sub(name, p->prefix.n, SIZE_MAX);
    struct str path = str_starts(name, p->prefix) ? path_of(x, rest) : STR("");
    if (!path.n)
        return own;
    struct str members = arena_printf(x->s->a, "%.*s{}", (int)path.n, path.p);
    struct expr *items[] = {at_path(x, at, p->text, members), at_path(x, at, p->text, path), own,
                            NULL};
    size_t n = 3;
    if (p->is_event && p->prefix.n)
        items[n++] = pipe_column(x->pipe, at, rest);
    return pipe_call(x->pipe, at, &(struct expr){.op = EXPR_COALESCE}, items, n);
}

struct expr *cql_parsed_value(struct cql *x, struct place at, struct str name, struct expr *own)
{
    return with(x, at, x->parsed, name, own);
}

static bool may_have(const struct cql *x, struct str name)
{
    return x->parsed && !pipe_is_grouped(x->pipe) && !pipe_was_column(x->pipe, name) &&
           !cql_is_lacking(x, name) && str_find_char(name, '*', 0) == SIZE_MAX;
}

bool cql_parsed_column(struct cql *x, struct place at, struct str name)
{
    return !may_have(x, name) || cql_set(x, at, name, cql_column(x, at, name));
}

/* Columns that there are already are written over; those that a step took away come again. */
static bool write_over(struct cql *x, struct place at, const struct cql_parsed *p)
{
    enum { ROOM = PIPE_COLUMNS_MAX + CQL_ARGUMENTS_MAX };
    struct str *names = ARENA_ARRAY(x->s->scratch, ROOM, struct str);
    size_t n;

    (void)pipe_columns(x->pipe, names, ROOM, &n);
    for (size_t i = 0; i < n; i++)
        if (!cql_is_lacking(x, names[i]) &&
            !cql_set(x, at, names[i], with(x, at, p, names[i], pipe_column(x->pipe, at, names[i]))))
            return false;
    n = pipe_columns_gone(x->pipe, names, ROOM);
    for (size_t i = 0; i < n; i++) {
        struct expr *value = with(x, at, p, names[i], pipe_null(x->pipe));
        if (value && value->kind == EXPR_NULL)
            continue; /* not one that may stand in the text */
        if (!cql_set(x, at, names[i], value))
            return false;
    }
    return true;
}

bool cql_parse_json(struct cql *x, struct cql_call *call)
{
    enum { FIELD, PREFIX, OTHERS };
    struct cql_parsed *p = ARENA_NEW(x->s->scratch, struct cql_parsed);
    struct str field = STR("@rawstring");

    if (x->has_source)
        return cql_parse_event(x, call);
    *p = (struct cql_parsed){
        .prefix = STR(""), .number = x->parsed ? x->parsed->number + 1 : 1, .before = x->parsed};
    if (p->number > PARSED_MAX)
        return diag_error(x->s->diag, call->at, "more than %d calls of parseJson()", PARSED_MAX);
    if (!cql_bind(x, call, "field prefix", SIZE_MAX) ||
        (call->bound[FIELD] && !cql_field_of(x, call->bound[FIELD], &field)) ||
        (call->bound[PREFIX] && !cql_text_of(x, call->bound[PREFIX], &p->prefix)))
        return false;
    if (x->n_clauses || pipe_is_grouped(x->pipe) || x->self_join)
        return diag_unsupported(x->s->diag, call->at,
                                "parseJson() inside of a case, or behind groups");
    p->is_event = str_eq(field, STR("@rawstring"));
    p->text = cql_column(x, call->at, field);
    struct cql_parsed only = *p;
    only.before = NULL;
    if (!p->text || !write_over(x, call->at, &only))
        return false;
    x->parsed = p;
    return true;
}

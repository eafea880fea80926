/* call_other.c - functions about addresses, places and JSON. */
#include "lang/esql/call.h"

#include "base/str.h"

/* ---- addresses -------------------------------------------------------------------- */

static struct expr *cidr(const struct esql_call *c)
{
    struct str *networks = ARENA_ARRAY(c->p->s->scratch, c->n, struct str);

    for (size_t i = 1; i < c->n; i++) {
        struct expr_value v;
        if (!pipe_constant(c->args[i], &v) || v.type != EXPR_VALUE_TEXT) {
            diag_unsupported(c->p->s->diag, c->at,
                             "CIDR_MATCH() with networks that are no literals");
            return NULL;
        }
        networks[i - 1] = v.text;
    }
    return pipe_in_networks(c->p->pipe, c->at, c->args[0], networks, c->n - 1);
}

/* ---- places ----------------------------------------------------------------------- */

/* "POINT(lon lat)": the number behind the parenthesis, or the one behind the blank. */
static struct expr *number_in(const struct esql_call *c, struct expr *point, bool is_lat)
{
    struct regex re = {.pattern = is_lat ? STR("POINT\\s*\\(\\s*\\S+\\s+([^\\s)]+)")
                                         : STR("POINT\\s*\\(\\s*([^\\s)]+)")};

    return esql_call1(c, EXPR_REAL, pipe_regex(c->p->pipe, c->at, EXPR_CAPTURE, &re, 1, &point, 1));
}

/* A field of points is an object {lat, lon}, or such a text. */
static struct expr *coordinate(const struct esql_call *c, struct expr *point, bool is_lat)
{
    struct expr *written = number_in(c, point, is_lat);

    if (point->kind != EXPR_MEMBERS)
        return written;
    struct str name = arena_printf(c->p->s->scratch, "%.*s.%s", (int)point->text.n, point->text.p,
                                   is_lat ? "lat" : "lon");
    return esql_call2(c, EXPR_COALESCE, esql_call1(c, EXPR_REAL, pipe_field(c->p->pipe, name)),
                      written);
}

static struct expr *st_x(const struct esql_call *c)
{
    return coordinate(c, c->args[0], false);
}

static struct expr *st_y(const struct esql_call *c)
{
    return coordinate(c, c->args[0], true);
}

static struct expr *st_distance(const struct esql_call *c)
{
    struct expr *args[] = {coordinate(c, c->args[0], true), coordinate(c, c->args[0], false),
                           coordinate(c, c->args[1], true), coordinate(c, c->args[1], false)};

    return pipe_call(c->p->pipe, c->at, &(struct expr){.op = EXPR_DISTANCE}, args, 4);
}

/* ---- JSON ------------------------------------------------------------------------- */

/* "$.a.b[0]" as the path "a.b{0}"; false: it is no such path. */
static bool json_path(const struct esql_call *c, struct str path, struct str *out)
{
    char *to = arena_alloc(c->p->s->scratch, path.n + 1);
    size_t n = 0;

    if (str_starts(path, STR("$")))
        path = str_sub(path, path.n > 1 && path.p[1] == '.' ? 2 : 1, SIZE_MAX);
    for (size_t i = 0; i < path.n; i++) {
        char ch = path.p[i];
        if (ch == '\'' || ch == '"' || ch == '*' || ch == '?' || ch == '{' || ch == '}')
            return false;
        to[n++] = (char)(ch == '[' ? '{' : ch == ']' ? '}' : ch);
    }
    *out = (struct str){to, n};
    return n > 0;
}

/* JSON_EXTRACT(text, path); of _source the event's own field. */
static struct expr *json_extract(const struct esql_call *c)
{
    struct expr_value v;
    struct str path;

    if (!pipe_constant(c->args[1], &v) || v.type != EXPR_VALUE_TEXT || !json_path(c, v.text, &path))
        return esql_unsupported(c, "JSON_EXTRACT() with a path that is more than names and places");
    if (c->args[0]->kind == EXPR_MEMBERS && str_eq(c->args[0]->text, STR("_source")) &&
        str_find_char(path, '{', 0) == SIZE_MAX)
        return esql_call1(c, EXPR_STRING, pipe_field(c->p->pipe, path));
    return esql_call1(c, EXPR_STRING,
                      esql_call2(c, EXPR_JSON_AT, c->args[0], pipe_text(c->p->pipe, path)));
}

static const struct esql_function FUNCTIONS[] = {
    {"cidr_match", EXPR_IN_NETWORK, 2, ESQL_ARGS_MAX, cidr, "t"},
    {"ip_prefix", EXPR_IP_PREFIX, 3, 3, NULL, "tn"},
    {"st_x", EXPR_REAL, 1, 1, st_x, NULL},
    {"st_y", EXPR_REAL, 1, 1, st_y, NULL},
    {"st_distance", EXPR_DISTANCE, 2, 2, st_distance, NULL},
    {"json_extract", EXPR_EQ, 2, 2, json_extract, NULL},
};

const struct esql_functions ESQL_OTHER_FUNCTIONS = {FUNCTIONS, ARRAY_LEN(FUNCTIONS)};

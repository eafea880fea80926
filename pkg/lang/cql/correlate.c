/* correlate.c - correlate(): events of several queries that belong together.
 *
 *     correlate(
 *         fail: { #event=Logon ok=false } include: [user, ip],
 *         next: { #event=Logon ok=true | user <=> fail.user } include: [host],
 *         sequence=true, within=1h)
 *
 * `<=>` says that a field of one query has the value of a field of another. Fields that are linked,
 * be it through a third one, are one key; each key must be about every query, since the events of
 * all are found by their keys: a chain (a.x with b.x, b.y with c.y) is none. So the rule is a
 * correlation over a part for each query, in any order or, with sequence=true, in that of the text.
 *
 * What is shown of the events is shown anyway, as their evidence: steps behind correlate() may only
 * show rows.
 */
#include "lang/cql/scan.h"

#include "base/str.h"
#include "base/vec.h"

enum { QUERIES_MAX = CORRELATION_INPUTS_MAX, LINKS_MAX = 256 };

/* A field of a query, as a link names it. */
struct end {
    struct str query, field; /* query: empty: that in which the link stands */
    size_t number;           /* of the query, once all names are known */
    struct expr *value;      /* NULL: as it is at the end of its query */
    struct place at;
    size_t key; /* ends with one number are one key */
};

struct links {
    struct end *ends; /* in pairs */
    size_t n, cap;
};

struct cql_link_scope {
    struct links *links;
    size_t number; /* of the query that is read */
};

struct member {
    struct str name;
    struct cql query;
    struct str_list include;
    bool has_include;
};

struct correlate {
    struct cql *x;
    struct place at;
    struct member *members;
    size_t n;
    struct links links;
    size_t n_keys;
};

/* ---- links ------------------------------------------------------------------------------------
 */

size_t cql_n_links(const struct cql *x)
{
    return x->links ? x->links->links->n : 0;
}

static bool may_link(struct cql *x, struct place at, const struct links *l)
{
    return l->n < 2 * (size_t)LINKS_MAX ||
           diag_error(x->s->diag, at, "more than %d links in one correlate()", LINKS_MAX);
}

static void add_end(struct cql *x, struct links *l, struct end e)
{
    l->ends = vec_room(x->s->scratch, l->ends, l->n, &l->cap, sizeof *l->ends);
    l->ends[l->n++] = e;
}

struct expr *cql_link(struct cql *x, struct place at, struct str name)
{
    struct str other;

    if (!x->links)
        return (void)diag_error(x->s->diag, at, "'<=>' stands in the queries of correlate()"), NULL;
    if (x->is_negated || x->is_condition || x->n_clauses)
        return (void)diag_unsupported(x->s->diag, at, "'<=>' under NOT or inside of a case"), NULL;
    cql_blanks(x);
    struct place there = cql_here(x);
    if (!cql_name(x, &other))
        return NULL;
    size_t dot = str_find_char(other, '.', 0);
    if (dot == SIZE_MAX || dot == 0 || dot + 1 == other.n)
        return (void)diag_error(x->s->diag, there,
                                "expected a field of another query (QUERY.FIELD), found '%.*s'",
                                SHOWN(other)),
               NULL;
    other = names_intern(x->s->names, other);
    struct end own = {.query = STR(""),
                      .field = names_intern(x->s->names, name),
                      .number = x->links->number,
                      .value = cql_column(x, at, name),
                      .at = at};
    if (!own.value || !may_link(x, at, x->links->links))
        return NULL;
    add_end(x, x->links->links, own);
    add_end(x, x->links->links,
            (struct end){.query = str_sub(other, 0, dot),
                         .field = str_sub(other, dot + 1, SIZE_MAX),
                         .at = there});
    return pipe_bool(x->pipe, true);
}

/* ---- queries ----------------------------------------------------------------------------------
 */

/* name: { steps } [include: fields] */
static bool read_member(struct correlate *c, const struct cql_argument *a)
{
    struct cql *x = c->x;
    struct member *m = &c->members[c->n];
    struct cql_window w = cql_open(x, a->whole, a->end);
    struct cql_link_scope scope = {&c->links, c->n};

    struct str name = cql_bare(x);
    if (name.n < 2 || name.p[name.n - 1] != ':' || !cql_is_at(x, "{")) {
        x->next = a->whole;
        return cql_expected(x, "'NAME: { a query }' or 'parameter=value'");
    }
    *m = (struct member){.name = names_intern(x->s->names, str_sub(name, 0, name.n - 1))};
    for (size_t i = 0; i < c->n; i++)
        if (str_eq(c->members[i].name, m->name))
            return diag_error(x->s->diag, cql_place(x, a->whole), "two queries are called '%.*s'",
                              SHOWN(m->name));
    if (!cql_inner_query(x, x->next, a->end, &scope, &m->query))
        return false;
    m->query.links = NULL;
    x->next = m->query.next;
    c->n++;
    m->has_include = cql_take(x, "include:");
    if (m->has_include) {
        cql_blanks(x);
        struct cql_argument fields = {.whole = x->next, .begin = x->next, .end = a->end};
        if (!cql_fields_of(x, &fields, &m->include))
            return false;
        x->next = a->end;
    }
    return cql_close(x, w);
}

static bool read_members(struct correlate *c, const struct cql_call *call)
{
    for (size_t i = 0; i < call->n; i++) {
        if (call->items[i].name.n)
            continue;
        if (c->n == QUERIES_MAX)
            return diag_error(c->x->s->diag, c->at, "more than %d queries", QUERIES_MAX);
        if (!read_member(c, &call->items[i]))
            return false;
        const struct cql *q = &c->members[c->n - 1].query;
        if (q->has_source || q->self_join || pipe_is_grouped(q->pipe))
            return diag_unsupported(c->x->s->diag, cql_place(c->x, call->items[i].whole),
                                    pipe_is_grouped(q->pipe)
                                        ? "groups in a query of correlate()"
                                        : "a query with events of its own, or selfJoinFilter(), "
                                          "in correlate()");
    }
    return c->n > 1 || diag_error(c->x->s->diag, c->at, "correlate() wants two queries or more");
}

/* ---- keys -------------------------------------------------------------------------------------
 */

static bool find_query(struct correlate *c, struct end *e)
{
    for (size_t i = 0; i < c->n; i++)
        if (str_eq(c->members[i].name, e->query)) {
            e->number = i;
            return true;
        }
    return diag_error(c->x->s->diag, e->at, "correlate() has no query '%.*s'", SHOWN(e->query));
}

static bool is_same(const struct end *a, const struct end *b)
{
    return a->number == b->number && str_eq(a->field, b->field);
}

/* Ends that are linked get one number. */
static void join_keys(struct correlate *c)
{
    struct end *e = c->links.ends;

    for (size_t i = 0; i < c->links.n; i++)
        e[i].key = i;
    for (bool is_changed = true; is_changed;) {
        is_changed = false;
        for (size_t i = 0; i < c->links.n; i++)
            for (size_t k = 0; k < c->links.n; k++) {
                bool is_one = k == (i ^ 1) || is_same(&e[i], &e[k]);
                if (is_one && e[k].key > e[i].key) {
                    e[k].key = e[i].key;
                    is_changed = true;
                }
            }
    }
}

/* The end of the key in the query; *twice: there is another field of it. NULL: none. */
static const struct end *end_of(const struct correlate *c, size_t key, size_t number, bool *twice)
{
    const struct end *found = NULL;

    *twice = false;
    for (size_t i = 0; i < c->links.n; i++) {
        const struct end *e = &c->links.ends[i];
        if (e->key != key || e->number != number)
            continue;
        *twice |= found && !str_eq(found->field, e->field);
        if (!found || (!found->value && e->value))
            found = e;
    }
    return found;
}

static bool set_key(struct correlate *c, size_t key, struct pipe_key **keys)
{
    struct place at = c->links.ends[key].at;

    for (size_t i = 0; i < c->n; i++) {
        struct member *m = &c->members[i];
        bool twice;
        const struct end *e = end_of(c, key, i, &twice);
        if (!e)
            return diag_unsupported(
                c->x->s->diag, at,
                "a link that does not reach the query '%.*s' (each key is about every query)",
                SHOWN(m->name));
        if (twice)
            return diag_unsupported(c->x->s->diag, at, "a link to two fields of the query '%.*s'",
                                    SHOWN(m->name));
        struct expr *value = e->value ? e->value : cql_column(&m->query, e->at, e->field);
        if (!value || diag_failed(c->x->s->diag))
            return false;
        keys[i][c->n_keys] = (struct pipe_key){e->field, value};
    }
    c->n_keys++;
    return true;
}

/* globalConstraints=[field, ...]: as if each query linked them to those of the first. */
static bool add_global(struct correlate *c, const struct cql_argument *a)
{
    struct str_list fields;

    if (!a)
        return true;
    if (!cql_fields_of(c->x, a, &fields))
        return false;
    for (size_t f = 0; f < fields.n; f++)
        for (size_t i = 1; i < c->n; i++) {
            struct end own = {.field = fields.items[f], .number = i, .query = STR("")};
            own.at = cql_place(c->x, a->begin);
            if (!may_link(c->x, own.at, &c->links))
                return false;
            add_end(c->x, &c->links, own);
            own.number = 0;
            add_end(c->x, &c->links, own);
        }
    return true;
}

static bool set_keys(struct correlate *c, struct pipe_key **keys)
{
    for (size_t i = 0; i < c->links.n; i++) {
        struct end *e = &c->links.ends[i];
        if (e->query.n && !find_query(c, e))
            return false;
    }
    join_keys(c);
    for (size_t i = 0; i < c->n; i++)
        keys[i] = ARENA_ARRAY(c->x->s->scratch, c->links.n + 1, struct pipe_key);
    for (size_t i = 0; i < c->links.n; i++) {
        if (c->links.ends[i].key == i && !set_key(c, i, keys))
            return false;
    }
    return c->n_keys > 0 ||
           diag_error(c->x->s->diag, c->at,
                      "correlate() without a link between its queries (field <=> QUERY.FIELD)");
}

/* ---- the whole --------------------------------------------------------------------------------
 */

static bool show(struct member *m)
{
    if (!m->has_include || (m->include.n == 1 && str_eq(m->include.items[0], STR("*"))))
        return true;
    return pipe_keep(m->query.pipe, m->query.s->at, m->include.items, m->include.n);
}

/* Parameters: those that say which of several constellations are told do not matter, since findings
 * fold. */
enum { GLOBAL, SEQUENCE, WITHIN, SEQUENCE_BY, JITTER };
static bool read_parameters(struct cql *x, const struct cql_call *call, struct cql_call *named,
                            bool *is_ordered, int64_t *window_ms)
{
    struct str text;

    *named = (struct cql_call){.name = call->name, .at = call->at};
    for (size_t i = 0; i < call->n; i++)
        if (call->items[i].name.n)
            named->items[named->n++] = call->items[i];
    if (!cql_bind(x, named,
                  "globalConstraints sequence within sequenceBy jitterTolerance "
                  "includeConstraintValues includeMatchesOnceOnly iterationLimit maxPerRoot root",
                  SIZE_MAX))
        return false;
    *is_ordered = false;
    *window_ms = 0;
    if (named->bound[SEQUENCE] && !cql_flag_of(x, named->bound[SEQUENCE], is_ordered))
        return false;
    if (named->bound[SEQUENCE_BY] &&
        (!cql_text_of(x, named->bound[SEQUENCE_BY], &text) || !str_eq(text, STR("@timestamp"))))
        return diag_unsupported(x->s->diag, call->at,
                                "correlate() with another order than that of time (sequenceBy)");
    if (named->bound[JITTER])
        return diag_unsupported(x->s->diag, call->at, "correlate() with 'jitterTolerance='");
    if (!named->bound[WITHIN])
        return true;
    return cql_text_of(x, named->bound[WITHIN], &text) &&
           (cql_span(text, window_ms) ||
            diag_error(x->s->diag, cql_place(x, named->bound[WITHIN]->begin),
                       "'%.*s' is no span of time (30s, 5m, 1h)", SHOWN(text)));
}

bool cql_correlate(struct cql *x, struct cql_call *call)
{
    struct correlate c = {.x = x, .at = call->at};
    struct cql_call named;
    struct pipe_key *keys[QUERIES_MAX];
    bool is_ordered;
    int64_t window_ms;

    if (x->n_steps || x->n_clauses || x->is_inner)
        return diag_unsupported(x->s->diag, call->at, "correlate() that does not begin the query");
    c.members = ARENA_ARRAY(x->s->scratch, QUERIES_MAX, struct member);
    if (!read_parameters(x, call, &named, &is_ordered, &window_ms) || !read_members(&c, call) ||
        !add_global(&c, named.bound[GLOBAL]) || !set_keys(&c, keys))
        return false;
    struct pipe_member_rows *rows = ARENA_ARRAY(x->s->scratch, c.n, struct pipe_member_rows);
    for (size_t i = 0; i < c.n; i++) {
        if (!show(&c.members[i]))
            return false;
        rows[i] = (struct pipe_member_rows){c.members[i].query.pipe, keys[i]};
    }
    x->is_linked = true;
    return pipe_link(x->pipe, call->at, rows, c.n, c.n_keys, is_ordered, window_ms);
}

bool cql_linked_step(struct cql *x)
{
    static const char *const SHOWS[] = {"table", "select", "sort", "head", "tail", "drop"};
    struct place at = cql_here(x);
    size_t begin = x->next;
    struct cql_call call;

    struct str name = cql_word(x);
    for (size_t i = 0; i < ARRAY_LEN(SHOWS); i++)
        if (str_eq_ci(name, str_from(SHOWS[i])) && cql_is_at(x, "("))
            return cql_read_call(x, begin, name, &call) &&
                   (cql_is_step_end(x) || cql_expected(x, "'|' or the end of the query"));
    return diag_unsupported(x->s->diag, at,
                            "a step behind correlate() other than table(), select(), sort(), "
                            "head(), tail(), drop()");
}

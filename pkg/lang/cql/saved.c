/* saved.c - saved queries, which others call as functions: $name(), $"package:name"(p="v").
 *
 * The steps of the saved query stand in the place of the call; a place inside it is told as that of
 * the call. Who calls is not asked for the package: the name behind the colon decides.
 */
#include "lang/cql/scan.h"

#include "base/str.h"
#include "base/vec.h"

struct saved {
    struct str name, query;
    bool is_ambiguous; /* another one has the name */
};

struct cql_saved {
    struct arena *a;
    struct saved *items;
    size_t n, cap;
};

struct cql_saved *cql_saved_new(struct arena *a)
{
    struct cql_saved *s = ARENA_NEW(a, struct cql_saved);

    s->a = a;
    return s;
}

static struct saved *find(const struct cql_saved *s, struct str name)
{
    for (size_t i = 0; s && i < s->n; i++)
        if (str_eq(s->items[i].name, name))
            return &s->items[i];
    return NULL;
}

void cql_saved_add(struct cql_saved *s, struct str name, struct str query)
{
    struct saved *old = find(s, name);

    if (old) {
        old->is_ambiguous |= !str_eq(old->query, query);
        return;
    }
    s->items = vec_room(s->a, s->items, s->n, &s->cap, sizeof *s->items);
    s->items[s->n++] = (struct saved){arena_str(s->a, name), arena_str(s->a, query), false};
}

void cql_saved_join(struct cql_saved *to, const struct cql_saved *from)
{
    for (size_t i = 0; i < from->n; i++) {
        cql_saved_add(to, from->items[i].name, from->items[i].query);
        if (from->items[i].is_ambiguous)
            find(to, from->items[i].name)->is_ambiguous = true;
    }
}

struct cql_parameters cql_parameters_copy(struct arena *a, struct cql_parameters p)
{
    struct cql_parameter *items = ARENA_ARRAY(a, p.n, struct cql_parameter);

    for (size_t i = 0; i < p.n; i++)
        items[i] =
            (struct cql_parameter){arena_str(a, p.items[i].name), arena_str(a, p.items[i].value)};
    return (struct cql_parameters){items, p.n};
}

/* p="v" of the call: what ?p is inside. */
static bool read_arguments(struct cql *x, const struct cql_call *call, struct cql_parameters *out)
{
    struct cql_parameter *items = ARENA_ARRAY(x->s->scratch, call->n, struct cql_parameter);

    for (size_t i = 0; i < call->n; i++) {
        if (!call->items[i].name.n)
            return diag_error(x->s->diag, call->at, "arguments of a saved query have names");
        items[i].name = call->items[i].name;
        if (!cql_text_of(x, &call->items[i], &items[i].value))
            return false;
    }
    *out = (struct cql_parameters){items, call->n};
    return true;
}

static struct str name_of(struct str called)
{
    for (size_t i = called.n; i > 0; i--)
        if (called.p[i - 1] == ':')
            return str_sub(called, i, SIZE_MAX);
    return called;
}

/* The text that the call stands for: of the files, or one that weir brings along. */
static bool find_text(struct cql *x, const struct cql_call *call, struct str *out)
{
    struct str name = name_of(call->name);
    const struct saved *s = find(x->options ? x->options->saved : NULL, name);

    if (s && s->is_ambiguous)
        return diag_error(x->s->diag, call->at, "there are several saved queries named '%.*s'",
                          SHOWN(s->name));
    *out = s ? s->query : cql_helper(name);
    return out->n || diag_unsupported(x->s->diag, call->at,
                                      "the saved query '%.*s' (its file is to be loaded too)",
                                      SHOWN(call->name));
}

/* What the steps inside have changed holds behind the call. */
static void go_back(struct cql *x, const struct cql *inner)
{
    struct cql outer = *x;

    *x = *inner;
    x->text = outer.text;
    x->next = outer.next;
    x->end = outer.end;
    x->outer = outer.outer;
    x->n_saved = outer.n_saved;
    x->arguments = outer.arguments;
}

bool cql_saved_call(struct cql *x, const struct cql_call *call)
{
    struct cql inner;
    struct str text;

    if (cql_is_enrich(call->name) &&
        !find(x->options ? x->options->saved : NULL, name_of(call->name)))
        return cql_enrich(x, call);
    if (!find_text(x, call, &text))
        return false;
    if (x->n_saved == CQL_SAVED_DEPTH)
        return diag_error(x->s->diag, call->at, "saved queries inside each other more than %d deep",
                          CQL_SAVED_DEPTH);
    inner = *x;
    if (!cql_count_value(x) || !read_arguments(x, call, &inner.arguments))
        return false;
    inner.n_values = x->n_values;
    inner.n_saved++;
    inner.outer = call->at;
    inner.text = text;
    inner.next = 0;
    inner.end = text.n;
    (void)cql_take(&inner, "|"); /* of a part of others */
    bool is_good = cql_steps(&inner) &&
                   (cql_is_end(&inner) || cql_expected(&inner, "'|' or the end of the query"));
    go_back(x, &inner);
    return is_good;
}

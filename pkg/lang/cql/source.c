/* source.c - queries whose events are none of a stream: createEvents(), readFile().
 *
 * They show rows that they make or read themselves, the same at every run. On a stream nothing
 * comes to them, so what stands behind is not looked at: they ask no event and are off. Inside
 * another query (a table of constants) they are read like all others.
 */
#include "lang/cql/scan.h"

#include "base/str.h"

static bool begin(struct cql *x, const struct cql_call *call)
{
    if (x->n_steps || x->n_saved || pipe_is_grouped(x->pipe))
        return diag_unsupported(x->s->diag, call->at, "%.*s() that does not begin the query",
                                SHOWN(call->name));
    x->has_source = true;
    if (!x->is_inner)
        diag_note(
            x->s->diag, call->at,
            "%.*s(): the query has events of its own, so none of a stream: its channel is off",
            SHOWN(call->name));
    if (x->is_inner)
        return pipe_where(x->pipe, call->at, pipe_bool(x->pipe, false));
    return pipe_where(x->pipe, call->at, pipe_bool(x->pipe, false)) && cql_skip(x);
}

bool cql_create_events(struct cql *x, struct cql_call *call)
{
    struct str_list texts;

    if (!cql_bind(x, call, "rawstring", SIZE_MAX))
        return false;
    if (!call->bound[0])
        return diag_error(x->s->diag, call->at, "createEvents() without events");
    if (!cql_texts_of(x, call->bound[0], &texts))
        return false;
    x->has_one_event = texts.n == 1;
    return begin(x, call);
}

bool cql_read_file(struct cql *x, struct cql_call *call)
{
    struct str_list files;

    if (!cql_bind(x, call, "file include limit", SIZE_MAX))
        return false;
    if (!call->bound[0])
        return diag_error(x->s->diag, call->at, "readFile() without a file");
    return cql_texts_of(x, call->bound[0], &files) && begin(x, call);
}

/* kvParse(), parseJson(): what they find are fields of any name, which is said of no event of a
 * stream, whose fields are known by their names. */
bool cql_parse_event(struct cql *x, struct cql_call *call)
{
    x->has_one_event = false; /* now it has fields */
    if (x->has_source)
        return true;
    return diag_unsupported(x->s->diag, call->at,
                            "%.*s() of events (their codec and profile do it)", SHOWN(call->name));
}

/* spath.c - spath: fields of JSON that stands in a field. */
#include "lang/spl/scan.h"

#include "base/str.h"

/* All that stands in it: any name asked from here on is looked for there first. */
static bool open_json(struct spl *x, struct str input)
{
    struct spl_opened *o = ARENA_NEW(x->s->scratch, struct spl_opened);

    if (x->opened && x->opened->depth == SPL_OPENED_MAX)
        return diag_unsupported(x->s->diag, x->at, "more than %d spath without a path",
                                SPL_OPENED_MAX);
    if (x->has_set)
        return diag_unsupported(x->s->diag, x->at,
                                "spath without a path behind commands that make columns");
    *o = (struct spl_opened){.json = spl_column(x, x->at, input),
                             .name = names_intern(x->s->names, input),
                             .before = x->opened,
                             .depth = x->opened ? x->opened->depth + 1 : 1};
    x->opened = o;
    return o->json != NULL;
}

/* A field that is JSON: as text, or as the object that a profile made of it. */
static bool spath_of(struct spl *x, struct str input, struct str path, struct str output)
{
    if (!path.p)
        return open_json(x, input);
    struct str below =
        arena_printf(x->s->scratch, "%.*s.%.*s", (int)input.n, input.p, (int)path.n, path.p);
    struct expr *e = pipe_call2(x->pipe, x->at, EXPR_COALESCE,
                                spl_json(x, x->at, spl_column(x, x->at, input), path),
                                spl_column(x, x->at, below));
    x->has_set = true;
    return spl_assign(x, x->at, output.p ? output : path, e);
}

/* Fields of JSON are there by themselves; a path may get another name. */
bool spl_spath(struct spl *x)
{
    struct spl_option o[] = {{.name = "output"}, {.name = "path"}, {.name = "input"}};
    struct str path;

    if (!spl_options(x, o, ARRAY_LEN(o)))
        return false;
    path = o[1].value;
    if (!spl_is_end(x) && !path.p && (!spl_name(x, ",\"'|", &path) || !spl_options(x, o, 3)))
        return false;
    if (o[2].value.p && !str_eq(o[2].value, STR("_raw")))
        return spath_of(x, o[2].value, path, o[0].value);
    if (!path.p || !o[0].value.p)
        return true;
    x->has_set = true;
    return spl_assign(x, x->at, o[0].value, spl_column(x, x->at, path));
}

/* profile_alias.c - `aliases:` of a profile: read, then turned into fields with the paths of those
 * that they name. */
#include "event/profile_alias.h"

#include <string.h>

#include "base/str.h"
#include "event/profile_derive.h"

/* ---- reading ------------------------------------------------------------------------------- */

/* A field's name, or {field: NAME, apply: STEPS}. */
static enum weir_rc read_target(struct arena *a, const struct doc_node *node,
                                struct alias_target *out, struct weir_err *err)
{
    const struct doc_node *field = node->type == DOC_MAP ? doc_get(node, STR("field")) : node;
    const struct doc_node *apply = node->type == DOC_MAP ? doc_get(node, STR("apply")) : NULL;

    if (!doc_is_scalar(field) || field->type == DOC_NULL ||
        (node->type == DOC_MAP && node->n_items != (apply ? 2U : 1U)))
        return err_at(err, WEIR_SYNTAX, node->line, node->col,
                      "an alias is a field, or {field: NAME, apply: STEPS}");
    *out = (struct alias_target){.field = field->text};
    return apply ? profile_read_derive(a, apply, &out->derive, err) : WEIR_OK;
}

static enum weir_rc read_alias(struct arena *a, const struct doc_node *node,
                               struct profile_alias *out, struct weir_err *err)
{
    size_t n = node->type == DOC_LIST ? node->n_items : 1;
    const struct doc_node *items = node->type == DOC_LIST ? node->items : node;
    struct alias_target *targets = ARENA_ARRAY(a, n, struct alias_target);

    for (size_t i = 0; i < n; i++)
        TRY(read_target(a, &items[i], &targets[i], err));
    out->targets = targets;
    out->n_targets = n;
    return WEIR_OK;
}

enum weir_rc profile_read_aliases(struct arena *a, const struct doc_node *node, struct profile *p,
                                  struct weir_err *err)
{
    if (node->type != DOC_MAP)
        return err_at(err, WEIR_SYNTAX, node->line, node->col,
                      "aliases must be a map of field: field, not %s", doc_type_name(node));
    struct profile_alias *list = ARENA_ARRAY(a, p->n_aliases + node->n_items, struct profile_alias);
    size_t n = p->n_aliases;
    for (size_t i = 0; i < n; i++)
        list[i] = p->aliases[i];

    for (size_t i = 0; i < node->n_items; i++) {
        size_t at = 0;
        while (at < n && !str_eq(list[at].name, node->keys[i].text))
            at++;
        n += at == n;
        list[at].name = node->keys[i].text;
        TRY(read_alias(a, &node->items[i], &list[at], err));
    }
    p->aliases = list;
    p->n_aliases = n;
    return WEIR_OK;
}

/* ---- making fields of them ----------------------------------------------------------------- */

static const struct derive *both(struct arena *a, const struct derive *first,
                                 const struct derive *then)
{
    if (!first || !then)
        return first ? first : then;
    struct derive *d = ARENA_NEW(a, struct derive);
    struct derive_step *steps = ARENA_ARRAY(a, first->n + then->n, struct derive_step);
    for (size_t i = 0; i < first->n + then->n; i++)
        steps[i] = i < first->n ? first->steps[i] : then->steps[i - first->n];
    *d = (struct derive){steps, first->n + then->n};
    return d;
}

/* The field that a plain alias names, if it is no more than a constant. */
static const struct str_list *constants_of(const struct profile *p, const struct profile_alias *x)
{
    return x->n_targets == 1 && !x->targets[0].derive ? profile_constants(p, x->targets[0].field)
                                                      : NULL;
}

static enum weir_rc refuse(const struct profile *p, const struct profile_alias *x, int most,
                           const char *what, struct weir_err *err)
{
    return err_set(err, WEIR_LIMIT, "profile '%.*s': alias '%.*s' has more than %d %s",
                   (int)p->name.n, p->name.p, (int)x->name.n, x->name.p, most, what);
}

struct sources {
    struct field_source items[PATHS_PER_FIELD_MAX];
    size_t n;
};

static enum weir_rc add_sources(struct arena *a, const struct profile *p,
                                const struct profile_alias *x, const struct alias_target *t,
                                struct sources *out, struct weir_err *err)
{
    struct field_source found[PATHS_PER_FIELD_MAX];
    size_t n = profile_field_sources(a, p, t->field, found);

    if (out->n + n > PATHS_PER_FIELD_MAX)
        return refuse(p, x, PATHS_PER_FIELD_MAX, "paths", err);
    for (size_t i = 0; i < n; i++) {
        const struct derive *d = both(a, found[i].derive, t->derive);
        if (d && d->n > DERIVE_STEPS_MAX)
            return refuse(p, x, DERIVE_STEPS_MAX, "steps", err);
        out->items[out->n++] = (struct field_source){found[i].path, d};
    }
    return WEIR_OK;
}

/* What it stands for, then its own name: an event may have that too. */
static enum weir_rc sources_of(struct arena *a, const struct profile *p,
                               const struct profile_alias *x, struct profile_field *out,
                               struct weir_err *err)
{
    struct sources all = {.n = 0};

    for (size_t i = 0; i < x->n_targets; i++)
        if (profile_has_field(p, x->targets[i].field))
            TRY(add_sources(a, p, x, &x->targets[i], &all, err));
    if (all.n == 0)
        return WEIR_OK;
    TRY(add_sources(a, p, x, &(struct alias_target){x->name, NULL}, &all, err));
    struct field_source *items = ARENA_ARRAY(a, all.n, struct field_source);
    memcpy(items, all.items, all.n * sizeof *items);
    out->sources = items;
    out->n_sources = all.n;
    return WEIR_OK;
}

/* A list of arguments that is one text under its own name is one under this, too. */
static void take_join(struct arena *a, const struct profile_alias *x, struct profile *p)
{
    struct str with = x->n_targets == 1 ? profile_join(p, x->targets[0].field) : STR("");

    if (!with.n || profile_join(p, x->name).n)
        return;
    struct field_join *joins = ARENA_ARRAY(a, p->n_joins + 1, struct field_join);
    for (size_t i = 0; i < p->n_joins; i++)
        joins[i] = p->joins[i];
    joins[p->n_joins] = (struct field_join){x->name, with};
    p->joins = joins;
    p->n_joins++;
}

/* The same for its value map, if nothing else is done with the value. */
static void take_map(struct arena *a, const struct profile_alias *x, struct profile *p)
{
    const struct value_map *map = x->n_targets == 1 && !x->targets[0].derive
                                      ? profile_value_map(p, x->targets[0].field)
                                      : NULL;

    if (!map || profile_value_map(p, x->name))
        return;
    struct value_map *maps = ARENA_ARRAY(a, p->n_maps + 1, struct value_map);
    for (size_t i = 0; i < p->n_maps; i++)
        maps[i] = p->maps[i];
    maps[p->n_maps] = (struct value_map){x->name, map->pairs, map->n_pairs};
    p->maps = maps;
    p->n_maps++;
}

static bool is_listed(const struct profile_field *fields, size_t n, struct str name)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(fields[i].name, name))
            return true;
    return false;
}

enum weir_rc profile_take_aliases(struct arena *a, const struct profile *from, struct profile *p,
                                  struct weir_err *err)
{
    struct profile_field *fields =
        ARENA_ARRAY(a, p->n_fields + from->n_aliases, struct profile_field);
    size_t n = p->n_fields;

    for (size_t i = 0; i < n; i++)
        fields[i] = p->fields[i];
    for (size_t i = 0; i < from->n_aliases; i++) {
        const struct profile_alias *x = &from->aliases[i];
        const struct str_list *constants = constants_of(p, x);
        if (is_listed(fields, n, x->name))
            continue;
        fields[n] = (struct profile_field){.name = x->name};
        if (constants)
            fields[n].constants = *constants;
        else
            TRY(sources_of(a, p, x, &fields[n], err));
        if (constants || fields[n].n_sources) {
            n++;
            take_join(a, x, p);
            take_map(a, x, p);
        }
    }
    p->fields = fields;
    p->n_fields = n;
    return WEIR_OK;
}

/* profile_field.c - `roots`, `fields`, `values`, `prefixes`, `join`: where fields come from, and
 * what their values become.
 */
#include "event/profile_read.h"

#include "base/str.h"
#include "event/profile_derive.h"

enum { JOIN_BYTES_MAX = 16 };

/* ---- fields and value maps ------------------------------------------------------------ */

enum weir_rc profile_read_roots(struct profile_reader *r, const struct doc_node *node)
{
    return profile_read_paths(r, node, "roots", PATHS_PER_FIELD_MAX, &r->p->roots);
}

/* A path, or {path: PATH, apply: STEPS}. */
static enum weir_rc read_source(struct profile_reader *r, const struct doc_node *node,
                                struct field_source *out)
{
    static const struct str names[] = {{"path", 4}, {"apply", 5}, {"constant", 8}};

    if (node->type != DOC_MAP)
        return profile_read_text(r, node, "the path", &out->path);
    TRY(profile_check_keys(r, node, "key of a path", names, ARRAY_LEN(names)));
    const struct doc_node *path = doc_get(node, STR("path"));
    const struct doc_node *apply = doc_get(node, STR("apply"));
    if (doc_get(node, STR("constant")))
        return profile_fail(r, node, "a constant stands alone: it leaves nothing to look for");
    if (!path)
        return profile_fail(r, node,
                            "`path` is missing: a place is a path or {path: PATH, apply: STEPS}");
    TRY(profile_read_text(r, path, "the path", &out->path));
    return apply ? profile_read_derive(r->arena, apply, &out->derive, r->err) : WEIR_OK;
}

/* {constant: TEXTS} */
static enum weir_rc read_constant(struct profile_reader *r, const struct doc_node *node,
                                  const struct doc_node *constant, struct profile_field *out)
{
    *out = (struct profile_field){.name = out->name};
    if (node->n_items != 1)
        return profile_fail(r, node, "a constant has neither path nor apply");
    TRY(profile_read_texts(r, constant, "the constant", &out->constants));
    return out->constants.n ? WEIR_OK : profile_fail(r, constant, "the constant has no value");
}

static enum weir_rc read_sources(struct profile_reader *r, const struct doc_node *node,
                                 struct profile_field *out)
{
    const struct doc_node *constant = node->type == DOC_MAP ? doc_get(node, STR("constant")) : NULL;
    if (constant)
        return read_constant(r, node, constant, out);
    bool is_list = node->type == DOC_LIST;
    size_t n = is_list ? node->n_items : 1;
    const struct doc_node *items = is_list ? node->items : node;
    struct field_source *sources = ARENA_ARRAY(r->arena, n, struct field_source);

    if (n > PATHS_PER_FIELD_MAX)
        return err_at(r->err, WEIR_LIMIT, node->line, node->col,
                      "the paths has more than %d entries", PATHS_PER_FIELD_MAX);
    for (size_t i = 0; i < n; i++)
        TRY(read_source(r, &items[i], &sources[i]));
    *out = (struct profile_field){.name = out->name, .sources = sources, .n_sources = n};
    return WEIR_OK;
}

enum weir_rc profile_read_fields(struct profile_reader *r, const struct doc_node *node)
{
    struct profile *p = r->p;

    if (node->type != DOC_MAP)
        return profile_wrong_type(r, node, "fields", "a map of field: paths");
    struct profile_field *fields =
        ARENA_ARRAY(r->arena, p->n_fields + node->n_items, struct profile_field);
    size_t n = p->n_fields;
    for (size_t i = 0; i < n; i++)
        fields[i] = p->fields[i];

    for (size_t i = 0; i < node->n_items; i++) {
        size_t at = 0;
        while (at < n && !str_eq(fields[at].name, node->keys[i].text))
            at++;
        n += at == n;
        fields[at].name = node->keys[i].text;
        TRY(read_sources(r, &node->items[i], &fields[at]));
    }
    p->fields = fields;
    p->n_fields = n;
    return WEIR_OK;
}

static enum weir_rc read_pairs(struct profile_reader *r, const struct doc_node *node,
                               struct value_map *out)
{
    if (node->type != DOC_MAP)
        return profile_wrong_type(r, node, "a value map", "a map of value: value");
    struct value_pair *pairs = ARENA_ARRAY(r->arena, node->n_items, struct value_pair);

    for (size_t i = 0; i < node->n_items; i++) {
        pairs[i].from = node->keys[i].text;
        TRY(profile_read_text(r, &node->items[i], "the value", &pairs[i].to));
    }
    out->pairs = pairs;
    out->n_pairs = node->n_items;
    return WEIR_OK;
}

enum weir_rc profile_read_values(struct profile_reader *r, const struct doc_node *node)
{
    struct profile *p = r->p;

    if (node->type != DOC_MAP)
        return profile_wrong_type(r, node, "values", "a map of field: value map");
    struct value_map *maps = ARENA_ARRAY(r->arena, p->n_maps + node->n_items, struct value_map);
    size_t n = p->n_maps;
    for (size_t i = 0; i < n; i++)
        maps[i] = p->maps[i];

    for (size_t i = 0; i < node->n_items; i++) {
        size_t at = 0;
        while (at < n && !str_eq(maps[at].field, node->keys[i].text))
            at++;
        n += at == n;
        maps[at].field = node->keys[i].text;
        TRY(read_pairs(r, &node->items[i], &maps[at]));
    }
    p->maps = maps;
    p->n_maps = n;
    return WEIR_OK;
}

enum weir_rc profile_read_prefixes(struct profile_reader *r, const struct doc_node *node)
{
    struct profile *p = r->p;

    if (node->type != DOC_MAP)
        return profile_wrong_type(r, node, "prefixes", "a map of prefix: prefix");
    struct field_prefix *list =
        ARENA_ARRAY(r->arena, p->n_prefixes + node->n_items, struct field_prefix);
    for (size_t i = 0; i < node->n_items; i++) {
        list[i].from = node->keys[i].text;
        TRY(profile_read_text(r, &node->items[i], "the prefix", &list[i].to));
    }
    for (size_t i = 0; i < p->n_prefixes; i++)
        list[node->n_items + i] = p->prefixes[i];
    p->prefixes = list;
    p->n_prefixes += node->n_items;
    return WEIR_OK;
}

enum weir_rc profile_read_join(struct profile_reader *r, const struct doc_node *node)
{
    struct profile *p = r->p;

    if (node->type != DOC_MAP)
        return profile_wrong_type(r, node, "join", "a map of field: text");
    struct field_join *list = ARENA_ARRAY(r->arena, p->n_joins + node->n_items, struct field_join);
    for (size_t i = 0; i < node->n_items; i++) {
        const struct doc_node *with = &node->items[i];
        list[i].field = node->keys[i].text;
        if (with->type != DOC_STRING || with->text.n == 0 || with->text.n > JOIN_BYTES_MAX)
            return err_at(r->err, WEIR_SYNTAX, with->line, with->col,
                          "what joins values must be text of 1 to %d bytes", JOIN_BYTES_MAX);
        list[i].with = with->text;
    }
    for (size_t i = 0; i < p->n_joins; i++)
        list[node->n_items + i] = p->joins[i];
    p->joins = list;
    p->n_joins += node->n_items;
    return WEIR_OK;
}

/* list_ndjson.c - an object a line. Each line becomes a tree of its own: lists are read once. */
#include "list/list_draft.h"

#include "base/str.h"
#include "json/tree.h"

enum { SCRATCH_BYTES = 64 * 1024 };

struct reader {
    struct list_draft *d;
    struct arena *scratch;       /* one line */
    struct str column;           /* empty: not known yet */
    bool may_lack;               /* objects without it are none of the list */
    bool has_object, has_column; /* there is an object; one that has it */
    struct list_place at;
    struct weir_err *err;
};

/* A key as it is written, else keys of nested objects. */
static const struct json_node *cell_of(const struct json_node *object, struct str column)
{
    const struct json_node *node = json_tree_get(object, column);

    return node ? node : json_tree_path(object, column);
}

static bool has_text(const struct json_node *node)
{
    return node->type == JSON_T_STRING || node->type == JSON_T_NUMBER || node->type == JSON_T_BOOL;
}

static struct str text_of(const struct json_node *object, struct str column)
{
    const struct json_node *node = cell_of(object, column);

    return node && has_text(node) ? str_trim(node->text) : STR("");
}

static enum weir_rc add_entry(struct reader *r, const struct json_node *node,
                              const struct list_row *row)
{
    if (node->type == JSON_T_NULL)
        return WEIR_OK;
    if (!has_text(node))
        return err_at(r->err, WEIR_SYNTAX, r->at.line, r->at.col,
                      "'%.*s' must be a text, a number or a list of them, not an object",
                      (int)r->column.n, r->column.p);
    return node->text.n ? list_draft_add(r->d, node->text, row, r->err) : WEIR_OK;
}

static enum weir_rc add_object(struct reader *r, const struct json_node *object)
{
    struct list_draft *d = r->d;
    struct list_row row = {.at = r->at, .points_at = r->at, .expires_at = r->at};
    const struct json_node *entry = cell_of(object, r->column);

    r->has_object = true;
    if (!entry && r->may_lack)
        return WEIR_OK;
    r->has_column |= entry != NULL;
    if (!entry)
        return err_at(r->err, WEIR_NOTFOUND, r->at.line, r->at.col, "the object has no '%.*s'",
                      (int)r->column.n, r->column.p);
    if (d->has_points)
        row.points = text_of(object, STR(LIST_POINTS_COLUMN));
    if (d->has_expires)
        row.expires = text_of(object, STR(LIST_EXPIRES_COLUMN));
    for (size_t i = 0; i < d->n_copied; i++)
        row.cells[i] = text_of(object, d->copied[i]);
    if (entry->type != JSON_T_ARRAY)
        return add_entry(r, entry, &row);
    for (const struct json_node *m = entry->first; m; m = m->next)
        TRY(add_entry(r, m, &row));
    return WEIR_OK;
}

/* Which column holds the entries. Any row may have points and an expiry. */
static void choose_column(struct reader *r, const struct json_node *object)
{
    if (!r->column.n && json_tree_get(object, STR("value")))
        r->column = STR("value");
    else if (!r->column.n && object->first)
        r->column = arena_str(r->d->a, object->first->key);
    r->d->entries = r->column;
    r->d->has_points = !str_eq(r->column, STR(LIST_POINTS_COLUMN));
    r->d->has_expires = !str_eq(r->column, STR(LIST_EXPIRES_COLUMN));
}

static enum weir_rc read_line(struct reader *r, struct str line)
{
    struct json_node *root;
    size_t offset = 0;

    arena_reset(r->scratch);
    enum json_reason reason = json_tree_parse(r->scratch, line, &root, &offset);
    if (reason != JSON_OK)
        return err_at(r->err, WEIR_SYNTAX, r->at.line, r->at.col + (uint32_t)offset,
                      "not JSON: an object a line is wanted");
    if (root->type != JSON_T_OBJECT)
        return err_at(r->err, WEIR_SYNTAX, r->at.line, r->at.col,
                      "an object a line is wanted, like {\"value\": \"10.0.0.7\"}");
    if (r->d->n == 0)
        choose_column(r, root);
    return add_object(r, root);
}

static enum weir_rc read_lines(struct reader *r, struct str text)
{
    struct str line, rest = text;

    for (bool has_more = true; has_more && rest.n; r->at.line++) {
        has_more = str_cut(rest, '\n', &line, &rest);
        struct str body = str_trim(line);
        r->at.col = (uint32_t)(body.n ? body.p - line.p + 1 : 1);
        if (body.n == 0)
            continue;
        if (body.p[0] == '#')
            TRY(list_draft_comment(r->d, body, r->at, r->err));
        else
            TRY(read_line(r, body));
    }
    return WEIR_OK;
}

enum weir_rc list_read_ndjson(struct list_draft *d, struct str text, struct str column,
                              bool may_lack, struct weir_err *err)
{
    struct reader r = {.d = d,
                       .scratch = arena_new(SCRATCH_BYTES),
                       .column = column,
                       .may_lack = may_lack,
                       .at = {1, 1},
                       .err = err};
    enum weir_rc rc = read_lines(&r, text);

    if (rc == WEIR_OK && r.has_object && !r.has_column)
        rc = err_at(err, WEIR_NOTFOUND, 1, 1, "no object has '%.*s'", (int)column.n, column.p);

    arena_free(r.scratch);
    return rc;
}

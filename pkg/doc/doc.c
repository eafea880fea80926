/* doc.c - looking things up in a document tree, and cutting a stream into documents. */
#include "doc/doc.h"

#include "base/str.h"

size_t doc_find(const struct doc_node *map, struct str key)
{
    if (!map || map->type != DOC_MAP)
        return SIZE_MAX;
    for (size_t i = 0; i < map->n_items; i++)
        if (str_eq(map->keys[i].text, key))
            return i;
    return SIZE_MAX;
}

const struct doc_node *doc_get(const struct doc_node *map, struct str key)
{
    size_t at = doc_find(map, key);

    return at == SIZE_MAX ? NULL : &map->items[at];
}

static void copy_into(struct arena *a, const struct doc_node *node, struct doc_node *out)
{
    *out = *node;
    out->text = arena_str(a, node->text);
    out->number = arena_str(a, node->number);
    out->items = ARENA_ARRAY(a, node->n_items, struct doc_node);
    out->keys = ARENA_ARRAY(a, node->type == DOC_MAP ? node->n_items : 0, struct doc_key);
    for (size_t i = 0; i < node->n_items; i++) {
        copy_into(a, &node->items[i], &out->items[i]);
        if (node->type == DOC_MAP)
            out->keys[i] = (struct doc_key){arena_str(a, node->keys[i].text), node->keys[i].line,
                                            node->keys[i].col};
    }
}

struct doc_node *doc_copy(struct arena *a, const struct doc_node *node)
{
    struct doc_node *out = ARENA_NEW(a, struct doc_node);

    copy_into(a, node, out);
    return out;
}

const char *doc_type_name(const struct doc_node *node)
{
    static const char *const NAMES[] = {
        [DOC_NULL] = "nothing",   [DOC_BOOL] = "true or false", [DOC_INT] = "a number",
        [DOC_FLOAT] = "a number", [DOC_STRING] = "text",        [DOC_LIST] = "a list",
        [DOC_MAP] = "a map"};

    return node ? NAMES[node->type] : "nothing";
}

/* `---` at the start of a line, followed by a blank or the end: YAML allows it nowhere
 * inside a document, not even in a block of text. */
static bool is_marker(struct str line)
{
    return str_starts(line, STR("---")) && (line.n == 3 || line.p[3] == ' ' || line.p[3] == '\t' ||
                                            line.p[3] == '\r' || line.p[3] == '\n');
}

/* Lines that may stand before a document's own `---`: they belong to that document. */
static bool is_preface(struct str line)
{
    struct str bare = str_trim(line);

    return bare.n == 0 || bare.p[0] == '#' || line.p[0] == '%';
}

static struct str first_line(struct str text)
{
    size_t end = str_find_char(text, '\n', 0);

    return end == SIZE_MAX ? text : str_sub(text, 0, end + 1);
}

bool doc_cut_yaml(struct str *rest, uint32_t *line, struct str *doc, uint32_t *doc_line)
{
    bool has_content = false;

    if (rest->n == 0)
        return false;
    *doc = (struct str){rest->p, 0};
    *doc_line = *line;
    while (rest->n) {
        struct str row = first_line(*rest);
        if (is_marker(row) && has_content)
            break;
        has_content |= is_marker(row) || !is_preface(row);
        doc->n += row.n;
        *rest = str_sub(*rest, row.n, SIZE_MAX);
        ++*line;
    }
    return true;
}

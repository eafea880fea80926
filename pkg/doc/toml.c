/* toml.c - TOML text to a tree, over the walk of toml_reader.h.
 *
 * A container knows how many members it has when it begins, so each gets its place in the arena at
 * once; a stack of open containers says where the next value goes. The library sorts tables by
 * name: members are put back in the order of the file at the end.
 *
 * What the library has no bound for is bounded before it is asked: dotted keys (a.b.c...) nest as
 * deep as they are long, and it frees its tree by recursion.
 */
#include "doc/doc.h"

#include "base/str.h"
#include "doc/toml_reader.h"

#include <stdlib.h>

struct frame {
    struct doc_node *node;
    size_t n_done;
};

struct builder {
    struct arena *a;
    struct doc_node *root;
    struct frame frames[DOC_DEPTH_MAX];
    size_t n_frames, n_nodes;
    struct weir_err *err;
};

static struct str own_text(struct builder *b, const char *p, size_t n)
{
    return n ? arena_str(b->a, (struct str){p, n}) : STR("");
}

/* ---- order of the file ------------------------------------------------------------- */

struct member {
    struct doc_key key;
    struct doc_node node;
};

static int by_place(const void *x, const void *y)
{
    const struct doc_key *a = &((const struct member *)x)->key,
                         *b = &((const struct member *)y)->key;

    if (a->line != b->line)
        return a->line < b->line ? -1 : 1;
    return (a->col > b->col) - (a->col < b->col);
}

static void sort_members(struct builder *b, struct doc_node *map)
{
    struct member *members = ARENA_ARRAY(b->a, map->n_items, struct member);

    for (size_t i = 0; i < map->n_items; i++)
        members[i] = (struct member){map->keys[i], map->items[i]};
    qsort(members, map->n_items, sizeof *members, by_place);
    for (size_t i = 0; i < map->n_items; i++) {
        map->keys[i] = members[i].key;
        map->items[i] = members[i].node;
    }
}

/* ---- values ------------------------------------------------------------------------ */

/* The place for the next value; NULL: too many. */
static struct doc_node *next_node(struct builder *b, const struct toml_value *v)
{
    if (++b->n_nodes > DOC_NODES_MAX) {
        err_at(b->err, WEIR_LIMIT, v->line, v->col, "more than %d values", DOC_NODES_MAX);
        return NULL;
    }
    if (b->n_frames == 0)
        return b->root;
    struct frame *f = &b->frames[b->n_frames - 1];
    size_t i = f->n_done++;
    if (f->node->type == DOC_MAP)
        f->node->keys[i] = (struct doc_key){own_text(b, v->key, v->key_n), v->key_line, v->key_col};
    return &f->node->items[i];
}

static bool open_container(struct builder *b, const struct toml_value *v, struct doc_node *node)
{
    if (b->n_frames == DOC_DEPTH_MAX) {
        err_at(b->err, WEIR_LIMIT, v->line, v->col, "nested deeper than %d", DOC_DEPTH_MAX);
        return false;
    }
    node->n_items = v->n_items;
    node->items = ARENA_ARRAY(b->a, v->n_items, struct doc_node);
    if (node->type == DOC_MAP)
        node->keys = ARENA_ARRAY(b->a, v->n_items, struct doc_key);
    b->frames[b->n_frames++] = (struct frame){node, 0};
    return true;
}

/* A table that is only there by the name of another ([a.b]) stands where its key does. */
static void set_place(struct doc_node *node, const struct toml_value *v)
{
    node->line = v->line ? v->line : v->key_line ? v->key_line : 1;
    node->col = v->line ? v->col : v->key_line ? v->key_col : 1;
}

static bool take_value(void *context, const struct toml_value *v)
{
    static const enum doc_type TYPES[] = {
        [TOML_KIND_STRING] = DOC_STRING, [TOML_KIND_TIME] = DOC_STRING, [TOML_KIND_INT] = DOC_INT,
        [TOML_KIND_FLOAT] = DOC_FLOAT,   [TOML_KIND_BOOL] = DOC_BOOL,   [TOML_KIND_LIST] = DOC_LIST,
        [TOML_KIND_MAP] = DOC_MAP};
    struct builder *b = context;
    struct doc_node *node = next_node(b, v);

    if (!node)
        return false;
    *node = (struct doc_node){.type = TYPES[v->kind], .text = {"", 0}, .number = {"", 0}};
    set_place(node, v);
    if (node->type == DOC_LIST || node->type == DOC_MAP)
        return open_container(b, v, node);
    node->text = own_text(b, v->text, v->n);
    node->is_quoted = v->kind == TOML_KIND_STRING;
    node->is_true = v->is_true;
    if (node->type == DOC_INT || node->type == DOC_FLOAT)
        node->number = node->text;
    return true;
}

static bool take_end(void *context)
{
    struct builder *b = context;
    struct doc_node *node = b->frames[--b->n_frames].node;

    if (node->type == DOC_MAP)
        sort_members(b, node);
    return true;
}

/* ---- dotted keys -------------------------------------------------------------------- */

/* Behind the string that begins at i. One that does not end within its line (or, with three
 * quotes, at all) is an error that the library tells. */
static size_t skip_string(struct str s, size_t i)
{
    char quote = s.p[i];
    bool is_long = i + 2 < s.n && s.p[i + 1] == quote && s.p[i + 2] == quote;

    for (i += is_long ? 3 : 1; i < s.n; i++) {
        if (quote == '"' && s.p[i] == '\\')
            i++;
        else if (!is_long && (s.p[i] == quote || s.p[i] == '\n'))
            return i + 1;
        else if (is_long && i + 2 < s.n && s.p[i] == quote && s.p[i + 1] == quote &&
                 s.p[i + 2] == quote)
            return i + 3;
    }
    return s.n;
}

static bool check_dots(struct str s, struct weir_err *err)
{
    uint32_t line = 1, n_dots = 0;

    for (size_t i = 0; i < s.n;) {
        char c = s.p[i];
        if (c == '"' || c == '\'') {
            size_t end = skip_string(s, i);
            for (; i < end && i < s.n; i++)
                line += s.p[i] == '\n';
            continue;
        }
        if (c == '#')
            while (i + 1 < s.n && s.p[i + 1] != '\n')
                i++;
        line += c == '\n';
        if (c == '\n' || c == '=' || c == ',' || c == '{' || c == '[')
            n_dots = 0;
        if (c == '.' && ++n_dots >= DOC_DEPTH_MAX) {
            err_at(err, WEIR_LIMIT, line, 1, "a key of more than %d parts", DOC_DEPTH_MAX);
            return false;
        }
        i++;
    }
    return true;
}

/* ---- faults ------------------------------------------------------------------------- */

static bool says(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

/* What the hand meant that wrote it, where one can guess. */
static const char *hint_of(const struct toml_fault *f)
{
    if (says(f->text, "expected '='") && says(f->text, "saw ':'"))
        return " (TOML writes key = value)";
    if (says(f->text, "could not determine value type") || says(f->text, "saw 'T'") ||
        says(f->text, "saw 'F'"))
        return " (a text needs quotes; true and false are written small)";
    if (says(f->text, "control characters"))
        return " (the text does not end on its line; \"\"\" and \'\'\' may)";
    if (says(f->text, "escape sequence"))
        return " (in \"...\" a backslash is written \\\\; '...' takes it as it is)";
    if (says(f->text, "redefine"))
        return " (the key is there already)";
    if (says(f->text, "encountered end-of-file") || says(f->text, "encountered EOF"))
        return " (something is not closed)";
    return "";
}

static enum weir_rc refuse(const struct toml_fault *f, struct weir_err *err)
{
    const char *text = f->text;

    if (strncmp(text, "Error while parsing ", 20) == 0)
        text += 20;
    return err_at(err, WEIR_SYNTAX, f->line ? f->line : 1, f->col ? f->col : 1, "TOML: %s%s", text,
                  hint_of(f));
}

enum weir_rc doc_parse_toml(struct arena *a, struct str text, struct doc_node **doc,
                            struct weir_err *err)
{
    struct builder b = {.a = a, .err = err, .root = ARENA_NEW(a, struct doc_node)};
    struct toml_visitor visitor = {&b, take_value, take_end};
    struct toml_fault fault;

    if (!check_dots(text, err))
        return WEIR_LIMIT;
    if (!toml_read(text.n ? text.p : "", text.n, &visitor, &fault))
        return fault.text[0] ? refuse(&fault, err) : WEIR_LIMIT;
    *doc = b.root;
    return WEIR_OK;
}

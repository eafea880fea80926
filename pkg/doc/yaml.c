/* yaml.c - YAML text to a tree, over libyaml's events.
 *
 * The idea: one stack of nodes. A container's start remembers the height of the stack,
 * its members pile up on it, its end copies them as one array into the arena and leaves
 * the container itself in their place. No recursion, so depth is a number we check.
 *
 * An anchor remembers the finished node together with its size and height, so that an
 * alias costs nothing to expand and still counts in full against the limits.
 */
#include "doc/doc.h"

#include "base/hash.h"
#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <yaml.h>

struct entry {
    struct doc_key key; /* of members of a map */
    struct doc_node node;
    size_t n_nodes; /* in the tree below and including it, aliases expanded */
    unsigned height;
    bool is_merge; /* under a plain `<<` */
};

struct frame {
    size_t base;    /* stack height when the container began */
    size_t n_nodes; /* of finished members */
    unsigned height;
    struct str anchor;
    bool has_key; /* a map that has its key and waits for the value */
    bool is_merge;
    struct doc_key key;
};

struct anchor {
    struct str name;
    struct entry entry;
    bool is_open; /* its node is still being read: an alias to it would be a cycle */
};

struct builder {
    struct arena *a;
    struct weir_err *err;
    uint32_t line0; /* added to every line */
    size_t n_nodes;
    struct entry *stack;
    size_t n_stack, cap_stack;
    struct frame frames[DOC_DEPTH_MAX];
    size_t n_frames;
    struct anchor *anchors;
    size_t n_anchors, cap_anchors;
    struct doc_node *docs;
    size_t n_docs, cap_docs;
};

/* ---- small things --------------------------------------------------------------- */

static uint32_t line_of(const struct builder *b, yaml_mark_t mark)
{
    return (uint32_t)mark.line + 1 + b->line0;
}

static uint32_t col_of(yaml_mark_t mark)
{
    return (uint32_t)mark.column + 1;
}

#define FAIL(b, code, mark, ...) \
    err_at((b)->err, (code), line_of((b), (mark)), col_of(mark), __VA_ARGS__)

static void *grown(void *p, size_t *cap, size_t size)
{
    *cap = *cap ? *cap * 2 : 64;
    p = reallocarray(p, *cap, size);
    ASSERT(p != NULL);
    return p;
}

static struct entry *push(struct builder *b)
{
    if (b->n_stack == b->cap_stack)
        b->stack = grown(b->stack, &b->cap_stack, sizeof *b->stack);
    struct entry *e = &b->stack[b->n_stack++];
    memset(e, 0, sizeof *e);
    return e;
}

static struct anchor *find_anchor(struct builder *b, struct str name)
{
    for (size_t i = b->n_anchors; i > 0; i--)
        if (str_eq(b->anchors[i - 1].name, name))
            return &b->anchors[i - 1];
    return NULL;
}

/* A second anchor of the same name takes the first one's place, as YAML says. */
static void set_anchor(struct builder *b, struct str name, const struct entry *entry, bool is_open)
{
    struct anchor *anchor = find_anchor(b, name);

    if (!anchor) {
        if (b->n_anchors == b->cap_anchors)
            b->anchors = grown(b->anchors, &b->cap_anchors, sizeof *b->anchors);
        anchor = &b->anchors[b->n_anchors++];
        anchor->name = name;
    }
    anchor->is_open = is_open;
    if (entry)
        anchor->entry = *entry;
}

/* Anchors are few in honest files; a linear search over more would be quadratic. */
enum { ANCHORS_MAX = 250 };

static enum weir_rc open_anchor(struct builder *b, const yaml_char_t *name, yaml_mark_t mark,
                                struct str *out)
{
    *out = STR("");
    if (!name)
        return WEIR_OK;
    if (b->n_anchors == ANCHORS_MAX)
        return FAIL(b, WEIR_LIMIT, mark, "more than %d anchors", ANCHORS_MAX);
    *out = arena_str(b->a, str_from((const char *)name));
    set_anchor(b, *out, NULL, true);
    return WEIR_OK;
}

static enum weir_rc count_nodes(struct builder *b, size_t n, yaml_mark_t mark)
{
    if (n > DOC_NODES_MAX - b->n_nodes)
        return FAIL(b, WEIR_LIMIT, mark, "more than %d values in one file%s", DOC_NODES_MAX,
                    n > 1 ? " (after expanding aliases)" : "");
    b->n_nodes += n;
    return WEIR_OK;
}

/* ---- scalars ---------------------------------------------------------------------- */

enum { TAG_NONE = -1, TAG_UNKNOWN = -2 };

/* The type that an explicit tag asks for. */
static int tag_type(const yaml_char_t *tag)
{
    static const struct {
        const char *tag;
        int type;
    } TAGS[] = {
        {YAML_NULL_TAG, DOC_NULL}, {YAML_BOOL_TAG, DOC_BOOL},   {YAML_STR_TAG, DOC_STRING},
        {YAML_INT_TAG, DOC_INT},   {YAML_FLOAT_TAG, DOC_FLOAT}, {YAML_TIMESTAMP_TAG, DOC_STRING},
        {YAML_SEQ_TAG, DOC_LIST},  {YAML_MAP_TAG, DOC_MAP},     {"!", DOC_STRING}};

    if (!tag)
        return TAG_NONE;
    for (size_t i = 0; i < ARRAY_LEN(TAGS); i++)
        if (strcmp((const char *)tag, TAGS[i].tag) == 0)
            return TAGS[i].type;
    return TAG_UNKNOWN;
}

static enum weir_rc bad_tag(struct builder *b, const yaml_char_t *tag, yaml_mark_t mark)
{
    return FAIL(b, WEIR_SYNTAX, mark, "the tag '%.80s' is not one of the YAML safe set",
                (const char *)tag);
}

static enum weir_rc type_scalar(struct builder *b, const yaml_event_t *e, struct doc_node *node)
{
    int wanted = tag_type(e->data.scalar.tag);
    bool is_plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;

    if (wanted == TAG_UNKNOWN || wanted == DOC_LIST || wanted == DOC_MAP)
        return bad_tag(b, e->data.scalar.tag, e->start_mark);
    node->is_quoted = !is_plain;
    if (wanted == DOC_STRING || (wanted == TAG_NONE && !is_plain)) {
        node->type = DOC_STRING;
        return WEIR_OK;
    }
    node->type = doc_scalar_type(b->a, node->text, &node->number, &node->is_true);
    if (wanted == TAG_NONE || wanted == (int)node->type)
        return WEIR_OK;
    if (wanted == DOC_FLOAT && node->type == DOC_INT) {
        node->type = DOC_FLOAT;
        return WEIR_OK;
    }
    return FAIL(b, WEIR_SYNTAX, e->start_mark, "the value does not fit its tag '%.80s'",
                (const char *)e->data.scalar.tag);
}

/* ---- members ------------------------------------------------------------------------ */

/* Where a finished value goes: on the stack, and into the counts of its container. */
static struct entry *place(struct builder *b, const struct entry *value)
{
    struct entry *e = push(b);

    *e = *value;
    if (b->n_frames == 0)
        return e;
    struct frame *f = &b->frames[b->n_frames - 1];
    e->key = f->key;
    e->is_merge = f->is_merge;
    f->has_key = f->is_merge = false;
    f->n_nodes += value->n_nodes;
    if (value->height > f->height)
        f->height = value->height;
    return e;
}

static bool wants_key(const struct builder *b)
{
    if (b->n_frames == 0)
        return false;
    const struct frame *f = &b->frames[b->n_frames - 1];
    return b->stack[f->base - 1].node.type == DOC_MAP && !f->has_key;
}

static void take_key(struct builder *b, const yaml_event_t *e)
{
    struct frame *f = &b->frames[b->n_frames - 1];
    struct str text = {(const char *)e->data.scalar.value, e->data.scalar.length};

    f->key =
        (struct doc_key){arena_str(b->a, text), line_of(b, e->start_mark), col_of(e->start_mark)};
    f->is_merge = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && str_eq(text, STR("<<"));
    f->has_key = true;
}

static enum weir_rc on_scalar(struct builder *b, const yaml_event_t *e)
{
    struct entry value = {.n_nodes = 1, .height = 1};
    struct str anchor, text = {(const char *)e->data.scalar.value, e->data.scalar.length};

    TRY(count_nodes(b, 1, e->start_mark));
    TRY(open_anchor(b, e->data.scalar.anchor, e->start_mark, &anchor));
    value.node.line = line_of(b, e->start_mark);
    value.node.col = col_of(e->start_mark);
    value.node.text = arena_str(b->a, text);
    value.node.number = STR("");
    TRY(type_scalar(b, e, &value.node));
    if (anchor.n)
        set_anchor(b, anchor, &value, false);
    place(b, &value);
    return WEIR_OK;
}

static enum weir_rc on_alias(struct builder *b, const yaml_event_t *e)
{
    const struct anchor *anchor = find_anchor(b, str_from((const char *)e->data.alias.anchor));

    if (!anchor)
        return FAIL(
            b, WEIR_SYNTAX, e->start_mark,
            "no anchor '&%.80s' stands before this alias (a text that begins with '*' must be "
            "quoted)",
            (const char *)e->data.alias.anchor);
    if (anchor->is_open)
        return FAIL(b, WEIR_SYNTAX, e->start_mark,
                    "the alias '*%.80s' stands inside its own anchor",
                    (const char *)e->data.alias.anchor);
    if (b->n_frames + anchor->entry.height > DOC_DEPTH_MAX)
        return FAIL(b, WEIR_LIMIT, e->start_mark, "nested deeper than %d", DOC_DEPTH_MAX);
    TRY(count_nodes(b, anchor->entry.n_nodes, e->start_mark));
    place(b, &anchor->entry);
    return WEIR_OK;
}

static enum weir_rc on_start(struct builder *b, const yaml_event_t *e, const yaml_char_t *anchor,
                             const yaml_char_t *tag, enum doc_type type)
{
    int wanted = tag_type(tag);

    if (wanted != TAG_NONE && wanted != (int)type)
        return bad_tag(b, tag, e->start_mark);
    if (b->n_frames == DOC_DEPTH_MAX)
        return FAIL(b, WEIR_LIMIT, e->start_mark, "nested deeper than %d", DOC_DEPTH_MAX);
    TRY(count_nodes(b, 1, e->start_mark));
    /* The container's own entry lies below its members and is completed at its end. */
    struct entry *self = push(b);
    self->node.type = type;
    self->node.line = line_of(b, e->start_mark);
    self->node.col = col_of(e->start_mark);
    self->node.text = self->node.number = STR("");
    struct frame *f = &b->frames[b->n_frames];
    *f = (struct frame){.base = b->n_stack};
    TRY(open_anchor(b, anchor, e->start_mark, &f->anchor));
    b->n_frames++;
    return WEIR_OK;
}

/* ---- maps: double keys and merges ------------------------------------------------------ */

/* Where a key is among the first n, or n. `slots` is a hash table of positions + 1. */
static size_t key_slot(const struct doc_key *keys, const uint32_t *slots, size_t mask,
                       struct str key)
{
    size_t i = (size_t)hash_str(key) & mask;

    while (slots[i] && !str_eq(keys[slots[i] - 1].text, key))
        i = (i + 1) & mask;
    return i;
}

static enum weir_rc report_double(struct builder *b, const struct doc_key *first,
                                  const struct doc_key *second)
{
    return err_at(b->err, WEIR_SYNTAX, second->line, second->col,
                  "the key '%.*s' is already given in line %u",
                  (int)(second->text.n > 80 ? 80 : second->text.n), second->text.p, first->line);
}

static enum weir_rc check_few(struct builder *b, const struct doc_key *keys, size_t n)
{
    for (size_t i = 1; i < n; i++)
        for (size_t j = 0; j < i; j++)
            if (str_eq(keys[i].text, keys[j].text))
                return report_double(b, &keys[j], &keys[i]);
    return WEIR_OK;
}

static enum weir_rc check_double(struct builder *b, const struct doc_key *keys, size_t n)
{
    enum { FEW = 12 };
    enum weir_rc rc = WEIR_OK;

    if (n <= FEW)
        return check_few(b, keys, n);
    size_t size = 32;
    while (size < n * 2)
        size *= 2;
    uint32_t *slots = calloc(size, sizeof *slots);
    ASSERT(slots != NULL);
    for (size_t i = 0; i < n && rc == WEIR_OK; i++) {
        size_t at = key_slot(keys, slots, size - 1, keys[i].text);
        if (slots[at])
            rc = report_double(b, &keys[slots[at] - 1], &keys[i]);
        slots[at] = (uint32_t)i + 1;
    }
    free(slots);
    return rc;
}

static enum weir_rc merge_map(struct builder *b, struct doc_node *map, const struct doc_node *from)
{
    if (from->type != DOC_MAP)
        return err_at(b->err, WEIR_SYNTAX, from->line, from->col,
                      "'<<' merges a map or a list of maps, not %s", doc_type_name(from));
    for (size_t i = 0; i < from->n_items; i++) {
        if (doc_find(map, from->keys[i].text) != SIZE_MAX)
            continue; /* the map's own keys and earlier merges win */
        map->keys[map->n_items] = from->keys[i];
        map->items[map->n_items++] = from->items[i];
    }
    return WEIR_OK;
}

/* Keys that one map may have once `<<` is done; doc_find() above is linear. */
enum { MERGED_KEYS_MAX = 1000 };

static size_t merged_size(const struct doc_node *from)
{
    size_t n = from->type == DOC_MAP ? from->n_items : 0;

    if (from->type == DOC_LIST)
        for (size_t i = 0; i < from->n_items; i++)
            n += from->items[i].n_items;
    return n;
}

/* Move a map's keys to arrays with room for all that its merges can bring. */
static enum weir_rc make_room(struct builder *b, struct doc_node *map, const struct entry *members,
                              size_t n)
{
    size_t cap = map->n_items;

    for (size_t i = 0; i < n; i++)
        if (members[i].is_merge)
            cap += merged_size(&members[i].node);
    if (cap > MERGED_KEYS_MAX)
        return err_at(b->err, WEIR_LIMIT, map->line, map->col,
                      "more than %d keys in a map with '<<'", MERGED_KEYS_MAX);
    struct doc_key *keys = ARENA_ARRAY(b->a, cap, struct doc_key);
    struct doc_node *items = ARENA_ARRAY(b->a, cap, struct doc_node);
    for (size_t i = 0; i < map->n_items; i++) {
        keys[i] = map->keys[i];
        items[i] = map->items[i];
    }
    map->keys = keys;
    map->items = items;
    return WEIR_OK;
}

static enum weir_rc merge_all(struct builder *b, struct doc_node *map, const struct entry *members,
                              size_t n)
{
    TRY(make_room(b, map, members, n));
    for (size_t i = 0; i < n; i++) {
        const struct doc_node *from = &members[i].node;
        if (!members[i].is_merge)
            continue;
        if (from->type != DOC_LIST) {
            TRY(merge_map(b, map, from));
            continue;
        }
        for (size_t k = 0; k < from->n_items; k++)
            TRY(merge_map(b, map, &from->items[k]));
    }
    return WEIR_OK;
}

static enum weir_rc finish_map(struct builder *b, struct doc_node *map, const struct entry *members,
                               size_t n)
{
    bool has_merge = false;

    map->items = ARENA_ARRAY(b->a, n, struct doc_node);
    map->keys = ARENA_ARRAY(b->a, n, struct doc_key);
    for (size_t i = 0; i < n; i++) {
        if (members[i].is_merge) {
            has_merge = true;
            continue;
        }
        map->keys[map->n_items] = members[i].key;
        map->items[map->n_items++] = members[i].node;
    }
    TRY(check_double(b, map->keys, map->n_items));
    return has_merge ? merge_all(b, map, members, n) : WEIR_OK;
}

static void finish_list(struct builder *b, struct doc_node *list, const struct entry *members,
                        size_t n)
{
    list->items = ARENA_ARRAY(b->a, n, struct doc_node);
    for (size_t i = 0; i < n; i++)
        list->items[i] = members[i].node;
    list->n_items = n;
}

static enum weir_rc on_end(struct builder *b)
{
    struct frame f = b->frames[--b->n_frames];
    struct entry self = b->stack[f.base - 1];
    const struct entry *members = b->stack + f.base;
    size_t n = b->n_stack - f.base;

    if (self.node.type == DOC_MAP)
        TRY(finish_map(b, &self.node, members, n));
    else
        finish_list(b, &self.node, members, n);
    self.n_nodes = f.n_nodes + 1;
    self.height = f.height + 1;
    b->n_stack = f.base - 1;
    if (f.anchor.n)
        set_anchor(b, f.anchor, &self, false);
    place(b, &self);
    return WEIR_OK;
}

/* ---- the stream ---------------------------------------------------------------------- */

/* An empty document is one plain scalar without text. */
static void finish_document(struct builder *b)
{
    ASSERT(b->n_stack == 1 && b->n_frames == 0);
    struct doc_node node = b->stack[0].node;

    b->n_stack = 0;
    b->n_anchors = 0;
    if (node.type == DOC_NULL && node.text.n == 0 && !node.is_quoted)
        return;
    if (b->n_docs == b->cap_docs)
        b->docs = grown(b->docs, &b->cap_docs, sizeof *b->docs);
    b->docs[b->n_docs++] = node;
}

static enum weir_rc on_event(struct builder *b, const yaml_event_t *e)
{
    if (wants_key(b) && e->type != YAML_MAPPING_END_EVENT) {
        if (e->type != YAML_SCALAR_EVENT)
            return FAIL(b, WEIR_SYNTAX, e->start_mark, "a key must be a plain text");
        take_key(b, e);
        return WEIR_OK;
    }
    switch (e->type) {
    case YAML_SCALAR_EVENT:
        return on_scalar(b, e);
    case YAML_ALIAS_EVENT:
        return on_alias(b, e);
    case YAML_SEQUENCE_START_EVENT:
        return on_start(b, e, e->data.sequence_start.anchor, e->data.sequence_start.tag, DOC_LIST);
    case YAML_MAPPING_START_EVENT:
        return on_start(b, e, e->data.mapping_start.anchor, e->data.mapping_start.tag, DOC_MAP);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return on_end(b);
    case YAML_DOCUMENT_END_EVENT:
        finish_document(b);
        return WEIR_OK;
    default:
        return WEIR_OK;
    }
}

/* The byte at a mark, whose index counts characters; 0 at the end of the text. */
static char char_at(struct str text, yaml_mark_t mark)
{
    size_t n = 0;

    for (size_t i = 0; i < text.n; i++)
        if (((unsigned char)text.p[i] & 0xC0) != 0x80 && n++ == mark.index)
            return text.p[i];
    return '\0';
}

/* What people usually did when libyaml says this; it names the rule of the grammar instead. */
static const char *usual_mistake(const yaml_parser_t *p, struct str text)
{
    static const struct {
        const char *problem, *hint;
    } HINTS[] = {
        {"did not find expected alphabetic or numeric character",
         "a text that begins with '*' or '&' must be quoted"},
        {"found unknown escape character",
         "a backslash in double quotes begins an escape: use single quotes"},
        {"did not find expected hexdecimal number",
         "a backslash in double quotes begins an escape: use single quotes"},
        {"mapping values are not allowed in this context",
         "a ':' too many: quote the text, or look for a missing ':' or a wrong indentation above"},
        {"did not find expected key", "the indentation is not that of the lines above"},
        {"did not find expected '-' indicator", "the indentation is not that of the lines above"},
    };

    if (strcmp(p->problem, "found character that cannot start any token") == 0) {
        char c = char_at(text, p->problem_mark);
        return c == '\t' ? "a tab: YAML is indented with spaces"
                         : "a text that begins with '%', '@' or '`' must be quoted";
    }
    for (size_t i = 0; i < ARRAY_LEN(HINTS); i++)
        if (strcmp(p->problem, HINTS[i].problem) == 0)
            return HINTS[i].hint;
    return NULL;
}

/* libyaml gives a byte offset for bad encodings and a mark for everything else. */
static enum weir_rc parser_error(struct builder *b, const yaml_parser_t *p, struct str text)
{
    if (p->error == YAML_READER_ERROR) {
        uint32_t line = 1 + b->line0;
        for (size_t i = 0; i < p->problem_offset && i < text.n; i++)
            line += text.p[i] == '\n';
        return err_at(b->err, WEIR_SYNTAX, line, 0, "not valid UTF-8 text: %s", p->problem);
    }
    const char *problem = p->problem ? p->problem : "not valid YAML";
    const char *hint = p->problem ? usual_mistake(p, text) : NULL;
    if (p->context && strcmp(p->context, "while scanning a quoted scalar") == 0 &&
        strcmp(problem, "found unexpected end of stream") == 0)
        return FAIL(b, WEIR_SYNTAX, p->context_mark, "the quote that begins here is never closed");
    if (hint)
        return FAIL(b, WEIR_SYNTAX, p->problem_mark, "%s (%s)", problem, hint);
    if (p->context)
        return FAIL(b, WEIR_SYNTAX, p->problem_mark, "%s (%s in line %u)", problem, p->context,
                    line_of(b, p->context_mark));
    return FAIL(b, WEIR_SYNTAX, p->problem_mark, "%s", problem);
}

static enum weir_rc read_stream(struct builder *b, yaml_parser_t *p, struct str text)
{
    for (bool is_done = false; !is_done;) {
        yaml_event_t e;
        if (!yaml_parser_parse(p, &e))
            return parser_error(b, p, text);
        enum weir_rc rc = on_event(b, &e);
        is_done = e.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&e);
        TRY(rc);
    }
    return WEIR_OK;
}

static void give_documents(struct builder *b, struct doc_node **docs, size_t *n_docs)
{
    *docs = ARENA_ARRAY(b->a, b->n_docs, struct doc_node);
    for (size_t i = 0; i < b->n_docs; i++)
        (*docs)[i] = b->docs[i];
    *n_docs = b->n_docs;
}

enum weir_rc doc_parse_yaml_at(struct arena *a, struct str text, uint32_t first_line,
                               struct doc_node **docs, size_t *n_docs, struct weir_err *err)
{
    struct builder b = {.a = a, .err = err, .line0 = first_line - 1};
    yaml_parser_t parser;

    ASSERT(first_line > 0);
    if (!yaml_parser_initialize(&parser))
        return err_set(err, WEIR_LIMIT, "out of memory");
    yaml_parser_set_input_string(&parser, (const unsigned char *)(text.n ? text.p : ""), text.n);
    enum weir_rc rc = read_stream(&b, &parser, text);
    if (rc == WEIR_OK)
        give_documents(&b, docs, n_docs);
    yaml_parser_delete(&parser);
    free(b.stack);
    free(b.anchors);
    free(b.docs);
    return rc;
}

enum weir_rc doc_parse_yaml(struct arena *a, struct str text, struct doc_node **docs,
                            size_t *n_docs, struct weir_err *err)
{
    return doc_parse_yaml_at(a, text, 1, docs, n_docs, err);
}

/* doc.h - one tree for YAML, TOML and JSON that remembers line and column.
 *
 * Every file that a person writes (rule, profile, list, configuration) becomes this
 * tree, so that an error can point at the place it is about.
 *
 * Scalars keep their text; `type` is what the YAML 1.1 rules of PyYAML's safe loader
 * make of an unquoted scalar, since that is what Sigma rules were written against:
 * yes/no/on/off are booleans, 0x10 is a number, 22:30 is the number 1350. A quoted scalar is
 * always DOC_STRING, and so is a plain date. An explicit tag (`!!str 5`) is obeyed; a tag that
 * the safe loader does not know is an error, and so is !!binary. `<<` merges maps.
 *
 * Columns count characters, as editors do.
 *
 * TOML says itself what is a text and what a number; toml.cpp (the one file of C++) reads it.
 *
 * Memory   nodes and text live in the arena that doc_parse_yaml() was given.
 * Limits   depth DOC_DEPTH_MAX, nodes DOC_NODES_MAX; aliases (`*name`) are expanded
 *          and count again, so a bomb of aliases ends at the limit.
 */
#ifndef WEIR_DOC_DOC_H
#define WEIR_DOC_DOC_H

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"

enum { DOC_DEPTH_MAX = 64, DOC_NODES_MAX = 200000 };

enum doc_type { DOC_NULL, DOC_BOOL, DOC_INT, DOC_FLOAT, DOC_STRING, DOC_LIST, DOC_MAP };

struct doc_node {
    enum doc_type type;
    uint32_t line, col;     /* 1-based: where the value starts */
    struct str text;        /* scalars: as written, escapes of quoted scalars resolved */
    struct str number;      /* DOC_INT, DOC_FLOAT: as a JSON number (0x10 -> 16, 1_000 -> 1000);
                             * empty for .inf and .nan */
    bool is_true;           /* DOC_BOOL */
    bool is_quoted;         /* scalar in quotes or a block scalar */
    struct doc_node *items; /* DOC_LIST: n_items values; DOC_MAP: n_items values */
    struct doc_key *keys;   /* DOC_MAP: keys[i] belongs to items[i] */
    size_t n_items;
};

struct doc_key {
    struct str text;
    uint32_t line, col;
};

/* The tree once more, with its texts, in this arena. */
struct doc_node *doc_copy(struct arena *a, const struct doc_node *node);

/* The documents of one YAML stream. A duplicate key in a map is an error, an empty
 * document is left out. Fails with WEIR_SYNTAX or WEIR_LIMIT and a position. */
MUST_USE enum weir_rc doc_parse_yaml(struct arena *a, struct str text, struct doc_node **docs,
                                     size_t *n_docs, struct weir_err *err);

/* The same for a text whose first line is line `first_line` of its file. */
MUST_USE enum weir_rc doc_parse_yaml_at(struct arena *a, struct str text, uint32_t first_line,
                                        struct doc_node **docs, size_t *n_docs,
                                        struct weir_err *err);

/* The table that a TOML text is, its members in the order of the file. Dates and times are texts
 * (is_quoted: false); inf and nan are DOC_FLOAT without a number. A text in """...""" starts at its
 * first quote. Fails with WEIR_SYNTAX or WEIR_LIMIT and a position. */
MUST_USE enum weir_rc doc_parse_toml(struct arena *a, struct str text, struct doc_node **doc,
                                     struct weir_err *err);

/* The value that a JSON text is; its first line is line `first_line` of its file. A double key is
 * an error. Fails with WEIR_SYNTAX or WEIR_LIMIT and a position. */
MUST_USE enum weir_rc doc_parse_json(struct arena *a, struct str text, uint32_t first_line,
                                     struct doc_node **out, struct weir_err *err);

/* Cut the next document's own text off a stream, at the `---` lines, so that a syntax error in
 * one document does not hide the next. *line is the line of *rest in its file: 1 at first, then
 * kept up to date; *doc_line is where *doc starts. False at the end. A document that is all
 * blanks and comments is handed out too: it parses to no document. */
bool doc_cut_yaml(struct str *rest, uint32_t *line, struct str *doc, uint32_t *doc_line);

/* The value under a key, NULL if absent (or if the node is NULL or no map). */
const struct doc_node *doc_get(const struct doc_node *map, struct str key);
/* Index of a key in a map, SIZE_MAX if absent. */
size_t doc_find(const struct doc_node *map, struct str key);

/* "a map", "a list", "text", "a number" ...: for messages. */
const char *doc_type_name(const struct doc_node *node);

/* What the YAML 1.1 rules of PyYAML's safe loader make of a plain scalar; *number as in struct
 * doc_node (from `a` if it is not `text` itself). DOC_STRING for what is no other type. */
enum doc_type doc_scalar_type(struct arena *a, struct str text, struct str *number, bool *is_true);

static inline bool doc_is_scalar(const struct doc_node *node)
{
    return node && node->type != DOC_LIST && node->type != DOC_MAP;
}

#endif

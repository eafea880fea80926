/* tree.h - a whole JSON document as a tree: for the reference evaluator, alerts and
 * tools, never on the event path.
 *
 * Strings are unescaped (lone surrogates and invalid UTF-8 become U+FFFD); numbers keep
 * their text; duplicate keys stay, in order.
 *
 * Memory  everything lives in the arena. The source text is not needed afterwards
 *         (but see json_tree_parse_lent()).
 * Limits  as scan.h, same reasons; both accept exactly the same documents.
 */
#ifndef WEIR_JSON_TREE_H
#define WEIR_JSON_TREE_H

#include "base/arena.h"
#include "base/base.h"
#include "json/scan.h"

enum json_type {
    JSON_T_NULL,
    JSON_T_BOOL,
    JSON_T_NUMBER,
    JSON_T_STRING,
    JSON_T_ARRAY,
    JSON_T_OBJECT
};

struct json_node {
    enum json_type type;
    bool is_true;            /* JSON_T_BOOL */
    struct str text;         /* string (unescaped) or number (as written) or true/false/null */
    struct str key;          /* name of this member when the parent is an object, unescaped */
    struct json_node *first; /* members, in document order */
    struct json_node *next;
};

/* Parse any JSON value (not only objects). */
MUST_USE enum json_reason json_tree_parse(struct arena *a, struct str text, struct json_node **out,
                                          size_t *offset);

/* The same of a text that outlives the tree: what means itself is left where it stands. */
MUST_USE enum json_reason json_tree_parse_lent(struct arena *a, struct str text,
                                               struct json_node **out, size_t *offset);

/* First member of an object with that key, NULL if none or if node is NULL or no object. */
const struct json_node *json_tree_get(const struct json_node *node, struct str key);

/* How deep it is nested: 1 for a scalar or what is empty. */
size_t json_tree_depth(const struct json_node *node);

/* Walk nested keys "a.b.c" through objects only; a convenience for tools. */
const struct json_node *json_tree_path(const struct json_node *node, struct str path);

#endif

/* tree.h - a KQL query as it was written: every node has its place.
 *
 * Memory   in the scratch arena of the scope.
 */
#ifndef WEIR_LANG_KQL_TREE_H
#define WEIR_LANG_KQL_TREE_H

#include "lang/kql/lex.h"

enum kql_kind {
    KQL_AND,
    KQL_OR,
    KQL_NOT,
    KQL_IS,    /* field: value */
    KQL_RANGE, /* field < value */
    KQL_BARE,  /* value */
    KQL_NESTED /* field: { child } */
};

/* A field's name or a value: as its token. */
struct kql_node {
    enum kql_kind kind;
    struct place at;
    const struct kql_token *field; /* NULL: none */
    const struct kql_token *value;
    enum atom_op op; /* KQL_RANGE: ATOM_NUM_LT ... */
    struct kql_node **children;
    size_t n_children;
};

/* *out is NULL for the empty query. False after the first error. */
bool kql_parse(struct query_scope *s, struct str text, struct kql_node **out);

#endif

/* tree.h - an EQL query as it was written: every node has its place.
 *
 * Memory   in the scratch arena of the scope.
 */
#ifndef WEIR_LANG_EQL_TREE_H
#define WEIR_LANG_EQL_TREE_H

#include "base/base.h"
#include "lang/eql/eql.h"
#include "lang/eql/lex.h"

enum eql_kind {
    EQL_NULL,
    EQL_BOOL,
    EQL_NUMBER,
    EQL_STRING,
    EQL_FIELD,
    EQL_CALL,
    EQL_NEGATIVE, /* -x */
    EQL_ARITHMETIC,
    EQL_COMPARE,
    EQL_MATCH, /* x : y, like, regex; the patterns are children 1.. */
    EQL_IN,    /* the list is children 1.. */
    EQL_NOT,
    EQL_AND,
    EQL_OR
};

enum eql_op {
    EQL_OP_NONE,
    EQL_EQ,
    EQL_NE,
    EQL_LT,
    EQL_LE,
    EQL_GT,
    EQL_GE,
    EQL_ADD,
    EQL_SUBTRACT,
    EQL_MULTIPLY,
    EQL_DIVIDE,
    EQL_MODULO,
    EQL_SEQ, /* : */
    EQL_LIKE,
    EQL_REGEX
};

struct eql_node {
    enum eql_kind kind;
    enum eql_op op;
    struct place at;
    struct str text;  /* string, number, field's or function's name */
    bool value;       /* EQL_BOOL */
    bool is_caseless; /* the form with ~ */
    bool is_optional; /* ?field */
    struct eql_node **children;
    size_t n_children;
};

/* [category where condition] by ... with runs=N; or an event query, which is one such item. */
struct eql_item {
    struct place at;
    bool is_missing, is_any; /* ![...]; any category */
    struct str category;
    struct eql_node *condition;
    struct eql_node **by;
    size_t n_by;
    uint32_t runs;
};

enum eql_shape { EQL_EVENT, EQL_SEQUENCE, EQL_SAMPLE };

struct eql_query {
    enum eql_shape shape;
    struct place at;
    struct eql_item *items; /* EQL_EVENT: one */
    size_t n_items;
    struct eql_item *until; /* NULL: none */
    struct eql_node **by;
    size_t n_by;
    int64_t maxspan_ms; /* 0: none */
};

/* ---- parsing ------------------------------------------------------------------ */

struct eql_parser {
    struct query_scope *s;
    struct eql_lexer lexer;
    struct eql_token token; /* the next one */
    unsigned depth;
    size_t n_values;
};

/* False after the first error. */
bool eql_parse(struct query_scope *s, struct str text, struct eql_query *out);

/* NULL after an error. */
struct eql_node *eql_condition_parse(struct eql_parser *p);
/* A field, as in `by`. */
struct eql_node *eql_field_parse(struct eql_parser *p);

/* Steps of the parser. All that fail say so first. */
bool eql_advance(struct eql_parser *p);
bool eql_is_sign(const struct eql_parser *p, const char *sign);
bool eql_is_word(const struct eql_parser *p, const char *word);
/* Step over it, or say what was expected. */
bool eql_expect_sign(struct eql_parser *p, const char *sign, const char *after);
/* "expected X, found Y"; returns false. */
bool eql_expected(struct eql_parser *p, const char *what);

#endif

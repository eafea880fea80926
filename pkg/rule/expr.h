/* expr.h - values computed from the fields of one event: what an atom with ATOM_EXPR asks.
 *
 * A tree of literals, fields and calls. A call with a null argument is null unless its operator
 * says otherwise, so an event that lacks a field mostly makes the whole null, which the formula
 * takes as unknown. What languages do differently is an operator or a flag of its node.
 *
 * Numbers are whole (int64) as long as all that went into them is and the result fits, else
 * floating. Comparisons of two texts are by bytes; a text that is written as a JSON number compares
 * with numbers. A value of a wrong type makes a call null.
 *
 * Characters are those of base/utf8.h.
 *
 * Memory   a tree lives in the arena of its rule; evaluating takes memory from the arena of the
 *          scope, which the caller resets.
 * Limits   EXPR_TEXT_MAX: longer results are null; EXPR_DEPTH_MAX: front ends hold it.
 */
#ifndef WEIR_RULE_EXPR_H
#define WEIR_RULE_EXPR_H

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "rule/rule.h"

enum { EXPR_TEXT_MAX = 1024 * 1024, EXPR_DEPTH_MAX = 128 };

enum expr_kind { EXPR_NULL, EXPR_BOOL, EXPR_NUMBER, EXPR_TEXT, EXPR_FIELD, EXPR_CALL };

enum expr_op {
    EXPR_ADD,
    EXPR_SUBTRACT,
    EXPR_MULTIPLY,
    EXPR_DIVIDE, /* of whole numbers truncates; by zero: null */
    EXPR_MODULO, /* has the sign of the dividend */
    EXPR_NEGATE,
    EXPR_CONCAT,    /* texts of any scalars */
    EXPR_STRING,    /* text of a scalar */
    EXPR_NUMBER_OF, /* (text, base): the base may be null; hexadecimal behind 0x by itself */
    EXPR_LENGTH,    /* in characters */
    EXPR_SUBSTRING, /* (text, from, to): to may be null; negative ones count from the end */
    EXPR_BETWEEN,   /* (text, left, right), is_greedy; no match: the empty text */
    EXPR_INDEX_OF,  /* (text, part, from): null if it is not there; from may be absent */
    EXPR_STARTS,    /* (text, part), by `fold` */
    EXPR_ENDS,
    EXPR_CONTAINS, /* the empty part is in no text */
    EXPR_IN_NETWORK,
    EXPR_GLOB, /* (text): all of it matches `glob`, by `fold` */
    EXPR_EQ,   /* by `fold` */
    EXPR_LT,
    EXPR_LE,
    EXPR_GT,
    EXPR_GE,
    EXPR_IS_NULL, /* never null itself */
    EXPR_OPS
};

struct expr {
    enum expr_kind kind;
    struct str text; /* literal text, number as in JSON, or name of the field */
    bool value;      /* EXPR_BOOL */
    uint32_t slot;   /* EXPR_FIELD: index into the atom's expr_fields */
    enum expr_op op;
    enum fold fold; /* ASCII at most */
    bool is_greedy;
    struct glob glob;
    struct expr **args;
    size_t n_args;
};

enum expr_type {
    EXPR_VALUE_NULL,
    EXPR_VALUE_BOOL,
    EXPR_VALUE_INT,
    EXPR_VALUE_REAL,
    EXPR_VALUE_TEXT
};

struct expr_value {
    enum expr_type type;
    bool is_true;
    int64_t whole;
    double real;
    struct str text; /* of a text; of a number as it is written, empty if it was computed */
};

/* What an expression is asked of. */
struct expr_scope {
    /* The first member of the field that is no null, no object and no list; null if there is none.
     * NULL: there are no fields. */
    struct expr_value (*field)(void *context, uint32_t slot);
    /* Is the text an address inside the network? NULL: never. */
    bool (*in_network)(void *context, struct str address, struct str network);
    void *context;
    struct arena *space;
};

struct expr_value expr_eval(const struct expr *e, const struct expr_scope *scope);

/* The truth of a condition: null and what is no truth value are unknown. */
enum truth expr_truth(const struct expr *e, const struct expr_scope *scope);

/* A number as JSON has it; null if it is none. */
struct expr_value expr_value_number(struct str json);
struct expr_value expr_value_text(struct str text);
struct expr_value expr_value_bool(bool is_true);
/* The value as text ("true", "42.5"); false: null has none. */
bool expr_value_string(struct arena *a, const struct expr_value *v, struct str *out);

/* True if the expression is null, or no truth value, of every event that lacks this field. */
bool expr_needs(const struct expr *e, uint32_t slot);

bool expr_equal(const struct expr *a, const struct expr *b);
uint64_t expr_hash(const struct expr *e);

/* "startswith(host.name, substring(user.name, 0, -1))" */
void expr_dump(struct buf *out, const struct expr *e);
const char *expr_op_name(enum expr_op op);

#endif

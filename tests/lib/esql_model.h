/* esql_model.h - what the functions and operators of ES|QL make of values, written from its
 * documents, for random expressions (test_esql_random): it knows nothing of weir.
 *
 * A value has a type and zero (null), one or several values. Most functions are null if an operand
 * is null or has several values.
 */
#ifndef WEIR_TESTS_LIB_ESQL_MODEL_H
#define WEIR_TESTS_LIB_ESQL_MODEL_H

#include "base/arena.h"
#include "base/base.h"

enum esql_type { ESQL_LONG, ESQL_REAL, ESQL_TEXT, ESQL_BOOL, ESQL_TIME, ESQL_TYPES };

enum { ESQL_VALUES = 12, ESQL_OPERANDS = 5 };

union esql_item {
    int64_t n; /* also a truth value, and a time in ms since 1970 */
    double d;
    const char *s;
};

struct esql_value {
    enum esql_type type;
    unsigned n; /* 0: null */
    union esql_item items[ESQL_VALUES];
};

struct esql_call {
    struct arena *arena;
    const struct esql_value *args;
    const char *with;
    /* Set where the documents do not say what comes of it. */
    bool *is_open;
};

/* How tightly an operator binds. */
enum {
    ESQL_OR = 1,
    ESQL_AND,
    ESQL_NOT,
    ESQL_COMPARE,
    ESQL_SUM,
    ESQL_PRODUCT,
    ESQL_SIGN,
    ESQL_CAST,
    ESQL_CALL
};

struct esql_function {
    /* `{5}` is an operand that must bind at least so tightly, `{0}` any; `@` is `with`. */
    const char *form, *with;
    unsigned level;
    enum esql_type result;
    enum esql_type operands[ESQL_OPERANDS];
    bool sees_all; /* also null and several values */
    void (*run)(const struct esql_call *c, struct esql_value *out);
};

/* "2024-02-29T23:59:59.999Z" */
struct str esql_time_text(struct arena *a, int64_t ms);

extern const struct esql_function ESQL_FUNCTIONS[];
extern const unsigned ESQL_N_FUNCTIONS;

unsigned esql_operands(const struct esql_function *f);
struct esql_value esql_run(struct arena *a, const struct esql_function *f,
                           const struct esql_value *args, bool *is_open);

#endif

/* expr.h - values computed from the fields of one event: what an atom with ATOM_EXPR asks.
 *
 * A tree of literals, fields and calls. A call with a null argument is null unless its operator
 * says otherwise, so an event that lacks a field mostly makes the whole null, which the formula
 * takes as unknown. What languages do differently is an operator or a flag of its node.
 *
 * Numbers are whole (int64) as long as all that went into them is and the result fits, else
 * floating. Comparisons of two texts are by bytes; a text that is written as a JSON number compares
 * with numbers. A value of a wrong type makes a call null; a list is a wrong type wherever one
 * value is wanted, unless the node says `is_any` or `is_each`.
 *
 * A list has at least two members, none of them null or a list: one member is that value, none is
 * null. Nodes may be shared: a tree is a DAG.
 *
 * Characters are those of base/utf8.h. Times are milliseconds since 1970 UTC, as numbers.
 *
 * Memory   a tree lives in the arena of its rule; evaluating takes memory from the arena of the
 *          scope, which the caller resets.
 * Limits   EXPR_TEXT_MAX: longer results are null; EXPR_LIST_MAX: what is beyond is not there;
 *          EXPR_DEPTH_MAX, EXPR_SIZE_MAX (nodes, a shared one each time): front ends hold them.
 */
#ifndef WEIR_RULE_EXPR_H
#define WEIR_RULE_EXPR_H

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "rule/rule.h"

enum {
    EXPR_TEXT_MAX = 1024 * 1024,
    EXPR_DEPTH_MAX = 128,
    EXPR_SIZE_MAX = 20000,
    EXPR_LIST_MAX = 1000
};

enum expr_kind {
    EXPR_NULL,
    EXPR_BOOL,
    EXPR_NUMBER,
    EXPR_TEXT,
    EXPR_FIELD, /* its first member */
    EXPR_CALL,
    EXPR_MEMBERS,  /* a field with all its members */
    EXPR_MEMBER,   /* that of the list which EXPR_ANY_OF and its like, or rule.rows, go through */
    EXPR_TIME,     /* time of the event (or of what is judged); where nobody knows it, that which is
                    * written in the field */
    EXPR_CONDITION /* front ends only: `condition` where a truth value stands (lang/pipe) */
};

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
    EXPR_BYTES,     /* length in bytes */
    EXPR_SUBSTRING, /* (text, from, to): to may be absent; negative ones count from the end */
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
    EXPR_IS_NULL,  /* never null itself */
    EXPR_IS_THERE, /* not null */

    /* Logic. Arguments are computed as they are needed. */
    EXPR_AND,
    EXPR_OR,
    EXPR_NOT,
    EXPR_CASE,     /* (condition, value, condition, value ... [else]): null if none is true */
    EXPR_COALESCE, /* the first that is not null */
    EXPR_IN,       /* (x, items...): as an OR of EXPR_EQ */
    EXPR_ANY_OF,   /* (list, condition about EXPR_MEMBER): true of some member */
    EXPR_FILTER,   /* ... the members of which it is true */
    EXPR_MAP,      /* (list, value of EXPR_MEMBER) */

    /* Texts. */
    EXPR_LOWER, /* letters of all scripts, one for one (base/recase.h) */
    EXPR_UPPER,
    EXPR_TRIM, /* (text, characters): blanks if there are none given */
    EXPR_TRIM_LEFT,
    EXPR_TRIM_RIGHT,
    EXPR_REPLACE_TEXT, /* (text, old, new) */
    EXPR_SPLIT,        /* (text, separator): a list; separator empty: characters */
    EXPR_REGEX,        /* (text): `regex` matches */
    EXPR_CAPTURE,      /* (text): `group` of the first match of `regex`; null if it took no part */
    EXPR_REPLACE,      /* (text, new[, true: the first one]): all matches of `regex`; $1 or \1 in
                        * new are its groups */
    EXPR_URL_DECODE,
    EXPR_REVERSE,    /* by the clusters of base/cluster.h */
    EXPR_URL_ENCODE, /* all bytes but letters, digits and - . _ ~ are %XX */
    EXPR_HASH,       /* (text, "md5" "sha1" "sha256" ...): in lower-case hexadecimal; null: no such
                      * algorithm */
    EXPR_BASE64_ENCODE,
    EXPR_BASE64_DECODE, /* null if it is none; (text, "utf-8" "utf-16le" "utf-16be" "iso-8859-1"):
                         * of a text in that character set, other letters passed over */
    EXPR_ENTROPY,       /* (text): Shannon's, of its characters, in bits; 0 of the empty text */
    EXPR_HAS_TEXT,      /* (text, part): as EXPR_CONTAINS, but the empty part is in every text */
    EXPR_GEO,           /* (address): `geo_part` of where it is; null: nobody knows */

    /* Numbers. */
    EXPR_QUOTIENT, /* as EXPR_DIVIDE, but 3 / 2 is 1.5 */
    EXPR_ROUND,    /* (x, digits): half away from zero */
    EXPR_FLOOR,
    EXPR_CEILING,
    EXPR_ABSOLUTE,
    EXPR_POWER,
    EXPR_SQUARE_ROOT,
    EXPR_LOGARITHM, /* (x, base): natural if there is no base */
    EXPR_LEAST,     /* of all arguments that are not null, and of the members of lists */
    EXPR_GREATEST,
    EXPR_WHOLE, /* a number, or a text that is one, without its fraction */
    EXPR_REAL,
    EXPR_BOOLEAN,  /* "true" and "false" in any case; of a number: it is not 0 */
    EXPR_DISTANCE, /* (latitude, longitude, latitude, longitude): metres on a sphere */
    EXPR_MATH,     /* (name, x[, y]): "sin" "atan2" "cbrt" ...; expr_has_math() knows which */

    /* Times. */
    EXPR_TIME_OF,     /* of a text or number as base/time.h reads it */
    EXPR_TIME_TEXT,   /* ISO 8601 */
    EXPR_TIME_FORMAT, /* (time, format of strftime; %N and %Q: parts of a second, expr_impl.h) */
    EXPR_TIME_TRUNC,  /* (time, step in ms), from 1970 on; (time, n, "month"): n months, from the
                       * year 0 on */
    EXPR_TIME_DIFF,   /* (from, to, unit in ms, or "month"): whole units between, towards zero */
    EXPR_TIME_PART,   /* (time, "year" "month" "day" "hour" "minute" "second" "weekday" (1 Monday)
                       * "yearday" "week") */

    /* Lists; one value is a list of one. */
    EXPR_LIST, /* of all arguments and their members */
    EXPR_LIST_COUNT,
    EXPR_LIST_AT, /* (list, from[, to]): places from 0, negative ones from the end, both included */
    EXPR_LIST_FIND, /* (list): place of the first member that `regex` matches, or null */
    EXPR_LIST_JOIN, /* (list, separator) */
    EXPR_LIST_SUM,
    EXPR_LIST_AVERAGE,
    EXPR_LIST_MEDIAN,     /* of an even number of whole ones: the lower whole number */
    EXPR_LIST_PERCENTILE, /* (list, from 0 to 100): between two members what lies as far between;
                           * of whole ones without its fraction */
    EXPR_LIST_DISTINCT,
    EXPR_LIST_SORT,      /* (list[, true: the greatest first]) */
    EXPR_LIST_INTERSECT, /* members of the first that the second has */
    EXPR_LIST_CAPTURE,   /* (list): `group` of each match of `regex` in each member */
    EXPR_LIST_LOOKUP,    /* (list): what `table` has for each member */

    /* Forms. */
    EXPR_KIND_OF,     /* "null" "bool" "whole" "real" "text" "list"; loose: of what a text says */
    EXPR_NUMBER_TEXT, /* (number, "hex" "commas" "duration" (of seconds)) */
    EXPR_IS_JSON,     /* (text) */
    EXPR_JSON_AT,     /* (text that is JSON, path): keys with dots between, {} all members of an
                       * array, {N} one; objects and arrays as text */
    EXPR_TIME_READ,   /* (text, format of strptime, and %N %Q, also %3N ...: so many digits of
                       * a second's parts, at most 9 and 3 if it does not say; what is finer than
                       * a ms is cut off) */
    EXPR_LIST_ZIP,    /* (list, list, between): the first of both, the second of both ... */
    EXPR_LIST_RANGE,  /* (from, to, step): whole numbers from, from + step ... below to */
    EXPR_IP_PREFIX,   /* (address, bits of v4, bits of v6): the first one of its network */
    EXPR_OPS
};

struct expr_value;

/* What EXPR_GEO can ask. Names are English. */
enum geo_part {
    GEO_CITY,
    GEO_REGION,
    GEO_REGION_CODE,
    GEO_COUNTRY,
    GEO_COUNTRY_CODE, /* ISO 3166 */
    GEO_CONTINENT,
    GEO_TIME_ZONE,
    GEO_LATITUDE, /* degrees */
    GEO_LONGITUDE,
    GEO_PARTS
};

/* Where addresses are. The correlate package provides it (geoip.h); `rule` only says what it needs.
 * It must outlive the rules that ask it. Texts that it gives live as long as itself. Asked by any
 * number of threads. */
struct geo_source {
    struct expr_value (*find)(const void *context, struct str address, enum geo_part part);
    const void *context;
};

/* Pairs of texts, ordered by key (bytes); a key may come again. */
struct expr_table {
    const struct str *keys, *values;
    size_t n;
    bool is_caseless;         /* ASCII; keys are in lower case */
    const struct glob *globs; /* NULL; else the keys, in the order of the list, as patterns */
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
    /* Calls. */
    bool is_any;           /* the first argument may be a list: true if it is of some member */
    bool is_each;          /* the first argument may be a list: the list of what members make */
    bool is_single;        /* null if an argument is a list, also where its text would do */
    bool is_false_on_null; /* false where it would be null (two-valued languages) */
    bool is_loose;         /* texts that are numbers count, and compare, as numbers */
    bool is_plain;         /* a whole number that is computed is one: 1.5 + 1.5 is 3, not 3.0 */
    bool is_shared;        /* stands in several places, and none of its leaves is EXPR_MEMBER */
    struct regex regex;
    const struct expr_regex *compiled; /* of `regex`, expr_regex.h; never NULL where one is used */
    uint32_t group;
    enum geo_part geo_part;          /* EXPR_GEO */
    const struct geo_source *geo;    /* never NULL there */
    const struct expr_table *table;  /* EXPR_LIST_LOOKUP; never NULL there */
    const struct formula *condition; /* EXPR_CONDITION */
    /* Part of no comparison: where the rule says it; nodes and levels with all below, for front
     * ends that hold limits. */
    uint32_t line, col;
    uint32_t size, depth;
};

enum expr_type {
    EXPR_VALUE_NULL,
    EXPR_VALUE_BOOL,
    EXPR_VALUE_INT,
    EXPR_VALUE_REAL,
    EXPR_VALUE_TEXT,
    EXPR_VALUE_LIST
};

struct expr_value {
    enum expr_type type;
    bool is_true;
    int64_t whole;
    double real;
    struct str text; /* of a text; of a number as it is written, empty if it was computed */
    const struct expr_value *items; /* EXPR_VALUE_LIST: at least two */
    size_t n_items;
};

struct expr_memo; /* values of shared nodes, of one evaluation */

/* What an expression is asked of. */
struct expr_scope {
    /* The first member of the field that is no null, no object and no list; null if there is none.
     * NULL: there are no fields. */
    struct expr_value (*field)(void *context, uint32_t slot);
    /* All such members: null, the only one, or a list. NULL: as `field`. */
    struct expr_value (*members)(void *context, uint32_t slot);
    void *context;
    struct arena *space;
    const struct expr_value *member; /* EXPR_MEMBER; NULL: none is bound */
    bool has_time;
    int64_t time_ms;        /* EXPR_TIME */
    struct expr_memo *memo; /* expr_value_of() and expr_truth() set it */
    uint64_t *n_over_limit; /* counts regexes that met a limit, and did not match; may be NULL */
};

struct expr_value expr_value_of(const struct expr *e, const struct expr_scope *scope);
/* The same inside an evaluation that has begun, or of a tree without shared nodes. */
struct expr_value expr_eval(const struct expr *e, const struct expr_scope *scope);

/* The truth of a condition: null and what is no truth value are unknown. */
enum truth expr_truth(const struct expr *e, const struct expr_scope *scope);

/* A number as JSON has it; null if it is none. */
struct expr_value expr_value_number(struct str json);
struct expr_value expr_value_text(struct str text);
struct expr_value expr_value_bool(bool is_true);
struct expr_value expr_value_whole(int64_t n);
struct expr_value expr_value_real(double d);
/* n values as a list, a single value or null; they are copied without nulls, lists dissolved, cut
 * at EXPR_LIST_MAX. */
struct expr_value expr_value_list(struct arena *a, const struct expr_value *items, size_t n);
/* Members of a list; of another value: itself; of null: none. */
static inline const struct expr_value *expr_value_items(const struct expr_value *v, size_t *n)
{
    *n = v->type == EXPR_VALUE_LIST ? v->n_items : v->type != EXPR_VALUE_NULL;
    return v->type == EXPR_VALUE_LIST ? v->items : v;
}
/* Order of two scalars: texts by bytes (numbers before texts), as sorting and sets see it. */
int expr_value_cmp(const struct expr_value *a, const struct expr_value *b);
/* Is there such a function of so many numbers for EXPR_MATH? */
bool expr_has_math(struct str name, size_t n);
/* Is there such an algorithm for EXPR_HASH? */
bool expr_has_hash(struct str name);
/* The value as text ("true", "42.5"); false: null has none. A list: its members' with commas. */
bool expr_value_string(struct arena *a, const struct expr_value *v, struct str *out);

/* True if the expression is null, or no truth value, of every event that lacks this field. */
bool expr_needs(const struct expr *e, uint32_t slot);

/* True if the expression is true of no event that lacks this field. */
bool expr_requires(const struct expr *e, uint32_t slot);

bool expr_equal(const struct expr *a, const struct expr *b);
uint64_t expr_hash(const struct expr *e);

/* "startswith(host.name, substring(user.name, 0, -1))" */
void expr_dump(struct buf *out, const struct expr *e);
const char *expr_op_name(enum expr_op op);

#endif

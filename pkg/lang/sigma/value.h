/* value.h - one value of a Sigma item, from its YAML scalar to what an atom is made of.
 *
 * Modifiers turn values into values: the kind says what it has become. A string is a run of
 * parts with all escapes resolved, so nothing behind value.c knows about backslashes.
 */
#ifndef WEIR_LANG_SIGMA_VALUE_H
#define WEIR_LANG_SIGMA_VALUE_H

#include "lang/sigma/sigma.h"

enum sigma_part_kind {
    SIGMA_TEXT,       /* these bytes */
    SIGMA_ONE,        /* ? */
    SIGMA_ANY,        /* * */
    SIGMA_SET,        /* one of these characters (windash) */
    SIGMA_PLACEHOLDER /* %text%, before `expand` has replaced it */
};

struct sigma_part {
    enum sigma_part_kind kind;
    struct str text;
};

struct sigma_string {
    const struct sigma_part *parts; /* none: the empty text */
    size_t n;
};

enum sigma_value_kind {
    SIGMA_STRING,
    SIGMA_NUMBER,
    SIGMA_BOOL,
    SIGMA_NULL,
    SIGMA_REGEX,
    SIGMA_CIDR,
    SIGMA_EXISTS,
    SIGMA_FIELDREF,
    SIGMA_COMPARE, /* a number behind gt, gte, lt, lte */
    SIGMA_TIME,    /* a number behind hour, day ... */
    SIGMA_LIST,    /* a placeholder that is all of the value: its list is asked at run time */
    SIGMA_NEVER    /* a placeholder whose list is empty */
};

struct sigma_value {
    enum sigma_value_kind kind;
    struct place at;
    struct str raw; /* the scalar as written */
    struct sigma_string string;
    struct str text; /* number, pattern, network, field name */
    bool is_true;    /* BOOL, EXISTS */
    bool is_cased;
    bool is_expanded; /* offsets no longer fit `raw` */
    bool has_eaten_star;
    bool is_caseless, is_multiline, is_dotall; /* REGEX */
    const struct list_slot *list;              /* LIST */
    enum atom_op cmp;                          /* COMPARE, TIME, FIELDREF */
    enum time_part part;
};

/* How the scalars of an item are to be read. */
enum sigma_reading {
    SIGMA_READ_STRINGS,      /* wildcards and escapes */
    SIGMA_READ_PLACEHOLDERS, /* and %names% */
    SIGMA_READ_RAW           /* regexes: the text as it stands */
};

/* The typed value of a scalar node. False after an error (a number that is not finite). */
bool sigma_value_read(struct sigma_scope *s, const struct doc_node *node, enum sigma_reading how,
                      struct sigma_value *out);

/* The escape machine: \* \? \\ are literal, any other backslash is itself. With placeholders,
 * %name% is a part and \% a literal percent. *has_eaten_star (may be NULL): the text ends in a
 * star that a path's backslash made literal. */
struct sigma_string sigma_string_parse(struct arena *a, struct str text, bool has_placeholders,
                                       bool *has_eaten_star);

/* The name in a %name% that starts at text[at], empty if there is none. */
struct str sigma_placeholder_at(struct str text, size_t at);

/* No two TEXT in a row, no two ANY in a row, no empty TEXT. */
struct sigma_string sigma_string_tidy(struct arena *a, struct sigma_string s);

struct sigma_string sigma_string_of(struct arena *a, struct str literal);
bool sigma_string_has(struct sigma_string s, enum sigma_part_kind kind);
/* The text of a string that is nothing but text; false if it has other parts. */
bool sigma_string_literal(struct arena *a, struct sigma_string s, struct str *out);

/* "text", "a number", "a regex" ...: for messages. */
const char *sigma_value_name(const struct sigma_value *v);

#endif

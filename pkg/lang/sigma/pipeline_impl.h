/* pipeline_impl.h - what a pipeline is read into: between pipeline_read.c, which reads, and
 * pipeline.c, which applies. */
#ifndef WEIR_LANG_SIGMA_PIPELINE_IMPL_H
#define WEIR_LANG_SIGMA_PIPELINE_IMPL_H

#include "doc/doc.h"
#include "lang/sigma/modifier.h"
#include "lang/sigma/pipeline.h"
#include "rule/expr_regex.h"

enum transform_kind {
    TRANSFORM_FIELD_MAPPING,
    TRANSFORM_PREFIX_MAPPING,
    TRANSFORM_FIELD_PREFIX,
    TRANSFORM_FIELD_SUFFIX,
    TRANSFORM_HASHES,
    TRANSFORM_REPLACE_STRING,
    TRANSFORM_PLACEHOLDERS,
    TRANSFORM_ADD_CONDITION,
    TRANSFORM_LOGSOURCE,
    TRANSFORM_DROP,
    TRANSFORM_FAILURE,
    TRANSFORM_SET_STATE
};

enum rule_condition_kind {
    CONDITION_LOGSOURCE,
    CONDITION_TAG,
    CONDITION_ATTRIBUTE,
    CONDITION_IS_RULE,
    CONDITION_IS_CORRELATION,
    CONDITION_STATE,
    CONDITION_APPLIED
};

struct rule_condition {
    enum rule_condition_kind kind;
    struct logsource source;
    struct str key, value; /* tag, attribute, state, id: value; attribute, state: key */
};

/* Whether a field is meant: all (or any) of the conditions hold. */
struct field_condition {
    bool is_exclude;
    struct str_list fields;
};

struct field_mapping {
    struct str from;
    struct str_list to;
};

struct pipeline_var {
    struct str name;
    struct str_list values; /* with wildcards */
};

struct transform {
    enum transform_kind kind;
    struct str id;
    struct str pipeline; /* its file, for messages */
    uint32_t line, col;

    const struct rule_condition *rule_conditions;
    size_t n_rule_conditions;
    bool rule_any, rule_not;
    const struct field_condition *field_conditions;
    size_t n_field_conditions;
    bool field_any, field_not;

    const struct field_mapping *mappings;
    size_t n_mappings;
    struct str text; /* prefix, suffix, message, replacement, state's value */
    struct str key;  /* state's key */
    const struct expr_regex *regex;
    struct str_list algorithms;
    bool drops_algorithm;
    const struct doc_node *conditions; /* ADD_CONDITION: a map as of a selection */
    bool is_negated;
    struct logsource source;
    struct str_list include, exclude; /* PLACEHOLDERS: names */
    const struct pipeline_var *vars;  /* of its pipeline */
    size_t n_vars;
};

struct sigma_pipelines {
    const struct transform *items; /* in the order of application */
    size_t n;
};

#endif

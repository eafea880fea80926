/* pipeline_impl.h - what a pipeline is read into: between pipeline_read.c, which reads, and
 * pipeline.c and pipeline_correlation.c, which apply. */
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
    struct str from; /* empty: keywords */
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
    const struct pipeline_var *vars;  /* of all pipelines, the last one's first */
    size_t n_vars;
};

struct sigma_pipelines {
    const struct transform *items; /* in the order of application */
    size_t n;
};

/* ---- applying ------------------------------------------------------------------------------ */

enum { PIPELINE_STATES_MAX = 64 };

struct pipeline_state {
    struct str key, value;
};

/* The transformations that apply to one rule. */
struct sigma_run {
    const struct transform **active;
    size_t n;
    size_t from; /* the first of them that concerns items: behind an added condition */
    struct pipeline_state states[PIPELINE_STATES_MAX];
    size_t n_states;
    struct list_source lists; /* pipelines' variables, then what the rule had */
    const struct list_source *outer;
};

/* The next transformation: true, and it is among the active ones, if it applies to the rule. */
bool pipeline_take(struct sigma_run *run, const struct transform *t, const struct rule *rule);
/* Its conditions about fields hold. */
bool pipeline_means(const struct transform *t, struct str field);
/* The names that a mapping gives to a field; none: it stays. */
struct str_list pipeline_mapped(struct arena *a, const struct transform *t, struct str field);
/* All names that a field has behind the run's transformations: one or more. */
struct str_list pipeline_names(struct arena *a, const struct sigma_run *run, struct str field);
/* The fields that the rule wants shown, by their new names. */
void pipeline_rename_shown(struct arena *a, const struct sigma_run *run, struct rule *rule);

/* ---- pipeline_replace.c ---------------------------------------------------------------------- */

/* False: the replacement names no group of the regex, or has an escape that Python's templates do
 * not have; *fault is where. */
bool pipeline_template_check(const struct expr_regex *re, struct str form, size_t *fault);

#endif

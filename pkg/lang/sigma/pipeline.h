/* pipeline.h - processing pipelines of pySigma as an overlay: other names for fields, other values,
 * other log sources, before a rule is lowered.
 *
 * The subset that a stream engine needs (docs/pipelines.md): field_name_mapping,
 * field_name_prefix_mapping, field_name_prefix, field_name_suffix, hashes_fields, replace_string,
 * value_placeholders, add_condition, change_logsource, drop_detection_item, rule_failure,
 * set_state; rule conditions logsource, tag, rule_attribute, is_sigma_rule,
 * is_sigma_correlation_rule, processing_state, processing_item_applied; field conditions
 * include_fields, exclude_fields. All else is an error that names it, with its place.
 *
 * Pipelines apply in the order of their priority, then of the files; their transformations in the
 * order of the file, each to what the one before has made. They change Sigma rules with what
 * filters add to them, and the names of fields in correlations (pipeline_correlation.c).
 *
 * Memory   in the arena given; texts are copied.
 * Threads  read-only after reading.
 */
#ifndef WEIR_LANG_SIGMA_PIPELINE_H
#define WEIR_LANG_SIGMA_PIPELINE_H

#include "base/arena.h"
#include "base/err.h"

enum {
    PIPELINES_MAX = 64,
    PIPELINE_ITEMS_MAX = 1024, /* transformations of all pipelines */
    PIPELINE_FIELDS_MAX = 64   /* names that one field is mapped to */
};

struct sigma_pipelines;

struct pipeline_file {
    struct str path, text;
};

/* Errors carry file, line and column; constructs outside the subset are WEIR_UNSUPPORTED. */
MUST_USE enum weir_rc sigma_pipelines_read(struct arena *a, const struct pipeline_file *files,
                                           size_t n, const struct sigma_pipelines **out,
                                           struct weir_err *err);

#endif

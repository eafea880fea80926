/* origin.h - where events come from, and the constant fields of the events of one input: what --set
 * gives, and @file, or @topic and @partition.
 *
 * Extraction is told of the input's fields once per input; whoever reads whole trees (alerts, the
 * reference evaluator) meets events of all inputs in any order and asks here.
 */
#ifndef WEIR_DETECT_ORIGIN_H
#define WEIR_DETECT_ORIGIN_H

#include "base/base.h"
#include "event/extract.h"

#define ORIGIN_FILE_FIELD "@file"
#define ORIGIN_TOPIC_FIELD "@topic"
#define ORIGIN_PARTITION_FIELD "@partition"

/* A file, or a partition of a topic. */
struct origin_input {
    struct str name;
    uint32_t partition; /* of a topic */
    bool is_topic;
    struct str partition_text; /* the same, if is_topic */
};

/* @file, or @topic and @partition; how many. */
enum { ORIGIN_FIELDS_MAX = 2 };
size_t origin_fields(const struct origin_input *input,
                     struct constant_field out[ORIGIN_FIELDS_MAX]);

struct origin {
    struct extract_options options; /* the base, with the input's fields */
    struct constant_field *constants;
    size_t n_base;
    const struct origin_input *inputs; /* by number */
};

/* `base` and `inputs` must outlive the origin. */
void origin_init(struct origin *o, const struct extract_options *base,
                 const struct origin_input *inputs);
void origin_release(struct origin *o);

/* Options for trees of events of this input; valid until the next call. */
const struct extract_options *origin_options(struct origin *o, uint32_t input);

#endif

/* origin.c - the constant fields of the events of one input. */
#include "detect/origin.h"

#include <stdlib.h>

#include "base/str.h"

size_t origin_fields(const struct origin_input *input, struct constant_field out[ORIGIN_FIELDS_MAX])
{
    if (!input->is_topic) {
        out[0] = (struct constant_field){STR(ORIGIN_FILE_FIELD), input->name};
        return 1;
    }
    out[0] = (struct constant_field){STR(ORIGIN_TOPIC_FIELD), input->name};
    out[1] = (struct constant_field){STR(ORIGIN_PARTITION_FIELD), input->partition_text};
    return 2;
}

void origin_init(struct origin *o, const struct extract_options *base,
                 const struct origin_input *inputs)
{
    size_t n = base->n_constants;

    *o = (struct origin){.options = *base, .n_base = n, .inputs = inputs};
    o->constants = calloc(n + ORIGIN_FIELDS_MAX, sizeof *o->constants);
    ASSERT(o->constants);
    for (size_t i = 0; i < n; i++)
        o->constants[i] = base->constants[i];
    o->options.constants = o->constants;
}

void origin_release(struct origin *o)
{
    free(o->constants);
    *o = (struct origin){0};
}

const struct extract_options *origin_options(struct origin *o, uint32_t input)
{
    size_t n = origin_fields(&o->inputs[input], o->constants + o->n_base);

    o->options.n_constants = o->n_base + n;
    return &o->options;
}

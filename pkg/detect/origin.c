/* origin.c - the constant fields of the events of one input. */
#include "detect/origin.h"

#include <stdlib.h>

#include "base/str.h"

struct constant_field origin_field(const struct origin_input *input)
{
    return (struct constant_field){
        input->is_topic ? STR(ORIGIN_TOPIC_FIELD) : STR(ORIGIN_FILE_FIELD), input->name};
}

void origin_init(struct origin *o, const struct extract_options *base,
                 const struct origin_input *inputs)
{
    size_t n = base->n_constants;

    *o = (struct origin){.options = *base, .inputs = inputs};
    o->constants = calloc(n + 1, sizeof *o->constants);
    ASSERT(o->constants);
    for (size_t i = 0; i < n; i++)
        o->constants[i] = base->constants[i];
    o->options.constants = o->constants;
    o->options.n_constants = n + 1;
}

void origin_release(struct origin *o)
{
    free(o->constants);
    *o = (struct origin){0};
}

const struct extract_options *origin_options(struct origin *o, uint32_t input)
{
    o->constants[o->options.n_constants - 1] = origin_field(&o->inputs[input]);
    return &o->options;
}

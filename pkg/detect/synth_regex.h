/* synth_regex.h - a text that a regex likes. */
#ifndef WEIR_DETECT_SYNTH_REGEX_H
#define WEIR_DETECT_SYNTH_REGEX_H

#include "detect/synth.h"

/* Append a text that a pattern in the internal syntax (rule.h) matches, if it holds nothing but
 * characters, classes, groups, alternatives and repeats; of anything else, some text. At most `max`
 * bytes; deeply nested groups give nothing. */
void synth_regex(struct synth *s, struct str pattern, char *out, size_t *n, size_t max);

#endif

/* link.h - what correlations name, settled when all files are read: rules by id or name, aliases,
 * the names in conditions, the fields of the groups. The order of files does not matter.
 *
 * Refused with the place of the reference: a rule that is unknown, ambiguous or failed to load; a
 * cycle; a nesting deeper than CORRELATION_DEPTH_MAX; a group-by field that no profile of the
 * inputs' sources has; a number wanted of a field that is text.
 *
 * Risks hear alerts, so what they list stays told, and nothing listens to a risk.
 *
 * A correlation without a level of its own has the highest of its inputs (medium without inputs).
 */
#ifndef WEIR_LANG_LINK_H
#define WEIR_LANG_LINK_H

#include "base/arena.h"
#include "base/base.h"
#include "lang/diag.h"
#include "lang/lang.h"
#include "lang/sigma/correlation.h"

struct loaded_correlation {
    struct sigma_correlation sigma;
    size_t verdict; /* index of its verdict */
    enum { LINK_NEW, LINK_OPEN, LINK_DONE } state;
    unsigned depth; /* 1: over base rules only */
};

/* Everything in `a`; a correlation that fails loses its verdict's rule. */
void link_correlations(struct arena *a, const struct lang_options *options,
                       struct verdict *verdicts, size_t n_verdicts, struct loaded_correlation *list,
                       size_t n);

/* Add what is only known when all files are read. An error takes the rule away. */
void verdict_add(struct arena *a, struct verdict *v, struct place at, bool is_error,
                 struct str text);
/* The same for what changes no verdict. */
void verdict_note(struct arena *a, struct verdict *v, struct place at, struct str text);

#endif

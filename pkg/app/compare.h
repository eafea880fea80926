/* compare.h - `weir replay --compare OLD_RULES`: per rule which matches are added, gone and the
 * same, with events as examples; and which findings, or with another count.
 *
 * The events are read once with the old rules and once with the new ones, and once more with the
 * old ones if matches are gone, to show them. What matches is compared (as --emit matches has it),
 * so neither dedup nor windows blur it; and what comes of it, of correlations as well: a finding is
 * known by its uid, which has rule, group and period in it (tally.h). Rules are known by their ids.
 */
#ifndef WEIR_APP_COMPARE_H
#define WEIR_APP_COMPARE_H

#include "app/emit.h"
#include "app/outcome.h"
#include "app/rules.h"
#include "app/state.h"

struct compare_options {
    const struct rule_options *rules; /* the new ones */
    const struct text_list *old; /* the old ones: all other options about rules are the same ... */
    const struct text_list *overlays;  /* ... but the overlays are these */
    const struct text_list *inputs;    /* files: they are read more than once */
    const struct state_options *state; /* but where: each run has its own, in memory */
    struct str profile, out;
    enum emit_format format;
    int64_t time_start_ms, time_step_ms;
    uint64_t threads;
    bool no_cache;
};

/* A difference is no fault: EXIT_FINE. */
enum exit_code compare_run(const struct compare_options *o);

#endif

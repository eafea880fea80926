/* summary.h - what a run tells on stderr when it is over: how much came by, what matched, what
 * was rejected and why, and which fields that rules want were never there. */
#ifndef WEIR_APP_SUMMARY_H
#define WEIR_APP_SUMMARY_H

#include "detect/engine.h"
#include "app/outcome.h"
#include "app/stage.h"
#include "app/stream.h"
#include "base/base.h"
#include "base/buf.h"
#include "event/extract.h"

enum {
    SUMMARY_RULES_MAX = 20,
    SUMMARY_UNSEEN_MAX = 5,
    SUMMARY_COSTS_MAX = 5,
    SUMMARY_SHAPES_MAX = 40
};

struct summary {
    const char *command;
    struct engine *engine;
    const struct stream_counts *counts;
    struct rule *const *rules;
    size_t n_rules;
    const uint64_t *rule_matches;      /* per rule */
    const struct origin_input *inputs; /* by number */
    uint64_t time_standins, time_clamped;
    bool has_state;
    size_t rules_off; /* for want of a database */
    struct stage_counts state;
    struct gather_counts gathered;
    double seconds;
};

void summary_print(const struct summary *s, struct buf *out);

/* "product=windows category=process_creation", "-" if nothing is known. */
void facts_describe(const struct logsource_facts *facts, struct buf *out);

/* Rejected records by reason, with the first of each; nothing if there are none. */
uint64_t rejects_count(const struct stream_counts *counts);
void rejects_print(const struct stream_counts *counts, const struct origin_input *inputs,
                   struct buf *out);

/* The same on stderr. */
void rejects_tell(const struct stream_counts *counts, const struct origin_input *inputs);

/* EXIT_WORLD if a file was damaged, or if something was there and nothing of it could be read: the
 * wrong kind of input. */
enum exit_code exit_of_inputs(const struct stream_counts *counts, unsigned n_damaged);

#endif

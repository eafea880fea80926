/* verify.h - does a compiled engine do what its rules say? Asked before it replaces one that does.
 *
 * For each rule events are made of its own literals (synth.h), half of them changed at random,
 * and matched. The reference evaluator is then asked about the rule that an event was made from,
 * and about every rule that the engine has found: so a rule that is lost shows, and one that is
 * found wrongly.
 *
 * Time     at most VERIFY_MS_MAX; rules that it does not reach are not counted. Each round gives
 *          every rule one event, so a slow set is looked at less often, not in part.
 * Memory   of one batch.
 * Threads  uses the engine given, so nobody else may; its counters count these events too. Siblings
 *          may be at work.
 */
#ifndef WEIR_DETECT_VERIFY_H
#define WEIR_DETECT_VERIFY_H

#include "base/base.h"
#include "base/err.h"
#include "detect/engine.h"

enum { VERIFY_ROUNDS = 8 /* events per rule */, VERIFY_MS_MAX = 5000 };

struct verify_subject {
    struct engine *engine;
    struct rule *const *rules;
    size_t n_rules;
    const struct profile_set *profiles;
    const struct engine_options *options; /* that the engine was made with */
};

struct verify_counts {
    uint64_t events;  /* that were compared */
    uint64_t matches; /* of the rules that they were made from */
    uint64_t pairs;   /* (event, rule) that both were asked about */
};

/* WEIR_BADARG: they differ; err names the rule's uid and file, and which of them matches. */
MUST_USE enum weir_rc verify_engine(const struct verify_subject *s, struct verify_counts *out,
                                    struct weir_err *err);

#endif

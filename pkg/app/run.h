/* run.h - `weir run`: a worker, from its configuration to its end.
 *
 * Everything that can be refused is refused before the group is joined, in one line: configuration,
 * rules, state, topics, slots, the address of the service. Then each lane has two threads
 * (worker/feed.h, worker/lane.h); this one waits for signals.
 *
 * Signals  HUP rules are read anew; TERM, INT the batches in hand are finished, the group is left,
 *          EXIT_FINE; a second one ends at once, EXIT_WORLD.
 */
#ifndef WEIR_APP_RUN_H
#define WEIR_APP_RUN_H

#include "app/outcome.h"
#include "app/text_list.h"
#include "base/base.h"

struct run_options {
    struct str file;         /* configuration; empty: environment and -X alone */
    struct text_list values; /* KEY=VALUE over it */
    struct str version;
};

enum exit_code run_worker(const struct run_options *o);

#endif

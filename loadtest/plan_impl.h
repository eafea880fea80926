/* plan_impl.h - what the files that plan attacks share: one attack while it is being planned. */
#ifndef WEIR_LOADTEST_PLAN_IMPL_H
#define WEIR_LOADTEST_PLAN_IMPL_H

#include "loadtest/plan.h"

enum fires { FIRES_NO, FIRES_YES, FIRES_UNKNOWN };

enum arrival {
    ARRIVES_SOON,
    ARRIVES_SHUFFLED, /* anywhere inside the lateness */
    ARRIVES_LAST,     /* exactly the lateness behind the clock: just counted */
    ARRIVES_LATE      /* one millisecond more */
};

struct attack {
    struct plan *plan;
    const struct plan_options *o;
    struct rng *rng;
    uint32_t number, n_events;
    int64_t start_ms;
    char user[48], host[48];
    enum arrival arrival; /* of the next events */
    bool without_id;      /* the next events carry none */
    uint32_t repeats;     /* each of the next records is sent so often */
};

/* One event: k is the rule; extra: more JSON members, each behind a comma. */
void attack_event(struct attack *a, const char *k, int64_t t_ms, const char *extra, ...)
    PRINTF_LIKE(4, 5);

/* The first edge of a bucket of this key behind t: docs/alert.md, "Names". */
int64_t attack_edge(const char *rule, const char *const *key, size_t n, int64_t period_ms,
                    int64_t t_ms);

/* Rules whose attacks are stories of their own: each plans one and says what it was. */
struct story {
    const char *name, *rule;
    const char *(*plan)(struct attack *a, const char **rule, enum fires *fires);
    int64_t needs_ms; /* a span at least so long */
};
extern const struct story plan_stories[];
extern const size_t n_plan_stories;

#define RULE(number) "10ad7e57-0000-4000-8000-0000000000" #number
enum { MINUTE_MS = 60000, HOUR_MS = 3600000, DAY_MS = 86400000, WINDOW_MS = 2 * MINUTE_MS };

#endif

/* stream.h - names of streams: where a rule's author expects to find the events.
 *
 * A name is an index or data stream ("logs-aws.cloudtrail-default"), or of another kind, which
 * stands before '=' ("sourcetype=aws:cloudtrail"). Profiles say under which names events of
 * their shape are kept elsewhere; rules, which names they read. Both may hold '*'.
 *
 * A rule is left out only on conflict: it names streams of a kind of which the event has names, and
 * none of them can be the same. Case does not matter. "cluster:" before an index name is not
 * looked at; "-name" takes the names that it covers as a whole from those before it, unless it
 * names a cluster: which one an event is of nobody knows.
 *
 * Memory   names are slices of others' memory.
 */
#ifndef WEIR_EVENT_STREAM_H
#define WEIR_EVENT_STREAM_H

#include "base/base.h"
#include "rule/rule.h"

enum {
    STREAM_PATTERNS_MAX = 32, /* of a profile */
    STREAM_SLOTS_MAX = 4,     /* of its fields that stand in them */
    STREAM_NAME_MAX = 256     /* longer ones say nothing */
};

enum { STREAM_NO_SLOT = UINT32_MAX };

/* before VALUE after, or only `before`. */
struct stream_pattern {
    struct str before, after;
    uint32_t slot; /* which value stands between; STREAM_NO_SLOT: none */
};

/* Where events of a shape are kept. If a name with a value is there, those of its kind without one
 * say nothing. */
struct stream_facts {
    const struct stream_pattern *patterns;
    size_t n;
    struct str slots[STREAM_SLOTS_MAX]; /* p NULL: the event lacks it, its patterns say nothing */
};

/* Can some name be both? Both may hold '*'. */
bool stream_names_meet(struct str a, struct str b);

/* May a rule that reads these streams see such events? Yes if it names none. */
bool stream_allows(const struct stream_facts *facts, const struct str_list *wanted);

/* The same if any value may stand in the slots. */
bool stream_may_allow(const struct stream_facts *facts, const struct str_list *wanted);

int stream_facts_cmp(const struct stream_facts *a, const struct stream_facts *b);

#endif

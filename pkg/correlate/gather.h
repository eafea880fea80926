/* gather.h - from an event and the rules that match it to operations on state.
 *
 * Runs on the matching threads, so that the thread with the state needs no event: keys are hashed,
 * values unescaped, capsules packed here. The outcome is a run of packed groups, one for each
 * matched rule that state is interested in (gathered_next reads it back).
 *
 * A missing group field drops the operation (counted), unless the correlation says on_missing:
 * group. A group field with several values makes an operation for each combination, at
 * most CORRELATION_KEYS_PER_EVENT.
 *
 * Memory   scratch that stays; the outcome is appended to the caller's buffer.
 * Threads  a gatherer belongs to one thread; graph and fields are shared.
 */
#ifndef WEIR_CORRELATE_GATHER_H
#define WEIR_CORRELATE_GATHER_H

#include "base/buf.h"
#include "correlate/graph.h"
#include "correlate/hit.h"
#include "event/event.h"
#include "event/extract.h"
#include "event/field.h"
#include "event/profile.h"

enum { GATHER_VALUE_MAX = 1024 /* bytes of one key or distinct value that are looked at */ };

struct gather_counts {
    uint64_t operations;
    uint64_t missing_group; /* operations dropped for a group field that the event lacks */
    uint64_t missing_value; /* ... for condition.field, or because it is no number */
    uint64_t keys_cut;      /* combinations of group values beyond the limit */
    uint64_t no_entity;     /* findings that do not fold: the event names no entity */
};

struct gather_event {
    const struct event *event;
    const struct profile *profile; /* NULL: unknown shape */
    int64_t t_ms;
    struct str input; /* name of topic or file */
    uint32_t partition;
    uint32_t tenant;                      /* of the graph: 0 if there is only one */
    const struct extract_options *origin; /* constants of the event's input, for its tree */
};

struct gatherer;

/* fields: those that the events are extracted by; graph->fields must be among them. A gatherer
 * serves all tenants whose events are extracted by these. */
struct gatherer *gatherer_new(const struct graph *g, const struct field_table *fields,
                              const struct profile_set *profiles);
void gatherer_free(struct gatherer *w);

/* Append what the matches of one event mean; nothing if no state is concerned. rules: indices as
 * the matcher has them, the same for all tenants; what is gathered has those of the graph. */
void gather(struct gatherer *w, const struct gather_event *e, const uint32_t *rules, size_t n,
            struct buf *out);

/* The event is gathered next: what extraction has sliced out of it is in no near cache any more,
 * and is on its way while the one at hand is gathered. */
static inline void gather_expect(const struct event *next)
{
    enum { LINE = 64, RECORD_MAX = 2048 };
    size_t record = next->record.n < RECORD_MAX ? next->record.n : RECORD_MAX;

    for (size_t at = 0; at < next->n_values * sizeof *next->values; at += LINE)
        PREFETCH((const char *)next->values + at);
    for (size_t at = 0; at < record; at += LINE)
        PREFETCH(next->record.p + at);
}

struct gather_counts gather_counts(const struct gatherer *w);
void gather_counts_add(struct gather_counts *to, const struct gather_counts *from);

/* ---- reading it back ------------------------------------------------------------------------ */

struct gathered {
    uint32_t space; /* SPACE_NONE: a finding of its own, no state */
    uint32_t rule;  /* that the space belongs to; of the graph */
    struct state_key key;
    struct hit hit; /* slices of what was read */
};

/* More members of the event's record came before it than the gatherer knew. */
void gathered_add_index(char *gathered, size_t n, uint32_t add);

/* Where an operation says how an event stands among those of its time, it says so by this number
 * from now on. */
void gathered_set_order(char *gathered, size_t n, uint64_t order);

/* The next operation; false at the end. *p moves on. */
bool gathered_next(struct str *p, struct gathered *out);

/* SPACE_NONE: the part of the finding's name that is this event's alone (state/uid.h). */
struct str gathered_name(struct arena *a, const struct gathered *g);

#endif

/* player.h - rules and events on a virtual clock, with everything that can happen to a worker: for
 * scenarios and rule tests.
 *
 * Events come in partitions and get positions; a batch is what comes between two pauses. The store
 * sees the protocol of a worker (store.h, parts), so a worker can be started anew with its
 * last batch committed or not, and events can come again: what is found must not change.
 *
 *     player_event() ..., player_pause() [applies], player_commit() [publishes]
 *     player_restart(): without a commit before it, what the batch found is not published
 *
 * Memory   all events stay until the end. Threads: belongs to one.
 */
#ifndef WEIR_APP_PLAYER_H
#define WEIR_APP_PLAYER_H

#include "app/rules.h"
#include "app/state.h"
#include "base/base.h"
#include "base/err.h"

enum { PLAYER_PARTITIONS_MAX = 16 };

struct player_options {
    struct rule_options rules;
    /* NULL: the player loads `rules` itself. Else these n_chosen of a book that was loaded with
     * them and outlives the player; those that they listen to are among them. */
    const struct rule_book *book;
    struct rule *const *chosen;
    size_t n_chosen;
    const bool *is_own; /* of chosen: what an empty rule means below; NULL: all */
    struct state_options state;
    struct str profile; /* pinned; empty: classify */
    struct str version;
    bool has_clock; /* events have the time of player_clock(), not their own */
};

struct player;

/* Bad rules are told on stderr; WEIR_SYNTAX then. */
MUST_USE enum weir_rc player_new(const struct player_options *o, struct player **out,
                                 struct weir_err *err);
void player_free(struct player *p);

/* One event of a partition, new in its log. WEIR_SYNTAX: it is none. */
MUST_USE enum weir_rc player_event(struct player *p, uint32_t partition, struct str json,
                                   struct weir_err *err);
/* The last n events of a partition come again, at the places that they had. */
MUST_USE enum weir_rc player_again(struct player *p, uint32_t partition, size_t n,
                                   struct weir_err *err);
/* With has_clock: the time of the events that follow. */
void player_clock(struct player *p, int64_t t_ms);
/* By the time that the events which follow come, their source has shown others as new as t_ms:
 * they are late if they are older than that by more than their lateness. INT64_MIN: no longer. */
void player_arrives(struct player *p, int64_t t_ms);
/* All partitions have shown everything before t_ms: what is older is late from now on. */
void player_time(struct player *p, int64_t t_ms);

/* The batch ends: state is applied, findings come out. Then either is it published, or a restart
 * forgets it. */
MUST_USE enum weir_rc player_pause(struct player *p, struct weir_err *err);
void player_commit(struct player *p);
MUST_USE enum weir_rc player_restart(struct player *p, struct weir_err *err);
/* No event comes any more: all ends; also a pause. */
MUST_USE enum weir_rc player_end(struct player *p, struct weir_err *err);
/* What was found so far was history: it is neither counted nor shown from now on. */
void player_forget(struct player *p);

/* What came out so far, of committed batches and the last one. rule: uid or name; empty: any of the
 * player's own. */
struct player_counts {
    uint64_t creates; /* of the channel alert, neither braked nor about a flood */
    uint64_t raises, updates, closes, braked;
    uint64_t floods;     /* findings about rules: over the brake, or out of memory */
    uint64_t shadow;     /* Creates of the channel shadow */
    uint64_t hits;       /* of the last record of each finding, in sum */
    uint64_t dedup_hits; /* findings that came out again after a restart */
    uint64_t late;       /* operations of late events */
    uint64_t matches;    /* of single-event rules, events that came again included */
    uint64_t matched;    /* events with at least one of them */
    uint64_t missing_group, missing_value, keys_cut, no_entity; /* correlate/gather.h */
};
struct player_counts player_counts(const struct player *p, struct str rule);
/* A rule of that uid or name is loaded. */
bool player_has_rule(const struct player *p, struct str rule);
/* By the names above, and alerts = creates + raises. False: nothing has that name. */
bool player_count_named(const struct player_counts *c, struct str name, uint64_t *out);
enum { PLAYER_COUNTS_MAX = 24 };
size_t player_count_names(struct str out[PLAYER_COUNTS_MAX]);

/* Documents of the records so far, one a line, with fixed volatile fields. */
struct buf;
void player_documents(struct player *p, struct buf *out);
/* The newest of them of a rule (empty: any) and an activity ("create", "update", "close"; empty:
 * any). False: there is none. */
bool player_document(const struct player *p, struct str rule, struct str activity, struct str *out);

/* The events so far in the order they first came, history included. */
struct player_event_view {
    struct str json;
    int64_t t_ms;
    bool is_history;
    bool is_late; /* by its source's lateness; a rule may wait for longer */
};
size_t player_event_count(const struct player *p);
struct player_event_view player_event_at(const struct player *p, size_t i);
/* Did a rule (by its number among the player's) match the event? */
bool player_event_matched(const struct player *p, size_t i, size_t rule);
/* Did the rule of that uid or name (empty: one of the player's own)? */
bool player_event_matched_by(const struct player *p, size_t i, struct str rule);
/* The event as rules see it; false: it is none. `a` holds the tree. */
struct event_tree;
bool player_event_tree(struct player *p, struct arena *a, size_t i, struct event_tree *out);
struct rule *const *player_rules(const struct player *p, size_t *n);
/* Its records so far of a rule by number, dropped and old ones left out: early warning for reasons
 * and edges. */
uint64_t player_rule_creates(const struct player *p, size_t rule);

#endif

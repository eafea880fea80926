/* state.h - the state of a command: which store, under which secret, and the graph of the rules.
 *
 * Memory   the graph lives in the arena given; the store until state_release().
 * Errors   what a person gave wrongly or the world does not have: one line each.
 * Threads  a state belongs to one thread at a time; the graph is immutable.
 */
#ifndef WEIR_APP_STATE_H
#define WEIR_APP_STATE_H

#include "app/flags.h"
#include "app/text_list.h"
#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "correlate/graph.h"

/* As given on the command line; empty: not given. */
struct state_options {
    struct str where;         /* memory, dir:PATH, redis://... ; empty: memory */
    struct str password_file; /* --state-password-file */
    struct str ca_file;       /* --state-ca */
    struct str secret_file;   /* --state-secret-file; without one the fixed test key */
    struct str tenant;
    struct str group;      /* Redis: its keys are its own; empty: a replay's */
    uint64_t budget_mib;   /* of all spaces; 0: the default */
    uint64_t budget_bytes; /* the same finer: not 0, it counts */
    uint64_t brake;        /* Creates per rule and minute; 0: no brake */
    bool is_looking;       /* for store_look() alone: of a store that others use */
    bool no_dedup;
    bool lists_steps;    /* graph.h */
    bool assume_trained; /* rules that must know a past judge from the first event on */
    const struct addends *score_lists;  /* of the rules' book; NULL: none */
    const struct profile_set *profiles; /* of the rules' book */
    const struct geoip *geoip;          /* of the rules' book; NULL: none */
};

/* The flags that fill it: where the state is and how it is reached; and the rest. Written to out,
 * returns how many. */
enum { STATE_PLACE_FLAGS_MAX = 4, STATE_FLAGS_MAX = 12 };
size_t state_place_flags(struct state_options *o, const char *where,
                         struct flag out[STATE_PLACE_FLAGS_MAX]);
size_t state_flags(struct state_options *o, struct flag out[STATE_FLAGS_MAX]);

struct state {
    struct state_secret secret;
    struct store *store;
    const struct graph *graph;
    bool is_dir; /* a directory: to be loaded (resume.h) before its first batch */
};

/* The secret that keys are hashed with; without a file that of tests, which is no secret. */
MUST_USE enum weir_rc state_read_secret(struct arena *a, struct str file, struct state_secret *out,
                                        struct weir_err *err);

/* What these groups (state_options.group) have left in a Redis is taken away; elsewhere nothing is
 * left. */
MUST_USE enum weir_rc state_forget(const struct state_options *o, const struct str *groups,
                                   size_t n, struct weir_err *err);

/* The graph alone: who wants which fields. */
MUST_USE enum weir_rc state_graph(struct arena *a, struct rule *const *rules, size_t n_rules,
                                  const struct state_options *o, const struct graph **out,
                                  struct weir_err *err);

/* Open the store, make the graph of the rules, attach it. */
MUST_USE enum weir_rc state_open(struct state *s, struct arena *a, struct rule *const *rules,
                                 size_t n_rules, const struct state_options *o,
                                 struct weir_err *err);
void state_release(struct state *s);

#endif

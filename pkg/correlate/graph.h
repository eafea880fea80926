/* graph.h - who listens to whom: the rules of a set as spaces of state and the ways between them.
 *
 * Every rule that tells findings has a suppress space (its dedup) and one for its storm brake;
 * every correlation has a space per stage of its operator. A match of a rule leads to its suppress
 * space and to the operators that list it; what an operator signals leads on in the same
 * way. Every way leads to a space of a higher level, so that a batch is one pass over the levels.
 *
 * Tenants  a graph of several tenants has the rules once for each: rule r of tenant t is
 *          graph_rule t * n_base_rules + r. No way leads from one tenant to another, and
 *          spaces, keys and names of findings have the tenant in them: no window, dedup, brake or
 *          risk is shared, and of the one budget each space has its share (docs/decisions/0017).
 *          What an index of a rule means outside this package is graph->rules.
 *
 * Memory   the arena given; read-only once made. Threads: immutable, shared by all.
 */
#ifndef WEIR_CORRELATE_GRAPH_H
#define WEIR_CORRELATE_GRAPH_H

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "correlate/addends.h"
#include "correlate/brake.h"
#include "correlate/novelty.h"
#include "correlate/operator.h"
#include "event/profile.h"
#include "rule/correlation.h"
#include "rule/rule.h"
#include "state/store.h"

struct geoip; /* geoip.h */

/* Levels are numbered so that an edit of one rule, or of the set, changes no other rule's: workers
 * with different sets share a store, and what one has applied in a level is not applied again.
 *
 *     0 ...  operators and dedup, by the depth of the rule alone
 *     6, 7   novelty, brake: of all rules
 *     8 ...  risks one after the other, their dedup; 14, 15: their novelty, brake
 *
 * Rules deeper than 5 levels shift the second and third line by GRAPH_BAND. */
enum { GRAPH_BAND = 8, GRAPH_NOVELTY_LEVEL = 6, GRAPH_BRAKE_LEVEL = 7 };

enum { SPACE_NONE = UINT32_MAX, GRAPH_BRAKE_DEFAULT = 100 };
enum { GRAPH_RISKS_ASKED = 4 /* risks that a finding passes through; each costs a level */ };

/* Whose events they are. */
struct graph_tenant {
    struct str name; /* the empty one is the default tenant */
    /* Its own instances of the rules, made with its own lists; as many as the shared ones, with the
     * same uids in the same order. NULL: the shared ones. */
    struct rule *const *rules;
    const struct addends *lists; /* that lift scores; NULL: none */
};

struct graph_options {
    const struct graph_tenant *tenants; /* copied; none: one with an empty name, without lists */
    size_t n_tenants;
    struct state_secret secret;
    uint64_t budget_bytes;  /* of all spaces together; 0: default. What one may have: store_cap() */
    uint32_t brake_creates; /* per rule and event-time minute; 0: no brake */
    /* Findings follow the protocol: every Create passes through state, also where there is no
     * brake, so that a replay knows that it was published. */
    bool is_once;
    bool assume_trained;       /* first_seen, rarity, ratio judge from the first event on */
    bool no_dedup;             /* every match is a finding of its own */
    bool lists_steps;          /* operator_spec.lists_steps */
    const struct geoip *geoip; /* NULL: none, and rules about places are off */
    const struct profile_set *profiles; /* whose entities capsules name; NULL: none */
};

enum space_role { SPACE_OPERATOR, SPACE_SUPPRESS, SPACE_BRAKE, SPACE_NOVELTY };

struct graph_space {
    enum space_role role;
    uint32_t rule; /* of the graph */
    uint32_t stage;
    struct space_spec spec;
};

/* A correlation that listens to a rule. */
struct graph_listener {
    uint32_t rule;  /* of the correlation */
    uint32_t label; /* which of its inputs */
};

struct graph_rule {
    const struct rule *rule;
    uint32_t tenant;
    bool is_telling;   /* makes findings */
    bool is_off;       /* cannot run: it needs a database that is not there */
    bool is_dedup_off; /* each of them is one match */
    uint32_t suppress; /* space; SPACE_NONE: an early operator tells for itself, or nobody does */
    uint32_t stages;   /* space of the operator's first stage; SPACE_NONE: no correlation */
    uint32_t brake;    /* space of its storm brake, or SPACE_NONE */
    uint32_t level;    /* in which its matches or signals come about */
    int64_t behind_ms; /* its own lateness, or that of what it listens to: see lag.h */
    const struct operator_kind_info *kind;
    struct operator_spec spec;          /* the operator's */
    struct operator_spec suppress_spec; /* that of the suppress space */
    uint32_t novelty; /* space that a Create passes through before the brake, or SPACE_NONE */
    struct novelty_spec novelty_spec;
    struct brake_spec brake_spec;
    const struct graph_listener *listeners;
    size_t n_listeners;
    bool is_dedup_by_entity; /* the key is the event's first entity; else: */
    /* What a dedup key is made of: names of fields; none: the rule alone. */
    const struct str *dedup_fields;
    uint32_t n_dedup_fields;
    enum dedup_array dedup_array;
    bool is_lacking_sole; /* what lacks one of these fields is a finding of its own */
    int64_t risk_score;   /* what one alert of it adds to risk, in millionths */
};

struct graph {
    struct graph_options options;
    const struct graph_tenant *tenants;
    size_t n_tenants;         /* at least one */
    struct graph_rule *rules; /* tenant after tenant */
    size_t n_rules;           /* n_tenants * n_base_rules */
    size_t n_base_rules;
    size_t n_off; /* rules that are off */
    struct graph_space *spaces;
    uint32_t n_spaces;
    uint32_t n_levels; /* of spaces: space_spec.level; at most STORE_ROUNDS_MAX */
    /* Correlations of kind risk, whatever they listen to: n_risks of each tenant. */
    const uint32_t *risks;
    size_t n_risks;
    bool has_operators;
    bool wants_entities; /* what names entities is among the fields: no tree is needed for them */
    /* Fields that operations are made of: extraction must know them. */
    const struct str *fields;
    size_t n_fields;
};

/* rules: those of all tenants that have none of their own. The correlations' inputs must be
 * resolved and be among the rules. WEIR_BADARG for what cannot run (a kind that is not there),
 * naming the rule; WEIR_LIMIT: more levels or spaces than a store takes. */
MUST_USE enum weir_rc graph_new(struct arena *a, struct rule *const *rules, size_t n,
                                const struct graph_options *options, const struct graph **out,
                                struct weir_err *err);

/* Whose rule it is. */
struct str graph_tenant_of(const struct graph *g, uint32_t rule);

/* The longest dedup period of a rule that tells: how far back claims may count. */
int64_t graph_longest_period_ms(const struct graph *g);

/* Give the spaces to a store that has none yet: their numbers there are those of the graph. */
void graph_attach(const struct graph *g, struct store *s);

#endif

/* net.h - the plan, compiled to tables that a batch of events runs through.
 *
 * Sources   what the vector stages find in a value: a whole text, a number, a literal at some
 *           place, "the value has bytes beyond ASCII". A source is found once however many
 *           rules ask for it.
 * Signals   one bit per event for "one of these sources was found": an OR-list of plain atoms is
 *           one signal, so a list of 500 file names costs a rule one bit test.
 * Gates     atoms that a table cannot decide (regex, glob, case-sensitive text, networks,
 *           comparisons) are tested one by one, and only in events where a source that every
 *           match must show raised their gate; an OR over many of them has a gate, too.
 * Wakers    for each rule a set of signals of which at least one is up whenever the rule
 *           matches, chosen by rarity. A rule that no waker woke is never touched; rules without
 *           such a set (they could match on absence alone) are looked at for every eligible
 *           event.
 * Steps     formulas as they are asked: a list of questions, each with a way on for yes and for no.
 * Lazy     values of a field that wakes no rule of an event's shape are looked at only if the
 *           formula of a rule that was woken asks for a signal that they might raise.
 *
 * Memory   tables in the arena given, immutable; regexes hold library memory until net_free().
 * Threads  shared by all.
 */
#ifndef WEIR_MATCH_NET_H
#define WEIR_MATCH_NET_H

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/ip.h"
#include "match/exact.h"
#include "match/glob.h"
#include "match/literal.h"
#include "match/regex.h"
#include "match/signal.h"
#include "plan/plan.h"
#include "plan/route.h"

enum { NET_NONE = UINT32_MAX };

/* What a table tells of a source that was found: most raise one signal and have no spellings, so it
 * is that signal, with this bit; else the source. */
static const uint32_t NET_FOUND_SIGNAL = UINT32_C(1) << 31;

/* The tables of one field. */
struct net_field {
    const struct exact_table *exact;    /* folded whole values -> found */
    const struct exact_table *numbers;  /* canonical numbers -> found */
    const struct literal_set *literals; /* id = found */
    uint32_t n_literals;
    uint32_t beyond_ascii; /* found, or NET_NONE */
    /* A hash of a short value of ASCII as it stands is all there is to ask. */
    bool is_short;
};

struct net_inner;

/* An atom that is tested on its own. What most tests ask of the atom stands here, too, and all that
 * they need is in the first cache line. */
struct net_lazy {
    uint8_t op;    /* enum atom_op */
    uint8_t fold;  /* enum fold */
    uint8_t array; /* enum array_rule */
    bool has_exceptions;
    uint32_t field, other;
    uint32_t gate;   /* signal without which the atom is not true; NET_NONE: always test */
    struct str text; /* operand, folded as the atom asks; ATOM_SOME_FIELD: a text that the record of
                        every name has, but for \u */
    const struct glob_program *glob;
    struct match_regex *regex;
    const struct atom *atom;
    struct ip_network network;
    const uint32_t *expr_fields;   /* ATOM_EXPR: field by slot */
    const struct net_inner *inner; /* ATOM_SOME_FIELD, ATOM_SOME_MEMBER */
};

/* A formula about parts of an event, as a tree: these are few and are asked rarely. */
struct net_inner {
    enum formula_kind kind;
    bool value;           /* FORMULA_CONST */
    struct net_lazy lazy; /* FORMULA_ATOM: without gate and field numbers */
    const struct net_inner *children;
    size_t n_children;
};

/* A whole text whose letters must be these. */
struct net_cased {
    struct str text;
    uint32_t found;
};

/* What a step asks of a signal, in the low bits of its entry: all that it may not be (signal.h).
 * NET_NOT_DOWN: up, or not known. */
enum net_want {
    NET_UP = SIGNAL_DOWN | SIGNAL_OPEN,
    NET_DOWN = SIGNAL_UP | SIGNAL_OPEN,
    NET_NOT_DOWN = SIGNAL_DOWN,
    NET_WANT_BITS = 3,
    NET_WANT_MASK = 7
};

enum { NET_SIGNALS_AT_ONCE = 4 };

/* FEW, SIGNALS: are all as wanted? IS_TRUE, IS_FALSE: is the atom? SHARED: what several formulas
 * ask.
 */
enum net_step_op { STEP_FEW, STEP_SIGNALS, STEP_IS_TRUE, STEP_IS_FALSE, STEP_SHARED };

/* Where the steps of a formula end. */
enum { STEP_NO = UINT32_MAX - 1, STEP_YES = UINT32_MAX };

/* A question about an event, and the steps that follow. A formula is true if its steps, from the
 * first one on, end at STEP_YES. */
struct net_step {
    enum net_step_op op;
    uint32_t n_signals; /* FEW, SIGNALS: a multiple of NET_SIGNALS_AT_ONCE */
    uint32_t next[2];   /* if no, if yes */
    union {
        uint32_t few[NET_SIGNALS_AT_ONCE]; /* FEW: entries as in step_signals */
        struct {
            uint32_t number; /* SIGNALS: the first of step_signals; IS_TRUE, IS_FALSE: of the atom;
                                SHARED: of shared_steps */
            uint32_t gate;   /* IS_TRUE, IS_FALSE: signal without which the atom is false; NET_NONE:
                                ask */
        };
    };
};

/* Lists of numbers, one per item: list i is at[first[i] .. first[i + 1]). */
struct net_lists {
    const uint32_t *first;
    const uint32_t *at;
};

/* Fields that one path of a record gives their values to (extract.h): values that stand one behind
 * the other and are the same bytes are looked at once, by a table that has what all of them look
 * for. */
struct net_joint {
    const uint32_t *fields;
    uint32_t n;
    uint32_t table;
};

struct net {
    const struct plan *plan;
    const struct route *route;
    const struct net_field *tables; /* one per plan->fields, then one per joint */
    uint32_t n_tables;
    const struct net_joint *joints;
    uint32_t n_joints;
    struct net_lists joints_of;    /* field -> joints that begin with it */
    const uint32_t *present;       /* per field: signal "it is there", NET_NONE if nobody asks */
    const uint32_t *present_field; /* per signal: the field of which it says that; else NET_NONE */
    uint32_t n_sources, n_signals, n_lazies, n_shared;
    struct net_lists source_signals; /* source -> signals it raises */
    struct net_lists signal_fields;  /* signal -> fields whose values' sources raise it */
    struct net_lists casings;        /* source of a folded text -> those of its spellings */
    const struct net_cased *cased;
    struct net_lists wakes;      /* signal -> rules it wakes */
    const double *signal_weight; /* expected share of events, 0 to 1 and above; for people */
    const struct net_lazy *lazies;
    struct match_regex **regexes; /* all of them, for scratch and free */
    uint32_t n_regexes;
    const struct net_step *steps;
    const uint32_t *step_signals; /* signal << NET_WANT_BITS | enum net_want */
    const uint32_t *rule_steps;   /* rule -> its first step */
    const uint32_t *shared_steps; /* first step of what several formulas ask, answered once */
    const uint64_t *always;       /* bitmap of rules that nothing wakes */
    uint32_t n_always;
};

/* Compile. Fails only for a regex that neither engine takes: the error names the rule's place. */
MUST_USE enum weir_rc net_new(struct arena *a, const struct plan *plan, const struct net **out,
                              struct weir_err *err);
void net_free(const struct net *net);

/* Make what a test of lazy->atom needs ready: net_operand.c. */
void net_operand(struct arena *a, struct net_lazy *lazy);

/* What `weir check --plan` prints of one rule: its fields, how each atom is found, what wakes it.
 */
void net_dump_rule(const struct net *net, uint32_t rule, struct buf *out);

#endif

/* net_impl.h - a net while it is compiled, for net.c and net_table.c. */
#ifndef WEIR_MATCH_NET_IMPL_H
#define WEIR_MATCH_NET_IMPL_H

#include "base/vec.h"
#include "match/net.h"

/* SOURCE_CASED: a whole text letter by letter, looked for where its SOURCE_EXACT was found. */
enum source_kind { SOURCE_EXACT, SOURCE_CASED, SOURCE_NUMBER, SOURCE_LITERAL, SOURCE_BEYOND };

struct source {
    enum source_kind kind;
    enum literal_where where; /* SOURCE_LITERAL */
    uint32_t field;           /* or table of a joint */
    struct str text;          /* folded; canonical for numbers */
    double weight;            /* guessed share of values of the field that have it */
};

/* Numbers of what leads to what: a source to a signal, a signal to a rule. */
struct pair {
    uint32_t from, to;
};

enum nature { NATURE_UNKNOWN, NATURE_PLAIN, NATURE_LAZY };

struct compiler {
    struct arena *arena; /* the net's */
    struct arena *temp;
    const struct plan *plan;
    struct vec sources, pairs, lazies, nodes, children, signals, wakes;
    struct vec cased;   /* struct net_cased */
    struct vec casings; /* pair: SOURCE_EXACT -> its cased */
    struct vec groups;  /* pair: gate of an atom -> gate of an OR over it */
    struct vec weights; /* double per signal */
    uint32_t *slots;    /* intern table of sources: index + 1 */
    uint32_t slot_mask;
    uint32_t *node_of;    /* plan node -> net node */
    enum nature *natures; /* plan atom -> what is_plain() found; 0 until asked */
    uint32_t *signal_of;  /* plan atom -> its own signal, NET_NONE until needed */
    uint32_t *lazy_of;    /* plan atom -> lazy, NET_NONE until needed */
    uint32_t *present_of; /* field -> signal 'it is there', NET_NONE until needed */
    uint32_t *parents;    /* plan node -> how many nodes and rules refer to it */
    uint32_t *askers;     /* plan atom -> the same of its nodes */
    double *usual;        /* field -> guessed share of events that have one given whole value */
    bool *is_negated;     /* plan node: under a NOT somewhere */
    struct net_lists signal_fields; /* as the net's, when all sources are known */
    bool *is_closed;                /* field: what its values raise wakes no more rules */
    uint32_t n_signals;
};

/* The number of the source, made if there is none yet. */
uint32_t net_source_for(struct compiler *c, struct source want);

/* Pairs sorted and each once, as lists by `from`. */
struct net_lists net_lists_of(struct compiler *c, struct vec *pairs, uint32_t n_from);

/* What wakes which rule: net_wake.c. */
void net_wake_rules(struct compiler *c, struct net *net);

/* Joints, when all that fields raise is known; then tables: of fields and of joints. */
void net_make_joints(struct compiler *c, struct net *net);
void net_make_tables(struct compiler *c, struct net *net);

#endif

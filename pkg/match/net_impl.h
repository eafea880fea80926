/* net_impl.h - a net while it is compiled. For pkg/match/net*.c alone.
 *
 *     net.c          the passes one after the other; numbers of signals
 *     net_signal.c   sources, signals, atoms that are no more than a signal
 *     net_gate.c     other atoms, and the gates before them
 *     net_node.c     formulas
 *     net_step.c     formulas as they are asked
 *     net_wake.c     what wakes which rule
 *     net_table.c    sources to tables of fields and of joints
 *
 * What only the compiler needs is in its arena `temp`.
 */
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

/* Formulas while wakers are chosen; then they become steps. */
enum net_op { NET_CONST, NET_SIGNAL, NET_LAZY, NET_AND, NET_OR, NET_NOT };

struct net_node {
    enum net_op op;
    bool value;            /* NET_CONST */
    bool is_shared;        /* more than one parent: worth remembering per event */
    uint32_t number;       /* NET_SIGNAL: signal, NET_LAZY: index of the atom */
    uint32_t gate;         /* LAZY, AND, OR: signal without which it is false; NET_NONE: ask */
    uint32_t first_signal; /* AND, OR: signals[first_signal .. + n_signals), asked first */
    uint32_t n_signals;
    uint32_t first_child; /* then children[first_child .. + n_children), cheap ones first */
    uint32_t n_children;
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
    uint32_t *node_of;      /* plan node -> net node */
    enum nature *natures;   /* plan atom -> what is_plain() found; 0 until asked */
    uint32_t *signal_of;    /* plan atom -> its own signal, NET_NONE until needed */
    uint32_t *lazy_of;      /* plan atom -> lazy, NET_NONE until needed */
    uint32_t *present_of;   /* field -> signal 'it is there', NET_NONE until needed */
    uint32_t *parents;      /* plan node -> how many nodes and rules refer to it */
    uint32_t *askers;       /* plan atom -> the same of its nodes */
    uint32_t *field_askers; /* field -> the same of all its atoms */
    uint32_t *same_askers;  /* plan atom about a whole value -> of all about this value */
    double *usual;          /* field -> guessed share of events that have one given whole value */
    bool *is_negated;       /* plan node: under a NOT somewhere */
    struct net_lists signal_fields; /* as the net's, when all sources are known */
    bool *is_closed;                /* field: what its values raise wakes no more rules */
    bool may_spare;                 /* wakers may be common texts: net_spare_gate() */
    uint32_t *spare_of;             /* lazy -> that signal, NET_NONE until needed */
    uint32_t n_signals;
};

static inline void net_push(struct compiler *c, struct vec *numbers, uint32_t number)
{
    *(uint32_t *)vec_push(c->temp, numbers, sizeof number) = number;
}

/* ---- sources, signals and plain atoms (net_signal.c) --------------------------------------- */

/* Guessed share of the field's values that have it. */
double net_source_weight(const struct compiler *c, const struct source *s);
/* The number of the source, made if there is none yet. */
uint32_t net_source_for(struct compiler *c, struct source want);
/* A signal that nothing raises yet. */
uint32_t net_signal_new(struct compiler *c);
/* Share of the events that raise it, guessed: the sum of its sources. */
static inline double *net_signal_weight(struct compiler *c, uint32_t signal)
{
    return (double *)c->weights.items + signal;
}
void net_raises(struct compiler *c, struct source source, uint32_t signal);

/* Is the truth of the atom exactly "its source was found"? */
bool net_is_plain(struct compiler *c, uint32_t atom);
/* The signal of that plain atom alone. */
uint32_t net_atom_signal(struct compiler *c, uint32_t atom);
/* The plain atom raises this signal, too. */
void net_plain_raises(struct compiler *c, uint32_t atom, uint32_t signal);

/* Is the text nearly everywhere? */
bool net_is_common(struct str text);
struct str net_folded_copy(struct compiler *c, struct str text);
enum literal_where net_where_of(enum atom_op op);
/* The source of a whole text: of exactly these letters, if the atom wants them. */
struct source net_whole_text(struct compiler *c, const struct atom *x, uint32_t field);
/* What many formulas ask for is often there: the signal's weight is at least so much. */
void net_weigh_popular(struct compiler *c, uint32_t atom, uint32_t signal);
/* Guessed share of events that have the field at all. */
double net_presence_share(const struct compiler *c, uint32_t field);
/* Fills c->usual, field_askers and same_askers, from c->askers: before the first source is made. */
void net_guess_usual(struct compiler *c);

/* ---- other atoms (net_gate.c) --------------------------------------------------------------- */

/* The number of the atom among the lazy ones, made with its gate if there is none yet. */
uint32_t net_lazy_atom(struct compiler *c, uint32_t atom);
/* Texts that are nearly everywhere are no gates, but a rule that nothing rarer wakes can be woken
 * by one: by a signal made for it. The weight it will have; INFINITY: the atom has no such text. */
double net_spare_weight(const struct compiler *c, const struct net_lazy *lazy);
uint32_t net_spare_gate(struct compiler *c, const struct net_lazy *lazy);
/* The signal without which a node of it is false; NET_NONE: it is always asked. */
uint32_t net_gate_of(const struct net_lazy *lazy, bool is_negated);

/* ---- formulas (net_node.c) ------------------------------------------------------------------ */

void net_compile_nodes(struct compiler *c);
/* What raises the gate of an atom raises those of the ORs over it; when all pairs are known. */
void net_raise_groups(struct compiler *c);

/* ---- the rest of the net -------------------------------------------------------------------- */

/* Pairs sorted and each once, as lists by `from`. */
struct net_lists net_lists_of(struct compiler *c, struct vec *pairs, uint32_t n_from);

/* Steps of all formulas, when signals have their numbers: net_step.c. */
void net_make_steps(struct compiler *c, struct net *net);
/* What wakes which rule: net_wake.c. */
void net_wake_rules(struct compiler *c, struct net *net);

/* Joints, when all that fields raise is known; then tables: of fields and of joints. */
void net_make_joints(struct compiler *c, struct net *net);
void net_make_tables(struct compiler *c, struct net *net);

#endif

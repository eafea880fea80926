/* net_step.c - formulas as they are asked: steps with a way on for yes and one for no.
 *
 * Of a rule only one thing is asked: is its formula true? Kleene's logic answers that with two
 * values, if NOT is pushed down to the leaves: AND is true if all its parts are, false if one of
 * them is, and what is neither is left out of both questions. So a formula becomes parts that hold
 * or do not: a signal is up, a signal is down, an atom is true, an atom is false; joined by ALL and
 * ANY. What is cheap and likely to decide is asked first; signals of one join are one step.
 *
 * Steps are put down from the last to the first, so that each knows where it leads to, and turned
 * round at the end.
 */
#include "match/net_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum part_kind { PART_CONST, PART_SIGNAL, PART_ATOM, PART_SHARED, PART_ALL, PART_ANY };

struct part {
    enum part_kind kind;
    bool wanted;      /* CONST: its value; SIGNAL: up; ATOM, SHARED: true rather than false */
    uint32_t number;  /* of the signal, the atom, the node */
    uint32_t gate;    /* ATOM */
    struct vec parts; /* ALL, ANY: struct part */
    double chance, cost;
    double rank; /* its place in a join: the least first */
};

/* A node of so many that several formulas have is a list of steps of its own, whose answer is
 * kept for the event; smaller ones are repeated. */
enum { SHARED_NODES_MIN = 32 };

struct stepper {
    struct compiler *c;
    uint32_t *sizes;  /* net node -> how many nodes it is where it stands */
    bool *is_alone;   /* net node: its steps are its own */
    uint32_t *shared; /* net node, by what is asked of it -> 1 + number of its own steps */
    struct vec roots; /* uint32_t: entry of what is shared, by number */
    struct vec steps, signals;
};

static const struct net_node *node_at(const struct stepper *s, uint32_t i)
{
    return (const struct net_node *)s->c->nodes.items + i;
}

static struct part *part_at(const struct part *join, uint32_t i)
{
    return (struct part *)join->parts.items + i;
}

/* ---- what is asked first --------------------------------------------------------------------- */

/* Cycles, roughly. */
enum { COST_SIGNAL = 2, COST_TEST = 20, COST_SEARCH = 30, COST_PROGRAM = 120, COST_TREE = 2000 };

static double cost_of_test(const struct atom *x)
{
    if (x->except.n)
        return COST_TREE;
    switch (x->op) {
    case ATOM_CONTAINS:
    case ATOM_GLOB:
    case ATOM_WORDS:
    case ATOM_FIELD_CMP:
        return COST_SEARCH;
    case ATOM_REGEX:
    case ATOM_EXPR:
        return COST_PROGRAM;
    case ATOM_SOME_FIELD:
    case ATOM_SOME_MEMBER:
        return COST_TREE;
    default:
        return COST_TEST;
    }
}

/* Of what no text tells how often it is so. */
static const double CHANCE_RARE = 0.05, CHANCE_OPEN = 0.3, CHANCE_LEAST = 0.001;

static double chance_of_text(struct str text)
{
    return text.n > 1 ? exp2(literal_rarity(text) / -8.0) : 1;
}

static double chance_of_test(struct compiler *c, const struct net_lazy *lazy)
{
    double gate = lazy->gate == NET_NONE ? 1 : *net_signal_weight(c, lazy->gate);

    switch (lazy->atom->op) {
    case ATOM_EQ:
    case ATOM_PREFIX:
    case ATOM_SUFFIX:
        return fmin(gate, chance_of_text(lazy->text) / 2);
    case ATOM_CONTAINS:
        return fmin(gate, chance_of_text(lazy->text));
    case ATOM_GLOB:
        return fmin(gate, chance_of_text(glob_required_text(lazy->glob)));
    case ATOM_REGEX:
    case ATOM_IS_NULL:
    case ATOM_FIELD_CMP:
        return fmin(gate, CHANCE_RARE);
    case ATOM_EXISTS:
    case ATOM_HAS_VALUE:
        return gate;
    default:
        return fmin(gate, CHANCE_OPEN);
    }
}

static double bounded(double chance)
{
    return fmin(fmax(chance, CHANCE_LEAST), 1 - CHANCE_LEAST);
}

static void guess_atom(struct compiler *c, struct part *p)
{
    const struct net_lazy *lazy = (const struct net_lazy *)c->lazies.items + p->number;
    double chance = bounded(chance_of_test(c, lazy));

    p->chance = p->wanted ? chance : 1 - chance;
    p->cost = cost_of_test(lazy->atom);
    if (p->gate != NET_NONE)
        p->cost = COST_SIGNAL + p->cost * fmin(1, *net_signal_weight(c, p->gate));
}

static int by_rank(const void *a, const void *b)
{
    const struct part *x = a, *y = b;

    if ((x->kind == PART_SIGNAL) != (y->kind == PART_SIGNAL))
        return x->kind == PART_SIGNAL ? -1 : 1;
    if (x->rank != y->rank)
        return x->rank < y->rank ? -1 : 1;
    return (x->number > y->number) - (x->number < y->number);
}

/* Signals first, then by what it costs to have the join decided. */
static void order_parts(struct part *join)
{
    double open = 1;

    join->cost = 0;
    for (uint32_t i = 0; i < join->parts.n; i++) {
        struct part *p = part_at(join, i);
        p->rank = p->cost / (join->kind == PART_ALL ? 1 - p->chance : p->chance);
    }
    if (join->parts.n)
        qsort(join->parts.items, join->parts.n, sizeof *join, by_rank);
    for (uint32_t i = 0; i < join->parts.n; i++) {
        const struct part *p = part_at(join, i);
        join->cost += open * p->cost;
        open *= join->kind == PART_ALL ? p->chance : 1 - p->chance;
    }
    join->chance = bounded(join->kind == PART_ALL ? open : 1 - open);
}

/* ---- nodes to parts -------------------------------------------------------------------------- */

static struct part part_of(struct stepper *s, uint32_t node, bool wanted);

static struct part signal_part(struct stepper *s, uint32_t signal, bool is_up)
{
    double chance = bounded(*net_signal_weight(s->c, signal));

    return (struct part){.kind = PART_SIGNAL,
                         .wanted = is_up,
                         .number = signal,
                         .gate = NET_NONE,
                         .chance = is_up ? chance : 1 - chance,
                         .cost = COST_SIGNAL};
}

/* Joins of one kind are one. */
static void join_add(struct stepper *s, struct part *join, struct part p)
{
    if (p.kind != join->kind) {
        *(struct part *)vec_push(s->c->temp, &join->parts, sizeof p) = p;
        return;
    }
    for (uint32_t i = 0; i < p.parts.n; i++)
        *(struct part *)vec_push(s->c->temp, &join->parts, sizeof p) = *part_at(&p, i);
}

static struct part join_part(struct stepper *s, const struct net_node *n, bool wanted)
{
    const uint32_t *signals = (const uint32_t *)s->c->signals.items + n->first_signal;
    const uint32_t *children = (const uint32_t *)s->c->children.items + n->first_child;
    bool is_all = (n->op == NET_AND) == wanted;
    struct part join = {.kind = is_all ? PART_ALL : PART_ANY};

    for (uint32_t i = 0; i < n->n_signals; i++)
        join_add(s, &join, signal_part(s, signals[i], wanted));
    for (uint32_t i = 0; i < n->n_children; i++)
        join_add(s, &join, part_of(s, children[i], wanted));
    order_parts(&join);
    if (n->op != NET_OR || n->gate == NET_NONE) /* that of an AND is one of its signals */
        return join;
    struct part gated = {.kind = wanted ? PART_ALL : PART_ANY};
    join_add(s, &gated, signal_part(s, n->gate, wanted));
    join_add(s, &gated, join);
    order_parts(&gated);
    return gated;
}

static struct part shared_part(struct stepper *s, uint32_t node, bool wanted);

/* What must hold for the node to be true, or to be false. */
static struct part inner_part(struct stepper *s, uint32_t node, bool wanted)
{
    const struct net_node *n = node_at(s, node);
    struct part p = {.wanted = wanted, .number = n->number, .gate = n->gate, .chance = 0.5};

    switch (n->op) {
    case NET_CONST:
        p.wanted = n->value == wanted;
        return p;
    case NET_SIGNAL:
        return signal_part(s, n->number, wanted);
    case NET_LAZY:
        p.kind = PART_ATOM;
        guess_atom(s->c, &p);
        return p;
    case NET_NOT:
        return part_of(s, ((const uint32_t *)s->c->children.items)[n->first_child], !wanted);
    case NET_AND:
    case NET_OR:
        break;
    }
    return join_part(s, n, wanted);
}

static struct part part_of(struct stepper *s, uint32_t node, bool wanted)
{
    return s->is_alone[node] ? shared_part(s, node, wanted) : inner_part(s, node, wanted);
}

/* ---- parts to steps -------------------------------------------------------------------------- */

static uint32_t step_push(struct stepper *s, struct net_step step)
{
    *(struct net_step *)vec_push(s->c->temp, &s->steps, sizeof step) = step;
    return s->steps.n - 1;
}

static uint32_t put_part(struct stepper *s, const struct part *p, uint32_t yes, uint32_t no);

static void put_signal(struct stepper *s, struct vec *to, uint32_t signal, enum net_want want)
{
    net_push(s->c, to, signal << NET_WANT_BITS | (uint32_t)want);
}

/* Entries of signals as a step: in it, if they are few. */
static uint32_t signals_push(struct stepper *s, const struct vec *entries, uint32_t yes,
                             uint32_t no)
{
    struct net_step step = {.op = STEP_FEW, .n_signals = entries->n, .next = {no, yes}};

    if (entries->n == NET_SIGNALS_AT_ONCE) {
        memcpy(step.few, entries->items, sizeof step.few);
        return step_push(s, step);
    }
    step.op = STEP_SIGNALS;
    step.number = s->signals.n;
    for (uint32_t i = 0; i < entries->n; i++)
        *(uint32_t *)vec_push(s->c->arena, &s->signals, sizeof(uint32_t)) =
            ((const uint32_t *)entries->items)[i];
    return step_push(s, step);
}

/* Does the atom's gate decide the join when it is down? */
static bool gate_decides(const struct part *join, const struct part *p)
{
    return p->kind == PART_ATOM && p->gate != NET_NONE && p->wanted == (join->kind == PART_ALL);
}

/* The join's signals, as signals that must all be so: ANY holds if its parts do not all fail. With
 * them the gates of its atoms: without its gate an atom is false, whatever the others are. */
static uint32_t put_signals(struct stepper *s, const struct part *join, uint32_t yes, uint32_t no)
{
    bool is_all = join->kind == PART_ALL;
    struct vec entries = {0};

    for (uint32_t i = 0; i < join->parts.n; i++) {
        const struct part *p = part_at(join, i);
        if (p->kind == PART_SIGNAL)
            put_signal(s, &entries, p->number, p->wanted == is_all ? NET_UP : NET_DOWN);
        else if (gate_decides(join, p))
            put_signal(s, &entries, p->gate, NET_NOT_DOWN);
    }
    if (entries.n == 0)
        return is_all ? yes : no;
    while (entries.n % NET_SIGNALS_AT_ONCE)
        net_push(s->c, &entries, *(const uint32_t *)entries.items);
    return is_all ? signals_push(s, &entries, yes, no) : signals_push(s, &entries, no, yes);
}

static uint32_t put_join(struct stepper *s, const struct part *join, uint32_t yes, uint32_t no)
{
    bool is_all = join->kind == PART_ALL;
    uint32_t at = is_all ? yes : no;

    for (uint32_t i = join->parts.n; i-- > 0;) {
        struct part p = *part_at(join, i);
        if (p.kind == PART_SIGNAL)
            continue;
        if (gate_decides(join, &p)) /* asked with the signals */
            p.gate = NET_NONE;
        at = is_all ? put_part(s, &p, at, no) : put_part(s, &p, yes, at);
    }
    return is_all ? put_signals(s, join, at, no) : put_signals(s, join, yes, at);
}

/* The step where it begins; it ends at `yes` or `no`. */
static uint32_t put_part(struct stepper *s, const struct part *p, uint32_t yes, uint32_t no)
{
    struct part alone = {.kind = PART_ALL};
    struct net_step step = {.number = p->number, .gate = p->gate, .next = {no, yes}};

    switch (p->kind) {
    case PART_CONST:
        return p->wanted ? yes : no;
    case PART_SIGNAL:
        join_add(s, &alone, *p);
        return put_signals(s, &alone, yes, no);
    case PART_ATOM:
        step.op = p->wanted ? STEP_IS_TRUE : STEP_IS_FALSE;
        return step_push(s, step);
    case PART_SHARED:
        step.op = STEP_SHARED;
        return step_push(s, step);
    case PART_ALL:
    case PART_ANY:
        break;
    }
    return put_join(s, p, yes, no);
}

static struct part shared_part(struct stepper *s, uint32_t node, bool wanted)
{
    uint32_t *number = &s->shared[2 * node + wanted];
    struct part p = inner_part(s, node, wanted);

    if (*number == 0) {
        uint32_t entry = put_part(s, &p, STEP_YES, STEP_NO);
        *(uint32_t *)vec_push(s->c->arena, &s->roots, sizeof entry) = entry;
        *number = s->roots.n;
    }
    return (struct part){.kind = PART_SHARED,
                         .wanted = true,
                         .number = *number - 1,
                         .gate = NET_NONE,
                         .chance = p.chance,
                         .cost = p.cost};
}

/* ---- the whole ------------------------------------------------------------------------------- */

static bool is_end(uint32_t step)
{
    return step >= STEP_NO;
}

static void turn_round(uint32_t *step, uint32_t n)
{
    if (!is_end(*step))
        *step = n - 1 - *step;
}

static const struct net_step *in_order(struct stepper *s, uint32_t *entries, uint32_t n_entries)
{
    uint32_t n = s->steps.n;
    struct net_step *steps = ARENA_ARRAY(s->c->arena, n, struct net_step);

    for (uint32_t i = 0; i < n; i++) {
        struct net_step *to = &steps[n - 1 - i];
        *to = ((const struct net_step *)s->steps.items)[i];
        turn_round(&to->next[false], n);
        turn_round(&to->next[true], n);
    }
    for (uint32_t i = 0; i < n_entries; i++)
        turn_round(&entries[i], n);
    for (uint32_t i = 0; i < s->roots.n; i++)
        turn_round((uint32_t *)s->roots.items + i, n);
    return steps;
}

/* Children come before their parents. */
static void measure(struct stepper *s)
{
    for (uint32_t i = 0; i < s->c->nodes.n; i++) {
        const struct net_node *n = node_at(s, i);
        uint32_t size = 1;
        for (uint32_t k = 0; k < n->n_children; k++) {
            uint32_t child = ((const uint32_t *)s->c->children.items)[n->first_child + k];
            size += s->sizes[child];
        }
        bool is_alone = n->is_shared && size >= SHARED_NODES_MIN;
        s->is_alone[i] = is_alone && (n->op == NET_AND || n->op == NET_OR);
        s->sizes[i] = s->is_alone[i] ? 1 : size;
    }
}

void net_make_steps(struct compiler *c, struct net *net)
{
    const struct plan *p = c->plan;
    struct stepper s = {.c = c};
    uint32_t *entries = ARENA_ARRAY(c->arena, p->n_rules, uint32_t);

    s.sizes = ARENA_ARRAY(c->temp, c->nodes.n, uint32_t);
    s.is_alone = ARENA_ARRAY(c->temp, c->nodes.n, bool);
    s.shared = ARENA_ARRAY(c->temp, 2 * (size_t)c->nodes.n, uint32_t);
    measure(&s);
    for (uint32_t i = p->n_rules; i-- > 0;) {
        struct part root = part_of(&s, c->node_of[p->rules[i].root], true);
        entries[i] = put_part(&s, &root, STEP_YES, STEP_NO);
    }
    net->steps = in_order(&s, entries, p->n_rules);
    net->rule_steps = entries;
    net->step_signals = s.signals.items;
    net->shared_steps = s.roots.items;
    net->n_shared = s.roots.n;
}

/* net.c - compiling the plan: atoms to sources and signals, formulas to nodes, rules to wakers.
 *
 * Every plan node becomes a net node (net_node.c), bottom up, making signals and sources
 * (net_signal.c) and gates (net_gate.c) as it goes; signals are numbered; formulas become steps
 * (net_step.c); then each rule gets its wakers (net_wake.c); then sources are sorted into tables
 * (net_table.c).
 */
#include "match/net.h"

#include <stdlib.h>
#include <string.h>

#include "match/net_impl.h"
#include "match/raised.h"
#include "match/regex_batch.h"

static int compare_pairs(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;

    if (x->from != y->from)
        return x->from < y->from ? -1 : 1;
    return (x->to > y->to) - (x->to < y->to);
}

struct net_lists net_lists_of(struct compiler *c, struct vec *pairs, uint32_t n_from)
{
    struct pair *all = pairs->items;
    uint32_t *first = ARENA_ARRAY(c->arena, (size_t)n_from + 1, uint32_t), n = 0;

    if (pairs->n)
        qsort(all, pairs->n, sizeof *all, compare_pairs);
    uint32_t *at = ARENA_ARRAY(c->arena, (size_t)pairs->n + RAISED_AT_ONCE, uint32_t);
    for (uint32_t i = 0; i < pairs->n; i++) {
        if (i && all[i].from == all[i - 1].from && all[i].to == all[i - 1].to)
            continue;
        at[n++] = all[i].to;
        first[all[i].from + 1] = n;
    }
    for (uint32_t i = 1; i <= n_from; i++)
        if (first[i] == 0)
            first[i] = first[i - 1];
    return (struct net_lists){first, at};
}

/* ---- numbers of signals ---------------------------------------------------------------------- */

struct weighed {
    double weight;
    uint32_t signal;
};

static int compare_weighed(const void *a, const void *b)
{
    const struct weighed *x = a, *y = b;

    if (x->weight != y->weight)
        return x->weight > y->weight ? -1 : 1;
    return (x->signal > y->signal) - (x->signal < y->signal);
}

/* Old number -> new one. */
static const uint32_t *order_signals(struct compiler *c)
{
    struct weighed *all = ARENA_ARRAY(c->temp, c->n_signals, struct weighed);
    uint32_t *number = ARENA_ARRAY(c->temp, c->n_signals, uint32_t);

    for (uint32_t i = 0; i < c->n_signals; i++)
        all[i] = (struct weighed){*net_signal_weight(c, i), i};
    if (c->n_signals)
        qsort(all, c->n_signals, sizeof *all, compare_weighed);
    for (uint32_t i = 0; i < c->n_signals; i++) {
        number[all[i].signal] = i;
        *net_signal_weight(c, i) = all[i].weight;
    }
    return number;
}

static void renumber(const uint32_t *number, uint32_t *signal)
{
    if (*signal != NET_NONE)
        *signal = number[*signal];
}

/* Those that are raised often get the low numbers: what an event raises is then in a few lines of
 * its bits. */
static void number_signals(struct compiler *c)
{
    const uint32_t *number = order_signals(c);
    struct net_node *nodes = c->nodes.items;
    struct net_lazy *lazies = c->lazies.items;
    struct pair *pairs = c->pairs.items;

    for (uint32_t i = 0; i < c->nodes.n; i++) {
        renumber(number, &nodes[i].gate);
        if (nodes[i].op == NET_SIGNAL)
            renumber(number, &nodes[i].number);
    }
    for (uint32_t i = 0; i < c->signals.n; i++)
        renumber(number, (uint32_t *)c->signals.items + i);
    for (uint32_t i = 0; i < c->lazies.n; i++)
        renumber(number, &lazies[i].gate);
    for (uint32_t i = 0; i < c->pairs.n; i++)
        renumber(number, &pairs[i].to);
    for (uint32_t i = 0; i < field_count(c->plan->fields); i++)
        renumber(number, &c->present_of[i]);
}

/* ---- the net --------------------------------------------------------------------------------- */

static uint32_t *numbers_none(struct arena *a, uint32_t n)
{
    uint32_t *p = ARENA_ARRAY(a, n, uint32_t);

    memset(p, 0xff, (size_t)n * sizeof *p);
    return p;
}

static void give_regexes(struct compiler *c, const struct regex_batch *regexes)
{
    struct net_lazy *lazies = c->lazies.items;

    for (uint32_t i = 0; i < c->plan->n_atoms; i++)
        if (c->lazy_of[i] != NET_NONE && c->plan->atoms[i].atom->op == ATOM_REGEX)
            lazies[c->lazy_of[i]].regex = regex_batch_of(regexes, i);
}

/* What the compiler has put together, by now unchanged. */
static void freeze(struct compiler *c, struct net *net)
{
    double *weights = ARENA_ARRAY(c->arena, c->n_signals, double);

    if (c->n_signals)
        memcpy(weights, c->weights.items, c->n_signals * sizeof *weights);
    net->signal_weight = weights;
    net->n_sources = c->sources.n;
    net->n_signals = c->n_signals;
    net->lazies = c->lazies.items;
    net->n_lazies = c->lazies.n;
}

enum weir_rc net_new(struct arena *a, const struct plan *plan, const struct net **out,
                     struct weir_err *err)
{
    struct compiler c = {.arena = a, .temp = arena_new(0), .plan = plan};
    struct net *net = ARENA_NEW(a, struct net);

    c.node_of = numbers_none(c.temp, plan->n_nodes);
    c.natures = ARENA_ARRAY(c.temp, plan->n_atoms, enum nature);
    c.signal_of = numbers_none(c.temp, plan->n_atoms);
    c.lazy_of = numbers_none(c.temp, plan->n_atoms);
    c.askers = ARENA_ARRAY(c.temp, plan->n_atoms, uint32_t);
    c.present_of = numbers_none(c.temp, field_count(plan->fields));
    struct regex_batch *regexes = regex_batch_start(c.temp, plan);
    net->plan = plan;
    net->route = route_new(a, plan);
    net_compile_nodes(&c);
    net_raise_groups(&c);
    number_signals(&c);
    ASSERT(c.n_signals < UINT32_MAX >> NET_WANT_BITS);
    net_make_steps(&c, net);
    net_wake_rules(&c, net);
    net_make_joints(&c, net);
    net_make_tables(&c, net);
    freeze(&c, net);
    enum weir_rc rc = regex_batch_join(regexes, a, &net->regexes, &net->n_regexes, err);
    if (rc == WEIR_OK)
        give_regexes(&c, regexes);
    arena_free(c.temp);
    if (rc != WEIR_OK) {
        net_free(net);
        return rc;
    }
    *out = net;
    return WEIR_OK;
}

void net_free(const struct net *net)
{
    if (!net)
        return;
    for (uint32_t i = 0; i < net->n_regexes; i++)
        regex_free(net->regexes[i]);
}

/* net_wake.c - which signals wake which rule.
 *
 * Of what must be up whenever a rule matches, the rarest is chosen. A field that only few rules
 * would have looked at in every event for this is closed: these rules take the next best, if
 * that is rare as well, and the field's values are looked at only where a formula asks.
 */
#include "match/net_impl.h"

#include <math.h>
#include <string.h>

/* A field is worth closing if no more rules are woken by it; a rule leaves it for wakers of this
 * guessed share at most: to wake a rule in vain costs half of what looking at a value does. */
enum { CLOSED_RULES_MAX = 64 };
static const double CLOSED_WEIGHT_MAX = 0.2;

/* Of this guessed share of the events at least: a common text is looked for, to wake the rule. */
static const double SPARE_WEIGHT_MIN = 0.6;

static double waker_weight(const struct compiler *c, uint32_t signal)
{
    const struct net_lists *of = &c->signal_fields;

    for (uint32_t i = of->first[signal]; i < of->first[signal + 1]; i++)
        if (c->is_closed[of->at[i]])
            return INFINITY;
    return ((const double *)c->weights.items)[signal];
}

/* The weight of the best set of signals of which one must be up for the node to be true;
 * INFINITY if there is none. With `out` the set itself is appended. */
static double wakers(struct compiler *c, uint32_t node, struct vec *out);

static double wakers_of_and(struct compiler *c, const struct net_node *n, struct vec *out)
{
    const uint32_t *signals = (const uint32_t *)c->signals.items + n->first_signal;
    const uint32_t *children = (const uint32_t *)c->children.items + n->first_child;
    double best = INFINITY;
    uint32_t best_signal = NET_NONE, best_child = NET_NONE;

    for (uint32_t i = 0; i < n->n_signals; i++)
        if (waker_weight(c, signals[i]) < best) {
            best = waker_weight(c, signals[i]);
            best_signal = signals[i];
        }
    for (uint32_t i = 0; i < n->n_children; i++) {
        double weight = wakers(c, children[i], NULL);
        if (weight < best) {
            best = weight;
            best_child = children[i];
        }
    }
    if (out && best_child != NET_NONE)
        wakers(c, best_child, out);
    else if (out && best_signal != NET_NONE)
        net_push(c, out, best_signal);
    return best;
}

/* The share of events that have one or the other, if neither tells of the other. */
static double either(double a, double b)
{
    return a >= 1 || b >= 1 ? fmax(a, b) : a + b - a * b;
}

static double wakers_of_or(struct compiler *c, const struct net_node *n, struct vec *out)
{
    const uint32_t *signals = (const uint32_t *)c->signals.items + n->first_signal;
    const uint32_t *children = (const uint32_t *)c->children.items + n->first_child;
    double sum = 0;

    if (n->gate != NET_NONE) {
        if (out)
            net_push(c, out, n->gate);
        return waker_weight(c, n->gate);
    }
    for (uint32_t i = 0; i < n->n_signals; i++) {
        sum = either(sum, waker_weight(c, signals[i]));
        if (out)
            net_push(c, out, signals[i]);
    }
    for (uint32_t i = 0; i < n->n_children; i++)
        sum = either(sum, wakers(c, children[i], out));
    return sum;
}

/* An atom that is tested: its gate, or the signal of a common text. */
static double wakers_of_atom(struct compiler *c, uint32_t number, struct vec *out)
{
    const struct net_lazy *lazy = (const struct net_lazy *)c->lazies.items + number;
    double weight = lazy->gate == NET_NONE ? INFINITY : waker_weight(c, lazy->gate);
    double spare = c->may_spare ? net_spare_weight(c, lazy) : INFINITY;
    uint32_t signal = lazy->gate;

    if (spare < weight) {
        if (out && c->spare_of[number] == NET_NONE)
            c->spare_of[number] = net_spare_gate(c, lazy);
        signal = c->spare_of[number];
        weight = spare;
    }
    if (out && !isinf(weight))
        net_push(c, out, signal);
    return weight;
}

static double wakers(struct compiler *c, uint32_t node, struct vec *out)
{
    const struct net_node *n = (const struct net_node *)c->nodes.items + node;

    switch (n->op) {
    case NET_CONST:
        return n->value ? INFINITY : 0;
    case NET_NOT:
        return INFINITY;
    case NET_AND:
        return wakers_of_and(c, n, out);
    case NET_OR:
        return wakers_of_or(c, n, out);
    case NET_LAZY:
        return wakers_of_atom(c, n->number, out);
    case NET_SIGNAL:
        break;
    }
    if (out)
        net_push(c, out, n->number);
    return waker_weight(c, n->number);
}

/* ---- rules --------------------------------------------------------------------------------- */

/* The rules' wakers, before they are turned round. */
struct choice {
    struct vec signals; /* uint32_t */
    double weight;      /* INFINITY: nothing wakes it */
};

static struct choice choose(struct compiler *c, uint32_t root)
{
    struct choice choice = {.weight = wakers(c, root, NULL)};

    if (!isinf(choice.weight))
        wakers(c, root, &choice.signals);
    return choice;
}

static void find_signal_fields(struct compiler *c)
{
    struct vec pairs = {0};

    for (uint32_t i = 0; i < c->pairs.n; i++) {
        struct pair p = ((const struct pair *)c->pairs.items)[i];
        uint32_t field = ((const struct source *)c->sources.items)[p.from].field;
        *(struct pair *)vec_push(c->temp, &pairs, sizeof p) = (struct pair){p.to, field};
    }
    c->signal_fields = net_lists_of(c, &pairs, c->n_signals);
    c->is_closed = ARENA_ARRAY(c->temp, field_count(c->plan->fields), bool);
}

/* A rule that would be looked at in most events is woken by a common text after all, if it has one.
 */
static void choose_spares(struct compiler *c, const uint32_t *roots, struct choice *choices)
{
    uint32_t n_lazies = c->lazies.n;

    c->spare_of = ARENA_ARRAY(c->temp, n_lazies, uint32_t);
    memset(c->spare_of, 0xff, n_lazies * sizeof *c->spare_of);
    c->may_spare = true;
    for (uint32_t i = 0; i < c->plan->n_rules; i++)
        if (choices[i].weight > SPARE_WEIGHT_MIN)
            choices[i] = choose(c, roots[i]);
    c->may_spare = false;
    find_signal_fields(c);
}

static bool is_woken_by(const struct compiler *c, const struct choice *choice, uint32_t field)
{
    const struct net_lists *of = &c->signal_fields;

    for (uint32_t i = 0; i < choice->signals.n; i++) {
        uint32_t signal = ((const uint32_t *)choice->signals.items)[i];
        for (uint32_t k = of->first[signal]; k < of->first[signal + 1]; k++)
            if (of->at[k] == field)
                return true;
    }
    return false;
}

/* field -> rules that it would wake. */
static struct net_lists rules_by_field(struct compiler *c, const struct choice *choices)
{
    const struct net_lists *of = &c->signal_fields;
    struct vec pairs = {0};

    for (uint32_t r = 0; r < c->plan->n_rules; r++)
        for (uint32_t i = 0; i < choices[r].signals.n; i++) {
            uint32_t signal = ((const uint32_t *)choices[r].signals.items)[i];
            for (uint32_t k = of->first[signal]; k < of->first[signal + 1]; k++)
                *(struct pair *)vec_push(c->temp, &pairs, sizeof(struct pair)) =
                    (struct pair){of->at[k], r};
        }
    return net_lists_of(c, &pairs, field_count(c->plan->fields));
}

/* Rules of one source leave the field together or not at all: as long as it wakes one of them, it
 * is looked at for all. */
static void leave_field(struct compiler *c, uint32_t field, const uint32_t *roots,
                        const uint32_t *rules, uint32_t n, struct choice *choices)
{
    struct choice others[CLOSED_RULES_MAX] = {0};

    for (uint32_t i = 0; i < n; i++) {
        others[i] = choices[rules[i]];
        if (!is_woken_by(c, &others[i], field)) /* it has left for another reason */
            continue;
        others[i] = choose(c, roots[rules[i]]);
        if (others[i].weight > CLOSED_WEIGHT_MAX)
            return;
    }
    for (uint32_t i = 0; i < n; i++)
        choices[rules[i]] = others[i];
}

static void close_field(struct compiler *c, uint32_t field, const uint32_t *roots,
                        const uint32_t *rules, uint32_t n, struct choice *choices)
{
    uint32_t some[CLOSED_RULES_MAX], n_some;

    c->is_closed[field] = true;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t source = c->plan->rules[rules[i]].logsource;
        bool is_first = true;
        n_some = 0;
        for (uint32_t k = 0; k < n; k++)
            if (c->plan->rules[rules[k]].logsource == source) {
                some[n_some++] = rules[k];
                is_first &= k >= i;
            }
        if (is_first)
            leave_field(c, field, roots, some, n_some, choices);
    }
}

static void close_fields(struct compiler *c, const uint32_t *roots, struct choice *choices)
{
    struct net_lists rules = rules_by_field(c, choices);
    uint32_t n_fields = field_count(c->plan->fields);

    for (uint32_t max = 1; max <= CLOSED_RULES_MAX; max++)
        for (uint32_t f = 0; f < n_fields; f++) {
            uint32_t n = rules.first[f + 1] - rules.first[f];
            if (n == max)
                close_field(c, f, roots, rules.at + rules.first[f], n, choices);
        }
}

static void turn_round(struct compiler *c, const struct choice *choices, struct net *net)
{
    uint32_t n_rules = c->plan->n_rules;
    uint64_t *always = ARENA_ARRAY(c->arena, (n_rules + 63) / 64, uint64_t);

    for (uint32_t r = 0; r < n_rules; r++) {
        if (isinf(choices[r].weight)) {
            always[r / 64] |= 1ull << (r % 64);
            net->n_always++;
        }
        for (uint32_t i = 0; i < choices[r].signals.n; i++) {
            uint32_t signal = ((const uint32_t *)choices[r].signals.items)[i];
            *(struct pair *)vec_push(c->temp, &c->wakes, sizeof(struct pair)) =
                (struct pair){signal, r};
        }
    }
    net->always = always;
    net->wakes = net_lists_of(c, &c->wakes, c->n_signals);
}

void net_wake_rules(struct compiler *c, struct net *net)
{
    const struct plan *p = c->plan;
    uint32_t *roots = ARENA_ARRAY(c->temp, p->n_rules, uint32_t);
    struct choice *choices = ARENA_ARRAY(c->temp, p->n_rules, struct choice);

    find_signal_fields(c);
    for (uint32_t i = 0; i < p->n_rules; i++) {
        roots[i] = c->node_of[p->rules[i].root];
        choices[i] = choose(c, roots[i]);
    }
    choose_spares(c, roots, choices);
    close_fields(c, roots, choices);
    net->signal_fields = c->signal_fields;
    turn_round(c, choices, net);
}

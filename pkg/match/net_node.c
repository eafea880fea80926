/* net_node.c - formulas to nodes, children before their parents.
 *
 * What is asked first is what is cheap: an OR's plain atoms become one signal, its gated ones an OR
 * of their own behind one gate, an AND begins with its rarest signal.
 */
#include "match/net_impl.h"

#include "base/str.h"

static const struct net_node *net_node_at(struct compiler *c, uint32_t i)
{
    return (const struct net_node *)c->nodes.items + i;
}

static uint32_t node_push(struct compiler *c, struct net_node n)
{
    *(struct net_node *)vec_push(c->temp, &c->nodes, sizeof n) = n;
    return c->nodes.n - 1;
}

static uint32_t signal_node(struct compiler *c, uint32_t signal)
{
    return node_push(c, (struct net_node){.op = NET_SIGNAL, .number = signal, .gate = NET_NONE});
}

static uint32_t lazy_node(struct compiler *c, uint32_t number, bool is_negated)
{
    const struct net_lazy *lazy = (const struct net_lazy *)c->lazies.items + number;

    return node_push(
        c,
        (struct net_node){.op = NET_LAZY, .number = number, .gate = net_gate_of(lazy, is_negated)});
}

static bool is_plain_node(struct compiler *c, uint32_t plan_node)
{
    const struct plan_node *n = &c->plan->nodes[plan_node];

    return n->kind == FORMULA_ATOM && net_is_plain(c, n->atom);
}

/* How dear a child is to ask: bits first, then formulas of bits, then tests of values, those that
 * are programs last. */
static int child_cost(struct compiler *c, const struct net_node *n)
{
    if (n->op != NET_LAZY)
        return 1;
    const struct atom *x = ((const struct net_lazy *)c->lazies.items)[n->number].atom;
    if (x->except.n)
        return 4; /* reads the event as a tree */
    switch (x->op) {
    case ATOM_REGEX:
        return 3;
    case ATOM_EXPR:
    case ATOM_SOME_FIELD:
    case ATOM_SOME_MEMBER:
        return 4;
    default:
        return 2;
    }
}

static void sort_children(struct compiler *c, uint32_t *children, uint32_t n)
{
    for (uint32_t i = 1; i < n; i++) {
        uint32_t child = children[i], at = i;
        int cost = child_cost(c, net_node_at(c, child));
        while (at > 0 && child_cost(c, net_node_at(c, children[at - 1])) > cost) {
            children[at] = children[at - 1];
            at--;
        }
        children[at] = child;
    }
}

/* For AND the rare signals first, so that it fails early; for OR the common ones. */
static void sort_signals(struct compiler *c, uint32_t *signals, uint32_t n, enum net_op op)
{
    for (uint32_t i = 1; i < n; i++) {
        uint32_t signal = signals[i], at = i;
        double weight = *net_signal_weight(c, signal);
        while (at > 0 && (op == NET_AND ? *net_signal_weight(c, signals[at - 1]) > weight
                                        : *net_signal_weight(c, signals[at - 1]) < weight)) {
            signals[at] = signals[at - 1];
            at--;
        }
        signals[at] = signal;
    }
}

static void put_numbers(struct compiler *c, struct vec *to, const struct vec *numbers)
{
    for (uint32_t i = 0; i < numbers->n; i++)
        *(uint32_t *)vec_push(c->temp, to, sizeof(uint32_t)) = ((uint32_t *)numbers->items)[i];
}

/* ---- AND and OR ----------------------------------------------------------------------- */

/* An atom of this many lists keeps a signal of its own: `endswith \\powershell.exe` stands in
 * some hundred OR-lists, and finding it would raise a signal for each. */
enum { COMMON_PARENTS = 6 };

/* An OR's plain atoms become one signal together, those common to many rules one each. */
static void or_signals(struct compiler *c, const struct plan_node *n, uint32_t n_plain,
                       struct vec *signals)
{
    uint32_t group = NET_NONE;

    for (uint32_t i = 0; i < n->n_children; i++) {
        uint32_t child = c->plan->children[n->first_child + i];
        if (!is_plain_node(c, child))
            continue;
        uint32_t atom = c->plan->nodes[child].atom;
        if (n_plain == 1 || c->parents[child] >= COMMON_PARENTS) {
            net_push(c, signals, net_atom_signal(c, atom));
            continue;
        }
        if (group == NET_NONE) {
            group = net_signal_new(c);
            net_push(c, signals, group);
        }
        net_plain_raises(c, atom, group);
    }
}

/* An OR of fewer gated atoms asks their gates. */
enum { GATED_MIN = 4 };

/* Has it a gate that says something, and few that want it raised? */
static bool is_groupable(const struct compiler *c, uint32_t plan_node, const struct net_node *n)
{
    const struct net_lazy *lazies = c->lazies.items;

    if (n->gate == NET_NONE || c->parents[plan_node] >= COMMON_PARENTS)
        return false;
    return n->op == NET_AND ||
           (n->op == NET_LAZY && n->gate != c->present_of[lazies[n->number].field]);
}

/* An OR's gated atoms move into an OR of their own with one gate, which whatever raises one of
 * theirs raises: a list of sixty globs is one bit in most events. */
static void group_gated(struct compiler *c, const struct plan_node *n, struct vec *children)
{
    struct net_node group = {.op = NET_OR, .gate = NET_NONE, .first_signal = c->signals.n};
    struct vec gated = {0}, others = {0};

    for (uint32_t i = 0; i < n->n_children; i++) {
        uint32_t child = c->plan->children[n->first_child + i];
        if (is_plain_node(c, child) || net_node_at(c, c->node_of[child])->op == NET_SIGNAL)
            continue;
        bool is_gated = is_groupable(c, child, net_node_at(c, c->node_of[child]));
        net_push(c, is_gated ? &gated : &others, c->node_of[child]);
    }
    if (gated.n < GATED_MIN)
        return;
    group.gate = net_signal_new(c);
    for (uint32_t i = 0; i < gated.n; i++) {
        uint32_t gate = net_node_at(c, ((uint32_t *)gated.items)[i])->gate;
        *(struct pair *)vec_push(c->temp, &c->groups, sizeof(struct pair)) =
            (struct pair){gate, group.gate};
    }
    group.first_child = c->children.n;
    group.n_children = gated.n;
    put_numbers(c, &c->children, &gated);
    *children = others;
    net_push(c, children, node_push(c, group));
}

void net_raise_groups(struct compiler *c)
{
    struct net_lists groups = net_lists_of(c, &c->groups, c->n_signals);
    uint32_t n = c->pairs.n;

    for (uint32_t i = 0; i < n; i++) {
        struct pair p = ((const struct pair *)c->pairs.items)[i];
        for (uint32_t k = groups.first[p.to]; k < groups.first[p.to + 1]; k++) {
            *(struct pair *)vec_push(c->temp, &c->pairs, sizeof p) =
                (struct pair){p.from, groups.at[k]};
            *net_signal_weight(c, groups.at[k]) +=
                ((const struct source *)c->sources.items)[p.from].weight;
        }
    }
}

/* Do sources alone raise it? Presence is told of the field. */
static bool is_raised(const struct compiler *c, uint32_t signal)
{
    for (uint32_t i = 0; i < field_count(c->plan->fields); i++)
        if (c->present_of[i] == signal)
            return false;
    return true;
}

static uint32_t compile_join(struct compiler *c, const struct plan_node *n)
{
    struct net_node join = {.op = n->kind == FORMULA_AND ? NET_AND : NET_OR, .gate = NET_NONE};
    struct vec signals = {0}, children = {0};
    uint32_t n_plain = 0;

    for (uint32_t i = 0; i < n->n_children; i++)
        n_plain += is_plain_node(c, c->plan->children[n->first_child + i]);
    if (join.op == NET_OR && n_plain)
        or_signals(c, n, n_plain, &signals);
    for (uint32_t i = 0; i < n->n_children; i++) {
        uint32_t child = c->plan->children[n->first_child + i];
        if (join.op == NET_OR && is_plain_node(c, child))
            continue;
        uint32_t compiled = c->node_of[child];
        const struct net_node *cn = net_node_at(c, compiled);
        if (cn->op == NET_SIGNAL)
            net_push(c, &signals, cn->number);
        else
            net_push(c, &children, compiled);
    }
    if (children.n == 0 && signals.n == 1)
        return signal_node(c, *(uint32_t *)signals.items);
    if (join.op == NET_OR && children.n >= GATED_MIN)
        group_gated(c, n, &children);
    if (children.n == 1 && signals.n == 0 && join.op == NET_OR)
        return *(uint32_t *)children.items;
    if (signals.n)
        sort_signals(c, signals.items, signals.n, join.op);
    if (children.n)
        sort_children(c, children.items, children.n);
    join.first_signal = c->signals.n;
    join.n_signals = signals.n;
    put_numbers(c, &c->signals, &signals);
    join.first_child = c->children.n;
    join.n_children = children.n;
    put_numbers(c, &c->children, &children);
    if (join.op == NET_AND && signals.n && is_raised(c, *(uint32_t *)signals.items))
        join.gate = *(uint32_t *)signals.items;
    return node_push(c, join);
}

/* ---- all nodes ------------------------------------------------------------------------ */

/* Is the plain atom at this node asked for by anything but ORs (which take its sources into a
 * signal of their own)? Then it needs a signal itself. */
static void mark_needed(const struct plan *p, bool *is_needed, uint32_t *parents)
{
    for (uint32_t i = 0; i < p->n_nodes; i++)
        for (uint32_t k = 0; k < p->nodes[i].n_children; k++) {
            uint32_t child = p->children[p->nodes[i].first_child + k];
            parents[child]++;
            if (p->nodes[i].kind != FORMULA_OR)
                is_needed[child] = true;
        }
    for (uint32_t i = 0; i < p->n_rules; i++) {
        parents[p->rules[i].root]++;
        is_needed[p->rules[i].root] = true;
    }
}

/* Parents come behind their children. */
static void mark_negated(const struct plan *p, bool *is_negated)
{
    for (uint32_t i = p->n_nodes; i-- > 0;)
        for (uint32_t k = 0; k < p->nodes[i].n_children; k++)
            is_negated[p->children[p->nodes[i].first_child + k]] |=
                is_negated[i] || p->nodes[i].kind == FORMULA_NOT;
}

static uint32_t compile_node(struct compiler *c, uint32_t plan_node, bool is_needed)
{
    const struct plan_node *n = &c->plan->nodes[plan_node];

    switch (n->kind) {
    case FORMULA_CONST:
        return node_push(c,
                         (struct net_node){.op = NET_CONST, .value = n->value, .gate = NET_NONE});
    case FORMULA_ATOM:
        if (!net_is_plain(c, n->atom))
            return lazy_node(c, net_lazy_atom(c, n->atom), c->is_negated[plan_node]);
        if (!is_needed)
            return NET_NONE; /* lives on in the signals of its ORs */
        return signal_node(c, net_atom_signal(c, n->atom));
    case FORMULA_NOT: {
        struct net_node not = {
            .op = NET_NOT, .gate = NET_NONE, .first_child = c->children.n, .n_children = 1};
        *(uint32_t *)vec_push(c->temp, &c->children, sizeof(uint32_t)) =
            c->node_of[c->plan->children[n->first_child]];
        return node_push(c, not );
    }
    case FORMULA_AND:
    case FORMULA_OR:
        break;
    }
    return compile_join(c, n);
}

void net_compile_nodes(struct compiler *c)
{
    const struct plan *p = c->plan;
    bool *is_needed = ARENA_ARRAY(c->temp, p->n_nodes, bool);

    c->parents = ARENA_ARRAY(c->temp, p->n_nodes, uint32_t);
    c->is_negated = ARENA_ARRAY(c->temp, p->n_nodes, bool);
    mark_needed(p, is_needed, c->parents);
    mark_negated(p, c->is_negated);
    for (uint32_t i = 0; i < p->n_nodes; i++)
        if (p->nodes[i].kind == FORMULA_ATOM)
            c->askers[p->nodes[i].atom] += c->parents[i];
    net_guess_usual(c);
    for (uint32_t i = 0; i < p->n_nodes; i++) {
        c->node_of[i] = compile_node(c, i, is_needed[i]);
        if (c->node_of[i] != NET_NONE && c->parents[i] > 1)
            ((struct net_node *)c->nodes.items)[c->node_of[i]].is_shared = true;
    }
}

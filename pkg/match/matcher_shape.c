/* matcher_shape.c - what is decided once per shape of events: which rules concern it, which fields
 * they want, and which of these wake none of them.
 */
#include "match/keyword_filter.h"
#include "match/matcher_impl.h"

#include <string.h>

/* An extract_leaves_fn. */
static bool may_hold_keyword(const void *filter, struct str record)
{
    return keyword_filter_may(filter, record);
}

static void filter_keywords(struct matcher *m, uint32_t shape, const uint64_t *rules)
{
    const struct keyword_filter *filter = keyword_filter_new(m->home, m->net->plan, rules);

    if (filter)
        extract_filter_leaves(m->worker, shape, may_hold_keyword, filter);
}

static void clear_bit(uint64_t *bits, uint32_t i)
{
    bits[i / 64] &= ~(1ull << (i % 64));
}

static bool wakes_any(const struct net *net, uint32_t signal, const uint64_t *rules)
{
    for (uint32_t i = net->wakes.first[signal]; i < net->wakes.first[signal + 1]; i++)
        if (matcher_has_bit(rules, net->wakes.at[i]))
            return true;
    return false;
}

/* Do rules want more than one of its fields? */
static bool is_wanted(const struct net_joint *joint, const struct shape_state *shape)
{
    uint32_t n = 0;

    for (uint32_t k = 0; k < joint->n; k++)
        n += matcher_has_bit(shape->fields, joint->fields[k]);
    return n > 1;
}

/* A joint is looked at for all of its fields. */
static void keep_joints(const struct net *net, const struct shape_state *s)
{
    for (uint32_t i = 0; i < net->n_joints; i++) {
        const struct net_joint *joint = &net->joints[i];
        bool is_eager = false;
        for (uint32_t k = 0; k < joint->n; k++)
            is_eager |= matcher_has_bit(s->fields, joint->fields[k]) &&
                        !matcher_has_bit(s->lazy, joint->fields[k]);
        for (uint32_t k = 0; is_eager && k < joint->n; k++)
            clear_bit(s->lazy, joint->fields[k]);
    }
}

/* Is a field there? That is told to those who ask, unless it wakes rules. */
static bool is_told_ahead(const struct net *net, const struct shape_state *s, uint32_t field)
{
    return net->present[field] != NET_NONE && (s->signals[net->present[field]] & SIGNAL_WAKES);
}

/* May a value that is not looked at raise it? */
static bool is_open(const struct net *net, const struct shape_state *s, uint32_t signal, bool wakes)
{
    const struct net_lists *of = &net->signal_fields;
    uint32_t field = net->present_field[signal];

    if (field != NET_NONE)
        return !wakes && matcher_has_bit(s->fields, field);
    for (uint32_t i = of->first[signal]; i < of->first[signal + 1]; i++)
        if (matcher_has_bit(s->lazy, of->at[i]))
            return true;
    return false;
}

static void find_lazy(struct matcher *m, struct shape_state *s)
{
    const struct net *net = m->net;
    const struct net_lists *of = &net->signal_fields;

    s->lazy = ARENA_ARRAY(m->home, m->field_words, uint64_t);
    s->signals = ARENA_ARRAY(m->home, net->n_signals, uint8_t);
    memcpy(s->lazy, s->fields, m->field_words * sizeof *s->lazy);
    clear_bit(s->lazy, FIELD_ANY);
    for (uint32_t g = 0; g < net->n_signals; g++) {
        if (!wakes_any(net, g, s->rules))
            continue;
        s->signals[g] = SIGNAL_WAKES;
        for (uint32_t i = of->first[g]; i < of->first[g + 1]; i++)
            clear_bit(s->lazy, of->at[i]);
    }
    keep_joints(net, s);
    for (uint32_t g = 0; g < net->n_signals; g++) {
        bool wakes = s->signals[g] & SIGNAL_WAKES;
        s->signals[g] = signal_at_rest(is_open(net, s, g, wakes), wakes);
    }
}

static void find_how(struct matcher *m, struct shape_state *s)
{
    const struct net *net = m->net;
    uint32_t n_fields = field_count(net->plan->fields);

    s->how = ARENA_ARRAY(m->home, n_fields, uint8_t);
    for (uint32_t f = 0; f < n_fields; f++)
        s->how[f] = (uint8_t)((matcher_has_bit(s->fields, f) ? HOW_WANTED : 0) |
                              (matcher_has_bit(s->lazy, f) ? HOW_LAZY : 0) |
                              (is_told_ahead(net, s, f) ? HOW_PRESENT : 0) |
                              (f == FIELD_ANY ? HOW_LEAVES : 0) | (MATCHER_STATS ? HOW_UNSEEN : 0));
    s->joints = ARENA_ARRAY(m->home, (net->n_joints + 63) / 64, uint64_t);
    for (uint32_t i = 0; i < net->n_joints; i++)
        if (is_wanted(&net->joints[i], s)) {
            s->how[net->joints[i].fields[0]] |= HOW_JOINT;
            s->joints[i / 64] |= 1ull << (i % 64);
        }
}

/* Once per shape: its bitmaps come from the matcher's own arena, SHAPES_MAX at most. */
struct shape_state *matcher_learn_shape(struct matcher *m, uint32_t shape)
{
    struct shape_state *s = &m->shapes[shape];

    s->rules = ARENA_ARRAY(m->home, m->rule_words, uint64_t);
    s->fields = ARENA_ARRAY(m->home, m->field_words, uint64_t);
    s->seen = ARENA_ARRAY(m->home, m->field_words, uint64_t);
    s->always = ARENA_ARRAY(m->home, m->rule_words, uint64_t);
    memcpy(s->always, m->net->always, route_rule_words(m->net->route) * sizeof *s->always);
    s->n_eligible =
        route_shape(m->net->route, &extract_shape(m->worker, shape)->facts, s->rules, s->fields);
    find_lazy(m, s);
    find_how(m, s);
    bool has_keywords = s->fields[FIELD_ANY / 64] >> (FIELD_ANY % 64) & 1;
    extract_want_leaves(m->worker, shape, has_keywords);
    if (has_keywords)
        filter_keywords(m, shape, s->rules);
    s->is_known = true;
    return s;
}

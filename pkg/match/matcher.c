/* matcher.c - the stages in turn, and what an event's signals wake; the evaluation of one event's
 * candidates is eval.c.
 *
 * Invariant: between events that are evaluated all signals are at rest (signal.h).
 */
#include "match/matcher.h"

#include "match/cost.h"
#include "match/matcher_impl.h"

#include <stdlib.h>
#include <string.h>

struct matcher *matcher_new(const struct net *net, struct extract_worker *worker, bool has_cache)
{
    struct matcher *m = calloc(1, sizeof *m);

    ASSERT(m != NULL);
    m->net = net;
    m->worker = worker;
    m->arena = arena_new(1 << 20);
    m->home = arena_new(0);
    m->rule_words =
        (route_rule_words(net->route) + WORDS_AT_ONCE - 1) / WORDS_AT_ONCE * WORDS_AT_ONCE;
    m->field_words = route_field_words(net->route);
    m->table_head = ARENA_ARRAY(m->home, net->n_tables, uint32_t);
    m->tables_met = ARENA_ARRAY(m->home, net->n_tables, uint32_t);
    raised_init(&m->raised, m->home, m->arena, net->n_signals);
    m->rule_stats = ARENA_ARRAY(m->home, net->plan->n_rules, struct matcher_rule_stats);
    m->evaluator = evaluator_new(net, &m->blocks, (struct evaluator_look){matcher_look_later, m});
    if (has_cache) {
        m->cache = value_cache_new();
        m->finds = ARENA_ARRAY(m->home, FINDS_MAX, struct find);
        m->cache_use = ARENA_ARRAY(m->home, net->n_tables, struct cache_use);
    }
    return m;
}

void matcher_free(struct matcher *m)
{
    if (!m)
        return;
    evaluator_free(m->evaluator);
    value_cache_free(m->cache);
    arena_free(m->arena);
    arena_free(m->home);
    free(m->matches);
    free(m);
}

void matcher_use_lists(struct matcher *m, const struct list_view *lists)
{
    evaluator_use_lists(m->evaluator, lists);
}

/* ---- evaluate ------------------------------------------------------------------------------ */

static void add_match(struct matcher *m, uint32_t event, uint32_t rule)
{
    if (m->n_matches == m->matches_cap) { /* doubles until it has met its largest batch */
        m->matches_cap = m->matches_cap ? m->matches_cap * 2 : 256;
        m->matches = realloc(m->matches, m->matches_cap * sizeof *m->matches);
        ASSERT(m->matches != NULL);
    }
    m->matches[m->n_matches++] = (struct match){event, rule};
    m->rule_stats[rule].matches++;
}

/* The event's signals are up from now on. candidates |= the rules that they wake. */
static void wake(struct matcher *m, uint32_t event, const struct shape_state *shape,
                 uint64_t *candidates)
{
    const struct net_lists *wakes = &m->net->wakes;
    const struct raised_list *l = &m->raised.lists[event];

    m->raised.evaluated = event;
    m->raised.signals = shape->signals;
    for (uint32_t i = 0; i < l->n; i++) {
        uint32_t signal = l->at[i];
        if (!signal_raise(&shape->signals[signal]))
            continue;
        for (uint32_t k = wakes->first[signal]; k < wakes->first[signal + 1]; k++)
            candidates[wakes->at[k] / 64] |= 1ull << (wakes->at[k] % 64);
    }
}

static void count_cost(struct matcher_rule_stats *s, uint64_t cycles)
{
    s->cost_cycles += cost_of_sample(cycles, s->cost_cycles, s->evaluations);
    s->evaluations++;
}

/* Those rules from `first` on whose bit is set. */
static inline void evaluate_rules(struct matcher *m, uint32_t number, uint32_t first, uint64_t bits,
                                  bool is_sampled)
{
    for (; bits; bits &= bits - 1) {
        uint32_t rule = first + (uint32_t)__builtin_ctzll(bits);
        uint64_t start = is_sampled ? __builtin_ia32_rdtsc() : 0;
        if (evaluator_rule(m->evaluator, rule))
            add_match(m, number, rule);
        if (is_sampled)
            count_cost(&m->rule_stats[rule], __builtin_ia32_rdtsc() - start);
    }
}

static void evaluate_event(struct matcher *m, uint32_t number, uint64_t *candidates,
                           bool is_sampled)
{
    const struct event *event = &m->events[number];
    const struct shape_state *shape = &m->shapes[event->shape];
    uint32_t first = m->first_value[number], n_values = m->first_value[number + 1] - first;

    if (shape->n_eligible == 0)
        return;
    memcpy(candidates, shape->always, m->rule_words * sizeof *candidates);
    wake(m, number, shape, candidates);
    evaluator_begin(m->evaluator, event, extract_shape(m->worker, event->shape)->profile,
                    (struct evaluator_signals){shape->signals, shape->lazy},
                    (struct evaluator_values){m->values + first, m->places + first, n_values});
    for (uint32_t w = 0; w < m->rule_words; w += WORDS_AT_ONCE) {
        const uint64_t *c = candidates + w, *r = shape->rules + w;
        if (!((c[0] & r[0]) | (c[1] & r[1]) | (c[2] & r[2]) | (c[3] & r[3])))
            continue;
        for (uint32_t k = 0; k < WORDS_AT_ONCE; k++)
            evaluate_rules(m, number, (w + k) * 64, c[k] & r[k], is_sampled);
    }
    raised_lower(&m->raised);
}

/* At most STAGE_EVENTS, of which the first is number `from` of the batch. */
static void run_stages(struct matcher *m, uint32_t from, size_t n, bool is_sampled)
{
    matcher_look(m, n);
    uint64_t *candidates = arena_alloc(m->arena, m->rule_words * sizeof *candidates + 8);
    for (uint32_t i = 0; i < n; i++) {
        size_t before = m->n_matches;
        evaluate_event(m, i, candidates, is_sampled);
        for (; before < m->n_matches; before++)
            m->matches[before].event += from;
    }
}

size_t matcher_run(struct matcher *m, const struct event *events, size_t n,
                   const struct match **out)
{
    ASSERT(n <= MATCH_BATCH_MAX);
    m->n_matches = 0;
    bool is_sampled = MATCHER_STATS && m->n_batches++ % MATCH_SAMPLE_EVERY == 0;
    for (size_t i = 0; i < n; i += STAGE_EVENTS) {
        m->events = events + i;
        run_stages(m, (uint32_t)i, n - i < STAGE_EVENTS ? n - i : STAGE_EVENTS, is_sampled);
    }
    *out = m->matches;
    return m->n_matches;
}

/* ---- statistics ---------------------------------------------------------------------------- */

const struct matcher_rule_stats *matcher_rule_stats(const struct matcher *m, uint32_t rule)
{
    ASSERT(rule < m->net->plan->n_rules);
    return &m->rule_stats[rule];
}

struct matcher_shape_stats matcher_shape_stats(const struct matcher *m, uint32_t shape)
{
    ASSERT(shape < SHAPES_MAX);
    return (struct matcher_shape_stats){m->shapes[shape].events, m->shapes[shape].n_eligible};
}

static bool shape_bit(const struct matcher *m, uint32_t shape, const uint64_t *bits, uint32_t i)
{
    return m->shapes[shape].is_known && (bits[i / 64] >> (i % 64) & 1);
}

bool matcher_field_wanted(const struct matcher *m, uint32_t shape, uint32_t field)
{
    return shape_bit(m, shape, m->shapes[shape].fields, field);
}

bool matcher_field_seen(const struct matcher *m, uint32_t shape, uint32_t field)
{
    return shape_bit(m, shape, m->shapes[shape].seen, field);
}

bool matcher_field_lazy(const struct matcher *m, uint32_t shape, uint32_t field)
{
    return shape_bit(m, shape, m->shapes[shape].lazy, field);
}

bool matcher_rule_eligible(const struct matcher *m, uint32_t shape, uint32_t rule)
{
    return shape_bit(m, shape, m->shapes[shape].rules, rule);
}

uint64_t matcher_regex_limits(const struct matcher *m)
{
    return evaluator_regex_limits(m->evaluator);
}

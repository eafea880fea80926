/* edges.c - which edges of a condition a play has reached.
 *
 * The hits of each group key are put in order of time. From each of them on, the level rises hit by
 * hit: how many there are, how many different values, how many of the steps in order. Where the
 * level first is what the condition wants, the time since the first hit says which edge that is.
 */
#include "app/edges.h"

#include <stdlib.h>

#include "app/levels.h"
#include "base/str.h"
#include "base/vec.h"
#include "rule/correlation.h"

const char *edge_name(enum edge e)
{
    static const char *const names[] = {"met",    "not_met",    "one_less",
                                        "enough", "window_end", "past_window"};

    return names[e];
}

const char *edge_words(enum edge e)
{
    static const char *const words[] = {
        "a finding",
        "no finding though something matched",
        "one too few within the window",
        "exactly enough",
        "enough, the last at the very end of the window",
        "enough, but in more time than the window",
    };

    return words[e];
}

unsigned edges_of(const struct rule *rule)
{
    unsigned both = 1u << EDGE_MET | 1u << EDGE_NOT_MET;

    if (!rule->correlation)
        return 0;
    uint64_t n = level_wanted(rule->correlation);
    if (n < 2)
        return both;
    unsigned more = 1u << EDGE_ONE_LESS | 1u << EDGE_ENOUGH;
    /* A sequence may have no window. */
    if (rule->correlation->window_ms > 0 && rule->correlation->window_ms < INT64_MAX / 4)
        more |= 1u << EDGE_WINDOW_END | 1u << EDGE_PAST;
    return both | more;
}

/* ---- hits ----------------------------------------------------------------------------------- */

static void add_hits(struct arena *a, struct player *p, size_t event, const struct rule *rule,
                     const size_t *inputs, struct vec *out)
{
    const struct correlation *c = rule->correlation;
    struct event_tree tree;
    bool has_tree = false;

    for (size_t i = 0; i < c->n_inputs; i++) {
        if (inputs[i] == SIZE_MAX || !player_event_matched(p, event, inputs[i]))
            continue;
        if (!has_tree && !player_event_tree(p, a, event, &tree))
            return;
        has_tree = true;
        const struct str *group = c->inputs[i].group_fields ? c->inputs[i].group_fields : c->group;
        struct level_hit *h = vec_push(a, out, sizeof *h);
        *h = (struct level_hit){.t_ms = player_event_at(p, event).t_ms,
                                .key = level_hash(a, &tree, group, c->n_group),
                                .value = level_hash(a, &tree, c->fields, c->n_fields),
                                .label = (uint32_t)i,
                                .number = event};
    }
}

/* The hits of one key. */
static unsigned reached_by(const struct correlation *c, const struct level_hit *hits, size_t n)
{
    uint64_t wanted = level_wanted(c), most = 0;
    bool is_past = false, is_at_end = false;

    n = n > EDGE_HITS_MAX ? EDGE_HITS_MAX : n;
    for (size_t i = 0; i < n; i++) {
        uint64_t level = 0, within = 0;
        for (size_t j = i; j < n; j++) {
            int64_t span_ms = hits[j].t_ms - hits[i].t_ms;
            if (!level_raises(c, hits, i, j, level))
                continue;
            level++;
            within = span_ms <= c->window_ms ? level : within;
            is_at_end |= level == wanted && span_ms == c->window_ms;
            is_past |= level == wanted && span_ms > c->window_ms;
        }
        most = within > most ? within : most;
    }
    return (most + 1 == wanted ? 1u << EDGE_ONE_LESS : 0) |
           (most == wanted ? 1u << EDGE_ENOUGH : 0) | (is_at_end ? 1u << EDGE_WINDOW_END : 0) |
           (is_past && most < wanted ? 1u << EDGE_PAST : 0);
}

static unsigned reached_by_all(const struct correlation *c, struct level_hit *hits, size_t n)
{
    unsigned reached = 0;

    if (n)
        qsort(hits, n, sizeof *hits, level_order);
    for (size_t from = 0, to; from < n; from = to) {
        for (to = from + 1; to < n && hits[to].key == hits[from].key;)
            to++;
        reached |= reached_by(c, hits + from, to - from);
    }
    return reached;
}

unsigned edges_reached(struct arena *a, struct player *p, size_t rule)
{
    size_t n_rules;
    struct rule *const *rules = player_rules(p, &n_rules);
    const struct correlation *c = rules[rule]->correlation;
    struct vec hits = {0};

    if (!c)
        return 0;
    size_t *inputs = ARENA_ARRAY(a, c->n_inputs, size_t);
    for (size_t i = 0; i < c->n_inputs; i++) {
        inputs[i] = SIZE_MAX;
        for (size_t k = 0; k < n_rules; k++)
            if (rules[k] == c->inputs[i].rule && !rules[k]->correlation)
                inputs[i] = k;
    }
    for (size_t i = 0; i < player_event_count(p); i++)
        if (!player_event_at(p, i).is_late)
            add_hits(a, p, i, rules[rule], inputs, &hits);
    bool is_met = player_rule_creates(p, rule) > 0;
    unsigned reached = is_met ? 1u << EDGE_MET : hits.n ? 1u << EDGE_NOT_MET : 0;
    return (reached | reached_by_all(c, hits.items, hits.n)) & edges_of(rules[rule]);
}

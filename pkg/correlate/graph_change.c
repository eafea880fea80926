/* graph_change.c - identities say whether, the rules' definitions why. */
#include "correlate/graph_change.h"

#include <string.h>

#include "base/str.h"

uint32_t graph_rule_of(const struct graph *g, struct str uid)
{
    for (uint32_t i = 0; i < g->n_base_rules; i++)
        if (str_eq(g->rules[i].rule->uid, uid))
            return i;
    return UINT32_MAX;
}

bool graph_has_state(const struct graph *g, uint32_t rule)
{
    const struct graph_rule *r = &g->rules[rule];

    return r->suppress != SPACE_NONE || r->stages != SPACE_NONE;
}

static const struct graph_space *space_of(const struct graph *g, uint32_t rule,
                                          const struct graph_space *like)
{
    for (uint32_t i = 0; i < g->n_spaces; i++)
        if (g->spaces[i].rule == rule && g->spaces[i].role == like->role &&
            g->spaces[i].stage == like->stage)
            return &g->spaces[i];
    return NULL;
}

static bool is_kept(const struct graph *was, uint32_t rule_was, const struct graph *is,
                    uint32_t rule_is)
{
    for (uint32_t i = 0; i < is->n_spaces; i++) {
        const struct graph_space *now = &is->spaces[i];
        if (now->rule != rule_is)
            continue;
        const struct graph_space *before = space_of(was, rule_was, now);
        if (before && memcmp(before->spec.identity, now->spec.identity, 16) != 0)
            return false;
    }
    return true;
}

static bool same_inputs(const struct correlation *a, const struct correlation *b)
{
    if (a->n_inputs != b->n_inputs)
        return false;
    for (size_t i = 0; i < a->n_inputs; i++)
        if (!str_eq(a->inputs[i].rule->uid, b->inputs[i].rule->uid))
            return false;
    return true;
}

static const struct fold_spec *fold_of(const struct graph_rule *r)
{
    return r->stages != SPACE_NONE ? &r->spec.fold : &r->suppress_spec.fold;
}

static uint32_t version_of(const struct rule *rule)
{
    return rule->state ? rule->state->state_version : 0;
}

static const char *correlation_change(const struct graph_rule *x, const struct graph_rule *y)
{
    const struct correlation *a = x->rule->correlation, *b = y->rule->correlation;

    if (a->window_ms != b->window_ms)
        return "timespan";
    if (!str_all_eq(a->group, a->n_group, b->group, b->n_group))
        return "group-by";
    if (!str_all_eq(a->fields, a->n_fields, b->fields, b->n_fields))
        return "condition.field";
    if (!str_eq(a->actor_field, b->actor_field))
        return "actor";
    if (!same_inputs(a, b))
        return "rules";
    if (x->spec.is_final != y->spec.is_final)
        return "early or final";
    return "definition";
}

const char *graph_change(const struct graph *was, uint32_t rule_was, const struct graph *is,
                         uint32_t rule_is)
{
    const struct graph_rule *x = &was->rules[rule_was], *y = &is->rules[rule_is];
    const struct correlation *a = x->rule->correlation, *b = y->rule->correlation;

    if (is_kept(was, rule_was, is, rule_is))
        return NULL;
    if (version_of(x->rule) != version_of(y->rule))
        return "state_version";
    if (x->rule->channel != y->rule->channel)
        return "channel";
    if ((a != NULL) != (b != NULL) || (a && a->kind != b->kind))
        return "kind";
    if (!str_all_eq(x->dedup_fields, x->n_dedup_fields, y->dedup_fields, y->n_dedup_fields) &&
        (!a || str_all_eq(a->group, a->n_group, b->group, b->n_group)))
        return "dedup.fields";
    if (fold_of(x)->is_anchored != fold_of(y)->is_anchored)
        return "dedup.anchor";
    if (fold_of(x)->period_ms != fold_of(y)->period_ms && (!a || a->window_ms == b->window_ms))
        return "dedup.period";
    return a ? correlation_change(x, y) : "definition";
}

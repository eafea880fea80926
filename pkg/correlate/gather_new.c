/* gather_new.c - a gatherer, made once: names of fields become numbers, and what capsules are to
 * have is chosen.
 */
#include "correlate/gather_impl.h"

#include <stdlib.h>

#include "base/str.h"
#include "state/uid.h"

/* Somebody asks for the values of this one. */
static void ask(struct gatherer *w, uint32_t field)
{
    if (field < w->n_fields && !w->begin_at[field])
        w->begin_at[field] = ++w->n_begins;
}

/* A name as the rule means it. */
static uint32_t number_of(struct gatherer *w, const struct rule *rule, struct str name)
{
    uint32_t number = derive_number(w->derive, rule, name);

    ask(w, number);
    return number;
}

/* Fields whose values an operation carries. */
static struct str_list fields_of(const struct correlation *c)
{
    if (c->kind == OPERATOR_GROUP)
        return (struct str_list){c->stats->columns, c->stats->n_columns};
    return (struct str_list){c->fields, c->n_fields};
}

static void number_cases(struct gatherer *w, uint32_t i)
{
    const struct rule_by_value *v = &w->g->rules[i].rule->by_value;
    struct numbers *n = &w->numbers[i];

    n->levels = ARENA_ARRAY(w->own, v->n_levels, uint32_t);
    for (size_t k = 0; k < v->n_levels; k++)
        n->levels[k] = number_of(w, w->g->rules[i].rule, v->levels[k].field);
    n->scores = ARENA_ARRAY(w->own, v->n_scores, uint32_t);
    for (size_t k = 0; k < v->n_scores; k++)
        n->scores[k] = number_of(w, w->g->rules[i].rule, v->scores[k].field);
}

static void number_dedup(struct gatherer *w, uint32_t i)
{
    const struct graph_rule *r = &w->g->rules[i];
    uint32_t *numbers = ARENA_ARRAY(w->own, r->n_dedup_fields, uint32_t);

    for (uint32_t k = 0; k < r->n_dedup_fields; k++)
        numbers[k] = number_of(w, r->rule, r->dedup_fields[k]);
    w->numbers[i].dedup = numbers;
}

static void number_weights(struct gatherer *w, uint32_t i)
{
    const struct rule *rule = w->g->rules[i].rule;
    struct numbers *n = &w->numbers[i];

    n->weights = ARENA_ARRAY(w->own, rule->n_parameters, uint32_t);
    n->weighs = ARENA_ARRAY(w->own, rule->n_parameters, struct str);
    for (size_t k = 0; k < rule->n_parameters; k++) {
        const struct rule_parameter *p = &rule->parameters[k];
        n->weights[k] = p->weighs.n ? number_of(w, rule, p->weighs) : FIELD_NONE;
        if (p->weighs.n)
            n->weighs[k] = arena_printf(w->own, "%.*s is on list %.*s", (int)p->weighs.n,
                                        p->weighs.p, (int)p->list.n, p->list.p);
    }
}

/* Neither its levels, nor its scores, nor its lists ask the event. */
static bool is_plain(const struct gatherer *w, uint32_t i)
{
    const struct rule *rule = w->g->rules[i].rule;

    for (size_t k = 0; k < rule->n_parameters; k++)
        if (w->numbers[i].weights[k] != FIELD_NONE)
            return false;
    return rule->by_value.n_levels == 0 && rule->by_value.n_scores == 0;
}

/* Terms are told by all their values if one of these is part of the dedup key, if a finding is
 * named by them, and to whoever listens. */
static bool wants_clear_terms(const struct graph_rule *r, const struct correlation *c)
{
    bool is_tuple = c->n_fields > 1;

    if (is_tuple && c->kind == OPERATOR_FIRST_SEEN && (r->is_dedup_off || r->n_listeners > 0))
        return true;
    if (is_tuple && c->kind == OPERATOR_RARITY && r->is_dedup_off)
        return true;
    for (size_t k = 0; c->kind == OPERATOR_FIRST_SEEN && k < c->n_fields; k++)
        for (uint32_t i = 0; i < r->n_dedup_fields; i++)
            if (str_eq(c->fields[k], r->dedup_fields[i]))
                return true;
    return false;
}

static void number_correlation(struct gatherer *w, uint32_t i)
{
    const struct correlation *c = w->g->rules[i].rule->correlation;
    struct numbers *n = &w->numbers[i];

    if (!c)
        return;
    struct str_list fields = fields_of(c);
    n->group = ARENA_ARRAY(w->own, c->n_inputs * c->n_group, uint32_t);
    n->fields = ARENA_ARRAY(w->own, c->n_inputs * fields.n, uint32_t);
    n->actor = ARENA_ARRAY(w->own, c->n_inputs, uint32_t);
    for (size_t k = 0; k < c->n_inputs; k++) {
        const struct correlation_input *in = &c->inputs[k];
        for (size_t p = 0; p < c->n_group; p++)
            n->group[k * c->n_group + p] = number_of(w, in->rule, in->group_fields[p]);
        for (size_t p = 0; p < fields.n; p++)
            n->fields[k * fields.n + p] = number_of(w, in->rule, fields.items[p]);
        n->actor[k] = c->actor_field.n ? number_of(w, in->rule, c->actor_field) : FIELD_NONE;
    }
    n->has_clear_terms = wants_clear_terms(&w->g->rules[i], c);
}

static void add_number(uint32_t *list, size_t *n, uint32_t field)
{
    for (size_t i = 0; i < *n; i++)
        if (list[i] == field)
            return;
    if (field != FIELD_NONE && *n < CAPSULE_FIELDS)
        list[(*n)++] = field;
}

/* Names as `rule` means them. */
static void add_names(struct gatherer *w, const struct rule *rule, const struct str *names,
                      size_t n_names, uint32_t *list, size_t *n)
{
    for (size_t i = 0; i < n_names; i++)
        add_number(list, n, number_of(w, rule, names[i]));
}

/* What a correlation makes keys and values of, and those that listen to it in turn: all that they
 * see of the event is its capsule. */
static void add_needs(struct gatherer *w, const struct rule *rule, const struct graph_listener *l,
                      uint32_t *list, size_t *n)
{
    const struct graph_rule *r = &w->g->rules[l->rule];
    const struct correlation *c = r->rule->correlation;
    size_t n_fields = fields_of(c).n;

    for (size_t p = 0; p < c->n_group; p++)
        add_number(list, n, w->numbers[l->rule].group[l->label * c->n_group + p]);
    for (size_t p = 0; p < n_fields; p++)
        add_number(list, n, w->numbers[l->rule].fields[l->label * n_fields + p]);
    add_names(w, rule, r->dedup_fields, r->n_dedup_fields, list, n);
    for (size_t k = 0; k < r->rule->by_value.n_levels; k++)
        add_number(list, n, w->numbers[l->rule].levels[k]);
    for (size_t k = 0; k < r->rule->by_value.n_scores; k++)
        add_number(list, n, w->numbers[l->rule].scores[k]);
    for (size_t k = 0; k < r->n_listeners; k++)
        add_needs(w, rule, &r->listeners[k], list, n);
}

/* Fields of whoever listens, then what the rule itself names. */
static void choose_capsule_fields(struct gatherer *w, uint32_t i)
{
    const struct graph_rule *r = &w->g->rules[i];
    struct capsule_plan *plan = &w->capsules[i];
    uint32_t *list = ARENA_ARRAY(w->own, CAPSULE_FIELDS + 1, uint32_t);
    size_t n = 0;

    for (size_t k = 0; k < r->n_listeners; k++)
        add_needs(w, r->rule, &r->listeners[k], list, &n);
    add_names(w, r->rule, r->dedup_fields, r->n_dedup_fields, list, &n);
    for (size_t k = 0; k < w->g->n_risks; k++) {
        const struct correlation *risk = w->g->rules[w->g->risks[k]].rule->correlation;
        add_names(w, r->rule, risk->group, risk->n_group, list, &n);
    }
    plan->n_needed = n;
    if (r->rule->by_value.title_field.n)
        add_names(w, r->rule, &r->rule->by_value.title_field, 1, list, &n);
    add_names(w, r->rule, r->rule->fields.items, r->rule->fields.n, list, &n);
    list[n] = FIELD_NONE;
    plan->numbers = list;
    size_t n_own = n - plan->n_needed;
    plan->n_for_own = (uint32_t)(n_own < CAPSULE_OWN_MIN ? n_own : CAPSULE_OWN_MIN);
    for (size_t k = 0; k < r->n_listeners; k++)
        plan->has_whole |= w->g->rules[r->listeners[k].rule].dedup_array == DEDUP_WHOLE;
}

static struct naming *namings_of(struct gatherer *w, const struct profile *p)
{
    struct str_list fields;
    size_t n = 0, n_all = 0;

    for (size_t i = 0; profile_entity_at(p, i, &fields); i++)
        n_all += fields.n;
    struct naming *list = ARENA_ARRAY(w->own, n_all + 1, struct naming);
    for (size_t i = 0; profile_entity_at(p, i, &fields); i++)
        for (size_t k = 0; k < fields.n; k++) {
            uint32_t field = field_find(w->fields, fields.items[k]);
            ask(w, field);
            if (field != FIELD_NONE)
                list[n++] = (struct naming){field, w->begin_at[field], (uint32_t)i,
                                            field_name(w->fields, field)};
        }
    list[n] = (struct naming){.field = FIELD_NONE};
    return list;
}

static void number_entities(struct gatherer *w)
{
    uint32_t n = profile_count(w->profiles);

    w->namings = ARENA_ARRAY(w->own, n + 1, struct naming *);
    w->readers = ARENA_ARRAY(w->own, n + 1, const struct profile *);
    for (uint32_t i = 0; i < n; i++)
        w->readers[i] = profile_at(w->profiles, i);
    w->readers[n] = profile_reader(w->profiles, STR(""));
    for (uint32_t i = 0; i <= n; i++)
        w->namings[i] = namings_of(w, w->readers[i]);
}

struct gatherer *gatherer_new(const struct graph *g, const struct field_table *fields,
                              const struct profile_set *profiles)
{
    struct gatherer *w = calloc(1, sizeof *w);

    ASSERT(w);
    w->g = g;
    w->fields = fields;
    w->profiles = profiles;
    w->arena = arena_new(0);
    w->own = arena_new(0);
    w->digest = digest_new();
    w->n_fields = field_count(fields);
    w->begin_at = ARENA_ARRAY(w->own, w->n_fields + 1, uint32_t);
    w->derive = derive_new(w->own, fields);
    w->numbers = ARENA_ARRAY(w->own, g->n_base_rules, struct numbers);
    w->capsules = ARENA_ARRAY(w->own, g->n_base_rules, struct capsule_plan);
    number_entities(w);
    w->keys_of = ARENA_ARRAY(w->own, g->n_tenants, struct tenant_keys);
    for (size_t i = 0; i < g->n_tenants; i++) {
        struct tenant_keys *k = &w->keys_of[i];
        k->begun = state_key_begin(&g->options.secret, g->tenants[i].name);
        k->sole = state_key_end(&k->begun, NULL, 0);
    }
    for (uint32_t i = 0; i < g->n_base_rules; i++)
        number_correlation(w, i);
    for (uint32_t i = 0; i < g->n_base_rules; i++) {
        number_cases(w, i);
        number_weights(w, i);
        number_dedup(w, i);
        w->numbers[i].is_plain = is_plain(w, i);
    }
    for (uint32_t i = 0; i < g->n_base_rules; i++)
        choose_capsule_fields(w, i);
    w->begins = ARENA_ARRAY(w->own, w->n_begins + 1, uint64_t);
    w->texts = ARENA_ARRAY(w->own, w->n_begins + 1, struct first_text);
    return w;
}

void gatherer_free(struct gatherer *w)
{
    if (!w)
        return;
    digest_free(w->digest);
    buf_release(&w->keys);
    buf_release(&w->addends);
    buf_release(&w->whole);
    buf_release(&w->row);
    arena_free(w->own);
    arena_free(w->arena);
    free(w);
}

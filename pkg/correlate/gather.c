/* gather.c - from an event and the rules that match it to operations on state.
 *
 * Correlations (gather_hear.c) live from the values that extraction has sliced out anyway; only
 * what is told by itself, a rule's own finding, may look at the event as a tree, for its entities.
 */
#include "correlate/gather.h"

#include "correlate/addends.h"
#include "correlate/gather_impl.h"

/* The values of a dedup field that make keys; 0: it is not there, and must be. */
static size_t dedup_field_values(struct gatherer *w, const struct graph_rule *r, uint32_t field,
                                 struct str *values)
{
    size_t n = r->dedup_array == DEDUP_EACH    ? gather_values(w, field, values, MEMBERS_MAX)
               : r->dedup_array == DEDUP_WHOLE ? gather_whole(w, field, values)
                                               : gather_value(w, field, values);

    if (n == 0 && !r->is_lacking_sole)
        values[n++] = STR("");
    return gather_distinct(values, n);
}

/* The keys that an event's match folds by. False: there is nothing to fold by. */
static bool dedup_choices(struct gatherer *w, const struct graph_rule *r, struct choices *c)
{
    choices_begin(c);
    for (uint32_t i = 0; i < r->n_dedup_fields; i++) {
        struct str *values = choices_room(w);
        uint32_t field = w->numbers[r - w->g->rules - w->first].dedup[i];
        if (derive_is(field)) /* as the tenant's own rule computes it */
            field = derive_number(w->derive, r->rule, r->dedup_fields[i]);
        size_t n = dedup_field_values(w, r, field, values);
        if (n == 0)
            return false;
        choices_add(w, c, values, n);
    }
    if (!r->is_dedup_by_entity)
        return true;
    struct str *key = choices_room(w);
    bool has = w->g->wants_entities ? gather_first_entity(w, key) : gather_entities(w) > 0;
    if (has && !w->g->wants_entities)
        *key = w->entities[0].key;
    if (has)
        choices_add(w, c, key, 1);
    return has;
}

static void tell_key(struct gatherer *w, struct group *group, struct packed_op *op,
                     const struct str *values, size_t n)
{
    op->key = op->group_key = gather_key(w, values, n);
    gather_pack_keys(&w->keys, values, n);
    gather_put(w, group, op, buf_str(&w->keys), STR(""), &(struct place){0});
}

/* As most rules fold: by the event's first entity alone. */
static bool is_by_first_entity(const struct gatherer *w, const struct graph_rule *r)
{
    return r->is_dedup_by_entity && !r->is_dedup_off && r->n_dedup_fields == 0 &&
           w->g->wants_entities;
}

static void tell(struct gatherer *w, struct group *group)
{
    const struct graph_rule *r = &w->g->rules[group->rule];
    struct str values[CHOICES_MAX];
    struct packed_op op = {.space = r->suppress, .rule = group->rule};
    struct choices keys;

    if (is_by_first_entity(w, r) && gather_first_entity(w, values)) {
        tell_key(w, group, &op, values, 1);
        return;
    }
    if (r->is_dedup_off || !dedup_choices(w, r, &keys)) {
        w->counts.no_entity += !r->is_dedup_off;
        op.space = SPACE_NONE;
        values[0] = gather_sole_part(w);
        gather_pack_keys(&w->keys, values, 1);
        gather_put(w, group, &op, buf_str(&w->keys), STR(""), &(struct place){0});
        return;
    }
    for (size_t k = 0; k < keys.total; k++) {
        choices_take(&keys, k, values);
        tell_key(w, group, &op, values, keys.n);
    }
}

/* A match that stands for several: each has its own keys, and so its own capsule. */
static void hear_rows(struct gatherer *w, struct group *group, const struct graph_rule *r)
{
    struct expr_value list = derive_rows(w->derive, r->rule->rows);
    size_t n;
    const struct expr_value *items = expr_value_items(&list, &n);

    w->counts.keys_cut += n > CORRELATION_KEYS_PER_EVENT;
    n = n > CORRELATION_KEYS_PER_EVENT ? CORRELATION_KEYS_PER_EVENT : n;
    for (size_t i = 0; i < (n ? n : 1); i++) {
        derive_row(w->derive, n ? &items[i] : NULL);
        group->capsule_at = SIZE_MAX;
        for (size_t k = 0; k < r->n_listeners; k++)
            gather_hear(w, group, &r->listeners[k]);
        if (i == 0 && r->is_telling)
            tell(w, group);
    }
    derive_row(w->derive, NULL);
}

void gather(struct gatherer *w, const struct gather_event *e, const uint32_t *rules, size_t n,
            struct buf *out)
{
    ASSERT(e->tenant < w->g->n_tenants);
    w->at = e;
    w->first = e->tenant * (uint32_t)w->g->n_base_rules;
    w->tenant = &w->g->tenants[e->tenant];
    w->asks_entities = w->tenant->lists && addends_ask_events(w->tenant->lists);
    w->has_tree = w->has_no_tree = w->has_entities = w->has_event_id = false;
    w->has_head = w->has_first_key = false;
    w->n_hashed = 0;
    arena_reset(w->arena);
    gather_note_begins(w);
    derive_begin(w->derive, w->arena, e->event, e->t_ms);
    for (size_t i = 0; i < n; i++) {
        uint32_t rule = w->first + rules[i];
        const struct graph_rule *r = &w->g->rules[rule];
        struct group group = {.rule = rule, .capsule_at = SIZE_MAX, .out = out};
        if (r->rule->rows) {
            hear_rows(w, &group, r);
            continue;
        }
        for (size_t k = 0; k < r->n_listeners; k++)
            gather_hear(w, &group, &r->listeners[k]);
        if (r->is_telling)
            tell(w, &group);
    }
}

struct gather_counts gather_counts(const struct gatherer *w)
{
    return w->counts;
}

void gather_counts_add(struct gather_counts *to, const struct gather_counts *from)
{
    to->operations += from->operations;
    to->missing_group += from->missing_group;
    to->missing_value += from->missing_value;
    to->keys_cut += from->keys_cut;
    to->no_entity += from->no_entity;
}

/* gather.c - from an event and the rules that match it to operations on state.
 *
 * Correlations live from the values that extraction has sliced out anyway. Only what is told by
 * itself (a rule's own finding) looks at the whole event as a tree, for its entities.
 *
 * Packed: a fixed head per operation, then its texts. Operations of one matched rule share the
 * capsule, which stands once in front of them behind a short head of its own.
 */
#include "correlate/gather.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"
#include "base/hash.h"
#include "base/pack.h"
#include "base/str.h"
#include "base/utf8.h"
#include "correlate/derive.h"
#include "correlate/first_seen.h"
#include "correlate/geoip.h"
#include "correlate/row.h"
#include "event/lookup.h"
#include "event/profile_impl.h"
#include "json/tree.h"
#include "json/write.h"
#include "state/capsule.h"
#include "state/finding.h"
#include "state/uid.h"

/* Begins the name of a finding that has only its record's bytes to be named by. */
#define SOLE_RAW "raw:"

enum { MEMBERS_MAX = 100 };   /* values of one group field */
enum { CAPSULE_OWN_MIN = 2 }; /* places in a capsule that are for fields which the rule names */

/* Numbers (derive.h) of one correlation, for each input: group parts, condition.field or the
 * columns of a group's rows, the actor. */
struct numbers {
    uint32_t *group;           /* n_inputs * n_group */
    uint32_t *fields;          /* n_inputs * n_fields */
    uint32_t *actor;           /* n_inputs */
    bool has_clear_terms;      /* the dedup key has the values of the term */
    uint32_t *levels, *scores; /* of the rule's cases by value */
    uint32_t *weights;         /* of its parameters: FIELD_NONE if one weighs nothing */
    struct str *weighs;        /* why: told with what they add */
};

enum { HASHED_MAX = 4, HASHED_PARTS = 2 };

/* Values and the key that they make. */
struct hashed {
    struct str parts[HASHED_PARTS]; /* these very slices */
    size_t n;
    struct state_key key;
};

/* Where an event's values of a field that is asked for begin, if it is of the event at hand; the
 * first one's text, once it was asked for. */
struct begin {
    uint32_t event, at;
    struct str text;
};

/* What names an entity of the event at hand. */
struct named {
    uint32_t field;
    struct str value;
};

/* A field that may name an entity; of each entity the first that has a value does. */
struct naming {
    uint32_t field; /* FIELD_NONE: the end */
    uint32_t entity;
};

struct gatherer {
    const struct graph *g;
    const struct field_table *fields;
    const struct profile_set *profiles;
    struct arena *arena; /* one event */
    struct arena *own;
    /* Per rule of one tenant: those of the others have the same names. */
    struct numbers *numbers;
    uint32_t **capsule_numbers;     /* fields for capsules, FIELD_NONE ends */
    size_t *n_needed;               /* how many of them keys are made of */
    struct naming **namings;        /* per profile, the last is that of unknown shapes */
    const struct profile **readers; /* whose namings they are */
    struct digest *digest;
    struct derive *derive;
    struct buf keys, capsule, addends, row, whole;
    struct gather_counts counts;

    /* Of the event at hand. */
    const struct gather_event *at;
    uint32_t first; /* of its tenant's rules in the graph */
    const struct graph_tenant *tenant;
    struct event_tree tree;
    bool has_tree, has_no_tree;
    struct event_entity *entities;
    size_t n_entities;
    bool has_entities;
    struct named *named; /* by what extraction has sliced out */
    size_t n_named;
    bool has_named;
    struct str first_key; /* of the first entity; p NULL: the event names none */
    bool has_first_key;
    uint64_t event_id;
    bool has_event_id;
    struct hashed hashed[HASHED_MAX];
    size_t n_hashed;
    uint32_t event_number; /* never 0 */
    /* Of the many fields that rules look at few are asked for here: begins has those, and begin_at
     * of each field its place there, 0 if nobody asks. */
    struct begin *begins;
    uint32_t *begin_at;
    uint32_t n_fields, n_begins;
};

/* Head of the capsule of the operations that follow: in the place of a rule it has NO_RULE. */
struct packed_capsule {
    uint32_t unused, no_rule, n;
} __attribute__((packed, may_alias));

#define NO_RULE UINT32_MAX

/* Head of a packed operation; the texts follow. Copied as it lies: it never leaves the process. */
struct packed_op {
    uint32_t space, rule, label;
    uint32_t keys_n, value_n, capsule_n, addends_n;
    uint32_t capsule_back;  /* bytes from here back to the capsule */
    uint8_t level, place_n; /* of a place: 0 or all its bytes */
    uint8_t is_ordered;     /* value is the event's place in its input */
    uint8_t unused;
    struct state_key key, group_key;
    uint64_t value, actor, event_id;
    int64_t number_micro;
} __attribute__((packed, may_alias));

_Static_assert(offsetof(struct packed_capsule, no_rule) == offsetof(struct packed_op, rule),
               "a reader tells one from the other");

/* What stands there is a capsule: *n bytes with its head. */
static bool is_capsule(const char *p, size_t *n)
{
    const struct packed_capsule *c = (const struct packed_capsule *)p;

    *n = sizeof *c + c->n;
    return c->no_rule == NO_RULE;
}

/* Bytes behind the head. */
static size_t texts_of(const struct packed_op *op)
{
    return (size_t)op->keys_n + op->value_n + op->addends_n + op->place_n;
}

/* ---- made once ----------------------------------------------------------------------------- */

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
    for (size_t k = 0; k < r->n_listeners; k++)
        add_needs(w, rule, &r->listeners[k], list, n);
}

/* Fields of whoever listens, then what the rule itself names. */
static void choose_capsule_fields(struct gatherer *w, uint32_t i)
{
    const struct graph_rule *r = &w->g->rules[i];
    uint32_t *list = ARENA_ARRAY(w->own, CAPSULE_FIELDS + 1, uint32_t);
    size_t n = 0;

    for (size_t k = 0; k < r->n_listeners; k++)
        add_needs(w, r->rule, &r->listeners[k], list, &n);
    add_names(w, r->rule, r->dedup_fields, r->n_dedup_fields, list, &n);
    for (size_t k = 0; k < w->g->n_risks; k++) {
        const struct correlation *risk = w->g->rules[w->g->risks[k]].rule->correlation;
        add_names(w, r->rule, risk->group, risk->n_group, list, &n);
    }
    w->n_needed[i] = n;
    if (r->rule->by_value.title_field.n)
        add_names(w, r->rule, &r->rule->by_value.title_field, 1, list, &n);
    add_names(w, r->rule, r->rule->fields.items, r->rule->fields.n, list, &n);
    list[n] = FIELD_NONE;
    w->capsule_numbers[i] = list;
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
            if (field != FIELD_NONE)
                list[n++] = (struct naming){field, (uint32_t)i};
            ask(w, field);
        }
    list[n] = (struct naming){FIELD_NONE, 0};
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
    w->capsule_numbers = ARENA_ARRAY(w->own, g->n_base_rules, uint32_t *);
    w->n_needed = ARENA_ARRAY(w->own, g->n_base_rules, size_t);
    number_entities(w);
    for (uint32_t i = 0; i < g->n_base_rules; i++)
        number_correlation(w, i);
    for (uint32_t i = 0; i < g->n_base_rules; i++) {
        number_cases(w, i);
        number_weights(w, i);
    }
    for (uint32_t i = 0; i < g->n_base_rules; i++)
        choose_capsule_fields(w, i);
    w->begins = ARENA_ARRAY(w->own, w->n_begins + 1, struct begin);
    return w;
}

void gatherer_free(struct gatherer *w)
{
    if (!w)
        return;
    digest_free(w->digest);
    buf_release(&w->keys);
    buf_release(&w->capsule);
    buf_release(&w->addends);
    buf_release(&w->whole);
    buf_release(&w->row);
    arena_free(w->own);
    arena_free(w->arena);
    free(w);
}

/* ---- values of the event ------------------------------------------------------------------ */

static struct str whole_text(struct gatherer *w, const struct event_value *v)
{
    struct str raw = {v->p, v->n};

    if (v->flags & JSON_ESCAPED) {
        char *out = arena_alloc(w->arena, raw.n * 3);
        unsigned flags;
        raw = (struct str){out, json_unescape(raw, out, &flags)};
    }
    return raw;
}

static struct str text_of(struct gatherer *w, const struct event_value *v)
{
    return str_sub(whole_text(w, v), 0, GATHER_VALUE_MAX);
}

/* Of the field's first value: several rules that match an event ask for the same ones. */
static struct str first_text(struct gatherer *w, uint32_t field)
{
    struct begin *b = &w->begins[w->begin_at[field]];

    if (!b->text.p)
        b->text = text_of(w, &w->at->event->values[b->at]);
    return b->text;
}

static bool is_value(const struct event_value *v)
{
    enum { MASK = 1 << JSON_STRING | 1 << JSON_NUMBER | 1 << JSON_TRUE | 1 << JSON_FALSE };

    return MASK >> v->kind & 1;
}

/* Fields are asked for many times an event, values are few: each has its place noted once. From the
 * last one back and without a branch, since which values are asked for cannot be foreseen: what
 * nobody asks for goes to place 0. */
static void note_begins(struct gatherer *w)
{
    const struct event *e = w->at->event;

    if (++w->event_number == 0) { /* once in four thousand million events */
        memset(w->begins, 0, (w->n_begins + 1) * sizeof *w->begins);
        w->event_number = 1;
    }
    for (uint32_t i = e->n_values; i-- > 0;) {
        const struct event_value *v = &e->values[i];
        DASSERT(v->field < w->n_fields);
        struct begin *b = &w->begins[w->begin_at[v->field] & (0U - is_value(v))];
        b->event = w->event_number;
        b->at = i;
        b->text.p = NULL;
    }
}

/* Of the field's first value; n_values: it has none. */
static uint32_t begin_of(const struct gatherer *w, uint32_t field)
{
    if (field >= w->n_fields)
        return w->at->event->n_values;
    DASSERT(w->begin_at[field]);
    const struct begin *b = &w->begins[w->begin_at[field]];
    return b->event == w->event_number ? b->at : w->at->event->n_values;
}

/* Texts of what a rule computes. */
static size_t derived_values(struct gatherer *w, uint32_t number, struct str *out, size_t max)
{
    struct expr_value v = derive_value(w->derive, number);
    size_t n_items, n = 0;
    const struct expr_value *items = expr_value_items(&v, &n_items);

    for (size_t i = 0; i < n_items; i++) {
        if (n == max) {
            w->counts.keys_cut += max == MEMBERS_MAX;
            break;
        }
        if (expr_value_string(w->arena, &items[i], &out[n]))
            n++;
    }
    for (size_t i = 0; i < n; i++)
        out[i] = str_sub(out[i], 0, GATHER_VALUE_MAX);
    return n;
}

/* Values of a field, at most `max`; 0: missing or null. */
static size_t values_of(struct gatherer *w, uint32_t field, struct str *out, size_t max)
{
    const struct event *e = w->at->event;
    size_t n = 0;

    if (derive_is(field))
        return derived_values(w, field, out, max);
    for (uint32_t i = begin_of(w, field); i < e->n_values; i++) {
        if (e->values[i].field != field || !is_value(&e->values[i]))
            continue;
        if (n == max) {
            w->counts.keys_cut++;
            break;
        }
        out[n] = n ? text_of(w, &e->values[i]) : first_text(w, field);
        n++;
        if (max == 1) /* who asks for the first wants no other */
            break;
    }
    return n;
}

static size_t without_repeats(struct str *values, size_t n)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++) {
        size_t k = 0;
        while (k < kept && !str_eq(values[k], values[i]))
            k++;
        if (k == kept)
            values[kept++] = values[i];
    }
    return kept;
}

/* ---- the event as a tree, for what is told by itself --------------------------------------- */

static const struct event_tree *tree_of(struct gatherer *w)
{
    struct json_node *root;

    if (w->has_tree || w->has_no_tree)
        return w->has_tree ? &w->tree : NULL;
    if (json_tree_parse(w->arena, w->at->event->record, &root, NULL) != JSON_OK) {
        w->has_no_tree = true; /* cannot be: extraction took it */
        return NULL;
    }
    event_tree_init_known(&w->tree, w->profiles, root, w->at->origin, w->at->profile);
    w->tree.transport = w->at->event->transport;
    w->has_tree = true;
    return &w->tree;
}

static struct str own_id(struct gatherer *w)
{
    const struct event_tree *tree = tree_of(w);

    return tree ? event_tree_id(w->arena, tree) : STR("");
}

/* The event's own id as a number; 0: it has none. */
static uint64_t event_id(struct gatherer *w)
{
    if (!w->has_event_id) {
        struct str id = own_id(w);
        w->event_id = id.n ? hash_bytes(id.p, id.n) | 1 : 0;
        w->has_event_id = true;
    }
    return w->event_id;
}

/* Who and what the event is about. */
static size_t entities_of(struct gatherer *w)
{
    if (!w->has_entities) {
        const struct event_tree *tree = tree_of(w);
        w->n_entities = tree ? event_entities(w->arena, tree, &w->entities) : 0;
        w->has_entities = true;
    }
    return w->n_entities;
}

/* ---- packing -------------------------------------------------------------------------------- */

static void pack_keys(struct buf *out, const struct str *values, size_t n)
{
    buf_clear(out);
    pack_u8(out, (uint8_t)n);
    for (size_t i = 0; i < n; i++)
        pack_str(out, values[i]);
}

static void keep(struct capsule *c, struct str name, struct str value)
{
    for (uint32_t i = 0; i < c->n_fields; i++)
        if (c->fields[i].name.p == name.p || str_eq(c->fields[i].name, name))
            return;
    c->fields[c->n_fields++] = (struct capsule_field){.name = name, .value = value};
}

static void keep_numbers(struct gatherer *w, struct capsule *c, const uint32_t *f, size_t n)
{
    struct str value;

    for (; n > 0 && *f != FIELD_NONE && c->n_fields < CAPSULE_FIELDS; f++, n--)
        if (values_of(w, *f, &value, 1))
            keep(c, derive_name(w->derive, *f), value);
}

/* A list as one value: ["a","b"]; a value alone as it is. False: it is not there. */
static bool whole_value(struct gatherer *w, uint32_t field, struct str *out)
{
    struct str members[MEMBERS_MAX];
    size_t n = values_of(w, field, members, MEMBERS_MAX);
    struct json_writer json;

    *out = n ? members[0] : STR("");
    if (n < 2)
        return n > 0;
    buf_clear(&w->whole);
    json_writer_init(&json, &w->whole);
    json_open_array(&json);
    for (size_t i = 0; i < n; i++)
        json_put_str(&json, members[i]);
    json_close_array(&json);
    *out = str_sub(arena_str(w->arena, buf_str(&w->whole)), 0, GATHER_VALUE_MAX);
    return true;
}

/* Fields of the dedup key of whoever listens, where a list in them is one value. */
static void keep_whole(struct gatherer *w, struct capsule *c, const struct graph_rule *r)
{
    struct str value;

    for (size_t k = 0; k < r->n_listeners; k++) {
        const struct graph_rule *to = &w->g->rules[r->listeners[k].rule];
        for (uint32_t i = 0; to->dedup_array == DEDUP_WHOLE && i < to->n_dedup_fields; i++)
            if (c->n_fields < CAPSULE_FIELDS &&
                whole_value(w, derive_number(w->derive, r->rule, to->dedup_fields[i]), &value))
                keep(c, to->dedup_fields[i], value);
    }
}

/* Of the event's profile in namings and readers. */
static uint32_t profile_place(const struct gatherer *w)
{
    return w->at->profile ? w->at->profile->index : profile_count(w->profiles);
}

/* Found once for all rules that match the event. */
static void find_named(struct gatherer *w)
{
    const struct naming *all = w->namings[profile_place(w)];
    uint32_t entity = UINT32_MAX;
    struct str value;
    size_t n_all = 0;

    while (all[n_all].field != FIELD_NONE)
        n_all++;
    w->named = ARENA_ARRAY(w->arena, n_all, struct named);
    w->n_named = 0;
    w->has_named = true;
    for (const struct naming *e = all; e->field != FIELD_NONE; e++) {
        if (e->entity == entity || !values_of(w, e->field, &value, 1) || !event_entity_says(value))
            continue;
        w->named[w->n_named++] = (struct named){e->field, value};
        entity = e->entity;
    }
}

/* What extraction has sliced out names the entities as well. */
static void keep_named(struct gatherer *w, struct capsule *c, uint32_t max)
{
    if (!w->has_named)
        find_named(w);
    for (size_t i = 0; i < w->n_named && c->n_fields < max; i++)
        keep(c, field_name(w->fields, w->named[i].field), w->named[i].value);
}

/* Where extraction does not look for entities, what matches is told: its tree is needed anyway. */
static void keep_entities(struct gatherer *w, struct capsule *c, uint32_t max)
{
    if (w->g->wants_entities) {
        keep_named(w, c, max);
        return;
    }
    for (size_t i = 0; i < entities_of(w) && c->n_fields < max; i++)
        keep(c, w->entities[i].field, w->entities[i].value);
}

/* Fields that keys are made of, then entities, then what else the rule names: a little of it in any
 * case, since it says what happened. */
static void begin_capsule(struct gatherer *w, uint32_t rule)
{
    const struct gather_event *at = w->at;
    uint32_t base = rule - w->first;
    const uint32_t *numbers = w->capsule_numbers[base], *own = numbers + w->n_needed[base];
    uint32_t reserved = 0;
    struct capsule c; /* as far as it is filled */

    c.input = at->input;
    c.partition = at->partition;
    c.offset = at->event->ref.record;
    c.index = at->event->ref.index;
    c.t_ms = at->t_ms;
    c.profile = at->profile ? profile_name(at->profile) : STR("");
    c.rule = w->g->rules[rule].rule->uid;
    c.n_fields = 0;
    c.is_cut = false;
    while (reserved < CAPSULE_OWN_MIN && own[reserved] != FIELD_NONE)
        reserved++;
    keep_whole(w, &c, &w->g->rules[rule]);
    keep_numbers(w, &c, numbers, w->n_needed[base]);
    keep_entities(w, &c, CAPSULE_FIELDS - reserved);
    keep_numbers(w, &c, own, SIZE_MAX);
    buf_clear(&w->capsule);
    capsule_pack(&c, &w->capsule);
}

/* Some member is this text; the empty one: any value. */
static bool has_value(struct gatherer *w, uint32_t field, struct str value)
{
    struct str members[MEMBERS_MAX];
    size_t n = values_of(w, field, members, MEMBERS_MAX);

    for (size_t i = 0; i < n; i++)
        if (value.n == 0 || str_eq(members[i], value))
            return true;
    return false;
}

/* The score that the event's values say, as what is to be added to the rule's own. */
static size_t score_by_value(struct gatherer *w, uint32_t rule, struct finding_addend *out)
{
    const struct rule *r = w->g->rules[rule].rule;
    const struct rule_by_value *v = &r->by_value;
    int64_t own = r->has_score ? r->score : rule_level_score(r->level), micro;
    size_t n = 0;

    for (size_t i = 0; i < v->n_scores; i++) {
        uint32_t field = w->numbers[rule - w->first].scores[i];
        int64_t score = v->scores[i].score;
        struct str text;
        if (!has_value(w, field, v->scores[i].value))
            continue;
        if (score == SCORE_OF_FIELD) {
            if (!values_of(w, field, &text, 1) || !decimal_to_micro(text, &micro) || micro < 0 ||
                micro > INT64_C(100) * CORRELATION_MICRO)
                continue;
            score = micro / CORRELATION_MICRO;
        }
        *out = (struct finding_addend){STR("score_of_event"), (int32_t)(score - own),
                                       v->scores[i].field};
        n = 1;
    }
    return n && out->value != 0 ? 1 : 0;
}

/* The greatest weight that a value of the field has on a parameter's list; 0: none has any. */
static int32_t weigh(struct gatherer *w, const struct rule_parameter *p, uint32_t field)
{
    struct str members[MEMBERS_MAX];
    size_t n = values_of(w, field, members, MEMBERS_MAX);
    int32_t points = 0, own;

    for (size_t i = 0; i < n; i++)
        if (addends_weigh(w->tenant->lists, p->list, members[i], &own) &&
            (points == 0 || own > points))
            points = own;
    return points;
}

/* What the rule's own lists say of the event's values. */
static size_t score_by_weight(struct gatherer *w, uint32_t rule, struct finding_addend *out)
{
    const struct rule *r = w->g->rules[rule].rule;
    const struct numbers *numbers = &w->numbers[rule - w->first];
    size_t n = 0;

    for (size_t i = 0; w->tenant->lists && i < r->n_parameters; i++) {
        if (numbers->weights[i] == FIELD_NONE)
            continue;
        int32_t points = weigh(w, &r->parameters[i], numbers->weights[i]);
        if (points)
            out[n++] = (struct finding_addend){r->parameters[i].name, points, numbers->weighs[i]};
    }
    return n;
}

/* What lists, and the event itself, add to the score of this rule's findings. */
static void begin_addends(struct gatherer *w, uint32_t rule)
{
    struct event_field fields[CAPSULE_FIELDS];
    struct finding_addend own[ADDENDS_OWN_MAX];
    size_t n = 0, n_own = score_by_value(w, rule, own);

    n_own += score_by_weight(w, rule, own + n_own);
    buf_clear(&w->addends);
    if (!w->tenant->lists || !addends_ask_events(w->tenant->lists)) {
        finding_addends_pack(own, n_own, &w->addends);
        return;
    } /* they cost a walk through the whole event */
    for (const uint32_t *f = w->capsule_numbers[rule - w->first]; *f != FIELD_NONE; f++) {
        fields[n].name = derive_name(w->derive, *f);
        n += values_of(w, *f, &fields[n].value, 1);
    }
    size_t n_entities = entities_of(w);
    addends_of(w->tenant->lists, w->entities, n_entities, fields, n, own, n_own, &w->addends);
}

/* One matched rule: its operations share a capsule that is written with the first of them. */
struct group {
    uint32_t rule;
    size_t capsule_at; /* in out; SIZE_MAX: not written yet */
    struct buf *out;
};

/* Where the address of a hit is; operators about places have a database, or are off. */
static struct place place_of(const struct gatherer *w, enum operator_kind kind, struct str address)
{
    if (kind != OPERATOR_GEO_VELOCITY || !w->g->options.geoip)
        return (struct place){0};
    return geoip_lookup(w->g->options.geoip, address);
}

/* A correlation's own level replaces those of the rules it hears; what the event's values say
 * replaces both. */
static uint8_t level_of(struct gatherer *w, uint32_t matched, uint32_t to)
{
    const struct rule *rule = w->g->rules[to].rule;
    const struct rule_by_value *v = &rule->by_value;
    enum rule_level level = (rule->has_level ? rule : w->g->rules[matched].rule)->level;

    for (size_t i = 0; i < v->n_levels; i++)
        if (has_value(w, w->numbers[to - w->first].levels[i], v->levels[i].value))
            level = v->levels[i].level;
    return (uint8_t)level;
}

static void put(struct gatherer *w, struct group *group, struct packed_op *op, struct str keys,
                struct str value, const struct place *place)
{
    if (group->capsule_at == SIZE_MAX) {
        begin_capsule(w, group->rule);
        begin_addends(w, group->rule);
        struct packed_capsule head = {.no_rule = NO_RULE, .n = (uint32_t)w->capsule.n};
        pack_bytes(group->out, &head, sizeof head);
        group->capsule_at = group->out->n;
        buf_add(group->out, buf_str(&w->capsule));
    }
    op->keys_n = (uint32_t)keys.n;
    op->value_n = (uint32_t)value.n;
    op->addends_n = (uint32_t)w->addends.n;
    op->capsule_n = (uint32_t)w->capsule.n;
    op->capsule_back = (uint32_t)(group->out->n - group->capsule_at);
    op->level = level_of(w, group->rule, op->rule);
    op->place_n = place->has ? (uint8_t)sizeof *place : 0;
    pack_bytes(group->out, op, sizeof *op);
    buf_add(group->out, keys);
    buf_add(group->out, value);
    buf_add(group->out, buf_str(&w->addends));
    pack_bytes(group->out, place, op->place_n);
    w->counts.operations++;
}

void gathered_add_index(char *gathered, size_t n, uint32_t add)
{
    enum { HEAD = sizeof(struct packed_capsule) };

    for (size_t at = 0, bytes; at + HEAD <= n; at += bytes) {
        if (is_capsule(gathered + at, &bytes)) {
            capsule_add_index(gathered + at + HEAD, bytes - HEAD, add);
            continue;
        }
        struct packed_op *op = (struct packed_op *)(gathered + at);
        op->value += op->is_ordered ? add : 0;
        bytes = sizeof *op + texts_of(op);
    }
}

void gathered_set_order(char *gathered, size_t n, uint64_t order)
{
    for (size_t at = 0, bytes; at + sizeof(struct packed_capsule) <= n; at += bytes) {
        if (is_capsule(gathered + at, &bytes))
            continue;
        struct packed_op *op = (struct packed_op *)(gathered + at);
        op->value = op->is_ordered ? order : op->value;
        bytes = sizeof *op + texts_of(op);
    }
}

struct str gathered_name(struct arena *a, const struct gathered *g)
{
    struct unpack u = unpack_from(g->hit.keys);
    struct str name = unpack_u8(&u) ? unpack_str(&u) : STR("");
    struct capsule capsule;

    if (!str_starts(name, STR(SOLE_RAW)) || !capsule_unpack(g->hit.capsule, &capsule))
        return name;
    return arena_printf(a, "%.*s:%u", (int)name.n, name.p, capsule.index);
}

/* What another thread has written comes line by line from its cache: operations lie one behind the
 * other, so those to come are asked for in time. A prefetch past the end does no harm. */
static void expect(const char *p, size_t n)
{
    enum { LINE = 64, AHEAD = 1024 };

    for (size_t at = 0; at < n; at += LINE)
        __builtin_prefetch(p + AHEAD + at);
}

bool gathered_next(struct str *p, struct gathered *out)
{
    while (p->n >= sizeof(struct packed_capsule)) {
        const struct packed_op *op = (const struct packed_op *)p->p;
        const char *at = p->p, *text = at + sizeof *op;
        size_t bytes;
        if (is_capsule(p->p, &bytes)) { /* of those that follow */
            expect(p->p, bytes);
            *p = str_sub(*p, bytes, p->n);
            continue;
        }
        out->space = op->space;
        out->rule = op->rule;
        out->key = op->key;
        out->hit = (struct hit){.label = op->label,
                                .count = 1,
                                .value = op->value,
                                .actor = op->actor,
                                .event_id = op->event_id,
                                .number_micro = op->number_micro,
                                .level = op->level,
                                .group_key = op->group_key,
                                .keys = {text, op->keys_n},
                                .value_text = {text + op->keys_n, op->value_n},
                                .capsule = {at - op->capsule_back, op->capsule_n},
                                .addends = {text + op->keys_n + op->value_n, op->addends_n}};
        text += op->keys_n + op->value_n + op->addends_n;
        if (op->place_n)
            memcpy(&out->hit.place, text, op->place_n);
        *p = str_sub(*p, sizeof *op + texts_of(op), p->n);
        return true;
    }
    return false;
}

/* ---- what a correlation hears -------------------------------------------------------------- */

struct listening {
    struct gatherer *w;
    struct group *group;
    const struct graph_listener *listener;
    const struct correlation *c;
    const struct numbers *numbers;
    struct str parts[CORRELATION_GROUP_MAX + CORRELATION_FIELDS_MAX + 1];
    struct packed_op op;
};

/* The operator looks at single values: these are kept per (group, value). */
static bool has_term_key(enum operator_kind kind)
{
    return kind == OPERATOR_FIRST_SEEN || kind == OPERATOR_RARITY || kind == OPERATOR_RATIO;
}

/* Numbers add up, so an event that tells one twice means it; a value is there or is not. */
static bool takes_numbers(enum operator_kind kind)
{
    return kind == OPERATOR_AGGREGATE || kind == OPERATOR_VOLUME;
}

/* Values of several fields; a combination has one of each. */
enum { CHOICES_MAX = CORRELATION_GROUP_MAX + CORRELATION_FIELDS_MAX };
struct choices {
    struct str *values[CHOICES_MAX];
    size_t counts[CHOICES_MAX];
    size_t n, total;
};

static struct str *members_room(struct gatherer *w)
{
    return arena_alloc(w->arena, MEMBERS_MAX * sizeof(struct str));
}

static void choices_begin(struct choices *c)
{
    c->n = 0;
    c->total = 1;
}

static void choices_add(struct gatherer *w, struct choices *c, struct str *values, size_t n)
{
    c->values[c->n] = values;
    c->counts[c->n++] = n;
    c->total *= n;
    if (c->total > CORRELATION_KEYS_PER_EVENT) {
        w->counts.keys_cut++;
        c->total = CORRELATION_KEYS_PER_EVENT;
    }
}

static void choose(const struct choices *c, size_t k, struct str *parts)
{
    for (size_t i = 0; i < c->n; k /= c->counts[i], i++)
        parts[i] = c->values[i][k % c->counts[i]];
}

static bool is_hashed(const struct hashed *h, const struct str *parts, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (h->parts[i].p != parts[i].p || h->parts[i].n != parts[i].n)
            return false;
    return h->n == n;
}

/* Several rules fold or group by the same values: they are hashed once. */
static struct state_key group_key(struct gatherer *w, const struct str *parts, size_t n)
{
    for (size_t i = 0; n <= HASHED_PARTS && i < w->n_hashed; i++)
        if (is_hashed(&w->hashed[i], parts, n))
            return w->hashed[i].key;
    struct state_key key = state_key_of(&w->g->options.secret, w->tenant->name, parts, n);
    if (n <= HASHED_PARTS && w->n_hashed < HASHED_MAX) {
        struct hashed *h = &w->hashed[w->n_hashed++];
        memcpy(h->parts, parts, n * sizeof *parts);
        h->n = n;
        h->key = key;
    }
    return key;
}

/* What sets events of one time in order and tells them apart: record, then member of the record; of
 * several inputs some order that stays. */
static uint64_t order_of_event(const struct gatherer *w)
{
    enum { INPUT_SHIFT = 56, MEMBER_BITS = 16 };
    const struct gather_event *at = w->at;
    uint64_t input = (hash_str(at->input) ^ at->partition) & UINT8_MAX;

    return input << INPUT_SHIFT ^ ((at->event->ref.record << MEMBER_BITS) + at->event->ref.index);
}

/* The values of a term as one text: each is cut if need be, and then tells its hash. */
static struct str term_text(struct gatherer *w, const struct str *parts, size_t n)
{
    enum { HASH_BYTES = 17 };
    size_t room = (FIRST_SEEN_TEXT_MAX - (n - 1)) / n;
    struct buf *text = &w->whole;

    buf_clear(text);
    for (size_t i = 0; i < n; i++) {
        struct str part = parts[i];
        if (i)
            buf_add_char(text, FIRST_SEEN_BETWEEN);
        if (part.n <= room && str_find_char(part, FIRST_SEEN_BETWEEN, 0) == SIZE_MAX) {
            buf_add(text, part);
            continue;
        }
        size_t end = room - HASH_BYTES < part.n ? room - HASH_BYTES : part.n;
        size_t at = str_find_char(part, FIRST_SEEN_BETWEEN, 0);
        end = at < end ? at : end;
        while (end > 0 && end < part.n && utf8_is_tail((unsigned char)part.p[end]))
            end--;
        buf_add(text, str_sub(part, 0, end));
        buf_printf(text, "~%016llx", (unsigned long long)hash_str(part));
    }
    return arena_str(w->arena, buf_str(text));
}

/* One operation for the group values in parts[0 .. n_group) and the tuple behind them. */
static void hear_one(struct listening *l, size_t n_tuple, struct str actor)
{
    struct gatherer *w = l->w;
    const struct state_secret *secret = &w->g->options.secret;
    struct str tenant = w->tenant->name;
    size_t n = l->c->n_group;

    l->op.group_key = group_key(w, l->parts, n);
    l->op.key = l->op.group_key;
    if (n_tuple)
        l->op.value = state_value_of(secret, l->parts + n, n_tuple);
    if (l->c->kind == OPERATOR_SEQUENCE) {
        l->op.value = order_of_event(w);
        l->op.is_ordered = true;
    }
    if (l->c->actor_field.n)
        l->op.actor = state_value_of(secret, &actor, 1);
    if (has_term_key(l->c->kind))
        l->op.key = state_key_of(secret, tenant, l->parts, n + n_tuple);
    pack_keys(&w->keys, l->parts, n);
    struct str text = n_tuple ? l->parts[n] : STR("");
    if (l->numbers->has_clear_terms)
        text = term_text(w, l->parts + n, n_tuple);
    struct place place = place_of(w, l->c->kind, text);
    put(w, l->group, &l->op, buf_str(&w->keys), text, &place);
}

/* Number of condition.field i for the input at hand. */
static uint32_t field_number(const struct listening *l, size_t i)
{
    return l->numbers->fields[l->listener->label * l->c->n_fields + i];
}

/* One row for the group values in parts[0 .. n_group). */
static void hear_row(struct listening *l)
{
    struct gatherer *w = l->w;
    size_t n = l->c->stats->n_columns;
    struct expr_value values[CORRELATION_COLUMNS_MAX];
    const uint32_t *numbers = l->numbers->fields + l->listener->label * n;

    for (size_t i = 0; i < n; i++)
        values[i] = derive_value(w->derive, numbers[i]);
    buf_clear(&w->row);
    row_pack(values, n, &w->row);
    l->op.group_key = l->op.key = group_key(w, l->parts, l->c->n_group);
    l->op.value = order_of_event(w);
    l->op.is_ordered = true;
    pack_keys(&w->keys, l->parts, l->c->n_group);
    struct place nowhere = {0};
    put(w, l->group, &l->op, buf_str(&w->keys), buf_str(&w->row), &nowhere);
}

static void hear_number(struct listening *l, struct str actor)
{
    struct gatherer *w = l->w;
    struct str members[MEMBERS_MAX], *part = &l->parts[l->c->n_group];
    size_t found = values_of(w, field_number(l, 0), members, MEMBERS_MAX);

    w->counts.missing_value += found == 0;
    for (size_t i = 0; i < found; i++) {
        int64_t number;
        *part = members[i];
        if (!decimal_to_micro(members[i], &number)) {
            w->counts.missing_value++;
            continue;
        }
        l->op.number_micro = number;
        hear_one(l, 1, actor);
    }
}

/* The tuples behind the group parts: each is a hit. */
static void hear_values(struct listening *l, struct str actor)
{
    struct gatherer *w = l->w;
    struct choices tuples;
    size_t lacking = 0, bearable = l->c->may_lack_values ? l->c->n_fields - 1 : 0;

    choices_begin(&tuples);
    for (size_t i = 0; i < l->c->n_fields; i++) {
        struct str *values = members_room(w);
        size_t found = values_of(w, field_number(l, i), values, MEMBERS_MAX);
        if (found == 0 && ++lacking > bearable) {
            w->counts.missing_value++;
            return;
        }
        if (found == 0)
            values[found++] = STR("");
        choices_add(w, &tuples, values, without_repeats(values, found));
    }
    for (size_t k = 0; k < tuples.total; k++) {
        choose(&tuples, k, l->parts + l->c->n_group);
        hear_one(l, l->c->n_fields, actor);
    }
}

/* The different values of group part i; an absent one is the empty text, if the rule says so. */
static size_t group_values(struct listening *l, size_t i, struct str *values)
{
    uint32_t field = l->numbers->group[l->listener->label * l->c->n_group + i];
    bool is_optional = l->c->inputs[l->listener->label].optional >> i & 1;
    size_t found = values_of(l->w, field, values, MEMBERS_MAX);

    if (found == 0 && (is_optional || l->c->on_missing != MISSING_DROP))
        values[found++] = STR("");
    for (size_t k = 0; k < found && l->c->is_group_ci; k++)
        values[k] = arena_lower(l->w->arena, values[k]);
    return without_repeats(values, found);
}

/* All combinations of the group's values, part by part. */
static void hear_group(struct listening *l)
{
    struct gatherer *w = l->w;
    struct choices groups;
    struct str actor = STR("");

    choices_begin(&groups);
    for (size_t i = 0; i < l->c->n_group; i++) {
        struct str *values = members_room(w);
        size_t found = group_values(l, i, values);
        if (found == 0) {
            w->counts.missing_group++;
            return;
        }
        choices_add(w, &groups, values, found);
    }
    uint32_t number = l->numbers->actor[l->listener->label];
    if (number != FIELD_NONE && !values_of(w, number, &actor, 1)) {
        w->counts.missing_value++;
        return;
    }
    for (size_t k = 0; k < groups.total; k++) {
        choose(&groups, k, l->parts);
        if (l->c->kind == OPERATOR_GROUP)
            hear_row(l);
        else if (takes_numbers(l->c->kind) && l->c->n_fields)
            hear_number(l, actor);
        else
            hear_values(l, actor);
    }
}

/* Audit sources that tell one request in several stages: their profiles say so. */
static bool counts_by_id(const struct gatherer *w, const struct correlation *c)
{
    if (c->kind != OPERATOR_COUNT && c->kind != OPERATOR_DISTINCT)
        return false;
    return c->count_by == COUNT_BY_EVENT_ID ||
           (c->count_by == COUNT_BY_DEFAULT && w->at->profile && w->at->profile->is_staged);
}

static void hear(struct gatherer *w, struct group *group, const struct graph_listener *listener)
{
    const struct graph_rule *r = &w->g->rules[listener->rule];
    struct listening l; /* parts are set as they are needed */

    l.w = w;
    l.group = group;
    l.listener = listener;
    l.c = r->rule->correlation;
    l.numbers = &w->numbers[listener->rule - w->first];
    l.op = (struct packed_op){.space = r->stages, .rule = listener->rule, .label = listener->label};
    if (counts_by_id(w, l.c))
        l.op.event_id = event_id(w);
    hear_group(&l);
}

/* ---- what is told by itself ---------------------------------------------------------------- */

/* The part of its name that makes a finding this event's alone. */
static struct str sole_part(struct gatherer *w)
{
    struct str id = own_id(w);
    char hex[DIGEST_TEXT];

    if (id.n)
        return arena_printf(w->arena, "event:%.*s", (int)id.n, id.p);
    digest_sha256_hex(w->digest, w->at->event->record, hex);
    return arena_printf(w->arena, SOLE_RAW "%s", hex); /* the index: gathered_name() */
}

/* The key of the event's first entity, from what extraction has sliced out: as entities_of() has
 * it. p NULL: there is none.
 */
static struct str find_first_key(struct gatherer *w)
{
    const struct event *event = w->at->event;
    uint32_t profile = profile_place(w);

    for (const struct naming *e = w->namings[profile]; e->field != FIELD_NONE; e++)
        for (uint32_t i = begin_of(w, e->field); i < event->n_values; i++) {
            const struct event_value *v = &event->values[i];
            if (v->field != e->field || (v->kind != JSON_STRING && v->kind != JSON_NUMBER))
                continue;
            struct str text = whole_text(w, v);
            if (event_entity_says(text))
                return event_entity_key(w->arena, w->readers[profile], e->entity, text);
        }
    return (struct str){0};
}

/* Asked by each rule that matches the event. */
static bool first_entity(struct gatherer *w, struct str *key)
{
    if (!w->has_first_key)
        w->first_key = find_first_key(w);
    w->has_first_key = true;
    *key = w->first_key;
    return key->p != NULL;
}

/* The values of a dedup field that make keys; 0: it is not there, and must be. */
static size_t dedup_field_values(struct gatherer *w, const struct graph_rule *r, uint32_t i,
                                 struct str *values)
{
    uint32_t field = derive_number(w->derive, r->rule, r->dedup_fields[i]);
    size_t max = r->dedup_array == DEDUP_EACH ? MEMBERS_MAX : 1;
    size_t n = r->dedup_array == DEDUP_WHOLE ? whole_value(w, field, values)
                                             : values_of(w, field, values, max);

    if (n == 0 && !r->is_lacking_sole)
        values[n++] = STR("");
    return without_repeats(values, n);
}

/* The keys that an event's match folds by. False: there is nothing to fold by. */
static bool dedup_choices(struct gatherer *w, const struct graph_rule *r, struct choices *c)
{
    choices_begin(c);
    for (uint32_t i = 0; i < r->n_dedup_fields; i++) {
        struct str *values = members_room(w);
        size_t n = dedup_field_values(w, r, i, values);
        if (n == 0)
            return false;
        choices_add(w, c, values, n);
    }
    if (!r->is_dedup_by_entity)
        return true;
    struct str *key = members_room(w);
    bool has = w->g->wants_entities ? first_entity(w, key) : entities_of(w) > 0;
    if (has && !w->g->wants_entities)
        *key = w->entities[0].key;
    if (has)
        choices_add(w, c, key, 1);
    return has;
}

static void tell(struct gatherer *w, struct group *group)
{
    const struct graph_rule *r = &w->g->rules[group->rule];
    struct str values[CHOICES_MAX];
    struct packed_op op = {.space = r->suppress, .rule = group->rule};
    struct choices keys;

    if (r->is_dedup_off || !dedup_choices(w, r, &keys)) {
        w->counts.no_entity += !r->is_dedup_off;
        op.space = SPACE_NONE;
        values[0] = sole_part(w);
        pack_keys(&w->keys, values, 1);
        put(w, group, &op, buf_str(&w->keys), STR(""), &(struct place){0});
        return;
    }
    for (size_t k = 0; k < keys.total; k++) {
        choose(&keys, k, values);
        op.key = op.group_key = group_key(w, values, keys.n);
        pack_keys(&w->keys, values, keys.n);
        put(w, group, &op, buf_str(&w->keys), STR(""), &(struct place){0});
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
            hear(w, group, &r->listeners[k]);
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
    w->has_tree = w->has_no_tree = w->has_entities = w->has_event_id = false;
    w->has_named = w->has_first_key = false;
    w->n_hashed = 0;
    arena_reset(w->arena);
    note_begins(w);
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
            hear(w, &group, &r->listeners[k]);
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

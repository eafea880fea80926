/* correlation.c - the types of correlations, a row each, and their keys, a row each.
 *
 * A key that no type has is refused with the nearest name; a key of another type is refused by
 * name. So is what a type needs and does not have.
 */
#include "lang/sigma/correlation.h"

#include "base/str.h"
#include "lang/amount.h"

enum {
    KEY_TYPE = 1 << 0,
    KEY_RULES = 1 << 1,
    KEY_GROUP_BY = 1 << 2,
    KEY_TIMESPAN = 1 << 3,
    KEY_CONDITION = 1 << 4,
    KEY_ALIASES = 1 << 5,
    KEY_GENERATE = 1 << 6,
    KEY_HISTORY = 1 << 7,
    KEY_TRAINING = 1 << 8,
    KEY_ACTIVATION = 1 << 9,
    KEY_ACTOR = 1 << 10,
    KEY_RARITY_BY = 1 << 11,
    KEY_FACTOR = 1 << 12,
    KEY_MINIMUM = 1 << 13,
    KEY_BASELINE = 1 << 14,
    KEY_DISTANCE = 1 << 15,
    KEY_SPEED = 1 << 16,
    KEY_HALF_LIFE = 1 << 17
};

enum {
    KEYS_COMMON = KEY_TYPE | KEY_RULES | KEY_GROUP_BY | KEY_TIMESPAN | KEY_CONDITION | KEY_ALIASES |
                  KEY_GENERATE,
    KEYS_LEARNT = KEY_HISTORY | KEY_TRAINING | KEY_ACTIVATION,
    NEEDS_ALL = KEY_RULES | KEY_TIMESPAN | KEY_CONDITION,
    NEEDS_TERM = KEY_RULES | KEY_CONDITION
};

static const int64_t HOUR_MS = INT64_C(3600) * 1000;

/* The timespan of types that do not need one only sets the default period of dedup. */
static const struct correlation_type TYPES[] = {
    {"event_count", OPERATOR_COUNT, KEYS_COMMON, NEEDS_ALL, FIELD_NEVER, BOUNDS_MUST, AGGREGATE_SUM,
     false, 0},
    {"value_count", OPERATOR_DISTINCT, KEYS_COMMON, NEEDS_ALL, FIELD_TUPLE, BOUNDS_MUST,
     AGGREGATE_SUM, false, 0},
    {"temporal", OPERATOR_SET, KEYS_COMMON, KEY_TIMESPAN, FIELD_NEVER, BOUNDS_MAY, AGGREGATE_SUM,
     false, 0},
    {"temporal_ordered", OPERATOR_ORDERED, KEYS_COMMON, KEY_TIMESPAN, FIELD_NEVER, BOUNDS_MAY,
     AGGREGATE_SUM, false, 0},
    {"value_sum", OPERATOR_AGGREGATE, KEYS_COMMON, NEEDS_ALL, FIELD_MUST, BOUNDS_MUST,
     AGGREGATE_SUM, false, 0},
    {"value_avg", OPERATOR_AGGREGATE, KEYS_COMMON, NEEDS_ALL, FIELD_MUST, BOUNDS_MUST,
     AGGREGATE_AVG, false, 0},
    {"value_min", OPERATOR_AGGREGATE, KEYS_COMMON, NEEDS_ALL, FIELD_MUST, BOUNDS_MUST,
     AGGREGATE_MIN, false, 0},
    {"value_max", OPERATOR_AGGREGATE, KEYS_COMMON, NEEDS_ALL, FIELD_MUST, BOUNDS_MUST,
     AGGREGATE_MAX, false, 0},
    {"value_percentile", OPERATOR_AGGREGATE, KEYS_COMMON, NEEDS_ALL, FIELD_MUST, BOUNDS_MUST,
     AGGREGATE_PERCENTILE, true, 0},
    {"value_median", OPERATOR_AGGREGATE, KEYS_COMMON, NEEDS_ALL, FIELD_MUST, BOUNDS_MUST,
     AGGREGATE_PERCENTILE, false, 0},
    {"first_seen", OPERATOR_FIRST_SEEN, KEYS_COMMON | KEYS_LEARNT, NEEDS_TERM, FIELD_TUPLE,
     BOUNDS_NEVER, AGGREGATE_SUM, false, HOUR_MS},
    {"rarity", OPERATOR_RARITY, KEYS_COMMON | KEYS_LEARNT | KEY_ACTOR | KEY_RARITY_BY, NEEDS_TERM,
     FIELD_TUPLE, BOUNDS_MUST, AGGREGATE_SUM, false, HOUR_MS},
    {"ratio", OPERATOR_RATIO, KEYS_COMMON | KEYS_LEARNT | KEY_ACTOR | KEY_MINIMUM,
     NEEDS_TERM | KEY_ACTOR, FIELD_MUST, BOUNDS_MUST, AGGREGATE_SUM, false, HOUR_MS},
    {"volume", OPERATOR_VOLUME, KEYS_COMMON | KEY_FACTOR | KEY_MINIMUM | KEY_BASELINE,
     KEY_RULES | KEY_TIMESPAN | KEY_FACTOR, FIELD_MAY, BOUNDS_NEVER, AGGREGATE_SUM, false, 0},
    {"geo_velocity", OPERATOR_GEO_VELOCITY, KEYS_COMMON | KEY_DISTANCE | KEY_SPEED,
     KEY_RULES | KEY_CONDITION | KEY_GROUP_BY, FIELD_MUST, BOUNDS_NEVER, AGGREGATE_SUM, false,
     24 * HOUR_MS},
    {"risk", OPERATOR_RISK, KEYS_COMMON | KEY_HALF_LIFE, KEY_CONDITION | KEY_GROUP_BY, FIELD_NEVER,
     BOUNDS_MUST, AGGREGATE_SUM, false, 24 * HOUR_MS},
};

enum { MEDIAN_MICRO = 50 * CORRELATION_MICRO };

/* ---- texts -------------------------------------------------------------------------- */

static struct place place_of_key(const struct doc_key *key)
{
    return (struct place){key->line, key->col};
}

bool correlation_texts(struct correlation_reader *r, const struct doc_node *node, const char *key,
                       size_t max, struct str_list *out, const struct place **at)
{
    const struct doc_node *items = node->type == DOC_LIST ? node->items : node;
    size_t n = node->type == DOC_LIST ? node->n_items : 1;

    if (n > max && max == 1)
        return diag_error(r->s->diag, sigma_at(node), "'%s' takes one name", key);
    if (n > max)
        return diag_error(r->s->diag, sigma_at(node), "more than %zu entries in '%s'", max, key);
    struct str *texts = ARENA_ARRAY(r->s->a, n, struct str);
    struct place *places = ARENA_ARRAY(r->s->a, n, struct place);
    for (size_t i = 0; i < n; i++) {
        places[i] = sigma_at(&items[i]);
        if (!doc_is_scalar(&items[i]) || items[i].text.n == 0)
            return diag_error(r->s->diag, places[i], "an entry of '%s' must be a name, not %s", key,
                              doc_is_scalar(&items[i]) ? "nothing" : doc_type_name(&items[i]));
        texts[i] = names_intern(r->s->names, items[i].text);
        for (size_t k = 0; k < i; k++)
            if (str_eq(texts[k], texts[i]))
                return diag_error(r->s->diag, places[i], "'%.*s' stands twice in '%s'",
                                  SHOWN(texts[i]), key);
    }
    *out = (struct str_list){texts, n};
    if (at)
        *at = places;
    return true;
}

static bool one_text(struct correlation_reader *r, const struct doc_node *node, const char *key,
                     struct str *out)
{
    struct str_list list;

    if (!correlation_texts(r, node, key, 1, &list, NULL))
        return false;
    if (list.n == 0)
        return diag_error(r->s->diag, sigma_at(node), "'%s' is empty", key);
    *out = list.items[0];
    return true;
}

/* ---- rules, groups, aliases ------------------------------------------------------------ */

static void load_type(UNUSED struct correlation_reader *r, UNUSED const struct doc_node *node)
{
    /* find_type() has read it */
}

static void load_rules(struct correlation_reader *r, const struct doc_node *node)
{
    struct str_list list;
    const struct place *at;

    if (!correlation_texts(r, node, "rules", CORRELATION_INPUTS_MAX, &list, &at))
        return;
    if (list.n == 0) {
        diag_error(r->s->diag, sigma_at(node), "'rules' is empty");
        return;
    }
    r->c->inputs = ARENA_ARRAY(r->s->a, list.n, struct correlation_input);
    r->c->n_inputs = list.n;
    for (size_t i = 0; i < list.n; i++)
        r->c->inputs[i] = (struct correlation_input){
            .reference = list.items[i], .line = at[i].line, .col = at[i].col};
}

static void load_group_by(struct correlation_reader *r, const struct doc_node *node)
{
    struct str_list list;

    if (node->type == DOC_NULL ||
        !correlation_texts(r, node, "group-by", CORRELATION_GROUP_MAX, &list, &r->out->group_at))
        return;
    r->c->group = list.items;
    r->c->n_group = list.n;
}

static void load_alias(struct correlation_reader *r, const struct doc_key *key,
                       const struct doc_node *node, struct alias *out)
{
    *out = (struct alias){.name = names_intern(r->s->names, key->text), .at = place_of_key(key)};
    if (node->type != DOC_MAP) {
        diag_error(r->s->diag, sigma_at(node), "an alias is a map of rule names to fields, not %s",
                   doc_type_name(node));
        return;
    }
    out->fields = ARENA_ARRAY(r->s->a, node->n_items, struct alias_field);
    for (size_t i = 0; i < node->n_items; i++) {
        struct alias_field *f = &out->fields[out->n_fields];
        if (!one_text(r, &node->items[i], "aliases", &f->field))
            continue;
        f->rule = names_intern(r->s->names, node->keys[i].text);
        f->at = place_of_key(&node->keys[i]);
        out->n_fields++;
    }
}

static void load_aliases(struct correlation_reader *r, const struct doc_node *node)
{
    if (node->type != DOC_MAP || node->n_items > ALIASES_MAX) {
        diag_error(r->s->diag, sigma_at(node), "'aliases' must be a map of at most %d names",
                   ALIASES_MAX);
        return;
    }
    r->out->aliases = ARENA_ARRAY(r->s->a, node->n_items, struct alias);
    r->out->n_aliases = node->n_items;
    for (size_t i = 0; i < node->n_items; i++)
        load_alias(r, &node->keys[i], &node->items[i], &r->out->aliases[i]);
}

static bool in_group(const struct correlation *c, struct str name)
{
    for (size_t i = 0; i < c->n_group; i++)
        if (str_eq(c->group[i], name))
            return true;
    return false;
}

static void warn_of_idle_aliases(struct correlation_reader *r)
{
    for (size_t i = 0; i < r->out->n_aliases; i++)
        if (!in_group(r->c, r->out->aliases[i].name))
            diag_warn(r->s->diag, r->out->aliases[i].at, "the alias '%.*s' is not in 'group-by'",
                      SHOWN(r->out->aliases[i].name));
}

/* ---- the other keys ------------------------------------------------------------------------ */

static void load_timespan(struct correlation_reader *r, const struct doc_node *node)
{
    amount_span(r->s->diag, node, "timespan", &r->c->window_ms);
}

static void load_generate(struct correlation_reader *r, const struct doc_node *node)
{
    if (node->type != DOC_BOOL)
        diag_error(r->s->diag, sigma_at(node), "'generate' must be true or false, not %s",
                   doc_is_scalar(node) ? "other text" : doc_type_name(node));
    r->out->generates = node->is_true;
}

static void load_history(struct correlation_reader *r, const struct doc_node *node)
{
    amount_span(r->s->diag, node, "history", &r->c->history_ms);
}

static void load_training(struct correlation_reader *r, const struct doc_node *node)
{
    amount_span(r->s->diag, node, "training", &r->c->training_ms);
}

static void load_activation(struct correlation_reader *r, const struct doc_node *node)
{
    amount_span(r->s->diag, node, "activation", &r->c->activation_ms);
}

static void load_baseline(struct correlation_reader *r, const struct doc_node *node)
{
    amount_span(r->s->diag, node, "baseline", &r->c->baseline_ms);
}

static void load_half_life(struct correlation_reader *r, const struct doc_node *node)
{
    amount_span(r->s->diag, node, "half-life", &r->c->half_life_ms);
}

static void load_distance(struct correlation_reader *r, const struct doc_node *node)
{
    amount_distance(r->s->diag, node, "distance", &r->c->distance_m);
}

static void load_speed(struct correlation_reader *r, const struct doc_node *node)
{
    amount_speed(r->s->diag, node, "speed", &r->c->speed_m_per_h);
}

static void load_actor(struct correlation_reader *r, const struct doc_node *node)
{
    one_text(r, node, "actor", &r->c->actor_field);
    r->out->actor_at = sigma_at(node);
}

static void load_positive(struct correlation_reader *r, const struct doc_node *node,
                          const char *key, int64_t *out)
{
    if (amount_number(r->s->diag, node, key, out) && *out <= 0)
        diag_error(r->s->diag, sigma_at(node), "'%s' must be above 0", key);
}

static void load_factor(struct correlation_reader *r, const struct doc_node *node)
{
    load_positive(r, node, "factor", &r->c->factor_micro);
}

static void load_minimum(struct correlation_reader *r, const struct doc_node *node)
{
    load_positive(r, node, "minimum", &r->c->minimum_micro);
}

static void load_rarity_by(struct correlation_reader *r, const struct doc_node *node)
{
    static const struct str WORDS[] = {{"count", 5}, {"days", 4}, {"actors", 6}};

    for (size_t i = 0; i < ARRAY_LEN(WORDS) && doc_is_scalar(node); i++) {
        if (!str_eq(node->text, WORDS[i]))
            continue;
        r->c->rarity_by = i == 0 ? RARITY_COUNT : i == 1 ? RARITY_DAYS : RARITY_ACTORS;
        return;
    }
    struct str hint =
        doc_is_scalar(node) ? diag_hint(r->s->diag, node->text, WORDS, ARRAY_LEN(WORDS)) : STR("");
    diag_error(r->s->diag, sigma_at(node), "'rarity-by' must be count, days or actors%.*s",
               SHOWN(hint));
}

static const struct {
    const char *name;
    uint32_t bit;
    void (*load)(struct correlation_reader *r, const struct doc_node *node);
} KEYS[] = {
    {"type", KEY_TYPE, load_type},
    {"rules", KEY_RULES, load_rules},
    {"group-by", KEY_GROUP_BY, load_group_by},
    {"timespan", KEY_TIMESPAN, load_timespan},
    {"aliases", KEY_ALIASES, load_aliases},
    {"generate", KEY_GENERATE, load_generate},
    {"history", KEY_HISTORY, load_history},
    {"training", KEY_TRAINING, load_training},
    {"activation", KEY_ACTIVATION, load_activation},
    {"actor", KEY_ACTOR, load_actor},
    {"rarity-by", KEY_RARITY_BY, load_rarity_by},
    {"factor", KEY_FACTOR, load_factor},
    {"minimum", KEY_MINIMUM, load_minimum},
    {"baseline", KEY_BASELINE, load_baseline},
    {"distance", KEY_DISTANCE, load_distance},
    {"speed", KEY_SPEED, load_speed},
    {"half-life", KEY_HALF_LIFE, load_half_life},
    /* Last: a condition may bring the rules with it. */
    {"condition", KEY_CONDITION, correlation_condition_load},
};

/* ---- the map ------------------------------------------------------------------------------- */

static const struct correlation_type *find_type(struct correlation_reader *r)
{
    const struct doc_node *node = doc_get(r->node, STR("type"));
    struct str names[ARRAY_LEN(TYPES)];

    if (!doc_is_scalar(node)) {
        diag_error(r->s->diag, sigma_at(node ? node : r->node),
                   node ? "'type' of a correlation must be text" : "'correlation' has no 'type'");
        return NULL;
    }
    for (size_t i = 0; i < ARRAY_LEN(TYPES); i++) {
        names[i] = str_from(TYPES[i].name);
        if (str_eq(node->text, names[i]))
            return &TYPES[i];
    }
    struct str hint = diag_hint(r->s->diag, node->text, names, ARRAY_LEN(TYPES));
    diag_error(r->s->diag, sigma_at(node), "unknown type of correlation '%.*s'%.*s",
               SHOWN(node->text), SHOWN(hint));
    return NULL;
}

static void refuse_key(struct correlation_reader *r, const struct doc_key *key)
{
    struct str names[ARRAY_LEN(KEYS)];
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_LEN(KEYS); i++) {
        if (str_eq(key->text, str_from(KEYS[i].name))) {
            diag_error(r->s->diag, place_of_key(key), "'%.*s' does not belong to the type %s",
                       SHOWN(key->text), r->type->name);
            return;
        }
        if (r->type->keys & KEYS[i].bit)
            names[n++] = str_from(KEYS[i].name);
    }
    struct str hint = diag_hint(r->s->diag, key->text, names, n);
    if (str_eq(key->text, STR("timeframe")))
        hint = STR(" (did you mean 'timespan'?)");
    diag_error(r->s->diag, place_of_key(key), "unknown key '%.*s' of a correlation%.*s",
               SHOWN(key->text), SHOWN(hint));
}

static bool is_key_of(const struct correlation_type *type, struct str text)
{
    for (size_t i = 0; i < ARRAY_LEN(KEYS); i++)
        if (str_eq(text, str_from(KEYS[i].name)))
            return (type->keys & KEYS[i].bit) != 0;
    return false;
}

static void load_keys(struct correlation_reader *r)
{
    for (size_t i = 0; i < r->node->n_items; i++)
        if (!is_key_of(r->type, r->node->keys[i].text))
            refuse_key(r, &r->node->keys[i]);
    for (size_t i = 0; i < ARRAY_LEN(KEYS); i++) {
        const struct doc_node *node = doc_get(r->node, str_from(KEYS[i].name));
        if (node && (r->type->keys & KEYS[i].bit))
            KEYS[i].load(r, node);
        else if (!node && (r->type->required & KEYS[i].bit))
            diag_error(r->s->diag, sigma_at(r->node), "%s needs '%s'", r->type->name, KEYS[i].name);
    }
}

/* What is only wrong together. */
static void check_whole(struct correlation_reader *r)
{
    const struct correlation *c = r->c;

    if (c->kind == OPERATOR_SET || c->kind == OPERATOR_ORDERED) {
        if (c->n_inputs == 0)
            diag_error(r->s->diag, sigma_at(r->node), "%s needs 'rules'%s", r->type->name,
                       c->kind == OPERATOR_SET ? " or a condition over rule names" : "");
        else if (c->n_inputs < 2)
            diag_error(r->s->diag, sigma_at(r->node), "%s needs two rules or more", r->type->name);
    }
    if (c->kind == OPERATOR_RARITY && (c->rarity_by == RARITY_ACTORS) != (c->actor_field.n > 0))
        diag_error(r->s->diag, sigma_at(r->node),
                   "'rarity-by: actors' and 'actor' (the field that says who) go together");
    correlation_condition_check(r);
    warn_of_idle_aliases(r);
}

bool sigma_correlation_load(struct sigma_scope *s, const struct doc_node *document,
                            struct rule *rule, struct sigma_correlation *out)
{
    const struct doc_node *node = doc_get(document, STR("correlation"));
    struct correlation_reader r = {.s = s, .out = out, .node = node};

    *out = (struct sigma_correlation){0};
    sigma_metadata_load(s, document, rule);
    if (node->type != DOC_MAP)
        return diag_error(s->diag, sigma_at(node), "'correlation' must be a map, not %s",
                          doc_type_name(node));
    r.type = find_type(&r);
    if (!r.type)
        return false;
    r.c = ARENA_NEW(s->a, struct correlation);
    *r.c = (struct correlation){.kind = r.type->kind,
                                .aggregate = r.type->aggregate,
                                .window_ms = r.type->window_ms,
                                .percentile_micro = r.type->wants_percentile ? -1 : MEDIAN_MICRO,
                                .line = node->line,
                                .col = node->col};
    load_keys(&r);
    if (!diag_failed(s->diag))
        check_whole(&r);
    rule->formula = formula_const(s->a, false);
    rule->correlation = r.c;
    if (sigma_parameters_load(s, document, rule))
        sigma_settings_load(s, document, rule);
    return !diag_failed(s->diag);
}

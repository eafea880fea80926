/* graph.c - rules to spaces.
 *
 * A space's identity names what its bytes mean: rule, operator, key, value, window and channel. As
 * long as those stay, other edits of a rule (filter, threshold, level) keep its state.
 */
#include "correlate/graph.h"

#include <string.h>

#include "base/str.h"
#include "base/vec.h"
#include "correlate/lag.h"
#include "correlate/risk.h"
#include "correlate/threshold.h"
#include "state/capsule.h"

enum { UPDATE_PERIOD_MS = 6 * 3600 * 1000 }; /* of findings that stay open for long */
enum { PERIOD_DEFAULT_MS = 3600 * 1000, LATENESS_DEFAULT_MS = 5 * 60 * 1000 };
enum { EVIDENCE_PART = 4 }; /* of a space's cap: one of so many parts is for capsules */

struct builder {
    struct arena *a;
    struct graph *g;
    size_t cap_spaces;
    struct str *fields;
    size_t n_fields, cap_fields;
    uint32_t band; /* first level of the band in which rules' findings pass novelty and brake */
};

struct str graph_tenant_of(const struct graph *g, uint32_t rule)
{
    return g->tenants[g->rules[rule].tenant].name;
}

/* ---- names -------------------------------------------------------------------------------- */

static void want_field(struct builder *b, struct str name)
{
    for (size_t i = 0; i < b->n_fields; i++)
        if (str_eq(b->fields[i], name))
            return;
    b->fields = vec_room(b->a, b->fields, b->n_fields, &b->cap_fields, sizeof *b->fields);
    b->fields[b->n_fields++] = name;
}

static void want_list(struct builder *b, struct str_list names)
{
    for (size_t i = 0; i < names.n; i++)
        want_field(b, names.items[i]);
}

/* What a rule computes is made of. */
static void want_derived(struct builder *b, const struct rule *r)
{
    for (size_t i = 0; i < r->n_derived; i++)
        want_list(b, r->derived[i].fields);
    if (r->rows)
        want_list(b, r->rows->fields);
}

static void want_fields(struct builder *b, const struct correlation *c)
{
    for (size_t i = 0; i < c->n_inputs; i++)
        for (size_t k = 0; k < c->n_group; k++)
            want_field(b, c->inputs[i].group_fields[k]);
    for (size_t k = 0; c->n_inputs == 0 && k < c->n_group; k++) /* a risk over all rules */
        want_field(b, c->group[k]);
    for (size_t i = 0; i < c->n_fields; i++)
        want_field(b, c->fields[i]);
    for (size_t i = 0; c->stats && i < c->stats->n_columns; i++)
        want_field(b, c->stats->columns[i]);
    if (c->actor_field.n)
        want_field(b, c->actor_field);
}

/* With operators the entities of every event that is matched go into capsules; in a worker dedup
 * asks for the first of each. */
static void want_entities(struct builder *b)
{
    const struct profile_set *set = b->g->options.profiles;
    struct str_list fields;

    for (uint32_t p = 0; set && p < profile_count(set); p++)
        for (size_t i = 0; profile_entity_at(profile_at(set, p), i, &fields); i++)
            for (size_t k = 0; k < fields.n; k++)
                want_field(b, fields.items[k]);
}

/* ---- identities ----------------------------------------------------------------------------- */

enum {
    IDENTITY_PARTS_MAX =
        16 + 2 * CORRELATION_GROUP_MAX + CORRELATION_FIELDS_MAX + 2 * CORRELATION_INPUTS_MAX
};

static int64_t period_of(const struct rule *rule)
{
    if (rule->state && rule->state->dedup.period_ms > 0)
        return rule->state->dedup.period_ms;
    if (rule->correlation && rule->correlation->window_ms > PERIOD_DEFAULT_MS)
        return rule->correlation->window_ms;
    return PERIOD_DEFAULT_MS;
}

static void identify(struct builder *b, const struct graph_rule *r, const char *role,
                     uint32_t stage, uint8_t out[16])
{
    const struct rule *rule = r->rule;
    const struct correlation *c = rule->correlation;
    struct str parts[IDENTITY_PARTS_MAX];
    size_t n = 0;
    uint32_t version = rule->state ? rule->state->state_version : 0;
    static const struct state_secret no_secret;

    parts[n++] = STR("weir.space/1");
    parts[n++] = rule->uid;
    parts[n++] = arena_printf(b->a, "%s/%u/%u/%u", role, stage, (unsigned)rule->channel, version);
    /* Books count in buckets of the dedup key. */
    parts[n++] = arena_printf(b->a, "%lld/%d", (long long)period_of(rule),
                              rule->state && rule->state->dedup.is_anchored);
    for (uint32_t i = 0; i < r->n_dedup_fields; i++)
        parts[n++] = r->dedup_fields[i];
    if (r->dedup_array != DEDUP_FIRST)
        parts[n++] = arena_printf(b->a, "arrays %u", (unsigned)r->dedup_array);
    if (c) {
        parts[n++] = arena_printf(b->a, "%u/%lld/%u/%d/%u/%u", (unsigned)c->kind,
                                  (long long)c->window_ms, (unsigned)c->count_by, r->spec.is_final,
                                  (unsigned)c->rarity_by, (unsigned)c->aggregate);
        parts[n++] = c->actor_field;
        for (size_t i = 0; i < c->n_group; i++)
            parts[n++] = c->group[i];
        parts[n++] = STR("fields");
        for (size_t i = 0; i < c->n_fields; i++)
            parts[n++] = c->fields[i];
        /* Cells of these say which input was seen, by its number. */
        bool has_labels =
            c->kind == OPERATOR_SET || c->kind == OPERATOR_ORDERED || c->kind == OPERATOR_SEQUENCE;
        for (size_t i = 0; has_labels && i < c->n_inputs; i++)
            parts[n++] = c->inputs[i].rule->uid;
        for (size_t i = 0; c->kind == OPERATOR_SEQUENCE && i < c->n_inputs; i++)
            parts[n++] = arena_printf(b->a, "%u/%u", (unsigned)c->items[i].kind, c->items[i].runs);
    }
    struct state_key key = state_key_of(&no_secret, b->g->tenants[r->tenant].name, parts, n);
    memcpy(out, key.bytes, sizeof key.bytes);
}

/* "TENANT/UID (brake 0)"; the default tenant has no name. */
static struct str space_name(struct builder *b, uint32_t rule, const char *role, uint32_t stage)
{
    struct str tenant = graph_tenant_of(b->g, rule), uid = b->g->rules[rule].rule->uid;

    return arena_printf(b->a, "%.*s%s%.*s (%s %u)", (int)tenant.n, tenant.p, tenant.n ? "/" : "",
                        (int)uid.n, uid.p, role, stage);
}

static uint64_t total_of(const struct graph *g)
{
    return g->options.budget_bytes ? g->options.budget_bytes : STORE_TOTAL_DEFAULT;
}

static uint32_t add_space(struct builder *b, enum space_role role, uint32_t rule, uint32_t stage,
                          uint32_t level, cell_step *step, void *context)
{
    struct graph *g = b->g;
    static const char *const roles[] = {"operator", "suppress", "brake", "novelty"};

    g->spaces = vec_room(b->a, g->spaces, g->n_spaces, &b->cap_spaces, sizeof *g->spaces);
    struct graph_space *s = &g->spaces[g->n_spaces];
    *s = (struct graph_space){.role = role, .rule = rule, .stage = stage};
    uint64_t cap = store_cap(total_of(g));
    s->spec = (struct space_spec){.budget_bytes = cap - cap / EVIDENCE_PART,
                                  .capsule_budget_bytes = cap / EVIDENCE_PART,
                                  .step = step,
                                  .context = context};
    if (g->rules[rule].behind_ms > 0) {
        struct lag *lag = ARENA_NEW(b->a, struct lag);
        *lag = (struct lag){step, context, g->rules[rule].behind_ms};
        s->spec.step = lag_step;
        s->spec.context = lag;
    }
    identify(b, &g->rules[rule], roles[role], stage, s->spec.identity);
    s->spec.name = space_name(b, rule, roles[role], stage);
    s->spec.level = level;
    if (level >= g->n_levels)
        g->n_levels = level + 1;
    return g->n_spaces++;
}

/* ---- who listens --------------------------------------------------------------------------- */

/* The rule among those of a tenant. */
static uint32_t number_of(const struct graph *g, uint32_t tenant, const struct rule *rule)
{
    size_t first = tenant * g->n_base_rules;

    for (size_t i = first; i < first + g->n_base_rules; i++)
        if (g->rules[i].rule == rule)
            return (uint32_t)i;
    return UINT32_MAX;
}

static void listen(struct builder *b, uint32_t to, uint32_t correlation, uint32_t label)
{
    struct graph_rule *r = &b->g->rules[to];
    struct graph_listener *list = ARENA_ARRAY(b->a, r->n_listeners + 1, struct graph_listener);

    if (r->n_listeners)
        memcpy(list, r->listeners, r->n_listeners * sizeof *list);
    list[r->n_listeners] = (struct graph_listener){correlation, label};
    r->listeners = list;
    r->n_listeners++;
}

static enum weir_rc link_inputs(struct builder *b, uint32_t i, struct weir_err *err)
{
    const struct rule *rule = b->g->rules[i].rule;
    const struct correlation *c = rule->correlation;
    uint32_t tenant = b->g->rules[i].tenant;

    b->g->rules[i].kind = operator_info(c->kind);
    if (!b->g->rules[i].kind) {
        err_at(err, WEIR_UNSUPPORTED, c->line, c->col, "this kind of correlation is not there yet");
        err_file(err, rule->path);
        return WEIR_UNSUPPORTED;
    }
    if (c->kind == OPERATOR_GEO_VELOCITY && !b->g->options.geoip) {
        b->g->rules[i].is_off = true;
        b->g->n_off++;
        return WEIR_OK;
    }
    for (uint32_t k = 0; k < c->n_inputs; k++) {
        uint32_t to = c->inputs[k].rule ? number_of(b->g, tenant, c->inputs[k].rule) : UINT32_MAX;
        if (to == UINT32_MAX) {
            err_at(err, WEIR_BADARG, c->inputs[k].line, c->inputs[k].col,
                   "the rule '%.*s' is not among those that run", (int)c->inputs[k].reference.n,
                   c->inputs[k].reference.p);
            err_file(err, rule->path);
            return WEIR_BADARG;
        }
        /* What only goes to the shadow channel feeds nobody. */
        if (c->kind != OPERATOR_RISK && b->g->rules[to].rule->channel != CHANNEL_SHADOW &&
            b->g->rules[to].rule->channel != CHANNEL_OFF && rule->channel != CHANNEL_OFF)
            listen(b, to, i, k);
    }
    return WEIR_OK;
}

/* ---- one rule ------------------------------------------------------------------------------ */

static uint64_t threshold_of(const struct correlation *c)
{
    if (!c || (c->kind != OPERATOR_COUNT && c->kind != OPERATOR_DISTINCT) || !threshold_is_lower(c))
        return 1;
    return threshold_least(c);
}

static struct fold_spec fold_of(struct builder *b, struct graph_rule *r)
{
    const struct rule_state *state = r->rule->state;
    const struct str *names = r->dedup_fields;
    uint32_t n_names = r->n_dedup_fields;
    static const struct str entity = {"entity", 6};

    if (r->is_dedup_by_entity) {
        names = &entity;
        n_names = 1;
    }
    return (struct fold_spec){.rule_uid = r->rule->uid,
                              .tenant = b->g->tenants[r->tenant].name,
                              .period_ms = period_of(r->rule),
                              .threshold = threshold_of(r->rule->correlation),
                              .update_ms = UPDATE_PERIOD_MS,
                              .is_anchored = state && state->dedup.is_anchored,
                              .key_names = names,
                              .n_key_names = n_names};
}

static void set_dedup(struct graph_rule *r, const struct graph_options *options)
{
    const struct rule *rule = r->rule;
    const struct dedup *d = rule->state ? &rule->state->dedup : NULL;

    r->is_dedup_off = options->no_dedup || (d && d->is_set && d->is_off);
    if (d && d->is_set) {
        r->dedup_array = d->array;
        r->is_lacking_sole = d->lacking_is_sole;
    }
    if (d && d->is_set && d->has_fields) {
        r->dedup_fields = d->fields;
        r->n_dedup_fields = (uint32_t)d->n_fields;
    } else if (rule->correlation) {
        r->dedup_fields = rule->correlation->group;
        r->n_dedup_fields = (uint32_t)rule->correlation->n_group;
    } else {
        r->is_dedup_by_entity = true;
    }
}

/* Early is possible if nobody needs more than the findings, which fold by the group key. */
static bool is_final(const struct graph_rule *r)
{
    const struct correlation *c = r->rule->correlation;
    const struct rule_state *s = r->rule->state;

    return operator_is_final(c) || r->n_listeners > 0 || r->is_dedup_off ||
           (s && s->has_emit && s->emit == EMIT_FINAL) || (s && s->dedup.is_anchored) ||
           !str_all_eq(r->dedup_fields, r->n_dedup_fields, c->group, c->n_group);
}

/* What must have been seen for a time before it judges, without that time. */
static const struct correlation *trained(struct arena *a, const struct correlation *c)
{
    struct correlation *copy = ARENA_NEW(a, struct correlation);

    if (c->kind != OPERATOR_FIRST_SEEN && c->kind != OPERATOR_RARITY && c->kind != OPERATOR_RATIO)
        return c;
    *copy = *c;
    copy->training_ms = copy->activation_ms = 0;
    return copy;
}

static void add_operator(struct builder *b, uint32_t i)
{
    struct graph_rule *r = &b->g->rules[i];
    const struct correlation *c = r->rule->correlation;

    if (b->g->options.assume_trained)
        c = trained(b->a, c);

    r->spec = (struct operator_spec){.correlation = c,
                                     .is_final = is_final(r),
                                     .lists_steps = b->g->options.lists_steps,
                                     .window_ms = c->window_ms,
                                     .lateness_ms = r->rule->state && r->rule->state->lateness_ms
                                                        ? r->rule->state->lateness_ms
                                                        : LATENESS_DEFAULT_MS,
                                     .fold = fold_of(b, r)};
    for (uint32_t stage = 0; stage < r->kind->n_stages; stage++) {
        uint32_t space =
            add_space(b, SPACE_OPERATOR, i, stage, r->level - r->kind->n_stages + stage,
                      r->kind->steps[stage], &r->spec);
        if (stage == 0)
            r->stages = space;
        if (stage == 0 && !r->behind_ms) {
            b->g->spaces[space].spec.shrink = r->kind->shrink;
            b->g->spaces[space].spec.regrow = r->kind->regrow;
        }
    }
    if (r->tenant == 0) /* those of the others have the same names */
        want_fields(b, c);
    b->g->has_operators = true;
}

/* What an event's values say of a finding. */
static void want_by_value(struct builder *b, const struct rule *rule)
{
    const struct rule_by_value *v = &rule->by_value;

    for (size_t i = 0; i < rule->n_parameters; i++)
        if (rule->parameters[i].weighs.n)
            want_field(b, rule->parameters[i].weighs);
    for (size_t i = 0; i < v->n_levels; i++)
        want_field(b, v->levels[i].field);
    for (size_t i = 0; i < v->n_scores; i++)
        want_field(b, v->scores[i].field);
    if (v->title_field.n)
        want_field(b, v->title_field);
}

static void add_rule(struct builder *b, uint32_t i)
{
    struct graph_rule *r = &b->g->rules[i];
    const struct rule *rule = r->rule;
    const struct rule_state *state = rule->state;

    r->suppress = r->stages = r->brake = r->novelty = SPACE_NONE;
    /* As alerts have it: docs/alert.md. */
    enum rule_level level = rule->has_level || rule->correlation ? rule->level : LEVEL_MEDIUM;
    r->risk_score =
        (rule->has_score ? rule->score : rule_level_score(level)) * (int64_t)CORRELATION_MICRO;
    if (r->tenant == 0)
        want_by_value(b, rule);
    r->is_telling = !r->is_off &&
                    (rule->channel == CHANNEL_ALERT || rule->channel == CHANNEL_SHADOW) &&
                    !(state && state->is_referenced && !state->is_generated);
    set_dedup(r, &b->g->options);
    if (!r->is_off && r->tenant == 0)
        want_derived(b, rule);
    if (rule->correlation && !r->is_off)
        add_operator(b, i);
    for (uint32_t k = 0; k < r->n_dedup_fields && r->tenant == 0; k++)
        want_field(b, r->dedup_fields[k]);
    for (size_t k = 0; k < rule->fields.n && k < CAPSULE_FIELDS && !r->is_off && r->tenant == 0;
         k++)
        want_field(b, rule->fields.items[k]);
    bool tells_for_itself = rule->correlation && !r->spec.is_final;
    if (!r->is_telling || tells_for_itself || r->is_dedup_off)
        return;
    r->suppress_spec = (struct operator_spec){.correlation = rule->correlation,
                                              .lateness_ms = LATENESS_DEFAULT_MS,
                                              .fold = fold_of(b, r)};
    r->suppress_spec.fold.is_of_events = !rule->correlation;
    r->suppress = add_space(b, SPACE_SUPPRESS, i, 0, r->level, suppress_step, &r->suppress_spec);
}

static bool is_risk(const struct rule *rule)
{
    return rule->correlation && rule->correlation->kind == OPERATOR_RISK;
}

/* First level of the band that a rule's findings pass through. */
static uint32_t band_of(const struct builder *b, const struct graph_rule *r)
{
    return b->band + (is_risk(r->rule) ? GRAPH_BAND : 0);
}

/* Between dedup and brake: a braked Create has been seen, too. */
static void add_novelty(struct builder *b, uint32_t i)
{
    struct graph_rule *r = &b->g->rules[i];
    int32_t points = r->rule->state ? r->rule->state->first_seen_points : 0;

    if (!r->is_telling || points <= 0)
        return;
    r->novelty_spec = (struct novelty_spec){points};
    r->novelty = add_space(b, SPACE_NOVELTY, i, 0, band_of(b, r) + GRAPH_NOVELTY_LEVEL,
                           novelty_step, &r->novelty_spec);
}

/* The brake comes after everything that can make a finding of the rule. */
static void add_brake(struct builder *b, uint32_t i)
{
    struct graph_rule *r = &b->g->rules[i];

    uint32_t creates_max = b->g->options.brake_creates;

    if (!creates_max && b->g->options.is_once)
        creates_max = UINT32_MAX; /* what events tell by themselves has no other space */
    if (!r->is_telling || !creates_max)
        return;
    r->brake_spec = (struct brake_spec){.rule_uid = r->rule->uid,
                                        .tenant = b->g->tenants[r->tenant].name,
                                        .creates_max = creates_max,
                                        .period_ms = BRAKE_PERIOD_MS};
    const struct rule_state *state = r->rule->state;
    if (state && state->creates_max) {
        r->brake_spec.creates_max = state->creates_max;
        r->brake_spec.period_ms = state->creates_ms;
    }
    r->brake = add_space(b, SPACE_BRAKE, i, 0, band_of(b, r) + GRAPH_BRAKE_LEVEL, brake_step,
                         &r->brake_spec);
}

/* ---- levels: a rule's own is above those of all it listens to ------------------------------ */

static void wait_for(struct graph_rule *r, int64_t behind_ms)
{
    if (behind_ms > r->behind_ms)
        r->behind_ms = behind_ms;
}

static void note_risks(struct builder *b)
{
    uint32_t *risks = ARENA_ARRAY(b->a, b->g->n_rules, uint32_t);

    for (uint32_t i = 0; i < b->g->n_rules; i++) {
        const struct rule *rule = b->g->rules[i].rule;
        if (rule->correlation && rule->correlation->kind == OPERATOR_RISK &&
            rule->channel != CHANNEL_OFF)
            risks[b->g->n_risks++] = i;
    }
    b->g->risks = risks;
    b->g->n_risks /= b->g->n_tenants;
}

static uint32_t level_of(struct graph *g, uint32_t i)
{
    struct graph_rule *r = &g->rules[i];
    const struct correlation *c = r->rule->correlation;
    uint32_t below = 0;

    wait_for(r, r->rule->state ? r->rule->state->lateness_ms : 0);
    if (!c || r->level)
        return r->level;
    for (size_t k = 0; k < c->n_inputs; k++) {
        uint32_t input = number_of(g, r->tenant, c->inputs[k].rule);
        uint32_t level = level_of(g, input);
        wait_for(r, g->rules[input].behind_ms);
        below = level > below ? level : below;
    }
    r->level = below + r->kind->n_stages;
    return r->level;
}

/* Risk hears of alerts behind the brake: above all other rules. An alert passes through one after
 * the other. Its time may be its bucket's start, which is so much before the event that told it: so
 * that much later it is known what risk there was. Told it is at once; what waits is the Close. */
static void set_levels(struct builder *b)
{
    struct graph *g = b->g;
    uint32_t top = 0;
    int64_t behind_ms = 0;

    for (uint32_t i = 0; i < g->n_rules; i++) {
        uint32_t level = is_risk(g->rules[i].rule) ? 0 : level_of(g, i);
        top = level > top ? level : top;
        behind_ms = g->rules[i].behind_ms > behind_ms ? g->rules[i].behind_ms : behind_ms;
    }
    while (top >= b->band + GRAPH_NOVELTY_LEVEL)
        b->band += GRAPH_BAND;
    for (uint32_t i = 0; i < g->n_rules; i++)
        if (is_risk(g->rules[i].rule)) {
            g->rules[i].level = b->band + GRAPH_BAND + g->rules[i].kind->n_stages;
            wait_for(&g->rules[i], behind_ms + RISK_BUCKET_MAX_MS);
        }
    for (uint32_t k = 0; k < g->n_risks * g->n_tenants; k++)
        if (k % g->n_risks < GRAPH_RISKS_ASKED)
            g->rules[g->risks[k]].level += (uint32_t)(k % g->n_risks);
}

static void take_tenants(struct builder *b, const struct graph_options *options)
{
    static const struct graph_tenant nobody;
    const struct graph_tenant *given = options->n_tenants ? options->tenants : &nobody;
    size_t n = options->n_tenants ? options->n_tenants : 1;
    struct graph_tenant *own = ARENA_ARRAY(b->a, n, struct graph_tenant);

    memcpy(own, given, n * sizeof *own);
    b->g->tenants = own;
    b->g->n_tenants = n;
    b->g->options.tenants = own;
    b->g->options.n_tenants = n;
}

static void take_rules(struct builder *b, struct rule *const *shared, size_t n)
{
    struct graph *g = b->g;

    g->n_base_rules = n;
    g->n_rules = n * g->n_tenants;
    g->rules = ARENA_ARRAY(b->a, g->n_rules, struct graph_rule);
    for (size_t t = 0; t < g->n_tenants; t++)
        for (size_t i = 0; i < n; i++) {
            const struct rule *rule = (g->tenants[t].rules ? g->tenants[t].rules : shared)[i];
            ASSERT(str_eq(rule->uid, shared[i]->uid));
            g->rules[t * n + i].rule = rule;
            g->rules[t * n + i].tenant = (uint32_t)t;
        }
}

enum weir_rc graph_new(struct arena *a, struct rule *const *rules, size_t n,
                       const struct graph_options *options, const struct graph **out,
                       struct weir_err *err)
{
    struct builder b = {.a = a, .g = ARENA_NEW(a, struct graph)};
    struct graph *g = b.g;

    g->options = *options;
    take_tenants(&b, options);
    take_rules(&b, rules, n);
    for (uint32_t i = 0; i < g->n_rules; i++)
        if (g->rules[i].rule->correlation)
            TRY(link_inputs(&b, i, err));
    note_risks(&b);
    set_levels(&b);
    for (uint32_t i = 0; i < g->n_rules; i++)
        add_rule(&b, i);
    for (uint32_t i = 0; i < g->n_rules; i++) {
        add_novelty(&b, i);
        add_brake(&b, i);
    }
    g->wants_entities = (g->has_operators || g->options.is_once) && g->options.profiles;
    if (g->wants_entities)
        want_entities(&b);
    if (g->n_spaces > STORE_SPACES_MAX)
        return err_set(err, WEIR_LIMIT,
                       "%zu rules of %zu tenants need %u spaces of state, at most %d", n,
                       g->n_tenants, g->n_spaces, STORE_SPACES_MAX);
    if (g->n_levels > STORE_ROUNDS_MAX)
        return err_set(err, WEIR_LIMIT,
                       "correlations over correlations need %u levels of state, "
                       "at most %d",
                       g->n_levels, STORE_ROUNDS_MAX);
    g->fields = b.fields;
    g->n_fields = b.n_fields;
    *out = g;
    return WEIR_OK;
}

int64_t graph_longest_period_ms(const struct graph *g)
{
    int64_t longest_ms = 0;

    for (size_t i = 0; i < g->n_rules; i++) {
        int64_t ms = period_of(g->rules[i].rule);
        if (g->rules[i].is_telling && ms > longest_ms)
            longest_ms = ms;
    }
    return longest_ms;
}

void graph_attach(const struct graph *g, struct store *s)
{
    store_set_total(s, total_of(g));
    for (uint32_t i = 0; i < g->n_spaces; i++) {
        uint32_t number = store_add_space(s, &g->spaces[i].spec);
        ASSERT(number == i);
    }
}

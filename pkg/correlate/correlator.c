/* correlator.c - batches of operations through all levels of state.
 *
 * Levels are the graph's: every way in it leads to a higher one. So a batch is one pass over the
 * levels, and each level is one call of the store.
 */
#include "correlate/correlator.h"

#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"
#include "base/pack.h"
#include "base/str.h"
#include "correlate/brake.h"
#include "correlate/by_value.h"
#include "correlate/cited.h"
#include "correlate/first_seen.h"
#include "correlate/record.h"
#include "correlate/risk.h"
#include "state/capsule.h"
#include "state/uid.h"

enum { ORDER_BITS = 20, TECHNIQUES_BYTES_MAX = 512 };
#define ORDER_TIMER UINT64_MAX

/* Operations that wait for their level; what they carry is in the arena. */
struct level {
    struct state_op *ops;
    size_t n, cap;
    bool is_mixed; /* not in order */
};

struct placed {
    uint64_t order;
    size_t place; /* in its level: keeps equals in order */
};

struct told {
    uint64_t order;
    uint64_t sequence;
    size_t place; /* keeps equals in order */
    uint32_t rule, shard;
    bool is_others; /* see struct origin */
    struct str record;
};

struct added {
    size_t from; /* in bytes, if they are not lent */
    struct str lent;
    size_t n;
    struct correlator_event event;
};

/* In whose name a derived operation is: that of the emission it came from. */
struct origin {
    uint64_t order;
    uint32_t part, shard;
    struct store_at at;
    bool is_restored;
    /* Another rule set has left it in the outbox at a place where this one does not have it: what
     * comes of it may come of this set's own ways, too. */
    bool is_others;
};

struct correlator {
    const struct graph *g;
    struct store *store;
    struct arena *arena; /* one run */
    struct digest *digest;
    struct pressure *pressure;

    struct buf bytes; /* gathered */
    struct added *added;
    size_t n_added, cap_added;

    struct level *levels;
    struct state_op *sorted; /* of a level that was mixed */
    struct placed *placed;
    size_t cap_sorted;
    struct told *told;
    size_t n_told, cap_told;
    bool has_others; /* among them */

    int64_t watermark_ms; /* of the batch before */
    int64_t timer_ms;     /* of the batch at hand */
    struct buf scratch;
    struct correlator_counts counts;
    correlator_signal_fn *hears; /* NULL: nobody */
    void *hearing;
};

struct correlator *correlator_new(const struct graph *g, struct store *store)
{
    struct correlator *c = calloc(1, sizeof *c);

    ASSERT(c);
    c->g = g;
    c->store = store;
    c->arena = arena_new(0);
    c->digest = digest_new();
    c->pressure = pressure_new(g, store);
    c->cap_added = CORRELATOR_EVENTS_MAX;
    c->added = calloc(c->cap_added, sizeof *c->added);
    c->levels = calloc(g->n_levels, sizeof *c->levels);
    ASSERT(c->added && c->levels);
    c->watermark_ms = INT64_MIN;
    return c;
}

void correlator_free(struct correlator *c)
{
    if (!c)
        return;
    for (uint32_t i = 0; i < c->g->n_levels; i++)
        free(c->levels[i].ops);
    free(c->levels);
    free(c->added);
    free(c->sorted);
    free(c->placed);
    free(c->told);
    buf_release(&c->bytes);
    buf_release(&c->scratch);
    digest_free(c->digest);
    pressure_free(c->pressure);
    arena_free(c->arena);
    free(c);
}

/* Who takes whole records adds more than he wanted to when the last one holds many events. */
static struct added *next_added(struct correlator *c)
{
    if (c->n_added == c->cap_added) {
        c->cap_added *= 2;
        c->added = reallocarray(c->added, c->cap_added, sizeof *c->added);
        ASSERT(c->added);
    }
    return &c->added[c->n_added++];
}

void correlator_add(struct correlator *c, struct str gathered, const struct correlator_event *e)
{
    if (gathered.n == 0)
        return;
    *next_added(c) = (struct added){.from = c->bytes.n, .n = gathered.n, .event = *e};
    buf_add(&c->bytes, gathered);
}

void correlator_lend(struct correlator *c, struct str gathered, const struct correlator_event *e)
{
    if (gathered.n == 0)
        return;
    *next_added(c) = (struct added){.lent = gathered, .n = gathered.n, .event = *e};
}

bool correlator_is_full(const struct correlator *c)
{
    return c->n_added >= CORRELATOR_EVENTS_MAX || c->bytes.n >= CORRELATOR_BYTES_MAX;
}

int64_t correlator_watermark(const struct correlator *c)
{
    return c->watermark_ms;
}

void correlator_set_watermark(struct correlator *c, int64_t watermark_ms)
{
    c->watermark_ms = watermark_ms;
}

struct correlator_counts correlator_counts(const struct correlator *c)
{
    struct correlator_counts counts = c->counts;

    counts.pressure = pressure_counts(c->pressure);
    return counts;
}

/* ---- operations wait for their level ------------------------------------------------------- */

static struct state_op *wait_in(struct correlator *c, uint32_t space, const struct origin *from)
{
    struct level *l = &c->levels[c->g->spaces[space].spec.level];

    if (l->n == l->cap) {
        l->cap = l->cap ? l->cap * 2 : 256;
        l->ops = reallocarray(l->ops, l->cap, sizeof *l->ops);
        ASSERT(l->ops);
    }
    l->is_mixed |= l->n > 0 && l->ops[l->n - 1].order > from->order;
    struct state_op *op = &l->ops[l->n++];
    op->space = space;
    op->order = from->order;
    op->part = from->part;
    op->at = from->at;
    return op;
}

static struct hit *new_hit(struct correlator *c, struct state_op *op)
{
    struct hit *hit = arena_alloc(c->arena, sizeof *hit);

    op->payload = hit;
    return hit;
}

static void tell(struct correlator *c, const struct origin *from, uint32_t rule,
                 const struct finding *f, struct str record)
{
    if (c->n_told == c->cap_told) {
        c->cap_told = c->cap_told ? c->cap_told * 2 : 256;
        c->told = reallocarray(c->told, c->cap_told, sizeof *c->told);
        ASSERT(c->told);
    }
    if (from->is_restored) /* published before: what it leads to is derived all the same */
        return;
    c->told[c->n_told] = (struct told){from->order, f->sequence,     c->n_told, rule,
                                       from->shard, from->is_others, record};
    c->n_told++;
    c->has_others |= from->is_others;
}

/* ---- texts by name ------------------------------------------------------------------------ */

/* Values that a derived operation can be keyed by: those of the key below, then the fields of the
 * newest capsule. */
struct named {
    const struct str *names; /* of the key */
    struct str values[FINDING_KEYS_MAX];
    size_t n;
    struct capsule capsule;
    bool has_capsule;
    /* The values of a term that is new, by the names of its fields. */
    const struct str *term_fields;
    size_t n_term_fields;
    struct str term;
};

static void named_init(struct named *v, const struct str *names, size_t n_names, struct str keys,
                       struct str capsule)
{
    struct unpack u = unpack_from(keys);
    size_t n = keys.n ? unpack_u8(&u) : 0;

    v->names = names;
    v->n = n < n_names ? n : n_names;
    if (v->n > FINDING_KEYS_MAX)
        v->n = FINDING_KEYS_MAX;
    for (size_t i = 0; i < v->n; i++)
        v->values[i] = unpack_str(&u);
    v->has_capsule = capsule.n && capsule_unpack(capsule, &v->capsule);
}

static bool named_find(const struct named *v, struct str name, struct str *out)
{
    for (size_t i = 0; i < v->n; i++)
        if (str_eq(v->names[i], name)) {
            *out = v->values[i];
            return true;
        }
    struct str part, rest = v->term;
    for (size_t i = 0; i < v->n_term_fields; i++) {
        (void)str_cut(rest, FIRST_SEEN_BETWEEN, &part, &rest);
        if (str_eq(v->term_fields[i], name)) {
            *out = part;
            return true;
        }
    }
    for (uint32_t i = 0; v->has_capsule && i < v->capsule.n_fields; i++)
        if (str_eq(v->capsule.fields[i].name, name)) {
            *out = v->capsule.fields[i].value;
            return true;
        }
    return false;
}

static struct state_key tenant_key(const struct correlator *c, const struct graph_rule *r,
                                   const struct str *values, size_t n)
{
    return state_key_of(&c->g->options.secret, c->g->tenants[r->tenant].name, values, n);
}

static struct str pack_keys(struct correlator *c, const struct str *values, size_t n)
{
    buf_clear(&c->scratch);
    pack_u8(&c->scratch, (uint8_t)n);
    for (size_t i = 0; i < n; i++)
        pack_str(&c->scratch, values[i]);
    return arena_str(c->arena, buf_str(&c->scratch));
}

/* What is the same for all keys of a kind: fields, and what becomes of their values. */
struct key_form {
    const struct str *fields;
    size_t n;
    bool may_lack, is_ci;
};

static struct key_form group_form(const struct correlation *to, const struct str *fields)
{
    return (struct key_form){fields, to->n_group, to->on_missing != MISSING_DROP, to->is_group_ci};
}

/* The key that the values below make, for that rule's tenant; false: one is missing and must not
 * be.
 */
static bool key_of(struct correlator *c, const struct graph_rule *r, const struct named *v,
                   const struct key_form *form, struct state_key *key, struct str *packed)
{
    size_t n = form->n;
    struct str values[CORRELATION_GROUP_MAX] = {{0}};

    for (size_t i = 0; i < n; i++) {
        bool has = named_find(v, form->fields[i], &values[i]);
        if (!has && !form->may_lack)
            return false;
        values[i] = !has ? STR("") : form->is_ci ? arena_lower(c->arena, values[i]) : values[i];
    }
    *key = tenant_key(c, r, values, n);
    *packed = pack_keys(c, values, n);
    return true;
}

/* ---- findings ------------------------------------------------------------------------------- */

static void through_brake(struct correlator *c, const struct origin *from, uint32_t rule,
                          int64_t t_ms, struct str record)
{
    struct state_op *op = wait_in(c, c->g->rules[rule].brake, from);
    struct brake_hit *hit = arena_alloc(c->arena, sizeof *hit);
    struct str uid = c->g->rules[rule].rule->uid;

    op->t_ms = t_ms;
    op->key = tenant_key(c, &c->g->rules[rule], &uid, 1);
    *hit = (struct brake_hit){.record = record};
    op->payload = hit;
}

/* The rule's uid and its techniques: what a finding of risk names. */
static struct str techniques_of(struct correlator *c, const struct rule *rule)
{
    buf_clear(&c->scratch);
    buf_add(&c->scratch, rule->uid);
    for (size_t i = 0; i < rule->tags.n; i++) {
        struct str tag = rule->tags.items[i];
        bool is_technique =
            tag.n > 9 && str_starts(tag, STR("attack.t")) && tag.p[8] >= '0' && tag.p[8] <= '9';
        if (!is_technique || c->scratch.n + tag.n > TECHNIQUES_BYTES_MAX)
            continue;
        buf_add_char(&c->scratch, ',');
        buf_add(&c->scratch, str_sub(tag, 7, tag.n));
    }
    return arena_str(c->arena, buf_str(&c->scratch));
}

static bool risk_listens(const struct correlation *risk, const struct rule *rule)
{
    if (risk->n_inputs == 0)
        return true;
    for (size_t i = 0; i < risk->n_inputs; i++)
        if (risk->inputs[i].rule == rule)
            return true;
    return false;
}

static void named_of_finding(struct named *v, const struct finding *f)
{
    struct str capsule = f->n_capsules ? f->capsules[f->n_capsules - 1] : STR("");

    v->names = f->key_names;
    for (v->n = 0; v->n < f->n_keys; v->n++)
        v->values[v->n] = f->keys[v->n];
    v->has_capsule = capsule.n && capsule_unpack(capsule, &v->capsule);
}

/* A Create adds to the risk of its entity. Its time is its bucket's start where that is as sharp as
 * risk's own hours: which hit of the bucket came first must not matter. (Risk's watermark is so
 * much behind: graph.c.) False: this risk does not listen, or what it groups by is not there. */
static bool feed_risk(struct correlator *c, const struct origin *from, uint32_t risk_rule,
                      const struct graph_rule *r, const struct finding *f, const struct named *v,
                      struct str passing)
{
    const struct graph_rule *to = &c->g->rules[risk_rule];
    const struct correlation *risk = to->rule->correlation;
    bool is_sharp = f->has_bucket && f->bucket_end_ms - f->bucket_start_ms <= RISK_BUCKET_MAX_MS;
    struct state_key key;
    struct str packed;

    struct key_form form = group_form(risk, risk->group);
    if (!risk_listens(risk, r->rule) || !key_of(c, to, v, &form, &key, &packed))
        return false;
    struct state_op *op = wait_in(c, to->stages, from);
    op->t_ms = is_sharp ? f->bucket_start_ms : f->at_ms;
    op->key = key;
    *new_hit(c, op) =
        (struct hit){.count = 1,
                     .number_micro = r->risk_score,
                     .value = state_value_of(&c->g->options.secret, &r->rule->uid, 1),
                     .level = (uint8_t)r->rule->level,
                     .group_key = key,
                     .keys = packed,
                     .value_text = techniques_of(c, r->rule),
                     .capsule = f->n_capsules ? f->capsules[f->n_capsules - 1] : STR(""),
                     .addends = passing};
    return true;
}

/* To the risks from `next` on, one after the other (those beyond GRAPH_RISKS_ASKED hear of it at
 * once and are not asked). False: the finding has been through all of them. */
static bool through_risks(struct correlator *c, const struct origin *from, uint32_t rule,
                          const struct finding *f, struct str record, size_t next)
{
    const struct graph_rule *r = &c->g->rules[rule];
    const uint32_t *risks = c->g->risks + r->tenant * c->g->n_risks;
    struct named v = {0};

    if (next >= c->g->n_risks || r->rule->channel != CHANNEL_ALERT || f->is_braked || f->is_flood ||
        f->activity != FINDING_CREATE ||
        (r->rule->correlation && r->rule->correlation->kind == OPERATOR_RISK))
        return false;
    named_of_finding(&v, f);
    for (size_t i = GRAPH_RISKS_ASKED; next == 0 && i < c->g->n_risks; i++)
        (void)feed_risk(c, from, risks[i], r, f, &v, STR(""));
    buf_clear(&c->scratch);
    passing_pack(&(struct passing){graph_tenant_of(c->g, rule), r->rule->uid, record}, &c->scratch);
    struct str passing = arena_str(c->arena, buf_str(&c->scratch));
    for (size_t i = next; i < c->g->n_risks && i < GRAPH_RISKS_ASKED; i++)
        if (feed_risk(c, from, risks[i], r, f, &v, passing))
            return true;
    return false;
}

static void count_finding(struct correlator *c, const struct finding *f)
{
    c->counts.creates += f->activity == FINDING_CREATE;
    c->counts.updates += f->activity == FINDING_UPDATE;
    c->counts.closes += f->activity == FINDING_CLOSE;
    c->counts.braked += f->is_braked;
}

static void tell_finding(struct correlator *c, const struct origin *from, uint32_t rule,
                         const struct finding *f, struct str record)
{
    count_finding(c, f);
    tell(c, from, rule, f, record);
}

/* What has been through the brake: risks first, then it is told. */
static void finish_finding(struct correlator *c, const struct origin *from, uint32_t rule,
                           const struct finding *f, struct str record, size_t next_risk)
{
    if (through_risks(c, from, rule, f, record, next_risk))
        return;
    tell_finding(c, from, rule, f, record);
}

/* Has its key had a finding of the rule before? False: nobody asks. */
static bool through_novelty(struct correlator *c, const struct origin *from, uint32_t rule,
                            const struct finding *f, struct str record)
{
    if (c->g->rules[rule].novelty == SPACE_NONE || f->n_keys == 0 || f->is_flood)
        return false;
    struct state_op *op = wait_in(c, c->g->rules[rule].novelty, from);
    struct brake_hit *hit = arena_alloc(c->arena, sizeof *hit);

    op->t_ms = f->at_ms;
    op->key = tenant_key(c, &c->g->rules[rule], f->keys, f->n_keys);
    *hit = (struct brake_hit){.record = record};
    op->payload = hit;
    return true;
}

static void take_finding(struct correlator *c, const struct emission *e, struct str record,
                         const struct origin *from)
{
    const struct graph_space *space = &c->g->spaces[e->space];
    struct finding f;

    if (!finding_unpack(record, &f)) {
        c->counts.damaged++;
        return;
    }
    const struct graph_rule *r = &c->g->rules[space->rule];
    if (!r->is_telling)
        return;
    bool is_new = f.activity == FINDING_CREATE && space->role != SPACE_BRAKE;
    if (is_new && space->role != SPACE_NOVELTY && through_novelty(c, from, space->rule, &f, record))
        return;
    if (is_new && r->brake != SPACE_NONE) {
        through_brake(c, from, space->rule, f.at_ms, record);
        return;
    }
    finish_finding(c, from, space->rule, &f, record, 0);
}

/* UINT32_MAX: this set has none of that name. */
static uint32_t rule_named(const struct graph *g, struct str tenant, struct str uid)
{
    size_t t = 0;

    while (t < g->n_tenants && !str_eq(g->tenants[t].name, tenant))
        t++;
    for (size_t i = 0; t < g->n_tenants && i < g->n_base_rules; i++)
        if (str_eq(g->rules[t * g->n_base_rules + i].rule->uid, uid))
            return (uint32_t)(t * g->n_base_rules + i);
    return UINT32_MAX;
}

/* Out of a risk's cell: on to the next one. */
static void take_passing(struct correlator *c, const struct emission *e, struct str bytes,
                         const struct origin *from)
{
    struct passing p;
    struct finding f;
    size_t next = 0;

    if (!passing_unpack(bytes, &p) || !finding_unpack(p.finding, &f)) {
        c->counts.damaged++;
        return;
    }
    uint32_t rule = rule_named(c->g, p.tenant, p.rule_uid);
    if (rule == UINT32_MAX || !c->g->rules[rule].is_telling) {
        c->counts.foreign++;
        return;
    }
    if (from->is_others) { /* the risk that it passed has no place here, so there is no next */
        tell_finding(c, from, rule, &f, p.finding);
        return;
    }
    uint32_t through = c->g->spaces[e->space].rule;
    const uint32_t *risks = c->g->risks + c->g->rules[rule].tenant * c->g->n_risks;
    while (next < c->g->n_risks && risks[next] != through)
        next++;
    finish_finding(c, from, rule, &f, p.finding, next + 1);
}

/* What a condition that was met says of itself. */
static void note_signal(const struct graph_rule *r, const struct signal *s, struct finding *f)
{
    const struct correlation *of = r->rule->correlation;
    struct unpack u = unpack_from(s->hit.keys);
    size_t n_keys = s->hit.keys.n ? unpack_u8(&u) : 0;

    for (size_t i = 0; i < n_keys && i < FINDING_KEYS_MAX; i++) {
        f->key_names[i] = of && i < of->n_group ? of->group[i] : STR("");
        f->keys[f->n_keys++] = unpack_str(&u);
    }
    f->detail = s->detail;
    f->has_measured = s->has_measured;
    f->measured_micro = s->measured_micro;
    f->is_exact = !s->hit.is_inexact;
}

/* Dedup is off, or there is nothing to fold by: the match is a finding of its own. Its name has
 * the key's values (of an event alone, s NULL: none), and what sets it apart. */
static void sole_finding(struct correlator *c, uint32_t rule, const struct origin *from,
                         int64_t t_ms, const struct hit *hit, const struct signal *s,
                         struct str apart)
{
    const struct graph_rule *r = &c->g->rules[rule];
    struct str parts[3 + FINDING_KEYS_MAX] = {c->g->tenants[r->tenant].name, r->rule->uid};
    size_t n = 2;
    struct finding f = {.activity = FINDING_CREATE,
                        .cause = CAUSE_NONE,
                        .sequence = 1,
                        .hits = 1,
                        .first_ms = t_ms,
                        .last_ms = t_ms,
                        .at_ms = t_ms,
                        .level = r->rule->by_value.n_levels ? hit->level : (uint8_t)r->rule->level,
                        .is_exact = true,
                        .n_events = 1};

    if (s)
        note_signal(r, s, &f);
    for (uint32_t i = 0; i < f.n_keys; i++)
        parts[n++] = f.keys[i];
    parts[n++] = apart;
    struct uid uid = uid_of_parts(c->digest, parts, n);
    memcpy(f.uid, uid.bytes, sizeof(f.uid));
    f.n_capsules = (uint32_t)cited_list(hit, f.capsules, FINDING_CAPSULES_MAX);
    f.n_events = f.n_capsules > 1 ? f.n_capsules : 1;
    f.n_addends = (uint32_t)finding_addends_unpack(hit->addends, f.addends);
    buf_clear(&c->scratch);
    finding_pack(&f, &c->scratch);
    struct str record = arena_str(c->arena, buf_str(&c->scratch));
    if (r->brake != SPACE_NONE) {
        through_brake(c, from, rule, t_ms, record);
        return;
    }
    finish_finding(c, from, rule, &f, record, 0);
}

/* ---- signals -------------------------------------------------------------------------------- */

static void sole_signal(struct correlator *c, const struct origin *from, uint32_t rule,
                        const struct signal *s)
{
    struct str text = s->hit.value_text;
    struct str apart = arena_printf(c->arena, "time:%lld%s%.*s", (long long)s->t_ms,
                                    text.n ? ":" : "", (int)text.n, text.p ? text.p : "");

    sole_finding(c, rule, from, s->t_ms, &s->hit, s, apart);
}

static void to_suppress(struct correlator *c, const struct origin *from, uint32_t rule,
                        const struct signal *s, const struct named *v)
{
    const struct graph_rule *r = &c->g->rules[rule];
    struct state_key key;
    struct str packed;

    struct key_form form = {r->dedup_fields, r->n_dedup_fields, .may_lack = !r->is_lacking_sole};
    if (!key_of(c, r, v, &form, &key, &packed)) {
        sole_signal(c, from, rule, s);
        return;
    }
    struct state_op *op = wait_in(c, r->suppress, from);
    op->t_ms = s->t_ms;
    op->key = key;
    struct hit *hit = new_hit(c, op);
    *hit = s->hit;
    hit->keys = packed;
    hit->group_key = key;
    hit->number_micro = s->measured_micro;
    hit->value_text = s->detail.n ? s->detail : s->hit.value_text;
}

static void to_listener(struct correlator *c, const struct origin *from, const struct rule *below,
                        const struct graph_listener *l, const struct signal *s,
                        const struct named *v)
{
    const struct graph_rule *r = &c->g->rules[l->rule];
    const struct correlation *to = r->rule->correlation;
    struct state_key key;
    struct str packed, values[CORRELATION_FIELDS_MAX] = {{0}}, text = STR("");

    struct key_form form = group_form(to, to->inputs[l->label].group_fields);
    if (!key_of(c, r, v, &form, &key, &packed))
        return;
    size_t lacking = 0, bearable = to->may_lack_values ? to->n_fields - 1 : 0;
    for (size_t i = 0; i < to->n_fields; i++)
        if (!named_find(v, to->fields[i], &values[i]) && ++lacking > bearable)
            return;
    if (to->n_fields)
        text = values[0];
    struct state_op *op = wait_in(c, r->stages, from);
    op->t_ms = s->t_ms;
    op->key = key;
    struct hit *hit = new_hit(c, op);
    *hit = (struct hit){
        .label = l->label,
        .count = 1,
        .level = (uint8_t)(r->rule->has_level || below->is_part ? r->rule : below)->level,
        .group_key = key,
        .keys = packed,
        .value_text = text,
        .capsule = s->hit.capsule,
        .cited = s->hit.cited};
    if (to->n_fields)
        hit->value = state_value_of(&c->g->options.secret, values, to->n_fields);
    if (to->n_fields && !decimal_to_micro(text, &hit->number_micro))
        hit->number_micro = 0;
}

struct asking {
    const struct named *v;
    const struct signal *s;
};

static size_t values_of_case(void *context, const struct by_value_case *c, struct str *out,
                             size_t max)
{
    const struct asking *a = context;
    struct named told = *a->v; /* of key and term */

    ASSERT(max > 0);
    told.has_capsule = false;
    return named_find(&told, c->field, out) || by_value_column(a->s->detail, c->field, out) ||
                   by_value_shared(&a->s->hit, c->field, out)
               ? 1
               : 0;
}

/* What the values of all that made it say of its level and score. */
static void judge_by_value(struct correlator *c, const struct rule *rule, const struct named *v,
                           struct signal *s)
{
    struct asking asking = {v, s};
    struct by_value by_value = {rule, values_of_case, &asking};
    struct finding_addend more;

    s->hit.level = (uint8_t)by_value_level(&by_value, rule->level);
    if (by_value_score(&by_value, &more))
        s->hit.addends = by_value_added(c->arena, s->hit.addends, &more);
}

static void take_signal(struct correlator *c, const struct emission *e, struct str record,
                        const struct origin *from)
{
    const struct graph_space *space = &c->g->spaces[e->space];
    const struct graph_rule *r = &c->g->rules[space->rule];
    struct named v = {0};
    struct signal s;

    if (!signal_unpack(record, &s)) {
        c->counts.damaged++;
        return;
    }
    c->counts.signals++;
    if (c->hears)
        c->hears(c->hearing, e->space, &s);
    if (s.stage == SIGNAL_FACT)
        return;
    if (s.stage != SIGNAL_MET) {
        ASSERT(s.stage > space->stage && s.stage < r->kind->n_stages);
        struct state_op *op = wait_in(c, r->stages + s.stage, from);
        op->t_ms = s.t_ms;
        op->key = s.key;
        *new_hit(c, op) = s.hit;
        return;
    }
    named_init(&v, r->rule->correlation->group, r->rule->correlation->n_group, s.hit.keys,
               s.hit.capsule);
    if (r->rule->correlation->kind == OPERATOR_FIRST_SEEN) {
        v.term_fields = r->rule->correlation->fields;
        v.n_term_fields = r->rule->correlation->n_fields;
        v.term = s.hit.value_text;
    }
    judge_by_value(c, r->rule, &v, &s);
    if (r->suppress != SPACE_NONE)
        to_suppress(c, from, space->rule, &s, &v);
    else if (r->is_telling && r->is_dedup_off)
        sole_signal(c, from, space->rule, &s);
    for (size_t i = 0; i < r->n_listeners; i++)
        to_listener(c, from, r->rule, &r->listeners[i], &s, &v);
}

/* How much too late an event is for a rule: one that waits for longer than the source takes what is
 * late for others. */
static int64_t late_for(const struct correlator *c, uint32_t rule, const struct clock_lateness *l)
{
    int64_t wait = c->g->rules[rule].behind_ms - l->source_ms;

    return l->late_by_ms - (wait > 0 ? wait : 0);
}

/* ---- a run --------------------------------------------------------------------------------- */

static void take_added(struct correlator *c, const struct added *a)
{
    const struct correlator_event *e = &a->event;
    struct str rest = a->lent.n ? a->lent : (struct str){c->bytes.p + a->from, a->n};
    struct gathered *got = arena_alloc(c->arena, sizeof *got);
    struct origin origin = {.order = (uint64_t)e->event << ORDER_BITS,
                            .part = e->part,
                            .shard = FINDING_NO_SHARD,
                            .at = {e->position, 0}};
    const struct origin *from = &origin;

    for (; gathered_next(&rest, got); origin.order++) {
        if (got->space == SPACE_NONE) {
            struct str name = gathered_name(c->arena, got);
            sole_finding(c, got->rule, from, e->t_ms, &got->hit, NULL, name);
            continue;
        }
        int64_t late_ms = late_for(c, got->rule, &e->lateness);
        if (late_ms > 0 && c->g->spaces[got->space].role != SPACE_SUPPRESS) {
            c->counts.late++;
            continue;
        }
        struct state_op *op = wait_in(c, got->space, from);
        /* The bucket of a late event may be closed: dedup counts it when it was seen, at the
         * watermark that it met. The log alone says when that was, so a replay agrees. */
        op->t_ms = e->t_ms + (late_ms > 0 ? late_ms : 0);
        op->key = got->key;
        op->payload = &got->hit; /* where it was read to */
        if (rest.n)
            got = arena_alloc(c->arena, sizeof *got);
    }
}

/* ---- runs of a key (book.h, "passing") ------------------------------------------------------ */

/* For certain, in the order of capsule books. */
static bool comes_behind(const struct state_op *op, const struct state_op *last)
{
    const struct hit *hit = op->payload, *before = last->payload;
    uint64_t offset, offset_before;
    uint32_t index, index_before;

    if (op->t_ms != last->t_ms)
        return op->t_ms > last->t_ms;
    if (!capsule_place(hit->capsule, &offset, &index) ||
        !capsule_place(before->capsule, &offset_before, &index_before))
        return false;
    return offset != offset_before ? offset > offset_before : index > index_before;
}

static uint32_t *place_of_key(uint32_t *table, uint32_t mask, const struct state_op *ops,
                              const struct state_op *op)
{
    uint64_t h;

    memcpy(&h, op->key.bytes + 8, sizeof h); /* a keyed hash already */
    for (h ^= op->space * 0x9E3779B97F4A7C15ull;; h++) {
        uint32_t *at = &table[h & mask];
        if (*at == UINT32_MAX ||
            (ops[*at].space == op->space && memcmp(&ops[*at].key, &op->key, sizeof op->key) == 0))
            return at;
    }
}

/* The operation goes on the run of its key, or begins one. */
static void join_run(struct state_op *ops, uint32_t i, uint32_t *last)
{
    struct hit *hit = (struct hit *)(uintptr_t)ops[i].payload;

    hit->t_ms = ops[i].t_ms;
    if (*last != UINT32_MAX && comes_behind(&ops[i], &ops[*last])) {
        hit->before = ops[*last].payload;
        hit->run = hit->before->run + 1;
    }
    *last = i;
    if (hit->run < CAPSULES_FIRST + CAPSULES_LAST)
        return;
    struct hit *passing = hit;
    for (int k = 0; k < CAPSULES_LAST; k++)
        passing = (struct hit *)(uintptr_t)passing->before;
    passing->is_passing = true;
}

/* Events of rules that tell findings of their own. */
static void mark_runs(struct correlator *c, struct level *l)
{
    enum { FEW = 64 }; /* operations: not worth it */
    uint32_t size = FEW;

    if (l->n < FEW)
        return;
    while (size < l->n * 2)
        size *= 2;
    uint32_t *table = ARENA_ARRAY(c->arena, size, uint32_t);
    memset(table, 0xFF, size * sizeof *table);
    for (uint32_t i = 0; i < l->n; i++) {
        const struct graph_space *space = &c->g->spaces[l->ops[i].space];
        if (space->role == SPACE_SUPPRESS &&
            !c->g->rules[space->rule].suppress_spec.fold.is_anchored)
            join_run(l->ops, i, place_of_key(table, size - 1, l->ops, &l->ops[i]));
    }
}

static int by_order(const void *x, const void *y)
{
    const struct placed *a = x, *b = y;

    if (a->order != b->order)
        return a->order < b->order ? -1 : 1;
    return (a->place > b->place) - (a->place < b->place);
}

static void reserve_sorted(struct correlator *c, size_t n)
{
    if (n <= c->cap_sorted)
        return;
    c->cap_sorted = n * 2;
    c->sorted = reallocarray(c->sorted, c->cap_sorted, sizeof *c->sorted);
    c->placed = reallocarray(c->placed, c->cap_sorted, sizeof *c->placed);
    ASSERT(c->sorted && c->placed);
}

/* The operations of a level as the store takes them: in order, timers' descendants last. */
static const struct state_op *line_up(struct correlator *c, const struct level *l)
{
    if (!l->is_mixed)
        return l->ops;
    reserve_sorted(c, l->n);
    for (size_t i = 0; i < l->n; i++)
        c->placed[i] = (struct placed){l->ops[i].order, i};
    qsort(c->placed, l->n, sizeof *c->placed, by_order);
    for (size_t i = 0; i < l->n; i++)
        c->sorted[i] = l->ops[c->placed[i].place];
    return c->sorted;
}

/* A record where this set does not have its space, or has it in another level. A finding is told as
 * it is, if none of this set's own ways brings it as well (drop_doubles). A signal above its
 * level has nowhere to go. */
static void take_stray(struct correlator *c, const struct emission *e, struct str record,
                       const struct origin *from)
{
    struct finding f;

    if (e->space == STORE_SPACE_FOREIGN || record_kind_of(record) != RECORD_FINDING)
        c->counts.foreign++;
    else if (!finding_unpack(record, &f))
        c->counts.damaged++;
    else if (c->g->rules[c->g->spaces[e->space].rule].is_telling)
        tell_finding(c, from, c->g->spaces[e->space].rule, &f, record);
}

static void take_emission(struct correlator *c, const struct emission *e, uint32_t level)
{
    struct str record = arena_str(c->arena, e->bytes);
    bool is_foreign = e->space == STORE_SPACE_FOREIGN;
    uint32_t here = is_foreign ? 0 : c->g->spaces[e->space].spec.level;
    struct origin from = {.order = e->order,
                          .part = e->part,
                          .shard = e->shard,
                          .at = e->at,
                          .is_restored = e->is_restored,
                          .is_others = is_foreign || here != level};

    if (record_kind_of(record) == RECORD_PASSING)
        take_passing(c, e, record, &from);
    else if (record_kind_of(record) == RECORD_SIGNAL && !is_foreign && here >= level)
        take_signal(c, e, record, &from);
    else if (from.is_others)
        take_stray(c, e, record, &from);
    else
        take_finding(c, e, record, &from);
}

enum weir_rc correlator_apply(struct correlator *c, uint32_t level,
                              const struct correlator_frame *frame, enum store_answer *answer,
                              struct weir_err *err)
{
    struct level *l = &c->levels[level];
    const struct emission *emissions;
    size_t n;

    const struct state_op *ops = line_up(c, l);
    for (size_t done = 0;;) {
        /* With parts a round is one call, since upto is its end: whoever has parts keeps his
         * batches small enough. */
        size_t part = l->n - done < STORE_OPS_MAX ? l->n - done : STORE_OPS_MAX;
        bool is_last = done + part == l->n;
        ASSERT(is_last || !frame->n_parts);
        struct store_batch batch = {.round = level,
                                    .ops = ops ? ops + done : NULL,
                                    .n_ops = part,
                                    .clock = {frame->watermark_ms},
                                    .timer_ms = is_last ? frame->timer_ms : INT64_MIN,
                                    .parts = frame->parts,
                                    .n_parts = frame->n_parts,
                                    .incarnation = frame->incarnation,
                                    .is_sweep = frame->is_sweep};
        TRY(store_apply(c->store, &batch, &emissions, &n, answer, err));
        if (*answer != STORE_DONE)
            return WEIR_OK;
        pressure_touch_givers(c->pressure);
        for (size_t i = 0; i < n; i++)
            take_emission(c, &emissions[i], level);
        done += part;
        if (is_last)
            break;
    }
    for (size_t i = 0; i < l->n; i++)
        pressure_touch(c->pressure, ops[i].space, ops[i].t_ms);
    c->timer_ms = frame->timer_ms;
    c->counts.operations += l->n;
    l->n = 0;
    l->is_mixed = false;
    return WEIR_OK;
}

/* A Create takes the longer way, through the brake: by sequence it comes before what follows it. */
static int by_told_order(const void *x, const void *y)
{
    const struct told *a = x, *b = y;

    if (a->order != b->order)
        return a->order < b->order ? -1 : 1;
    if (a->sequence != b->sequence)
        return a->sequence < b->sequence ? -1 : 1;
    return (a->place > b->place) - (a->place < b->place);
}

/* What the batch cost: told behind all, past brake and risk. */
static void tell_pressure(struct correlator *c)
{
    static const struct origin behind = {.order = ORDER_TIMER, .shard = FINDING_NO_SHARD};
    struct finding f;
    uint32_t rule;

    pressure_end_batch(c->pressure, c->timer_ms);
    while (pressure_next(c->pressure, &rule, &f)) {
        buf_clear(&c->scratch);
        finding_pack(&f, &c->scratch);
        count_finding(c, &f);
        tell(c, &behind, rule, &f, arena_str(c->arena, buf_str(&c->scratch)));
    }
}

static bool is_same_record(const struct told *a, const struct told *b)
{
    struct finding x, y;

    return a->sequence == b->sequence && finding_unpack(a->record, &x) &&
           finding_unpack(b->record, &y) && x.activity == y.activity &&
           memcmp(x.uid, y.uid, sizeof x.uid) == 0;
}

/* What another set has brought to its end and this one, too, is told once. Seldom: a batch that a
 * worker with another rule set has begun. */
static void drop_doubles(struct correlator *c)
{
    size_t n = 0;

    for (size_t i = 0; i < c->n_told; i++) {
        bool is_double = false;
        for (size_t k = 0; k < c->n_told && c->told[i].is_others && !is_double; k++)
            is_double = (k < n || (k > i && !c->told[k].is_others)) &&
                        is_same_record(&c->told[i], &c->told[k]);
        if (!is_double)
            c->told[n++] = c->told[i];
    }
    c->n_told = n;
}

enum weir_rc correlator_tell(struct correlator *c, correlator_fn *fn, void *context,
                             struct weir_err *err)
{
    struct finding f;
    enum weir_rc rc = WEIR_OK;

    tell_pressure(c);
    if (c->has_others)
        drop_doubles(c);
    for (size_t i = 1; i < c->n_told; i++)
        if (by_told_order(&c->told[i - 1], &c->told[i]) > 0) {
            qsort(c->told, c->n_told, sizeof *c->told, by_told_order);
            break;
        }
    for (size_t i = 0; i < c->n_told && rc == WEIR_OK; i++) {
        if (!finding_unpack(c->told[i].record, &f))
            continue;
        f.rule = c->told[i].rule;
        f.shard = c->told[i].shard;
        uint64_t order = c->told[i].order;
        f.is_timer = f.is_timer || order == ORDER_TIMER;
        rc = fn(context, &f, order == ORDER_TIMER ? UINT32_MAX : (uint32_t)(order >> ORDER_BITS),
                err);
    }
    correlator_drop(c);
    return rc;
}

void correlator_hear(struct correlator *c, correlator_signal_fn *fn, void *context)
{
    c->hears = fn;
    c->hearing = context;
}

void correlator_drop(struct correlator *c)
{
    for (uint32_t i = 0; i < c->g->n_levels; i++) {
        c->levels[i].n = 0;
        c->levels[i].is_mixed = false;
    }
    c->n_told = 0;
    c->has_others = false;
    c->n_added = 0;
    buf_clear(&c->bytes);
}

void correlator_begin(struct correlator *c)
{
    arena_reset(c->arena);
    c->n_told = 0;
    c->has_others = false;
    for (size_t i = 0; i < c->n_added; i++)
        take_added(c, &c->added[i]);
    for (uint32_t i = 0; i < c->g->n_levels; i++)
        mark_runs(c, &c->levels[i]);
}

enum weir_rc correlator_run(struct correlator *c, int64_t watermark_ms, correlator_fn *fn,
                            void *context, struct weir_err *err)
{
    struct correlator_frame frame = {.watermark_ms = c->watermark_ms, .timer_ms = watermark_ms};
    enum store_answer answer = STORE_DONE;

    correlator_begin(c);
    for (uint32_t level = 0; level < c->g->n_levels; level++)
        if (c->levels[level].n || store_next_due(c->store) <= watermark_ms)
            TRY(correlator_apply(c, level, &frame, &answer, err));
    ASSERT(answer == STORE_DONE); /* without parts there is nothing to be fenced off from */
    if (watermark_ms > c->watermark_ms)
        c->watermark_ms = watermark_ms;
    return correlator_tell(c, fn, context, err);
}

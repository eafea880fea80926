/* correlator_finding.c - the way of a finding: novelty, storm brake, the risks one after the other,
 * then it is told.
 *
 *     operator or dedup -> [novelty] -> [brake, a Create] -> [risks, a Create] -> told
 *
 * Each station is a cell of a higher level that holds the finding back until it has been asked, so
 * a finding leaves here as an operation and comes back as an emission, or is told.
 */
#include "correlate/correlator_impl.h"

#include <string.h>

#include "base/pack.h"
#include "base/str.h"
#include "correlate/brake.h"
#include "correlate/cited.h"
#include "correlate/risk.h"
#include "state/uid.h"

enum { TECHNIQUES_BYTES_MAX = 512 };

static void through_brake(struct correlator *c, const struct origin *from, uint32_t rule,
                          int64_t t_ms, struct str record)
{
    struct state_op *op = correlator_wait_in(c, c->g->rules[rule].brake, from);
    struct brake_hit *hit = arena_alloc(c->arena, sizeof *hit);
    struct str uid = c->g->rules[rule].rule->uid;

    op->t_ms = t_ms;
    op->key = correlator_tenant_key(c, &c->g->rules[rule], &uid, 1);
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

/* A Create adds to the risk of its entity. Its time is its bucket's start where that is as sharp as
 * risk's own hours: which hit of the bucket came first must not matter. (Risk's watermark is so
 * much behind: graph.c.) False: this risk does not listen, or what it groups by is not there. */
static bool feed_risk(struct correlator *c, const struct origin *from, uint32_t risk_rule,
                      const struct graph_rule *r, const struct finding *f, const struct known *v,
                      struct str passing)
{
    const struct graph_rule *to = &c->g->rules[risk_rule];
    const struct correlation *risk = to->rule->correlation;
    bool is_sharp = f->has_bucket && f->bucket_end_ms - f->bucket_start_ms <= RISK_BUCKET_MAX_MS;
    struct state_key key;
    struct str packed;

    struct key_form form = key_form_of_group(risk, risk->group);
    if (!risk_listens(risk, r->rule) || !correlator_key_of(c, to, v, &form, &key, &packed))
        return false;
    struct state_op *op = correlator_wait_in(c, to->stages, from);
    op->t_ms = is_sharp ? f->bucket_start_ms : f->at_ms;
    op->key = key;
    *correlator_new_hit(c, op) =
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
    struct known v = {0};

    if (next >= c->g->n_risks || r->rule->channel != CHANNEL_ALERT || f->is_braked || f->is_flood ||
        f->activity != FINDING_CREATE ||
        (r->rule->correlation && r->rule->correlation->kind == OPERATOR_RISK))
        return false;
    known_of_finding(&v, f);
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

/* What has been through the brake: risks first, then it is told. */
static void finish_finding(struct correlator *c, const struct origin *from, uint32_t rule,
                           const struct finding *f, struct str record, size_t next_risk)
{
    if (through_risks(c, from, rule, f, record, next_risk))
        return;
    correlator_note(c, from, rule, f, record);
}

/* Has its key had a finding of the rule before? False: nobody asks. */
static bool through_novelty(struct correlator *c, const struct origin *from, uint32_t rule,
                            const struct finding *f, struct str record)
{
    if (c->g->rules[rule].novelty == SPACE_NONE || f->n_keys == 0 || f->is_flood)
        return false;
    struct state_op *op = correlator_wait_in(c, c->g->rules[rule].novelty, from);
    struct brake_hit *hit = arena_alloc(c->arena, sizeof *hit);

    op->t_ms = f->at_ms;
    op->key = correlator_tenant_key(c, &c->g->rules[rule], f->keys, f->n_keys);
    *hit = (struct brake_hit){.record = record};
    op->payload = hit;
    return true;
}

void correlator_take_finding(struct correlator *c, const struct emission *e, struct str record,
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

void correlator_take_passing(struct correlator *c, const struct emission *e, struct str bytes,
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
        correlator_note(c, from, rule, &f, p.finding);
        return;
    }
    uint32_t through = c->g->spaces[e->space].rule;
    const uint32_t *risks = c->g->risks + c->g->rules[rule].tenant * c->g->n_risks;
    while (next < c->g->n_risks && risks[next] != through)
        next++;
    finish_finding(c, from, rule, &f, p.finding, next + 1);
}

void correlator_take_stray(struct correlator *c, const struct emission *e, struct str record,
                           const struct origin *from)
{
    struct finding f;

    if (e->space == STORE_SPACE_FOREIGN || record_kind_of(record) != RECORD_FINDING)
        c->counts.foreign++;
    else if (!finding_unpack(record, &f))
        c->counts.damaged++;
    else if (c->g->rules[c->g->spaces[e->space].rule].is_telling)
        correlator_note(c, from, c->g->spaces[e->space].rule, &f, record);
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

void correlator_sole_finding(struct correlator *c, const struct origin *from, uint32_t rule,
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

/* correlator_signal.c - the way of a signal: to the next stage of its operator, or, once its
 * condition is met, to dedup and to the correlations that listen to its rule.
 */
#include "correlate/correlator_impl.h"

#include "base/decimal.h"
#include "correlate/by_value.h"

static void sole_signal(struct correlator *c, const struct origin *from, uint32_t rule,
                        const struct signal *s)
{
    struct str text = s->hit.value_text;
    struct str apart = arena_printf(c->arena, "time:%lld%s%.*s", (long long)s->t_ms,
                                    text.n ? ":" : "", (int)text.n, text.p ? text.p : "");

    correlator_sole_finding(c, from, rule, s->t_ms, &s->hit, s, apart);
}

static void to_suppress(struct correlator *c, const struct origin *from, uint32_t rule,
                        const struct signal *s, const struct known *v)
{
    const struct graph_rule *r = &c->g->rules[rule];
    struct state_key key;
    struct str packed;

    struct key_form form = {r->dedup_fields, r->n_dedup_fields, .may_lack = !r->is_lacking_sole};
    if (!correlator_key_of(c, r, v, &form, &key, &packed)) {
        sole_signal(c, from, rule, s);
        return;
    }
    struct state_op *op = correlator_wait_in(c, r->suppress, from);
    op->t_ms = s->t_ms;
    op->key = key;
    struct hit *hit = correlator_new_hit(c, op);
    *hit = s->hit;
    hit->keys = packed;
    hit->group_key = key;
    hit->number_micro = s->measured_micro;
    hit->value_text = s->detail.n ? s->detail : s->hit.value_text;
}

static void to_listener(struct correlator *c, const struct origin *from, const struct rule *below,
                        const struct graph_listener *l, const struct signal *s,
                        const struct known *v)
{
    const struct graph_rule *r = &c->g->rules[l->rule];
    const struct correlation *to = r->rule->correlation;
    struct state_key key;
    struct str packed, values[CORRELATION_FIELDS_MAX] = {{0}}, text = STR("");

    struct key_form form = key_form_of_group(to, to->inputs[l->label].group_fields);
    if (!correlator_key_of(c, r, v, &form, &key, &packed))
        return;
    size_t lacking = 0, bearable = to->may_lack_values ? to->n_fields - 1 : 0;
    for (size_t i = 0; i < to->n_fields; i++)
        if (!known_find(v, to->fields[i], &values[i]) && ++lacking > bearable)
            return;
    if (to->n_fields)
        text = values[0];
    struct state_op *op = correlator_wait_in(c, r->stages, from);
    op->t_ms = s->t_ms;
    op->key = key;
    struct hit *hit = correlator_new_hit(c, op);
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
    const struct known *v;
    const struct signal *s;
};

static size_t values_of_case(void *context, const struct by_value_case *c, struct str *out,
                             size_t max)
{
    const struct asking *a = context;
    struct known told = *a->v; /* of key and term */

    ASSERT(max > 0);
    told.has_capsule = false;
    return known_find(&told, c->field, out) || by_value_column(a->s->detail, c->field, out) ||
                   by_value_shared(&a->s->hit, c->field, out)
               ? 1
               : 0;
}

/* What the values of all that made it say of its level and score. */
static void judge_by_value(struct correlator *c, const struct rule *rule, const struct known *v,
                           struct signal *s)
{
    struct asking asking = {v, s};
    struct by_value by_value = {rule, values_of_case, &asking};
    struct finding_addend more;

    s->hit.level = (uint8_t)by_value_level(&by_value, rule->level);
    if (by_value_score(&by_value, &more))
        s->hit.addends = by_value_added(c->arena, s->hit.addends, &more);
}

void correlator_take_signal(struct correlator *c, const struct emission *e, struct str record,
                            const struct origin *from)
{
    const struct graph_space *space = &c->g->spaces[e->space];
    const struct graph_rule *r = &c->g->rules[space->rule];
    struct known v = {0};
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
        struct state_op *op = correlator_wait_in(c, r->stages + s.stage, from);
        op->t_ms = s.t_ms;
        op->key = s.key;
        *correlator_new_hit(c, op) = s.hit;
        return;
    }
    known_of_key(&v, r->rule->correlation->group, r->rule->correlation->n_group, s.hit.keys,
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

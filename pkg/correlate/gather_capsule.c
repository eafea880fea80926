/* gather_capsule.c - what the operations of one matched rule share: what windows keep of the event,
 * and what lists and the event itself add to the score.
 */
#include "correlate/gather_impl.h"

#include "base/pack.h"
#include "base/str.h"
#include "correlate/addends.h"
#include "correlate/by_value.h"
#include "state/finding.h"

/* A capsule that is being made. */
struct making {
    struct gatherer *w;
    struct capsule_writer writer;
    struct str names[CAPSULE_FIELDS]; /* that it has, or would have if they fitted */
    uint32_t n;
};

static bool has_name(const struct making *m, struct str name)
{
    for (uint32_t i = 0; i < m->n; i++)
        if (m->names[i].n == name.n && (m->names[i].p == name.p || str_eq(m->names[i], name)))
            return true;
    return false;
}

static void keep(struct making *m, struct str name, struct str value)
{
    if (has_name(m, name))
        return;
    m->names[m->n++] = name;
    capsule_put(&m->writer, name, value);
}

static void keep_numbers(struct making *m, const uint32_t *f, size_t n)
{
    struct str value;

    for (; n > 0 && *f != FIELD_NONE && m->n < CAPSULE_FIELDS; f++, n--)
        if (gather_value(m->w, *f, &value))
            keep(m, derive_name(m->w->derive, *f), value);
}

/* Fields of the dedup key of whoever listens, where a list in them is one value. */
static void keep_whole(struct making *m, const struct graph_rule *r)
{
    struct gatherer *w = m->w;
    struct str value;

    for (size_t k = 0; k < r->n_listeners; k++) { /* has_whole */
        const struct graph_rule *to = &w->g->rules[r->listeners[k].rule];
        for (uint32_t i = 0; to->dedup_array == DEDUP_WHOLE && i < to->n_dedup_fields; i++)
            if (m->n < CAPSULE_FIELDS &&
                gather_whole(w, derive_number(w->derive, r->rule, to->dedup_fields[i]), &value))
                keep(m, to->dedup_fields[i], value);
    }
}

/* What is kept so far are the first ones of named, in their order: a rule that groups by the
 * event's host has kept just that. */
static bool has_first_named(const struct making *m)
{
    const struct gatherer *w = m->w;

    if (m->n > w->n_named)
        return false;
    for (uint32_t i = 0; i < m->n; i++)
        if (m->names[i].p != w->named[i].field.p)
            return false;
    return true;
}

/* Fields from .. to of the block that was made for all rules which match the event. */
static bool keep_block(struct making *m, uint32_t from, uint32_t to)
{
    const struct gatherer *w = m->w;

    if (!w->has_named_fields || !capsule_put_range(&m->writer, &w->named_fields, from, to))
        return false;
    for (uint32_t i = from; i < to; i++)
        m->names[m->n++] = w->named[i].field;
    return true;
}

/* What extraction has sliced out names the entities as well: mostly as that block. */
static void keep_named(struct making *m, uint32_t max)
{
    const struct gatherer *w = m->w;

    if (has_first_named(m)) {
        if (keep_block(m, m->n, max < w->n_named ? max : w->n_named))
            return;
    } else {
        uint32_t n = max - m->n < w->n_named ? max - m->n : w->n_named;
        bool is_new = true;
        for (uint32_t i = 0; i < n; i++)
            is_new = is_new && !has_name(m, w->named[i].field);
        if (is_new && keep_block(m, 0, n))
            return;
    }
    for (uint32_t i = 0; i < w->n_named && m->n < max; i++)
        keep(m, w->named[i].field, w->named[i].value);
}

/* Where extraction does not look for entities, what matches is told: its tree is needed anyway. */
static void keep_entities(struct making *m, uint32_t max)
{
    struct gatherer *w = m->w;

    if (m->n >= max)
        return;
    if (w->g->wants_entities) {
        keep_named(m, max);
        return;
    }
    for (size_t i = 0; i < gather_entities(w) && m->n < max; i++)
        keep(m, w->entities[i].field, w->entities[i].value);
}

/* What all capsules of the event have. */
static void make_head(struct gatherer *w)
{
    const struct gather_event *at = w->at;
    struct capsule c; /* as far as the head is of it */

    c.input = at->input;
    c.partition = at->partition;
    c.offset = at->event->ref.record;
    c.index = at->event->ref.index;
    c.t_ms = at->t_ms;
    c.profile = at->profile ? profile_name(at->profile) : STR("");
    capsule_event_pack(&w->capsule_head, &c);
    w->has_head = true;
    if (!w->g->wants_entities)
        return;
    gather_find_named(w);
    w->named_fields.n = w->named_fields.cuts = 0;
    w->has_named_fields = true;
    for (uint32_t i = 0; i < w->n_named && w->has_named_fields; i++)
        w->has_named_fields =
            capsule_fields_add(&w->named_fields, w->named[i].field, w->named[i].value);
}

/* Fields that keys are made of, then entities, then what else the rule names: a little of it in any
 * case, since it says what happened. */
size_t gather_capsule(struct gatherer *w, uint32_t rule, char *to)
{
    const struct capsule_plan *plan = &w->capsules[rule - w->first];
    struct making m; /* names as far as they are there */

    if (!w->has_head)
        make_head(w);
    m.w = w;
    m.n = 0;
    capsule_open(&m.writer, to, &w->capsule_head, w->g->rules[rule].rule->uid);
    if (plan->has_whole)
        keep_whole(&m, &w->g->rules[rule]);
    keep_numbers(&m, plan->numbers, plan->n_needed);
    keep_entities(&m, CAPSULE_FIELDS - plan->n_for_own);
    keep_numbers(&m, plan->numbers + plan->n_needed, SIZE_MAX);
    return capsule_close(&m.writer);
}

/* Where a case by value looks: at the event, and for a field that the key of a correlation has at
 * the key's value, since of a list each member makes a key of its own. */
struct asking {
    struct gatherer *w;
    const struct numbers *numbers;
    const struct correlation *c; /* NULL: a rule about single events */
    struct str keys;             /* packed as in hit.keys */
};

static bool of_key(const struct asking *a, struct str field, struct str *out)
{
    struct unpack u = unpack_from(a->keys);
    size_t n = a->c && a->keys.n ? unpack_u8(&u) : 0;

    for (size_t i = 0; i < n && i < a->c->n_group; i++) {
        struct str value = unpack_str(&u);
        if (!str_eq(a->c->group[i], field))
            continue;
        *out = value;
        return true;
    }
    return false;
}

static size_t values_of_case(void *context, const struct by_value_case *c, struct str *out,
                             size_t max)
{
    const struct asking *a = context;
    const uint32_t *fields = c->is_score ? a->numbers->scores : a->numbers->levels;

    return of_key(a, c->field, out) ? 1 : gather_values(a->w, fields[c->i], out, max);
}

/* The score that the values say, as what is to be added to the rule's own. */
static size_t score_by_value(struct gatherer *w, uint32_t rule, struct str keys,
                             struct finding_addend *out)
{
    const struct rule *r = w->g->rules[rule].rule;
    struct asking asking = {w, &w->numbers[rule - w->first], r->correlation, keys};

    return by_value_score(&(struct by_value){r, values_of_case, &asking}, out);
}

/* The greatest weight that a value of the field has on a parameter's list; 0: none has any. */
static int32_t weigh(struct gatherer *w, const struct rule_parameter *p, uint32_t field)
{
    struct str members[MEMBERS_MAX];
    size_t n = gather_values(w, field, members, MEMBERS_MAX);
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
void gather_addends(struct gatherer *w, uint32_t rule)
{
    struct event_field fields[CAPSULE_FIELDS];
    struct finding_addend own[ADDENDS_OWN_MAX];
    size_t n = 0, n_own = 0;

    buf_clear(&w->addends);
    if (!w->numbers[rule - w->first].is_plain) {
        n_own = score_by_value(w, rule, STR(""), own);
        n_own += score_by_weight(w, rule, own + n_own);
    }
    if (!w->asks_entities) {
        finding_addends_pack(own, n_own, &w->addends);
        return;
    } /* they cost a walk through the whole event */
    for (const uint32_t *f = w->capsules[rule - w->first].numbers; *f != FIELD_NONE; f++) {
        fields[n].name = derive_name(w->derive, *f);
        n += gather_value(w, *f, &fields[n].value);
    }
    size_t n_entities = gather_entities(w);
    addends_of(w->tenant->lists, w->entities, n_entities, fields, n, own, n_own, &w->addends);
}

/* A correlation's own level replaces those of the rules it hears; what the event's values say
 * replaces both. */
uint8_t gather_level(struct gatherer *w, uint32_t matched, uint32_t to, struct str keys)
{
    const struct rule *r = w->g->rules[to].rule;
    const struct numbers *numbers = &w->numbers[to - w->first];
    const struct rule *heard = w->g->rules[matched].rule;
    enum rule_level level = (r->has_level || heard->is_part ? r : heard)->level;

    if (numbers->is_plain)
        return (uint8_t)level;
    struct asking asking = {w, numbers, r->correlation, keys};
    return (uint8_t)by_value_level(&(struct by_value){r, values_of_case, &asking}, level);
}

/* What lists add is the event's; the score that values say is whose finding it is. */
struct str gather_addends_for(struct gatherer *w, uint32_t matched, uint32_t to, struct str keys)
{
    struct finding_addend more;

    if (to == matched || w->numbers[to - w->first].is_plain || !score_by_value(w, to, keys, &more))
        return buf_str(&w->addends);
    return by_value_added(w->arena, buf_str(&w->addends), &more);
}

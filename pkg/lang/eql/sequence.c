/* sequence.c - a sequence to a correlation over rules of its own: a part for each item, which is
 * silent, and the operator SEQUENCE over them. A sample is the same without an order: SET.
 *
 * Keys are the fields of the item, then those of the whole sequence. They must be there, except
 * that an optional one takes null for a value.
 */
#include "lang/eql/lower.h"

#include "base/str.h"
#include "rule/correlation.h"

/* What is kept of a sequence without a maxspan. */
#define WINDOW_DEFAULT_MS (INT64_C(24) * 3600 * 1000)

struct builder {
    struct query_scope *s;
    const struct query_options *options;
    const struct eql_query *q;
    struct rule *rule;
    struct correlation *c;
    struct correlation_input *inputs;
    struct sequence_item *items;
    size_t n_required; /* keys that are not optional */
};

static struct rule *new_part(struct builder *b, const struct eql_item *item, size_t number)
{
    struct rule *part = ARENA_NEW(b->s->a, struct rule);
    struct rule_state *state = ARENA_NEW(b->s->a, struct rule_state);

    *part = *b->rule;
    part->uid = arena_printf(b->s->a, "%.*s/%zu", (int)b->rule->uid.n, b->rule->uid.p, number + 1);
    part->name = STR("");
    part->is_part = true;
    part->channel = CHANNEL_INTERNAL;
    part->line = item->at.line;
    part->correlation = NULL;
    state->is_referenced = true;
    part->state = state;
    part->formula = eql_item_formula(b->s, b->options, item);
    return part->formula ? part : NULL;
}

static void add_key(struct builder *b, struct str *names, size_t at, const struct eql_node *field,
                    uint32_t *optional)
{
    names[at] = names_intern(b->s->names, field->text);
    b->n_required += !field->is_optional;
    *optional |= (uint32_t)field->is_optional << at;
}

static const struct str *key_names(struct builder *b, const struct eql_item *item,
                                   uint32_t *optional)
{
    struct str *names = ARENA_ARRAY(b->s->a, item->n_by + b->q->n_by, struct str);

    for (size_t i = 0; i < item->n_by; i++)
        add_key(b, names, i, item->by[i], optional);
    for (size_t i = 0; i < b->q->n_by; i++)
        add_key(b, names, item->n_by + i, b->q->by[i], optional);
    return names;
}

static bool add_item(struct builder *b, const struct eql_item *item, enum sequence_kind kind)
{
    size_t i = b->c->n_inputs;
    struct rule *part = new_part(b, item, i);

    b->items[i] = (struct sequence_item){kind, item->runs};
    struct correlation_input *in = &b->inputs[i];
    *in = (struct correlation_input){.line = item->at.line,
                                     .col = item->at.col,
                                     .rule = part,
                                     .reference = part ? part->uid : STR("")};
    in->group_fields = key_names(b, item, &in->optional);
    b->c->n_inputs++;
    return part != NULL;
}

static bool add_items(struct builder *b)
{
    bool is_good = true;

    for (size_t i = 0; i < b->q->n_items; i++)
        is_good &= add_item(b, &b->q->items[i],
                            b->q->items[i].is_missing ? SEQUENCE_MISSING : SEQUENCE_STAGE);
    if (b->q->until)
        is_good &= add_item(b, b->q->until, SEQUENCE_UNTIL);
    return is_good;
}

static bool check_sizes(const struct builder *b)
{
    const struct eql_query *q = b->q;
    struct diag *d = b->s->diag;
    size_t n_keys = q->n_by + q->items[0].n_by;

    if (q->n_items + (q->until != NULL) > CORRELATION_INPUTS_MAX)
        return diag_error(d, q->at, "more than %d items in one sequence (without counting runs)",
                          CORRELATION_INPUTS_MAX);
    if (n_keys > CORRELATION_GROUP_MAX)
        return diag_error(d, q->at, "more than %d fields behind 'by'", CORRELATION_GROUP_MAX);
    return true;
}

static void set_window(struct builder *b)
{
    bool is_sample = b->q->shape == EQL_SAMPLE;
    int64_t window_ms = is_sample && b->options ? b->options->window_ms : b->q->maxspan_ms;

    b->c->window_ms = window_ms ? window_ms : WINDOW_DEFAULT_MS;
    if (!window_ms)
        diag_warn(b->s->diag, b->q->at,
                  is_sample ? "the events of a sample must lie within a day"
                            : "no maxspan: what a sequence has begun is forgotten after a day");
}

/* Of keys that are all optional the correlation says so, of some their items do. */
static void set_missing(struct builder *b)
{
    bool is_all = b->n_required == 0 && b->c->n_group > 0;

    b->c->on_missing = is_all ? MISSING_GROUP : MISSING_DROP;
    for (size_t i = 0; is_all && i < b->c->n_inputs; i++)
        b->inputs[i].optional = 0;
}

bool eql_sequence_load(struct query_scope *s, const struct eql_query *q,
                       const struct query_options *options, struct rule *rule)
{
    struct builder b = {.s = s, .q = q, .options = options, .rule = rule};
    size_t n = q->n_items + 1;

    if (!check_sizes(&b))
        return false;
    b.c = ARENA_NEW(s->a, struct correlation);
    b.inputs = ARENA_ARRAY(s->a, n, struct correlation_input);
    b.items = ARENA_ARRAY(s->a, n, struct sequence_item);
    *b.c = (struct correlation){.kind = q->shape == EQL_SAMPLE ? OPERATOR_SET : OPERATOR_SEQUENCE,
                                .inputs = b.inputs,
                                .items = b.items,
                                .n_group = q->n_by + q->items[0].n_by,
                                .actor_field = STR(""),
                                .scope = STR(""),
                                .line = q->at.line,
                                .col = q->at.col};
    if (!add_items(&b))
        return false;
    set_missing(&b);
    b.c->group = b.inputs[0].group_fields;
    set_window(&b);
    if (q->shape != EQL_SAMPLE)
        diag_note(
            s->diag, q->at,
            "a sequence is decided at the watermark: when no event of its time is expected any "
            "more (emit: final)");
    rule->correlation = b.c;
    rule->formula = formula_const(s->a, false);
    if (!rule->has_level)
        rule->level = LEVEL_MEDIUM;
    return !diag_failed(s->diag);
}

/* correlation_condition.c - `condition: {gte: 5, lt: 10, field: user}`.
 *
 * One bound, or one from below and one from above (the specification has ranges; pySigma takes
 * one operator and whole numbers only). What can never or would always be met is refused: groups
 * without events are never reported, so a count is at least 1.
 */
#include "lang/sigma/correlation.h"

#include "base/str.h"
#include "lang/amount.h"

static const char *const OPS[] = {[BOUND_GT] = "gt",   [BOUND_GTE] = "gte", [BOUND_LT] = "lt",
                                  [BOUND_LTE] = "lte", [BOUND_EQ] = "eq",   [BOUND_NEQ] = "neq"};

enum { PERCENT_MAX_MICRO = 100 * CORRELATION_MICRO };

static bool is_lower(enum bound_op op)
{
    return op == BOUND_GT || op == BOUND_GTE;
}

static bool is_upper(enum bound_op op)
{
    return op == BOUND_LT || op == BOUND_LTE;
}

/* ---- reading -------------------------------------------------------------------------- */

static void load_bound(struct correlation_reader *r, enum bound_op op, const struct doc_node *node)
{
    struct correlation *c = r->c;
    int64_t micro;

    if (r->type->bounds == BOUNDS_NEVER) {
        diag_error(r->s->diag, sigma_at(node), "the condition of %s has no '%s'", r->type->name,
                   OPS[op]);
        return;
    }
    if (!amount_number(r->s->diag, node, OPS[op], &micro))
        return;
    if (c->n_bounds == ARRAY_LEN(c->bounds)) {
        diag_error(r->s->diag, sigma_at(node), "more than two bounds in a condition");
        return;
    }
    c->bounds[c->n_bounds++] = (struct bound){op, micro};
}

static void load_field(struct correlation_reader *r, const struct doc_node *node)
{
    struct str_list list;
    const struct place *at;
    size_t max = r->type->field == FIELD_TUPLE ? CORRELATION_FIELDS_MAX : 1;

    if (r->type->field == FIELD_NEVER) {
        diag_error(r->s->diag, sigma_at(node), "the condition of %s has no 'field'", r->type->name);
        return;
    }
    if (!correlation_texts(r, node, "field", max, &list, &at))
        return;
    if (list.n == 0) {
        diag_error(r->s->diag, sigma_at(node), "'field' is empty");
        return;
    }
    r->c->fields = list.items;
    r->c->n_fields = list.n;
    r->out->field_at = at[0];
    if (r->c->kind == OPERATOR_RATIO)
        r->c->scope = list.items[0];
}

static void load_percentile(struct correlation_reader *r, const struct doc_node *node)
{
    if (!r->type->wants_percentile) {
        diag_error(r->s->diag, sigma_at(node), "the condition of %s has no 'percentile'",
                   r->type->name);
        return;
    }
    if (!amount_number(r->s->diag, node, "percentile", &r->c->percentile_micro))
        r->c->percentile_micro = 0;
    else if (r->c->percentile_micro < 0 || r->c->percentile_micro > PERCENT_MAX_MICRO)
        diag_error(r->s->diag, sigma_at(node), "'percentile' must be from 0 to 100");
}

static void load_key(struct correlation_reader *r, const struct doc_key *key,
                     const struct doc_node *node)
{
    struct str names[ARRAY_LEN(OPS) + 2];

    for (size_t i = 0; i < ARRAY_LEN(OPS); i++) {
        names[i] = str_from(OPS[i]);
        if (str_eq(key->text, names[i])) {
            load_bound(r, (enum bound_op)i, node);
            return;
        }
    }
    names[ARRAY_LEN(OPS)] = STR("field");
    names[ARRAY_LEN(OPS) + 1] = STR("percentile");
    if (str_eq(key->text, STR("field"))) {
        load_field(r, node);
    } else if (str_eq(key->text, STR("percentile"))) {
        load_percentile(r, node);
    } else {
        struct str hint = diag_hint(r->s->diag, key->text, names, ARRAY_LEN(names));
        diag_error(r->s->diag, (struct place){key->line, key->col},
                   "unknown key '%.*s' of a condition%.*s", SHOWN(key->text), SHOWN(hint));
    }
}

/* What the map lacks. */
static void check_presence(struct correlation_reader *r, const struct doc_node *node)
{
    const struct correlation *c = r->c;

    if (diag_failed(r->s->diag))
        return;
    if (r->type->field >= FIELD_MUST && c->n_fields == 0)
        diag_error(r->s->diag, sigma_at(node), "the condition of %s needs a 'field'",
                   r->type->name);
    if (r->type->bounds == BOUNDS_MUST && c->n_bounds == 0)
        diag_error(r->s->diag, sigma_at(node),
                   "the condition of %s needs a bound (gt, gte, lt, lte, eq, neq)", r->type->name);
    if (r->type->wants_percentile && c->percentile_micro < 0)
        diag_error(r->s->diag, sigma_at(node),
                   "the condition of %s needs 'percentile' (0 to 100); how rare a value is "
                   "says the type rarity",
                   r->type->name);
}

void correlation_condition_load(struct correlation_reader *r, const struct doc_node *node)
{
    bool is_set = r->c->kind == OPERATOR_SET || r->c->kind == OPERATOR_ORDERED;

    if (is_set && node->type == DOC_STRING) {
        seen_condition_load(r, node);
        return;
    }
    if (node->type != DOC_MAP) {
        diag_error(r->s->diag, sigma_at(node), "'condition' of %s must be a map%s, not %s",
                   r->type->name, is_set ? " or a text over rule names" : "", doc_type_name(node));
        return;
    }
    for (size_t i = 0; i < node->n_items; i++)
        load_key(r, &node->keys[i], &node->items[i]);
    check_presence(r, node);
}

/* ---- what cannot be, what must be ------------------------------------------------------------ */

static struct place condition_place(const struct correlation_reader *r)
{
    const struct doc_node *node = doc_get(r->node, STR("condition"));

    return sigma_at(node ? node : r->node);
}

static void check_range(struct correlation_reader *r)
{
    struct bound *low = &r->c->bounds[0], *high = &r->c->bounds[1];

    if (r->c->n_bounds != 2)
        return;
    if (is_upper(low->op)) { /* the lower bound first, whatever the text's order */
        struct bound swap = *low;
        *low = *high;
        *high = swap;
    }
    if (!is_lower(low->op) || !is_upper(high->op))
        diag_error(r->s->diag, condition_place(r),
                   "two bounds are a range: one of gt, gte and one of lt, lte");
    else if (low->micro > high->micro ||
             (low->micro == high->micro && (low->op == BOUND_GT || high->op == BOUND_LT)))
        diag_error(r->s->diag, condition_place(r), "the range is empty");
}

/* Counts are whole and from 1 to `max`: is the condition true of none of them, or of all? */
static void check_counts(struct correlation_reader *r, int64_t max)
{
    const struct correlation *c = r->c;
    int64_t n_met = 0, first = max + 1;

    for (size_t i = 0; i < c->n_bounds; i++)
        if (c->bounds[i].micro > max * CORRELATION_MICRO) {
            diag_error(r->s->diag, condition_place(r), "%s counts to %lld at most", r->type->name,
                       (long long)max);
            return;
        }
    for (int64_t n = 1; n <= max; n++) {
        bool is_met = true;
        for (size_t i = 0; i < c->n_bounds; i++)
            is_met &= bound_holds(&c->bounds[i], n * CORRELATION_MICRO);
        if (is_met && first > max)
            first = n;
        n_met += is_met;
    }
    if (n_met == 0)
        diag_error(r->s->diag, condition_place(r),
                   "the condition is never met: groups without events are not reported");
    else if (n_met == max && c->kind == OPERATOR_SET)
        diag_warn(r->s->diag, condition_place(r), "one hit is enough to meet the condition");
}

/* All rules in order is what temporal_ordered is; it has no other condition. */
static void check_ordered(struct correlation_reader *r)
{
    struct correlation *c = r->c;

    if (c->n_bounds == 0)
        return;
    if (c->n_bounds == 1 && (c->bounds[0].op == BOUND_GTE || c->bounds[0].op == BOUND_EQ) &&
        c->bounds[0].micro == (int64_t)c->n_inputs * CORRELATION_MICRO) {
        c->n_bounds = 0;
        return;
    }
    diag_unsupported(r->s->diag, condition_place(r),
                     "temporal_ordered with a condition other than 'gte: %zu' (all its rules)",
                     c->n_inputs);
}

/* One-sided types. */
static void check_side(struct correlation_reader *r)
{
    const struct correlation *c = r->c;

    for (size_t i = 0; i < c->n_bounds; i++) {
        const struct bound *b = &c->bounds[i];
        if (c->kind == OPERATOR_RISK && (!is_lower(b->op) || b->micro <= 0))
            diag_error(r->s->diag, condition_place(r),
                       "the condition of risk is gt or gte with a number above 0");
        if (c->kind == OPERATOR_RARITY && (!is_upper(b->op) || b->micro <= 0))
            diag_error(r->s->diag, condition_place(r),
                       "the condition of rarity is lt or lte with a number above 0");
        if (c->kind == OPERATOR_RATIO && (b->micro < 0 || b->micro > CORRELATION_MICRO))
            diag_error(r->s->diag, condition_place(r), "a ratio is from 0 to 1");
    }
}

void correlation_condition_check(struct correlation_reader *r)
{
    check_range(r);
    if (diag_failed(r->s->diag))
        return;
    switch (r->c->kind) {
    case OPERATOR_COUNT:
    case OPERATOR_DISTINCT:
        check_counts(r, CORRELATION_COUNT_MAX);
        break;
    case OPERATOR_SET:
        if (r->c->n_bounds)
            check_counts(r, (int64_t)r->c->n_inputs);
        break;
    case OPERATOR_ORDERED:
        check_ordered(r);
        break;
    default:
        check_side(r);
        break;
    }
}

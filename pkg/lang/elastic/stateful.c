/* stateful.c - rules that ask for more than one event: a silent part that matches, and an operator
 * over it.
 *
 *     threshold   so many events of a group in the look-back: event_count; with a cardinality
 *                 value_count, or both
 *     new_terms   a value, or a combination of them, that was not there in the history: first_seen
 *                 over all events together. Nothing is told before the history is known.
 */
#include "lang/elastic/impl.h"

#include "base/str.h"
#include "lang/settings.h"
#include "rule/expr.h"

#define NEW_TERMS_MAX 10000000u /* of one rule within its history */

/* The rule becomes the operator over a part that has its formula. */
static void wrap(struct reading *r, struct place at, struct correlation *c)
{
    struct arena *a = r->s->a;
    struct rule *part = ARENA_NEW(a, struct rule);
    struct rule_state *state = ARENA_NEW(a, struct rule_state);
    struct correlation_input *input = ARENA_NEW(a, struct correlation_input);

    *part = *r->out;
    part->uid = arena_printf(a, "%.*s/1", (int)r->out->uid.n, r->out->uid.p);
    part->is_part = true;
    part->channel = CHANNEL_INTERNAL;
    state->is_referenced = true;
    part->state = state;
    *input = (struct correlation_input){.reference = part->uid,
                                        .line = at.line,
                                        .col = at.col,
                                        .rule = part,
                                        .group_fields = c->group};
    c->inputs = input;
    c->n_inputs = 1;
    c->actor_field = c->scope = STR("");
    c->line = at.line;
    c->col = at.col;
    r->out->correlation = c;
    r->out->formula = formula_const(a, false);
}

/* What may come late: the look-back reaches further than the last run. */
static void set_lateness(struct reading *r)
{
    if (r->from_ms > r->interval_ms)
        rule_state_of(r->s->a, r->out)->lateness_ms = r->from_ms - r->interval_ms;
}

/* ---- threshold ------------------------------------------------------------------------ */

struct threshold {
    struct str_list group;
    int64_t value;
    struct str distinct; /* field; empty: none */
    int64_t n_distinct;
};

static bool cardinality_load(struct elastic_scope *s, const struct doc_node *map,
                             struct threshold *t)
{
    const struct doc_node *list = key_node(s, map, "cardinality", DOC_LIST);

    if (!list || list->n_items == 0)
        return true;
    if (list->n_items > 1)
        return diag_unsupported(s->diag, doc_place(list),
                                "a threshold with the cardinality of more than one field");
    const struct doc_node *entry = &list->items[0];
    if (entry->type != DOC_MAP)
        return diag_error(s->diag, doc_place(entry), "'cardinality' holds maps, not %s",
                          doc_type_name(entry));
    if (!key_text(s, entry, "field", &t->distinct) ||
        !key_number(s, entry, "value", 0, CORRELATION_COUNT_MAX, &t->n_distinct))
        return false;
    if (t->distinct.n == 0)
        return key_missing(s, entry, "field");
    if (t->n_distinct == 0) /* any number of values will do */
        t->distinct = STR("");
    return doc_get(entry, STR("value")) || key_missing(s, entry, "value");
}

static bool threshold_read(struct reading *r, const struct doc_node *map, struct threshold *t)
{
    static const char *const KEYS[] = {"field", "value", "cardinality"};
    static const struct key_names KNOWN = {KEYS, ARRAY_LEN(KEYS)};
    struct elastic_scope *s = r->s;
    bool is_good = key_check(s, map, &KNOWN, "'threshold'");
    is_good &= key_texts(s, map, "field", CORRELATION_GROUP_MAX, &t->group);
    is_good &= key_number(s, map, "value", 1, CORRELATION_COUNT_MAX, &t->value);
    is_good &= cardinality_load(s, map, t);

    if (t->group.n == 1 && t->group.items[0].n == 0) /* how exports write: no field */
        t->group.n = 0;
    if (is_good && t->value == 0)
        return key_missing(s, map, "value");
    return is_good;
}

static struct expr *expr_leaf(struct arena *a, enum expr_kind kind, struct str text, uint32_t slot)
{
    struct expr *e = ARENA_NEW(a, struct expr);

    *e = (struct expr){.kind = kind, .text = text, .slot = slot};
    return e;
}

/* Is the aggregate in `slot` at least n? */
static struct expr *expr_at_least(struct arena *a, uint32_t slot, struct str name, int64_t n)
{
    struct expr *e = ARENA_NEW(a, struct expr), **args = ARENA_ARRAY(a, 2, struct expr *);

    args[0] = expr_leaf(a, EXPR_FIELD, name, slot);
    args[1] = expr_leaf(a, EXPR_NUMBER, arena_printf(a, "%lld", (long long)n), 0);
    *e =
        (struct expr){.kind = EXPR_CALL, .text = {"", 0}, .op = EXPR_GE, .args = args, .n_args = 2};
    return e;
}

/* So many events, and so many values of a field among them: a group with both aggregates. */
static void set_both(struct correlation *c, struct arena *a, const struct threshold *t)
{
    struct group_stats *stats = ARENA_NEW(a, struct group_stats);
    struct group_aggregate *aggregates = ARENA_ARRAY(a, 2, struct group_aggregate);
    struct str *column = ARENA_NEW(a, struct str);
    struct expr *both = ARENA_NEW(a, struct expr), **args = ARENA_ARRAY(a, 2, struct expr *);
    uint32_t first = (uint32_t)c->n_group;

    *column = t->distinct;
    aggregates[0] = (struct group_aggregate){.kind = GROUP_COUNT,
                                             .name = STR("count"),
                                             .column = GROUP_NO_COLUMN,
                                             .order = GROUP_NO_COLUMN};
    aggregates[1] = (struct group_aggregate){
        .kind = GROUP_DISTINCT, .name = STR("distinct"), .column = 0, .order = GROUP_NO_COLUMN};
    args[0] = expr_at_least(a, first, aggregates[0].name, t->value);
    args[1] = expr_at_least(a, first + 1, aggregates[1].name, t->n_distinct);
    *both = (struct expr){
        .kind = EXPR_CALL, .text = {"", 0}, .op = EXPR_AND, .args = args, .n_args = 2};
    *stats = (struct group_stats){.columns = column,
                                  .n_columns = 1,
                                  .aggregates = aggregates,
                                  .n_aggregates = 2,
                                  .having = both};
    c->kind = OPERATOR_GROUP;
    c->stats = stats;
}

/* One event has one value or more, so of N events that many values say nothing of N, unless N is 1.
 */
static void set_operator(struct correlation *c, struct arena *a, const struct threshold *t)
{
    struct str *field = ARENA_NEW(a, struct str);

    if (t->distinct.n && t->value > 1) {
        set_both(c, a, t);
        return;
    }
    *field = t->distinct;
    c->kind = t->distinct.n ? OPERATOR_DISTINCT : OPERATOR_COUNT;
    c->fields = field;
    c->n_fields = t->distinct.n ? 1 : 0;
    c->bounds[0] =
        (struct bound){BOUND_GTE, (t->distinct.n ? t->n_distinct : t->value) * CORRELATION_MICRO};
    c->n_bounds = 1;
}

bool threshold_load(struct reading *r)
{
    const struct doc_node *map = key_node(r->s, r->rule, "threshold", DOC_MAP);
    struct threshold t = {.distinct = STR("")};

    if (!map)
        return doc_get(r->rule, STR("threshold")) ? false : key_missing(r->s, r->rule, "threshold");
    if (!threshold_read(r, map, &t))
        return false;
    struct correlation *c = ARENA_NEW(r->s->a, struct correlation);
    c->group = t.group.items;
    c->n_group = t.group.n;
    c->window_ms = r->from_ms;
    set_operator(c, r->s->a, &t);
    wrap(r, doc_place(map), c);
    set_lateness(r);
    return suppress_load(r, t.group, DEDUP_FIRST);
}

/* ---- new terms -------------------------------------------------------------------------- */

struct new_terms {
    struct str_list fields;
    int64_t history_ms;
};

static bool check_word(struct elastic_scope *s, const struct doc_node *map, const char *want)
{
    const struct doc_node *word = doc_get(map, STR("field"));

    if (!word)
        return key_missing(s, map, "field");
    if (str_eq(word->text, str_from(want)))
        return true;
    return diag_error(s->diag, doc_place(word), "'field' must be \"%s\" here, not '%.*s'", want,
                      SHOWN(word->text));
}

static bool history_load(struct elastic_scope *s, const struct doc_node *node, int64_t *ms)
{
    if (node->type != DOC_STRING || !str_starts(node->text, STR("now-")))
        return diag_error(s->diag, doc_place(node),
                          "the start of the history must look like now-10d");
    struct str span = str_sub(node->text, 4, SIZE_MAX);
    span.n = str_sub(span, 0, str_find_char(span, '/', 0)).n; /* now-30d/d: rounded down to a day */
    return span_of(s, doc_place(node), "history_window_start", span, ms);
}

/* As files have it: {field = "new_terms_fields", value = [...], history_window_start = [{field =
 * "history_window_start", value = "now-10d"}]}. */
static bool new_terms_of_file(struct reading *r, const struct doc_node *map, struct new_terms *t)
{
    struct elastic_scope *s = r->s;
    const struct doc_node *list = key_node(s, map, "history_window_start", DOC_LIST);

    if (!check_word(s, map, "new_terms_fields") ||
        !key_texts(s, map, "value", ELASTIC_FIELDS_MAX, &t->fields))
        return false;
    if (!list || list->n_items != 1 || list->items[0].type != DOC_MAP)
        return diag_error(s->diag, doc_place(list ? list : map),
                          "'history_window_start' must be a list of one map");
    const struct doc_node *value = doc_get(&list->items[0], STR("value"));
    if (!check_word(s, &list->items[0], "history_window_start"))
        return false;
    return value ? history_load(s, value, &t->history_ms)
                 : key_missing(s, &list->items[0], "value");
}

/* As exports have it: new_terms_fields and history_window_start beside the query. */
static bool new_terms_of_export(struct reading *r, struct new_terms *t)
{
    const struct doc_node *start = doc_get(r->rule, STR("history_window_start"));

    if (!key_texts(r->s, r->rule, "new_terms_fields", ELASTIC_FIELDS_MAX, &t->fields))
        return false;
    return start ? history_load(r->s, start, &t->history_ms)
                 : key_missing(r->s, r->rule, "history_window_start");
}

bool new_terms_load(struct reading *r)
{
    const struct doc_node *map = key_node(r->s, r->rule, "new_terms", DOC_MAP);
    struct new_terms t = {.history_ms = 0};

    if (!map && !doc_get(r->rule, STR("new_terms_fields")))
        return key_missing(r->s, r->rule, "new_terms");
    if (!(map ? new_terms_of_file(r, map, &t) : new_terms_of_export(r, &t)))
        return false;
    if (t.fields.n == 0)
        return diag_error(r->s->diag, doc_place(map ? map : r->rule), "new_terms without a field");
    struct correlation *c = ARENA_NEW(r->s->a, struct correlation);
    c->kind = OPERATOR_FIRST_SEEN;
    c->fields = t.fields.items;
    c->n_fields = t.fields.n;
    c->history_ms = c->training_ms = t.history_ms;
    c->terms_max = NEW_TERMS_MAX;
    wrap(r, doc_place(map ? map : r->rule), c);
    set_lateness(r);
    rule_state_of(r->s->a, r->out)->dedup = (struct dedup){
        .is_set = true, .has_fields = true, .fields = t.fields.items, .n_fields = t.fields.n};
    return suppress_load(r, (struct str_list){NULL, 0}, DEDUP_WHOLE);
}

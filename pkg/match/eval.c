/* eval.c - formulas as lists of steps (net.h) over signals, with lazy tests where a value must be
 * asked.
 *
 * Answers are remembered per event by a stamp: a stamp that is not this event's number means
 * "not asked yet", so nothing is cleared between events.
 */
#include "match/eval.h"

#include "base/load.h"
#include "base/str.h"
#include "base/words.h"
#include "match/eval_impl.h"
#include "match/field_expr.h"
#include "match/fold.h"
#include "match/number.h"
#include "match/timepart.h"

#include <stdlib.h>
#include <string.h>

struct evaluator *evaluator_new(const struct net *net, struct text_blocks *blocks,
                                struct evaluator_look look)
{
    struct evaluator *e = calloc(1, sizeof *e);

    ASSERT(e != NULL);
    e->net = net;
    e->blocks = blocks;
    e->look = look;
    e->shared = calloc((size_t)net->n_shared + 1, sizeof *e->shared);
    e->lazies = calloc((size_t)net->n_lazies + 1, sizeof *e->lazies);
    e->name_memos = calloc((size_t)net->n_lazies + 1, sizeof *e->name_memos);
    e->fields = calloc((size_t)field_count(net->plan->fields) + 1, sizeof *e->fields);
    ASSERT(e->shared && e->lazies && e->name_memos && e->fields);
    e->expr_space = arena_new(0);
    e->part_space = arena_new(0);
    e->regex_scratch = regex_scratch_new(net->regexes, net->n_regexes);
    return e;
}

void evaluator_free(struct evaluator *e)
{
    if (!e)
        return;
    regex_scratch_free(e->regex_scratch);
    arena_free(e->expr_space);
    arena_free(e->part_space);
    buf_release(&e->fold_space);
    buf_release(&e->fold_other);
    free(e->shared);
    free(e->lazies);
    free(e->name_memos);
    free(e->fields);
    free(e);
}

void evaluator_use_lists(struct evaluator *e, const struct list_view *lists)
{
    e->lists = lists;
}

void evaluator_begin(struct evaluator *e, const struct event *event, const struct profile *profile,
                     struct evaluator_signals signals, struct evaluator_values values)
{
    e->event = event;
    e->profile = profile;
    e->at_ms = event_at_ms(event);
    e->signals = signals;
    e->values = values;
    if (++e->stamp == 0) { /* once in 2^32 events the stamps start anew */
        memset(e->shared, 0, ((size_t)e->net->n_shared + 1) * sizeof *e->shared);
        memset(e->lazies, 0, ((size_t)e->net->n_lazies + 1) * sizeof *e->lazies);
        memset(e->fields, 0, ((size_t)field_count(e->net->plan->fields) + 1) * sizeof *e->fields);
        e->stamp = 1;
    }
}

/* Values by field, in their order: found once for all tests of the event. */
static void file_values(struct evaluator *e)
{
    struct value_place *places = e->values.places;
    struct field_values_at *fields = e->fields;
    uint32_t stamp = e->stamp;

    for (uint32_t i = e->values.n; i-- > 0;) {
        struct field_values_at *f = &fields[places[i].field];
        uint32_t has_more = f->stamp == stamp;
        places[i].next = has_more * f->first; /* whether there are more is hard to predict */
        f->stamp = stamp;
        f->first = i + 1;
    }
    e->filed_stamp = stamp;
}

/* The first value of the field, NULL: it has none. The next: next_value(). */
static struct prepared_value *first_value(struct evaluator *e, uint32_t field)
{
    if (e->filed_stamp != e->stamp)
        file_values(e);
    const struct field_values_at *f = &e->fields[field];
    return f->stamp == e->stamp ? &e->values.all[f->first - 1] : NULL;
}

static struct prepared_value *next_value(const struct evaluator *e, const struct prepared_value *v)
{
    uint32_t next = e->values.places[v - e->values.all].next;

    return next ? &e->values.all[next - 1] : NULL;
}

/* ---- signals ------------------------------------------------------------------------------- */

static bool has_bit(const uint64_t *bits, uint32_t i)
{
    return bits[i / 64] >> (i % 64) & 1;
}

/* Look at the values that might raise it, each field once. */
static void look_for(struct evaluator *e, uint32_t signal)
{
    const struct net_lists *of = &e->net->signal_fields;

    for (uint32_t i = of->first[signal]; i < of->first[signal + 1]; i++) {
        struct field_values_at *f = &e->fields[of->at[i]];
        if (f->looked == e->stamp || !has_bit(e->signals.lazy, of->at[i]))
            continue;
        f->looked = e->stamp;
        for (struct prepared_value *v = first_value(e, of->at[i]); v; v = next_value(e, v))
            if (value_has_text(v))
                e->look.fn(e->look.context, v);
    }
}

static bool is_up(struct evaluator *e, uint32_t signal)
{
    uint8_t known = e->signals.at[signal];

    if (!(known & SIGNAL_OPEN))
        return known & SIGNAL_UP;
    if (e->net->present_field[signal] != NET_NONE)
        return first_value(e, e->net->present_field[signal]) != NULL;
    look_for(e, signal);
    return e->signals.at[signal] & SIGNAL_UP;
}

/* ---- one atom, one value ----------------------------------------------------------------- */

static struct str fold_into(struct buf *space, const struct prepared_value *v, enum fold fold)
{
    if (fold == FOLD_NONE)
        return v->text;
    if (fold == FOLD_ASCII || v->is_ascii)
        return value_folded(v);
    buf_clear(space);
    char *p = buf_reserve(space, 2 * v->text.n + 4);
    return (struct str){p, fold_simple(p, v->text)};
}

/* The value that is tested: several tests of one value fold it once. */
static struct str fold_tested(struct evaluator *e, const struct prepared_value *v, enum fold fold)
{
    bool is_own =
        v >= e->values.all && v < e->values.all + e->values.n; /* else it is a part of one */
    uint32_t number = is_own ? (uint32_t)(v - e->values.all) + 1 : 0;

    if (fold != FOLD_SIMPLE || v->is_ascii)
        return fold_into(&e->fold_space, v, fold);
    if (is_own && e->folded_stamp == e->stamp && e->folded_value == number)
        return (struct str){e->fold_space.p, e->folded_n};
    struct str text = fold_into(&e->fold_space, v, fold);
    e->folded_stamp = e->stamp;
    e->folded_value = number;
    e->folded_n = text.n;
    return text;
}

static bool compare_text(enum atom_op op, struct str value, struct str text)
{
    switch (op) {
    case ATOM_EQ:
        return value.n == text.n && same_bytes(value.p, text.p, text.n);
    case ATOM_PREFIX:
        return value.n >= text.n && same_bytes(value.p, text.p, text.n);
    case ATOM_SUFFIX:
        return value.n >= text.n && same_bytes(value.p + value.n - text.n, text.p, text.n);
    default:
        return str_find(value, text, 0) != SIZE_MAX;
    }
}

static bool test_regex(struct evaluator *e, const struct net_lazy *lazy,
                       const struct prepared_value *v)
{
    enum regex_result r = regex_test(lazy->regex, e->regex_scratch, v->text, v->is_ascii);

    e->regex_limits += r == REGEX_OVER_LIMIT;
    return r == REGEX_YES;
}

static bool test_network(const struct net_lazy *lazy, const struct prepared_value *v)
{
    struct ip_address ip;

    return v->kind == JSON_STRING && ip_parse(v->text, &ip) && ip_in_network(&ip, &lazy->network);
}

static bool test_other_field(struct evaluator *e, const struct net_lazy *lazy,
                             const struct prepared_value *v)
{
    struct str value = fold_tested(e, v, lazy->atom->fold);

    for (struct prepared_value *o = first_value(e, lazy->other); o; o = next_value(e, o)) {
        if (!value_has_text(o))
            continue;
        value_ready(o, e->blocks);
        if (compare_text(lazy->atom->cmp, value, fold_into(&e->fold_other, o, lazy->atom->fold)))
            return true;
    }
    return false;
}

static bool test_list(const struct evaluator *e, const struct net_lazy *lazy,
                      const struct prepared_value *v)
{
    const struct list_index *index = list_view_of(e->lists, lazy->atom->list);
    struct list_value value = {(enum json_kind)v->kind, v->text, value_folded(v), v->is_ascii};

    return index && list_index_find(index, &value, e->at_ms) != LIST_NO_ROW;
}

static bool test_words(const struct net_lazy *lazy, struct str value)
{
    struct str word;
    size_t at = 0;

    if (!lazy->glob)
        return words_contain(value, lazy->text);
    while (words_next(value, &at, &word))
        if (glob_match(lazy->glob, word))
            return true;
    return false;
}

bool evaluator_test_value(struct evaluator *e, const struct net_lazy *lazy,
                          struct prepared_value *v)
{
    const struct atom *x = lazy->atom;
    enum atom_op op = (enum atom_op)lazy->op;
    enum fold fold = (enum fold)lazy->fold;

    if (op == ATOM_EXISTS)
        return true;
    if (op == ATOM_IS_NULL)
        return v->kind == JSON_NULL;
    if (op == ATOM_HAS_VALUE)
        return v->kind == JSON_OBJECT || value_has_text(v);
    if (!value_has_text(v))
        return false;
    if (!v->is_ready && op == ATOM_EQ && fold == FOLD_NONE && !(v->flags & JSON_ESCAPED))
        return str_eq(v->raw, lazy->text); /* its text is as it stands */
    value_ready(v, e->blocks);
    switch (op) {
    case ATOM_EQ:
    case ATOM_PREFIX:
    case ATOM_SUFFIX:
    case ATOM_CONTAINS:
        return compare_text(op, fold_tested(e, v, fold), lazy->text);
    case ATOM_GLOB:
        return glob_match(lazy->glob, fold_tested(e, v, fold));
    case ATOM_REGEX:
        return test_regex(e, lazy, v);
    case ATOM_CIDR:
        return test_network(lazy, v);
    case ATOM_NUM_EQ:
    case ATOM_NUM_LT:
    case ATOM_NUM_LE:
    case ATOM_NUM_GT:
    case ATOM_NUM_GE:
        return number_matches(op, v->kind, v->text, x->text);
    case ATOM_BOOL:
        return boolean_matches(v->kind, v->text, x->is_true);
    case ATOM_FIELD_CMP:
        return test_other_field(e, lazy, v);
    case ATOM_TIME_PART:
        return time_part_matches(x->part, x->cmp, v->kind, v->text, lazy->text);
    case ATOM_LIST:
        return test_list(e, lazy, v);
    case ATOM_WORDS:
        return test_words(lazy, fold_tested(e, v, fold));
    case ATOM_TEXT_CMP:
        return order_satisfies(x->cmp, str_cmp(v->text, x->text));
    case ATOM_TIME_CMP:
        return time_matches(x, e->at_ms, (enum json_kind)v->kind, v->text);
    case ATOM_EXISTS:
    case ATOM_IS_NULL:
    case ATOM_HAS_VALUE:
    case ATOM_EXPR:
    case ATOM_BEFORE:
    case ATOM_SOME_FIELD:
    case ATOM_SOME_MEMBER:
        break;
    }
    return false;
}

/* ---- computed values ------------------------------------------------------------------------- */

struct expr_event {
    struct evaluator *e;
    const struct net_lazy *lazy;
};

/* At most `max` members of the field that are scalars. */
static size_t expr_values(const struct expr_event *x, uint32_t slot, struct expr_value *out,
                          size_t max)
{
    size_t n = 0;

    for (struct prepared_value *v = first_value(x->e, x->lazy->expr_fields[slot]); v && n < max;
         v = next_value(x->e, v)) {
        if (!value_has_text(v))
            continue;
        value_ready(v, x->e->blocks);
        out[n] = field_expr_value((enum json_kind)v->kind, v->text);
        n += out[n].type != EXPR_VALUE_NULL;
    }
    return n;
}

static struct expr_value expr_field(void *context, uint32_t slot)
{
    struct expr_value first = {.type = EXPR_VALUE_NULL};

    (void)expr_values(context, slot, &first, 1);
    return first;
}

static struct expr_value expr_members(void *context, uint32_t slot)
{
    const struct expr_event *x = context;
    struct expr_value two[2], *all = two;
    size_t n = expr_values(x, slot, two, 2);

    if (n == 2) {
        all = ARENA_ARRAY(x->e->expr_space, EXPR_LIST_MAX, struct expr_value);
        n = expr_values(x, slot, all, EXPR_LIST_MAX);
    }
    return expr_value_list(x->e->expr_space, all, n);
}

static enum truth test_expr(struct evaluator *e, const struct net_lazy *lazy)
{
    struct expr_event x = {e, lazy};

    arena_reset(e->expr_space);
    return expr_truth(lazy->atom->expr, &(struct expr_scope){.field = expr_field,
                                                             .members = expr_members,
                                                             .context = &x,
                                                             .space = e->expr_space,
                                                             .has_time = e->at_ms != INT64_MIN,
                                                             .time_ms = e->at_ms,
                                                             .n_over_limit = &e->regex_limits});
}

/* ---- one atom, one event --------------------------------------------------------------------- */

enum truth evaluator_missing(const struct atom *x)
{
    if (x->op == ATOM_IS_NULL)
        return TRUTH_TRUE;
    if (x->op == ATOM_EXISTS)
        return TRUTH_FALSE;
    return x->miss == MISS_FALSE ? TRUTH_FALSE : x->miss == MISS_TRUE ? TRUTH_TRUE : TRUTH_UNKNOWN;
}

enum truth evaluator_members(enum array_rule rule, const struct member_count *m)
{
    switch (rule) {
    case ARRAY_ANY:
        return m->n_true > 0 ? TRUTH_TRUE : TRUTH_FALSE;
    case ARRAY_ALL:
        return m->n_true == m->n ? TRUTH_TRUE : TRUTH_FALSE;
    case ARRAY_FIRST:
        return m->is_first_true ? TRUTH_TRUE : TRUTH_FALSE;
    case ARRAY_SINGLE:
        break;
    }
    if (m->n > 1)
        return TRUTH_UNKNOWN;
    return m->n_true == 1 ? TRUTH_TRUE : TRUTH_FALSE;
}

static enum truth test_atom(struct evaluator *e, const struct net_lazy *lazy)
{
    enum array_rule array = (enum array_rule)lazy->array;
    struct member_count m = {0};

    if (lazy->op == ATOM_EXPR)
        return test_expr(e, lazy);
    if (lazy->op == ATOM_BEFORE)
        return e->at_ms < lazy->atom->time_ms ? TRUTH_TRUE : TRUTH_FALSE;
    if (lazy->inner)
        return evaluator_parts(e, lazy);
    for (struct prepared_value *v = first_value(e, lazy->field); v; v = next_value(e, v)) {
        member_add(&m, evaluator_test_value(e, lazy, v));
        if (m.n_true && array == ARRAY_ANY)
            return lazy->has_exceptions ? evaluator_parts(e, lazy) : TRUTH_TRUE;
    }
    return m.n ? evaluator_members(array, &m) : evaluator_missing(lazy->atom);
}

static enum truth lazy_truth(struct evaluator *e, uint32_t number)
{
    struct memo *memo = &e->lazies[number];

    if (memo->stamp != e->stamp) {
        memo->stamp = e->stamp;
        memo->truth = test_atom(e, &e->net->lazies[number]);
    }
    return (enum truth)memo->truth;
}

/* ---- formulas ----------------------------------------------------------------------------- */

static bool steps_end(struct evaluator *e, uint32_t at);

/* Some are not known yet: values are looked at, as long as all are as wanted. */
static bool signals_become(struct evaluator *e, const uint32_t *all, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        uint32_t want = all[i] & NET_WANT_MASK;
        if (want != NET_NOT_DOWN && is_up(e, all[i] >> NET_WANT_BITS) != (want == NET_UP))
            return false;
    }
    return true;
}

/* What of NET_SIGNALS_AT_ONCE signals is not as wanted: SIGNAL_OPEN, if one is not known yet; any
 * other bit, if one is known. */
static inline uint32_t unwanted(const struct evaluator *e, const uint32_t *four)
{
    const uint8_t *at = e->signals.at;
    uint32_t found = 0;

    for (uint32_t k = 0; k < NET_SIGNALS_AT_ONCE; k++)
        found |= at[four[k] >> NET_WANT_BITS] & four[k];
    return found & NET_WANT_MASK;
}

static bool few_hold(struct evaluator *e, const struct net_step *s)
{
    uint32_t found = unwanted(e, s->few);

    return found == 0 || (found == SIGNAL_OPEN && signals_become(e, s->few, NET_SIGNALS_AT_ONCE));
}

/* Are all as wanted? What is known is asked first. */
static bool signals_hold(struct evaluator *e, const struct net_step *s)
{
    const uint32_t *all = e->net->step_signals + s->number;
    uint32_t found = 0;

    for (uint32_t i = 0; i < s->n_signals; i += NET_SIGNALS_AT_ONCE) {
        found |= unwanted(e, all + i);
        if (found & ~(uint32_t)SIGNAL_OPEN)
            return false;
    }
    return found == 0 || signals_become(e, all, s->n_signals);
}

/* The atom is true (false). Without its gate it is false; to look for the gate first is no use. */
static bool atom_is(struct evaluator *e, const struct net_step *s, enum truth wanted)
{
    if (s->gate != NET_NONE && (e->signals.at[s->gate] & SIGNAL_DOWN))
        return wanted == TRUTH_FALSE;
    return lazy_truth(e, s->number) == wanted;
}

static bool shared_holds(struct evaluator *e, uint32_t number)
{
    struct memo *memo = &e->shared[number];

    if (memo->stamp != e->stamp) {
        memo->truth = steps_end(e, e->net->shared_steps[number]);
        memo->stamp = e->stamp;
    }
    return memo->truth;
}

static bool step_holds(struct evaluator *e, const struct net_step *s)
{
    switch (s->op) {
    case STEP_FEW:
        return few_hold(e, s);
    case STEP_SIGNALS:
        return signals_hold(e, s);
    case STEP_IS_TRUE:
        return atom_is(e, s, TRUTH_TRUE);
    case STEP_IS_FALSE:
        return atom_is(e, s, TRUTH_FALSE);
    case STEP_SHARED:
        break;
    }
    return shared_holds(e, s->number);
}

/* Do the steps from this one on end with yes? */
static bool steps_end(struct evaluator *e, uint32_t at)
{
    while (at < STEP_NO) {
        const struct net_step *s = &e->net->steps[at];
        at = s->next[step_holds(e, s)];
    }
    return at == STEP_YES;
}

bool evaluator_rule(struct evaluator *e, uint32_t rule)
{
    return steps_end(e, e->net->rule_steps[rule]);
}

uint64_t evaluator_regex_limits(const struct evaluator *e)
{
    return e->regex_limits;
}

/* stats.c - STATS a = COUNT(*), b = MAX(x) - MIN(x) BY k, m = f(y).
 *
 * A call of an aggregate becomes a column of its own and stands for it where it is called, so that
 * values may be computed of several. */
#include "lang/esql/parser.h"

#include "base/str.h"

struct kind {
    const char *name;
    enum group_kind kind;
    bool has_order; /* FIRST(x, time) */
};

static const struct kind KINDS[] = {{"count", GROUP_COUNT, false},
                                    {"count_distinct", GROUP_DISTINCT, false},
                                    {"values", GROUP_VALUES, false},
                                    {"min", GROUP_MIN, false},
                                    {"max", GROUP_MAX, false},
                                    {"sum", GROUP_SUM, false},
                                    {"avg", GROUP_AVERAGE, false},
                                    {"median", GROUP_PERCENTILE, false},
                                    {"variance", GROUP_DEVIATION, false},
                                    {"weighted_avg", GROUP_SUM, false},
                                    {"percentile", GROUP_PERCENTILE, false},
                                    {"std_dev", GROUP_DEVIATION, false},
                                    {"median_absolute_deviation", GROUP_MEDIAN_DEVIATION, false},
                                    {"top", GROUP_LEAST, false},
                                    {"first", GROUP_FIRST, true},
                                    {"last", GROUP_LAST, true}};

/* Aggregates of Elasticsearch's reference that are not here. */
static bool is_absent(struct str name)
{
    static const char *const NAMES[] = {"sample",   "st_extent_agg", "st_centroid_agg",
                                        "earliest", "latest",        "all_first",
                                        "all_last", "sparkline",     "stddev"};

    for (size_t i = 0; i < ARRAY_LEN(NAMES); i++)
        if (str_eq_ci(name, str_from(NAMES[i])))
            return true;
    return false;
}

static const struct kind *kind_of(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(KINDS); i++)
        if (str_eq_ci(name, str_from(KINDS[i].name)))
            return &KINDS[i];
    return NULL;
}

bool esql_is_aggregate(struct str name)
{
    return kind_of(name) != NULL || str_eq_ci(name, STR("present")) ||
           str_eq_ci(name, STR("absent")) || is_absent(name);
}

size_t esql_aggregate_names(struct str *out, size_t most)
{
    size_t n = 0;

    for (; n < ARRAY_LEN(KINDS) && n < most; n++)
        out[n] = str_from(KINDS[n].name);
    return n;
}

/* Stands for aggregate number i until the keys are counted. */
static struct expr *leaf_of(struct esql_parser *p, struct place at, size_t i)
{
    struct expr *e = ARENA_NEW(p->s->a, struct expr);

    *e = (struct expr){.kind = EXPR_FIELD,
                       .text = p->aggregates[i].name,
                       .slot = (uint32_t)i,
                       .regex.pattern = STR(""),
                       .line = at.line,
                       .col = at.col,
                       .size = 1,
                       .depth = 1};
    p->leaves[i] = e;
    return e;
}

/* TOP(x, n[, "asc" or "desc"]): the comma before n is next. */
static bool read_top(struct esql_parser *p, struct pipe_aggregate *out)
{
    struct expr_value v = {.type = EXPR_VALUE_NULL};
    struct expr *e = esql_advance(p) ? esql_expression(p) : NULL;

    if (!e)
        return false;
    if (!pipe_constant(e, &v) || v.type != EXPR_VALUE_INT || v.whole < 1 || v.whole > EXPR_LIST_MAX)
        return diag_error(p->s->diag, out->at, "TOP() takes how many as a number from 1 to %d",
                          EXPR_LIST_MAX);
    out->limit = (uint32_t)v.whole;
    if (!esql_is_sign(p, ","))
        return true;
    e = esql_advance(p) ? esql_expression(p) : NULL;
    if (!e)
        return false;
    bool is_text = pipe_constant(e, &v) && v.type == EXPR_VALUE_TEXT;
    bool is_down = is_text && str_eq_ci(v.text, STR("desc"));
    if (!is_down && !(is_text && str_eq_ci(v.text, STR("asc"))))
        return diag_error(p->s->diag, out->at, "the order of TOP() is \"asc\" or \"desc\"");
    out->kind = is_down ? GROUP_GREATEST : GROUP_LEAST;
    return !esql_is_sign(p, ",") ||
           diag_unsupported(p->s->diag, p->token.at, "a fourth argument of TOP()");
}

/* A second argument: an order, a percentile, or a precision that exact counts do not need. */
static bool read_second(struct esql_parser *p, const struct kind *k, struct pipe_aggregate *out)
{
    struct expr_value v;

    if (k->kind == GROUP_LEAST)
        return read_top(p, out);
    struct expr *e = esql_advance(p) ? esql_expression(p) : NULL;
    if (!e)
        return false;
    if (str_eq(str_from(k->name), STR("weighted_avg"))) {
        out->order = e;
        return true;
    }
    if (k->has_order) {
        out->order = e->kind == EXPR_TIME ? NULL : e;
        return true;
    }
    if (!str_eq(str_from(k->name), STR("percentile")) && k->kind != GROUP_DISTINCT)
        return diag_error(p->s->diag, out->at, "%s() takes 1 argument, not 2", k->name);
    if (!pipe_constant(e, &v) || (v.type != EXPR_VALUE_INT && v.type != EXPR_VALUE_REAL))
        return diag_error(p->s->diag, out->at, "the second argument of %s() is a number", k->name);
    if (k->kind == GROUP_PERCENTILE && (v.real < 0 || v.real > 100))
        return diag_error(p->s->diag, out->at, "the second argument of %s() is from 0 to 100",
                          k->name);
    out->percentile_micro = (int64_t)(v.real * CORRELATION_MICRO);
    return true;
}

/* Every document has one (but for _ignored), and an _id of its own; which one it is, people look
 * at. */
static void of_metadata(struct esql_parser *p, struct str told, struct pipe_aggregate *out)
{
    struct str name = out->arg->text;
    bool is_rows = (out->kind == GROUP_COUNT && !str_eq(name, STR("_ignored"))) ||
                   (out->kind == GROUP_DISTINCT && !p->has_expanded && str_eq(name, STR("_id")));

    if (is_rows) {
        out->kind = GROUP_COUNT;
        out->arg = pipe_bool(p->pipe, true);
    }
    if (is_rows || out->kind == GROUP_VALUES || out->kind == GROUP_LEAST ||
        out->kind == GROUP_MIN || out->kind == GROUP_MAX || out->kind == GROUP_FIRST ||
        out->kind == GROUP_LAST)
        esql_forgive(p, told);
}

static bool read_arg(struct esql_parser *p, const struct kind *k, struct pipe_aggregate *out)
{
    if (esql_is_sign(p, "*")) {
        if (out->kind != GROUP_COUNT)
            return esql_expected(p, "a column");
        return esql_advance(p);
    }
    if (esql_is_sign(p, ")"))
        return out->kind == GROUP_COUNT || esql_expected(p, "a column");
    struct str told = p->told;
    p->is_in_stats = false; /* no aggregate inside an aggregate */
    out->arg = esql_expression(p);
    if (out->arg && esql_is_metadata(p, out->arg))
        of_metadata(p, told, out);
    if (out->arg && esql_is_sign(p, ",") && !read_second(p, k, out))
        out->arg = NULL;
    p->is_in_stats = true;
    if (!out->arg)
        return false;
    struct expr_value v;
    if (out->kind == GROUP_COUNT && pipe_constant(out->arg, &v) && v.type != EXPR_VALUE_NULL)
        out->arg = NULL; /* COUNT(1) */
    if (out->kind == GROUP_LEAST && !out->limit)
        return diag_error(p->s->diag, out->at, "top() takes 2 or 3 arguments, not 1");
    if (out->arg && out->arg->kind == EXPR_TIME &&
        (out->kind == GROUP_VALUES || k->kind == GROUP_LEAST || out->kind == GROUP_FIRST ||
         out->kind == GROUP_LAST))
        out->arg = pipe_call1(p->pipe, out->at, EXPR_TIME_TEXT, out->arg);
    return true;
}

/* The earliest or latest of times is one. */
static bool is_moment(const struct pipe_aggregate *a)
{
    return (a->kind == GROUP_MIN || a->kind == GROUP_MAX) && esql_type_of(a->arg) == ESQL_TYPE_TIME;
}

/* PRESENT(x), ABSENT(x): are there values at all? */
static struct expr *presence(struct esql_parser *p, struct place at, bool is_wanted)
{
    bool is_known;
    struct expr *n = esql_aggregate(p, at, STR("count"), &is_known);

    return pipe_call2(p->pipe, at, is_wanted ? EXPR_GT : EXPR_EQ, n, pipe_whole(p->pipe, 0));
}

/* One more aggregate of rows. */
static struct expr *add_leaf(struct esql_parser *p, struct pipe_aggregate a, const char *name)
{
    if (p->n_aggregates == CORRELATION_COLUMNS_MAX) {
        diag_error(p->s->diag, a.at, "more than %d aggregates", CORRELATION_COLUMNS_MAX);
        return NULL;
    }
    size_t i = p->n_aggregates++;
    a.name = arena_printf(p->s->a, "%s#%zu", name, i + 1);
    p->aggregates[i] = a;
    struct expr *leaf = leaf_of(p, a.at, i);
    leaf->group = is_moment(&a) ? ESQL_MOMENT : 0;
    return leaf;
}

/* Of an even number of values the middle between the two that are in the middle: a rank that is a
 * trace above the half is that of the upper one. */
static struct expr *median(struct esql_parser *p, struct pipe_aggregate a)
{
    struct expr *lower = add_leaf(p, a, "median");

    a.percentile_micro++;
    struct expr *upper = lower ? add_leaf(p, a, "median") : NULL;
    return pipe_call2(p->pipe, a.at, EXPR_QUOTIENT,
                      pipe_call2(p->pipe, a.at, EXPR_ADD, lower, upper), pipe_whole(p->pipe, 2));
}

/* WEIGHTED_AVG(number, weight): `order` is the weight. */
static struct expr *weighted_average(struct esql_parser *p, struct pipe_aggregate a)
{
    struct pipe_aggregate weights = a, products = a;

    if (!a.order) {
        diag_error(p->s->diag, a.at, "weighted_avg() takes 2 arguments, not 1");
        return NULL;
    }
    weights.arg = a.order;
    products.arg = pipe_call2(p->pipe, a.at, EXPR_MULTIPLY, a.arg, a.order);
    weights.order = products.order = NULL;
    struct expr *sum = products.arg ? add_leaf(p, products, "weighted_avg") : NULL;
    return pipe_call2(p->pipe, a.at, EXPR_QUOTIENT, sum,
                      sum ? add_leaf(p, weights, "weighted_avg") : NULL);
}

static struct expr *variance(struct esql_parser *p, struct pipe_aggregate a)
{
    struct expr *deviation = add_leaf(p, a, "variance");

    return pipe_call2(p->pipe, a.at, EXPR_MULTIPLY, deviation, deviation);
}

struct expr *esql_aggregate(struct esql_parser *p, struct place at, struct str name, bool *is_known)
{
    const struct kind *k = kind_of(name);
    bool is_present = str_eq_ci(name, STR("present")), is_missing = str_eq_ci(name, STR("absent"));

    *is_known = k != NULL || is_present || is_missing || is_absent(name);
    if (is_present || is_missing)
        return presence(p, at, is_present);
    if (*is_known && !k)
        diag_unsupported(p->s->diag, at, "the aggregate %.*s(): not in this version", SHOWN(name));
    if (!k)
        return NULL;
    struct pipe_aggregate a = {
        .kind = k->kind, .at = at, .percentile_micro = INT64_C(50) * CORRELATION_MICRO};
    if (!esql_advance(p) || !read_arg(p, k, &a) || !esql_expect_sign(p, ")", "behind the column"))
        return NULL;
    if (str_eq_ci(name, STR("median")))
        return median(p, a);
    if (str_eq_ci(name, STR("variance")))
        return variance(p, a);
    return str_eq_ci(name, STR("weighted_avg")) ? weighted_average(p, a) : add_leaf(p, a, k->name);
}

/* ---- the step ------------------------------------------------------------------------- */

struct output {
    struct str name;
    struct expr *value;
    struct place at;
};

/* "name =" may stand before. The text of the expression is its name otherwise. */
bool esql_read_name(struct esql_parser *p, struct str *name)
{
    struct esql_parser before = *p;
    struct esql_token t = p->token;

    *name = STR("");
    if (t.kind != ESQL_WORD)
        return true;
    if (!esql_advance(p))
        return false;
    if (esql_is_sign(p, "=")) {
        *name = t.text;
        return esql_advance(p);
    }
    p->reader = before.reader;
    p->token = before.token;
    p->last_end = before.last_end;
    return true;
}

/* What was read since byte `start`. */
struct str esql_text_since(const struct esql_parser *p, size_t start)
{
    return str_sub(p->reader.text, start, p->last_end - start);
}

/* A filter of its own: COUNT(*) WHERE x == "y". */
static bool read_filter(struct esql_parser *p, size_t from)
{
    if (!esql_is_word(p, "where"))
        return true;
    p->is_in_stats = false;
    struct expr *filter = esql_advance(p) ? esql_expression(p) : NULL;
    p->is_in_stats = true;
    for (size_t i = from; i < p->n_aggregates; i++)
        p->aggregates[i].filter = filter;
    return filter != NULL;
}

static bool read_outputs(struct esql_parser *p, struct output *out, size_t *n)
{
    for (;;) {
        size_t start = p->token.start, first = p->n_aggregates;
        struct output *o = &out[*n];
        o->at = p->token.at;
        if (*n == CORRELATION_COLUMNS_MAX)
            return diag_error(p->s->diag, o->at, "more than %d columns", CORRELATION_COLUMNS_MAX);
        if (!esql_read_name(p, &o->name))
            return false;
        o->value = esql_expression(p);
        if (!o->value || !read_filter(p, first))
            return false;
        if (!o->name.n)
            o->name = names_intern(p->s->names, esql_text_since(p, start));
        if (o->value->kind == EXPR_FIELD && o->value->slot + 1 == p->n_aggregates)
            p->aggregates[o->value->slot].name = o->name;
        (*n)++;
        if (!esql_is_sign(p, ","))
            return true;
        if (!esql_advance(p))
            return false;
    }
}

static bool read_keys(struct esql_parser *p, struct pipe_key *keys, size_t *n)
{
    do {
        if (*n == CORRELATION_GROUP_MAX)
            return diag_error(p->s->diag, p->token.at, "more than %d columns behind BY",
                              CORRELATION_GROUP_MAX);
        if (!esql_advance(p))
            return false;
        struct esql_token t = p->token;
        struct pipe_key *k = &keys[*n];
        if (!esql_read_name(p, &k->name))
            return false;
        k->value = esql_expression(p);
        if (!k->value)
            return false;
        if (!k->name.n) /* of a column its name, whatever it is quoted in */
            k->name = p->last_end == t.end ? t.text
                                           : names_intern(p->s->names, esql_text_since(p, t.start));
        (*n)++;
    } while (esql_is_sign(p, ","));
    return true;
}

/* Made of aggregates and keys alone: a group has no other columns. */
static bool is_of_groups(struct esql_parser *p, const struct output *o, struct expr *e,
                         const struct pipe_key *keys, size_t n_keys)
{
    for (size_t i = 0; i < n_keys; i++)
        if (expr_equal(e, keys[i].value))
            return true;
    if (e->kind == EXPR_MEMBERS || e->kind == EXPR_TIME)
        return diag_error(p->s->diag, o->at,
                          "the column '%.*s' is neither in an aggregate nor behind BY",
                          SHOWN(e->text));
    for (size_t i = 0; e->kind == EXPR_CALL && i < e->n_args; i++)
        if (!is_of_groups(p, o, e->args[i], keys, n_keys))
            return false;
    return true;
}

/* Columns behind the step that are times. */
static void mark_moments(struct esql_parser *p, struct place at, const struct pipe_key *keys,
                         size_t n_keys)
{
    struct expr *column;

    for (size_t i = 0; i < n_keys; i++)
        if (esql_type_of(keys[i].value) == ESQL_TYPE_TIME &&
            (column = pipe_column(p->pipe, at, keys[i].name)) && column->kind == EXPR_FIELD)
            column->group = ESQL_MOMENT;
    for (size_t i = 0; i < p->n_aggregates; i++)
        if (is_moment(&p->aggregates[i]) &&
            (column = pipe_column(p->pipe, at, p->aggregates[i].name)) &&
            column->kind == EXPR_FIELD)
            column->group = ESQL_MOMENT;
}

bool esql_stats(struct esql_parser *p, struct place at)
{
    struct output outputs[CORRELATION_COLUMNS_MAX];
    struct pipe_key keys[CORRELATION_GROUP_MAX];
    size_t n = 0, n_keys = 0;

    p->aggregates = ARENA_ARRAY(p->s->scratch, CORRELATION_COLUMNS_MAX, struct pipe_aggregate);
    p->leaves = ARENA_ARRAY(p->s->scratch, CORRELATION_COLUMNS_MAX, struct expr *);
    p->n_aggregates = 0;
    p->is_in_stats = true;
    bool is_good = esql_is_word(p, "by") || read_outputs(p, outputs, &n);
    p->is_in_stats = false;
    if (!is_good || (esql_is_word(p, "by") && !read_keys(p, keys, &n_keys)))
        return false;
    if (p->rows_at.line ? !esql_stats_of_rows(p, at, keys, n_keys)
                        : !pipe_stats(p->pipe, at, p->aggregates, p->n_aggregates, keys, n_keys))
        return false;
    mark_moments(p, at, keys, n_keys);
    for (size_t i = 0; i < p->n_aggregates; i++)
        p->leaves[i]->slot += (uint32_t)n_keys;
    for (size_t i = 0; i < n; i++)
        if (!is_of_groups(p, &outputs[i], outputs[i].value, keys, n_keys))
            return false;
    for (size_t i = 0; i < n; i++)
        if (outputs[i].value->kind != EXPR_FIELD &&
            !pipe_set(p->pipe, outputs[i].at, outputs[i].name, outputs[i].value))
            return false;
    for (size_t i = 0; i < p->n_aggregates; i++) {
        bool is_part = str_find_char(p->aggregates[i].name, '#', 0) != SIZE_MAX;
        if (is_part && !pipe_drop(p->pipe, at, &p->aggregates[i].name, 1))
            return false;
    }
    return true;
}

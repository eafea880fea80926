/* function.c - calls by name: most are an operator of expressions, the others a few lines in the
 * call_*.c files. */
#include "lang/esql/call.h"

#include "base/str.h"

static const struct esql_functions *const TABLES[] = {&ESQL_TEXT_FUNCTIONS, &ESQL_VALUE_FUNCTIONS,
                                                      &ESQL_TIME_FUNCTIONS, &ESQL_OTHER_FUNCTIONS};

/* Functions of Elasticsearch's reference that are not here. */
static const char *const ABSENT[] = {"absent_over_time",
                                     "avg_over_time",
                                     "categorize",
                                     "chunk",
                                     "count_distinct_over_time",
                                     "count_over_time",
                                     "decay",
                                     "delta",
                                     "deriv",
                                     "embedding",
                                     "field_extract",
                                     "first_over_time",
                                     "idelta",
                                     "increase",
                                     "irate",
                                     "knn",
                                     "last_over_time",
                                     "ln",
                                     "max_over_time",
                                     "min_over_time",
                                     "mv_contains_all",
                                     "mv_pseries_weighted_sum",
                                     "network_direction",
                                     "percentile_over_time",
                                     "present_over_time",
                                     "range_contains",
                                     "range_intersects",
                                     "range_max",
                                     "range_min",
                                     "range_within",
                                     "rate",
                                     "score",
                                     "st_buffer",
                                     "st_contains",
                                     "st_disjoint",
                                     "st_envelope",
                                     "st_geohash",
                                     "st_geohex",
                                     "st_geotile",
                                     "st_intersects",
                                     "st_npoints",
                                     "st_simplify",
                                     "st_within",
                                     "st_xmax",
                                     "st_xmin",
                                     "st_ymax",
                                     "st_ymin",
                                     "stddev_over_time",
                                     "sum_over_time",
                                     "term",
                                     "text_embedding",
                                     "to_aggregate_metric_double",
                                     "to_ascii",
                                     "to_cartesianpoint",
                                     "to_cartesianshape",
                                     "to_date_range",
                                     "to_dense_vector",
                                     "to_geohash",
                                     "to_geohex",
                                     "to_geoshape",
                                     "to_geotile",
                                     "top_snippets",
                                     "v_cosine",
                                     "v_dot_product",
                                     "v_hamming",
                                     "v_l1_norm",
                                     "v_l2_norm",
                                     "v_magnitude",
                                     "variance_over_time"};

struct expr *esql_unsupported(const struct esql_call *c, const char *what)
{
    diag_unsupported(c->p->s->diag, c->at, "%s: not in this version", what);
    return NULL;
}

struct expr *esql_call_each(const struct esql_call *c, enum expr_op op, struct expr *a)
{
    return pipe_call(c->p->pipe, c->at, &(struct expr){.op = op, .is_each = true}, &a, 1);
}

/* ---- names ------------------------------------------------------------------------ */

static void refuse(struct esql_parser *p, struct place at, struct str name)
{
    struct str names[512];
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_LEN(ABSENT); i++)
        if (str_eq_ci(name, str_from(ABSENT[i]))) {
            diag_unsupported(p->s->diag, at, "the function %.*s(): not in this version",
                             SHOWN(name));
            return;
        }
    if (esql_is_aggregate(name)) {
        diag_error(p->s->diag, at, "%.*s() is of many rows: it stands in STATS", SHOWN(name));
        return;
    }
    for (size_t t = 0; t < ARRAY_LEN(TABLES); t++)
        for (size_t i = 0; i < TABLES[t]->n && n < ARRAY_LEN(names); i++)
            names[n++] = str_from(TABLES[t]->items[i].name);
    if (p->is_in_stats)
        n += esql_aggregate_names(names + n, ARRAY_LEN(names) - n);
    struct str hint = diag_hint(p->s->diag, name, names, n);
    diag_error(p->s->diag, at, "there is no function %.*s()%.*s", SHOWN(name), SHOWN(hint));
}

static const struct esql_function *function_of(struct esql_parser *p, struct place at,
                                               struct str name)
{
    for (size_t t = 0; t < ARRAY_LEN(TABLES); t++)
        for (size_t i = 0; i < TABLES[t]->n; i++)
            if (str_eq_ci(name, str_from(TABLES[t]->items[i].name)))
                return &TABLES[t]->items[i];
    refuse(p, at, name);
    return NULL;
}

/* ---- calls ------------------------------------------------------------------------- */

static bool read_args(struct esql_parser *p, struct esql_call *c)
{
    c->args = ARENA_ARRAY(p->s->scratch, ESQL_ARGS_MAX, struct expr *);
    if (!esql_advance(p))
        return false;
    if (esql_is_sign(p, ")"))
        return esql_advance(p);
    for (;;) {
        if (c->n == ESQL_ARGS_MAX)
            return diag_error(p->s->diag, c->at, "more than %d arguments", ESQL_ARGS_MAX);
        c->args[c->n] = esql_expression(p);
        if (!c->args[c->n++])
            return false;
        if (!esql_is_sign(p, ","))
            return esql_expect_sign(p, ")", "behind the arguments");
        if (!esql_advance(p))
            return false;
    }
}

static bool check_types(const struct esql_function *f, const struct esql_call *c)
{
    size_t n_letters = f->takes ? strlen(f->takes) : 0;

    for (size_t i = 0; n_letters && i < c->n; i++) {
        char letter = f->takes[i < n_letters ? i : n_letters - 1];
        if (!esql_type_fits(letter, esql_type_of(c->args[i])))
            return diag_error(c->p->s->diag, c->at, "argument %zu of %s() is %s, not %s", i + 1,
                              f->name, esql_type_name(letter),
                              esql_type_shown(esql_type_of(c->args[i])));
    }
    return true;
}

/* One of several times: also where they are literals, of which a number is left. */
static bool is_of_times(const struct esql_function *f, const struct esql_call *c)
{
    bool is_one = f->op == EXPR_COALESCE || f->op == EXPR_CASE || f->op == EXPR_LEAST ||
                  f->op == EXPR_GREATEST || f->op == EXPR_LIST_AT;

    return is_one && (esql_type_of(c->args[c->n - 1]) == ESQL_TYPE_TIME ||
                      esql_type_of(c->args[0]) == ESQL_TYPE_TIME);
}

struct expr *esql_call(struct esql_parser *p, struct place at, struct str name)
{
    struct esql_call c = {.p = p, .at = at};
    bool is_aggregate = false, is_search;

    if (p->is_in_stats) {
        struct expr *e = esql_aggregate(p, at, name, &is_aggregate);
        if (is_aggregate)
            return e;
    }
    struct expr *search = esql_search(p, at, name, &is_search);
    if (is_search)
        return search;
    const struct esql_function *f = function_of(p, at, name);
    if (!f)
        return NULL;
    if (++p->depth > QUERY_DEPTH_MAX) {
        diag_error(p->s->diag, at, "more than %d calls inside each other", QUERY_DEPTH_MAX);
        return NULL;
    }
    if (!read_args(p, &c))
        return NULL;
    p->depth--;
    if (c.n < f->least || c.n > f->most) {
        diag_error(p->s->diag, at, "%s() takes %zu%s arguments, not %zu", f->name, f->least,
                   f->most == ESQL_ARGS_MAX ? " or more"
                   : f->most > f->least     ? " or one more"
                                            : "",
                   c.n);
        return NULL;
    }
    if (!check_types(f, &c))
        return NULL;
    c.name = str_from(f->name);
    struct expr *e =
        f->make ? f->make(&c) : pipe_call(p->pipe, at, &(struct expr){.op = f->op}, c.args, c.n);
    return is_of_times(f, &c) ? esql_moment(e) : e;
}

/* aggregates.c - each aggregate as a pass over the rows: a group is looked at as a whole, so that
 * nothing needs to be undone when rows leave. */
#include "correlate/aggregates.h"

#include <math.h>
#include <stdlib.h>

#include "base/str.h"

static struct expr_value value_of(const struct group_row *row, uint32_t column)
{
    if (column == GROUP_TIME_COLUMN || column == GROUP_NO_COLUMN)
        return expr_value_whole(row->t_ms);
    return row->values[column];
}

struct pass {
    struct arena *a;
    const struct group_aggregate *g;
    const struct group_row *rows;
    size_t n;
};

/* Members of all values, in the order of the rows. */
static struct expr_value *members_of(const struct pass *p, size_t *n)
{
    size_t total = 0, n_items;
    struct expr_value v;

    for (size_t i = 0; i < p->n; i++) {
        v = value_of(&p->rows[i], p->g->column);
        (void)expr_value_items(&v, &n_items);
        total += n_items;
    }
    struct expr_value *out = ARENA_ARRAY(p->a, total, struct expr_value);
    *n = 0;
    for (size_t i = 0; i < p->n; i++) {
        v = value_of(&p->rows[i], p->g->column);
        const struct expr_value *items = expr_value_items(&v, &n_items);
        for (size_t k = 0; k < n_items; k++)
            out[(*n)++] = items[k];
    }
    return out;
}

static int by_value(const void *x, const void *y)
{
    return expr_value_cmp(x, y);
}

static int by_value_down(const void *x, const void *y)
{
    return expr_value_cmp(y, x);
}

static size_t sort_distinct(struct expr_value *v, size_t n)
{
    size_t kept = 0;

    qsort(v, n, sizeof *v, by_value);
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || expr_value_cmp(&v[kept - 1], &v[i]))
            v[kept++] = v[i];
    return kept;
}

/* As they came, each once, up to a limit: quadratic in that. */
static size_t keep_first(struct expr_value *v, size_t n, size_t limit)
{
    size_t kept = 0;

    for (size_t i = 0; i < n && kept < limit; i++) {
        size_t k = 0;
        while (k < kept && expr_value_cmp(&v[k], &v[i]))
            k++;
        if (k == kept)
            v[kept++] = v[i];
    }
    return kept;
}

static struct expr_value listed(const struct pass *p)
{
    size_t n, limit = p->g->limit ? p->g->limit : GROUP_LIST_MAX;
    struct expr_value *v = members_of(p, &n);

    if (p->g->kind == GROUP_VALUES)
        n = sort_distinct(v, n);
    else if (p->g->kind == GROUP_COLLECT)
        n = keep_first(v, n, limit);
    else if (p->g->kind != GROUP_LIST)
        qsort(v, n, sizeof *v, p->g->kind == GROUP_LEAST ? by_value : by_value_down);
    return expr_value_list(p->a, v, n < limit ? n : limit);
}

static struct expr_value counted(const struct pass *p)
{
    size_t n = 0, n_items;
    struct expr_value v;

    if (p->g->kind == GROUP_COUNT && p->g->column >= GROUP_TIME_COLUMN)
        return expr_value_whole((int64_t)p->n);
    if (p->g->kind == GROUP_DISTINCT) {
        struct expr_value *all = members_of(p, &n);
        return expr_value_whole((int64_t)sort_distinct(all, n));
    }
    for (size_t i = 0; i < p->n; i++) {
        v = value_of(&p->rows[i], p->g->column);
        (void)expr_value_items(&v, &n_items);
        n += p->g->kind == GROUP_COUNT ? n_items : v.type == EXPR_VALUE_BOOL && v.is_true;
    }
    return expr_value_whole((int64_t)n);
}

static struct expr_value extreme(const struct pass *p)
{
    size_t n, best = 0;
    struct expr_value *v = members_of(p, &n);

    for (size_t i = 1; i < n; i++) {
        int order = expr_value_cmp(&v[i], &v[best]);
        if (p->g->kind == GROUP_MIN ? order < 0 : order > 0)
            best = i;
    }
    return n ? v[best] : (struct expr_value){.type = EXPR_VALUE_NULL};
}

/* Texts that are numbers count; others do not. */
static size_t numbers_of(const struct pass *p, struct expr_value **out)
{
    size_t n, kept = 0;
    struct expr_value *v = members_of(p, &n);

    for (size_t i = 0; i < n; i++) {
        struct expr_value x = v[i].type == EXPR_VALUE_TEXT ? expr_value_number(v[i].text) : v[i];
        if (x.type == EXPR_VALUE_INT || x.type == EXPR_VALUE_REAL)
            v[kept++] = x;
    }
    *out = v;
    return kept;
}

static struct expr_value nearest_rank(const struct pass *p, struct expr_value *v, size_t n)
{
    double rank = ceil((double)p->g->percentile_micro / 1e8 * (double)n);
    size_t i = rank < 1 ? 0 : (size_t)rank - 1;

    qsort(v, n, sizeof *v, by_value);
    return v[i < n ? i : n - 1];
}

static double median(struct expr_value *v, size_t n)
{
    qsort(v, n, sizeof *v, by_value);
    return v[(n - 1) / 2].real / 2 + v[n / 2].real / 2;
}

static struct expr_value median_deviation(struct expr_value *v, size_t n)
{
    double middle = median(v, n);

    for (size_t i = 0; i < n; i++) {
        v[i] = expr_value_real(fabs(v[i].real - middle));
        if (v[i].type == EXPR_VALUE_NULL) /* no number is so far */
            return v[i];
    }
    return expr_value_real(median(v, n));
}

static struct expr_value computed(const struct pass *p)
{
    struct expr_value *v;
    size_t n = numbers_of(p, &v);
    double sum = 0, squares = 0;
    int64_t whole = 0;
    bool is_whole = true;

    if (n == 0)
        return (struct expr_value){.type = EXPR_VALUE_NULL};
    if (p->g->kind == GROUP_PERCENTILE)
        return nearest_rank(p, v, n);
    if (p->g->kind == GROUP_MEDIAN_DEVIATION)
        return median_deviation(v, n);
    for (size_t i = 0; i < n; i++) {
        sum += v[i].real;
        is_whole = is_whole && v[i].type == EXPR_VALUE_INT &&
                   !__builtin_add_overflow(whole, v[i].whole, &whole);
    }
    double mean = sum / (double)n;
    if (p->g->kind == GROUP_AVERAGE)
        return expr_value_real(mean);
    if (p->g->kind == GROUP_SUM)
        return is_whole ? expr_value_whole(whole) : expr_value_real(sum);
    for (size_t i = 0; i < n; i++)
        squares += (v[i].real - mean) * (v[i].real - mean);
    return expr_value_real(sqrt(squares / (double)n));
}

/* The earliest or latest row that has a value; of equal ones the first, and the last. */
static struct expr_value at_an_end(const struct pass *p)
{
    struct expr_value out = {.type = EXPR_VALUE_NULL}, key = {.type = EXPR_VALUE_NULL};

    for (size_t i = 0; i < p->n; i++) {
        struct expr_value v = value_of(&p->rows[i], p->g->column);
        struct expr_value own = value_of(&p->rows[i], p->g->order);
        if (v.type == EXPR_VALUE_NULL || own.type == EXPR_VALUE_NULL)
            continue;
        int order = key.type == EXPR_VALUE_NULL ? 0 : expr_value_cmp(&own, &key);
        if (key.type == EXPR_VALUE_NULL || (p->g->kind == GROUP_FIRST ? order < 0 : order >= 0)) {
            out = v;
            key = own;
        }
    }
    return out;
}

struct expr_value aggregate_rows(struct arena *a, const struct group_aggregate *g,
                                 const struct group_row *rows, size_t n)
{
    struct pass p = {a, g, rows, n};

    switch (g->kind) {
    case GROUP_COUNT:
    case GROUP_COUNT_TRUE:
    case GROUP_DISTINCT:
        return counted(&p);
    case GROUP_VALUES:
    case GROUP_COLLECT:
    case GROUP_LIST:
    case GROUP_LEAST:
    case GROUP_GREATEST:
        return listed(&p);
    case GROUP_MIN:
    case GROUP_MAX:
        return extreme(&p);
    case GROUP_FIRST:
    case GROUP_LAST:
        return at_an_end(&p);
    default:
        return computed(&p);
    }
}

/* ---- groups inside a group ----------------------------------------------------------------- */

struct inner {
    struct arena *a;
    const struct group_inner *g;
    const struct group_row *rows;
    struct expr_value *slots;    /* of the group at hand: keys, aggregates */
    const struct group_row *row; /* is_rows: that is asked */
    int64_t now_ms;
};

/* One value is the list of it, null the empty list. */
static int value_cmp(const struct expr_value *x, const struct expr_value *y)
{
    size_t n, k;
    const struct expr_value *a = expr_value_items(x, &n), *b = expr_value_items(y, &k);
    int order = (n > k) - (n < k);

    for (size_t i = 0; order == 0 && i < n; i++)
        order = expr_value_cmp(&a[i], &b[i]);
    return order;
}

/* A row to be put in the order of keys. */
struct keyed {
    const struct group_inner *g;
    const struct group_row *row;
    size_t number; /* among all rows */
};

static int keys_cmp(const struct keyed *x, const struct keyed *y)
{
    int order = 0;

    for (size_t i = 0; order == 0 && i < x->g->n_keys; i++)
        order = value_cmp(&x->row->values[x->g->keys[i]], &y->row->values[x->g->keys[i]]);
    return order;
}

static int by_keys(const void *x, const void *y)
{
    const struct keyed *a = x, *b = y;
    int order = keys_cmp(a, b);

    return order ? order : (a->number > b->number) - (a->number < b->number);
}

/* Rows with the same keys, in their order. */
struct run {
    const struct keyed *first;
    size_t n;
};

/* By the number of the run's first row; of other rows n is 0. */
static struct run *runs_of(struct inner *in, size_t n)
{
    struct keyed *sorted = ARENA_ARRAY(in->a, n, struct keyed);
    struct run *out = ARENA_ARRAY(in->a, n, struct run);

    for (size_t i = 0; i < n; i++)
        sorted[i] = (struct keyed){in->g, &in->rows[i], i};
    if (n)
        qsort(sorted, n, sizeof *sorted, by_keys);
    for (size_t i = 0, first = 0; i < n; i++) {
        if (keys_cmp(&sorted[first], &sorted[i]))
            first = i;
        out[sorted[first].number].first = &sorted[first];
        out[sorted[first].number].n++;
    }
    return out;
}

static struct expr_value slot_value(void *context, uint32_t slot)
{
    const struct inner *in = context;
    size_t n_slots = in->g->n_keys + in->g->n_aggregates;

    if (slot == GROUP_TIME_COLUMN)
        return expr_value_whole(in->row->t_ms);
    return slot < n_slots ? in->slots[slot] : in->row->values[slot - n_slots];
}

/* What is told of the row at hand; false: it does not meet the condition. */
static bool told_row(struct inner *in, const struct group_row *row, struct group_row *out)
{
    const struct group_inner *g = in->g;
    struct expr_scope scope = {.field = slot_value,
                               .members = slot_value,
                               .context = in,
                               .space = in->a,
                               .has_time = true,
                               .time_ms = in->now_ms};

    in->row = row;
    if (g->having && expr_truth(g->having, &scope) != TRUTH_TRUE)
        return false;
    struct expr_value *values = ARENA_ARRAY(in->a, g->n_values, struct expr_value);
    for (size_t i = 0; i < g->n_values; i++)
        values[i] = expr_value_of(g->values[i], &scope);
    *out = (struct group_row){row->t_ms, row->order, values};
    return true;
}

/* One row of the rows[0 .. n) of one inner group; false: it does not meet the condition. */
static bool inner_row(struct inner *in, const struct group_row *rows, size_t n,
                      struct group_row *out)
{
    const struct group_inner *g = in->g;

    in->slots = ARENA_ARRAY(in->a, g->n_keys + g->n_aggregates, struct expr_value);
    for (size_t i = 0; i < g->n_keys; i++)
        in->slots[i] = rows[0].values[g->keys[i]];
    for (size_t i = 0; i < g->n_aggregates; i++)
        in->slots[g->n_keys + i] = aggregate_rows(in->a, &g->aggregates[i], rows, n);
    in->now_ms = rows[n - 1].t_ms;
    return told_row(in, &rows[0], out);
}

/* ---- rows beside the aggregates of their group ---------------------------------------------- */

/* Some key has several values. */
static bool is_in_several(const struct group_inner *g, const struct group_row *row)
{
    size_t n;

    for (size_t i = 0; i < g->n_keys; i++) {
        (void)expr_value_items(&row->values[g->keys[i]], &n);
        if (n > 1)
            return true;
    }
    return false;
}

/* The row is of the group of the other one, whose keys have one value each. */
static bool is_in_group(const struct group_inner *g, const struct group_row *row,
                        const struct group_row *of)
{
    for (size_t i = 0; i < g->n_keys; i++) {
        const struct expr_value *key = &of->values[g->keys[i]];
        size_t n, k = 0;
        const struct expr_value *items = expr_value_items(&row->values[g->keys[i]], &n);
        if (n < 2 && value_cmp(&row->values[g->keys[i]], key))
            return false;
        while (n > 1 && k < n && value_cmp(&items[k], key))
            k++;
        if (n > 1 && k == n)
            return false;
    }
    return true;
}

/* The run's rows and those of `several` that are of its group, too, all in their order. */
static size_t rows_of_group(const struct inner *in, const struct run *run, const size_t *several,
                            size_t n_several, struct group_row *own)
{
    size_t n = 0, k = 0;

    for (size_t i = 0; i < n_several; i++) {
        const struct group_row *row = &in->rows[several[i]];
        if (!is_in_group(in->g, row, run->first->row))
            continue;
        while (k < run->n && run->first[k].number < several[i])
            own[n++] = *run->first[k++].row;
        own[n++] = *row;
    }
    while (k < run->n)
        own[n++] = *run->first[k++].row;
    return n;
}

/* The aggregates of the run's group; of rows that are in several groups they are null, as
 * Elasticsearch joins them. */
static void fill_slots(struct inner *in, const struct run *run, const size_t *several,
                       size_t n_several, struct group_row *own)
{
    const struct group_inner *g = in->g;
    bool is_several = is_in_several(g, run->first->row);
    size_t n_own = is_several ? 0 : rows_of_group(in, run, several, n_several, own);

    in->slots = ARENA_ARRAY(in->a, g->n_keys + g->n_aggregates, struct expr_value);
    for (size_t k = 0; k < g->n_keys; k++)
        in->slots[k] = run->first->row->values[g->keys[k]];
    for (size_t k = 0; k < g->n_aggregates; k++)
        in->slots[g->n_keys + k] = is_several
                                       ? (struct expr_value){.type = EXPR_VALUE_NULL}
                                       : aggregate_rows(in->a, &g->aggregates[k], own, n_own);
}

static struct group_row *rows_beside(struct inner *in, size_t n, size_t *n_out)
{
    struct group_row *out = ARENA_ARRAY(in->a, n, struct group_row);
    struct group_row *own = ARENA_ARRAY(in->a, n, struct group_row);
    struct expr_value **slots = ARENA_ARRAY(in->a, n, struct expr_value *);
    size_t *several = ARENA_ARRAY(in->a, n, size_t), n_several = 0;
    const struct run *runs = runs_of(in, n);

    *n_out = 0;
    in->now_ms = n ? in->rows[n - 1].t_ms : 0;
    for (size_t i = 0; i < n; i++)
        if (is_in_several(in->g, &in->rows[i]))
            several[n_several++] = i;
    for (size_t i = 0; i < n; i++) {
        if (runs[i].n)
            fill_slots(in, &runs[i], several, n_several, own);
        for (size_t k = 0; k < runs[i].n; k++)
            slots[runs[i].first[k].number] = in->slots;
        in->slots = slots[i];
        *n_out += told_row(in, &in->rows[i], &out[*n_out]);
    }
    return out;
}

struct group_row *aggregate_inner(struct arena *a, const struct group_inner *g,
                                  const struct group_row *rows, size_t n, size_t *n_out)
{
    struct inner in = {.a = a, .g = g, .rows = rows};

    if (g->is_rows)
        return rows_beside(&in, n, n_out);
    struct group_row *out = ARENA_ARRAY(a, n, struct group_row);
    struct group_row *own = ARENA_ARRAY(a, n, struct group_row);
    const struct run *runs = runs_of(&in, n);

    *n_out = 0;
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < runs[i].n; k++)
            own[k] = *runs[i].first[k].row;
        if (runs[i].n && inner_row(&in, own, runs[i].n, &out[*n_out]))
            (*n_out)++;
    }
    return out;
}

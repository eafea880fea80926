/* expr_list.c - operators on lists. A single value is a list of one. */
#include "rule/expr_impl.h"

#include <math.h>
#include <stdlib.h>

#include "base/str.h"
#include "rule/expr_regex.h"

struct expr_value expr_value_list(struct arena *a, const struct expr_value *items, size_t n)
{
    size_t total = 0, n_out = 0;

    for (size_t i = 0; i < n; i++)
        total += items[i].type == EXPR_VALUE_LIST ? items[i].n_items : 1;
    total = total > EXPR_LIST_MAX ? EXPR_LIST_MAX : total;
    struct expr_value *out = ARENA_ARRAY(a, total, struct expr_value);
    for (size_t i = 0; i < n; i++) {
        size_t n_members;
        const struct expr_value *members = expr_value_items(&items[i], &n_members);
        for (size_t k = 0; k < n_members && n_out < total; k++)
            out[n_out++] = members[k];
    }
    if (n_out < 2)
        return n_out ? out[0] : EXPR_NOTHING;
    return (struct expr_value){.type = EXPR_VALUE_LIST, .items = out, .n_items = n_out};
}

/* A place counted from the end if it is negative; -1: outside. */
static int64_t place(int64_t i, size_t n)
{
    i += i < 0 ? (int64_t)n : 0;
    return i < 0 || i >= (int64_t)n ? -1 : i;
}

static struct expr_value list_at(const struct expr_args *a, const struct expr_value *items,
                                 size_t n)
{
    if (a->items[1].type != EXPR_VALUE_INT || (a->n > 2 && a->items[2].type != EXPR_VALUE_INT))
        return EXPR_NOTHING;
    int64_t from = place(a->items[1].whole, n);
    if (a->n < 3)
        return from < 0 ? EXPR_NOTHING : items[from];
    int64_t to = a->items[2].whole;
    if (from < 0 && a->items[1].whole < 0)
        from = 0;
    to = to >= (int64_t)n ? (int64_t)n - 1 : place(to, n);
    if (from < 0 || to < from)
        return EXPR_NOTHING;
    return expr_value_list(a->scope->space, items + from, (size_t)(to - from) + 1);
}

static struct expr_value list_find(const struct expr_args *a, const struct expr_value *items,
                                   size_t n)
{
    struct str text;

    for (size_t i = 0; i < n; i++)
        if (expr_value_string(a->scope->space, &items[i], &text) &&
            expr_regex_match(a->e->compiled, a->scope->space, text, 0, NULL) == EXPR_REGEX_YES)
            return expr_value_whole((int64_t)i);
    return EXPR_NOTHING;
}

bool expr_join(struct arena *space, const struct expr_value *items, size_t n, struct str between,
               struct str *out)
{
    struct str *texts = ARENA_ARRAY(space, n, struct str);
    size_t total = 0;

    for (size_t i = 0; i < n; i++) {
        if (!expr_value_string(space, &items[i], &texts[i]))
            return false;
        total += texts[i].n + (i ? between.n : 0);
    }
    if (total > EXPR_TEXT_MAX)
        return false;
    char *to = arena_alloc(space, total + 1), *at = to;
    for (size_t i = 0; i < n; i++) {
        if (i && between.n)
            at = (char *)memcpy(at, between.p, between.n) + between.n;
        if (texts[i].n)
            at = (char *)memcpy(at, texts[i].p, texts[i].n) + texts[i].n;
    }
    *out = (struct str){to, total};
    return true;
}

static struct expr_value list_join(const struct expr_args *a, const struct expr_value *items,
                                   size_t n)
{
    struct str between, out;

    if (!expr_value_string(a->scope->space, &a->items[1], &between) ||
        !expr_join(a->scope->space, items, n, between, &out))
        return EXPR_NOTHING;
    return expr_value_text(out);
}

static struct expr_value list_sum(const struct expr_args *a, const struct expr_value *items,
                                  size_t n)
{
    double real = 0;
    int64_t whole = 0;
    bool is_whole = true;

    for (size_t i = 0; i < n; i++) {
        struct expr_value v = items[i];
        if (v.type == EXPR_VALUE_TEXT)
            v = expr_value_number(v.text);
        if (!expr_is_number(&v))
            return EXPR_NOTHING;
        real += v.real;
        is_whole =
            is_whole && v.type == EXPR_VALUE_INT && !__builtin_add_overflow(whole, v.whole, &whole);
    }
    if (a->e->op == EXPR_LIST_AVERAGE)
        return expr_value_real(real / (double)n);
    return is_whole ? expr_value_whole(whole) : expr_value_real(real);
}

static void reverse(struct expr_value *items, size_t n)
{
    for (size_t i = 0; i < n / 2; i++) {
        struct expr_value first = items[i];
        items[i] = items[n - 1 - i];
        items[n - 1 - i] = first;
    }
}

static int by_value(const void *x, const void *y)
{
    return expr_value_cmp(x, y);
}

static struct expr_value *copy(const struct expr_args *a, const struct expr_value *items, size_t n)
{
    struct expr_value *out = ARENA_ARRAY(a->scope->space, n, struct expr_value);

    memcpy(out, items, n * sizeof *out);
    return out;
}

static bool has(const struct expr_value *items, size_t n, const struct expr_value *v)
{
    for (size_t i = 0; i < n; i++)
        if (expr_value_cmp(&items[i], v) == 0)
            return true;
    return false;
}

/* In order; NULL: a member is no number. */
static struct expr_value *sorted_numbers(const struct expr_args *a, const struct expr_value *items,
                                         size_t n)
{
    struct expr_value *sorted = copy(a, items, n);

    for (size_t i = 0; i < n; i++) {
        if (sorted[i].type == EXPR_VALUE_TEXT)
            sorted[i] = expr_value_number(sorted[i].text);
        if (!expr_is_number(&sorted[i]))
            return NULL;
    }
    qsort(sorted, n, sizeof *sorted, by_value);
    return sorted;
}

/* What lies that part of the way between, without its fraction. The two may be further from each
 * other than the greatest number, and the way's end, as a double, may be behind the second. */
static int64_t whole_between(int64_t low, int64_t high, double part)
{
    uint64_t whole_way = (uint64_t)high - (uint64_t)low;
    double way = part * (double)whole_way;

    return way < (double)whole_way ? (int64_t)((uint64_t)low + (uint64_t)way) : high;
}

static struct expr_value list_percentile(const struct expr_args *a, const struct expr_value *items,
                                         size_t n)
{
    struct expr_value *sorted = sorted_numbers(a, items, n);

    if (!sorted || !expr_is_number(&a->items[1]) || a->items[1].real < 0 || a->items[1].real > 100)
        return EXPR_NOTHING;
    double rank = a->items[1].real / 100 * (double)(n - 1), part = rank - floor(rank);
    const struct expr_value *low = &sorted[(size_t)rank];
    if (part == 0)
        return low->type == EXPR_VALUE_INT ? expr_value_whole(low->whole)
                                           : expr_value_real(low->real);
    const struct expr_value *high = low + 1;
    if (low->type == EXPR_VALUE_INT && high->type == EXPR_VALUE_INT)
        return expr_value_whole(whole_between(low->whole, high->whole, part));
    return expr_value_real(low->real * (1 - part) + high->real * part);
}

static struct expr_value list_median(const struct expr_args *a, const struct expr_value *items,
                                     size_t n)
{
    struct expr_value *sorted = sorted_numbers(a, items, n);

    if (!sorted)
        return EXPR_NOTHING;
    const struct expr_value *low = &sorted[(n - 1) / 2], *high = &sorted[n / 2];
    if (low->type != EXPR_VALUE_INT || high->type != EXPR_VALUE_INT)
        return expr_value_real(low == high ? low->real : low->real / 2 + high->real / 2);
    /* Half of what differs below what both have: the sum may not fit. */
    return expr_value_whole((low->whole & high->whole) + ((low->whole ^ high->whole) >> 1));
}

/* `of` NULL: each value once; else those that are among its members, too. */
static struct expr_value list_set(const struct expr_args *a, const struct expr_value *items,
                                  size_t n, const struct expr_value *of)
{
    struct expr_value *out = copy(a, items, n);
    size_t n_of = 0, kept = 0;
    const struct expr_value *others = of ? expr_value_items(of, &n_of) : NULL;

    for (size_t i = 0; i < n; i++)
        if (!has(out, kept, &items[i]) && (!of || has(others, n_of, &items[i])))
            out[kept++] = items[i];
    return expr_value_list(a->scope->space, out, kept);
}

/* Matches of one text, from *n on. An empty match moves on by a byte. */
static void capture_all(const struct expr_args *a, struct str text, struct expr_value *out,
                        size_t *n)
{
    struct expr_match m;

    for (size_t at = 0; at <= text.n && *n < EXPR_LIST_MAX;) {
        enum expr_regex_result r = expr_regex_match(a->e->compiled, a->scope->space, text, at, &m);
        if (r == EXPR_REGEX_OVER_LIMIT && a->scope->n_over_limit)
            (*a->scope->n_over_limit)++;
        if (r != EXPR_REGEX_YES)
            return;
        if (m.groups[a->e->group].p)
            out[(*n)++] = expr_value_text(m.groups[a->e->group]);
        at = m.end > at ? m.end : at + 1;
    }
}

static struct expr_value list_capture(const struct expr_args *a, const struct expr_value *items,
                                      size_t n)
{
    struct expr_value *out = ARENA_ARRAY(a->scope->space, EXPR_LIST_MAX, struct expr_value);
    size_t n_out = 0;
    struct str text;

    for (size_t i = 0; i < n; i++)
        if (expr_value_string(a->scope->space, &items[i], &text))
            capture_all(a, text, out, &n_out);
    return expr_value_list(a->scope->space, out, n_out);
}

/* The first place whose key is not before this one. */
static size_t table_at(const struct expr_table *t, struct str key)
{
    size_t low = 0, high = t->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (str_cmp(t->keys[middle], key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* What the table has for the text behind *n. */
static void look_up(const struct expr_args *a, struct str key, struct expr_value *out, size_t *n)
{
    const struct expr_table *t = a->e->table;
    enum fold fold = t->is_caseless ? FOLD_ASCII : FOLD_NONE;

    for (size_t i = 0; t->globs && i < t->n && *n < EXPR_LIST_MAX; i++)
        if (expr_glob_fits(&t->globs[i], key, fold))
            out[(*n)++] = expr_value_text(t->values[i]);
    if (t->globs)
        return;
    if (t->is_caseless)
        key = arena_lower(a->scope->space, key);
    for (size_t at = table_at(t, key); at < t->n && *n < EXPR_LIST_MAX && str_eq(t->keys[at], key);
         at++)
        out[(*n)++] = expr_value_text(t->values[at]);
}

static struct expr_value list_lookup(const struct expr_args *a, const struct expr_value *items,
                                     size_t n)
{
    struct expr_value *out = ARENA_ARRAY(a->scope->space, EXPR_LIST_MAX, struct expr_value);
    size_t n_out = 0;
    struct str key;

    for (size_t i = 0; i < n; i++)
        if (expr_value_string(a->scope->space, &items[i], &key))
            look_up(a, key, out, &n_out);
    return expr_value_list(a->scope->space, out, n_out);
}

struct expr_value expr_list_call(const struct expr_args *a)
{
    size_t n;
    const struct expr_value *items;
    struct expr_value *sorted;

    if (a->e->op == EXPR_LIST)
        return expr_value_list(a->scope->space, a->items, a->n);
    items = expr_value_items(&a->items[0], &n);
    switch (a->e->op) {
    case EXPR_LIST_COUNT:
        return expr_value_whole((int64_t)n);
    case EXPR_LIST_AT:
        return list_at(a, items, n);
    case EXPR_LIST_FIND:
        return list_find(a, items, n);
    case EXPR_LIST_JOIN:
        return list_join(a, items, n);
    case EXPR_LIST_SUM:
    case EXPR_LIST_AVERAGE:
        return list_sum(a, items, n);
    case EXPR_LIST_MEDIAN:
        return list_median(a, items, n);
    case EXPR_LIST_PERCENTILE:
        return list_percentile(a, items, n);
    case EXPR_LIST_SORT:
        sorted = copy(a, items, n);
        qsort(sorted, n, sizeof *sorted, by_value);
        if (a->n > 1 && a->items[1].is_true)
            reverse(sorted, n);
        return expr_value_list(a->scope->space, sorted, n);
    case EXPR_LIST_CAPTURE:
        return list_capture(a, items, n);
    case EXPR_LIST_LOOKUP:
        return list_lookup(a, items, n);
    case EXPR_LIST_INTERSECT:
        return list_set(a, items, n, &a->items[1]);
    default:
        return list_set(a, items, n, NULL);
    }
}

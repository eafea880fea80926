/* sliding.c - what came is added, what went is taken away.
 *
 * Different values are counted in a table that holds all values of the rows from the start, so that
 * nothing moves. Of least and greatest those values wait that may be it one day: each is less
 * (greater) than those behind it. Whole numbers are added exactly; a sum of absolute values under
 * 2^53 is one that doubles hold exactly in any order, too. */
#include "correlate/sliding.h"

#include <string.h>

#include "base/hash.h"

enum { EXACT_BITS = 53, SLOTS_MIN = 16 };

/* A value in the table of different ones. */
struct tally {
    const struct expr_value *value; /* NULL: a free slot */
    uint32_t n;                     /* in the window */
};

struct waiting {
    struct expr_value value;
    size_t row;
};

struct sliding {
    struct arena *a;
    const struct group_aggregate *g;
    const struct group_row *rows;
    size_t from, to; /* the window of the last call */
    size_t n_rows, n_members;
    bool is_ready;

    size_t count;          /* of values; different ones, with the table */
    struct tally *tallies; /* a power of two of slots */
    size_t n_slots;
    struct waiting *waiting; /* [first, last) */
    size_t first, last;
    int64_t sum, absolute; /* of whole numbers */
    size_t n_inexact;      /* numbers that are none, or too large */
};

static struct expr_value value_of(const struct sliding *s, size_t row)
{
    uint32_t column = s->g->column;

    return column == GROUP_TIME_COLUMN || column == GROUP_NO_COLUMN
               ? expr_value_whole(s->rows[row].t_ms)
               : s->rows[row].values[column];
}

/* ---- different values ---------------------------------------------------------------------- */

static uint64_t value_hash(const struct expr_value *v)
{
    double real = v->real == 0 ? 0 : v->real; /* there are two */

    if (v->type == EXPR_VALUE_TEXT)
        return hash_str(v->text);
    return v->type == EXPR_VALUE_BOOL ? v->is_true : hash_bytes(&real, sizeof real);
}

static struct tally *tally_of(struct sliding *s, const struct expr_value *v)
{
    size_t at = value_hash(v) & (s->n_slots - 1);

    while (s->tallies[at].value && expr_value_cmp(s->tallies[at].value, v) != 0)
        at = (at + 1) & (s->n_slots - 1);
    return &s->tallies[at];
}

static void tally(struct sliding *s, const struct expr_value *v, bool comes)
{
    struct tally *t = tally_of(s, v);

    if (comes && !t->value) { /* the row's own may be a value on the stack */
        struct expr_value *kept = ARENA_NEW(s->a, struct expr_value);
        *kept = *v;
        t->value = kept;
    }
    if (comes)
        s->count += t->n++ == 0;
    else
        s->count -= --t->n == 0;
}

/* ---- least, greatest ----------------------------------------------------------------------- */

static void wait_for(struct sliding *s, const struct expr_value *v, size_t row)
{
    while (s->last > s->first) {
        int order = expr_value_cmp(v, &s->waiting[s->last - 1].value);
        if (s->g->kind == GROUP_MIN ? order >= 0 : order <= 0)
            break;
        s->last--;
    }
    s->waiting[s->last++] = (struct waiting){*v, row};
}

/* ---- sums ------------------------------------------------------------------------------- */

static void add_number(struct sliding *s, const struct expr_value *v, bool comes)
{
    static const int64_t LARGEST = INT64_C(1) << 40; /* so that 4,096 of a list's cannot overflow */
    struct expr_value x = v->type == EXPR_VALUE_TEXT ? expr_value_number(v->text) : *v;
    int64_t sign = comes ? 1 : -1;

    if (x.type != EXPR_VALUE_INT && x.type != EXPR_VALUE_REAL)
        return;
    s->count += comes ? 1 : (size_t)-1;
    if (x.type == EXPR_VALUE_REAL || x.whole > LARGEST || x.whole < -LARGEST) {
        s->n_inexact += comes ? 1 : (size_t)-1;
        return;
    }
    s->sum += sign * x.whole;
    s->absolute += sign * (x.whole < 0 ? -x.whole : x.whole);
}

/* ---- rows ------------------------------------------------------------------------------- */

/* What a row does to the window. */
enum { GOES = false, COMES = true };

static void move_row(struct sliding *s, size_t row, bool comes)
{
    struct expr_value v = value_of(s, row);
    size_t n;
    const struct expr_value *items = expr_value_items(&v, &n);

    if (s->g->kind == GROUP_COUNT)
        s->count += comes ? n : -n;
    if (s->g->kind == GROUP_COUNT_TRUE && v.type == EXPR_VALUE_BOOL && v.is_true)
        s->count += comes ? 1 : (size_t)-1;
    for (size_t i = 0; i < n; i++) {
        if (s->g->kind == GROUP_DISTINCT)
            tally(s, &items[i], comes);
        else if ((s->g->kind == GROUP_MIN || s->g->kind == GROUP_MAX) && comes)
            wait_for(s, &items[i], row);
        else if (s->g->kind == GROUP_SUM || s->g->kind == GROUP_AVERAGE)
            add_number(s, &items[i], comes);
    }
}

static void make_ready(struct sliding *s)
{
    size_t n;

    s->is_ready = true;
    for (size_t i = 0; i < s->n_rows; i++) {
        struct expr_value v = value_of(s, i);
        (void)expr_value_items(&v, &n);
        s->n_members += n;
    }
    if (s->g->kind == GROUP_DISTINCT) {
        for (s->n_slots = SLOTS_MIN; s->n_slots < 2 * s->n_members;)
            s->n_slots *= 2;
        s->tallies = ARENA_ARRAY(s->a, s->n_slots, struct tally);
    } else if (s->g->kind == GROUP_MIN || s->g->kind == GROUP_MAX) {
        s->waiting = ARENA_ARRAY(s->a, s->n_members, struct waiting);
    }
}

static bool can_slide(enum group_kind kind)
{
    return kind == GROUP_COUNT || kind == GROUP_COUNT_TRUE || kind == GROUP_DISTINCT ||
           kind == GROUP_SUM || kind == GROUP_AVERAGE || kind == GROUP_MIN || kind == GROUP_MAX;
}

struct sliding *sliding_new(struct arena *a, const struct group_aggregate *g,
                            const struct group_row *rows, size_t n)
{
    struct sliding *s = ARENA_NEW(a, struct sliding);

    *s = (struct sliding){.a = a, .g = g, .rows = rows, .n_rows = n};
    return s;
}

static void slide(struct sliding *s, size_t from, size_t to)
{
    if (!s->is_ready)
        make_ready(s);
    if (from >= s->to) /* nothing stays: begin anew behind the gap */
        for (; s->from < s->to; s->from++)
            move_row(s, s->from, GOES);
    if (s->from < from && s->from == s->to)
        s->from = s->to = from;
    for (; s->to < to; s->to++)
        move_row(s, s->to, COMES);
    for (; s->from < from; s->from++)
        move_row(s, s->from, GOES);
    while (s->first < s->last && s->waiting[s->first].row < from)
        s->first++;
}

static struct expr_value extreme(const struct sliding *s)
{
    return s->first < s->last ? s->waiting[s->first].value
                              : (struct expr_value){.type = EXPR_VALUE_NULL};
}

struct expr_value sliding_value(struct sliding *s, size_t from, size_t to)
{
    ASSERT(from >= s->from && to >= s->to && from <= to && to <= s->n_rows);
    if (!can_slide(s->g->kind))
        return aggregate_rows(s->a, s->g, s->rows + from, to - from);
    slide(s, from, to);
    switch (s->g->kind) {
    case GROUP_MIN:
    case GROUP_MAX:
        return extreme(s);
    case GROUP_SUM:
    case GROUP_AVERAGE:
        break;
    default:
        return expr_value_whole((int64_t)s->count);
    }
    if (s->n_inexact || s->absolute >> EXACT_BITS)
        return aggregate_rows(s->a, s->g, s->rows + from, to - from);
    if (s->count == 0)
        return (struct expr_value){.type = EXPR_VALUE_NULL};
    return s->g->kind == GROUP_SUM ? expr_value_whole(s->sum)
                                   : expr_value_real((double)s->sum / (double)s->count);
}

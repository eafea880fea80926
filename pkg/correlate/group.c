/* group.c - rows of a group, aggregates over them, and a condition on these: what STATS ... BY,
 * groupBy and stats mean where no cheaper operator says the same.
 *
 *   at each time e at which there are rows, over the rows in [e - W, e]: where the condition is
 * true, it is told, with the columns that the rule shows
 *
 * Rows are kept as they come and put in order when the watermark has passed some of them.
 * Aggregates are computed from the rows, each only if the condition asks for it: `count >= 100 and
 * ...` costs no more than a count for most groups. From one time to the next they slide along
 * (sliding.h); groups inside the group are made anew.
 *
 *     head, rows { i64 time, u64 order, u32 bytes, u8 judged, bytes }, tail
 *
 * Where parts of the key are apart (correlation.n_apart), one cell has the rows of many groups,
 * each of which is judged at each time: a row of one may be what makes another's condition true. A
 * group is told when it has a row of the time, or did not hold at the time before.
 *
 * Beyond GROUP_ROWS_MAX rows or GROUP_BYTES_MAX bytes the oldest give way, judged or not, and a row
 * is in at most CORRELATION_KEYS_PER_EVENT groups of its cell; what the cell tells from then on is
 * marked as inexact. */
#include "correlate/operator.h"

#include <stdlib.h>
#include <string.h>

#include "base/pack.h"
#include "base/str.h"
#include "base/vec.h"
#include "correlate/aggregates.h"
#include "correlate/final.h"
#include "correlate/hit.h"
#include "correlate/record.h"
#include "correlate/row.h"
#include "correlate/sliding.h"
#include "correlate/span.h"
#include "correlate/tail.h"
#include "state/columns.h"

enum {
    VERSION = 1,
    GROUP_ROWS_MAX = 4096,
    GROUP_APART_MAX = 512, /* with parts apart: all groups are judged at each time */
    GROUP_BYTES_MAX = 1024 * 1024,
    GROUP_WEIGHT = 96,
    GROUP_GIVES = 8 /* of a full group so manieth part gives way */
};

struct head {
    uint8_t version;
    uint8_t is_inexact;
    uint32_t n, bytes; /* of rows */
    int64_t newest_ms; /* of all rows */
    int64_t due_ms;    /* of the earliest that is not judged; CELL_NEVER: all are */
} __attribute__((packed, may_alias));

struct row_head {
    int64_t t_ms;
    uint64_t order;
    uint32_t n;
    uint8_t is_judged;
} __attribute__((packed, may_alias));

struct kept {
    struct row_head head;
    struct str bytes;
};

struct grouping {
    struct tail tail;
    const struct correlation *c;
    struct arena *a;
};

static struct head *head_of(const struct grouping *g)
{
    return (struct head *)g->tail.cell->main.p;
}

static bool attach(struct grouping *g)
{
    const struct cell_part *main = &g->tail.cell->main;
    const struct head *h = (const struct head *)main->p;

    if (main->n < sizeof *h || h->version != VERSION || h->n > GROUP_ROWS_MAX ||
        h->bytes > main->n - sizeof *h)
        return false;
    g->tail.offset = (uint32_t)sizeof *h + h->bytes;
    return tail_is_valid(&g->tail);
}

static bool create(struct grouping *g, const struct state_op *op)
{
    g->tail.offset = sizeof(struct head);
    if (!cell_resize(g->tail.cell, g->tail.offset))
        return false;
    *head_of(g) = (struct head){.version = VERSION, .newest_ms = INT64_MIN, .due_ms = CELL_NEVER};
    if (tail_init(&g->tail, op))
        return true;
    tail_drop(g->tail.cell);
    return false;
}

/* ---- rows ------------------------------------------------------------------------------------ */

static int by_time(const void *x, const void *y)
{
    const struct row_head *a = &((const struct kept *)x)->head;
    const struct row_head *b = &((const struct kept *)y)->head;

    if (a->t_ms != b->t_ms)
        return a->t_ms < b->t_ms ? -1 : 1;
    if (a->order != b->order)
        return a->order < b->order ? -1 : 1;
    return str_cmp(((const struct kept *)x)->bytes, ((const struct kept *)y)->bytes);
}

/* All of them in order of time, copied out of the cell. What is damaged ends the list. */
static struct kept *rows_of(const struct grouping *g, uint32_t *n)
{
    const struct head *h = head_of(g);
    struct str bytes = arena_str(g->a, (struct str){(const char *)(h + 1), h->bytes});
    struct kept *out = ARENA_ARRAY(g->a, h->n, struct kept);
    size_t at = 0;

    for (*n = 0; *n < h->n && bytes.n - at >= sizeof(struct row_head); (*n)++) {
        struct kept *k = &out[*n];
        memcpy(&k->head, bytes.p + at, sizeof k->head);
        at += sizeof k->head;
        if (k->head.n > bytes.n - at)
            break;
        k->bytes = (struct str){bytes.p + at, k->head.n};
        at += k->head.n;
    }
    for (uint32_t i = 1; i < *n; i++)
        if (by_time(&out[i - 1], &out[i]) > 0) { /* mostly they come in order */
            qsort(out, *n, sizeof *out, by_time);
            break;
        }
    return out;
}

/* These rows, fewer than there were or as many. */
static void put_back(struct grouping *g, const struct kept *rows, uint32_t n)
{
    struct cell *cell = g->tail.cell;
    uint32_t was = g->tail.offset, bytes = 0, n_tail = cell->main.n - was;
    uint8_t *at = cell->main.p + sizeof(struct head);

    for (uint32_t i = 0; i < n; i++) {
        memcpy(at + bytes, &rows[i].head, sizeof rows[i].head);
        bytes += (uint32_t)sizeof rows[i].head;
        if (rows[i].bytes.n)
            memcpy(at + bytes, rows[i].bytes.p, rows[i].bytes.n);
        bytes += (uint32_t)rows[i].bytes.n;
    }
    head_of(g)->n = n;
    head_of(g)->bytes = bytes;
    head_of(g)->due_ms = CELL_NEVER;
    for (uint32_t i = n; i > 0; i--) /* in order of time */
        if (!rows[i - 1].head.is_judged)
            head_of(g)->due_ms = rows[i - 1].head.t_ms;
    g->tail.offset = (uint32_t)sizeof(struct head) + bytes;
    memmove(cell->main.p + g->tail.offset, cell->main.p + was, n_tail);
    bool is_done = cell_resize(cell, g->tail.offset + n_tail);
    ASSERT(is_done);
}

static void give_way(struct grouping *g)
{
    uint32_t n;

    head_of(g)->is_inexact = true;
    g->a = arena_new(0);
    struct kept *rows = rows_of(g, &n);
    uint32_t gone = n / GROUP_GIVES + 1;
    put_back(g, rows + (gone < n ? gone : n), gone < n ? n - gone : 0);
    arena_free(g->a);
}

static void add(struct grouping *g, const struct state_op *op, const struct hit *hit)
{
    struct row_head row = {
        .t_ms = span_bounded(op->t_ms), .order = hit->value, .n = (uint32_t)hit->value_text.n};
    uint32_t more = (uint32_t)sizeof row + row.n;
    struct cell *cell = g->tail.cell;

    if (row.n > ROW_BYTES_MAX + ROW_TEXT_MAX)
        return;
    uint32_t most = g->c->n_apart ? GROUP_APART_MAX : GROUP_ROWS_MAX;
    while (head_of(g)->n >= most || head_of(g)->bytes + more > GROUP_BYTES_MAX)
        give_way(g);
    uint32_t offset = g->tail.offset;
    if (!cell_open(cell, offset, more)) {
        head_of(g)->is_inexact = true;
        return;
    }
    uint8_t *at = cell->main.p + offset;
    memcpy(at, &row, sizeof row);
    if (row.n)
        memcpy(at + sizeof row, hit->value_text.p, row.n);
    struct head *h = head_of(g);
    h->n++;
    h->bytes += more;
    h->newest_ms = row.t_ms > h->newest_ms ? row.t_ms : h->newest_ms;
    h->due_ms = row.t_ms < h->due_ms ? row.t_ms : h->due_ms;
    g->tail.offset = offset + more;
}

/* ---- one window ---------------------------------------------------------------------------- */

/* Keys of groups whose condition holds, packed as in hit.keys, in order. */
struct held {
    struct str *keys;
    size_t n;
};

struct window {
    struct grouping *g;
    const struct group_row *rows;  /* that are judged */
    size_t n_rows, from, to;       /* the window */
    struct sliding **sliding;      /* by aggregate, once it was asked for; without groups inside */
    const struct group_row *inner; /* of the groups in it */
    size_t n_inner;
    const struct group_row *row; /* that the condition on rows is asked of */
    const struct expr_value *keys;
    struct expr_value *values; /* of aggregates, as far as */
    bool *is_known;            /* says */
    struct arena *scratch;     /* of one row's condition; of one time, with parts apart */
    struct arena *space;       /* of one time's groups inside */
    struct arena *told[2];     /* of the keys that hold at this time, and at the one before */
    struct held held;          /* ... at the one before */
    bool is_silent;
};

static struct arena *space_of(const struct window *w)
{
    return w->told[0] ? w->scratch : w->g->a;
}

static struct expr_value aggregate(struct window *w, uint32_t slot)
{
    const struct group_stats *stats = w->g->c->stats;
    const struct group_aggregate *g = &stats->aggregates[slot];

    if (stats->inner)
        return aggregate_rows(space_of(w), g, w->inner, w->n_inner);
    if (!w->sliding[slot])
        w->sliding[slot] = sliding_new(w->g->a, g, w->rows, w->n_rows);
    return sliding_value(w->sliding[slot], w->from, w->to);
}

static struct expr_value column(void *context, uint32_t slot)
{
    struct window *w = context;
    const struct correlation *c = w->g->c;

    if (slot == GROUP_TIME_COLUMN)
        return expr_value_whole(w->row->t_ms);
    if (slot < c->n_group)
        return w->keys[slot];
    slot -= (uint32_t)c->n_group;
    if (slot >= c->stats->n_aggregates)
        return w->row->values[slot - c->stats->n_aggregates];
    if (!w->is_known[slot]) {
        w->values[slot] = aggregate(w, slot);
        w->is_known[slot] = true;
    }
    return w->values[slot];
}

/* Parts of the group key in clear; an empty one is null where the language has such groups. */
static struct expr_value *keys_of(const struct grouping *g)
{
    struct expr_value *out = ARENA_ARRAY(g->a, g->c->n_group, struct expr_value);
    struct unpack u = unpack_from(tail_keys(&g->tail));
    uint8_t n = unpack_u8(&u);

    for (size_t i = 0; i < correlation_n_kept(g->c) && i < n; i++) {
        struct str text = arena_str(g->a, unpack_str(&u));
        if (text.n || g->c->on_missing != MISSING_GROUP)
            out[i] = expr_value_text(text);
    }
    return out;
}

static void put_output(struct window *w, const struct group_output *o,
                       const struct expr_scope *scope, struct buf *out)
{
    struct expr_value v = expr_value_of(o->expr, scope);
    struct str texts[COLUMNS_VALUES_MAX];
    size_t n, kept = 0;
    const struct expr_value *items = expr_value_items(&v, &n);

    for (size_t i = 0; i < n && kept < COLUMNS_VALUES_MAX; i++)
        kept += expr_value_string(space_of(w), &items[i], &texts[kept]);
    if (kept)
        (void)columns_add(out, o->name, texts, kept);
}

/* Of some row the condition is true. The newest first: mostly it is what made it so. */
static bool has_row(struct window *w, const struct expr_scope *of_group)
{
    struct expr_scope scope = *of_group;
    bool is_met = false;

    scope.space = w->scratch;
    for (size_t i = w->to; i > w->from && !is_met; i--) {
        w->row = &w->rows[i - 1];
        is_met = expr_truth(w->g->c->stats->having_row, &scope) == TRUTH_TRUE;
        arena_reset(w->scratch);
    }
    return is_met;
}

static void tell(struct window *w, int64_t t_ms, const struct expr_scope *scope, struct signal *s)
{
    const struct group_stats *stats = w->g->c->stats;
    struct buf detail = {0};

    columns_begin(&detail);
    for (size_t i = 0; i < stats->n_outputs; i++)
        put_output(w, &stats->outputs[i], scope, &detail);
    s->t_ms = t_ms;
    s->has_measured = true;
    s->hit.is_inexact = head_of(w->g)->is_inexact;
    s->detail = buf_str(&detail);
    tail_send(&w->g->tail, s);
    buf_release(&detail);
}

static void tell_if_met(struct window *w, int64_t t_ms)
{
    const struct group_stats *stats = w->g->c->stats;
    struct expr_scope scope = {.field = column,
                               .members = column,
                               .context = w,
                               .space = w->g->a,
                               .has_time = true,
                               .time_ms = t_ms};
    struct signal s = {.measured_micro = (int64_t)(w->to - w->from) * CORRELATION_MICRO};

    if (stats->inner) {
        arena_reset(w->space);
        w->inner = aggregate_inner(w->space, stats->inner, w->rows + w->from, w->to - w->from,
                                   &w->n_inner);
        if (w->n_inner == 0 && w->g->c->n_group > 0)
            return; /* there is no such group */
    }
    memset(w->is_known, 0, stats->n_aggregates * sizeof *w->is_known);
    if (stats->having && expr_truth(stats->having, &scope) != TRUTH_TRUE)
        return;
    if (stats->having_row && !has_row(w, &scope))
        return;
    tell(w, t_ms, &scope, &s);
}

/* ---- groups with parts apart ----------------------------------------------------------------- */

/* Part i of the key of a row, as text; lists have several, null is the empty one. */
static size_t parts_of(struct window *w, const struct group_row *row, size_t i, struct str *out)
{
    const struct correlation *c = w->g->c;
    const struct expr_value *v = &row->values[c->stats->inner->apart[i]];
    size_t n, kept = 0;
    const struct expr_value *items = expr_value_items(v, &n);

    for (size_t k = 0; k < n && kept < ROW_MEMBERS_MAX; k++)
        kept += expr_value_string(w->scratch, &items[k], &out[kept]);
    if (kept == 0)
        out[kept++] = STR("");
    return kept;
}

/* The whole key: the cell's values, then the parts. */
static struct str packed_keys(struct window *w, const struct str *parts)
{
    const struct correlation *c = w->g->c;
    struct unpack u = unpack_from(tail_keys(&w->g->tail));
    size_t n_kept = correlation_n_kept(c);
    struct buf out = {0};

    (void)unpack_u8(&u);
    pack_u8(&out, (uint8_t)c->n_group);
    for (size_t i = 0; i < n_kept; i++)
        pack_str(&out, unpack_str(&u));
    for (size_t i = 0; i < c->n_apart; i++)
        pack_str(&out, parts[i]);
    struct str keys = arena_str(w->told[0], buf_str(&out));
    buf_release(&out);
    return keys;
}

/* A row in one of its groups. */
struct membership {
    struct str keys;         /* of the group, whole */
    const struct str *parts; /* of the key */
    uint32_t row, number;    /* in the order of rows */
};

struct memberships {
    struct membership *items;
    size_t n, cap;
};

/* Rows of one group. */
struct run {
    const struct membership *first;
    size_t n;
};

static int by_group(const void *x, const void *y)
{
    const struct membership *a = x, *b = y;
    int order = str_cmp(a->keys, b->keys);

    return order ? order : (a->number > b->number) - (a->number < b->number);
}

static int by_first(const void *x, const void *y)
{
    uint32_t a = ((const struct run *)x)->first->number;
    uint32_t b = ((const struct run *)y)->first->number;

    return (a > b) - (a < b);
}

static int by_text(const void *x, const void *y)
{
    return str_cmp(*(const struct str *)x, *(const struct str *)y);
}

static bool is_held(const struct held *held, struct str keys)
{
    return held->n && bsearch(&keys, held->keys, held->n, sizeof keys, by_text);
}

/* The row in each combination of its parts; those beyond a bound are lost. */
static void join_groups(struct window *w, const struct group_row *row, uint32_t number,
                        struct memberships *m)
{
    const struct correlation *c = w->g->c;
    struct str members[CORRELATION_GROUP_MAX][ROW_MEMBERS_MAX];
    size_t counts[CORRELATION_GROUP_MAX], total = 1;

    for (size_t i = 0; i < c->n_apart; i++) {
        counts[i] = parts_of(w, row, i, members[i]);
        total = total > CORRELATION_KEYS_PER_EVENT ? total : total * counts[i];
    }
    if (total > CORRELATION_KEYS_PER_EVENT)
        head_of(w->g)->is_inexact = true;
    for (size_t k = 0; k < total && k < CORRELATION_KEYS_PER_EVENT; k++) {
        struct str *parts = ARENA_ARRAY(w->scratch, c->n_apart, struct str);
        size_t left = k;
        for (size_t i = 0; i < c->n_apart; left /= counts[i], i++)
            parts[i] = members[i][left % counts[i]];
        m->items = vec_room(w->scratch, m->items, m->n, &m->cap, sizeof *m->items);
        m->items[m->n] = (struct membership){packed_keys(w, parts), parts, number, (uint32_t)m->n};
        m->n++;
    }
}

/* Groups in the order of their first rows. */
static struct run *groups_of(struct window *w, const struct group_row *rows, size_t n,
                             size_t *n_groups)
{
    struct memberships m = {0};

    for (uint32_t r = 0; r < n; r++)
        join_groups(w, &rows[r], r, &m);
    struct run *runs = ARENA_ARRAY(w->scratch, m.n, struct run);
    *n_groups = 0;
    if (m.n)
        qsort(m.items, m.n, sizeof *m.items, by_group);
    for (size_t i = 0; i < m.n; i++) {
        if (i == 0 || !str_eq(m.items[i - 1].keys, m.items[i].keys))
            runs[(*n_groups)++].first = &m.items[i];
        runs[*n_groups - 1].n++;
    }
    if (*n_groups)
        qsort(runs, *n_groups, sizeof *runs, by_first);
    return runs;
}

/* Null where a part is the empty text. */
static struct expr_value *keys_with(struct window *w, const struct str *parts)
{
    const struct correlation *c = w->g->c;
    struct expr_value *keys = ARENA_ARRAY(w->scratch, c->n_group, struct expr_value);
    size_t n_kept = correlation_n_kept(c);

    for (size_t i = 0; i < c->n_group; i++)
        if (i < n_kept)
            keys[i] = w->keys[i];
        else if (parts[i - n_kept].n)
            keys[i] = expr_value_text(parts[i - n_kept]);
    return keys;
}

/* Does the condition hold of the group? It is told if it has a row of the time, or did not hold. */
static bool judge_parts(struct window *w, int64_t t_ms, const struct group_row *rows,
                        const struct run *group)
{
    const struct correlation *c = w->g->c;
    struct expr_scope scope = {.field = column,
                               .members = column,
                               .context = w,
                               .space = w->scratch,
                               .has_time = true,
                               .time_ms = t_ms};
    struct group_row *own = ARENA_ARRAY(w->scratch, group->n, struct group_row);

    w->n_inner = 0;
    for (size_t i = 0; i < group->n; i++)
        if (i == 0 || group->first[i].row != group->first[i - 1].row)
            own[w->n_inner++] = rows[group->first[i].row];
    const struct expr_value *of_cell = w->keys;
    w->inner = own;
    w->keys = keys_with(w, group->first->parts);
    memset(w->is_known, 0, c->stats->n_aggregates * sizeof *w->is_known);
    bool holds = !c->stats->having || expr_truth(c->stats->having, &scope) == TRUTH_TRUE;
    int64_t newest = own[w->n_inner - 1].t_ms;
    if (holds && !w->is_silent && (newest == t_ms || !is_held(&w->held, group->first->keys))) {
        struct signal s = {.measured_micro = (int64_t)w->n_inner * CORRELATION_MICRO,
                           .hit.keys = group->first->keys,
                           .hit.capsule = final_capsule(w->g->tail.cell, newest)};
        tell(w, t_ms, &scope, &s);
    }
    w->keys = of_cell;
    return holds;
}

/* Each group with rows in the window, once. */
static void judge_apart(struct window *w, int64_t t_ms)
{
    struct arena *before = w->told[0];
    size_t n, n_groups;

    w->told[0] = w->told[1];
    w->told[1] = before;
    arena_reset(w->told[0]);
    struct group_row *rows =
        aggregate_inner(w->scratch, w->g->c->stats->inner, w->rows + w->from, w->to - w->from, &n);
    struct run *groups = groups_of(w, rows, n, &n_groups);
    struct held now = {.keys = ARENA_ARRAY(w->told[0], n_groups, struct str)};
    for (size_t i = 0; i < n_groups; i++)
        if (judge_parts(w, t_ms, rows, &groups[i]))
            now.keys[now.n++] = groups[i].first->keys;
    if (now.n)
        qsort(now.keys, now.n, sizeof *now.keys, by_text);
    w->held = now;
    arena_reset(w->scratch);
}

/* ---- judging ------------------------------------------------------------------------------- */

static struct group_row *unpacked(struct grouping *g, const struct kept *rows, uint32_t n)
{
    struct group_row *out = ARENA_ARRAY(g->a, n, struct group_row);
    size_t n_columns = g->c->stats->n_columns;
    bool is_cut;

    for (uint32_t i = 0; i < n; i++) {
        struct expr_value *values = ARENA_ARRAY(g->a, n_columns, struct expr_value);
        row_unpack(rows[i].bytes, g->a, values, n_columns, &is_cut);
        head_of(g)->is_inexact |= is_cut;
        out[i] = (struct group_row){rows[i].head.t_ms, rows[i].head.order, values};
    }
    return out;
}

/* What held at the time that was judged last, over rows[from .. to). */
static void recall(struct window *w, int64_t t_ms, size_t from, size_t to)
{
    struct window now = *w;

    now.from = from;
    now.to = to;
    now.is_silent = true;
    judge_apart(&now, t_ms);
    w->held = now.held;
    w->told[0] = now.told[0];
    w->told[1] = now.told[1];
}

static void judge(struct grouping *g, int64_t watermark_ms)
{
    uint32_t n, judged = 0;
    struct kept *kept = rows_of(g, &n);
    int64_t window_ms = g->tail.spec->window_ms;

    while (judged < n && kept[judged].head.t_ms < watermark_ms)
        judged++;
    struct group_row *rows = unpacked(g, kept, judged);
    size_t n_aggregates = g->c->stats->n_aggregates;
    struct window w = {.g = g,
                       .rows = rows,
                       .n_rows = judged,
                       .sliding = ARENA_ARRAY(g->a, n_aggregates, struct sliding *),
                       .keys = keys_of(g),
                       .values = ARENA_ARRAY(g->a, n_aggregates, struct expr_value),
                       .is_known = ARENA_ARRAY(g->a, n_aggregates, bool)};
    bool is_apart = g->c->n_apart > 0, is_known = false;
    if (g->c->stats->having_row || is_apart)
        w.scratch = arena_new(0);
    if (g->c->stats->inner && !is_apart)
        w.space = arena_new(0);
    for (size_t i = 0; is_apart && i < ARRAY_LEN(w.told); i++)
        w.told[i] = arena_new(0);
    int64_t e = INT64_MIN;
    while (w.to < judged) {
        size_t from = w.from, to = w.to;
        int64_t before = e;
        bool is_new = false;
        e = rows[w.to].t_ms;
        for (; w.to < judged && rows[w.to].t_ms == e; w.to++) {
            is_new |= !kept[w.to].head.is_judged;
            kept[w.to].head.is_judged = true;
        }
        while (rows[w.from].t_ms < span_add(e, -window_ms))
            w.from++;
        if (is_new && is_apart && !is_known && to)
            recall(&w, before, from, to);
        if (is_new && is_apart)
            judge_apart(&w, e);
        else if (is_new)
            tell_if_met(&w, e);
        is_known |= is_new;
    }
    if (w.scratch)
        arena_free(w.scratch);
    if (w.space)
        arena_free(w.space);
    for (size_t i = 0; is_apart && i < ARRAY_LEN(w.told); i++)
        arena_free(w.told[i]);
    /* No window that ends at the watermark or later begins before this; what held at the time
     * before is asked again. */
    uint32_t gone = 0;
    int64_t end = is_apart && judged ? e : watermark_ms;
    while (gone < judged && kept[gone].head.t_ms < span_add(end, -window_ms))
        gone++;
    put_back(g, kept + gone, n - gone);
}

static void settle(struct grouping *g)
{
    struct cell *cell = g->tail.cell;
    const struct head *h = head_of(g);

    if (h->n == 0) {
        tail_drop(cell);
        return;
    }
    cell->due_ms = h->due_ms == CELL_NEVER ? CELL_NEVER : span_add(h->due_ms, 1);
    cell->idle_ms = span_add(span_add(h->newest_ms, g->tail.spec->window_ms), 1);
    cell->weight = GROUP_WEIGHT;
}

static void group_step(void *context, const struct state_op *op, struct cell *cell,
                       const struct step_clock *clock, struct emissions *out)
{
    const struct operator_spec *spec = context;
    const struct hit *hit = op ? op->payload : NULL;
    struct grouping g = {.tail = {.spec = spec, .cell = cell, .clock = clock, .out = out},
                         .c = spec->correlation};

    if (cell->main.n && !attach(&g))
        tail_drop(cell); /* not ours, or damaged: begin anew */
    if (op && op->t_ms < clock->watermark_ms) {
        if (cell->main.n)
            settle(&g);
        return;
    }
    if (cell->main.n == 0 && (!op || !create(&g, op)))
        return;
    if (op) {
        tail_note(&g.tail, op);
        add(&g, op, hit);
    } else {
        g.a = arena_new(0);
        judge(&g, clock->watermark_ms);
        arena_free(g.a);
    }
    settle(&g);
}

const struct operator_kind_info operator_group = {
    .kind = OPERATOR_GROUP,
    .name = "group",
    .n_stages = 1,
    .steps = {group_step},
    .always_final = true,
};

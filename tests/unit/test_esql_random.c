/* test_esql_random.c - random ES|QL over single events (EVAL, WHERE, MV_EXPAND, RENAME; expressions
 * of most functions, with as few parentheses as the grammar wants, or more) on random events with
 * missing fields and lists: what comes of parser, lowering and both engines is what a model of the
 * language says (tests/lib/esql_model.h), which evaluates the tree that the query was printed from.
 *
 * Fields have a type each, as in an index; times are texts that the query converts. WEIR_SEED
 * repeats a run, WEIR_ROUNDS makes it longer.
 */
#include "tests/lib/esql_model.h"
#include "tests/lib/query_text.h"
#include "tests/lib/rng.h"
#include "tests/lib/test.h"

#include "base/buf.h"
#include "base/str.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

#if TEST_IS_SANITIZED
enum { QUERIES = 300 };
#else
enum { QUERIES = 3000 };
#endif
enum { EVENTS = 8, DEPTH = 4, STEPS = 3 };

/* ---- columns and values ------------------------------------------------------------------ */

enum { FIELDS = 8, COLUMNS = 13, TIME_FIELD = 7 };
static const struct {
    const char *name;
    enum esql_type type;
} COLUMN[COLUMNS] = {{"s", ESQL_TEXT},
                     {"t", ESQL_TEXT},
                     {"b.c", ESQL_TEXT},
                     {"n", ESQL_LONG},
                     {"m", ESQL_LONG},
                     {"d", ESQL_REAL},
                     {"f", ESQL_BOOL},
                     {"ts", ESQL_TIME},
                     /* These an EVAL makes. */
                     {"x", ESQL_TEXT},
                     {"y", ESQL_LONG},
                     {"z", ESQL_REAL},
                     {"w", ESQL_BOOL},
                     {"v", ESQL_TIME}};

/* In the order of their bytes, as an index gives the values of a list. */
static const char *const TEXTS[] = {"",   " x ", "AB",    "a",    "a b", "a*",
                                    "ab", "abc", "b,a,b", "true", "é"};
static const int64_t LONGS[] = {-7, -1, 0, 1, 2, 3, 5, INT64_MAX};
static const double REALS[] = {-2.5, -0.5, 0.25, 0.5, 1.5, 2.5, 1024.75};
static const int64_t TIMES[] = {
    631157400000,  /* 1990-01-01T01:30:00.000Z, a Monday */
    951782400000,  /* 2000-02-29T00:00:00.000Z */
    1703980800000, /* 2023-12-31T00:00:00.000Z, a Sunday */
    1704112245500, /* 2024-01-01T12:30:45.500Z */
    1709251199999, /* 2024-02-29T23:59:59.999Z */
    1711864800000, /* 2024-03-31T06:00:00.000Z */
};

static union esql_item item(enum esql_type type, unsigned i)
{
    switch (type) {
    case ESQL_LONG:
        return (union esql_item){.n = LONGS[i]};
    case ESQL_REAL:
        return (union esql_item){.d = REALS[i]};
    case ESQL_TEXT:
        return (union esql_item){.s = TEXTS[i]};
    case ESQL_TIME:
        return (union esql_item){.n = TIMES[i]};
    default:
        return (union esql_item){.n = i};
    }
}

static unsigned items(enum esql_type type)
{
    static const unsigned N[ESQL_TYPES] = {ARRAY_LEN(LONGS), ARRAY_LEN(REALS), ARRAY_LEN(TEXTS), 2,
                                           ARRAY_LEN(TIMES)};

    return N[type];
}

struct row {
    struct esql_value columns[COLUMNS];
};

/* ---- trees ------------------------------------------------------------------------------- */

enum node_kind { NODE_CALL, NODE_COLUMN, NODE_LITERAL, NODE_NULL };
struct node {
    enum node_kind kind;
    enum esql_type type;
    const struct esql_function *call;
    unsigned column, literal;
    struct node *parts[ESQL_OPERANDS];
};

enum step_kind { STEP_EVAL, STEP_WHERE, STEP_EXPAND };
struct step {
    enum step_kind kind;
    unsigned column;
    struct node *node;
};

struct maker {
    struct rng rng;
    struct arena *arena;
    bool has_column[COLUMNS];
};

static unsigned one_column(struct maker *m, enum esql_type type)
{
    unsigned i;

    do
        i = rng_below(&m->rng, COLUMNS);
    while (COLUMN[i].type != type || !m->has_column[i]);
    return i;
}

static struct node *leaf(struct maker *m, struct node *n)
{
    unsigned kind = rng_below(&m->rng, 40);

    n->kind = kind == 0 ? NODE_NULL : kind < 14 ? NODE_LITERAL : NODE_COLUMN;
    if (n->kind == NODE_COLUMN)
        n->column = one_column(m, n->type);
    else
        n->literal = rng_below(&m->rng, items(n->type));
    return n;
}

static struct node *make(struct maker *m, enum esql_type type, unsigned depth)
{
    struct node *n = ARENA_NEW(m->arena, struct node);

    n->type = type;
    if (depth == 0 || (depth < DEPTH && rng_below(&m->rng, 3) == 0))
        return leaf(m, n);
    do
        n->call = &ESQL_FUNCTIONS[rng_below(&m->rng, ESQL_N_FUNCTIONS)];
    while (n->call->result != type);
    for (unsigned i = 0; i < esql_operands(n->call); i++)
        n->parts[i] = make(m, n->call->operands[i], depth - 1);
    return n;
}

static unsigned make_steps(struct maker *m, struct step *steps)
{
    unsigned n = rng_below(&m->rng, STEPS + 1);

    for (unsigned i = 0; i < COLUMNS; i++)
        m->has_column[i] = i < FIELDS;
    for (unsigned i = 0; i < n; i++) {
        struct step *s = &steps[i];
        *s = (struct step){.kind = rng_below(&m->rng, 4)};
        if (s->kind > STEP_EXPAND)
            s->kind = STEP_EVAL;
        do
            s->column = rng_below(&m->rng, COLUMNS);
        while (s->kind == STEP_EXPAND && !m->has_column[s->column]);
        if (s->kind != STEP_EXPAND)
            s->node =
                make(m, s->kind == STEP_WHERE ? ESQL_BOOL : COLUMN[s->column].type, DEPTH - 1);
        m->has_column[s->column] |= s->kind == STEP_EVAL;
    }
    steps[n] = (struct step){.kind = STEP_WHERE, .node = make(m, ESQL_BOOL, DEPTH)};
    return n + 1;
}

/* ---- what they mean ---------------------------------------------------------------------- */

static struct esql_value evaluate(struct maker *m, const struct node *n, const struct row *row,
                                  bool *is_open)
{
    struct esql_value out = {.type = n->type}, args[ESQL_OPERANDS];

    if (n->kind == NODE_NULL)
        return out;
    if (n->kind == NODE_COLUMN)
        return row->columns[n->column];
    if (n->kind == NODE_LITERAL) {
        out.n = 1;
        out.items[0] = item(n->type, n->literal);
        return out;
    }
    for (unsigned i = 0; i < esql_operands(n->call); i++)
        args[i] = evaluate(m, n->parts[i], row, is_open);
    return esql_run(m->arena, n->call, args, is_open);
}

static bool is_true(const struct esql_value *v)
{
    return v->n == 1 && v->items[0].n;
}

/* Is there a row behind the last step? */
static bool holds(struct maker *m, const struct step *steps, unsigned n_steps, struct row row,
                  bool *is_open)
{
    struct esql_value v;

    for (unsigned i = 0; i < n_steps; i++) {
        const struct step *s = &steps[i];
        struct esql_value *column = &row.columns[s->column];
        switch (s->kind) {
        case STEP_EVAL:
            *column = evaluate(m, s->node, &row, is_open);
            break;
        case STEP_WHERE:
            v = evaluate(m, s->node, &row, is_open);
            if (!is_true(&v))
                return false;
            break;
        case STEP_EXPAND:
            if (column->n < 2)
                break;
            v = *column;
            for (unsigned k = 0; k < v.n; k++) {
                column->n = 1;
                column->items[0] = v.items[k];
                if (holds(m, steps + i + 1, n_steps - i - 1, row, is_open))
                    return true;
            }
            return false;
        }
    }
    return true;
}

/* ---- printing ---------------------------------------------------------------------------- */

static void print_text(struct maker *m, const char *s, struct buf *out)
{
    if (rng_below(&m->rng, 4) == 0) {
        buf_printf(out, "\"\"\"%s\"\"\"", s);
        return;
    }
    buf_printf(out, "\"%s\"", s);
}

static unsigned print_leaf(struct maker *m, const struct node *n, struct buf *out)
{
    if (n->kind == NODE_NULL)
        buf_printf(out, n->type == ESQL_TIME ? "TO_DATETIME(null)" : "null");
    else if (n->kind == NODE_COLUMN && n->column == TIME_FIELD)
        buf_printf(out, "TO_DATETIME(ts)");
    else if (n->kind == NODE_COLUMN && rng_below(&m->rng, 8) == 0 && n->column != 2)
        buf_printf(out, "`%s`", COLUMN[n->column].name);
    else if (n->kind == NODE_COLUMN)
        buf_printf(out, "%s", COLUMN[n->column].name);
    else if (n->type == ESQL_LONG && LONGS[n->literal] == -7) {
        buf_printf(out, "-7");
        return ESQL_SIGN;
    } else if (n->type == ESQL_LONG)
        buf_printf(out, LONGS[n->literal] < 0 ? "(%lld)" : "%lld", (long long)LONGS[n->literal]);
    else if (n->type == ESQL_REAL)
        buf_printf(out, REALS[n->literal] < 0 ? "(%g)" : "%g", REALS[n->literal]);
    else if (n->type == ESQL_TEXT)
        print_text(m, TEXTS[n->literal], out);
    else if (n->type == ESQL_BOOL)
        buf_printf(out, n->literal ? "true" : "FALSE");
    else
        buf_printf(out, rng_below(&m->rng, 2) ? "TO_DATETIME(\"%s\")" : "\"%s\"::datetime",
                   esql_time_text(m->arena, TIMES[n->literal]).p);
    return ESQL_CALL;
}

static void print(struct maker *m, const struct node *n, unsigned level, struct buf *out)
{
    struct buf own = {0};
    unsigned binds = n->kind == NODE_CALL ? n->call->level : print_leaf(m, n, &own), part = 0;

    for (const char *p = n->kind == NODE_CALL ? n->call->form : ""; *p; p++) {
        if (*p == '{') {
            print(m, n->parts[part++], (unsigned)(p[1] - '0'), &own);
            p += 2;
        } else if (*p == '@')
            buf_printf(&own, "%s", n->call->with);
        else
            buf_add_char(&own, *p);
    }
    bool is_wrapped = binds < level || rng_below(&m->rng, 10) == 0;
    buf_printf(out, is_wrapped ? "(%.*s)" : "%.*s", (int)own.n, own.p);
    buf_release(&own);
}

static void print_query(struct maker *m, const struct step *steps, unsigned n, struct buf *out)
{
    buf_printf(out, "FROM logs-*");
    for (unsigned i = 0; i < n; i++) {
        const struct step *s = &steps[i];
        buf_printf(out, rng_below(&m->rng, 2) ? " | " : "\n| ");
        if (s->kind == STEP_EXPAND)
            buf_printf(out, "MV_EXPAND %s", COLUMN[s->column].name);
        else if (s->kind == STEP_EVAL)
            buf_printf(out, "EVAL %s = ", COLUMN[s->column].name);
        else
            buf_printf(out, "WHERE ");
        if (s->node)
            print(m, s->node, 0, out);
    }
}

/* ---- events ------------------------------------------------------------------------------ */

static void print_item(struct maker *m, enum esql_type type, union esql_item v, struct buf *out)
{
    if (type == ESQL_TIME)
        buf_printf(out, "\"%s\"", esql_time_text(m->arena, v.n).p);
    else if (type == ESQL_TEXT)
        buf_printf(out, "\"%s\"", v.s);
    else if (type == ESQL_REAL)
        buf_printf(out, "%g", v.d);
    else if (type == ESQL_LONG)
        buf_printf(out, "%lld", (long long)v.n);
    else
        buf_printf(out, v.n ? "true" : "false");
}

static void make_event(struct maker *m, struct row *row, struct buf *out)
{
    buf_printf(out, "{\"k\":0");
    for (unsigned i = 0; i < COLUMNS; i++) {
        struct esql_value *v = &row->columns[i];
        unsigned kind = rng_below(&m->rng, 10), n_items = items(COLUMN[i].type);
        *v = (struct esql_value){.type = COLUMN[i].type};
        if (i >= FIELDS || kind == 0)
            continue;
        /* Null, one, several; a list of one is that one. */
        v->n = kind == 1 ? 0 : kind < 7 ? 1 : 2 + rng_below(&m->rng, n_items > 2 ? 2 : 1);
        bool is_list = v->n != 1 || rng_below(&m->rng, 6) == 0;
        unsigned at = rng_below(&m->rng, n_items - (v->n > 1 ? v->n - 1 : 0));
        buf_printf(out, ",\"%s\":%s", COLUMN[i].name, is_list ? "[" : "");
        for (unsigned k = 0; k < v->n; k++) {
            v->items[k] = item(v->type, at + k);
            buf_printf(out, k ? "," : "");
            print_item(m, v->type, v->items[k], out);
        }
        buf_printf(out, is_list ? "]" : "");
    }
    buf_printf(out, "}");
}

/* ---- the test ---------------------------------------------------------------------------- */

struct counts {
    unsigned n_refused, n_verdicts, n_open, n_matches;
};

static void one_query(struct maker *m, struct counts *counts)
{
    struct step steps[STEPS + 1];
    struct buf query = {0}, texts[EVENTS] = {0};
    struct str events[EVENTS];
    struct row rows[EVENTS];
    bool fires[EVENTS];

    unsigned n = make_steps(m, steps);
    print_query(m, steps, n, &query);
    for (unsigned i = 0; i < EVENTS; i++) {
        make_event(m, &rows[i], &texts[i]);
        events[i] = buf_str(&texts[i]);
    }
    struct str refusal = query_fires_each(m->arena, "esql", buf_str(&query), events, EVENTS, fires);
    counts->n_refused += refusal.n > 0;
    if (refusal.n && getenv("WEIR_SHOW"))
        fprintf(stderr, "%.*s\n  %.*s\n", (int)query.n, query.p, (int)refusal.n, refusal.p);
    for (unsigned i = 0; refusal.n == 0 && i < EVENTS; i++) {
        bool is_open = false;
        bool want = holds(m, steps, n, rows[i], &is_open);
        counts->n_open += is_open;
        counts->n_verdicts++;
        counts->n_matches += want;
        if (!is_open && fires[i] != want)
            fail_msg("%.*s\non %.*s\nshould be %d", (int)query.n, query.p, (int)events[i].n,
                     events[i].p, want);
    }
    for (unsigned i = 0; i < EVENTS; i++)
        buf_release(&texts[i]);
    buf_release(&query);
}

TEST(pipelines_mean_what_the_model_says)
{
    struct maker m = {.rng = rng_start(__func__)};
    struct counts counts = {0};
    unsigned n = QUERIES * rng_rounds();

    setlocale(LC_ALL, "C.UTF-8"); /* for the model's regexes */
    for (unsigned i = 0; i < n; i++) {
        m.arena = arena_new(0);
        one_query(&m, &counts);
        arena_free(m.arena);
    }
    printf("%u queries, %u refused; %u verdicts, %u matches, %u not said\n", n, counts.n_refused,
           counts.n_verdicts, counts.n_matches, counts.n_open);
    CHECK(counts.n_refused * 20 < n);
    CHECK(counts.n_open * 5 < counts.n_verdicts && counts.n_matches * 10 > counts.n_verdicts);
}

TEST_MAIN(ENTRY(pipelines_mean_what_the_model_says))

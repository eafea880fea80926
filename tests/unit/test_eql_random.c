/* test_eql_random.c - random EQL event queries on random events with missing fields and lists:
 * parser, lowering and both engines say what the tree that the query was printed from means by
 * docs/languages.md: plain conditions of a field are true or false of a missing one (false, and
 * true under `not`), ranges and whatever is computed are unknown, any member of a list may satisfy
 * a plain condition (`not` turns a range: some member is outside), what is computed sees the first
 * member that is no null.
 *
 * WEIR_SEED repeats a run, WEIR_ROUNDS makes it longer.
 */
#include "tests/lib/query_text.h"
#include "tests/lib/rng.h"
#include "tests/lib/test.h"

#include "base/buf.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#if TEST_IS_SANITIZED
enum { QUERIES = 300 };
#else
enum { QUERIES = 4000 };
#endif
enum { EVENTS = 8, MEMBERS = 3, DEPTH = 3, OPERANDS = 3, UNKNOWN = -1 };

/* ---- values and events ------------------------------------------------------------------- */

enum type { TEXT, NUMBER, BOOL };
struct value {
    enum type type;
    bool is_null;
    const char *s;
    int64_t n; /* also a truth value */
};

enum { FIELDS = 6 };
static const struct {
    const char *name;
    enum type type;
} FIELD[FIELDS] = {{"s", TEXT},   {"t", TEXT},   {"b.c", TEXT},
                   {"n", NUMBER}, {"m", NUMBER}, {"f", BOOL}};
static const char *const TEXTS[] = {"ab", "AB", "abc", "Abcab", "a b", "", "x*", "b", "é.é"};
static const int64_t NUMBERS[] = {-7, -1, 0, 1, 2, 5, 10};

struct an_event {
    unsigned n[FIELDS]; /* 0: missing, null or an empty list */
    struct value members[FIELDS][MEMBERS];
};

static struct value random_value(struct rng *r, enum type type)
{
    struct value v = {.type = type};

    if (type == TEXT)
        v.s = TEXTS[rng_below(r, ARRAY_LEN(TEXTS))];
    else
        v.n = type == BOOL ? rng_below(r, 2) : NUMBERS[rng_below(r, ARRAY_LEN(NUMBERS))];
    return v;
}

static void print_value(const struct value *v, struct buf *out)
{
    if (v->type == TEXT)
        buf_printf(out, "\"%s\"", v->s);
    else if (v->type == NUMBER)
        buf_printf(out, "%lld", (long long)v->n);
    else
        buf_printf(out, v->n ? "true" : "false");
}

static void make_event(struct rng *r, struct an_event *e, struct buf *out)
{
    buf_printf(out, "{\"k\":0");
    for (unsigned f = 0; f < FIELDS; f++) {
        unsigned kind = rng_below(r, 10);
        e->n[f] = kind < 2 ? 0 : kind < 8 ? 1 : 2 + rng_below(r, 2);
        if (kind == 0)
            continue;
        buf_printf(out, ",\"%s\":%s", FIELD[f].name, e->n[f] == 1 ? "" : "[");
        /* A null before the others is none of them. */
        if (e->n[f] > 1 && rng_below(r, 4) == 0)
            buf_printf(out, "null,");
        for (unsigned i = 0; i < e->n[f]; i++) {
            e->members[f][i] = random_value(r, FIELD[f].type);
            buf_printf(out, i ? "," : "");
            print_value(&e->members[f][i], out);
        }
        buf_printf(out, e->n[f] == 1 ? "" : e->n[f] || rng_below(r, 2) ? "]" : "null]");
    }
    buf_printf(out, "}");
}

/* ---- what is asked ----------------------------------------------------------------------- */

struct run {
    struct arena *arena;
    bool is_negated; /* there is an odd number of `not` around */
};

static bool fits(const char *s, const char *pattern, bool is_caseless)
{
    char a = *s, b = *pattern;

    if (b == '\0')
        return a == '\0';
    if (b == '*')
        return fits(s, pattern + 1, is_caseless) || (a && fits(s + 1, pattern, is_caseless));
    if (is_caseless && a >= 'A' && a <= 'Z')
        a += 32;
    if (is_caseless && b >= 'A' && b <= 'Z')
        b += 32;
    for (; b == '?' && a && ((unsigned char)s[1] & 0xC0) == 0x80; s++)
        ;
    return a && (b == '?' || a == b) && fits(s + 1, pattern + 1, is_caseless);
}

static bool same(const char *a, const char *b, bool is_caseless)
{
    return (is_caseless ? strcasecmp(a, b) : strcmp(a, b)) == 0;
}

static bool starts(const char *s, const char *part, bool is_caseless)
{
    size_t n = strlen(part);

    return (is_caseless ? strncasecmp(s, part, n) : strncmp(s, part, n)) == 0;
}

static bool ends(const char *s, const char *part, bool is_caseless)
{
    size_t n = strlen(s), m = strlen(part);

    return n >= m && same(s + n - m, part, is_caseless);
}

static const char *find(const char *s, const char *part, bool is_caseless)
{
    return is_caseless ? strcasestr(s, part) : strstr(s, part);
}

enum test { TEST_SAME, TEST_FITS, TEST_STARTS, TEST_ENDS, TEST_HAS, TEST_EITHER };
/* About one text; also of a field, where # is. */
static const struct about_text {
    const char *form;
    enum test test;
    bool is_caseless, is_negated;
    const char *operand, *other;
} ABOUT_TEXTS[] = {
    {"# == \"ab\"", TEST_SAME, false, false, "ab", NULL},
    {"# == \"\"", TEST_SAME, false, false, "", NULL},
    {"# == \"x*\"", TEST_SAME, false, false, "x*", NULL},
    {"# != \"ab\"", TEST_SAME, false, true, "ab", NULL},
    {"\"AB\" == #", TEST_SAME, false, false, "AB", NULL},
    {"# : \"ab\"", TEST_FITS, true, false, "ab", NULL},
    {"# : \"AB*\"", TEST_FITS, true, false, "AB*", NULL},
    {"# : \"*\"", TEST_FITS, true, false, "*", NULL},
    {"# : \"?b*\"", TEST_FITS, true, false, "?b*", NULL},
    {"# : (\"x?\", \"*c\")", TEST_EITHER, true, false, "x?", "*c"},
    {"# : \"\"\"?.?\"\"\"", TEST_FITS, true, false, "?.?", NULL},
    {"# like \"ab*\"", TEST_FITS, false, false, "ab*", NULL},
    {"# like (\"A*\", \"b\")", TEST_EITHER, false, false, "A*", "b"},
    {"# like~ (\"a*b\", \"B\")", TEST_EITHER, true, false, "a*b", "B"},
    {"# in (\"ab\", \"b\")", TEST_EITHER, false, false, "ab", "b"},
    {"# in~ (\"aB\", \"B\")", TEST_EITHER, true, false, "ab", "b"},
    {"# not in (\"ab\", \"b\")", TEST_EITHER, false, true, "ab", "b"},
    {"# not in~ (\"aB\", \"ABC\")", TEST_EITHER, true, true, "ab", "abc"},
    {"startsWith(#, \"ab\")", TEST_STARTS, false, false, "ab", NULL},
    {"startswith~(#, \"aB\")", TEST_STARTS, true, false, "ab", NULL},
    {"endsWith(#, \"b\")", TEST_ENDS, false, false, "b", NULL},
    {"endsWith~(#, \"C\")", TEST_ENDS, true, false, "c", NULL},
    {"stringContains(#, \"b\")", TEST_HAS, false, false, "b", NULL},
    {"stringContains~(#, \"CA\")", TEST_HAS, true, false, "ca", NULL},
};

static bool text_holds(const struct about_text *a, const char *s)
{
    switch (a->test) {
    case TEST_SAME:
        return same(s, a->operand, a->is_caseless);
    case TEST_FITS:
        return fits(s, a->operand, a->is_caseless);
    case TEST_EITHER:
        return fits(s, a->operand, a->is_caseless) || fits(s, a->other, a->is_caseless);
    case TEST_STARTS:
        return starts(s, a->operand, a->is_caseless);
    case TEST_ENDS:
        return ends(s, a->operand, a->is_caseless);
    case TEST_HAS:
        return find(s, a->operand, a->is_caseless) != NULL;
    }
    return false;
}

/* About one number. */
static const struct about_number {
    const char *form;
    int64_t least, most; /* in there */
    bool is_negated, is_range;
} ABOUT_NUMBERS[] = {
    {"# == 5", 5, 5, false, false},          {"# != 5", 5, 5, true, false},
    {"# in (1, 2)", 1, 2, false, false},     {"# not in (1, 2)", 1, 2, true, false},
    {"# > 1", 2, INT64_MAX, false, true},    {"# <= 2", INT64_MIN, 2, false, true},
    {"# < -1", INT64_MIN, -2, false, true},  {"0 < #", 1, INT64_MAX, false, true},
    {"# >= 5.0", 5, INT64_MAX, false, true}, {"# == 2.0", 2, 2, false, false},
};

/* ---- what is computed -------------------------------------------------------------------- */

struct call {
    const char *form; /* # is an operand */
    enum type result, operands[OPERANDS];
    void (*run)(struct run *r, const struct value *args, struct value *out);
};

static void give_text(struct run *r, struct value *out, const char *s, size_t n)
{
    out->s = arena_printf(r->arena, "%.*s", (int)n, s).p;
    out->is_null = false;
}

static void give(struct value *out, int64_t n)
{
    out->n = n;
    out->is_null = false;
}

static size_t bytes(const char *s)
{
    size_t n = *s != '\0';

    while (n && ((unsigned char)s[n] & 0xC0) == 0x80)
        n++;
    return n;
}

static int64_t length(const char *s, const char *end)
{
    int64_t n = 0;

    for (; s < end; s += bytes(s))
        n++;
    return n;
}

static void run_length(struct run *r, const struct value *a, struct value *out)
{
    (void)r;
    give(out, length(a[0].s, a[0].s + strlen(a[0].s)));
}

static void run_add(struct run *r, const struct value *a, struct value *out)
{
    (void)r;
    give(out, a[0].n + a[1].n);
}

static void run_subtract(struct run *r, const struct value *a, struct value *out)
{
    (void)r;
    give(out, a[0].n - a[1].n);
}

static void run_multiply(struct run *r, const struct value *a, struct value *out)
{
    (void)r;
    give(out, a[0].n * a[1].n);
}

static void run_divide(struct run *r, const struct value *a, struct value *out)
{
    (void)r;
    if (a[1].n)
        give(out, a[0].n / a[1].n);
}

static void run_modulo(struct run *r, const struct value *a, struct value *out)
{
    (void)r;
    if (a[1].n)
        give(out, a[0].n % a[1].n);
}

static void index_of(const struct value *a, bool is_caseless, struct value *out)
{
    const char *at = find(a[0].s, a[1].s, is_caseless);

    if (at)
        give(out, length(a[0].s, at));
}

static void run_index(struct run *r, const struct value *a, struct value *out)
{
    (void)r;
    index_of(a, false, out);
}

static void run_index_caseless(struct run *r, const struct value *a, struct value *out)
{
    (void)r;
    index_of(a, true, out);
}

static void run_index_from(struct run *r, const struct value *a, struct value *out)
{
    int64_t from = a[2].n < 0 ? 0 : a[2].n;
    const char *s = a[0].s;

    (void)r;
    for (int64_t i = 0; i < from; i++) {
        if (!*s)
            return;
        s += bytes(s);
    }
    const char *at = strstr(s, a[1].s);
    if (at)
        give(out, length(a[0].s, at));
}

static int64_t place(int64_t at, int64_t n)
{
    at += at < 0 ? n : 0;
    return at < 0 ? 0 : at > n ? n : at;
}

static void substring(struct run *r, const char *s, int64_t from, int64_t to, struct value *out)
{
    int64_t n = length(s, s + strlen(s));
    const char *start = s, *end = s;

    from = place(from, n);
    to = place(to, n);
    for (int64_t i = 0; i < from; i++)
        start += bytes(start);
    for (int64_t i = 0; i < to; i++)
        end += bytes(end);
    give_text(r, out, start, end > start ? (size_t)(end - start) : 0);
}

static void run_substring(struct run *r, const struct value *a, struct value *out)
{
    substring(r, a[0].s, a[1].n, 1000000, out);
}

static void run_substring_to(struct run *r, const struct value *a, struct value *out)
{
    substring(r, a[0].s, a[1].n, a[2].n, out);
}

static const char *shown(struct run *r, const struct value *v)
{
    if (v->type == TEXT)
        return v->s;
    return v->type == BOOL ? (v->n ? "true" : "false")
                           : arena_printf(r->arena, "%lld", (long long)v->n).p;
}

static void run_concat(struct run *r, const struct value *a, struct value *out)
{
    out->s = arena_printf(r->arena, "%s-%s", shown(r, &a[0]), shown(r, &a[1])).p;
    out->is_null = false;
}

static void run_string(struct run *r, const struct value *a, struct value *out)
{
    out->s = shown(r, a);
    out->is_null = false;
}

static void between(struct run *r, const struct value *a, bool is_greedy, bool is_caseless,
                    struct value *out)
{
    const char *left = find(a[0].s, "a", is_caseless), *right = left, *last = NULL;

    while (left && (right = find(right + 1, "b", is_caseless))) {
        last = right;
        if (!is_greedy)
            break;
    }
    give_text(r, out, last ? left + 1 : "", last ? (size_t)(last - left - 1) : 0);
}

static void run_between(struct run *r, const struct value *a, struct value *out)
{
    between(r, a, false, false, out);
}

static void run_between_greedy(struct run *r, const struct value *a, struct value *out)
{
    between(r, a, true, false, out);
}

static void run_between_caseless(struct run *r, const struct value *a, struct value *out)
{
    between(r, a, true, true, out);
}

static void run_number(struct run *r, const struct value *a, struct value *out)
{
    (void)r;
    give(out, a[0].n);
}

static void run_number_16(struct run *r, const struct value *a, struct value *out)
{
    (void)r;
    give(out, a[0].n == 10 ? 16 : a[0].n);
}

static void run_starts(struct run *r, const struct value *a, struct value *out)
{
    (void)r;
    give(out, starts(a[0].s, a[1].s, false));
}

static void run_ends_caseless(struct run *r, const struct value *a, struct value *out)
{
    (void)r;
    give(out, ends(a[0].s, a[1].s, true));
}

static void run_contains(struct run *r, const struct value *a, struct value *out)
{
    (void)r;
    give(out, *a[1].s && strstr(a[0].s, a[1].s));
}

static void run_less(struct run *r, const struct value *a, struct value *out)
{
    (void)r;
    give(out, a[0].n < a[1].n);
}

static void run_equal(struct run *r, const struct value *a, struct value *out)
{
    (void)r;
    give(out, a[0].n == a[1].n);
}

static const struct call CALLS[] = {
    {"length(#)", NUMBER, {TEXT}, run_length},
    {"(# + #)", NUMBER, {NUMBER, NUMBER}, run_add},
    {"add(#, #)", NUMBER, {NUMBER, NUMBER}, run_add},
    {"(# - #)", NUMBER, {NUMBER, NUMBER}, run_subtract},
    {"(# * #)", NUMBER, {NUMBER, NUMBER}, run_multiply},
    {"(# / #)", NUMBER, {NUMBER, NUMBER}, run_divide},
    {"modulo(#, #)", NUMBER, {NUMBER, NUMBER}, run_modulo},
    {"(# % #)", NUMBER, {NUMBER, NUMBER}, run_modulo},
    {"indexOf(#, #)", NUMBER, {TEXT, TEXT}, run_index},
    {"indexof~(#, #)", NUMBER, {TEXT, TEXT}, run_index_caseless},
    {"indexOf(#, #, #)", NUMBER, {TEXT, TEXT, NUMBER}, run_index_from},
    {"number(string(#))", NUMBER, {NUMBER}, run_number},
    {"number(string(#), 16)", NUMBER, {NUMBER}, run_number_16},
    {"substring(#, #)", TEXT, {TEXT, NUMBER}, run_substring},
    {"substring(#, #, #)", TEXT, {TEXT, NUMBER, NUMBER}, run_substring_to},
    {"concat(#, \"-\", #)", TEXT, {TEXT, NUMBER}, run_concat},
    {"concat(#, \"-\", #)", TEXT, {TEXT, BOOL}, run_concat},
    {"string(#)", TEXT, {NUMBER}, run_string},
    {"between(#, \"a\", \"b\")", TEXT, {TEXT}, run_between},
    {"between(#, \"a\", \"b\", true)", TEXT, {TEXT}, run_between_greedy},
    {"between~(#, \"A\", \"b\", true)", TEXT, {TEXT}, run_between_caseless},
    {"startsWith(#, #)", BOOL, {TEXT, TEXT}, run_starts},
    {"endsWith~(#, #)", BOOL, {TEXT, TEXT}, run_ends_caseless},
    {"stringContains(#, #)", BOOL, {TEXT, TEXT}, run_contains},
    {"# < #", BOOL, {NUMBER, NUMBER}, run_less},
    {"# == #", BOOL, {NUMBER, NUMBER}, run_equal},
};

/* ---- trees ------------------------------------------------------------------------------- */

enum node_kind {
    NODE_AND,
    NODE_OR,
    NODE_NOT,
    NODE_NULL,
    NODE_TRUTH,
    NODE_TEXT,
    NODE_NUMBER,
    NODE_CALL,
    NODE_FIELD,
    NODE_LITERAL
};
struct node {
    enum node_kind kind;
    enum type type;
    unsigned field;
    bool is_other; /* of null: != ; of a truth value: false */
    struct value literal;
    const struct about_text *text;
    const struct about_number *number;
    const struct call *call;
    struct node *parts[OPERANDS];
    unsigned n_parts;
};

struct maker {
    struct rng rng;
    struct arena *arena;
};

static unsigned one_field(struct maker *m, enum type type)
{
    unsigned f;

    do
        f = rng_below(&m->rng, FIELDS);
    while (FIELD[f].type != type);
    return f;
}

static unsigned operands(const struct call *c)
{
    unsigned n = 0;

    for (const char *p = c->form; *p; p++)
        n += *p == '#';
    return n;
}

static struct node *make_call(struct maker *m, enum type type, unsigned depth);

/* A value: a field, a literal or a call. */
static struct node *make_value(struct maker *m, enum type type, unsigned depth)
{
    struct node *n = ARENA_NEW(m->arena, struct node);
    unsigned kind = rng_below(&m->rng, 6);

    n->type = type;
    if (kind == 0 && depth && type != BOOL)
        return make_call(m, type, depth - 1);
    if (kind == 1 && type != BOOL) {
        n->kind = NODE_LITERAL;
        n->literal = random_value(&m->rng, type);
        return n;
    }
    n->kind = NODE_FIELD;
    n->field = one_field(m, type);
    return n;
}

static bool has_field(const struct node *n)
{
    bool has = n->kind == NODE_FIELD;

    for (unsigned i = 0; i < n->n_parts; i++)
        has |= has_field(n->parts[i]);
    return has;
}

/* Two fields are not compared, and a zero that divides is an error. */
static bool is_good(const struct node *n)
{
    const struct node *last = n->n_parts > 1 ? n->parts[n->n_parts - 1] : NULL;
    bool divides = n->call->run == run_divide || n->call->run == run_modulo;

    if (n->type == BOOL && last)
        return n->parts[0]->kind == NODE_CALL && has_field(n);
    return has_field(n) && !(divides && (!has_field(last)));
}

static struct node *make_call(struct maker *m, enum type type, unsigned depth)
{
    struct node *n = ARENA_NEW(m->arena, struct node);

    do {
        do
            n->call = &CALLS[rng_below(&m->rng, ARRAY_LEN(CALLS))];
        while (n->call->result != type);
        n->kind = NODE_CALL;
        n->type = type;
        n->n_parts = operands(n->call);
        for (unsigned i = 0; i < n->n_parts; i++)
            n->parts[i] = make_value(m, n->call->operands[i], depth);
    } while (!is_good(n));
    return n;
}

static struct node *make(struct maker *m, unsigned depth)
{
    struct node *n = ARENA_NEW(m->arena, struct node);
    unsigned kind = rng_below(&m->rng, depth ? 14 : 8);

    n->type = BOOL;
    if (kind >= 8) {
        n->kind = kind < 10 ? NODE_AND : kind < 12 ? NODE_OR : NODE_NOT;
        n->n_parts = n->kind == NODE_NOT ? 1 : 2 + rng_below(&m->rng, 2);
        for (unsigned i = 0; i < n->n_parts; i++)
            n->parts[i] = make(m, depth - 1);
        return n;
    }
    n->is_other = rng_below(&m->rng, 2);
    n->field = rng_below(&m->rng, FIELDS);
    n->kind = NODE_NULL;
    if (kind < 3) {
        n->kind = NODE_TEXT;
        n->text = &ABOUT_TEXTS[rng_below(&m->rng, ARRAY_LEN(ABOUT_TEXTS))];
        n->parts[0] = rng_below(&m->rng, 3) ? make_value(m, TEXT, 0) : make_call(m, TEXT, 1);
    } else if (kind < 5) {
        n->kind = NODE_NUMBER;
        n->number = &ABOUT_NUMBERS[rng_below(&m->rng, ARRAY_LEN(ABOUT_NUMBERS))];
        n->parts[0] = rng_below(&m->rng, 3) ? make_value(m, NUMBER, 0) : make_call(m, NUMBER, 1);
    } else if (kind == 5) {
        n->kind = NODE_TRUTH;
        n->field = one_field(m, BOOL);
    } else if (kind == 6)
        return make_call(m, BOOL, 1);
    if (n->parts[0] && n->parts[0]->kind == NODE_LITERAL)
        n->parts[0]->kind = NODE_FIELD, n->parts[0]->field = one_field(m, n->parts[0]->type);
    n->n_parts = n->parts[0] != NULL;
    return n;
}

/* ---- what they mean ---------------------------------------------------------------------- */

static struct value evaluate(struct run *r, const struct an_event *e, const struct node *n)
{
    struct value out = {.type = n->type, .is_null = true}, args[OPERANDS];

    if (n->kind == NODE_LITERAL)
        return n->literal;
    if (n->kind == NODE_FIELD)
        return e->n[n->field] ? e->members[n->field][0] : out;
    for (unsigned i = 0; i < n->n_parts; i++) {
        args[i] = evaluate(r, e, n->parts[i]);
        if (args[i].is_null)
            return out;
    }
    n->call->run(r, args, &out);
    return out;
}

static bool one_holds(const struct node *n, const struct value *v)
{
    if (n->text)
        return text_holds(n->text, v->s);
    return v->n >= n->number->least && v->n <= n->number->most;
}

static int about_value(struct run *r, const struct an_event *e, const struct node *n)
{
    const struct node *of = n->parts[0];
    bool is_negated = n->text ? n->text->is_negated : n->number->is_negated;
    bool is_range = n->number && n->number->is_range;
    bool any = false, all = true;

    if (of->kind != NODE_FIELD) {
        struct value v = evaluate(r, e, of);
        return v.is_null ? UNKNOWN : one_holds(n, &v) != is_negated;
    }
    if (is_range && e->n[of->field] == 0)
        return UNKNOWN;
    for (unsigned i = 0; i < e->n[of->field]; i++) {
        bool one = one_holds(n, &e->members[of->field][i]);
        any |= one;
        all &= one;
    }
    return is_range && r->is_negated ? all : any != is_negated;
}

static int holds(struct run *r, const struct an_event *e, const struct node *n)
{
    int all = 1, any = 0;
    bool is = false;

    switch (n->kind) {
    case NODE_NULL:
        return (e->n[n->field] == 0) != n->is_other;
    case NODE_TRUTH:
        for (unsigned i = 0; i < e->n[n->field]; i++)
            is |= e->members[n->field][i].n != n->is_other;
        return is;
    case NODE_TEXT:
    case NODE_NUMBER:
        return about_value(r, e, n);
    case NODE_CALL: {
        struct value v = evaluate(r, e, n);
        return v.is_null ? UNKNOWN : (int)v.n;
    }
    default:
        break;
    }
    r->is_negated ^= n->kind == NODE_NOT;
    for (unsigned i = 0; i < n->n_parts; i++) {
        int one = holds(r, e, n->parts[i]);
        all = one == 0 ? 0 : one == UNKNOWN && all ? UNKNOWN : all;
        any = one == 1 ? 1 : one == UNKNOWN && !any ? UNKNOWN : any;
    }
    r->is_negated ^= n->kind == NODE_NOT;
    return n->kind == NODE_AND ? all : n->kind == NODE_OR ? any : all == UNKNOWN ? UNKNOWN : !all;
}

/* ---- printing ---------------------------------------------------------------------------- */

static void print(struct maker *m, const struct node *n, struct buf *out);

static void print_form(struct maker *m, const char *form, struct node *const *parts,
                       struct buf *out)
{
    unsigned at = 0;

    for (; *form; form++)
        if (*form == '#')
            print(m, parts[at++], out);
        else
            buf_add_char(out, *form);
}

static void print_field(struct maker *m, unsigned f, struct buf *out)
{
    if (rng_below(&m->rng, 8) == 0 && f != 2)
        buf_printf(out, "`%s`", FIELD[f].name);
    else
        buf_printf(out, "%s%s", rng_below(&m->rng, 4) ? "" : "?", FIELD[f].name);
}

/* In parentheses if the grammar wants them, or for nothing. */
static void print_part(struct maker *m, const struct node *n, const struct node *part,
                       struct buf *out)
{
    bool needs = (n->kind == NODE_NOT && part->kind != NODE_NOT) ||
                 (n->kind == NODE_AND && part->kind == NODE_OR);

    needs |= rng_below(&m->rng, 4) == 0;
    buf_printf(out, needs ? "(" : "");
    print(m, part, out);
    buf_printf(out, needs ? ")" : "");
}

static void print(struct maker *m, const struct node *n, struct buf *out)
{
    switch (n->kind) {
    case NODE_NULL:
        print_field(m, n->field, out);
        buf_printf(out, n->is_other ? " != null" : " == null");
        return;
    case NODE_TRUTH:
        print_field(m, n->field, out);
        buf_printf(out, n->is_other ? " == false" : " == true");
        return;
    case NODE_FIELD:
        print_field(m, n->field, out);
        return;
    case NODE_LITERAL:
        print_value(&n->literal, out);
        return;
    case NODE_TEXT:
        print_form(m, n->text->form, n->parts, out);
        return;
    case NODE_NUMBER:
        print_form(m, n->number->form, n->parts, out);
        return;
    case NODE_CALL:
        print_form(m, n->call->form, n->parts, out);
        return;
    default:
        break;
    }
    if (n->kind == NODE_NOT)
        buf_printf(out, "not ");
    for (unsigned i = 0; i < n->n_parts; i++) {
        if (i)
            buf_printf(out, n->kind == NODE_AND ? " and " : " or ");
        print_part(m, n, n->parts[i], out);
    }
}

/* ---- the test ---------------------------------------------------------------------------- */

struct counts {
    unsigned n_refused, n_matches;
};

static void one_query(struct maker *m, struct counts *counts)
{
    struct buf query = {0}, texts[EVENTS] = {0};
    struct str events[EVENTS];
    struct an_event made[EVENTS];
    bool fires[EVENTS];

    const struct node *n = make(m, DEPTH);
    buf_printf(&query, "any where ");
    print(m, n, &query);
    for (unsigned i = 0; i < EVENTS; i++) {
        make_event(&m->rng, &made[i], &texts[i]);
        events[i] = buf_str(&texts[i]);
    }
    struct str refusal = query_fires_each(m->arena, "eql", buf_str(&query), events, EVENTS, fires);
    counts->n_refused += refusal.n > 0;
    if (refusal.n && getenv("WEIR_SHOW"))
        fprintf(stderr, "%.*s\n  %.*s\n", (int)query.n, query.p, (int)refusal.n, refusal.p);
    for (unsigned i = 0; i < EVENTS; i++) {
        struct run r = {.arena = m->arena};
        bool want = holds(&r, &made[i], n) == 1;
        counts->n_matches += want;
        if (!refusal.n && fires[i] != want)
            fail_msg("%.*s\non %.*s\nshould be %d", (int)query.n, query.p, (int)texts[i].n,
                     texts[i].p, want);
        buf_release(&texts[i]);
    }
    buf_release(&query);
}

TEST(event_queries_mean_what_they_were_made_to_mean)
{
    struct maker m = {.rng = rng_start(__func__)};
    unsigned n = QUERIES * rng_rounds();
    struct counts c = {0};

    for (unsigned i = 0; i < n; i++) {
        m.arena = arena_new(0);
        one_query(&m, &c);
        arena_free(m.arena);
    }
    printf("%u queries, %u refused; %u of %u verdicts are matches\n", n, c.n_refused, c.n_matches,
           n * EVENTS);
    CHECK(c.n_refused * 20 < n);
    CHECK(c.n_matches * 10 > n * EVENTS && c.n_matches * 10 < 9 * n * EVENTS);
}

TEST_MAIN(ENTRY(event_queries_mean_what_they_were_made_to_mean))

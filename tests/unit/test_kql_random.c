/* test_kql_random.c - random queries from KQL's grammar, with redundant blanks, parentheses and
 * capitals, on random events: what comes of parser, lowering and both engines equals what the query
 * was made to mean.
 *
 * The model evaluates the tree that the query was printed from, over events of a few scalar or
 * listed fields, with comparisons of its own. WEIR_SEED repeats a run.
 */
#include "tests/lib/query_text.h"
#include "tests/lib/rng.h"
#include "tests/lib/test.h"

#include "base/buf.h"
#include "base/str.h"

#include <string.h>

enum { QUERIES = 1500, EVENTS = 6, FIELDS = 4, MEMBERS = 3, DEPTH = 4, NODES = 256 };

static const char *const NAMES[FIELDS] = {"a", "b.c", "d1", "d2"};
/* In the event as JSON, and as the text that KQL compares. */
static const struct {
    const char *json, *text;
} VALUES[] = {{"\"ab\"", "ab"}, {"\"abc\"", "abc"}, {"\"AB\"", "AB"},   {"5", "5"},
              {"7", "7"},       {"true", "true"},   {"\"a b\"", "a b"}, {"\"*\"", "*"},
              {"null", NULL},   {"\"or\"", "or"},   {"\"\"", ""}};

struct an_event {
    bool is_there[FIELDS], is_list[FIELDS];
    unsigned n[FIELDS];
    unsigned members[FIELDS][MEMBERS]; /* indices into VALUES */
};

enum node_kind { NODE_AND, NODE_OR, NODE_NOT, NODE_LEAF };

/* What a leaf asks of a text. */
enum test { TEST_EQUAL, TEST_PREFIX, TEST_SUFFIX, TEST_INSIDE, TEST_ANY, TEST_LESS, TEST_MORE };

static const struct leaf {
    enum test test;
    const char *query, *operand;
} LEAVES[] = {{TEST_EQUAL, "ab", "ab"},          {TEST_EQUAL, "\"ab\"", "ab"},
              {TEST_EQUAL, "a b", "a b"},        {TEST_EQUAL, "\"a b\"", "a b"},
              {TEST_EQUAL, "\"*\"", "*"},        {TEST_EQUAL, "\\*", "*"},
              {TEST_EQUAL, "\\or", "or"},        {TEST_EQUAL, "\"or\"", "or"},
              {TEST_EQUAL, "\"\"", ""},          {TEST_EQUAL, "5", "5"},
              {TEST_EQUAL, "\"7\"", "7"},        {TEST_EQUAL, "true", "true"},
              {TEST_PREFIX, "ab*", "ab"},        {TEST_SUFFIX, "*bc", "bc"},
              {TEST_INSIDE, "*b*", "b"},         {TEST_ANY, "*", ""},
              {TEST_EQUAL, "\"\\u0061b\"", "ab"}};
static const struct leaf RANGES[] = {{TEST_LESS, "< 6", "6"}, {TEST_MORE, ">= 6", "6"}};

struct node {
    enum node_kind kind;
    unsigned field; /* FIELDS: d*, a pattern of names */
    const struct leaf *leaf;
    struct node *parts[3];
    unsigned n_parts;
};

struct maker {
    struct rng rng;
    struct node nodes[NODES];
    unsigned n_nodes;
};

/* ---- the model -------------------------------------------------------------------- */

static bool value_holds(const struct leaf *l, const char *text)
{
    size_t n, m = strlen(l->operand);

    if (!text)
        return false;
    n = strlen(text);
    switch (l->test) {
    case TEST_EQUAL:
        return strcmp(text, l->operand) == 0;
    case TEST_PREFIX:
        return strncmp(text, l->operand, m) == 0;
    case TEST_SUFFIX:
        return n >= m && strcmp(text + n - m, l->operand) == 0;
    case TEST_INSIDE:
        return strstr(text, l->operand) != NULL;
    case TEST_ANY:
        return true;
    case TEST_LESS:
        return strcmp(text, "5") == 0;
    case TEST_MORE:
        return strcmp(text, "7") == 0;
    }
    return false;
}

static bool field_holds(const struct an_event *e, unsigned field, const struct leaf *l)
{
    for (unsigned i = 0; e->is_there[field] && i < e->n[field]; i++)
        if (value_holds(l, VALUES[e->members[field][i]].text))
            return true;
    return false;
}

static bool holds(const struct an_event *e, const struct node *n)
{
    bool all = true, any = false;

    if (n->kind == NODE_LEAF)
        return n->field < FIELDS ? field_holds(e, n->field, n->leaf)
                                 : field_holds(e, 2, n->leaf) || field_holds(e, 3, n->leaf);
    for (unsigned i = 0; i < n->n_parts; i++) {
        bool one = holds(e, n->parts[i]);
        all &= one;
        any |= one;
    }
    return n->kind == NODE_AND ? all : n->kind == NODE_OR ? any : !all;
}

/* ---- making trees ------------------------------------------------------------------ */

/* field: the one that all leaves ask, or UINT_MAX for any. */
static struct node *make(struct maker *m, unsigned depth, unsigned field)
{
    uint32_t kind = depth && m->n_nodes + 4 < NODES ? rng_below(&m->rng, 6) : 5;
    struct node *n = &m->nodes[m->n_nodes++];

    *n = (struct node){.kind = kind < 2 ? NODE_AND : kind < 4 ? NODE_OR : NODE_NOT, .n_parts = 1};
    if (kind == 5 || m->n_nodes + 4 >= NODES) {
        bool is_range = field > FIELDS && rng_below(&m->rng, 6) == 0;
        n->kind = NODE_LEAF;
        n->n_parts = 0;
        n->field = field <= FIELDS ? field : rng_below(&m->rng, FIELDS + 1);
        n->leaf = is_range ? &RANGES[rng_below(&m->rng, ARRAY_LEN(RANGES))]
                           : &LEAVES[rng_below(&m->rng, ARRAY_LEN(LEAVES))];
        return n;
    }
    if (n->kind != NODE_NOT)
        n->n_parts = 2 + rng_below(&m->rng, 2);
    /* Now and then all below is about one field: it can be written as a list. */
    if (field > FIELDS && rng_below(&m->rng, 3) == 0)
        field = rng_below(&m->rng, FIELDS + 1);
    n->field = field;
    for (unsigned i = 0; i < n->n_parts; i++)
        n->parts[i] = make(m, depth - 1, field);
    return n;
}

/* ---- printing them ------------------------------------------------------------------ */

static void blank(struct maker *m, struct buf *out)
{
    static const char *const BLANKS[] = {" ", "  ", "\n", "\t", "\r\n ", "\xC2\xA0"};

    buf_add(out, str_from(rng_below(&m->rng, 3) ? " " : BLANKS[rng_below(&m->rng, 6)]));
}

static void maybe_blank(struct maker *m, struct buf *out)
{
    if (rng_below(&m->rng, 3) == 0)
        blank(m, out);
}

static void word(struct maker *m, struct buf *out, const char *lower, const char *upper)
{
    buf_add(out, str_from(rng_below(&m->rng, 3) ? lower : upper));
}

static void print_name(struct maker *m, const struct node *n, struct buf *out)
{
    bool is_quoted = n->field < FIELDS && rng_below(&m->rng, 5) == 0;

    buf_printf(out, is_quoted ? "\"%s\"" : "%s", n->field < FIELDS ? NAMES[n->field] : "d*");
    maybe_blank(m, out);
}

static void print(struct maker *m, const struct node *n, bool is_in_list, struct buf *out);

/* In parentheses if the grammar wants them, or for nothing. */
static void print_part(struct maker *m, const struct node *n, const struct node *part,
                       bool is_in_list, struct buf *out)
{
    bool needs = (n->kind == NODE_NOT && part->kind != NODE_LEAF) ||
                 (n->kind == NODE_AND && part->kind == NODE_OR);

    if (!needs && rng_below(&m->rng, 4)) {
        print(m, part, is_in_list, out);
        return;
    }
    buf_add(out, STR("("));
    maybe_blank(m, out);
    print(m, part, is_in_list, out);
    maybe_blank(m, out);
    buf_add(out, STR(")"));
}

static bool is_of_one_field(const struct node *n)
{
    if (n->kind == NODE_LEAF)
        return n->leaf < RANGES || n->leaf >= RANGES + ARRAY_LEN(RANGES);
    for (unsigned i = 0; i < n->n_parts; i++)
        if (n->parts[i]->field != n->field || !is_of_one_field(n->parts[i]))
            return false;
    return n->field <= FIELDS;
}

static void print_leaf(struct maker *m, const struct node *n, bool is_in_list, struct buf *out)
{
    if (is_in_list) {
        buf_add(out, str_from(n->leaf->query));
        return;
    }
    print_name(m, n, out);
    if (!is_of_one_field(n)) {
        buf_add(out, str_from(n->leaf->query)); /* a range */
        return;
    }
    buf_add(out, STR(":"));
    maybe_blank(m, out);
    buf_add(out, str_from(n->leaf->query));
}

static void print(struct maker *m, const struct node *n, bool is_in_list, struct buf *out)
{
    if (n->kind == NODE_LEAF) {
        print_leaf(m, n, is_in_list, out);
        return;
    }
    if (!is_in_list && is_of_one_field(n) && rng_below(&m->rng, 2)) {
        print_name(m, n, out);
        buf_add(out, STR(":"));
        maybe_blank(m, out);
        buf_add(out, STR("("));
        print(m, n, true, out);
        buf_add(out, STR(")"));
        return;
    }
    if (n->kind == NODE_NOT) {
        word(m, out, "not", "NOT");
        blank(m, out);
    }
    for (unsigned i = 0; i < n->n_parts; i++) {
        if (i) {
            blank(m, out);
            n->kind == NODE_AND ? word(m, out, "and", "AND") : word(m, out, "or", "Or");
            blank(m, out);
        }
        print_part(m, n, n->parts[i], is_in_list, out);
    }
}

/* ---- events ------------------------------------------------------------------------- */

static void make_event(struct rng *r, struct an_event *e)
{
    for (unsigned f = 0; f < FIELDS; f++) {
        e->is_there[f] = rng_below(r, 4) != 0;
        e->is_list[f] = rng_below(r, 3) == 0;
        e->n[f] = e->is_list[f] ? rng_below(r, MEMBERS + 1) : 1;
        for (unsigned i = 0; i < MEMBERS; i++)
            e->members[f][i] = rng_below(r, ARRAY_LEN(VALUES));
    }
}

static void print_event(const struct an_event *e, struct buf *out)
{
    buf_add(out, STR("{\"x\":0"));
    for (unsigned f = 0; f < FIELDS; f++) {
        if (!e->is_there[f])
            continue;
        buf_printf(out, ",\"%s\":%s", NAMES[f], e->is_list[f] ? "[" : "");
        for (unsigned i = 0; i < e->n[f]; i++)
            buf_printf(out, "%s%s", i ? "," : "", VALUES[e->members[f][i]].json);
        buf_add(out, e->is_list[f] ? STR("]") : STR(""));
    }
    buf_add(out, STR("}"));
}

TEST(queries_mean_what_they_were_made_to_mean)
{
    static struct maker m;
    struct buf query = {0}, event = {0};

    m.rng = rng_start(__func__);
    for (int i = 0; i < QUERIES; i++) {
        m.n_nodes = 0;
        const struct node *n = make(&m, DEPTH, UINT32_MAX);
        buf_clear(&query);
        print(&m, n, false, &query);
        buf_add_char(&query, '\0');
        for (int k = 0; k < EVENTS; k++) {
            struct an_event e;
            make_event(&m.rng, &e);
            buf_clear(&event);
            print_event(&e, &event);
            buf_add_char(&event, '\0');
            if (query_fires("kql", query.p, event.p) != holds(&e, n))
                fail_msg("%s on %s: not %d", query.p, event.p, holds(&e, n));
        }
    }
    buf_release(&query);
    buf_release(&event);
}

TEST_MAIN(ENTRY(queries_mean_what_they_were_made_to_mean))

/* test_cql_random.c - random queries from CQL's grammar, the lenient dialect too, on random events:
 * what the compiled matcher says is what the reference says. And random filters, printed from trees
 * that the test evaluates itself: both say what the tree says. WEIR_SEED repeats a run. */
#include "tests/lib/grammar.h"
#include "tests/lib/query_text.h"
#include "tests/lib/rng.h"
#include "tests/lib/test.h"

#include "base/str.h"

#include <stdlib.h>
#include <string.h>

#if TEST_IS_SANITIZED
enum { QUERIES = 200 };
#else
enum { QUERIES = 800 };
#endif

/* clang-format off */
static const struct grammar_rule GRAMMAR[] = {
    {"query", "{filter}\n{filter}\n{filter} | {steps}\n{filter} | {steps}\n{steps}\n"
              "{filter} | groupBy([{name}, {name}], function={aggregate})\n"
              "{filter} | {steps} | groupBy({name}, function=[{aggregate}, count(as=n)]) | n {order} {number}\n"
              "{filter} | groupBy({name}, function=[tail(1), {aggregate}]) | {name}={text}\n"
              "{filter} | array:reduceAll(\"l[]\", var=m, function=[groupBy(m, function={aggregate})])\n"
              "{filter} | join({ {filter} | {step} }, field={name}, key={name}, include=[z]) | {filter}"},
    {"steps", "{step}\n{step}\n{step} | {steps}"},

    /* Filters: OR before AND. */
    {"filter", "{term}\n{term}\n{term} {filter}\n{term} AND {filter}\n{term} OR {term}\n({filter}) OR {term}"},
    {"term", "{name}={text}\n{name}={text}\n{name}={text}\n{name}!={text}\nNOT {term}\n!{term}\n({filter})\n"
             "{name} {order} {number}\n{name} like {plain}\n{name}=/{regex}/\n{name}=/{regex}/i\n{name}!=/{regex}/\n"
             "{name}=/(?<x>{regex})/\n{name}=*\n{name}!=*\n{function}\n!{function}\n{name} =~ in(values=[{text}, {text}])\n"
             "{name} =~ wildcard({text}, ignoreCase=true)\n{word}\n/{regex}/\n{name} in ({text}, {text})\n{name} not in ({text})\n"
             "{name}=?p\ntest({condition})"},
    {"function", "in({name}, values=[{text}, {text}])\nin({name}, values=[{text}], ignoreCase=true)\n"
                 "cidr({name}, subnet=\"192.0.2.0/24\")\nwildcard(field={name}, pattern={text})\nregex(\"{regex}\", field={name})\n"
                 "regex(\"(?<x>{regex})\", field={name}, strict=false)\ntext:contains(string={value}, substring={value})\n"
                 "text:startsWith(string={name}, substring=\"{plain}\")\narray:contains(\"l[]\", value={plain})\n"
                 "array:exists(\"l[]\", condition={member})\narray:exists(array=\"l[]\", var=m, condition={ m={text} | test(m {compare} {value}) })"},
    {"member", "l={text}\nin(field=l, values=[{text}, {text}])\nl=/{regex}/\nNOT l={text}"},
    {"order", "<\n<=\n>\n>="},

    {"condition", "{value} {compare} {value}\n{value} {compare} {value}\n!({value} == {value})\n{function}"},
    {"compare", "==\n!=\n<\n<=\n>\n>="},
    {"value", "{name}\n{name}\n\"{plain}\"\n{number}\nlower({name})\nupper({name})\nlength({name})\n{value} + {value}\n"
              "{value} * {number}\n({value}) / {value}\n{value} % {number}\n-{name}\nif({condition}, then={value}, else={value})\n"
              "coalesce([{value}, {value}])\nconcat([{name}, {name}])\nformat(\"%s-%s\", field=[{name}, {name}])\n"
              "format(\"{sign}\", field={name})\nshannonEntropy({name})\nunit:convert({name}, to=k)\n"
              "splitString({name}, by=\",\", index={place})\nreplace(\"{regex}\", with=\"z\", field={name})\n"
              "case({term}, {value}, {term}, {value}, {value})\nround({name})"},

    {"sign", "%5s\n%-5s|\n%.2s\n%05d\n%.3i\n%x\n%04X\n%,.1f\n%07.2f\n%-8.1f|"},

    {"step", "{filter}\n{filter}\nwhere {filter}\n{name} := {value}\nx := {value}\n{choice}\n{match}\nrename({name}, as={name})\n"
             "rename([[{name}, {name}]])\ndefault(value={plain}, field=[{name}, {name}])\n"
             "default(field={name}, value=\"-\", replaceEmpty=true)\ndrop([{name}])\nselect([{name}, {name}, x])\n"
             "table([{name}, {name}])\nsort({name})\nregex(\"(?<x>{regex})\", field={name})\nlower({name}, as=x)\n"
             "split(l)\neval(x = {value})\nlowercase({name})\nasn({name})\n"
             "regex(\"(?<x>[a-z])(?<y>[a-z0-9])?\", field={name}, repeat=true)\n"
             "regex(\"(?<x>[a-z])(?=b)\", field={name}, repeat=true)\n"
             "groupBy({name}, function=tail(limit=max))\n$UserIsAdmin()\n$zComputerName()\n"
             "defineTable(query={ createEvents([\"\"]) | v:=\"{pattern} ab\" | splitString(v, by=\" \", as=w) | split(w)}, include=w, name=t) "
             "| match(file=t, field={name}, column=w, mode=glob)"},
    {"choice", "case { {filter} | x := {value}; * }\ncase { {filter} | {step}; {filter} | x := \"{plain}\"; * | x := {value} }\n"
               "case { {filter}; {filter} | y := {value} }\ncase { {filter} | dropEvent(); {filter} | drop(); * }"},
    {"match", "{name} match { {plain} => x := {value}; * => *; }\n"
              "{name} match { /{regex}/ => x := \"{plain}\"; {text} => {step}; in(values=[{text}]) => y := 1 }"},
    {"aggregate", "count()\nmax({name}, as=m)\nsum({name})\ncollect({name}, limit=3)\nselectLast({name})\ncount({name}, distinct=true)"},

    {"name", "a\na\nb\nl\np.q\nx\n#t\nl[0]"},
    {"text", "{plain}\n{plain}\n\"{plain}\"\n\"{pattern}\"\n{pattern}\n{number}\n\"\""},
    {"pattern", "*b*\na*\n*b\n1*\nA*B\nw*1"},
    {"plain", "ab\nAB\nb\nweb1\n5\n05\ntrue\n192.0.2.7\nalice"},
    {"word", "ab\nweb1\n\"a b\"\nali*e"},
    {"regex", "a\n^a.$\nb+\n[0-9]\n(?i)AB\n^(ab|5)$"},
    {"number", "5\n0\n2.5\n10"},
    {"place", "0\n1\n-1\n7"},

    /* Braces of JSON stand alone, so that they are no rules. */
    {"event", "{ \"t\":1{members}}"},
    {"members", ", \"a\":{json}, \"b\":{json}, \"l\":[{json},{json}], \"p\":{ \"q\":{json}}\n, \"a\":{json}, \"l\":{json}, \"#t\":{json}\n"
                ", \"b\":{json}, \"p.q\":{json}\n, \"a\":{json}, \"x\":{json}, \"l[0]\":{json}\n"},
    {"json", "\"{plain}\"\n\"{plain}\"\n\"{plain}\"\n5\n2.5\ntrue\nnull\n\"\"\n\"a b\"\n\"ab,b\"\n[]\n{ }"},
};
/* clang-format on */

TEST(random_queries_are_read_the_same_by_both_engines)
{
    grammar_engines_agree("cql", GRAMMAR, ARRAY_LEN(GRAMMAR), QUERIES, 5);
}

/* ---- filters whose meaning is known -------------------------------------------------------- */

enum { FILTERS = QUERIES, EVENTS = 6, FIELDS = 3, DEPTH = 4, NODES = 256 };

static const char *const NAMES[FIELDS] = {"a", "b.c", "#t"};
/* As JSON, and as the text that CQL sees; NULL: not there. */
static const struct {
    const char *json, *text;
} VALUES[] = {{"\"ab\"", "ab"}, {"\"abc\"", "abc"}, {"\"AB\"", "AB"},
              {"5", "5"},       {"\"7\"", "7"},     {"\"5.0\"", "5.0"},
              {"\"\"", ""},     {"\"a b\"", "a b"}, {"null", NULL}};

enum test {
    TEST_EQUAL,
    TEST_PREFIX,
    TEST_SUFFIX,
    TEST_INSIDE,
    TEST_ANY,
    TEST_LESS,
    TEST_MOST,
    /* Of no field: the operand stands in a text of the event, but in no tag. In parentheses, since
     * `"a" in (...)` is the lenient dialect's. */
    TEST_TEXTS
};
static const struct leaf {
    enum test test;
    bool is_negated; /* != : also true of a missing field */
    const char *before, *after, *operand;
} LEAVES[] = {
    {TEST_EQUAL, false, "", "=ab", "ab"},
    {TEST_EQUAL, false, "", " = \"ab\"", "ab"},
    {TEST_EQUAL, false, "", "=\"a b\"", "a b"},
    {TEST_EQUAL, false, "", "=5", "5"},
    {TEST_EQUAL, false, "", "=\"\"", ""},
    {TEST_EQUAL, true, "", "!=ab", "ab"},
    {TEST_EQUAL, true, "", "!=\"\"", ""},
    {TEST_PREFIX, false, "", "=ab*", "ab"},
    {TEST_PREFIX, true, "", "!=\"ab*\"", "ab"},
    {TEST_SUFFIX, false, "", "=\"*b\"", "b"},
    {TEST_INSIDE, false, "", "=*b*", "b"},
    {TEST_INSIDE, false, "", " like b", "b"},
    {TEST_INSIDE, false, "", "=/b/", "b"},
    {TEST_INSIDE, true, "", "!=/b/", "b"},
    {TEST_PREFIX, false, "", "=/^ab/", "ab"},
    {TEST_ANY, false, "", "=*", ""},
    {TEST_ANY, true, "", "!=*", ""},
    {TEST_LESS, false, "", "<6", "6"},
    {TEST_MOST, false, "", " >= 5", "5"},
    {TEST_EQUAL, false, "in(", ", values=[ab])", "ab"},
    {TEST_EQUAL, true, "!in(", ", values=[ab])", "ab"},
    {TEST_INSIDE, false, "wildcard(field=", ", pattern=\"*b*\")", "b"},
    {TEST_TEXTS, false, "(\"b\")", "", "b"},
    {TEST_TEXTS, false, "(\"aB\")", "", "ab"},
    {TEST_TEXTS, false, "(\"a*c\")", "", "abc"},
    {TEST_TEXTS, false, "/B/i", "", "b"},
    {TEST_PREFIX, false, "text:startsWith(string=", ", substring=\"ab\")", "ab"},
};

enum node_kind { NODE_AND, NODE_OR, NODE_NOT, NODE_LEAF };
struct node {
    enum node_kind kind;
    unsigned field;
    const struct leaf *leaf;
    struct node *parts[3];
    unsigned n_parts;
};

struct maker {
    struct rng rng;
    struct node nodes[NODES];
    unsigned n_nodes;
};

static bool is_number(const char *text)
{
    char *end;

    (void)strtod(text, &end);
    return *text != '\0' && *end == '\0';
}

static bool value_holds(const struct leaf *l, const char *text)
{
    size_t n = strlen(text), m = strlen(l->operand);

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
        return is_number(text) && strtod(text, NULL) < strtod(l->operand, NULL);
    case TEST_MOST:
        return is_number(text) && strtod(text, NULL) >= strtod(l->operand, NULL);
    case TEST_TEXTS:
        break;
    }
    return false;
}

/* Case aside. */
static bool texts_hold(const struct leaf *l, const unsigned *event)
{
    bool holds = false;

    for (unsigned f = 0; f < FIELDS; f++)
        holds |= NAMES[f][0] != '#' && VALUES[event[f]].json[0] == '"' &&
                 strcasestr(VALUES[event[f]].text, l->operand) != NULL;
    return holds;
}

static bool holds(const unsigned *event, const struct node *n)
{
    bool all = true, any = false;

    if (n->kind == NODE_LEAF && n->leaf->test == TEST_TEXTS)
        return texts_hold(n->leaf, event);
    if (n->kind == NODE_LEAF) {
        const char *text = VALUES[event[n->field]].text;
        return (text && value_holds(n->leaf, text)) != n->leaf->is_negated;
    }
    for (unsigned i = 0; i < n->n_parts; i++) {
        bool one = holds(event, n->parts[i]);
        all &= one;
        any |= one;
    }
    return n->kind == NODE_AND ? all : n->kind == NODE_OR ? any : !all;
}

static struct node *make(struct maker *m, unsigned depth)
{
    uint32_t kind = depth && m->n_nodes + 4 < NODES ? rng_below(&m->rng, 6) : 5;
    struct node *n = &m->nodes[m->n_nodes++];

    *n = (struct node){.kind = kind < 2 ? NODE_AND : kind < 4 ? NODE_OR : NODE_NOT, .n_parts = 1};
    if (kind == 5 || m->n_nodes + 4 >= NODES) {
        *n = (struct node){.kind = NODE_LEAF,
                           .field = rng_below(&m->rng, FIELDS),
                           .leaf = &LEAVES[rng_below(&m->rng, ARRAY_LEN(LEAVES))]};
        return n;
    }
    if (n->kind != NODE_NOT)
        n->n_parts = 2 + rng_below(&m->rng, 2);
    for (unsigned i = 0; i < n->n_parts; i++)
        n->parts[i] = make(m, depth - 1);
    return n;
}

static void print(struct maker *m, const struct node *n, struct buf *out);

/* In parentheses if the grammar wants them, or for nothing. */
static void print_part(struct maker *m, const struct node *n, const struct node *part,
                       struct buf *out)
{
    bool needs = (n->kind == NODE_NOT && part->kind < NODE_NOT) ||
                 (n->kind == NODE_OR && part->kind == NODE_AND);

    if (!needs && rng_below(&m->rng, 4)) {
        print(m, part, out);
        return;
    }
    buf_add(out, STR("("));
    print(m, part, out);
    buf_add(out, rng_below(&m->rng, 2) ? STR(")") : STR(" )"));
}

static void print(struct maker *m, const struct node *n, struct buf *out)
{
    static const char *const ANDS[] = {" ", " AND ", "\n", " and ", " // why\n", " /* | */ "};
    static const char *const ORS[] = {" OR ", " or ", "\nOR\n"};

    if (n->kind == NODE_LEAF && n->leaf->test == TEST_TEXTS) {
        buf_add(out, str_from(n->leaf->before));
        return;
    }
    if (n->kind == NODE_LEAF) {
        /* There a text in quotes is no field. */
        bool is_value = str_starts(str_from(n->leaf->before), STR("text:"));
        bool is_quoted = !is_value && rng_below(&m->rng, 4) == 0;
        buf_printf(out, is_quoted ? "%s\"%s\"%s" : "%s%s%s", n->leaf->before, NAMES[n->field],
                   n->leaf->after);
        return;
    }
    if (n->kind == NODE_NOT)
        buf_add(out, rng_below(&m->rng, 2) ? STR("NOT ") : STR("!"));
    for (unsigned i = 0; i < n->n_parts; i++) {
        if (i)
            buf_add(out, str_from(n->kind == NODE_AND ? ANDS[rng_below(&m->rng, 6)]
                                                      : ORS[rng_below(&m->rng, 3)]));
        print_part(m, n, n->parts[i], out);
    }
}

/* Parts of the AND at the top may as well be steps. */
static void print_query(struct maker *m, const struct node *n, struct buf *out)
{
    bool is_steps = n->kind == NODE_AND && rng_below(&m->rng, 2);

    if (!is_steps) {
        print(m, n, out);
        return;
    }
    for (unsigned i = 0; i < n->n_parts; i++) {
        buf_add(out, i ? STR(" | ") : STR(""));
        print_part(m, n, n->parts[i], out);
    }
}

static void print_event(const unsigned *event, struct buf *out)
{
    buf_add(out, STR("{\"x\":0"));
    for (unsigned f = 0; f < FIELDS; f++)
        buf_printf(out, ",\"%s\":%s", NAMES[f], VALUES[event[f]].json);
    buf_add(out, STR("}"));
}

TEST(random_filters_mean_what_they_were_made_to_mean)
{
    static struct maker m;
    struct buf query = {0}, event = {0};

    m.rng = rng_start(__func__);
    for (int i = 0; i < FILTERS; i++) {
        m.n_nodes = 0;
        const struct node *n = make(&m, DEPTH);
        buf_clear(&query);
        print_query(&m, n, &query);
        buf_add_char(&query, '\0');
        for (int k = 0; k < EVENTS; k++) {
            unsigned values[FIELDS];
            for (unsigned f = 0; f < FIELDS; f++)
                values[f] = rng_below(&m.rng, ARRAY_LEN(VALUES));
            buf_clear(&event);
            print_event(values, &event);
            buf_add_char(&event, '\0');
            if (query_fires("cql", query.p, event.p) != holds(values, n))
                fail_msg("%s on %s: not %d", query.p, event.p, holds(values, n));
        }
    }
    buf_release(&query);
    buf_release(&event);
}

TEST_MAIN(ENTRY(random_queries_are_read_the_same_by_both_engines),
          ENTRY(random_filters_mean_what_they_were_made_to_mean))

/* rule_test_expect.c - what a rule test expects: a word, or a map of counts and documents. */
#include <string.h>

#include "app/player.h"
#include "app/rule_test_impl.h"
#include "base/str.h"

struct expecting {
    struct test_reader *r;
    struct vec all; /* struct expectation */
    struct str rule;
    bool is_of_step;
};

static struct expectation *push(struct expecting *x, uint32_t line, uint32_t col)
{
    struct expectation *e = vec_push(x->r->a, &x->all, sizeof *e);

    *e = (struct expectation){
        .line = line, .col = col, .rule = x->rule, .is_of_step = x->is_of_step};
    return e;
}

static void push_count(struct expecting *x, const struct doc_node *at, struct str name,
                       enum compare op, uint64_t number)
{
    struct expectation *e = push(x, at->line, at->col);

    e->name = name;
    e->op = op;
    e->number = number;
    e->value = arena_printf(x->r->a, "%llu", (unsigned long long)number);
}

static void push_each(struct expecting *x, const struct doc_node *at, enum expect_each each)
{
    push(x, at->line, at->col)->each = each;
}

static enum weir_rc take_word(struct expecting *x, const struct doc_node *node)
{
    static const struct str words[] = {
        {"match", 5}, {"no_match", 8}, {"alert", 5}, {"no_alert", 8}, {"none", 4}};
    size_t i = 0;

    while (i < ARRAY_LEN(words) && !str_eq(words[i], node->text))
        i++;
    switch (i) {
    case 0:
        push_each(x, node, EACH_MATCHES);
        return WEIR_OK;
    case 1:
        push_each(x, node, EACH_DOES_NOT);
        return WEIR_OK;
    case 2:
        push_count(x, node, STR("alerts"), COMPARE_GE, 1);
        return WEIR_OK;
    case 4:
        push_each(x, node, EACH_DOES_NOT);
        push_count(x, node, STR("alerts"), COMPARE_EQ, 0);
        return WEIR_OK;
    case 3:
        push_count(x, node, STR("alerts"), COMPARE_EQ, 0);
        return WEIR_OK;
    default:
        break;
    }
    struct str hint = hint_of(x->r, node->text, words, ARRAY_LEN(words));
    return fault_at(x->r, node->line, node->col,
                    "'%.*s' cannot be expected%.*s: match, no_match, alert, no_alert, none, or a "
                    "map of counts and documents",
                    CUT(node->text), CUT(hint));
}

/* 3, or ">= 3" */
static enum weir_rc take_count(struct expecting *x, const struct doc_node *node, struct str name)
{
    struct str op, text = str_trim(node->text);
    enum compare compare = COMPARE_EQ;
    uint64_t number = 0;
    size_t n = 0;

    while (n < text.n && strchr("=!<>", text.p[n]) && text.p[n])
        n++;
    op = str_sub(text, 0, n);
    bool is_good = doc_is_scalar(node) && str_to_u64(str_trim(str_sub(text, n, text.n)), &number) &&
                   (n == 0 || script_compare(op, &compare));
    if (!is_good)
        return fault_at(x->r, node->line, node->col,
                        "'%.*s' is compared with a number: 3, \">= 3\", \"!= 0\"", CUT(name));
    push_count(x, node, name, compare, number);
    return WEIR_OK;
}

/* a.b[0].c, also with a dot or $. before it -> .a.b.0.c */
static enum weir_rc take_path(struct expecting *x, const struct doc_key *key, struct str *out)
{
    struct str path = key->text;
    char *p = arena_alloc(x->r->a, path.n + 1);
    size_t n = 0;

    if (str_starts(path, STR("$")))
        path = str_sub(path, 1, path.n);
    if (str_starts(path, STR(".")))
        path = str_sub(path, 1, path.n);
    p[n++] = '.';
    for (size_t i = 0; i < path.n; i++)
        if (path.p[i] == '[')
            p[n++] = '.';
        else if (path.p[i] != ']')
            p[n++] = path.p[i];
    *out = (struct str){p, n};
    if (n > 1 && p[n - 1] != '.' && str_find(*out, STR(".."), 0) == SIZE_MAX)
        return WEIR_OK;
    return fault_at(x->r, key->line, key->col,
                    "'%.*s' is no path in a document (finding_info.title, observables[0].name)",
                    CUT(key->text));
}

static const struct {
    struct str name;
    enum compare op;
} comparisons[] = {{{"is", 2}, COMPARE_EQ}, {{"not", 3}, COMPARE_NE}, {{"has", 3}, COMPARE_HAS},
                   {{"lt", 2}, COMPARE_LT}, {{"le", 2}, COMPARE_LE},  {{"gt", 2}, COMPARE_GT},
                   {{"ge", 2}, COMPARE_GE}};

/* VALUE, {has: VALUE}, {gt: VALUE} ...; null: it is not there. */
static enum weir_rc take_comparison(struct expecting *x, const struct doc_node *node,
                                    enum compare *op, const struct doc_node **value)
{
    struct str names[ARRAY_LEN(comparisons)];

    *op = COMPARE_EQ;
    *value = node;
    if (node->type != DOC_MAP)
        return WEIR_OK;
    for (size_t i = 0; i < ARRAY_LEN(comparisons); i++) {
        names[i] = comparisons[i].name;
        if (node->n_items != 1 || !str_eq(node->keys[0].text, names[i]))
            continue;
        *op = comparisons[i].op;
        *value = &node->items[0];
        return WEIR_OK;
    }
    struct str hint =
        node->n_items ? hint_of(x->r, node->keys[0].text, names, ARRAY_LEN(names)) : STR("");
    return fault_at(x->r, node->line, node->col,
                    "a value, or one of is, not, has, lt, le, gt, ge with a value, is wanted%.*s",
                    CUT(hint));
}

static enum weir_rc take_document(struct expecting *x, const struct doc_node *map,
                                  struct str activity)
{
    if (map->type != DOC_MAP || map->n_items == 0)
        return fault_at(x->r, map->line, map->col,
                        "a map of paths is wanted: {severity: High, count: 5}");
    for (size_t i = 0; i < map->n_items; i++) {
        const struct doc_node *value;
        struct expectation *e = push(x, map->keys[i].line, map->keys[i].col);
        enum compare op;
        e->name = STR("");
        e->activity = activity;
        TRY(take_path(x, &map->keys[i], &e->path));
        TRY(take_comparison(x, &map->items[i], &op, &value));
        e->op = op;
        if (value->type == DOC_NULL)
            e->value = STR("absent");
        else
            TRY(doc_to_json(x->r, value, &e->value));
    }
    return WEIR_OK;
}

static enum weir_rc unknown_expectation(struct expecting *x, const struct doc_key *key)
{
    struct str names[PLAYER_COUNTS_MAX + 4];
    size_t n = player_count_names(names);

    names[n++] = STR("alert");
    names[n++] = STR("update");
    names[n++] = STR("close");
    names[n++] = STR("rule");
    struct str hint = hint_of(x->r, key->text, names, n);
    return fault_at(x->r, key->line, key->col, "nothing that is expected is called '%.*s'%.*s",
                    CUT(key->text), CUT(hint));
}

static enum weir_rc take_pair(struct expecting *x, const struct doc_key *key,
                              const struct doc_node *value)
{
    const struct player_counts none = {0};
    uint64_t zero;

    if (str_eq(key->text, STR("rule")))
        return WEIR_OK;
    if (str_eq(key->text, STR("alert")))
        return take_document(x, value, STR("create"));
    if (str_eq(key->text, STR("update")) || str_eq(key->text, STR("close")))
        return take_document(x, value, key->text);
    if (player_count_named(&none, key->text, &zero))
        return take_count(x, value, key->text);
    return unknown_expectation(x, key);
}

static enum weir_rc take_map(struct expecting *x, const struct doc_node *map)
{
    struct str rule = x->rule;

    TRY(take_text(x->r, map, "rule", &x->rule));
    if (!x->rule.n)
        x->rule = rule;
    if (map->n_items == 0 || (map->n_items == 1 && doc_get(map, STR("rule"))))
        return fault_at(x->r, map->line, map->col, "nothing is expected here");
    for (size_t i = 0; i < map->n_items; i++)
        TRY(take_pair(x, &map->keys[i], &map->items[i]));
    x->rule = rule;
    return WEIR_OK;
}

static enum weir_rc take_one(struct expecting *x, const struct doc_node *node)
{
    if (node->type == DOC_MAP)
        return take_map(x, node);
    if (node->type == DOC_STRING)
        return take_word(x, node);
    return fault_at(x->r, node->line, node->col,
                    "'expect' is a word or a map of counts and documents, not %s",
                    doc_type_name(node));
}

enum weir_rc take_expectations(struct test_reader *r, const struct doc_node *node, bool is_of_step)
{
    struct expecting x = {.r = r, .rule = r->rule, .is_of_step = is_of_step};
    bool is_list = node->type == DOC_LIST;
    size_t n = is_list ? node->n_items : 1;

    if (n == 0)
        return fault_at(r, node->line, node->col, "nothing is expected here");
    for (size_t i = 0; i < n; i++)
        TRY(take_one(&x, is_list ? &node->items[i] : node));
    struct statement *say = push_statement(r, SAY_EXPECT, node);
    say->expectations = x.all.items;
    say->n_expectations = x.all.n;
    return WEIR_OK;
}

/* profile_match.c - `match`: by which tests a profile recognises its events. */
#include "event/profile_read.h"

#include "base/str.h"

/* ---- match --------------------------------------------------------------------------- */

static const struct str TEST_KINDS[] = {{"exists", 6}, {"absent", 6}, {"equals", 6}, {"in", 2}};

/* `equals: {path: value}`, `in: {path: [values]}` */
static enum weir_rc read_value_test(struct profile_reader *r, const struct doc_node *node,
                                    struct marker_test *out)
{
    if (node->type != DOC_MAP || node->n_items != 1)
        return profile_wrong_type(r, node, "the test", "one `path: value`");
    out->kind = MARKER_IN;
    out->path = node->keys[0].text;
    return profile_read_texts(r, &node->items[0], "the value", &out->values);
}

static enum weir_rc read_test(struct profile_reader *r, const struct doc_node *node,
                              struct marker_test *out)
{
    if (node->type != DOC_MAP || node->n_items != 1)
        return profile_wrong_type(r, node, "a test", "one of exists, absent, equals, in");
    TRY(profile_check_keys(r, node, "test", TEST_KINDS, ARRAY_LEN(TEST_KINDS)));

    struct str kind = node->keys[0].text;
    if (str_eq(kind, STR("equals")) || str_eq(kind, STR("in")))
        return read_value_test(r, &node->items[0], out);
    out->kind = str_eq(kind, STR("exists")) ? MARKER_EXISTS : MARKER_ABSENT;
    return profile_read_text(r, &node->items[0], "the path", &out->path);
}

static enum weir_rc read_tests(struct profile_reader *r, const struct doc_node *node,
                               const struct marker_test **out, size_t *n)
{
    if (node->type != DOC_LIST)
        return profile_wrong_type(r, node, "tests", "a list");
    struct marker_test *tests = ARENA_ARRAY(r->arena, node->n_items, struct marker_test);

    for (size_t i = 0; i < node->n_items; i++)
        TRY(read_test(r, &node->items[i], &tests[i]));
    *out = tests;
    *n = node->n_items;
    return WEIR_OK;
}

static enum weir_rc read_alternative(struct profile_reader *r, const struct doc_node *node,
                                     struct marker_match *out)
{
    static const struct str names[] = {{"all", 3}, {"any", 3}};
    struct marker_match m = {0};

    if (node->type != DOC_MAP)
        return profile_wrong_type(r, node, "match", "a map with all, any");
    TRY(profile_check_keys(r, node, "key of match", names, ARRAY_LEN(names)));
    const struct doc_node *all = doc_get(node, STR("all"));
    const struct doc_node *any = doc_get(node, STR("any"));
    if (all)
        TRY(read_tests(r, all, &m.all, &m.n_all));
    if (any)
        TRY(read_tests(r, any, &m.any, &m.n_any));
    if (m.n_all + m.n_any == 0)
        return profile_fail(r, node, "match says nothing: it needs tests below all or any");
    *out = m;
    return WEIR_OK;
}

/* {all: TESTS, any: TESTS}, or a list of such: one of them has to hold. */
enum weir_rc profile_read_match(struct profile_reader *r, const struct doc_node *node)
{
    bool is_list = node->type == DOC_LIST;
    size_t n = is_list ? node->n_items : 1;
    const struct doc_node *items = is_list ? node->items : node;
    struct marker_match *matches = ARENA_ARRAY(r->arena, n, struct marker_match);

    if (n == 0 || n > MATCHES_MAX)
        return err_at(r->err, WEIR_LIMIT, node->line, node->col, "match has 1 to %d alternatives",
                      MATCHES_MAX);
    for (size_t i = 0; i < n; i++)
        TRY(read_alternative(r, &items[i], &matches[i]));
    r->p->matches = matches;
    r->p->n_matches = n;
    return WEIR_OK;
}

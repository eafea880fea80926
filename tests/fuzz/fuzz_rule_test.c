/* fuzz_rule_test.c - any bytes as the tests of a rule (the first byte odd: as SigmaHQ's info.yml):
 * read, or refused at a line of it; events of what was read are JSON. */
#include "app/test_suite.h"
#include "json/tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum weir_rc read_one(void *context, struct arena *a, struct str path, struct str_list *out,
                             struct weir_err *err)
{
    static const struct str event = {"{\"a\":{\"b\":1},\"c\":\"x\"}", 22};

    (void)context, (void)a;
    *out = (struct str_list){&event, 1};
    return path.n % 2 ? WEIR_OK : err_set(err, WEIR_NOTFOUND, "no such file");
}

static void try_test(struct arena *a, const struct rule_test *t)
{
    for (size_t i = 0; i < t->script.n; i++) {
        const struct statement *s = &t->script.statements[i];
        struct weir_err err = {0};
        struct json_node *root;
        struct str text;
        if (s->kind == SAY_EVENT && !s->is_again &&
            script_event_text(a, &s->event, s->at_ms, 1, &text, &err) == WEIR_OK)
            ASSERT(json_tree_parse(a, text, &root, NULL) == JSON_OK);
        for (size_t k = 0; k < s->n_expectations; k++)
            if (s->expectations[k].path.n)
                (void)!script_document_meets(a, STR("{\"a\":[1]}"), &s->expectations[k], &text);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct rule_test_reader reader = {read_one, NULL};
    struct arena *a = arena_new(0);
    struct weir_err err = {0};
    struct suite_file f = {0};
    bool is_info = size && data[0] % 2, is_one;
    struct str text = {(const char *)data + (size > 0), size - (size > 0)};
    enum weir_rc rc = is_info ? regression_parse(a, text, &reader, &f, &is_one, &err)
                              : rule_tests_parse(a, text, &reader, &f.tests, &err);

    if (rc != WEIR_OK)
        ASSERT(err.line > 0 && err.text[0]);
    for (size_t i = 0; rc == WEIR_OK && i < f.tests.n; i++)
        try_test(a, &f.tests.items[i]);
    arena_free(a);
    return 0;
}

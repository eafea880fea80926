/* fuzz_scenario.c - any bytes as the script of a story: read, or refused at a line of it; events of
 * what was read are JSON that is read again. */
#include "app/script.h"
#include "json/tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum weir_rc read_nothing(void *context, struct arena *a, struct str path, struct str *out,
                                 struct weir_err *err)
{
    (void)context, (void)a, (void)path, (void)out;
    return err_set(err, WEIR_IO, "no files here");
}

static void try_statement(struct arena *a, const struct statement *s)
{
    const struct str document = STR("{\"a\":[1,{\"b\":\"c\"}],\"count\":5}");
    struct weir_err err = {0};
    struct json_node *root;
    struct str text;

    if (s->kind == SAY_EVENT && !s->is_again &&
        script_event_text(a, &s->event, s->at_ms, 1, &text, &err) == WEIR_OK)
        ASSERT(json_tree_parse(a, text, &root, NULL) == JSON_OK);
    for (size_t i = 0; i < s->n_expectations; i++) {
        bool is_met = script_document_meets(a, document, &s->expectations[i], &text);
        (void)is_met;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct script_reader reader = {read_nothing, NULL};
    struct arena *a = arena_new(0);
    struct weir_err err = {0};
    struct script script;

    if (script_parse(a, (struct str){(const char *)data, size}, &reader, &script, &err) != WEIR_OK)
        ASSERT(err.line > 0 && err.text[0]);
    else
        for (size_t i = 0; i < script.n; i++)
            try_statement(a, &script.statements[i]);
    arena_free(a);
    return 0;
}

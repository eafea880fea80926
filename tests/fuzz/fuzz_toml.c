/* fuzz_toml.c - any bytes through the TOML reader: a tree within its bounds, or an error with a
 * place and a text. */
#include "doc/doc.h"

static void walk(const struct doc_node *node, unsigned depth)
{
    ASSERT(depth <= DOC_DEPTH_MAX);
    ASSERT(node->line > 0 && node->col > 0);
    for (size_t i = 0; i < node->n_items; i++)
        walk(&node->items[i], depth + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};
    struct arena *a = arena_new(0);
    struct weir_err err = {0};
    struct doc_node *doc;

    if (doc_parse_toml(a, text, &doc, &err) == WEIR_OK)
        walk(doc, 0);
    else
        ASSERT(err.text[0] != '\0' && err.line > 0);
    arena_free(a);
    return 0;
}

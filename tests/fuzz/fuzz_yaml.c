/* fuzz_yaml.c - any bytes through the YAML reader: a tree within its bounds, or an error with a
 * text; the cut into documents loses no byte. */
#include "doc/doc.h"

static void walk(const struct doc_node *node, unsigned depth)
{
    ASSERT(depth <= DOC_DEPTH_MAX);
    ASSERT(node->line > 0 && node->col > 0);
    for (size_t i = 0; i < node->n_items; i++)
        walk(&node->items[i], depth + 1);
}

static void cut_all(struct str text)
{
    struct str rest = text, piece;
    uint32_t line = 1, piece_line;
    size_t n = 0;

    while (doc_cut_yaml(&rest, &line, &piece, &piece_line))
        n += piece.n;
    ASSERT(n == text.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};
    struct arena *a = arena_new(0);
    struct weir_err err = {0};
    struct doc_node *docs;
    size_t n;

    if (doc_parse_yaml(a, text, &docs, &n, &err) == WEIR_OK)
        for (size_t i = 0; i < n; i++)
            walk(&docs[i], 0);
    else
        ASSERT(err.text[0] != '\0');
    cut_all(text);
    arena_free(a);
    return 0;
}

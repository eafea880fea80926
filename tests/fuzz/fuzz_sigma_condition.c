/* fuzz_sigma_condition.c - any text as a condition over a few selections. */
#include "lang/sigma/sigma.h"

#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const NAMES[] = {"a", "sel_1", "sel_2", "_p", "not", "all", "x-y"};
    struct arena *a = arena_new(0), *scratch = arena_new(0);
    struct sigma_selection selections[ARRAY_LEN(NAMES)] = {0};
    struct diag diag;
    struct sigma_scope s = {
        .a = a, .scratch = scratch, .names = names_new(a, scratch), .diag = &diag};
    struct doc_node node = {
        .type = DOC_STRING, .line = 1, .col = 1, .text = {(const char *)data, size}};
    struct sigma_formula out = {0};

    for (size_t i = 0; i < ARRAY_LEN(NAMES); i++) {
        selections[i].name = str_from(NAMES[i]);
        selections[i].formula = formula_const(a, true);
        selections[i].n_nodes = selections[i].depth = 1;
    }
    diag_init(&diag, a, node.text, 1);
    bool is_good = sigma_condition_load(&s, &node, selections, ARRAY_LEN(NAMES), &out);
    ASSERT(is_good != diag_failed(&diag));
    if (is_good && out.formula) {
        size_t n_nodes;
        unsigned depth;
        sigma_measure(out.formula, &n_nodes, &depth);
        ASSERT(n_nodes == out.n_nodes && depth == out.depth);
    }
    arena_free(scratch);
    arena_free(a);
    return 0;
}

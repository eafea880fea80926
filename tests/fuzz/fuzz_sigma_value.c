/* fuzz_sigma_value.c - first line: the modifiers; the rest: one value. */
#include "lang/sigma/modifier.h"

#include "base/str.h"
#include "tests/lib/sigma_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new(0), *scratch = arena_new(0);
    struct diag diag;
    struct sigma_scope s = {.a = a,
                            .scratch = scratch,
                            .names = names_new(a, scratch),
                            .lists = &SIGMA_TEST_LISTS,
                            .diag = &diag};
    struct str text = {(const char *)data, size}, modifiers, value;
    struct doc_node item = {.type = DOC_STRING, .line = 1, .col = 1};
    struct doc_key key = {.line = 1, .col = 1};
    struct doc_node map = {
        .type = DOC_MAP, .line = 1, .col = 1, .items = &item, .keys = &key, .n_items = 1};

    str_cut(text, '\n', &modifiers, &value);
    diag_init(&diag, a, text, 1);
    key.text = arena_printf(a, "f%s%.*s", modifiers.n ? "|" : "", (int)modifiers.n, modifiers.p);
    item.text = value;
    item.type = doc_scalar_type(a, value, &item.number, &item.is_true);
    struct formula *f = sigma_detection_lower(&s, &map);
    ASSERT((f == NULL) == diag_failed(&diag));
    arena_free(scratch);
    arena_free(a);
    return 0;
}

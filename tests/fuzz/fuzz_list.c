/* fuzz_list.c - any bytes as a txt, a csv and an ndjson list, with and without a column: a list, or
 * an error with its place; entries are never empty, too long or beyond the text's size. The list's
 * index finds its own entries. */
#include "base/str.h"
#include "match/fold.h"
#include "match/list_index.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A plain text is on its own list, whatever else stands there. */
static void ask(struct arena *a, const struct list *list)
{
    const struct list_index *x;
    bool is_plain = list->mode == LIST_CI || list->mode == LIST_EXACT;

    if (list_index_new(a, list, &x, NULL) != WEIR_OK)
        return; /* too many patterns */
    for (size_t i = 0; i < list->n_entries && i < 100; i++) {
        struct str entry = list_entry(list, i);
        char *folded = arena_alloc(a, entry.n + 1);
        bool is_ascii = !fold_ascii(folded, entry.p, entry.n);
        struct list_value v = {JSON_STRING, entry, {folded, entry.n}, is_ascii};
        uint32_t row = list_index_find(x, &v, INT64_MIN);
        ASSERT(row == LIST_NO_ROW || row < list->n_entries);
        ASSERT(row != LIST_NO_ROW || !is_plain || list->type != LIST_TEXT || entry.n > 4096);
    }
}

static void load(const char *path, const char *column, struct str text)
{
    struct arena *a = arena_new(0);
    struct list_set *set = list_set_new(a);
    struct weir_err err = {0};
    size_t total = 0;

    if (list_set_add_text(set, STR("x"), str_from(path), str_from(column), text, &err) == WEIR_OK) {
        const struct list *list = list_find(set, STR("x"));
        for (size_t i = 0; i < list->n_entries; i++) {
            ASSERT(list_entry(list, i).n > 0 && list_entry(list, i).n <= LIST_ENTRY_MAX);
            total += list_entry(list, i).n;
        }
        ASSERT(total <= text.n);
        ask(a, list);
    } else {
        ASSERT(err.line > 0 && err.col > 0 && err.text[0]);
    }
    arena_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};

    load("x.txt", "", text);
    load("x.csv", "", text);
    load("x.csv", "b", text);
    load("x.ndjson", "", text);
    load("x.ndjson", "a.b", text);
    return 0;
}

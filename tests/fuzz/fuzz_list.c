/* fuzz_list.c - any bytes as a txt list, as a csv list, and as a csv list by column: a list, or an
 * error with its place; entries are never empty, too long or beyond the text's size. */
#include "base/str.h"
#include "list/list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
    return 0;
}

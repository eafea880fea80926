/* list_view.c - an index per slot. */
#include "match/list_view.h"

enum weir_rc list_view_new(struct arena *a, const struct list_set *set,
                           const struct list_view **out, struct weir_err *err)
{
    size_t n = list_slot_count(set);
    const struct list_index **at = ARENA_ARRAY(a, n, const struct list_index *);
    struct list_view *v = ARENA_NEW(a, struct list_view);

    for (size_t i = 0; i < n; i++)
        TRY(list_index_new(a, list_of_slot(set, i), &at[i], err));
    *v = (struct list_view){at, n};
    *out = v;
    return WEIR_OK;
}

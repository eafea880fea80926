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

enum weir_rc list_view_renumber(struct arena *a, const struct list_view *view,
                                const struct list_set *set, const struct list_slot *const *slots,
                                size_t n, const struct list_view **out, struct weir_err *err)
{
    const struct list_index **at = ARENA_ARRAY(a, n, const struct list_index *);
    struct list_view *v = ARENA_NEW(a, struct list_view);

    for (size_t i = 0; i < n; i++) {
        size_t number = list_slot_find(set, slots[i]);
        if (number == SIZE_MAX)
            return err_set(err, WEIR_NOTFOUND, "no rule asks the list '%.*s' any more",
                           (int)slots[i]->name.n, slots[i]->name.p);
        at[i] = view->at[number];
    }
    *v = (struct list_view){at, n};
    *out = v;
    return WEIR_OK;
}

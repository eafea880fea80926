/* list_view.h - what stands on the lists that a rule set asks at run time: its slots' contents.
 *
 * A view is immutable. When lists change and rules do not, a new view with the same slots takes the
 * place of the old one at a batch edge; nothing is compiled for it.
 *
 * Memory   in the arena, which holds the list set as well or outlives it.
 * Threads  shared by all.
 */
#ifndef WEIR_MATCH_LIST_VIEW_H
#define WEIR_MATCH_LIST_VIEW_H

#include "match/list_index.h"

struct list_view {
    const struct list_index *const *at; /* by slot number */
    size_t n;
};

/* An index for every slot of the set that was asked for. */
MUST_USE enum weir_rc list_view_new(struct arena *a, const struct list_set *set,
                                    const struct list_view **out, struct weir_err *err);

/* The contents that `view` has for `set`, numbered as the n slots of another set over the same
 * rules are. WEIR_NOTFOUND: one of them is not asked for here. */
MUST_USE enum weir_rc list_view_renumber(struct arena *a, const struct list_view *view,
                                         const struct list_set *set,
                                         const struct list_slot *const *slots, size_t n,
                                         const struct list_view **out, struct weir_err *err);

/* The index of a slot; NULL if the view has none (or is NULL itself): nothing is on that list. */
static inline const struct list_index *list_view_of(const struct list_view *v,
                                                    const struct list_slot *slot)
{
    return v && slot->number < v->n ? v->at[slot->number] : NULL;
}

#endif

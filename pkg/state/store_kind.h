/* store_kind.h - what a kind of store must do: the table behind store.h. For stores only.
 *
 * A store begins with struct store, and sets `kind` when it is made.
 */
#ifndef WEIR_STATE_STORE_KIND_H
#define WEIR_STATE_STORE_KIND_H

#include "state/store.h"

struct store_kind {
    uint32_t (*add_space)(struct store *s, const struct space_spec *spec);
    enum weir_rc (*apply)(struct store *s, const struct store_batch *batch,
                          const struct emission **out, size_t *n, enum store_answer *answer,
                          struct weir_err *err);
    int64_t (*next_due)(const struct store *s);
    struct store_stats (*stats)(const struct store *s, uint32_t space);
    void (*free)(struct store *s);
};

struct store {
    const struct store_kind *kind;
};

#endif

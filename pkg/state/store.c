/* store.c - store.h's calls go to the kind of store at hand. */
#include "state/store.h"

#include "state/store_kind.h"

uint32_t store_add_space(struct store *s, const struct space_spec *spec)
{
    ASSERT(spec->step);
    ASSERT(!spec->shrink == !spec->regrow);
    return s->kind->add_space(s, spec);
}

enum weir_rc store_apply(struct store *s, const struct store_batch *batch,
                         const struct emission **out, size_t *n, enum store_answer *answer,
                         struct weir_err *err)
{
    ASSERT(batch->n_ops <= STORE_OPS_MAX);
    ASSERT(batch->round < STORE_ROUNDS_MAX);
    ASSERT(!batch->parts == (batch->n_parts == 0));
    return s->kind->apply(s, batch, out, n, answer, err);
}

int64_t store_next_due(const struct store *s)
{
    return s->kind->next_due(s);
}

struct store_stats store_stats(const struct store *s, uint32_t space)
{
    return s->kind->stats(s, space);
}

void store_free(struct store *s)
{
    if (s)
        s->kind->free(s);
}

/* final.c - bounds, capsules and signals of operators that decide at the watermark. */
#include "correlate/final.h"

#include "state/capsule.h"
#include "state/emissions.h"

bool final_bounds_hold(const struct correlation *c, int64_t micro)
{
    for (size_t i = 0; i < c->n_bounds; i++)
        if (!bound_holds(&c->bounds[i], micro))
            return false;
    return true;
}

struct str final_capsule(const struct cell *cell, int64_t t_ms)
{
    struct str packed[CAPSULES_FIRST + CAPSULES_LAST];
    struct capsule capsule;
    uint64_t seen;
    size_t n = cell->side.n ? capsule_book_list(&cell->side, packed, &seen) : 0;

    for (size_t i = 0; i < n; i++)
        if (capsule_unpack(packed[i], &capsule) && capsule.t_ms == t_ms)
            return packed[i];
    return n ? packed[n - 1] : (struct str){0};
}

void final_signal(struct emissions *out, const struct signal *s)
{
    struct buf bytes = {0};

    signal_pack(s, &bytes);
    emissions_add(out, buf_str(&bytes));
    buf_release(&bytes);
}

void final_tell(struct emissions *out, const struct cell *cell, const struct final_met *m)
{
    struct signal s = {.stage = SIGNAL_MET,
                       .key = *m->key,
                       .t_ms = m->t_ms,
                       .measured_micro = m->measured_micro,
                       .has_measured = m->has_measured,
                       .detail = m->detail};

    s.hit = (struct hit){.count = 1,
                         .value = m->value,
                         .group_key = *m->key,
                         .keys = m->keys,
                         .value_text = m->value_text,
                         .capsule = m->capsule.n ? m->capsule : final_capsule(cell, m->t_ms)};
    final_signal(out, &s);
}

void final_forget_capsules(struct cell *cell)
{
    bool is_done = cell_resize_side(cell, 0);

    ASSERT(is_done);
}

void final_shrink(struct cell *cell, uint32_t n)
{
    bool is_done = n <= cell->main.n && cell_resize(cell, n);

    ASSERT(is_done);
}

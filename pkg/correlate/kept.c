/* kept.c - see kept.h. The side part: a word that says what it is, then for each capsule a head and
 * its bytes.
 */
#include "correlate/kept.h"

#include "state/capsule.h"

#include <string.h>

#define KEPT_MAGIC UINT32_C(0x3154504b) /* "KPT1" */

struct head {
    int64_t t_ms;
    uint64_t value;
    uint32_t n; /* bytes behind it */
} __attribute__((packed));

/* Where the capsules begin; 0: the side part is something else. */
static uint32_t begin_of(const struct cell_part *side)
{
    uint32_t magic;

    if (side->n < sizeof magic)
        return 0;
    memcpy(&magic, side->p, sizeof magic);
    return magic == KEPT_MAGIC ? (uint32_t)sizeof magic : 0;
}

void kept_add(struct cell *cell, int64_t t_ms, uint64_t value, struct str capsule)
{
    const uint32_t magic = KEPT_MAGIC;
    struct head h = {t_ms, value, (uint32_t)capsule.n};
    uint32_t at = begin_of(&cell->side) ? cell->side.n : 0;

    if (capsule.n == 0 || capsule.n > CAPSULE_BYTES)
        return;
    uint32_t begin = at ? at : (uint32_t)sizeof magic;
    if (begin + sizeof h + h.n > KEPT_BYTES ||
        !cell_resize_side(cell, begin + (uint32_t)sizeof h + h.n))
        return;
    if (at == 0)
        memcpy(cell->side.p, &magic, sizeof magic);
    memcpy(cell->side.p + begin, &h, sizeof h);
    memcpy(cell->side.p + begin + sizeof h, capsule.p, h.n);
}

/* The head at `at`; false: there is none, or it is damaged. */
static bool head_at(const struct cell_part *side, uint32_t at, struct head *h)
{
    if (at == 0 || at + sizeof *h > side->n)
        return false;
    memcpy(h, side->p + at, sizeof *h);
    return h->n <= side->n - at - sizeof *h;
}

void kept_select(struct cell *cell, kept_fn *fn, void *context)
{
    uint32_t begin = begin_of(&cell->side), to = begin, n;
    struct head h;

    for (uint32_t at = begin; head_at(&cell->side, at, &h); at += n) {
        n = (uint32_t)sizeof h + h.n;
        if (!fn(context, h.t_ms, h.value))
            continue;
        memmove(cell->side.p + to, cell->side.p + at, n);
        to += n;
    }
    bool is_done = cell_resize_side(cell, to > begin ? to : 0); /* fewer than now */
    ASSERT(is_done);
}

/* A kept_fn. */
static bool is_from(void *context, int64_t t_ms, uint64_t value)
{
    const int64_t *before_ms = context;

    (void)value;
    return t_ms >= *before_ms;
}

void kept_forget(struct cell *cell, int64_t before_ms)
{
    kept_select(cell, is_from, &before_ms);
}

struct str kept_find(const struct cell *cell, int64_t t_ms, uint64_t value)
{
    const struct cell_part *side = &cell->side;
    struct head h;

    for (uint32_t at = begin_of(side); head_at(side, at, &h); at += (uint32_t)sizeof h + h.n)
        if (h.t_ms == t_ms && h.value == value)
            return (struct str){(const char *)side->p + at + sizeof h, h.n};
    return (struct str){0};
}

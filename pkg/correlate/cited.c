/* cited.c - see cited.h. */
#include "correlate/cited.h"

#include "base/pack.h"
#include "state/capsule.h"

void cited_add(struct buf *cited, struct str capsule)
{
    if (capsule.n)
        pack_str(cited, capsule);
}

/* False: there is none any more, or what follows is damaged. */
static bool next(struct unpack *u, struct str *out)
{
    if (unpack_left(u) == 0)
        return false;
    *out = unpack_str(u);
    return unpack_ok(u);
}

size_t cited_list(const struct hit *hit, struct str *out, size_t max)
{
    struct unpack u = unpack_from(hit->cited);
    size_t n = 0;

    while (n < max && next(&u, &out[n]))
        n++;
    if (n == 0 && max && hit->capsule.n)
        out[n++] = hit->capsule;
    return n;
}

void cited_note(struct cell *cell, int64_t t_ms, const struct hit *hit)
{
    struct unpack u = unpack_from(hit->cited);
    struct capsule one;
    struct str packed;

    if (!hit->cited.n)
        capsule_book_add(cell, t_ms, hit->capsule);
    while (next(&u, &packed))
        if (capsule_unpack(packed, &one))
            capsule_book_add(cell, one.t_ms, packed);
}

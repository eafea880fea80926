/* literal_scalar.c - the plain kernel: every position, one at a time. The reference that
 * the vector kernels are tested against.
 */
#include "match/literal_set.h"

static void scan_grams(const struct literal_set *set, const struct literal_value *v,
                       struct literal_hits *hits)
{
    for (uint32_t i = 0; i + GRAM_BYTES <= v->n; i++)
        if (bitmap_has(&set->first, gram_hash(load32(v->p + i))))
            literal_verify_gram(set, v, i, hits);
}

static void scan_shorts(const struct literal_set *set, const struct literal_value *v,
                        struct literal_hits *hits)
{
    struct seen seen = {0};

    for (uint32_t n = 1; n <= SHORT_BYTES_MAX; n++)
        for (uint32_t i = 0; set->shorts[n - 1].n > 0 && i < v->n; i++)
            literal_verify_short(set, v, i, n, &seen, hits);
}

void literal_scan_scalar(const struct literal_set *set, const struct literal_value *values,
                         size_t n, struct literal_hits *hits)
{
    for (size_t i = 0; i < n; i++) {
        if (set->grams.n > 0)
            scan_grams(set, &values[i], hits);
        if (set->has_shorts || set->n_ones > 0)
            scan_shorts(set, &values[i], hits);
    }
}

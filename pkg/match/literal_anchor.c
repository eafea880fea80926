/* literal_anchor.c - literals at the start or the end of a value, or all of it.
 *
 * They need no scan: the first (last) bytes of a value are hashed and looked up. A literal
 * is filed under its first (last) 1 to 8, 16 or 32 bytes, whichever is the most that it
 * has; a value is asked once per such length (class) that occurs in the set. Long keys keep
 * apart what begins alike, as paths do. A whole literal is filed under its length, first and
 * last bytes.
 *
 * Most values have none of the keys. A gate of a few KiB an end, asked about two and four bytes,
 * tells that of most of them; what it lets through asks a larger bitmap, for all classes without
 * a branch, since which class passes can not be predicted either.
 */
#include "match/literal_anchor.h"

unsigned anchor_class(size_t n)
{
    unsigned c = ANCHOR_CLASSES - 1;

    while (CLASS_BYTES[c] > n)
        c--;
    return c;
}

uint64_t anchor_key(const char *p, size_t n, enum literal_where where)
{
    uint64_t last = last_word(p, n);

    if (where == LITERAL_WHOLE)
        return whole_key(p, n, last);
    if (where == LITERAL_AT_END)
        return end_key(p, n, last, anchor_class(n));
    return start_key(p, anchor_class(n));
}

static void verify_key(const struct literal_set *set, const struct literal_value *v, uint64_t key,
                       struct literal_hits *hits)
{
    const struct anchor_table *t = &set->anchors;
    uint64_t mask = UINT64_MAX >> t->shift;
    uint64_t i = key >> t->shift;

    while (t->slots[i].entry != 0 && t->slots[i].key != key)
        i = (i + 1) & mask;
    if (t->slots[i].entry == 0)
        return;
    for (const struct literal_entry *e = &set->entries[t->slots[i].entry - 1];; e++) {
        bool fits = e->where == LITERAL_WHOLE ? e->n == v->n : e->n <= v->n;
        if (fits && entry_is_at(e, e->where == LITERAL_AT_END ? v->p + v->n - e->n : v->p))
            hits_add(hits, v->tag, e->id);
        if (e->is_last)
            return;
    }
}

void literal_verify_starts(const struct literal_set *set, const struct literal_value *v,
                           uint32_t classes, struct literal_hits *hits)
{
    for (; classes; classes &= classes - 1)
        verify_key(set, v, start_key(v->p, (unsigned)__builtin_ctz(classes)), hits);
}

void literal_verify_ends(const struct literal_set *set, const struct literal_value *v,
                         uint64_t last, uint32_t classes, struct literal_hits *hits)
{
    for (; classes; classes &= classes - 1)
        verify_key(set, v, end_key(v->p, v->n, last, (unsigned)__builtin_ctz(classes)), hits);
}

void literal_verify_wholes(const struct literal_set *set, const struct literal_value *values,
                           size_t n, struct literal_hits *hits)
{
    for (const struct literal_value *v = values; v < values + n; v++) {
        uint64_t key = v->n > 0 ? whole_key(v->p, v->n, last_word(v->p, v->n)) : 0;
        if (v->n > 0 && filter_has(&set->anchors, key))
            verify_key(set, v, key, hits);
    }
}

static void ask_starts(const struct literal_set *set, const struct literal_value *values,
                       struct gated *gated, struct literal_hits *hits)
{
    for (uint32_t i = 0; i < gated->n; i++) {
        const struct literal_value *v = &values[gated->at[i]];
        uint32_t ask = set->anchors.starts & classes_of(v->n);
        literal_verify_starts(set, v, starts_passing(&set->anchors, v, ask), hits);
    }
}

static void ask_ends(const struct literal_set *set, const struct literal_value *values,
                     struct gated *gated, struct literal_hits *hits)
{
    for (uint32_t i = 0; i < gated->n; i++) {
        const struct literal_value *v = &values[gated->at[i]];
        uint32_t ask = set->anchors.ends & classes_of(v->n);
        uint64_t last = last_word_of(v);
        literal_verify_ends(set, v, last, ends_passing(&set->anchors, v, last, ask), hits);
    }
}

void literal_anchored_scalar(const struct literal_set *set, const struct literal_value *values,
                             size_t n, struct literal_hits *hits)
{
    anchored_by(set, values, n, ask_starts, ask_ends, hits);
}

/* literal_verify.c - what passed a filter is compared exactly.
 *
 * The gram found at a position says where in the value each literal filed under it would
 * have to begin; the literal must fit there and its bytes must be equal. A table look-up
 * is one or two cache lines; eight bytes of the text lie in the entry itself, so that most
 * wrong candidates cost no further miss.
 */
#include "match/literal_set.h"

/* The first entry of a key, or NULL. Home slots come from the hash's high bits. */
static const struct literal_entry *table_find(const struct literal_set *set,
                                              const struct gram_table *t, uint32_t gram)
{
    uint32_t mask = UINT32_MAX >> t->shift;

    for (uint32_t i = gram_hash(gram) >> t->shift;; i = (i + 1) & mask) {
        const struct gram_slot *s = &t->slots[i];
        if (s->entry == 0)
            return NULL;
        if (s->gram == gram)
            return &set->entries[s->entry - 1];
    }
}

void literal_verify_gram(const struct literal_set *set, const struct literal_value *v, uint32_t pos,
                         struct literal_hits *hits)
{
    const struct literal_entry *e = table_find(set, &set->grams, load32(v->p + pos));

    for (; e; e = e->is_last ? NULL : e + 1) {
        if (pos < e->at || v->n - (pos - e->at) < e->n)
            continue;
        if (entry_is_at(e, v->p + pos - e->at))
            hits_add(hits, v->tag, e->id);
    }
}

void literal_verify_short(const struct literal_set *set, const struct literal_value *v,
                          uint32_t pos, struct literal_hits *hits)
{
    uint32_t window = load32(v->p + pos);

    for (uint32_t n = 1; n <= SHORT_BYTES_MAX && n <= v->n - pos; n++) {
        if (set->shorts[n - 1].n == 0)
            continue;
        const struct literal_entry *e =
            table_find(set, &set->shorts[n - 1], (uint32_t)low_bytes(window, n));
        for (; e; e = e->is_last ? NULL : e + 1) /* the key is the whole text: equal */
            hits_add(hits, v->tag, e->id);
    }
}

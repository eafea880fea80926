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

static inline void verify_entries(const struct literal_entry *e, const struct literal_value *v,
                                  uint32_t pos, struct literal_hits *hits)
{
    const char *p = v->p + pos;
    uint32_t left = v->n - pos;

    for (;; e++) {
        if (pos >= e->at && left + e->at >= e->n && entry_is_at(e, p - e->at))
            hits_add(hits, v->tag, e->id);
        if (e->is_last)
            return;
    }
}

void literal_verify_gram(const struct literal_set *set, const struct literal_value *v, uint32_t pos,
                         struct literal_hits *hits)
{
    const struct literal_entry *e = table_find(set, &set->grams, load32(v->p + pos));

    if (e)
        verify_entries(e, v, pos, hits);
}

/* Slots and entries of the whole batch are fetched before the first is looked at. */
void literal_verify_grams(const struct literal_set *set, const struct literal_value *values,
                          const struct candidates *c, struct literal_hits *hits)
{
    const struct literal_entry *first[CANDIDATES_MAX + CANDIDATES_SLACK];
    const struct gram_table *t = &set->grams;

    for (uint32_t i = 0; i < c->n; i++)
        PREFETCH(&t->slots[gram_hash(c->grams[i]) >> t->shift]);
    for (uint32_t i = 0; i < c->n; i++) {
        first[i] = table_find(set, t, c->grams[i]);
        PREFETCH(first[i]);
    }
    for (uint32_t i = 0; i < c->n; i++)
        if (first[i])
            verify_entries(first[i], &values[c->owners[i]], c->positions[i], hits);
}

/* Was it reported for this value before? If not, it is now. */
static bool seen_before(struct seen *seen, size_t entry)
{
    size_t word = entry / 64;
    uint64_t bit = UINT64_C(1) << (entry % 64);

    if (word >= SEEN_WORDS)
        return false;
    bool was = seen->words[word] & bit;
    seen->words[word] |= bit;
    return was;
}

static void report_all(const struct literal_entry *e, const struct literal_value *v,
                       struct literal_hits *hits)
{
    for (; e; e = e->is_last ? NULL : e + 1)
        hits_add(hits, v->tag, e->id);
}

void literal_verify_short(const struct literal_set *set, const struct literal_value *v,
                          uint32_t pos, uint32_t n, struct seen *seen, struct literal_hits *hits)
{
    if (v->n - pos < n)
        return;
    const struct literal_entry *e =
        table_find(set, &set->shorts[n - 1], (uint32_t)low_bytes(load32(v->p + pos), n));
    if (e && !seen_before(seen, (size_t)(e - set->entries)))
        report_all(e, v, hits); /* the key is the whole text: equal */
}

void literal_verify_shorts(const struct literal_set *set, const struct literal_value *values,
                           const struct candidates *c, uint32_t n, struct literal_hits *hits)
{
    struct seen seen = {0};

    for (uint32_t i = 0; i < c->n; i++) {
        if (i > 0 && c->owners[i] != c->owners[i - 1])
            seen = (struct seen){0};
        literal_verify_short(set, &values[c->owners[i]], c->positions[i], n, &seen, hits);
    }
}

void literal_report_ones(const struct literal_set *set, const struct literal_value *v, uint32_t i,
                         uint32_t bits, struct literal_hits *hits)
{
    for (; bits; bits &= bits - 1)
        report_all(&set->entries[set->ones[i].entries[__builtin_ctz(bits)]], v, hits);
}

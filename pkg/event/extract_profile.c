/* extract_profile.c - by which profile an event is read: the bits of the markers that its hits set.
 */
#include "event/extract_impl.h"

#include "base/str.h"

#include <string.h>

/* Marker bits met so far, and a hash of which they are: each bit counts once. */
struct seen {
    uint64_t bits[MARKER_WORDS];
    uint64_t hash;
};

static void see(struct seen *s, uint32_t bit)
{
    uint64_t mask = (uint64_t)1 << (bit % 64);

    s->hash ^= s->bits[bit / 64] & mask ? 0 : (bit + 1) * 0x9e3779b97f4a7c15;
    s->bits[bit / 64] |= mask;
}

static bool list_has(const struct str_list *list, struct str text)
{
    for (size_t i = 0; i < list->n; i++)
        if (list->items[i].n == text.n && str_eq_ci(list->items[i], text))
            return true;
    return false;
}

static void mark(struct extract_worker *w, const struct marker *m, const struct json_hit *hit,
                 struct seen *seen)
{
    if (hit->kind == JSON_NULL)
        return;
    if (m->has_exists)
        see(seen, m->exists_bit);
    if (!(hit->flags & JSON_ESCAPED) && !(m->lengths & marker_length(hit->n)))
        return;
    if (m->n_tests == 0 || !extract_is_scalar(hit->kind))
        return;
    struct str text = extract_plain_text(w, (struct str){hit->p, hit->n}, hit->flags);
    for (size_t i = 0; i < m->n_tests; i++)
        if ((m->tests[i].lengths & marker_length(text.n)) && list_has(&m->tests[i].values, text))
            see(seen, m->tests[i].bit);
}

static bool masks_hold(const struct marker_masks *m, const uint64_t *seen)
{
    bool has_any = !m->has_any;

    for (int i = 0; i < MARKER_WORDS; i++) {
        if ((seen[i] & m->all[i]) != m->all[i] || (seen[i] & m->none[i]))
            return false;
        has_any = has_any || (seen[i] & m->any[i]) || (~seen[i] & m->any_absent[i]);
    }
    return has_any;
}

static bool is_of(const struct reader *r, const uint64_t *seen)
{
    for (size_t i = 0; i < r->n_masks; i++)
        if (masks_hold(&r->masks[i], seen))
            return true;
    return false;
}

/* The first reader whose masks hold; the last one is the fallback and always does. */
static uint32_t find_reader(const struct extractor *x, const uint64_t *seen)
{
    uint32_t i = 0;

    while (i + 1 < x->n_readers && !is_of(&x->readers[i], seen))
        i++;
    return i;
}

const struct reader *extract_recognise(struct extract_worker *w, const struct json_hit *hits,
                                       size_t n)
{
    const struct extractor *x = w->x;
    struct seen seen = {0};

    if (x->pinned)
        return x->pinned;
    for (size_t i = 0; i < n; i++) {
        uint32_t marker = hits[i].slot - 1; /* LEAVES_SLOT: none either */
        if (marker < x->n_markers)
            mark(w, &x->markers[marker], &hits[i], &seen);
    }
    struct profile_slot *slot = &w->profile_cache[seen.hash >> 58];
    if (slot->reader == 0 || memcmp(slot->seen, seen.bits, sizeof seen.bits) != 0) {
        memcpy(slot->seen, seen.bits, sizeof seen.bits);
        slot->reader = find_reader(x, seen.bits) + 1;
    }
    return &x->readers[slot->reader - 1];
}

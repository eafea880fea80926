/* gather_key.c - the keys of operations: combinations of values, in clear and hashed. */
#include "correlate/gather_impl.h"

#include <string.h>

#include "base/pack.h"
#include "base/str.h"

struct str *choices_room(struct gatherer *w)
{
    return arena_alloc(w->arena, MEMBERS_MAX * sizeof(struct str));
}

void choices_begin(struct choices *c)
{
    c->n = 0;
    c->total = 1;
}

void choices_add(struct gatherer *w, struct choices *c, struct str *values, size_t n)
{
    c->values[c->n] = values;
    c->counts[c->n++] = n;
    c->total *= n;
    if (c->total > CORRELATION_KEYS_PER_EVENT) {
        w->counts.keys_cut++;
        c->total = CORRELATION_KEYS_PER_EVENT;
    }
}

void choices_take(const struct choices *c, size_t k, struct str *parts)
{
    for (size_t i = 0; i < c->n; k /= c->counts[i], i++)
        parts[i] = c->values[i][k % c->counts[i]];
}

static bool is_hashed(const struct hashed *h, const struct str *parts, size_t n)
{
    if (h->n != n) /* what parts has behind its n is of an event that is gone */
        return false;
    for (size_t i = 0; i < n; i++)
        if (h->parts[i].n != parts[i].n ||
            (h->parts[i].p != parts[i].p && !str_eq(h->parts[i], parts[i])))
            return false;
    return true;
}

/* Several rules fold or group by the same values, be it by another way (a host's name, and the
 * event's first entity): they are hashed once. */
struct state_key gather_key(struct gatherer *w, const struct str *parts, size_t n)
{
    const struct tenant_keys *of = &w->keys_of[w->at->tenant];

    if (n == 0)
        return of->sole;
    for (size_t i = 0; n <= HASHED_PARTS && i < w->n_hashed; i++)
        if (is_hashed(&w->hashed[i], parts, n))
            return w->hashed[i].key;
    struct state_key key = state_key_end(&of->begun, parts, n);
    if (n <= HASHED_PARTS && w->n_hashed < HASHED_MAX) {
        struct hashed *h = &w->hashed[w->n_hashed++];
        memcpy(h->parts, parts, n * sizeof *parts);
        h->n = n;
        h->key = key;
    }
    return key;
}

void gather_pack_keys(struct buf *out, const struct str *values, size_t n)
{
    buf_clear(out);
    pack_u8(out, (uint8_t)n);
    for (size_t i = 0; i < n; i++)
        pack_str(out, values[i]);
}

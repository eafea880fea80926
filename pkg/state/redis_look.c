/* redis_look.c - a look at one cell: HGET of the cell, else of the page that may have it in short.
 *
 * Plain reads, not the library's functions: a Redis that nobody has written to has no library, and
 * who only looks leaves nothing there.
 */
#include "state/store_redis_impl.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "state/redis_small.h"

enum { NAME_BYTES = REDIS_TAG_BYTES + 4 + 16 + 4 };

struct name {
    char bytes[NAME_BYTES];
    size_t n;
};

static void add(struct name *name, const void *p, size_t n)
{
    ASSERT(name->n + n <= sizeof name->bytes);
    memcpy(name->bytes + name->n, p, n);
    name->n += n;
}

static struct str text_of(const struct name *name)
{
    return (struct str){name->bytes, name->n};
}

/* The key TAG:WHAT of the shard. */
static struct name name_in(const struct redis_shard *sh, const char *what)
{
    struct name name = {.n = 0};

    add(&name, sh->tag, strlen(sh->tag));
    add(&name, what, strlen(what));
    return name;
}

static enum weir_rc ask(struct store_redis *s, struct str *words, size_t n,
                        const struct redis_reply **out, struct weir_err *err)
{
    struct redis_words w = {.p = words, .n = n, .cap = n};

    return redis_call_many(s, &w, 1, out, err);
}

/* How many pages the keys of the space are spread over there; 0: none. */
static enum weir_rc spread_of(struct store_redis *s, const struct redis_shard *sh,
                              struct str identity, uint32_t *spread, struct weir_err *err)
{
    struct name name = name_in(sh, ":b");
    struct str words[] = {STR("HGET"), text_of(&name), identity};
    const struct redis_reply *r;
    struct redis_usage usage;

    *spread = 0;
    TRY(ask(s, words, ARRAY_LEN(words), &r, err));
    if (r->type != REDIS_TEXT || r->text.n != sizeof usage)
        return WEIR_OK;
    memcpy(&usage, r->text.p, sizeof usage);
    if (usage.pages > 0 && usage.spread > 0 && usage.spread <= UINT32_MAX)
        *spread = (uint32_t)usage.spread;
    return WEIR_OK;
}

static enum weir_rc look_small(struct store_redis *s, const struct redis_shard *sh,
                               struct str identity, const struct state_key *key,
                               struct store_glance *out, struct weir_err *err)
{
    struct redis_page page = {0};
    const struct redis_reply *r;
    uint32_t spread, value;

    TRY(spread_of(s, sh, identity, &spread, err));
    if (spread == 0)
        return WEIR_OK;
    uint32_t number = redis_page_number(key, spread);
    struct name name = name_in(sh, ":p:");
    add(&name, identity.p, identity.n);
    add(&name, &number, sizeof number);
    struct str words[] = {STR("GET"), text_of(&name)};
    TRY(ask(s, words, ARRAY_LEN(words), &r, err));
    if (r->type != REDIS_TEXT || r->text.n > REDIS_PAGE_BYTES)
        return WEIR_OK;
    page.room = (uint32_t)(r->text.n / REDIS_RECORD_BYTES);
    memcpy(page.now, r->text.p, (size_t)page.room * REDIS_RECORD_BYTES);
    uint32_t i = redis_page_find(&page, key);
    if (i == REDIS_PAGE_RECORDS)
        return WEIR_OK;
    out->is_small = true;
    redis_page_get(&page, i, &out->small_ms, &value);
    return WEIR_OK;
}

enum weir_rc redis_look(struct store *base, uint32_t space, const struct state_key *key,
                        struct store_glance *out, struct weir_err *err)
{
    struct store_redis *s = (struct store_redis *)base;
    const struct redis_shard *sh = &s->shards[state_key_shard(key)];
    const struct space_spec *spec = &s->spaces[space].spec;
    struct str identity = {(const char *)spec->identity, sizeof spec->identity};
    struct name name = name_in(sh, ":c:");
    const struct redis_reply *r;
    struct redis_value v;

    ASSERT(space < s->n_spaces);
    *out = (struct store_glance){0};
    arena_reset(s->calls);
    add(&name, identity.p, identity.n);
    struct str words[] = {STR("HGET"), text_of(&name), {(const char *)key->bytes, STATE_KEY_BYTES}};
    TRY(ask(s, words, ARRAY_LEN(words), &r, err));
    if (r->type != REDIS_TEXT)
        return look_small(s, sh, identity, key, out, err);
    if (!redis_value_unpack(r->text, &v))
        return err_set(err, WEIR_IO, "Redis: a cell is damaged or of another version");
    *out = (struct store_glance){
        .main = v.main, .side = v.side, .due_ms = v.due_ms, .idle_ms = v.idle_ms};
    return WEIR_OK;
}

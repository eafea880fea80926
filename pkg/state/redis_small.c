/* redis_small.c - a record is 48 bits of the key (0: none), 48 bits of the time, 32 of value. */
#include "state/redis_small.h"

#include <string.h>

/* Times are kept from -2^47 to 2^47 - 1. */
#define TIME_EDGE ((int64_t)1 << 47)

static uint64_t name_of(const struct state_key *key)
{
    uint64_t name = 0;

    memcpy(&name, key->bytes + 4, 6);
    return name ? name : 1;
}

void redis_page_name(const struct state_key *key, uint8_t out[static REDIS_NAME_BYTES])
{
    uint64_t name = name_of(key);

    memcpy(out, &name, REDIS_NAME_BYTES);
}

static uint64_t name_at(const struct redis_page *p, uint32_t i)
{
    uint64_t name = 0;

    memcpy(&name, p->now + i * REDIS_RECORD_BYTES, 6);
    return name;
}

uint32_t redis_page_number(const struct state_key *key, uint32_t spread)
{
    uint32_t x;

    memcpy(&x, key->bytes + 12, sizeof x); /* little-endian, as in the library */
    return x % spread;
}

uint32_t redis_page_find(const struct redis_page *p, const struct state_key *key)
{
    uint64_t name = name_of(key);
    uint32_t i = 0;

    while (i < p->room && name_at(p, i) != name)
        i++;
    return i < p->room ? i : REDIS_PAGE_RECORDS;
}

uint32_t redis_page_place(const struct redis_page *p, bool *is_full)
{
    int64_t oldest_ms = INT64_MAX, t_ms;
    uint32_t oldest = 0, value;

    *is_full = false;
    for (uint32_t i = 0; i < p->room; i++) {
        if (name_at(p, i) == 0)
            return i;
        redis_page_get(p, i, &t_ms, &value);
        if (t_ms < oldest_ms) {
            oldest_ms = t_ms;
            oldest = i;
        }
    }
    if (p->room < REDIS_PAGE_RECORDS)
        return p->room;
    *is_full = true;
    return oldest;
}

void redis_page_get(const struct redis_page *p, uint32_t i, int64_t *t_ms, uint32_t *value)
{
    uint64_t raw = 0;

    memcpy(&raw, p->now + i * REDIS_RECORD_BYTES + 6, 6);
    memcpy(value, p->now + i * REDIS_RECORD_BYTES + 12, sizeof *value);
    *t_ms = (int64_t)raw - TIME_EDGE;
}

/* With the string's header each is just under a size of the allocator. */
static const uint32_t rooms[] = {3, 7, 15, 23, 31, 47, REDIS_PAGE_RECORDS};

bool redis_page_put(struct redis_page *p, uint32_t i, const struct state_key *key, int64_t t_ms,
                    uint32_t value)
{
    uint64_t name = name_of(key);
    int64_t t = t_ms < -TIME_EDGE ? -TIME_EDGE : t_ms >= TIME_EDGE ? TIME_EDGE - 1 : t_ms;
    uint64_t raw = (uint64_t)(t + TIME_EDGE);

    memcpy(p->now + i * REDIS_RECORD_BYTES, &name, 6);
    memcpy(p->now + i * REDIS_RECORD_BYTES + 6, &raw, 6);
    memcpy(p->now + i * REDIS_RECORD_BYTES + 12, &value, sizeof value);
    if (i < p->room)
        return false;
    for (size_t k = 0; k < ARRAY_LEN(rooms) && i >= p->room; k++)
        p->room = rooms[k];
    return true;
}

uint32_t redis_page_cost(uint32_t room)
{
    return room ? room * REDIS_RECORD_BYTES + REDIS_PAGE_OVERHEAD : 0;
}

void redis_page_clear(struct redis_page *p, uint32_t i)
{
    memset(p->now + i * REDIS_RECORD_BYTES, 0, REDIS_RECORD_BYTES);
}

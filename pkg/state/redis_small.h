/* redis_small.h - cells with one hit in 16 bytes, many to a page: how a space in Redis outlives a
 * flood of keys.
 *
 * A space that is over half its budget and can shrink cells (space_spec.shrink) keeps those with
 * one hit as records in pages, strings of up to REDIS_PAGE_RECORDS records that grow in few steps;
 * which page is a function of the key and of the number of pages that the budget allows (the
 * spread). A key that comes again is made a cell again. A page that is full forgets its oldest
 * record.
 *
 * Pages are read and searched here; the library only knows where the page of a key is, and
 * writes single records.
 */
#ifndef WEIR_STATE_REDIS_SMALL_H
#define WEIR_STATE_REDIS_SMALL_H

#include "state/key.h"

enum {
    REDIS_RECORD_BYTES = 16,
    REDIS_PAGE_RECORDS = 63, /* with the string's header just under an allocation of 1,024 */
    REDIS_PAGE_BYTES = REDIS_PAGE_RECORDS * REDIS_RECORD_BYTES,
    REDIS_PAGE_OVERHEAD = 136, /* key, object, entry of the dictionary, header and rounding */
    REDIS_RECORD_COST = 19,    /* with its part of a full page's */
    REDIS_NAME_BYTES = 6
};

/* What a commit demands of a page instead of a record at an offset. */
enum {
    REDIS_CHECK_NO_NAME = -1, /* no record begins so */
    REDIS_CHECK_WHOLE = -2,   /* it is this */
    REDIS_CHECK_NO_PAGES = -3 /* the space has none */
};

struct redis_page {
    struct redis_page *next;
    uint32_t space, number;
    const char *was;   /* as read; NULL: not there */
    uint32_t was_room; /* records that it had room for */
    uint32_t room;     /* ... and has */
    uint8_t now[REDIS_PAGE_BYTES];
};

/* What a page of so much room takes. */
uint32_t redis_page_cost(uint32_t room);

uint32_t redis_page_number(const struct state_key *key, uint32_t spread);

/* What the key's record begins with. */
void redis_page_name(const struct state_key *key, uint8_t out[static REDIS_NAME_BYTES]);
/* The key's record, or REDIS_PAGE_RECORDS. */
uint32_t redis_page_find(const struct redis_page *p, const struct state_key *key);
/* Where a new record goes: an empty place, else behind the others (the page must grow), else that
 * of the oldest (*is_full). */
uint32_t redis_page_place(const struct redis_page *p, bool *is_full);

void redis_page_get(const struct redis_page *p, uint32_t i, int64_t *t_ms, uint32_t *value);
/* True: the page has grown for it. */
bool redis_page_put(struct redis_page *p, uint32_t i, const struct state_key *key, int64_t t_ms,
                    uint32_t value);
void redis_page_clear(struct redis_page *p, uint32_t i);

#endif

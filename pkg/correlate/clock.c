/* clock.c - watermarks of sources: a small hash table, and a minimum that is taken when asked.
 *
 * Noting an event touches one entry. Asking walks all of them: once a batch, over as many sources
 * as there are partitions times shapes on them.
 */
#include "correlate/clock.h"

#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

enum { LATENESS_UNKNOWN_MS = 5 * 60 * 1000, TABLE_MIN = 64 };

struct source {
    uint32_t partition;
    bool is_used, is_idle;
    const struct profile *profile;
    int64_t newest_ms, lateness_ms;
};

struct clock {
    struct source *table;
    size_t n, cap; /* cap is a power of two; one entry more for what is beyond the bound */
    struct source beyond;
    uint64_t late;
};

struct clock *clock_new(void)
{
    struct clock *c = calloc(1, sizeof *c);

    ASSERT(c);
    c->cap = TABLE_MIN;
    c->table = calloc(c->cap, sizeof *c->table);
    ASSERT(c->table);
    return c;
}

void clock_free(struct clock *c)
{
    if (!c)
        return;
    free(c->table);
    free(c);
}

struct clock *clock_copy(const struct clock *c)
{
    struct clock *copy = calloc(1, sizeof *copy);

    ASSERT(copy);
    *copy = *c;
    copy->table = calloc(c->cap, sizeof *copy->table);
    ASSERT(copy->table);
    memcpy(copy->table, c->table, c->cap * sizeof *copy->table);
    return copy;
}

int64_t clock_clamp(int64_t t_ms, int64_t transport_ms, bool *is_clamped)
{
    *is_clamped = transport_ms != INT64_MIN && t_ms > transport_ms + CLOCK_SKEW_MS;
    return *is_clamped ? transport_ms + CLOCK_SKEW_MS : t_ms;
}

static struct source *place(struct source *table, size_t cap, uint32_t partition,
                            const struct profile *profile)
{
    struct {
        uint64_t partition, profile;
    } key = {partition, (uint64_t)(uintptr_t)profile};

    for (size_t i = hash_bytes(&key, sizeof key);; i++) {
        struct source *s = &table[i & (cap - 1)];
        if (!s->is_used || (s->partition == partition && s->profile == profile))
            return s;
    }
}

static void grow(struct clock *c)
{
    size_t cap = c->cap * 2;
    struct source *table = calloc(cap, sizeof *table);

    ASSERT(table);
    for (size_t i = 0; i < c->cap; i++)
        if (c->table[i].is_used)
            *place(table, cap, c->table[i].partition, c->table[i].profile) = c->table[i];
    free(c->table);
    c->table = table;
    c->cap = cap;
}

static struct source *source_of(struct clock *c, uint32_t partition, const struct profile *profile)
{
    struct source *s = place(c->table, c->cap, partition, profile);

    if (s->is_used)
        return s;
    if (c->n == CLOCK_SOURCES_MAX) {
        s = &c->beyond;
        if (s->is_used)
            return s;
    } else if (++c->n * 2 > c->cap) {
        grow(c);
        s = place(c->table, c->cap, partition, profile);
    }
    *s = (struct source){.partition = partition,
                         .is_used = true,
                         .profile = profile,
                         .newest_ms = INT64_MIN,
                         .lateness_ms =
                             profile ? profile_lateness_ms(profile) : LATENESS_UNKNOWN_MS};
    return s;
}

static int64_t watermark_of(const struct source *s)
{
    return s->newest_ms < INT64_MIN + s->lateness_ms ? INT64_MIN : s->newest_ms - s->lateness_ms;
}

static void advance(struct source *s, int64_t t_ms)
{
    s->is_idle = false;
    if (t_ms > s->newest_ms)
        s->newest_ms = t_ms;
}

void clock_advance(struct clock *c, uint32_t partition, const struct profile *profile, int64_t t_ms)
{
    advance(source_of(c, partition, profile), t_ms);
}

struct clock_lateness clock_note(struct clock *c, uint32_t partition, const struct profile *profile,
                                 int64_t t_ms)
{
    struct source *s = source_of(c, partition, profile);
    int64_t watermark = watermark_of(s);
    struct clock_lateness l = {t_ms < watermark ? watermark - t_ms : 0, s->lateness_ms};

    advance(s, t_ms);
    c->late += l.late_by_ms > 0;
    return l;
}

void clock_idle(struct clock *c, uint32_t partition)
{
    for (size_t i = 0; i < c->cap; i++)
        if (c->table[i].is_used && c->table[i].partition == partition)
            c->table[i].is_idle = true;
}

/* The source that is furthest behind; NULL: none speaks. With all idle it is the newest time that
 * counts: nothing is held up, but nothing newer is known either. */
static const struct source *slowest(const struct clock *c, bool idle_too)
{
    const struct source *found = NULL;

    for (size_t i = 0; i <= c->cap; i++) {
        const struct source *s = i < c->cap ? &c->table[i] : &c->beyond;
        if (!s->is_used || (s->is_idle && !idle_too))
            continue;
        if (!found || (idle_too ? watermark_of(s) > watermark_of(found)
                                : watermark_of(s) < watermark_of(found)))
            found = s;
    }
    return found;
}

int64_t clock_watermark(const struct clock *c)
{
    const struct source *s = slowest(c, false);
    if (!s)
        s = slowest(c, true);
    return s ? watermark_of(s) : INT64_MIN;
}

uint64_t clock_late(const struct clock *c)
{
    return c->late;
}

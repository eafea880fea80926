/* log_clock.c - how far event time has come in one partition.
 *
 * Most events are of the source of the event before: one comparison, and a maximum. The prefix is
 * worked out when it is asked for.
 */
#include "worker/log_clock.h"

#include "base/hash.h"
#include "base/pack.h"
#include "base/str.h"

#include <string.h>

enum { CLOCK_VERSION = 2 };

/* A profile without a name cannot be: 0 is that of no known shape. */
static uint32_t name_of(const struct profile *profile)
{
    uint32_t name = profile ? (uint32_t)hash_str(profile_name(profile)) : 0;

    return profile && name == 0 ? 1 : name;
}

void log_clock_init(struct log_clock *c, int64_t prefix_ms)
{
    *c = (struct log_clock){.floor_ms = prefix_ms, .prefix_ms = prefix_ms, .newest_ms = INT64_MIN};
}

static uint32_t find_name(const struct log_clock *c, uint32_t name)
{
    uint32_t i = 0;

    while (i < c->n && c->sources[i].name != name)
        i++;
    return i;
}

/* The place of a source: met before, known by name from the metadata, new, or shared. */
static uint32_t source_of(struct log_clock *c, const struct profile *profile)
{
    for (uint32_t i = 0; i < c->n; i++)
        if (c->sources[i].is_met && c->sources[i].profile == profile)
            return i;
    uint32_t name = name_of(profile), i = find_name(c, name);
    int64_t lateness_ms = profile ? profile_lateness_ms(profile) : LOG_CLOCK_UNKNOWN_MS;

    if (i == LOG_CLOCK_SOURCES) {
        c->overflow++;
        return LOG_CLOCK_SOURCES - 1;
    }
    if (i == c->n)
        c->sources[c->n++] =
            (struct log_source){.name = name, .newest_ms = INT64_MIN, .floor_ms = c->floor_ms};
    c->sources[i].profile = profile;
    c->sources[i].lateness_ms = lateness_ms;
    c->sources[i].is_met = true;
    return i;
}

static int64_t watermark_of(const struct log_source *s)
{
    int64_t own =
        s->newest_ms < INT64_MIN + s->lateness_ms ? INT64_MIN : s->newest_ms - s->lateness_ms;

    return own > s->floor_ms ? own : s->floor_ms;
}

static bool holds(const struct log_clock *c, const struct log_source *s)
{
    return s->newest_ms != INT64_MIN && c->newest_ms - s->newest_ms <= LOG_CLOCK_HOLD_MS;
}

struct clock_lateness log_clock_note(struct log_clock *c, const struct profile *profile,
                                     int64_t t_ms)
{
    if (c->last >= c->n || c->sources[c->last].profile != profile || !c->sources[c->last].is_met)
        c->last = source_of(c, profile);
    struct log_source *s = &c->sources[c->last];
    struct clock_lateness l = {0, s->lateness_ms};

    if (!holds(c, s) && s->newest_ms != INT64_MIN)
        s->floor_ms = log_clock_prefix(c); /* as of here, before it holds again */
    int64_t watermark = watermark_of(s);
    if (t_ms > s->newest_ms) {
        s->newest_ms = t_ms;
        c->newest_ms = t_ms > c->newest_ms ? t_ms : c->newest_ms;
    }
    if (t_ms < watermark) {
        l.late_by_ms = watermark - t_ms;
        c->late++;
    }
    return l;
}

int64_t log_clock_prefix(struct log_clock *c)
{
    int64_t least = INT64_MAX;

    for (uint32_t i = 0; i < c->n; i++)
        if (holds(c, &c->sources[i]) && watermark_of(&c->sources[i]) < least)
            least = watermark_of(&c->sources[i]);
    if (least != INT64_MAX && least > c->prefix_ms)
        c->prefix_ms = least;
    return c->prefix_ms;
}

void log_clock_silence(struct log_clock *c, int64_t silence_ms)
{
    if (silence_ms <= CLOCK_IDLE_MS || c->newest_ms == INT64_MIN)
        return;
    (void)log_clock_prefix(c);
    c->newest_ms += silence_ms - CLOCK_IDLE_MS;
    c->prefix_ms += c->prefix_ms == INT64_MIN ? 0 : silence_ms - CLOCK_IDLE_MS;
    for (uint32_t i = 0; i < c->n; i++)
        if (c->sources[i].newest_ms != INT64_MIN) {
            c->sources[i].newest_ms += silence_ms - CLOCK_IDLE_MS;
            c->sources[i].floor_ms +=
                c->sources[i].floor_ms == INT64_MIN ? 0 : silence_ms - CLOCK_IDLE_MS;
        }
}

int64_t log_clock_idle(const struct log_clock *c, int64_t silence_ms)
{
    struct log_clock then = *c;

    log_clock_silence(&then, silence_ms - LOG_CLOCK_MARGIN_MS);
    return log_clock_prefix(&then);
}

/* Times as how far they are behind the foremost, in bytes of seven bits. */
void log_clock_pack(const struct log_clock *c, struct buf *out)
{
    int64_t foremost = c->newest_ms;

    pack_u8(out, CLOCK_VERSION);
    pack_u8(out, (uint8_t)c->n);
    pack_i64(out, foremost);
    for (uint32_t i = 0; i < c->n; i++) {
        const struct log_source *s = &c->sources[i];
        pack_u32(out, s->name);
        pack_varint(out, (uint64_t)foremost - (uint64_t)s->newest_ms);
        pack_varint(out, (uint64_t)s->lateness_ms);
        pack_varint(out,
                    s->floor_ms == INT64_MIN ? 0 : (uint64_t)foremost - (uint64_t)s->floor_ms + 1);
    }
}

bool log_clock_unpack(struct log_clock *c, struct str bytes, int64_t prefix_ms)
{
    struct unpack u = unpack_from(bytes);

    log_clock_init(c, prefix_ms);
    if (unpack_u8(&u) != CLOCK_VERSION)
        return false;
    uint32_t n = unpack_u8(&u);
    int64_t foremost = unpack_i64(&u);
    for (uint32_t i = 0; i < n && i < LOG_CLOCK_SOURCES && unpack_ok(&u); i++) {
        struct log_source *s = &c->sources[i];
        s->name = unpack_u32(&u);
        s->newest_ms = (int64_t)((uint64_t)foremost - unpack_varint(&u));
        s->lateness_ms = (int64_t)(unpack_varint(&u) & INT32_MAX);
        uint64_t floor = unpack_varint(&u);
        s->floor_ms = floor ? (int64_t)((uint64_t)foremost - (floor - 1)) : INT64_MIN;
    }
    if (!unpack_ok(&u) || unpack_left(&u) != 0 || n > LOG_CLOCK_SOURCES) {
        log_clock_init(c, prefix_ms);
        return false;
    }
    c->n = n;
    c->newest_ms = foremost;
    c->floor_ms = INT64_MIN; /* the sources that were there are known; another one is new */
    return true;
}

void log_clock_forget_profiles(struct log_clock *c)
{
    for (uint32_t i = 0; i < c->n; i++)
        c->sources[i].is_met = false;
}

/* stream.c - how a rule is scheduled there, and what is left of that on a stream.
 *
 *     index               which streams it reads (event/stream.h)
 *     from, interval      look-back and period: what comes late by up to their difference still
 *                         counts
 *     max_signals         so many Creates pass in one interval
 *     timestamp_override  which time a run asks for; events are judged when they come, so event
 *                         time orders them here
 */
#include "lang/elastic/impl.h"

#include "base/str.h"
#include "lang/settings.h"

enum { INDEX_MAX = 1000, SIGNALS_MAX = 1000000 };
#define INTERVAL_DEFAULT_MS (INT64_C(5) * 60 * 1000)
#define FROM_DEFAULT_MS (INT64_C(6) * 60 * 1000)

/* "5m", "130m", "7d". */
bool span_of(struct elastic_scope *s, struct place at, const char *key, struct str text,
             int64_t *ms)
{
    static const struct {
        char unit;
        int64_t ms;
    } UNITS[] = {{'s', 1000},
                 {'m', 60000},
                 {'h', 3600000},
                 {'H', 3600000},
                 {'d', 86400000},
                 {'w', 604800000},
                 {'M', INT64_C(2592000000)},
                 {'y', INT64_C(31536000000)}};
    int64_t n;

    for (size_t i = 0; text.n > 1 && i < ARRAY_LEN(UNITS); i++)
        if (text.p[text.n - 1] == UNITS[i].unit && str_to_i64(str_sub(text, 0, text.n - 1), &n) &&
            n > 0 && n <= AMOUNT_SPAN_MAX_MS / UNITS[i].ms) {
            *ms = n * UNITS[i].ms;
            return true;
        }
    return diag_error(s->diag, at, "'%s' must be a time span like 5m, 12h or 7d, not '%.*s'", key,
                      SHOWN(text));
}

/* "now-9m": so far back. */
static bool look_back(struct elastic_scope *s, const struct doc_node *map, const char *key,
                      int64_t *ms)
{
    const struct doc_node *node = doc_get(map, str_from(key));
    struct str text;

    if (!key_text(s, map, key, &text))
        return false;
    if (text.n == 0)
        return true;
    if (!str_starts(text, STR("now-")))
        return diag_error(s->diag, doc_place(node), "'%s' must look like now-9m, not '%.*s'", key,
                          SHOWN(text));
    text = str_sub(text, 4, SIZE_MAX);
    size_t slash = str_find_char(text, '/', 0); /* now-30d/d: rounded down to a day */
    return span_of(s, doc_place(node), key, str_sub(text, 0, slash), ms);
}

static bool schedule_load(struct reading *r)
{
    struct elastic_scope *s = r->s;
    struct str interval;

    r->interval_ms = INTERVAL_DEFAULT_MS;
    r->from_ms = FROM_DEFAULT_MS;
    if (!key_text(s, r->rule, "interval", &interval))
        return false;
    if (interval.n && !span_of(s, doc_place(doc_get(r->rule, STR("interval"))), "interval",
                               interval, &r->interval_ms))
        return false;
    return look_back(s, r->rule, "from", &r->from_ms);
}

/* Orders and times that weir does not take from the rule are named, unless they are the usual ones.
 */
static bool time_load(struct reading *r)
{
    static const struct {
        const char *key, *usual;
    } KEYS[] = {{"timestamp_override", "event.ingested"},
                {"timestamp_field", "@timestamp"},
                {"tiebreaker_field", "event.sequence"}};
    bool is_good = true;
    struct str text;

    for (size_t i = 0; i < ARRAY_LEN(KEYS); i++) {
        is_good &= key_text(r->s, r->rule, KEYS[i].key, &text);
        if (text.n && !str_eq(text, str_from(KEYS[i].usual)) && !str_eq(text, STR("@timestamp")))
            diag_note(r->s->diag, doc_place(doc_get(r->rule, str_from(KEYS[i].key))),
                      "'%s' is not asked: events are ordered by the time of their source and the "
                      "order of their input",
                      KEYS[i].key);
    }
    return is_good;
}

static bool rate_load(struct reading *r)
{
    int64_t signals = 0;

    if (!key_number(r->s, r->rule, "max_signals", 1, SIGNALS_MAX, &signals))
        return false;
    if (signals) {
        struct rule_state *state = rule_state_of(r->s->a, r->out);
        state->creates_max = (uint32_t)signals;
        state->creates_ms = r->interval_ms;
    }
    return true;
}

bool stream_load(struct reading *r)
{
    struct elastic_scope *s = r->s;

    if (!key_texts(s, r->rule, "index", INDEX_MAX, &r->out->logsource.streams))
        return false;
    bool is_good = schedule_load(r);
    is_good &= time_load(r);
    is_good &= rate_load(r);
    return is_good;
}

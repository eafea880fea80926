/* event.c - names of the reasons why a record gave no event. */
#include "event/event.h"

const char *event_reject_name(enum event_reject reason)
{
    static const char *const names[EVENT_REJECTS] = {
        [EVENT_OK] = "ok",
        [EVENT_NOT_JSON] = "not_json",
        [EVENT_NOT_OBJECT] = "not_object",
        [EVENT_TRUNCATED] = "truncated",
        [EVENT_TOO_LARGE] = "too_large",
        [EVENT_TOO_DEEP] = "too_deep",
        [EVENT_TOO_MANY_KEYS] = "too_many_keys",
        [EVENT_TOO_MANY_VALUES] = "too_many_values",
        [EVENT_EMPTY_ENVELOPE] = "empty_envelope",
        [EVENT_TOMBSTONE] = "tombstone",
    };

    ASSERT(reason < EVENT_REJECTS);
    return names[reason];
}

enum event_reject event_reject_of(enum json_reason reason)
{
    switch (reason) {
    case JSON_OK:
        return EVENT_OK;
    case JSON_NOT_OBJECT:
        return EVENT_NOT_OBJECT;
    case JSON_BAD_SYNTAX:
        return EVENT_NOT_JSON;
    case JSON_TOO_DEEP:
        return EVENT_TOO_DEEP;
    case JSON_TOO_LARGE:
        return EVENT_TOO_LARGE;
    case JSON_TOO_MANY_KEYS:
        return EVENT_TOO_MANY_KEYS;
    case JSON_TOO_MANY_VALUES:
        return EVENT_TOO_MANY_VALUES;
    case JSON_TRUNCATED:
        return EVENT_TRUNCATED;
    }
    return EVENT_NOT_JSON;
}

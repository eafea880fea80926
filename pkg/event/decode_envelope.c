/* decode_envelope.c - records that hold several events: arrays, and the envelopes that profiles
 * declare.
 *
 * Members are read without a tree, only where some key of the record may be an envelope's array.
 */
#include "event/decode.h"

#include "base/str.h"
#include "event/decode_impl.h"
#include "event/profile_impl.h"

#include <string.h>

/* Reading the members of an object or array without a tree. */
struct cursor {
    const char *p, *end;
};

static void cursor_blanks(struct cursor *c)
{
    while (c->p < c->end && decode_is_blank(*c->p))
        c->p++;
}

static bool cursor_take(struct cursor *c, char wanted)
{
    cursor_blanks(c);
    if (c->p == c->end || *c->p != wanted)
        return false;
    c->p++;
    return true;
}

static bool cursor_value(struct cursor *c, struct str *value)
{
    enum json_reason reason;

    cursor_blanks(c);
    size_t n = json_document_length((struct str){c->p, (size_t)(c->end - c->p)}, &reason);
    if (n == 0)
        return false;
    *value = str_trim((struct str){c->p, n});
    c->p += n;
    return true;
}

/* The next member of an object (key) or array (key NULL); false at its end or at bad syntax. */
static bool cursor_member(struct cursor *c, bool *is_first, struct str *key, struct str *value)
{
    if (!*is_first && !cursor_take(c, ','))
        return false;
    *is_first = false;
    if (key && (!cursor_value(c, key) || key->n < 2 || !cursor_take(c, ':')))
        return false;
    if (key)
        *key = str_sub(*key, 1, key->n - 2);
    return cursor_value(c, value);
}

/* The value of a top-level key; false if it is not there. */
static bool top_level(struct str object, struct str wanted, struct str *value)
{
    struct cursor c = {object.p, object.p + object.n};
    bool is_first = true;
    struct str key;

    if (!cursor_take(&c, '{'))
        return false;
    while (cursor_member(&c, &is_first, &key, value))
        if (str_eq(key, wanted))
            return true;
    return false;
}

static struct str unquoted(struct str value)
{
    return value.n >= 2 && value.p[0] == '"' ? str_sub(value, 1, value.n - 2) : value;
}

/* Walk "a.b.c" down through objects. */
static bool value_at(struct str record, struct str path, struct str *out)
{
    struct str head, value = record;

    while (path.n) {
        (void)str_cut(path, '.', &head, &path);
        if (!top_level(value, head, &value))
            return false;
    }
    *out = value;
    return true;
}

/* Where the quote stands that ends the key of the array at `bracket`; NULL: it has no key. */
static const char *end_of_key(struct str record, const char *bracket)
{
    const char *p = bracket;

    while (p > record.p && decode_is_blank(p[-1]))
        p--;
    if (p == record.p || *--p != ':')
        return NULL;
    while (p > record.p && decode_is_blank(p[-1]))
        p--;
    return p > record.p && p[-1] == '"' ? p - 1 : NULL;
}

static bool is_key(struct str record, const char *quote, struct str key)
{
    return (size_t)(quote - record.p) > key.n && quote[-1 - (ptrdiff_t)key.n] == '"' &&
           memcmp(quote - key.n, key.p, key.n) == 0;
}

/* The envelopes whose array some key of the record may be. Cheap, since most events have few
 * arrays. */
static uint64_t possible_envelopes(const struct profile_set *profiles, struct str record)
{
    const char *end = record.p + record.n;
    const char *bracket = record.p;
    uint64_t mask = 0;

    while ((bracket = memchr(bracket, '[', (size_t)(end - bracket)))) {
        const char *quote = end_of_key(record, bracket++);
        for (size_t i = 0; quote && i < profiles->n_envelopes; i++)
            if (is_key(record, quote, profiles->envelopes[i].last))
                mask |= 1ull << i;
    }
    return mask;
}

/* An envelope holds objects; a list of anything else is an event's own field. */
static bool is_list_of_events(struct str value)
{
    struct cursor c = {value.p, value.p + value.n};

    return cursor_take(&c, '[') && (cursor_take(&c, '{') || cursor_take(&c, ']'));
}

/* The values of a record's top-level keys that some of the envelopes ask for. */
struct asked {
    const struct envelope *envelope;
    struct str head;                    /* of the path; p NULL: not there */
    struct str when[ENVELOPE_WHEN_MAX]; /* of the conditions */
};

/* The first of two equal keys counts. */
static void note_member(struct asked *a, struct str key, struct str value)
{
    const struct envelope *e = a->envelope;

    if (!a->head.p && str_eq(e->head, key))
        a->head = value;
    for (size_t i = 0; i < e->n_when; i++)
        if (!a->when[i].p && str_eq(e->fields.items[i], key))
            a->when[i] = value;
}

/* One walk over the record's top level, for all envelopes. */
static void ask(struct str record, struct asked *list, size_t n)
{
    struct cursor c = {record.p, record.p + record.n};
    struct str key, value;
    bool is_first = true;

    if (!cursor_take(&c, '{'))
        return;
    while (cursor_member(&c, &is_first, &key, &value))
        for (size_t i = 0; i < n; i++)
            note_member(&list[i], key, value);
}

static bool when_holds(const struct asked *a)
{
    for (size_t i = 0; i < a->envelope->n_when; i++) {
        const struct str_list *wanted = &a->envelope->when[i].values;
        bool holds = false;
        for (size_t k = 0; k < wanted->n && a->when[i].p; k++)
            holds = holds || str_eq_ci(wanted->items[k], unquoted(a->when[i]));
        if (!holds)
            return false;
    }
    return true;
}

static bool is_envelope(const struct asked *a, struct str *list)
{
    struct str rest = str_sub(a->envelope->path, a->envelope->head.n + 1, a->envelope->path.n);

    return a->head.p && when_holds(a) && value_at(a->head, rest, list) && is_list_of_events(*list);
}

static bool find_envelope(const struct profile_set *profiles, struct str record, struct str *list)
{
    uint64_t mask = possible_envelopes(profiles, record);
    struct asked asked[ENVELOPES_MAX];
    size_t n = 0;

    if (!mask)
        return false;
    for (size_t i = 0; i < profiles->n_envelopes; i++)
        if (mask >> i & 1)
            asked[n++] = (struct asked){.envelope = &profiles->envelopes[i]};
    ask(record, asked, n);
    for (size_t i = 0; i < n; i++)
        if (is_envelope(&asked[i], list))
            return true;
    return false;
}

bool decode_is_envelope(const struct profile_set *profiles, struct str record)
{
    struct str list;

    return find_envelope(profiles, record, &list);
}

static enum event_reject each_member(struct str list,
                                     void (*fn)(void *context, struct str event, uint32_t index),
                                     void *context)
{
    struct cursor c = {list.p, list.p + list.n};
    bool is_first = true;
    struct str value;
    uint32_t index = 0;

    (void)cursor_take(&c, '[');
    while (cursor_member(&c, &is_first, NULL, &value))
        fn(context, value, index++);
    return index == 0 ? EVENT_EMPTY_ENVELOPE : EVENT_OK;
}

enum event_reject decode_record(struct arena *a, const struct profile_set *profiles,
                                struct str record,
                                void (*fn)(void *context, struct str event, uint32_t index),
                                void *context)
{
    enum json_reason reason;
    struct str list;

    (void)a; /* members are slices of the record */
    record = str_trim(record);
    if (record.n > 0 && record.p[0] == '[') {
        if (json_document_length(record, &reason) != record.n)
            return reason == JSON_OK ? EVENT_NOT_JSON : decode_reject(reason);
        return each_member(record, fn, context);
    }
    /* What is not JSON has no envelope: the scan will say what is wrong with it. */
    if (find_envelope(profiles, record, &list) && json_document_length(record, &reason) == record.n)
        return each_member(list, fn, context);
    fn(context, record, 0);
    return EVENT_OK;
}

/* extract.c - from the bytes of a record to an event: the event path.
 *
 * One scan finds the hits of all profiles' paths. A first walk over the hits sets the bits of
 * the markers that were met, which gives the profile (extract_profile.c); a second walk turns hits
 * into values by that profile's table (extract_value.c). The logsource inputs then lead to the
 * shape (extract_shape.c).
 */
#include "event/extract.h"

#include "base/time.h"
#include "event/decode.h"
#include "event/extract_impl.h"

#include <stdlib.h>
#include <string.h>

enum {
    SOURCES_START = 256,
    EMBEDDED_ROUNDS_MAX = 2 /* JSON in JSON in JSON */
};

/* ---- life -------------------------------------------------------------------------- */

void extract_sources_grow(struct extract_worker *w, size_t n)
{
    size_t cap = w->sources_cap ? w->sources_cap : SOURCES_START;

    while (cap < n)
        cap *= 2;
    w->sources = realloc(w->sources, cap * sizeof *w->sources);
    ASSERT(w->sources);
    w->sources_cap = cap;
}

struct extract_worker *extract_worker_new(const struct extractor *x)
{
    struct extract_worker *w = calloc(1, sizeof *w);

    ASSERT(w);
    w->x = x;
    w->scanner = json_scanner_new();
    json_scan_remember(w->scanner, x->no_memo ? NULL : x->paths);
    w->batch = arena_new(0);
    w->kept = arena_new(0);
    w->best = calloc(x->n_fields, sizeof *w->best);
    ASSERT(w->best);
    w->leaves_guess = x->has_leaves;
    extract_sources_grow(w, SOURCES_START);
    return w;
}

void extract_worker_free(struct extract_worker *w)
{
    if (!w)
        return;
    json_scanner_free(w->scanner);
    arena_free(w->batch);
    arena_free(w->kept);
    free(w->sources);
    free(w->best);
    free(w);
}

struct str extract_plain_text(struct extract_worker *w, struct str text, uint8_t flags)
{
    unsigned ignored = 0;

    if (!(flags & JSON_ESCAPED))
        return text;
    char *out = arena_alloc(w->batch, text.n * 3);
    return (struct str){out, json_unescape(text, out, &ignored)};
}

void extract_set_pseudo_fields(struct extract_worker *w, const struct constant_field *fields,
                               size_t n)
{
    w->n_pseudo = 0;
    for (size_t i = 0; i < n; i++) {
        ASSERT(field_is_pseudo(fields[i].name));
        uint32_t field = field_find(w->x->fields, fields[i].name);
        if (field == FIELD_NONE)
            continue;
        ASSERT(w->n_pseudo < PSEUDO_FIELDS_MAX);
        w->pseudo[w->n_pseudo++] = (struct constant_value){field, fields[i].value};
    }
}

void extract_set_transport(struct extract_worker *w, struct str packed)
{
    w->transport = packed;
}

void extract_batch_reset(struct extract_worker *w)
{
    arena_reset(w->batch);
    w->values = NULL;
    w->n_values = 0;
    w->values_cap = 0;
}

/* ---- time ---------------------------------------------------------------------------------- */

static void find_time(struct extract_worker *w, const struct reader *r, struct event *out)
{
    out->time_text = (struct str){0};
    out->time_ms = 0;
    out->time_rule = 0;
    out->has_time = false;
    out->record_ms = INT64_MIN;
    for (uint32_t i = 0; i < r->n_times && !out->has_time; i++) {
        const struct probe *probe = &w->probes[r->n_inputs + i];
        if (!probe->has_value)
            continue;
        struct str text = extract_plain_text(w, probe->text, probe->flags);
        out->has_time = time_parse_ms(text, &out->time_ms);
        if (!out->has_time && out->time_text.p)
            continue;
        out->time_text = text;
        out->time_rule = (uint8_t)i;
    }
}

bool extract_time_ms(const struct extract_worker *w, const struct event *e, int64_t *ms)
{
    (void)w;
    if (e->has_time)
        *ms = e->time_ms;
    return e->has_time;
}

/* ---- one event ----------------------------------------------------------------------------- */

/* Everything about the hits but their values as they are handed out. */
static const struct reader *read_hits(struct extract_worker *w)
{
    size_t n;
    const struct json_hit *hits = json_scan_hits(w->scanner, &n);
    const struct reader *r = extract_recognise(w, hits, n);

    extract_read_values(w, r, hits, n);
    return r;
}

/* Scan without knowing yet whether the shape wants the string leaves: the last event's shape is the
 * guess; without a memo it is yes if any shape wants them whatever is in its records. *has_leaves
 * says what was done. */
static enum json_reason scan(struct extract_worker *w, struct str record, bool *has_leaves)
{
    *has_leaves = w->leaves_guess;
    json_scan_want_leaves(w->scanner, *has_leaves);
    enum json_reason reason = json_scan(w->scanner, w->x->paths, record, NULL);
    if (reason != JSON_TOO_MANY_VALUES || !*has_leaves)
        return reason;
    /* Perhaps it is only the leaves, and the shape can do without them. */
    *has_leaves = false;
    json_scan_want_leaves(w->scanner, false);
    return json_scan_again(w->scanner, w->x->paths, record);
}

/* The event's shape wants leaves: once more with them. */
static enum json_reason add_leaves(struct extract_worker *w, struct str record)
{
    json_scan_want_leaves(w->scanner, true);
    enum json_reason reason = json_scan_again(w->scanner, w->x->paths, record);
    if (reason == JSON_OK)
        (void)read_hits(w);
    return reason;
}

static void hand_out_values(struct extract_worker *w, const struct reader *r, struct event *out)
{
    extract_add_values(w, r);
    out->transport = w->transport;
    out->values = w->values;
    out->n_values = w->n_values;
    w->values += w->n_values; /* what is free behind them is the next event's */
    w->values_cap -= w->n_values;
    w->n_values = 0;
}

/* What was scanned has texts that may be JSON: scan it again with these put in place. It may then
 * be of another profile. */
static enum json_reason scan_embedded(struct extract_worker *w, const struct reader **r,
                                      struct str *record, bool *has_leaves)
{
    for (int round = 0; round < EMBEDDED_ROUNDS_MAX && w->n_embedded > 0; round++) {
        struct str whole = extract_put_in_place(w, *record);
        if (whole.p == record->p)
            break;
        enum json_reason reason = scan(w, whole, has_leaves);
        if (reason != JSON_OK)
            return reason;
        *record = whole;
        *r = read_hits(w);
    }
    return JSON_OK;
}

/* Do the rules that see the shape want the leaves of this record? */
static bool asks_leaves(const struct extract_worker *w, uint32_t shape, struct str record)
{
    if (!w->x->has_leaves || w->no_leaves[shape])
        return false;
    return !w->leaves_filter[shape].fn ||
           w->leaves_filter[shape].fn(w->leaves_filter[shape].context, record);
}

/* The event that was just scanned. Fails if its leaves are wanted, but too many. */
static enum event_reject make_event(struct extract_worker *w, struct str record, bool has_leaves,
                                    struct event_ref ref, struct event *out)
{
    const struct reader *r = read_hits(w);

    if (w->n_embedded > 0) {
        enum json_reason scanned = scan_embedded(w, &r, &record, &has_leaves);
        if (scanned != JSON_OK)
            return event_reject_of(scanned);
    }
    uint32_t shape = extract_find_shape(w, r);
    bool wants_leaves = asks_leaves(w, shape, record);
    enum json_reason reason = JSON_OK;

    if (wants_leaves && !has_leaves)
        reason = add_leaves(w, record);
    w->leaves_guess = w->x->no_memo ? w->n_wanting_always > 0 : wants_leaves;
    if (reason != JSON_OK)
        return event_reject_of(reason);
    out->ref = ref;
    out->record = record;
    out->shape = shape;
    out->has_no_leaves = !wants_leaves;
    hand_out_values(w, r, out);
    find_time(w, r, out);
    return EVENT_OK;
}

enum event_reject extract_event(struct extract_worker *w, struct str record, struct event_ref ref,
                                struct event *out)
{
    bool has_leaves;
    enum json_reason reason = scan(w, record, &has_leaves);

    if (reason != JSON_OK)
        return event_reject_of(reason);
    return make_event(w, record, has_leaves, ref, out);
}

bool extract_whole(struct extract_worker *w, const struct profile_set *profiles, struct str record,
                   struct event_ref ref, struct event *out)
{
    bool has_leaves;

    if (scan(w, record, &has_leaves) != JSON_OK ||
        (json_scan_has_list(w->scanner) && decode_is_envelope(profiles, record)))
        return false;
    return make_event(w, record, has_leaves, ref, out) == EVENT_OK;
}

bool extract_line(struct extract_worker *w, const struct profile_set *profiles, struct str text,
                  struct event_ref ref, struct event *out)
{
    bool has_leaves = w->leaves_guess;
    struct str line;

    json_scan_want_leaves(w->scanner, has_leaves);
    if (!json_scan_line(w->scanner, w->x->paths, text, &line) ||
        (json_scan_has_list(w->scanner) && decode_is_envelope(profiles, line)))
        return false;
    /* The caller goes on behind the event's record: that must be the line itself. */
    return make_event(w, line, has_leaves, ref, out) == EVENT_OK && out->record.p == line.p;
}

/* pressure.c - what the spaces of each rule gave up in a minute of event time.
 *
 * A store only counts upwards. Behind each batch the counters of the spaces that it had operations
 * for are compared with what they were, so a batch costs what it touches and not what there is.
 */
#include "correlate/pressure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "correlate/span.h"
#include "state/uid.h"

enum { MINUTE_MS = 60 * 1000, NAME_MAX = 32 };

struct given_up {
    uint64_t evicted, refused, shrunk;
};

struct pressure {
    const struct graph *g;
    const struct store *store;
    struct given_up *seen; /* per space: counters when we last looked */
    uint32_t *touched;     /* spaces of the batch */
    bool *is_touched;
    uint32_t n_touched;
    struct given_up *minute; /* per rule: this minute's */
    bool is_pressed;         /* some rule has any */
    int64_t newest_ms;
    int64_t time_ms;   /* never falls; INT64_MIN: nothing is known */
    int64_t minute_ms; /* start of the minute that is added up */

    struct given_up *due; /* per rule, of due_ms: to be told */
    int64_t due_ms;
    size_t next; /* rule to be looked at; n_rules: nothing is due */
    bool is_end; /* no later batch closes the minute at hand */
    struct buf detail;
    struct digest *digest;
    struct pressure_counts counts;
};

static struct given_up look(const struct pressure *p, uint32_t space, struct store_stats *stats)
{
    *stats = store_stats(p->store, space);
    return (struct given_up){stats->evicted, stats->cells_refused, stats->shrunk};
}

struct pressure *pressure_new(const struct graph *g, const struct store *s)
{
    struct pressure *p = calloc(1, sizeof *p);
    struct store_stats stats;

    ASSERT(p);
    p->g = g;
    p->store = s;
    p->seen = calloc(g->n_spaces + 1, sizeof *p->seen);
    p->touched = calloc(g->n_spaces + 1, sizeof *p->touched);
    p->is_touched = calloc(g->n_spaces + 1, sizeof *p->is_touched);
    p->minute = calloc(g->n_rules + 1, sizeof *p->minute);
    p->due = calloc(g->n_rules + 1, sizeof *p->due);
    ASSERT(p->seen && p->touched && p->is_touched && p->minute && p->due);
    p->digest = digest_new();
    p->newest_ms = p->time_ms = INT64_MIN;
    p->next = g->n_rules;
    for (uint32_t i = 0; i < g->n_spaces; i++)
        p->seen[i] = look(p, i, &stats);
    return p;
}

void pressure_free(struct pressure *p)
{
    if (!p)
        return;
    free(p->seen);
    free(p->touched);
    free(p->is_touched);
    free(p->minute);
    free(p->due);
    buf_release(&p->detail);
    digest_free(p->digest);
    free(p);
}

void pressure_touch(struct pressure *p, uint32_t space, int64_t t_ms)
{
    p->newest_ms = t_ms > p->newest_ms ? t_ms : p->newest_ms;
    if (p->is_touched[space])
        return;
    p->is_touched[space] = true;
    p->touched[p->n_touched++] = space;
}

static void add_space(struct pressure *p, uint32_t space)
{
    struct given_up *was = &p->seen[space], *m = &p->minute[p->g->spaces[space].rule];
    struct store_stats stats;
    struct given_up is = look(p, space, &stats);

    m->evicted += is.evicted - was->evicted;
    m->refused += is.refused - was->refused;
    m->shrunk += is.shrunk - was->shrunk;
    p->is_pressed |= memcmp(&is, was, sizeof is) != 0;
    *was = is;
    if (stats.bytes > p->counts.most_bytes)
        p->counts.most_bytes = stats.bytes;
    if (stats.capsule_bytes > p->counts.most_capsule_bytes)
        p->counts.most_capsule_bytes = stats.capsule_bytes;
}

/* The minute is over. */
static void make_due(struct pressure *p)
{
    struct given_up *empty = p->due;

    if (!p->is_pressed)
        return;
    p->due = p->minute;
    p->due_ms = p->minute_ms;
    p->next = 0;
    p->minute = empty;
    memset(p->minute, 0, p->g->n_rules * sizeof *p->minute);
    p->is_pressed = false;
}

void pressure_touch_givers(struct pressure *p)
{
    size_t n;
    const uint32_t *gave = store_gave(p->store, &n);

    for (size_t i = 0; i < n; i++)
        pressure_touch(p, gave[i], p->newest_ms);
}

void pressure_end_batch(struct pressure *p, int64_t watermark_ms)
{
    bool is_known = watermark_ms != INT64_MIN && watermark_ms != INT64_MAX;
    int64_t now = is_known ? watermark_ms : p->newest_ms;

    p->is_end = watermark_ms == INT64_MAX;
    p->next = p->g->n_rules;
    now = now > p->time_ms ? now : p->time_ms;
    int64_t minute = now == INT64_MIN ? INT64_MIN : span_floor(now, MINUTE_MS);
    if (p->time_ms == INT64_MIN)
        p->minute_ms = minute;
    if (minute > p->minute_ms)
        make_due(p);
    p->minute_ms = minute;
    p->time_ms = now;
    /* A batch that ends in another minute has begun in the one before; it is that of its end. */
    for (uint32_t i = 0; i < p->n_touched; i++) {
        add_space(p, p->touched[i]);
        p->is_touched[p->touched[i]] = false;
    }
    p->n_touched = 0;
}

/* ---- telling -------------------------------------------------------------------------------- */

static void say(struct buf *out, uint64_t n, const char *what)
{
    if (n)
        buf_printf(out, "%s%llu keys %s", out->n ? ", " : "", (unsigned long long)n, what);
}

static void fill(struct pressure *p, uint32_t number, const struct given_up *g, struct finding *f)
{
    const struct rule *rule = p->g->rules[number].rule;
    char name[NAME_MAX];
    int n = snprintf(name, sizeof name, "state:%lld", (long long)p->due_ms);
    struct str parts[] = {graph_tenant_of(p->g, number), rule->uid, {name, (size_t)n}};
    struct uid uid = uid_of_parts(p->digest, parts, ARRAY_LEN(parts));

    *f = (struct finding){.activity = FINDING_CREATE,
                          .cause = CAUSE_NONE,
                          .sequence = 1,
                          .has_bucket = true,
                          .bucket_start_ms = p->due_ms,
                          .bucket_end_ms = span_add(p->due_ms, MINUTE_MS),
                          .hits = g->evicted + g->refused + g->shrunk,
                          .suppressed = g->evicted + g->refused,
                          .first_ms = p->due_ms,
                          .last_ms = span_add(p->due_ms, MINUTE_MS - 1),
                          .at_ms = span_add(p->due_ms, MINUTE_MS),
                          .level = (uint8_t)rule->level,
                          .is_timer = true,
                          .is_flood = true,
                          .is_full = true};
    memcpy(f->uid, uid.bytes, sizeof f->uid);
    f->n_events = f->hits;
    buf_clear(&p->detail);
    say(&p->detail, g->evicted, "evicted");
    say(&p->detail, g->refused, "refused");
    say(&p->detail, g->shrunk, "kept small");
    f->detail = buf_str(&p->detail);
}

static bool next_due(struct pressure *p, uint32_t *rule, struct finding *out)
{
    while (p->next < p->g->n_rules) {
        uint32_t i = (uint32_t)p->next++;
        const struct given_up *g = &p->due[i];
        if (g->evicted + g->refused + g->shrunk == 0)
            continue;
        fill(p, i, g, out);
        *rule = i;
        p->counts.findings++;
        return true;
    }
    return false;
}

bool pressure_next(struct pressure *p, uint32_t *rule, struct finding *out)
{
    if (next_due(p, rule, out))
        return true;
    if (!p->is_end)
        return false;
    make_due(p); /* the last minute's, once */
    return next_due(p, rule, out);
}

struct pressure_counts pressure_counts(const struct pressure *p)
{
    return p->counts;
}

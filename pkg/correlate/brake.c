/* brake.c - the storm brake of a rule: its Creates of each minute of event time (or of the period
 * that the rule says; "minute" below) are counted.
 *
 *     u8 version, minutes, oldest first: start, passed, braked; top entities if any was braked
 *
 * How many are braked depends on the findings alone, which ones on their order. Who they were about
 * is kept as the few most frequent first key values: a new one takes the place of the rarest and
 * its count (Metwally, Agrawal, El Abbadi, 2005: "space saving"), so counts are upper bounds.
 */
#include "correlate/brake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "base/utf8.h"
#include "correlate/operator.h"
#include "correlate/span.h"
#include "state/emissions.h"
#include "state/finding.h"
#include "state/uid.h"

enum {
    BRAKE_VERSION = 1,
    BRAKE_TOP = 8,
    BRAKE_NAME_MAX = 64,
    BRAKE_WEIGHT = 255,
};

struct top {
    uint32_t count;
    uint8_t n;
    char name[BRAKE_NAME_MAX];
} __attribute__((packed, may_alias));

struct minute {
    int64_t start_ms;
    uint32_t passed, braked;
} __attribute__((packed, may_alias));

/* All that a step has at hand. */
struct brake {
    const struct brake_spec *spec;
    struct cell *cell;
    struct emissions *out;
};

static struct top *tops(const struct minute *m)
{
    return (struct top *)(uintptr_t)(m + 1);
}

static uint32_t minute_bytes(const struct minute *m)
{
    return (uint32_t)(sizeof *m + (m->braked ? BRAKE_TOP * sizeof(struct top) : 0));
}

static struct minute *at(const struct brake *b, uint32_t offset)
{
    return (struct minute *)(b->cell->main.p + offset);
}

static int64_t minute_end(const struct brake *b, uint32_t offset)
{
    return span_add(at(b, offset)->start_ms, b->spec->period_ms);
}

/* The minute of that start, made if it is new; 0: no memory. */
static uint32_t minute_of(const struct brake *b, int64_t start_ms)
{
    uint32_t i = 1;

    while (i < b->cell->main.n && at(b, i)->start_ms < start_ms)
        i += minute_bytes(at(b, i));
    if (i < b->cell->main.n && at(b, i)->start_ms == start_ms)
        return i;
    if (!cell_open(b->cell, i, (uint32_t)sizeof(struct minute)))
        return 0;
    at(b, i)->start_ms = start_ms;
    return i;
}

static void note_top(struct minute *m, struct str value)
{
    struct top *list = tops(m), *least = list;
    struct str name = utf8_cut(value, BRAKE_NAME_MAX);

    for (struct top *t = list; t < list + BRAKE_TOP; t++) {
        if (t->count && str_eq((struct str){t->name, t->n}, name)) {
            t->count += t->count < UINT32_MAX;
            return;
        }
        if (t->count < least->count)
            least = t;
    }
    least->count += least->count < UINT32_MAX;
    least->n = (uint8_t)name.n;
    if (name.n)
        memcpy(least->name, name.p, name.n);
}

static void pass(const struct brake *b, const struct finding *f)
{
    struct buf bytes = {0};

    finding_pack(f, &bytes);
    emissions_add(b->out, buf_str(&bytes));
    buf_release(&bytes);
}

/* One more than may pass. */
static void hold(const struct brake *b, uint32_t offset, struct finding *f)
{
    uint32_t behind = offset + (uint32_t)sizeof(struct minute);
    bool is_first = at(b, offset)->braked == 0;

    if (is_first && !cell_open(b->cell, behind, BRAKE_TOP * (uint32_t)sizeof(struct top)))
        return;
    if (at(b, offset)->braked < UINT32_MAX) /* 0 would say that no names follow */
        at(b, offset)->braked++;
    note_top(at(b, offset), f->n_keys ? f->keys[0] : STR(""));
    f->is_braked = true;
}

static void add(const struct brake *b, const struct state_op *op)
{
    const struct brake_hit *hit = op->payload;
    struct finding f;

    if (!finding_unpack(hit->record, &f))
        return;
    if (b->cell->main.n == 0) {
        if (!cell_resize(b->cell, 1)) {
            pass(b, &f);
            return;
        }
        b->cell->main.p[0] = BRAKE_VERSION;
    }
    uint32_t i = minute_of(b, span_floor(op->t_ms, b->spec->period_ms));
    if (i && at(b, i)->passed < b->spec->creates_max)
        at(b, i)->passed++;
    else if (i)
        hold(b, i, &f);
    pass(b, &f);
}

static void set_uid(const struct brake *b, struct finding *f)
{
    struct digest d;
    char name[32];
    int n = snprintf(name, sizeof name, "flood:%lld", (long long)f->bucket_start_ms);
    struct str parts[] = {b->spec->tenant, b->spec->rule_uid, {name, (size_t)n}};
    struct uid uid = uid_of_parts(&d, parts, ARRAY_LEN(parts));

    memcpy(f->uid, uid.bytes, sizeof f->uid);
}

static int by_count(const void *x, const void *y)
{
    const struct top *a = x, *b = y;

    if (a->count != b->count)
        return a->count > b->count ? -1 : 1;
    return str_cmp((struct str){a->name, a->n}, (struct str){b->name, b->n});
}

static void tell_flood(const struct brake *b, const struct minute *m)
{
    struct buf detail = {0};
    struct top list[BRAKE_TOP];
    struct finding f = {.activity = FINDING_CREATE,
                        .cause = CAUSE_NONE,
                        .sequence = 1,
                        .has_bucket = true,
                        .bucket_start_ms = m->start_ms,
                        .bucket_end_ms = span_add(m->start_ms, b->spec->period_ms),
                        .hits = (uint64_t)m->passed + m->braked,
                        .suppressed = m->braked,
                        .first_ms = m->start_ms,
                        .last_ms = span_add(m->start_ms, b->spec->period_ms - 1),
                        .at_ms = span_add(m->start_ms, b->spec->period_ms),
                        .is_exact = true,
                        .is_timer = true,
                        .is_flood = true,
                        .n_events = (uint64_t)m->passed + m->braked};

    memcpy(list, tops(m), sizeof list);
    qsort(list, BRAKE_TOP, sizeof *list, by_count);
    for (int i = 0; i < BRAKE_TOP && list[i].count; i++)
        buf_printf(&detail, "%s%.*s (%u)", i ? ", " : "", list[i].n, list[i].name, list[i].count);
    f.detail = detail.n ? buf_str(&detail) : STR("");
    set_uid(b, &f);
    pass(b, &f);
    buf_release(&detail);
}

static void close_minutes(const struct brake *b, int64_t watermark_ms)
{
    struct cell *c = b->cell;
    uint32_t i = 1;

    while (i < c->main.n && minute_end(b, i) <= watermark_ms) {
        if (at(b, i)->braked)
            tell_flood(b, at(b, i));
        i += minute_bytes(at(b, i));
    }
    if (i == 1)
        return;
    memmove(c->main.p + 1, c->main.p + i, c->main.n - i);
    bool is_smaller = cell_resize(c, c->main.n > i ? c->main.n - i + 1 : 0);
    ASSERT(is_smaller);
}

static bool is_valid(const struct brake *b)
{
    uint32_t i = 1, n = b->cell->main.n;

    if (b->cell->main.p[0] != BRAKE_VERSION)
        return false;
    while (i < n) {
        if (n - i < sizeof(struct minute) || n - i < minute_bytes(at(b, i)) ||
            at(b, i)->start_ms % b->spec->period_ms)
            return false;
        for (uint32_t k = 0; k < BRAKE_TOP && at(b, i)->braked; k++)
            if (tops(at(b, i))[k].n > BRAKE_NAME_MAX)
                return false;
        i += minute_bytes(at(b, i));
    }
    return true;
}

void brake_step(void *context, const struct state_op *op, struct cell *cell,
                const struct step_clock *clock, struct emissions *out)
{
    struct brake b = {context, cell, out};

    if (cell->main.n && !is_valid(&b)) {
        bool is_gone = cell_resize(cell, 0);
        ASSERT(is_gone);
    }
    if (op)
        add(&b, op);
    else if (cell->main.n)
        close_minutes(&b, clock->watermark_ms);
    if (cell->main.n <= 1) {
        bool is_gone = cell_resize(cell, 0);
        ASSERT(is_gone);
        return;
    }
    cell->due_ms = minute_end(&b, 1);
    cell->idle_ms = CELL_NEVER; /* its timer ends it */
    cell->weight = BRAKE_WEIGHT;
}

/* risk.c - hours with sums, and alerts that have not become part of them yet.
 *
 * The cell: a head, the entity's keys in clear, the hours, what each rule has added in the newest
 * hour (older ones get nothing any more: time order), the rules to name, the alerts that wait.
 *
 * An alert waits until the watermark has passed it, since what comes before it may still come. What
 * it means is told at once: with each new one, the times from it on are judged again over all that
 * is at hand. That needs no order: a sum never falls by an alert more, so what meets a lower bound
 * once meets it with all alerts, and the last alert to come that matters for a time judges it with
 * all that count. A time that was told says so, and is not told again.
 */
#include "correlate/risk.h"

#include "base/buf.h"
#include "base/str.h"
#include "base/utf8.h"
#include "correlate/final.h"
#include "correlate/record.h"
#include "correlate/span.h"
#include "state/capsule.h"
#include "state/finding.h"

#include <string.h>

enum { RISK_VERSION = 1, NAME_BYTES = 95 };
#define CAP_MICRO ((int64_t)RISK_RULE_HOUR_MAX * CORRELATION_MICRO)

struct head {
    uint8_t version, n_hours, n_sums, n_names;
    uint16_t n_waiting, keys_n;
    struct state_key key;
};

struct hour {
    int64_t hour, sum_micro;
};

struct rule_sum {
    uint64_t rule;
    int64_t sum_micro;
};

struct name {
    uint64_t rule;
    int64_t last_ms;
    uint8_t n;
    char text[NAME_BYTES];
};

struct waiting {
    struct name name; /* last_ms: when */
    uint32_t micro;   /* at most CAP_MICRO */
    uint32_t is_told; /* some alert of its time was told for all of them */
};

struct risk {
    struct head head;
    struct hour hours[RISK_BUCKETS]; /* oldest first; the newest is the one that sums are of */
    struct rule_sum sums[RISK_RULES_MAX];
    struct name names[RISK_NAMES_MAX];
    struct waiting waiting[RISK_PENDING_MAX]; /* in order of (t, rule) */
    struct str keys;                          /* of the cell, or of the hit that begins it */
};

/* ---- decay --------------------------------------------------------------------------------- */

/* 2^(-2^-k) for k = 1 .. 24 in 2^-62: each is the square root of the one before, the first that of
 * 1/2, rounded down; test_risk compares with exp2(). */
static const uint64_t ROOTS[24] = {
    0x2d413cccfe779921, 0x35d13f32b5a75abd, 0x3ab031b9f7490e4b, 0x3d495f454921b30a,
    0x3ea0ecb6dc8a80ce, 0x3f4f83033d21b05c, 0x3fa784571ee3e212, 0x3fd3b2d65447b228,
    0x3fe9d59487236bb3, 0x3ff4e9d4703df842, 0x3ffa74acbdf6c9d4, 0x3ffd3a46ffc6e30e,
    0x3ffe9d1fa8010198, 0x3fff4e8ede053ad4, 0x3fffa747318376ab, 0x3fffd3a38961e6fd,
    0x3fffe9d1c0d8fd13, 0x3ffff4e8df7680c4, 0x3ffffa746f7dc0eb, 0x3ffffd3a37af8097,
    0x3ffffe9d1bd3e853, 0x3fffff4e8de8fe2b, 0x3fffffa746f44196, 0x3fffffd3a37a116b,
};

uint64_t risk_decay(int64_t hours, int64_t half_life_ms)
{
    if (hours >= RISK_BUCKETS)
        return 0;
    if (hours <= 0)
        return (uint64_t)1 << 32;
    /* 2^-x with x in 2^-32: whole halves are a shift, and bit k of the rest is a factor of
     * 2^(-2^-k), the k-th square root of 1/2. */
    unsigned __int128 x =
        ((unsigned __int128)(hours * RISK_HOUR_MS) << 32) / (uint64_t)half_life_ms;
    uint64_t y = (uint64_t)1 << 62; /* 1, in 2^-62 */
    if (x >> 32 >= 62)
        return 0;
    for (int bit = 31; bit >= 8; bit--)
        if (x >> bit & 1)
            y = (uint64_t)((unsigned __int128)y * ROOTS[31 - bit] >> 62);
    return y >> (uint64_t)(x >> 32) >> 30;
}

static int64_t half_life_of(const struct correlation *c)
{
    return c->half_life_ms > 0 ? c->half_life_ms : RISK_HALF_LIFE_MS;
}

static int64_t hour_of(int64_t t_ms)
{
    return span_floor(t_ms, RISK_HOUR_MS) / RISK_HOUR_MS;
}

/* ---- bytes --------------------------------------------------------------------------------- */

static uint32_t bytes_of(const struct head *h)
{
    return (uint32_t)(sizeof *h + h->keys_n + h->n_hours * sizeof(struct hour) +
                      h->n_sums * sizeof(struct rule_sum) + h->n_names * sizeof(struct name) +
                      h->n_waiting * sizeof(struct waiting));
}

static bool is_points(int64_t micro, int64_t rules)
{
    return micro >= 0 && micro <= CAP_MICRO * rules;
}

static bool is_hour(int64_t hour)
{
    int64_t most = ((int64_t)1 << 61) / RISK_HOUR_MS;

    return hour > -most && hour < most;
}

static bool is_name(const struct name *n)
{
    return final_is_time(n->last_ms) && n->n <= NAME_BYTES;
}

static bool is_sound(const struct risk *r)
{
    for (uint32_t i = 0; i < r->head.n_hours; i++)
        if (!is_hour(r->hours[i].hour) || !is_points(r->hours[i].sum_micro, RISK_RULES_MAX))
            return false;
    for (uint32_t i = 0; i < r->head.n_sums; i++)
        if (!is_points(r->sums[i].sum_micro, 1))
            return false;
    for (uint32_t i = 0; i < r->head.n_names; i++)
        if (!is_name(&r->names[i]))
            return false;
    for (uint32_t i = 0; i < r->head.n_waiting; i++)
        if (!is_name(&r->waiting[i].name) || !is_points(r->waiting[i].micro, 1))
            return false;
    return true;
}

/* False: nothing there that this code wrote. r->keys is a slice of the cell. */
static bool load(struct str bytes, struct risk *r)
{
    if (bytes.n < sizeof r->head)
        return false;
    memcpy(&r->head, bytes.p, sizeof r->head);
    const struct head *h = &r->head;
    if (h->version != RISK_VERSION || h->n_hours > RISK_BUCKETS || h->n_sums > RISK_RULES_MAX ||
        h->n_names > RISK_NAMES_MAX || h->n_waiting > RISK_PENDING_MAX || bytes.n != bytes_of(h))
        return false;
    const char *p = bytes.p + sizeof *h;
    r->keys = (struct str){p, h->keys_n};
    p += h->keys_n;
    memcpy(r->hours, p, h->n_hours * sizeof *r->hours);
    p += h->n_hours * sizeof *r->hours;
    memcpy(r->sums, p, h->n_sums * sizeof *r->sums);
    p += h->n_sums * sizeof *r->sums;
    memcpy(r->names, p, h->n_names * sizeof *r->names);
    p += h->n_names * sizeof *r->names;
    memcpy(r->waiting, p, h->n_waiting * sizeof *r->waiting);
    return is_sound(r);
}

static void begin(struct risk *r, const struct state_op *op, const struct hit *hit)
{
    r->head = (struct head){.version = RISK_VERSION, .key = op->key};
    r->keys = hit->keys.n <= UINT16_MAX ? hit->keys : STR("");
    r->head.keys_n = (uint16_t)r->keys.n;
}

static void store(struct cell *cell, struct risk *r, bool is_new)
{
    const struct head *h = &r->head;

    if (!cell_resize(cell, bytes_of(h)))
        return;
    uint8_t *p = cell->main.p;
    memcpy(p, h, sizeof *h);
    p += sizeof *h;
    if (is_new && h->keys_n) /* else they lie there already */
        memcpy(p, r->keys.p, h->keys_n);
    p += h->keys_n;
    memcpy(p, r->hours, h->n_hours * sizeof *r->hours);
    p += h->n_hours * sizeof *r->hours;
    memcpy(p, r->sums, h->n_sums * sizeof *r->sums);
    p += h->n_sums * sizeof *r->sums;
    memcpy(p, r->names, h->n_names * sizeof *r->names);
    p += h->n_names * sizeof *r->names;
    memcpy(p, r->waiting, h->n_waiting * sizeof *r->waiting);
}

static void set_times(struct cell *cell, const struct risk *r)
{
    const struct head *h = &r->head;

    cell->due_ms = h->n_waiting ? span_add(r->waiting[0].name.last_ms, 1) : CELL_NEVER;
    cell->idle_ms = h->n_waiting || !h->n_hours
                        ? CELL_NEVER
                        : (r->hours[h->n_hours - 1].hour + RISK_BUCKETS) * RISK_HOUR_MS;
    cell->weight = 160;
}

/* ---- adding up ----------------------------------------------------------------------------- */

/* The hour becomes the newest; those that count no more go. */
static void open_hour(struct risk *r, int64_t hour)
{
    struct head *h = &r->head;
    uint8_t old = 0;

    if (h->n_hours && r->hours[h->n_hours - 1].hour >= hour)
        return;
    while (old < h->n_hours && r->hours[old].hour <= hour - RISK_BUCKETS)
        old++;
    h->n_hours = (uint8_t)(h->n_hours - old);
    memmove(r->hours, r->hours + old, h->n_hours * sizeof *r->hours);
    r->hours[h->n_hours++] = (struct hour){hour, 0};
    h->n_sums = 0;
}

static struct rule_sum *sum_of(struct risk *r, uint64_t rule)
{
    for (uint8_t i = 0; i < r->head.n_sums; i++)
        if (r->sums[i].rule == rule)
            return &r->sums[i];
    if (r->head.n_sums == RISK_RULES_MAX)
        return NULL;
    r->sums[r->head.n_sums] = (struct rule_sum){.rule = rule};
    return &r->sums[r->head.n_sums++];
}

/* The rules that added last, in order of their hash. */
static void note_name(struct risk *r, const struct name *name)
{
    struct head *h = &r->head;
    uint8_t at = 0, oldest = 0;

    for (uint8_t i = 0; i < h->n_names; i++) {
        if (r->names[i].rule == name->rule) {
            r->names[i] = *name;
            return;
        }
        if (r->names[i].last_ms < r->names[oldest].last_ms)
            oldest = i;
    }
    if (h->n_names == RISK_NAMES_MAX) {
        h->n_names--;
        memmove(&r->names[oldest], &r->names[oldest + 1],
                (size_t)(h->n_names - oldest) * sizeof *name);
    }
    while (at < h->n_names && r->names[at].rule < name->rule)
        at++;
    memmove(&r->names[at + 1], &r->names[at], (size_t)(h->n_names - at) * sizeof *name);
    r->names[at] = *name;
    h->n_names++;
}

static void add(struct risk *r, const struct waiting *w)
{
    open_hour(r, hour_of(w->name.last_ms));
    struct rule_sum *sum = sum_of(r, w->name.rule);
    if (!sum)
        return;
    int64_t micro = w->micro, room = CAP_MICRO - sum->sum_micro, more = micro < room ? micro : room;
    sum->sum_micro += more;
    r->hours[r->head.n_hours - 1].sum_micro += more;
    note_name(r, &w->name);
}

static int64_t level_at(const struct risk *r, int64_t t_ms, int64_t half_life_ms)
{
    int64_t hour = hour_of(t_ms);
    unsigned __int128 level = 0;

    for (uint8_t i = 0; i < r->head.n_hours; i++)
        if (r->hours[i].hour <= hour)
            level += (unsigned __int128)r->hours[i].sum_micro *
                     risk_decay(hour - r->hours[i].hour, half_life_ms);
    return (int64_t)(level >> 32);
}

int64_t risk_level(const struct operator_spec *spec, struct str cell, int64_t t_ms)
{
    struct risk r;

    if (!load(cell, &r))
        return 0;
    for (uint16_t i = 0; i < r.head.n_waiting && r.waiting[i].name.last_ms <= t_ms; i++)
        add(&r, &r.waiting[i]);
    return level_at(&r, t_ms, half_life_of(spec->correlation));
}

/* ---- what it means for an alert ------------------------------------------------------------ */

static int64_t threshold_of(const struct correlation *c)
{
    int64_t most = 0;

    for (size_t i = 0; i < c->n_bounds; i++) {
        const struct bound *b = &c->bounds[i];
        if ((b->op == BOUND_GT || b->op == BOUND_GTE) && b->micro > most)
            most = b->micro;
    }
    return most;
}

int32_t risk_points(const struct correlation *c, int64_t level_micro)
{
    int64_t threshold = threshold_of(c);

    if (threshold == 0 || level_micro <= 0)
        return 0;
    return level_micro >= threshold ? RISK_POINTS_MAX
                                    : (int32_t)(RISK_POINTS_MAX * level_micro / threshold);
}

static void say_why(const struct correlation *c, int64_t level_micro, struct buf *out)
{
    buf_add(out, STR("risk of "));
    for (size_t i = 0; i < c->n_group; i++)
        buf_printf(out, "%s%.*s", i ? ", " : "", (int)c->group[i].n, c->group[i].p);
    buf_printf(out, " was %lld of %lld", (long long)(level_micro / CORRELATION_MICRO),
               (long long)(threshold_of(c) / CORRELATION_MICRO));
}

/* Of several risks the greatest counts. */
static void raise(struct finding *f, int32_t points, struct str why)
{
    static const struct str name = {"entity_risk", 11};

    for (uint32_t i = 0; i < f->n_addends; i++) {
        if (!str_eq(f->addends[i].name, name))
            continue;
        if (points > f->addends[i].value)
            f->addends[i] = (struct finding_addend){name, points, why};
        return;
    }
    finding_add(f, &(struct finding_addend){name, points, why});
}

/* The finding goes on with what is known of its entity before it. */
static void pass(const struct operator_spec *spec, const struct cell *cell, struct str passing,
                 struct emissions *out)
{
    struct passing p;
    struct finding f;
    struct buf why = {0}, bytes = {0}, packed = {0};

    if (!passing.n || !passing_unpack(passing, &p) || !finding_unpack(p.finding, &f))
        return;
    int64_t level =
        risk_level(spec, (struct str){(const char *)cell->main.p, cell->main.n}, f.at_ms);
    int32_t points = risk_points(spec->correlation, level);
    if (points > 0) {
        say_why(spec->correlation, level, &why);
        raise(&f, points, buf_str(&why));
    }
    finding_pack(&f, &bytes);
    p.finding = buf_str(&bytes);
    passing_pack(&p, &packed);
    emissions_add(out, buf_str(&packed));
    buf_release(&why);
    buf_release(&bytes);
    buf_release(&packed);
}

/* ---- steps --------------------------------------------------------------------------------- */

static void tell(const struct risk *r, const struct cell *cell, int64_t t_ms, int64_t level,
                 struct emissions *out)
{
    struct buf detail = {0};
    int64_t hour = hour_of(t_ms);

    for (uint8_t i = 0; i < r->head.n_names; i++) {
        const struct name *n = &r->names[i];
        if (hour_of(n->last_ms) > hour - RISK_BUCKETS)
            buf_printf(&detail, "%s%.*s", detail.n ? "; " : "", (int)n->n, n->text);
    }
    final_tell(out, cell,
               &(struct final_met){.key = &r->head.key,
                                   .keys = r->keys,
                                   .t_ms = t_ms,
                                   .detail = buf_str(&detail),
                                   .measured_micro = level,
                                   .has_measured = true});
    buf_release(&detail);
}

/* The times from from_ms on that have met the bounds by now and were not told. All alerts of one
 * time are added before it is judged. */
static bool judge(const struct operator_spec *spec, const struct cell *cell, struct risk *r,
                  int64_t from_ms, struct emissions *out)
{
    struct risk sum = *r; /* as if none had to wait */
    uint16_t n = r->head.n_waiting;
    bool is_any = false;

    for (uint16_t i = 0, first = 0; i < n; first = i) {
        int64_t t_ms = r->waiting[i].name.last_ms;
        bool is_told = false;
        for (; i < n && r->waiting[i].name.last_ms == t_ms; i++) {
            add(&sum, &r->waiting[i]);
            is_told |= r->waiting[i].is_told;
        }
        if (is_told || t_ms < from_ms)
            continue;
        int64_t level = level_at(&sum, t_ms, half_life_of(spec->correlation));
        if (!final_bounds_hold(spec->correlation, level))
            continue;
        tell(&sum, cell, t_ms, level, out);
        for (uint16_t k = first; k < i; k++)
            r->waiting[k].is_told = true;
        is_any = true;
    }
    return is_any;
}

/* The first n of those that wait become part of the hours. */
static void absorb(struct risk *r, uint16_t n)
{
    for (uint16_t i = 0; i < n; i++)
        add(r, &r->waiting[i]);
    r->head.n_waiting = (uint16_t)(r->head.n_waiting - n);
    memmove(r->waiting, r->waiting + n, r->head.n_waiting * sizeof *r->waiting);
}

static void settle(struct cell *cell, int64_t watermark_ms)
{
    struct risk r;
    uint16_t n = 0;

    if (!load((struct str){(const char *)cell->main.p, cell->main.n}, &r)) {
        cell->due_ms = CELL_NEVER;
        return;
    }
    while (n < r.head.n_waiting && r.waiting[n].name.last_ms < watermark_ms)
        n++;
    absorb(&r, n);
    store(cell, &r, false);
    set_times(cell, &r);
}

static uint32_t capped(int64_t micro)
{
    return (uint32_t)(micro < CAP_MICRO ? micro : CAP_MICRO);
}

static void wait(struct risk *r, const struct state_op *op, const struct hit *hit)
{
    struct head *h = &r->head;
    struct str text = utf8_cut(hit->value_text, NAME_BYTES);
    uint16_t at = 0;

    if (h->n_waiting == RISK_PENDING_MAX)
        absorb(r, 1);
    for (; at < h->n_waiting; at++) {
        struct waiting *w = &r->waiting[at];
        if (w->name.last_ms == op->t_ms && w->name.rule == hit->value) {
            w->micro = capped((int64_t)w->micro + capped(hit->number_micro));
            return;
        }
        if (w->name.last_ms > op->t_ms ||
            (w->name.last_ms == op->t_ms && w->name.rule > hit->value))
            break;
    }
    struct waiting w = {{.rule = hit->value, .last_ms = op->t_ms, .n = (uint8_t)text.n},
                        .micro = capped(hit->number_micro)};
    if (text.n)
        memcpy(w.name.text, text.p, text.n);
    memmove(&r->waiting[at + 1], &r->waiting[at], (size_t)(h->n_waiting - at) * sizeof w);
    r->waiting[at] = w;
    h->n_waiting++;
}

void risk_step(void *context, const struct state_op *op, struct cell *cell,
               const struct step_clock *clock, struct emissions *out)
{
    const struct operator_spec *spec = context;
    struct risk r;

    if (!op) {
        settle(cell, clock->watermark_ms);
        return;
    }
    const struct hit *hit = op->payload;
    pass(spec, cell, hit->addends, out);
    if (hit->number_micro <= 0)
        return;
    bool is_old = load((struct str){(const char *)cell->main.p, cell->main.n}, &r);
    if (!is_old)
        begin(&r, op, hit);
    wait(&r, op, hit);
    store(cell, &r, !is_old);
    capsule_book_add(cell, op->t_ms, hit->capsule);
    set_times(cell, &r);
    /* Loaded again: keys lie in the cell, which has moved. */
    if (load((struct str){(const char *)cell->main.p, cell->main.n}, &r) &&
        judge(spec, cell, &r, op->t_ms, out))
        store(cell, &r, false);
}

const struct operator_kind_info operator_risk = {
    .kind = OPERATOR_RISK,
    .name = "risk",
    .n_stages = 1,
    .steps = {risk_step},
    .always_final = true,
};

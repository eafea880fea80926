/* volume.c - sums of windows, judged when the watermark is behind them.
 *
 * The cell: a head, the group's keys in clear, the sums of windows that are not empty, oldest
 * first. Windows up to head.judged are closed: a replay may bring their events again.
 */
#include "correlate/volume.h"

#include "base/buf.h"
#include "correlate/facts.h"
#include "correlate/final.h"
#include "correlate/span.h"
#include "state/capsule.h"

#include <string.h>

enum { VOLUME_VERSION = 1, SUMS_MAX = VOLUME_WINDOWS_MAX + VOLUME_PENDING_MAX };

struct head {
    uint8_t version, has_first;
    uint16_t keys_n;
    uint32_t n;
    int64_t first;  /* window of the group's first event; has_first */
    int64_t judged; /* all windows up to this one */
    struct state_key key;
};

struct sum {
    int64_t window, micro;
};

struct volume {
    struct head head;
    struct str keys;
    struct sum sums[SUMS_MAX];
};

/* Windows that a baseline has. */
static int64_t baseline_windows(const struct correlation *c)
{
    int64_t n = (c->baseline_ms > 0 ? c->baseline_ms : VOLUME_BASELINE_MS) / c->window_ms;

    return n < 1 ? 1 : n > VOLUME_WINDOWS_MAX ? VOLUME_WINDOWS_MAX : n;
}

/* Windows that a group must have been there for. */
static int64_t training_windows(const struct correlation *c)
{
    int64_t n = c->training_ms > 0 ? c->training_ms / c->window_ms : baseline_windows(c);

    return n < 1 ? 1 : n;
}

static uint32_t bytes_of(const struct head *h)
{
    return (uint32_t)sizeof *h + h->keys_n + h->n * (uint32_t)sizeof(struct sum);
}

/* Windows whose times do not overflow. */
static bool is_window(const struct correlation *c, int64_t window)
{
    int64_t most = ((int64_t)1 << 61) / c->window_ms;

    return window > -most && window < most;
}

static bool load(const struct correlation *c, const struct cell_part *p, struct volume *v)
{
    if (p->n < sizeof v->head)
        return false;
    memcpy(&v->head, p->p, sizeof v->head);
    if (v->head.version != VOLUME_VERSION || v->head.n > SUMS_MAX || p->n != bytes_of(&v->head))
        return false;
    v->keys = (struct str){(const char *)p->p + sizeof v->head, v->head.keys_n};
    memcpy(v->sums, v->keys.p + v->keys.n, v->head.n * sizeof *v->sums);
    for (uint32_t i = 0; i < v->head.n; i++)
        if (!is_window(c, v->sums[i].window))
            return false;
    return is_window(c, v->head.first);
}

static void note_keys(struct volume *v, struct str keys)
{
    v->keys = keys.n <= UINT16_MAX ? keys : STR("");
    v->head.keys_n = (uint16_t)v->keys.n;
}

static void begin(struct volume *v, const struct state_op *op, const struct hit *hit)
{
    v->head = (struct head){.version = VOLUME_VERSION, .judged = INT64_MIN, .key = op->key};
    note_keys(v, hit->keys);
}

/* has_keys: v->keys are the cell's own. */
static void store(struct cell *cell, const struct volume *v, bool has_keys)
{
    if (!cell_resize(cell, bytes_of(&v->head)))
        return;
    memcpy(cell->main.p, &v->head, sizeof v->head);
    uint8_t *p = cell->main.p + sizeof v->head;
    if (!has_keys && v->keys.n)
        memcpy(p, v->keys.p, v->keys.n);
    memcpy(p + v->head.keys_n, v->sums, v->head.n * sizeof *v->sums);
}

static void set_times(const struct correlation *c, struct cell *cell, const struct volume *v)
{
    int64_t windows = baseline_windows(c);

    cell->due_ms = CELL_NEVER;
    for (uint32_t i = v->head.n; i-- > 0 && v->sums[i].window > v->head.judged;)
        cell->due_ms = (v->sums[i].window + 1) * c->window_ms;
    cell->idle_ms =
        v->head.n ? (v->sums[v->head.n - 1].window + 1 + windows) * c->window_ms : INT64_MIN;
    cell->weight = v->head.n > 100 ? 100 : (uint8_t)v->head.n;
}

static void add(struct volume *v, int64_t window, int64_t micro)
{
    uint32_t at = v->head.n;

    while (at > 0 && v->sums[at - 1].window > window)
        at--;
    if (at > 0 && v->sums[at - 1].window == window) {
        v->sums[at - 1].micro = span_add(v->sums[at - 1].micro, micro);
        return;
    }
    if (v->head.n == SUMS_MAX)
        return;
    memmove(&v->sums[at + 1], &v->sums[at], (v->head.n - at) * sizeof *v->sums);
    v->sums[at] = (struct sum){window, micro};
    v->head.n++;
}

/* ---- facts --------------------------------------------------------------------------------- */

static void tell_fact(const struct correlation *c, const struct volume *v, const struct sum *s,
                      struct emissions *out)
{
    int64_t names = fact_steps(baseline_windows(c), c->window_ms);

    fact_tell(&(struct fact){.kind = FACT_WINDOW,
                             .term_key = v->head.key,
                             .group_key = v->head.key,
                             .first_ms = s->window * c->window_ms,
                             .last_ms = (s->window + 1) * c->window_ms - 1,
                             .slot = (uint64_t)(s->window % names + names),
                             .since_ms = v->head.first * c->window_ms,
                             .number = (uint64_t)s->micro},
              out);
}

/* With too many the oldest goes. */
static void put(struct volume *v, int64_t window, int64_t micro)
{
    for (uint32_t i = 0; i < v->head.n; i++)
        if (v->sums[i].window == window) {
            v->sums[i].micro = micro;
            return;
        }
    if (v->head.n == SUMS_MAX && window > v->sums[0].window)
        memmove(v->sums, v->sums + 1, --v->head.n * sizeof *v->sums);
    add(v, window, micro);
}

/* What is judged stays judged. The newest of them knows best since when the group is there. */
static void restore(const struct correlation *c, struct volume *v, const struct fact *f)
{
    int64_t window = span_floor(f->first_ms, c->window_ms) / c->window_ms;
    int64_t since = span_floor(f->since_ms, c->window_ms) / c->window_ms;

    if (!is_window(c, window) || !is_window(c, since))
        return;
    put(v, window, (int64_t)f->number);
    if (window > v->head.judged) {
        v->head.judged = window;
        v->head.first = since;
        v->head.has_first = true;
    }
}

/* ---- judging ------------------------------------------------------------------------------- */

static void tell(const struct correlation *c, const struct cell *cell, const struct volume *v,
                 const struct sum *s, __int128 total, int64_t windows, struct emissions *out)
{
    struct buf text = {0};
    int64_t mean = (int64_t)(total / windows);

    buf_printf(&text, "baseline %lld.%03lld over %lld windows", (long long)(mean / 1000000),
               (long long)(mean % 1000000 / 1000), (long long)windows);
    final_tell(out, cell,
               &(struct final_met){.key = &v->head.key,
                                   .keys = v->keys,
                                   .t_ms = (s->window + 1) * c->window_ms - 1,
                                   .detail = buf_str(&text),
                                   .measured_micro = s->micro,
                                   .has_measured = true});
    buf_release(&text);
}

static void judge(const struct correlation *c, const struct cell *cell, struct volume *v,
                  uint32_t at, struct emissions *out)
{
    const struct sum *s = &v->sums[at];
    int64_t windows = baseline_windows(c);
    uint32_t from = at;
    __int128 total = 0;

    while (from > 0 && v->sums[from - 1].window >= s->window - windows)
        total += v->sums[--from].micro;
    v->head.judged = s->window;
    if (from == at || !v->head.has_first) { /* silent for a whole baseline: it begins anew */
        v->head.has_first = true;
        v->head.first = s->window;
        return;
    }
    int64_t age = s->window - v->head.first;
    if (age < training_windows(c))
        return;
    if (age < windows)
        windows = age;
    if (s->micro >= c->minimum_micro &&
        (__int128)s->micro * windows * CORRELATION_MICRO >= (__int128)c->factor_micro * total)
        tell(c, cell, v, s, total, windows, out);
}

static void settle(const struct correlation *c, struct cell *cell, int64_t watermark_ms,
                   struct emissions *out)
{
    struct volume v;
    uint32_t old = 0;

    if (!load(c, &cell->main, &v)) {
        cell->due_ms = CELL_NEVER;
        return;
    }
    for (uint32_t i = 0; i < v.head.n; i++) {
        const struct sum *s = &v.sums[i];
        if (s->window <= v.head.judged || (s->window + 1) * c->window_ms > watermark_ms)
            continue;
        judge(c, cell, &v, i, out);
        tell_fact(c, &v, s, out);
    }
    int64_t keep = span_add(v.head.judged, -baseline_windows(c));
    while (old < v.head.n && v.sums[old].window < keep)
        old++;
    v.head.n -= old;
    memmove(v.sums, v.sums + old, v.head.n * sizeof *v.sums);
    store(cell, &v, true);
    if (v.head.n && v.sums[v.head.n - 1].window <= v.head.judged)
        final_forget_capsules(cell);
    set_times(c, cell, &v);
}

static void take(const struct correlation *c, const struct state_op *op, struct cell *cell)
{
    const struct hit *hit = op->payload;
    int64_t window = span_floor(op->t_ms, c->window_ms) / c->window_ms;
    struct volume v;

    if (hit->fact && fact_is_fresh(hit->fact))
        return;
    bool has_keys = load(c, &cell->main, &v);
    if (!has_keys)
        begin(&v, op, hit);
    if (hit->fact) {
        restore(c, &v, hit->fact);
    } else {
        if (window <= v.head.judged)
            return;
        if (has_keys && v.keys.n == 0) { /* it was restored */
            note_keys(&v, hit->keys);
            has_keys = false;
        }
        add(&v, window, c->n_fields ? hit->number_micro : hit->count * (int64_t)CORRELATION_MICRO);
    }
    store(cell, &v, has_keys);
    if (!hit->fact)
        capsule_book_add(cell, op->t_ms, hit->capsule);
    set_times(c, cell, &v);
}

void volume_step(void *context, const struct state_op *op, struct cell *cell,
                 const struct step_clock *clock, struct emissions *out)
{
    const struct operator_spec *spec = context;

    if (op)
        take(spec->correlation, op, cell);
    else
        settle(spec->correlation, cell, clock->watermark_ms, out);
}

const struct operator_kind_info operator_volume = {
    .kind = OPERATOR_VOLUME,
    .name = "volume",
    .n_stages = 1,
    .steps = {volume_step},
    .always_final = true,
    .fact_kind = FACT_WINDOW,
};

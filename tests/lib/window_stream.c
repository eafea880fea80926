/* window_stream.c - streams, runs through the step runner, and the comparison. */
#include "tests/lib/window_stream.h"

#include <stdlib.h>

#include "correlate/book.h"
#include "correlate/record.h"
#include "correlate/span.h"
#include "tests/lib/step_runner.h"
#include "tests/lib/test.h"

/* What is told: of a bucket (t: its start, count: its last count), or a signal (t, count 1). */
struct told {
    int64_t t_ms;
    uint64_t count;
    uint32_t creates, closes;
};

struct told_list {
    struct told items[STREAM_MAX];
    uint32_t n;
};

static const char KEYS[] = "\1\5\0\0\0alice"; /* one text, packed */

/* ---- streams ----------------------------------------------------------------------------- */

static int64_t step_of(const struct stream *s, struct rng *rng)
{
    int64_t w = s->spec.window_ms;
    uint32_t kind = rng_below(rng, 5 * s->density);

    if (kind < 2)
        return w - 1 + rng_below(rng, 3);
    if (kind == 2)
        return s->spec.fold.period_ms + rng_below(rng, (uint32_t)w);
    if (kind == 3)
        return 4 * (w + s->spec.lateness_ms);
    if (kind < s->density)
        return 0;
    return rng_below(rng, (uint32_t)w / s->density + 2);
}

void stream_fill(struct stream *s, struct rng *rng, uint32_t n, uint32_t values, uint32_t labels)
{
    int64_t t_ms = (int64_t)rng_below(rng, 100000) - 1000; /* below 1970 too */

    ASSERT(n <= STREAM_MAX);
    s->n = n;
    for (uint32_t i = 0; i < n; i++) {
        t_ms += step_of(s, rng);
        s->hits[i] = (struct stream_hit){
            .t_ms = t_ms, .value = rng_below(rng, values), .label = rng_below(rng, labels)};
    }
    stream_shuffle(s, rng);
}

void stream_shuffle(struct stream *s, struct rng *rng)
{
    uint32_t lateness = (uint32_t)s->spec.lateness_ms;

    for (uint32_t i = 0; i < s->n; i++) {
        struct stream_hit *h = &s->hits[i];
        h->is_late = rng_below(rng, 50) == 0 && i + 1 < s->n;
        h->arrival_ms = h->t_ms + rng_below(rng, lateness + 1);
    }
}

static int by_arrival(const void *a, const void *b)
{
    const struct stream_hit *x = a, *y = b;

    if (x->arrival_ms != y->arrival_ms)
        return x->arrival_ms < y->arrival_ms ? -1 : 1;
    return (x > y) - (x < y);
}

static int by_time(const void *a, const void *b)
{
    const struct told *x = a, *y = b;

    return (x->t_ms > y->t_ms) - (x->t_ms < y->t_ms);
}

/* ---- what the operator says -------------------------------------------------------------- */

static struct told *told_at(struct told_list *list, int64_t t_ms)
{
    for (uint32_t i = 0; i < list->n; i++)
        if (list->items[i].t_ms == t_ms)
            return &list->items[i];
    ASSERT(list->n < STREAM_MAX);
    list->items[list->n] = (struct told){.t_ms = t_ms};
    return &list->items[list->n++];
}

static void note_finding(struct told_list *list, struct str bytes)
{
    struct finding f;

    CHECK(finding_unpack(bytes, &f));
    CHECK(f.is_exact);
    struct told *told = told_at(list, f.bucket_start_ms);
    CHECK(f.hits >= told->count);
    told->count = f.hits;
    told->creates += f.activity == FINDING_CREATE;
    told->closes += f.activity == FINDING_CLOSE;
}

static void take(struct step_runner *r, struct told_list *list)
{
    size_t n;
    const struct emission *e = step_runner_take(r, &n);

    for (size_t i = 0; i < n; i++) {
        struct signal s;
        if (record_kind_of(e[i].bytes) == RECORD_FINDING) {
            note_finding(list, e[i].bytes);
            continue;
        }
        CHECK(signal_unpack(e[i].bytes, &s));
        CHECK_EQ(s.stage, SIGNAL_MET);
        CHECK_EQ(s.key.bytes[0], 7);
        CHECK_EQ(s.hit.keys.n, sizeof KEYS - 1);
        uint32_t was = list->n;
        told_at(list, s.t_ms)->count = 1;
        CHECK_EQ(list->n, was + 1); /* each time once */
    }
}

static void apply(struct step_runner *r, const struct stream_hit *h, uint64_t order)
{
    struct hit hit = {.label = h->label,
                      .count = 1,
                      .value = h->value,
                      .number_micro = (int64_t)h->value,
                      .keys = {KEYS, sizeof KEYS - 1}};
    struct state_op op = {.t_ms = h->t_ms, .order = order, .payload = &hit};

    op.key.bytes[0] = 7;
    hit.group_key = op.key;
    step_runner_apply(r, &op);
}

/* The highest watermark that is true of what is still to come: other groups may have raised it so
 * far. */
static int64_t rest_from(const struct stream_hit *order, uint32_t i, uint32_t n)
{
    int64_t least = INT64_MAX;

    for (; i < n; i++)
        if (!order[i].is_late && order[i].t_ms < least)
            least = order[i].t_ms;
    return least;
}

/* The operator's step, on a cell that was shrunk meanwhile if that is possible, and twice from the
 * same bytes: a store runs a step again when somebody else was faster, so it must be pure. */
struct shrinking {
    const struct operator_kind_info *info;
    struct operator_spec spec;
};

static void shrinking_step(void *context, const struct state_op *op, struct cell *cell,
                           const struct step_clock *clock, struct emissions *out)
{
    struct shrinking *x = context;
    int64_t t_ms;
    uint32_t value;

    if (cell->main.n && cell->due_ms == CELL_NEVER && x->info->shrink &&
        x->info->shrink(&x->spec, cell, &t_ms, &value)) {
        CHECK(cell_resize(cell, 0));
        x->info->regrow(&x->spec, t_ms, value, cell);
        CHECK(cell->main.n > 0);
    }
    static uint8_t memory[256 * 1024];
    struct emissions told = {0};
    struct cell copy = *cell;
    CHECK(cell->main.n < sizeof memory / 2);
    copy.main.p = memcpy(memory, cell->main.p ? cell->main.p : memory, cell->main.n);
    copy.main.room = sizeof memory;
    x->info->steps[0](&x->spec, op, &copy, clock, &told);
    uint32_t emitted = (uint32_t)told.n, before = (uint32_t)out->n;
    emissions_release(&told);
    x->info->steps[0](&x->spec, op, cell, clock, out);
    CHECK_EQ(out->n - before, emitted);
    CHECK_EQ(cell->main.n, copy.main.n);
    CHECK(cell->main.n == 0 || memcmp(cell->main.p, memory, cell->main.n) == 0);
    CHECK_EQ(cell->due_ms, copy.due_ms);
    CHECK_EQ(cell->idle_ms, copy.idle_ms);
}

static void run(const struct stream *s, const struct operator_kind_info *info, struct rng *rng,
                struct told_list *out)
{
    static struct stream_hit order[STREAM_MAX];
    struct step_runner *r = step_runner_new();
    struct shrinking context = {info, s->spec};
    int64_t newest_ms = INT64_MIN, watermark_ms = INT64_MIN;
    uint32_t every = 1 + rng_below(rng, 20);

    memcpy(order, s->hits, s->n * sizeof *order);
    qsort(order, s->n, sizeof *order, by_arrival);
    step_runner_add(r, shrinking_step, &context);
    for (uint32_t i = 0; i < s->n; i++) {
        step_runner_forget(r, !order[i].is_late && rng_below(rng, 8) == 0);
        if (!order[i].is_late)
            apply(r, &order[i], i);
        step_runner_forget(r, false);
        if (!order[i].is_late && order[i].t_ms > newest_ms)
            newest_ms = order[i].t_ms;
        if (newest_ms != INT64_MIN && rng_below(rng, every) == 0) {
            int64_t most_ms = rest_from(order, i + 1, s->n);
            int64_t next_ms = newest_ms - s->spec.lateness_ms;
            if (most_ms != INT64_MAX && rng_below(rng, 3) == 0)
                next_ms = most_ms;
            if (next_ms > watermark_ms)
                watermark_ms = next_ms;
            step_runner_watermark(r, watermark_ms);
        }
        if (order[i].is_late && order[i].t_ms < watermark_ms)
            apply(r, &order[i], i); /* must change nothing */
        if (rng_below(rng, 4) == 0)
            step_runner_sweep(r);
        take(r, out);
    }
    step_runner_watermark(r, INT64_MAX);
    take(r, out);
    step_runner_sweep(r);
    CHECK_EQ(step_runner_cells(r), 0);
    step_runner_free(r);
}

/* ---- what the model says ----------------------------------------------------------------- */

struct on_time {
    const struct stream *s; /* without what was late */
    stream_model *model;
    struct told_list *out;
};

static void expect_findings(const struct on_time *x)
{
    const struct stream *s = x->s;
    struct cell_part none = {0};
    uint8_t bytes[256];
    struct cell cell = {.main = {bytes, 0, sizeof bytes}, .side = none};
    struct step_clock clock = {INT64_MIN};
    struct book b = {.cell = &cell, .fold = &s->spec.fold, .clock = &clock};

    CHECK(book_init(&b, (struct str){KEYS, sizeof KEYS - 1}));
    for (uint32_t i = 0, from = 0; i < s->n; i++) {
        int64_t t_ms = s->hits[i].t_ms;
        if (i + 1 < s->n && s->hits[i + 1].t_ms == t_ms)
            continue;
        while (s->hits[from].t_ms < t_ms - s->spec.window_ms)
            from++;
        if (x->model(s, from, i + 1))
            told_at(x->out, book_bucket_start(&b, t_ms))->creates = 1;
    }
    for (uint32_t k = 0; k < x->out->n; k++) {
        struct told *told = &x->out->items[k];
        told->closes = 1;
        for (uint32_t i = 0; i < s->n; i++)
            told->count += book_bucket_start(&b, s->hits[i].t_ms) == told->t_ms;
        if (told->count < s->spec.fold.threshold)
            told->count = s->spec.fold.threshold;
    }
}

static void expect_sliding(const struct on_time *x)
{
    const struct stream *s = x->s;

    for (uint32_t i = 0, from = 0; i < s->n; i++) {
        int64_t t_ms = s->hits[i].t_ms;
        if (i + 1 < s->n && s->hits[i + 1].t_ms == t_ms)
            continue;
        while (s->hits[from].t_ms < t_ms - s->spec.window_ms)
            from++;
        if (x->model(s, from, i + 1))
            told_at(x->out, t_ms)->count = 1;
    }
}

static void expect_tumbling(const struct on_time *x)
{
    const struct stream *s = x->s;

    for (uint32_t from = 0, to; from < s->n; from = to) {
        int64_t end_ms = s->hits[from].t_ms + s->spec.window_ms;
        for (to = from; to < s->n && s->hits[to].t_ms <= end_ms; to++)
            ;
        if (x->model(s, from, to))
            told_at(x->out, end_ms)->count = 1;
    }
}

/* ---- both -------------------------------------------------------------------------------- */

static void compare(const struct told_list *got, const struct told_list *want)
{
    for (uint32_t i = 0; i < want->n && i < got->n; i++) {
        const struct told *g = &got->items[i], *w = &want->items[i];
        if (g->t_ms == w->t_ms && g->count == w->count && g->creates == w->creates &&
            g->closes == w->closes)
            continue;
        print_error("told %lld: %llu (%u, %u), expected %lld: %llu (%u, %u)\n", (long long)g->t_ms,
                    (unsigned long long)g->count, g->creates, g->closes, (long long)w->t_ms,
                    (unsigned long long)w->count, w->creates, w->closes);
        fail(); /* told what the model does not tell */
    }
    CHECK_EQ(got->n, want->n);
}

uint32_t stream_check(const struct stream *s, const struct operator_kind_info *info,
                      stream_model *model, struct rng *rng)
{
    static struct stream on_time;
    static struct told_list got, want;
    struct on_time x = {&on_time, model, &want};

    got.n = want.n = 0;
    on_time = *s;
    on_time.n = 0;
    for (uint32_t i = 0; i < s->n; i++)
        if (!s->hits[i].is_late)
            on_time.hits[on_time.n++] = s->hits[i];
    run(s, info, rng, &got);
    if (!s->spec.is_final)
        expect_findings(&x);
    else if (s->is_tumbling)
        expect_tumbling(&x);
    else
        expect_sliding(&x);
    qsort(got.items, got.n, sizeof *got.items, by_time);
    qsort(want.items, want.n, sizeof *want.items, by_time);
    compare(&got, &want);
    return want.n;
}

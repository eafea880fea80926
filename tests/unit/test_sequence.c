/* test_sequence.c - sequences against a model that knows the whole list: a state machine over the
 * events in order, with missing items looked up afterwards in all events.
 */
#include "correlate/operator.h"

#include "correlate/hit.h"
#include "rule/correlation.h"
#include "tests/lib/operator_run.h"
#include "tests/lib/rng.h"
#include "tests/lib/test.h"

#include <stdlib.h>

enum { EVENTS_MAX = 60, ITEMS_MAX = 6, STAGES_MAX = 16, TOLD_MAX = 4096 };

struct event {
    int64_t t_ms;
    uint64_t value;  /* order of events of one time */
    uint32_t labels; /* bit i: it is item i */
};

struct scene {
    struct correlation correlation;
    struct sequence_item items[ITEMS_MAX];
    struct operator_spec spec;
    struct event events[EVENTS_MAX];
    size_t n;
};

static struct rng rng;

/* ---- the model ------------------------------------------------------------------ */

struct partial {
    bool is_there;
    size_t at[STAGES_MAX]; /* the event of each stage */
};

struct flat {
    uint32_t item_of[STAGES_MAX];
    uint32_t n;
};

static struct flat flatten(const struct scene *s)
{
    struct flat f = {.n = 0};

    for (uint32_t i = 0; i < s->correlation.n_inputs; i++)
        for (uint32_t k = 0; s->items[i].kind == SEQUENCE_STAGE && k < s->items[i].runs; k++)
            f.item_of[f.n++] = i;
    return f;
}

static bool has(const struct event *e, uint32_t item)
{
    return e->labels >> item & 1;
}

/* Some event of the item in (from, to), by number. */
static bool any_between(const struct scene *s, uint32_t item, size_t from, size_t to)
{
    for (size_t i = from + 1; i < to; i++)
        if (has(&s->events[i], item))
            return true;
    return false;
}

/* The time it is told, or INT64_MIN if a missing item spoils it. */
static int64_t judged(const struct scene *s, const struct flat *f, const struct partial *p)
{
    int64_t w = s->spec.window_ms, first = s->events[p->at[0]].t_ms;
    size_t last_at = p->at[f->n - 1];
    int64_t last = s->events[last_at].t_ms, lead = INT64_MIN, trail = INT64_MAX;
    bool has_lead = false, has_trail = false;

    for (uint32_t i = 0; i < s->correlation.n_inputs; i++) {
        if (s->items[i].kind != SEQUENCE_MISSING)
            continue;
        if (i < f->item_of[0]) {
            has_lead = true;
            for (size_t k = 0; k < p->at[0]; k++)
                if (has(&s->events[k], i) && s->events[k].t_ms > lead)
                    lead = s->events[k].t_ms;
        } else if (i > f->item_of[f->n - 1]) {
            has_trail = true;
            for (size_t k = s->n; k-- > last_at + 1;)
                if (has(&s->events[k], i) && s->events[k].t_ms < trail)
                    trail = s->events[k].t_ms;
        } else {
            for (uint32_t k = 1; k < f->n; k++)
                if (f->item_of[k - 1] < i && i < f->item_of[k] &&
                    any_between(s, i, p->at[k - 1], p->at[k]))
                    return INT64_MIN;
        }
    }
    if (has_lead && has_trail) {
        if (lead == INT64_MIN || lead + w < last)
            return last;
        return trail != INT64_MAX && trail - lead <= w ? INT64_MIN : lead + w;
    }
    if (has_lead)
        return lead != INT64_MIN && last - lead <= w ? INT64_MIN : last;
    if (has_trail)
        return trail != INT64_MAX && trail - first <= w ? INT64_MIN : first + w;
    return last;
}

static size_t model(const struct scene *s, int64_t *told)
{
    struct flat f = flatten(s);
    struct partial pending[STAGES_MAX] = {0};
    size_t n = 0;

    for (size_t e = 0; e < s->n; e++) {
        for (uint32_t k = f.n; k-- > 0;) {
            struct partial p = {.is_there = true};
            if (!has(&s->events[e], f.item_of[k]))
                continue;
            if (k > 0) {
                p = pending[k - 1];
                pending[k - 1].is_there = false;
                if (!p.is_there || s->events[e].t_ms - s->events[p.at[0]].t_ms > s->spec.window_ms)
                    continue;
            }
            p.at[k] = e;
            pending[k] = p;
            if (k == f.n - 1) {
                int64_t t = judged(s, &f, &p);
                if (t != INT64_MIN)
                    told[n++] = t;
            }
        }
        uint32_t last = (uint32_t)s->correlation.n_inputs - 1;
        if (s->items[last].kind == SEQUENCE_UNTIL && has(&s->events[e], last))
            memset(pending, 0, sizeof pending);
    }
    return n;
}

/* ---- random scenes ------------------------------------------------------------------ */

static int by_order(const void *a, const void *b)
{
    const struct event *x = a, *y = b;

    if (x->t_ms != y->t_ms)
        return x->t_ms < y->t_ms ? -1 : 1;
    return (x->value > y->value) - (x->value < y->value);
}

static void make_items(struct scene *s)
{
    uint32_t n = 1 + rng_below(&rng, ITEMS_MAX - 1), n_stages = 0;

    for (uint32_t i = 0; i < n; i++) {
        s->items[i] = (struct sequence_item){
            .kind = rng_below(&rng, 4) ? SEQUENCE_STAGE : SEQUENCE_MISSING, .runs = 1};
        if (s->items[i].kind == SEQUENCE_STAGE && rng_below(&rng, 5) == 0)
            s->items[i].runs = 1 + rng_below(&rng, 3);
        n_stages += s->items[i].kind == SEQUENCE_STAGE;
    }
    if (n_stages == 0)
        s->items[0].kind = SEQUENCE_STAGE;
    if (rng_below(&rng, 3) == 0)
        s->items[n++] = (struct sequence_item){SEQUENCE_UNTIL, 1};
    s->correlation =
        (struct correlation){.kind = OPERATOR_SEQUENCE, .n_inputs = n, .items = s->items};
}

static void make_scene(struct scene *s)
{
    static const uint32_t spans[] = {3, 10, 40, 1000};
    int64_t t = 0;

    make_items(s);
    uint32_t window = spans[rng_below(&rng, (uint32_t)ARRAY_LEN(spans))];
    s->correlation.window_ms = window;
    s->spec = (struct operator_spec){.correlation = &s->correlation,
                                     .is_final = true,
                                     .window_ms = window,
                                     .lateness_ms = rng_below(&rng, 20)};
    s->n = 1 + rng_below(&rng, EVENTS_MAX);
    for (size_t i = 0; i < s->n; i++) {
        t += rng_below(&rng, 4);
        s->events[i] = (struct event){.t_ms = t, .value = rng_below(&rng, 1000000) * 64 + i};
        for (uint32_t k = 0; k < s->correlation.n_inputs; k++)
            if (rng_below(&rng, (uint32_t)s->correlation.n_inputs) == 0)
                s->events[i].labels |= 1u << k;
    }
    qsort(s->events, s->n, sizeof s->events[0], by_order);
}

static void put_event(struct operator_run *r, const struct scene *s, const struct event *e)
{
    uint32_t first = rng_below(&rng, (uint32_t)s->correlation.n_inputs);

    for (uint32_t i = 0; i < s->correlation.n_inputs; i++) { /* in any order of labels */
        uint32_t label = (first + i) % (uint32_t)s->correlation.n_inputs;
        struct hit hit = {
            .label = label, .count = 1, .value = e->value, .keys = STR("\1\1\0\0\0a")};
        if (has(e, label))
            operator_run_hit(r, operator_run_key(1, 1), e->t_ms, &hit);
        if (has(e, label) && rng_below(&rng, 20) == 0)
            operator_run_hit(r, operator_run_key(1, 1), e->t_ms, &hit); /* twice is once */
    }
}

static int by_number(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static size_t check_scene(struct scene *s)
{
    struct operator_run *r = operator_run_new(&operator_sequence, &s->spec);
    static int64_t told[TOLD_MAX], times[EVENTS_MAX];
    struct arrival arrivals[EVENTS_MAX];
    int64_t newest = INT64_MIN;
    size_t n_met, n = model(s, told);

    for (size_t i = 0; i < s->n; i++)
        times[i] = s->events[i].t_ms;
    arrivals_shuffle(&rng, times, s->n, s->spec.lateness_ms, arrivals);
    for (size_t i = 0; i < s->n; i++) {
        put_event(r, s, &s->events[arrivals[i].index]);
        newest = arrivals[i].t_ms > newest ? arrivals[i].t_ms : newest;
        if (rng_below(&rng, 3) == 0)
            operator_run_watermark(r, newest - s->spec.lateness_ms);
        if (rng_below(&rng, 8) == 0)
            operator_run_sweep(r);
    }
    operator_run_watermark(r, INT64_MAX);
    const struct met *met = operator_run_met(r, &n_met);
    qsort(told, n, sizeof told[0], by_number);
    CHECK_EQ(n_met, n);
    for (size_t i = 0; i < n; i++)
        CHECK_EQ(met[i].t_ms, told[i]);
    operator_run_free(r);
    return n;
}

TEST(equals_the_model_in_every_order_of_arrival)
{
    static struct scene s;
    size_t told = 0;

    rng = rng_start("sequence");
    for (int round = 0; round < 20000; round++) {
        make_scene(&s);
        told += check_scene(&s);
    }
    CHECK(told > 20000);
}

/* ---- the vectors of EQL, one key ----------------------------------------------------- */

static struct scene vector_of(const char *items, const char *events, int64_t window_ms)
{
    struct scene s = {.n = 0};
    size_t n = 0;

    for (const char *p = items; *p; p++) {
        enum sequence_kind kind = *p == '!'   ? SEQUENCE_MISSING
                                  : *p == '~' ? SEQUENCE_UNTIL
                                              : SEQUENCE_STAGE;
        p += kind != SEQUENCE_STAGE;
        s.items[n] = (struct sequence_item){kind, 1};
        if (p[1] >= '0' && p[1] <= '9')
            s.items[n].runs = (uint32_t)(*++p - '0');
        n++;
    }
    s.correlation =
        (struct correlation){.kind = OPERATOR_SEQUENCE, .n_inputs = n, .window_ms = window_ms};
    s.spec = (struct operator_spec){.is_final = true, .window_ms = window_ms};
    for (const char *p = events; *p; p++) {
        struct event *e = &s.events[s.n];
        *e = (struct event){.t_ms = (int64_t)s.n, .value = s.n};
        for (size_t i = 0, at = 0; items[at]; at++) {
            if (items[at] == '!' || items[at] == '~' || (items[at] >= '0' && items[at] <= '9'))
                continue;
            if (items[at] == *p)
                e->labels |= 1u << i;
            i++;
        }
        s.n++;
    }
    return s;
}

TEST(the_vectors_of_the_language_hold)
{
    static const struct {
        const char *items, *events;
        int64_t window_ms;
        const char *times; /* digits: when something is told */
    } ROWS[] = {
        {"AB", "AABB", 100, "2"},      {"AA", "AAA", 100, "12"},      {"ABC", "ABAC", 100, "3"},
        {"ABC", "ABABC", 100, "4"},    {"ABB", "ABBABBB", 100, "25"}, {"A2C", "AAACC", 100, "3"},
        {"A3", "AAAAAA", 100, "2345"}, {"AB", "A....B", 5, "5"},      {"AB", "A.....B", 5, ""},
        {"AB", "A.....BB", 5, ""},     {"AB~U", "AUB", 100, ""},      {"A!MB", "AB", 100, "1"},
        {"A!MB", "AMB", 100, ""},      {"A!MB", "MAB", 100, "2"},     {"A!M", "A", 5, "5"},
        {"A!M", "A....M", 5, ""},      {"A!M", "A.....M", 5, "5"},    {"!MA", "MA", 5, ""},
        {"!MA", "M.....A", 5, "6"},    {"!MA!N", "MAN", 5, ""},       {"!MA!N", "MA.", 5, "5"},
        {"!MA!N", "AN.", 5, "0"},      {"!MA!N", "MA....N", 5, "5"},
    };

    rng = rng_start("sequence, vectors");
    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
        struct scene s = vector_of(ROWS[i].items, ROWS[i].events, ROWS[i].window_ms);
        char got[32] = "";
        size_t n;
        s.correlation.items = s.items;
        s.spec.correlation = &s.correlation;
        struct operator_run *r = operator_run_new(&operator_sequence, &s.spec);
        for (size_t e = 0; e < s.n; e++)
            put_event(r, &s, &s.events[e]);
        operator_run_watermark(r, INT64_MAX);
        const struct met *met = operator_run_met(r, &n);
        for (size_t k = 0; k < n; k++)
            got[k] = (char)('0' + met[k].t_ms);
        if (strcmp(got, ROWS[i].times) != 0)
            fail_msg("%s on %s: told at %s, not at %s", ROWS[i].items, ROWS[i].events, got,
                     ROWS[i].times);
        operator_run_free(r);
    }
}

TEST(an_event_that_completes_and_ends_completes)
{
    struct scene s = vector_of("AB~U", "A.", 100);
    size_t n;

    rng = rng_start("sequence, until");
    s.correlation.items = s.items;
    s.spec.correlation = &s.correlation;
    s.events[1].labels = 6; /* B and U */
    struct operator_run *r = operator_run_new(&operator_sequence, &s.spec);
    put_event(r, &s, &s.events[0]);
    put_event(r, &s, &s.events[1]);
    operator_run_watermark(r, INT64_MAX);
    (void)operator_run_met(r, &n);
    CHECK_EQ(n, 1);
    operator_run_free(r);
}

TEST_MAIN(ENTRY(the_vectors_of_the_language_hold),
          ENTRY(an_event_that_completes_and_ends_completes),
          ENTRY(equals_the_model_in_every_order_of_arrival))

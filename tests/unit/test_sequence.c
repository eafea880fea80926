/* test_sequence.c - sequences against a model that knows the whole list
 * (tests/lib/sequence_model.h).
 */
#include "correlate/operator.h"

#include "correlate/hit.h"
#include "rule/correlation.h"
#include "state/capsule.h"
#include "tests/lib/operator_run.h"
#include "tests/lib/rng.h"
#include "tests/lib/sequence_model.h"
#include "tests/lib/test.h"

enum { EVENTS_MAX = 60, ITEMS_MAX = 6 };

struct scene {
    struct correlation correlation;
    struct sequence_item items[ITEMS_MAX];
    struct operator_spec spec;
    struct sequence_event events[EVENTS_MAX];
    size_t n;
};

static struct rng rng;

/* ---- random scenes ------------------------------------------------------------------ */

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
                                     .lists_steps = rng_below(&rng, 3) == 0,
                                     .window_ms = window,
                                     .lateness_ms = rng_below(&rng, 20)};
    s->n = 1 + rng_below(&rng, EVENTS_MAX);
    for (size_t i = 0; i < s->n; i++) {
        t += rng_below(&rng, 4);
        s->events[i] =
            (struct sequence_event){.t_ms = t, .value = rng_below(&rng, 1000000) * 64 + i};
        for (uint32_t k = 0; k < s->correlation.n_inputs; k++)
            if (rng_below(&rng, (uint32_t)s->correlation.n_inputs) == 0)
                s->events[i].labels |= 1u << k;
    }
    sequence_events_sort(s->events, s->n);
}

/* Named by the event's number: what is cited can be told from it. */
static struct str capsule_of(const struct scene *s, const struct sequence_event *e, struct buf *out)
{
    static char text[CAPSULE_NAME_MAX]; /* in some scenes so long that room is short */
    struct capsule c = {.input = STR("a"), .offset = (uint64_t)(e - s->events), .t_ms = e->t_ms};

    if (s->n % 2)
        c.input = c.profile = c.rule = (struct str){text, sizeof text};

    buf_clear(out);
    capsule_pack(&c, out);
    return buf_str(out);
}

static void put_event(struct operator_run *r, const struct scene *s, const struct sequence_event *e)
{
    uint32_t first = rng_below(&rng, (uint32_t)s->correlation.n_inputs);
    struct buf bytes = {0};
    struct str capsule = capsule_of(s, e, &bytes);

    for (uint32_t i = 0; i < s->correlation.n_inputs; i++) { /* in any order of labels */
        uint32_t label = (first + i) % (uint32_t)s->correlation.n_inputs;
        struct hit hit = {
            .label = label, .count = 1, .value = e->value, .keys = STR("\1\1\0\0\0a")};
        hit.capsule = capsule;
        if ((e->labels >> label & 1))
            operator_run_hit(r, operator_run_key(1, 1), e->t_ms, &hit);
        if ((e->labels >> label & 1) && rng_below(&rng, 20) == 0)
            operator_run_hit(r, operator_run_key(1, 1), e->t_ms, &hit); /* twice is once */
    }
    buf_release(&bytes);
}

/* The numbers of the events that must be cited: of many the first and the last ones. */
static size_t cited_of(const struct scene *s, const struct sequence_told *t, uint64_t *out)
{
    size_t max = CAPSULES_FIRST + CAPSULES_LAST, n = 0;

    for (size_t i = 0; i < t->n_steps; i++)
        if (s->spec.lists_steps || t->n_steps <= max || i < CAPSULES_FIRST ||
            i >= t->n_steps - CAPSULES_LAST)
            out[n++] = t->at[i];
    return n;
}

static bool is_told(const struct scene *s, const struct sequence_told *t, const struct met *met)
{
    uint64_t cited[SEQUENCE_MODEL_STAGES];
    size_t n = cited_of(s, t, cited);

    if (met->t_ms != t->t_ms || met->n_cited != n ||
        memcmp(met->cited, cited, n * sizeof cited[0]) != 0)
        return false;
    for (size_t i = 0; i < n && s->spec.lists_steps; i++)
        if (memcmp(met->detail + i * sizeof(uint64_t), &s->events[cited[i]].value,
                   sizeof(uint64_t)) != 0)
            return false;
    return true;
}

/* Each once, whatever the order of those of one time. */
static void check_told(const struct scene *s, const struct sequence_told *told,
                       const struct met *met, size_t n)
{
    bool is_used[EVENTS_MAX] = {false};
    size_t k;

    for (size_t i = 0; i < n; i++) {
        for (k = 0; k < n && (is_used[k] || !is_told(s, &told[i], &met[k]));)
            k++;
        if (k == n)
            fail_msg("%zu of %zu, at %lld, is not told with its steps", i, n,
                     (long long)told[i].t_ms);
        is_used[k] = true;
    }
}

static size_t check_scene(struct scene *s)
{
    struct operator_run *r = operator_run_new(&operator_sequence, &s->spec);
    static struct sequence_told told[EVENTS_MAX];
    static int64_t times[EVENTS_MAX];
    struct arrival arrivals[EVENTS_MAX];
    int64_t newest = INT64_MIN;
    size_t n_met, n = sequence_model(&s->correlation, s->spec.window_ms, s->events, s->n, told);

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
    CHECK_EQ(n_met, n);
    check_told(s, told, met, n);
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
        struct sequence_event *e = &s.events[s.n];
        *e = (struct sequence_event){.t_ms = (int64_t)s.n, .value = s.n};
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

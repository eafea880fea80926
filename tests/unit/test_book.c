/* test_book.c - findings of a key: bucket, count, lifecycle; suppress and the storm brake. */
#include "correlate/book.h"

#include "base/pack.h"
#include "correlate/brake.h"
#include "correlate/record.h"
#include "state/uid.h"
#include "tests/lib/step_runner.h"
#include "tests/lib/test.h"

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE };
#define NOON INT64_C(1700000000000)

static const struct str key_names[] = {{"User", 4}, {"Host", 4}};

static struct operator_spec spec_of(int64_t period_ms)
{
    return (struct operator_spec){.fold = {.rule_uid = STR("rule-1"),
                                           .tenant = STR("t"),
                                           .period_ms = period_ms,
                                           .threshold = 1,
                                           .key_names = key_names,
                                           .n_key_names = 2}};
}

static struct str keys_of(struct buf *b, const char *user, const char *host)
{
    buf_clear(b);
    pack_u8(b, 2);
    pack_str(b, str_from(user));
    pack_str(b, str_from(host));
    return buf_str(b);
}

static int64_t start_of(struct str user, struct str host, int64_t t_ms, int64_t period_ms)
{
    struct str parts[] = {STR("rule-1"), user, host};
    struct digest d;

    return uid_bucket_start(&d, parts, 3, t_ms, period_ms);
}

/* Suppress with one key, whose operations carry these keys. */
struct bench {
    struct step_runner *r;
    struct operator_spec spec;
    struct buf keys;
    uint64_t order;
    struct finding last;
};

static void bench_start(struct bench *b, struct operator_spec spec)
{
    *b = (struct bench){.r = step_runner_new(), .spec = spec};
    keys_of(&b->keys, "ann", "web");
}

static void bench_end(struct bench *b)
{
    step_runner_free(b->r);
    buf_release(&b->keys);
}

static void apply(struct bench *b, int64_t t_ms, struct hit hit)
{
    hit.keys = buf_str(&b->keys);
    struct state_op op = {.t_ms = t_ms, .order = b->order++, .payload = &hit};
    step_runner_apply(b->r, &op);
}

/* What was told, as "C1 U2 X3": Create, Update, Close with their counts. */
static const char *told(struct bench *b)
{
    static char text[256];
    size_t n, at = 0;
    const struct emission *e = step_runner_take(b->r, &n);

    text[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        CHECK(finding_unpack(e[i].bytes, &b->last));
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%c%llu", i ? " " : "",
                               "?CUX"[b->last.activity], (unsigned long long)b -> last.hits);
    }
    return text;
}

#define CHECK_TOLD(b, literal) CHECK_STR(str_from(told(b)), literal)

TEST(a_finding_has_the_name_that_its_parts_give)
{
    struct bench b;
    struct digest d;
    int64_t start = start_of(STR("ann"), STR("web"), NOON, HOUR);
    char bucket[40];

    bench_start(&b, spec_of(HOUR));
    b.spec.fold.update_ms = 0;
    (void)step_runner_add(b.r, suppress_step, &b.spec);
    apply(&b, NOON, (struct hit){.count = 1, .level = 3});
    CHECK_TOLD(&b, "C1");
    snprintf(bucket, sizeof bucket, "bucket:%lld", (long long)start);
    struct str parts[] = {STR("t"), STR("rule-1"), STR("ann"), STR("web"), str_from(bucket)};
    struct uid uid = uid_of_parts(&d, parts, 5);
    CHECK(memcmp(uid.bytes, b.last.uid, 16) == 0);
    CHECK_EQ(b.last.bucket_start_ms, start);
    CHECK_EQ(b.last.bucket_end_ms, start + HOUR);
    CHECK_EQ(b.last.n_keys, 2);
    CHECK_STR(b.last.keys[1], "web");
    CHECK_STR(b.last.key_names[0], "User");
    CHECK_EQ(b.last.level, 3);
    CHECK_EQ(b.last.sequence, 1);
    bench_end(&b);
}

TEST(updates_are_told_at_powers_of_two_and_the_close_at_the_end_of_the_bucket)
{
    struct bench b;
    int64_t start = start_of(STR("ann"), STR("web"), NOON, HOUR);

    bench_start(&b, spec_of(HOUR));
    (void)step_runner_add(b.r, suppress_step, &b.spec);
    for (int i = 0; i < 9; i++)
        apply(&b, start + 100 - i, (struct hit){.count = 1});
    CHECK_TOLD(&b, "C1 U2 U4 U8");
    apply(&b, start + 200, (struct hit){.count = 1, .level = 4});
    CHECK_TOLD(&b, "U10");
    CHECK_EQ(b.last.cause, CAUSE_SEVERITY);
    step_runner_watermark(b.r, start + HOUR - 1);
    CHECK_TOLD(&b, "");
    step_runner_watermark(b.r, start + HOUR);
    CHECK_TOLD(&b, "X10");
    CHECK_EQ(b.last.sequence, 6);
    CHECK_EQ(b.last.first_ms, start + 92);
    CHECK_EQ(b.last.last_ms, start + 200);
    CHECK(b.last.is_timer);
    CHECK_EQ(step_runner_cells(b.r), 0);
    bench_end(&b);
}

TEST(buckets_side_by_side_are_findings_of_their_own)
{
    struct bench b;
    int64_t start = start_of(STR("ann"), STR("web"), NOON, HOUR);

    bench_start(&b, spec_of(HOUR));
    (void)step_runner_add(b.r, suppress_step, &b.spec);
    apply(&b, start + HOUR, (struct hit){.count = 1});
    apply(&b, start + HOUR - 1, (struct hit){.count = 3});
    apply(&b, start + HOUR * 5 / 2, (struct hit){.count = 2});
    apply(&b, start, (struct hit){.count = 1});
    CHECK_TOLD(&b, "C1 C3 C2");
    step_runner_watermark(b.r, INT64_MAX);
    CHECK_TOLD(&b, "X4 X1 X2");
    bench_end(&b);
}

TEST(a_period_tells_what_came_since)
{
    struct bench b;
    int64_t start = start_of(STR("ann"), STR("web"), NOON, HOUR);

    bench_start(&b, spec_of(HOUR));
    b.spec.fold.update_ms = 10 * MINUTE;
    (void)step_runner_add(b.r, suppress_step, &b.spec);
    apply(&b, start, (struct hit){.count = 2});
    step_runner_watermark(b.r, start + 10 * MINUTE);
    CHECK_TOLD(&b, "C2");
    apply(&b, start + 11 * MINUTE, (struct hit){.count = 1});
    step_runner_watermark(b.r, start + 20 * MINUTE - 1);
    CHECK_TOLD(&b, "");
    step_runner_watermark(b.r, start + 20 * MINUTE);
    CHECK_TOLD(&b, "U3");
    CHECK_EQ(b.last.cause, CAUSE_PERIOD);
    step_runner_watermark(b.r, INT64_MAX);
    CHECK_TOLD(&b, "X3");
    bench_end(&b);
}

TEST(with_an_anchor_the_first_match_opens_the_interval)
{
    struct bench b;

    bench_start(&b, spec_of(HOUR));
    b.spec.fold.is_anchored = true;
    (void)step_runner_add(b.r, suppress_step, &b.spec);
    apply(&b, NOON + HOUR, (struct hit){.count = 1});
    apply(&b, NOON + 10, (struct hit){.count = 1});
    apply(&b, NOON, (struct hit){.count = 1});
    CHECK_TOLD(&b, "");
    step_runner_watermark(b.r, NOON);
    CHECK_TOLD(&b, "");
    step_runner_watermark(b.r, NOON + 20);
    CHECK_TOLD(&b, "C1 U2");
    CHECK_EQ(b.last.bucket_start_ms, NOON);
    step_runner_watermark(b.r, INT64_MAX);
    CHECK_TOLD(&b, "C1 X2 X1");
    CHECK_EQ(b.last.bucket_start_ms, NOON + HOUR);
    CHECK_EQ(step_runner_cells(b.r), 0);
    bench_end(&b);
}

/* ---- brake --------------------------------------------------------------------------------- */

static void brake_one(struct step_runner *r, int64_t t_ms, const char *user)
{
    struct finding f = {.activity = FINDING_CREATE, .sequence = 1, .hits = 1, .n_keys = 1};
    struct buf bytes = {0};

    f.keys[0] = str_from(user);
    f.key_names[0] = STR("User");
    finding_pack(&f, &bytes);
    struct brake_hit hit = {buf_str(&bytes)};
    struct state_op op = {.t_ms = t_ms, .payload = &hit};
    step_runner_apply(r, &op);
    buf_release(&bytes);
}

TEST(the_brake_lets_so_many_of_a_minute_pass_and_tells_the_rest_in_one)
{
    struct brake_spec spec = {STR("rule-1"), STR("t"), 3, BRAKE_PERIOD_MS};
    struct step_runner *r = step_runner_new();
    int64_t minute = NOON / MINUTE * MINUTE;
    size_t n, braked = 0;
    struct finding f;

    (void)step_runner_add(r, brake_step, &spec);
    for (int i = 0; i < 10; i++)
        brake_one(r, minute + i, i % 3 ? "ann" : "bob");
    brake_one(r, minute + MINUTE, "ann");
    brake_one(r, minute - 1, "ann");
    const struct emission *e = step_runner_take(r, &n);
    CHECK_EQ(n, 12);
    for (size_t i = 0; i < n; i++) {
        CHECK(finding_unpack(e[i].bytes, &f));
        CHECK_EQ(f.is_braked, i >= 3 && i < 10);
        braked += f.is_braked;
    }
    CHECK_EQ(braked, 7);
    step_runner_watermark(r, minute + MINUTE);
    e = step_runner_take(r, &n);
    CHECK_EQ(n, 1);
    CHECK(finding_unpack(e[0].bytes, &f));
    CHECK(f.is_flood);
    CHECK_EQ(f.hits, 10);
    CHECK_EQ(f.suppressed, 7);
    CHECK_STR(f.detail, "ann (4), bob (3)");
    step_runner_watermark(r, INT64_MAX);
    (void)step_runner_take(r, &n);
    CHECK_EQ(n, 0);
    CHECK_EQ(step_runner_cells(r), 0);
    step_runner_free(r);
}

/* ---- signals ------------------------------------------------------------------------------- */

TEST(a_signal_comes_back_as_it_was)
{
    struct signal s = {.stage = 2, .t_ms = -5, .measured_micro = 7, .has_measured = true}, got;
    struct buf bytes = {0};

    s.hit = (struct hit){.label = 3, .count = 4, .value = 5, .actor = 6, .event_id = 7, .level = 2};
    s.hit.keys = STR("\1xyz");
    s.hit.value_text = STR("value");
    s.hit.is_inexact = true;
    s.hit.place = (struct place){-1, 2, 3, "DE", true};
    s.detail = STR("detail");
    signal_pack(&s, &bytes);
    CHECK_EQ(record_kind_of(buf_str(&bytes)), RECORD_SIGNAL);
    CHECK(signal_unpack(buf_str(&bytes), &got));
    CHECK_EQ(got.t_ms, -5);
    CHECK_EQ(got.hit.label, 3);
    CHECK(got.hit.is_inexact && got.has_measured && got.hit.place.has);
    CHECK_EQ(got.hit.place.lat_e5, -1);
    CHECK_STR(got.hit.value_text, "value");
    CHECK_STR(got.detail, "detail");
    for (size_t n = 0; n < bytes.n; n++)
        CHECK(!signal_unpack((struct str){bytes.p, n}, &got));
    buf_release(&bytes);
}

TEST_MAIN(ENTRY(a_finding_has_the_name_that_its_parts_give),
          ENTRY(updates_are_told_at_powers_of_two_and_the_close_at_the_end_of_the_bucket),
          ENTRY(buckets_side_by_side_are_findings_of_their_own),
          ENTRY(a_period_tells_what_came_since),
          ENTRY(with_an_anchor_the_first_match_opens_the_interval),
          ENTRY(the_brake_lets_so_many_of_a_minute_pass_and_tells_the_rest_in_one),
          ENTRY(a_signal_comes_back_as_it_was))

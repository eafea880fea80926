/* test_record.c - signals as bytes. */
#include "correlate/record.h"

#include "tests/lib/test.h"

static struct signal full_signal(void)
{
    struct signal s = {.stage = 1,
                       .key = {{1, 2, 3}},
                       .t_ms = -5,
                       .measured_micro = 7000000,
                       .has_measured = true,
                       .detail = STR("detail")};

    s.hit = (struct hit){.label = 3,
                         .count = 4,
                         .value = 5,
                         .actor = 6,
                         .event_id = 7,
                         .number_micro = -8,
                         .level = 2,
                         .group_key = {{9, 10}},
                         .keys = STR("keys"),
                         .value_text = STR("value"),
                         .capsule = STR("capsule"),
                         .addends = STR("addends")};
    return s;
}

TEST(signal_comes_back_as_it_was)
{
    struct signal s = full_signal(), got;
    struct buf b = {0};

    signal_pack(&s, &b);
    CHECK_EQ(record_kind_of(buf_str(&b)), RECORD_SIGNAL);
    CHECK(signal_unpack(buf_str(&b), &got));
    CHECK(got.stage == 1 && got.t_ms == -5 && got.measured_micro == 7000000 && got.has_measured);
    CHECK(memcmp(&got.key, &s.key, sizeof s.key) == 0);
    CHECK(got.hit.label == 3 && got.hit.count == 4 && got.hit.value == 5 && got.hit.actor == 6);
    CHECK(got.hit.event_id == 7 && got.hit.number_micro == -8 && got.hit.level == 2);
    CHECK(memcmp(&got.hit.group_key, &s.hit.group_key, sizeof s.key) == 0);
    CHECK_STR(got.hit.keys, "keys");
    CHECK_STR(got.hit.value_text, "value");
    CHECK_STR(got.hit.capsule, "capsule");
    CHECK_STR(got.hit.addends, "addends");
    CHECK_STR(got.detail, "detail");
    buf_release(&b);
}

TEST(signal_that_is_cut_or_longer_is_none)
{
    struct signal s = full_signal(), got;
    struct buf b = {0};

    signal_pack(&s, &b);
    for (size_t n = 0; n < b.n; n++)
        CHECK(!signal_unpack(str_sub(buf_str(&b), 0, n), &got));
    buf_add_char(&b, 'x');
    CHECK(!signal_unpack(buf_str(&b), &got));
    buf_release(&b);
}

TEST(what_passes_through_comes_back_as_it_was)
{
    struct passing p;
    struct buf b = {0};

    passing_pack(&(struct passing){STR("tenant"), STR("uid"), STR("finding")}, &b);
    CHECK_EQ(record_kind_of(buf_str(&b)), RECORD_PASSING);
    CHECK(passing_unpack(buf_str(&b), &p));
    CHECK_STR(p.tenant, "tenant");
    CHECK_STR(p.rule_uid, "uid");
    CHECK_STR(p.finding, "finding");
    for (size_t n = 0; n < b.n; n++)
        CHECK(!passing_unpack(str_sub(buf_str(&b), 0, n), &p));
    buf_add_char(&b, 'x');
    CHECK(!passing_unpack(buf_str(&b), &p));
    buf_release(&b);
}

TEST_MAIN(ENTRY(signal_comes_back_as_it_was), ENTRY(signal_that_is_cut_or_longer_is_none),
          ENTRY(what_passes_through_comes_back_as_it_was))

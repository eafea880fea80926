/* test_claim.c - what a published record claims, as a header and back. */
#include "correlate/claim.h"
#include "base/str.h"
#include "correlate/record.h"
#include "tests/lib/test.h"

static const char uid_text[] = "8844d0cd-fb0a-5513-bef8-e93331bedc21";
static const uint8_t uid_bytes[] = {0x88, 0x44, 0xd0, 0xcd, 0xfb, 0x0a, 0x55, 0x13,
                                    0xbe, 0xf8, 0xe9, 0x33, 0x31, 0xbe, 0xdc, 0x21};

static struct finding finding_of(enum finding_activity activity)
{
    struct finding f = {.shard = 63, .activity = activity, .sequence = 7};

    memcpy(f.uid, uid_bytes, sizeof f.uid);
    return f;
}

TEST(only_updates_are_several)
{
    struct finding f = finding_of(FINDING_UPDATE);
    struct store_claim c;

    CHECK(claim_of(&f, &c));
    CHECK_EQ(c.sequence, 7);
    f = finding_of(FINDING_CLOSE);
    CHECK(claim_of(&f, &c));
    CHECK_EQ(c.sequence, 0);
    CHECK_EQ(c.kind, FINDING_CLOSE);
    f.shard = FINDING_NO_SHARD;
    CHECK(!claim_of(&f, &c));
}

TEST(a_header_comes_back_as_it_was)
{
    struct finding f = finding_of(FINDING_UPDATE);
    struct store_claim c, back;
    char text[CLAIM_TEXT_MAX];

    CHECK(claim_of(&f, &c));
    claim_format(&c, text);
    CHECK(strcmp(text, "63 2 7") == 0);
    CHECK(claim_parse(str_from(text), str_from(uid_text), &back));
    CHECK(memcmp(back.uid, c.uid, sizeof c.uid) == 0);
    CHECK_EQ(back.shard, 63);
    CHECK_EQ(back.kind, 2);
    CHECK_EQ(back.sequence, 7);
}

TEST(damaged_headers_are_refused)
{
    static const char *const texts[] = {"",
                                        "63",
                                        "63 2",
                                        "64 2 7",
                                        "63 0 7",
                                        "63 4 7",
                                        "63 2 7 1",
                                        "63 2 -7",
                                        "a b c",
                                        "63  2 7",
                                        "63 2 99999999999999999999"};
    static const char *const keys[] = {"", "8844d0cd", "8844d0cd-fb0a-5513-bef8-e93331bedc2g",
                                       "8844d0cdxfb0a-5513-bef8-e93331bedc21",
                                       "8844d0cd-fb0a-5513-bef8-e93331bedc211"};
    struct store_claim c;

    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        CHECK(!claim_parse(str_from(texts[i]), str_from(uid_text), &c));
    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        CHECK(!claim_parse(STR("63 2 7"), str_from(keys[i]), &c));
}

TEST(a_finding_that_passes_through_risk_is_claimed_too)
{
    struct finding f = finding_of(FINDING_CREATE);
    struct buf record = {0}, passing = {0};
    struct store_claim c;

    finding_pack(&f, &record);
    CHECK(claim_read(buf_str(&record), &c));
    CHECK(memcmp(c.uid, uid_bytes, sizeof c.uid) == 0);
    passing_pack(&(struct passing){STR("t"), STR("rule"), buf_str(&record)}, &passing);
    CHECK(claim_read(buf_str(&passing), &c));
    CHECK(memcmp(c.uid, uid_bytes, sizeof c.uid) == 0);
    CHECK(!claim_read(STR(""), &c));
    buf_release(&record);
    buf_release(&passing);
}

TEST_MAIN(ENTRY(only_updates_are_several), ENTRY(a_header_comes_back_as_it_was),
          ENTRY(damaged_headers_are_refused),
          ENTRY(a_finding_that_passes_through_risk_is_claimed_too))

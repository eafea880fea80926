/* test_stretch.c - what kafka://... and --from mean; reading itself: tests/kafka/test_backtest. */
#include "app/stretch.h"

#include "base/str.h"
#include "tests/lib/test.h"

TEST(a_place_is_a_topic_a_partition_or_a_record)
{
    static const struct {
        const char *path, *topic; /* NULL: refused */
        int32_t partition;
        int64_t offset;
    } cases[] = {
        {"kafka://events", "events", -1, -1},
        {"kafka://a.b_c-D9/0", "a.b_c-D9", 0, -1},
        {"kafka://events/2147483647/9223372036854775807", "events", INT32_MAX, INT64_MAX},
        {"kafka://", NULL, 0, 0},
        {"kafka:///1", NULL, 0, 0},
        {"kafka://events/", NULL, 0, 0},
        {"kafka://events/-1", NULL, 0, 0},
        {"kafka://events/2147483648", NULL, 0, 0},
        {"kafka://events/0/", NULL, 0, 0},
        {"kafka://events/0/-2", NULL, 0, 0},
        {"kafka://events/0/1/2", NULL, 0, 0},
        {"kafka://host:9092/events", NULL, 0, 0},
        {"kafka://^events", NULL, 0, 0},
    };
    struct arena *a = arena_new(0);

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct stretch_place place;
        struct weir_err err;
        struct str path = str_from(cases[i].path);
        CHECK(is_stretch(path));
        enum weir_rc rc = stretch_place_parse(a, path, &place, &err);
        if (!cases[i].topic) {
            if (rc != WEIR_BADARG)
                fail_msg("%s was taken", cases[i].path);
            continue;
        }
        CHECK_EQ(rc, WEIR_OK);
        CHECK_STR(place.topic, cases[i].topic);
        CHECK_EQ(place.partition, cases[i].partition);
        CHECK_EQ(place.offset, cases[i].offset);
    }
    CHECK(!is_stretch(STR("kafka:/x")) && !is_stretch(STR("kafka")) && !is_stretch(STR("")));
    arena_free(a);
}

TEST(a_time_is_iso_or_so_long_ago)
{
    enum { NOW_MS = 1000000000 };
    static const struct {
        const char *text;
        int64_t ms; /* -1: refused */
    } cases[] = {
        {"90s", NOW_MS - 90000},
        {"30m", NOW_MS - 30 * 60000},
        {"4h", NOW_MS - 4 * 3600000},
        {"7d", NOW_MS - 7 * 86400000},
        {"0s", NOW_MS},
        {"2026-07-25T12:00:00.125Z", 1784980800125},
        {"1000d", -1}, /* before 1970 */
        {"99999999999999999d", -1},
        {"-4h", -1},
        {"4", -1},
        {"1784980800", 1784980800000},
        {"2026-07-25", 1784937600000},
        {"h", -1},
        {"4x", -1},
        {"", -1},
        {"yesterday", -1},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct weir_err err;
        int64_t ms = -1;
        enum weir_rc rc = stretch_time(str_from(cases[i].text), NOW_MS, &ms, &err);
        if ((rc == WEIR_OK) != (cases[i].ms >= 0))
            fail_msg("'%s' gave %d", cases[i].text, (int)rc);
        if (rc == WEIR_OK)
            CHECK_EQ(ms, cases[i].ms);
    }
}

TEST_MAIN(ENTRY(a_place_is_a_topic_a_partition_or_a_record), ENTRY(a_time_is_iso_or_so_long_ago))

/* test_time.c - times as telemetry writes them. */
#include "tests/lib/test.h"

#include <time.h>

#include "base/time.h"

TEST(known_texts_give_known_times)
{
    static const struct {
        const char *text;
        int64_t ms; /* -1: no time */
    } cases[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"1970-01-01", 0},
        {"2026-07-28T11:44:53.919Z", 1785239093919},
        {"2026-07-28 11:44:53.919", 1785239093919},
        {"2026-07-28 11:44:53,919", 1785239093919},
        {" 2026-07-28T11:44:53.919 \r\n", 1785239093919},
        {"2026-07-28T13:44:53.919+02:00", 1785239093919},
        {"2026-07-28T13:44:53.919+0200", 1785239093919},
        {"2026-07-28T09:44:53.919-02", 1785239093919},
        {"2026-07-28 11:44:53.919 UTC", 1785239093919},
        {"2026-07-28 13:44:53.919 +0200", 1785239093919},
        {"2026-07-28t11:44:53.919999999z", 1785239093919}, /* cut, not rounded */
        {"2026-07-28T11:44Z", 1785239040000},
        {"2000-02-29T00:00:00Z", 951782400000},
        {"2016-12-31T23:59:60Z", 1483228800000}, /* a leap second */
        {"2200-12-31T23:59:59.999Z", 7289654399999},
        {"0", 0},
        {"1785239093", 1785239093000},
        {"1785239093.919", 1785239093919},
        {"1785239093.9194", 1785239093919},
        {"1785239093919", 1785239093919},
        {"1785239093919432", 1785239093919},
        {"1785239093919432100", 1785239093919},
        {"", -1},
        {"-", -1},
        {"Jul 28 11:28:41", -1}, /* no year */
        {"1969-12-31T23:59:59Z", -1},
        {"1970-01-01T00:30:00+01:00", -1},
        {"2201-01-01T00:00:00Z", -1},
        {"7289654400", -1},
        {"9223372036854775807", -1},
        {"9223372036854775808", -1},
        {"99999999999999999999999", -1},
        {"-5", -1},
        {"2026-13-01", -1},
        {"2026-00-01", -1},
        {"2026-02-29", -1},
        {"2100-02-29", -1},
        {"2026-07-28T24:00:00Z", -1},
        {"2026-07-28T11:60:00Z", -1},
        {"2026-07-28T11:44:61Z", -1},
        {"2026-07-28T11:44:53.Z", -1},
        {"2026-07-28T11:44:53+24:00", -1},
        {"2026-07-28T11:44:53+2", -1},
        {"2026-07-28T11:44:53Zx", -1},
        {"2026-07-28x11:44:53Z", -1},
        {"2026-7-28", -1},
        {"2026-07-28T", -1},
        {"1.5e9", -1},
        {"true", -1},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t ms = -1;
        if (!time_parse_ms(str_from(cases[i].text), &ms))
            CHECK_EQ(ms, -1); /* untouched */
        if (ms != cases[i].ms)
            fail_msg("'%s': %lld", cases[i].text, (long long)ms);
    }
}

TEST(parts_are_those_that_are_written)
{
    static const struct {
        const char *text;
        struct time_fields want;
    } cases[] = {
        {"2026-07-28T23:44:53.919+02:00", {2026, 7, 28, 23, 44, 53, 919, 31}},
        {"2026-07-28 01:02:03", {2026, 7, 28, 1, 2, 3, 0, 31}},
        {"1785239093919", {2026, 7, 28, 11, 44, 53, 919, 31}},
        {"2021-01-03", {2021, 1, 3, 0, 0, 0, 0, 53}}, /* Sunday of the last week of 2020 */
        {"2021-01-04", {2021, 1, 4, 0, 0, 0, 0, 1}},
        {"2018-12-31", {2018, 12, 31, 0, 0, 0, 0, 1}},
        {"2016-12-31T23:59:60Z", {2016, 12, 31, 23, 59, 60, 0, 52}},
    };
    struct time_fields f;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CHECK(time_parse_fields(str_from(cases[i].text), &f));
        assert_memory_equal(&f, &cases[i].want, sizeof f);
    }
    CHECK(!time_parse_fields(STR("yesterday"), &f));
}

TEST(formatting_and_reading_back_gives_the_same_time)
{
    char text[TIME_TEXT_MAX], want[TIME_TEXT_MAX];

    for (int64_t ms = 0; ms < 7289654400000; ms += 86400000 * 3 + 12345678) {
        size_t n = time_format_ms(ms, text);
        int64_t back = -1;
        time_t seconds = (time_t)(ms / 1000);
        struct tm tm;

        CHECK(time_parse_ms((struct str){text, n}, &back));
        CHECK_EQ(back, ms);
        /* The C library agrees on the calendar. */
        CHECK_EQ(strftime(want, sizeof want, "%Y-%m-%dT%H:%M:%S", gmtime_r(&seconds, &tm)), 19);
        assert_memory_equal(text, want, 19);
        struct time_fields f;
        CHECK(time_parse_fields((struct str){text, n}, &f));
        strftime(want, sizeof want, "%V", &tm);
        CHECK_EQ((unsigned)f.week, (unsigned)((want[0] - '0') * 10 + want[1] - '0'));
    }
    CHECK_EQ(time_format_ms(1785239093919, text), 24);
    CHECK_STR(str_from(text), "2026-07-28T11:44:53.919Z");
    (void)time_format_ms(INT64_MAX, text); /* any value fits */
    (void)time_format_ms(INT64_MIN, text);
}

TEST(units_are_counted_by_the_calendar)
{
    static const struct {
        const char *from;
        char unit;
        int64_t n;
        const char *to; /* NULL: out of range */
    } cases[] = {
        {"2026-01-31T10:00:00Z", 'M', 1, "2026-02-28T10:00:00.000Z"},
        {"2024-02-29T10:00:00Z", 'y', 1, "2025-02-28T10:00:00.000Z"},
        {"2026-03-31T10:00:00Z", 'M', -13, "2025-02-28T10:00:00.000Z"},
        {"2026-01-01T00:00:00Z", 's', -1, "2025-12-31T23:59:59.000Z"},
        {"2026-01-01T00:00:00Z", 'w', 2, "2026-01-15T00:00:00.000Z"},
        {"2026-01-01T00:00:00Z", 'd', 366, "2027-01-02T00:00:00.000Z"},
        {"2026-01-01T00:00:00Z", 'h', 25, "2026-01-02T01:00:00.000Z"},
        {"2026-01-01T00:00:00Z", 'm', 61, "2026-01-01T01:01:00.000Z"},
        {"2026-01-01T00:00:00Z", 'y', -57, NULL},
        {"2026-01-01T00:00:00Z", 'y', 500, NULL},
        {"2026-01-01T00:00:00Z", 'M', INT64_MIN, NULL},
        {"2026-01-01T00:00:00Z", 'w', INT64_MAX, NULL},
    };
    char text[TIME_TEXT_MAX];

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t ms = 0;
        CHECK(time_parse_ms(str_from(cases[i].from), &ms));
        bool is_good = time_add_units(&ms, cases[i].unit, cases[i].n);
        CHECK_EQ(is_good, cases[i].to != NULL);
        if (is_good)
            CHECK_STR(((struct str){text, time_format_ms(ms, text)}), cases[i].to);
    }
}

TEST(rounding_is_to_the_ends_of_a_unit)
{
    static const struct {
        char unit;
        const char *down, *up;
    } cases[] = {
        {'y', "2026-01-01T00:00:00.000Z", "2026-12-31T23:59:59.999Z"},
        {'M', "2026-02-01T00:00:00.000Z", "2026-02-28T23:59:59.999Z"},
        {'w', "2026-02-09T00:00:00.000Z", "2026-02-15T23:59:59.999Z"},
        {'d', "2026-02-12T00:00:00.000Z", "2026-02-12T23:59:59.999Z"},
        {'h', "2026-02-12T10:00:00.000Z", "2026-02-12T10:59:59.999Z"},
        {'m', "2026-02-12T10:20:00.000Z", "2026-02-12T10:20:59.999Z"},
        {'s', "2026-02-12T10:20:30.000Z", "2026-02-12T10:20:30.999Z"},
    };
    char text[TIME_TEXT_MAX];

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        for (int is_up = 0; is_up < 2; is_up++) {
            int64_t ms = 0;
            CHECK(time_parse_ms(STR("2026-02-12T10:20:30.456Z"), &ms));
            time_round(&ms, cases[i].unit, is_up);
            CHECK_STR(((struct str){text, time_format_ms(ms, text)}),
                      is_up ? cases[i].up : cases[i].down);
        }
}

TEST_MAIN(ENTRY(units_are_counted_by_the_calendar), ENTRY(rounding_is_to_the_ends_of_a_unit),
          ENTRY(known_texts_give_known_times), ENTRY(parts_are_those_that_are_written),
          ENTRY(formatting_and_reading_back_gives_the_same_time))

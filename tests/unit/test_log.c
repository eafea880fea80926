/* test_log.c - lines of the log: form, escaping, levels, and how often. */
#include "worker/log.h"

#include "base/buf.h"
#include "tests/lib/test.h"

struct world {
    int64_t now_ms;
    struct buf text;
};

static int64_t world_now(void *context)
{
    return ((struct world *)context)->now_ms;
}

static void world_write(void *context, struct str line)
{
    buf_add(&((struct world *)context)->text, line);
}

static void begin(struct world *w, enum log_format format, enum log_level least, const char *worker)
{
    *w = (struct world){.now_ms = 1767225600123}; /* 2026-01-01T00:00:00.123Z */
    log_setup(&(struct log_options){.format = format,
                                    .least = least,
                                    .worker = str_from(worker),
                                    .now_ms = world_now,
                                    .write = world_write,
                                    .context = w});
}

static size_t count_lines(const struct world *w)
{
    size_t n = 0;

    for (size_t i = 0; i < w->text.n; i++)
        n += w->text.p[i] == '\n';
    return n;
}

TEST(a_line_has_time_level_worker_message_and_fields)
{
    struct world w;

    begin(&w, LOG_LOGFMT, LOG_INFO, "a-1");
    LOG(LOG_WARN, "state out of reach", LOG_S("error", STR("no route")), LOG_U("lane", 3),
        LOG_I("lag", -4));
    CHECK_STR(buf_str(&w.text), "time=2026-01-01T00:00:00.123Z level=warn worker=a-1 "
                                "msg=\"state out of reach\" error=\"no route\" lane=3 lag=-4\n");
    buf_release(&w.text);
    begin(&w, LOG_JSON, LOG_INFO, "");
    LOG(LOG_INFO, "started");
    LOG(LOG_ERROR, "ended", LOG_S("why", STR("a\"b")), LOG_U("most", UINT64_MAX));
    CHECK_STR(buf_str(&w.text),
              "{\"time\":\"2026-01-01T00:00:00.123Z\",\"level\":\"info\",\"msg\":\"started\"}\n"
              "{\"time\":\"2026-01-01T00:00:00.123Z\",\"level\":\"error\",\"msg\":\"ended\","
              "\"why\":\"a\\\"b\",\"most\":18446744073709551615}\n");
    buf_release(&w.text);
}

TEST(values_cannot_break_a_line_or_steer_a_terminal)
{
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"plain", "plain"},
        {"", "\"\""},
        {"a b", "\"a b\""},
        {"a=b", "\"a=b\""},
        {"say \"x\"", "\"say \\\"x\\\"\""},
        {"a\nlevel=error", "\"a\\nlevel=error\""},
        {"\033[2J", "\"\\u001b[2J\""},
        {"\x7f\xc2\x9b", "\"??\""},
        {"\xc2\xa0x", "\"\xc2\xa0x\""},
        {"\xff", "\"\xef\xbf\xbd\""},
        {"back\\slash", "\"back\\\\slash\""},
    };
    struct world w;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        begin(&w, LOG_LOGFMT, LOG_INFO, "");
        LOG(LOG_INFO, "m", LOG_S("v", str_from(rows[i].in)));
        size_t at = str_find(buf_str(&w.text), STR(" v="), 0);
        CHECK(at != SIZE_MAX);
        CHECK_STR(((struct str){w.text.p + at + 3, w.text.n - at - 4}), rows[i].out);
        buf_release(&w.text);
    }
}

TEST(a_long_value_is_cut_between_characters)
{
    struct world w;
    char text[LOG_VALUE_MAX + 100];

    memset(text, 'x', sizeof text);
    text[LOG_VALUE_MAX - 1] = '\xc3'; /* its tail would be the first byte beyond */
    text[LOG_VALUE_MAX] = '\xa4';
    begin(&w, LOG_LOGFMT, LOG_INFO, "");
    LOG(LOG_INFO, "m", LOG_S("v", ((struct str){text, sizeof text})));
    size_t at = str_find(buf_str(&w.text), STR(" v="), 0);
    CHECK_EQ(w.text.n - at - 4, LOG_VALUE_MAX - 1);
    buf_release(&w.text);
}

TEST(levels_below_the_least_are_not_written)
{
    struct world w;

    begin(&w, LOG_LOGFMT, LOG_WARN, "");
    LOG(LOG_DEBUG, "d");
    LOG(LOG_INFO, "i");
    CHECK_EQ(w.text.n, 0);
    LOG(LOG_WARN, "w");
    LOG(LOG_ERROR, "e");
    CHECK_EQ(count_lines(&w), 2);
    buf_release(&w.text);
}

static void say_often(unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        LOG(LOG_INFO, "often", LOG_U("i", i));
}

TEST(one_text_is_written_at_most_a_burst_a_period)
{
    struct world w;

    begin(&w, LOG_LOGFMT, LOG_INFO, "");
    say_often(LOG_BURST + 7);
    CHECK_EQ(count_lines(&w), LOG_BURST);
    LOG(LOG_INFO, "another");
    CHECK_EQ(count_lines(&w), LOG_BURST + 1);
    w.now_ms += LOG_PERIOD_MS - 1;
    say_often(1);
    CHECK_EQ(count_lines(&w), LOG_BURST + 1);
    w.now_ms += 1;
    buf_clear(&w.text);
    say_often(1);
    CHECK(str_find(buf_str(&w.text), STR("msg=\"lines left out\" of=often lines=8\n"), 0) !=
          SIZE_MAX);
    CHECK_EQ(count_lines(&w), 2);
    w.now_ms += LOG_PERIOD_MS;
    buf_clear(&w.text);
    say_often(1);
    CHECK_EQ(count_lines(&w), 1); /* nothing was left out since */
    buf_release(&w.text);
}

TEST(a_clock_that_is_set_back_silences_nobody)
{
    struct world w;

    begin(&w, LOG_LOGFMT, LOG_INFO, "");
    say_often(LOG_BURST + 1);
    w.now_ms -= 3600 * 1000;
    buf_clear(&w.text);
    say_often(1);
    CHECK_EQ(count_lines(&w), 2);
    buf_release(&w.text);
}

TEST(texts_beyond_the_table_share_a_limit)
{
    static char texts[LOG_MESSAGES_MAX + 2 * LOG_BURST][8];
    struct world w;

    begin(&w, LOG_LOGFMT, LOG_INFO, "");
    for (unsigned i = 0; i < ARRAY_LEN(texts); i++) {
        snprintf(texts[i], sizeof texts[i], "t%u", i);
        log_fields(LOG_INFO, texts[i], NULL, 0);
    }
    CHECK_EQ(count_lines(&w), LOG_MESSAGES_MAX + LOG_BURST);
    buf_release(&w.text);
}

TEST(words_of_levels_and_formats)
{
    enum log_level level;
    enum log_format format;

    CHECK(log_level_parse(STR("debug"), &level) && level == LOG_DEBUG);
    CHECK(log_level_parse(STR("error"), &level) && level == LOG_ERROR);
    CHECK(!log_level_parse(STR("loud"), &level));
    CHECK(log_format_parse(STR("json"), &format) && format == LOG_JSON);
    CHECK(!log_format_parse(STR("xml"), &format));
}

TEST_MAIN(ENTRY(a_line_has_time_level_worker_message_and_fields),
          ENTRY(values_cannot_break_a_line_or_steer_a_terminal),
          ENTRY(a_long_value_is_cut_between_characters),
          ENTRY(levels_below_the_least_are_not_written),
          ENTRY(one_text_is_written_at_most_a_burst_a_period),
          ENTRY(a_clock_that_is_set_back_silences_nobody),
          ENTRY(texts_beyond_the_table_share_a_limit), ENTRY(words_of_levels_and_formats))

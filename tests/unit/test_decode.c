/* test_decode.c - from bytes to records, and from records to events. */
#include "tests/lib/test.h"

#include <stdlib.h>

#include "base/buf.h"
#include "event/decode.h"

/* What came out, one line each: "R record.index text" or "B record.index reason text". */
static void drain(struct splitter *s, struct buf *out, long *record, bool *is_over)
{
    for (;;) {
        struct str text;
        uint32_t index;
        bool is_new;
        enum event_reject reason = EVENT_OK;
        enum splitter_result got = splitter_next(s, &text, &index, &is_new, &reason);

        *is_over = got == SPLIT_END;
        if (got == SPLIT_NEED_MORE || got == SPLIT_END)
            return;
        *record += is_new;
        buf_printf(out, "%c %ld.%u", got == SPLIT_RECORD ? 'R' : 'B', *record, index);
        if (got == SPLIT_BAD)
            buf_printf(out, " %s", event_reject_name(reason));
        buf_printf(out, " %.*s|", (int)text.n, text.p);
    }
}

static struct buf split(const char *input, size_t n, size_t step)
{
    struct splitter *s = splitter_new();
    struct buf out = {0};
    long record = -1;
    bool is_over = false;

    for (size_t at = 0; at < n; at += step) {
        splitter_feed(s, input + at, at + step < n ? step : n - at);
        drain(s, &out, &record, &is_over);
        CHECK(!is_over);
    }
    splitter_end(s);
    drain(s, &out, &record, &is_over);
    CHECK(is_over);
    splitter_free(s);
    return out;
}

TEST(records_are_found_in_every_layout)
{
    static const struct {
        const char *input, *want;
    } cases[] = {
        {"", ""},
        {"\n \r\n", ""},
        {"{\"a\":1}\n{\"b\":2}\n", "R 0.0 {\"a\":1}|R 1.0 {\"b\":2}|"},
        {"{\"a\":1}\r\n{\"b\":2}", "R 0.0 {\"a\":1}|R 1.0 {\"b\":2}|"},
        {"\xef\xbb\xbf{\"a\":1}\n", "R 0.0 {\"a\":1}|"},
        {"{\"a\":1}\n\n\n{\"b\":2}\n", "R 0.0 {\"a\":1}|R 1.0 {\"b\":2}|"},
        /* documents after each other */
        {"{\"a\":1}{\"b\":2} {\"c\":3}\n{\"d\":4}",
         "R 0.0 {\"a\":1}|R 1.0 {\"b\":2}|R 2.0 {\"c\":3}|R 3.0 {\"d\":4}|"},
        {"{\"a\":\"}{\"}\n{\"b\":\"} {\"}\n", "R 0.0 {\"a\":\"}{\"}|R 1.0 {\"b\":\"} {\"}|"},
        /* pretty-printed */
        {"{\n  \"a\": {\n    \"b\": 1\n  }\n}\n{\n  \"c\": 2\n}\n",
         "R 0.0 {\n  \"a\": {\n    \"b\": 1\n  }\n}|R 1.0 {\n  \"c\": 2\n}|"},
        {"{\"a\": {}\n , \"b\": {}\n}\n", "R 0.0 {\"a\": {}\n , \"b\": {}\n}|"},
        /* arrays: on a line they stay whole, over lines they are taken apart */
        {"[{\"a\":1},{\"b\":2}]\n{\"c\":3}\n", "R 0.0 [{\"a\":1},{\"b\":2}]|R 1.0 {\"c\":3}|"},
        {"[\n{\"a\":1},\n{\"b\":2}\n]\n{\"c\":3}\n",
         "R 0.0 {\"a\":1}|R 0.1 {\"b\":2}|R 1.0 {\"c\":3}|"},
        {"[{\"a\":1},\n {\"b\":\n2} ]", "R 0.0 {\"a\":1}|R 0.1 {\"b\":\n2}|"},
        {"[\n]\n{\"a\":1}", "B 0.0 empty_envelope ]|R 1.0 {\"a\":1}|"},
        {"[\n{\"a\":1},\n{\"b\":2}\n", "R 0.0 {\"a\":1}|R 0.1 {\"b\":2}|B 0.0 truncated |"},
        {"[\n{\"a\":1}\n{\"b\":2}\n", "R 0.0 {\"a\":1}|B 0.1 not_json |R 1.0 {\"b\":2}|"},
        {"[\n{\"a\":x},\n{\"b\":2}\n]\n", "B 0.0 not_json {\"a\":x},|R 0.1 {\"b\":2}|"},
        /* a bad line harms nobody else */
        {"{\"a\":1}\ngarbage\n{\"b\":2}\n",
         "R 0.0 {\"a\":1}|B 1.0 not_json garbage|R 2.0 {\"b\":2}|"},
        {"garbage\nmore\n", "B 0.0 not_json garbage|B 1.0 not_json more|"},
        {"{\"a\":1\n{\"b\":2}\n", "B 0.0 not_json {\"a\":1|R 1.0 {\"b\":2}|"},
        {"{\"a\":\n{\"b\":2}\n", "B 0.0 truncated {\"a\":|R 1.0 {\"b\":2}|"},
        {"{\"a\":\nnot json\n{\"ok\":1}\n",
         "B 0.0 not_json {\"a\":|B 1.0 not_json not json|R 2.0 {\"ok\":1}|"},
        {"{\"a\":1}}\n{\"b\":2}\n", "R 0.0 {\"a\":1}}|R 1.0 {\"b\":2}|"}, /* the scan refuses it */
        {"{\n  \"a\": 1,\n  \"b\": x\n}\n{\"c\":3}\n",
         "B 0.0 not_json {\n  \"a\": 1,\n  \"b\": x\n}|R 1.0 {\"c\":3}|"},
        {"{\"c\":3}\n{\n  \"a\": 1,\n  \"b\"",
         "R 0.0 {\"c\":3}|B 1.0 truncated {\n  \"a\": 1,\n  \"b\"|"},
        {"{\"a\":\n {\"b\":2}\n", "B 0.0 truncated {\"a\":|R 1.0 {\"b\":2}|"},
        {"{\"a\":1} xyz\n{\"b\":2}\n", "B 0.0 not_json {\"a\":1} xyz|R 1.0 {\"b\":2}|"},
        {"{\"a\":1}\n}\n{\"b\":2}\n", "R 0.0 {\"a\":1}|B 1.0 not_json }|R 2.0 {\"b\":2}|"},
        {"5\n\"x\"\nnull\n", "B 0.0 not_object 5|B 1.0 not_object \"x\"|B 2.0 not_object null|"},
        {"]\n{\"a\":1}\n", "B 0.0 not_json ]|R 1.0 {\"a\":1}|"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        size_t n = strlen(cases[i].input);
        for (size_t step = 1; step <= n + 1; step++) { /* pieces of every size */
            struct buf out = split(cases[i].input, n, step);
            struct str got = buf_str(&out);
            if (!str_eq(got, str_from(cases[i].want)))
                fail_msg("case %zu, pieces of %zu:\n%s\ngave\n%.*s\nnot\n%s", i, step,
                         cases[i].input, (int)got.n, got.p, cases[i].want);
            buf_release(&out);
        }
    }
}

TEST(a_line_that_is_too_long_is_one_bad_record)
{
    size_t n = (size_t)JSON_RECORD_MAX + 300000;
    char *input = malloc(n + 64);
    size_t total = n;

    CHECK(input != NULL);
    memset(input, 'x', n);
    memcpy(input, "{\"a\":\"", 6);
    total += (size_t)snprintf(input + n, 64, "\"}\n{\"b\":2}\n");
    struct buf out = split(input, total, 100000);
    struct str got = buf_str(&out);
    CHECK(str_starts(got, STR("B 0.0 too_large {\"a\":\"xxx")));
    CHECK(str_ends(got, STR("xxx|R 1.0 {\"b\":2}|")));
    CHECK(got.n < 10000);
    buf_release(&out);
    free(input);
}

/* ---- unwrapping ---------------------------------------------------------------------------- */

static void note(void *context, struct str event, uint32_t index)
{
    buf_printf(context, "%u %.*s|", index, (int)event.n, event.p);
}

TEST(arrays_and_declared_envelopes_are_unwrapped)
{
    static const struct {
        const char *record, *want;
        enum event_reject reason;
    } cases[] = {
        {"{\"a\":1}", "0 {\"a\":1}|", EVENT_OK},
        {"{\"a\":", "0 {\"a\":|", EVENT_OK}, /* for the scan to refuse */
        {"[{\"a\":1}, {\"b\":2}]", "0 {\"a\":1}|1 {\"b\":2}|", EVENT_OK},
        {"[{\"a\":1}, 5]", "0 {\"a\":1}|1 5|", EVENT_OK},
        {"[]", "", EVENT_EMPTY_ENVELOPE},
        {"[{\"a\":1}, {\"b\"]", "", EVENT_NOT_JSON},
        {"[{\"a\":1}", "", EVENT_TRUNCATED},
        {"{\"Records\":[{\"a\":1},{\"b\":2}]}", "0 {\"a\":1}|1 {\"b\":2}|", EVENT_OK},
        {"{\"x\" : 1, \"Records\" : [ {\"a\":1} ] , \"y\":2}", "0 {\"a\":1}|", EVENT_OK},
        {"{\"records\":[]}", "", EVENT_EMPTY_ENVELOPE},
        {"{\"records\":[\"text\"]}", "0 {\"records\":[\"text\"]}|", EVENT_OK},
        {"{\"records\":5, \"x\":[{}]}", "0 {\"records\":5, \"x\":[{}]}|", EVENT_OK},
        {"{\"x\":{\"records\":[{}]}}", "0 {\"x\":{\"records\":[{}]}}|", EVENT_OK},
        {"{\"records\":[{\"a\":1}]", "0 {\"records\":[{\"a\":1}]|", EVENT_OK},
        {"{\"items\":[{\"a\":1}]}", "0 {\"items\":[{\"a\":1}]}|", EVENT_OK},
        {"{\"kind\":\"EventList\",\"apiVersion\":\"audit.k8s.io/v1\",\"metadata\":{},\"items\":[{"
         "\"a\":1}]}",
         "0 {\"a\":1}|", EVENT_OK},
        {"{\"kind\":\"PodList\",\"apiVersion\":\"v1\",\"items\":[{\"a\":1}]}",
         "0 {\"kind\":\"PodList\",\"apiVersion\":\"v1\",\"items\":[{\"a\":1}]}|", EVENT_OK},
    };
    struct arena *a = arena_new(0);
    struct weir_err err;
    const struct profile_set *set;

    CHECK_EQ(profile_set_load(a, STR(""), &set, &err), WEIR_OK);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf out = {0};
        enum event_reject got = decode_record(a, set, str_from(cases[i].record), note, &out);
        struct str text = buf_str(&out);
        if (got != cases[i].reason || !str_eq(text, str_from(cases[i].want)))
            fail_msg("%s gave %s: %.*s", cases[i].record, event_reject_name(got), (int)text.n,
                     text.p);
        buf_release(&out);
    }
    arena_free(a);
}

TEST_MAIN(ENTRY(records_are_found_in_every_layout),
          ENTRY(a_line_that_is_too_long_is_one_bad_record),
          ENTRY(arrays_and_declared_envelopes_are_unwrapped))

/* test_stream.c - from bytes to numbered events, however the bytes are cut. */
#include "tests/lib/test.h"

#include "app/stream.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "event/field.h"
#include "tests/lib/json_random.h"

#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 400, OBJECTS = 12 };

struct fixture {
    struct arena *arena;
    struct extract_worker *worker;
    struct stream *stream;
    struct buf out;             /* a line for each event */
    int64_t record_ms[OBJECTS]; /* of the first ones */
    size_t n;
};

static enum weir_rc on_batch(void *context, const struct event *events, const uint64_t *numbers,
                             size_t n, struct weir_err *err)
{
    struct fixture *f = context;

    (void)err;
    for (size_t i = 0; i < n; i++, f->n++) {
        if (f->n < OBJECTS)
            f->record_ms[f->n] = events[i].record_ms;
        buf_printf(&f->out, "%llu %llu.%u %.*s\n", (unsigned long long)numbers[i],
                   (unsigned long long)events[i].ref.record, events[i].ref.index,
                   (int)events[i].record.n, events[i].record.p);
    }
    return WEIR_OK;
}

static void fixture_init(struct fixture *f)
{
    static const struct origin_input name = {.name = {"test", 4}};
    const struct profile_set *profiles;
    struct field_table *fields;
    struct weir_err err;

    *f = (struct fixture){.arena = arena_new(0)};
    CHECK_EQ(profile_set_load(f->arena, STR(""), &profiles, &err), WEIR_OK);
    fields = field_table_new(f->arena);
    (void)field_intern(fields, STR("a"));
    f->worker = extract_worker_new(extractor_new(f->arena, profiles, fields, true, NULL));
    f->stream = stream_new(f->worker, profiles, &name, on_batch, f);
}

static void fixture_release(struct fixture *f)
{
    stream_free(f->stream);
    extract_worker_free(f->worker);
    buf_release(&f->out);
    arena_free(f->arena);
}

/* Events, then how many records were counted and rejected. Each piece is given in memory of its
 * own, which is gone after the call. */
static struct str events_of(struct fixture *f, struct str text, size_t step)
{
    struct weir_err err;
    uint64_t rejected = 0;

    buf_clear(&f->out);
    stream_reset(f->stream);
    stream_begin(f->stream, 0);
    for (size_t at = 0; at < text.n; at += step) {
        size_t n = text.n - at < step ? text.n - at : step;
        char *piece = malloc(n);
        memcpy(piece, text.p + at, n);
        CHECK_EQ(stream_feed(f->stream, piece, n, &err), WEIR_OK);
        memset(piece, '!', n);
        free(piece);
    }
    CHECK_EQ(stream_end(f->stream, &err), WEIR_OK);
    const struct stream_counts *counts = stream_counts(f->stream);
    for (size_t i = 0; i < EVENT_REJECTS; i++)
        rejected += counts->rejected[i];
    buf_printf(&f->out, "%llu %llu %llu", (unsigned long long)counts->records,
               (unsigned long long)counts->events, (unsigned long long)rejected);
    return buf_str(&f->out);
}

TEST(events_are_numbered_over_records_good_and_bad)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"{\"a\":1}\n{\"a\":2}\n", "0 0.0 {\"a\":1}\n1 1.0 {\"a\":2}\n2 2 0"},
        {"{\"a\":1}\nx\n\r\n{\"a\":2}", "0 0.0 {\"a\":1}\n2 2.0 {\"a\":2}\n3 2 1"},
        {"{\n\"a\":1}\n{\"a\":[]}{\"a\":3}\n{\"a\":4}\n",
         "0 0.0 {\n\"a\":1}\n1 1.0 {\"a\":[]}\n2 2.0 {\"a\":3}\n3 3.0 {\"a\":4}\n4 4 0"},
        {"{\"records\":[{\"a\":1},{\"a\":2}]}\n{\"a\":3}\n",
         "0 0.0 {\"a\":1}\n1 0.1 {\"a\":2}\n2 1.0 {\"a\":3}\n2 3 0"},
    };
    struct fixture f;

    fixture_init(&f);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        for (size_t step = 1; step < 80; step += 6)
            CHECK_STR(events_of(&f, str_from(cases[i].text), step), cases[i].want);
    fixture_release(&f);
}

TEST(events_do_not_depend_on_where_the_bytes_are_cut)
{
    static const char *const between[] = {"\n", "\n", "\n", "\n", "\r\n", "\n\n", "", " "};
    struct rng rng = rng_start(__func__);
    struct fixture whole, cut;
    struct buf text = {0};

    fixture_init(&whole);
    fixture_init(&cut);
    for (int i = 0; i < ROUNDS; i++) {
        buf_clear(&text);
        for (int n = 0; n < OBJECTS; n++) {
            json_random_object(&rng, &text, false);
            buf_add(&text, str_from(between[rng_below(&rng, ARRAY_LEN(between))]));
        }
        struct str want = events_of(&whole, buf_str(&text), text.n);
        struct str got = events_of(&cut, buf_str(&text), 1 + rng_below(&rng, 2000));
        if (!str_eq(want, got))
            fail_msg("round %d: %.*s\nnot\n%.*s", i, (int)got.n, got.p, (int)want.n, want.p);
    }
    buf_release(&text);
    fixture_release(&whole);
    fixture_release(&cut);
}

/* What a topic's records become: numbers are offsets, with gaps; times of records go along. */
TEST(messages_keep_their_offsets_and_times)
{
    static const struct stream_message messages[] = {
        {.text = {"{\"a\":1}", 7}, .offset = 10, .record_ms = 1000, .why = EVENT_OK},
        {.text = {"x", 1}, .offset = 11, .record_ms = 1001, .why = EVENT_OK},
        {.text = {"", 0}, .offset = 20, .record_ms = 1002, .why = EVENT_TOMBSTONE},
        {.text = {"[{\"a\":2},{\"a\":3}]", 17}, .offset = 21, .record_ms = 1003, .why = EVENT_OK},
        {.text = {"{\"a\":4}", 7}, .offset = 30, .record_ms = INT64_MIN, .why = EVENT_OK},
    };
    struct fixture f;
    struct weir_err err;

    fixture_init(&f);
    stream_begin(f.stream, 0);
    for (size_t i = 0; i < ARRAY_LEN(messages); i++)
        CHECK_EQ(stream_message(f.stream, &messages[i], &err), WEIR_OK);
    CHECK_EQ(stream_flush(f.stream, &err), WEIR_OK);
    CHECK_STR(buf_str(&f.out), "0 10.0 {\"a\":1}\n3 21.0 {\"a\":2}\n4 21.1 {\"a\":3}\n"
                               "5 30.0 {\"a\":4}\n");
    static const int64_t times[] = {1000, 1003, 1003, INT64_MIN};
    for (size_t i = 0; i < ARRAY_LEN(times); i++)
        CHECK_EQ(f.record_ms[i], times[i]);
    const struct stream_counts *c = stream_counts(f.stream);
    CHECK_EQ(c->records, 5);
    CHECK_EQ(c->bytes, 32);
    CHECK_EQ(c->rejected[EVENT_NOT_JSON], 1);
    CHECK_EQ(c->rejected[EVENT_TOMBSTONE], 1);
    CHECK_EQ(c->first_rejected[EVENT_TOMBSTONE].record, 20);
    fixture_release(&f);
}

TEST_MAIN(ENTRY(events_are_numbered_over_records_good_and_bad),
          ENTRY(events_do_not_depend_on_where_the_bytes_are_cut),
          ENTRY(messages_keep_their_offsets_and_times))

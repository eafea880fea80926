/* test_capsule.c - capsules and findings come back as they were; a book keeps the first and the
 * last whatever the order; damaged bytes are refused. */
#include "tests/lib/rng.h"
#include "tests/lib/test.h"

#include "base/pack.h"
#include "base/str.h"
#include "rule/rule.h"
#include "state/capsule.h"
#include "state/finding.h"

#include <stdlib.h>

static struct capsule capsule_at(int64_t t_ms, uint64_t offset)
{
    struct capsule c = {.input = STR("events.ndjson"),
                        .partition = 3,
                        .offset = offset,
                        .index = 1,
                        .t_ms = t_ms,
                        .profile = STR("windows_flat"),
                        .rule = STR("r-1"),
                        .n_fields = 2};

    c.fields[0] = (struct capsule_field){.name = STR("User"), .value = STR("bob")};
    c.fields[1] = (struct capsule_field){.name = STR("Computer"), .value = STR("ws1")};
    return c;
}

TEST(a_capsule_comes_back_as_it_was)
{
    struct capsule c = capsule_at(-5, 1ull << 40), back;
    struct buf out = {0};

    capsule_pack(&c, &out);
    CHECK(capsule_unpack(buf_str(&out), &back));
    CHECK_STR(back.input, "events.ndjson");
    CHECK_STR(back.profile, "windows_flat");
    CHECK_STR(back.rule, "r-1");
    CHECK_EQ(back.partition, 3);
    CHECK_EQ(back.offset, 1ull << 40);
    CHECK_EQ(back.index, 1);
    CHECK_EQ(back.t_ms, -5);
    CHECK_EQ(back.n_fields, 2);
    CHECK_STR(back.fields[0].name, "User");
    CHECK_STR(back.fields[1].value, "ws1");
    CHECK(!back.is_cut && !back.fields[1].is_cut);
    for (size_t n = 0; n < out.n; n++)
        CHECK(!capsule_unpack((struct str){out.p, n}, &back));
    buf_add_char(&out, 'x');
    CHECK(!capsule_unpack(buf_str(&out), &back));
    buf_release(&out);
}

/* Packed piece by piece: fields [from, to) come as a range of a block. */
static void pack_pieces(const struct capsule *c, uint32_t from, uint32_t to, struct buf *out)
{
    struct capsule_event event;
    struct capsule_fields fields = {0};
    struct capsule_writer w;
    uint32_t i = 0;

    capsule_event_pack(&event, c);
    for (; i < to; i++)
        CHECK(capsule_fields_add(&fields, c->fields[i].name, c->fields[i].value));
    capsule_open(&w, buf_reserve(out, CAPSULE_BYTES), &event, c->rule);
    for (i = 0; i < from; i++)
        capsule_put(&w, c->fields[i].name, c->fields[i].value);
    if (capsule_put_range(&w, &fields, from, to))
        i = to;
    for (; i < c->n_fields; i++)
        capsule_put(&w, c->fields[i].name, c->fields[i].value);
    out->n += capsule_close(&w);
}

/* Values of 1 to 150 bytes, so that some are cut and some do not fit. */
TEST(a_capsule_in_pieces_is_the_same_capsule)
{
    char text[150];
    struct buf whole = {0}, pieces = {0};

    memset(text, 'x', sizeof text);
    for (size_t n = 1; n <= sizeof text; n++)
        for (uint32_t range = 0; range < (CAPSULE_FIELDS + 1) * (CAPSULE_FIELDS + 1); range++) {
            uint32_t from = range / (CAPSULE_FIELDS + 1), to = range % (CAPSULE_FIELDS + 1);
            if (from > to)
                continue;
            struct capsule c = {.input = STR("in"), .offset = n, .t_ms = 5, .rule = {text, n}};
            for (; c.n_fields < CAPSULE_FIELDS; c.n_fields++)
                c.fields[c.n_fields] = (struct capsule_field){
                    .name = {text, 1 + c.n_fields}, .value = {text, n * (1 + c.n_fields % 2) / 2}};
            buf_clear(&whole);
            buf_clear(&pieces);
            capsule_pack(&c, &whole);
            pack_pieces(&c, from, to, &pieces);
            CHECK(str_eq(buf_str(&whole), buf_str(&pieces)));
        }
    buf_release(&whole);
    buf_release(&pieces);
}

TEST(what_does_not_fit_into_a_capsule_is_marked)
{
    static char text[400];
    struct capsule c = capsule_at(1, 1), back;
    struct buf out = {0};

    memset(text, 'a', sizeof text);
    memcpy(text + CAPSULE_VALUE_MAX - 1, "\xc3\xa4", 2); /* a character across the cut */
    c.n_fields = CAPSULE_FIELDS;
    for (uint32_t i = 0; i < CAPSULE_FIELDS; i++)
        c.fields[i] = (struct capsule_field){.name = STR("f"), .value = {text, sizeof text}};
    c.fields[7].value = STR("short");
    capsule_pack(&c, &out);
    CHECK(out.n <= CAPSULE_BYTES);
    CHECK(capsule_unpack(buf_str(&out), &back));
    CHECK(back.is_cut);
    CHECK_EQ(back.n_fields, 4); /* three long ones and the short one */
    CHECK_EQ(back.fields[0].value.n, CAPSULE_VALUE_MAX - 1);
    CHECK(back.fields[0].is_cut && back.fields[2].is_cut && !back.fields[3].is_cut);
    CHECK_STR(back.fields[3].value, "short");

    c.input = c.rule = c.profile = (struct str){text, sizeof text};
    buf_clear(&out);
    capsule_pack(&c, &out);
    CHECK(out.n <= CAPSULE_BYTES);
    CHECK(capsule_unpack(buf_str(&out), &back) && back.is_cut);
    buf_release(&out);
}

/* ---- books ---------------------------------------------------------------------------------- */

struct limited {
    struct cell_memory memory;
    uint32_t max;
};

static bool grow(struct cell_memory *memory, struct cell_part *part, uint32_t room, bool is_side)
{
    struct limited *l = (struct limited *)memory;

    CHECK(is_side);
    if (room > l->max)
        return false;
    uint8_t *p = malloc(room);
    CHECK(p != NULL);
    if (part->n)
        memcpy(p, part->p, part->n);
    free(part->p);
    part->p = p;
    part->room = room;
    return true;
}

static void add(struct cell *c, int64_t t_ms, uint64_t offset, struct str rule)
{
    static char padding[CAPSULE_VALUE_MAX];
    struct capsule capsule = capsule_at(t_ms, offset);
    struct buf out = {0};

    memset(padding, 'p', sizeof padding);
    capsule.fields[1].value = (struct str){padding, offset % sizeof padding};
    capsule.rule = rule;
    capsule_pack(&capsule, &out);
    capsule_book_add(c, t_ms, buf_str(&out));
    buf_release(&out);
}

/* The kept events as "t/offset t/offset ..." */
static struct str listed(const struct cell *c, char *text, size_t size)
{
    struct str packed[CAPSULES_FIRST + CAPSULES_LAST];
    uint64_t seen;
    size_t n = capsule_book_list(&c->side, packed, &seen), at = 0;

    text[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        struct capsule one;
        CHECK(capsule_unpack(packed[i], &one));
        at += (size_t)snprintf(text + at, size - at, "%s%d/%d", i ? " " : "", (int)one.t_ms,
                               (int)one.offset);
    }
    return str_from(text);
}

TEST(a_book_keeps_the_first_three_and_the_last_three)
{
    struct limited l = {{grow}, CELL_SIDE_MAX};
    struct cell c = {.memory = &l.memory};
    struct str packed[6];
    char text[256];
    uint64_t seen;

    CHECK_EQ(capsule_book_list(&c.side, packed, &seen), 0);
    for (int i = 1; i <= 10; i++)
        add(&c, i * 10, (uint64_t)i, STR("r"));
    CHECK_STR(listed(&c, text, sizeof text), "10/1 20/2 30/3 80/8 90/9 100/10");
    add(&c, 80, 8, STR("r"));  /* again */
    add(&c, 55, 50, STR("r")); /* between */
    add(&c, 25, 51, STR("r"));
    add(&c, 90, 8, STR("r"));
    CHECK_STR(listed(&c, text, sizeof text), "10/1 20/2 25/51 90/8 90/9 100/10");
    CHECK_EQ(capsule_book_list(&c.side, packed, &seen), 6);
    CHECK_EQ(seen, 13);
    capsule_book_trim(&c, 25);
    CHECK_STR(listed(&c, text, sizeof text), "25/51 90/8 90/9 100/10");
    capsule_book_trim(&c, 1000);
    CHECK_STR(listed(&c, text, sizeof text), "");
    add(&c, 7, 7, STR("r"));
    CHECK_STR(listed(&c, text, sizeof text), "7/7");
    free(c.side.p);
}

static void check_same_capsules(const struct cell *a, const struct cell *b)
{
    struct str x[CAPSULES_FIRST + CAPSULES_LAST], y[CAPSULES_FIRST + CAPSULES_LAST];
    uint64_t seen;
    size_t n = capsule_book_list(&a->side, x, &seen);

    CHECK_EQ(n, capsule_book_list(&b->side, y, &seen));
    for (size_t i = 0; i < n; i++)
        CHECK(str_eq(x[i], y[i]));
}

TEST(what_a_book_keeps_does_not_depend_on_the_order)
{
    struct rng rng = rng_start("capsule book");
    char first[256], other[256];

    for (int round = 0; round < 500; round++) {
        struct limited l = {{grow}, CELL_SIDE_MAX};
        struct cell a = {.memory = &l.memory}, b = {.memory = &l.memory};
        struct str rules[] = {STR("r-1"), STR("r-2")};
        uint32_t n = 1 + rng_below(&rng, 30), t[30], offset[30], rule[30];
        for (uint32_t i = 0; i < n; i++) {
            t[i] = rng_below(&rng, 12);
            offset[i] = rng_below(&rng, 200);
            rule[i] = rng_below(&rng, 2);
            add(&a, t[i], offset[i], rules[rule[i]]);
        }
        for (uint32_t i = n; i > 0; i--) {
            uint32_t pick = rng_below(&rng, i);
            add(&b, t[pick], offset[pick], rules[rule[pick]]);
            t[pick] = t[i - 1];
            offset[pick] = offset[i - 1];
            rule[pick] = rule[i - 1];
        }
        CHECK_STR(listed(&a, first, sizeof first), listed(&b, other, sizeof other).p);
        check_same_capsules(&a, &b);
        free(a.side.p);
        free(b.side.p);
    }
}

static uint64_t seen_by(const struct cell *c)
{
    struct str packed[CAPSULES_FIRST + CAPSULES_LAST];
    uint64_t seen;

    (void)capsule_book_list(&c->side, packed, &seen);
    return seen;
}

TEST(what_passes_a_book_by_would_not_have_stayed)
{
    struct rng rng = rng_start("passing");
    uint32_t n_passed = 0;

    for (int round = 0; round < 200; round++) {
        struct limited l = {{grow}, CELL_SIDE_MAX};
        struct cell all = {.memory = &l.memory}, some = {.memory = &l.memory};
        uint32_t span = 4 + rng_below(&rng, 60);
        for (uint32_t i = 0; i < 60; i++) {
            uint32_t t = rng_below(&rng, span);
            bool passes = capsule_book_pass(&some, t, false);
            n_passed += passes;
            add(&all, t, i, STR("r"));
            if (!passes)
                add(&some, t, i, STR("r"));
            check_same_capsules(&all, &some);
            CHECK_EQ(seen_by(&all), seen_by(&some));
        }
        free(all.side.p);
        free(some.side.p);
    }
    CHECK(n_passed > 1000);
}

TEST(what_is_followed_passes_and_is_recalled)
{
    struct limited l = {{grow}, CELL_SIDE_MAX};
    struct cell c = {.memory = &l.memory};
    struct capsule late = capsule_at(70, 7);
    struct buf packed = {0};
    char text[256];

    capsule_pack(&late, &packed);
    for (int i = 1; i <= 5; i++)
        add(&c, i * 10, (uint64_t)i, STR("r"));
    CHECK(!capsule_book_pass(&c, 70, true)); /* there is room */
    add(&c, 60, 6, STR("r"));
    CHECK(!capsule_book_pass(&c, 70, false)); /* it would be the last */
    CHECK(!capsule_book_pass(&c, 30, true));  /* it may be a first one */
    CHECK(capsule_book_pass(&c, 70, true));
    CHECK_STR(listed(&c, text, sizeof text), "10/1 20/2 30/3 40/4 50/5 60/6");
    CHECK_EQ(seen_by(&c), 7);
    for (int i = 0; i < 2; i++) {
        capsule_book_recall(&c, 70, buf_str(&packed));
        CHECK_STR(listed(&c, text, sizeof text), "10/1 20/2 30/3 50/5 60/6 70/7");
        CHECK_EQ(seen_by(&c), 7);
    }
    buf_release(&packed);
    free(c.side.p);
}

TEST(a_book_without_memory_keeps_what_it_has)
{
    struct limited l = {{grow}, 0};
    struct cell c = {.memory = &l.memory};
    char text[256];

    add(&c, 1, 1, STR("r"));
    CHECK_EQ(c.side.n, 0);
    l.max = 300;
    for (int i = 1; i < 20; i++)
        add(&c, i, (uint64_t)i, STR("r"));
    CHECK_STR(listed(&c, text, sizeof text), "1/1 2/2 3/3");
    free(c.side.p);
}

TEST(a_damaged_book_begins_anew)
{
    struct limited l = {{grow}, CELL_SIDE_MAX};
    struct rng rng = rng_start("damaged book");

    for (int round = 0; round < 300; round++) {
        struct cell c = {.memory = &l.memory};
        for (int i = 1; i < 9; i++)
            add(&c, i, (uint64_t)i, STR("r"));
        for (int i = 0; i < 3; i++)
            c.side.p[rng_below(&rng, c.side.n)] = (uint8_t)rng_below(&rng, 256);
        c.side.n = round % 2 ? c.side.n : rng_below(&rng, c.side.n);
        for (int i = 20; i < 29; i++)
            add(&c, i, (uint64_t)i, STR("r"));
        struct str packed[6];
        uint64_t seen;
        CHECK(capsule_book_list(&c.side, packed, &seen) > 0);
        capsule_book_trim(&c, 24);
        free(c.side.p);
    }
}

/* ---- findings ------------------------------------------------------------------------------- */

static struct finding finding_full(void)
{
    struct finding f = {.activity = FINDING_UPDATE,
                        .cause = CAUSE_SEVERITY,
                        .sequence = 7,
                        .has_bucket = true,
                        .bucket_start_ms = -3600000,
                        .bucket_end_ms = 0,
                        .hits = 12,
                        .suppressed = 9,
                        .first_ms = -3000,
                        .last_ms = -1000,
                        .at_ms = -1000,
                        .level = LEVEL_HIGH,
                        .is_braked = true,
                        .is_timer = true,
                        .has_measured = true,
                        .measured_micro = -5000000,
                        .n_events = 12,
                        .n_keys = 2,
                        .n_capsules = 1,
                        .n_addends = 1,
                        .detail = STR("words")};

    memset(f.uid, 0xab, sizeof f.uid);
    f.key_names[0] = STR("User");
    f.keys[0] = STR("bob");
    f.key_names[1] = STR("Host");
    f.keys[1] = STR("");
    f.capsules[0] = STR("bytes");
    f.addends[0] = (struct finding_addend){STR("first_seen"), -3, STR("why")};
    return f;
}

TEST(a_finding_comes_back_as_it_was)
{
    struct finding f = finding_full(), back;
    struct buf out = {0}, again = {0};

    finding_pack(&f, &out);
    CHECK_EQ(out.p[0], RECORD_FINDING);
    CHECK(finding_unpack(buf_str(&out), &back));
    finding_pack(&back, &again);
    CHECK(str_eq(buf_str(&out), buf_str(&again)));
    CHECK_EQ(back.activity, FINDING_UPDATE);
    CHECK_EQ(back.cause, CAUSE_SEVERITY);
    CHECK(back.has_bucket && back.is_braked && back.is_timer && back.has_measured);
    CHECK(!back.is_exact);
    CHECK_EQ(back.bucket_start_ms, -3600000);
    CHECK_EQ(back.suppressed, 9);
    CHECK_EQ(back.measured_micro, -5000000);
    CHECK_EQ(back.addends[0].value, -3);
    CHECK_STR(back.keys[0], "bob");
    CHECK_STR(back.detail, "words");
    for (size_t n = 0; n < out.n; n++)
        CHECK(!finding_unpack((struct str){out.p, n}, &back));
    buf_release(&out);
    buf_release(&again);
}

TEST(an_unsound_finding_is_refused)
{
    struct finding f = finding_full(), back;
    struct buf out = {0};
    /* kind, version, activity, cause, level, flags */
    static const uint8_t bad[][2] = {{0, 2}, {1, 9}, {2, 0}, {2, 4}, {3, 4}, {4, 5}, {5, 128}};

    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        buf_clear(&out);
        finding_pack(&f, &out);
        out.p[bad[i][0]] = (char)bad[i][1];
        CHECK(!finding_unpack(buf_str(&out), &back));
    }
    buf_release(&out);
}

TEST(addends_travel_alone_and_count_once)
{
    struct finding_addend list[] = {{STR("asset_criticality"), 20, STR("host ws1")},
                                    {STR("asset_criticality"), 20, STR("host ws2")}},
                          back[FINDING_ADDENDS_MAX];
    struct finding f = {0};
    struct buf out = {0};

    finding_addends_pack(list, 0, &out);
    CHECK_EQ(out.n, 0);
    CHECK_EQ(finding_addends_unpack(buf_str(&out), back), 0);
    finding_addends_pack(list, 2, &out);
    CHECK_EQ(finding_addends_unpack(buf_str(&out), back), 2);
    CHECK_STR(back[1].why, "host ws2");
    CHECK_EQ(finding_addends_unpack((struct str){out.p, out.n - 1}, back), 0);
    for (int i = 0; i < 20; i++)
        finding_add(&f, &list[i % 2]);
    list[0].value = 30;
    finding_add(&f, &list[0]);
    CHECK_EQ(f.n_addends, 2);
    CHECK_EQ(f.addends[0].value, 30);
    buf_release(&out);
}

TEST_MAIN(ENTRY(a_capsule_comes_back_as_it_was), ENTRY(a_capsule_in_pieces_is_the_same_capsule),
          ENTRY(what_does_not_fit_into_a_capsule_is_marked),
          ENTRY(a_book_keeps_the_first_three_and_the_last_three),
          ENTRY(what_a_book_keeps_does_not_depend_on_the_order),
          ENTRY(what_passes_a_book_by_would_not_have_stayed),
          ENTRY(what_is_followed_passes_and_is_recalled),
          ENTRY(a_book_without_memory_keeps_what_it_has), ENTRY(a_damaged_book_begins_anew),
          ENTRY(a_finding_comes_back_as_it_was), ENTRY(an_unsound_finding_is_refused),
          ENTRY(addends_travel_alone_and_count_once))

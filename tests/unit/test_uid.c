/* test_uid.c - names and buckets are published formats: the vectors here never change. */
#include "tests/lib/rng.h"
#include "tests/lib/test.h"

#include "state/uid.h"

static struct digest *digest;

static struct str text_of(struct uid uid)
{
    static char text[UID_TEXT];

    uid_format(uid, text);
    return str_from(text);
}

TEST(version_5_names_equal_the_vectors_of_the_rfc_family)
{
    const struct uid dns = {{0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0,
                             0x4f, 0xd4, 0x30, 0xc8}};

    CHECK_STR(text_of(uid_v5(digest, dns, STR("www.example.com"))),
              "2ed6657d-e927-568b-95e1-2665a8aea6a2");
    CHECK_STR(text_of(uid_v5(digest, dns, STR("python.org"))),
              "886313e1-3b8a-5372-9b90-0c9aee199e5d");
    CHECK_STR(text_of(uid_v5(digest, dns, STR("findings.weir.invalid"))),
              "f08bb7fd-8e43-5de3-bd47-0ff5afb8b7c6");
    CHECK_STR(text_of(uid_namespace), "f08bb7fd-8e43-5de3-bd47-0ff5afb8b7c6");
}

TEST(names_of_parts_are_fixed)
{
    struct str finding[] = {STR(""), STR("r1"), STR("jdoe"), STR("bucket:0")};

    CHECK_STR(text_of(uid_of_parts(digest, finding, 4)), "b4870f7b-f6e6-580b-81e3-a4dfbbf734b2");
    CHECK_STR(text_of(uid_of_parts(digest, NULL, 0)), "491aac1b-8c73-5b0d-8e0e-91cb4601e46d");
}

/* The same as the name that its parts make, one behind the other. */
TEST(parts_of_all_lengths_are_hashed_whole)
{
    struct rng r = rng_start(__func__);
    char text[400], name[8 * (4 + sizeof(text))];

    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (char)rng_below(&r, 256);
    for (int round = 0; round < 5000; round++) {
        struct str parts[8];
        size_t n = rng_below(&r, 9), at = 0;
        for (size_t i = 0; i < n; i++) {
            uint32_t most = rng_below(&r, 3) ? 70 : sizeof(text);
            parts[i] = (struct str){text + rng_below(&r, 10), rng_below(&r, most - 10)};
            memcpy(name + at, (const char[]){0, 0, (char)(parts[i].n >> 8), (char)parts[i].n}, 4);
            memcpy(name + at + 4, parts[i].p, parts[i].n);
            at += 4 + parts[i].n;
        }
        struct uid got = uid_of_parts(digest, parts, n);
        struct uid want = uid_v5(digest, uid_namespace, (struct str){name, at});
        CHECK(memcmp(got.bytes, want.bytes, sizeof(got.bytes)) == 0);
    }
}

TEST(parts_do_not_meet_by_concatenation)
{
    static const struct {
        struct str a[3], b[3];
        size_t n_a, n_b;
    } rows[] = {
        {{STR("a"), STR("bc")}, {STR("ab"), STR("c")}, 2, 2},
        {{STR("abc")}, {STR("ab"), STR("c")}, 1, 2},
        {{STR("a"), STR(""), STR("b")}, {STR("a"), STR("b"), STR("")}, 3, 3},
        {{STR("a"), STR("b")}, {STR("a"), STR("b"), STR("")}, 2, 3},
        {{STR("a\0\0\0\1b")}, {STR("a"), STR("b")}, 1, 2},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct uid a = uid_of_parts(digest, rows[i].a, rows[i].n_a);
        struct uid b = uid_of_parts(digest, rows[i].b, rows[i].n_b);

        CHECK(memcmp(a.bytes, b.bytes, sizeof(a.bytes)) != 0);
    }
}

TEST(buckets_are_fixed_and_hold_their_time)
{
    struct str parts[] = {STR("r1"), STR("jdoe")};
    static const struct {
        int64_t t, start;
    } rows[] = {{0, -1350477}, {1795176126903, 1795174649523}, {-1, -1350477}};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CHECK_EQ(uid_bucket_start(digest, parts, 2, rows[i].t, UID_PERIOD_MS), rows[i].start);
}

TEST(a_bucket_ends_where_the_next_begins)
{
    struct str parts[] = {STR("r1"), STR("jdoe")};
    int64_t start = uid_bucket_start(digest, parts, 2, 1795176126903, UID_PERIOD_MS);
    int64_t last = start + UID_PERIOD_MS - 1;

    CHECK_EQ(uid_bucket_start(digest, parts, 2, start, UID_PERIOD_MS), start);
    CHECK_EQ(uid_bucket_start(digest, parts, 2, last, UID_PERIOD_MS), start);
    CHECK_EQ(uid_bucket_start(digest, parts, 2, last + 1, UID_PERIOD_MS), last + 1);
    CHECK_EQ(uid_bucket_start(digest, parts, 2, start - 1, UID_PERIOD_MS), start - UID_PERIOD_MS);
}

TEST(absurd_times_stay_defined)
{
    struct str parts[] = {STR("r1")};

    CHECK(uid_bucket_start(digest, parts, 1, INT64_MAX, UID_PERIOD_MS) > 0);
    CHECK(uid_bucket_start(digest, parts, 1, INT64_MIN, UID_PERIOD_MS) < 0);
    CHECK_EQ(uid_bucket_start(digest, parts, 1, 7, 1), 7);
}

TEST(keys_do_not_all_change_bucket_on_the_hour)
{
    struct str a[] = {STR("r1"), STR("jdoe")}, b[] = {STR("r1"), STR("asmith")};
    int64_t start_a = uid_bucket_start(digest, a, 2, 1795176126903, UID_PERIOD_MS);
    int64_t start_b = uid_bucket_start(digest, b, 2, 1795176126903, UID_PERIOD_MS);

    CHECK(start_a != start_b);
}

TEST(sha256_of_abc)
{
    char text[DIGEST_TEXT];

    digest_sha256_hex(digest, STR("abc"), text);
    CHECK_STR(str_from(text), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ENTRY(version_5_names_equal_the_vectors_of_the_rfc_family),
        ENTRY(names_of_parts_are_fixed),
        ENTRY(parts_of_all_lengths_are_hashed_whole),
        ENTRY(parts_do_not_meet_by_concatenation),
        ENTRY(buckets_are_fixed_and_hold_their_time),
        ENTRY(a_bucket_ends_where_the_next_begins),
        ENTRY(absurd_times_stay_defined),
        ENTRY(keys_do_not_all_change_bucket_on_the_hour),
        ENTRY(sha256_of_abc),
    };

    digest = digest_new();
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    digest_free(digest);
    return rc;
}

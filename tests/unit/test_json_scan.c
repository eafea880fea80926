/* test_json_scan.c - the scanner: wanted paths, refusals, kernels against the scalar one,
 * and everything against a slow walk over the tree. */
#include "tests/lib/json_random.h"
#include "tests/lib/test.h"

#include "json/kernel.h"
#include "json/scan.h"
#include "json/tree.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { WANTS_MAX = 16, PAGE_MAX = 65536 };

/* ---- rendering hits ------------------------------------------------------------- */

/* "0=x 1=5 2={}": slot, '=' ('~' when flat), value; strings unescaped. */
static void render_hit(struct buf *out, const struct json_hit *hit)
{
    static const char *const marks[] = {
        [JSON_OBJECT] = "{}", [JSON_EMPTY_ARRAY] = "[]", [JSON_STRING] = "'"};
    unsigned flags = 0;

    buf_printf(out, "%s%u%c", out->n ? " " : "", hit->slot, hit->is_flat ? '~' : '=');
    if (hit->kind >= JSON_STRING)
        buf_add(out, str_from(marks[hit->kind]));
    if (hit->flags & JSON_ESCAPED)
        out->n += json_unescape((struct str){hit->p, hit->n},
                                buf_reserve(out, (size_t)hit->n * 3 + 1), &flags);
    else
        buf_add(out, (struct str){hit->p, hit->n});
}

static const struct json_paths *wants_of(struct arena *a, const char *spec, uint32_t leaves)
{
    struct json_path_want wants[WANTS_MAX];
    struct str head, rest = str_from(spec);
    size_t n = 0;
    bool has_more = spec != NULL;

    while (has_more) {
        ASSERT(n < WANTS_MAX);
        has_more = str_cut(rest, ' ', &head, &rest);
        wants[n] = (struct json_path_want){head, (uint32_t)n};
        n++;
    }
    return json_paths_new(a, wants, n, leaves);
}

static void check_case(const char *spec, uint32_t leaves, const char *record, const char *expected)
{
    struct arena *a = arena_new(0);
    const struct json_paths *paths = wants_of(a, spec, leaves);

    for (int level = 0; level <= (int)cpu_simd_max(); level++) {
        struct json_scanner *s = json_scanner_new_with((enum simd_level)level);
        struct buf got = {0};
        size_t n;
        CHECK_EQ(json_scan(s, paths, str_from(record), NULL), JSON_OK);
        const struct json_hit *hits = json_scan_hits(s, &n);
        for (size_t i = 0; i < n; i++)
            render_hit(&got, &hits[i]);
        CHECK_STR(buf_str(&got), expected);
        buf_release(&got);
        json_scanner_free(s);
    }
    arena_free(a);
}

TEST(wanted_paths_yield_their_values)
{
    static const struct {
        const char *wants;
        const char *record;
        const char *hits;
    } cases[] = {
        {"a", "{}", ""},
        {"a", "{\"a\":\"x\"}", "0~'x"},
        {"a", " { \"a\" : \"x\" } \r\n", "0~'x"},
        {"a b", "{\"b\":5,\"a\":null,\"c\":1}", "1~5 0~null"},
        {"a b c d", "{\"a\":true,\"b\":false,\"c\":-1.5e+3 ,\"d\":0}",
         "0~true 1~false 2~-1.5e+3 3~0"},
        {"a", "{\"a\":\"\"}", "0~'"},
        {"a", "{\"A\":1,\"aa\":2,\"\":3}", ""},
        /* nested, flat and mixtures */
        {"a.b", "{\"a\":{\"b\":1}}", "0=1"},
        {"a.b", "{\"a.b\":1}", "0~1"},
        {"a.b.c", "{\"a\":{\"b\":{\"c\":1}}}", "0=1"},
        {"a.b.c", "{\"a.b\":{\"c\":1}}", "0=1"},
        {"a.b.c", "{\"a\":{\"b.c\":1}}", "0=1"},
        {"a.b.c", "{\"a.b.c\":1}", "0~1"},
        {"a.b.c", "{\"a.b.c\":1,\"a\":{\"b.c\":2,\"b\":{\"c\":3}},\"a.b\":{\"c\":4}}",
         "0~1 0=2 0=3 0=4"},
        {"a.b a", "{\"a\":{\"b\":1}}", "1~{} 0=1"},
        {"a a.b", "{\"a\":5}", "0~5"},
        {"b", "{\"a\":{\"b\":1}}", ""},
        {"a.b", "{\"b\":1,\"a\":\"b\"}", ""},
        {"winlog.event_data.SourceImage",
         "{\"winlog\":{\"event_data\":{\"TargetImage\":1,\"SourceImage\":2}},"
         "\"winlog.event_data.SourceImage\":3,\"winlog.event_data.TargetImage\":4}",
         "0=2 0~3"},
        /* arrays fan out */
        {"a", "{\"a\":[1,\"x\",[2,[3]],{\"b\":4},null]}", "0~1 0~'x 0~2 0~3 0~{} 0~null"},
        {"a", "{\"a\":[]}", "0~[]"},
        {"a", "{\"a\":[[],1]}", "0~[] 0~1"},
        {"a", "{\"a\":{}}", "0~{}"},
        {"a.b", "{\"a\":[{\"b\":1},{\"b\":[2,3]},5,[{\"b\":4}],{\"c\":1}]}", "0=1 0=2 0=3 0=4"},
        {"a.b", "{\"a\":[]}", ""},
        /* duplicates hide nothing */
        {"a", "{\"a\":1,\"a\":\"\",\"a\":1}", "0~1 0~' 0~1"},
        {"a.b", "{\"a\":{\"b\":1},\"a\":{\"b\":2,\"b\":3}}", "0=1 0=2 0=3"},
        /* escapes in keys and values */
        {"a.b", "{\"\\u0061\":{\"b\":1},\"a\\u002Eb\":2}", "0=1 0~2"},
        {"a/b", "{\"a\\/b\":1,\"a\\\\b\":2}", "0~1"},
        {"a\\b", "{\"a\\\\b\":2}", "0~2"},
        {"\xc3\xa9", "{\"\\u00e9\":1,\"\xc3\xa9\":2}", "0~1 0~2"},
        {"a", "{\"a\":\"C:\\\\Windows\\\\\"}", "0~'C:\\Windows\\"},
        {"a", "{\"a\":\"\\\"\"}", "0~'\""},
        {"a b", "{\"a\":\"x\\\\\",\"b\":\"{\\\"b\\\":1}\"}", "0~'x\\ 1~'{\"b\":1}"},
        {"a", "{\"a\":\"\x80\"}", "0~'\xef\xbf\xbd"},
        /* odd names */
        {"a..b", "{\"a\":{\"\":{\"b\":1}},\"a..b\":2,\"a.\":{\"b\":3},\"a\":{\".b\":4}}",
         "0=1 0~2 0=3 0=4"},
        {".a", "{\"\":{\"a\":1},\".a\":2}", "0=1 0~2"},
        /* long keys */
        {"exactly16bytes.. exactly16bytes..x exactly15bytes. 12345678 1234567 123456789",
         "{\"exactly16bytes..\":1,\"exactly16bytes..x\":2,\"exactly15bytes.\":3,\"12345678\":4,"
         "\"1234567\":5,\"123456789\":6,\"exactly16bytes..y\":7}",
         "0~1 1~2 2~3 3~4 4~5 5~6"},
        /* more parts than mixtures are promised for */
        {"a.b.c.d.e.f.g.h.i",
         "{\"a\":{\"b\":{\"c\":{\"d\":{\"e\":{\"f\":{\"g\":{\"h\":{\"i\":1}}}}}}}},"
         "\"a.b.c.d.e.f.g.h.i\":2}",
         "0=1 0~2"},
        {NULL, "{\"a\":[1,{\"b\":2}]}", ""},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        check_case(cases[i].wants, JSON_NO_SLOT, cases[i].record, cases[i].hits);
}

TEST(all_string_leaves_yield_a_slot)
{
    check_case("a x.y", 9,
               "{\"a\":\"1\",\"b\":[\"2\",3,{\"c\":\"4\"}],\"x\":{\"y\":\"5\"},\"d\":true}",
               "0~'1 9='1 9='2 9='4 1='5 9='5");
    check_case(NULL, 3, "{\"a\":\"1\",\"b\":{\"a\":\"\\n\"}}", "3='1 3='\n");
}

TEST(one_path_may_have_several_slots_and_one_slot_several_paths)
{
    struct arena *a = arena_new(0);
    struct json_path_want wants[] = {
        {STR("a"), 7}, {STR("b"), 7}, {STR("a"), 2}, {STR("a"), 7}, {STR("a.b"), 1}};
    const struct json_paths *paths = json_paths_new(a, wants, ARRAY_LEN(wants), JSON_NO_SLOT);
    struct json_scanner *s = json_scanner_new();
    struct buf got = {0};
    size_t n;

    CHECK_EQ(json_scan(s, paths, STR("{\"b\":1,\"a\":2}"), NULL), JSON_OK);
    const struct json_hit *hits = json_scan_hits(s, &n);
    for (size_t i = 0; i < n; i++)
        render_hit(&got, &hits[i]);
    CHECK_STR(buf_str(&got), "7~1 7~2 2~2");
    buf_release(&got);
    json_scanner_free(s);
    arena_free(a);
}

TEST(long_keys_that_begin_alike_are_told_apart)
{
    enum { N = 500 };
    struct arena *a = arena_new(0);
    struct json_path_want wants[N];
    struct json_scanner *s = json_scanner_new();
    struct buf record = {0};
    size_t n;

    for (uint32_t i = 0; i < N; i++)
        wants[i] = (struct json_path_want){arena_printf(a, "exactly16bytes..%04u", i), i};
    const struct json_paths *paths = json_paths_new(a, wants, N, JSON_NO_SLOT);
    for (uint32_t i = 0; i < 2 * N; i++)
        buf_printf(&record, "%c\"exactly16bytes..%04u\":%u", i ? ',' : '{', i, i);
    buf_add_char(&record, '}');
    CHECK_EQ(json_scan(s, paths, buf_str(&record), NULL), JSON_OK);
    const struct json_hit *hits = json_scan_hits(s, &n);
    CHECK_EQ(n, N);
    for (uint32_t i = 0; i < N; i++) {
        CHECK_EQ(hits[i].slot, i);
        CHECK_STR(((struct str){hits[i].p, hits[i].n}), arena_printf(a, "%u", i).p);
    }
    buf_release(&record);
    json_scanner_free(s);
    arena_free(a);
}

TEST(a_byte_that_needs_care_is_seen_wherever_it_lies)
{
    struct arena *a = arena_new(0);
    const struct json_paths *paths = wants_of(a, "a", JSON_NO_SLOT);
    struct json_scanner *s = json_scanner_new();
    static const struct {
        const char *before, *behind;
    } frame = {"{\"\xc3\xa9\":0,\"a\":\"", "\",\"\\n\":0}"};
    const size_t before_n = strlen(frame.before), behind_n = strlen(frame.behind);
    char record[600];
    size_t n;

    for (size_t length = 0; length <= 300; length += length < 130 ? 1 : 17) {
        for (size_t at = 0; at <= length; at++) { /* at == length: nowhere */
            memset(record, 'x', sizeof(record));
            memcpy(record, frame.before, before_n);
            if (at < length)
                record[before_n + at] = '\xc3';
            memcpy(record + before_n + length, frame.behind, behind_n);
            CHECK_EQ(json_scan(s, paths, (struct str){record, before_n + length + behind_n}, NULL),
                     JSON_OK);
            const struct json_hit *hits = json_scan_hits(s, &n);
            CHECK_EQ(n, 1);
            CHECK_EQ(hits[0].n, length);
            CHECK_EQ(hits[0].flags, at < length ? JSON_ESCAPED : 0);
        }
    }
    json_scanner_free(s);
    arena_free(a);
}

/* ---- refusals -------------------------------------------------------------------- */

/* By every kernel, the tree and the checker, for the same reason at the same place. */
static void check_refusal(struct str record, enum json_reason reason, size_t offset)
{
    struct arena *a = arena_new(0);
    const struct json_paths *paths = wants_of(a, "a a.b", JSON_NO_SLOT);
    struct json_node *node;
    size_t at = SIZE_MAX, n;

    for (int level = 0; level <= (int)cpu_simd_max(); level++) {
        struct json_scanner *s = json_scanner_new_with((enum simd_level)level);
        enum json_reason got = json_scan(s, paths, record, &at);
        if (got != reason || at != offset)
            print_error("%s at %zu, not %s: %.*s\n", json_reason_name(got), at,
                        json_reason_name(reason), (int)record.n, record.p);
        CHECK_EQ(got, reason);
        CHECK_EQ(at, offset);
        json_scan_hits(s, &n);
        CHECK_EQ(n, 0);
        json_scanner_free(s);
    }
    enum json_reason of_tree = json_tree_parse(a, record, &node, &at);
    CHECK_EQ(of_tree, reason == JSON_NOT_OBJECT ? JSON_OK : reason);
    CHECK_EQ(at, offset);
    arena_free(a);
}

TEST(what_is_not_json_is_refused_with_reason_and_place)
{
    static const struct {
        const char *record;
        enum json_reason reason;
        size_t offset;
    } cases[] = {
        {"", JSON_TRUNCATED, 0},
        {"  ", JSON_TRUNCATED, 2},
        {"{", JSON_TRUNCATED, 1},
        {"{\"", JSON_TRUNCATED, 2},
        {"{\"a", JSON_TRUNCATED, 3},
        {"{\"a\\", JSON_TRUNCATED, 4},
        {"{\"a\\u00", JSON_TRUNCATED, 7},
        {"{\"a\"", JSON_TRUNCATED, 4},
        {"{\"a\":", JSON_TRUNCATED, 5},
        {"{\"a\":1", JSON_TRUNCATED, 6},
        {"{\"a\":1,", JSON_TRUNCATED, 7},
        {"{\"a\":tru", JSON_TRUNCATED, 8},
        {"{\"a\":[", JSON_TRUNCATED, 6},
        {"{\"a\":{\"b\":1}", JSON_TRUNCATED, 12},
        {"}", JSON_BAD_SYNTAX, 0},
        {"{}}", JSON_BAD_SYNTAX, 2},
        {"{}{}", JSON_BAD_SYNTAX, 2},
        {"{} x", JSON_BAD_SYNTAX, 3},
        {"{,}", JSON_BAD_SYNTAX, 1},
        {"{\"a\"}", JSON_BAD_SYNTAX, 4},
        {"{\"a\",}", JSON_BAD_SYNTAX, 4},
        {"{\"a\":}", JSON_BAD_SYNTAX, 5},
        {"{\"a\":1,}", JSON_BAD_SYNTAX, 7},
        {"{\"a\":1 \"b\":2}", JSON_BAD_SYNTAX, 7},
        {"{\"a\":1:2}", JSON_BAD_SYNTAX, 6},
        {"{a:1}", JSON_BAD_SYNTAX, 1},
        {"{1:1}", JSON_BAD_SYNTAX, 1},
        {"{'a':1}", JSON_BAD_SYNTAX, 1},
        {"{\"a\":'x'}", JSON_BAD_SYNTAX, 5},
        {"{\"a\":[1,]}", JSON_BAD_SYNTAX, 8},
        {"{\"a\":[,1]}", JSON_BAD_SYNTAX, 6},
        {"{\"a\":[1 2]}", JSON_BAD_SYNTAX, 8},
        {"{\"a\":[1}}", JSON_BAD_SYNTAX, 7},
        {"{\"a\":{\"b\":1]}", JSON_BAD_SYNTAX, 11},
        {"{\"a\":[\"b\":1]}", JSON_BAD_SYNTAX, 9},
        {"{\"a\":\"b\"\"c\"}", JSON_BAD_SYNTAX, 8},
        {"{\"a\":\"b\"c}", JSON_BAD_SYNTAX, 8},
        {"{\"a\":01}", JSON_BAD_SYNTAX, 6},
        {"{\"a\":+1}", JSON_BAD_SYNTAX, 5},
        {"{\"a\":.5}", JSON_BAD_SYNTAX, 5},
        {"{\"a\":1.}", JSON_BAD_SYNTAX, 7},
        {"{\"a\":1e}", JSON_BAD_SYNTAX, 7},
        {"{\"a\":1e+}", JSON_BAD_SYNTAX, 8},
        {"{\"a\":-}", JSON_BAD_SYNTAX, 6},
        {"{\"a\":1x}", JSON_BAD_SYNTAX, 6},
        {"{\"a\":0x1}", JSON_BAD_SYNTAX, 6},
        {"{\"a\":1.2.3}", JSON_BAD_SYNTAX, 8},
        {"{\"a\":nulL}", JSON_BAD_SYNTAX, 8},
        {"{\"a\":nullx}", JSON_BAD_SYNTAX, 9},
        {"{\"a\":True}", JSON_BAD_SYNTAX, 5},
        {"{\"a\":NaN}", JSON_BAD_SYNTAX, 5},
        {"{\"a\":\"\\x\"}", JSON_BAD_SYNTAX, 7},
        {"{\"a\":\"\\'\"}", JSON_BAD_SYNTAX, 7},
        {"{\"a\":\"\\u12\"}", JSON_BAD_SYNTAX, 10},
        {"{\"a\":\"\\u123g\"}", JSON_BAD_SYNTAX, 11},
        {"{\"a\":\"\\u 123\"}", JSON_BAD_SYNTAX, 8},
        {"{\"a\":\"\\U0041\"}", JSON_BAD_SYNTAX, 7},
        {"{\"a\":\"\t\"}", JSON_BAD_SYNTAX, 6},
        {"{\"a\":\"\n\"}", JSON_BAD_SYNTAX, 6},
        {"{\"\x1f\":1}", JSON_BAD_SYNTAX, 2},
        {"{\"z\":{\"a\":\"\x01\"}}", JSON_BAD_SYNTAX, 11},
        {"{\\\"a\":1}", JSON_BAD_SYNTAX, 1},
        {"{\"a\":1\\\"}", JSON_BAD_SYNTAX, 6},
        {"{\"a\":\\u0031}", JSON_BAD_SYNTAX, 5},
        {"{\f\"a\":1}", JSON_BAD_SYNTAX, 1},
        {"{\v}", JSON_BAD_SYNTAX, 1},
        {"{\x0c}", JSON_BAD_SYNTAX, 1},
        {"{\"a\"\x1a 1}", JSON_BAD_SYNTAX, 4},
        {"{\"a\":1\x0c\"b\":2}", JSON_BAD_SYNTAX, 6},
        {"{\"a\":1}\x01", JSON_BAD_SYNTAX, 7},
        {"\xef\xbb\xbf{}", JSON_BAD_SYNTAX, 0},
        {"{\xc2\xa0}", JSON_BAD_SYNTAX, 1},
        {"{/**/}", JSON_BAD_SYNTAX, 1},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        check_refusal(str_from(cases[i].record), cases[i].reason, cases[i].offset);
    check_refusal((struct str){"{\0}", 3}, JSON_BAD_SYNTAX, 1);
    check_refusal((struct str){"{\"a\":\"\0\"}", 9}, JSON_BAD_SYNTAX, 6);
}

TEST(a_value_that_is_no_object_is_no_record)
{
    static const char *const records[] = {"[]", "1", "\"{}\"", "null", "[{\"a\":1}]"};
    struct json_scanner *s = json_scanner_new();
    struct arena *a = arena_new(0);
    size_t at = 99;

    for (size_t i = 0; i < ARRAY_LEN(records); i++) {
        CHECK_EQ(json_scan(s, wants_of(a, "a", JSON_NO_SLOT), str_from(records[i]), &at),
                 JSON_NOT_OBJECT);
        CHECK_EQ(at, 0);
    }
    json_scanner_free(s);
    arena_free(a);
}

/* ---- limits ---------------------------------------------------------------------- */

static void add_times(struct buf *out, const char *text, size_t n)
{
    while (n-- > 0)
        buf_add(out, str_from(text));
}

static enum json_reason scan_reason(const char *wants, struct str record)
{
    struct arena *a = arena_new(0);
    struct json_scanner *s = json_scanner_new();
    struct json_node *node;
    enum json_reason reason = json_scan(s, wants_of(a, wants, JSON_NO_SLOT), record, NULL);

    if (reason != JSON_TOO_MANY_VALUES)
        CHECK_EQ(json_tree_parse(a, record, &node, NULL), reason);
    json_scanner_free(s);
    arena_free(a);
    return reason;
}

TEST(limits_have_their_own_reasons)
{
    struct buf b = {0};

    for (size_t depth = JSON_DEPTH_MAX; depth <= JSON_DEPTH_MAX + 1; depth++) {
        enum json_reason expected = depth <= JSON_DEPTH_MAX ? JSON_OK : JSON_TOO_DEEP;
        buf_clear(&b);
        add_times(&b, "{\"a\":", depth - 1);
        add_times(&b, "{}", 1);
        add_times(&b, "}", depth - 1);
        CHECK_EQ(scan_reason("a", buf_str(&b)), expected);
        buf_clear(&b);
        add_times(&b, "{\"a\":", 1);
        add_times(&b, "[", depth - 1);
        add_times(&b, "]", depth - 1);
        add_times(&b, "}", 1);
        CHECK_EQ(scan_reason("b", buf_str(&b)), expected);
    }
    for (size_t n = JSON_KEYS_MAX; n <= JSON_KEYS_MAX + 1; n++) {
        buf_clear(&b);
        add_times(&b, "{\"x\":{", 1);
        add_times(&b, "\"a\":1,", n - 2);
        add_times(&b, "\"b\":2}}", 1);
        CHECK_EQ(scan_reason("c", buf_str(&b)), n > JSON_KEYS_MAX ? JSON_TOO_MANY_KEYS : JSON_OK);
    }
    for (size_t n = JSON_HITS_MAX; n <= JSON_HITS_MAX + 1; n++) {
        buf_clear(&b);
        add_times(&b, "{\"a\":[1", 1);
        add_times(&b, ",1", n - 1);
        add_times(&b, "]}", 1);
        CHECK_EQ(scan_reason("a", buf_str(&b)), n > JSON_HITS_MAX ? JSON_TOO_MANY_VALUES : JSON_OK);
        CHECK_EQ(scan_reason("b", buf_str(&b)), JSON_OK);
    }
    buf_clear(&b);
    add_times(&b, "{\"a\":\"", 1);
    add_times(&b, "xxxxxxxxxxxxxxxx", JSON_RECORD_MAX / 16);
    memcpy(b.p + JSON_RECORD_MAX - 2, "\"}", 2);
    CHECK_EQ(scan_reason("a", (struct str){b.p, JSON_RECORD_MAX}), JSON_OK);
    memcpy(b.p + JSON_RECORD_MAX - 2, "x\"}", 3);
    CHECK_EQ(scan_reason("a", (struct str){b.p, JSON_RECORD_MAX + 1}), JSON_TOO_LARGE);
    buf_release(&b);
}

/* ---- kernels --------------------------------------------------------------------- */

/* Memory that ends where nothing may be read. */
static char *page_edge(void)
{
    char *p = mmap(NULL, 2 * PAGE_MAX, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    ASSERT(p != MAP_FAILED);
    ASSERT(mprotect(p + PAGE_MAX, PAGE_MAX, PROT_NONE) == 0);
    return p + PAGE_MAX;
}

static struct json_index index_new(size_t n)
{
    return (struct json_index){.at = calloc(n + JSON_INDEX_SLACK, sizeof(uint32_t)),
                               .care = calloc(n / 64 + 2, sizeof(uint64_t))};
}

static void index_release(struct json_index *ix)
{
    free(ix->at);
    free(ix->care);
}

static void check_index(const struct json_index *got, const struct json_index *want, size_t n)
{
    CHECK_EQ(got->n, want->n);
    CHECK_EQ(got->is_bad, want->is_bad);
    CHECK(memcmp(got->at, want->at, want->n * sizeof(uint32_t)) == 0);
    CHECK(memcmp(got->care, want->care, (n / 64 + 1) * sizeof(uint64_t)) == 0);
}

static void check_index_kernels(struct str text)
{
    static json_index_fn *const kernels[] = {json_index_scalar, json_index_avx2, json_index_avx512};
    static json_index_line_fn *const line_kernels[] = {json_index_line_scalar, json_index_line_avx2,
                                                       json_index_line_avx512};
    struct json_index want = index_new(text.n), got = index_new(text.n);
    size_t line = 0;

    json_index_scalar(text, &want);
    for (int level = 1; level <= (int)cpu_simd_max(); level++) {
        memset(got.care, 0xff, (text.n / 64 + 2) * sizeof(uint64_t));
        kernels[level](text, &got);
        check_index(&got, &want, text.n);
    }
    while (line < text.n && text.p[line] != '\n')
        line++;
    json_index_scalar((struct str){text.p, line}, &want);
    for (int level = 0; level <= (int)cpu_simd_max(); level++) {
        memset(got.care, 0xff, (text.n / 64 + 2) * sizeof(uint64_t));
        CHECK_EQ(line_kernels[level](text, &got), line);
        check_index(&got, &want, line);
    }
    index_release(&want);
    index_release(&got);
}

static void check_unescape_kernels(struct str text)
{
    static json_unescape_fn *const kernels[] = {json_unescape_scalar, json_unescape_avx2,
                                                json_unescape_avx512};
    char *want = malloc(text.n * 3 + 1), *got = malloc(text.n * 3 + 1);
    unsigned want_flags = 0;
    size_t n = json_unescape_scalar(text, want, &want_flags);

    CHECK(n <= text.n * 3);
    for (int level = 1; level <= (int)cpu_simd_max(); level++) {
        unsigned flags = 0;
        got[text.n * 3] = 'G'; /* no byte is written behind the room */
        CHECK_EQ(kernels[level](text, got, &flags), n);
        CHECK(memcmp(got, want, n) == 0);
        CHECK_EQ(flags, want_flags);
        CHECK(got[text.n * 3] == 'G');
    }
    free(want);
    free(got);
}

static void check_escape_kernels(struct str text)
{
    static json_escape_fn *const kernels[] = {json_escape_scalar, json_escape_avx2,
                                              json_escape_avx512};
    size_t room = text.n * 2 + JSON_ESCAPE_SLACK, want_used;
    char *want = malloc(room), *got = malloc(room + 1);
    size_t n = json_escape_scalar(text, want, &want_used);

    for (int level = 1; level <= (int)cpu_simd_max(); level++) {
        size_t used;
        got[room] = 'G';
        CHECK_EQ(kernels[level](text, got, &used), n);
        CHECK_EQ(used, want_used);
        CHECK(memcmp(got, want, n) == 0);
        CHECK(got[room] == 'G');
    }
    free(want);
    free(got);
}

TEST(kernels_agree_on_every_length_up_to_a_page_edge)
{
    static const char ascii[] = "\"\"\"\"\\\\\\\\{}[]:,  \n\t\x01u0041bfnrt/x1-\x1a\x0c";
    static const char telling[] = "\"\"\"\"\\\\\\\\{}[]:,  \n\t\x01u0041bfnrt/x1-\x1a\x0c"
                                  "\x80\xc3\xa9";
    struct rng r = rng_start(__func__);
    char *edge = page_edge();

    for (int round = 0; round < 40; round++) {
        /* Every other round is ASCII: other bytes end the fast way through unescape. */
        uint32_t alphabet = (uint32_t)(round % 2 ? sizeof(telling) : strlen(ascii));
        for (size_t n = 0; n <= 200; n++) {
            for (char *p = edge - n; p < edge; p++)
                *p = telling[rng_below(&r, alphabet)];
            check_index_kernels((struct str){edge - n, n});
            check_unescape_kernels((struct str){edge - n, n});
            check_escape_kernels((struct str){edge - n, n});
            for (char *p = edge - n; p < edge; p++)
                *p = rng_below(&r, 50) ? "ab\\\"~ "[rng_below(&r, 6)] : *p;
            check_escape_kernels((struct str){edge - n, n});
        }
    }
    munmap(edge - PAGE_MAX, 2 * PAGE_MAX);
}

TEST(kernels_agree_on_runs_of_backslashes_at_every_place)
{
    char text[200];

    for (size_t at = 1; at < 132; at++) {
        for (size_t run = 1; at + run < 140; run++) {
            memset(text, 'x', sizeof(text));
            text[0] = '"';
            memset(text + at, '\\', run);
            text[at + run] = '"';
            check_index_kernels((struct str){text, 150});
            check_unescape_kernels((struct str){text + 1, at + run});
            check_unescape_kernels((struct str){text, at + run}); /* ends in the run */
            text[at + run] = 'u';
            check_index_kernels((struct str){text, 150});
            text[at + run + at % 6] = '\n';
            check_index_kernels((struct str){text, 150});
            check_unescape_kernels((struct str){text, 150});
        }
    }
}

TEST(every_byte_has_its_class_in_every_kernel)
{
    for (int c = 0; c < 256; c++) {
        char outside[] = {'1', (char)c, '1', ' ', (char)c, ' '};
        char inside[] = {'"', (char)c, '"', '"', '\\', (char)c, '"', ' '};
        check_index_kernels((struct str){outside, sizeof(outside)});
        check_index_kernels((struct str){inside, sizeof(inside)});
        check_unescape_kernels((struct str){inside, sizeof(inside)});
        check_escape_kernels((struct str){inside, sizeof(inside)});
    }
}

/* ---- unescape -------------------------------------------------------------------- */

TEST(escapes_are_resolved_and_what_is_no_text_is_replaced)
{
    static const struct {
        const char *in;
        const char *out;
        unsigned flags;
    } cases[] = {
        {"", "", 0},
        {"plain", "plain", 0},
        {"\\\"\\\\\\/\\b\\f\\n\\r\\t", "\"\\/\b\f\n\r\t", 0},
        {"C:\\\\Windows\\\\System32\\\\cmd.exe", "C:\\Windows\\System32\\cmd.exe", 0},
        {"\\\\\\\\server\\\\share", "\\\\server\\share", 0},
        {"\\u0041\\u00e9\\u20ac\\uFFFF", "A\xc3\xa9\xe2\x82\xac\xef\xbf\xbf", 0},
        {"\\ud83d\\ude00", "\xf0\x9f\x98\x80", 0},
        {"\\uD800\\uDC00\\uDBFF\\uDFFF", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", 0},
        {"\\ud83d", "\xef\xbf\xbd", JSON_REPLACED},
        {"\\ude00\\ud83d", "\xef\xbf\xbd\xef\xbf\xbd", JSON_REPLACED},
        {"\\ud83d\\ud83d\\ude00", "\xef\xbf\xbd\xf0\x9f\x98\x80", JSON_REPLACED},
        {"\\ud83d\\uffff", "\xef\xbf\xbd\xef\xbf\xbf", JSON_REPLACED},
        {"\\ud83d\\ue000", "\xef\xbf\xbd\xee\x80\x80", JSON_REPLACED},
        {"\\ud83dx", "\xef\xbf\xbdx", JSON_REPLACED},
        {"\\ud83d\\n", "\xef\xbf\xbd\n", JSON_REPLACED},
        {"\\ud83d\\u0041",
         "\xef\xbf\xbd"
         "A",
         JSON_REPLACED},
        {"\\ufffd", "\xef\xbf\xbd", 0},
        {"\xef\xbf\xbd", "\xef\xbf\xbd", 0},
        {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 0},
        {"a\x80z", "a\xef\xbf\xbdz", JSON_REPLACED},
        {"\xc3", "\xef\xbf\xbd", JSON_REPLACED},
        {"\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd", JSON_REPLACED},
        {"\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd", JSON_REPLACED},
        {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", JSON_REPLACED},
        {"\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", JSON_REPLACED},
        {"\xff\\n", "\xef\xbf\xbd\n", JSON_REPLACED},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char out[200];
        unsigned flags = 0;
        size_t n = json_unescape(str_from(cases[i].in), out, &flags);
        CHECK_STR(((struct str){out, n}), cases[i].out);
        CHECK_EQ(flags, cases[i].flags);
        check_unescape_kernels(str_from(cases[i].in));
    }
    char nul[8];
    unsigned flags = 0;
    CHECK_EQ(json_unescape(STR("a\\u0000b"), nul, &flags), 3);
    CHECK(memcmp(nul, "a\0b", 3) == 0);
}

/* ---- documents in a row ---------------------------------------------------------- */

TEST(document_length_finds_where_the_next_begins)
{
    static const struct {
        const char *text;
        size_t n;
        enum json_reason reason;
    } cases[] = {
        {"{}{}", 2, JSON_OK},
        {" \n{\n \"a\": [1, \"}\"]\n}\n{}", 20, JSON_OK},
        {"[{},{}] 5", 7, JSON_OK},
        {"\"a\\\"\"\"b\"", 5, JSON_OK},
        {"12", 2, JSON_OK},
        {"12 13", 2, JSON_OK},
        {"12\"a\"", 2, JSON_OK},
        {"true\nfalse", 4, JSON_OK},
        {"012", 0, JSON_BAD_SYNTAX},
        {"truefalse", 0, JSON_BAD_SYNTAX},
        {"", 0, JSON_TRUNCATED},
        {" \n", 0, JSON_TRUNCATED},
        {"{\"a\":1", 0, JSON_TRUNCATED},
        {"tru", 0, JSON_TRUNCATED},
        {"{]", 0, JSON_BAD_SYNTAX},
        {"]", 0, JSON_BAD_SYNTAX},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        enum json_reason reason = JSON_TOO_LARGE;
        CHECK_EQ(json_document_length(str_from(cases[i].text), &reason), cases[i].n);
        CHECK_EQ(reason, cases[i].reason);
    }
}

/* ---- against a slow walk over the tree ------------------------------------------- */

struct slow {
    struct buf *out;
    uint32_t slot;
};

static void slow_value(struct slow *s, const struct json_node *v, bool is_flat)
{
    const char *marks[] = {"", "", "", "'", "", "{}"};

    if (v->type == JSON_T_ARRAY && v->first) {
        for (const struct json_node *m = v->first; m; m = m->next)
            slow_value(s, m, is_flat);
        return;
    }
    buf_printf(s->out, "%s%u%c%s", s->out->n ? " " : "", s->slot, is_flat ? '~' : '=',
               v->type == JSON_T_ARRAY ? "[]" : marks[v->type]);
    buf_add(s->out, v->text);
}

static void slow_path(struct slow *s, const struct json_node *v, struct str path, bool is_root)
{
    if (v->type != JSON_T_OBJECT && v->type != JSON_T_ARRAY)
        return;
    for (const struct json_node *m = v->first; m; m = m->next) {
        if (v->type == JSON_T_ARRAY)
            slow_path(s, m, path, false);
        else if (str_eq(m->key, path))
            slow_value(s, m, is_root);
        else if (str_starts(path, m->key) && path.p[m->key.n] == '.')
            slow_path(s, m, str_sub(path, m->key.n + 1, SIZE_MAX), false);
    }
}

static void slow_leaves(struct slow *s, const struct json_node *v)
{
    if (v->type == JSON_T_STRING)
        slow_value(s, v, false);
    for (const struct json_node *m = v->first; m; m = m->next)
        slow_leaves(s, m);
}

static const char *const RANDOM_PATHS[] = {
    "a",
    "b",
    "c",
    "a.b",
    "b.c",
    "a.b.c",
    "a.a",
    "b.a",
    "a.b.a.b",
    "",
    ".",
    "a.",
    ".b",
    "e.f",
    "a..b",
    "/",
    "\xc3\xa9",
    "a.e.f",
    "d",
    "eight888",
    "exactly16bytes..",
    "winlog.event_data.SourceImage",
    "a.winlog.event_data.SourceImage",
    "b.SourceImageOfTheProcess",
    "nobody.has.this",
};

static void check_hits_against_tree(const struct json_scanner *s, const struct json_path_want *want,
                                    const struct json_node *root, bool is_leaves)
{
    struct buf got = {0}, expected = {0};
    struct slow slow = {&expected, want->slot};
    size_t n;
    const struct json_hit *hits = json_scan_hits(s, &n);

    for (size_t i = 0; i < n; i++)
        if (hits[i].slot == want->slot)
            render_hit(&got, &hits[i]);
    if (is_leaves)
        slow_leaves(&slow, root);
    else
        slow_path(&slow, root, want->path, true);
    if (!str_eq(buf_str(&got), buf_str(&expected)))
        print_error("path %.*s: got %.*s, expected %.*s\n", (int)want->path.n, want->path.p,
                    (int)got.n, got.p, (int)expected.n, expected.p);
    CHECK(str_eq(buf_str(&got), buf_str(&expected)));
    buf_release(&got);
    buf_release(&expected);
}

static void check_document(struct rng *r, struct arena *a, struct json_scanner **scanners,
                           struct str text)
{
    struct json_path_want wants[8], leaves = {STR("(leaves)"), 100};
    struct json_node *root;
    size_t at_tree = 0, at_scan = 0;
    enum json_reason expected = json_tree_parse(a, text, &root, &at_tree);
    bool has_leaves = rng_below(r, 3) == 0;

    for (uint32_t i = 0; i < ARRAY_LEN(wants); i++) /* slots differ, paths may repeat */
        wants[i] = (struct json_path_want){
            str_from(RANDOM_PATHS[rng_below(r, ARRAY_LEN(RANDOM_PATHS))]), i};
    size_t n_wants = 1 + rng_below(r, ARRAY_LEN(wants));
    const struct json_paths *paths =
        json_paths_new(a, wants, n_wants, has_leaves ? leaves.slot : JSON_NO_SLOT);
    if (expected == JSON_OK && root->type != JSON_T_OBJECT)
        expected = JSON_NOT_OBJECT;
    for (int level = 0; level <= (int)cpu_simd_max(); level++) {
        enum json_reason got = json_scan(scanners[level], paths, text, &at_scan);
        if (got != expected || (got > JSON_NOT_OBJECT && at_tree != at_scan))
            print_error("%s: %s at %zu, tree: %s at %zu\n%.*s\n",
                        cpu_simd_name((enum simd_level)level), json_reason_name(got), at_scan,
                        json_reason_name(expected), at_tree, (int)text.n, text.p);
        CHECK_EQ(got, expected);
        if (got > JSON_NOT_OBJECT)
            CHECK_EQ(at_scan, at_tree);
        if (got != JSON_OK)
            continue;
        if (has_leaves)
            check_hits_against_tree(scanners[level], &leaves, root, true);
        for (size_t i = 0; i < n_wants; i++)
            check_hits_against_tree(scanners[level], &wants[i], root, false);
    }
}

static void check_same_hits(const struct json_scanner *a, const struct json_scanner *b)
{
    size_t n_a, n_b;
    const struct json_hit *x = json_scan_hits(a, &n_a), *y = json_scan_hits(b, &n_b);

    CHECK_EQ(n_a, n_b);
    for (size_t i = 0; i < n_a; i++)
        CHECK(x[i].p == y[i].p && x[i].n == y[i].n && x[i].slot == y[i].slot &&
              x[i].kind == y[i].kind && x[i].flags == y[i].flags && x[i].is_flat == y[i].is_flat);
}

TEST(what_is_remembered_of_a_record_changes_nothing_in_the_next)
{
    enum { PATHS = ARRAY_LEN(RANDOM_PATHS) };
    struct rng r = rng_start(__func__);
    struct arena *a = arena_new(0);
    struct json_path_want wants[PATHS];
    struct json_scanner *plain = json_scanner_new(), *remembering = json_scanner_new();
    struct buf text = {0};

    for (uint32_t i = 0; i < PATHS; i++)
        wants[i] = (struct json_path_want){str_from(RANDOM_PATHS[i]), i};
    const struct json_paths *paths = json_paths_new(a, wants, PATHS, PATHS);
    json_scan_remember(remembering, paths);
    for (int round = 0; round < 6000; round++) {
        if (round % 3 == 0) { /* the two after it are like it, damaged more and more */
            buf_clear(&text);
            json_random_object(&r, &text, false);
        } else if (rng_below(&r, 2)) {
            json_random_damage(&r, &text);
        }
        json_scan_want_leaves(plain, round % 2 == 0);
        json_scan_want_leaves(remembering, round % 2 == 0);
        CHECK_EQ(json_scan(remembering, paths, buf_str(&text), NULL),
                 json_scan(plain, paths, buf_str(&text), NULL));
        check_same_hits(remembering, plain);
    }
    json_scanner_free(plain);
    json_scanner_free(remembering);
    buf_release(&text);
    arena_free(a);
}

/* Keys are remembered object by object, of so many objects. */
TEST(objects_beyond_those_that_are_remembered_are_read_alike)
{
    enum { OBJECTS = 100 };
    struct arena *a = arena_new(0);
    struct json_path_want wants[OBJECTS];
    struct json_scanner *plain = json_scanner_new(), *remembering = json_scanner_new();
    struct buf text = {0};

    for (uint32_t i = 0; i < OBJECTS; i++)
        wants[i] = (struct json_path_want){arena_printf(a, "o%u.k", i), i};
    const struct json_paths *paths = json_paths_new(a, wants, OBJECTS, JSON_NO_SLOT);
    json_scan_remember(remembering, paths);
    for (uint32_t round = 0; round < 6; round++) {
        buf_clear(&text);
        for (uint32_t i = 0; i < OBJECTS; i++) /* another order in every second record */
            buf_printf(&text, "%c\"o%u\":{\"k\":%u,\"%s\":{}}", i ? ',' : '{',
                       round % 2 ? OBJECTS - 1 - i : i, i, round % 3 ? "k" : "other");
        buf_add(&text, STR("}"));
        CHECK_EQ(json_scan(remembering, paths, buf_str(&text), NULL), JSON_OK);
        CHECK_EQ(json_scan(plain, paths, buf_str(&text), NULL), JSON_OK);
        check_same_hits(remembering, plain);
    }
    json_scanner_free(plain);
    json_scanner_free(remembering);
    buf_release(&text);
    arena_free(a);
}

/* As it stands in a record, a wanted key with a backslash is another one. */
TEST(a_wanted_backslash_is_met_escaped_only)
{
    struct json_path_want want = {STR("a\\b"), 0};
    struct arena *a = arena_new(0);
    struct json_scanner *s = json_scanner_new();
    const struct json_paths *paths = json_paths_new(a, &want, 1, JSON_NO_SLOT);
    size_t n;

    for (int round = 0; round < 3; round++) {
        json_scan_remember(s, round ? paths : NULL);
        CHECK_EQ(json_scan(s, paths, STR("{\"a\\b\":1,\"a\\\\b\":2}"), NULL), JSON_OK);
        const struct json_hit *hits = json_scan_hits(s, &n);
        CHECK_EQ(n, 1);
        CHECK_EQ(hits[0].p[0], '2');
    }
    json_scanner_free(s);
    arena_free(a);
}

TEST(scan_and_tree_agree_on_random_and_damaged_documents)
{
    struct rng r = rng_start(__func__);
    struct arena *a = arena_new(0);
    struct json_scanner *scanners[3] = {0};
    struct buf text = {0};

    for (int level = 0; level <= (int)cpu_simd_max(); level++)
        scanners[level] = json_scanner_new_with((enum simd_level)level);
    for (int round = 0; round < 6000; round++) {
        arena_reset(a);
        buf_clear(&text);
        json_random_object(&r, &text, false);
        if (round % 2)
            json_random_damage(&r, &text);
        char *exact = malloc(text.n); /* so that a sanitizer sees a read behind the end */
        if (text.n)
            memcpy(exact, text.p, text.n);
        check_document(&r, a, scanners, (struct str){exact, text.n});
        free(exact);
    }
    for (int level = 0; level < 3; level++)
        json_scanner_free(scanners[level]);
    buf_release(&text);
    arena_free(a);
}

TEST(a_list_of_objects_is_told_from_other_lists)
{
    static const struct {
        const char *record;
        bool has_list;
    } cases[] = {{"{\"a\":1}", false},
                 {"{\"a\":[1,{\"b\":2}]}", false},
                 {"{\"a\":[\"[{\"]}", false},
                 {"{\"a\":[{\"b\":2}]}", true},
                 {"{\"a\":{\"b\":[ { } ]}}", true},
                 {"{\"a\":[[{}]]}", true},
                 {"{\"a\":[ ]}", true},
                 {"{\"a\":[{}],\"b\":[1]}", true}};
    struct arena *a = arena_new(0);
    const struct json_paths *paths = wants_of(a, "x", JSON_NO_SLOT);
    struct json_scanner *s = json_scanner_new();

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CHECK_EQ(json_scan(s, paths, str_from(cases[i].record), NULL), JSON_OK);
        CHECK_EQ(json_scan_has_list(s), cases[i].has_list);
    }
    json_scanner_free(s);
    arena_free(a);
}

TEST_MAIN(ENTRY(wanted_paths_yield_their_values), ENTRY(all_string_leaves_yield_a_slot),
          ENTRY(one_path_may_have_several_slots_and_one_slot_several_paths),
          ENTRY(long_keys_that_begin_alike_are_told_apart),
          ENTRY(a_byte_that_needs_care_is_seen_wherever_it_lies),
          ENTRY(what_is_not_json_is_refused_with_reason_and_place),
          ENTRY(a_value_that_is_no_object_is_no_record), ENTRY(limits_have_their_own_reasons),
          ENTRY(kernels_agree_on_every_length_up_to_a_page_edge),
          ENTRY(kernels_agree_on_runs_of_backslashes_at_every_place),
          ENTRY(every_byte_has_its_class_in_every_kernel),
          ENTRY(escapes_are_resolved_and_what_is_no_text_is_replaced),
          ENTRY(document_length_finds_where_the_next_begins),
          ENTRY(what_is_remembered_of_a_record_changes_nothing_in_the_next),
          ENTRY(objects_beyond_those_that_are_remembered_are_read_alike),
          ENTRY(a_wanted_backslash_is_met_escaped_only),
          ENTRY(a_list_of_objects_is_told_from_other_lists),
          ENTRY(scan_and_tree_agree_on_random_and_damaged_documents))

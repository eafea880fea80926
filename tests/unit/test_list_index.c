/* test_list_index.c - values on lists: every mode and type, expiry, and a slow model beside it. */
#include "match/list_index.h"

#include "base/buf.h"
#include "match/fold.h"

#include "tests/lib/rng.h"
#include "tests/lib/test.h"

#include <stdlib.h>

static const struct list_index *index_of(struct arena *a, const char *path, struct str text)
{
    struct list_set *set = list_set_new(a);
    const struct list_index *x;
    struct weir_err err = {0};

    if (list_set_add_text(set, STR("x"), str_from(path), STR(""), text, &err) != WEIR_OK)
        fail_msg("%u: %s", err.line, err.text);
    CHECK_EQ(list_index_new(a, list_find(set, STR("x")), &x, &err), WEIR_OK);
    return x;
}

static uint32_t find(const struct list_index *x, enum json_kind kind, struct str text,
                     int64_t at_ms)
{
    char folded[4096];
    bool is_ascii = !fold_ascii(folded, text.p, text.n);
    struct list_value v = {kind, text, {folded, text.n}, is_ascii};

    return list_index_find(x, &v, at_ms);
}

enum { NO = -1 };

static const struct {
    const char *list, *value;
    int row;
    bool is_number;
} rows[] = {
    {"one\ntwo\n", "two", 1, false},
    {"one\ntwo\n", "TWO", 1, false},
    {"ONE\n", "one", 0, false},
    {"one\n", "one ", NO, false},
    {"one\n", "on", NO, false},
    {"one\n", "", NO, false},
    {"5\n", "5", 0, true},
    {"5\n", "5.0", NO, true},
    {"# mode: exact\nOne\n", "One", 0, false},
    {"# mode: exact\nOne\n", "one", NO, false},
    /* letters beyond ASCII: as the same texts in a rule */
    {"\xc3\x84rger\n", "\xc3\xa4RGER", 0, false},
    {"k\n", "\xe2\x84\xaa", NO, false}, /* the Kelvin sign is no k for a text in ASCII */
    {"\xc3\xa4k\n", "\xc3\x84\xe2\x84\xaa", 0, false},
    {"# mode: exact\n\xc3\x84\n", "\xc3\xa4", NO, false},
    /* numbers */
    {"# type: number\n5\n1e3\n-0.50\n", "5.0", 0, true},
    {"# type: number\n5\n1e3\n-0.50\n", "1000", 1, false},
    {"# type: number\n5\n1e3\n-0.50\n", "-0.5", 2, true},
    {"# type: number\n5\n", "five", NO, false},
    /* addresses */
    {"# type: ip\nfd00::1\n10.0.0.7\n", "fd00:0:0::1", 0, false},
    {"# type: ip\nfd00::1\n10.0.0.7\n", "10.0.0.7", 1, false},
    {"# type: ip\n10.0.0.7\n", "::ffff:10.0.0.7", 0, false},
    {"# type: ip\n10.0.0.7\n", "10.0.0.8", NO, false},
    {"# type: ip\n10.0.0.7\n", "10", NO, true},
    /* networks: the longest prefix that holds it */
    {"# mode: cidr\n10.0.0.0/8\n10.1.0.0/16\n10.1.2.3\n", "10.1.2.3", 2, false},
    {"# mode: cidr\n10.0.0.0/8\n10.1.0.0/16\n10.1.2.3\n", "10.1.9.9", 1, false},
    {"# mode: cidr\n10.0.0.0/8\n10.1.0.0/16\n", "10.255.0.1", 0, false},
    {"# mode: cidr\n10.0.0.0/8\n", "11.0.0.1", NO, false},
    {"# mode: cidr\n0.0.0.0/0\n", "1.2.3.4", 0, false},
    {"# mode: cidr\n::/0\n", "1.2.3.4", NO, false},
    {"# mode: cidr\n::/0\nfd00::/8\n", "fd12::1", 1, false},
    {"# mode: cidr\n::/0\nfd00::/8\n", "fe80::1", 0, false},
    {"# mode: cidr\nfd00::/9\n", "fd80::1", NO, false},
    {"# mode: cidr\n10.0.0.0/8\n", "10.0.0.0/8", NO, false},
    /* patterns */
    {"# mode: glob\n*.example.com\n", "A.Example.COM", 0, false},
    {"# mode: glob\n*.example.com\n", "example.com", NO, false},
    {"# mode: glob\nadm-*\n", "ADM-7", 0, false},
    {"# mode: glob\nadm-*\n", "xadm-7", NO, false},
    {"# mode: glob\nplain\n", "Plain", 0, false},
    {"# mode: glob\nsrv-??\n", "srv-01", 0, false},
    {"# mode: glob\nsrv-??\n", "srv-1", NO, false},
    {"# mode: glob\n*in*\n", "inside", 0, false},
    {"# mode: glob\na\\*b\n", "a*b", 0, false},
    {"# mode: glob\na\\*b\n", "axb", NO, false},
    {"# mode: glob\nC:\\dir\\*\n", "c:\\dir*", 0, false}, /* a backslash takes the star's meaning */
    {"# mode: glob\nC:\\dir\\\\*\n", "c:\\DIR\\x", 0, false},
    {"# mode: glob\n\xc3\xa4*\n", "\xc3\x84x", 0, false},
    {"# mode: glob\n*\n", "", 0, false},
    {"", "x", NO, false},
};

TEST(a_value_is_on_a_list_or_not)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena *a = arena_new(0);
        const struct list_index *x = index_of(a, "x.txt", str_from(rows[i].list));
        uint32_t got =
            find(x, rows[i].is_number ? JSON_NUMBER : JSON_STRING, str_from(rows[i].value), 0);
        if (got != (uint32_t)rows[i].row)
            fail_msg("row %zu (%s in %s): %d", i, rows[i].value, rows[i].list, (int)got);
        arena_free(a);
    }
}

TEST(a_row_is_not_there_from_its_expiry_on)
{
    struct arena *a = arena_new(0);
    const struct list_index *x =
        index_of(a, "x.csv", STR("v,expires\na,2026-01-01\nb,\na,2026-02-01\n"));
    const int64_t january = 1767225600000, february = 1769904000000;

    CHECK_EQ(find(x, JSON_STRING, STR("a"), january - 1), 2); /* the one that stays longest */
    CHECK_EQ(find(x, JSON_STRING, STR("a"), february - 1), 2);
    CHECK_EQ(find(x, JSON_STRING, STR("a"), february), LIST_NO_ROW);
    CHECK_EQ(find(x, JSON_STRING, STR("a"), INT64_MIN), 2);
    CHECK_EQ(find(x, JSON_STRING, STR("b"), INT64_MAX - 1), 1);
    x = index_of(a, "n.csv", STR("# mode: cidr\nn,expires\n10.0.0.0/8,\n10.1.0.0/16,2026-01-01\n"));
    CHECK_EQ(find(x, JSON_STRING, STR("10.1.0.1"), january - 1), 1);
    CHECK_EQ(find(x, JSON_STRING, STR("10.1.0.1"), january), 0);
    x = index_of(a, "g.csv", STR("# mode: glob\nn,expires\n*x,\n*xx,2026-01-01\na?c,2026-01-01\n"));
    CHECK_EQ(find(x, JSON_STRING, STR("xx"), january - 1), 1);
    CHECK_EQ(find(x, JSON_STRING, STR("xx"), january), 0);
    CHECK_EQ(find(x, JSON_STRING, STR("abc"), january - 1), 2);
    CHECK_EQ(find(x, JSON_STRING, STR("abc"), january), LIST_NO_ROW);
    arena_free(a);
}

TEST(too_many_patterns_are_refused)
{
    struct arena *a = arena_new(0);
    struct list_set *set = list_set_new(a);
    const struct list_index *x;
    struct weir_err err = {0};
    struct buf text = {0};

    buf_add(&text, STR("# mode: glob\n"));
    for (int i = 0; i <= LIST_GLOBS_MAX; i++)
        buf_printf(&text, "a*%d\n*%d\n", i, i);
    CHECK_EQ(list_set_add_text(set, STR("x"), STR("x.txt"), STR(""), buf_str(&text), &err),
             WEIR_OK);
    CHECK_EQ(list_index_new(a, list_find(set, STR("x")), &x, &err), WEIR_LIMIT);
    CHECK(strstr(err.text, "the list 'x' has more than 2000 patterns"));
    buf_release(&text);
    arena_free(a);
}

/* ---- a model: every row, one after the other --------------------------------------------- */

static struct str random_text(struct rng *rng, char *room, bool is_entry)
{
    static const char letters[] = "abAB\xc3\x84\xc3\xa4";
    size_t n = 1 + rng_below(rng, 4), at = 0;

    for (size_t i = 0; i < n; i++) {
        size_t k = rng_below(rng, is_entry ? 5 : 6);
        if (k < 4)
            room[at++] = letters[k];
        else {
            memcpy(room + at, letters + 4 + 2 * (k - 4), 2);
            at += 2;
        }
    }
    return (struct str){room, at};
}

static bool model(const struct list *l, struct str value)
{
    char v[64], e[64];

    for (size_t i = 0; i < l->n_entries; i++) {
        struct str entry = list_entry(l, i);
        struct str x = {v, fold_simple(v, value)}, y = {e, fold_simple(e, entry)};
        if (l->mode == LIST_EXACT ? str_eq(value, entry) : str_eq(x, y))
            return true;
    }
    return false;
}

TEST(it_equals_a_model_on_random_lists)
{
    struct rng rng = rng_start(__func__);
    static const char *const heads[] = {"# mode: ci\n", "# mode: exact\n"};

    for (int round = 0; round < 200; round++) {
        struct arena *a = arena_new(0);
        struct buf text = {0};
        char room[64];
        buf_add(&text, str_from(heads[round % 2]));
        for (uint32_t n = rng_below(&rng, 60); n > 0; n--) {
            buf_add(&text, random_text(&rng, room, true));
            buf_add_char(&text, '\n');
        }
        const struct list_index *x = index_of(a, "x.txt", buf_str(&text));
        for (int i = 0; i < 100; i++) {
            struct str value = random_text(&rng, room, false);
            uint32_t row = find(x, JSON_STRING, value, 0);
            if ((row != LIST_NO_ROW) != model(list_index_list(x), value))
                fail_msg("%.*s in %.*s", (int)value.n, value.p, (int)text.n, text.p);
        }
        buf_release(&text);
        arena_free(a);
    }
}

TEST(a_million_rows_take_at_most_a_hundred_megabytes)
{
    struct arena *a = arena_new(0);
    struct buf text = {0};

    buf_add(&text, STR("sha256,expires\n"));
    for (int i = 0; i < LIST_ROWS_MAX; i++)
        buf_printf(&text, "%016x%016x%016x%016x,\n", i, i * 7, i * 31, i * 101);
    const struct list_index *x = index_of(a, "x.csv", buf_str(&text));
    for (int i = 0; i < LIST_ROWS_MAX; i += 99999) {
        char room[65];
        snprintf(room, sizeof room, "%016X%016X%016x%016x", i, i * 7, i * 31, i * 101);
        CHECK_EQ(find(x, JSON_STRING, (struct str){room, 64}, 0), i);
        room[63] ^= 1;
        CHECK_EQ(find(x, JSON_STRING, (struct str){room, 64}, 0), LIST_NO_ROW);
    }
    printf("a million SHA-256: %zu MB\n", arena_held(a) / 1000000);
    CHECK(arena_held(a) <= 100 * 1000 * 1000);
    buf_release(&text);
    arena_free(a);
}

TEST_MAIN(ENTRY(a_value_is_on_a_list_or_not), ENTRY(a_row_is_not_there_from_its_expiry_on),
          ENTRY(too_many_patterns_are_refused), ENTRY(it_equals_a_model_on_random_lists),
          ENTRY(a_million_rows_take_at_most_a_hundred_megabytes))

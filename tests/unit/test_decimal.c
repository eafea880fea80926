/* test_decimal.c - exact decimals: a table of traps, and random spellings of small numbers
 * against 128-bit integers. */
#include "tests/lib/json_random.h"
#include "tests/lib/test.h"

#include "base/decimal.h"

#include <stdlib.h>

TEST(only_json_numbers_are_numbers)
{
    static const char *const good[] = {
        "0",        "-0",        "1",     "-12",
        "0.5",      "-0.0",      "10.50", "1e5",
        "1E+5",     "1e-5",      "0e0",   "1e007",
        "1e100000", "1e-100000", "0.1e1", "123456789012345678901234567890",
    };
    static const char *const bad[] = {
        "",         "-",        "+1",       "01",        "-01",
        "00",       ".5",       "5.",       "1.e5",      "1e",
        "1e+",      "e5",       " 1",       "1 ",        "1,5",
        "0x10",     "1_0",      "--1",      "1.2.3",     "1e5.5",
        "NaN",      "Infinity", "1e100001", "1e-100001", "1e99999999999999999999",
        "\xd9\xa1",
    };

    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        CHECK(decimal_is_number(str_from(good[i])));
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        char out[64];
        if (decimal_is_number(str_from(bad[i])))
            print_error("taken as a number: %s\n", bad[i]);
        CHECK(!decimal_is_number(str_from(bad[i])));
        CHECK_EQ(decimal_canonical(str_from(bad[i]), out, sizeof(out)), 0);
    }
    CHECK(!decimal_is_number((struct str){"1\0", 2}));
}

static int sign(int x)
{
    return (x > 0) - (x < 0);
}

TEST(traps_of_comparison)
{
    static const struct {
        const char *a;
        const char *b;
        int order;
    } cases[] = {
        {"5", "5.0", 0},
        {"5", "50e-1", 0},
        {"5", "0.5e1", 0},
        {"0", "-0", 0},
        {"0", "0.000e99", 0},
        {"-0.0", "0e-5", 0},
        {"100", "1e2", 0},
        {"1e2", "10.0e1", 0},
        {"0.001", "1e-3", 0},
        {"1200", "1.2e3", 0},
        {"9007199254740993", "9007199254740992", 1}, /* equal as doubles */
        {"18446744073709551615", "18446744073709551616", -1},
        {"0.1", "0.10000000000000000001", -1},
        {"9", "10", -1},
        {"-9", "-10", 1},
        {"-1", "0", -1},
        {"0", "-1e-100000", 1},
        {"0", "1e-100000", -1},
        {"1e100000", "1e99999", 1},
        {"-1e100000", "1e-100000", -1},
        {"99e1", "1e3", -1},
        {"1.5", "1.25", 1},
        {"1.05", "1.5", -1},
        {"10.5", "10.25", 1},
        {"105", "1050", -1},
        {"101", "1001e-1", 1},
        {"1.001", "1.01", -1},
        {"0.09", "0.1", -1},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct str a = str_from(cases[i].a), b = str_from(cases[i].b);
        if (sign(decimal_cmp(a, b)) != cases[i].order)
            print_error("%s and %s\n", cases[i].a, cases[i].b);
        CHECK(sign(decimal_cmp(a, b)) == cases[i].order);
        CHECK(sign(decimal_cmp(b, a)) == -cases[i].order);
        CHECK(decimal_cmp(a, a) == 0);
    }
}

TEST(canonical_text_is_one_for_all_spellings)
{
    static const struct {
        const char *in;
        const char *out;
    } cases[] = {
        {"0", "0"},
        {"-0.00e7", "0"},
        {"5", "5"},
        {"5.0", "5"},
        {"50e-1", "5"},
        {"-12", "-12"},
        {"4.624e3", "4624"},
        {"1.5", "15e-1"},
        {"0.015e2", "15e-1"},
        {"-0.001", "-1e-3"},
        {"99999999999999999999", "99999999999999999999"},
        {"1e19", "10000000000000000000"},
        {"100000000000000000000", "1e20"},
        {"123456789012345678901234567890", "12345678901234567890123456789e1"},
        {"1e-100000", "1e-100000"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char out[128];
        size_t n = decimal_canonical(str_from(cases[i].in), out, sizeof(out));
        CHECK_STR(((struct str){out, n}), cases[i].out);
        for (size_t size = 0; size < n; size++) /* never a part, never behind the end */
            CHECK_EQ(decimal_canonical(str_from(cases[i].in), out, size), 0);
    }
}

/* ---- random spellings against integers -------------------------------------------- */

enum { MODEL_PLACES = 9 };

struct model {
    uint32_t digits; /* the value is digits * 10^exponent ... */
    int exponent;
    bool is_negative;
    __int128 scaled; /* ... and this is 10^MODEL_PLACES as much: always whole */
    char text[128];
    size_t n;
};

/* The text of a number, with the point and the exponent anywhere. */
static void spell(struct rng *r, struct model *m)
{
    int exponent = m->exponent;
    char plain[32], padded[64];
    int shift = (int)rng_below(r, 13) - 6;
    uint32_t zeros = m->digits ? rng_below(r, 4) : 0; /* no 00 */

    snprintf(plain, sizeof(plain), "%u%.*s", m->digits, (int)zeros, "0000");
    exponent -= (int)zeros;
    /* The point goes `point` digits from the end; zeros in front give it room. */
    int point = (int)rng_below(r, 8), n_digits = (int)strlen(plain);
    int lead = point >= n_digits ? point - n_digits + 1 : 0;
    snprintf(padded, sizeof(padded), "%.*s%s", lead, "0000000000", plain);
    int int_n = (int)strlen(padded) - point;
    exponent += point;
    m->n = (size_t)snprintf(m->text, sizeof(m->text), "%s%.*s%s%s", m->is_negative ? "-" : "",
                            int_n, padded, point ? "." : "", padded + int_n);
    if (exponent != 0 || shift > 0)
        m->n += (size_t)snprintf(m->text + m->n, sizeof(m->text) - m->n, "%c%s%s%d",
                                 shift & 1 ? 'e' : 'E', exponent < 0 ? "-" : (shift & 2 ? "+" : ""),
                                 shift & 4 ? "00" : "", abs(exponent));
}

static struct model random_number(struct rng *r)
{
    struct model m = {
        .digits = rng_below(r, 3) ? rng_below(r, 30) : rng_below(r, 1000000000),
        .exponent = (int)rng_below(r, 2 * MODEL_PLACES) - MODEL_PLACES,
        .is_negative = rng_below(r, 3) == 0,
    };

    m.scaled = m.digits;
    for (int i = -MODEL_PLACES; i < m.exponent; i++)
        m.scaled *= 10;
    if (m.is_negative)
        m.scaled = -m.scaled;
    spell(r, &m);
    return m;
}

TEST(random_spellings_compare_like_integers)
{
    struct rng r = rng_start(__func__);

    for (int round = 0; round < 100000; round++) {
        struct model a = random_number(&r), b = random_number(&r);
        if (round % 4 == 0) {
            b = a;
            spell(&r, &b);
        }
        struct str x = {a.text, a.n}, y = {b.text, b.n};
        char cx[128], cy[128];
        int expected = (a.scaled > b.scaled) - (a.scaled < b.scaled);
        CHECK(decimal_is_number(x));
        CHECK(decimal_is_number(y));
        if (sign(decimal_cmp(x, y)) != expected)
            print_error("%s and %s\n", a.text, b.text);
        CHECK(sign(decimal_cmp(x, y)) == expected);
        struct str canon_x = {cx, decimal_canonical(x, cx, sizeof(cx))};
        struct str canon_y = {cy, decimal_canonical(y, cy, sizeof(cy))};
        CHECK(canon_x.n > 0);
        CHECK(str_eq(canon_x, canon_y) == (expected == 0));
        CHECK(decimal_cmp(x, canon_x) == 0); /* which is a JSON number too */
    }
}

TEST(fixed_point_rounds_to_the_nearest)
{
    static const struct {
        const char *text;
        bool fits;
        int64_t micro;
    } ROWS[] = {
        {"0", true, 0},
        {"-0.0", true, 0},
        {"1", true, 1000000},
        {"0.5", true, 500000},
        {"-12.345", true, -12345000},
        {"120", true, 120000000},
        {"1e3", true, 1000000000},
        {"1.5e-6", true, 2},
        {"0.0000004", true, 0},
        {"0.0000005", true, 1},
        {"-0.0000005", true, -1},
        {"0.00000005", true, 0},
        {"0.1234565", true, 123457},
        {"9223372036854.775807", true, INT64_MAX},
        {"-9223372036854.775807", true, -INT64_MAX},
        {"9223372036854.775808", false, 0},
        {"9223372036854.7758075", false, 0},
        {"1e13", false, 0},
        {"1e-90000", true, 0},
        {"1.", false, 0},
        {"", false, 0},
        {"x", false, 0},
    };

    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
        int64_t micro = 0;
        bool fits = decimal_to_micro(str_from(ROWS[i].text), &micro);
        if (fits != ROWS[i].fits || micro != ROWS[i].micro)
            print_error("%s gave %lld\n", ROWS[i].text, (long long)micro);
        CHECK(fits == ROWS[i].fits);
        CHECK_EQ(micro, ROWS[i].micro);
    }
}

TEST_MAIN(ENTRY(fixed_point_rounds_to_the_nearest), ENTRY(only_json_numbers_are_numbers),
          ENTRY(traps_of_comparison), ENTRY(canonical_text_is_one_for_all_spellings),
          ENTRY(random_spellings_compare_like_integers))

/* json_random.c - random JSON documents. */
#include "tests/lib/json_random.h"

#include "base/str.h"

enum { RANDOM_DEPTH_MAX = 5 };

#define PICK(r, list) ((list)[rng_below((r), (uint32_t)ARRAY_LEN(list))])

static void add(struct buf *out, const char *text)
{
    buf_add(out, str_from(text));
}

static void random_blanks(struct rng *r, struct buf *out)
{
    while (rng_below(r, 8) == 0)
        buf_add_char(out, " \t\r\n"[rng_below(r, 4)]);
}

static void random_text(struct rng *r, struct buf *out, bool is_tame)
{
    static const char *const tame[] = {
        "a",
        "Z",
        " ",
        "0",
        "/",
        "x.exe",
        "C:\\\\Windows",
        "\\\"",
        "\\\\",
        "\\/",
        "\\b\\f",
        "\\n",
        "\\r",
        "\\t",
        "\\u0041",
        "\\u00e9",
        "\\u20AC",
        "\\ud83d\\ude00",
        "\xc3\xa9",
        "\xe2\x82\xac",
        "\xf0\x9f\x98\x80",
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\x7f",
    };
    static const char *const wild[] = {
        "\\u0000", "\\ud800", "\\udc00",      "\\ud800\\u0041", "\\ud83d\\ud83d\\ude00", "\x80",
        "\xc3",    "\xff",    "\xed\xa0\x80", "\xc0\xaf",       "\xf4\x90\x80\x80",      "\xe2\x82",
    };
    uint32_t n = rng_below(r, 4) ? rng_below(r, 8) : rng_below(r, 120);

    while (n-- > 0)
        add(out, !is_tame && rng_below(r, 12) == 0 ? PICK(r, wild) : PICK(r, tame));
}

static void random_key(struct rng *r, struct buf *out, bool is_tame)
{
    static const char *const keys[] = {
        "a",
        "b",
        "c",
        "a",
        "b",
        "a.b",
        "b.c",
        "a.b.c",
        "d",
        "e.f",
        "",
        ".",
        "a.",
        ".b",
        "\\u0061",
        "\\u0061.b",
        "a\\u002eb",
        "\\/",
        "winlog.event_data.SourceImage",
        "SourceImageOfTheProcess",
        "\xc3\xa9",
        "\\u00e9",
        "exactly16bytes..",
        "eight888",
        "a..b",
    };

    if (rng_below(r, 10) == 0)
        random_text(r, out, is_tame);
    else
        add(out, PICK(r, keys));
}

static void random_number(struct rng *r, struct buf *out)
{
    static const char *const numbers[] = {
        "0",   "-0",         "7",   "-12",  "4688", "9007199254740993",
        "0.5", "-1.25e3",    "1E5", "1e-7", "0e0",  "18446744073709551615",
        "1.0", "100000.000",
    };

    add(out, PICK(r, numbers));
}

static void random_value(struct rng *r, struct buf *out, bool is_tame, unsigned depth);

static void random_members(struct rng *r, struct buf *out, bool is_tame, unsigned depth,
                           bool is_object)
{
    uint32_t n = rng_below(r, 6);

    buf_add_char(out, is_object ? '{' : '[');
    random_blanks(r, out);
    for (uint32_t i = 0; i < n; i++) {
        if (i > 0)
            buf_add_char(out, ',');
        random_blanks(r, out);
        if (is_object) {
            buf_add_char(out, '"');
            random_key(r, out, is_tame);
            add(out, "\"");
            random_blanks(r, out);
            add(out, ":");
            random_blanks(r, out);
        }
        random_value(r, out, is_tame, depth);
        random_blanks(r, out);
    }
    buf_add_char(out, is_object ? '}' : ']');
}

static void random_value(struct rng *r, struct buf *out, bool is_tame, unsigned depth)
{
    static const char *const literals[] = {"true", "false", "null"};
    uint32_t kind = rng_below(r, depth < RANDOM_DEPTH_MAX ? 8 : 5);

    if (kind < 2) {
        buf_add_char(out, '"');
        random_text(r, out, is_tame);
        buf_add_char(out, '"');
    } else if (kind < 4) {
        random_number(r, out);
    } else if (kind == 4) {
        add(out, PICK(r, literals));
    } else {
        random_members(r, out, is_tame, depth + 1, kind != 5);
    }
}

void json_random_object(struct rng *r, struct buf *out, bool is_tame)
{
    random_blanks(r, out);
    random_members(r, out, is_tame, 1, true);
    random_blanks(r, out);
}

static void damage_once(struct rng *r, struct buf *text)
{
    static const char telling[] = "{}[]:,\"\\ \t\n0123456789-+.eEtrufalsn/b\x01\x1f\x7f\x80\xff";
    size_t at = rng_below(r, (uint32_t)text->n);

    switch (rng_below(r, 5)) {
    case 0:
        text->p[at] = telling[rng_below(r, sizeof(telling))]; /* its NUL too */
        break;
    case 1: /* drop */
        memmove(text->p + at, text->p + at + 1, text->n - at - 1);
        text->n--;
        break;
    case 2: /* add */
        buf_reserve(text, 1);
        memmove(text->p + at + 1, text->p + at, text->n - at);
        text->p[at] = telling[rng_below(r, sizeof(telling) - 1)];
        text->n++;
        break;
    case 3: { /* repeat */
        size_t n = rng_below(r, (uint32_t)(text->n - at)) % 16 + 1;
        if (n > text->n - at)
            n = text->n - at;
        buf_reserve(text, n);
        memmove(text->p + at + n, text->p + at, text->n - at);
        text->n += n;
        break;
    }
    default:
        if (rng_below(r, 4) == 0)
            text->n = at; /* cut */
    }
}

void json_random_damage(struct rng *r, struct buf *text)
{
    for (uint32_t n = 1 + rng_below(r, 2); n > 0 && text->n > 0; n--)
        damage_once(r, text);
}

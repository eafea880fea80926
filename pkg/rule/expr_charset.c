/* expr_charset.c - base64 of a text in some character set, as LogScale decodes it: letters that are
 * none of its alphabet are passed over, and what is no character becomes U+FFFD.
 */
#include "rule/expr_impl.h"

#include "base/base64.h"
#include "base/str.h"
#include "base/utf8.h"

#include <ctype.h>

enum { REPLACEMENT = 0xFFFD };

/* The letters of the alphabet, and the padding. */
static struct str letters_of(struct arena *space, struct str s)
{
    char *out = arena_alloc(space, s.n + 1);
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++)
        if (isalnum((unsigned char)s.p[i]) || s.p[i] == '+' || s.p[i] == '/' || s.p[i] == '=')
            out[n++] = s.p[i];
    return (struct str){out, n};
}

static struct str from_latin1(struct arena *space, struct str s)
{
    char *out = arena_alloc(space, 2 * s.n + 1);
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++)
        n += utf8_put(out + n, (unsigned char)s.p[i]);
    return (struct str){out, n};
}

static uint32_t unit_at(struct str s, size_t i, bool is_big)
{
    const unsigned char *p = (const unsigned char *)s.p + i;

    return is_big ? (uint32_t)p[0] << 8 | p[1] : (uint32_t)p[1] << 8 | p[0];
}

static struct str from_utf16(struct arena *space, struct str s, bool is_big)
{
    char *out = arena_alloc(space, 2 * s.n + UTF8_CHARACTER_MAX);
    size_t n = 0, i = 0;

    while (i + 1 < s.n) {
        uint32_t c = unit_at(s, i, is_big);
        i += 2;
        bool is_high = c >= 0xD800 && c < 0xDC00, is_low = c >= 0xDC00 && c < 0xE000;
        uint32_t next = is_high && i + 1 < s.n ? unit_at(s, i, is_big) : 0;
        if (next >= 0xDC00 && next < 0xE000) {
            c = 0x10000 + ((c - 0xD800) << 10) + (next - 0xDC00);
            i += 2;
        } else if (is_high || is_low) {
            c = REPLACEMENT;
        }
        n += utf8_put(out + n, c);
    }
    if (i < s.n) /* half a unit */
        n += utf8_put(out + n, REPLACEMENT);
    return (struct str){out, n};
}

struct expr_value expr_base64_text(struct arena *space, struct str s, struct str charset)
{
    struct str bytes, letters = letters_of(space, s);
    char *out = arena_alloc(space, letters.n + 1);
    size_t n;

    if (!base64_decode(letters, out, &n))
        return EXPR_NOTHING;
    bytes = (struct str){out, n};
    if (str_eq(charset, STR("utf-16le")) || str_eq(charset, STR("utf-16be")))
        bytes = from_utf16(space, bytes, charset.p[6] == 'b');
    else if (str_eq(charset, STR("iso-8859-1")))
        bytes = from_latin1(space, bytes);
    else {
        char *clean = arena_alloc(space, UTF8_CLEAN_GROWTH * n + 1);
        bytes = (struct str){clean, utf8_clean(bytes, clean)};
    }
    return bytes.n > EXPR_TEXT_MAX ? EXPR_NOTHING : expr_value_text(bytes);
}

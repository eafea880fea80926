/* encode.c - base64, UTF-16 and dashes: pure functions on text.
 *
 * base64offset: text inside a larger base64 stream starts at one of three bit offsets. Encode
 * it behind 0, 1 and 2 filler bytes and cut the characters at both ends that also depend on a
 * neighbour: what is left must occur. It counts bytes, so it is right for any text.
 */
#include "lang/sigma/modifier.h"

#include "base/base64.h"
#include "base/letter.h"
#include "base/str.h"

struct str sigma_base64(struct arena *a, struct str bytes)
{
    return base64_encode(bytes, arena_alloc(a, BASE64_SIZE(bytes.n)));
}

void sigma_base64_offsets(struct arena *a, struct str bytes, struct str out[3])
{
    static const size_t START[3] = {0, 2, 3}, END[3] = {0, 3, 2};

    for (size_t shift = 0; shift < 3; shift++) {
        char *padded = arena_zalloc(a, bytes.n + shift);
        if (bytes.n)
            memcpy(padded + shift, bytes.p, bytes.n);
        struct str code = sigma_base64(a, (struct str){padded, bytes.n + shift});
        size_t cut = START[shift] + END[(bytes.n + shift) % 3];
        out[shift] = cut < code.n ? str_sub(code, START[shift], code.n - cut) : STR("");
    }
}

static char *put_unit(char *out, uint32_t unit, enum sigma_utf16 how)
{
    char high = (char)(unit >> 8 & 0xff), low = (char)(unit & 0xff);

    out[0] = how == SIGMA_UTF16_BE ? high : low;
    out[1] = how == SIGMA_UTF16_BE ? low : high;
    return out + 2;
}

struct str sigma_utf16(struct arena *a, struct str text, enum sigma_utf16 how)
{
    char *p = arena_alloc(a, text.n * 2 + 2), *out = p;
    size_t n;

    if (how == SIGMA_UTF16_BOM)
        out = put_unit(out, 0xfeff, how);
    for (size_t i = 0; i < text.n; i += n) {
        uint32_t c = letter_at(text, i, &n);
        if (c >= 0x10000) {
            c -= 0x10000;
            out = put_unit(out, 0xd800 | c >> 10, how);
            c = 0xdc00 | (c & 0x3ff);
        }
        out = put_unit(out, c, how);
    }
    return (struct str){p, (size_t)(out - p)};
}

/* ---- windash --------------------------------------------------------------------------- */

/* The dashes that Windows takes for "-" before an option: hyphen, slash, en dash, em dash,
 * horizontal bar (Sigma modifiers appendix). */
#define DASHES "-/\xe2\x80\x93\xe2\x80\x94\xe2\x80\x95"

/* pySigma's \B[-/]\b: not behind a word character, before one. Each run of text between
 * wildcards is looked at on its own. */
static bool is_option_dash(struct str text, size_t at, bool is_behind_word)
{
    size_t n;

    if ((text.p[at] != '-' && text.p[at] != '/') || is_behind_word || at + 1 >= text.n)
        return false;
    return letter_is_word(letter_at(text, at + 1, &n));
}

static size_t dash_text(struct str text, struct sigma_part *out)
{
    size_t n_parts = 0, from = 0, n;
    bool is_word = false;

    for (size_t i = 0; i < text.n; i += n) {
        uint32_t c = letter_at(text, i, &n);
        if (is_option_dash(text, i, is_word)) {
            if (i > from)
                out[n_parts++] = (struct sigma_part){SIGMA_TEXT, str_sub(text, from, i - from)};
            out[n_parts++] = (struct sigma_part){SIGMA_SET, STR(DASHES)};
            from = i + 1;
        }
        is_word = letter_is_word(c);
    }
    if (from < text.n)
        out[n_parts++] = (struct sigma_part){SIGMA_TEXT, str_sub(text, from, SIZE_MAX)};
    return n_parts;
}

struct sigma_string sigma_windash(struct arena *a, struct sigma_string s)
{
    size_t cap = s.n, n = 0;

    for (size_t i = 0; i < s.n; i++)
        for (size_t k = 0; s.parts[i].kind == SIGMA_TEXT && k < s.parts[i].text.n; k++)
            cap += s.parts[i].text.p[k] == '-' || s.parts[i].text.p[k] == '/' ? 2 : 0;
    struct sigma_part *parts = ARENA_ARRAY(a, cap, struct sigma_part);
    for (size_t i = 0; i < s.n; i++) {
        if (s.parts[i].kind == SIGMA_TEXT)
            n += dash_text(s.parts[i].text, parts + n);
        else
            parts[n++] = s.parts[i];
    }
    return (struct sigma_string){parts, n};
}

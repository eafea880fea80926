/* letter.c - the ranges below are those of Unicode's blocks, not of single characters: a
 * caseless character taken for a cased one only costs speed, so the table stays short. */
#include "base/letter.h"

#include "base/utf8.h"

struct range {
    uint32_t from, to;
};

/* Blocks with cased letters (Unicode 15, CaseFolding.txt), in order. */
static const struct range CASED[] = {
    {0xb5, 0xb5},       {0xc0, 0xd6},       {0xd8, 0xf6},       {0xf8, 0x2af},
    {0x345, 0x345},     {0x370, 0x52f},     {0x531, 0x587},     {0x10a0, 0x10ff},
    {0x13a0, 0x13fd},   {0x1c80, 0x1cbf},   {0x1d79, 0x1d8e},   {0x1e00, 0x1fff},
    {0x2126, 0x2132},   {0x214e, 0x214e},   {0x2160, 0x2188},   {0x24b6, 0x24e9},
    {0x2c00, 0x2d2d},   {0xa640, 0xa69f},   {0xa722, 0xa7ff},   {0xab53, 0xabbf},
    {0xfb00, 0xfb17},   {0xff21, 0xff5a},   {0x10400, 0x104ff}, {0x10570, 0x105bf},
    {0x10c80, 0x10cff}, {0x118a0, 0x118df}, {0x16e40, 0x16e7f}, {0x1e900, 0x1e943}};

/* Punctuation and blanks outside ASCII that rules could hold. */
static const struct range NO_WORD[] = {
    {0x80, 0xa9},     {0xab, 0xb1},     {0xb4, 0xb4},     {0xb6, 0xb8},     {0xbb, 0xbb},
    {0xbf, 0xbf},     {0xd7, 0xd7},     {0xf7, 0xf7},     {0x2000, 0x206f}, {0x20a0, 0x20cf},
    {0x2190, 0x245f}, {0x2500, 0x2bff}, {0x3000, 0x3004}, {0x3008, 0x3020}, {0xfe10, 0xfe6f},
    {0xff01, 0xff0f}, {0xff1a, 0xff20}, {0xfff0, 0xffff}};

static bool is_in(const struct range *ranges, size_t n, uint32_t c)
{
    for (size_t i = 0; i < n && ranges[i].from <= c; i++)
        if (c <= ranges[i].to)
            return true;
    return false;
}

uint32_t letter_at(struct str s, size_t at, size_t *n_bytes)
{
    const unsigned char *p = (const unsigned char *)s.p + at;
    size_t n = utf8_sequence(s, at);

    *n_bytes = n ? n : 1;
    if (n < 2)
        return p[0];
    uint32_t c = p[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++)
        c = c << 6 | (p[i] & 0x3fu);
    return c;
}

bool letter_has_cased(struct str s)
{
    size_t n;

    for (size_t i = 0; i < s.n; i += n) {
        uint32_t c = letter_at(s, i, &n);
        if (n > 1 && is_in(CASED, ARRAY_LEN(CASED), c))
            return true;
    }
    return false;
}

bool letter_is_word(uint32_t c)
{
    if (c < 0x80)
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
               c == '_';
    return !is_in(NO_WORD, ARRAY_LEN(NO_WORD), c);
}

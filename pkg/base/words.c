/* words.c - Unicode's word boundaries (UAX 29), as far as telemetry needs them. */
#include "base/words.h"

#include "base/letter.h"
#include "base/str.h"

static bool is_digit(uint32_t c)
{
    return c >= '0' && c <= '9';
}

/* Bytes of the word character at `at`, 0 if there is none. */
static size_t word_char(struct str text, size_t at, uint32_t *c)
{
    size_t n;

    if (at >= text.n)
        return 0;
    *c = letter_at(text, at, &n);
    return letter_is_word(*c) ? n : 0;
}

/* A character that holds the two around it together. */
static bool joins(struct str text, size_t at, uint32_t before)
{
    uint32_t after;

    if (at >= text.n || !word_char(text, at + 1, &after))
        return false;
    if (is_digit(before) && is_digit(after))
        return text.p[at] && strchr(".,';", text.p[at]);
    return !is_digit(before) && !is_digit(after) && text.p[at] && strchr(".':", text.p[at]);
}

bool words_next(struct str text, size_t *at, struct str *word)
{
    size_t start = *at, end, n;
    uint32_t c = 0, before = 0;

    while (start < text.n && !word_char(text, start, &c)) {
        (void)letter_at(text, start, &n);
        start += n;
    }
    end = start;
    while ((n = word_char(text, end, &c)) > 0 || (end > start && joins(text, end, before))) {
        end += n ? n : 1;
        before = n ? c : before;
    }
    *at = end;
    *word = str_sub(text, start, end - start);
    return end > start;
}

/* The words from `at` on are those of `part`. */
static bool continues(struct str text, size_t at, struct str part, size_t part_at)
{
    struct str word, wanted;

    while (words_next(part, &part_at, &wanted))
        if (!words_next(text, &at, &word) || !str_eq(word, wanted))
            return false;
    return true;
}

bool words_contain(struct str text, struct str part)
{
    struct str first, word;
    size_t part_at = 0, at = 0;

    if (!words_next(part, &part_at, &first))
        return false;
    while (words_next(text, &at, &word))
        if (str_eq(word, first) && continues(text, at, part, part_at))
            return true;
    return false;
}

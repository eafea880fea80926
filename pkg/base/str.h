/* str.h - slices of text: compare, search, fold, parse numbers.
 *
 * A struct str never owns its bytes and is not zero-terminated; NUL is a byte like
 * any other. "ASCII fold" maps A-Z to a-z and leaves every other byte alone.
 */
#ifndef WEIR_BASE_STR_H
#define WEIR_BASE_STR_H

#include "base/base.h"

#include <string.h>

/* The slice of a zero-terminated string; NULL gives an empty slice. */
static inline struct str str_from(const char *z)
{
    return (struct str){z ? z : "", z ? strlen(z) : 0};
}

static inline bool str_eq(struct str a, struct str b)
{
    /* Most of those that differ differ here: no call for them. */
    return a.n == b.n && (a.n == 0 || (a.p[0] == b.p[0] && memcmp(a.p, b.p, a.n) == 0));
}

static inline char ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

/* The number's decimal digits, in front of `end`: returns where they begin. */
enum { STR_DIGITS_MAX = 20 };
static inline char *str_digits(char *end, uint64_t number)
{
    while (number >= 100) { /* two with one division */
        unsigned two = (unsigned)(number % 100);
        number /= 100;
        *--end = (char)('0' + two % 10);
        *--end = (char)('0' + two / 10);
    }
    if (number >= 10) {
        *--end = (char)('0' + number % 10);
        number /= 10;
    }
    *--end = (char)('0' + number);
    return end;
}

static inline bool str_starts(struct str s, struct str prefix)
{
    return s.n >= prefix.n && memcmp(s.p, prefix.p, prefix.n) == 0;
}

static inline bool str_ends(struct str s, struct str suffix)
{
    return s.n >= suffix.n && memcmp(s.p + s.n - suffix.n, suffix.p, suffix.n) == 0;
}

/* The part from byte `from` (clamped to the end) of at most `n` bytes. */
struct str str_sub(struct str s, size_t from, size_t n);

/* Order by bytes, shorter first on a tie: for sorting. <0, 0, >0. */
int str_cmp(struct str a, struct str b);

/* The same texts in the same order. */
bool str_all_eq(const struct str *a, size_t n_a, const struct str *b, size_t n_b);

/* Equal after ASCII fold of both. */
bool str_eq_ci(struct str a, struct str b);

/* Position of the first `needle` at or after `from`, SIZE_MAX if there is none. */
size_t str_find(struct str s, struct str needle, size_t from);
size_t str_find_char(struct str s, char c, size_t from);

/* Without blanks (space, tab, CR, LF) at both ends. */
struct str str_trim(struct str s);
/* Without those of the letters that stand at its end. */
struct str str_trim_end(struct str s, struct str letters);

/* Cut at the first `c`: *head is what is before it, *rest what is after. False (and
 * *head = s, *rest empty) if there is none. */
bool str_cut(struct str s, char c, struct str *head, struct str *rest);

/* Whole text as a decimal integer; false if it is anything else or overflows. */
bool str_to_i64(struct str s, int64_t *out);
bool str_to_u64(struct str s, uint64_t *out);

/* True if every byte is below 0x80. */
bool str_is_ascii(struct str s);

/* Edit distance of two short names (at most 64 bytes each, else a large number), for "did you
 * mean": letters more, less or other, and neighbours that changed places, 1 each. */
unsigned str_distance(struct str a, struct str b);

/* The nearest of n names, if near enough to be a likely slip (distance at most 2
 * and less than half the length); else an empty slice. */
struct str str_nearest(struct str wrong, const struct str *names, size_t n);

#endif

/* str.c - slices of text. Plain loops: nothing here is on the event path except
 * what memchr and memmem of the C library already do well. */
#include "base/str.h"

struct str str_sub(struct str s, size_t from, size_t n)
{
    if (from > s.n)
        from = s.n;
    if (n > s.n - from)
        n = s.n - from;
    return (struct str){from ? s.p + from : s.p, n}; /* an empty text may have no place */
}

int str_cmp(struct str a, struct str b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int order = n ? memcmp(a.p, b.p, n) : 0;

    if (order)
        return order;
    return (a.n > b.n) - (a.n < b.n);
}

bool str_all_eq(const struct str *a, size_t n_a, const struct str *b, size_t n_b)
{
    if (n_a != n_b)
        return false;
    for (size_t i = 0; i < n_a; i++)
        if (!str_eq(a[i], b[i]))
            return false;
    return true;
}

bool str_eq_ci(struct str a, struct str b)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++)
        if (ascii_lower(a.p[i]) != ascii_lower(b.p[i]))
            return false;
    return true;
}

size_t str_find(struct str s, struct str needle, size_t from)
{
    if (from > s.n)
        return SIZE_MAX;
    if (needle.n == 0)
        return from;
    const char *hit = memmem(s.p + from, s.n - from, needle.p, needle.n);
    return hit ? (size_t)(hit - s.p) : SIZE_MAX;
}

size_t str_find_char(struct str s, char c, size_t from)
{
    if (from >= s.n)
        return SIZE_MAX;
    const char *hit = memchr(s.p + from, c, s.n - from);
    return hit ? (size_t)(hit - s.p) : SIZE_MAX;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct str str_trim(struct str s)
{
    while (s.n && is_blank(s.p[0]))
        s.p++, s.n--;
    while (s.n && is_blank(s.p[s.n - 1]))
        s.n--;
    return s;
}

struct str str_trim_end(struct str s, struct str letters)
{
    while (s.n && memchr(letters.p, s.p[s.n - 1], letters.n))
        s.n--;
    return s;
}

bool str_cut(struct str s, char c, struct str *head, struct str *rest)
{
    size_t at = str_find_char(s, c, 0);

    if (at == SIZE_MAX) {
        *head = s;
        *rest = (struct str){s.p + s.n, 0};
        return false;
    }
    *head = (struct str){s.p, at};
    *rest = (struct str){s.p + at + 1, s.n - at - 1};
    return true;
}

bool str_to_u64(struct str s, uint64_t *out)
{
    uint64_t v = 0;

    if (s.n == 0)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
        uint64_t digit = (uint64_t)(s.p[i] - '0');
        if (v > (UINT64_MAX - digit) / 10)
            return false;
        v = v * 10 + digit;
    }
    *out = v;
    return true;
}

bool str_to_i64(struct str s, int64_t *out)
{
    bool is_negative = s.n && s.p[0] == '-';
    uint64_t v;

    if (is_negative)
        s.p++, s.n--;
    if (!str_to_u64(s, &v))
        return false;
    if (v > (uint64_t)INT64_MAX + is_negative)
        return false;
    *out = is_negative ? (int64_t)(0 - v) : (int64_t)v;
    return true;
}

bool str_is_ascii(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] >= 0x80)
            return false;
    return true;
}

/* Names longer than this are no slip of the hand that a hint could mend. */
enum { DISTANCE_NAME_MAX = 64 };

static bool is_swapped(struct str a, size_t i, struct str b, size_t j)
{
    return i > 1 && j > 1 && ascii_lower(a.p[i - 1]) == ascii_lower(b.p[j - 2]) &&
           ascii_lower(a.p[i - 2]) == ascii_lower(b.p[j - 1]);
}

unsigned str_distance(struct str a, struct str b)
{
    unsigned rows[3][DISTANCE_NAME_MAX + 1]; /* of a's letters i, i - 1, i - 2: by i modulo 3 */

    if (a.n > DISTANCE_NAME_MAX || b.n > DISTANCE_NAME_MAX)
        return UINT32_MAX;
    for (size_t j = 0; j <= b.n; j++)
        rows[0][j] = (unsigned)j;
    for (size_t i = 1; i <= a.n; i++) {
        unsigned *row = rows[i % 3], *above = rows[(i + 2) % 3], *higher = rows[(i + 1) % 3];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b.n; j++) {
            unsigned best = above[j - 1] + (ascii_lower(a.p[i - 1]) != ascii_lower(b.p[j - 1]));
            unsigned gap = (above[j] < row[j - 1] ? above[j] : row[j - 1]) + 1;
            best = gap < best ? gap : best;
            if (is_swapped(a, i, b, j) && higher[j - 2] + 1 < best)
                best = higher[j - 2] + 1;
            row[j] = best;
        }
    }
    return rows[a.n % 3][b.n];
}

struct str str_nearest(struct str wrong, const struct str *names, size_t n)
{
    struct str best = {"", 0};
    unsigned best_distance = 3;

    for (size_t i = 0; i < n; i++) {
        unsigned d = str_distance(wrong, names[i]);
        if (d < best_distance && d * 2 < names[i].n + 1) {
            best_distance = d;
            best = names[i];
        }
    }
    return best;
}

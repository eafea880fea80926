/* timestamp.c - formats of parseTimestamp(), which are Java's: what strptime() makes of them, and a
 * regex for what strptime() takes too lightly (widths, what stands behind).
 *
 * A format must say year, month and day. Those that say a zone by its name, and optional parts, are
 * none that is known here.
 */
#include "lang/cql/value.h"

#include "base/buf.h"
#include "base/str.h"

#include <ctype.h>

struct letter {
    char c;
    unsigned least, most; /* how many of it */
    const char *read, *regex;
};

static const struct letter LETTERS[] = {{'y', 4, 4, "%Y", "\\d{4}"},
                                        {'u', 4, 4, "%Y", "\\d{4}"},
                                        {'y', 2, 2, "%y", "\\d{2}"},
                                        {'M', 1, 1, "%m", "\\d{1,2}"},
                                        {'M', 2, 2, "%m", "\\d{2}"},
                                        {'M', 3, 3, "%b", "[A-Za-z]{3}"},
                                        {'M', 4, 4, "%B", "[A-Za-z]{3,9}"},
                                        {'d', 1, 1, "%d", "\\d{1,2}"},
                                        {'d', 2, 2, "%d", "\\d{2}"},
                                        {'H', 1, 1, "%H", "\\d{1,2}"},
                                        {'H', 2, 2, "%H", "\\d{2}"},
                                        {'h', 1, 1, "%I", "\\d{1,2}"},
                                        {'h', 2, 2, "%I", "\\d{2}"},
                                        {'m', 1, 1, "%M", "\\d{1,2}"},
                                        {'m', 2, 2, "%M", "\\d{2}"},
                                        {'s', 1, 1, "%S", "\\d{1,2}"},
                                        {'s', 2, 2, "%S", "\\d{2}"},
                                        {'S', 3, 3, "%3N", "\\d{3}"},
                                        {'S', 6, 6, "%6N", "\\d{6}"},
                                        {'S', 9, 9, "%9N", "\\d{9}"},
                                        {'a', 1, 1, "%p", "[AP]M"},
                                        {'E', 1, 3, "%a", "[A-Za-z]{3}"},
                                        {'E', 4, 4, "%A", "[A-Za-z]{6,9}"},
                                        {'Z', 1, 3, "%z", "[+-]\\d{4}"},
                                        {'X', 2, 2, "%z", "(?:Z|[+-]\\d{4})"},
                                        {'X', 3, 3, "%z", "(?:Z|[+-]\\d{2}:\\d{2})"}};

static const struct letter *letter_of(char c, size_t n)
{
    for (size_t i = 0; i < ARRAY_LEN(LETTERS); i++)
        if (LETTERS[i].c == c && n >= LETTERS[i].least && n <= LETTERS[i].most)
            return &LETTERS[i];
    return NULL;
}

static void add_literal(struct buf *read, struct buf *regex, char c)
{
    if (c == '%')
        buf_add(read, STR("%"));
    buf_add(read, (struct str){&c, 1});
    if (strchr("\\^$.|?*+()[]{}", c))
        buf_add(regex, STR("\\"));
    buf_add(regex, (struct str){&c, 1});
}

/* 'T', '' (a quote): bytes of it; 0: it has no end. */
static size_t quoted(struct str s, struct buf *read, struct buf *regex)
{
    size_t close = str_find_char(s, '\'', 1);

    if (close == SIZE_MAX)
        return 0;
    if (close == 1)
        add_literal(read, regex, '\'');
    for (size_t i = 1; i < close; i++)
        add_literal(read, regex, s.p[i]);
    return close + 1;
}

/* seen: the letters that the format has. */
static bool translate(struct str format, struct buf *read, struct buf *regex, bool seen[128])
{
    for (size_t i = 0, n; i < format.n; i += n) {
        char c = format.p[i];
        n = 1;
        if (c == '\'') {
            n = quoted(str_sub(format, i, SIZE_MAX), read, regex);
            if (n == 0)
                return false;
            continue;
        }
        if (strchr("[]{}#", c) || (unsigned char)c >= 128)
            return false;
        if (!isalpha((unsigned char)c)) {
            add_literal(read, regex, c);
            continue;
        }
        while (i + n < format.n && format.p[i + n] == c)
            n++;
        const struct letter *l = letter_of(c, n);
        if (!l)
            return false;
        seen[(unsigned char)c] = true;
        buf_add(read, str_from(l->read));
        buf_add(regex, str_from(l->regex));
    }
    return (seen['y'] || seen['u']) && seen['M'] && seen['d'] && seen['h'] == seen['a'];
}

struct expr *cql_read_time(struct cql *x, const struct cql_call *call, struct expr *e,
                           struct str format, int64_t offset_ms)
{
    struct buf read = {0}, pattern = {0};
    bool seen[128] = {false};
    struct expr *time = NULL;

    buf_add(&pattern, STR("^"));
    bool is_good = translate(format, &read, &pattern, seen);
    buf_add(&pattern, STR("\\z"));
    if (is_good) {
        struct regex re = {.pattern = names_intern(x->s->names, buf_str(&pattern))};
        time = pipe_call2(x->pipe, call->at, EXPR_TIME_READ, e,
                          pipe_text(x->pipe, arena_str(x->s->a, buf_str(&read))));
        if (offset_ms && !seen['Z'] && !seen['X'])
            time =
                pipe_call2(x->pipe, call->at, EXPR_SUBTRACT, time, pipe_whole(x->pipe, offset_ms));
        time = pipe_call2(x->pipe, call->at, EXPR_CASE,
                          pipe_regex(x->pipe, call->at, EXPR_REGEX, &re, 0, &e, 1), time);
    }
    buf_release(&read);
    buf_release(&pattern);
    return is_good ? time
                   : cql_refuse(x, call,
                                "with a format that is none of those with year, month and "
                                "day in figures or English, ISO 8601, seconds, millis");
}

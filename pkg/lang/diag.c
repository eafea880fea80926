/* diag.c - collecting messages, and finding places inside scalars. */
#include "lang/diag.h"

#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>

enum { MESSAGE_BYTES_MAX = 600 };

void diag_init(struct diag *d, struct arena *a, struct str source, uint32_t source_line)
{
    d->a = a;
    d->source = source;
    d->source_line = source_line;
    d->n_messages = 0;
    d->has_error = d->has_warning = d->is_unsupported = false;
}

static void add(struct diag *d, struct place at, bool is_error, const char *fmt, va_list args)
{
    char text[MESSAGE_BYTES_MAX];

    if (d->n_messages == LANG_MESSAGES_MAX)
        return;
    bool is_last = d->n_messages == LANG_MESSAGES_MAX - 1;
    int n = is_last ? snprintf(text, sizeof text, "more messages: only the first %d are shown",
                               LANG_MESSAGES_MAX - 1)
                    : vsnprintf(text, sizeof text, fmt, args);
    ASSERT(n >= 0);
    if ((size_t)n >= sizeof text)
        n = sizeof text - 1;
    d->messages[d->n_messages++] =
        (struct verdict_message){.line = at.line,
                                 .col = at.col,
                                 .text = arena_str(d->a, (struct str){text, (size_t)n}),
                                 .is_error = is_error};
}

bool diag_error(struct diag *d, struct place at, const char *fmt, ...)
{
    va_list args;

    d->has_error = true;
    va_start(args, fmt);
    add(d, at, true, fmt, args);
    va_end(args);
    return false;
}

bool diag_unsupported(struct diag *d, struct place at, const char *fmt, ...)
{
    va_list args;

    d->is_unsupported = true;
    va_start(args, fmt);
    add(d, at, true, fmt, args);
    va_end(args);
    return false;
}

bool diag_warn(struct diag *d, struct place at, const char *fmt, ...)
{
    va_list args;

    d->has_warning = true;
    va_start(args, fmt);
    add(d, at, false, fmt, args);
    va_end(args);
    return false;
}

bool diag_note(struct diag *d, struct place at, const char *fmt, ...)
{
    size_t n = d->n_messages;
    va_list args;

    va_start(args, fmt);
    add(d, at, false, fmt, args);
    va_end(args);
    if (n < d->n_messages)
        d->messages[n].is_note = true;
    return true;
}

enum verdict_status diag_status(const struct diag *d)
{
    if (d->has_error)
        return VERDICT_ERROR;
    if (d->is_unsupported)
        return VERDICT_UNSUPPORTED;
    return d->has_warning ? VERDICT_WARNING : VERDICT_OK;
}

struct str diag_hint(struct diag *d, struct str wrong, const struct str *names, size_t n)
{
    struct str near = str_nearest(wrong, names, n);

    if (near.n == 0)
        return STR("");
    return arena_printf(d->a, " (did you mean '%.*s'?)", SHOWN(near));
}

/* Byte of the source where a place is, SIZE_MAX if it is outside. */
static size_t source_offset(const struct diag *d, struct place at)
{
    size_t i = 0;

    for (uint32_t line = d->source_line; line < at.line; line++) {
        i = str_find_char(d->source, '\n', i);
        if (i == SIZE_MAX)
            return SIZE_MAX;
        i++;
    }
    for (uint32_t col = 1; col < at.col; col++) { /* columns are characters */
        if (i >= d->source.n)
            return SIZE_MAX;
        do
            i++;
        while (i < d->source.n && ((unsigned char)d->source.p[i] & 0xc0) == 0x80);
    }
    return i;
}

struct str diag_source_at(const struct diag *d, struct place at)
{
    size_t from = source_offset(d, at);

    return from == SIZE_MAX ? STR("") : str_sub(d->source, from, SIZE_MAX);
}

static struct place advance(struct str s, size_t from, size_t to, struct place at)
{
    for (size_t i = from; i < to && i < s.n; i++) {
        if (s.p[i] == '\n') {
            at.line++;
            at.col = 1;
        } else if (((unsigned char)s.p[i] & 0xc0) != 0x80) {
            at.col++;
        }
    }
    return at;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* Byte of the source where the characters of a scalar begin: behind a quote, or on the line
 * below a block's `|` or `>`. */
static size_t skip_opening(struct str source, size_t at)
{
    char c = source.p[at];

    if (c == '|' || c == '>') {
        size_t line = str_find_char(source, '\n', at);
        return line == SIZE_MAX ? source.n : line;
    }
    return at + (c == '\'' || c == '"');
}

static size_t skip_blanks(struct str s, size_t at)
{
    while (at < s.n && is_blank(s.p[at]))
        at++;
    return at;
}

/* Walk source and value side by side: a run of blanks in one is a run of blanks in the other
 * (folding, indentation), everything else must be equal. */
struct place diag_inside(const struct diag *d, struct place start, struct str text, size_t offset)
{
    if (d->n_messages == LANG_MESSAGES_MAX) /* nobody will read it */
        return start;
    size_t from = source_offset(d, start), k = 0;
    if (from == SIZE_MAX || from >= d->source.n || offset > text.n)
        return start;
    /* A text that stands there as it is has no opening: its own first byte may look like one. */
    size_t i = text.n && str_starts(str_sub(d->source, from, SIZE_MAX), text)
                   ? from
                   : skip_opening(d->source, from);
    while (k < offset) {
        if (i >= d->source.n)
            return start;
        if (is_blank(d->source.p[i]) && k == 0 && !is_blank(text.p[0])) {
            i = skip_blanks(d->source, i); /* indentation of a block */
        } else if (is_blank(d->source.p[i]) && is_blank(text.p[k])) {
            i = skip_blanks(d->source, i);
            k = skip_blanks(text, k);
        } else if (d->source.p[i++] != text.p[k++]) {
            return start;
        }
    }
    if (offset < text.n && !is_blank(text.p[offset]))
        i = skip_blanks(d->source, i);
    return advance(d->source, from, i, start);
}

/* outcome.c - how a command ends. All that a person reads on stderr about a failure
 * passes here, so that no rule and no file name can write escape sequences to a terminal. */
#include "app/outcome.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/str.h"

enum { LINE_MAX_BYTES = ERR_FILE_MAX + ERR_TEXT_MAX + 64 };

enum exit_code exit_of(enum weir_rc rc)
{
    switch (rc) {
    case WEIR_OK:
    case WEIR_CLOSED:
        return EXIT_FINE;
    default:
        return EXIT_WORLD;
    }
}

void add_printable(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        unsigned char next = i + 1 < text.n ? (unsigned char)text.p[i + 1] : 0;
        if (c == 0xC2 && next >= 0x80 && next < 0xA0) {
            buf_add_char(out, '?');
            i++;
        } else {
            buf_add_char(out, c < 0x20 || c == 0x7F ? '?' : (char)c);
        }
    }
}

void tell(const struct buf *text)
{
    if (text->n)
        fwrite(text->p, 1, text->n, stderr);
}

static void print_line(const char *text)
{
    struct buf line = {0};

    add_printable(&line, str_from(text));
    buf_add_char(&line, '\n');
    tell(&line);
    buf_release(&line);
}

void complain(const struct weir_err *err)
{
    char line[LINE_MAX_BYTES];

    if (err->file[0])
        print_line(err_format(err, line, sizeof line));
    else
        note("error: %s", err->text);
}

enum exit_code end_with(enum weir_rc rc, const struct weir_err *err)
{
    if (rc != WEIR_OK && rc != WEIR_CLOSED)
        complain(err);
    return exit_of(rc);
}

void note(const char *fmt, ...)
{
    char text[LINE_MAX_BYTES];
    struct buf line = {0};
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    buf_add(&line, STR("weir: "));
    buf_add(&line, str_from(text));
    buf_add_char(&line, '\0');
    print_line(line.p);
    buf_release(&line);
}

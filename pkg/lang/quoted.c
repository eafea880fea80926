/* quoted.c - walks source and text side by side: what one step of the source adds to the text. */
#include "lang/quoted.h"

#include "base/str.h"

static void step(struct quoted *o, size_t n)
{
    for (; n > 0 && o->i_raw < o->raw.n; n--, o->i_raw++) {
        unsigned char c = (unsigned char)o->raw.p[o->i_raw];
        if (c == '\n') {
            o->at.line++;
            o->at.col = 1;
        } else if ((c & 0xC0) != 0x80) {
            o->at.col++;
        }
    }
}

static char raw_at(const struct quoted *o, size_t k)
{
    return o->i_raw + k < o->raw.n ? o->raw.p[o->i_raw + k] : '\0';
}

bool quoted_init(struct quoted *o, const struct diag *d, struct place start)
{
    *o = (struct quoted){.raw = diag_source_at(d, start), .at = start};
    char quote = raw_at(o, 0);
    if (quote != '"' && quote != '\'')
        return false;
    o->has_escapes = quote == '"';
    bool is_long = raw_at(o, 1) == quote && raw_at(o, 2) == quote;
    step(o, is_long ? 3 : 1);
    if (is_long && raw_at(o, 0) == '\r' && raw_at(o, 1) == '\n')
        step(o, 2);
    else if (is_long && raw_at(o, 0) == '\n')
        step(o, 1);
    o->first_raw = o->i_raw;
    o->first = o->at;
    return true;
}

static uint32_t digits_at(const struct quoted *o, size_t from, size_t n)
{
    uint32_t value = 0;

    for (size_t k = from; k < from + n; k++) {
        char c = ascii_lower(raw_at(o, k));
        value = value * 16 + (uint32_t)(c >= 'a' ? c - 'a' + 10 : c - '0');
    }
    return value;
}

static size_t utf8_bytes(uint32_t c)
{
    return c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
}

/* Over the line break and the blanks behind a backslash at the end of a line. */
static void step_joined(struct quoted *o)
{
    step(o, 1);
    while (raw_at(o, 0) == ' ' || raw_at(o, 0) == '\t' || raw_at(o, 0) == '\r' ||
           raw_at(o, 0) == '\n')
        step(o, 1);
}

/* One escape; its bytes in the text. */
static size_t step_escape(struct quoted *o)
{
    char c = raw_at(o, 1);
    uint32_t value;

    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
        step_joined(o);
        return 0;
    }
    if (c != 'u' && c != 'U') {
        step(o, 2);
        return 1;
    }
    value = digits_at(o, 2, c == 'u' ? 4 : 8);
    step(o, c == 'u' ? 6 : 10);
    if (value < 0xD800 || value >= 0xDC00)
        return utf8_bytes(value);
    step(o, 6); /* the other half of a pair */
    return 4;
}

struct place quoted_place(struct quoted *o, size_t at)
{
    if (at < o->n_text) {
        o->n_text = 0;
        o->i_raw = o->first_raw;
        o->at = o->first;
    }
    while (o->n_text < at && o->i_raw < o->raw.n) {
        if (o->has_escapes && raw_at(o, 0) == '\\') {
            o->n_text += step_escape(o);
        } else {
            o->n_text += !(raw_at(o, 0) == '\r' && raw_at(o, 1) == '\n');
            step(o, 1);
        }
    }
    while (o->has_escapes && raw_at(o, 0) == '\\' && (raw_at(o, 1) == '\n' || raw_at(o, 1) == '\r'))
        step_joined(o);
    return o->at;
}

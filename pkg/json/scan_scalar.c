/* scan_scalar.c - stage one, a byte at a time: the reference for the vector kernels. */
#include "json/kernel.h"

#include <string.h>

bool json_is_hex4(const char *p)
{
    for (int i = 0; i < 4; i++) {
        char c = (char)(p[i] | 0x20);
        if (!((p[i] >= '0' && p[i] <= '9') || (c >= 'a' && c <= 'f')))
            return false;
    }
    return true;
}

static bool is_escape_ok(struct str record, size_t at)
{
    if (record.p[at] == 'u')
        return record.n - at > 4 && json_is_hex4(record.p + at + 1);
    return record.p[at] != '\0' && strchr("\"\\/bfnrt", record.p[at]) != NULL;
}

static bool is_operator(char c)
{
    return c == '{' || c == '}' || c == '[' || c == ']' || c == ':' || c == ',';
}

size_t json_index_line_scalar(struct str text, struct json_index *out)
{
    const char *newline = text.n ? memchr(text.p, '\n', text.n) : NULL;
    size_t n = newline ? (size_t)(newline - text.p) : text.n;

    json_index_scalar((struct str){text.p, n}, out);
    return n;
}

void json_index_scalar(struct str record, struct json_index *out)
{
    bool is_escaped = false, in_string = false, in_other = false, is_bad = false;
    size_t n = 0;

    memset(out->care, 0, (record.n / 64 + 2) * sizeof(out->care[0]));
    for (size_t i = 0; i < record.n; i++) {
        char c = record.p[i];
        if (c == '\\' || (unsigned char)c >= 0x80)
            out->care[i / 64] |= (uint64_t)1 << (i % 64);
        if (is_escaped && !is_escape_ok(record, i))
            is_bad = true;
        if (in_string && (unsigned char)c < 0x20)
            is_bad = true;
        bool is_quote = c == '"' && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        bool is_op = !in_string && is_operator(c);
        bool is_blank = c == ' ' || c == '\t' || c == '\n' || c == '\r';
        bool is_other = !in_string && !is_quote && !is_op && !is_blank;
        if (is_quote || is_op || (is_other && !in_other))
            out->at[n++] = (uint32_t)i;
        in_other = is_other;
        in_string ^= is_quote;
    }
    out->n = n;
    out->is_bad = is_bad || in_string || is_escaped;
}

/* line.c - records as lines of JSON. */
#include "loadtest/line.h"

#include "base/utf8.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <stdlib.h>

static bool is_text(struct str s)
{
    for (size_t i = 0; i < s.n;) {
        size_t n = utf8_sequence(s, i);
        if (n == 0)
            return false;
        i += n;
    }
    return true;
}

static void put_base64(FILE *f, struct str s)
{
    unsigned char *text = malloc(s.n / 3 * 4 + 8);

    ASSERT(text);
    EVP_EncodeBlock(text, (const unsigned char *)s.p, (int)s.n);
    fprintf(f, "{\"base64\":\"%s\"}", (char *)text);
    free(text);
}

void line_bytes(FILE *f, struct str s)
{
    if (!is_text(s)) {
        put_base64(f, s);
        return;
    }
    size_t from = 0;
    putc('"', f);
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        fwrite(s.p + from, 1, i - from, f);
        from = i + 1;
        if (c < 0x20)
            fprintf(f, "\\u%04x", c);
        else
            fprintf(f, "\\%c", c);
    }
    fwrite(s.p + from, 1, s.n - from, f);
    putc('"', f);
}

static void put_optional(FILE *f, bool has, struct str s)
{
    if (has)
        line_bytes(f, s);
    else
        fputs("null", f);
}

void line_begin(FILE *f, const struct line *l)
{
    fprintf(f,
            "{\"topic\":\"%s\",\"partition\":%d,\"offset\":%" PRId64 ",\"time\":%" PRId64
            ",\"key\":",
            l->topic, l->partition, l->offset, l->time_ms);
    put_optional(f, l->has_key, l->key);
    fputs(",\"headers\":{", f);
}

void line_end(FILE *f, const struct line *l)
{
    fputs("},\"value\":", f);
    put_optional(f, l->has_value, l->value);
    fputs("}\n", f);
}

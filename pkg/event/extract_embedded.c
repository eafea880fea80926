/* extract_embedded.c - texts of an event that are JSON themselves, put in place as JSON. */
#include "event/extract_impl.h"

#include "base/str.h"

#include <string.h>

/* The text without its escapes if that is a whole JSON document; p NULL if not. */
static struct str document_in(struct extract_worker *w, struct str text)
{
    enum json_reason reason;
    unsigned ignored = 0;
    char *out = arena_alloc(w->batch, text.n * 3);
    struct str plain = str_trim((struct str){out, json_unescape(text, out, &ignored)});

    if (plain.n == 0 || (plain.p[0] != '{' && plain.p[0] != '['))
        return (struct str){0};
    return json_document_length(plain, &reason) == plain.n ? plain : (struct str){0};
}

struct str extract_put_in_place(struct extract_worker *w, struct str record)
{
    struct str documents[EMBEDDED_TEXTS_MAX];
    size_t total = record.n, n = 0;
    const char *from = record.p;

    for (uint32_t i = 0; i < w->n_embedded; i++) {
        documents[i] = document_in(w, w->embedded[i]);
        total += documents[i].n;
    }
    char *out = arena_alloc(w->batch, total);
    for (uint32_t i = 0; i < w->n_embedded; i++) {
        if (!documents[i].p)
            continue;
        size_t before = (size_t)(w->embedded[i].p - 1 - from);
        memcpy(out + n, from, before);
        memcpy(out + n + before, documents[i].p, documents[i].n);
        n += before + documents[i].n;
        from = w->embedded[i].p + w->embedded[i].n + 1;
    }
    if (from == record.p)
        return record;
    size_t rest = (size_t)(record.p + record.n - from);
    memcpy(out + n, from, rest);
    return (struct str){out, n + rest};
}

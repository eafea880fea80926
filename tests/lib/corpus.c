/* corpus.c - unpacks a whole archive into memory (they are small) and walks its tar headers. */
#include "tests/lib/corpus.h"

#include "base/str.h"
#include "tests/lib/shared.h"

#include <stdio.h>
#include <stdlib.h>
#include <zstd.h>

enum { TAR_BLOCK = 512, NAME_BYTES = 100, SIZE_AT = 124, TYPE_AT = 156, PREFIX_AT = 345 };

static bool read_file(const char *path, char **out, size_t *n)
{
    FILE *f = fopen(path, "rb");

    if (!f)
        return false;
    fseek(f, 0, SEEK_END);
    *n = (size_t)ftell(f);
    rewind(f);
    *out = malloc(*n);
    ASSERT(*out != NULL);
    bool is_good = fread(*out, 1, *n, f) == *n;
    fclose(f);
    return is_good;
}

static bool unpack(struct str packed, char **out, size_t *n)
{
    ZSTD_DStream *z = ZSTD_createDStream();
    ZSTD_inBuffer in = {packed.p, packed.n, 0};
    size_t cap = packed.n * 8 + 65536, left = 1;
    ZSTD_outBuffer to = {malloc(cap), cap, 0};

    ASSERT(z != NULL && to.dst != NULL);
    while (left && !ZSTD_isError(left) && (in.pos < in.size || to.pos == to.size)) {
        if (to.pos == to.size) {
            to.size *= 2;
            to.dst = realloc(to.dst, to.size);
            ASSERT(to.dst != NULL);
        }
        left = ZSTD_decompressStream(z, &to, &in);
    }
    ZSTD_freeDStream(z);
    *out = to.dst;
    *n = to.pos;
    return left == 0;
}

/* The path in a pax header: records "LENGTH key=value\n". Empty if there is none. */
static struct str pax_path(struct str body)
{
    size_t at = str_find(body, STR(" path="), 0);

    if (at == SIZE_MAX)
        return STR("");
    size_t end = str_find_char(body, '\n', at);
    return str_sub(body, at + 6, end == SIZE_MAX ? 0 : end - at - 6);
}

/* A name that does not fit its header comes in a pax entry ('x') before it. */
static void walk(struct str tar, void (*fn)(struct str, struct str, void *), void *context)
{
    struct str long_name = STR("");

    for (size_t at = 0; at + TAR_BLOCK <= tar.n && tar.p[at];) {
        const char *head = tar.p + at;
        size_t size = strtoul(head + SIZE_AT, NULL, 8);
        struct str body = str_sub(tar, at + TAR_BLOCK, size);
        char type = head[TYPE_AT], path[300];
        snprintf(path, sizeof path, "%.155s%s%.*s", head + PREFIX_AT, head[PREFIX_AT] ? "/" : "",
                 NAME_BYTES, head);
        if (type == '0' || type == '\0')
            fn(long_name.n ? long_name : str_from(path), body, context);
        long_name = type == 'x' ? pax_path(body) : STR("");
        at += TAR_BLOCK + (size + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
    }
}

bool corpus_each(const char *name, void (*fn)(struct str path, struct str text, void *context),
                 void *context)
{
    char path[SHARED_PATH_MAX], *packed = NULL, *tar = NULL;
    size_t n_packed, n_tar;

    shared_path(path, name);
    bool is_good =
        read_file(path, &packed, &n_packed) && unpack((struct str){packed, n_packed}, &tar, &n_tar);
    if (is_good)
        walk((struct str){tar, n_tar}, fn, context);
    free(packed);
    free(tar);
    return is_good;
}

/* lane.c - decompresses piece by piece; a line that is not whole yet moves to the front. */
#include "tests/lib/lane.h"

#include "base/str.h"
#include "tests/lib/shared.h"

#include <stdio.h>
#include <stdlib.h>
#include <zstd.h>

enum { PIECE = 1 << 20 };

struct lane {
    size_t stride, left, number;
    void (*fn)(struct str line, void *context);
    void *context;
};

/* All whole lines of the text; returns the bytes that were used. */
static size_t take_lines(struct lane *l, struct str text)
{
    size_t at = 0, end;

    while (l->left > 0 && (end = str_find_char(text, '\n', at)) != SIZE_MAX) {
        if (l->number++ % l->stride == 0) {
            l->fn(str_sub(text, at, end - at), l->context);
            l->left--;
        }
        at = end + 1;
    }
    return at;
}

static bool read_lines(struct lane *l, FILE *f)
{
    ZSTD_DStream *z = ZSTD_createDStream();
    char *packed = malloc(PIECE), *text = malloc(PIECE);
    size_t n = 0, cap = PIECE, got = 0;

    ASSERT(z && packed && text);
    while (!ZSTD_isError(got) && l->left > 0) {
        ZSTD_inBuffer in = {packed, fread(packed, 1, PIECE, f), 0};
        if (in.size == 0)
            break;
        while (in.pos < in.size && !ZSTD_isError(got)) {
            if (cap - n < PIECE)
                text = realloc(text, cap *= 2);
            ASSERT(text);
            ZSTD_outBuffer out = {text + n, cap - n, 0};
            got = ZSTD_decompressStream(z, &out, &in);
            n += out.pos;
            size_t used = take_lines(l, (struct str){text, n});
            memmove(text, text + used, n - used);
            n -= used;
        }
    }
    ZSTD_freeDStream(z);
    free(packed);
    free(text);
    return !ZSTD_isError(got);
}

bool lane_each(const char *name, size_t stride, size_t max,
               void (*fn)(struct str line, void *context), void *context)
{
    struct lane l = {stride, max, 0, fn, context};
    char path[SHARED_PATH_MAX];

    shared_path(path, name);
    FILE *f = fopen(path, "rb");
    if (!f)
        return false;
    bool is_good = read_lines(&l, f);
    fclose(f);
    return is_good;
}

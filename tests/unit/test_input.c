/* test_input.c - plain, gzip and zstd files come out as the same text; damage is told. */
#include "tests/lib/test.h"

#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "app/input.h"
#include "base/buf.h"

enum { TEXT_BYTES = 700000 };

static void make_text(struct buf *out)
{
    for (unsigned i = 0; out->n < TEXT_BYTES; i++)
        buf_printf(out, "{\"n\":%u,\"x\":\"%08x\"}\n", i, i * 2654435761u);
}

static void add_gzip(struct buf *out, struct str text)
{
    z_stream z = {0};

    CHECK_EQ(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    char *p = buf_reserve(out, text.n + 1000);
    z.next_in = (unsigned char *)(uintptr_t)text.p;
    z.avail_in = (uInt)text.n;
    z.next_out = (unsigned char *)p;
    z.avail_out = (uInt)text.n + 1000;
    CHECK_EQ(deflate(&z, Z_FINISH), Z_STREAM_END);
    out->n += z.total_out;
    deflateEnd(&z);
}

static void add_zstd(struct buf *out, struct str text)
{
    size_t cap = ZSTD_compressBound(text.n);
    size_t n = ZSTD_compress(buf_reserve(out, cap), cap, text.p, text.n, 3);

    CHECK(!ZSTD_isError(n));
    out->n += n;
}

static void write_file(const char *path, struct str bytes)
{
    FILE *f = fopen(path, "wb");

    CHECK(f);
    CHECK(bytes.n == 0 || fwrite(bytes.p, bytes.n, 1, f) == 1);
    CHECK_EQ(fclose(f), 0);
}

/* Read in pieces of `piece` bytes; returns the final code. */
static enum weir_rc read_back(struct str bytes, size_t piece, struct buf *out, struct weir_err *err)
{
    char path[] = "/tmp/weir-input-XXXXXX";
    struct input *in;
    size_t n;

    close(mkstemp(path));
    write_file(path, bytes);
    enum weir_rc rc = input_open(str_from(path), &in, err);
    if (rc == WEIR_OK) {
        do {
            n = 0;
            rc = input_read(in, buf_reserve(out, piece), piece, &n, err);
            out->n += n;
        } while (rc == WEIR_OK && n > 0);
        input_close(in);
    }
    unlink(path);
    return rc;
}

TEST(packed_files_read_as_their_text)
{
    struct buf text = {0}, packed = {0}, got = {0};
    struct weir_err err;

    make_text(&text);
    struct str half = str_sub(buf_str(&text), 0, text.n / 2);
    struct str rest = str_sub(buf_str(&text), text.n / 2, text.n);
    for (int kind = 0; kind < 4; kind++) {
        for (size_t piece = 4099; piece < 2000000; piece *= 10) {
            buf_clear(&packed);
            buf_clear(&got);
            if (kind == 0)
                buf_add(&packed, buf_str(&text));
            if (kind == 1) { /* two members and padding */
                add_gzip(&packed, half);
                add_gzip(&packed, rest);
                buf_add(&packed, (struct str){"\0\0\0\0\0", 5});
            }
            if (kind == 2) { /* two frames */
                add_zstd(&packed, half);
                add_zstd(&packed, rest);
            }
            if (kind == 3) { /* a skippable frame in front */
                buf_add(&packed, (struct str){"\x50\x2A\x4D\x18\x02\0\0\0ab", 10});
                add_zstd(&packed, buf_str(&text));
            }
            CHECK_EQ(read_back(buf_str(&packed), piece, &got, &err), WEIR_OK);
            CHECK(str_eq(buf_str(&got), buf_str(&text)));
        }
    }
    buf_release(&text);
    buf_release(&packed);
    buf_release(&got);
}

TEST(empty_and_short_files_are_plain)
{
    static const char *const texts[] = {"", "{", "{}\n", "\x1f"};

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct buf got = {0};
        struct weir_err err;
        CHECK_EQ(read_back(str_from(texts[i]), 100, &got, &err), WEIR_OK);
        CHECK_STR(buf_str(&got), texts[i]);
        buf_release(&got);
    }
}

static void check_damage(struct str packed, struct str text, const char *what)
{
    struct buf got = {0};
    struct weir_err err;

    CHECK_EQ(read_back(packed, 4096, &got, &err), WEIR_IO);
    CHECK(str_find(str_from(err.text), str_from(what), 0) != SIZE_MAX);
    CHECK(got.n > 0);
    CHECK(str_starts(text, buf_str(&got)));
    buf_release(&got);
}

TEST(damaged_and_cut_files_give_what_was_before_and_an_error)
{
    struct buf text = {0}, gzip = {0}, zstd = {0};

    make_text(&text);
    add_gzip(&gzip, buf_str(&text));
    add_zstd(&zstd, buf_str(&text));
    check_damage(str_sub(buf_str(&gzip), 0, gzip.n - 20), buf_str(&text), "ends inside");
    check_damage(str_sub(buf_str(&zstd), 0, zstd.n - 20), buf_str(&text), "ends inside");
    buf_add(&gzip, STR("garbage"));
    check_damage(buf_str(&gzip), buf_str(&text), "damaged");
    buf_add(&zstd, STR("garbage"));
    check_damage(buf_str(&zstd), buf_str(&text), "damaged");
    buf_release(&text);
    buf_release(&gzip);
    buf_release(&zstd);
}

TEST(a_missing_file_is_named)
{
    struct input *in;
    struct weir_err err;
    char line[2048];

    CHECK_EQ(input_open(STR("/nowhere/x.json"), &in, &err), WEIR_IO);
    CHECK_STR(str_from(err_format(&err, line, sizeof line)),
              "/nowhere/x.json: error: no such file or directory");
}

TEST_MAIN(ENTRY(packed_files_read_as_their_text), ENTRY(empty_and_short_files_are_plain),
          ENTRY(damaged_and_cut_files_give_what_was_before_and_an_error),
          ENTRY(a_missing_file_is_named))

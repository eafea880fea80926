/* test_fold.c - ASCII folding in every kernel against the obvious loop, at the edges of
 * memory; simple folding against cases from CaseFolding.txt.
 */
#include "match/fold.h"
#include "tests/lib/test.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/hash.h"

TEST(every_byte_folds_as_ascii_does)
{
    for (int level = SIMD_SCALAR; level <= (int)cpu_simd_max(); level++)
        for (unsigned c = 0; c < 256; c++) {
            char src[200], dst[200];
            memset(src, (int)c, sizeof src);
            bool high = fold_ascii_kernel((enum simd_level)level)(dst, src, sizeof src);
            CHECK_EQ(high, c >= 0x80);
            for (size_t i = 0; i < sizeof dst; i++)
                CHECK_EQ((unsigned char)dst[i], c >= 'A' && c <= 'Z' ? c + 32 : c);
        }
}

TEST(kernels_read_and_write_exactly_n_bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *map = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CHECK(map != MAP_FAILED);
    CHECK_EQ(mprotect(map, page, PROT_NONE), 0);
    CHECK_EQ(mprotect(map + 2 * page, page, PROT_NONE), 0);
    for (int level = SIMD_SCALAR; level <= (int)cpu_simd_max(); level++)
        for (size_t n = 0; n <= 300; n++) {
            bool (*fold)(char *, const char *, size_t) = fold_ascii_kernel((enum simd_level)level);
            char *end = map + 2 * page - n, *start = map + page, dst[400];
            memset(start, 'Q', page);
            memset(dst, '#', sizeof dst);
            CHECK(!fold(dst + 50, end, n));
            CHECK_EQ(dst[49], '#');
            CHECK_EQ(dst[50 + n], '#');
            for (size_t i = 0; i < n; i++)
                CHECK_EQ(dst[50 + i], 'q');
            CHECK(!fold(end, end, n)); /* in place */
            CHECK(n == 0 || (end[0] == 'q' && end[n - 1] == 'q'));
            CHECK(n == page || end[-1] == 'Q');
            CHECK(!fold(start, start, n));
            if (n > 0) { /* a high byte counts wherever it is */
                start[n - 1] = (char)0x80;
                CHECK(fold(dst, start, n));
                CHECK(!fold(dst, start, n - 1));
            }
        }
    munmap(map, 3 * page);
}

/* Texts one behind the other, of all lengths: each ends where the next begins. */
TEST(a_block_is_filled_from_its_beginning_and_only_its_room_is_written)
{
    enum { LENGTHS = 200, ALL = LENGTHS * (LENGTHS - 1) / 2 };
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *map = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *block = malloc(ALL + FOLD_BEHIND + 1);

    CHECK(map != MAP_FAILED && block);
    CHECK_EQ(mprotect(map + page, page, PROT_NONE), 0);
    for (int level = SIMD_SCALAR; level <= (int)cpu_simd_max(); level++) {
        bool (*fold)(char *, const char *, size_t) =
            fold_ascii_roomy_kernel((enum simd_level)level);
        char *to = block;
        memset(block, '#', ALL + FOLD_BEHIND + 1);
        for (size_t n = 0; n < LENGTHS; n++) {
            char *src = map + page - n; /* nothing may be read behind it */
            memset(src, 'A' + (int)(n % 26), n);
            CHECK(!fold(to, src, n));
            to += n;
        }
        CHECK_EQ(block[ALL + FOLD_BEHIND], '#');
        to = block;
        for (size_t n = 0; n < LENGTHS; n++)
            for (size_t i = 0; i < n; i++)
                CHECK_EQ(*to++, 'a' + (int)(n % 26));
        for (size_t n = 1; n < LENGTHS; n++) { /* a high byte counts wherever it is */
            char *src = map + page - n;
            memset(src, 'A', n);
            src[n * 7 % 11 % n] = (char)0x80;
            CHECK(fold(block, src, n));
        }
    }
    free(block);
    munmap(map, 2 * page);
}

TEST(kernels_agree_on_random_text_at_any_alignment)
{
    char src[600], dst[600], model[600];
    const char *given = getenv("SEED");
    uint64_t seed = given ? strtoul(given, NULL, 10) : (uint64_t)getpid();

    print_message("SEED=%llu\n", (unsigned long long)seed);
    for (int round = 0; round < 500; round++) {
        for (size_t i = 0; i < sizeof src; i += 8, seed++) {
            uint64_t x = hash_bytes(&seed, sizeof seed);
            memcpy(src + i, &x, sizeof x);
        }
        size_t at = seed % 64, n = seed / 64 % (sizeof src - 64);
        bool high = fold_ascii_kernel(SIMD_SCALAR)(model, src + at, n);
        for (int level = SIMD_AVX2; level <= (int)cpu_simd_max(); level++) {
            CHECK_EQ(fold_ascii_kernel((enum simd_level)level)(dst, src + at, n), high);
            CHECK_EQ(memcmp(dst, model, n), 0);
        }
    }
}

static const struct {
    const char *from, *to;
    bool needs_simple;
} SIMPLE[] = {
    {"", "", false},
    {"ABC-xyz_[@`{", "abc-xyz_[@`{", false},
    {"\xc3\x89T\xc3\x89", "\xc3\xa9t\xc3\xa9", true}, /* É */
    {"\xc3\xa9", "\xc3\xa9", true},                   /* é: É would fold to it */
    {"\xce\xa3\xcf\x82", "\xcf\x83\xcf\x83", true},   /* both sigmas are one */
    {"\xc5\xbf", "s", true},                          /* long s */
    {"\xe2\x84\xaa", "k", true},                      /* Kelvin */
    {"\xc8\xba", "\xe2\xb1\xa5", true},               /* U+023A grows to 3 bytes */
    {"\xe1\xba\x9e", "\xc3\x9f", true},               /* capital sharp s: status S */
    {"\xc3\x9f", "\xc3\x9f", true},                   /* sharp s: never to "ss" */
    {"\xc4\xb0", "\xc4\xb0", false},                  /* dotted I: status F and T only */
    {"\xef\xac\x80", "\xef\xac\x80", false},          /* ligature ff: status F only */
    {"\xe1\xbe\x88", "\xe1\xbe\x80", true},           /* U+1F88: status S */
    {"\xe1\x8f\xb8", "\xe1\x8f\xb0", true},           /* Cherokee: to upper case */
    {"\xf0\x90\x90\x80", "\xf0\x90\x90\xa8", true},   /* Deseret: four bytes */
    {"\xd0\x96\xd0\xb6", "\xd0\xb6\xd0\xb6", true},   /* Cyrillic */
    {"\xe6\x97\xa5\xe6\x9c\xac", "\xe6\x97\xa5\xe6\x9c\xac", false}, /* no case */
    {"A\xff\xc3", "a\xff\xc3", false},                               /* no characters: copied */
    {"\xc3"
     "A\x80",
     "\xc3"
     "a\x80",
     false}, /* truncated in the middle */
    {"\xc1\x81\xed\xa0\x80\xf4\x90\x80\x80", "\xc1\x81\xed\xa0\x80\xf4\x90\x80\x80", false},
    /* overlong A, a surrogate, beyond U+10FFFF */
};

TEST(simple_folding_follows_case_folding_txt)
{
    for (size_t i = 0; i < ARRAY_LEN(SIMPLE); i++) {
        struct str from = str_from(SIMPLE[i].from);
        char *dst = malloc(2 * from.n + 4);
        struct str got = {dst, fold_simple(dst, from)};
        CHECK_STR(got, SIMPLE[i].to);
        CHECK_EQ(fold_needs_simple(from), SIMPLE[i].needs_simple);
        free(dst);
    }
}

static size_t encode(char *p, uint32_t c)
{
    if (c < 0x800) {
        p[0] = (char)(0xc0 | c >> 6);
        p[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    size_t n = c < 0x10000 ? 3 : 4;
    p[0] = (char)((n == 3 ? 0xe0 : 0xf0) | c >> (6 * (n - 1)));
    for (size_t i = 1; i < n; i++)
        p[i] = (char)(0x80 | (c >> (6 * (n - 1 - i)) & 0x3f));
    return n;
}

TEST(folding_twice_is_folding_once_for_every_character)
{
    uint32_t folded = 0;

    for (uint32_t c = 0x80; c < 0x110000; c++) {
        char from[4], once[12], twice[20];
        if (c >= 0xd800 && c < 0xe000)
            continue;
        size_t n = encode(from, c);
        size_t n1 = fold_simple(once, (struct str){from, n});
        size_t n2 = fold_simple(twice, (struct str){once, n1});
        CHECK(2 * n1 <= 3 * n);
        CHECK_EQ(n1, n2);
        CHECK_EQ(memcmp(once, twice, n1), 0);
        if (n1 != n || memcmp(from, once, n) != 0) {
            folded++;
            CHECK(fold_needs_simple((struct str){from, n}));
            CHECK(n1 == 1 || fold_needs_simple((struct str){once, n1}));
        }
    }
    CHECK(folded > 1350 && folded < 1600); /* 1,400 to 1,500 in Unicode 14 and 15, less ASCII */
}

TEST_MAIN(ENTRY(every_byte_folds_as_ascii_does), ENTRY(kernels_read_and_write_exactly_n_bytes),
          ENTRY(a_block_is_filled_from_its_beginning_and_only_its_room_is_written),
          ENTRY(kernels_agree_on_random_text_at_any_alignment),
          ENTRY(simple_folding_follows_case_folding_txt),
          ENTRY(folding_twice_is_folding_once_for_every_character))

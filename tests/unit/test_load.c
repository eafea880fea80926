/* test_load.c - texts compared by words that overlap: as memcmp() compares them.
 */
#include "base/load.h"

#include "tests/lib/test.h"

enum { LONGEST = 40 };

TEST(texts_of_each_length_differ_by_any_one_byte)
{
    char a[LONGEST + 8], b[LONGEST + 8];

    for (size_t n = 0; n <= LONGEST; n++) {
        for (size_t i = 0; i < sizeof a; i++)
            a[i] = (char)('a' + i % 26);
        memcpy(b, a, sizeof b);
        for (size_t i = n; i < sizeof b; i++) /* what stands behind has no say */
            b[i] = '#';
        CHECK(same_bytes(a, b, n));
        for (size_t i = 0; i < n; i++) {
            b[i] ^= 1;
            CHECK(!same_bytes(a, b, n));
            b[i] ^= 1;
        }
    }
}

TEST(words_are_read_at_any_address)
{
    const char *p = "\x01\x02\x03\x04\x05\x06\x07\x08\x09";

    CHECK_EQ(load16(p + 1), 0x0302);
    CHECK_EQ(load32(p + 1), 0x05040302);
    CHECK_EQ(load64(p + 1), 0x0908070605040302);
}

TEST_MAIN(ENTRY(texts_of_each_length_differ_by_any_one_byte), ENTRY(words_are_read_at_any_address))

/* test_table.c - columns line up, long and dangerous texts are tamed. */
#include "tests/lib/test.h"

#include "app/measure.h"
#include "app/table.h"

TEST(columns_are_as_wide_as_they_need_to_be)
{
    static const struct table_column columns[] = {
        {"N", true, 0}, {"NAME", false, 8}, {"END", false, 0}};
    struct table *t = table_new(columns, ARRAY_LEN(columns));
    struct buf out = {0};

    table_count(t, 1234567);
    table_cell(t, STR("caf\xc3\xa9"));
    table_cell(t, STR("x"));
    table_cellf(t, "%d", 5);
    table_cell(t, STR("much too long"));
    table_cell(t, STR("\033[31mred\xc2\x9b\n"));
    table_print(t, 1, &out);
    CHECK_STR(buf_str(&out), "         N  NAME      END\n"
                             " 1,234,567  caf\xc3\xa9      x\n"
                             "         5  much ...  ?[31mred??\n");
    table_free(t);
    buf_release(&out);
}

TEST(counts_and_bytes_are_written_for_people)
{
    static const struct {
        uint64_t n;
        const char *count, *bytes;
    } rows[] = {{0, "0", "0 B"},
                {999, "999", "999 B"},
                {1000, "1,000", "1.0 kB"},
                {1234567, "1,234,567", "1.2 MB"},
                {2500000000, "2,500,000,000", "2.5 GB"}};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf out = {0};
        add_count(&out, rows[i].n);
        CHECK_STR(buf_str(&out), rows[i].count);
        buf_clear(&out);
        add_bytes(&out, rows[i].n);
        CHECK_STR(buf_str(&out), rows[i].bytes);
        buf_release(&out);
    }
}

TEST_MAIN(ENTRY(columns_are_as_wide_as_they_need_to_be),
          ENTRY(counts_and_bytes_are_written_for_people))

/* test_sorter.c - items come back in order, whatever the memory; against qsort. */
#include "tests/lib/test.h"

#include <stdlib.h>

#include "app/sorter.h"
#include "base/buf.h"

enum { ITEMS = 5000 };

struct row {
    int64_t time_ms;
    uint64_t number;
};

static int compare(const void *a, const void *b)
{
    const struct row *x = a, *y = b;

    if (x->time_ms != y->time_ms)
        return x->time_ms < y->time_ms ? -1 : 1;
    return x->number < y->number ? -1 : x->number > y->number;
}

struct expected {
    const struct row *rows;
    size_t at;
};

/* The bytes of an item say which one it is; their length varies. */
static void item_bytes(uint64_t number, struct buf *out)
{
    buf_clear(out);
    buf_printf(out, "%llu", (unsigned long long)number);
    for (uint64_t i = 0; i < number % 97; i++)
        buf_add_char(out, 'x');
}

static enum weir_rc check_item(void *context, const struct sort_item *item,
                               UNUSED struct weir_err *err)
{
    struct expected *e = context;
    struct buf bytes = {0};

    CHECK_EQ(item->time_ms, e->rows[e->at].time_ms);
    CHECK_EQ(item->number, e->rows[e->at].number);
    item_bytes(item->number, &bytes);
    CHECK(str_eq(item->bytes, buf_str(&bytes)));
    e->at++;
    buf_release(&bytes);
    return WEIR_OK;
}

static void check_sorting(size_t memory_max)
{
    static struct row rows[ITEMS];
    struct sorter *s = sorter_new(memory_max);
    struct weir_err err;
    struct buf bytes = {0};

    srandom(7);
    for (uint64_t i = 0; i < ITEMS; i++) {
        rows[i] = (struct row){random() % 500 - 250, i};
        item_bytes(i, &bytes);
        struct sort_item item = {rows[i].time_ms, i, buf_str(&bytes)};
        CHECK_EQ(sorter_add(s, &item, &err), WEIR_OK);
    }
    qsort(rows, ITEMS, sizeof *rows, compare);
    struct expected e = {rows, 0};
    CHECK_EQ(sorter_drain(s, check_item, &e, &err), WEIR_OK);
    CHECK_EQ(e.at, ITEMS);
    e.at = 0;
    CHECK_EQ(sorter_drain(s, check_item, &e, &err), WEIR_OK); /* it is empty now */
    CHECK_EQ(e.at, 0);
    sorter_free(s);
    buf_release(&bytes);
}

TEST(items_are_sorted_in_memory)
{
    check_sorting(0);
}

TEST(items_are_sorted_through_few_and_many_runs)
{
    check_sorting(100000);
    check_sorting(3000); /* more runs than SORTER_RUNS_MAX: they are joined on the way */
    check_sorting(1);    /* each item is a run */
}

static enum weir_rc stop_at_once(UNUSED void *context, UNUSED const struct sort_item *item,
                                 UNUSED struct weir_err *err)
{
    return WEIR_CLOSED;
}

TEST(a_consumer_can_stop)
{
    struct sorter *s = sorter_new(0);
    struct sort_item item = {1, 1, STR("x")};
    struct weir_err err;

    CHECK_EQ(sorter_add(s, &item, &err), WEIR_OK);
    CHECK_EQ(sorter_drain(s, stop_at_once, NULL, &err), WEIR_CLOSED);
    sorter_free(s);
}

TEST_MAIN(ENTRY(items_are_sorted_in_memory), ENTRY(items_are_sorted_through_few_and_many_runs),
          ENTRY(a_consumer_can_stop))

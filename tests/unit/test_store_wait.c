/* test_store_wait.c - how long a start waits for a store that does not answer. */
#include "worker/store_wait.h"

#include "tests/lib/test.h"

static bool ends_at(void *context)
{
    int *left = context;

    return (*left)-- == 0;
}

/* Tries of a step that ends so each time; *rc: what came of it. */
static int tries(enum weir_rc result, uint32_t ms, int ends_after, enum weir_rc *rc)
{
    struct store_wait w = {.must_end = ends_at, .context = &ends_after, .ms = ms};
    struct weir_err err;
    int n = 0;

    do {
        *rc = result == WEIR_OK ? WEIR_OK : err_set(&err, result, "no");
        n++;
    } while (store_wait_again(&w, rc, &err));
    return n;
}

TEST(only_what_may_pass_is_tried_again)
{
    enum weir_rc rc;

    CHECK_EQ(tries(WEIR_OK, 1000, 9, &rc), 1);
    CHECK_EQ(tries(WEIR_BADARG, 1000, 9, &rc), 1);
    CHECK_EQ(rc, WEIR_BADARG);
    CHECK(tries(WEIR_IO, STORE_WAIT_PAUSE_MS / 2, 9, &rc) > 1);
    CHECK_EQ(rc, WEIR_IO);
}

TEST(who_is_asked_to_end_waits_no_longer)
{
    enum weir_rc rc;

    CHECK_EQ(tries(WEIR_IO, 0, 0, &rc), 1);
    CHECK_EQ(rc, WEIR_CLOSED);
    CHECK_EQ(tries(WEIR_IO, 0, 1, &rc), 2);
    CHECK_EQ(rc, WEIR_CLOSED);
}

TEST_MAIN(cmocka_unit_test(only_what_may_pass_is_tried_again),
          cmocka_unit_test(who_is_asked_to_end_waits_no_longer))

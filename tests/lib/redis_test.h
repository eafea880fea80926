/* redis_test.h - a program whose tests ask one Redis, started for them and ended with them.
 *
 *   static struct redis_server server;
 *   TEST(cells_outlive_the_store) { ... server.url ... }
 *   REDIS_TEST_MAIN(server, ENTRY(cells_outlive_the_store), ENTRY(...))
 */
#ifndef WEIR_TESTS_LIB_REDIS_TEST_H
#define WEIR_TESTS_LIB_REDIS_TEST_H

#include "tests/lib/redis_server.h"
#include "tests/lib/test.h"

/* How many of the tests failed: none on a machine without Redis (redis_server_is_there()), one if
 * it did not start. */
static inline int redis_tests(struct redis_server *server, bool with_tls,
                              const struct CMUnitTest *tests, size_t n)
{
    if (!redis_server_is_there())
        return 0;
    if (!redis_server_start(server, NULL, with_tls))
        return 1;
    int failed = _cmocka_run_group_tests("tests", tests, n, NULL, NULL);
    redis_server_stop(server);
    return failed;
}

#define REDIS_TEST_MAIN(server, ...)                                     \
    int main(void)                                                       \
    {                                                                    \
        const struct CMUnitTest tests_[] = {__VA_ARGS__};                \
        return redis_tests(&(server), false, tests_, ARRAY_LEN(tests_)); \
    }

#endif

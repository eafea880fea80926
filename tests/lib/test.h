/* test.h - the words of weir's unit tests, on cmocka.
 *
 *   TEST(window_forgets_old_hits) { ... CHECK_EQ(a, b); ... }
 *   TEST_MAIN(ENTRY(window_forgets_old_hits), ENTRY(...))
 *
 * A test's name is a sentence about behaviour. CHECK stops the test at the first
 * failure and prints the place.
 */
#ifndef WEIR_TESTS_LIB_TEST_H
#define WEIR_TESTS_LIB_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/base.h"
#include "base/str.h"

/* Does a sanitizer watch the memory? Then it stands in malloc's place and keeps what is freed, and
 * everything takes several times as long. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TEST_IS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define TEST_IS_SANITIZED 1
#endif
#endif
#ifndef TEST_IS_SANITIZED
#define TEST_IS_SANITIZED 0
#endif

#define TEST(name) static void name(UNUSED void **test_state_)
#define ENTRY(name) cmocka_unit_test(name)
#define TEST_MAIN(...)                                     \
    int main(void)                                         \
    {                                                      \
        const struct CMUnitTest tests_[] = {__VA_ARGS__};  \
        return cmocka_run_group_tests(tests_, NULL, NULL); \
    }

#define CHECK(x) _assert_true((x) ? 1u : 0u, #x, __FILE__, __LINE__)
#define CHECK_EQ(a, b) _assert_int_equal((uintmax_t)(a), (uintmax_t)(b), __FILE__, __LINE__)
#define CHECK_STR(s, literal) check_str((s), str_from(literal), #s, __FILE__, __LINE__)

static inline void check_str(struct str got, struct str want, const char *what, const char *file,
                             int line)
{
    if (str_eq(got, want))
        return;
    print_error("%s:%d: %s is \"%.*s\", expected \"%.*s\"\n", file, line, what, (int)got.n, got.p,
                (int)want.n, want.p);
    _fail(file, line);
}

#endif

/* sigma_rows.h - tables of Sigma text and what must come of it. */
#ifndef WEIR_TESTS_LIB_SIGMA_ROWS_H
#define WEIR_TESTS_LIB_SIGMA_ROWS_H

#include "tests/lib/sigma_text.h"
#include "tests/lib/test.h"

struct sigma_row {
    const char *in, *out;
};

static inline void sigma_check_rows(struct str (*fn)(struct arena *, const char *),
                                    const struct sigma_row *rows, size_t n)
{
    struct arena *a = arena_new(0);

    for (size_t i = 0; i < n; i++) {
        struct str got = fn(a, rows[i].in);
        if (!str_eq(got, str_from(rows[i].out)))
            print_error("row %zu: %s\n", i, rows[i].in);
        CHECK_STR(got, rows[i].out);
    }
    arena_free(a);
}

#endif

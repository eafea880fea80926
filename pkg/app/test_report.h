/* test_report.h - what `weir test` prints: a tree for people or a JSON object a line, and JUnit's
 * XML for build servers.
 *
 * Memory   the report keeps slices of what it is told: tests and results must stay until it is
 *          freed.
 */
#ifndef WEIR_APP_TEST_REPORT_H
#define WEIR_APP_TEST_REPORT_H

#include "app/output.h"
#include "app/test_run.h"

struct test_report {
    struct output *out;
    bool is_table, only_failures;
    bool has_colour;
    struct str shown_file; /* whose name stands over the tests */
    bool has_gaps;         /* some were told */
    struct buf text;
};

/* As it happens. */
MUST_USE enum weir_rc test_report_result(struct test_report *r, const struct suite_file *file,
                                         size_t i, const struct test_result *result,
                                         struct weir_err *err);
/* What the tests of a rule never showed it; nothing if there is no such thing. */
MUST_USE enum weir_rc test_report_gaps(struct test_report *r, const struct exercised *e,
                                       struct weir_err *err);

/* results[i][k]: test k of file i. The whole document. */
void test_report_junit(const struct test_suite *suite, struct test_result *const *results,
                       struct buf *out);

#endif

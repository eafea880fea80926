/* test_run.h - plays the tests of rules, one by one: what came of each, and why.
 *
 * Each test has a store of its own: in memory, or in a Redis under names of its own.
 *
 * Memory   results live in the arena of test_runner_new() until the runner is freed.
 * Threads  belongs to one thread.
 */
#ifndef WEIR_APP_TEST_RUN_H
#define WEIR_APP_TEST_RUN_H

#include "app/exercise.h"
#include "app/rules.h"
#include "app/state.h"
#include "app/test_suite.h"

enum test_outcome { TEST_PASSED, TEST_FAILED, TEST_SKIPPED, TEST_OUTCOMES };

struct test_result {
    enum test_outcome outcome;
    struct weir_err err;       /* failed: where and what; skipped: why */
    const struct str *reasons; /* failed: what decided, a line each */
    size_t n_reasons;
    double seconds;
    uint64_t matches, alerts; /* that came out; of a test that could be played */
    struct str profile; /* that its events were read by; empty: each was recognised, or was not */
};

struct test_runner;

/* The book and the options (those it was loaded with) must outlive the runner. */
struct test_runner *test_runner_new(const struct rule_book *book, const struct rule_options *rules,
                                    const struct state_options *state, struct str version);
void test_runner_free(struct test_runner *t);
/* What the tests have left in a Redis is taken away. */
MUST_USE enum weir_rc test_runner_clean(struct test_runner *t, struct weir_err *err);

/* WEIR_OK: *out says what came of it. Else the world says no (no Redis ...). */
MUST_USE enum weir_rc test_run(struct test_runner *t, const struct suite_file *file, size_t i,
                               struct test_result *out, struct weir_err *err);

const struct exercise *test_runner_exercise(const struct test_runner *t);

#endif

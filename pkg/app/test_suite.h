/* test_suite.h - the tests that some paths mean: NAME.test.yml files, and those of the SigmaHQ
 * regression layout (info.yml with the events of its rule beside it), and the rule files for them.
 *
 * A directory stands for all tests and rules below it. A test file brings the rule file beside it
 * (NAME.yml, NAME.eql ...) and those that its `rules:` names; a rule file brings NAME.test.yml.
 *
 * SigmaHQ's layout: info.yml has `rule_metadata` (the rule's id) and `regression_tests_info`: for
 * each entry the rule must match at least match_count (1) of the events in the JSON file that is
 * called as the entry's file.
 *
 * Memory   all in the arena given; the lists are released by test_suite_release().
 */
#ifndef WEIR_APP_TEST_SUITE_H
#define WEIR_APP_TEST_SUITE_H

#include "app/rule_test.h"
#include "app/text_list.h"
#include "base/arena.h"
#include "base/err.h"
#include "event/profile.h"

struct suite_file {
    struct str path;
    struct str rule_path;  /* the rule file beside it; empty: none */
    struct str_list rules; /* the other rule files, paths as rule_paths has them */
    struct str rule_id;    /* SigmaHQ's layout: the rule by its id */
    struct rule_tests tests;
    bool is_bad; /* it cannot be read: err says why */
    struct weir_err err;
    struct str *absent; /* SigmaHQ's layout, by test: why it cannot be played; empty: it can */
};

struct test_suite {
    struct suite_file *files;
    size_t n;
    struct text_list rule_paths; /* to be loaded */
};

/* Not WEIR_OK: a path does not exist, or nothing below it is a test or a rule. */
MUST_USE enum weir_rc test_suite_collect(struct arena *a, const struct text_list *paths,
                                         const struct profile_set *profiles, struct test_suite *out,
                                         struct weir_err *err);
void test_suite_release(struct test_suite *s);

/* For fuzzing and tests: SigmaHQ's info.yml. `reader` gives the events of a JSON file beside it. */
MUST_USE enum weir_rc regression_parse(struct arena *a, struct str text,
                                       const struct rule_test_reader *reader,
                                       struct suite_file *out, bool *is_one, struct weir_err *err);

#endif

/* test.h - `weir test`: the tests of rules played, and told as a tree or as lines.
 *
 * Also what the tests leave untested: per rule the atoms that were never true, or never false.
 */
#ifndef WEIR_APP_TEST_H
#define WEIR_APP_TEST_H

#include "app/emit.h"
#include "app/outcome.h"
#include "app/rules.h"
#include "app/state.h"

struct test_options {
    struct rule_options rules;  /* paths: rules, tests, directories */
    struct state_options state; /* memory, or a Redis */
    enum emit_format format;
    struct str junit;   /* file; empty: none */
    bool only_failures; /* what passes is counted, not listed */
    bool no_gaps;       /* nothing of what is untested */
    struct str version;
};

/* EXIT_FINDINGS: a test failed. EXIT_RULES: a test file or a rule cannot be read. */
enum exit_code test_command(const struct test_options *o);

#endif

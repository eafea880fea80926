/* rule_test.h - NAME.test.yml: what a rule must find, and what it must not. docs/testing-rules.md
 * is the description for those who write them.
 *
 *     base: {verb: get, objectRef.resource: secrets, user.username: ann}
 *     tests:
 *         - name: a person reads a secret
 *           expect: match
 *         - name: the node agent does
 *           set: {user.username: 'system:node:a'}
 *           expect: no_match
 *         - name: ten within ten minutes
 *           steps:
 *               - {at: 0s, repeat: 9, every: 1s, expect: {alerts: 0}}
 *               - {at: 10m, expect: {alerts: 1}}
 *
 * Reading makes a script of each test (script.h), so stories and tests are played by the same code.
 * Everything that can be wrong is found here, before the first event, with its line and column.
 *
 * Memory   all in the arena given; texts may be slices of the file's text, which must stay.
 * Limits   RULE_TEST*, and those of script.h and doc.h.
 */
#ifndef WEIR_APP_RULE_TEST_H
#define WEIR_APP_RULE_TEST_H

#include "app/script.h"
#include "rule/rule.h"

enum {
    RULE_TEST_BYTES_MAX = 4 * 1024 * 1024,
    RULE_TESTS_MAX = 2000,         /* of a file */
    RULE_TEST_STEPS_MAX = 1000,    /* of a test */
    RULE_TEST_EVENTS_MAX = 100000, /* of one step, from files */
    RULE_TEST_NAMES_MAX = 256      /* events with names, of a file */
};

struct rule_test {
    struct str name;
    uint32_t line, col;
    struct str rule;    /* the one that it is about, by uid or name; empty: all of the rule file */
    struct str profile; /* of its events; empty: by the rule's source */
    int64_t start_ms;
    bool has_own_times; /* `times: own`: events have theirs */
    struct script script;
};

struct rule_tests {
    struct str_list rules; /* files beside NAME's own, as written */
    struct rule_test *items;
    size_t n;
};

/* Reads the events of a file; the path is as the test has it. */
struct rule_test_reader {
    enum weir_rc (*read)(void *context, struct arena *a, struct str path, struct str_list *out,
                         struct weir_err *err);
    void *context;
};

/* Not WEIR_OK: err has line and column; the file is the caller's to name. */
MUST_USE enum weir_rc rule_tests_parse(struct arena *a, struct str text,
                                       const struct rule_test_reader *reader,
                                       struct rule_tests *out, struct weir_err *err);

/* True for NAME.test.yml and NAME.test.yaml; *name: the path without that ending. */
bool rule_test_is_path(struct str path, struct str *name);

#endif

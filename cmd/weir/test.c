/* test.c - the options of `weir test`. */
#include "app/test.h"

#include "base/str.h"
#include "commands.h"

int command_test(int argc, char **argv)
{
    struct test_options o = {.state.brake = GRAPH_BRAKE_DEFAULT,
                             .state.budget_mib = STORE_TOTAL_DEFAULT / (1024 * 1024),
                             .version = version_text()};
    struct flag rules[RULE_FLAGS_MAX], state[STATE_PLACE_FLAGS_MAX];
    const struct flag main_flags[] = {
        rule_path_flag(&o.rules),
        {"format", 0, FLAG_CHOICE, "auto|table|json",
         "a tree for people, or a JSON object a line; auto: a tree on a terminal",
         .to.choice = (int *)&o.format},
        {"junit", 0, FLAG_TEXT, "FILE", "the outcomes as JUnit's XML too", .to.text = &o.junit},
        {"failures", 0, FLAG_SWITCH, NULL, "list what fails or is skipped only",
         .to.on = &o.only_failures},
        {"no-gaps", 0, FLAG_SWITCH, NULL,
         "nothing about what no test has shown: atoms never true or never false",
         .to.on = &o.no_gaps},
    };
    const struct flag_group groups[] = {
        {"options", main_flags, ARRAY_LEN(main_flags)},
        {"state", state,
         state_place_flags(&o.state, "memory (default), or redis://HOST:PORT, unix:///SOCKET",
                           state)},
        {"about rules", rules, rule_flags(&o.rules, rules)},
    };
    const struct flag_set set = {
        "test", "weir test [-r] PATH... [OPTION...]",
        "Play the tests of rules: NAME.test.yml beside NAME.yml (docs/testing-rules.md), and the "
        "regression tests of\nthe SigmaHQ repository. A PATH is a rule, a test, or a directory of "
        "them. Exit code 1: a test failed; 2: a test\nfile or a rule cannot be read.",
        groups, ARRAY_LEN(groups)};
    int code;

    if (command_begin(&set, argc, argv, &o.rules.paths, &code)) {
        code = o.rules.paths.n ? (int)test_command(&o)
                               : command_misused(&set, "no tests: weir test PATH...");
    }
    rule_options_release(&o.rules);
    return code;
}

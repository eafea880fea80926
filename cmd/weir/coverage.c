/* coverage.c - the options of `weir coverage`. */
#include "app/coverage.h"

#include "base/str.h"
#include "commands.h"

int command_coverage(int argc, char **argv)
{
    struct coverage_options o = {0};
    struct flag rules[RULE_FLAGS_MAX];
    const struct flag flags[] = {
        rule_path_flag(&o.rules),
        {"input", 'i', FLAG_TEXTS, "PATH",
         "events: for which rules is there a source among them? may repeat", .to.texts = &o.inputs},
        {"layer", 0, FLAG_TEXT, "FILE", "write a layer for the ATT&CK Navigator",
         .to.text = &o.layer},
        {"format", 0, FLAG_CHOICE, "auto|table|json", "a table for people, or JSON lines",
         .to.choice = (int *)&o.format},
    };
    const struct flag_group groups[] = {
        {"options", flags, ARRAY_LEN(flags)},
        {"about rules", rules, rule_flags(&o.rules, rules)},
    };
    const struct flag_set set = {
        "coverage", "weir coverage [-r] PATH... [-i PATH...] [OPTION...]",
        "ATT&CK techniques that the rules are about: how many rules, how many of them are tested\n"
        "(a NAME.test.yml beside the rule), how many have a source in some events.",
        groups, ARRAY_LEN(groups)};
    int code;

    if (command_begin(&set, argc, argv, &o.rules.paths, &code)) {
        if (!o.rules.paths.n)
            code = command_misused(&set, "no rules: -r PATH");
        else
            code = (int)coverage_run(&o);
    }
    text_list_release(&o.inputs);
    rule_options_release(&o.rules);
    return code;
}

/* check.c - the options of `weir check`. */
#include "app/check.h"

#include "base/str.h"
#include "commands.h"

int command_check(int argc, char **argv)
{
    struct check_options o = {0};
    struct flag rules[RULE_FLAGS_MAX];
    const struct flag flags[] = {
        rule_path_flag(&o.rules),
        {"format", 0, FLAG_CHOICE, "auto|table|json", "lines for people, or a JSON object per rule",
         .to.choice = (int *)&o.format},
        {"problems", 0, FLAG_SWITCH, NULL, "only rules that are not ok", .to.on = &o.only_problems},
        {"strict", 0, FLAG_SWITCH, NULL, "warnings make exit code 1", .to.on = &o.is_strict},
        {"plan", 0, FLAG_TEXT, "RULE", "print how the rule with this id or title is matched",
         .to.text = &o.plan},
        {"against", 0, FLAG_TEXTS, "PATH",
         "print what becomes of each rule's state when these old rules are replaced",
         .to.texts = &o.against},
        {"effective", 0, FLAG_TEXT, "RULE",
         "print what the rule is with its overlays, and where each value comes from",
         .to.text = &o.effective},
    };
    const struct flag_group groups[] = {
        {"options", flags, ARRAY_LEN(flags)},
        {"about rules", rules, rule_flags(&o.rules, rules)},
    };
    const struct flag_set set = {
        "check", "weir check [-r] PATH... [OPTION...]",
        "A verdict per rule: ok, warning, unsupported or error. Exit code 0 if all load (warnings\n"
        "alone do not change it without --strict), 2 if one is unsupported or in error.",
        groups, ARRAY_LEN(groups)};
    int code;

    if (command_begin(&set, argc, argv, &o.rules.paths, &code)) {
        if (!o.rules.paths.n)
            code = command_misused(&set, "no rules: weir check PATH...");
        else if ((o.plan.n > 0) + (o.against.n > 0) + (o.effective.n > 0) > 1)
            code =
                command_misused(&set, "--plan, --against and --effective: one question at a time");
        else
            code = (int)check_run(&o);
    }
    text_list_release(&o.against);
    rule_options_release(&o.rules);
    return code;
}

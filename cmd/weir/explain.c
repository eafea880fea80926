/* explain.c - the options of `weir explain`. */
#include "app/explain.h"

#include "base/str.h"
#include "commands.h"

int command_explain(int argc, char **argv)
{
    struct explain_options o = {0};
    struct str number = {0};
    struct flag rules[RULE_FLAGS_MAX], topics[STRETCH_FLAGS_MAX];
    const struct flag main_flags[] = {
        rule_path_flag(&o.rules),
        {"input", 'i', FLAG_TEXTS, "PATH",
         "event file, directory, or - for stdin; may repeat; .gz and .zst too;\n"
         "or kafka://TOPIC/PARTITION/OFFSET",
         .to.texts = &o.inputs},
        {"event", 0, FLAG_TEXT, "N", "only this event, counted from 0 as --emit matches does",
         .to.text = &number},
        {"near", 0, FLAG_SWITCH, NULL, "only the rules that missed the event by one test",
         .to.on = &o.is_near},
        {"state", 0, FLAG_TEXT, "WHERE",
         "instead: what stands in the windows of correlations; memory: once all events are\n"
         "read, which step is missing, until when; dir:PATH or redis://...: in that store,\n"
         "which is only looked at, for the entities of the events",
         .to.text = &o.state.where},
        {"state-password-file", 0, FLAG_TEXT, "FILE", "password for the server of --state",
         .to.text = &o.state.password_file, .is_in_environment = true, .with = "state"},
        {"state-ca", 0, FLAG_TEXT, "FILE", "certificates that the server's must come from",
         .to.text = &o.state.ca_file, .is_in_environment = true, .with = "state"},
        {"state-secret-file", 0, FLAG_TEXT, "FILE", "secret that the store's keys are hashed with",
         .to.text = &o.state.secret_file, .is_in_environment = true, .with = "state"},
        {"state-group", 0, FLAG_TEXT, "NAME",
         "whose windows of a Redis: group.name of workers; none: a replay's",
         .to.text = &o.state.group, .with = "state"},
        {"key", 0, FLAG_TEXT, "VALUE", "with --state: only groups with this value",
         .to.text = &o.key, .with = "state"},
        {"profile", 0, FLAG_TEXT, "NAME", "all events are of this shape", .to.text = &o.profile},
        {"tenant", 0, FLAG_TEXT, "NAME", "records of this tenant (of topics, with -c)",
         .to.text = &o.tenant},
        {"format", 0, FLAG_CHOICE, "auto|table|json",
         "a tree for people, or a JSON object a line; auto: a tree on a terminal",
         .to.choice = (int *)&o.format},
    };
    const struct flag_group groups[] = {
        {"input and output", main_flags, ARRAY_LEN(main_flags)},
        {"topics (-i kafka://...)", topics, stretch_flags(&o.kafka, topics)},
        {"about rules", rules, rule_flags(&o.rules, rules)},
    };
    const struct flag_set set = {
        "explain", "weir explain [-r] PATH... -i PATH... [OPTION...]",
        "Say of each event why the rules match it or not: each test with what the event had there. "
        "Those that decided\nare marked: had they come out otherwise, so would the rule "
        "(of a directory --id picks one).",
        groups, ARRAY_LEN(groups)};
    int code;

    if (command_begin(&set, argc, argv, &o.rules.paths, &code)) {
        o.has_number = number.n > 0;
        if (!o.rules.paths.n)
            code = command_misused(&set, "no rules: weir explain PATH... -i PATH");
        else if (!o.inputs.n)
            code = command_misused(&set, "no events: -i PATH");
        else if (o.state.where.n && o.is_near)
            code = command_misused(&set, "--state and --near are two questions");
        else if (str_eq(o.state.where, STR("memory")) && o.has_number)
            code = command_misused(&set, "--state memory reads all events: without --event");
        else if (o.has_number && !str_to_u64(number, &o.number))
            code = command_misused(&set, "--event: '%.*s' is no number", (int)number.n, number.p);
        else
            code = (int)explain_run(&o);
    }
    text_list_release(&o.inputs);
    text_list_release(&o.kafka.properties);
    rule_options_release(&o.rules);
    return code;
}

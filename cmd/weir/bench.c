/* bench.c - the options of `weir bench`. */
#include "app/bench.h"
#include "app/bench_rounds.h"

#include "base/str.h"
#include "commands.h"

int command_bench(int argc, char **argv)
{
    struct bench_options o = {.seconds = 5, .threads = 1, .seed = 1, .version = version_text()};
    struct flag rules[RULE_FLAGS_MAX];
    const struct flag flags[] = {
        rule_path_flag(&o.rules),
        {"input", 'i', FLAG_TEXTS, "PATH", "event file or directory; may repeat; .gz and .zst too",
         .to.texts = &o.inputs},
        {"profile", 0, FLAG_TEXT, "NAME", "all events are of this shape", .to.text = &o.profile},
        {"seconds", 0, FLAG_DECIMAL, "S",
         "rounds are run for this long (5), at most 100000 of them", .to.decimal = &o.seconds},
        {"rounds", 0, FLAG_COUNT, "N", "run so many rounds instead (each thread)",
         .to.count = &o.rounds},
        {"alerts", 0, FLAG_SWITCH, NULL, "write the alerts too (to nowhere)",
         .to.on = &o.is_alerting},
        {"no-cache", 0, FLAG_SWITCH, NULL, "remember nothing beyond an event",
         .to.on = &o.no_cache},
        {"rules-sample", 0, FLAG_COUNT, "N", "only N of the rules that can see the inputs",
         .to.count = &o.rules_sample},
        {"seed", 0, FLAG_COUNT, "S", "which N (1)", .to.count = &o.seed, .with = "rules-sample"},
        {"profile-rules", 0, FLAG_SWITCH, NULL,
         "name the costliest rules: sampled in one batch of 64; an evaluation counts for at\n"
         "most 100 us or eight times the rule's mean, since the thread may have been stopped",
         .to.on = &o.is_profiling_rules},
        {"literals", 0, FLAG_SWITCH, NULL, "the literal engine alone, checked by a plain search",
         .to.on = &o.is_literals},
        {"threads", 0, FLAG_COUNT, "N", "run rounds on N threads at once (1)",
         .to.count = &o.threads},
        {"format", 0, FLAG_CHOICE, "auto|table|json", "lines for people, or a JSON object",
         .to.choice = (int *)&o.format},
        {"engine", 0, FLAG_CHOICE, "compiled|reference", NULL, .to.choice = (int *)&o.engine},
    };
    const struct flag_group groups[] = {
        {"options", flags, ARRAY_LEN(flags)},
        {"about rules", rules, rule_flags(&o.rules, rules)},
    };
    const struct flag_set set = {
        "bench", "weir bench [-r] PATH... -i PATH... [OPTION...]",
        "Events from memory through the rules: split, scan, extract, route, match.", groups,
        ARRAY_LEN(groups)};
    int code;

    if (command_begin(&set, argc, argv, &o.rules.paths, &code)) {
        if (!o.rules.paths.n || !o.inputs.n)
            code = command_misused(&set, "it needs rules (-r PATH) and events (-i PATH)");
        else if (o.threads < 1 || o.threads > ENGINE_THREADS_MAX)
            code = command_misused(&set, "--threads: 1 to %d", ENGINE_THREADS_MAX);
        else if (o.rounds > BENCH_ROUNDS_MAX)
            code = command_misused(&set, "--rounds: at most %d", BENCH_ROUNDS_MAX);
        else if (o.threads > 1 && o.is_literals)
            code = command_misused(&set, "--literals runs on one thread");
        else
            code = (int)bench_run(&o);
    }
    text_list_release(&o.inputs);
    rule_options_release(&o.rules);
    return code;
}

/* run.c - the options of `weir run`. */
#include "app/run.h"

#include "base/str.h"
#include "commands.h"

int command_run(int argc, char **argv)
{
    struct run_options o = {.version = version_text()};
    struct text_list words = {0};
    const struct flag flags[] = {
        {"config", 'c', FLAG_TEXT, "FILE", "configuration (docs/weir.example.yml)",
         .to.text = &o.file, .is_in_environment = true},
        {"set-value", 'X', FLAG_TEXTS, "KEY=VALUE",
         "a key of the configuration (work.threads=4), or a property of librdkafka; may repeat",
         .to.texts = &o.values},
    };
    const struct flag_group groups[] = {{"configuration", flags, ARRAY_LEN(flags)}};
    const struct flag_set set = {
        "run", "weir run -c FILE [-X KEY=VALUE...]",
        "Read events from Kafka topics, run rules over them, write alerts to topics: each once.\n"
        "HUP reads the rules anew, TERM finishes what is in hand and ends.",
        groups, ARRAY_LEN(groups)};
    int code;

    if (command_begin(&set, argc, argv, &words, &code)) {
        code = words.n ? command_misused(&set, "'%.*s' is no option", (int)words.items[0].n,
                                         words.items[0].p)
                       : (int)run_worker(&o);
    }
    text_list_release(&words);
    text_list_release(&o.values);
    return code;
}

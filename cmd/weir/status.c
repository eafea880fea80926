/* status.c - the options of `weir status`. */
#include "app/status.h"

#include "base/str.h"
#include "commands.h"
#include "worker/http_address.h"

int command_status(int argc, char **argv)
{
    struct status_options o = {0};
    struct text_list words = {0};
    bool lists_metrics = false;
    const struct flag flags[] = {
        {"address", 0, FLAG_TEXT, "HOST:PORT", "where it listens (" HTTP_ADDRESS_DEFAULT ")",
         .to.text = &o.address},
        {"watch", 'w', FLAG_SWITCH, NULL, "again every 2 s, until interrupted",
         .to.on = &o.watches},
        {"format", 0, FLAG_CHOICE, "auto|table|json", "tables for people, or a JSON object",
         .to.choice = (int *)&o.format},
        {"list-metrics", 0, FLAG_SWITCH, NULL, "the metrics that a worker has; asks nobody",
         .to.on = &lists_metrics},
    };
    const struct flag_group groups[] = {{"options", flags, ARRAY_LEN(flags)}};
    const struct flag_set set = {
        "status", "weir status [OPTION...]",
        "What a running worker does: its lanes, partitions, watermarks, rules and rates.", groups,
        ARRAY_LEN(groups)};
    int code;

    if (command_begin(&set, argc, argv, &words, &code)) {
        if (!o.address.p)
            o.address = STR(HTTP_ADDRESS_DEFAULT);
        if (words.n)
            code = command_misused(&set, "'%.*s' is no option (where it listens: --address)",
                                   (int)words.items[0].n, words.items[0].p);
        else
            code = (int)(lists_metrics ? status_list_metrics() : status_run(&o));
    }
    text_list_release(&words);
    return code;
}

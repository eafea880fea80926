/* classify.c - the options of `weir classify`. */
#include "app/classify.h"

#include "base/str.h"
#include "commands.h"

int command_classify(int argc, char **argv)
{
    struct classify_options o = {0};
    const struct flag flags[] = {
        {"input", 'i', FLAG_TEXTS, "PATH",
         "event file, directory, or -; may repeat, -i may be left out", .to.texts = &o.inputs},
        {"profiles", 0, FLAG_TEXT, "DIR", "source profiles of your own",
         .to.text = &o.profiles_dir},
        {"profile", 0, FLAG_TEXT, "NAME", "all events are of this shape", .to.text = &o.profile},
        {"format", 0, FLAG_CHOICE, "auto|table|json", "a table for people, or JSON lines",
         .to.choice = (int *)&o.format},
    };
    const struct flag_group groups[] = {{"options", flags, ARRAY_LEN(flags)}};
    const struct flag_set set = {
        "classify", "weir classify [-i] PATH... [OPTION...]",
        "Which profiles recognise the events, what they stand for, and which fields are missing.",
        groups, ARRAY_LEN(groups)};
    int code;

    if (command_begin(&set, argc, argv, &o.inputs, &code)) {
        if (!o.inputs.n)
            code = command_misused(&set, "no events: -i PATH");
        else
            code = (int)classify_run(&o);
    }
    text_list_release(&o.inputs);
    return code;
}

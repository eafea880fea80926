/* config.c - the options of `weir config`. */
#include "app/config.h"

#include "base/str.h"
#include "commands.h"

static int run_word(const struct flag_set *set, struct str word, const struct config_options *o,
                    bool is_online)
{
    static const struct str words[] = {STR("validate"), STR("show"), STR("example")};

    if (is_online && !str_eq(word, words[0]))
        return command_misused(set, "--online belongs to validate");
    if (str_eq(word, words[0]))
        return (int)config_validate(o, is_online);
    if (str_eq(word, words[1]))
        return (int)config_print(o);
    if (str_eq(word, words[2]))
        return (int)config_print_example();
    struct str near = str_nearest(word, words, ARRAY_LEN(words));
    if (near.n)
        return command_misused(set, "unknown word '%.*s' (did you mean '%.*s'?)", (int)word.n,
                               word.p, (int)near.n, near.p);
    return command_misused(set, "unknown word '%.*s' (validate, show, example)", (int)word.n,
                           word.p);
}

int command_config(int argc, char **argv)
{
    struct config_options o = {0};
    struct text_list words = {0};
    struct flag common[CONFIG_FLAGS_MAX];
    bool is_online = false;
    const struct flag own[] = {
        {"online", 0, FLAG_SWITCH, NULL, "validate: connect, and check the topics and the store",
         .to.on = &is_online},
    };
    const struct flag_group groups[] = {
        {"options", common, config_flags(&o, common)},
        {"of validate", own, ARRAY_LEN(own)},
    };
    const struct flag_set set = {
        "config", "weir config validate|show|example [-c FILE] [-X KEY=VALUE]...",
        "validate: does a worker start with it? Loads the rules, too; exit code 3 for the\n"
        "configuration, 2 for a rule. show: what is in force, and where each value comes from.\n"
        "example: a file with all keys. A flag stands over the environment (WEIR_WORK_THREADS=4),\n"
        "that over the file, that over the default.",
        groups, ARRAY_LEN(groups)};
    int code;

    if (command_begin(&set, argc, argv, &words, &code)) {
        if (words.n != 1)
            code = command_misused(&set, "%s is wanted: validate, show or example",
                                   words.n ? "one word" : "a word");
        else
            code = run_word(&set, words.items[0], &o, is_online);
    }
    text_list_release(&words);
    config_options_release(&o);
    return code;
}

/* version.c - `weir version`: the version and the commit it was built from. */
#include <stdio.h>

#include "app/outcome.h"
#include "base/str.h"
#include "commands.h"

struct str version_text(void)
{
    return str_from(WEIR_VERSION);
}

int command_version(int argc, char **argv)
{
    const struct flag_set set = {"version", "weir version",
                                 "Print the version, and the commit that it was built from.", NULL,
                                 0};
    struct text_list words = {0};
    int code;

    if (command_begin(&set, argc, argv, &words, &code)) {
        code = EXIT_FINE;
        if (words.n)
            code = command_misused(&set, "it takes no words: '%.*s'", (int)words.items[0].n,
                                   words.items[0].p);
        else
            printf("weir %s (%s)\n", WEIR_VERSION, WEIR_COMMIT);
    }
    text_list_release(&words);
    return code;
}

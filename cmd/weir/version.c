/* version.c - `weir version`: the version and the commit it was built from. */
#include <stdio.h>
#include <string.h>

#include "app/outcome.h"
#include "base/str.h"
#include "commands.h"

struct str version_text(void)
{
    return str_from(WEIR_VERSION);
}

int command_version(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--help") != 0) {
        note("error: version: '%s' is no option: it takes none", argv[1]);
        return EXIT_WORLD;
    }
    printf("weir %s (%s)\n", WEIR_VERSION, WEIR_COMMIT);
    return EXIT_FINE;
}

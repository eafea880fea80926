/* version.c - `weir version`: the version and the commit it was built from. */
#include <stdio.h>

#include "base/str.h"
#include "commands.h"

struct str version_text(void)
{
    return str_from(WEIR_VERSION);
}

int command_version(int argc, char **argv)
{
    (void)argc, (void)argv;
    printf("weir %s (%s)\n", WEIR_VERSION, WEIR_COMMIT);
    return 0;
}

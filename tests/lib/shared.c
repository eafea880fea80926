/* shared.c - where the shared data lies. */
#include "tests/lib/shared.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void shared_path(char out[static SHARED_PATH_MAX], const char *name)
{
    const char *root = getenv("WEIR_DATA");

    snprintf(out, SHARED_PATH_MAX, "%s/%s", root ? root : "../shared/data", name);
}

void shared_absent(void)
{
    const char *ci = getenv("CI");

    printf("SKIP: shared data absent\n");
    if (ci && strcmp(ci, "true") == 0)
        exit(1);
}

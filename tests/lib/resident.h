/* resident.h - how much memory of this process is resident, as the kernel counts it.
 *
 * Threads  any.
 */
#ifndef WEIR_TESTS_LIB_RESIDENT_H
#define WEIR_TESTS_LIB_RESIDENT_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/lib/test.h"

static inline size_t resident_bytes(void)
{
    FILE *f = fopen("/proc/self/statm", "r"); /* all pages, those that are resident, ... */
    char line[128], *resident;

    CHECK(f && fgets(line, sizeof line, f));
    fclose(f);
    (void)strtoul(line, &resident, 10);
    return strtoul(resident, NULL, 10) * (size_t)sysconf(_SC_PAGESIZE);
}

#endif

/* measure.c - time and memory of this process. Memory comes from /proc/self/status: the
 * only place that also knows the peak. */
#include "app/measure.h"

#include <inttypes.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

double now_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

double cpu_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int64_t wall_clock_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The line "Name:   123 kB" of /proc/self/status in bytes. */
static uint64_t status_bytes(const char *name)
{
    char line[256];
    unsigned long long kb = 0;
    FILE *f = fopen("/proc/self/status", "re");

    if (!f)
        return 0;
    size_t n = strlen(name);
    while (fgets(line, sizeof line, f))
        if (strncmp(line, name, n) == 0 && line[n] == ':') {
            kb = strtoull(line + n + 1, NULL, 10);
            break;
        }
    fclose(f);
    return kb * 1024;
}

uint64_t rss_bytes(void)
{
    return status_bytes("VmRSS");
}

uint64_t rss_peak_bytes(void)
{
    return status_bytes("VmHWM");
}

void add_count(struct buf *out, uint64_t n)
{
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%" PRIu64, n);

    for (int i = 0; i < len; i++) {
        buf_add_char(out, digits[i]);
        if ((len - i) % 3 == 1 && i + 1 < len)
            buf_add_char(out, ',');
    }
}

void add_counted(struct buf *out, uint64_t n, const char *what)
{
    add_count(out, n);
    buf_printf(out, " %s%s", what, n == 1 ? "" : "s");
}

void add_bytes(struct buf *out, uint64_t n)
{
    static const char *const units[] = {"kB", "MB", "GB", "TB"};
    double value = (double)n / 1000;
    size_t u = 0;

    if (n < 1000) {
        buf_printf(out, "%u B", (unsigned)n);
        return;
    }
    while (value >= 1000 && u + 1 < ARRAY_LEN(units)) {
        value /= 1000;
        u++;
    }
    buf_printf(out, "%.1f %s", value, units[u]);
}

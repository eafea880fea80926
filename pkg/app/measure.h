/* measure.h - time and memory of this process, for summaries and benchmarks. */
#ifndef WEIR_APP_MEASURE_H
#define WEIR_APP_MEASURE_H

#include "base/base.h"
#include "base/buf.h"

/* Seconds on a clock that only goes forward. */
double now_seconds(void);
/* Seconds that this thread has spent on a core: other load does not count. */
double cpu_seconds(void);
/* Milliseconds since 1970 UTC. */
int64_t wall_clock_ms(void);

/* Resident memory in bytes now and at its highest; 0 where the system does not say. */
uint64_t rss_bytes(void);
uint64_t rss_peak_bytes(void);

/* "1,234,567" and "12.3 MB" (10^6): for people. */
void add_count(struct buf *out, uint64_t n);
/* "1 event", "12,345 events". */
void add_counted(struct buf *out, uint64_t n, const char *what);
void add_bytes(struct buf *out, uint64_t n);

#endif

/* progress.h - a line on stderr that says how far a long run is: bytes, rate, time left.
 *
 * Only where stderr is a terminal; elsewhere every call does nothing.
 *
 * Threads  belongs to one thread.
 */
#ifndef WEIR_APP_PROGRESS_H
#define WEIR_APP_PROGRESS_H

#include "base/base.h"

struct progress;

/* total_bytes 0: not known, then no share and no time left are shown. is_wanted false: the line
 * would run into data on the same terminal, so it is not drawn. */
struct progress *progress_new(uint64_t total_bytes, bool is_wanted);
/* Called as often as one likes; draws at most PROGRESS_PER_SECOND times a second. */
void progress_update(struct progress *p, uint64_t bytes, uint64_t events);
/* A second part of the run: `done` of `total` of something else than events. */
void progress_step(struct progress *p, const char *what, uint64_t done, uint64_t total);
/* Wipe the line, before something else is printed. */
void progress_hide(struct progress *p);
/* Wipes it too. */
void progress_free(struct progress *p);

enum { PROGRESS_PER_SECOND = 8 };

#endif

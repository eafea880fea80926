/* crash.h - a worker that dies of a record says which one, and dies.
 *
 * Whoever is about to look at records tells their place: crash_at(), a few stores to thread-local
 * memory. On SIGSEGV, SIGBUS, SIGABRT (a failed ASSERT) the handler of the dying thread writes the
 * place into a pipe, waits at most CRASH_WAIT_MS for the answer, and lets the signal do what it
 * does. At the other end of the pipe is the guard, a small process forked before there were
 * threads: it keeps the note (crash_note.h). It ends when the worker has ended, however that was.
 *
 * The guard is a child, not the parent: so signals, kill -9 and stops reach the worker itself, and
 * a supervisor sees the worker's own end. The wait keeps the note from being lost where the end of
 * the worker ends the guard too (containers, systemd).
 *
 * Handler  async-signal-safe: write, poll, read.
 * Threads  crash_thread() once in each thread, for a stack of its own to die on.
 */
#ifndef WEIR_WORKER_CRASH_H
#define WEIR_WORKER_CRASH_H

#include "worker/crash_note.h"

enum { CRASH_WAIT_MS = 3000 };

struct crash_place {
    const char *topic; /* NULL: at no record; lives as long as the thread */
    int32_t partition;
    int64_t from, to;
};

extern _Thread_local struct crash_place crash_place;

static inline void crash_at(const char *topic, int32_t partition, int64_t from, int64_t to)
{
    crash_place = (struct crash_place){topic, partition, from, to};
}

static inline void crash_nowhere(void)
{
    crash_place.topic = NULL;
}

/* Forks the guard and sets the handlers: while the process has one thread. */
MUST_USE enum weir_rc crash_start(const struct store_redis_options *store, struct str dir,
                                  struct weir_err *err);
void crash_thread(void);
/* Ends the guard and waits for it. */
void crash_stop(void);

#endif

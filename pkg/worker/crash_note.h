/* crash_note.h - records that a worker died of: how often, and what the next owner makes of it.
 *
 * A note is a range of offsets of one partition, and how many crashes happened inside it. A worker
 * that died of other records of the partition begins a new note; one that died in a part of
 * the range narrows it. The next owner reads what lies in a range with crash_max crashes one record
 * at a time, so the next crash names the record; a range of one record with that many is passed
 * over, as a dead letter. When the range is committed the note goes.
 *
 * Where it lies: in the store (`{w:crash}` of the group), or without a store in a directory that
 * workers share.
 *
 * Threads  a book belongs to one thread or process.
 * Memory   the options and the directory's name must outlive the book.
 * Errors   WEIR_IO: the store or the file system says no; WEIR_BADARG: a path that is too long.
 */
#ifndef WEIR_WORKER_CRASH_NOTE_H
#define WEIR_WORKER_CRASH_NOTE_H

#include "base/base.h"
#include "base/err.h"
#include "state/store_redis.h"

enum { CRASH_TOPIC_MAX = 249 /* of a topic's name, as Kafka has it */, CRASH_MAX_DEFAULT = 2 };

struct crash_note {
    int64_t from, to; /* both inside */
    uint32_t count;   /* 0: there is none */
};

enum crash_care {
    CRASH_NO_CARE,
    CRASH_ONE_BY_ONE, /* alone in a batch, with its place told (crash.h) before it is looked at */
    CRASH_PASS_OVER   /* a dead letter, unread */
};

/* What the note says of a record. */
enum crash_care crash_care_of(const struct crash_note *n, int64_t offset, uint32_t crash_max);
/* One more crash somewhere in [from, to]. */
struct crash_note crash_note_after(struct crash_note old, int64_t from, int64_t to);

struct crash_book;

/* store NULL: dir. Nothing is opened yet. */
struct crash_book *crash_book_new(const struct store_redis_options *store, struct str dir);
void crash_book_free(struct crash_book *b);

/* note->count 0: there is none. */
MUST_USE enum weir_rc crash_book_read(struct crash_book *b, const char *topic, int32_t partition,
                                      struct crash_note *note, struct weir_err *err);
/* count 0: forget it. */
MUST_USE enum weir_rc crash_book_write(struct crash_book *b, const char *topic, int32_t partition,
                                       const struct crash_note *note, struct weir_err *err);

#endif

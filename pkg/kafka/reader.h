/* reader.h - read topics as they are now, without a group: claims and facts for a recovery, a
 * backtest, the checker.
 *
 * The end is the high watermark when the reader is opened; reading ends there. read_committed by
 * default: waits for what is open below the end to be ended, bounded by the broker's transaction
 * timeout. A few partitions are read at a time, so that memory stays at READER_BYTES.
 *
 * Threads  belongs to one thread.
 */
#ifndef WEIR_KAFKA_READER_H
#define WEIR_KAFKA_READER_H

#include "kafka/consumer.h"

struct kafka_reader_options {
    const struct kafka_props *common, *own;
    const char *const *topics; /* those that do not exist are an error */
    size_t n_topics;
    int32_t partition;   /* one alone; -1: all */
    int64_t from_ms;     /* record time of the first; INT64_MIN: from the beginning */
    int64_t to_ms;       /* records at or after it end the partition; INT64_MAX: to the end */
    int64_t from_offset; /* with one partition: instead of from_ms; -1: not given */
    /* Positions below the beginning of the log begin there. */
    uint64_t offsets_max; /* with from_offset: no further than so many; 0: to the end */
    uint32_t at_once;     /* partitions that are read at a time; 0: a few, in turn. 1: one whole
                           * partition after the other, in the order of their numbers */
    bool is_uncommitted;
};

struct kafka_reader;

enum { READER_BYTES = 64 * 1024 * 1024, READER_OPEN_MS = 10000 };

/* Asks for partitions and their bounds: WEIR_NOTFOUND names the topic that does not exist. At most
 * READER_OPEN_MS each question. */
MUST_USE enum weir_rc kafka_reader_new(const struct kafka_reader_options *o,
                                       struct kafka_reader **out, struct weir_err *err);
/* What is going to be read, a partition each; *n is set. Valid until the free. Offsets of the log
 * as they were when the reader was opened; from == to: nothing. */
struct kafka_reader_part {
    const char *topic;
    int32_t partition;
    int64_t low, high; /* of the log */
    int64_t from, to;  /* to read: up to, not including */
};
const struct kafka_reader_part *kafka_reader_parts(const struct kafka_reader *r, size_t *n);

/* All records were released. */
void kafka_reader_free(struct kafka_reader *r);

/* Up to max records of one partition, in its order; *topic, *partition say which. None and
 * *is_end: the end is reached everywhere. None without it: nothing came within ms (a broker out of
 * reach, an open transaction): again. Not WEIR_OK: it will not come (a topic gone, no rights). */
MUST_USE enum weir_rc kafka_reader_next(struct kafka_reader *r, uint32_t ms,
                                        struct kafka_message *out, size_t max, size_t *n,
                                        const char **topic, int32_t *partition, bool *is_end,
                                        struct weir_err *err);

#endif

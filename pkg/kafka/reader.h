/* reader.h - read topics as they are now, without a group: claims and facts for a recovery, a
 * backtest, the checker.
 *
 * The end is taken when the reader is opened; reading ends there. read_committed by default: waits
 * for what is open to end, bounded by the broker's transaction timeout.
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
    bool is_uncommitted;
};

struct kafka_reader;

MUST_USE enum weir_rc kafka_reader_new(const struct kafka_reader_options *o,
                                       struct kafka_reader **out, struct weir_err *err);
void kafka_reader_free(struct kafka_reader *r);

/* Up to max records of one partition, in its order; *topic, *partition say which. 0 and WEIR_OK:
 * the end is reached everywhere. WEIR_AGAIN-like waits happen inside, up to ms: *is_idle. */
MUST_USE enum weir_rc kafka_reader_next(struct kafka_reader *r, uint32_t ms,
                                        struct kafka_message *out, size_t max, size_t *n,
                                        const char **topic, int32_t *partition, bool *is_end,
                                        struct weir_err *err);

#endif

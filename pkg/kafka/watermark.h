/* watermark.h - a thread that asks for the ends of partitions. For pkg/kafka alone.
 *
 * Every WATERMARK_MS, and when it is hurried, it asks for one partition per broker, in turn. The
 * answers are the lag; the asking wakes a broker thread of librdkafka 2.0.2 whose fetch queue was
 * full, which would look again after a second otherwise (docs/decisions/0014: 192,000 -> 911,000
 * events/s). librdkafka from 2.2 on looks by itself (fetch.queue.backoff.ms): WATERMARK_SLOW_MS
 * then, and nobody hurries.
 *
 * Threads  the functions from any; the thread itself is inside.
 */
#ifndef WEIR_KAFKA_WATERMARK_H
#define WEIR_KAFKA_WATERMARK_H

#include "kafka/client.h"
#include "kafka/consumer.h"

enum { WATERMARK_MS = 200, WATERMARK_SLOW_MS = 1000, WATERMARK_BACKOFF_VERSION = 0x02020000 };

struct watermark_watch;

struct watermark_watch *watermark_watch_new(rd_kafka_t *rk);
/* Ends the thread: at most one question's time. */
void watermark_watch_free(struct watermark_watch *w);
/* Watch these from now on; the names live as long as the watch. */
void watermark_watch_set(struct watermark_watch *w, const struct kafka_partition *p, size_t n);
/* Fetch queues have room again: ask at once. */
void watermark_watch_hurry(struct watermark_watch *w);
/* -1: not known, or i is not among them. */
int64_t watermark_watch_end(struct watermark_watch *w, size_t i);

#endif

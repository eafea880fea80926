/* dead_letter.h - a record that gave no event, as the document that goes to the dead-letter topic.
 *
 *     {"reason":"not_json","detail":"...","topic":"...","partition":3,"offset":42,
 *      "timestamp":"...","size":812,"sha256":"...","excerpt":"... redacted
 * ...","rules":"GENERATION", "worker":"...","tenant":"..."}
 *
 * By default with a redacted excerpt of DEAD_EXCERPT_MAX bytes; `raw`: the record's own bytes as
 * the value, unredacted, everything else in headers; reference alone where that does not fit.
 * Headers in all forms: weir-reason, weir-topic, weir-partition, weir-offset, weir-sha256; raw also
 * weir-timestamp and weir-tenant, which no document says then.
 *
 * Threads  a writer belongs to one thread.
 * Memory   the writer keeps one document; the texts of dead_writer_new() must outlive it.
 */
#ifndef WEIR_WORKER_DEAD_LETTER_H
#define WEIR_WORKER_DEAD_LETTER_H

#include "base/buf.h"
#include "event/event.h"
#include "kafka/consumer.h"
#include "kafka/producer.h"
#include "worker/config.h"

/* Append only: metrics count by it. The first are those of event_reject. */
enum dead_reason {
    DEAD_TOMBSTONE = EVENT_TOMBSTONE,
    DEAD_UNKNOWN_TENANT = EVENT_REJECTS,
    DEAD_CRASHED, /* it brought a worker down, twice */
    DEAD_CODEC,   /* not decodable as the input says */
    DEAD_REASONS
};
const char *dead_reason_name(uint32_t reason);

enum { DEAD_EXCERPT_MAX = 1024, DEAD_HEADERS = 8 };

struct dead_letter {
    uint32_t reason;
    struct str detail; /* what exactly, may be empty; redacted here */
    const char *topic;
    int32_t partition;
    const struct kafka_message *message;
    struct str tenant;
};

struct dead_writer;

struct dead_writer *dead_writer_new(enum config_payload payload, uint32_t bytes_max,
                                    struct str generation, struct str worker);
void dead_writer_free(struct dead_writer *w);
/* *out: topic aside, all of the record; valid until the next call. */
void dead_write(struct dead_writer *w, const struct dead_letter *d, struct kafka_record *out);

#endif

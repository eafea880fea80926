/* transport_of.h - the key and the headers of a Kafka record, as rules ask about them.
 *
 * A record without a key, or with an empty one, has no @key.
 *
 * Threads  pure.
 */
#ifndef WEIR_WORKER_TRANSPORT_OF_H
#define WEIR_WORKER_TRANSPORT_OF_H

#include "event/transport.h"
#include "kafka/consumer.h"

/* Adds those of the names that the record has, packed, to out. */
void transport_of(const struct transport_names *names, const struct kafka_message *m,
                  struct buf *out);

#endif

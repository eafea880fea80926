/* config_value.h - values with a unit as people write them in the configuration, and back.
 *
 *     500ms 10s 5m 24h 7d 2w     a span of time: a whole number and its unit
 *     512B 64KiB 32MiB 2GiB      a size
 *
 * Nothing is guessed: a bare number has no unit, 1.5h and 1h30m are no spans.
 *
 * Threads  pure functions.
 */
#ifndef WEIR_WORKER_CONFIG_VALUE_H
#define WEIR_WORKER_CONFIG_VALUE_H

#include "base/base.h"
#include "base/buf.h"

/* From 0 up; false for anything else, also for what does not fit. */
bool config_span_parse(struct str text, int64_t *ms);
bool config_size_parse(struct str text, int64_t *bytes);

/* In the largest unit that needs no fraction. */
void config_span_write(struct buf *out, int64_t ms);
void config_size_write(struct buf *out, int64_t bytes);

/* Does Kafka take it as the name of a topic? [A-Za-z0-9._-], at most CONFIG_NAME_MAX, not . or ..
 */
enum { CONFIG_NAME_MAX = 249 };
bool config_name_is_legal(struct str name);

/* Is this topic the name, or does it fit the pattern (^..., POSIX extended as librdkafka has it)?
 */
bool config_topic_matches(const char *name_or_pattern, const char *topic);

/* The text as a YAML scalar: plain where that is read back as the same text, else in quotes. */
void config_text_write(struct buf *out, struct str text);

#endif

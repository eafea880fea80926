/* event_diff.h - the two ways to read an event, against each other.
 *
 * extract.h (the event path) must find what lookup.h (the tree) finds: shape, time, and every value
 * of every wanted field in order. */
#ifndef WEIR_TESTS_LIB_EVENT_DIFF_H
#define WEIR_TESTS_LIB_EVENT_DIFF_H

#include "base/buf.h"
#include "event/extract.h"
#include "event/profile.h"

struct event_diff;

/* `profiles`, `fields` and `options` (may be NULL) must stay. String leaves are wanted. */
struct event_diff *event_diff_new(const struct profile_set *profiles,
                                  const struct field_table *fields,
                                  const struct extract_options *options);
void event_diff_free(struct event_diff *d);

/* True if both agree about the record, be it that both refuse it; else *why says what not. */
bool event_diff_agrees(struct event_diff *d, struct str record, struct buf *why);

/* Events accepted by both so far, and values compared. */
uint64_t event_diff_events(const struct event_diff *d);
uint64_t event_diff_values(const struct event_diff *d);

#endif

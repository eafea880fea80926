/* event_file.h - the events of a file as texts, one by one: for what needs few of them whole (rule
 * tests). Envelopes and arrays are taken apart as everywhere.
 *
 * Memory   texts live in the arena.
 */
#ifndef WEIR_APP_EVENT_FILE_H
#define WEIR_APP_EVENT_FILE_H

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "event/profile.h"
#include "rule/rule.h"

enum { EVENT_FILE_MAX = 64 * 1024 * 1024, EVENT_FILE_EVENTS_MAX = 1000000 };

/* WEIR_SYNTAX for a record that is no event; err says which. Not packed: .gz and .zst are refused.
 */
MUST_USE enum weir_rc event_file_read(struct arena *a, const struct profile_set *profiles,
                                      struct str path, struct str_list *out, struct weir_err *err);

#endif

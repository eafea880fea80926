/* field.h - names of fields as small numbers.
 *
 * The planner interns every field that a rule asks about; from then on the event path
 * knows fields only by number. Number 0 is FIELD_ANY_NAME of rule.h ("@any", keywords).
 *
 * Memory   names are copied into the arena given.
 * Threads  filled by one thread at load, read-only afterwards.
 */
#ifndef WEIR_EVENT_FIELD_H
#define WEIR_EVENT_FIELD_H

#include "base/arena.h"
#include "base/base.h"

enum { FIELD_ANY = 0, FIELD_NONE = UINT32_MAX };

struct field_table;

struct field_table *field_table_new(struct arena *a);
/* The number of a name, given out in order of first asking. */
uint32_t field_intern(struct field_table *t, struct str name);
/* FIELD_NONE if it was never interned. */
uint32_t field_find(const struct field_table *t, struct str name);
struct str field_name(const struct field_table *t, uint32_t field);
uint32_t field_count(const struct field_table *t);

/* True for @file, @topic, @partition, @key and @header.NAME: they come from around the record,
 * never from within it, so that no event can speak for them. */
bool field_is_pseudo(struct str name);

#endif

/* transport.h - what came with a record beside its bytes: its key and its headers, as the
 * pseudo-fields @key and @header.NAME.
 *
 * Only what some rule names is kept, packed into a few bytes that travel next to the record, so
 * that a record of which nobody asks more than its bytes costs nothing. Names of headers are
 * compared exactly; of several headers with one name the last counts. Keys and headers are bytes:
 * what is no UTF-8 in them becomes U+FFFD.
 *
 * Threads  pure functions; names are immutable once they are found.
 */
#ifndef WEIR_EVENT_TRANSPORT_H
#define WEIR_EVENT_TRANSPORT_H

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "event/field.h"

#define TRANSPORT_KEY_FIELD "@key"
#define TRANSPORT_HEADER_FIELD "@header." /* and the header's name */

struct transport_names {
    const struct str *names; /* @key, @header.NAME; a NUL behind each */
    size_t n;
};

/* Those of the fields that rules ask about; copied into the arena. */
struct transport_names transport_names_of(const struct field_table *fields, struct arena *a);

/* Add one value to what is packed in `out`. */
void transport_add(struct buf *out, struct str name, struct str value);

/* The next name and value of packed bytes; false at the end. `rest` begins as all of it; the slices
 * point into it. */
bool transport_next(struct str *rest, struct str *name, struct str *value);

/* False: it is not there. */
bool transport_find(struct str packed, struct str name, struct str *value);

#endif

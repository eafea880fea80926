/* profile_derive.h - `apply:` of a profile's path, read into the steps of derive.h. For pkg/event
 * alone. */
#ifndef WEIR_EVENT_PROFILE_DERIVE_H
#define WEIR_EVENT_PROFILE_DERIVE_H

#include "base/err.h"
#include "doc/doc.h"
#include "event/derive.h"

/* Errors carry line and column. The texts of the document must stay. */
MUST_USE enum weir_rc profile_read_derive(struct arena *a, const struct doc_node *node,
                                          const struct derive **out, struct weir_err *err);

#endif

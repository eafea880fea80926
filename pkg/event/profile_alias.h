/* profile_alias.h - fields of a profile that are other names of its fields. For pkg/event alone.
 *
 * Read while a profile is, and made fields once all profiles are resolved: a profile that extends
 * another may put the field that is meant elsewhere. Profiles may take the aliases of others
 * (`vocabulary`), which then say for all shapes of telemetry what a vendor's names mean.
 */
#ifndef WEIR_EVENT_PROFILE_ALIAS_H
#define WEIR_EVENT_PROFILE_ALIAS_H

#include "base/err.h"
#include "doc/doc.h"
#include "event/profile_impl.h"

/* `aliases:`, added to those that `p` has, whose place one of the same name takes. Errors carry
 * line and column. The texts of the document must stay. */
MUST_USE enum weir_rc profile_read_aliases(struct arena *a, const struct doc_node *node,
                                           struct profile *p, struct weir_err *err);

/* Each alias of `from` whose field `p` knows becomes a field of `p`, unless it lists one of this
 * name. Constants and joined fields stay what they are. */
MUST_USE enum weir_rc profile_take_aliases(struct arena *a, const struct profile *from,
                                           struct profile *p, struct weir_err *err);

#endif

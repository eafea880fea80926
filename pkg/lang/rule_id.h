/* rule_id.h - is this the id of that rule?
 *
 * Ids of rules are UUIDs as a rule, and a UUID is the same in capitals (RFC 9562, 4; pySigma reads
 * both sides as UUIDs). Any other id, and any name, is compared as it is written.
 *
 * Memory   rule_id_key() copies to the arena given, if it has to.
 */
#ifndef WEIR_LANG_RULE_ID_H
#define WEIR_LANG_RULE_ID_H

#include "base/arena.h"
#include "base/base.h"

/* 8-4-4-4-12 hexadecimal digits. */
bool rule_id_is_uuid(struct str id);
bool rule_id_eq(struct str a, struct str b);
/* Equal ids have keys of the same bytes: for sorting. */
struct str rule_id_key(struct arena *a, struct str id);

#endif

/* addends.h - score addends by lists: is what an event is about critical, is a value sensitive?
 *
 *     critical_assets   hosts, devices, resources, addresses   "asset_criticality"   ADDENDS_ASSET
 *     critical_users    users                                  "user_criticality"    ADDENDS_USER
 *     sensitive_values  any value of a field that the rule names  "sensitive_value"  ADDENDS_VALUE
 *
 * A list of that name (list/list.h) is used; each entry adds the points of its column `points`, or
 * the default above. Of each list the greatest hit counts, once. Entities are asked by their value
 * and by their normalised key.
 *
 * A rule's own lists (rule_parameter.weighs) add what their column says, and nothing without one.
 *
 * Modes    ci (ASCII letters) and exact; cidr and glob are refused when the tables are made.
 * Privacy  what an addend says names the role or the field, never the value.
 * Memory   tables live in the arena given. Threads: read-only once made, shared by all.
 */
#ifndef WEIR_CORRELATE_ADDENDS_H
#define WEIR_CORRELATE_ADDENDS_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "event/lookup.h"
#include "list/list.h"
#include "rule/rule.h"

enum { ADDENDS_ASSET = 20, ADDENDS_USER = 20, ADDENDS_VALUE = 10 };
enum { ADDENDS_OWN_MAX = 1 + RULE_WEIGHTS_MAX };

struct addends;
struct finding_addend; /* state/finding.h */

/* weighing: names of the rules' own lists. *out is NULL if there is none of all these. */
MUST_USE enum weir_rc addends_new(struct arena *a, const struct list_set *lists,
                                  struct str_list weighing, const struct addends **out,
                                  struct weir_err *err);

/* Lists of this name lift scores. t may be NULL. */
bool addends_use(const struct addends *t, struct str list);

/* Some list asks what an event is about, so that addends_of() has something to say. */
bool addends_ask_events(const struct addends *t);

/* What a value weighs on a rule's own list; false: nothing. */
bool addends_weigh(const struct addends *t, struct str list, struct str value, int32_t *points);

/* Append the packed addends (finding_addends_pack) of one event and rule; nothing if no list has
 * anything to say. fields: the values that the rule names; own: what the event itself adds, at most
 * ADDENDS_OWN_MAX. */
void addends_of(const struct addends *t, const struct event_entity *entities, size_t n_entities,
                const struct event_field *fields, size_t n_fields, const struct finding_addend *own,
                size_t n_own, struct buf *out);

#endif

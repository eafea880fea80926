/* profile.h - how one shape of telemetry looks: what recognises it, what it stands for,
 * where its fields, its time, its id and its entities are.
 *
 * Profiles are data (detections/profiles/NAME.yml, built into the program, and the user's
 * own by --profiles DIR, which may replace a built-in of the same name). The file format is
 * documented in docs/profiles.md.
 *
 * Field paths  a field that the profile lists has ordered paths; the first path that is
 *              present with a value other than null wins; if all that are present are null, the
 *              field is null. A field that it does not list is looked for under its own name
 *              below each of the profile's roots in order ("" = the event itself).
 * Logsource    what the event is known to be: for each of product, category, service a set of
 *              values, or unknown. A rule is skipped only on conflict: it names a value for
 *              a key whose set is known and does not hold it (names compare without case), or
 *              reads streams that these events are not in (stream.h).
 *
 * Memory   a profile set lives in one arena, read-only after load.
 */
#ifndef WEIR_EVENT_PROFILE_H
#define WEIR_EVENT_PROFILE_H

#include "base/arena.h"
#include "base/base.h"
#include "base/embed.h"
#include "base/err.h"
#include "event/stream.h"
#include "rule/rule.h"

struct profile;
struct profile_set;

enum { PROFILES_MAX = 256, LOGSOURCE_VALUES_MAX = 8 };

/* One part of what an event is known to be. */
struct logsource_values {
    struct str values[LOGSOURCE_VALUES_MAX];
    uint32_t n;
    bool is_known; /* false: nothing is known, no rule conflicts; true with n = 0: known to be
                      none of the named ones, every rule that names this key conflicts */
};

struct logsource_facts {
    struct logsource_values product, category, service;
    struct stream_facts streams;
};

/* True if a rule with this logsource may see such events. */
bool logsource_allows(const struct logsource_facts *facts, const struct logsource *wanted);

/* The built-in profiles, then those of user_dir (empty: none). Errors carry file:line:col. */
MUST_USE enum weir_rc profile_set_load(struct arena *a, struct str user_dir,
                                       const struct profile_set **out, struct weir_err *err);

/* The same with the user's profiles given as texts. */
MUST_USE enum weir_rc profile_set_load_texts(struct arena *a, const struct embed_file *user,
                                             size_t n_user, const struct profile_set **out,
                                             struct weir_err *err);

/* The files that the profiles come from, as read: whoever has the same texts has the same set. */
struct str_list profile_set_texts(const struct profile_set *set);

uint32_t profile_count(const struct profile_set *set);
const struct profile *profile_at(const struct profile_set *set, uint32_t i);
/* NULL if there is none of that name. */
const struct profile *profile_find(const struct profile_set *set, struct str name);
/* How events of the profile are read: the profile, or if there is none of that name the one for
 * events of no known shape. */
const struct profile *profile_reader(const struct profile_set *set, struct str name);
struct str profile_name(const struct profile *p);
struct str profile_description(const struct profile *p);

/* The fields that the profile lists by name. */
uint32_t profile_field_count(const struct profile *p);
struct str profile_field_at(const struct profile *p, uint32_t i);

/* What the profile asks to be done with a field that leaves weir. */
enum profile_redact { REDACT_NONE, REDACT_MASK, REDACT_HASH, REDACT_DROP };
enum profile_redact profile_redact_of(const struct profile *p, struct str field);
/* The i-th field it lists; false past the last. */
bool profile_redaction_at(const struct profile *p, size_t i, struct str *field,
                          enum profile_redact *how);

/* The fields that may name its i-th entity, the first that has a value does; false past the last.
 */
bool profile_entity_at(const struct profile *p, size_t i, struct str_list *fields);

/* How far behind the newest event of its source an event may be, in ms. */
int64_t profile_lateness_ms(const struct profile *p);

/* True if some profile that events of this logsource can have lists or could hold the field by a
 * listed name: for the lint "no profile of the rule's sources has this field". Profiles that
 * pass any field through (roots) only count when they declare `open: true`. */
bool profile_set_knows_field(const struct profile_set *set, const struct logsource *source,
                             struct str field);

/* True if one of those profiles names an entity by the field (a user, an address, a path): its
 * value is a name, whatever it is made of. */
bool profile_set_names_entity(const struct profile_set *set, const struct logsource *source,
                              struct str field);

/* True if a profile of records that name their own source lists the field: such a record may be of
 * any product. */
bool profile_set_names_anywhere(const struct profile_set *set, struct str field);

/* The name of a field of those profiles that looks like this one; empty if none does. */
struct str profile_set_nearest_field(const struct profile_set *set, const struct logsource *source,
                                     struct str field);

/* True if some profile says that its events are kept in streams of this name (stream.h). One that
 * begins with a value of the event says nothing: it could be any. */
bool profile_set_names_stream(const struct profile_set *set, struct str name);

/* A word of a rule's logsource that no profile knows and that looks like one they know: a slip of
 * the pen, by which the rule sees no event of a known shape. Which key it is, the wrong word
 * and the right one; false if there is none. Products that no profile is about are none: there may
 * be events that name them. */
bool profile_set_doubtful_source(const struct profile_set *set, const struct logsource *source,
                                 const char **key, struct str *wrong, struct str *right);

#endif

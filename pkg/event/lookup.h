/* lookup.h - fields of an event by walking its whole tree: slow, obvious, complete.
 *
 * For the reference evaluator, for alerts (only matched events pay for it) and for
 * tools. What extract.h finds must equal this on every event.
 *
 * Memory   results in the arena given; they refer to the event's tree.
 */
#ifndef WEIR_EVENT_LOOKUP_H
#define WEIR_EVENT_LOOKUP_H

#include "base/arena.h"
#include "base/base.h"
#include "event/extract.h"
#include "event/field.h"
#include "event/profile.h"
#include "json/tree.h"

/* One value of a field; strings unescaped. */
struct field_value {
    enum json_kind kind; /* JSON_OBJECT and JSON_EMPTY_ARRAY only say: present */
    struct str text;
    const struct json_node *object; /* JSON_OBJECT: itself */
};

struct field_values {
    struct field_value *items;
    size_t n; /* 0: the field is missing */
};

enum { ROOT_KEY_BITS = 256, ROOT_SLOTS = 128, ROOT_KEYS_MAX = 96 };

/* A whole event. */
struct event_tree {
    const struct json_node *root;
    struct shape shape;
    const struct profile *reader;          /* whose paths are read: shape's, or the fallback */
    const struct extract_options *options; /* constants, pinned profile; may be NULL */
    /* When the event happened, if whoever made the tree knows better than its profile (the
     * transport may have a time where the event has none). */
    bool has_at;
    int64_t at_ms; /* INT64_MIN: it has no time at all */
    /* What the keys of the root may be, so that paths which lead nowhere end at once. */
    uint64_t root_keys[ROOT_KEY_BITS / 64];
    bool knows_root_keys;
    const struct json_node *filed[ROOT_SLOTS]; /* members of the root by their keys (way.h) */
    uint64_t filed_at[ROOT_SLOTS / 64];        /* slots of their keys, and of given fields */
    bool is_filed;
    const struct event_tree *whole; /* NULL: it is no part of another */
    struct str transport;           /* of its record (transport.h): who makes the tree sets it */
    /* Other than that of any tree that stood in this place before, so that what was made of an
     * event can be known again (alert.h). 0: nobody counts. Who makes trees sets it. */
    uint64_t serial;
};

enum { ENTITIES_MAX = 64 };

/* Recognise the shape of a parsed event. `options` must stay as long as the tree; pseudo-fields
 * (@file ...) are given among its constants. */
void event_tree_init(struct event_tree *t, const struct profile_set *profiles,
                     const struct json_node *root, const struct extract_options *options);

/* The same where extraction has recognised the profile already (NULL: it has not): without the
 * logsource facts, which stay unknown. For alerts. */
void event_tree_init_known(struct event_tree *t, const struct profile_set *profiles,
                           const struct json_node *root, const struct extract_options *options,
                           const struct profile *profile);

/* The same where extraction has said which profile it is (NULL: none). For the event path. */
void event_tree_init_read(struct event_tree *t, const struct profile_set *profiles,
                          const struct json_node *root, const struct extract_options *options,
                          const struct profile *profile);

/* An object inside an event, as an event of its own: fields are looked up by their names from there
 * on, its time is that of the whole. */
void event_tree_init_part(struct event_tree *t, const struct event_tree *whole,
                          const struct json_node *object);

/* The names by which its fields can be asked for: dotted paths of all values in document order,
 * those below the profile's roots without the root, too, and both with what a prefix of the profile
 * calls them; then what the profile lists. Each once. */
struct str_list event_names(struct arena *a, const struct event_tree *t);
/* Could a name with this text (without a dot) in it be there though no key of the event has the
 * text? Of events of this profile (NULL: of none). */
bool event_profile_may_name(const struct profile_set *profiles, const struct profile *profile,
                            struct str text);

/* All values of a field by name, members of arrays one by one, in document order. For
 * FIELD_ANY_NAME: the profile's message field if it declares one, else every string leaf. */
struct field_values event_lookup(struct arena *a, const struct event_tree *t, struct str field);

/* What FIELD_ANY_NAME stands for, without the string leaves below the keys named (atom.except):
 * keys of the event's root, and of what the profile has for one. The message is never left out. */
struct field_values event_texts(struct arena *a, const struct event_tree *t,
                                const struct str_list *except);

/* The same as event_lookup(); quickly for fields that the profile lists as evidence or for
 * entities. */
struct field_values event_lookup_listed(struct arena *a, const struct event_tree *t,
                                        struct str field);

/* Event time in ms since 1970 UTC; false if there is none that parses. */
bool event_tree_time_ms(const struct event_tree *t, int64_t *ms);

/* The same for atoms about time: at_ms if that is given, INT64_MIN if there is no time. */
int64_t event_tree_at_ms(const struct event_tree *t);

/* The event's own id by the profile's id path, empty if none. */
struct str event_tree_id(struct arena *a, const struct event_tree *t);

/* Entities: who and what the event is about, in the profile's order; normalised (lower,
 * short_host, ip, sid). Of each role the first field that has a value; several values of it are
 * several entities. A blank or a lone "-" (Windows' "nothing") is none. At most ENTITIES_MAX. */
struct event_entity {
    struct str role;  /* "user", "host", "source_ip" ... as the profile names it */
    struct str ocsf;  /* OCSF object type: "user", "device", "endpoint", "process", "file" ... */
    struct str field; /* where the value came from */
    struct str value; /* as in the event */
    struct str key;   /* normalised: what dedup and state compare */
};
size_t event_entities(struct arena *a, const struct event_tree *t, struct event_entity **out);
/* For who has the values of an event's fields, but no tree: does a value (a string or a number) say
 * who it is, and the key of the profile's i-th entity if it does. */
bool event_entity_says(struct str value);
struct str event_entity_key(struct arena *a, const struct profile *p, size_t i, struct str value);

/* Evidence mapping of the profile: OCSF path <- field, for fields that are present. */
struct event_evidence {
    struct str ocsf_path; /* "process.cmd_line" */
    struct str field;
    struct field_value value; /* the first value */
};
size_t event_evidence(struct arena *a, const struct event_tree *t, struct event_evidence **out);

/* The same of an event that is gone, from the few fields that were kept of it: by the profile's
 * lists as far as they name these fields. */
struct event_field {
    struct str name, value;
};
size_t event_entities_of_fields(struct arena *a, const struct profile *p,
                                const struct event_field *fields, size_t n,
                                struct event_entity **out);
size_t event_evidence_of_fields(struct arena *a, const struct profile *p,
                                const struct event_field *fields, size_t n,
                                struct event_evidence **out);

#endif

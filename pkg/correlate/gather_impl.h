/* gather_impl.h - the inside of a gatherer. For pkg/correlate/gather*.c alone.
 *
 *     gather.c          the event's rules one after the other, and findings told by themselves
 *     gather_hear.c     what correlations hear
 *     gather_new.c      made once: names become numbers
 *     gather_value.c    values of the event
 *     gather_key.c      combinations of values, and their keys
 *     gather_capsule.c  what the operations of one matched rule share
 *     gathered.c        operations as bytes
 *
 * Texts handed around are slices of the event or lie in the gatherer's arena until the next event.
 */
#ifndef WEIR_CORRELATE_GATHER_IMPL_H
#define WEIR_CORRELATE_GATHER_IMPL_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/hash.h"
#include "correlate/derive.h"
#include "correlate/gather.h"
#include "event/lookup.h"
#include "rule/correlation.h"
#include "state/capsule.h"

/* Begins the name of a finding that has only its record's bytes to be named by. */
#define SOLE_RAW "raw:"

enum { MEMBERS_MAX = 100 };   /* values of one group field */
enum { CAPSULE_OWN_MIN = 2 }; /* places in a capsule that are for fields which the rule names */

/* Numbers (derive.h) of one correlation, for each input: group parts, condition.field or the
 * columns of a group's rows, the actor. */
struct numbers {
    uint32_t *group;           /* n_inputs * n_group */
    uint32_t *fields;          /* n_inputs * n_fields */
    uint32_t *actor;           /* n_inputs */
    bool has_clear_terms;      /* the dedup key has the values of the term */
    uint32_t *levels, *scores; /* of the rule's cases by value */
    uint32_t *weights;         /* of its parameters: FIELD_NONE if one weighs nothing */
    struct str *weighs;        /* why: told with what they add */
    uint32_t *dedup;           /* fields of the rule's dedup key */
    bool is_plain;             /* no value has a say in level or score */
};

enum { HASHED_MAX = 4, HASHED_PARTS = 2 };

/* Values and the key that they make. */
struct hashed {
    struct str parts[HASHED_PARTS];
    size_t n;
    struct state_key key;
};

/* The text of a field's first value, once it was asked for. */
struct first_text {
    struct str text;
    uint32_t event; /* that it is of */
    uint32_t at;    /* among the event's values */
    bool is_only;   /* the field is known to have no other value */
};

/* What names an entity of the event at hand. */
struct named {
    struct str field, value;
};

/* A field that may name an entity; of each entity the first that has a value does. */
struct naming {
    uint32_t field; /* FIELD_NONE: the end */
    uint32_t place; /* in begins */
    uint32_t entity;
    struct str name; /* of the field */
};

/* What the capsules of one rule have. */
struct capsule_plan {
    uint32_t *numbers;  /* fields, FIELD_NONE ends */
    size_t n_needed;    /* how many of them, the first ones, keys are made of */
    uint32_t n_for_own; /* places that stay free for the others */
    bool has_whole;     /* of whoever listens one folds by a list as one value */
};

/* What all keys of a tenant begin with, and the key without values: of rules without a group. */
struct tenant_keys {
    struct siphash begun;
    struct state_key sole;
};

struct gatherer {
    const struct graph *g;
    const struct field_table *fields;
    const struct profile_set *profiles;
    struct arena *arena; /* one event */
    struct arena *own;
    /* Per rule of one tenant: those of the others have the same names. */
    struct numbers *numbers;
    struct capsule_plan *capsules;
    struct naming **namings;        /* per profile, the last is that of unknown shapes */
    const struct profile **readers; /* whose namings they are */
    struct tenant_keys *keys_of;    /* per tenant */
    struct digest *digest;
    struct derive *derive;
    struct buf keys, addends, row, whole;
    struct gather_counts counts;

    /* Of the event at hand. */
    const struct gather_event *at;
    uint32_t first; /* of its tenant's rules in the graph */
    const struct graph_tenant *tenant;
    bool asks_entities; /* some list of the tenant's weighs them */
    struct event_tree tree;
    bool has_tree, has_no_tree;
    struct event_entity *entities;
    size_t n_entities;
    bool has_entities;
    struct named named[CAPSULE_FIELDS]; /* by what extraction has sliced out; as many as fit */
    uint32_t n_named;
    bool has_head;                     /* the three below are of this event */
    struct capsule_event capsule_head; /* of all its capsules */
    struct capsule_fields named_fields;
    bool has_named_fields; /* all of named */
    struct str first_key;  /* of the first entity; p NULL: the event names none */
    bool has_first_key;
    uint64_t event_id;
    bool has_event_id;
    struct hashed hashed[HASHED_MAX];
    size_t n_hashed;
    /* Of the many fields that rules look at few are asked for here: begins has those, and begin_at
     * of each field its place there, 0 if nobody asks. In begins: where the event's values of the
     * field begin, behind the number of the event (never 0) in the upper half. */
    uint64_t *begins;
    struct first_text *texts; /* by the same places */
    uint32_t *begin_at;
    uint32_t n_fields, n_begins;
    uint32_t event_number;
};

/* ---- values of the event (gather_value.c) -------------------------------------------------- */

/* Another event: nothing of the one before is known any more. */
void gather_note_begins(struct gatherer *w);
/* The field's only value, as most have one: 0 if it has none, 1, or GATHER_SEVERAL if
 * gather_values() must tell. */
enum { GATHER_SEVERAL = 2 };
size_t gather_single(struct gatherer *w, uint32_t field, struct str *out);
/* Values of a field, at most `max`; 0: missing or null. */
size_t gather_values(struct gatherer *w, uint32_t field, struct str *out, size_t max);
/* A list as one value: ["a","b"]; a value alone as it is. False: it is not there. */
bool gather_whole(struct gatherer *w, uint32_t field, struct str *out);
/* The first of them; false: there is none. */
bool gather_value(struct gatherer *w, uint32_t field, struct str *out);
/* The first of each stay, in their order; how many. */
size_t gather_distinct(struct str *values, size_t n);
/* The event's own id as a number; 0: it has none. */
uint64_t gather_event_id(struct gatherer *w);
/* Who and what the event is about, by its tree. */
size_t gather_entities(struct gatherer *w);
/* w->named: by what extraction has sliced out. */
void gather_find_named(struct gatherer *w);
/* The key of the event's first entity, found once; false: it names none. */
bool gather_first_entity(struct gatherer *w, struct str *key);
/* The part of its name that makes a finding this event's alone. */
struct str gather_sole_part(struct gatherer *w);

/* ---- keys (gather_key.c) ------------------------------------------------------------------- */

/* Values of several fields; a combination has one of each. */
enum { CHOICES_MAX = CORRELATION_GROUP_MAX + CORRELATION_FIELDS_MAX };
struct choices {
    struct str *values[CHOICES_MAX];
    size_t counts[CHOICES_MAX];
    size_t n, total;
};

/* Room for MEMBERS_MAX values. */
struct str *choices_room(struct gatherer *w);
void choices_begin(struct choices *c);
/* Values of one more field; combinations beyond the limit are cut and counted. */
void choices_add(struct gatherer *w, struct choices *c, struct str *values, size_t n);
/* Combination k of total. */
void choices_take(const struct choices *c, size_t k, struct str *parts);

/* Several rules fold or group by the same values: they are hashed once. */
struct state_key gather_key(struct gatherer *w, const struct str *parts, size_t n);
/* In clear, as hit.keys has them. */
void gather_pack_keys(struct buf *out, const struct str *values, size_t n);

/* ---- what operations share (gather_capsule.c) ----------------------------------------------- */

/* What windows keep of the event for this rule of the graph; `to` has room for CAPSULE_BYTES.
 * Returns how many it takes. */
size_t gather_capsule(struct gatherer *w, uint32_t rule, char *to);
/* Into w->addends: what lists, and the event itself, add to the score of this rule's findings. */
void gather_addends(struct gatherer *w, uint32_t rule);
/* Of a finding of rule `to`, of that key, that rule `matched` brings about. */
uint8_t gather_level(struct gatherer *w, uint32_t matched, uint32_t to, struct str keys);
/* w->addends for it, until the event is done. */
struct str gather_addends_for(struct gatherer *w, uint32_t matched, uint32_t to, struct str keys);

/* ---- operations as bytes (gathered.c) -------------------------------------------------------- */

/* Head of the capsule of the operations that follow: in the place of a rule it has NO_RULE. */
struct packed_capsule {
    uint32_t unused, no_rule, n;
} __attribute__((packed, may_alias));

#define NO_RULE UINT32_MAX

/* Head of a packed operation; the texts follow. Copied as it lies: it never leaves the process. */
struct packed_op {
    uint32_t space, rule, label;
    uint32_t keys_n, value_n, capsule_n, addends_n;
    uint32_t capsule_back;  /* bytes from here back to the capsule */
    uint8_t level, place_n; /* of a place: 0 or all its bytes */
    uint8_t is_ordered;     /* value is the event's place in its input */
    uint8_t unused;
    struct state_key key, group_key;
    uint64_t value, actor, event_id;
    int64_t number_micro;
} __attribute__((packed, may_alias));

/* One matched rule: its operations share a capsule that is written with the first of them. */
struct group {
    uint32_t rule;
    size_t capsule_at; /* in out; SIZE_MAX: not written yet */
    uint32_t capsule_n;
    struct buf *out;
};

/* Append an operation of the group; the lengths in it are filled in here. */
void gather_put(struct gatherer *w, struct group *group, struct packed_op *op, struct str keys,
                struct str value, const struct place *place);

/* ---- correlations (gather_hear.c) ------------------------------------------------------------ */

void gather_hear(struct gatherer *w, struct group *group, const struct graph_listener *listener);

#endif

/* profile_impl.h - the insides of a profile: for pkg/event alone.
 *
 * A profile as it stands after `extends` has been resolved: nothing here refers to another
 * profile. Texts are slices of the profile set's arena.
 */
#ifndef WEIR_EVENT_PROFILE_IMPL_H
#define WEIR_EVENT_PROFILE_IMPL_H

#include "event/derive.h"
#include "event/profile.h"

enum {
    PATHS_PER_FIELD_MAX = 96, /* listed paths of a field, and roots of a profile */
    SOURCE_INPUTS_MAX = 8,    /* different fields that the logsource rules of a profile ask */
    TIME_PATHS_MAX = 16,
    EMBEDDED_PATHS_MAX = 8,
    ENVELOPES_MAX = 64,          /* different ones of all profiles */
    ENVELOPE_WHEN_MAX = 4,       /* conditions of one */
    MATCHES_MAX = 16,            /* alternatives of a profile's match */
    MARKER_TESTS_MAX = 512,      /* different marker tests of all profiles together */
    MARKER_VALUE_TESTS_MAX = 128 /* of these, on one path */
};

/* ---- recognising ------------------------------------------------------------- */

enum marker_kind {
    MARKER_EXISTS, /* some value other than null at the path */
    MARKER_ABSENT, /* none */
    MARKER_IN      /* some scalar value at the path is one of `values`, ASCII case aside */
};

struct marker_test {
    enum marker_kind kind;
    struct str path;
    struct str_list values; /* MARKER_IN */
};

/* All of `all` and, if there are any of `any`, at least one of them. */
struct marker_match {
    const struct marker_test *all, *any;
    size_t n_all, n_any;
};

/* ---- what it stands for -------------------------------------------------------- */

enum source_key { SOURCE_PRODUCT, SOURCE_CATEGORY, SOURCE_SERVICE, SOURCE_KEYS };

/* One logsource rule: if every condition holds, the keys that it sets are so. */
struct source_condition {
    uint32_t input;         /* index into profile.inputs */
    struct str_list values; /* one of these, ASCII case aside; none: the field is there */
};

struct source_rule {
    const struct source_condition *conditions;
    size_t n_conditions;
    bool sets[SOURCE_KEYS];
    struct logsource_values values[SOURCE_KEYS];
};

/* ---- fields -------------------------------------------------------------------- */

struct value_pair {
    struct str from, to; /* `from` compares without ASCII case */
};

struct value_map {
    struct str field;
    const struct value_pair *pairs;
    size_t n_pairs;
};

/* Where a field may be, and what has to be done with the value there. */
struct field_source {
    struct str path;
    const struct derive *derive; /* NULL: nothing */
};

/* Fields that begin with `from` are looked for with `to` in its place. */
struct field_prefix {
    struct str from, to;
};

/* A field whose values become one text. */
struct field_join {
    struct str field, with;
};

struct profile_field {
    struct str name;
    const struct field_source *sources; /* in order */
    size_t n_sources;
    struct str_list constants; /* what it always is; then it has no sources */
};

/* Another name for what the first of these fields with a value has. */
struct alias_target {
    struct str field;
    const struct derive *derive; /* NULL: nothing is done with it */
};

struct profile_alias {
    struct str name;
    const struct alias_target *targets; /* in order */
    size_t n_targets;
};

enum normalise {
    NORMALISE_NONE,
    NORMALISE_LOWER,
    NORMALISE_SHORT_HOST,
    NORMALISE_IP,
    NORMALISE_SID
};

struct field_way; /* way.h */

struct profile_entity {
    struct str role, ocsf;
    struct str_list fields;
    const struct field_way *ways; /* of each of the fields */
    enum normalise normalise;
};

struct profile_evidence {
    struct str ocsf_path, field;
    const struct field_way *way;
};

struct profile_redaction {
    struct str field;
    enum profile_redact how;
};

/* ---- the profile ---------------------------------------------------------------- */

struct profile {
    struct str name, description;
    struct str path;  /* the file it was read from, for messages */
    uint32_t index;   /* in its set; profiles are in the order in which they are tried */
    int64_t priority; /* the higher, the earlier */
    bool is_abstract; /* only for others to extend: never recognised, not counted */
    bool is_open;     /* any field may be there */
    bool is_staged;   /* one request is told in several events of the same id: count it once */

    const struct marker_match *matches; /* one of these has to hold */
    size_t n_matches;
    struct str_list roots; /* "" is the event itself */
    const struct profile_field *fields;
    size_t n_fields;
    const struct value_map *maps;
    size_t n_maps;
    const struct field_prefix *prefixes;
    size_t n_prefixes;
    const struct field_join *joins;
    size_t n_joins;
    const struct profile_alias *aliases; /* those that it knows are fields too */
    size_t n_aliases;
    struct str_list vocabularies; /* profiles whose aliases are taken as well */

    struct str_list inputs; /* fields that the logsource depends on */
    const struct source_rule *rules;
    size_t n_rules;
    /* When no rule says: these fields of the event (indices into inputs), then the constant. */
    uint32_t from[SOURCE_KEYS][SOURCE_INPUTS_MAX];
    size_t n_from[SOURCE_KEYS];
    struct logsource_values constants[SOURCE_KEYS];
    const struct stream_pattern *streams;
    size_t n_streams;
    uint32_t stream_slots[STREAM_SLOTS_MAX]; /* indices into inputs */
    uint32_t n_stream_slots;

    struct str_list message, time, id; /* JSON paths in order */
    struct str envelope;               /* JSON path of an array of events; empty: none */
    const struct source_condition *envelope_when;
    struct str_list envelope_fields; /* top-level keys that envelope_when asks */
    size_t n_envelope_when;
    struct str_list embedded; /* JSON paths of texts that are JSON themselves */

    const struct profile_entity *entities;
    size_t n_entities;
    const struct profile_evidence *evidence;
    size_t n_evidence;
    const struct profile_redaction *redactions;
    size_t n_redactions;
    struct str_list known; /* names of fields the lint takes; "a.*" stands for all below a */
    int64_t lateness_ms;
};

/* An envelope, once, however many profiles declare it. */
struct envelope {
    struct str path;        /* of the array */
    struct str head, last;  /* first and last part of the path */
    struct str_list fields; /* top-level keys that the conditions ask */
    const struct source_condition *when;
    size_t n_when;
};

struct profile_set {
    const struct profile *const *items; /* in trying order, abstract ones left out */
    uint32_t n;
    const struct profile *const *all; /* with the abstract ones */
    uint32_t n_all;
    const struct envelope *envelopes; /* in the order of the profiles */
    size_t n_envelopes;
    const struct profile *fallback; /* named "unknown": how to read events of no profile */
    struct str_list texts;          /* of the files that they come from, in the order of loading */
};

/* The value map of a field, NULL if it has none. */
const struct value_map *profile_value_map(const struct profile *p, struct str field);
/* The text that stands for `value`, or `value` itself. */
struct str value_map_apply(const struct value_map *map, struct str value);

/* What a field of the profile always is; NULL: that depends on the event. */
const struct str_list *profile_constants(const struct profile *p, struct str field);
/* Is the field one that the profile lists, or says that there is (for the lint)? */
bool profile_has_field(const struct profile *p, struct str field);
/* The name under which the field is looked for at the roots. */
struct str profile_name_below_roots(struct arena *a, const struct profile *p, struct str field);
/* What joins the values of the field; empty: nothing does. */
struct str profile_join(const struct profile *p, struct str field);

/* The ordered paths at which a profile keeps a field; out holds PATHS_PER_FIELD_MAX. */
size_t profile_field_sources(struct arena *a, const struct profile *p, struct str field,
                             struct field_source *out);

/* What an event is known to be, given the values of p->inputs (p NULL in an element: the
 * event lacks it). Slices of `values` may end up in *facts. */
void profile_facts(const struct profile *p, const struct str *values,
                   struct logsource_facts *facts);

bool logsource_values_eq(const struct logsource_values *a, const struct logsource_values *b);

#endif

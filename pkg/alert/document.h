/* document.h - one alert while it is written: for pkg/alert alone.
 *
 * A document tells a finding (state/finding.h). What it shows of events it takes from witnesses:
 * the event that completed the finding, if there is one, and the capsules of others.
 *
 * Two sources of text, two ways to write it, and no third:
 *   rule text   document_rule_text(): cut to the limits, not redacted (the rule is the user's own);
 *   event text  only as struct safe, and only document_safe() makes one: redacted, then cut.
 *
 * Limits   the document is written with generous limits first; if it comes out longer than
 *          ALERT_BYTES_MAX it is written again with the next row of the table, until it
 *          fits. The last row fits whatever the event and the rule hold.
 */
#ifndef WEIR_ALERT_DOCUMENT_H
#define WEIR_ALERT_DOCUMENT_H

#include "alert/alert.h"
#include "alert/ocsf.h"
#include "alert/redact.h"
#include "base/str.h"
#include "state/uid.h"
#include "json/write.h"
#include "rule/correlation.h"
#include "state/capsule.h"
#include "state/finding.h"

enum { TRUNCATED_MAX = 32, RESOURCES_MAX = 16, OBSERVABLES_MAX = OCSF_FORM_OBSERVABLES };

/* Bytes of texts and numbers of list members. */
struct limits {
    size_t raw, value, n_matched, evidence, n_evidence, desc, text, n_list;
    size_t n_others; /* witnesses besides the first */
};

enum { LIMIT_ROWS = 7 };
extern const struct limits document_limits[LIMIT_ROWS];

struct safe {
    struct str text;
    bool is_dropped; /* the profile wants it left out */
    bool is_changed, is_cut;
};

/* An event that stands behind the finding. */
struct witness {
    const struct capsule *capsule; /* NULL: the triggering event */
    const struct profile *profile; /* whose names and redactions hold; NULL: unknown */
    struct event_evidence *evidence;
    size_t n_evidence;
    struct event_entity *entities;
    size_t n_entities;
};
enum { WITNESSES_MAX = 1 + FINDING_CAPSULES_MAX };

/* What all documents of an event have in common; kept while the event's tree stands. */
struct told_event {
    const struct event_tree *event; /* NULL: none */
    uint64_t serial;
    struct arena *arena;
    char raw_sha256[DIGEST_TEXT];
    struct event_evidence *evidence;
    size_t n_evidence;
    struct event_entity *entities;
    size_t n_entities;
    /* Its evidence as JSON under the first row of limits (event_part.c): what comes before the
     * matched atoms, and what follows. */
    struct buf text;
    size_t tail_at;        /* in text */
    bool has_text, is_cut; /* is_cut: it has none, since something had to be cut */
    struct ocsf_value values[OCSF_LEAVES_MAX]; /* written in text; as it has a form */
    size_t n_values;
};

/* A text that does not come from the rule alone, by which documents of one rule differ (stencil.h).
 */
enum hole {
    HOLE_PROCESSED, /* times, as numbers */
    HOLE_FIRST,
    HOLE_LAST,
    HOLE_LATENCY,
    HOLE_SEQUENCE,
    HOLE_EVENT_TIME, /* parts of texts */
    HOLE_RECORD_UID,
    HOLE_FINDING_UID,
    HOLE_MAPPING,
    HOLE_ABOUT,
    HOLE_TIMES, /* members */
    HOLE_MESSAGE,
    HOLE_TITLE,
    HOLE_TENANT_UID,
    HOLE_TENANT,
    HOLE_RELATED,
    HOLE_EVIDENCES,
    HOLE_DEDUP,
    HOLE_CORRELATION,
    HOLE_TRUNCATED
};

/* A number in digits: a document tells the same few times again and again. */
struct told_number {
    int64_t number;
    uint8_t n; /* 0: none */
    char digits[STR_DIGITS_MAX + 1];
};
enum { TOLD_NUMBERS = 2 };

/* Room for what a document has many of; nothing in it counts before it is set. */
struct document_room {
    struct capsule capsules[FINDING_CAPSULES_MAX];
    struct witness witnesses[WITNESSES_MAX];
    struct safe safe_values[RESOURCES_MAX], safe_keys[RESOURCES_MAX];
    struct str truncated[TRUNCATED_MAX];
};

struct document {
    struct json_writer json;
    struct stencil_marks *marks; /* NULL: nobody asks where the holes are */
    struct told_atoms *atoms;    /* of the rule; NULL: none are kept */
    struct arena *arena;
    struct redactor *redactor;
    struct ocsf_ways *ways;
    const struct limits *limits;
    const struct alert_options *options;

    const struct rule *rule;
    struct str tenant;
    const struct finding *finding;
    const struct alert_match *trigger; /* NULL: told by a timer */
    struct told_event *told;           /* NULL without trigger */
    int64_t now_ms;
    bool is_backfill;

    /* settled before the first attempt */
    char finding_uid[UID_TEXT], record_uid[UID_TEXT];
    struct capsule *capsules;
    size_t n_capsules;
    struct witness *witnesses; /* steps of a sequence in order; else first comes the trigger, or the
                                  newest capsule */
    size_t n_witnesses;
    struct event_entity *entities; /* of all witnesses, those of the first before others */
    const struct profile **entity_profiles;
    size_t n_entities;
    struct match_evidence *matched;
    size_t n_matched;
    const struct rule *trigger_rule; /* whose atoms the trigger matched; NULL: not known */

    /* Entities as they may be shown under these limits: [i] of entities[i]; bit i of has_safe. */
    struct safe *safe_values, *safe_keys;
    uint64_t has_safe_value, has_safe_key;

    struct told_number numbers[TOLD_NUMBERS];
    size_t n_numbers;

    struct str *truncated;
    size_t n_truncated;
};

/* Note that the attribute at this path was cut. */
void document_cut(struct document *d, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* key: text of the rule, at most max bytes; the path is noted if that cuts. */
void document_rule_text(struct document *d, const char *key, struct str text, size_t max,
                        const char *path);
/* The same for a list: at most n_list members. */
void document_rule_list(struct document *d, const char *key, struct str_list list,
                        const char *path);

/* The caller notes a cut: only then is a path needed. */
struct safe document_safe(struct document *d, struct str field, struct str value, size_t max);
void document_put(struct document *d, const char *key, struct safe value);

/* Texts one after the other: what printf would do, at a tenth of its cost. */
struct str document_join(struct arena *a, const struct str *parts, size_t n);
#define JOIN(a, ...)                                      \
    document_join((a), (const struct str[]){__VA_ARGS__}, \
                  sizeof((const struct str[]){__VA_ARGS__}) / sizeof(struct str))
struct str document_number(struct arena *a, uint64_t number);

/* Members with names of ours, in one go: what comes with every document. The text is JSON with a
 * comma before each member; the open object has members already. */
void document_text(struct document *d, struct str text);
void document_i64(struct document *d, int64_t number);
#define TEXT(d, literal) document_text((d), STR(literal))
#define TEXT_I64(d, literal, number) (TEXT(d, literal), document_i64((d), (number)))
/* What does not come from the rule alone; nothing else may write it (stencil.c). */
void document_hole(struct document *d, enum hole what);

/* The time of what completed the finding. */
int64_t document_event_ms(const struct document *d);
/* The time of processing: volatile, so the event's own where a run must be repeatable. */
int64_t document_processed_ms(const struct document *d);

/* JSON text made elsewhere: "a":1,"b":2 into the open object. */
void document_members(struct document *d, struct str members);

/* The first `max` entities at most, as they may be shown. */
struct safe document_entity_value(struct document *d, size_t i);
struct safe document_entity_key(struct document *d, size_t i);
size_t document_entity_count(const struct document *d);

/* The profile of the first witness. */
const struct profile *document_profile(const struct document *d);
/* The i-th value of the finding's key, as it may be shown, and its name. */
struct safe document_key(struct document *d, size_t i);
struct str document_key_name(const struct document *d, size_t i);

/* INPUT/PARTITION/OFFSET/INDEX */
struct str document_reference(struct document *d, struct str input, uint32_t partition,
                              uint64_t offset, uint32_t index);

/* Which item of a sequence the capsule's event is, from 1; 0: none. */
uint32_t document_step(const struct document *d, const struct capsule *c);
/* Of the first hit, or of the first step of the first sequence. */
int64_t document_first_ms(const struct document *d);

/* witness.c: capsules unpacked, entities found. The redactor has begun. */
void document_gather(struct document *d);
/* Uid of the rule that the trigger matched, as its capsule says; empty: it has none. */
struct str document_trigger_rule(const struct document *d);

/* Parts of the document: rule_part.c, finding_part.c, event_part.c. */
void rule_finding(struct document *d); /* members of finding_info */
void rule_block(struct document *d);   /* the object unmapped.weir.rule */

/* What the alert is called: the rule's title, or what the event has in the field that the rule
 * names (shown as event text is). is_own: it is the rule's. */
struct str finding_title(struct document *d, bool *is_own);
void finding_put_title(struct document *d);
void finding_head(struct document *d); /* severity, status, score: members at the top */
void finding_times(struct document *d);
void finding_message(struct document *d);
struct str finding_about(struct document *d); /* what the message says behind the rule's title */
void finding_put_message(struct document *d); /* the member as a whole */
struct str message_text(struct document *d);  /* by the rule's template (message_part.c) */
void finding_labels(struct document *d);      /* an array */
struct str finding_mapping(const struct document *d);   /* name of the first witness's profile */
void finding_related_events(struct document *d);        /* members of finding_info */
void finding_keys(struct document *d, const char *key); /* an object: names and values */
void finding_dedup(struct document *d);                 /* objects in unmapped.weir */
void finding_correlation(struct document *d);
void finding_flood(struct document *d);
struct str finding_channel(const struct document *d);
void finding_risk(struct document *d);
/* Nothing but the rule decides what finding_head() writes. */
bool finding_is_plain(const struct document *d);

void event_evidences(struct document *d);

#endif

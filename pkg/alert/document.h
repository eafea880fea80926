/* document.h - one alert while it is written: for pkg/alert alone.
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
#include "alert/redact.h"
#include "alert/sequence.h"
#include "state/uid.h"
#include "json/write.h"

enum { TRUNCATED_MAX = 32, RESOURCES_MAX = 16, OBSERVABLES_MAX = 32 };

/* Bytes of texts and numbers of list members. */
struct limits {
    size_t raw, value, n_matched, evidence, n_evidence, desc, text, n_list;
};

enum { LIMIT_ROWS = 7 };
extern const struct limits document_limits[LIMIT_ROWS];

struct safe {
    struct str text;
    bool is_dropped; /* the profile wants it left out */
    bool is_changed, is_cut;
};

struct document {
    struct json_writer json;
    struct arena *arena;
    struct redactor *redactor;
    struct ocsf_ways *ways;
    const struct limits *limits;
    const struct alert_options *options;
    const struct alert_match *match;

    /* identity, settled before the first attempt */
    char finding_uid[UID_TEXT], record_uid[UID_TEXT], raw_sha256[DIGEST_TEXT];
    uint64_t sequence;
    bool has_bucket;
    int64_t bucket_start;
    struct event_entity *entities;
    size_t n_entities;
    struct match_evidence *matched;
    size_t n_matched;

    /* Entities as they may be shown under these limits: [i] of entities[i]; bit i of has_safe. */
    struct safe safe_values[RESOURCES_MAX], safe_keys[RESOURCES_MAX];
    uint64_t has_safe_value, has_safe_key;

    struct str truncated[TRUNCATED_MAX];
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

/* JSON text made elsewhere: "a":1,"b":2 into the open object. */
void document_members(struct document *d, struct str members);

/* Parts of the document: rule_part.c, event_part.c. */
void rule_finding(struct document *d); /* members of finding_info */
void rule_block(struct document *d);   /* the object unmapped.weir.rule */
void event_evidences(struct document *d);
void event_message(struct document *d);
void event_dedup(struct document *d);

#endif

/* finding.h - a decision about a finding: it begins, it goes on, it ends.
 *
 * What steps emit and the alert writer turns into a document. A finding is one bucket of one
 * dedup key of one rule (docs/alert.md, "Ids"); it has one Create, Updates with rising sequence,
 * one Close. The record holds all that the document needs besides the rule and, where there is
 * one, the triggering event: so an alert can be written when the event is long gone.
 */
#ifndef WEIR_STATE_FINDING_H
#define WEIR_STATE_FINDING_H

#include "base/base.h"
#include "base/buf.h"
#include "state/capsule.h"

/* What a record is: its first byte (correlate/record.h has the signals). */
enum record_kind { RECORD_FINDING = 1, RECORD_SIGNAL = 2, RECORD_PASSING = 3 };

enum finding_activity { FINDING_CREATE = 1, FINDING_UPDATE = 2, FINDING_CLOSE = 3 };

/* Why an Update is told. */
enum finding_cause {
    CAUSE_HITS,     /* 2, 4, 8 ... times the first count */
    CAUSE_PERIOD,   /* some time has passed */
    CAUSE_SEVERITY, /* it became worse: told on the main channel */
    CAUSE_NONE
};

#define FINDING_NO_SHARD UINT32_MAX

enum {
    FINDING_KEYS_MAX = 32, /* as many as a group key has parts */
    FINDING_CAPSULES_MAX = CAPSULES_FIRST + CAPSULES_LAST,
    FINDING_ADDENDS_MAX = 8,
    FINDING_TEXT_MAX = 4096 /* of a key, a why, the detail; longer ones are cut when packed */
};

/* One part of the score beyond the rule's base. */
struct finding_addend {
    struct str name; /* "asset_criticality", "first_seen", "entity_risk" */
    int32_t value;
    struct str why;
};

struct finding {
    uint32_t rule;  /* of the graph (graph->rules), so of one tenant; not packed */
    uint32_t shard; /* not packed: in whose outbox its record lies; FINDING_NO_SHARD: in none */
    enum finding_activity activity;
    enum finding_cause cause;
    uint8_t uid[16];
    uint64_t sequence; /* of this record, from 1 */
    bool has_bucket;   /* false: dedup is off, the finding is one event */
    int64_t bucket_start_ms, bucket_end_ms;
    uint64_t hits;             /* count of the finding so far */
    uint64_t suppressed;       /* hits that gave no record of their own */
    int64_t first_ms, last_ms; /* event times of first and last hit */
    int64_t at_ms;             /* event time of what completed it; a Close: the bucket's end */
    uint8_t level;             /* enum rule_level */
    bool is_exact;             /* false: a bound bit; counts are lower bounds */
    bool is_braked;
    bool is_flood; /* about the rule itself: its findings of a minute were too many (storm brake) */
    bool is_full;  /* ... or, with is_flood, its memory was: hits are the keys concerned, suppressed
                      those of them that were lost (correlate/pressure.h) */
    bool is_timer; /* no triggering event */
    /* What the operator saw: "5 events", "12 distinct SourceIp" ... for the message. */
    int64_t measured_micro; /* value that met the condition, in millionths; has_measured */
    bool has_measured;
    struct str keys[FINDING_KEYS_MAX]; /* values of the dedup key, in clear */
    struct str key_names[FINDING_KEYS_MAX];
    uint32_t n_keys;
    struct str capsules[FINDING_CAPSULES_MAX]; /* packed, oldest first */
    uint32_t n_capsules;
    uint64_t n_events; /* that stand behind it; at least n_capsules */
    struct finding_addend addends[FINDING_ADDENDS_MAX];
    uint32_t n_addends;
    struct str detail; /* operator's own words (terms, places, techniques), may be empty */
};

/* Everything but `rule`. Begins with RECORD_FINDING and a version byte. */
void finding_pack(const struct finding *f, struct buf *out);
/* False: damaged. Texts are slices of `bytes`; `rule` is 0. */
MUST_USE bool finding_unpack(struct str bytes, struct finding *out);

/* Addends alone, as a hit carries them (correlate/hit.h). None: nothing is appended. */
void finding_addends_pack(const struct finding_addend *list, size_t n, struct buf *out);
/* Into room for FINDING_ADDENDS_MAX; damaged or empty bytes: 0. Slices of `bytes`. */
size_t finding_addends_unpack(struct str bytes, struct finding_addend *out);
/* Put one more; of two with the same name and why the greater value stays. Beyond
 * FINDING_ADDENDS_MAX it is dropped. */
void finding_add(struct finding *f, const struct finding_addend *addend);

#endif

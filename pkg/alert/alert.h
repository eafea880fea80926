/* alert.h - the alert: one OCSF Detection Finding per record of a finding.
 *
 * Written from the rule, the finding as state tells it (Create, Update, Close), the event that
 * completed it, if it is still there (whole tree: only matches pay for it), with the atoms that
 * made it fire, and the capsules of other events. Every value of the event passes the redaction
 * stage (redact.h) before it is written. The worked example is docs/alert.md.
 *
 * Ids      finding uid = UUIDv5(tenant | rule uid | dedup key values | bucket start); record uid =
 *          UUIDv5(finding uid | activity | sequence); see uid.h. Built from event time and
 *          entities alone: a replay gives the same ids as the live run.
 * Cap      ALERT_BYTES_MAX per document, or less (alert_writer_limit); what was cut, in a stated
 *          order, is listed in unmapped.weir.truncated. What does not fit even so becomes the
 *          minimal form: ids, rule, times, count.
 * Memory   a writer owns scratch of its own, kept between alerts: bounded by the largest event,
 *          by the texts of the rules, and by 64 forms of evidence (ocsf_form.c).
 * Event    what the documents of one event have in common is made once, as long as the tree in that
 *          place has the same serial (event_tree.serial; 0: made anew each time).
 * Threads  a writer belongs to one thread.
 */
#ifndef WEIR_ALERT_ALERT_H
#define WEIR_ALERT_ALERT_H

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "event/lookup.h"
#include "match/reference.h"
#include "rule/rule.h"
#include "state/finding.h"

enum { ALERT_BYTES_MAX = 64 * 1024, ALERT_RAW_MAX = 8 * 1024 };

enum alert_raw { ALERT_RAW_NONE, ALERT_RAW_MATCHED, ALERT_RAW_FULL };

struct alert_options {
    bool is_deterministic; /* volatile fields (times of processing, worker) get fixed values */
    enum alert_raw raw;    /* default FULL: the redacted trigger record, at most ALERT_RAW_MAX */
    struct str generation; /* name of the rule set version */
    struct str worker;     /* volatile */
    struct str version;    /* of weir */
    const struct profile_set *profiles; /* to read capsules by; NULL: they stay unexplained */
    const struct list_view *lists;      /* what stands on lists at first; NULL: nothing */
};

/* One match to be told. */
struct alert_match {
    const struct rule *rule;
    struct str tenant; /* usually empty */
    const struct event_tree *event;
    struct str record; /* raw bytes of the event */
    struct str input;  /* topic or file: "log name" of the reference */
    uint32_t partition;
    uint64_t offset; /* record number or Kafka offset */
    uint32_t index;
    bool is_topic;   /* the input is a Kafka topic, else a file */
    int64_t time_ms; /* event time, or its stand-in */
    bool time_is_standin;
    int64_t now_ms;   /* time of processing */
    bool is_backfill; /* too old to be an alert: is_alert false, label backfill */
};

struct alert_writer;

struct alert_writer *alert_writer_new(const struct alert_options *options);
void alert_writer_free(struct alert_writer *w);
/* Documents from here on have at most so many bytes (at most ALERT_BYTES_MAX, which is the
 * default); the minimal form is written whatever the limit, at most ALERT_MINIMAL_BYTES. */
enum { ALERT_MINIMAL_BYTES = 4096 };
void alert_writer_limit(struct alert_writer *w, size_t bytes_max);
/* What stands on lists, from now on; must outlive its use. */
void alert_writer_use_lists(struct alert_writer *w, const struct list_view *lists);
/* How many documents were cut so far. */
uint64_t alert_writer_cuts(const struct alert_writer *w);

/* Append one JSON document (no newline) to out: the match without state, a finding of its own. */
void alert_write(struct alert_writer *w, const struct alert_match *m, struct buf *out);

/* A finding as state tells it: Create, Update or Close, with or without the event that completed
 * it. What the event would say is then taken from the capsules. */
struct alert_finding {
    const struct rule *rule;
    const struct finding *finding;
    const struct alert_match *trigger; /* NULL: told by a timer; its rule is not asked */
    int64_t now_ms;
    struct str tenant; /* whose finding it is; usually empty */
    bool is_backfill;  /* as that of a match */
};

/* Append one JSON document (no newline) to out. Updates and Closes have is_alert false, except a
 * severity raise; so have braked Creates and those of shadow rules. */
void alert_write_finding(struct alert_writer *w, const struct alert_finding *f, struct buf *out);

#endif

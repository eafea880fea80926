/* recover.h - what a recovery reads: claims from the output topics, facts from the state topic.
 *
 * Under the lease of a recovery (protocol.h: READ_CLAIMS). Output topics are read read_committed to
 * their ends as of now, which is after all slots were fenced, so nothing is added behind it. The
 * lease is renewed meanwhile, however long that takes.
 *
 * Records whose headers are damaged or foreign are counted and passed over: a topic may carry
 * records of others. What a lost claim costs is one alert told twice.
 *
 * Threads  the lane's: all calls block; must_end is asked at least every RECOVER_STEP_MS.
 */
#ifndef WEIR_WORKER_RECOVER_H
#define WEIR_WORKER_RECOVER_H

#include "correlate/claim.h"
#include "correlate/graph.h"
#include "kafka/reader.h"
#include "state/finding.h"
#include "state/store.h"
#include "worker/unclosed.h"

enum {
    RECOVER_STEP_MS = 200,
    RECOVER_BATCH = 1000,               /* claims or facts of one call to the store */
    RECOVER_SLACK_MS = 24 * 3600 * 1000 /* a finding is told this much after its dedup period */
};

/* ---- reading -------------------------------------------------------------------------------- */

/* Where records come from: pkg/kafka/reader.h, or an array in a test. Up to max; 0 and WEIR_OK with
 * *is_end: the end; without it: nothing came within RECOVER_STEP_MS. Released before the next. */
struct recover_source {
    enum weir_rc (*next)(void *context, struct kafka_message *out, size_t max, size_t *n,
                         bool *is_end, struct weir_err *err);
    bool (*header)(const struct kafka_message *m, const char *name, struct str *value);
    void (*release)(struct kafka_message *m, size_t n);
    void *context;
};
/* A source of the reader: lent, read_committed. */
struct recover_source recover_source_kafka(struct kafka_reader *reader);

struct recover {
    struct store *store;
    struct store_lease lease;
    bool (*must_end)(void *context); /* true: WEIR_CLOSED. NULL: never */
    void *context;
    struct unclosed *unclosed; /* recover_claims() notes findings in it; NULL: nowhere */
    /* counted */
    uint64_t records, claims, facts;
    uint64_t foreign; /* records without a claim (or fact), damaged ones among them */
    uint64_t unknown; /* facts of rules that are not in the graph */
    uint64_t fresh;   /* facts that were left to the replay */
};

/* All claims of the source into the store. *answer not STORE_DONE: the lease is lost. */
MUST_USE enum weir_rc recover_claims(struct recover *r, struct recover_source *source,
                                     enum store_answer *answer, struct weir_err *err);

/* Record time from which claims count: now, less the longest dedup period, less RECOVER_SLACK_MS.
 */
int64_t recover_claims_from(const struct graph *graph, int64_t at_ms);

/* Where a replay begins: reach is the first offset that state_replay_max allows, claimed the first
 * of a record from recover_claims_from() on. Of a partition that was silent for days the last
 * alerts are older than the claims that are read, and a replay would tell them again; so it begins
 * behind them. Not of a backlog, whose records are older than what was told of them. */
int64_t recover_replay_start(int64_t reach, int64_t claimed, int64_t committed);

/* All facts of the source into the cells of the graph's spaces (which were attached to the store:
 * graph_attach()), before the store is blessed (READ_FACTS). One that has lost little takes no
 * harm. Those of other rule sets are counted as unknown: they stay in the topic.
 *
 * fresh_ms: facts of terms that begin at or after it are left to the replay, which reads the events
 * again that taught them: so their findings are counted again, and their Closes are exact
 * (recover_fresh_ms()). Any time is right: who has a fact has told what there was to tell. */
MUST_USE enum weir_rc recover_facts(struct recover *r, const struct graph *graph, int64_t fresh_ms,
                                    struct recover_source *source, enum store_answer *answer,
                                    struct weir_err *err);
/* top_prefix_ms: the greatest protocol_meta_prefix_ms() of all partitions (INT64_MIN: none has
 * one). Replays begin replay_max_ms before that of their partition, so all of them reach this time.
 */
int64_t recover_fresh_ms(int64_t top_prefix_ms, int64_t replay_max_ms);

/* ---- a log that is not the one it was ------------------------------------------------------- */

struct recover_log {
    bool has_committed;
    uint64_t committed;                  /* offset of the group */
    uint64_t end;                        /* high watermark, asked for after `applied` was read */
    const struct store_applied *applied; /* [n]: as READ_APPLIED tells */
    size_t n;
};
/* The topic was deleted and made again: its end lies below what was committed or applied, or
 * things were applied of a partition of which nothing is committed (the protocol commits where a
 * partition begins before it applies anything; a broker forgets offsets with the topic). A topic
 * that has meanwhile grown beyond the old end, with offsets kept, is not noticed. */
bool recover_is_other_log(const struct recover_log *l);

#endif

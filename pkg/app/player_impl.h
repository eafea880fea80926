/* player_impl.h - what playing and looking at what was played share. */
#ifndef WEIR_APP_PLAYER_IMPL_H
#define WEIR_APP_PLAYER_IMPL_H

#include "alert/alert.h"
#include "app/player.h"
#include "app/stream.h"
#include "base/arena.h"
#include "correlate/clock.h"
#include "correlate/correlator.h"
#include "detect/pick.h"

/* An event in the log of its partition. */
struct logged {
    struct str json;
    int64_t t_ms;
    bool is_history, is_late;
    uint32_t *rules; /* that matched it, by number */
    size_t n_rules;
};

struct partition {
    struct logged *log;
    size_t n, cap;
    uint64_t position;  /* behind the last event that was handed on */
    uint64_t committed; /* the same, published */
    uint64_t tick, committed_tick;
};

/* A record that came out. */
struct come {
    uint32_t rule;
    enum finding_activity activity;
    enum finding_cause cause;
    uint8_t uid[16];
    uint64_t sequence, hits;
    bool is_braked, is_flood, is_pending;
    bool is_dropped; /* was never published */
    bool is_history; /* player_forget() */
    struct str document;
};

/* What a finding may name as the event that completed it. */
struct batch_event {
    uint32_t partition, index;
    uint64_t offset;
    struct str record;
    const struct profile *profile;
    int64_t t_ms;
    bool is_standin;
};

struct arrival {
    uint32_t partition;
    size_t offset;
};

struct player {
    struct player_options options;
    struct rule_book own_book; /* unless the options have one */
    const struct rule_book *book;
    struct rule *const *rules;
    size_t n_rules;
    struct engine_options engine_options;
    struct engine *engine;
    struct state state;
    struct correlator *correlator;
    struct clock *clock;
    struct clock *applied, *committed; /* as it was when the last batch was applied, published */
    struct picker picker;
    struct stream *stream;
    struct alert_writer *writer;
    struct arena *arena;
    struct origin_input inputs[PLAYER_PARTITIONS_MAX];
    struct partition partitions[PLAYER_PARTITIONS_MAX];
    struct store_part parts[PLAYER_PARTITIONS_MAX];
    struct store_at *last; /* [levels][partitions][STORE_SHARDS] */
    struct store_run run;
    uint32_t at; /* partition of the event at hand */
    uint64_t position;
    struct batch_event *batch; /* events of the batch that mean something */
    uint32_t n_batch, cap_batch;
    struct arrival *arrivals; /* every event, in the order they first came */
    size_t n_arrivals, cap_arrivals;
    int64_t clock_ms;              /* player_clock() */
    int64_t arrives_ms;            /* player_arrives(); INT64_MIN: not said */
    int64_t watermark_ms, told_ms; /* told_ms: by player_time() */
    bool is_first;                 /* after a start: all shards are asked */

    struct come *come;
    size_t n_come, cap_come;
    uint64_t *rule_matches; /* by rule */
    uint64_t dedup_hits, late_before;
    struct player_counts history; /* what was counted until player_forget() */
};

#endif

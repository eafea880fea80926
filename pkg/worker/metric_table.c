/* metric_table.c - the table of metrics, and the page that is made of it. */
#include "worker/metric_table.h"

#include "base/str.h"
#include "worker/config.h"
#include "worker/dead_letter.h"

const uint32_t METRIC_BUCKET_MS[METRIC_BUCKETS] = {
    5, 10, 25, 50, 100, 150, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000, 300000};

static const char *stage_name(uint32_t i)
{
    static const char *const names[] = {"fetch", "match", "apply", "write", "commit"};

    return names[i];
}

static const char *topic_name(uint32_t i)
{
    static const char *const names[CONFIG_TOPICS] = {
        [TOPIC_ALERTS] = "alerts", [TOPIC_LIFECYCLE] = "lifecycle",       [TOPIC_SHADOW] = "shadow",
        [TOPIC_HEALTH] = "health", [TOPIC_DEAD_LETTERS] = "dead_letters", [TOPIC_STATE] = "state",
    };

    return names[i];
}

const char *metric_pause_name(uint32_t pause)
{
    static const char *const names[PAUSES] = {"none", "alignment", "state", "group", "recovery"};

    ASSERT(pause < PAUSES);
    return names[pause];
}

#define COUNT(metric, text, meaning)                                             \
    {                                                                            \
        .name = (text), .type = METRIC_COUNTER, .labels = "", .help = (meaning), \
        .source = FROM_COUNTER, .id = (metric)                                   \
    }
#define COUNT_BY(metric, text, label, values, names, meaning)                         \
    {                                                                                 \
        .name = (text), .type = METRIC_COUNTER, .labels = (label), .help = (meaning), \
        .source = FROM_COUNTER, .id = (metric), .n = (values), .value_name = (names)  \
    }
#define LANE(gauge, text, meaning)                                                 \
    {                                                                              \
        .name = (text), .type = METRIC_GAUGE, .labels = "lane", .help = (meaning), \
        .source = FROM_GAUGE, .id = (gauge)                                        \
    }
#define TIMES(histogram, text, meaning)                                            \
    {                                                                              \
        .name = (text), .type = METRIC_HISTOGRAM, .labels = "", .help = (meaning), \
        .source = FROM_HISTOGRAM, .id = (histogram)                                \
    }
#define OTHER(kind, from, which, text, label, meaning)                                          \
    {                                                                                           \
        .name = (text), .type = (kind), .labels = (label), .help = (meaning), .source = (from), \
        .id = (which)                                                                           \
    }
#define PARTITION(which, text, meaning) \
    OTHER(METRIC_GAUGE, FROM_PARTITION, which, text, "topic,partition,lane", meaning)
#define BOARD(kind, which, text, label, meaning) \
    OTHER(kind, FROM_BOARD, which, text, label, meaning)

static const struct metric_spec specs[] = {
    /* in */
    COUNT(METRIC_RECORDS, "weir_records_total", "Records read from the inputs."),
    COUNT(METRIC_BYTES, "weir_record_bytes_total", "Bytes of the values of those records."),
    COUNT(METRIC_EVENTS, "weir_events_total", "Events in them, after unwrapping."),
    COUNT(METRIC_EVENTS_UNKNOWN, "weir_events_unknown_total",
          "Events that no profile recognised: they see every rule."),
    OTHER(METRIC_COUNTER, FROM_PROFILE, PROFILE_EVENTS, "weir_profile_events_total", "profile",
          "Events by the profile that recognised them; \"unknown\": none did."),
    OTHER(METRIC_GAUGE, FROM_PROFILE, PROFILE_SILENCE, "weir_profile_silence_seconds", "profile",
          "Time since the last event of a profile that has had some."),
    OTHER(METRIC_GAUGE, FROM_INPUT, 0, "weir_input_silence_seconds", "topic",
          "Time since the last record of a topic, over the partitions that are read here."),
    {.name = "weir_dead_letters_total",
     .type = METRIC_COUNTER,
     .labels = "reason",
     .help = "Records that gave no event, by reason.",
     .source = FROM_COUNTER,
     .id = METRIC_DEAD_LETTERS,
     .n = DEAD_REASONS,
     .from = EVENT_OK + 1,
     .value_name = dead_reason_name},
    COUNT(METRIC_LATE, "weir_late_total",
          "Events that came behind the watermark: matched, but not counted by rules with state."),
    COUNT(METRIC_TIME_STANDINS, "weir_time_standins_total",
          "Events without a time of their own, which got the record's."),
    COUNT(METRIC_TIME_CLAMPED, "weir_time_clamped_total",
          "Events whose time lay in the future and was drawn back."),
    COUNT(METRIC_GAPS, "weir_gap_offsets_total",
          "Offsets that had left the log before they were read."),
    /* rules */
    COUNT(METRIC_MATCHES, "weir_matches_total", "Matches of events with rules."),
    OTHER(METRIC_COUNTER, FROM_RULE, RULE_MATCHES, "weir_rule_matches_total", "rule",
          "Matches of a rule."),
    OTHER(METRIC_COUNTER, FROM_RULE, RULE_FINDINGS, "weir_rule_findings_total", "rule",
          "New findings of a rule that were published."),
    OTHER(METRIC_COUNTER, FROM_RULE, RULE_EVALUATIONS, "weir_rule_evaluations_sampled_total",
          "rule", "Evaluations of a rule in the sampled batches (one in 64)."),
    OTHER(
        METRIC_COUNTER, FROM_RULE, RULE_COST, "weir_rule_cost_seconds_total", "rule",
        "CPU time of a rule's evaluations, estimated from the sampled batches; outliers bounded."),
    OTHER(METRIC_GAUGE, FROM_RULE, RULE_BLIND, "weir_rule_blind", "rule,reason",
          "1: the rule cannot match what comes. no_source: no event that it may see; no_field: its "
          "sources lack the fields it needs."),
    OTHER(METRIC_GAUGE, FROM_RULE, RULES_BLIND, "weir_rules_blind", "reason",
          "How many rules are blind."),
    COUNT(METRIC_BRAKED, "weir_braked_total",
          "New findings beyond a rule's brake: they went to the lifecycle topic."),
    /* out */
    COUNT_BY(METRIC_ALERTS, "weir_published_total", "topic", CONFIG_TOPICS, topic_name,
             "Records published in committed transactions, by kind of topic."),
    COUNT(METRIC_ALERTS_CUT, "weir_alerts_cut_total",
          "Alert documents that were cut to the size limit."),
    COUNT(METRIC_BACKFILL, "weir_backfill_total",
          "Alerts of events older than alert_age_max (is_alert false, label backfill)."),
    TIMES(METRIC_ALERT_LATENCY, "weir_alert_latency_seconds",
          "From the time of the record that completed a finding to the commit of its alert."),
    /* batches and transactions */
    COUNT(METRIC_BATCHES, "weir_batches_total", "Batches that were committed."),
    {.name = "weir_stage_seconds_total",
     .type = METRIC_COUNTER,
     .labels = "stage",
     .help = "Time spent per stage. fetch and match: the readers; apply, write, commit: the lanes.",
     .source = FROM_COUNTER,
     .id = METRIC_STAGE_FETCH_NS,
     .n = METRIC_STAGE_COMMIT_NS - METRIC_STAGE_FETCH_NS + 1,
     .value_name = stage_name,
     .is_row = true,
     .is_ns = true},
    COUNT(METRIC_TRANSACTIONS, "weir_transactions_total", "Transactions committed."),
    COUNT(METRIC_TRANSACTIONS_ABORTED, "weir_transactions_aborted_total",
          "Transactions aborted: their batches were done again."),
    TIMES(METRIC_COMMIT_TIME, "weir_transaction_seconds", "From begin to commit."),
    COUNT(METRIC_PRODUCERS_RENEWED, "weir_producers_renewed_total",
          "Producers replaced, since a request of theirs may still have been on its way."),
    COUNT(METRIC_REBALANCES, "weir_rebalances_total", "Assignments of partitions by the group."),
    /* where we are */
    PARTITION(PARTITION_COMMITTED, "weir_partition_committed_offset",
              "Next offset, as the group has it: committed by this worker, or before."),
    PARTITION(PARTITION_END, "weir_partition_end_offset", "End of the log as last heard."),
    PARTITION(PARTITION_LAG, "weir_partition_lag_records",
              "Records between the committed offset and the end."),
    PARTITION(PARTITION_WATERMARK, "weir_partition_watermark_timestamp_seconds",
              "Event time that the partition has reached."),
    OTHER(METRIC_GAUGE, FROM_LEVEL, LEVEL_WATERMARK, "weir_level_watermark_timestamp_seconds",
          "level", "Event time that rules with state of a level have reached, over the group."),
    OTHER(METRIC_GAUGE, FROM_LEVEL, LEVEL_HOLDER, "weir_level_holder", "level,topic,partition",
          "1: the partition that holds the level's watermark back; topic empty: another worker's."),
    {.name = "weir_paused_seconds_total",
     .type = METRIC_COUNTER,
     .labels = "reason",
     .help = "Time in which partitions were not read, by reason.",
     .source = FROM_COUNTER,
     .id = METRIC_PAUSED_NS,
     .n = PAUSES,
     .from = PAUSE_NONE + 1,
     .value_name = metric_pause_name,
     .is_ns = true},
    BOARD(METRIC_GAUGE, BOARD_PAUSED, "weir_paused_lanes", "reason",
          "Lanes that do not read now, by reason."),
    /* state */
    COUNT(METRIC_STATE_OPERATIONS, "weir_state_operations_total", "Operations on the state."),
    COUNT(METRIC_STATE_ERRORS, "weir_state_errors_total",
          "Calls of the store that failed: out of reach, refused."),
    COUNT(METRIC_STATE_FENCED, "weir_state_fenced_total",
          "Answers of the store that another owner, lost writes or another run stood behind."),
    COUNT(METRIC_STATE_EVICTED, "weir_state_evicted_total",
          "Cells that were given up for want of room."),
    COUNT(METRIC_STATE_TIMERS_ASIDE, "weir_state_timers_set_aside_total",
          "Due timers of rules that this worker does not have, set aside for who does."),
    COUNT(METRIC_STATE_TIMERS_BACK, "weir_state_timers_taken_back_total",
          "Timers of this worker's rules that others had set aside."),
    TIMES(METRIC_STATE_TIME, "weir_state_call_seconds", "One call of the store."),
    COUNT(METRIC_RECOVERIES, "weir_recoveries_total", "Recoveries of the state by this worker."),
    COUNT(METRIC_REPLAYED, "weir_replayed_records_total", "Records read again to rebuild state."),
    LANE(GAUGE_RECOVERING, "weir_lane_recovering", "1: a recovery is going on."),
    /* the worker */
    BOARD(METRIC_GAUGE, BOARD_READY, "weir_ready", "",
          "1: every lane has a rule set, is in the group, and its store obeys."),
    LANE(GAUGE_HAS_RULES, "weir_lane_has_rules", "1: the lane has a rule set."),
    LANE(GAUGE_JOINED, "weir_lane_joined", "1: the group has given the lane its partitions."),
    LANE(GAUGE_STATE_OK, "weir_lane_state_ok", "1: the lane's store obeys."),
    LANE(GAUGE_SLOT, "weir_lane_slot", "Number of the lane in its group."),
    LANE(GAUGE_RULESET, "weir_lane_ruleset_number", "Number of the rule set that the lane uses."),
    BOARD(METRIC_GAUGE, BOARD_BEAT_AGE, "weir_lane_beat_age_seconds", "lane,thread",
          "Time since the thread's last turn; -1: none yet."),
    BOARD(METRIC_GAUGE, BOARD_LANES, "weir_lanes", "", "Lanes of this worker."),
    BOARD(METRIC_GAUGE, BOARD_RULESET, "weir_ruleset_info", "generation",
          "1: the newest rule set, by its hash."),
    BOARD(METRIC_GAUGE, BOARD_RULESET_NUMBER, "weir_ruleset_number", "",
          "Number of the newest rule set in this process."),
    BOARD(METRIC_GAUGE, BOARD_RULESET_RULES, "weir_ruleset_rules", "", "Rules in it."),
    BOARD(METRIC_GAUGE, BOARD_RULESET_LOADED, "weir_ruleset_loaded_timestamp_seconds", "",
          "When it was loaded."),
    BOARD(METRIC_GAUGE, BOARD_RULESETS, "weir_rulesets", "",
          "Rule sets that are still in use here."),
    TIMES(METRIC_RULES_TIME, "weir_ruleset_taken_seconds",
          "Time for which a reader or a lane stood still to take a new rule set."),
    BOARD(METRIC_COUNTER, BOARD_RELOADS, "weir_reloads_total", "result",
          "Reloads of the rules: ok, failed (the old set stays)."),
    BOARD(METRIC_GAUGE, BOARD_BUILD, "weir_build_info", "version", "1: the running version."),
    BOARD(METRIC_GAUGE, BOARD_WORKER, "weir_worker_info", "worker,group",
          "1: name of the worker and its group."),
    BOARD(METRIC_GAUGE, BOARD_MEMORY, "weir_process_resident_memory_bytes", "",
          "Memory of the process, with what is free in it: what librdkafka's answers and a reload "
          "took "
          "for a moment stays with the C library."),
    BOARD(METRIC_GAUGE, BOARD_ALLOCATED, "weir_process_allocated_bytes", "",
          "Memory that is in use: what was asked for and not given back. A leak shows here."),
    BOARD(METRIC_COUNTER, BOARD_CPU, "weir_process_cpu_seconds_total", "",
          "CPU time of the process."),
    BOARD(METRIC_GAUGE, BOARD_START, "weir_process_start_timestamp_seconds", "",
          "When the worker started."),
};

const struct metric_spec *metric_specs(size_t *n)
{
    *n = ARRAY_LEN(specs);
    return specs;
}

const char *metric_type_name(enum metric_type type)
{
    static const char *const names[] = {"counter", "gauge", "histogram"};

    return names[type];
}

void metric_document(struct buf *out)
{
    buf_add(out,
            STR("# Metrics of a worker\n\n"
                "`GET /metrics` of `weir run`, in Prometheus' text format. Made by `weir status "
                "--list-metrics` (`make docs-metrics`)\nfrom pkg/worker/metric_table.c: change "
                "it there. Rules are named by their uid. Series of rules go on over a reload\n"
                "by uid; those of partitions are there while the worker has the partition.\n\n"
                "| metric | type | labels | meaning |\n|---|---|---|---|\n"));
    for (size_t i = 0; i < ARRAY_LEN(specs); i++)
        buf_printf(out, "| `%s` | %s | %s | %s |\n", specs[i].name, metric_type_name(specs[i].type),
                   specs[i].labels, specs[i].help);
}

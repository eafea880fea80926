/* test_metric.c - what is counted, and the text that Prometheus reads. */
#include "worker/metric.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/arena.h"
#include "tests/lib/board_sample.h"
#include "tests/lib/test.h"
#include "worker/dead_letter.h"
#include "worker/metric_table.h"

static int64_t fixed_now(void *context)
{
    return context ? *(int64_t *)context : SAMPLE_NOW_MS;
}

static struct metric_board *new_board(size_t n_lanes)
{
    return metric_board_new(&(struct metric_options){.n_lanes = n_lanes, .now_ms = fixed_now});
}

/* The line is in the text, whole. */
static bool has_line(struct metric_board *b, const char *line)
{
    struct buf text = {0}, want = {0};

    buf_add_char(&text, '\n');
    metric_text(b, &text);
    buf_printf(&want, "\n%s\n", line);
    bool has = str_find(buf_str(&text), buf_str(&want), 0) != SIZE_MAX;
    if (!has)
        print_error("not in the text: %s\n", line);
    buf_release(&text);
    buf_release(&want);
    return has;
}

static bool has_text(struct metric_board *b, const char *part)
{
    struct buf text = {0};

    metric_text(b, &text);
    bool has = str_find(buf_str(&text), str_from(part), 0) != SIZE_MAX;
    buf_release(&text);
    return has;
}

static void give_rules(struct metric_board *b, uint64_t number, const char *const *uids, size_t n)
{
    struct str rules[8];
    const struct str profiles[] = {STR("p")};

    for (size_t i = 0; i < n; i++)
        rules[i] = str_from(uids[i]);
    metric_set_rules(b, &(struct metric_ruleset){.number = number,
                                                 .generation = STR("g"),
                                                 .rules = rules,
                                                 .n_rules = n,
                                                 .profiles = profiles,
                                                 .n_profiles = 1});
}

TEST(every_family_of_the_table_has_a_value_in_the_sample)
{
    struct metric_board *b = board_sample();
    size_t n;
    const struct metric_spec *specs = metric_specs(&n);
    struct buf text = {0}, want = {0};

    metric_text(b, &text);
    for (size_t i = 0; i < n; i++) {
        buf_clear(&want);
        buf_printf(&want, "\n%s%s", specs[i].name,
                   specs[i].type == METRIC_HISTOGRAM ? "_bucket{"
                   : specs[i].labels[0]              ? "{"
                                                     : " ");
        if (str_find(buf_str(&text), buf_str(&want), 0) == SIZE_MAX)
            print_error("no value: %s\n", specs[i].name);
        CHECK(str_find(buf_str(&text), buf_str(&want), 0) != SIZE_MAX);
        CHECK(str_starts(str_from(specs[i].name), STR("weir_")));
        CHECK(str_ends(str_from(specs[i].name), STR("_total")) ==
              (specs[i].type == METRIC_COUNTER));
    }
    buf_release(&text);
    buf_release(&want);
    metric_board_free(b);
}

TEST(names_of_the_table_are_unique)
{
    size_t n;
    const struct metric_spec *specs = metric_specs(&n);

    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++)
            CHECK(!str_eq(str_from(specs[i].name), str_from(specs[k].name)));
}

TEST(every_counter_is_shown)
{
    size_t n;
    const struct metric_spec *specs = metric_specs(&n);
    bool is_shown[METRICS] = {0};

    for (size_t i = 0; i < n; i++)
        for (uint32_t k = 0;
             specs[i].source == FROM_COUNTER && k < 1 + (specs[i].is_row ? specs[i].n - 1 : 0); k++)
            is_shown[specs[i].id + k] = true;
    for (size_t m = 0; m < METRICS; m++)
        CHECK(is_shown[m]);
}

TEST(values_stand_with_their_labels_and_units)
{
    static const char *const lines[] = {
        "weir_records_total 20",
        "weir_dead_letters_total{reason=\"not_json\"} 14",
        "weir_stage_seconds_total{stage=\"fetch\"} 0.000000074",
        "weir_partition_lag_records{topic=\"a\",partition=\"1\",lane=\"1\"} 49",
        "weir_partition_committed_offset{topic=\"a\",partition=\"0\",lane=\"0\"} 100",
        ("weir_partition_watermark_timestamp_seconds{topic=\"a\",partition=\"0\",lane=\"0\"} "
         "1767225595.000"),
        "weir_input_silence_seconds{topic=\"a\"} 0.250",
        "weir_input_silence_seconds{topic=\"b\"} 0.000",
        "weir_level_watermark_timestamp_seconds{level=\"0\"} 1767225595.000",
        "weir_level_holder{level=\"0\",topic=\"a\",partition=\"0\"} 1",
        "weir_level_holder{level=\"1\",topic=\"\",partition=\"\"} 1",
        "weir_rule_matches_total{rule=\"r-1\"} 2",
        "weir_rule_matches_total{rule=\"r-2\"} 0",
        "weir_rule_matches_total{rule=\"a\\\"b\\\\c\\nd\xef\xbf\xbd.yml#0\"} 0",
        "weir_rule_findings_total{rule=\"r-1\"} 2",
        "weir_rule_evaluations_sampled_total{rule=\"r-1\"} 6",
        "weir_rule_blind{rule=\"r-2\",reason=\"no_source\"} 1",
        "weir_rules_blind{reason=\"no_field\"} 1",
        "weir_profile_events_total{profile=\"k8s-audit\"} 10",
        "weir_profile_events_total{profile=\"unknown\"} 4",
        "weir_profile_silence_seconds{profile=\"k8s-audit\"} 3.000",
        "weir_ruleset_info{generation=\"0123456789abcdef\"} 1",
        "weir_reloads_total{result=\"failed\"} 1",
        "weir_build_info{version=\"1.2.3\"} 1",
        "weir_worker_info{worker=\"w-1\",group=\"g\"} 1",
        "weir_lane_beat_age_seconds{lane=\"1\",thread=\"reader\"} 2.000",
        "weir_ready 1",
    };
    struct metric_board *b = board_sample();

    for (size_t i = 0; i < ARRAY_LEN(lines); i++)
        CHECK(has_line(b, lines[i]));
    CHECK(!has_text(b, "weir_partition_lag_records{topic=\"b\""));
    CHECK(!has_text(b, "weir_rule_blind{rule=\"r-1\""));
    CHECK(!has_text(b, "weir_profile_events_total{profile=\"sysmon\""));
    metric_board_free(b);
}

static int64_t allocated(struct metric_board *b)
{
    static const char name[] = "\nweir_process_allocated_bytes ";
    struct buf text = {0};

    metric_text(b, &text);
    buf_add_char(&text, '\0');
    const char *at = strstr(text.p, name);
    int64_t n = at ? strtoll(at + strlen(name), NULL, 10) : -1;
    buf_release(&text);
    return n;
}

TEST(what_is_in_use_is_told_until_it_is_given_back)
{
    enum { BLOCK = 1 << 20, OTHERS = 1 << 16 };
    struct metric_board *b = board_sample();
    int64_t before = allocated(b);
    char *volatile block = malloc(BLOCK);
    struct arena *arena = arena_new(ARENA_HUGE_BLOCK);
    int64_t with = allocated(b);

    free(block);
    arena_free(arena);
    int64_t after = allocated(b);
    CHECK(before >= 0);
    if (!TEST_IS_SANITIZED) { /* their malloc says nothing */
        CHECK(before > 0);
        CHECK(with - before >= BLOCK + ARENA_HUGE_BLOCK);
        CHECK(with - before < BLOCK + ARENA_HUGE_BLOCK + OTHERS);
        CHECK(after - before < OTHERS && before - after < OTHERS);
    }
    metric_board_free(b);
}

TEST(a_histogram_is_cumulative_and_its_bounds_belong_to_their_buckets)
{
    struct metric_board *b = new_board(1);
    struct metric_lane *l = metric_lane(b, 0);

    metric_latency(l, 5); /* the bound itself is inside */
    metric_latency(l, 6);
    metric_latency(metric_reader(b, 0), 300000);
    metric_latency(l, 300001);
    metric_latency(l, UINT64_MAX); /* a record from before all time */
    CHECK(has_line(b, "weir_alert_latency_seconds_bucket{le=\"0.005\"} 1"));
    CHECK(has_line(b, "weir_alert_latency_seconds_bucket{le=\"0.01\"} 2"));
    CHECK(has_line(b, "weir_alert_latency_seconds_bucket{le=\"60\"} 2"));
    CHECK(has_line(b, "weir_alert_latency_seconds_bucket{le=\"300\"} 3"));
    CHECK(has_line(b, "weir_alert_latency_seconds_bucket{le=\"+Inf\"} 5"));
    CHECK(has_line(b, "weir_alert_latency_seconds_count 5"));
    metric_board_free(b);
}

enum { THREADS = 4, ROUNDS = 20000 };

static void *count_away(void *context)
{
    for (unsigned i = 0; i < ROUNDS; i++) {
        metric_add(context, METRIC_EVENTS, 3);
        metric_rule_match(context, i % 2);
        metric_time(context, METRIC_STATE_TIME, 1000);
    }
    return NULL;
}

TEST(threads_count_side_by_side_and_nothing_is_lost)
{
    static const char *const uids[] = {"x", "y"};
    struct metric_board *b = new_board(THREADS);
    pthread_t threads[THREADS];
    struct buf text = {0};

    give_rules(b, 1, uids, 2);
    for (size_t i = 0; i < THREADS; i++) {
        metric_use_rules(metric_lane(b, i), 1);
        CHECK_EQ(pthread_create(&threads[i], NULL, count_away, metric_lane(b, i)), 0);
    }
    for (unsigned i = 0; i < 20; i++) { /* while they run */
        buf_clear(&text);
        metric_text(b, &text);
    }
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    CHECK(has_line(b, "weir_events_total 240000"));
    CHECK(has_line(b, "weir_rule_matches_total{rule=\"y\"} 40000"));
    CHECK(has_line(b, "weir_state_call_seconds_count 80000"));
    buf_release(&text);
    metric_board_free(b);
}

TEST(counts_of_a_rule_go_on_over_a_reload_by_uid)
{
    static const char *const first[] = {"a", "b", "c"}, *const second[] = {"c", "n", "a"},
                             *const third[] = {"a"};
    struct metric_board *b = new_board(1);
    struct metric_lane *l = metric_lane(b, 0), *r = metric_reader(b, 0);

    give_rules(b, 1, first, 3);
    metric_use_rules(l, 1);
    metric_use_rules(r, 1);
    metric_rule_match(r, 0);
    metric_rule_match(r, 1);
    metric_rule_match(r, 2);
    metric_rule_match(r, 2);
    metric_profile(r, 0, 5, SAMPLE_NOW_MS);
    give_rules(b, 2, second, 3); /* announced, not taken: the reader still counts by the first */
    metric_rule_match(r, 0);
    CHECK(has_line(b, "weir_rule_matches_total{rule=\"a\"} 2"));
    CHECK(has_line(b, "weir_rule_matches_total{rule=\"c\"} 2"));
    CHECK(has_line(b, "weir_rule_matches_total{rule=\"n\"} 0"));
    CHECK(!has_text(b, "weir_rule_matches_total{rule=\"b\"}"));
    CHECK(has_line(b, "weir_rulesets 2"));
    metric_use_rules(r, 2);
    metric_rule_match(r, 0);
    metric_profile(r, 0, 5, SAMPLE_NOW_MS);
    CHECK(has_line(b, "weir_rulesets 2")); /* the lane has not moved */
    metric_use_rules(l, 2);
    CHECK(has_line(b, "weir_rulesets 1"));
    CHECK(has_line(b, "weir_rule_matches_total{rule=\"c\"} 3"));
    CHECK(has_line(b, "weir_rule_matches_total{rule=\"a\"} 2"));
    CHECK(has_line(b, "weir_profile_events_total{profile=\"p\"} 10"));
    /* Two reloads at once: what nobody has taken in between loses nothing either. */
    give_rules(b, 3, first, 3);
    give_rules(b, 4, third, 1);
    metric_use_rules(r, 4);
    metric_use_rules(l, 4);
    CHECK(has_line(b, "weir_rule_matches_total{rule=\"a\"} 2"));
    CHECK(has_line(b, "weir_rulesets 1"));
    metric_board_free(b);
}

TEST(what_a_rule_can_see_is_judged_anew_by_each_set)
{
    static const char *const uids[] = {"a"};
    struct metric_board *b = new_board(1);
    struct metric_lane *r = metric_reader(b, 0), *l = metric_lane(b, 0);

    give_rules(b, 1, uids, 1);
    metric_use_rules(r, 1);
    metric_use_rules(l, 1);
    metric_rule_use(r, 0, &(struct metric_rule_use){.sight = SIGHT_NO_FIELD});
    CHECK(has_line(b, "weir_rule_blind{rule=\"a\",reason=\"no_field\"} 1"));
    metric_rule_use(l, 0, &(struct metric_rule_use){.sight = SIGHT_SEES}); /* another sees it */
    CHECK(has_line(b, "weir_rules_blind{reason=\"no_field\"} 0"));
    metric_rule_use(l, 0, &(struct metric_rule_use){.sight = SIGHT_NO_SOURCE});
    CHECK(has_line(b, "weir_rules_blind{reason=\"no_source\"} 0")); /* another engine of it */
    give_rules(b, 2, uids, 1);
    CHECK(has_line(b, "weir_rules_blind{reason=\"no_field\"} 0"));
    metric_board_free(b);
}

TEST(rules_of_one_uid_are_one_series)
{
    static const char *const uids[] = {"same", "other", "same"};
    struct metric_board *b = new_board(1);
    struct metric_lane *r = metric_reader(b, 0);
    struct buf text = {0};

    give_rules(b, 1, uids, 3);
    metric_use_rules(r, 1);
    metric_rule_match(r, 0);
    metric_rule_match(r, 2);
    CHECK(has_line(b, "weir_rule_matches_total{rule=\"same\"} 2"));
    metric_text(b, &text);
    size_t at = str_find(buf_str(&text), STR("weir_rule_matches_total{rule=\"same\"}"), 0);
    CHECK(str_find(buf_str(&text), STR("weir_rule_matches_total{rule=\"same\"}"), at + 1) ==
          SIZE_MAX);
    buf_release(&text);
    metric_board_free(b);
}

TEST(a_set_may_be_taken_before_it_is_announced)
{
    static const char *const uids[] = {"a"};
    struct metric_board *b = new_board(1);
    struct metric_lane *l = metric_lane(b, 0), *r = metric_reader(b, 0);

    metric_use_rules(r, 1);
    metric_rule_match(r, 0); /* not counted by rule: nobody knows it */
    give_rules(b, 1, uids, 1);
    metric_use_rules(l, 1);
    metric_rule_match(r, 0);
    CHECK(has_line(b, "weir_rule_matches_total{rule=\"a\"} 1"));
    metric_use_rules(r, 2);
    metric_use_rules(l, 2);
    CHECK(has_line(b, "weir_rulesets 1")); /* the newest that is known stays */
    give_rules(b, 2, uids, 1);
    metric_rule_match(r, 0);
    CHECK(has_line(b, "weir_rule_matches_total{rule=\"a\"} 2"));
    CHECK(has_line(b, "weir_rulesets 1"));
    metric_board_free(b);
}

TEST(a_late_taker_of_an_old_set_counts_nothing_by_rule)
{
    static const char *const uids[] = {"a"};
    struct metric_board *b = new_board(1);
    struct metric_lane *l = metric_lane(b, 0), *r = metric_reader(b, 0);

    metric_rule_match(r, 0); /* before there are rules */
    metric_profile(r, METRIC_NO_PROFILE, 1, SAMPLE_NOW_MS);
    give_rules(b, 1, uids, 1);
    give_rules(b, 2, uids, 1);
    metric_use_rules(l, 2);
    CHECK(has_line(b, "weir_rulesets 1"));
    metric_use_rules(r, 1); /* gone: nobody else had it */
    metric_rule_match(r, 0);
    CHECK(has_line(b, "weir_rule_matches_total{rule=\"a\"} 0"));
    metric_use_rules(r, 2);
    metric_rule_match(r, 0);
    metric_rule_match(r, 7); /* no such rule */
    CHECK(has_line(b, "weir_rule_matches_total{rule=\"a\"} 1"));
    metric_board_free(b);
}

TEST(partitions_come_and_go)
{
    const struct metric_owned two[] = {{"t", 1}, {"t", 2}}, one[] = {{"t", 3}};
    struct metric_board *b = new_board(1);
    struct metric_lane *l = metric_lane(b, 0);

    metric_partitions(l, two, 2);
    CHECK(!has_text(b, "\nweir_partition_end_offset{")); /* nothing is known yet */
    metric_partition_committed(l, 0, 7);                 /* by whoever had it before */
    metric_partition_committed(l, 2, 7);                 /* no such partition */
    CHECK(!has_text(b, "\nweir_partition_lag_records{"));
    metric_partition_end(l, 0, 10);
    CHECK(has_line(b, "weir_partition_lag_records{topic=\"t\",partition=\"1\",lane=\"0\"} 3"));
    metric_partition(l, 0, &(struct metric_place){9, INT64_MAX, 0});
    CHECK(has_line(b, "weir_partition_lag_records{topic=\"t\",partition=\"1\",lane=\"0\"} 1"));
    metric_partition(l, 1, &(struct metric_place){5, INT64_MAX, 0});
    metric_partition_end(l, 1, 3);
    metric_level(l, 0, 1, 1);
    CHECK(has_line(b, "weir_partition_lag_records{topic=\"t\",partition=\"2\",lane=\"0\"} 0"));
    metric_partition_end(l, 1, 9); /* and nothing is committed meanwhile */
    metric_partition_end(l, 2, 9); /* no such partition */
    CHECK(has_line(b, "weir_partition_lag_records{topic=\"t\",partition=\"2\",lane=\"0\"} 4"));
    CHECK(has_line(b, "weir_level_holder{level=\"0\",topic=\"t\",partition=\"2\"} 1"));
    metric_partitions(l, one, 1);
    CHECK(!has_text(b, "partition=\"2\""));
    CHECK(has_line(b, "weir_level_holder{level=\"0\",topic=\"\",partition=\"\"} 1"));
    metric_partitions(l, NULL, 0);
    CHECK(!has_text(b, "\nweir_input_silence_seconds{"));
    metric_board_free(b);
}

TEST(a_lane_is_ready_when_all_three_are_so)
{
    static const enum metric_gauge needs[] = {GAUGE_HAS_RULES, GAUGE_JOINED, GAUGE_STATE_OK};
    struct metric_board *b = new_board(2);

    for (size_t i = 0; i < ARRAY_LEN(needs); i++) {
        CHECK(has_line(b, "weir_ready 0"));
        metric_set(metric_lane(b, 0), needs[i], 1);
        metric_set(metric_lane(b, 1), needs[i], 1);
    }
    CHECK(has_line(b, "weir_ready 1"));
    metric_set(metric_lane(b, 1), GAUGE_STATE_OK, 0);
    CHECK(has_line(b, "weir_ready 0"));
    metric_board_free(b);
}

TEST(a_pause_has_a_reason)
{
    struct metric_board *b = new_board(2);

    metric_pause(metric_reader(b, 0), PAUSE_ALIGN);
    metric_pause(metric_lane(b, 1), PAUSE_STATE);
    CHECK(has_line(b, "weir_paused_lanes{reason=\"alignment\"} 1"));
    CHECK(has_line(b, "weir_paused_lanes{reason=\"state\"} 1"));
    CHECK(has_line(b, "weir_paused_lanes{reason=\"group\"} 0"));
    CHECK(has_line(b, "weir_paused_seconds_total{reason=\"state\"} 0.000000000"));
    metric_beat(metric_lane(b, 1), SAMPLE_NOW_MS); /* counted while it goes on */
    CHECK(!has_text(b, "weir_paused_seconds_total{reason=\"state\"} 0.000000000"));
    metric_pause(metric_reader(b, 0), PAUSE_NONE); /* and when it is over */
    CHECK(!has_text(b, "weir_paused_seconds_total{reason=\"alignment\"} 0.000000000"));
    CHECK(has_line(b, "weir_paused_lanes{reason=\"alignment\"} 0"));
    CHECK(!has_text(b, "reason=\"none\""));
    metric_board_free(b);
}

TEST(every_reason_of_dead_letters_has_a_name_of_its_own)
{
    for (uint32_t i = 0; i < DEAD_REASONS; i++)
        for (uint32_t k = 0; k < i; k++)
            CHECK(strcmp(dead_reason_name(i), dead_reason_name(k)) != 0);
}

TEST_MAIN(ENTRY(every_family_of_the_table_has_a_value_in_the_sample),
          ENTRY(names_of_the_table_are_unique), ENTRY(every_counter_is_shown),
          ENTRY(values_stand_with_their_labels_and_units),
          ENTRY(what_is_in_use_is_told_until_it_is_given_back),
          ENTRY(a_histogram_is_cumulative_and_its_bounds_belong_to_their_buckets),
          ENTRY(threads_count_side_by_side_and_nothing_is_lost),
          ENTRY(counts_of_a_rule_go_on_over_a_reload_by_uid),
          ENTRY(what_a_rule_can_see_is_judged_anew_by_each_set),
          ENTRY(rules_of_one_uid_are_one_series), ENTRY(a_set_may_be_taken_before_it_is_announced),
          ENTRY(a_late_taker_of_an_old_set_counts_nothing_by_rule), ENTRY(partitions_come_and_go),
          ENTRY(a_lane_is_ready_when_all_three_are_so), ENTRY(a_pause_has_a_reason),
          ENTRY(every_reason_of_dead_letters_has_a_name_of_its_own))

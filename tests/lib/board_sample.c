/* board_sample.c - see the header. */
#include "tests/lib/board_sample.h"

#include "base/str.h"

static int64_t sample_now(UNUSED void *context)
{
    return SAMPLE_NOW_MS;
}

static void sample_lane(struct metric_board *b, uint32_t i)
{
    struct metric_lane *l = metric_lane(b, i), *r = metric_reader(b, i);
    const struct metric_owned owned[] = {{"a", (int32_t)i}, {"b", (int32_t)i}};
    const struct metric_place places[] = {
        {100 + i, SAMPLE_NOW_MS - 5000, SAMPLE_NOW_MS - 250},
        {-1, INT64_MIN, 0},
    };

    metric_use_rules(l, 1);
    metric_use_rules(r, 1);
    metric_beat(l, SAMPLE_NOW_MS - 1000);
    metric_beat(r, SAMPLE_NOW_MS - 2000);
    metric_set(l, GAUGE_HAS_RULES, 1);
    metric_set(l, GAUGE_JOINED, 1);
    metric_set(l, GAUGE_STATE_OK, 1);
    metric_set(l, GAUGE_SLOT, i);
    metric_set(l, GAUGE_RULESET, 1);
    metric_partitions(l, owned, ARRAY_LEN(owned));
    for (size_t p = 0; p < ARRAY_LEN(places); p++)
        metric_partition(l, p, &places[p]);
    metric_partition_end(l, 0, 150);
    metric_level(l, 0, SAMPLE_NOW_MS - 5000 - i, i == 0 ? 0 : METRIC_ELSEWHERE);
    metric_level(l, 1, SAMPLE_NOW_MS - 6000, METRIC_ELSEWHERE);
    for (unsigned m = 0; m < METRICS; m++)
        metric_add(l, (enum metric)m, 10 + m);
    metric_add_by(r, METRIC_DEAD_LETTERS, 1, 7);
    metric_rule_match(r, 0);
    metric_rule_finding(l, 0);
    metric_profile(r, 1, 5, SAMPLE_NOW_MS - 3000);
    metric_profile(r, METRIC_NO_PROFILE, 2, SAMPLE_NOW_MS - 4000);
    metric_rule_use(r, 0, &(struct metric_rule_use){3, 3000, SIGHT_SEES});
    metric_rule_use(r, 1, &(struct metric_rule_use){0, 0, SIGHT_NO_SOURCE});
    metric_rule_use(r, 2, &(struct metric_rule_use){0, 0, SIGHT_NO_FIELD});
    metric_latency(l, 120);
    metric_time(l, METRIC_COMMIT_TIME, 20 * 1000000);
    metric_time(l, METRIC_STATE_TIME, 400000);
}

struct metric_board *board_sample(void)
{
    const struct str rules[] = {STR("r-1"), STR("r-2"), STR("a\"b\\c\nd\xff.yml#0")};
    const struct str profiles[] = {STR("sysmon"), STR("k8s-audit")};
    struct metric_board *b = metric_board_new(&(struct metric_options){.n_lanes = 2,
                                                                       .version = STR("1.2.3"),
                                                                       .worker = STR("w-1"),
                                                                       .group = STR("g"),
                                                                       .now_ms = sample_now});

    metric_set_rules(b, &(struct metric_ruleset){.number = 1,
                                                 .generation = STR("0123456789abcdef"),
                                                 .rules = rules,
                                                 .profiles = profiles,
                                                 .n_rules = ARRAY_LEN(rules),
                                                 .n_profiles = ARRAY_LEN(profiles),
                                                 .loaded_ms = SAMPLE_NOW_MS - 60000});
    metric_reloaded(b, true);
    metric_reloaded(b, false);
    for (uint32_t i = 0; i < 2; i++)
        sample_lane(b, i);
    return b;
}

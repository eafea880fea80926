/* metric_text.c - the board as Prometheus text: family by family in the order of the table.
 *
 * Source: Prometheus, "Exposition formats", text format 0.0.4: HELP and TYPE once before the
 * samples of a family, label values with backslash, quote and line feed escaped, buckets
 * cumulative. Label values are UTF-8: what is not becomes U+FFFD.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/utf8.h"
#include "detect/engine.h"
#include "worker/metric_impl.h"

enum { CALIBRATE_NS = 10 * 1000 * 1000 /* shorter spans say too little of the counter's speed */ };

/* One scrape. */
struct scrape {
    struct metric_board *board;
    struct buf *out;
    const struct metric_spec *spec; /* being written */
    int64_t now_ms;
    bool has_label;
    struct metric_rule_sum *rules; /* of the newest set; NULL: there is none */
    struct metric_profile_sum *profiles;
    uint64_t blind[SIGHT_SEES + 1];
};

/* ---- samples ------------------------------------------------------------------------------ */

static void begin_sample(struct scrape *s, const char *suffix)
{
    buf_add(s->out, str_from(s->spec->name));
    buf_add(s->out, str_from(suffix));
    s->has_label = false;
}

static void label_char(struct buf *out, struct str value, size_t *i)
{
    char c = value.p[*i];
    size_t n = utf8_sequence(value, *i);

    if (c == '\\' || c == '"') {
        buf_add_char(out, '\\');
        buf_add_char(out, c);
    } else if (c == '\n') {
        buf_add(out, STR("\\n"));
    } else if (n == 0) {
        buf_add(out, STR("\xef\xbf\xbd"));
    } else {
        buf_add(out, (struct str){value.p + *i, n});
    }
    *i += n ? n : 1;
}

static void label(struct scrape *s, const char *name, struct str value)
{
    buf_add_char(s->out, s->has_label ? ',' : '{');
    s->has_label = true;
    buf_add(s->out, str_from(name));
    buf_add(s->out, STR("=\""));
    for (size_t i = 0; i < value.n;)
        label_char(s->out, value, &i);
    buf_add_char(s->out, '"');
}

static void label_number(struct scrape *s, const char *name, int64_t value)
{
    char text[24];

    snprintf(text, sizeof text, "%" PRId64, value);
    label(s, name, str_from(text));
}

static void end_labels(struct scrape *s)
{
    buf_add(s->out, s->has_label ? STR("} ") : STR(" "));
}

static void value_u64(struct scrape *s, uint64_t value)
{
    end_labels(s);
    buf_printf(s->out, "%" PRIu64 "\n", value);
}

static void value_i64(struct scrape *s, int64_t value)
{
    end_labels(s);
    buf_printf(s->out, "%" PRId64 "\n", value);
}

static void value_seconds(struct scrape *s, uint64_t ns)
{
    end_labels(s);
    buf_printf(s->out, "%" PRIu64 ".%09" PRIu64 "\n", ns / 1000000000, ns % 1000000000);
}

static void value_ms(struct scrape *s, int64_t ms)
{
    uint64_t size = ms < 0 ? 0 - (uint64_t)ms : (uint64_t)ms;

    end_labels(s);
    buf_printf(s->out, "%s%" PRIu64 ".%03" PRIu64 "\n", ms < 0 ? "-" : "", size / 1000,
               size % 1000);
}

/* ---- counters, gauges, histograms ----------------------------------------------------------- */

static uint64_t counter_sum(const struct metric_board *b, uint32_t metric, uint32_t value)
{
    uint64_t sum = 0;

    for (size_t w = 0; w < b->n_writers; w++)
        sum += cell_get(&b->writers[w].counters[metric][value]);
    return sum;
}

static void put_counter(struct scrape *s)
{
    const struct metric_spec *spec = s->spec;

    for (uint32_t i = spec->from; i < (spec->n ? spec->n : 1); i++) {
        uint64_t sum =
            counter_sum(s->board, spec->is_row ? spec->id + i : spec->id, spec->is_row ? 0 : i);
        begin_sample(s, "");
        if (spec->n)
            label(s, spec->labels, str_from(spec->value_name(i)));
        if (spec->is_ns)
            value_seconds(s, sum);
        else
            value_u64(s, sum);
    }
}

static void put_gauge(struct scrape *s)
{
    for (size_t i = 0; i < board_lanes(s->board); i++) {
        begin_sample(s, "");
        label_number(s, "lane", (int64_t)i);
        value_u64(s, board_gauge(s->board, i, (enum metric_gauge)s->spec->id));
    }
}

static void put_bucket(struct scrape *s, const char *bound, uint64_t n)
{
    begin_sample(s, "_bucket");
    label(s, "le", str_from(bound));
    value_u64(s, n);
}

static void put_histogram(struct scrape *s)
{
    uint64_t n = 0, sum_ns = 0;
    char bound[24];

    for (size_t i = 0; i <= METRIC_BUCKETS; i++) {
        for (size_t w = 0; w < s->board->n_writers; w++)
            n += cell_get(&s->board->writers[w].times[s->spec->id].buckets[i]);
        if (i < METRIC_BUCKETS)
            snprintf(bound, sizeof bound, "%.10g", METRIC_BUCKET_MS[i] / 1000.0);
        put_bucket(s, i < METRIC_BUCKETS ? bound : "+Inf", n);
    }
    for (size_t w = 0; w < s->board->n_writers; w++)
        sum_ns += cell_get(&s->board->writers[w].times[s->spec->id].sum_ns);
    begin_sample(s, "_sum");
    value_seconds(s, sum_ns);
    begin_sample(s, "_count");
    value_u64(s, n);
}

/* ---- partitions, inputs, levels ------------------------------------------------------------ */

static void partition_value(struct scrape *s, const struct metric_row *r, size_t lane)
{
    int64_t committed = (int64_t)cell_get(&r->committed), end = (int64_t)cell_get(&r->end);
    int64_t watermark = (int64_t)cell_get(&r->watermark_ms);
    bool is_known[] = {[PARTITION_COMMITTED] = committed >= 0,
                       [PARTITION_END] = end >= 0,
                       [PARTITION_LAG] = committed >= 0 && end >= 0,
                       [PARTITION_WATERMARK] = watermark != INT64_MIN && watermark != INT64_MAX};

    if (!is_known[s->spec->id])
        return;
    begin_sample(s, "");
    label(s, "topic", r->topic);
    label_number(s, "partition", r->partition);
    label_number(s, "lane", (int64_t)lane);
    if (s->spec->id == PARTITION_WATERMARK)
        value_ms(s, watermark);
    else if (s->spec->id == PARTITION_LAG)
        value_i64(s, end > committed ? end - committed : 0);
    else
        value_i64(s, s->spec->id == PARTITION_END ? end : committed);
}

static void put_partitions(struct scrape *s)
{
    for (size_t lane = 0; lane < board_lanes(s->board); lane++) {
        const struct metric_rows *rows = &s->board->writers[lane].rows;
        for (size_t i = 0; i < rows->n; i++)
            partition_value(s, &rows->items[i], lane);
    }
}

/* The next topic in order behind `last` (p NULL: the first), and its newest record. */
static bool next_topic(const struct metric_board *b, struct str last, struct str *topic,
                       int64_t *newest_ms)
{
    bool has = false;

    for (size_t lane = 0; lane < board_lanes(b); lane++)
        for (size_t i = 0; i < b->writers[lane].rows.n; i++) {
            const struct metric_row *r = &b->writers[lane].rows.items[i];
            int64_t ms = (int64_t)cell_get(&r->record_ms);
            ms = ms ? ms : r->begun_ms;
            if (last.p && str_cmp(r->topic, last) <= 0)
                continue;
            if (!has || str_cmp(r->topic, *topic) < 0) {
                *topic = r->topic;
                *newest_ms = ms;
                has = true;
            } else if (str_eq(r->topic, *topic) && ms > *newest_ms) {
                *newest_ms = ms;
            }
        }
    return has;
}

static void put_inputs(struct scrape *s)
{
    struct str last = {0}, topic;
    int64_t newest_ms;

    while (next_topic(s->board, last, &topic, &newest_ms)) {
        begin_sample(s, "");
        label(s, "topic", topic);
        value_ms(s, s->now_ms > newest_ms ? s->now_ms - newest_ms : 0);
        last = topic;
    }
}

static void level_value(struct scrape *s, uint32_t level, size_t lane)
{
    const struct metric_lane *l = &s->board->writers[lane];
    const struct metric_row *holder = board_level_holder(s->board, level, lane);

    begin_sample(s, "");
    label_number(s, "level", level);
    if (s->spec->id == LEVEL_WATERMARK) {
        value_ms(s, (int64_t)cell_get(&l->levels[level].watermark_ms));
        return;
    }
    if (holder) {
        label(s, "topic", holder->topic);
        label_number(s, "partition", holder->partition);
    } else {
        label(s, "topic", STR(""));
        label(s, "partition", STR(""));
    }
    value_u64(s, 1);
}

static void put_levels(struct scrape *s)
{
    for (uint32_t level = 0; level < STORE_ROUNDS_MAX; level++) {
        size_t lane = board_level_lane(s->board, level);
        if (lane != SIZE_MAX)
            level_value(s, level, lane);
    }
}

/* ---- rules and profiles -------------------------------------------------------------------- */

static const char *blind_reason(uint64_t sight)
{
    return sight == SIGHT_NO_SOURCE ? "no_source" : "no_field";
}

static bool is_blind(const struct metric_rule_sum *sum)
{
    return sum->sight == SIGHT_NO_SOURCE || sum->sight == SIGHT_NO_FIELD;
}

/* Sampled cycles in ns of all batches; 0 while the counter's speed is not known. */
static uint64_t cost_ns(const struct metric_board *b, uint64_t cycles)
{
    double seconds =
        b->cycles_per_second > 0 ? (double)cycles * ENGINE_SAMPLE_EVERY / b->cycles_per_second : 0;

    return (uint64_t)(seconds * 1e9);
}

static void rule_value(struct scrape *s, uint32_t rule)
{
    const struct metric_rule_sum *sum = &s->rules[rule];
    uint32_t which = s->spec->id;

    /* Most rules are never evaluated: their wake words never come. */
    if (((which == RULE_EVALUATIONS || which == RULE_COST) && !sum->evaluations) ||
        (which == RULE_FINDINGS && !sum->findings) || (which == RULE_BLIND && !is_blind(sum)))
        return;
    begin_sample(s, "");
    label(s, "rule", s->board->newest->rules[rule]);
    if (which == RULE_BLIND)
        label(s, "reason", str_from(blind_reason(sum->sight)));
    if (which == RULE_COST)
        value_seconds(s, cost_ns(s->board, sum->cycles));
    else
        value_u64(s, which == RULE_MATCHES       ? sum->matches
                     : which == RULE_FINDINGS    ? sum->findings
                     : which == RULE_EVALUATIONS ? sum->evaluations
                                                 : 1);
}

static void put_rules(struct scrape *s)
{
    const struct metric_set *set = s->board->newest;

    if (s->spec->id == RULES_BLIND) {
        for (uint64_t sight = SIGHT_NO_SOURCE; sight <= SIGHT_NO_FIELD; sight++) {
            begin_sample(s, "");
            label(s, "reason", str_from(blind_reason(sight)));
            value_u64(s, s->blind[sight]);
        }
        return;
    }
    for (uint32_t i = 0; s->rules && i < set->n_rules; i++)
        if (set->rule_now[i] == i)
            rule_value(s, i);
}

static void put_profiles(struct scrape *s)
{
    const struct metric_set *set = s->board->newest;

    for (uint32_t i = 0; s->profiles && i < set->n_profiles; i++) {
        const struct metric_profile_sum *sum = &s->profiles[i];
        if (!sum->events || set->profile_now[i] != i)
            continue;
        begin_sample(s, "");
        label(s, "profile", set->profiles[i]);
        if (s->spec->id == PROFILE_EVENTS)
            value_u64(s, sum->events);
        else
            value_ms(s,
                     s->now_ms > (int64_t)sum->newest_ms ? s->now_ms - (int64_t)sum->newest_ms : 0);
    }
}

/* ---- the worker ---------------------------------------------------------------------------- */

static void put_paused(struct scrape *s)
{
    uint64_t n[PAUSES] = {0};

    for (size_t i = 0; i < board_lanes(s->board); i++)
        n[board_pause(s->board, i)]++;
    for (uint32_t i = PAUSE_NONE + 1; i < PAUSES; i++) {
        begin_sample(s, "");
        label(s, "reason", str_from(metric_pause_name(i)));
        value_u64(s, n[i]);
    }
}

static void put_beats(struct scrape *s)
{
    size_t n_lanes = board_lanes(s->board);

    for (size_t w = 0; w < s->board->n_writers; w++) {
        int64_t beat = (int64_t)cell_get(&s->board->writers[w].beat_ms);
        begin_sample(s, "");
        label_number(s, "lane", (int64_t)(w % n_lanes));
        label(s, "thread", w < n_lanes ? STR("lane") : STR("reader"));
        value_ms(s, !beat ? -1000 : s->now_ms > beat ? s->now_ms - beat : 0);
    }
}

static void put_reloads(struct scrape *s)
{
    for (int ok = 1; ok >= 0; ok--) {
        begin_sample(s, "");
        label(s, "result", ok ? STR("ok") : STR("failed"));
        value_u64(s, s->board->reloads[ok]);
    }
}

/* Pages of the process in memory; 0 where there is no /proc. */
static uint64_t resident_bytes(void)
{
    char text[128];
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text);
    struct str size, rest, pages;
    uint64_t count = 0;

    if (fd >= 0)
        close(fd);
    if (n <= 0)
        return 0;
    (void)str_cut((struct str){text, (size_t)n}, ' ', &size, &rest);
    (void)str_cut(rest, ' ', &pages, &rest);
    return str_to_u64(pages, &count) ? count * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

/* In each of malloc's heaps, in blocks of their own, and in arenas that were mapped beside it. 0
 * under the sanitizers. */
static uint64_t allocated_bytes(void)
{
    struct mallinfo2 m = mallinfo2();

    return (uint64_t)m.uordblks + m.hblkhd + arena_mapped();
}

static void put_cpu(struct scrape *s)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    begin_sample(s, "");
    value_seconds(s, (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec);
}

static void put_ruleset(struct scrape *s)
{
    const struct metric_set *set = s->board->newest;

    if (!set)
        return;
    begin_sample(s, "");
    if (s->spec->id == BOARD_RULESET) {
        label(s, "generation", set->generation);
        value_u64(s, 1);
    } else if (s->spec->id == BOARD_RULESET_NUMBER) {
        value_u64(s, set->number);
    } else if (s->spec->id == BOARD_RULESET_RULES) {
        value_u64(s, set->n_rules);
    } else {
        value_ms(s, set->loaded_ms);
    }
}

static void put_plain(struct scrape *s, uint64_t value)
{
    begin_sample(s, "");
    value_u64(s, value);
}

static void put_names(struct scrape *s)
{
    const struct metric_options *o = &s->board->options;

    begin_sample(s, "");
    if (s->spec->id == BOARD_BUILD) {
        label(s, "version", o->version);
    } else {
        label(s, "worker", o->worker);
        label(s, "group", o->group);
    }
    value_u64(s, 1);
}

static void put_board(struct scrape *s)
{
    struct metric_board *b = s->board;

    switch ((enum board_value)s->spec->id) {
    case BOARD_BUILD:
    case BOARD_WORKER:
        put_names(s);
        break;
    case BOARD_READY:
        put_plain(s, board_is_ready(b));
        break;
    case BOARD_LANES:
        put_plain(s, board_lanes(b));
        break;
    case BOARD_PAUSED:
        put_paused(s);
        break;
    case BOARD_BEAT_AGE:
        put_beats(s);
        break;
    case BOARD_RULESET:
    case BOARD_RULESET_NUMBER:
    case BOARD_RULESET_RULES:
    case BOARD_RULESET_LOADED:
        put_ruleset(s);
        break;
    case BOARD_RULESETS:
        put_plain(s, metric_sets_count(b));
        break;
    case BOARD_RELOADS:
        put_reloads(s);
        break;
    case BOARD_MEMORY:
        put_plain(s, resident_bytes());
        break;
    case BOARD_ALLOCATED:
        put_plain(s, allocated_bytes());
        break;
    case BOARD_CPU:
        put_cpu(s);
        break;
    case BOARD_START:
        begin_sample(s, "");
        value_ms(s, b->begun_ms);
        break;
    }
}

/* ---- a scrape ------------------------------------------------------------------------------ */

static void put_family(struct scrape *s)
{
    switch (s->spec->source) {
    case FROM_COUNTER:
        put_counter(s);
        break;
    case FROM_GAUGE:
        put_gauge(s);
        break;
    case FROM_HISTOGRAM:
        put_histogram(s);
        break;
    case FROM_PARTITION:
        put_partitions(s);
        break;
    case FROM_INPUT:
        put_inputs(s);
        break;
    case FROM_LEVEL:
        put_levels(s);
        break;
    case FROM_RULE:
        put_rules(s);
        break;
    case FROM_PROFILE:
        put_profiles(s);
        break;
    case FROM_BOARD:
        put_board(s);
        break;
    }
}

/* Once, and kept: a speed that is measured anew each time would let counters fall. */
static void calibrate(struct metric_board *b)
{
    struct timespec t;

    if (b->cycles_per_second > 0)
        return;
    clock_gettime(CLOCK_MONOTONIC, &t);
    uint64_t ns = (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec - b->begun_ns;
    if (ns >= CALIBRATE_NS)
        b->cycles_per_second = (double)(__rdtsc() - b->begun_cycles) * 1e9 / (double)ns;
}

static void sum_rules(struct scrape *s, struct arena *a)
{
    const struct metric_set *set = s->board->newest;

    if (!set)
        return;
    s->rules = ARENA_ARRAY(a, set->n_rules + 1, struct metric_rule_sum);
    s->profiles = ARENA_ARRAY(a, set->n_profiles, struct metric_profile_sum);
    metric_rule_sums(s->board, s->rules);
    metric_profile_sums(s->board, s->profiles);
    for (uint32_t i = 0; i < set->n_rules; i++)
        if (set->rule_now[i] == i)
            s->blind[s->rules[i].sight]++;
}

void metric_text(struct metric_board *b, struct buf *out)
{
    struct scrape s = {.board = b, .out = out, .now_ms = board_now_ms(b)};
    struct arena *scratch = arena_new(0);
    size_t n;
    const struct metric_spec *specs = metric_specs(&n);

    pthread_mutex_lock(&b->lock);
    calibrate(b);
    metric_fold_sets(b);
    sum_rules(&s, scratch);
    for (size_t i = 0; i < n; i++) {
        s.spec = &specs[i];
        buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", specs[i].name, specs[i].help, specs[i].name,
                   metric_type_name(specs[i].type));
        put_family(&s);
    }
    pthread_mutex_unlock(&b->lock);
    arena_free(scratch);
}

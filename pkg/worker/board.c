/* board.c - health, readiness and status as documents.
 *
 * /readyz   {"ready":false,"ruleset":"GENERATION","slots":[0,1],"reasons":["lane 1: ..."]}
 * /status   what `weir status` shows: docs/operations.md names each member.
 *
 * Rates are those since the last /status that is at least RATE_MS ago, at first since the start.
 */
#include "worker/board.h"

#include <stdio.h>

#include "base/str.h"
#include "json/write.h"
#include "worker/metric_impl.h"

enum { RATE_MS = 1000, ROWS_MAX = 4096 /* partitions of a status: readers have their limits */ };

static void lock(struct metric_board *b)
{
    pthread_mutex_lock(&b->lock);
}

static void unlock(struct metric_board *b)
{
    pthread_mutex_unlock(&b->lock);
}

/* ---- health ------------------------------------------------------------------------------- */

static bool healthy(void *context, struct buf *text)
{
    struct metric_board *b = context;
    int64_t now_ms = board_now_ms(b);
    size_t n_lanes = board_lanes(b), n_still = 0;

    for (size_t w = 0; w < b->n_writers; w++) {
        int64_t beat = (int64_t)cell_get(&b->writers[w].beat_ms);
        int64_t still_ms = now_ms - (beat ? beat : b->begun_ms);
        if (still_ms < (cell_get(&b->writers[w].is_calling) ? BOARD_CALL_MS : BOARD_BEAT_MS))
            continue;
        n_still++;
        buf_printf(text, "lane %zu: the %s has not moved for %lld s\n", w % n_lanes,
                   w < n_lanes ? "lane" : "reader", (long long)(still_ms / 1000));
    }
    if (n_still == 0)
        buf_add(text, STR("ok\n"));
    return n_still == 0;
}

static void add_reason(struct json_writer *w, size_t lane, const char *reason)
{
    char text[128];

    snprintf(text, sizeof text, "lane %zu: %s", lane, reason);
    json_put_str(w, str_from(text));
}

static void add_reasons(const struct metric_board *b, struct json_writer *w)
{
    json_key_name(w, STR("reasons"));
    json_open_array(w);
    for (size_t i = 0; i < board_lanes(b); i++) {
        if (!board_gauge(b, i, GAUGE_HAS_RULES))
            add_reason(w, i, "no rule set yet");
        if (!board_gauge(b, i, GAUGE_JOINED))
            add_reason(w, i, "not in the group");
        if (!board_gauge(b, i, GAUGE_STATE_OK))
            add_reason(w, i, "the state does not obey");
    }
    json_close_array(w);
}

static void put_generation(const struct metric_board *b, struct json_writer *w, const char *key)
{
    json_key_name(w, str_from(key));
    if (b->newest)
        json_put_str(w, b->newest->generation);
    else
        json_put_null(w);
}

static bool ready(void *context, struct buf *json)
{
    struct metric_board *b = context;
    struct json_writer w;

    lock(b);
    bool is_ready = board_is_ready(b);
    json_writer_init(&w, json);
    json_open_object(&w);
    json_kv_bool(&w, "ready", is_ready);
    put_generation(b, &w, "ruleset");
    json_key_name(&w, STR("slots"));
    json_open_array(&w);
    for (size_t i = 0; i < board_lanes(b); i++)
        json_put_u64(&w, board_gauge(b, i, GAUGE_SLOT));
    json_close_array(&w);
    add_reasons(b, &w);
    json_close_object(&w);
    unlock(b);
    buf_add_char(json, '\n');
    return is_ready;
}

static bool metrics(void *context, struct buf *text)
{
    metric_text(context, text);
    return true;
}

/* ---- status ------------------------------------------------------------------------------- */

static void kv_u64(struct json_writer *w, const char *key, uint64_t value)
{
    json_key_name(w, str_from(key));
    json_put_u64(w, value);
}

/* Unknown: null. */
static void kv_known(struct json_writer *w, const char *key, int64_t value, bool is_known)
{
    json_key_name(w, str_from(key));
    if (is_known)
        json_put_i64(w, value);
    else
        json_put_null(w);
}

static void put_worker(const struct metric_board *b, struct json_writer *w, int64_t now_ms)
{
    json_kv_str(w, "worker", b->options.worker);
    json_kv_str(w, "group", b->options.group);
    json_kv_str(w, "version", b->options.version);
    json_kv_i64(w, "now_ms", now_ms);
    json_kv_i64(w, "started_ms", b->begun_ms);
    json_kv_bool(w, "ready", board_is_ready(b));
}

static void put_ruleset(const struct metric_board *b, struct json_writer *w)
{
    const struct metric_set *set = b->newest;

    json_key_name(w, STR("ruleset"));
    json_open_object(w);
    put_generation(b, w, "generation");
    kv_u64(w, "number", set ? set->number : 0);
    kv_u64(w, "rules", set ? set->n_rules : 0);
    kv_known(w, "loaded_ms", set ? set->loaded_ms : 0, set != NULL);
    kv_u64(w, "in_use", metric_sets_count(b));
    kv_u64(w, "reloads", b->reloads[1]);
    kv_u64(w, "reloads_failed", b->reloads[0]);
    json_close_object(w);
}

static bool row_lag(const struct metric_row *r, int64_t *lag)
{
    int64_t committed = (int64_t)cell_get(&r->committed), end = (int64_t)cell_get(&r->end);

    *lag = end > committed ? end - committed : 0;
    return committed >= 0 && end >= 0;
}

static void put_lane(const struct metric_board *b, struct json_writer *w, size_t i)
{
    const struct metric_rows *rows = &b->writers[i].rows;
    int64_t sum = 0, lag;

    for (size_t p = 0; p < rows->n; p++)
        sum += row_lag(&rows->items[p], &lag) ? lag : 0;
    json_open_object(w);
    kv_u64(w, "lane", i);
    kv_u64(w, "slot", board_gauge(b, i, GAUGE_SLOT));
    kv_u64(w, "ruleset", board_gauge(b, i, GAUGE_RULESET));
    json_kv_bool(w, "has_rules", board_gauge(b, i, GAUGE_HAS_RULES) != 0);
    json_kv_bool(w, "joined", board_gauge(b, i, GAUGE_JOINED) != 0);
    json_kv_bool(w, "state_ok", board_gauge(b, i, GAUGE_STATE_OK) != 0);
    json_kv_bool(w, "recovering", board_gauge(b, i, GAUGE_RECOVERING) != 0);
    json_kv_str(w, "paused", str_from(metric_pause_name(board_pause(b, i))));
    kv_u64(w, "partitions", rows->n);
    json_kv_i64(w, "lag", sum);
    json_close_object(w);
}

static void put_lanes(const struct metric_board *b, struct json_writer *w)
{
    json_key_name(w, STR("lanes"));
    json_open_array(w);
    for (size_t i = 0; i < board_lanes(b); i++)
        put_lane(b, w, i);
    json_close_array(w);
}

static void put_row(struct json_writer *w, const struct metric_row *r, size_t lane)
{
    int64_t committed = (int64_t)cell_get(&r->committed), end = (int64_t)cell_get(&r->end);
    int64_t watermark = (int64_t)cell_get(&r->watermark_ms), lag;
    bool has_lag = row_lag(r, &lag);

    json_open_object(w);
    json_kv_str(w, "topic", r->topic);
    json_kv_i64(w, "partition", r->partition);
    kv_u64(w, "lane", lane);
    kv_known(w, "committed", committed, committed >= 0);
    kv_known(w, "end", end, end >= 0);
    kv_known(w, "lag", lag, has_lag);
    kv_known(w, "watermark_ms", watermark, watermark != INT64_MIN && watermark != INT64_MAX);
    json_close_object(w);
}

static void put_rows(const struct metric_board *b, struct json_writer *w)
{
    size_t n = 0;

    json_key_name(w, STR("partitions"));
    json_open_array(w);
    for (size_t lane = 0; lane < board_lanes(b); lane++)
        for (size_t p = 0; p < b->writers[lane].rows.n; p++)
            if (n++ < ROWS_MAX)
                put_row(w, &b->writers[lane].rows.items[p], lane);
    json_close_array(w);
    kv_u64(w, "partitions_left_out", n > ROWS_MAX ? n - ROWS_MAX : 0);
}

static void put_level(const struct metric_board *b, struct json_writer *w, uint32_t level)
{
    size_t lane = board_level_lane(b, level);
    const struct metric_row *holder;

    if (lane == SIZE_MAX)
        return;
    holder = board_level_holder(b, level, lane);
    json_open_object(w);
    kv_u64(w, "level", level);
    json_kv_i64(w, "watermark_ms", (int64_t)cell_get(&b->writers[lane].levels[level].watermark_ms));
    json_key_name(w, STR("topic"));
    if (holder)
        json_put_str(w, holder->topic);
    else
        json_put_null(w);
    kv_known(w, "partition", holder ? holder->partition : 0, holder != NULL);
    json_close_object(w);
}

static void put_levels(const struct metric_board *b, struct json_writer *w)
{
    json_key_name(w, STR("levels"));
    json_open_array(w);
    for (uint32_t level = 0; level < STORE_ROUNDS_MAX; level++)
        put_level(b, w, level);
    json_close_array(w);
}

/* What is counted for a status, with its rate. */
static const struct {
    const char *name;
    enum metric metric;
} shown[BOARD_SHOWN] = {
    {"records", METRIC_RECORDS},           {"events", METRIC_EVENTS},
    {"matches", METRIC_MATCHES},           {"published", METRIC_ALERTS},
    {"dead_letters", METRIC_DEAD_LETTERS}, {"late", METRIC_LATE},
    {"transactions", METRIC_TRANSACTIONS}, {"transactions_aborted", METRIC_TRANSACTIONS_ABORTED},
    {"state_errors", METRIC_STATE_ERRORS}, {"recoveries", METRIC_RECOVERIES},
};

static void put_counts(struct metric_board *b, struct json_writer *w, int64_t now_ms)
{
    uint64_t now[BOARD_SHOWN];
    struct board_rates *before = &b->before;

    for (size_t i = 0; i < BOARD_SHOWN; i++)
        now[i] = board_counter(b, shown[i].metric);
    if (!before->at_ms)
        before->at_ms = b->begun_ms;
    double seconds = (double)(now_ms - before->at_ms) / 1000;
    json_key_name(w, STR("counts"));
    json_open_object(w);
    for (size_t i = 0; i < BOARD_SHOWN; i++)
        kv_u64(w, shown[i].name, now[i]);
    json_close_object(w);
    json_key_name(w, STR("rates"));
    json_open_object(w);
    json_key_name(w, STR("seconds"));
    json_put_double(w, seconds > 0 ? seconds : 0);
    for (size_t i = 0; i < BOARD_SHOWN; i++) {
        json_key_name(w, str_from(shown[i].name));
        json_put_double(w, seconds > 0 ? (double)(now[i] - before->counts[i]) / seconds : 0);
    }
    json_close_object(w);
    if (now_ms - before->at_ms >= RATE_MS) {
        before->at_ms = now_ms;
        memcpy(before->counts, now, sizeof now);
    }
}

static bool status(void *context, struct buf *json)
{
    struct metric_board *b = context;
    struct json_writer w;
    int64_t now_ms = board_now_ms(b);

    lock(b);
    metric_fold_sets(b);
    json_writer_init(&w, json);
    json_open_object(&w);
    put_worker(b, &w, now_ms);
    put_ruleset(b, &w);
    put_lanes(b, &w);
    put_rows(b, &w);
    put_levels(b, &w);
    put_counts(b, &w, now_ms);
    add_reasons(b, &w);
    json_close_object(&w);
    unlock(b);
    buf_add_char(json, '\n');
    return true;
}

struct service board_service(struct metric_board *b)
{
    return (struct service){
        .healthy = healthy, .ready = ready, .metrics = metrics, .status = status, .context = b};
}

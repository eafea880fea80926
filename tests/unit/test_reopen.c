/* test_reopen.c - findings that were told get their cells back: the header, and an empty store. */
#include "correlate/reopen.h"

#include <stdio.h>

#include "base/str.h"
#include "correlate/claim.h"
#include "state/store_mem.h"
#include "tests/lib/rule_rig.h"
#include "tests/lib/test.h"
#include "worker/unclosed.h"

/* ---- the header ----------------------------------------------------------------------------- */

static struct finding sample(void)
{
    struct finding f = {.activity = FINDING_UPDATE,
                        .sequence = 3,
                        .has_bucket = true,
                        .bucket_start_ms = 1000,
                        .bucket_end_ms = 4601000,
                        .first_ms = 1001,
                        .last_ms = 2000,
                        .hits = 8,
                        .level = 4,
                        .has_measured = true,
                        .measured_micro = -5000000,
                        .keys = {STR("ann"), STR("")},
                        .n_keys = 2};

    finding_add(&f, &(struct finding_addend){STR("asset"), 10, STR("crown jewel")});
    return f;
}

TEST(a_header_comes_back_as_it_was)
{
    struct finding f = sample();
    struct finding_addend addends[FINDING_ADDENDS_MAX];
    struct buf text = {0};
    struct reopen r = {0};

    CHECK(reopen_format(&f, &text));
    CHECK(str_starts(buf_str(&text), STR("1000 4601000 1001 2000 8 3 4 -5000000 02")));
    CHECK(reopen_parse(buf_str(&text), &r));
    CHECK_EQ(r.told.start_ms, 1000);
    CHECK_EQ(r.end_ms, 4601000);
    CHECK_EQ(r.told.first_ms, 1001);
    CHECK_EQ(r.told.last_ms, 2000);
    CHECK_EQ(r.told.count, 8);
    CHECK_EQ(r.told.sequence, 3);
    CHECK_EQ(r.told.level, 4);
    CHECK_EQ(r.told.measured_micro, -5000000);
    CHECK_EQ(finding_addends_unpack(r.addends, addends), 1);
    CHECK_STR(addends[0].why, "crown jewel");
    reopen_release(&r);
    buf_release(&text);
}

TEST(what_owes_no_close_or_is_too_long_has_none)
{
    static char long_text[REOPEN_TEXT_MAX / 2];
    struct finding rows[5];
    struct buf text = {0};
    struct reopen r = {0};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        rows[i] = sample();
    memset(long_text, 'x', sizeof long_text);
    rows[0].activity = FINDING_CLOSE;
    rows[1].has_bucket = false;
    rows[2].is_flood = true;
    rows[3].is_full = true;
    rows[4].keys[1] = (struct str){long_text, sizeof long_text};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CHECK(!reopen_format(&rows[i], &text));
        CHECK_EQ(text.n, 0);
    }
    rows[4] = sample();
    rows[4].addends[0].why = (struct str){long_text, sizeof long_text};
    CHECK(reopen_format(&rows[4], &text)); /* without them */
    CHECK(text.n <= REOPEN_TEXT_MAX);
    CHECK(reopen_parse(buf_str(&text), &r));
    CHECK_EQ(r.addends.n, 0);
    reopen_release(&r);
    buf_release(&text);
}

TEST(damaged_headers_are_refused)
{
    static const char *const rows[] = {
        "",
        "1 2 1 1 1 1 4 0",        /* no keys */
        "1 2 1 1 1 1 4 0 00",     /* no blank behind them */
        "1 2 1 1 1 1 4 0  ",      /* empty */
        "1 2 1 1 1 1 4 0 0 ",     /* half a byte */
        "1 2 1 1 1 1 4 0 0g ",    /* no hex */
        "1 2 1 1 1 1 4 0 00 g0",  /* nor here */
        "1 1 1 1 1 1 4 0 00 ",    /* an empty bucket */
        "1 2 0 1 1 1 4 0 00 ",    /* first before it */
        "1 2 1 0 1 1 4 0 00 ",    /* last before first */
        "1 2 1 1 0 1 4 0 00 ",    /* counts nothing */
        "1 2 1 1 1 0 4 0 00 ",    /* sequences begin at 1 */
        "1 2 1 1 1 1 256 0 00 ",  /* no level */
        "1 2 1 1 1 1 4 zero 00 ", /* no number */
        "1 2 1 1 1 4294967296 4 0 00 ",
    };
    struct reopen r = {0};

    CHECK(reopen_parse(STR("1 2 1 1 1 1 4 0 00 "), &r));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CHECK(!reopen_parse(str_from(rows[i]), &r));
    reopen_release(&r);
}

/* ---- an empty store -------------------------------------------------------------------------- */

#define BASE(name, act, more)                                           \
    "---\ntitle: " name "\nid: " name "\nname: " name "\nlevel: high\n" \
    "logsource: {}\ndetection:\n  s: {act: " act "}\n  condition: s\n"  \
    "weir: {dedup: {fields: [user], period: 1h" more "}}\n"
#define OVER(name, text, more)                                                             \
    "---\ntitle: " name "\nid: " name "\nname: " name "\nlevel: high\ncorrelation: {" text \
    ", group-by: [user], timespan: 5m}\nweir: {" more "dedup: {period: 1h}}\n"
static const char rules_text[] = BASE("a", "a", "") BASE("b", "b", "") BASE("plain", "a", "")
    BASE("anchored", "b",
         ", anchor: first") OVER("count", "type: event_count, rules: [a], condition: {gte: 3}", "")
        OVER("final", "type: event_count, rules: [a], condition: {gte: 3}", "emit: final, ")
            OVER("distinct", "type: value_count, rules: [a], condition: {field: host, gte: 3}", "")
                OVER("set", "type: temporal, rules: [a, b]", "")
                    OVER("ordered", "type: temporal_ordered, rules: [a, b]", "");
enum { RULES = 7, EVENTS = 20, TOLD_MAX = 64 };
#define NOON INT64_C(1700000000000)

struct told {
    uint8_t uid[16];
    enum finding_activity activity;
    uint64_t count, sequence;
    bool is_exact;
};

struct world {
    struct rule_rig *rig;
    struct told told[TOLD_MAX];
    size_t n;
    struct unclosed *unclosed; /* notes what is told before a Close */
};

static enum weir_rc take(void *context, const struct finding *f, UNUSED uint32_t event,
                         UNUSED struct weir_err *err)
{
    struct world *w = context;
    struct buf cell = {0};
    struct store_claim claim = {.kind = (uint8_t)f->activity, .sequence = f->sequence};
    struct told *t = &w->told[w->n++];

    CHECK(w->n <= TOLD_MAX);
    *t = (struct told){.activity = f->activity,
                       .count = f->hits,
                       .sequence = f->sequence,
                       .is_exact = f->is_exact};
    memcpy(t->uid, f->uid, sizeof t->uid);
    memcpy(claim.uid, f->uid, sizeof claim.uid);
    CHECK_EQ(reopen_format(f, &cell), f->activity != FINDING_CLOSE);
    struct unclosed_record r = {.rule = w->rig->graph->rules[f->rule].rule->uid,
                                .tenant = graph_tenant_of(w->rig->graph, f->rule),
                                .cell = buf_str(&cell)};
    if (w->unclosed)
        unclosed_note(w->unclosed, &claim, &r);
    buf_release(&cell);
    return WEIR_OK;
}

static void start(struct world *w)
{
    const struct graph_options options = {.secret = state_secret_test, .is_once = true};

    *w = (struct world){.rig = rule_rig_new(rules_text, &options, store_mem_new())};
}

static void end(struct world *w)
{
    rule_rig_free(w->rig);
    unclosed_free(w->unclosed);
}

static void run(struct world *w, int64_t watermark_ms)
{
    struct weir_err err;

    CHECK_EQ(correlator_run(w->rig->correlator, watermark_ms, take, w, &err), WEIR_OK);
    w->rig->n_events = 0;
}

static void add_events(struct world *w)
{
    for (int i = 0; i < EVENTS; i++) {
        char json[96];
        snprintf(json, sizeof json, "{\"act\":\"%s\",\"user\":\"ann\",\"host\":\"h%d\"}",
                 i % 4 == 3 ? "b" : "a", i);
        rule_rig_event(w->rig, 0, NOON + 1000 * i, 0, json);
    }
    rule_rig_event(w->rig, 0, NOON, 0, "{\"act\":\"a\",\"user\":\"bob\"}"); /* counts 1 */
    run(w, NOON + 1000 * EVENTS);
}

static struct unclosed_counts reopen_all(struct world *w, const struct unclosed *u, int64_t from_ms)
{
    struct store_lease lease = {.token = 5, .ttl_ms = 10000};
    struct reopen_reach reach = {from_ms, from_ms};
    struct unclosed_counts counts;
    enum store_answer answer;
    struct store_run of;
    struct weir_err err;

    CHECK_EQ(store_run(w->rig->store, &of, &err), WEIR_OK);
    memcpy(lease.run_id, of.run_id, sizeof lease.run_id);
    memcpy(lease.incarnation, of.blessed, sizeof lease.incarnation);
    CHECK_EQ(store_lease(w->rig->store, &lease, &answer, &err), WEIR_OK);
    CHECK_EQ(answer, STORE_DONE);
    CHECK_EQ(
        unclosed_restore(u, w->rig->store, &lease, w->rig->graph, reach, &counts, &answer, &err),
        WEIR_OK);
    CHECK_EQ(answer, STORE_DONE);
    return counts;
}

static const struct told *find(const struct world *w, const struct told *what,
                               enum finding_activity activity)
{
    const struct told *found = NULL;

    for (size_t i = 0; i < w->n; i++)
        if (w->told[i].activity == activity &&
            memcmp(w->told[i].uid, what->uid, sizeof what->uid) == 0) {
            CHECK(!found);
            found = &w->told[i];
        }
    return found;
}

static size_t count_of(const struct world *w, enum finding_activity activity)
{
    size_t n = 0;

    for (size_t i = 0; i < w->n; i++)
        n += w->told[i].activity == activity;
    return n;
}

/* What a world without a loss says, and its unclosed findings. */
static void live(struct world *w)
{
    start(w);
    w->unclosed = unclosed_new();
    add_events(w);
    CHECK(count_of(w, FINDING_CREATE) >= RULES);
    CHECK_EQ(count_of(w, FINDING_CLOSE), 0);
}

static uint64_t last_count(const struct world *w, const struct told *of)
{
    uint64_t count = 0;

    for (size_t i = 0; i < w->n; i++)
        if (w->told[i].activity != FINDING_CLOSE &&
            memcmp(w->told[i].uid, of->uid, sizeof of->uid) == 0)
            count = w->told[i].count;
    return count;
}

TEST(a_close_comes_though_nothing_is_replayed)
{
    struct world before, after;

    live(&before);
    start(&after);
    struct unclosed_counts counts = reopen_all(&after, before.unclosed, INT64_MAX);
    CHECK_EQ(counts.open, count_of(&before, FINDING_CREATE));
    CHECK_EQ(counts.restored, counts.open);
    counts = reopen_all(&after, before.unclosed, INT64_MAX); /* again: a recovery broke off */
    run(&after, INT64_MAX);
    CHECK_EQ(after.n, counts.open);
    for (size_t i = 0; i < after.n; i++) {
        CHECK_EQ(after.told[i].activity, FINDING_CLOSE);
        CHECK(find(&before, &after.told[i], FINDING_CREATE));
        CHECK_EQ(after.told[i].count, last_count(&before, &after.told[i]));
        CHECK(!after.told[i].is_exact);
    }
    run(&before, INT64_MAX);
    for (size_t i = 0; i < after.n; i++)
        CHECK(find(&before, &after.told[i], FINDING_CLOSE)->sequence >= after.told[i].sequence);
    end(&after);
    end(&before);
}

TEST(what_is_replayed_counts_once_and_creates_are_derived)
{
    struct world before, after;

    live(&before);
    start(&after);
    (void)reopen_all(&after, before.unclosed, INT64_MIN);
    add_events(&after);
    run(&after, INT64_MAX);
    run(&before, INT64_MAX);
    CHECK_EQ(count_of(&after, FINDING_CREATE), count_of(&before, FINDING_CREATE));
    CHECK_EQ(count_of(&after, FINDING_CLOSE), count_of(&before, FINDING_CLOSE));
    for (size_t i = 0; i < before.n; i++) {
        const struct told *t = &before.told[i], *again = find(&after, t, FINDING_CLOSE);
        CHECK(find(&after, t, FINDING_CREATE) && again);
        if (t->activity != FINDING_CLOSE)
            continue;
        CHECK_EQ(again->count, t->count);
        CHECK(again->is_exact);
    }
    end(&after);
    end(&before);
}

TEST(closed_findings_and_those_of_other_rules_stay_as_they_are)
{
    static const uint8_t other[16] = {1};
    struct world before, after;
    struct store_claim create = {.kind = FINDING_CREATE}, update = {.kind = FINDING_UPDATE};
    const struct unclosed_record gone = {STR("gone"), STR(""), STR("1 2 1 1 1 1 4 0 00 ")},
                                 alien = {STR("plain"), STR(""), STR("1 2 1 1 1 1 4 0 00 ")};

    live(&before);
    run(&before, INT64_MAX);
    memcpy(create.uid, other, sizeof other);
    unclosed_note(before.unclosed, &create, &gone);
    create.uid[1] = 1;
    unclosed_note(before.unclosed, &create, &alien); /* its name and bucket are not that rule's */
    update.uid[1] = 2;
    update.sequence = 2;
    unclosed_note(before.unclosed, &update, &alien); /* no Create is out */
    start(&after);
    struct unclosed_counts counts = reopen_all(&after, before.unclosed, INT64_MAX);
    CHECK_EQ(counts.open, 2);
    CHECK_EQ(counts.restored, 0);
    run(&after, INT64_MAX);
    CHECK_EQ(after.n, 0);
    end(&after);
    end(&before);
}

TEST_MAIN(ENTRY(a_header_comes_back_as_it_was), ENTRY(what_owes_no_close_or_is_too_long_has_none),
          ENTRY(damaged_headers_are_refused), ENTRY(a_close_comes_though_nothing_is_replayed),
          ENTRY(what_is_replayed_counts_once_and_creates_are_derived),
          ENTRY(closed_findings_and_those_of_other_rules_stay_as_they_are))

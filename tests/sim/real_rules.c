/* real_rules.c - a small rule set with every way that a finding can come about (real.h): early and
 * final operators, two levels of correlations, sequences, groups, dedup of a base rule, late
 * events, the brake; and another one of all that learn. */
#include "real.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "correlate/gather.h"
#include "event/extract.h"
#include "lang/lang.h"

#define BASE(name)                                                               \
    "title: " name "\nid: " name "\nname: " name "\nlogsource: {product: sim}\n" \
    "detection: {s: {act: " name "}, condition: s}\n"
#define CORRELATION(name, text) \
    "---\ntitle: " name "\nid: " name "\nname: " name "\ncorrelation: " text "\n"
#define COUNT(name, of, by, rest) \
    CORRELATION(name, "{type: event_count, rules: " of ", group-by: " by ", timespan: " rest "}")
#define FOLD "weir: {dedup: {period: 20s}}\n"

#define A BASE("a") "---\n"
#define B BASE("b") "---\n"
#define C BASE("c") "weir: {dedup: {fields: [user], period: 20s}}\n"
#define BURST COUNT("burst", "[a, b]", "[user]", "4s, condition: {gte: 3}") FOLD
#define VALUES                                                                              \
    CORRELATION("values", "{type: value_count, rules: [a, b], group-by: [user], timespan: " \
                          "4s, condition: {field: value, gte: 3}}")                         \
    FOLD
#define ORDER                                                                              \
    CORRELATION("order",                                                                   \
                "{type: temporal_ordered, rules: [a, b], group-by: [user], timespan: 3s}") \
    FOLD
#define PAIR COUNT("pair", "[a, b]", "[group, user]", "4s, condition: {gte: 2}")
#define CROWD                                                      \
    COUNT("crowd", "[pair]", "[group]", "8s, condition: {gte: 3}") \
    "weir: {emit: final, dedup: {period: 20s}}\n"
#define FRESH                                                                              \
    CORRELATION("fresh", "{type: first_seen, rules: [a, b], group-by: [user], condition: " \
                         "{field: value}, history: 1h, training: 1s}")                     \
    FOLD
#define RULES A B C BURST VALUES ORDER PAIR CROWD
#define RARE                                                                                  \
    CORRELATION("rare", "{type: rarity, rules: [a, b], group-by: [user], condition: {field: " \
                        "value, lte: 1}, history: 1h, training: 1s}")                         \
    FOLD
#define FEW                                                                                 \
    CORRELATION("few", "{type: rarity, rarity-by: actors, actor: user, rules: [a, b], "     \
                       "group-by: [group], condition: {field: value, lt: 1}, history: 1h, " \
                       "training: 1s}")                                                     \
    FOLD
#define SHARE                                                                               \
    CORRELATION("share", "{type: ratio, actor: user, rules: [a, b], group-by: [group], "    \
                         "condition: {field: value, lte: 0.5}, history: 3d, training: 1s}") \
    FOLD
#define MUCH                                                                             \
    CORRELATION("much", "{type: volume, rules: [a, b], group-by: [user], timespan: 4s, " \
                        "baseline: 12s, factor: 1.5, minimum: 2}")                       \
    FOLD

/* With a brake, and without: a brake counts what is derived, and a term that a fact restored is not
 * derived again. */
static const char rules_text[] = RULES FRESH, braked_text[] = RULES,
                  learned_text[] = A B C FRESH RARE FEW SHARE MUCH;

/* Findings of queries fold as those of the others do: PERIOD_MS. */
#define GROUP_PATH "sim.esql"
enum { PERIOD_MS = 20 * 1000, GROUP_WINDOW_MS = 4000, RULES_OF_EVENT_MAX = 16, ITEM_TEXT = 40 };

#define IS(act_is) "[any where act == \"" act_is "\"]"
/* What may come no more, runs with a gap, an item that must stay away behind the last one (held
 * until its time is over), keys of each item's own. */
const struct real_sequence real_sequences[REAL_SEQUENCES] = {
    {"sim.eql",
     "sequence by user with maxspan=3s " IS("a") IS("b") " until " IS("c"),
     3,
     {{REAL_A, false}, {REAL_B, false}, {REAL_C, false}}},
    {"runs.eql",
     "sequence by user with maxspan=5s " IS("a") " with runs=2 !" IS("c") IS("b"),
     3,
     {{REAL_A, false}, {REAL_C, false}, {REAL_B, false}}},
    {"held.eql",
     "sequence by user with maxspan=2s " IS("a") IS("b") "!" IS("c"),
     3,
     {{REAL_A, false}, {REAL_B, false}, {REAL_C, false}}},
    {"peer.eql",
     "sequence with maxspan=3s !" IS("c") " by peer " IS("a") " by user " IS("b") " by peer",
     3,
     {{REAL_C, true}, {REAL_A, false}, {REAL_B, true}}},
};
static const char group_text[] =
    "FROM sim | WHERE act == \"a\" OR act == \"b\" | STATS n = COUNT(*), v = COUNT_DISTINCT(value)"
    " BY user | WHERE n >= 3 AND v >= 2";

/* Of a day that is not the first; half of the events come before it. */
#define MIDNIGHT_MS (100 * INT64_C(86400000))
enum { BEFORE_MIDNIGHT_MS = 25000, BASE_MS = 6000 };
int64_t real_base_ms = BASE_MS;

static enum real_set in_use;
static struct arena *arena;
static const struct graph *graphs[REAL_SETS];
static struct gatherer *gatherers[REAL_SETS];
static struct extract_worker *extractor;
static struct buf gathered;
static size_t ends[SIM_PARTS_MAX][SIM_EVENTS_MAX + 1];

static void must(enum weir_rc rc, const struct weir_err *err)
{
    char text[512];

    if (rc != WEIR_OK)
        fprintf(stderr, "sim: %s\n", err_format(err, text, sizeof text));
    ASSERT(rc == WEIR_OK);
}

/* What an overlay would say of a query. */
static void set_times(struct rule *r)
{
    if (!r->correlation ||
        (r->correlation->kind != OPERATOR_SEQUENCE && r->correlation->kind != OPERATOR_GROUP))
        return;
    if (!r->state)
        r->state = ARENA_NEW(arena, struct rule_state);
    r->state->dedup.period_ms = PERIOD_MS;
    r->state->dedup.is_group = false;
    struct correlation *c = ARENA_NEW(arena, struct correlation);
    *c = *r->correlation;
    if (c->kind == OPERATOR_GROUP)
        c->window_ms = GROUP_WINDOW_MS;
    r->correlation = c;
}

static void add_queries(struct rule_loader *l)
{
    for (size_t i = 0; i < REAL_SEQUENCES; i++)
        rule_loader_add(l, str_from(real_sequences[i].path), str_from(real_sequences[i].text));
    rule_loader_add(l, STR(GROUP_PATH), str_from(group_text));
}

static void load(enum real_set set, struct loaded_rules *loaded)
{
    static const char *const texts[] = {rules_text, braked_text, learned_text};
    struct rule_loader *l = rule_loader_new(arena, NULL, NULL);

    rule_loader_add(l, STR("sim.yml"), str_from(texts[set]));
    if (set != REAL_LEARNED)
        add_queries(l);
    rule_loader_finish(l, loaded);
    for (size_t i = 0; i < loaded->n_verdicts; i++)
        for (size_t k = 0; k < loaded->verdicts[i].n_messages; k++)
            if (loaded->verdicts[i].messages[k].is_error)
                fprintf(stderr, "sim: %.*s\n", (int)loaded->verdicts[i].messages[k].text.n,
                        loaded->verdicts[i].messages[k].text.p);
    ASSERT(loaded->n_by_status[VERDICT_OK] + loaded->n_by_status[VERDICT_WARNING] ==
           loaded->n_verdicts);
    for (size_t i = 0; i < loaded->n_rules; i++)
        set_times(loaded->rules[i]);
}

static void make(void)
{
    const struct profile_set *profiles;
    const struct graph_tenant tenant = {.name = STR("sim")};
    struct loaded_rules loaded;
    struct weir_err err;

    arena = arena_new(0);
    for (enum real_set i = 0; i < REAL_SETS; i++) {
        load(i, &loaded);
        struct graph_options options = {.tenants = &tenant,
                                        .n_tenants = 1,
                                        .secret = state_secret_test,
                                        .brake_creates = i == REAL_BRAKED ? REAL_BRAKE : 0,
                                        .is_once = true};
        must(graph_new(arena, loaded.rules, loaded.n_rules, &options, &graphs[i], &err), &err);
        ASSERT(graphs[i]->n_levels <= SIM_ROUNDS_MAX);
    }
    struct field_table *fields = field_table_new(arena);
    for (enum real_set i = 0; i < REAL_SETS; i++)
        for (size_t k = 0; k < graphs[i]->n_fields; k++)
            (void)field_intern(fields, graphs[i]->fields[k]);
    must(profile_set_load_texts(arena, NULL, 0, &profiles, &err), &err);
    for (enum real_set i = 0; i < REAL_SETS; i++)
        gatherers[i] = gatherer_new(graphs[i], fields, profiles);
    extractor = extract_worker_new(
        extractor_new(arena, profiles, fields, false, &(struct extract_options){0}));
}

const struct graph *real_graph(enum real_set set)
{
    if (!arena)
        make();
    in_use = set;
    real_base_ms = set == REAL_LEARNED ? MIDNIGHT_MS - BEFORE_MIDNIGHT_MS : BASE_MS;
    return graphs[set];
}

uint32_t real_rule(const struct graph *g, const char *uid)
{
    for (uint32_t i = 0; i < g->n_rules; i++)
        if (str_eq(g->rules[i].rule->uid, str_from(uid)))
            return i;
    return UINT32_MAX;
}

/* What an event is follows from its time and key: a producer that repeats itself sends the same. */
struct real_event real_event_of(const struct sim_event *e)
{
    uint32_t mix = ((uint32_t)e->t_ms * 2654435761U + e->key * 40503U) >> 8;
    struct real_event r = {.t_ms = real_ms(e->t_ms), .act = (enum real_act)(mix % 5 % REAL_ACTS)};
    int tenant = e->key / SIM_USERS, user = e->key % SIM_USERS;

    snprintf(r.user, sizeof r.user, "tenant%d/user%d", tenant, user);
    snprintf(r.group, sizeof r.group, "tenant%d/group%d", tenant, user % 2);
    snprintf(r.value, sizeof r.value, "value%u", (mix >> 8) % REAL_VALUES);
    snprintf(r.peer, sizeof r.peer, "tenant%d/user%u", tenant, (mix >> 12) % SIM_USERS);
    return r;
}

/* What sees the event, told in a scenario by hand: no rule is matched here. */
static size_t rules_of(const struct graph *g, enum real_act act, uint32_t out[RULES_OF_EVENT_MAX])
{
    static const char *const names[] = {"a", "b", "c"};
    char uid[ITEM_TEXT];
    size_t n = 0;

    out[n++] = real_rule(g, names[act]);
    if (in_use == REAL_LEARNED)
        return n;
    if (act != REAL_C)
        out[n++] = real_rule(g, GROUP_PATH "#0/1");
    for (size_t i = 0; i < REAL_SEQUENCES; i++) {
        for (size_t k = 0; k < real_sequences[i].n_items; k++) {
            if (real_sequences[i].items[k].act != act)
                continue;
            snprintf(uid, sizeof uid, "%s#0/%zu", real_sequences[i].path, k + 1);
            out[n++] = real_rule(g, uid);
        }
    }
    ASSERT(n <= RULES_OF_EVENT_MAX);
    return n;
}

static void gather_one(const struct graph *g, uint32_t p, uint64_t position,
                       const struct sim_event *e)
{
    static const char *const acts[] = {"a", "b", "c"};
    uint32_t rules[RULES_OF_EVENT_MAX];
    struct real_event r = real_event_of(e);
    char text[200];
    struct event event;

    int n = snprintf(text, sizeof text,
                     "{\"act\":\"%s\",\"user\":\"%s\",\"group\":\"%s\",\"value\":\"%s\","
                     "\"peer\":\"%s\"}",
                     acts[r.act], r.user, r.group, r.value, r.peer);
    ASSERT((size_t)n < sizeof text);
    enum event_reject got =
        extract_event(extractor, (struct str){text, (size_t)n},
                      (struct event_ref){.input = p, .record = position}, &event);
    ASSERT(got == EVENT_OK);
    size_t n_rules = rules_of(g, r.act, rules);
    for (size_t i = 0; i < n_rules; i++)
        ASSERT(rules[i] != UINT32_MAX);
    struct gather_event at = {.event = &event, .t_ms = r.t_ms, .input = STR("log"), .partition = p};
    gather(gatherers[in_use], &at, rules, n_rules, &gathered);
    extract_batch_reset(extractor);
}

void real_gather(const struct graph *g, const struct sim_log *log)
{
    buf_clear(&gathered);
    for (uint32_t p = 0; p < log->n_parts; p++) {
        ends[p][0] = gathered.n;
        for (size_t i = 0; i < log->n_events[p]; i++) {
            gather_one(g, p, i + 1, &log->events[p][i]);
            ends[p][i + 1] = gathered.n;
        }
    }
}

struct str real_gathered(uint32_t partition, uint64_t position)
{
    size_t from = ends[partition][position - 1];

    return (struct str){gathered.p + from, ends[partition][position] - from};
}

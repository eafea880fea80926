/* real_model.c - what the rules of real_rules.c must tell: everything again from the whole list,
 * as docs/state.md says it. Those that learn have models in tests/unit; here they tell what they
 * tell if nothing happens to them. */
#include "real.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/str.h"
#include "correlate/correlator.h"
#include "state/store_mem.h"
#include "tests/lib/sequence_model.h"

enum {
    HITS_MAX = SIM_PARTS_MAX * SIM_EVENTS_MAX,
    PERIOD_MS = 20 * 1000,
    TRAINING_MS = 1000,
    RULES_MAX = 32,
    PATH_TEXT = 40
};

struct hit_at {
    int64_t t_ms;
    enum real_act act;
    const char *value;
};

/* Hits of one key, and the times at which its condition holds. */
struct hits {
    size_t n, n_met;
    struct hit_at at[HITS_MAX];
    int64_t met[HITS_MAX];
};

struct model {
    const struct graph *g;
    struct digest digest;
    struct real_event events[HITS_MAX];
    uint64_t orders[HITS_MAX]; /* of events of one time: that of their input */
    bool is_late[HITS_MAX];
    size_t n_events; /* that count */
    struct sim_expected *out;
    size_t n;
    uint32_t creates[RULES_MAX]; /* by rule */
};

/* ---- findings ------------------------------------------------------------------------------ */

static struct sim_expected *expect(struct model *m, uint32_t rule, struct str key, const char *name,
                                   uint32_t count)
{
    struct str parts[] = {graph_tenant_of(m->g, rule), m->g->rules[rule].rule->uid, key,
                          str_from(name)};

    if (!key.n) /* the finding of one event, or of the brake */
        parts[2] = parts[3];
    struct uid uid = uid_of_parts(&m->digest, parts, key.n ? 4 : 3);
    ASSERT(m->n < SIM_EXPECTED_MAX);
    struct sim_expected *e = &m->out[m->n];
    *e = (struct sim_expected){.has_close = key.n > 0, .count = count};
    memcpy(e->uid, uid.bytes, sizeof e->uid);
    for (size_t i = 0; i < m->n; i++)
        if (memcmp(m->out[i].uid, e->uid, sizeof e->uid) == 0)
            return NULL; /* its bucket has one already */
    m->n++;
    m->creates[rule]++;
    return e;
}

/* A finding for each bucket with a time at which the condition holds; it counts the hits of its
 * bucket, or where is_final those times; without a threshold nobody looks at the count. */
static void fold(struct model *m, const char *rule_id, const char *key, const struct hits *h,
                 uint32_t threshold, bool is_final)
{
    uint32_t rule = real_rule(m->g, rule_id);
    struct str parts[] = {str_from(rule_id), str_from(key)};
    int64_t phase = uid_bucket_phase(&m->digest, parts, ARRAY_LEN(parts), PERIOD_MS);

    for (size_t i = 0; i < h->n_met; i++) {
        int64_t start = uid_bucket_at(phase, h->met[i], PERIOD_MS);
        uint32_t count = 0;
        char name[40];
        for (size_t k = 0; k < (is_final ? h->n_met : h->n); k++)
            count += uid_bucket_at(phase, is_final ? h->met[k] : h->at[k].t_ms, PERIOD_MS) == start;
        snprintf(name, sizeof name, "bucket:%lld", (long long)start);
        count = count > threshold ? count : threshold;
        (void)expect(m, rule, str_from(key), name, threshold ? count : 0);
    }
}

/* ---- conditions ---------------------------------------------------------------------------- */

static void add_met(struct hits *h, int64_t t_ms)
{
    for (size_t i = 0; i < h->n_met; i++)
        if (h->met[i] == t_ms)
            return;
    h->met[h->n_met++] = t_ms;
}

static bool is_in(const struct hit_at *hit, int64_t end_ms, int64_t window_ms)
{
    return hit->t_ms <= end_ms && hit->t_ms >= end_ms - window_ms;
}

static uint32_t count_in(const struct hits *h, int64_t end_ms, int64_t window_ms)
{
    uint32_t n = 0;

    for (size_t i = 0; i < h->n; i++)
        n += is_in(&h->at[i], end_ms, window_ms);
    return n;
}

static uint32_t distinct_in(const struct hits *h, int64_t end_ms, int64_t window_ms)
{
    const char *seen[REAL_VALUES];
    uint32_t n = 0, k;

    for (size_t i = 0; i < h->n; i++) {
        if (!is_in(&h->at[i], end_ms, window_ms))
            continue;
        for (k = 0; k < n && strcmp(seen[k], h->at[i].value) != 0;)
            k++;
        if (k == n)
            seen[n++] = h->at[i].value;
    }
    return n;
}

static bool follows_in(const struct hits *h, size_t last, int64_t window_ms)
{
    for (size_t i = 0; i < h->n && h->at[last].act == REAL_B; i++)
        if (h->at[i].act == REAL_A && is_in(&h->at[i], h->at[last].t_ms, window_ms))
            return true;
    return false;
}

/* ---- rules --------------------------------------------------------------------------------- */

/* Hits of a user by acts (bits). */
static void hits_of(const struct model *m, const char *user, unsigned acts, struct hits *h)
{
    h->n = h->n_met = 0;
    for (size_t i = 0; i < m->n_events; i++) {
        const struct real_event *e = &m->events[i];
        if (acts >> e->act & 1 && strcmp(e->user, user) == 0)
            h->at[h->n++] = (struct hit_at){e->t_ms, e->act, e->value};
    }
}

/* Values that the user has not shown before, once it has been there for the training. What a fact
 * restored is not counted again. */
static void fresh_of_user(struct model *m, const char *user, struct hits *h)
{
    int64_t trained_ms = INT64_MAX;

    h->n_met = 0;
    for (size_t i = 0; i < h->n; i++)
        if (h->at[i].t_ms < trained_ms - TRAINING_MS)
            trained_ms = h->at[i].t_ms + TRAINING_MS;
    for (size_t i = 0; i < h->n; i++) {
        bool is_first = true;
        for (size_t k = 0; k < h->n && is_first; k++)
            is_first =
                strcmp(h->at[k].value, h->at[i].value) != 0 || h->at[k].t_ms >= h->at[i].t_ms;
        if (is_first && h->at[i].t_ms >= trained_ms)
            add_met(h, h->at[i].t_ms);
    }
    fold(m, "fresh", user, h, 0, true);
}

/* Of which key an item of a sequence takes the event; the events of one key in order. */
static size_t events_of_sequence(const struct model *m, const struct real_sequence *q,
                                 const char *key, struct sequence_event *out)
{
    size_t n = 0;

    for (size_t i = 0; i < m->n_events; i++) {
        const struct real_event *e = &m->events[i];
        struct sequence_event at = {.t_ms = e->t_ms, .value = m->orders[i]};
        for (uint32_t k = 0; k < q->n_items && !m->is_late[i]; k++)
            if (q->items[k].act == e->act &&
                strcmp(q->items[k].is_by_peer ? e->peer : e->user, key) == 0)
                at.labels |= 1U << k;
        if (at.labels)
            out[n++] = at;
    }
    sequence_events_sort(out, n);
    return n;
}

static void sequence_of_user(struct model *m, const struct real_sequence *q, const char *user,
                             struct hits *h)
{
    static struct sequence_event events[HITS_MAX];
    static struct sequence_told told[HITS_MAX];
    char id[PATH_TEXT];

    snprintf(id, sizeof id, "%s#0", q->path);
    const struct correlation *c = m->g->rules[real_rule(m->g, id)].rule->correlation;
    size_t n = events_of_sequence(m, q, user, events);
    n = sequence_model(c, c->window_ms, events, n, told);
    h->n = h->n_met = 0;
    for (size_t i = 0; i < n; i++)
        add_met(h, told[i].t_ms);
    fold(m, id, user, h, 0, true);
}

static void group_of_user(struct model *m, const char *user, struct hits *h)
{
    hits_of(m, user, 1U << REAL_A | 1U << REAL_B, h);
    for (size_t i = 0; i < h->n; i++)
        if (count_in(h, h->at[i].t_ms, 4000) >= 3 && distinct_in(h, h->at[i].t_ms, 4000) >= 2)
            add_met(h, h->at[i].t_ms);
    fold(m, "sim.esql#0", user, h, 0, true);
}

static void of_user(struct model *m, const char *user, struct hits *h)
{
    hits_of(m, user, 1U << REAL_C, h);
    for (size_t i = 0; i < h->n; i++)
        add_met(h, h->at[i].t_ms);
    fold(m, "c", user, h, 1, false);
    hits_of(m, user, 1U << REAL_A | 1U << REAL_B, h);
    for (size_t i = 0; i < h->n; i++)
        if (count_in(h, h->at[i].t_ms, 4000) >= 3)
            add_met(h, h->at[i].t_ms);
    fold(m, "burst", user, h, 3, false);
    h->n_met = 0;
    for (size_t i = 0; i < h->n; i++)
        if (distinct_in(h, h->at[i].t_ms, 4000) >= 3)
            add_met(h, h->at[i].t_ms);
    fold(m, "values", user, h, 3, false);
    h->n_met = 0;
    for (size_t i = 0; i < h->n; i++)
        if (follows_in(h, i, 3000))
            add_met(h, h->at[i].t_ms);
    fold(m, "order", user, h, 1, false);
    if (real_rule(m->g, "fresh") != UINT32_MAX)
        fresh_of_user(m, user, h);
    for (size_t i = 0; i < REAL_SEQUENCES; i++)
        sequence_of_user(m, &real_sequences[i], user, h);
    group_of_user(m, user, h);
}

/* Times at which a user of the group is a pair. */
static void of_group(struct model *m, const struct real_event *one, struct hits *group)
{
    static struct hits user;

    group->n = group->n_met = 0;
    for (int k = 0; k < SIM_KEYS; k++) {
        struct real_event e = real_event_of(&(struct sim_event){.key = (uint8_t)k});
        if (strcmp(e.group, one->group) != 0)
            continue;
        hits_of(m, e.user, 1U << REAL_A | 1U << REAL_B, &user);
        for (size_t i = 0; i < user.n; i++)
            if (count_in(&user, user.at[i].t_ms, 4000) >= 2)
                add_met(&user, user.at[i].t_ms);
        for (size_t i = 0; i < user.n_met; i++)
            group->at[group->n++] = (struct hit_at){.t_ms = user.met[i]};
    }
    for (size_t i = 0; i < group->n; i++)
        if (count_in(group, group->at[i].t_ms, 8000) >= 3)
            add_met(group, group->at[i].t_ms);
    fold(m, "crowd", one->group, group, 3, true);
}

/* A late event counts for no window; a rule that looks at single events folds it as of the
 * watermark that it met. */
static void add_event(struct model *m, const struct sim_event *e, uint64_t order)
{
    struct real_event r = real_event_of(e);

    if (e->late_by_ms > 0 && r.act != REAL_C)
        return;
    r.t_ms = real_ms(e->t_ms + e->late_by_ms);
    m->orders[m->n_events] = order;
    m->is_late[m->n_events] = e->late_by_ms > 0;
    m->events[m->n_events++] = r;
}

static void add_floods(struct model *m)
{
    for (uint32_t i = 0; i < m->g->n_rules; i++) {
        uint32_t n = m->creates[i];
        if (m->g->options.brake_creates && n > REAL_BRAKE)
            (void)expect(m, i, STR(""), "flood:0", n);
    }
}

size_t real_model(const struct graph *g, const struct sim_log *log, struct sim_expected *out)
{
    static struct model m;
    static struct hits hits;

    ASSERT(g->n_rules <= RULES_MAX);
    m.g = g;
    m.out = out;
    m.n = m.n_events = 0;
    memset(m.creates, 0, sizeof m.creates);
    for (uint32_t p = 0; p < log->n_parts; p++)
        for (size_t i = 0; i < log->n_events[p]; i++)
            add_event(&m, &log->events[p][i],
                      ((hash_str(STR("log")) ^ p) & UINT8_MAX) << 56 | (i + 1));
    for (int k = 0; k < SIM_KEYS; k++) {
        struct real_event e = real_event_of(&(struct sim_event){.key = (uint8_t)k});
        of_user(&m, e.user, &hits);
        if (k % SIM_USERS < 2) /* the first of its group */
            of_group(&m, &e, &hits);
    }
    add_floods(&m);
    return m.n;
}

/* ---- those that learn ---------------------------------------------------------------------- */

struct told {
    struct sim_expected *out;
    size_t n;
};

static enum weir_rc note_create(void *context, const struct finding *f, uint32_t event,
                                struct weir_err *err)
{
    struct told *told = context;

    (void)event;
    (void)err;
    if (f->activity != FINDING_CREATE)
        return WEIR_OK;
    ASSERT(told->n < SIM_EXPECTED_MAX);
    struct sim_expected *e = &told->out[told->n++];
    *e = (struct sim_expected){.has_close = true};
    memcpy(e->uid, f->uid, sizeof e->uid);
    return WEIR_OK;
}

size_t real_learned_model(const struct graph *g, const struct sim_log *log,
                          struct sim_expected *out)
{
    struct store *store = store_mem_new();
    struct told told = {.out = out};
    uint32_t n = 0;

    graph_attach(g, store);
    struct correlator *c = correlator_new(g, store);
    for (uint32_t p = 0; p < log->n_parts; p++)
        for (size_t i = 0; i < log->n_events[p]; i++)
            correlator_add(
                c, real_gathered(p, i + 1),
                &(struct correlator_event){.event = n++, .t_ms = real_ms(log->events[p][i].t_ms)});
    enum weir_rc rc = correlator_run(c, INT64_MAX, note_create, &told, NULL);
    ASSERT(rc == WEIR_OK);
    correlator_free(c);
    store_free(store);
    return told.n;
}

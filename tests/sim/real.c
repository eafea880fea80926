/* real.c - the forms with weir's own operators: graph and correlator over a store_mem that stands
 * for the remote one (real.h). */
#include "real.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "correlate/claim.h"
#include "correlate/correlator.h"
#include "correlate/reopen.h"
#include "state/store_mem.h"
#include "worker/recover.h"
#include "worker/unclosed.h"

enum { RECORDS_MAX = 1024, FACTS_MAX = 2048, HOUR_MS = 3600000, LEARNED_REPLAY_MS = 140 };

struct sim_detector {
    struct sim_link link;
    struct store *store;
    struct correlator *correlator;
    bool is_begun;
    uint32_t n_events;
    size_t n_records, n_facts;
    struct fact facts[FACTS_MAX];
    struct sim_published records[RECORDS_MAX]; /* last: not cleared */
};

static struct store *server, *snapshots[SIM_SNAPSHOTS];
static uint64_t server_run;
static const struct graph *graph;
static uint64_t
    misjudged; /* events that a replay took for late, or did not, unlike the first time */
static const struct sim_log *events;

/* ---- the server ---------------------------------------------------------------------------- */

static void set_run(uint64_t run)
{
    char text[24];

    server_run = run;
    snprintf(text, sizeof text, "r%llu", (unsigned long long)run);
    store_mem_set_run(server, text);
}

static void replace_server(struct store *s)
{
    if (server)
        store_free(server);
    server = s;
}

/* Empty. A fresh store_mem is blessed for the run "1", which is none of these. */
static void flush(void)
{
    replace_server(store_mem_new());
    graph_attach(graph, server);
    store_set_claim_reader(server, claim_read);
    set_run(server_run);
}

static void start_set(enum real_set set, const struct sim_log *l)
{
    events = l;
    graph = real_graph(set);
    real_gather(graph, events);
    misjudged = 0;
    real_store_forget();
    for (size_t i = 0; i < SIM_SNAPSHOTS; i++) {
        if (snapshots[i])
            store_free(snapshots[i]);
        snapshots[i] = NULL;
    }
    server_run = 1;
    flush();
}

static void start(uint64_t seed, const struct sim_log *l)
{
    start_set(seed & 1 ? REAL_BRAKED : REAL_PLAIN, l);
}

static void start_learned(uint64_t seed, const struct sim_log *l)
{
    (void)seed;
    start_set(REAL_LEARNED, l);
}

static void save(uint32_t snapshot)
{
    if (snapshots[snapshot])
        store_free(snapshots[snapshot]);
    snapshots[snapshot] = store_mem_copy(server);
}

static void fall_back(uint32_t snapshot)
{
    replace_server(store_mem_copy(snapshots[snapshot]));
}

static bool needs_log(uint32_t p)
{
    struct store_applied from;
    struct store_run run;
    bool has;

    enum weir_rc rc = store_run(server, &run, NULL);
    ASSERT(rc == WEIR_OK);
    rc = store_replay_from(server, p, &has, &from, NULL);
    ASSERT(rc == WEIR_OK);
    return has || !store_is_whole(&run);
}

/* Marks are asked for by raising none. */
static int64_t mark_ms(uint32_t n_parts)
{
    int64_t least_ms[SIM_ROUNDS_MAX];
    enum store_answer answer;
    struct store_run run;

    (void)n_parts;
    enum weir_rc rc = store_run(server, &run, NULL);
    ASSERT(rc == WEIR_OK);
    rc = store_mark(server, run.blessed, NULL, 0, graph->n_levels, least_ms, &answer, NULL);
    ASSERT(rc == WEIR_OK);
    return answer == STORE_DONE ? least_ms[graph->n_levels - 1] : INT64_MIN;
}

static size_t model(const struct sim_log *l, struct sim_expected *out)
{
    return real_model(graph, l, out);
}

static size_t learned_model(const struct sim_log *l, struct sim_expected *out)
{
    return real_learned_model(graph, l, out);
}

static uint64_t too_late(void)
{
    return misjudged;
}

/* ---- a worker's batch ---------------------------------------------------------------------- */

/* As worker/fact_batch.h. Without the defence: a term as soon as it is told to its group. */
static void hear(void *context, uint32_t space, const struct signal *s)
{
    struct sim_detector *d = context;
    const struct graph_space *from = &graph->spaces[space];
    const struct graph_rule *rule = &graph->rules[from->rule];
    struct signal fact = *s;

    if (from->role != SPACE_OPERATOR)
        return;
    if (d->link.without & SIM_JUDGED && rule->kind->kind == OPERATOR_FIRST_SEEN)
        fact.stage = s->stage == 1 ? SIGNAL_FACT : SIGNAL_MET;
    ASSERT(d->n_facts < FACTS_MAX);
    d->n_facts +=
        fact_of_signal(&fact, graph->spaces[rule->stages].spec.identity, &d->facts[d->n_facts]);
}

static struct sim_detector *detector_new(const struct sim_link *link)
{
    struct sim_detector *d = malloc(sizeof *d);

    ASSERT(d);
    memset(d, 0, offsetof(struct sim_detector, records));
    d->link = *link;
    d->store = real_store_new(link, &server);
    d->correlator = correlator_new(graph, d->store);
    correlator_hear(d->correlator, hear, d);
    return d;
}

static void detector_free(struct sim_detector *d)
{
    correlator_free(d->correlator);
    store_free(d->store);
    free(d);
}

static struct store *store_of(struct sim_detector *d)
{
    return d->store;
}

static void clear(struct sim_detector *d)
{
    correlator_drop(d->correlator);
    d->is_begun = false;
    d->n_events = 0;
    d->n_records = d->n_facts = 0;
}

static void add(struct sim_detector *d, uint32_t part, uint32_t partition, uint64_t position,
                int64_t late_by_ms)
{
    const struct sim_event *e = &events->events[partition][position - 1];

    misjudged += late_by_ms != e->late_by_ms;
    correlator_add(d->correlator, real_gathered(partition, position),
                   &(struct correlator_event){.event = d->n_events++,
                                              .t_ms = real_ms(e->t_ms),
                                              .lateness = {.late_by_ms = late_by_ms * REAL_SCALE},
                                              .part = part,
                                              .position = position});
}

static void write_cell(struct sim_published *p, const struct finding *f)
{
    struct buf text = {0};

    p->cell[0] = '\0';
    if (reopen_format(f, &text)) {
        ASSERT(text.n < sizeof p->cell);
        memcpy(p->cell, text.p, text.n);
        p->cell[text.n] = '\0';
    }
    buf_release(&text);
}

static enum weir_rc keep(void *context, const struct finding *f, uint32_t event,
                         struct weir_err *err)
{
    struct sim_detector *d = context;

    (void)err;
    ASSERT(event == UINT32_MAX || event < d->n_events);
    ASSERT(d->n_records < RECORDS_MAX);
    struct sim_published *p = &d->records[d->n_records++];
    *p = (struct sim_published){
        .space = f->rule, .count = (uint32_t)f->hits, .activity = (uint8_t)f->activity};
    ASSERT(claim_of(f, &p->claim));
    write_cell(p, f);
    if (d->link.is_traced) {
        char text[120];
        snprintf(text, sizeof text,
                 "told %02x%02x bucket %lld at %lld rule %u kind %u/%llu count %u", f->uid[0],
                 f->uid[1], (long long)f->bucket_start_ms, (long long)f->at_ms, f->rule,
                 f->activity, (unsigned long long)f->sequence, p->count);
        d->link.trace(d->link.context, text);
    }
    return WEIR_OK;
}

static enum weir_rc apply(struct sim_detector *d, const struct protocol_action *a,
                          enum store_answer *answer)
{
    struct correlator_frame frame = {.watermark_ms = real_ms(a->watermark_ms),
                                     .timer_ms = real_ms(a->timer_ms),
                                     .parts = a->parts,
                                     .n_parts = a->n_parts,
                                     .incarnation = a->incarnation,
                                     .is_sweep = a->is_sweep};

    if (!d->is_begun)
        correlator_begin(d->correlator);
    d->is_begun = true;
    TRY(correlator_apply(d->correlator, a->round, &frame, answer, NULL));
    if (*answer == STORE_DONE && a->round == graph->n_levels - 1)
        return correlator_tell(d->correlator, keep, d, NULL);
    return WEIR_OK;
}

static size_t n_records(const struct sim_detector *d)
{
    return d->n_records;
}

static const struct sim_published *record(const struct sim_detector *d, size_t i)
{
    return &d->records[i];
}

static size_t n_facts(const struct sim_detector *d)
{
    return d->n_facts;
}

static const struct fact *fact_at(const struct sim_detector *d, size_t i)
{
    return &d->facts[i];
}

/* Runs of the world are "r1" and so on; a new store_mem is blessed for one that is none of them. */
static bool is_empty(const struct store_lease *lease)
{
    return lease->incarnation[0] != 'r';
}

struct told_facts {
    const struct fact *facts;
    size_t n, at;
    struct buf bytes;
};

static enum weir_rc next_facts(void *context, struct kafka_message *out, size_t max, size_t *n,
                               bool *is_end, struct weir_err *err)
{
    struct told_facts *told = context;
    size_t ends[RECOVER_BATCH + 1] = {0};

    (void)err;
    ASSERT(max <= RECOVER_BATCH);
    buf_clear(&told->bytes);
    for (*n = 0; *n < max && told->at < told->n; ends[++*n] = told->bytes.n)
        fact_pack(&told->facts[told->at++], &told->bytes);
    for (size_t i = 0; i < *n; i++)
        out[i] = (struct kafka_message){.value = {told->bytes.p + ends[i], ends[i + 1] - ends[i]}};
    *is_end = *n == 0;
    return WEIR_OK;
}

static void release_facts(struct kafka_message *m, size_t n)
{
    (void)m;
    (void)n;
}

/* Of an empty store that reads all of the log again: all facts, none, or those before some time. */
static enum weir_rc learn(struct sim_detector *d, const struct store_lease *lease,
                          const struct fact *facts, size_t n, int64_t fresh_ms,
                          enum store_answer *answer)
{
    struct told_facts told = {.facts = facts, .n = n};
    struct recover_source source = {next_facts, NULL, release_facts, &told};
    struct recover r = {.store = d->store, .lease = *lease};

    *answer = STORE_DONE;
    r.lease.ttl_ms = HOUR_MS; /* never renewed: that would follow the real clock */
    fresh_ms = real_ms(fresh_ms);
    if (fresh_ms == INT64_MAX && rng_below(d->link.rng, 2))
        fresh_ms = facts[rng_below(d->link.rng, (uint32_t)n)].first_ms;
    enum weir_rc rc = recover_facts(&r, graph, fresh_ms, &source, answer, NULL);
    buf_release(&told.bytes);
    return rc;
}

static enum weir_rc reopen(struct sim_detector *d, const struct store_lease *lease,
                           const struct sim_published *const *records, size_t n,
                           enum store_answer *answer)
{
    static const struct reopen_reach reach = {INT64_MAX, INT64_MAX};
    struct unclosed_counts counts;

    *answer = STORE_DONE;
    struct unclosed *u = unclosed_new();
    for (size_t i = 0; i < n; i++) {
        struct unclosed_record r = {.rule = graph->rules[records[i]->space].rule->uid,
                                    .tenant = graph_tenant_of(graph, records[i]->space),
                                    .cell = str_from(records[i]->cell)};
        unclosed_note(u, &records[i]->claim, &r);
    }
    enum weir_rc rc = unclosed_restore(u, d->store, lease, graph, reach, &counts, answer, NULL);
    unclosed_free(u);
    return rc;
}

static uint32_t n_rounds(void)
{
    return graph->n_levels;
}

#define COMMON_PARTS                                                                               \
    .rest_ms = REAL_MINUTE_MS / REAL_SCALE, .n_rounds = n_rounds, .set_run = set_run,              \
    .flush = flush, .save = save, .fall_back = fall_back, .needs_log = needs_log,                  \
    .mark_ms = mark_ms, .too_late = too_late, .detector_new = detector_new,                        \
    .detector_free = detector_free, .store = store_of, .clear = clear, .add = add, .apply = apply, \
    .n_records = n_records, .record = record, .n_facts = n_facts, .fact_at = fact_at,              \
    .learn = learn, .is_empty = is_empty, .reopen = reopen

const struct sim_form sim_real = {
    .name = "real",
    .without = SIM_NEWINC | SIM_EPOCH | SIM_CLAIMS | SIM_LEASE | SIM_JUDGED,
    .rare = PROTOCOL_SWEEP, /* one schedule in 7,500 */
    .start = start,
    .model = model,
    COMMON_PARTS,
};

const struct sim_form sim_learned = {
    .name = "learned",
    .without = SIM_JUDGED | SIM_TOGETHER | SIM_FACTS | SIM_CLAIMS | SIM_BEHIND,
    .rare = UINT32_MAX, /* what the protocol defends against, the other forms show */
    .replay_max_ms = LEARNED_REPLAY_MS,
    .start = start_learned,
    .model = learned_model,
    COMMON_PARTS,
};

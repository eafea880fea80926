/* small.c - the form with spaces and a server of the simulation's own (form.h). */
#include "redis.h"
#include "rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPS_MAX = 512, RECORDS_MAX = 512 };

uint64_t sim_too_late;

static struct sim_server server, snapshots[SIM_SNAPSHOTS];
static const struct sim_log *events;

/* An operation or a record of the batch, with the partition (index) it goes under. */
struct found {
    struct sim_record record;
    struct store_at at;
    uint32_t part;
    bool is_restored;
};

struct sim_detector {
    struct sim_link link;
    struct store *store;
    struct state_op first[OPS_MAX]; /* of events */
    size_t n_first;
    struct found found[SIM_ROUNDS][RECORDS_MAX]; /* by round */
    size_t n_found[SIM_ROUNDS];
    struct sim_published published[SIM_ROUNDS * RECORDS_MAX];
    size_t n_published;
};

/* ---- the server ---------------------------------------------------------------------------- */

static void start(uint64_t seed, const struct sim_log *l)
{
    (void)seed;
    events = l;
    sim_too_late = 0;
    sim_server_init(&server);
    server.run = 1;
}

static void set_run(uint64_t run)
{
    server.run = run;
}

static void flush(void)
{
    sim_server_flush(&server);
}

static void save(uint32_t snapshot)
{
    sim_server_copy(&snapshots[snapshot], &server);
}

static void fall_back(uint32_t snapshot)
{
    sim_server_copy(&server, &snapshots[snapshot]);
}

static bool needs_log(uint32_t p)
{
    return server.has_replay[p] || server.run != server.blessed_run;
}

static int64_t mark_ms(uint32_t n_parts)
{
    int64_t least = INT64_MAX;

    for (uint32_t p = 0; p < n_parts; p++)
        if (server.marks[p][SIM_ROUNDS - 1] < least)
            least = server.marks[p][SIM_ROUNDS - 1];
    return least;
}

static size_t model(const struct sim_log *l, struct sim_expected *out)
{
    return sim_model(l->events, l->n_events, l->n_parts, out);
}

static uint64_t too_late(void)
{
    return sim_too_late;
}

/* ---- a worker's batch ---------------------------------------------------------------------- */

static void note_emission(void *context, const struct sim_entry *o, const char *record)
{
    const struct sim_detector *d = context;
    struct sim_record r;
    char text[160];

    memcpy(&r, record, sizeof r);
    snprintf(text, sizeof text,
             "emitted space %u key %u bucket %lld activity %u/%u p%u at %llu/%llu%s", r.space,
             r.key, (long long)r.bucket_ms, r.activity, r.sequence, o->partition,
             (unsigned long long)o->at.position, (unsigned long long)o->at.tick,
             o->is_restored ? " restored" : "");
    d->link.trace(d->link.context, text);
}

static struct sim_detector *detector_new(const struct sim_link *link)
{
    struct sim_detector *d = malloc(sizeof *d);

    ASSERT(d);
    memset(d, 0, offsetof(struct sim_detector, first));
    d->n_first = d->n_published = 0;
    memset(d->n_found, 0, sizeof d->n_found);
    d->link = *link;
    d->store = sim_store_new(link, &server, link->is_traced ? note_emission : NULL, d);
    sim_rules_attach(d->store);
    return d;
}

static void detector_free(struct sim_detector *d)
{
    store_free(d->store);
    free(d);
}

static struct store *store_of(struct sim_detector *d)
{
    return d->store;
}

static void clear(struct sim_detector *d)
{
    d->n_first = d->n_published = 0;
    memset(d->n_found, 0, sizeof d->n_found);
}

static void add(struct sim_detector *d, uint32_t part, uint32_t partition, uint64_t position,
                int64_t late_by_ms)
{
    struct state_op ops[2];

    if (late_by_ms > 0)
        return;
    size_t n = sim_ops_of_event(&events->events[partition][position - 1], ops);
    for (size_t i = 0; i < n; i++) {
        ASSERT(d->n_first < OPS_MAX);
        ops[i].part = part;
        ops[i].order = d->n_first;
        ops[i].at = (struct store_at){position, 0};
        d->first[d->n_first++] = ops[i];
    }
}

static size_t ops_of_round(struct sim_detector *d, uint32_t round, struct state_op *ops)
{
    size_t n = 0;

    if (round == 0) {
        memcpy(ops, d->first, d->n_first * sizeof *ops);
        return d->n_first;
    }
    for (size_t i = 0; i < d->n_found[round - 1]; i++) {
        const struct found *f = &d->found[round - 1][i];
        if ((f->is_restored && (d->link.without & SIM_DERIVE)) ||
            !sim_ops_of_record(&f->record, &ops[n]))
            continue;
        ASSERT(sim_level(ops[n].space) == round);
        ops[n].part = f->part;
        ops[n].order = n;
        ops[n].at = f->at;
        n++;
    }
    return n;
}

static void publish(struct sim_detector *d, const struct found *f)
{
    struct sim_published *p = &d->published[d->n_published];
    struct str bytes = {(const char *)&f->record, sizeof f->record};

    if (f->is_restored || !sim_read_claim(bytes, &p->claim))
        return;
    p->space = f->record.space;
    p->count = f->record.count;
    p->activity = f->record.activity;
    d->n_published++;
}

static enum weir_rc apply(struct sim_detector *d, const struct protocol_action *a,
                          enum store_answer *answer)
{
    struct state_op ops[RECORDS_MAX];
    const struct emission *out = NULL;
    size_t n = 0;
    struct store_batch b = {
        .round = a->round,
        .ops = ops,
        .n_ops = ops_of_round(d, a->round, ops),
        .clock = {a->watermark_ms},
        .timer_ms = a->timer_ms,
        .parts = a->parts,
        .n_parts = a->n_parts,
        .incarnation = a->incarnation,
        .is_sweep = a->is_sweep,
    };

    TRY(store_apply(d->store, &b, &out, &n, answer, NULL));
    if (*answer != STORE_DONE)
        return WEIR_OK;
    ASSERT(n <= RECORDS_MAX);
    for (size_t i = 0; i < n; i++) {
        struct found *f = &d->found[a->round][i];
        *f =
            (struct found){.at = out[i].at, .part = out[i].part, .is_restored = out[i].is_restored};
        memcpy(&f->record, out[i].bytes.p, sizeof f->record);
        publish(d, f);
    }
    d->n_found[a->round] = n;
    return WEIR_OK;
}

static size_t n_records(const struct sim_detector *d)
{
    return d->n_published;
}

static const struct sim_published *record(const struct sim_detector *d, size_t i)
{
    return &d->published[i];
}

static uint32_t n_rounds(void)
{
    return SIM_ROUNDS;
}

const struct sim_form sim_small = {
    .name = "small",
    .without =
        ~(uint32_t)(SIM_JUDGED | SIM_TOGETHER | SIM_FACTS | SIM_BEHIND), /* it has no facts */
    .n_rounds = n_rounds,
    .rest_ms = SIM_PERIOD_MS + 2,
    .start = start,
    .set_run = set_run,
    .flush = flush,
    .save = save,
    .fall_back = fall_back,
    .needs_log = needs_log,
    .mark_ms = mark_ms,
    .model = model,
    .too_late = too_late,
    .detector_new = detector_new,
    .detector_free = detector_free,
    .store = store_of,
    .clear = clear,
    .add = add,
    .apply = apply,
    .n_records = n_records,
    .record = record,
};

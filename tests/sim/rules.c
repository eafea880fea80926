/* rules.c - steps and the slow model of rules.h. Cells keep every hit: they are small. */
#include "rules.h"

#include <string.h>

struct find {
    int64_t bucket_ms;
    uint32_t sequence, told;
    bool is_closed;
};

struct book_cell {
    uint8_t version, n_hits, n_finds;
    struct find finds[SIM_FINDS_MAX];
    int64_t hits[SIM_HITS_MAX];
};

struct final_cell {
    uint8_t version, n_hits;
    int64_t judged_ms;
    int64_t hits[SIM_HITS_MAX];
};

struct params {
    enum sim_space space;
    uint32_t n;
    int64_t window_ms;
};

static const struct params params_of[SIM_SPACES] = {
    {SPACE_BURST, 3, 40}, {SPACE_PAIR, 2, 40}, {SPACE_CROWD, 3, 80},
    {SPACE_RISK, 2, 400}, {SPACE_TOLD, 1, 0},
};

static int64_t bucket_of(int64_t t_ms, uint8_t key)
{
    int64_t phase = 37 * (key + 1) % SIM_PERIOD_MS;
    int64_t b = t_ms + phase;

    return (b >= 0 ? b / SIM_PERIOD_MS : -((-b + SIM_PERIOD_MS - 1) / SIM_PERIOD_MS)) *
               SIM_PERIOD_MS -
           phase;
}

static uint8_t insert(int64_t *hits, uint8_t n, int64_t t_ms)
{
    uint8_t i = n;

    ASSERT(n < SIM_HITS_MAX);
    for (; i > 0 && hits[i - 1] > t_ms; i--)
        hits[i] = hits[i - 1];
    hits[i] = t_ms;
    return (uint8_t)(n + 1);
}

/* Hits in [from, to]. */
static uint32_t count_in(const int64_t *hits, uint8_t n, int64_t from_ms, int64_t to_ms)
{
    uint32_t count = 0;

    for (uint8_t i = 0; i < n; i++)
        count += hits[i] >= from_ms && hits[i] <= to_ms;
    return count;
}

static void emit(struct emissions *out, enum sim_space space, uint8_t key, enum sim_activity what,
                 const struct find *f, uint32_t count, int64_t t_ms)
{
    struct sim_record r = {
        .space = (uint8_t)space,
        .key = key,
        .activity = (uint8_t)what,
        .sequence = f ? f->sequence : 0,
        .bucket_ms = f ? f->bucket_ms : 0,
        .count = count,
        .t_ms = t_ms,
    };

    emissions_add(out, (struct str){(const char *)&r, sizeof r});
}

static struct find *find_of(struct book_cell *b, int64_t bucket_ms)
{
    for (uint8_t i = 0; i < b->n_finds; i++)
        if (b->finds[i].bucket_ms == bucket_ms)
            return &b->finds[i];
    return NULL;
}

static uint32_t hits_of(const struct book_cell *b, int64_t bucket_ms)
{
    return count_in(b->hits, b->n_hits, bucket_ms, bucket_ms + SIM_PERIOD_MS - 1);
}

static void claim(struct book_cell *b, const struct params *p, uint8_t key, int64_t t_ms,
                  struct emissions *out)
{
    int64_t bucket_ms = bucket_of(t_ms, key);

    if (find_of(b, bucket_ms))
        return;
    ASSERT(b->n_finds < SIM_FINDS_MAX);
    struct find *f = &b->finds[b->n_finds++];
    *f = (struct find){bucket_ms, 1, hits_of(b, bucket_ms), p->space == SPACE_RISK};
    emit(out, p->space, key, SIM_CREATE, f, f->told, t_ms);
}

static void book_op(struct book_cell *b, const struct params *p, uint8_t key, int64_t t_ms,
                    struct emissions *out)
{
    b->n_hits = insert(b->hits, b->n_hits, t_ms);
    for (uint8_t i = 0; i < b->n_hits; i++) {
        int64_t e = b->hits[i];
        if (e >= t_ms && e <= t_ms + p->window_ms &&
            count_in(b->hits, b->n_hits, e - p->window_ms, e) >= p->n)
            claim(b, p, key, e, out);
    }
    struct find *f = find_of(b, bucket_of(t_ms, key));
    if (f && f->is_closed && p->space != SPACE_RISK)
        sim_too_late++;
    if (f && !f->is_closed && hits_of(b, f->bucket_ms) >= 2 * f->told) {
        f->told = hits_of(b, f->bucket_ms);
        f->sequence++;
        emit(out, p->space, key, SIM_UPDATE, f, f->told, t_ms);
    }
}

static void book_timers(struct book_cell *b, const struct params *p, uint8_t key,
                        const struct step_clock *clock, struct emissions *out)
{
    for (uint8_t i = 0; i < b->n_finds; i++) {
        struct find *f = &b->finds[i];
        if (f->is_closed || f->bucket_ms + SIM_PERIOD_MS > clock->watermark_ms)
            continue;
        f->is_closed = true;
        f->sequence++;
        emit(out, p->space, key, SIM_CLOSE, f, hits_of(b, f->bucket_ms),
             f->bucket_ms + SIM_PERIOD_MS);
    }
}

/* The key's number is kept in the cell's first hit slot's place: a timer has no operation. */
static void book_step(void *context, const struct state_op *op, struct cell *cell,
                      const struct step_clock *clock, struct emissions *out)
{
    const struct params *p = context;
    struct book_cell b = {0};

    if (cell->main.n)
        memcpy(&b, cell->main.p, sizeof b);
    if (op)
        b.version = (uint8_t)(1 + sim_key_number(&op->key));
    uint8_t key = (uint8_t)(b.version - 1);
    if (op)
        book_op(&b, p, key, op->t_ms, out);
    else
        book_timers(&b, p, key, clock, out);
    cell->due_ms = CELL_NEVER;
    for (uint8_t i = 0; i < b.n_finds; i++)
        if (!b.finds[i].is_closed && b.finds[i].bucket_ms + SIM_PERIOD_MS < cell->due_ms)
            cell->due_ms = b.finds[i].bucket_ms + SIM_PERIOD_MS;
    ASSERT(cell_resize(cell, sizeof b));
    memcpy(cell->main.p, &b, sizeof b);
}

static void final_step(void *context, const struct state_op *op, struct cell *cell,
                       const struct step_clock *clock, struct emissions *out)
{
    const struct params *p = context;
    struct final_cell f = {.judged_ms = INT64_MIN};

    if (cell->main.n)
        memcpy(&f, cell->main.p, sizeof f);
    if (op) {
        f.version = (uint8_t)(1 + sim_key_number(&op->key));
        sim_too_late += op->t_ms < f.judged_ms;
        f.n_hits = insert(f.hits, f.n_hits, op->t_ms);
    } else {
        for (uint8_t i = 0; i < f.n_hits; i++)
            if (f.hits[i] >= f.judged_ms && f.hits[i] < clock->watermark_ms &&
                count_in(f.hits, f.n_hits, f.hits[i] - p->window_ms, f.hits[i]) >= p->n)
                emit(out, p->space, (uint8_t)(f.version - 1), SIM_SIGNAL, NULL, 1, f.hits[i]);
        if (clock->watermark_ms > f.judged_ms)
            f.judged_ms = clock->watermark_ms;
    }
    cell->due_ms = CELL_NEVER;
    for (uint8_t i = 0; i < f.n_hits; i++)
        if (f.hits[i] >= f.judged_ms && f.hits[i] + 1 < cell->due_ms)
            cell->due_ms = f.hits[i] + 1;
    ASSERT(cell_resize(cell, sizeof f));
    memcpy(cell->main.p, &f, sizeof f);
}

uint32_t sim_level(uint32_t space)
{
    return space < SPACE_CROWD ? 0 : space < SPACE_TOLD ? 1 : 2;
}

void sim_rules_attach(struct store *s)
{
    for (uint32_t i = 0; i < SIM_SPACES; i++) {
        bool is_final = i == SPACE_PAIR || i == SPACE_CROWD;
        struct space_spec spec = {
            .identity = {(uint8_t)i},
            .level = sim_level(i),
            .step = is_final ? final_step : book_step,
            .context = (void *)(uintptr_t)&params_of[i],
        };
        store_add_space(s, &spec);
    }
    store_set_claim_reader(s, sim_read_claim);
}

struct state_key sim_key(enum sim_space space, uint8_t key)
{
    return (struct state_key){{(uint8_t)((key * 7U + space * 3U + 1U) % SIM_SHARDS), key}};
}

static void set_op(struct state_op *op, enum sim_space space, uint8_t key, int64_t t_ms)
{
    *op = (struct state_op){.space = space, .key = sim_key(space, key), .t_ms = t_ms};
}

size_t sim_ops_of_event(const struct sim_event *e, struct state_op *out)
{
    set_op(&out[0], SPACE_BURST, e->key, e->t_ms);
    set_op(&out[1], SPACE_PAIR, e->key, e->t_ms);
    return 2;
}

/* A group is half of a tenant's users. */
static uint8_t group_of(uint8_t key)
{
    return (uint8_t)(key / SIM_USERS * SIM_USERS + key % 2);
}

size_t sim_ops_of_record(const struct sim_record *r, struct state_op *out)
{
    if (r->space == SPACE_PAIR)
        set_op(out, SPACE_CROWD, group_of(r->key), r->t_ms);
    else if (r->space == SPACE_CROWD)
        set_op(out, SPACE_TOLD, r->key, r->t_ms);
    else if (r->space == SPACE_BURST && r->activity == SIM_CREATE)
        set_op(out, SPACE_RISK, group_of(r->key), r->bucket_ms);
    else
        return 0;
    return 1;
}

bool sim_is_published(const struct sim_record *r)
{
    return r->activity != SIM_SIGNAL;
}

bool sim_read_claim(struct str emission, struct store_claim *out)
{
    struct sim_record r;

    ASSERT(emission.n == sizeof r);
    memcpy(&r, emission.p, sizeof r);
    if (!sim_is_published(&r))
        return false;
    struct state_key key = sim_key(r.space, r.key);
    *out = (struct store_claim){
        .uid = {r.space, r.key},
        .shard = state_key_shard(&key),
        .kind = r.activity,
        .sequence = r.activity == SIM_UPDATE ? r.sequence : 0,
    };
    memcpy(out->uid + 8, &r.bucket_ms, sizeof r.bucket_ms);
    return true;
}

/* ---- the model: everything again from the whole list --------------------------------------- */

struct hits {
    int64_t t[SIM_KEYS][512];
    size_t n[SIM_KEYS];
};

static void add(struct hits *h, uint8_t key, int64_t t_ms)
{
    ASSERT(h->n[key] < 512);
    h->t[key][h->n[key]++] = t_ms;
}

static bool holds(const struct hits *h, uint8_t key, int64_t at_ms, const struct params *p)
{
    uint32_t count = 0;

    for (size_t i = 0; i < h->n[key]; i++)
        count += h->t[key][i] >= at_ms - p->window_ms && h->t[key][i] <= at_ms;
    return count >= p->n;
}

static void set_expected(struct sim_expected *e, uint8_t space, uint8_t key, int64_t bucket_ms)
{
    *e = (struct sim_expected){.uid = {space, key}, .has_close = space != SPACE_RISK};
    memcpy(e->uid + 8, &bucket_ms, sizeof bucket_ms);
}

static size_t expect_findings(const struct hits *h, const struct params *p,
                              struct sim_expected *out, size_t n)
{
    for (uint8_t key = 0; key < (uint8_t)SIM_KEYS; key++) {
        size_t first = n;
        for (size_t i = 0; i < h->n[key]; i++) {
            int64_t bucket_ms = bucket_of(h->t[key][i], key);
            struct sim_expected e;
            if (!holds(h, key, h->t[key][i], p))
                continue;
            set_expected(&e, (uint8_t)p->space, key, bucket_ms);
            size_t k = first;
            while (k < n && memcmp(out[k].uid, e.uid, sizeof e.uid) != 0)
                k++;
            if (k < n)
                continue;
            for (size_t j = 0; e.has_close && j < h->n[key]; j++)
                e.count += bucket_of(h->t[key][j], key) == bucket_ms;
            ASSERT(n < SIM_EXPECTED_MAX);
            out[n++] = e;
        }
    }
    return n;
}

/* A Create of burst, by its uid, as a hit of risk. */
static void add_risk(struct hits *risk, const struct sim_expected *e)
{
    int64_t bucket_ms;

    memcpy(&bucket_ms, e->uid + 8, sizeof bucket_ms);
    add(risk, group_of(e->uid[1]), bucket_ms);
}

static void signals(const struct hits *h, const struct params *p, struct hits *out, bool is_grouped)
{
    memset(out->n, 0, sizeof out->n);
    for (uint8_t key = 0; key < (uint8_t)SIM_KEYS; key++)
        for (size_t i = 0; i < h->n[key]; i++)
            if (holds(h, key, h->t[key][i], p))
                add(out, is_grouped ? group_of(key) : key, h->t[key][i]);
}

size_t sim_model(const struct sim_event *const *events, const size_t *n, size_t n_parts,
                 struct sim_expected *out)
{
    static struct hits base, pairs, crowd, risk;

    memset(base.n, 0, sizeof base.n);
    memset(risk.n, 0, sizeof risk.n);
    for (size_t p = 0; p < n_parts; p++)
        for (size_t i = 0; i < n[p]; i++)
            if (!events[p][i].late_by_ms)
                add(&base, events[p][i].key, events[p][i].t_ms);
    size_t found = expect_findings(&base, &params_of[SPACE_BURST], out, 0);
    for (size_t i = 0; i < found; i++)
        add_risk(&risk, &out[i]);
    found = expect_findings(&risk, &params_of[SPACE_RISK], out, found);
    signals(&base, &params_of[SPACE_PAIR], &pairs, true);
    signals(&pairs, &params_of[SPACE_CROWD], &crowd, false);
    return expect_findings(&crowd, &params_of[SPACE_TOLD], out, found);
}

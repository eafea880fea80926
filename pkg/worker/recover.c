/* recover.c - batches of records into batches of the store's calls, with the lease kept alive.
 *
 * One loop reads (read_all), two handlers say what a record is: a claim for store_restore(), or a
 * fact for an apply under the lease.
 */
#include "worker/recover.h"

#include "base/hash.h"
#include "base/str.h"
#include "correlate/facts.h"
#include "correlate/reopen.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LEASE_PARTS = 3 /* it is renewed so often in its time to live */ };
enum { NAMES_MAX = 1 << 22 /* facts whose repetition is noticed: 64 MB */, NAMES_FIRST = 1024 };

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- reading -------------------------------------------------------------------------------- */

struct reading {
    struct recover *r;
    struct recover_source *source;
    struct kafka_message *messages;
    int64_t renewed_ms;
    /* Records of one step: what they mean goes into the store. */
    enum weir_rc (*take)(struct reading *reading, size_t n, enum store_answer *answer,
                         struct weir_err *err);
    void *what;
};

static enum weir_rc renew(struct reading *reading, enum store_answer *answer, struct weir_err *err)
{
    struct recover *r = reading->r;
    int64_t at_ms = now_ms();

    if (at_ms < reading->renewed_ms + (int64_t)r->lease.ttl_ms / LEASE_PARTS)
        return WEIR_OK;
    reading->renewed_ms = at_ms;
    return store_lease(r->store, &r->lease, answer, err);
}

static enum weir_rc read_step(struct reading *reading, bool *is_end, enum store_answer *answer,
                              struct weir_err *err)
{
    struct recover *r = reading->r;
    struct recover_source *source = reading->source;
    size_t n = 0;

    if (r->must_end && r->must_end(r->context))
        return err_set(err, WEIR_CLOSED, "asked to end in the midst of a recovery");
    TRY(renew(reading, answer, err));
    if (*answer != STORE_DONE)
        return WEIR_OK;
    TRY(source->next(source->context, reading->messages, RECOVER_BATCH, &n, is_end, err));
    r->records += n;
    enum weir_rc rc = n ? reading->take(reading, n, answer, err) : WEIR_OK;
    if (n)
        source->release(reading->messages, n);
    return rc;
}

static enum weir_rc read_all(struct reading *reading, enum store_answer *answer,
                             struct weir_err *err)
{
    bool is_end = false;
    enum weir_rc rc = WEIR_OK;

    *answer = STORE_DONE;
    reading->renewed_ms = now_ms();
    reading->messages = calloc(RECOVER_BATCH, sizeof *reading->messages);
    ASSERT(reading->messages);
    while (!is_end && rc == WEIR_OK && *answer == STORE_DONE)
        rc = read_step(reading, &is_end, answer, err);
    free(reading->messages);
    return rc;
}

static enum weir_rc next_of_reader(void *context, struct kafka_message *out, size_t max, size_t *n,
                                   bool *is_end, struct weir_err *err)
{
    const char *topic;
    int32_t partition;

    return kafka_reader_next(context, RECOVER_STEP_MS, out, max, n, &topic, &partition, is_end,
                             err);
}

struct recover_source recover_source_kafka(struct kafka_reader *reader)
{
    return (struct recover_source){next_of_reader, kafka_message_header, kafka_messages_release,
                                   reader};
}

/* ---- claims --------------------------------------------------------------------------------- */

static struct str header_of(const struct reading *reading, const struct kafka_message *m,
                            const char *name)
{
    struct str value;

    return reading->source->header(m, name, &value) ? value : STR("");
}

static void note_finding(const struct reading *reading, const struct kafka_message *m,
                         const struct store_claim *claim)
{
    struct unclosed_record record = {.rule = header_of(reading, m, "weir-rule"),
                                     .tenant = header_of(reading, m, "weir-tenant"),
                                     .cell = header_of(reading, m, REOPEN_HEADER)};

    unclosed_note(reading->r->unclosed, claim, &record);
}

static enum weir_rc take_claims(struct reading *reading, size_t n, enum store_answer *answer,
                                struct weir_err *err)
{
    struct recover *r = reading->r;
    struct store_claim *claims = reading->what;
    size_t n_claims = 0;

    for (size_t i = 0; i < n; i++) {
        const struct kafka_message *m = &reading->messages[i];
        struct str header;
        if (!reading->source->header(m, CLAIM_HEADER, &header) ||
            !claim_parse(header, m->key, &claims[n_claims])) {
            r->foreign++;
            continue;
        }
        if (r->unclosed)
            note_finding(reading, m, &claims[n_claims]);
        n_claims++;
    }
    if (n_claims == 0)
        return WEIR_OK;
    r->claims += n_claims;
    return store_restore(r->store, &r->lease, claims, n_claims, answer, err);
}

enum weir_rc recover_claims(struct recover *r, struct recover_source *source,
                            enum store_answer *answer, struct weir_err *err)
{
    struct reading reading = {.r = r, .source = source, .take = take_claims};

    reading.what = calloc(RECOVER_BATCH, sizeof(struct store_claim));
    ASSERT(reading.what);
    enum weir_rc rc = read_all(&reading, answer, err);
    free(reading.what);
    return rc;
}

int64_t recover_claims_from(const struct graph *graph, int64_t at_ms)
{
    return at_ms - graph_longest_period_ms(graph) - RECOVER_SLACK_MS;
}

int64_t recover_replay_start(int64_t reach, int64_t claimed, int64_t committed)
{
    return claimed > reach && claimed <= committed ? claimed : reach;
}

/* ---- facts ---------------------------------------------------------------------------------- */

struct fact_space {
    uint8_t identity[FACT_IDENTITY_BYTES];
    uint32_t space;
};

struct learning {
    const struct graph *graph;
    int64_t fresh_ms;
    bool is_empty; /* the store: terms of groups are counted anew */
    struct fact_space *spaces;
    size_t n_spaces;
    uint64_t *names; /* hashes of those met; 0: free */
    size_t n_names, mask;
    struct state_op *ops; /* of a call */
    struct hit *hits;
    struct fact *facts;
};

static int by_identity(const void *x, const void *y)
{
    return memcmp(((const struct fact_space *)x)->identity,
                  ((const struct fact_space *)y)->identity, FACT_IDENTITY_BYTES);
}

static const struct operator_kind_info *kind_of(const struct graph *g, uint32_t space)
{
    return g->rules[g->spaces[space].rule].kind;
}

/* First stages of the operators that facts are about. */
static void list_spaces(struct learning *l)
{
    l->spaces = calloc(l->graph->n_spaces + 1, sizeof *l->spaces);
    ASSERT(l->spaces);
    for (uint32_t i = 0; i < l->graph->n_spaces; i++) {
        const struct graph_space *s = &l->graph->spaces[i];
        if (s->role != SPACE_OPERATOR || s->stage != 0 || !kind_of(l->graph, i)->fact_kind)
            continue;
        memcpy(l->spaces[l->n_spaces].identity, s->spec.identity, FACT_IDENTITY_BYTES);
        l->spaces[l->n_spaces++].space = i;
    }
    qsort(l->spaces, l->n_spaces, sizeof *l->spaces, by_identity);
}

static void widen_names(struct learning *l)
{
    size_t cap = l->names ? (l->mask + 1) * 2 : NAMES_FIRST, old_cap = l->names ? l->mask + 1 : 0;
    uint64_t *old = l->names;

    l->names = calloc(cap, sizeof *l->names);
    ASSERT(l->names);
    l->mask = cap - 1;
    for (size_t k = 0; k < old_cap; k++) {
        if (!old[k])
            continue;
        size_t i = old[k] & l->mask;
        while (l->names[i])
            i = (i + 1) & l->mask;
        l->names[i] = old[k];
    }
    free(old);
}

/* A topic that is not compacted yet has a term several times. */
static bool is_first_of_name(struct learning *l, const struct fact *f)
{
    uint8_t name[FACT_NAME_BYTES];

    fact_name(f, name);
    uint64_t h = hash_bytes(name, sizeof name) | 1;
    if (l->n_names >= NAMES_MAX)
        return false;
    if (!l->names || l->n_names * 2 > l->mask)
        widen_names(l);
    size_t i = h & l->mask;
    for (; l->names[i]; i = (i + 1) & l->mask)
        if (l->names[i] == h)
            return false;
    l->names[i] = h;
    l->n_names++;
    return true;
}

/* False: nothing for these cells. */
static bool read_fact(struct recover *r, const struct learning *l, struct str value, struct fact *f,
                      uint32_t *space)
{
    struct fact_space want, *found;

    if (!fact_unpack(value, f)) {
        r->foreign++;
        return false;
    }
    memcpy(want.identity, f->identity, sizeof want.identity);
    found = bsearch(&want, l->spaces, l->n_spaces, sizeof want, by_identity);
    if (!found || f->kind != kind_of(l->graph, found->space)->fact_kind) {
        r->unknown++;
        return false;
    }
    f->fresh_ms = l->fresh_ms;
    r->fresh += fact_is_fresh(f);
    *space = found->space;
    return f->kind != FACT_TERM || !fact_is_fresh(f); /* of others there is more in it */
}

static enum weir_rc take_facts(struct reading *reading, size_t n, enum store_answer *answer,
                               struct weir_err *err)
{
    struct recover *r = reading->r;
    struct learning *l = reading->what;
    const struct emission *told;
    size_t n_ops = 0, n_told;

    for (size_t i = 0; i < n; i++) {
        struct fact *f = &l->facts[i];
        uint32_t space;
        if (!read_fact(r, l, reading->messages[i].value, f, &space))
            continue;
        bool is_counted = f->kind == FACT_TERM && l->is_empty && is_first_of_name(l, f);
        struct state_op *term = &l->ops[n_ops], *group = &l->ops[n_ops + 1];
        size_t n_made = fact_ops(f, is_counted, &l->hits[i], term, group);
        term->space = space;
        group->space = l->graph->rules[l->graph->spaces[space].rule].stages + 1;
        term->order = group->order = n_ops;
        n_ops += n_made;
        r->facts++;
    }
    if (n_ops == 0)
        return WEIR_OK;
    struct store_batch batch = {.ops = l->ops,
                                .n_ops = n_ops,
                                .clock = {INT64_MIN},
                                .timer_ms = INT64_MIN,
                                .lease = &r->lease};
    return store_apply(r->store, &batch, &told, &n_told, answer, err);
}

enum weir_rc recover_facts(struct recover *r, const struct graph *graph, int64_t fresh_ms,
                           struct recover_source *source, enum store_answer *answer,
                           struct weir_err *err)
{
    struct learning l = {
        .graph = graph, .fresh_ms = fresh_ms, .is_empty = r->lease.incarnation[0] == '\0'};
    struct reading reading = {.r = r, .source = source, .take = take_facts, .what = &l};

    list_spaces(&l);
    l.ops = calloc(2 * RECOVER_BATCH, sizeof *l.ops);
    l.hits = calloc(RECOVER_BATCH, sizeof *l.hits);
    l.facts = calloc(RECOVER_BATCH, sizeof *l.facts);
    ASSERT(l.ops && l.hits && l.facts);
    enum weir_rc rc = read_all(&reading, answer, err);
    free(l.facts);
    free(l.spaces);
    free(l.names);
    free(l.ops);
    free(l.hits);
    return rc;
}

/* Half of what is replayed: the other half is for events that are older than their records say,
 * and for partitions that are behind the foremost (alignment): what their last batch taught is
 * not older than this. Not the least of the prefixes: a partition may be idle for days. */
int64_t recover_fresh_ms(int64_t top_prefix_ms, int64_t replay_max_ms)
{
    return top_prefix_ms == INT64_MIN ? INT64_MAX : top_prefix_ms - replay_max_ms / 2;
}

/* ---- logs ---- */

bool recover_is_other_log(const struct recover_log *l)
{
    if (l->has_committed && l->committed > l->end)
        return true;
    for (size_t i = 0; i < l->n; i++)
        if (l->applied[i].at.position > (l->has_committed ? l->end : 0))
            return true;
    return false;
}

/* verify.c - see verify.h. */
#include "detect/verify.h"

#include <time.h>

#include "base/arena.h"
#include "base/buf.h"
#include "detect/synth.h"
#include "event/lookup.h"
#include "json/tree.h"
#include "match/reference.h"

enum { SEED = 20260728, MUTATIONS_MAX = 4 };

struct verifier {
    const struct verify_subject *s;
    struct arena *scratch; /* one event */
    struct reference *reference;
    struct synth synth;
    struct buf batch;              /* the events' bytes */
    size_t ends[ENGINE_BATCH_MAX]; /* of each of them */
    uint32_t made_from[ENGINE_BATCH_MAX];
    size_t n_batch;
    int64_t ends_ms;
    struct verify_counts counts;
};

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool says_reference(struct verifier *v, uint32_t rule, const struct event_tree *tree)
{
    const struct rule *r = v->s->rules[rule];

    v->counts.pairs++;
    return (v->s->options->no_routing || logsource_allows(&tree->shape.facts, &r->logsource)) &&
           reference_match(v->reference, r, tree);
}

static enum weir_rc differ(const struct verifier *v, uint32_t rule, bool is_found,
                           struct weir_err *err)
{
    const struct rule *r = v->s->rules[rule];

    err_set(err, WEIR_BADARG,
            "the rule %.*s, compiled, %s an event made of its own words, and should%s",
            (int)r->uid.n, r->uid.p, is_found ? "matches" : "does not match",
            is_found ? " not" : "");
    err_file(err, r->path);
    return WEIR_BADARG;
}

/* matches: those of this event. */
static enum weir_rc compare(struct verifier *v, struct str event, uint32_t made_from,
                            const struct engine_match *matches, size_t n, struct weir_err *err)
{
    struct json_node *root;
    struct event_tree tree;
    bool is_found = false;

    arena_reset(v->scratch);
    if (json_tree_parse(v->scratch, event, &root, NULL) != JSON_OK)
        return WEIR_OK; /* cannot be: extraction took it */
    event_tree_init(&tree, v->s->profiles, root, &v->s->options->extract);
    for (size_t i = 0; i < n; i++) {
        if (!says_reference(v, matches[i].rule, &tree))
            return differ(v, matches[i].rule, true, err);
        is_found |= matches[i].rule == made_from;
    }
    if (!is_found && says_reference(v, made_from, &tree))
        return differ(v, made_from, false, err);
    v->counts.events++;
    v->counts.matches += is_found;
    return WEIR_OK;
}

static enum weir_rc run_batch(struct verifier *v, struct weir_err *err)
{
    struct extract_worker *worker = engine_worker(v->s->engine);
    struct event events[ENGINE_BATCH_MAX] = {0};
    uint32_t made_from[ENGINE_BATCH_MAX];
    const struct engine_match *matches;
    enum weir_rc rc = WEIR_OK;
    size_t n = 0, start = 0, at = 0;

    for (size_t i = 0; i < v->n_batch; i++) {
        struct str text = {v->batch.p + start, v->ends[i] - start};
        start = v->ends[i];
        if (extract_event(worker, text, (struct event_ref){0}, &events[n]) != EVENT_OK)
            continue; /* a key twice: not an event */
        made_from[n++] = v->made_from[i];
    }
    size_t n_matches = engine_run(v->s->engine, events, n, &matches);
    for (size_t i = 0; i < n && rc == WEIR_OK; i++) {
        size_t first = at;
        while (at < n_matches && matches[at].event == i)
            at++;
        rc = compare(v, events[i].record, made_from[i], matches + first, at - first, err);
    }
    extract_batch_reset(worker);
    buf_clear(&v->batch);
    v->n_batch = 0;
    return rc;
}

/* One event of each rule. */
static enum weir_rc round_of(struct verifier *v, unsigned round, struct weir_err *err)
{
    for (uint32_t r = 0; r < v->s->n_rules; r++) {
        if (v->s->rules[r]->correlation)
            continue; /* it reads no events */
        unsigned mutations = round % 2 ? 1 + synth_below(&v->synth, MUTATIONS_MAX) : 0;
        synth_event(&v->synth, v->s->rules[r], mutations, &v->batch);
        v->made_from[v->n_batch] = r;
        v->ends[v->n_batch++] = v->batch.n;
        if (v->n_batch < ENGINE_BATCH_MAX)
            continue;
        TRY(run_batch(v, err));
        if (now_ms() >= v->ends_ms)
            return WEIR_OK;
    }
    return v->n_batch ? run_batch(v, err) : WEIR_OK;
}

enum weir_rc verify_engine(const struct verify_subject *s, struct verify_counts *out,
                           struct weir_err *err)
{
    struct verifier v = {.s = s,
                         .scratch = arena_new(0),
                         .reference = reference_new(),
                         .synth = {SEED},
                         .ends_ms = now_ms() + VERIFY_MS_MAX};
    enum weir_rc rc = WEIR_OK;

    reference_use_lists(v.reference, s->options->lists);
    for (unsigned i = 0; i < VERIFY_ROUNDS && rc == WEIR_OK && now_ms() < v.ends_ms; i++)
        rc = round_of(&v, i, err);
    *out = v.counts;
    reference_free(v.reference);
    arena_free(v.scratch);
    buf_release(&v.batch);
    return rc;
}

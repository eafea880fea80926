/* engine.c - from batches of events to matches.
 *
 * The reference side parses each event as a tree and asks every rule that the event's
 * logsource allows: slow and obvious. Only extraction's verdict on a record (accepted or
 * not, and its shape) is common to both, so that both see the same events.
 */
#include "app/engine.h"

#include <stdlib.h>

#include "app/stream.h"
#include "base/arena.h"
#include "base/str.h"
#include "event/field.h"
#include "event/lookup.h"
#include "json/tree.h"
#include "match/reference.h"
#include "rule/dump.h"

struct engine {
    struct engine_options options;
    struct rule *const *rules;
    size_t n_rules;
    const struct profile_set *profiles;
    struct arena *arena; /* as long as the engine */
    struct arena *batch;
    struct extract_worker *worker;
    struct reference *reference;
    struct engine_shape shapes[SHAPES_MAX];
    struct engine_match *matches;
    size_t n_matches, cap_matches;
};

enum weir_rc engine_new(struct rule *const *rules, size_t n, const struct profile_set *profiles,
                        const struct engine_options *options, struct engine **out,
                        struct weir_err *err)
{
    struct engine *e = calloc(1, sizeof *e);

    (void)err;
    ASSERT(e);
    e->options = *options;
    e->rules = rules;
    e->n_rules = n;
    e->profiles = profiles;
    e->arena = arena_new(0);
    e->batch = arena_new(0);
    e->reference = reference_new();
    e->worker = extract_worker_new(
        extractor_new(e->arena, profiles, field_table_new(e->arena), false, &e->options.extract));
    *out = e;
    return WEIR_OK;
}

void engine_free(struct engine *e)
{
    if (!e)
        return;
    extract_worker_free(e->worker);
    reference_free(e->reference);
    arena_free(e->batch);
    arena_free(e->arena);
    free(e->matches);
    free(e);
}

struct extract_worker *engine_worker(struct engine *e)
{
    return e->worker;
}

static bool is_eligible(const struct engine *e, const struct logsource_facts *facts, size_t rule)
{
    return e->options.no_routing || logsource_allows(facts, &e->rules[rule]->logsource);
}

static void add_match(struct engine *e, size_t event, size_t rule)
{
    if (e->n_matches == e->cap_matches) {
        e->cap_matches = e->cap_matches ? e->cap_matches * 2 : 1024;
        e->matches = reallocarray(e->matches, e->cap_matches, sizeof *e->matches);
        ASSERT(e->matches);
    }
    e->matches[e->n_matches++] = (struct engine_match){(uint32_t)event, (uint32_t)rule};
}

static void count_shape(struct engine *e, uint32_t shape)
{
    struct engine_shape *s = &e->shapes[shape];

    if (s->events++ > 0)
        return;
    for (size_t r = 0; r < e->n_rules; r++)
        if (is_eligible(e, &extract_shape(e->worker, shape)->facts, r))
            s->rules_eligible++;
}

static void reference_event(struct engine *e, const struct event *event, size_t number)
{
    struct json_node *root;
    struct event_tree tree;

    arena_reset(e->batch);
    if (json_tree_parse(e->batch, event->record, &root, NULL) != JSON_OK)
        return; /* extraction and tree accept the same documents: a test of json holds it */
    event_tree_init(&tree, e->profiles, root, &e->options.extract);
    for (size_t r = 0; r < e->n_rules; r++)
        if (is_eligible(e, &tree.shape.facts, r) &&
            reference_match(e->reference, e->rules[r], &tree))
            add_match(e, number, r);
}

size_t engine_run(struct engine *e, const struct event *events, size_t n,
                  const struct engine_match **out)
{
    ASSERT(n <= STREAM_BATCH_MAX);
    e->n_matches = 0;
    for (size_t i = 0; i < n; i++) {
        count_shape(e, events[i].shape);
        reference_event(e, &events[i], i);
    }
    *out = e->matches;
    return e->n_matches;
}

struct engine_shape engine_shape(const struct engine *e, uint32_t shape)
{
    return e->shapes[shape];
}

size_t engine_unseen(const struct engine *e, uint32_t shape, struct str *names, size_t max)
{
    (void)e, (void)shape, (void)names, (void)max;
    return 0; /* the reference keeps no account of fields */
}

uint64_t engine_regex_limits(const struct engine *e)
{
    return reference_regex_limits(e->reference);
}

void engine_dump_rule(const struct engine *e, uint32_t rule, struct buf *out)
{
    formula_dump_tree(out, e->rules[rule]->formula, 0);
}

/* engine.c - from batches of events to matches.
 *
 * The compiled side only wires plan, net and matcher. The reference side parses each event as a
 * tree and asks every rule that the event's logsource allows: slow and obvious. Extraction's
 * verdict on a record (accepted or not, and its shape) is common to both, so that both see
 * the same events.
 */
#include "app/engine.h"

#include <stdlib.h>

#include "app/origin.h"
#include "app/stream.h"
#include "base/arena.h"
#include "base/str.h"
#include "event/field.h"
#include "event/lookup.h"
#include "json/tree.h"
#include "match/matcher.h"
#include "match/reference.h"
#include "plan/plan.h"
#include "rule/dump.h"

_Static_assert((int)STREAM_BATCH_MAX <= (int)MATCH_BATCH_MAX, "a batch fits the matcher");
_Static_assert((int)ENGINE_SAMPLE_EVERY == (int)MATCH_SAMPLE_EVERY, "as the header says");

struct engine {
    struct engine_options options;
    struct rule *const *rules;
    size_t n_rules;
    const struct profile_set *profiles;
    struct arena *arena; /* as long as the engine */
    struct extract_worker *worker;

    /* compiled */
    const struct plan *plan;
    const struct net *net;
    struct matcher *matcher;

    /* reference */
    struct arena *event_arena;
    struct origin origin;
    struct reference *reference;
    struct engine_shape *shapes; /* SHAPES_MAX */

    struct engine_match *matches;
    size_t n_matches, cap_matches;
};

static enum weir_rc start_compiled(struct engine *e, struct weir_err *err)
{
    struct plan_options options = {.no_routing = e->options.no_routing,
                                   .extract = e->options.extract};

    e->plan = plan_new(e->arena, e->rules, e->n_rules, e->profiles, &options);
    TRY(net_new(e->arena, e->plan, &e->net, err));
    e->worker = extract_worker_new(e->plan->extractor);
    e->matcher = matcher_new(e->net, e->worker);
    return WEIR_OK;
}

static void start_reference(struct engine *e)
{
    struct field_table *no_fields = field_table_new(e->arena);

    e->event_arena = arena_new(0);
    e->reference = reference_new();
    origin_init(&e->origin, &e->options.extract, e->options.inputs);
    e->shapes = ARENA_ARRAY(e->arena, SHAPES_MAX, struct engine_shape);
    e->worker = extract_worker_new(
        extractor_new(e->arena, e->profiles, no_fields, false, &e->options.extract));
}

enum weir_rc engine_new(struct rule *const *rules, size_t n, const struct profile_set *profiles,
                        const struct engine_options *options, struct engine **out,
                        struct weir_err *err)
{
    struct engine *e = calloc(1, sizeof *e);
    enum weir_rc rc = WEIR_OK;

    ASSERT(e);
    e->options = *options;
    e->rules = rules;
    e->n_rules = n;
    e->profiles = profiles;
    e->arena = arena_new(1024 * 1024);
    if (options->kind == ENGINE_COMPILED)
        rc = start_compiled(e, err);
    else
        start_reference(e);
    if (rc != WEIR_OK) {
        engine_free(e);
        return rc;
    }
    *out = e;
    return WEIR_OK;
}

void engine_free(struct engine *e)
{
    if (!e)
        return;
    matcher_free(e->matcher);
    extract_worker_free(e->worker);
    if (e->net)
        net_free(e->net);
    reference_free(e->reference);
    origin_release(&e->origin);
    if (e->event_arena)
        arena_free(e->event_arena);
    arena_free(e->arena);
    free(e->matches);
    free(e);
}

struct extract_worker *engine_worker(struct engine *e)
{
    return e->worker;
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

/* ---- compiled ------------------------------------------------------------------- */

static void compiled_run(struct engine *e, const struct event *events, size_t n)
{
    const struct match *found;
    size_t n_found = matcher_run(e->matcher, events, n, &found);

    for (size_t i = 0; i < n_found; i++)
        add_match(e, found[i].event, found[i].rule);
}

/* ---- reference ------------------------------------------------------------------ */

static bool is_eligible(const struct engine *e, const struct logsource_facts *facts, size_t rule)
{
    return e->options.no_routing || logsource_allows(facts, &e->rules[rule]->logsource);
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

    arena_reset(e->event_arena);
    if (json_tree_parse(e->event_arena, event->record, &root, NULL) != JSON_OK)
        return; /* extraction and tree accept the same documents: a test of json holds it */
    event_tree_init(&tree, e->profiles, root, origin_options(&e->origin, event->ref.input));
    for (size_t r = 0; r < e->n_rules; r++)
        if (is_eligible(e, &tree.shape.facts, r) &&
            reference_match(e->reference, e->rules[r], &tree))
            add_match(e, number, r);
}

static void reference_run(struct engine *e, const struct event *events, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        count_shape(e, events[i].shape);
        reference_event(e, &events[i], i);
    }
}

/* ---- both ----------------------------------------------------------------------- */

size_t engine_run(struct engine *e, const struct event *events, size_t n,
                  const struct engine_match **out)
{
    ASSERT(n <= STREAM_BATCH_MAX);
    e->n_matches = 0;
    if (e->options.kind == ENGINE_COMPILED)
        compiled_run(e, events, n);
    else
        reference_run(e, events, n);
    *out = e->matches;
    return e->n_matches;
}

struct engine_shape engine_shape(const struct engine *e, uint32_t shape)
{
    if (e->options.kind == ENGINE_REFERENCE)
        return e->shapes[shape];
    struct matcher_shape_stats stats = matcher_shape_stats(e->matcher, shape);
    return (struct engine_shape){stats.events, stats.n_eligible};
}

/* Count for each field how many of the shape's eligible rules ask for it, each rule once. */
struct wants {
    const struct plan *plan;
    uint32_t *rules, *last; /* per field; `last`: rule number + 1 that was counted last */
    uint32_t rule;
};

static void want_field(struct wants *w, struct str name)
{
    uint32_t f = field_find(w->plan->fields, name);

    if (f == FIELD_NONE || w->last[f] == w->rule + 1)
        return;
    w->last[f] = w->rule + 1;
    w->rules[f]++;
}

static void want_atom(const struct atom *atom, void *context)
{
    want_field(context, atom->field);
    if (atom->op == ATOM_FIELD_CMP)
        want_field(context, atom->other);
}

static int by_rules(const void *a, const void *b)
{
    const struct engine_unseen *x = a, *y = b;

    if (x->rules != y->rules)
        return x->rules < y->rules ? 1 : -1;
    return str_cmp(x->field, y->field);
}

size_t engine_unseen(const struct engine *e, uint32_t shape, struct engine_unseen *out, size_t max)
{
    if (e->options.kind == ENGINE_REFERENCE)
        return 0; /* the reference keeps no account of fields */
    uint32_t n_fields = field_count(e->plan->fields);
    struct wants w = {.plan = e->plan};
    w.rules = calloc(n_fields, sizeof *w.rules);
    w.last = calloc(n_fields, sizeof *w.last);
    struct engine_unseen *all = calloc(n_fields, sizeof *all);
    size_t n = 0;

    ASSERT(w.rules && w.last && all);
    for (w.rule = 0; w.rule < e->n_rules; w.rule++)
        if (matcher_rule_eligible(e->matcher, shape, w.rule))
            formula_each_atom(e->rules[w.rule]->formula, want_atom, &w);
    for (uint32_t f = 0; f < n_fields; f++)
        if (f != FIELD_ANY && w.rules[f] && matcher_field_wanted(e->matcher, shape, f) &&
            !matcher_field_seen(e->matcher, shape, f))
            all[n++] = (struct engine_unseen){field_name(e->plan->fields, f), w.rules[f]};
    qsort(all, n, sizeof *all, by_rules);
    for (size_t i = 0; i < n && i < max; i++)
        out[i] = all[i];
    free(w.rules);
    free(w.last);
    free(all);
    return n;
}

double engine_rule_cost(const struct engine *e, uint32_t rule)
{
    uint64_t total = 0;

    if (e->options.kind == ENGINE_REFERENCE)
        return 0;
    for (uint32_t r = 0; r < e->n_rules; r++)
        total += matcher_rule_stats(e->matcher, r)->cost_cycles;
    return total ? (double)matcher_rule_stats(e->matcher, rule)->cost_cycles / (double)total : 0;
}

bool engine_has_cache(const struct engine *e)
{
    (void)e;
    return false; /* the matcher of this version remembers nothing beyond its batch */
}

uint64_t engine_regex_limits(const struct engine *e)
{
    return e->matcher ? matcher_regex_limits(e->matcher) : reference_regex_limits(e->reference);
}

void engine_dump_rule(const struct engine *e, uint32_t rule, struct buf *out)
{
    if (e->options.kind == ENGINE_COMPILED)
        net_dump_rule(e->net, rule, out);
    else
        formula_dump_tree(out, e->rules[rule]->formula, 0);
}

struct engine_rule_use engine_rule_use(const struct engine *e, uint32_t rule)
{
    struct engine_rule_use use = {0};

    if (e->options.kind == ENGINE_COMPILED) {
        const struct matcher_rule_stats *s = matcher_rule_stats(e->matcher, rule);
        use = (struct engine_rule_use){s->matches, s->evaluations, s->cost_cycles};
    }
    return use;
}

/* engine.c - from batches of events to matches.
 *
 * The compiled side only wires plan, net and matcher. The reference side parses each event as a
 * tree and asks every rule that the event's logsource allows: slow and obvious. Extraction's
 * verdict on a record (accepted or not, and its shape) is common to both, so that both see
 * the same events.
 */
#include "detect/engine.h"

#include <malloc.h>
#include <stdlib.h>

#include "detect/origin.h"
#include "base/arena.h"
#include "base/str.h"
#include "event/field.h"
#include "event/lookup.h"
#include "json/tree.h"
#include "match/matcher.h"
#include "match/reference.h"
#include "plan/plan.h"
#include "rule/dump.h"

_Static_assert((int)ENGINE_BATCH_MAX <= (int)MATCH_BATCH_MAX, "a batch fits the matcher");
_Static_assert((int)ENGINE_SAMPLE_EVERY == (int)MATCH_SAMPLE_EVERY, "as the header says");

struct reference_shape {
    uint64_t events;
    uint32_t rules_eligible;
};

struct engine {
    /* Of all threads, immutable. */
    struct engine_options options;
    struct rule *const *rules;
    size_t n_rules;
    const struct profile_set *profiles;
    struct arena *arena; /* as long as the engine; NULL in a sibling */
    const struct extractor *extractor;
    struct field_table *fields; /* the extractor's */
    const struct plan *plan;    /* compiled */
    const struct net *net;      /* compiled */
    struct engine *next;        /* sibling */

    /* Of one thread. */
    struct extract_worker *worker;
    struct matcher *matcher;       /* compiled */
    struct engine_rule_use *taken; /* per rule: what was told; NULL: nobody has asked */

    /* reference */
    struct arena *event_arena;
    struct origin origin;
    struct reference *reference;
    struct reference_shape *shapes; /* SHAPES_MAX */

    struct engine_match *matches;
    size_t n_matches, cap_matches;
};

static enum weir_rc compile(struct engine *e, struct weir_err *err)
{
    struct plan_options options = {.no_routing = e->options.no_routing,
                                   .extract = e->options.extract,
                                   .fields = e->options.fields,
                                   .n_fields = e->options.n_fields};

    if (e->options.kind == ENGINE_REFERENCE) {
        e->fields = field_table_new(e->arena);
        (void)field_intern(e->fields, STR(FIELD_ANY_NAME));
        for (size_t i = 0; i < options.n_fields; i++)
            (void)field_intern(e->fields, options.fields[i]);
        e->extractor = extractor_new(e->arena, e->profiles, e->fields, false, &e->options.extract);
        return WEIR_OK;
    }
    e->plan = plan_new(e->arena, e->rules, e->n_rules, e->profiles, &options);
    e->extractor = e->plan->extractor;
    e->fields = e->plan->fields;
    TRY(net_new(e->arena, e->plan, &e->net, err));
    /* Linking and compiling left some 10 MB free that malloc would keep. */
    malloc_trim(0);
    arena_trim(e->arena);
    return WEIR_OK;
}

/* What a thread has for itself. */
static void equip(struct engine *e)
{
    e->worker = extract_worker_new(e->extractor);
    if (e->options.kind == ENGINE_COMPILED) {
        e->matcher = matcher_new(e->net, e->worker, !e->options.no_cache);
        matcher_use_lists(e->matcher, e->options.lists);
        return;
    }
    e->event_arena = arena_new(0);
    e->reference = reference_new();
    reference_use_lists(e->reference, e->options.lists);
    origin_init(&e->origin, &e->options.extract, e->options.inputs);
    e->shapes = calloc(SHAPES_MAX, sizeof *e->shapes);
    ASSERT(e->shapes);
}

enum weir_rc engine_new(struct rule *const *rules, size_t n, const struct profile_set *profiles,
                        const struct engine_options *options, struct engine **out,
                        struct weir_err *err)
{
    struct engine *e = calloc(1, sizeof *e);

    ASSERT(e);
    e->options = *options;
    e->options.extract.no_memo = options->no_cache;
    e->rules = rules;
    e->n_rules = n;
    e->profiles = profiles;
    e->arena = arena_new(ARENA_HUGE_BLOCK);
    enum weir_rc rc = compile(e, err);
    if (rc != WEIR_OK) {
        engine_free(e);
        return rc;
    }
    equip(e);
    *out = e;
    return WEIR_OK;
}

struct engine *engine_sibling(struct engine *e)
{
    struct engine *s = calloc(1, sizeof *s);

    ASSERT(s && e->arena);
    *s = (struct engine){.options = e->options,
                         .rules = e->rules,
                         .n_rules = e->n_rules,
                         .profiles = e->profiles,
                         .extractor = e->extractor,
                         .fields = e->fields,
                         .plan = e->plan,
                         .net = e->net,
                         .next = e->next};
    e->next = s;
    equip(s);
    return s;
}

static void free_thread_part(struct engine *e)
{
    matcher_free(e->matcher);
    extract_worker_free(e->worker);
    reference_free(e->reference);
    origin_release(&e->origin);
    if (e->event_arena)
        arena_free(e->event_arena);
    free(e->shapes);
    free(e->matches);
    free(e->taken);
}

void engine_free(struct engine *e)
{
    if (!e)
        return;
    while (e->next) {
        struct engine *s = e->next;
        e->next = s->next;
        free_thread_part(s);
        free(s);
    }
    free_thread_part(e);
    if (e->net)
        net_free(e->net);
    arena_free(e->arena);
    free(e);
}

void engine_use_lists(struct engine *e, const struct list_view *lists)
{
    if (e->options.kind == ENGINE_COMPILED)
        matcher_use_lists(e->matcher, lists);
    else
        reference_use_lists(e->reference, lists);
}

const struct field_table *engine_fields(const struct engine *e)
{
    return e->fields;
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
    struct reference_shape *s = &e->shapes[shape];

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
    tree.transport = event->transport;
    tree.has_at = true;
    tree.at_ms = event_at_ms(event);
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
    ASSERT(n <= ENGINE_BATCH_MAX);
    e->n_matches = 0;
    if (e->options.kind == ENGINE_COMPILED)
        compiled_run(e, events, n);
    else
        reference_run(e, events, n);
    *out = e->matches;
    return e->n_matches;
}

/* ---- what all threads saw --------------------------------------------------------- */

static int values_cmp(const struct logsource_values *a, const struct logsource_values *b)
{
    if (a->is_known != b->is_known)
        return a->is_known ? 1 : -1;
    for (uint32_t i = 0; i < a->n && i < b->n; i++) {
        int c = str_cmp(a->values[i], b->values[i]);
        if (c)
            return c;
    }
    return a->n < b->n ? -1 : a->n > b->n;
}

/* Threads number their shapes as they meet them: equal in content means the same. */
static int shape_cmp(const struct shape *a, const struct shape *b)
{
    const struct logsource_facts *x = &a->facts, *y = &b->facts;
    int c;

    if (a->profile != b->profile) {
        if (!a->profile || !b->profile)
            return a->profile ? 1 : -1;
        if ((c = str_cmp(profile_name(a->profile), profile_name(b->profile))) != 0)
            return c;
    }
    if ((c = values_cmp(&x->product, &y->product)) != 0 ||
        (c = values_cmp(&x->category, &y->category)) != 0 ||
        (c = values_cmp(&x->service, &y->service)) != 0)
        return c;
    return stream_facts_cmp(&x->streams, &y->streams);
}

static int by_shape(const void *a, const void *b)
{
    const struct engine_shape *x = a, *y = b;

    return shape_cmp(x->shape, y->shape);
}

static int by_events(const void *a, const void *b)
{
    const struct engine_shape *x = a, *y = b;

    if (x->events != y->events)
        return x->events < y->events ? 1 : -1;
    return by_shape(a, b);
}

/* One thread's account of one of its shapes. */
static struct engine_shape account(const struct engine *e, uint32_t shape)
{
    struct engine_shape out = {.shape = extract_shape(e->worker, shape)};

    if (e->options.kind == ENGINE_REFERENCE) {
        out.events = e->shapes[shape].events;
        out.rules_eligible = e->shapes[shape].rules_eligible;
    } else {
        struct matcher_shape_stats stats = matcher_shape_stats(e->matcher, shape);
        out.events = stats.events;
        out.rules_eligible = stats.n_eligible;
    }
    return out;
}

static size_t merge_equal(struct engine_shape *all, size_t n)
{
    size_t to = 0;

    qsort(all, n, sizeof *all, by_shape);
    for (size_t i = 0; i < n; i++) {
        if (to && by_shape(&all[to - 1], &all[i]) == 0)
            all[to - 1].events += all[i].events;
        else
            all[to++] = all[i];
    }
    return to;
}

size_t engine_shapes(const struct engine *e, struct engine_shape **out)
{
    size_t n = 0, cap = 1;

    for (const struct engine *s = e; s; s = s->next)
        cap += extract_shape_count(s->worker);
    struct engine_shape *all = calloc(cap, sizeof *all);
    ASSERT(all);
    for (const struct engine *s = e; s; s = s->next)
        for (uint32_t i = 0; i < extract_shape_count(s->worker); i++) {
            all[n] = account(s, i);
            n += all[n].events > 0;
        }
    n = merge_equal(all, n);
    qsort(all, n, sizeof *all, by_events);
    *out = all;
    return n;
}

uint64_t engine_shapes_overflowed(const struct engine *e)
{
    uint64_t n = 0;

    for (; e; e = e->next)
        n += extract_shapes_overflowed(e->worker);
    return n;
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
    if (atom->op != ATOM_SOME_FIELD)
        want_field(context, atom->field);
    if (atom->op == ATOM_FIELD_CMP)
        want_field(context, atom->other);
    for (size_t i = 0; i < atom->expr_fields.n; i++)
        want_field(context, atom->expr_fields.items[i]);
}

static int by_rules(const void *a, const void *b)
{
    const struct engine_unseen *x = a, *y = b;

    if (x->rules != y->rules)
        return x->rules < y->rules ? 1 : -1;
    return str_cmp(x->field, y->field);
}

/* How many rules of the shape want each field. */
static uint32_t *count_wants(const struct engine *e, uint32_t shape)
{
    uint32_t n_fields = field_count(e->plan->fields);
    struct wants w = {.plan = e->plan};

    w.rules = calloc(n_fields, sizeof *w.rules);
    w.last = calloc(n_fields, sizeof *w.last);
    ASSERT(w.rules && w.last);
    for (w.rule = 0; w.rule < e->n_rules; w.rule++)
        if (matcher_rule_eligible(e->matcher, shape, w.rule))
            formula_each_atom(e->rules[w.rule]->formula, want_atom, &w);
    free(w.last);
    return w.rules;
}

/* A field that one thread has not seen, another may have. */
struct unseen_fields {
    uint32_t *wants; /* per field: rules; NULL: no thread has met the shape */
    bool *is_seen;   /* per field, or unwanted */
};

static void ask_engine(struct unseen_fields *u, const struct engine *e, const struct shape *shape)
{
    for (uint32_t i = 0; i < extract_shape_count(e->worker); i++) {
        if (shape_cmp(extract_shape(e->worker, i), shape) != 0 || !account(e, i).events)
            continue;
        if (!u->wants)
            u->wants = count_wants(e, i);
        for (uint32_t f = 0; f < field_count(e->plan->fields); f++)
            u->is_seen[f] = u->is_seen[f] || !matcher_field_wanted(e->matcher, i, f) ||
                            matcher_field_seen(e->matcher, i, f);
    }
}

size_t engine_unseen(const struct engine *e, const struct shape *shape, struct engine_unseen *out,
                     size_t max)
{
    if (e->options.kind == ENGINE_REFERENCE)
        return 0; /* the reference keeps no account of fields */
    uint32_t n_fields = field_count(e->plan->fields);
    struct unseen_fields u = {.is_seen = calloc(n_fields, sizeof *u.is_seen)};
    struct engine_unseen *all = calloc(n_fields, sizeof *all);
    size_t n = 0;

    ASSERT(u.is_seen && all);
    for (const struct engine *s = e; s; s = s->next)
        ask_engine(&u, s, shape);
    for (uint32_t f = 0; u.wants && f < n_fields; f++)
        if (f != FIELD_ANY && u.wants[f] && !u.is_seen[f])
            all[n++] = (struct engine_unseen){field_name(e->plan->fields, f), u.wants[f]};
    qsort(all, n, sizeof *all, by_rules);
    for (size_t i = 0; i < n && i < max; i++)
        out[i] = all[i];
    free(u.wants);
    free(u.is_seen);
    free(all);
    return n;
}

bool engine_has_cache(const struct engine *e)
{
    return e->options.kind == ENGINE_COMPILED && !e->options.no_cache;
}

uint64_t engine_regex_limits(const struct engine *e)
{
    uint64_t n = 0;

    for (; e; e = e->next)
        n += e->matcher ? matcher_regex_limits(e->matcher) : reference_regex_limits(e->reference);
    return n;
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

    for (; e && e->options.kind == ENGINE_COMPILED; e = e->next) {
        const struct matcher_rule_stats *s = matcher_rule_stats(e->matcher, rule);
        use.matches += s->matches;
        use.evaluations += s->evaluations;
        use.cycles += s->cost_cycles;
    }
    return use;
}

/* ---- one thread's own ---------------------------------------------------------------- */

struct engine_rule_use engine_take_rule_use(struct engine *e, uint32_t rule)
{
    if (e->options.kind != ENGINE_COMPILED)
        return (struct engine_rule_use){0};
    if (!e->taken)
        e->taken = calloc(e->n_rules, sizeof *e->taken);
    ASSERT(e->taken && rule < e->n_rules);
    const struct matcher_rule_stats *now = matcher_rule_stats(e->matcher, rule);
    struct engine_rule_use *before = &e->taken[rule];
    struct engine_rule_use since = {now->matches - before->matches,
                                    now->evaluations - before->evaluations,
                                    now->cost_cycles - before->cycles};
    *before = (struct engine_rule_use){now->matches, now->evaluations, now->cost_cycles};
    return since;
}

/* Can the field have a value in events of the shape? Fields around the record and the event's
 * texts as a whole are no matter of profiles. */
static bool may_have(const struct engine *e, uint32_t shape, struct str name)
{
    uint32_t f = field_find(e->plan->fields, name);

    return f == FIELD_NONE || f == FIELD_ANY || field_is_pseudo(name) ||
           !matcher_field_wanted(e->matcher, shape, f) || matcher_field_seen(e->matcher, shape, f);
}

static bool atom_may_hold(const struct engine *e, uint32_t shape, const struct atom *atom)
{
    if (atom->op == ATOM_IS_NULL || atom->op == ATOM_BEFORE || atom->op == ATOM_SOME_FIELD ||
        atom->miss == MISS_TRUE || (atom->op == ATOM_EXPR && !atom->is_gated))
        return true;
    return may_have(e, shape, atom->field) &&
           (atom->op != ATOM_FIELD_CMP || may_have(e, shape, atom->other));
}

static bool may_hold(const struct engine *e, uint32_t shape, const struct formula *f)
{
    switch (f->kind) {
    case FORMULA_CONST:
        return f->value;
    case FORMULA_ATOM:
        return atom_may_hold(e, shape, f->atom);
    case FORMULA_NOT: /* of something that may be false: always possible */
        return true;
    case FORMULA_AND:
        for (size_t i = 0; i < f->n_children; i++)
            if (!may_hold(e, shape, f->children[i]))
                return false;
        return true;
    case FORMULA_OR:
        for (size_t i = 0; i < f->n_children; i++)
            if (may_hold(e, shape, f->children[i]))
                return true;
        return false;
    }
    return true;
}

enum engine_sight engine_sight(const struct engine *e, uint32_t rule)
{
    enum engine_sight sight = ENGINE_NO_SOURCE;

    /* A correlation's formula is a constant: it looks at other rules, not at fields. */
    if (e->options.kind != ENGINE_COMPILED || e->rules[rule]->formula->kind == FORMULA_CONST)
        return ENGINE_SEES;
    for (uint32_t s = 0; s < extract_shape_count(e->worker); s++) {
        if (!matcher_rule_eligible(e->matcher, s, rule) ||
            !matcher_shape_stats(e->matcher, s).events)
            continue;
        if (may_hold(e, s, e->rules[rule]->formula))
            return ENGINE_SEES;
        sight = ENGINE_NO_FIELD;
    }
    return sight;
}

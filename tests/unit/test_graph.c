/* test_graph.c - spaces of rules: which edits keep their state. */
#include "correlate/graph.h"

#include "correlate/graph_change.h"

#include "tests/lib/test.h"

struct world {
    struct arena *arena;
    struct rule a, b, listener;
    struct rule_state state;
    struct correlation_input inputs[2];
    struct str group[1], fields[1];
    struct correlation c;
};

static void world_init(struct world *w, enum operator_kind kind)
{
    *w = (struct world){.arena = arena_new(0),
                        .a = {.uid = STR("a"), .channel = CHANNEL_INTERNAL},
                        .b = {.uid = STR("b"), .channel = CHANNEL_INTERNAL},
                        .listener = {.uid = STR("c"), .level = LEVEL_LOW, .has_level = true},
                        .group = {STR("User")},
                        .fields = {STR("Domain")}};
    w->inputs[0] = (struct correlation_input){.rule = &w->a, .group_fields = w->group};
    w->inputs[1] = (struct correlation_input){.rule = &w->b, .group_fields = w->group};
    w->c = (struct correlation){.kind = kind,
                                .inputs = w->inputs,
                                .n_inputs = 2,
                                .group = w->group,
                                .n_group = 1,
                                .window_ms = 1000,
                                .bounds = {{BOUND_GTE, 2 * CORRELATION_MICRO}},
                                .n_bounds = 1};
    w->listener.correlation = &w->c;
    w->listener.state = &w->state;
}

static const struct graph *graph_of(struct world *w)
{
    struct rule **rules = ARENA_ARRAY(w->arena, 3, struct rule *);
    const struct graph_options options = {.brake_creates = 100};
    const struct graph *g;
    struct weir_err err = {0};

    rules[0] = &w->a;
    rules[1] = &w->b;
    rules[2] = &w->listener;
    CHECK_EQ(graph_new(w->arena, rules, 3, &options, &g, &err), WEIR_OK);
    return g;
}

static const uint8_t *identity(const struct graph *g)
{
    return g->spaces[g->rules[2].stages].spec.identity;
}

static void edit_threshold(struct world *w)
{
    w->c.bounds[0].micro = 5 * CORRELATION_MICRO;
}

static void edit_level(struct world *w)
{
    w->listener.level = LEVEL_HIGH;
}

static void edit_key(struct world *w)
{
    w->group[0] = STR("Computer");
}

static void edit_window(struct world *w)
{
    w->c.window_ms = 2000;
}

static void edit_version(struct world *w)
{
    w->state.state_version = 1;
}

static void edit_channel(struct world *w)
{
    w->listener.channel = CHANNEL_SHADOW;
}

static void edit_value(struct world *w)
{
    w->c.fields = w->fields;
    w->c.n_fields = 1;
}

static void edit_inputs(struct world *w)
{
    w->inputs[0].rule = &w->b;
    w->inputs[1].rule = &w->a;
}

static void edit_dedup(struct world *w)
{
    w->state.dedup.period_ms = 7200 * 1000;
}

static void edit_kind(struct world *w)
{
    w->c.kind = OPERATOR_AGGREGATE;
    edit_value(w);
}

TEST(state_is_kept_or_forgotten_by_what_an_edit_means)
{
    static const struct {
        enum operator_kind kind;
        void (*edit)(struct world *);
        const char *change; /* NULL: kept */
    } rows[] = {
        {OPERATOR_COUNT, edit_threshold, NULL},
        {OPERATOR_COUNT, edit_level, NULL},
        {OPERATOR_COUNT, edit_inputs, NULL},
        {OPERATOR_COUNT, edit_key, "group-by"},
        {OPERATOR_COUNT, edit_window, "timespan"},
        {OPERATOR_COUNT, edit_version, "state_version"},
        {OPERATOR_COUNT, edit_channel, "channel"},
        {OPERATOR_COUNT, edit_dedup, "dedup.period"},
        {OPERATOR_COUNT, edit_kind, "kind"},
        {OPERATOR_DISTINCT, edit_value, "condition.field"},
        {OPERATOR_SET, edit_inputs, "rules"},
        {OPERATOR_ORDERED, edit_inputs, "rules"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct world before, after;
        world_init(&before, rows[i].kind);
        world_init(&after, rows[i].kind);
        rows[i].edit(&after);
        const struct graph *was = graph_of(&before), *is = graph_of(&after);
        const char *change = graph_change(was, 2, is, 2);
        if (!change != !rows[i].change || (change && strcmp(change, rows[i].change) != 0))
            print_error("row %zu: %s\n", i, change ? change : "kept");
        CHECK_EQ(!change, !rows[i].change);
        CHECK(!change || strcmp(change, rows[i].change) == 0);
        CHECK_EQ(memcmp(identity(was), identity(is), 16) == 0, !change);
        arena_free(before.arena);
        arena_free(after.arena);
    }
}

TEST(levels_do_not_depend_on_other_rules)
{
    static struct correlation deep;
    struct world w, v;
    static struct correlation_input input;
    static struct str group[1] = {{"User", 4}};

    world_init(&w, OPERATOR_COUNT);
    world_init(&v, OPERATOR_COUNT);
    const struct graph *g = graph_of(&w);
    /* Beside a rule that listens to a rule that listens. */
    input = (struct correlation_input){.rule = &v.listener, .group_fields = group};
    deep = v.c;
    deep.inputs = &input;
    deep.n_inputs = 1;
    struct rule above = {.uid = STR("d"), .correlation = &deep};
    struct rule *rules[] = {&above, &v.a, &v.b, &v.listener};
    const struct graph_options options = {.brake_creates = 100};
    const struct graph *h;
    struct weir_err err;
    CHECK_EQ(graph_new(v.arena, rules, 4, &options, &h, &err), WEIR_OK);
    CHECK_EQ(h->spaces[h->rules[3].stages].spec.level, g->spaces[g->rules[2].stages].spec.level);
    CHECK_EQ(h->spaces[h->rules[3].brake].spec.level, GRAPH_BRAKE_LEVEL);
    CHECK_EQ(g->spaces[g->rules[2].brake].spec.level, GRAPH_BRAKE_LEVEL);
    CHECK_EQ(g->n_levels, GRAPH_BAND);
    CHECK_EQ(h->n_levels, GRAPH_BAND);
    arena_free(w.arena);
    arena_free(v.arena);
}

TEST_MAIN(ENTRY(state_is_kept_or_forgotten_by_what_an_edit_means),
          ENTRY(levels_do_not_depend_on_other_rules))

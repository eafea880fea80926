/* test_graph.c - spaces of rules: which edits keep their state. */
#include "correlate/graph.h"

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

static void identity(struct world *w, uint8_t out[16])
{
    struct rule *rules[] = {&w->a, &w->b, &w->listener};
    const struct graph_options options = {.brake_creates = 100};
    const struct graph *g;
    struct weir_err err = {0};

    CHECK_EQ(graph_new(w->arena, rules, ARRAY_LEN(rules), &options, &g, &err), WEIR_OK);
    memcpy(out, g->spaces[g->rules[2].stages].spec.identity, 16);
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

TEST(state_is_kept_or_forgotten_by_what_an_edit_means)
{
    static const struct {
        enum operator_kind kind;
        void (*edit)(struct world *);
        bool is_kept;
    } rows[] = {
        {OPERATOR_COUNT, edit_threshold, true}, {OPERATOR_COUNT, edit_level, true},
        {OPERATOR_COUNT, edit_inputs, true},    {OPERATOR_COUNT, edit_key, false},
        {OPERATOR_COUNT, edit_window, false},   {OPERATOR_COUNT, edit_version, false},
        {OPERATOR_COUNT, edit_channel, false},  {OPERATOR_DISTINCT, edit_value, false},
        {OPERATOR_SET, edit_inputs, false},     {OPERATOR_ORDERED, edit_inputs, false},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct world w;
        uint8_t before[16], after[16];
        world_init(&w, rows[i].kind);
        identity(&w, before);
        rows[i].edit(&w);
        identity(&w, after);
        if ((memcmp(before, after, sizeof after) == 0) != rows[i].is_kept)
            print_error("row %zu\n", i);
        CHECK_EQ(memcmp(before, after, sizeof after) == 0, rows[i].is_kept);
        arena_free(w.arena);
    }
}

TEST_MAIN(ENTRY(state_is_kept_or_forgotten_by_what_an_edit_means))

/* test_way.c - entities and evidence found by filed keys are those that event_lookup() finds. */
#include "tests/lib/profile_shapes.h"
#include "tests/lib/profile_text.h"
#include "tests/lib/rng.h"
#include "tests/lib/test.h"

#include "base/arena.h"
#include "base/buf.h"
#include "event/lookup.h"

#include <stdio.h>

static const char PROFILE[] = "name: tried\n"
                              "match: {all: [{exists: tried}]}\n"
                              "roots: ['', r]\n"
                              "fields:\n"
                              "  One: [a, b.c, b]\n"
                              "  Two: [r.d, {path: e, apply: [url_decode]}, f]\n"
                              "  Three: {constant: [x, y]}\n"
                              "values: {g: {'1': one}}\n"
                              "join: {h: ' '}\n"
                              "entities:\n"
                              "  - {role: first, ocsf: user, fields: [One, g], normalise: lower}\n"
                              "  - {role: second, ocsf: device, fields: [Two, h, given]}\n"
                              "  - {role: third, ocsf: file, fields: [Three]}\n"
                              "evidence: {p.one: One, p.two: Two, p.three: Three, p.g: g,\n"
                              "  p.h: h, p.d: d, p.given: given, p.file: '@file'}\n";

/* All that alerts would know of the event. */
static struct str told(struct arena *a, const struct event_tree *t)
{
    struct event_entity *entities;
    struct event_evidence *evidence;
    struct buf out = {0};
    size_t n = event_entities(a, t, &entities);

    for (size_t i = 0; i < n; i++) {
        const struct str parts[] = {entities[i].role, entities[i].field, entities[i].value,
                                    entities[i].key};
        for (size_t k = 0; k < ARRAY_LEN(parts); k++)
            buf_printf(&out, "%.*s|", (int)parts[k].n, parts[k].p);
    }
    n = event_evidence(a, t, &evidence);
    for (size_t i = 0; i < n; i++)
        buf_printf(&out, "%.*s=%.*s:%d:%.*s\n", (int)evidence[i].ocsf_path.n,
                   evidence[i].ocsf_path.p, (int)evidence[i].field.n, evidence[i].field.p,
                   (int)evidence[i].value.kind, (int)evidence[i].value.text.n,
                   evidence[i].value.text.p);
    struct str text = arena_str(a, buf_str(&out));
    buf_release(&out);
    return text;
}

/* Returns how much was told. */
static size_t compare(struct arena *a, const struct profile_set *set, const char *record,
                      const struct extract_options *options)
{
    struct event_tree any, quick, slow;
    struct json_node *root;

    CHECK_EQ(json_tree_parse(a, str_from(record), &root, NULL), JSON_OK);
    event_tree_init(&any, set, root, options);
    if (!any.shape.profile)
        return 0;
    event_tree_init_known(&quick, set, root, options, any.shape.profile);
    CHECK(quick.is_filed);
    slow = quick;
    slow.is_filed = false;
    struct str want = told(a, &slow), got = told(a, &quick);
    if (got.n != want.n || memcmp(got.p, want.p, got.n) != 0)
        fail_msg("%s\nwanted:\n%s\ngot:\n%s", record, want.p, got.p);
    return got.n;
}

TEST(events_of_every_profile_tell_the_same_by_filed_keys)
{
    struct arena *a = arena_new(0);
    const struct profile_set *set = profile_text_load(a, PROFILE);
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_LEN(PROFILE_SHAPES); i++)
        n += compare(a, set, PROFILE_SHAPES[i].record, NULL);
    CHECK(n > 1000);
    arena_free(a);
}

TEST(made_up_roots_tell_the_same_by_filed_keys)
{
    static const char *const keys[] = {"a",   "b", "b.c", "r",   "r.d", "d", "e",
                                       "r.e", "f", "g",   "r.g", "h",   "c", "given"};
    static const char *const values[] = {"1",       "\"X y\"",   "null",          "true",
                                         "[]",      "[\"q\",1]", "{\"c\":\"v\"}", "{\"d\":5}",
                                         "\"%41\"", "\"\"",      "{\"e\":[2,3]}", "{}"};
    static const struct constant_field constants[] = {
        {.name = {"given", 5}, .value = {"by hand", 7}}};
    struct extract_options options = {.constants = constants, .n_constants = 1};
    struct arena *kept = arena_new(0);
    const struct profile_set *set = profile_text_load(kept, PROFILE);
    struct rng rng = rng_start("test_way");
    size_t n = 0;

    for (int round = 0; round < 3000; round++) {
        struct arena *a = arena_new(0);
        struct buf text = {0};
        buf_add(&text, STR("{\"tried\":1"));
        for (size_t k = rng_below(&rng, 9); k > 0; k--)
            buf_printf(&text, ",\"%s\":%s", keys[rng_below(&rng, ARRAY_LEN(keys))],
                       values[rng_below(&rng, ARRAY_LEN(values))]);
        buf_add(&text, STR("}"));
        buf_add_char(&text, '\0');
        n += compare(a, set, text.p, round % 2 ? &options : NULL);
        buf_release(&text);
        arena_free(a);
    }
    CHECK(n > 10000);
    arena_free(kept);
}

TEST(a_root_with_too_many_keys_is_asked_the_slow_way)
{
    struct arena *a = arena_new(0);
    const struct profile_set *set = profile_text_load(a, PROFILE);
    struct event_entity *entities;
    struct json_node *root;
    struct event_tree t;
    struct buf text = {0};

    buf_add(&text, STR("{\"tried\":1,\"a\":\"Bob\""));
    for (int i = 0; i < ROOT_KEYS_MAX; i++)
        buf_printf(&text, ",\"k%d\":%d", i, i);
    buf_add_char(&text, '}');
    CHECK_EQ(json_tree_parse(a, buf_str(&text), &root, NULL), JSON_OK);
    event_tree_init_known(&t, set, root, NULL, profile_find(set, STR("tried")));
    CHECK(!t.is_filed);
    CHECK_EQ(event_entities(a, &t, &entities), 3);
    CHECK_STR(entities[0].key, "bob");
    buf_release(&text);
    arena_free(a);
}

TEST_MAIN(ENTRY(events_of_every_profile_tell_the_same_by_filed_keys),
          ENTRY(made_up_roots_tell_the_same_by_filed_keys),
          ENTRY(a_root_with_too_many_keys_is_asked_the_slow_way))

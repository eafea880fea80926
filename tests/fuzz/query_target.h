/* query_target.h - any text as a query of one language; a rule that comes of it is dumped and asked
 * of an event. A fuzz target of a query language is one line (QUERY_TARGET).
 */
#ifndef WEIR_TESTS_FUZZ_QUERY_TARGET_H
#define WEIR_TESTS_FUZZ_QUERY_TARGET_H

#include "lang/lang.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "event/lookup.h"
#include "json/tree.h"
#include "match/reference.h"
#include "rule/dump.h"
#include "rule/expr.h"

static const char EVENT[] =
    "{\"event\":{\"category\":[\"process\",\"file\"]},\"process\":{\"name\":"
    "\"cmd.exe\",\"pid\":7,\"args\":[\"a\",\"b\"]},\"a\":\"x\",\"b\":null,"
    "\"n\":[{\"g\":1,\"h\":\"two words\"},{\"g\":null}],\"@timestamp\":\"2026-01-31T10:00:00Z\"}";

static void ask(struct arena *a, const struct rule *rule)
{
    static const struct profile_set *profiles;
    static struct arena *home; /* kept, so that it is no leak */
    struct reference *r = reference_new();
    struct weir_err err;
    struct json_node *root = NULL;
    struct event_tree tree;
    size_t offset;

    ASSERT(json_tree_parse(a, str_from(EVENT), &root, &offset) == JSON_OK);
    if (!home) {
        home = arena_new(0);
        ASSERT(profile_set_load(home, STR(""), &profiles, &err) == WEIR_OK);
    }
    event_tree_init(&tree, profiles, root, NULL);
    (void)reference_match(r, rule, &tree);
    reference_free(r);
}

static struct expr_value nowhere(const void *context, struct str address, enum geo_part part)
{
    (void)context, (void)address, (void)part;
    return (struct expr_value){.type = EXPR_VALUE_NULL};
}

static int query_target(const char *language, const uint8_t *data, size_t size)
{
    static const struct geo_source GEO = {.find = nowhere};
    static const struct lang_options OPTIONS = {.geo = &GEO};
    struct arena *a = arena_new(0);
    struct rule_loader *l = rule_loader_new(a, NULL, &OPTIONS);
    struct loaded_rules loaded;
    struct buf dump = {0};

    rule_loader_add_as(l, STR("query"), str_from(language), (struct str){(const char *)data, size});
    rule_loader_finish(l, &loaded);
    ASSERT(loaded.n_verdicts == 1);
    ASSERT(loaded.n_rules >= 1 || loaded.verdicts[0].n_messages > 0);
    for (size_t i = 0; i < loaded.verdicts[0].n_messages; i++)
        ASSERT(!str_eq(loaded.verdicts[0].messages[i].text, STR(LANG_NO_REASON)));
    if (loaded.n_rules && loaded.rules[0]->formula) {
        formula_dump(&dump, loaded.rules[0]->formula);
        ask(a, loaded.rules[0]);
    }
    buf_release(&dump);
    arena_free(a);
    return 0;
}

/* clang-format off */
#define QUERY_TARGET(language)                                                                     \
    int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);                                  \
    int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)                                   \
    {                                                                                              \
        return query_target(language, data, size);                                                 \
    }
/* clang-format on */

#endif

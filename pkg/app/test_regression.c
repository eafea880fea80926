/* test_regression.c - the regression tests of the SigmaHQ repository, read as they are. */
#include "app/test_suite.h"

#include "app/scenario.h"
#include "base/str.h"
#include "doc/doc.h"

static enum weir_rc fault(const struct doc_node *at, const char *text, struct weir_err *err)
{
    return err_at(err, WEIR_SYNTAX, at->line, at->col, "%s", text);
}

/* "regression_data/rules/x/NAME.evtx" -> "NAME.json" */
static struct str json_beside(struct arena *a, struct str path)
{
    size_t from = path.n, to;

    while (from && path.p[from - 1] != '/')
        from--;
    path = str_sub(path, from, path.n);
    for (to = path.n; to && path.p[to - 1] != '.';)
        to--;
    path = to ? str_sub(path, 0, to - 1) : path;
    return arena_printf(a, "%.*s.json", (int)path.n, path.p);
}

static void say_events(struct arena *a, const struct str_list *texts, uint32_t line,
                       struct script *out)
{
    out->statements = ARENA_ARRAY(a, texts->n + 1, struct statement);
    out->n = texts->n + 1;
    for (size_t i = 0; i < texts->n; i++)
        out->statements[i] = (struct statement){
            .kind = SAY_EVENT,
            .line = line,
            .is_step = i == 0,
            .is_joined = i > 0,
            .n = 1,
            .event = {.text = texts->items[i], .is_as_read = true},
        };
}

static void say_expected(struct arena *a, const struct doc_node *at, uint64_t wanted,
                         struct statement *out)
{
    struct expectation *e = ARENA_NEW(a, struct expectation);

    *e = (struct expectation){.line = at->line,
                              .col = at->col,
                              .name = STR("matched"),
                              .op = COMPARE_GE,
                              .number = wanted};
    e->value = arena_printf(a, "%llu", (unsigned long long)wanted);
    *out = (struct statement){
        .kind = SAY_EXPECT, .line = at->line, .expectations = e, .n_expectations = 1};
}

static enum weir_rc take_entry(struct arena *a, const struct doc_node *entry,
                               const struct rule_test_reader *reader, struct rule_test *out,
                               struct str *absent, struct weir_err *err)
{
    const struct doc_node *name = doc_get(entry, STR("name")), *path = doc_get(entry, STR("path"));
    const struct doc_node *count = doc_get(entry, STR("match_count"));
    struct weir_err inner = {0};
    struct str_list texts;
    uint64_t wanted = 1;

    if (!doc_is_scalar(path))
        return fault(entry, "an entry of 'regression_tests_info' needs a 'path'", err);
    if (count && (count->type != DOC_INT || !str_to_u64(count->number, &wanted)))
        return fault(count, "'match_count' must be a whole number", err);
    *out = (struct rule_test){.name = doc_is_scalar(name) ? name->text : path->text,
                              .line = entry->line,
                              .col = entry->col,
                              .start_ms = SCENARIO_START_MS,
                              .has_own_times = true};
    struct str file = json_beside(a, path->text);
    enum weir_rc rc = reader->read(reader->context, a, file, &texts, &inner);
    if (rc == WEIR_NOTFOUND) {
        *absent = arena_printf(a, "no %.*s beside it: its events are in a format that is not read",
                               (int)file.n, file.p);
        return WEIR_OK;
    }
    if (rc != WEIR_OK)
        return err_at(err, WEIR_SYNTAX, path->line, path->col, "%.*s: %s", (int)file.n, file.p,
                      inner.text);
    say_events(a, &texts, entry->line, &out->script);
    say_expected(a, count ? count : entry, wanted, &out->script.statements[texts.n]);
    return WEIR_OK;
}

static enum weir_rc take_rule(const struct doc_node *file, struct str *id, struct weir_err *err)
{
    const struct doc_node *rules = doc_get(file, STR("rule_metadata"));
    const struct doc_node *first = rules && rules->type == DOC_LIST && rules->n_items
                                       ? doc_get(&rules->items[0], STR("id"))
                                       : NULL;

    if (!doc_is_scalar(first))
        return fault(rules ? rules : file, "'rule_metadata' must name the rule: - id: ...", err);
    *id = first->text;
    return WEIR_OK;
}

enum weir_rc regression_parse(struct arena *a, struct str text,
                              const struct rule_test_reader *reader, struct suite_file *out,
                              bool *is_one, struct weir_err *err)
{
    struct doc_node *docs;
    size_t n_docs;

    *is_one = false;
    TRY(doc_parse_yaml(a, text, &docs, &n_docs, err));
    const struct doc_node *list = n_docs ? doc_get(&docs[0], STR("regression_tests_info")) : NULL;
    if (!list)
        return WEIR_OK;
    *is_one = true;
    if (list->type != DOC_LIST)
        return fault(list, "'regression_tests_info' must be a list", err);
    if (list->n_items > RULE_TESTS_MAX)
        return fault(list, "too many tests", err);
    TRY(take_rule(&docs[0], &out->rule_id, err));
    out->tests.items = ARENA_ARRAY(a, list->n_items, struct rule_test);
    out->absent = ARENA_ARRAY(a, list->n_items, struct str);
    for (size_t i = 0; i < list->n_items; i++)
        TRY(take_entry(a, &list->items[i], reader, &out->tests.items[i], &out->absent[i], err));
    out->tests.n = list->n_items;
    return WEIR_OK;
}

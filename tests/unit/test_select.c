/* test_select.c - which rules a selection takes. */
#include "tests/lib/test.h"

#include "app/select.h"

enum { KIND_STATUS, KIND_LEVEL, KIND_TAG, KIND_PRODUCT, KIND_ID, KIND_PATH, KINDS };

static struct text_list *terms_of(struct select_terms *t, int kind)
{
    struct text_list *lists[KINDS] = {&t->status,  &t->level, &t->tag,
                                      &t->product, &t->id,    &t->path};

    return lists[kind];
}

static const struct str tags[] = {{"attack.t1528", 12}, {"attack.credential-access", 24}};

static const struct rule rule = {
    .uid = {"2f6d1c0e-aaaa", 13},
    .path = {"rules/windows/process/x.yml", 27},
    .status = STATUS_TEST,
    .level = LEVEL_HIGH,
    .tags = {tags, 2},
    .logsource = {.product = {"windows", 7}},
};

TEST(each_kind_of_term_selects_and_excludes)
{
    static const struct {
        int kind;
        const char *term;
        bool only, except; /* taken when it is the selection; when it is the exclusion */
    } rows[] = {
        {KIND_STATUS, "test", true, false},
        {KIND_STATUS, "stable, test", true, false},
        {KIND_STATUS, "stable", false, true},
        {KIND_STATUS, "none", false, true},
        {KIND_LEVEL, "medium", true, true}, /* at least medium; exclusions are exact */
        {KIND_LEVEL, "high", true, false},
        {KIND_LEVEL, "critical", false, true},
        {KIND_LEVEL, "low,medium", false, true},
        {KIND_LEVEL, "low,high", true, false},
        {KIND_LEVEL, "=medium", false, true},
        {KIND_LEVEL, "=high", true, false},
        {KIND_TAG, "attack.T1528", true, false},
        {KIND_TAG, "attack.t15*", true, false},
        {KIND_TAG, "attack.t1", false, true},
        {KIND_PRODUCT, "Windows", true, false},
        {KIND_PRODUCT, "linux,windows", true, false},
        {KIND_PRODUCT, "linux", false, true},
        {KIND_PRODUCT, "none", false, true},
        {KIND_ID, "2F6d1c0e-*", true, false},
        {KIND_ID, "2f6d1c0e", false, true},
        {KIND_PATH, "rules/windows/*", true, false},
        {KIND_PATH, "windows/*", true, false},
        {KIND_PATH, "x.yml", true, false},
        {KIND_PATH, "linux/*", false, true},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct select_options only = {0}, except = {0};
        text_list_add(terms_of(&only.only, rows[i].kind), str_from(rows[i].term));
        text_list_add(terms_of(&except.except, rows[i].kind), str_from(rows[i].term));
        if (select_rule(&only, &rule) != rows[i].only ||
            select_rule(&except, &rule) != rows[i].except)
            fail_msg("row %zu: %s", i, rows[i].term);
        select_release(&only);
        select_release(&except);
    }
}

TEST(kinds_are_joined_by_and)
{
    struct select_options o = {0};

    CHECK(select_rule(&o, &rule)); /* nothing is selected: everything is */
    text_list_add(&o.only.product, STR("windows"));
    text_list_add(&o.only.level, STR("critical"));
    CHECK(!select_rule(&o, &rule));
    select_release(&o);
}

TEST(a_document_without_a_rule_is_selected_by_id_and_path)
{
    struct select_options o = {0};

    text_list_add(&o.only.level, STR("critical"));
    CHECK(select_document(&o, STR("x"), STR("a.yml")));
    text_list_add(&o.except.path, STR("a.yml"));
    CHECK(!select_document(&o, STR("x"), STR("a.yml")));
    select_release(&o);
}

TEST(names_that_do_not_exist_are_refused)
{
    struct select_options o = {0}, p = {0};
    struct weir_err err;

    text_list_add(&o.only.level, STR("hihg"));
    CHECK_EQ(select_check(&o, &err), WEIR_BADARG);
    CHECK_STR(str_from(err.text), "unknown level 'hihg' (did you mean 'high'?)");
    text_list_add(&p.except.status, STR("test,nonsense"));
    CHECK_EQ(select_check(&p, &err), WEIR_BADARG);
    CHECK_STR(str_from(err.text), "unknown status 'nonsense'");
    select_release(&o);
    select_release(&p);
}

TEST_MAIN(ENTRY(each_kind_of_term_selects_and_excludes), ENTRY(kinds_are_joined_by_and),
          ENTRY(a_document_without_a_rule_is_selected_by_id_and_path),
          ENTRY(names_that_do_not_exist_are_refused))

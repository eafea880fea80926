/* test_addends.c - lists that lift scores. */
#include "tests/lib/test.h"

#include "base/arena.h"
#include "correlate/addends.h"
#include "state/finding.h"

static struct arena *a;

static const struct addends *table_of(const char *assets, const char *users, const char *values)
{
    struct list_set *set = list_set_new(a);
    const char *const texts[] = {assets, users, values};
    static const char *const names[] = {"critical_assets", "critical_users", "sensitive_values"};
    const struct addends *t;
    struct weir_err err = {0};

    for (size_t i = 0; i < 3; i++)
        if (texts[i])
            CHECK_EQ(list_set_add_text(set, str_from(names[i]), STR("x.csv"), STR(""),
                                       str_from(texts[i]), &err),
                     WEIR_OK);
    CHECK_EQ(addends_new(a, set, (struct str_list){0}, &t, &err), WEIR_OK);
    return t;
}

static struct event_entity entity(const char *role, const char *ocsf, const char *value,
                                  const char *key)
{
    return (struct event_entity){.role = str_from(role),
                                 .ocsf = str_from(ocsf),
                                 .value = str_from(value),
                                 .key = str_from(key)};
}

static size_t asked(const struct addends *t, const struct event_entity *e, size_t n,
                    const char *value, struct finding_addend *out)
{
    struct event_field field = {STR("TargetObject"), str_from(value)};
    static struct buf packed;

    buf_clear(&packed);
    addends_of(t, e, n, &field, 1, NULL, 0, &packed);
    return finding_addends_unpack(buf_str(&packed), out);
}

TEST(no_list_no_addends)
{
    CHECK(table_of(NULL, NULL, NULL) == NULL);
}

TEST(the_greatest_hit_of_each_list_counts_once)
{
    const struct addends *t = table_of("host,points\nDC1,60\nws7,\nws8,-10\n", "user\nroot\n",
                                       "# mode: exact\nvalue,points\nHKLM\\x,5\n");
    struct event_entity e[] = {entity("host", "device", "DC1.corp.example", "dc1"),
                               entity("dest_host", "device", "ws7", "ws7"),
                               entity("user", "user", "Root", "root"),
                               entity("process", "process", "dc1", "dc1")};
    struct finding_addend out[FINDING_ADDENDS_MAX];

    CHECK_EQ(asked(t, e, 4, "HKLM\\x", out), 3);
    CHECK_STR(out[0].name, "asset_criticality");
    CHECK_EQ(out[0].value, 60);
    CHECK_STR(out[0].why, "host is on list critical_assets");
    CHECK_STR(out[1].name, "user_criticality");
    CHECK_EQ(out[1].value, ADDENDS_USER);
    CHECK_STR(out[2].name, "sensitive_value");
    CHECK_STR(out[2].why, "TargetObject is on list sensitive_values");
    CHECK_EQ(asked(t, e + 1, 1, "hklm\\x", out), 1); /* exact */
    CHECK_EQ(out[0].value, ADDENDS_ASSET);
    CHECK_EQ(asked(t, e + 3, 1, "", out), 0); /* a process is no asset */
    e[0] = entity("host", "device", "ws8", "ws8");
    CHECK_EQ(asked(t, e, 1, "", out), 1);
    CHECK_EQ(out[0].value, -10);
}

TEST(a_rules_own_list_weighs_what_its_column_says)
{
    struct list_set *set = list_set_new(a);
    struct str names[] = {STR("scopes"), STR("plain"), STR("absent")};
    const struct addends *t;
    struct weir_err err = {0};
    int32_t points;

    CHECK_EQ(list_set_add_text(set, STR("scopes"), STR("x.csv"), STR(""),
                               STR("scope,points\nMail.Read,15\nopenid,\nnothing,0\n"), &err),
             WEIR_OK);
    CHECK_EQ(list_set_add_text(set, STR("plain"), STR("x.txt"), STR(""), STR("x\n"), &err),
             WEIR_OK);
    CHECK_EQ(addends_new(a, set, (struct str_list){names, 3}, &t, &err), WEIR_OK);
    CHECK(addends_weigh(t, names[0], STR("mail.read"), &points));
    CHECK_EQ(points, 15);
    CHECK(!addends_weigh(t, names[0], STR("openid"), &points));
    CHECK(!addends_weigh(t, names[0], STR("nothing"), &points));
    CHECK(!addends_weigh(t, names[0], STR("Mail"), &points));
    CHECK(!addends_weigh(t, names[1], STR("x"), &points));
    CHECK(!addends_weigh(NULL, names[0], STR("mail.read"), &points));
    CHECK(!addends_ask_events(t));
    CHECK(addends_use(t, names[0]));
    CHECK(!addends_use(t, names[1]));
    CHECK(addends_use(NULL, STR("critical_users")));
    CHECK_EQ(list_set_add_text(set, STR("plain"), STR("x.csv"), STR(""),
                               STR("# mode: glob\nx,points\na*,5\n"), &err),
             WEIR_OK);
    CHECK_EQ(addends_new(a, set, (struct str_list){names, 2}, &t, &err), WEIR_UNSUPPORTED);
}

TEST(lists_of_networks_and_patterns_are_refused)
{
    struct list_set *set = list_set_new(a);
    const struct addends *t;
    struct weir_err err = {0};

    CHECK_EQ(list_set_add_text(set, STR("critical_assets"), STR("x.txt"), STR(""),
                               STR("# mode: cidr\n10.0.0.0/8\n"), &err),
             WEIR_OK);
    CHECK_EQ(addends_new(a, set, (struct str_list){0}, &t, &err), WEIR_UNSUPPORTED);
    CHECK_STR(str_from(err.text),
              "the list 'critical_assets' adds to scores: its mode must be ci or exact, not cidr");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ENTRY(no_list_no_addends),
        ENTRY(the_greatest_hit_of_each_list_counts_once),
        ENTRY(a_rules_own_list_weighs_what_its_column_says),
        ENTRY(lists_of_networks_and_patterns_are_refused),
    };

    a = arena_new(0);
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(a);
    return rc;
}

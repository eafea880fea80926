/* test_sigma_filter.c - Sigma filters: whom they are about, how they are joined. */
#include "base/buf.h"
#include "rule/dump.h"
#include "tests/lib/sigma_rows.h"

#define ID "00000000-0000-0000-0000-00000000000a"
#define ID_IN_CAPITALS "00000000-0000-0000-0000-00000000000A"
#define RULE                                                                             \
    "title: r\nid: " ID "\nname: my_rule\nlogsource: {product: windows, category: pc}\n" \
    "detection: {s: {f: x}, condition: s}\n"
#define FILTER(source, body) "title: flt\nlogsource: {" source "}\nfilter:\n" body

/* The rule's formula after the filter, then the filter's messages. */
static struct str apply(struct arena *a, const char *filter, bool excludes)
{
    struct lang_options options = {.sigma_filters_exclude = excludes};
    struct rule_loader *l = rule_loader_new(a, &SIGMA_TEST_LISTS, &options);
    struct loaded_rules loaded;
    struct buf out = {0};

    rule_loader_add(l, STR("filter.yml"), str_from(filter)); /* before the rule: order is free */
    rule_loader_add(l, STR("rule.yml"), str_from(RULE));
    rule_loader_finish(l, &loaded);
    CHECK_EQ(loaded.n_rules, 1);
    CHECK_EQ(loaded.n_verdicts, 2);
    CHECK_STR(loaded.verdicts[0].kind, "filter");
    formula_dump(&out, loaded.rules[0]->formula);
    for (size_t i = 0; i < loaded.verdicts[0].n_messages; i++) {
        const struct verdict_message *m = &loaded.verdicts[0].messages[i];
        buf_printf(&out, " ! %u:%u: %.*s", m->line, m->col, (int)m->text.n, m->text.p);
    }
    struct str s = arena_str(a, buf_str(&out));
    buf_release(&out);
    return s;
}

static struct str apply_and(struct arena *a, const char *filter)
{
    return apply(a, filter, false);
}

static struct str apply_and_not(struct arena *a, const char *filter)
{
    return apply(a, filter, true);
}

#define NOT_S "  s: {g: y}\n  condition: not s\n"
#define FILTERED "and(s: f eq \"x\", not(filter flt: s: g eq \"y\"))"
#define BARE "s: f eq \"x\""
#define NOWHERE " ! 1:1: the filter applies to no loaded rule"

TEST(a_filter_is_joined_to_the_rules_it_is_about)
{
    static const struct sigma_row ROWS[] = {
        {FILTER("product: windows", "  rules: any\n" NOT_S), FILTERED},
        {FILTER("product: windows", "  rules: []\n" NOT_S), FILTERED},
        {FILTER("product: windows", "  rules: [" ID "]\n" NOT_S), FILTERED},
        {FILTER("product: windows", "  rules: my_rule\n" NOT_S), FILTERED},
        {FILTER("product: windows", "  rules: [" ID_IN_CAPITALS "]\n" NOT_S), FILTERED},
        {FILTER("product: windows", "  rules: MY_RULE\n" NOT_S),
         BARE " ! 1:1: no loaded rule has the id or name 'MY_RULE'" NOWHERE},
        {FILTER("product: windows, category: pc", "  rules: [my_rule]\n" NOT_S), FILTERED},
        {FILTER("product: linux", "  rules: any\n" NOT_S), BARE NOWHERE},
        {FILTER("product: windows, service: sysmon", "  rules: any\n" NOT_S), BARE NOWHERE},
        {FILTER("product: windows", "  rules: [other]\n" NOT_S),
         BARE " ! 1:1: no loaded rule has the id or name 'other'" NOWHERE},
        {FILTER("product: windows",
                "  rules: any\n  a: {g: y}\n  b: {h: z}\n  condition: not 1 of them\n"),
         "and(s: f eq \"x\", not(or(filter flt: a: g eq \"y\", filter flt: b: h eq \"z\")))"},
    };
    sigma_check_rows(apply_and, ROWS, ARRAY_LEN(ROWS));
}

TEST(a_filter_without_not_keeps_and_is_remarked_on)
{
    static const struct sigma_row ROWS[] = {
        {FILTER("product: windows", "  rules: any\n  s: {g: y}\n  condition: s\n"),
         "and(s: f eq \"x\", filter flt: s: g eq \"y\") ! 6:14: the filter keeps only what its "
         "condition matches: an exclusion is written 'not selection'"},
        {FILTER("product: windows",
                "  rules: any\n  s: {g: y}\n  t: {h: z}\n  condition: s and not t\n"),
         "and(s: f eq \"x\", and(filter flt: s: g eq \"y\", not(filter flt: t: h eq \"z\")))"},
    };
    sigma_check_rows(apply_and, ROWS, ARRAY_LEN(ROWS));
}

TEST(the_switch_makes_every_filter_an_exclusion)
{
    static const struct sigma_row ROWS[] = {
        {FILTER("product: windows", "  rules: any\n  s: {g: y}\n  condition: s\n"), FILTERED
         " ! 6:14: the filter keeps only what its condition matches: an exclusion is written "
         "'not selection'"},
    };
    sigma_check_rows(apply_and_not, ROWS, ARRAY_LEN(ROWS));
}

TEST(bad_filters_are_refused_and_leave_the_rule_alone)
{
    static const struct sigma_row ROWS[] = {
        {FILTER("product: windows", NOT_S),
         BARE " ! 4:3: 'filter' has no 'rules': a list of ids or names, or 'any'"},
        {FILTER("product: windows", "  rules: any\n  s: {g: y}\n  condition: [s]\n"),
         BARE " ! 6:14: a filter has one condition, as text"},
        {FILTER("product: windows", "  rules: any\n  s: {g: y}\n"),
         BARE " ! 4:3: a filter has one condition, as text"},
        {FILTER("product: windows", "  rules: any\n  s: {g|x: y}\n  condition: not s\n"),
         BARE " ! 5:9: unknown modifier 'x'"},
        {FILTER("product: windows", "  rules: any\n  s: {g: y}\n  condition: not z\n"),
         BARE " ! 6:18: no selection 'z'"},
        {FILTER("product: windows", "  rules: [[a]]\n" NOT_S),
         BARE " ! 4:11: a rule is named by its id or name, not by a list"},
        {"title: f\nlogsource: {product: windows}\nfilter: x\n",
         BARE " ! 3:9: 'filter' must be a map, not text"},
    };
    sigma_check_rows(apply_and, ROWS, ARRAY_LEN(ROWS));
}

/* What crosses documents crosses the border between two loaders too. */
TEST(two_loaders_joined_give_what_one_gives)
{
    struct arena *a = arena_new(0);
    struct rule_loader *l = rule_loader_new(a, &SIGMA_TEST_LISTS, NULL);
    struct rule_loader *other = rule_loader_new(arena_new(0), &SIGMA_TEST_LISTS, NULL);
    struct loaded_rules loaded;
    struct buf out = {0};

    rule_loader_add(other, STR("bad.yml"), STR("title: [\n"));
    rule_loader_add(other, STR("filter.yml"),
                    STR(FILTER("product: windows", "  rules: [" ID "]\n" NOT_S)));
    rule_loader_add(other, STR("again.yml"), STR(RULE));
    rule_loader_add(l, STR("rule.yml"), STR(RULE));
    rule_loader_join(l, other);
    rule_loader_finish(l, &loaded);
    CHECK_EQ(loaded.n_verdicts, 4);
    CHECK_EQ(loaded.n_rules, 1);
    CHECK_STR(loaded.verdicts[0].path, "rule.yml");
    CHECK_EQ(loaded.verdicts[1].status, VERDICT_ERROR);
    CHECK_STR(loaded.verdicts[2].kind, "filter");
    CHECK_EQ(loaded.verdicts[2].n_messages, 0);
    CHECK_STR(loaded.verdicts[3].messages[0].text, "the id '" ID "' is already that of rule.yml:1");
    formula_dump(&out, loaded.rules[0]->formula);
    CHECK_STR(buf_str(&out), FILTERED);
    buf_release(&out);
    arena_free(a);
}

TEST_MAIN(ENTRY(a_filter_is_joined_to_the_rules_it_is_about),
          ENTRY(a_filter_without_not_keeps_and_is_remarked_on),
          ENTRY(the_switch_makes_every_filter_an_exclusion),
          ENTRY(bad_filters_are_refused_and_leave_the_rule_alone),
          ENTRY(two_loaders_joined_give_what_one_gives))

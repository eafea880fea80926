/* test_sigma_pipeline.c - processing pipelines: what becomes of a rule, and what is said of
 * mistakes in a pipeline. */
#include "tests/lib/sigma_text.h"
#include "tests/lib/test.h"

#include "base/str.h"
#include "lang/sigma/pipeline.h"

static const struct sigma_pipelines *read(struct arena *a, const char *const *texts, size_t n)
{
    struct pipeline_file files[4];
    const struct sigma_pipelines *p = NULL;
    struct weir_err err;
    char text[1200];

    for (size_t i = 0; i < n; i++)
        files[i] = (struct pipeline_file){STR("p.yml"), str_from(texts[i])};
    if (sigma_pipelines_read(a, files, n, &p, &err) != WEIR_OK)
        fail_msg("%s\n%s", err_format(&err, text, sizeof text), texts[0]);
    return p;
}

static struct str with_pipeline(struct arena *a, const struct sigma_pipelines *p, const char *rule)
{
    struct lang_options options = {.pipelines = p};

    return sigma_document_with(a, str_from(rule), &options);
}

#define RULE(selection)                                                       \
    "title: t\nid: 6d873f19-4847-4412-9b70-6dca598ee601\nlevel: high\ntags: " \
    "[attack.t1]\nlogsource: {product: windows, category: "                   \
    "process_creation}\ndetection:\n  s: " selection "\n  condition: s\n"
#define ITEM(text) "transformations:\n  - " text "\n"
#define ITEMS(one, two) "transformations:\n  - " one "\n  - " two "\n"

TEST(pipelines_change_items)
{
    static const struct {
        const char *pipeline, *rule, *want;
    } cases[] = {
        {ITEM("{type: field_name_mapping, mapping: {A: b}}"), RULE("{A|contains: x, C: y}"),
         "s: and(b contains \"x\", C eq \"y\")"},
        {ITEM("{type: field_name_mapping, mapping: {A: [b, c]}}"), RULE("{A: [x, y], D: 1}"),
         "s: and(or(or(b eq \"x\", b eq \"y\"), or(c eq \"x\", c eq \"y\")), D eq 1)"},
        /* neq is about the whole, not about one of the names */
        {ITEM("{type: field_name_mapping, mapping: {A: [b, c]}}"), RULE("{A|neq: x}"),
         "s: not(or(b eq \"x\", c eq \"x\"))"},
        {ITEM("{type: field_name_mapping, mapping: {a: b}}"), RULE("{A: x}"), "s: A eq \"x\""},
        {ITEM("{type: field_name_prefix_mapping, mapping: {win.: [w., x.]}}"), RULE("{win.a: 'q'}"),
         "s: or(w.a eq \"q\", x.a eq \"q\")"},
        {ITEM(
             "{type: field_name_prefix, prefix: p., field_name_conditions: [{type: exclude_fields, "
             "fields: [C]}]}"),
         RULE("{A: x, C: y}"), "s: and(p.A eq \"x\", C eq \"y\")"},
        {ITEM("{type: field_name_suffix, suffix: .keyword}"), RULE("{A: x}"),
         "s: A.keyword eq \"x\""},
        /* each works on what the one before has made */
        {ITEMS("{type: field_name_mapping, mapping: {A: b}}",
               "{type: field_name_mapping, mapping: {b: c}}"),
         RULE("{A: x}"), "s: c eq \"x\""},
        {ITEM("{type: hashes_fields, valid_hash_algos: [MD5, SHA256], field_prefix: File}"),
         RULE("{Hashes|contains: ['MD5=ab', 'sha256=CD']}"),
         "s: or(FileMD5 eq \"ab\", FileSHA256 eq \"CD\")"},
        {ITEM(
             "{type: hashes_fields, valid_hash_algos: [MD5], field_prefix: hash, drop_algo_prefix: "
             "true}"),
         RULE("{Hashes: d41d8cd98f00b204e9800998ecf8427e}"),
         "s: hash eq \"d41d8cd98f00b204e9800998ecf8427e\""},
        {ITEM("{type: hashes_fields, valid_hash_algos: [MD5]}"),
         RULE("{Hashes|contains: 'IMPHASH=ab'}"),
         "unsupported: 7:24: the pipeline p.yml:2 splits hashes by algorithm: this is none that it "
         "lists"},
        {ITEM("{type: replace_string, regex: '^C:', replacement: 'D:'}"),
         RULE("{A|startswith: 'C:/x', B|re: '^C:'}"), "s: and(A startswith \"D:/x\", B re /^C:/)"},
        {ITEM("{type: replace_string, regex: '(a+)(b)', replacement: '\\2\\g<1>-'}"),
         RULE("{A: xaabyab}"), "s: A eq \"xbaa-yba-\""},
        /* the regex sees what the modifiers have made, wildcards as such, and leaves what it does
         * not touch as it was */
        {ITEM("{type: replace_string, regex: '^\\*C', replacement: 'D'}"),
         RULE("{A|contains: 'C:/x*'}"), "s: A startswith \"D:/x\""},
        {ITEM("{type: replace_string, regex: 'a', replacement: '*'}"), RULE("{A: 'xaz'}"),
         "s: A glob \"x\" * \"z\""},
        {ITEM("{type: replace_string, regex: 'a', replacement: '\\\\*'}"), RULE("{A: 'xaz'}"),
         "s: A eq \"x*z\""},
        {ITEM("{type: replace_string, regex: 'Windows', replacement: 'W'}"),
         RULE("{A: 'C:\\Windows\\\\*'}"), "s: A startswith \"C:\\W\\\""},
        {ITEM("{type: replace_string, regex: '\\\\\\*', replacement: 's'}"), RULE("{A: 'a\\*b*'}"),
         "s: A startswith \"asb\""},
        {ITEM("{type: replace_string, regex: '(?P<n>a)', replacement: '\\g<n>\\g<n>'}"),
         RULE("{A: 'xa', B|fieldref: a, C|base64: a}"),
         "s: and(A eq \"xaa\", B fieldref unicode eq a, C eq \"YQ==\")"},
        {ITEM("{type: replace_string, regex: '5', replacement: '6'}"), RULE("{A: 5, B|gt: 5}"),
         "s: and(A eq \"6\", B gt 5)"},
        {ITEM("{type: replace_string, regex: 'x', replacement: 'y'}"), RULE("{A: 5.0}"),
         "s: A eq 5.0"},
        {ITEM("{type: field_name_mapping, mapping: {g: h, x: [y, z]}}"),
         RULE("{A|fieldref: g, B|fieldref|endswith: x}"),
         "s: and(A fieldref unicode eq h, or(B fieldref unicode endswith y, B fieldref unicode "
         "endswith z))"},
        {ITEM("{type: field_name_mapping, mapping: {g: h}, field_name_conditions: [{type: "
              "exclude_fields, fields: [g]}]}"),
         RULE("{A|fieldref: g}"), "s: A fieldref unicode eq g"},
        {ITEM("{type: hashes_fields, valid_hash_algos: [MD5], field_prefix: File}"),
         RULE("{Hashes|re: 'MD5=[0-9]+'}"), "s: Hashes re /MD5=[0-9]+/"},
        {ITEM("{type: field_name_mapping, mapping: {null: message}}"), RULE("[word, 'b*r', 5]"),
         "s: or(message contains \"word\", message glob * \"b\" * \"r\" *, message contains "
         "\"5\")"},
        {ITEM("{type: drop_detection_item, field_name_conditions: [{type: include_fields, fields: "
              "[A]}]}"),
         RULE("{A: x, B: y}"), "s: B eq \"y\""},
        {ITEM("{type: drop_detection_item}"), RULE("{A: x}"),
         "unsupported: 7:6: the pipelines drop all of this selection"},
        {ITEM("{type: add_condition, conditions: {tenant: acme}}"), RULE("{A: x}"),
         "and(s: A eq \"x\", tenant eq \"acme\")"},
        {ITEM("{type: add_condition, conditions: {tenant: acme}, negated: true}"), RULE("{A: x}"),
         "and(s: A eq \"x\", not(tenant eq \"acme\"))"},
        /* what was added is changed by what stands behind it, not by what stands before */
        {ITEMS("{type: add_condition, conditions: {EventID: 1}}",
               "{type: field_name_mapping, mapping: {EventID: event.code}}"),
         RULE("{A: x}"), "and(s: A eq \"x\", event.code eq 1)"},
        {ITEMS("{type: field_name_prefix, prefix: w.}",
               "{type: add_condition, conditions: {EventID: 1}}"),
         RULE("{A: x}"), "and(s: w.A eq \"x\", EventID eq 1)"},
        {"vars: {v: [one, 'tw*']}\n" ITEM("{type: value_placeholders}"), RULE("{A|expand: '%v%'}"),
         "s: or(A eq \"one\", A startswith \"tw\")"},
        {"vars: {v: one}\n" ITEM("{type: value_placeholders, exclude: [v]}"),
         RULE("{A|expand: '%v%'}"),
         "error: 7:17: no list 'v' for the placeholder %v%: give it with --list v=FILE"},
        {ITEM("{type: rule_failure, message: not here}"), RULE("{A: x}"),
         "unsupported: 1:1: refused by the pipeline p.yml:2: not here"},
        {ITEM("{type: field_name_mapping, mapping: {A: b}}"), RULE("['word', 'other']"),
         "s: or(@any contains \"word\", @any contains \"other\")"},
    };
    struct arena *a = arena_new(0);

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct str got = with_pipeline(a, read(a, &cases[i].pipeline, 1), cases[i].rule);
        if (!str_eq(got, str_from(cases[i].want)))
            fail_msg("%s: %.*s, not %s", cases[i].pipeline, (int)got.n, got.p, cases[i].want);
    }
    arena_free(a);
}

#define RENAMES "type: field_name_mapping, mapping: {A: b}"

TEST(conditions_decide_whether_a_transformation_applies)
{
    static const struct {
        const char *conditions;
        bool applies;
    } cases[] = {
        {"rule_conditions: [{type: logsource, product: windows}]", true},
        {"rule_conditions: [{type: logsource, product: windows, service: sysmon}]", false},
        {"rule_conditions: [{type: logsource, product: linux}]", false},
        {"rule_conditions: [{type: logsource, product: linux}], rule_cond_not: true", true},
        {"rule_conditions: [], rule_cond_not: true", true},
        {"rule_conditions: [{type: tag, tag: attack.t1}]", true},
        {"rule_conditions: [{type: tag, tag: attack.t2}]", false},
        {"rule_conditions: [{type: tag, tag: attack.t2}, {type: is_sigma_rule}]", false},
        {"rule_conditions: [{type: tag, tag: attack.t2}, {type: is_sigma_rule}], rule_cond_op: or",
         true},
        {"rule_conditions: [{type: is_sigma_correlation_rule}]", false},
        {"rule_conditions: [{type: rule_attribute, attribute: level, value: high}]", true},
        {"rule_conditions: [{type: rule_attribute, attribute: id, value: j}]", false},
        {"rule_conditions: [{type: processing_state, key: k, val: v}]", true},
        {"rule_conditions: [{type: processing_state, key: k, val: w}]", false},
        {"rule_conditions: [{type: processing_item_applied, processing_item_id: state}]", true},
        {"rule_conditions: [{type: processing_item_applied, processing_item_id: no}]", false},
        {"field_name_conditions: [{type: include_fields, fields: [A]}, {type: exclude_fields, "
         "fields: [A]}]",
         false},
        {"field_name_conditions: [{type: include_fields, fields: [A]}, {type: exclude_fields, "
         "fields: [A]}], field_name_cond_op: or",
         true},
        {"field_name_conditions: [{type: include_fields, fields: [A]}], field_name_cond_not: true",
         false},
    };
    struct arena *a = arena_new(0);

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *text =
            arena_printf(a,
                         "transformations:\n  - {id: state, type: set_state, key: k, val: v}\n"
                         "  - {" RENAMES ", %s}\n",
                         cases[i].conditions)
                .p;
        struct str got = with_pipeline(a, read(a, &text, 1), RULE("{A: x}"));
        CHECK_STR(got, cases[i].applies ? "s: b eq \"x\"" : "s: A eq \"x\"");
    }
    arena_free(a);
}

/* Groups, what aliases stand for, fields of conditions, actors. Names of aliases are no fields. */
TEST(pipelines_rename_the_fields_of_correlations)
{
#define BASE(name, product)                                   \
    "title: t\nname: " name "\nlogsource: {product: " product \
    "}\ndetection: {s: {X: x}, condition: s}\n---\n"
#define OVER(text) \
    BASE("a", "windows") BASE("l", "linux") "title: c\nname: c\ncorrelation: {" text "}\n"
#define NAME_10 "abcdefghij"
#define NAME_130                                                                            \
    NAME_10 NAME_10 NAME_10 NAME_10 NAME_10 NAME_10 NAME_10 NAME_10 NAME_10 NAME_10 NAME_10 \
        NAME_10 NAME_10
#define COUNTS "timespan: 1m, condition: {gte: 5}"
#define MAPS(mapping, more) ITEM("{type: field_name_mapping, mapping: {" mapping "}" more "}")
#define IF(condition) ", rule_conditions: [{" condition "}]"
    static const struct {
        const char *pipeline, *rules, *want; /* of the last rule */
    } cases[] = {
        {MAPS("A: b", ""), OVER("type: event_count, rules: a, group-by: [A, C], " COUNTS),
         "event_count; rules a; group by b, C; condition gte 5; within 1m"},
        {MAPS("A: b", ""),
         OVER("type: event_count, rules: [a, l], group-by: [A], aliases: {A: {a: C, l: "
              "A}}, " COUNTS),
         "event_count; rules a (A: C), l (A: b); group by A; condition gte 5; within 1m"},
        {MAPS("A: b", ""),
         OVER("type: value_count, rules: a, group-by: A, timespan: 1m, condition: {gte: 5, field: "
              "A}"),
         "value_count; rules a; group by b; condition field b, gte 5; within 1m"},
        {MAPS("A: b", ""),
         OVER("type: ratio, rules: a, actor: A, timespan: 1m, condition: {gt: 0.5, field: C}"),
         "ratio; rules a; group by nothing: one group; condition field C, gt 0.5; within 1m; actor "
         "b"},
        {ITEMS("{type: field_name_prefix, prefix: p.}", "{type: field_name_suffix, suffix: .s}"),
         OVER("type: event_count, rules: a, group-by: A, " COUNTS),
         "event_count; rules a; group by p.A.s; condition gte 5; within 1m"},
        {ITEMS("{type: field_name_prefix, prefix: p.}", "{type: field_name_suffix, suffix: .s}"),
         OVER("type: event_count, rules: a, group-by: " NAME_130 ", " COUNTS),
         "event_count; rules a; group by p." NAME_130 ".s; condition gte 5; within 1m"},
        {ITEM("{type: field_name_prefix_mapping, mapping: {A: b.}}"),
         OVER("type: event_count, rules: a, group-by: [AC, C], " COUNTS),
         "event_count; rules a; group by b.C, C; condition gte 5; within 1m"},
        {ITEM("{type: field_name_prefix, prefix: p., field_name_conditions: [{type: "
              "include_fields, fields: [A]}]}"),
         OVER("type: event_count, rules: a, group-by: [A, C], " COUNTS),
         "event_count; rules a; group by p.A, C; condition gte 5; within 1m"},
        {MAPS("A: b", IF("type: logsource, product: windows")),
         OVER("type: event_count, rules: [a, l], group-by: A, " COUNTS),
         "event_count; rules a, l; group by b; condition gte 5; within 1m"},
        {MAPS("A: b", IF("type: logsource, product: windows")),
         OVER("type: event_count, rules: l, group-by: A, " COUNTS),
         "event_count; rules l; group by A; condition gte 5; within 1m"},
        {MAPS("A: b", IF("type: logsource, product: windows")),
         OVER("type: event_count, rules: a, group-by: A, " COUNTS) "---\ntitle: d\ncorrelation: "
                                                                   "{type: event_count, "
                                                                   "rules: c, group-by: A, " COUNTS
                                                                   "}\n",
         "event_count; rules c; group by b; condition gte 5; within 1m"},
        {MAPS("A: b", IF("type: is_sigma_correlation_rule")),
         OVER("type: event_count, rules: a, group-by: A, " COUNTS),
         "event_count; rules a; group by b; condition gte 5; within 1m"},
        {MAPS("A: b", IF("type: is_sigma_rule")),
         OVER("type: event_count, rules: a, group-by: A, " COUNTS),
         "event_count; rules a; group by A; condition gte 5; within 1m"},
        {MAPS("A: [b, c]", ""), OVER("type: event_count, rules: a, group-by: A, " COUNTS),
         "unsupported: 13:14: the pipeline p.yml:2 has several names for 'A': a correlation needs "
         "one"},
        {ITEM("{type: rule_failure, message: no, rule_conditions: [{type: "
              "is_sigma_correlation_rule}]}"),
         OVER("type: event_count, rules: a, group-by: A, " COUNTS),
         "unsupported: 13:14: refused by the pipeline p.yml:2: no"},
        {ITEMS("{id: i, type: change_logsource, product: acme, rule_conditions: [{type: logsource, "
               "product: windows}]}",
               "{type: field_name_mapping, mapping: {A: b}, rule_conditions: [{type: logsource, "
               "product: acme}]}"),
         OVER("type: event_count, rules: a, group-by: A, " COUNTS),
         "event_count; rules a; group by b; condition gte 5; within 1m"},
    };
    struct arena *a = arena_new(0);

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct str got = with_pipeline(a, read(a, &cases[i].pipeline, 1), cases[i].rules),
                   last = got;
        for (size_t at = 0; (at = str_find(got, STR(" | "), at)) != SIZE_MAX; at += 3)
            last = str_sub(got, at + 3, SIZE_MAX);
        if (!str_eq(last, str_from(cases[i].want)))
            fail_msg("%s%s\n gives %.*s\n  want %s", cases[i].pipeline, cases[i].rules, (int)last.n,
                     last.p, cases[i].want);
    }
    arena_free(a);
}

TEST(a_changed_log_source_is_what_later_conditions_ask)
{
    static const char *const text =
        "transformations:\n"
        "  - {type: change_logsource, product: acme}\n"
        "  - {type: rule_failure, message: acme, rule_conditions: [{type: logsource, product: "
        "acme}]}\n";
    struct arena *a = arena_new(0);

    CHECK_STR(with_pipeline(a, read(a, &text, 1), RULE("{A: x}")),
              "unsupported: 1:1: refused by the pipeline p.yml:3: acme");
    arena_free(a);
}

TEST(pipelines_apply_by_priority_then_in_their_order)
{
    static const char *const texts[] = {
        "priority: 20\n" ITEM("{type: field_name_prefix, prefix: late.}"),
        "priority: 10\n" ITEM("{type: field_name_prefix, prefix: early.}"),
        "priority: 20\n" ITEM("{type: field_name_prefix, prefix: last.}"),
    };
    struct arena *a = arena_new(0);

    CHECK_STR(with_pipeline(a, read(a, texts, 3), RULE("{A: x}")), "s: last.late.early.A eq \"x\"");
    arena_free(a);
}

/* The variables of all pipelines serve each, and the last one's win. */
TEST(pipelines_share_their_variables)
{
    static const char *const texts[] = {
        "priority: 1\nvars: {v: one, w: two}\n" ITEM("{type: value_placeholders}"),
        "priority: 2\nvars: {v: other}\n",
    };
    struct arena *a = arena_new(0);

    CHECK_STR(with_pipeline(a, read(a, texts, 2), RULE("{A|expand: '%v%%w%'}")),
              "s: A eq \"othertwo\"");
    arena_free(a);
}

TEST(the_fields_that_a_rule_wants_shown_are_renamed)
{
    static const char *const text = ITEM("{type: field_name_mapping, mapping: {A: [b, c]}}");
    struct arena *a = arena_new(0);
    const struct sigma_pipelines *p = read(a, &text, 1);
    struct lang_options options = {.pipelines = p};
    struct rule_loader *l = rule_loader_new(a, NULL, &options);
    struct loaded_rules loaded;

    rule_loader_add(l, STR("t.yml"), STR("fields: [A, D]\n" RULE("{A: x}")));
    rule_loader_finish(l, &loaded);
    CHECK_EQ(loaded.n_rules, 1);
    CHECK_EQ(loaded.rules[0]->fields.n, 3);
    CHECK_STR(loaded.rules[0]->fields.items[0], "b");
    CHECK_STR(loaded.rules[0]->fields.items[1], "c");
    CHECK_STR(loaded.rules[0]->fields.items[2], "D");
    arena_free(a);
}

/* Filters come first: they ask the log source as it was written, and are changed with the rule. */
TEST(what_a_filter_adds_passes_the_pipelines_of_the_rule)
{
#define FILTER(product, item)                                                          \
    "---\ntitle: f\nlogsource: {product: " product "}\nfilter: {rules: any, s: {" item \
    "}, condition: not s}\n"
    static const struct {
        const char *pipeline, *filter, *want;
    } cases[] = {
        {ITEM("{type: field_name_mapping, mapping: {A: b}}"), FILTER("windows", "A: y"),
         "and(s: b eq \"x\", not(filter f: s: b eq \"y\"))"},
        {ITEM("{type: field_name_mapping, mapping: {A: b}, rule_conditions: [{type: logsource, "
              "product: linux}]}"),
         FILTER("windows", "A: y"), "and(s: A eq \"x\", not(filter f: s: A eq \"y\"))"},
        {ITEMS("{type: change_logsource, product: acme}",
               "{type: field_name_mapping, mapping: {A: b}, rule_conditions: [{type: logsource, "
               "product: acme}]}"),
         FILTER("windows", "A: y"), "and(s: b eq \"x\", not(filter f: s: b eq \"y\"))"},
        {ITEM("{type: change_logsource, product: acme}"), FILTER("acme", "A: y"), "s: A eq \"x\""},
        {ITEM("{type: add_condition, conditions: {t: 1}}"), FILTER("windows", "A: y"),
         "and(and(s: A eq \"x\", t eq 1), not(filter f: s: A eq \"y\"))"},
        {ITEM("{type: drop_detection_item, field_name_conditions: [{type: include_fields, fields: "
              "[B]}]}"),
         FILTER("windows", "B: y"),
         "error: 1:1: the filter 'f' does not pass the pipelines: the pipelines drop all of "
         "this selection"},
    };
    struct arena *a = arena_new(0);

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *text = arena_printf(a, RULE("{A: x}") "%s", cases[i].filter).p;
        struct str got = with_pipeline(a, read(a, &cases[i].pipeline, 1), text);
        size_t end = str_find(got, STR(" | "), 0);
        CHECK_STR(str_sub(got, 0, end), cases[i].want);
    }
    arena_free(a);
}

TEST(mistakes_in_a_pipeline_are_told_with_place_and_name)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"- a\n", "p.yml:1:1: error: a pipeline must be a map with transformations, not a list"},
        {"", "p.yml:1:1: error: a pipeline file holds one map"},
        {"name: x\n", "p.yml:1:1: error: `transformations` is missing"},
        {"transformation: []\n",
         "p.yml:1:1: error: unknown key of a pipeline 'transformation' (did "
         "you mean 'transformations'?)"},
        {"transformations: {}\n", "p.yml:1:18: error: transformations must be a list, not a map"},
        {"transformations: []\npostprocessing: []\n",
         "p.yml:2:1: error: unsupported: the part 'postprocessing' of a pipeline"},
        {"transformations: []\npriority: x\n",
         "p.yml:2:11: error: priority must be a number, not text"},
        {"transformations: []\nvars: [a]\n",
         "p.yml:2:7: error: vars must be a map of name: values, not a list"},
        {ITEM("x"), "p.yml:2:5: error: a transformation must be a map with type, not text"},
        {ITEM("{id: x}"), "p.yml:2:5: error: `type` is missing"},
        {ITEM("{type: nest, items: []}"),
         "p.yml:2:12: error: unsupported: the transformation 'nest' of a pipeline"},
        {ITEM("{type: field_name_mapping}"),
         "p.yml:2:5: error: field_name_mapping needs `mapping`"},
        {ITEM("{type: field_name_mapping, maping: {}}"),
         "p.yml:2:32: error: unknown key of field_name_mapping 'maping' (did you mean 'mapping'?)"},
        {ITEM("{type: field_name_mapping, mapping: [a]}"),
         "p.yml:2:41: error: mapping must be a map of field: field or fields, not a list"},
        {ITEM("{type: field_name_mapping, mapping: {a: []}}"),
         "p.yml:2:45: error: a field is mapped to 1 to 64 fields"},
        {ITEM("{type: field_name_mapping, mapping: {a: {b: c}}}"),
         "p.yml:2:45: error: the field must be text, not a map"},
        {ITEM("{type: replace_string, regex: '(', replacement: x}"),
         "p.yml:2:35: error: not a valid regex: missing closing parenthesis"},
        {ITEM("{type: replace_string, regex: '(a)', replacement: 'x\\2'}"),
         "p.yml:2:55: error: the replacement has no meaning from '\\2' on (\\1, \\g<1>, \\g<name>, "
         "\\\\)"},
        {ITEM("{type: replace_string, regex: '(a)', replacement: 'x\\g<n>'}"),
         "p.yml:2:55: error: the replacement has no meaning from '\\g<n>' on (\\1, \\g<1>, "
         "\\g<name>, \\\\)"},
        {ITEM("{type: change_logsource}"),
         "p.yml:2:5: error: a log source needs category, product or service"},
        {ITEM("{type: add_condition, conditions: {}}"),
         "p.yml:2:39: error: conditions must be a map of field: value, not a map"},
        {ITEM("{type: drop_detection_item, detection_item_conditions: []}"),
         "p.yml:2:33: error: unsupported: the key 'detection_item_conditions' of a pipeline"},
        {ITEM("{type: drop_detection_item, rule_conditions: [{type: contains_field, field: a}]}"),
         "p.yml:2:51: error: unsupported: the rule condition 'contains_field' of a pipeline"},
        {ITEM("{type: drop_detection_item, rule_conditions: [{type: tag}]}"),
         "p.yml:2:51: error: `tag` is missing"},
        {ITEM("{type: drop_detection_item, rule_conditions: [{type: tag, tga: x}]}"),
         "p.yml:2:63: error: unknown key of a rule condition 'tga' (did you mean 'tag'?)"},
        {ITEM("{type: drop_detection_item, rule_cond_op: xor}"),
         "p.yml:2:47: error: the operator must be 'and' or 'or', not 'xor'"},
        {ITEM("{type: drop_detection_item, field_name_conditions: [{type: include_fields, fields: "
              "a, mode: re}]}"),
         "p.yml:2:97: error: unsupported: the mode 're' of a pipeline"},
        {ITEM("{type: drop_detection_item, rule_conditions: [{type: rule_attribute, attribute: "
              "author, value: x}]}"),
         "p.yml:2:51: error: unsupported: the rule attribute 'author' of a pipeline"},
    };
    struct arena *a = arena_new(0);
    char text[1200];

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct pipeline_file file = {STR("p.yml"), str_from(cases[i].text)};
        const struct sigma_pipelines *p;
        struct weir_err err;
        CHECK(sigma_pipelines_read(a, &file, 1, &p, &err) != WEIR_OK);
        CHECK_STR(str_from(err_format(&err, text, sizeof text)), cases[i].message);
    }
    arena_free(a);
}

TEST_MAIN(ENTRY(pipelines_change_items), ENTRY(conditions_decide_whether_a_transformation_applies),
          ENTRY(pipelines_rename_the_fields_of_correlations),
          ENTRY(a_changed_log_source_is_what_later_conditions_ask),
          ENTRY(pipelines_apply_by_priority_then_in_their_order),
          ENTRY(pipelines_share_their_variables),
          ENTRY(the_fields_that_a_rule_wants_shown_are_renamed),
          ENTRY(what_a_filter_adds_passes_the_pipelines_of_the_rule),
          ENTRY(mistakes_in_a_pipeline_are_told_with_place_and_name))

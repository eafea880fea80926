/* test_sigma_load.c - files and documents: verdicts, metadata, ids, what is no rule. */
#include "base/buf.h"
#include "tests/lib/sigma_rows.h"

#define DETECTION "detection: {s: {f: x}, condition: s}\n"
#define RULE "title: t\nlogsource: {product: p}\n" DETECTION

static struct str document(struct arena *a, const char *yaml)
{
    return sigma_document(a, str_from(yaml));
}

#define PART "what 'action: global' in line 1 says is part of this rule, and cannot be read"

TEST(what_is_no_rule_is_reported)
{
    static const struct sigma_row ROWS[] = {
        {"", "error: 0:0: the file is empty"},
        {"# only a comment\n", "error: 0:0: the file is empty"},
        {"action: reset\n---\naction: reset\n", "error: 0:0: the file has no rule"},
        {"a: b\n", "error: 1:1: not a rule: no 'detection', 'correlation' or 'filter'"},
        {"- a\n", "error: 1:1: not a rule: the document is a list"},
        {"text\n",
         "error: 1:1: not a rule: the document is text (a query stands in a file that ends as its "
         "language: .eql, .cql, .spl ...)"},
        {"title: t\ndetections: {}\n",
         "error: 2:1: not a rule: unknown key 'detections' (did you mean 'detection'?)"},
        {"- a\n- {title: t, detection: {s: {f: x}, condition: s}}\n",
         "error: 1:1: not a rule: a list of rules: give each a document of its own (a line '---' "
         "between them)"},
        {"action: global\ntitle: t\n",
         "error: 1:1: no rule behind this 'action: global' takes what it says"},
        {"title: t\naction: repeat\ndetection: {condition: s}\n",
         "error: 1:1: 'action: repeat' without a rule before it"},
        {"action: buy\n" RULE, "s: f eq \"x\""},
        {"title: t\ncorrelation: {type: event_count}\n",
         "error: 2:14: event_count needs 'rules'; 2:14: event_count needs 'timespan'; "
         "2:14: event_count needs 'condition'"},
        {"title: [\n",
         "error: 2:1: did not find expected node content (while parsing a flow node in line 2)"},
        {"title: t\ndetection: x\n", "error: 2:12: 'detection' must be a map, not text"},
    };
    sigma_check_rows(document, ROWS, ARRAY_LEN(ROWS));
}

TEST(a_bad_document_does_not_hide_its_neighbours)
{
    static const struct sigma_row ROWS[] = {
        {RULE "---\n" RULE, "s: f eq \"x\" | s: f eq \"x\""},
        {RULE "---\ntitle: [\n---\n" RULE, "s: f eq \"x\" | error: 6:1: did not find expected node "
                                           "content (while parsing a flow node "
                                           "in line 6) | s: f eq \"x\""},
        {"---\n" RULE "---\ndetection: {s: {f|x: y}, condition: s}\n---\n" RULE,
         "s: f eq \"x\" | error: 6:19: unknown modifier 'x' | s: f eq \"x\""},
        {"action: global\nlevel: [\n---\n" RULE "---\naction: reset\n---\n" RULE,
         "error: 3:1: did not find expected node content (while parsing a flow node in line 3) | "
         "error: 4:1: " PART " | s: f eq \"x\""},
        {"level: [\n'action': \"global\" # all\n---\n" RULE,
         "error: 3:1: did not find expected ',' or ']' (while parsing a flow sequence in line 1) | "
         "error: 4:1: what 'action: global' in line 2 says is part of this rule, and cannot be "
         "read"},
        {RULE "---\nlevel: [\n---\naction: repeat\n",
         "s: f eq \"x\" | error: 6:1: did not find expected node content (while parsing a flow "
         "node "
         "in line 6) | error: 7:1: 'action: repeat' without a rule before it"},
        {"action: globally\nlevel: [\n---\n" RULE,
         "error: 3:1: did not find expected node content (while parsing a flow node in line 3) | "
         "s: f eq \"x\""},
        {"%YAML 1.1\n---\n" RULE "...\n---\n" RULE, "s: f eq \"x\" | s: f eq \"x\""},
    };
    sigma_check_rows(document, ROWS, ARRAY_LEN(ROWS));
}

/* As pySigma merges them. */
TEST(documents_of_a_collection_are_merged)
{
    static const struct sigma_row ROWS[] = {
        {"action: global\ntitle: t\nlogsource: {product: p}\ndetection: {condition: s and not z, "
         "z: {z: "
         "1}}\n---\ndetection: {s: {f: x}}\n---\ndetection: {s: {g: y}}\n",
         "and(s: f eq \"x\", not(z: z eq 1)) | and(s: g eq \"y\", not(z: z eq 1))"},
        /* What it says goes before what the rule says, maps key by key. */
        {"action: global\nlevel: high\ndetection: {s: {f: x}}\n---\ntitle: t\nlevel: "
         "low\nlogsource: {product: p}\ndetection: {s: {g: y}, condition: s}\n",
         "s: and(g eq \"y\", f eq \"x\") ! 6:1: 'level' is what 'action: global' in line 1 says, "
         "which "
         "goes before"},
        /* Up to the next one, or none. */
        {"action: global\nlogsource: {product: p}\n---\ntitle: t\n" DETECTION
         "---\naction: global\ntitle: u\n---\n" DETECTION,
         "s: f eq \"x\" | s: f eq \"x\" ! 10:1: no 'logsource': the rule sees every event"},
        {"action: global\nlevel: high\n---\n" RULE "---\naction: reset\n---\n" DETECTION,
         "s: f eq \"x\" | s: f eq \"x\" ! 10:1: no 'title' ! 10:1: no 'logsource': the rule sees "
         "every "
         "event"},
        /* repeat: what this document says goes before; again and again. */
        {RULE "---\naction: repeat\ndetection: {s: {g: y}}\n---\naction: repeat\ndetection: {s: "
              "{g: z}}\n",
         "s: f eq \"x\" | s: and(f eq \"x\", g eq \"y\") | s: and(f eq \"x\", g eq \"z\")"},
        {"action: global\ntitle: t\nlogsource: {product: p}\ndetection: {condition: "
         "s}\n---\naction: "
         "repeat\ndetection: {s: {f: x}}\n",
         "s: f eq \"x\""},
        /* An id is that of one rule. */
        {"action: global\nid: a0000000-0000-0000-0000-00000000000f\ntitle: t\nlogsource: {product: "
         "p}\n---\n" DETECTION "---\n" DETECTION,
         "s: f eq \"x\" | s: f eq \"x\" ! 8:1: the 'id' of the collection is that of its first "
         "rule: "
         "this one has none"},
        /* Faults are told where they stand. */
        {"action: global\ntitle: t\nlogsource: {product: p}\ndetection:\n  z: {f|contain: 'x'}\n  "
         "condition: s and (z\n---\ndetection: {s: {f|x: y}}\n",
         "error: 8:19: unknown modifier 'x'; 5:9: unknown modifier 'contain' (did you mean "
         "'contains'?); 6:20: this parenthesis is not closed"},
        /* Correlations and filters take nothing. */
        {"action: global\nlevel: high\n---\n" RULE "name: r\n---\ntitle: c\ncorrelation: {type: "
         "event_count, rules: [r], timespan: 5m, condition: {gte: 2}}\n",
         "s: f eq \"x\" | event_count; rules r; group by nothing: one group; condition gte 2; "
         "within 5m"},
        {"action: global\nlevel: high\n---\naction: reset\n---\n" RULE,
         "error: 1:1: no rule behind this 'action: global' takes what it says | s: f eq \"x\""},
    };
    sigma_check_rows(document, ROWS, ARRAY_LEN(ROWS));
}

TEST(metadata_slips_are_warned_of_or_refused)
{
    static const struct sigma_row ROWS[] = {
        {"logsource: {product: p}\n" DETECTION, "s: f eq \"x\" ! 1:1: no 'title'"},
        {"title: t\n" DETECTION, "s: f eq \"x\" ! 1:1: no 'logsource': the rule sees every event"},
        {RULE "simulation: high\n", "s: f eq \"x\""},
        {RULE "levle: high\n", "s: f eq \"x\" ! 4:1: unknown key 'levle' (did you mean 'level'?)"},
        {RULE "level: hihg\n", "error: 4:8: unknown level 'hihg' (did you mean 'high'?)"},
        {RULE "status: stabel\n", "error: 4:9: unknown status 'stabel' (did you mean 'stable'?)"},
        {RULE "id: 7\n", "s: f eq \"x\" ! 4:5: the id '7' is no UUID"},
        {RULE "id: A0000000-0000-0000-0000-00000000000f\n", "s: f eq \"x\""},
        {RULE "author: [a]\n", "s: f eq \"x\" ! 4:9: 'author' should be text, not a list"},
        {RULE "tags: {a: b}\n", "s: f eq \"x\" ! 4:7: 'tags' should be a list, not a map"},
        {RULE "date: 2024-01-01\n", "s: f eq \"x\""},
        {RULE "taxonomy: ecs\n",
         "s: f eq \"x\" ! 4:11: field names of the taxonomy 'ecs' are taken as they are"},
        {"title: t\nlogsource: {produkt: p, category: c}\n" DETECTION,
         "s: f eq \"x\" ! 2:13: the log source key 'produkt' is not used (did you mean "
         "'product'?)"},
        {"title: t\nlogsource: p\n" DETECTION, "error: 2:12: 'logsource' must be a map, not text"},
        {"title: t\nlogsource: {product: [p]}\n" DETECTION,
         "error: 2:22: 'product' of a log source must be text, not a list"},
    };
    sigma_check_rows(document, ROWS, ARRAY_LEN(ROWS));
}

static void load(struct arena *a, const char *const (*files)[2], size_t n, struct loaded_rules *out)
{
    struct rule_loader *l = rule_loader_new(a, &SIGMA_TEST_LISTS, NULL);

    for (size_t i = 0; i < n; i++)
        rule_loader_add(l, str_from(files[i][0]), str_from(files[i][1]));
    rule_loader_finish(l, out);
}

TEST(a_rule_keeps_its_metadata)
{
    static const char *const FILES[][2] = {
        {"dir/a.yml", "title: A title\nid: 00000000-0000-0000-0000-000000000001\nname: short\n"
                      "status: test\nlevel: high\nauthor: 'X (y), Z'\ndate: 2024/01/02\n"
                      "modified: 2025-03-04\nlicense: MIT\ndescription: |\n  two\n  lines\n"
                      "references: [https://a, https://b]\ntags: [attack.t1528]\n"
                      "falsepositives: none known\nfields: [f, g]\n"
                      "logsource: {product: windows, category: c, service: s, definition: d}\n"
                      "detection: {s: {f: 'a?'}, condition: s}\n"},
        {"b.yaml", "---\n# head\ntitle: B\nlogsource: {product: p}\n" DETECTION}};
    struct arena *a = arena_new(0);
    struct loaded_rules loaded;

    load(a, FILES, 2, &loaded);
    CHECK_EQ(loaded.n_rules, 2);
    const struct rule *r = loaded.rules[0];
    CHECK_STR(r->uid, "00000000-0000-0000-0000-000000000001");
    CHECK(r->has_own_id && r->has_level);
    CHECK_STR(r->title, "A title");
    CHECK_STR(r->name, "short");
    CHECK_EQ(r->status, STATUS_TEST);
    CHECK_EQ(r->level, LEVEL_HIGH);
    CHECK_STR(r->author, "X (y), Z");
    CHECK_STR(r->date, "2024/01/02");
    CHECK_STR(r->modified, "2025-03-04");
    CHECK_STR(r->licence, "MIT");
    CHECK_STR(r->description, "two\nlines\n");
    CHECK_EQ(r->references.n, 2);
    CHECK_STR(r->references.items[1], "https://b");
    CHECK_STR(r->tags.items[0], "attack.t1528");
    CHECK_STR(r->falsepositives.items[0], "none known");
    CHECK_STR(r->fields.items[1], "g");
    CHECK_STR(r->logsource.product, "windows");
    CHECK_STR(r->logsource.category, "c");
    CHECK_STR(r->logsource.service, "s");
    CHECK_EQ(r->formula->atom->line, 18);
    CHECK_EQ(r->formula->atom->col, 20);

    r = loaded.rules[1];
    CHECK_STR(r->uid, "b.yaml#0");
    CHECK(!r->has_own_id && !r->has_level);
    CHECK_EQ(r->line, 3);
    CHECK_STR(r->licence, "");
    CHECK_STR(loaded.verdicts[1].language, "sigma");
    CHECK_STR(loaded.verdicts[1].kind, "rule");
    arena_free(a);
}

TEST(the_hash_is_of_the_document_alone)
{
    static const char *const FILES[][2] = {{"a.yml", "abc: 1\n---\n" RULE "---\nx: y\n"},
                                           {"b.yml", "---\n" RULE}};
    struct arena *a = arena_new(0);
    struct loaded_rules loaded;

    load(a, FILES, 2, &loaded);
    CHECK_EQ(loaded.n_rules, 2);
    CHECK_EQ(loaded.rules[0]->document, 1);
    CHECK_STR(str_from(loaded.rules[0]->sha256), loaded.rules[1]->sha256);
    CHECK_STR(str_from(loaded.rules[0]->sha256),
              "78cc88125bdfe8e3cbab9811fe58217197b8bb035ee96fa0f266e034db56f5fe");
    arena_free(a);
}

TEST(the_hash_of_a_rule_of_a_collection_is_that_of_what_it_is_made_of)
{
    static const char GLOBAL[] = "action: global\nlevel: high\n---\n", OTHER[] = RULE "author: a\n";
    struct arena *a = arena_new(0);
    struct buf with = {0}, without = {0}, changed = {0};
    struct loaded_rules loaded;

    buf_printf(&with, "%s%s---\n%s", GLOBAL, OTHER, RULE);
    buf_printf(&without, "%s%s", GLOBAL, RULE);
    buf_printf(&changed, "action: global\nlevel: low\n---\n%s", RULE);
    const char *const FILES[][2] = {{"a.yml", arena_str(a, buf_str(&with)).p},
                                    {"b.yml", arena_str(a, buf_str(&without)).p},
                                    {"c.yml", arena_str(a, buf_str(&changed)).p}};
    load(a, FILES, 3, &loaded);
    CHECK_EQ(loaded.n_rules, 4);
    CHECK_STR(str_from(loaded.rules[1]->sha256), loaded.rules[2]->sha256);
    CHECK(!str_eq(str_from(loaded.rules[2]->sha256), str_from(loaded.rules[3]->sha256)));
    buf_release(&with);
    buf_release(&without);
    buf_release(&changed);
    arena_free(a);
}

/* Each takes the one before it, so the text grows. `filler` n times: how many rules are there? */
static size_t repeated_rules(const char *before, const char *filler, int n, const char *behind)
{
    enum { REPEATS = 4000 };
    struct arena *a = arena_new(0);
    struct buf text = {0};
    struct loaded_rules loaded;

    buf_add(&text, STR(RULE));
    buf_add(&text, str_from(before));
    for (int i = 0; i < n; i++)
        buf_add(&text, str_from(filler));
    buf_add(&text, str_from(behind));
    for (int i = 0; i < REPEATS; i++)
        buf_add(&text, STR("\n---\naction: repeat"));
    const char *const FILES[][2] = {{"a.yml", arena_str(a, buf_str(&text)).p}};
    load(a, FILES, 1, &loaded);
    CHECK(loaded.n_rules < REPEATS);
    CHECK_EQ(loaded.n_verdicts, REPEATS + 1);
    CHECK_STR(loaded.verdicts[REPEATS].messages[0].text,
              "the rules of this file take more than 64 MiB from 'action: global' and by 'action: "
              "repeat'");
    size_t n_rules = loaded.n_rules;
    buf_release(&text);
    arena_free(a);
    return n_rules;
}

TEST(a_collection_does_not_grow_beyond_its_bound)
{
    CHECK(repeated_rules("description: ", "x", 20000, "") > 1000);
    size_t n = repeated_rules("own: [", "1,", 10000, "]"); /* a value is about 100 bytes */
    CHECK(n > 10 && n < 100);
}

/* Each key is looked for among the others. */
TEST(the_maps_of_a_collection_have_an_end)
{
    struct arena *a = arena_new(0);
    struct buf text = {0};
    struct loaded_rules loaded;

    buf_add(&text, STR("action: global\n"));
    for (int i = 0; i < 1000; i++)
        buf_printf(&text, "own%d: 1\n", i);
    buf_add(&text, STR("---\n" RULE));
    const char *const FILES[][2] = {{"a.yml", arena_str(a, buf_str(&text)).p}};
    load(a, FILES, 1, &loaded);
    CHECK_EQ(loaded.n_rules, 0);
    CHECK_EQ(loaded.n_verdicts, 1);
    CHECK_STR(loaded.verdicts[0].messages[0].text, "more than 1000 keys in a map of a collection");
    buf_release(&text);
    arena_free(a);
}

TEST(double_ids_name_both_files)
{
    static const char *const ID = "id: 00000000-0000-0000-0000-00000000000a\n" RULE;
    static const char *const CAPITALS = "id: 00000000-0000-0000-0000-00000000000A\n" RULE;
    static const char *const WORDS[] = {"id: b\n" RULE, "id: B\n" RULE};
    const char *const FILES[][2] = {{"a.yml", ID},
                                    {"b.yml", RULE},
                                    {"c.yml", CAPITALS},
                                    {"d.yml", WORDS[0]},
                                    {"e.yml", WORDS[1]}};
    struct arena *a = arena_new(0);
    struct loaded_rules loaded;
    struct buf out = {0};

    load(a, FILES, 5, &loaded);
    CHECK_EQ(loaded.n_rules, 4);
    CHECK_EQ(loaded.n_by_status[VERDICT_ERROR], 1);
    verdict_message_format(&out, &loaded.verdicts[2], &loaded.verdicts[2].messages[0]);
    CHECK_STR(buf_str(&out), "c.yml:1:1: error: the id '00000000-0000-0000-0000-00000000000A' is "
                             "already that of a.yml:1");
    buf_release(&out);
    arena_free(a);
}

TEST(a_placeholder_without_any_list_is_an_error)
{
    struct arena *a = arena_new(0);
    struct rule_loader *l = rule_loader_new(a, NULL, NULL);
    struct loaded_rules loaded;

    rule_loader_add(l, STR("a.yml"),
                    STR("title: t\nlogsource: {product: p}\n"
                        "detection: {s: {f|expand: '%Admins%'}, condition: s}\n"));
    rule_loader_finish(l, &loaded);
    CHECK_EQ(loaded.n_rules, 0);
    CHECK_STR(loaded.verdicts[0].messages[0].text,
              "no list 'Admins' for the placeholder %Admins%: give it with --list Admins=FILE");
    arena_free(a);
}

TEST(messages_of_one_document_are_bounded)
{
    struct arena *a = arena_new(0);
    struct buf yaml = {0};
    struct rule_loader *l = rule_loader_new(a, NULL, NULL);
    struct loaded_rules loaded;

    buf_add(&yaml, STR("detection:\n  s:\n"));
    for (int i = 0; i < 1000; i++)
        buf_printf(&yaml, "    f%d|nonsense: x\n", i);
    rule_loader_add(l, STR("a.yml"), buf_str(&yaml));
    rule_loader_finish(l, &loaded);
    CHECK_EQ(loaded.verdicts[0].n_messages, LANG_MESSAGES_MAX);
    CHECK_STR(loaded.verdicts[0].messages[LANG_MESSAGES_MAX - 1].text,
              "more messages: only the first 49 are shown");
    CHECK_EQ(loaded.verdicts[0].status, VERDICT_ERROR);
    buf_release(&yaml);
    arena_free(a);
}

TEST(rule_files_are_told_by_their_ending)
{
    CHECK(lang_is_rule_path(STR("a/b.yml")));
    CHECK(lang_is_rule_path(STR("a/b.YAML")));
    CHECK(!lang_is_rule_path(STR("a/b.test.yml")));
    CHECK(!lang_is_rule_path(STR("a/b.md")));
    CHECK(!lang_is_rule_path(STR("yml")));
}

TEST_MAIN(ENTRY(what_is_no_rule_is_reported), ENTRY(a_bad_document_does_not_hide_its_neighbours),
          ENTRY(documents_of_a_collection_are_merged),
          ENTRY(metadata_slips_are_warned_of_or_refused), ENTRY(a_rule_keeps_its_metadata),
          ENTRY(the_hash_is_of_the_document_alone),
          ENTRY(the_hash_of_a_rule_of_a_collection_is_that_of_what_it_is_made_of),
          ENTRY(a_collection_does_not_grow_beyond_its_bound),
          ENTRY(the_maps_of_a_collection_have_an_end), ENTRY(double_ids_name_both_files),
          ENTRY(a_placeholder_without_any_list_is_an_error),
          ENTRY(messages_of_one_document_are_bounded), ENTRY(rule_files_are_told_by_their_ending))

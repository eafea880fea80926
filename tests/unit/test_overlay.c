/* test_overlay.c - overlay text over a fixed set of rules: what the rules are afterwards, or
 * every fault with its place. */
#include "overlay/overlay.h"
#include "app/files.h"
#include "base/buf.h"
#include "base/str.h"
#include "rule/correlation.h"
#include "rule/dump.h"
#include "tests/lib/sigma_rows.h"

#define RULE(id, item)                                                               \
    "title: Rule " id "\nid: " id "\nlogsource: {product: p}\ndetection: {s: {" item \
    "}, condition: s}\n"
#define NOW_MS 1767225600000 /* 2026-01-01T00:00:00Z */

#define OVER(id, what) "title: " id "\nid: " id "\ncorrelation: {" what "}\n"

static const char RULES[] = RULE("r1", "f|expand: '%hosts%'") "level: low\nname: reads\n---\n" RULE(
    "r2",
    "f: x, "
    "g|expand: "
    "'%two%'") "---\n" RULE("r3",
                            "ip|expand: '%nets%'") "tags: [t.one, t.two]\n---\n" OVER("c1",
                                                                                      "type: "
                                                                                      "event_"
                                                                                      "count, "
                                                                                      "rules: "
                                                                                      "[r1, "
                                                                                      "r2], "
                                                                                      "group-"
                                                                                      "by: u, "
                                                                                      "timespan"
                                                                                      ": 10m, "
                                                                                      "conditio"
                                                                                      "n: "
                                                                                      "{gte: "
                                                                                      "5}") "--"
                                                                                            "-"
                                                                                            "\n" OVER(
                                                                                                "k"
                                                                                                "1",
                                                                                                "ty"
                                                                                                "pe"
                                                                                                ": "
                                                                                                "ri"
                                                                                                "sk"
                                                                                                ", "
                                                                                                "gr"
                                                                                                "ou"
                                                                                                "p-"
                                                                                                "by"
                                                                                                ":"
                                                                                                " u"
                                                                                                ", "
                                                                                                "co"
                                                                                                "nd"
                                                                                                "it"
                                                                                                "io"
                                                                                                "n"
                                                                                                ": "
                                                                                                "{g"
                                                                                                "te"
                                                                                                ": "
                                                                                                "10"
                                                                                                "0"
                                                                                                "}") "-"
                                                                                                     "-"
                                                                                                     "-"
                                                                                                     "\n"
                                                                                                     "t"
                                                                                                     "i"
                                                                                                     "t"
                                                                                                     "l"
                                                                                                     "e"
                                                                                                     ":"
                                                                                                     " "
                                                                                                     "f"
                                                                                                     "l"
                                                                                                     "t"
                                                                                                     "\nid: "
                                                                                                     "f"
                                                                                                     "l"
                                                                                                     "t"
                                                                                                     "\nlogs"
                                                                                                     "o"
                                                                                                     "u"
                                                                                                     "r"
                                                                                                     "c"
                                                                                                     "e"
                                                                                                     ":"
                                                                                                     " "
                                                                                                     "{"
                                                                                                     "p"
                                                                                                     "r"
                                                                                                     "o"
                                                                                                     "d"
                                                                                                     "u"
                                                                                                     "c"
                                                                                                     "t"
                                                                                                     ":"
                                                                                                     " "
                                                                                                     "p"
                                                                                                     "}"
                                                                                                     "\nfilter:"
                                                                                                     " "
                                                                                                     "{"
                                                                                                     "r"
                                                                                                     "u"
                                                                                                     "l"
                                                                                                     "e"
                                                                                                     "s"
                                                                                                     ":"
                                                                                                     " "
                                                                                                     "["
                                                                                                     "r"
                                                                                                     "2"
                                                                                                     "]"
                                                                                                     ","
                                                                                                     " "
                                                                                                     "s"
                                                                                                     ":"
                                                                                                     " "
                                                                                                     "{"
                                                                                                     "h"
                                                                                                     ":"
                                                                                                     " "
                                                                                                     "y"
                                                                                                     "}"
                                                                                                     ","
                                                                                                     " "
                                                                                                     "c"
                                                                                                     "o"
                                                                                                     "n"
                                                                                                     "d"
                                                                                                     "i"
                                                                                                     "t"
                                                                                                     "i"
                                                                                                     "o"
                                                                                                     "n"
                                                                                                     ":"
                                                                                                     " "
                                                                                                     "s"
                                                                                                     "}"
                                                                                                     "\n"
                                                                                                     "-"
                                                                                                     "-"
                                                                                                     "-"
                                                                                                     "\n" RULE(
                                                                                                         "bad",
                                                                                                         "f|"
                                                                                                         "conta"
                                                                                                         "in: "
                                                                                                         "x") "---\n"
                                                                                                              "title: notes\nx: 1\n";

/* ---- the rules afterwards, as far as overlays changed them ---------------------------------- */

static void add_lines(struct buf *out, struct str text)
{
    struct str line, rest = text;

    while (rest.n) {
        str_cut(rest, '\n', &line, &rest);
        buf_add(out, STR("; "));
        for (size_t i = 0; i < line.n; i++) /* columns are padded */
            if (line.p[i] != ' ' || (i && i + 1 < line.n && line.p[i + 1] != ' ' && i > 1))
                buf_add_char(out, line.p[i]);
    }
}

static void add_state(struct buf *out, const struct rule_state *s)
{
    if (!s)
        return;
    if (s->dedup.is_set)
        buf_printf(out, "; dedup %s %zu fields, %lld ms%s", s->dedup.is_off ? "off" : "by",
                   s->dedup.n_fields, (long long)s->dedup.period_ms,
                   s->dedup.is_anchored ? ", anchored" : "");
    if (s->has_emit)
        buf_printf(out, "; emit %s", s->emit == EMIT_FINAL ? "final" : "early");
    if (s->lateness_ms)
        buf_printf(out, "; lateness %lld ms", (long long)s->lateness_ms);
    if (s->state_version)
        buf_printf(out, "; version %u", s->state_version);
}

static void add_rule(struct buf *out, const struct rule *rule)
{
    struct buf dump = {0};

    buf_printf(out, "%s%.*s (", out->n ? " | " : "", (int)rule->uid.n, rule->uid.p);
    for (size_t i = 0; i < rule->n_overlays; i++)
        buf_printf(out, "%s%.*s", i ? ", " : "", (int)rule->overlays[i].n, rule->overlays[i].p);
    buf_printf(out, ") %s %s", rule_level_name(rule->level), rule_channel_name(rule->channel));
    if (rule->correlation) {
        correlation_dump(&dump, rule);
        add_lines(out, buf_str(&dump));
    } else {
        buf_add(out, STR("; "));
        formula_dump(out, rule->formula);
        add_state(out, rule->state);
    }
    buf_release(&dump);
}

static void add_faults(struct buf *out, const struct overlay_set *set)
{
    char line[ERR_FILE_MAX + ERR_TEXT_MAX + 64];
    struct weir_err err;

    for (size_t i = 0; i < overlay_fault_count(set); i++) {
        overlay_fault(set, i, &err);
        buf_printf(out, "%s%s", out->n ? " | " : "", err_format(&err, line, sizeof line));
    }
}

/* `yaml` is the file a.yml; what follows a line "== b.yml" is the file b.yml. */
static void read_files(struct overlay_set *set, struct str yaml)
{
    static const char MARK[] = "== b.yml\n";
    size_t cut = str_find(yaml, STR("== b.yml\n"), 0);

    overlay_set_add(set, STR("a.yml"), str_sub(yaml, 0, cut));
    if (cut != SIZE_MAX)
        overlay_set_add(set, STR("b.yml"), str_sub(yaml, cut + sizeof MARK - 1, SIZE_MAX));
}

static struct overlay_set *load(struct arena *a, struct str yaml, const char *rules,
                                struct loaded_rules *loaded)
{
    struct overlay_set *set = overlay_set_new(a, &SIGMA_TEST_LISTS);
    struct lang_options options = {.lists_of = overlay_lists_of, .lists_of_context = set};

    read_files(set, yaml);
    overlay_set_settle(set);
    struct rule_loader *l = rule_loader_new(a, &SIGMA_TEST_LISTS, &options);
    rule_loader_add_found(l, STR("r.yml"), str_from(rules));
    rule_loader_finish(l, loaded);
    overlay_set_apply(set, loaded, NOW_MS);
    return set;
}

static struct str overlaid(struct arena *a, const char *yaml)
{
    struct loaded_rules loaded;
    struct buf out = {0};
    /* Without a value for it r1 would not load. */
    bool is_given = strstr(yaml, "hosts") != NULL;
    struct str text = is_given ? str_from(yaml)
                               : arena_printf(a,
                                              "%s\n---\n{name: h, rules: {r1: {set: {params: "
                                              "{hosts: h}}}}}\n",
                                              yaml);
    struct overlay_set *set = load(a, text, RULES, &loaded);

    if (overlay_fault_count(set))
        add_faults(&out, set);
    else
        for (size_t i = 0; i < loaded.n_rules; i++)
            if (loaded.rules[i]->n_overlays &&
                (is_given || !str_eq(loaded.rules[i]->uid, STR("r1")) ||
                 loaded.rules[i]->n_overlays > 1))
                add_rule(&out, loaded.rules[i]);
    struct str got = arena_str(a, buf_str(&out));
    buf_release(&out);
    return got;
}

TEST(overlays_set_what_they_say)
{
    static const struct sigma_row ROWS[] = {
        {"rules: {r2: {set: {level: critical, channel: shadow}}}",
         "r2 (a.yml) critical shadow; and(s: and(f eq \"x\", or(g eq \"alpha\", g eq \"be*a\")), "
         "filter flt: s: h eq \"y\")"},
        {"name: n\nrules: {r2: {set: {dedup: {fields: [u, v], period: 30m, anchor: first}, emit: "
         "final, lateness: 5m, state_version: 2}}}",
         "r2 (n) informational alert; and(s: and(f eq \"x\", or(g eq \"alpha\", g eq \"be*a\")), "
         "filter flt: s: h eq \"y\"); dedup by 2 fields, 1800000 ms, anchored; emit final; "
         "lateness 300000 ms; version 2"},
        {"rules: {r2: {set: {dedup: off, channel: off}}}",
         "r2 (a.yml) informational off; and(s: and(f eq \"x\", or(g eq \"alpha\", g eq \"be*a\")), "
         "filter flt: s: h eq \"y\"); dedup off 0 fields, 0 ms"},
        {"rules: {c1: {set: {window: 1h, count_by: event_id, on_missing: group, group_case: "
         "fold}}}",
         "c1 (a.yml) low alert; event_count; rules reads, r2; group by u, case aside, missing ones "
         "too; condition gte 5; within 1h; count by event_id"},
        {"rules:\n  - {rule: r2, set: {level: low}}\n  - rule: c1\n    set: {level: high}\n"
         "    reason: loud\n",
         "r2 (a.yml) low alert; and(s: and(f eq \"x\", or(g eq \"alpha\", g eq \"be*a\")), filter "
         "flt: s: h eq \"y\") | c1 (a.yml) high alert; event_count; rules reads, r2; group by u; "
         "condition gte 5; within 10m"},
        {"rules: {k1: {set: {window: 2h, level: low}}}",
         "k1 (a.yml) low alert; risk; rules all that alert; group by u; condition gte 100; within "
         "2h"},
        {"name: one\nrules: {r2: {set: {level: low}}}\n---\nname: two\nrules: {r2: {set: {emit: "
         "early}}}\n== b.yml\nname: one\nrules: {r2: {set: {lateness: 1m}}}",
         "r2 (one, two) low alert; and(s: and(f eq \"x\", or(g eq \"alpha\", g eq \"be*a\")), "
         "filter flt: s: h eq \"y\"); emit early; lateness 60000 ms"},
        {"rules: {bad: {set: {level: low}}}", ""},
    };
    sigma_check_rows(overlaid, ROWS, ARRAY_LEN(ROWS));
}

TEST(exclusions_are_joined_to_the_formula)
{
    static const struct sigma_row ROWS[] = {
        {"rules: {r3: {exclude: {user: backup}}}",
         "r3 (a.yml) informational alert; and(s: or(ip cidr 10.0.0.0/8, ip cidr fd00::1/128), "
         "not(overlay a.yml: user eq "
         "\"backup\"))"},
        {"name: n\nrules: {r3: {exclude: {user: backup}, expires: 2026-12-31}}",
         "r3 (n) informational alert; and(s: or(ip cidr 10.0.0.0/8, ip cidr fd00::1/128), "
         "not(and(overlay n: user eq "
         "\"backup\", @time before 2026-12-31T00:00:00.000Z)))"},
        {"name: n\nexpires: 2026-12-31\nrules: {r3: {exclude: {a: {u: x}, b: {v: y}, condition: a "
         "and "
         "not b}}}",
         "r3 (n) informational alert; and(s: or(ip cidr 10.0.0.0/8, ip cidr fd00::1/128), "
         "not(and(overlay n: and(a: u eq "
         "\"x\", not(b: v eq \"y\")), @time before 2026-12-31T00:00:00.000Z)))"},
        {"rules:\n  - {rule: r3, exclude: {u: x}}\n  - {rule: r3, exclude: [{v: y}, {v: z}]}",
         "r3 (a.yml) informational alert; and(s: or(ip cidr 10.0.0.0/8, ip cidr fd00::1/128), "
         "not(or(overlay a.yml: u eq \"x\", overlay a.yml: or(v eq \"y\", v eq \"z\"))))"},
        {"rules: {r3: {exclude: {u|expand: '%two%'}, set: {level: low}}}",
         "r3 (a.yml) low alert; and(s: or(ip cidr 10.0.0.0/8, ip cidr fd00::1/128), not(overlay "
         "a.yml: or(u eq \"alpha\", u eq "
         "\"be*a\")))"},
    };
    sigma_check_rows(overlaid, ROWS, ARRAY_LEN(ROWS));
}

TEST(the_nearest_word_stands)
{
    static const struct sigma_row ROWS[] = {
        {"rules: {r3: {set: {level: low}}, path:r.y?l: {set: {level: high}}, 'tag:t.one': {set: "
         "{level: medium, emit: early}}}",
         "r1 (a.yml, h) high alert; s: f eq \"h\" | r2 (a.yml) high alert; and(s: and(f eq \"x\", "
         "or(g eq \"alpha\", g eq \"be*a\")), filter flt: s: h eq \"y\") | r3 (a.yml) low alert; "
         "s: "
         "or(ip cidr 10.0.0.0/8, ip cidr fd00::1/128); emit early | c1 (a.yml) high alert; "
         "event_count; rules reads, r2; group by "
         "u; condition gte 5; within 10m | k1 (a.yml) high alert; risk; rules all that alert; "
         "group "
         "by u; condition gte 100; within 1d"},
        {"rules: {'tag:T.*': {set: {level: low}}, 'tag:*one': {set: {level: low}}}",
         "a.yml:1:60: error: 'level' of the rule 'r3' is already set at a.yml:1:27"},
        {"rules: {c1: {set: {threshold: 7, group-by: [v, w]}}}",
         "c1 (a.yml) low alert; event_count; rules reads, r2; group by v, w; condition gte 7; "
         "within "
         "10m"},
        {"rules: {c1: {set: {threshold: {gt: 7, lte: 9}, group-by: []}}}",
         "c1 (a.yml) low alert; event_count; rules reads, r2; group by nothing: one group; "
         "condition "
         "gt 7, lte 9; within 10m"},
    };
    sigma_check_rows(overlaid, ROWS, ARRAY_LEN(ROWS));
}

TEST(what_ends_or_has_another_base_is_a_warning_of_the_rule)
{
    static const struct {
        const char *yaml, *warning;
    } ROWS[] = {
        {"rules: {5f1abf38-0000-4000-8000-000000000001: {exclude: {u: x}, expires: 2026-01-09}}",
         ""},
        {"rules: {5f1abf38-0000-4000-8000-000000000001: {exclude: {u: x}, expires: 2026-01-08}}",
         "overlay a.yml (a.yml:1:74) expires on 2026-01-08T00:00:00.000Z: its exclusion ends then"},
        {"rules: {5f1abf38-0000-4000-8000-000000000001: {exclude: {u: x}, expires: 2026-01-01}}",
         "overlay a.yml (a.yml:1:74) expired on 2026-01-01T00:00:00.000Z: its exclusion has no "
         "effect on "
         "events from then on"},
        {"rules: {5f1abf38-0000-4000-8000-000000000001: {set: {level: low}, expires: 2025-01-01}}",
         "overlay a.yml (a.yml:1:76) expired on 2025-01-01T00:00:00.000Z: its settings stand until "
         "they "
         "are taken out"},
        {"rules: {5f1abf38-0000-4000-8000-000000000001: {set: {level: low}, base_sha256: "
         "0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef}}",
         "overlay a.yml (a.yml:1:80) is for another version of the rule: base_sha256 is "
         "0123456789ab..., the rule's is "},
    };
    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
        struct arena *a = arena_new(0);
        struct loaded_rules loaded;
        struct overlay_set *set =
            load(a, str_from(ROWS[i].yaml), RULE("5f1abf38-0000-4000-8000-000000000001", "f: x"),
                 &loaded);
        CHECK_EQ(overlay_fault_count(set), 0);
        const struct verdict *v = &loaded.verdicts[0];
        if (v->n_messages != (ROWS[i].warning[0] ? 1 : 0))
            fail_msg("row %zu: %zu: %.*s", i, v->n_messages, (int)v->messages[0].text.n,
                     v->messages[0].text.p);
        if (v->n_messages && !str_starts(v->messages[0].text, str_from(ROWS[i].warning)))
            fail_msg("row %zu: %.*s", i, (int)v->messages[0].text.n, v->messages[0].text.p);
        CHECK_EQ(loaded.n_by_status[VERDICT_WARNING], v->n_messages);
        arena_free(a);
    }
}

TEST(a_query_in_a_file_of_its_own_gets_what_it_cannot_say)
{
    struct arena *a = arena_new(0);
    struct loaded_rules loaded;
    struct overlay_set *set = overlay_set_new(a, NULL);
    const struct overlay_key *at;

    overlay_set_add(set, STR("o.yml"),
                    STR("rules: {'path:*/pair.eql': {set: {uid: my-pair, title: Pair, level: high, "
                        "window: 5m, owner: soc}, exclude: {user.name: x}}}"));
    overlay_set_settle(set);
    struct rule_loader *l = rule_loader_new(a, NULL, NULL);
    rule_loader_add(l, STR("rules/pair.eql"),
                    STR("sequence by host.id [process where true] [file where true]"));
    rule_loader_finish(l, &loaded);
    overlay_set_apply(set, &loaded, NOW_MS);
    CHECK_EQ(overlay_fault_count(set), 0);
    CHECK_EQ(loaded.n_rules, 3);
    const struct rule *rule = loaded.rules[2];
    CHECK_STR(rule->uid, "my-pair");
    CHECK_STR(loaded.rules[0]->uid, "my-pair/1");
    CHECK_STR(rule->title, "Pair");
    CHECK_EQ(rule->level, LEVEL_HIGH);
    CHECK_EQ(rule->correlation->window_ms, 300000);
    CHECK_EQ(loaded.rules[0]->formula->kind, FORMULA_AND);
    CHECK(overlay_origin(set, STR("my-pair"), STR("level"), &at));
    CHECK_EQ(at->col, 62);
    arena_free(a);
}

TEST(parameters_are_the_values_of_the_rules_placeholders)
{
    static const struct sigma_row ROWS[] = {
        {"rules: {r1: {set: {params: {hosts: a}}}}", "r1 (a.yml) low alert; s: f eq \"a\""},
        {"rules: {r1: {set: {params: {hosts: [a, 445, yes, 'x*']}}}}",
         "r1 (a.yml) low alert; s: or(f eq \"a\", f eq \"445\", f eq \"yes\", f eq \"x*\")"},
        {"rules: {r1: {set: {params: {hosts: {mode: glob, values: [a*]}}}}}",
         "r1 (a.yml) low alert; s: f startswith \"a\""},
        {"rules: {r1: {set: {params: {hosts: {mode: exact, values: a}}}}}",
         "r1 (a.yml) low alert; s: f eq cased \"a\""},
        {"rules: {r1: {set: {params: {hosts: {mode: cidr, values: [10.0.0.0/8]}}}}}",
         "r1 (a.yml) low alert; s: f cidr 10.0.0.0/8"},
        {"rules: {r2: {set: {params: {two: three}}}}",
         "r2 (a.yml) informational alert; and(s: and(f eq \"x\", g eq \"three\"), filter flt: s: h "
         "eq \"y\")"}, /* before a list of that name */
        {"rules: {r3: {set: {params: {nets: 192.0.2.0/24}}}}",
         "r3 (a.yml) informational alert; s: ip cidr 192.0.2.0/24"}, /* meant as that list is */
        {"rules: {r3: {set: {params: {nets: {mode: ci, values: 192.0.2.0/24}}}}}",
         "r3 (a.yml) informational alert; s: ip eq \"192.0.2.0/24\""},
    };
    sigma_check_rows(overlaid, ROWS, ARRAY_LEN(ROWS));
}

TEST(a_wrong_pattern_setting_or_exclusion_is_named_with_its_place)
{
    static const struct sigma_row ROWS[] = {
        {"rules: {'tag:': {set: {level: low}}}", "a.yml:1:9: error: an empty pattern"},
        {"rules: {'tag:x*': {set: {level: low}}, path:q.yml: {set: {level: low}}}",
         "a.yml:1:9: error: no rule has a tag like 'x*' | a.yml:1:40: error: no rule has a path "
         "like "
         "'q.yml'"},
        {"rules: {path:r.yml: {set: {params: {two: x}}}}",
         "a.yml:1:37: error: parameters are for one rule, by its id"},
        {"rules: {'tag:*': {set: {uid: x}}}",
         "a.yml:1:25: error: 'uid' is for one rule, by its id or its path"},
        {"rules: {r2: {set: {uid: x}}}", "a.yml:1:20: error: the rule has an id of its own, 'r2'"},
        {"rules: {r2: {set: {threshold: 5, group-by: x}}}",
         "a.yml:1:20: error: the setting 'threshold' is for correlations only | a.yml:1:34: error: "
         "the setting 'group-by' is for correlations only"},
        {"rules: {c1: {set: {threshold: {gte: 5, at_least: 7}}}}",
         "a.yml:1:40: error: unknown key 'at_least' of 'threshold'"},
        {"rules: {c1: {set: {threshold: many}}}",
         "a.yml:1:31: error: 'threshold' must be a number, not 'many'"},
        {"rules: {c1: {set: {threshold: 200000}}}",
         "a.yml:1:20: error: 'threshold' of a count is at most 100000"},
        {"rules: {c1: {set: {group-by: [[x]]}}}",
         "a.yml:1:31: error: 'group-by' names fields, not a list"},
        {"rules: {r2: {set: {owner: ''}}}", "a.yml:1:27: error: 'owner' must be text, not nothing"},
        {"rules: {r2: {set: {message: 'x {a'}}}",
         "a.yml:1:32: error: a slot that does not end: {FIELD}, or {{ for a brace"},
        {"rules: {r2: {set: {message: 'x }'}}}",
         "a.yml:1:32: error: a closing brace without an opening one: write }}"},
        {"rules: {r2: {set: {message: 'x{ | y}'}}}",
         "a.yml:1:32: error: an empty slot: {FIELD}, or {{ for a brace"},
        {"rules: {r2: {exclude: {f|contain: x}}}",
         "a.yml:1:26: error: unknown modifier 'contain' (did you mean 'contains'?)"},
        {"rules: {r2: {exclude: {s: {f: x}}}}",
         "a.yml:1:23: error: 'exclude' has selections and no 'condition'"},
        {"rules: {r2: {exclude: {s: {f: x}, condition: t}}}",
         "a.yml:1:46: error: no selection 't'"},
        {"rules: {r2: {exclude: {}}}", "a.yml:1:23: error: the selection is empty"},
        {"rules: {r2: {exclude: {f|expand: '%tow%'}}}",
         "a.yml:1:34: error: no list 'tow' for the placeholder %tow%: give it with --list "
         "tow=FILE"},
        {"rules: {c1: {exclude: {f: x}}}",
         "a.yml:1:23: error: 'c1' sees no events itself: exclude in the rules that it listens to, "
         "the first is r1"},
        {"rules: {r2: {exclude: {f: x}, expires: soon}}",
         "a.yml:1:40: error: 'expires' must be a date or a time (2026-12-31, "
         "2026-12-31T18:00:00Z)"},
        {"rules: {r2: {exclude: {f: x}, base_sha256: 0a}}",
         "a.yml:1:44: error: 'base_sha256' must be 64 hex digits ('weir check --effective RULE' "
         "shows them)"},
    };
    sigma_check_rows(overlaid, ROWS, ARRAY_LEN(ROWS));
}

TEST(what_is_wrong_is_named_with_its_place)
{
    static const struct sigma_row ROWS[] = {
        {"rules: {r9: {set: {level: low}}}",
         "a.yml:1:9: error: no rule has the id 'r9' (did you mean 'r1'?)"},
        {"rules: {no-such-rule: {set: {level: low}}}",
         "a.yml:1:9: error: no rule has the id 'no-such-rule'"},
        {"rules: {reads: {set: {level: low}}}",
         "a.yml:1:9: error: 'reads' is the name of a rule: overlays go by its id, 'r1'"},
        {"rules: {R2: {set: {level: low}}}",
         "a.yml:1:9: error: no rule has the id 'R2' (did you mean 'r2'?)"},
        {"rules: {flt: {set: {level: low}}}",
         "a.yml:1:9: error: 'flt' is a filter: overlays are for rules"},
        {"rules: {'r.yml#7': {set: {level: low}}}",
         "a.yml:1:9: error: 'r.yml#7' is no rule: overlays are for rules"},
        {"rules: {'r*': {set: {level: low}}}",
         "a.yml:1:9: error: 'r*': rules are meant by patterns as 'tag:r*' or 'path:r*'"},
        {"rules: {'': {set: {level: low}}}", "a.yml:1:9: error: an empty rule id"},
        {"rules: {r2: {set: {levle: low}}}",
         "a.yml:1:20: error: unknown setting 'levle' (did you mean 'level'?)"},
        {"rules: {r2: {set: {parms: {two: x}}}}",
         "a.yml:1:20: error: unknown setting 'parms' (did you mean 'params'?)"},
        {"rules: {r2: {set: {level: hihg}}}",
         "a.yml:1:27: error: 'level' cannot be 'hihg' (did you mean 'high'?): informational, low, "
         "medium, high, critical"},
        {"rules: {r2: {set: {level: [low]}}}",
         "a.yml:1:27: error: 'level' must be a word, not a list"},
        {"rules: {r2: {set: {channel: shaddow}}}",
         "a.yml:1:29: error: 'channel' cannot be 'shaddow' (did you mean 'shadow'?): alert, "
         "shadow, internal, off"},
        {"rules: {r2: {set: {window: 1h, count_by: match}}}",
         "a.yml:1:32: error: the setting 'count_by' is for correlations only | a.yml:1:20: error: "
         "the setting 'window' is for correlations only"},
        {"rules: {k1: {set: {count_by: event_id}}}",
         "a.yml:1:20: error: the setting 'count_by' is for event_count and value_count, not for "
         "risk"},
        {"rules: {c1: {set: {window: 0s}}}",
         "a.yml:1:28: error: 'window' must be a whole number above 0 with a unit (s, m, h, d, w, "
         "M, y; at most 10y) such as 15m, not '0s'"},
        {"rules: {r2: {set: {}}}", "a.yml:1:19: error: 'set' is empty: nothing would change"},
        {"rules: {r2: {set: [level]}}",
         "a.yml:1:19: error: the settings must be a map, not a list"},
        {"rules: {r2: {reason: x}}",
         "a.yml:1:9: error: the entry for 'r2' has neither 'set' nor 'exclude'"},
        {"rules: {r2: high}",
         "a.yml:1:13: error: the entry for 'r2' must be a map (set, exclude, reason, expires), not "
         "text"},
        {"rules: [{tag: attack.t1528, set: {level: low}}]",
         "a.yml:1:9: error: the entry has no 'rule': an id, 'tag:GLOB' or 'path:GLOB'"},
        {"expires: next week\nrules: {r2: {set: {level: low}}}",
         "a.yml:1:10: error: 'expires' must be a date or a time (2026-12-31, "
         "2026-12-31T18:00:00Z)"},
        {"rules: {r2: {set: {level: low}, resaon: x}}",
         "a.yml:1:33: error: unknown key 'resaon' of an overlay's rule (did you mean 'reason'?)"},
        {"rules: {r2: {set: {level: low}, rule: r2}}",
         "a.yml:1:33: error: unknown key 'rule' of an overlay's rule"},
        {"rules: {r2: {set: {level: low}, reason: []}}",
         "a.yml:1:41: error: 'reason' must be text, not a list"},
        {"rules: [{set: {level: low}}]",
         "a.yml:1:9: error: the entry has no 'rule': an id, 'tag:GLOB' or 'path:GLOB'"},
        {"rules: [{rule: [r2], set: {level: low}}]",
         "a.yml:1:16: error: 'rule' must be the id of a rule, not a list"},
        {"rules: [r2]", "a.yml:1:9: error: an entry must be a map (rule, set, exclude, reason, "
                        "expires), not text"},
        {"rules: r2", "a.yml:1:8: error: 'rules' must be a map (ID: {set: ...}) or a list ({rule: "
                      "ID, set: ...}), not text"},
        {"rule: {r2: {set: {level: low}}}",
         "a.yml:1:1: error: unknown key 'rule' of an overlay (did you mean 'rules'?)"},
        {"name: x", "a.yml:1:1: error: the overlay has no 'rules'"},
        {"name: ''\nrules: {r2: {set: {level: low}}}",
         "a.yml:1:7: error: 'name' must be text, not nothing"},
        {"- r2", "a.yml:1:1: error: an overlay is a map (name, reason, rules), not a list"},
        {"rules: {r2: {set: {level: low}, set: {level: low}}}",
         "a.yml:1:33: error: the key 'set' is already given in line 1"},
        {"rules: [", "a.yml:2:1: error: did not find expected node content (while parsing a flow "
                     "node in line 2)"},
        {"# hosts", "a.yml:1:1: error: the file holds no overlay"},
        {"rules: {r1: {set: {params: {hosts: }}}}",
         "a.yml:1:36: error: the parameter 'hosts' is a value or a list of them, not nothing"},
        {"rules: {r1: {set: {params: {hosts: ''}}}}",
         "a.yml:1:36: error: the parameter 'hosts' is a value or a list of them, not nothing"},
        {"rules: {r1: {set: {params: {hosts: [[a]]}}}}",
         "a.yml:1:37: error: the parameter 'hosts' is a value or a list of them, not a list"},
        {"rules: {r1: {set: {params: {hosts: {values: a, mdoe: ci}}}}}",
         "a.yml:1:48: error: unknown key 'mdoe' of a parameter (did you mean 'mode'?)"},
        {"rules: {r1: {set: {params: {hosts: {mode: exact}}}}}",
         "a.yml:1:36: error: the parameter 'hosts' has no 'values'"},
        {"rules: {r1: {set: {params: {hosts: {mode: exakt, values: a}}}}}",
         "a.yml:1:43: error: the mode of a parameter is ci, exact, cidr or glob"},
        {"rules: {r1: {set: {params: [hosts]}}}",
         "a.yml:1:28: error: 'params' must be a map (NAME: value or list), not a list"},
        {"rules: {r2: {set: {params: {tow: a}}}}",
         "a.yml:1:29: error: the rule 'r2' has no placeholder %tow%"},
        {"rules: {c1: {set: {params: {tow: a}}}}",
         "a.yml:1:29: error: the rule 'c1' has no placeholder %tow%"},
        {"rules: {r2: {set: {level: low, emit: early}}}\n== b.yml\nrules:\n  r2: {set: {emit: "
         "early, params: {two: a}, level: high}}\n  c1: {set: {level: low}}\n",
         "b.yml:2:14: error: 'emit' of the rule 'r2' is already set at a.yml:1:32 | b.yml:2:45: "
         "error: 'level' of the rule 'r2' is already set at a.yml:1:20"},
        {"rules:\n  - {rule: r2, set: {params: {two: a}}}\n  - {rule: r2, set: {params: {two: "
         "a}}}\n",
         "a.yml:3:31: error: 'params.two' of the rule 'r2' is already set at a.yml:2:31"},
    };
    sigma_check_rows(overlaid, ROWS, ARRAY_LEN(ROWS));
}

/* ---- around it ----------------------------------------------------------------------------- */

TEST(a_misspelt_parameter_is_the_hint_of_the_rules_error)
{
    struct arena *a = arena_new(0);
    struct loaded_rules loaded;

    load(a, STR("rules: {r: {set: {params: {hots: a}}}}"), RULE("r", "f|expand: '%hosts%'"),
         &loaded);
    CHECK_EQ(loaded.n_rules, 0);
    CHECK_STR(loaded.verdicts[0].messages[1].text,
              "no list 'hosts' for the placeholder %hosts% (did you mean 'hots'?)");
    arena_free(a);
}

TEST(a_rule_without_an_id_goes_by_its_place)
{
    struct arena *a = arena_new(0);
    struct loaded_rules loaded;
    struct overlay_set *set =
        load(a, STR("rules: {'r.yml#0': {set: {level: high, params: {h: a}}}}"),
             "title: t\nlogsource: {product: p}\ndetection: {s: {f|expand: '%h%'}, condition: s}\n",
             &loaded);

    CHECK_EQ(overlay_fault_count(set), 0);
    CHECK_EQ(loaded.n_rules, 1);
    CHECK_EQ(loaded.rules[0]->level, LEVEL_HIGH);
    arena_free(a);
}

TEST(a_correlation_whose_rule_is_turned_off_is_told)
{
    struct arena *a = arena_new(0);
    struct loaded_rules loaded;
    struct overlay_set *set =
        load(a, STR("rules: {r: {set: {channel: off}}}"),
             RULE("r", "f: x") "---\n" OVER("c", "type: event_count, rules: [r], timespan: 1h, "
                                                 "condition: {gte: 2}"),
             &loaded);
    const struct verdict *v = &loaded.verdicts[1];

    CHECK_EQ(overlay_fault_count(set), 0);
    CHECK_EQ(v->status, VERDICT_WARNING);
    CHECK_EQ(loaded.n_by_status[VERDICT_OK], 0);
    CHECK_EQ(loaded.n_by_status[VERDICT_WARNING], 2);
    CHECK_STR(v->messages[v->n_messages - 1].text,
              "an overlay turns the rule 'r' off: nothing comes from it");
    CHECK_EQ(v->messages[v->n_messages - 1].line, 8);
    arena_free(a);
}

TEST(entries_can_be_shown)
{
    struct arena *a = arena_new(0);
    struct loaded_rules loaded;
    size_t n;
    struct overlay_set *set =
        load(a,
             STR("name: n\nreason: all\nrules:\n  r: {set: {level: low, params: {h: x}}}\n"
                 "== b.yml\nrules: [{rule: r, reason: own, set: {emit: early}}]"),
             RULE("r", "f|expand: '%h%'"), &loaded);
    const struct overlay_entry *const *e = overlay_entries_of(set, STR("r"), &n);

    CHECK_EQ(overlay_fault_count(set), 0);
    CHECK_EQ(n, 2);
    CHECK_STR(e[0]->overlay, "n");
    CHECK_STR(e[0]->path, "a.yml");
    CHECK_EQ(e[0]->line, 4);
    CHECK_STR(e[0]->reason, "all");
    CHECK_EQ(e[0]->n_keys, 2);
    CHECK_STR(e[0]->keys[0].name, "level");
    CHECK_STR(e[0]->keys[1].name, "params.h");
    CHECK_STR(e[1]->overlay, "b.yml");
    CHECK_STR(e[1]->reason, "own");
    CHECK(!overlay_entries_of(set, STR("s"), &n) && n == 0);
    arena_free(a);
}

/* The example of docs/overlays.md: its indented lines up to the command. */
static struct str manual(struct arena *a)
{
    struct buf text = {0};
    struct str line, rest;
    struct weir_err err;

    CHECK_EQ(file_read(a, STR("docs/overlays.md"), 1 << 20, &rest, &err), WEIR_OK);
    while (str_cut(rest, '\n', &line, &rest) && !str_starts(line, STR("    weir replay"))) {
        if (!str_starts(line, STR("    ")))
            continue;
        buf_add(&text, str_sub(line, 4, SIZE_MAX));
        buf_add_char(&text, '\n');
    }
    struct str got = arena_str(a, buf_str(&text));
    buf_release(&text);
    return got;
}

TEST(the_example_of_the_manual_loads)
{
    struct arena *a = arena_new(0);
    struct loaded_rules loaded;
    struct overlay_set *set = load(
        a, manual(a),
        RULE("5f1abf38-0000-4000-8000-000000000004", "f: x") "---\n" RULE(
            "5f1abf38-0000-4000-8000-000000000001",
            "f: x") "---\n" RULE("5f1abf38-0000-4000-8000-000000000002",
                                 "f|expand: '%known_readers%'") "---\n" OVER("5f1abf38-0000-4000-"
                                                                             "8000-000000000003",
                                                                             "type: event_count, "
                                                                             "rules: "
                                                                             "[5f1abf38-0000-4000-"
                                                                             "8000-000000000001], "
                                                                             "timespan: 1h, "
                                                                             "condition: {gte: 2}"),
        &loaded);

    CHECK_EQ(loaded.n_rules, 4);
    CHECK_EQ(overlay_fault_count(set), 0);
    CHECK_EQ(loaded.rules[1]->level, LEVEL_LOW);
    CHECK_EQ(loaded.rules[3]->correlation->window_ms, 30 * 60 * 1000);
    arena_free(a);
}

/* ---- limits -------------------------------------------------------------------------------- */

static struct str fault_of_text(struct arena *a, struct str text)
{
    struct loaded_rules loaded;
    struct weir_err err;
    struct overlay_set *set = load(a, text, RULE("r", "f: x"), &loaded);

    CHECK(overlay_fault_count(set) > 0);
    CHECK(overlay_fault_count(set) <= OVERLAY_FAULTS_MAX);
    overlay_fault(set, 0, &err);
    return arena_str(a, str_from(err.text));
}

TEST(limits_are_named)
{
    struct arena *a = arena_new(0);
    struct buf text = {0};

    for (int i = 0; i <= OVERLAY_RULE_MAX; i++)
        buf_printf(&text, "{rules: {r: {set: {params: {p%d: x}}}}}\n---\n", i);
    CHECK_STR(fault_of_text(a, buf_str(&text)), "more than 256 entries about the rule 'r'");
    buf_clear(&text);
    buf_add(&text, STR("rules: {r: {set: {params: {"));
    for (int i = 0; i <= OVERLAY_PARAMS_MAX; i++)
        buf_printf(&text, "%sp%d: x", i ? ", " : "", i);
    buf_add(&text, STR("}}}}"));
    CHECK_STR(fault_of_text(a, buf_str(&text)), "more than 256 parameters");
    buf_clear(&text);
    for (int i = 0; i < OVERLAY_FAULTS_MAX; i++)
        buf_add(&text, STR("[]\n---\n"));
    buf_add(&text, STR("[]\n"));
    CHECK_STR(fault_of_text(a, buf_str(&text)),
              "an overlay is a map (name, reason, rules), not a list");
    buf_clear(&text);
    for (size_t i = 0; i <= OVERLAY_FILE_MAX; i += 8)
        buf_add(&text, STR("#######\n"));
    CHECK_STR(fault_of_text(a, buf_str(&text)), "the file is larger than 4 MiB");
    buf_release(&text);
    arena_free(a);
}

TEST_MAIN(ENTRY(overlays_set_what_they_say), ENTRY(exclusions_are_joined_to_the_formula),
          ENTRY(the_nearest_word_stands),
          ENTRY(what_ends_or_has_another_base_is_a_warning_of_the_rule),
          ENTRY(a_query_in_a_file_of_its_own_gets_what_it_cannot_say),
          ENTRY(parameters_are_the_values_of_the_rules_placeholders),
          ENTRY(a_wrong_pattern_setting_or_exclusion_is_named_with_its_place),
          ENTRY(what_is_wrong_is_named_with_its_place),
          ENTRY(a_misspelt_parameter_is_the_hint_of_the_rules_error),
          ENTRY(a_rule_without_an_id_goes_by_its_place),
          ENTRY(a_correlation_whose_rule_is_turned_off_is_told), ENTRY(entries_can_be_shown),
          ENTRY(the_example_of_the_manual_loads), ENTRY(limits_are_named))

/* test_sigma_meaning.c - Sigma from text to verdict: a detection, an event, does the rule fire?
 *
 * The traps of the language on real events' terms: escapes, case, missing and null, neq, arrays,
 * windash, coding modifiers, keywords. The rows that a specification or a decision settles
 * stand beside those that a reader would get wrong.
 */
#include "event/lookup.h"
#include "json/tree.h"
#include "lang/lang.h"
#include "match/reference.h"

#include "tests/lib/sigma_text.h"
#include "tests/lib/test.h"

static const struct profile_set *profiles;

static struct rule *load(struct arena *a, const char *detection)
{
    struct rule_loader *l = rule_loader_new(a, &SIGMA_TEST_LISTS, NULL);
    struct loaded_rules loaded;

    rule_loader_add(
        l, STR("rule.yml"),
        arena_printf(a, "title: t\nlogsource:\n  category: test\ndetection:\n%s\n", detection));
    rule_loader_finish(l, &loaded);
    if (loaded.n_rules != 1)
        fail_msg("does not load: %s: %.*s", detection,
                 loaded.n_verdicts ? (int)loaded.verdicts[0].messages[0].text.n : 0,
                 loaded.n_verdicts ? loaded.verdicts[0].messages[0].text.p : "");
    return loaded.rules[0];
}

static bool fires(const char *detection, const char *json)
{
    struct arena *a = arena_new(0);
    struct reference *r = reference_new();
    struct json_node *root = NULL;
    struct event_tree event;
    size_t offset;

    struct rule *rule = load(a, detection);
    if (json_tree_parse(a, str_from(json), &root, &offset) != JSON_OK)
        fail_msg("%s", json);
    event_tree_init(&event, profiles, root, NULL);
    bool is_match = reference_match(r, rule, &event);
    reference_free(r);
    arena_free(a);
    return is_match;
}

struct row {
    const char *item; /* of the selection */
    const char *json;
    bool fires;
};

static void check_rows(const struct row *rows, size_t n, const char *condition)
{
    for (size_t i = 0; i < n; i++) {
        char detection[1024];
        snprintf(detection, sizeof(detection), "  s:\n    %s\n  condition: %s", rows[i].item,
                 condition);
        if (fires(detection, rows[i].json) != rows[i].fires)
            fail_msg("row %zu: %s on %s (%s)", i, rows[i].item, rows[i].json, condition);
    }
}

static const struct row values[] = {
    {"f: abc", "{\"f\":\"ABC\"}", true},
    {"f: abc", "{\"f\":\"abcd\"}", false}, /* the whole value */
    {"f|cased: abc", "{\"f\":\"ABC\"}", false},
    {"f: '\xC3\x89t\xC3\xA9'", "{\"f\":\"\xC3\xA9T\xC3\x89\"}", true},
    {"f: 'a*c'", "{\"f\":\"a*c\"}", true},
    {"f: 'a*c'", "{\"f\":\"abbc\"}", true},
    {"f: 'a*c'", "{\"f\":\"ac\"}", true},
    {"f: 'a\\*c'", "{\"f\":\"abc\"}", false},
    {"f: 'a\\*c'", "{\"f\":\"a*c\"}", true},
    {"f: 'a\\\\*c'", "{\"f\":\"a\\\\bbc\"}", true},
    {"f: 'a\\\\*c'", "{\"f\":\"a*c\"}", false},
    {"f: 'a\\\\\\*c'", "{\"f\":\"a\\\\*c\"}", true},
    {"f: 'C:\\Windows\\*'", "{\"f\":\"C:\\\\Windows\\\\x\"}", false}, /* the star is literal */
    {"f: 'C:\\Windows\\*'", "{\"f\":\"C:\\\\Windows*\"}", true},
    {"f: 'C:\\Windows\\\\*'", "{\"f\":\"c:\\\\windows\\\\x\"}", true},
    {"f: '\\\\srv\\share'", "{\"f\":\"\\\\srv\\\\share\"}", true}, /* one backslash */
    {"f: '\\\\\\\\srv\\\\share'", "{\"f\":\"\\\\\\\\srv\\\\share\"}", true},
    {"f: '\\\\?\\C:'", "{\"f\":\"\\\\x\\\\C:\"}", true},
    {"f: '\\\\\\?\\C:'", "{\"f\":\"\\\\?\\\\C:\"}", true},
    {"f: 'end\\'", "{\"f\":\"end\\\\\"}", true},
    {"f: 'end\\\\'", "{\"f\":\"end\\\\\"}", true},
    {"f: 'a\\nb'", "{\"f\":\"a\\\\nb\"}", true}, /* no escapes of C */
    {"f: 'a\\nb'", "{\"f\":\"a\\nb\"}", false},
    {"f: 'a?c'", "{\"f\":\"a\\u00e9c\"}", true}, /* a character, not a byte */
    {"f: 'a?c'", "{\"f\":\"ac\"}", false},
    {"f: 4688", "{\"f\":4688}", true},
    {"f: 4688", "{\"f\":\"4688\"}", true},
    {"f: 4688", "{\"f\":4688.0}", true},
    {"f: 4688", "{\"f\":\"04688\"}", false},
    {"f: '4688'", "{\"f\":4688}", true},
    {"f: true", "{\"f\":true}", true},
    {"f: true", "{\"f\":\"True\"}", true},
    {"f: true", "{\"f\":1}", false},
    {"f: ''", "{\"f\":\"\"}", true},
    {"f: ''", "{\"f\":null}", false},
    {"f: ''", "{\"g\":1}", false},
    {"f: null", "{\"f\":null}", true},
    {"f: null", "{\"g\":1}", true},
    {"f: null", "{\"f\":\"\"}", false},
    {"f: []", "{\"g\":1}", true},
    {"f: [a, null]", "{\"g\":1}", true},
    {"f|exists: true", "{\"f\":null}", true},
    {"f|exists: true", "{\"f\":\"\"}", true},
    {"f|exists: true", "{\"g\":1}", false},
    {"f|exists: false", "{\"g\":1}", true},
    {"f|contains: ''", "{\"f\":\"x\"}", true},
    {"f|contains: ''", "{\"g\":\"x\"}", false},
    {"a.b.c: x", "{\"a\":{\"b\":{\"c\":\"x\"}}}", true},
    {"a.b.c: x", "{\"a.b.c\":\"x\"}", true},
    {"a.b.c: x", "{\"a\":[{\"b\":{\"c\":\"y\"}},{\"b\":{\"c\":\"x\"}}]}", true},
    {"a.b.c: x", "{\"a.b.c\":\"y\",\"a\":{\"b\":{\"c\":\"x\"}}}", false}, /* flat first */
    {"F: x", "{\"f\":\"x\"}", false},
};

TEST(a_value_means_what_the_language_says)
{
    check_rows(values, ARRAY_LEN(values), "s");
}

static const struct row modifiers[] = {
    {"f|contains: b*d", "{\"f\":\"xxBCDxx\"}", true},
    {"f|startswith: ab", "{\"f\":\"ABc\"}", true},
    {"f|startswith: ab", "{\"f\":\"xab\"}", false},
    {"f|endswith: '\\cmd.exe'", "{\"f\":\"C:\\\\CMD.EXE\"}", true},
    {"f|contains: [a, b]", "{\"f\":\"xb\"}", true},
    {"f|contains|all: [a, b]", "{\"f\":\"xb\"}", false},
    {"f|contains|all: [a, b]", "{\"f\":\"b a\"}", true},
    {"f|contains|all: [a, b]", "{\"f\":[\"xa\",\"xb\"]}", true}, /* different members may */
    {"f|contains|all|windash: ['-a', '-b']", "{\"f\":\"/a -b\"}", true},
    {"f|contains|all|windash: ['-a', '-b']", "{\"f\":\"/a -c\"}", false},
    {"f|contains|windash: ' -enc '",
     "{\"f\":\"x \xE2\x80\x95"
     "enc y\"}",
     true},
    {"f|contains|windash: ' -enc '", "{\"f\":\"x +enc y\"}", false},
    {"f|contains|windash: 'x-y'", "{\"f\":\"x/y\"}", false},
    {"f|contains|windash: '--foo'", "{\"f\":\"-/foo\"}", true}, /* only the second dash */
    {"f|contains|windash: '--foo'", "{\"f\":\"//foo\"}", false},
    {"f|neq: a", "{\"f\":\"b\"}", true},
    {"f|neq: a", "{\"f\":\"A\"}", false},
    {"f|neq: a", "{\"g\":1}", true}, /* pySigma's reading */
    {"f|neq: [a, b]", "{\"f\":\"b\"}", false},
    {"f|re: 'b.d'", "{\"f\":\"abcd\"}", true},
    {"f|re: 'B.D'", "{\"f\":\"abcd\"}", false}, /* strings ignore case, regexes do not */
    {"f|re|i: 'B.D'", "{\"f\":\"abcd\"}", true},
    {"f|re: '^a\\\\b$'", "{\"f\":\"a\\\\b\"}", true}, /* a regex keeps its backslashes */
    {"f|re: '^b$'", "{\"f\":\"a\\nb\\nc\"}", false},
    {"f|re|m: '^b$'", "{\"f\":\"a\\nb\\nc\"}", true},
    {"f|re: 'a.b'", "{\"f\":\"a\\nb\"}", false},
    {"f|re|s: 'a.b'", "{\"f\":\"a\\nb\"}", true},
    {"f|cidr: 10.0.0.0/8", "{\"f\":\"10.255.0.1\"}", true},
    {"f|cidr: 10.0.0.0/8", "{\"f\":\"11.0.0.1\"}", false},
    {"f|cidr: 10.0.0.0/8", "{\"f\":\"10.0.0.1:80\"}", false},
    {"f|cidr: 'fe80::/10'", "{\"f\":\"FE80::1\"}", true},
    {"f|gt: 5", "{\"f\":5}", false},
    {"f|gte: 5", "{\"f\":\"5\"}", true},
    {"f|lt: 10", "{\"f\":\"9\"}", true},
    {"f|lte: 10", "{\"f\":\"x\"}", false},
    {"f|gt: 5", "{\"g\":9}", false},
    {"f|fieldref: g", "{\"f\":\"abc\",\"g\":\"ABC\"}", true},
    {"f|fieldref: g", "{\"f\":\"abc\"}", false},
    {"f|fieldref|endswith: g", "{\"f\":\"xabc\",\"g\":\"ABC\"}", true},
    {"f|fieldref|startswith: g", "{\"f\":\"xabc\",\"g\":\"ABC\"}", false},
    {"f|base64: foo", "{\"f\":\"Zm9v\"}", true},
    {"f|base64offset|contains: foo", "{\"f\":\"xxmb2yy\"}", true},
    {"f|base64offset|contains: foo", "{\"f\":\"xxZvbyy\"}", true},
    {"f|base64offset|contains: foo", "{\"f\":\"zm9v\"}", true}, /* as written: case aside */
    {"f|wide|base64offset|contains: foo", "{\"f\":\"ZgBvAG8A\"}", true},
    {"f|hour|gte: 22", "{\"f\":\"2026-07-28T23:44:53Z\"}", true},
    {"f|hour|gte: 22", "{\"f\":\"2026-07-28T21:44:53Z\"}", false},
    {"f|month: 7", "{\"f\":\"2026-07-28T21:44:53Z\"}", true},
    {"f|contains|expand: '%two%'", "{\"f\":\"x\"}", false},
    {"f|expand: '%one%'", "{\"f\":\"ALPHA\"}", true}, /* mode ci */
    {"f|expand: '%precise%'", "{\"f\":\"Alpha\"}", true},
    {"f|expand: '%precise%'", "{\"f\":\"alpha\"}", false},
    {"f|contains|expand: '%precise%'", "{\"f\":\"an Alpha\"}", true},
    {"f|contains|expand: '%precise%'", "{\"f\":\"an ALPHA\"}", false},
    {"f|re|i|expand: '^x%precise%'", "{\"f\":\"XAlpha\"}", true},
    {"f|re|i|expand: '^x%precise%'", "{\"f\":\"XALPHA\"}", false},
    {"f|expand: '%nets%'", "{\"f\":\"10.255.0.1\"}", true},
    {"f|expand: '%nets%'", "{\"f\":\"fd00:0::1\"}", true},
    {"f|expand: '%nets%'", "{\"f\":\"11.0.0.1\"}", false},
    {"f|expand: '%nets%'", "{\"f\":\"10.0.0.0/8\"}", false},
    {"f|contains: '%two%'", "{\"f\":\"a %two% b\"}", true}, /* without expand: text */
};

TEST(modifiers_mean_what_the_language_says)
{
    check_rows(modifiers, ARRAY_LEN(modifiers), "s");
}

static const struct row negated[] = {
    {"f: abc", "{\"f\":\"abc\"}", false}, {"f: abc", "{\"f\":\"x\"}", true},
    {"f: abc", "{\"g\":\"x\"}", true}, /* missing is false, so NOT passes */
    {"f: abc", "{\"f\":null}", true},     {"f: abc", "{\"f\":[\"x\",\"abc\"]}", false},
    {"f: null", "{\"g\":1}", false},      {"f: null", "{\"f\":\"x\"}", true},
    {"f|gt: 5", "{\"g\":1}", true},       {"f|re: a", "{\"g\":1}", true},
    {"f|neq: a", "{\"g\":1}", false},     {"f|exists: true", "{\"g\":1}", true},
};

TEST(not_turns_false_and_missing_into_true)
{
    check_rows(negated, ARRAY_LEN(negated), "not s");
}

static const struct row whole[] = {
    {"  s: [needle]\n  condition: s", "{\"a\":{\"b\":[\"a NEEDLE x\"]}}", true},
    {"  s: [needle]\n  condition: s", "{\"needle\":\"x\"}", false}, /* keys are none */
    {"  s: ['nee*le']\n  condition: s", "{\"a\":\"a neeedle x\"}", true},
    {"  s: [one, two]\n  condition: s", "{\"a\":\"two\"}", true},
    {"  s:\n    '|all': [one, two]\n  condition: s", "{\"a\":\"two\"}", false},
    {"  s:\n    '|all': [one, two]\n  condition: s", "{\"a\":\"two\",\"b\":\"one\"}", true},
    {"  s:\n    '|re': 'n.?x'\n  condition: s", "{\"a\":\"nox\"}", true},
    {"  s:\n    - f: a\n      g: b\n    - f: c\n  condition: s", "{\"f\":\"c\"}", true},
    {"  s:\n    - f: a\n      g: b\n    - f: c\n  condition: s", "{\"f\":\"a\"}", false},
    {"  s:\n    - kw\n    - f: c\n  condition: s", "{\"x\":\"a kw\"}", true},
    {"  s_a:\n    f: a\n  s_b:\n    g: b\n  condition: 1 of s_*", "{\"g\":\"b\"}", true},
    {"  s_a:\n    f: a\n  s_b:\n    g: b\n  condition: all of s_*", "{\"g\":\"b\"}", false},
    {"  s:\n    f: a\n  _t:\n    g: b\n  condition: all of them", "{\"f\":\"a\"}", true},
    {"  s:\n    f: a\n  t:\n    g: b\n  u:\n    h: c\n  condition: s or t and u", "{\"f\":\"a\"}",
     true}, /* and binds closer */
    {"  s:\n    f: a\n  t:\n    g: b\n  condition: not s and t", "{\"g\":\"b\"}", true},
    {"  notepad:\n    f: a\n  condition: notepad", "{\"f\":\"a\"}", true},
    {"  s:\n    f: a\n  t:\n    g: b\n  condition: [s, t]", "{\"g\":\"b\"}", true},
};

TEST(conditions_and_keywords_mean_what_the_language_says)
{
    for (size_t i = 0; i < ARRAY_LEN(whole); i++)
        if (fires(whole[i].item, whole[i].json) != whole[i].fires)
            fail_msg("row %zu: %s on %s", i, whole[i].item, whole[i].json);
}

int main(void)
{
    struct arena *a = arena_new(0);
    const struct CMUnitTest tests[] = {
        ENTRY(a_value_means_what_the_language_says),
        ENTRY(modifiers_mean_what_the_language_says),
        ENTRY(not_turns_false_and_missing_into_true),
        ENTRY(conditions_and_keywords_mean_what_the_language_says),
    };

    if (profile_set_load(a, STR(""), &profiles, NULL) != WEIR_OK)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(a);
    return failed;
}

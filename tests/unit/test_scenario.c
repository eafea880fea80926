/* test_scenario.c - scripts that are wrong: what is said about them, and where. */
#include "app/script.h"

#include "tests/lib/test.h"

static enum weir_rc read_nothing(UNUSED void *context, UNUSED struct arena *a, struct str path,
                                 UNUSED struct str *out, struct weir_err *err)
{
    return err_set(err, WEIR_IO, "%.*s: no such file", (int)path.n, path.p);
}

static enum weir_rc parse(struct arena *a, const char *text, struct script *out,
                          struct weir_err *err)
{
    const struct script_reader reader = {read_nothing, NULL};

    return script_parse(a, str_from(text), &reader, out, err);
}

TEST(wrong_script_is_told_by_line_column_and_word)
{
    static const struct {
        const char *text;
        uint32_t line, col;
        const char *message; /* its beginning */
    } rows[] = {
        {"ruls x", 1, 1, "unknown statement 'ruls'"},
        {"rules", 1, 6, "a path is wanted"},
        {"expect alerts == 1", 1, 1, "'expect': no rules yet"},
        {"rules r\n\n# x\nexpect", 4, 7, "what is expected"},
        {"rules r\nexpect alarms == 1", 2, 8, "nothing is called 'alarms'"},
        {"rules r\nexpect alerts = 1", 2, 15, "'=' is none of"},
        {"rules r\nexpect alerts == -1", 2, 18, "'-1' is no number"},
        {"rules r\nexpect alerts has 1", 2, 14, "a number has nothing"},
        {"rules r\nexpect alerts of", 2, 17, "a rule is wanted"},
        {"rules r\nexpect document count == 1", 2, 17, "'count' is no path"},
        {"rules r\nexpect document .count ==", 2, 26, "a value is wanted"},
        {"rules r\nat 5x event {}", 2, 4, "'5x' is no span"},
        {"rules r\nat 5 event {}", 2, 4, "'5' is no span"},
        {"rules r\nat 4000d event {}", 2, 4, "'4000d' is no span"},
        {"rules r\nat 5s evnt {}", 2, 7, "unknown word 'evnt'"},
        {"rules r\nat 5s event", 2, 12, "an event is wanted"},
        {"rules r\nat 5s event e", 2, 13, "no event is called 'e'"},
        {"rules r\nat 5s event {\"a\":}", 2, 12, "this is no event"},
        {"rules r\nat 5s event {} x", 2, 17, "'' is no number"},
        {"rules r\nat 5s event {} x 9999999", 2, 18, "'9999999' is no number"},
        {"rules r\nat 5s event {} partition 16", 2, 26, "'16' is no number"},
        {"rules r\nat 5s event {} twice", 2, 16, "unknown word 'twice'"},
        {"rules r\nat 5s event {} x 2 every 3000d", 2, 12, "these events reach too far"},
        {"rules r\nalso 5s event {}", 2, 1, "'also' stands behind an event"},
        {"rules r\nat 5s event {}\nalso 5s time", 3, 9, "unknown word 'time'"},
        {"rules r\nat 5s event {}\nrules s", 3, 1, "'rules' must stand before"},
        {"rules r\nrestart all", 2, 9, "unknown word 'all'"},
        {"rules r\nrestart worker before", 2, 22, "`before commit` is wanted"},
        {"rules r\nend now", 2, 5, "'now' is too much here"},
        {"list x", 1, 6, "'x': NAME=FILE"},
        {"brake many", 1, 7, "'many' is no number"},
        {"let e {} a", 1, 10, "'a' is no FIELD=VALUE"},
        {"let e {}\nlet e {}", 2, 5, "'e' has a meaning"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena *a = arena_new(0);
        struct weir_err err = {0};
        struct script script;
        CHECK_EQ(parse(a, rows[i].text, &script, &err), WEIR_SYNTAX);
        if (err.line != rows[i].line || !str_starts(str_from(err.text), str_from(rows[i].message)))
            print_error("row %zu: %u:%u: %s\n", i, err.line, err.col, err.text);
        CHECK_EQ(err.line, rows[i].line);
        CHECK(str_starts(str_from(err.text), str_from(rows[i].message)));
        /* A word that is not there is looked for behind a blank or before it. */
        CHECK(err.col + 1 >= rows[i].col && err.col <= rows[i].col + 1);
        arena_free(a);
    }
}

TEST(event_has_its_slots_filled_and_its_fields_changed)
{
    static const struct {
        const char *line, *text;
    } rows[] = {
        {"at 0s event {\"n\":{n},\"ms\":{ms}}", "{\"n\":3,\"ms\":5}"},
        {"at 0s event {\"t\":\"{time}\"}", "{\"t\":\"1970-01-01T00:00:00.005Z\"}"},
        {"at 0s event {\"a\":1} a=2", "{\"a\":2}"},
        {"at 0s event {\"a\":1,\"b\":2} -a c=x", "{\"b\":2,\"c\":\"x\"}"},
        {"at 0s event {\"a\":1,\"b\":2} a=n{n} a=", "{\"a\":\"\",\"b\":2}"},
        {"at 0s event {\"a\":{\"b\":1}} a.b=[1,\"x y\"] a.c=null",
         "{\"a\":{\"b\":[1,\"x y\"],\"c\":null}}"},
        {"at 0s event {\"a.b\":1,\"a\":{\"b\":2}} a.b=true", "{\"a.b\":true,\"a\":{\"b\":2}}"},
        {"at 0s event {\"a\":1} a.b=2", "{\"a\":1,\"a.b\":2}"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena *a = arena_new(0);
        struct weir_err err = {0};
        struct script script;
        struct str text;
        const char *whole = arena_printf(a, "rules r\n%s%c", rows[i].line, 0).p;
        CHECK_EQ(parse(a, whole, &script, &err), WEIR_OK);
        CHECK_EQ(script.n, 2);
        CHECK_EQ(script_event_text(a, &script.statements[1].event, 5, 3, &text, &err), WEIR_OK);
        CHECK_STR(text, rows[i].text);
        arena_free(a);
    }
}

TEST(document_is_compared_by_path)
{
    static const struct {
        const char *expectation;
        bool is_met;
    } rows[] = {
        {".count == 5", true},
        {".count == 5.0", true},
        {".count > 4", true},
        {".count > 5", false},
        {".name == \"a b\"", true},
        {".name == a", false},
        {".name has b", true},
        {".name > a", false},
        {".list.1 == y", true},
        {".list.2 == absent", true},
        {".list == [\"x\",\"y\"]", true},
        {".deep.is == true", true},
        {".deep.no != absent", false},
    };
    const struct str document =
        STR("{\"count\":5,\"name\":\"a b\",\"list\":[\"x\",\"y\"],\"deep\":{\"is\":true}}");

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena *a = arena_new(0);
        struct weir_err err = {0};
        struct script script;
        struct str seen;
        const char *whole =
            arena_printf(a, "rules r\nexpect document %s%c", rows[i].expectation, 0).p;
        CHECK_EQ(parse(a, whole, &script, &err), WEIR_OK);
        bool is_met = script_document_meets(a, document, script.statements[1].expectations, &seen);
        if (is_met != rows[i].is_met)
            print_error("%s: %.*s\n", rows[i].expectation, (int)seen.n, seen.p);
        CHECK_EQ(is_met, rows[i].is_met);
        arena_free(a);
    }
}

TEST_MAIN(ENTRY(wrong_script_is_told_by_line_column_and_word),
          ENTRY(event_has_its_slots_filled_and_its_fields_changed),
          ENTRY(document_is_compared_by_path))

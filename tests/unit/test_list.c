/* test_list.c - list files: formats, modes, sources and refusals. */
#include "list/list.h"

#include "base/embed.h"

#include "tests/lib/test.h"

#include <stdlib.h>
#include <unistd.h>

static struct str joined(struct arena *a, const struct list *list)
{
    struct str all = {"", 0};

    for (size_t i = 0; i < list->n_entries; i++)
        all = arena_printf(a, "%.*s%s%.*s", (int)all.n, all.p, i ? "|" : "",
                           (int)list_entry(list, i).n, list_entry(list, i).p);
    return all;
}

static const struct {
    const char *path, *column, *text;
    enum list_mode mode;
    const char *entries; /* joined by | */
} good[] = {
    {"a.txt", "", "", LIST_CI, ""},
    {"a.txt", "", "one\ntwo\n", LIST_CI, "one|two"},
    {"a.txt", "", "one\r\ntwo", LIST_CI, "one|two"},
    {"a.txt", "", "  one \t\n\n \n# two\n  # three\nfour # five\n", LIST_CI, "one|four # five"},
    {"a.txt", "",
     "\xEF\xBB\xBF"
     "one\n",
     LIST_CI, "one"},
    {"a.txt", "", "# mode: glob\nC:\\\\a*\n", LIST_GLOB, "C:\\\\a*"},
    {"a.txt", "", "#mode:cidr\n10.0.0.0/8", LIST_CIDR, "10.0.0.0/8"},
    {"a.txt", "", "# mode: exact\nA\na\n", LIST_EXACT, "A|a"},
    {"a.txt", "", "# modes are many\na\n", LIST_CI, "a"},
    {"a.txt", "", "a,b\n\"c\"\n", LIST_CI, "a,b|\"c\""},
    {"a.csv", "", "host\none\ntwo\n", LIST_CI, "one|two"},
    {"a.CSV", "", "host,user\none,x\ntwo,y", LIST_CI, "one|two"},
    {"a.csv", "user", "host,user\r\none,x\r\ntwo,y\r\n", LIST_CI, "x|y"},
    {"a.csv", "user", "host , \"user\"\none, x \n", LIST_CI, "x"},
    {"a.csv", "", "h\n\"a,b\"\n\"say \"\"hi\"\"\"\n\"two\nlines\"\n", LIST_CI,
     "a,b|say \"hi\"|two\nlines"},
    {"a.csv", "", "h\n\"\"\n\n  \na\n", LIST_CI, "a"},
    {"a.csv", "b", "a,b\n1,\n,2\n\n", LIST_CI, "2"},
    {"a.csv", "", "# mode: cidr\n# more\nnet\n10.0.0.0/8\n", LIST_CIDR, "10.0.0.0/8"},
    {"a.csv", "", "# more\nname\nx\n#x\n", LIST_CI, "x|#x"},
    {"a.txt", "", "# type: number\n5\n0.5\n", LIST_CI, "5|0.5"},
    {"a.txt", "", "# type: ip\n# mode: exact\n10.0.0.7\nfd00::1\n", LIST_EXACT, "10.0.0.7|fd00::1"},
    {"a.ndjson", "", "", LIST_CI, ""},
    {"a.ndjson", "", "{\"value\":\"one\"}\n\n {\"x\":1,\"value\":2}\r\n", LIST_CI, "one|2"},
    {"a.ndjson", "", "{\"host\":\"one\",\"value2\":3}\n{\"host\":\"t\\u00e9\"}", LIST_CI,
     "one|t\u00e9"},
    {"a.ndjson", "", "# mode: exact\n{\"h\":[\"one\",\"two\",null]}\n{\"h\":null}\n{\"h\":\"\"}",
     LIST_EXACT, "one|two"},
    {"a.ndjson", "b", "# mode: ci\n", LIST_CI, ""},
    {"a.ndjson", "t.ip", "{\"t\":{\"ip\":\"10.0.0.1\"}}\n{\"t.ip\":\"10.0.0.2\"}\n", LIST_CI,
     "10.0.0.1|10.0.0.2"},
    {"a.csv", "", "h\n\" a \"\n", LIST_CI, " a "},
    {"a.csv", "", "", LIST_CI, ""},
};

TEST(entries_come_in_the_order_of_the_file)
{
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        struct arena *a = arena_new(0);
        struct list_set *set = list_set_new(a);
        struct weir_err err = {0};
        if (list_set_add_text(set, STR("x"), str_from(good[i].path), str_from(good[i].column),
                              str_from(good[i].text), &err) != WEIR_OK)
            fail_msg("row %zu: %s", i, err.text);
        const struct list *list = list_find(set, STR("x"));
        CHECK_EQ(list->mode, good[i].mode);
        if (!str_eq(joined(a, list), str_from(good[i].entries)))
            fail_msg("row %zu: %.*s", i, (int)joined(a, list).n, joined(a, list).p);
        arena_free(a);
    }
}

TEST(a_column_of_points_goes_with_the_entries)
{
    struct arena *a = arena_new(0);
    struct list_set *set = list_set_new(a);
    struct weir_err err = {0};

    CHECK_EQ(list_set_add_text(set, STR("x"), STR("a.csv"), STR(""),
                               STR("host,points\none,30\n,7\ntwo,\nthree, -5\nfour\n"), &err),
             WEIR_OK);
    const struct list *list = list_find(set, STR("x"));
    static const int32_t want[] = {30, LIST_POINTS_NONE, -5, LIST_POINTS_NONE};
    CHECK_EQ(list->n_entries, ARRAY_LEN(want));
    for (size_t i = 0; i < ARRAY_LEN(want); i++)
        CHECK_EQ(list->points[i], want[i]);
    CHECK_EQ(list_set_add_text(set, STR("x"), STR("a.csv"), STR("points"),
                               STR("host,points\none,many\n"), &err),
             WEIR_OK);
    CHECK(list_find(set, STR("x"))->points == NULL);
    arena_free(a);
}

static const struct {
    const char *path, *column;
    struct str text;
    const char *message;
} bad[] = {
    {"a.csv", "", STR("h,points\na,1\nb, 101\n"),
     "a.csv:3:4: error: points are a whole number of -100 to 100"},
    {"a.txt", "", STR("# mode: glop\n"),
     "a.txt:1:9: error: unknown mode 'glop' (did you mean 'glob'?)"},
    {"a.txt", "", STR("# mode: regular expression\n"),
     "a.txt:1:9: error: unknown mode 'regular expression' (exact, ci, cidr or glob)"},
    {"a.txt", "", STR("a\n  # mode: ci\n"),
     "a.txt:2:11: error: the mode must stand before the first entry"},
    {"a.txt", "", STR("a\nb\0\n"), "a.txt:2:2: error: a NUL byte in a list"},
    {"a.txt", "", STR("a\n\nb \xE9\n"), "a.txt:3:3: error: a byte that is not UTF-8: 0xE9"},
    {"a.txt", "",
     STR("\xFF\xFE"
         "a\0\n\0"),
     "a.txt:1:1: error: the text is UTF-16: convert it to UTF-8 first (iconv -f utf-16)"},
    {"a.txt", "",
     STR("\x1F\x8B"
         "abc"),
     "a.txt:1:1: error: the file is packed (gzip): lists are read as plain text"},
    {"a.csv", "",
     STR("\x28\xB5\x2F\xFD"
         "abc"),
     "a.csv:1:1: error: the file is packed (zstd): lists are read as plain text"},
    {"a.csv", "", STR("h\n\"a\nb\n"), "a.csv:2:1: error: a quoted field that does not end"},
    {"a.csv", "", STR("h\n\"a\" b\n"), "a.csv:2:5: error: text behind a quoted field"},
    {"a.csv", "b", STR("h,i\na,b\n"), "a.csv:1:1: error: there is no column 'b'"},
    {"a.csv", "b", STR(""), "a.csv:1:1: error: there is no column 'b'"},
    {"a.csv", "hots", STR("a,host\n"),
     "a.csv:1:1: error: there is no column 'hots' (did you mean 'host'?)"},
    {"a.txt", "", STR("# type: nunber\n"),
     "a.txt:1:9: error: unknown type 'nunber' (did you mean 'number'?)"},
    {"a.txt", "", STR("# type: number\n5\n five\n"),
     "a.txt:3:2: error: 'five' is no number (type number)"},
    {"a.txt", "", STR("#type:ip\n10.0.0.256\n"),
     "a.txt:2:1: error: '10.0.0.256' is no address (type ip)"},
    {"a.txt", "", STR("# mode: glob\n# type: ip\n"),
     "a.txt:2:9: error: a type goes with the modes ci and exact: glob says itself what entries "
     "are"},
    {"a.txt", "", STR("# mode: cidr\n10.0.0.1/8\n"),
     "a.txt:2:1: error: '10.0.0.1/8' is no network (10.0.0.0/8, fd00::/8, without bits behind the "
     "prefix)"},
    {"a.txt", "", STR("# copy: owner\na\n"),
     "a.txt:1:9: error: a text list has no columns to copy: they need .csv or .ndjson"},
    {"a.csv", "", STR("# copy: owner,\nh,owner\n"),
     "a.csv:1:9: error: 'copy' is a list of columns: # copy: owner, ticket"},
    {"a.csv", "", STR("# copy: owner, owner\nh,owner\n"),
     "a.csv:1:9: error: the column 'owner' is copied twice"},
    {"a.csv", "", STR("# copy: onwer\nh,owner\n"),
     "a.csv:1:9: error: there is no column 'onwer' (did you mean 'owner'?)"},
    {"a.csv", "", STR("h,expires\na,\nb,tomorrow\n"),
     "a.csv:3:3: error: 'tomorrow' is no date or time (2026-12-31, 2026-12-31T18:00:00Z)"},
    {"a.ndjson", "", STR("{\"a\":1}\n\n  {\"a\":}\n"),
     "a.ndjson:3:8: error: not JSON: an object a line is wanted"},
    {"a.ndjson", "", STR("[1]\n"),
     "a.ndjson:1:1: error: an object a line is wanted, like {\"value\": \"10.0.0.7\"}"},
    {"a.ndjson", "", STR("{\"a\":1}\n{\"b\":1}\n"), "a.ndjson:2:1: error: the object has no 'a'"},
    {"a.ndjson", "c.d", STR("{\"a\":1}\n{\"c\":1}\n"),
     "a.ndjson:1:1: error: the object has no 'c.d'"},
    {"a.ndjson", "b", STR("{\"b\":1}\n{\"a\":1}\n"), "a.ndjson:2:1: error: the object has no 'b'"},
    {"a.ndjson", "", STR("{\"a\":{}}\n"),
     "a.ndjson:1:1: error: 'a' must be a text, a number or a list of them, not an object"},
    {"a.ndjson", "", STR("{\"a\":1,\"expires\":\"soon\"}\n"),
     "a.ndjson:1:1: error: 'soon' is no date or time (2026-12-31, 2026-12-31T18:00:00Z)"},
    {"a.csv", "b", STR("a,b\n1,2\n\"x\n\"\n"),
     "a.csv:3:1: error: the row has 1 columns, the entry is in column 2"},
};

TEST(a_bad_file_is_refused_with_its_place)
{
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct arena *a = arena_new(0);
        struct list_set *set = list_set_new(a);
        struct weir_err err = {0};
        char message[ERR_TEXT_MAX + ERR_FILE_MAX];
        CHECK(list_set_add_text(set, STR("x"), str_from(bad[i].path), str_from(bad[i].column),
                                bad[i].text, &err) != WEIR_OK);
        CHECK_STR(str_from(err_format(&err, message, sizeof(message))), bad[i].message);
        CHECK(list_find(set, STR("x")) == NULL);
        arena_free(a);
    }
}

TEST(limits_are_kept)
{
    struct arena *a = arena_new(0);
    struct list_set *set = list_set_new(a);
    struct weir_err err = {0};
    size_t n = 2 * (LIST_ROWS_MAX + 1u);
    char *text = malloc(n);

    for (size_t i = 0; i < n; i++)
        text[i] = i % 2 ? '\n' : 'a';
    CHECK_EQ(
        list_set_add_text(set, STR("x"), STR("a.txt"), STR(""), (struct str){text, n - 2}, &err),
        WEIR_OK);
    CHECK_EQ(list_find(set, STR("x"))->n_entries, LIST_ROWS_MAX);
    CHECK_EQ(list_set_add_text(set, STR("y"), STR("a.txt"), STR(""), (struct str){text, n}, &err),
             WEIR_LIMIT);
    CHECK_EQ(err.line, LIST_ROWS_MAX + 1u);
    memset(text, 'a', LIST_ENTRY_MAX + 1);
    CHECK_EQ(list_set_add_text(set, STR("z"), STR("a.txt"), STR(""),
                               (struct str){text, LIST_ENTRY_MAX}, &err),
             WEIR_OK);
    CHECK_EQ(list_set_add_text(set, STR("z"), STR("a.txt"), STR(""),
                               (struct str){text, LIST_ENTRY_MAX + 1}, &err),
             WEIR_LIMIT);
    free(text);
    arena_free(a);
}

TEST(the_standard_names_are_built_in)
{
    static const char *const names[] = {"Administrators", "JumpServers", "Workstations", "Servers",
                                        "DomainControllers"};
    struct arena *a = arena_new(0);
    struct list_set *set = list_set_new(a);
    struct list_source source = list_set_source(set, a);
    struct str_list entries;
    enum list_mode mode;

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        CHECK(source.lookup(source.context, str_from(names[i]), &entries, &mode));
        CHECK(entries.n > 0);
    }
    CHECK_EQ(mode, LIST_GLOB); /* DomainControllers */
    CHECK(!source.lookup(source.context, STR("administrators"), &entries, &mode));
    CHECK(!source.lookup(source.context, STR(""), &entries, &mode));
    CHECK_EQ(list_count(set), embed_lists_n);
    arena_free(a);
}

TEST(a_later_list_replaces_an_earlier_one_as_a_whole)
{
    struct arena *a = arena_new(0);
    struct list_set *set = list_set_new(a);
    size_t n = list_count(set);

    CHECK_EQ(list_set_add_text(set, STR("Servers"), STR("mine.txt"), STR(""), STR("one\n"), NULL),
             WEIR_OK);
    CHECK_EQ(list_count(set), n);
    CHECK_STR(joined(a, list_find(set, STR("Servers"))), "one");
    CHECK_STR(list_find(set, STR("Servers"))->path, "mine.txt");
    CHECK_EQ(list_find(set, STR("Servers"))->mode, LIST_CI);
    arena_free(a);
}

/* ---- files ----------------------------------------------------------------------- */

static char directory[64];

static struct str write_file(struct arena *a, const char *name, const char *text)
{
    struct str path = arena_printf(a, "%s/%s", directory, name);
    FILE *f = fopen(path.p, "w");

    CHECK(f != NULL);
    fputs(text, f);
    fclose(f);
    return path;
}

static void remove_file(struct arena *a, const char *name)
{
    unlink(arena_printf(a, "%s/%s", directory, name).p);
}

static void make_directory(void)
{
    snprintf(directory, sizeof(directory), "/tmp/weir-test-list-XXXXXX");
    CHECK(mkdtemp(directory) != NULL);
}

TEST(an_argument_names_a_list_a_file_and_a_column)
{
    struct arena *a = arena_new(0);
    struct list_set *set = list_set_new(a);
    struct weir_err err = {0};

    make_directory();
    struct str csv = write_file(a, "h.csv", "host,user\none,x\n");
    struct str txt = write_file(a, "h:b", "two\n");
    CHECK_EQ(list_set_add_argument(set, arena_printf(a, "A=%s", csv.p), &err), WEIR_OK);
    CHECK_STR(joined(a, list_find(set, STR("A"))), "one");
    CHECK_EQ(list_set_add_argument(set, arena_printf(a, "A=%s:user", csv.p), &err), WEIR_OK);
    CHECK_STR(joined(a, list_find(set, STR("A"))), "x");
    CHECK_EQ(list_set_add_argument(set, arena_printf(a, "B=%s", txt.p), &err), WEIR_OK);
    CHECK_STR(joined(a, list_find(set, STR("B"))), "two");
    CHECK_EQ(list_set_add_argument(set, arena_printf(a, "C=%s/none", directory), &err),
             WEIR_NOTFOUND);
    CHECK_STR(str_from(err.text), "cannot read the list: No such file or directory");
    CHECK(str_ends(str_from(err.file), STR("/none")));
    CHECK_EQ(list_set_add_argument(set, arena_printf(a, "C=%s", directory), &err), WEIR_IO);
    CHECK_EQ(list_set_add_argument(set, STR("C"), &err), WEIR_SYNTAX);
    CHECK_EQ(list_set_add_argument(set, STR("=x"), &err), WEIR_SYNTAX);
    CHECK_EQ(list_set_add_argument(set, STR("C="), &err), WEIR_SYNTAX);
    CHECK_STR(str_from(err.text), "'C=': a list is given as NAME=FILE");
    remove_file(a, "h.csv");
    remove_file(a, "h:b");
    rmdir(directory);
    arena_free(a);
}

TEST(columns_that_are_copied_and_expiries_go_with_the_entries)
{
    static const char *const texts[][2] = {
        {"a.csv", "# copy: owner, note\nhost,expires,note,owner\none,2026-12-31,n,o\n"
                  "two,,,\n\nthree,2026-12-31T01:00:00Z\n"},
        {"a.ndjson",
         "# copy: owner, note\n"
         "{\"host\":\"one\",\"expires\":\"2026-12-31\",\"note\":\"n\",\"owner\":\"o\"}\n"
         "{\"host\":\"two\"}\n"
         "{\"host\":\"three\",\"expires\":\"2026-12-31T01:00:00Z\"}\n"}};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct arena *a = arena_new(0);
        struct list_set *set = list_set_new(a);
        struct weir_err err = {0};
        CHECK_EQ(list_set_add_text(set, STR("x"), str_from(texts[i][0]), STR(""),
                                   str_from(texts[i][1]), &err),
                 WEIR_OK);
        const struct list *list = list_find(set, STR("x"));
        CHECK_STR(joined(a, list), "one|two|three");
        CHECK_EQ(list->copied.n, 2);
        CHECK_STR(list->copied.items[0], "owner");
        CHECK_STR(list_cell(list, 0, 0), "o");
        CHECK_STR(list_cell(list, 0, 1), "n");
        CHECK_STR(list_cell(list, 1, 1), "");
        CHECK_STR(list_cell(list, 2, 0), "");
        CHECK_EQ(list_expires(list, 0), 1798675200000);
        CHECK_EQ(list_expires(list, 1), LIST_NEVER);
        CHECK_EQ(list_expires(list, 2), 1798678800000);
        CHECK(list->points == NULL);

        /* As a table: the cells of a column, and what the entries' own is called. */
        struct list_source source = list_set_source(set, NULL);
        struct str_list cells;
        struct str entries;
        CHECK(source.cells(source.context, STR("x"), STR("note"), &cells, &entries));
        CHECK_STR(entries, "host");
        CHECK_EQ(cells.n, 3);
        CHECK_STR(cells.items[0], "n");
        CHECK_STR(cells.items[1], "");
        CHECK(!source.cells(source.context, STR("x"), STR("host"), &cells, &entries));
        struct str_list names;
        CHECK(source.columns(source.context, STR("x"), &names, &entries));
        CHECK_EQ(names.n, 2);
        CHECK_STR(names.items[1], "note");
        CHECK(!source.columns(source.context, STR("y"), &names, &entries));
        CHECK(!source.cells(source.context, STR("y"), STR("note"), &cells, &entries));
        arena_free(a);
    }
}

TEST(a_slot_is_asked_for_once)
{
    struct arena *a = arena_new(0), *rules = arena_new(0);
    struct list_set *set = list_set_new(a), *next = list_set_new(a);
    struct weir_err err = {0};

    CHECK_EQ(list_set_add_text(set, STR("x"), STR("x.txt"), STR(""), STR("one\n"), &err), WEIR_OK);
    struct list_source source = list_set_source(set, rules);
    const struct list_slot *slot = source.slot(source.context, STR("x"), STR(""));
    CHECK(slot && source.slot(source.context, STR("x"), STR("")) == slot);
    CHECK(source.slot(source.context, STR("y"), STR("")) == NULL);
    CHECK_STR(slot->sample, "one");
    CHECK_EQ(list_slot_count(set), 1);
    CHECK_EQ(list_slot_find(set, slot), 0);
    CHECK_EQ(list_slot_find(next, slot), SIZE_MAX);
    arena_free(a);
    arena_free(rules);
}

TEST(a_directory_gives_all_its_txt_and_csv)
{
    struct arena *a = arena_new(0);
    struct list_set *set = list_set_new(a);
    struct weir_err err = {0};

    make_directory();
    write_file(a, "Servers.txt", "mine\n");
    write_file(a, "v1.2.csv", "h\none\n");
    write_file(a, "README.md", "not a list");
    write_file(a, ".hidden.txt", "\xFF");
    size_t n = list_count(set);
    CHECK_EQ(list_set_add_dir(set, str_from(directory), &err), WEIR_OK);
    CHECK_EQ(list_count(set), n + 1);
    CHECK_STR(joined(a, list_find(set, STR("Servers"))), "mine");
    CHECK_STR(joined(a, list_find(set, STR("v1.2"))), "one");
    write_file(a, "Servers.csv", "h\n");
    CHECK_EQ(list_set_add_dir(set, str_from(directory), &err), WEIR_SYNTAX);
    CHECK_STR(str_from(err.text), "a second list 'Servers' in this directory");
    remove_file(a, "Servers.csv");
    write_file(a, "more.ndjson", "{\"a\":7}\n");
    CHECK_EQ(list_set_add_dir(set, str_from(directory), &err), WEIR_OK);
    CHECK_STR(joined(a, list_find(set, STR("more"))), "7");
    remove_file(a, "more.ndjson");
    write_file(a, "more.json", "{}\n");
    CHECK_EQ(list_set_add_dir(set, str_from(directory), &err), WEIR_UNSUPPORTED);
    remove_file(a, "more.json");
    remove_file(a, "Servers.txt");
    remove_file(a, "v1.2.csv");
    remove_file(a, "README.md");
    remove_file(a, ".hidden.txt");
    rmdir(directory);
    CHECK_EQ(list_set_add_dir(set, str_from(directory), &err), WEIR_NOTFOUND);
    arena_free(a);
}

TEST_MAIN(ENTRY(entries_come_in_the_order_of_the_file),
          ENTRY(a_column_of_points_goes_with_the_entries),
          ENTRY(a_bad_file_is_refused_with_its_place), ENTRY(limits_are_kept),
          ENTRY(the_standard_names_are_built_in),
          ENTRY(a_later_list_replaces_an_earlier_one_as_a_whole),
          ENTRY(an_argument_names_a_list_a_file_and_a_column),
          ENTRY(columns_that_are_copied_and_expiries_go_with_the_entries),
          ENTRY(a_slot_is_asked_for_once), ENTRY(a_directory_gives_all_its_txt_and_csv))

/* test_rule_book.c - which rules of a set take part, and as what. */
#include "app/rules.h"
#include "base/str.h"
#include "rule/correlation.h"
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char RULES[] =
    "title: a\nname: a\nid: a\nlevel: low\nlogsource: {product: p}\n"
    "detection: {s: {f: x}, condition: s}\n---\n"
    "title: b\nname: b\nid: b\nlevel: high\nlogsource: {product: p}\n"
    "detection: {s: {f: y}, condition: s}\n---\n"
    "title: c\nid: c\nname: c\nlevel: high\ncorrelation: {type: temporal, rules: [a, b], "
    "timespan: 1h, generate: true}\n---\n"
    "title: d\nid: d\nlevel: critical\ncorrelation: {type: event_count, rules: [c], "
    "timespan: 1h, condition: {gte: 2}}\n---\n"
    "title: e\nid: e\nlevel: critical\nlogsource: {product: p}\n"
    "detection: {s: {f: z}, condition: s}\n";

static void load(struct rule_options *o, struct rule_book *book)
{
    char path[] = "/tmp/weir-rule-book-XXXXXX.yml";
    int fd = mkstemps(path, 4);
    struct weir_err err;

    CHECK(fd >= 0);
    CHECK(write(fd, RULES, sizeof RULES - 1) == (ssize_t)sizeof RULES - 1);
    close(fd);
    text_list_add(&o->paths, str_from(path));
    CHECK_EQ(rule_book_load(o, book, &err), WEIR_OK);
    unlink(path);
}

TEST(what_a_selected_correlation_listens_to_takes_part_in_silence)
{
    static const struct {
        const char *level, *rules; /* an upper case id is internal */
    } ROWS[] = {
        {"low", "abcde"},  /* all */
        {"high", "Abcde"}, /* c hears a */
        {"critical", "ABCde"},
        {"=low", "a"},
    };

    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
        struct rule_options options = {0};
        struct rule_book book;
        char got[8] = "";
        text_list_add(&options.select.only.level, str_from(ROWS[i].level));
        load(&options, &book);
        CHECK_EQ(book.n_bad, 0);
        for (size_t r = 0; r < book.n_rules && r < sizeof got - 1; r++) {
            char id = book.rules[r]->uid.p[0];
            got[r] = book.rules[r]->channel == CHANNEL_INTERNAL ? (char)(id - 32) : id;
        }
        CHECK_STR(str_from(got), ROWS[i].rules);
        rule_book_release(&book);
        rule_options_release(&options);
    }
}

static void write_file(const char *dir, const char *name, const char *text, char out[96])
{
    snprintf(out, 96, "%s/%s", dir, name);
    FILE *f = fopen(out, "w");
    CHECK(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

/* The generation of the rules with one list and one profile, both as given. */
static void generation_of(const char *list, const char *profile, char out[17])
{
    char dir[] = "/tmp/weir-generation-XXXXXX", list_path[96], profile_path[96], argument[128];
    struct rule_options options = {0};
    struct rule_book book;

    CHECK(mkdtemp(dir));
    write_file(dir, "l.csv", list, list_path);
    write_file(dir, "mine.yml", profile, profile_path);
    snprintf(argument, sizeof argument, "names=%s", list_path);
    text_list_add(&options.lists, str_from(argument));
    options.profiles_dir = str_from(dir);
    load(&options, &book);
    snprintf(out, 17, "%.*s", (int)book.generation.n, book.generation.p);
    rule_book_release(&book);
    rule_options_release(&options);
    unlink(list_path);
    unlink(profile_path);
    CHECK_EQ(rmdir(dir), 0);
}

TEST(a_generation_is_named_by_lists_and_profiles_too)
{
    static const char LIST[] = "name,points\na,5\nb,\n", PROFILE[] =
                                                             "name: mine\n"
                                                             "match: {all: [{exists: q}]}\n";
    static const struct {
        const char *list, *profile;
        bool is_same;
    } ROWS[] = {
        {LIST, PROFILE, true},
        {"# of us\nname,points\na,5\nb,\n", PROFILE, true}, /* a comment */
        {"name,points\na,6\nb,\n", PROFILE, false},
        {"name,points\nab,5\n", PROFILE, false},
        {"# mode: exact\nname,points\na,5\nb,\n", PROFILE, false},
        {LIST, "name: mine\nmatch: {all: [{exists: r}]}\n", false},
        {LIST, "name: ours\nmatch: {all: [{exists: q}]}\n", false},
    };
    char first[17], got[17];

    generation_of(LIST, PROFILE, first);
    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
        generation_of(ROWS[i].list, ROWS[i].profile, got);
        CHECK_EQ(str_eq(str_from(got), str_from(first)), ROWS[i].is_same);
    }
}

TEST_MAIN(ENTRY(what_a_selected_correlation_listens_to_takes_part_in_silence),
          ENTRY(a_generation_is_named_by_lists_and_profiles_too))

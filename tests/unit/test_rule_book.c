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

TEST_MAIN(ENTRY(what_a_selected_correlation_listens_to_takes_part_in_silence))

/* test_flags.c - options of a command line: what is taken, and the words of each refusal. */
#include "tests/lib/test.h"

#include "app/flags.h"

#include <stdlib.h>

enum { ARGS_MAX = 8 };

struct given {
    bool on;
    struct str text, query, mode;
    struct text_list texts, words;
    uint64_t count;
    double decimal;
    int choice;
    bool wants_help;
    struct weir_err err;
};

static enum weir_rc parse(struct given *g, const char *const *args)
{
    const struct flag flags[] = {
        {"switch", 's', FLAG_SWITCH, NULL, "a switch", .to.on = &g->on},
        {"text", 0, FLAG_TEXT, "TEXT", "a text", .to.text = &g->text, .is_in_environment = true},
        {"input", 'i', FLAG_TEXTS, "PATH", "texts", .to.texts = &g->texts},
        {"count-max", 0, FLAG_COUNT, "N", "a count", .to.count = &g->count,
         .is_in_environment = true},
        {"seconds", 0, FLAG_DECIMAL, "S", "a decimal", .to.decimal = &g->decimal},
        {"format", 0, FLAG_CHOICE, "auto|table|json", "a choice", .to.choice = &g->choice},
        {"query", 0, FLAG_TEXT, "TEXT", "may be empty", .to.text = &g->query, .may_be_empty = true,
         .not_with = "count-max"},
        {"overlays", 0, FLAG_LATER, "DIR", NULL, .to.on = NULL},
        {"text-mode", 0, FLAG_TEXT, "MODE", "of the text", .to.text = &g->mode,
         .is_in_environment = true, .with = "text"},
    };
    const struct flag_group group = {"options", flags, ARRAY_LEN(flags)};
    const struct flag_set set = {"test", "weir test", "about", &group, 1};
    char *argv[ARGS_MAX + 1] = {(char *)(uintptr_t) "test"};
    int argc = 1;

    while (*args)
        argv[argc++] = (char *)(uintptr_t)*args++;
    return flags_parse(&set, argc, argv, &g->words, &g->wants_help, &g->err);
}

static void release(struct given *g)
{
    text_list_release(&g->texts);
    text_list_release(&g->words);
}

TEST(flags_are_taken_in_all_spellings)
{
    static const char *const args[] = {"-ia",      "--input=b",     "-i",     "c",
                                       "--switch", "--format=json", "--text", NULL};
    static const char *const more[] = {"--count-max", "7", "--seconds=0.5", "word", "--",
                                       "--text",      NULL};
    struct given g = {0};

    CHECK_EQ(parse(&g, args), WEIR_BADARG); /* --text lacks its value */
    CHECK_STR(str_from(g.err.text), "--text needs a value: TEXT");
    CHECK_EQ(g.texts.n, 3);
    CHECK_STR(g.texts.items[0], "a");
    CHECK_STR(g.texts.items[1], "b");
    CHECK_STR(g.texts.items[2], "c");
    CHECK(g.on);
    CHECK_EQ(g.choice, 2);
    CHECK_EQ(parse(&g, more), WEIR_OK);
    CHECK_EQ(g.count, 7);
    CHECK(g.decimal == 0.5);
    CHECK_EQ(g.words.n, 2);
    CHECK_STR(g.words.items[1], "--text");
    release(&g);
}

TEST(an_option_that_says_nothing_alone_is_refused)
{
    static const char *const both[] = {"--text-mode", "m", "--text", "t", NULL};
    static const char *const alone[] = {"--text-mode", "m", NULL};
    static const char *const none[] = {NULL};
    struct given g = {0};

    CHECK_EQ(parse(&g, both), WEIR_OK);
    CHECK_EQ(parse(&g, alone), WEIR_BADARG);
    CHECK_STR(str_from(g.err.text), "--text-mode goes with --text");
    setenv("WEIR_TEXT", "t", 1); /* the other may come from the environment */
    CHECK_EQ(parse(&g, alone), WEIR_OK);
    unsetenv("WEIR_TEXT");
    setenv("WEIR_TEXT_MODE", "m", 1); /* what the environment says is for many calls */
    CHECK_EQ(parse(&g, none), WEIR_OK);
    unsetenv("WEIR_TEXT_MODE");
    release(&g);
}

TEST(an_option_that_says_nothing_beside_another_is_refused)
{
    static const char *const both[] = {"--query", "q", "--count-max", "3", NULL};
    static const char *const alone[] = {"--query", "q", NULL};
    struct given g = {0};

    CHECK_EQ(parse(&g, alone), WEIR_OK);
    CHECK_EQ(parse(&g, both), WEIR_BADARG);
    CHECK_STR(str_from(g.err.text), "--query says nothing beside --count-max");
    setenv("WEIR_COUNT_MAX", "3", 1);
    CHECK_EQ(parse(&g, alone), WEIR_BADARG);
    unsetenv("WEIR_COUNT_MAX");
    release(&g);
}

TEST(switches_stand_together_and_before_a_value)
{
    static const char *const args[] = {"-sia", "-ssi", "b", "-s", NULL};
    static const char *const empty[] = {"-i", "", NULL};
    static const char *const wrong[] = {"-sx", NULL};
    struct given g = {0};

    CHECK_EQ(parse(&g, args), WEIR_OK);
    CHECK(g.on);
    CHECK_EQ(g.texts.n, 2);
    CHECK_STR(g.texts.items[0], "a");
    CHECK_STR(g.texts.items[1], "b");
    CHECK_EQ(parse(&g, empty), WEIR_BADARG);
    CHECK_STR(str_from(g.err.text), "--input needs a value: PATH");
    CHECK_EQ(parse(&g, wrong), WEIR_BADARG);
    CHECK_STR(str_from(g.err.text), "unknown option '-sx' (see 'weir help test')");
    release(&g);
}

TEST(an_empty_text_is_a_value_where_the_option_says_so)
{
    static const char *const args[] = {"--query", "", NULL};
    struct given g = {0};

    CHECK_EQ(parse(&g, args), WEIR_OK);
    CHECK(g.query.p && g.query.n == 0);
    release(&g);
}

TEST(a_single_dash_is_a_word)
{
    static const char *const args[] = {"-", "-i", "-", NULL};
    struct given g = {0};

    CHECK_EQ(parse(&g, args), WEIR_OK);
    CHECK_STR(g.words.items[0], "-");
    CHECK_STR(g.texts.items[0], "-");
    release(&g);
}

TEST(help_ends_parsing)
{
    static const char *const args[] = {"--help", "--nonsense", NULL};
    struct given g = {0};

    CHECK_EQ(parse(&g, args), WEIR_OK);
    CHECK(g.wants_help);
    release(&g);
}

TEST(wrong_options_are_refused_in_one_line)
{
    static const struct {
        const char *args[3];
        enum weir_rc rc;
        const char *text;
    } rows[] = {
        {{"--formt"}, WEIR_BADARG, "unknown option '--formt' (did you mean '--format'?)"},
        {{"--zzzzzzz"}, WEIR_BADARG, "unknown option '--zzzzzzz' (see 'weir help test')"},
        {{"-z"}, WEIR_BADARG, "unknown option '-z' (see 'weir help test')"},
        {{"--switch=1"}, WEIR_BADARG, "--switch takes no value"},
        {{"--format", "xml"}, WEIR_BADARG, "--format: 'xml' is none of auto|table|json"},
        {{"--count-max", "-1"}, WEIR_BADARG, "--count-max: '-1' is not a whole number"},
        {{"--seconds", "nan"}, WEIR_BADARG, "--seconds: 'nan' is not a number from 0 up"},
        {{"--seconds", "1x"}, WEIR_BADARG, "--seconds: '1x' is not a number from 0 up"},
        {{"--text=a", "--text=b"}, WEIR_BADARG, "--text is given twice"},
        {{"--format=json", "--format=json"}, WEIR_BADARG, "--format is given twice"},
        {{"--count-max=1", "--count-max=2"}, WEIR_BADARG, "--count-max is given twice"},
        {{"--seconds=1", "--seconds=2"}, WEIR_BADARG, "--seconds is given twice"},
        {{"--text="}, WEIR_BADARG, "--text needs a value: TEXT"},
        {{"--overlays", "x"}, WEIR_UNSUPPORTED, "--overlays: not in this version"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct given g = {0};
        CHECK_EQ(parse(&g, rows[i].args), rows[i].rc);
        CHECK_STR(str_from(g.err.text), rows[i].text);
        release(&g);
    }
}

TEST(the_environment_says_what_the_command_line_does_not)
{
    static const char *const nothing[] = {NULL};
    static const char *const text[] = {"--text=line", NULL};
    struct given g = {0}, h = {0}, bad = {0};

    setenv("WEIR_TEXT", "environment", 1);
    setenv("WEIR_COUNT_MAX", "12", 1);
    setenv("WEIR_SWITCH", "1", 1); /* not among those that are asked for */
    CHECK_EQ(parse(&g, nothing), WEIR_OK);
    CHECK_STR(g.text, "environment");
    CHECK_EQ(g.count, 12);
    CHECK(!g.on);
    CHECK_EQ(parse(&h, text), WEIR_OK);
    CHECK_STR(h.text, "line");
    setenv("WEIR_COUNT_MAX", "many", 1);
    CHECK_EQ(parse(&bad, nothing), WEIR_BADARG);
    CHECK_STR(str_from(bad.err.text), "--count-max: 'many' is not a whole number");
    unsetenv("WEIR_TEXT");
    unsetenv("WEIR_COUNT_MAX");
    unsetenv("WEIR_SWITCH");
    release(&g);
    release(&h);
    release(&bad);
}

TEST_MAIN(ENTRY(the_environment_says_what_the_command_line_does_not),
          ENTRY(flags_are_taken_in_all_spellings),
          ENTRY(an_option_that_says_nothing_alone_is_refused),
          ENTRY(an_option_that_says_nothing_beside_another_is_refused),
          ENTRY(switches_stand_together_and_before_a_value), ENTRY(a_single_dash_is_a_word),
          ENTRY(help_ends_parsing), ENTRY(an_empty_text_is_a_value_where_the_option_says_so),
          ENTRY(wrong_options_are_refused_in_one_line))

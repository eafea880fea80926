/* test.c - `weir test`: which tests there are, the rules for them, each played and told. */
#include "app/test.h"

#include <stdlib.h>
#include <unistd.h>

#include "app/overwrite.h"
#include "app/test_report.h"
#include "base/str.h"

struct testing {
    const struct test_options *options;
    struct arena *arena;
    struct rule_options rules; /* with the paths that the tests need */
    struct rule_book book;
    struct test_suite suite;
    struct test_runner *runner;
    struct test_report report;
    struct output *junit; /* NULL: not wanted, or written */
    struct test_result **results;
    size_t n_bad, n_by[TEST_OUTCOMES];
};

/* ---- before the first test ------------------------------------------------------------------ */

/* Where a test can be played: a store that begins empty each time. */
static enum weir_rc check_store(struct str where, struct weir_err *err)
{
    if (str_starts(where, STR("dir:")))
        return err_set(err, WEIR_BADARG,
                       "--state: tests are played in memory or on a Redis, not in a directory");
    return WEIR_OK;
}

/* Every bad file is told, the good ones are not played then: a half-read suite passes too easily.
 */
static void tell_bad_files(struct testing *t)
{
    for (size_t i = 0; i < t->suite.n; i++) {
        if (!t->suite.files[i].is_bad)
            continue;
        complain(&t->suite.files[i].err);
        t->n_bad++;
    }
}

static enum weir_rc collect(struct testing *t, struct weir_err *err)
{
    const struct profile_set *profiles;

    TRY(check_store(t->options->state.where, err));
    TRY(profile_set_load(t->arena, t->options->rules.profiles_dir, &profiles, err));
    TRY(test_suite_collect(t->arena, &t->options->rules.paths, profiles, &t->suite, err));
    tell_bad_files(t);
    t->rules = t->options->rules;
    t->rules.paths = t->suite.rule_paths;
    return WEIR_OK;
}

/* ---- the tests ------------------------------------------------------------------------------ */

static enum weir_rc run_file(struct testing *t, size_t f, struct weir_err *err)
{
    const struct suite_file *file = &t->suite.files[f];

    t->results[f] = ARENA_ARRAY(t->arena, file->tests.n, struct test_result);
    for (size_t i = 0; i < file->tests.n; i++) {
        struct test_result *result = &t->results[f][i];
        TRY(test_run(t->runner, file, i, result, err));
        t->n_by[result->outcome]++;
        TRY(test_report_result(&t->report, file, i, result, err));
    }
    return WEIR_OK;
}

static enum weir_rc tell_gaps(struct testing *t, struct weir_err *err)
{
    const struct exercise *x = test_runner_exercise(t->runner);

    if (t->options->no_gaps)
        return WEIR_OK;
    for (size_t i = 0; i < exercise_count(x); i++)
        TRY(test_report_gaps(&t->report, exercise_at(x, i), err));
    return WEIR_OK;
}

/* Before the first test: if it cannot be written nothing is. */
static enum weir_rc open_junit(struct testing *t, struct weir_err *err)
{
    struct overwrite w;

    if (!t->options->junit.n)
        return WEIR_OK;
    overwrite_init(&w, "--junit", t->options->junit);
    TRY(overwrite_refuse_rules(&w, &t->book, &t->rules, err));
    for (size_t i = 0; i < t->suite.n; i++)
        TRY(overwrite_refuse_file(&w, t->suite.files[i].path, err));
    return output_open(t->options->junit, &t->junit, err);
}

static enum weir_rc write_junit(struct testing *t, struct weir_err *err)
{
    struct output *out = t->junit;
    struct buf text = {0};

    if (!out)
        return WEIR_OK;
    t->junit = NULL;
    test_report_junit(&t->suite, t->results, &text);
    return output_finish(out, &text, err);
}

static void tell_summary(const struct testing *t)
{
    struct buf text = {0};

    buf_printf(&text, "%zu passed, %zu failed, %zu skipped", t->n_by[TEST_PASSED],
               t->n_by[TEST_FAILED], t->n_by[TEST_SKIPPED]);
    if (t->n_bad)
        buf_printf(&text, ", %zu test files are bad", t->n_bad);
    buf_add_char(&text, '\n');
    tell(&text);
    buf_release(&text);
}

static enum weir_rc run_all(struct testing *t, struct weir_err *err)
{
    TRY(open_junit(t, err));
    TRY(output_open(STR(""), &t->report.out, err));
    bool is_terminal = output_is_terminal(t->report.out);
    t->report.is_table =
        t->options->format == FORMAT_TABLE || (t->options->format == FORMAT_AUTO && is_terminal);
    t->report.has_colour = is_terminal && !getenv("NO_COLOR");
    t->report.only_failures = t->options->only_failures;
    t->results = ARENA_ARRAY(t->arena, t->suite.n, struct test_result *);
    for (size_t i = 0; i < t->suite.n; i++)
        if (!t->suite.files[i].is_bad)
            TRY(run_file(t, i, err));
    TRY(tell_gaps(t, err));
    TRY(output_commit(t->report.out, err));
    return write_junit(t, err);
}

/* ---- the command ---------------------------------------------------------------------------- */

static enum weir_rc prepare(struct testing *t, enum exit_code *code, struct weir_err *err)
{
    TRY(collect(t, err));
    if (t->suite.n == 0) {
        *code = EXIT_WORLD;
        return err_set(err, WEIR_NOTFOUND, "no tests: NAME.test.yml stands beside its rule");
    }
    if (t->n_bad)
        *code = EXIT_RULES;
    if (*code != EXIT_FINE)
        return WEIR_OK;
    if (t->rules.paths.n == 0) {
        *code = EXIT_WORLD;
        return err_set(err, WEIR_NOTFOUND,
                       "no rule file is beside these tests (NAME.yml for NAME.test.yml), and none "
                       "is named by 'rules'");
    }
    TRY(rule_book_load(&t->rules, &t->book, err));
    *code = rule_book_report(&t->book, &t->rules);
    return WEIR_OK;
}

enum exit_code test_command(const struct test_options *o)
{
    struct testing t = {.options = o, .arena = arena_new(0)};
    struct weir_err err = {0};
    enum exit_code code = EXIT_FINE;
    enum weir_rc rc = prepare(&t, &code, &err);

    if (rc == WEIR_OK && code == EXIT_FINE) {
        t.runner = test_runner_new(&t.book, &t.rules, &o->state, o->version);
        rc = run_all(&t, &err);
        if (rc == WEIR_OK)
            rc = test_runner_clean(t.runner, &err);
    }
    if (rc != WEIR_OK)
        code = end_with(rc, &err);
    else if (code == EXIT_FINE) {
        tell_summary(&t);
        code = t.n_by[TEST_FAILED] ? EXIT_FINDINGS : EXIT_FINE;
    }
    output_free(t.report.out);
    output_free(t.junit);
    buf_release(&t.report.text);
    if (t.runner)
        test_runner_free(t.runner);
    rule_book_release(&t.book);
    test_suite_release(&t.suite);
    arena_free(t.arena);
    return code;
}

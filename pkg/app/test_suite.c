/* test_suite.c - which tests, and which rule files for them. */
#include "app/test_suite.h"

#include <sys/stat.h>

#include "app/event_file.h"
#include "app/files.h"
#include "base/str.h"
#include "base/vec.h"
#include "lang/lang.h"

struct collecting {
    struct arena *a;
    const struct profile_set *profiles;
    struct vec files; /* struct suite_file */
    struct test_suite *out;
    struct weir_err *err;
};

/* ---- paths ---------------------------------------------------------------------------------- */

static bool is_info(struct str path)
{
    return str_eq(path, STR("info.yml")) || str_ends(path, STR("/info.yml"));
}

static bool is_test(struct str path)
{
    struct str name;

    return rule_test_is_path(path, &name) || is_info(path);
}

static bool is_rule(struct str path)
{
    return lang_is_rule_path(path) && !is_info(path);
}

static bool is_either(struct str path)
{
    return is_test(path) || lang_is_rule_path(path);
}

static struct str dir_of(struct str path)
{
    size_t n = path.n;

    while (n && path.p[n - 1] != '/')
        n--;
    return str_sub(path, 0, n);
}

static struct str path_in(struct arena *a, struct str dir, struct str name)
{
    if (name.n && name.p[0] == '/')
        return arena_str(a, name);
    return arena_printf(a, "%.*s%.*s", (int)dir.n, dir.p, (int)name.n, name.p);
}

/* Of a text that ends with NUL. */
static bool is_there(struct str path)
{
    struct stat st;

    return stat(path.p, &st) == 0 && S_ISREG(st.st_mode);
}

static bool is_directory(struct arena *a, struct str path)
{
    struct stat st;

    return stat(arena_str(a, path).p, &st) == 0 && S_ISDIR(st.st_mode);
}

/* NAME.yml, NAME.eql ...; empty: there is none. */
static struct str rule_beside(struct arena *a, struct str name)
{
    static const char *const endings[] = {"yml", "yaml",     "toml", "eql",  "kql",
                                          "cql", "logscale", "spl",  "esql", "lucene"};

    for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
        struct str path = arena_printf(a, "%.*s.%s", (int)name.n, name.p, endings[i]);
        if (is_there(path))
            return path;
    }
    return STR("");
}

/* ---- files ---------------------------------------------------------------------------------- */

struct reading {
    const struct profile_set *profiles;
    struct str dir;
};

/* rule_test_reader.read */
static enum weir_rc read_events(void *context, struct arena *a, struct str path,
                                struct str_list *out, struct weir_err *err)
{
    const struct reading *r = context;

    return event_file_read(a, r->profiles, path_in(a, r->dir, path), out, err);
}

static void parse(struct collecting *c, struct suite_file *f, bool *is_one)
{
    struct reading reading = {c->profiles, dir_of(f->path)};
    const struct rule_test_reader reader = {read_events, &reading};
    struct str text;
    enum weir_rc rc = file_read(c->a, f->path, RULE_TEST_BYTES_MAX, &text, &f->err);

    *is_one = true;
    if (rc == WEIR_OK && is_info(f->path))
        rc = regression_parse(c->a, text, &reader, f, is_one, &f->err);
    else if (rc == WEIR_OK)
        rc = rule_tests_parse(c->a, text, &reader, &f->tests, &f->err);
    f->is_bad = rc != WEIR_OK;
    err_file(&f->err, f->path);
}

/* The rule files of a test, also those that a directory would bring anyway: loading takes each
 * once. */
static void add_rules(struct collecting *c, struct suite_file *f)
{
    struct str *paths = ARENA_ARRAY(c->a, f->tests.rules.n, struct str);

    for (size_t i = 0; i < f->tests.rules.n; i++) {
        paths[i] = path_in(c->a, dir_of(f->path), f->tests.rules.items[i]);
        text_list_add(&c->out->rule_paths, paths[i]);
    }
    f->rules = (struct str_list){paths, f->tests.rules.n};
    if (f->rule_path.n)
        text_list_add(&c->out->rule_paths, f->rule_path);
}

static void add_test(struct collecting *c, struct str path)
{
    struct suite_file f = {.path = path};
    struct str name;
    bool is_one;

    if (rule_test_is_path(path, &name))
        f.rule_path = rule_beside(c->a, name);
    parse(c, &f, &is_one);
    if (!is_one)
        return;
    add_rules(c, &f);
    *(struct suite_file *)vec_push(c->a, &c->files, sizeof f) = f;
}

static enum weir_rc add_directory(struct collecting *c, struct str path)
{
    static const struct files_request request = {is_either, "rules or tests (NAME.test.yml)", false,
                                                 true};
    struct text_list one = {&path, 1, 1}, found = {0};
    bool has_rule = false;
    enum weir_rc rc = files_collect(c->a, &one, &request, &found, c->err);

    for (size_t i = 0; rc == WEIR_OK && i < found.n; i++) {
        if (is_test(found.items[i]))
            add_test(c, found.items[i]);
        has_rule |= is_rule(found.items[i]);
    }
    if (has_rule)
        text_list_add(&c->out->rule_paths, path);
    text_list_release(&found);
    return rc;
}

/* One file that was named. */
static enum weir_rc add_file(struct collecting *c, struct str path)
{
    struct str copy = arena_str(c->a, path);

    if (!is_there(copy)) {
        err_set(c->err, WEIR_NOTFOUND, "no such file or directory");
        err_file(c->err, path);
        return WEIR_NOTFOUND;
    }
    if (is_test(copy)) {
        add_test(c, copy);
        return WEIR_OK;
    }
    text_list_add(&c->out->rule_paths, copy);
    size_t dot = copy.n;
    while (dot && copy.p[dot - 1] != '.' && copy.p[dot - 1] != '/')
        dot--;
    struct str stem = dot && copy.p[dot - 1] == '.' ? str_sub(copy, 0, dot - 1) : copy;
    struct str beside = arena_printf(c->a, "%.*s.test.yml", (int)stem.n, stem.p);
    if (is_there(beside))
        add_test(c, beside);
    return WEIR_OK;
}

enum weir_rc test_suite_collect(struct arena *a, const struct text_list *paths,
                                const struct profile_set *profiles, struct test_suite *out,
                                struct weir_err *err)
{
    struct collecting c = {.a = a, .profiles = profiles, .out = out, .err = err};

    *out = (struct test_suite){0};
    for (size_t i = 0; i < paths->n; i++) {
        bool is_dir = is_directory(a, paths->items[i]);
        TRY(is_dir ? add_directory(&c, paths->items[i]) : add_file(&c, paths->items[i]));
    }
    out->files = c.files.items;
    out->n = c.files.n;
    return WEIR_OK;
}

void test_suite_release(struct test_suite *s)
{
    text_list_release(&s->rule_paths);
}

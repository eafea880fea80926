/* test_report.c - the outcomes of tests as a tree, as JSON lines, as JUnit's XML. */
#include "app/test_report.h"

#include "app/edges.h"
#include "app/outcome.h"
#include "base/str.h"
#include "json/write.h"
#include "rule/dump.h"

enum { GAPS_SHOWN_MAX = 5 /* atoms of a rule, for people */ };

static const char *outcome_name(enum test_outcome outcome)
{
    static const char *const names[] = {"pass", "fail", "skip"};

    return names[outcome];
}

/* ---- a tree --------------------------------------------------------------------------------- */

static void add_outcome(struct test_report *r, enum test_outcome outcome)
{
    static const char *const words[] = {"ok", "FAIL", "skip"};
    static const char *const colours[] = {"\033[32m", "\033[31m", "\033[33m"};

    buf_printf(&r->text, "  %s%-6s%s", r->has_colour ? colours[outcome] : "", words[outcome],
               r->has_colour ? "\033[0m" : "");
}

static void add_place(struct test_report *r, const struct weir_err *err)
{
    if (!err->line)
        return;
    add_printable(&r->text, str_from(err->file));
    buf_printf(&r->text, ":%u:%u: ", err->line, err->col);
}

static void add_tree(struct test_report *r, const struct suite_file *file,
                     const struct rule_test *test, const struct test_result *result)
{
    if (!str_eq(r->shown_file, file->path)) {
        add_printable(&r->text, file->path);
        buf_add_char(&r->text, '\n');
        r->shown_file = file->path;
    }
    add_outcome(r, result->outcome);
    add_printable(&r->text, test->name);
    buf_add_char(&r->text, '\n');
    if (result->outcome == TEST_PASSED)
        return;
    buf_add(&r->text, STR("          "));
    add_place(r, &result->err);
    add_printable(&r->text, str_from(result->err.text));
    buf_add_char(&r->text, '\n');
    for (size_t i = 0; i < result->n_reasons; i++) {
        buf_add(&r->text, STR("            "));
        add_printable(&r->text, result->reasons[i]);
        buf_add_char(&r->text, '\n');
    }
}

/* ---- lines ---------------------------------------------------------------------------------- */

static void add_json(struct test_report *r, const struct suite_file *file,
                     const struct rule_test *test, const struct test_result *result)
{
    struct json_writer w;

    json_writer_init(&w, &r->text);
    json_open_object(&w);
    json_kv_str(&w, "file", file->path);
    json_kv_str(&w, "test", test->name);
    json_kv_i64(&w, "line", test->line);
    json_kv_str(&w, "outcome", str_from(outcome_name(result->outcome)));
    if (result->profile.n)
        json_kv_str(&w, "profile", result->profile);
    if (result->outcome != TEST_SKIPPED) {
        json_kv_i64(&w, "matches", (int64_t)result->matches);
        json_kv_i64(&w, "alerts", (int64_t)result->alerts);
    }
    json_key(&w, STR("seconds"));
    json_put_double(&w, result->seconds);
    if (result->outcome != TEST_PASSED) {
        json_key(&w, STR("failure"));
        json_open_object(&w);
        json_kv_i64(&w, "line", result->err.line);
        json_kv_i64(&w, "col", result->err.col);
        json_kv_str(&w, "text", str_from(result->err.text));
        json_key(&w, STR("reasons"));
        json_open_array(&w);
        for (size_t i = 0; i < result->n_reasons; i++)
            json_put_str(&w, result->reasons[i]);
        json_close_array(&w);
        json_close_object(&w);
    }
    json_close_object(&w);
    buf_add_char(&r->text, '\n');
}

enum weir_rc test_report_result(struct test_report *r, const struct suite_file *file, size_t i,
                                const struct test_result *result, struct weir_err *err)
{
    if (r->only_failures && result->outcome == TEST_PASSED)
        return WEIR_OK;
    buf_clear(&r->text);
    if (r->is_table)
        add_tree(r, file, &file->tests.items[i], result);
    else
        add_json(r, file, &file->tests.items[i], result);
    return output_write(r->out, buf_str(&r->text), err);
}

/* ---- gaps ----------------------------------------------------------------------------------- */

static size_t count_gaps(const struct exercised *e, bool of_true)
{
    size_t n = 0;

    for (size_t i = 0; i < e->n_atoms; i++)
        n += of_true ? !e->atoms[i].was_true : !e->atoms[i].was_false;
    return n;
}

static bool is_gap(const struct exercised_atom *x, bool of_true)
{
    return of_true ? !x->was_true : !x->was_false;
}

static void tree_gaps(struct test_report *r, const struct exercised *e, bool of_true)
{
    size_t n = count_gaps(e, of_true), shown = 0;
    struct buf words = {0};

    if (n == 0)
        return;
    buf_printf(&r->text, "  never %s (%zu of %zu atoms)\n", of_true ? "true" : "false", n,
               e->n_atoms);
    for (size_t i = 0; i < e->n_atoms && shown < GAPS_SHOWN_MAX; i++) {
        if (!is_gap(&e->atoms[i], of_true))
            continue;
        shown++;
        buf_clear(&words);
        atom_dump(&words, e->atoms[i].atom);
        buf_add(&r->text, STR("    "));
        add_printable(&r->text, buf_str(&words));
        if (e->atoms[i].atom->line)
            buf_printf(&r->text, "  (line %u)", e->atoms[i].atom->line);
        buf_add_char(&r->text, '\n');
    }
    if (n > shown)
        buf_printf(&r->text, "    ... and %zu more\n", n - shown);
    buf_release(&words);
}

static void json_gaps(struct json_writer *w, const struct exercised *e, bool of_true)
{
    struct buf words = {0};

    json_key(w, of_true ? STR("never_true") : STR("never_false"));
    json_open_array(w);
    for (size_t i = 0; i < e->n_atoms; i++) {
        if (!is_gap(&e->atoms[i], of_true))
            continue;
        buf_clear(&words);
        atom_dump(&words, e->atoms[i].atom);
        json_open_object(w);
        json_kv_i64(w, "line", e->atoms[i].atom->line);
        json_kv_i64(w, "col", e->atoms[i].atom->col);
        json_kv_str(w, "atom", buf_str(&words));
        json_close_object(w);
    }
    json_close_array(w);
    buf_release(&words);
}

static unsigned missed_edges(const struct exercised *e)
{
    return edges_of(e->rule) & ~e->edges;
}

static void tree_edges(struct test_report *r, const struct exercised *e)
{
    unsigned missed = missed_edges(e);

    if (!missed)
        return;
    buf_add(&r->text, STR("  never reached\n"));
    for (unsigned i = 0; i < EDGES; i++)
        if (missed & 1u << i)
            buf_printf(&r->text, "    %s\n", edge_words((enum edge)i));
}

static void json_edges(struct json_writer *w, const struct exercised *e)
{
    unsigned missed = missed_edges(e);

    json_key(w, STR("never_reached"));
    json_open_array(w);
    for (unsigned i = 0; i < EDGES; i++)
        if (missed & 1u << i)
            json_put_str(w, str_from(edge_name((enum edge)i)));
    json_close_array(w);
}

enum weir_rc test_report_gaps(struct test_report *r, const struct exercised *e,
                              struct weir_err *err)
{
    struct json_writer w;

    if (count_gaps(e, true) + count_gaps(e, false) == 0 && !missed_edges(e))
        return WEIR_OK;
    buf_clear(&r->text);
    if (r->is_table) {
        buf_add(&r->text, r->has_gaps ? STR("") : STR("\nuntested\n"));
        r->has_gaps = true;
        add_printable(&r->text, e->rule->path);
        buf_add(&r->text, STR("  "));
        add_printable(&r->text, e->rule->title);
        buf_add(&r->text, STR("\n"));
        tree_gaps(r, e, true);
        tree_gaps(r, e, false);
        tree_edges(r, e);
        return output_write(r->out, buf_str(&r->text), err);
    }
    json_writer_init(&w, &r->text);
    json_open_object(&w);
    json_kv_str(&w, "rule", e->rule->uid);
    json_kv_str(&w, "file", e->rule->path);
    json_kv_i64(&w, "events", (int64_t)e->events);
    json_kv_i64(&w, "atoms", (int64_t)e->n_atoms);
    json_gaps(&w, e, true);
    json_gaps(&w, e, false);
    if (e->rule->correlation)
        json_edges(&w, e);
    json_close_object(&w);
    buf_add_char(&r->text, '\n');
    return output_write(r->out, buf_str(&r->text), err);
}

/* ---- JUnit ---------------------------------------------------------------------------------- */

/* XML 1.0 cannot name control characters at all. */
static void add_xml(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c == '<')
            buf_add(out, STR("&lt;"));
        else if (c == '>')
            buf_add(out, STR("&gt;"));
        else if (c == '&')
            buf_add(out, STR("&amp;"));
        else if (c == '"')
            buf_add(out, STR("&quot;"));
        else
            buf_add_char(out, c < 0x20 && c != '\n' && c != '\t' ? '?' : (char)c);
    }
}

static void add_failure(struct buf *out, const struct suite_file *file,
                        const struct test_result *result)
{
    bool is_skipped = result->outcome == TEST_SKIPPED;

    buf_printf(out, "      <%s message=\"", is_skipped ? "skipped" : "failure");
    add_xml(out, str_from(result->err.text));
    if (is_skipped) {
        buf_add(out, STR("\"/>\n"));
        return;
    }
    buf_add(out, STR("\">"));
    add_xml(out, file->path);
    buf_printf(out, ":%u:%u: ", result->err.line, result->err.col);
    add_xml(out, str_from(result->err.text));
    for (size_t i = 0; i < result->n_reasons; i++) {
        buf_add_char(out, '\n');
        add_xml(out, result->reasons[i]);
    }
    buf_add(out, STR("</failure>\n"));
}

static void add_case(struct buf *out, const struct suite_file *file, const struct rule_test *test,
                     const struct test_result *result)
{
    buf_add(out, STR("    <testcase name=\""));
    add_xml(out, test->name);
    buf_add(out, STR("\" classname=\""));
    add_xml(out, file->path);
    buf_printf(out, "\" time=\"%.3f\"", result->seconds);
    if (result->outcome == TEST_PASSED) {
        buf_add(out, STR("/>\n"));
        return;
    }
    buf_add(out, STR(">\n"));
    add_failure(out, file, result);
    buf_add(out, STR("    </testcase>\n"));
}

static void add_suite(struct buf *out, const struct suite_file *file,
                      const struct test_result *results)
{
    size_t n[TEST_OUTCOMES] = {0};
    double seconds = 0;

    for (size_t i = 0; i < file->tests.n; i++) {
        n[results[i].outcome]++;
        seconds += results[i].seconds;
    }
    buf_add(out, STR("  <testsuite name=\""));
    add_xml(out, file->path);
    buf_printf(out,
               "\" tests=\"%zu\" failures=\"%zu\" errors=\"%d\" skipped=\"%zu\" time=\"%.3f\">\n",
               file->tests.n, n[TEST_FAILED], file->is_bad ? 1 : 0, n[TEST_SKIPPED], seconds);
    for (size_t i = 0; i < file->tests.n; i++)
        add_case(out, file, &file->tests.items[i], &results[i]);
    buf_add(out, STR("  </testsuite>\n"));
}

void test_report_junit(const struct test_suite *suite, struct test_result *const *results,
                       struct buf *out)
{
    buf_add(out,
            STR("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"weir test\">\n"));
    for (size_t i = 0; i < suite->n; i++)
        if (!suite->files[i].is_bad)
            add_suite(out, &suite->files[i], results[i]);
    buf_add(out, STR("</testsuites>\n"));
}

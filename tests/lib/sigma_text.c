/* sigma_text.c - see sigma_text.h. */
#include "tests/lib/sigma_text.h"

#include "base/buf.h"
#include "base/str.h"
#include "rule/dump.h"

static bool lookup(UNUSED void *context, struct str name, struct str_list *entries,
                   enum list_mode *mode)
{
    static const struct str ONE[] = {{"alpha", 5}};
    static const struct str TWO[] = {{"alpha", 5}, {"be*a", 4}};
    static const struct str WILD[] = {{"*x", 2}, {"y?", 2}};
    static const struct str DOTTED[] = {{"a.b", 3}};
    static const struct str PRECISE[] = {{"Alpha", 5}, {"b*", 2}};
    static const struct str NETS[] = {{"10.0.0.0/8", 10}, {"FD00::1", 7}};
    static const struct str BAD_NETS[] = {{"10.0.0.0/8", 10}, {"jump01", 6}};
    static const struct str HOST_NETS[] = {{"10.0.0.1/8", 10}};
    static struct str many[200];
    static const struct {
        const char *name;
        struct str_list list;
        enum list_mode mode;
    } LISTS[] = {{"one", {ONE, 1}, LIST_CI},
                 {"two", {TWO, 2}, LIST_CI},
                 {"wild", {WILD, 2}, LIST_GLOB},
                 {"none", {NULL, 0}, LIST_CI},
                 {"dotted", {DOTTED, 1}, LIST_CI},
                 {"many", {many, ARRAY_LEN(many)}, LIST_CI},
                 {"precise", {PRECISE, 2}, LIST_EXACT},
                 {"nets", {NETS, 2}, LIST_CIDR},
                 {"badnets", {BAD_NETS, 2}, LIST_CIDR},
                 {"hostnets", {HOST_NETS, 1}, LIST_CIDR},
                 {"nonets", {NULL, 0}, LIST_CIDR}};

    for (size_t i = 0; i < ARRAY_LEN(many); i++)
        many[i] = STR("m");
    for (size_t i = 0; i < ARRAY_LEN(LISTS); i++)
        if (str_eq(name, str_from(LISTS[i].name))) {
            *entries = LISTS[i].list;
            *mode = LISTS[i].mode;
            return true;
        }
    return false;
}

const struct list_source SIGMA_TEST_LISTS = {.lookup = lookup};

static void add_message(struct buf *out, const struct verdict_message *m, const char *before)
{
    buf_printf(out, "%s%u:%u: %.*s", before, m->line, m->col, (int)m->text.n, m->text.p);
}

/* The dump on one line: "type; name value; name value". */
static void describe_correlation(struct buf *out, const struct rule *rule)
{
    struct buf text = {0};
    struct str line, rest;
    const char *before = "";

    correlation_dump(&text, rule);
    rest = buf_str(&text);
    while (rest.n) {
        str_cut(rest, '\n', &line, &rest);
        line = str_trim(line);
        buf_printf(out, "%s", before);
        for (size_t i = 0; i < line.n; i++) /* columns are padded */
            if (line.p[i] != ' ' || line.p[i + 1] != ' ')
                buf_add_char(out, line.p[i]);
        before = "; ";
    }
    buf_release(&text);
}

static void describe(struct buf *out, const struct verdict *v)
{
    const char *before = ": ";

    if (!v->rule) {
        buf_printf(out, "%s", verdict_status_name(v->status));
        for (size_t i = 0; i < v->n_messages; i++)
            if (v->messages[i].is_error) {
                add_message(out, &v->messages[i], before);
                before = "; ";
            }
        return;
    }
    if (v->rule->correlation)
        describe_correlation(out, v->rule);
    else
        formula_dump(out, v->rule->formula);
    for (size_t i = 0; i < v->n_messages; i++)
        add_message(out, &v->messages[i], " ! ");
}

struct str sigma_document(struct arena *a, struct str yaml)
{
    return sigma_document_with(a, yaml, NULL);
}

struct str sigma_document_with(struct arena *a, struct str yaml, const struct lang_options *options)
{
    struct rule_loader *l = rule_loader_new(a, &SIGMA_TEST_LISTS, options);
    struct loaded_rules loaded;
    struct buf out = {0};

    rule_loader_add(l, STR("t.yml"), yaml);
    rule_loader_finish(l, &loaded);
    for (size_t i = 0; i < loaded.n_verdicts; i++) {
        if (i)
            buf_add(&out, STR(" | "));
        describe(&out, &loaded.verdicts[i]);
    }
    struct str s = arena_str(a, buf_str(&out));
    buf_release(&out);
    return s;
}

#define HEAD "title: t\nlogsource: {product: p}\ndetection:\n"

struct str sigma_detection(struct arena *a, const char *yaml)
{
    return sigma_document(a, arena_printf(a, HEAD "%s\n", yaml));
}

struct str sigma_item(struct arena *a, const char *yaml)
{
    struct str s = sigma_document(a, arena_printf(a, HEAD "  s:\n    %s\n  condition: s\n", yaml));

    return str_starts(s, STR("s: ")) ? str_sub(s, 3, SIZE_MAX) : s;
}

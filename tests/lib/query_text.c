/* query_text.c - see query_text.h. */
#include "tests/lib/query_text.h"

#include "base/err.h"
#include "base/str.h"
#include "event/lookup.h"
#include "json/tree.h"
#include "lang/lang.h"
#include "match/matcher.h"
#include "match/reference.h"
#include "plan/plan.h"
#include "rule/correlation.h"
#include "rule/dump.h"
#include "rule/expr.h"

#include "tests/lib/test.h"

static struct str with_quotes(struct arena *a, const char *text)
{
    struct str s = str_from(text);
    char *out = arena_alloc(a, s.n + 1);

    for (size_t i = 0; i < s.n; i++)
        out[i] = s.p[i] == '\'' ? '"' : s.p[i] == '\1' ? '\'' : s.p[i];
    out[s.n] = '\0';
    return (struct str){out, s.n};
}

/* 192.0.2.x is Berlin, 198.51.100.x somewhere in the United States. */
static struct expr_value find_place(const void *context, struct str address, enum geo_part part)
{
    (void)context;
    if (str_starts(address, STR("192.0.2.")) && part == GEO_CITY)
        return expr_value_text(STR("Berlin"));
    if (str_starts(address, STR("192.0.2.")) && part == GEO_LATITUDE)
        return expr_value_real(52.5);
    if (part != GEO_COUNTRY)
        return (struct expr_value){.type = EXPR_VALUE_NULL};
    if (str_starts(address, STR("192.0.2.")))
        return expr_value_text(STR("Germany"));
    if (str_starts(address, STR("198.51.100.")))
        return expr_value_text(STR("United States"));
    return (struct expr_value){.type = EXPR_VALUE_NULL};
}

static const struct geo_source PLACES = {.find = find_place};
static const struct lang_options OPTIONS = {.geo = &PLACES};

/* The list `owners`: hosts, case aside, with a column `owner`; `patterns` has patterns. */
static bool list_lookup(void *context, struct str name, struct str_list *entries,
                        enum list_mode *mode)
{
    static const struct str HOSTS[] = {{"WEB1", 4}, {"db1", 3}, {"web1", 4}, {"bare", 4}};

    static const struct str ASSETS[] = {{"Get", 3}, {"x", 1}, {"y", 1}};

    (void)context;
    bool is_assets = str_eq(name, STR("assets"));
    *entries = is_assets ? (struct str_list){ASSETS, ARRAY_LEN(ASSETS)}
                         : (struct str_list){HOSTS, ARRAY_LEN(HOSTS)};
    *mode = is_assets ? LIST_EXACT : str_eq(name, STR("patterns")) ? LIST_GLOB : LIST_CI;
    return is_assets || str_eq(name, STR("owners")) || str_eq(name, STR("patterns"));
}

static bool list_cells(void *context, struct str name, struct str column, struct str_list *cells,
                       struct str *entries)
{
    static const struct str OWNERS[] = {{"alice", 5}, {"bob", 3}, {"carol", 5}, {"", 0}};
    static const struct str RISKS[] = {{"7", 1}, {"1", 1}, {"", 0}};

    (void)context;
    if (str_eq(name, STR("assets"))) {
        *cells = (struct str_list){RISKS, ARRAY_LEN(RISKS)};
        *entries = STR("a");
        return str_eq(column, STR("risk"));
    }
    *cells = (struct str_list){OWNERS, ARRAY_LEN(OWNERS)};
    *entries = STR("host");
    return str_eq(column, STR("owner"));
}

static bool list_columns(void *context, struct str name, struct str_list *names,
                         struct str *entries)
{
    static const struct str RISK[] = {{"risk", 4}}, OWNER[] = {{"owner", 5}};
    bool is_assets = str_eq(name, STR("assets"));

    (void)context;
    *names = (struct str_list){is_assets ? RISK : OWNER, 1};
    *entries = is_assets ? STR("a") : STR("host");
    return true;
}

const struct list_source QUERY_TEST_LISTS = {
    .lookup = list_lookup, .cells = list_cells, .columns = list_columns};

static void load_text(struct arena *a, const char *language, struct str query,
                      struct loaded_rules *out)
{
    struct rule_loader *l = rule_loader_new(a, &QUERY_TEST_LISTS, &OPTIONS);

    rule_loader_add_as(l, STR("query"), str_from(language), query);
    rule_loader_finish(l, out);
    CHECK_EQ(out->n_verdicts, 1);
}

static void load(struct arena *a, const char *language, const char *query, struct loaded_rules *out)
{
    load_text(a, language, with_quotes(a, query), out);
}

/* The dump in one line, then each item's formula. */
static void dump_sequence(struct buf *out, const struct rule *rule)
{
    const struct correlation *c = rule->correlation;
    struct buf text = {0};
    struct str line, rest;

    correlation_dump(&text, rule);
    for (rest = buf_str(&text); rest.n;) {
        str_cut(rest, '\n', &line, &rest);
        line = str_trim(line);
        buf_add(out, out->n ? STR("; ") : STR(""));
        for (size_t i = 0; i < line.n; i++) /* columns are padded */
            if (line.p[i] != ' ' || line.p[i + 1] != ' ')
                buf_add_char(out, line.p[i]);
    }
    for (size_t i = 0; i < c->n_inputs; i++) {
        buf_add(out, STR("; "));
        formula_dump(out, c->inputs[i].rule->formula);
    }
    buf_release(&text);
}

struct str query_document(struct arena *a, const char *language, const char *query)
{
    struct loaded_rules loaded;
    struct buf out = {0};

    load(a, language, query, &loaded);
    const struct verdict *v = &loaded.verdicts[0];
    if (v->rule && v->rule->correlation)
        dump_sequence(&out, v->rule);
    else if (v->rule)
        formula_dump(&out, v->rule->formula);
    else
        buf_printf(&out, "%s", verdict_status_name(v->status));
    for (size_t i = 0; i < v->n_messages; i++) {
        const struct verdict_message *m = &v->messages[i];
        buf_printf(&out, "%s%u:%u: %.*s", m->is_error ? (i ? "; " : ": ") : " ! ", m->line, m->col,
                   (int)m->text.n, m->text.p);
    }
    struct str s = arena_str(a, buf_str(&out));
    buf_release(&out);
    return s;
}

void query_check(const char *language, const struct query_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct arena *a = arena_new(0);
        struct str got = query_document(a, language, rows[i].query);
        if (!str_eq(got, str_from(rows[i].out)))
            fail_msg("row %zu: %s\n gives %.*s\n  want %s", i, rows[i].query, (int)got.n, got.p,
                     rows[i].out);
        arena_free(a);
    }
}

void query_check_limit(const char *language, struct buf *text, const char *start)
{
    struct arena *a = arena_new(0);

    buf_add_char(text, '\0');
    struct str got = query_document(a, language, text->p);
    if (start ? !str_starts(got, str_from(start)) : str_starts(got, STR("error")))
        fail_msg("%.200s: %.*s", text->p, got.n > 200 ? 200 : (int)got.n, got.p);
    arena_free(a);
    buf_release(text);
}

struct buf query_repeated(const char *before, const char *what, size_t n, const char *after)
{
    struct buf b = {0};

    buf_printf(&b, "%s", before);
    for (size_t i = 0; i < n; i++)
        buf_printf(&b, "%s", what);
    buf_printf(&b, "%s", after);
    return b;
}

static void compiled_match(struct arena *a, struct rule *rule, const struct profile_set *profiles,
                           const struct str *events, size_t n, bool *fires)
{
    const struct plan_options options = {0};
    const struct match *matches;
    const struct net *net;
    struct weir_err err;
    struct event event;

    const struct plan *plan = plan_new(a, &rule, 1, profiles, &options);
    CHECK_EQ(net_new(a, plan, &net, &err), WEIR_OK);
    struct extract_worker *worker = extract_worker_new(plan->extractor);
    struct matcher *matcher = matcher_new(net, worker, false);
    for (size_t i = 0; i < n; i++) {
        CHECK_EQ(extract_event(worker, events[i], (struct event_ref){0}, &event), EVENT_OK);
        fires[i] = matcher_run(matcher, &event, 1, &matches) == 1;
        extract_batch_reset(worker);
    }
    matcher_free(matcher);
    extract_worker_free(worker);
    net_free(net);
}

static bool reference_fires(struct arena *a, const struct rule *rule,
                            const struct profile_set *profiles, struct str event_text)
{
    struct reference *r = reference_new();
    struct json_node *root = NULL;
    struct event_tree tree;
    size_t offset;

    if (json_tree_parse(a, event_text, &root, &offset) != JSON_OK)
        fail_msg("no JSON: %.*s", (int)event_text.n, event_text.p);
    event_tree_init(&tree, profiles, root, NULL);
    bool is_match = reference_match(r, rule, &tree);
    reference_free(r);
    return is_match;
}

/* Loaded once. */
static const struct profile_set *built_in_profiles(void)
{
    static const struct profile_set *profiles;
    static struct arena *home; /* kept, so that it is no leak */
    struct weir_err err;

    if (!home) {
        home = arena_new(0);
        CHECK_EQ(profile_set_load(home, STR(""), &profiles, &err), WEIR_OK);
    }
    return profiles;
}

bool query_fires(const char *language, const char *query, const char *json)
{
    struct arena *a = arena_new(0);
    const struct profile_set *profiles = built_in_profiles();
    struct loaded_rules loaded;
    struct str event = with_quotes(a, json);

    load(a, language, query, &loaded);
    if (!loaded.n_rules)
        fail_msg("%s: %.*s", query, (int)loaded.verdicts[0].messages[0].text.n,
                 loaded.verdicts[0].messages[0].text.p);
    bool reference = reference_fires(a, loaded.rules[0], profiles, event);
    bool compiled;
    compiled_match(a, loaded.rules[0], profiles, &event, 1, &compiled);
    if (reference != compiled)
        fail_msg("%s on %s: reference %d, compiled %d", query, json, reference, compiled);
    arena_free(a);
    return reference;
}

struct str query_fires_each(struct arena *a, const char *language, struct str query,
                            const struct str *events, size_t n, bool *fires)
{
    const struct profile_set *profiles = built_in_profiles();
    struct loaded_rules loaded;

    load_text(a, language, query, &loaded);
    if (!loaded.n_rules)
        return loaded.verdicts[0].messages[0].text;
    compiled_match(a, loaded.rules[0], profiles, events, n, fires);
    for (size_t i = 0; i < n; i++) {
        bool reference = reference_fires(a, loaded.rules[0], profiles, events[i]);
        if (reference != fires[i])
            fail_msg("%.*s\non %.*s\nreference %d, compiled %d", (int)query.n, query.p,
                     (int)events[i].n, events[i].p, reference, fires[i]);
    }
    return STR("");
}

void query_engines_agree(const char *language, struct str query, const struct str *events, size_t n,
                         struct query_pair_counts *counts)
{
    struct arena *a = arena_new(0);
    bool *fires = ARENA_ARRAY(a, n, bool);
    bool is_bad = query_fires_each(a, language, query, events, n, fires).n > 0;

    counts->n_bad += is_bad;
    for (size_t i = 0; !is_bad && i < n; i++) {
        counts->n_verdicts++;
        counts->n_matches += fires[i];
    }
    arena_free(a);
}

void query_cases_check(const char *language, const struct query_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (query_fires(language, cases[i].query, cases[i].event) != cases[i].fires)
            fail_msg("row %zu: %s of %s: expected %d", i, cases[i].query, cases[i].event,
                     cases[i].fires);
}

struct str query_verdict(struct arena *a, const char *language, const char *query)
{
    struct rule_loader *l = rule_loader_new(a, &QUERY_TEST_LISTS, NULL);
    struct loaded_rules loaded;

    rule_loader_add_as(l, STR("q"), str_from(language), str_from(query));
    rule_loader_finish(l, &loaded);
    CHECK_EQ(loaded.n_verdicts, 1);
    const struct verdict *v = &loaded.verdicts[0];
    if (v->n_messages == 0)
        return STR("ok");
    const struct verdict_message *m = &v->messages[0];
    return arena_printf(a, "%s: %u:%u: %.*s", verdict_status_name(v->status), m->line, m->col,
                        (int)m->text.n, m->text.p);
}

void query_verdicts_check(const char *language, const struct query_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct arena *a = arena_new(0);
        struct str said = query_verdict(a, language, rows[i].query);
        if (!str_eq(said, str_from(rows[i].out)))
            fail_msg("row %zu: %s\n says %.*s\n want %s", i, rows[i].query, (int)said.n, said.p,
                     rows[i].out);
        arena_free(a);
    }
}

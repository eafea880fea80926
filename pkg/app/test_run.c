/* test_run.c - one test: which rules take part, the play, and for a failure the atoms that decided.
 *
 * Of the rules that were loaded only those of the test's rule file take part, and those that they
 * listen to: a test says the same whatever else is loaded beside it.
 */
#include "app/test_run.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/edges.h"
#include "app/measure.h"
#include "app/reason_text.h"
#include "app/scenario.h"
#include "app/test_shape.h"
#include "base/str.h"
#include "base/vec.h"
#include "rule/correlation.h"

enum {
    REASON_EVENTS_MAX = 3,     /* of a failed test, explained */
    REASON_TESTS_MAX = 4,      /* of each of them */
    EXERCISE_EVENTS_MAX = 1000 /* of one test, looked at */
};

struct test_runner {
    struct arena *arena;
    const struct rule_book *book;
    const struct rule_options *rules;
    const struct state_options *state;
    struct str version;
    struct reference *reference;
    struct digest *digest;
    struct redactor *redactor;
    struct exercise *exercise;
    struct arena *event; /* the tree that is looked at */
    struct vec groups;   /* struct str: names in a Redis */
    /* The test at hand. */
    struct rule **chosen;
    struct rule **played; /* the same, to be played: alone() */
    bool *is_own;
    size_t n_chosen;
    const struct rule_test *test;
    struct str profile;
    struct vec reasons;          /* struct str */
    struct player_counts counts; /* of the test at hand */
};

struct test_runner *test_runner_new(const struct rule_book *book, const struct rule_options *rules,
                                    const struct state_options *state, struct str version)
{
    struct arena *a = arena_new(0);
    struct test_runner *t = ARENA_NEW(a, struct test_runner);

    *t = (struct test_runner){
        .arena = a, .book = book, .rules = rules, .state = state, .version = version};
    t->event = arena_new(0);
    t->reference = reference_new();
    reference_use_lists(t->reference, book->list_view);
    t->digest = digest_new();
    t->redactor = redactor_new(t->digest);
    t->exercise = exercise_new(a, t->reference);
    t->chosen = ARENA_ARRAY(a, book->n_rules, struct rule *);
    t->played = ARENA_ARRAY(a, book->n_rules, struct rule *);
    t->is_own = ARENA_ARRAY(a, book->n_rules, bool);
    return t;
}

void test_runner_free(struct test_runner *t)
{
    redactor_free(t->redactor);
    digest_free(t->digest);
    reference_free(t->reference);
    arena_free(t->event);
    arena_free(t->arena); /* t itself is in it */
}

const struct exercise *test_runner_exercise(const struct test_runner *t)
{
    return t->exercise;
}

/* ---- the rules of a test -------------------------------------------------------------------- */

static bool same_file(struct arena *a, struct str one, struct str other)
{
    struct stat x, y;

    if (str_eq(one, other))
        return true;
    return stat(arena_str(a, one).p, &x) == 0 && stat(arena_str(a, other).p, &y) == 0 &&
           x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static bool is_of_file(struct test_runner *t, const struct rule *r, struct str path)
{
    size_t n = path.n;

    /* Most paths have other names at their end already, and need no look at the disk. */
    while (n && path.p[n - 1] != '/')
        n--;
    return path.n && str_ends(r->path, str_sub(path, n, path.n)) &&
           same_file(t->arena, r->path, path);
}

static bool is_own(struct test_runner *t, const struct suite_file *f, const struct rule *r)
{
    if (f->rule_id.n)
        return str_eq(r->uid, f->rule_id);
    if (f->rule_path.n)
        return is_of_file(t, r, f->rule_path);
    for (size_t i = 0; i < f->rules.n; i++)
        if (is_of_file(t, r, f->rules.items[i]))
            return true;
    return false;
}

static bool is_beside(struct test_runner *t, const struct suite_file *f, const struct rule *r)
{
    for (size_t i = 0; i < f->rules.n; i++)
        if (is_of_file(t, r, f->rules.items[i]))
            return true;
    return false;
}

/* What a rule listens to takes part. */
static void pull_in(const struct test_runner *t, const struct rule *rule, bool *is_taken)
{
    const struct correlation *c = rule->correlation;

    for (size_t k = 0; c && k < c->n_inputs; k++)
        for (size_t i = 0; i < t->book->n_rules; i++) {
            if (t->book->rules[i] != c->inputs[k].rule || is_taken[i])
                continue;
            is_taken[i] = true;
            pull_in(t, t->book->rules[i], is_taken);
        }
}

static bool is_listened_to(const struct test_runner *t, const struct rule *rule)
{
    for (size_t i = 0; i < t->n_chosen; i++) {
        const struct correlation *c = t->chosen[i]->correlation;
        for (size_t k = 0; c && k < c->n_inputs; k++)
            if (c->inputs[k].rule == rule)
                return true;
    }
    return false;
}

/* Who listens to a rule may keep it from alerting by itself; those that take no part do not. */
static struct rule *alone(struct test_runner *t, struct rule *rule)
{
    if (!rule->state || !rule->state->is_referenced || is_listened_to(t, rule))
        return rule;
    struct rule *copy = ARENA_NEW(t->arena, struct rule);
    struct rule_state *state = ARENA_NEW(t->arena, struct rule_state);
    *copy = *rule;
    *state = *rule->state;
    state->is_referenced = false;
    copy->state = state;
    return copy;
}

/* Returns how many are the test's own. */
static size_t choose_rules(struct test_runner *t, const struct suite_file *f)
{
    size_t n = t->book->n_rules, n_own = 0;
    bool *is_taken = ARENA_ARRAY(t->arena, n, bool), *own = ARENA_ARRAY(t->arena, n, bool);

    for (size_t i = 0; i < n; i++) {
        own[i] = is_own(t, f, t->book->rules[i]);
        n_own += own[i];
        is_taken[i] = own[i] || is_beside(t, f, t->book->rules[i]);
    }
    for (size_t i = 0; i < n; i++)
        if (is_taken[i])
            pull_in(t, t->book->rules[i], is_taken);
    t->n_chosen = 0;
    for (size_t i = 0; i < n; i++) {
        if (!is_taken[i])
            continue;
        t->is_own[t->n_chosen] = own[i];
        t->chosen[t->n_chosen++] = t->book->rules[i];
    }
    for (size_t i = 0; i < t->n_chosen; i++)
        t->played[i] = alone(t, t->chosen[i]);
    return n_own;
}

/* ---- reasons -------------------------------------------------------------------------------- */

static void add_reason(struct test_runner *t, struct buf *text)
{
    *(struct str *)vec_push(t->arena, &t->reasons, sizeof(struct str)) =
        arena_str(t->arena, buf_str(text));
    buf_clear(text);
}

static void add_words(struct buf *out, const struct logsource_values *values)
{
    for (uint32_t i = 0; i < values->n; i++)
        buf_printf(out, "%s%.*s", i ? "," : "", (int)values->values[i].n, values->values[i].p);
    if (!values->is_known)
        buf_add(out, STR("?"));
    else if (values->n == 0)
        buf_add(out, STR("none"));
}

/* The rule does not see events of this source at all. */
static void explain_source(struct buf *text, const struct rule *rule, const struct event_tree *tree)
{
    const struct logsource_facts *facts = &tree->shape.facts;
    struct str profile = tree->shape.profile ? profile_name(tree->shape.profile) : STR("unknown");

    buf_printf(text, "the event is %.*s (product ", (int)profile.n, profile.p);
    add_words(text, &facts->product);
    buf_add(text, STR(", category "));
    add_words(text, &facts->category);
    buf_add(text, STR(", service "));
    add_words(text, &facts->service);
    buf_add(text, STR("), which is not the rule's source ("));
    const struct str parts[] = {rule->logsource.product, rule->logsource.category,
                                rule->logsource.service};
    for (size_t i = 0, n = 0; i < ARRAY_LEN(parts); i++)
        if (parts[i].n)
            buf_printf(text, "%s%.*s", n++ ? ", " : "", (int)parts[i].n, parts[i].p);
    buf_add(text, STR(")"));
}

static void explain_tests(struct test_runner *t, struct buf *text, struct str head,
                          const struct rule *rule, const struct event_tree *tree)
{
    const struct reason *whole = reason_of(t->reference, t->arena, rule->formula, tree);
    size_t n = 0;

    redactor_begin(t->redactor, t->arena, tree);
    for (const struct reason *r = whole; r; r = r->next) {
        if (!r->is_deciding)
            continue;
        if (n++ == REASON_TESTS_MAX) {
            buf_add(text, head);
            buf_add(text, STR("... and more"));
            add_reason(t, text);
            return;
        }
        buf_add(text, head);
        reason_add_line(text, t->redactor, rule, r);
        add_reason(t, text);
    }
}

static void explain_event(struct test_runner *t, struct player *p, size_t i,
                          const struct rule *rule)
{
    struct event_tree tree;
    struct buf text = {0};

    if (!player_event_tree(p, t->arena, i, &tree))
        return;
    struct str head =
        arena_printf(t->arena, "event %zu, %.*s: ", i, (int)rule->title.n, rule->title.p);
    if (!t->rules->no_routing && !logsource_allows(&tree.shape.facts, &rule->logsource)) {
        buf_add(&text, head);
        explain_source(&text, rule, &tree);
        add_reason(t, &text);
    } else {
        explain_tests(t, &text, head, rule, &tree);
    }
    buf_release(&text);
}

/* Is this rule one whose matches the failed expectation was about? */
static bool is_asked_about(const struct test_runner *t, size_t k, struct str rule)
{
    const struct rule *r = t->chosen[k];

    if (r->correlation)
        return false;
    if (rule.n && (str_eq(rule, r->uid) || str_eq(rule, r->name)))
        return true;
    /* What a correlation listens to decides what it finds. */
    for (size_t i = 0; i < t->n_chosen; i++)
        if (t->chosen[i]->correlation)
            return true;
    return !rule.n && t->is_own[k];
}

/* What a correlation heard: how often each rule that it listens to matched. */
static void explain_steps(struct test_runner *t, struct player *p)
{
    struct buf text = {0};

    for (size_t k = 0; k < t->n_chosen; k++) {
        size_t n_events = 0, n_matched = 0;
        if (t->chosen[k]->correlation || !is_listened_to(t, t->chosen[k]))
            continue;
        for (size_t i = 0; i < player_event_count(p); i++) {
            bool is_history = player_event_at(p, i).is_history;
            n_events += !is_history;
            n_matched += !is_history && player_event_matched(p, i, k);
        }
        buf_printf(&text, "%.*s matched %zu of %zu events", (int)t->chosen[k]->title.n,
                   t->chosen[k]->title.p, n_matched, n_events);
        add_reason(t, &text);
    }
    buf_release(&text);
}

static void explain(struct test_runner *t, struct player *p, const struct scenario_failure *f)
{
    size_t n = player_event_count(p), n_told = 0;

    explain_steps(t, p);
    for (size_t i = f->events_from; i < n && n_told < REASON_EVENTS_MAX; i++) {
        bool is_told = false;
        if (player_event_at(p, i).is_history)
            continue;
        for (size_t k = 0; k < t->n_chosen; k++) {
            if (!is_asked_about(t, k, f->expected->rule) ||
                player_event_matched(p, i, k) == f->is_too_few)
                continue;
            explain_event(t, p, i, t->chosen[k]);
            is_told = true;
        }
        n_told += is_told;
    }
}

/* ---- the play ------------------------------------------------------------------------------- */

static void exercise_all(struct test_runner *t, struct player *p)
{
    size_t n = player_event_count(p);

    for (size_t k = 0; k < t->n_chosen; k++) {
        if (!t->is_own[k] || !t->chosen[k]->correlation)
            continue;
        arena_reset(t->event);
        exercise_edges(t->exercise, t->chosen[k], edges_reached(t->event, p, k));
    }

    for (size_t i = 0; i < n && i < EXERCISE_EVENTS_MAX; i++) {
        struct event_tree tree;
        arena_reset(t->event);
        if (!player_event_tree(p, t->event, i, &tree))
            continue;
        for (size_t k = 0; k < t->n_chosen; k++)
            if (t->is_own[k])
                exercise_event(t->exercise, t->chosen[k], &tree);
    }
}

/* scenario_script.after */
static void after(void *context, struct player *p, const struct scenario_failure *failure)
{
    struct test_runner *t = context;

    if (!p)
        return;
    t->counts = player_counts(p, STR(""));
    exercise_all(t, p);
    if (failure->expected)
        explain(t, p, failure);
}

static enum weir_rc profile_of(const struct test_runner *t, struct str *name, struct weir_err *err)
{
    const struct rule_test *test = t->test;

    *name = test->profile;
    if (test->profile.n && !profile_find(t->book->profiles, test->profile))
        return err_at(err, WEIR_SYNTAX, test->line, test->col, "no profile is called '%.*s'",
                      (int)test->profile.n, test->profile.p);
    if (test->profile.n)
        return WEIR_OK;
    const struct profile *p =
        test_shape_choose(t->book->profiles, t->chosen, t->n_chosen, &test->script);
    *name = p ? profile_name(p) : STR("");
    return WEIR_OK;
}

/* A name in a Redis that nobody else has. */
static struct str next_group(struct test_runner *t)
{
    struct str *group = vec_push(t->arena, &t->groups, sizeof *group);

    *group = arena_printf(t->arena, "test %d %lld %u", (int)getpid(), (long long)wall_clock_ms(),
                          t->groups.n);
    return *group;
}

enum weir_rc test_runner_clean(struct test_runner *t, struct weir_err *err)
{
    return state_forget(t->state, t->groups.items, t->groups.n, err);
}

static enum weir_rc play(struct test_runner *t, struct weir_err *err)
{
    struct state_options state = *t->state;
    struct str profile;

    TRY(profile_of(t, &profile, err));
    t->profile = profile;
    state.group = next_group(t);
    const struct scenario_script how = {
        .script = &t->test->script,
        .play = {.rules = *t->rules,
                 .book = t->book,
                 .chosen = t->played,
                 .n_chosen = t->n_chosen,
                 .is_own = t->is_own,
                 .state = state,
                 .profile = profile,
                 .version = t->version,
                 .has_clock = !t->test->has_own_times},
        .start_ms = t->test->start_ms,
        .after = after,
        .context = t,
    };
    return scenario_play_script(&how, err);
}

/* ---- one test ------------------------------------------------------------------------------- */

static bool skip(struct test_result *out, struct str path, const char *why)
{
    out->outcome = TEST_SKIPPED;
    err_set(&out->err, WEIR_NOTFOUND, "%s", why);
    err_file(&out->err, path);
    return true;
}

/* A rule that was left out, by its selection or since it does not load. */
static bool is_left_out(struct test_runner *t, const struct suite_file *f, struct test_result *out)
{
    for (size_t i = 0; i < t->book->loaded.n_verdicts; i++) {
        const struct verdict *v = &t->book->loaded.verdicts[i];
        bool is_meant = f->rule_id.n ? str_eq(v->uid, f->rule_id)
                                     : f->rule_path.n && same_file(t->arena, v->path, f->rule_path);
        if (is_meant && verdict_is_bad(v->status))
            return skip(out, f->path, "its rule does not load");
        if (is_meant && !t->book->is_selected[i])
            return skip(out, f->path, "its rule is not selected");
    }
    return false;
}

static void no_rule(const struct suite_file *f, struct test_result *out)
{
    out->outcome = TEST_FAILED;
    if (f->rule_id.n)
        err_at(&out->err, WEIR_BADARG, 0, 0, "no rule has the id %.*s; give its directory too",
               (int)f->rule_id.n, f->rule_id.p);
    else
        err_at(&out->err, WEIR_BADARG, 0, 0,
               "no rule file of this name is beside it (NAME.yml for NAME.test.yml); or name files "
               "by 'rules'");
    err_file(&out->err, f->path);
}

/* WEIR_IO and the like are not the test's fault. */
static bool is_worlds_fault(enum weir_rc rc)
{
    return rc == WEIR_IO || rc == WEIR_CLOSED || rc == WEIR_NOTFOUND;
}

enum weir_rc test_run(struct test_runner *t, const struct suite_file *file, size_t i,
                      struct test_result *out, struct weir_err *err)
{
    *out = (struct test_result){.outcome = TEST_PASSED};
    t->test = &file->tests.items[i];
    t->reasons = (struct vec){0};
    t->profile = STR("");
    t->counts = (struct player_counts){0};
    if (file->absent && file->absent[i].n) {
        skip(out, file->path, file->absent[i].p);
        return WEIR_OK;
    }
    if (choose_rules(t, file) == 0) {
        if (!is_left_out(t, file, out))
            no_rule(file, out);
        return WEIR_OK;
    }
    for (size_t k = 0; k < t->n_chosen; k++)
        if (t->is_own[k])
            exercise_rule(t->exercise, t->chosen[k]);
    double begin = now_seconds();
    enum weir_rc rc = play(t, &out->err);
    out->seconds = now_seconds() - begin;
    if (is_worlds_fault(rc)) {
        *err = out->err;
        return rc;
    }
    err_file(&out->err, file->path);
    out->outcome = rc == WEIR_OK ? TEST_PASSED : TEST_FAILED;
    out->profile = t->profile;
    out->matches = t->counts.matches;
    out->alerts = t->counts.creates + t->counts.raises;
    out->reasons = t->reasons.items;
    out->n_reasons = t->reasons.n;
    return WEIR_OK;
}

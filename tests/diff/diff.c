/* diff.c - does the compiled matcher equal the reference evaluator?
 *
 *   diff RULES-DIR [--events FILE.ndjson] [--every N] [--from N] [--max N]
 *        [--synth N] [--seed S] [--no-routing] [--no-cache]
 *
 * --events: every Nth line is matched by both. --synth: N events from each rule's own words, half
 * of them mutated. A difference prints the event and the rule; exit 1. The last line says how
 * much was compared.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "app/files.h"
#include "app/text_list.h"
#include "base/str.h"
#include "event/lookup.h"
#include "lang/lang.h"
#include "match/matcher.h"
#include "match/reference.h"
#include "plan/plan.h"
#include "detect/synth.h"

enum { DIFFERENCES_SHOWN = 20 };

struct tester {
    struct arena *home;
    struct arena *scratch;
    const struct profile_set *profiles;
    struct loaded_rules loaded;
    const struct plan *plan;
    const struct net *net;
    struct extract_worker *worker;
    struct matcher *matcher;
    struct reference *reference;
    bool no_routing, no_cache;
    uint64_t n_events, n_pairs, n_matches, n_differences, n_rejected, n_own;
    struct buf batch;                    /* the events' bytes */
    size_t ends[MATCH_BATCH_MAX];        /* of each event in it */
    uint32_t made_from[MATCH_BATCH_MAX]; /* rule number, or UINT32_MAX */
    size_t n_batch;
};

/* Any list has these entries: the shared rules only need some list to load. */
static bool any_list(UNUSED void *context, UNUSED struct str name, struct str_list *entries,
                     enum list_mode *mode)
{
    static const struct str ITEMS[] = {{"listed-one", 10}, {"LISTED\\two", 10}};

    *entries = (struct str_list){ITEMS, 2};
    *mode = LIST_CI;
    return true;
}

static void die(const char *what, const struct weir_err *err)
{
    char text[1200];

    fprintf(stderr, "diff: %s: %s\n", what, err ? err_format(err, text, sizeof text) : "failed");
    exit(3);
}

static void load(struct tester *t, const char *dir)
{
    struct list_source lists = {.lookup = any_list};
    struct weir_err err;
    struct text_list dirs = {0}, paths = {0};
    struct files_request request = {.wanted = lang_is_rule_path, .what = "rules"};
    struct rule_loader *l = rule_loader_new(t->home, &lists, NULL);

    text_list_add(&dirs, str_from(dir));
    if (files_collect(t->home, &dirs, &request, &paths, &err) != WEIR_OK)
        die(dir, &err);
    for (size_t i = 0; i < paths.n; i++) {
        struct str text;
        arena_reset(t->scratch);
        if (file_read(t->scratch, paths.items[i], LANG_FILE_MAX, &text, &err) != WEIR_OK)
            die("rule file", &err);
        rule_loader_add(l, paths.items[i], text);
    }
    rule_loader_finish(l, &t->loaded);
    text_list_release(&dirs);
    text_list_release(&paths);
    if (profile_set_load(t->home, STR(""), &t->profiles, &err) != WEIR_OK)
        die("profiles", &err);
    struct plan_options options = {.no_routing = t->no_routing};
    t->plan = plan_new(t->home, t->loaded.rules, t->loaded.n_rules, t->profiles, &options);
    if (net_new(t->home, t->plan, &t->net, &err) != WEIR_OK)
        die("net", &err);
    t->worker = extract_worker_new(t->plan->extractor);
    t->matcher = matcher_new(t->net, t->worker, !t->no_cache);
    t->reference = reference_new();
}

static void show(struct tester *t, struct str event, uint32_t rule, bool compiled)
{
    const struct rule *r = t->plan->rules[rule].rule;

    if (++t->n_differences > DIFFERENCES_SHOWN)
        return;
    printf("DIFFERENCE rule %.*s (%.*s): compiled %s, reference %s\n  %.*s\n", (int)r->uid.n,
           r->uid.p, (int)r->path.n, r->path.p, compiled ? "matches" : "no match",
           compiled ? "no match" : "matches", (int)event.n, event.p);
}

/* The reference's verdicts on one event beside the compiled ones (sorted rule numbers). */
static void compare(struct tester *t, struct str event, uint32_t made_from,
                    const struct match *matches, size_t n)
{
    struct json_node *root;
    struct event_tree tree;
    size_t at = 0;

    arena_reset(t->scratch);
    if (json_tree_parse(t->scratch, event, &root, NULL) != JSON_OK)
        die("tree refuses what the scanner took", NULL);
    event_tree_init(&tree, t->profiles, root, NULL);
    for (uint32_t r = 0; r < t->plan->n_rules; r++) {
        const struct rule *rule = t->plan->rules[r].rule;
        bool reference = (t->no_routing || logsource_allows(&tree.shape.facts, &rule->logsource)) &&
                         reference_match(t->reference, rule, &tree);
        bool compiled = at < n && matches[at].rule == r;
        at += compiled;
        t->n_pairs++;
        t->n_matches += reference;
        t->n_own += reference && r == made_from;
        if (reference != compiled)
            show(t, event, r, compiled);
    }
}

static void run_batch(struct tester *t)
{
    struct event events[MATCH_BATCH_MAX] = {0};
    struct str texts[MATCH_BATCH_MAX];
    uint32_t made_from[MATCH_BATCH_MAX];
    const struct match *matches;
    size_t n = 0, start = 0;

    for (size_t i = 0; i < t->n_batch; i++) {
        struct str text = {t->batch.p + start, t->ends[i] - start};
        start = t->ends[i];
        if (extract_event(t->worker, text, (struct event_ref){0}, &events[n]) != EVENT_OK) {
            t->n_rejected++;
            continue;
        }
        made_from[n] = t->made_from[i];
        texts[n++] = text;
    }
    size_t n_matches = matcher_run(t->matcher, events, n, &matches), at = 0;
    for (size_t i = 0; i < n; i++) {
        size_t first = at;
        while (at < n_matches && matches[at].event == i)
            at++;
        compare(t, texts[i], made_from[i], matches + first, at - first);
        t->n_events++;
    }
    if (at != n_matches)
        die("matches out of order", NULL);
    extract_batch_reset(t->worker);
    buf_clear(&t->batch);
    t->n_batch = 0;
}

static void take(struct tester *t, uint32_t made_from)
{
    t->made_from[t->n_batch] = made_from;
    t->ends[t->n_batch++] = t->batch.n;
    if (t->n_batch == MATCH_BATCH_MAX)
        run_batch(t);
}

static void compare_file(struct tester *t, const char *path, unsigned long every,
                         unsigned long from, unsigned long max)
{
    FILE *f = fopen(path, "r");
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;

    if (!f)
        die(path, NULL);
    for (unsigned long i = 0, taken = 0; (n = getline(&line, &cap, f)) > 0 && taken < max; i++) {
        if (i % every != from % every)
            continue;
        taken++;
        buf_add(&t->batch, str_trim((struct str){line, (size_t)n}));
        take(t, UINT32_MAX);
    }
    free(line);
    fclose(f);
    if (t->n_batch)
        run_batch(t);
}

static void compare_synth(struct tester *t, unsigned long per_rule, uint64_t seed)
{
    struct synth s = {seed};

    for (uint32_t r = 0; r < t->plan->n_rules; r++)
        for (unsigned long i = 0; i < per_rule; i++) {
            synth_event(&s, t->plan->rules[r].rule, i % 2 ? 1 + synth_below(&s, 4) : 0, &t->batch);
            take(t, r);
        }
    if (t->n_batch)
        run_batch(t);
}

int main(int argc, char **argv)
{
    struct tester t = {.home = arena_new(1 << 20), .scratch = arena_new(0)};
    const char *events = NULL;
    unsigned long every = 1, from = 0, max = ~0ul, synth = 0, seed = 1;

    if (argc < 2)
        return 3;
    for (int i = 2; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(argv[i], "--no-routing") == 0)
            t.no_routing = true;
        else if (strcmp(argv[i], "--no-cache") == 0)
            t.no_cache = true;
        else if (strcmp(argv[i], "--events") == 0)
            events = value, i++;
        else if (strcmp(argv[i], "--every") == 0)
            every = strtoul(value, NULL, 10), i++;
        else if (strcmp(argv[i], "--from") == 0)
            from = strtoul(value, NULL, 10), i++;
        else if (strcmp(argv[i], "--max") == 0)
            max = strtoul(value, NULL, 10), i++;
        else if (strcmp(argv[i], "--synth") == 0)
            synth = strtoul(value, NULL, 10), i++;
        else if (strcmp(argv[i], "--seed") == 0)
            seed = strtoul(value, NULL, 10), i++;
        else
            return 3;
    }
    load(&t, argv[1]);
    if (events)
        compare_file(&t, events, every ? every : 1, from, max);
    if (synth)
        compare_synth(&t, synth, seed);
    printf("diff: %u rules, %llu events (%llu rejected), %llu verdicts, %llu matches, %llu of an "
           "event's own rule, seed %lu, %llu differences\n",
           t.plan->n_rules, (unsigned long long)t.n_events, (unsigned long long)t.n_rejected,
           (unsigned long long)t.n_pairs, (unsigned long long)t.n_matches,
           (unsigned long long)t.n_own, seed, (unsigned long long)t.n_differences);
    matcher_free(t.matcher);
    extract_worker_free(t.worker);
    reference_free(t.reference);
    net_free(t.net);
    buf_release(&t.batch);
    arena_free(t.scratch);
    arena_free(t.home);
    return t.n_differences ? 1 : 0;
}

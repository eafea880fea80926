/* own.c - does each rule match an event made from its own words, and not once a single thing in it
 * is broken?
 *
 *   own RULES-DIR [--seed S] [--tries N] [--show]
 *
 * For each rule about single events: events are made from its formula (detect/synth.h) until one
 * matches. Then one field of that event is changed or taken away at a time, until the rule does not
 * match any more; of the changes that do this the one that turns the fewest atoms is taken. Each
 * event on the way is asked of the reference and of the compiled matcher, which must agree.
 *
 * A line for each rule that has no such event (`no match`, `not broken`) and for each difference;
 * the last line counts. Exit 1 if there is a difference. --show prints the pairs of events.
 */
#include <stdio.h>
#include <stdlib.h>

#include "app/files.h"
#include "app/text_list.h"
#include "base/str.h"
#include "detect/synth.h"
#include "event/lookup.h"
#include "json/write.h"
#include "lang/lang.h"
#include "match/matcher.h"
#include "match/reference.h"
#include "plan/plan.h"

enum { TRIES = 2000, ATOMS_MAX = 4096 };

struct own {
    struct arena *home, *scratch;
    const struct profile_set *profiles;
    struct loaded_rules loaded;
    struct reference *reference;
    struct synth synth;
    unsigned long tries;
    bool is_showing;
    /* the rule at hand */
    const struct rule *rule;
    struct extract_worker *worker;
    struct matcher *matcher;
    const struct atom *atoms[ATOMS_MAX];
    size_t n_atoms;
    uint64_t n_rules, n_matched, n_broken, n_single, n_events, n_differences;
};

static void die(const char *what, const struct weir_err *err)
{
    char text[1200];

    fprintf(stderr, "own: %s: %s\n", what, err ? err_format(err, text, sizeof text) : "failed");
    exit(3);
}

static void load(struct own *o, const char *dir)
{
    struct weir_err err;
    struct text_list dirs = {0}, paths = {0};
    struct files_request request = {.wanted = lang_is_rule_path, .what = "rules"};
    struct rule_loader *l = rule_loader_new(o->home, NULL, NULL);

    text_list_add(&dirs, str_from(dir));
    if (files_collect(o->home, &dirs, &request, &paths, &err) != WEIR_OK)
        die(dir, &err);
    for (size_t i = 0; i < paths.n; i++) {
        struct str text;
        arena_reset(o->scratch);
        if (file_read(o->scratch, paths.items[i], LANG_FILE_MAX, &text, &err) != WEIR_OK)
            die("rule file", &err);
        rule_loader_add_found(l, paths.items[i], text);
    }
    rule_loader_finish(l, &o->loaded);
    if (profile_set_load(o->home, STR(""), &o->profiles, &err) != WEIR_OK)
        die("profiles", &err);
}

/* ---- one event -------------------------------------------------------------------- */

static bool open_event(struct own *o, struct str text, struct event_tree *tree)
{
    struct json_node *root;

    if (json_tree_parse(o->scratch, text, &root, NULL) != JSON_OK || root->type != JSON_T_OBJECT)
        return false;
    event_tree_init(tree, o->profiles, root, NULL);
    return true;
}

static bool compiled_matches(struct own *o, struct str text)
{
    const struct match *matches;
    struct event event;

    if (extract_event(o->worker, text, (struct event_ref){0}, &event) != EVENT_OK)
        die("extraction refuses what the tree takes", NULL);
    size_t n = matcher_run(o->matcher, &event, 1, &matches);
    extract_batch_reset(o->worker);
    return n == 1;
}

/* Both engines; a difference is told. */
static bool matches(struct own *o, struct str text)
{
    struct event_tree tree;

    if (!open_event(o, text, &tree))
        return false;
    bool reference = reference_match(o->reference, o->rule, &tree);
    bool compiled = compiled_matches(o, text);
    o->n_events++;
    if (reference != compiled) {
        o->n_differences++;
        printf("DIFFERENCE %.*s: compiled %d, reference %d\n  %.*s\n", (int)o->rule->path.n,
               o->rule->path.p, compiled, reference, (int)text.n, text.p);
    }
    return reference;
}

/* ---- broken ------------------------------------------------------------------------- */

static void collect_atom(const struct atom *atom, void *context)
{
    struct own *o = context;

    if (o->n_atoms < ATOMS_MAX)
        o->atoms[o->n_atoms++] = atom;
}

static void truths(struct own *o, struct str text, unsigned char *out)
{
    struct event_tree tree;

    if (!open_event(o, text, &tree))
        return;
    for (size_t i = 0; i < o->n_atoms; i++)
        out[i] = (unsigned char)reference_atom(o->reference, o->atoms[i], &tree);
}

/* How many different atoms say something else of the second event. The same atom may stand in a
 * rule more than once. */
static size_t count_turned(struct own *o, struct str a, struct str b)
{
    unsigned char *before = arena_zalloc(o->scratch, o->n_atoms + 1),
                  *after = arena_zalloc(o->scratch, o->n_atoms + 1);
    size_t n = 0;

    truths(o, a, before);
    truths(o, b, after);
    for (size_t i = 0; i < o->n_atoms; i++)
        n += before[i] != after[i];
    return n;
}

enum change { CHANGE_GONE, CHANGE_TAIL, CHANGE_HEAD, CHANGE_OTHER, CHANGE_NULL, CHANGES };

static void write_changed(struct json_writer *w, const struct json_node *m, enum change how)
{
    struct buf text = {0};

    if (how == CHANGE_NULL || (m->type != JSON_T_STRING && how != CHANGE_OTHER)) {
        json_put_null(w);
        return;
    }
    if (m->type == JSON_T_STRING && how == CHANGE_HEAD)
        buf_add(&text, STR("~"));
    if (m->type == JSON_T_STRING && how != CHANGE_OTHER)
        buf_add(&text, m->text);
    if (how != CHANGE_HEAD)
        buf_add(&text, STR("~"));
    json_put_str(w, buf_str(&text));
    buf_release(&text);
}

/* The event with its i-th member changed. */
static struct str changed(struct own *o, const struct json_node *root, size_t i, enum change how)
{
    struct buf text = {0};
    struct json_writer w;

    json_writer_init(&w, &text);
    json_open_object(&w);
    for (const struct json_node *m = root->first; m; m = m->next, i--) {
        if (i == 0 && how == CHANGE_GONE)
            continue;
        json_key(&w, m->key);
        if (i == 0)
            write_changed(&w, m, how);
        else
            json_put_tree(&w, m);
    }
    json_close_object(&w);
    struct str out = arena_str(o->scratch, buf_str(&text));
    buf_release(&text);
    return out;
}

/* The change that turns the fewest atoms and loses the match; false: none does. */
static bool break_event(struct own *o, struct str text, struct str *out, size_t *n_turned)
{
    struct event_tree tree;
    size_t n_members = 0;

    *n_turned = SIZE_MAX;
    if (!open_event(o, text, &tree))
        return false;
    for (const struct json_node *m = tree.root->first; m; m = m->next)
        n_members++;
    for (size_t i = 0; i < n_members; i++)
        for (enum change how = 0; how<CHANGES && * n_turned> 1; how++) {
            struct str other = changed(o, tree.root, i, how);
            if (matches(o, other))
                continue;
            size_t n = count_turned(o, text, other);
            if (n < *n_turned) {
                *n_turned = n;
                *out = other;
            }
        }
    return *n_turned != SIZE_MAX;
}

/* ---- one rule ----------------------------------------------------------------------- */

static bool make_match(struct own *o, struct buf *text)
{
    for (unsigned long i = 0; i < o->tries; i++) {
        arena_reset(o->scratch);
        buf_clear(text);
        synth_event(&o->synth, o->rule, i < o->tries / 2 ? 0 : (unsigned)(i % 3), text);
        if (matches(o, buf_str(text)))
            return true;
    }
    return false;
}

static void report(const struct own *o, const char *what)
{
    printf("%s: %.*s\n", what, (int)o->rule->uid.n, o->rule->uid.p);
}

static void try_rule(struct own *o)
{
    struct buf text = {0};
    struct str broken;
    size_t n_turned;

    o->n_rules++;
    o->n_atoms = 0;
    formula_each_atom(o->rule->formula, collect_atom, o);
    if (!make_match(o, &text)) {
        report(o, "no match");
    } else if (o->n_matched++, !break_event(o, buf_str(&text), &broken, &n_turned)) {
        report(o, "not broken");
    } else {
        o->n_broken++;
        o->n_single += n_turned <= 1;
        if (o->is_showing)
            printf("+ %.*s\n- %.*s\n", (int)text.n, text.p, (int)broken.n, broken.p);
    }
    buf_release(&text);
}

static void compile_and_try(struct own *o, struct rule *rule)
{
    const struct plan_options options = {.no_routing = true};
    struct arena *a = arena_new(0);
    const struct net *net;
    struct weir_err err;

    const struct plan *plan = plan_new(a, &rule, 1, o->profiles, &options);
    if (net_new(a, plan, &net, &err) != WEIR_OK)
        die("net", &err);
    o->rule = rule;
    o->worker = extract_worker_new(plan->extractor);
    o->matcher = matcher_new(net, o->worker, false);
    try_rule(o);
    matcher_free(o->matcher);
    extract_worker_free(o->worker);
    net_free(net);
    arena_free(a);
}

int main(int argc, char **argv)
{
    struct own o = {.home = arena_new(1 << 20), .scratch = arena_new(0), .tries = TRIES};
    unsigned long seed = 1;

    if (argc < 2)
        return 3;
    for (int i = 2; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(argv[i], "--show") == 0)
            o.is_showing = true;
        else if (strcmp(argv[i], "--seed") == 0)
            seed = strtoul(value, NULL, 10), i++;
        else if (strcmp(argv[i], "--tries") == 0)
            o.tries = strtoul(value, NULL, 10), i++;
        else
            return 3;
    }
    o.synth.state = seed;
    o.reference = reference_new();
    load(&o, argv[1]);
    for (size_t i = 0; i < o.loaded.n_rules; i++)
        if (!o.loaded.rules[i]->correlation) /* but the items of a sequence */
            compile_and_try(&o, o.loaded.rules[i]);
    printf("own: %llu rules, %llu with a match, %llu broken (%llu by one atom), %llu events, seed "
           "%lu, %llu differences\n",
           (unsigned long long)o.n_rules, (unsigned long long)o.n_matched,
           (unsigned long long)o.n_broken, (unsigned long long)o.n_single,
           (unsigned long long)o.n_events, seed, (unsigned long long)o.n_differences);
    reference_free(o.reference);
    arena_free(o.scratch);
    arena_free(o.home);
    return o.n_differences ? 1 : 0;
}

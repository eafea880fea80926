/* test_sigma_corpus.c - every rule of the shared SigmaHQ corpus loads, fast and small. */
#include "lang/lang.h"

#include "base/buf.h"
#include "tests/lib/corpus.h"
#include "tests/lib/shared.h"
#include "tests/lib/test.h"

#include <stdlib.h>
#include <time.h>

enum { RULES = 2814, MEMORY_MAX = 40 * 1000 * 1000 };

static bool any_list(UNUSED void *context, UNUSED struct str name, struct str_list *entries,
                     enum list_mode *mode)
{
    static const struct str ENTRIES[] = {{"alpha", 5}, {"*beta", 5}};

    *entries = (struct str_list){ENTRIES, 2};
    *mode = LIST_GLOB;
    return true;
}

static void add(struct str path, struct str text, void *context)
{
    if (lang_is_rule_path(path))
        rule_loader_add(context, path, text);
}

static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void count_atom(UNUSED const struct atom *atom, void *n)
{
    ++*(size_t *)n;
}

static void print_messages(const struct loaded_rules *loaded, bool all)
{
    struct buf out = {0};

    for (size_t i = 0; i < loaded->n_verdicts; i++)
        for (size_t k = 0; k < loaded->verdicts[i].n_messages; k++)
            if (all || loaded->verdicts[i].messages[k].is_error) {
                verdict_message_format(&out, &loaded->verdicts[i],
                                       &loaded->verdicts[i].messages[k]);
                buf_add_char(&out, '\n');
            }
    printf("%.*s", (int)out.n, out.p);
    buf_release(&out);
}

TEST(the_whole_corpus_loads)
{
    struct list_source lists = {.lookup = any_list};
    struct arena *a = arena_new(1024 * 1024);
    double start = now_s();
    struct rule_loader *l = rule_loader_new(a, &lists, NULL);
    struct loaded_rules loaded;
    size_t n_atoms = 0;

    bool is_there = corpus_each("rules/sigma.tar.zst", add, l);
    rule_loader_finish(l, &loaded);
    double seconds = now_s() - start;
    if (!is_there) {
        shared_absent();
        arena_free(a);
        skip();
    }
    for (size_t i = 0; i < loaded.n_rules; i++)
        formula_each_atom(loaded.rules[i]->formula, count_atom, &n_atoms);
    print_messages(&loaded, getenv("SHOW") != NULL);
    printf("%zu rules (%zu ok, %zu warning, %zu unsupported, %zu error), %zu atoms, %.3f s with "
           "unpacking, %.1f MB held\n",
           loaded.n_rules, loaded.n_by_status[0], loaded.n_by_status[1], loaded.n_by_status[2],
           loaded.n_by_status[3], n_atoms, seconds, (double)arena_held(a) / 1e6);
    CHECK_EQ(loaded.n_rules, RULES);
    CHECK_EQ(loaded.n_by_status[VERDICT_UNSUPPORTED] + loaded.n_by_status[VERDICT_ERROR], 0);
    CHECK(arena_held(a) < MEMORY_MAX);
    arena_free(a);
}

TEST_MAIN(ENTRY(the_whole_corpus_loads))

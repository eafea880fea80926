/* test_reload_memory.c - reloads leave a worker as large as it was: what they need is given back to
 * the system, behind each and over many; what batches leave free in between. */
#include "app/ruleset_load.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"
#include "tests/lib/reload_heard.h"
#include "tests/lib/resident.h"
#include "tests/lib/test.h"

#if TEST_IS_SANITIZED /* what is freed waits in quarantine: reloads alone, nothing measured */
enum { IS_MEASURED = false, RELOADS = 4 };
#else
enum { IS_MEASURED = true, RELOADS = 24 };
#endif

enum {
    PATH = 128,
    RULES = 150,
    TEXTS = 12, /* in each rule */
    WARM = 3,   /* reloads that may still grow it; RELOADS behind them */
    GROWTH = 1536 * 1024,
    OVER_ONE = 4 * 1024 * 1024, /* than with the first set alone */
};

/* ---- rules --------------------------------------------------------------------------------- */

struct files {
    char dir[PATH], rules[PATH];
    struct str rule_paths[1];
    const char *topics[1];
};

/* Each version has other texts, so that nothing of the set before is of use. */
static void write_rules(const struct files *f, int version)
{
    FILE *out = fopen(f->rules, "w");

    CHECK(out);
    for (int i = 0; i < RULES; i++) {
        fprintf(
            out,
            "%stitle: R%d\nid: rule-%d\nlogsource: {}\ndetection:\n  s:\n    Field%d|contains:\n",
            i ? "---\n" : "", i, i, i % 7);
        for (int k = 0; k < TEXTS; k++)
            fprintf(out, "      - text-%d-%d-%d\n", version * 7919 % 1000, i, k);
        fputs("  condition: s\n", out);
    }
    CHECK_EQ(fclose(out), 0);
}

static struct config config_of(struct files *f)
{
    struct config c = {.rules = f->rule_paths,
                       .n_rules = 1,
                       .state = STR("none"),
                       .brake_creates = 100,
                       .n_inputs = 1};

    *f = (struct files){.dir = "/tmp/weir-reload-XXXXXX", .topics = {"events"}};
    CHECK(mkdtemp(f->dir));
    snprintf(f->rules, PATH, "%.100s/rules.yml", f->dir);
    f->rule_paths[0] = str_from(f->dir);
    c.inputs[0].topics = f->topics;
    c.inputs[0].n_topics = 1;
    return c;
}

static void files_release(struct files *f)
{
    unlink(f->rules);
    CHECK_EQ(rmdir(f->dir), 0);
}

/* ---- a worker that does nothing but reload --------------------------------------------------- */

struct worker {
    struct files files;
    struct config config;
    struct ruleset_source source;
    struct ruleset_shelf *shelf;
    const struct ruleset *set; /* the lane's */
    int version;
};

static void take(struct worker *w)
{
    const struct ruleset *old = w->set;

    w->set = ruleset_take(w->shelf);
    for (size_t i = 0; i < w->set->n_engines; i++)
        CHECK(ruleset_engine(w->shelf, w->set, i)); /* a reader's */
    ruleset_release(w->shelf, old);
}

static void worker_init(struct worker *w)
{
    struct weir_err err;
    bool changed;

    *w = (struct worker){.version = 0};
    w->config = config_of(&w->files);
    w->source.config = &w->config;
    write_rules(&w->files, 0);
    w->shelf = ruleset_shelf_new(ruleset_load, ruleset_unload, &w->source);
    CHECK_EQ(ruleset_reload(w->shelf, &changed, &err), WEIR_OK);
    take(w);
}

static void worker_release(struct worker *w)
{
    ruleset_release(w->shelf, w->set);
    ruleset_shelf_free(w->shelf);
    files_release(&w->files);
}

/* So often, each time to another set. */
static void reload(struct worker *w, int n)
{
    struct reload_heard o = RELOAD_HEARD;
    struct ruleset_reloader *r = ruleset_reloader_new(w->shelf, reload_heard_note, &o);

    for (int i = 1; i <= n; i++) {
        write_rules(&w->files, ++w->version);
        ruleset_reloader_ask(r);
        reload_heard_wait(&o, i);
        take(w);
    }
    ruleset_reloader_free(r);
    CHECK_EQ(o.n_changed, n);
}

TEST(reloads_do_not_make_it_larger)
{
    struct worker w;

    worker_init(&w);
    size_t first = resident_bytes();
    reload(&w, WARM);
    size_t warm = resident_bytes();
    reload(&w, RELOADS);
    size_t last = resident_bytes();
    print_message("%zu KiB with one set, %zu behind %d reloads, %zu behind %d more\n", first / 1024,
                  warm / 1024, WARM, last / 1024, RELOADS);
    worker_release(&w);
    CHECK(!IS_MEASURED || warm < first + OVER_ONE);
    CHECK(!IS_MEASURED || last < warm + GROWTH);
}

/* ---- between reloads ------------------------------------------------------------------------- */

enum { PIECES = 256, PIECE = 64 * 1024, PATIENCE_S = 60 };

/* Every other piece of many pages is free now. What was resident with them. */
static size_t leave_free(void *stays[PIECES])
{
    void *goes[PIECES];

    for (size_t i = 0; i < PIECES; i++) {
        goes[i] = malloc(PIECE);
        stays[i] = malloc(PIECE);
        CHECK(goes[i] && stays[i]);
        memset(goes[i], 'x', PIECE);
    }
    size_t resident = resident_bytes();
    for (size_t i = 0; i < PIECES; i++)
        free(goes[i]);
    return resident;
}

TEST(what_is_free_goes_back_to_the_system_without_a_reload)
{
    struct reload_heard o = RELOAD_HEARD;
    void *stays[PIECES];
    struct worker w;

    worker_init(&w);
    struct ruleset_reloader *r = ruleset_reloader_new(w.shelf, reload_heard_note, &o);
    size_t most = leave_free(stays), pieces = (size_t)PIECES * PIECE;
    CHECK(!IS_MEASURED || resident_bytes() > most - pieces / 4); /* by itself it stays */
    time_t end = time(NULL) + PATIENCE_S;
    do {
        ruleset_reloader_tidy(r);
        sched_yield();
    } while (IS_MEASURED && resident_bytes() > most - pieces / 4 * 3 && time(NULL) < end);
    CHECK(!IS_MEASURED || resident_bytes() <= most - pieces / 4 * 3);
    CHECK_EQ(o.n, 0);
    ruleset_reloader_free(r);
    for (size_t i = 0; i < PIECES; i++)
        free(stays[i]);
    worker_release(&w);
}

TEST_MAIN(ENTRY(reloads_do_not_make_it_larger),
          ENTRY(what_is_free_goes_back_to_the_system_without_a_reload))

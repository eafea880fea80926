/* test_ruleset.c - the shelf of rule sets: the newest is handed out, old ones live as long as
 * somebody holds them, a bad one never replaces a good one. Run with SAN=thread, too. */
#include "worker/ruleset.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "tests/lib/reload_heard.h"
#include "tests/lib/test.h"
#include "worker/batch.h"

enum { ALIVE = 0x600d, LANES = 4, RELOADS = 400 };

/* What a loader makes of the next version; `book` is found dead in a set that was freed. */
struct book {
    uint32_t magic;
    char generation[16];
};

struct loader {
    int version; /* of what lies in the files now */
    bool is_bad;
    atomic_int n_freed, n_loaded;
};

static enum weir_rc load(void *context, UNUSED const struct ruleset *in_force, struct ruleset *out,
                         struct weir_err *err)
{
    struct loader *l = context;

    if (l->is_bad)
        return err_set(err, WEIR_SYNTAX, "rule r-1 does not load");
    struct book *b = calloc(1, sizeof *b);
    ASSERT(b);
    b->magic = ALIVE;
    snprintf(b->generation, sizeof b->generation, "v%d", l->version);
    *out = (struct ruleset){.generation = str_from(b->generation), .book = b};
    l->n_loaded++;
    return WEIR_OK;
}

static void release(void *context, struct ruleset *r)
{
    struct loader *l = context;
    struct book *b = r->book;

    ASSERT(b->magic == ALIVE);
    b->magic = 0;
    free(b);
    l->n_freed++;
}

static bool reload(struct ruleset_shelf *s)
{
    struct weir_err err;
    bool changed;

    CHECK_EQ(ruleset_reload(s, &changed, &err), WEIR_OK);
    return changed;
}

TEST(an_old_set_lives_as_long_as_somebody_holds_it)
{
    struct loader l = {.version = 1};
    struct ruleset_shelf *s = ruleset_shelf_new(load, release, &l);

    CHECK(!ruleset_take(s));
    CHECK(reload(s));
    const struct ruleset *one = ruleset_take(s), *again = ruleset_take(s);
    CHECK(one == again);
    CHECK_EQ(one->number, 1);
    CHECK(!ruleset_is_old(s, one));
    l.version = 2;
    CHECK(reload(s));
    CHECK(ruleset_is_old(s, one));
    const struct ruleset *two = ruleset_take(s);
    CHECK_EQ(two->number, 2);
    CHECK(str_eq(one->generation, STR("v1")));
    CHECK(str_eq(two->generation, STR("v2")));
    ruleset_release(s, one);
    CHECK_EQ(l.n_freed, 0);
    ruleset_release(s, again);
    CHECK_EQ(l.n_freed, 1);
    ruleset_release(s, two);
    CHECK_EQ(l.n_freed, 1); /* the shelf has it */
    ruleset_shelf_free(s);
    CHECK_EQ(l.n_freed, 2);
}

TEST(a_bad_set_never_replaces_a_good_one)
{
    struct loader l = {.version = 1};
    struct ruleset_shelf *s = ruleset_shelf_new(load, release, &l);
    struct weir_err err;
    bool changed = true;

    CHECK(reload(s));
    l.is_bad = true;
    CHECK_EQ(ruleset_reload(s, &changed, &err), WEIR_SYNTAX);
    CHECK_STR(str_from(err.text), "rule r-1 does not load");
    CHECK(!changed);
    const struct ruleset *r = ruleset_take(s);
    CHECK(str_eq(r->generation, STR("v1")));
    CHECK(!ruleset_is_old(s, r));
    ruleset_release(s, r);
    ruleset_shelf_free(s);
}

TEST(a_set_that_says_the_same_replaces_nothing)
{
    struct loader l = {.version = 1};
    struct ruleset_shelf *s = ruleset_shelf_new(load, release, &l);

    CHECK(reload(s));
    const struct ruleset *r = ruleset_take(s);
    CHECK(!reload(s));
    CHECK(!ruleset_is_old(s, r));
    CHECK_EQ(l.n_loaded, 2);
    CHECK_EQ(l.n_freed, 1);
    ruleset_release(s, r);
    ruleset_shelf_free(s);
    CHECK_EQ(l.n_freed, 2);
}

/* A reader takes one set after the other while its lane wants no batch, and then both end. */
TEST(a_batch_gives_back_what_no_lane_took)
{
    struct loader l = {.version = 1};
    struct ruleset_shelf *s = ruleset_shelf_new(load, release, &l);
    struct batch *b = batch_new();

    for (; l.version <= 3; l.version++) {
        CHECK(reload(s));
        batch_give_ruleset(b, s, ruleset_take(s));
        CHECK_EQ(l.n_freed, l.version - 1);
    }
    batch_free(b);
    ruleset_shelf_free(s);
    CHECK_EQ(l.n_freed, 3);
}

static void count(void *context)
{
    (*(int *)context)++;
}

TEST(what_is_retired_waits_to_be_swept)
{
    struct loader l = {.version = 1};
    struct ruleset_shelf *s = ruleset_shelf_new(load, release, &l);
    int n_told = 0;

    ruleset_shelf_on_retired(s, count, &n_told);
    for (; l.version <= 3; l.version++) {
        const struct ruleset *before = ruleset_take(s);
        CHECK(reload(s));
        ruleset_release(s, before);
    }
    CHECK_EQ(n_told, 2);
    CHECK_EQ(l.n_freed, 0);
    ruleset_sweep(s);
    CHECK_EQ(l.n_freed, 2);
    ruleset_shelf_on_retired(s, NULL, NULL);
    ruleset_shelf_free(s);
    CHECK_EQ(l.n_freed, 3);
}

/* ---- threads ------------------------------------------------------------------------------- */

struct lane {
    struct ruleset_shelf *shelf;
    atomic_bool *is_over;
    pthread_t thread;
    uint64_t n_changes, newest;
};

static void *run_lane(void *context)
{
    struct lane *l = context;
    const struct ruleset *r = ruleset_take(l->shelf);

    while (!atomic_load(l->is_over)) {
        ASSERT(((struct book *)r->book)->magic == ALIVE);
        if (!ruleset_is_old(l->shelf, r))
            continue;
        const struct ruleset *next = ruleset_take(l->shelf);
        ASSERT(next->number > r->number);
        ruleset_release(l->shelf, r);
        r = next;
        l->n_changes++;
    }
    l->newest = r->number;
    ruleset_release(l->shelf, r);
    return NULL;
}

TEST(lanes_change_over_while_sets_are_published)
{
    struct loader l = {.version = 1};
    struct ruleset_shelf *s = ruleset_shelf_new(load, release, &l);
    struct lane lanes[LANES];
    atomic_bool is_over = false;

    CHECK(reload(s));
    for (int i = 0; i < LANES; i++) {
        lanes[i] = (struct lane){.shelf = s, .is_over = &is_over};
        CHECK_EQ(pthread_create(&lanes[i].thread, NULL, run_lane, &lanes[i]), 0);
    }
    for (l.version = 2; l.version <= RELOADS; l.version++)
        CHECK(reload(s));
    is_over = true;
    for (int i = 0; i < LANES; i++)
        CHECK_EQ(pthread_join(lanes[i].thread, NULL), 0);
    CHECK_EQ(l.n_freed, RELOADS - 1);
    ruleset_shelf_free(s);
    CHECK_EQ(l.n_freed, RELOADS);
}

TEST(a_reloader_reloads_when_it_is_asked)
{
    struct loader l = {.version = 1};
    struct reload_heard o = RELOAD_HEARD;
    struct ruleset_shelf *s = ruleset_shelf_new(load, release, &l);

    CHECK(reload(s));
    l.version = 2;
    struct ruleset_reloader *r = ruleset_reloader_new(s, reload_heard_note, &o);
    ruleset_reloader_ask(r);
    reload_heard_wait(&o, 1);
    CHECK_EQ(o.n_changed, 1);
    ruleset_reloader_ask(r);
    reload_heard_wait(&o, 2);
    CHECK_EQ(o.n_changed, 1);
    l.is_bad = true; /* it waits: nobody reads this meanwhile */
    ruleset_reloader_ask(r);
    reload_heard_wait(&o, 3);
    CHECK_EQ(o.n_bad, 1);
    const struct ruleset *now = ruleset_take(s);
    CHECK(str_eq(now->generation, STR("v2")));
    ruleset_release(s, now);
    ruleset_reloader_free(r);
    ruleset_shelf_free(s);
}

TEST_MAIN(ENTRY(an_old_set_lives_as_long_as_somebody_holds_it),
          ENTRY(a_bad_set_never_replaces_a_good_one),
          ENTRY(a_set_that_says_the_same_replaces_nothing),
          ENTRY(a_batch_gives_back_what_no_lane_took), ENTRY(what_is_retired_waits_to_be_swept),
          ENTRY(lanes_change_over_while_sets_are_published),
          ENTRY(a_reloader_reloads_when_it_is_asked))

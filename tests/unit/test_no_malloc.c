/* test_no_malloc.c - a warm event path asks for no memory.
 *
 * The same bytes run twice through splitter, extraction and matcher. The first round may
 * allocate (scratch doubles until it has met its largest batch), the second may not, nor may the
 * regex libraries. The program counts by standing in front of the C library's malloc; under a
 * sanitizer, which does so itself, by the hook that it offers.
 */
#include "detect/engine.h"
#include "app/stream.h"

#include "base/buf.h"
#include "lang/lang.h"
#include "tests/lib/corpus.h"
#include "tests/lib/lane.h"
#include "tests/lib/shared.h"
#include "tests/lib/test.h"

#include <stdlib.h>

enum { PIECE_BYTES = 64 * 1024, LANE_STRIDE = 40, LANE_LINES = 3000 };

static bool is_counting;
static size_t n_allocations;

static void count_one(void)
{
    n_allocations += is_counting;
}

#if TEST_IS_SANITIZED

int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void *, size_t),
                                              void (*on_free)(const volatile void *));

static void on_malloc(UNUSED const volatile void *p, UNUSED size_t n)
{
    count_one();
}

static void on_free(UNUSED const volatile void *p)
{
}

static void start_hooks(void)
{
    static bool is_done;

    if (!is_done)
        __sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
    is_done = true;
}

#else

/* glibc's own names of its functions */
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void *__libc_memalign(size_t alignment, size_t n);

void *malloc(size_t n)
{
    count_one();
    return __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
    count_one();
    return __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
    count_one();
    return __libc_realloc(p, n);
}

void *aligned_alloc(size_t alignment, size_t n)
{
    count_one();
    return __libc_memalign(alignment, n);
}

static void start_hooks(void)
{
}

#endif

/* ---- the path ------------------------------------------------------------------ */

struct path {
    struct arena *a;
    const struct profile_set *profiles;
    struct loaded_rules rules;
    struct engine *engine;
    struct stream *stream;
    size_t n_matches;
};

static enum weir_rc match_batch(void *context, const struct event *events,
                                UNUSED const uint64_t *numbers, size_t n,
                                UNUSED struct weir_err *err)
{
    struct path *p = context;
    const struct engine_match *matches;

    p->n_matches += engine_run(p->engine, events, n, &matches);
    return WEIR_OK;
}

static void path_start(struct path *p)
{
    static const struct origin_input INPUTS[] = {{.name = {"test", 4}}};
    const struct engine_options options = {.kind = ENGINE_COMPILED, .inputs = INPUTS};
    struct weir_err err;

    CHECK_EQ(profile_set_load(p->a, STR(""), &p->profiles, &err), WEIR_OK);
    CHECK_EQ(engine_new(p->rules.rules, p->rules.n_rules, p->profiles, &options, &p->engine, &err),
             WEIR_OK);
    p->stream = stream_new(engine_worker(p->engine), p->profiles, INPUTS, match_batch, p);
    stream_begin(p->stream, 0);
}

static void path_end(struct path *p)
{
    stream_free(p->stream);
    engine_free(p->engine);
    arena_free(p->a);
}

/* The whole text in pieces that end anywhere, as they come from a file. */
static void feed(struct path *p, struct str text)
{
    struct weir_err err;

    for (size_t at = 0; at < text.n; at += PIECE_BYTES) {
        struct str piece = str_sub(text, at, PIECE_BYTES);
        CHECK_EQ(stream_feed(p->stream, piece.p, piece.n, &err), WEIR_OK);
    }
}

/* Returns the matches of one round. */
static size_t check_second_round(struct path *p, struct str text)
{
    start_hooks();
    n_allocations = 0;
    is_counting = true;
    feed(p, text);
    CHECK(n_allocations > 0); /* the counter works: scratch has grown */
    size_t n_first = p->n_matches;

    n_allocations = 0;
    feed(p, text);
    is_counting = false;
    CHECK_EQ(p->n_matches, 2 * n_first);
    if (n_allocations)
        print_error("%zu allocations in the second round\n", n_allocations);
    CHECK_EQ(n_allocations, 0);
    return n_first;
}

/* With ARENA=malloc each piece of an arena would be an allocation, which is not what runs. */
static struct arena *start_arena(void)
{
    unsetenv("ARENA");
    return arena_new(0);
}

/* ---- the tests ----------------------------------------------------------------- */

/* A rule for each kind of atom: any of them would be a new way to allocate. */
static const char *const ATOMS[] = {
    "a|contains: needle",
    "a|re: '(x+x+)+y.*z$'",
    "a|re|i: 'k[a-z]{2,5}\\d'",
    "a|contains: ärger",
    "a|cased: Glob*with?in",
    "a: gl*ob?s",
    "ip|cidr: 10.0.0.0/8",
    "n|gte: 10000000000000000000000",
    "n: 17",
    "t|hour: 23",
    "a|fieldref: b",
    "c|exists: true",
    "d: null",
};

static const char *const QUERIES[] = {
    "b: {c > 3 and not c: 5}", "f*: könig*", "d: * and n: *", "message: kelvin",
    "t >= now-1d/d",           "a > b",      "keywor*",
};

static void add_rules(struct path *p)
{
    struct rule_loader *l = rule_loader_new(p->a, NULL, NULL);

    for (unsigned i = 0; i < ARRAY_LEN(QUERIES); i++)
        rule_loader_add(l, arena_printf(p->a, "%u.kql", i), str_from(QUERIES[i]));

    for (unsigned i = 0; i < ARRAY_LEN(ATOMS); i++)
        rule_loader_add(l, arena_printf(p->a, "%u.yml", i),
                        arena_printf(p->a,
                                     "title: %u\nlogsource: {category: test}\nlevel: low\n"
                                     "detection: {it: {%s}, words: [keyword], condition: it or "
                                     "words}\n",
                                     i, ATOMS[i]));
    rule_loader_finish(l, &p->rules);
    CHECK_EQ(p->rules.n_rules, ARRAY_LEN(ATOMS) + ARRAY_LEN(QUERIES));
}

/* An odd event: escapes, other scripts, invalid UTF-8, numbers of many digits, nested values. */
static void add_event(struct buf *out, unsigned i)
{
    buf_printf(out, "{\"a\":\"xxxxxxxxxxxx%u \\u00c4rger Kelvin\\u212a \xff Glob with\\tin\",", i);
    buf_printf(out, "\"b\":[\"one\",\"tw\\no\",{\"c\":%u}],\"ip\":\"10.%u.0.1\",", i, i % 256);
    buf_printf(out, "\"n\":[17.0,1e22,%u%040u],\"t\":\"2026-07-08T23:%02u:00Z\"", i, i, i % 60);
    for (unsigned k = 0; k < i % 50; k++)
        buf_printf(out, ",\"f%u\":\"K\xc3\xb6nig keywor%u\"", k, k);
    buf_printf(out, ",\"d\":%s}\n", i % 3 ? "null" : "true");
}

TEST(a_second_round_with_every_kind_of_atom_allocates_nothing)
{
    struct path p = {.a = start_arena()};
    struct buf text = {0};

    add_rules(&p);
    for (unsigned i = 0; i < 700; i++)
        add_event(&text, i);
    path_start(&p);
    CHECK(check_second_round(&p, buf_str(&text)) > 0);
    path_end(&p);
    buf_release(&text);
}

static bool any_list(UNUSED void *context, UNUSED struct str name, struct str_list *entries,
                     enum list_mode *mode)
{
    static const struct str ENTRIES[] = {{"alpha", 5}, {"*beta", 5}};

    *entries = (struct str_list){ENTRIES, ARRAY_LEN(ENTRIES)};
    *mode = LIST_GLOB;
    return true;
}

static void add_rule(struct str path, struct str text, void *context)
{
    if (lang_is_rule_path(path))
        rule_loader_add(context, path, text);
}

static void add_line(struct str line, void *context)
{
    buf_add(context, line);
    buf_add_char(context, '\n');
}

TEST(a_second_round_of_real_events_with_all_shared_rules_allocates_nothing)
{
    struct list_source lists = {.lookup = any_list};
    struct path p = {.a = start_arena()};
    struct buf text = {0};

    struct rule_loader *l = rule_loader_new(p.a, &lists, NULL);
    bool is_there = corpus_each("rules/sigma.tar.zst", add_rule, l) &&
                    lane_each("events/lane-structured_windows.ndjson.zst", LANE_STRIDE, LANE_LINES,
                              add_line, &text);
    rule_loader_finish(l, &p.rules);
    if (!is_there) {
        shared_absent();
        arena_free(p.a);
        buf_release(&text);
        skip();
    }
    path_start(&p);
    CHECK(check_second_round(&p, buf_str(&text)) > 0);
    path_end(&p);
    buf_release(&text);
}

TEST_MAIN(ENTRY(a_second_round_with_every_kind_of_atom_allocates_nothing),
          ENTRY(a_second_round_of_real_events_with_all_shared_rules_allocates_nothing))

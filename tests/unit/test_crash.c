/* test_crash.c - notes of crashes, and workers that really die. */
#include "worker/crash.h"

#include "tests/lib/redis_server.h"
#include "tests/lib/test.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

TEST(a_note_narrows_to_what_all_its_crashes_have_in_common)
{
    static const struct {
        struct crash_note old;
        int64_t from, to;
        struct crash_note want;
    } rows[] = {
        {{0, 0, 0}, 10, 20, {10, 20, 1}},   {{10, 20, 1}, 10, 20, {10, 20, 2}},
        {{10, 20, 1}, 15, 30, {15, 20, 2}}, {{10, 20, 2}, 15, 15, {15, 15, 3}},
        {{10, 20, 3}, 21, 25, {21, 25, 1}}, {{10, 20, 3}, 0, 9, {0, 9, 1}},
        {{10, 20, 1}, 20, 20, {20, 20, 2}},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct crash_note got = crash_note_after(rows[i].old, rows[i].from, rows[i].to);
        CHECK_EQ(got.from, rows[i].want.from);
        CHECK_EQ(got.to, rows[i].want.to);
        CHECK_EQ(got.count, rows[i].want.count);
    }
}

TEST(two_crashes_make_a_range_suspicious_and_a_single_record_skipped)
{
    static const struct {
        struct crash_note note;
        int64_t offset;
        enum crash_care want;
    } rows[] = {
        {{0, 0, 0}, 0, CRASH_NO_CARE},       {{10, 20, 1}, 15, CRASH_NO_CARE},
        {{10, 20, 2}, 10, CRASH_ONE_BY_ONE}, {{10, 20, 2}, 20, CRASH_ONE_BY_ONE},
        {{10, 20, 2}, 9, CRASH_NO_CARE},     {{10, 20, 2}, 21, CRASH_NO_CARE},
        {{15, 15, 1}, 15, CRASH_NO_CARE},    {{15, 15, 2}, 15, CRASH_PASS_OVER},
        {{15, 15, 3}, 14, CRASH_NO_CARE},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CHECK_EQ(crash_care_of(&rows[i].note, rows[i].offset, CRASH_MAX_DEFAULT), rows[i].want);
}

/* ---- where notes lie ----------------------------------------------------------------------- */

static void keeps_notes(struct crash_book *b)
{
    struct crash_note note;
    struct weir_err err;

    CHECK_EQ(crash_book_read(b, "events", 3, &note, &err), WEIR_OK);
    CHECK_EQ(note.count, 0);
    CHECK_EQ(crash_book_write(b, "events", 3, &(struct crash_note){7, 9, 2}, &err), WEIR_OK);
    CHECK_EQ(crash_book_write(b, "events", 4, &(struct crash_note){1, 1, 1}, &err), WEIR_OK);
    CHECK_EQ(crash_book_read(b, "events", 3, &note, &err), WEIR_OK);
    CHECK_EQ(note.from, 7);
    CHECK_EQ(note.to, 9);
    CHECK_EQ(note.count, 2);
    CHECK_EQ(crash_book_write(b, "events", 3, &(struct crash_note){0}, &err), WEIR_OK);
    CHECK_EQ(crash_book_read(b, "events", 3, &note, &err), WEIR_OK);
    CHECK_EQ(note.count, 0);
    CHECK_EQ(crash_book_read(b, "events", 4, &note, &err), WEIR_OK);
    CHECK_EQ(note.count, 1);
}

static void make_dir(char path[static 64])
{
    snprintf(path, 64, "/tmp/weir-crash-XXXXXX");
    CHECK(mkdtemp(path) != NULL);
}

static void remove_dir(const char *path)
{
    char command[128];

    snprintf(command, sizeof command, "rm -r '%s'", path);
    CHECK_EQ(system(command), 0);
}

TEST(notes_lie_in_a_directory)
{
    char dir[64];

    make_dir(dir);
    struct crash_book *b = crash_book_new(NULL, str_from(dir));
    keeps_notes(b);
    crash_book_free(b);
    remove_dir(dir);
}

TEST(notes_lie_in_redis_each_group_has_its_own)
{
    struct redis_server r;
    struct crash_note note;
    struct weir_err err;

    if (!redis_server_is_there())
        return;
    CHECK(redis_server_start(&r, NULL, false));
    struct store_redis_options one = {.url = str_from(r.url), .group = STR("one")},
                               two = {.url = str_from(r.url), .group = STR("two")};
    struct crash_book *b = crash_book_new(&one, STR("")), *other = crash_book_new(&two, STR(""));
    keeps_notes(b);
    CHECK_EQ(crash_book_read(other, "events", 4, &note, &err), WEIR_OK);
    CHECK_EQ(note.count, 0);
    redis_server_kill(&r);
    CHECK_EQ(crash_book_read(b, "events", 4, &note, &err), WEIR_IO);
    CHECK(redis_server_restart(&r, NULL));
    CHECK_EQ(crash_book_read(b, "events", 4, &note, &err), WEIR_OK);
    redis_server_kill(&r);
    CHECK(redis_server_restart(&r, NULL)); /* the connection of before is of no use */
    CHECK_EQ(crash_book_read(b, "events", 4, &note, &err), WEIR_OK);
    crash_book_free(b);
    crash_book_free(other);
    redis_server_stop(&r);
}

TEST(a_directory_that_is_not_there_is_told)
{
    struct crash_book *b = crash_book_new(NULL, STR("/nonexistent/notes"));
    struct weir_err err;

    CHECK_EQ(crash_book_write(b, "t", 0, &(struct crash_note){0, 0, 1}, &err), WEIR_IO);
    CHECK(strstr(err.text, "/nonexistent/notes") != NULL);
    crash_book_free(b);
}

/* ---- dying --------------------------------------------------------------------------------- */

static volatile int depth;

/* Deeper than any stack. */
static int fall(volatile char *above) // NOLINT(misc-no-recursion)
{
    volatile char here[4096];

    here[0] = *above;
    depth++;
    return depth < 0 ? 0 : fall(here) + here[0];
}

static void die_of_stack(void)
{
    volatile char top = 0;

    (void)fall(&top);
}

/* The fault itself is wanted, not a sanitizer's word about it. */
__attribute__((no_sanitize("undefined", "address"))) static void die_of_memory(void)
{
    volatile int *volatile p = NULL;

    *p = 1;
}

static void die_of_assert(void)
{
    ASSERT(depth < 0);
}

static void *die_in_thread(void *how)
{
    crash_thread();
    crash_at("events", 5, 100, 131);
    (*(void (**)(void))how)();
    return NULL;
}

static void in_child(const char *dir, void (*how)(void), bool has_place)
{
    static const struct rlimit none = {0, 0};
    struct weir_err err;
    pthread_t thread;

    (void)setrlimit(RLIMIT_CORE, &none);
    (void)freopen("/dev/null", "w", stderr);
    if (crash_start(NULL, str_from(dir), &err) != WEIR_OK)
        _exit(99);
    if (has_place && pthread_create(&thread, NULL, die_in_thread, &how) == 0)
        pthread_join(thread, NULL);
    how();
    _exit(98);
}

static struct crash_note note_of_death(void (*how)(void), bool has_place, int *signal_number)
{
    struct crash_note note;
    struct weir_err err;
    char dir[64];
    int status;

    make_dir(dir);
    pid_t child = fork();
    if (child == 0)
        in_child(dir, how, has_place);
    CHECK(waitpid(child, &status, 0) == child);
    *signal_number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    struct crash_book *b = crash_book_new(NULL, str_from(dir));
    CHECK_EQ(crash_book_read(b, "events", 5, &note, &err), WEIR_OK);
    crash_book_free(b);
    remove_dir(dir);
    return note;
}

TEST(whoever_dies_at_records_has_them_noted)
{
    static const struct {
        void (*how)(void);
        int signal;
    } rows[] = {{die_of_memory, SIGSEGV}, {die_of_assert, SIGABRT}, {die_of_stack, SIGSEGV}};
    int got;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct crash_note note = note_of_death(rows[i].how, true, &got);
        CHECK_EQ(got, rows[i].signal);
        CHECK_EQ(note.count, 1);
        CHECK_EQ(note.from, 100);
        CHECK_EQ(note.to, 131);
        note = note_of_death(rows[i].how, false, &got);
        CHECK_EQ(got, rows[i].signal);
        CHECK_EQ(note.count, 0);
    }
}

TEST_MAIN(ENTRY(a_note_narrows_to_what_all_its_crashes_have_in_common),
          ENTRY(two_crashes_make_a_range_suspicious_and_a_single_record_skipped),
          ENTRY(notes_lie_in_a_directory), ENTRY(notes_lie_in_redis_each_group_has_its_own),
          ENTRY(a_directory_that_is_not_there_is_told),
          ENTRY(whoever_dies_at_records_has_them_noted))

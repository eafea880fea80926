/* test_store_dir.c - state that comes back: restarts at any commit, files cut and damaged at every
 * byte, two users, other secrets.
 *
 * The story is always the same: batches made from their number, each committed with its number
 * as the position; the journal at the end must be that of an undisturbed run. */
#include "state/store_dir.h"
#include "state/store_mem.h"

#include "tests/lib/rng.h"
#include "tests/lib/store_steps.h"
#include "tests/lib/test.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SPACES = 2, PATH_BYTES = 64, FILE_MAX = 1024 * 1024 };

static const char *const SECRET = "0123456789abcdef";
static char root[PATH_BYTES];
static uint64_t seed;

/* ---- the story ----------------------------------------------------------------------------- */

static void add_spaces(struct store *s)
{
    for (unsigned i = 0; i < SPACES; i++) {
        struct space_spec spec = {
            .identity = {(uint8_t)i}, .step = order_step, .budget_bytes = 64 * 1024};
        if (i == 1) {
            spec.budget_bytes = 256 * 1024;
            spec.shrink = order_shrink;
            spec.regrow = order_regrow;
        }
        store_add_space(s, &spec);
    }
}

static void fill_batch(struct order_batch *b, uint32_t number)
{
    struct rng g = {seed + number * 7919};
    uint32_t n = rng_below(&g, 12);

    order_batch_clear(b);
    b->order = number * 1000;
    for (uint32_t i = 0; i < n; i++) {
        struct order_hit *h =
            order_add(b, rng_below(&g, SPACES), rng_below(&g, 40), number * 100 + i);
        if (rng_below(&g, 3) == 0)
            h->size = 32 + rng_below(&g, 60);
        h->has_side = rng_below(&g, 4) == 0;
        h->side = rng_below(&g, 60);
        if (rng_below(&g, 3) == 0)
            h->due_ms = number * 100 + 1 + rng_below(&g, 500);
        h->removes = rng_below(&g, 12) == 0;
    }
    b->batch.timer_ms = number * 100;
}

static bool collect(void *context, struct str bytes)
{
    buf_add(context, bytes);
    return true;
}

static struct store *open_at(uint64_t log_max, struct weir_err *err)
{
    struct store_dir_options o = {
        .path = str_from(root), .fingerprint = SECRET, .log_max_bytes = log_max};
    struct store *s = store_dir_open(&o, err);

    if (s)
        add_spaces(s);
    return s;
}

/* Go on from what is there to batch `until` (excluded). The journal is added to *journal (NULL:
 * unwanted). Returns the position at which it went on, or -1 and *err. */
static struct order_batch *shared_batch;

static int go_on(uint32_t until, uint64_t log_max, struct buf *journal, struct weir_err *err)
{
    struct order_batch *b = shared_batch;
    struct buf position = {0}, out = {0};
    uint32_t number = 0;
    int from = -1;

    struct store *s = open_at(log_max, err);
    if (s && store_dir_load(s, &position, err) == WEIR_OK) {
        if (position.n)
            memcpy(&number, position.p, sizeof number);
        from = (int)number;
        while (number < until) {
            fill_batch(b, number);
            buf_clear(&out);
            order_apply(s, b, STORE_DONE, &out);
            number++;
            CHECK_EQ(store_dir_commit(s, (struct str){(char *)&number, sizeof number},
                                      buf_str(&out), err),
                     WEIR_OK);
        }
        if (journal)
            CHECK_EQ(store_dir_journal(s, collect, journal, err), WEIR_OK);
    }
    store_free(s); /* no finish: as if it had been killed */
    buf_release(&position);
    buf_release(&out);
    return from;
}

/* The same without a directory. */
static void undisturbed(uint32_t until, struct buf *journal)
{
    struct order_batch *b = order_batch_new();
    struct store *s = store_mem_new();

    add_spaces(s);
    for (uint32_t i = 0; i < until; i++) {
        fill_batch(b, i);
        order_apply(s, b, STORE_DONE, journal);
    }
    store_free(s);
    order_batch_free(b);
}

/* ---- files --------------------------------------------------------------------------------- */

static void path_of(char out[static PATH_BYTES * 2], const char *name)
{
    snprintf(out, PATH_BYTES * 2, "%s/%s", root, name);
}

static size_t read_file(const char *name, char *out)
{
    char path[PATH_BYTES * 2];

    path_of(path, name);
    FILE *f = fopen(path, "rb");
    if (!f)
        return 0;
    size_t n = fread(out, 1, FILE_MAX, f);
    CHECK(n < FILE_MAX);
    fclose(f);
    return n;
}

static void write_file(const char *name, const char *bytes, size_t n)
{
    char path[PATH_BYTES * 2];

    path_of(path, name);
    FILE *f = fopen(path, "wb");
    CHECK(f && fwrite(bytes, 1, n, f) == n);
    fclose(f);
}

static void empty_root(void)
{
    static const char *const names[] = {"log", "journal", "snapshot", "lock", "new"};
    char path[PATH_BYTES * 2];

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        path_of(path, names[i]);
        unlink(path);
    }
}

/* What the directory holds, to be put back. */
struct image {
    char *log, *journal, *snapshot;
    size_t n_log, n_journal, n_snapshot;
};

static void take_image(struct image *m)
{
    m->log = malloc(FILE_MAX);
    m->journal = malloc(FILE_MAX);
    m->snapshot = malloc(FILE_MAX);
    CHECK(m->log && m->journal && m->snapshot);
    m->n_log = read_file("log", m->log);
    m->n_journal = read_file("journal", m->journal);
    m->n_snapshot = read_file("snapshot", m->snapshot);
}

static void put_back(const struct image *m)
{
    empty_root();
    write_file("log", m->log, m->n_log);
    write_file("journal", m->journal, m->n_journal);
    if (m->n_snapshot)
        write_file("snapshot", m->snapshot, m->n_snapshot);
}

static void free_image(struct image *m)
{
    free(m->log);
    free(m->journal);
    free(m->snapshot);
}

static int start(void **state)
{
    (void)state;
    seed = rng_start("store_dir").state;
    shared_batch = order_batch_new();
    /* In memory where that can be had: the tests write some ten thousand files. */
    snprintf(root, sizeof root, "%s/weir-store-dir-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    return mkdtemp(root) ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    empty_root();
    order_batch_free(shared_batch);
    return rmdir(root);
}

/* ---- tests --------------------------------------------------------------------------------- */

TEST(restarts_anywhere_give_the_output_of_an_undisturbed_run)
{
    enum { BATCHES = 400 };
    struct buf want = {0}, got = {0};
    struct rng g = {seed};
    struct weir_err err = {0};

    undisturbed(BATCHES, &want);
    empty_root();
    for (uint32_t at = 0; at < BATCHES;) {
        uint32_t until = at + 1 + rng_below(&g, 20);
        until = until < BATCHES ? until : BATCHES;
        int from = go_on(until, 20000, until == BATCHES ? &got : NULL, &err);
        if (from < 0)
            print_error("%s: %s\n", err.file, err.text);
        CHECK_EQ(from, at); /* the last commit, always */
        at = until;
    }
    CHECK(want.n > 1000);
    CHECK(str_eq(buf_str(&want), buf_str(&got)));
    buf_release(&want);
    buf_release(&got);
}

/* After damage: an error, or an earlier commit from which all comes out as it must. */
static int check_recovers(uint32_t batches, const struct buf *want, bool may_go_back, size_t at)
{
    struct weir_err err = {0};
    struct buf got = {0};

    int from = go_on(batches, 1 << 30, &got, &err);
    if (from < 0) {
        CHECK(err.text[0] != '\0');
    } else if (!may_go_back || from > (int)batches || !str_eq(buf_str(&got), buf_str(want))) {
        print_error("byte %zu: went on from %d\n", at, from);
        CHECK(false);
    }
    buf_release(&got);
    return from;
}

TEST(a_log_that_is_cut_anywhere_gives_an_earlier_commit)
{
    enum { BATCHES = 12 };
    struct buf want = {0};
    struct image m;
    struct weir_err err = {0};
    int last = 0;

    undisturbed(BATCHES, &want);
    empty_root();
    CHECK_EQ(go_on(BATCHES, 1 << 30, NULL, &err), 0);
    take_image(&m);
    for (size_t n = 0; n <= m.n_log; n++) {
        put_back(&m);
        write_file("log", m.log, n);
        int from = check_recovers(BATCHES, &want, true, n);
        CHECK(n < 40 ? from == -1 : from >= last);
        last = from < 0 ? 0 : from;
    }
    CHECK_EQ(last, BATCHES);
    free_image(&m);
    buf_release(&want);
}

TEST(a_damaged_byte_anywhere_is_never_believed)
{
    enum { BATCHES = 12, OLD = 8 };
    struct buf want = {0};
    struct image m;
    struct weir_err err = {0};

    undisturbed(BATCHES, &want);
    empty_root();
    CHECK_EQ(go_on(OLD, 1, NULL, &err), 0); /* a snapshot at each commit */
    CHECK_EQ(go_on(BATCHES, 1 << 30, NULL, &err), OLD);
    take_image(&m);
    CHECK(m.n_snapshot > 100);
    for (size_t i = 0; i < m.n_log; i++) {
        put_back(&m);
        m.log[i] ^= 0x10;
        write_file("log", m.log, m.n_log);
        m.log[i] ^= 0x10;
        check_recovers(BATCHES, &want, true, i);
    }
    for (size_t i = 0; i < m.n_snapshot; i++) {
        put_back(&m);
        m.snapshot[i] ^= 0x10;
        write_file("snapshot", m.snapshot, m.n_snapshot);
        m.snapshot[i] ^= 0x10;
        check_recovers(BATCHES, &want, false, i);
    }
    for (size_t i = 0; i < m.n_journal; i += 7) {
        put_back(&m);
        m.journal[i] ^= 0x10;
        write_file("journal", m.journal, m.n_journal);
        m.journal[i] ^= 0x10;
        check_recovers(BATCHES, &want, false, i);
    }
    put_back(&m);
    write_file("journal", m.journal, m.n_journal - 1);
    CHECK_EQ(go_on(BATCHES, 1 << 30, NULL, &err), -1);
    CHECK(strstr(err.text, "journal has lost its end") != NULL);
    CHECK_STR(str_from(err.file), root); /* of several directories, which */
    put_back(&m);
    write_file("snapshot", "hello", 5);
    CHECK_EQ(go_on(BATCHES, 1 << 30, NULL, &err), -1);
    CHECK(str_ends(str_from(err.file), STR("/snapshot")) &&
          str_starts(str_from(err.file), str_from(root)));
    free_image(&m);
    buf_release(&want);
}

TEST(a_crash_between_snapshot_and_new_log_does_no_harm)
{
    enum { BATCHES = 12 };
    struct buf want = {0}, got = {0};
    struct image m;
    struct weir_err err = {0};

    undisturbed(BATCHES, &want);
    empty_root();
    CHECK_EQ(go_on(8, 1 << 30, NULL, &err), 0);
    take_image(&m); /* the old log */
    CHECK_EQ(go_on(9, 1, NULL, &err), 8);
    write_file("log", m.log, m.n_log); /* the snapshot is of 9, the log ends at 8 */
    CHECK_EQ(go_on(BATCHES, 1 << 30, &got, &err), 9);
    CHECK(str_eq(buf_str(&want), buf_str(&got)));
    free_image(&m);
    buf_release(&want);
    buf_release(&got);
}

TEST(small_records_come_back_from_log_and_snapshot)
{
    enum { KEYS = 4000 };
    struct order_batch *b = shared_batch;
    struct weir_err err = {0};

    for (uint64_t log_max = 1; log_max <= 1 << 30; log_max += (1 << 30) - 1) {
        struct buf position = {0}, out = {0};
        empty_root();
        for (uint32_t turn = 0; turn < 2; turn++) {
            struct store *s = open_at(log_max, &err);
            CHECK_EQ(store_dir_load(s, &position, &err), WEIR_OK);
            order_batch_clear(b);
            for (uint32_t i = 0; i < KEYS; i += 1 + 3 * turn)
                order_add(b, 1, i, 5 + turn)->emits = turn;
            order_apply(s, b, STORE_DONE, &out);
            CHECK(store_stats(s, 1).small_cells > KEYS / 4);
            CHECK_EQ(store_dir_commit(s, STR("x"), STR(""), &err), WEIR_OK);
            store_free(s);
        }
        size_t n_second = 0;
        for (size_t at = 0; (at = str_find(buf_str(&out), STR("count 2 "), at)) != SIZE_MAX; at++)
            n_second++;
        CHECK(n_second > KEYS / 4 - KEYS / 100);
        buf_release(&position);
        buf_release(&out);
    }
}

TEST(a_second_user_is_told_who_is_there)
{
    struct weir_err err = {0};

    empty_root();
    struct store *s = open_at(0, &err);
    CHECK(s != NULL);
    CHECK(open_at(0, &err) == NULL);
    char want[100];
    snprintf(want, sizeof want, "in use by another weir (process %ld)", (long)getpid());
    CHECK_STR(str_from(err.text), want);
    store_free(s);
    s = open_at(0, &err);
    CHECK(s != NULL);
    store_free(s);
}

static bool same_cell(struct store *looking, struct store *s, uint32_t space, uint32_t key)
{
    struct state_key k = order_key(key);
    struct store_glance a, b;

    CHECK_EQ(store_look(looking, space, &k, &a, NULL), WEIR_OK);
    CHECK_EQ(store_look(s, space, &k, &b, NULL), WEIR_OK);
    return str_eq(a.main, b.main) && str_eq(a.side, b.side) && a.due_ms == b.due_ms &&
           a.idle_ms == b.idle_ms && a.is_small == b.is_small &&
           (!a.is_small || a.small_ms == b.small_ms);
}

/* Through snapshots and new logs, while the directory is in use. */
TEST(a_look_sees_the_last_commit_and_touches_no_file)
{
    enum { BATCHES = 120 };
    struct order_batch *b = shared_batch;
    struct buf position = {0}, where = {0}, out = {0};
    struct weir_err err = {0};
    struct store_dir_options o = {
        .path = str_from(root), .fingerprint = SECRET, .is_looking = true};
    struct image before, after;

    empty_root();
    struct store *s = open_at(4000, &err);
    CHECK_EQ(store_dir_load(s, &position, &err), WEIR_OK);
    for (uint32_t number = 0; number < BATCHES; number++) {
        fill_batch(b, number);
        buf_clear(&out);
        order_apply(s, b, STORE_DONE, &out);
        CHECK_EQ(
            store_dir_commit(s, (struct str){(char *)&number, sizeof number}, buf_str(&out), &err),
            WEIR_OK);
        if (number % 7)
            continue;
        take_image(&before);
        struct store *looking = store_dir_open(&o, &err);
        CHECK(looking);
        add_spaces(looking);
        CHECK_EQ(store_dir_load(looking, &where, &err), WEIR_OK);
        for (uint32_t key = 0; key < 40; key++)
            CHECK(same_cell(looking, s, 0, key) && same_cell(looking, s, 1, key));
        CHECK(where.n == sizeof number && memcmp(where.p, &number, sizeof number) == 0);
        store_free(looking);
        take_image(&after);
        CHECK(before.n_log == after.n_log && memcmp(before.log, after.log, after.n_log) == 0);
        CHECK(before.n_journal == after.n_journal && before.n_snapshot == after.n_snapshot);
        free_image(&before);
        free_image(&after);
    }
    /* Somebody is writing: the last frame is not whole, and the one before it counts. */
    take_image(&before);
    write_file("log", before.log, before.n_log - 3);
    struct store *looking = store_dir_open(&o, &err);
    CHECK(looking);
    add_spaces(looking);
    CHECK_EQ(store_dir_load(looking, &where, &err), WEIR_OK);
    store_free(looking);
    take_image(&after);
    CHECK_EQ(after.n_log, before.n_log - 3);
    free_image(&before);
    free_image(&after);
    store_free(s);
    buf_release(&position);
    buf_release(&where);
    buf_release(&out);
    empty_root();
    o.path = STR("/proc/weir/none");
    CHECK(store_dir_open(&o, &err) == NULL);
}

TEST(another_secret_is_refused)
{
    struct weir_err err = {0};
    struct buf position = {0};
    struct store_dir_options o = {.path = str_from(root), .fingerprint = "ffffffffffffffff"};

    empty_root();
    CHECK_EQ(go_on(1, 1, NULL, &err), 0);
    struct store *s = store_dir_open(&o, &err);
    CHECK(s != NULL);
    add_spaces(s);
    CHECK_EQ(store_dir_load(s, &position, &err), WEIR_BADARG);
    CHECK_STR(str_from(err.text),
              "made with another state secret (0123456789abcdef, now ffffffffffffffff)");
    store_free(s);
    o.path = STR("/proc/weir/none");
    CHECK(store_dir_open(&o, &err) == NULL);
    CHECK_EQ(err.code, WEIR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ENTRY(restarts_anywhere_give_the_output_of_an_undisturbed_run),
        ENTRY(a_log_that_is_cut_anywhere_gives_an_earlier_commit),
        ENTRY(a_damaged_byte_anywhere_is_never_believed),
        ENTRY(a_crash_between_snapshot_and_new_log_does_no_harm),
        ENTRY(small_records_come_back_from_log_and_snapshot),
        ENTRY(a_second_user_is_told_who_is_there),
        ENTRY(a_look_sees_the_last_commit_and_touches_no_file),
        ENTRY(another_secret_is_refused),
    };
    return cmocka_run_group_tests(tests, start, end);
}

/* bench_literal.c - how fast is the literal engine, kernel by kernel?
 *
 *   make bench-literal N=20000 TEXT=FILE [LITERALS=words|near|FILE] [RUNS=9]
 *
 * Values are the lines of a text file, folded. Literals are made up: "words" joins everyday
 * words of command lines with invented ones; "near" cuts them from the text and spoils one
 * byte, the worst that a set can be for a filter. Those that occur in the text are made
 * anew. Otherwise a file has one on each line, with a star at an end that is open (*anywhere*,
 * start*, *end, whole), and hits are part of the work.
 * Prints median and spread over the runs; one run goes over the text often enough to take a
 * measurable time.
 */
#include "match/fold.h"
#include "match/literal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/hash.h"

enum { RUNS_MAX = 99, BATCH = 256, TEXT_MAX = 256 << 20, RUN_BYTES = 32 << 20, HITS = 4096 };

static uint64_t random_state = 1;

static uint32_t random_below(uint32_t n)
{
    random_state++;
    return (uint32_t)(hash_bytes(&random_state, sizeof random_state) % n);
}

/* Time of this thread on a core: other load counts less. */
static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static FILE *file_open(const char *path)
{
    FILE *f = fopen(path, "rb");

    if (!f) {
        perror(path);
        exit(1);
    }
    return f;
}

struct text {
    char *raw, *folded;
    size_t n;
    struct literal_value *values;
    size_t n_values;
};

static void text_read(struct text *t, struct arena *a, const char *path)
{
    FILE *f = file_open(path);
    size_t n_lines = 0;

    t->raw = malloc(TEXT_MAX);
    ASSERT(t->raw);
    t->n = fread(t->raw, 1, TEXT_MAX - LITERAL_PAD, f);
    fclose(f);
    t->folded = arena_zalloc(a, t->n + LITERAL_PAD);
    fold_ascii(t->folded, t->raw, t->n);
    for (size_t i = 0; i < t->n; i++)
        n_lines += t->folded[i] == '\n';
    t->values = ARENA_ARRAY(a, n_lines + 1, struct literal_value);
    for (char *p = t->folded, *end = p + t->n; p < end;) {
        char *eol = memchr(p, '\n', (size_t)(end - p));
        uint32_t n = (uint32_t)((eol ? eol : end) - p);
        t->values[t->n_values] = (struct literal_value){p, n, (uint32_t)t->n_values};
        t->n_values++;
        p += n + 1;
    }
}

/* ---- literals ------------------------------------------------------------------------- */

static const char *const WORDS[] = {
    "\\appdata\\",  "\\system32\\", "-command", "powershell", ".exe", ".dll", "http", "invoke",
    "user",         "admin",        "service",  "registry",   "hkcu", " /c ", " -e ", "temp",
    "\\software\\", "microsoft",    "download", "string",     "fals", "net ", "get-", "set-",
    "config",       "bypass",       "hidden",   "process",    "task", ".ps1", "file", "system"};

static struct str made_up(struct arena *a)
{
    static const char LETTERS[] = "eeeeettttaaaooiinnsshhrrddluucmfwypvbgkqjxz01234567899---";
    char p[64];
    size_t n = 0, parts = 1 + random_below(3), most = 6 + random_below(26);

    for (size_t i = 0; i < parts; i++) {
        const char *w = WORDS[random_below(sizeof WORDS / sizeof *WORDS)];
        for (uint32_t k = 3 + random_below(6); k > 0 && n < most; k--)
            p[n++] = LETTERS[random_below(sizeof LETTERS - 1)];
        for (; *w && n < most; w++)
            p[n++] = *w;
    }
    return arena_str(a, (struct str){p, n});
}

static struct str near_miss(struct arena *a, const struct text *t)
{
    const struct literal_value *v;
    char p[64];

    do
        v = &t->values[random_below((uint32_t)t->n_values)];
    while (v->n < 8);
    uint32_t n = 6 + random_below(v->n - 6 < 26 ? v->n - 6 : 26);
    memcpy(p, v->p + random_below(v->n - n + 1), n);
    p[random_below(n)] = '\x01';
    return arena_str(a, (struct str){p, n});
}

/* A line with stars; false if nothing is left without them. */
static bool literal_from_line(struct literal *l, struct arena *a, char *line, size_t n)
{
    bool is_open_start = n > 0 && line[0] == '*', is_open_end = n > 1 && line[n - 1] == '*';

    fold_ascii(line, line, n);
    line += is_open_start;
    n -= (size_t)is_open_start + (size_t)is_open_end;
    if (n == 0)
        return false;
    l->text = arena_str(a, (struct str){line, n});
    l->where = is_open_start ? is_open_end ? LITERAL_ANYWHERE : LITERAL_AT_END
               : is_open_end ? LITERAL_AT_START
                             : LITERAL_WHOLE;
    return true;
}

static size_t literals_read(struct literal *to, size_t n, struct arena *a, const char *path)
{
    char line[1024];
    size_t i = 0;
    FILE *f = file_open(path);

    while (i < n && fgets(line, sizeof line, f)) {
        to[i].id = (uint32_t)i;
        i += literal_from_line(&to[i], a, line, strcspn(line, "\n"));
    }
    fclose(f);
    return i;
}

static uint64_t n_hits;

/* context: an array that is told which ids hit, or NULL. */
static void on_flush(void *context, const struct literal_hit *hits, uint32_t n)
{
    bool *is_hit = context;

    n_hits += n;
    for (uint32_t i = 0; is_hit && i < n; i++)
        is_hit[hits[i].id] = true;
}

static void scan_once(const struct literal_set *set, const struct text *t, void *context)
{
    static struct literal_hit at[HITS];
    struct literal_hits hits = {at, 0, HITS, on_flush, context};

    for (size_t i = 0; i < t->n_values; i += BATCH) {
        size_t n = t->n_values - i < BATCH ? t->n_values - i : BATCH;
        literal_scan(set, t->values + i, n, &hits);
    }
}

/* n literals, at first all of them "hit", are made until none does. */
static void literals_make(struct literal *to, size_t n, struct arena *a, const struct text *t,
                          bool is_near)
{
    bool *is_hit = ARENA_ARRAY(a, n, bool);
    size_t made = n;

    memset(is_hit, true, n);
    while (made > 0) {
        struct arena *scratch = arena_new(0);
        made = 0;
        for (size_t i = 0; i < n; i++)
            if (is_hit[i]) {
                to[i].text = is_near ? near_miss(a, t) : made_up(a);
                to[i].id = (uint32_t)i;
                to[i].where = LITERAL_ANYWHERE;
                made++;
            }
        memset(is_hit, false, n);
        scan_once(literal_set_new(scratch, to, n), t, is_hit);
        arena_free(scratch);
    }
}

/* ---- measuring ------------------------------------------------------------------------ */

static int double_cmp(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static void report(const char *what, enum simd_level level, double *seconds, int runs,
                   const struct text *t)
{
    double gb = (double)t->n * 1e-9;

    qsort(seconds, (size_t)runs, sizeof *seconds, double_cmp);
    printf("%s %-7s %7.3f GB/s (%.3f to %.3f) %8.1f ns/value\n", what, cpu_simd_name(level),
           gb / seconds[runs / 2], gb / seconds[runs - 1], gb / seconds[0],
           seconds[runs / 2] / (double)t->n_values * 1e9);
}

static size_t rounds_for(const struct text *t)
{
    return RUN_BYTES / (t->n + 1) + 1;
}

static void bench_scan(const struct text *t, const struct literal *literals, size_t n,
                       enum simd_level level, int runs)
{
    struct arena *a = arena_new(0);
    double start = now_s(), seconds[RUNS_MAX];
    const struct literal_set *set = literal_set_new_with(a, literals, n, level);
    double built = now_s() - start;
    size_t rounds = rounds_for(t);

    for (int r = 0; r < runs; r++) {
        n_hits = 0;
        start = now_s();
        for (size_t k = 0; k < rounds; k++)
            scan_once(set, t, NULL);
        seconds[r] = (now_s() - start) / (double)rounds;
    }
    report("scan", level, seconds, runs, t);
    printf("     %llu hits; built in %.1f ms, %zu KiB\n", (unsigned long long)(n_hits / rounds),
           built * 1e3, arena_used(a) / 1024);
    arena_free(a);
}

static void bench_fold(const struct text *t, enum simd_level level, int runs)
{
    bool (*fold)(char *, const char *, size_t) = fold_ascii_kernel(level);
    size_t rounds = rounds_for(t);
    double seconds[RUNS_MAX];

    for (int r = 0; r < runs; r++) {
        double start = now_s();
        for (size_t k = 0; k < rounds; k++)
            for (size_t i = 0; i < t->n_values; i++) {
                size_t at = (size_t)(t->values[i].p - t->folded);
                fold(t->folded + at, t->raw + at, t->values[i].n);
            }
        seconds[r] = (now_s() - start) / (double)rounds;
    }
    report("fold", level, seconds, runs, t);
}

int main(int argc, char **argv)
{
    struct arena *a = arena_new(0);
    struct text t = {0};

    if (argc < 3) {
        fprintf(stderr, "usage: %s N TEXT [words|near|FILE] [RUNS]\n", argv[0]);
        return 2;
    }
    size_t n = strtoul(argv[1], NULL, 10);
    int runs = argc > 4 ? (int)strtol(argv[4], NULL, 10) : 9;
    runs = runs < 1 ? 1 : runs > RUNS_MAX ? RUNS_MAX : runs;
    text_read(&t, a, argv[2]);
    struct literal *literals = ARENA_ARRAY(a, n, struct literal);
    const char *kind = argc > 3 ? argv[3] : "words";
    if (strcmp(kind, "words") == 0 || strcmp(kind, "near") == 0)
        literals_make(literals, n, a, &t, strcmp(kind, "near") == 0);
    else
        n = literals_read(literals, n, a, kind);
    printf("%zu literals, %zu values of %.1f bytes\n", n, t.n_values,
           (double)t.n / (double)t.n_values);
    for (int level = SIMD_SCALAR; level <= (int)cpu_simd_max(); level++) {
        bench_scan(&t, literals, n, (enum simd_level)level, runs);
        bench_fold(&t, (enum simd_level)level, runs);
    }
    free(t.raw);
    arena_free(a);
    return 0;
}

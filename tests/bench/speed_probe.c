/* speed_probe.c - how fast is this machine just now? On each core, every PAUSE_MS, a short piece of
 * weir's own work.
 *
 *   speed_probe RULES EVENTS [NAME=FILE ...]     (lists of placeholders)
 *
 * On a shared machine a core's speed goes up and down within seconds, by up to a factor of two:
 * whoever has the other half of the physical core takes its share of the units and caches, and no
 * counter tells. Loops of arithmetic or of loads feel little of it; what feels as much as a matcher
 * is a matcher. So the piece is the first PIECE_EVENTS events of the file through all the rules:
 * once to bring tables and texts back into the caches, whatever ran on the core meanwhile, and once
 * timed, by this thread's time on the core.
 *
 * Printed is a line for each piece: when it ended (seconds, monotonic clock), the core,
 * microseconds. tools/bench_speed.py reads it. Ends when its output is closed, or by a signal.
 */
#include "app/measure.h"
#include "app/rules.h"
#include "app/stream.h"
#include "base/str.h"
#include "detect/engine.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PIECE_EVENTS = 256, PAUSE_MS = 60, CORES_MAX = ENGINE_THREADS_MAX };

struct core {
    size_t number;
    pthread_t thread;
    struct engine *engine;
    struct stream *stream;
    struct str text;
    uint64_t n_matches;
};

static void die(const char *what)
{
    fprintf(stderr, "speed_probe: %s\n", what);
    exit(1);
}

static enum weir_rc on_batch(void *context, const struct event *events, const uint64_t *numbers,
                             size_t n, struct weir_err *err)
{
    struct core *c = context;
    const struct engine_match *matches;

    (void)numbers, (void)err;
    c->n_matches += engine_run(c->engine, events, n, &matches);
    return WEIR_OK;
}

static void piece(struct core *c)
{
    struct weir_err err;

    stream_reset(c->stream);
    stream_begin(c->stream, 0);
    if (stream_feed(c->stream, c->text.p, c->text.n, &err) != WEIR_OK ||
        stream_end(c->stream, &err) != WEIR_OK)
        die(err.text);
}

static void *watch(void *context)
{
    struct core *c = context;
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(c->number, &set);
    if (pthread_setaffinity_np(pthread_self(), sizeof set, &set) != 0)
        die("a core cannot be had");
    for (;;) {
        piece(c);
        double start = cpu_seconds();
        piece(c);
        double took = cpu_seconds() - start;
        char line[64];
        int n =
            snprintf(line, sizeof line, "%.3f %zu %.1f\n", now_seconds(), c->number, took * 1e6);
        if (write(STDOUT_FILENO, line, (size_t)n) != n)
            exit(0);
        poll(NULL, 0, PAUSE_MS);
    }
}

/* The first events of the file. */
static struct str read_piece(const char *path)
{
    FILE *f = fopen(path, "r");
    char *line = NULL;
    size_t n_line = 0;
    struct buf text = {0};
    ssize_t n;

    if (!f)
        die("cannot open the events");
    for (int i = 0; i < PIECE_EVENTS && (n = getline(&line, &n_line, f)) > 0; i++)
        buf_add(&text, (struct str){line, (size_t)n});
    free(line);
    fclose(f);
    if (text.n == 0)
        die("no lines in the events");
    return buf_str(&text);
}

static struct engine *load(struct rule_options *o, struct rule_book *book)
{
    struct engine_options options = {0};
    struct engine *engine;
    struct weir_err err;

    if (rule_book_load(o, book, &err) != WEIR_OK ||
        rule_book_engine_options(book, o, (struct str){0}, &options, &err) != WEIR_OK)
        die(err.text);
    options.no_cache = true;
    if (engine_new(book->rules, book->n_rules, book->profiles, &options, &engine, &err) != WEIR_OK)
        die(err.text);
    return engine;
}

int main(int argc, char **argv)
{
    static struct rule_book book;
    static struct core cores[CORES_MAX];
    struct rule_options o = {.skip_bad = true};
    long n = sysconf(_SC_NPROCESSORS_ONLN);

    if (argc < 3)
        die("usage: speed_probe RULES EVENTS [NAME=FILE ...]");
    text_list_add(&o.paths, str_from(argv[1]));
    for (int i = 3; i < argc; i++)
        text_list_add(&o.lists, str_from(argv[i]));
    struct engine *engine = load(&o, &book);
    struct origin_input input = {.name = str_from(argv[2])};
    for (size_t i = 0; i < (size_t)n && i < CORES_MAX; i++) {
        struct core *c = &cores[i];
        *c = (struct core){.number = i,
                           .engine = i ? engine_sibling(engine) : engine,
                           .text = read_piece(argv[2])};
        c->stream = stream_new(engine_worker(c->engine), book.profiles, &input, on_batch, c);
    }
    for (size_t i = 0; i < (size_t)n && i < CORES_MAX; i++)
        if (pthread_create(&cores[i].thread, NULL, watch, &cores[i]) != 0)
            die("cannot start a thread");
    pause();
    return 0;
}

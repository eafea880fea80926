/* play.c - plays scenarios on every store and adds up; tests/scenario/test_stories runs it.
 *
 *     play [--only memory|redis] [--show] FILE...
 *
 * --show: the documents that came out, on stderr.
 *
 * For each scenario a redis-server of its own: nothing is left over from the one before.
 */
#include <stdio.h>
#include <string.h>

#include "app/scenario.h"
#include "base/str.h"
#include "tests/lib/redis_server.h"

static bool does_show;
static unsigned n_passed, n_failed, n_skipped;

static void play_on(const char *path, const char *store, struct str where)
{
    struct buf documents = {0};
    struct scenario_options o = {.state = {.where = where, .brake = GRAPH_BRAKE_DEFAULT},
                                 .version = STR("test"),
                                 .documents = &documents};
    struct weir_err err = {0};
    char text[2048];

    enum weir_rc rc = scenario_play(str_from(path), &o, &err);
    if (does_show)
        fprintf(stderr, "%.*s", (int)documents.n, documents.p);
    buf_release(&documents);
    if (rc == WEIR_OK) {
        printf("ok     %-7s %s\n", store, path);
        n_passed++;
        return;
    }
    printf("FAILED %-7s %s\n", store, err_format(&err, text, sizeof text));
    n_failed++;
}

static void play_on_redis(const char *path)
{
    struct redis_server server = {0};

    if (!redis_server_start(&server, NULL, false)) {
        printf("FAILED redis   %s: no server\n", path);
        n_failed++;
        return;
    }
    play_on(path, "redis", str_from(server.url));
    redis_server_stop(&server);
}

int main(int argc, char **argv)
{
    bool on_memory = true, on_redis = true;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--show") == 0) {
            does_show = true;
            continue;
        }
        if (strcmp(argv[i], "--only") == 0 && i + 1 < argc) {
            i++;
            on_memory = strcmp(argv[i], "memory") == 0;
            on_redis = strcmp(argv[i], "redis") == 0;
            on_redis = on_redis && redis_server_is_there();
            continue;
        }
        if (on_memory)
            play_on(argv[i], "memory", STR("memory"));
        if (on_redis && redis_server_is_there())
            play_on_redis(argv[i]);
        else if (on_redis)
            n_skipped++;
    }
    printf("%u passed, %u failed, %u skipped\n", n_passed, n_failed, n_skipped);
    return n_failed ? 1 : 0;
}

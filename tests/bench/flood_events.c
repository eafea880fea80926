/* flood_events.c - sign-in failures of users who are made up, one each, and slow attacks among
 * them.
 *
 *     build/bench/flood_events [KEYS=10000000] [SEED=1]      NDJSON on stdout, 150 bytes an event
 *
 * All within ten minutes of event time, in order. Each of KEYS users fails once; 100 users
 * ("attack-0" ... "attack-99") fail five times, 110 seconds apart, from somewhere in the first 150
 * seconds on. tests/bench/flood/run pipes it into a replay.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/lib/rng.h"

enum { ATTACKS = 100, HITS = 5, SPAN_MS = 600000, STEP_MS = 110000, START_MS = 150000 };

static const int64_t BEGIN_MS = 1700000000000;

/* Of the attacks, when the next hit is due. */
static struct attack {
    int64_t due_ms;
    uint32_t n_sent;
} attacks[ATTACKS];

static void put(int64_t t_ms, const char *user)
{
    printf("{\"EventType\":\"authentication_failure\",\"User\":\"%s\",\"SourceIP\":\"10.0.0.1\","
           "\"product\":"
           "\"windows\",\"category\":\"authentication\",\"timestamp\":%lld}\n",
           user, (long long)(BEGIN_MS + t_ms));
}

static void put_attacks(int64_t t_ms)
{
    char user[32];

    for (int a = 0; a < ATTACKS; a++) {
        if (attacks[a].n_sent == HITS || attacks[a].due_ms > t_ms)
            continue;
        snprintf(user, sizeof user, "attack-%d", a);
        put(t_ms, user);
        attacks[a].n_sent++;
        attacks[a].due_ms += STEP_MS;
    }
}

int main(int argc, char **argv)
{
    uint64_t n_keys = argc > 1 ? strtoull(argv[1], NULL, 10) : 10000000;
    struct rng rng = {argc > 2 ? strtoull(argv[2], NULL, 10) : 1};
    int64_t before = -1;
    char user[40];

    for (int a = 0; a < ATTACKS; a++)
        attacks[a].due_ms = (int64_t)rng_below(&rng, START_MS);
    for (uint64_t k = 0; k < n_keys; k++) {
        int64_t t = (int64_t)(k * SPAN_MS / n_keys);
        if (t != before)
            put_attacks(t);
        before = t;
        snprintf(user, sizeof user, "%llx-%x", (unsigned long long)k, rng_below(&rng, UINT32_MAX));
        put(t, user);
    }
    return 0;
}

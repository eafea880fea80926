/* rng.c - splitmix64. */
#include "tests/lib/rng.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct rng rng_start(const char *test)
{
    const char *given = getenv("WEIR_SEED");
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t seed =
        given ? strtoull(given, NULL, 10) : (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec;
    fprintf(stderr, "%s: WEIR_SEED=%llu\n", test, (unsigned long long)seed);
    return (struct rng){seed};
}

unsigned rng_rounds(void)
{
    const char *given = getenv("WEIR_ROUNDS");

    return given ? (unsigned)strtoul(given, NULL, 10) : 1;
}

uint32_t rng_below(struct rng *r, uint32_t below)
{
    uint64_t z = r->state += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    z ^= z >> 31;
    return (uint32_t)(z % below);
}

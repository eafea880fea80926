/* cost.c - a bound on what one sample adds, which follows the samples before it. */
#include "match/cost.h"

uint64_t cost_of_sample(uint64_t cycles, uint64_t sum, uint64_t n)
{
    uint64_t most = n ? sum / n * COST_MEANS : 0;

    if (most < COST_CYCLES)
        most = COST_CYCLES;
    return cycles < most ? cycles : most;
}

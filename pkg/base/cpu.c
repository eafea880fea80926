/* cpu.c - the choice of vector kernels. Pure: the answer is computed from CPUID and the
 * environment at each call; callers keep the function pointer they chose with it. */
#include "base/cpu.h"

#include <stdlib.h>
#include <string.h>

static const char *const NAMES[] = {"scalar", "avx2", "avx512"};

enum simd_level cpu_simd_max(void)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vbmi2") &&
        __builtin_cpu_supports("pclmul"))
        return SIMD_AVX512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
        __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("pclmul"))
        return SIMD_AVX2;
#endif
    return SIMD_SCALAR;
}

enum simd_level cpu_simd(void)
{
    enum simd_level level = cpu_simd_max();
    const char *forced = getenv("WEIR_SIMD");

    for (int i = SIMD_SCALAR; forced && i < (int)level; i++)
        if (strcmp(forced, NAMES[i]) == 0)
            level = (enum simd_level)i;
    return level;
}

const char *cpu_simd_name(enum simd_level level)
{
    return NAMES[level];
}

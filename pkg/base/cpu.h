/* cpu.h - which vector instructions this machine has, asked once at start.
 *
 * WEIR_SIMD=scalar|avx2|avx512 in the environment lowers the choice (it never raises
 * it): for tests, and for machines that clock down under wide vectors.
 */
#ifndef WEIR_BASE_CPU_H
#define WEIR_BASE_CPU_H

#include "base/base.h"

enum simd_level { SIMD_SCALAR, SIMD_AVX2, SIMD_AVX512 };

/* The level in force. AVX512 means F, BW, VL, DQ, VBMI and VBMI2 (Ice Lake, Zen 4 and
 * later); both vector levels also mean BMI, BMI2 and PCLMUL. */
enum simd_level cpu_simd(void);
/* The level this machine could do, whatever WEIR_SIMD says. */
enum simd_level cpu_simd_max(void);
const char *cpu_simd_name(enum simd_level level);

#endif

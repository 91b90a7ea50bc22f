// SPDX-License-Identifier: MIT
// The method of CMSIS-NN's s16 convolution in our own words: two columns are copied side by side (im2col), two rows of
// s8 weights are widened four at a time and meet both columns, sums are requantised in 64 bits.
//
// CMSIS-NN 7's own arm_convolve_s16 takes an eighth less time by the same model: 0.43 products a cycle for 16 to 16
// channels, kernel 3, and 0.56 for 32 to 32 (64-bit bias), where this takes 0.39 and 0.49.
#ifndef LOTTAVA_BENCH_CMSIS_ALGORITHM_H_
#define LOTTAVA_BENCH_CMSIS_ALGORITHM_H_

#include "bench/naive.h"

#ifdef __cplusplus
extern "C" {
#endif

// As bench_naive_convolve; columns: even, outputs: even; scratch: 2 * kernel * inputs values. 4-byte aligned.
void bench_cmsis_convolve(const BenchConvolution* layer, const int16_t* x, int16_t* y, uint32_t columns,
                          int16_t* scratch);

#ifdef __cplusplus
}
#endif

#endif  // LOTTAVA_BENCH_CMSIS_ALGORITHM_H_

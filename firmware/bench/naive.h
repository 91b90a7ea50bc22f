// SPDX-License-Identifier: MIT
// A causal convolution as anyone would write it: what a compiler makes of five loops.
#ifndef LOTTAVA_BENCH_NAIVE_H_
#define LOTTAVA_BENCH_NAIVE_H_

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// weight s8 [outputs][kernel][inputs], and a bias, multiplier and shift for each output (lottava/fixedpoint.py).
typedef struct BenchConvolution {
  const int8_t* weight;
  const int32_t *bias, *multiplier, *shift;
  uint32_t inputs, kernel, outputs;
} BenchConvolution;

// x: [kernel - 1 + columns][inputs], the past first, so that nobody has to keep it; y: [columns][outputs].
void bench_naive_convolve(const BenchConvolution* layer, const int16_t* x, int16_t* y, uint32_t columns);

#ifdef __cplusplus
}
#endif

#endif  // LOTTAVA_BENCH_NAIVE_H_

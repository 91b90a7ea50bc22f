// SPDX-License-Identifier: MIT
// Requantisation in 64 bits, written out as lottava/fixedpoint.py defines it.
#ifndef LOTTAVA_BENCH_REQUANTISE_H_
#define LOTTAVA_BENCH_REQUANTISE_H_

#include <stdint.h>

static inline int32_t bench_reduced_multiplier(int32_t multiplier) {
  return multiplier < 0x7FFF0000 ? (multiplier + (1 << 15)) >> 16 : 0x7FFF;
}

static inline int16_t bench_requantise(int64_t acc, int32_t reduced_multiplier, int32_t shift) {
  const int64_t scaled = (((acc * reduced_multiplier) >> (14 - shift)) + 1) >> 1;
  return (int16_t)(scaled > INT16_MAX ? INT16_MAX : scaled < INT16_MIN ? INT16_MIN : scaled);
}

#endif  // LOTTAVA_BENCH_REQUANTISE_H_

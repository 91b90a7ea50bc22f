// SPDX-License-Identifier: MIT
// Interpolated table values, inline: low + ((step * fraction + 64) >> 7) as the upper half of one multiply-accumulate,
// low * 2^16 + 2^15 + (2 * step) * (fraction << 8).
#ifndef LOTTAVA_NN_LOOKUP_H_
#define LOTTAVA_NN_LOOKUP_H_

#include "nn/activation.h"
#include "nn/arith.h"

// gate: any s16 code.
static inline int32_t nn_lookup(const uint32_t* table, int32_t gate) {
  const uint32_t word = table[(gate - INT16_MIN) >> NN_LUT_STEP_BITS];
  const int32_t fraction = gate & ((1 << NN_LUT_STEP_BITS) - 1);
  return ((int32_t)((word & 0xFFFF0000u) | 0x8000u) + (int16_t)word * (fraction << 8)) >> 16;
}

#endif  // LOTTAVA_NN_LOOKUP_H_

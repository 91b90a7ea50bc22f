// SPDX-License-Identifier: MIT
// One interpolated table value, inline: low + ((step * fraction + 64) >> 7) as a single dot product of a pair.
#ifndef LOTTAVA_NN_LOOKUP_H_
#define LOTTAVA_NN_LOOKUP_H_

#include "nn/activation.h"
#include "nn/arith.h"

// gate: any s16 code.
static inline int32_t nn_lookup(const uint32_t* table, int32_t gate) {
  const uint32_t pair = table[(gate - INT16_MIN) >> NN_LUT_STEP_BITS];
  const uint32_t fraction = (uint32_t)gate & ((1u << NN_LUT_STEP_BITS) - 1u);
  const uint32_t one = 1u << NN_LUT_STEP_BITS;
  return nn_dot_pair(pair, fraction | one << 16, (int32_t)(one / 2)) >> NN_LUT_STEP_BITS;
}

#endif  // LOTTAVA_NN_LOOKUP_H_

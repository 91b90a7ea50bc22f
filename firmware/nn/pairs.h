// SPDX-License-Identifier: MIT
// Two s16 in one word, the first one below: what the Cortex-M7 adds, packs and stores at once.
#ifndef LOTTAVA_NN_PAIRS_H_
#define LOTTAVA_NN_PAIRS_H_

#include "nn/arith.h"

static inline void nn_store_pair(int16_t* y, uint32_t pair) { memcpy(y, &pair, sizeof(pair)); }

#if NN_HAS_DSP
// The lower halves.
static inline uint32_t nn_make_pair(int32_t first, int32_t second) {
  uint32_t pair;
  __asm("pkhbt %0, %1, %2, lsl #16" : "=r"(pair) : "r"(first), "r"(second));
  return pair;
}

// Both s16 sums of two words, saturated.
static inline uint32_t nn_add_pairs(uint32_t a, uint32_t b) { return (uint32_t)__qadd16((int16x2_t)a, (int16x2_t)b); }
#endif

#endif  // LOTTAVA_NN_PAIRS_H_

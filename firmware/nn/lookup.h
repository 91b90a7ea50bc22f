// SPDX-License-Identifier: MIT
// Interpolated table values, inline: low + ((step * fraction + 64) >> 7) as the upper half of one multiply-accumulate,
// low * 2^16 + 2^15 + (2 * step) * (fraction << 8).
#ifndef LOTTAVA_NN_LOOKUP_H_
#define LOTTAVA_NN_LOOKUP_H_

#include "nn/activation.h"
#include "nn/arith.h"
#include "nn/pairs.h"

// gate: any s16 code.
static inline int32_t nn_lookup(const uint32_t* table, int32_t gate) {
  const uint32_t word = table[(gate - INT16_MIN) >> NN_LUT_STEP_BITS];
  const int32_t fraction = gate & ((1 << NN_LUT_STEP_BITS) - 1);
  return ((int32_t)((word & 0xFFFF0000u) | 0x8000u) + (int16_t)word * (fraction << 8)) >> 16;
}

#if NN_HAS_DSP
// Values of two codes, each in the upper half of a word; what is below it stays unused.
typedef struct NnTops {
  int32_t first, second;
} NnTops;

static inline uint32_t nn_top_and_bottom(uint32_t top, uint32_t bottom) {
  uint32_t joined;
  __asm("pkhtb %0, %1, %2" : "=r"(joined) : "r"(top), "r"(bottom));
  return joined;
}

// 9 instructions for two values: fractions of both at once, two indices, two words, two halves rounded, two products.
static inline __attribute__((always_inline)) NnTops nn_lookup_pair(const uint32_t* table, uint32_t codes) {
  const uint32_t* const middle = table + NN_LUT_WORDS / 2;
  const uint32_t fractions = codes << 8 & 0x7F007F00u;
  const uint32_t first = middle[(int32_t)(codes << 16) >> (16 + NN_LUT_STEP_BITS)];
  const uint32_t second = middle[(int32_t)codes >> (16 + NN_LUT_STEP_BITS)];
  const NnTops tops = {
      __smlabb((int32_t)first, (int32_t)fractions, (int32_t)nn_top_and_bottom(first, 0x8000u)),
      __smlabt((int32_t)second, (int32_t)fractions, (int32_t)nn_top_and_bottom(second, 0x8000u)),
  };
  return tops;
}

static inline uint32_t nn_pack_tops(NnTops tops) {
  uint32_t pair;
  __asm("pkhtb %0, %1, %2, asr #16" : "=r"(pair) : "r"(tops.second), "r"(tops.first));
  return pair;
}

// Two sums of 31 bits, each >> 15, as one word.
static inline uint32_t nn_pack_q15(int32_t first, int32_t second) {
  uint32_t pair;
  __asm("pkhtb %0, %1, %2, asr #15" : "=r"(pair) : "r"((uint32_t)second << 1), "r"(first));
  return pair;
}

#endif

#endif  // LOTTAVA_NN_LOOKUP_H_

// SPDX-License-Identifier: MIT
// Integer primitives of lottava/fixedpoint.py: Cortex-M7 instructions where there are some, plain C elsewhere, same bits.
#ifndef LOTTAVA_NN_ARITH_H_
#define LOTTAVA_NN_ARITH_H_

#include <stdint.h>
#include <string.h>

#if defined(__ARM_FEATURE_DSP)
#include <arm_acle.h>
#define NN_HAS_DSP 1
#else
#define NN_HAS_DSP 0
#endif

static inline int32_t nn_saturate_s16(int32_t value) {
#if NN_HAS_DSP
  int32_t clamped;
  __asm("ssat %0, #16, %1" : "=r"(clamped) : "r"(value));
  return clamped;
#else
  return value > INT16_MAX ? INT16_MAX : value < INT16_MIN ? INT16_MIN : value;
#endif
}

// The factor of both requantisations from CMSIS-NN's Q31 multiplier and shift (-16..-1): m16 << (17 + shift).
static inline int32_t nn_requantise_factor(int32_t multiplier, int32_t shift) {
  const int32_t m16 = multiplier < 0x7FFF0000 ? (multiplier + (1 << 15)) >> 16 : 0x7FFF;
  return m16 * ((int32_t)1 << (17 + shift));
}

// ((acc * m16) >> (14 - shift)) + 1 >> 1, saturated: rounding the product's upper word (SMMULR) is the same thing.
static inline int32_t nn_requantise_s32(int32_t acc, int32_t factor) {
#if NN_HAS_DSP
  int32_t high;
  __asm("smmulr %0, %1, %2" : "=r"(high) : "r"(acc), "r"(factor));
#else
  const int32_t high = (int32_t)(((int64_t)acc * factor + ((int64_t)1 << 31)) >> 32);
#endif
  return nn_saturate_s16(high);
}

// The same for |acc| < 2^47, exact by halves: acc = upper * 2^32 + lower, and upper * factor stays below 2^46.
static inline int32_t nn_requantise_s64(int64_t acc, int32_t factor) {
  const int64_t lower = (int64_t)((uint64_t)acc & 0xFFFFFFFFu);
  const int64_t high = (acc >> 32) * factor + ((lower * factor + ((int64_t)1 << 31)) >> 32);
  return (int32_t)(high > INT16_MAX ? INT16_MAX : high < INT16_MIN ? INT16_MIN : high);
}

// 0 .. 32767: what a rectifier leaves of a saturated value.
static inline int32_t nn_saturate_u15(int32_t value) {
#if NN_HAS_DSP
  int32_t clamped;
  __asm("usat %0, #15, %1" : "=r"(clamped) : "r"(value));
  return clamped;
#else
  return value > INT16_MAX ? INT16_MAX : value < 0 ? 0 : value;
#endif
}

// Two s16 as one word, the first one below.
static inline uint32_t nn_load_pair(const int16_t* x) {
  uint32_t pair;
  memcpy(&pair, x, sizeof(pair));
  return pair;
}

// acc + w0 x0 + w1 x1; with weights of eight bits the two products alone never overflow.
static inline int32_t nn_dot_pair(uint32_t weights, uint32_t x, int32_t acc) {
#if NN_HAS_DSP
  return __smlad((int32_t)weights, (int32_t)x, acc);
#else
  return acc + (int16_t)weights * (int16_t)x + (int16_t)(weights >> 16) * (int16_t)(x >> 16);
#endif
}

// The same into 64 bits.
static inline int64_t nn_dot_pair_wide(uint32_t weights, uint32_t x, int64_t acc) {
#if NN_HAS_DSP
  return __smlald((int32_t)weights, (int32_t)x, acc);
#else
  return acc + nn_dot_pair(weights, x, 0);
#endif
}

#endif  // LOTTAVA_NN_ARITH_H_

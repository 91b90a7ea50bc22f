// SPDX-License-Identifier: MIT
// Words as two halves or four bytes: Cortex-M7 instructions where there are some, plain C++ elsewhere, same values.
#ifndef LOTTAVA_DSP_WORDS_H_
#define LOTTAVA_DSP_WORDS_H_

#include <cstdint>
#include <cstring>

#if defined(__ARM_FEATURE_DSP)
#include <arm_acle.h>
#endif

#include "dsp/math.h"

namespace lottava {

// Two s16 as one word, the first one below.
LOTTAVA_INLINE uint32_t LoadPair(const int16_t* x) {
  uint32_t pair;
  memcpy(&pair, x, sizeof(pair));
  return pair;
}

// sum + the products of lower and of upper halves, as s16; the sum must fit.
LOTTAVA_INLINE int32_t DotPair(uint32_t a, uint32_t b, int32_t sum) {
#if defined(__ARM_FEATURE_DSP)
  return __smlad(static_cast<int32_t>(a), static_cast<int32_t>(b), sum);
#else
  return sum + static_cast<int16_t>(a) * static_cast<int16_t>(b) +
         static_cast<int16_t>(a >> 16) * static_cast<int16_t>(b >> 16);
#endif
}

LOTTAVA_INLINE int32_t ByteSum(uint32_t word) {
#if defined(__ARM_FEATURE_DSP)
  return static_cast<int32_t>(__usad8(word, 0));
#else
  const uint32_t pairs = (word & 0x00FF00FFu) + ((word >> 8) & 0x00FF00FFu);
  return static_cast<int32_t>((pairs + (pairs >> 16)) & 0xFFFFu);
#endif
}

LOTTAVA_INLINE int16_t SaturateS16(int32_t x) {
#if defined(__ARM_FEATURE_DSP)
  return static_cast<int16_t>(__ssat(x, 16));
#else
  return static_cast<int16_t>(x > INT16_MAX ? INT16_MAX : x < INT16_MIN ? INT16_MIN : x);
#endif
}

}  // namespace lottava

#endif  // LOTTAVA_DSP_WORDS_H_

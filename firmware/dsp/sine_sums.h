// SPDX-License-Identifier: MIT
// Eight sums of products that share one factor each step: the inner loop of building a period of waveform.
#ifndef LOTTAVA_DSP_SINE_SUMS_H_
#define LOTTAVA_DSP_SINE_SUMS_H_

#include <cstddef>

#include "dsp/math.h"

namespace lottava {

constexpr size_t kSineSums = 8;

// sums[n] = fma over q = 0 .. count - 1, in this order, of weights[q] and sines[8 q + n].
#if defined(__thumb2__) && defined(__ARM_FP)
// 14 cycles for eight products: a load of several registers moves two a cycle, where the compiler's single loads take
// a cycle each, because they don't pair with a multiply-accumulate.
inline void SineSums(const float* sines, const float* weights, size_t count, float* sums) {
  const float* end = weights + count;
  const float zero = 0.0f;
  __asm volatile(
      "vmov.f32 s0, %[zero]\n\t"
      "vmov.f32 s1, %[zero]\n\t"
      "vmov.f32 s2, %[zero]\n\t"
      "vmov.f32 s3, %[zero]\n\t"
      "vmov.f32 s4, %[zero]\n\t"
      "vmov.f32 s5, %[zero]\n\t"
      "vmov.f32 s6, %[zero]\n\t"
      "vmov.f32 s7, %[zero]\n\t"
      "b 2f\n"
      "1:\n\t"
      "vldmia %[weights]!, {s8}\n\t"
      "vldmia %[sines]!, {s9-s16}\n\t"
      "vfma.f32 s0, s8, s9\n\t"
      "vfma.f32 s1, s8, s10\n\t"
      "vfma.f32 s2, s8, s11\n\t"
      "vfma.f32 s3, s8, s12\n\t"
      "vfma.f32 s4, s8, s13\n\t"
      "vfma.f32 s5, s8, s14\n\t"
      "vfma.f32 s6, s8, s15\n\t"
      "vfma.f32 s7, s8, s16\n"
      "2:\n\t"
      "cmp %[weights], %[end]\n\t"
      "bne 1b\n\t"
      "vstmia %[sums], {s0-s7}"
      : [sines] "+r"(sines), [weights] "+r"(weights)
      : [end] "r"(end), [sums] "r"(sums), [zero] "w"(zero)
      : "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "s12", "s13", "s14", "s15", "s16",
        "cc", "memory");
}
#else
inline void SineSums(const float* sines, const float* weights, size_t count, float* sums) {
  float y[kSineSums] = {};
  for (size_t q = 0; q < count; ++q) {
    for (size_t n = 0; n < kSineSums; ++n) {
      y[n] = Fma(weights[q], sines[kSineSums * q + n], y[n]);
    }
  }
  for (size_t n = 0; n < kSineSums; ++n) {
    sums[n] = y[n];
  }
}
#endif

}  // namespace lottava

#endif  // LOTTAVA_DSP_SINE_SUMS_H_

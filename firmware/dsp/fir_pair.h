// SPDX-License-Identifier: MIT
// Two samples of two symmetric FIR filters over one history, in 32-bit integers: the inner loop of the noise.
#ifndef LOTTAVA_DSP_FIR_PAIR_H_
#define LOTTAVA_DSP_FIR_PAIR_H_

#include <cstddef>
#include <cstdint>

#include "generated/dsp_tables.h"

namespace lottava {

constexpr size_t kFirPairs = DSP_NOISE_TAPS / 2;

// A tap of the filter and of its change over a hop.
struct FirTap {
  int32_t level, slope;
};

struct FirSums {
  int32_t level0, level1, slope0, slope1;
};

// Sums over j = 0 .. kFirPairs - 1 of taps[j] * (x[63 - j - 1] + x[j]) / 2^32, each product rounded: sample 0; the same
// one place on: sample 1. x: 65 values of 31 bits; taps: one more is read, whatever it holds. The sums must fit.
#if defined(__ARM_FEATURE_DSP)
// 5 cycles a tap for four products, where a float FIR of four samples takes 10.5: sums of pairs and all loads share
// their cycle with a multiply-accumulate. Four registers take turns as a, b (older values of the window), then their
// sums, and as the window's next values.
inline FirSums FirPair(const FirTap* taps, const int32_t* x) {
  static_assert(DSP_NOISE_TAPS == 64, "offsets below");
  FirSums sums = {};
  int32_t a, b, c, d, level, slope;
  __asm volatile(
      ".macro fir_tap a, b, c, d, j\n\t"
      "smmlar %[l0], \\b, %[level], %[l0]\n\t"
      "add \\a, \\a, \\d\n\t"
      "smmlar %[l1], \\a, %[level], %[l1]\n\t"
      "ldr %[level], [%[taps], #(8 * (\\j) + 8)]\n\t"
      "smmlar %[s0], \\b, %[slope], %[s0]\n\t"
      "ldr \\b, [%[x], #(4 * (61 - (\\j)))]\n\t"
      "smmlar %[s1], \\a, %[slope], %[s1]\n\t"
      "ldr \\a, [%[x], #(4 * ((\\j) + 2))]\n\t"
      "add \\d, \\d, \\b\n\t"
      "ldr %[slope], [%[taps], #(8 * (\\j) + 12)]\n\t"
      ".endm\n\t"
      "ldr %[a], [%[x], #(4 * 63)]\n\t"
      "ldr %[b], [%[x]]\n\t"
      "ldr %[c], [%[x], #(4 * 62)]\n\t"
      "ldr %[d], [%[x], #4]\n\t"
      "ldr %[level], [%[taps]]\n\t"
      "ldr %[slope], [%[taps], #4]\n\t"
      "add %[b], %[b], %[c]\n\t"
      ".set fir_j, 0\n\t"
      ".rept 8\n\t"
      "fir_tap %[a], %[b], %[c], %[d], fir_j\n\t"
      "fir_tap %[c], %[d], %[b], %[a], fir_j + 1\n\t"
      "fir_tap %[b], %[a], %[d], %[c], fir_j + 2\n\t"
      "fir_tap %[d], %[c], %[a], %[b], fir_j + 3\n\t"
      ".set fir_j, fir_j + 4\n\t"
      ".endr\n\t"
      ".purgem fir_tap"
      : [l0] "+r"(sums.level0), [l1] "+r"(sums.level1), [s0] "+r"(sums.slope0), [s1] "+r"(sums.slope1), [a] "=&r"(a),
        [b] "=&r"(b), [c] "=&r"(c), [d] "=&r"(d), [level] "=&r"(level), [slope] "=&r"(slope)
      : [taps] "r"(taps), [x] "r"(x)
      : "memory");
  return sums;
}
#else
inline int32_t AddUpperProduct(int32_t sum, int32_t a, int32_t b) {  // SMMLAR
  return sum + static_cast<int32_t>((static_cast<int64_t>(a) * b + (int64_t{1} << 31)) >> 32);
}

inline FirSums FirPair(const FirTap* taps, const int32_t* x) {
  FirSums sums = {};
  for (size_t j = 0; j < kFirPairs; ++j) {
    const int32_t pair0 = x[62 - j] + x[j], pair1 = x[63 - j] + x[j + 1];
    sums.level0 = AddUpperProduct(sums.level0, pair0, taps[j].level);
    sums.level1 = AddUpperProduct(sums.level1, pair1, taps[j].level);
    sums.slope0 = AddUpperProduct(sums.slope0, pair0, taps[j].slope);
    sums.slope1 = AddUpperProduct(sums.slope1, pair1, taps[j].slope);
  }
  return sums;
}
#endif

}  // namespace lottava

#endif  // LOTTAVA_DSP_FIR_PAIR_H_

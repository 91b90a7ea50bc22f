// SPDX-License-Identifier: MIT
// Single-precision functions without libm: the same bits on every machine.
#ifndef LOTTAVA_DSP_MATH_H_
#define LOTTAVA_DSP_MATH_H_

#include <cstddef>
#include <cstdint>

namespace lottava {

inline float Fma(float a, float b, float c) { return __builtin_fmaf(a, b, c); }

// NaN becomes `low`.
inline float Clamp(float x, float low, float high) { return x > low ? (x < high ? x : high) : low; }

// For what has to interleave with its neighbours, whatever the optimiser thinks of the size.
#define LOTTAVA_INLINE inline __attribute__((always_inline))

// Nearest integer, halves away from zero; |x| must be below 2^31.
inline int32_t Round(float x) { return static_cast<int32_t>(x + (x < 0.0f ? -0.5f : 0.5f)); }

// Coefficients ascending; unrolled whatever the optimiser thinks of it.
template <size_t first = 0, size_t size>
inline float Polynomial(const float (&coefficients)[size], float x) {
  if constexpr (first + 1 == size) {
    return coefficients[first];
  } else {
    return Fma(Polynomial<first + 1>(coefficients, x), x, coefficients[first]);
  }
}

// 2^x, relative error below 1.5e-7; x is clamped to [-126, 126].
float Exp2(float x);

// 2 sigmoid(x)^ln(10) + 1e-7, DDSP's map from control to amplitude, of x = codes[i] * 2^-11, less the noise bias of 5 in the
// second form; relative error below 3e-6. A cubic for each eighth (sigmoid_cubics.h, which fills
// them in), 19 cycles a value; the formula took 100.
void ExpSigmoid(const int16_t* codes, float* y, size_t size);
void BiasedExpSigmoid(const int16_t* codes, float* y, size_t size);

}  // namespace lottava

#endif  // LOTTAVA_DSP_MATH_H_

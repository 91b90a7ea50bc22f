// SPDX-License-Identifier: MIT
// Exponent and mantissa apart, a polynomial for what is left; no branches, so that calls interleave.
#include "dsp/math.h"

#include <cstring>

#include "generated/dsp_tables.h"

namespace lottava {

namespace {

constexpr float kLog2E = 1.44269504f;
constexpr float kLn10 = 2.30258509f;
constexpr float kRounder = 12582912.0f;  // 1.5 * 2^23: adding it leaves the nearest integer in the lowest bits
constexpr uint32_t kRootHalf = 0x3F3504F3;
constexpr uint32_t kOne = 0x3F800000;
constexpr uint32_t kExponentMask = 0xFF800000;

inline float FromBits(uint32_t bits) {
  float x;
  memcpy(&x, &bits, sizeof(x));
  return x;
}

inline uint32_t ToBits(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof(bits));
  return bits;
}

// |x| <= 126.
LOTTAVA_INLINE float BoundedExp2(float x) {
  const float rounded = x + kRounder;
  const float power = FromBits((ToBits(rounded) << 23) + kOne);
  return power * Polynomial(dsp_exp2_polynomial, x - (rounded - kRounder));
}

// The mantissa in [sqrt(1/2), sqrt(2)), where log2 passes through zero without losing digits.
LOTTAVA_INLINE float NormalLog2(float x) {
  const uint32_t bits = ToBits(x);
  const uint32_t exponent = (bits - kRootHalf) & kExponentMask;
  const float mantissa = FromBits(bits - exponent);
  const float t = (mantissa - 1.0f) / (mantissa + 1.0f);
  const float whole = static_cast<float>(static_cast<int32_t>(exponent)) * 0x1p-23f;
  return Fma(t, Polynomial(dsp_log2_polynomial, t * t), whole);
}

LOTTAVA_INLINE float OneExpSigmoid(float x) {
  const float log2_sigmoid = -NormalLog2(1.0f + BoundedExp2(-kLog2E * x));
  return Fma(2.0f, BoundedExp2(kLn10 * log2_sigmoid), 1e-7f);
}

}  // namespace

float Exp2(float x) { return BoundedExp2(Clamp(x, -126.0f, 126.0f)); }

float Log2(float x) { return NormalLog2(x); }

void ExpSigmoid(const float* x, float* y, size_t size) {
  for (size_t i = 0; i < size; i += 4) {
    const float y0 = OneExpSigmoid(x[i]), y1 = OneExpSigmoid(x[i + 1]);
    const float y2 = OneExpSigmoid(x[i + 2]), y3 = OneExpSigmoid(x[i + 3]);
    y[i] = y0, y[i + 1] = y1, y[i + 2] = y2, y[i + 3] = y3;
  }
}

}  // namespace lottava

// SPDX-License-Identifier: MIT
// Exponent and mantissa apart, a polynomial for what is left.
#include "dsp/math.h"

#include <cstring>

#include "generated/dsp_tables.h"

namespace lottava {

namespace {

constexpr float kLog2E = 1.44269504f;
constexpr float kLn10 = 2.30258509f;
constexpr float kRootHalf = 0.70710678f;
constexpr uint32_t kMantissaMask = 0x007FFFFF;
constexpr uint32_t kOneHalf = 0x3F000000;

float FromBits(uint32_t bits) {
  float x;
  memcpy(&x, &bits, sizeof(x));
  return x;
}

uint32_t ToBits(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof(bits));
  return bits;
}

}  // namespace

float Exp2(float x) {
  x = Clamp(x, -126.0f, 126.0f);
  const int32_t whole = Round(x);
  const float power = FromBits(static_cast<uint32_t>(whole + 127) << 23);
  return power * Polynomial(dsp_exp2_polynomial, x - static_cast<float>(whole));
}

float Log2(float x) {
  const uint32_t bits = ToBits(x);
  float exponent = static_cast<float>(static_cast<int32_t>(bits >> 23) - 126);
  float mantissa = FromBits((bits & kMantissaMask) | kOneHalf);
  if (mantissa < kRootHalf) {
    mantissa += mantissa;
    exponent -= 1.0f;
  }
  const float t = (mantissa - 1.0f) / (mantissa + 1.0f);
  return Fma(t, Polynomial(dsp_log2_polynomial, t * t), exponent);
}

float ExpSigmoid(float x) {
  const float log2_sigmoid = -Log2(1.0f + Exp2(-kLog2E * x));
  return Fma(2.0f, Exp2(kLn10 * log2_sigmoid), 1e-7f);
}

}  // namespace lottava

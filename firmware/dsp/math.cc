// SPDX-License-Identifier: MIT
// Exponent and mantissa apart or a table of pieces, a polynomial for what is left.
#include "dsp/math.h"

#include <cstring>

#include "dsp/sigmoid_cubics.h"
#include "generated/dsp_tables.h"

namespace lottava {

namespace {

constexpr float kRounder = 12582912.0f;  // 1.5 * 2^23: adding it leaves the nearest integer in the lowest bits
constexpr uint32_t kOne = 0x3F800000;
constexpr int32_t kHalfPiece = DSP_SIGMOID_PIECE / 2;

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

// `code` counts from the start of the table.
LOTTAVA_INLINE float Piece(uint32_t code) {
  const float(&cubic)[4] = sigmoid_cubics[code / DSP_SIGMOID_PIECE];
  return Polynomial(cubic, static_cast<float>(static_cast<int32_t>(code % DSP_SIGMOID_PIECE) - kHalfPiece));
}

template <int32_t start>
LOTTAVA_INLINE void Pieces(const int16_t* codes, float* y, size_t size) {
#pragma GCC unroll 4
  for (size_t i = 0; i < size; ++i) {
    y[i] = Piece(static_cast<uint32_t>(codes[i] - start));
  }
}

}  // namespace

float Exp2(float x) {
  const float bounded = Clamp(x, -126.0f, 126.0f);
  const float rounded = bounded + kRounder;
  const float power = FromBits((ToBits(rounded) << 23) + kOne);
  return power * Polynomial(dsp_exp2_polynomial, bounded - (rounded - kRounder));
}

void ExpSigmoid(const int16_t* codes, float* y, size_t size) { Pieces<DSP_SIGMOID_START>(codes, y, size); }

void BiasedExpSigmoid(const int16_t* codes, float* y, size_t size) { Pieces<INT16_MIN>(codes, y, size); }

}  // namespace lottava

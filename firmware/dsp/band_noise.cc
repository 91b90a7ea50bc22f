// SPDX-License-Identifier: MIT
// Two filters (value and change) share the pair sums of one noise history.
#include "dsp/band_noise.h"

#include <cstring>

#include "dsp/math.h"
#include "dsp/noise_pairs.h"

namespace lottava {

namespace {

constexpr int32_t kTapBits = 30;    // of the sum of all taps
constexpr int32_t kWhiteBits = 30;  // so that a pair's sum fits 32
constexpr int32_t kUnitExponent = 32 - kWhiteBits - kTapBits;  // the upper word of a product is kept
constexpr int32_t kFloatBias = 127;
constexpr uint32_t kLeastExponent = 64;  // quieter taps than 2^-63 share its scale

// xorshift32 with shifts 13, 17, 5 (Marsaglia 2003), read as int32 at 2^-31 and halved.
int32_t NextWhite(uint32_t* state) {
  uint32_t x = *state;
  x ^= x << 13;
  x ^= x >> 17;
  x ^= x << 5;
  *state = x;
  return static_cast<int32_t>(x) >> 1;
}

float PowerOfTwo(int32_t exponent) {
  const uint32_t bits = static_cast<uint32_t>(exponent + kFloatBias) << 23;
  float power;
  memcpy(&power, &bits, sizeof(power));
  return power;
}

// The least e with x < 2^e, for positive x.
int32_t ExponentAbove(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof(bits));
  const uint32_t exponent = bits >> 23;
  return static_cast<int32_t>(exponent > kLeastExponent ? exponent : kLeastExponent) - kFloatBias + 1;
}

}  // namespace

__attribute__((cold)) void BandNoise::Init() {
  memset(this, 0, sizeof(*this));
  state_ = DSP_NOISE_SEED;
  FillNoisePairs();
}

void BandNoise::SetTarget(const float* bands, float share) {
  float sums[4] = {};  // of all taps at both ends, no less than that of the changes
  for (size_t j = 0; j < kFirPairs; j += 4) {
    const float(*rows)[4] = noise_pairs[j / 4];
    float taps[4] = {};
#pragma GCC unroll 17
    for (size_t band = 0; band < DSP_NOISE_BANDS; ++band) {
      taps[0] = Fma(rows[band][0], bands[band], taps[0]);
      taps[1] = Fma(rows[band][1], bands[band], taps[1]);
      taps[2] = Fma(rows[band][2], bands[band], taps[2]);
      taps[3] = Fma(rows[band][3], bands[band], taps[3]);
    }
#pragma GCC unroll 4
    for (size_t i = 0; i < 4; ++i) {
      float* start = &starts_[j + i];
      *start = share < 1.0f ? Fma(share, targets_[j + i] - *start, *start) : targets_[j + i];
      targets_[j + i] = taps[i];
      sums[i] += __builtin_fabsf(*start) + __builtin_fabsf(taps[i]);
    }
  }
  const int32_t exponent = ExponentAbove((sums[0] + sums[1]) + (sums[2] + sums[3]));
  const float scale = PowerOfTwo(kTapBits - exponent);
  unit_ = PowerOfTwo(kUnitExponent + exponent);
#pragma GCC unroll 4
  for (size_t j = 0; j < kFirPairs; ++j) {
    taps_[j].level = static_cast<int32_t>(starts_[j] * scale);
    taps_[j].slope = static_cast<int32_t>((targets_[j] - starts_[j]) * scale);
  }
}

void BandNoise::Render(const float* ramp, float* y, size_t size) {
  for (size_t i = 0; i < size; ++i) {
    white_[kHistory + i] = NextWhite(&state_);
  }
  for (size_t i = 0; i < size; i += 2) {
    const FirSums sums = FirPair(taps_, &white_[i]);
    y[i] = unit_ * Fma(ramp[i], static_cast<float>(sums.slope0), static_cast<float>(sums.level0));
    y[i + 1] = unit_ * Fma(ramp[i + 1], static_cast<float>(sums.slope1), static_cast<float>(sums.level1));
  }
  memmove(white_, white_ + size, kHistory * sizeof(white_[0]));
}

}  // namespace lottava

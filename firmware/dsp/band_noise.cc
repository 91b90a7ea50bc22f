// SPDX-License-Identifier: MIT
// Two filters (value and change) share the pair sums of one noise history, four samples at a time.
#include "dsp/band_noise.h"

#include <cstring>

#include "dsp/math.h"

namespace lottava {

namespace {

// xorshift32 with shifts 13, 17, 5 (Marsaglia 2003), read as int32 at 2^-31.
float NextWhite(uint32_t* state) {
  uint32_t x = *state;
  x ^= x << 13;
  x ^= x >> 17;
  x ^= x << 5;
  *state = x;
  return static_cast<float>(static_cast<int32_t>(x)) * 0x1p-31f;
}

struct Sums {
  float level0 = 0.0f, level1 = 0.0f, level2 = 0.0f, level3 = 0.0f;
  float slope0 = 0.0f, slope1 = 0.0f, slope2 = 0.0f, slope3 = 0.0f;

  void Add(float tap, float change, float x0, float x1, float x2, float x3) {
    level0 = Fma(tap, x0, level0);
    level1 = Fma(tap, x1, level1);
    level2 = Fma(tap, x2, level2);
    level3 = Fma(tap, x3, level3);
    slope0 = Fma(change, x0, slope0);
    slope1 = Fma(change, x1, slope1);
    slope2 = Fma(change, x2, slope2);
    slope3 = Fma(change, x3, slope3);
  }
};

}  // namespace

void BandNoise::Init() {
  memset(this, 0, sizeof(*this));
  state_ = DSP_NOISE_SEED;
}

void BandNoise::SetTarget(const float* bands, float share) {
  for (size_t j = 0; j < kPairs; j += 4) {
    const float(*rows)[4] = dsp_noise_pairs[j / 4];
    float taps[4] = {};
    for (size_t band = 0; band < DSP_NOISE_BANDS; ++band) {
      taps[0] = Fma(rows[band][0], bands[band], taps[0]);
      taps[1] = Fma(rows[band][1], bands[band], taps[1]);
      taps[2] = Fma(rows[band][2], bands[band], taps[2]);
      taps[3] = Fma(rows[band][3], bands[band], taps[3]);
    }
    for (size_t i = 0; i < 4; ++i) {
      taps_[j + i] = share < 1.0f ? Fma(share, changes_[j + i], taps_[j + i]) : targets_[j + i];
      changes_[j + i] = taps[i] - taps_[j + i];
      targets_[j + i] = taps[i];
    }
  }
}

// white: this group's first sample; 63 older ones stand before it.
void BandNoise::Render4(const float* white, const float* ramp, float* y) const {
  Sums sums;
  for (size_t j = 0; j < kPairs; j += 4) {
    const float* young = white - j - 4;                     // delays j + 1 .. j + 4 of samples 0 .. 3: seven values
    const float* old = white - DSP_NOISE_TAPS + j + 1;      // their mirrors, 63 - j .. 60 - j
    const float a0 = young[0], a1 = young[1], a2 = young[2], a3 = young[3], a4 = young[4], a5 = young[5], a6 = young[6];
    const float b0 = old[0], b1 = old[1], b2 = old[2], b3 = old[3], b4 = old[4], b5 = old[5], b6 = old[6];
    sums.Add(taps_[j], changes_[j], a3 + b0, a4 + b1, a5 + b2, a6 + b3);
    sums.Add(taps_[j + 1], changes_[j + 1], a2 + b1, a3 + b2, a4 + b3, a5 + b4);
    sums.Add(taps_[j + 2], changes_[j + 2], a1 + b2, a2 + b3, a3 + b4, a4 + b5);
    sums.Add(taps_[j + 3], changes_[j + 3], a0 + b3, a1 + b4, a2 + b5, a3 + b6);
  }
  y[0] = Fma(ramp[0], sums.slope0, sums.level0);
  y[1] = Fma(ramp[1], sums.slope1, sums.level1);
  y[2] = Fma(ramp[2], sums.slope2, sums.level2);
  y[3] = Fma(ramp[3], sums.slope3, sums.level3);
}

void BandNoise::Render(const float* ramp, float* y, size_t size) {
  for (size_t i = 0; i < size; ++i) {
    white_[kHistory + i] = NextWhite(&state_);
  }
  for (size_t i = 0; i < size; i += 4) {
    Render4(&white_[kHistory + i], ramp + i, y + i);
  }
  memmove(white_, white_ + size, kHistory * sizeof(white_[0]));
}

}  // namespace lottava

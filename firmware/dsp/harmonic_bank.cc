// SPDX-License-Identifier: MIT
// Four lanes share each pair of loads; 16 arithmetic instructions a partial keep the FPU's pipeline full.
#include "dsp/harmonic_bank.h"

#include "dsp/math.h"

namespace lottava {

namespace {

constexpr uint32_t kQuarterTurn = 1u << 30;
constexpr uint32_t kHalfTurn = 1u << 31;

// One sample's oscillators: s = sin(k phi), d = sin((k + 1) phi) - sin(k phi) before it is brought up to date.
struct Lane {
  float s, d, c;
  float mirror;  // -1 where the phase was folded: even partials change sign

  // Without a branch, so that four of them interleave.
  explicit Lane(uint32_t phase) {
    const uint32_t folded = 0u - ((phase + kQuarterTurn) >> 31);  // all ones in the left half of the circle
    const int32_t angle = static_cast<int32_t>((phase ^ folded) - folded + (folded & kHalfTurn));
    const float x = static_cast<float>(angle) * 0x1p-30f;
    const float square = x * x;
    mirror = 1.0f + 2.0f * static_cast<float>(static_cast<int32_t>(folded));
    s = x * Polynomial(dsp_sine_polynomial, square);
    d = s;
    c = square * Polynomial(dsp_difference_polynomial, square);
  }

  void Add(float amplitude, float change, float* level, float* slope) {
    *level = Fma(amplitude, s, *level);
    *slope = Fma(change, s, *slope);
    d = Fma(-c, s, d);
    s += d;
  }
};

struct Sums {
  float level0 = 0.0f, level1 = 0.0f, level2 = 0.0f, level3 = 0.0f;
  float slope0 = 0.0f, slope1 = 0.0f, slope2 = 0.0f, slope3 = 0.0f;
};

}  // namespace

void HarmonicBank::Init() {
  for (size_t k = 0; k < DSP_PARTIALS; ++k) {
    partials_[k] = {0.0f, 0.0f};
    targets_[k] = 0.0f;
  }
  active_ = 0;
}

void HarmonicBank::SetTarget(const float* amplitudes, float share) {
  active_ = 0;
  for (size_t k = 0; k < DSP_PARTIALS; ++k) {
    Partial* partial = &partials_[k];
    partial->amplitude = share < 1.0f ? Fma(share, partial->change, partial->amplitude) : targets_[k];
    partial->change = amplitudes[k] - partial->amplitude;
    targets_[k] = amplitudes[k];
    const bool silent = partial->amplitude == 0.0f && amplitudes[k] == 0.0f;
    active_ = silent ? active_ : (k | 1) + 1;
  }
}

void HarmonicBank::Render4(const uint32_t* phase, const float* ramp, float* y) const {
  Lane lane0(phase[0]), lane1(phase[1]), lane2(phase[2]), lane3(phase[3]);
  Sums odd, even;
  const Partial* partial = partials_;
  for (const Partial* end = partial + active_; partial != end; partial += 2) {
    float amplitude = partial[0].amplitude, change = partial[0].change;
    lane0.Add(amplitude, change, &odd.level0, &odd.slope0);
    lane1.Add(amplitude, change, &odd.level1, &odd.slope1);
    lane2.Add(amplitude, change, &odd.level2, &odd.slope2);
    lane3.Add(amplitude, change, &odd.level3, &odd.slope3);
    amplitude = partial[1].amplitude;
    change = partial[1].change;
    lane0.Add(amplitude, change, &even.level0, &even.slope0);
    lane1.Add(amplitude, change, &even.level1, &even.slope1);
    lane2.Add(amplitude, change, &even.level2, &even.slope2);
    lane3.Add(amplitude, change, &even.level3, &even.slope3);
  }
  y[0] = Fma(lane0.mirror, Fma(ramp[0], even.slope0, even.level0), Fma(ramp[0], odd.slope0, odd.level0));
  y[1] = Fma(lane1.mirror, Fma(ramp[1], even.slope1, even.level1), Fma(ramp[1], odd.slope1, odd.level1));
  y[2] = Fma(lane2.mirror, Fma(ramp[2], even.slope2, even.level2), Fma(ramp[2], odd.slope2, odd.level2));
  y[3] = Fma(lane3.mirror, Fma(ramp[3], even.slope3, even.level3), Fma(ramp[3], odd.slope3, odd.level3));
}

}  // namespace lottava

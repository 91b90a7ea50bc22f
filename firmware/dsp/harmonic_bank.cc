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

  LOTTAVA_INLINE explicit Lane(const HarmonicBank::Start& start) : s(start.s), d(start.s), c(start.c) {}

  LOTTAVA_INLINE void Add(float amplitude, float change, float* level, float* slope) {
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

// Without a branch: 0 or all ones says whether the phase lies in the left half of the circle.
void HarmonicBank::SetPhases(const uint32_t* phase, Start* starts, size_t size) {
#pragma GCC unroll 4
  for (size_t i = 0; i < size; ++i) {
    const uint32_t folded = 0u - ((phase[i] + kQuarterTurn) >> 31);
    const int32_t angle = static_cast<int32_t>((phase[i] ^ folded) - folded + (folded & kHalfTurn));
    const float x = static_cast<float>(angle) * 0x1p-30f;
    const float square = x * x;
    starts[i].s = x * Polynomial(dsp_sine_polynomial, square);
    starts[i].c = square * Polynomial(dsp_difference_polynomial, square);
    starts[i].mirror = 1.0f + 2.0f * static_cast<float>(static_cast<int32_t>(folded));
  }
}

void HarmonicBank::Render4(const Start* starts, const float* ramp, float* y) const {
  Lane lane0(starts[0]), lane1(starts[1]), lane2(starts[2]), lane3(starts[3]);
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
  y[0] = Fma(starts[0].mirror, Fma(ramp[0], even.slope0, even.level0), Fma(ramp[0], odd.slope0, odd.level0));
  y[1] = Fma(starts[1].mirror, Fma(ramp[1], even.slope1, even.level1), Fma(ramp[1], odd.slope1, odd.level1));
  y[2] = Fma(starts[2].mirror, Fma(ramp[2], even.slope2, even.level2), Fma(ramp[2], odd.slope2, odd.level2));
  y[3] = Fma(starts[3].mirror, Fma(ramp[3], even.slope3, even.level3), Fma(ramp[3], odd.slope3, odd.level3));
}

void HarmonicBank::Render(const uint32_t* phase, const float* ramp, float* y, size_t size) const {
  Start starts[kMaxBlock];
  SetPhases(phase, starts, size);
  for (size_t i = 0; i < size; i += 4) {
    Render4(starts + i, ramp + i, y + i);
  }
}

}  // namespace lottava

// SPDX-License-Identifier: MIT
// Build a period from its sines by halving, and read between its points.
#include "dsp/harmonic_bank.h"

#include <cstring>

#include "dsp/math.h"
#include "dsp/sine_sums.h"

namespace lottava {

namespace {

constexpr size_t kHalf = WAVE_POINTS / 2;

// Half a period of partials on points 0 .. `points`, when that of the even ones alone stands in the first half: odd
// multiples of a phase are even about the quarter period, even multiples are odd about it. sines: of points 1, 2, ...
template <size_t points, size_t blocks, size_t terms>
void AddOddPartials(const float (&sines)[blocks][terms][kSineSums], const float* weights, size_t count, float* wave) {
  float odd[blocks * kSineSums];
  for (size_t block = 0; block < blocks; ++block) {
    SineSums(sines[block][0], weights, count, odd + block * kSineSums);
  }
#pragma GCC unroll 5
  for (size_t n = 1; n <= points / 2; ++n) {
    const float even = wave[n];
    wave[points - n] = odd[n - 1] - even;
    wave[n] = odd[n - 1] + even;
  }
  wave[points] = 0.0f;
}

// How many odd multiples of `step` are not above `active`.
size_t OddMultiples(size_t active, size_t step) { return (active / step + 1) / 2; }

// sin(2 pi j / WAVE_POINTS) from a quarter of a period.
float SineOfPoint(size_t j) {
  const size_t within = j % kHalf;
  const float sine = wave_quarter_sine[within <= kHalf / 2 ? within : kHalf - within];
  return j % WAVE_POINTS < kHalf ? sine : -sine;
}

// Of partials 1, 1 + stride, 1 + 2 stride ... in a period of WAVE_POINTS / step points, from its first point on.
template <size_t blocks, size_t terms>
void FillSines(size_t stride, size_t step, float (*sines)[blocks][terms][kSineSums]) {
  for (size_t block = 0; block < blocks; ++block) {
    for (size_t term = 0; term < terms; ++term) {
      for (size_t n = 0; n < kSineSums; ++n) {
        (*sines)[block][term][n] = SineOfPoint(step * (1 + stride * term) * (kSineSums * block + n + 1));
      }
    }
  }
}

// One sample's place in a period: the first point to read, and six weights.
struct Place {
  size_t first;
  float w[6];

  LOTTAVA_INLINE explicit Place(uint32_t phase) {
    const uint64_t scaled = static_cast<uint64_t>(phase) * WAVE_POINTS;
    first = static_cast<size_t>(scaled >> 32);
    const float x = static_cast<float>(static_cast<int32_t>(static_cast<uint32_t>(scaled) ^ 0x80000000u)) * 0x1p-32f;
    const float square = x * x;
#pragma GCC unroll 3
    for (size_t pair = 0; pair < 3; ++pair) {
      // Rounded after each step: a sum into a register of its own is as quick as a fused one into a copy.
      const float(&even)[3] = wave_even_polynomials[pair];
      const float(&odd)[3] = wave_odd_polynomials[pair];
      const float e = (even[2] * square + even[1]) * square + even[0];
      const float o = ((odd[2] * square + odd[1]) * square + odd[0]) * x;
      w[3 + pair] = e + o;
      w[2 - pair] = e - o;
    }
  }
};

}  // namespace

__attribute__((cold)) void HarmonicBank::Init() {
  FillSines(2, 1, &sines_.of_1);
  FillSines(2, 2, &sines_.of_2);
  FillSines(2, 4, &sines_.of_4);
  FillSines(2, 8, &sines_.of_8);
  FillSines(1, 16, &sines_.of_16);
  memset(waves_, 0, sizeof(waves_));
  target_ = 0;
}

void HarmonicBank::SetTarget(const float* amplitudes, float share) {
  float weights[DSP_PARTIALS];
  size_t active = 0;
#pragma GCC unroll 4
  for (size_t i = 0; i < DSP_PARTIALS; ++i) {
    const size_t k = wave_partials[i];
    weights[i] = wave_gains[i] * amplitudes[k - 1];
    active = weights[i] != 0.0f && k > active ? k : active;
  }
  float* from = waves_[target_];
  float* to = waves_[target_ ^ 1];
  if (share < 1.0f) {  // a gate cut the last ramp short
    for (size_t n = 0; n < kPoints; ++n) {
      from[n] = Fma(share, from[n] - to[n], to[n]);
    }
  }
  target_ ^= 1;

  float half[kHalf + 1] = {};
  SineSums(sines_.of_16[0][0], weights + 60, active / 16, half + 1);
  SineSums(sines_.of_16[1][0], weights + 60, active / 16, half + 1 + kSineSums);
  half[10] = 0.0f;
  AddOddPartials<20>(sines_.of_8, weights + 56, OddMultiples(active, 8), half);
  AddOddPartials<40>(sines_.of_4, weights + 48, OddMultiples(active, 4), half);
  AddOddPartials<80>(sines_.of_2, weights + 32, OddMultiples(active, 2), half);
  AddOddPartials<160>(sines_.of_1, weights, OddMultiples(active, 1), half);
  float* wave = to + kBefore;
#pragma GCC unroll 4
  for (size_t n = 0; n < kHalf; ++n) {
    wave[n] = half[n];
    wave[WAVE_POINTS - 1 - n] = -half[n + 1];
  }
  for (size_t n = 0; n < kBehind; ++n) {
    wave[WAVE_POINTS + n] = wave[n];
  }
  for (size_t n = 1; n <= kBefore; ++n) {
    *(wave - n) = wave[WAVE_POINTS - n];
  }
}

void HarmonicBank::Render(const uint32_t* phase, const float* ramp, float* y, size_t size) const {
  const float* from = waves_[target_ ^ 1];
  const float* to = waves_[target_];
  for (size_t i = 0; i < size; i += 2) {
    const Place a(phase[i]), b(phase[i + 1]);
    float from_a = a.w[0] * from[a.first], to_a = a.w[0] * to[a.first];
    float from_b = b.w[0] * from[b.first], to_b = b.w[0] * to[b.first];
#pragma GCC unroll 5
    for (size_t j = 1; j < 6; ++j) {
      from_a = Fma(a.w[j], from[a.first + j], from_a);
      to_a = Fma(a.w[j], to[a.first + j], to_a);
      from_b = Fma(b.w[j], from[b.first + j], from_b);
      to_b = Fma(b.w[j], to[b.first + j], to_b);
    }
    y[i] = Fma(ramp[i], to_a - from_a, from_a);
    y[i + 1] = Fma(ramp[i + 1], to_b - from_b, from_b);
  }
}

}  // namespace lottava

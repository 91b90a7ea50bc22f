// SPDX-License-Identifier: MIT
// Sum of 64 partials at multiples of one phase, amplitudes ramping, read from two periods of waveform.
//
// All partials share one phase and one ramp, so the sum is w0(phase) + ramp (w1(phase) - w0(phase)): a period of
// waveform at either end of the ramp. A frame builds one period of 320 points (five a cycle of the highest partial),
// a sample reads six points of both. Reading scales partial k by a known gain, which the amplitudes anticipate; what
// is left is below 3e-6 of a partial, a tenth of a 16-bit step. By the timing model a frame takes 9 100 cycles and a
// sample 72, together 120 a sample; summing 64 oscillators took 430.
#ifndef LOTTAVA_DSP_HARMONIC_BANK_H_
#define LOTTAVA_DSP_HARMONIC_BANK_H_

#include <cstddef>
#include <cstdint>

#include "dsp/sine_sums.h"
#include "generated/dsp_tables.h"
#include "generated/wave_tables.h"

namespace lottava {

class HarmonicBank {
 public:
  void Init();

  // Ramp to `amplitudes` [DSP_PARTIALS] from where the ramp stands: `share` of the last one has passed, 1 = all.
  void SetTarget(const float* amplitudes, float share);

  // y[i] = sum of (amplitude + ramp[i] * change) sin(k * phase[i]); 2^32 is a period. size: even.
  void Render(const uint32_t* phase, const float* ramp, float* y, size_t size) const;

 private:
  static constexpr size_t kBefore = 2, kBehind = 3;  // points read around the interval that holds the phase
  static constexpr size_t kPoints = kBefore + WAVE_POINTS + kBehind;

  // sin(2 pi k n / WAVE_POINTS), [points n in eights][k][n]: of the odd k for every point, and for every second, fourth
  // and eighth of a period; then of all k that are left for every sixteenth.
  struct Sines {
    float of_1[10][32][kSineSums], of_2[5][16][kSineSums], of_4[3][8][kSineSums], of_8[2][4][kSineSums];
    float of_16[2][4][kSineSums];
  };

  Sines sines_;
  float waves_[2][kPoints];
  uint32_t target_;  // the wave that the ramp goes to
};

}  // namespace lottava

#endif  // LOTTAVA_DSP_HARMONIC_BANK_H_

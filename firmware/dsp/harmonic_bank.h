// SPDX-License-Identifier: MIT
// Sum of 64 partials at multiples of one phase, amplitudes ramping, four samples at a time.
//
// With phi folded to |phi| <= pi/2 the sines follow Reinsch's form of the Chebyshev recurrence,
//   d -= 4 sin^2(phi/2) s;  s += d;      s = sin(k phi)
// whose rounding error grows like k, where 2 cos(phi) s - s' loses k^2 near 0 and pi. Folding turns the sign of even
// partials, so odd and even ones have their own sums.
#ifndef LOTTAVA_DSP_HARMONIC_BANK_H_
#define LOTTAVA_DSP_HARMONIC_BANK_H_

#include <cstddef>
#include <cstdint>

#include "generated/dsp_tables.h"

namespace lottava {

class HarmonicBank {
 public:
  void Init();

  // Ramp to `amplitudes` [DSP_PARTIALS] from where the ramp stands: `share` of the last one has passed, 1 = all.
  void SetTarget(const float* amplitudes, float share);

  // y[i] = sum of (amplitude + ramp[i] * change) sin(k * phase[i]); size <= kMaxBlock, a multiple of four.
  void Render(const uint32_t* phase, const float* ramp, float* y, size_t size) const;

  static constexpr size_t kMaxBlock = 48;

  // What a sample's oscillators begin with: sin(phi), 4 sin^2(phi / 2), and -1 where the phase was folded.
  struct Start {
    float s, c, mirror;
  };

 private:
  static void SetPhases(const uint32_t* phase, Start* starts, size_t size);
  void Render4(const Start* starts, const float* ramp, float* y) const;

  struct Partial {
    float amplitude;
    float change;  // over the whole hop
  };

  Partial partials_[DSP_PARTIALS];
  float targets_[DSP_PARTIALS];
  size_t active_;  // partials above are silent at both ends of the ramp; even
};

}  // namespace lottava

#endif  // LOTTAVA_DSP_HARMONIC_BANK_H_
